"""Makes programs in the oracle's language: functions of somebody who means well and errs at times.

A maker has habits: which statements it knows, how it cleans up after a failure.  It remembers
which variables hold something ('known') and which it believes to own ('held').
"""

from oracle_language import (CALLS, FLAGS, Append, Copy, Count, Fill, Function, Give, If, Jump,
                             Loop, Make, Set, Switch)

PLACES = ("x", "y", "z", "p.first", "p.second")
FEATURES = ("calls", "counts", "places", "null", "fields", "loops", "jumps", "switch", "sets")
CLEANUPS = ("drops", "goto", "cascade")


class Scope:
    """What the author believes at a place of the function."""

    def __init__(self, known, held, loop=None):
        self.known, self.held = set(known), set(held)
        self.loop = loop  # what was held where the innermost loop began
        self.ended = False

    def inner(self, loop=None):
        return Scope(self.known, self.held, self.loop if loop is None else loop)


class Maker:
    """Makes one function whose variables are set before they are used."""

    def __init__(self, rng, features=FEATURES, cleanups=CLEANUPS):
        self.rng = rng
        self.features = {name for name in features if rng.random() < 0.6}
        self.cleanup = rng.choice(cleanups)
        self.care = rng.choice((0.8, 0.95, 1.0))  # how seldom a release is forgotten
        self.loops = 0
        self.labels = set()

    def chance(self, share):
        return self.rng.random() < share

    def has(self, feature, share=1.0):
        return feature in self.features and self.chance(share)

    def places(self):
        return PLACES if "fields" in self.features else PLACES[:3]

    # ---- releasing ------------------------------------------------------------------------

    def release(self, scope, var, keep_value=False):
        """Gives up what 'var' holds; in most habits the variable is NULL then."""
        scope.held.discard(var)
        sure = var in scope.known
        if not keep_value:
            scope.known.discard(var)
        if not keep_value and (self.cleanup != "drops" or self.has("counts", 0.4)):
            if self.chance(self.care) or not sure:
                return [Count("drop_at" if self.has("places", 0.3) else "Py_CLEAR", var)]
        if self.has("calls", 0.2):
            return [Count("drop" if sure else "drop_if", var)]
        return [Count("Py_DECREF" if sure and not self.has("counts", 0.2) else "Py_XDECREF", var)]

    def release_all(self, scope, names):
        out = []
        for name in sorted(names):
            if self.chance(self.care):
                out += self.release(scope, name, keep_value=True)
        return out

    def fail(self, scope):
        """What follows a failure."""
        if self.cleanup == "drops" or self.chance(0.05):
            return [*self.release_all(scope.inner(), scope.held), Give(None)]
        label = "fail"
        held = scope.held & set(self.places())
        if self.cleanup == "cascade" and held:
            label += "_" + max(held, key=self.places().index).replace(".", "_")
        self.labels.add(label)
        return [Jump(label)]

    def rest(self):
        """The labels behind the function's last statement."""
        if not self.labels:
            return []
        names = list(self.places())
        if self.cleanup != "cascade":
            return [("fail", [*(Count("Py_XDECREF", name) for name in names if
                                self.chance(self.care)), Give(None)])]
        out = [("fail_" + name.replace(".", "_"), [Count("Py_XDECREF", name)])
               for name in reversed(names)]
        first = next((i for i, (label, _) in enumerate(out) if label in self.labels), len(out))
        return [*out[first:], ("fail", [Give(None)])]

    # ---- statements -------------------------------------------------------------------------

    def make(self, scope):
        free = [name for name in self.places() if name not in scope.known]
        if not free:
            return []
        var = free[0] if self.chance(0.8) else self.rng.choice(free)
        argument = self.rng.choice(sorted(scope.known))
        calls = sorted(CALLS) if "calls" in self.features else ["PyList_New(0)"]
        call = self.rng.choice(calls)
        _, _, owned, fails, consumes = CALLS[call]
        if consumes and argument not in scope.held:
            if argument == "a" or self.chance(self.care):
                return []
        out = []
        if consumes:
            scope.held.discard(argument)
            if self.cleanup != "drops" and self.chance(self.care):
                return self.replace(scope, var, argument)
            scope.known.discard(argument)
        out.append(Make(var, call, argument, self.fail(scope) if fails else None))
        scope.known.add(var)
        if owned:
            scope.held.add(var)
        return out

    def replace(self, scope, var, argument):
        """What a call consumes goes by way of a variable that nobody cleans up."""
        scope.known.discard(argument)
        scope.known.discard("w")
        out = [Copy("w", argument), Copy(argument, None)]
        out.append(Make(var, "replace(%s)", "w", self.fail(scope)))
        scope.known.add(var)
        scope.held.add(var)
        return out

    def fill(self, scope):
        if self.chance(0.5) and "w" not in scope.known:
            argument = self.rng.choice(sorted(scope.known))
            out = [Fill("w", argument, self.fail(scope))]
            scope.known.add("w")
            return out
        free = [name for name in self.places() if name not in scope.known]
        if not free:
            return []
        out = [Fill(free[0], None, self.fail(scope))]
        scope.known.add(free[0])
        scope.held.add(free[0])
        return out

    def let_go(self, scope):
        if not scope.held:
            return []
        return self.release(scope, self.rng.choice(sorted(scope.held)), self.chance(0.1))

    def keep(self, scope):
        mine = sorted(scope.known - {"a", *(scope.held if self.chance(self.care) else ())})
        if not mine:
            return []
        var = self.rng.choice(mine)
        scope.held.add(var)
        return [Count("Py_XINCREF" if self.has("counts", 0.3) else "Py_INCREF", var)]

    def append(self, scope):
        lists = sorted(scope.known - {"a"})
        if not lists:
            return []
        to = self.rng.choice(lists)
        var = self.rng.choice(sorted(scope.known - {to}))
        if self.has("calls", 0.3) and var in scope.held:
            if self.cleanup == "drops":
                scope.held.discard(var)
                return [Append(to, var, self.fail(scope), "put")]
            scope.held.discard(var)
            scope.known -= {var, "w"}
            return [Copy("w", var), Copy(var, None), Append(to, "w", self.fail(scope), "put")]
        return [Append(to, var, self.fail(scope))]

    def copy(self, scope):
        mine = sorted(scope.known - {"a", "w"})
        if not mine:
            return []
        var = self.rng.choice(mine)
        free = [name for name in self.places() if name not in scope.known]
        if self.has("sets", 0.5) and len(scope.held) > 1 and var in scope.held:
            to = self.rng.choice(sorted(scope.held - {var}))
            scope.known.discard(var)
            scope.held.discard(var)
            return [Set(to, var), Copy(var, None)]
        if self.has("fields", 0.5) and free and var in scope.held:
            scope.known = scope.known - {var} | {free[0]}
            scope.held = scope.held - {var} | {free[0]}
            return [Copy(free[0], var), Copy(var, None)]
        scope.known.add("w")
        return [Copy("w", var)]

    # ---- control flow ---------------------------------------------------------------------

    def branch(self, scope, depth):
        flag = self.rng.randrange(FLAGS)
        if self.has("null", 0.4):
            flag = self.rng.choice(self.places())
        yes, no = scope.inner(), scope.inner()
        if not isinstance(flag, int):
            yes.known.add(flag)
            no.known.discard(flag)
            no.held.discard(flag)
        one = self.block(yes, depth - 1, scope)
        two = self.block(no, depth - 1, scope) if self.chance(0.5) else []
        self.meet(scope, [yes, no])
        return [If(flag, one, two)]

    def meet(self, scope, ways):
        """After branches, only that is known which all that go on know."""
        ways = [way for way in ways if not way.ended]
        for way in ways:
            scope.known &= way.known

    def switch(self, scope, depth):
        ways = [scope.inner() for _ in range(3)]
        cases = [self.block(way, depth - 1, scope) for way in ways]
        self.meet(scope, ways)
        return [Switch(self.rng.randrange(FLAGS), cases,
                       {number for number in range(2) if self.chance(0.2)})]

    def loop(self, scope, depth):
        self.loops += 1
        inner = scope.inner(loop=set(scope.held))
        name = 10 + self.loops
        body = self.block(inner, depth - 1, scope)
        self.meet(scope, [inner])
        return [Loop(self.rng.choice(("while", "do", "for", 2)), body, name)]

    def jump(self, scope):
        """break or continue, mostly after what this turn has got is released."""
        scope.ended = True
        return [*self.release_all(scope, scope.held - scope.loop),
                Jump(self.rng.choice(("break", "continue")))]

    def statement(self, scope, depth):
        kinds = [(self.make, 25), (self.let_go, 12), (self.keep, 7), (self.append, 14),
                 (self.copy, 6), (self.fill, 8 if "places" in self.features else 0)]
        if depth > 0:
            kinds += [(lambda inner: self.branch(inner, depth), 24)]
            kinds += [(lambda inner: self.switch(inner, depth), 10)] * ("switch" in self.features)
            if "loops" in self.features and self.loops < 2:
                kinds += [(lambda inner: self.loop(inner, depth), 14)]
        kind = self.rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        return kind(scope)

    def block(self, scope, depth, outer):
        out = []
        for _ in range(self.rng.randrange(1, 4)):
            out += self.statement(scope, depth)
        if self.chance(0.2):
            return [*out, *self.leave(scope)]
        if scope.loop is not None and self.has("jumps", 0.3):
            return [*out, *self.jump(scope)]
        for name in sorted(scope.held - outer.held):
            if self.chance(self.care):
                out += self.release(scope, name)
        return out

    def leave(self, scope):
        """The end of a way: gives up what is held, and returns something."""
        scope.ended = True
        if self.chance(0.2):
            return self.fail(scope)
        result = self.rng.choice(sorted(scope.known) + [None])
        out = self.release_all(scope, scope.held - {result})
        if result is None:
            return [*out, Give(None)]
        new = ""
        if result not in scope.held and (result == "a" or self.chance(self.care)):
            new = "Py_NewRef" if self.has("counts", 0.5) else "Py_INCREF"
        return [*out, Give(result, new)]

    def function(self):
        scope, out = Scope({"a"}, set()), []
        for _ in range(self.rng.randrange(2, 7)):
            out += self.statement(scope, 2)
        out += self.leave(scope)
        return Function(out, self.rest())

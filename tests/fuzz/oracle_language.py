"""The language of the oracle's programs: each statement knows its C, and what it does to objects
with real reference counts.

A run raises Gone where the function touches an object that is gone or releases what it does not
own, and Unfit where it does what is not asked about: NULL is used, a list is put into itself.
"""

FLAGS = 3
TURNS = 3  # of a loop whose end is open; a mistake that shows needs no more of them


class Gone(Exception):
    """The function touches an object that is gone, or releases what it does not own."""


class Unfit(Exception):
    """The function does what is not asked about."""


class Leave(Exception):
    """The end of a turn or of a loop: 'break' or 'continue'; or the way to a label."""

    def __init__(self, where):
        super().__init__()
        self.where = where


class Return(Exception):
    """The function returns this object, or None for NULL."""

    def __init__(self, value):
        super().__init__()
        self.value = value


class Obj:
    """A list, or the argument: its count, and what it keeps."""

    def __init__(self, outside=0):
        self.count, self.outside, self.items = 1, outside, []

    def release(self):
        if self.count <= self.outside:
            raise Gone  # the reference of the caller
        self.count -= 1
        if self.count == 0:
            for item in self.items:
                item.release()

    def keeps(self, other):
        return self is other or any(item.keeps(other) for item in self.items)


class Run:
    """One way through a function: what is open is chosen by a list of [choice, number of them],
    which grows as questions come up."""

    def __init__(self, choices):
        self.choices, self.used, self.flags, self.made = choices, 0, {}, []

    def choose(self, number=2):
        if self.used == len(self.choices):
            self.choices.append([0, number])
        self.used += 1
        return self.choices[self.used - 1][0]

    def flag(self, number):
        """A flag is 0, 1 or something else."""
        if number not in self.flags:
            self.flags[number] = self.choose(3)
        return self.flags[number]

    def new(self):
        self.made.append(Obj())
        return self.made[-1]


def live(obj):
    if obj is None:
        raise Unfit
    if obj.count == 0:
        raise Gone
    return obj


def lines(statements):
    return "\n".join(statement.text() for statement in statements)


def do(statements, run, env):
    for statement in statements:
        statement.run(run, env)


# ---- calls that give an object --------------------------------------------------------------

def new_list(run, env):
    return None if run.choose() else run.new()


def wrapped(run, env, obj):
    made = None if run.choose() else run.new()
    if made is None or run.choose():
        if made is not None:
            made.release()
        return None
    live(obj).count += 1
    made.items.append(obj)
    return made


def packed(run, env, obj):
    """A tuple that owns one more reference, or NULL."""
    if run.choose():
        return None
    made = run.new()
    live(obj).count += 1
    made.items.append(obj)
    return made


def new_reference(run, env, obj):
    live(obj).count += 1
    return obj


def same(run, env, obj):
    return live(obj)


def replaced(run, env, obj):
    """Consumes its argument, whatever happens."""
    live(obj).release()
    return new_list(run, env)


def converted(run, env, obj):
    """Consumes its argument when it succeeds."""
    if run.choose():
        return None
    live(obj).release()
    return run.new()


# C, needs of the argument, what it gives: an owned reference, may it fail, does it consume
CALLS = {
    "PyList_New(0)": (new_list, 0, True, True, False),
    "make_list()": (new_list, 0, True, True, False),
    "wrap(%s)": (wrapped, 1, True, True, False),
    "PyTuple_Pack(1, %s)": (packed, 1, True, True, False),
    "Py_NewRef(%s)": (new_reference, 1, True, False, False),
    "again(%s)": (new_reference, 1, True, False, False),
    "same(%s)": (same, 1, False, False, False),
    "replace(%s)": (replaced, 1, True, True, True),
}

HELPERS = """static PyObject *make_list(void) { return PyList_New(0); }
static PyObject *wrap(PyObject *item)
{
    PyObject *list = PyList_New(0);
    if (list == NULL) { return NULL; }
    if (PyList_Append(list, item) < 0) { Py_DECREF(list); return NULL; }
    return list;
}
static PyObject *again(PyObject *item) { Py_INCREF(item); return item; }
static PyObject *same(PyObject *item) { return item; }
static PyObject *replace(PyObject *item) { Py_DECREF(item); return PyList_New(0); }
static void drop(PyObject *item) { Py_DECREF(item); }
static void drop_if(PyObject *item) { Py_XDECREF(item); }
static void drop_at(PyObject **place) { Py_CLEAR(*place); }
static int fill(PyObject **place)
{
    PyObject *list = PyList_New(0);
    if (list == NULL) { return -1; }
    *place = list;
    return 0;
}
static int lend(PyObject *item, PyObject **place) { *place = item; return flag(9) ? -1 : 0; }
static int put(PyObject *list, PyObject *item)
{
    int result = PyList_Append(list, item);
    Py_DECREF(item);
    return result;
}
"""


class Make:
    """An object from a call, and what happens when there is none."""

    def __init__(self, var, call, argument, fail):
        self.var, self.call, self.argument, self.fail = var, call, argument, fail

    def text(self):
        call = self.call % self.argument if "%" in self.call else self.call
        if self.fail is None:
            return f"{self.var} = {call};"
        return f"{self.var} = {call}; if ({self.var} == NULL) {{ {lines(self.fail)} }}"

    def run(self, run, env):
        given = [live(env[self.argument])] if CALLS[self.call][1] else []
        env[self.var] = CALLS[self.call][0](run, env, *given)
        if env[self.var] is None:
            do(self.fail, run, env)


class Fill:
    """An object that a helper stores for us: owned, or the argument's."""

    def __init__(self, var, argument, fail):
        self.var, self.argument, self.fail = var, argument, fail

    def text(self):
        call = f"fill(&{self.var})" if self.argument is None else f"lend({self.argument}, &{self.var})"
        return f"if ({call} < 0) {{ {lines(self.fail)} }}"

    def run(self, run, env):
        if self.argument is not None:
            env[self.var] = live(env[self.argument])
        failed = run.choose()
        if failed:
            do(self.fail, run, env)
        elif self.argument is None:
            env[self.var] = run.new()


# ---- counting, passing on ----------------------------------------------------------------------

class Count:
    """One more or less, in one of the ways to say so."""

    def __init__(self, how, var):
        self.how, self.var = how, var

    def text(self):
        return f"{self.how}({'&' if self.how == 'drop_at' else ''}{self.var});"

    def run(self, run, env):
        obj = env[self.var]
        if obj is None and self.how in ("Py_XDECREF", "Py_CLEAR", "Py_XINCREF", "drop_if", "drop_at"):
            return
        if self.how in ("Py_CLEAR", "drop_at"):
            env[self.var] = None
        if self.how in ("Py_INCREF", "Py_XINCREF"):
            live(obj).count += 1
        else:
            live(obj).release()


class Copy:
    """A variable gets what another holds; or NULL."""

    def __init__(self, to, var):
        self.to, self.var = to, var

    def text(self):
        return f"{self.to} = {self.var or 'NULL'};"

    def run(self, run, env):
        env[self.to] = env[self.var] if self.var else None


class Set:
    """A variable gets what another holds, and releases what it held."""

    def __init__(self, to, var):
        self.to, self.var = to, var

    def text(self):
        return f"Py_XSETREF({self.to}, {self.var});"

    def run(self, run, env):
        old, env[self.to] = env[self.to], env[self.var]
        if old is not None:
            live(old).release()


class Append:
    """An object into a list: with a reference of its own, or with ours ('put')."""

    def __init__(self, to, var, fail, how="PyList_Append"):
        self.to, self.var, self.fail, self.how = to, var, fail, how

    def text(self):
        return f"if ({self.how}({self.to}, {self.var}) < 0) {{ {lines(self.fail)} }}"

    def run(self, run, env):
        to, obj = live(env[self.to]), live(env[self.var])
        if obj.keeps(to):
            raise Unfit
        failed = run.choose()
        if not failed:
            obj.count += 1
            to.items.append(obj)
        if self.how == "put":
            obj.release()
        if failed:
            do(self.fail, run, env)


# ---- control flow ----------------------------------------------------------------------------

class If:
    """By a flag, or by whether a variable holds something."""

    def __init__(self, flag, yes, no):
        self.flag, self.yes, self.no = flag, yes, no

    def text(self):
        test = f"c{self.flag}" if isinstance(self.flag, int) else f"{self.flag} != NULL"
        return f"if ({test}) {{\n{lines(self.yes)}\n}}" + (
            f" else {{\n{lines(self.no)}\n}}" if self.no else "")

    def run(self, run, env):
        truth = run.flag(self.flag) if isinstance(self.flag, int) else env[self.flag] is not None
        do(self.yes if truth else self.no, run, env)


class Switch:
    """Cases 0, 1 and default; those in 'falls' go on into the next."""

    def __init__(self, flag, cases, falls):
        self.flag, self.cases, self.falls = flag, cases, falls

    def text(self):
        out = f"switch (c{self.flag}) {{\n"
        for number, case in enumerate(self.cases):
            label = "default" if number == 2 else f"case {number}"
            out += f"{label}:\n{lines(case)}\n" + ("" if number in self.falls else "break;\n")
        return out + "}"

    def run(self, run, env):
        try:
            for number in range(run.flag(self.flag), 3):
                do(self.cases[number], run, env)
                if number not in self.falls:
                    return
        except Leave as leave:
            if leave.where != "break":
                raise


class Loop:
    """kind: 'while' asks before each turn, 'do' behind, 'for' counts up to what a call says, a
    number counts up to it."""

    def __init__(self, kind, body, name):
        self.kind, self.body, self.name = kind, body, name

    def text(self):
        i, body = f"i{self.name}", lines(self.body)
        if self.kind == "while":
            return f"while (flag({self.name})) {{\n{body}\n}}"
        if self.kind == "do":
            return f"do {{\n{body}\n}} while (flag({self.name}));"
        end = f"n{self.name}" if self.kind == "for" else self.kind
        n = f", n{self.name} = flag({self.name})" if self.kind == "for" else ""
        return f"for (int {i} = 0{n}; {i} < {end}; {i}++) {{\n{body}\n}}"

    def turn(self, run, env):
        """Runs the body; False when it left the loop."""
        try:
            do(self.body, run, env)
        except Leave as leave:
            if leave.where == "continue":
                return True
            if leave.where != "break":
                raise
            return False
        return True

    def run(self, run, env):
        if isinstance(self.kind, int):
            turns = self.kind
        elif self.kind == "for":
            turns = run.choose(TURNS + 1)
        else:
            turns = None
        done = 0
        while turns is None or done < turns:
            if turns is None and (done > 0 or self.kind == "while"):
                if done == TURNS or not run.choose():
                    return
            if not self.turn(run, env):
                return
            done += 1


class Jump:
    """break, continue, or goto a label behind the function's last statement."""

    def __init__(self, where):
        self.where = where

    def text(self):
        return f"{self.where};" if self.where in ("break", "continue") else f"goto {self.where};"

    def run(self, run, env):
        raise Leave(self.where)


class Give:
    """The end: returns a variable, with one more reference when 'new'."""

    def __init__(self, var, new=""):
        self.var, self.new = var, new

    def text(self):
        if self.var is None:
            return "return NULL;"
        if self.new == "Py_INCREF":
            return f"Py_INCREF({self.var}); return {self.var};"
        return f"return {self.new}({self.var});" if self.new else f"return {self.var};"

    def run(self, run, env):
        if self.var is None:
            raise Return(None)
        obj = env[self.var]
        if obj is None and not self.new:
            raise Return(None)
        live(obj).count += 1 if self.new else 0
        raise Return(obj)


class Function:
    """Statements, the variables they use, and labels behind: [(label, statements)]."""

    def __init__(self, body, labels):
        self.body, self.labels = body, labels

    def text(self, name):
        flags = ", ".join(f"c{i} = flag({i})" for i in range(FLAGS))
        labels = "".join(f"{label}:\n{lines(rest)}\n" for label, rest in self.labels)
        unused = " ".join(f"(void)c{i};" for i in range(FLAGS))
        return (f"static PyObject *{name}(PyObject *self, PyObject *a)\n{{\nPyObject *x = NULL, "
                "*y = NULL, *z = NULL, *w = NULL;\nstruct pair p = {NULL, NULL};\n"
                f"int {flags};\n(void)x; (void)y; (void)z; (void)w; (void)p; {unused}\n"
                f"{lines(self.body)}\n{labels}}}\n")

    def run(self, run, env):
        """Always raises Return."""
        try:
            do(self.body, run, env)
        except Leave as leave:
            first = [label for label, _ in self.labels].index(leave.where)
        else:
            first = 0
        for _, statements in self.labels[first:]:
            do(statements, run, env)

"""Makes the objects that refcheck.c calls the C-API with, and runs it.

    makers.py FOLDER [--verbose]      FOLDER holds refcheck.so

A letter stands for a kind of object; make-calls names them. Each maker gives a new object
wherever there can be one.
"""
import contextvars
import datetime
import itertools
import sys
import types
import weakref

COUNT = itertools.count(10**20, 2**16)


class Thing:
    """An object with an attribute."""

    def __init__(self):
        self.attribute = [next(COUNT)]

    def method(self):
        """To be bound."""


class Many(Thing):
    """An object that is many things at once."""

    def __call__(self, *args, **kwargs):
        return [args]

    def __getitem__(self, key):
        return [key] if key != 1 else [2]

    def __len__(self):
        return 2

    def keys(self):
        """As a mapping has."""
        return ["a"]

    def __iter__(self):
        return iter([[1], [2]])

    def __await__(self):
        return iter([])

    def __add__(self, other):
        return [other]

    def __aiter__(self):
        return self

    async def __anext__(self):
        return [1]

    __mul__ = __sub__ = __radd__ = __matmul__ = __add__


def text():
    """A string that nobody else has."""
    return f"text{next(COUNT)}"


def function():
    """A function that nobody else has."""
    def inner(a=text(), *, b=text()):
        return a, b, text
    return inner


def generator():
    """A generator that has not started."""
    yield text()


def context_variable():
    """A variable with a value."""
    variable = contextvars.ContextVar(text())
    variable.set([1])
    return variable


def exception():
    """An exception with everything set."""
    try:
        try:
            raise KeyError(text())
        except KeyError as inner:
            raise ValueError(text()) from inner
    except ValueError as outer:
        return outer.with_traceback(None)


KEPT = Thing()


def unicode_error(kind):
    """An exception of codecs."""
    if kind is UnicodeTranslateError:
        return kind(text(), 0, 1, text())
    data = text()
    return kind(text(), data if kind is UnicodeEncodeError else data.encode(), 0, 1, text())


def module():
    """A module with a few attributes."""
    made = types.ModuleType(text())
    made.__file__ = text()
    made.attribute = [1]
    return made


MAKERS = {
    "o": Thing, "s": text, "b": lambda: text().encode(), "i": lambda: next(COUNT),
    "L": lambda: [Thing(), Thing(), [1]], "T": lambda: (Thing(), [Thing()], [1]),
    "D": lambda: {"attribute": [1], text(): Thing()}, "S": lambda: {text(), text()},
    "C": lambda: type("Made", (), {"attribute": 1}), "E": exception, "F": function,
    "M": module, "g": generator, "r": lambda: iter([Thing(), Thing()]), "1": lambda: 1,
    "N": lambda: None, "t": lambda: ValueError, "y": lambda: bytearray(text(), "ascii"),
    "G": lambda: float(next(COUNT)), "A": Many, "c": lambda: function().__code__,
    "f": sys._getframe, "m": lambda: Thing().method, "k": lambda: types.CellType(Thing()),
    "w": lambda: weakref.ref(KEPT), "l": lambda: slice(Thing(), None, Thing()),
    "a": lambda: "attribute",
    "n": lambda: "not_there", "z": lambda: "sys", "p": lambda: str.lower,
    "v": lambda: memoryview(text().encode()), "q": Thing, "x": contextvars.copy_context,
    "X": context_variable, "d": lambda: unicode_error(UnicodeDecodeError),
    "e": lambda: unicode_error(UnicodeEncodeError),
    "h": lambda: unicode_error(UnicodeTranslateError),
    "Z": lambda: datetime.timedelta(seconds=60), "2": lambda: (2020, 1, 2),
    "3": lambda: "keys", "9": lambda: f"{next(COUNT)}.5",
}


def main():
    """Command line."""
    sys.path.insert(0, sys.argv[1])
    import refcheck  # pylint: disable=import-outside-toplevel,import-error
    functions, outcomes, wrong, tried = refcheck.run(MAKERS, "--verbose" in sys.argv)
    print(f"{functions} functions verified ({outcomes} outcomes) of {tried} tried; "
          f"{wrong} contradictions")
    return 1 if wrong or functions < 300 else 0


if __name__ == "__main__":
    sys.exit(main())

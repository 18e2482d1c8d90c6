"""Reads the facts of rules/api for the tools beside this file.

A second reader of the language of rules/api/README.md, as far as the tools need it,
so that what they say does not come from the program under test alone.
"""
import pathlib
import re

FLAG = re.compile(r"\s*\[([^\]]*)\]")
PARAM = re.compile(r"(?:(\w+) )?(?:(\.\.\.)|(\w+)([?~])?)(?::(\w+))?(?: in (\w+))?$")


def version(text):
    """3.11 -> 311"""
    major, minor = text.split(".")
    return int(major) * 100 + int(minor)


class Param:
    """One parameter: name, kind (obj, objp, int, str, ptr), nullable, refused, effect or None."""

    def __init__(self, text):
        effect, rest, name, mark, kind, self.holder = PARAM.match(text).groups()
        self.name = rest or name
        self.effect = effect
        self.nullable = mark == "?"
        self.refused = mark == "~"
        self.kind = kind or "obj"


class Case:
    """One outcome: guard, result ("new", "borrowed x", ...), exception, effects (name -> text)."""

    def __init__(self, text):
        self.guard, self.effects = "", {}
        if text.startswith("when "):
            self.guard, text = text[5:].split(": ", 1)
        result, _, effects = text.partition(": ")
        words = [word for word in result.split() if word != "misused"]
        self.exception = ""
        if words[-1] in ("raises", "nomem", "clears", "unknown"):
            self.exception = words.pop()
        self.result = " ".join(words)
        for effect in effects.split(", ") if effects else []:
            if " = " in effect:
                place, value = effect.split(" = ")
                word, _, name = place.rpartition(" ")
                self.effects[name] = (word or "out", value)
            else:
                word, name, *holder = effect.split()
                self.effects[name] = (word, "NULL" if word == "reset" else "".join(holder[1:]))


class Fact:
    """One fact; 'cases' are its outcomes, 'flags' its flags with their arguments."""

    def __init__(self, head, outcomes, flags, area):
        match = re.match(r"(macro )?(\.?\w+)\((.*)\)$", head)
        self.macro = match[1] is not None
        self.name = match[2]
        self.area = area
        words = [word for word in match[3].split(", ") if word]
        self.params = [Param(word) for word in words]
        self.variadic = bool(self.params) and self.params[-1].name == "..."
        if self.variadic:
            self.params.pop()
        self.cases = [Case(text) for text in outcomes]
        self.flags = flags
        self.since = version(flags["since"]) if "since" in flags else 0
        self.until = version(flags["until"]) if "until" in flags else 9999

    def effect(self, param, case):
        """What happens to a parameter in a case: (word, value) or None."""
        if param.name in case.effects:
            return case.effects[param.name]
        if param.effect:
            return param.effect, "NULL" if param.effect == "reset" else param.holder or ""
        return None

    def effects(self, param):
        """What happens to a parameter in all the cases, as a set."""
        return {self.effect(param, case) for case in self.cases}

    def results(self):
        """All the results, without what they are borrowed from."""
        return {case.result.split()[0] for case in self.cases}

    def holds(self, python):
        """True under this version of Python."""
        return self.since <= python < self.until


def split_flags(text):
    """("head", {flag: argument}) of a line that may end in flags."""
    flags = {}
    match = re.match(r"(.*?)((?:\s*\[[^\]]*\])*)$", text)
    for flag in FLAG.findall(match[2]):
        word, _, argument = flag.partition(" ")
        flags[word] = argument
    return match[1].rstrip(), flags


def read_file(path):
    """All facts of one file."""
    facts, head = [], None
    for line in path.read_text().splitlines():
        line = line.split("#")[0].rstrip()
        if not line or line.startswith(("doc ", "global ")):
            continue
        if line.startswith(" "):
            head[1].append(line.split("-> ", 1)[1].strip())
            continue
        left, _, right = line.partition(" -> ")
        if right:
            right, flags = split_flags(right)
            head = (left.rstrip(), right.split(" | "), flags, path.stem)
        else:
            left, flags = split_flags(left)
            head = (left, [], flags, path.stem)
        facts.append(head)
    return [Fact(*fact) for fact in facts]


def read_all(folder="rules/api"):
    """All built-in facts."""
    return [fact for path in sorted(pathlib.Path(folder).glob("*.facts"))
            for fact in read_file(path)]

#!/usr/bin/env python3
"""Every rule is whole: rules.py PATH-OF-STRAYREF

For each line of rules/rules.def: its source, its page with the parts that rules/README.md
asks for and examples both bad and good, and in fixtures/ID/ an expectation and a function
that must stay silent.  And nothing is left over that belongs to no rule.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ("Why it matters", "Example", "How to fix it", "The facts behind it", "When it is wrong",
         "What it does not find")
FUNCTION = re.compile(r"^[a-z_]\w*\([^;]*?\)\n\{\n.*?^\}", re.M | re.S)
MARK = re.compile(r"\b(expect|expect-next|miss|false):.*?\b([a-z][a-z-]*[a-z])")


def rule_names():
    """The names in rules.def, in order: 'double_decref'."""
    names = re.findall(r"^RULE\((\w+)\)$", (ROOT / "rules/rules.def").read_text(), re.M)
    if not names:
        sys.exit("rules/rules.def names no rule")
    return names


def expects(text, rule):
    """How often the text says that the rule must find something."""
    return len(re.findall(rf"\bexpect(?:-next)?:[^\n]*\b{rule}\b", text))


def page_problems(name, rule):
    """What is wrong with the page of a rule."""
    path = ROOT / f"rules/{name}.md"
    if not path.is_file():
        return [f"rules/{name}.md is missing"]
    text = path.read_text()
    problems = [f"rules/{name}.md has no part '{part}'" for part in PARTS
                if not re.search(rf"^## {part}$", text, re.M)]
    if not text.startswith(f"# {rule}: "):
        problems.append(f"rules/{name}.md does not begin with '# {rule}: '")
    examples = re.findall(r"^```c\n(.*?)^```$", text, re.M | re.S)
    if not any(expects(example, rule) for example in examples):
        problems.append(f"rules/{name}.md has no bad example")
    if not any(not MARK.search(example) for example in examples):
        problems.append(f"rules/{name}.md has no good example")
    return problems


def fixture_problems(rule):
    """What is wrong with the fixtures of a rule."""
    texts = [path.read_text() for path in sorted((ROOT / "fixtures" / rule).glob("*.c"))]
    functions = [function for text in texts for function in FUNCTION.findall(text)]
    problems = []
    if not any(expects(text, rule) for text in texts):
        problems.append(f"fixtures/{rule} expects nothing of the rule")
    if not any(not MARK.search(function) for function in functions):
        problems.append(f"fixtures/{rule} has no function that must stay silent")
    return problems


def strays(names, rules):
    """Sources, pages and expectations that belong to no rule."""
    known = set(names) | {"rules", "README"}
    problems = [f"rules/{path.name} belongs to no rule of rules.def"
                for path in sorted((ROOT / "rules").glob("*.*"))
                if path.suffix in (".c", ".md") and path.stem not in known]
    for path in sorted((ROOT / "fixtures").glob("*/*.c")):
        for _, rule in MARK.findall(path.read_text()):
            if rule not in rules and rule != "engine":
                problems.append(f"{path.relative_to(ROOT)} expects the unknown rule '{rule}'")
    return problems


def program_problems(program, rules):
    """Whether the program knows the same rules, in the same order."""
    listed = subprocess.run([program, "rules"], capture_output=True, text=True, check=True).stdout
    ids = [line.split()[0] for line in listed.splitlines() if line.strip()]
    problems = []
    if ids != rules:
        problems.append(f"'strayref rules' lists {ids}, rules.def has {rules}")
    for rule in rules:
        done = subprocess.run([program, "explain", rule], capture_output=True, check=False)
        if done.returncode != 0 or not done.stdout.strip():
            problems.append(f"'strayref explain {rule}' shows no page")
    return problems


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: rules.py PATH-OF-STRAYREF")
    names = rule_names()
    rules = [name.replace("_", "-") for name in names]
    problems = strays(names, rules) + program_problems(pathlib.Path(sys.argv[1]).resolve(), rules)
    for name, rule in zip(names, rules):
        if not (ROOT / f"rules/{name}.c").is_file():
            problems.append(f"rules/{name}.c is missing")
        problems += page_problems(name, rule) + fixture_problems(rule)
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()

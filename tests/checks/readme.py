#!/usr/bin/env python3
"""README.md and the tour in analyzer/README.md tell the truth: readme.py PATH-OF-STRAYREF [--bless]

What it shows as output of a scan of fixtures/extension is what the program prints now
(--bless writes that into README.md), its links lead to files, and its table of rules is
that of rules.def, as is the one of rules/README.md.  The tours of analyzer/, reports/ and
fixtures/ name all that is there, and no source that is gone.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
# what README.md shows -> where: the first fenced block after these words
PLACES = {
    "finding": ("One finding as text", "```"),
    "report": ("the head of the Markdown report", "````"),
    "last line": ("the last line on standard error", "```"),
}


def scan(program, folder, *options):
    """Scans the copy of the example: (standard output, standard error)."""
    done = subprocess.run([program, "scan", "-p", "build/extension", *options], cwd=folder,
                          capture_output=True, text=True, timeout=240, check=False)
    if done.returncode != 1:
        sys.exit(f"scan of fixtures/extension: exit {done.returncode}\n{done.stderr}")
    return done.stdout, done.stderr


def outputs(program):
    """What README.md should show, by the names of PLACES."""
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work) / "strayref"  # the report's title
        shutil.copytree(ROOT / "fixtures/extension", folder / "fixtures/extension")
        subprocess.run([folder / "fixtures/extension/make-compile-commands",
                        folder / "build/extension"], check=True)
        text, messages = scan(program, folder, "--color", "never")
        report, _ = scan(program, folder, "--format", "markdown")
    head = report[:report.index("\n### \\#2 ")].rstrip()
    if "\n## " in head[head.index("### "):]:
        head = head[:head.rindex("\n## ")]  # the heading above the second finding
    return {
        "finding": next(block for block in text.split("\n\n")
                        if "[use-after-release]" in block.splitlines()[0]).strip("\n"),
        "report": head.strip("\n"),
        "last line": messages.rstrip("\n").rsplit("\n", 1)[-1],
    }


def block_span(readme, name):
    """Where the content of a block begins and ends."""
    words, fence = PLACES[name]
    found = re.compile(rf"^{fence}\w*\n(.*?)\n{fence}$", re.M | re.S).search(
        readme, readme.index(words))
    return found.span(1)


def update(readme, shown):
    """The text of README.md with these blocks."""
    for name, content in shown.items():
        begin, end = block_span(readme, name)
        readme = readme[:begin] + content + readme[end:]
    return readme


def problems(readme, shown):
    """What is not true in README.md."""
    for name, content in shown.items():
        begin, end = block_span(readme, name)
        if readme[begin:end] != content:
            yield (f"README.md: the {name} it shows is not what the program prints; "
                   f"tests/checks/readme.py PROGRAM --bless writes:\n{content}")
    for link in re.findall(r"\]\(([^):]+)\)", re.sub(r"^(````?)\w*\n.*?^\1$", "", readme,
                                                    flags=re.M | re.S)):
        if not (ROOT / link).exists():
            yield f"README.md: there is no {link}"
    listed = re.findall(r"^\| \[`([a-z-]+)`\]\(rules/", readme, re.M)
    rules = re.findall(r"^RULE\((\w+)\)$", (ROOT / "rules/rules.def").read_text(), re.M)
    if listed != [rule.replace("_", "-") for rule in rules]:
        yield f"README.md: the table of rules names {listed}, rules.def has {rules}"
    table = (ROOT / "rules/README.md").read_text()
    for rule in rules:
        if not re.search(rf"^\| .*`{rule}\.c`", table, re.M):
            yield f"rules/README.md: the table of rules does not name {rule}.c"


def tour_problems():
    """What the tours of the source do not name, and what they name that is gone."""
    tour = (ROOT / "analyzer/README.md").read_text()
    sources = {path.name for path in (ROOT / "analyzer").glob("*/*.[ch]")}
    named = set(re.findall(r"`(\w+\.[ch])`", tour))
    for name in sorted(sources - named):
        yield f"analyzer/README.md: the tour does not name {name}"
    for name in sorted(named - sources):
        yield f"analyzer/README.md: the tour names {name}, which is gone"
    formats = (ROOT / "reports/README.md").read_text()
    for path in sorted((ROOT / "reports").glob("*.c")):
        if f"`{path.name}`" not in formats:
            yield f"reports/README.md: the table does not name {path.name}"
    folders = (ROOT / "fixtures/README.md").read_text()
    for path in sorted((ROOT / "fixtures").iterdir()):
        if path.is_dir() and any(path.iterdir()) and f"`{path.name}/`" not in folders:
            yield f"fixtures/README.md: the table does not name {path.name}/"


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--bless"]):
        sys.exit("usage: readme.py PATH-OF-STRAYREF [--bless]")
    shown = outputs(pathlib.Path(sys.argv[1]).resolve())
    readme = README.read_text()
    if sys.argv[2:]:
        readme = update(readme, shown)
        README.write_text(readme)
    found = [*problems(readme, shown), *tour_problems()]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Compares the built-in facts with the "Return value" notes of Python's manual, an
independent source: manual.py STRAYREF

Each difference must be explained in a comment above the fact that says "manual:".
Needs the manual in HTML (Debian's python3.11-doc).
"""
import html
import re
import sys
from pathlib import Path

FACTS = Path(__file__).resolve().parents[2] / "rules/api"
MANUALS = sorted(Path("/usr/share/doc").glob("python3.*/html/c-api"))


def notes(manual):
    """Function name -> 'New', 'Borrowed' or 'Always NULL' as the manual says."""
    found = {}
    entry = re.compile(r'<dt class="sig sig-object c" id="c\.(\w+)">(.*?)</dt>\s*<dd>(.*?)(?=<p>|</dd>)', re.S)
    for page in sorted(manual.glob("*.html")):
        for name, _, body in entry.findall(page.read_text(errors="replace")):
            note = re.search(r'<em class="refcount">Return value: ([^<]*?)\.?</em>', body)
            if note:
                found[name] = html.unescape(note[1]).replace(" reference", "").strip()
    return found


def facts(folder):
    """Function name -> (kinds of results, comments above), of facts that hold for 3.11."""
    known = {}
    for path in sorted(folder.glob("*.facts")):
        comments, lines = [], path.read_text().splitlines()
        for i, line in enumerate(lines):
            if line.startswith("#"):
                comments.append(line)
                continue
            head = re.match(r"(?:macro )?(\w+)\((.*)", line)
            if not head:
                comments = comments if line.startswith(" ") else []
                continue
            text = line
            for more in lines[i + 1:]:
                if not more.startswith(" "):
                    break
                text += "\n" + more
            since = re.search(r"\[since 3\.(\d+)\]", text)
            until = re.search(r"\[until 3\.(\d+)\]", text)
            if not (since and int(since[1]) > 11) and not (until and int(until[1]) <= 11):
                known[head[1]] = (kinds(text), " ".join(comments))
            comments = []
    return known


def kinds(text):
    results = set()
    flat = re.sub(r"\[[^\]]*\]", "", text.split("#")[0])
    head, *outcomes = re.split(r"->", flat)
    for outcome in "|".join(outcomes).split("|"):
        outcome = re.sub(r"^\s*when [^:]*:", "", outcome)
        result, _, effects = outcome.partition(":")
        word = (result.split() or [""])[0]
        if word in ("new", "shared"):
            results.add("New")
        elif word == "borrowed":
            results.add("Borrowed")
        elif word == "same":
            taken = "retain" in effects or "retain" in head
            results.add("New" if taken else "Borrowed")
        elif word == "NULL":
            results.add("NULL")
        else:
            results.add("other")
    return results


def agrees(note, results):
    if note == "Always NULL":
        return results == {"NULL"}
    return note in results and not ({"New", "Borrowed"} - {note}) & results


def compare(wanted, known):
    """The differences nobody explains, and how many names were compared."""
    wrong, compared = [], 0
    for name, note in sorted(wanted.items()):
        if name not in known:
            continue
        results, comments = known[name]
        compared += 1
        explained = "manual:" in comments
        if agrees(note, results) == explained:
            wrong.append(f"{name}: the manual says {note}, the fact {'/'.join(sorted(results))}"
                         + ("; yet a comment explains a difference" if explained else ""))
    return wrong, compared


def main():
    if not MANUALS:
        sys.exit("manual.py: no manual; install python3.11-doc")
    wanted, known = notes(MANUALS[-1]), facts(FACTS)
    wrong, compared = compare(wanted, known)
    turned = {"PyList_GetItem": "New", "PyList_New": "Borrowed", "PyErr_NoMemory": "New"}
    if len(compare(turned, known)[0]) != len(turned):
        wrong.append("the comparison does not notice a wrong note")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{compared} facts compared with the manual's notes")
    print(f"{compared - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong or compared < 300 else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Fixes, as a project meets them: fix.py PATH-OF-STRAYREF [--bless] [TEST...]

Each fixtures/fix/NAME.c must give the fixes in NAME.diff, no more and no less; what they
make of it must compile, keep the file's habits, and have only the findings left that were
said not to be fixed.  --bless writes the diffs anew.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli  # noqa: E402
from cli import check_code, check_error, put, run  # noqa: E402

FOLDER = pathlib.Path("fixtures/fix").resolve()
INCLUDE = pathlib.Path("fixtures/include").resolve()
FLAGS = ["--", f"-I{INCLUDE}", "-DSTRAYREF_PYTHON=0x030B0000"]
# rules about exceptions have no fixes, and what these fixtures return is not their point
ASIDE = [word for rule in ("error-without-exception", "result-with-exception", "tristate-as-bool",
                           "exception-overwritten") for word in ("--exclude-rule", rule)]
ASIDE += ["--reach", "all"]
BLESS = False
FIXTURES = sorted(path.stem for path in FOLDER.glob("*.c"))


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def copy(folder, name, change=None):
    """The fixture in a folder of its own, written in the past."""
    text = (FOLDER / f"{name}.c").read_text()
    path = pathlib.Path(folder) / f"{name}.c"
    path.write_bytes((change(text) if change else text).encode())
    past = time.time() - 10
    os.utime(path, (past, past))
    return path


def fix(folder, path, *options, flags=FLAGS):
    return run(folder, "fix", *ASIDE, *options, path.name, *flags)


def scan_count(folder, path):
    """How many findings a scan has."""
    result = run(folder, "scan", *ASIDE, "--format", "json", path.name, *FLAGS)
    return len(json.loads(result.out)["findings"])


def compiles(path):
    done = subprocess.run(["cc", "-std=c11", "-fsyntax-only", "-Wall", "-Wextra",
                           "-Wno-unused-parameter", "-Wno-unused-variable",
                           "-Wno-missing-field-initializers", "-Wno-cast-function-type",
                           "-Werror", f"-I{INCLUDE}", "-DSTRAYREF_PYTHON=0x030B0000", str(path)],
                          capture_output=True, text=True)
    check(done.returncode == 0, f"{path.name} does not compile:\n{done.stderr}")


def test_diffs(folder):
    """Each fixture gives its diff."""
    for name in FIXTURES:
        path = copy(folder, name)
        before = path.read_bytes()
        result = fix(folder, path, "--dry-run")
        check_code(result, 1)
        check(path.read_bytes() == before, f"{name}: --dry-run has written")
        wanted = FOLDER / f"{name}.diff"
        if BLESS:
            wanted.write_text(result.out)
        check(wanted.is_file() and result.out == wanted.read_text(),
              f"{name}: other fixes than in {wanted.name}:\n{result.out}")


def test_applied(folder):
    """What is applied is what the diff says, compiles, and leaves what was said."""
    for name in FIXTURES:
        path = copy(folder, name)
        before = scan_count(folder, path)
        diff = fix(folder, path, "--dry-run").out
        result = fix(folder, path)
        fixed, total = map(int, re.search(r"^(\d+) of (\d+) findings? fixed", result.out,
                                          re.M).groups())
        # what a macro does wrong in many places is one finding of a scan
        check(total == before or (name == "macro" and total > before),
              f"{name}: {total} findings, a scan has {before}")
        check(len(re.findall(r"^\S+:\d+: fixed: ", result.out, re.M)) == fixed, result.out)
        check(len(re.findall(r"^    because \S", result.out, re.M)) == total - fixed, result.out)
        check(scan_count(folder, path) == total - fixed, f"{name}: not as said:\n{result.out}")
        check_code(result, 1 if fixed < total else 0)
        compiles(path)
        after = path.read_text()
        if diff:
            copy(folder, name)
            put(folder, "it.diff", diff)
            subprocess.run(["patch", "-s", "-p1", "-i", "it.diff"], cwd=folder, check=True)
            check(path.read_text() == after, f"{name}: the diff is not what is applied")


def test_all_kinds(folder):
    """The fixtures hold all fixes but those that must be refused."""
    for name in FIXTURES:
        result = fix(folder, copy(folder, name), "--dry-run")
        fixed, total = map(int, re.search(r"^(\d+) of (\d+) findings? fixed", result.err,
                                          re.M).groups())
        check(fixed == (0 if name == "refused" else total), f"{name}:\n{result.err}")


def test_habits(folder):
    """Line breaks, tabs and the places of braces are kept."""
    path = copy(folder, "release", lambda text: text.replace("\n", "\r\n"))
    fix(folder, path)
    data = path.read_bytes()
    check(b"Py_DECREF(list);\r\n" in data, "CRLF: nothing was fixed")
    check(data.count(b"\n") == data.count(b"\r\n"), "CRLF: mixed line breaks")
    path = copy(folder, "release", lambda text: text.replace("    ", "\t"))
    fix(folder, path)
    text = path.read_text()
    check("\t\tPy_DECREF(list);\n" in text, "tabs: nothing was fixed")
    check(not re.search(r"^\t* +\S", text.split("*/", 1)[1], re.M), "tabs: spaces came in")
    path = copy(folder, "release", lambda text: re.sub(r"^( +)(.*\)) \{$", r"\1\2\n\1{", text,
                                                       flags=re.M))
    fix(folder, path)
    text = path.read_text()
    check("    {\n        Py_DECREF(list);\n" in text, "own line: nothing was fixed")
    check(not re.search(r"^ +if .*\{$", text, re.M), "own line: a brace at the end of a line")


def test_only_rule(folder):
    """--rule chooses."""
    result = fix(folder, copy(folder, "excess"), "--dry-run", "--rule", "double-decref")
    check("-        Py_DECREF(item);" in result.out, result.out)
    check("INCREF" not in result.out, result.out)
    result = fix(folder, copy(folder, "excess"), "--dry-run", "--rule", "leak")
    check_code(result, 0)
    check(result.out == "", result.out)


def test_older_python(folder):
    """Nothing newer than the oldest Python that is asked for."""
    flags = ["--", f"-I{INCLUDE}", "-DSTRAYREF_PYTHON=0x03090000"]
    for name in ("module", "excess"):
        result = fix(folder, copy(folder, name), "--dry-run", "--python", "3.9", flags=flags)
        check("AddObjectRef" not in result.out and "NewRef" not in result.out, result.out)
        check("+" in result.out, result.err)
    result = fix(folder, copy(folder, "excess"), "--dry-run", "--python", "3.13,3.9", flags=flags)
    check("INCREF" in result.out and "NewRef" not in result.out, result.out)
    result = fix(folder, copy(folder, "module"), "--dry-run", "--python", "3.9", flags=flags)
    check(result.out.count("+        Py_DECREF(&") == 2, result.out)


def test_changed_meanwhile(folder):
    """A file younger than the scan is not written."""
    path = copy(folder, "release")
    future = time.time() + 1000
    os.utime(path, (future, future))
    before = path.read_bytes()
    result = fix(folder, path)
    check_code(result, 2)
    check("nothing was written" in result.err, result.err)
    check(path.read_bytes() == before, "the file was written")


def test_same_file(folder):
    """What is written keeps its permissions, and a symbolic link stays one."""
    path = copy(folder, "excess")
    path.chmod(0o640)
    (folder / "link").mkdir()
    link = folder / "link" / "excess.c"
    link.symlink_to(path)
    check_code(fix(folder / "link", link), 0)
    check(path.stat().st_mode & 0o777 == 0o640, oct(path.stat().st_mode))
    check(link.is_symlink() and "Py_INCREF" in path.read_text(), "not written through the link")


def test_headers(folder):
    """A header is changed when few files include it and all agree, else not."""
    body = (FOLDER / "release.c").read_text().split("static PyMethodDef")[0]
    put(folder, "shared.h", body)
    names = []
    for i in range(6):
        put(folder, f"user{i}.c", '#include "shared.h"\nPyObject *use%d(PyObject *x) '
            "{ return before_return(x, x); }\n" % i)
        names.append(f"user{i}.c")
    past = time.time() - 10
    for path in pathlib.Path(folder).iterdir():
        os.utime(path, (past, past))
    result = run(folder, "fix", *ASIDE, "--dry-run", *names[:2], *FLAGS)
    check("+++ b/shared.h" in result.out, result.err)
    result = run(folder, "fix", *ASIDE, "--dry-run", *names, *FLAGS)
    check(result.out == "" and "6 files include its header" in result.err, result.err)


def test_in_reports(folder):
    """scan --fixes gives each finding a patch of its own; without it there is none."""
    path = copy(folder, "release")
    plain = run(folder, "scan", *ASIDE, "--format", "json", path.name, *FLAGS)
    check('"patch"' not in plain.out, "patches that nobody asked for")
    result = run(folder, "scan", *ASIDE, "--fixes", "--format", "json", path.name, *FLAGS)
    findings = json.loads(result.out)["findings"]
    check(len(findings) > 0 and all("patch" in finding for finding in findings), result.out)
    for finding in findings:
        copy(folder, "release")
        put(folder, "one.diff", "\n".join(finding["patch"]["diff"]) + "\n"
            if isinstance(finding["patch"]["diff"], list) else finding["patch"]["diff"])
        subprocess.run(["patch", "-s", "-p1", "-i", "one.diff"], cwd=folder, check=True)
        compiles(path)
        left = scan_count(folder, path)
        check(left == len(findings) - 1, f"{finding['patch']['title']}: {left} left")


def test_bad_input(folder):
    """What is wrong on the command line."""
    path = copy(folder, "release")
    check_error(fix(folder, path, "--rule", "leek"), "did you mean leak")
    check_error(fix(folder, path, "--fixes"), "unknown option --fixes")
    check_error(run(folder, "fix", "none.c"), "none.c")


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]


def main():
    global BLESS
    cli.PROGRAM = os.path.abspath(sys.argv[1])
    BLESS = "--bless" in sys.argv
    chosen = [word for word in sys.argv[2:] if not word.startswith("--")]
    failed = 0
    for test in TESTS:
        if chosen and test.__name__ not in chosen:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(pathlib.Path(folder))
            except Exception:
                failed += 1
                print(f"{test.__name__} failed:")
                traceback.print_exc(limit=3, file=sys.stdout)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

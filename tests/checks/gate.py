#!/usr/bin/env python3
"""The gate, as a project meets it: gate.py PATH-OF-STRAYREF [TEST...]

Baselines, revisions, diffs, suppressions, thresholds and what makes a scan fail, with the
program run in a small project of its own; and one clear line for each bad input.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli  # noqa: E402
from cli import CLEAN, LEAK, check, check_code, check_error, put, put_c, put_database, run  # noqa: E402

FINDING = re.compile(r"^([^:\s][^:]*):(\d+):\d+: (?:error|warning): .* \[([a-z0-9-]+)\]$", re.M)
MENDED = LEAK.replace("        return NULL;\n    }}\n    return l;",
                      "        Py_DECREF(l);\n        return NULL;\n    }}\n    return l;")
SUPPRESSED = LEAK.replace("        return NULL;\n    }}\n    return l;",
                          "        return NULL; /* strayref: ignore[leak] -- {reason} */\n"
                          "    }}\n    return l;")


def found(result):
    """The findings shown: (file, line, rule)."""
    return [(path, int(line), rule) for path, line, rule in FINDING.findall(result.out)]


def files_found(result):
    return sorted({path for path, _, _ in found(result)})


def git(folder, *args):
    done = subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.org",
                           "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false", *args],
                          cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder, text="change"):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", text)
    return git(folder, "rev-parse", "HEAD")


def legacy(folder):
    """A project with two old leaks, in git."""
    put_c(folder, "src/old.c", LEAK)
    put_c(folder, "src/older.c", LEAK)
    put_c(folder, "src/good.c")
    put(folder, ".gitignore", "compile_commands.json\n")
    put_database(folder, ["src/old.c", "src/older.c", "src/good.c"])
    git(folder, "init", "-q")
    commit(folder)


def one_line_error(result, fragment):
    check_error(result, fragment)
    lines = [line for line in result.err.splitlines() if not line.startswith("strayref: note:")]
    check(len(lines) == 1, result, f"{fragment}: not one line")


# ---- the story of a legacy project ------------------------------------------------------

def test_story(folder):
    legacy(folder)
    gate = ["scan", "--baseline", "strayref.baseline"]
    check_code(run(folder, "scan"), 1)
    check_code(run(folder, "baseline", "write"), 0)
    text = (folder / "strayref.baseline").read_text()
    entries = [line for line in text.splitlines() if not line.startswith("#")]
    check(len(entries) == 2 and entries == sorted(entries), text, "two sorted entries")
    green = run(folder, *gate)
    check_code(green, 0)
    check(not found(green) and " 0 findings (2 known" in green.last, green, "nothing is shown")
    commit(folder)

    put_c(folder, "src/fresh.c", LEAK)
    put_database(folder, ["src/old.c", "src/older.c", "src/good.c", "src/fresh.c"])
    red = run(folder, *gate)
    check_code(red, 1)
    check(files_found(red) == ["src/fresh.c"], red, "only the new one")
    check("; 1 finding (2 known" in red.last, red, "one is counted")
    (folder / "src/fresh.c").unlink()
    put_database(folder, ["src/old.c", "src/older.c", "src/good.c"])

    put_c(folder, "src/old.c", "/* moved\n * down\n */\n\n" + LEAK)
    check_code(run(folder, *gate), 0)
    git(folder, "mv", "src/older.c", "src/ancient.c")
    put_database(folder, ["src/old.c", "src/ancient.c", "src/good.c"])
    renamed = run(folder, *gate)
    check_code(renamed, 0)
    check("stale" not in renamed.err, renamed, "a renamed file makes nothing stale")
    commit(folder)
    check_code(run(folder, *gate), 0)

    applied = run(folder, "fix", "--no-config", "src/old.c")
    check("1 of 1 finding fixed" in applied.out, applied, "the fix is applied")
    mended = run(folder, *gate)
    check_code(mended, 0)
    check("stale entry: leak of 'l' in src/old.c, old" in mended.err, mended, "named")
    check("older.c" not in mended.err, mended, "the other entry is not stale")

    put(folder, "src/fresh.c", SUPPRESSED.format(name="fresh", reason="accepted"))
    put_database(folder, ["src/old.c", "src/ancient.c", "src/good.c", "src/fresh.c"])
    quiet = run(folder, *gate)
    check_code(quiet, 0)
    check(not found(quiet), quiet, "suppressed with a reason")


# ---- baselines ------------------------------------------------------------------------------

def test_baseline_is_the_same_anywhere(folder):
    legacy(folder)
    run(folder, "baseline", "write", "--baseline", "a")
    run(folder / "src", "baseline", "write", "--baseline", "../b")
    check((folder / "a").read_text() == (folder / "b").read_text(), (folder / "a").read_text())
    check(str(folder) not in (folder / "a").read_text(), "", "no path of this machine")
    moved = folder / "elsewhere"
    moved.mkdir()
    for name in ("old", "older", "good"):
        put(moved, f"src/{name}.c", (folder / f"src/{name}.c").read_text())
    put_database(moved, ["src/old.c", "src/older.c", "src/good.c"])
    check_code(run(moved, "scan", "--baseline", "../a"), 0)


def test_baseline_without_git(folder):
    put_c(folder, "old.c", LEAK)
    put_database(folder, ["old.c"])
    check_code(run(folder, "baseline", "write"), 0)
    check("commit" not in (folder / "strayref.baseline").read_text(), "", "no commit")
    check_code(run(folder, "scan", "--baseline", "strayref.baseline"), 0)


def test_baselines_of_two_branches_merge(folder):
    legacy(folder)
    put(folder, ".gitattributes", "strayref.baseline merge=union\n")
    run(folder, "baseline", "write")
    commit(folder)
    git(folder, "checkout", "-q", "-b", "side")
    put_c(folder, "src/left.c", LEAK)
    put_database(folder, ["src/old.c", "src/older.c", "src/left.c"])
    run(folder, "baseline", "write")
    commit(folder)
    git(folder, "checkout", "-q", "main")
    put_c(folder, "src/right.c", LEAK)
    put_database(folder, ["src/old.c", "src/older.c", "src/right.c"])
    run(folder, "baseline", "write")
    commit(folder)
    git(folder, "merge", "-q", "side", "-m", "merge")
    put_database(folder, ["src/old.c", "src/older.c", "src/left.c", "src/right.c"])
    result = run(folder, "scan", "--baseline", "strayref.baseline")
    check_code(result, 0)
    check("stale" not in result.err, result, "nothing stale")


def test_baseline_of_some_paths(folder):
    legacy(folder)
    run(folder, "baseline", "write")
    whole = (folder / "strayref.baseline").read_text()
    check_code(run(folder, "baseline", "write", "src/old.c", "--baseline", "strayref.baseline"), 0)
    check((folder / "strayref.baseline").read_text() == whole, whole, "other paths stay")
    narrow = run(folder, "scan", "src/old.c", "--baseline", "strayref.baseline")
    check_code(narrow, 0)
    check("stale" not in narrow.err, narrow, "what was not scanned is not stale")


def test_paths_that_match_nothing(folder):
    legacy(folder)
    put(folder, ".strayref.yaml", "# ours\npaths: [srcc, lib/*]\n")
    for args in (["scan"], ["baseline", "write"]):
        one_line_error(run(folder, *args), ".strayref.yaml:2: paths: srcc, lib/*: no file")
    check(not (folder / "strayref.baseline").exists(), "", "no empty baseline")
    check_code(run(folder, "scan", "src"), 1)
    put(folder, ".strayref.yaml", "paths: [srcc, src/good.c]\n")
    check_code(run(folder, "scan"), 0)
    check_code(run(folder, "scan", "--base", "HEAD"), 0)


def test_file_that_moves_to_another_folder(folder):
    legacy(folder)
    run(folder, "baseline", "write")
    text = (folder / "src/old.c").read_text()
    (folder / "src/old.c").unlink()
    put(folder, "src/sub/old.c", text)
    put_database(folder, ["src/sub/old.c", "src/older.c", "src/good.c"])
    git(folder, "add", "-A")
    check_code(run(folder, "scan", "--baseline", "strayref.baseline"), 0)


def test_same_leak_twice_is_new(folder):
    legacy(folder)
    run(folder, "baseline", "write")
    text = LEAK.replace("    return l;\n", """    PyObject *m = PyList_New(0);
    if (m == NULL || PyObject_SetItem(m, x, x) < 0) {{
        Py_DECREF(l);
        return NULL;
    }}
    Py_DECREF(m);
    return l;
""")
    put_c(folder, "src/old.c", text)
    result = run(folder, "scan", "--baseline", "strayref.baseline")
    check_code(result, 1)
    check(len(found(result)) == 1, result, "one")


def test_bad_baselines(folder):
    legacy(folder)
    run(folder, "baseline", "write")
    good = (folder / "strayref.baseline").read_text()
    one_line_error(run(folder, "scan", "--baseline", "none"), "none: there is no such baseline")
    for text, fragment in [
            ("", "bad:1: this is no baseline"), ("leak\n", "bad:1: this is no baseline"),
            (good + "what is this\n", "bad:5: no line of a baseline"),
            (good + "<<<<<<< ours\n", "bad:5: a merge conflict"),
            (good + "a\tb\tleak\tx\tnot-hex\n", "bad:5: no line"),
            (good + "a\tb\tleak\tx\t0123456789abcdef\tmore\n", "bad:5: no line")]:
        put(folder, "bad", text)
        one_line_error(run(folder, "scan", "--baseline", "bad"), fragment)
    put(folder, "bad", b"# strayref baseline 1\n\xff\x00\n")
    check_code(run(folder, "scan", "--baseline", "bad"), 2)
    one_line_error(run(folder, "baseline"), "baseline needs 'write'")
    one_line_error(run(folder, "baseline", "write", "--baseline", "none/x"), "none/x")
    put(folder, "crlf", good.replace("\n", "\r\n"))
    check_code(run(folder, "scan", "--baseline", "crlf"), 0)


# ---- revisions ----------------------------------------------------------------------------------

def left_behind(folder):
    return [name for name in os.listdir(folder) if name.startswith("strayref-")]


def test_base(folder):
    legacy(folder)
    place = folder / "tmp"
    place.mkdir()
    put(folder, ".gitignore", "compile_commands.json\ntmp\n")
    commit(folder)
    base = ["scan", "--base", "main"]
    env = {"TMPDIR": str(place)}
    git(folder, "checkout", "-q", "-b", "topic")
    check_code(run(folder, *base, env=env), 0)
    put_c(folder, "src/fresh.c", LEAK)
    git(folder, "mv", "src/older.c", "src/ancient.c")
    put_c(folder, "src/old.c", "\n\n\n" + LEAK)
    put_database(folder, ["src/old.c", "src/ancient.c", "src/good.c", "src/fresh.c"])
    red = run(folder, *base, env=env)
    check_code(red, 1)
    check(files_found(red) == ["src/fresh.c"], red, "only what the change brings")
    commit(folder)
    check_code(run(folder, *base, env=env), 1)
    check(not left_behind(place), os.listdir(place), "left behind")
    check(git(folder, "worktree", "list").count("\n") == 0, "", "no worktree is left")
    check(git(folder, "status", "--porcelain") == "", "", "the repository is as it was")
    one_line_error(run(folder, *base[:2], "nowhere", env=env), "--base nowhere: git knows no such")
    check_code(run(folder, "scan", "--base", "--version", env=env), 2)


def test_base_sees_headers_of_its_own(folder):
    header = "#define WANTED {}\n"
    code = '#include "own.h"\n' + LEAK.replace("        return NULL;\n    }}\n    return l;",
        "        if (!WANTED) {{\n            Py_DECREF(l);\n        }}\n"
        "        return NULL;\n    }}\n    return l;")
    put_c(folder, "pair.c", code)
    git(folder, "init", "-q")
    for flags in (["-Iinclude"], [f"-I{folder}/include"], ["-I", f"{folder}/include"],
                  ["-iquote", "include"], ["-isystem", f"{folder}/include"]):
        put(folder, "include/own.h", header.format(0))
        put(folder, "compile_commands.json", json.dumps([{
            "directory": str(folder), "file": "pair.c",
            "arguments": ["cc", *flags, f"-I{cli.ROOT}/fixtures/include", "-c", "pair.c"]}]))
        commit(folder)
        check_code(run(folder, "scan", "--base", "HEAD"), 0)
        put(folder, "include/own.h", header.format(1))
        result = run(folder, "scan", "--base", "HEAD")
        check_code(result, 1)
        check(len(found(result)) == 1, result, f"a header brings a leak, {flags}")


def test_base_with_generated_files(folder):
    legacy(folder)
    put(folder, ".gitignore", "compile_commands.json\nmade\n")
    commit(folder)
    put_c(folder, "made/table.c", LEAK)
    put_database(folder, ["src/old.c", "made/table.c"])
    check_code(run(folder, "scan", "--base", "HEAD"), 0)


def test_base_of_a_part_of_the_repository(folder):
    part = folder / "ext"
    put_c(part, "src/pair.c", '#include "../include/own.h"\n' + LEAK)
    put(part, "include/own.h", "int own(void);\n")
    put(folder, ".gitignore", "build\n")
    put(part, "build/compile_commands.json", json.dumps([{
        "directory": str(part / "build"), "file": "../src/pair.c",
        "arguments": ["cc", "-I../include", f"-I{cli.ROOT}/fixtures/include", "-c",
                      "../src/pair.c"]}]))
    put(part, "build/config.h", "")
    git(folder, "init", "-q")
    commit(folder)
    for where, args in [(part, []), (part / "src", []), (folder, ["-p", "ext/build"])]:
        check_code(run(where, "scan", *args), 1)
        check_code(run(where, "scan", *args, "--base", "HEAD"), 0)
    git(folder, "mv", "ext/src/pair.c", "ext/src/couple.c")
    put(part, "build/compile_commands.json", (part / "build/compile_commands.json").read_text()
        .replace("pair.c", "couple.c"))
    hook = {"GIT_INDEX_FILE": ".git/index", "GIT_PREFIX": "ext/"}
    for env in ({}, hook):
        check_code(run(part, "scan", "--base", "HEAD", env=env), 0)


def test_base_with_submodules(folder):
    """What a submodule holds is taken from the commit that the revision names."""
    other = folder / "other"
    put(other, "own.h", "#define WANTED 1\n")
    git(other, "init", "-q")
    first = commit(other)
    place = folder / "project"
    code = '#include "sub/own.h"\n' + LEAK.replace(
        "        return NULL;\n    }}\n    return l;",
        "        if (WANTED) {{\n            Py_DECREF(l);\n        }}\n"
        "        return NULL;\n    }}\n    return l;")
    put(place, "pair.c", code.format(name="pair"))
    put(place, ".gitignore", "compile_commands.json\n")
    put_database(place, ["pair.c"])
    git(place, "init", "-q")
    git(place, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    commit(place)
    put(place, "sub/own.h", "#define WANTED 0\n")
    red = run(place, "scan", "--base", "HEAD")
    check_code(red, 1)
    check(files_found(red) == ["pair.c"], red, "new, by a header of the submodule")
    commit(place / "sub")
    commit(place)
    check_code(run(place, "scan", "--base", "HEAD"), 0)
    check_code(run(place, "scan", "--base", "HEAD~1"), 1)
    check(git(place / "sub", "rev-parse", "HEAD~1") == first, first, "the submodule stays as it is")
    put(place, "pair.c", code.format(name="pair") + "\n")
    git(place, "update-index", "--cacheinfo", "160000," + "1" * 40 + ",sub")
    git(place, "commit", "-q", "-m", "a commit of the submodule that nobody has")
    one_line_error(run(place, "scan", "--base", "HEAD"), "the submodule sub lacks the commit")


def test_base_that_does_not_build(folder):
    legacy(folder)
    put_c(folder, "src/old.c", LEAK + "\nint\nbroken(void)\n{{\n    return nowhere;\n}}\n")
    commit(folder)
    put_c(folder, "src/old.c", LEAK)
    commit(folder)
    check_code(run(folder, "scan", "--base", "HEAD"), 0)
    one_line_error(run(folder, "scan", "--base", "HEAD~1"), "does not build: src/old.c:30: ")


def test_base_without_git(folder):
    put_c(folder, "old.c", LEAK)
    put_database(folder, ["old.c"])
    one_line_error(run(folder, "scan", "--base", "HEAD"), "git rev-parse: ")


# ---- diffs ----------------------------------------------------------------------------------------

def diff(folder, *args):
    done = subprocess.run(["git", "diff", *args], cwd=folder, capture_output=True, check=True)
    return done.stdout


def scan_diff(folder, text, where=None):
    done = subprocess.run([cli.PROGRAM, "scan", "--diff", "-"], cwd=where or folder, input=text,
                          capture_output=True, timeout=240, check=False)
    return cli.Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_diff(folder):
    legacy(folder)
    put_c(folder, "src/good.c", LEAK)
    put_c(folder, "src/old.c", LEAK.replace("#include <Python.h>",
                                            "/* a new first line */\n#include <Python.h>"))
    for args in ([], ["-U0"], ["--no-prefix"], ["--src-prefix=x/", "--dst-prefix=y/"]):
        red = scan_diff(folder, diff(folder, *args))
        check_code(red, 1)
        check(files_found(red) == ["src/good.c"], red, f"only the changed lines, {args}")
    check("not shown" in red.err, red, "the others are counted")
    put(folder, "change.diff", diff(folder))
    check_code(run(folder / "src", "scan", "--diff", "../change.diff"), 1)
    check_code(scan_diff(folder, b""), 0)


def test_diff_that_removes_a_release(folder):
    legacy(folder)
    put_c(folder, "src/good.c", MENDED)
    commit(folder)
    put_c(folder, "src/good.c", LEAK)
    for args in ([], ["-U0"]):
        red = scan_diff(folder, diff(folder, *args))
        check_code(red, 1)
        check(files_found(red) == ["src/good.c"], red, f"beside a removed line, {args}")


def test_diff_at_the_origin(folder):
    legacy(folder)
    put_c(folder, "src/old.c", LEAK.replace("PyList_New(0)", "PyList_New( 0 )"))
    red = scan_diff(folder, diff(folder, "-U0"))
    check_code(red, 1)
    check(files_found(red) == ["src/old.c"], red, "where the object is made")


def test_diff_with_odd_names(folder):
    legacy(folder)
    name = "src/o\u0308dd name\t.c"
    put(folder, name, LEAK.format(name="odd"))
    put_database(folder, [name])
    git(folder, "add", "-N", name)
    check_code(scan_diff(folder, diff(folder)), 1)


def test_bad_diffs(folder):
    legacy(folder)
    put_c(folder, "src/old.c", CLEAN)
    good = diff(folder).decode()
    other = "--- a/else/x.c\n+++ b/else/x.c\n@@ -1 +1 @@\n-a\n+b\n"
    for text, fragment in [
            ("no diff at all\n", "bad:1: this is no unified diff"),
            (other, "bad: it is about other files: none of its 1 is in "),
            (good[:good.index("@@")] + "@@ what @@\n", "bad:5: this is no head of a hunk"),
            (re.sub(r"@@ -(\d+),\d+", r"@@ -\1,99", good), "bad:"),
            ("@@ -1 +1 @@\n-a\n+b\n", "bad:1: a hunk before any"),
            ("+++ b/src/old.c\n@@@ -1 -1 +1 @@@\n", "bad:2: this is the diff of a merge")]:
        put(folder, "bad", text)
        one_line_error(run(folder, "scan", "--diff", "bad"), fragment)
    one_line_error(run(folder, "scan", "--diff", "none"), "none")
    put(folder, "README", "text\n")
    put(folder, "doc.diff", "--- /dev/null\n+++ b/README\n@@ -0,0 +1 @@\n+text\n")
    check_code(run(folder, "scan", "--diff", "doc.diff"), 0)
    put(folder, "gone.diff", "--- a/src/gone.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-text\n")
    check_code(run(folder, "scan", "--diff", "gone.diff"), 0)


# ---- what fails, what is shown ------------------------------------------------------------------

BORROWED = CLEAN.replace("    Py_INCREF(x);\n", "")


def test_fail_on(folder):
    put_c(folder, "pair.c", LEAK)
    put_c(folder, "lent.c", BORROWED)
    put_database(folder, ["pair.c", "lent.c"])
    for specs, code in [
            ([], 1), (["never"], 0), (["error"], 1), (["note"], 1), (["rule=leak"], 1),
            (["rule=double-decref"], 0), (["error,rule=leak"], 0),
            (["error,rule=leak", "rule=return-borrowed"], 1), (["confidence=high"], 1),
            (["rule=leak,reach=ordinary"], 0), (["rule=leak,reach=oom"], 1),
            (["rule=leak,reach=all"], 1)]:
        args = [word for spec in specs for word in ("--fail-on", spec)]
        result = run(folder, "scan", *args)
        check_code(result, code)
        check(len(found(result)) == 2, result, "both are shown")
    (folder / "lent.c").write_text(CLEAN.format(name="lent"))
    check_code(run(folder, "scan", "--fail-on", "error"), 0)
    for spec, hint in [("errors", "expected error, warning"), ("rule=leek", "did you mean leak?"),
                       ("reach=far", "--fail-on reach=far"), ("", "--fail-on"),
                       ("error,", "--fail-on error,")]:
        if spec == "error,":
            continue
        one_line_error(run(folder, "scan", "--fail-on", spec), hint)


QUESTIONS = """#include <Python.h>
static PyObject *of_user(PyObject *self, PyObject *arg)
{
    PyObject *seen = PyDict_New();
    if (seen == NULL) { return NULL; }
    if (PyDict_Contains(seen, arg)) { PyErr_Clear(); }
    return seen;
}
static PyObject *of_own(PyObject *self, PyObject *arg)
{
    PyObject *seen = PyDict_New(), *name = PyUnicode_FromString("name");
    if (seen == NULL || name == NULL) { Py_XDECREF(seen); Py_XDECREF(name); return NULL; }
    if (PyDict_Contains(seen, name)) { Py_DECREF(name); return seen; }
    Py_DECREF(name);
    Py_DECREF(seen);
    return PyLong_FromLong(1);
}
static PyObject *of_user_kept(PyObject *self, PyObject *arg)
{
    PyObject *seen = PyDict_New();
    if (seen == NULL) { return NULL; }
    if (PyDict_Contains(seen, arg)) { return seen; }
    Py_DECREF(seen);
    return PyLong_FromLong(1);
}
PyMethodDef methods[] = {
    {"of_user", of_user, METH_O, NULL}, {"of_own", of_own, METH_O, NULL},
    {"of_user_kept", of_user_kept, METH_O, NULL}, {NULL, NULL, 0, NULL},
};
"""


def test_questions_that_only_objects_of_the_user_fail(folder):
    put(folder, "questions.c", QUESTIONS)
    put_database(folder, ["questions.c"])
    asked = ["--rule", "tristate-as-bool"]
    shown = found(run(folder, "scan", *asked))
    check(len(shown) == 1, run(folder, "scan", *asked), "what the program made itself is unsure")
    low = run(folder, "scan", *asked, "--confidence", "low")
    check(len(found(low)) == 2, low, "and told when asked")


def test_selection(folder):
    put_c(folder, "pair.c", LEAK)
    put_c(folder, "lent.c", BORROWED)
    put_database(folder, ["pair.c", "lent.c"])
    for args, rules in [
            (["--exclude-rule", "leak"], ["return-borrowed"]),
            (["--rule", "leak"], ["leak"]),
            (["--rule", "leak", "--exclude-rule", "leak"], []),
            (["--profile", "crash-only"], ["return-borrowed"]),
            (["--profile", "strict"], ["leak", "return-borrowed"]),
            (["--reach", "ordinary"], ["return-borrowed"]),
            (["--reach", "protocol"], ["leak", "return-borrowed"]),
            (["--reach", "all"], ["leak", "return-borrowed"]),
            (["--confidence", "low"], ["leak", "return-borrowed"])]:
        result = run(folder, "scan", *args)
        check(sorted(rule for _, _, rule in found(result)) == rules, result, f"{args}")
        check_code(result, 1 if rules else 0)
        check(result.last.endswith(f"; {len(rules)} finding{'s'[:len(rules) != 1]}"), result, "the last line")
    hidden = run(folder, "scan", "--reach", "ordinary")
    check("not shown: 1 is on an error path ('--reach all' shows it)\n" in hidden.out, hidden,
          "it is counted")
    for args, fragment in [(["--reach", "far"], "init, oom, protocol or all"),
                           (["--confidence", "x"], "expected high, medium or low"),
                           (["--profile", "strickt"], "did you mean strict?"),
                           (["--exclude-rule", "leek"], "did you mean leak?")]:
        one_line_error(run(folder, "scan", *args), fragment)


OOM_LEAK = LEAK.replace("PyObject_SetItem(l, x, x)", "PyList_Append(l, x)")
ALL = ("--reach", "all")


def hidden_counts(folder, *args):
    """What the JSON report says is not shown, without the zeros."""
    summary = json.loads(run(folder, "scan", "--format", "json", *args).out)["summary"]
    return {kind: {reach: n for reach, n in summary[kind].items() if n}
            for kind in ("hidden", "unsure")}


def test_what_needs_a_failed_allocation(folder):
    """It is one line of those for people, and nothing that fails, until it is asked for."""
    put_c(folder, "pair.c", OOM_LEAK)
    put_c(folder, "lent.c", OOM_LEAK)
    put_database(folder, ["pair.c", "lent.c"])
    line = "2 need a failed allocation ('--reach all' shows them)"
    for name in ("text", "markdown", "html", "summary"):
        result = run(folder, "scan", "--format", name)
        check_code(result, 0)
        plain = re.sub(r"<[^>]*>|[`']", "", result.out)
        check(plain.lower().count("not shown: " + line.replace("'", "")) == 1, result, name)
    check(f"not shown: {line}" in run(folder, "scan", "--format", "sarif").out, "", "sarif")
    for name in ("github", "gitlab", "junit", "rdjsonl", "csv"):
        check("failed allocation" not in run(folder, "scan", "--format", name).out, "", name)
    check(hidden_counts(folder) == {"hidden": {"oom": 2}, "unsure": {}}, "", "JSON")
    for args in (ALL, ("--reach", "oom"), ("--profile", "strict")):
        result = run(folder, "scan", *args)
        check_code(result, 1)
        check(len(found(result)) == 2 and "not shown" not in result.out, result, args)
    put(folder, ".strayref.yaml", "reach: all\n")
    check_code(run(folder, "scan"), 1)


def test_gates_and_what_is_hidden(folder):
    """A baseline holds what its options show; what is known or not on changed lines is not
    counted as hidden."""
    put_c(folder, "pair.c", OOM_LEAK)
    put_database(folder, ["pair.c"])
    run(folder, "baseline", "write")
    none = (folder / "strayref.baseline").read_text()
    check("leak" not in none, none, "as the default shows")
    check_code(run(folder, "scan", "--baseline", "strayref.baseline", *ALL), 1)
    run(folder, "baseline", "write", *ALL)
    known = run(folder, "scan", "--baseline", "strayref.baseline")
    check_code(known, 0)
    check("not shown" not in known.out and "stale" not in known.err, known, "known, not hidden")
    check_code(run(folder, "scan", "--baseline", "strayref.baseline", *ALL), 0)
    for lines, counts in ("1", {}), ("12", {"oom": 1}):
        put(folder, "some.diff",
            f"--- a/pair.c\n+++ b/pair.c\n@@ -{lines} +{lines} @@\n-old\n+new\n")
        check(hidden_counts(folder, "--diff", "some.diff")["hidden"] == counts, lines, "--diff")


LENT = """#include <Python.h>
static PyObject *first(PyObject *self, PyObject *dict)
{
    return Py_XNewRef(PyDict_GetItemWithError(dict, self));
}
static PyMethodDef methods[] = {{"first", first, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef_Slot slots[] = {{4, (void *)(%s)}, {0, NULL}};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "lent", .m_methods = methods, .m_slots = slots};
PyMODINIT_FUNC PyInit_lent(void) { %s return PyModuleDef_Init(&module); }
"""
SET_GIL = "extern int PyUnstable_Module_SetGIL(PyObject *, void *); PyUnstable_Module_SetGIL(0, (void *)1);"


def test_rules_on_request(folder):
    """free-threading speaks when asked, and in modules that say that they need no GIL."""
    asked = ["free-threading"]
    for slot, code, options, rules in [
            ("0", "", [], []), ("0", "", ["--profile", "strict"], []),
            ("0", "", ["--rule", "free-threading"], asked),
            ("0", "", ["--profile", "free-threading"], asked),
            ("1", "", [], asked), ("0", SET_GIL, [], asked),
            ("1", "", ["--exclude-rule", "free-threading"], [])]:
        put(folder, "lent.c", LENT % (slot, code))
        put_database(folder, ["lent.c"])
        result = run(folder, "scan", *options)
        check([r for _, _, r in found(result) if r in asked] == rules, result, (slot, code, options))
        check(rules or "free-threading" not in result.out, result, "not even as hidden")
    put(folder, "lent.c", LENT % ("0", ""))
    put(folder, ".strayref.yaml", "rules: {free-threading: note}\n")
    check([r for _, _, r in found(run(folder, "scan")) if r in asked] == asked, "", "asked in the file")


def test_fix_mends_what_is_shown(folder):
    put_c(folder, "pair.c", OOM_LEAK)
    put_database(folder, ["pair.c"])
    check("Py_DECREF" not in run(folder, "fix", "--dry-run").out, "", "not shown, not mended")
    check("Py_DECREF" in run(folder, "fix", "--dry-run", *ALL).out, "", "--reach all")


UNSET = """#include <Python.h>
typedef struct { PyObject_HEAD PyObject *name; PyObject *code; } Column;
static PyObject *column_repr(Column *self)
{
    PyObject *result = NULL, *format = NULL, *args = NULL, *tmp;
    if (!(format = PyUnicode_FromString("%r %r"))) {
        goto exit;
    }
    if (!(args = PyTuple_New(2))) {
        goto exit;
    }
    tmp = self->name ? self->name : Py_None;
    PyObject_IsTrue(tmp);
    tmp = self->code ? self->code : Py_None;
    PyObject_IsTrue(tmp);
    result = PyUnicode_Format(format, args);
exit:
    Py_XDECREF(format);
    return result;
}
static int column_init(Column *self, PyObject *args, PyObject *kw)
{
    PyObject *name, *code;
    if (!PyArg_ParseTuple(args, "OO", &name, &code)) {
        return -1;
    }
    Py_XSETREF(self->name, Py_NewRef(name));
    Py_XSETREF(self->code, Py_NewRef(code));
    return 0;
}
PyTypeObject Column_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "m.Column", .tp_basicsize = sizeof(Column), .tp_new = PyType_GenericNew,
    .tp_init = (initproc)column_init, .tp_repr = (reprfunc)column_repr,
};
"""


def test_ordinary_beside_unusual(folder):
    """What leaks on every path is not hidden because it also leaks where tp_init never ran."""
    put(folder, "unset.c", UNSET)
    put_database(folder, ["unset.c"])
    result = run(folder, "scan", "--rule", "leak", "--reach", "ordinary")
    check([rule for _, _, rule in found(result)] == ["leak"], result, "the leak is ordinary")


# ---- suppressions ---------------------------------------------------------------------------------

def test_suppressions(folder):
    put(folder, "pair.c", SUPPRESSED.format(name="pair", reason="accepted"))
    put_database(folder, ["pair.c"])
    check_code(run(folder, "scan"), 0)
    check_code(run(folder, "scan", "--require-reason"), 0)
    whole = run(folder, "scan", "--format", "json")
    check_code(whole, 0)
    check("accepted" in whole.out, whole, "visible in JSON")
    put(folder, "pair.c", SUPPRESSED.format(name="pair", reason="").replace(" -- ", ""))
    check_code(run(folder, "scan"), 0)
    demanded = run(folder, "scan", "--require-reason")
    check_code(demanded, 1)
    check([rule for _, _, rule in found(demanded)] == ["unknown-suppression"], demanded)
    put(folder, "pair.c", SUPPRESSED.format(name="pair", reason="x").replace("[leak]", "[leek]"))
    wrong = run(folder, "scan")
    check_code(wrong, 2)
    check("pair.c:11:" in wrong.err and "unknown rule 'leek'" in wrong.err
          and "write 'leak'" in wrong.err, wrong, "one clear line")
    check(wrong.err.count("leek") == 1, wrong, "one line")
    check({rule for _, _, rule in found(wrong)} == {"leak", "unknown-suppression"}, wrong)
    check_code(run(folder, "scan", "--fail-on", "never"), 2)
    check_code(run(folder, "scan", "--exclude-rule", "unknown-suppression"), 1)
    put_c(folder, "pair.c", "/* strayref: ignore-file[leak] -- old */\n" + CLEAN)
    unused = run(folder, "scan")
    check_code(unused, 1)
    check([rule for _, _, rule in found(unused)] == ["unused-suppression"], unused)
    check_code(run(folder, "scan", "--rule", "leak"), 0)
    check_code(run(folder, "scan", "--exclude-rule", "unused-suppression"), 0)


def test_suppression_of_an_excluded_rule_is_used(folder):
    put(folder, "pair.c", SUPPRESSED.format(name="pair", reason="accepted"))
    put_database(folder, ["pair.c"])
    for args in (["--exclude-rule", "leak"], ["--rule", "double-decref"],
                 ["--reach", "ordinary"], ["--profile", "crash-only"]):
        result = run(folder, "scan", *args)
        check_code(result, 0)


def test_suppression_in_a_header(folder):
    body = SUPPRESSED.format(name="pair", reason="in a header")
    put(folder, "inc/pair.h", body)
    put(folder, "one.c", '#include "inc/pair.h"\n')
    put(folder, "two.c", '#include "inc/pair.h"\n')
    put_database(folder, ["one.c", "two.c"])
    result = run(folder, "scan")
    check_code(result, 0)


# ---- one file compiled in several ways ------------------------------------------------------------

VARIANT = LEAK.replace("        return NULL;\n    }}\n    return l;", """#ifdef CAREFUL
        Py_DECREF(l);
#endif
        return NULL;
    }}
    return l;""")


def test_variants(folder):
    put_c(folder, "pair.c", VARIANT)
    put_c(folder, "good.c")

    def database(*variants):
        entries = [{"directory": str(folder), "file": name,
                    "arguments": ["cc", f"-I{cli.ROOT}/fixtures/include", *flags, "-c", name]}
                   for name, flags in variants]
        put(folder, "compile_commands.json", json.dumps(entries))

    good, plain, careful = ("good.c", []), ("pair.c", []), ("pair.c", ["-DCAREFUL"])
    for variants, findings, files in [
            ([good, careful], 0, 2), ([good, plain], 1, 2), ([careful, plain, good], 1, 3),
            ([plain, good, careful], 1, 3), ([plain, ("pair.c", ["-DNOTHING"]), good], 1, 3)]:
        database(*variants)
        result = run(folder, "scan")
        check_code(result, 1 if findings else 0)
        check(len(found(result)) == findings, result, variants)
        check(f"{files} file{'s'[:files != 1]} (0 failed), 4 functions: 4 analysed" in result.last, result, variants)
    put_c(folder, "pair.c", VARIANT.replace("#ifdef CAREFUL", "#ifndef CARELESS"))
    database(("pair.c", []), ("pair.c", ["-DCARELESS"]))
    check(len(found(run(folder, "scan"))) == 1, "", "a leak in the second variant only")
    put_c(folder, "pair.c", CLEAN + "#ifdef BROKEN\nint\nbroken(void)\n{{\n    return nowhere;\n}}\n"
          "#else\nint\nbroken(void)\n{{\n    return 1;\n}}\n#endif\n")
    database(("pair.c", []), ("pair.c", ["-DBROKEN"]))
    check_code(run(folder, "scan"), 3)


def run_tests(name, tests):
    """Runs the tests, each in an empty folder; a name on the command line chooses it."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {name} PATH-OF-STRAYREF [TEST...]")
    cli.PROGRAM = os.path.abspath(sys.argv[1])
    passed = failed = 0
    for test_name, test in tests.items():
        if len(sys.argv) > 2 and test_name not in sys.argv[2:]:
            continue
        with tempfile.TemporaryDirectory(prefix="gate-") as folder:
            try:
                test(pathlib.Path(folder).resolve())
                passed += 1
            except Exception:
                failed += 1
                print(f"FAILED {test_name}\n{traceback.format_exc(limit=-2)}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    run_tests("gate.py", {name: test for name, test in globals().items()
                          if name.startswith("test_")})

#!/usr/bin/env python3
"""End-to-end tests of the command line: cli.py PATH-OF-STRAYREF

Each test_ function gets an empty folder and runs the program in it as a user
would; what counts is what is printed and the exit code.
"""
import json
import os
import pathlib
import pty
import random
import re
import subprocess
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = None
STUB = ["--", f"-I{ROOT}/fixtures/include"]
LAST_LINE = re.compile(
    r"strayref: \d+ files? \(\d+ failed\), \d+ functions?: \d+ analysed, "
    r"\d+ damaged, \d+ given up; \d+ findings?")
FINDING = re.compile(r"^([^:\s][^:]*):(\d+):(\d+): (error|warning): (.*) \[([a-z0-9-]+)\]$", re.M)

CLEAN = """#include <Python.h>

static PyObject *
{name}(PyObject *self, PyObject *x)
{{
    Py_INCREF(x);
    return x;
}}

static PyMethodDef {name}_methods[] = {{
    {{"{name}", {name}, METH_O, NULL}},
    {{NULL, NULL, 0, NULL}},
}};

PyMethodDef *
{name}_table(void)
{{
    return {name}_methods;
}}
"""

LEAK = CLEAN.replace("    Py_INCREF(x);\n    return x;\n", """    PyObject *l = PyList_New(0);
    if (l == NULL) {{
        return NULL;
    }}
    if (PyObject_SetItem(l, x, x) < 0) {{
        return NULL;
    }}
    return l;
""")


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.last = err.rstrip("\n").rsplit("\n", 1)[-1]

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def run(folder, *args, env=None, stdout=subprocess.PIPE):
    done = subprocess.run([PROGRAM, *map(str, args)], cwd=folder, stdout=stdout,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=240,
                          env={**os.environ, **(env or {})})
    return Result(done.returncode, (done.stdout or b"").decode("utf-8", "replace"),
                  done.stderr.decode("utf-8", "replace"))


def check(condition, result, why=""):
    if not condition:
        raise AssertionError(f"{why}\n{result!r}")


def check_code(result, code):
    check(result.code == code, result, f"expected exit code {code}")


def check_error(result, fragment):
    """One clear line and exit code 2."""
    check_code(result, 2)
    check(result.err.startswith("strayref: "), result, "no line 'strayref: '")
    check(fragment in result.err, result, f"no {fragment!r} in the error")


def check_summary(result, files=None, failed=None, findings=None):
    check(LAST_LINE.fullmatch(result.last), result, "the last line is no summary")
    numbers = [int(n) for n in re.findall(r"\d+", result.last)]
    check(numbers[2] == sum(numbers[3:6]), result, "the functions do not add up")
    for have, want in ((numbers[0], files), (numbers[1], failed), (numbers[6], findings)):
        check(want is None or have == want, result, f"wrong summary, expected {want}")


def put(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def put_c(folder, name, template=CLEAN, extra=""):
    return put(folder, name, template.format(name=pathlib.Path(name).stem) + extra)


def put_database(folder, files, where="compile_commands.json"):
    entries = [{"directory": str(folder), "file": name,
                "arguments": ["cc", f"-I{ROOT}/fixtures/include", "-O2", "-c", name]}
               for name in files]
    return put(folder, where, json.dumps(entries))


# ---- help and usage ---------------------------------------------------------------

COMMANDS = ["scan", "verify", "dump", "explain", "rules", "facts"]


def test_help(folder):
    whole = run(folder, "--help")
    check_code(whole, 0)
    for command in COMMANDS:
        check(f"\n  {command} " in whole.out, whole, command)
        one = run(folder, command, "--help")
        check_code(one, 0)
        check(f"Usage: strayref {command}" in one.out and not one.err, one)
        check("--help" in one.out, one)


def test_help_names_every_format(folder):
    result = run(folder, "scan", "--help")
    for name in ("text", "markdown", "html", "json", "sarif", "github", "gitlab", "junit", "rdjsonl",
                 "csv", "summary"):
        check(re.search(rf"^\s+{name}\s", result.out, re.M), result, name)


def test_version(folder):
    result = run(folder, "--version")
    check_code(result, 0)
    check(re.fullmatch(r"strayref \d+\.\d+\.\d+\n", result.out), result)


def test_usage_errors_are_one_line(folder):
    put_c(folder, "a.c")
    for args, fragment in [
            ([], "no command"),
            (["scam"], "did you mean scan?"),
            (["--versoin"], "did you mean --version?"),
            (["scan", "--fromat", "text"], "did you mean --format?"),
            (["scan", "-q"], "unknown option -q"),
            (["scan", "--bless"], "unknown option --bless"),
            (["scan", "--format"], "--format needs a value"),
            (["scan", "--verbose=1"], "--verbose takes no value"),
            (["scan", "--format", "mardown"], "did you mean markdown?"),
            (["scan", "--rule", "double-decreff"], "did you mean double-decref?"),
            (["scan", "--python", "three"], "--python three"),
            (["scan", "--python", "2.7"], "--python 2.7: nothing is known of Python 2.7"),
            (["scan", "--python", "3.2"], "expected 3.8 to 3.15"),
            (["scan", "--python", "3.12,3.99"], "nothing is known of Python 3.99"),
            (["scan", "--python", "4.0"], "nothing is known of Python 4.0"),
            (["scan", "-j", "0"], "--jobs 0"),
            (["scan", "--timeout", "1x"], "--timeout 1x"),
            (["scan", "--color", "blue"], "--color blue"),
            (["scan", "-p", ".", "a.c", "--", "-DA"], "exclude each other"),
            (["scan", "--", "-DA"], "need a file"),
            (["scan", "--output", ".", "a.c"], "this is a folder"),
            (["scan", "--model", "none.facts", "a.c"], "none.facts"),
            (["scan", "none.c"], "none.c: no such file"),
            (["scan", "-p", "none"], "none"),
            (["dump", "a.c"], "--ir, --cfg or --summary"),
            (["dump", "--ir", "--cfg", "a.c"], "one thing at a time"),
            (["explain"], "one rule"),
            (["explain", "leek"], "did you mean leak?"),
            (["rules", "leak"], "takes no argument")]:
        result = run(folder, *args)
        check_error(result, fragment)
        check(result.err.count("\n") == 1 and not result.out, result, f"{args}: not one line")


def test_explain_and_rules(folder):
    rules = run(folder, "rules")
    check_code(rules, 0)
    names = [line.split()[0] for line in rules.out.splitlines()]
    check(len(names) >= 5 and names[0] == "leak", rules)
    for name in names:
        page = run(folder, "explain", name)
        check_code(page, 0)
        check(page.out.startswith("# ") and "```c" in page.out, page, name)
        colored = run(folder, "explain", name, "--color", "always")
        check("\033[1m" in colored.out and "```" not in colored.out, colored, name)


# ---- scanning files ------------------------------------------------------------------

def test_finding(folder):
    put_c(folder, "pair.c", LEAK)
    result = run(folder, "scan", "pair.c", *STUB)
    check_code(result, 1)
    check_summary(result, files=1, failed=0, findings=1)
    found = FINDING.findall(result.out)
    check([(f[0], f[1], f[5]) for f in found] == [("pair.c", "11", "leak")], result)


def test_one_macro_is_one_finding(folder):
    """A macro that loses an object wherever it is used: one finding, with the other places;
    what is suppressed or known at one use is no part of it."""
    text = """#include <Python.h>
#define ADD_INT(dict, name) \\
    do { \\
        PyObject *o = PyLong_FromLong(name); \\
        if (o && PyObject_SetAttrString(dict, #name, o) == 0) { \\
            Py_DECREF(o); \\
        } \\
    } while (0)
#define PUSH(list, o) \\
    do { \\
        if (PyObject_SetItem(list, o, o) < 0) { \\
            return -1; \\
        } \\
    } while (0)

int
fill(PyObject *dict, long first, long second, long third)
{
    ADD_INT(dict, first);
    ADD_INT(dict, second);
    ADD_INT(dict, third);%s
    return 0;
}

int
push_number(PyObject *list, long n)
{
    PyObject *number = PyLong_FromLong(n);
    if (!number) {
        return -1;
    }
    PUSH(list, number);
    Py_DECREF(number);
    return 0;
}

int
push_text(PyObject *list, const char *s)
{
    PyObject *text = PyUnicode_FromString(s);
    if (!text) {
        return -1;
    }
    PUSH(list, text);
    Py_DECREF(text);
    return 0;
}
"""
    put(folder, "macros.c", text % "")
    result = run(folder, "scan", "macros.c", *STUB)
    check_code(result, 1)
    found = FINDING.findall(result.out)
    check([f[1] for f in found] == ["19", "32"], result, "one finding for each macro")
    check(result.out.count("the same happens to 'o' here") == 2, result)
    check(result.out.count("the same happens in push_text()") == 1, result)
    put(folder, "macros.c", text % " /* strayref: ignore[leak] -- once */")
    result = run(folder, "scan", "macros.c", *STUB)
    check(result.out.count("the same happens to 'o' here") == 2, result)
    run(folder, "baseline", "write", "--baseline", "known", "macros.c", *STUB)
    check_code(run(folder, "scan", "--baseline", "known", "macros.c", *STUB), 0)


GROUPS = """#include <Python.h>
static PyObject *
forgets(PyObject *self, PyObject *arg)
{
    PyObject *one = PyObject_Str(arg), *two = PyObject_Repr(arg), *three = PyObject_Str(self);
    if (!one || !two || !three || PyObject_Size(arg) < 0) {
        Py_XDECREF(one);
        Py_XDECREF(two);
        Py_XDECREF(three);
        return NULL;
    }
    if (PyObject_IsTrue(arg) < 0) {
        return NULL; /* all three */
    }
    Py_DECREF(two);
    Py_DECREF(three);
    return one;
}
static PyObject *
uses_often(PyObject *self, PyObject *dict)
{
    PyObject *item = PyDict_GetItemWithError(dict, self);
    if (!item) {
        return NULL;
    }
    if (PyObject_SetAttrString(self, "a", self) < 0 || PyObject_SetAttrString(self, "b", item) < 0) {
        return NULL;
    }
    return PyObject_Str(item);
}
static int
checks(PyObject *value)
{
    int yes = PyObject_IsTrue(Py_None) >= 0 && PyObject_Size(value) >= 0;
    return yes && PyObject_IsTrue(value) >= 0 ? 0 : -1;
}
static PyObject *
first(PyObject *self, PyObject *list)
{
    return checks(PyList_GetItem(list, 0)) < 0 ? NULL : PyLong_FromLong(1);
}
static PyObject *
second(PyObject *self, PyObject *list)
{
    return checks(PyList_GetItem(list, 1)) < 0 ? NULL : PyLong_FromLong(2);
}
static PyObject *
counts_twice(PyObject *self, PyObject *list)
{
    PyObject *key = PyList_GetItem(list, 0), *value = PyList_GetItem(list, 1);
    if (!key || !value) {
        return NULL;
    }
    Py_INCREF(key);
    Py_INCREF(value);
    return PyLong_FromLong(2);
}
PyMethodDef methods[] = {{"forgets", forgets, METH_O, NULL}, {"uses_often", uses_often, METH_O, NULL},
    {"counts_twice", counts_twice, METH_O, NULL},
    {"first", first, METH_O, NULL}, {"second", second, METH_O, NULL}, {NULL, NULL, 0, NULL}};
"""


def test_what_one_change_mends_is_one_finding(folder):
    """An exit that forgets several objects, an item that is used in several places, a helper that
    uses its argument after other code ran: one finding each; a baseline knows each by itself."""
    put(folder, "groups.c", GROUPS)
    result = run(folder, "scan", "--format", "json", "groups.c", *STUB, "--exclude-rule",
                 "error-without-exception")
    found = [(f["function"], f["rule"], len(f.get("others", [])))
             for f in json.loads(result.out)["findings"]]
    check(("forgets", "leak", 2) in found, result, "three objects, one exit")
    check([f[2] for f in found if f[0] == "counts_twice"] == [0, 0], result,
          "two counts by hand, each mended where it is")
    check([f[2] for f in found if f[:2] == ("uses_often", "borrowed-across-call")] == [1], result,
          "two uses of one item")
    check([f[2] for f in found if f[0] in ("first", "second") and "across" in f[1]] == [1], result,
          "one helper, two callers")
    text = run(folder, "scan", "groups.c", *STUB)
    check(text.out.count("' goes the same way") == 2 and "the same happens in second()" in text.out, text)
    check(text.out.count(": the same happens to 'item' here") == 1, text)
    run(folder, "baseline", "write", "--baseline", "known", "groups.c", *STUB)
    known = (folder / "known").read_text()
    check(known.count("\tforgets\tleak\t") == 3, known, "each by itself")
    check_code(run(folder, "scan", "--baseline", "known", "groups.c", *STUB), 0)


def test_clean(folder):
    put_c(folder, "pair.c")
    result = run(folder, "scan", "pair.c", *STUB)
    check_code(result, 0)
    check_summary(result, files=1, failed=0, findings=0)


def test_rule_filter(folder):
    put_c(folder, "pair.c", LEAK)
    check_code(run(folder, "scan", "--rule", "leak", "pair.c", *STUB), 1)
    result = run(folder, "scan", "--rule", "double-decref", "pair.c", *STUB)
    check_code(result, 0)
    check_summary(result, findings=0)


def test_installed_python(folder):
    put_c(folder, "pair.c")
    result = run(folder, "scan", "pair.c")
    if "no Python.h" in result.err:
        check_error(result, "python3-dev")
        return
    check_code(result, 0)
    check("strayref: note: pair.c: read with the include flags" in result.err, result)


def test_missing_python_headers(folder):
    put_c(folder, "pair.c")
    result = run(folder, "scan", "pair.c", "--", "-DNOTHING")
    check_code(result, 3)
    check_summary(result, findings=0)
    check("python3-dev" in result.err, result)


def test_missing_file_beside_good_one(folder):
    put_c(folder, "pair.c", LEAK)
    result = run(folder, "scan", "pair.c", "none.c", *STUB)
    check_code(result, 1)
    check_summary(result, files=2, failed=1, findings=1)
    check("strayref: none.c: no such file" in result.err, result)
    put_c(folder, "pair.c")
    check_code(run(folder, "scan", "pair.c", "none.c", *STUB), 3)


def test_file_that_is_not_c(folder):
    put(folder, "setup.py", "import this\n")
    check_error(run(folder, "scan", "setup.py", *STUB), "setup.py: this is not a C source")


def test_folder_with_flags(folder):
    check_error(run(folder, "scan", ".", *STUB), "name its files")


def test_garbage(folder):
    put(folder, "zero.c", b"")
    put(folder, "bytes.c", bytes(range(256)) * 40)
    put(folder, "prose.c", "Dear Sir or Madam, this is not C at all.\n" * 50)
    put_c(folder, "pair.c", LEAK)
    result = run(folder, "scan", "zero.c", "bytes.c", "prose.c", "pair.c", *STUB)
    check_code(result, 1)
    check_summary(result, files=4, findings=1)
    check("strayref: prose.c: " in result.err, result)


def test_unreadable_file(folder):
    path = put_c(folder, "pair.c")
    path.chmod(0)
    if os.access(path, os.R_OK):
        return  # as root everything is readable
    result = run(folder, "scan", "pair.c", *STUB)
    check_code(result, 3)
    check_summary(result, files=1, failed=1)


def test_parse_error_damages_one_function(folder):
    put_c(folder, "pair.c", LEAK, "\nint\nbroken(void)\n{\n    return not_declared;\n}\n")
    result = run(folder, "scan", "pair.c", *STUB)
    check_code(result, 1)
    check_summary(result, files=1, failed=0, findings=1)
    check(" 1 damaged" in result.last, result)
    check("not_declared" in result.err, result)
    put_c(folder, "pair.c", CLEAN, "\nint\nbroken(void)\n{\n    return not_declared;\n}\n")
    check_code(run(folder, "scan", "pair.c", *STUB), 3)


def test_error_outside_functions_is_incomplete(folder):
    for extra in ('#include "nope.h"\n', "int x = ;\n"):
        put(folder, "pair.c", extra + CLEAN.format(name="pair"))
        result = run(folder, "scan", "pair.c", *STUB)
        check_code(result, 3)
        check_summary(result, files=1, findings=0)
        put(folder, "pair.c", LEAK.format(name="pair") + extra)
        check_code(run(folder, "scan", "pair.c", *STUB), 1)


def test_monster_expression_costs_its_file_only(folder):
    put(folder, "monster.c", "int f(int a) { return " + " + ".join(["a"] * 60000) + "; }\n")
    put_c(folder, "pair.c", LEAK)
    result = run(folder, "scan", "monster.c", "pair.c", *STUB)
    check_code(result, 1)
    check_summary(result, files=2, findings=1)


def test_hang_is_cut(folder):
    os.mkfifo(folder / "never.h")
    put(folder, "wait.c", '#include "never.h"\n')
    put_c(folder, "pair.c", LEAK)
    result = run(folder, "scan", "--timeout", "5", "wait.c", "pair.c", *STUB)
    check_code(result, 1)
    check_summary(result, files=2, findings=1)


# ---- compilation databases --------------------------------------------------------------

def test_database(folder):
    put_c(folder, "src/one.c", LEAK)
    put_c(folder, "src/two.c")
    put_c(folder, "lib/three.c", LEAK)
    put_database(folder, ["src/one.c", "src/two.c", "lib/three.c"])
    result = run(folder, "scan")
    check_code(result, 1)
    check_summary(result, files=3, failed=0, findings=2)
    for args, where, files in [(["-p", "."], "", 3), (["-p", "compile_commands.json"], "", 3),
                               ([], "src", 3), (["src"], "", 2), (["src/one.c"], "", 1),
                               (["lib", "src/two.c"], "", 2), ([".."], "src", 3)]:
        result = run(folder / where, "scan", *args)
        check_code(result, 1)
        check_summary(result, files=files, failed=0)
    result = run(folder, "scan", "src/two.c")
    check_code(result, 0)


def test_database_in_build_folder(folder):
    put_c(folder, "src/one.c", LEAK)
    put_database(folder, ["src/one.c"], "build/compile_commands.json")
    for args in ([], ["-p", "build"], ["src/one.c"]):
        result = run(folder, "scan", *args)
        check_code(result, 1)
        check("src/one.c:11:" in result.out, result)


def test_path_outside_the_database(folder):
    put_c(folder, "one.c")
    put_c(folder, "two.c")
    (folder / "doc").mkdir()
    put_database(folder, ["one.c"])
    result = run(folder, "scan", "one.c", "doc")
    check_code(result, 3)
    check("doc: " in result.err, result)
    check_summary(result, files=2, failed=1)
    result = run(folder, "scan", "two.c")
    if "no Python.h" not in result.err:
        check_code(result, 0)
        check("does not name it" in result.err, result)


def test_missing_database(folder):
    result = run(folder, "scan")
    check_error(result, "no compile_commands.json found")
    for part in ("bear -- python3 setup.py build_ext --force", "meson setup",
                 "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", f"{folder}/compile_commands.json",
                 f"{folder}/build/compile_commands.json"):
        check(part in result.err, result, part)
    check_error(run(folder, "scan", "-p", "."), "bear -- ")


def test_unusable_databases(folder):
    for text, fragment in [("", "compile_commands.json:1:1: this is not JSON"),
                           ("[{]", "compile_commands.json:1:"),
                           ("{}", "must be a JSON array"), ("[]", "the database is empty"),
                           ('[{"file": "x.S", "command": "cc x.S"}]', "no C or C++ file")]:
        put(folder, "compile_commands.json", text)
        check_error(run(folder, "scan"), fragment)


def test_entries_that_are_gone(folder):
    put_c(folder, "here.c", LEAK)
    put_database(folder, ["here.c", "gone.c"])
    result = run(folder, "scan")
    check_code(result, 1)
    check_summary(result, files=2, failed=1, findings=1)
    check("strayref: gone.c: no such file" in result.err, result)
    check("gone.c" not in run(folder, "scan", "here.c").err, result)
    (folder / "here.c").unlink()
    result = run(folder, "scan")
    check_code(result, 3)
    check_summary(result, files=2, failed=2)


# ---- reports ------------------------------------------------------------------------------

def test_output_files(folder):
    put_c(folder, "pair.c", LEAK)
    for name, start in [("r.md", "# "), ("r.html", "<!DOCTYPE html>"), ("r.txt", "pair.c:11:")]:
        result = run(folder, "scan", "--output", name, "pair.c", *STUB)
        check_code(result, 1)
        check(not result.out, result, "a report on standard output")
        check((folder / name).read_text().lower().startswith(start.lower()), result, name)
    check(sorted(os.listdir(folder)) == ["pair.c", "r.html", "r.md", "r.txt"], result,
          f"left behind: {os.listdir(folder)}")
    dash = run(folder, "scan", "--format", "markdown", "--output", "-", "pair.c", *STUB)
    check(dash.out == (folder / "r.md").read_text(), dash, "'-' is not standard output")
    check("\x1b" not in dash.out, dash)


def test_headers(folder):
    """A header, and a source file that another includes, are read through those that include
    them, with their flags; only what they say themselves is reported."""
    put(folder, "inc/own.h", "#include \"list.h\"\n")
    put(folder, "inc/list.h", "#ifdef WANTED\n" + LEAK.format(name="inner") + "#endif\n")
    put(folder, "part.c", LEAK.format(name="part").replace("#include <Python.h>", ""))
    put(folder, "pair.c", '#define WANTED\n#include "own.h"\n#include "part.c"\n'
        + LEAK.format(name="pair"))
    put_c(folder, "other.c")
    put(folder, "compile_commands.json", json.dumps(
        [{"directory": str(folder), "file": name,
          "arguments": ["cc", f"-I{STUB[1][2:]}", "-Iinc", "-c", name]}
         for name in ("pair.c", "other.c")]))
    for name in ("inc/list.h", "part.c"):
        result = run(folder, "scan", name)
        check_code(result, 1)
        shown = {line.split(":")[0] for line in result.out.splitlines() if ": warning: " in line}
        check(shown == {name}, result, "only what is named")
        check("strayref: 1 file (0 failed), 2 functions: 2 analysed" in result.err, result, name)
        check("installed python3" not in result.err, result, "the flags of the database")
    both = run(folder, "scan", "part.c", "other.c")
    check_code(both, 1)
    check("strayref: 2 files (0 failed)" in both.err, both, "with a file of the database")


def test_output_that_is_input(folder):
    put(folder, "inner.h", "#define INNER 1\n")
    put(folder, "pair.c", '#include "inner.h"\n' + LEAK.format(name="pair"))
    (folder / "link.md").symlink_to("pair.c")
    put_database(folder, ["pair.c"])
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for args in (["-o", "text=pair.c", "pair.c", *STUB], ["-o", "text=link.md", "pair.c", *STUB],
                 ["-o", "r.md", "--summary", "pair.c", "pair.c", *STUB], ["-o", "text=inner.h"],
                 ["-o", "r.md", "-o", "text=./pair.c"],
                 ["-p", "compile_commands.json", "-o", "compile_commands.json"]):
        result = run(folder, "scan", *args)
        check_error(result, "this file is read as input")
        check(before == {path.name: path.read_bytes() for path in folder.iterdir()
                        if path.is_file()}, result,
              "nothing is written")
    result = run(folder, "baseline", "write", "--baseline", "pair.c")
    check_error(result, "--baseline pair.c: this file is read as input")
    check(before["pair.c"] == (folder / "pair.c").read_bytes(), result, "nothing is written")


def test_full_disk(folder):
    if not os.path.exists("/dev/full"):
        return
    put_c(folder, "pair.c", LEAK)
    with open("/dev/full", "wb") as full:
        result = run(folder, "scan", "pair.c", *STUB, stdout=full)
    check_code(result, 2)
    check_summary(result, findings=1)


def test_color(folder):
    put_c(folder, "pair.c", LEAK)
    check("\x1b[" in run(folder, "scan", "--color=always", "pair.c", *STUB).out, "", "always")
    check("\x1b[" not in run(folder, "scan", "pair.c", *STUB).out, "", "pipe")


def on_terminal(folder, args, env):
    """What the program shows when all its streams are a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([PROGRAM, *args], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=follower, stderr=follower, env={**os.environ, **env})
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 65536):
            shown += chunk
    except OSError:
        pass  # the terminal is closed when the program ends
    os.close(leader)
    process.wait()
    return shown.decode("utf-8", "replace")


def test_terminal(folder):
    put_c(folder, "pair.c", LEAK)
    args = ["scan", "pair.c", *STUB]
    shown = on_terminal(folder, args, {"TERM": "xterm", "NO_COLOR": ""})
    check("1/1" in shown and "\x1b[1m" in shown, shown, "no bar or no colour")
    check(LAST_LINE.search(shown.splitlines()[-1]), shown, "no last line")
    shown = on_terminal(folder, args, {"TERM": "xterm", "NO_COLOR": "1"})
    check("1/1" in shown and "\x1b[1m" not in shown and "\x1b[0" not in shown, shown,
          "NO_COLOR is not honoured")
    shown = on_terminal(folder, args, {"TERM": "dumb"})
    check("\x1b" not in shown, shown, "escape sequences on a dumb terminal")


def test_reports_do_not_depend_on_order(folder):
    names = [f"src/f{i}.c" for i in range(6)]
    for i, name in enumerate(names):
        put_c(folder, name, LEAK if i % 2 else CLEAN)
    put_database(folder, names)
    first = run(folder, "scan", "-j1", "--format", "markdown")
    check_code(first, 1)
    check(run(folder, "scan", "-j4", "--format", "markdown").out == first.out, first, "-j4")
    random.Random(7).shuffle(names)
    put_database(folder, names)
    check(run(folder, "scan", "--format", "markdown").out == first.out, first, "shuffled")


# ---- models and dumps ------------------------------------------------------------------------

OWN = CLEAN.replace("    Py_INCREF(x);\n    return x;\n", """    PyObject *p = own_make(x);
    if (p == NULL) {{
        return NULL;
    }}
    return Py_BuildValue("O", p);
""").replace("static PyObject *\n{name}(", "extern PyObject *own_make(PyObject *x);\n\n"
             "static PyObject *\n{name}(")


def test_model(folder):
    put_c(folder, "pair.c", OWN)
    check_code(run(folder, "scan", "pair.c", *STUB), 0)
    put(folder, "own.facts", "own_make(x) -> new | NULL raises\n")
    result = run(folder, "scan", "--model", "own.facts", "pair.c", *STUB)
    check_code(result, 1)
    put(folder, "bad.facts", "own_make(x) -> new\nwhat is this\n")
    result = run(folder, "scan", "--model", "bad.facts", "pair.c", *STUB)
    check_error(result, "bad.facts:2:")


def test_dump(folder):
    put_c(folder, "pair.c", LEAK)
    ir = run(folder, "dump", "--ir", "pair.c", *STUB)
    check_code(ir, 0)
    check("PyList_New" in ir.out and "pair_table" in ir.out, ir)
    cfg = run(folder, "dump", "--cfg", "pair.c", *STUB)
    check_code(cfg, 0)
    check(cfg.out.count("digraph") == 2, cfg)
    summary = run(folder, "dump", "--summary", "pair.c", *STUB)
    check_code(summary, 0)
    check(re.search(r"^pair\(.*\)", summary.out, re.M), summary)
    put(folder, "pair.facts", summary.out)
    check_code(run(folder, "scan", "--model", "pair.facts", "pair.c", *STUB), 1)
    check_error(run(folder, "dump", "--ir", "none.c", *STUB), "none.c")


def main():
    global PROGRAM
    if len(sys.argv) < 2:
        sys.exit("usage: cli.py PATH-OF-STRAYREF [TEST...]")
    PROGRAM = os.path.abspath(sys.argv[1])
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")
             and (len(sys.argv) == 2 or name in sys.argv[2:])]
    passed = failed = 0
    for name, test in tests:
        with tempfile.TemporaryDirectory(prefix="strayref-cli-") as folder:
            try:
                test(pathlib.Path(folder).resolve())
                passed += 1
            except Exception:
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc(limit=-2)}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

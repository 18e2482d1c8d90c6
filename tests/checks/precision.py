#!/usr/bin/env python3
"""tests/precision: the ledger is well made; measure and mutate count rightly over projects of ours."""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEASURE = ROOT / "tests/precision/measure"
MUTATE = ROOT / "tests/precision/mutate"
LEDGER = ROOT / "tests/precision/judgements.csv"
STRAYREF = pathlib.Path(sys.argv[1]).resolve()
SOURCE = """\
#include <Python.h>
PyObject *one(PyObject *a) { PyObject *s = PyObject_Str(a); return s ? PyLong_FromLong(1000) : NULL; }
PyObject *two(PyObject *a) { PyObject *t = PyObject_Str(a); return t ? PyLong_FromLong(1000) : NULL; }
int three(PyObject *a) { Py_DECREF(PyObject_Str(a)); return 0; }
PyObject *rare(PyObject *a)
{
    PyObject *u = PyList_New(0);
    return u && PyList_Append(u, a) < 0 ? NULL : u;
}
"""
CLEAN = """\
#include <Python.h>
static PyObject *keep(PyObject *self, PyObject *a)
{
    PyObject *text = PyObject_Str(a);
    if (text == NULL) {
        return NULL;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(text);
    Py_DECREF(text);
    if (n > 3) {
        Py_INCREF(a);
        return a;
    }
    return PyLong_FromSsize_t(n);
}
PyMethodDef methods[] = {{"keep", keep, METH_O, NULL}, {NULL, NULL, 0, NULL}};
"""
failures = []


def check(what, good, seen=""):
    if not good:
        failures.append(f"{what}\n{seen}")


def measure(*words):
    """Runs measure: (exit code, output, errors)."""
    done = subprocess.run([MEASURE, "--strayref", STRAYREF, *words], capture_output=True, text=True,
                          check=False, env={**os.environ, "STRAYREF_CORPUS": ""})
    return done.returncode, done.stdout, done.stderr


def findings_of(database, *words):
    """The findings of a scan with these options."""
    done = subprocess.run([STRAYREF, "scan", "-p", database, "--format", "json", *words],
                          capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["findings"]


def make_corpus(folder, name, source):
    project = folder / name
    project.mkdir()
    (project / "small.c").write_text(source)
    command = f"cc -I{ROOT}/fixtures/include -c small.c"
    (project / "compile_commands.json").write_text(json.dumps(
        [{"directory": str(project), "file": "small.c", "command": command}]))


def make_ledger(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        with open(LEDGER, newline="", encoding="utf-8") as real:
            out.writerow(next(csv.reader(real)))
        out.writerows(rows)


def table_row(text, rule):
    """The cells of a rule's line: the percentage is one of them."""
    for line in text.splitlines():
        cells = line.replace(" %", "%").split()
        if cells and cells[0] == rule:
            return cells[1:]
    return None


def check_counts(folder, args):
    ledger = folder / "ledger.csv"
    make_ledger(ledger, [])
    code, text, _ = measure(*args, "--ledger", ledger, "--project", "small", "--list", "unjudged")
    blank = list(csv.reader(text.splitlines()))
    check("three findings without a judgement, exit code 1", code == 1 and len(blank) == 3, text)
    if len(blank) != 3:
        return
    gone = ["small", "small.c", "zero", "leak", "z", "0" * 16, "true", "", "went"]
    strict = findings_of(folder / "small", "--reach", "all")
    rare = [[*("small", "small.c", "rare", "leak", "u"), finding["fingerprint"], "true", "", "rare"]
            for finding in strict if finding["function"] == "rare"]
    check("one finding needs a failed allocation", len(rare) == 1, strict)
    judged = {"one": ("true", "", "lost"), "two": ("false", "cause", "not lost")}
    rows = [[*row[:6], *judged[row[2]]] for row in blank if row[2] in judged]
    make_ledger(ledger, sorted([*rows, *rare, gone]))
    code, text, _ = measure(*args, "--ledger", ledger)
    check("leak: 2 findings, 2 judged, 1 true, 50 %, 1 hidden, 1 lost",
          table_row(text, "leak") == ["2", "2", "1", "0", "1", "50%", "0", "1", "1", "0"], text)
    check("null-reference: 1 finding, unjudged",
          table_row(text, "null-reference") == ["1", "0", "0", "0", "0", "-", "1", "0", "0", "0"], text)
    check("exit code 1 while something is unjudged", code == 1)
    check("denominator", "1 projects, 1 files, 9 lines, 4 functions analysed: small" in text, text)
    lost = measure(*args, "--ledger", ledger, "--list", "lost")[1].splitlines()
    check("one lost judgement", len(lost) == 1 and lost[0].startswith("small,small.c,zero,leak"), lost)
    check("causes", measure(*args, "--ledger", ledger, "--list", "causes")[1].split()
          == ["1", "cause"])
    check("false ones", measure(*args, "--ledger", ledger, "--list", "false")[1].startswith(
        "small/small.c:3: "))
    make_ledger(ledger, sorted([*row[:6], "true", "", "so"] for row in blank))
    code, text, _ = measure(*args, "--ledger", ledger, "--table")
    check("exit code 0 when all are judged and true", code == 0, text)
    check("Markdown", "| `leak` | 2 | 2 | 2 | 0 | 0 | 100 % | 0 | 0 | 0 | 0 |" in text, text)


def check_malformed(folder, args):
    row = ["small", "small.c", "one", "leak", "s", "0" * 16, "true", "", "so"]
    other = [*row[:5], "1" * 16, *row[6:]]
    wrong = {"verdict": [[*row[:6], "maybe", "", "so"]], "no reason": [[*row[:8], ""]],
             "without a cause": [[*row[:6], "false", "", "so"]], "twice": [row, row],
             "not sorted": [other, row], "columns": [row[:5]]}
    for what, rows in wrong.items():
        make_ledger(folder / "bad.csv", rows)
        code, _, error = measure(*args, "--ledger", folder / "bad.csv")
        check(f"a bad ledger is refused: {what}", code == 1 and what in error, error)


def check_mutate(folder):
    make_corpus(folder, "clean", CLEAN)
    done = subprocess.run([MUTATE, "--strayref", STRAYREF, "--corpus", folder, "--project", "clean",
                           "--survivors"], capture_output=True, text=True, check=False)
    for kind in ("leak", "double-release", "use-after-release", "return-borrowed", "null-check"):
        check(f"{kind}: one defect in one function, found",
              table_row(done.stdout, kind) == ["1", "1", "1", "100%"], done.stdout + done.stderr)
    check("what is planted is taken out again, in a copy",
          (folder / "clean/small.c").read_text() == CLEAN)
    make_corpus(folder, "dirty", SOURCE)
    done = subprocess.run([MUTATE, "--strayref", STRAYREF, "--corpus", folder, "--project", "dirty"],
                          capture_output=True, text=True, check=False)
    check("functions with findings get no defects", "all" not in done.stdout.split(), done.stdout)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_corpus(folder, "small", SOURCE)
        args = ["--corpus", folder]
        check_counts(folder, args)
        check_malformed(folder, args)
        check_mutate(folder)
        code, text, error = measure(*args, "--project", "small", "--list", "lost")
        check("the ledger is well made", code == 1 and not error, text + error)
    check("without a corpus", measure()[0] == 2)
    print("\n".join(failures) or "precision: ledger and measure are right")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

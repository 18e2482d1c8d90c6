#!/usr/bin/env python3
"""scan --python A,B: one report for several versions; what not all of them have says so:
versions.py STRAYREF"""
import os
import subprocess
import sys
import tempfile

SOURCE = r"""
#include <Python.h>

static PyObject *
none(PyObject *self, PyObject *arg)
{
    return Py_None;
}

static PyObject *
lost(PyObject *self, PyObject *arg)
{
    PyObject *list = PyList_New(0);
    if (list == NULL) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {{"none", none, METH_O, NULL}, {"lost", lost, METH_O, NULL},
                         {NULL, NULL, 0, NULL}};
"""


def main():
    strayref = os.path.abspath(sys.argv[1])
    stub = os.path.abspath("fixtures/include")
    failures = []

    def scan(python, folder):
        done = subprocess.run([strayref, "scan", "--python", python, "sample.c", "--",
                               f"-I{stub}"], cwd=folder, capture_output=True, text=True)
        heads = [line for line in done.stdout.splitlines()
                 if ": error: " in line or ": warning: " in line]
        return done, heads

    def expect(condition, what, seen):
        if not condition:
            failures.append(f"{what}: {seen}")

    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "sample.c"), "w") as file:
            file.write(SOURCE)
        both, heads = scan("3.9,3.13", folder)
        expect(both.returncode == 1 and len(heads) == 2, "two findings", heads)
        expect(len(heads) == 2 and "(Python 3.9 only)" in heads[0], "3.9 alone", heads)
        expect(len(heads) == 2 and "only)" not in heads[1], "the leak is in both", heads)
        expect(both.stderr.splitlines()[-1].endswith("2 findings"), "the last line",
               both.stderr)
        _, heads = scan("3.13,3.9", folder)
        expect(len(heads) == 2 and "(Python 3.9 only)" in heads[0], "the other order", heads)
        _, heads = scan("3.9", folder)
        expect(len(heads) == 2 and "only)" not in heads[0], "one version", heads)
        for wrong in ("3.9,", "3.9,x", "3.9,3.9", ""):
            done, _ = scan(wrong, folder)
            expect(done.returncode == 2, f"--python {wrong}", done.stderr)
            expect(len(done.stderr.splitlines()) == 1, f"--python {wrong}", done.stderr)

    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

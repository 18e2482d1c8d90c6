#!/usr/bin/env python3
"""facts about a project: --unknown counts the callees that nobody knows; annotations and
bodies are found by name; wrong annotations and contradictions are told, nothing else is
lost: unknown.py STRAYREF"""
import json
import os
import subprocess
import sys
import tempfile

SOURCE = r"""
#include <Python.h>
#define NOTE(words) __attribute__((annotate("strayref:" words)))

struct api { PyObject *(*get)(PyObject *); };
extern struct api *api;
extern void **Table_API;
#define Table_Get (*(PyObject *(*)(PyObject *))Table_API[3])
extern PyObject *mystery(PyObject *x);
extern int known(PyObject *x) NOTE("steals(1)");
extern int misspelled(PyObject *x) NOTE("steels(1)") NOTE("negative_result_sets_exception");
extern int numbers_only(int x);

static PyObject *
helper(PyObject *x)
{
    return PyList_New(PyObject_Size(x) < 0);
}

NOTE("returns_borrowed")
static PyObject *
liar(void)
{
    return PyList_New(0);
}

static PyObject *
method(PyObject *self, PyObject *arg)
{
    mystery(arg);
    mystery(arg);
    api->get(arg);
    Table_Get(arg);
    numbers_only(3);
    misspelled(arg);
    Py_XDECREF(helper(arg));
    liar();
    Py_INCREF(arg);
    known(arg);
    return PyList_New(0);
}

PyMethodDef methods[] = {{"method", method, METH_O, NULL}, {NULL, NULL, 0, NULL}};
"""


def main():
    strayref = os.path.abspath(sys.argv[1])
    stub = os.path.abspath("fixtures/include")
    failures = []

    def run(*args, folder):
        return subprocess.run([strayref, *args], cwd=folder, capture_output=True, text=True)

    def expect(text, part, what):
        if part not in text:
            failures.append(f"{what}: expected '{part}' in:\n{text}")

    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "sample.c"), "w") as file:
            file.write(SOURCE)
        with open(os.path.join(folder, "compile_commands.json"), "w") as file:
            json.dump([{"directory": folder, "file": "sample.c",
                        "arguments": ["cc", f"-I{stub}", "-c", "sample.c"]}], file)

        lines = run("facts", "--unknown", folder=folder).stdout.splitlines()
        names = [line.split()[:2] for line in lines[:-1]]
        if names != [["2", "mystery"], ["1", "(*Table_Get)"], ["1", ".get"]]:
            failures.append(f"--unknown lists {names}")
        expect(lines[0], "sample.c:30", "the first place of mystery")
        expect(lines[-1], "4 of ", "the last line")
        expect(lines[-1], " %) that take or return objects go to a callee that nobody knows",
               "the last line")

        known = run("facts", "-p", ".", "helper", "known", "PyList_New", folder=folder)
        expect(known.stdout, "helper(x", "facts -p: helper")
        expect(known.stdout, "# computed from the body at sample.c:15", "facts -p: helper")
        expect(known.stdout, "known(steal x)", "facts -p: known")
        expect(known.stdout, "# from the annotations of its declaration", "facts -p: known")
        expect(known.stdout, "# built in", "facts -p: PyList_New")

        scan = run("scan", folder=folder)
        expect(scan.stderr, "sample.c:11:12: annotation 'steels(1)' of misspelled: unknown word; "
               "expected returns_new,", "scan")
        expect(scan.stderr, "sample.c:22:1: liar is annotated 'returns_borrowed', but its body "
               "returns a new reference", "scan")
        expect(run("facts", "-p", ".", "misspelled", folder=folder).stdout, "raises",
               "the other annotation of misspelled")

    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

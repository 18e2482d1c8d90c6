#!/usr/bin/env python3
"""The language server against a scan: what it says of a buffer after each edit is what a scan
says of the same text, and a broken buffer keeps what was said of functions nobody touched."""

import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
from lspclient import CAPABILITIES, Client  # noqa: E402

PROGRAM = sys.argv[1]

HELPER = """#include <Python.h>

PyObject *
make_pair(PyObject *a, PyObject *b)
{
    return PyTuple_Pack(2, a, b);
}
"""

MAIN = """#include <Python.h>

PyObject *make_pair(PyObject *a, PyObject *b);

static PyObject *
leaks(PyObject *self, PyObject *x)
{
    PyObject *list = PyList_New(0);
    if (list == NULL) {
        return NULL;
    }
    if (PyObject_SetItem(list, x, x) < 0) {
        return NULL;
    }
    return list;
}

static PyObject *
pairs(PyObject *self, PyObject *x)
{
    PyObject *pair = make_pair(x, x);
    if (pair == NULL) {
        return NULL;
    }
    if (PyObject_IsTrue(pair) < 0) {
        return NULL;
    }
    return pair;
}

static PyMethodDef methods[] = {
    {"leaks", leaks, METH_O, NULL},
    {"pairs", pairs, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "edits", .m_size = -1, .m_methods = methods,
};

PyMODINIT_FUNC
PyInit_edits(void)
{
    return PyModule_Create(&module);
}
"""


def scan(folder):
    """(line, column, rule, lines and texts of the story) of each finding that a scan reports in
    main.c."""
    out = subprocess.run([PROGRAM, "scan", "--no-cache", "--format", "json", "-p", folder], check=False,
                         capture_output=True, text=True).stdout
    found = []
    for finding in json.loads(out)["findings"]:
        if finding["file"].endswith("main.c") and not finding.get("suppressed"):
            found.append((finding["line"], finding["column"], finding["rule"],
                          tuple((step["line"], step["text"]) for step in finding["steps"])))
    return sorted(found)


def shown(diagnostics):
    return sorted((d["range"]["start"]["line"] + 1, d["range"]["start"]["character"] + 1, d["code"],
                   tuple((r["location"]["range"]["start"]["line"] + 1, r["message"])
                         for r in d["relatedInformation"])) for d in diagnostics)


SILENT = """#include <Python.h>

static void
note(int n)
{
    (void)n;
}

static int
check(PyObject *x)
{
    if (!PyLong_CheckExact(x)) {
        return -1;
    }
    return 0;
}

static int
pass_on(PyObject *x)
{
    if (check(x) < 0) {
        return -1;
    }
    return PyObject_IsTrue(x);
}

static PyObject *
first(PyObject *self, PyObject *x)
{
    if (pass_on(x) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
second(PyObject *self, PyObject *x)
{
    note(1);
    if (pass_on(x) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}
""" + MAIN[MAIN.index("static PyMethodDef"):].replace("leaks", "first").replace("pairs", "second")


HEADER = """static int
look(PyObject *x)
{
    return PyObject_IsTrue(x);
}
"""


class Session:
    def __init__(self, folder, text):
        self.folder = folder
        self.main = folder / "main.c"
        self.text = text
        self.main.write_text(text)
        (folder / "helper.c").write_text(HELPER)
        (folder / "local.h").write_text(HEADER)
        (folder / ".strayref.yaml").write_text("profile: strict\n")
        flags = subprocess.run(["python3-config", "--includes"], check=True, capture_output=True,
                               text=True).stdout.split()
        (folder / "compile_commands.json").write_text(json.dumps([
            {"directory": str(folder), "file": name,
             "arguments": ["cc", *flags, "-c", name]} for name in ("main.c", "helper.c")]))
        self.client = Client([PROGRAM, "lsp"])
        self.client.start(CAPABILITIES)
        self.client.open(self.main)
        self.compare("opened")

    def compare(self, what):
        got = shown(self.client.diagnostics(self.main))
        self.main.write_text(self.text)
        want = scan(self.folder)
        assert got == want, f"{what}: server {got}, scan {want}"
        print(f"{what}: {len(got)} findings, as a scan says")

    def edit(self, old, new):
        """Replaces the first 'old' by an incremental edit."""
        start = self.text.index(old)
        before, end = self.text[:start], self.text[:start + len(old)]

        def place(text):
            return {"line": text.count("\n"), "character": len(text) - text.rfind("\n") - 1}
        self.text = before + new + self.text[start + len(old):]
        self.client.change(self.main, [{"range": {"start": place(before), "end": place(end)},
                                        "text": new}])


def same_as_scan(session):
    """Edits of every kind."""
    session.edit("        return NULL;\n    }\n    return list;",
                 "        Py_DECREF(list);\n        return NULL;\n    }\n    return list;")
    session.compare("release added in a body")
    session.edit("        Py_DECREF(list);\n", "")
    session.compare("... and taken out again")
    session.edit("    PyObject *pair = make_pair(x, x);", "    int n = 1;\n\n\n    PyObject *pair = "
                 "make_pair(x, x);")
    session.compare("lines added in another body")
    session.edit("static PyMethodDef", "/* a comment */\nstatic PyMethodDef")
    session.compare("lines between functions")
    session.edit('    {"pairs", pairs, METH_O, NULL},\n', "")
    session.compare("a function out of the method table")
    session.edit("static PyObject *\npairs(", "PyObject *\npairs(")
    session.compare("a declaration changed")
    session.edit("PyObject *make_pair(PyObject *a, PyObject *b);",
                 "static PyObject *make_pair(PyObject *a, PyObject *b) { return a; }")
    session.compare("a callee of this file in place of the other's")
    session.edit("{ return a; }", "{ Py_INCREF(a); return a; }")
    session.compare("a callee's summary changed")
    session.edit("static PyMethodDef", "/* strayref: ignore-file[leak] -- tried */\nstatic "
                 "PyMethodDef")
    session.compare("a suppression")
    session.edit("/* strayref: ignore-file[leak] -- tried */\n", "")
    session.compare("... taken out again")


def places(session):
    """What a caller tells of is in another function: it moves with that one."""
    assert any(d[2] == "error-without-exception" for d in scan(session.folder)), scan(session.folder)
    session.edit("    (void)n;\n", "    (void)n;\n    n++;\n    n++;\n")
    session.compare("lines above a function that others tell of")
    session.edit("    note(1);\n", "    note(1);\n    note(2);\n")
    session.compare("one of those that tell of it")
    session.edit("    if (!PyLong", "    note(3);\n    if (!PyLong")
    session.compare("a line in the function that they tell of")
    session.edit("    note(2);\n", "")
    session.compare("one of those that tell of it, again")
    session.edit("    note(3);\n", "")
    session.edit("static int\ncheck", "\n\nstatic int\ncheck")
    session.compare("the text between functions")
    session.edit("    note(1);\n", "")
    session.compare("one of those that tell of it, once more")


def closed(session):
    """A file that was edited, saved and closed is as it was saved for those that call it."""
    helper = session.folder / "helper.c"
    session.client.open(helper)
    session.client.diagnostics(helper)
    session.client.replace(helper, HELPER + "\n")
    session.client.diagnostics(helper)
    text = HELPER.replace("    return PyTuple_Pack(2, a, b);", "    (void)b;\n    return a;")
    session.client.replace(helper, text)
    session.client.diagnostics(helper)
    helper.write_text(text)
    session.client.notify("textDocument/didClose", {"textDocument": {"uri": helper.as_uri()}})
    session.edit("    PyObject *pair = make", "    ;\n    PyObject *pair = make")
    session.compare("the callee's file closed")


def including(text):
    return (text.replace("PyObject *make_pair", '#include "local.h"\n\nPyObject *make_pair', 1)
            .replace("PyObject_IsTrue(pair) < 0", "look(pair) < 0"))


def include(session):
    """A header that nobody includes on the disk."""
    session.edit(session.text, including(session.text))
    session.compare("a header included")


def header(session):
    """A header and the file that includes it, neither saved: both are as in the editor."""
    path = session.folder / "local.h"
    text = HEADER
    session.client.open(path)
    session.client.diagnostics(path)
    for what, old, new in (
            ("cannot fail", "    return PyObject_IsTrue(x);", "    return x == Py_True;"),
            ("fails again", "    return x == Py_True;", "    return PyObject_IsTrue(x);"),
            ("has another line", "static int", "\nstatic int")):
        text = text.replace(old, new)
        session.client.replace(path, text)
        got = shown(session.client.diagnostics(session.main))
        session.edit("    PyObject *pair =", "    ;\n    PyObject *pair =")
        assert len(shown(session.client.diagnostics(session.main))) == len(got)
        session.client.replace(path, text + "/* the end */\n")
        got = shown(session.client.diagnostics(session.main))
        path.write_text(text)
        session.main.write_text(session.text)
        want = scan(session.folder)
        assert got == want, f"the header {what}: server {got}, scan {want}"
        print(f"the header {what}: {len(got)} findings, as a scan says")
    session.client.notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})
    session.edit("    ;\n", "")
    session.compare("the header closed")


NONE = """#include <Python.h>

static PyObject *
none(PyObject *self, PyObject *x)
{
    return Py_None;
}
""" + MAIN[MAIN.index("static PyMethodDef"):].replace("leaks", "none").replace(
    '    {"pairs", pairs, METH_O, NULL},\n', "")


def pythons(session):
    """Of several Pythons, the one that has a finding is named; settings change how many there are."""
    def texts():
        return [d["message"] for d in session.client.diagnostics(session.main)]
    (session.folder / ".strayref.yaml").write_text("python: ['3.13', '3.9']\n")
    watched = {"changes": [{"uri": (session.folder / ".strayref.yaml").as_uri(), "type": 1}]}
    session.client.notify("workspace/didChangeWatchedFiles", watched)
    found = texts()
    assert len(found) == 1 and "(only on Python 3.9)" in found[0], found
    session.edit("    return Py_None;", "    Py_INCREF(Py_None);\n    return Py_None;")
    assert texts() == []
    session.edit("    Py_INCREF(Py_None);\n", "")
    found = texts()
    assert len(found) == 1 and "(only on Python 3.9)" in found[0], found
    print("two Pythons: the finding of one")
    (session.folder / ".strayref.yaml").write_text("python: ['3.9']\n")
    session.client.notify("workspace/didChangeWatchedFiles", watched)
    found = texts()
    assert len(found) == 1 and "only on" not in found[0], found
    (session.folder / ".strayref.yaml").unlink()
    session.client.notify("workspace/didChangeWatchedFiles", watched)
    session.compare("one Python again")


def broken(session):
    """What was found in functions that nobody touches stays while the buffer is broken."""
    before = [d for d in scan(session.folder) if d[2] == "leak"]
    assert before, "the text has a leak"
    session.edit("    int n = 1;\n", "    int n = (1;\n\n")
    got = [d for d in shown(session.client.diagnostics(session.main)) if d[2] == "leak"]
    assert got == [d for d in before if d[0] < session.text[:session.text.index("int n")]
                   .count("\n")], got
    session.edit("    int n = (1;\n\n", "    int n = 1;\n")
    session.compare("mended")
    session.edit("static PyMethodDef methods[] = {", "static PyMethodDef methods[] = ")
    got = shown(session.client.diagnostics(session.main))
    assert [d for d in got if d[2] == "leak"] == before, got
    session.edit("static PyMethodDef methods[] = ", "static PyMethodDef methods[] = {")
    session.compare("mended again")


def main():
    for text, steps in ((MAIN, (same_as_scan, broken)), (MAIN, (closed,)), (including(MAIN), (header,)),
                        (MAIN, (include, header)), (SILENT, (places,)), (NONE, (pythons,))):
        with tempfile.TemporaryDirectory() as name:
            session = Session(pathlib.Path(name).resolve(), text)
            for step in steps:
                step(session)
            assert session.client.stop() == 0


if __name__ == "__main__":
    main()

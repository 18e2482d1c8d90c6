#!/usr/bin/env python3
"""strayref classes: classes.py PATH-OF-STRAYREF

The table of a small file, as text and as JSON, field by field.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

SOURCE = """#include <Python.h>

typedef struct node {
    PyObject_HEAD
    PyObject *value, *name, *parent;
    struct node *next;
} NodeObject;

static PyObject *
node_set(NodeObject *self, PyObject *value)
{
    Py_INCREF(value);
    Py_XSETREF(self->value, value);
    Py_XSETREF(self->name, PyUnicode_FromString("n"));
    self->parent = value;
    Py_RETURN_NONE;
}

static int
node_traverse(NodeObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->next);
    return 0;
}

static void
node_dealloc(NodeObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->value);
    Py_XDECREF(self->name);
    Py_XDECREF(self->next);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef node_methods[] = {
    {"set", (PyCFunction)node_set, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject NodeType = {
    .tp_name = "demo.Node",
    .tp_basicsize = sizeof(NodeObject),
    .tp_dealloc = (destructor)node_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)node_traverse,
    .tp_methods = node_methods,
};
"""

# field -> owner, what it can hold, visited, cleared, released
EXPECTED = {
    "value": ("owner", "any object", False, False, True),
    "name": ("owner", "atoms", False, False, True),
    "parent": ("borrower", "any object", False, False, False),
    "next": ("owner", "demo.Node", True, False, True),
}


def run(program, folder, *options):
    command = [program, "classes", str(folder / "node.c"), *options, "--",
               "-I", str(ROOT / "fixtures/include")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def json_problems(text):
    types = json.loads(text)
    if [t["name"] for t in types] != ["demo.Node"]:
        return [f"expected the type demo.Node, found {types}"]
    node = types[0]
    problems = []
    if (node["struct"], node["gc"], node["heap"]) != ("NodeObject", True, False):
        problems.append(f"wrong struct or flags: {node}")
    if node["slots"].get("tp_traverse") != "node_traverse":
        problems.append(f"wrong slots: {node['slots']}")
    found = {f["name"]: (f["owner"], f["can_hold"], f["visited"], f["cleared"], f["released"])
             for f in node["fields"]}
    for name in EXPECTED.keys() | found.keys():
        if EXPECTED.get(name) != found.get(name):
            problems.append(f"field {name}: expected {EXPECTED.get(name)}, found {found.get(name)}")
    return problems


def text_problems(text):
    problems = []
    for name, (owner, holds, *_) in EXPECTED.items():
        lines = [line for line in text.splitlines() if line.split()[:1] == [name]]
        if len(lines) != 1 or owner not in lines[0] or holds not in lines[0]:
            problems.append(f"text: wrong line for {name}: {lines}")
    return problems


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: classes.py PATH-OF-STRAYREF")
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "node.c").write_text(SOURCE)
        problems = json_problems(run(program, folder, "--format", "json"))
        problems += text_problems(run(program, folder))
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Passes NULL to functions of the C-API in the installed Python, and compares what happens
with the marks in the facts: a parameter without a mark must crash, one with '?' must not; wrong
marks must be found: null-marks.py STRAYREF

Each call happens in a child process of its own, after one with good arguments has worked.
"""
import importlib.machinery
import importlib.util
import itertools
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile

sys.dont_write_bytecode = True
sys.path[:0] = ["tests/tools", "tests/runtime"]
import factfile  # noqa: E402
import makers  # noqa: E402


def load_make_calls():
    """tests/runtime/make-calls as a module: it knows which objects suit a parameter."""
    loader = importlib.machinery.SourceFileLoader("make_calls", "tests/runtime/make-calls")
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_calls", loader))
    loader.exec_module(module)
    return module


MAKE_CALLS = load_make_calls()
VERSION = MAKE_CALLS.VERSION
AREAS = set(MAKE_CALLS.AREAS) - {"sys", "eval", "memory"}
TRIES = 18
EXCLUDED = re.compile("|".join(r"""
    _ Py_(Exit|Finalize|Leave|Enter|FatalError|SetRecursion|AtExit|Universal)
    PyErr_(Print|SetInterrupt)
    PyObject_(NEW|New|GC_Del|CallFinalizer) PyModule_Add(Int|String)Macro PyMarshal_.*File PyOS_
    PyDescr_New PyComplex_AsC PySlice_GetI Py_UNICODE PyCode_(GetNumF|Addr2Loc) PyFrame_New
    PyImport_(Append|Extend) PyFile_New PyTraceBack_Print
    """.split()))
# Whether NULL matters depends on the other arguments.
DEPENDS = {("PySequence_Fast", "message"), ("PyUnicode_RichCompare", "right"),
           ("PyDict_SetDefault", "default"), ("PyUnicode_FSConverter", "o"),
           ("PyUnicode_FSDecoder", "o")}

HEAD = """#include <Python.h>
#include <datetime.h>
#include <frameobject.h>
#include <marshal.h>
#include <structmember.h>

typedef struct Call {
    PyObject *object[12];
    char *text[12];
    void *pointer[12];
    Py_ssize_t number;
    PyObject *result;
    long long returned;
} Call;
"""
TAIL = """
static char memory[12][4096];

/* attempt(function, number, objects, texts, pointers): does not return; 'objects' holds
 * tuples with one object each, or empty ones for NULL; None is NULL in the others. */
static PyObject *
attempt(PyObject *self, PyObject *args)
{
    PyObject *objects, *texts, *pointers;
    Call c = {.number = 0};
    int n;
    if (!PyArg_ParseTuple(args, "inO!O!O!", &n, &c.number, &PyTuple_Type, &objects,
                          &PyTuple_Type, &texts, &PyTuple_Type, &pointers)) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(objects); i++) {
        PyObject *o = PyTuple_GET_ITEM(objects, i);
        if (PyTuple_GET_SIZE(o) == 1) {
            c.object[i] = PyTuple_GET_ITEM(o, 0);
            Py_SET_REFCNT(c.object[i], Py_REFCNT(c.object[i]) + 5);
        }
        o = PyTuple_GET_ITEM(texts, i);
        c.text[i] = o != Py_None ? (char *)PyUnicode_AsUTF8(o) : NULL;
        c.pointer[i] = PyTuple_GET_ITEM(pointers, i) != Py_None ? memory[i] : NULL;
    }
    calls[n](&c);
    PyObject *error = PyErr_Occurred();
    bool misused = error && (PyErr_GivenExceptionMatches(error, PyExc_TypeError) ||
                             PyErr_GivenExceptionMatches(error, PyExc_SystemError));
    _exit(misused ? 101 : 100);
}

static PyMethodDef methods[] = {{"attempt", attempt, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "nullmarks", NULL, -1, methods};

PyMODINIT_FUNC
PyInit_nullmarks(void)
{
    PyDateTime_IMPORT;
    return PyModule_Create(&definition);
}
"""


def missing_names(strayref):
    """What the installed headers do not declare."""
    out = subprocess.run([strayref, "facts", "--verbose", "check"], capture_output=True,
                         text=True, check=False).stdout
    return set(re.findall(r"^not declared: (\S+)", out, re.M))


def can_try(fact, missing):
    """True when simple arguments will do."""
    return (fact.area in AREAS and fact.holds(VERSION) and fact.name not in missing
            and fact.name[0] != "." and not EXCLUDED.match(fact.name)
            and not {"parse", "build", "noreturn"} & set(fact.flags)
            and (not fact.variadic or fact.name.endswith("ObjArgs"))
            and len(fact.params) <= 12
            and any(p.kind in ("obj", "str") for p in fact.params))


def argument(fact, param, index):
    """The C expression for an argument."""
    if param.kind == "str":
        return f"c->text[{index}]"
    if param.kind == "ptr":
        return f"c->pointer[{index}]"
    return SIMPLE_ARGUMENT(fact, param, index)


SIMPLE_ARGUMENT = MAKE_CALLS.argument
MAKE_CALLS.argument = argument


def build(facts, folder):
    """Compiles the calls and gives the module that makes them."""
    lines = [HEAD]
    for n, fact in enumerate(facts):
        lines += ["static void", f"call_{n}(Call *c)", "{", f"    {MAKE_CALLS.call(fact)}", "}"]
    lines.append("static void (*const calls[])(Call *) = {")
    lines += [f"    call_{n}," for n in range(len(facts))]
    lines += ["};", "#include <stdbool.h>", TAIL]
    source, library = folder / "nullmarks.c", folder / "nullmarks.so"
    source.write_text("\n".join(lines))
    subprocess.run([os.environ.get("CC", "cc"), "-w", "-O1", "-shared", "-fPIC",
                    "-I" + sysconfig.get_path("include"), "-o", library, source], check=True)
    sys.setdlopenflags(os.RTLD_LAZY)
    spec = importlib.util.spec_from_file_location("nullmarks", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_child(module, n, fact, choice, null):
    """In the child: makes the call and ends the process."""
    letters, number, word = choice
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    signal.alarm(5)
    objects, texts, pointers = [], [], []
    for i, param in enumerate(fact.params):
        given = i != null and param.kind in ("obj", "objp") and letters[i] != "-"
        objects.append((makers.MAKERS[letters[i]](),) if given else ())
        known = MAKE_CALLS.TEXTS.get(param.name, (word,))[0]
        texts.append(known if param.kind == "str" and i != null else None)
        pointers.append(1 if param.kind == "ptr" and i != null else None)
    module.attempt(n, number, tuple(objects), tuple(texts), tuple(pointers))


def attempt(module, n, fact, choice, null=None):
    """'good', 'misused', 'crash', or 'other' when the child did not get that far."""
    child = os.fork()
    if child == 0:
        try:
            run_child(module, n, fact, choice, null)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "crash" if os.WTERMSIG(status) != signal.SIGALRM else "other"
    return {100: "good", 101: "misused"}.get(os.WEXITSTATUS(status), "other")


def choices(fact):
    """Some of the possible arguments, in an order that is always the same."""
    pools = [MAKE_CALLS.pool(fact, p).replace("-", "") or "-"
             if p.kind in ("obj", "objp") else "." for p in fact.params]
    letters = list(itertools.islice(itertools.product(*pools), 2000))
    random.Random(fact.name).shuffle(letters)
    numbers = (2, 1, 0) if any(p.kind == "int" for p in fact.params) else (1,)
    words = ("attribute", "sys") if any(p.kind == "str" for p in fact.params) else ("",)
    return itertools.islice(itertools.product(letters, numbers, words), TRIES)


def contradictions(module, facts):
    """(number of parameters tried, the lines that tell what is wrong)"""
    tried, wrong = 0, []
    for n, fact in enumerate(facts):
        good = next((c for c in choices(fact) if attempt(module, n, fact, c) == "good"), None)
        for i, param in enumerate(fact.params):
            if good is None or param.kind not in ("obj", "str"):
                continue
            if (fact.name, param.name) in DEPENDS:
                continue
            found = attempt(module, n, fact, good, i)
            tried += found != "other"
            if found in ("good", "misused") and not param.nullable and not param.refused:
                wrong.append(f"{fact.name}: NULL for '{param.name}' does not crash")
            if found == "crash" and param.nullable:
                wrong.append(f"{fact.name}: NULL for '{param.name}' crashes")
    return tried, wrong


def check(strayref, *folder):
    """Builds and tries all facts of a folder."""
    missing = missing_names(strayref)
    facts = [fact for fact in factfile.read_all(*folder) if can_try(fact, missing)]
    with tempfile.TemporaryDirectory() as work:
        return contradictions(build(facts, pathlib.Path(work)), facts)


WRONG = """PyList_Append(list, keep item)    -> 0 | -1 nomem
PyList_Size(list?)                -> 0.. | -1 raises
PyObject_Size(o)                  -> 0.. | -1 raises          [calls]
PyTuple_Size(tuple)               -> 0.. | -1 raises
"""


def check_that_it_can_fail(strayref):
    """Wrong marks are found, and right ones beside them are not."""
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "list.facts").write_text(WRONG)
        _, wrong = check(strayref, folder)
    told = {line.split(":")[0] for line in wrong}
    return told == {"PyList_Append", "PyList_Size", "PyObject_Size"}


def main():
    """Command line."""
    strayref = os.path.abspath(sys.argv[1])
    if not check_that_it_can_fail(strayref):
        print("wrong marks are not found")
        return 1
    tried, wrong = check(strayref)
    for line in wrong:
        print(line)
    print(f"{tried} parameters tried with NULL; {len(wrong)} contradictions")
    return 1 if wrong or tried < 300 else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The analysis on several cores gives what it gives on one: parallel.py PROGRAM

A generated project of some hundred functions, with calls across files, recursion, functions
that are passed on, annotations that bodies contradict, and equal static functions in two files,
is scanned with one to five processes, with and without a cache, and with analysis processes
that are killed at random moments.  Every report must be the same to the byte.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

FILES = 4
FUNCTIONS = 60

HEAD = """#include <Python.h>
#define NEW_RESULT __attribute__((annotate("strayref:returns_new")))
"""


def body(rng, file, number):
    """The text of one function: what it does with what it gets from those before."""
    name = f"f{file}_{number}"
    if number == 0:
        return f"PyObject *{name}(PyObject *a) {{ return PyList_New(3); }}\n"
    callee = f"f{rng.randrange(file + 1)}_{rng.randrange(number)}"
    other = f"f{file}_{rng.randrange(number)}"
    kind = rng.randrange(7)
    if kind == 0:
        return (f"PyObject *{name}(PyObject *a) {{ PyObject *x = {callee}(a); "
                f"if (!x) return NULL; PyObject *y = {other}(x); return y; }}\n")
    if kind == 1:
        return (f"PyObject *{name}(PyObject *a) {{ PyObject *x = {callee}(a); "
                f"Py_XDECREF(x); return {other}(a); }}\n")
    if kind == 2:
        return (f"PyObject *{name}(PyObject *a) {{ PyObject *x = {callee}(a); if (!x) return NULL; "
                f"Py_DECREF(x); return PyObject_Repr(x); }}\n")
    if kind == 3:
        return (f"PyObject *{name}(PyObject *a) {{ if (PyObject_IsTrue(a)) return {name}(a); "
                f"Py_INCREF(a); return {callee}(a); }}\n")
    if kind == 4:
        return (f"PyObject *{name}(PyObject *a) {{ PyObject *(*g)(PyObject *) = "
                f"PyObject_IsTrue(a) ? {callee} : {other}; PyObject *x = g(a); Py_DECREF(a); "
                f"return x; }}\n")
    if kind == 5:
        return (f"PyObject *{name}_b(PyObject *a);\n"
                f"PyObject *{name}(PyObject *a) {{ return a == Py_None ? {callee}(a) : "
                f"{name}_b(a); }}\n"
                f"PyObject *{name}_b(PyObject *a) {{ return {name}(a); }}\n")
    return (f"NEW_RESULT PyObject *{name}(PyObject *a) {{ return PyTuple_GetItem(a, {number}); }}\n"
            f"static PyObject *same_{number}(PyObject *a) {{ PyObject *x = {other}(a); "
            f"return x ? PyObject_Str(x) : NULL; }}\n"
            f"PyObject *{name}_c(PyObject *a) {{ return same_{number}(a); }}\n")


def write_project(folder):
    rng = random.Random(8)
    include = subprocess.run(["python3-config", "--includes"], capture_output=True, text=True,
                             check=True).stdout.split()
    declared = "".join(f"PyObject *f{file}_{number}(PyObject *a);\n"
                       for file in range(FILES) for number in range(FUNCTIONS))
    (folder / "all.h").write_text(HEAD + declared)
    entries = []
    for file in range(FILES):
        text = '#include "all.h"\n' + "".join(body(rng, file, n) for n in range(FUNCTIONS))
        (folder / f"m{file}.c").write_text(text)
        entries.append({"directory": str(folder), "file": f"m{file}.c",
                        "arguments": ["cc", *include, "-c", f"m{file}.c"]})
    (folder / "compile_commands.json").write_text(json.dumps(entries))
    time.sleep(0.05)


def scan(program, folder, *options):
    """Report and messages of one scan, as they are to be equal."""
    done = subprocess.run([program, "scan", "-p", folder, "--format", "json", *options],
                          capture_output=True, timeout=240, check=False)
    assert done.returncode == 1, (done.returncode, done.stderr.decode())
    return done.stdout, done.stderr


def children(pid):
    """The processes that a process has started."""
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children")
                .read_text().split()]
    except OSError:
        return []


def scan_and_kill(program, folder, rng):
    """A scan of which one analysis process is killed: (report, messages, whether it was)."""
    killed = False
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, subprocess.Popen(
            [program, "scan", "-p", folder, "--format", "json", "-j2", "--cache",
             folder / "units"], stdout=out, stderr=err) as run:
        delay = rng.random() * 0.02
        end = time.monotonic() + 20
        while run.poll() is None and time.monotonic() < end and not killed:
            found = children(run.pid)
            if found:
                time.sleep(delay)
                try:
                    os.kill(rng.choice(found), signal.SIGKILL)
                    killed = True
                except ProcessLookupError:
                    pass
            else:
                time.sleep(0.001)
        run.wait(timeout=120)
        out.seek(0)
        err.seek(0)
        report, messages = out.read(), err.read()
    return report, messages, killed


def forget_results(folder):
    """Leaves the units in the cache, so that the only processes are those of the analysis."""
    import sqlite3
    with sqlite3.connect(folder / "units/cache.db") as database:
        database.execute("DELETE FROM entry WHERE kind=2")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: parallel.py PROGRAM")
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        write_project(folder)
        first = scan(program, folder, "-j1", "--no-cache")
        found = json.loads(first[0])["findings"]
        assert len(found) > 50, f"only {len(found)} findings: nothing to compare"
        for options in (["-j2", "--no-cache"], ["-j5", "--no-cache"], ["-j1"], ["-j2"], ["-j3"]):
            assert scan(program, folder, *options) == first, f"{options}: another result"
        (folder / "m1.c").write_text((folder / "m1.c").read_text().replace(
            "Py_DECREF(x); return PyObject_Repr(x)", "return PyObject_Repr(x)", 3))
        time.sleep(0.05)
        changed = scan(program, folder, "-j2")
        assert changed == scan(program, folder, "-j1", "--no-cache"), "after a change: another result"
        assert changed != first, "the change changes nothing"

        scan(program, folder, "--cache", str(folder / "units"))
        rng, kills = random.Random(9), 0
        for _ in range(100): # some are over before a process is met
            if kills == 8:
                break
            forget_results(folder)
            report, messages, killed = scan_and_kill(program, folder, rng)
            kills += killed
            assert (report, messages) == changed, messages.decode()
        assert kills > 5, f"only {kills} processes were killed"


if __name__ == "__main__":
    main()

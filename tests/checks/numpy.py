#!/usr/bin/env python3
"""NumPy's headers: the macros that cpychecker's attributes need must not lead them astray
(with one of these they declare no table and no import_array). Uses headers in their shape,
and the real ones where NumPy is installed: numpy.py STRAYREF"""
import os
import pathlib
import subprocess
import sys
import tempfile

HEADER = r"""
#ifndef NPY_NDARRAYOBJECT_H
#define NPY_NDARRAYOBJECT_H
typedef struct { PyObject_HEAD } PyArray_Descr;
#define NPY_DOUBLE 12
#if defined(_MULTIARRAYMODULE) || defined(WITH_CPYCHECKER_STEALS_REFERENCE_TO_ARG_ATTRIBUTE)
PyObject * PyArray_FromAny(PyObject *, PyArray_Descr *, int, int, int, PyObject *);
#else
static void **PyArray_API = NULL;
#define PyArray_DescrFromType (*(PyArray_Descr * (*)(int)) PyArray_API[45])
#define PyArray_FromAny \
        (*(PyObject * (*)(PyObject *, PyArray_Descr *, int, int, int, PyObject *)) \
         PyArray_API[69])
int _import_array(void);
#define import_array() \
        {if (_import_array() < 0) {PyErr_Print(); \
         PyErr_SetString(PyExc_RuntimeError, "failed to import"); return NULL; } }
#endif
#endif
"""

SOURCE = r"""
#include <Python.h>
#ifdef WITH_CPYCHECKER_STEALS_REFERENCE_TO_ARG_ATTRIBUTE
#define STEALS(n) __attribute__((cpychecker_steals_reference_to_arg(n)))
#endif
#include <numpy/arrayobject.h>
#ifdef WITH_CPYCHECKER_STEALS_REFERENCE_TO_ARG_ATTRIBUTE
int give(PyObject *x) STEALS(1);
#endif

static PyObject *
as_array(PyObject *self, PyObject *arg)
{
    PyArray_Descr *dtype = PyArray_DescrFromType(NPY_DOUBLE);
    if (dtype == NULL) {
        return NULL;
    }
    PyObject *array = PyArray_FromAny(arg, dtype, 0, 0, 0, NULL);
    Py_DECREF(dtype);
    if (array != NULL) {
        Py_INCREF(arg);
        give(arg);
    }
    return array;
}

static PyMethodDef methods[] = {{"as_array", as_array, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "sample",
                                 .m_methods = methods};

PyMODINIT_FUNC
PyInit_sample(void)
{
    import_array();
    return PyModule_Create(&definition);
}
"""


def installed():
    """The folder of the real headers, or None."""
    for name in ("numpy.core", "numpy._core"):
        code = f"import {name} as c, os; print(os.path.join(os.path.dirname(c.__file__), 'include'))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        if done.returncode == 0 and os.path.isdir(done.stdout.strip()):
            return done.stdout.strip()
    return None


def check(strayref, folder, python, headers):
    """What is wrong with a scan that uses these headers."""
    done = subprocess.run([strayref, "scan", "sample.c", "--", f"-I{python}", f"-I{headers}"],
                          cwd=folder, capture_output=True, text=True)
    heads = [line for line in done.stdout.splitlines()
             if line.startswith("sample.c:") and (": error: " in line or ": warning: " in line)]
    if len(heads) != 1 or "PyArray_FromAny already took over" not in heads[0]:
        return f"with {headers}: {heads}\n{done.stderr}"
    if "2 functions: 2 analysed" not in done.stderr:
        return f"with {headers}: {done.stderr}"
    return None


def main():
    strayref = os.path.abspath(sys.argv[1])
    stub = os.path.abspath("fixtures/include")
    failures = []

    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "include/numpy").mkdir(parents=True)
        (root / "include/numpy/ndarrayobject.h").write_text(HEADER)
        (root / "include/numpy/arrayobject.h").write_text('#include "ndarrayobject.h"\n')
        (root / "sample.c").write_text(SOURCE)
        failures.append(check(strayref, folder, stub, root / "include"))
        (root / "sample.c").write_text(SOURCE.replace("arrayobject.h", "ndarrayobject.h"))
        failures.append(check(strayref, folder, stub, root / "include"))
        real = installed()
        if real is not None:
            includes = subprocess.run(["python3-config", "--includes"], capture_output=True,
                                      text=True, check=True).stdout.split()[0][2:]
            (root / "sample.c").write_text(SOURCE)
            failures.append(check(strayref, folder, includes, real))

    failures = [failure for failure in failures if failure is not None]
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

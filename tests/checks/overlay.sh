#!/bin/sh
# The overlay header compiles against Python's headers, in C and C++, and turns
# macros into calls: overlay.sh STRAYREF [INCLUDE-FOLDER...]
# Without folders, those of the installed Python.
set -eu

strayref=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/overlay"

cat >"$work/use.c" <<'EOF'
#define PY_SSIZE_T_CLEAN
#include "Python.h"
#include <Python.h>
#include <structmember.h>
#include <datetime.h>

typedef struct {
    PyObject_HEAD
    PyObject *item;
} Box;

static int
box_traverse(Box *self, visitproc visit, void *arg)
{
    Py_VISIT(self->item);
    return 0;
}

static PyObject *
box_use(Box *self, PyObject *args)
{
    PyObject *list = PyList_New(1);
    PyTypeObject *type = Py_TYPE(self);
    PyObject *local;

    if (list == NULL || PyTuple_GET_SIZE(args) < 1 || !PyUnicode_Check(args)) {
        Py_XDECREF(list);
        return NULL;
    }
    local = PyTuple_GET_ITEM(args, 0);
    Py_INCREF(local);
    PyList_SET_ITEM(list, 0, local);
    Py_INCREF(type);
    Py_DECREF(type);
    Py_CLEAR(self->item);
    Py_XINCREF(NULL);
    if (PyBytes_AS_STRING(args)[0] == 'x' && PyFloat_AS_DOUBLE(args) > 0.5) {
        Py_RETURN_NONE;
    }
    return list;
}

void *const box_functions[] = {(void *)box_traverse, (void *)box_use, (void *)PyObject_Free};
EOF

# compile LANGUAGE FOLDER: stops the check when the file does not compile.  The folder
# above may hold a pyconfig.h by machine.
compile() {
    cc -w -x "$1" -I"$work/overlay" -I"$2" -idirafter "$2/.." -fsyntax-only "$work/use.c"
    cc -w -x "$1" -I"$work/overlay" -I"$2" -idirafter "$2/.." -E "$work/use.c" \
        >"$work/use.i"
    for macro in Py_VISIT Py_INCREF Py_CLEAR PyTuple_GET_ITEM PyBytes_AS_STRING; do
        if ! sed -n '/^box_traverse/,$p' "$work/use.i" | grep -q "strayref_overlay_$macro("; then
            echo "$2, $1: $macro is no call" >&2
            exit 1
        fi
    done
}

if [ $# -eq 0 ]; then
    set -- "$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')"
fi
for folder; do
    version=$(awk '/define PY_M(AJOR|INOR)_VERSION/ { printf "%s%s", dot, $3; dot = "." }' \
        "$folder/patchlevel.h")
    "$strayref" facts --python "$version" overlay >"$work/overlay/Python.h"
    compile c "$folder"
    if echo | cc -x c++ -fsyntax-only - 2>/dev/null; then
        compile c++ "$folder"
    fi
    echo "overlay for Python $version: $(grep -c '^#undef' "$work/overlay/Python.h") macros"
done

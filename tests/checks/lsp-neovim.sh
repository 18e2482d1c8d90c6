#!/bin/bash
# The language server in Neovim, without a terminal: lsp-neovim.sh PATH-OF-STRAYREF
set -euo pipefail
STRAYREF=$(realpath "$1")
export STRAYREF
cd "$(dirname "$0")/../.."

command -v nvim >/dev/null || { echo "skipped: Neovim is not installed"; exit 0; }
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
export LEAK_C=$work/leak.c HOME=$work
cat >"$LEAK_C" <<'END'
#include <Python.h>

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

static PyMethodDef methods[] = {
    {"leaks", leaks, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "leaks", .m_size = -1, .m_methods = methods,
};
END
flags=$(python3-config --includes)
printf '[{"directory": "%s", "file": "leak.c", "command": "cc %s -c leak.c"}]\n' "$work" "$flags" \
    >"$work/compile_commands.json"
timeout 200 nvim --headless -u NONE -i NONE -n -S tests/lsp/neovim.lua 2>&1

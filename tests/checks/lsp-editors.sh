#!/bin/bash
# The recipes of reports/editors: the VS Code extension packaged by its own tool, Vim's errorformat,
# eglot where Emacs has it: lsp-editors.sh PATH-OF-STRAYREF
#
# An editor that is not installed is skipped; so is the extension without npm.
set -euo pipefail
strayref=$(realpath "$1")
cd "$(dirname "$0")/../.."
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
. tests/tools/npm.sh

cat >"$work/leak.c" <<'END'
#include <Python.h>

PyObject *
leaks(PyObject *x)
{
    PyObject *list = PyList_New(0);
    if (list != NULL && PyObject_SetItem(list, x, x) < 0) {
        return NULL;
    }
    return list;
}
END
printf '[{"directory": "%s", "file": "leak.c", "command": "cc %s -c leak.c"}]\n' "$work" \
    "$(python3-config --includes)" >"$work/compile_commands.json"

# ---- Vim: the lines of a scan become a list of places ----
if command -v vim >/dev/null; then
    grep '^set makeprg\|^set errorformat' reports/editors/README.md >"$work/recipe.vim"
    [ "$(wc -l <"$work/recipe.vim")" -eq 2 ]
    (cd "$work" && PATH=$(dirname "$strayref"):$PATH timeout 60 vim -u NONE -i NONE -n -es \
        -c 'source recipe.vim' -c 'edit leak.c' -c 'silent make!' \
        -c 'call writefile(map(filter(getqflist(), "v:val.valid"), "v:val.lnum . v:val.type . bufname(v:val.bufnr)"), "places")' \
        -c 'quitall!' >/dev/null 2>&1) || true
    grep -qx '8[ew]leak.c' "$work/places" || { echo "Vim sees:"; cat "$work/places"; exit 1; }
    echo "ok: Vim's list of errors"
else
    echo "skipped: Vim is not installed"
fi

# ---- Emacs: eglot starts the server and has its finding ----
if command -v emacs >/dev/null && emacs -Q --batch --eval "(require 'eglot)" 2>/dev/null; then
    PATH=$(dirname "$strayref"):$PATH timeout 90 emacs -Q --batch --eval "
(progn (require 'eglot) (require 'flymake) (require 'project)
  (add-to-list 'eglot-server-programs '((c-mode c++-mode c-ts-mode) . (\"strayref\" \"lsp\")))
  (setq eglot-sync-connect t) (find-file \"$work/leak.c\") (c-mode)
  (cl-letf (((symbol-function 'project-current) (lambda (&rest _) (cons 'transient \"$work/\"))))
    (apply #'eglot (eglot--guess-contact)))
  (with-timeout (60 (kill-emacs 1))
    (while (null (flymake-diagnostics)) (accept-process-output nil 0.1)))
  (message \"%s\" (flymake-diagnostic-text (car (flymake-diagnostics)))))" 2>&1 | grep -q list
    echo "ok: Emacs with eglot"
else
    echo "skipped: no Emacs with eglot"
fi

# ---- Visual Studio Code: the package ----
extension=$npm_cache/vscode-extension
npm_need "$npm_cache/vsce" @vscode/vsce@3.2.1
npm_need "$extension" vscode-languageclient@9.0.1
node --check reports/editors/vscode/extension.js
cp reports/editors/vscode/* reports/editors/vscode/.vscodeignore "$extension"
(cd "$extension" && "$npm_cache/vsce/node_modules/.bin/vsce" package --allow-missing-repository \
    --skip-license -o "$work/strayref.vsix") >"$work/npm" 2>&1 || { cat "$work/npm"; exit 1; }
python3 - "$work/strayref.vsix" <<'END'
import json
import sys
import zipfile

names = zipfile.ZipFile(sys.argv[1]).namelist()
for name in ("extension/extension.js", "extension/package.json", "extension/README.md",
             "extension/node_modules/vscode-languageclient/package.json"):
    assert name.lower() in [n.lower() for n in names], name
settings = json.load(open("reports/editors/vscode/package.json"))["contributes"]["configuration"]
source = open("analyzer/lsp/settings.c").read()
for name in settings["properties"]:
    word = name.removeprefix("strayref.")
    assert word in ("path", "arguments") or f'"{word}"' in source, f"the server ignores {name}"
print("ok: the package of the VS Code extension,", len(names), "files")
END

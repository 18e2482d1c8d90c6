#!/bin/bash
# The recipes of reports/editors: Vim's errorformat, ALE, Kakoune, eglot, the VS Code extension packaged
# by its own tool: lsp-editors.sh PATH-OF-STRAYREF
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

# recipe WORD: the first block of the page that has the word.
recipe() {
    awk -v word="$1" '/^```/ { if (open && index(text, word)) { printf "%s", text; exit }
                               open = !open; text = ""; next }
                      open { text = text $0 "\n" }' reports/editors/README.md | grep .
}
path=$(dirname "$strayref"):$PATH

# ---- Vim: the lines of a scan become a list of places ----
if command -v vim >/dev/null; then
    recipe makeprg >"$work/recipe.vim"
    (cd "$work" && PATH=$path timeout 60 vim -u NONE -i NONE -n -es \
        -c 'source recipe.vim' -c 'edit leak.c' -c 'silent make!' \
        -c 'call writefile(map(filter(getqflist(), "v:val.valid"), "v:val.lnum . v:val.type . bufname(v:val.bufnr)"), "places")' \
        -c 'quitall!' >/dev/null 2>&1) || true
    grep -qx '8[ew]leak.c' "$work/places" || { echo "Vim sees:"; cat "$work/places"; exit 1; }
    echo "ok: Vim's list of errors"
else
    echo "skipped: Vim is not installed"
fi

# ---- Vim with ALE: the finding comes, and goes when the leak is mended ----
if command -v vim >/dev/null && [ -e /usr/share/vim/vimfiles/pack/dist-bundle/opt/ale ]; then
    {
        printf '%s\n' 'set nocompatible' 'filetype plugin on' 'packadd ale' \
            "let g:ale_linters = {'c': ['strayref']}"
        recipe ale#linter
    } >"$work/ale.vim"
    cat >"$work/drive.vim" <<'END'
function Places()
    return map(copy(ale#engine#GetLoclist(bufnr(''))), 'v:val.lnum . " " . v:val.text')
endfunction
function Await(some)
    let tries = 0
    while tries < 300 && empty(Places()) == a:some
        sleep 100m
        let tries += 1
    endwhile
    return Places()
endfunction
edit leak.c
call ale#Queue(0)
let found = Await(1)
call append(7, '        Py_DECREF(list);')
doautocmd TextChanged
call writefile(found + ['then: ' . string(Await(0))], 'ale')
quitall!
END
    (cd "$work" && PATH=$path timeout 90 vim -u ale.vim -i NONE -n --not-a-term -S drive.vim \
        </dev/null >/dev/null 2>&1) || true
    if ! grep -q '^8 leak of .list' "$work/ale" || ! grep -qx 'then: \[\]' "$work/ale"; then
        echo "ALE sees:"
        cat "$work/ale"
        exit 1
    fi
    echo "ok: Vim with ALE"
else
    echo "skipped: no Vim with ALE"
fi

# ---- Kakoune: :make and the jump to the first finding ----
if command -v kak >/dev/null; then
    recipe makecmd >"$work/recipe.kak"
    (cd "$work" && PATH=$path timeout 60 kak -n -ui dummy -e '
        source /usr/share/kak/rc/tools/make.kak
        source recipe.kak
        edit leak.c
        hook global BufCloseFifo .* %{ evaluate-commands %{
            make-next-error
            evaluate-commands %sh{ echo "echo -to-file kak $kak_buffile:$kak_cursor_line" }
            quit!
        } }
        make leak.c' </dev/null >/dev/null 2>&1) || true
    grep -qx ".*/leak.c:8" "$work/kak" || { echo "Kakoune jumps to:"; cat "$work/kak"; exit 1; }
    echo "ok: Kakoune's list of errors"
else
    echo "skipped: Kakoune is not installed"
fi

# ---- Emacs: eglot starts the server; the finding comes, and goes when the leak is mended ----
if command -v emacs >/dev/null && emacs --no-init-file --batch --eval "(require 'eglot)" 2>/dev/null; then
    recipe eglot-server-programs >"$work/recipe.el"
    (cd "$work" && PATH=$path timeout 120 emacs --no-init-file --batch --eval "
(progn (require 'eglot) (require 'flymake) (require 'project) (load \"$work/recipe.el\")
  (setq eglot-sync-connect t) (find-file \"$work/leak.c\") (c-mode)
  (cl-letf (((symbol-function 'project-current) (lambda (&rest _) (cons 'transient \"$work/\"))))
    (apply #'eglot (eglot--guess-contact)))
  (with-timeout (60 (kill-emacs 1))
    (while (null (flymake-diagnostics)) (accept-process-output nil 0.1))
    (message \"found: %s\" (flymake-diagnostic-text (car (flymake-diagnostics))))
    (goto-char (point-min)) (search-forward \"return NULL\") (beginning-of-line)
    (insert \"        Py_DECREF(list);\n\") (eglot--signal-textDocument/didChange)
    (while (flymake-diagnostics) (accept-process-output nil 0.1))
    (message \"mended\")))") >"$work/emacs" 2>&1 || true
    if ! grep -q 'found:.*leak of .list' "$work/emacs" || ! grep -qx mended "$work/emacs"; then
        cat "$work/emacs"
        exit 1
    fi
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

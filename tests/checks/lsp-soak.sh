#!/bin/bash
# A short run of tests/tools/lsp-soak on the example extension: what the language server shows after
# random edits is what a scan says: lsp-soak.sh PATH-OF-STRAYREF
set -euo pipefail
strayref=$(realpath "$1")
cd "$(dirname "$0")/../.."
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT

cp fixtures/extension/* "$work"
"$work/make-compile-commands" "$work"
tests/tools/lsp-soak "$strayref" "$work" cache.c helpers.c --edits 40 --every 8

#!/bin/bash
# The language server against the client library of VS Code, vscode-languageserver-protocol:
# lsp-node.sh PATH-OF-STRAYREF
#
# The library comes from npm and is kept in the user's cache.  Without Node, npm or network
# nothing is checked here: lsp-edits.py and lsp-protocol.py check by a client of their own.
set -euo pipefail
strayref=$(realpath "$1")
cd "$(dirname "$0")/../.."

protocol=3.17.5
rpc=8.2.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/strayref-tests/languageserver-protocol-$protocol

skip() {
    echo "skipped: $1"
    exit 0
}

if [ ! -e "$cache/node_modules/vscode-jsonrpc/node.js" ]; then
    command -v npm >/dev/null || skip "npm is not installed"
    mkdir -p "$cache"
    timeout 200 npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$cache" \
        "vscode-languageserver-protocol@$protocol" "vscode-jsonrpc@$rpc" >/dev/null 2>&1 \
        || skip "npm cannot get the library"
fi
NODE_PATH=$cache/node_modules node tests/lsp/conversation.js "$strayref"

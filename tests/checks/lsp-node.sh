#!/bin/bash
# The language server against the client library of VS Code, vscode-languageserver-protocol:
# lsp-node.sh PATH-OF-STRAYREF
#
# The library comes from npm and is kept in the user's cache; without npm nothing is checked here.
set -euo pipefail
strayref=$(realpath "$1")
cd "$(dirname "$0")/../.."

. tests/tools/npm.sh
library=$npm_cache/languageserver-protocol
npm_need "$library" vscode-languageserver-protocol@3.17.5 vscode-jsonrpc@8.2.0
NODE_PATH=$library/node_modules node tests/lsp/conversation.js "$strayref"

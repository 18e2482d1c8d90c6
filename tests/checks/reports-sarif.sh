#!/bin/bash
# SARIF against the official validator, Microsoft's multitool, with its rules for SARIF and
# for GitHub: reports-sarif.sh PATH-OF-STRAYREF [FILE.sarif...]
#
# The tool comes from npm and is kept in the user's cache.  Without npm, or on a machine that the tool
# has no program for, nothing is checked here.
set -euo pipefail
strayref=$(realpath "$1")
cd "$(dirname "$0")/../.."

. tests/tools/npm.sh
folder=$npm_cache/sarif-multitool
tool=$folder/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 # no ICU needed
export DOTNET_BUNDLE_EXTRACT_BASE_DIR=$folder

npm_need "$folder" @microsoft/sarif-multitool@5.7.0
if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "skipped: the multitool has no program for this machine"
    exit 0
fi
chmod u+x "$tool"

# validate FILE: prints what is wrong.  The missing address of a home page (SARIF2005) is all
# that may be; without that remark the rules did not get as far.
validate() {
    "$tool" validate "$1" --rule-kind "Sarif;Ghas" --output "$work/findings.sarif" \
        --log ForceOverwrite >"$work/out" 2>&1 || true
    grep -q SARIF2005 "$work/out" || { echo "the rules did not run:"; cat "$work/out"; }
    grep -E ': (error|warning) ' "$work/out" | grep -v SARIF2005 || true
}

fixtures/extension/make-compile-commands "$work"
code=0
"$strayref" scan -p "$work" --output "$work/scan.sarif" 2>"$work/messages" || code=$?
[ $code -eq 1 ] || { cat "$work/messages"; exit 1; }
cp tests/golden/full.sarif "$work"

status=0
for file in "$work/scan.sarif" "$work/full.sarif" "${@:2}"; do
    problems=$(validate "$file")
    if [ -n "$problems" ]; then
        printf '%s:\n%s\n' "$(basename "$file")" "$problems"
        status=1
    fi
done

for change in 's/"level": "warning"/"level": "fatal"/' 's/"ruleId": /"rule": /' \
    's/"startLine": [0-9]*/"startLine": 0/'; do
    sed "$change" "$work/scan.sarif" >"$work/broken.sarif"
    if [ -z "$(validate "$work/broken.sarif")" ]; then
        echo "a log with $change passes"
        status=1
    fi
done
[ $status -eq 0 ] && echo "the multitool finds nothing wrong"
exit $status

#!/bin/sh
# The defects that the table in fixtures/extension/README.md names are found in the
# example extension, and nothing else: extension.sh STRAYREF
set -eu

strayref=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fixtures/extension/make-compile-commands "$work"

code=0
"$strayref" scan -p "$work" --reach all --output "$work/report.txt" 2>"$work/messages" || code=$?
if [ $code -ne 1 ]; then
    echo "scan of fixtures/extension: exit $code, expected 1" >&2
    cat "$work/messages" >&2
    exit 1
fi
if ! tail -n 1 "$work/messages" | grep -q '^strayref: 4 files (0 failed), .* 0 damaged, 0 given up; '; then
    echo "not all of fixtures/extension was analysed:" >&2
    cat "$work/messages" >&2
    exit 1
fi

# | `FILE`, `FUNCTION` | what | RULE |  ->  FILE FUNCTION RULE
sed -n 's/^| `\([a-z]*\.c\)`, `\([a-z_]*\)` | .* | \([a-z-]*\) |$/\1 \2 \3/p' \
    fixtures/extension/README.md | sort >"$work/planted"
if [ "$(wc -l <"$work/planted")" -ne 6 ]; then
    echo "fixtures/extension/README.md does not name six defects" >&2
    exit 1
fi

# function_at FILE LINE: the function whose name started a line last, as PEP 7 wants it.
function_at() {
    awk -v last="$2" 'NR > last { exit } /^[a-z_]+\(/ { sub(/\(.*/, ""); name = $0 }
        END { print name }' "$1"
}

sed -n 's/^\([^: ]*\):\([0-9]*\):[0-9]*: \(warning\|error\): .* \[\([a-z-]*\)\]$/\1 \2 \4/p' \
    "$work/report.txt" |
    while read -r file line rule; do
        echo "$(basename "$file") $(function_at "$file" "$line") $rule"
    done | sort >"$work/found"

if ! diff "$work/planted" "$work/found" >"$work/difference"; then
    echo "in fixtures/extension (<: planted, not found; >: found, not planted):" >&2
    cat "$work/difference" >&2
    exit 1
fi

#!/bin/sh
# Every built-in fact is used in fixtures/api, and those made by the tool are up to date:
# facts-fixtures.sh STRAYREF
set -eu

strayref=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 tests/tools/make-api-fixtures "$strayref" --check fixtures/api

mkdir "$work/some"
cp fixtures/api/list.c fixtures/api/by_hand.c "$work/some"
if python3 tests/tools/make-api-fixtures "$strayref" --check "$work/some" >"$work/out"; then
    echo "facts without a fixture are not found" >&2
    exit 1
fi
grep -q '^PyDict_Copy:' "$work/out"
if grep -q '^PyList_Append:' "$work/out"; then
    echo "a fact that is used is reported" >&2
    exit 1
fi

#!/bin/sh
# The built-in facts are sorted, do not overlap, agree with the headers of the installed
# Python and cover every public name there; a wrong fact is found: facts.sh STRAYREF
set -eu

strayref=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$strayref" facts check

cat >"$work/wrong.facts" <<'EOF'
a_function(x) -> 0 [until 3.12]
a_function(x) -> 1
c_function(x) -> what
EOF
code=0
"$strayref" facts --model "$work/wrong.facts" check >"$work/out" || code=$?
for expected in "a_function has two facts" "wrong.facts:3:18:"; do
    if ! grep -q "$expected" "$work/out"; then
        echo "facts check does not say '$expected':" >&2
        cat "$work/out" >&2
        exit 1
    fi
done
if [ $code -ne 1 ]; then
    echo "facts check on wrong facts: exit $code, expected 1" >&2
    exit 1
fi

# What the headers declare and nobody knows is found as well, and what they lack.
include=$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')
cp -Rs "$include" "$work/include"
rm "$work/include/cpython/pyfpe.h"
cat >"$work/include/extra.h" <<'EOF'
/* PyOnly_InAComment(x) */
PyAPI_FUNC(int) PyExtra_Function(PyObject *o);
#define PyExtra_MACRO(x) (x)
typedef Py_ssize_t (*PyExtra_Pointer)(PyObject *o);
EOF
code=0
"$strayref" facts check -- -I"$work/include" >"$work/out" || code=$?
for name in PyExtra_Function PyExtra_MACRO; do
    if ! grep -q "^extra.h: nothing is known of $name;" "$work/out"; then
        echo "facts check does not miss $name:" >&2
        cat "$work/out" >&2
        exit 1
    fi
done
if [ $code -ne 1 ] || ! grep -q ': 3 problems$' "$work/out" \
    || ! grep -q '^PyFPE_END_PROTECT: the headers do not have it' "$work/out"; then
    echo "facts check on headers with two new names and one less: exit $code, expected 1" >&2
    cat "$work/out" >&2
    exit 1
fi

"$strayref" facts PyList_SetItem | grep -q 'steal item'
code=0
"$strayref" facts PyList_SetItme 2>"$work/out" || code=$?
grep -q 'nothing is known of PyList_SetItme' "$work/out"
if [ $code -ne 2 ]; then
    echo "facts on an unknown name: exit $code, expected 2" >&2
    exit 1
fi

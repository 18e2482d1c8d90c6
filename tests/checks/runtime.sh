#!/bin/sh
# Calls functions of the C-API with the installed Python and compares reference counts with
# the facts; facts that are wrong must be found: runtime.sh STRAYREF
set -eu

strayref=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

include=$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')
if [ ! -f "$include/Python.h" ]; then
    echo "no $include/Python.h; on Debian: apt-get install python3-dev" >&2
    exit 1
fi

# build_and_run FOLDER-OF-FACTS FOLDER
build_and_run() {
    mkdir "$2"
    python3 tests/runtime/make-calls "$strayref" "$1" >"$2/calls.c"
    ${CC:-cc} -w -O1 -shared -fPIC -I"$include" -Itests/runtime -o "$2/refcheck.so" \
        tests/runtime/refcheck.c tests/runtime/watch.c "$2/calls.c"
    python3 tests/runtime/makers.py "$2"
}

build_and_run rules/api "$work/right" 2>"$work/messages" || {
    tail -5 "$work/messages"
    exit 1
}

# These few lines, each wrong.
mkdir "$work/wrong"
cat >"$work/wrong/list.facts" <<'EOF'
PyList_Append(list, steal item)              -> 0 | -1 nomem
PyList_AsTuple(list)                         -> borrowed | NULL nomem
PyList_GetItem(list, i:int)                  -> new | NULL raises
PyList_SetItem(list, i:int, item?)           -> 0 | -1 raises          [calls]
PyList_Insert(list, i:int, item)             -> 0 | -1 nomem
PyList_Size(list)                            -> 5
EOF
cat >"$work/wrong/module.facts" <<'EOF'
PyModule_AddObjectRef(module, name:str, steal value?) -> 0 | -1 raises
EOF
if build_and_run "$work/wrong" "$work/found" >"$work/out" 2>&1; then
    echo "wrong facts are not found:" >&2
    cat "$work/out" >&2
    exit 1
fi
for name in Append AsTuple GetItem SetItem Insert Size; do
    if ! grep -q "^PyList_$name(" "$work/out"; then
        echo "the wrong fact about PyList_$name is not found:" >&2
        cat "$work/out" >&2
        exit 1
    fi
done

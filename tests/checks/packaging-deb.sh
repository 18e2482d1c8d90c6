#!/bin/sh
# The Debian package: cpack makes it, it names what it needs, and what is in it works:
# packaging-deb.sh STRAYREF
set -eu

build=$(dirname "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "$1" >&2
    [ $# -lt 2 ] || cat "$2" >&2
    exit 1
}

if ! grep -q '^CMAKE_BUILD_TYPE:STRING=Release' "$build/CMakeCache.txt"; then
    echo "only releases are packaged"
    exit 0
fi

cpack -G DEB --config "$build/CPackConfig.cmake" -B "$work" >"$work/log" 2>&1 ||
    fail "cpack failed:" "$work/log"
package=$(echo "$work"/strayref_*.deb)

dpkg-deb -f "$package" Depends | tr -d ' ' | tr ',' '\n' | sed 's/(.*//' >"$work/depends"
for pattern in 'libc6' 'libclang1-[0-9]*' 'libclang-common-[0-9]*-dev' 'libcmark[0-9.]*' \
    'libcyaml[0-9]*' 'libjansson[0-9]*'; do
    grep -qx "$pattern" "$work/depends" || fail "the package does not need $pattern:" "$work/depends"
done

dpkg-deb -x "$package" "$work/root"
for file in man/man1/strayref.1.gz man/man5/strayref.yaml.5.gz zsh/vendor-completions/_strayref \
    bash-completion/completions/strayref fish/vendor_completions.d/strayref.fish \
    cmake/strayref/strayrefConfig.cmake doc/strayref/README.md \
    doc/strayref/copyright doc/strayref/changelog.gz doc/strayref/ci/github/action.yml; do
    [ -s "$work/root/usr/share/$file" ] || fail "not in the package: $file"
done
gzip -cd "$work/root/usr/share/doc/strayref/changelog.gz" | dpkg-parsechangelog -l - -S Version |
    grep -qx "$(dpkg-deb -f "$package" Version)" || fail "the changelog is of another version"
# The licence is told word by word.
sed -n '/^License: Expat$/,$p' "$work/root/usr/share/doc/strayref/copyright" |
    sed '1,/^License: Expat$/d; s/^ \.$//; s/^ //' >"$work/licence"
sed '1,/^Copyright/d' reports/LICENSE | sed '1{/^$/d}' | diff - "$work/licence" >"$work/diff" ||
    fail "copyright is not reports/LICENSE:" "$work/diff"
gzip -cd "$work/root/usr/share/man/man1/strayref.1.gz" | cmp - "$build/man/strayref.1"
dpkg-deb -c "$package" | awk '$2 != "root/root" || $1 ~ /^.....w|^........w/' >"$work/strange"
[ ! -s "$work/strange" ] || fail "owners or permissions:" "$work/strange"

installed=$work/root/usr/bin/strayref
if objdump -p "$installed" | grep -E 'RPATH|RUNPATH' >"$work/runpath"; then
    fail "the program looks for libraries by itself:" "$work/runpath"
fi
fixtures/extension/make-compile-commands "$work/database"
code=0
"$installed" scan -p "$work/database" >"$work/report" 2>"$work/messages" || code=$?
[ $code -eq 1 ] || fail "scan by the packaged program: exit $code, expected 1" "$work/messages"
"$1" scan -p "$work/database" 2>/dev/null | cmp - "$work/report"

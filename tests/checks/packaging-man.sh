#!/bin/sh
# The pages of the manual are well formed and name every command, option and configuration
# key: packaging-man.sh STRAYREF
set -eu

strayref=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "$1" >&2
    [ $# -lt 2 ] || cat "$2" >&2
    exit 1
}

# lint PAGE: mandoc has nothing to say but that there is no date (builds are reproducible).
lint() {
    mandoc -T lint -W warning "$1" | grep -v 'missing date' >"$work/lint" || true
    [ ! -s "$work/lint" ] || fail "mandoc on $1:" "$work/lint"
    mandoc -T ascii "$1" | sed "s/.$(printf '\b')//g" >"$1.txt" # without overstriking
    [ "$(wc -L <"$1.txt")" -le 90 ] || fail "$1: lines too long for a terminal" "$1.txt"
}

"$strayref" man >"$work/strayref.1"
"$strayref" man strayref | cmp - "$work/strayref.1"
"$strayref" man strayref.yaml >"$work/strayref.yaml.5"
lint "$work/strayref.1"
lint "$work/strayref.yaml.5"

# lint can fail
printf '.TH X 1 "" x y\n.SH NAME\n.PP\n\\f[C]x\n' >"$work/wrong"
if (lint "$work/wrong") 2>/dev/null; then
    fail "mandoc accepts anything"
fi

# between HEADING and the next one
section() {
    sed -n "/^ *$1/,/^   [a-z]/p" "$work/strayref.1.txt"
}

"$strayref" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >"$work/commands"
[ "$(wc -l <"$work/commands")" -ge 8 ] || fail "commands not found in --help" "$work/commands"
while read -r command; do
    grep -q "^   strayref  *$command\b" "$work/strayref.1.txt" ||
        fail "strayref(1) has nothing about '$command'"
    section "strayref  *$command" >"$work/section"
    "$strayref" "$command" --help | grep -oE '^  (-[a-z], |    )--[a-z-]+' | tr -d ' ' >"$work/options"
    [ -s "$work/options" ] || fail "$command --help shows no option"
    while read -r option; do
        sed 's/ //g' "$work/section" | grep -qe "^$option" ||
            fail "strayref(1) does not name $option of $command" "$work/section"
    done <"$work/options"
done <"$work/commands"

# strayref.yaml(5) has the keys that the program knows (its error for another lists them), and
# an example that the program reads
mkdir "$work/project"
cd "$work/project"
printf '[]\n' >compile_commands.json
printf 'no-such-key: 1\n' >.strayref.yaml
"$strayref" config 2>&1 | sed 's/.*there are: //; s/, /\n/g' | sort >"$work/keys"
[ "$(wc -l <"$work/keys")" -ge 10 ] || fail "the keys are not listed:" "$work/keys"
sed -n '/^KEYS/,/^EXAMPLE/s/^       \([a-z][a-z-]*\)\( .*\)*$/\1/p' "$work/strayref.yaml.5.txt" |
    sort | diff "$work/keys" - >"$work/difference" ||
    fail "keys that only the program (<) or only strayref.yaml(5) (>) knows:" "$work/difference"
sed -n '/^EXAMPLE/,/^SEE ALSO/s/^           //p' "$work/strayref.yaml.5.txt" >.strayref.yaml
[ "$(wc -l <.strayref.yaml)" -ge 8 ] || fail "no example in strayref.yaml(5)" .strayref.yaml
mkdir tools
touch tools/own.facts strayref.baseline
"$strayref" config >"$work/config" 2>&1 || fail "the example is refused:" "$work/config"
[ "$(grep -c 'strayref.yaml:' "$work/config")" -ge 8 ] ||
    fail "not every line of the example counts:" "$work/config"

for command in "man leek" "man strayref strayref.yaml"; do
    code=0
    # shellcheck disable=SC2086
    "$strayref" $command 2>"$work/messages" || code=$?
    if [ $code -ne 2 ] || [ "$(wc -l <"$work/messages")" -ne 1 ]; then
        fail "strayref $command: exit $code, expected 2 and one line" "$work/messages"
    fi
done

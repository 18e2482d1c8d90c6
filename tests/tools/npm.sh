# Read by the checks that need a package of npm: what is fetched stays in the user's cache.
# Where there is no npm a check is skipped; where there is, it must have its packages.

npm_cache=${XDG_CACHE_HOME:-$HOME/.cache}/strayref-tests

# npm_need FOLDER PACKAGE@VERSION...: has the packages in FOLDER/node_modules.  Ends the check when
# that cannot be: well without npm, with an error when npm does not get them.
npm_need() {
    local folder=$1 wanted
    shift
    wanted="$*"
    if [ "$(cat "$folder.fetched" 2>/dev/null)" = "$wanted" ]; then
        return 0
    fi
    if ! command -v npm >/dev/null; then
        echo "skipped: npm is not installed"
        exit 0
    fi
    mkdir -p "$folder"
    if ! timeout 200 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
        --prefix "$folder" "$@" >"$folder.log" 2>&1; then
        echo "npm cannot get $wanted:"
        tail -n 20 "$folder.log"
        exit 1
    fi
    echo "$wanted" >"$folder.fetched"
}

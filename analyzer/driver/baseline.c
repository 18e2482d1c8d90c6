/* baseline.c: the file of known findings, and the command that writes it.
 *
 * One line each: path, function, rule, object, fingerprint, separated by tabs.  Lines that
 * begin with '#' say what it is and at which commit it was made.  Sorted lines without
 * numbers: two branches that both add to it are merged by git's union driver.
 */
#include <stdlib.h>
#include <string.h>

#include "driver/gate.h"

#define HEAD_LINE "# strayref baseline 1"
#define COMMIT_MARK "# commit "
#define FIELDS 5

/* ---- reading ---------------------------------------------------------------------------- */

/* A field as it stands between tabs -> text. */
static const char *
unescape(Arena *arena, const char *at, size_t length)
{
    char *out = arena_strndup(arena, at, length);
    size_t n = 0;

    for (size_t i = 0; i < length; i++) {
        if (at[i] == '\\' && i + 1 < length) {
            i++;
            out[n++] = at[i] == 't' ? '\t' : at[i] == 'n' ? '\n' : at[i];
        }
        else {
            out[n++] = at[i];
        }
    }
    out[n] = '\0';
    return out;
}

static bool
is_fingerprint(const char *text)
{
    return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

/* One line that is no comment; false when it is no entry. */
static bool
parse_entry(Arena *arena, const char *line, size_t length, Baseline *out)
{
    const char *field[FIELDS], *at = line, *end = line + length;
    size_t n = 0;

    while (n < FIELDS && at <= end) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        const char *stop = tab != NULL ? tab : end;

        field[n++] = unescape(arena, at, (size_t)(stop - at));
        at = stop + 1;
    }
    if (n < FIELDS || at <= end || !is_fingerprint(field[4])) {
        return false;
    }
    VEC_PUSH(arena, &out->entries,
             (BaselineEntry){.path = field[0], .function = field[1], .rule = field[2],
                             .object = field[3], .fingerprint = field[4]});
    return true;
}

static const char *
entry_trouble(const char *line)
{
    if (text_starts(line, "<<<<<<<") || text_starts(line, ">>>>>>>")
        || text_starts(line, "=======")) {
        return "a merge conflict; keep the lines of both sides (git's union driver does)";
    }
    return "no line of a baseline; make it anew with strayref baseline write";
}

bool
baseline_parse(Arena *arena, const char *name, const char *text, Baseline *out, Error *error)
{
    uint32_t number = 1;

    *out = (Baseline){.name = name};
    if (!text_starts(text, HEAD_LINE "\n") && !text_starts(text, HEAD_LINE "\r\n")) {
        return error_set(error, ERROR_INPUT, "%s:1: this is no baseline: expected the line '%s'; "
                         "make it with strayref baseline write", name, HEAD_LINE);
    }
    for (const char *line = text; *line != '\0'; number++) {
        size_t length = strcspn(line, "\n");
        size_t whole = length + (line[length] == '\n' ? 1 : 0);

        while (length > 0 && line[length - 1] == '\r') {
            length--;
        }
        if (text_starts(line, COMMIT_MARK)) {
            VEC_PUSH(arena, &out->commits,
                     (const char *)arena_strndup(arena, line + strlen(COMMIT_MARK),
                                                 length - strlen(COMMIT_MARK)));
        }
        else if (length > 0 && line[0] != '#' && !parse_entry(arena, line, length, out)) {
            return error_set(error, ERROR_INPUT, "%s:%u: %s", name, number, entry_trouble(line));
        }
        line += whole;
    }
    return true;
}

bool
baseline_read(Arena *arena, const char *path, Baseline *out, Error *error)
{
    char *text;

    if (!path_is_file(path)) {
        return error_set(error, ERROR_INPUT, "%s: there is no such baseline; make it with strayref "
                         "baseline write --baseline %s", path, path);
    }
    text = file_read(arena, path, NULL, error);
    return text != NULL && baseline_parse(arena, path, text, out, error);
}

/* ---- writing ---------------------------------------------------------------------------- */

static const char *
text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

void
baseline_add(Arena *arena, Baseline *baseline, const RunResult *run)
{
    for (uint32_t i = 0; i < run->nfindings; i++) {
        const Finding *finding = run->findings[i];

        if (finding->suppressed == NULL) {
            VEC_PUSH(arena, &baseline->entries,
                     (BaselineEntry){
                         .path = path_relative(arena, run->root, text_or_empty(finding->loc.file)),
                         .function = text_or_empty(finding->function),
                         .rule = finding->rule->id,
                         .object = text_or_empty(finding->object),
                         .fingerprint = finding->fingerprint});
        }
    }
}

static void
put_field(StrBuf *out, const char *text, char end)
{
    for (; *text != '\0'; text++) {
        if (*text == '\t' || *text == '\n' || *text == '\\') {
            strbuf_printf(out, "\\%c", *text == '\t' ? 't' : *text == '\n' ? 'n' : '\\');
        }
        else {
            strbuf_putc(out, *text);
        }
    }
    strbuf_putc(out, end);
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
baseline_print(Arena *arena, Baseline *baseline, StrBuf *out)
{
    const char **lines = ARENA_ARRAY(arena, const char *, baseline->entries.n + 1);

    for (uint32_t i = 0; i < baseline->entries.n; i++) {
        const BaselineEntry *entry = &baseline->entries.at[i];
        StrBuf line;

        strbuf_init(&line, arena);
        if (entry->path[0] == '#') {
            strbuf_putc(&line, '\\'); /* else it would be a remark */
        }
        put_field(&line, entry->path, '\t');
        put_field(&line, entry->function, '\t');
        put_field(&line, entry->rule, '\t');
        put_field(&line, entry->object, '\t');
        put_field(&line, entry->fingerprint, '\n');
        lines[i] = line.text;
    }
    if (baseline->entries.n > 1) {
        qsort(lines, baseline->entries.n, sizeof(char *), compare_lines);
    }
    strbuf_puts(out, HEAD_LINE "\n");
    for (uint32_t i = 0; i < baseline->commits.n; i++) {
        strbuf_printf(out, "%s%s\n", COMMIT_MARK, baseline->commits.at[i]);
    }
    for (uint32_t i = 0; i < baseline->entries.n; i++) {
        if (i == 0 || !text_equal(lines[i], lines[i - 1])) {
            strbuf_puts(out, lines[i]);
        }
    }
}

/* ---- the command ------------------------------------------------------------------------ */

/* A scan of some paths only keeps what the old file says of the others. */
static bool
keep_uncovered(Scan *scan, const Options *options, const char *path, Baseline *baseline,
               Error *error)
{
    Baseline old;

    if (options->npaths == 0 || !path_is_file(path)) {
        return true;
    }
    if (!baseline_read(scan->arena, path, &old, error)) {
        return false;
    }
    for (uint32_t i = 0; i < old.entries.n; i++) {
        if (!baseline_covered(scan, options, &old.entries.at[i])) {
            VEC_PUSH(scan->arena, &baseline->entries, old.entries.at[i]);
        }
    }
    return true;
}

static bool
write_baseline(Scan *scan, const Options *options, const char *path, Error *error)
{
    const char *const head[] = {"rev-parse", "--verify", "--quiet", "HEAD", NULL};
    const char *commit = git_line(scan->arena, scan->jobs.root, head, NULL);
    Baseline baseline = {.name = path};
    StrBuf out;

    if (commit != NULL) {
        VEC_PUSH(scan->arena, &baseline.commits, commit);
    }
    baseline_add(scan->arena, &baseline, &scan->result);
    if (!keep_uncovered(scan, options, path, &baseline, error)) {
        return false;
    }
    strbuf_init(&out, scan->arena);
    baseline_print(scan->arena, &baseline, &out);
    if (!file_write(path, out.text, out.length, error)) {
        return false;
    }
    say("%u known %s in %s; scan with --baseline %s, or put 'baseline: %s' into "
        ".strayref.yaml", baseline.entries.n, baseline.entries.n == 1 ? "finding" : "findings",
        path_shown(scan->arena, path), path_shown(scan->arena, path), path_basename(path));
    return true;
}

int
command_baseline(Arena *arena, const Options *options)
{
    Options own = *options;
    Error error = {0};
    const char *path;
    Scan scan;

    if (options->npaths == 0 || !text_equal(options->paths[0], "write")) {
        error_set(&error, ERROR_USAGE, "baseline needs 'write': strayref baseline write "
                  "[--baseline FILE] [PATH...]");
        return say_error(&error);
    }
    own.paths++;
    own.npaths--;
    path = own.baseline;
    own.baseline = NULL;
    if (!scan_gated(arena, &own, &scan, &error)) {
        return say_error(&error);
    }
    if (path == NULL) {
        path = path_absolute(arena, scan.jobs.root, "strayref.baseline");
    }
    if (!output_is_safe(&scan, "--baseline", path, &error) ||
        !write_baseline(&scan, &own, path, &error)) {
        return say_error(&error);
    }
    return scan_is_whole(&scan) ? EXIT_CLEAN : EXIT_INCOMPLETE;
}

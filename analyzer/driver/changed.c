/* changed.c: a unified diff -> the lines it touches, and the findings on them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "driver/gate.h"

/* ---- reading a diff ------------------------------------------------------------------------ */

typedef struct DiffReader {
    Arena *arena;
    const char *name;     /* of the diff */
    uint32_t number;      /* of the line at hand */
    Changes *out;
    ChangedFile *file;    /* the one at hand; NULL when the diff deletes it */
    bool any;             /* some file was named */
    uint32_t old_left, new_left; /* lines of the hunk still to come */
    uint32_t line;        /* the next line in the new file */
} DiffReader;

/* A name quoted as git and diff do ("a\303\251.c"). */
static const char *
unquote(Arena *arena, const char *at, size_t length)
{
    char *out = arena_strndup(arena, at, length);
    size_t n = 0;

    for (size_t i = 1; i < length && at[i] != '"'; i++) {
        if (at[i] == '\\' && i + 3 < length && isdigit((unsigned char)at[i + 1])) {
            out[n++] = (char)strtol(arena_strndup(arena, at + i + 1, 3), NULL, 8);
            i += 3;
        }
        else if (at[i] == '\\' && i + 1 < length) {
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

/* "+++ b/src/pair.c<TAB>date" */
static void
begin_file(DiffReader *r, const char *line, size_t length)
{
    const char *at = line + 4, *tab;
    ChangedFile file = {0};

    length -= 4;
    tab = memchr(at, '\t', length);
    if (tab != NULL) {
        length = (size_t)(tab - at);
    }
    file.name = at[0] == '"' ? unquote(r->arena, at, length) : arena_strndup(r->arena, at, length);
    r->any = true;
    r->file = NULL;
    if (!text_equal(file.name, "/dev/null")) {
        VEC_PUSH(r->arena, &r->out->files, file);
        r->file = &r->out->files.at[r->out->files.n - 1];
    }
}

#define MAX_LINES 1000000000UL /* in a file: sums of two such numbers do not overflow */

/* "-12,3" -> start and count. */
static bool
read_range(const char **at, char sign, uint32_t *start, uint32_t *count)
{
    unsigned long number, lines = 1;
    char *end;

    if (**at != sign || !isdigit((unsigned char)(*at)[1])) {
        return false;
    }
    number = strtoul(*at + 1, &end, 10);
    if (*end == ',') {
        if (!isdigit((unsigned char)end[1])) {
            return false;
        }
        lines = strtoul(end + 1, &end, 10);
    }
    *start = (uint32_t)number;
    *count = (uint32_t)lines;
    *at = end;
    return number <= MAX_LINES && lines <= MAX_LINES;
}

static bool
begin_hunk(DiffReader *r, const char *line, Error *error)
{
    uint32_t start, first, count;
    const char *at = line + 3;

    if (!read_range(&at, '-', &start, &r->old_left) || *at++ != ' '
        || !read_range(&at, '+', &first, &count) || !text_starts(at, " @@")
        || (first == 0 && count > 0)) {
        return error_set(error, ERROR_INPUT, "%s:%u: this is no head of a hunk, such as "
                         "'@@ -1,3 +1,4 @@'", r->name, r->number);
    }
    if (!r->any) {
        return error_set(error, ERROR_INPUT, "%s:%u: a hunk before any '+++ FILE'", r->name,
                         r->number);
    }
    r->new_left = count;
    r->line = first + (count == 0 ? 1 : 0); /* "+12,0": after line 12 */
    return true;
}

static void
touch(DiffReader *r, uint32_t first, uint32_t last)
{
    ChangedFile *file = r->file;
    LineSpan *span = file != NULL && file->spans.n > 0 ? &file->spans.at[file->spans.n - 1] : NULL;

    if (file == NULL) {
        return;
    }
    if (span != NULL && first <= span->last + 1) {
        span->last = last > span->last ? last : span->last;
        return;
    }
    VEC_PUSH(r->arena, &file->spans, (LineSpan){.first = first, .last = last});
}

/* One line inside a hunk. */
static bool
read_hunk_line(DiffReader *r, char kind, Error *error)
{
    bool removed = kind == '-' && r->old_left > 0, added = kind == '+' && r->new_left > 0;
    bool kept = (kind == ' ' || kind == '\0') && r->old_left > 0 && r->new_left > 0;

    if (kind == '\\') { /* "\ No newline at end of file" */
        return true;
    }
    if (!removed && !added && !kept) {
        return error_set(error, ERROR_INPUT, "%s:%u: the hunk is shorter than its head says; the "
                         "diff is cut or was edited", r->name, r->number);
    }
    if (added) {
        touch(r, r->line, r->line);
    }
    if (removed) {
        touch(r, r->line > 1 ? r->line - 1 : 1, r->line);
    }
    r->old_left -= removed || kept ? 1 : 0;
    r->new_left -= added || kept ? 1 : 0;
    r->line += added || kept ? 1 : 0;
    return true;
}

static bool
read_line(DiffReader *r, const char *line, size_t length, Error *error)
{
    if (r->old_left > 0 || r->new_left > 0) {
        return read_hunk_line(r, length > 0 ? line[0] : '\0', error);
    }
    if (text_starts(line, "+++ ")) {
        begin_file(r, line, length);
    }
    else if (text_starts(line, "@@ ")) {
        return begin_hunk(r, line, error);
    }
    else if (text_starts(line, "@@@")) {
        return error_set(error, ERROR_INPUT, "%s:%u: this is the diff of a merge; compare with one "
                         "parent: git diff -U0 BASE", r->name, r->number);
    }
    r->any = r->any || text_starts(line, "diff --git ");
    return true;
}

bool
diff_parse(Arena *arena, const char *name, const char *text, Changes *out, Error *error)
{
    DiffReader r = {.arena = arena, .name = name, .number = 1, .out = out};

    *out = (Changes){0};
    for (const char *line = text; *line != '\0'; r.number++) {
        size_t length = strcspn(line, "\n");
        size_t shown = length > 0 && line[length - 1] == '\r' ? length - 1 : length;

        if (!read_line(&r, line, shown, error)) {
            return false;
        }
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    if (r.old_left > 0 || r.new_left > 0) {
        return error_set(error, ERROR_INPUT, "%s:%u: the diff ends inside a hunk", name, r.number);
    }
    if (!r.any && strspn(text, " \t\r\n") != strlen(text)) {
        return error_set(error, ERROR_INPUT, "%s:1: this is no unified diff; make one with git "
                         "diff, or diff -u", name);
    }
    return true;
}

/* ---- which files it means -------------------------------------------------------------- */

/* The file called 'name' in the folder or in one above it, or NULL. */
static const char *
find_above(Arena *arena, const char *folder, const char *name)
{
    for (;;) {
        const char *path = path_absolute(arena, folder, name);

        if (path_is_file(path)) {
            return path;
        }
        if (text_equal(folder, "/")) {
            return NULL;
        }
        folder = path_dirname(arena, folder);
    }
}

/* The file that the diff means, without git's "b/" first. */
static const char *
locate(const Scan *scan, const char *name)
{
    const char *slash = strchr(name, '/');
    const char *bare = slash != NULL && slash - name == 1 ? slash + 1 : name;
    const char *here = path_absolute(scan->arena, NULL, ".");
    const char *names[] = {bare, name}, *found = NULL;

    for (size_t i = 0; i < COUNT_OF(names) && found == NULL; i++) {
        found = find_above(scan->arena, scan->jobs.root, names[i]);
        if (found == NULL) {
            found = find_above(scan->arena, here, names[i]);
        }
    }
    return found;
}

static bool
locate_all(const Scan *scan, const char *diff, Changes *changes, Error *error)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < changes->files.n; i++) {
        changes->files.at[i].path = locate(scan, changes->files.at[i].name);
        found += changes->files.at[i].path != NULL ? 1 : 0;
    }
    return found > 0 || changes->files.n == 0
           || error_set(error, ERROR_INPUT, "%s: it is about other files: none of its %u is in %s, "
                        "such as %s", diff, changes->files.n,
                        path_shown(scan->arena, scan->jobs.root), changes->files.at[0].name);
}

/* ---- the findings on changed lines ---------------------------------------------------- */

static bool
same_file(const char *a, const char *b)
{
    char *real_a, *real_b;
    bool same;

    if (a == NULL || b == NULL || text_equal(a, b)) {
        return a != NULL && b != NULL;
    }
    if (!text_equal(path_basename(a), path_basename(b))) {
        return false;
    }
    real_a = realpath(a, NULL);
    real_b = realpath(b, NULL);
    same = text_equal(real_a, real_b);
    free(real_a);
    free(real_b);
    return same;
}

static bool
is_changed(const Changes *changes, Loc loc)
{
    for (uint32_t i = 0; i < changes->files.n; i++) {
        const ChangedFile *file = &changes->files.at[i];

        for (uint32_t k = 0; k < file->spans.n; k++) {
            if (loc.line >= file->spans.at[k].first && loc.line <= file->spans.at[k].last
                && same_file(file->path, loc.file)) {
                return true;
            }
        }
    }
    return false;
}

/* True when its end or the place where its object is made is on a changed line. */
static bool
touches(const Changes *changes, const Finding *finding)
{
    if (is_changed(changes, finding->loc)) {
        return true;
    }
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        if (finding->steps[i].kind == STEP_MADE) {
            return is_changed(changes, finding->steps[i].loc);
        }
    }
    return false;
}

/* All of a file, or of standard input. */
static char *
read_diff(Arena *arena, const char *path, Error *error)
{
    StrBuf out;
    char buffer[4096];
    size_t n;

    if (!text_equal(path, "-")) {
        return file_read(arena, path, NULL, error);
    }
    strbuf_init(&out, arena);
    while ((n = fread(buffer, 1, sizeof(buffer), stdin)) > 0) {
        strbuf_add(&out, buffer, n);
    }
    return out.text;
}

bool
diff_apply(Scan *scan, const Options *options, Error *error)
{
    const char *name = text_equal(options->diff, "-") ? "standard input" : options->diff;
    RunResult *run = &scan->result;
    Changes changes;
    uint32_t n = 0, nhidden = 0;
    char *text;

    if (options->diff == NULL) {
        return true;
    }
    text = read_diff(scan->arena, options->diff, error);
    if (text == NULL || !diff_parse(scan->arena, name, text, &changes, error)
        || !locate_all(scan, name, &changes, error)) {
        return false;
    }
    for (uint32_t i = 0; i < run->nfindings; i++) {
        if (touches(&changes, run->findings[i])) {
            run->findings[n++] = run->findings[i];
        }
    }
    for (uint32_t i = 0; i < scan->hidden.n; i++) {
        if (touches(&changes, scan->hidden.at[i])) {
            scan->hidden.at[nhidden++] = scan->hidden.at[i];
        }
    }
    scan->hidden.n = nhidden;
    if (n < run->nfindings) {
        uint32_t others = run->nfindings - n;

        scan_note(scan, "%u %s on lines that %s does not change: not shown", others,
                  others == 1 ? "finding" : "findings", name);
    }
    run->nfindings = n;
    return true;
}

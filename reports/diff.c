/* diff.c: turns a patch into a unified diff, as patch and git apply read it.
 *
 * Edits that touch the same lines become one change; lines that a change leaves as they
 * are at its ends are cut off; changes that stand close share a hunk.
 */
#include "reports/report.h"

#include <inttypes.h>
#include <string.h>

#define AROUND 3u /* lines of context */

typedef VEC(const char *) Lines;

/* Old lines from 'first' on give way to new ones. */
typedef struct Change {
    uint32_t first;
    Lines old, new;
} Change;

typedef struct Diff {
    Arena *arena;
    Sources *sources;
    const char *file;
    int64_t shift; /* lines that the changes before have added */
    StrBuf out;
} Diff;

/* ---- from edits to changes ----------------------------------------------------------- */

/* The line; one past the end of the file is empty. */
static const char *
line_at(Diff *diff, uint32_t line)
{
    const char *text = source_line(diff->sources, diff->file, line);
    return text != NULL ? text : "";
}

static const char *
from_column(const char *line, uint32_t col)
{
    size_t length = strlen(line);
    size_t before = col > 0 ? col - 1 : 0;
    return line + (before < length ? before : length);
}

/* Appends the source from line:col up to end_line:end_col. */
static void
put_source(Diff *diff, StrBuf *out, uint32_t line, uint32_t col, uint32_t end_line,
           uint32_t end_col)
{
    for (; line < end_line; line++, col = 1) {
        strbuf_puts(out, from_column(line_at(diff, line), col));
        strbuf_putc(out, '\n');
    }
    const char *text = line_at(diff, line);
    const char *from = from_column(text, col);
    const char *to = from_column(text, end_col);
    strbuf_add(out, from, to > from ? (size_t)(to - from) : 0);
}

static void
split_lines(Arena *arena, const char *text, Lines *lines)
{
    for (;;) {
        size_t length = strcspn(text, "\n");
        bool cr = length > 0 && text[length] == '\n' && text[length - 1] == '\r';
        VEC_PUSH(arena, lines, arena_strndup(arena, text, length - cr));
        if (text[length] == '\0') {
            return;
        }
        text += length + 1;
    }
}

/* Cuts off the lines that are the same at both ends. */
static void
trim_change(Change *change)
{
    Lines *old = &change->old;
    Lines *new = &change->new;
    while (old->n > 0 && new->n > 0 && text_equal(old->at[old->n - 1], new->at[new->n - 1])) {
        old->n--;
        new->n--;
    }
    while (old->n > 0 && new->n > 0 && text_equal(old->at[0], new->at[0])) {
        old->at++;
        old->n--;
        new->at++;
        new->n--;
        change->first++;
    }
}

/* The change that the edit at *next and those that touch its lines make; moves *next on. */
static Change
make_change(Diff *diff, const Patch *patch, uint32_t *next)
{
    const Edit *edit = &patch->edits[*next];
    Change change = {.first = edit->line};
    uint32_t line = edit->line, col = 1, last = edit->end_line;
    StrBuf text;
    strbuf_init(&text, diff->arena);
    for (; *next < patch->nedits; ++*next) {
        edit = &patch->edits[*next];
        if (!text_equal(edit->file, diff->file) || edit->line > last) {
            break;
        }
        put_source(diff, &text, line, col, edit->line, edit->col);
        strbuf_puts(&text, edit->text);
        line = edit->end_line;
        col = edit->end_col;
        last = edit->end_line > last ? edit->end_line : last;
    }
    put_source(diff, &text, line, col, last, UINT32_MAX);
    for (uint32_t n = change.first; n <= last; n++) {
        VEC_PUSH(diff->arena, &change.old, line_at(diff, n));
    }
    split_lines(diff->arena, text.text, &change.new);
    trim_change(&change);
    return change;
}

/* ---- from changes to text -------------------------------------------------------------- */

static void
put_line(Diff *diff, char mark, const char *line, bool open_end)
{
    strbuf_printf(&diff->out, "%c%s\n", mark, report_lines(diff->arena, line));
    if (open_end) {
        strbuf_puts(&diff->out, "\\ No newline at end of file\n");
    }
}

static void
put_context(Diff *diff, uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++) {
        put_line(diff, ' ', line_at(diff, n), source_is_open(diff->sources, diff->file, n));
    }
}

static void
put_change(Diff *diff, const Change *change)
{
    bool open_end = false;
    for (uint32_t i = 0; i < change->old.n; i++) {
        open_end = source_is_open(diff->sources, diff->file, change->first + i);
        put_line(diff, '-', change->old.at[i], open_end);
    }
    for (uint32_t i = 0; i < change->new.n; i++) {
        put_line(diff, '+', change->new.at[i], open_end && i + 1 == change->new.n);
    }
}

/* One hunk from changes that stand close to each other. */
static void
put_hunk(Diff *diff, const Change *changes, uint32_t n)
{
    const Change *last = &changes[n - 1];
    uint32_t from = changes[0].first > AROUND ? changes[0].first - AROUND : 1;
    uint32_t to = last->first + last->old.n; /* exclusive */
    for (uint32_t i = 0; i < AROUND && source_line(diff->sources, diff->file, to) != NULL; i++) {
        to++;
    }
    int64_t added = 0;
    for (uint32_t i = 0; i < n; i++) {
        added += (int64_t)changes[i].new.n - (int64_t)changes[i].old.n;
    }
    int64_t old_count = (int64_t)to - from;
    int64_t new_count = old_count + added;
    int64_t new_from = (int64_t)from + diff->shift;
    strbuf_printf(&diff->out, "@@ -%" PRId64 ",%" PRId64 " +%" PRId64 ",%" PRId64 " @@\n",
                  (int64_t)from - (old_count == 0), old_count, new_from - (new_count == 0),
                  new_count);
    uint32_t at = from;
    for (uint32_t i = 0; i < n; i++) {
        put_context(diff, at, changes[i].first);
        put_change(diff, &changes[i]);
        at = changes[i].first + changes[i].old.n;
    }
    put_context(diff, at, to);
    diff->shift += added;
}

/* The edits from *next on that are in one file. */
static void
put_file(Diff *diff, const RunResult *run, const Patch *patch, uint32_t *next)
{
    VEC(Change) changes = {0};
    while (*next < patch->nedits && text_equal(patch->edits[*next].file, diff->file)) {
        Change change = make_change(diff, patch, next);
        if (change.old.n + change.new.n > 0) {
            VEC_PUSH(diff->arena, &changes, change);
        }
    }
    const char *path = report_path(diff->arena, run->root, diff->file);
    strbuf_printf(&diff->out, "--- a/%s\n+++ b/%s\n", path, path);
    for (uint32_t i = 0, end; i < changes.n; i = end) {
        for (end = i + 1; end < changes.n; end++) {
            const Change *before = &changes.at[end - 1];
            if (changes.at[end].first > before->first + before->old.n + 2 * AROUND) {
                break;
            }
        }
        put_hunk(diff, &changes.at[i], end - i);
    }
}

const char *
report_diff(Sources *sources, const RunResult *run, const Patch *patch)
{
    Arena *arena = sources_arena(sources);
    Diff diff = {.arena = arena, .sources = sources};
    strbuf_init(&diff.out, arena);
    for (uint32_t next = 0; next < patch->nedits;) {
        const Edit *edit = &patch->edits[next];
        if (source_line(sources, edit->file, 1) == NULL || edit->line == 0 ||
            (edit->line > 1 && source_line(sources, edit->file, edit->line - 1) == NULL)) {
            return NULL;
        }
        diff.file = edit->file;
        diff.shift = 0;
        put_file(&diff, run, patch, &next);
    }
    return diff.out.length > 0 ? diff.out.text : NULL;
}

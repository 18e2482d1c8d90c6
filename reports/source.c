/* source.c: turns places in source into lines that a reader can look at.
 *
 * Files are read once and kept as arrays of lines, ended the way compilers count
 * them (LF, CRLF, CR).  A file that is gone or a line beyond its end is no error:
 * there is just nothing to show.
 */
#include "reports/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TAB_WIDTH 8
#define VIEW_WIDTH 140u /* columns of a line that are shown */
#define CONTEXT 2u      /* lines around a line of the path */
#define NUL_SHOWN '\1'  /* stands for NUL bytes, which would end the line */

typedef struct SourceFile {
    const char *path;
    VEC(const char *) lines;
} SourceFile;

struct Sources {
    Arena *arena;
    VEC(SourceFile) files;
};

Sources *
sources_new(Arena *arena)
{
    Sources *sources = ARENA_NEW(arena, Sources);
    sources->arena = arena;
    return sources;
}

/* Cuts 'text' into lines in place. */
static void
split_lines(Arena *arena, SourceFile *file, char *text, size_t length)
{
    char *end = text + length;
    char *start = text;
    for (char *c = text; c < end; c++) {
        if (*c == '\0') {
            *c = NUL_SHOWN;
        }
        else if (*c == '\n' || *c == '\r') {
            bool crlf = *c == '\r' && c[1] == '\n';
            *c = '\0';
            c += crlf;
            VEC_PUSH(arena, &file->lines, start);
            start = c + 1;
        }
    }
    if (start < end) {
        VEC_PUSH(arena, &file->lines, start);
    }
}

static const SourceFile *
find_file(Sources *sources, const char *path)
{
    for (uint32_t i = sources->files.n; i > 0; i--) {
        if (text_equal(sources->files.at[i - 1].path, path)) {
            return &sources->files.at[i - 1];
        }
    }
    SourceFile file = {.path = path};
    size_t length = 0;
    char *text = file_read(sources->arena, path, &length, NULL);
    if (text != NULL) {
        split_lines(sources->arena, &file, text, length);
    }
    VEC_PUSH(sources->arena, &sources->files, file);
    return &sources->files.at[sources->files.n - 1];
}

const char *
source_line(Sources *sources, const char *file, uint32_t line)
{
    if (file == NULL || line == 0) {
        return NULL;
    }
    const SourceFile *found = find_file(sources, file);
    return line <= found->lines.n ? found->lines.at[line - 1] : NULL;
}

/* ---- one line on a screen -------------------------------------------------------- */

/* One character of a line: its bytes, and what a screen shows for it. */
typedef struct Glyph {
    size_t bytes;
    uint32_t columns;
    const char *text;
    size_t length;
} Glyph;

static Glyph
glyph_at(const char *s, uint32_t column)
{
    if (*s == '\t') {
        uint32_t columns = TAB_WIDTH - column % TAB_WIDTH;
        return (Glyph){1, columns, "        ", columns};
    }
    size_t bytes = utf8_printable(s);
    if (bytes == 0) {
        return (Glyph){1, 1, UTF8_REPLACEMENT, strlen(UTF8_REPLACEMENT)};
    }
    return (Glyph){bytes, 1, s, bytes};
}

/* Columns that the first 'bytes' bytes of the line take. */
static uint32_t
columns_before(const char *line, size_t bytes)
{
    uint32_t column = 0;
    size_t at = 0;
    while (line[at] != '\0' && at < bytes) {
        Glyph glyph = glyph_at(line + at, column);
        at += glyph.bytes;
        column += at <= bytes ? glyph.columns : 0;
    }
    return column;
}

/* Appends the glyphs that begin in the columns 'from' to 'to' of the line. */
static void
show_columns(StrBuf *out, const char *line, uint32_t from, uint32_t to)
{
    for (uint32_t column = 0; *line != '\0' && column < to;) {
        Glyph glyph = glyph_at(line, column);
        if (column >= from) {
            strbuf_add(out, glyph.text, glyph.length);
        }
        column += glyph.columns;
        line += glyph.bytes;
    }
}

/* Appends the line; one that is too long is cut to a window around 'caret'.
 * Returns the caret's column in what was appended. */
static uint32_t
show_line(StrBuf *out, const char *line, uint32_t caret)
{
    uint32_t width = columns_before(line, SIZE_MAX);
    uint32_t from = 0;
    if (width <= VIEW_WIDTH) {
        show_columns(out, line, 0, UINT32_MAX);
        return caret;
    }
    size_t start = out->length;
    if (caret > VIEW_WIDTH * 3 / 4) {
        from = caret - VIEW_WIDTH / 2;
        strbuf_puts(out, "... ");
    }
    size_t shown = out->length;
    show_columns(out, line, from, caret);
    uint32_t column = columns_before(out->text + shown, SIZE_MAX);
    show_columns(out, line, caret, from + VIEW_WIDTH);
    if (from + VIEW_WIDTH < width) {
        strbuf_puts(out, " ...");
    }
    return column + (uint32_t)(shown - start);
}

bool
source_view(Sources *sources, Loc loc, SourceView *view)
{
    const char *line = source_line(sources, loc.file, loc.line);
    if (line == NULL) {
        return false;
    }
    StrBuf out;
    strbuf_init(&out, sources->arena);
    size_t before = loc.col > 0 ? loc.col - 1 : 0;
    view->caret = show_line(&out, line, columns_before(line, before));
    view->text = out.text;
    return true;
}

/* ---- the lines of a path --------------------------------------------------------- */

static int
compare_lines(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* The lines of 'file' that the steps pass and that exist, sorted, each once. */
static uint32_t
path_lines(Sources *sources, const char *file, const Step *steps, uint32_t nsteps, uint32_t *lines)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < nsteps; i++) {
        Loc loc = steps[i].loc;
        if (text_equal(loc.file, file) && source_line(sources, file, loc.line) != NULL) {
            lines[n++] = loc.line;
        }
    }
    qsort(lines, n, sizeof(*lines), compare_lines);
    uint32_t unique = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (unique == 0 || lines[unique - 1] != lines[i]) {
            lines[unique++] = lines[i];
        }
    }
    return unique;
}

/* Appends lines 'from' to 'to' (or the end of the file), none of them marked but 'mark'. */
static void
show_lines(Sources *sources, StrBuf *out, const char *file, uint32_t from, uint32_t to,
           uint32_t mark, int digits)
{
    for (uint32_t n = from; n <= to; n++) {
        const char *line = source_line(sources, file, n);
        if (line == NULL) {
            return;
        }
        strbuf_printf(out, "%c %*" PRIu32 " |", n == mark ? '>' : ' ', digits, n);
        if (*line != '\0') {
            strbuf_putc(out, ' ');
            show_line(out, line, 0);
        }
        strbuf_putc(out, '\n');
    }
}

const char *
source_excerpt(Sources *sources, const char *file, const Step *steps, uint32_t nsteps)
{
    uint32_t *lines = ARENA_ARRAY(sources->arena, uint32_t, nsteps + 1);
    uint32_t n = path_lines(sources, file, steps, nsteps, lines);
    if (n == 0) {
        return NULL;
    }
    StrBuf out;
    strbuf_init(&out, sources->arena);
    int digits = snprintf(NULL, 0, "%" PRIu32, lines[n - 1] + CONTEXT);
    uint32_t shown = 0; /* the last line that is there */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = lines[i] > CONTEXT ? lines[i] - CONTEXT : 1;
        if (shown > 0 && from > shown + 2) {
            strbuf_puts(&out, "...\n");
        }
        else if (shown > 0) {
            from = shown + 1;
        }
        uint32_t to = lines[i] + CONTEXT;
        if (i + 1 < n && to >= lines[i + 1]) {
            to = lines[i + 1] - 1;
        }
        show_lines(sources, &out, file, from, to, lines[i], digits);
        shown = to;
    }
    return out.text;
}

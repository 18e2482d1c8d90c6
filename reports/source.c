/* source.c: turns places in source into lines that a reader can look at.
 *
 * Files are read once and kept as arrays of lines, ended the way compilers count
 * them (LF, CRLF, CR).  A file that is gone or a line beyond its end is no error:
 * there is just nothing to show.
 */
#include "reports/report.h"

#include <string.h>

#define TAB_WIDTH 8
#define VIEW_WIDTH 140u /* columns of a line that are shown */
#define NUL_SHOWN '\1'  /* stands for NUL bytes, which would end the line */

typedef struct SourceFile {
    const char *path;
    VEC(const char *) lines;
    bool open_end; /* the last line has no line end */
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

Arena *
sources_arena(const Sources *sources)
{
    return sources->arena;
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
    file->open_end = start < end;
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

bool
source_is_open(Sources *sources, const char *file, uint32_t line)
{
    const SourceFile *found = find_file(sources, file);
    return found->open_end && line == found->lines.n;
}

/* Characters in the first 'bytes' bytes of 'text', each unprintable byte counted as one. */
static uint32_t
count_characters(const char *text, size_t bytes)
{
    uint32_t n = 0;
    for (size_t at = 0; text[at] != '\0' && at < bytes; n++) {
        size_t length = utf8_printable(text + at);
        at += length > 0 ? length : 1;
    }
    return n;
}

SourceRegion
source_region(Sources *sources, Loc loc)
{
    SourceRegion region = {loc.col > 0 ? loc.col : 1, 0};
    const char *line = source_line(sources, loc.file, loc.line);
    region.end_col = region.col + 1;
    if (line == NULL) {
        return region;
    }
    size_t length = strlen(line);
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t')) {
        length--;
    }
    region.col = count_characters(line, region.col - 1) + 1;
    region.end_col = count_characters(line, length) + 1;
    if (region.end_col <= region.col) {
        region.end_col = region.col + 1;
    }
    return region;
}

uint32_t
source_column(Sources *sources, const char *file, uint32_t line, uint32_t col)
{
    const char *text = source_line(sources, file, line);
    return text == NULL || col == 0 ? col : count_characters(text, col - 1) + 1;
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

const char *
source_shown(Sources *sources, const char *file, uint32_t line)
{
    const char *text = source_line(sources, file, line);
    if (text == NULL) {
        return NULL;
    }
    StrBuf out;
    strbuf_init(&out, sources->arena);
    show_line(&out, text, 0);
    return out.text;
}

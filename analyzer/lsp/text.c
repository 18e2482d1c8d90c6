/* text.c: the protocol's positions and URIs <-> bytes and paths. */
#include "lsp/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- positions ---------------------------------------------------------------------- */

void
lines_find(Arena *arena, const char *text, size_t length, Lines *out)
{
    *out = (Lines){.text = text, .length = length};
    VEC_PUSH(arena, &out->start, 0);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' || (text[i] == '\r' && (i + 1 >= length || text[i + 1] != '\n'))) {
            VEC_PUSH(arena, &out->start, i + 1);
        }
    }
}

/* The end of a line, before its line break. */
static size_t
line_end(const Lines *lines, size_t line)
{
    size_t end = line + 1 < lines->start.n ? lines->start.at[line + 1] : lines->length;

    while (end > lines->start.at[line]
           && (lines->text[end - 1] == '\n' || lines->text[end - 1] == '\r')) {
        end--;
    }
    return end;
}

/* Bytes of the UTF-8 sequence at 'at'; 1 for what is none. */
static size_t
sequence(const char *text, size_t at, size_t end)
{
    unsigned char c = (unsigned char)text[at];
    size_t n = c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;

    n = c >= 0xf8 || at + n > end ? 1 : n;
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)text[at + i] & 0xc0) != 0x80) {
            return 1;
        }
    }
    return n;
}

size_t
lines_offset(const Lines *lines, json_int_t line, json_int_t character, bool utf8)
{
    size_t at, end;

    if (line < 0 || (size_t)line >= lines->start.n) {
        return line < 0 ? 0 : lines->length;
    }
    at = lines->start.at[line];
    end = line_end(lines, (size_t)line);
    if (utf8) {
        return character <= 0 ? at : (size_t)character < end - at ? at + (size_t)character : end;
    }
    while (at < end && character > 0) {
        size_t n = sequence(lines->text, at, end);

        character -= n == 4 ? 2 : 1;
        if (character < 0) {
            break; /* inside a pair */
        }
        at += n;
    }
    return at;
}

json_t *
lines_position(const Lines *lines, uint32_t line, uint32_t col, bool utf8)
{
    size_t at, end, stop;
    json_int_t character = 0;

    if (line == 0 || line > lines->start.n) {
        line = line == 0 ? 1 : (uint32_t)lines->start.n;
    }
    at = lines->start.at[line - 1];
    end = line_end(lines, line - 1);
    stop = at + (col > 0 ? col - 1 : 0);
    stop = stop < end ? stop : end;
    if (utf8) {
        character = (json_int_t)(stop - at);
    }
    while (!utf8 && at < stop) {
        size_t n = sequence(lines->text, at, end);

        character += n == 4 ? 2 : 1;
        at += n;
    }
    return json_pack("{s:I, s:I}", "line", (json_int_t)line - 1, "character", character);
}

json_t *
lines_range(const Lines *lines, uint32_t line, uint32_t col, uint32_t end_line, uint32_t end_col,
            bool utf8)
{
    return json_pack("{s:o, s:o}", "start", lines_position(lines, line, col, utf8), "end",
                     lines_position(lines, end_line, end_col, utf8));
}

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

json_t *
lines_word(const Lines *lines, uint32_t line, uint32_t col, bool utf8)
{
    uint32_t last = line > 0 && line <= lines->start.n ? line : 1;
    size_t start = lines->start.at[last - 1] + (col > 0 ? col - 1 : 0);
    size_t end = line_end(lines, last - 1), at = start < end ? start : end;

    while (at < end && is_word(lines->text[at])) {
        at++;
    }
    at += at == start && at < end ? 1 : 0;
    return lines_range(lines, last, col, last, (uint32_t)(at - lines->start.at[last - 1]) + 1,
                       utf8);
}

/* ---- edits ---------------------------------------------------------------------------- */

static bool
read_position(const json_t *at, json_int_t *line, json_int_t *character)
{
    const json_t *l = json_object_get(at, "line"), *c = json_object_get(at, "character");

    *line = json_integer_value(l);
    *character = json_integer_value(c);
    return json_is_integer(l) && json_is_integer(c);
}

static void
replace(Bytes *text, size_t start, size_t end, const char *with, size_t length)
{
    Bytes out = {0};

    bytes_add(&out, text->at, start);
    bytes_add(&out, with, length);
    bytes_add(&out, text->at + end, text->n - end);
    bytes_free(text);
    *text = out;
}

static bool
change_once(Bytes *text, const json_t *change, bool utf8)
{
    const json_t *with = json_object_get(change, "text");
    const json_t *range = json_object_get(change, "range");
    json_int_t line, character, end_line, end_character;
    size_t start, end;
    Arena *arena;
    Lines lines;

    if (!json_is_string(with)) {
        return false;
    }
    if (range == NULL) {
        replace(text, 0, text->n, json_string_value(with), json_string_length(with));
        return true;
    }
    if (!read_position(json_object_get(range, "start"), &line, &character)
        || !read_position(json_object_get(range, "end"), &end_line, &end_character)) {
        return false;
    }
    arena = arena_new();
    lines_find(arena, text->at, text->n, &lines);
    start = lines_offset(&lines, line, character, utf8);
    end = lines_offset(&lines, end_line, end_character, utf8);
    arena_free(arena);
    replace(text, start < end ? start : end, start < end ? end : start, json_string_value(with),
            json_string_length(with));
    return true;
}

bool
text_change(Bytes *text, const json_t *changes, bool utf8)
{
    size_t i;
    json_t *change;

    json_array_foreach(changes, i, change) {
        if (!change_once(text, change, utf8)) {
            return false;
        }
    }
    return json_is_array(changes);
}

/* ---- URIs ------------------------------------------------------------------------------- */

char *
uri_path(Arena *arena, const char *uri)
{
    StrBuf path;

    if (uri == NULL || !text_starts(uri, "file://")) {
        return NULL;
    }
    uri += strlen("file://");
    uri = *uri == '/' ? uri : strchr(uri, '/'); /* file://localhost/path */
    if (uri == NULL) {
        return NULL;
    }
    strbuf_init(&path, arena);
    for (; *uri != '\0'; uri++) {
        if (*uri == '%' && isxdigit((unsigned char)uri[1]) && isxdigit((unsigned char)uri[2])) {
            char hex[3] = {uri[1], uri[2], '\0'};

            strbuf_putc(&path, (char)strtol(hex, NULL, 16));
            uri += 2;
        }
        else {
            strbuf_putc(&path, *uri);
        }
    }
    return path_absolute(arena, NULL, path.text);
}

char *
path_uri(Arena *arena, const char *path)
{
    StrBuf uri;

    strbuf_init(&uri, arena);
    strbuf_puts(&uri, "file://");
    for (; *path != '\0'; path++) {
        if (isalnum((unsigned char)*path) || strchr("/-._~", *path) != NULL) {
            strbuf_putc(&uri, *path);
        }
        else {
            strbuf_printf(&uri, "%%%02X", (unsigned char)*path);
        }
    }
    return uri.text;
}

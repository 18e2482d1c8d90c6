/* text.h: positions and URIs as the protocol has them (private to lsp/). */
#ifndef STRAYREF_LSP_TEXT_H
#define STRAYREF_LSP_TEXT_H

#include "lsp/channel.h"

/* A text and where its lines start. */
typedef struct Lines {
    const char *text;
    size_t length;
    VEC(size_t) start; /* by line, from 0 */
} Lines;

/* Finds the lines (ended by LF, CRLF or CR) of a text that lives as long. */
void lines_find(Arena *arena, const char *text, size_t length, Lines *out);
/* The offset of a position of the protocol: what lies behind the end of its line or of the
 * text is taken back to there.  'utf8': characters are bytes, else UTF-16 units. */
size_t lines_offset(const Lines *lines, json_int_t line, json_int_t character, bool utf8);
/* The position for a place (both from 1, bytes). */
json_t *lines_position(const Lines *lines, uint32_t line, uint32_t col, bool utf8);
/* The range of the word, or the one character, that starts at the place. */
json_t *lines_word(const Lines *lines, uint32_t line, uint32_t col, bool utf8);
/* A range from two places; ends may lie one behind their line. */
json_t *lines_range(const Lines *lines, uint32_t line, uint32_t col, uint32_t end_line,
                    uint32_t end_col, bool utf8);

/* Makes the edits of didChange; false when one is malformed. */
bool text_change(Bytes *text, const json_t *changes, bool utf8);

/* The path of a file: URI, normalised; NULL for others. */
char *uri_path(Arena *arena, const char *uri);
/* The URI of an absolute path. */
char *path_uri(Arena *arena, const char *path);

#endif

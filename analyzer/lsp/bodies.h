/* bodies.h: a file as the bodies of its functions and the text between them (private to lsp/).
 *
 * Tells which bodies of a text differ from those of the text that was last parsed whole, and
 * whether anything else does.
 */
#ifndef STRAYREF_LSP_BODIES_H
#define STRAYREF_LSP_BODIES_H

#include "base/base.h"
#include "capture/capture.h"

/* From the opening brace to behind the closing one. */
typedef struct Span {
    uint32_t start, end;
} Span;

/* A text and where its bodies are; rising, not overlapping.  Nothing in it is owned. */
typedef struct BodyText {
    const char *text;
    uint32_t length;
    Span *span;
    uint32_t nspan;
} BodyText;

/* Takes the bodies in the file at 'path': in order, none inside another.  'out' has the text; its
 * spans are owned by the arena. */
void bodies_find(Arena *arena, const Bodies *bodies, const char *path, BodyText *out);
/* Finds the bodies of 'now' from those of 'old', of which it is a change in one place; 'spans'
 * receives them.  False when the change is not inside one body or the text between. */
bool bodies_follow(const BodyText *old, const char *text, uint32_t length, Span *spans);
/* True when the text between the bodies is the same. */
bool bodies_same_outside(const BodyText *a, const BodyText *b);
/* True when body 'i' is. */
bool bodies_same(const BodyText *a, const BodyText *b, uint32_t i);
/* True when body 'i' of 'now' can be parsed in place of that of 'old': its braces match, its
 * lines for the preprocessor are those of 'old', and what stands behind it keeps its column. */
bool bodies_fit(const BodyText *old, const BodyText *now, uint32_t i);
/* Replaces the body by a semicolon; lines and columns of the rest stay.  Leaves bodies alone
 * that the preprocessor or an old-style parameter list would miss. */
void body_blank(char *text, Span span);
/* True when it would. */
bool body_is_blankable(const char *text, Span span);
/* How the lines of 'old' have moved in 'now'; owned by the arena. */
LineShift *bodies_shift(Arena *arena, const BodyText *old, const BodyText *now,
                        uint32_t *nshift);
/* The line of an offset, from 1. */
uint32_t text_line(const char *text, uint32_t offset);

#endif

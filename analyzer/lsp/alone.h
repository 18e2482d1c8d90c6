/* alone.h: can a function be parsed behind all of its file instead of in its place? (private to
 * lsp/)
 *
 * What stands behind a function in the file is then in front of it.  That makes no difference
 * unless the function names something that is only declared there, or a macro that is defined
 * or forgotten there.
 */
#ifndef STRAYREF_LSP_ALONE_H
#define STRAYREF_LSP_ALONE_H

#include "lsp/bodies.h"

/* What is known of a file's surroundings, and of the function looked at last. */
typedef struct Alone {
    Arena *arena;
    const BodyText *whole;
    Map macros;        /* of other files that the unit consists of, headers aside */
    Map functions;     /* ... with a body there */
    uint32_t at;       /* the function, nspan: none yet */
    Map before, after; /* words between functions, on either side of it */
    Map macros_after;
    Map own;           /* words of the function itself */
} Alone;

/* Starts with a file; 'arena' and 'whole' live as long. */
void alone_start(Alone *alone, Arena *arena, const BodyText *whole);
/* Notes another file: its macros, and the name of a function in it. */
void alone_add_file(Alone *alone, const char *text, size_t length);
void alone_add_function(Alone *alone, const char *name);
/* True when body 'i', as it is now, can be parsed so. */
bool alone_is_safe(Alone *alone, uint32_t i, const BodyText *now);

#endif

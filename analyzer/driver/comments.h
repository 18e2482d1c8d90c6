/* comments.h: the comments of C source, and where they stand (private to the driver). */
#ifndef STRAYREF_COMMENTS_H
#define STRAYREF_COMMENTS_H

#include "base/base.h"

#define NO_INDEX UINT32_MAX

/* One comment, without its delimiters. */
typedef struct Comment {
    const char *text;    /* points into the source; not NUL-terminated */
    size_t length;
    uint32_t line, col;  /* of its first character */
    uint32_t last_line;  /* of its last one */
    uint32_t code_line;  /* the first line after last_line with code; 0 = none follows */
    bool alone;          /* no code stands on its first line */
    uint32_t macro;      /* the macro in whose definition it stands, an index; or NO_INDEX */
    uint32_t region;     /* the innermost #if it stands in, an index; or NO_INDEX */
} Comment;

/* The definition of a macro. */
typedef struct MacroText {
    const char *name;
    const char **words; /* identifiers of its body */
    uint32_t nwords;
} MacroText;

/* Lines between #if, #elif, #else and #endif, those included. */
typedef struct Region {
    uint32_t first, last;
} Region;

typedef struct SourceComments {
    VEC(Comment) comments;
    VEC(MacroText) macros;
    VEC(Region) regions;
} SourceComments;

/* Takes the source apart as a compiler does: comments, string and character literals,
 * spliced lines, preprocessor lines; raw strings when 'cxx'.  Any bytes will do.
 * What it gives is owned by 'arena' and points into 'text', which ends with a NUL. */
void comments_read(Arena *arena, const char *text, size_t length, bool cxx,
                   SourceComments *out);

#endif

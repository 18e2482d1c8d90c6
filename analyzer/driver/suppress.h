/* suppress.h: what a comment says about findings (private to the driver).
 *
 * The forms:  strayref: ignore[rule-a,rule-b] -- reason     on its line
 *             strayref: ignore-next-line[...], ignore-function[...], ignore-file[...]
 *             NOLINT(strayref-rule), NOLINTNEXTLINE(strayref-*)
 * A name may hold '*' for any letters; without brackets every rule is meant.
 */
#ifndef STRAYREF_SUPPRESS_H
#define STRAYREF_SUPPRESS_H

#include "driver/comments.h"
#include "driver/driver.h"

typedef enum SuppressForm {
    SUPPRESS_LINE,
    SUPPRESS_NEXT_LINE,
    SUPPRESS_FUNCTION,
    SUPPRESS_FILE,
} SuppressForm;

/* One rule that a suppression names. */
typedef struct SuppressName {
    const char *rule; /* an id, or a pattern with '*' */
    bool known;       /* some rule answers to it */
    bool used;        /* it has met a finding */
} SuppressName;

typedef struct Suppression {
    SuppressForm form;
    Loc loc;              /* of its first word; the file is filled in by the reader of files */
    SuppressName *names;
    uint32_t nnames;
    const char *reason;   /* "" without one */
    uint32_t first, last; /* lines that it covers */
    const char *macro;    /* the macro in whose definition it stands, or NULL */
    const char *function; /* the function that it is about or stands in, or NULL */
    bool quiet;           /* what it covers was not analysed in full: unused says nothing */
} Suppression;

/* A comment that was meant to be a suppression and is none, in whole or in part. */
typedef struct SuppressProblem {
    Loc loc;
    const char *what; /* "unknown rule 'leek'" */
    const char *fix;  /* "Write 'leak'", a sentence without final stop */
} SuppressProblem;

typedef struct Suppressions {
    VEC(Suppression) all;
    VEC(SuppressProblem) problems;
} Suppressions;

/* suppress_read.c: appends what the comment says.  'first' and 'last' are filled in, for the
 * function form as the line of the comment. */
void suppressions_read(Arena *arena, const Comment *comment, Suppressions *out);

/* True when the rule id answers to the name, in which '*' stands for any letters. */
bool suppress_matches(const char *name, const char *id);

/* ---- suppress_find.c ------------------------------------------------------------------------ */

/* The macros whose use brings in the body of one macro. */
typedef struct MacroUsers {
    const char *macro;
    Map names; /* interned name -> not NULL */
} MacroUsers;

typedef struct Suppressor {
    Arena *arena;
    Scan *scan;
    VEC(Str) files;           /* of the project, each once */
    Suppressions found;
    VEC(MacroText) macros;    /* of all files, once some suppression stands in one */
    VEC(MacroUsers *) users;  /* of those in which one stands */
} Suppressor;

/* Reads the comments of all files of the scan that its findings may lie in. */
void suppress_find(Suppressor *s);
/* True when code at this place comes from the body of the macro, at any depth. */
bool suppress_in_macro(Suppressor *s, Loc loc, const char *macro);

#endif

/* unit.h: a file on its way to a unit.
 *
 * Private to capture/; shared by capture.c and live.c.
 */
#ifndef STRAYREF_CAPTURE_UNIT_H
#define STRAYREF_CAPTURE_UNIT_H

#include "capture/lower.h"

/* Where a function stands, to find those that an error touches. */
typedef struct Extent {
    Fn *fn;
    const SourceFile *file;
    uint32_t start, end;
    bool has_error; /* one of the parser's */
} Extent;

typedef struct Capture {
    Tu tu;
    Unit *unit;
    const Job *job;
    VEC(CXCursor) top; /* declarations outside functions */
    VEC(CXCursor) patterns; /* functions of templates */
    VEC(Extent) extents;
    uint32_t nmore;    /* of tu.more that are lowered */
    const CaptureWish *wish; /* which functions are wanted; NULL: all, and the variables */
    const char *const *read; /* the files that a compiled preamble has read */
    uint32_t nread;
    Bodies *bodies;    /* gets where the functions' bodies stand, or NULL */
} Capture;

/* Makes room for the file of 'cap->job', whose unit is 'cap->unit'.  The arenas of 'cap->tu' are
 * the caller's to free; capture_handle does. */
void capture_init(Capture *cap, const char *overlay_prefix);
/* The unit has failed, and says why. */
void capture_fail(Capture *cap, const char *text);
/* True when the parser has seen errors.  *no_python: one is that there is no Python.h. */
bool capture_look_for_errors(Capture *cap, bool *no_python);
/* Lowers one function. */
void capture_function(Capture *cap, CXCursor cursor);
/* Keeps the parser's errors as messages, and marks the functions that they touch as damaged. */
void capture_read_errors(Capture *cap);
/* Turns the parsed file into 'cap->unit', and frees what that needed; a handle of NULL is one that
 * failed. */
void capture_handle(Capture *cap);
/* Ends a parsed file, if there is one, and forgets it. */
void capture_drop(CXTranslationUnit *handle);

#endif

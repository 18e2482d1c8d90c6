/* fixture.h: one fixture of strayref verify and what its comments ask for.
 *
 * Private to the driver: fixture.c reads the comments, judge.c compares, verify.c
 * scans and counts.
 */
#ifndef STRAYREF_FIXTURE_H
#define STRAYREF_FIXTURE_H

#include "driver/driver.h"

typedef enum MarkKind {
    MARK_EXPECT, /* must be found */
    MARK_MISS,   /* should be found, is not: counted */
    MARK_FALSE,  /* is found, should not be: counted */
} MarkKind;

typedef struct Mark {
    MarkKind kind;
    uint32_t line;
    const char *rule;
    const char *name; /* of the object, NULL = any */
    bool met;
} Mark;

/* One line for the author of a fixture. */
typedef struct Complaint {
    uint32_t line;
    const char *text;
} Complaint;

/* One C file. */
typedef struct Fixture {
    Arena *arena;
    const char *file;   /* scanned, absolute */
    const char *shown;  /* its name in messages: for an example, the page */
    const char *folder; /* where the search for the stub headers starts */
    Version python;     /* --python, 0 = default */
    bool real_headers;  /* --real-headers: those of the installed Python */
    bool with_gaps;     /* --with-gaps: some function may stay without analysis */
    VEC(const char *) with; /* --with=FILE: scanned together with these, beside it */
    VEC(const char *) flags;
    VEC(Mark) marks;
    VEC(Complaint) complaints;
} Fixture;

/* Sums over all fixtures of one run. */
typedef struct Tally {
    const Options *options;
    uint32_t files, expectations, failed, misses, falses;
} Tally;

/* ---- fixture.c ---------------------------------------------------------------------- */

/* Records that something is wrong with the fixture. */
void fixture_complain(Fixture *fx, uint32_t line, const char *format, ...) PRINTF_LIKE(3, 4);
/* Reads the marks and options in the comments of a C file. */
void fixture_read(Fixture *fx, const char *text);

/* ---- judge.c ------------------------------------------------------------------------ */

/* Compares the findings of a scan with the marks, strict both ways. */
void judge_findings(Fixture *fx, Tally *tally, const Scan *scan);
/* Complains about what was not analysed: it would pass for silence. */
void judge_gaps(Fixture *fx, const Scan *scan);
/* Compares the IR of the file's functions with the comment at the end of 'text', or
 * rewrites that comment (--bless).  False with 'error' set when it cannot write. */
bool judge_ir(Fixture *fx, Tally *tally, const Scan *scan, const char *text, Error *error);

#endif

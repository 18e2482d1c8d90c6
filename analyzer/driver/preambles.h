/* preambles.h: what the files of a scan begin with, compiled once for all (private to the
 * driver).
 */
#ifndef STRAYREF_PREAMBLES_H
#define STRAYREF_PREAMBLES_H

#include "driver/gate.h"

typedef enum PreambleState {
    PREAMBLE_WAITING, /* nobody has begun to compile it */
    PREAMBLE_RUNNING,
    PREAMBLE_READY,
    PREAMBLE_FAILED,  /* its files do without */
} PreambleState;

/* Directives that several jobs begin with. */
typedef struct SharedPreamble {
    Preamble preamble;
    uint32_t job; /* one of them */
    PreambleState state;
} SharedPreamble;

typedef struct Preambles {
    VEC(SharedPreamble) all;
    uint32_t *of;    /* job -> number in 'all' + 1, 0: none */
    TempDir dir;     /* where they are compiled to, when there are any */
} Preambles;

/* Finds those that pay among the jobs that have no unit yet.  What it gives lives in 'arena'; to
 * be ended. */
void preambles_plan(Arena *arena, Strings *strings, const Jobs *jobs, Unit *const *units,
                    Preambles *out);
/* Removes what was compiled. */
void preambles_end(Preambles *preambles);

#endif

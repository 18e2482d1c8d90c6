/* engine.h: explores every path of every function, callees first, computes
 * summaries and tells the rules about what happens to references.
 *
 * This is the engine's door for the driver; its inner structures are in
 * state.h.
 */
#ifndef STRAYREF_ENGINE_H
#define STRAYREF_ENGINE_H

#include "engine/finding.h"
#include "flow/flow.h"
#include "model/model.h"

typedef enum FnOutcome {
    OUTCOME_ANALYSED, /* every path followed to its end */
    OUTCOME_PARTIAL,  /* the same, but with constructs that were not lowered */
    OUTCOME_DAMAGED,  /* touched by a parse error */
    OUTCOME_GAVE_UP,  /* a budget was exceeded: some paths were cut */
} FnOutcome;

typedef struct FnFindings {
    Finding **at;
    uint32_t n;
} FnFindings;

typedef struct EngineResult {
    VEC(Finding *) findings;  /* sorted by place and rule, fingerprints set, not numbered */
    FnOutcome *outcome;       /* by function of the program */
    const char **why;         /* by function: reason when not analysed, else NULL */
    Summary **computed;       /* by function: its summary, or NULL */
    FnFindings *own;          /* by function: its findings */
    uint64_t *premise;        /* by function: what the program around it says, as a number */
} EngineResult;

/* What an earlier run found out about a program that differs in some functions. */
typedef struct EngineBefore {
    const Program *program;
    const EngineResult *result;
    bool (*is_changed)(void *payload, const Fn *fn); /* of the program to be analysed now */
    void *payload;
    const uint32_t *lines;    /* by function of 'program': the line that its findings take it to
                                 begin at; NULL: findings of unchanged functions are left out */
    bool (*is_edited)(void *payload, const char *file); /* with 'lines': what stands outside of
                                                           functions in it may have moved */
} EngineBefore;

/* A number by which a function is known from one run to the next. */
uint64_t engine_identity(const Fn *fn);

/* The part of the program that one of several processes analyses.  The call graph is cut into
 * rounds, callees first, each round into shards.  What a component needs is analysed as well
 * where it is not known yet. */
typedef struct EngineShare {
    uint32_t shard, shards; /* from 0; shards 0: all of it */
    uint32_t round, rounds;
} EngineShare;

/* What the engine may use while it analyses a whole program. */
typedef struct EngineHelp {
    uint32_t workers; /* processes to analyse in, for programs of some size; 0 = none */
    Digest base;      /* of all that decides beside the units: this program, facts */
    EngineShare share;
    /* Results by their key: bytes in 'arena' that 'keep' was given, now or in an earlier run;
     * NULL when there are none.  Both NULL: nothing is kept. */
    const char *(*find)(void *payload, Arena *arena, Digest key, size_t *length);
    void (*keep)(void *payload, Digest key, const char *bytes, size_t length);
    void *payload;
    const int *stop;  /* a descriptor: once there is something to read, what is not done is
                         given up; NULL = none */
} EngineHelp;

/* Analyses the whole program.  Computed summaries are put into 'model'.
 * Everything in 'out' is owned by 'arena'.  'help' may be NULL; the result is the same. */
void engine_run(Arena *arena, Strings *strings, const Program *program, Model *model,
                const EngineHelp *help, EngineResult *out);

/* The same, but only for functions that are changed, new, call one whose summary has become
 * another, or whose premises have; the others keep their summary, and their findings move
 * with them (with before->lines; else 'out' has none of theirs).
 * 'before' must share 'strings'.  '*analysed' gets by function whether it was analysed. */
void engine_run_changed(Arena *arena, Strings *strings, const Program *program, Model *model,
                        const EngineBefore *before, bool **analysed, EngineResult *out);

/* Sorts out->findings after some were added. */
void findings_sort(EngineResult *out);

/* ---- pack_run.c ------------------------------------------------------------------- */

/* A run's result as bytes in 'arena': findings without patches and groups, counters, gaps, notes,
 * and the versions of Python and clang. */
const char *run_pack(Arena *arena, const RunResult *run, size_t *length);
/* The same back, owned by 'arena'; root and version are left NULL.  False when the bytes make no
 * sense. */
bool run_unpack(Arena *arena, Strings *strings, const char *bytes, size_t length, RunResult *out);

/* ---- threads_find.c: modules without the GIL ---------------------------------------- */

/* The units whose module says that it needs no GIL. */
typedef struct NoGil {
    Map files; /* by their path */
    bool all;  /* every module of the program does */
} NoGil;

/* Looks for slots Py_mod_gil and calls of PyUnstable_Module_SetGIL.  Owned by 'arena'. */
NoGil threads_declared(Arena *arena, const Program *program);
/* True for the file of such a module; for any when every module is one. */
bool threads_is_declared(const NoGil *nogil, const char *file);

/* ---- inspect.c: the ledger at one place ------------------------------------------- */

/* A variable at a line of its function. */
typedef struct Point {
    const char *file, *name;
    uint32_t line;
} Point;

/* What the variable holds there, and on how many of the paths that reach the line. */
typedef struct Facing {
    const char *text; /* "owns a new reference from PyList_New" */
    uint32_t paths;
} Facing;
typedef VEC(Facing) Facings;

/* Follows the paths of function 'fn' once more; 'known' is the result of the program's run and
 * gets nothing new but a summary that equals the one it has.  'out' is owned by 'arena'. */
void engine_inspect(Arena *arena, Strings *strings, const Program *program, Model *model,
                    const EngineResult *known, uint32_t fn, const Point *point, Facings *out);

#endif

/* run.h: the functions of a program by components of the call graph, callees first: what the
 * files share that order them, analyse them, and keep what came out (private to the engine).
 */
#ifndef STRAYREF_ENGINE_RUN_H
#define STRAYREF_ENGINE_RUN_H

#include "engine/pack.h"
#include "engine/state.h"

typedef struct Slice {
    const char *bytes;
    size_t length;
} Slice;

/* One strongly connected component of the call graph. */
typedef struct Component {
    uint32_t first, count; /* in the order of the call graph */
    uint32_t *needs;       /* earlier components whose functions are named here */
    uint32_t nneeds;
    Slice part;            /* what came out, as bytes */
    bool left_out;         /* no part of this process's share */
} Component;

typedef struct Moving Moving; /* moving.c */

typedef struct Engine {
    Arena *out;
    Arena *scratch;
    Strings *strings;
    const Program *program;
    Model *model;
    const EngineHelp *help; /* or NULL */
    FnInfo *info;
    Owners *owners;
    const Gil *gil;
    const uint32_t *given; /* given.c */
    Summary **computed;
    EngineResult *result;
    Component *component;
    uint32_t ncomponents;
    Slice *raw;                 /* by function: its summary as bytes, before annotations count;
                                   NULL when nobody wants it */
    Digest base;                /* of what all functions depend on */
    const EngineBefore *before; /* NULL: everything is new */
    Map known;                  /* identity of a function -> its index before + 1 */
    Moving *moving;             /* NULL without before->lines */
    bool *analysed;             /* by function: with 'before' only */
    uint8_t *altered;           /* by function: Altered bits, with 'before' only */
    Watch *watch;               /* NULL: nobody looks on */
} Engine;

/* ---- engine.c ---- */

/* Notes which findings, from 'first' on, are the function's. */
void note_own(Engine *engine, uint32_t index, uint32_t first);
/* Analyses the functions of a component here and now. */
void component_analyse(Engine *engine, const Component *component);

/* ---- before.c: what an earlier run found out -------------------------------------------- */

/* What callers of a function see of it that they did not see in the earlier run. */
typedef enum Altered {
    ALTERED_SUMMARY = 1, /* another outcome, or one that tells of another place */
    ALTERED_FIELDS = 2,  /* what the program says of fields that its summary names, perhaps */
} Altered;

/* Makes ready for what follows; engine->before may be NULL. */
void before_start(Engine *engine);
/* Takes over what is known of a component; false when it must be analysed. */
bool before_keep(Engine *engine, const Component *component);
/* The component was analysed: notes what its callers see of that. */
void before_note(Engine *engine, const Component *component);

/* ---- moving.c: places that an earlier run noted ------------------------------------------ */

/* Needs engine->known; NULL without before->lines.  Owned by engine->out. */
Moving *moving_start(Engine *engine);
/* Moves the place to where it is now.  False when nobody can tell; then it is nowhere. */
bool moving_place(const Moving *moving, Loc *loc);
/* An instruction of function 'k' of the earlier run, its place moved; NULL for NULL. */
const Instr *moving_instr(const Moving *moving, int64_t k, const Instr *ins);

/* ---- part.c: what came out of a component, as bytes --------------------------------- */

/* Finds what each component needs. */
void components_link(Engine *engine);
/* Computes engine->base. */
void parts_start(Engine *engine);
/* What was found in the component, in 'arena'. */
Slice part_pack(Engine *engine, Arena *arena, const Component *component);
/* Notes the summaries in it, as bytes.  False when they make no sense. */
bool part_split(Engine *engine, const Component *component, Slice part);
/* Takes all of it over.  False when it makes no sense; then the component is to be analysed. */
bool part_take(Engine *engine, const Component *component, Slice part);
/* Takes one summary over, as a process needs it that works on something else. */
bool part_take_summary(Engine *engine, uint32_t index, Slice bytes);
/* The functions of the component could not be analysed. */
Slice part_of_failure(Engine *engine, Arena *arena, const Component *component, const char *why);
/* True when somebody has asked to end; what is not done then says STOPPED. */
#define STOPPED "the scan was interrupted"
bool engine_is_stopped(const Engine *engine);
/* What decides about the component: all that it needs must have been split or analysed. */
Digest part_key(Engine *engine, const Component *component);

/* ---- share.c: the part of a program that is to be analysed here ------------------------- */

/* Marks what is no part of engine->help->share. */
void share_mark(Engine *engine);

/* ---- team.c -------------------------------------------------------------------------- */

/* Analyses all components in processes; false when none could be started. */
bool team_run(Engine *engine);

#endif

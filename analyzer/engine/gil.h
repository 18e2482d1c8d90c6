/* gil.h: who holds the GIL on a path, and which functions need it. */
#ifndef STRAYREF_ENGINE_GIL_H
#define STRAYREF_ENGINE_GIL_H

#include "engine/call.h"

typedef enum Change {
    CHANGE_NONE, CHANGE_SAVE, CHANGE_RESTORE, CHANGE_ENSURE, CHANGE_RELEASE
} Change;

/* What a function that is called without the GIL would do wrong. */
typedef struct GilUse {
    const Instr *at;    /* first use of the C-API before it takes the GIL; NULL: none */
    const char *callee; /* that function of the C-API */
    bool releases;      /* it is one that gives the GIL away */
    uint32_t in;        /* the function that 'at' stands in */
    uint64_t calls;     /* what that calls, one after the other, as a number */
} GilUse;

typedef struct Behind Behind;
struct Behind { /* a function that a pointer may lead to */
    uint32_t fn;
    Behind *next;
};

struct Gil {
    Arena *arena;
    Strings *strings;
    const Program *program;
    const Model *model;
    GilUse *use;     /* by function */
    Change *leaves;  /* by function: what calling it changes */
    bool *foreign;   /* by function */
    Map changers;    /* name -> Change of the functions called so; several may be linked */
    Map behind;      /* "record.field" -> Behind, what it may point to */
};

/* ---- gil_find.c ---- */

/* Looks through all functions for uses of the C-API, helpers included, and for functions that
 * a new thread starts with or that fields point to.  Owned by 'arena'. */
Gil *gil_find(Arena *arena, Strings *strings, const Program *program, const Model *model);
/* The instruction of the block that sets a temporary before 'before', or NULL. */
const Instr *gil_setter(const Block *block, const Instr *before, Val val);
/* What field 'field' of 'record' is known by in 'behind'; NULL for no field. */
Str gil_key(const Gil *gil, Str record, Str field);
/* What a call of 'name' changes. */
Change gil_change_by(const Gil *gil, const Decl *decl, const char *name);
/* True for a function that the facts describe; the program may be the one that holds its body. */
bool gil_is_api(const Gil *gil, const Decl *decl, const char *name);
/* True for a function of the C-API that must not be called without the GIL. */
bool gil_needed(const Summary *fact);
/* The local that a condition at the end of a block asks about, UINT32_MAX for none. */
uint32_t gil_asked_local(const Block *block, const Instr *branch);

/* ---- gil.c ---- */

/* State.gil when the function begins: without the GIL when a thread begins with it. */
uint32_t gil_at_entry(const Gil *gil, uint32_t fn);
/* The call is about to happen: reports when it needs the GIL and this path does not hold it,
 * and keeps book of who takes and releases it. */
void gil_call(Explorer *ex, State *state, const Call *call, const Decl *decl);
/* The function returns to Python: reports when the GIL is not held. */
void gil_return(Explorer *ex, State *state, const Instr *at);

#endif

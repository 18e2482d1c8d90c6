/* across.h: values that are borrowed from something that other code can change, across calls
 * that may run such code.
 *
 * Private to the engine.  A mark says that a variable or temporary holds a value read before
 * such a call; reading it again from where it came gives an unmarked one.
 */
#ifndef STRAYREF_ENGINE_ACROSS_H
#define STRAYREF_ENGINE_ACROSS_H

#include "engine/call.h"

/* How likely it is, 0 = it cannot be; the lower of two counts. */
typedef enum Chance { CHANCE_NONE, CHANCE_LOW, CHANCE_MEDIUM, CHANCE_HIGH } Chance;

/* Why a value may die without this function doing anything. */
typedef struct Danger {
    Chance chance;
    StaleKind kind;
    const Sym *owner;    /* ITEM: the container */
    const Place *place;  /* FIELD, GLOBAL, MEMORY: where it was read from */
    const char *changer; /* ... and a function that changes that place */
} Danger;

struct Stale { /* a mark */
    uint32_t key;          /* local * 4, temporary * 4 + 1, symbol * 4 + 2 for a list's size */
    const Instr *at;       /* the call */
    const Summary *by;     /* what it calls, NULL when nobody knows */
    const Sym *sym;
    Danger danger;
};

/* ---- across_value.c ---- */

/* Why the value may die while other code runs; .chance says how likely. */
Danger across_danger(Explorer *ex, const State *state, const Sym *sym);
/* True unless the object is known to be a tuple, or of a type of its own. */
bool across_is_list(const State *state, const Sym *sym);
/* How likely other code can change the container. */
Chance across_shared(Explorer *ex, const State *state, const Sym *container);

/* How likely the object is of a type that the user has made: not when the program keeps it for
 * itself. */
Chance across_foreign(Explorer *ex, const State *state, const Sym *sym);
/* The same of an object that the function 'question' of the C-API is asked about, and of what it
 * compares inside: items, a dict's keys. */
Chance across_asked(Explorer *ex, const State *state, const char *question, const Sym *sym);

/* ---- across_run.c ---- */

/* True when the path or the maker tells that the object's type is one of Python's that run no
 * code when they are compared, hashed, converted or freed. */
bool across_is_simple(Explorer *ex, const State *state, const Sym *sym);
/* How likely the call runs code that changes what others hold. */
Chance across_runs(Explorer *ex, const State *state, const Call *call);

/* The parameter + 1 of this function that alone decides whether the call runs code, -1 for none. */
int across_runs_by(Explorer *ex, const State *state, const Call *call);

/* ---- stale.c: see also state.h ---- */

#define KEY_LOCAL 0u
#define KEY_TEMP 1u
#define KEY_SIZE 2u /* of a list: taken before */

uint32_t stale_key(uint32_t index, uint32_t kind);
/* The mark with this key, or NULL. */
Stale *stale_find(const State *state, uint32_t key);
/* Adds a mark; one that is there stays, unless the new one is more likely to matter. */
void stale_add(Explorer *ex, State *state, Stale mark);
void stale_drop(Explorer *ex, State *state, uint32_t key);
/* Leaves the marks that 'keep' is true of, in memory of their own. */
void stale_filter(Explorer *ex, State *state,
                  bool (*keep)(const void *payload, const Stale *mark), const void *payload);
/* For stale_filter: true for marks of other symbols than 'payload'. */
bool stale_is_other_sym(const void *payload, const Stale *mark);
/* True when the state holds in the marked place what it held when it was marked. */
bool stale_still_there(Explorer *ex, const State *state, const Stale *mark);

/* ---- across_moved.c ---- */

/* The field at 'place' is about to get 'now' without a release: variables that hold what it held
 * are marked as the owners. */
void across_moved(Explorer *ex, State *state, const Instr *at, const Place *place, const Sym *now);

/* ---- across.c ---- */

typedef struct Marks { /* what one call is going to make stale */
    VEC(Stale) list;
} Marks;

/* Before the call: reports marked arguments, and says what the call makes stale. */
Marks across_before_call(Explorer *ex, State *state, const Call *call);
/* After it, in one outcome: marks what still holds the same. */
void across_after_call(Explorer *ex, State *state, const Marks *marks);
/* Before and after any other instruction. */
void across_before(Explorer *ex, State *state, const Instr *ins);
void across_after(Explorer *ex, State *state, const Instr *ins);
/* A callee took a reference of its own: something else keeps the object alive. */
void across_kept(Explorer *ex, State *state, const Sym *sym);

#endif

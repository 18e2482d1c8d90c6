/* call.h: one call being applied to a state; shared by call.c, call_effect.c and
 * call_format.c. */
#ifndef STRAYREF_CALL_H
#define STRAYREF_CALL_H

#include "engine/state.h"

/* One call being applied. */
typedef struct Call {
    const Instr *ins;
    const char *name;
    const Summary *summary;
    const Sym **arg;
    uint32_t nargs;
    bool ignored; /* nobody looks at the result */
    bool asserted; /* ... and the code says that it has failed */
    bool left_out; /* PyArg_Parse...: nothing is given that is optional */
} Call;

/* ---- call.c ---------------------------------------------------------------------------- */

/* True when the outcome is a failure that the result tells of. */
bool case_fails(const Case *c);
/* The first outcome that is none, or NULL. */
const Case *first_success(const Summary *summary);
/* What is known of a callee, NULL when nothing is. */
const Summary *find_summary(Explorer *ex, const Decl *decl, const char *name);

/* ---- copied.c ------------------------------------------------------------------------------ */

/* memcpy and memmove: references in the memory of either side are no longer followed. */
void copy_memory(State *state, const Call *call);

/* ---- asked.c ------------------------------------------------------------------------------- */

/* What a module answers that is asked for a name fits what it took on this path; false when
 * 'result' does not. */
bool module_answers(Explorer *ex, State *state, const Call *call, const Sym *result);

/* ---- call_value.c ------------------------------------------------------------------------ */

/* A fresh unknown value; 'slot' is 0 for the result, argument index + 1 for what an
 * argument points to. */
const Sym *fresh_at(Explorer *ex, State *state, const Call *call, uint32_t slot,
                    const Type *type);
void set_not_zero(Explorer *ex, State *state, const Sym *sym);
/* The same for what was just allocated: nor is it a small number that stands for a mode. */
void set_allocated(Explorer *ex, State *state, const Sym *sym);
/* A fresh object with a reference that is ours. */
const Sym *new_object(Explorer *ex, State *state, const Call *call, const Case *c,
                      const Result *result, uint32_t slot, const Type *type);
/* The value of a result or of what an out-parameter holds; NULL for void. */
const Sym *make_value(Explorer *ex, State *state, const Call *call, const Case *c,
                      const Result *result, uint32_t slot, const Type *type);

/* ---- call_effect.c ----------------------------------------------------------------------- */

void apply_effects(Explorer *ex, State *state, const Call *call, const Case *c);
/* Remembers that a success-only taker failed and left the reference with us. */
void note_refusals(Explorer *ex, State *state, const Call *call, const Case *c);

/* ---- unset.c ------------------------------------------------------------------------------- */

/* Reports an object that is passed before it is set; false when one is. */
bool check_unset_arguments(Explorer *ex, State *state, const Call *call);

/* ---- memory.c ------------------------------------------------------------------------------ */

/* True when a result is memory that the caller must give back. */
bool memory_is_given(const Call *call, const Result *result, uint32_t slot, const Type *type);
/* A fresh block that is ours. */
const Sym *memory_new(Explorer *ex, State *state, const Call *call, const Case *c, uint32_t slot,
                      const Type *type);
/* The pointer that argument 'index' points to gets memory from the format "es". */
void memory_fill_text(Explorer *ex, State *state, const Call *call, const Case *c,
                      uint32_t index, bool optional);
/* Functions of the C-API that keep memory without owning it: it is no longer followed. */
void memory_pass(const State *state, const Call *call);
/* The struct that argument 'index' points to is filled with memory of a family. */
void memory_fill(Explorer *ex, State *state, const Call *call, const Case *c, uint32_t index,
                 Str family);

/* ---- call_forget.c ------------------------------------------------------------------------- */

/* All memory outside the function may have changed. */
void forget_outside(State *state, const Instr *at);
/* Where 'pointer' is a parameter that leads to a variable of the caller's, that may have. */
void forget_callers(Explorer *ex, State *state, const Sym *pointer, const Instr *at);
/* Numbers in global variables may have changed. */
void forget_numbers(State *state);
/* Memory at the field path below 'arg' may have changed, all of it for "*": what it held is no
 * longer followed. */
void forget_memory(Explorer *ex, State *state, const Call *call, const Sym *arg, Str path);

/* ---- kind.c: kinds of objects -------------------------------------------------------------- */

/* The kinds that 'sym' is known to be, and those that it is known not to be. */
Kinds kinds_of(const State *state, const Sym *sym);
Kinds kinds_excluded(const State *state, const Sym *sym);
/* What a type check says of an argument whose kind is known: 1, 0, or -1 when it is not known. */
int kind_answer(const State *state, const Call *call);
/* 'sym' is of all these kinds. */
void kind_learn(Explorer *ex, State *state, const Sym *sym, Kinds some);
/* False when an argument is of a kind that excludes the outcome; else remembers, if 'learn', that
 * it is not. */
bool kinds_hold(Explorer *ex, State *state, const Call *call, const Case *c, bool learn);

/* ---- exception.c -------------------------------------------------------------------------- */

/* False when the exception state excludes this outcome (as an answer to the question whether
 * one is set). */
bool exception_allows(Explorer *ex, State *state, const Call *call, const Case *c);
/* True when every outcome sets an exception: that is what the callee is for. */
bool exception_is_purpose(const Summary *summary);
/* What an outcome does to the exception state. */
void exception_apply(Explorer *ex, State *state, const Call *call, const Case *c,
                     const Sym *result);
/* A failure that nobody looks at, 'c', is not followed: it may have happened all the same. */
void exception_unread(Explorer *ex, State *state, const Call *call, const Case *c);
/* PyErr_Occurred answers from the exception state of the path. */
void exception_occurred(Explorer *ex, State *state, const Call *call, States *out);
/* A callee that nobody knows. */
void exception_unknown(State *state);
/* What a failed call gave: a number that remembers where it comes from. */
const Sym *exception_value(Explorer *ex, State *state, const Call *call, int64_t num);
/* The number that 'num' stands for where it is compared with 'value': for a failed call, which
 * gave -1, that is what is left of -1 in fewer bits. */
const Sym *exception_compared(Explorer *ex, const State *state, const Sym *value,
                              const Sym *num);

/* ---- exception_doubt.c --------------------------------------------------------------------- */

/* True when the condition, or value, is about what a function of the program gave, which is a
 * failure on this path, and nobody knows whether the callee set an exception. */
bool exception_is_doubtful(Explorer *ex, const State *state, const Sym *cond);

/* ---- exception_pass.c ---------------------------------------------------------------------- */

/* True when the callee gives NULL because it got NULL, or fails because it got a negative number:
 * whoever gave that may have set an exception. */
bool exception_passes_on(Explorer *ex, const State *state, const Call *call, const Case *c);
/* True when the callee gets 'value', the NULL of a failure, and its outcome 'now' may come of that,
 * or it keeps that where somebody may look for it later. */
bool exception_may_look(const Call *call, const Case *now, const Sym *value);

/* ---- exception_saved.c --------------------------------------------------------------------- */

/* True when the callee is 'name', or the function of the interpreter's own that does the same
 * for a thread state, its first argument. */
bool is_exception_call(const Call *call, const char *name);
/* True for a callee that takes the exception out: what it gives says whether there was one. */
bool exception_is_taken(const Call *call);
/* Remembers the exception state before such a call; after it, what the call gave. */
void exception_save(Explorer *ex, State *state);
void exception_name_saved(Explorer *ex, State *state, const Call *call, const Sym *result);
/* True when the call puts back what was saved: the exception state is what it was. */
bool exception_put_back(Explorer *ex, State *state, const Call *call);

/* ---- call_format.c -------------------------------------------------------------------------- */

/* True when the outcome leaves a variable unset that is optional in a parse format. */
bool leaves_unset(Explorer *ex, State *state, const Call *call, const Case *c);
/* Fills the places that a parse format names. */
void apply_parse(Explorer *ex, State *state, const Call *call, const Case *c);
/* Reports NULL that a '%s' of a printing callee meets; false when it does. */
bool check_printed(Explorer *ex, State *state, const Call *call);
/* False when a build format gets NULL for an object: that outcome is a failure. */
bool build_succeeds(const State *state, const Call *call, const Case *c);
/* Takes over or keeps the objects that a build format names, for 'result'. */
void apply_build(Explorer *ex, State *state, const Call *call, const Case *c,
                 const Sym *result);

/* The place at a path of fields behind a pointer. */
const Place *call_place_at(Explorer *ex, const Sym *pointer, Str path);

/* ---- left_null.c ---- */

/* Reports fields that the callee leaves NULL where it fails, when nobody looks at its result. */
void left_null_called(Explorer *ex, State *state, const Call *call, const Case *c);

/* ---- hole.c ---- */

/* True for the result of a call that failed on this path with an exception. */
bool call_has_failed(const State *state, const Sym *sym);
/* Remembers that the call, if it fills a slot of a container made here, fills it with the NULL of
 * a call that has failed. */
void hole_note(Explorer *ex, State *state, const Call *call);
/* Reports containers that are passed on with such a NULL. */
void hole_handed(Explorer *ex, State *state, const Call *call, const Case *c);

#endif

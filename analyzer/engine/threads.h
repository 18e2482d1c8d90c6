/* threads.h: what is borrowed from a container while other threads may change it. */
#ifndef STRAYREF_ENGINE_THREADS_H
#define STRAYREF_ENGINE_THREADS_H

#include "engine/across.h"

/* ---- threads.c: paths ---- */

/* The call is about to happen: reports a borrowed result of a container that other threads have,
 * and keeps book of locks and critical sections. */
void threads_call(Explorer *ex, State *state, const Call *call);

/* ---- threads_find.c: the program ---- */

typedef enum LockStep { LOCK_NONE, LOCK_SECTION, LOCK_SECTION_END, LOCK_TAKEN, LOCK_GIVEN } LockStep;

/* What a call of 'name' does to locks. */
LockStep threads_step(const char *name);
/* Marks the functions that are only called within critical sections or with a lock held. */
void threads_find_guarded(Arena *arena, const Program *program, FnInfo *info);

#endif

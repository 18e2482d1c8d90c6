/* fixed.h: fields that never change once their struct has been made; private to the engine. */
#ifndef STRAYREF_ENGINE_FIXED_H
#define STRAYREF_ENGINE_FIXED_H

#include "engine/state.h"

typedef struct Fixed Fixed;

/* Looks through all functions for stores to fields.  Owned by 'arena'. */
Fixed *fixed_find(Arena *arena, Strings *strings, const Program *program, const FnInfo *info);
/* True when field 'name' of 'record' keeps the value that it got where the struct was made. */
bool fixed_is(const Fixed *fixed, Str record, Str name);
/* Stands for all that was found. */
uint64_t fixed_digest(const Fixed *fixed);

#endif

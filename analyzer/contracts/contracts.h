/* contracts.h: what the C-API asks for in words that no compiler reads (format strings, method
 * flags, numbers of slots, codes of members) against the C types that a program puts there.
 *
 * Paths do not matter here: it looks at calls and static tables, one at a time.
 */
#ifndef STRAYREF_CONTRACTS_H
#define STRAYREF_CONTRACTS_H

#include "engine/engine.h"

/* Adds what the rules report about the program to out->findings, which stays sorted.  Everything
 * is owned by 'arena'; never fails. */
void contracts_run(Arena *arena, const Program *program, const Model *model, EngineResult *out);

#endif

/* classes.h: the extension types of a linked program, and what the rules about types find.
 *
 * Runs after the engine: it reads the units, the call graph and the summaries
 * that are in the model by then.
 */
#ifndef STRAYREF_CLASSES_H
#define STRAYREF_CLASSES_H

#include "classes/view.h"
#include "engine/engine.h"

typedef struct ClassTable {
    const Class **at; /* types in the order of units and tables, then modules with state */
    uint32_t n;
} ClassTable;

/* All types of the program.  Everything is owned by 'arena'; never fails. */
ClassTable classes_find(Arena *arena, Strings *strings, const Program *program,
                        const Model *model);

/* Lets every rule see every type and adds what they report to out->findings, which
 * stays sorted.  Everything is owned by 'arena'. */
void classes_run(Arena *arena, Strings *strings, const Program *program, const Model *model,
                 EngineResult *out);

#endif

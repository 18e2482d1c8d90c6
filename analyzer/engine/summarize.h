/* summarize.h: a summary in the making; shared by summarize.c, summary_effect.c and
 * summary_fold.c. */
#ifndef STRAYREF_SUMMARIZE_H
#define STRAYREF_SUMMARIZE_H

#include "engine/state.h"

#define MAX_CASES 40 /* outcomes of one function */

typedef struct Maker {
    Explorer *ex;
    Summary *summary;
    VEC(Case) cases;
} Maker;

/* ---- summarize.c ------------------------------------------------------------------------- */

/* The parameter that the symbol is, or -1. */
int8_t param_of(Explorer *ex, const Sym *sym);
/* The numbers that a value can be, as a result. */
Result integer_result(const State *state, const Sym *value);
/* What is known of an object or pointer; 'own' references come with it. */
Result pointer_result(Explorer *ex, const State *state, const Sym *value, int own, bool object);

/* ---- summary_effect.c: what became of the arguments -------------------------------------------- */

/* Adds an effect to an outcome, the ones that say nothing twice only once. */
void add_effect(Maker *maker, Case *c, Effect effect);
/* Notes the family of the memory that is handed out. */
void note_family(Maker *maker, const Ref *ref);
/* What became of argument 'i' itself. */
void argument_effects(Maker *maker, Case *c, const Exit *e, uint8_t i);
/* What became of the memory that argument 'i' points to. */
void memory_effects(Maker *maker, Case *c, const Exit *e, uint8_t i);
/* Fields of that memory whose objects got a reference more, or lost theirs. */
void retained_fields(Maker *maker, Case *c, const Exit *e, uint8_t i);
/* Fields of that memory that were freed. */
void freed_fields(Maker *maker, Case *c, const Exit *e, uint8_t i);
/* Notes memory that changed and that no argument points to directly. */
void note_writes(Maker *maker, const State *state);

/* ---- summary_fold.c: which outcomes say the same ------------------------------------------------ */

/* Outcomes that differ in nothing a caller can see fall together. */
void fold_equal(Maker *maker);
/* The same, and conditions and numbers that tell nothing apart are dropped, until few are left. */
void fold_outcomes(Maker *maker);
/* Outcomes that hand out memory are kept apart from failures. */
void split_from_failures(Maker *maker);
/* Drops the memory from outcomes whose numbers overlap with those of outcomes without any. */
void blur_ranges(Maker *maker);
/* Two outcomes that a caller cannot tell apart, and only one takes a reference: nobody can rely
 * on either. */
void blur_contradictions(Maker *maker);

#endif

/* remembered.c: a field that is compared with what a variable remembers of it.
 *
 * Calls that run code of others leave fields alone in the engine's eyes.  An author who reads a
 * field, lets such code run, and compares the field with what it was says that it may change:
 * 'if (version != self->version)'.
 */
#include "engine/across.h"

/* The instruction of the block, before 'from', that gives the operand, behind conversions. */
static const Instr *
origin_of(const Block *block, const Instr *from, Val val)
{
    for (const Instr *ins = from; val.kind == VAL_TEMP && ins-- > block->ins;) {
        if (ins->dst != val.index) {
            continue;
        }
        if (ins->op != OP_CAST && ins->op != OP_COPY) {
            return ins;
        }
        val = ins->a;
    }
    return NULL;
}

static bool
is_load(const Instr *ins, bool of_variable)
{
    return ins && ins->op == OP_LOAD && (ins->a.kind == VAL_LOCAL) == of_variable;
}

bool
is_remembered(const Explorer *ex, const Instr *cmp, const Sym *sym)
{
    const Block *block = &ex->fn->block[ex->block];
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    if (ex->runs < CHANCE_MEDIUM || !place || place->fixed || place->kind != PLACE_FIELD ||
        place_root(place)->kind != PLACE_DEREF) {
        return false;
    }
    const Instr *a = origin_of(block, cmp, cmp->a), *b = origin_of(block, cmp, cmp->b);
    return (is_load(a, true) && is_load(b, false)) || (is_load(a, false) && is_load(b, true));
}

/* unset.c: variables that are used before any statement of the path has set them. */
#include <string.h>

#include "engine/call.h"

typedef enum AddressUse {
    ADDRESS_NOT_TAKEN,
    ADDRESS_PARSED, /* by a parser of arguments, which leaves alone what it does not come to */
    ADDRESS_TAKEN,  /* somebody else may set the variable */
} AddressUse;

/* What an instruction does with the address of the local. */
static AddressUse
address_use(const Instr *ins, uint32_t index)
{
    AddressUse use = ADDRESS_NOT_TAKEN;
    bool direct = ins->op == OP_LOAD || ins->op == OP_STORE || ins->op == OP_DEAD;
    bool parser = ins->op == OP_CALL && strstr(callee_name(ins), "PyArg_") != NULL;
    if ((ins->b.kind == VAL_LOCAL && ins->b.index == index) ||
        (!direct && ins->a.kind == VAL_LOCAL && ins->a.index == index)) {
        return ADDRESS_TAKEN;
    }
    for (uint32_t k = 0; k < ins->nargs && use != ADDRESS_TAKEN; k++) {
        if (ins->args[k].kind == VAL_LOCAL && ins->args[k].index == index) {
            use = parser ? ADDRESS_PARSED : ADDRESS_TAKEN;
        }
    }
    return use;
}

/* By block: true when control can go from its end to the block where the explorer stands. */
static bool *
blocks_before(Explorer *ex)
{
    bool *before = ARENA_ARRAY(ex->arena, bool, ex->fn->nblock);
    uint32_t *todo = ARENA_ARRAY(ex->arena, uint32_t, ex->fn->nblock + 1), ntodo = 0;
    todo[ntodo++] = ex->block;
    while (ntodo > 0) {
        const BlockFlow *block = &ex->flow->block[todo[--ntodo]];
        for (uint32_t i = 0; i < block->npred; i++) {
            if (!before[block->pred[i]]) {
                before[block->pred[i]] = true;
                todo[ntodo++] = block->pred[i];
            }
        }
    }
    return before;
}

/* What the instruction where the explorer stands, and those that can come before it, do with the
 * address of the local: what comes later cannot have set it. */
static AddressUse
address_use_before(Explorer *ex, uint32_t index)
{
    AddressUse use = ADDRESS_NOT_TAKEN;
    const bool *before = blocks_before(ex);
    for (uint32_t b = 0; b < ex->fn->nblock; b++) {
        const Block *block = &ex->fn->block[b];
        uint32_t nins = before[b] ? block->nins : b == ex->block ? ex->ins + 1 : 0;
        for (uint32_t i = 0; i < nins; i++) {
            AddressUse one = address_use(&block->ins[i], index);
            use = one > use ? one : use;
        }
    }
    return use;
}

bool
is_unset_variable(Explorer *ex, const Sym *sym)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    if (!place || place->kind != PLACE_LOCAL || sym->site) {
        return false;
    }
    const Local *local = &ex->fn->local[place->index];
    if (local->is_param || local->name[0] == '\0' || local->type->kind != TYPE_PTR) {
        return false;
    }
    AddressUse use = address_use_before(ex, place->index);
    return type_is_object(local->type) ? use != ADDRESS_TAKEN : use == ADDRESS_PARSED;
}

bool
check_unset(Explorer *ex, State *state, const Sym *sym, const Instr *at, const char *use)
{
    if (!is_unset_variable(ex, sym)) {
        return true;
    }
    event_unset(ex, state, sym, at, use);
    return false;
}

bool
check_unset_arguments(Explorer *ex, State *state, const Call *call)
{
    const Summary *summary = call->summary;
    for (uint32_t i = 0; i < call->nargs; i++) {
        bool object = i < summary->nparam && summary->param[i].kind == PARAM_OBJ;
        bool looks = !object || summary->origin != ORIGIN_COMPUTED;
        if (looks && is_unset_variable(ex, call->arg[i])) {
            return check_unset(ex, state, call->arg[i], call->ins,
                               arena_printf(ex->out, "passed to %s", call->name));
        }
    }
    return true;
}

/* unset.c: variables that are used before any statement of the path has set them. */
#include <string.h>

#include "engine/call.h"

typedef enum AddressUse {
    ADDRESS_NOT_TAKEN,
    ADDRESS_PARSED, /* by a parser of arguments, which leaves alone what it does not come to */
    ADDRESS_TAKEN,  /* somebody else may set the variable */
} AddressUse;

static AddressUse
address_use(const Fn *fn, uint32_t index)
{
    AddressUse use = ADDRESS_NOT_TAKEN;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            bool direct = ins->op == OP_LOAD || ins->op == OP_STORE || ins->op == OP_DEAD;
            bool parser = ins->op == OP_CALL && strstr(callee_name(ins), "PyArg_") != NULL;
            bool taken = (ins->b.kind == VAL_LOCAL && ins->b.index == index) ||
                         (!direct && ins->a.kind == VAL_LOCAL && ins->a.index == index);
            for (uint32_t k = 0; k < ins->nargs && !taken; k++) {
                bool given = ins->args[k].kind == VAL_LOCAL && ins->args[k].index == index;
                taken = given && !parser;
                use = given ? ADDRESS_PARSED : use;
            }
            if (taken) {
                return ADDRESS_TAKEN;
            }
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
    AddressUse use = address_use(ex->fn, place->index);
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

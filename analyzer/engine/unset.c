/* unset.c: variables that are used before any statement of the path has set them. */
#include "engine/call.h"

/* True when the address of the variable goes anywhere but to a parser of arguments, which
 * leaves alone what it does not come to: somebody else may set it. */
static bool
is_address_taken(const Fn *fn, uint32_t index)
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            bool direct = ins->op == OP_LOAD || ins->op == OP_STORE || ins->op == OP_DEAD;
            bool parser = ins->op == OP_CALL && text_starts(callee_name(ins), "PyArg_");
            bool taken = (ins->b.kind == VAL_LOCAL && ins->b.index == index) ||
                         (!direct && ins->a.kind == VAL_LOCAL && ins->a.index == index);
            for (uint32_t k = 0; k < ins->nargs && !taken && !parser; k++) {
                taken = ins->args[k].kind == VAL_LOCAL && ins->args[k].index == index;
            }
            if (taken) {
                return true;
            }
        }
    }
    return false;
}

bool
is_unset_variable(Explorer *ex, const Sym *sym)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    if (!place || place->kind != PLACE_LOCAL || sym->site) {
        return false;
    }
    const Local *local = &ex->fn->local[place->index];
    return !local->is_param && local->name[0] != '\0' && type_is_object(local->type) &&
           !is_address_taken(ex->fn, place->index);
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
    for (uint32_t i = 0; i < summary->nparam && i < call->nargs; i++) {
        bool object = summary->param[i].kind == PARAM_OBJ && summary->origin != ORIGIN_COMPUTED;
        if (object && is_unset_variable(ex, call->arg[i])) {
            return check_unset(ex, state, call->arg[i], call->ins,
                               arena_printf(ex->out, "passed to %s", call->name));
        }
    }
    return true;
}

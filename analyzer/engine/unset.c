/* unset.c: variables that are used before any statement of the path has set them. */
#include "engine/call.h"

bool
is_unset_variable(Explorer *ex, const Sym *sym)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    if (!place || place->kind != PLACE_LOCAL || sym->site) {
        return false;
    }
    const Local *local = &ex->fn->local[place->index];
    return !local->is_param && local->name[0] != '\0' && type_is_object(local->type);
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

/* exception_pass.c: calls that get what a failed call gave into what they make of that.
 */
#include "engine/call.h"

bool
exception_passes_on(Explorer *ex, const State *state, const Call *call,
                    const Case *c)
{
    for (uint32_t i = 0; i < call->summary->nparam && i < call->nargs; i++) {
        bool number = call->summary->param[i].kind == PARAM_INT;
        bool failed = number ? c->guard[i] == GUARD_NEGATIVE && call->arg[i]->kind == SYM_CALL
                             : c->guard[i] == GUARD_NULL && call->arg[i]->kind != SYM_INT;
        bool doubted = !number && exception_is_doubtful(ex, state, call->arg[i]);
        if (failed && (doubted || call->summary->origin == ORIGIN_COMPUTED)) {
            return true;
        }
    }
    return false;
}

/* True when an outcome may leave argument 'index' with another argument, where the caller can look
 * for it. */
static bool
may_leave(const Call *call, const Case *c, uint32_t index)
{
    bool left = false;
    for (uint32_t i = 0; i < c->neffect; i++) {
        const Effect *e = &c->effect[i];
        left = left || (e->param == index && !e->path && e->kind != EFFECT_FREE);
    }
    for (uint32_t i = 0; left && i < call->summary->nparam && i < call->nargs; i++) {
        ParamKind kind = call->summary->param[i].kind;
        bool memory = kind != PARAM_INT && kind != PARAM_STR;
        if (i != index && memory && call->arg[i]->kind != SYM_INT) {
            return true;
        }
    }
    return false;
}

bool
exception_may_look(const Call *call, const Case *now, const Sym *value)
{
    for (uint32_t i = 0; value && i < call->nargs; i++) {
        for (uint32_t j = 0; call->arg[i] == value && j < call->summary->ncases; j++) {
            const Case *c = &call->summary->cases[j];
            bool seen = i < PARAM_MAX && c->guard[i] != GUARD_ANY;
            if ((seen && !exception_is_raised(now)) || may_leave(call, c, i)) {
                return true;
            }
        }
    }
    return false;
}

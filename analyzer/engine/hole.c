/* hole.c: containers that are filled with what calls give, and handed out with a NULL in them.
 *
 * PyTuple_SET_ITEM and its like accept NULL, and some authors look for all failures at once
 * behind them.  Whoever gets the container without that look meets the NULL: a hole.
 */
#include <string.h>

#include "engine/call.h"

#define HOLE "[hole]" /* the field that stands for what is missing in a container */

static const Place *
hole_of(Explorer *ex, const Sym *container)
{
    return place_field(ex, place_deref(ex, container), str_intern(ex->strings, HOLE), NULL);
}

static bool
fills_slot(const Call *call)
{
    return call->nargs == 3 &&
           (text_equal(call->name, "PyTuple_SET_ITEM") || text_equal(call->name, "PyList_SET_ITEM") ||
            text_equal(call->name, "PyTuple_SetItem") || text_equal(call->name, "PyList_SetItem"));
}

bool
call_has_failed(const State *state, const Sym *sym)
{
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->sym == sym && n->kind == NODE_FAIL) {
            return n->outcome && (n->outcome->err == ERR_RAISES || n->outcome->err == ERR_NOMEM);
        }
    }
    return false;
}

void
hole_note(Explorer *ex, State *state, const Call *call)
{
    if (!fills_slot(call)) {
        return;
    }
    const Ref *ref = state_ref(state, call->arg[0]);
    const Sym *item = call->arg[2];
    if (ref && (ref->flags & REF_BORN) && item->kind == SYM_CALL && is_zero(state, item) &&
        callee_name(item->site)[0] && call_has_failed(state, item)) {
        state_bind(ex, state, hole_of(ex, call->arg[0]), item);
        ex->has_holes = true;
    }
}

/* True for callees that find the hole, or do no harm with it. */
static bool
is_harmless(const Call *call, const Case *c, uint32_t arg)
{
    for (uint32_t e = 0; e < c->neffect; e++) {
        EffectKind kind = c->effect[e].kind;
        if (c->effect[e].param == arg && (kind == EFFECT_RELEASE || kind == EFFECT_RETAIN)) {
            return true;
        }
    }
    return fills_slot(call) || call->summary->pure || text_ends(call->name, "_SIZE") ||
           text_ends(call->name, "_Size");
}

void
hole_handed(Explorer *ex, State *state, const Call *call, const Case *c)
{
    for (uint32_t i = 0; ex->has_holes && i < call->nargs && i < call->summary->nparam; i++) {
        if (call->arg[i]->kind != SYM_CALL || call->summary->param[i].kind != PARAM_OBJ ||
            is_harmless(call, c, i)) {
            continue;
        }
        const Place *place = hole_of(ex, call->arg[i]);
        const Sym *item = state_get(state, place);
        if (item && !text_ends(call->name, "_GET_ITEM")) {
            event_hole(ex, state, item, call->arg[i], call->ins, call->name);
        }
        if (item) {
            state_forget(state, place);
        }
    }
}

void
hole_returned(Explorer *ex, State *state, const Sym *value, const Instr *at)
{
    bool made = ex->has_holes && value && value->kind == SYM_CALL;
    const Sym *item = made ? state_get(state, hole_of(ex, value)) : NULL;
    if (item) {
        event_hole(ex, state, item, value, at, NULL);
    }
}

/* left_null.c: fields that are left NULL when an allocation fails, although the function, or the
 * caller that does not look at what it gives, goes on as if nothing had happened.
 *
 * Whoever uses the field next has no reason to look at it again, when a number beside it says how
 * much there is.
 */
#include "engine/call.h"

/* True for a field that others see: of what a parameter or a global leads to. */
static bool
is_outside_field(const Place *place)
{
    return place->kind == PLACE_FIELD && place_root(place)->kind != PLACE_LOCAL;
}

/* True for the NULL of a plain allocation on this path, at which nobody has looked. */
static bool
is_unseen_failure(const State *state, const Sym *sym)
{
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_BRANCH && sym_mentions(n->sym, sym)) {
            return false;
        }
        if (n->kind == NODE_NOTHING && n->sym == sym) {
            return n->summary && n->summary->alloc && n->summary->origin != ORIGIN_COMPUTED &&
                   !family_is_library(n->summary->alloc);
        }
    }
    return false;
}

/* True for a number that a variable or a call has given, not NULL or zero. */
static bool
is_number(const Sym *sym)
{
    return sym->kind == SYM_INT ? sym->num != 0
                                : sym->kind == SYM_BIN || (sym->type && sym->type->kind == TYPE_INT);
}

/* True when a number beside the field has been set, which says how much there is: then its users
 * go by that, and do not look for NULL. */
static bool
has_size(const State *state, const Place *field)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *place = state->bind[i].place;
        if (place->kind == PLACE_FIELD && place != field && place->base == field->base &&
            is_number(state->bind[i].sym)) {
            return true;
        }
    }
    return false;
}

/* True for a result that tells callers of a success. */
static bool
tells_success(const Explorer *ex, const State *state, const Sym *value)
{
    switch (ex->fn->ret->kind) {
    case TYPE_VOID:
        return true;
    case TYPE_PTR:
        return value && is_not_zero(state, value);
    default:
        return value && range_of(state, value).lo == 0 && range_of(state, value).hi == 0;
    }
}

void
left_null_returned(Explorer *ex, State *state, const Sym *value, const Instr *at)
{
    if (!state->oom || exception_is_set(state) || ex->info->is_dealloc ||
        !tells_success(ex, state, value)) {
        return;
    }
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Sym *sym = state->bind[i].sym;
        const Place *place = state->bind[i].place;
        if (sym->kind == SYM_CALL && sym->site && is_outside_field(place) &&
            is_zero(state, sym) && has_size(state, place) && is_unseen_failure(state, sym)) {
            event_left_null(ex, state, place, sym, at, NULL);
        }
    }
}

static bool
sets_null(const Case *c, const Effect *effect)
{
    for (uint32_t e = 0; e < c->neffect; e++) {
        const Effect *other = &c->effect[e];
        if (other->param == effect->param && other->kind == EFFECT_OUT &&
            other->result.kind == RESULT_NULL && text_equal(other->path, effect->path)) {
            return true;
        }
    }
    return false;
}

/* True when the callee leaves the field NULL in this failure, and not in each success. */
static bool
is_left_by(const Call *call, const Case *c, const Effect *effect)
{
    if (effect->kind != EFFECT_OUT || effect->result.kind != RESULT_NULL || !effect->path ||
        effect->param >= call->nargs || text_equal(effect->path, "*")) {
        return false;
    }
    for (uint32_t i = 0; i < call->summary->ncases; i++) {
        const Case *other = &call->summary->cases[i];
        if (other != c && !case_fails(other) && other->ret.kind != RESULT_NULL &&
            !sets_null(other, effect)) {
            return true;
        }
    }
    return false;
}

void
left_null_called(Explorer *ex, State *state, const Call *call, const Case *c)
{
    if (!call->ignored || c->err != ERR_NOMEM || !case_fails(c) ||
        call->summary->origin != ORIGIN_COMPUTED || !call->summary->alloc) {
        return;
    }
    for (uint32_t e = 0; e < c->neffect; e++) {
        const Effect *effect = &c->effect[e];
        if (!is_left_by(call, c, effect)) {
            continue;
        }
        const Place *place = call_place_at(ex, call->arg[effect->param], effect->path);
        if (is_outside_field(place)) {
            State *failed = state_copy(ex, state);
            failed->oom = true;
            event_left_null(ex, failed, place, NULL, call->ins, call->name);
        }
    }
}

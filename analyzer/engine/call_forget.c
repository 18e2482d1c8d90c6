/* call_forget.c: memory that a call may have changed is no longer known. */
#include <string.h>

#include "engine/across.h"

/* True for what memory held, or what was read through it, since the call at 'at'. */
static bool
is_since(const Sym *sym, const Instr *at)
{
    if (sym->kind == SYM_INIT && sym->site == at) {
        return true;
    }
    for (const Place *place = sym->place; place; place = place->base) {
        if (place->sym && is_since(place->sym, at)) {
            return true;
        }
    }
    return false;
}

static bool
is_in_hand(const State *state, const Sym *sym)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (state->bind[i].sym == sym && place_is_local(state->bind[i].place)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < state->ntemp; i++) {
        if (state->temp[i].sym == sym) {
            return true;
        }
    }
    return false;
}

/* The call at 'at' again, in a loop: what memory held since its last turn has the same names as
 * what it holds from here on, and is something else. */
static void
forget_last_turn(State *state, const Instr *at)
{
    for (uint32_t i = state->nref; i-- > 0;) {
        Ref *ref = &state->ref[i];
        if (!is_since(ref->sym, at)) {
            continue;
        }
        const Sym *sym = ref->sym;
        ref->flags |= REF_ESCAPED;
        if (ref->own == 0 && !is_in_hand(state, sym)) {
            state_drop_ref(state, sym);
        }
        state_forget_ranges(state, sym);
    }
}

/* All memory outside the function may have changed. */
void
forget_outside(State *state, const Instr *at)
{
    uint32_t kept = 0;
    state->epoch = at;
    forget_last_turn(state, at);
    for (uint32_t b = 0; b < state->nbind; b++) {
        const Place *place = state->bind[b].place;
        if (place_is_local(place) || place_is_callers(place) || place->fixed) {
            state->bind[kept++] = state->bind[b];
        }
    }
    state->nbind = kept;
}

void
forget_numbers(State *state)
{
    uint32_t kept = 0;
    for (uint32_t b = 0; b < state->nbind; b++) {
        const Place *place = state->bind[b].place;
        if (place->kind != PLACE_GLOBAL || place->decl->type->kind != TYPE_INT) {
            state->bind[kept++] = state->bind[b];
        }
    }
    state->nbind = kept;
    kept = 0;
    for (uint32_t r = 0; r < state->nrange; r++) {
        const Sym *sym = state->range[r].sym;
        const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
        if (!place || place->kind != PLACE_GLOBAL || place->decl->type->kind != TYPE_INT) {
            state->range[kept++] = state->range[r];
        }
    }
    state->nrange = kept;
}

void
forget_callers(Explorer *ex, State *state, const Sym *pointer, const Instr *at)
{
    const Place *place = place_deref(ex, pointer);
    if (place_is_callers(place)) {
        ledger_escape(ex, state, read_place(ex, state, place, NULL));
        state_bind(ex, state, place, sym_init(ex, place, at, NULL));
    }
}

void
forget_memory(Explorer *ex, State *state, const Call *call, const Sym *arg, Str path)
{
    if (text_equal(path, "*")) {
        const Place *place = place_deref(ex, arg);
        for (uint32_t b = 0; b < state->nbind; b++) {
            if (place_is_inside(state->bind[b].place, place)) {
                ledger_escape(ex, state, state->bind[b].sym);
            }
        }
        state_forget(state, place);
        forget_callers(ex, state, arg, call->ins);
        if (!place_is_local(place)) {
            state->epoch = call->ins;
        }
        return;
    }
    const Place *place = call_place_at(ex, arg, path);
    const Sym *held = state_get(state, place);
    if (held) {
        ledger_escape(ex, state, held);
    }
    state_forget(state, place);
    state_bind(ex, state, place, sym_init(ex, place, call->ins, NULL));
}

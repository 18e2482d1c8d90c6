/* entry.c: a function into the states in which it may be entered. */
#include "engine/gil.h"
#include "engine/state.h"

static State *
entry_state(Explorer *ex)
{
    State *state = state_new(ex);
    for (uint32_t i = 0; i < ex->fn->nparam; i++) {
        const Place *place = place_local(ex, i);
        state_bind(ex, state, place, sym_param(ex, i));
    }
    state->gil = gil_at_entry(ex->gil, ex->fn_index);
    if (ex->info->compares) {
        const Sym *op = sym_param(ex, 2);
        state_set_range(ex, state, op, (Range){.sym = op, .lo = 0, .hi = 5});
    }
    state->err = ex->info->is_entry ? ERRSTATE_CLEAR : ERRSTATE_ENTRY;
    state_freeze(state);
    return state;
}

void
entries_add(Explorer *ex, States *out)
{
    const FnInfo *info = ex->info;
    State *usual = entry_state(ex);
    if (info->has_kwds || info->deleted > 0) {
        uint32_t index = info->has_kwds ? 2 : info->deleted;
        State *absent = state_copy(ex, usual);
        absent->protocol = !info->has_kwds;
        assume(ex, absent, sym_param(ex, index), false);
        state_freeze(absent);
        VEC_PUSH(ex->arena, &out->list, absent);
        usual = state_copy(ex, usual);
        assume(ex, usual, sym_param(ex, index), true);
        state_freeze(usual);
    }
    if (info->nunset > 0) {
        State *fresh = state_copy(ex, usual);
        const Place *self = place_deref(ex, sym_param(ex, 0));
        fresh->protocol = true;
        for (uint32_t i = 0; i < info->nunset; i++) {
            const Instr *field = info->unset[i];
            const Sym *sym = sym_init(ex, place_field(ex, self, field->name, field->record), NULL,
                                      NULL);
            state_set_range(ex, fresh, sym, (Range){.sym = sym});
        }
        state_freeze(fresh);
        VEC_PUSH(ex->arena, &out->list, fresh);
    }
    VEC_PUSH(ex->arena, &out->list, usual);
}

/* null_event.c: a variable is used that is NULL as its own function knows: it was tested, or set so,
 * on this very path.
 */
#include "engine/state.h"

/* True when the path rests on a parameter being NULL, which nothing in the function says. */
static bool
rests_on_null_parameter(Explorer *ex, const State *state)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *sym = state->range[i].sym;
        if (sym->kind == SYM_INIT && sym->place && sym->place->kind == PLACE_LOCAL &&
            sym->type && sym->type->kind == TYPE_PTR && is_zero(state, sym) &&
            !null_is_evident(ex, state, sym)) {
            return true;
        }
    }
    return false;
}

void
event_null_variable(Explorer *ex, State *state, const Place *variable, const Instr *at,
                    const char *user, bool counts)
{
    Object object = {.ex = ex, .state = state, .sym = sym_int(ex, 0), .at = at,
                     .ref = {.sym = sym_int(ex, 0)}, .name = place_text(ex, variable)};
    NullEvent event = {.object = &object, .source = "", .user = display_name(ex, user),
                       .settled = true};
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, 
                  .confidence = counts ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW};
    if (rests_on_null_parameter(ex, state)) {
        return;
    }
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_null) {
            rx.rule->on_null(&rx, &event);
        }
    }
}

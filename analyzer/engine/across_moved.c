/* across_moved.c: pointers that are taken out of a field before it gets something else.
 *
 * items = self->items; self->items = NULL: nothing was released, so what the field held belongs
 * to the variable from here on, and code that replaces the content of the field does not free it.
 */
#include "engine/across.h"

void
across_moved(Explorer *ex, State *state, const Instr *at, const Place *place, const Sym *now)
{
    const Sym *old = state_get(state, place);
    old = old ? old : sym_init(ex, place, state->epoch, NULL);
    if (place->kind != PLACE_FIELD || place_is_local(place) || old->kind != SYM_INIT ||
        old->place != place || old == now) {
        return;
    }
    const Ref *ref = state_ref(state, old);
    if (ref && (ref->flags & REF_RELEASED)) {
        return;
    }
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *local = state->bind[i].place;
        if (local->kind == PLACE_LOCAL && state->bind[i].sym == old) {
            stale_add(ex, state, (Stale){.key = stale_key(local->index, KEY_LOCAL), .at = at,
                                         .sym = old,
                                         .danger = {.chance = CHANCE_HIGH, .kind = STALE_MOVED}});
        }
    }
}

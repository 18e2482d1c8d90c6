/* replaced.c: fields and globals that get their new content only after the old one was released.
 *
 * The last release of an object may run code: its destructor, callbacks of weak references, the
 * destructors of what it holds.  That code finds the dead object where it was, and uses or
 * releases it again.
 */
#include "engine/across.h"

/* Where this path released the object for the last time, or NULL. */
static const Node *
release_of(const State *state, const Sym *sym)
{
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_RELEASE && n->sym == sym && n->at && n->summary) {
            return n;
        }
    }
    return NULL;
}

/* True when the release of what the place held runs code that can get at the place: the object
 * may come from outside, and this function, for one, runs while its owner is in use. */
static bool
is_reached(Explorer *ex, const State *state, const Place *place, const Sym *old)
{
    return ex->info->in_use == 2 && !(ex->info->self & SELF_DEALLOC) && !ex->info->is_dealloc &&
           owners_is_foreign(ex->owners, place) && !across_is_simple(ex, state, old);
}

void
replaced_check(Explorer *ex, State *state, const Place *place)
{
    if (place_is_local(place) ||
        (place->kind != PLACE_GLOBAL &&
         (place->kind != PLACE_FIELD || place->base->kind != PLACE_DEREF))) {
        return;
    }
    const Sym *now = state_get(state, place);
    const Sym *old = now ? now : sym_init(ex, place, state->epoch, NULL);
    const Ref *ref = state_ref(state, old);
    bool dead = ref && ledger_dead(ref) && (ref->flags & REF_RELEASED) &&
                !(ref->flags & (REF_MEMORY | REF_STOLEN | REF_BORN)) && old->kind == SYM_INIT &&
                old->place == place;
    const Node *release = dead ? release_of(state, old) : NULL;
    if (!release || !is_reached(ex, state, place, old)) {
        return;
    }
    const Changer *changer = owners_changer(ex->owners, place);
    event_stale(ex, state, old, release->at,
                (StaleEvent){.kind = STALE_LEFT, .call = callee_text(ex, release->summary),
                             .at = release->at, .changer = changer ? changer->name : NULL},
                NULL, place, CHANCE_LOW);
}

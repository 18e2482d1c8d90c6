/* given_away.c: what a function stores and then, or before, gives to somebody else: the state of a
 * module often keeps a pointer to what the module's dict owns.
 */
#include "classes/private.h"

/* True when control can go from one block to the other. */
static bool
leads_to(Finder *finder, const Fn *fn, uint32_t from, uint32_t to)
{
    bool *seen = ARENA_ARRAY(finder->arena, bool, fn->nblock);
    VEC(uint32_t) open = {0};

    VEC_PUSH(finder->arena, &open, from);
    while (open.n > 0) {
        uint32_t block = open.at[--open.n];
        const Instr *last = &fn->block[block].ins[fn->block[block].nins - 1];

        if (block == to) {
            return true;
        }
        for (uint32_t i = 0; i < instr_successors(last); i++) {
            uint32_t next = instr_successor(last, i);

            if (!seen[next]) {
                seen[next] = true;
                VEC_PUSH(finder->arena, &open, next);
            }
        }
    }
    return false;
}

/* True when the callee releases or takes over its argument, where it succeeds or always. */
static bool
takes(const Summary *summary, uint32_t arg)
{
    for (uint32_t c = 0; summary != NULL && c < summary->ncases; c++) {
        for (uint32_t e = 0; e < summary->cases[c].neffect; e++) {
            const Effect *effect = &summary->cases[c].effect[e];

            if (effect->param == arg && effect->path == NULL &&
                (effect->kind == EFFECT_STEAL || effect->kind == EFFECT_RELEASE)) {
                return true;
            }
        }
    }
    return false;
}

/* True when the instruction comes after the store, and never before it. */
static bool
is_behind(Finder *finder, const FnView *view, const Action *store, const Instr *ins,
          uint32_t block)
{
    return block == store->block ? ins > store->ins
                                 : leads_to(finder, view->fn, store->block, block) &&
                                       !leads_to(finder, view->fn, block, store->block);
}

/* True when the value is what the action stores. */
static bool
is_stored(Finder *finder, const FnView *view, const Sources *stored, Val arg)
{
    for (uint32_t s = 0; s < stored->n; s++) {
        if (stored->at[s].kind == FROM_CALL && has_source(finder, view, arg, &stored->at[s])) {
            return true;
        }
    }
    return false;
}

/* True when a callee takes away the argument, which is what the action stores or has stored. */
static bool
is_taken(Finder *finder, const FnView *view, const Action *store, const Sources *stored,
         const Instr *call, uint32_t block, uint32_t arg)
{
    Val val = call->args[arg];

    if (!takes(callee_summary(finder, call), arg)) {
        return false;
    }
    if (member_of_value(finder, view, val, NULL, NULL) == store->member) {
        return is_behind(finder, view, store, call, block);
    }
    return is_stored(finder, view, stored, val) &&
           (leads_to(finder, view->fn, block, store->block) ||
            leads_to(finder, view->fn, store->block, block));
}

bool
is_given_away(Finder *finder, const FnView *view, const Action *store)
{
    Sources stored = {0};
    uint32_t given = 0, retained = 0;

    sources_find(finder, view, store->value, &stored);
    for (uint32_t i = 0; i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];

        for (uint32_t a = 0; a < call->nargs; a++) {
            given += is_taken(finder, view, store, &stored, call, view->call_block.at[i], a);
        }
    }
    for (uint32_t i = 0; i < view->retained.n; i++) {
        Val val = view->retained.at[i];

        retained += is_stored(finder, view, &stored, val) ||
                    member_of_value(finder, view, val, NULL, NULL) == store->member;
    }
    return given > retained;
}

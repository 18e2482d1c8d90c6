/* collect.c: drops from a state what can never be looked at again, so that equal
 * states become equal. */
#include <string.h>

#include "engine/state.h"

#define MAX_RANGES 512 /* symbols of which a state knows numbers */
#define FIRST_RANGES 64 /* ... of which are the oldest */

typedef struct Marks {
    Explorer *ex;
    const State *state;
    uint32_t nsyms; /* the symbols there were before: later ones are in no state */
} Marks;

/* Marks for a new round; those of the last one count no more. */
static Marks
marks_new(Explorer *ex, const State *state)
{
    if (ex->nmark < ex->nsyms) {
        ex->nmark = ex->nsyms * 2;
        ex->mark = ARENA_ARRAY(ex->arena, uint32_t, ex->nmark);
    }
    ex->round++;
    return (Marks){ex, state, ex->nsyms};
}

static bool
is_marked(const Marks *marks, const Sym *sym)
{
    return sym->id < marks->nsyms && marks->ex->mark[sym->id] == marks->ex->round;
}

static void
mark(Marks *marks, const Sym *sym)
{
    if (!sym || is_marked(marks, sym)) {
        return;
    }
    marks->ex->mark[sym->id] = marks->ex->round;
    for (const Place *p = sym->place; p; p = p->base) {
        mark(marks, p->sym);
    }
    mark(marks, sym->a);
    mark(marks, sym->b);
    mark(marks, sym->c);
}

/* True when who reads the place now, and finds nothing bound to it, gets the symbol. */
static bool
is_read_now(const State *state, const Sym *sym)
{
    bool stays = sym->place->fixed || place_is_callers(sym->place);
    return sym->site == (stays ? NULL : state->epoch);
}

/* True when the symbol can still be met: it is marked, or made of such. */
static bool
still_reachable(const Marks *marks, const Sym *sym)
{
    if (is_marked(marks, sym)) {
        return true;
    }
    switch (sym->kind) {
    case SYM_INT: case SYM_STR: case SYM_FUNC:
        return true;
    case SYM_CALL:
        return false;
    case SYM_ADDR: case SYM_INIT: {
        if (!sym->place || (sym->kind == SYM_INIT && !is_read_now(marks->state, sym))) {
            return false;
        }
        for (const Place *p = sym->place; p; p = p->base) {
            if (p->kind == PLACE_LOCAL) {
                return false;
            }
            if (p->sym && !still_reachable(marks, p->sym)) {
                return false;
            }
        }
        return true;
    }
    default:
        return (!sym->a || still_reachable(marks, sym->a)) &&
               (!sym->b || still_reachable(marks, sym->b)) &&
               (!sym->c || still_reachable(marks, sym->c));
    }
}

/* A variable nobody reads any more is dropped, unless it holds a reference. */
static bool
bind_is_dead(const State *state, const Bind *bind, const BlockFlow *flow)
{
    const Place *root = place_root(bind->place);
    if (root->kind == PLACE_LOCAL) {
        if (bit_test(flow->live_locals, root->index)) {
            return false;
        }
        const Ref *ref = state_ref(state, bind->sym);
        return !ref || ref->own <= 0;
    }
    return false;
}

/* Memory reached only through a symbol that is gone is gone too. */
static bool
place_is_lost(const Marks *marks, const Place *place)
{
    for (const Place *p = place; p; p = p->base) {
        if (p->sym && !still_reachable(marks, p->sym)) {
            return true;
        }
    }
    return false;
}

static void
collect_temps(State *state, const BlockFlow *flow)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->ntemp; i++) {
        if (bit_test(flow->live_temps, state->temp[i].temp)) {
            state->temp[kept++] = state->temp[i];
        }
    }
    state->ntemp = kept;
}

static void
collect_binds(State *state, const BlockFlow *flow)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (!bind_is_dead(state, &state->bind[i], flow)) {
            state->bind[kept++] = state->bind[i];
        }
    }
    state->nbind = kept;
}

/* What keeps an object alive that can still be met counts, though nobody names it any more. */
static void
mark_keepers(Marks *marks, const State *state)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < state->nref; i++) {
            const Ref *ref = &state->ref[i];
            if (ref->kept == KEPT_BY && ref->keeper && !is_marked(marks, ref->keeper) &&
                ref->keeper->id < marks->nsyms && still_reachable(marks, ref->sym)) {
                mark(marks, ref->keeper);
                changed = true;
            }
        }
    }
}

static void
mark_all(Marks *marks, const State *state)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (place_is_local(state->bind[i].place)) {
            mark(marks, state->bind[i].sym);
        }
    }
    for (uint32_t i = 0; i < state->ntemp; i++) {
        mark(marks, state->temp[i].sym);
    }
    for (uint32_t i = 0; i < state->nref; i++) {
        if (!ref_is_plain(&state->ref[i])) {
            mark(marks, state->ref[i].sym);
        }
    }
    for (uint32_t i = 0; i < marks->ex->fn->nparam; i++) { /* the summary asks for them */
        mark(marks, sym_param(marks->ex, i));
        if (type_is_object_ptr(marks->ex->fn->local[i].type)) {
            mark(marks, sym_held(marks->ex, i));
        }
    }
    bool changed = true; /* memory reached from marked symbols */
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < state->nbind; i++) {
            const Bind *bind = &state->bind[i];
            if (!is_marked(marks, bind->sym) && !place_is_local(bind->place) &&
                !place_is_lost(marks, bind->place)) {
                mark(marks, bind->sym);
                changed = true;
            }
        }
    }
}

/* Of too many numbers those are kept that were learnt first, often of arguments, and last. */
static void
limit_ranges(State *state)
{
    if (state->nrange > MAX_RANGES) {
        uint32_t gone = state->nrange - MAX_RANGES;
        memmove(state->range + FIRST_RANGES, state->range + FIRST_RANGES + gone,
                (MAX_RANGES - FIRST_RANGES) * sizeof(Range));
        state->nrange = MAX_RANGES;
    }
}

void
state_collect(Explorer *ex, State *state, uint32_t block)
{
    const BlockFlow *flow = &ex->flow->block[block];
    collect_temps(state, flow);
    collect_binds(state, flow);
    stale_collect(ex, state, block);
    for (uint32_t i = 0; i < ex->fn->nparam; i++) { /* make sure they exist before sizing */
        sym_param(ex, i);
        if (type_is_object_ptr(ex->fn->local[i].type)) {
            sym_held(ex, i);
        }
    }
    Marks marks = marks_new(ex, state);
    mark_all(&marks, state);
    mark_keepers(&marks, state);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (!place_is_lost(&marks, state->bind[i].place)) {
            state->bind[kept++] = state->bind[i];
        }
    }
    state->nbind = kept;
    kept = 0;
    for (uint32_t i = 0; i < state->nref; i++) {
        if (!ref_is_plain(&state->ref[i]) || still_reachable(&marks, state->ref[i].sym)) {
            state->ref[kept++] = state->ref[i];
        }
    }
    state->nref = kept;
    kept = 0;
    for (uint32_t i = 0; i < state->nrange; i++) {
        if (still_reachable(&marks, state->range[i].sym)) {
            state->range[kept++] = state->range[i];
        }
    }
    state->nrange = kept;
    const Saved *saved = state->saved;
    if (saved && saved->sym && !still_reachable(&marks, saved->sym)) {
        state->saved = NULL;
    }
    limit_ranges(state);
}

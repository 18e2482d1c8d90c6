/* stale.c: the marks of a state, and what happens to them when states change, end and meet. */
#include <string.h>

#include "engine/across.h"

uint32_t
stale_key(uint32_t index, uint32_t kind)
{
    return index * 4 + kind;
}

/* ---- the marks of a state ------------------------------------------------------ */

Stale *
stale_find(const State *state, uint32_t key)
{
    for (uint32_t i = 0; i < state->nstale; i++) {
        if (state->stale[i].key == key) {
            return &state->stale[i];
        }
    }
    return NULL;
}

void
stale_add(Explorer *ex, State *state, Stale mark)
{
    uint32_t at = 0;
    while (at < state->nstale && state->stale[at].key < mark.key) {
        at++;
    }
    if (at < state->nstale && state->stale[at].key == mark.key) {
        if (state->stale[at].danger.chance < mark.danger.chance) {
            Stale *list = arena_copy(ex->arena, state->stale, state->nstale * sizeof(Stale));
            list[at] = mark;
            state->stale = list;
        }
        return;
    }
    Stale *grown = ARENA_ARRAY(ex->arena, Stale, state->nstale + 1);
    if (state->nstale > 0) {
        memcpy(grown, state->stale, at * sizeof(Stale));
        memcpy(grown + at + 1, state->stale + at, (state->nstale - at) * sizeof(Stale));
    }
    grown[at] = mark;
    state->stale = grown;
    state->nstale++;
}

void
stale_filter(Explorer *ex, State *state, bool (*keep)(const void *payload, const Stale *mark),
       const void *payload)
{
    uint32_t kept = 0;
    Stale *list = state->nstale ? ARENA_ARRAY(ex->arena, Stale, state->nstale) : NULL;
    for (uint32_t i = 0; i < state->nstale; i++) {
        if (keep(payload, &state->stale[i])) {
            list[kept++] = state->stale[i];
        }
    }
    state->stale = list;
    state->nstale = kept;
}

static bool
is_other_key(const void *payload, const Stale *mark)
{
    return mark->key != *(const uint32_t *)payload;
}

bool
stale_is_other_sym(const void *payload, const Stale *mark)
{
    return mark->sym != payload;
}

void
stale_drop(Explorer *ex, State *state, uint32_t key)
{
    if (stale_find(state, key)) {
        stale_filter(ex, state, is_other_key, &key);
    }
}

void
stale_forget_local(Explorer *ex, State *state, uint32_t local)
{
    stale_drop(ex, state, stale_key(local, KEY_LOCAL));
}

void
stale_forget_temp(Explorer *ex, State *state, uint32_t temp)
{
    stale_drop(ex, state, stale_key(temp, KEY_TEMP));
}

typedef struct Alive {
    const State *state;
    const BlockFlow *flow;
} Alive;

static bool
is_alive(const void *payload, const Stale *mark)
{
    const Alive *alive = payload;
    uint32_t index = mark->key / 4;
    switch (mark->key % 4) {
    case KEY_LOCAL:
        return bit_test(alive->flow->live_locals, index);
    case KEY_TEMP:
        return bit_test(alive->flow->live_temps, index);
    default:
        return state_holds(alive->state, mark->sym);
    }
}

void
stale_collect(Explorer *ex, State *state, uint32_t block)
{
    if (state->nstale > 0) {
        Alive alive = {state, &ex->flow->block[block]};
        stale_filter(ex, state, is_alive, &alive);
    }
}

/* True for an address inside what the object owns: PyBytes_AS_STRING(object) + 1. */
static bool
points_into(const Sym *value, const Sym *object)
{
    switch (value->kind) {
    case SYM_PURE:
        return value->a && value->type && value->type->kind == TYPE_PTR &&
               !type_is_object(value->type) &&
               (value->a == object || points_into(value->a, object));
    case SYM_BIN:
        return points_into(value->a, object);
    case SYM_ADDR: {
        const Place *root = place_root(value->place);
        return root->kind == PLACE_DEREF && points_into(root->sym, object);
    }
    default:
        return false;
    }
}

void
stale_bury(Explorer *ex, State *state, const Sym *sym, By by)
{
    Stale mark = {.at = by.at, .by = by.summary,
                  .danger = {.chance = CHANCE_HIGH, .kind = STALE_INSIDE, .owner = sym}};
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *place = state->bind[i].place;
        if (place->kind == PLACE_LOCAL && points_into(state->bind[i].sym, sym)) {
            mark.key = stale_key(place->index, KEY_LOCAL);
            mark.sym = state->bind[i].sym;
            stale_drop(ex, state, mark.key);
            stale_add(ex, state, mark);
        }
    }
}

uint64_t
stale_hash(const State *state, uint64_t hash)
{
    for (uint32_t i = 0; i < state->nstale; i++) {
        hash = hash_mix(hash, state->stale[i].key);
    }
    return hash;
}

bool
stale_equal(const State *a, const State *b)
{
    if (a->nstale != b->nstale) {
        return false;
    }
    for (uint32_t i = 0; i < a->nstale; i++) {
        if (a->stale[i].key != b->stale[i].key) {
            return false;
        }
    }
    return true;
}

bool
stale_still_there(Explorer *ex, const State *state, const Stale *mark)
{
    uint32_t index = mark->key / 4;
    switch (mark->key % 4) {
    case KEY_LOCAL:
        return state_get(state, place_local(ex, index)) == mark->sym;
    case KEY_TEMP:
        return state_temp(state, index) == mark->sym;
    default:
        return true;
    }
}

void
stale_join(Explorer *ex, State *into, const State *other)
{
    for (uint32_t i = 0; i < other->nstale; i++) {
        stale_add(ex, into, other->stale[i]);
    }
    for (uint32_t i = into->nstale; i-- > 0;) {
        const Stale mark = into->stale[i];
        if (!stale_still_there(ex, into, &mark)) {
            stale_drop(ex, into, mark.key);
        }
    }
}

/* ---- beforehand ---------------------------------------------------------------------- */

/* The load of a call's first argument from a variable, NULL when it is none. */
static const Instr *
first_load(const Block *block, const Instr *call)
{
    return local_load(block, call, call->nargs > 0 ? call->args[0] : VAL_NOTHING);
}

uint64_t *
stale_find_indexed(Arena *arena, const Fn *fn)
{
    uint64_t *set = NULL;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            const char *name = ins->op == OP_CALL ? callee_name(ins) : "";
            bool unchecked = text_ends(name, "PyList_GET_ITEM") ||
                             text_ends(name, "PySequence_Fast_GET_ITEM");
            const Instr *load = unchecked ? first_load(&fn->block[b], ins) : NULL;
            if (load) {
                set = set ? set : ARENA_ARRAY(arena, uint64_t, fn->nlocal / 64 + 1);
                set[load->a.index / 64] |= 1ULL << (load->a.index % 64);
            }
        }
    }
    return set;
}

/* widen.c: variables that count along become unknown at a loop's back edge, so that
 * loops come to an end.
 *
 * Only values computed from themselves are given up; a flag keeps its value, and
 * a loop whose condition is settled by constants is followed turn by turn.
 */
#include <stdlib.h>

#include "engine/state.h"

#define MAX_COUNTED 3 /* references to one object that the turns of a loop add up to */

/* The value temp 't' is computed from local 'local' by arithmetic alone; *direction is
 * +1 or -1 for steps by a constant, else 0. */
static bool
derives_from(const Instr *const *def, Val val, uint32_t local, int *direction,
             int depth)
{
    if (val.kind != VAL_TEMP || depth > 12 || !def[val.index]) {
        return false;
    }
    const Instr *ins = def[val.index];
    switch (ins->op) {
    case OP_LOAD:
        if (ins->a.kind == VAL_LOCAL) {
            return ins->a.index == local;
        }
        *direction = 0;
        return derives_from(def, ins->a, local, direction, depth + 1);
    case OP_BIN:
        if (ins->b.kind == VAL_INT && (ins->name[0] == '+' || ins->name[0] == '-')) {
            bool up = (ins->b.num > 0) == (ins->name[0] == '+');
            *direction = up ? 1 : -1;
        }
        else {
            *direction = 0;
        }
        return derives_from(def, ins->a, local, direction, depth + 1) ||
               derives_from(def, ins->b, local, direction, depth + 1);
    case OP_INDEX: case OP_FIELD: case OP_NEG: case OP_INV: case OP_CAST: case OP_COPY:
        return derives_from(def, ins->a, local, direction, depth + 1);
    default:
        return false;
    }
}

uint8_t **
find_inductive(Explorer *ex)
{
    const Fn *fn = ex->fn;
    const Instr **def = ARENA_ARRAY(ex->arena, const Instr *, fn->ntemp + 1);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            def[fn->block[b].ins[i].dst] = &fn->block[b].ins[i];
        }
    }
    uint8_t *way = ARENA_ARRAY(ex->arena, uint8_t, fn->nlocal + 1);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            int direction = 0;
            if (ins->op == OP_STORE && ins->a.kind == VAL_LOCAL &&
                derives_from(def, ins->b, ins->a.index, &direction, 0)) {
                uint8_t now = direction > 0 ? 1 : direction < 0 ? 2 : 3;
                uint8_t *old = &way[ins->a.index];
                *old = *old == 0 || *old == now ? now : 3;
            }
        }
    }
    uint8_t **by_head = ARENA_ARRAY(ex->arena, uint8_t *, fn->nblock + 1);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        if (!ex->flow->block[b].loop_head || !ex->flow->modified[b]) {
            continue;
        }
        by_head[b] = ARENA_ARRAY(ex->arena, uint8_t, fn->nlocal + 1);
        for (uint32_t l = 0; l < fn->nlocal; l++) {
            by_head[b][l] = bit_test(ex->flow->modified[b], l) ? way[l] : 0;
        }
    }
    return by_head;
}

static bool
is_big(const Sym *sym)
{
    int64_t num = sym->kind == SYM_INT ? sym->num
                  : sym->kind == SYM_BIN && sym->b->kind == SYM_INT ? sym->b->num : 0;
    return num > 16 || num < -16;
}

/* Drops memory whose place is named by a symbol that gets a new meaning. */
static void
forget_places(State *state, const Sym *sym)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (!place_mentions(state->bind[i].place, sym)) {
            state->bind[kept++] = state->bind[i];
        }
    }
    state->nbind = kept;
}

/* What was read through the symbol in an earlier turn is something else by now. */
static void
forget_refs(State *state, const Sym *sym)
{
    for (uint32_t i = 0; i < state->nref; i++) {
        if (sym_mentions(state->ref[i].sym, sym)) {
            state->ref[i].flags |= REF_ESCAPED;
        }
    }
}

/* A value that stands for "any turn of the loop"; two take turns, so that what the
 * last turn left is not taken for what this one makes. */
static const Sym *
any_turn(Explorer *ex, State *state, const Instr *site, uint32_t slot, const Sym *old,
         const Type *type, Range *range)
{
    uint32_t base = 100 + slot * 2;
    const Sym *even = sym_call(ex, site, base, type);
    const Sym *odd = sym_call(ex, site, base + 1, type);
    const Sym *next = sym_mentions(old, even) ? odd : even;
    const Sym *last = next == odd ? even : odd;
    *range = range_of(state, sym_mentions(old, last) ? last : old);
    forget_places(state, next);
    forget_refs(state, next);
    state_forget_ranges(state, next);
    return next;
}

static bool
counted(const State *state, const Sym *sym)
{
    const Ref *ref = state_ref(state, sym);
    return ref && (ref->own != 0 || (ref->flags & REF_BORN));
}

static void
widen_bind(Explorer *ex, State *state, uint32_t i, uint32_t head, uint8_t way)
{
    const Place *place = state->bind[i].place;
    const Sym *old = state->bind[i].sym;
    const Type *type = place->kind == PLACE_LOCAL ? ex->fn->local[place->index].type : old->type;
    Range range;
    const Instr *site = &ex->fn->block[head].ins[0];
    const Sym *next = any_turn(ex, state, site, place->id, old, type, &range);
    if (way == 1 && range.lo != INT64_MIN) {
        range.hi = INT64_MAX;
    }
    else if (way == 2 && range.hi != INT64_MAX) {
        range.lo = INT64_MIN;
    }
    else {
        range.lo = INT64_MIN;
        range.hi = INT64_MAX;
    }
    state_bind(ex, state, place, next);
    if (way == 1 || way == 2) {
        Range full = range_of(state, next);
        range.lo = range.lo > full.lo ? range.lo : full.lo;
        range.hi = range.hi < full.hi ? range.hi : full.hi;
        range.not_zero = false;
        state_set_range(ex, state, next, range);
    }
}

/* True when the loop condition is settled by constants: such a loop is followed turn by
 * turn. */
static bool
is_settled(Explorer *ex, const State *state, uint32_t head)
{
    const Block *block = &ex->fn->block[head];
    const Instr *last = &block->ins[block->nins - 1];
    State *copy = state_copy(ex, state);
    if (last->op != OP_BR) {
        return false;
    }
    for (uint32_t i = 0; i + 1 < block->nins; i++) {
        const Instr *ins = &block->ins[i];
        States out = {0};
        if (ins->op != OP_LOAD && ins->op != OP_CMP && ins->op != OP_BIN &&
            ins->op != OP_CAST && ins->op != OP_NOT &&
            !(ins->op == OP_STORE && ins->type && ins->type->kind == TYPE_INT)) {
            return false;
        }
        step(ex, copy, ins, &out);
        if (out.list.n != 1) {
            return false;
        }
    }
    const Sym *cond = eval(ex, copy, last->a);
    return is_zero(copy, cond) || is_not_zero(copy, cond);
}

/* Each turn of the loop takes or gives another reference to the same object: how many, only the
 * number of turns tells. */
static void
widen_counts(State *state)
{
    for (uint32_t i = 0; i < state->nref; i++) {
        Ref *ref = &state->ref[i];
        if (abs(ref->own) + ref->stored + ref->lent > MAX_COUNTED) {
            ref->flags |= REF_ESCAPED;
        }
    }
}

void
widen(Explorer *ex, State *state, uint32_t head)
{
    bool settled = is_settled(ex, state, head);
    const uint8_t *way = settled ? NULL : ex->inductive[head];
    if (!settled) {
        widen_counts(state);
    }
    VEC(const Place *) places = {0};
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Bind *bind = &state->bind[i];
        bool local = bind->place->kind == PLACE_LOCAL;
        bool turns = local ? way && way[bind->place->index] : bind->sym->kind == SYM_BIN;
        if ((turns || is_big(bind->sym)) && !counted(state, bind->sym)) {
            VEC_PUSH(ex->arena, &places, bind->place);
        }
    }
    for (uint32_t p = 0; p < places.n; p++) {
        for (uint32_t i = 0; i < state->nbind; i++) {
            if (state->bind[i].place == places.at[p]) {
                bool local = places.at[p]->kind == PLACE_LOCAL;
                widen_bind(ex, state, i, head, local && way ? way[places.at[p]->index] : 3);
                break;
            }
        }
    }
}

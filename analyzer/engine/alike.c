/* alike.c: two states into whether one may stand for both: they owe the same, and tell the caller
 * the same.
 */
#include "engine/state.h"

/* 1 when the state knows that the symbol is zero, 2 when it is not, 0 otherwise. */
static int
zeroness(const State *state, const Sym *sym)
{
    return !sym ? 3 : is_zero(state, sym) ? 1 : is_not_zero(state, sym) ? 2 : 0;
}

/* True when both know the same of NULL in the object variables that the caller passed: results
 * often tell what is in them. */
static bool
outs_alike(Explorer *ex, const State *a, const State *b)
{
    for (uint32_t i = 0; i < ex->fn->nparam && i < PARAM_MAX; i++) {
        if (type_is_object_ptr(ex->fn->local[i].type)) {
            const Place *place = place_deref(ex, sym_param(ex, i));
            if (zeroness(a, state_get(a, place)) != zeroness(b, state_get(b, place))) {
                return false;
            }
        }
    }
    return true;
}

/* True when the number that a variable holds has the same sign in both. */
static bool
sign_alike(const State *a, const State *b, const Place *place)
{
    const Sym *x = state_get(a, place), *y = state_get(b, place);
    Range r = x ? range_of(a, x) : (Range){.lo = 0}, s = y ? range_of(b, y) : (Range){.lo = 0};
    return x == y || (x && y && (r.hi < 0) == (s.hi < 0) && (r.lo >= 0) == (s.lo >= 0));
}

/* True when both know the same of what the function returns from here: whether it is below zero. */
static bool
results_alike(Explorer *ex, const State *a, const State *b)
{
    return ex->result == 0 || sign_alike(a, b, place_local(ex, ex->result - 1));
}

/* Two kinds of states that are worth telling apart: an exception is set, or a call has failed
 * without one. */
static int
exception_class(const State *state)
{
    bool clear = state->err == ERRSTATE_ENTRY || state->err == ERRSTATE_CLEAR;
    return exception_is_set(state) ? 1 : clear && state->mute ? 2 : 0;
}

bool
may_join(Explorer *ex, const State *a, const State *b, Closeness closely)
{
    if (a->owes != b->owes) {
        return false;
    }
    bool all = closely < CLOSE_ALL || (exception_is_same(a, b) && outs_alike(ex, a, b));
    int class = exception_class(a);
    bool result = closely < CLOSE_RESULT ||
                  (class == exception_class(b) && results_alike(ex, a, b) &&
                   (class != 2 || a->mute->at == b->mute->at) && state_dangles_alike(a, b));
    return all && result && state_same_ownership(a, b);
}

uint32_t
find_result(const Fn *fn)
{
    uint32_t result = 0;
    for (uint32_t b = 0; b < fn->nblock && fn->ret->kind == TYPE_INT; b++) {
        const Block *block = &fn->block[b];
        const Instr *last = &block->ins[block->nins - 1];
        const Instr *load = last->op == OP_RET ? local_load(block, last, last->a) : NULL;
        if (load) {
            result = load->a.index + 1;
        }
    }
    return result;
}

/* summary_fold.c: outcomes that say the same fall together.  Conditions on the arguments are
 * kept only where they decide something.
 */
#include <string.h>

#include "engine/summarize.h"

#define MAX_PLAIN 12  /* outcomes before integer results fall together by sign */
#define MAX_GUARDED 4 /* outcomes before conditions that decide nothing else are dropped */

static bool
same_error(const Case *a, const Case *b)
{
    bool fa = a->err == ERR_RAISES || a->err == ERR_NOMEM;
    bool fb = b->err == ERR_RAISES || b->err == ERR_NOMEM;
    bool ua = a->err == ERR_UNKNOWN, ub = b->err == ERR_UNKNOWN;
    if (a->asked != b->asked || a->silent != b->silent) {
        return false;
    }
    if (ua && ub) {
        return !a->fault == !b->fault;
    }
    return a->err == b->err || (fa && fb) || (ua && a->fault && b->err == ERR_SAME) ||
           (ub && b->fault && a->err == ERR_SAME);
}

/* 'a' stands for both from here on. */
static void
join_error(const Maker *maker, Case *a, const Case *b)
{
    if (b->err == ERR_RAISES || b->err == ERR_UNKNOWN) {
        a->err = b->err;
    }
    a->fault = exception_join_faults(maker->ex->out, a->fault, b->fault);
    if (a->unlike && b->unlike) {
        Kinds *both = arena_copy(maker->ex->out, a->unlike, sizeof(Kinds) * PARAM_MAX);
        for (int i = 0; i < PARAM_MAX; i++) {
            both[i] &= b->unlike[i];
        }
        a->unlike = both;
    }
    else {
        a->unlike = NULL;
    }
}

/* True when the same result and exception always come with the same effects. */
static bool
results_decide(const Maker *maker)
{
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const Case *a = &maker->cases.at[i], *b = &maker->cases.at[j];
            if (result_equal(&a->ret, &b->ret) && (!effects_equal(a, b) || !same_error(a, b))) {
                return false;
            }
        }
    }
    return true;
}

/* True when the outcome gives memory as its result. */
static bool
is_memory_case(const Maker *maker, const Case *c)
{
    return c->ret.kind == RESULT_NEW && maker->summary->alloc &&
           !type_is_object(maker->ex->fn->ret);
}

static void
drop_guards(Maker *maker)
{
    bool given[PARAM_MAX] = {false}; /* some outcome is this parameter: is it NULL? */
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        const Case *c = &maker->cases.at[i];
        if (c->ret.kind == RESULT_SAME) {
            given[c->ret.from] = true;
        }
    }
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        for (uint32_t p = 0; p < PARAM_MAX; p++) {
            uint8_t *guard = &maker->cases.at[i].guard[p];
            bool makes = *guard == GUARD_NULL && is_memory_case(maker, &maker->cases.at[i]);
            *guard = given[p] || makes ? *guard : GUARD_ANY;
        }
    }
}

static bool
guards_equal(const Case *a, const Case *b)
{
    return memcmp(a->guard, b->guard, sizeof(a->guard)) == 0;
}

/* Equal, or a new reference that is shared in one outcome and not in the other. */
static bool
results_fold(const Result *a, const Result *b)
{
    bool new_a = a->kind == RESULT_NEW || a->kind == RESULT_SHARED;
    bool new_b = b->kind == RESULT_NEW || b->kind == RESULT_SHARED;
    return result_equal(a, b) || (new_a && new_b);
}

/* Outcomes that differ in nothing a caller can see fall together. */
void
fold_equal(Maker *maker)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        Case *c = &maker->cases.at[i];
        uint32_t j = 0;
        for (; j < kept; j++) {
            Case *k = &maker->cases.at[j];
            if (results_fold(&k->ret, &c->ret) && same_error(k, c) && effects_equal(k, c) &&
                guards_equal(k, c)) {
                join_error(maker, k, c);
                if (c->ret.kind == RESULT_NEW) {
                    k->ret = c->ret;
                }
                break;
            }
        }
        if (j == kept) {
            maker->cases.at[kept++] = *c;
        }
    }
    maker->cases.n = kept;
}

/* The numbers that meet a condition: 1 those below zero, 2 zero, 4 those above; 0: it is of
 * another kind. */
static uint8_t
signs_of(uint8_t guard)
{
    static const uint8_t signs[] = {
        [GUARD_ANY] = 7, [GUARD_NULL] = 2, [GUARD_NOTNULL] = 5, [GUARD_NEGATIVE] = 1,
        [GUARD_NOTNEGATIVE] = 6, [GUARD_POSITIVE] = 4,
    };
    return signs[guard];
}

/* True when one of two conditions is met; puts into '*either' what that says. */
static bool
guards_unite(uint8_t a, uint8_t b, uint8_t *either)
{
    uint8_t united = signs_of(a) | signs_of(b);
    bool held = (a == GUARD_HELD_NULL && b == GUARD_HELD_NOTNULL) ||
                (a == GUARD_HELD_NOTNULL && b == GUARD_HELD_NULL);
    *either = GUARD_ANY;
    for (uint8_t guard = GUARD_NULL; !held && guard <= GUARD_POSITIVE; guard++) {
        *either = signs_of(guard) == united ? guard : *either;
    }
    return held || (signs_of(a) != 0 && signs_of(b) != 0 && united != 3);
}

/* True when the conditions differ in one parameter only, and together say '*either' of that one,
 * '*param', or when those of 'a' include those of 'b' ('*param' is -1). */
static bool
guards_join(const Case *a, const Case *b, int *param, uint8_t *either)
{
    int differ = 0;
    *param = -1;
    for (int i = 0; i < PARAM_MAX; i++) {
        uint8_t ga = a->guard[i], gb = b->guard[i], both = GUARD_ANY;
        if (ga == gb || ga == GUARD_ANY) {
            continue;
        }
        if (!guards_unite(ga, gb, &both)) {
            return false;
        }
        if (both == ga) {
            continue;
        }
        *param = i;
        *either = both;
        differ++;
    }
    for (int i = 0; differ == 1 && i < PARAM_MAX; i++) {
        if (i != *param && a->guard[i] != b->guard[i]) {
            return false;
        }
    }
    return differ <= 1;
}

static bool
same_outcome(const Case *a, const Case *b)
{
    return results_fold(&a->ret, &b->ret) && same_error(a, b) && effects_equal(a, b);
}

/* Joins 'b' into 'a' when they differ only in conditions that together say nothing. */
static bool
join_case(const Maker *maker, Case *a, const Case *b)
{
    int param;
    uint8_t either = GUARD_ANY;
    if (!same_outcome(a, b) || !guards_join(a, b, &param, &either) ||
        (a->ret.kind == RESULT_SAME && param == a->ret.from)) {
        return false;
    }
    if (param >= 0) {
        a->guard[param] = either;
    }
    join_error(maker, a, b);
    a->ret = b->ret.kind == RESULT_NEW ? b->ret : a->ret;
    return true;
}

/* Conditions stay where they tell outcomes apart. */
static void
join_guards(Maker *maker)
{
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        uint32_t j = 0;
        while (j < maker->cases.n) {
            if (j != i && join_case(maker, &maker->cases.at[i], &maker->cases.at[j])) {
                maker->cases.at[j] = maker->cases.at[--maker->cases.n];
                i = i == maker->cases.n ? j : i;
                j = 0;
                continue;
            }
            j++;
        }
    }
}

static int64_t
sign(int64_t lo, int64_t hi)
{
    return lo > 0 ? 1 : hi < 0 ? -1 : lo == 0 && hi == 0 ? 0 : 2;
}

/* Integer results fall together by sign, when nothing else tells them apart; 'roughly': also
 * those that are at fault for different reasons. */
static void
fold_integers(Maker *maker, bool roughly)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        Case *c = &maker->cases.at[i];
        uint32_t j = 0;
        for (; j < kept && c->ret.kind == RESULT_INT; j++) {
            Case *k = &maker->cases.at[j];
            bool fault = k->fault || c->fault;
            if (k->ret.kind == RESULT_INT && same_error(k, c) && effects_equal(k, c) &&
                guards_equal(k, c) && (!fault || result_equal(&k->ret, &c->ret) || roughly) &&
                sign(k->ret.lo, k->ret.hi) == sign(c->ret.lo, c->ret.hi)) {
                join_error(maker, k, c);
                k->ret.lo = c->ret.lo < k->ret.lo ? c->ret.lo : k->ret.lo;
                k->ret.hi = c->ret.hi > k->ret.hi ? c->ret.hi : k->ret.hi;
                break;
            }
        }
        if (j == kept || c->ret.kind != RESULT_INT) {
            maker->cases.at[kept++] = *c;
        }
    }
    maker->cases.n = kept;
}

/* References that an outcome takes from or gives to a parameter itself. */
static int
balance(const Case *c, uint8_t param)
{
    int sum = 0;
    for (uint32_t i = 0; i < c->neffect; i++) {
        const Effect *e = &c->effect[i];
        if (e->param == param && !e->path) {
            sum += e->kind == EFFECT_RETAIN                                    ? 1
                   : e->kind == EFFECT_STEAL || e->kind == EFFECT_RELEASE ||
                           e->kind == EFFECT_FREE
                       ? -1
                                                                          : 0;
        }
    }
    return sum;
}

/* True when an outcome may leave a block, the parameter, with somebody. */
static bool
may_keep(const Case *c, uint8_t param)
{
    for (uint32_t i = 0; i < c->neffect; i++) {
        const Effect *e = &c->effect[i];
        if (e->param == param && !e->path &&
            (e->kind == EFFECT_FINISH || e->kind == EFFECT_ESCAPE)) {
            return true;
        }
    }
    return false;
}

/* True when an outcome leaves the struct that a parameter points to filled. */
static bool
fills(const Case *c, uint8_t param)
{
    for (uint32_t i = 0; i < c->neffect; i++) {
        if (c->effect[i].param == param && c->effect[i].kind == EFFECT_FILL) {
            return true;
        }
    }
    return false;
}

/* Number of blocks behind a parameter that an outcome gives back. */
static int
frees_inside(const Case *c, uint8_t param)
{
    int sum = 0;
    for (uint32_t i = 0; i < c->neffect; i++) {
        sum += c->effect[i].kind == EFFECT_FREE && c->effect[i].param == param &&
               c->effect[i].path;
    }
    return sum;
}

/* True when the outcome gives memory through a parameter that is no address of an object. */
static bool
hands_out_memory(const Maker *maker, const Case *c)
{
    for (uint32_t i = 0; maker->summary->alloc && i < c->neffect; i++) {
        const Effect *e = &c->effect[i];
        if (e->kind == EFFECT_OUT && e->result.kind == RESULT_NEW &&
            maker->summary->param[e->param].kind != PARAM_OBJP) {
            return true;
        }
    }
    return false;
}

static bool
is_range(const Result *result)
{
    return result->kind == RESULT_INT && result->lo < result->hi;
}

/* Outcomes of which the number no longer tells whether there is memory: none has any. */
void
blur_ranges(Maker *maker)
{
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        for (uint32_t j = 0; j < maker->cases.n; j++) {
            Case *a = &maker->cases.at[i];
            const Case *b = &maker->cases.at[j];
            bool overlap = is_range(&a->ret) && is_range(&b->ret) && a->ret.lo <= b->ret.hi &&
                           b->ret.lo <= a->ret.hi;
            if (!overlap || !hands_out_memory(maker, a) || hands_out_memory(maker, b)) {
                continue;
            }
            for (uint32_t e = 0; e < a->neffect; e++) {
                Result *result = &a->effect[e].result;
                bool memory = a->effect[e].kind == EFFECT_OUT && result->kind == RESULT_NEW;
                result->kind = memory ? RESULT_ANY : result->kind;
            }
        }
    }
}

/* A number that stands for a failure is no result of an outcome that hands out memory: a
 * caller that tests for it tells both apart. */
void
split_from_failures(Maker *maker)
{
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        for (uint32_t j = 0; j < maker->cases.n; j++) {
            Case *a = &maker->cases.at[i], *b = &maker->cases.at[j];
            int64_t n = b->ret.lo;
            bool inside = a->ret.kind == RESULT_INT && b->ret.kind == RESULT_INT &&
                          n == b->ret.hi && a->ret.lo < a->ret.hi && a->ret.lo <= n &&
                          n <= a->ret.hi;
            if (!inside || !hands_out_memory(maker, a) || hands_out_memory(maker, b)) {
                continue;
            }
            if (a->ret.lo < n && n < a->ret.hi && n < 0) {
                a->ret.lo = n + 1; /* a count: nobody means less than a failure by it */
            }
            else if (a->ret.lo < n && n < a->ret.hi) {
                Case above = *a;
                above.ret.lo = n + 1;
                a->ret.hi = n - 1;
                VEC_PUSH(maker->ex->out, &maker->cases, above);
            }
            else {
                a->ret.lo += a->ret.lo == n;
                a->ret.hi -= a->ret.hi == n;
            }
        }
    }
}

/* True when no arguments meet the conditions of both. */
static bool
guards_exclude(const Case *a, const Case *b)
{
    for (int i = 0; i < PARAM_MAX; i++) {
        uint8_t ga = a->guard[i], gb = b->guard[i];
        bool overlap = (signs_of(ga) & signs_of(gb)) != 0;
        if (ga != gb && ga != GUARD_ANY && gb != GUARD_ANY && !overlap) {
            return true;
        }
    }
    return false;
}

/* Two outcomes that a caller cannot tell apart, and only one takes a reference: nobody can
 * rely on either. */
void
blur_contradictions(Maker *maker)
{
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        for (uint32_t j = 0; j < maker->cases.n; j++) {
            Case *a = &maker->cases.at[i], *b = &maker->cases.at[j];
            if (i == j || !result_equal(&a->ret, &b->ret) || guards_exclude(a, b)) {
                continue;
            }
            for (uint8_t p = 0; p < maker->summary->nparam; p++) {
                Effect effect = {.kind = EFFECT_ESCAPE, .param = p, .result = {.from = -1}};
                if (balance(a, p) != balance(b, p)) {
                    add_effect(maker, a, effect);
                    add_effect(maker, b, effect);
                }
                if (may_keep(a, p) != may_keep(b, p)) {
                    effect.kind = EFFECT_FINISH;
                    add_effect(maker, a, effect);
                    add_effect(maker, b, effect);
                }
                if (fills(a, p) != fills(b, p)) {
                    effect.kind = EFFECT_ESCAPE;
                    effect.path = str_intern(maker->ex->strings, "*");
                    add_effect(maker, a, effect);
                    add_effect(maker, b, effect);
                }
                if (frees_inside(a, p) != frees_inside(b, p)) {
                    effect.kind = EFFECT_FREE;
                    effect.path = str_intern(maker->ex->strings, "*");
                    add_effect(maker, a, effect);
                    add_effect(maker, b, effect);
                }
            }
        }
    }
}

void
fold_outcomes(Maker *maker)
{
    fold_equal(maker);
    join_guards(maker);
    if (maker->cases.n > MAX_GUARDED && results_decide(maker)) {
        drop_guards(maker);
        fold_equal(maker);
    }
    if (maker->cases.n > MAX_PLAIN) {
        fold_integers(maker, false);
    }
    if (maker->cases.n > MAX_CASES) {
        drop_guards(maker);
        fold_equal(maker);
        fold_integers(maker, true);
    }
}

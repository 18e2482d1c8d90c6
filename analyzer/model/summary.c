/* summary.c: equality and canonical order of summaries and their cases.
 *
 * Two summaries are equal when they say the same, whatever the order of cases
 * and of effects.  The canonical order puts success before failure, and what
 * adds a reference before what takes one.
 */
#include "model/words.h"

#include <stdlib.h>

static int
compare_ints(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int
compare_strs(Str a, Str b)
{
    if (a == b) {
        return 0;
    }
    if (a == NULL || b == NULL) {
        return a == NULL ? -1 : 1;
    }
    return strcmp(a, b);
}

/* Compares what matters for the kind of result. */
static int
compare_results(const Result *a, const Result *b)
{
    int order = compare_ints(a->kind, b->kind);

    if (order == 0 && result_has_from(a->kind)) {
        order = compare_ints(a->from, b->from);
    }
    if (order == 0 && a->kind == RESULT_FIELD) {
        order = strcmp(a->path, b->path);
    }
    if (order == 0 && a->kind == RESULT_INT) {
        order = compare_ints(a->lo, b->lo);
        order = order != 0 ? order : compare_ints(a->hi, b->hi);
    }
    return order;
}

/* The place of an effect among those on the same parameter. */
static int
effect_rank(EffectKind kind)
{
    switch (kind) {
    case EFFECT_RETAIN:
        return 0;
    case EFFECT_KEEP:
        return 1;
    case EFFECT_STEAL:
        return 2;
    case EFFECT_RELEASE:
        return 3;
    case EFFECT_OUT:
        return 4;
    case EFFECT_RESET:
        return 5;
    case EFFECT_ESCAPE:
        return 6;
    case EFFECT_FREE:
        return 7;
    case EFFECT_FINISH:
        return 8;
    case EFFECT_FILL:
        return 9;
    }
    return 10;
}

static int
compare_effects(const void *left, const void *right)
{
    const Effect *a = left, *b = right;
    int order = compare_ints(a->param, b->param);

    if (order == 0) {
        order = compare_strs(a->path, b->path);
    }
    if (order == 0) {
        order = compare_ints(effect_rank(a->kind), effect_rank(b->kind));
    }
    if (order == 0 && a->kind == EFFECT_KEEP) {
        order = compare_ints(a->result.from, b->result.from);
    }
    if (order == 0 && (a->kind == EFFECT_OUT || a->kind == EFFECT_RESET)) {
        order = compare_results(&a->result, &b->result);
    }
    return order;
}

/* How often an effect stands in a case. */
static uint32_t
count_effect(const Case *c, const Effect *effect)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < c->neffect; i++) {
        count += compare_effects(&c->effect[i], effect) == 0;
    }
    return count;
}

bool
result_equal(const Result *a, const Result *b)
{
    return compare_results(a, b) == 0;
}

bool
effects_equal(const Case *a, const Case *b)
{
    if (a->neffect != b->neffect) {
        return false;
    }
    for (uint32_t i = 0; i < a->neffect; i++) {
        if (count_effect(a, &a->effect[i]) != count_effect(b, &a->effect[i])) {
            return false;
        }
    }
    return true;
}

/* True when callers would tell the same of both; where it stands is no matter. */
static bool
same_faults(const Fault *a, const Fault *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (compare_strs(a->usr, b->usr) != 0 || strcmp(a->culprit, b->culprit) != 0
            || a->ambiguous != b->ambiguous || a->missing != b->missing || a->nomem != b->nomem) {
            return false;
        }
    }
    return a == b;
}

/* The order of two cases by the kinds of arguments that they leave out. */
static int
compare_unlike(const Case *a, const Case *b, uint8_t nparam)
{
    for (uint8_t i = 0; i < nparam; i++) {
        Kinds ka = a->unlike != NULL ? a->unlike[i] : 0, kb = b->unlike != NULL ? b->unlike[i] : 0;
        if (ka != kb) {
            return ka < kb ? -1 : 1;
        }
    }
    return 0;
}

bool
case_equal(const Case *a, const Case *b, uint8_t nparam)
{
    return a->err == b->err && compare_results(&a->ret, &b->ret) == 0
           && a->misused == b->misused && a->silent == b->silent && a->asked == b->asked
           && same_faults(a->fault, b->fault) && memcmp(a->guard, b->guard, nparam) == 0
           && compare_unlike(a, b, nparam) == 0 && effects_equal(a, b);
}

static bool
has_case(const Summary *summary, const Case *c)
{
    for (uint32_t i = 0; i < summary->ncases; i++) {
        if (case_equal(&summary->cases[i], c, summary->nparam)) {
            return true;
        }
    }
    return false;
}

static bool
is_crossed(const Summary *summary, uint8_t param)
{
    return summary->crossed != NULL && summary->crossed[param].at != NULL;
}

static bool
same_params(const Summary *a, const Summary *b)
{
    if (a->nparam != b->nparam || a->variadic != b->variadic || a->runs != b->runs
        || a->runs_by != b->runs_by || a->lends != b->lends) {
        return false;
    }
    for (uint8_t i = 0; i < a->nparam; i++) {
        if (a->param[i].kind != b->param[i].kind
            || a->param[i].nullable != b->param[i].nullable
            || a->param[i].refused != b->param[i].refused
            || is_crossed(a, i) != is_crossed(b, i)) {
            return false;
        }
    }
    return true;
}

static bool
same_flags(const Summary *a, const Summary *b)
{
    return a->is_macro == b->is_macro && a->calls == b->calls && a->nogil == b->nogil
           && a->noreturn == b->noreturn && a->pure == b->pure && a->partial == b->partial
           && a->opens == b->opens && a->closes == b->closes
           && a->lvalue == b->lvalue && a->writes == b->writes && a->counts == b->counts && a->format == b->format
           && (a->format == FORMAT_NONE || a->format_param == b->format_param)
           && compare_strs(a->alloc, b->alloc) == 0
           && compare_strs(a->gives, b->gives) == 0
           && compare_strs(a->ctype, b->ctype) == 0 && a->since == b->since
           && a->until == b->until;
}

bool
summary_equal(const Summary *a, const Summary *b)
{
    if (!same_params(a, b) || !same_flags(a, b)) {
        return false;
    }
    for (uint32_t i = 0; i < a->ncases; i++) {
        if (!has_case(b, &a->cases[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < b->ncases; i++) {
        if (!has_case(a, &b->cases[i])) {
            return false;
        }
    }
    return true;
}

/* The canonical order: NULL last, errors after success. */
static int
compare_cases(const void *left, const void *right)
{
    const Case *a = left, *b = right;
    int order = compare_ints(a->ret.kind == RESULT_NULL, b->ret.kind == RESULT_NULL);

    if (order == 0) {
        order = compare_ints(a->err, b->err);
    }
    if (order == 0) {
        order = compare_results(&a->ret, &b->ret);
    }
    if (order == 0) {
        order = memcmp(a->guard, b->guard, sizeof(a->guard));
    }
    if (order == 0) {
        order = compare_unlike(a, b, PARAM_MAX);
    }
    for (uint32_t i = 0; order == 0 && i < a->neffect && i < b->neffect; i++) {
        order = compare_effects(&a->effect[i], &b->effect[i]);
    }
    return order != 0 ? order : compare_ints(a->neffect, b->neffect);
}

void
summary_normalise(Summary *summary)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < summary->ncases; i++) {
        Case *c = &summary->cases[i];
        if (c->neffect > 1) {
            qsort(c->effect, c->neffect, sizeof(Effect), compare_effects);
        }
    }
    if (summary->ncases > 1) {
        qsort(summary->cases, summary->ncases, sizeof(Case), compare_cases);
    }
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Case *c = &summary->cases[i];
        if (kept == 0 || !case_equal(&summary->cases[kept - 1], c, summary->nparam)) {
            summary->cases[kept++] = *c;
        }
    }
    summary->ncases = kept;
}

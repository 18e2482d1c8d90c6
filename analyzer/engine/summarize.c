/* summarize.c: what callers need to know of a function, from its exits.
 *
 * Each exit becomes an outcome; outcomes that say the same fall together.
 */
#include <string.h>

#include "engine/call.h"
#include "engine/summarize.h"

int8_t
param_of(Explorer *ex, const Sym *sym)
{
    for (uint32_t i = 0; sym && i < ex->fn->nparam && i < PARAM_MAX; i++) {
        if (sym_param(ex, i) == sym) {
            return (int8_t)i;
        }
    }
    return -1;
}

/* ---- values ---------------------------------------------------------------------- */

Result
integer_result(const State *state, const Sym *value)
{
    Range range = range_of(state, value);
    return (Result){.kind = RESULT_INT, .from = -1, .lo = range.lo, .hi = range.hi};
}

/* The parameter that is the keeper, or that leads to it: &self->frame; -1: none. */
static int8_t
param_that_keeps(Explorer *ex, const Ref *ref)
{
    const Sym *keeper = ref->kept == KEPT_BY ? ref->keeper : NULL;
    if (keeper && keeper->kind == SYM_ADDR) {
        const Place *root = place_root(keeper->place);
        keeper = root->kind == PLACE_DEREF ? root->sym : NULL;
    }
    return param_of(ex, keeper);
}

/* True for what a field held at first, and holds no longer: whose the reference is from then on
 * cannot be told. */
static bool
is_replaced(const State *state, const Sym *value)
{
    const Sym *now = value->kind == SYM_INIT && value->place && value->place->kind == PLACE_FIELD
                         ? state_get(state, value->place) : NULL;
    return now && now != value;
}

/* What is known of an object or pointer; 'own' references come with it. */
Result
pointer_result(Explorer *ex, const State *state, const Sym *value, int own, bool object)
{
    Result result = {.kind = RESULT_ANY, .from = -1};
    if (is_zero(state, value)) {
        result.kind = RESULT_NULL;
        return result;
    }
    const Ref *ref = state_ref(state, value);
    if (ref && (ref->flags & REF_CONST)) {
        result.kind = ref->flags & REF_ESCAPED ? RESULT_PTR : own > 0 ? RESULT_SHARED
                                                                      : RESULT_BORROWED;
        return result;
    }
    if (own < 0 || (ref && (ref->flags & REF_ESCAPED))) {
        return result;
    }
    result.from = param_of(ex, value);
    if (result.from >= 0) { /* an own > 0 shows as an effect on the argument */
        result.kind = RESULT_SAME;
        return result;
    }
    if (ledger_immortal(ex, value)) {
        result.kind = RESULT_PTR; /* as good as new, and as good as borrowed */
        return result;
    }
    if (own > 0) {
        result.kind = ref && ref->kept != KEPT_NONE ? RESULT_SHARED : RESULT_NEW;
        return result;
    }
    if (!is_not_zero(state, value) || is_replaced(state, value)) {
        return result;
    }
    if (object && ref && ref->kept != KEPT_UNKNOWN) {
        result.kind = RESULT_BORROWED;
        result.from = param_that_keeps(ex, ref);
        return result;
    }
    if (!object && !ref) {
        result.kind = RESULT_PTR;
    }
    return result;
}

/* The path of the field that the place is, below what a parameter pointed to at first: "a.b",
 * and that parameter; NULL for other places. */
static Str
path_from_param(Explorer *ex, const Place *place, int8_t *param)
{
    Str path = NULL;
    for (; place && place->kind == PLACE_FIELD; place = place->base) {
        path = path ? str_internf(ex->strings, "%s.%s", place->name, path) : place->name;
    }
    *param = place && place->kind == PLACE_DEREF ? param_of(ex, place->sym) : -1;
    return *param >= 0 ? path : NULL;
}

/* True for what a field of a parameter's memory holds from first to last, NULL or not. */
static bool
field_result(Explorer *ex, const Exit *e, Result *result)
{
    const Sym *value = e->value;
    const State *state = e->state;
    const Ref *ref = state_ref(state, value);
    if (value->kind != SYM_INIT || value->site || !value->place || value->place->kind != PLACE_FIELD ||
        e->own != 0 || is_zero(state, value) || is_not_zero(state, value) ||
        (ref && (ref->own != 0 || ref->lent != 0 || (ref->flags & REF_ESCAPED)))) {
        return false;
    }
    const Sym *now = state_get(state, value->place);
    *result = (Result){.kind = RESULT_FIELD, .record = value->place->record};
    result->path = path_from_param(ex, value->place, &result->from);
    return result->path && (!now || now == value);
}

static Result
exit_result(Explorer *ex, const Exit *e)
{
    Result field;
    const Type *type = ex->fn->ret;
    if (!e->value || type->kind == TYPE_VOID) {
        return (Result){.kind = RESULT_VOID, .from = -1};
    }
    if (type->kind == TYPE_PTR && field_result(ex, e, &field)) {
        return field;
    }
    if (type->kind == TYPE_PTR) {
        return pointer_result(ex, e->state, e->value, e->own, type_is_object(type));
    }
    if (type->kind == TYPE_INT) {
        return integer_result(e->state, e->value);
    }
    return (Result){.kind = RESULT_ANY, .from = -1};
}

/* ---- outcomes ---------------------------------------------------------------------------- */

/* True when the last call that failed did so only for what it was given. */
static bool
failed_by_misuse(const State *state)
{
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_FAIL) {
            return n->outcome && n->outcome->misused;
        }
    }
    return false;
}

/* What the outcome says of the number that a parameter was. */
static Guard
sign_guard(const State *state, const Sym *param, const Type *type)
{
    const Range range = range_of(state, param);
    bool is_signed = type->kind == TYPE_INT && type->bits > 8 && !type->is_unsigned;
    return is_zero(state, param)                  ? GUARD_NULL
           : is_signed && range.hi < 0            ? GUARD_NEGATIVE
           : is_signed && range.lo > 0            ? GUARD_POSITIVE
           : is_not_zero(state, param)            ? GUARD_NOTNULL
           : is_signed && range.lo == 0           ? GUARD_NOTNEGATIVE
                                                  : GUARD_ANY;
}

/* The kinds of objects that the parameters are not, where the outcome comes with an exception. */
static const Kinds *
unlike_kinds(Explorer *ex, const Exit *e, const Case *c)
{
    Kinds *unlike = NULL;
    bool raised = c->fault || c->err == ERR_RAISES || c->err == ERR_NOMEM;
    for (uint32_t i = 0; raised && i < ex->fn->nparam && i < PARAM_MAX; i++) {
        Kinds excluded = kinds_excluded(e->state, sym_param(ex, i));
        if (excluded && !unlike) {
            unlike = ARENA_ARRAY(ex->out, Kinds, PARAM_MAX);
        }
        if (excluded) {
            unlike[i] = excluded;
        }
    }
    return unlike;
}

static Case
make_case(Maker *maker, const Exit *e)
{
    Explorer *ex = maker->ex;
    Case c = {.ret = exit_result(ex, e)};
    exception_summarize(ex, e, &c);
    const Ref *given = e->value && e->own > 0 ? state_ref(e->state, e->value) : NULL;
    if (given && (given->flags & REF_MEMORY)) {
        note_family(maker, given);
    }
    bool fails = c.ret.kind == RESULT_NULL || (c.ret.kind == RESULT_INT && c.ret.hi < 0);
    if (fails && c.err == ERR_SAME && e->state->oom) {
        c.err = ERR_NOMEM; /* reported by value alone, as realloc does */
        c.silent = true;
    }
    c.misused = fails && failed_by_misuse(e->state);
    for (uint32_t i = 0; i < ex->fn->nparam && i < PARAM_MAX; i++) {
        const Sym *param = sym_param(ex, i);
        c.guard[i] = (uint8_t)sign_guard(e->state, param, ex->fn->local[i].type);
        if (type_is_object_ptr(ex->fn->local[i].type)) {
            const Sym *held = sym_held(ex, i);
            c.guard[i] = is_zero(e->state, held)       ? GUARD_HELD_NULL
                         : is_not_zero(e->state, held) ? GUARD_HELD_NOTNULL
                                                       : c.guard[i];
        }
        argument_effects(maker, &c, e, (uint8_t)i);
        freed_fields(maker, &c, e, (uint8_t)i);
        memory_effects(maker, &c, e, (uint8_t)i);
        retained_fields(maker, &c, e, (uint8_t)i);
    }
    c.unlike = unlike_kinds(ex, e, &c);
    note_writes(maker, e->state);
    return c;
}

/* A borrowed result that may also be NULL, as of a field: two outcomes.  Makes 'c' the one
 * with an object. */
static bool
may_lend_nothing(Explorer *ex, const Exit *e, Case *c)
{
    const Ref *ref = e->value ? state_ref(e->state, e->value) : NULL;
    if (c->ret.kind != RESULT_ANY || e->own != 0 || !ref || (ref->flags & REF_ESCAPED) ||
        ref->kept == KEPT_UNKNOWN || !type_is_object(ex->fn->ret) ||
        is_replaced(e->state, e->value)) {
        return false;
    }
    c->ret.kind = RESULT_BORROWED;
    c->ret.from = param_that_keeps(ex, ref);
    return true;
}

/* True when the path has found the value to be another number than 'num'. */
static bool
is_excluded(const State *state, const Sym *value, int64_t num)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *sym = state->range[i].sym;
        bool asked = sym->kind == SYM_CMP && sym->text[0] == '=' && sym->a == value &&
                     sym->b->kind == SYM_INT && sym->b->num == num;
        if (asked && is_zero(state, sym)) {
            return true;
        }
    }
    return false;
}

/* A number that the path knows not to be -1, which stands for failures, in a range around it:
 * two outcomes.  Makes 'c' the greater one, and '*less' the other. */
static bool
spares_failure(const Exit *e, Case *c, Case *less)
{
    if (c->ret.kind != RESULT_INT || c->ret.lo >= -1 || c->ret.hi <= -1 || !e->value ||
        !is_excluded(e->state, e->value, -1)) {
        return false;
    }
    *less = *c;
    less->ret.hi = -2;
    c->ret.lo = 0;
    return true;
}

/* Too many outcomes to be of use: everything the function gets escapes. */
static void
give_up(Maker *maker)
{
    maker->cases.n = 0;
    Case c = {.ret = {.kind = RESULT_ANY, .from = -1}, .err = ERR_UNKNOWN};
    if (maker->ex->fn->ret->kind == TYPE_VOID) {
        c.ret.kind = RESULT_VOID;
    }
    for (uint32_t i = 0; i < maker->summary->nparam; i++) {
        Effect effect = {.kind = EFFECT_ESCAPE, .param = (uint8_t)i, .result = {.from = -1}};
        add_effect(maker, &c, effect);
        if (maker->ex->fn->local[i].type->kind == TYPE_PTR) {
            effect.path = str_intern(maker->ex->strings, "*");
            add_effect(maker, &c, effect);
        }
    }
    maker->summary->writes = true;
    maker->summary->partial = true;
    VEC_PUSH(maker->ex->out, &maker->cases, c);
}

static ParamKind
param_kind(const Type *type)
{
    if (type_is_object(type)) {
        return PARAM_OBJ;
    }
    if (type_is_object_ptr(type)) {
        return PARAM_OBJP;
    }
    if (type->kind == TYPE_INT || type->kind == TYPE_FLOAT) {
        return PARAM_INT;
    }
    bool text = type->kind == TYPE_PTR && type->to && type->to->kind == TYPE_INT &&
                type->to->bits == 8;
    return text ? PARAM_STR : PARAM_PTR;
}

/* The kind of all objects that the function gives, or NULL. */
static Str
given_kind(Explorer *ex)
{
    Kinds all = type_is_object(ex->fn->ret) ? (Kinds)-1 : 0;
    bool gives = false;
    for (uint32_t i = 0; all != 0 && i < ex->exits.n; i++) {
        const Exit *e = &ex->exits.at[i];
        if (e->value && !is_zero(e->state, e->value)) {
            all &= kinds_of(e->state, e->value);
            gives = true;
        }
    }
    return gives && all != 0 ? str_intern(ex->strings, kind_name(all & ~(all - 1))) : NULL;
}

static Summary *
start(Explorer *ex)
{
    Summary *summary = ARENA_NEW(ex->out, Summary);
    const Fn *fn = ex->fn;
    summary->name = fn->decl->name;
    summary->nparam = (uint8_t)(fn->nparam < PARAM_MAX ? fn->nparam : PARAM_MAX);
    summary->param = ARENA_ARRAY(ex->out, Param, summary->nparam + 1);
    for (uint32_t i = 0; i < summary->nparam; i++) {
        Str name = fn->local[i].name;
        summary->param[i].name = name[0] ? name : str_internf(ex->strings, "arg%u", i);
        summary->param[i].kind = param_kind(fn->local[i].type);
        summary->param[i].used = ex->needed[i];
        summary->param[i].left = given_left_at(ex, i);
        summary->param[i].nullable = !ex->needed[i];
    }
    summary->variadic = fn->decl->is_variadic;
    summary->origin = ORIGIN_COMPUTED;
    summary->format_param = -1;
    summary->partial = ex->cut;
    summary->calls = ex->runs > 0;
    summary->runs = ex->runs;
    summary->runs_by = ex->runs_by;
    summary->lends = ex->lends;
    summary->gives = given_kind(ex);
    summary->runs_at = ex->runs_at;
    for (uint32_t i = 0; i < summary->nparam; i++) {
        if (ex->crossed[i].at && !summary->crossed) {
            summary->crossed = arena_copy(ex->out, ex->crossed, sizeof(ex->crossed));
        }
    }
    return summary;
}

Summary *
summarize(Explorer *ex)
{
    Maker maker = {.ex = ex, .summary = start(ex)};
    if (ex->exits.n == 0) {
        maker.summary->noreturn = !ex->cut;
        if (ex->cut) {
            give_up(&maker);
        }
        maker.summary->cases = maker.cases.at;
        maker.summary->ncases = maker.cases.n;
        return maker.summary;
    }
    for (uint32_t i = 0; i < ex->exits.n; i++) {
        Case c = make_case(&maker, &ex->exits.at[i]);
        if (may_lend_nothing(ex, &ex->exits.at[i], &c)) {
            Case none = c;
            none.ret.kind = RESULT_NULL;
            VEC_PUSH(ex->out, &maker.cases, none);
        }
        Case less;
        if (spares_failure(&ex->exits.at[i], &c, &less)) {
            VEC_PUSH(ex->out, &maker.cases, less);
        }
        VEC_PUSH(ex->out, &maker.cases, c);
        if (maker.cases.n > MAX_CASES * 4) {
            fold_equal(&maker);
        }
    }
    fold_outcomes(&maker);
    if (maker.cases.n > MAX_CASES) {
        give_up(&maker);
    }
    blur_ranges(&maker);
    split_from_failures(&maker);
    blur_contradictions(&maker);
    maker.summary->cases = maker.cases.at;
    maker.summary->ncases = maker.cases.n;
    exception_settle(ex, maker.summary);
    return maker.summary;
}

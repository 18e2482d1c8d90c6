/* summarize.c: what callers need to know of a function, from its exits.
 *
 * Each exit becomes an outcome; outcomes that say the same fall together.
 * Conditions on the arguments are kept only where they decide something.
 */
#include <string.h>

#include "engine/state.h"

#define MAX_CASES 40
#define MAX_PLAIN 12 /* outcomes before integer results fall together by sign */
#define MAX_GUARDED 4 /* outcomes before conditions that decide nothing else are dropped */
#define MAX_FIELDS 6

typedef struct Maker {
    Explorer *ex;
    Summary *summary;
    VEC(Case) cases;
} Maker;

static int8_t
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

static Result
integer_result(const State *state, const Sym *value)
{
    Range range = range_of(state, value);
    return (Result){.kind = RESULT_INT, .from = -1, .lo = range.lo, .hi = range.hi};
}

/* What is known of an object or pointer; 'own' references come with it. */
static Result
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
    if (!is_not_zero(state, value)) {
        return result;
    }
    if (object && ref && ref->kept != KEPT_UNKNOWN) {
        result.kind = RESULT_BORROWED;
        result.from = ref->kept == KEPT_BY ? param_of(ex, ref->keeper) : -1;
        return result;
    }
    if (!object && !ref) {
        result.kind = RESULT_PTR;
    }
    return result;
}

static Result
exit_result(Explorer *ex, const Exit *e)
{
    const Type *type = ex->fn->ret;
    if (!e->value || type->kind == TYPE_VOID) {
        return (Result){.kind = RESULT_VOID, .from = -1};
    }
    if (type->kind == TYPE_PTR) {
        return pointer_result(ex, e->state, e->value, e->own, type_is_object(type));
    }
    if (type->kind == TYPE_INT) {
        return integer_result(e->state, e->value);
    }
    return (Result){.kind = RESULT_ANY, .from = -1};
}

static ErrorEffect
exit_error(const Explorer *ex, const State *state)
{
    switch (state->err) {
    case ERRSTATE_SET:
        return state->oom && !state->failed ? ERR_NOMEM : ERR_RAISES;
    case ERRSTATE_CLEAR:
        return ex->info->is_entry ? ERR_SAME : ERR_CLEARS;
    case ERRSTATE_UNKNOWN:
        return ERR_UNKNOWN;
    default:
        return ERR_SAME;
    }
}

/* ---- effects ------------------------------------------------------------------------ */

static void
add_effect(Maker *maker, Case *c, Effect effect)
{
    for (uint32_t i = 0; i < c->neffect; i++) {
        if (c->effect[i].kind == effect.kind && c->effect[i].param == effect.param &&
            c->effect[i].path == effect.path && (effect.kind == EFFECT_ESCAPE || effect.kind == EFFECT_FREE ||
             effect.kind == EFFECT_FINISH)) {
            return;
        }
    }
    Effect *grown = ARENA_ARRAY(maker->ex->out, Effect, c->neffect + 1);
    if (c->neffect) {
        memcpy(grown, c->effect, c->neffect * sizeof(Effect));
    }
    grown[c->neffect++] = effect;
    c->effect = grown;
}

/* True when the caller gets the object through an out-parameter: *place = Py_NewRef(o). */
static bool
is_handed_out(Explorer *ex, const State *state, const Sym *object)
{
    for (uint32_t i = 0; i < ex->fn->nparam && i < PARAM_MAX; i++) {
        if (state_get(state, place_deref(ex, sym_param(ex, i))) == object) {
            return true;
        }
    }
    return false;
}

static void
note_family(Maker *maker, const Ref *ref)
{
    Str family = ref->family ? ref->family : str_intern(maker->ex->strings, FAMILY_ANY);
    maker->summary->alloc = memory_family_join(maker->ex, maker->summary->alloc, family);
}

/* Memory behind the argument that was given back. */
static void
freed_fields(Maker *maker, Case *c, const Exit *e, uint8_t i)
{
    const Place *target = place_deref(maker->ex, sym_param(maker->ex, i));
    for (uint32_t r = 0; r < e->state->nref; r++) {
        const Ref *ref = &e->state->ref[r];
        const Place *place = (ref->flags & REF_FREED) ? ref->sym->place : NULL;
        if (place && place_is_inside(place, target)) {
            bool field = place->kind == PLACE_FIELD && place->base == target;
            Effect effect = {.kind = EFFECT_FREE, .param = i, .result = {.from = -1},
                             .path = field ? place->name
                                           : str_intern(maker->ex->strings, "*")};
            note_family(maker, ref);
            add_effect(maker, c, effect);
        }
    }
}

/* What became of the argument itself. */
static void
argument_effects(Maker *maker, Case *c, const Exit *e, uint8_t i)
{
    const State *state = e->state;
    const Sym *param = sym_param(maker->ex, i);
    const Ref *ref = state_ref(state, param);
    Effect effect = {.param = i, .result = {.from = -1}};
    bool constant = ref && (ref->flags & REF_CONST);
    if (e->value == param && e->own > 0 && !constant) { /* a new reference to the argument itself */
        effect.kind = EFFECT_RETAIN;
        add_effect(maker, c, effect);
    }
    if (!ref) {
        return;
    }
    if (ref->flags & REF_FREED) {
        note_family(maker, ref);
        effect.kind = EFFECT_FREE;
        add_effect(maker, c, effect);
        return;
    }
    if (ref->flags & REF_LEFT) {
        effect.kind = EFFECT_FINISH;
        add_effect(maker, c, effect);
    }
    bool lent = ref->lent > 0 && ref->own < ref->lent && ref->stored == 0;
    if (!(ref->flags & REF_ESCAPED) && lent && (ref->flags & REF_GIVEN) && ref->own == 0) {
        effect.kind = EFFECT_STEAL; /* an owning field took the caller's reference */
        add_effect(maker, c, effect);
        return;
    }
    if ((ref->flags & REF_ESCAPED) && constant) {
        return; /* the count of a constant is nobody's business */
    }
    if ((ref->flags & REF_ESCAPED) || lent) {
        effect.kind = EFFECT_ESCAPE;
        add_effect(maker, c, effect);
        return;
    }
    int own = ref->own > 0 ? ref->own - ref->lent : ref->own;
    if (own > 0 && !excess_is_contract(maker->ex, param)) {
        own = 0; /* a leak, told where it happens */
    }
    effect.kind = own > 0                     ? EFFECT_RETAIN
                  : (ref->flags & (REF_STOLEN | REF_KEPT)) ? EFFECT_STEAL
                                                           : EFFECT_RELEASE;
    for (int n = own < 0 ? -own : own; n > 0; n--) {
        add_effect(maker, c, effect);
    }
    if (ref->stored + ref->lent > 0 || ((ref->flags & REF_KEPT) && own == 0)) {
        effect.kind = is_handed_out(maker->ex, state, param) ? EFFECT_RETAIN : EFFECT_KEEP;
        add_effect(maker, c, effect);
    }
}

static Result
held_result(Maker *maker, const State *state, const Sym *value)
{
    const Ref *ref = state_ref(state, value);
    int before = ref && ref->kept == KEPT_FIELD ? 1 : 0; /* what memory held from the start */
    int taken = ref && ref->own > 0 && ref->lent > 0 ? 1 : 0; /* counted after the store */
    bool made = ref && ref->stored + taken > before && !(ref->flags & REF_ESCAPED);
    if (made && (ref->flags & REF_MEMORY)) {
        if (maker->ex->fn->ret->kind == TYPE_RECORD) { /* nobody can tell the outcomes apart */
            return (Result){.kind = RESULT_ANY, .from = -1};
        }
        note_family(maker, ref);
    }
    bool number = value->kind == SYM_INT && value->num != 0;
    if (number || (value->type && value->type->kind == TYPE_INT)) {
        return integer_result(state, value);
    }
    return pointer_result(maker->ex, state, value, made ? 1 : 0, ref != NULL);
}

static Str
field_path(Maker *maker, const Place *place, const Place *root)
{
    if (place->base == root && place->kind == PLACE_FIELD) {
        return place->name;
    }
    return str_intern(maker->ex->strings, "*");
}

/* True when the function released what the place held before. */
static bool
old_was_released(Explorer *ex, const State *state, const Place *place)
{
    if (is_zero(state, sym_init(ex, place, NULL, NULL))) {
        return true; /* there was nothing */
    }
    for (uint32_t i = 0; i < state->nref; i++) {
        const Ref *ref = &state->ref[i];
        if (ref->sym->kind == SYM_INIT && ref->sym->place == place &&
            (ref->flags & REF_RELEASED) && ref->stored == 0) {
            return true;
        }
    }
    return false;
}

/* True when what the place held at first is now returned or held elsewhere: swap, move. */
static bool
was_moved(Explorer *ex, const Exit *e, const Place *place)
{
    const Sym *old = sym_init(ex, place, NULL, NULL);
    if (e->value == old) {
        return true;
    }
    for (uint32_t b = 0; b < e->state->nbind; b++) {
        const Bind *bind = &e->state->bind[b];
        if (bind->sym == old && bind->place != place && !place_is_local(bind->place)) {
            return true;
        }
    }
    return false;
}

/* What became of the memory the argument points to. */
static void
memory_effects(Maker *maker, Case *c, const Exit *e, uint8_t i)
{
    Explorer *ex = maker->ex;
    const State *state = e->state;
    const Sym *param = sym_param(ex, i);
    const Place *target = place_deref(ex, param);
    uint32_t fields = 0;
    if (ex->emptied >> i & 1) {
        Effect effect = {.kind = EFFECT_ESCAPE, .param = i, .result = {.from = -1},
                         .path = str_intern(ex->strings, "*")};
        add_effect(maker, c, effect);
    }
    for (uint32_t b = 0; b < state->nbind; b++) {
        const Place *place = state->bind[b].place;
        const Sym *value = state->bind[b].sym;
        if (place_root(place) != target ||
            value == sym_init(ex, place, state->epoch, value->type) ||
            value == sym_init(ex, place, NULL, value->type)) {
            continue;
        }
        Effect effect = {.param = i, .result = {.from = -1}};
        if (place == target && was_moved(ex, e, place)) {
            effect.kind = EFFECT_ESCAPE; /* the caller's reference lives on elsewhere */
            effect.path = str_intern(ex->strings, "*");
            add_effect(maker, c, effect);
            effect.path = NULL;
        }
        if (place == target) {
            effect.kind = old_was_released(ex, state, place) ? EFFECT_RESET : EFFECT_OUT;
            effect.result = held_result(maker, state, value);
        }
        else {
            effect.kind = EFFECT_ESCAPE;
            effect.path = fields++ < MAX_FIELDS ? field_path(maker, place, target)
                                                : str_intern(ex->strings, "*");
            if (is_zero(state, value) && effect.path[0] != '*' && value->kind == SYM_INT &&
                !was_moved(ex, e, place)) {
                effect.kind = old_was_released(ex, state, place) ? EFFECT_RESET : EFFECT_OUT;
                effect.result.kind = RESULT_NULL;
            }
        }
        add_effect(maker, c, effect);
    }
}

/* True when a field lost the reference that it held at first, and still shows the object. */
static bool
is_released_in_place(Explorer *ex, const State *state, const Ref *ref)
{
    const Place *place = ref->sym->place;
    const Sym *now = state_get(state, place);
    return !(ref->flags & (REF_ESCAPED | REF_MOVED)) && (ref->flags & REF_RELEASED) &&
           ref->own == 0 && ref->stored == 0 && ref->lent == 0 && (!now || now == ref->sym) &&
           ref->sym == sym_init(ex, place, state->epoch, NULL);
}

/* Fields of the argument's memory whose objects got a reference more, or lost theirs:
 * Py_INCREF(self->x). */
static void
retained_fields(Maker *maker, Case *c, const Exit *e, uint8_t i)
{
    const State *state = e->state;
    const Place *target = place_deref(maker->ex, sym_param(maker->ex, i));
    for (uint32_t r = 0; r < state->nref; r++) {
        const Ref *ref = &state->ref[r];
        const Place *place = ref->sym->kind == SYM_INIT ? ref->sym->place : NULL;
        if (!place || place->kind != PLACE_FIELD || place->base != target) {
            continue;
        }
        bool taken = is_counted_in_place(maker->ex, state, ref);
        if (taken || is_released_in_place(maker->ex, state, ref)) {
            Effect effect = {.kind = taken ? EFFECT_RETAIN : EFFECT_RELEASE, .param = i, .result = {.from = -1},
                             .path = place->name};
            add_effect(maker, c, effect);
        }
    }
}

/* Notes memory that changed and that no argument points to directly. */
static void
note_writes(Maker *maker, const State *state)
{
    Summary *summary = maker->summary;
    summary->writes = summary->writes || state->epoch;
    for (uint32_t b = 0; b < state->nbind; b++) {
        const Place *place = state->bind[b].place, *root = place_root(place);
        const Sym *value = state->bind[b].sym;
        if (root->kind == PLACE_LOCAL || (root->kind == PLACE_DEREF &&
                                          (param_of(maker->ex, root->sym) >= 0 ||
                                           root->sym->kind == SYM_CALL))) {
            continue;
        }
        if (value->kind == SYM_INIT && value->place == place) {
            continue;
        }
        if (place->kind == PLACE_GLOBAL && place->decl->type->kind == TYPE_INT) {
            summary->counts = true;
        }
        else {
            summary->writes = true;
        }
    }
}

/* ---- outcomes ---------------------------------------------------------------------------- */

static Case
make_case(Maker *maker, const Exit *e)
{
    Explorer *ex = maker->ex;
    Case c = {.ret = exit_result(ex, e), .err = exit_error(ex, e->state)};
    const Ref *given = e->value && e->own > 0 ? state_ref(e->state, e->value) : NULL;
    if (given && (given->flags & REF_MEMORY)) {
        note_family(maker, given);
    }
    bool fails = c.ret.kind == RESULT_NULL || (c.ret.kind == RESULT_INT && c.ret.hi < 0);
    if (fails && c.err == ERR_SAME && e->state->oom) {
        c.err = ERR_NOMEM; /* reported by value alone, as realloc does */
    }
    for (uint32_t i = 0; i < ex->fn->nparam && i < PARAM_MAX; i++) {
        const Sym *param = sym_param(ex, i);
        if (is_zero(e->state, param)) {
            c.guard[i] = GUARD_NULL;
        }
        else if (is_not_zero(e->state, param)) {
            c.guard[i] = GUARD_NOTNULL;
        }
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
        ref->kept == KEPT_UNKNOWN || !type_is_object(ex->fn->ret)) {
        return false;
    }
    c->ret.kind = RESULT_BORROWED;
    c->ret.from = ref->kept == KEPT_BY ? param_of(ex, ref->keeper) : -1;
    return true;
}

static bool
same_error(const Case *a, const Case *b)
{
    bool fa = a->err == ERR_RAISES || a->err == ERR_NOMEM;
    bool fb = b->err == ERR_RAISES || b->err == ERR_NOMEM;
    return a->err == b->err || (fa && fb);
}

/* True when the same result and exception always come with the same effects. */
static bool
results_decide(const Maker *maker)
{
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const Case *a = &maker->cases.at[i], *b = &maker->cases.at[j];
            if (result_equal(&a->ret, &b->ret) && !effects_equal(a, b)) {
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
static void
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
                if (c->err == ERR_RAISES) {
                    k->err = ERR_RAISES;
                }
                if (c->ret.kind == RESULT_SHARED) {
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

/* True when the conditions differ in one parameter only, NULL against not NULL, which is put
 * into '*param', or when those of 'a' include those of 'b' ('*param' is -1). */
static bool
guards_join(const Case *a, const Case *b, int *param)
{
    int differ = 0;
    *param = -1;
    for (int i = 0; i < PARAM_MAX; i++) {
        uint8_t ga = a->guard[i], gb = b->guard[i];
        if (ga == gb || ga == GUARD_ANY) {
            continue;
        }
        bool opposite = (ga == GUARD_NULL && gb == GUARD_NOTNULL) ||
                        (ga == GUARD_NOTNULL && gb == GUARD_NULL) ||
                        (ga == GUARD_HELD_NULL && gb == GUARD_HELD_NOTNULL) ||
                        (ga == GUARD_HELD_NOTNULL && gb == GUARD_HELD_NULL);
        if (!opposite) {
            return false;
        }
        *param = i;
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
join_case(Case *a, const Case *b)
{
    int param;
    if (!same_outcome(a, b) || !guards_join(a, b, &param) ||
        (a->ret.kind == RESULT_SAME && param == a->ret.from)) {
        return false;
    }
    if (param >= 0) {
        a->guard[param] = GUARD_ANY;
    }
    a->err = b->err == ERR_RAISES ? ERR_RAISES : a->err;
    a->ret = b->ret.kind == RESULT_SHARED ? b->ret : a->ret;
    return true;
}

/* Conditions stay where they tell outcomes apart. */
static void
join_guards(Maker *maker)
{
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        uint32_t j = 0;
        while (j < maker->cases.n) {
            if (j != i && join_case(&maker->cases.at[i], &maker->cases.at[j])) {
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

/* Integer results fall together by sign, when nothing else tells them apart. */
static void
fold_integers(Maker *maker)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < maker->cases.n; i++) {
        Case *c = &maker->cases.at[i];
        uint32_t j = 0;
        for (; j < kept && c->ret.kind == RESULT_INT; j++) {
            Case *k = &maker->cases.at[j];
            if (k->ret.kind == RESULT_INT && same_error(k, c) && effects_equal(k, c) &&
                guards_equal(k, c) &&
                sign(k->ret.lo, k->ret.hi) == sign(c->ret.lo, c->ret.hi)) {
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

/* A number that stands for a failure is no result of an outcome that hands out memory: a
 * caller that tests for it tells both apart. */
static void
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
            if (a->ret.lo < n && n < a->ret.hi) {
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
        if (a->guard[i] != b->guard[i] && a->guard[i] != GUARD_ANY && b->guard[i] != GUARD_ANY) {
            return true;
        }
    }
    return false;
}

/* Two outcomes that a caller cannot tell apart, and only one takes a reference: nobody can
 * rely on either. */
static void
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
        summary->param[i].nullable = !ex->needed[i];
    }
    summary->variadic = fn->decl->is_variadic;
    summary->origin = ORIGIN_COMPUTED;
    summary->format_param = -1;
    summary->partial = ex->cut;
    summary->calls = true;
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
        VEC_PUSH(ex->out, &maker.cases, c);
        if (maker.cases.n > MAX_CASES * 4) {
            fold_equal(&maker);
        }
    }
    fold_equal(&maker);
    join_guards(&maker);
    if (maker.cases.n > MAX_GUARDED && results_decide(&maker)) {
        drop_guards(&maker);
        fold_equal(&maker);
    }
    if (maker.cases.n > MAX_PLAIN) {
        fold_integers(&maker);
    }
    if (maker.cases.n > MAX_CASES) {
        drop_guards(&maker);
        fold_equal(&maker);
        fold_integers(&maker);
    }
    if (maker.cases.n > MAX_CASES) {
        give_up(&maker);
    }
    split_from_failures(&maker);
    blur_contradictions(&maker);
    maker.summary->cases = maker.cases.at;
    maker.summary->ncases = maker.cases.n;
    return maker.summary;
}

/* assume.c: which numbers a symbol can be, and what a condition teaches.
 *
 * Intervals with a hole at zero, per symbol; no solver.  What cannot be said
 * about the parts of a comparison is remembered of the comparison itself, so
 * that the same condition asked twice gets the same answer.
 */
#include "engine/state.h"

static Range
range_full(const Sym *sym)
{
    return (Range){.sym = sym, .lo = INT64_MIN, .hi = INT64_MAX};
}

static Range
range_of_type(const Sym *sym)
{
    return (Range){.sym = sym, .lo = sym->lo, .hi = sym->hi};
}

Range
range_by_type(const Type *type)
{
    Range range = {.lo = INT64_MIN, .hi = INT64_MAX};
    if (type && type->kind == TYPE_INT && type->bits > 0 && type->bits < 64) {
        if (type->is_unsigned) {
            range.lo = 0;
            range.hi = (INT64_C(1) << type->bits) - 1;
        }
        else {
            range.hi = (INT64_C(1) << (type->bits - 1)) - 1;
            range.lo = -range.hi - 1;
        }
    }
    else if (type && ((type->kind == TYPE_INT && type->is_unsigned) || type->kind == TYPE_PTR)) {
        range.lo = 0;
    }
    return range;
}

Range
range_whole(const Sym *sym)
{
    if (sym->kind == SYM_CMP || sym->kind == SYM_NOT) {
        return (Range){.sym = sym, .lo = 0, .hi = 1};
    }
    return sym->kind == SYM_BIN ? range_full(sym) : range_of_type(sym);
}

static int64_t
add_clamped(int64_t a, int64_t b)
{
    int64_t sum;
    if (a == INT64_MIN || a == INT64_MAX) {
        return a;
    }
    if (__builtin_add_overflow(a, b, &sum)) {
        return b > 0 ? INT64_MAX : INT64_MIN;
    }
    return sum;
}

/* The range of '-a'. */
static Range
negated(const Sym *sym, Range a)
{
    Range range = range_of_type(sym);
    int64_t lo = a.hi == INT64_MAX || a.hi == INT64_MIN ? INT64_MIN : -a.hi;
    int64_t hi = a.lo == INT64_MIN ? INT64_MAX : -a.lo;
    range.lo = lo > range.lo ? lo : range.lo;
    range.hi = hi < range.hi ? hi : range.hi;
    return range;
}

/* The range of 'a * factor': of a failure's -1 above all, which as a size is more than there is. */
static Range
multiplied(const Sym *sym, Range a, int64_t factor)
{
    Range range = range_of_type(sym);
    int64_t product;
    if (a.lo == a.hi && !__builtin_mul_overflow(a.lo, factor, &product)) {
        range.lo = product;
        range.hi = product;
    }
    return range;
}

/* True when the path has found one of them less than the other. */
static bool
found_less(const State *state, const Sym *a, const Sym *b)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *cmp = state->range[i].sym;
        bool both = cmp->kind == SYM_CMP && cmp->text[0] == '<' &&
                    ((cmp->a == a && cmp->b == b) || (cmp->a == b && cmp->b == a));
        if (both && state->range[i].lo == 1) {
            return true;
        }
    }
    return false;
}

static Range
range_own(const State *state, const Sym *sym)
{
    switch (sym->kind) {
    case SYM_INT:
        return (Range){.sym = sym, .lo = sym->num, .hi = sym->num, .not_zero = sym->num != 0};
    case SYM_STR: case SYM_FUNC: case SYM_ADDR:
        return (Range){.sym = sym, .lo = 1, .hi = INT64_MAX, .not_zero = true};
    case SYM_CMP: {
        const Range a = range_of(state, sym->a), b = range_of(state, sym->b);
        Range range = {.sym = sym, .lo = 0, .hi = 1};
        if (sym->text[0] == '<') {
            if (a.hi < b.lo) {
                range.lo = 1;
            }
            else if (a.lo >= b.hi) {
                range.hi = 0;
            }
        }
        else if (a.hi < b.lo || b.hi < a.lo ||
                 (b.lo == 0 && b.hi == 0 && a.not_zero) ||
                 (a.lo == 0 && a.hi == 0 && b.not_zero)) {
            range.hi = 0;
        }
        else if (a.lo == a.hi && b.lo == b.hi && a.lo == b.lo) {
            range.lo = 1;
        }
        return range;
    }
    case SYM_NOT: {
        const Range a = range_of(state, sym->a);
        if (a.lo == 0 && a.hi == 0) {
            return (Range){.sym = sym, .lo = 1, .hi = 1, .not_zero = true};
        }
        if (a.not_zero || a.lo > 0 || a.hi < 0) {
            return (Range){.sym = sym};
        }
        return (Range){.sym = sym, .lo = 0, .hi = 1};
    }
    case SYM_BIN:
        if (sym->text[0] == '+' && sym->b->kind == SYM_INT) {
            const Range a = range_of(state, sym->a);
            return (Range){.sym = sym, .lo = add_clamped(a.lo, sym->b->num),
                           .hi = add_clamped(a.hi, sym->b->num)};
        }
        if (sym->text[0] == '+') {
            const Range a = range_of(state, sym->a), b = range_of(state, sym->b);
            Range range = range_of_type(sym);
            if (a.lo >= 0 && b.lo >= 0 && a.lo <= INT32_MAX && b.lo <= INT32_MAX) {
                range.lo = a.lo + b.lo; /* a sum that overflows is undefined, or wraps */
            }
            return range;
        }
        if (sym->text[0] == '-' && sym->a->kind == SYM_INT && sym->a->num == 0) {
            return negated(sym, range_of(state, sym->b));
        }
        if (sym->text[0] == '*' && sym->b->kind == SYM_INT && sym->b->num > 0) {
            return multiplied(sym, range_of(state, sym->a), sym->b->num);
        }
        if (sym->text[0] == '&' && sym->b->kind == SYM_INT && sym->b->num >= 0) {
            return (Range){.sym = sym, .lo = 0, .hi = sym->b->num};
        }
        return range_of_type(sym);
    default:
        return range_of_type(sym);
    }
}

Range
range_of(const State *state, const Sym *sym)
{
    Range range = range_own(state, sym);
    const Range *known = state_range(state, sym);
    if (known) {
        range.lo = known->lo > range.lo ? known->lo : range.lo;
        range.hi = known->hi < range.hi ? known->hi : range.hi;
        range.not_zero = range.not_zero || known->not_zero;
    }
    if (range.not_zero && range.lo == 0) {
        range.lo = 1;
    }
    if (range.not_zero && range.hi == 0) {
        range.hi = -1;
    }
    return range;
}

bool
is_zero(const State *state, const Sym *sym)
{
    Range range = range_of(state, sym);
    return range.lo == 0 && range.hi == 0;
}

bool
is_not_zero(const State *state, const Sym *sym)
{
    Range range = range_of(state, sym);
    return range.not_zero || range.lo > 0 || range.hi < 0;
}

const Sym *
simplify(Explorer *ex, const State *state, const Sym *sym)
{
    Range range = range_of(state, sym);
    return range.lo == range.hi ? sym_int(ex, range.lo) : sym;
}

/* Narrows a symbol to lo..hi without zero if asked; false when nothing is left. */
static bool
narrow(Explorer *ex, State *state, const Sym *sym, int64_t lo, int64_t hi, bool not_zero)
{
    Range range = range_of(state, sym);
    Range old = range;
    range.lo = lo > range.lo ? lo : range.lo;
    range.hi = hi < range.hi ? hi : range.hi;
    range.not_zero = range.not_zero || not_zero;
    if (range.not_zero && range.lo == 0) {
        range.lo = 1;
    }
    if (range.not_zero && range.hi == 0) {
        range.hi = -1;
    }
    if (range.lo > range.hi) {
        return false;
    }
    if (range.lo == old.lo && range.hi == old.hi && range.not_zero == old.not_zero) {
        return true;
    }
    if (sym->kind == SYM_BIN && sym->text[0] == '+' && sym->b->kind == SYM_INT) {
        int64_t back = sym->b->num == INT64_MIN ? 0 : -sym->b->num;
        if (!narrow(ex, state, sym->a, add_clamped(range.lo, back), add_clamped(range.hi, back),
                    false)) {
            return false;
        }
    }
    if (sym->kind != SYM_INT) {
        state_set_range(ex, state, sym, range);
    }
    return true;
}

static bool
assume_less(Explorer *ex, State *state, const Sym *a, const Sym *b)
{
    Range ra = range_of(state, a), rb = range_of(state, b);
    if (rb.hi == INT64_MIN || ra.lo == INT64_MAX) {
        return false;
    }
    return narrow(ex, state, a, INT64_MIN, rb.hi == INT64_MAX ? INT64_MAX : rb.hi - 1, false) &&
           narrow(ex, state, b, ra.lo == INT64_MIN ? INT64_MIN : ra.lo + 1, INT64_MAX, false);
}

static bool
assume_not_less(Explorer *ex, State *state, const Sym *a, const Sym *b)
{
    Range ra = range_of(state, a), rb = range_of(state, b);
    return narrow(ex, state, a, rb.lo, INT64_MAX, false) &&
           narrow(ex, state, b, INT64_MIN, ra.hi, false);
}

static bool
assume_equal(Explorer *ex, State *state, const Sym *a, const Sym *b)
{
    Range ra = range_of(state, a), rb = range_of(state, b);
    return narrow(ex, state, a, rb.lo, rb.hi, rb.not_zero) &&
           narrow(ex, state, b, ra.lo, ra.hi, ra.not_zero);
}

static bool
exclude(Explorer *ex, State *state, const Sym *sym, int64_t num)
{
    Range range = range_of(state, sym);
    if (range.lo == num && range.hi == num) {
        return false;
    }
    if (num == 0) {
        return narrow(ex, state, sym, INT64_MIN, INT64_MAX, true);
    }
    if (range.lo == num) {
        return narrow(ex, state, sym, num + 1, INT64_MAX, false);
    }
    if (range.hi == num) {
        return narrow(ex, state, sym, INT64_MIN, num - 1, false);
    }
    return true;
}

static bool
assume_different(Explorer *ex, State *state, const Sym *a, const Sym *b)
{
    Range ra = range_of(state, a), rb = range_of(state, b);
    if (rb.lo == rb.hi && !exclude(ex, state, a, rb.lo)) {
        return false;
    }
    if (ra.lo == ra.hi && !exclude(ex, state, b, ra.lo)) {
        return false;
    }
    return true;
}

/* An object made on this path is none that was there before; constants like None
 * excepted, which a call may well return. */
static bool
must_differ(const State *state, const Sym *a, const Sym *b)
{
    const Ref *ref = state_ref(state, a);
    bool made = ref && ref->born && (memory_is_private(ref) ||
                                     (ref->born->origin == ORIGIN_BUILTIN && !ref->born->calls));
    return ref && (ref->flags & REF_BORN) && ref->own > 0 && ref->kept == KEPT_NONE &&
           ref->born && ((made && b->kind == SYM_ADDR) || b->kind == SYM_INIT || b->kind == SYM_CALL || b->kind == SYM_PURE) &&
           a != b && is_not_zero(state, a);
}

/* 'a' is the address of one of Python's constants, or holds what a variable outside holds. */
static void
learn_identity(Explorer *ex, State *state, const Sym *a, const Sym *b)
{
    const Place *place = b->kind == SYM_ADDR || b->kind == SYM_INIT ? b->place : NULL;
    Ref *ref = place && a->kind != SYM_ADDR && a->kind != SYM_INT ? state_ref_make(ex, state, a)
                                                                  : NULL;
    if (!ref) {
        return;
    }
    if (place->kind == PLACE_GLOBAL && b->kind == SYM_ADDR &&
        model_global(ex->model, place->decl->name)) {
        ref->flags |= REF_CONST;
        if (ledger_immortal(ex, b)) {
            ref->flags |= REF_ESCAPED;
        }
    }
    else if (b->kind == SYM_INIT && !place_is_local(place) && ref->kept == KEPT_CALLER) {
        ref->flags |= REF_KEPT;
    }
}

static bool
assume_cmp(Explorer *ex, State *state, const Sym *sym, bool truth)
{
    bool ok;
    if (sym->text[0] == '<') {
        ok = truth ? assume_less(ex, state, sym->a, sym->b)
                   : assume_not_less(ex, state, sym->a, sym->b);
    }
    else if (truth &&
             (must_differ(state, sym->a, sym->b) || must_differ(state, sym->b, sym->a) ||
              found_less(state, sym->a, sym->b))) {
        return false;
    }
    else {
        ok = truth ? assume_equal(ex, state, sym->a, sym->b)
                   : assume_different(ex, state, sym->a, sym->b);
    }
    if (ok && truth && sym->text[0] == '=') {
        learn_identity(ex, state, sym->a, sym->b);
        learn_identity(ex, state, sym->b, sym->a);
    }
    return ok && narrow(ex, state, sym, truth, truth, false);
}

bool
assume(Explorer *ex, State *state, const Sym *sym, bool truth)
{
    Range range = range_of(state, sym);
    if (truth ? (range.lo == 0 && range.hi == 0)
              : (range.not_zero || range.lo > 0 || range.hi < 0)) {
        return false;
    }
    switch (sym->kind) {
    case SYM_CMP:
        return assume_cmp(ex, state, sym, truth);
    case SYM_NOT:
        return assume(ex, state, sym->a, !truth);
    case SYM_PURE:
        if (truth && text_equal(sym->text, "_Py_IsImmortal") && sym->a &&
            state_ref_make(ex, state, sym->a)) {
            ledger_escape(ex, state, sym->a); /* its count never matters on this path */
        }
        return truth ? narrow(ex, state, sym, INT64_MIN, INT64_MAX, true)
                     : narrow(ex, state, sym, 0, 0, false);
    default:
        return truth ? narrow(ex, state, sym, INT64_MIN, INT64_MAX, true)
                     : narrow(ex, state, sym, 0, 0, false);
    }
}

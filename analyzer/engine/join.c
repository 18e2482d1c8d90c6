/* join.c: comparing two states, and weakening one to what holds in both. */
#include <string.h>

#include "engine/state.h"

#define JOINED_TEMP 1000000 /* number of what a temporary holds after a join */

/* Of what owed_equal compares. */
static uint64_t
hash_owed(const Ref *r)
{
    return hash_mix(r->sym->id, (uint64_t)(uint16_t)r->own << 32 |
                                    (uint64_t)(uint16_t)r->lent << 16 | (uint16_t)r->stored);
}

static uint64_t
hash_ref(uint64_t h, const Ref *r)
{
    h = hash_mix(h, hash_owed(r));
    return hash_mix(h, (uint64_t)r->kept << 16 | r->flags);
}

void
state_freeze(State *state)
{
    uint64_t flags = (uint64_t)state->gil << 8 | (uint64_t)state->asked << 4 | state->err;
    uint64_t h = hash_mix((uint64_t)(uintptr_t)state->epoch, flags);
    for (uint32_t i = 0; i < state->nbind; i++) {
        h = hash_mix(h, (uint64_t)state->bind[i].place->id << 32 | state->bind[i].sym->id);
    }
    for (uint32_t i = 0; i < state->ntemp; i++) {
        h = hash_mix(h, (uint64_t)state->temp[i].temp << 32 | state->temp[i].sym->id);
    }
    uint64_t owes = hash_mix(state->gil, state->protocol);
    for (uint32_t i = 0; i < state->nref; i++) {
        const Ref *ref = &state->ref[i];
        h = hash_ref(h, ref);
        owes = ref_is_plain(ref) ? owes : hash_mix(owes, hash_owed(ref));
    }
    state->owes = owes;
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Range *r = &state->range[i];
        h = hash_mix(h, r->sym->id);
        h = hash_mix(hash_mix(h, (uint64_t)r->lo), (uint64_t)r->hi ^ r->not_zero);
    }
    state->hash = stale_hash(state, h);
}

static bool
ref_equal(const Ref *a, const Ref *b)
{
    return a->sym == b->sym && a->own == b->own && a->stored == b->stored && a->lent == b->lent &&
           a->kept == b->kept && a->flags == b->flags && a->keeper == b->keeper;
}

static bool
refs_equal(const State *a, const State *b)
{
    if (a->nref != b->nref) {
        return false;
    }
    for (uint32_t i = 0; i < a->nref; i++) {
        if (!ref_equal(&a->ref[i], &b->ref[i])) {
            return false;
        }
    }
    return true;
}

static bool
ranges_equal(const State *a, const State *b)
{
    if (a->nrange != b->nrange) {
        return false;
    }
    for (uint32_t i = 0; i < a->nrange; i++) {
        const Range *x = &a->range[i], *y = &b->range[i];
        if (x->sym != y->sym || x->lo != y->lo || x->hi != y->hi ||
            x->not_zero != y->not_zero) {
            return false;
        }
    }
    return true;
}

bool
state_not_worse(const State *a, const State *b)
{
    return a->failed <= b->failed && a->oom <= b->oom && a->ignored <= b->ignored &&
           a->protocol <= b->protocol;
}

bool
state_alike(const State *a, const State *b)
{
    return a->nbind == b->nbind && a->ntemp == b->ntemp &&
           a->epoch == b->epoch && a->err == b->err && a->asked == b->asked && a->gil == b->gil &&
           exception_is_same_saved(a, b) && stale_equal(a, b) &&
           (a->nbind == 0 || memcmp(a->bind, b->bind, a->nbind * sizeof(Bind)) == 0) &&
           refs_equal(a, b) && ranges_equal(a, b);
}

/* ---- joining ------------------------------------------------------------------------------------------ */

static bool
tracked(const State *state, const Sym *sym)
{
    const Ref *ref = state_ref(state, sym);
    return ref && (ref->own != 0 || ref->stored != 0) && !(ref->flags & REF_ESCAPED);
}

/* Every binding of an object somebody counts must be the same in both. */
static bool
same_holders(const State *a, const State *b)
{
    for (uint32_t i = 0; i < a->nbind; i++) {
        if (tracked(a, a->bind[i].sym) && state_get(b, a->bind[i].place) != a->bind[i].sym) {
            return false;
        }
    }
    for (uint32_t i = 0; i < a->ntemp; i++) {
        if (tracked(a, a->temp[i].sym) && state_temp(b, a->temp[i].temp) != a->temp[i].sym) {
            return false;
        }
    }
    return true;
}

static bool
owed_equal(const State *a, const State *b)
{
    uint32_t i = 0, j = 0;
    while (true) {
        while (i < a->nref && ref_is_plain(&a->ref[i])) {
            i++;
        }
        while (j < b->nref && ref_is_plain(&b->ref[j])) {
            j++;
        }
        if (i == a->nref || j == b->nref) {
            return i == a->nref && j == b->nref;
        }
        const Ref *x = &a->ref[i++], *y = &b->ref[j++];
        if (x->sym != y->sym || x->own != y->own || x->stored != y->stored ||
            x->lent != y->lent) {
            return false;
        }
    }
}

bool
state_same_ownership(const State *a, const State *b)
{
    return a->owes == b->owes && a->gil == b->gil && a->protocol == b->protocol &&
           owed_equal(a, b) && same_holders(a, b) && same_holders(b, a);
}

/* True when each variable that shows an object which is gone in 'a' shows the same in 'b'. */
static bool
same_dangling(const State *a, const State *b)
{
    for (uint32_t i = 0; i < a->nbind; i++) {
        const Bind *bind = &a->bind[i];
        const Ref *ref = bind->place->kind == PLACE_LOCAL ? state_ref(a, bind->sym) : NULL;
        bool gone = ref && ref->own == 0 && ref->stored == 0 && ref->lent == 0 &&
                    (ref->flags & REF_RELEASED) && !(ref->flags & REF_ESCAPED);
        if (gone && state_get(b, bind->place) != bind->sym) {
            return false;
        }
    }
    return true;
}

bool
state_dangles_alike(const State *a, const State *b)
{
    return same_dangling(a, b) && same_dangling(b, a);
}

static const Sym *
unknown_for(Explorer *ex, uint32_t block, const Place *place)
{
    /* A value of its own for each place and join: the block's first instruction stands for it. */
    const Place *both = place_field(ex, place, str_intern(ex->strings, EITHER), NULL);
    return sym_init(ex, both, &ex->fn->block[block].ins[0], NULL);
}

static int64_t
lower_of(const Range *mine, const Range *theirs, bool widen)
{
    int64_t lo = mine->lo < theirs->lo ? mine->lo : theirs->lo;
    if (!widen || mine->lo == theirs->lo) {
        return lo;
    }
    return lo >= 1 ? 1 : lo >= 0 ? 0 : lo >= -1 ? -1 : INT64_MIN;
}

static int64_t
upper_of(const Range *mine, const Range *theirs, bool widen)
{
    int64_t hi = mine->hi > theirs->hi ? mine->hi : theirs->hi;
    if (!widen || mine->hi == theirs->hi) {
        return hi;
    }
    return hi <= -1 ? -1 : hi <= 0 ? 0 : hi <= 1 ? 1 : INT64_MAX;
}

/* The numbers that are possible in either state. */
static Range
hull(const State *a, const Sym *x, const State *b, const Sym *y, bool widen)
{
    Range mine = range_of(a, x), theirs = range_of(b, y);
    Range both = {.lo = lower_of(&mine, &theirs, widen), .hi = upper_of(&mine, &theirs, widen)};
    both.not_zero = (mine.not_zero || mine.lo > 0 || mine.hi < 0) &&
                    (theirs.not_zero || theirs.lo > 0 || theirs.hi < 0);
    return both;
}

/* True when the numbers are fewer than the kind and the type of the symbol tell anyway. */
static bool
says_something(const Sym *sym, const Range *range)
{
    Range whole = range_whole(sym);
    return range->lo > whole.lo || range->hi < whole.hi || (range->not_zero && !whole.not_zero);
}

static void
join_ranges(State *into, const State *other, bool widen)
{
    uint32_t kept = 0;
    Range *range = into->range;
    for (uint32_t i = 0; i < into->nrange; i++) {
        Range both = hull(into, range[i].sym, other, range[i].sym, widen);
        both.sym = range[i].sym;
        both.id = range[i].id;
        if (says_something(both.sym, &both)) {
            range[kept++] = both;
        }
    }
    into->nrange = kept;
}

typedef VEC(const Sym *) Syms;

/* What an earlier visit of the block called the same, and what was read through it, are other
 * objects by now. */
static void
escape_earlier(State *state, const Syms *unknown)
{
    for (uint32_t i = 0; i < state->nref; i++) {
        Ref *ref = &state->ref[i];
        for (uint32_t k = 0; k < unknown->n && !(ref->flags & REF_ESCAPED); k++) {
            if (sym_mentions(ref->sym, unknown->at[k])) {
                ref->flags |= REF_ESCAPED;
            }
        }
    }
}

/* What 'some' in one state is found less than, and 'rest' in the other is as well, 'both' is. */
static void
join_less(Explorer *ex, State *into, const State *a, const Sym *some, const State *b,
          const Sym *rest, const Sym *both)
{
    for (uint32_t i = 0; i < a->nrange; i++) {
        const Sym *cmp = a->range[i].sym;
        if (cmp->kind != SYM_CMP || cmp->text[0] != '<' || cmp->a != some ||
            a->range[i].lo != 1) {
            continue;
        }
        if (range_of(b, sym_cmp(ex, "<", rest, cmp->b)).lo == 1) {
            const Sym *less = sym_cmp(ex, "<", both, cmp->b);
            state_set_range(ex, into, less, (Range){.lo = 1, .hi = 1, .not_zero = true});
        }
    }
}

/* The place holds one thing in one state and another in the other; gives the symbol for both. */
static const Sym *
join_bind(Explorer *ex, State *into, const State *before, const State *other, const Place *place,
          uint32_t block, bool widen)
{
    const Sym *mine = state_get(into, place), *theirs = state_get(other, place);
    const Sym *sym = unknown_for(ex, block, place);
    Range range = {.lo = INT64_MIN, .hi = INT64_MAX};
    if (mine && theirs) {
        range = hull(before, mine, other, theirs, widen);
    }
    state_forget_ranges(into, sym); /* of an earlier visit */
    state_bind(ex, into, place, sym);
    if (says_something(sym, &range)) {
        state_set_range(ex, into, sym, range);
    }
    if (mine && theirs && place->kind == PLACE_LOCAL) {
        join_less(ex, into, before, mine, other, theirs, sym);
        join_less(ex, into, other, theirs, before, mine, sym);
    }
    return sym;
}

static void
join_temps(Explorer *ex, State *into, const State *other, uint32_t block)
{
    for (uint32_t i = 0; i < into->ntemp; i++) {
        if (state_temp(other, into->temp[i].temp) != into->temp[i].sym) {
            const Sym *sym = sym_call(ex, &ex->fn->block[block].ins[0],
                                      JOINED_TEMP + into->temp[i].temp, into->temp[i].sym->type);
            state_forget_ranges(into, sym);
            into->temp[i].sym = sym;
        }
    }
}

/* True for an argument that the function has only looked at: as good as no entry. */
static bool
is_untouched(const Ref *ref)
{
    return ref->kept == KEPT_CALLER && ref->own == 0 && ref->stored == 0 && ref->lent == 0 &&
           ref->flags == 0;
}

/* What one side knows less of, both know less of. */
static void
join_ref(Ref *mine, const Ref *theirs)
{
    if (theirs ? ref_equal(mine, theirs) : is_untouched(mine)) {
        return;
    }
    if (!theirs || ref_is_plain(mine) || ref_is_plain(theirs)) {
        mine->flags |= REF_ESCAPED;
        return;
    }
    if (mine->kept != theirs->kept || mine->keeper != theirs->keeper) {
        mine->kept = KEPT_UNKNOWN;
        mine->keeper = NULL;
    }
    mine->flags |= theirs->flags;
}

void
state_join(Explorer *ex, State *into, const State *other, uint32_t block, bool widen)
{
    Syms unknown = {0};
    State before = *into; /* with the numbers that are still known */
    before.range = ARENA_ARRAY(ex->arena, Range, into->nrange + 1);
    if (into->nrange > 0) {
        memcpy(before.range, into->range, into->nrange * sizeof(Range));
    }
    join_ranges(into, other, widen);
    join_temps(ex, into, other, block);
    for (uint32_t i = 0; i < into->nbind; i++) {
        const Place *place = into->bind[i].place;
        if (state_get(other, place) != into->bind[i].sym) {
            VEC_PUSH(ex->arena, &unknown,
                     join_bind(ex, into, &before, other, place, block, widen));
        }
    }
    for (uint32_t i = 0; i < other->nbind; i++) {
        const Place *place = other->bind[i].place;
        if (!state_get(into, place)) {
            VEC_PUSH(ex->arena, &unknown,
                     join_bind(ex, into, &before, other, place, block, widen));
        }
    }
    for (uint32_t i = 0; i < other->nref; i++) { /* what one side knows more of */
        if (ref_is_plain(&other->ref[i]) && !state_ref(into, other->ref[i].sym)) {
            *state_add_ref(ex, into, other->ref[i].sym) = other->ref[i];
        }
    }
    for (uint32_t i = 0; i < into->nref; i++) {
        Ref *mine = &into->ref[i];
        const Ref *theirs = state_ref(other, mine->sym);
        join_ref(mine, theirs);
    }
    stale_join(ex, into, other);
    escape_earlier(into, &unknown);
    exception_join(into, other);
    into->failed = into->failed && other->failed;
    into->oom = into->oom && other->oom;
    into->ignored = into->ignored || other->ignored;
    if (into->epoch != other->epoch) {
        into->epoch = &ex->fn->block[block].ins[0];
    }
}

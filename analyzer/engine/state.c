/* state.c: the maps of one state, and comparing, joining and thinning states.
 *
 * All maps are small sorted arrays: copying one is a memcpy, equality a
 * memcmp.  A frozen state is never changed.
 */
#include <string.h>

#include "engine/state.h"

#define JOINED_TEMP 1000000 /* number of what a temporary holds after a join */
#define EITHER "(either)" /* field name of what two paths left different */

/* ---- sorted arrays ------------------------------------------------------------- */

/* Makes room at 'at' in an array of 'n' elements and returns the new one. */
static void *
insert_at(Explorer *ex, void **array, uint32_t *n, uint32_t *cap, size_t size, uint32_t at)
{
    if (*n == *cap) {
        uint32_t bigger = *cap ? *cap * 2 : 8;
        void *grown = arena_alloc(ex->arena, bigger * size);
        if (*n) {
            memcpy(grown, *array, *n * size);
        }
        *array = grown;
        *cap = bigger;
    }
    char *place = (char *)*array + at * size;
    memmove(place + size, place, (*n - at) * size);
    memset(place, 0, size);
    *n += 1;
    return place;
}

static void
remove_at(void *array, uint32_t *n, size_t size, uint32_t at)
{
    char *place = (char *)array + at * size;
    memmove(place, place + size, (*n - at - 1) * size);
    *n -= 1;
}

static uint32_t
find_bind(const State *state, uint32_t id)
{
    uint32_t lo = 0, hi = state->nbind;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (state->bind[mid].place->id < id) {
            lo = mid + 1;
        }
        else {
            hi = mid;
        }
    }
    return lo;
}

static uint32_t
find_ref(const State *state, uint32_t id)
{
    uint32_t i = 0;
    while (i < state->nref && state->ref[i].sym->id < id) {
        i++;
    }
    return i;
}

static uint32_t
find_range(const State *state, uint32_t id)
{
    uint32_t lo = 0, hi = state->nrange;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (state->range[mid].sym->id < id) {
            lo = mid + 1;
        }
        else {
            hi = mid;
        }
    }
    return lo;
}

static uint32_t
find_temp(const State *state, uint32_t temp)
{
    uint32_t i = 0;
    while (i < state->ntemp && state->temp[i].temp < temp) {
        i++;
    }
    return i;
}

/* ---- making ---------------------------------------------------------------------- */

State *
state_new(Explorer *ex)
{
    return ARENA_NEW(ex->arena, State);
}

static void *
copy_array(Explorer *ex, const void *array, uint32_t n, size_t size, uint32_t *cap)
{
    *cap = n;
    return n ? arena_copy(ex->arena, array, n * size) : NULL;
}

State *
state_copy(Explorer *ex, const State *state)
{
    State *copy = arena_copy(ex->arena, state, sizeof(*state));
    copy->bind = copy_array(ex, state->bind, state->nbind, sizeof(Bind), &copy->cbind);
    copy->temp = copy_array(ex, state->temp, state->ntemp, sizeof(TempBind), &copy->ctemp);
    copy->ref = copy_array(ex, state->ref, state->nref, sizeof(Ref), &copy->cref);
    copy->range = copy_array(ex, state->range, state->nrange, sizeof(Range), &copy->crange);
    return copy;
}

/* ---- memory ------------------------------------------------------------------------ */

const Sym *
state_get(const State *state, const Place *place)
{
    uint32_t i = find_bind(state, place->id);
    return i < state->nbind && state->bind[i].place == place ? state->bind[i].sym : NULL;
}

void
state_bind(Explorer *ex, State *state, const Place *place, const Sym *sym)
{
    uint32_t i = find_bind(state, place->id);
    if (i == state->nbind || state->bind[i].place != place) {
        Bind *bind = insert_at(ex, (void **)&state->bind, &state->nbind, &state->cbind,
                               sizeof(Bind), i);
        bind->place = place;
    }
    state->bind[i].sym = sym;
}

void
state_forget(State *state, const Place *place)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (!place_is_inside(state->bind[i].place, place)) {
            state->bind[kept++] = state->bind[i];
        }
    }
    state->nbind = kept;
}

const Sym *
state_temp(const State *state, uint32_t temp)
{
    uint32_t i = find_temp(state, temp);
    return i < state->ntemp && state->temp[i].temp == temp ? state->temp[i].sym : NULL;
}

void
state_set_temp(Explorer *ex, State *state, uint32_t temp, const Sym *sym)
{
    uint32_t i = find_temp(state, temp);
    if (i == state->ntemp || state->temp[i].temp != temp) {
        TempBind *bind = insert_at(ex, (void **)&state->temp, &state->ntemp, &state->ctemp,
                                   sizeof(TempBind), i);
        bind->temp = temp;
    }
    state->temp[i].sym = sym;
}

void
state_drop_temp(State *state, uint32_t temp)
{
    uint32_t i = find_temp(state, temp);
    if (i < state->ntemp && state->temp[i].temp == temp) {
        remove_at(state->temp, &state->ntemp, sizeof(TempBind), i);
    }
}

/* ---- ledger -------------------------------------------------------------------------- */

Ref *
state_ref(const State *state, const Sym *sym)
{
    uint32_t i = find_ref(state, sym->id);
    return i < state->nref && state->ref[i].sym == sym ? &state->ref[i] : NULL;
}

Ref *
state_add_ref(Explorer *ex, State *state, const Sym *sym)
{
    uint32_t i = find_ref(state, sym->id);
    if (i == state->nref || state->ref[i].sym != sym) {
        Ref *ref = insert_at(ex, (void **)&state->ref, &state->nref, &state->cref, sizeof(Ref),
                             i);
        ref->sym = sym;
    }
    return &state->ref[i];
}

void
state_drop_ref(State *state, const Sym *sym)
{
    uint32_t i = find_ref(state, sym->id);
    if (i < state->nref && state->ref[i].sym == sym) {
        remove_at(state->ref, &state->nref, sizeof(Ref), i);
    }
}

/* An element that is not told apart from others: who owns it is a matter of counters. */
static bool
is_any_element(const Place *place)
{
    for (; place; place = place->base) {
        if (place->kind == PLACE_ELEM && place->sym->kind != SYM_INT) {
            return true;
        }
    }
    return false;
}

/* What is known of an object that was not made on this path. */
static bool
describe_foreign(Explorer *ex, const Sym *sym, Ref *ref)
{
    if (sym->kind == SYM_ADDR) {
        const Place *root = place_root(sym->place);
        ref->kept = root->kind == PLACE_GLOBAL ? KEPT_STATIC : KEPT_UNKNOWN;
        return root->kind != PLACE_LOCAL;
    }
    if (sym->kind != SYM_INIT || !sym->place) {
        ref->kept = KEPT_UNKNOWN;
        return sym->kind == SYM_CALL || sym->kind == SYM_INIT || sym->kind == SYM_PURE;
    }
    const Place *place = sym->place;
    if (place->kind == PLACE_LOCAL && ex->fn->local[place->index].is_param) {
        ref->kept = KEPT_CALLER;
        return true;
    }
    if (place_is_local(place) || text_equal(place->name, EITHER) || is_any_element(place)) {
        ref->kept = KEPT_UNKNOWN; /* never set, joined from two paths, or in a table */
        return true;
    }
    if (place->kind == PLACE_GLOBAL && model_global(ex->model, place->decl->name)) {
        ref->kept = KEPT_STATIC;
        return true;
    }
    ref->kept = KEPT_FIELD;
    ref->stored = 1;
    return true;
}

Ref *
state_ref_make(Explorer *ex, State *state, const Sym *sym)
{
    Ref *ref = state_ref(state, sym);
    if (ref) {
        return ref;
    }
    Ref made = {.sym = sym};
    if (!describe_foreign(ex, sym, &made)) {
        return NULL;
    }
    ref = state_add_ref(ex, state, sym);
    *ref = made;
    return ref;
}

/* ---- numbers --------------------------------------------------------------------------- */

const Range *
state_range(const State *state, const Sym *sym)
{
    uint32_t i = find_range(state, sym->id);
    return i < state->nrange && state->range[i].sym == sym ? &state->range[i] : NULL;
}

void
state_set_range(Explorer *ex, State *state, const Sym *sym, Range range)
{
    uint32_t i = find_range(state, sym->id);
    if (i == state->nrange || state->range[i].sym != sym) {
        insert_at(ex, (void **)&state->range, &state->nrange, &state->crange, sizeof(Range), i);
    }
    range.sym = sym;
    state->range[i] = range;
}

/* ---- story -------------------------------------------------------------------------------- */

void
state_note(Explorer *ex, State *state, NodeKind kind, const Instr *at, const Sym *sym,
           const Summary *summary, const Case *outcome)
{
    Node *node = ARENA_NEW(ex->arena, Node);
    node->pred = state->trace;
    node->kind = kind;
    node->at = at;
    node->sym = sym;
    node->summary = summary;
    node->outcome = outcome;
    node->length = state->trace ? state->trace->length + 1 : 1;
    state->trace = node;
}

/* ---- holding -------------------------------------------------------------------------------- */

/* True when a value leads to the object: is it, or points into it. */
static bool
leads_to(const Sym *value, const Sym *sym)
{
    if (value == sym) {
        return true;
    }
    if (value->kind == SYM_ADDR) {
        const Place *root = place_root(value->place);
        return root->kind == PLACE_DEREF && leads_to(root->sym, sym);
    }
    if (value->kind == SYM_BIN) {
        return leads_to(value->a, sym);
    }
    return false;
}

bool
state_holds(Explorer *ex, const State *state, const Sym *sym)
{
    (void)ex;
    if (sym->kind == SYM_ADDR) {
        return true; /* static: always reachable */
    }
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (leads_to(state->bind[i].sym, sym)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < state->ntemp; i++) {
        if (leads_to(state->temp[i].sym, sym)) {
            return true;
        }
    }
    if (sym->kind == SYM_INIT && sym->place && !place_is_local(sym->place)) {
        return sym->site == state->epoch && !state_get(state, sym->place);
    }
    const Ref *ref = state_ref(state, sym);
    if (sym->kind == SYM_PURE && ref && !(ref->flags & REF_NAMED)) {
        /* asking again gives it again */
        return sym->a && (sym->a->kind == SYM_INIT || state_holds(ex, state, sym->a));
    }
    return false;
}

static bool
uses_number(const Sym *sym, const Instr *site, uint32_t number)
{
    if (!sym) {
        return false;
    }
    if (sym->kind == SYM_CALL && sym->site == site && sym->num == number) {
        return true;
    }
    for (const Place *p = sym->place; p; p = p->base) {
        if (p->sym && uses_number(p->sym, site, number)) {
            return true;
        }
    }
    return uses_number(sym->a, site, number) || uses_number(sym->b, site, number) ||
           uses_number(sym->c, site, number);
}

static bool
place_uses_number(const Place *place, const Instr *site, uint32_t number)
{
    for (; place; place = place->base) {
        if (place->sym && uses_number(place->sym, site, number)) {
            return true;
        }
    }
    return false;
}

static bool
state_uses_number(const State *state, const Instr *site, uint32_t number)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (uses_number(state->bind[i].sym, site, number) ||
            place_uses_number(state->bind[i].place, site, number)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < state->ntemp; i++) {
        if (uses_number(state->temp[i].sym, site, number)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < state->nref; i++) {
        if (uses_number(state->ref[i].sym, site, number)) {
            return true;
        }
    }
    return false;
}

uint32_t
state_fresh(State *state, const Instr *site, uint32_t base)
{
    uint32_t number = base;
    while (number < base + 3 && state_uses_number(state, site, number)) {
        number++;
    }
    /* What was assumed of an earlier result with this number is void. */
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nrange; i++) {
        if (!uses_number(state->range[i].sym, site, number)) {
            state->range[kept++] = state->range[i];
        }
    }
    state->nrange = kept;
    return number;
}

/* ---- thinning ---------------------------------------------------------------------------------- */

typedef struct Marks {
    Explorer *ex;
    const State *state;
    uint64_t *set; /* by sym id */
} Marks;

static void
mark(Marks *marks, const Sym *sym)
{
    if (!sym || bit_test(marks->set, sym->id)) {
        return;
    }
    marks->set[sym->id / 64] |= 1ULL << (sym->id % 64);
    for (const Place *p = sym->place; p; p = p->base) {
        mark(marks, p->sym);
    }
    mark(marks, sym->a);
    mark(marks, sym->b);
    mark(marks, sym->c);
}

/* True when the symbol can still be met: it is marked, or made of such. */
static bool
still_reachable(const Marks *marks, const Sym *sym)
{
    if (sym->id < marks->ex->nsyms && bit_test(marks->set, sym->id)) {
        return true;
    }
    switch (sym->kind) {
    case SYM_INT: case SYM_STR: case SYM_FUNC:
        return true;
    case SYM_CALL:
        return false;
    case SYM_ADDR: case SYM_INIT: {
        if (!sym->place || (sym->kind == SYM_INIT && sym->site != marks->state->epoch)) {
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
bind_is_dead(Explorer *ex, const State *state, const Bind *bind, const BlockFlow *flow)
{
    const Place *root = place_root(bind->place);
    if (root->kind == PLACE_LOCAL) {
        if (bit_test(flow->live_locals, root->index)) {
            return false;
        }
        const Ref *ref = state_ref(state, bind->sym);
        return !ref || ref->own <= 0;
    }
    (void)ex;
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

/* Nothing is owed for it, or nobody will ask any more. */
static bool
ref_is_plain(const Ref *ref)
{
    return ref->own == 0 || (ref->flags & REF_ESCAPED);
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
collect_binds(Explorer *ex, State *state, const BlockFlow *flow)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (!bind_is_dead(ex, state, &state->bind[i], flow)) {
            state->bind[kept++] = state->bind[i];
        }
    }
    state->nbind = kept;
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
        mark(marks, sym_init(marks->ex, place_local(marks->ex, i), NULL,
                             marks->ex->fn->local[i].type));
    }
    bool changed = true; /* memory reached from marked symbols */
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < state->nbind; i++) {
            const Bind *bind = &state->bind[i];
            if (!bit_test(marks->set, bind->sym->id) && !place_is_local(bind->place) &&
                !place_is_lost(marks, bind->place)) {
                mark(marks, bind->sym);
                changed = true;
            }
        }
    }
}

void
state_collect(Explorer *ex, State *state, uint32_t block)
{
    const BlockFlow *flow = &ex->flow->block[block];
    collect_temps(state, flow);
    collect_binds(ex, state, flow);
    for (uint32_t i = 0; i < ex->fn->nparam; i++) { /* make sure they exist before sizing */
        sym_init(ex, place_local(ex, i), NULL, ex->fn->local[i].type);
    }
    Marks marks = {ex, state, ARENA_ARRAY(ex->arena, uint64_t, ex->nsyms / 64 + 1)};
    mark_all(&marks, state);
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
}

/* ---- comparing -------------------------------------------------------------------------------------- */

static uint64_t
hash_ref(uint64_t h, const Ref *r)
{
    h = hash_mix(h, r->sym->id);
    h = hash_mix(h, (uint64_t)(uint16_t)r->own << 32 | (uint64_t)(uint16_t)r->lent << 16 |
                        (uint16_t)r->stored);
    return hash_mix(h, (uint64_t)r->kept << 16 | r->flags);
}

void
state_freeze(State *state)
{
    uint64_t h = hash_mix((uint64_t)(uintptr_t)state->epoch, state->err);
    for (uint32_t i = 0; i < state->nbind; i++) {
        h = hash_mix(h, (uint64_t)state->bind[i].place->id << 32 | state->bind[i].sym->id);
    }
    for (uint32_t i = 0; i < state->ntemp; i++) {
        h = hash_mix(h, (uint64_t)state->temp[i].temp << 32 | state->temp[i].sym->id);
    }
    for (uint32_t i = 0; i < state->nref; i++) {
        h = hash_ref(h, &state->ref[i]);
    }
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Range *r = &state->range[i];
        h = hash_mix(h, r->sym->id);
        h = hash_mix(hash_mix(h, (uint64_t)r->lo), (uint64_t)r->hi ^ r->not_zero);
    }
    state->hash = h;
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
    return a->failed <= b->failed && a->oom <= b->oom && a->ignored <= b->ignored;
}

bool
state_equal(const State *a, const State *b)
{
    return a->hash == b->hash && a->nbind == b->nbind && a->ntemp == b->ntemp &&
           a->epoch == b->epoch && a->err == b->err &&
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
state_same_ownership(Explorer *ex, const State *a, const State *b)
{
    (void)ex;
    return owed_equal(a, b) && same_holders(a, b) && same_holders(b, a);
}

static const Sym *
unknown_for(Explorer *ex, uint32_t block, const Place *place)
{
    /* A value of its own for each place and join: the block's first instruction stands for it. */
    const Place *both = place_field(ex, place, str_intern(ex->strings, EITHER), NULL);
    return sym_init(ex, both, &ex->fn->block[block].ins[0], NULL);
}

static void
forget_assumptions(State *state, const Sym *sym)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nrange; i++) {
        if (!sym_mentions(state->range[i].sym, sym)) {
            state->range[kept++] = state->range[i];
        }
    }
    state->nrange = kept;
}

/* The place holds one thing in one state and another in the other. */
static void
join_bind(Explorer *ex, State *into, const Place *place, uint32_t block)
{
    const Sym *sym = unknown_for(ex, block, place);
    forget_assumptions(into, sym); /* of an earlier visit */
    state_bind(ex, into, place, sym);
}

static void
join_temps(Explorer *ex, State *into, const State *other, uint32_t block)
{
    for (uint32_t i = 0; i < into->ntemp; i++) {
        if (state_temp(other, into->temp[i].temp) != into->temp[i].sym) {
            const Sym *sym = sym_call(ex, &ex->fn->block[block].ins[0],
                                      JOINED_TEMP + into->temp[i].temp, into->temp[i].sym->type);
            forget_assumptions(into, sym);
            into->temp[i].sym = sym;
        }
    }
}

static int64_t
lower_of(const Range *mine, const Range *theirs, bool widen)
{
    return mine->lo == theirs->lo ? mine->lo
           : widen                ? INT64_MIN
                                  : mine->lo < theirs->lo ? mine->lo : theirs->lo;
}

static int64_t
upper_of(const Range *mine, const Range *theirs, bool widen)
{
    return mine->hi == theirs->hi ? mine->hi
           : widen                ? INT64_MAX
                                  : mine->hi > theirs->hi ? mine->hi : theirs->hi;
}

/* What one side knows less of, both know less of. */
static void
join_ref(Ref *mine, const Ref *theirs)
{
    if (theirs && ref_equal(mine, theirs)) {
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
    join_temps(ex, into, other, block);
    for (uint32_t i = 0; i < into->nbind; i++) {
        const Place *place = into->bind[i].place;
        if (state_get(other, place) != into->bind[i].sym) {
            join_bind(ex, into, place, block);
        }
    }
    for (uint32_t i = 0; i < other->nbind; i++) {
        const Place *place = other->bind[i].place;
        if (!state_get(into, place)) {
            join_bind(ex, into, place, block);
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < into->nrange; i++) {
        Range *mine = &into->range[i];
        const Range *theirs = state_range(other, mine->sym);
        if (!theirs) {
            continue;
        }
        Range joined = {.sym = mine->sym,
                        .lo = lower_of(mine, theirs, widen),
                        .hi = upper_of(mine, theirs, widen),
                        .not_zero = (mine->not_zero || mine->lo > 0 || mine->hi < 0) &&
                                    (theirs->not_zero || theirs->lo > 0 || theirs->hi < 0)};
        if (joined.lo == INT64_MIN && joined.hi == INT64_MAX && !joined.not_zero) {
            continue;
        }
        into->range[kept++] = joined;
    }
    into->nrange = kept;
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
    into->err = into->err == other->err ? into->err : ERRSTATE_UNKNOWN;
    into->failed = into->failed && other->failed;
    into->oom = into->oom && other->oom;
    into->ignored = into->ignored || other->ignored;
    if (into->epoch != other->epoch) {
        into->epoch = &ex->fn->block[block].ins[0];
    }
}

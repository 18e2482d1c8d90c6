/* state.c: the maps of one state, and who holds an object in it.
 *
 * All maps are small sorted arrays: copying one is a memcpy, equality a
 * memcmp.  A frozen state is never changed.
 */
#include <string.h>

#include "engine/state.h"

/* ---- sorted arrays ------------------------------------------------------------- */

/* Makes room at 'at' in an array of 'n' elements and returns the new one. */
static void *
insert_at(Explorer *ex, void **array, uint32_t *n, uint32_t *cap, size_t size, uint32_t at)
{
    if (*n >= *cap) {
        void *grown = array_new(ex, *n + 1, size, cap); /* somebody may still read the old one */
        if (*n) {
            memcpy(grown, *array, *n * size);
        }
        *array = grown;
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
    uint32_t lo = 0, hi = state->nref;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (state->ref[mid].sym->id < id) {
            lo = mid + 1;
        }
        else {
            hi = mid;
        }
    }
    return lo;
}

static uint32_t
find_range(const State *state, uint32_t id)
{
    uint32_t lo = 0, hi = state->nrange;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (state->range[mid].id < id) {
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
    uint32_t cap;
    State *state = array_new(ex, 1, sizeof(State), &cap);
    *state = (State){0};
    return state;
}

static void *
copy_array(Explorer *ex, const void *array, uint32_t n, size_t size, uint32_t *cap)
{
    *cap = 0;
    return n ? memcpy(array_new(ex, n, size, cap), array, n * size) : NULL;
}

State *
state_copy(Explorer *ex, const State *state)
{
    State *copy = state_new(ex);
    *copy = *state;
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
    if (state->nstale > 0 && place->kind == PLACE_LOCAL) {
        stale_forget_local(ex, state, place->index);
    }
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

void
state_replace(State *state, const Sym *old, const Sym *sym)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        state->bind[i].sym = state->bind[i].sym == old ? sym : state->bind[i].sym;
    }
    for (uint32_t i = 0; i < state->ntemp; i++) {
        state->temp[i].sym = state->temp[i].sym == old ? sym : state->temp[i].sym;
    }
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
    if (state->nstale > 0) {
        stale_forget_temp(ex, state, temp);
    }
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

bool
ref_is_plain(const Ref *ref)
{
    return ref->own == 0 || (ref->flags & REF_ESCAPED);
}

/* Behind a chain of pointers that was followed no further: one name for many places. */
static bool
is_too_deep(const Place *place)
{
    for (; place; place = place->base) {
        if (place->sym && place->sym->kind == SYM_INIT &&
            (!place->sym->place || is_too_deep(place->sym->place))) {
            return true;
        }
    }
    return false;
}

/* An element of the array of arguments that Python passes: METH_FASTCALL, vectorcall. */
static bool
is_argument_array(Explorer *ex, const Place *place)
{
    const Place *base = place->kind == PLACE_ELEM ? place->base : place;
    const Sym *param = base->kind == PLACE_DEREF ? base->sym : NULL;
    return ex->info->is_entry && param && param->kind == SYM_INIT && param->place &&
           param->place->kind == PLACE_LOCAL && param->type && type_is_object_ptr(param->type);
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
        ref->flags |= sym->kind == SYM_INIT ? REF_ESCAPED : 0; /* one symbol for many objects */
        return sym->kind == SYM_CALL || sym->kind == SYM_INIT || sym->kind == SYM_PURE;
    }
    const Place *place = sym->place;
    if (place->kind == PLACE_LOCAL && ex->fn->local[place->index].is_param) {
        ref->kept = KEPT_CALLER;
        return true;
    }
    if (is_too_deep(place)) {
        ref->kept = KEPT_UNKNOWN;
        ref->flags |= REF_ESCAPED;
        return true;
    }
    if (is_argument_array(ex, place)) {
        ref->kept = KEPT_CALLER;
        return true;
    }
    if (place_is_local(place) || text_equal(place->name, EITHER) || is_any_element(place)) {
        ref->kept = KEPT_UNKNOWN; /* never set, joined from two paths, or in a table */
        return true;
    }
    if (sym->type && sym->type->kind == TYPE_PTR && sym->type->to &&
        sym->type->to->kind == TYPE_VOID) {
        ref->kept = KEPT_UNKNOWN; /* a user's data: nothing says whose */
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
    range.id = sym->id;
    state->range[i] = range;
}

void
state_forget_ranges(State *state, const Sym *sym)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nrange; i++) {
        if (!sym_mentions(state->range[i].sym, sym)) {
            state->range[kept++] = state->range[i];
        }
    }
    state->nrange = kept;
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
state_holds(const State *state, const Sym *sym)
{
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
        return sym->a && (sym->a->kind == SYM_INIT || state_holds(state, sym->a));
    }
    return false;
}

static bool
uses_number(const Sym *sym, const Instr *site, uint32_t number)
{
    if (!sym || !(sym->sites & site_bit(site))) {
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
    if (!(place->sites & site_bit(site))) {
        return false;
    }
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

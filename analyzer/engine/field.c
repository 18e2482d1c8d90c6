/* field.c: what owning fields and globals lose, and what is left in them.
 *
 * A field that the program releases from owns the reference in it.  Whoever
 * stores something else there takes that reference out; whoever leaves something
 * there must have handed a reference over.
 */
#include "engine/state.h"

/* True when this path stored to the place before. */
static bool
was_written(const State *state, const Place *place)
{
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_STORE && n->place == place) {
            return true;
        }
    }
    return false;
}

static bool
mentions_place(const Sym *sym, const Place *place)
{
    return sym && (sym->kind == SYM_INIT ? sym->place == place
                                         : mentions_place(sym->a, place) ||
                                               mentions_place(sym->b, place));
}

/* True when this path asked whether something is in the place. */
static bool
was_tested(const State *state, const Place *place)
{
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_BRANCH && mentions_place(n->sym, place)) {
            return true;
        }
    }
    return false;
}

/* True when 'val', an operand of 'at', is the address of a field of this name. */
static bool
is_address_of(const Block *block, const Instr *at, Val val, Str name)
{
    const Instr *field = at;
    while (field > block->ins && (field == at || field->dst != val.index)) {
        field--;
    }
    return val.kind == VAL_TEMP && field != at && field->op == OP_FIELD &&
           field->dst == val.index && field->name == name;
}

/* True when the function stores to a field of this name or, with 'clears', empties it by
 * Py_CLEAR or the like: what it puts there is a loan for its own time. */
static bool
writes_to(const Fn *fn, Str name, bool clears)
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        const Block *block = &fn->block[b];
        for (uint32_t i = 1; i < block->nins; i++) {
            const Instr *ins = &block->ins[i];
            bool call = clears && ins->op == OP_CALL && ins->nargs > 0 &&
                        text_ends(callee_name(ins), "CLEAR");
            if ((call && is_address_of(block, ins, ins->args[0], name)) ||
                (!clears && ins->op == OP_STORE && is_address_of(block, ins, ins->a, name))) {
                return true;
            }
        }
    }
    return false;
}

/* True when a flag beside the field was seen to be zero and the function sets it: it runs
 * once per object. */
static bool
is_guarded(Explorer *ex, const State *state, const Place *place)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Range *range = &state->range[i];
        const Place *flag = range->sym->kind == SYM_INIT ? range->sym->place : NULL;
        if (flag && flag != place && flag->kind == place->kind && flag->base == place->base &&
            range->lo == 0 && range->hi == 0 &&
            (flag->kind == PLACE_GLOBAL || writes_to(ex->fn, flag->name, false))) {
            return true;
        }
    }
    return false;
}

/* The field beside 'place' that the condition compares with a constant of Python's, or NULL. */
static const Place *
compared_flag(const Sym *cond, const Place *place)
{
    while (cond && cond->kind == SYM_NOT) {
        cond = cond->a;
    }
    bool equal = cond && cond->kind == SYM_CMP && cond->text[0] == '=' &&
                 cond->a->kind == SYM_INIT && cond->b->kind == SYM_ADDR &&
                 cond->b->place->kind == PLACE_GLOBAL;
    const Place *flag = equal ? cond->a->place : NULL;
    return flag && flag != place && flag->kind == PLACE_FIELD && flag->base == place->base ? flag
                                                                                         : NULL;
}

/* True when a field beside it was found to be no certain constant, and the function stores to that
 * as well: 'if (self->first != Py_None) { self->last = self->first; self->first = None; }' runs
 * once per object. */
static bool
is_first_time(Explorer *ex, const State *state, const Place *place)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Range *range = &state->range[i];
        const Place *flag = range->lo == 0 && range->hi == 0 ? compared_flag(range->sym, place)
                                                              : NULL;
        if (flag && writes_to(ex->fn, flag->name, false)) {
            return true;
        }
    }
    return false;
}

/* True when the place may hold something that was stored in an earlier call. */
static bool
may_be_set(Explorer *ex, const State *state, const Place *place)
{
    const Place *root = place_root(place);
    if (!owners_is_ever_set(ex->owners, place) || was_written(state, place) || was_tested(state, place) || is_guarded(ex, state, place) ||
        is_first_time(ex, state, place)) {
        return false;
    }
    if (root->kind == PLACE_GLOBAL) {
        return (ex->info->self & (SELF_METHOD | SELF_SETTER)) != 0 && ex->info->is_entry;
    }
    if (place->kind == PLACE_FIELD && !(ex->info->self & SELF_INIT) && writes_to(ex->fn, place->name, true)) {
        return false;
    }
    uint8_t in_use = ex->info->is_entry ? SELF_METHOD | SELF_SETTER | SELF_INIT : SELF_INIT;
    for (const Place *p = place; p != root; p = p->base) {
        if (p->kind != PLACE_FIELD) {
            return false;
        }
    }
    return ex->fn->nparam > 0 && root->sym == sym_param(ex, 0) && (ex->info->self & in_use) != 0; /* a helper's caller may have tested the field */
}

/* Only tp_init twice, or the like, comes here with something in the field. */
static bool
needs_protocol(const Explorer *ex, const Place *place)
{
    return place_root(place)->kind == PLACE_DEREF &&
           (!ex->info->is_entry || !(ex->info->self & (SELF_METHOD | SELF_SETTER)));
}

static void
report_overwrite(Explorer *ex, State *state, const Ref *ref, const Instr *at, const Place *place)
{
    bool protocol = state->protocol;
    state->protocol = protocol || needs_protocol(ex, place);
    event_lost(ex, state, ref, at, LOST_FIELD, place_text(ex, place));
    state->protocol = protocol;
}

/* ---- memory ------------------------------------------------------------------------------ */

/* The failure of realloc or its like that left the block 'old' alone and gave 'now', or NULL. */
static const Node *
failed_growth(const State *state, const Sym *old, const Sym *now)
{
    for (const Node *n = state->trace; n && now->kind == SYM_CALL; n = n->pred) {
        if (n->kind == NODE_REFUSE && n->sym == old && n->at == now->site) {
            return n;
        }
    }
    return NULL;
}

/* True for what an allocator gave: a block of ours, or NULL. */
static bool
is_allocation(Explorer *ex, const State *state, const Sym *sym)
{
    const Ref *block = state_ref(state, sym);
    if (block && (block->flags & REF_MEMORY)) {
        return true;
    }
    const Summary *maker = sym->kind == SYM_CALL && sym->site && sym->site->op == OP_CALL &&
                                   is_zero(state, sym)
                               ? model_find(ex->model, callee_name(sym->site), NULL) : NULL;
    return maker && maker->alloc;
}

/* True when something became of what the place held at some time of this call. */
static bool
was_dealt_with(const State *state, const Place *place)
{
    for (uint32_t i = 0; i < state->nref; i++) {
        const Sym *sym = state->ref[i].sym;
        if (sym->kind == SYM_INIT && sym->place == place) {
            return true;
        }
    }
    return false;
}

static bool
is_held(const State *state, const Sym *sym, const Place *but)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (state->bind[i].sym == sym && state->bind[i].place != but) {
            return true;
        }
    }
    return false;
}

/* True when the function calls another one of the program that gives back what the place holds. */
static bool
is_freed_by_callee(Explorer *ex, const Place *place)
{
    for (uint32_t b = 0; b < ex->fn->nblock; b++) {
        for (uint32_t i = 0; i < ex->fn->block[b].nins; i++) {
            const Instr *ins = &ex->fn->block[b].ins[i];
            if (ins->op == OP_CALL && ins->a.kind == VAL_FUNC &&
                owners_frees_in(ex->owners, place, ins->a.decl)) {
                return true;
            }
        }
    }
    return false;
}

void
field_overwrite_memory(Explorer *ex, State *state, const Instr *at, const Place *place,
                       const Sym *sym)
{
    if (place_is_local(place)) {
        return;
    }
    const Sym *old = state_get(state, place);
    old = old ? old : sym_init(ex, place, state->epoch, NULL);
    bool known = old == sym || old->kind != SYM_INIT || old->place != place ||
                 is_zero(state, old) || was_dealt_with(state, place);
    if (known || is_held(state, old, place)) {
        return;
    }
    const Node *growth = is_zero(state, sym) ? failed_growth(state, old, sym) : NULL;
    Str family = owners_frees(ex->owners, place);
    if (growth) {
        Ref ref = {.sym = old, .own = 1, .flags = REF_MEMORY, .born = growth->summary,
                   .born_case = growth->outcome, .site = at, .family = growth->summary->alloc};
        event_lost(ex, state, &ref, at, LOST_OVERWRITE, place_text(ex, place));
    }
    else if (family && is_allocation(ex, state, sym) && may_be_set(ex, state, place) &&
             !is_freed_by_callee(ex, place)) {
        Ref ref = {.sym = old, .own = 1, .flags = REF_MEMORY, .site = at, .family = family};
        report_overwrite(ex, state, &ref, at, place);
    }
}

void
field_refill(Explorer *ex, State *state, const Instr *at, const Place *place,
             const Place *filling)
{
    Str family = place_is_local(place) ? NULL : owners_frees(ex->owners, place);
    if (!family || state_get(state, filling) || was_dealt_with(state, filling) ||
        !may_be_set(ex, state, place) || !may_be_set(ex, state, filling)) {
        return;
    }
    const Sym *old = sym_init(ex, place, state->epoch, NULL);
    Ref ref = {.sym = old, .own = 1, .flags = REF_MEMORY | REF_VIEW, .site = at, .family = family};
    report_overwrite(ex, state, &ref, at, place);
}

/* ---- objects ----------------------------------------------------------------------------- */

void
field_overwrite(Explorer *ex, State *state, const Instr *at, const Place *place)
{
    bool object = at->op != OP_STORE || !at->type || type_is_object(at->type);
    if (!object || place_is_local(place) || !owners_evident(ex->owners, place)) {
        return;
    }
    const Sym *old = state_get(state, place);
    old = old ? old : sym_init(ex, place, state->epoch, NULL);
    Ref *ref = is_zero(state, old) ? NULL : state_ref_make(ex, state, old);
    if (!ref || (ref->flags & REF_ESCAPED) || ref->stored <= 0) {
        return;
    }
    bool held = false;
    for (uint32_t i = 0; i < state->nbind; i++) {
        held = held || (state->bind[i].sym == old && state->bind[i].place != place);
    }
    if (!held && ref->kept == KEPT_FIELD && ref->own == 0 && may_be_set(ex, state, place)) {
        report_overwrite(ex, state, ref, at, place);
        ref->flags |= REF_ESCAPED;
        return;
    }
    if (held) {
        ledger_take_out(ref);
        ref->flags |= REF_MOVED;
    }
}

/* ---- at the return ------------------------------------------------------------------- */

/* True for an object that the field will release once too often. */
static bool
is_lent_to_field(Explorer *ex, const Ref *ref)
{
    bool known = ref->born && ref->born->origin != ORIGIN_COMPUTED;
    bool foreign = (ref->kept == KEPT_BY && ref->born) || (ref->kept == KEPT_STATIC && known) ||
                   (ref->kept == KEPT_CALLER && ex->info->is_entry);
    return (ref->flags & REF_GIVEN) && !(ref->flags & (REF_ESCAPED | REF_RELEASED | REF_STOLEN)) &&
           ref->own == 0 && ref->lent > 0 && ref->stored == 0 && foreign &&
           ref->sym->kind != SYM_ADDR && !ledger_immortal(ex, ref->sym);
}

static const Instr *
stored_at(const State *state, const Sym *sym, const Place *place)
{
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_STORE && n->place == place && n->sym == sym) {
            return n->at;
        }
    }
    return NULL;
}

/* True when the first argument is being taken down, or is gone. */
static bool
self_goes(Explorer *ex, const State *state)
{
    const Ref *self = ex->fn->nparam > 0 ? state_ref(state, sym_param(ex, 0)) : NULL;
    bool method = ex->info->is_entry && !(ex->info->self & SELF_INIT);
    return method || /* dealloc-double-release tells these */
           !(ex->info->self & (SELF_METHOD | SELF_SETTER | SELF_INIT)) ||
           (ex->info->self & SELF_DEALLOC) || (self && (self->flags & REF_RELEASED));
}

/* True when a field of the first argument still holds the object, which is dead. */
static bool
is_left_dead(Explorer *ex, const State *state, const Ref *ref)
{
    const Place *place = ref->sym->kind == SYM_INIT ? ref->sym->place : NULL;
    if (!place || place->kind != PLACE_FIELD || !ledger_dead(ref) ||
        !(ref->flags & REF_RELEASED) || ex->fn->nparam == 0 || place->base->kind != PLACE_DEREF ||
        place->base->sym != sym_param(ex, 0) || !owners_evident(ex->owners, place) ||
        !owners_is_ever_set(ex->owners, place)) {
        return false;
    }
    const Sym *now = state_get(state, place);
    if (!now && was_written(state, place)) {
        return false;
    }
    return ref->sym == (now ? now : sym_init(ex, place, state->epoch, NULL));
}

void
field_check_return(Explorer *ex, State *state, const Instr *at)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *place = state->bind[i].place;
        Ref *ref = state_ref(state, state->bind[i].sym);
        const Instr *store = ref && is_lent_to_field(ex, ref) && !place_is_local(place) &&
                                     owners_evident(ex->owners, place)
                                 ? stored_at(state, ref->sym, place) : NULL;
        if (store) {
            event_store(ex, state, ref, store, place);
            ref->flags |= REF_ESCAPED;
        }
    }
    for (uint32_t i = 0; !self_goes(ex, state) && i < state->nref; i++) {
        if (is_left_dead(ex, state, &state->ref[i])) {
            event_use(ex, state, &state->ref[i], at, "left in the field that owned it");
            state->ref[i].flags |= REF_ESCAPED;
        }
    }
}

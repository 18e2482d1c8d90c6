/* ledger.c: who owes which reference, and what each operation does to that.
 *
 * An object is alive while the function owns a reference, memory outside holds
 * one, or somebody else keeps it.  Every operation moves references between
 * these three; where the books do not balance an event goes to the rules, and
 * tracking of that object ends on this path.
 */
#include "engine/gil.h"

#define MAX_OWN 6

static bool
outcome_failed(const Case *outcome)
{
    return outcome && outcome->ret.kind != RESULT_VOID &&
           (outcome->err == ERR_RAISES || outcome->err == ERR_NOMEM);
}

bool
ledger_immortal(Explorer *ex, const Sym *sym)
{
    const Place *place = sym->kind == SYM_ADDR || sym->kind == SYM_INIT ? sym->place : NULL;
    if (sym->kind == SYM_ADDR && place_root(place)->kind == PLACE_GLOBAL &&
        model_immortal(ex->model, "static")) {
        return true; /* an object in the extension's own static storage */
    }
    return place && place->kind == PLACE_GLOBAL && model_immortal(ex->model, place->decl->name);
}

bool
ledger_dead(const Ref *ref)
{
    return ref->kept == KEPT_NONE && ref->own <= 0 && ref->stored <= 0 &&
           !(ref->flags & REF_ESCAPED);
}

void
ledger_bury(Explorer *ex, State *state, const Sym *sym, By by)
{
    stale_bury(ex, state, sym, by);
    for (uint32_t i = 0; i < state->nref; i++) {
        Ref *ref = &state->ref[i];
        if (ref->kept == KEPT_BY && ref->keeper == sym) {
            ref->kept = KEPT_NONE;
            ref->keeper = NULL;
            if (ledger_dead(ref)) {
                state_note(ex, state, NODE_BURY, by.at, ref->sym, by.summary, by.outcome);
                ledger_bury(ex, state, ref->sym, by);
            }
        }
    }
}

static void
note_taker(Ref *ref, By by, bool failed)
{
    ref->flags |= REF_STOLEN | (failed ? REF_STOLEN_FAILED : 0);
    ref->taker = by.summary;
    ref->taker_case = by.outcome;
}

void
ledger_retain(Explorer *ex, State *state, const Sym *sym, By by)
{
    if (is_zero(state, sym)) {
        return;
    }
    ledger_use(ex, state, sym, by.at, "given a new reference");
    memory_becomes_object(state_ref(state, sym));
    Ref *ref = state_ref_make(ex, state, sym);
    if (ref && sym->kind == SYM_PURE && text_ends(sym->text, "_GET_ITEM") &&
        is_counted_by_hand(ex, state, sym->a)) {
        ref->flags |= REF_ESCAPED;
    }
    if (ref && is_counted_in_turns(ex, by.at)) {
        ref->flags |= REF_ESCAPED;
    }
    if (!ref || (ref->flags & REF_ESCAPED)) {
        return;
    }
    if (ref->own++ == 0 && !(ref->flags & REF_BORN)) { /* from here on it is ours */
        ref->site = by.at;
        ref->born = by.summary;
        ref->born_case = by.outcome;
    }
    if (ref->own > MAX_OWN) {
        ref->flags |= REF_ESCAPED;
    }
    state_note(ex, state, NODE_RETAIN, by.at, sym, by.summary, by.outcome);
}

/* True when a method drops a reference to its own object once in the object's life: with it goes
 * what a field held, so that the object kept itself as long as that was there. */
static bool
gives_up_itself(Explorer *ex, const State *state, const Ref *ref, By by)
{
    const Sym *self = ex->fn->nparam > 0 ? sym_param(ex, 0) : NULL;
    if (ref->sym != self || !ex->info->is_entry || !(ex->info->self & SELF_METHOD)) {
        return false;
    }
    for (uint32_t i = 0; by.outcome && i < by.outcome->neffect; i++) {
        const Effect *effect = &by.outcome->effect[i];
        bool set = effect->kind == EFFECT_OUT || effect->kind == EFFECT_RESET;
        if (set && effect->param == 0 && effect->path && effect->result.kind == RESULT_NULL) {
            return true;
        }
    }
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *place = state->bind[i].place;
        if (place->kind == PLACE_FIELD && place->base->kind == PLACE_DEREF &&
            place->base->sym == self && is_zero(state, state->bind[i].sym) &&
            is_not_zero(state, sym_init(ex, place, NULL, NULL))) {
            return true;
        }
    }
    return false;
}

/* One reference more goes than the books hold. */
static void
overdraw(Explorer *ex, State *state, Ref *ref, bool by_steal, By by)
{
    bool known = ref->kept != KEPT_UNKNOWN || (ref->flags & REF_BORN);
    if (ref->kept == KEPT_CALLER && (ref->flags & REF_STOLEN) && ref->taker &&
        ref->taker->origin == ORIGIN_COMPUTED && !by_steal && !ex->info->is_entry) {
        ref->flags |= REF_ESCAPED; /* what the taker got may have been taken back */
        return;
    }
    if (ref->kept == KEPT_CALLER && !ex->info->is_entry) {
        ref->own--; /* the contract of this function: it consumes the argument */
        ref->flags |= by_steal ? REF_STOLEN : REF_RELEASED;
        ref->taker = by.summary;
        ref->taker_case = by.outcome;
        if (ref->own < -MAX_OWN) {
            ref->flags |= REF_ESCAPED;
        }
        return;
    }
    if (by_steal && is_slot_borrowed(ex, by.at)) {
        return; /* the slot has it for a while */
    }
    if (!by_steal && gives_up_itself(ex, state, ref, by)) {
        ref->flags |= REF_ESCAPED;
        return;
    }
    if (by_steal && is_paid_next(ex, state, ref->sym)) {
        ref->own--;
        return;
    }
    bool base = ex->info->is_dealloc && by.summary && by.summary->origin == ORIGIN_COMPUTED &&
                ref->sym->kind == SYM_INIT; /* dealloc-double-release tells these */
    if (known && !base && !is_slot_refilled(ex, state, ref->sym)) {
        event_release(ex, state, ref, by_steal, by);
    }
    ref->flags |= REF_ESCAPED;
}

/* What the memory holds that a parameter points to may be somebody else's from here on. */
static void
mark_emptied(Explorer *ex, const Place *root)
{
    const Sym *base = root->kind == PLACE_DEREF ? root->sym : NULL;
    if (base && base->kind == SYM_INIT && base->place && base->place->kind == PLACE_LOCAL &&
        base->place->index < 32) {
        ex->emptied |= 1U << base->place->index;
    }
}

void
ledger_copied(Explorer *ex, const Place *from)
{
    mark_emptied(ex, place_root(from));
}

/* An element of an array that the caller passed loses a reference. */
static void
note_emptied(Explorer *ex, const Sym *sym)
{
    const Place *root = sym->kind == SYM_INIT && sym->place ? place_root(sym->place) : NULL;
    bool field = root && sym->place->kind == PLACE_FIELD && sym->place->base == root;
    if (root && sym->place != root && !field) {
        mark_emptied(ex, root);
    }
}

void
ledger_release(Explorer *ex, State *state, const Sym *sym, By by)
{
    if (is_zero(state, sym) || ledger_immortal(ex, sym)) {
        return;
    }
    note_emptied(ex, sym);
    memory_becomes_object(state_ref(state, sym));
    Ref *ref = state_ref_make(ex, state, sym);
    if (!ref || (ref->flags & REF_ESCAPED)) {
        return;
    }
    if (is_counted_in_turns(ex, by.at)) {
        ref->flags |= REF_ESCAPED;
        return;
    }
    if (ref->own <= 0 && ref->stored <= 0) {
        overdraw(ex, state, ref, false, by);
        state_note(ex, state, NODE_RELEASE, by.at, sym, by.summary, by.outcome);
        return;
    }
    if (ref->own > 0) {
        ref->own--;
    }
    else {
        ref->stored--;
        if (ref->stored == 0 && ref->kept == KEPT_FIELD) {
            ref->kept = KEPT_NONE; /* the field's reference was the last one known */
        }
    }
    if (ref->own == 0 && ref->lent > 0 && ref->kept == KEPT_NONE) {
        ref->kept = KEPT_UNKNOWN;
    }
    ref->flags = (uint16_t)((ref->flags | REF_RELEASED) & ~REF_GIVEN);
    bool died = ledger_dead(ref);
    state_note(ex, state, NODE_RELEASE, by.at, sym, by.summary, by.outcome);
    if (died) {
        ledger_bury(ex, state, sym, by);
    }
}

void
ledger_steal(Explorer *ex, State *state, const Sym *sym, const Sym *into, By by)
{
    if (is_zero(state, sym) || ledger_immortal(ex, sym)) {
        return;
    }
    ledger_use(ex, state, sym, by.at, "handed over");
    memory_becomes_object(state_ref(state, sym));
    Ref *ref = state_ref_make(ex, state, sym);
    if (!ref || (ref->flags & REF_ESCAPED)) {
        return;
    }
    bool failed = outcome_failed(by.outcome);
    if (ref->own == 0 && ref->stored > 0 && ref->kept == KEPT_FIELD &&
        is_paid_next(ex, state, sym)) {
        ref->own--; /* the field keeps its own */
        return;
    }
    if (ref->own <= 0 && ref->stored <= 0) {
        overdraw(ex, state, ref, true, by);
        state_note(ex, state, NODE_STEAL, by.at, sym, by.summary, by.outcome);
        return;
    }
    if (ref->own > 0) {
        ref->own--;
    }
    else {
        ref->stored--;
    }
    note_taker(ref, by, failed);
    if (!failed && ref->kept == KEPT_NONE) {
        ref->kept = into && into != sym ? KEPT_BY : KEPT_UNKNOWN;
        ref->keeper = ref->kept == KEPT_BY ? into : NULL;
    }
    bool died = ledger_dead(ref);
    state_note(ex, state, NODE_STEAL, by.at, sym, by.summary, by.outcome);
    if (died) {
        ledger_bury(ex, state, sym, by);
    }
}

void
ledger_keep(Explorer *ex, State *state, const Sym *sym, const Sym *into, By by)
{
    bool param = sym->kind == SYM_INIT && sym->place && sym->place->kind == PLACE_LOCAL;
    Ref *ref = is_zero(state, sym) ? NULL
               : param             ? state_ref_make(ex, state, sym)
                                   : state_ref(state, sym);
    if (!ref || (ref->flags & REF_ESCAPED)) {
        return;
    }
    if (ref->kept == KEPT_CALLER) {
        ref->flags |= REF_KEPT;
    }
    if (ref->kept == KEPT_NONE) {
        ref->kept = into && into != sym ? KEPT_BY : KEPT_UNKNOWN;
        ref->keeper = ref->kept == KEPT_BY ? into : NULL;
    }
    else if (ref->kept == KEPT_BY && ref->keeper != into) {
        ref->kept = KEPT_UNKNOWN;
        ref->keeper = NULL;
    }
    state_note(ex, state, NODE_KEEP, by.at, sym, by.summary, by.outcome);
}

void
ledger_escape(Explorer *ex, State *state, const Sym *sym)
{
    (void)ex;
    Ref *ref = state_ref(state, sym);
    if (ref) {
        ref->flags |= REF_ESCAPED;
    }
}

void
ledger_take_out(Ref *ref)
{
    ref->stored--;
    ref->own++;
    ref->kept = ref->stored == 0 && ref->kept == KEPT_FIELD ? KEPT_NONE : ref->kept;
}

void
ledger_lend(Explorer *ex, State *state, const Sym *sym)
{
    Ref *ref = is_zero(state, sym) ? NULL : state_ref_make(ex, state, sym);
    if (ref && !(ref->flags & REF_ESCAPED) && ref->stored < MAX_OWN) {
        ref->stored++;
    }
}

void
ledger_store(Explorer *ex, State *state, const Sym *sym, const Place *place, const Instr *at)
{
    Ref *ref = is_zero(state, sym) ? NULL : state_ref_make(ex, state, sym);
    if (!ref || (ref->flags & REF_ESCAPED)) {
        return;
    }
    bool owning = owners_ask(ex->owners, place) == OWNING_YES;
    if (ref->own > 0 && owning) {
        ref->own--;
        ref->stored++;
    }
    else if (ref->lent < MAX_OWN) {
        ref->lent++; /* the reference may be taken after the store */
        ref->flags |= owning ? REF_GIVEN : 0;
    }
    state_note(ex, state, NODE_STORE, at, sym, NULL, NULL);
    ((Node *)(uintptr_t)state->trace)->place = place;
}

/* True when the function has released the reference of its caller, and nothing is known to hold
 * the object besides. */
static bool
is_consumed(const Explorer *ex, const Ref *ref)
{
    const Place *place = ref->sym->kind == SYM_INIT ? ref->sym->place : NULL;
    return place && place->kind == PLACE_LOCAL && !ex->info->is_entry && ref->own < 0 &&
           ref->kept == KEPT_CALLER && ref->stored <= 0 && ref->lent == 0 &&
           (ref->flags & (REF_RELEASED | REF_STOLEN | REF_KEPT | REF_ESCAPED)) == REF_RELEASED;
}

void
ledger_use(Explorer *ex, State *state, const Sym *sym, const Instr *at, const char *use)
{
    Ref *ref = state_ref(state, sym);
    if (!ref || !(ledger_dead(ref) || is_consumed(ex, ref))) {
        return;
    }
    event_use(ex, state, ref, at, use);
    ref->flags |= REF_ESCAPED;
}

/* True for an item, or an element of an array, that a reference was taken to in a loop, without a
 * name. */
static bool
is_item_in_turn(const Explorer *ex, const Ref *ref)
{
    const Sym *sym = ref->sym;
    bool element = sym->kind == SYM_INIT && sym->place &&
                   (sym->place->kind == PLACE_DEREF || sym->place->kind == PLACE_ELEM);
    bool item = (element || (sym->kind == SYM_PURE && text_ends(sym->text, "_GET_ITEM"))) &&
                !(ref->flags & (REF_NAMED | REF_BORN)) && ref->site;
    for (uint32_t b = 0; item && b < ex->fn->nblock; b++) {
        const Block *block = &ex->fn->block[b];
        if (ref->site >= block->ins && ref->site < block->ins + block->nins) {
            return ex->flow->block[b].loop != UINT32_MAX;
        }
    }
    return false;
}

/* References taken element by element, without a name: a whole table is copied. */
static bool
is_of_table(const Explorer *ex, const Ref *ref)
{
    return is_item_in_turn(ex, ref) || (ref->sym->kind == SYM_INIT && ref->kept == KEPT_UNKNOWN && !(ref->flags & REF_NAMED));
}

bool
is_counted_in_place(Explorer *ex, const State *state, const Ref *ref)
{
    const Place *place = ref->sym->kind == SYM_INIT ? ref->sym->place : NULL;
    if (!place || ex->info->is_entry || ref->own != 1 || ref->kept != KEPT_FIELD ||
        (ref->flags & (REF_NAMED | REF_ESCAPED | REF_MOVED))) {
        return false;
    }
    const Sym *now = state_get(state, place);
    return !now || now == ref->sym;
}

void
ledger_check_lost(Explorer *ex, State *state, const Instr *at, LostHow how, const char *holder)
{
    for (uint32_t i = 0; i < state->nref; i++) {
        Ref *ref = &state->ref[i];
        if (ref->own <= ref->lent || (ref->flags & REF_ESCAPED) ||
            ledger_immortal(ex, ref->sym) || is_of_table(ex, ref) || is_zero(state, ref->sym)) {
            continue;
        }
        if ((how != LOST_RETURN && state_holds(state, ref->sym)) ||
            is_counted_in_place(ex, state, ref)) {
            continue;
        }
        if (!memory_content_decides(state, ref)) {
            event_lost(ex, state, ref, at, how, holder);
        }
        ref->own = 0;
        ref->flags |= REF_ESCAPED;
    }
}

/* What a field held at first was taken out of it: next = self->next; self->next = NULL. */
static bool
was_moved_out(const State *state, const Sym *value)
{
    const Sym *now = value->kind == SYM_INIT && value->place ? state_get(state, value->place)
                                                            : NULL;
    return now && now != value;
}

/* Pays the caller with one reference to the value; what the caller gets. */
static int
pay_caller(Explorer *ex, State *state, const Sym *value, const Instr *at)
{
    if (!value || is_zero(state, value)) {
        return 0;
    }
    const Ref *gone = state_ref(state, value);
    if (gone && ledger_dead(gone) && !ex->info->is_entry) {
        ex->lends = true;
        return -1; /* a helper that gives a borrowed reference on purpose */
    }
    ledger_use(ex, state, value, at, "returned");
    Ref *ref = state_ref(state, value);
    bool object = type_is_object(ex->fn->ret);
    if (!ref && object) {
        ref = state_ref_make(ex, state, value);
    }
    if (!ref) {
        return 0;
    }
    if (ref->flags & REF_ESCAPED) {
        return -1;
    }
    if (ref->own > 0) {
        ref->own--;
        return ref->lent > 0 ? -1 : 1; /* the field it was stored in may be the owner */
    }
    if (ref->stored > 0 && was_moved_out(state, value)) {
        ref->stored--;
        return 1;
    }
    if (object && !ledger_immortal(ex, value) && ref->stored <= 1 && ref->kept != KEPT_UNKNOWN &&
        !(ref->kept == KEPT_NONE && ref->stored > 0)) {
        event_return(ex, state, ref, at, ex->info->is_entry);
    }
    return 0;
}

void
ledger_return(Explorer *ex, State *state, const Sym *value, const Instr *at)
{
    if (value) {
        check_unset(ex, state, value, at, "returned");
        escape_record(ex, state, value);
        if (!state_ref(state, value)) {
            memory_escape(state, value); /* an address inside it leaves */
        }
        else if (type_is_object(ex->fn->ret)) {
            memory_becomes_object(state_ref(state, value));
        }
    }
    hole_returned(ex, state, value, at);
    left_null_returned(ex, state, value, at);
    exception_return(ex, state, value, at);
    int own = pay_caller(ex, state, value, at);
    Exit exit = {.state = state_copy(ex, state), .value = value, .own = own, .at = at};
    VEC_PUSH(ex->arena, &ex->exits, exit);
    field_check_return(ex, state, at);
    gil_return(ex, state, at);
    ledger_check_lost(ex, state, at, LOST_RETURN, "");
}

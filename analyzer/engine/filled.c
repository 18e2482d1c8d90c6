/* filled.c: structs that a call fills with memory, until another call empties them again.
 *
 * PyObject_GetBuffer fills a Py_buffer, a library its own structs.  What was filled in is a
 * block in the ledger, marked REF_VIEW: view.obj and view.buf of a Py_buffer lead to it, a
 * field without a name in every other struct.
 */
#include "engine/call.h"

#define FILLING "[filling]" /* the field that stands for what a library's struct holds */

static const Place *
field_of(Explorer *ex, const Place *place, const char *name)
{
    return place_field(ex, place, str_intern(ex->strings, name), NULL);
}

static const Place *
filling_of(Explorer *ex, const Place *place, Str family)
{
    return field_of(ex, place, text_equal(family, FAMILY_BUFFER) ? "obj" : FILLING);
}

static bool
is_first(const Place *place)
{
    return place->sym->kind == SYM_INT && place->sym->num == 0;
}

/* A variable, or a field of one; an array only when it stands for its one element (mpz_t). */
static bool
is_plain_local(Explorer *ex, const Place *place)
{
    while (place->kind == PLACE_FIELD || (place->kind == PLACE_ELEM && is_first(place))) {
        place = place->base;
    }
    const Type *type = place->kind == PLACE_LOCAL ? ex->fn->local[place->index].type : NULL;
    return type && (type->kind != TYPE_ARRAY || type->count == 1);
}

/* Filled again before it was emptied. */
static void
check_filled(Explorer *ex, State *state, const Place *place, const Place *filling,
             const Instr *at)
{
    const Sym *old = state_get(state, filling);
    Ref *before = old ? memory_block(state, old) : NULL;
    if (before && before->own > before->lent && !(before->flags & REF_ESCAPED)) {
        event_lost(ex, state, before, at, LOST_OVERWRITE, place_text(ex, place));
        before->flags |= REF_ESCAPED;
    }
}

void
memory_fill(Explorer *ex, State *state, const Call *call, const Case *c, uint32_t index,
            Str family)
{
    const Sym *pointer = call->arg[index];
    const Place *place = pointer->kind == SYM_INT ? NULL : place_deref(ex, pointer);
    if (!place) {
        return;
    }
    const Place *filling = filling_of(ex, place, family);
    field_refill(ex, state, call->ins, place, filling);
    check_filled(ex, state, place, filling, call->ins);
    state_forget(state, place);
    uint32_t number = state_fresh(state, call->ins, (index + 1) * 4);
    const Sym *sym = sym_call(ex, call->ins, number, NULL);
    bool lent = place->kind == PLACE_DEREF && memory_is_param(ex, place->sym);
    if ((!lent && !is_plain_local(ex, place)) || number == (index + 1) * 4 + 3 ||
        text_equal(family, FAMILY_ANY)) {
        state_bind(ex, state, place, fresh_at(ex, state, call, index + 1, NULL));
        return;
    }
    *state_add_ref(ex, state, sym) = (Ref){
        .sym = sym, .own = 1, .lent = lent, .flags = REF_BORN | REF_MEMORY | REF_VIEW | REF_NAMED,
        .family = family, .born = call->summary, .born_case = c, .site = call->ins};
    state_note(ex, state, NODE_MADE, call->ins, sym, call->summary, c);
    state_note(ex, state, NODE_HOLD, call->ins, sym, NULL, NULL);
    ((Node *)(uintptr_t)state->trace)->place = place;
    state_bind(ex, state, filling, sym);
    if (text_equal(family, FAMILY_BUFFER)) {
        state_bind(ex, state, field_of(ex, place, "buf"), sym);
        const Sym *length = fresh_at(ex, state, call, index + 1, NULL);
        state_set_range(ex, state, length, (Range){.hi = INT64_MAX});
        state_bind(ex, state, field_of(ex, place, "len"), length);
    }
}

void
memory_empty(Explorer *ex, State *state, const Sym *pointer, By by)
{
    const Ref *block = memory_block(state, pointer);
    if (block && text_equal(block->family, by.summary->alloc)) {
        memory_free(ex, state, pointer, by);
        return;
    }
    if (block && !text_equal(by.summary->alloc, FAMILY_BUFFER)) {
        memory_leave(ex, state, pointer); /* the copy of an API function: its own block */
        return;
    }
    const Place *place = pointer->kind == SYM_INT ? NULL : place_deref(ex, pointer);
    const Place *filling = place ? filling_of(ex, place, by.summary->alloc) : NULL;
    const Sym *held = place ? read_place(ex, state, filling, NULL) : NULL;
    if (!place || is_zero(state, held)) {
        return;
    }
    Ref *ref = memory_block(state, held);
    if (!ref) {
        memory_free_foreign(ex, state, held, by);
    }
    else if (!(ref->flags & REF_ESCAPED)) {
        if (ref->own <= 0) {
            event_release(ex, state, ref, false, by);
            ref->flags |= REF_ESCAPED;
        }
        ref->own = 0;
        ref->lent = 0;
        ref->flags |= REF_RELEASED;
        state_note(ex, state, NODE_RELEASE, by.at, held, by.summary, by.outcome);
    }
    state_bind(ex, state, filling, sym_int(ex, 0));
}

/* What was read from a filled struct is given back, or held by somebody else: it need not be
 * emptied any more. */
void
memory_empty_around(Explorer *ex, const State *state, const Sym *sym)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    for (; place && place->kind == PLACE_FIELD && place_is_local(place); place = place->base) {
        const Sym *held = state_get(state, field_of(ex, place->base, FILLING));
        Ref *ref = held ? memory_block(state, held) : NULL;
        if (ref) {
            ref->flags |= REF_ESCAPED;
        }
    }
}

/* True for a value that was read from the block, or from the struct at 'place' that it fills. */
static bool
is_content(const Sym *sym, const Sym *block, const Place *place)
{
    if (!sym) {
        return false;
    }
    if (sym->kind == SYM_INIT && sym->place) {
        const Place *root = place_root(sym->place);
        return (root->kind == PLACE_DEREF && root->sym == block) ||
               (place && sym->place != place && place_is_inside(sym->place, place));
    }
    return is_content(sym->a, block, place) || is_content(sym->b, block, place);
}

bool
memory_content_decides(const State *state, const Ref *ref)
{
    const Place *place = NULL;
    if (!(ref->flags & REF_MEMORY) || !family_is_library(ref->family)) {
        return false;
    }
    for (const Node *n = state->trace; n; n = n->pred) {
        place = n->kind == NODE_HOLD && n->sym == ref->sym && (ref->flags & REF_VIEW) ? n->place
                                                                                      : place;
    }
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_BRANCH && is_content(n->sym, ref->sym, place)) {
            return true;
        }
    }
    return false;
}

const Place *
memory_filling(Explorer *ex, const Place *place)
{
    return field_of(ex, place, FILLING);
}

const char *
memory_view_name(Explorer *ex, const State *state, const Sym *sym)
{
    const char *name = NULL;
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_HOLD && n->sym == sym && n->place) {
            const Place *place = n->place->kind == PLACE_ELEM ? n->place->base : n->place;
            name = place->kind == PLACE_LOCAL ? ex->fn->local[place->index].name
                                              : place_text(ex, place);
        }
    }
    return name;
}

/* call_effect.c: what one outcome of a call does to the arguments. */
#include <string.h>

#include "engine/across.h"

static const Sym *
container_of(const Call *call, uint32_t param)
{
    for (uint32_t i = 0; i < call->summary->nparam && i < call->nargs; i++) {
        if (i != param && call->summary->param[i].kind == PARAM_OBJ) {
            return call->arg[i];
        }
    }
    return NULL;
}

static bool
is_array(Explorer *ex, const Place *place)
{
    const Place *root = place_root(place);
    return place->kind == PLACE_ELEM ||
           (root->kind == PLACE_LOCAL && ex->fn->local[root->index].type->kind == TYPE_ARRAY);
}

/* True when the callee is also given memory inside the object: what it stores there is a pointer
 * back, and no object counts itself. */
static bool
points_back(const Call *call, const Sym *object)
{
    for (uint32_t i = 0; i < call->nargs; i++) {
        const Place *root = call->arg[i]->kind == SYM_ADDR ? place_root(call->arg[i]->place) : NULL;
        if (root && root->kind == PLACE_DEREF && root->sym == object) {
            return true;
        }
    }
    return false;
}

static void
set_out(Explorer *ex, State *state, const Call *call, const Case *c, const Effect *effect,
        const Sym *arg, uint32_t slot)
{
    if (arg->kind == SYM_INT) {
        return; /* NULL: the caller does not want it */
    }
    const Place *place = call_place_at(ex, arg, effect->path);
    By by = {call->ins, call->summary, c};
    if (effect->kind == EFFECT_RESET) {
        const Sym *old = read_place(ex, state, place, NULL);
        const Sym *value = make_value(ex, state, call, c, &effect->result, slot, NULL);
        Ref *ref = state_ref(state, old);
        bool owner = owners_evident(ex->owners, place);
        if (owner && !is_zero(state, old)) {
            ref = state_ref_make(ex, state, old);
        }
        if (ref && owner && ref->stored > 0 && ref->own == 0) { /* taken out of the field */
            ledger_take_out(ref);
        }
        bool covered = ref && ref->own > 0;
        if (covered) {
            ledger_release(ex, state, old, by);
        }
        put_place(ex, state, call->ins, place, value);
        if (!covered) {
            ledger_release(ex, state, old, by);
        }
        return;
    }
    const Sym *value = make_value(ex, state, call, c, &effect->result, slot, NULL);
    if (effect->path && value) {
        across_moved(ex, state, call->ins, place, value);
    }
    if (value && is_array(ex, place)) {
        memory_escape(state, value); /* which element is freed later is hard to tell */
    }
    const Sym *before = state_get(state, place);
    if (before && call->summary->origin == ORIGIN_COMPUTED) {
        memory_escape(state, before); /* perhaps it grew */
    }
    if (before && effect->result.kind == RESULT_ANY) {
        ledger_escape(ex, state, before); /* perhaps it is still there */
    }
    if (effect->path) {
        put_place(ex, state, call->ins, place, value); /* the callee's own affair */
        return;
    }
    write_place(ex, state, call->ins, place, value);
}

/* A macro that fills a slot leaves its old item to whoever read it from there before. */
static void
release_slot(Explorer *ex, State *state, const Call *call)
{
    if (!text_ends(call->name, "_SET_ITEM") || call->nargs < 2) {
        return;
    }
    const Sym *index = simplify(ex, state, call->arg[1]);
    for (uint32_t i = 0; i < state->nref; i++) {
        Ref *ref = &state->ref[i];
        if (ref->sym->kind == SYM_PURE && ref->kept == KEPT_BY && ref->sym->a == call->arg[0] &&
            ref->sym->b == index && text_ends(ref->sym->text, "_GET_ITEM")) {
            ref->kept = KEPT_UNKNOWN; /* whose it is now, the author knows */
            ref->keeper = NULL;
            ref->stored = 1;
        }
    }
}

/* Memory is given back: what its fields held belongs to whoever took it out before. */
static void
free_fields(State *state, const Sym *memory)
{
    for (uint32_t i = 0; i < state->nref; i++) {
        Ref *ref = &state->ref[i];
        const Place *root = ref->sym->kind == SYM_INIT && ref->sym->place
                                ? place_root(ref->sym->place) : NULL;
        if (root && root->kind == PLACE_DEREF && root->sym == memory) {
            ref->kept = KEPT_UNKNOWN;
        }
    }
}

/* A Py_buffer that the function filled by hand owns the object in it. */
static void
release_exporter(Explorer *ex, State *state, const Call *call, const Sym *view, By by)
{
    if (!text_equal(call->name, "PyBuffer_Release") || view->kind == SYM_INT) {
        return;
    }
    const Place *place = place_field(ex, place_deref(ex, view), str_intern(ex->strings, "obj"),
                                     NULL);
    const Sym *held = state_get(state, place);
    const Ref *ref = held ? state_ref(state, held) : NULL;
    if (ref && ref->own > 0 && !(ref->flags & (REF_VIEW | REF_MEMORY))) {
        ledger_release(ex, state, held, by);
        state_bind(ex, state, place, sym_int(ex, 0));
    }
}

/* The callee takes over a reference to the object. */
static void
take_over(Explorer *ex, State *state, const Call *call, const Sym *object, uint32_t index, By by)
{
    release_slot(ex, state, call);
    bool by_hand = call->nargs == 3 && text_ends(call->name, "_SET_ITEM") &&
                   is_counted_by_hand(ex, state, call->arg[0]);
    if (by_hand || points_back(call, object)) {
        state_ref_make(ex, state, object);
        ledger_escape(ex, state, object);
        return;
    }
    ledger_steal(ex, state, object, container_of(call, index), by);
}

/* The callee takes a reference of its own to the object. */
static void
keep(Explorer *ex, State *state, const Call *call, const Case *c, const Effect *effect,
     const Sym *object)
{
    bool computed = call->summary->origin == ORIGIN_COMPUTED;
    int8_t from = effect->result.from;
    if (case_fails(c) && !computed && first_success(call->summary)) {
        return;
    }
    const Sym *into = from >= 0 && (uint32_t)from < call->nargs ? call->arg[from] : NULL;
    ledger_keep(ex, state, object, into, (By){call->ins, call->summary, c});
    across_kept(ex, state, object);
    if (computed && from < 0 && from != KEEPER_OBJECT) {
        ledger_lend(ex, state, object);
    }
}

/* The callee gives the memory back. */
static void
give_back(Explorer *ex, State *state, const Case *c, const Sym *object, By by)
{
    if (memory_free(ex, state, object, by)) {
        return;
    }
    if (c->ret.kind == RESULT_PTR && type_is_object(object->type)) {
        state_ref_make(ex, state, object); /* realloc: it lives on elsewhere */
    }
    ledger_escape(ex, state, object);
    free_fields(state, object);
}

/* The callee finishes the buffer or writer. */
static void
finish(Explorer *ex, State *state, const Call *call, const Sym *object, By by)
{
    if (call->summary->alloc && call->summary->origin != ORIGIN_COMPUTED) {
        release_exporter(ex, state, call, object, by);
        memory_empty(ex, state, object, by);
        return;
    }
    memory_leave(ex, state, object);
}

static void
apply_effect(Explorer *ex, State *state, const Call *call, const Case *c, const Effect *effect,
             const Sym *arg, uint32_t index)
{
    By by = {call->ins, call->summary, c};
    if (effect->kind == EFFECT_FREE && text_equal(effect->path, "*")) {
        if (arg->kind != SYM_INT) {
            memory_escape_inside(state, place_deref(ex, arg));
        }
        return;
    }
    bool outside = effect->path && effect->kind != EFFECT_OUT && effect->kind != EFFECT_RESET &&
                   effect->kind != EFFECT_ESCAPE;
    const Sym *object = outside && arg->kind != SYM_INT
                            ? read_place(ex, state, call_place_at(ex, arg, effect->path), NULL)
                            : arg;
    switch (effect->kind) {
    case EFFECT_STEAL:
        take_over(ex, state, call, object, index, by);
        break;
    case EFFECT_RELEASE:
        ledger_release(ex, state, object, by);
        break;
    case EFFECT_RETAIN:
        if (outside && object != arg && !place_is_local(call_place_at(ex, arg, effect->path))) {
            ledger_lend(ex, state, object); /* the field's own reference */
        }
        else {
            ledger_retain(ex, state, object, by);
        }
        break;
    case EFFECT_KEEP:
        keep(ex, state, call, c, effect, object);
        break;
    case EFFECT_ESCAPE:
        if (effect->path) {
            forget_memory(ex, state, call, arg, effect->path);
        }
        else {
            ledger_escape(ex, state, object);
            memory_leave(ex, state, object);
        }
        break;
    case EFFECT_OUT: case EFFECT_RESET:
        set_out(ex, state, call, c, effect, arg, index + 1);
        break;
    case EFFECT_FREE:
        give_back(ex, state, c, object, by);
        break;
    case EFFECT_FINISH:
        finish(ex, state, call, object, by);
        break;
    case EFFECT_FILL:
        memory_fill(ex, state, call, c, index,
                    call->summary->alloc ? call->summary->alloc
                                         : str_intern(ex->strings, FAMILY_ANY));
        break;
    }
}

/* True when ways that were taken together do different things to the argument. */
static bool
is_unclear(const Case *c, uint32_t param)
{
    bool escapes = false, counts = false;
    for (uint32_t e = 0; e < c->neffect; e++) {
        const Effect *effect = &c->effect[e];
        bool own = effect->param == param && !effect->path;
        escapes = escapes || (own && effect->kind == EFFECT_ESCAPE);
        counts = counts || (own && (effect->kind == EFFECT_RELEASE || effect->kind == EFFECT_STEAL));
    }
    return escapes && counts;
}

void
apply_effects(Explorer *ex, State *state, const Call *call, const Case *c)
{
    for (uint32_t i = 0; call->summary->origin == ORIGIN_COMPUTED && i < call->nargs; i++) {
        if (is_unclear(c, i) && state_ref_make(ex, state, call->arg[i])) {
            ledger_escape(ex, state, call->arg[i]);
        }
    }
    for (uint32_t e = 0; e < c->neffect; e++) {
        const Effect *effect = &c->effect[e];
        if (effect->param != PARAM_REST) {
            if (effect->param < call->nargs) {
                apply_effect(ex, state, call, c, effect, call->arg[effect->param],
                             effect->param);
            }
            continue;
        }
        for (uint32_t i = call->summary->nparam; i < call->nargs; i++) {
            apply_effect(ex, state, call, c, effect, call->arg[i], i);
        }
    }
}

/* The same for memory, with the place in the callee where it is left alone. */
static void
note_left(Explorer *ex, State *state, const Call *call)
{
    for (uint32_t i = 0; i < call->summary->nparam && i < call->nargs; i++) {
        const Instr *left = call->summary->param[i].left;
        const Ref *block = left ? memory_block(state, call->arg[i]) : NULL;
        if (block && block->own > 0) {
            state_note(ex, state, NODE_TOLD, left, block->sym, call->summary, NULL);
            ((Node *)(uintptr_t)state->trace)->text =
                arena_printf(ex->out, "%s leaves it alone where it fails", call->name);
        }
    }
}

/* A success-only taker that fails leaves the reference with us: worth telling. */
void
note_refusals(Explorer *ex, State *state, const Call *call, const Case *c)
{
    note_left(ex, state, call);
    for (uint32_t k = 0; k < call->summary->ncases; k++) {
        const Case *other = &call->summary->cases[k];
        for (uint32_t e = 0; !case_fails(other) && e < other->neffect; e++) {
            const Effect *effect = &other->effect[e];
            if (effect->kind != EFFECT_STEAL || effect->param >= call->nargs || effect->path) {
                continue;
            }
            bool also = false;
            for (uint32_t i = 0; i < c->neffect; i++) {
                also = also || c->effect[i].param == effect->param;
            }
            Ref *ref = also ? NULL : state_ref(state, call->arg[effect->param]);
            if (ref && ref->own > 0) {
                ref->refuser = call->summary;
                ref->refuser_case = c;
                state_note(ex, state, NODE_REFUSE, call->ins, ref->sym, call->summary, c);
            }
        }
    }
}

/* call_effect.c: what one outcome of a call gives, and what it does to the arguments. */
#include <string.h>

#include "engine/across.h"

#define FIRST_PAGE 4095 /* its last address: no object lies below */

const Sym *
fresh_at(Explorer *ex, State *state, const Call *call, uint32_t slot, const Type *type)
{
    uint32_t number = state_fresh(state, call->ins, slot * 4);
    return sym_call(ex, call->ins, number, type);
}

void
set_not_zero(Explorer *ex, State *state, const Sym *sym)
{
    assume(ex, state, sym, true);
}

void
set_allocated(Explorer *ex, State *state, const Sym *sym)
{
    Range range = range_of(state, sym);
    if (range.hi <= FIRST_PAGE) {
        set_not_zero(ex, state, sym);
        return;
    }
    range.lo = range.lo > FIRST_PAGE ? range.lo : FIRST_PAGE + 1;
    range.not_zero = true;
    state_set_range(ex, state, sym, range);
}

/* True for methods of containers whose result stays in the container. */
static bool
is_kept_by_callee(const Call *call)
{
    bool named = text_equal(call->name, "PyObject_CallMethod") ||
                 text_equal(call->name, "_PyObject_CallMethod_SizeT");
    const Sym *method = named && call->nargs > 1 ? call->arg[1] : NULL;
    return method && method->kind == SYM_STR &&
           (text_equal(method->text, "setdefault") || text_equal(method->text, "get"));
}

const Sym *
new_object(Explorer *ex, State *state, const Call *call, const Case *c, const Result *result,
           uint32_t slot, const Type *type)
{
    uint32_t number = state_fresh(state, call->ins, slot * 4);
    const Sym *sym = sym_call(ex, call->ins, number, type);
    set_allocated(ex, state, sym);
    if (number == slot * 4 + 3) {
        return sym; /* too many alive at once: untracked */
    }
    Ref *ref = state_add_ref(ex, state, sym);
    Kept kept = result->kind == RESULT_SHARED || is_kept_by_callee(call) ? KEPT_UNKNOWN
                                                                         : KEPT_NONE;
    *ref = (Ref){.sym = sym, .own = 1, .kept = (uint8_t)kept, .flags = REF_BORN,
                 .born = call->summary, .born_case = c, .site = call->ins};
    state_note(ex, state, NODE_MADE, call->ins, sym, call->summary, c);
    return sym;
}

/* True when the object owns what was read from it and this function may release that: its
 * type, and in a destructor whatever an accessor gives. */
static bool
is_part_of(Explorer *ex, const Call *call, const Sym *from)
{
    if (text_equal(call->summary->name, "Py_TYPE")) {
        return true;
    }
    return from && ex->info->is_dealloc && from->kind == SYM_INIT && from->place &&
           from->place->kind == PLACE_LOCAL && from->place->index == 0;
}

static const Sym *
borrowed_object(Explorer *ex, State *state, const Call *call, const Case *c,
                const Result *result, uint32_t slot, const Type *type)
{
    const Sym *from = NULL;
    if (result->from >= 0 && (uint32_t)result->from < call->nargs) {
        from = call->arg[result->from];
    }
    const Sym *sym = NULL;
    if (slot == 0) { /* asked twice, the same answer */
        sym = sym_pure(ex, str_intern(ex->strings, call->name), state->epoch,
                       call->nargs > 0 ? call->arg[0] : NULL,
                       call->nargs > 1 ? simplify(ex, state, call->arg[1]) : NULL,
                       call->nargs > 2 ? call->arg[2] : NULL, type);
    }
    if (!sym) {
        sym = fresh_at(ex, state, call, slot, type);
    }
    set_not_zero(ex, state, sym);
    if (!state_ref(state, sym)) {
        Ref *ref = state_add_ref(ex, state, sym);
        *ref = (Ref){.sym = sym, .kept = from ? KEPT_BY : KEPT_STATIC, .keeper = from,
                     .born = call->summary, .born_case = c, .site = call->ins};
        if (is_part_of(ex, call, from)) {
            ref->kept = KEPT_FIELD;
            ref->keeper = NULL;
            ref->stored = 1;
        }
    }
    state_note(ex, state, NODE_BORROWED, call->ins, sym, call->summary, c);
    return sym;
}

static const Sym *
integer(Explorer *ex, State *state, const Call *call, const Result *result, uint32_t slot,
        const Type *type)
{
    if (result->lo == result->hi) {
        return sym_int(ex, result->lo);
    }
    const Sym *sym = fresh_at(ex, state, call, slot, type);
    Range range = range_of(state, sym);
    range.lo = result->lo > range.lo ? result->lo : range.lo;
    range.hi = result->hi < range.hi ? result->hi : range.hi;
    state_set_range(ex, state, sym, range);
    return sym;
}

/* The NULL that this very call gave, until somebody looks at it. */
static const Sym *
null_result(Explorer *ex, State *state, const Call *call, const Case *c, const Type *type)
{
    if (call->ignored || !type || type->kind != TYPE_PTR) {
        return sym_int(ex, 0);
    }
    const Sym *sym = fresh_at(ex, state, call, 0, type);
    state_set_range(ex, state, sym, (Range){.sym = sym});
    if (!case_fails(c)) {
        state_note(ex, state, NODE_NOTHING, call->ins, sym, call->summary, c);
    }
    return sym;
}

/* An address inside what an argument points to: asked twice, the same answer. */
static const Sym *
inner_pointer(Explorer *ex, State *state, const Call *call, const Result *result,
              const Type *type)
{
    const Sym *sym = sym_pure(ex, str_intern(ex->strings, call->name), state->epoch,
                              call->arg[result->from], NULL, NULL, type);
    return sym ? sym : fresh_at(ex, state, call, 0, type);
}

/* What stands at a field path below a pointer; 'record' is the tag of the record that the last
 * field is in, or NULL. */
static const Place *
place_at(Explorer *ex, const Sym *pointer, Str path, Str record)
{
    const Place *place = place_deref(ex, pointer);
    while (path && *path) {
        const char *dot = strchr(path, '.');
        size_t length = dot ? (size_t)(dot - path) : strlen(path);
        place = place_field(ex, place, str_intern_n(ex->strings, path, length),
                            dot ? NULL : record);
        path = dot ? dot + 1 : NULL;
    }
    return place;
}

const Place *
call_place_at(Explorer *ex, const Sym *pointer, Str path)
{
    return place_at(ex, pointer, path, NULL);
}

static const Sym *
read_field(Explorer *ex, State *state, const Sym *pointer, const Result *result,
           const Type *type)
{
    return read_place(ex, state, place_at(ex, pointer, result->path, result->record), type);
}

/* True for a callee that makes something new only where the caller passes NULL, and otherwise
 * gives what the caller passes: here it has got something. */
static bool
gives_argument(const Call *call)
{
    for (uint32_t i = 0; i < call->summary->ncases; i++) {
        const Result *result = &call->summary->cases[i].ret;
        if (call->summary->origin == ORIGIN_COMPUTED && result->kind == RESULT_SAME &&
            (uint32_t)result->from < call->nargs && call->arg[result->from]->kind != SYM_INT) {
            return true; /* not NULL as written; that the callee asks is no reason to think so */
        }
    }
    return false;
}

/* True for a callee that gives NULL in another outcome: where it gives an argument back, it is
 * not NULL, or nobody could tell. */
static bool
tells_by_null(const Call *call)
{
    for (uint32_t i = 0; i < call->summary->ncases; i++) {
        if (call->summary->cases[i].ret.kind == RESULT_NULL) {
            return true;
        }
    }
    return false;
}

/* The value of a result or of what an out-parameter holds; NULL for void. */
const Sym *
make_value(Explorer *ex, State *state, const Call *call, const Case *c, const Result *result,
           uint32_t slot, const Type *type)
{
    if (memory_is_given(call, result, slot, type)) {
        const Sym *block = gives_argument(call)
                               ? fresh_at(ex, state, call, slot, type)
                               : memory_new(ex, state, call, c, slot, type);
        set_not_zero(ex, state, block);
        return block;
    }
    switch (result->kind) {
    case RESULT_VOID:
        return NULL;
    case RESULT_NEW: case RESULT_SHARED:
        return new_object(ex, state, call, c, result, slot, type);
    case RESULT_BORROWED:
        return borrowed_object(ex, state, call, c, result, slot, type);
    case RESULT_SAME:
        if ((uint32_t)result->from < call->nargs) {
            const Sym *arg = call->arg[result->from];
            if (slot == 0 && !is_zero(state, arg) && tells_by_null(call)) {
                set_not_zero(ex, state, arg);
            }
            return arg;
        }
        break;
    case RESULT_NULL:
        return slot == 0 ? null_result(ex, state, call, c, type) : sym_int(ex, 0);
    case RESULT_INT:
        if (slot == 0 && case_fails(c) && !call->ignored && result->lo == result->hi) {
            return exception_value(ex, state, call, result->lo);
        }
        if (slot == 0 && case_fails(c) && !call->ignored && result->hi == -1) {
            return exception_value(ex, state, call, -1); /* as its callers take it to be */
        }
        return integer(ex, state, call, result, slot, type);
    case RESULT_PTR: {
        const Sym *sym = slot == 0 && result->from >= 0 && (uint32_t)result->from < call->nargs
                             ? inner_pointer(ex, state, call, result, type)
                             : fresh_at(ex, state, call, slot, type);
        set_not_zero(ex, state, sym);
        return sym;
    }
    case RESULT_FIELD:
        if ((uint32_t)result->from < call->nargs &&
            call->arg[result->from]->kind != SYM_INT) {
            return read_field(ex, state, call->arg[result->from], result, type);
        }
        break;
    case RESULT_ANY:
        break;
    }
    return fresh_at(ex, state, call, slot, type);
}

/* ---- effects ----------------------------------------------------------------------------- */

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
    const Place *place = place_at(ex, arg, effect->path, NULL);
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

/* True for what memory held, or what was read through it, since the call at 'at'. */
static bool
is_since(const Sym *sym, const Instr *at)
{
    if (sym->kind == SYM_INIT && sym->site == at) {
        return true;
    }
    for (const Place *place = sym->place; place; place = place->base) {
        if (place->sym && is_since(place->sym, at)) {
            return true;
        }
    }
    return false;
}

static bool
is_in_hand(const State *state, const Sym *sym)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (state->bind[i].sym == sym && place_is_local(state->bind[i].place)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < state->ntemp; i++) {
        if (state->temp[i].sym == sym) {
            return true;
        }
    }
    return false;
}

/* The call at 'at' again, in a loop: what memory held since its last turn has the same names as
 * what it holds from here on, and is something else. */
static void
forget_last_turn(State *state, const Instr *at)
{
    for (uint32_t i = state->nref; i-- > 0;) {
        Ref *ref = &state->ref[i];
        if (!is_since(ref->sym, at)) {
            continue;
        }
        const Sym *sym = ref->sym;
        ref->flags |= REF_ESCAPED;
        if (ref->own == 0 && !is_in_hand(state, sym)) {
            state_drop_ref(state, sym);
        }
        state_forget_ranges(state, sym);
    }
}

/* All memory outside the function may have changed. */
void
forget_outside(State *state, const Instr *at)
{
    uint32_t kept = 0;
    state->epoch = at;
    forget_last_turn(state, at);
    for (uint32_t b = 0; b < state->nbind; b++) {
        const Place *place = state->bind[b].place;
        if (place_is_local(place) || place_is_callers(place) || place->fixed) {
            state->bind[kept++] = state->bind[b];
        }
    }
    state->nbind = kept;
}

void
forget_numbers(State *state)
{
    uint32_t kept = 0;
    for (uint32_t b = 0; b < state->nbind; b++) {
        const Place *place = state->bind[b].place;
        if (place->kind != PLACE_GLOBAL || place->decl->type->kind != TYPE_INT) {
            state->bind[kept++] = state->bind[b];
        }
    }
    state->nbind = kept;
    kept = 0;
    for (uint32_t r = 0; r < state->nrange; r++) {
        const Sym *sym = state->range[r].sym;
        const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
        if (!place || place->kind != PLACE_GLOBAL || place->decl->type->kind != TYPE_INT) {
            state->range[kept++] = state->range[r];
        }
    }
    state->nrange = kept;
}

void
forget_callers(Explorer *ex, State *state, const Sym *pointer, const Instr *at)
{
    const Place *place = place_deref(ex, pointer);
    if (place_is_callers(place)) {
        ledger_escape(ex, state, read_place(ex, state, place, NULL));
        state_bind(ex, state, place, sym_init(ex, place, at, NULL));
    }
}

static void
forget_memory(Explorer *ex, State *state, const Call *call, const Sym *arg, Str path)
{
    if (text_equal(path, "*")) {
        const Place *place = place_deref(ex, arg);
        for (uint32_t b = 0; b < state->nbind; b++) {
            if (place_is_inside(state->bind[b].place, place)) {
                ledger_escape(ex, state, state->bind[b].sym);
            }
        }
        state_forget(state, place);
        forget_callers(ex, state, arg, call->ins);
        if (!place_is_local(place)) {
            state->epoch = call->ins;
        }
        return;
    }
    const Place *place = place_at(ex, arg, path, NULL);
    const Sym *held = state_get(state, place);
    if (held) {
        ledger_escape(ex, state, held);
    }
    state_forget(state, place);
    state_bind(ex, state, place, sym_init(ex, place, call->ins, NULL));
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
                            ? read_place(ex, state, place_at(ex, arg, effect->path, NULL), NULL)
                            : arg;
    switch (effect->kind) {
    case EFFECT_STEAL:
        release_slot(ex, state, call);
        if ((call->nargs == 3 && text_ends(call->name, "_SET_ITEM") &&
             is_counted_by_hand(ex, state, call->arg[0])) || points_back(call, object)) {
            state_ref_make(ex, state, object);
            ledger_escape(ex, state, object);
            break;
        }
        ledger_steal(ex, state, object, container_of(call, index), by);
        break;
    case EFFECT_RELEASE:
        ledger_release(ex, state, object, by);
        break;
    case EFFECT_RETAIN:
        if (outside && object != arg && !place_is_local(place_at(ex, arg, effect->path, NULL))) {
            ledger_lend(ex, state, object); /* the field's own reference */
        }
        else {
            ledger_retain(ex, state, object, by);
        }
        break;
    case EFFECT_KEEP:
        if (!case_fails(c) || call->summary->origin == ORIGIN_COMPUTED ||
            !first_success(call->summary)) {
            int8_t from = effect->result.from;
            const Sym *into = from >= 0 && (uint32_t)from < call->nargs ? call->arg[from] : NULL;
            ledger_keep(ex, state, object, into, by);
            across_kept(ex, state, object);
            if (call->summary->origin == ORIGIN_COMPUTED && from < 0 && from != KEEPER_OBJECT) {
                ledger_lend(ex, state, object);
            }
        }
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
    case EFFECT_FREE: case EFFECT_FINISH:
        if (effect->kind == EFFECT_FREE && !memory_free(ex, state, object, by)) {
            if (c->ret.kind == RESULT_PTR && type_is_object(object->type)) {
                state_ref_make(ex, state, object); /* realloc: it lives on elsewhere */
            }
            ledger_escape(ex, state, object);
            free_fields(state, object);
        }
        else if (effect->kind == EFFECT_FINISH && call->summary->alloc &&
                 call->summary->origin != ORIGIN_COMPUTED) {
            release_exporter(ex, state, call, object, by);
            memory_empty(ex, state, object, by);
        }
        else if (effect->kind == EFFECT_FINISH) {
            memory_leave(ex, state, object);
        }
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

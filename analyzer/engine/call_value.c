/* call_value.c: what one outcome of a call gives, as its result or through an address. */
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

/* memory.c: blocks of memory in the ledger.
 *
 * A block is owned by the function that made it until it is freed, stored in memory
 * outside, returned, or passed to a callee that may keep it.  Its entry in the ledger is
 * that of an object with one reference, marked REF_MEMORY, with the family of its
 * allocator.
 */
#include <string.h>

#include "engine/call.h"

/* ---- which values are blocks ------------------------------------------------------- */

bool
memory_is_given(const Call *call, const Result *result, uint32_t slot, const Type *type)
{
    const Summary *summary = call->summary;
    if (!summary->alloc || type_is_object(type)) {
        return false;
    }
    if (result->kind == RESULT_PTR) {
        return result->from < 0 && summary->origin != ORIGIN_COMPUTED;
    }
    bool object = slot > 0 && slot <= summary->nparam && summary->param[slot - 1].kind == PARAM_OBJP;
    return result->kind == RESULT_NEW && summary->origin == ORIGIN_COMPUTED && !object;
}

const Sym *
memory_new(Explorer *ex, State *state, const Call *call, const Case *c, uint32_t slot,
           const Type *type)
{
    uint32_t number = state_fresh(state, call->ins, slot * 4);
    const Sym *sym = sym_call(ex, call->ins, number, type);
    if (number == slot * 4 + 3) {
        return sym; /* too many alive at once: untracked */
    }
    *state_add_ref(ex, state, sym) = (Ref){
        .sym = sym, .own = 1, .flags = REF_BORN | REF_MEMORY, .family = call->summary->alloc,
        .born = call->summary, .born_case = c, .site = call->ins};
    state_note(ex, state, NODE_MADE, call->ins, sym, call->summary, c);
    return sym;
}

/* True for a variable that holds NULL or nothing yet, where "es#" allocates too. */
static bool
is_unset(const State *state, const Place *place, const Sym *held)
{
    return is_zero(state, held) || (held->kind == SYM_INIT && held->place == place);
}

void
memory_fill_text(Explorer *ex, State *state, const Call *call, const Case *c, uint32_t index,
                 bool optional)
{
    const Sym *pointer = call->arg[index];
    if (pointer->kind == SYM_INT) {
        return;
    }
    const Place *place = place_deref(ex, pointer);
    bool made = place->kind == PLACE_LOCAL &&
                is_unset(state, place, read_place(ex, state, place, NULL));
    state_forget(state, place);
    if (!made) {
        state_bind(ex, state, place, fresh_at(ex, state, call, index + 1, NULL));
        return;
    }
    const Sym *sym = memory_new(ex, state, call, c, index + 1, NULL);
    Ref *ref = state_ref(state, sym);
    if (ref) {
        ref->family = str_intern(ex->strings, "mem");
        ref->flags |= REF_NAMED;
    }
    if (!optional) {
        set_not_zero(ex, state, sym);
    }
    state_bind(ex, state, place, sym);
}

/* The symbol that an address or a sum counts from. */
static const Sym *
base_of(const Sym *sym)
{
    while (true) {
        if (sym->kind == SYM_ADDR && place_root(sym->place)->kind == PLACE_DEREF) {
            sym = place_root(sym->place)->sym;
        }
        else if (sym->kind == SYM_BIN) {
            sym = sym->a;
        }
        else {
            return sym;
        }
    }
}

Ref *
memory_block(const State *state, const Sym *sym)
{
    Ref *ref = state_ref(state, base_of(sym));
    return ref && (ref->flags & REF_MEMORY) ? ref : NULL;
}

bool
memory_is_private(const Ref *ref)
{
    return (ref->flags & REF_MEMORY) && !(ref->flags & REF_ESCAPED) && ref->lent == 0;
}

void
memory_escape(const State *state, const Sym *sym)
{
    Ref *ref = memory_block(state, sym);
    if (ref) {
        ref->flags |= REF_ESCAPED;
    }
}

bool
memory_is_param(Explorer *ex, const Sym *sym)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    return place && place->kind == PLACE_LOCAL && ex->fn->local[place->index].is_param &&
           sym->type && sym->type->kind == TYPE_PTR && !type_is_object(sym->type);
}

void
memory_leave(Explorer *ex, State *state, const Sym *sym)
{
    const Sym *base = base_of(sym);
    bool param = memory_is_param(ex, base);
    memory_empty_around(ex, state, base);
    if (base->kind == SYM_INIT && base->place && !param && !state_ref(state, base) &&
        owners_frees(ex->owners, base->place)) {
        *state_add_ref(ex, state, base) = (Ref){.sym = base, .kept = KEPT_UNKNOWN,
                                                .flags = REF_ESCAPED};
        return; /* a field's memory: perhaps it was given back */
    }
    Ref *ref = param ? state_ref_make(ex, state, base) : memory_block(state, base);
    if (ref) {
        ref->flags |= param ? REF_LEFT : REF_ESCAPED;
    }
}

void
memory_escape_inside(const State *state, const Place *place)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (place_is_inside(state->bind[i].place, place)) {
            memory_escape(state, state->bind[i].sym);
        }
    }
}

void
memory_becomes_object(Ref *ref)
{
    if (ref && (ref->flags & REF_MEMORY)) {
        *ref = (Ref){.sym = ref->sym, .kept = KEPT_UNKNOWN};
    }
}

bool
family_is_library(Str family)
{
    static const char *const pythons[] = {"mem", "raw", "object", "gc", "c", "buffer", FAMILY_ANY};
    bool python = false;
    for (size_t i = 0; family && i < COUNT_OF(pythons); i++) {
        python = python || text_equal(family, pythons[i]);
    }
    return family && !python;
}

bool
families_differ(Str a, Str b)
{
    return a && b && !text_equal(a, b) && !text_equal(a, FAMILY_ANY) && !text_equal(b, FAMILY_ANY);
}

void
memory_pass(const State *state, const Call *call)
{
    static const char *const keepers[] = {
        "PyModule_", "PyModuleDef_", "PyCFunction_", "PyCMethod_", "PyDescr_New", "PyMemoryView_From",
        "PyCapsule_Set", "PyThread_start", "PyThread_set", "Py_Set", "Py_AddPendingCall", "PySys_", "PyImport_",
        "pthread_",
    };
    const char *name = call->name;
    for (size_t i = 0; (name[0] == 'P' || name[0] == 'p') && i < COUNT_OF(keepers); i++) {
        for (uint32_t a = 0; text_starts(name, keepers[i]) && a < call->nargs; a++) {
            memory_escape(state, call->arg[a]);
        }
    }
}

/* ---- giving back -------------------------------------------------------------------- */

void
memory_free_foreign(Explorer *ex, State *state, const Sym *sym, By by)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    bool param = memory_is_param(ex, sym);
    bool outside = place && place_root(place)->kind != PLACE_LOCAL;
    memory_empty_around(ex, state, sym);
    if (base_of(sym) != sym) {
        memory_leave(ex, state, sym);
    }
    if ((!param && !outside) || type_is_object(sym->type) || state_ref(state, sym)) {
        return;
    }
    *state_add_ref(ex, state, sym) = (Ref){.sym = sym, .kept = KEPT_UNKNOWN,
                                           .flags = REF_FREED | REF_ESCAPED,
                                           .family = by.summary->alloc, .site = by.at};
}

bool
memory_free(Explorer *ex, State *state, const Sym *sym, By by)
{
    if (is_zero(state, sym)) {
        return true;
    }
    Ref *ref = memory_block(state, sym);
    if (!ref) {
        memory_free_foreign(ex, state, sym, by);
        return false;
    }
    if (ref->flags & REF_ESCAPED) {
        return true;
    }
    if (ref->sym != sym || (ref->flags & REF_VIEW)) {
        ref->flags |= REF_ESCAPED; /* by an address inside it: who knows */
        return true;
    }
    if (families_differ(ref->family, by.summary->alloc)) {
        event_free(ex, state, ref, by);
        ref->flags |= REF_ESCAPED;
        return true;
    }
    ref->own = 0;
    ref->lent = 0;
    ref->flags |= REF_RELEASED;
    state_note(ex, state, NODE_RELEASE, by.at, sym, by.summary, by.outcome);
    ledger_bury(ex, state, sym, by);
    return true;
}

/* ---- for the summary -------------------------------------------------------------------- */

Str
memory_family_join(Explorer *ex, Str a, Str b)
{
    if (!a || !b) {
        return a ? a : b;
    }
    return text_equal(a, b) ? a : str_intern(ex->strings, FAMILY_ANY);
}

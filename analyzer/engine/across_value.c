/* across_value.c: a value into why it may die while other code runs.
 *
 * Items of containers that others can reach, what fields hold that some method replaces, and
 * addresses inside memory that some method frees.  Everything that this function holds, that its
 * caller holds for it, or that cannot change (tuples, constants, fields nobody replaces) is safe.
 */
#include <string.h>

#include "engine/across.h"
#include "engine/foreign.h"

typedef enum Lender { /* what a getter takes its result from */
    LENDER_FIXED,  /* an object that keeps it as long as it lives itself */
    LENDER_LIST, LENDER_DICT, LENDER_WEAK, LENDER_SYSTEM,
} Lender;

static Lender
lender_of(const char *getter)
{
    static const struct {
        const char *start;
        Lender lender;
    } known[] = {
        {"PyList_G", LENDER_LIST},        {"PySequence_Fast_GET_ITEM", LENDER_LIST},
        {"PySequence_Fast_ITEMS", LENDER_LIST}, {"PyByteArray_A", LENDER_LIST},
        {"PyDict_Get", LENDER_DICT},      {"PyDict_Next", LENDER_DICT},
        {"_PyDict_Get", LENDER_DICT},     {"_PyDict_Next", LENDER_DICT},
        {"PyODict_Get", LENDER_DICT},     {"_PySet_Next", LENDER_DICT},
        {"PyCell_GET", LENDER_DICT},      {"PyWeakref_G", LENDER_WEAK},
        {"PyWeakref_GET_OBJECT", LENDER_WEAK}, {"PySys_GetObject", LENDER_SYSTEM},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (strncmp(getter, known[i].start, strlen(known[i].start)) == 0) {
            return known[i].lender;
        }
    }
    return LENDER_FIXED;
}

/* True for makers whose result is, or may be, an object that others have as well. */
static bool
gives_known(const char *maker)
{
    static const char *const starts[] = {
        "PyObject_Call", "PyObject_Vectorcall", "PyObject_GetAttr", "PyObject_GetItem",
        "PyObject_GetOptionalAttr", "PySequence_Fast", "PySequence_GetItem", "PySequence_ITEM",
        "PyMapping_GetItem", "PyMapping_GetOptionalItem", "PyIter_Next", "PyDict_GetItemRef",
        "PyList_GetItemRef", "PyWeakref_GetRef", "_PyObject_LookupAttr", "_PyObject_Call",
        "_PyObject_GetAttr", "PyEval_Call", "PyImport_", "PyDict_SetDefaultRef",
    };
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (strncmp(maker, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_param(Explorer *ex, const Place *place)
{
    return place && place->kind == PLACE_LOCAL && ex->fn->local[place->index].is_param;
}

/* True when the path has found the object to be a tuple, or of another type than list. */
static bool
is_no_list(const State *state, const Sym *sym)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *check = state->range[i].sym;
        if (check->kind != SYM_PURE || check->a != sym || !is_not_zero(state, check)) {
            continue;
        }
        bool list = check->b && check->b->kind == SYM_ADDR && check->b->place->decl &&
                    text_equal(check->b->place->decl->name, "PyList_Type");
        if (text_starts(check->text, "PyTuple_Check") ||
            (text_equal(check->text, "PyObject_TypeCheck") && !list)) {
            return true;
        }
    }
    return false;
}

/* True when the path has found the object to be a frozenset: nothing is ever taken out of it. */
static bool
is_frozen(const State *state, const Sym *sym)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *check = state->range[i].sym;
        if (check->kind == SYM_PURE && check->a == sym && is_not_zero(state, check) &&
            text_equal(check->text, "PyFrozenSet_CheckExact")) {
            return true;
        }
    }
    return false;
}

static Chance
shared_param(Explorer *ex, const Place *place)
{
    const char *name = ex->fn->local[place->index].name;
    bool keywords = ex->info->is_entry && place->index == 2 &&
                    (ex->info->has_kwds || text_starts(name, "kw") ||
                     text_starts(name, "keyw")); /* a dict made for the call */
    bool given = place->index < 32 && ((ex->given[ex->fn_index] >> place->index) & 1);
    bool passed = !ex->info->is_entry && text_starts(name, "kw");
    return keywords              ? CHANCE_NONE
           : ex->info->is_entry  ? CHANCE_HIGH
           : !given || passed    ? CHANCE_LOW
                                 : CHANCE_MEDIUM;
}

static Chance
shared_call(const Ref *ref)
{
    if (!ref) {
        return CHANCE_LOW;
    }
    if (ref->flags & REF_ESCAPED) {
        return CHANCE_LOW;
    }
    if (!(ref->flags & REF_BORN)) {
        return ref->kept == KEPT_CALLER || ref->kept == KEPT_BY ? CHANCE_HIGH : CHANCE_LOW;
    }
    const char *maker = ref->born ? ref->born->name : "";
    if (gives_known(maker)) {
        return text_starts(maker, "PySequence_Fast") ? CHANCE_HIGH : CHANCE_MEDIUM;
    }
    bool elsewhere = ref->stored > 0 || ref->lent > 0 || ref->kept != KEPT_NONE;
    return elsewhere ? CHANCE_LOW : CHANCE_NONE;
}

/* A container that is itself an item: of the caller's arguments, or of something private. */
static Chance
shared_item(Explorer *ex, const State *state, const Sym *container)
{
    const Sym *owner = container->a;
    if (!owner || text_equal(container->text, "PyModule_GetDict")) {
        return CHANCE_LOW;
    }
    return owner == container ? CHANCE_LOW : across_shared(ex, state, owner);
}

Chance
across_shared(Explorer *ex, const State *state, const Sym *container)
{
    const Ref *ref = state_ref(state, container);
    switch (container->kind) {
    case SYM_INIT:
        if (!container->place) {
            return CHANCE_LOW;
        }
        if (place_is_local(container->place)) {
            return is_param(ex, container->place) ? shared_param(ex, container->place)
                                                  : CHANCE_LOW;
        }
        return container->place->kind == PLACE_FIELD &&
                       owners_is_exposed(ex->owners, container->place)
                   ? CHANCE_MEDIUM : CHANCE_LOW;
    case SYM_CALL:
        return shared_call(ref);
    case SYM_PURE:
        return shared_item(ex, state, container);
    default:
        return CHANCE_LOW;
    }
}

#define MAX_OWNERS 8 /* whose owner's owner ... */

static Danger danger_at(Explorer *ex, const State *state, const Sym *sym, int depth);

static Danger
item_danger(Explorer *ex, const State *state, const char *getter, const Sym *owner, int depth)
{
    Danger none = {.chance = CHANCE_NONE};
    Lender lender = lender_of(getter);
    if (lender == LENDER_SYSTEM) {
        return (Danger){.chance = CHANCE_LOW, .kind = STALE_SYSTEM};
    }
    if (lender == LENDER_WEAK) {
        return (Danger){.chance = CHANCE_MEDIUM, .kind = STALE_WEAK, .owner = owner};
    }
    if (!owner) {
        return none;
    }
    bool fixed = lender == LENDER_FIXED || (lender == LENDER_LIST && is_no_list(state, owner)) ||
                 (lender == LENDER_DICT && is_frozen(state, owner));
    Chance chance = fixed ? CHANCE_NONE : across_shared(ex, state, owner);
    bool block = text_ends(getter, "_ITEMS") || text_starts(getter, "PyByteArray_A");
    if (chance != CHANCE_NONE) {
        return (Danger){.chance = chance, .kind = block ? STALE_MEMORY : STALE_ITEM,
                        .owner = owner};
    }
    return text_equal(getter, "Py_TYPE") ? none : danger_at(ex, state, owner, depth);
}

/* The innermost field or global around the place. */
static const Place *
named_place(const Place *place)
{
    while (place && place->kind != PLACE_FIELD && place->kind != PLACE_GLOBAL) {
        place = place->base;
    }
    return place;
}

static bool
is_pointer(const Type *type)
{
    return !type || type->kind == TYPE_PTR;
}

static Danger
place_danger(Explorer *ex, const State *state, const Sym *sym, int depth)
{
    Danger none = {.chance = CHANCE_NONE};
    const Place *place = sym->place;
    if (!place || place_is_local(place) || text_equal(place->name, EITHER) ||
        text_equal(place->record, "Py_buffer") || text_equal(place->record, "bufferinfo")) {
        return none;
    }
    const Place *named = named_place(place);
    const Changer *changer = named && is_pointer(sym->type)
                                 ? owners_changer(ex->owners, named) : NULL;
    bool own = changer && text_equal(changer->name, ex->fn->decl->name);
    const Place *root = place_root(place);
    bool fixed = named && text_equal(named->record, "PyTupleObject");
    if (changer && !own && !fixed) {
        bool memory = sym->type && !type_is_object(sym->type);
        bool global = named->kind == PLACE_GLOBAL;
        return (Danger){.chance = changer->by_python ? CHANCE_MEDIUM : CHANCE_LOW,
                        .place = named, .changer = changer->name,
                        .kind = memory ? STALE_MEMORY : global ? STALE_GLOBAL : STALE_FIELD};
    }
    bool number = !named && sym->type && sym->type->kind == TYPE_PTR && sym->type->to &&
                  sym->type->to->kind == TYPE_INT; /* an address in bytes: of other memory */
    bool part = named ? fixed || owners_evident(ex->owners, named) ||
                            owners_frees(ex->owners, named)
                      : !number; /* dies with what it was read from */
    return part && root->kind == PLACE_DEREF ? danger_at(ex, state, root->sym, depth) : none;
}

/* The result of a helper that released the reference it had to it. */
static Danger
lent_danger(Explorer *ex, const Sym *sym)
{
    const Instr *call = sym->site && sym->site->op == OP_CALL && sym->num < 4 ? sym->site : NULL;
    const Summary *summary = call && call->a.kind == VAL_FUNC
                                 ? find_summary(ex, call->a.decl, call->a.decl->name) : NULL;
    bool lent = summary && summary->lends && type_is_object(call->type);
    return (Danger){.chance = lent ? CHANCE_MEDIUM : CHANCE_NONE, .kind = STALE_LENT};
}

static Danger
danger_at(Explorer *ex, const State *state, const Sym *sym, int depth)
{
    Danger none = {.chance = CHANCE_NONE};
    const Ref *ref = state_ref(state, sym);
    bool held = ref && (ref->own > 0 || (ref->flags & (REF_ESCAPED | REF_CONST | REF_HELD)) ||
                        ref->kept == KEPT_UNKNOWN || ref->kept == KEPT_CALLER ||
                        (ref->stored > 0 && ref->kept != KEPT_FIELD));
    if (held || depth == 0 || ledger_immortal(ex, sym)) {
        return none;
    }
    switch (sym->kind) {
    case SYM_INIT:
        return place_danger(ex, state, sym, depth - 1);
    case SYM_ADDR: {
        const Place *root = place_root(sym->place);
        return root->kind == PLACE_DEREF ? danger_at(ex, state, root->sym, depth - 1) : none;
    }
    case SYM_PURE:
        return ref && ref->kept != KEPT_BY && ref->kept != KEPT_STATIC
                   ? none : item_danger(ex, state, sym->text, sym->a, depth - 1);
    case SYM_CALL:
        return ref && ref->kept == KEPT_BY && ref->born
                   ? item_danger(ex, state, ref->born->name, ref->keeper, depth - 1)
               : ref ? none : lent_danger(ex, sym);
    case SYM_BIN:
        return danger_at(ex, state, sym->a, depth - 1);
    default:
        return none;
    }
}

Danger
across_danger(Explorer *ex, const State *state, const Sym *sym)
{
    return danger_at(ex, state, sym, MAX_OWNERS);
}

/* What is asked about a value: itself, or what it holds. */
typedef struct Question {
    Explorer *ex;
    const State *state;
    uint8_t kind; /* ForeignKind */
} Question;

static Chance foreign_at(Question q, const Sym *sym, int depth);

/* What was read from memory: as foreign as what stands there may be. */
static Chance
foreign_place(Question q, const Place *place, int depth)
{
    if (!place) {
        return CHANCE_LOW;
    }
    const Foreign *foreign = owners_values(q.ex->owners);
    if (text_equal(place->name, EITHER) && place->base->kind == PLACE_LOCAL) {
        uint8_t kinds = foreign_local(foreign, q.ex->fn_index, place->base->index);
        return kinds & q.kind ? CHANCE_MEDIUM : CHANCE_LOW;
    }
    if (place_is_callers(place)) {
        return CHANCE_MEDIUM;
    }
    bool either = text_equal(place->name, EITHER);
    const Place *named = named_place(either ? place->base : place), *root = place_root(place);
    if (place_is_local(place)) {
        bool foreign_arg = is_param(q.ex, place) &&
                           (foreign_local(foreign, q.ex->fn_index, place->index) & q.kind);
        return foreign_arg ? shared_param(q.ex, place) : CHANCE_LOW;
    }
    if (named) {
        return owners_foreign(q.ex->owners, named) & q.kind ? CHANCE_MEDIUM : CHANCE_LOW;
    }
    return root->kind == PLACE_DEREF ? foreign_at(q, root->sym, depth) : CHANCE_LOW;
}

/* True for what PyDict_Next gave as the key. */
static bool
is_dict_key(const Sym *sym, const char *name)
{
    const int64_t slot = 3; /* of its third argument */
    return text_ends(name, "PyDict_Next") && sym->num / 4 == slot;
}

/* What a call gave. */
static Chance
foreign_call_result(Question q, const Sym *sym, int depth)
{
    const Ref *ref = state_ref(q.state, sym);
    const Foreign *foreign = owners_values(q.ex->owners);
    const char *name = sym->site && sym->site->op == OP_CALL ? callee_name(sym->site) : "";
    if (text_starts(name, "PyArg_") || text_starts(name, "_PyArg_")) {
        return CHANCE_HIGH;
    }
    if (gives_known(name)) {
        int64_t slot = sym->num / 4; /* argument + 1 through which it is given */
        const Val *out = slot > 0 && slot <= sym->site->nargs ? &sym->site->args[slot - 1] : NULL;
        uint32_t fn = q.ex->fn_index;
        uint8_t kinds = !out                     ? foreign_result(foreign, fn, sym->site->dst)
                        : out->kind == VAL_LOCAL ? foreign_local(foreign, fn, out->index)
                                                 : FOREIGN_ALL;
        return kinds & q.kind ? CHANCE_HIGH : CHANCE_LOW;
    }
    bool item = ref && ref->kept == KEPT_BY && ref->keeper;
    q.kind = is_dict_key(sym, name) ? FOREIGN_KEYS : FOREIGN_ITEMS;
    return item ? foreign_at(q, ref->keeper, depth) : CHANCE_LOW;
}

static Chance
foreign_at(Question q, const Sym *sym, int depth)
{
    if (depth == 0) {
        return CHANCE_LOW;
    }
    switch (sym->kind) {
    case SYM_INIT:
        return foreign_place(q, sym->place, depth - 1);
    case SYM_CALL:
        return foreign_call_result(q, sym, depth - 1);
    case SYM_PURE:
        q.kind = FOREIGN_ITEMS | FOREIGN_KEYS;
        return sym->a ? foreign_at(q, sym->a, depth - 1) : CHANCE_LOW;
    case SYM_BIN:
        return sym->a ? foreign_at(q, sym->a, depth - 1) : CHANCE_LOW;
    default:
        return CHANCE_LOW;
    }
}

Chance
across_foreign(Explorer *ex, const State *state, const Sym *sym)
{
    return foreign_at((Question){ex, state, FOREIGN_SELF}, sym, MAX_OWNERS);
}

Chance
across_asked(Explorer *ex, const State *state, const char *question, const Sym *sym)
{
    bool alone = text_starts(question, "PyObject_Is"); /* what it holds is not asked */
    uint8_t kind = alone                               ? FOREIGN_SELF
                   : text_starts(question, "PyDict_") ? FOREIGN_SELF | FOREIGN_KEYS
                                                      : FOREIGN_ALL;
    return foreign_at((Question){ex, state, kind}, sym, MAX_OWNERS);
}

bool
across_is_list(const State *state, const Sym *sym)
{
    return !is_no_list(state, sym);
}

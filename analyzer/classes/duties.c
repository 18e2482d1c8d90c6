/* duties.c: what slots have to do besides the fields: the type of heap types, the base's part,
 * weak references. */
#include <string.h>

#include "classes/private.h"

/* True when the value is the type of the instance: Py_TYPE(self), self->ob_base.ob_type. */
bool
is_own_type(Finder *finder, const FnView *view, Val val)
{
    Sources sources = {0};

    sources_find(finder, view, val, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        const Source *from = &sources.at[i];

        if (from->kind == FROM_CALL && (text_equal(called_name(from->call), "Py_TYPE") ||
                                        text_equal(called_name(from->call), "_PyType_CAST"))) {
            return true;
        }
        if (from->kind == FROM_MEMBER && text_equal(from->member->name, "ob_type")) {
            return true;
        }
    }
    return false;
}

bool
type_is_visited(Finder *finder, Build *build)
{
    const uint64_t *traverse = closure_of(finder, build, SLOT_TRAVERSE);

    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t i = 0; bit_test(traverse, f) && i < view->calls.n; i++) {
            if (is_visit(view, view->calls.at[i]) &&
                is_own_type(finder, view, view->calls.at[i]->args[0])) {
                return true;
            }
        }
    }
    return false;
}

/* True when the slot does for the base's fields what the base does. */
static bool
extends(Finder *finder, Build *build, SlotId slot)
{
    const FnView *of_base = view_of_slot(finder, build->base, slot);

    return of_base != NULL && build->fn[slot] != of_base->fn &&
           bit_test(closure_of(finder, build, slot), of_base->index);
}

/* True when nothing of the base is left to visit: its traverse is called, its fields are
 * visited here, or the struct does not begin with the base's. */
static bool
handles_base(Finder *finder, Build *build, const uint64_t *traverse)
{
    Build *base = build->base;
    int64_t index = base != NULL && base->fn[SLOT_TRAVERSE] != NULL
                        ? program_callee(finder->program, base->fn[SLOT_TRAVERSE]->decl) : -1;
    bool embeds = false;

    if (base == NULL) {
        return build->cls.base_name == NULL;
    }
    if (index < 0 || bit_test(traverse, (uint32_t)index) ||
        base->fn[SLOT_TRAVERSE] == build->fn[SLOT_TRAVERSE]) {
        return true;
    }
    for (uint32_t i = 0; i < build->own.at.n; i++) {
        const Type *type = build->own.at.at[i]->type;

        embeds = embeds || (type != NULL && type->kind == TYPE_RECORD &&
                            type->tag == base->cls.record);
    }
    embeds = embeds || extends(finder, build, SLOT_CLEAR) || extends(finder, build, SLOT_DEALLOC);
    if (!embeds && base->cls.record != build->cls.record) {
        return true;
    }
    for (uint32_t f = 0; f < base->cls.nfields; f++) {
        if (base->cls.field[f].visited &&
            closure_finds(traverse, base->member[f], 1u << DOES_VISIT) == NULL) {
            return false;
        }
    }
    return true;
}

/* True when a function visits or releases what an accessor gives for the instance:
 * PyInstanceMethod_GET_FUNCTION(self). */
static bool
uses_accessor(Finder *finder, const uint64_t *closure)
{
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t i = 0; bit_test(closure, f) && i < view->calls.n; i++) {
            const Instr *call = view->calls.at[i];
            const Instr *given = call->nargs > 0 ? def_of(view, call->args[0]) : NULL;

            while (given != NULL && given->op == OP_CAST) {
                given = def_of(view, given->a);
            }
            if (given != NULL && given->op == OP_CALL && given->nargs > 0 &&
                strstr(called_name(given), "_GET_") != NULL &&
                is_param(finder, view, given->args[0], 0)) {
                return true;
            }
        }
    }
    return false;
}

void
slots_check(Finder *finder, Build *build)
{
    static const char *const clear_weakrefs[] = {
        "PyObject_ClearWeakRefs", "PyUnstable_Object_ClearWeakRefsNoCallbacks",
        "_PyWeakref_ClearRef", "FT_CLEAR_WEAKREFS", "_PyObject_ClearWeakRefsFromDealloc", NULL};
    static const char *const trash[] = {"_PyTrash_begin", "_PyTrash_thread_deposit_object",
                                        "_PyTrash_cond", "Py_TRASHCAN_BEGIN",
                                        "_PyTrash_thread_destroy_chain", NULL};
    static const char *const visit_dict[] = {"PyObject_VisitManagedDict",
                                             "_PyObject_VisitManagedDict", NULL};
    Class *cls = &build->cls;
    const uint64_t *dealloc = closure_of(finder, build, SLOT_DEALLOC);
    const uint64_t *traverse = closure_of(finder, build, SLOT_TRAVERSE);

    cls->clears_weakrefs = closure_calls(finder, dealloc, clear_weakrefs, NULL) != NULL;
    cls->has_trashcan = closure_calls(finder, dealloc, trash, NULL) != NULL;
    cls->visits_dict = closure_calls(finder, traverse, visit_dict, NULL) != NULL;
    cls->calls_base_dealloc = closure_delegates(finder, dealloc, SLOT_DEALLOC);
    cls->calls_base_traverse = closure_delegates(finder, traverse, SLOT_TRAVERSE);
    cls->calls_base_clear = closure_delegates(finder, closure_of(finder, build, SLOT_CLEAR),
                                              SLOT_CLEAR);
    cls->visits_type = type_is_visited(finder, build);
    cls->visits_base_fields = handles_base(finder, build, traverse);
    cls->visits_unseen = uses_accessor(finder, traverse);
    cls->releases_unseen = uses_accessor(finder, dealloc);
}

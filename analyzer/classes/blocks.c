/* blocks.c: memory and buffers that fields own, and the memory of the instance itself: what
 * tp_dealloc has to give back, and to which allocator.
 */
#include <string.h>

#include "classes/private.h"

/* ---- where blocks come from -------------------------------------------------- */

/* The call that made the memory that is stored there, NULL for everything else. */
static const Instr *
maker_of(Finder *finder, const Action *store)
{
    const FnView *view = &finder->view[store->fn];
    const Summary *summary;
    Sources sources = {0};

    if (store->kind != DOES_STORE) {
        return NULL;
    }
    sources_find(finder, view, store->value, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (sources.at[i].kind != FROM_CALL || sources.cut) {
            continue;
        }
        summary = callee_summary(finder, sources.at[i].call);
        if (summary != NULL && summary->alloc != NULL && !type_is_object(sources.at[i].type)) {
            return sources.at[i].call;
        }
    }
    return NULL;
}

static bool
holds_memory(const Type *type)
{
    return type != NULL && type->kind == TYPE_PTR && !holds_object(type);
}

/* True when the function gives the block back that it has stored: for a while only. */
static bool
is_passing(Finder *finder, const Action *store)
{
    const FnView *view = &finder->view[store->fn];

    for (uint32_t i = 0; i < view->actions.n; i++) {
        const Action *action = &view->actions.at[i];

        if (action->member == store->member && action->kind == DOES_FREE &&
            action_follows(finder, view, store, action)) {
            return true;
        }
    }
    return false;
}

/* True for bf_getbuffer, bf_releasebuffer and their helpers: self and a Py_buffer. */
static bool
is_buffer_slot(const FnView *view)
{
    const Type *type = view->fn->nparam > 1 ? view->fn->local[1].type : NULL;

    return type != NULL && type->kind == TYPE_PTR && type->to != NULL &&
           type->to->kind == TYPE_RECORD && text_equal(type->to->tag, "Py_buffer");
}

/* True for memory that bf_getbuffer makes and bf_releasebuffer frees: while it is there, who has
 * the buffer keeps the instance alive. */
static bool
is_export(Finder *finder, const Action *store)
{
    if (!is_buffer_slot(&finder->view[store->fn])) {
        return false;
    }
    for (uint32_t i = 0; i < store->member->actions.n; i++) {
        const Action *action = store->member->actions.at[i];

        if ((action->kind == DOES_FREE ||
             (action->kind == DOES_STORE && action->value.kind == VAL_NULL)) &&
            action->fn != store->fn && is_buffer_slot(&finder->view[action->fn])) {
            return true;
        }
    }
    return false;
}

/* ---- what tp_dealloc does ---------------------------------------------------- */

/* True when a function of the closure names the field at all. */
static bool
mentions(Finder *finder, const uint64_t *closure, Str record, const char *name, size_t length)
{
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const Fn *fn = finder->program->fns[f];

        for (uint32_t b = 0; bit_test(closure, f) && b < fn->nblock; b++) {
            for (uint32_t i = 0; i < fn->block[b].nins; i++) {
                const Instr *ins = &fn->block[b].ins[i];

                if (ins->op == OP_FIELD && ins->record == record &&
                    strlen(ins->name) == length && strncmp(ins->name, name, length) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* True when the end of instances is in the hands of functions that nobody has seen. */
static bool
is_unseen(Finder *finder, Build *build)
{
    const uint64_t *closure = closure_of(finder, build, SLOT_DEALLOC);

    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t i = 0; bit_test(closure, f) && i < view->calls.n; i++) {
            const Instr *call = view->calls.at[i];
            bool unknown = callee_index(finder, call) < 0 && callee_summary(finder, call) == NULL;

            for (uint32_t a = 0; unknown && a < call->nargs; a++) {
                if (is_param(finder, view, call->args[a], 0)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static Site
end_of(const Build *build)
{
    const ClassSlot *dealloc = &build->cls.slot[SLOT_DEALLOC];

    return (Site){.loc = dealloc->own ? dealloc->loc : build->cls.loc,
                  .function = dealloc->function != NULL ? dealloc->function : build->cls.name};
}

static void
add(Finder *finder, Build *build, HazardKind kind, Site at, Site because, const char *what)
{
    hazard_add(finder, build, (Hazard){kind, at, because, what, NULL});
}

/* ---- memory in fields -------------------------------------------------------- */

static void
check_leak(Finder *finder, Build *build, const Member *member)
{
    const uint64_t *closure = closure_of(finder, build, SLOT_DEALLOC);

    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *store = member->actions.at[i];
        const Instr *maker = maker_of(finder, store);

        if (maker == NULL || is_passing(finder, store) || is_export(finder, store)) {
            continue;
        }
        if (!mentions(finder, closure, member->record, member->name, strlen(member->name))) {
            add(finder, build, HAZARD_BLOCK_LEAK, end_of(build),
                site_of(&finder->view[store->fn], store->ins,
                        arena_printf(finder->arena, "'self->%s' gets memory from %s",
                                     member->name, called_name(maker))), member->name);
        }
        return;
    }
}

/* True for the allocators of which every function is known. */
static bool
is_plain_family(Str family)
{
    static const char *const families[] = {"mem", "raw", "object", "c"};

    for (size_t i = 0; family != NULL && i < COUNT_OF(families); i++) {
        if (text_equal(family, families[i])) {
            return true;
        }
    }
    return false;
}

/* The only allocator whose blocks the field gets, with the first store; NULL when there are
 * several, or others than allocators' results. */
static const Instr *
only_maker(Finder *finder, const Member *member, const Action **first)
{
    const Instr *only = NULL;

    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *store = member->actions.at[i];
        const Instr *maker = maker_of(finder, store);
        Str family = maker != NULL ? callee_summary(finder, maker)->alloc : NULL;

        if (store->kind == DOES_FILL || store->kind == DOES_RESET) {
            return NULL;
        }
        if (store->kind != DOES_STORE || store->value.kind == VAL_NULL) {
            continue;
        }
        if (!is_plain_family(family) ||
            (only != NULL && !text_equal(callee_summary(finder, only)->alloc, family))) {
            return NULL;
        }
        *first = only == NULL ? store : *first;
        only = only == NULL ? maker : only;
    }
    return only;
}

static void
check_family(Finder *finder, Build *build, const Member *member)
{
    const Action *first = NULL;
    const Instr *maker = only_maker(finder, member, &first);

    for (uint32_t i = 0; maker != NULL && i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];
        const FnView *view = &finder->view[action->fn];
        const Summary *summary = action->kind == DOES_FREE ? callee_summary(finder, action->ins)
                                                           : NULL;

        if (summary == NULL || !is_plain_family(summary->alloc) || action->fn == first->fn ||
            text_equal(summary->alloc, callee_summary(finder, maker)->alloc)) {
            continue;
        }
        add(finder, build, HAZARD_BLOCK_FAMILY,
            site_of(view, action->ins,
                    arena_printf(finder->arena, "'self->%s' comes from %s and is freed by %s, of "
                                                "another allocator", member->name,
                                 called_name(maker), called_name(action->ins))),
            site_of(&finder->view[first->fn], first->ins,
                    arena_printf(finder->arena, "'self->%s' gets memory from %s", member->name,
                                 called_name(maker))), member->name);
    }
}

/* ---- buffers in fields ------------------------------------------------------- */

static void
check_buffer(Finder *finder, Build *build, const ClassField *field, const Member *member)
{
    size_t length = strcspn(member->name, ".-");

    if (field->buffer && field->owned && field->stored && !field->released &&
        member->record == build->cls.record &&
        !mentions(finder, closure_of(finder, build, SLOT_DEALLOC), member->record, member->name,
                  length)) {
        add(finder, build, HAZARD_BUFFER_LEAK, end_of(build), field->store,
            arena_printf(finder->arena, "%.*s", (int)length, member->name));
    }
}

/* ---- the instance itself ----------------------------------------------------- */

/* True when the function does nothing with its parameter but look at fields: it neither frees it
 * nor hands it to somebody who may. */
static bool
only_looks(Finder *finder, const FnView *view, uint32_t param, int depth)
{
    static const char *const harmless[] = {
        "Py_TYPE", "PyObject_GC_UnTrack", "_PyObject_GC_UNTRACK", "PyObject_ClearWeakRefs",
        "PyObject_CallFinalizer", "Py_SIZE", "Py_REFCNT", NULL};

    for (uint32_t i = 0; i < view->actions.n; i++) {
        if (view->actions.at[i].kind == DOES_STORE &&
            is_param(finder, view, view->actions.at[i].value, param)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];
        int64_t callee = callee_index(finder, call);

        for (uint32_t a = 0; a < call->nargs && !calls_one_of(call, harmless); a++) {
            if (is_param(finder, view, call->args[a], param) &&
                (callee < 0 || depth == 0 ||
                 !only_looks(finder, &finder->view[callee], a, depth - 1))) {
                return false;
            }
        }
    }
    return true;
}

/* True when a variable outside any function gets the parameter: a list of free instances. */
static bool
is_kept(Finder *finder, const FnView *view, uint32_t param)
{
    for (uint32_t b = 0; b < view->fn->nblock; b++) {
        for (uint32_t i = 0; i < view->fn->block[b].nins; i++) {
            const Instr *ins = &view->fn->block[b].ins[i];

            if ((ins->op == OP_STORE && ins->a.kind != VAL_LOCAL &&
                 is_param(finder, view, ins->b, param)) || ins->op == OP_HAVOC) {
                return true;
            }
        }
    }
    return false;
}

/* True when the program makes instances; a singleton may stand in a static variable. */
static bool
is_made(Finder *finder, const Build *build)
{
    if (build->cls.slot[SLOT_NEW].function != NULL || build->slot_decl[SLOT_NEW] != NULL) {
        return true;
    }
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t i = 0; view->is_maker && i < view->calls.n; i++) {
            const Instr *call = view->calls.at[i];

            if (call->nargs > 0 && global_of(view, call->args[0]) == build->decl) {
                return true;
            }
        }
    }
    return false;
}

static void
check_self(Finder *finder, Build *build, const FnView *dealloc)
{
    static const char *const ends[] = {".tp_free", ".tp_dealloc", "PyObject_Free", "PyObject_Del",
                                       "PyObject_GC_Del", "PyMem_Free", "free", NULL};
    const uint64_t *closure = closure_of(finder, build, SLOT_DEALLOC);

    if (dealloc->fn->nparam != 1 || dealloc->fn->status != FN_OK ||
        closure_calls(finder, closure, ends, NULL) != NULL || is_kept(finder, dealloc, 0) ||
        !is_made(finder, build) || !only_looks(finder, dealloc, 0, 3)) {
        return;
    }
    add(finder, build, HAZARD_SELF_LEAK, end_of(build),
        (Site){build->cls.loc, build->cls.name,
               arena_printf(finder->arena, "%s ends instances of this type",
                            dealloc->fn->decl->name)}, "self");
}

/* ---- all of it --------------------------------------------------------------- */

void
blocks_check(Finder *finder, Build *build)
{
    const Class *cls = &build->cls;
    const FnView *dealloc = view_of_slot(finder, build, SLOT_DEALLOC);
    bool foreign = cls->slot[SLOT_DEALLOC].function == NULL ? cls->base_name != NULL
                                                            : !cls->slot[SLOT_DEALLOC].own;

    if (cls->is_module || cls->is_opaque || foreign) {
        return;
    }
    if (dealloc != NULL) {
        check_self(finder, build, dealloc);
    }
    if (!cls->own_record) {
        return; /* another type's tp_dealloc may be the one for these fields */
    }
    for (uint32_t i = 0; i < build->own.at.n; i++) {
        const Member *member = build->own.at.at[i];

        if (member->actions.n > 0 && holds_memory(member->type)) {
            check_family(finder, build, member);
            if (!is_unseen(finder, build)) {
                check_leak(finder, build, member);
            }
        }
    }
    for (uint32_t f = 0; f < cls->nfields; f++) {
        check_buffer(finder, build, &cls->field[f], build->member[f]);
    }
}

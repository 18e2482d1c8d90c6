/* hidden.c: references that no tp_traverse could show: in containers that a global owns, and in
 * the context of a capsule. */
#include "classes/private.h"

/* The variable that a value is read from, or NULL. */
static const Decl *
variable_of(Finder *finder, const FnView *view, Val val)
{
    Sources sources = {0};

    sources_find(finder, view, val, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (sources.at[i].kind == FROM_GLOBAL) {
            return sources.at[i].decl;
        }
    }
    return NULL;
}

static bool
reads_variable(const FnView *view, const Decl *decl)
{
    for (uint32_t b = 0; b < view->fn->nblock; b++) {
        for (uint32_t i = 0; i < view->fn->block[b].nins; i++) {
            const Instr *ins = &view->fn->block[b].ins[i];

            if (ins->op == OP_LOAD && ins->a.kind == VAL_GLOBAL && ins->a.decl == decl) {
                return true;
            }
        }
    }
    return false;
}

/* True when the end of an instance looks at the variable: to take the instance out of it. */
static bool
dealloc_reads(Finder *finder, Build *build, const Decl *decl)
{
    const uint64_t *dealloc = closure_of(finder, build, SLOT_DEALLOC);

    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        if (bit_test(dealloc, f) && reads_variable(&finder->view[f], decl)) {
            return true;
        }
    }
    return false;
}

static const Ring *
ring_of_two(Finder *finder, const Class *cls, const char *other, const char *field,
            const char *back, const Instr *store, const char *broken)
{
    Ring *ring = ARENA_NEW(finder->arena, Ring);

    ring->nedges = 2;
    ring->edges = ARENA_ARRAY(finder->arena, RingEdge, 2);
    ring->edges[0] = (RingEdge){.from = other, .field = field, .to = cls->name,
                                .store = store->loc, .broken = broken};
    ring->edges[1] = (RingEdge){.from = cls->name, .field = back, .to = other};
    return ring;
}

/* The class for which the function is tp_new, when the value is what a call gave it. */
static void
add_made(Finder *finder, const FnView *view, Val val, Builds *classes)
{
    Sources sources = {0};

    sources_find(finder, view, val, &sources);
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        if (finder->classes.at[i]->fn[SLOT_NEW] == view->fn && sources.n == 1 &&
            sources.at[0].kind == FROM_CALL) {
            VEC_PUSH(finder->arena, classes, finder->classes.at[i]);
        }
    }
}

/* PyList_Append(all, self), where only the dealloc of self takes it out again. */
static void
check_global(Finder *finder, const FnView *view, const Instr *call)
{
    static const char *const inserters[] = {"PyList_Append", "PySet_Add", NULL};
    Builds classes = {0};
    const Decl *decl;

    if (!calls_one_of(call, inserters) || call->nargs < 2) {
        return;
    }
    decl = variable_of(finder, view, call->args[0]);
    if (decl == NULL) {
        return;
    }
    if ((value_leads(finder, view, call->args[1], &classes) & HOLD_CLASS) == 0) {
        add_made(finder, view, call->args[1], &classes);
    }
    for (uint32_t i = 0; i < classes.n; i++) {
        if (dealloc_reads(finder, classes.at[i], decl)) {
            hazard_add(finder, classes.at[i], (Hazard){
                HAZARD_HIDDEN, site_of(view, call, NULL),
                (Site){classes.at[i]->cls.slot[SLOT_DEALLOC].loc, classes.at[i]->cls.name,
                       "only this function takes the instance out again"}, decl->name,
                ring_of_two(finder, &classes.at[i]->cls, decl->name, "an item", "tp_dealloc", call,
                            "a global owns the instance")});
        }
    }
}

/* PyCapsule_SetContext(self->capsule, self) with a reference of its own. */
static void
check_capsule(Finder *finder, const FnView *view, const Instr *call)
{
    static const char *const setters[] = {"PyCapsule_SetContext", NULL};
    Builds classes = {0};
    const Member *member;

    if (!calls_one_of(call, setters) || call->nargs < 2 || view->retained.n == 0) {
        return;
    }
    member = member_of_value(finder, view, call->args[0], NULL, NULL);
    value_leads(finder, view, call->args[1], &classes);
    for (uint32_t i = 0; member != NULL && i < classes.n; i++) {
        if (member->record == classes.at[i]->cls.record) {
            hazard_add(finder, classes.at[i], (Hazard){
                HAZARD_HIDDEN, site_of(view, call, NULL),
                (Site){call->loc, classes.at[i]->cls.name, NULL}, member->name,
                ring_of_two(finder, &classes.at[i]->cls, "capsule", "context", member->name, call,
                            "a capsule shows the collector nothing")});
        }
    }
}

void
hidden_check(Finder *finder)
{
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t i = 0; i < view->calls.n; i++) {
            check_global(finder, view, view->calls.at[i]);
            check_capsule(finder, view, view->calls.at[i]);
        }
    }
}

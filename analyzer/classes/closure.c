/* closure.c: what a slot function does together with the functions that it calls. */
#include "classes/private.h"

#define DEPTH 6

static void
reach(Finder *finder, uint64_t *set, uint32_t fn, int depth)
{
    const CallGraph *graph = finder->program->graph;

    if (bit_test(set, fn)) {
        return;
    }
    set[fn / 64] |= UINT64_C(1) << (fn % 64);
    for (uint32_t i = 0; depth > 0 && i < graph->ncallee[fn]; i++) {
        reach(finder, set, graph->callee[fn][i], depth - 1);
    }
}

static void
reach_slot(Finder *finder, uint64_t *set, const Build *build, SlotId slot)
{
    int64_t index = build->fn[slot] != NULL
                        ? program_callee(finder->program, build->fn[slot]->decl) : -1;

    if (index >= 0) {
        reach(finder, set, (uint32_t)index, DEPTH);
    }
}

static const char *const slot_fields[SLOT_COUNT] = {
    [SLOT_DEALLOC] = ".tp_dealloc", [SLOT_TRAVERSE] = ".tp_traverse", [SLOT_CLEAR] = ".tp_clear",
    [SLOT_NEW] = ".tp_new", [SLOT_INIT] = ".tp_init", [SLOT_FINALIZE] = ".tp_finalize",
};

bool
closure_delegates(Finder *finder, const uint64_t *closure, SlotId slot)
{
    const char *names[] = {slot_fields[slot], NULL};

    return names[0] != NULL && closure_calls(finder, closure, names, NULL) != NULL;
}

const uint64_t *
closure_of(Finder *finder, Build *build, SlotId slot)
{
    static const char *const finalizer[] = {"PyObject_CallFinalizerFromDealloc",
                                            "PyObject_CallFinalizer", NULL};
    uint64_t *set = build->closure[slot];

    if (set != NULL) {
        return set;
    }
    set = ARENA_ARRAY(finder->arena, uint64_t, finder->program->nfns / 64 + 1);
    build->closure[slot] = set;
    reach_slot(finder, set, build, slot);
    if (slot == SLOT_DEALLOC && build->fn[slot] == NULL) {
        reach_slot(finder, set, build, SLOT_FINALIZE); /* subtype_dealloc calls it */
    }
    if (slot == SLOT_DEALLOC && closure_delegates(finder, set, SLOT_CLEAR)) {
        reach_slot(finder, set, build, SLOT_CLEAR);
    }
    if (slot == SLOT_DEALLOC && closure_calls(finder, set, finalizer, NULL) != NULL) {
        reach_slot(finder, set, build, SLOT_FINALIZE);
    }
    if (build->base != NULL && closure_delegates(finder, set, slot)) {
        reach_slot(finder, set, build->base, slot);
        if (slot == SLOT_DEALLOC) {
            reach_slot(finder, set, build->base, SLOT_CLEAR);
        }
    }
    return set;
}

const Action *
closure_finds(const uint64_t *closure, const Member *member, unsigned kinds)
{
    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];

        if ((kinds >> action->kind & 1) != 0 && bit_test(closure, action->fn)) {
            return action;
        }
    }
    return NULL;
}

/* True when a function of the closure puts something into the member. */
static bool
puts_something(const uint64_t *closure, const Member *member)
{
    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];
        bool puts = action->kind == DOES_STORE || action->kind == DOES_FILL ||
                    action->kind == DOES_RESET;

        if (puts && action->value.kind != VAL_NULL && bit_test(closure, action->fn)) {
            return true;
        }
    }
    return false;
}

bool
closure_drops_on_demand(Finder *finder, const Build *build, const Member *member)
{
    const unsigned drops = 1u << DOES_RELEASE | 1u << DOES_RESET;
    bool dropped = false;

    for (uint32_t m = 0; m < build->methods.n; m++) {
        uint64_t *set = ARENA_ARRAY(finder->arena, uint64_t, finder->program->nfns / 64 + 1);
        uint32_t fn = build->methods.at[m];

        if (finder->program->fns[fn]->ret->kind == TYPE_INT) {
            continue; /* in m_slots: it fills the state */
        }
        reach(finder, set, fn, DEPTH);
        if (puts_something(set, member)) {
            return false;
        }
        dropped = dropped || closure_finds(set, member, drops) != NULL;
    }
    return dropped;
}

const Instr *
closure_calls(Finder *finder, const uint64_t *closure, const char *const *names,
              const FnView **where)
{
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        if (closure[f / 64] == 0) {
            f |= 63;
            continue;
        }
        for (uint32_t i = 0; bit_test(closure, f) && i < view->calls.n; i++) {
            if (calls_one_of(view->calls.at[i], names)) {
                if (where != NULL) {
                    *where = view;
                }
                return view->calls.at[i];
            }
        }
    }
    return NULL;
}

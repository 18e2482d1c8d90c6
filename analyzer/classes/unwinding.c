/* unwinding.c: destructors that lose the exception with which they were called: instances die
 * while Python unwinds, and what a destructor clears or prints was not its own.
 */
#include "classes/private.h"

#define DEPTH 2

static const char *const losers[] = {"PyErr_Clear", "PyErr_Print", "PyErr_PrintEx",
                                     "PyErr_WriteUnraisable", "PyErr_FormatUnraisable",
                                     "_PyErr_Clear", NULL};
static const char *const savers[] = {"PyErr_Fetch", "PyErr_GetRaisedException", "_PyErr_Fetch",
                                     "_PyErr_GetRaisedException", "PyErr_GetExcInfo", NULL};

static const Instr *
first_call(const FnView *view, const char *const *names)
{
    for (uint32_t i = 0; i < view->calls.n; i++) {
        if (calls_one_of(view->calls.at[i], names)) {
            return view->calls.at[i];
        }
    }
    return NULL;
}

/* The first call that loses the exception, in the function or in those that it calls; none of
 * those that keep it aside. */
static const Instr *
find_loss(Finder *finder, uint32_t fn, int depth, const FnView **where)
{
    const FnView *view = &finder->view[fn];
    const CallGraph *graph = finder->program->graph;
    const Instr *loss = NULL;

    if (first_call(view, savers) != NULL) {
        return NULL;
    }
    loss = first_call(view, losers);
    *where = loss != NULL ? view : *where;
    for (uint32_t i = 0; i < graph->ncallee[fn] && depth > 0 && loss == NULL; i++) {
        loss = find_loss(finder, graph->callee[fn][i], depth - 1, where);
    }
    return loss;
}

void
unwinding_check(Finder *finder, Build *build)
{
    static const SlotId slots[] = {SLOT_DEALLOC, SLOT_FINALIZE, SLOT_DEL};

    for (size_t s = 0; s < COUNT_OF(slots) && !build->cls.is_module; s++) {
        const Fn *fn = build->fn[slots[s]];
        int64_t index = fn != NULL ? program_callee(finder->program, fn->decl) : -1;
        const FnView *where = NULL;
        const Instr *loss = index >= 0 ? find_loss(finder, (uint32_t)index, DEPTH, &where) : NULL;

        if (loss != NULL && where != NULL) {
            hazard_add(finder, build, (Hazard){
                .kind = HAZARD_EXCEPTION_LOST,
                .at = {loss->loc, where->fn->decl->name, NULL},
                .because = {fn->loc, fn->decl->name,
                            arena_printf(finder->arena, "%s runs when an instance of %s dies, "
                                                        "perhaps while an exception is set",
                                         fn->decl->name, build->cls.name)},
                .what = called_name(loss)});
        }
    }
}

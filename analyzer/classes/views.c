/* views.c: what is known of a function before its values are traced: where temporaries are set,
 * what variables get, which calls it makes. */
#include "classes/private.h"

static void
look_at(Finder *finder, FnView *view, const Instr *ins)
{
    if (ins->op == OP_FIELD) {
        member_of_field(finder, ins); /* so that structs inside structs are known */
    }
    if (ins->op == OP_STORE && ins->a.kind == VAL_LOCAL) {
        VEC_PUSH(finder->arena, &view->local[ins->a.index].values, ins->b);
    }
    for (uint32_t i = 0; ins->op == OP_CALL && i < ins->nargs; i++) {
        uint32_t local = local_address(view, ins->args[i]);

        if (local != UINT32_MAX) {
            VEC_PUSH(finder->arena, &view->local[local].calls, ins);
            VEC_PUSH(finder->arena, &view->local[local].args, i);
        }
    }
}

static void
find_predecessors(Finder *finder, FnView *view)
{
    const Fn *fn = view->fn;
    uint8_t *count = ARENA_ARRAY(finder->arena, uint8_t, fn->nblock + 1);

    view->pred = ARENA_ARRAY(finder->arena, uint32_t, fn->nblock + 1);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        const Block *block = &fn->block[b];

        for (uint32_t s = 0; block->nins > 0 &&
                             s < instr_successors(&block->ins[block->nins - 1]); s++) {
            uint32_t to = instr_successor(&block->ins[block->nins - 1], s);

            count[to] = count[to] < 2 ? (uint8_t)(count[to] + 1) : 2;
            view->pred[to] = b;
        }
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        if (b == 0 || count[b] != 1) {
            view->pred[b] = UINT32_MAX;
        }
    }
}

static void
view_make(Finder *finder, FnView *view)
{
    static const char *const makers[] = {
        "_PyObject_New", "_PyObject_NewVar", "_PyObject_GC_New", "_PyObject_GC_NewVar",
        "PyUnstable_Object_GC_NewWithExtraData", ".tp_alloc", "PyType_GenericAlloc", NULL};
    const Fn *fn = view->fn;

    view->def = ARENA_ARRAY(finder->arena, const Instr *, fn->ntemp + 1);
    view->def_block = ARENA_ARRAY(finder->arena, uint32_t, fn->ntemp + 1);
    find_predecessors(finder, view);
    view->local = ARENA_ARRAY(finder->arena, LocalUse, fn->nlocal + 1);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            view->def[fn->block[b].ins[i].dst] = &fn->block[b].ins[i];
            view->def_block[fn->block[b].ins[i].dst] = b;
        }
    }
    view->def[0] = NULL;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];

            look_at(finder, view, ins);
            if (ins->op == OP_CALL) {
                VEC_PUSH(finder->arena, &view->calls, ins);
                VEC_PUSH(finder->arena, &view->call_block, b);
                view->is_maker = view->is_maker || calls_one_of(ins, makers);
            }
        }
    }
}

void
views_make(Finder *finder)
{
    finder->view = ARENA_ARRAY(finder->arena, FnView, finder->program->nfns + 1);
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        finder->view[f].fn = finder->program->fns[f];
        finder->view[f].index = f;
        view_make(finder, &finder->view[f]);
    }
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        actions_gather(finder, &finder->view[f]);
    }
}

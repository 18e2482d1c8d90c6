/* guard.c: the type checks that stand between where an object comes from and its store. */
#include <string.h>

#include "classes/private.h"

static void
mark_reachable(const Fn *fn, uint32_t block, uint64_t *seen)
{
    const Block *b = &fn->block[block];

    if (bit_test(seen, block) || b->nins == 0) {
        return;
    }
    seen[block / 64] |= UINT64_C(1) << (block % 64);
    for (uint32_t i = 0; i < instr_successors(&b->ins[b->nins - 1]); i++) {
        mark_reachable(fn, instr_successor(&b->ins[b->nins - 1], i), seen);
    }
}

/* True when control cannot come from the outcome "no" of the check to 'block'. */
static bool
check_guards(Finder *finder, const FnView *view, const Instr *check, uint32_t block)
{
    const Fn *fn = view->fn;

    for (uint32_t b = 0; b < fn->nblock; b++) {
        const Instr *br = fn->block[b].nins > 0 ? &fn->block[b].ins[fn->block[b].nins - 1] : NULL;
        const Instr *cond = br != NULL && br->op == OP_BR ? def_of(view, br->a) : NULL;
        uint32_t no = 1;

        while (cond != NULL && cond->op == OP_NOT) {
            cond = def_of(view, cond->a);
            no = 1 - no;
        }
        if (cond == check) {
            uint64_t *seen = ARENA_ARRAY(finder->arena, uint64_t, fn->nblock / 64 + 1);

            mark_reachable(fn, br->to[no], seen);
            return !bit_test(seen, block);
        }
    }
    return false;
}

static bool
same_source(const Source *a, const Source *b)
{
    return a->kind == b->kind && a->index == b->index && a->call == b->call &&
           a->member == b->member && a->decl == b->decl && a->kind != FROM_UNKNOWN;
}

bool
has_source(Finder *finder, const FnView *view, Val val, const Source *source)
{
    Sources sources = {0};

    sources_find(finder, view, val, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (same_source(&sources.at[i], source)) {
            return true;
        }
    }
    return false;
}

/* True for a check of the project's own, whose outcome nothing is known of. */
static bool
is_own_check(Holds *h, const FnView *view, const Instr *call, const Source *source, uint32_t block)
{
    bool own = callee_index(h->finder, call) >= 0 || text_equal(called_name(call), "Py_IS_TYPE");

    for (uint32_t a = 0; own && a < call->nargs; a++) {
        if (has_source(h->finder, view, call->args[a], source)) {
            return check_guards(h->finder, view, call, block);
        }
    }
    return false;
}

/* What the type checks that stand before 'block' leave of an object; 0: there are none. */
unsigned
checked_holds(Holds *h, const FnView *view, const Source *source, uint32_t block)
{
    for (uint32_t i = 0; i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];
        const char *name = called_name(call);
        unsigned holds = check_holds(name);

        if (call->nargs == 0 || block == UINT32_MAX ||
            (strstr(name, "Check") == NULL && strstr(name, "IS_TYPE") == NULL)) {
            continue;
        }
        if (is_own_check(h, view, call, source, block)) {
            return HOLD_UNKNOWN;
        }
        if (text_equal(name, "PyObject_TypeCheck") && call->nargs == 2) {
            holds = global_of(view, call->args[1]) != NULL ? HOLD_CLASS : 0;
        }
        if (holds == 0 || !has_source(h->finder, view, call->args[0], source) ||
            !check_guards(h->finder, view, call, block)) {
            continue;
        }
        return holds == HOLD_CLASS ? instance_holds(h, global_of(view, call->args[1])) : holds;
    }
    return 0;
}

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

/* True when control comes to 'block' from the outcome "yes" of the check (a call, a comparison) and
 * cannot come there from "no". */
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
        if (cond == check && cond->op == OP_CMP && text_equal(cond->name, "!=")) {
            no = 1 - no;
        }
        if (cond == check) {
            uint64_t *yes = ARENA_ARRAY(finder->arena, uint64_t, fn->nblock / 64 + 1);
            uint64_t *others = ARENA_ARRAY(finder->arena, uint64_t, fn->nblock / 64 + 1);

            mark_reachable(fn, br->to[1 - no], yes);
            mark_reachable(fn, br->to[no], others);
            return bit_test(yes, block) && !bit_test(others, block);
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

/* ---- what a check leaves ----------------------------------------------------- */

/* What instances of the type at 'type' lead to; HOLD_UNKNOWN when it is none known here. */
static unsigned
type_at(Holds *h, const FnView *view, Val type)
{
    const Decl *decl = global_of(view, type);
    Sources sources = {0};

    if (decl == NULL) {
        sources_find(h->finder, view, type, &sources);
        decl = sources.n == 1 && sources.at[0].kind == FROM_MEMBER
                   ? type_in_member(h->finder, sources.at[0].member) : NULL;
    }
    return decl != NULL ? instance_holds(h, decl) : HOLD_UNKNOWN;
}

static bool
compares_type(const Instr *call)
{
    static const char *const names[] = {"PyObject_TypeCheck", "Py_IS_TYPE", NULL};

    return calls_one_of(call, names) && call->nargs == 2;
}

/* What a check of the project's own leaves of its argument 'arg': by the type that it compares
 * with, when it is one. */
static unsigned
own_check_holds(Holds *h, const FnView *check, uint32_t arg)
{
    const Instr *test = NULL;

    for (uint32_t i = 0; i < check->calls.n; i++) {
        const Instr *call = check->calls.at[i];

        if (!compares_type(call) || !is_param(h->finder, check, call->args[0], arg)) {
            continue;
        }
        if (test != NULL) {
            return HOLD_UNKNOWN;
        }
        test = call;
    }
    return test != NULL ? type_at(h, check, test->args[1]) : HOLD_UNKNOWN;
}

/* What a call leaves of an object when its answer is yes; 0 when it is no type check of it. */
static unsigned
passing_holds(Holds *h, const FnView *view, const Instr *call, const Source *source)
{
    const Summary *fact = model_find(h->finder->model, called_name(call), NULL);
    bool api = fact != NULL && fact->origin == ORIGIN_BUILTIN; /* also when Python itself is read */
    int64_t own = api ? -1 : callee_index(h->finder, call);

    if (own >= 0) {
        for (uint32_t a = 0; a < call->nargs; a++) {
            if (has_source(h->finder, view, call->args[a], source)) {
                return own_check_holds(h, &h->finder->view[own], a);
            }
        }
        return 0;
    }
    if (!has_source(h->finder, view, call->args[0], source)) {
        return 0;
    }
    return compares_type(call) ? type_at(h, view, call->args[1]) : check_holds(called_name(call));
}

/* Py_TYPE(x) == &Node_Type, or != */
static unsigned
equal_holds(Holds *h, const FnView *view, const Instr *cmp, const Source *source)
{
    const Instr *type = def_of(view, cmp->a);

    if (cmp->op != OP_CMP ||
        (!text_equal(cmp->name, "==") && !text_equal(cmp->name, "!=")) || type == NULL ||
        type->op != OP_CALL || !text_equal(called_name(type), "Py_TYPE") || type->nargs == 0 ||
        !has_source(h->finder, view, type->args[0], source)) {
        return 0;
    }
    return type_at(h, view, cmp->b);
}

/* The same for comparisons in the conditions of branches. */
static unsigned
compared_holds(Holds *h, const FnView *view, const Source *source, uint32_t block)
{
    const Fn *fn = view->fn;

    for (uint32_t b = 0; b < fn->nblock; b++) {
        const Instr *br = fn->block[b].nins > 0 ? &fn->block[b].ins[fn->block[b].nins - 1] : NULL;
        const Instr *cond = br != NULL && br->op == OP_BR ? def_of(view, br->a) : NULL;
        unsigned holds = 0;

        while (cond != NULL && cond->op == OP_NOT) {
            cond = def_of(view, cond->a);
        }
        holds = cond != NULL ? equal_holds(h, view, cond, source) : 0;
        if (holds != 0 && check_guards(h->finder, view, cond, block)) {
            return holds;
        }
    }
    return 0;
}

/* What the type checks that stand before 'block' leave of an object; 0: there are none. */
unsigned
checked_holds(Holds *h, const FnView *view, const Source *source, uint32_t block)
{
    if (block == UINT32_MAX || source->kind == FROM_UNKNOWN) {
        return 0;
    }
    for (uint32_t i = 0; i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];
        const char *name = called_name(call);
        unsigned holds;

        if (call->nargs == 0 || (strstr(name, "Check") == NULL && strstr(name, "IS_TYPE") == NULL)) {
            continue;
        }
        holds = passing_holds(h, view, call, source);
        if (holds != 0 && check_guards(h->finder, view, call, block)) {
            return holds;
        }
    }
    return compared_holds(h, view, source, block);
}

/* given.c: which parameters of helper functions may get containers that others have as well.
 *
 * What Python passes is known to the caller's code; what a function makes for itself is not.  A
 * parameter counts as given when some call passes what was given, read from an argument or
 * a field, or got from a callee that gives what others have.
 */
#include <string.h>

#include "engine/state.h"

typedef struct Givens {
    const Program *program;
    const FnInfo *info;
    uint32_t *given; /* by function, a bit per parameter */
    const Fn *fn;    /* the one being looked at */
    uint32_t index;
    const Instr **def;
    uint8_t *local;  /* by local: 1 given, 2 being asked */
} Givens;

static bool
lends(const char *name)
{
    static const char *const parts[] = {
        "PyTuple_Get", "PyTuple_GET", "PyList_Get", "PyList_GET", "PyDict_Get", "PyDict_Next",
        "PySequence_Fast", "PySequence_GetItem", "PyObject_GetAttr", "PyObject_GetItem",
        "PyObject_Call", "PyObject_GetOptionalAttr", "PyMapping_GetItem", "PyIter_Next",
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (strstr(name, parts[i])) {
            return true;
        }
    }
    return false;
}

static bool is_given_local(Givens *g, uint32_t local);

static bool
is_given(Givens *g, Val val)
{
    for (int depth = 0; depth < 12 && val.kind == VAL_TEMP; depth++) {
        const Instr *ins = g->def[val.index];
        if (!ins) {
            return false;
        }
        if (ins->op == OP_CALL) {
            return lends(callee_name(ins));
        }
        if (ins->op == OP_LOAD) {
            return ins->a.kind == VAL_LOCAL ? is_given_local(g, ins->a.index)
                                            : ins->a.kind == VAL_TEMP;
        }
        val = ins->op == OP_CAST || ins->op == OP_COPY ? ins->a : VAL_NOTHING;
    }
    return false;
}

static bool
fills(const Instr *call, uint32_t local)
{
    const char *name = callee_name(call);
    bool filler = strstr(name, "PyArg_") || lends(name);
    for (uint32_t a = 0; filler && a < call->nargs; a++) {
        if (call->args[a].kind == VAL_LOCAL && call->args[a].index == local) {
            return true;
        }
    }
    return false;
}

static bool
is_given_local(Givens *g, uint32_t local)
{
    const Fn *fn = g->fn;
    if (local < fn->nparam) {
        return local < 32 && ((g->given[g->index] >> local) & 1);
    }
    if (g->local[local]) {
        return g->local[local] == 1;
    }
    g->local[local] = 2;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            bool set = ins->op == OP_STORE && ins->a.kind == VAL_LOCAL && ins->a.index == local &&
                       is_given(g, ins->b);
            if (set || (ins->op == OP_CALL && fills(ins, local))) {
                g->local[local] = 1;
                return true;
            }
        }
    }
    return false;
}

/* What the calls of one function pass on; true when something new was learned. */
static bool
pass_on(Givens *g, Arena *scratch, uint32_t f)
{
    const Fn *fn = g->program->fns[f];
    bool changed = false;
    g->fn = fn;
    g->index = f;
    g->def = ARENA_ARRAY(scratch, const Instr *, fn->ntemp + 1);
    g->local = ARENA_ARRAY(scratch, uint8_t, fn->nlocal + 1);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            g->def[fn->block[b].ins[i].dst] = &fn->block[b].ins[i];
        }
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *call = &fn->block[b].ins[i];
            int64_t callee = call->op == OP_CALL && call->a.kind == VAL_FUNC
                                 ? program_callee(g->program, call->a.decl) : -1;
            for (uint32_t a = 0; callee >= 0 && a < call->nargs && a < 32; a++) {
                uint32_t bit = 1U << a;
                if (!(g->given[callee] & bit) && is_given(g, call->args[a])) {
                    g->given[callee] |= bit;
                    changed = true;
                }
            }
        }
    }
    return changed;
}

uint32_t *
given_find(Arena *arena, const Program *program, const FnInfo *info)
{
    Givens g = {.program = program, .info = info,
                .given = ARENA_ARRAY(arena, uint32_t, program->nfns + 1)};
    const CallGraph *graph = program->graph;
    Arena *scratch = arena_new();
    for (uint32_t f = 0; f < program->nfns; f++) {
        bool outside = info[f].is_entry || graph->ncaller[f] == 0;
        g.given[f] = outside ? UINT32_MAX : 0;
    }
    bool changed = true;
    for (int pass = 0; changed && pass < 4; pass++) { /* callers first; again for recursion */
        changed = false;
        for (uint32_t n = graph->nfns; n-- > 0;) {
            changed = pass_on(&g, scratch, graph->order[n]) || changed;
            arena_reset(scratch);
        }
    }
    arena_free(scratch);
    return g.given;
}

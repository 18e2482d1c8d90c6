/* foreign_return.c: what a function returns into edges: its own arguments by caller, so that what
 * one caller passes does not come back to another.
 */
#include "engine/foreign_graph.h"

#define MAX_STEPS 6 /* through variables and calls */

/* The argument that a call with this fact gives back, -1 for none. */
static int
same_as(const Summary *fact)
{
    for (uint32_t c = 0; fact && c < fact->ncases; c++) {
        if (fact->cases[c].ret.kind == RESULT_SAME) {
            return fact->cases[c].ret.from;
        }
    }
    return -1;
}

/* The only store to the local, or NULL. */
static const Instr *
only_store(const Graph *g, uint32_t local)
{
    for (uint32_t b = 0; b < g->fn->nblock && g->stores[local] == 1; b++) {
        for (uint32_t i = 0; i < g->fn->block[b].nins; i++) {
            const Instr *ins = &g->fn->block[b].ins[i];
            if (ins->op == OP_STORE && ins->a.kind == VAL_LOCAL && ins->a.index == local) {
                return ins;
            }
        }
    }
    return NULL;
}

static void returns(Graph *g, uint32_t index, Val val, int depth);

static void
returns_call(Graph *g, uint32_t index, const Instr *call, int depth)
{
    const char *name = callee_name(call);
    const Summary *fact = name[0] ? model_find(g->model, name, NULL) : NULL;
    int64_t callee = graph_callee(g, call, fact);
    int same = same_as(fact);
    if (callee < 0 && same >= 0 && (uint32_t)same < call->nargs) {
        returns(g, index, call->args[same], depth - 1);
        return;
    }
    uint32_t result = g->base + g->fn->nlocal;
    if (callee < 0 || g->seen[callee] < 2) {
        graph_edge(g, TRANSFER_VALUE, g->call[call->dst], result);
        return;
    }
    graph_edge(g, TRANSFER_VALUE, g->first[callee] + g->program->fns[callee]->nlocal, result);
    for (uint32_t a = 0; a < call->nargs && a < 32; a++) {
        if ((g->gives[callee] >> a) & 1) {
            returns(g, index, call->args[a], depth - 1);
        }
    }
}

/* The function 'index' may return the operand. */
static void
returns(Graph *g, uint32_t index, Val val, int depth)
{
    const Instr *ins = val.kind == VAL_TEMP ? g->def[val.index] : NULL;
    while (ins && (ins->op == OP_CAST || ins->op == OP_COPY) && ins->a.kind == VAL_TEMP) {
        val = ins->a;
        ins = g->def[val.index];
    }
    bool checked = ins && g->checked && g->checked[val.index];
    bool load = ins && ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL && !checked;
    uint32_t local = load ? ins->a.index : 0;
    const Instr *store = load && depth > 0 ? only_store(g, local) : NULL;
    if (load && local < g->fn->nparam && local < 32 && g->stores[local] == 0 &&
        !(g->seen[index] & 1)) {
        g->gives[index] |= 1U << local;
    }
    else if (store && local >= g->fn->nparam) {
        returns(g, index, store->b, depth - 1);
    }
    else if (ins && ins->op == OP_CALL && depth > 0 && !checked) {
        returns_call(g, index, ins, depth);
    }
    else {
        graph_edge(g, TRANSFER_VALUE, graph_value(g, val), g->base + g->fn->nlocal);
    }
}

void
graph_returns(Graph *g, uint32_t index, Val val)
{
    returns(g, index, val, MAX_STEPS);
}

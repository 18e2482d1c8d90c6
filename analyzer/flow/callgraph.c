/* callgraph.c: who calls whom directly, and in which order to look at the
 * functions so that callees come before callers.
 *
 * Components by Tarjan's algorithm with a stack of its own.  Everything follows
 * the order of the functions given, so the result is the same on every run.
 */
#include <stdlib.h>

#include "flow/flow.h"

/* ---- edges --------------------------------------------------------------- */

static int
compare_indices(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* Sorts and removes doubles; returns how many are left. */
static uint32_t
sort_unique(uint32_t *at, uint32_t n)
{
    uint32_t kept = 0;

    if (n > 1) {
        qsort(at, n, sizeof(*at), compare_indices);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (kept == 0 || at[kept - 1] != at[i]) {
            at[kept++] = at[i];
        }
    }
    return kept;
}

static void
find_callees(Arena *arena, CallGraph *graph, uint32_t caller, const Fn *fn,
             CalleeOf callee_of, void *payload)
{
    VEC(uint32_t) callees = {0};

    for (uint32_t i = 0; i < fn->nblock; i++) {
        for (uint32_t k = 0; k < fn->block[i].nins; k++) {
            const Instr *ins = &fn->block[i].ins[k];
            int64_t callee = -1;

            if (ins->op == OP_CALL && ins->a.kind == VAL_FUNC) {
                callee = callee_of(payload, ins->a.decl);
            }
            if (callee >= 0) {
                assert(callee < graph->nfns);
                VEC_PUSH(arena, &callees, (uint32_t)callee);
            }
        }
    }
    graph->callee[caller] = callees.at;
    graph->ncallee[caller] = sort_unique(callees.at, callees.n);
}

/* The inverse edges; they come out sorted. */
static void
find_callers(Arena *arena, CallGraph *graph)
{
    for (uint32_t i = 0; i < graph->nfns; i++) {
        for (uint32_t k = 0; k < graph->ncallee[i]; k++) {
            graph->ncaller[graph->callee[i][k]]++;
        }
    }
    for (uint32_t i = 0; i < graph->nfns; i++) {
        graph->caller[i] = ARENA_ARRAY(arena, uint32_t, graph->ncaller[i]);
        graph->ncaller[i] = 0;
    }
    for (uint32_t i = 0; i < graph->nfns; i++) {
        for (uint32_t k = 0; k < graph->ncallee[i]; k++) {
            uint32_t callee = graph->callee[i][k];

            graph->caller[callee][graph->ncaller[callee]++] = i;
        }
    }
}

/* ---- components ---------------------------------------------------------- */

enum { NO_COMPONENT = UINT32_MAX };

typedef struct Tarjan {
    CallGraph *graph;
    uint32_t *number;  /* by function: when first visited, from 1; 0 = not yet */
    uint32_t *low;     /* by function: lowest number reachable within its component */
    uint32_t *next;    /* by function: callee to visit next */
    uint32_t *way;     /* functions being visited, caller before callee */
    uint32_t *open;    /* visited functions without a component */
    uint32_t nway, nopen, nvisited, nordered;
} Tarjan;

static void
enter(Tarjan *t, uint32_t fn)
{
    t->number[fn] = t->low[fn] = ++t->nvisited;
    t->way[t->nway++] = fn;
    t->open[t->nopen++] = fn;
}

static void
lower(Tarjan *t, uint32_t fn, uint32_t low)
{
    if (low < t->low[fn]) {
        t->low[fn] = low;
    }
}

/* Leaves a function whose callees are all visited; the first one of a component
 * takes the rest of it from the open ones. */
static void
leave(Tarjan *t)
{
    uint32_t fn = t->way[--t->nway], member;
    CallGraph *graph = t->graph;

    if (t->nway > 0) {
        lower(t, t->way[t->nway - 1], t->low[fn]);
    }
    if (t->low[fn] != t->number[fn]) {
        return;
    }
    do {
        member = t->open[--t->nopen];
        graph->component[member] = graph->ncomponents;
        graph->order[t->nordered++] = member;
    } while (member != fn);
    graph->ncomponents++;
}

static void
visit_from(Tarjan *t, uint32_t first)
{
    enter(t, first);
    while (t->nway > 0) {
        uint32_t fn = t->way[t->nway - 1], callee;

        if (t->next[fn] == t->graph->ncallee[fn]) {
            leave(t);
            continue;
        }
        callee = t->graph->callee[fn][t->next[fn]++];
        if (t->number[callee] == 0) {
            enter(t, callee);
        }
        else if (t->graph->component[callee] == NO_COMPONENT) {
            lower(t, fn, t->number[callee]);
        }
    }
}

static void
find_components(Arena *arena, CallGraph *graph)
{
    uint32_t n = graph->nfns;
    Tarjan t = {
        .graph = graph,
        .number = ARENA_ARRAY(arena, uint32_t, n),
        .low = ARENA_ARRAY(arena, uint32_t, n),
        .next = ARENA_ARRAY(arena, uint32_t, n),
        .way = ARENA_ARRAY(arena, uint32_t, n),
        .open = ARENA_ARRAY(arena, uint32_t, n),
    };

    for (uint32_t i = 0; i < n; i++) {
        graph->component[i] = NO_COMPONENT;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (t.number[i] == 0) {
            visit_from(&t, i);
        }
    }
    assert(t.nordered == n && t.nopen == 0);
}

CallGraph *
callgraph_build(Arena *arena, Fn *const *fns, uint32_t nfns, CalleeOf callee_of,
                void *payload)
{
    CallGraph *graph = ARENA_NEW(arena, CallGraph);

    *graph = (CallGraph){
        .nfns = nfns,
        .callee = ARENA_ARRAY(arena, uint32_t *, nfns),
        .ncallee = ARENA_ARRAY(arena, uint32_t, nfns),
        .caller = ARENA_ARRAY(arena, uint32_t *, nfns),
        .ncaller = ARENA_ARRAY(arena, uint32_t, nfns),
        .order = ARENA_ARRAY(arena, uint32_t, nfns),
        .component = ARENA_ARRAY(arena, uint32_t, nfns),
    };
    for (uint32_t i = 0; i < nfns; i++) {
        find_callees(arena, graph, i, fns[i], callee_of, payload);
    }
    find_callers(arena, graph);
    find_components(arena, graph);
    return graph;
}

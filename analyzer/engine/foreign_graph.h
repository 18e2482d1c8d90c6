/* foreign_graph.h: the graph of values while foreign.c builds it; private to foreign_*.c. */
#ifndef STRAYREF_ENGINE_FOREIGN_GRAPH_H
#define STRAYREF_ENGINE_FOREIGN_GRAPH_H

#include "engine/foreign.h"

typedef struct Edge {
    uint32_t from, to;
    Transfer transfer;
} Edge;

typedef struct Graph { /* under construction */
    Arena *arena; /* of the time until it is solved */
    Strings *strings;
    const Program *program;
    const Model *model;
    Foreign *foreign;
    VEC(Edge) edges;
    VEC(uint32_t) temp;
    VEC(uint8_t) bits;
    uint32_t *first;
    uint32_t *gives;     /* by function: the parameters that it may return, one bit each */
    uint8_t *seen;       /* by function: 1 called before it was looked through, 2 looked through */
    /* the function being looked through */
    Arena *scratch;
    const Fn *fn;
    uint32_t base;
    const Instr **def;
    uint32_t *call;         /* by temporary: the node of the call that sets it */
    const uint8_t *checked; /* by temporary, or NULL */
    uint8_t *stores;        /* by local: times that something is stored in it, 2 for more */
} Graph;

#define NO_NODE 0u

/* The node of what the operand is; NO_NODE for constants and what a check has found plain. */
uint32_t graph_value(Graph *g, Val val);
/* 'to' becomes foreign with 'from'; nothing happens when one is NO_NODE.  TRANSFER_ANY needs no
 * 'from'. */
void graph_edge(Graph *g, Transfer transfer, uint32_t from, uint32_t to);
/* The function of the program that the call reaches, unless a fact says what it does; -1. */
int64_t graph_callee(Graph *g, const Instr *call, const Summary *fact);

/* ---- foreign_return.c --------------------------------------------------------------------- */

/* Function 'index', the one being looked through, may return the operand.  What is an argument
 * goes to the caller who passed it, and to no other. */
void graph_returns(Graph *g, uint32_t index, Val val);

/* ---- foreign_solve.c ---------------------------------------------------------------------- */

/* Carries the bits of the nodes along the edges until nothing changes. */
void graph_solve(Graph *g);

#endif

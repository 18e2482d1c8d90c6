/* foreign_solve.c: carries what is foreign along the edges of the graph of values. */
#include "engine/foreign_graph.h"

static uint8_t
carried(Transfer transfer, uint8_t bits)
{
    const uint8_t held = FOREIGN_ITEMS | FOREIGN_KEYS;
    switch (transfer) {
    case TRANSFER_VALUE:
        return bits;
    case TRANSFER_ITEM:
        return bits & FOREIGN_ITEMS ? FOREIGN_ALL : 0;
    case TRANSFER_KEY:
        return bits & FOREIGN_KEYS ? FOREIGN_ALL : 0;
    case TRANSFER_PUT:
        return bits ? FOREIGN_ITEMS : 0;
    case TRANSFER_PUT_KEY:
        return bits ? FOREIGN_KEYS : 0;
    case TRANSFER_COPY:
        return bits & held;
    case TRANSFER_CONTENT:
        return bits & held ? FOREIGN_ITEMS : 0;
    default:
        return 0;
    }
}

/* Edges by where they begin: start[n] .. start[n + 1] of the list that is given back. */
static Edge *
sort_edges(Graph *g, uint32_t *start)
{
    Edge *sorted = ARENA_ARRAY(g->arena, Edge, g->edges.n + 1);
    for (uint32_t e = 0; e < g->edges.n; e++) {
        start[g->edges.at[e].from + 1]++;
    }
    for (uint32_t n = 0; n < g->bits.n; n++) {
        start[n + 1] += start[n];
    }
    uint32_t *next = arena_copy(g->arena, start, (g->bits.n + 1) * sizeof(*start));
    for (uint32_t e = 0; e < g->edges.n; e++) {
        sorted[next[g->edges.at[e].from]++] = g->edges.at[e];
    }
    return sorted;
}

void
graph_solve(Graph *g)
{
    uint32_t *start = ARENA_ARRAY(g->arena, uint32_t, g->bits.n + 2);
    const Edge *edges = sort_edges(g, start);
    VEC(uint32_t) work = {0};
    for (uint32_t n = 0; n < g->bits.n; n++) {
        if (g->bits.at[n]) {
            VEC_PUSH(g->arena, &work, n);
        }
    }
    while (work.n > 0) { /* a node gets each bit once */
        uint32_t from = work.at[--work.n];
        for (uint32_t e = start[from]; e < start[from + 1]; e++) {
            uint8_t *to = &g->bits.at[edges[e].to];
            uint8_t now = *to | carried(edges[e].transfer, g->bits.at[from]);
            if (now != *to) {
                *to = now;
                VEC_PUSH(g->arena, &work, edges[e].to);
            }
        }
    }
}

/* cfg.c: from blocks and jumps to predecessors, reverse post-order, loops and
 * what each loop stores to.
 *
 * A loop is a target of back edges of the depth-first walk, with all blocks
 * that lead back to it.  Loops are found from the inside out; a finished one
 * stands for all its blocks, so that no block is walked twice.  For a loop with
 * several entries (by goto), blocks that come before its head do not count.
 */
#include "flow/private.h"

enum { NOWHERE = UINT32_MAX };

/* ---- order --------------------------------------------------------------- */

typedef struct Step { /* a block on the way of the walk */
    uint32_t block;
    uint32_t next; /* successor to visit */
} Step;

/* Numbers reachable blocks in post-order, without recursion: flow->order is
 * filled from the end of 'order'. */
static void
find_order(Arena *arena, Flow *flow)
{
    uint32_t nblock = flow->fn->nblock, depth = 0, left = nblock;
    bool *seen = ARENA_ARRAY(arena, bool, nblock);
    Step *way = ARENA_ARRAY(arena, Step, nblock);
    uint32_t *order = ARENA_ARRAY(arena, uint32_t, nblock);

    seen[0] = true;
    way[depth++] = (Step){.block = 0};
    while (depth > 0) {
        Step *step = &way[depth - 1];
        const Instr *last = block_terminator(&flow->fn->block[step->block]);

        if (step->next < instr_successors(last)) {
            uint32_t to = instr_successor(last, step->next++);

            if (!seen[to]) {
                seen[to] = true;
                way[depth++] = (Step){.block = to};
            }
        }
        else {
            order[--left] = step->block;
            depth--;
        }
    }
    flow->order = order + left;
    flow->norder = nblock - left;
    for (uint32_t i = 0; i < flow->norder; i++) {
        flow->block[flow->order[i]].rpo = i;
    }
}

/* Calls for each distinct edge between reachable blocks, sources in reverse
 * post-order.  First counts predecessors, then notes them. */
static void
add_edges(Flow *flow, uint32_t *last_from, bool note)
{
    for (uint32_t i = 0; i < flow->fn->nblock; i++) {
        last_from[i] = NOWHERE;
    }
    for (uint32_t i = 0; i < flow->norder; i++) {
        uint32_t from = flow->order[i];
        const Instr *last = block_terminator(&flow->fn->block[from]);

        for (uint32_t k = 0; k < instr_successors(last); k++) {
            uint32_t to = instr_successor(last, k);
            BlockFlow *target = &flow->block[to];

            if (last_from[to] == from) {
                continue;
            }
            last_from[to] = from;
            if (note) {
                target->pred[target->npred] = from;
            }
            target->npred++;
        }
    }
}

static void
find_preds(Arena *arena, Flow *flow)
{
    uint32_t *last_from = ARENA_ARRAY(arena, uint32_t, flow->fn->nblock);

    add_edges(flow, last_from, false);
    for (uint32_t i = 0; i < flow->fn->nblock; i++) {
        BlockFlow *block = &flow->block[i];

        block->pred = ARENA_ARRAY(arena, uint32_t, block->npred);
        block->npred = 0;
    }
    add_edges(flow, last_from, true);
}

/* Marks the blocks that no jump back spans. */
static void
find_once(Arena *arena, Flow *flow)
{
    uint32_t *earliest = ARENA_ARRAY(arena, uint32_t, flow->norder); /* jumped to from here */
    uint32_t reached = UINT32_MAX; /* earliest position that a later block jumps to */

    for (uint32_t i = 0; i < flow->norder; i++) {
        earliest[i] = UINT32_MAX;
    }
    for (uint32_t i = 0; i < flow->norder; i++) {
        const BlockFlow *block = &flow->block[flow->order[i]];

        for (uint32_t k = 0; k < block->npred; k++) {
            uint32_t from = flow->block[block->pred[k]].rpo;

            if (from >= i && i < earliest[from]) {
                earliest[from] = i;
            }
        }
    }
    for (uint32_t i = flow->norder; i-- > 0;) {
        reached = earliest[i] < reached ? earliest[i] : reached;
        flow->block[flow->order[i]].once = reached > i;
    }
}

/* ---- loops --------------------------------------------------------------- */

typedef struct Loops {
    Flow *flow;
    uint32_t *outer;  /* by block: a head of a loop around it, itself = none found yet */
    uint32_t *parent; /* by head: the next loop around it */
    uint32_t *todo;   /* blocks to visit; room for all */
    uint32_t ntodo;
} Loops;

/* The outermost loop found so far that holds the block, or the block. */
static uint32_t
outermost(Loops *loops, uint32_t block)
{
    uint32_t top = block;

    while (loops->outer[top] != top) {
        top = loops->outer[top];
    }
    while (loops->outer[block] != top) {
        uint32_t next = loops->outer[block];

        loops->outer[block] = top;
        block = next;
    }
    return top;
}

/* Makes the finished loop or lone block that holds 'block' part of the loop of
 * 'head', to be walked on from. */
static void
join_loop(Loops *loops, uint32_t block, uint32_t head)
{
    uint32_t top = outermost(loops, block);
    BlockFlow *flow = loops->flow->block;

    if (top == head || flow[top].rpo < flow[head].rpo) {
        return;
    }
    loops->outer[top] = head;
    if (flow[top].loop_head) {
        loops->parent[top] = head;
    }
    else {
        flow[top].loop = head;
    }
    loops->todo[loops->ntodo++] = top;
}

static void
find_loop(Loops *loops, uint32_t head)
{
    BlockFlow *flow = loops->flow->block;

    for (uint32_t i = 0; i < flow[head].npred; i++) {
        uint32_t from = flow[head].pred[i];

        if (flow[from].rpo >= flow[head].rpo) {
            flow[head].loop_head = true;
            flow[head].loop = head;
            join_loop(loops, from, head);
        }
    }
    while (loops->ntodo > 0) {
        uint32_t block = loops->todo[--loops->ntodo];

        for (uint32_t i = 0; i < flow[block].npred; i++) {
            join_loop(loops, flow[block].pred[i], head);
        }
    }
}

/* Notes what the instructions of a block store to. */
static void
add_modified(const Block *block, BitSet modified)
{
    for (uint32_t i = 0; i < block->nins; i++) {
        const Instr *ins = &block->ins[i];

        if ((ins->op == OP_STORE || ins->op == OP_MOVE) && ins->a.kind == VAL_LOCAL) {
            bit_add(modified, ins->a.index);
        }
    }
}

/* Fills 'modified': first from each loop's own blocks, then, from the inside
 * out, from the loops inside. */
static void
find_modified(Arena *arena, Loops *loops)
{
    Flow *flow = loops->flow;
    uint32_t words = bit_words(flow->fn->nlocal);

    for (uint32_t i = 0; i < flow->norder; i++) {
        uint32_t head = flow->block[flow->order[i]].loop;

        if (head != NOWHERE) {
            if (flow->modified[head] == NULL) {
                flow->modified[head] = bit_new(arena, flow->fn->nlocal);
            }
            add_modified(&flow->fn->block[flow->order[i]], flow->modified[head]);
        }
    }
    for (uint32_t i = flow->norder; i-- > 0;) {
        uint32_t head = flow->order[i];
        uint32_t parent = loops->parent[head];

        for (uint32_t k = 0; parent != NOWHERE && k < words; k++) {
            flow->modified[parent][k] |= flow->modified[head][k];
        }
    }
}

static void
find_loops(Arena *arena, Flow *flow)
{
    uint32_t nblock = flow->fn->nblock;
    Loops loops = {
        .flow = flow,
        .outer = ARENA_ARRAY(arena, uint32_t, nblock),
        .parent = ARENA_ARRAY(arena, uint32_t, nblock),
        .todo = ARENA_ARRAY(arena, uint32_t, nblock),
    };

    for (uint32_t i = 0; i < nblock; i++) {
        loops.outer[i] = i;
        loops.parent[i] = NOWHERE;
    }
    for (uint32_t i = flow->norder; i-- > 0;) {
        find_loop(&loops, flow->order[i]);
    }
    flow->modified = ARENA_ARRAY(arena, BitSet, nblock);
    find_modified(arena, &loops);
}

/* ---- all of it ----------------------------------------------------------- */

Flow *
flow_build(Arena *arena, const Fn *fn)
{
    Flow *flow = ARENA_NEW(arena, Flow);

    assert(fn->nblock > 0);
    flow->fn = fn;
    flow->block = ARENA_ARRAY(arena, BlockFlow, fn->nblock);
    for (uint32_t i = 0; i < fn->nblock; i++) {
        flow->block[i].rpo = NOWHERE;
        flow->block[i].loop = NOWHERE;
    }
    find_order(arena, flow);
    find_preds(arena, flow);
    find_once(arena, flow);
    find_loops(arena, flow);
    live_build(arena, flow);
    return flow;
}

bool
flow_is_back_edge(const Flow *flow, uint32_t from, uint32_t to)
{
    uint32_t source = flow->block[from].rpo, target = flow->block[to].rpo;

    return source != NOWHERE && target != NOWHERE && source >= target;
}

/* turns.c: references that one loop takes and another gives away, a number of times that the
 * ledger cannot tell.
 *
 * for (i = 0; i < n; i++) Py_INCREF(f);  ...  for (i = added; i < n; i++) Py_DECREF(f);
 */
#include "engine/state.h"

#define NO_LOOP UINT32_MAX

/* The loop head around the block whose loop does not change the variable, or NO_LOOP. */
static uint32_t
loop_that_leaves(const Explorer *ex, uint32_t block, uint32_t local)
{
    uint32_t head = ex->flow->block[block].loop;
    bool steady = head != NO_LOOP && ex->flow->modified[head] &&
                  !bit_test(ex->flow->modified[head], local);
    return steady ? head : NO_LOOP;
}

/* +1 for a call that takes a reference to its only argument, -1 for one that drops it, else 0. */
static int
counting(const Instr *ins)
{
    const char *name = ins->op == OP_CALL && ins->nargs == 1 ? callee_name(ins) : "";
    if (text_ends(name, "Py_INCREF") || text_ends(name, "Py_XINCREF")) {
        return 1;
    }
    return text_ends(name, "Py_DECREF") || text_ends(name, "Py_XDECREF") ? -1 : 0;
}

/* True when another loop than 'loop', which leaves the variable alone as well, counts its object
 * by 'way'. */
static bool
is_counted_elsewhere(const Explorer *ex, uint32_t loop, uint32_t local, int way)
{
    for (uint32_t b = 0; b < ex->fn->nblock; b++) {
        const Block *block = &ex->fn->block[b];
        uint32_t head = ex->flow->block[b].rpo == UINT32_MAX ? NO_LOOP
                                                             : loop_that_leaves(ex, b, local);
        for (uint32_t i = 0; head != NO_LOOP && head != loop && i < block->nins; i++) {
            const Instr *load = counting(&block->ins[i]) == way
                                    ? local_load(block, &block->ins[i], block->ins[i].args[0])
                                    : NULL;
            if (load && load->a.index == local) {
                return true;
            }
        }
    }
    return false;
}

bool
is_counted_in_turns(const Explorer *ex, const Instr *at)
{
    const Block *block = &ex->fn->block[ex->block];
    int way = ex->flow->block[ex->block].loop != NO_LOOP ? counting(at) : 0;
    const Instr *load = way != 0 ? local_load(block, at, at->args[0]) : NULL;
    uint32_t loop = load ? loop_that_leaves(ex, ex->block, load->a.index) : NO_LOOP;
    return loop != NO_LOOP && is_counted_elsewhere(ex, loop, load->a.index, -way);
}

/* doubt.c: which tests of a function are reason to think that a value may be NULL, and which
 * assertions say that a call has failed.
 *
 * A callee that tests what it gets is none; neither is a test in a macro that serves many
 * values, an assertion (it says what holds for all callers), nor the end of a loop that walks
 * a list, which says nothing of the first element.
 */
#include "engine/state.h"

#define ASSERT_BLOCKS 6 /* between a test and what ends the program when it fails */

/* The block that ends with the branch, or NULL. */
static const Block *
block_of(const Explorer *ex, const Instr *branch)
{
    for (uint32_t b = 0; b < ex->fn->nblock; b++) {
        const Block *block = &ex->fn->block[b];
        if (block->nins > 0 && &block->ins[block->nins - 1] == branch) {
            return block;
        }
    }
    return NULL;
}

/* True when nothing happens in the block but that more of the condition is looked at. */
static bool
only_tests(const Block *block)
{
    for (uint32_t i = 0; i + 1 < block->nins; i++) {
        Op op = block->ins[i].op;
        if (op == OP_STORE || op == OP_CALL || op == OP_MOVE || op == OP_HAVOC) {
            return false;
        }
    }
    return true;
}

/* True when the program ends in the block, or in one that follows after mere tests. */
static bool
ends_program(const Explorer *ex, uint32_t number, int blocks)
{
    const Block *block = &ex->fn->block[number];
    const Instr *last = &block->ins[block->nins - 1];
    if (last->op == OP_UNREACHABLE) {
        return true;
    }
    return blocks > 0 && last->op == OP_BR && only_tests(block) &&
           (ends_program(ex, last->to[0], blocks - 1) ||
            ends_program(ex, last->to[1], blocks - 1));
}

/* True for the test at the head of a loop that moves on what it tests. */
static bool
is_end_of_walk(const Explorer *ex, const Block *block)
{
    uint32_t head = (uint32_t)(block - ex->fn->block);
    const uint64_t *moved = ex->flow->block[head].loop_head ? ex->flow->modified[head] : NULL;
    for (uint32_t i = 0; moved && i < block->nins; i++) {
        const Instr *ins = &block->ins[i];
        if (ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL && bit_test(moved, ins->a.index)) {
            return true;
        }
    }
    return false;
}

static bool
is_reason(const Explorer *ex, const Instr *branch)
{
    const Block *block = block_of(ex, branch);
    if (branch->loc.macro || !block) {
        return false;
    }
    return !is_end_of_walk(ex, block) && !ends_program(ex, branch->to[0], ASSERT_BLOCKS) &&
           !ends_program(ex, branch->to[1], ASSERT_BLOCKS);
}

/* The answer that temporary 'temp' of the block stands for, as far as one sees: 1 when the
 * condition 'val' is true with it, 0 when it is false, -1 when it is something else. */
static int
same_answer(const Block *block, Val val, uint32_t temp)
{
    int same = 1;
    for (uint32_t i = block->nins; i-- > 0;) {
        const Instr *ins = &block->ins[i];
        if (val.kind == VAL_TEMP && val.index == temp) {
            return same;
        }
        if (val.kind != VAL_TEMP || ins->dst != val.index) {
            continue;
        }
        bool zero = ins->op == OP_CMP && (ins->b.kind == VAL_NULL ||
                                          (ins->b.kind == VAL_INT && ins->b.num == 0));
        if (ins->op == OP_NOT || (zero && text_equal(ins->name, "=="))) {
            same = !same;
        }
        else if (ins->op != OP_CAST && ins->op != OP_COPY &&
                 !(zero && text_equal(ins->name, "!="))) {
            return -1;
        }
        val = ins->a;
    }
    return -1;
}

bool
exception_is_asserted(const Explorer *ex)
{
    const Block *block = &ex->fn->block[ex->block];
    uint32_t first = ex->ins + 1, blocks = 0;
    for (uint32_t i = first; i < block->nins; i++) {
        const Instr *ins = &block->ins[i], *last = &block->ins[block->nins - 1];
        if (ins->op == OP_JMP && blocks++ < ASSERT_BLOCKS) {
            block = &ex->fn->block[ins->to[0]];
            i = (uint32_t)-1;
        }
        else if (ins->op == OP_CALL && text_ends(callee_name(ins), "PyErr_Occurred")) {
            int same = last->op == OP_BR ? same_answer(block, last->a, ins->dst) : -1;
            return same >= 0 && ends_program(ex, last->to[same], ASSERT_BLOCKS);
        }
        else if (ins->op == OP_CALL || ins->op == OP_STORE) {
            return false;
        }
    }
    return false;
}

bool
is_asserted_answer(const Explorer *ex)
{
    const Block *block = &ex->fn->block[ex->block];
    const Instr *last = &block->ins[block->nins - 1];
    for (uint32_t i = ex->ins + 1; i < block->nins; i++) {
        if (block->ins[i].op == OP_CALL || block->ins[i].op == OP_STORE) {
            return false;
        }
    }
    for (int arm = 0; last->op == OP_BR && arm < 2; arm++) {
        const Block *to = &ex->fn->block[last->to[arm]];
        if (ends_program(ex, last->to[arm], 0) && to->ins[to->nins - 1].loc.macro) {
            return true;
        }
    }
    return false;
}

/* True when the condition asks whether the value is NULL. */
static bool
asks_for_null(const Sym *cond, const Sym *sym)
{
    while (cond->kind == SYM_NOT ||
           (cond->kind == SYM_CMP && cond->b->kind == SYM_INT && cond->b->num == 0)) {
        cond = cond->a;
    }
    return cond == sym;
}

bool
null_is_evident(Explorer *ex, const State *state, const Sym *sym)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    bool local = place && place->kind == PLACE_LOCAL, tested = false;
    if (!place || (local && ((ex->info->deleted > 0 && place->index == ex->info->deleted) ||
                             (ex->info->has_kwds && place->index == 2)))) {
        return true;
    }
    if (local && place->index < 8 && (ex->info->given >> place->index & 1)) {
        return false;
    }
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_BRANCH && asks_for_null(n->sym, sym)) {
            tested = true;
            if (is_reason(ex, n->at)) {
                return true;
            }
        }
    }
    return !local && !tested;
}

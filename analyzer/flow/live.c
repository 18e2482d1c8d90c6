/* live.c: which locals and temporaries still matter at the start of each block.
 *
 * Locals by the usual backward equations over bit sets, in post-order until
 * nothing changes.  A local whose address was taken can be read behind our
 * back: it counts from its first store or address on, forward, until 'dead'.
 * Temporaries, set once and mostly used at once, are walked one by one from
 * their uses back to where they are set.
 */
#include <string.h>

#include "flow/private.h"

enum { NO_BLOCK = UINT32_MAX, MANY_BLOCKS = UINT32_MAX - 1 };

/* ---- locals -------------------------------------------------------------- */

/* True when operand i of the instruction is a local that the instruction
 * only reads, writes or ends, so that nobody learns its address. */
static bool
is_access(const Instr *ins, uint32_t i)
{
    switch (ins->op) {
    case OP_LOAD:
    case OP_STORE:
    case OP_DEAD: return i == 0;
    case OP_MOVE: return i <= 1;
    default: return false;
    }
}

static void
find_addressed(Flow *flow)
{
    for (uint32_t i = 0; i < flow->fn->nblock; i++) {
        for (uint32_t k = 0; k < flow->fn->block[i].nins; k++) {
            const Instr *ins = &flow->fn->block[i].ins[k];

            for (uint32_t n = 0; n < instr_operands(ins); n++) {
                Val val = instr_operand(ins, n);

                if (val.kind == VAL_LOCAL && !is_access(ins, n)) {
                    bit_add(flow->addressed, val.index);
                }
            }
        }
    }
}

/* The two sets of a data-flow equation for each block. */
typedef struct Sets {
    BitSet *gen, *kill;
} Sets;

static Sets
sets_new(Arena *arena, const Fn *fn)
{
    Sets sets = {
        .gen = ARENA_ARRAY(arena, BitSet, fn->nblock),
        .kill = ARENA_ARRAY(arena, BitSet, fn->nblock),
    };

    for (uint32_t i = 0; i < fn->nblock; i++) {
        sets.gen[i] = bit_new(arena, fn->nlocal);
        sets.kill[i] = bit_new(arena, fn->nlocal);
    }
    return sets;
}

/* Backward: what the block reads before it writes, and what it writes. */
static void
find_reads(const Block *block, BitSet gen, BitSet kill)
{
    for (uint32_t i = block->nins; i-- > 0;) {
        const Instr *ins = &block->ins[i];
        bool writes = ins->op == OP_STORE || ins->op == OP_MOVE || ins->op == OP_DEAD;

        if (writes && ins->a.kind == VAL_LOCAL) {
            bit_drop(gen, ins->a.index);
            bit_add(kill, ins->a.index);
        }
        if (ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL) {
            bit_add(gen, ins->a.index);
        }
        if (ins->op == OP_MOVE && ins->b.kind == VAL_LOCAL) {
            bit_add(gen, ins->b.index);
        }
    }
}

/* Forward: addressed locals that the block fills or lets others see, and
 * those that it ends. */
static void
find_fills(const Flow *flow, const Block *block, BitSet gen, BitSet kill)
{
    for (uint32_t i = 0; i < block->nins; i++) {
        const Instr *ins = &block->ins[i];

        for (uint32_t n = 0; n < instr_operands(ins); n++) {
            Val val = instr_operand(ins, n);

            if (val.kind != VAL_LOCAL || !bit_test(flow->addressed, val.index)) {
                continue;
            }
            if (ins->op == OP_DEAD) {
                bit_drop(gen, val.index);
                bit_add(kill, val.index);
            }
            else {
                bit_add(gen, val.index);
                bit_drop(kill, val.index);
            }
        }
    }
}

/* set = set | gen | (in & ~kill); true when it grew. */
static bool
bit_flow(BitSet set, const uint64_t *gen, const uint64_t *in, const uint64_t *kill,
         uint32_t words)
{
    bool grew = false;

    for (uint32_t i = 0; i < words; i++) {
        uint64_t next = set[i] | gen[i] | (in[i] & ~kill[i]);

        grew |= next != set[i];
        set[i] = next;
    }
    return grew;
}

static void
bit_join(BitSet set, const uint64_t *other, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        set[i] |= other[i];
    }
}

/* Live by reading: flow->block[].live_locals, backwards to a fixed point. */
static void
find_read_later(Arena *arena, Flow *flow)
{
    const Fn *fn = flow->fn;
    uint32_t words = bit_words(fn->nlocal);
    Sets sets = sets_new(arena, fn);
    BitSet out = bit_new(arena, fn->nlocal);
    bool changed = true;

    for (uint32_t i = 0; i < fn->nblock; i++) {
        find_reads(&fn->block[i], sets.gen[i], sets.kill[i]);
        flow->block[i].live_locals = bit_new(arena, fn->nlocal);
    }
    while (changed) {
        changed = false;
        for (uint32_t i = flow->norder; i-- > 0;) {
            uint32_t block = flow->order[i];
            const Instr *last = block_terminator(&fn->block[block]);

            memset(out, 0, words * sizeof(*out));
            for (uint32_t k = 0; k < instr_successors(last); k++) {
                bit_join(out, flow->block[instr_successor(last, k)].live_locals, words);
            }
            changed |= bit_flow(flow->block[block].live_locals, sets.gen[block], out,
                                sets.kill[block], words);
        }
    }
}

/* Parameters are filled from the start. */
static void
add_params(const Flow *flow, BitSet in)
{
    for (uint32_t i = 0; i < flow->fn->nparam; i++) {
        if (bit_test(flow->addressed, i)) {
            bit_add(in, i);
        }
    }
}

/* Live because others may read them: addressed locals from their first store
 * on.  Added to live_locals. */
static void
find_filled_before(Arena *arena, Flow *flow)
{
    const Fn *fn = flow->fn;
    uint32_t words = bit_words(fn->nlocal);
    Sets sets = sets_new(arena, fn);
    BitSet *filled = ARENA_ARRAY(arena, BitSet, fn->nblock); /* at each block's end */
    BitSet in = bit_new(arena, fn->nlocal);
    bool changed = true, last_turn = false;

    for (uint32_t i = 0; i < fn->nblock; i++) {
        find_fills(flow, &fn->block[i], sets.gen[i], sets.kill[i]);
        filled[i] = bit_new(arena, fn->nlocal);
    }
    while (changed || !last_turn) {
        last_turn = !changed; /* one more, with everything known, to write it down */
        changed = false;
        for (uint32_t i = 0; i < flow->norder; i++) {
            uint32_t block = flow->order[i];

            memset(in, 0, words * sizeof(*in));
            if (block == 0) {
                add_params(flow, in);
            }
            for (uint32_t k = 0; k < flow->block[block].npred; k++) {
                bit_join(in, filled[flow->block[block].pred[k]], words);
            }
            changed |= bit_flow(filled[block], sets.gen[block], in, sets.kill[block],
                                words);
            if (last_turn) {
                bit_join(flow->block[block].live_locals, in, words);
            }
        }
    }
}

static bool
is_empty(const uint64_t *set, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        if (set[i] != 0) {
            return false;
        }
    }
    return true;
}

/* ---- temporaries --------------------------------------------------------- */

typedef struct Use Use;
struct Use { /* a block that uses a temporary of another block */
    uint32_t block;
    Use *next;
};

typedef struct Temps {
    Arena *arena;
    Flow *flow;
    uint32_t *set_in; /* by temporary: the block that sets it */
    Use **use;        /* by temporary */
    BitSet none;      /* shared by blocks where no temporary is live */
    uint32_t *todo;   /* blocks to visit; room for all */
} Temps;

/* Where a temporary is set, and where it is used last when one block has all
 * the uses. */
static void
find_uses(Temps *temps)
{
    Flow *flow = temps->flow;

    for (uint32_t i = 0; i < flow->fn->nblock; i++) {
        for (uint32_t k = 0; k < flow->fn->block[i].nins; k++) {
            const Instr *ins = &flow->fn->block[i].ins[k];

            temps->set_in[ins->dst] = i;
            for (uint32_t n = 0; n < instr_operands(ins); n++) {
                Val val = instr_operand(ins, n);

                if (val.kind == VAL_TEMP) {
                    uint32_t *only = &flow->use_block[val.index];

                    *only = *only == NO_BLOCK || *only == i ? i : MANY_BLOCKS;
                    flow->use_ins[val.index] = k;
                }
            }
        }
    }
}

/* Notes the uses outside the block that sets the temporary. */
static void
find_far_uses(Temps *temps)
{
    const Fn *fn = temps->flow->fn;

    for (uint32_t i = 0; i < fn->nblock; i++) {
        for (uint32_t k = 0; k < fn->block[i].nins; k++) {
            const Instr *ins = &fn->block[i].ins[k];

            for (uint32_t n = 0; n < instr_operands(ins); n++) {
                Val val = instr_operand(ins, n);

                if (val.kind == VAL_TEMP && temps->set_in[val.index] != i) {
                    Use *use = ARENA_NEW(temps->arena, Use);

                    *use = (Use){.block = i, .next = temps->use[val.index]};
                    temps->use[val.index] = use;
                }
            }
        }
    }
}

/* Makes the temporary live at the start of the block; true when it was not. */
static bool
make_live(Temps *temps, uint32_t block, uint32_t temp)
{
    BitSet *live = &temps->flow->block[block].live_temps;

    if (bit_test(*live, temp)) {
        return false;
    }
    if (*live == temps->none) {
        *live = bit_new(temps->arena, temps->flow->fn->ntemp + 1);
    }
    bit_add(*live, temp);
    return true;
}

static void
find_live_temp(Temps *temps, uint32_t temp)
{
    uint32_t ntodo = 0;

    for (const Use *use = temps->use[temp]; use != NULL; use = use->next) {
        if (make_live(temps, use->block, temp)) {
            temps->todo[ntodo++] = use->block;
        }
    }
    while (ntodo > 0) {
        const BlockFlow *block = &temps->flow->block[temps->todo[--ntodo]];

        for (uint32_t i = 0; i < block->npred; i++) {
            uint32_t pred = block->pred[i];

            if (pred != temps->set_in[temp] && make_live(temps, pred, temp)) {
                temps->todo[ntodo++] = pred;
            }
        }
    }
}

static void
find_live_temps(Arena *arena, Flow *flow)
{
    const Fn *fn = flow->fn;
    Temps temps = {
        .arena = arena,
        .flow = flow,
        .set_in = ARENA_ARRAY(arena, uint32_t, fn->ntemp + 1),
        .use = ARENA_ARRAY(arena, Use *, fn->ntemp + 1),
        .none = bit_new(arena, fn->ntemp + 1),
        .todo = ARENA_ARRAY(arena, uint32_t, fn->nblock),
    };

    for (uint32_t i = 0; i < fn->nblock; i++) {
        flow->block[i].live_temps = temps.none;
    }
    for (uint32_t i = 0; i <= fn->ntemp; i++) {
        flow->use_block[i] = NO_BLOCK;
    }
    find_uses(&temps);
    find_far_uses(&temps);
    for (uint32_t i = 1; i <= fn->ntemp; i++) {
        find_live_temp(&temps, i);
    }
}

/* ---- all of it ----------------------------------------------------------- */

void
live_build(Arena *arena, Flow *flow)
{
    const Fn *fn = flow->fn;

    flow->addressed = bit_new(arena, fn->nlocal);
    flow->use_block = ARENA_ARRAY(arena, uint32_t, fn->ntemp + 1);
    flow->use_ins = ARENA_ARRAY(arena, uint32_t, fn->ntemp + 1);
    find_addressed(flow);
    find_read_later(arena, flow);
    if (!is_empty(flow->addressed, bit_words(fn->nlocal))) {
        find_filled_before(arena, flow);
    }
    find_live_temps(arena, flow);
}

static bool
is_used_by(const Instr *ins, uint32_t temp)
{
    for (uint32_t i = 0; i < instr_operands(ins); i++) {
        Val val = instr_operand(ins, i);

        if (val.kind == VAL_TEMP && val.index == temp) {
            return true;
        }
    }
    return false;
}

bool
flow_temp_dies(const Flow *flow, uint32_t block, uint32_t ins, uint32_t temp)
{
    const Block *code = &flow->fn->block[block];
    const Instr *last = block_terminator(code);

    if (flow->use_block[temp] == NO_BLOCK) {
        return true;
    }
    if (flow->use_block[temp] == block && flow->use_ins[temp] > ins) {
        return false;
    }
    if (flow->use_block[temp] == MANY_BLOCKS) {
        for (uint32_t i = ins + 1; i < code->nins; i++) {
            if (is_used_by(&code->ins[i], temp)) {
                return false;
            }
        }
    }
    for (uint32_t i = 0; i < instr_successors(last); i++) {
        if (bit_test(flow->block[instr_successor(last, i)].live_temps, temp)) {
            return false;
        }
    }
    return true;
}

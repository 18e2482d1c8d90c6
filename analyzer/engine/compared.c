/* compared.c: all calls of a function into the arguments that every caller compares with the
 * result: 'n = helper(o); if (n != o) Py_DECREF(n);' is a contract by which the helper gives its
 * argument back without a reference of its own.
 */
#include "engine/state.h"

typedef struct Pair { /* two variables that the function compares */
    uint64_t a, b;
} Pair;

typedef struct Pairs {
    Arena *arena;
    VEC(Pair) list;
} Pairs;

static void
find_pairs(Pairs *pairs, const Fn *fn)
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        const Block *block = &fn->block[b];
        for (uint32_t i = 0; i < block->nins; i++) {
            const Instr *ins = &block->ins[i];
            bool same = ins->op == OP_CMP && (text_equal(ins->name, "==") ||
                                              text_equal(ins->name, "!="));
            const Instr *left = same ? local_load(block, ins, ins->a) : NULL;
            const Instr *right = left ? local_load(block, ins, ins->b) : NULL;
            if (right) {
                Pair pair = {left->a.index, right->a.index};
                VEC_PUSH(pairs->arena, &pairs->list, pair);
            }
        }
    }
}

/* The variable that gets what the call gives, or UINT64_MAX. */
static uint64_t
result_local(const Block *block, const Instr *call)
{
    Val result = {.kind = VAL_TEMP, .index = call->dst};
    for (const Instr *ins = call + 1; ins < block->ins + block->nins; ins++) {
        bool passed = ins->a.kind == VAL_TEMP && ins->a.index == result.index;
        if ((ins->op == OP_CAST || ins->op == OP_COPY) && passed) {
            result.index = ins->dst;
        }
        if (ins->op == OP_STORE && ins->a.kind == VAL_LOCAL && ins->b.kind == VAL_TEMP &&
            ins->b.index == result.index) {
            return ins->a.index;
        }
    }
    return UINT64_MAX;
}

/* The arguments that the caller compares with what the call gives. */
static uint8_t
compared_at(const Pairs *pairs, const Block *block, const Instr *call)
{
    uint64_t result = pairs->list.n > 0 && call->dst ? result_local(block, call) : UINT64_MAX;
    uint8_t found = 0;
    for (uint32_t a = 0; result != UINT64_MAX && a < call->nargs && a < 8; a++) {
        const Instr *load = local_load(block, call, call->args[a]);
        for (uint32_t p = 0; load && p < pairs->list.n; p++) {
            const Pair *pair = &pairs->list.at[p];
            bool both = (pair->a == load->a.index && pair->b == result) ||
                        (pair->b == load->a.index && pair->a == result);
            found |= both ? (uint8_t)(1U << a) : 0;
        }
    }
    return found;
}

static void
look_at_calls(Arena *scratch, const Program *program, const Fn *fn, FnInfo *info, bool *called)
{
    Pairs pairs = {.arena = scratch};
    find_pairs(&pairs, fn);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            bool direct = ins->op == OP_CALL && ins->a.kind == VAL_FUNC && ins->a.decl->is_static;
            int64_t callee = direct ? program_callee(program, ins->a.decl) : -1;
            if (callee >= 0) {
                uint8_t now = compared_at(&pairs, &fn->block[b], ins);
                info[callee].compared = called[callee] ? info[callee].compared & now : now;
                called[callee] = true;
            }
        }
    }
}

void
compared_find(const Program *program, FnInfo *info)
{
    Arena *scratch = arena_new();
    bool *called = ARENA_ARRAY(scratch, bool, program->nfns + 1);
    for (uint32_t f = 0; f < program->nfns; f++) {
        look_at_calls(scratch, program, program->fns[f], info, called);
    }
    arena_free(scratch);
}

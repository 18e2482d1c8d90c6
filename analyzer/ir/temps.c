/* temps.c: checks that every temporary of a function is set once, and set on
 * every way that leads to a use of it.
 *
 * Uses in the block that sets the temporary are a matter of order; from the
 * others it walks backwards, once per temporary over the blocks between.
 */
#include "ir/private.h"

typedef struct Use Use;
struct Use { /* one use of a temporary that another block has set */
    uint32_t block;
    Use *next;
};

typedef struct Check {
    Arena *arena; /* of this check alone */
    const Fn *fn;
    uint32_t *set_in;    /* by temporary: block + 1 of its instruction, 0 = none */
    Use **use;           /* by temporary */
    uint32_t **pred;     /* by block: reachable predecessors */
    uint32_t *npred;
    bool *reachable;     /* by block */
    uint32_t *seen_for;  /* by block: the temporary it was last visited for */
    uint32_t *todo;      /* blocks to visit; room for all */
    Error *error;
} Check;

static bool
fail(Check *c, uint32_t block, const char *what, uint32_t temp)
{
    return error_set(c->error, ERROR_INPUT, "%s: function %s, b%u: temporary %%%u %s",
                     c->fn->loc.file == NULL ? "unit" : c->fn->loc.file,
                     c->fn->decl->name, block, temp, what);
}

/* Finds the instruction that sets each temporary. */
static bool
find_sets(Check *c)
{
    for (uint32_t i = 0; i < c->fn->nblock; i++) {
        const Block *block = &c->fn->block[i];

        for (uint32_t k = 0; k < block->nins; k++) {
            uint32_t dst = block->ins[k].dst;

            if (dst != 0 && c->set_in[dst] != 0) {
                return fail(c, i, "is set twice", dst);
            }
            if (dst != 0) {
                c->set_in[dst] = i + 1;
            }
        }
    }
    return true;
}

/* Notes a use; one inside the block that sets the temporary is checked at
 * once against 'set', what the instructions so far have set. */
static bool
note_use(Check *c, uint32_t block, uint32_t temp, const bool *set)
{
    if (c->set_in[temp] == 0) {
        return fail(c, block, "is used but never set", temp);
    }
    if (c->set_in[temp] == block + 1) {
        return set[temp] || fail(c, block, "is used before it is set", temp);
    }
    if (c->reachable[block]) {
        Use *use = ARENA_NEW(c->arena, Use);

        *use = (Use){.block = block, .next = c->use[temp]};
        c->use[temp] = use;
    }
    return true;
}

static bool
find_uses(Check *c)
{
    bool *set = ARENA_ARRAY(c->arena, bool, c->fn->ntemp + 1);

    for (uint32_t i = 0; i < c->fn->nblock; i++) {
        for (uint32_t k = 0; k < c->fn->block[i].nins; k++) {
            const Instr *ins = &c->fn->block[i].ins[k];

            for (uint32_t n = 0; n < instr_operands(ins); n++) {
                Val val = instr_operand(ins, n);

                if (val.kind == VAL_TEMP && !note_use(c, i, val.index, set)) {
                    return false;
                }
            }
            set[ins->dst] = true;
        }
    }
    return true;
}

static const Instr *
terminator(const Fn *fn, uint32_t block)
{
    return &fn->block[block].ins[fn->block[block].nins - 1];
}

/* Adds the edges out of a reachable block; puts new blocks on the list. */
static void
visit(Check *c, uint32_t block, uint32_t *ntodo)
{
    const Instr *last = terminator(c->fn, block);

    for (uint32_t i = 0; i < instr_successors(last); i++) {
        uint32_t to = instr_successor(last, i);

        c->npred[to]++;
        if (!c->reachable[to]) {
            c->reachable[to] = true;
            c->todo[(*ntodo)++] = to;
        }
    }
}

static void
find_preds(Check *c)
{
    uint32_t nblock = c->fn->nblock, ntodo = 1;

    c->reachable[0] = true;
    while (ntodo > 0) {
        visit(c, c->todo[--ntodo], &ntodo);
    }
    for (uint32_t i = 0; i < nblock; i++) {
        c->pred[i] = ARENA_ARRAY(c->arena, uint32_t, c->npred[i]);
        c->npred[i] = 0;
    }
    for (uint32_t i = 0; i < nblock; i++) {
        const Instr *last = terminator(c->fn, i);

        for (uint32_t k = 0; c->reachable[i] && k < instr_successors(last); k++) {
            uint32_t to = instr_successor(last, k);

            c->pred[to][c->npred[to]++] = i;
        }
    }
}

/* Puts a block on the list unless it was there for the same temporary. */
static void
walk_to(Check *c, uint32_t block, uint32_t temp, uint32_t *ntodo)
{
    if (c->seen_for[block] != temp) {
        c->seen_for[block] = temp;
        c->todo[(*ntodo)++] = block;
    }
}

/* Walks backwards from all uses of a temporary; every way must end at the
 * block that sets it, none at the entry. */
static bool
check_ways(Check *c, uint32_t temp)
{
    uint32_t ntodo = 0;

    for (const Use *use = c->use[temp]; use != NULL; use = use->next) {
        walk_to(c, use->block, temp, &ntodo);
    }
    while (ntodo > 0) {
        uint32_t block = c->todo[--ntodo];

        if (block == 0) {
            return fail(c, c->use[temp]->block, "is not set on every way to its use",
                        temp);
        }
        for (uint32_t i = 0; i < c->npred[block]; i++) {
            if (c->pred[block][i] != c->set_in[temp] - 1) {
                walk_to(c, c->pred[block][i], temp, &ntodo);
            }
        }
    }
    return true;
}

bool
temps_check(Arena *arena, const Fn *fn, Error *error)
{
    Check c = {
        .arena = arena,
        .fn = fn,
        .set_in = ARENA_ARRAY(arena, uint32_t, fn->ntemp + 1),
        .use = ARENA_ARRAY(arena, Use *, fn->ntemp + 1),
        .pred = ARENA_ARRAY(arena, uint32_t *, fn->nblock),
        .npred = ARENA_ARRAY(arena, uint32_t, fn->nblock),
        .reachable = ARENA_ARRAY(arena, bool, fn->nblock),
        .seen_for = ARENA_ARRAY(arena, uint32_t, fn->nblock),
        .todo = ARENA_ARRAY(arena, uint32_t, fn->nblock),
        .error = error,
    };

    find_preds(&c);
    if (!find_sets(&c) || !find_uses(&c)) {
        return false;
    }
    for (uint32_t temp = 1; temp <= fn->ntemp; temp++) {
        if (!check_ways(&c, temp)) {
            return false;
        }
    }
    return true;
}

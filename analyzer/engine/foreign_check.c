/* foreign_check.c: type checks of a function into loads of what is of a plain type by then.
 *
 * A bit per variable that is checked anywhere, carried forward through the blocks: set where a
 * check has said yes, or the variable equals a constant; gone with the next store.
 */
#include <string.h>

#include "engine/foreign.h"

#define MAX_CHECKED 64

typedef struct Checks {
    const Fn *fn;
    const Instr *const *def;
    uint32_t local[MAX_CHECKED]; /* the variables */
    uint32_t nlocal;
    uint64_t *at;   /* by block: what holds where it begins */
} Checks;

static bool
is_check(const Instr *ins)
{
    static const char *const names[] = {
        "PyUnicode_CheckExact", "PyLong_CheckExact", "PyBytes_CheckExact", "PyFloat_CheckExact",
        "PyBool_Check", "PyUnicode_Check", "PyLong_Check", "PyFloat_Check", "PyBytes_Check",
    };
    for (size_t i = 0; ins->op == OP_CALL && i < COUNT_OF(names); i++) {
        if (text_equal(callee_name(ins), names[i])) {
            return true;
        }
    }
    return false;
}

/* The variable that the operand was loaded from, -1 for none. */
static int64_t
loaded(const Checks *checks, Val val)
{
    const Instr *ins = val.kind == VAL_TEMP ? checks->def[val.index] : NULL;
    while (ins && (ins->op == OP_CAST || ins->op == OP_COPY)) {
        ins = ins->a.kind == VAL_TEMP ? checks->def[ins->a.index] : NULL;
    }
    return ins && ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL ? (int64_t)ins->a.index : -1;
}

/* The bit of the variable, 0 when it is never checked. */
static uint64_t
checked_bit(const Checks *checks, int64_t local)
{
    for (uint32_t i = 0; local >= 0 && i < checks->nlocal; i++) {
        if (checks->local[i] == local) {
            return 1ULL << i;
        }
    }
    return 0;
}

static bool
is_constant(Val val)
{
    return val.kind == VAL_NULL || val.kind == VAL_GLOBAL || val.kind == VAL_INT;
}

/* What a branch on the operand teaches when it is 'truth'. */
static uint64_t
taught(const Checks *checks, Val cond, bool truth)
{
    for (int depth = 0; depth < 8 && cond.kind == VAL_TEMP; depth++) {
        const Instr *ins = checks->def[cond.index];
        bool same = ins && ins->op == OP_CMP && text_equal(ins->name, "==");
        bool differ = ins && ins->op == OP_CMP && text_equal(ins->name, "!=");
        if (!ins) {
            return 0;
        }
        if (is_check(ins)) {
            return truth && ins->nargs > 0 ? checked_bit(checks, loaded(checks, ins->args[0])) : 0;
        }
        bool with_zero = ins->b.kind == VAL_INT && ins->b.num == 0;
        int64_t local = same || differ ? loaded(checks, ins->a) : -1;
        if (local >= 0) {
            return is_constant(ins->b) && truth == same ? checked_bit(checks, local) : 0;
        }
        if (ins->op == OP_NOT || (same && with_zero)) {
            truth = !truth;
        }
        else if (ins->op != OP_CAST && ins->op != OP_COPY && !(differ && with_zero)) {
            return 0;
        }
        cond = ins->a;
    }
    return 0;
}

/* Goes through a block; with 'clean', notes its loads of what is plain. */
static uint64_t
through(const Checks *checks, uint32_t block, uint8_t *clean)
{
    uint64_t now = checks->at[block];
    for (uint32_t i = 0; i < checks->fn->block[block].nins; i++) {
        const Instr *ins = &checks->fn->block[block].ins[i];
        if (clean && ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL) {
            clean[ins->dst] = (now & checked_bit(checks, (int64_t)ins->a.index)) != 0;
        }
        if (ins->op == OP_STORE && ins->a.kind == VAL_LOCAL) {
            now &= ~checked_bit(checks, (int64_t)ins->a.index);
        }
        for (uint32_t a = 0; a < ins->nargs; a++) { /* its address: it may change */
            if (ins->args[a].kind == VAL_LOCAL) {
                now &= ~checked_bit(checks, (int64_t)ins->args[a].index);
            }
        }
    }
    return now;
}

/* Carries what holds behind a block to those that follow; true when something is new there. */
static bool
carry(Checks *checks, uint32_t block)
{
    const Instr *end = &checks->fn->block[block].ins[checks->fn->block[block].nins - 1];
    uint64_t now = through(checks, block, NULL);
    bool changed = false;
    for (uint32_t s = 0; s < instr_successors(end); s++) {
        uint32_t to = instr_successor(end, s);
        uint64_t there = end->op == OP_BR ? now | taught(checks, end->a, s == 0) : now;
        changed = changed || (checks->at[to] & there) != checks->at[to];
        checks->at[to] &= there;
    }
    return changed;
}

const uint8_t *
foreign_checked(Arena *arena, const Fn *fn, const Instr *const *def)
{
    Checks checks = {.fn = fn, .def = def};
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            int64_t local = is_check(ins) && ins->nargs > 0 ? loaded(&checks, ins->args[0]) : -1;
            if (local >= 0 && !checked_bit(&checks, local) && checks.nlocal < MAX_CHECKED) {
                checks.local[checks.nlocal++] = (uint32_t)local;
            }
        }
    }
    if (checks.nlocal == 0) {
        return NULL;
    }
    checks.at = ARENA_ARRAY(arena, uint64_t, fn->nblock);
    for (uint32_t b = 1; b < fn->nblock; b++) {
        checks.at[b] = UINT64_MAX;
    }
    for (bool changed = true; changed;) { /* bits only go: it ends */
        changed = false;
        for (uint32_t b = 0; b < fn->nblock; b++) {
            changed = carry(&checks, b) || changed;
        }
    }
    uint8_t *clean = ARENA_ARRAY(arena, uint8_t, fn->ntemp + 1);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        through(&checks, b, clean);
    }
    return clean;
}

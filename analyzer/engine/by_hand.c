/* by_hand.c: references to items of containers that a function counts by hand, before or after
 * the container takes or leaves them.
 */
#include "engine/state.h"

/* The variable that an operand of 'from' was loaded from, or NULL. */
static const Place *
loaded_from(Explorer *ex, const Block *block, const Instr *from, Val val)
{
    const Instr *load = local_load(block, from, val);
    return load ? place_local(ex, load->a.index) : NULL;
}

/* True when the first call of the block from instruction 'from' on takes a reference to 'sym'. */
static bool
is_paid_in(Explorer *ex, const State *state, const Sym *sym, const Block *block, uint32_t from)
{
    for (uint32_t i = from; i < block->nins; i++) {
        const Instr *ins = &block->ins[i];
        if (ins->op == OP_CALL) {
            const char *name = callee_name(ins);
            bool takes = text_ends(name, "Py_INCREF") || text_ends(name, "Py_XINCREF");
            const Place *held = takes && ins->nargs == 1
                                    ? loaded_from(ex, block, ins, ins->args[0]) : NULL;
            return held && state_get(state, held) == sym;
        }
        if (ins->op == OP_STORE && ins->a.kind != VAL_LOCAL) {
            return false;
        }
    }
    return false;
}

bool
is_paid_next(Explorer *ex, const State *state, const Sym *sym)
{
    const Block *block = &ex->fn->block[ex->block];
    const Instr *last = &block->ins[block->nins - 1];
    if (is_paid_in(ex, state, sym, block, ex->ins + 1)) {
        return true;
    }
    for (uint32_t i = ex->ins + 1; i < block->nins; i++) {
        if (block->ins[i].op == OP_CALL || block->ins[i].op == OP_STORE) {
            return false;
        }
    }
    return last->op == OP_BR && (is_paid_in(ex, state, sym, &ex->fn->block[last->to[0]], 0) ||
                                 is_paid_in(ex, state, sym, &ex->fn->block[last->to[1]], 0));
}

/* True when 'call' puts something into a slot of 'container'. */
static bool
fills_slot(Explorer *ex, const State *state, const Block *block, const Instr *call,
           const Sym *container)
{
    const char *name = call->op == OP_CALL && call->nargs > 0 ? callee_name(call) : "";
    if (!text_ends(name, "_SET_ITEM") && !text_ends(name, "PyCell_SET")) {
        return false;
    }
    const Place *held = loaded_from(ex, block, call, call->args[0]);
    const Sym *now = held ? state_get(state, held) : NULL;
    return !now || now == container;
}

bool
is_slot_refilled(Explorer *ex, const State *state, const Sym *sym)
{
    const char *get = sym->kind == SYM_PURE ? sym->text : "";
    if (!text_ends(get, "_GET_ITEM") && !text_ends(get, "PyCell_GET")) {
        return false;
    }
    for (uint32_t b = 0; b < ex->fn->nblock; b++) {
        const Block *block = &ex->fn->block[b];
        for (uint32_t i = 0; i < block->nins; i++) {
            if (fills_slot(ex, state, block, &block->ins[i], sym->a)) {
                return true;
            }
        }
    }
    return false;
}

bool
is_slot_borrowed(const Explorer *ex, const Instr *at)
{
    const Block *block = &ex->fn->block[ex->block];
    bool fills = at->op == OP_CALL && at->nargs == 3 && text_ends(callee_name(at), "_SET_ITEM");
    const Instr *load = fills ? local_load(block, at, at->args[0]) : NULL;
    for (uint32_t i = ex->ins + 1; load && i < block->nins; i++) {
        const Instr *next = &block->ins[i];
        bool again = next->op == OP_CALL && next->nargs == 3 &&
                     text_equal(callee_name(next), callee_name(at)) &&
                     next->args[1].kind == VAL_INT && at->args[1].kind == VAL_INT &&
                     next->args[1].num == at->args[1].num;
        const Instr *other = again ? local_load(block, next, next->args[0]) : NULL;
        if (other && other->a.index == load->a.index) {
            return true;
        }
    }
    return false;
}

/* ---- containers whose items are counted when all is done ------------------------------------ */

/* The call that gave 'val', directly or through a variable that was set just before, or NULL. */
static const Instr *
made_by(const Block *block, const Instr *from, Val val)
{
    uint32_t local = UINT32_MAX;
    for (const Instr *ins = from; ins-- > block->ins;) {
        if (val.kind == VAL_TEMP && ins->dst == val.index) {
            if (ins->op == OP_CALL) {
                return ins;
            }
            if (ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL) {
                local = ins->a.index;
            }
            val = ins->op == OP_CAST || ins->op == OP_COPY ? ins->a : (Val){.kind = VAL_NONE};
        }
        else if (ins->op == OP_STORE && ins->a.kind == VAL_LOCAL && ins->a.index == local) {
            val = ins->b;
        }
    }
    return NULL;
}

/* The variable of the container all of whose items the call gives a reference, in a loop:
 * Py_INCREF(PyTuple_GET_ITEM(container, i)); or NULL. */
static const Place *
counts_items(Explorer *ex, const Block *block, const Instr *call)
{
    const char *name = call->op == OP_CALL && call->nargs == 1 ? callee_name(call) : "";
    if (!text_ends(name, "Py_INCREF") && !text_ends(name, "Py_XINCREF")) {
        return NULL;
    }
    const Instr *get = made_by(block, call, call->args[0]);
    bool any = get && get->nargs == 2 && text_ends(callee_name(get), "_GET_ITEM") &&
               get->args[1].kind == VAL_TEMP;
    return any ? loaded_from(ex, block, get, get->args[0]) : NULL;
}

/* Finds it in the function, once. */
static const Place *
find_counted(Explorer *ex)
{
    if (ex->sought_counted) {
        return ex->counted;
    }
    ex->sought_counted = true;
    for (uint32_t b = 0; b < ex->fn->nblock && !ex->counted; b++) {
        const Block *block = &ex->fn->block[b];
        for (uint32_t i = 0; i < block->nins && !ex->counted; i++) {
            ex->counted = counts_items(ex, block, &block->ins[i]);
        }
    }
    return ex->counted;
}

bool
is_counted_by_hand(Explorer *ex, const State *state, const Sym *container)
{
    const Ref *ref = container ? state_ref(state, container) : NULL;
    const Place *place = ref && (ref->flags & REF_BORN) ? find_counted(ex) : NULL;
    bool filled = false;
    if (!place || state_get(state, place) != container) {
        return false;
    }
    for (uint32_t b = 0; b < ex->fn->nblock && !filled; b++) {
        const Block *block = &ex->fn->block[b];
        for (uint32_t i = 0; i < block->nins && !filled; i++) {
            const Instr *call = &block->ins[i];
            filled = call->op == OP_CALL && call->nargs == 3 &&
                     text_ends(callee_name(call), "_SET_ITEM") &&
                     loaded_from(ex, block, call, call->args[0]) == place;
        }
    }
    return filled;
}

/* asked.c: a module that is asked whether it has a name: it has what it took on this path, and
 * has not what it refused.
 *
 * if (PyModule_AddObject(m, "a", a) < 0) { if (!PyObject_HasAttrString(m, "a")) Py_DECREF(a); }
 */
#include "engine/call.h"

/* True when both calls are about the same name in the same variable's module. */
static bool
is_same_name(const Block *block, const Instr *add, const Block *here, const Instr *ask)
{
    const Instr *to = local_load(block, add, add->args[0]);
    const Instr *of = local_load(here, ask, ask->args[0]);
    return to && of && to->a.index == of->a.index && add->args[1].kind == VAL_STR &&
           ask->args[1].kind == VAL_STR && text_equal(add->args[1].str, ask->args[1].str);
}

/* The block that holds the instruction. */
static const Block *
block_with(const Fn *fn, const Instr *ins)
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        const Block *block = &fn->block[b];
        if (ins >= block->ins && ins < block->ins + block->nins) {
            return block;
        }
    }
    return NULL;
}

bool
module_answers(Explorer *ex, State *state, const Call *call, const Sym *result)
{
    const Instr *ask = call->ins;
    if (!result || call->nargs != 2 || !text_equal(call->name, "PyObject_HasAttrString")) {
        return true;
    }
    for (const Node *n = state->trace; n; n = n->pred) {
        const Instr *add = n->at;
        bool said = (n->kind == NODE_STEAL || n->kind == NODE_REFUSE || n->kind == NODE_FAIL) &&
                    add && add->op == OP_CALL && add->nargs == 3 &&
                    text_starts(callee_name(add), "PyModule_AddObject");
        if (said && is_same_name(block_with(ex->fn, add), add, &ex->fn->block[ex->block], ask)) {
            return assume(ex, state, result, n->kind == NODE_STEAL);
        }
    }
    return true;
}

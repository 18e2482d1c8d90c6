/* repeated.c: a macro that evaluates its argument twice calls the same function at the same place
 * twice: what the path has found out about the first result holds for the second.
 */
#include "engine/state.h"

/* Another call of the same function at the same place, or NULL. */
static const Instr *
other_call(const Explorer *ex, const Instr *call)
{
    for (uint32_t b = 0; b < ex->fn->nblock; b++) {
        for (uint32_t i = 0; i < ex->fn->block[b].nins; i++) {
            const Instr *other = &ex->fn->block[b].ins[i];
            if (other != call && other->op == OP_CALL && other->a.kind == VAL_FUNC &&
                other->a.decl == call->a.decl && loc_compare(other->loc, call->loc) == 0) {
                return other;
            }
        }
    }
    return NULL;
}

bool
is_repeated(const Explorer *ex, const Instr *call)
{
    return other_call(ex, call) != NULL;
}

/* The result of 'call' that the condition asks about, or NULL. */
static const Sym *
asked_result(const Sym *cond, const Instr *call)
{
    while (cond && (cond->kind == SYM_NOT || cond->kind == SYM_CMP)) {
        cond = cond->kind == SYM_CMP && cond->a->kind == SYM_INT ? cond->b : cond->a;
    }
    return cond && cond->kind == SYM_CALL && cond->site == call ? cond : NULL;
}

void
repeat_answer(Explorer *ex, State *state, const Instr *call, const Sym *result)
{
    const Instr *first = call->a.kind == VAL_FUNC ? other_call(ex, call) : NULL;
    for (const Node *n = first ? state->trace : NULL; n; n = n->pred) {
        const Sym *known = n->kind == NODE_BRANCH ? asked_result(n->sym, first) : NULL;
        if (!known) {
            continue;
        }
        State *then = state_copy(ex, state);
        state_forget_ranges(then, known);
        if (assume(ex, then, n->sym, n->truth)) {
            Range range = range_of(then, known);
            range.sym = result;
            state_set_range(ex, state, result, range);
        }
        return;
    }
}

/* memory_given.c: memory that a caller hands to the function, and that one failure forgets.
 *
 * Where some failures give an argument back and others with the same result do not, no caller
 * can tell who has to: the exits that leave it alone lose it.
 */
#include "engine/state.h"

static bool
is_failure(const Explorer *ex, const Exit *e)
{
    if (e->state->err != ERRSTATE_SET) {
        return false;
    }
    switch (ex->fn->ret->kind) {
    case TYPE_VOID:
        return true;
    case TYPE_PTR:
        return e->value && is_zero(e->state, e->value);
    default:
        return e->value && range_of(e->state, e->value).hi < 0;
    }
}

static bool
is_success(const Explorer *ex, const Exit *e)
{
    switch (ex->fn->ret->kind) {
    case TYPE_VOID:
        return e->state->err != ERRSTATE_SET;
    case TYPE_PTR:
        return e->value && !is_zero(e->state, e->value);
    default:
        return e->value && range_of(e->state, e->value).lo >= 0;
    }
}

static bool
is_freed(const Exit *e, const Sym *param)
{
    const Ref *ref = state_ref(e->state, param);
    return ref && (ref->flags & REF_FREED);
}

/* True for what a flag among the parameters holds, or for 'param' and what it leads to. */
static bool
may_tell(Explorer *ex, const Sym *sym, const Sym *param)
{
    if (!sym) {
        return false;
    }
    if (sym->kind != SYM_INIT || !sym->place) {
        return may_tell(ex, sym->a, param) || may_tell(ex, sym->b, param);
    }
    const Place *root = place_root(sym->place);
    bool flag = root->kind == PLACE_LOCAL && ex->fn->local[root->index].is_param &&
                ex->fn->local[root->index].type->kind == TYPE_INT;
    return flag || sym == param || (root->kind == PLACE_DEREF && sym_mentions(root->sym, param));
}

/* True for a failure that has the argument, and no reason in it to leave it alone. */
static bool
forgets(Explorer *ex, const Exit *e, const Sym *param)
{
    if (!is_failure(ex, e) || state_ref(e->state, param) || is_zero(e->state, param)) {
        return false;
    }
    for (const Node *n = e->state->trace; n; n = n->pred) {
        if (n->kind == NODE_BRANCH && may_tell(ex, n->sym, param)) {
            return false;
        }
    }
    return true;
}

static void
check_param(Explorer *ex, const Sym *param)
{
    const Ref *freed = NULL;
    bool failing = false, successful = false;
    for (uint32_t i = 0; i < ex->exits.n; i++) {
        const Exit *e = &ex->exits.at[i];
        if (is_freed(e, param)) {
            freed = state_ref(e->state, param);
            failing = failing || is_failure(ex, e);
            successful = successful || is_success(ex, e);
        }
    }
    for (uint32_t i = 0; failing && successful && i < ex->exits.n; i++) {
        Exit *e = &ex->exits.at[i];
        if (forgets(ex, e, param)) {
            Ref ref = {.sym = param, .own = 1, .flags = REF_MEMORY, .site = freed->site,
                       .family = freed->family};
            event_lost(ex, state_copy(ex, e->state), &ref, e->at, LOST_RETURN, "");
        }
    }
}

/* True for memory that a parameter points to, when it is no object. */
static bool
is_memory(const Explorer *ex, uint32_t i)
{
    const Type *type = ex->fn->local[i].type;
    return type->kind == TYPE_PTR && !type_is_object(type);
}

const Instr *
given_left_at(Explorer *ex, uint32_t i)
{
    const Sym *param = is_memory(ex, i) ? sym_param(ex, i) : NULL;
    const Instr *at = NULL;
    bool taken = false;
    for (uint32_t k = 0; param && k < ex->exits.n; k++) {
        const Exit *e = &ex->exits.at[k];
        const Ref *ref = state_ref(e->state, param);
        taken = taken || (is_success(ex, e) && ref && (ref->flags & (REF_LEFT | REF_FREED)));
        at = !at && is_failure(ex, e) && !ref ? e->at : at;
    }
    return taken ? at : NULL;
}

void
given_check(Explorer *ex)
{
    for (uint32_t i = 0; i < ex->fn->nparam && i < PARAM_MAX; i++) {
        if (is_memory(ex, i)) {
            check_param(ex, sym_param(ex, i));
        }
    }
}

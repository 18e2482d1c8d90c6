/* whose.c: of which class the instance is that an action works on, where several types share a
 * struct; and fields that whoever holds the instance takes out before it lets go.
 */
#include "classes/private.h"

/* The address of the field that an action is about: that of the store, or the argument. */
static Val
address_of(const Action *action)
{
    return action->kind == DOES_STORE ? action->ins->a
           : action->arg < action->ins->nargs ? action->ins->args[action->arg] : VAL_NOTHING;
}

Val
owner_of(const FnView *view, Val val)
{
    const Instr *ins = def_of(view, val);

    while (ins != NULL && (ins->op == OP_CAST || ins->op == OP_COPY || ins->op == OP_INDEX ||
                           (ins->op == OP_LOAD && ins->a.kind == VAL_TEMP))) {
        ins = def_of(view, ins->a);
    }
    return ins != NULL && ins->op == OP_FIELD ? ins->a : VAL_NOTHING;
}

/* ---- types that share a struct ----------------------------------------------- */

static bool
is_kind_of(const Build *build, const Build *base)
{
    for (int depth = 0; build != NULL && depth < 16; build = build->base, depth++) {
        if (build == base) {
            return true;
        }
    }
    return false;
}

/* The class whose type is an argument of the call, or NULL. */
static const Build *
made_class(Finder *finder, const FnView *view, const Instr *call)
{
    for (uint32_t a = 0; a < call->nargs; a++) {
        const Decl *decl = global_of(view, call->args[a]);
        Sources sources = {0};

        if (decl == NULL && call->args[a].kind == VAL_TEMP) {
            sources_find(finder, view, call->args[a], &sources);
            decl = sources.n == 1 && sources.at[0].kind == FROM_MEMBER
                       ? type_in_member(finder, sources.at[0].member) : NULL;
        }
        if (decl != NULL && (is_type_object(decl->type) || is_spec_record(decl->type))) {
            return map_get_ptr(&finder->by_decl, decl->usr);
        }
    }
    return NULL;
}

/* False when the functions that the instance is a parameter of all belong to other classes. */
static bool
is_owner(const FnView *view, const Build *build)
{
    for (uint32_t i = 0; i < view->owners.n; i++) {
        if (is_kind_of(view->owners.at[i], build) || is_kind_of(build, view->owners.at[i])) {
            return true;
        }
    }
    return view->owners.n == 0;
}

/* False when the function is the tp_new of other classes only. */
static bool
is_maker_of(const Finder *finder, const FnView *view, const Build *build)
{
    bool other = false;

    for (uint32_t i = 0; i < finder->classes.n; i++) {
        const Build *maker = finder->classes.at[i];

        if (maker->fn[SLOT_NEW] != view->fn) {
            continue;
        }
        if (is_kind_of(maker, build) || is_kind_of(build, maker)) {
            return true;
        }
        other = true;
    }
    return !other;
}

bool
action_concerns(Finder *finder, const Build *build, const Action *action)
{
    const FnView *view = &finder->view[action->fn];
    Sources sources = {0};

    if (build->cls.own_record) {
        return true;
    }
    sources_find(finder, view, owner_of(view, address_of(action)), &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        const Source *from = &sources.at[i];
        const Build *made = from->kind == FROM_CALL ? made_class(finder, view, from->call) : NULL;

        if (from->kind == FROM_NULL) {
            continue;
        }
        if (from->kind == FROM_PARAM && from->index == 0 ? is_owner(view, build)
            : made != NULL            ? is_kind_of(made, build)
            : from->kind == FROM_CALL ? is_maker_of(finder, view, build)
                                      : true) {
            return true;
        }
    }
    return sources.n == 0;
}

/* ---- references that are taken apart ------------------------------------------- */

static bool
releases(Finder *finder, const FnView *view, const Source *owner)
{
    static const char *const names[] = {"Py_DECREF", "Py_XDECREF", "Py_CLEAR", NULL};

    for (uint32_t i = 0; i < view->calls.n; i++) {
        if (calls_one_of(view->calls.at[i], names) && view->calls.at[i]->nargs > 0 &&
            has_source(finder, view, view->calls.at[i]->args[0], owner)) {
            return true;
        }
    }
    return false;
}

bool
is_taken_apart(Finder *finder, Build *build, const Member *member)
{
    const uint64_t *dealloc = closure_of(finder, build, SLOT_DEALLOC);
    const uint64_t *clear = closure_of(finder, build, SLOT_CLEAR);

    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *store = member->actions.at[i];
        const FnView *view = &finder->view[store->fn];
        Sources owner = {0};

        if (store->kind != DOES_STORE || store->value.kind != VAL_NULL ||
            bit_test(dealloc, store->fn) || bit_test(clear, store->fn)) {
            continue;
        }
        sources_find(finder, view, owner_of(view, address_of(store)), &owner);
        for (uint32_t s = 0; s < owner.n; s++) {
            if (owner.at[s].kind == FROM_PARAM && releases(finder, view, &owner.at[s])) {
                return true;
            }
        }
    }
    return false;
}

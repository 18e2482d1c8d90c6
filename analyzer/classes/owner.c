/* owner.c: whether what is stored in a field comes with a reference of its own. */
#include "classes/private.h"

/* True when the value itself is the result of a call that adds a reference. */
bool
is_new_reference(Finder *finder, const FnView *view, Val val, int depth)
{
    const Instr *ins = def_of(view, val);
    const Summary *summary;

    if (ins == NULL || depth == 0) {
        return false;
    }
    if (ins->op == OP_CAST || ins->op == OP_COPY) {
        return is_new_reference(finder, view, ins->a, depth - 1);
    }
    if (ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL) {
        const LocalUse *use = &view->local[ins->a.index];
        const Instr *store = reaching_store(view, ins);

        if (store != NULL) {
            return is_new_reference(finder, view, store->b, depth - 1);
        }

        for (uint32_t i = 0; i < use->values.n; i++) {
            if (is_new_reference(finder, view, use->values.at[i], depth - 1)) {
                return true;
            }
        }
        return false;
    }
    summary = ins->op == OP_CALL ? callee_summary(finder, ins) : NULL;
    for (uint32_t c = 0; summary != NULL && c < summary->ncases; c++) {
        const Case *outcome = &summary->cases[c];

        if (outcome->ret.kind == RESULT_NEW || outcome->ret.kind == RESULT_SHARED) {
            return true;
        }
        for (uint32_t e = 0; outcome->ret.kind == RESULT_SAME && e < outcome->neffect; e++) {
            if (outcome->effect[e].kind == EFFECT_RETAIN) {
                return true;
            }
        }
    }
    return false;
}

/* How many fields the function stores the same object in. */
static uint32_t
stores_of(Finder *finder, const FnView *view, const Source *source)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < view->actions.n; i++) {
        const Action *action = &view->actions.at[i];

        n += (action->kind == DOES_STORE || action->kind == DOES_RESET) &&
             has_source(finder, view, action->value, source) &&
             !is_new_reference(finder, view, action->value, 8);
    }
    return n;
}

/* How many calls of the function add a reference to the object. */
static uint32_t
retains_of(Finder *finder, const FnView *view, const Source *source)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < view->retained.n; i++) {
        n += has_source(finder, view, view->retained.at[i], source);
    }
    return n;
}

/* True when the function adds a reference to what it stores, or to the field. */
static bool
is_retained(Finder *finder, const FnView *view, const Action *store)
{
    Sources stored = {0};

    sources_find(finder, view, store->value, &stored);
    for (uint32_t i = 0; i < view->retained.n; i++) {
        if (member_of_value(finder, view, view->retained.at[i], NULL, NULL) == store->member) {
            return true;
        }
        for (uint32_t s = 0; s < stored.n; s++) {
            if (stored.at[s].kind != FROM_NULL &&
                has_source(finder, view, view->retained.at[i], &stored.at[s]) &&
                stores_of(finder, view, &stored.at[s]) <=
                    retains_of(finder, view, &stored.at[s])) {
                return true;
            }
        }
    }
    return false;
}

/* True for NULL and numbers only. */
static bool
is_nothing(Finder *finder, const FnView *view, Val val)
{
    Sources sources = {0};

    sources_find(finder, view, val, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (sources.at[i].kind != FROM_NULL) {
            return false;
        }
    }
    return !sources.cut;
}

/* True when the value is certainly lent: an argument of an entry point, or borrowed. */
static bool
is_lent(Finder *finder, const FnView *view, Val val)
{
    Sources sources = {0};

    sources_find(finder, view, val, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        const Source *from = &sources.at[i];
        const Summary *summary = from->kind == FROM_CALL || from->kind == FROM_OUT
                                     ? callee_summary(finder, from->call) : NULL;

        if (from->kind == FROM_NULL || (from->kind == FROM_PARAM && view->is_entry) ||
            from->kind == FROM_MEMBER || from->kind == FROM_ADDRESS) {
            continue;
        }
        if (from->kind == FROM_OUT && summary != NULL && summary->format == FORMAT_PARSE) {
            continue;
        }
        if (from->kind != FROM_CALL || summary == NULL || summary->ncases == 0) {
            return false;
        }
        for (uint32_t c = 0; c < summary->ncases; c++) {
            if (summary->cases[c].ret.kind != RESULT_BORROWED &&
                summary->cases[c].ret.kind != RESULT_NULL) {
                return false;
            }
        }
    }
    return sources.n > 0 && !sources.cut;
}

Ownership
member_ownership(Finder *finder, const Build *build, const Member *member)
{
    Ownership own = {0};

    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];
        const FnView *view = &finder->view[action->fn];
        bool stores = action->kind == DOES_STORE || action->kind == DOES_RESET;

        if (action->kind != DOES_FILL && (!stores || is_nothing(finder, view, action->value))) {
            continue;
        }
        if (!action_concerns(finder, build, action)) {
            continue; /* of another type with this struct */
        }
        own.first = own.first == NULL ? action : own.first;
        if (stores && build->cls.is_module && is_given_away(finder, view, action)) {
            own.borrowing = own.borrowing == NULL ? action : own.borrowing;
        }
        else if (stores && (is_new_reference(finder, view, action->value, 8) ||
                       is_retained(finder, view, action))) {
            own.owning = own.owning == NULL ? action : own.owning;
        }
        else if (stores && is_lent(finder, view, action->value)) {
            own.borrowing = own.borrowing == NULL ? action : own.borrowing;
        }
        else {
            own.unknown = true;
        }
    }
    return own;
}

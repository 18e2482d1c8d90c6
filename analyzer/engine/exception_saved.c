/* exception_saved.c: exceptions that are taken out, and put back when something else is done.
 *
 * PyErr_GetRaisedException and PyErr_Fetch ask nobody whether there is an exception: between
 * them and PyErr_SetRaisedException or PyErr_Restore of what they gave all is clean-up, and
 * afterwards the exception is what it was before.
 */
#include "engine/call.h"

bool
is_exception_call(const Call *call, const char *name)
{
    return text_equal(call->name + (call->name[0] == '_'), name);
}

/* Index of the first argument that is about the exception. */
static uint32_t
first_argument(const Call *call)
{
    bool twin = call->name[0] == '_' && !text_starts(call->name, "_PyErr_ChainExceptions");
    return twin ? 1 : 0;
}

bool
exception_is_taken(const Call *call)
{
    return is_exception_call(call, "PyErr_GetRaisedException") ||
           is_exception_call(call, "PyErr_Fetch");
}

void
exception_save(Explorer *ex, State *state)
{
    Saved *saved = ARENA_NEW(ex->arena, Saved);
    *saved = (Saved){.err = state->err, .asked = state->asked, .raised = state->raised,
                     .mute = state->mute};
    state->saved = saved;
}

void
exception_name_saved(Explorer *ex, State *state, const Call *call, const Sym *result)
{
    if (!state->saved || !exception_is_taken(call)) {
        return;
    }
    uint32_t first = first_argument(call);
    Saved *named = ARENA_NEW(ex->arena, Saved);
    *named = *state->saved;
    named->sym = result;
    if (!result && first < call->nargs && call->arg[first]->kind != SYM_INT) {
        named->sym = read_place(ex, state, place_deref(ex, call->arg[first]), NULL);
    }
    bool nothing = named->err == ERRSTATE_CLEAR; /* nor is there anything to put back */
    state->saved = nothing ? NULL : named;
}

bool
exception_put_back(Explorer *ex, State *state, const Call *call)
{
    bool chained = text_starts(call->name, "_PyErr_ChainExceptions");
    uint32_t first = first_argument(call);
    if (!state->saved || !state->saved->sym || first >= call->nargs ||
        (!chained && !is_exception_call(call, "PyErr_SetRaisedException") &&
         !is_exception_call(call, "PyErr_Restore")) ||
        simplify(ex, state, call->arg[first]) != simplify(ex, state, state->saved->sym)) {
        return false;
    }
    bool failed = exception_is_set(state); /* something in between did */
    if (!failed || !chained) {
        state->err = state->saved->err;
        state->asked = failed ? state->asked : state->saved->asked;
        state->raised = state->saved->raised;
        state->mute = state->saved->mute;
    }
    state->saved = NULL;
    return true;
}

bool
exception_is_same_saved(const State *a, const State *b)
{
    const Saved *x = a->saved, *y = b->saved;
    return x == y || (x && y && x->sym == y->sym && x->err == y->err && x->asked == y->asked);
}

/* gil.c: who holds the GIL at each point of a path.
 *
 * A state has a stack of two bits each: how the function was entered, then what it did.
 */
#include "engine/gil.h"

enum { GIL_FREE = 1, GIL_TAKEN, GIL_ENTRY };

#define GIL_TOP 3u
#define GIL_DEEP (1u << 24) /* a loop that takes and never releases: no longer followed */

uint32_t
gil_at_entry(const Gil *gil, uint32_t fn)
{
    return gil->foreign[fn] ? GIL_FREE : GIL_ENTRY;
}

/* Stands for the GIL in stories. */
static const Sym *
gil_sym(Explorer *ex)
{
    return sym_str(ex, str_intern(ex->strings, "the GIL"));
}

static void
tell(Explorer *ex, State *state, const Instr *at, const char *text)
{
    state_note(ex, state, NODE_TOLD, at, gil_sym(ex), NULL, NULL);
    ((Node *)(uintptr_t)state->trace)->text = text;
}

static void
change(Explorer *ex, State *state, Change what, const Instr *at, const char *name)
{
    uint32_t top = state->gil & GIL_TOP;
    switch (what) {
    case CHANGE_NONE:
        return;
    case CHANGE_SAVE:
        tell(ex, state, at, arena_printf(ex->out, "%s releases the GIL", name));
        state->gil = state->gil << 2 | GIL_FREE;
        break;
    case CHANGE_RESTORE:
        state->gil = top == GIL_FREE && state->gil > GIL_TOP ? state->gil >> 2
                                                             : state->gil << 2 | GIL_TAKEN;
        break;
    case CHANGE_ENSURE:
        state->gil = state->gil << 2 | GIL_TAKEN;
        break;
    case CHANGE_RELEASE:
        state->gil = top == GIL_TAKEN ? state->gil >> 2 : state->gil;
        break;
    }
    if (state->gil > GIL_DEEP) {
        state->gil = GIL_TAKEN;
    }
}

/* The functions of the program that a call through a field may reach. */
static const Behind *
find_behind(Explorer *ex, const Instr *call)
{
    const Block *block = &ex->fn->block[ex->block];
    const Instr *load = call->a.kind == VAL_TEMP ? gil_setter(block, call, call->a) : NULL;
    const Instr *field = load && load->op == OP_LOAD ? gil_setter(block, load, load->a) : NULL;
    Str key = field && field->op == OP_FIELD ? gil_key(ex->gil, field->record, field->name) : NULL;
    return key ? map_get_ptr(&ex->gil->behind, key) : NULL;
}

/* The memory outside that a condition asks about, NULL when there is none. */
static const Place *
asked(const Sym *cond)
{
    if (!cond || cond->kind == SYM_INIT) {
        return cond && cond->place && !place_is_local(cond->place) ? cond->place : NULL;
    }
    const Place *place = asked(cond->a);
    return place ? place : asked(cond->b);
}

/* Where this path released the GIL last. */
static const Node *
release_node(Explorer *ex, const State *state)
{
    const Node *n = state->trace;
    while (n && !(n->kind == NODE_TOLD && n->sym == gil_sym(ex))) {
        n = n->pred;
    }
    return n;
}

/* The local that the condition of a branch on the path asks about, UINT32_MAX for none. */
static uint32_t
branch_local(Explorer *ex, const Node *branch)
{
    for (uint32_t b = 0; b < ex->fn->nblock; b++) {
        const Block *block = &ex->fn->block[b];
        if (&block->ins[block->nins - 1] == branch->at) {
            return gil_asked_local(block, branch->at);
        }
    }
    return UINT32_MAX;
}

/* True when both ask about the same thing, which they do not know to be the same value. */
static bool
asks_again(Explorer *ex, const Node *before, const Node *n)
{
    if (n->kind != NODE_BRANCH || n->sym == before->sym) {
        return false;
    }
    const Place *place = asked(before->sym);
    uint32_t local = branch_local(ex, before);
    return (place && asked(n->sym) == place) ||
           (local != UINT32_MAX && branch_local(ex, n) == local);
}

/* True when the release was a matter of something in 'base', or (NULL) of something that was
 * asked about again since: perhaps the GIL is held on the way that came here. */
static bool
is_conditional(Explorer *ex, const State *state, const Place *base)
{
    const Node *release = release_node(ex, state);
    for (const Node *before = release; before; before = before->pred) {
        bool branch = before->kind == NODE_BRANCH;
        const Place *place = branch ? asked(before->sym) : NULL;
        if (place && base && place->base == base) {
            return true;
        }
        for (const Node *n = state->trace; branch && !base && n != release; n = n->pred) {
            if (asks_again(ex, before, n)) {
                return true;
            }
        }
    }
    return false;
}

/* A function of the program is called without the GIL, which it needs. */
static void
report_use(Explorer *ex, State *state, const Instr *at, uint32_t fn, bool behind)
{
    const GilUse *use = &ex->gil->use[fn];
    if (!use->at) {
        return;
    }
    const Node *trace = state->trace;
    const char *callee = ex->program->fns[fn]->decl->name;
    tell(ex, state, use->at,
         arena_printf(ex->out, "%s calls %s here", callee, display_name(ex, use->callee)));
    event_gil(ex, state, at, (GilEvent){.callee = callee, .user = display_name(ex, use->callee),
                                        .releases = use->releases, .behind_pointer = behind});
    state->trace = trace;
}

void
gil_call(Explorer *ex, State *state, const Call *call, const Decl *decl)
{
    bool is_free = (state->gil & GIL_TOP) == GIL_FREE;
    int64_t fn = decl ? program_callee(ex->program, decl) : -1;
    Change what = gil_change_by(ex->gil, decl, call->name);
    is_free = is_free && !is_conditional(ex, state, NULL);
    fn = gil_is_api(ex->gil, decl, call->name) ? -1 : fn;
    if (is_free && fn >= 0 && what != CHANGE_SAVE) {
        report_use(ex, state, call->ins, (uint32_t)fn, false);
    }
    else if (is_free && (what == CHANGE_SAVE || gil_needed(call->summary))) {
        event_gil(ex, state, call->ins, (GilEvent){.callee = display_name(ex, call->name),
                                                   .releases = what == CHANGE_SAVE});
    }
    else if (is_free && call->ins->a.kind == VAL_TEMP) {
        const Sym *pointer = eval(ex, state, call->ins->a);
        const Place *base = pointer->place ? pointer->place->base : NULL;
        bool apart = base && is_conditional(ex, state, base); /* those that need it go elsewhere */
        for (const Behind *b = apart ? NULL : find_behind(ex, call->ins); b; b = b->next) {
            report_use(ex, state, call->ins, b->fn, true);
        }
    }
    change(ex, state, what, call->ins, display_name(ex, call->name));
}

void
gil_return(Explorer *ex, State *state, const Instr *at)
{
    if ((state->gil & GIL_TOP) == GIL_FREE && state->gil > GIL_TOP && ex->info->is_entry &&
        !is_conditional(ex, state, NULL)) {
        event_gil(ex, state, at, (GilEvent){.returns = true});
    }
}

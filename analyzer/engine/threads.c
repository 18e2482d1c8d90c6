/* threads.c: calls that borrow from a container into uses that other threads can make wrong.
 *
 * With the GIL a borrowed item lives until code runs that may take it away; without, another thread
 * may do so at once.  A container that only this function knows, one that cannot change, and
 * one whose lock the path holds are no danger; nor is a result that is only compared with NULL.
 */
#include <string.h>

#include "engine/threads.h"

#define BEGINS "a critical section begins" /* steps of paths, found again by their texts */
#define ENDS "a critical section ends"
#define TAKEN "a lock is taken"
#define GIVEN "a lock is released"

/* ---- locks ------------------------------------------------------------------------- */

static void
note(Explorer *ex, State *state, const Call *call, const char *text)
{
    const Sym *none = sym_str(ex, str_intern(ex->strings, "a lock"));
    const Sym *one = call->nargs > 0 ? call->arg[0] : none, *other = one;
    if (text_starts(call->name, "PyCriticalSection") && call->nargs > 1) {
        one = call->arg[1];
        other = call->nargs > 2 ? call->arg[2] : one;
    }
    else if (call->nargs > 1) {
        other = call->arg[1];
    }
    const Sym *sym = sym_pure(ex, str_intern(ex->strings, "strayref lock"), NULL, one, other, NULL,
                              NULL);
    state_note(ex, state, NODE_TOLD, call->ins, sym ? sym : none, NULL, NULL);
    ((Node *)(uintptr_t)state->trace)->text = text;
}

static void
keep_book(Explorer *ex, State *state, const Call *call)
{
    static const char *const texts[] = {
        [LOCK_SECTION] = BEGINS, [LOCK_SECTION_END] = ENDS,
        [LOCK_TAKEN] = TAKEN, [LOCK_GIVEN] = GIVEN,
    };
    LockStep step = threads_step(call->name);
    if (step != LOCK_NONE) {
        note(ex, state, call, texts[step]);
    }
}

/* True when the section is one of the container, or of the object whose field it is. */
static bool
locks(const Sym *section, const Sym *container)
{
    const Place *place = container->kind == SYM_INIT ? container->place : NULL;
    const Place *root = place && place->kind == PLACE_FIELD ? place_root(place) : NULL;
    const Sym *owner = root && root->kind == PLACE_DEREF ? root->sym : NULL;
    return section->kind == SYM_PURE &&
           (section->a == container || section->b == container ||
            (owner && (section->a == owner || section->b == owner)));
}

/* True where the path holds a lock, or is in a critical section of the container. */
static bool
is_locked(const State *state, const Sym *container)
{
    uint32_t ended = 0, given = 0;
    for (const Node *n = state->trace; n; n = n->pred) {
        const char *text = n->kind == NODE_TOLD ? n->text : NULL;
        if (text_equal(text, ENDS)) {
            ended++;
        }
        else if (text_equal(text, GIVEN)) {
            given++;
        }
        else if (text_equal(text, BEGINS) && ended > 0) {
            ended--;
        }
        else if (text_equal(text, TAKEN) && given > 0) {
            given--;
        }
        else if (text_equal(text, TAKEN) ||
                 (text_equal(text, BEGINS) && locks(n->sym, container))) {
            return true;
        }
    }
    return false;
}

/* ---- who else has the container --------------------------------------------------------- */

/* The getters that lend from their first argument (PyImport_AddModule: from sys.modules). */
static bool
is_getter(const char *name)
{
    static const char *const getters[] = {
        "PyList_GetItem", "PyList_GET_ITEM", "PyDict_GetItem", "PyDict_GetItemWithError",
        "PyDict_GetItemString", "PyDict_SetDefault", "PyDict_Next", "PyCell_GET",
        "PyWeakref_GetObject", "PyWeakref_GET_OBJECT", "PyImport_AddModule",
    };
    for (size_t i = 0; name[0] == 'P' && i < COUNT_OF(getters); i++) {
        if (strcmp(name, getters[i]) == 0) {
            return true;
        }
    }
    return false;
}

static Chance
shared_field(Explorer *ex, const Place *place)
{
    const Place *root = place_root(place);
    bool own = root->kind == PLACE_DEREF && root->sym == sym_param(ex, 0);
    if (own && (ex->info->is_dealloc || (ex->info->self & (SELF_DEALLOC | SELF_INIT)))) {
        return CHANCE_NONE; /* nobody has the object any more, or yet */
    }
    return owners_is_exposed(ex->owners, place) ? CHANCE_MEDIUM : CHANCE_LOW;
}

/* How likely another thread changes the container meanwhile. */
static Chance
shared(Explorer *ex, const State *state, const Call *call)
{
    const Sym *container = call->arg[0];
    const Place *place = container->kind == SYM_INIT ? container->place : NULL;
    if (text_starts(call->name, "PyWeakref_") || text_starts(call->name, "PyImport_")) {
        return CHANCE_MEDIUM;
    }
    if (text_starts(call->name, "PyList_") && !across_is_list(state, container)) {
        return CHANCE_NONE;
    }
    if (place && place->kind == PLACE_FIELD) {
        return shared_field(ex, place);
    }
    if (place && place->kind == PLACE_GLOBAL) {
        return CHANCE_MEDIUM;
    }
    Chance chance = across_shared(ex, state, container);
    return chance > CHANCE_MEDIUM ? CHANCE_MEDIUM : chance;
}

/* True when the result of the call is only asked for being NULL. */
static bool
is_only_asked(const Fn *fn, const Instr *call)
{
    for (uint32_t b = 0; call->dst && b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            for (uint32_t k = 0; k < instr_operands(ins); k++) {
                Val val = instr_operand(ins, k);
                bool mine = val.kind == VAL_TEMP && val.index == call->dst;
                if (mine && ins->op != OP_CMP && ins->op != OP_NOT && ins->op != OP_BR) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* True for a function like one of the C-API: the project's copy for older versions, which can do no
 * better. */
static bool
is_copy_of_api(const Explorer *ex)
{
    const Summary *fact = model_find_any_version(ex->model, ex->fn->decl->name);
    return fact && fact->origin == ORIGIN_BUILTIN;
}

static void
report(Explorer *ex, State *state, const Call *call, Chance chance)
{
    bool modules = text_starts(call->name, "PyImport_");
    Ref ref = {.sym = call->arg[0], .site = call->ins};
    event_thread(ex, state, &ref, call->ins,
                 (ThreadEvent){.getter = display_name(ex, call->name)},
                 modules ? "sys.modules" : NULL, call->summary,
                 chance >= CHANCE_MEDIUM ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW);
}

void
threads_call(Explorer *ex, State *state, const Call *call)
{
    keep_book(ex, state, call);
    if (!is_getter(call->name) || call->nargs == 0 || ex->info->is_init || ex->info->guarded ||
        ex->silent || is_copy_of_api(ex)) {
        return;
    }
    bool used = text_equal(call->name, "PyDict_Next") || !is_only_asked(ex->fn, call->ins);
    Chance chance = used ? shared(ex, state, call) : CHANCE_NONE;
    if (chance != CHANCE_NONE && !is_locked(state, call->arg[0])) {
        report(ex, state, call, chance);
    }
}

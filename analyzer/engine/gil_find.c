/* gil_find.c: all bodies into which functions need the GIL, take it, or give it away.
 *
 * A function needs the GIL when it uses the C-API before it takes the GIL itself.  That is
 * read from the bodies beforehand, because callees behind pointers are in no order.
 */
#include <string.h>

#include "engine/gil.h"

/* ---- what a call is ----------------------------------------------------------- */

static Change
change_of(const char *name)
{
    static const struct {
        const char *name;
        Change change;
    } known[] = {
        {"PyEval_SaveThread", CHANGE_SAVE},        {"PyEval_ReleaseThread", CHANGE_SAVE},
        {"PyEval_ReleaseLock", CHANGE_SAVE},       {"PyEval_RestoreThread", CHANGE_RESTORE},
        {"PyEval_AcquireThread", CHANGE_RESTORE},  {"PyEval_AcquireLock", CHANGE_RESTORE},
        {"PyGILState_Ensure", CHANGE_ENSURE},      {"PyGILState_Release", CHANGE_RELEASE},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (strcmp(name, known[i].name) == 0) {
            return known[i].change;
        }
    }
    return CHANGE_NONE;
}

/* True when nothing but memory of the object is read: PyBytes_AS_STRING. */
static bool
only_looks(const Summary *fact)
{
    if (!fact->is_macro || fact->calls) {
        return false;
    }
    for (uint32_t i = 0; i < fact->ncases; i++) {
        if (fact->cases[i].neffect > 0 || fact->cases[i].ret.kind == RESULT_NEW) {
            return false;
        }
    }
    return true;
}

bool
gil_needed(const Summary *fact)
{
    if (!fact || fact->origin != ORIGIN_BUILTIN || fact->nogil || fact->noreturn) {
        return false;
    }
    return (text_starts(fact->name, "Py") || text_starts(fact->name, "_Py")) && !only_looks(fact);
}

/* Which argument of 'name' a thread begins with; -1: it starts none. */
static int
thread_argument(const char *name)
{
    static const struct {
        const char *name;
        int argument;
    } known[] = {{"PyThread_start_new_thread", 0}, {"PyThread_start_joinable_thread", 0},
                 {"pthread_create", 2}, {"thrd_create", 1}, {"SDL_CreateThread", 0},
                 {"SDL_AddTimer", 1}, {"CreateThread", 2}, {"_beginthreadex", 2}};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (strcmp(name, known[i].name) == 0) {
            return known[i].argument;
        }
    }
    return -1;
}

/* ---- all bodies, beforehand --------------------------------------------------------- */

const Instr *
gil_setter(const Block *block, const Instr *before, Val val)
{
    for (const Instr *ins = before; val.kind == VAL_TEMP && ins-- > block->ins;) {
        if (ins->dst == val.index) {
            return ins;
        }
    }
    return NULL;
}

Str
gil_key(const Gil *gil, Str record, Str field)
{
    return record && field ? str_internf(gil->strings, "%s.%s", record, field) : NULL;
}

static void
point_to(Gil *gil, Str key, const Decl *decl)
{
    int64_t fn = program_callee(gil->program, decl);
    if (!key || fn < 0) {
        return;
    }
    void **slot = map_put_ptr(&gil->behind, key);
    for (const Behind *b = *slot; b; b = b->next) {
        if (b->fn == (uint32_t)fn) {
            return;
        }
    }
    Behind *behind = ARENA_NEW(gil->arena, Behind);
    *behind = (Behind){(uint32_t)fn, *slot};
    *slot = behind;
}

static void
look_at(Gil *gil, const Block *block, const Instr *ins)
{
    if (ins->op == OP_STORE && ins->b.kind == VAL_FUNC) {
        const Instr *field = gil_setter(block, ins, ins->a);
        if (field && field->op == OP_FIELD) {
            point_to(gil, gil_key(gil, field->record, field->name), ins->b.decl);
        }
    }
    int at = ins->op == OP_CALL ? thread_argument(callee_name(ins)) : -1;
    if (at >= 0 && (uint32_t)at < ins->nargs) {
        Val val = ins->args[at];
        const Instr *cast = gil_setter(block, ins, val);
        val = cast && (cast->op == OP_CAST || cast->op == OP_COPY) ? cast->a : val;
        int64_t fn = val.kind == VAL_FUNC ? program_callee(gil->program, val.decl) : -1;
        if (fn >= 0) {
            gil->foreign[fn] = true;
        }
    }
}

static void
look_at_table(Gil *gil, const Table *table)
{
    const Type *type = table->decl->type;
    while (type && type->kind == TYPE_ARRAY) {
        type = type->to;
    }
    for (uint32_t e = 0; type && type->kind == TYPE_RECORD && e < table->nentry; e++) {
        const char *dot = strchr(table->entry[e].path, '.');
        if (table->entry[e].val.kind == VAL_FUNC && dot && !strpbrk(dot + 1, ".[")) {
            point_to(gil, gil_key(gil, type->tag, dot + 1), table->entry[e].val.decl);
        }
    }
}

/* A helper that takes the GIL and keeps it, or gives it away. */
static void
find_change(Gil *gil, uint32_t fn)
{
    const Fn *body = gil->program->fns[fn];
    uint32_t count[CHANGE_RELEASE + 1] = {0};
    for (uint32_t b = 0; b < body->nblock; b++) {
        for (uint32_t i = 0; i < body->block[b].nins; i++) {
            const Instr *ins = &body->block[b].ins[i];
            if (ins->op == OP_CALL) {
                count[change_of(callee_name(ins))]++;
            }
        }
    }
    bool paired = (count[CHANGE_SAVE] && count[CHANGE_RESTORE]) ||
                  (count[CHANGE_ENSURE] && count[CHANGE_RELEASE]);
    for (Change c = CHANGE_SAVE; c <= CHANGE_RELEASE && !paired; c++) {
        gil->leaves[fn] = count[c] ? c : gil->leaves[fn];
    }
    if (gil->leaves[fn] != CHANGE_NONE) {
        *map_put_ptr(&gil->changers, str_intern(gil->strings, body->decl->name)) =
            (void *)(uintptr_t)gil->leaves[fn];
    }
}

bool
gil_is_api(const Gil *gil, const Decl *decl, const char *name)
{
    const Summary *fact = decl && decl->is_static ? NULL : model_find(gil->model, name, NULL);
    return fact && fact->origin == ORIGIN_BUILTIN;
}

/* What a call changes: of a function of which each module of the project has its own, the one
 * that does change something counts. */
Change
gil_change_by(const Gil *gil, const Decl *decl, const char *name)
{
    int64_t fn = decl ? program_callee(gil->program, decl) : -1;
    Change own = change_of(name);
    if (own != CHANGE_NONE || gil_is_api(gil, decl, name)) {
        return own;
    }
    return fn >= 0 && (decl->is_static || gil->leaves[fn] != CHANGE_NONE)
               ? gil->leaves[fn]
               : (Change)(uintptr_t)map_get_ptr(&gil->changers, str_intern(gil->strings, name));
}

/* All calls of a function, as a number. */
static uint64_t
all_calls(const Fn *fn)
{
    uint64_t hash = 0;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const char *name = callee_name(&fn->block[b].ins[i]);
            if (fn->block[b].ins[i].op == OP_CALL) {
                hash = hash_bytes(name, strlen(name), hash);
            }
        }
    }
    return hash;
}

/* What one call adds to what is known of the function; true when it is settled. */
static bool
add_call(Gil *gil, uint32_t fn, const Instr *call)
{
    const char *name = callee_name(call);
    int64_t callee = call->a.kind == VAL_FUNC ? program_callee(gil->program, call->a.decl) : -1;
    Change change = gil_change_by(gil, call->a.kind == VAL_FUNC ? call->a.decl : NULL, name);
    if (change == CHANGE_RESTORE || change == CHANGE_ENSURE) {
        return true; /* takes it before any use */
    }
    if (callee >= 0 && change == CHANGE_NONE && !gil_is_api(gil, call->a.decl, name)) {
        gil->use[fn] = gil->use[callee];
        return gil->use[fn].at != NULL;
    }
    if (change == CHANGE_SAVE || gil_needed(model_find(gil->model, name, NULL))) {
        gil->use[fn] = (GilUse){call, name, change == CHANGE_SAVE, fn, all_calls(gil->program->fns[fn])};
        return true;
    }
    return false;
}

uint32_t
gil_asked_local(const Block *block, const Instr *branch)
{
    const Instr *at = branch->op == OP_BR ? gil_setter(block, branch, branch->a) : NULL;
    while (at && (at->op == OP_CMP || at->op == OP_NOT || at->op == OP_CAST)) {
        at = gil_setter(block, at, at->a);
    }
    return at && at->op == OP_LOAD && at->a.kind == VAL_LOCAL ? at->a.index : UINT32_MAX;
}

static void
reach(const Fn *body, uint32_t block, uint8_t *seen, uint8_t mark)
{
    if (seen[block] & mark) {
        return;
    }
    seen[block] |= mark;
    const Instr *last = &body->block[block].ins[body->block[block].nins - 1];
    uint32_t ways = last->op == OP_BR ? 2 : last->op == OP_JMP || last->op == OP_SWITCH ? 1 : 0;
    for (uint32_t i = 0; i < ways; i++) {
        reach(body, last->to[i], seen, mark);
    }
    for (uint32_t i = 0; last->op == OP_SWITCH && i < last->ncases; i++) {
        reach(body, last->cases[i].to, seen, mark);
    }
}

/* By block: 1 where a number that the caller passes decides whether control comes there. */
static uint8_t *
find_optional(Arena *arena, const Fn *body)
{
    uint8_t *optional = ARENA_ARRAY(arena, uint8_t, body->nblock + 1);
    for (uint32_t b = 0; b < body->nblock; b++) {
        const Instr *last = &body->block[b].ins[body->block[b].nins - 1];
        uint32_t local = gil_asked_local(&body->block[b], last);
        if (local >= body->nparam || body->local[local].type->kind != TYPE_INT) {
            continue;
        }
        uint8_t *seen = ARENA_ARRAY(arena, uint8_t, body->nblock + 1);
        reach(body, last->to[0], seen, 1);
        reach(body, last->to[1], seen, 2);
        for (uint32_t i = 0; i < body->nblock; i++) {
            optional[i] |= seen[i] == 1 || seen[i] == 2;
        }
    }
    return optional;
}

static void
find_use(Gil *gil, uint32_t fn, Arena *scratch)
{
    const Fn *body = gil->program->fns[fn];
    const uint8_t *optional = find_optional(scratch, body);
    for (uint32_t b = 0; b < body->nblock; b++) {
        if (optional[b]) {
            continue; /* perhaps "does the caller hold the GIL?" */
        }
        for (uint32_t i = 0; i < body->block[b].nins; i++) {
            const Instr *ins = &body->block[b].ins[i];
            if (ins->op == OP_CALL && add_call(gil, fn, ins)) {
                return;
            }
        }
    }
}

Gil *
gil_find(Arena *arena, Strings *strings, const Program *program, const Model *model)
{
    Gil *gil = ARENA_NEW(arena, Gil);
    *gil = (Gil){.arena = arena, .strings = strings, .program = program, .model = model};
    gil->use = ARENA_ARRAY(arena, GilUse, program->nfns + 1);
    gil->leaves = ARENA_ARRAY(arena, Change, program->nfns + 1);
    gil->foreign = ARENA_ARRAY(arena, bool, program->nfns + 1);
    Arena *scratch = arena_new();
    map_init(&gil->behind, arena);
    map_init(&gil->changers, arena);
    for (uint32_t u = 0; u < program->nunits; u++) {
        for (uint32_t t = 0; t < program->units[u]->tables.n; t++) {
            look_at_table(gil, program->units[u]->tables.at[t]);
        }
    }
    for (uint32_t i = 0; i < program->nfns; i++) {
        find_change(gil, i);
    }
    for (uint32_t i = 0; i < program->nfns; i++) {
        uint32_t fn = program->graph->order[i]; /* callees first */
        const Fn *body = program->fns[fn];
        find_use(gil, fn, scratch);
        arena_reset(scratch);
        for (uint32_t b = 0; b < body->nblock; b++) {
            for (uint32_t k = 0; k < body->block[b].nins; k++) {
                look_at(gil, &body->block[b], &body->block[b].ins[k]);
            }
        }
    }
    arena_free(scratch);
    return gil;
}

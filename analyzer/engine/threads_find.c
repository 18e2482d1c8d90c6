/* threads_find.c: all bodies into which functions run under a lock of their callers, and which
 * modules say that they need no GIL.
 */
#include <string.h>

#include "engine/engine.h"
#include "engine/threads.h"

#define PY_MOD_GIL 4 /* numbers of Python.h */
#define GIL_NOT_USED 1

LockStep
threads_step(const char *name)
{
    static const struct {
        const char *start;
        LockStep step;
    } known[] = {
        {"Py_BEGIN_CRITICAL_SECTION", LOCK_SECTION},
        {"Py_END_CRITICAL_SECTION", LOCK_SECTION_END},
        {"PyCriticalSection_Begin", LOCK_SECTION},
        {"PyCriticalSection2_Begin", LOCK_SECTION},
        {"PyCriticalSection_End", LOCK_SECTION_END},
        {"PyCriticalSection2_End", LOCK_SECTION_END},
        {"PyMutex_Lock", LOCK_TAKEN}, {"PyMutex_Unlock", LOCK_GIVEN},
        {"PyThread_acquire_lock", LOCK_TAKEN}, {"PyThread_release_lock", LOCK_GIVEN},
        {"pthread_mutex_lock", LOCK_TAKEN}, {"pthread_mutex_unlock", LOCK_GIVEN},
        {"mtx_lock", LOCK_TAKEN}, {"mtx_unlock", LOCK_GIVEN},
        {"EnterCriticalSection", LOCK_TAKEN}, {"LeaveCriticalSection", LOCK_GIVEN},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (name[0] == known[i].start[0] && text_starts(name, known[i].start)) {
            return known[i].step;
        }
    }
    return LOCK_NONE;
}

/* ---- functions under a lock of their callers -------------------------------------- */

typedef struct Span { /* lines of the text of a function under a lock */
    Loc from, to;
} Span;

typedef VEC(Span) Spans;

/* From each step that locks to the next one in the text that unlocks. */
static Spans
find_spans(Arena *arena, const Fn *fn)
{
    Spans spans = {0};
    VEC(Loc) ends = {0};
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            LockStep step = ins->op == OP_CALL ? threads_step(callee_name(ins)) : LOCK_NONE;
            if (step == LOCK_SECTION || step == LOCK_TAKEN) {
                VEC_PUSH(arena, &spans, ((Span){.from = ins->loc}));
            }
            else if (step != LOCK_NONE) {
                VEC_PUSH(arena, &ends, ins->loc);
            }
        }
    }
    for (uint32_t s = 0; s < spans.n; s++) {
        Span *span = &spans.at[s];
        for (uint32_t e = 0; e < ends.n; e++) {
            bool behind = loc_compare(span->from, ends.at[e]) < 0;
            if (behind && (!span->to.line || loc_compare(span->to, ends.at[e]) < 0)) {
                span->to = ends.at[e];
            }
        }
    }
    return spans;
}

static bool
is_in_span(const Spans *spans, Loc loc)
{
    for (uint32_t i = 0; i < spans->n; i++) {
        if (loc_compare(spans->at[i].from, loc) < 0 && loc_compare(loc, spans->at[i].to) < 0) {
            return true;
        }
    }
    return false;
}

/* Counts the calls in 'fn': by function that is called, all of them and those under a lock. */
static void
count_calls(Arena *arena, const Program *program, uint32_t f, bool guarded, uint32_t *ncalls,
            uint32_t *nguarded)
{
    const Fn *fn = program->fns[f];
    Spans spans = guarded ? (Spans){0} : find_spans(arena, fn);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            int64_t callee = ins->op == OP_CALL && ins->a.kind == VAL_FUNC
                                 ? program_callee(program, ins->a.decl) : -1;
            if (callee >= 0 && (uint32_t)callee != f) {
                ncalls[callee]++;
                nguarded[callee] += guarded || is_in_span(&spans, ins->loc);
            }
        }
    }
}

static bool
has_locks(const Program *program)
{
    for (uint32_t f = 0; f < program->nfns; f++) {
        const Fn *fn = program->fns[f];
        for (uint32_t b = 0; b < fn->nblock; b++) {
            for (uint32_t i = 0; i < fn->block[b].nins; i++) {
                const Instr *ins = &fn->block[b].ins[i];
                if (ins->op == OP_CALL && threads_step(callee_name(ins)) != LOCK_NONE) {
                    return true;
                }
            }
        }
    }
    return false;
}

void
threads_find_guarded(Arena *arena, const Program *program, FnInfo *info)
{
    const CallGraph *graph = program->graph;
    if (!has_locks(program)) {
        return;
    }
    uint32_t *ncalls = ARENA_ARRAY(arena, uint32_t, program->nfns + 1);
    uint32_t *nguarded = ARENA_ARRAY(arena, uint32_t, program->nfns + 1);
    Arena *scratch = arena_new();
    for (uint32_t n = graph->nfns; n-- > 0;) { /* callers first */
        uint32_t f = graph->order[n];
        info[f].guarded = !info[f].is_entry && ncalls[f] > 0 && nguarded[f] == ncalls[f];
        count_calls(scratch, program, f, info[f].guarded, ncalls, nguarded);
        arena_reset(scratch);
    }
    arena_free(scratch);
}

/* ---- modules that say that they need no GIL ------------------------------------------ */

static bool
is_of(const Table *table, const char *tag)
{
    const Type *type = table->decl->type;
    while (type && (type->kind == TYPE_ARRAY || type->kind == TYPE_PTR)) {
        type = type->to;
    }
    return type && type->kind == TYPE_RECORD && text_equal(type->tag, tag);
}

/* True for slots of a module with {Py_mod_gil, Py_MOD_GIL_NOT_USED}. */
static bool
slots_decline_gil(const Table *table)
{
    for (uint32_t e = 0; e + 1 < table->nentry; e++) {
        const TableEntry *slot = &table->entry[e], *value = &table->entry[e + 1];
        if (text_ends(slot->path, ".slot") && slot->val.kind == VAL_INT &&
            slot->val.num == PY_MOD_GIL && text_ends(value->path, ".value") &&
            value->val.kind == VAL_INT && value->val.num == GIL_NOT_USED) {
            return true;
        }
    }
    return false;
}

static bool
code_declines_gil(const Fn *fn)
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            if (ins->op == OP_CALL && text_equal(callee_name(ins), "PyUnstable_Module_SetGIL")) {
                return true;
            }
        }
    }
    return false;
}

NoGil
threads_declared(Arena *arena, const Program *program)
{
    NoGil out = {0};
    uint32_t nmodules = 0, ndeclared = 0;
    map_init(&out.files, arena);
    for (uint32_t u = 0; u < program->nunits; u++) {
        const Unit *unit = program->units[u];
        bool declares = false, module = false;
        for (uint32_t t = 0; t < unit->tables.n; t++) {
            const Table *table = unit->tables.at[t];
            module = module || is_of(table, "PyModuleDef");
            declares = declares || (is_of(table, "PyModuleDef_Slot") && slots_decline_gil(table));
        }
        for (uint32_t f = 0; f < unit->fns.n && module && !declares; f++) {
            declares = code_declines_gil(unit->fns.at[f]);
        }
        nmodules += module;
        ndeclared += module && declares;
        if (declares) {
            *map_put(&out.files, hash_bytes(unit->path, strlen(unit->path), 0)) = program->units[u];
        }
    }
    out.all = nmodules > 0 && ndeclared == nmodules;
    return out;
}

bool
threads_is_declared(const NoGil *nogil, const char *file)
{
    return nogil->all || (file && map_get(&nogil->files, hash_bytes(file, strlen(file), 0)));
}

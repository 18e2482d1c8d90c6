/* engine.c: all functions of the program, callees first. */
#include <stdlib.h>
#include <string.h>

#include "engine/state.h"

#define RECURSION_PASSES 3

typedef struct Engine {
    Arena *out;
    Arena *scratch;
    Strings *strings;
    const Program *program;
    Model *model;
    FnInfo *info;
    Owners *owners;
    Summary **computed;
    EngineResult *result;
} Engine;

static void
analyse(Engine *engine, uint32_t index, bool first, bool silent)
{
    const Fn *fn = engine->program->fns[index];
    Explorer ex = {.arena = engine->scratch, .out = engine->out, .strings = engine->strings,
                   .program = engine->program, .model = engine->model,
                   .computed = engine->computed, .owners = engine->owners, .fn = fn, .fn_index = index,
                   .info = &engine->info[index], .first_pass = first,
                   .silent = silent};
    map_init(&ex.syms, ex.arena);
    map_init(&ex.places, ex.arena);
    ex.local = ARENA_ARRAY(ex.arena, const Place *, fn->nlocal + 1);
    ex.param = ARENA_ARRAY(ex.arena, const Sym *, fn->nparam + 1);
    ex.flow = flow_build(ex.arena, fn);
    explore(&ex);
    events_finish(&ex, engine->result);
    engine->computed[index] = summarize(&ex);
    if (silent && engine->computed[index]->noreturn) {
        engine->computed[index] = NULL; /* only ways back into the recursion so far */
        arena_reset(engine->scratch);
        return;
    }
    model_put_computed(engine->model, fn->decl->usr, engine->computed[index]);
    if (!silent) {
        engine->result->outcome[index] = ex.cut       ? OUTCOME_GAVE_UP
                                         : fn->nhavoc ? OUTCOME_PARTIAL
                                                      : OUTCOME_ANALYSED;
        engine->result->why[index] = ex.cut       ? ex.cut_why
                                     : fn->nhavoc ? "contains a construct that is not lowered"
                                                  : NULL;
    }
    arena_reset(engine->scratch);
}

static bool
is_recursive(const CallGraph *graph, uint32_t first, uint32_t count)
{
    if (count > 1) {
        return true;
    }
    uint32_t f = graph->order[first];
    for (uint32_t i = 0; i < graph->ncallee[f]; i++) {
        if (graph->callee[f][i] == f) {
            return true;
        }
    }
    return false;
}

/* Analyses the functions of a component once; true when some summary changed. */
static bool
analyse_once(Engine *engine, uint32_t first, uint32_t count, bool first_pass)
{
    bool changed = false;
    for (uint32_t i = first; i < first + count; i++) {
        uint32_t f = engine->program->graph->order[i];
        const Fn *fn = engine->program->fns[f];
        const Summary *before = engine->computed[f];
        if (fn->status == FN_DAMAGED) {
            engine->result->outcome[f] = OUTCOME_DAMAGED;
            engine->result->why[f] = fn->reason ? fn->reason : "a parse error touches it";
            continue;
        }
        analyse(engine, f, first_pass, first_pass);
        changed = changed || !before || !engine->computed[f] ||
                  !summary_equal(before, engine->computed[f]);
    }
    return changed;
}

/* One strongly connected component.  When its functions call each other, first along the
 * ways that do not, then with what the last pass learned, until nothing new comes. */
static void
analyse_component(Engine *engine, uint32_t first, uint32_t count)
{
    if (!is_recursive(engine->program->graph, first, count)) {
        analyse_once(engine, first, count, false);
        return;
    }
    uint32_t findings = engine->result->findings.n;
    bool changed = analyse_once(engine, first, count, true);
    for (int pass = 2; changed && pass <= RECURSION_PASSES; pass++) {
        engine->result->findings.n = findings;
        changed = analyse_once(engine, first, count, false);
    }
}

static int
compare_findings(const void *a, const void *b)
{
    const Finding *x = *(Finding *const *)a, *y = *(Finding *const *)b;
    int order = loc_compare(x->loc, y->loc);
    if (order == 0) {
        order = strcmp(x->rule->id, y->rule->id);
    }
    if (order == 0) {
        order = loc_compare(x->steps[0].loc, y->steps[0].loc);
    }
    if (order == 0) {
        order = strcmp(x->fingerprint, y->fingerprint);
    }
    return order;
}

void
engine_run(Arena *arena, Strings *strings, const Program *program, Model *model,
           EngineResult *out)
{
    Engine engine = {.out = arena, .scratch = arena_new(), .strings = strings,
                     .program = program, .model = model, .result = out};
    engine.info = roles_find(arena, program);
    engine.owners = owners_find(arena, strings, program, model);
    engine.computed = ARENA_ARRAY(arena, Summary *, program->nfns + 1);
    out->outcome = ARENA_ARRAY(arena, FnOutcome, program->nfns + 1);
    out->why = ARENA_ARRAY(arena, const char *, program->nfns + 1);
    const CallGraph *graph = program->graph;
    for (uint32_t i = 0; i < graph->nfns;) {
        uint32_t count = 1;
        while (i + count < graph->nfns && graph->component[graph->order[i + count]] ==
                                              graph->component[graph->order[i]]) {
            count++;
        }
        analyse_component(&engine, i, count);
        i += count;
    }
    if (out->findings.n > 1) {
        qsort(out->findings.at, out->findings.n, sizeof(Finding *), compare_findings);
    }
    arena_free(engine.scratch);
}

/* engine.c: all functions of the program, callees first. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gil.h"
#include "engine/run.h"

#define RECURSION_PASSES 3
#define TEAM_FUNCTIONS 100 /* fewer are done sooner than processes start */

/* Keeps the summary as bytes, before annotations correct it: whoever reads them corrects. */
static void
keep_raw(Engine *engine, uint32_t index)
{
    if (engine->raw) {
        Packer pack;
        pack_start(&pack, engine->out);
        pack_summary(&pack, engine->program->fns[index], engine->computed[index]);
        engine->raw[index] = (Slice){pack.out.text, pack.out.length};
    }
}

void
note_own(Engine *engine, uint32_t index, uint32_t first)
{
    const EngineResult *result = engine->result;
    uint32_t n = result->findings.n - first;
    engine->result->own[index] = (FnFindings){ARENA_ARRAY(engine->out, Finding *, n + 1), n};
    for (uint32_t i = 0; i < n; i++) { /* reports change the others */
        engine->result->own[index].at[i] =
            arena_copy(engine->out, result->findings.at[first + i], sizeof(Finding));
    }
}

static void
analyse(Engine *engine, uint32_t index, bool first_pass, bool silent)
{
    const Fn *fn = engine->program->fns[index];
    Explorer ex = {.arena = engine->scratch, .out = engine->out, .strings = engine->strings,
                   .program = engine->program, .model = engine->model,
                   .computed = engine->computed, .owners = engine->owners, .fn = fn, .fn_index = index,
                   .gil = engine->gil, .given = engine->given,
                   .info = &engine->info[index], .first_pass = first_pass,
                   .silent = silent};
    map_init(&ex.syms, ex.arena);
    map_init(&ex.places, ex.arena);
    map_init(&ex.shared, ex.arena);
    ex.local = ARENA_ARRAY(ex.arena, const Place *, fn->nlocal + 1);
    ex.param = ARENA_ARRAY(ex.arena, const Sym *, fn->nparam + 1);
    ex.flow = flow_build(ex.arena, fn);
    ex.watch = engine->watch;
    explore(&ex);
    given_check(&ex);
    inconsistent_check(&ex);
    exception_check_unseen(&ex);
    uint32_t first = engine->result->findings.n;
    events_finish(&ex, engine->result);
    note_own(engine, index, first);
    engine->computed[index] = summarize(&ex);
    if (silent && engine->computed[index]->noreturn) {
        engine->computed[index] = NULL; /* only ways back into the recursion so far */
        keep_raw(engine, index);
        arena_reset(engine->scratch);
        return;
    }
    keep_raw(engine, index);
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

/* ---- components ------------------------------------------------------------------ */

/* One strongly connected component.  When its functions call each other, first along the
 * ways that do not, then with what the last pass learned, until nothing new comes. */
void
component_analyse(Engine *engine, const Component *component)
{
    uint32_t first = component->first, count = component->count;
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
findings_sort(EngineResult *out)
{
    if (out->findings.n > 1) {
        qsort(out->findings.at, out->findings.n, sizeof(Finding *), compare_findings);
    }
}

/* Turns what fingerprints are made of into fingerprints, those of equal findings numbered. */
static void
make_fingerprints(Engine *engine)
{
    Map count;
    map_init(&count, engine->out);
    for (uint32_t i = 0; i < engine->result->findings.n; i++) {
        Finding *finding = engine->result->findings.at[i];
        const char *key = finding->fingerprint;
        void **n = map_put_ptr(&count, str_intern(engine->strings, key));
        key = arena_printf(engine->out, "%s|%u", key, (uint32_t)(uintptr_t)*n);
        *n = (void *)((uintptr_t)*n + 1);
        finding->fingerprint = arena_printf(engine->out, "%016llx",
                                            (unsigned long long)hash_bytes(key, strlen(key), 0));
    }
}

/* Splits the order of the call graph into components. */
static void
list_components(Engine *engine)
{
    const CallGraph *graph = engine->program->graph;
    engine->component = ARENA_ARRAY(engine->out, Component, graph->ncomponents + 1);
    for (uint32_t i = 0; i < graph->nfns;) {
        Component *one = &engine->component[engine->ncomponents++];
        *one = (Component){.first = i, .count = 1};
        while (i + one->count < graph->nfns && graph->component[graph->order[i + one->count]] ==
                                                   graph->component[graph->order[i]]) {
            one->count++;
        }
        i += one->count;
    }
}

/* Takes over what an earlier run has found out about the component; false when it has not. */
static bool
find_part(Engine *engine, const Component *component, Digest *key)
{
    if (!engine->help || !engine->help->find) {
        return false;
    }
    *key = part_key(engine, component);
    Slice part;
    part.bytes = engine->help->find(engine->help->payload, engine->out, *key, &part.length);
    return part.bytes && part_split(engine, component, part) &&
           part_take(engine, component, part);
}

bool
engine_is_stopped(const Engine *engine)
{
    const int *stop = engine->help ? engine->help->stop : NULL;
    return stop && poll(&(struct pollfd){.fd = *stop, .events = POLLIN}, 1, 0) > 0;
}

/* All components, one after the other, in this process. */
static void
run_here(Engine *engine)
{
    for (uint32_t i = 0; i < engine->ncomponents; i++) {
        const Component *component = &engine->component[i];
        Digest key = {0};
        if (component->left_out) {
            continue;
        }
        if (before_keep(engine, component) ||
            find_part(engine, component, &key)) {
            continue;
        }
        if (engine_is_stopped(engine)) {
            part_take(engine, component,
                      part_of_failure(engine, engine->out, component, STOPPED));
            continue;
        }
        component_analyse(engine, component);
        before_note(engine, component);
        if (engine->help && engine->help->keep) {
            Slice part = part_pack(engine, engine->out, component);
            engine->help->keep(engine->help->payload, key, part.bytes, part.length);
        }
    }
}

/* What the whole program says, before any function is looked at. */
static void
find_facts(Engine *engine)
{
    engine->info = roles_find(engine->out, engine->program);
    fresh_find(engine->out, engine->strings, engine->program, engine->info);
    compared_find(engine->program, engine->info);
    engine->owners = owners_find(engine->out, engine->strings, engine->program, engine->model,
                                 engine->info);
    engine->given = given_find(engine->out, engine->program, engine->info);
    engine->gil = gil_find(engine->out, engine->strings, engine->program, engine->model);
}

static void
prepare(Engine *engine)
{
    Arena *arena = engine->out;
    const Program *program = engine->program;
    EngineResult *out = engine->result;
    *out = (EngineResult){0};
    engine->scratch = arena_new();
    find_facts(engine);
    engine->computed = ARENA_ARRAY(arena, Summary *, program->nfns + 1);
    out->outcome = ARENA_ARRAY(arena, FnOutcome, program->nfns + 1);
    out->why = ARENA_ARRAY(arena, const char *, program->nfns + 1);
    out->computed = engine->computed;
    out->own = ARENA_ARRAY(arena, FnFindings, program->nfns + 1);
    out->premise = ARENA_ARRAY(arena, uint64_t, program->nfns + 1);
    uint64_t declared = premise_of_all(program);
    for (uint32_t i = 0; i < program->nfns; i++) {
        out->premise[i] = premise_of(program, engine->owners, engine->gil, &engine->info[i],
                                     hash_mix(declared, engine->given[i]), i);
    }
    before_start(engine);
    list_components(engine);
    if (engine->help) {
        engine->raw = ARENA_ARRAY(arena, Slice, program->nfns + 1);
        components_link(engine);
        parts_start(engine);
        share_mark(engine);
    }
}

static void
run(Engine *engine)
{
    EngineResult *out = engine->result;
    prepare(engine);
    if (!engine->help || engine->help->workers == 0 ||
        engine->program->nfns < TEAM_FUNCTIONS || !team_run(engine)) {
        run_here(engine);
    }
    make_fingerprints(engine);
    if (out->findings.n > 1) {
        findings_sort(out);
        exception_group(out);
    }
    arena_free(engine->scratch);
}

void
engine_run(Arena *arena, Strings *strings, const Program *program, Model *model,
           const EngineHelp *help, EngineResult *out)
{
    Engine engine = {.out = arena, .strings = strings, .program = program, .model = model,
                     .help = help, .result = out};
    run(&engine);
}

void
engine_run_changed(Arena *arena, Strings *strings, const Program *program, Model *model,
                   const EngineBefore *before, bool **analysed, EngineResult *out)
{
    Engine engine = {.out = arena, .strings = strings, .program = program, .model = model,
                     .result = out, .before = before};
    run(&engine);
    *analysed = engine.analysed;
}

void
engine_inspect(Arena *arena, Strings *strings, const Program *program, Model *model,
               const EngineResult *known, uint32_t fn, const Point *point, Facings *out)
{
    EngineResult result = *known;
    Watch watch = {.arena = arena, .point = point, .out = out};
    Engine engine = {.out = arena, .strings = strings, .program = program, .model = model,
                     .result = &result, .computed = known->computed, .watch = &watch};
    engine.scratch = arena_new();
    find_facts(&engine);
    analyse(&engine, fn, false, false);
    arena_free(engine.scratch);
}

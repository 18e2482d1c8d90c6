/* variants.c: files that the database compiles several times with other flags.
 *
 * Linking takes each function once, from the first unit that has it.  So the program is
 * linked and analysed again with the second variant of each file in front, and so on, and what
 * is new is added.  Variants whose functions come out the same count once.
 */
#include <string.h>

#include "classes/classes.h"
#include "driver/gate.h"

#define MAX_VARIANTS 8

typedef struct Variants {
    Scan *scan;
    uint32_t *number; /* by job: which variant of its file it is, from 0 */
    uint32_t n;       /* the most variants that a file has */
} Variants;

/* ---- which jobs are variants -------------------------------------------------------------- */

/* A number for what the functions and tables of the unit say. */
static uint64_t
digest(const Unit *unit)
{
    Arena *arena = arena_new();
    StrBuf text;
    uint64_t hash;

    strbuf_init(&text, arena);
    for (uint32_t i = 0; i < unit->fns.n; i++) {
        fn_print(unit->fns.at[i], &text);
    }
    for (uint32_t i = 0; i < unit->tables.n; i++) {
        const Table *table = unit->tables.at[i];

        strbuf_printf(&text, "%s:", table->decl->usr);
        for (uint32_t k = 0; k < table->nentry; k++) {
            strbuf_printf(&text, "%s=", table->entry[k].path);
            val_print(NULL, table->entry[k].val, &text);
        }
    }
    hash = hash_bytes(text.text, text.length, 0);
    arena_free(arena);
    return hash;
}

/* The jobs of one file stand together, as the database was put in order. */
static bool
same_file(const Scan *scan, uint32_t a, uint32_t b)
{
    return text_equal(scan->jobs.jobs.at[a].file, scan->jobs.jobs.at[b].file);
}

/* Numbers the jobs from 'first' to before 'end', which are all of one file. */
static void
number_variants(Variants *v, uint32_t first, uint32_t end)
{
    uint64_t *seen = ARENA_ARRAY(v->scan->arena, uint64_t, end - first);
    uint32_t n = 0;

    for (uint32_t i = first; i < end && end - first > 1; i++) {
        uint64_t hash = digest(v->scan->units[i]);
        uint32_t k = 0;

        while (k < n && seen[k] != hash) {
            k++;
        }
        if (k == n) {
            seen[n++] = hash;
        }
        v->number[i] = k;
    }
    v->n = n > v->n ? n : v->n;
}

static Variants
find_variants(Scan *scan)
{
    uint32_t njobs = scan->jobs.jobs.n;
    Variants v = {.scan = scan, .number = ARENA_ARRAY(scan->arena, uint32_t, njobs + 1), .n = 1};

    for (uint32_t first = 0; first < njobs;) {
        uint32_t end = first + 1;

        while (end < njobs && same_file(scan, first, end)) {
            end++;
        }
        number_variants(&v, first, end);
        first = end;
    }
    return v;
}

/* All units, those that are variant 'k' of their file first. */
static Unit **
units_with_first(const Variants *v, uint32_t k)
{
    const Scan *scan = v->scan;
    uint32_t njobs = scan->jobs.jobs.n, n = 0;
    Unit **units = ARENA_ARRAY(scan->arena, Unit *, njobs + 1);

    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < njobs; i++) {
            if ((v->number[i] == k) == (round == 0)) {
                units[n++] = scan->units[i];
            }
        }
    }
    return units;
}

/* ---- adding what they show ------------------------------------------------------------------ */

static bool
is_there(const RunResult *run, const Finding *finding)
{
    for (uint32_t i = 0; i < run->nfindings; i++) {
        if (finding_same(run->findings[i], finding)) {
            return true;
        }
    }
    return false;
}

static void
add_findings(Scan *scan, const Scan *layer)
{
    RunResult *run = &scan->result;
    const EngineResult *engine = &layer->engine;
    Finding **all = ARENA_ARRAY(scan->arena, Finding *, run->nfindings + engine->findings.n + 1);

    if (run->nfindings > 0) {
        memcpy(all, run->findings, run->nfindings * sizeof(Finding *));
    }
    run->findings = all;
    for (uint32_t i = 0; i < engine->findings.n; i++) {
        Finding *finding = engine->findings.at[i];

        if (scan_in_scope(scan, finding->loc.file) && !is_there(run, finding)) {
            all[run->nfindings++] = finding;
        }
    }
}

/* Adds 'by' to the counters of an outcome. */
static void
count(RunResult *run, FnOutcome outcome, int by)
{
    uint32_t add = (uint32_t)by;

    run->nfunctions += add;
    run->nanalysed += outcome == OUTCOME_ANALYSED || outcome == OUTCOME_PARTIAL ? add : 0;
    run->npartial += outcome == OUTCOME_PARTIAL ? add : 0;
    run->ndamaged += outcome == OUTCOME_DAMAGED ? add : 0;
    run->ngaveup += outcome == OUTCOME_GAVE_UP ? add : 0;
}

static Str
fn_key(const Scan *scan, const Fn *fn)
{
    return str_internf(scan->strings, "%s\n%u\n%s", fn->loc.file != NULL ? fn->loc.file : "",
                       fn->loc.line, fn->decl->usr);
}

static void
add_gap(Scan *scan, const Fn *fn, const char *why)
{
    RunResult *run = &scan->result;
    Gap *gaps = ARENA_ARRAY(scan->arena, Gap, run->ngaps + 1);

    if (run->ngaps > 0) {
        memcpy(gaps, run->gaps, run->ngaps * sizeof(Gap));
    }
    gaps[run->ngaps++] = (Gap){.loc = fn->loc, .function = fn->decl->name,
                               .why = why != NULL ? why : "not in all of its variants"};
    run->gaps = gaps;
}

/* The functions of the first program, by key: index + 1. */
static Map
index_functions(const Scan *scan)
{
    Map known;

    map_init(&known, scan->arena);
    for (uint32_t i = 0; i < scan->program->nfns; i++) {
        *map_put_ptr(&known, fn_key(scan, scan->program->fns[i])) = (void *)(uintptr_t)(i + 1);
    }
    return known;
}

/* A function that is analysed less well in a variant counts as such. */
static void
add_outcome(Scan *scan, Map *known, const Fn *fn, FnOutcome outcome, const char *why)
{
    uintptr_t index = (uintptr_t)map_get_ptr(known, fn_key(scan, fn));

    if (!scan_in_scope(scan, fn->loc.file)
        || (index != 0 && scan->engine.outcome[index - 1] >= outcome)) {
        return;
    }
    if (index != 0) {
        count(&scan->result, scan->engine.outcome[index - 1], -1);
        scan->engine.outcome[index - 1] = outcome;
    }
    count(&scan->result, outcome, 1);
    if (outcome != OUTCOME_ANALYSED) {
        add_gap(scan, fn, why);
    }
}

static void
add_outcomes(Scan *scan, Map *known, const Scan *layer)
{
    for (uint32_t i = 0; i < layer->program->nfns; i++) {
        add_outcome(scan, known, layer->program->fns[i], layer->engine.outcome[i],
                    layer->engine.why[i]);
    }
}

/* Linking prefers an undamaged variant of a function; what is damaged in another one was
 * not analysed there. */
static void
add_damage(Scan *scan, Map *known)
{
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Unit *unit = scan->units[i];

        for (uint32_t k = 0; k < unit->fns.n; k++) {
            const Fn *fn = unit->fns.at[k];

            if (fn->status == FN_DAMAGED) {
                add_outcome(scan, known, fn, OUTCOME_DAMAGED,
                            fn->reason != NULL ? fn->reason : "a parse error touches it");
            }
        }
    }
}

bool
variants_add(Scan *scan, const Options *options, Error *error)
{
    Variants v = find_variants(scan);
    Map known;

    if (v.n == 1) {
        return true;
    }
    known = index_functions(scan);
    if (v.n > MAX_VARIANTS) {
        scan_note(scan, "a file is compiled in %u different ways; the first %d are analysed", v.n,
                  MAX_VARIANTS);
        v.n = MAX_VARIANTS;
    }
    for (uint32_t k = 1; k < v.n; k++) {
        Scan layer = *scan;

        layer.quiet = true;
        layer.units = units_with_first(&v, k);
        layer.engine = (EngineResult){0};
        if (!scan_analyse(&layer, options, error)) {
            return false;
        }
        add_findings(scan, &layer);
        add_outcomes(scan, &known, &layer);
    }
    add_damage(scan, &known);
    report_order(&scan->result);
    return true;
}

/* evaluate.c: a program of which some files were edited -> what the analysis says of it. */
#include "lsp/analyst.h"

#include <string.h>

#include "classes/classes.h"
#include "contracts/contracts.h"

/* ---- what is known of the program before the edits --------------------------------------- */

static bool
is_inside(const Fn *fn, Loc loc)
{
    return text_equal(loc.file, fn->loc.file) && loc.line + 1 >= fn->loc.line
           && loc.line <= fn->last_line;
}

static bool
tells_of_elsewhere(const Fn *fn, const FnFindings *own)
{
    for (uint32_t i = 0; i < own->n; i++) {
        const Finding *finding = own->at[i];

        if (!is_inside(fn, finding->loc)) {
            return true;
        }
        for (uint32_t k = 0; k < finding->nsteps; k++) {
            if (!is_inside(fn, finding->steps[k].loc)) {
                return true;
            }
        }
    }
    return false;
}

void
base_index(Base *base)
{
    const Program *program = base->scan.program;

    map_init(&base->known, base->arena);
    base->lines = ARENA_ARRAY(base->arena, uint32_t, program->nfns + 1);
    base->outside = ARENA_ARRAY(base->arena, bool, program->nfns + 1);
    for (uint32_t i = 0; i < program->nfns; i++) {
        const Fn *fn = program->fns[i];

        *map_put(&base->known, engine_identity(fn)) = (void *)(uintptr_t)(i + 1);
        base->lines[i] = fn->loc.line;
        base->outside[i] = tells_of_elsewhere(fn, &base->scan.engine.own[i]);
    }
}

/* The function of the base that the place was in; nfns when it was in none. */
static uint32_t
function_around(const Base *base, Loc loc)
{
    const Program *program = base->scan.program;

    for (uint32_t i = 0; i < program->nfns; i++) {
        const Fn *fn = program->fns[i];

        if (loc.line + 1 >= base->lines[i]
            && loc.line <= base->lines[i] + (fn->last_line - fn->loc.line)
            && text_equal(fn->loc.file, loc.file)) {
            return i;
        }
    }
    return program->nfns;
}

/* True when nobody can tell where the place is now: its function has changed, or it is in none
 * and the lines of the file have moved. */
static bool
is_lost(const Base *base, Loc loc)
{
    const Program *program = base->scan.program;
    uint32_t index = function_around(base, loc);
    bool lost = false;

    if (index < program->nfns) {
        const Fn *now = map_get(&base->now, engine_identity(program->fns[index]));

        return now == NULL || !fn_same(program->fns[index], now);
    }
    for (uint32_t i = 0; i < base->nfiles; i++) {
        const OpenFile *file = &base->files[i];

        lost = lost || (text_equal(file->path, loc.file)
                        && (file->whole.n > 0 || file->nshift > 0));
    }
    return lost;
}

/* For EngineBefore: where a place is now that is not lost. */
static Loc
moved(void *payload, Loc loc)
{
    const Base *base = payload;
    const Program *program = base->scan.program;
    uint32_t index = function_around(base, loc);
    const Fn *now = index < program->nfns
                        ? map_get(&base->now, engine_identity(program->fns[index])) : NULL;

    if (now != NULL) {
        loc.line = loc.line + now->loc.line - base->lines[index];
    }
    return loc;
}

/* True when a finding of the function tells of a place that is lost. */
static bool
tells_of_lost(const Base *base, const FnFindings *own)
{
    for (uint32_t i = 0; i < own->n; i++) {
        const Finding *finding = own->at[i];

        if (is_lost(base, finding->loc)) {
            return true;
        }
        for (uint32_t k = 0; k < finding->nsteps; k++) {
            if (is_lost(base, finding->steps[k].loc)) {
                return true;
            }
        }
    }
    return false;
}

/* For EngineBefore. */
static bool
is_changed(void *payload, const Fn *fn)
{
    const Base *base = payload;
    uintptr_t index = (uintptr_t)map_get(&base->known, engine_identity(fn));

    return index == 0 || !fn_same(base->scan.program->fns[index - 1], fn)
           || (base->outside[index - 1]
               && tells_of_lost(base, &base->scan.engine.own[index - 1]));
}

/* Notes the functions as they are now. */
static void
index_now(Base *base, Arena *arena, const Program *program)
{
    map_init(&base->now, arena);
    for (uint32_t i = 0; i < program->nfns; i++) {
        *map_put(&base->now, engine_identity(program->fns[i])) = program->fns[i];
    }
}

/* ---- the edited program ---------------------------------------------------------------------- */

/* The units, with those of open files that were parsed whole. */
static Unit **
whole_units(Base *base, Arena *arena, Error *error)
{
    const Scan *scan = &base->scan;
    Unit **units = ARENA_ARRAY(arena, Unit *, scan->jobs.jobs.n + 1);

    memcpy(units, scan->units, scan->jobs.jobs.n * sizeof(Unit *));
    for (uint32_t i = 0; i < base->nfiles; i++) {
        const OpenFile *file = &base->files[i];
        Unit *unit;

        if (file->whole.n == 0) {
            continue;
        }
        unit = unit_read(arena, scan->strings, file->path, file->whole.at, file->whole.n, error);
        if (unit == NULL) {
            return NULL;
        }
        units[file->job] = unit;
    }
    return units;
}

/* Puts the changed functions of open files into their units. */
static bool
put_parts(Base *base, Arena *arena, Unit **units, Error *error)
{
    for (uint32_t i = 0; i < base->nfiles; i++) {
        const OpenFile *file = &base->files[i];
        Unit *part;

        if (file->part.n == 0) {
            continue;
        }
        part = unit_read(arena, base->scan.strings, file->path, file->part.at, file->part.n,
                         error);
        if (part == NULL) {
            return false;
        }
        unit_shift(units[file->job], file->path, file->shift, file->nshift);
        unit_adopt(units[file->job], part);
    }
    return true;
}

/* Links the units and analyses the functions that differ from the base's. */
static bool
follow(Base *base, Arena *arena, Unit **units, Scan *scan, Error *error)
{
    EngineBefore before = {.program = base->scan.program, .result = &base->scan.engine,
                           .is_changed = is_changed, .payload = base, .lines = base->lines,
                           .moved = moved};
    bool *analysed;

    *scan = base->scan;
    scan->arena = arena;
    scan->units = units;
    if (!scan_model(scan, base->options, error)) {
        return false;
    }
    scan->program = program_link(arena, units, scan->jobs.jobs.n);
    index_now(base, arena, scan->program);
    annotations_apply(scan);
    engine_run_changed(arena, scan->strings, scan->program, scan->model, &before, &analysed,
                       &scan->engine);
    return true;
}

bool
base_absorb(Base *base)
{
    Arena *arena = arena_new();
    Unit **units = whole_units(base, arena, NULL);
    Scan scan;

    if (units == NULL || !follow(base, arena, units, &scan, NULL)) {
        arena_free(arena);
        return false;
    }
    base->scan = scan;
    base->arena = arena;
    base_index(base);
    return true;
}

bool
base_evaluate(Base *base, Arena *arena, Scan *scan, Error *error)
{
    Unit **units = whole_units(base, arena, error);
    EditedFile *edited = ARENA_ARRAY(arena, EditedFile, base->nfiles + 1);

    if (units == NULL || !put_parts(base, arena, units, error)
        || !follow(base, arena, units, scan, error)) {
        return false;
    }
    contracts_run(arena, scan->program, scan->model, &scan->engine);
    classes_run(arena, scan->strings, scan->program, scan->model, &scan->engine);
    for (uint32_t i = 0; i < base->nfiles; i++) {
        const OpenFile *file = &base->files[i];

        edited[i] = (EditedFile){file->path, file->text.at, file->text.n};
    }
    scan->edited = edited;
    scan->nedited = base->nfiles;
    return scan_judge(scan, base->options, error);
}

/* evaluate.c: a program of which some files were edited -> what the analysis says of it. */
#include "lsp/analyst.h"

#include <string.h>

#include "classes/classes.h"
#include "contracts/contracts.h"

/* ---- what is known of the program before the edits --------------------------------------- */

void
base_index(Base *base)
{
    const Program *program = base->scan.program;

    map_init(&base->known, base->arena);
    base->lines = ARENA_ARRAY(base->arena, uint32_t, program->nfns + 1);
    for (uint32_t i = 0; i < program->nfns; i++) {
        *map_put(&base->known, engine_identity(program->fns[i])) = (void *)(uintptr_t)(i + 1);
        base->lines[i] = program->fns[i]->loc.line;
    }
}

/* For EngineBefore. */
static bool
is_changed(void *payload, const Fn *fn)
{
    const Base *base = payload;
    uintptr_t index = (uintptr_t)map_get(&base->known, engine_identity(fn));

    return index == 0 || !fn_same(base->scan.program->fns[index - 1], fn);
}

/* For EngineBefore. */
static bool
is_edited(void *payload, const char *path)
{
    const Base *base = payload;

    for (uint32_t i = 0; i < base->nfiles; i++) {
        const OpenFile *file = &base->files[i];

        if (text_equal(file->path, path) && (file->whole.n > 0 || file->nshift > 0)) {
            return true;
        }
    }
    return false;
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
                           .is_edited = is_edited};
    bool *analysed;

    *scan = base->scan;
    scan->arena = arena;
    scan->units = units;
    if (!scan_model(scan, base->options, error)) {
        return false;
    }
    scan->program = program_link(arena, units, scan->jobs.jobs.n);
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

/* fix_check.c: what the analysis says of a text that is not on the disk. */
#include "driver/fix.h"

#include <string.h>

#include "classes/classes.h"
#include "contracts/contracts.h"

/* Which functions are to be analysed again. */
typedef struct Choice {
    const FixLab *lab;
    const FixText *text;
    bool all; /* some function that the text names is not in the program */
} Choice;

static bool
names_function(const char *decl, const char *name)
{
    size_t length = strlen(decl), tail = strlen(name);

    return text_equal(decl, name)
           || (length > tail + 2 && text_ends(decl, name)
               && decl[length - tail - 1] == ':');
}

/* For EngineBefore. */
static bool
is_changed(void *payload, const Fn *fn)
{
    const Choice *choice = payload;

    if (!text_equal(fn->loc.file, choice->lab->path)) {
        return false;
    }
    for (uint32_t i = 0; i < choice->text->nfunctions; i++) {
        if (names_function(fn->decl->name, choice->text->functions[i])) {
            return true;
        }
    }
    return choice->all;
}

static bool
is_there(const Program *program, const char *path, const char *name)
{
    for (uint32_t i = 0; i < program->nfns; i++) {
        if (text_equal(program->fns[i]->loc.file, path)
            && names_function(program->fns[i]->decl->name, name)) {
            return true;
        }
    }
    return false;
}

/* True when the unit of the file on the disk has that message as well. */
static bool
was_said(const Unit *before, const Message *message)
{
    for (uint32_t i = 0; i < before->messages.n; i++) {
        if (text_equal(before->messages.at[i].text, message->text)) {
            return true;
        }
    }
    return false;
}

/* Captures the units that hold the file; the others stay as they are. */
static Unit **
capture_changed(const FixLab *lab, const FixText *text, FixRun *out)
{
    const Scan *scan = lab->scan;
    uint32_t n = scan->jobs.jobs.n;
    Unit **units = ARENA_ARRAY(lab->arena, Unit *, n + 1);
    EditedFile edited = {.path = lab->path, .text = text->text, .length = text->length};

    memcpy(units, scan->units, n * sizeof(Unit *));
    for (uint32_t i = 0; i < lab->njobs; i++) {
        uint32_t job = lab->jobs[i];
        Unit *unit = capture_unit_edited(lab->arena, scan->strings, &scan->jobs.jobs.at[job],
                                         lab->overlay, OVERLAY_PREFIX, &edited, 1);

        if (unit->status == UNIT_FAILED) {
            return NULL;
        }
        for (uint32_t k = 0; k < unit->messages.n; k++) {
            if (!was_said(scan->units[job], &unit->messages.at[k])) {
                VEC_PUSH(lab->arena, &out->errors, &unit->messages.at[k]);
            }
        }
        units[job] = unit;
    }
    return units;
}

bool
fix_analyse(const FixLab *lab, const FixText *text, FixRun *out)
{
    Choice choice = {.lab = lab, .text = text, .all = text->functions == NULL};
    EngineBefore before = {.program = lab->scan->program, .result = &lab->scan->engine,
                           .is_changed = is_changed, .payload = &choice};
    EngineResult result = {0};
    Unit **units;
    bool *analysed;

    *out = (FixRun){0};
    units = capture_changed(lab, text, out);
    if (units == NULL) {
        return false;
    }
    out->program = program_link(lab->arena, units, lab->scan->jobs.jobs.n);
    for (uint32_t i = 0; i < text->nfunctions; i++) {
        choice.all = choice.all || !is_there(out->program, lab->path, text->functions[i]);
    }
    engine_run_changed(lab->arena, lab->scan->strings, out->program, lab->scan->model, &before,
                       &analysed, &result);
    contracts_run(lab->arena, out->program, lab->scan->model, &result);
    classes_run(lab->arena, lab->scan->strings, out->program, lab->scan->model, &result);
    out->analysed = analysed;
    out->findings = (const Finding **)result.findings.at;
    out->nfindings = result.findings.n;
    return true;
}

bool
fix_run_covers(const FixRun *run, const Finding *finding)
{
    for (uint32_t i = 0; i < run->program->nfns; i++) {
        const Fn *fn = run->program->fns[i];

        if (run->analysed[i] && text_equal(fn->decl->name, finding->function)
            && text_equal(fn->loc.file, finding->loc.file)) {
            return true;
        }
    }
    return false;
}

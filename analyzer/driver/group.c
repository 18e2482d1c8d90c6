/* group.c: one mistake that a macro of the project repeats in many places becomes one
 * finding, which names the others.
 */
#include <string.h>

#include "driver/gate.h"

#define MAX_PLACES 8

static bool
is_macro_of_python(const char *macro)
{
    return text_starts(macro, "Py") || text_starts(macro, "_Py");
}

/* The macro that the defect shows in, or whose use ends where it shows; NULL for none. */
static const char *
last_macro(const Finding *finding)
{
    const char *macro = finding->loc.macro;
    for (uint32_t i = finding->nsteps; i-- > 0 && !macro;) {
        const Loc *loc = &finding->steps[i].loc;
        macro = loc->line == finding->loc.line && text_equal(loc->file, finding->loc.file)
                    ? loc->macro : NULL;
    }
    return macro && !is_macro_of_python(macro) ? macro : NULL;
}

/* True when all of the story happens in the macro. */
static bool
is_whole_story(const Finding *finding, const char *macro)
{
    for (uint32_t i = 0; i + 1 < finding->nsteps; i++) {
        const char *other = finding->steps[i].loc.macro;
        if (finding->steps[i].kind != STEP_BRANCH && other && !text_equal(other, macro)) {
            return false;
        }
        if (finding->steps[i].kind == STEP_MADE && !other) {
            return false;
        }
    }
    return true;
}

/* The step of the macro's own call that fails, when it leaves the function at once; or NULL. */
static const char *
failing_call(const Finding *finding, const char *macro)
{
    const Step *step = finding->nsteps > 1 ? &finding->steps[finding->nsteps - 2] : NULL;
    bool fails = step && step->kind == STEP_FAILS && step->loc.macro && finding->loc.macro &&
                 text_equal(step->loc.macro, macro) && step->loc.line == finding->loc.line;
    return fails ? step->text : NULL;
}

/* What the findings of one macro have in common, as a number; 0 when nothing is.  Python's own
 * macros are used everywhere and make no mistakes. */
static uint64_t
group_key(const Finding *finding)
{
    const char *macro = last_macro(finding);
    const char *same = !macro                           ? NULL
                       : is_whole_story(finding, macro) ? finding->message
                                                        : failing_call(finding, macro);
    if (!same) {
        return 0;
    }
    uint64_t hash = hash_bytes(macro, strlen(macro), 1);
    hash = hash_bytes(finding->rule->id, strlen(finding->rule->id), hash);
    hash = hash_bytes(finding->loc.file, strlen(finding->loc.file), hash);
    hash = hash_bytes(same, strlen(same), hash);
    return hash + finding->reach + 1;
}

/* Adds 'count' places to the story of 'first', before its last step. */
static void
tell_places(Arena *arena, Finding *first, Finding *const *others, uint32_t count)
{
    uint32_t told = count < MAX_PLACES ? count : MAX_PLACES;
    uint32_t more = count > told ? 1 : 0, n = first->nsteps;
    Step *steps = ARENA_ARRAY(arena, Step, n + told + more);
    memcpy(steps, first->steps, (n - 1) * sizeof(Step));
    for (uint32_t i = 0; i < told; i++) {
        steps[n - 1 + i] = (Step){others[i]->loc, STEP_CHANGE,
                                  arena_printf(arena, "the same happens in %s()",
                                               others[i]->function)};
    }
    if (more) {
        steps[n - 1 + told] = (Step){first->loc, STEP_CHANGE,
                                     arena_printf(arena, "and in %u more places", count - told)};
    }
    steps[n - 1 + told + more] = first->steps[n - 1];
    first->steps = steps;
    first->nsteps = n + told + more;
}

static bool
is_shown(const Finding *finding)
{
    return finding->suppressed == NULL && !finding->known;
}

void
group_macros(RunResult *run)
{
    uint32_t n = run->nfindings, kept = 0;
    Finding **others = ARENA_ARRAY(run->arena, Finding *, n + 1);
    bool *gone = ARENA_ARRAY(run->arena, bool, n + 1);
    uint64_t *key = ARENA_ARRAY(run->arena, uint64_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        key[i] = is_shown(run->findings[i]) ? group_key(run->findings[i]) : 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t count = 0;
        for (uint32_t j = i + 1; j < n && key[i] != 0 && !gone[i]; j++) {
            if (key[j] == key[i]) {
                others[count++] = run->findings[j];
                gone[j] = true;
            }
        }
        if (count > 0) {
            tell_places(run->arena, run->findings[i], others, count);
        }
        if (!gone[i]) {
            run->findings[kept++] = run->findings[i];
        }
    }
    run->nfindings = kept;
    report_order(run);
}

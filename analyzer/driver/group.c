/* group.c: findings that one change mends become one finding, which names the others: what a macro
 * of the project repeats wherever it is used, what a helper does to its argument whoever calls
 * it, what is borrowed once and used in several places, what one exit forgets.
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

static uint64_t
mix_text(uint64_t hash, const char *text)
{
    return text ? hash_bytes(text, strlen(text), hash) : hash;
}

/* A number that stands for the rule, the reach, the kind of group and a place. */
static uint64_t
place_key(const Finding *finding, const char *kind, const Loc *loc)
{
    const uint32_t at[] = {loc->line, loc->col, (uint32_t)finding->reach};
    return hash_bytes(at, sizeof(at), mix_text(mix_text(mix_text(1, finding->rule->id), kind),
                                               loc->file));
}

/* What the findings of one macro have in common, as a number; 0 when nothing is.  Python's own
 * macros are used everywhere and make no mistakes. */
static uint64_t
macro_key(const Finding *finding)
{
    const char *macro = last_macro(finding);
    const char *same = !macro                           ? NULL
                       : is_whole_story(finding, macro) ? finding->message
                                                        : failing_call(finding, macro);
    if (!same) {
        return 0;
    }
    uint64_t hash = mix_text(mix_text(1, macro), finding->rule->id);
    return mix_text(mix_text(hash, finding->loc.file), same) + finding->reach + 1;
}

/* The same for values that are borrowed, and used after other code may have taken them away: the
 * place in a helper that uses its argument so, or the call that lends. */
static uint64_t
borrowed_key(const Finding *finding)
{
    const Step *use = finding->nsteps > 1 ? &finding->steps[finding->nsteps - 2] : NULL;
    if (!text_equal(finding->rule->id, "borrowed-across-call") || !use) {
        return 0;
    }
    if (use->kind == STEP_CHANGE && text_ends(use->text, " uses it here")) {
        return place_key(finding, "used by a helper", &use->loc);
    }
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        const Step *step = &finding->steps[i];
        if (strstr(step->text, "gives a borrowed reference")) {
            return place_key(finding, finding->object, &step->loc);
        }
    }
    return 0;
}

/* The same for objects that one exit forgets.  What was counted by hand once too often on the way
 * to every exit is mended where it is counted. */
static uint64_t
exit_key(const Finding *finding)
{
    bool extra = text_equal(finding->cause, "a reference from Py_INCREF") &&
                 (finding->reach == REACH_ORDINARY || finding->reach == REACH_INIT);
    bool lost = text_equal(finding->rule->id, "leak") && !extra &&
                strstr(finding->message, "the function returns while it still owns");
    return lost ? place_key(finding, "lost at an exit", &finding->loc) : 0;
}

static uint64_t
group_key(const Finding *finding, bool exits)
{
    uint64_t key = macro_key(finding);
    key = key ? key : borrowed_key(finding);
    return key || !exits ? key : exit_key(finding);
}

/* What happens to the other finding, for the story of 'first'. */
static const char *
other_text(Arena *arena, const Finding *first, const Finding *other)
{
    if (loc_compare(first->loc, other->loc) == 0) {
        return arena_printf(arena, "'%s' goes the same way", other->object);
    }
    if (text_equal(first->function, other->function)) {
        return arena_printf(arena, "the same happens to '%s' here", other->object);
    }
    return arena_printf(arena, "the same happens in %s()", other->function);
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
                                  other_text(arena, first, others[i])};
    }
    if (more) {
        steps[n - 1 + told] = (Step){first->loc, STEP_CHANGE,
                                     arena_printf(arena, "and in %u more places", count - told)};
    }
    steps[n - 1 + told + more] = first->steps[n - 1];
    first->steps = steps;
    first->nsteps = n + told + more;
    if (report_has(first->fix) && loc_compare(first->loc, others[0]->loc) == 0) {
        first->fix = arena_printf(arena, "%s, and the same for what goes the same way", first->fix);
    }
    first->others = arena_copy(arena, others, count * sizeof(Finding *));
    first->nothers = count;
}

static bool
is_shown(const Finding *finding)
{
    return finding->suppressed == NULL && !finding->known;
}

void
group_findings(RunResult *run, bool exits)
{
    uint32_t n = run->nfindings, kept = 0;
    Finding **others = ARENA_ARRAY(run->arena, Finding *, n + 1);
    bool *gone = ARENA_ARRAY(run->arena, bool, n + 1);
    uint64_t *key = ARENA_ARRAY(run->arena, uint64_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        key[i] = is_shown(run->findings[i]) ? group_key(run->findings[i], exits) : 0;
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

/* group.c: one mistake that a macro of the project repeats in many functions becomes one
 * finding, which names the other places.
 */
#include <string.h>

#include "engine/state.h"

#define MAX_PLACES 8

/* The macro in which all of the story happens, or NULL.  Python's own macros are used
 * everywhere and make no mistakes. */
static const char *
whole_macro(const Finding *finding)
{
    const char *macro = finding->loc.macro;
    if (!macro || text_starts(macro, "Py") || text_starts(macro, "_Py")) {
        return NULL;
    }
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        const char *other = finding->steps[i].loc.macro;
        if (finding->steps[i].kind != STEP_BRANCH && other && !text_equal(other, macro)) {
            return NULL;
        }
        if (finding->steps[i].kind == STEP_MADE && !other) {
            return NULL;
        }
    }
    return macro;
}

/* What the findings of one macro have in common, as a number; 0 when nothing is. */
static uint64_t
group_key(const Finding *finding)
{
    const char *macro = whole_macro(finding);
    if (!macro) {
        return 0;
    }
    uint64_t hash = hash_bytes(macro, strlen(macro), 1);
    hash = hash_bytes(finding->rule->id, strlen(finding->rule->id), hash);
    hash = hash_bytes(finding->loc.file, strlen(finding->loc.file), hash);
    hash = hash_bytes(finding->message, strlen(finding->message), hash);
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

void
group_macros(Arena *arena, EngineResult *out)
{
    uint32_t n = out->findings.n, kept = 0;
    Finding **others = ARENA_ARRAY(arena, Finding *, n + 1);
    bool *gone = ARENA_ARRAY(arena, bool, n + 1);
    uint64_t *key = ARENA_ARRAY(arena, uint64_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        key[i] = group_key(out->findings.at[i]);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t count = 0;
        for (uint32_t j = i + 1; j < n && key[i] != 0 && !gone[i]; j++) {
            if (key[j] == key[i]) {
                others[count++] = out->findings.at[j];
                gone[j] = true;
            }
        }
        if (count > 0) {
            tell_places(arena, out->findings.at[i], others, count);
        }
        if (!gone[i]) {
            out->findings.at[kept++] = out->findings.at[i];
        }
    }
    out->findings.n = kept;
}

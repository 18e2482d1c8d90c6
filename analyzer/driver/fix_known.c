/* fix_known.c: which findings of a changed text were there before. */
#include "driver/fix.h"

#include <string.h>

void
known_init(Arena *arena, KnownList *known, const Scan *scan)
{
    *known = (KnownList){0};
    for (uint32_t i = 0; i < scan->engine.findings.n; i++) {
        Known one = {.finding = scan->engine.findings.at[i], .origin = UINT32_MAX};

        for (uint32_t k = 0; k < scan->result.nfindings; k++) {
            if (scan->result.findings[k] == one.finding) {
                one.origin = k;
            }
        }
        VEC_PUSH(arena, &known->list, one);
    }
}

void
known_start(KnownList *known)
{
    for (uint32_t i = 0; i < known->list.n; i++) {
        known->list.at[i].matched = false;
    }
}

static bool
same_subject(const Finding *a, const Finding *b)
{
    return a->rule == b->rule && text_equal(a->function, b->function)
           && text_equal(a->object, b->object) && text_equal(a->loc.file, b->loc.file);
}

/* How well the two agree: 0 not at all. */
static int
likeness(const Finding *old, const Finding *now)
{
    if (!same_subject(old, now)) {
        return 0;
    }
    return 1 + (old->loc.line == now->loc.line ? 2 : 0)
           + (old->steps[0].loc.line == now->steps[0].loc.line ? 1 : 0);
}

uint32_t
known_match(KnownList *known, const Finding *finding, uint32_t but)
{
    uint32_t best = NO_STMT;
    int most = 0;

    for (uint32_t i = 0; i < known->list.n; i++) {
        const Known *one = &known->list.at[i];
        int like = one->matched || i == but ? 0 : likeness(one->finding, finding);

        if (like == 0 && !one->matched && i != but && known_remains(one->finding, finding)) {
            like = 1; /* another of those for which the finding stands */
        }

        if (like > most) {
            most = like;
            best = i;
        }
    }
    if (best != NO_STMT) {
        known->list.at[best].matched = true;
    }
    return best;
}

bool
known_remains(const Finding *target, const Finding *now)
{
    if (target->rule != now->rule || !text_equal(target->function, now->function)) {
        return false;
    }
    if (text_equal(target->object, now->object)) {
        return true;
    }
    for (uint32_t i = 0; i < target->nsteps; i++) {
        const char *text = target->steps[i].text;

        if (text_starts(text, "the same happens to '") || text_starts(text, "and to ")) {
            const char *name = strchr(text, '\'');
            size_t length = strlen(now->object);

            if (name == NULL || (strncmp(name + 1, now->object, length) == 0
                                 && name[1 + length] == '\'')) {
                return true;
            }
        }
    }
    return false;
}

static Loc
back(Loc loc, const Source *changed, const Source *old, const Changes *changes)
{
    if (text_equal(loc.file, old->path)) {
        uint32_t offset = source_offset(changed, loc.line, loc.col);

        source_place(old, changes_back(changes, offset), &loc.line, &loc.col);
    }
    return loc;
}

Finding *
known_back(Arena *arena, const Finding *finding, const Source *changed, const Source *old,
           const Changes *changes)
{
    Finding *copy = ARENA_NEW(arena, Finding);

    *copy = *finding;
    copy->loc = back(finding->loc, changed, old, changes);
    copy->steps = ARENA_ARRAY(arena, Step, finding->nsteps + 1);
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        copy->steps[i] = finding->steps[i];
        copy->steps[i].loc = back(finding->steps[i].loc, changed, old, changes);
    }
    return copy;
}

/* baseline_match.c: the findings of a run against a baseline: which are known, and which
 * entries have become useless.
 *
 * An entry stands for one finding: first for the one with its path and fingerprint, then for
 * one with its fingerprint elsewhere (a function that moved), then for the same finding in a
 * file that git knows under another name now.
 */
#include <string.h>

#include "driver/gate.h"

#define MAX_STALE 20 /* entries that are named */

typedef struct Matcher {
    Arena *arena;
    Baseline *baseline;
    RunResult *run;
    const char **path;   /* by finding: relative to the root */
    Renames renames;
} Matcher;

typedef bool (*SameFn)(const Matcher *m, const BaselineEntry *entry, uint32_t finding);

static bool
same_place(const Matcher *m, const BaselineEntry *entry, uint32_t i)
{
    return text_equal(entry->fingerprint, m->run->findings[i]->fingerprint)
           && text_equal(entry->path, m->path[i]);
}

static bool
same_fingerprint(const Matcher *m, const BaselineEntry *entry, uint32_t i)
{
    return text_equal(entry->fingerprint, m->run->findings[i]->fingerprint);
}

static bool
was_renamed(const Matcher *m, const char *from, const char *to)
{
    for (uint32_t i = 0; i < m->renames.n; i++) {
        if (text_equal(m->renames.at[i].from, from) && text_equal(m->renames.at[i].to, to)) {
            return true;
        }
    }
    return false;
}

static bool
same_in_renamed(const Matcher *m, const BaselineEntry *entry, uint32_t i)
{
    const Finding *finding = m->run->findings[i];

    return text_equal(entry->rule, finding->rule->id)
           && text_equal(entry->function, finding->function != NULL ? finding->function : "")
           && text_equal(entry->object, finding->object != NULL ? finding->object : "")
           && was_renamed(m, entry->path, m->path[i]);
}

/* One round; true when entries and findings are left over. */
static bool
match(Matcher *m, SameFn same)
{
    bool entries_left = false, findings_left = false;

    for (uint32_t e = 0; e < m->baseline->entries.n; e++) {
        BaselineEntry *entry = &m->baseline->entries.at[e];

        for (uint32_t i = 0; i < m->run->nfindings && entry->met == NULL; i++) {
            Finding *finding = m->run->findings[i];

            if (!finding->known && finding->suppressed == NULL && same(m, entry, i)) {
                finding->known = true;
                entry->met = finding;
            }
        }
        entries_left = entries_left || entry->met == NULL;
    }
    for (uint32_t i = 0; i < m->run->nfindings; i++) {
        const Finding *finding = m->run->findings[i];

        findings_left = findings_left || (!finding->known && finding->suppressed == NULL);
    }
    return entries_left && findings_left;
}

void
baseline_match(Arena *arena, Baseline *baseline, RunResult *run)
{
    Matcher m = {.arena = arena, .baseline = baseline, .run = run,
                 .path = ARENA_ARRAY(arena, const char *, run->nfindings + 1)};

    for (uint32_t i = 0; i < run->nfindings; i++) {
        const char *file = run->findings[i]->loc.file;

        m.path[i] = path_relative(arena, run->root, file != NULL ? file : "");
    }
    if (match(&m, same_place) && match(&m, same_fingerprint)) {
        for (uint32_t i = 0; i < baseline->commits.n; i++) { /* unknown ones tell nothing */
            git_renames(arena, run->root, baseline->commits.at[i], &m.renames, NULL);
        }
        match(&m, same_in_renamed);
    }
}

/* ---- what has become useless ------------------------------------------------------------ */

/* True when the function was not analysed in full. */
static bool
has_gap(const Scan *scan, const char *file, const char *function)
{
    for (uint32_t i = 0; i < scan->result.ngaps; i++) {
        const Gap *gap = &scan->result.gaps[i];

        if (text_equal(gap->loc.file, file)
            && (gap->function == NULL || text_equal(gap->function, function))) {
            return true;
        }
    }
    return false;
}

/* True when some unit has read the file. */
static bool
was_read(const Scan *scan, const char *file)
{
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Unit *unit = scan->units[i];

        for (uint32_t k = 0; k < unit->includes.n && unit->status != UNIT_FAILED; k++) {
            if (text_equal(unit->includes.at[k], file)) {
                return true;
            }
        }
    }
    return false;
}

bool
baseline_covered(const Scan *scan, const Options *options, const BaselineEntry *entry)
{
    const char *file = path_absolute(scan->arena, scan->jobs.root, entry->path);

    if (!path_is_file(file)) {
        return options->npaths == 0;
    }
    return was_read(scan, file) && scan_in_scope(scan, file)
           && !has_gap(scan, file, entry->function);
}

static void
tell_stale(Scan *scan, const Options *options, const Baseline *baseline)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < baseline->entries.n; i++) {
        const BaselineEntry *entry = &baseline->entries.at[i];

        if (entry->met != NULL || !baseline_covered(scan, options, entry)) {
            continue;
        }
        if (n++ < MAX_STALE) {
            scan_note(scan, "%s: stale entry: %s%s%s%s in %s%s%s is not found any more",
                      path_shown(scan->arena, baseline->name), entry->rule,
                      entry->object[0] != '\0' ? " of '" : "", entry->object,
                      entry->object[0] != '\0' ? "'" : "", entry->path,
                      entry->function[0] != '\0' ? ", " : "", entry->function);
        }
    }
    if (n > 0) {
        scan_note(scan, "%s: %u stale %s in all; strayref baseline write makes it anew",
                  path_shown(scan->arena, baseline->name), n, n == 1 ? "entry" : "entries");
    }
}

bool
baseline_apply(Scan *scan, const Options *options, Error *error)
{
    Baseline baseline;

    if (options->baseline == NULL) {
        return true;
    }
    if (!baseline_read(scan->arena, options->baseline, &baseline, error)) {
        return false;
    }
    baseline_match(scan->arena, &baseline, &scan->result);
    tell_stale(scan, options, &baseline);
    return true;
}

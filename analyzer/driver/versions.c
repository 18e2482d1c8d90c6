/* versions.c: one scan per version of Python asked for, their findings as one
 * report.  A finding that not all versions share says which ones have it.
 */
#include "driver/gate.h"

#include <string.h>

/* A finding, and the versions that have it as bits. */
typedef struct Shared {
    Finding *finding;
    uint32_t versions;
} Shared;

typedef struct Merged {
    Arena *arena;
    VEC(Shared) all;
} Merged;

bool
finding_same(const Finding *a, const Finding *b)
{
    return text_equal(a->rule->id, b->rule->id) && text_equal(a->fingerprint, b->fingerprint)
           && text_equal(a->loc.file, b->loc.file) && a->loc.line == b->loc.line
           && a->loc.col == b->loc.col;
}

static void
merge_findings(Merged *merged, const RunResult *run, uint32_t version)
{
    uint32_t known = merged->all.n;

    for (uint32_t i = 0; i < run->nfindings; i++) {
        uint32_t k = 0;

        while (k < known && !finding_same(merged->all.at[k].finding, run->findings[i])) {
            k++;
        }
        if (k == known) {
            k = merged->all.n;
            VEC_PUSH(merged->arena, &merged->all, (Shared){.finding = run->findings[i]});
        }
        merged->all.at[k].versions |= UINT32_C(1) << version;
    }
}

/* "3.9, 3.13" for the versions whose bits are set. */
static const char *
version_list(Arena *arena, const Options *options, uint32_t versions)
{
    StrBuf out;

    strbuf_init(&out, arena);
    for (uint32_t v = 0; v < options->npythons; v++) {
        if ((versions & (UINT32_C(1) << v)) != 0) {
            strbuf_printf(&out, "%s%s", out.length > 0 ? ", " : "",
                          version_text(arena, options->pythons[v]));
        }
    }
    return out.text;
}

/* Makes the first run's result the result of all. */
static void
put_merged(const Merged *merged, const Options *options, RunResult *run)
{
    Arena *arena = merged->arena;
    uint32_t all = (UINT32_C(1) << options->npythons) - 1;

    run->findings = ARENA_ARRAY(arena, Finding *, merged->all.n + 1);
    run->nfindings = merged->all.n;
    for (uint32_t i = 0; i < merged->all.n; i++) {
        const Shared *shared = &merged->all.at[i];

        run->findings[i] = shared->finding;
        if (shared->versions != all) {
            shared->finding->only_on =
                arena_printf(arena, "Python %s", version_list(arena, options, shared->versions));
        }
    }
    run->python = version_list(arena, options, all);
    report_order(run);
}

bool
scan_versions(Arena *arena, const Options *options, Scan *scan, Error *error)
{
    Merged merged = {.arena = arena};
    Options one = *options;

    if (!scan_run(arena, options, scan, error)) {
        return false;
    }
    if (options->npythons < 2) {
        return true;
    }
    merge_findings(&merged, &scan->result, 0);
    one.quiet = true;
    for (uint32_t v = 1; v < options->npythons; v++) {
        Scan other;

        one.python = options->pythons[v];
        if (!scan_run(arena, &one, &other, error)) {
            return false;
        }
        merge_findings(&merged, &other.result, v);
    }
    put_merged(&merged, options, &scan->result);
    return true;
}

/* fix_keep.c: fixes made one upon the other: the text with those that hold, and its findings. */
#include "driver/fix.h"

/* The findings of the new text: those of the run, and the known ones elsewhere. */
static void
renew_known(Bench *bench, const FixRun *run, const Source *changed, const Changes *changes)
{
    Arena *arena = bench->lab.arena;
    KnownList fresh = {0};

    known_start(&bench->known);
    for (uint32_t i = 0; i < run->nfindings; i++) {
        const Finding *now = run->findings[i];
        Finding *old = known_back(arena, now, changed, bench->source, changes);
        uint32_t k = known_match(&bench->known, old, NO_STMT);
        Known one = {.finding = now, .origin = UINT32_MAX};

        if (k != NO_STMT) {
            one.origin = bench->known.list.at[k].origin;
            one.given_up = bench->known.list.at[k].given_up;
            one.tried_again = bench->known.list.at[k].tried_again;
        }
        VEC_PUSH(arena, &fresh.list, one);
    }
    for (uint32_t i = 0; i < bench->known.list.n; i++) {
        const Known *one = &bench->known.list.at[i];

        if (!one->matched && !text_equal(one->finding->loc.file, bench->lab.path)
            && !fix_run_covers(run, one->finding)) {
            VEC_PUSH(arena, &fresh.list, *one);
        }
    }
    bench->known = fresh;
}

bool
attempts_keep(Bench *bench, Attempt *attempts, uint32_t n)
{
    Changes all = {0};
    FixText text = {0};
    FixRun run;
    Source *changed;

    if (bench->kept != NULL) {
        renew_known(bench, bench->kept, bench->kept_text, &bench->kept_changes);
        bench->source = bench->kept_text;
        return true;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (attempts[i].state == ATTEMPT_HOLDS
            && !changes_merge(bench->lab.arena, &all, &attempts[i].changes)) {
            attempts[i].state = ATTEMPT_FAILED;
        }
    }
    text.text = changes_apply(bench->lab.arena, bench->source, &all, false, &text.length);
    changed = source_new(bench->lab.arena, bench->lab.path, text.text, text.length);
    if (!fix_analyse(&bench->lab, &text, &run)) {
        return false;
    }
    renew_known(bench, &run, changed, &all);
    bench->source = changed;
    return true;
}

/* stages.c: a scan in stages, with files between them: strayref capture, analyze, merge.
 *
 * Each stage takes from the store what is there and makes what is missing, so that any may be
 * repeated, or left out; the last one reports what a plain scan does.
 */
#include "driver/driver.h"

int
command_capture(Arena *arena, const Options *options)
{
    Error error = {0};
    Scan scan;
    uint32_t nfailed = 0;

    if (!scan_capture(arena, options, &scan, &error)) {
        return say_error(&error);
    }
    for (uint32_t i = 0; i < scan.jobs.jobs.n; i++) {
        nfailed += scan.units[i]->status == UNIT_FAILED;
    }
    say("%s captured into %s, %u failed", report_number_of(arena, scan.jobs.jobs.n, "file"),
        options->store, nfailed);
    return nfailed > 0 || scan.cache_failed ? EXIT_INCOMPLETE : EXIT_CLEAN;
}

int
command_analyze(Arena *arena, const Options *options)
{
    Error error = {0};
    Options whole = *options;
    Scan scan;

    if (whole.share.shards == 0) {
        whole.share = (EngineShare){.shards = 1, .rounds = 1};
    }
    if (whole.share.rounds == 0) {
        whole.share.rounds = 1;
    }
    if (!scan_capture(arena, &whole, &scan, &error)) {
        return say_error(&error);
    }
    scan_follow(&scan, &whole);
    return scan.cache_failed ? EXIT_INCOMPLETE : EXIT_CLEAN;
}

int
command_merge(Arena *arena, const Options *options)
{
    return command_scan(arena, options);
}

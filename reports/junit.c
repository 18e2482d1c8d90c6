/* junit.c: the run as a JUnit test report: one suite, a failure per finding, an error per
 * file that could not be read, skipped for what is suppressed or known.
 *
 * Servers follow a test by class and name, so these hold no line numbers.
 */
#include "reports/report.h"

#include <inttypes.h>

static void
put_case(StrBuf *out, const char *class_name, const char *name)
{
    strbuf_puts(out, "    <testcase classname=\"");
    report_put_escaped(out, class_name);
    strbuf_puts(out, "\" name=\"");
    report_put_escaped(out, name);
    strbuf_puts(out, "\"");
}

static void
put_story(Arena *arena, const RunResult *run, const Finding *finding, StrBuf *out)
{
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        const Step *step = &finding->steps[i];
        report_put_escaped(out, arena_printf(arena, "\n%s:%" PRIu32 ": %s",
                                             report_path(arena, run->root, step->loc.file),
                                             step->loc.line, report_step(arena, step)));
    }
    report_put_escaped(out, arena_printf(arena, "\nreach: %s", reach_text(finding->reach)));
    if (report_has(finding->fix)) {
        report_put_escaped(out,
                           arena_printf(arena, "\nfix: %s", report_clean(arena, finding->fix)));
    }
}

static void
put_failure(Arena *arena, const RunResult *run, const Finding *finding, StrBuf *out)
{
    strbuf_puts(out, ">\n      <failure type=\"");
    report_put_escaped(out, finding->rule->id);
    strbuf_puts(out, "\" message=\"");
    report_put_escaped(out, report_message(arena, finding));
    strbuf_puts(out, "\">");
    report_put_escaped(out, arena_printf(arena, "%s:%" PRIu32 ":%" PRIu32 ": %s",
                                         report_path(arena, run->root, finding->loc.file),
                                         finding->loc.line, finding->loc.col,
                                         report_message(arena, finding)));
    put_story(arena, run, finding, out);
    strbuf_puts(out, "</failure>\n    </testcase>\n");
}

static void
put_skipped(Arena *arena, const Finding *finding, StrBuf *out)
{
    const char *why = "known from the baseline";
    if (finding->suppressed != NULL) {
        const char *reason = report_clean(arena, finding->suppressed);
        why = arena_printf(arena, "suppressed in the source%s%s", *reason != '\0' ? ": " : "",
                           reason);
    }
    strbuf_puts(out, ">\n      <skipped message=\"");
    report_put_escaped(out, why);
    strbuf_puts(out, "\"/>\n    </testcase>\n");
}

static void
put_finding(Arena *arena, const RunResult *run, const Finding *finding, const char *key,
            StrBuf *out)
{
    put_case(out, report_path(arena, run->root, finding->loc.file),
             arena_printf(arena, "%s [%s]", report_title(arena, finding), key));
    if (report_counted(finding)) {
        put_failure(arena, run, finding, out);
    }
    else {
        put_skipped(arena, finding, out);
    }
}

static bool
is_failed_file(const Gap *gap)
{
    return !report_has(gap->function);
}

static void
put_errors(Arena *arena, const RunResult *run, StrBuf *out)
{
    for (uint32_t i = 0; i < run->ngaps; i++) {
        const Gap *gap = &run->gaps[i];
        if (!is_failed_file(gap)) {
            continue;
        }
        put_case(out, report_path(arena, run->root, gap->loc.file), "the file is read");
        strbuf_puts(out, ">\n      <error type=\"not-analysed\" message=\"");
        report_put_escaped(out, report_clean(arena, gap->why));
        strbuf_puts(out, "\"/>\n    </testcase>\n");
    }
}

void
report_junit(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    (void)options;
    Arena *arena = arena_new();
    ReportCounts counts = report_counts(run);
    uint32_t errors = 0;
    for (uint32_t i = 0; i < run->ngaps; i++) {
        errors += is_failed_file(&run->gaps[i]);
    }
    uint32_t tests = run->nfindings + errors + 1;
    strbuf_printf(out,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<testsuites name=\"strayref\" tests=\"%" PRIu32 "\" failures=\"%" PRIu32
                  "\" errors=\"%" PRIu32 "\">\n"
                  "  <testsuite name=\"strayref\" tests=\"%" PRIu32 "\" failures=\"%" PRIu32
                  "\" errors=\"%" PRIu32 "\" skipped=\"%" PRIu32 "\">\n",
                  tests, counts.findings, errors, tests, counts.findings, errors,
                  counts.suppressed + counts.known);
    put_case(out, "strayref", "the scan ran");
    strbuf_puts(out, "/>\n");
    const char **keys = report_keys(arena, run);
    for (uint32_t i = 0; i < run->nfindings; i++) {
        put_finding(arena, run, run->findings[i], keys[i], out);
    }
    put_errors(arena, run, out);
    strbuf_puts(out, "  </testsuite>\n</testsuites>\n");
    arena_free(arena);
}

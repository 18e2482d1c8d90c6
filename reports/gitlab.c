/* gitlab.c: findings as a GitLab Code Quality report: a JSON array.
 *
 * GitLab compares the reports of two branches by fingerprint and shows one item for equal
 * ones, so each finding has a key of its own.
 */
#include "reports/jsontree.h"

/* An error stands high, a rare path one step lower. */
static const char *
severity_word(const Finding *finding)
{
    static const char *const words[] = {"info", "minor", "major", "critical"};
    bool rare = finding->reach == REACH_INIT || finding->reach == REACH_OOM ||
                finding->reach == REACH_PROTOCOL;
    int rank = 1;
    if (finding->rule->severity != SEVERITY_NOTE) {
        rank = finding->rule->severity == SEVERITY_ERROR ? 3 : 2;
    }
    return words[rank - rare];
}

static void
add_finding(Arena *arena, const RunResult *run, const Finding *finding, const char *key,
            json_t *array)
{
    json_t *item = add_object(array);
    put_text(arena, item, "description",
             arena_printf(arena, "%s: %s", report_title(arena, finding),
                          report_message(arena, finding)));
    put_text(arena, item, "check_name", finding->rule->id);
    put_text(arena, item, "fingerprint", key);
    put_text(arena, item, "severity", severity_word(finding));
    json_t *location = put_object(item, "location");
    put_text(arena, location, "path", report_path(arena, run->root, finding->loc.file));
    put_number(put_object(location, "lines"), "begin",
               finding->loc.line > 0 ? finding->loc.line : 1);
}

void
report_gitlab(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    (void)options;
    Arena *arena = arena_new();
    uint32_t n = report_counts(run).findings;
    const char **keys = report_keys(arena, run);
    json_t *array = json_array();
    for (uint32_t i = 0; i < n; i++) {
        add_finding(arena, run, run->findings[i], keys[i], array);
    }
    put_json(out, array, false);
    arena_free(arena);
}

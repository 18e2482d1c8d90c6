/* order.c: what all formats agree on: the order, the numbers and the counts of
 * findings, and the closing line.
 */
#include "reports/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int
compare_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int
compare_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int
compare_place(const Loc *a, const Loc *b)
{
    int order = compare_text(a->file, b->file);
    if (order == 0) {
        order = compare_number(a->line, b->line);
    }
    return order != 0 ? order : compare_number(a->col, b->col);
}

static int
compare_findings(const void *left, const void *right)
{
    const Finding *a = *(Finding *const *)left;
    const Finding *b = *(Finding *const *)right;
    const int orders[] = {
        compare_number(!report_counted(a), !report_counted(b)),
        compare_number(a->reach, b->reach),
        compare_number(a->rule->severity, b->rule->severity),
        compare_text(a->rule->id, b->rule->id),
        compare_text(a->cause, b->cause),
        compare_place(&a->loc, &b->loc),
        compare_text(a->object, b->object),
        compare_text(a->fingerprint, b->fingerprint),
    };
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        if (orders[i] != 0) {
            return orders[i];
        }
    }
    return 0;
}

bool
report_counted(const Finding *finding)
{
    return finding->suppressed == NULL && !finding->known;
}

void
report_order(RunResult *run)
{
    if (run->nfindings > 1) {
        qsort(run->findings, run->nfindings, sizeof(Finding *), compare_findings);
    }
    for (uint32_t i = 0; i < run->nfindings; i++) {
        run->findings[i]->number = i + 1;
    }
}

ReportCounts
report_counts(const RunResult *run)
{
    ReportCounts counts = {0};
    for (uint32_t i = 0; i < run->nfindings; i++) {
        const Finding *finding = run->findings[i];
        if (report_counted(finding)) {
            counts.findings++;
            counts.by_reach[finding->reach]++;
        }
        counts.suppressed += finding->suppressed != NULL;
        counts.known += finding->suppressed == NULL && finding->known;
    }
    for (Reach reach = 0; reach < REACH_COUNT; reach++) {
        counts.hidden += run->nhidden[reach] + run->nunsure[reach];
    }
    return counts;
}

bool
report_same_rule(const Finding *a, const Finding *b)
{
    return text_equal(a->rule->id, b->rule->id);
}

static int
compare_rules(const void *left, const void *right)
{
    const RuleInfo *a = *(const RuleInfo *const *)left;
    const RuleInfo *b = *(const RuleInfo *const *)right;
    return strcmp(a->id, b->id);
}

const RuleInfo **
report_rules(Arena *arena, const RunResult *run, uint32_t *n)
{
    const RuleInfo **rules = ARENA_ARRAY(arena, const RuleInfo *, run->nfindings + 1);
    *n = 0;
    for (uint32_t i = 0; i < run->nfindings; i++) {
        uint32_t k = 0;
        while (k < *n && !text_equal(rules[k]->id, run->findings[i]->rule->id)) {
            k++;
        }
        if (k == *n) {
            rules[(*n)++] = run->findings[i]->rule;
        }
    }
    qsort(rules, *n, sizeof(*rules), compare_rules);
    return rules;
}

/* ---- counts in words ----------------------------------------------------------------- */

const char *
report_closing(Arena *arena, const RunResult *run)
{
    const char *aside = report_set_aside(arena, run);
    return arena_printf(arena,
                        "strayref: %s (%" PRIu32 " failed), %s: %" PRIu32 " analysed, %" PRIu32
                        " damaged, %" PRIu32 " given up; %s%s%s%s",
                        report_number_of(arena, run->nfiles, "file"), run->nfailed,
                        report_number_of(arena, run->nfunctions, "function"), run->nanalysed,
                        run->ndamaged, run->ngaveup,
                        report_number_of(arena, report_counts(run).findings, "finding"),
                        aside != NULL ? " (" : "",
                        aside != NULL ? aside : "", aside != NULL ? ")" : "");
}

const char *
report_number_of(Arena *arena, uint32_t n, const char *noun)
{
    return arena_printf(arena, "%" PRIu32 " %s%s", n, noun, n == 1 ? "" : "s");
}

const char *
report_verdict(Arena *arena, uint32_t findings)
{
    return findings == 0 ? "No findings" : report_number_of(arena, findings, "finding");
}

const char *
report_reach_phrase(Reach reach)
{
    static const char *const phrases[REACH_COUNT] = {
        [REACH_ORDINARY] = "on the ordinary path",
        [REACH_ERROR] = "on an error path",
        [REACH_INIT] = "once per process",
        [REACH_OOM] = "only when an allocation fails",
        [REACH_PROTOCOL] = "only when Python's protocols are used in unusual ways",
    };
    return phrases[reach];
}

/* Appends "N text", after a comma when it isn't the first; nothing for zero. */
static void
put_count(StrBuf *out, uint32_t n, const char *text)
{
    if (n > 0) {
        strbuf_printf(out, "%s%" PRIu32 " %s", out->length > 0 ? ", " : "", n, text);
    }
}

/* Appends what those below the threshold of reach need, and the option that shows them. */
static void
put_hard_to_reach(StrBuf *out, const uint32_t *nhidden)
{
    static const char *const phrases[REACH_COUNT][2] = {
        [REACH_ORDINARY] = {"is on the ordinary path", "are on the ordinary path"},
        [REACH_ERROR] = {"is on an error path", "are on an error path"},
        [REACH_INIT] = {"happens once per process", "happen once per process"},
        [REACH_OOM] = {"needs a failed allocation", "need a failed allocation"},
        [REACH_PROTOCOL] = {"needs a misused protocol", "need a misused protocol"},
    };
    uint32_t n = 0;
    for (Reach reach = 0; reach < REACH_COUNT; reach++) {
        put_count(out, nhidden[reach], phrases[reach][nhidden[reach] != 1]);
        n += nhidden[reach];
    }
    if (n > 0) {
        strbuf_printf(out, " ('--reach all' shows %s)", n == 1 ? "it" : "them");
    }
}

const char *
report_hidden(Arena *arena, const RunResult *run)
{
    uint32_t unsure = 0;
    StrBuf out;
    strbuf_init(&out, arena);
    put_hard_to_reach(&out, run->nhidden);
    for (Reach reach = 0; reach < REACH_COUNT; reach++) {
        unsure += run->nunsure[reach];
    }
    if (unsure > 0) {
        put_count(&out, unsure, unsure == 1 ? "is less sure" : "are less sure");
        strbuf_puts(&out, " ('--reach all --confidence low' shows all)");
    }
    return out.length > 0 ? out.text : NULL;
}

const char *
report_set_aside(Arena *arena, const RunResult *run)
{
    ReportCounts counts = report_counts(run);
    StrBuf out;
    strbuf_init(&out, arena);
    put_count(&out, counts.suppressed, "suppressed in the source");
    put_count(&out, counts.known, "known from the baseline");
    return out.length > 0 ? out.text : NULL;
}

const char **
report_keys(Arena *arena, const RunResult *run)
{
    const char **keys = ARENA_ARRAY(arena, const char *, run->nfindings + 1);
    uint32_t *seen = ARENA_ARRAY(arena, uint32_t, run->nfindings + 1);
    Map first; /* fingerprint -> where it is counted */
    map_init(&first, arena);
    for (uint32_t i = 0; i < run->nfindings; i++) {
        const char *key = report_clean(arena, run->findings[i]->fingerprint);
        void **count = map_put(&first, hash_bytes(key, strlen(key), 0));
        if (*count == NULL) {
            *count = &seen[i];
        }
        uint32_t n = ++*(uint32_t *)*count;
        keys[i] = n == 1 ? key : arena_printf(arena, "%s-%" PRIu32, key, n);
    }
    return keys;
}

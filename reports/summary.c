/* summary.c: the run in less than 60 lines of Markdown, for the page of a CI job.
 *
 * Each paragraph and each item is one line; lists are cut with "and N more".
 */
#include "reports/nodes.h"
#include "reports/report.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAX_LINES 59u
#define MAX_RULES 10u
#define MAX_GAPS 5u
#define FRAME 12u /* lines of headings, empty lines and single sentences below the verdict */

typedef struct Summary {
    Arena *arena;
    const RunResult *run;
    const ReportOptions *options;
    cmark_node *document;
    uint32_t room; /* lines left for items */
} Summary;

static void
add_verdict(Summary *s, ReportCounts counts)
{
    node_title(s->document, 2, "strayref");
    cmark_node *verdict = node_paragraph(s->document);
    node_strong(verdict, report_verdict(s->arena, counts.findings));
    const char *aside = report_set_aside(s->arena, s->run);
    if (aside != NULL) {
        node_text(verdict, arena_printf(s->arena, "; %s", aside));
    }
    node_text(verdict, arena_printf(s->arena, ". %s (%" PRIu32 " failed), %s: %" PRIu32
                                    " analysed, %" PRIu32 " damaged, %" PRIu32 " given up.",
                                    report_number_of(s->arena, s->run->nfiles, "file"),
                                    s->run->nfailed,
                                    report_number_of(s->arena, s->run->nfunctions, "function"),
                                    s->run->nanalysed, s->run->ndamaged, s->run->ngaveup));
    const char *hidden = report_hidden(s->arena, s->run);
    if (hidden != NULL) {
        node_sentence(s->arena, node_paragraph(s->document),
                      arena_printf(s->arena, "not shown: %s", hidden));
    }
}

/* The last item of a list that was cut. */
static void
add_more(Summary *s, cmark_node *list, uint32_t more)
{
    if (more > 0) {
        node_text(node_item(list), arena_printf(s->arena, "and %" PRIu32 " more", more));
    }
}

static uint32_t
count_rule(const Summary *s, const RuleInfo *rule, uint32_t findings)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < findings; i++) {
        n += text_equal(s->run->findings[i]->rule->id, rule->id);
    }
    return n;
}

static void
add_rules(Summary *s, uint32_t findings)
{
    uint32_t n, shown = 0, left = 0;
    const RuleInfo **rules = report_rules(s->arena, s->run, &n);
    cmark_node *list = node_list(s->document, CMARK_BULLET_LIST);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t count = count_rule(s, rules[i], findings);
        if (count > 0 && shown == MAX_RULES) {
            left++;
        }
        else if (count > 0) {
            cmark_node *item = node_item(list);
            node_code(item, rules[i]->id);
            node_text(item, arena_printf(s->arena, ": %" PRIu32, count));
            shown++;
        }
    }
    add_more(s, list, left);
    s->room -= shown + (left > 0);
}

static void
add_finding(Summary *s, cmark_node *list, const Finding *finding)
{
    cmark_node *item = node_item(list);
    const char *place = arena_printf(s->arena, "%s:%" PRIu32,
                                     report_path(s->arena, s->run->root, finding->loc.file),
                                     finding->loc.line);
    const char *url = report_link(s->arena, s->run, s->options->link, finding->loc);
    if (url != NULL) {
        node_link_code(item, url, place);
    }
    else {
        node_code(item, place);
    }
    node_text(item, " ");
    node_prose(s->arena, item, report_title(s->arena, finding));
    node_text(item, arena_printf(s->arena, " (%s%s)", reach_text(finding->reach),
                                 finding->patch != NULL ? ", verified fix" : ""));
}

static void
add_findings(Summary *s, uint32_t findings)
{
    node_title(s->document, 3, "Most urgent first");
    cmark_node *list = node_list(s->document, CMARK_BULLET_LIST);
    uint32_t shown = findings <= s->room ? findings : s->room - 1;
    for (uint32_t i = 0; i < shown; i++) {
        add_finding(s, list, s->run->findings[i]);
    }
    add_more(s, list, findings - shown);
}

static void
add_gaps(Summary *s)
{
    const RunResult *run = s->run;
    if (run->ngaps == 0) {
        return;
    }
    node_title(s->document, 3, "Not analysed, or not in full");
    cmark_node *list = node_list(s->document, CMARK_BULLET_LIST);
    uint32_t shown = run->ngaps <= MAX_GAPS ? run->ngaps : MAX_GAPS - 1;
    for (uint32_t i = 0; i < shown; i++) {
        cmark_node *item = node_item(list);
        node_code(item, report_gap(s->arena, run->root, &run->gaps[i]));
        node_text(item, " ");
        node_prose(s->arena, item, run->gaps[i].why);
    }
    add_more(s, list, run->ngaps - shown);
}

void
report_summary(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    Arena *arena = arena_new();
    ReportCounts counts = report_counts(run);
    Summary s = {
        .arena = arena,
        .run = run,
        .options = options,
        .document = cmark_node_new(CMARK_NODE_DOCUMENT),
        .room = MAX_LINES - FRAME - MAX_GAPS,
    };
    add_verdict(&s, counts);
    if (counts.findings > 0) {
        add_rules(&s, counts.findings);
        add_findings(&s, counts.findings);
    }
    add_gaps(&s);
    char *text = cmark_render_commonmark(s.document, CMARK_OPT_DEFAULT, 0);
    strbuf_puts(out, text);
    free(text);
    cmark_node_free(s.document);
    arena_free(arena);
}

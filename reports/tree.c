/* tree.c: turns a RunResult into a CommonMark document, a tree of cmark nodes.
 *
 * Text is only ever put into nodes: escaping is cmark's, for Markdown and HTML
 * alike.  The tree avoids what CommonMark cannot write down and read back the same:
 * no list or code block directly follows a list.
 */
#include "reports/nodes.h"
#include "reports/report.h"

#include <inttypes.h>
#include <string.h>

#define MAX_GAPS 50u /* listed per reason */

typedef struct TreeReport {
    Arena *arena; /* for this report only */
    Sources *sources;
    const RunResult *run;
    cmark_node *document;
} TreeReport;

/* "1 finding", "2 findings" */
static const char *
counted(TreeReport *t, uint32_t n, const char *noun)
{
    return arena_printf(t->arena, "%" PRIu32 " %s%s", n, noun, n == 1 ? "" : "s");
}

static const char *
place_of(TreeReport *t, Loc loc)
{
    return arena_printf(t->arena, "%s:%" PRIu32, report_path(t->arena, t->run->root, loc.file),
                        loc.line);
}

/* ---- reach and counts ---------------------------------------------------------------- */

/* Completes "found ..." for a reach. */
static const char *
reach_phrase(Reach reach)
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

/* Findings of 'rule' (NULL: of all rules) by reach: "2 on the ordinary path, 1 ...". */
static const char *
reach_counts(TreeReport *t, const RuleInfo *rule)
{
    uint32_t counts[REACH_COUNT] = {0};
    for (uint32_t i = 0; i < t->run->nfindings; i++) {
        const Finding *finding = t->run->findings[i];
        counts[finding->reach] += rule == NULL || finding->rule == rule;
    }
    StrBuf out;
    strbuf_init(&out, t->arena);
    for (Reach reach = 0; reach < REACH_COUNT; reach++) {
        if (counts[reach] > 0) {
            strbuf_printf(&out, "%s%" PRIu32 " %s", out.length > 0 ? ", " : "", counts[reach],
                          reach_phrase(reach));
        }
    }
    return out.text;
}

static bool
is_first_of_rule(const RunResult *run, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (run->findings[i]->rule == run->findings[index]->rule) {
            return false;
        }
    }
    return true;
}

/* ---- the head of the report ------------------------------------------------------------ */

static void
add_verdict(TreeReport *t)
{
    const RunResult *run = t->run;
    cmark_node *verdict = node_paragraph(t->document);
    node_strong(verdict,
                run->nfindings > 0 ? counted(t, run->nfindings, "finding") : "No findings");
    if (run->nfindings > 0) {
        node_text(verdict, arena_printf(t->arena, ": %s", reach_counts(t, NULL)));
    }
    node_text(verdict, ".");

    cmark_node *measure = node_paragraph(t->document);
    node_text(measure, arena_printf(t->arena, "%s: %" PRIu32 " read, %" PRIu32 " failed. ",
                                    counted(t, run->nfiles, "file"), run->nfiles - run->nfailed,
                                    run->nfailed));
    node_text(measure, arena_printf(t->arena,
                                    "%s: %" PRIu32 " analysed, %" PRIu32
                                    " damaged by errors in the source, %" PRIu32 " given up.",
                                    counted(t, run->nfunctions, "function"), run->nanalysed,
                                    run->ndamaged, run->ngaveup));
    if (run->npartial > 0) {
        node_text(measure, arena_printf(t->arena,
                                        " %" PRIu32 " of those analysed %s a construct that is"
                                        " not understood; paths end there.",
                                        run->npartial, run->npartial == 1 ? "has" : "have"));
    }
}

static void
add_overview(TreeReport *t)
{
    const RunResult *run = t->run;
    if (run->nfindings == 0) {
        return;
    }
    node_title(t->document, 2, "Overview");
    cmark_node *list = node_list(t->document, CMARK_BULLET_LIST);
    for (uint32_t i = 0; i < run->nfindings; i++) {
        if (!is_first_of_rule(run, i)) {
            continue;
        }
        const RuleInfo *rule = run->findings[i]->rule;
        cmark_node *item = node_item(list);
        node_strong(item, rule->title);
        node_text(item, " (");
        node_code(item, rule->id);
        node_text(item, arena_printf(t->arena, "): %s", reach_counts(t, rule)));
    }
}

/* ---- a finding --------------------------------------------------------------------------- */

/* "#3 leak of 'l' in pair() (pair.c:12)" */
static void
add_finding_heading(TreeReport *t, const Finding *finding, int level)
{
    cmark_node *heading = node_heading(t->document, level);
    const char *object = report_clean(t->arena, finding->object);
    const char *function = report_clean(t->arena, finding->function);
    node_text(heading,
              arena_printf(t->arena, "#%" PRIu32 " %s", finding->number, finding->rule->id));
    if (*object != '\0') {
        node_text(heading, " of ");
        node_code(heading, object);
    }
    if (*function != '\0') {
        node_text(heading, " in ");
        node_code(heading, arena_printf(t->arena, "%s()", function));
    }
    node_text(heading, " (");
    node_code(heading, place_of(t, finding->loc));
    node_text(heading, ")");
}

static void
add_story(TreeReport *t, const Finding *finding)
{
    if (finding->nsteps == 0) {
        return;
    }
    cmark_node *list = node_list(t->document, CMARK_ORDERED_LIST);
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        const Step *step = &finding->steps[i];
        cmark_node *item = node_item(list);
        node_code(item, place_of(t, step->loc));
        node_text(item, " ");
        node_prose(t->arena, item, report_step(t->arena, step));
    }
}

/* The lines of one file that the path passes. */
static void
add_excerpt(TreeReport *t, const Finding *finding, const char *file)
{
    const char *lines = source_excerpt(t->sources, file, finding->steps, finding->nsteps);
    cmark_node *intro = node_paragraph(t->document);
    if (lines == NULL) {
        node_text(intro, "There is no source to show for ");
        node_code(intro, report_path(t->arena, t->run->root, file));
        node_text(intro, ".");
        return;
    }
    node_text(intro, "The path in ");
    node_code(intro, report_path(t->arena, t->run->root, file));
    node_text(intro, ", its lines marked:");
    node_code_block(t->document, "c", lines);
}

static bool
is_first_in_file(const Finding *finding, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (text_equal(finding->steps[i].loc.file, finding->steps[index].loc.file)) {
            return false;
        }
    }
    return true;
}

static void
add_excerpts(TreeReport *t, const Finding *finding)
{
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        const char *file = finding->steps[i].loc.file;
        if (file != NULL && is_first_in_file(finding, i)) {
            add_excerpt(t, finding, file);
        }
    }
}

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* The section of the manual, at the function when the fact begins with its name;
 * NULL when the facts name no section but something else. */
static const char *
manual_url(TreeReport *t, const Finding *finding)
{
    const char *section = finding->fact_doc;
    if (section[strspn(section, NAME_CHARS "/.-")] != '\0') {
        return NULL;
    }
    const char *url = arena_printf(t->arena, "https://docs.python.org/3/%s.html", section);
    int length = (int)strspn(finding->fact, NAME_CHARS);
    if (!text_starts(finding->fact, "Py") || finding->fact[length] != '(') {
        return url;
    }
    return arena_printf(t->arena, "%s#c.%.*s", url, length, finding->fact);
}

static void
add_manual(TreeReport *t, cmark_node *item, const Finding *finding)
{
    const char *section = report_clean(t->arena, finding->fact_doc);
    const char *url = manual_url(t, finding);
    node_text(item, " (");
    if (url != NULL) {
        node_link(item, url, section);
    }
    else {
        node_text(item, section);
    }
    node_text(item, ")");
}

static void
add_fact(TreeReport *t, cmark_node *list, const Finding *finding)
{
    cmark_node *item = node_item(list);
    node_strong(item, "Why:");
    node_text(item, " ");
    node_code(item, report_clean(t->arena, finding->fact));
    if (report_has(finding->fact_doc)) {
        add_manual(t, item, finding);
    }
}

static void
add_reasons(TreeReport *t, const Finding *finding)
{
    cmark_node *list = node_list(t->document, CMARK_BULLET_LIST);
    if (report_has(finding->fact)) {
        add_fact(t, list, finding);
    }
    if (report_has(finding->fix)) {
        cmark_node *item = node_item(list);
        node_strong(item, "Fix:");
        node_text(item, " ");
        node_sentence(t->arena, item, finding->fix);
    }
    cmark_node *reach = node_item(list);
    node_strong(reach, "Reach:");
    node_text(reach, arena_printf(t->arena, " %s", reach_text(finding->reach)));
    if (report_has(finding->fingerprint)) {
        cmark_node *item = node_item(list);
        node_strong(item, "Fingerprint:");
        node_text(item, " ");
        node_code(item, report_clean(t->arena, finding->fingerprint));
    }
}

static void
add_finding(TreeReport *t, const Finding *finding, int level)
{
    add_finding_heading(t, finding, level);
    node_sentence(t->arena, node_paragraph(t->document), finding->message);
    add_story(t, finding);
    add_excerpts(t, finding);
    add_reasons(t, finding);
}

/* ---- sections and groups ------------------------------------------------------------------ */

static bool
same_section(const Finding *a, const Finding *b)
{
    return a->rule == b->rule && a->reach == b->reach;
}

static bool
same_group(const Finding *a, const Finding *b)
{
    return same_section(a, b) && report_has(a->cause) && text_equal(a->cause, b->cause);
}

/* The end of the run of findings from 'first' on that belong together. */
static uint32_t
run_end(const RunResult *run, uint32_t first, bool (*same)(const Finding *, const Finding *))
{
    uint32_t end = first + 1;
    while (end < run->nfindings && same(run->findings[first], run->findings[end])) {
        end++;
    }
    return end;
}

static void
add_section_head(TreeReport *t, const Finding *finding, uint32_t n)
{
    node_title(t->document, 2,
               arena_printf(t->arena, "%s, %s: %" PRIu32, finding->rule->title,
                            reach_phrase(finding->reach), n));
    cmark_node *summary = node_paragraph(t->document);
    node_sentence(t->arena, summary, finding->rule->summary);
}

/* The findings of one cause, or a single one. */
static void
add_group(TreeReport *t, uint32_t first, uint32_t end)
{
    int level = 3;
    if (end - first > 1) {
        cmark_node *heading = node_heading(t->document, level);
        node_text(heading,
                  arena_printf(t->arena, "%" PRIu32 " findings of one cause: ", end - first));
        node_prose(t->arena, heading, t->run->findings[first]->cause);
        level++;
    }
    for (uint32_t i = first; i < end; i++) {
        add_finding(t, t->run->findings[i], level);
    }
}

static void
add_findings(TreeReport *t)
{
    const RunResult *run = t->run;
    for (uint32_t i = 0, section_end = 0; i < run->nfindings;) {
        if (i == section_end) {
            section_end = run_end(run, i, same_section);
            add_section_head(t, run->findings[i], section_end - i);
        }
        uint32_t group_end = run_end(run, i, same_group);
        add_group(t, i, group_end);
        i = group_end;
    }
}

/* ---- the tail of the report ----------------------------------------------------------------- */

/* True for two files, or two functions, that have the same reason. */
static bool
same_reason(const Gap *a, const Gap *b)
{
    return (a->function == NULL) == (b->function == NULL) && text_equal(a->why, b->why);
}

/* The gaps with the reason of 'first', "and N more" after MAX_GAPS of them. */
static void
add_gaps_like(TreeReport *t, const Gap *first)
{
    const RunResult *run = t->run;
    cmark_node *reason = node_paragraph(t->document);
    cmark_node *list = node_list(t->document, CMARK_BULLET_LIST);
    uint32_t n = 0;
    for (uint32_t i = 0; i < run->ngaps; i++) {
        if (same_reason(&run->gaps[i], first) && n++ < MAX_GAPS) {
            node_code(node_item(list), report_gap(t->arena, run->root, &run->gaps[i]));
        }
    }
    if (n > MAX_GAPS) {
        node_text(node_item(list), arena_printf(t->arena, "and %" PRIu32 " more", n - MAX_GAPS));
    }
    node_strong(reason, counted(t, n, first->function == NULL ? "file" : "function"));
    node_text(reason, ": ");
    node_sentence(t->arena, reason, first->why);
}

static bool
is_first_of_reason(const RunResult *run, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (same_reason(&run->gaps[i], &run->gaps[index])) {
            return false;
        }
    }
    return true;
}

static void
add_gaps(TreeReport *t)
{
    node_title(t->document, 2, "What was not analysed, and why");
    if (t->run->ngaps == 0) {
        node_text(node_paragraph(t->document), "Nothing was left out.");
    }
    for (uint32_t i = 0; i < t->run->ngaps; i++) {
        if (is_first_of_reason(t->run, i)) {
            add_gaps_like(t, &t->run->gaps[i]);
        }
    }
}

static void
add_notes(TreeReport *t)
{
    if (t->run->nnotes == 0) {
        return;
    }
    node_title(t->document, 2, "Notes");
    cmark_node *list = node_list(t->document, CMARK_BULLET_LIST);
    for (uint32_t i = 0; i < t->run->nnotes; i++) {
        node_prose(t->arena, node_item(list), t->run->notes[i]);
    }
}

static void
add_version(TreeReport *t, cmark_node *list, const char *what, const char *version)
{
    const char *shown = version != NULL ? report_clean(t->arena, version) : "not known";
    node_text(node_item(list), arena_printf(t->arena, "%s %s", what, shown));
}

static void
add_versions(TreeReport *t)
{
    node_title(t->document, 2, "Versions");
    cmark_node *list = node_list(t->document, CMARK_BULLET_LIST);
    add_version(t, list, "strayref", t->run->version);
    add_version(t, list, "facts for Python", t->run->python);
    add_version(t, list, "clang", t->run->clang);
}

static void
add_guide(TreeReport *t)
{
    static const char *const lines[][2] = {
        {"Ordinary path", ": every call that takes this path is hurt; nothing has to fail."},
        {"Error path", ": a call on the path has to fail first, for any reason."},
        {"Allocation failure", ": happens only when memory runs out."},
        {"Once per process", ": in module initialisation, so the damage does not grow."},
        {"Numbers", " run through the whole report. A fingerprint stays the same when lines move."},
        {"Marked lines", " in the excerpts are the steps of the path; the last step is where the "
                         "defect shows."},
    };
    node_title(t->document, 2, "How to read this report");
    cmark_node *list = node_list(t->document, CMARK_BULLET_LIST);
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        cmark_node *item = node_item(list);
        node_strong(item, lines[i][0]);
        node_text(item, lines[i][1]);
    }
}

static void
add_report_title(TreeReport *t)
{
    const char *root = t->run->root != NULL ? path_basename(t->run->root) : "";
    const char *name = report_clean(t->arena, root);
    node_title(t->document, 1,
               *name != '\0' ? arena_printf(t->arena, "References in %s", name) : "References");
}

struct cmark_node *
report_tree(const RunResult *run)
{
    Arena *arena = arena_new();
    TreeReport t = {
        .arena = arena,
        .sources = sources_new(arena),
        .run = run,
        .document = cmark_node_new(CMARK_NODE_DOCUMENT),
    };
    add_report_title(&t);
    add_verdict(&t);
    add_overview(&t);
    add_findings(&t);
    add_gaps(&t);
    add_notes(&t);
    add_versions(&t);
    add_guide(&t);
    arena_free(arena);
    return t.document;
}

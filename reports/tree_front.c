/* tree_front.c: the front of the report: verdict, counts, overview, what was not analysed,
 * the versions used.
 *
 * On a page the overview's entries are the switches of the filter.
 */
#include "reports/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_GAPS 12u  /* listed per reason */
#define MAX_FILES 20u /* listed in the overview, but for a page */

/* ---- verdict -------------------------------------------------------------------------- */

/* Findings of 'rule' (NULL: of all rules) by reach: "2 on the ordinary path, 1 ...". */
static const char *
reach_counts(TreeReport *t, const RuleInfo *rule)
{
    uint32_t counts[REACH_COUNT] = {0};
    for (uint32_t i = 0; i < t->counts.findings; i++) {
        const Finding *finding = t->run->findings[i];
        counts[finding->reach] += rule == NULL || text_equal(finding->rule->id, rule->id);
    }
    StrBuf out;
    strbuf_init(&out, t->arena);
    for (Reach reach = 0; reach < REACH_COUNT; reach++) {
        if (counts[reach] > 0) {
            strbuf_printf(&out, "%s%" PRIu32 " %s", out.length > 0 ? ", " : "", counts[reach],
                          report_reach_phrase(reach));
        }
    }
    return out.text;
}

static void
add_measure(TreeReport *t)
{
    const RunResult *run = t->run;
    cmark_node *measure = node_paragraph(t->document);
    node_text(measure, arena_printf(t->arena, "%s: %" PRIu32 " read, %" PRIu32 " failed. ",
                                    report_number_of(t->arena, run->nfiles, "file"),
                                    run->nfiles - run->nfailed, run->nfailed));
    node_text(measure, arena_printf(t->arena,
                                    "%s: %" PRIu32 " analysed, %" PRIu32
                                    " damaged by errors in the source, %" PRIu32 " given up.",
                                    report_number_of(t->arena, run->nfunctions, "function"),
                                    run->nanalysed, run->ndamaged, run->ngaveup));
    if (run->npartial > 0) {
        node_text(measure, arena_printf(t->arena,
                                        " %" PRIu32 " of those analysed %s a construct that is"
                                        " not understood; paths end there.",
                                        run->npartial, run->npartial == 1 ? "has" : "have"));
    }
}

static void
add_verdict(TreeReport *t)
{
    const char *aside = report_set_aside(t->arena, t->run);
    bool clean = t->counts.findings == 0 && t->run->nfailed == 0 && t->run->ndamaged == 0;
    cmark_node *outer = tree_open(t, clean ? "<div class=\"verdict clean\">"
                                           : "<div class=\"verdict\">", "</div>");
    cmark_node *verdict = node_paragraph(t->document);
    node_strong(verdict, report_verdict(t->arena, t->counts.findings));
    if (t->counts.findings > 0) {
        node_text(verdict, arena_printf(t->arena, ": %s", reach_counts(t, NULL)));
    }
    node_text(verdict, ".");
    if (aside != NULL) {
        node_text(verdict, arena_printf(t->arena, " Not counted: %s.", aside));
    }
    add_measure(t);
    tree_close(t, outer);
}

/* ---- overview --------------------------------------------------------------------------- */

/* One entry: a switch of the filter on a page, else its name as code. */
static void
add_entry(TreeReport *t, cmark_node *list, const char *filter, const char *value, uint32_t n,
          const char *more)
{
    cmark_node *item = node_item(list);
    if (t->page) {
        const char *open = arena_printf(t->arena,
                                        "<button type=\"button\" class=\"filter\" aria-pressed="
                                        "\"false\" data-filter=\"%s\" data-value=\"%s\">",
                                        filter, tree_escaped(t, value));
        const char *shown = text_equal(filter, "reach") ? more : value;
        cmark_node *button = node_span(item, open, "</button>");
        node_text(node_span(button, "<span class=\"what\">", "</span>"), shown);
        node_text(node_span(button, "<span class=\"n\">", "</span>"),
                  arena_printf(t->arena, "%" PRIu32, n));
        return;
    }
    if (!text_equal(filter, "reach")) {
        node_code(item, value);
        node_text(item, ": ");
        node_text(item, more);
        return;
    }
    node_text(item, arena_printf(t->arena, "%" PRIu32 " %s", n, more));
}

static cmark_node *
add_list(TreeReport *t, const char *title)
{
    node_title(t->document, 3, title);
    return node_list(t->document, CMARK_BULLET_LIST);
}

static void
add_reaches(TreeReport *t)
{
    cmark_node *outer = tree_open(t, "<div class=\"by-reach\">", "</div>");
    cmark_node *list = add_list(t, "By reach");
    for (Reach reach = 0; reach < REACH_COUNT; reach++) {
        if (t->counts.by_reach[reach] > 0) {
            add_entry(t, list, "reach", reach_word(reach), t->counts.by_reach[reach],
                      t->page ? reach_text(reach) : report_reach_phrase(reach));
        }
    }
    tree_close(t, outer);
}

static void
add_rules(TreeReport *t)
{
    uint32_t nrules;
    const RuleInfo **rules = report_rules(t->arena, t->run, &nrules);
    cmark_node *outer = tree_open(t, "<div class=\"by-rule\">", "</div>");
    cmark_node *list = add_list(t, "By rule");
    for (uint32_t i = 0; i < nrules; i++) {
        uint32_t n = 0;
        for (uint32_t k = 0; k < t->counts.findings; k++) {
            n += text_equal(t->run->findings[k]->rule->id, rules[i]->id);
        }
        if (n > 0) {
            add_entry(t, list, "rule", rules[i]->id, n,
                      arena_printf(t->arena, "%s, %s", rules[i]->title,
                                   reach_counts(t, rules[i])));
        }
    }
    tree_close(t, outer);
}

typedef struct FileCount {
    const char *file;
    uint32_t n;
} FileCount;

static int
compare_files(const void *left, const void *right)
{
    const FileCount *a = left;
    const FileCount *b = right;
    if (a->n != b->n) {
        return a->n < b->n ? 1 : -1;
    }
    return strcmp(a->file, b->file);
}

/* The files that have findings, most of them first. */
static FileCount *
count_files(TreeReport *t, uint32_t *nfiles)
{
    FileCount *files = ARENA_ARRAY(t->arena, FileCount, t->counts.findings + 1);
    *nfiles = 0;
    for (uint32_t i = 0; i < t->counts.findings; i++) {
        const char *file = report_path(t->arena, t->run->root, t->run->findings[i]->loc.file);
        uint32_t k = 0;
        while (k < *nfiles && !text_equal(files[k].file, file)) {
            k++;
        }
        if (k == *nfiles) {
            files[(*nfiles)++].file = file;
        }
        files[k].n++;
    }
    qsort(files, *nfiles, sizeof(*files), compare_files);
    return files;
}

static void
add_files(TreeReport *t)
{
    uint32_t nfiles;
    const FileCount *files = count_files(t, &nfiles);
    uint32_t shown = t->page || nfiles <= MAX_FILES ? nfiles : MAX_FILES - 1;
    cmark_node *outer = tree_open(t, "<div class=\"by-file\">", "</div>");
    cmark_node *list = add_list(t, "By file");
    for (uint32_t i = 0; i < shown; i++) {
        add_entry(t, list, "file", files[i].file, files[i].n,
                  arena_printf(t->arena, "%" PRIu32, files[i].n));
    }
    if (shown < nfiles) {
        node_text(node_item(list),
                  arena_printf(t->arena, "and %" PRIu32 " more files", nfiles - shown));
    }
    tree_close(t, outer);
}

static void
add_overview(TreeReport *t)
{
    if (t->counts.findings == 0) {
        return;
    }
    cmark_node *outer = tree_open(t, "<nav class=\"overview\" aria-label=\"Filters\">", "</nav>");
    node_title(t->document, 2, "Overview");
    add_reaches(t);
    add_rules(t);
    add_files(t);
    tree_close(t, outer);
}

/* ---- what was not analysed --------------------------------------------------------------- */

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
    const char *noun = first->function == NULL ? "file" : "function";
    node_strong(reason, report_number_of(t->arena, n, noun));
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
    const char *open = arena_printf(t->arena,
                                    "<details class=\"more\"><summary>Not analysed, or not in "
                                    "full: %" PRIu32 "</summary>", t->run->ngaps);
    cmark_node *outer = tree_open(t, open, "</details>");
    node_title(t->document, 2, "What was not analysed, and why");
    if (t->run->ngaps == 0) {
        node_text(node_paragraph(t->document), "Nothing was left out.");
    }
    for (uint32_t i = 0; i < t->run->ngaps; i++) {
        if (is_first_of_reason(t->run, i)) {
            add_gaps_like(t, &t->run->gaps[i]);
        }
    }
    tree_close(t, outer);
}

/* ---- notes and versions ----------------------------------------------------------------- */

static void
add_notes(TreeReport *t)
{
    if (t->run->nnotes == 0) {
        return;
    }
    const char *open = arena_printf(t->arena,
                                    "<details class=\"more\"><summary>Notes: %" PRIu32
                                    "</summary>", t->run->nnotes);
    cmark_node *outer = tree_open(t, open, "</details>");
    node_title(t->document, 2, "Notes");
    cmark_node *list = node_list(t->document, CMARK_BULLET_LIST);
    for (uint32_t i = 0; i < t->run->nnotes; i++) {
        node_prose(t->arena, node_item(list), t->run->notes[i]);
    }
    tree_close(t, outer);
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
    cmark_node *outer = tree_open(t, "<details class=\"more\"><summary>Versions</summary>",
                                  "</details>");
    node_title(t->document, 2, "Versions");
    cmark_node *list = node_list(t->document, CMARK_BULLET_LIST);
    add_version(t, list, "strayref", t->run->version);
    add_version(t, list, "facts for Python", t->run->python);
    add_version(t, list, "clang", t->run->clang);
    tree_close(t, outer);
}

static void
add_title(TreeReport *t)
{
    const char *root = t->run->root != NULL ? path_basename(t->run->root) : "";
    const char *name = report_clean(t->arena, root);
    node_title(t->document, 1,
               *name != '\0' ? arena_printf(t->arena, "References in %s", name) : "References");
}

void
tree_add_front(TreeReport *t)
{
    static const char toolbar[] =
        "<div class=\"toolbar\" role=\"search\">"
        "<input type=\"search\" id=\"search\" placeholder=\"Search findings\" "
        "aria-label=\"Search findings\" autocomplete=\"off\" spellcheck=\"false\">"
        "<output id=\"shown\"></output>"
        "<button type=\"button\" id=\"all\">Expand all</button>"
        "<button type=\"button\" id=\"reset\" hidden>Clear filters</button>"
        "<span class=\"keys\"><kbd>j</kbd> <kbd>k</kbd> move <kbd>Enter</kbd> open "
        "<kbd>/</kbd> search</span>";
    cmark_node *outer = tree_open(t, "<header class=\"front\">", "</header>");
    add_title(t);
    add_verdict(t);
    add_overview(t);
    cmark_node *more = tree_open(t, "<div class=\"extras\">", "</div>");
    add_gaps(t);
    add_notes(t);
    add_versions(t);
    tree_close(t, more);
    tree_close(t, outer);
    if (t->page && t->counts.findings > 0) {
        node_element(t->document, toolbar, "</div>");
    }
}

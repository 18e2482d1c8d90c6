/* tree.c: turns a RunResult into a CommonMark document, a tree of cmark nodes.
 *
 * Text is only ever put into nodes: escaping is cmark's, for Markdown and HTML
 * alike.  The tree avoids what CommonMark cannot write down and read back the same:
 * no list or code block directly follows a list.  A tree for a page has elements of HTML
 * around the same nodes.
 */
#include "reports/tree.h"

#include <inttypes.h>
#include <string.h>

void
tree_put_place(TreeReport *t, cmark_node *parent, Loc loc)
{
    const char *place = arena_printf(t->arena, "%s:%" PRIu32,
                                     report_path(t->arena, t->run->root, loc.file), loc.line);
    const char *url = report_link(t->arena, t->run, t->options->link, loc);
    if (url != NULL) {
        node_link_code(parent, url, place);
    }
    else {
        node_code(parent, place);
    }
}

const char *
tree_escaped(TreeReport *t, const char *text)
{
    StrBuf out;
    strbuf_init(&out, t->arena);
    report_put_escaped(&out, text);
    return out.text;
}

cmark_node *
tree_open(TreeReport *t, const char *open, const char *close)
{
    cmark_node *outer = t->document;
    if (t->page) {
        t->document = node_element(outer, open, close);
    }
    return outer;
}

void
tree_close(TreeReport *t, cmark_node *outer)
{
    t->document = outer;
}

/* ---- sections and groups ------------------------------------------------------------------ */

static bool
same_section(const Finding *a, const Finding *b)
{
    return report_same_rule(a, b) && a->reach == b->reach;
}

static bool
same_group(const Finding *a, const Finding *b)
{
    return same_section(a, b) && report_has(a->cause) && text_equal(a->cause, b->cause);
}

/* The end of the run of findings from 'first' on that belong together. */
static uint32_t
run_end(TreeReport *t, uint32_t first, bool (*same)(const Finding *, const Finding *))
{
    uint32_t end = first + 1;
    while (end < t->counts.findings && same(t->run->findings[first], t->run->findings[end])) {
        end++;
    }
    return end;
}

static void
add_section_head(TreeReport *t, const Finding *finding, uint32_t n)
{
    node_title(t->document, 2,
               arena_printf(t->arena, "%s, %s: %" PRIu32, finding->rule->title,
                            report_reach_phrase(finding->reach), n));
    cmark_node *summary = node_paragraph(t->document);
    node_sentence(t->arena, summary, finding->rule->summary);
}

/* The findings of one cause, or a single one. */
static void
add_group(TreeReport *t, uint32_t first, uint32_t end)
{
    int level = 3;
    cmark_node *outer = tree_open(t, "<div class=\"group\">", "</div>");
    if (end - first > 1) {
        cmark_node *heading = node_heading(t->document, level);
        node_text(heading,
                  arena_printf(t->arena, "%" PRIu32 " findings of one cause: ", end - first));
        node_prose(t->arena, heading, t->run->findings[first]->cause);
        level++;
    }
    for (uint32_t i = first; i < end; i++) {
        tree_add_finding(t, t->run->findings[i], level);
    }
    tree_close(t, outer);
}

/* The findings of one rule and reach. */
static void
add_section(TreeReport *t, uint32_t first, uint32_t end)
{
    cmark_node *outer = tree_open(t, "<section class=\"kind\">", "</section>");
    add_section_head(t, t->run->findings[first], end - first);
    for (uint32_t i = first; i < end;) {
        uint32_t group_end = run_end(t, i, same_group);
        add_group(t, i, group_end);
        i = group_end;
    }
    tree_close(t, outer);
}

static void
add_findings(TreeReport *t)
{
    cmark_node *outer = tree_open(t, "<div id=\"findings\">", "</div>");
    for (uint32_t i = 0; i < t->counts.findings;) {
        uint32_t end = run_end(t, i, same_section);
        add_section(t, i, end);
        i = end;
    }
    tree_close(t, outer);
}

/* ---- the tail of the report ----------------------------------------------------------------- */

static void
add_hidden(TreeReport *t)
{
    const char *hidden = report_hidden(t->arena, t->run);
    if (hidden != NULL) {
        node_sentence(t->arena, node_paragraph(t->document),
                      arena_printf(t->arena, "not shown: %s", hidden));
    }
}

static void
add_guide(TreeReport *t)
{
    static const char *const lines[][2] = {
        {"Ordinary path", ": every call that takes this path is hurt; nothing has to fail."},
        {"Error path", ": a call on the path has to fail first, for any reason."},
        {"Once per process", ": in module initialisation, so the damage does not grow."},
        {"Allocation failure", ": happens only when memory runs out."},
        {"Protocol", ": happens only when Python's protocols are used in unusual ways."},
        {"Confidence", ": high when everything called on the path is known, low when something on "
                       "it had to be guessed."},
        {"Verified fix", ": the change was applied in memory, analysed again, and the finding was "
                         "gone."},
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

struct cmark_node *
report_tree(const RunResult *run, const ReportOptions *options, bool page)
{
    Arena *arena = arena_new();
    TreeReport t = {
        .arena = arena,
        .sources = sources_new(arena),
        .run = run,
        .options = options,
        .counts = report_counts(run),
        .page = page,
        .document = cmark_node_new(CMARK_NODE_DOCUMENT),
    };
    cmark_node *document = t.document;
    tree_add_front(&t);
    add_findings(&t);
    cmark_node *outer = tree_open(&t, "<footer>", "</footer>");
    add_hidden(&t);
    add_guide(&t);
    tree_close(&t, outer);
    arena_free(arena);
    return document;
}

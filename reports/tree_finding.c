/* tree_finding.c: one finding: heading, story, the code of its path, the ring, the reasons and
 * the fix.
 */
#include "reports/tree.h"

#include <inttypes.h>
#include <string.h>

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* ---- heading and story ------------------------------------------------------------------ */

/* "#3 leak of 'l' in pair() (pair.c:12)" */
static void
add_heading(TreeReport *t, const Finding *finding, int level)
{
    cmark_node *heading = node_heading(t->document, level);
    const char *object = report_clean(t->arena, finding->object);
    const char *function = report_clean(t->arena, finding->function);
    node_text(heading,
              arena_printf(t->arena, "#%" PRIu32 " %s", finding->number, finding->rule->id));
    if (*object != '\0') {
        node_text(heading, report_link_word(finding->rule));
        node_code(heading, object);
    }
    if (*function != '\0') {
        node_text(heading, " in ");
        node_code(heading, arena_printf(t->arena, "%s()", function));
    }
    node_text(heading, " (");
    tree_put_place(t, heading, finding->loc);
    node_text(heading, ")");
}

/* On a page: the element that all of the finding is in, with what filters ask for. */
static cmark_node *
open_finding(TreeReport *t, const Finding *finding)
{
    const char *file = report_path(t->arena, t->run->root, finding->loc.file);
    const char *open = arena_printf(
        t->arena,
        "<article class=\"finding %s\" id=\"finding-%" PRIu32 "\" data-rule=\"%s\""
        " data-reach=\"%s\" data-file=\"%s\"><details>",
        severity_text(finding->rule->severity), finding->number,
        tree_escaped(t, finding->rule->id), reach_word(finding->reach), tree_escaped(t, file));
    return tree_open(t, open, "</details></article>");
}

/* The line that is always seen. */
static void
add_head(TreeReport *t, const Finding *finding, int level)
{
    const char *close = arena_printf(t->arena, "<span class=\"reach %s\">%s</span>%s</summary>",
                                     reach_word(finding->reach), reach_text(finding->reach),
                                     finding->patch != NULL
                                         ? "<span class=\"has-fix\">verified fix</span>" : "");
    cmark_node *outer = tree_open(t, "<summary>", close);
    add_heading(t, finding, level);
    tree_close(t, outer);
}

static void
add_step(TreeReport *t, cmark_node *list, const Finding *finding, const Step *step)
{
    cmark_node *item = node_item(list);
    if (t->page) {
        const char *id = page_line_id(t, finding, step->loc);
        const char *open = arena_printf(t->arena, "<a class=\"step %s\" href=\"#%s\">",
                                        report_step_kind(step->kind), id);
        cmark_node *link = node_span(item, open, "</a>");
        node_prose(t->arena, link, report_step(t->arena, step));
        node_text(item, " ");
        item = node_span(item, "<span class=\"at\">", "</span>");
        tree_put_place(t, item, step->loc);
        return;
    }
    tree_put_place(t, item, step->loc);
    node_text(item, " ");
    node_prose(t->arena, item, report_step(t->arena, step));
}

static void
add_story(TreeReport *t, const Finding *finding)
{
    if (finding->nsteps == 0) {
        return;
    }
    cmark_node *outer = tree_open(t, "<div class=\"story\">", "</div>");
    cmark_node *list = node_list(t->document, CMARK_ORDERED_LIST);
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        add_step(t, list, finding, &finding->steps[i]);
    }
    tree_close(t, outer);
}

/* ---- code ---------------------------------------------------------------------------------- */

/* The lines of one file that the path passes. */
static void
add_excerpt(TreeReport *t, const Finding *finding, const char *file)
{
    Excerpt excerpt = source_excerpt(t->sources, file, finding->steps, finding->nsteps);
    const char *path = report_path(t->arena, t->run->root, file);
    cmark_node *intro = node_paragraph(t->document);
    if (excerpt.lines.n == 0) {
        node_text(intro, "There is no source to show for ");
        node_code(intro, path);
        node_text(intro, ".");
        return;
    }
    if (t->page) {
        node_code(intro, path);
        node_element(t->document, page_excerpt(t, finding, file, &excerpt), "");
        return;
    }
    node_text(intro, "The path in ");
    node_code(intro, path);
    node_text(intro, ", its lines marked:");
    node_code_block(t->document, "c", excerpt_text(t->arena, &excerpt));
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
    cmark_node *outer = tree_open(t, "<div class=\"code\">", "</div>");
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        const char *file = finding->steps[i].loc.file;
        if (file != NULL && is_first_in_file(finding, i)) {
            add_excerpt(t, finding, file);
        }
    }
    tree_close(t, outer);
}

static void
add_ring(TreeReport *t, const Finding *finding)
{
    if (finding->ring == NULL || finding->ring->nedges == 0) {
        return;
    }
    if (t->page) {
        StrBuf svg;
        strbuf_init(&svg, t->arena);
        strbuf_puts(&svg, "<div class=\"rings\" tabindex=\"0\">");
        ring_svg(t->arena, finding->ring, finding->number, &svg);
        strbuf_puts(&svg, "</div>");
        node_element(t->document, svg.text, "");
        return;
    }
    node_text(node_paragraph(t->document), "The objects keep each other alive:");
    node_code_block(t->document, "mermaid", ring_mermaid(t->arena, finding->ring));
}

/* ---- reasons --------------------------------------------------------------------------------- */

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

/* "Name: " in strong letters; what follows is appended to the result. */
static cmark_node *
add_reason(cmark_node *list, const char *name)
{
    cmark_node *item = node_item(list);
    node_strong(item, name);
    node_text(item, " ");
    return item;
}

static void
add_reasons(TreeReport *t, const Finding *finding)
{
    cmark_node *list = node_list(t->document, CMARK_BULLET_LIST);
    if (report_has(finding->fact)) {
        cmark_node *item = add_reason(list, "Why:");
        node_code(item, report_clean(t->arena, finding->fact));
        if (report_has(finding->fact_doc)) {
            add_manual(t, item, finding);
        }
    }
    if (report_has(finding->fix) && finding->patch == NULL) {
        node_sentence(t->arena, add_reason(list, "Fix:"), finding->fix);
    }
    if (report_has(finding->only_on)) {
        node_text(add_reason(list, "Only on:"), report_clean(t->arena, finding->only_on));
    }
    node_text(add_reason(list, "Reach:"), reach_text(finding->reach));
    node_text(add_reason(list, "Confidence:"), confidence_text(finding->confidence));
    if (report_has(finding->fingerprint)) {
        node_code(add_reason(list, "Fingerprint:"), report_clean(t->arena, finding->fingerprint));
    }
}

static void
add_patch(TreeReport *t, const Finding *finding)
{
    if (finding->patch == NULL) {
        return;
    }
    const char *diff = report_diff(t->sources, t->run, finding->patch);
    const char *title = report_has(finding->patch->title) ? finding->patch->title : finding->fix;
    cmark_node *intro = node_paragraph(t->document);
    node_strong(intro, "Verified fix:");
    node_text(intro, " ");
    node_sentence(t->arena, intro, report_has(title) ? title : "apply this change");
    if (diff != NULL && t->page) {
        node_element(t->document, page_diff(t, diff), "");
    }
    else if (diff != NULL) {
        node_code_block(t->document, "diff", diff);
    }
}

void
tree_add_finding(TreeReport *t, const Finding *finding, int level)
{
    cmark_node *outer = open_finding(t, finding);
    add_head(t, finding, level);
    cmark_node *body = tree_open(t, "<div class=\"body\">", "</div>");
    node_sentence(t->arena, node_paragraph(t->document), finding->message);
    cmark_node *path = tree_open(t, "<div class=\"path\">", "</div>");
    add_story(t, finding);
    add_excerpts(t, finding);
    tree_close(t, path);
    add_ring(t, finding);
    cmark_node *facts = tree_open(t, "<div class=\"facts\">", "</div>");
    add_reasons(t, finding);
    tree_close(t, facts);
    add_patch(t, finding);
    tree_close(t, body);
    tree_close(t, outer);
}

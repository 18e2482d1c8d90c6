/* text.c: the report as compilers print: "file:line:col: warning: message [rule]".
 *
 * Below each finding stand the steps of its path, the ownership fact, the reach and
 * the fix as notes, with the line of source and a caret where the place changes.
 * What was not analysed follows in a block that no reader of warnings takes for one.
 */
#include "reports/report.h"

#include <inttypes.h>
#include <string.h>

#define MAX_GAPS 20u /* gaps listed; the other formats list more */

typedef struct TextReport {
    Arena *arena; /* for this report only */
    Sources *sources;
    const char *base; /* paths are relative to it */
    bool color;
    Loc head;    /* the place of the finding at hand */
    Loc excerpt; /* the place shown last */
    StrBuf *out;
} TextReport;

typedef enum Style { PLAIN, PLACE, ERROR, WARNING, NOTE, MESSAGE, CARET } Style;

static void
put_styled(TextReport *t, Style style, const char *text)
{
    static const char *const codes[] = {
        [PLAIN] = "",         [PLACE] = "\33[1m",   [ERROR] = "\33[1;31m", [WARNING] = "\33[1;35m",
        [NOTE] = "\33[1;36m", [MESSAGE] = "\33[1m", [CARET] = "\33[1;32m",
    };
    bool styled = t->color && style != PLAIN;
    if (styled) {
        strbuf_puts(t->out, codes[style]);
    }
    strbuf_puts(t->out, text);
    if (styled) {
        strbuf_puts(t->out, "\33[0m");
    }
}

/* "file:line:col: kind: " */
static void
put_place(TextReport *t, Loc loc, Style style, const char *kind)
{
    const char *path = report_path(t->arena, t->base, loc.file);
    put_styled(t, PLACE,
               arena_printf(t->arena, "%s:%" PRIu32 ":%" PRIu32 ":", path, loc.line, loc.col));
    strbuf_putc(t->out, ' ');
    put_styled(t, style, arena_printf(t->arena, "%s:", kind));
    strbuf_putc(t->out, ' ');
}

static void
put_excerpt(TextReport *t, Loc loc)
{
    SourceView view;
    bool seen = loc_compare(loc, t->excerpt) == 0 || loc_compare(loc, t->head) == 0;
    if (seen || !source_view(t->sources, loc, &view)) {
        return;
    }
    t->excerpt = loc;
    strbuf_printf(t->out, "%5" PRIu32 " | %s\n", loc.line, view.text);
    if (loc.col > 0) {
        strbuf_printf(t->out, "      | %*s", (int)view.caret, "");
        put_styled(t, CARET, "^");
        strbuf_putc(t->out, '\n');
    }
}

static void
put_note(TextReport *t, Loc loc, const char *label, const char *text)
{
    put_place(t, loc, NOTE, "note");
    strbuf_printf(t->out, "%s%s\n", label, text);
}

/* A rule of severity "note" warns too: in this format notes belong to the finding
 * above them. */
static void
put_head(TextReport *t, const Finding *finding)
{
    bool is_error = finding->rule->severity == SEVERITY_ERROR;
    put_place(t, finding->loc, is_error ? ERROR : WARNING, is_error ? "error" : "warning");
    put_styled(t, MESSAGE, report_message(t->arena, finding));
    strbuf_printf(t->out, " [%s]\n", finding->rule->id);
    t->head = t->excerpt = (Loc){0};
    put_excerpt(t, finding->loc);
    t->head = finding->loc;
}

static void
put_steps(TextReport *t, const Finding *finding)
{
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        const Step *step = &finding->steps[i];
        put_note(t, step->loc, "", report_step(t->arena, step));
        put_excerpt(t, step->loc);
    }
}

static void
put_reasons(TextReport *t, const Finding *finding)
{
    if (report_has(finding->fact)) {
        const char *fact = report_clean(t->arena, finding->fact);
        if (report_has(finding->fact_doc)) {
            fact = arena_printf(t->arena, "%s (manual: %s)", fact,
                                report_clean(t->arena, finding->fact_doc));
        }
        put_note(t, finding->loc, "ownership: ", fact);
    }
    put_note(t, finding->loc, "reach: ",
             finding->confidence == CONFIDENCE_HIGH
                 ? reach_text(finding->reach)
                 : arena_printf(t->arena, "%s; confidence: %s", reach_text(finding->reach),
                                confidence_text(finding->confidence)));
    if (report_has(finding->fix)) {
        put_note(t, finding->loc, finding->patch != NULL ? "verified fix: " : "fix: ",
                 report_clean(t->arena, finding->fix));
    }
}

static void
put_ring(TextReport *t, const Ring *ring)
{
    for (uint32_t i = 0; ring != NULL && i < ring->nedges; i++) {
        const Ring edge = {&ring->edges[i], 1};
        put_note(t, ring->edges[i].store, "reference: ", ring_words(t->arena, &edge));
    }
}

/* The diff, each line behind a space so that no reader of warnings takes it for one. */
static void
put_patch(TextReport *t, const RunResult *run, const Patch *patch)
{
    const char *diff = patch != NULL ? report_diff(t->sources, run, patch) : NULL;
    for (const char *line = diff; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        strbuf_printf(t->out, "      | %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

/* What is left out on purpose. */
static void
put_left_out(TextReport *t, const RunResult *run)
{
    const char *aside = report_set_aside(t->arena, run);
    const char *hidden = report_hidden(t->arena, run);
    if (aside != NULL) {
        strbuf_printf(t->out, "not counted: %s\n", aside);
    }
    if (hidden != NULL) {
        strbuf_printf(t->out, "not shown: %s\n", hidden);
    }
}

static void
put_gaps(TextReport *t, const RunResult *run)
{
    if (run->ngaps == 0) {
        return;
    }
    strbuf_puts(t->out, "not analysed, or not in full:\n");
    for (uint32_t i = 0; i < run->ngaps && i < MAX_GAPS; i++) {
        strbuf_printf(t->out, "  %s: %s\n", report_gap(t->arena, t->base, &run->gaps[i]),
                      report_clean(t->arena, run->gaps[i].why));
    }
    if (run->ngaps > MAX_GAPS) {
        strbuf_printf(t->out, "  ... and %" PRIu32 " more (--format markdown lists them)\n",
                      run->ngaps - MAX_GAPS);
    }
}

void
report_text(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    Arena *arena = arena_new();
    TextReport t = {
        .arena = arena,
        .sources = sources_new(arena),
        .base = options->cwd != NULL ? options->cwd : run->root,
        .color = options->color,
        .out = out,
    };
    uint32_t n = report_counts(run).findings;
    for (uint32_t i = 0; i < n; i++) {
        put_head(&t, run->findings[i]);
        put_steps(&t, run->findings[i]);
        put_ring(&t, run->findings[i]->ring);
        put_reasons(&t, run->findings[i]);
        put_patch(&t, run, run->findings[i]->patch);
        strbuf_putc(out, '\n');
    }
    put_gaps(&t, run);
    put_left_out(&t, run);
    arena_free(arena);
}

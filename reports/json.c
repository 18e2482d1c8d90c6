/* json.c: the whole run as JSON, documented by schema.json.
 *
 * Nothing is left out: suppressed and known findings, and all that was not analysed, are
 * in it.  A change that a reader could trip over changes "version".
 */
#include "reports/jsontree.h"

#define JSON_VERSION 1

typedef struct JsonReport {
    Arena *arena;
    Sources *sources;
    const RunResult *run;
} JsonReport;

static void
put_place(JsonReport *j, json_t *object, Loc loc)
{
    if (loc.file != NULL) {
        put_text(j->arena, object, "file", report_path(j->arena, j->run->root, loc.file));
    }
    if (loc.line > 0) {
        put_number(object, "line", loc.line);
    }
    if (loc.col > 0) {
        put_number(object, "column", loc.col);
    }
    put_text(j->arena, object, "macro", loc.macro);
}

/* ---- counts ---------------------------------------------------------------------------- */

static void
put_reaches(json_t *object, const uint32_t *counts)
{
    for (Reach reach = 0; reach < REACH_COUNT; reach++) {
        put_number(object, reach_word(reach), counts[reach]);
    }
}

/* Those below a threshold, and how many of them lack confidence. */
static void
put_hidden(json_t *summary, const RunResult *run)
{
    uint32_t all[REACH_COUNT];
    for (Reach reach = 0; reach < REACH_COUNT; reach++) {
        all[reach] = run->nhidden[reach] + run->nunsure[reach];
    }
    put_reaches(put_object(summary, "hidden"), all);
    put_reaches(put_object(summary, "unsure"), run->nunsure);
}

static void
put_counts(JsonReport *j, json_t *root)
{
    const RunResult *run = j->run;
    ReportCounts counts = report_counts(run);
    json_t *summary = put_object(root, "summary");
    put_number(summary, "findings", counts.findings);
    put_reaches(put_object(summary, "by_reach"), counts.by_reach);
    put_number(summary, "suppressed", counts.suppressed);
    put_number(summary, "known", counts.known);
    put_hidden(summary, run);
    json_t *files = put_object(summary, "files");
    put_number(files, "total", run->nfiles);
    put_number(files, "failed", run->nfailed);
    json_t *functions = put_object(summary, "functions");
    put_number(functions, "total", run->nfunctions);
    put_number(functions, "analysed", run->nanalysed);
    put_number(functions, "partial", run->npartial);
    put_number(functions, "damaged", run->ndamaged);
    put_number(functions, "given_up", run->ngaveup);
}

/* ---- findings ---------------------------------------------------------------------------- */

static void
put_steps(JsonReport *j, json_t *object, const Finding *finding)
{
    json_t *steps = put_array(object, "steps");
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        json_t *step = add_object(steps);
        put_text(j->arena, step, "kind", report_step_kind(finding->steps[i].kind));
        put_place(j, step, finding->steps[i].loc);
        json_object_set_new(step, "text",
                            json_string(report_clean(j->arena, finding->steps[i].text)));
    }
}

static void
put_ring(JsonReport *j, json_t *object, const Ring *ring)
{
    json_t *edges = put_array(object, "ring");
    for (uint32_t i = 0; i < ring->nedges; i++) {
        const RingEdge *edge = &ring->edges[i];
        json_t *member = add_object(edges);
        put_text(j->arena, member, "from", edge->from);
        put_text(j->arena, member, "field", edge->field);
        put_text(j->arena, member, "to", edge->to);
        put_place(j, put_object(member, "store"), edge->store);
        put_text(j->arena, member, "broken", edge->broken);
    }
}

static void
put_patch(JsonReport *j, json_t *object, const Patch *patch)
{
    json_t *member = put_object(object, "patch");
    put_text(j->arena, member, "title", patch->title);
    if (patch_is_text(j->arena, patch)) {
        json_t *edits = put_array(member, "edits");
        for (uint32_t i = 0; i < patch->nedits; i++) {
            const Edit *edit = &patch->edits[i];
            json_t *one = add_object(edits);
            put_text(j->arena, one, "file", report_path(j->arena, j->run->root, edit->file));
            put_number(one, "line", edit->line);
            put_number(one, "column", edit->col);
            put_number(one, "end_line", edit->end_line);
            put_number(one, "end_column", edit->end_col);
            json_object_set_new(one, "text", json_string(edit->text));
        }
    }
    put_lines(j->arena, member, "diff", report_diff(j->sources, j->run, patch));
}

static void
put_state(JsonReport *j, json_t *object, const Finding *finding)
{
    put_bool(object, "known", finding->known);
    put_bool(object, "suppressed", finding->suppressed != NULL);
    put_text(j->arena, object, "suppression_reason", finding->suppressed);
}

/* Those that the finding stands for. */
static void
put_others(JsonReport *j, json_t *object, const Finding *finding)
{
    json_t *others = finding->nothers > 0 ? put_array(object, "others") : NULL;
    for (uint32_t i = 0; i < finding->nothers; i++) {
        const Finding *other = finding->others[i];
        json_t *one = add_object(others);
        put_place(j, one, other->loc);
        put_text(j->arena, one, "function", other->function);
        put_text(j->arena, one, "object", other->object);
        put_text(j->arena, one, "message", other->message);
        put_text(j->arena, one, "fingerprint", other->fingerprint);
    }
}

static void
put_finding(JsonReport *j, json_t *object, const Finding *finding)
{
    put_number(object, "number", finding->number);
    put_text(j->arena, object, "rule", finding->rule->id);
    put_text(j->arena, object, "severity", severity_text(finding->rule->severity));
    put_text(j->arena, object, "reach", reach_word(finding->reach));
    put_text(j->arena, object, "confidence", confidence_text(finding->confidence));
    put_place(j, object, finding->loc);
    put_text(j->arena, object, "function", finding->function);
    put_text(j->arena, object, "object", finding->object);
    put_text(j->arena, object, "message", finding->message);
    put_text(j->arena, object, "only_on", finding->only_on);
    put_steps(j, object, finding);
    put_text(j->arena, object, "fact", finding->fact);
    put_text(j->arena, object, "fact_section", finding->fact_doc);
    put_text(j->arena, object, "fix", finding->fix);
    if (finding->patch != NULL) {
        put_patch(j, object, finding->patch);
    }
    if (finding->ring != NULL) {
        put_ring(j, object, finding->ring);
    }
    put_text(j->arena, object, "cause", finding->cause);
    put_text(j->arena, object, "fingerprint", finding->fingerprint);
    put_others(j, object, finding);
    put_state(j, object, finding);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void
put_rules(JsonReport *j, json_t *root)
{
    json_t *rules = put_array(root, "rules");
    uint32_t n;
    const RuleInfo **infos = report_rules(j->arena, j->run, &n);
    for (uint32_t i = 0; i < n; i++) {
        json_t *rule = add_object(rules);
        put_text(j->arena, rule, "id", infos[i]->id);
        put_text(j->arena, rule, "title", infos[i]->title);
        put_text(j->arena, rule, "summary", infos[i]->summary);
        put_text(j->arena, rule, "severity", severity_text(infos[i]->severity));
        put_text(j->arena, rule, "precision", precision_text(infos[i]->precision));
        if (infos[i]->cwe > 0) {
            put_number(rule, "cwe", (uint64_t)infos[i]->cwe);
        }
    }
}

static void
put_gaps(JsonReport *j, json_t *root)
{
    json_t *gaps = put_array(root, "not_analysed");
    for (uint32_t i = 0; i < j->run->ngaps; i++) {
        const Gap *gap = &j->run->gaps[i];
        json_t *object = add_object(gaps);
        put_place(j, object, gap->loc);
        put_text(j->arena, object, "function", gap->function);
        json_object_set_new(object, "why", json_string(report_clean(j->arena, gap->why)));
    }
}

static void
put_head(JsonReport *j, json_t *root)
{
    put_text(j->arena, root, "format", "strayref-report");
    put_number(root, "version", JSON_VERSION);
    json_t *tool = put_object(root, "tool");
    put_text(j->arena, tool, "name", "strayref");
    put_text(j->arena, tool, "version", j->run->version);
    put_text(j->arena, tool, "clang", j->run->clang);
    put_text(j->arena, root, "python", j->run->python);
    put_text(j->arena, root, "root", j->run->root);
}

void
report_json(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    (void)options;
    Arena *arena = arena_new();
    JsonReport j = {.arena = arena, .sources = sources_new(arena), .run = run};
    json_t *root = json_object();
    put_head(&j, root);
    put_counts(&j, root);
    put_rules(&j, root);
    json_t *findings = put_array(root, "findings");
    for (uint32_t i = 0; i < run->nfindings; i++) {
        put_finding(&j, add_object(findings), run->findings[i]);
    }
    put_gaps(&j, root);
    json_t *notes = put_array(root, "notes");
    for (uint32_t i = 0; i < run->nnotes; i++) {
        add_text(arena, notes, run->notes[i]);
    }
    put_json(out, root, false);
    arena_free(arena);
}

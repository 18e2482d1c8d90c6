/* sarif_result.c: a finding as a SARIF result.
 *
 * The first location is where the author changes something; the path is told three times,
 * for three kinds of readers: as links in the message (GitHub's alerts), as related
 * locations (which those links need) and as a code flow (viewers and editors).
 */
#include "reports/sarif.h"

#include <inttypes.h>
#include <string.h>

#define MAX_FLOW 1000u   /* steps in a code flow that GitHub keeps */
#define MAX_RELATED 100u /* related locations that it keeps */
#define MAX_LINKS 12u    /* steps that the message links to */

/* Appends text in which no link is seen. */
static void
put_plain(StrBuf *out, const char *text)
{
    for (const char *s = text; *s != '\0'; s++) {
        if (*s == '[' || *s == ']' || *s == '\\') {
            strbuf_putc(out, '\\');
        }
        strbuf_putc(out, *s);
    }
}

/* The steps to tell: all, or the first ones and the last. */
static const Step *
step_at(const Finding *finding, uint32_t index, uint32_t shown)
{
    bool is_last = index + 1 == shown;
    return &finding->steps[is_last ? finding->nsteps - 1 : index];
}

static uint32_t
shown_steps(const Finding *finding, uint32_t max)
{
    return finding->nsteps < max ? finding->nsteps : max;
}

/* The first sentence is the title of the alert. */
static const char *
message_of(SarifReport *s, const Finding *finding)
{
    StrBuf out;
    strbuf_init(&out, s->arena);
    put_plain(&out, report_capital(s->arena, report_message(s->arena, finding)));
    if (report_has(finding->function)) {
        strbuf_puts(&out, ", in ");
        put_plain(&out, report_clean(s->arena, finding->function));
        strbuf_puts(&out, "()");
    }
    strbuf_printf(&out, ". Reach: %s.", reach_text(finding->reach));
    uint32_t shown = shown_steps(finding, MAX_LINKS);
    for (uint32_t i = 0; i < shown; i++) {
        strbuf_printf(&out, "%s%" PRIu32 ". [", i == 0 ? " Path: " : " ", i + 1);
        put_plain(&out, report_step(s->arena, step_at(finding, i, shown)));
        strbuf_printf(&out, "](%" PRIu32 ")%s", i + 1, i + 1 < shown ? ";" : ".");
    }
    if (report_has(finding->fix)) {
        strbuf_puts(&out, " Fix: ");
        put_plain(&out, report_clean(s->arena, finding->fix));
        strbuf_putc(&out, '.');
    }
    return out.text;
}

static void
put_related(SarifReport *s, json_t *result, const Finding *finding)
{
    json_t *related = put_array(result, "relatedLocations");
    uint32_t shown = shown_steps(finding, MAX_RELATED);
    uint32_t linked = shown_steps(finding, MAX_LINKS);
    for (uint32_t i = 0; i < shown; i++) {
        /* ids go with the links of the message */
        const Step *step = i < linked ? step_at(finding, i, linked) : &finding->steps[i - 1];
        json_t *location = add_object(related);
        put_number(location, "id", i + 1);
        sarif_put_place(s, location, step->loc);
        sarif_put_message(location, "message", report_step(s->arena, step));
    }
}

static void
put_flow(SarifReport *s, json_t *result, const Finding *finding)
{
    json_t *flow = add_object(put_array(result, "codeFlows"));
    json_t *thread = add_object(put_array(flow, "threadFlows"));
    json_t *locations = put_array(thread, "locations");
    uint32_t shown = shown_steps(finding, MAX_FLOW);
    for (uint32_t i = 0; i < shown; i++) {
        const Step *step = step_at(finding, i, shown);
        json_t *item = add_object(locations);
        json_t *location = put_object(item, "location");
        sarif_put_place(s, location, step->loc);
        sarif_put_message(location, "message", report_step(s->arena, step));
        add_text(s->arena, put_array(item, "kinds"), report_step_kind(step->kind));
        put_number(item, "executionOrder", i + 1);
        put_text(s->arena, item, "importance",
                 step->kind == STEP_BRANCH ? "important" : "essential");
    }
}

static void
put_location(SarifReport *s, json_t *result, const Finding *finding)
{
    json_t *location = add_object(put_array(result, "locations"));
    sarif_put_place(s, location, finding->loc);
    if (report_has(finding->function)) {
        json_t *logical = add_object(put_array(location, "logicalLocations"));
        put_text(s->arena, logical, "name", finding->function);
        put_text(s->arena, logical, "fullyQualifiedName", finding->function);
        put_text(s->arena, logical, "kind", "function");
    }
}

/* One artifactChange for the edits from 'first' on that are in one file; the next edit. */
static uint32_t
put_change(SarifReport *s, json_t *changes, const Patch *patch, uint32_t first)
{
    const char *file = patch->edits[first].file;
    json_t *change = add_object(changes);
    uint32_t i = first;
    sarif_put_artifact(s, change, file);
    json_t *replacements = put_array(change, "replacements");
    for (; i < patch->nedits && text_equal(patch->edits[i].file, file); i++) {
        const Edit *edit = &patch->edits[i];
        json_t *replacement = add_object(replacements);
        json_t *region = put_object(replacement, "deletedRegion");
        put_number(region, "startLine", edit->line);
        put_number(region, "startColumn",
                   source_column(s->sources, file, edit->line, edit->col));
        put_number(region, "endLine", edit->end_line);
        put_number(region, "endColumn",
                   source_column(s->sources, file, edit->end_line, edit->end_col));
        if (*edit->text != '\0') {
            json_object_set_new(put_object(replacement, "insertedContent"), "text",
                                json_string(edit->text));
        }
    }
    return i;
}

static void
put_fixes(SarifReport *s, json_t *result, const Finding *finding)
{
    const Patch *patch = finding->patch;
    if (patch == NULL || patch->nedits == 0 || !patch_is_text(s->arena, patch)) {
        return;
    }
    json_t *fix = add_object(put_array(result, "fixes"));
    const char *title = report_has(patch->title) ? patch->title : "verified fix";
    sarif_put_message(fix, "description", report_clean(s->arena, title));
    json_t *changes = put_array(fix, "artifactChanges");
    for (uint32_t i = 0; i < patch->nedits;) {
        i = put_change(s, changes, patch, i);
    }
}

static void
put_state(SarifReport *s, json_t *result, const Finding *finding)
{
    put_text(s->arena, result, "baselineState", finding->known ? "unchanged" : "new");
    if (finding->suppressed != NULL) {
        json_t *suppression = add_object(put_array(result, "suppressions"));
        put_text(s->arena, suppression, "kind", "inSource");
        put_text(s->arena, suppression, "status", "accepted");
        put_text(s->arena, suppression, "justification", finding->suppressed);
    }
}

static void
put_properties(SarifReport *s, json_t *result, const Finding *finding)
{
    json_t *properties = put_object(result, "properties");
    put_text(s->arena, properties, "reach", reach_word(finding->reach));
    put_text(s->arena, properties, "confidence", confidence_text(finding->confidence));
    put_text(s->arena, properties, "object", finding->object);
    put_text(s->arena, properties, "ownership", finding->fact);
    put_text(s->arena, properties, "manual", finding->fact_doc);
    put_text(s->arena, properties, "cause", finding->cause);
    put_text(s->arena, properties, "onlyOn", finding->only_on);
    if (finding->ring != NULL) {
        put_lines(s->arena, properties, "ring", ring_words(s->arena, finding->ring));
    }
}

/* GitHub knows an alert again by primaryLocationLineHash, "hash:number". */
static void
put_fingerprints(SarifReport *s, json_t *result, uint32_t index)
{
    const char *key = s->keys[index];
    const char *dash = strchr(key, '-');
    const char *hash = dash == NULL
                           ? arena_printf(s->arena, "%s:1", key)
                           : arena_printf(s->arena, "%.*s:%s", (int)(dash - key), key, dash + 1);
    json_t *fingerprints = put_object(result, "partialFingerprints");
    put_text(s->arena, fingerprints, "primaryLocationLineHash", hash);
    put_text(s->arena, fingerprints, "strayref/v1", key);
}

static uint32_t
rule_index(const SarifReport *s, const RuleInfo *rule)
{
    uint32_t i = 0;
    while (i + 1 < s->nrules && !text_equal(s->rules[i]->id, rule->id)) {
        i++;
    }
    return i;
}

void
sarif_fill_result(SarifReport *s, json_t *result, uint32_t index)
{
    const Finding *finding = s->run->findings[index];
    put_text(s->arena, result, "ruleId", finding->rule->id);
    put_number(result, "ruleIndex", rule_index(s, finding->rule));
    put_text(s->arena, result, "kind", "fail");
    put_text(s->arena, result, "level", severity_text(finding->rule->severity));
    sarif_put_message(result, "message", message_of(s, finding));
    put_location(s, result, finding);
    put_fingerprints(s, result, index);
    if (finding->nsteps > 0) {
        put_flow(s, result, finding);
        put_related(s, result, finding);
    }
    put_fixes(s, result, finding);
    put_state(s, result, finding);
    /* the most urgent reach ranks highest */
    json_object_set_new(result, "rank", json_real(100.0 - 20.0 * (double)finding->reach));
    put_properties(s, result, finding);
}

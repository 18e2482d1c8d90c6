/* rdjsonl.c: findings as Reviewdog Diagnostic Format, one JSON object a line.
 *
 * Columns are bytes, ends exclusive.  A patch becomes suggestions, which reviewdog turns
 * into suggested changes, when all its edits are in the file of the finding.
 */
#include "reports/jsontree.h"

#include <inttypes.h>

static void
put_position(json_t *range, const char *key, uint32_t line, uint32_t col)
{
    json_t *position = put_object(range, key);
    put_number(position, "line", line > 0 ? line : 1);
    if (col > 0) {
        put_number(position, "column", col);
    }
}

static void
put_location(Arena *arena, const RunResult *run, json_t *object, Loc loc)
{
    json_t *location = put_object(object, "location");
    put_text(arena, location, "path", report_path(arena, run->root, loc.file));
    put_position(put_object(location, "range"), "start", loc.line, loc.col);
}

static const char *
severity_word(Severity severity)
{
    switch (severity) {
    case SEVERITY_ERROR:
        return "ERROR";
    case SEVERITY_WARNING:
        return "WARNING";
    case SEVERITY_NOTE:
        break;
    }
    return "INFO";
}

static bool
can_suggest(Arena *arena, const Finding *finding)
{
    if (finding->patch == NULL || !patch_is_text(arena, finding->patch)) {
        return false;
    }
    for (uint32_t i = 0; i < finding->patch->nedits; i++) {
        if (!text_equal(finding->patch->edits[i].file, finding->loc.file)) {
            return false;
        }
    }
    return true;
}

static void
put_suggestions(json_t *object, const Patch *patch)
{
    json_t *suggestions = put_array(object, "suggestions");
    for (uint32_t i = 0; i < patch->nedits; i++) {
        const Edit *edit = &patch->edits[i];
        json_t *suggestion = add_object(suggestions);
        json_t *range = put_object(suggestion, "range");
        put_position(range, "start", edit->line, edit->col);
        put_position(range, "end", edit->end_line, edit->end_col);
        json_object_set_new(suggestion, "text", json_string(edit->text));
    }
}

static const char *
message_of(Arena *arena, const Finding *finding)
{
    const char *fix = report_clean(arena, finding->fix);
    return arena_printf(arena, "%s: %s (%s)%s%s", report_title(arena, finding),
                        report_message(arena, finding), reach_text(finding->reach),
                        *fix != '\0' ? "; fix: " : "", fix);
}

static void
put_related(Arena *arena, const RunResult *run, json_t *object, const Finding *finding)
{
    json_t *related = put_array(object, "related_locations");
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        json_t *step = add_object(related);
        put_text(arena, step, "message", report_step(arena, &finding->steps[i]));
        put_location(arena, run, step, finding->steps[i].loc);
    }
}

void
report_rdjsonl(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    (void)options;
    Arena *arena = arena_new();
    uint32_t n = report_counts(run).findings;
    for (uint32_t i = 0; i < n; i++) {
        const Finding *finding = run->findings[i];
        json_t *object = json_object();
        put_text(arena, object, "message", message_of(arena, finding));
        put_location(arena, run, object, finding->loc);
        put_text(arena, object, "severity", severity_word(finding->rule->severity));
        put_text(arena, put_object(object, "source"), "name", "strayref");
        put_text(arena, put_object(object, "code"), "value", finding->rule->id);
        if (can_suggest(arena, finding)) {
            put_suggestions(object, finding->patch);
        }
        put_related(arena, run, object, finding);
        put_json(out, object, true);
    }
    arena_free(arena);
}

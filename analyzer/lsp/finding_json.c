/* finding_json.c: findings for the server, which makes diagnostics of them. */
#include "lsp/analyst.h"

static json_t *
loc_json(Loc loc)
{
    return json_pack("{s:s, s:I, s:I}", "file", loc.file != NULL ? loc.file : "", "line",
                     (json_int_t)loc.line, "col", (json_int_t)loc.col);
}

static json_t *
steps_json(const Finding *finding)
{
    static const char *const kinds[] = {[STEP_MADE] = "made", [STEP_BRANCH] = "branch",
                                        [STEP_FAILS] = "fails", [STEP_CHANGE] = "change",
                                        [STEP_LOST] = "lost"};
    json_t *steps = json_array();

    for (uint32_t i = 0; i < finding->nsteps; i++) {
        const Step *step = &finding->steps[i];
        json_t *one = loc_json(step->loc);

        json_object_set_new(one, "kind", json_string(kinds[step->kind]));
        json_object_set_new(one, "text", json_string(step->text));
        json_array_append_new(steps, one);
    }
    return steps;
}

/* The lines of the function that the finding stands in; none when it stands in no function. */
static void
put_function(const Scan *scan, const Finding *finding, json_t *out)
{
    for (uint32_t i = 0; i < scan->program->nfns; i++) {
        const Fn *fn = scan->program->fns[i];

        if (fn->loc.file == finding->loc.file && finding->loc.line >= fn->loc.line
            && finding->loc.line <= fn->last_line) {
            json_object_set_new(out, "first", json_integer(fn->loc.line));
            json_object_set_new(out, "last", json_integer(fn->last_line));
            return;
        }
    }
}

static void
put_text(json_t *out, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_new(out, key, json_string(text));
    }
}

json_t *
finding_json(const Scan *scan, const Finding *finding)
{
    json_t *out = loc_json(finding->loc);

    put_text(out, "rule", finding->rule->id);
    put_text(out, "title", finding->rule->title);
    put_text(out, "severity", severity_text(finding->rule->severity));
    put_text(out, "function", finding->function);
    put_text(out, "object", finding->object);
    put_text(out, "message", finding->message);
    put_text(out, "fact", finding->fact);
    put_text(out, "fact_doc", finding->fact_doc);
    put_text(out, "fix", finding->fix);
    put_text(out, "reach", reach_word(finding->reach));
    put_text(out, "confidence", confidence_text(finding->confidence));
    put_text(out, "fingerprint", finding->fingerprint);
    put_text(out, "only_on", finding->only_on);
    json_object_set_new(out, "steps", steps_json(finding));
    put_function(scan, finding, out);
    return out;
}

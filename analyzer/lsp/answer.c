/* answer.c: questions about the program as it is in the editor. */
#include "lsp/answer.h"

#include <string.h>

/* ---- findings ------------------------------------------------------------------------- */

/* Those of all files, by path. */
static json_t *
answer_all(const Question *q)
{
    RunResult run = scan_shown(q->scan);
    json_t *files = json_object();

    for (uint32_t i = 0; i < run.nfindings; i++) {
        const Finding *finding = run.findings[i];
        json_t *list = finding->loc.file != NULL ? json_object_get(files, finding->loc.file)
                                                 : NULL;

        if (finding->loc.file == NULL || !report_counted(finding)) {
            continue;
        }
        if (list == NULL) {
            list = json_array();
            json_object_set_new(files, finding->loc.file, list);
        }
        json_array_append_new(list, finding_json(q->scan, finding));
    }
    return files;
}

/* ---- fixes ------------------------------------------------------------------------------ */

static json_t *
patch_json(const Patch *patch)
{
    json_t *edits = json_array();

    for (uint32_t i = 0; i < patch->nedits; i++) {
        const Edit *edit = &patch->edits[i];

        json_array_append_new(edits, json_pack("{s:s, s:i, s:i, s:i, s:i, s:s}", "file",
                                               edit->file, "line", (int)edit->line, "col",
                                               (int)edit->col, "end_line", (int)edit->end_line,
                                               "end_col", (int)edit->end_col, "text",
                                               edit->text));
    }
    return edits;
}

static FixChoice
choice_of(const Question *q)
{
    return (FixChoice){
        .path = q->path,
        .rule = json_string_value(json_object_get(q->params, "rule")),
        .first = (uint32_t)json_integer_value(json_object_get(q->params, "first")),
        .last = (uint32_t)json_integer_value(json_object_get(q->params, "last")),
    };
}

/* The fixes that hold, each for itself, of the findings on some lines. */
static json_t *
answer_fixes(const Question *q)
{
    FixChoice choice = choice_of(q);
    Scan scan = *q->scan;
    json_t *list = json_array();

    scan.choice = &choice;
    fixes_attach(q->arena, q->options, &scan);
    for (uint32_t i = 0; i < scan.result.nfindings; i++) {
        const Finding *finding = scan.result.findings[i];

        if (finding->patch != NULL && text_equal(finding->loc.file, q->path)
            && finding->loc.line >= choice.first && finding->loc.line <= choice.last) {
            json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "fingerprint",
                                                  finding->fingerprint, "title",
                                                  finding->patch->title, "edits",
                                                  patch_json(finding->patch)));
        }
    }
    return list;
}

/* The text with all fixes of a rule. */
static json_t *
answer_fix_all(const Question *q)
{
    FixChoice choice = choice_of(q);
    Scan scan = *q->scan;
    size_t length = 0;
    const char *text;

    scan.choice = &choice;
    text = fixes_text(q->arena, q->options, &scan, &length);
    return text != NULL ? json_pack("{s:s#}", "text", text, (int)length) : NULL;
}

/* ---- the list of questions ---------------------------------------------------------------- */

typedef struct Answer {
    const char *method;
    json_t *(*give)(const Question *q);
} Answer;

static const Answer answers[] = {
    {"all", answer_all},         {"fixes", answer_fixes}, {"fix-all", answer_fix_all},
    {"hover", answer_hover},     {"hints", answer_hints}, {"lens", answer_lens},
};

json_t *
answer_question(Arena *arena, const Options *options, Scan *scan, const Packet *packet)
{
    const char *method = json_string_value(json_object_get(packet->head, "method"));
    Question q = {.arena = arena, .options = options, .scan = scan, .params = packet->head,
                  .path = json_string_value(json_object_get(packet->head, "path"))};

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (text_equal(method, answers[i].method)) {
            return answers[i].give(&q);
        }
    }
    return NULL;
}

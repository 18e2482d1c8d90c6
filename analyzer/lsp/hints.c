/* hints.c: what calls do to references, and what becomes of types' fields, as short labels. */
#include <string.h>

#include "classes/classes.h"
#include "lsp/answer.h"

/* ---- calls ------------------------------------------------------------------------------ */

static void
add_word(StrBuf *out, const char *word)
{
    if (strstr(out->text, word) == NULL) {
        strbuf_printf(out, "%s%s", out->length > 0 ? ", " : "", word);
    }
}

static const char *
named(const Question *q, const char *what, const Summary *summary, uint32_t param)
{
    return param < summary->nparam && summary->param[param].name != NULL
               ? arena_printf(q->arena, "%s %s", what, summary->param[param].name)
               : what;
}

/* "+1 new", "borrowed from list", "steals item"; "" when there is nothing to tell. */
static const char *
label_of(const Question *q, const Summary *summary)
{
    StrBuf out;

    strbuf_init(&out, q->arena);
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Case *c = &summary->cases[i];

        if (c->ret.kind == RESULT_NEW || c->ret.kind == RESULT_SHARED) {
            add_word(&out, "+1 new");
        }
        else if (c->ret.kind == RESULT_BORROWED) {
            add_word(&out, c->ret.from >= 0 ? named(q, "borrowed from", summary,
                                                    (uint32_t)c->ret.from)
                                            : "borrowed");
        }
        for (uint32_t k = 0; k < c->neffect; k++) {
            if (c->effect[k].kind == EFFECT_STEAL && c->effect[k].path == NULL) {
                add_word(&out, named(q, "steals", summary, c->effect[k].param));
            }
        }
    }
    return out.text;
}

/* The offset behind the parenthesis that closes the call at 'at'; 0 when there is none. */
static size_t
call_end(const char *text, size_t length, size_t at)
{
    int depth = 0;

    for (; at < length && text[at] != ';'; at++) {
        if (text[at] == '"' || text[at] == '\'') {
            char quote = text[at++];

            while (at < length && text[at] != quote && text[at] != '\n') {
                at += text[at] == '\\' ? 2 : 1;
            }
        }
        else if (text[at] == '(') {
            depth++;
        }
        else if (text[at] == ')' && --depth <= 0) {
            return depth == 0 ? at + 1 : 0;
        }
    }
    return 0;
}

/* What a hint is made from. */
typedef struct Hints {
    const Question *q;
    Lines lines;
    uint32_t first, last;
    json_t *list;
} Hints;

static void
hint_at(Hints *hints, const Instr *ins)
{
    const Decl *decl = ins->a.kind == VAL_FUNC ? ins->a.decl : NULL;
    const Summary *summary = decl != NULL ? model_find(hints->q->scan->model, decl->name,
                                                       decl->usr) : NULL;
    const char *label = summary != NULL ? label_of(hints->q, summary) : "";
    const Lines *lines = &hints->lines;
    size_t end, line = 0;

    if (label[0] == '\0') {
        return;
    }
    end = call_end(lines->text, lines->length,
                   lines_offset(lines, (json_int_t)ins->loc.line - 1,
                                (json_int_t)ins->loc.col - 1, true));
    while (end > 0 && line + 1 < lines->start.n && lines->start.at[line + 1] <= end) {
        line++;
    }
    if (end > 0) {
        json_array_append_new(hints->list,
                              json_pack("{s:i, s:i, s:s}", "line", (int)line + 1, "col",
                                        (int)(end - lines->start.at[line]) + 1, "label", label));
    }
}

json_t *
answer_hints(const Question *q)
{
    const Program *program = q->scan->program;
    size_t length;
    const char *text = scan_read(q->scan, q->arena, q->path, &length, NULL);
    Hints hints = {.q = q, .list = json_array(),
                   .first = (uint32_t)json_integer_value(json_object_get(q->params, "first")),
                   .last = (uint32_t)json_integer_value(json_object_get(q->params, "last"))};

    lines_find(q->arena, text != NULL ? text : "", text != NULL ? length : 0, &hints.lines);
    for (uint32_t i = 0; i < program->nfns; i++) {
        const Fn *fn = program->fns[i];

        if (!text_equal(fn->loc.file, q->path) || fn->last_line < hints.first
            || fn->loc.line > hints.last) {
            continue;
        }
        for (uint32_t b = 0; b < fn->nblock; b++) {
            for (uint32_t k = 0; k < fn->block[b].nins; k++) {
                const Instr *ins = &fn->block[b].ins[k];

                if (ins->op == OP_CALL && ins->loc.macro == NULL && ins->loc.line >= hints.first
                    && ins->loc.line <= hints.last && text_equal(ins->loc.file, q->path)) {
                    hint_at(&hints, ins);
                }
            }
        }
    }
    return hints.list;
}

/* ---- types --------------------------------------------------------------------------------- */

static void
tell_field(const ClassField *field, bool has_gc, StrBuf *out)
{
    strbuf_printf(out, "%s%s (", out->length > 0 ? ", " : "", field->name);
    if (has_gc) {
        strbuf_puts(out, field->visited ? "visited, " : "not visited, ");
        strbuf_puts(out, field->cleared ? "cleared, " : "not cleared, ");
    }
    strbuf_puts(out, field->released ? "released)" : "not released)");
}

json_t *
answer_lens(const Question *q)
{
    ClassTable table = classes_find(q->arena, q->scan->strings, q->scan->program,
                                    q->scan->model);
    json_t *list = json_array();

    for (uint32_t i = 0; i < table.n; i++) {
        const Class *cls = table.at[i];
        StrBuf fields;

        if (!text_equal(cls->loc.file, q->path)) {
            continue;
        }
        strbuf_init(&fields, q->arena);
        for (uint32_t k = 0; k < cls->nfields; k++) {
            if (cls->field[k].owned) {
                tell_field(&cls->field[k], cls->has_gc, &fields);
            }
        }
        json_array_append_new(
            list, json_pack("{s:i, s:s}", "line", (int)cls->loc.line, "title",
                            arena_printf(q->arena, "%s: %s%s%s",
                                         cls->has_gc ? "known to the collector"
                                                     : "not known to the collector",
                                         fields.length > 0 ? "owns " : "owns no object",
                                         fields.length > 0 ? fields.text : "", "")));
    }
    return list;
}

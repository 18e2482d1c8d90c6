/* hover.c: a place in the text -> what is known of the call, variable or field there. */
#include <ctype.h>
#include <string.h>

#include "classes/classes.h"
#include "lsp/answer.h"

/* ---- the word at the place ---------------------------------------------------------------- */

typedef enum WordKind { WORD_VARIABLE, WORD_CALL, WORD_FIELD } WordKind;

typedef struct Word {
    const char *name;
    WordKind kind;
    uint32_t line;
} Word;

static bool
is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool
find_word(const Question *q, Word *out)
{
    size_t length, at, start, end;
    const char *text = scan_read(q->scan, q->arena, q->path, &length, NULL);
    json_int_t col = json_integer_value(json_object_get(q->params, "col"));
    Lines lines;

    out->line = (uint32_t)json_integer_value(json_object_get(q->params, "line"));
    if (text == NULL) {
        return false;
    }
    lines_find(q->arena, text, length, &lines);
    at = lines_offset(&lines, (json_int_t)out->line - 1, col - 1, true);
    for (start = at; start > 0 && is_letter(text[start - 1]); start--) {
    }
    for (end = at; end < length && is_letter(text[end]); end++) {
    }
    if (start == end || isdigit((unsigned char)text[start])) {
        return false;
    }
    out->name = arena_strndup(q->arena, text + start, end - start);
    while (end < length && isspace((unsigned char)text[end])) {
        end++;
    }
    out->kind = start > 0 && (text[start - 1] == '.'
                              || (start > 1 && memcmp(text + start - 2, "->", 2) == 0))
                    ? WORD_FIELD
                    : end < length && text[end] == '(' ? WORD_CALL : WORD_VARIABLE;
    return true;
}

/* ---- calls ------------------------------------------------------------------------------------ */

const Decl *
question_function(const Question *q, const char *name)
{
    const Decl *found = NULL;

    for (uint32_t i = 0; i < q->scan->jobs.jobs.n; i++) {
        const Unit *unit = q->scan->units[i];
        bool own = false;

        for (uint32_t k = 0; k < unit->includes.n && !own; k++) {
            own = text_equal(unit->includes.at[k], q->path);
        }
        for (uint32_t k = 0; k < unit->decls.n && (own || found == NULL); k++) {
            const Decl *decl = unit->decls.at[k];

            if (decl->is_func && text_equal(decl->name, name)) {
                found = decl;
                if (own) {
                    return found;
                }
            }
        }
    }
    return found;
}

static const char *
param_name(const Question *q, const Summary *summary, uint32_t param)
{
    return param == PARAM_REST     ? "the other arguments"
           : param < summary->nparam && summary->param[param].name != NULL
               ? arena_printf(q->arena, "`%s`", summary->param[param].name)
               : arena_printf(q->arena, "argument %u", param + 1);
}

static void
tell_effect(const Question *q, const Summary *summary, const Effect *effect, StrBuf *out)
{
    static const char *const words[] = {
        [EFFECT_STEAL] = "takes over the caller's reference to",
        [EFFECT_RELEASE] = "releases a reference to",
        [EFFECT_RETAIN] = "adds a reference, which the caller owns, to",
        [EFFECT_KEEP] = "takes a reference of its own to",
        [EFFECT_ESCAPE] = "may do anything to",
        [EFFECT_OUT] = "sets",
        [EFFECT_RESET] = "releases what is in, and sets,",
        [EFFECT_FREE] = "frees the memory of",
        [EFFECT_FINISH] = "finishes",
    };

    strbuf_printf(out, "; %s %s", words[effect->kind], param_name(q, summary, effect->param));
    if (effect->path != NULL) {
        strbuf_printf(out, "->%s", effect->path);
    }
}

static void
tell_result(const Question *q, const Summary *summary, const Result *result, StrBuf *out)
{
    switch (result->kind) {
    case RESULT_VOID: strbuf_puts(out, "returns"); break;
    case RESULT_ANY: strbuf_puts(out, "returns something not known"); break;
    case RESULT_NEW: strbuf_puts(out, "returns a **new reference**: the caller owns it"); break;
    case RESULT_SHARED:
        strbuf_puts(out, "returns a **new reference** to an object that others hold as well");
        break;
    case RESULT_BORROWED:
        strbuf_printf(out, "returns a **borrowed** reference%s%s",
                      result->from >= 0 ? " from " : "",
                      result->from >= 0 ? param_name(q, summary, (uint32_t)result->from) : "");
        break;
    case RESULT_SAME:
        strbuf_printf(out, "returns %s", param_name(q, summary, (uint32_t)result->from));
        break;
    case RESULT_NULL: strbuf_puts(out, "returns NULL"); break;
    case RESULT_INT:
        if (result->lo == result->hi) {
            strbuf_printf(out, "returns %lld", (long long)result->lo);
        }
        else {
            strbuf_puts(out, "returns a number");
        }
        break;
    case RESULT_PTR: strbuf_puts(out, "returns a pointer"); break;
    case RESULT_FIELD:
        strbuf_printf(out, "returns what %s->%s holds",
                      param_name(q, summary, (uint32_t)result->from), result->path);
        break;
    }
}

static void
tell_case(const Question *q, const Summary *summary, const Case *c, StrBuf *out)
{
    strbuf_puts(out, "- ");
    tell_result(q, summary, &c->ret, out);
    for (uint32_t i = 0; i < c->neffect; i++) {
        tell_effect(q, summary, &c->effect[i], out);
    }
    strbuf_puts(out, c->err == ERR_RAISES  ? "; an exception is set\n"
                     : c->err == ERR_NOMEM ? "; MemoryError is set\n"
                     : c->err == ERR_CLEARS ? "; any exception is cleared\n" : "\n");
}

/* Where it is known from, and since which Python it is there. */
static void
tell_source(const Question *q, const Summary *summary, const Decl *decl, StrBuf *out)
{
    int64_t fn = decl != NULL ? program_callee(q->scan->program, decl) : -1;

    switch (summary->origin) {
    case ORIGIN_BUILTIN: strbuf_puts(out, "\nBuilt in"); break;
    case ORIGIN_COMPUTED: strbuf_puts(out, "\nComputed from its body"); break;
    case ORIGIN_ANNOTATION: strbuf_puts(out, "\nFrom the annotations of its declaration"); break;
    case ORIGIN_USER: strbuf_puts(out, "\nFrom your facts (--model)"); break;
    }
    if (summary->origin == ORIGIN_COMPUTED && fn >= 0) {
        const Fn *body = q->scan->program->fns[fn];

        strbuf_printf(out, " at %s:%u", path_basename(body->loc.file), body->loc.line);
    }
    if (summary->since != 0) {
        strbuf_printf(out, "; since Python %s", version_text(q->arena, summary->since));
    }
    if (summary->until != 0) {
        strbuf_printf(out, "; until Python %s", version_text(q->arena, summary->until));
    }
    if (summary->doc != NULL && text_starts(summary->doc, "c-api/")) {
        strbuf_printf(out, "; [manual](https://docs.python.org/3/%s.html#c.%s)", summary->doc,
                      summary->name);
    }
    strbuf_puts(out, summary->calls ? "; may run Python code\n" : "\n");
}

static bool
tell_call(const Question *q, const Word *word, StrBuf *out)
{
    const Decl *decl = question_function(q, word->name);
    const Summary *summary = model_find(q->scan->model, word->name,
                                        decl != NULL ? decl->usr : NULL);

    if (summary == NULL) {
        return false;
    }
    strbuf_puts(out, "```\n");
    facts_print(summary, out);
    strbuf_puts(out, "```\n");
    for (uint32_t i = 0; i < summary->ncases; i++) {
        tell_case(q, summary, &summary->cases[i], out);
    }
    tell_source(q, summary, decl, out);
    return true;
}

/* ---- variables ---------------------------------------------------------------------------------- */

static bool
tell_variable(const Question *q, const Word *word, StrBuf *out)
{
    const Program *program = q->scan->program;
    Point point = {q->path, word->name, word->line};
    Facings facings = {0};
    uint32_t total = 0;

    for (uint32_t i = 0; i < program->nfns && facings.n == 0; i++) {
        const Fn *fn = program->fns[i];

        if (text_equal(fn->loc.file, q->path) && fn->loc.line <= word->line
            && fn->last_line >= word->line && fn->status != FN_DAMAGED) {
            engine_inspect(q->arena, q->scan->strings, program, q->scan->model, &q->scan->engine,
                           i, &point, &facings);
        }
    }
    for (uint32_t i = 0; i < facings.n; i++) {
        total += facings.at[i].paths;
    }
    if (total > 0) {
        strbuf_printf(out, "`%s` when line %u begins:\n\n", word->name, word->line);
    }
    for (uint32_t i = 0; i < facings.n; i++) {
        strbuf_printf(out, "- %s", facings.at[i].text);
        strbuf_printf(out, facings.n > 1 ? " (%u of %u paths)\n" : "\n", facings.at[i].paths,
                      total);
    }
    return total > 0;
}

/* ---- fields --------------------------------------------------------------------------------------- */

static const char *
field_base(const char *name)
{
    const char *dot = strrchr(name, '.'), *arrow = strstr(name, "->");

    return arrow != NULL ? arrow + 2 : dot != NULL ? dot + 1 : name;
}

static void
tell_slot(StrBuf *out, const char *slot, bool done, const Site *where, const char *verb)
{
    strbuf_printf(out, "- %s by %s", done ? verb : "**not**", slot);
    if (!done) {
        strbuf_printf(out, " %s", verb);
    }
    if (done && where->loc.line != 0) {
        strbuf_printf(out, " (line %u, %s)", where->loc.line, where->function);
    }
    strbuf_puts(out, "\n");
}

static bool
tell_field(const Question *q, const Word *word, StrBuf *out)
{
    ClassTable table = classes_find(q->arena, q->scan->strings, q->scan->program,
                                    q->scan->model);
    bool any = false;

    for (uint32_t i = 0; i < table.n; i++) {
        const Class *cls = table.at[i];

        for (uint32_t k = 0; k < cls->nfields; k++) {
            const ClassField *field = &cls->field[k];

            if (!text_equal(field_base(field->name), word->name)) {
                continue;
            }
            any = true;
            strbuf_printf(out, "`%s` of %s: %s; can hold %s\n\n", field->name, cls->name,
                          field->owned      ? "the instance **owns** what it holds"
                          : field->borrowed ? "**borrowed**"
                                            : "who owns what it holds is not known",
                          hold_text(q->arena, field));
            tell_slot(out, "tp_traverse", field->visited, &field->visit, "visited");
            tell_slot(out, "tp_clear", field->cleared, &field->clear, "cleared");
            tell_slot(out, "tp_dealloc", field->released, &field->release, "released");
            strbuf_puts(out, "\n");
        }
    }
    return any;
}

/* ---- all of them ------------------------------------------------------------------------------------ */

json_t *
answer_hover(const Question *q)
{
    Word word;
    StrBuf out;
    bool told;

    strbuf_init(&out, q->arena);
    if (!find_word(q, &word)) {
        return NULL;
    }
    switch (word.kind) {
    case WORD_CALL: told = tell_call(q, &word, &out); break;
    case WORD_FIELD: told = tell_field(q, &word, &out); break;
    default: told = tell_variable(q, &word, &out) || tell_call(q, &word, &out); break;
    }
    return told ? json_string(out.text) : NULL;
}

/* fix_format.c: a way to mend a text that may be NULL and is printed with %s: Python prints the
 * object itself, with %S.
 *
 *     PyErr_Format(e, "no '%s'", PyUnicode_AsUTF8(x))  ->  PyErr_Format(e, "no '%S'", x)
 */
#include "driver/fix.h"

#include <string.h>

/* The place of the format among the arguments; -1 for other functions. */
static int
format_argument(const Source *source, uint32_t t)
{
    static const struct {
        const char *name;
        int format;
    } functions[] = {{"PyErr_Format", 1}, {"PyUnicode_FromFormat", 0}, {"PyErr_WarnFormat", 2}};

    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        if (token_is(source, t, functions[i].name)) {
            return functions[i].format;
        }
    }
    return -1;
}

/* The call of the statement that prints, in which the finding stands. */
static bool
find_print(const FixCase *fix, Call *call, int *format)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];

    for (uint32_t t = stmt->first; t <= stmt->last; t++) {
        *format = format_argument(fix->source, t);
        if (*format >= 0 && call_at(fix->source, t, call) && call->name <= fix->token
            && fix->token <= call->close && (int)call->narg > *format) {
            return true;
        }
    }
    return false;
}

/* The offset of the letter of conversion 'nth' in the literals first..last; 0 when the format
 * cannot be made out. */
static uint32_t
find_conversion(const Source *source, uint32_t first, uint32_t last, uint32_t nth)
{
    for (uint32_t t = first; t <= last; t++) {
        const Token *token = &source->tokens.at[t];

        if (token->kind != TOKEN_LITERAL || source->text[token->start] != '"') {
            return 0;
        }
        for (uint32_t at = token->start + 1; at + 1 < token->end; at++) {
            if (source->text[at] == '\\') {
                at++;
                continue;
            }
            if (source->text[at] != '%') {
                continue;
            }
            at += 1 + (uint32_t)strspn(source->text + at + 1, "-0123456789.lzjt");
            if (source->text[at] == '*') {
                return 0;
            }
            if (source->text[at] != '%' && nth-- == 0) {
                return source->text[at] == 's' ? at : 0;
            }
        }
    }
    return 0;
}

/* The object of which argument 'k' is the text: tokens *first..*last. */
static bool
find_object(const FixCase *fix, const Call *call, uint32_t k, uint32_t *first, uint32_t *last)
{
    const char *name;
    Call text;

    if (!call_at(fix->source, call->arg[k][0], &text) || text.close != call->arg[k][1]
        || text.narg != 1) {
        return false;
    }
    name = token_text(fix->source, text.name, text.name);
    if (strstr(name, "UTF8") == NULL && strcasestr(name, "AsString") == NULL) {
        return false; /* a macro of the project has another name for it */
    }
    *first = text.arg[0][0];
    *last = text.arg[0][1];
    return true;
}

bool
fix_null_printed(FixCase *fix, Proposal *out)
{
    uint32_t first, last;
    bool found = false;
    int format;
    Call call;

    if (!text_equal(fix->finding->object, "result of PyUnicode_AsUTF8")
        || strstr(fix->finding->message, "is printed with %s") == NULL
        || !find_print(fix, &call, &format)) {
        return false;
    }
    for (uint32_t k = (uint32_t)format + 1; k < call.narg; k++) {
        uint32_t letter = find_conversion(fix->source, call.arg[format][0], call.arg[format][1],
                                          k - (uint32_t)format - 1);

        if (letter == 0 || !find_object(fix, &call, k, &first, &last)) {
            continue;
        }
        found = changes_add(fix->arena, &out->changes,
                            (Change){.start = letter, .end = letter + 1, .text = "S"})
                && changes_add(fix->arena, &out->changes,
                               (Change){.start = fix->source->tokens.at[call.arg[k][0]].start,
                                        .end = fix->source->tokens.at[call.arg[k][1]].end,
                                        .text = fix_quote(fix, first, last)});
    }
    out->title = "print the object itself, with %S";
    return found;
}

/* fix_macro.c: ways to mend a leak in the definition of a macro, once for all of its uses.
 *
 * The object is a variable of the macro, or one of its arguments; in the latter case every
 * use in the file must give a plain name, because the release evaluates it once more.
 */
#include "driver/fix.h"

#include <ctype.h>
#include <string.h>

/* The definition of a macro. */
typedef struct Macro {
    const Source *body;  /* tokens of the body only */
    Shape *shape;
    VEC(const char *) parameters;
    FixCase inner;       /* the case, made for the body */
} Macro;

/* The token of the last "#define NAME" before the finding, tokens.n when there is none. */
static uint32_t
find_define(const FixCase *fix, const char *name)
{
    uint32_t best = fix->source->tokens.n;
    size_t length = strlen(name);

    for (uint32_t t = 0; t < fix->token; t++) {
        const char *at = fix->source->text + fix->source->tokens.at[t].start;

        if (fix->source->tokens.at[t].kind != TOKEN_DIRECTIVE) {
            continue;
        }
        at += 1 + strspn(at + 1, " \t");
        if (!text_starts(at, "define")) {
            continue;
        }
        at += strlen("define");
        at += strspn(at, " \t");
        if (strncmp(at, name, length) == 0 && !isalnum((unsigned char)at[length])
            && at[length] != '_') {
            best = t;
        }
    }
    return best;
}

/* Reads "(a, b, ...)" at 'at'; the offset behind it. */
static uint32_t
read_parameters(const FixCase *fix, Macro *macro, uint32_t at)
{
    const char *text = fix->source->text;

    if (text[at] != '(') {
        return at;
    }
    at++;
    while (text[at] != '\0' && text[at] != ')') {
        size_t length = strcspn(text + at, " \t\r\n\\,)");

        if (length > 0) {
            VEC_PUSH(fix->arena, &macro->parameters,
                     arena_strndup(fix->arena, text + at, length));
        }
        at += (uint32_t)length;
        at += (uint32_t)strspn(text + at, " \t\r\n\\,");
    }
    return text[at] == ')' ? at + 1 : at;
}

/* The macro in which the finding stands, if its definition is in the file. */
static bool
open_macro(const FixCase *fix, Macro *macro)
{
    const char *name = fix->finding->loc.macro, *at;
    uint32_t define, start;

    *macro = (Macro){0};
    if (name == NULL) {
        return false;
    }
    define = find_define(fix, name);
    if (define >= fix->source->tokens.n) {
        return false;
    }
    at = strstr(fix->source->text + fix->source->tokens.at[define].start, "define");
    at += strlen("define");
    at += strspn(at, " \t") + strlen(name);
    start = read_parameters(fix, macro, (uint32_t)(at - fix->source->text));
    macro->body = source_macro(fix->source, start, fix->source->tokens.at[define].end);
    macro->shape = shape_of_body(macro->body, name);
    macro->inner = *fix;
    macro->inner.source = macro->body;
    macro->inner.shape = macro->shape;
    return macro->shape != NULL;
}

static bool
is_plain(const char *text)
{
    return text[0] != '\0' && (isalpha((unsigned char)text[0]) || text[0] == '_')
           && strpbrk(text, "()+*?:,\"") == NULL;
}

/* True when all uses of the macro give a plain name as argument 'k'. */
static bool
gets_names(const FixCase *fix, const char *name, uint32_t k)
{
    for (uint32_t t = 0; t < fix->source->tokens.n; t++) {
        uint32_t first, last;
        Call call;

        if (token_is(fix->source, t, name) && call_at(fix->source, t, &call)
            && (call.narg <= k || !is_plain(strip_casts(fix->source, call.arg[k][0],
                                                        call.arg[k][1], &first, &last)))) {
            return false;
        }
    }
    return true;
}

/* What the object is called in the macro; NULL when it has no name there. */
static const char *
macro_operand(const FixCase *fix, const Macro *macro)
{
    const char *object = fix->finding->object;
    uint32_t first, last;
    Call call;

    if (call_at(fix->source, fix->token, &call)) {
        for (uint32_t k = 0; k < call.narg && k < macro->parameters.n; k++) {
            if (text_equal(strip_casts(fix->source, call.arg[k][0], call.arg[k][1], &first,
                                       &last), object)) {
                return gets_names(fix, fix->finding->loc.macro, k) ? macro->parameters.at[k]
                                                                   : NULL;
            }
        }
    }
    return is_plain(object) && tokens_mention(macro->body, 0, macro->shape->close, object)
               ? object : NULL;
}

static const char *
macro_title(const FixCase *fix, const char *operand, const char *where)
{
    return arena_printf(fix->arena, "release '%s' %s, in the macro %s", operand, where,
                        fix->finding->loc.macro);
}

/* ---- backslashes in a column ------------------------------------------------------- */

/* The column of the backslash that ends the line of 'at', or the line before it; 0 when there
 * is none. */
static uint32_t
backslash_column(const Source *source, uint32_t at)
{
    uint32_t line, col, start, end;

    source_place(source, at, &line, &col);
    start = at - (col - 1);
    end = start + (uint32_t)strcspn(source->text + start, "\r\n");
    if (line > 1 && end > start && source->text[end - 1] != '\\') {
        start = source->lines.at[line - 2];
        end = start + (uint32_t)strcspn(source->text + start, "\r\n");
    }
    return end > start && source->text[end - 1] == '\\' ? end - start : 0;
}

/* 'text', put at column 'at', with its backslashes in column 'wanted'; *mark, an offset in it,
 * moves along. */
static const char *
align(Arena *arena, const char *text, uint32_t at, uint32_t wanted, uint32_t *mark)
{
    uint32_t moved = *mark, col = at;
    StrBuf out;

    strbuf_init(&out, arena);
    for (uint32_t i = 0; text[i] != '\0'; i++) {
        bool ends = text[i] == '\\' && (text[i + 1] == '\n' || text[i + 1] == '\r');

        if (i == *mark) {
            moved = (uint32_t)out.length;
        }
        for (; ends && col < wanted; col++) {
            strbuf_putc(&out, ' ');
        }
        strbuf_putc(&out, text[i]);
        col = text[i] == '\n' ? 1 : col + 1;
    }
    *mark = moved;
    return out.text;
}

/* The column at which change 'i' begins when those before it are made. */
static uint32_t
new_column(const FixCase *fix, const Changes *changes, uint32_t i)
{
    const Change *change = &changes->list.at[i], *before = change - 1;
    uint32_t line, col, other, before_col;

    source_place(fix->source, change->start, &line, &col);
    if (i > 0 && strchr(before->text, '\n') != NULL) {
        source_place(fix->source, before->end, &other, &before_col);
        if (other == line) {
            col = (uint32_t)strlen(strrchr(before->text, '\n')) + change->start - before->end;
        }
    }
    return col;
}

/* The same for all changes of the proposal. */
static bool
align_all(const FixCase *fix, Proposal *out)
{
    for (uint32_t i = 0; i < out->changes.list.n; i++) {
        Change *change = &out->changes.list.at[i];
        uint32_t wanted = backslash_column(fix->source, change->start);
        uint32_t mark = change->probe_at, col = new_column(fix, &out->changes, i);

        if (wanted > 0 && strchr(source_indent(fix->source, change->start), '\t') == NULL) {
            change->text = align(fix->arena, change->text, col, wanted, &change->probe_at);
            change->nullable = change->nullable == NULL
                                   ? NULL
                                   : align(fix->arena, change->nullable, col, wanted, &mark);
        }
    }
    return true;
}

/* ---- the ways ---------------------------------------------------------------------- */

/* "Py_DECREF(x);" before the first or last return, goto, break or continue. */
static bool
release_before_exit(FixCase *fix, Proposal *out, bool first)
{
    uint32_t exit = NO_STMT, n = 0;
    const char *operand;
    Macro macro;

    if (!open_macro(fix, &macro)) {
        return false;
    }
    operand = macro_operand(fix, &macro);
    for (uint32_t s = 0; operand != NULL && s < macro.shape->stmts.n; s++) {
        const Stmt *stmt = &macro.shape->stmts.at[s];

        if (stmt_leaves(macro.shape, s)
            && !tokens_mention(macro.body, stmt->first, stmt->last, operand)) {
            exit = first && exit != NO_STMT ? exit : s;
            n++;
        }
    }
    if (exit == NO_STMT || (first && n < 2)) {
        return false;
    }
    out->macro = fix->finding->loc.macro;
    out->title = macro_title(fix, operand, "before it leaves");
    return fix_put_before(&macro.inner, out, exit, fix_release(fix, operand))
           && align_all(fix, out);
}

bool
fix_macro_before_exit(FixCase *fix, Proposal *out)
{
    return release_before_exit(fix, out, false);
}

bool
fix_macro_before_first_exit(FixCase *fix, Proposal *out)
{
    return release_before_exit(fix, out, true);
}

/* if (y) { Py_DECREF(x); }  ->  the same with else { Py_XDECREF(x); } */
bool
fix_macro_otherwise(FixCase *fix, Proposal *out)
{
    const char *operand;
    Macro macro;

    if (!open_macro(fix, &macro)) {
        return false;
    }
    operand = macro_operand(fix, &macro);
    for (uint32_t s = macro.shape->stmts.n; operand != NULL && s-- > 0;) {
        if (fix_put_else(&macro.inner, out, s, operand)) {
            out->macro = fix->finding->loc.macro;
            out->title = macro_title(fix, operand, "on both ways");
            return align_all(fix, out);
        }
    }
    return false;
}

/* Before the closing brace of the block that the macro is. */
bool
fix_macro_at_end(FixCase *fix, Proposal *out)
{
    const char *operand;
    Macro macro;

    if (!open_macro(fix, &macro)) {
        return false;
    }
    operand = macro_operand(fix, &macro);
    for (uint32_t s = 1; operand != NULL && s < macro.shape->stmts.n; s++) {
        if (macro.shape->stmts.at[s].kind == STMT_BLOCK) {
            out->macro = fix->finding->loc.macro;
            out->title = macro_title(fix, operand, "at its end");
            return fix_put_at_end(&macro.inner, out, s, fix_release(fix, operand))
                   && align_all(fix, out);
        }
    }
    return false;
}

/* fix_names.c: the calls and variables in a function's text. */
#include "driver/fix.h"

#include <ctype.h>
#include <string.h>

const char *const release_names[] = {"Py_DECREF", "Py_XDECREF", "Py_CLEAR", NULL};

/* ---- calls --------------------------------------------------------------------------- */

/* Records the argument first..last, if there is one. */
static bool
add_argument(Call *call, uint32_t first, uint32_t last)
{
    if (call->narg == COUNT_OF(call->arg) || first > last) {
        return first > last;
    }
    call->arg[call->narg][0] = first;
    call->arg[call->narg][1] = last;
    call->narg++;
    return true;
}

bool
call_at(const Source *source, uint32_t t, Call *call)
{
    uint32_t start;

    *call = (Call){.name = t, .open = t + 1};
    if (t >= source->tokens.n || source->tokens.at[t].kind != TOKEN_NAME
        || !token_is(source, t + 1, "(")) {
        return false;
    }
    call->close = token_partner(source, t + 1, source->tokens.n);
    if (call->close >= source->tokens.n) {
        return false;
    }
    start = t + 2;
    for (uint32_t i = start; i < call->close; i++) {
        if (token_is(source, i, "(") || token_is(source, i, "[") || token_is(source, i, "{")) {
            i = token_partner(source, i, call->close);
        }
        else if (token_is(source, i, ",")) {
            if (!add_argument(call, start, i - 1)) {
                return false;
            }
            start = i + 1;
        }
    }
    return add_argument(call, start, call->close - 1);
}

/* True when tokens first..last are 'operand', perhaps behind a cast. */
static bool
argument_is(const Source *source, uint32_t first, uint32_t last, const char *operand)
{
    StrBuf text;

    if (token_is(source, first, "(")) {
        uint32_t close = token_partner(source, first, last + 1);

        if (close == last) { /* "(x)", "((T *)x)" */
            return argument_is(source, first + 1, last - 1, operand);
        }
        if (close < last) {
            return argument_is(source, close + 1, last, operand);
        }
    }
    strbuf_init(&text, source->arena);
    for (uint32_t t = first; t <= last; t++) {
        strbuf_puts(&text, token_text(source, t, t));
    }
    return text_equal(text.text, operand);
}

bool
stmt_calls(const Shape *shape, uint32_t s, const char *const *names, const char *operand,
           const char **argument)
{
    const Stmt *stmt = &shape->stmts.at[s];
    const Source *source = shape->source;
    Call call;

    if (stmt->kind != STMT_SIMPLE || !call_at(source, stmt->first, &call) || call.narg < 1
        || call.close + 1 < stmt->last) {
        return false;
    }
    for (; *names != NULL; names++) {
        if (token_is(source, stmt->first, *names)
            && argument_is(source, call.arg[0][0], call.arg[0][1], operand)) {
            if (argument != NULL) {
                *argument = token_text(source, call.arg[0][0], call.arg[0][1]);
            }
            return true;
        }
    }
    return false;
}

const char *
strip_casts(const Source *source, uint32_t first, uint32_t last, uint32_t *kept_first,
            uint32_t *kept_last)
{
    while (token_is(source, first, "(")) {
        uint32_t close = token_partner(source, first, last + 1);

        if (close == last) {
            first++;
            last--;
        }
        else if (close < last) {
            first = close + 1;
        }
        else {
            break;
        }
    }
    *kept_first = first;
    *kept_last = last;
    return token_text(source, first, last);
}

/* ---- names --------------------------------------------------------------------------------- */

/* The innermost block that holds statement 's'. */
static uint32_t
block_of(const Shape *shape, uint32_t s)
{
    while (s != 0 && shape->stmts.at[s].kind != STMT_BLOCK) {
        s = shape->stmts.at[s].parent;
    }
    return s;
}

static bool
holds(const Shape *shape, uint32_t outer, uint32_t inner)
{
    return shape->stmts.at[outer].first <= shape->stmts.at[inner].first
           && shape->stmts.at[inner].last <= shape->stmts.at[outer].last;
}

/* True when the name means something else around 's' or within it. */
static bool
is_used(const Shape *shape, const char *name, uint32_t s)
{
    const Source *source = shape->source;

    for (uint32_t t = shape->first; t <= shape->close; t++) {
        uint32_t block;

        if (source->tokens.at[t].kind != TOKEN_NAME || !token_is(source, t, name)) {
            continue;
        }
        if (t < shape->open
            || (shape->stmts.at[s].first <= t && t <= shape->stmts.at[s].last)) {
            return true;
        }
        block = block_of(shape, shape_stmt(shape, t));
        if (holds(shape, block, s)) {
            return true;
        }
    }
    return false;
}

const char *
shape_fresh(const Shape *shape, uint32_t s)
{
    static const char *const names[] = {"value", "item", "object", "temp"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!is_used(shape, names[i], s)) {
            return names[i];
        }
    }
    for (uint32_t i = 2;; i++) {
        const char *name = arena_printf(shape->source->arena, "value%u", i);

        if (!is_used(shape, name, s)) {
            return name;
        }
    }
}

/* Words before a function's name that do not belong to its type. */
static bool
is_specifier(const Source *source, uint32_t t)
{
    static const char *const words[] = {"static", "extern", "inline", "Py_LOCAL_INLINE",
                                        "__inline", "__inline__", "register"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (token_is(source, t, words[i])) {
            return true;
        }
    }
    return false;
}

const char *
shape_result(const Shape *shape)
{
    const Source *source = shape->source;
    StrBuf out;

    strbuf_init(&out, source->arena);
    for (uint32_t t = shape->first; t < shape->name_token; t++) {
        if (!is_specifier(source, t) && source->tokens.at[t].kind != TOKEN_DIRECTIVE) {
            strbuf_printf(&out, "%s%s", out.length > 0 && out.text[out.length - 1] != '*'
                          ? " " : "", token_text(source, t, t));
        }
    }
    return out.text;
}

/* ---- whether a variable has a value -------------------------------------------------------- */

static bool
is_parameter(const Shape *shape, const char *name)
{
    return tokens_mention(shape->source, shape->name_token + 1, shape->open, name);
}

bool
shape_trusts(const Shape *shape, const char *name)
{
    const Source *source = shape->source;

    if (!is_parameter(shape, name) || text_starts(name, "kw")) {
        return false;
    }
    for (uint32_t t = shape->open; t < shape->close; t++) {
        if (token_is(source, t, name)
            && (token_is(source, t - 1, "!") || token_is(source, t + 1, "?")
                || (token_is(source, t + 2, "=") && token_is(source, t + 3, "NULL"))
                || (token_is(source, t - 1, "(") && token_is(source, t - 2, "if")
                    && token_is(source, t + 1, ")")))) {
            return false;
        }
    }
    return true;
}

/* Within a declaration: the name as a declarator, not inside an initialiser. */
static uint32_t
declarator_in(const Shape *shape, uint32_t s, const char *name)
{
    const Source *source = shape->source;
    const Stmt *stmt = &shape->stmts.at[s];

    for (uint32_t t = stmt->first + 1; t < stmt->last; t++) {
        if (token_is(source, t, "(") || token_is(source, t, "{") || token_is(source, t, "[")) {
            t = token_partner(source, t, stmt->last);
        }
        else if (token_is(source, t, name)
                 && (token_is(source, t + 1, "=") || token_is(source, t + 1, ",")
                     || token_is(source, t + 1, ";"))
                 && !token_is(source, t - 1, "=")) {
            return t;
        }
    }
    return source->tokens.n;
}

/* The token of its declarator, tokens.n when no declaration is found. */
static uint32_t
find_declarator(const Shape *shape, const char *name)
{
    for (uint32_t s = 0; s < shape->stmts.n; s++) {
        uint32_t t = stmt_declares(shape, s) ? declarator_in(shape, s, name)
                                             : shape->source->tokens.n;

        if (t < shape->source->tokens.n) {
            return t;
        }
    }
    return shape->source->tokens.n;
}

uint32_t
shape_declared(const Shape *shape, const char *name)
{
    uint32_t t = find_declarator(shape, name);

    return token_is(shape->source, t + 1, "=") ? shape->source->tokens.n : t;
}

/* True when "name =" (no comparison) stands in first..last as what is done first there. */
static bool
assigns(const Shape *shape, uint32_t first, uint32_t last, const char *name)
{
    const Source *source = shape->source;
    uint32_t t = first;

    while (t < last && (token_is(source, t, "(") || token_is(source, t, "!"))) {
        t++;
    }
    return token_is(source, t, name) && token_is(source, t + 1, "=")
           && !token_is(source, t + 2, "=");
}

static bool
stmt_assigns(const Shape *shape, uint32_t s, const char *name)
{
    const Stmt *stmt = &shape->stmts.at[s];

    if (stmt->kind == STMT_SIMPLE) {
        return assigns(shape, stmt->first, stmt->last, name);
    }
    return stmt->kind == STMT_IF && assigns(shape, stmt->open + 1, stmt->close, name);
}

/* Looks backwards through the statements before 's' in its block, up to a label. */
static bool
set_before(const Shape *shape, uint32_t s, const char *name)
{
    for (uint32_t i = stmt_before(shape, s); i != NO_STMT; i = stmt_before(shape, i)) {
        if (shape->stmts.at[i].kind == STMT_LABEL) {
            return false;
        }
        if (stmt_assigns(shape, i, name)) {
            return true;
        }
    }
    return false;
}

bool
shape_is_set(const Shape *shape, const char *name, uint32_t s)
{
    uint32_t t = find_declarator(shape, name);

    if (is_parameter(shape, name) || token_is(shape->source, t + 1, "=")) {
        return true;
    }
    if (t >= shape->source->tokens.n || token_is(shape->source, shape->stmts.at[
            shape_stmt(shape, t)].first, "static")) {
        return true; /* declared outside */
    }
    for (; s != NO_STMT; s = shape->stmts.at[s].parent) {
        uint32_t parent = shape->stmts.at[s].parent;

        if (set_before(shape, s, name)
            || (parent != NO_STMT && stmt_assigns(shape, parent, name))) {
            return true;
        }
        for (uint32_t i = stmt_before(shape, s); i != NO_STMT; i = stmt_before(shape, i)) {
            if (shape->stmts.at[i].kind == STMT_LABEL) {
                return false; /* reached by jumps as well */
            }
        }
    }
    return false;
}

/* fix_shape.c: the function around a place as statements, from its tokens alone.
 *
 * No preprocessor runs: a macro that stands for a statement is one, directives are passed
 * over.  What is made of it is parsed and analysed by others before anyone trusts it.
 */
#include "driver/fix.h"

#include <ctype.h>
#include <string.h>

typedef struct Parser {
    Shape *shape;
    uint32_t at;    /* next token */
    uint32_t depth; /* of statements */
    bool failed;
} Parser;

enum { MAX_DEPTH = 200 };

static uint32_t parse_stmt(Parser *parser, uint32_t parent);

static bool
is(const Parser *parser, const char *word)
{
    return parser->at < parser->shape->close && token_is(parser->shape->source, parser->at, word);
}

static void
skip_directives(Parser *parser)
{
    while (parser->at < parser->shape->close
           && parser->shape->source->tokens.at[parser->at].kind == TOKEN_DIRECTIVE) {
        parser->at++;
    }
}

static uint32_t
add_stmt(Parser *parser, StmtKind kind, uint32_t parent)
{
    Shape *shape = parser->shape;

    VEC_PUSH(shape->source->arena, &shape->stmts,
             (Stmt){.kind = kind, .first = parser->at, .last = parser->at, .parent = parent,
                    .body = NO_STMT, .other = NO_STMT});
    return shape->stmts.n - 1;
}

/* Ends statement 's' with the token before the next one. */
static uint32_t
end_stmt(Parser *parser, uint32_t s)
{
    parser->shape->stmts.at[s].last = parser->at > 0 ? parser->at - 1 : 0;
    return s;
}

/* True when the token after a complete "NAME" or "NAME(...)" at 'last' shows that a macro
 * stands for the whole statement: what follows is on another line and starts one. */
static bool
macro_ends(const Parser *parser, uint32_t last)
{
    const Source *source = parser->shape->source;
    const Token *next = &source->tokens.at[last + 1];
    const char *gap = source->text + source->tokens.at[last].end;
    size_t length = next->start - source->tokens.at[last].end;

    return memchr(gap, '\n', length) != NULL
           && (next->kind == TOKEN_NAME || next->kind == TOKEN_DIRECTIVE
               || token_is(source, last + 1, "}"));
}

/* Up to the semicolon, or to the end of a macro that needs none. */
static void
parse_simple(Parser *parser)
{
    const Source *source = parser->shape->source;
    uint32_t first = parser->at;

    while (parser->at < parser->shape->close && !is(parser, ";")) {
        uint32_t last = parser->at;

        if (is(parser, "(") || is(parser, "[") || is(parser, "{")) {
            last = token_partner(source, parser->at, parser->shape->close);
        }
        else if (is(parser, "}") || is(parser, ")")) {
            parser->failed = true;
            return;
        }
        parser->at = last + 1;
        if (parser->at < parser->shape->close && source->tokens.at[first].kind == TOKEN_NAME
            && isupper((unsigned char)source->text[source->tokens.at[first].start])
            && (last == first || (last > first + 1 && token_is(source, first + 1, "(")
                                  && token_partner(source, first + 1, last + 1) == last))
            && macro_ends(parser, last)) {
            return;
        }
    }
    parser->at++;
}

/* "(...)" behind if, while, for, switch. */
static void
parse_condition(Parser *parser, uint32_t s)
{
    Shape *shape = parser->shape;

    skip_directives(parser);
    if (!is(parser, "(")) {
        parser->failed = true;
        return;
    }
    shape->stmts.at[s].open = parser->at;
    shape->stmts.at[s].close = token_partner(shape->source, parser->at, shape->close);
    parser->at = shape->stmts.at[s].close + 1;
}

static uint32_t
parse_if(Parser *parser, uint32_t parent)
{
    uint32_t s = add_stmt(parser, STMT_IF, parent), part;

    parser->at++;
    parse_condition(parser, s);
    part = parse_stmt(parser, s);
    parser->shape->stmts.at[s].body = part;
    if (!parser->failed && is(parser, "else")) {
        parser->at++;
        part = parse_stmt(parser, s);
        parser->shape->stmts.at[s].other = part;
    }
    return end_stmt(parser, s);
}

static uint32_t
parse_loop(Parser *parser, uint32_t parent, StmtKind kind)
{
    uint32_t s = add_stmt(parser, kind, parent), part;

    parser->at++;
    parse_condition(parser, s);
    part = parse_stmt(parser, s);
    parser->shape->stmts.at[s].body = part;
    return end_stmt(parser, s);
}

static uint32_t
parse_do(Parser *parser, uint32_t parent)
{
    uint32_t s = add_stmt(parser, STMT_LOOP, parent), part;

    parser->at++;
    part = parse_stmt(parser, s);
    parser->shape->stmts.at[s].body = part;
    if (!is(parser, "while")) {
        parser->failed = true;
        return s;
    }
    parser->at++;
    parse_condition(parser, s);
    parser->at += is(parser, ";") ? 1 : 0;
    return end_stmt(parser, s);
}

static uint32_t
parse_block(Parser *parser, uint32_t parent)
{
    uint32_t s = add_stmt(parser, STMT_BLOCK, parent);

    parser->at++;
    skip_directives(parser);
    while (!parser->failed && parser->at < parser->shape->close && !is(parser, "}")) {
        parse_stmt(parser, s);
        skip_directives(parser);
    }
    parser->failed = parser->failed || !(is(parser, "}") || parent == NO_STMT);
    parser->at++;
    return end_stmt(parser, s);
}

/* True at "name:", "case ...:" and "default:". */
static bool
at_label(const Parser *parser)
{
    const Source *source = parser->shape->source;

    return is(parser, "case") || (source->tokens.at[parser->at].kind == TOKEN_NAME
                                  && token_is(source, parser->at + 1, ":")
                                  && !token_is(source, parser->at + 2, ":"));
}

static uint32_t
parse_label(Parser *parser, uint32_t parent)
{
    uint32_t s = add_stmt(parser, STMT_LABEL, parent);

    while (parser->at < parser->shape->close && !is(parser, ":")) {
        parser->at++;
    }
    parser->at++;
    return end_stmt(parser, s);
}

static uint32_t
parse_known(Parser *parser, uint32_t parent)
{
    if (is(parser, "{")) {
        return parse_block(parser, parent);
    }
    if (is(parser, "if")) {
        return parse_if(parser, parent);
    }
    if (is(parser, "while") || is(parser, "for")) {
        return parse_loop(parser, parent, STMT_LOOP);
    }
    if (is(parser, "switch")) {
        return parse_loop(parser, parent, STMT_SWITCH);
    }
    if (is(parser, "do")) {
        return parse_do(parser, parent);
    }
    if (at_label(parser)) {
        return parse_label(parser, parent);
    }
    uint32_t s = add_stmt(parser, STMT_SIMPLE, parent);

    parse_simple(parser);
    return end_stmt(parser, s);
}

static uint32_t
parse_stmt(Parser *parser, uint32_t parent)
{
    uint32_t s = NO_STMT;

    skip_directives(parser);
    if (parser->failed || parser->at >= parser->shape->close || ++parser->depth > MAX_DEPTH) {
        parser->failed = true;
        return s;
    }
    s = parse_known(parser, parent);
    parser->depth--;
    parser->failed = parser->failed || parser->at > parser->shape->close + 1;
    return s;
}

/* ---- the function around a place ---------------------------------------------------------- */

/* True for the brace of extern "C" and namespaces, whose content is at the top as well. */
static bool
is_transparent(const Source *source, uint32_t brace)
{
    return brace > 0 && (source->tokens.at[brace - 1].kind == TOKEN_LITERAL
                         || token_is(source, brace - 1, "namespace")
                         || (brace > 1 && token_is(source, brace - 2, "namespace")));
}

/* The token of the function's name, given the brace of its body; tokens.n when the brace
 * belongs to no function. */
static uint32_t
name_before(const Source *source, uint32_t start, uint32_t brace)
{
    uint32_t t = start;

    while (t < brace) {
        uint32_t close;

        if (!token_is(source, t, "(")) {
            t++;
            continue;
        }
        close = token_partner(source, t, brace);
        if (t > start && source->tokens.at[t - 1].kind == TOKEN_NAME
            && !token_is(source, t - 1, "__attribute__") && close < brace) {
            return t - 1;
        }
        t = close + 1;
    }
    return source->tokens.n;
}

static bool
fill_shape(Shape *shape, const Source *source, uint32_t start, uint32_t brace, uint32_t close)
{
    Parser parser = {.shape = shape, .at = brace};
    uint32_t name = name_before(source, start, brace);

    if (name >= source->tokens.n || token_is(source, brace - 1, "=")) {
        return false;
    }
    *shape = (Shape){.source = source, .first = start, .name_token = name, .open = brace,
                     .close = close, .name = token_text(source, name, name)};
    parse_block(&parser, NO_STMT);
    shape->stmts.at[0].last = close;
    return !parser.failed && parser.at == close + 1;
}

Shape *
shape_at(const Source *source, uint32_t offset)
{
    uint32_t start = 0;

    for (uint32_t t = 0; t < source->tokens.n; t++) {
        uint32_t close;

        if (token_is(source, t, ";") || token_is(source, t, "}")
            || (source->tokens.at[t].kind == TOKEN_DIRECTIVE
                && (t == start || !source_conditional(source, t)))) {
            start = t + 1;
            continue;
        }
        if (!token_is(source, t, "{")) {
            continue;
        }
        if (is_transparent(source, t)) {
            start = t + 1;
            continue;
        }
        close = token_partner(source, t, source->tokens.n);
        if (close >= source->tokens.n) {
            return NULL;
        }
        if (offset < source->tokens.at[close].end) {
            Shape *shape = ARENA_NEW(source->arena, Shape);

            return start <= t && offset >= source->tokens.at[start].start
                   && fill_shape(shape, source, start, t, close) ? shape : NULL;
        }
        t = close;
        start = t + 1;
    }
    return NULL;
}

Shape *
shape_of_body(const Source *source, const char *name)
{
    Shape *shape = ARENA_NEW(source->arena, Shape);
    Parser parser = {.shape = shape};
    uint32_t n = source->tokens.n;

    if (n == 0) {
        return NULL;
    }
    *shape = (Shape){.source = source, .name = name, .close = n};
    add_stmt(&parser, STMT_BLOCK, NO_STMT);
    while (!parser.failed && parser.at < n) {
        parse_stmt(&parser, 0);
    }
    for (uint32_t s = 0; s < shape->stmts.n; s++) {
        Stmt *stmt = &shape->stmts.at[s];

        stmt->last = s == 0 || stmt->last >= n ? n - 1 : stmt->last; /* no semicolon ends it */
    }
    shape->close = n - 1;
    return parser.failed ? NULL : shape;
}

/* ---- looking at statements ------------------------------------------------------------------- */

uint32_t
shape_stmt(const Shape *shape, uint32_t t)
{
    uint32_t best = 0;

    for (uint32_t s = 0; s < shape->stmts.n; s++) {
        if (shape->stmts.at[s].first <= t && t <= shape->stmts.at[s].last) {
            best = s; /* parts come after the whole */
        }
    }
    return best;
}

uint32_t
stmt_before(const Shape *shape, uint32_t s)
{
    uint32_t best = NO_STMT;

    for (uint32_t i = 0; i < s; i++) {
        if (shape->stmts.at[i].parent == shape->stmts.at[s].parent) {
            best = i;
        }
    }
    return best;
}

uint32_t
stmt_after(const Shape *shape, uint32_t s)
{
    for (uint32_t i = s + 1; i < shape->stmts.n; i++) {
        if (shape->stmts.at[i].parent == shape->stmts.at[s].parent) {
            return i;
        }
    }
    return NO_STMT;
}

bool
stmt_is_bare(const Shape *shape, uint32_t s)
{
    const Stmt *stmt = &shape->stmts.at[s];

    return stmt->parent != NO_STMT && stmt->kind != STMT_BLOCK
           && shape->stmts.at[stmt->parent].kind != STMT_BLOCK;
}

uint32_t
stmt_loop(const Shape *shape, uint32_t s)
{
    while (s != NO_STMT && shape->stmts.at[s].kind != STMT_LOOP) {
        s = shape->stmts.at[s].parent;
    }
    return s;
}

bool
stmt_starts(const Shape *shape, uint32_t s, const char *word)
{
    return token_is(shape->source, shape->stmts.at[s].first, word);
}

bool
stmt_leaves(const Shape *shape, uint32_t s)
{
    const Token *first = &shape->source->tokens.at[shape->stmts.at[s].first];

    return shape->stmts.at[s].kind == STMT_SIMPLE
           && (stmt_starts(shape, s, "return") || stmt_starts(shape, s, "goto")
               || stmt_starts(shape, s, "break") || stmt_starts(shape, s, "continue")
               || text_starts(shape->source->text + first->start, "Py_RETURN_"));
}

bool
stmt_declares(const Shape *shape, uint32_t s)
{
    const Source *source = shape->source;
    const Stmt *stmt = &shape->stmts.at[s];
    uint32_t t = stmt->first;

    if (stmt->kind != STMT_SIMPLE || source->tokens.at[t].kind != TOKEN_NAME
        || stmt_leaves(shape, s)) {
        return false;
    }
    while (t < stmt->last && source->tokens.at[t].kind == TOKEN_NAME) {
        t++;
    }
    if (t - stmt->first >= 2) {
        return true; /* "static int x" */
    }
    while (t < stmt->last && token_is(source, t, "*")) {
        t++;
    }
    return t > stmt->first + 1 && source->tokens.at[t].kind == TOKEN_NAME; /* "T *x" */
}

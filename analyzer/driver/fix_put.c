/* fix_put.c: putting statements into a function in the style of its file. */
#include "driver/fix.h"

#include <string.h>

static const Token *
first_token(const FixCase *fix, uint32_t s)
{
    return &fix->source->tokens.at[fix->shape->stmts.at[s].first];
}

static const Token *
last_token(const FixCase *fix, uint32_t s)
{
    return &fix->source->tokens.at[fix->shape->stmts.at[s].last];
}

static char *
stmt_indent(const FixCase *fix, uint32_t s)
{
    return source_indent(fix->source, first_token(fix, s)->start);
}

/* True when only white space stands between the offsets. */
static bool
is_blank(const FixCase *fix, uint32_t start, uint32_t end)
{
    return start <= end && start + strspn(fix->source->text + start, " \t\r\n\\") >= end;
}

/* Stands for a line break of the source in a text that is put together. */
#define QUOTED_BREAK '\f'

char *
fix_quote(const FixCase *fix, uint32_t first, uint32_t last)
{
    char *text = token_text(fix->source, first, last), *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '\r') {
            *to++ = *from == '\n' ? QUOTED_BREAK : *from;
        }
    }
    *to = '\0';
    return text;
}

char *
fix_lines(const FixCase *fix, const char *text, const char *indent)
{
    StrBuf out;

    strbuf_init(&out, fix->arena);
    for (; *text != '\0'; text++) {
        if (*text != '\n' && *text != QUOTED_BREAK) {
            strbuf_putc(&out, *text);
            continue;
        }
        strbuf_puts(&out, fix->source->newline);
        if (*text == '\n' && text[1] != '\n') {
            strbuf_puts(&out, indent);
        }
    }
    return out.text;
}

/* 'lines' with another text around its own; what it may become is treated the same. */
static Change
wrapped(const FixCase *fix, Change lines, const char *before, const char *indent,
        const char *behind)
{
    lines.text = arena_printf(fix->arena, "%s%s%s", before, fix_lines(fix, lines.text, indent),
                              behind);
    if (lines.nullable != NULL) {
        lines.nullable = arena_printf(fix->arena, "%s%s%s", before,
                                      fix_lines(fix, lines.nullable, indent), behind);
    }
    lines.probe_at = (uint32_t)strlen(before);
    return lines;
}

/* Where something put behind 's' goes: at the end of the line when no code follows there. */
static uint32_t
place_behind(const FixCase *fix, uint32_t s)
{
    uint32_t end = last_token(fix, s)->end;
    uint32_t line_end = source_line_end(fix->source, end);
    uint32_t next = fix->shape->stmts.at[s].last + 1;

    if (next < fix->source->tokens.n && fix->source->tokens.at[next].start < line_end) {
        return end;
    }
    return line_end;
}

/* The closing brace behind the bare statement 's'. */
static bool
close_brace(FixCase *fix, Proposal *out, uint32_t s, const char *indent)
{
    const Stmt *parent = &fix->shape->stmts.at[fix->shape->stmts.at[s].parent];
    const Source *source = fix->source;
    uint32_t end = place_behind(fix, s);
    uint32_t next = fix->shape->stmts.at[s].last + 1;
    Change change = {.start = end, .end = end,
                     .text = arena_printf(fix->arena, "%s%s}", source->newline, indent)};

    if (token_is(source, next, "else") && parent->body == s
        && is_blank(fix, end, source->tokens.at[next].start)) {
        change.end = source->tokens.at[next].start;
        change.text = source->own_line_else
                          ? arena_printf(fix->arena, "%s%s%s", change.text, source->newline,
                                         indent)
                          : arena_printf(fix->arena, "%s ", change.text);
    }
    else if (end == last_token(fix, s)->end && source_line_end(source, end) != end) {
        if (next >= source->tokens.n || !is_blank(fix, end, source->tokens.at[next].start)) {
            return false; /* other code follows in this line */
        }
        change.end = source->tokens.at[next].start;
        change.text = arena_printf(fix->arena, "%s%s%s", change.text, source->newline, indent);
    }
    return changes_add(fix->arena, &out->changes, change);
}

/* Puts 'lines' before the bare statement 's', both in braces. */
static bool
put_braced(FixCase *fix, Proposal *out, uint32_t s, Change lines)
{
    const Source *source = fix->source;
    uint32_t head = fix->shape->stmts.at[s].first - 1;
    uint32_t open = source->tokens.at[head].end, start = first_token(fix, s)->start;
    uint32_t parent = fix->shape->stmts.at[s].parent;
    const char *outer = stmt_indent(fix, parent);
    const char *inner = source_starts_line(source, start)
                            ? stmt_indent(fix, s)
                            : arena_printf(fix->arena, "%s%s", outer, source->unit);
    const char *brace = source->own_line_brace
                            ? arena_printf(fix->arena, "%s%s{", source->newline, outer) : " {";
    const char *step = arena_printf(fix->arena, "%s%s", source->newline, inner);

    if (source->tokens.at[head].kind == TOKEN_DIRECTIVE) {
        return false;
    }
    if (is_blank(fix, open, start)) {
        lines.start = open;
        lines.end = start;
        lines = wrapped(fix, lines, arena_printf(fix->arena, "%s%s", brace, step), inner, step);
    }
    else if (source_starts_line(source, start)) {
        Change change = {.start = open, .end = open, .text = brace};

        if (!changes_add(fix->arena, &out->changes, change)) {
            return false;
        }
        lines.start = lines.end = start;
        lines = wrapped(fix, lines, "", inner, step);
    }
    else {
        return false;
    }
    return changes_add(fix->arena, &out->changes, lines) && close_brace(fix, out, s, outer);
}

bool
fix_put_before(FixCase *fix, Proposal *out, uint32_t s, Change lines)
{
    const char *indent = stmt_indent(fix, s);

    if (stmt_is_bare(fix->shape, s)) {
        return put_braced(fix, out, s, lines);
    }
    lines.start = lines.end = first_token(fix, s)->start;
    lines = wrapped(fix, lines, "", indent,
                    source_starts_line(fix->source, lines.start)
                        ? arena_printf(fix->arena, "%s%s", fix->source->newline, indent)
                        : " ");
    return changes_add(fix->arena, &out->changes, lines);
}

/* The indentation inside a block. */
static const char *
inner_indent(const FixCase *fix, uint32_t block)
{
    for (uint32_t i = fix->shape->stmts.n; i-- > block + 1;) {
        const Stmt *stmt = &fix->shape->stmts.at[i];

        if (stmt->parent == block && stmt->kind != STMT_LABEL
            && source_starts_line(fix->source, first_token(fix, i)->start)) {
            return stmt_indent(fix, i);
        }
    }
    return arena_printf(fix->arena, "%s%s",
                        source_indent(fix->source, last_token(fix, block)->start),
                        fix->source->unit);
}

bool
fix_put_at_end(FixCase *fix, Proposal *out, uint32_t block, Change lines)
{
    uint32_t brace = last_token(fix, block)->start;
    const char *indent = inner_indent(fix, block);

    if (!source_starts_line(fix->source, brace)) {
        lines.start = lines.end = brace;
        lines = wrapped(fix, lines, "", indent, " ");
    }
    else {
        lines.start = lines.end =
            brace - (uint32_t)strlen(source_indent(fix->source, brace));
        lines = wrapped(fix, lines, indent, indent, fix->source->newline);
    }
    return changes_add(fix->arena, &out->changes, lines);
}

bool
fix_put_change_behind(FixCase *fix, Proposal *out, uint32_t s, Change change)
{
    const char *indent = stmt_indent(fix, s);

    if (stmt_is_bare(fix->shape, s)) {
        return false;
    }
    change.start = change.end = place_behind(fix, s);
    change.text = arena_printf(fix->arena, "%s%s%s", fix->source->newline,
                               change.text[0] == '\n' ? "" : indent,
                               fix_lines(fix, change.text, indent));
    return changes_add(fix->arena, &out->changes, change);
}

bool
fix_put_behind(FixCase *fix, Proposal *out, uint32_t s, const char *line)
{
    return fix_put_change_behind(fix, out, s, (Change){.text = line});
}

/* The last statement of the body of if statement 's', NO_STMT when there is none. */
static uint32_t
last_of_body(const Shape *shape, uint32_t s)
{
    uint32_t body = shape->stmts.at[s].body, last = NO_STMT;

    if (shape->stmts.at[body].kind != STMT_BLOCK) {
        return body;
    }
    for (uint32_t i = body + 1; i < shape->stmts.n; i++) {
        last = shape->stmts.at[i].parent == body ? i : last;
    }
    return last;
}

bool
fix_put_else(FixCase *fix, Proposal *out, uint32_t s, const char *operand)
{
    const Source *source = fix->source;
    const Stmt *stmt = &fix->shape->stmts.at[s];
    Change change = fix_release(fix, operand);
    uint32_t last;
    const char *indent, *head;

    if (stmt->kind != STMT_IF || stmt->other != NO_STMT || stmt_is_bare(fix->shape, s)) {
        return false;
    }
    last = last_of_body(fix->shape, s);
    if (last == NO_STMT || !stmt_calls(fix->shape, last, release_names, operand, NULL)) {
        return false;
    }
    indent = stmt_indent(fix, s);
    head = arena_printf(fix->arena, "%selse%s{\n%s",
                        source->own_line_else || fix->shape->stmts.at[stmt->body].kind != STMT_BLOCK
                            ? "\n" : " ",
                        source->own_line_brace ? "\n" : " ", source->unit);
    change.start = change.end = last_token(fix, s)->end;
    change = wrapped(fix, change, fix_lines(fix, head, indent), indent,
                     fix_lines(fix, "\n}", indent));
    return changes_add(fix->arena, &out->changes, change);
}

/* ---- taking out and replacing -------------------------------------------------------- */

/* True for a condition that only looks at variables. */
static bool
only_looks(const FixCase *fix, uint32_t first, uint32_t last)
{
    for (uint32_t t = first; t <= last; t++) {
        const Token *token = &fix->source->tokens.at[t];

        if (token->kind == TOKEN_SIGN && strchr("!=&|<>().-", fix->source->text[token->start])
                                             == NULL) {
            return false;
        }
        if (token_is(fix->source, t, "(") && t > first
            && fix->source->tokens.at[t - 1].kind == TOKEN_NAME) {
            return false;
        }
        if (token_is(fix->source, t, "=") && !token_is(fix->source, t + 1, "=")
            && !token_is(fix->source, t - 1, "=") && !token_is(fix->source, t - 1, "!")) {
            return false;
        }
    }
    return true;
}

/* The if statement that has nothing to do when 's' is gone, else 's'. */
static uint32_t
emptied_by(const FixCase *fix, uint32_t s)
{
    const Shape *shape = fix->shape;
    uint32_t block = shape->stmts.at[s].parent, outer;
    const Stmt *stmt = block == NO_STMT ? NULL : &shape->stmts.at[block];

    if (stmt != NULL && stmt->kind == STMT_IF && stmt->other == NO_STMT
        && only_looks(fix, stmt->open + 1, stmt->close - 1)) {
        return block;
    }
    if (block == NO_STMT || shape->stmts.at[block].kind != STMT_BLOCK
        || shape->stmts.at[block].first + 1 != shape->stmts.at[s].first
        || shape->stmts.at[block].last != shape->stmts.at[s].last + 1
        || !is_blank(fix, fix->source->tokens.at[shape->stmts.at[block].first].end,
                     first_token(fix, s)->start)) {
        return s;
    }
    outer = shape->stmts.at[block].parent;
    stmt = outer == NO_STMT ? NULL : &shape->stmts.at[outer];
    return stmt != NULL && stmt->kind == STMT_IF && stmt->other == NO_STMT
                   && !stmt_is_bare(shape, outer)
                   && only_looks(fix, stmt->open + 1, stmt->close - 1)
               ? outer : s;
}

/* True when the line that ends before 'start' is blank or opens a block. */
static bool
follows_nothing(const FixCase *fix, uint32_t start)
{
    const char *text = fix->source->text;

    while (start > 0 && strchr(" \t\r", text[start - 1]) != NULL) {
        start--;
    }
    if (start == 0 || text[start - 1] != '\n') {
        return start == 0;
    }
    start--;
    while (start > 0 && strchr(" \t\r", text[start - 1]) != NULL) {
        start--;
    }
    return start == 0 || text[start - 1] == '\n' || text[start - 1] == '{';
}

/* Behind the line break at 'at', if one is there. */
static uint32_t
behind_break(const FixCase *fix, uint32_t at)
{
    if (fix->source->in_macro) {
        at += (uint32_t)strspn(fix->source->text + at, " \t\\");
    }
    at += fix->source->text[at] == '\r' ? 1 : 0;
    return at + (fix->source->text[at] == '\n' ? 1 : 0);
}

/* The start of the line, or of a comment line before it that explains a stolen reference,
 * for which a Py_INCREF that is taken out was made. */
static uint32_t
start_of_lines(const FixCase *fix, uint32_t start)
{
    uint32_t line, col, before;
    const char *text, *comment;

    source_place(fix->source, start, &line, &col);
    start -= col - 1;
    if (line < 2 || !text_starts(fix->source->text + start + col - 1, "Py_INCREF")) {
        return start;
    }
    before = fix->source->lines.at[line - 2];
    text = arena_strndup(fix->arena, fix->source->text + before, start - before);
    comment = text + strspn(text, " \t");
    if (strstr(comment, "steal") != NULL
        && ((text_starts(comment, "/*") && strstr(comment, "*/") != NULL)
            || text_starts(comment, "//"))) {
        return before;
    }
    return start;
}

bool
fix_remove(FixCase *fix, Proposal *out, uint32_t s, const char *probe)
{
    Change change = {.text = "", .probe = probe};

    s = emptied_by(fix, s);
    if (stmt_is_bare(fix->shape, s)) {
        return false;
    }
    change.start = first_token(fix, s)->start;
    change.end = place_behind(fix, s);
    if (source_starts_line(fix->source, change.start)
        && change.end == source_line_end(fix->source, change.end)) {
        change.start = start_of_lines(fix, change.start);
        change.end = behind_break(fix, change.end);
        if (follows_nothing(fix, change.start)) {
            change.end = behind_break(fix, change.end);
        }
    }
    else {
        change.end = last_token(fix, s)->end;
    }
    return changes_add(fix->arena, &out->changes, change);
}

bool
fix_replace(FixCase *fix, Proposal *out, uint32_t s, const char *text)
{
    return fix_replace_probing(fix, out, s, (Change){.text = text});
}

bool
fix_replace_probing(FixCase *fix, Proposal *out, uint32_t s, Change change)
{
    change = wrapped(fix, change, "", stmt_indent(fix, s), "");
    change.start = first_token(fix, s)->start;
    change.end = last_token(fix, s)->end;
    return changes_add(fix->arena, &out->changes, change);
}

bool
fix_replace_by_several(FixCase *fix, Proposal *out, uint32_t s, Change change)
{
    const Source *source = fix->source;
    uint32_t head = fix->shape->stmts.at[s].first - 1;
    const char *outer, *inner, *brace;

    if (!stmt_is_bare(fix->shape, s)) {
        return fix_replace_probing(fix, out, s, change);
    }
    change.start = source->tokens.at[head].end;
    change.end = last_token(fix, s)->end;
    if (!is_blank(fix, change.start, first_token(fix, s)->start)) {
        return false;
    }
    outer = stmt_indent(fix, fix->shape->stmts.at[s].parent);
    inner = arena_printf(fix->arena, "%s%s", outer, source->unit);
    brace = source->own_line_brace ? arena_printf(fix->arena, "%s%s{", source->newline, outer)
                                   : " {";
    change = wrapped(fix, change, arena_printf(fix->arena, "%s%s%s", brace, source->newline,
                                               inner),
                     inner, arena_printf(fix->arena, "%s%s}", source->newline, outer));
    return changes_add(fix->arena, &out->changes, change);
}

/* fix_source.c: the text of a C file as tokens and lines, and the habits of its author:
 * line breaks, indentation, where braces stand.
 */
#include "driver/fix.h"

#include <ctype.h>
#include <string.h>

/* ---- tokens ---------------------------------------------------------------------- */

static bool
is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The end of the comment that starts at 'at', or 'at' when none does. */
static uint32_t
skip_comment(const char *text, uint32_t at)
{
    const char *end;

    if (text[at] != '/') {
        return at;
    }
    if (text[at + 1] == '/') {
        return at + (uint32_t)strcspn(text + at, "\n");
    }
    if (text[at + 1] != '*') {
        return at;
    }
    end = strstr(text + at + 2, "*/");
    return end == NULL ? at + (uint32_t)strlen(text + at) : (uint32_t)(end + 2 - text);
}

static uint32_t
skip_quoted(const char *text, uint32_t at)
{
    char quote = text[at++];

    while (text[at] != '\0' && text[at] != quote && text[at] != '\n') {
        at += text[at] == '\\' && text[at + 1] != '\0' ? 2 : 1;
    }
    return text[at] == quote ? at + 1 : at;
}

/* A directive ends with its line, unless a backslash or a comment goes on. */
static uint32_t
skip_directive(const char *text, uint32_t at)
{
    while (text[at] != '\0' && text[at] != '\n') {
        uint32_t behind = skip_comment(text, at);

        if (behind > at) {
            at = behind;
        }
        else if (text[at] == '\\' && text[at + 1] == '\r' && text[at + 2] == '\n') {
            at += 3;
        }
        else {
            at += text[at] == '\\' && text[at + 1] != '\0' ? 2 : 1;
        }
    }
    return at;
}

/* The end and kind of the token at 'at'. */
static uint32_t
read_token(const Source *source, uint32_t at, TokenKind *kind)
{
    const char *text = source->text;

    if (text[at] == '#' && source_starts_line(source, at)) {
        *kind = TOKEN_DIRECTIVE;
        return skip_directive(text, at);
    }
    if (text[at] == '"' || text[at] == '\'') {
        *kind = TOKEN_LITERAL;
        return skip_quoted(text, at);
    }
    if (is_name_char(text[at])) {
        *kind = isdigit((unsigned char)text[at]) ? TOKEN_LITERAL : TOKEN_NAME;
        while (is_name_char(text[at]) || (*kind == TOKEN_LITERAL && text[at] == '.')) {
            at++;
        }
        return at;
    }
    *kind = TOKEN_SIGN;
    return at + 1;
}

static void
read_tokens(Source *source, uint32_t at, uint32_t end)
{
    while (at < end) {
        Token token = {.start = at};
        uint32_t behind = skip_comment(source->text, at);

        if (behind > at) {
            at = behind;
        }
        else if (isspace((unsigned char)source->text[at]) || source->text[at] == '\\') {
            at++;
        }
        else {
            token.end = at = read_token(source, at, &token.kind);
            VEC_PUSH(source->arena, &source->tokens, token);
        }
    }
}

/* ---- conditional parts ---------------------------------------------------------------- */

enum { MAX_BRANCHES = 32 };

/* The parts of #if ... #endif. */
typedef struct Branches {
    uint32_t at[MAX_BRANCHES + 1]; /* tokens: #if, #elif, #else, last #endif */
    uint32_t n;                    /* parts */
} Branches;

/* True when token 't' is a directive whose name starts with 'word'. */
static bool
directive_is(const Source *source, uint32_t t, const char *word)
{
    const char *text = source->text + source->tokens.at[t].start + 1;

    return source->tokens.at[t].kind == TOKEN_DIRECTIVE
           && text_starts(text + strspn(text, " \t"), word);
}

bool
source_conditional(const Source *source, uint32_t t)
{
    return directive_is(source, t, "if") || directive_is(source, t, "el")
           || directive_is(source, t, "endif");
}

/* Finds the parts of the #if at token 't'; false when it has no end. */
static bool
find_branches(const Source *source, uint32_t t, Branches *branches)
{
    uint32_t depth = 0;

    branches->n = 0;
    for (; t < source->tokens.n; t++) {
        bool start = directive_is(source, t, "if"), end = directive_is(source, t, "endif");

        depth += start ? 1 : 0;
        if (depth == 1 && branches->n < MAX_BRANCHES
            && (start || end || directive_is(source, t, "el"))) {
            branches->at[branches->n++] = t;
        }
        depth -= end ? 1 : 0;
        if (depth == 0) {
            branches->n--;
            return branches->n > 0;
        }
    }
    return false;
}

/* The part that is most likely read: the one with 'focus' in it, else the first, unless
 * it is for other times or systems. */
static uint32_t
choose_branch(const Source *source, const Branches *branches, uint32_t focus)
{
    static const char *const others[] = {"PY2", "WIN32", "PYPY", "_MSC_VER", "__cplusplus",
                                         "< 3", "< 0x03", "if 0", "WINDOWS", "__APPLE__"};
    const Token *first = &source->tokens.at[branches->at[0]];
    const char *line = arena_strndup(source->arena, source->text + first->start,
                                     first->end - first->start);

    for (uint32_t i = 0; i < branches->n; i++) {
        if (source->tokens.at[branches->at[i]].end <= focus
            && focus < source->tokens.at[branches->at[i + 1]].start) {
            return i;
        }
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (strstr(line, others[i]) != NULL && !directive_is(source, branches->at[0], "ifndef")
            && strchr(line, '!') == NULL) {
            return 1;
        }
    }
    return 0;
}

/* Keeps tokens first..end-1, of conditional parts only one. */
static void
keep_tokens(const Source *source, uint32_t first, uint32_t end, uint32_t focus, Source *out)
{
    for (uint32_t t = first; t < end; t++) {
        Branches branches;
        uint32_t chosen;

        VEC_PUSH(out->arena, &out->tokens, source->tokens.at[t]);
        if (!directive_is(source, t, "if") || !find_branches(source, t, &branches)) {
            continue;
        }
        chosen = choose_branch(source, &branches, focus);
        if (chosen < branches.n) {
            keep_tokens(source, branches.at[chosen] + 1, branches.at[chosen + 1], focus, out);
        }
        t = branches.at[branches.n] - 1; /* #endif comes next */
    }
}

const Source *
source_focus(const Source *source, uint32_t focus)
{
    Source *out = ARENA_NEW(source->arena, Source);

    *out = *source;
    out->tokens.at = NULL;
    out->tokens.n = out->tokens.cap = 0;
    keep_tokens(source, 0, source->tokens.n, focus, out);
    return out;
}

const Source *
source_macro(const Source *source, uint32_t start, uint32_t end)
{
    Source *out = ARENA_NEW(source->arena, Source);

    *out = *source;
    out->tokens.at = NULL;
    out->tokens.n = out->tokens.cap = 0;
    out->newline = text_equal(source->newline, "\n") ? " \\\n" : " \\\r\n";
    out->in_macro = true;
    read_tokens(out, start, end);
    return out;
}

/* ---- habits ----------------------------------------------------------------------- */

/* Where the braces behind conditions stand, by majority. */
static void
find_brace_style(Source *source)
{
    int own_brace = 0, own_else = 0;

    for (uint32_t t = 1; t < source->tokens.n; t++) {
        const char *before = source->text + source->tokens.at[t - 1].end;
        size_t between = source->tokens.at[t].start - source->tokens.at[t - 1].end;
        int step = memchr(before, '\n', between) != NULL ? 1 : -1;

        if (token_is(source, t, "{") && token_is(source, t - 1, ")")
            && source_indent(source, source->tokens.at[t].start)[0] != '\0') {
            own_brace += step; /* of a condition: the line is indented */
        }
        if (token_is(source, t, "else") && token_is(source, t - 1, "}")) {
            own_else += step;
        }
    }
    source->own_line_brace = own_brace > 0;
    source->own_line_else = own_else != 0 ? own_else > 0 : true;
}

/* One step of indentation: how far the first line in a body stands, mostly. */
static void
find_indent(Source *source)
{
    uint32_t count[9] = {0}, tabs = 0, best = 4;

    for (uint32_t t = 1; t < source->tokens.n; t++) {
        uint32_t at = source->tokens.at[t].start;

        if (token_is(source, t - 1, "{") && source_starts_line(source, at)) {
            const char *inner = source_indent(source, at);
            const char *outer = source_indent(source, source->tokens.at[t - 1].start);
            size_t more = strlen(inner) - strlen(outer);

            tabs += inner[0] == '\t' ? 1 : 0;
            count[0]++;
            if (strlen(inner) > strlen(outer) && more <= 8 && inner[0] != '\t') {
                count[more]++;
            }
        }
    }
    for (uint32_t i = 1; i <= 8; i++) {
        best = count[i] > count[best] ? i : best;
    }
    source->unit = tabs * 2 > count[0] ? "\t" : arena_printf(source->arena, "%*s", (int)best, "");
}

Source *
source_new(Arena *arena, const char *path, const char *text, size_t length)
{
    Source *source = ARENA_NEW(arena, Source);
    const char *first = strchr(text, '\n');

    *source = (Source){.arena = arena, .path = path, .text = text, .length = (uint32_t)length};
    VEC_PUSH(arena, &source->lines, 0);
    for (uint32_t i = 0; i < source->length; i++) {
        if (text[i] == '\n') {
            VEC_PUSH(arena, &source->lines, i + 1);
        }
    }
    source->newline = first != NULL && first > text && first[-1] == '\r' ? "\r\n" : "\n";
    read_tokens(source, 0, source->length);
    find_brace_style(source);
    find_indent(source);
    return source;
}

/* ---- places -------------------------------------------------------------------------- */

uint32_t
source_offset(const Source *source, uint32_t line, uint32_t col)
{
    uint32_t at;

    if (line < 1 || line > source->lines.n || col < 1) {
        return source->length;
    }
    at = source->lines.at[line - 1] + col - 1;
    return at < source->length ? at : source->length;
}

void
source_place(const Source *source, uint32_t offset, uint32_t *line, uint32_t *col)
{
    uint32_t low = 0, high = source->lines.n;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (source->lines.at[middle] <= offset) {
            low = middle;
        }
        else {
            high = middle;
        }
    }
    *line = low + 1;
    *col = offset - source->lines.at[low] + 1;
}

static uint32_t
line_start(const Source *source, uint32_t offset)
{
    uint32_t line, col;

    source_place(source, offset, &line, &col);
    return offset - (col - 1);
}

char *
source_indent(const Source *source, uint32_t offset)
{
    uint32_t start = line_start(source, offset);

    return arena_strndup(source->arena, source->text + start,
                         strspn(source->text + start, " \t"));
}

bool
source_starts_line(const Source *source, uint32_t offset)
{
    uint32_t start = line_start(source, offset);

    return start + strspn(source->text + start, " \t") >= offset;
}

uint32_t
source_line_end(const Source *source, uint32_t offset)
{
    uint32_t end = offset + (uint32_t)strcspn(source->text + offset, "\r\n");

    if (source->in_macro && end > offset && source->text[end - 1] == '\\') {
        for (end--; end > offset && strchr(" \t", source->text[end - 1]) != NULL; end--) {
        }
    }
    return end;
}

/* ---- looking at tokens ----------------------------------------------------------------- */

uint32_t
source_token(const Source *source, uint32_t offset)
{
    uint32_t low = 0, high = source->tokens.n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (source->tokens.at[middle].end <= offset) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low;
}

bool
token_is(const Source *source, uint32_t t, const char *word)
{
    const Token *token = &source->tokens.at[t];
    size_t length = strlen(word);

    return t < source->tokens.n && token->end - token->start == length
           && memcmp(source->text + token->start, word, length) == 0;
}

char *
token_text(const Source *source, uint32_t first, uint32_t last)
{
    uint32_t start = source->tokens.at[first].start;

    return arena_strndup(source->arena, source->text + start,
                         source->tokens.at[last].end - start);
}

uint32_t
token_partner(const Source *source, uint32_t t, uint32_t end)
{
    uint32_t depth = 0;

    for (; t < end; t++) {
        char c = source->text[source->tokens.at[t].start];

        if (source->tokens.at[t].kind != TOKEN_SIGN) {
            continue;
        }
        if (c == '(' || c == '[' || c == '{') {
            depth++;
        }
        else if ((c == ')' || c == ']' || c == '}') && --depth == 0) {
            return t;
        }
    }
    return end;
}

bool
tokens_mention(const Source *source, uint32_t first, uint32_t last, const char *name)
{
    for (uint32_t t = first; t <= last && t < source->tokens.n; t++) {
        if (source->tokens.at[t].kind == TOKEN_NAME && token_is(source, t, name)) {
            return true;
        }
    }
    return false;
}

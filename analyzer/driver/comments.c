/* comments.c: C source -> its comments, with what a reader of them has to know: the line
 * of code that follows, the macro whose definition they stand in, the #if around them.
 *
 * A cursor gives characters with spliced lines joined, and counts lines.  What looks
 * like a comment inside a literal is none, and the other way round.
 */
#include "driver/comments.h"

#include <string.h>

typedef struct Scanner {
    Arena *arena;
    const char *at, *end;
    const char *line_start;
    uint32_t line;
    bool cxx;
    bool fresh;            /* nothing but white space and comments on this logical line */
    bool is_include;       /* on the line of an #include */
    uint32_t last_code;    /* the line of the last character of code */
    uint32_t pending;      /* comments from here on wait for a line of code */
    StrBuf word;           /* the word read last */
    uint32_t macro;        /* whose definition is being read, or NO_INDEX */
    VEC(const char *) words; /* of that macro's body so far */
    VEC(uint32_t) open;    /* regions not closed yet */
    SourceComments *out;
} Scanner;

/* ---- the cursor --------------------------------------------------------------------- */

/* Bytes of the line splice at 'p', 0 when there is none. */
static size_t
splice(const Scanner *s, const char *p)
{
    if (p + 1 < s->end && p[0] == '\\' && p[1] == '\n') {
        return 2;
    }
    return p + 2 < s->end && p[0] == '\\' && p[1] == '\r' && p[2] == '\n' ? 3 : 0;
}

static void
skip_splices(Scanner *s)
{
    size_t n;

    while ((n = splice(s, s->at)) > 0) {
        s->at += n;
        s->line++;
        s->line_start = s->at;
    }
}

/* The character here, splices skipped; -1 at the end. */
static int
peek(Scanner *s)
{
    skip_splices(s);
    return s->at < s->end ? (unsigned char)*s->at : -1;
}

/* The character after the one here; -1 when there is none. */
static int
peek_second(Scanner *s)
{
    const char *p;
    size_t n;

    if (peek(s) < 0) {
        return -1;
    }
    p = s->at + 1;
    while ((n = splice(s, p)) > 0) {
        p += n;
    }
    return p < s->end ? (unsigned char)*p : -1;
}

/* Goes past the character here. */
static void
take(Scanner *s)
{
    if (peek(s) == '\n') {
        s->line++;
        s->line_start = s->at + 1;
    }
    s->at += s->at < s->end ? 1 : 0;
}

static bool
is_word_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c >= 128;
}

static bool
is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool
is_word(int c)
{
    return is_word_start(c) || is_digit(c);
}

/* Goes past a word, which is in s->word afterwards. */
static void
take_word(Scanner *s)
{
    strbuf_clear(&s->word);
    while (is_word(peek(s))) {
        strbuf_putc(&s->word, *s->at);
        take(s);
    }
}

static const char *
word_copy(const Scanner *s)
{
    return arena_strndup(s->arena, s->word.text, s->word.length);
}

/* ---- comments ----------------------------------------------------------------------- */

/* The comments since the last line of code now know the next one. */
static void
see_code(Scanner *s)
{
    while (s->pending < s->out->comments.n
           && s->out->comments.at[s->pending].last_line < s->line) {
        s->out->comments.at[s->pending++].code_line = s->line;
    }
    s->last_code = s->line;
    s->fresh = false;
}

static uint32_t
innermost(const Scanner *s)
{
    return s->open.n > 0 ? s->open.at[s->open.n - 1] : NO_INDEX;
}

/* A comment, at its first slash. */
static void
take_comment(Scanner *s)
{
    Comment comment = {.line = s->line, .col = (uint32_t)(s->at - s->line_start) + 1,
                       .alone = s->last_code != s->line, .macro = s->macro,
                       .region = innermost(s)};
    bool is_block;

    take(s);
    is_block = peek(s) == '*';
    take(s);
    comment.text = s->at;
    while (peek(s) >= 0) {
        if (is_block ? peek(s) == '*' && peek_second(s) == '/' : peek(s) == '\n') {
            break;
        }
        take(s);
    }
    comment.length = (size_t)(s->at - comment.text);
    if (is_block) {
        take(s);
        take(s);
    }
    comment.last_line = s->line;
    VEC_PUSH(s->arena, &s->out->comments, comment);
}

/* ---- literals ----------------------------------------------------------------------- */

/* A string or character literal, at its opening quote; one that is not closed ends
 * with its line. */
static void
take_literal(Scanner *s)
{
    int quote = peek(s), c;

    take(s);
    while ((c = peek(s)) >= 0 && c != '\n' && c != quote) {
        take(s);
        if (c == '\\' && peek(s) != '\n') {
            take(s);
        }
    }
    if (c == quote) {
        take(s);
    }
}

/* R"name( ... )name", at the quote; splices mean nothing in it. */
static void
take_raw(Scanner *s)
{
    char closing[20] = ")";
    const char *name = s->at + 1, *p = name;
    size_t n;

    while (p < s->end && *p != '(' && *p != '\n' && p - name < 17) {
        p++;
    }
    if (p == s->end || *p != '(') {
        take_literal(s);
        return;
    }
    n = (size_t)(p - name);
    memcpy(closing + 1, name, n);
    closing[n + 1] = '"';
    n += 2;
    for (; p < s->end; p++) {
        if ((size_t)(s->end - p) >= n && memcmp(p, closing, n) == 0) {
            p += n;
            break;
        }
        if (*p == '\n') {
            s->line++;
            s->line_start = p + 1;
        }
    }
    s->at = p;
}

/* A number, so that 1'000'000 opens no literal. */
static void
take_number(Scanner *s)
{
    for (;;) {
        int c = peek(s);

        if (is_word(c) || c == '.') {
            take(s);
            if ((c == 'e' || c == 'E' || c == 'p' || c == 'P')
                && (peek(s) == '+' || peek(s) == '-')) {
                take(s);
            }
        }
        else if (c == '\'' && is_word(peek_second(s))) {
            take(s);
        }
        else {
            return;
        }
    }
}

static bool
is_raw_prefix(const char *word)
{
    return text_equal(word, "R") || text_equal(word, "LR") || text_equal(word, "uR")
           || text_equal(word, "UR") || text_equal(word, "u8R");
}

/* ---- preprocessor lines ------------------------------------------------------------- */

static void
open_region(Scanner *s)
{
    uint32_t index = s->out->regions.n;

    VEC_PUSH(s->arena, &s->out->regions, (Region){.first = s->line, .last = UINT32_MAX});
    VEC_PUSH(s->arena, &s->open, index);
}

static void
close_region(Scanner *s)
{
    if (s->open.n > 0) {
        s->out->regions.at[s->open.at[--s->open.n]].last = s->line;
    }
}

static void
skip_blanks(Scanner *s)
{
    for (;;) {
        int c = peek(s);

        if (c == '/' && peek_second(s) == '*') {
            take_comment(s);
        }
        else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
            take(s);
        }
        else {
            return;
        }
    }
}

/* The name after #define: what follows belongs to its definition. */
static void
begin_macro(Scanner *s)
{
    MacroText macro = {0};

    skip_blanks(s);
    take_word(s);
    macro.name = word_copy(s);
    s->macro = s->out->macros.n;
    s->words.n = 0;
    VEC_PUSH(s->arena, &s->out->macros, macro);
}

/* The '#' that begins a preprocessor line, and the word after it. */
static void
begin_directive(Scanner *s)
{
    const char *name;

    take(s);
    skip_blanks(s);
    take_word(s);
    name = s->word.text;
    s->is_include = text_starts(name, "include") || text_equal(name, "import");
    if (text_equal(name, "define")) {
        begin_macro(s);
    }
    else if (text_starts(name, "if")) {
        open_region(s);
    }
    else if (text_starts(name, "el")) {
        close_region(s);
        open_region(s);
    }
    else if (text_equal(name, "endif")) {
        close_region(s);
    }
}

static void
end_line(Scanner *s)
{
    if (s->macro != NO_INDEX) {
        MacroText *macro = &s->out->macros.at[s->macro];

        macro->nwords = s->words.n;
        macro->words = arena_copy(s->arena, s->words.at, s->words.n * sizeof(char *));
        s->macro = NO_INDEX;
    }
    s->is_include = false;
    s->fresh = true;
    take(s);
}

/* ---- all of it ---------------------------------------------------------------------- */

static void
take_name(Scanner *s)
{
    take_word(s);
    if (s->macro != NO_INDEX) {
        VEC_PUSH(s->arena, &s->words, word_copy(s));
    }
    if (s->cxx && peek(s) == '"' && is_raw_prefix(s->word.text)) {
        take_raw(s);
    }
}

/* What stands between < and > of an #include is no code. */
static void
take_header_name(Scanner *s)
{
    while (peek(s) >= 0 && peek(s) != '>' && peek(s) != '\n') {
        take(s);
    }
}

/* One piece of code that is neither white space nor comment. */
static void
take_code(Scanner *s)
{
    int c = peek(s);
    bool was_fresh = s->fresh;

    see_code(s);
    if (c == '#' && was_fresh) {
        begin_directive(s);
    }
    else if (c == '"' || c == '\'') {
        take_literal(s);
    }
    else if (is_digit(c) || (c == '.' && is_digit(peek_second(s)))) {
        take_number(s);
    }
    else if (is_word_start(c)) {
        take_name(s);
    }
    else if (c == '<' && s->is_include) {
        take_header_name(s);
    }
    else {
        take(s);
    }
    s->last_code = s->line;
}

void
comments_read(Arena *arena, const char *text, size_t length, bool cxx, SourceComments *out)
{
    Scanner s = {.arena = arena, .at = text, .end = text + length, .line_start = text, .line = 1,
                 .cxx = cxx, .fresh = true, .macro = NO_INDEX, .out = out};
    int c;

    *out = (SourceComments){0};
    strbuf_init(&s.word, arena);
    while ((c = peek(&s)) >= 0) {
        if (c == '\n') {
            end_line(&s);
        }
        else if (c == ' ' || (c >= '\t' && c <= '\r')) {
            take(&s);
        }
        else if (c == '/' && (peek_second(&s) == '*' || peek_second(&s) == '/')) {
            take_comment(&s);
        }
        else {
            take_code(&s);
        }
    }
    end_line(&s);
}

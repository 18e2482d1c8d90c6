/* lex.c: takes the text form of the IR apart into names, strings and numbers.
 *
 * Works on any bytes.  The first thing that is wrong is reported with its line
 * and column; from then on the text counts as read to its end.
 */
#include <string.h>

#include "ir/private.h"

void
lex_init(Lexer *lex, Arena *scratch, Strings *strings, const char *name,
         const char *text, size_t length, Error *error)
{
    *lex = (Lexer){.strings = strings, .name = name, .at = text, .end = text + length,
                   .line_start = text, .line = 1, .error = error};
    strbuf_init(&lex->scratch, scratch);
}

bool
lex_fail(Lexer *lex, const char *format, ...)
{
    char what[256];
    va_list args;

    if (lex->failed) {
        return false;
    }
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    error_set(lex->error, ERROR_INPUT, "%s:%u:%zu: %s", lex->name, lex->line,
              (size_t)(lex->at - lex->line_start) + 1, what);
    lex->failed = true;
    lex->at = lex->end;
    return false;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

char
lex_peek(Lexer *lex)
{
    while (lex->at < lex->end && is_blank(*lex->at)) {
        lex->at++;
    }
    if (lex->at < lex->end && *lex->at == ';') {
        const char *newline = memchr(lex->at, '\n', (size_t)(lex->end - lex->at));

        lex->at = newline != NULL ? newline : lex->end;
    }
    return lex->at < lex->end ? *lex->at : '\0';
}

bool
lex_take(Lexer *lex, char c)
{
    if (lex_peek(lex) != c || lex->at == lex->end) {
        return false;
    }
    lex->at++;
    return true;
}

void
lex_need(Lexer *lex, char c)
{
    if (!lex_take(lex, c)) {
        lex_fail(lex, "expected '%c'", c);
    }
}

const char *
lex_word(Lexer *lex, size_t *length)
{
    const char *start;

    lex_peek(lex);
    start = lex->at;
    while (lex->at < lex->end && char_is_plain(*lex->at)) {
        lex->at++;
    }
    *length = (size_t)(lex->at - start);
    return start;
}

bool
lex_take_word(Lexer *lex, const char *word)
{
    const char *start;
    size_t length;

    if (lex_peek(lex) != *word) {
        return false;
    }
    start = lex_word(lex, &length);
    if (length == strlen(word) && memcmp(start, word, length) == 0) {
        return true;
    }
    lex->at = start;
    return false;
}

/* ---- strings ------------------------------------------------------------- */

static int
hex_digit(char c)
{
    if (char_is_digit(c)) {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes what follows a backslash and adds the character it means. */
static void
take_escape(Lexer *lex)
{
    const char *backslash = lex->at - 1;
    char c = lex->at < lex->end ? *lex->at++ : '\0';
    int high, low;

    switch (c) {
    case 'n': strbuf_putc(&lex->scratch, '\n'); return;
    case 't': strbuf_putc(&lex->scratch, '\t'); return;
    case 'r': strbuf_putc(&lex->scratch, '\r'); return;
    case '\\':
    case '"':
    case '}': strbuf_putc(&lex->scratch, c); return;
    case 'x':
        high = lex->end - lex->at >= 2 ? hex_digit(lex->at[0]) : -1;
        low = high >= 0 ? hex_digit(lex->at[1]) : -1;
        if (low >= 0 && high + low > 0) {
            strbuf_putc(&lex->scratch, (char)(high * 16 + low));
            lex->at += 2;
            return;
        }
        break;
    default:
        break;
    }
    lex->at = backslash;
    lex_fail(lex, "expected \\n, \\t, \\r, \\\\, \\\", \\} or \\x01 to \\xff");
}

Str
lex_quoted(Lexer *lex, char close)
{
    const char *run = lex->at;

    strbuf_clear(&lex->scratch);
    while (lex->at < lex->end && *lex->at != close) {
        if (*lex->at == '\n' || *lex->at == '\0') {
            break;
        }
        if (*lex->at++ == '\\') {
            strbuf_add(&lex->scratch, run, (size_t)(lex->at - 1 - run));
            take_escape(lex);
            run = lex->at;
        }
    }
    if (lex->at == lex->end || *lex->at != close) {
        lex_fail(lex, "expected '%c' before the end of the line", close);
        return str_intern(lex->strings, "");
    }
    lex->at++;
    if (lex->scratch.length == 0) {
        return str_intern_n(lex->strings, run, (size_t)(lex->at - 1 - run));
    }
    strbuf_add(&lex->scratch, run, (size_t)(lex->at - 1 - run));
    return str_intern(lex->strings, lex->scratch.text);
}

Str
lex_string(Lexer *lex)
{
    if (!lex_take(lex, '"')) {
        lex_fail(lex, "expected a string in double quotes");
        return str_intern(lex->strings, "");
    }
    return lex_quoted(lex, '"');
}

Str
lex_name(Lexer *lex, const char *extra)
{
    const char *start;

    if (lex_peek(lex) == '"') {
        return lex_string(lex);
    }
    start = lex->at;
    while (lex->at < lex->end
           && (char_is_plain(*lex->at)
               || (*lex->at != '\0' && strchr(extra, *lex->at) != NULL))) {
        lex->at++;
    }
    if (lex->at == start) {
        lex_fail(lex, "expected a name");
    }
    return str_intern_n(lex->strings, start, (size_t)(lex->at - start));
}

/* ---- numbers ------------------------------------------------------------- */

uint64_t
lex_unsigned(Lexer *lex, uint64_t max)
{
    uint64_t number = 0;

    if (!char_is_digit(lex_peek(lex))) {
        lex_fail(lex, "expected a number");
        return 0;
    }
    for (; lex->at < lex->end && char_is_digit(*lex->at); lex->at++) {
        uint64_t digit = (uint64_t)(*lex->at - '0');

        if (number > (max - digit) / 10 || digit > max) {
            lex_fail(lex, "number too large");
            return 0;
        }
        number = number * 10 + digit;
    }
    return number;
}

int64_t
lex_int(Lexer *lex)
{
    if (lex_take(lex, '-')) {
        uint64_t number = lex_unsigned(lex, (uint64_t)INT64_MAX + 1);

        return number > INT64_MAX ? INT64_MIN : -(int64_t)number;
    }
    return (int64_t)lex_unsigned(lex, INT64_MAX);
}

/* ---- lines --------------------------------------------------------------- */

void
lex_end_line(Lexer *lex)
{
    if (lex_peek(lex) != '\n' && lex->at < lex->end) {
        lex_fail(lex, "expected the end of the line");
    }
    lex_at_end(lex);
}

bool
lex_at_end(Lexer *lex)
{
    while (lex_peek(lex) == '\n') {
        lex->at++;
        lex->line_start = lex->at;
        lex->line++;
    }
    return lex->at == lex->end;
}

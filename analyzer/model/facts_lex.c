/* facts_lex.c: the words of a line of the facts language, and its errors. */
#include "model/reader.h"

void
facts_lex_report(Reader *r, uint32_t line, size_t col, const char *message)
{
    char text[512];

    if (r->sink->on_error != NULL) {
        snprintf(text, sizeof(text), "%s:%u:%zu: %s", r->name, line, col, message);
        r->sink->on_error(r->sink->payload, text);
    }
}

/* Reports the first error of the line, at the reader's place. */
bool
facts_lex_fail(Reader *r, const char *format, ...)
{
    char message[400];
    va_list args;

    if (!r->failed) {
        r->failed = true;
        va_start(args, format);
        vsnprintf(message, sizeof(message), format, args);
        va_end(args);
        facts_lex_report(r, r->line, (size_t)(r->at - r->start) + 1, message);
    }
    return false;
}

void
facts_lex_skip_blanks(Reader *r)
{
    while (r->at < r->end && is_blank(*r->at)) {
        r->at++;
    }
}

/* Length of the run of name bytes at 'at'. */
size_t
facts_lex_run_length(const Reader *r, const char *at)
{
    const char *p = at;

    while (p < r->end && is_word_byte(*p)) {
        p++;
    }
    return (size_t)(p - at);
}

/* The length of the word that comes next, 0 when there is none. */
size_t
facts_lex_peek_word(Reader *r)
{
    facts_lex_skip_blanks(r);
    return facts_lex_run_length(r, r->at);
}

bool
facts_lex_next_is(Reader *r, const char *token)
{
    size_t length = strlen(token);

    facts_lex_skip_blanks(r);
    return (size_t)(r->end - r->at) >= length && memcmp(r->at, token, length) == 0;
}

bool
facts_lex_accept(Reader *r, const char *token)
{
    if (!facts_lex_next_is(r, token)) {
        return false;
    }
    r->at += strlen(token);
    return true;
}

static bool
word_is(const Reader *r, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(r->at, word, length) == 0;
}

bool
facts_lex_accept_word(Reader *r, const char *word)
{
    size_t length = facts_lex_peek_word(r);

    if (length == 0 || !word_is(r, length, word)) {
        return false;
    }
    r->at += length;
    return true;
}

/* A word at the start of a line that is followed by a blank. */
bool
facts_lex_accept_keyword(Reader *r, const char *word)
{
    size_t length = facts_lex_run_length(r, r->at);

    if (!word_is(r, length, word)
        || (r->at + length < r->end && !is_blank(r->at[length]))) {
        return false;
    }
    r->at += length;
    return true;
}

/* The next word, interned; NULL when there is none. */
Str
facts_lex_take_word(Reader *r)
{
    size_t length = facts_lex_peek_word(r);

    if (length == 0) {
        return NULL;
    }
    r->at += length;
    return str_intern_n(r->strings, r->at - length, length);
}

/* The index of the next word in a table, without taking it; -1: not in it. */
int
facts_lex_find_word(Reader *r, const char *const *table, size_t count)
{
    size_t length = facts_lex_peek_word(r);

    for (size_t i = 0; length > 0 && i < count; i++) {
        if (word_is(r, length, table[i])) {
            return (int)i;
        }
    }
    return -1;
}

/* Takes what stands in a table; -1 when the next word does not. */
int
facts_lex_accept_from(Reader *r, const char *const *table, size_t count)
{
    int index = facts_lex_find_word(r, table, count);

    if (index >= 0) {
        r->at += facts_lex_run_length(r, r->at);
    }
    return index;
}

bool
facts_lex_at_end(Reader *r, const char *expected)
{
    facts_lex_skip_blanks(r);
    if (r->at < r->end) {
        size_t length = facts_lex_run_length(r, r->at);
        return facts_lex_fail(r, "unexpected '%.*s'; expected %s",
                              length > 0 ? (int)length : 1, r->at, expected);
    }
    return true;
}

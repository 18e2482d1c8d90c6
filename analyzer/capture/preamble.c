/* preamble.c: the text of a source file -> the directives that it begins with, up to the first
 * thing that is none, in a form that files with other comments and spacing share.
 *
 * What they mean may depend on nothing but the command line, what they include, and the folder
 * of the file: a directive that could tell more apart ends them.
 */
#include "capture/preamble.h"

#include <ctype.h>
#include <string.h>

typedef struct Reader {
    Arena *arena;
    Strings *strings;
    const char *at, *end, *start;
    StrBuf line; /* the directive being read */
} Reader;

/* ---- characters -------------------------------------------------------------------------- */

static bool
is_newline(char c)
{
    return c == '\n' || c == '\r';
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static char
peek(const Reader *reader, size_t ahead)
{
    return (size_t)(reader->end - reader->at) > ahead ? reader->at[ahead] : '\0';
}

/* Behind the end of the line that starts here: "\n", "\r\n" or "\r". */
static const char *
past_newline(const Reader *reader, const char *at)
{
    return at + (*at == '\r' && at + 1 < reader->end && at[1] == '\n' ? 2 : 1);
}

/* Skips a backslash and the end of the line, when they are next. */
static bool
skip_splice(Reader *reader)
{
    const char *at = reader->at;

    if (at >= reader->end || *at != '\\') {
        return false;
    }
    for (at++; at < reader->end && is_blank(*at); at++) {
    }
    if (at >= reader->end || !is_newline(*at)) {
        return false;
    }
    reader->at = past_newline(reader, at);
    return true;
}

/* ---- comments ------------------------------------------------------------------------------ */

typedef enum Skipped { SKIPPED_NONE, SKIPPED_COMMENT, SKIPPED_OPEN } Skipped;

/* Skips one comment; a line comment up to the end of its line. */
static Skipped
skip_comment(Reader *reader)
{
    if (peek(reader, 0) == '/' && peek(reader, 1) == '*') {
        const char *close = memmem(reader->at + 2, (size_t)(reader->end - reader->at) - 2, "*/", 2);

        reader->at = close != NULL ? close + 2 : reader->end;
        return close != NULL ? SKIPPED_COMMENT : SKIPPED_OPEN;
    }
    if (peek(reader, 0) == '/' && peek(reader, 1) == '/') {
        while (reader->at < reader->end && !is_newline(*reader->at)) {
            if (!skip_splice(reader)) {
                reader->at++;
            }
        }
        return SKIPPED_COMMENT;
    }
    return SKIPPED_NONE;
}

/* Skips what stands between directives; false when a comment stays open. */
static bool
skip_space(Reader *reader)
{
    while (reader->at < reader->end) {
        Skipped skipped = skip_comment(reader);

        if (skipped == SKIPPED_OPEN) {
            return false;
        }
        if (skipped == SKIPPED_COMMENT || skip_splice(reader)) {
            continue;
        }
        if (!is_blank(*reader->at) && !is_newline(*reader->at)) {
            return true;
        }
        reader->at++;
    }
    return true;
}

/* ---- one directive ------------------------------------------------------------------------- */

/* Copies a string, a character or the name of a header; false when it stays open. */
static bool
copy_quoted(Reader *reader, char close)
{
    strbuf_putc(&reader->line, *reader->at++);
    while (reader->at < reader->end && !is_newline(*reader->at)) {
        char c = *reader->at;

        if (skip_splice(reader)) {
            continue;
        }
        strbuf_putc(&reader->line, c);
        reader->at++;
        if (c == '\\' && close != '>' && reader->at < reader->end
            && !is_newline(*reader->at)) {
            strbuf_putc(&reader->line, *reader->at++);
        }
        else if (c == close) {
            return true;
        }
    }
    return false;
}

static bool
is_include(const Reader *reader)
{
    return text_starts(reader->line.text, "#include");
}

/* True at a trigraph, which the dialect may know or not, and at a raw string. */
static bool
is_odd(const Reader *reader)
{
    char c = peek(reader, 0), next = peek(reader, 1);

    return (c == '?' && next == '?') || (c == 'R' && next == '"');
}

/* Reads a directive up to and with the end of its line into 'line', one space for spacing and
 * comments; false when it cannot be read so. */
static bool
read_line(Reader *reader)
{
    StrBuf *line = &reader->line;

    strbuf_clear(line);
    while (reader->at < reader->end && !is_newline(*reader->at)) {
        char c = *reader->at;
        Skipped skipped = skip_comment(reader);
        bool space = skipped == SKIPPED_COMMENT || is_blank(c);

        if (skipped == SKIPPED_OPEN || c == '\0' || is_odd(reader)) {
            return false;
        }
        if (space) {
            reader->at += skipped == SKIPPED_NONE ? 1 : 0;
            if (line->length > 1 && line->text[line->length - 1] != ' ') {
                strbuf_putc(line, ' ');
            }
        }
        else if (c == '"' || c == '\'' || (c == '<' && is_include(reader))) {
            if (!copy_quoted(reader, c == '<' ? '>' : c)) {
                return false;
            }
        }
        else if (!skip_splice(reader)) {
            strbuf_putc(line, c);
            reader->at++;
        }
    }
    if (reader->at < reader->end) {
        reader->at = past_newline(reader, reader->at);
    }
    while (line->length > 0 && line->text[line->length - 1] == ' ') {
        line->text[--line->length] = '\0';
    }
    return true;
}

/* True when 'text' has the word. */
static bool
has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == text || !is_word(at[-1])) && !is_word(at[length])) {
            return true;
        }
    }
    return false;
}

/* "#include" and one name, written out. */
static bool
is_plain_include(const char *rest)
{
    const char *close;

    rest += *rest == ' ' ? 1 : 0;
    close = *rest == '"' ? strchr(rest + 1, '"') : *rest == '<' ? strchr(rest, '>') : NULL;
    return close != NULL && close[1] == '\0' && close > rest + 1;
}

/* Words by which a directive could tell where it stands, or when. */
static bool
is_telling(const char *text)
{
    static const char *const words[] = {"__FILE__", "__LINE__", "__COUNTER__", "__BASE_FILE__",
                                        "__FILE_NAME__", "__INCLUDE_LEVEL__", "__TIMESTAMP__"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (has_word(text, words[i])) {
            return true;
        }
    }
    return false;
}

/* What the directive that was read is; false when it is none of those that can be shared.
 * *depth counts the conditions that are open. */
static bool
classify(const char *text, Directive *directive, uint32_t *depth)
{
    static const char *const opening[] = {"if", "ifdef", "ifndef"};
    static const char *const middle[] = {"elif", "else", "elifdef", "elifndef"};
    const char *word = text + 1;
    size_t length = 0;
    char name[16] = "";

    while (is_word(word[length])) {
        length++;
    }
    if (length >= sizeof(name) || is_telling(text)) {
        return false;
    }
    memcpy(name, word, length);
    if (text_equal(name, "include")) {
        directive->is_include = true;
        return is_plain_include(word + length);
    }
    for (size_t i = 0; i < COUNT_OF(opening); i++) {
        if (text_equal(name, opening[i])) {
            ++*depth;
            return true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(middle); i++) {
        if (text_equal(name, middle[i])) {
            return *depth > 0;
        }
    }
    if (text_equal(name, "endif")) {
        return *depth > 0 && (*depth)-- > 0;
    }
    return text_equal(name, "define") || text_equal(name, "undef");
}

void
preamble_read(Arena *arena, Strings *strings, const char *text, size_t length, LeadingDirectives *out)
{
    Reader reader = {.arena = arena, .strings = strings, .at = text, .start = text,
                     .end = text + length};
    uint32_t depth = 0;

    strbuf_init(&reader.line, arena);
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        reader.at += 3;
    }
    while (skip_space(&reader) && peek(&reader, 0) == '#' && length <= UINT32_MAX) {
        Directive directive = {.is_include = false};

        if (!read_line(&reader) || !classify(reader.line.text, &directive, &depth)) {
            return;
        }
        directive.text = str_intern_n(strings, reader.line.text, reader.line.length);
        directive.is_closed = depth == 0;
        directive.end = (uint32_t)(reader.at - text);
        VEC_PUSH(arena, out, directive);
    }
}

char *
preamble_blank(Arena *arena, const char *text, size_t length, uint32_t end)
{
    char *copy = arena_strndup(arena, text, length);

    for (uint32_t i = 0; i < end && i < length; i++) {
        if (!is_newline(copy[i])) {
            copy[i] = ' ';
        }
    }
    return copy;
}

/* fixture.c: the comments of a fixture -> marks and options.
 *
 * Knows of C only strings and comments.  What it cannot read becomes a complaint,
 * so that a mistyped expectation does not pass for silence.
 */
#include "driver/fixture.h"
#include "engine/rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void
fixture_complain(Fixture *fx, uint32_t line, const char *format, ...)
{
    Complaint complaint = {.line = line};
    va_list args;
    char *text;

    va_start(args, format);
    if (vasprintf(&text, format, args) >= 0) {
        complaint.text = arena_strndup(fx->arena, text, strlen(text));
        free(text);
        VEC_PUSH(fx->arena, &fx->complaints, complaint);
    }
    va_end(args);
}

/* ---- comments --------------------------------------------------------------------- */

static const char *
skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    return at;
}

static bool
accept(const char **at, const char *word)
{
    if (!text_starts(*at, word)) {
        return false;
    }
    *at = skip_blanks(*at + strlen(word));
    return true;
}

static void
read_option(Fixture *fx, uint32_t line, const char *word, const char *value)
{
    if (text_equal(word, "--python")) {
        fx->python = value == NULL ? 0 : version_parse(value);
        if (fx->python == 0) {
            fixture_complain(fx, line, "--python needs a version such as 3.12");
        }
    }
    else if (text_equal(word, "--real-headers")) {
        fx->real_headers = true;
    }
    else if (text_equal(word, "--with-gaps")) {
        fx->with_gaps = true;
    }
    else if (text_starts(word, "--with=")) {
        VEC_PUSH(fx->arena, &fx->with, path_absolute(fx->arena, fx->folder,
                                                     word + strlen("--with=")));
    }
    else if (text_starts(word, "-D")) {
        VEC_PUSH(fx->arena, &fx->flags, word);
    }
    else {
        fixture_complain(fx, line, "unknown fixture option '%s'", word);
    }
}

/* "--python 3.12 -DX": the options of the whole file. */
static void
read_options(Fixture *fx, uint32_t line, const char *at)
{
    char *rest = arena_strndup(fx->arena, at, strlen(at));
    char *save = NULL;

    for (char *word = strtok_r(rest, " \t", &save); word != NULL;
         word = strtok_r(NULL, " \t", &save)) {
        char *value = text_equal(word, "--python") ? strtok_r(NULL, " \t", &save) : NULL;

        read_option(fx, line, word, value);
    }
}

/* The length of "(name)", parentheses inside counted; 0 when it stays open. */
static size_t
parenthesis_length(const char *at)
{
    int depth = 0;

    for (size_t i = 0; at[i] != '\0'; i++) {
        depth += at[i] == '(' ? 1 : at[i] == ')' ? -1 : 0;
        if (depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* "rule" or "rule(name)". */
static bool
read_mark(Fixture *fx, MarkKind kind, uint32_t line, const char **at)
{
    Mark mark = {.kind = kind, .line = line};
    size_t length = 0;

    while (isalnum((unsigned char)(*at)[length]) || (*at)[length] == '-') {
        length++;
    }
    mark.rule = arena_strndup(fx->arena, *at, length);
    if (rule_find(mark.rule) == NULL && !text_equal(mark.rule, "engine")) {
        fixture_complain(fx, line, "expectation names the unknown rule '%s'", mark.rule);
        return false;
    }
    *at += length;
    if (**at == '(') {
        length = parenthesis_length(*at);
        if (length == 0) {
            fixture_complain(fx, line, "expectation without closing parenthesis");
            return false;
        }
        mark.name = arena_strndup(fx->arena, *at + 1, length - 2);
        *at += length;
    }
    *at = skip_blanks(*at);
    VEC_PUSH(fx->arena, &fx->marks, mark);
    return true;
}

/* Takes the word that opens a list of marks. */
static bool
read_mark_kind(const char **at, MarkKind *kind, uint32_t *line)
{
    static const char *const words[] = {"expect", "miss", "false"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t length = strlen(words[i]);
        bool next = text_starts(*at, words[i]) && text_starts(*at + length, "-next:");

        if (next || (text_starts(*at, words[i]) && (*at)[length] == ':')) {
            *kind = (MarkKind)i;
            *line += next;
            *at = skip_blanks(strchr(*at, ':') + 1);
            return true;
        }
    }
    return false;
}

/* One line of a comment: "expect: leak(a), leak(b); miss: leak(c) -- reason". */
static void
read_comment_line(Fixture *fx, uint32_t line, const char *text)
{
    const char *at = skip_blanks(text);
    bool started = false;

    if (accept(&at, "strayref:")) {
        if (*at == '-') { /* else it is for the scan: a suppression */
            read_options(fx, line, at);
        }
        return;
    }
    do {
        uint32_t where = line;
        MarkKind kind;

        if (!read_mark_kind(&at, &kind, &where)) {
            break;
        }
        started = true;
        do {
            if (!read_mark(fx, kind, where, &at)) {
                return;
            }
        } while (accept(&at, ","));
    } while (accept(&at, ";"));
    if (started && *at != '\0' && !text_starts(at, "--")) {
        fixture_complain(fx, line, "after an expectation comes ',' ';' or '-- reason', not '%s'", at);
    }
}

/* The lines of one comment without its delimiters. */
static uint32_t
read_comment(Fixture *fx, uint32_t line, const char *start, const char *end)
{
    while (start < end) {
        const char *stop = memchr(start, '\n', (size_t)(end - start));
        size_t length = (size_t)((stop == NULL ? end : stop) - start);

        while (length > 0 && isspace((unsigned char)start[length - 1])) {
            length--;
        }
        read_comment_line(fx, line, arena_strndup(fx->arena, start, length));
        line += stop != NULL;
        start = stop == NULL ? end : stop + 1;
    }
    return line;
}

/* The end of the string or character literal that starts at 'at'. */
static const char *
literal_end(const char *at)
{
    char quote = *at++;

    while (*at != '\0' && *at != quote && *at != '\n') {
        at += at[0] == '\\' && at[1] != '\0' && at[1] != '\n' ? 2 : 1;
    }
    return *at == quote ? at + 1 : at;
}

void
fixture_read(Fixture *fx, const char *text)
{
    uint32_t line = 1;

    for (const char *at = text; *at != '\0';) {
        if (*at == '"' || *at == '\'') {
            at = literal_end(at);
        }
        else if (text_starts(at, "//")) {
            const char *end = at + strcspn(at, "\n");

            read_comment(fx, line, at + 2, end);
            at = end;
        }
        else if (text_starts(at, "/*")) {
            const char *end = strstr(at + 2, "*/");
            bool closed = end != NULL;

            end = closed ? end : at + strlen(at);
            line = read_comment(fx, line, at + 2, end);
            at = closed ? end + 2 : end;
        }
        else {
            line += *at++ == '\n';
        }
    }
}

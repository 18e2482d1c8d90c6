/* suppress_read.c: the text of a comment -> suppressions, and what is wrong with them. */
#include <ctype.h>
#include <string.h>

#include "driver/driver.h"
#include "driver/suppress.h"
#include "engine/rule.h"

#define OWN_MARK "strayref:"
#define NOLINT "NOLINT"
#define NOLINT_PREFIX "strayref-"

/* Where the reader stands in a comment. */
typedef struct Reader {
    Arena *arena;
    const Comment *comment;
    const char *line;     /* the line at hand, ends with a NUL */
    uint32_t number;      /* of that line in the file */
    uint32_t column;      /* of its first byte, from 1 */
    const char *rest;     /* the lines of the comment after it, or "" */
    Suppressions *out;
} Reader;

bool
suppress_matches(const char *name, const char *id)
{
    for (; *name != '\0'; name++, id++) {
        if (*name == '*') {
            for (;; id++) {
                if (suppress_matches(name + 1, id)) {
                    return true;
                }
                if (*id == '\0') {
                    return false;
                }
            }
        }
        if (*name != *id) {
            return false;
        }
    }
    return *id == '\0';
}

static const char *
skip_space(const char *at)
{
    return at + strspn(at, " \t\r\f\v");
}

/* Without white space at both ends. */
static const char *
trimmed(Arena *arena, const char *text, size_t length)
{
    while (length > 0 && isspace((unsigned char)text[0])) {
        text++;
        length--;
    }
    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        length--;
    }
    return arena_strndup(arena, text, length);
}

static Loc
place_of(const Reader *r, const char *at)
{
    return (Loc){.line = r->number, .col = r->column + (uint32_t)(at - r->line)};
}

static void
problem(Reader *r, const char *at, const char *what, const char *fix)
{
    VEC_PUSH(r->arena, &r->out->problems,
             (SuppressProblem){.loc = place_of(r, at), .what = what, .fix = fix});
}

/* ---- names of rules ----------------------------------------------------------------- */

static bool
is_rule(const char *name)
{
    for (const Rule *const *rule = all_rules; *rule != NULL; rule++) {
        if (suppress_matches(name, (*rule)->info.id)) {
            return true;
        }
    }
    return false;
}

static void
refuse_name(Reader *r, const char *at, const char *name)
{
    const char *near = name_closest(name, rule_names(r->arena));

    problem(r, at, arena_printf(r->arena, "unknown rule '%s'", name),
            near != NULL ? arena_printf(r->arena, "write '%s'", near)
                         : "name a rule that 'strayref rules' lists");
}

/* "a, b" up to 'end' -> names; with a prefix only those that have it, without it. */
static void
read_names(Reader *r, const char *at, const char *end, const char *prefix, Suppression *out)
{
    VEC(SuppressName) names = {0};

    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        const char *name = trimmed(r->arena, at, (size_t)(stop - at));

        if (text_starts(name, prefix) && name[strlen(prefix)] != '\0') {
            SuppressName one = {.rule = name + strlen(prefix)};

            one.known = is_rule(one.rule);
            if (!one.known) {
                refuse_name(r, skip_space(at), one.rule);
            }
            VEC_PUSH(r->arena, &names, one);
        }
        at = stop + 1;
    }
    out->names = names.at;
    out->nnames = names.n;
}

/* ---- one suppression ---------------------------------------------------------------- */

static void
add(Reader *r, const char *at, Suppression *s)
{
    const Comment *c = r->comment;

    s->loc = place_of(r, at);
    s->first = c->line;
    s->last = c->last_line;
    if (s->form == SUPPRESS_NEXT_LINE) {
        s->first = s->last = c->code_line;
    }
    else if (s->form == SUPPRESS_FILE) {
        s->first = 0;
        s->last = UINT32_MAX;
    }
    VEC_PUSH(r->arena, &r->out->all, *s);
}

/* The reason goes on over the following lines of the comment. */
static const char *
read_reason(Reader *r, const char *at)
{
    StrBuf out;

    strbuf_init(&out, r->arena);
    strbuf_puts(&out, trimmed(r->arena, at, strlen(at)));
    for (const char *line = r->rest; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        size_t margin = strspn(line, " \t*");
        const char *more = margin < length ? trimmed(r->arena, line + margin, length - margin) : "";

        if (more[0] != '\0') {
            strbuf_printf(&out, "%s%s", out.length > 0 ? " " : "", more);
        }
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    return out.text;
}

/* What follows the form: "[names] -- reason". */
static void
read_own_tail(Reader *r, const char *start, const char *at, Suppression *s)
{
    const char *close;

    at = skip_space(at);
    if (*at == '[') {
        close = strchr(at, ']');
        if (close == NULL) {
            problem(r, at, "suppression without ']'", "close the list of rules with ']'");
            return;
        }
        read_names(r, at + 1, close, "", s);
        if (s->nnames == 0) {
            problem(r, at, "suppression that names no rule", "name a rule between '[' and ']'");
            return;
        }
        at = skip_space(close + 1);
    }
    if (text_starts(at, "--")) {
        s->reason = read_reason(r, at + 2);
    }
    else if (*at != '\0') {
        problem(r, at, "suppression with words that belong to nothing",
                "write the rules in brackets and the reason after '--'");
        return;
    }
    add(r, start, s);
}

static void
read_own(Reader *r, const char *start)
{
    static const char *const forms[] = {"ignore", "ignore-next-line", "ignore-function",
                                        "ignore-file", NULL};
    const char *at = skip_space(start + strlen(OWN_MARK));
    size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
    const char *word = arena_strndup(r->arena, at, length);
    Suppression s = {.reason = ""};
    const char *near;

    for (uint32_t i = 0; forms[i] != NULL; i++) {
        if (text_equal(forms[i], word)) {
            s.form = (SuppressForm)i;
            read_own_tail(r, start, at + length, &s);
            return;
        }
    }
    near = at[0] == '-' ? NULL : name_closest(word, forms);
    if (near != NULL) {
        problem(r, at, arena_printf(r->arena, "unknown word '%s'", word),
                arena_printf(r->arena, "write '%s'", near));
    }
}

/* NOLINT(strayref-leak): reason */
static void
read_nolint(Reader *r, const char *start)
{
    const char *at = start + strlen(NOLINT), *close;
    Suppression s = {.form = SUPPRESS_LINE, .reason = ""};

    if (text_starts(at, "NEXTLINE")) {
        s.form = SUPPRESS_NEXT_LINE;
        at += strlen("NEXTLINE");
    }
    close = *at == '(' ? strchr(at, ')') : NULL;
    if (close == NULL) {
        return;
    }
    read_names(r, at + 1, close, NOLINT_PREFIX, &s);
    if (s.nnames > 0) {
        close += 1 + strspn(close + 1, " \t:-");
        s.reason = trimmed(r->arena, close, strlen(close));
        add(r, start, &s);
    }
}

/* ---- comments ----------------------------------------------------------------------- */

static void
read_line(Reader *r)
{
    const char *at = r->line + strspn(r->line, " \t*/!<");

    if (text_starts(at, OWN_MARK)) {
        read_own(r, at);
        return;
    }
    for (at = strstr(r->line, NOLINT); at != NULL; at = strstr(at + 1, NOLINT)) {
        if (at == r->line || !isalnum((unsigned char)at[-1])) {
            read_nolint(r, at);
        }
    }
}

void
suppressions_read(Arena *arena, const Comment *comment, Suppressions *out)
{
    const char *text = arena_strndup(arena, comment->text, comment->length);
    const char *end = text + comment->length;
    Reader r = {.arena = arena, .comment = comment, .number = comment->line,
                .column = comment->col + 2, .out = out};

    while (text < end) {
        size_t length = strcspn(text, "\n");

        r.line = arena_strndup(arena, text, length);
        r.rest = text[length] == '\n' ? text + length + 1 : "";
        read_line(&r);
        text += length + 1;
        r.number++;
        r.column = 1;
    }
}

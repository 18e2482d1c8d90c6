/* bodies.c: which bodies of functions differ between two texts of a file. */
#include "lsp/bodies.h"

#include <stdlib.h>
#include <string.h>

/* ---- bodies of a file ------------------------------------------------------------------ */

static int
compare_spans(const void *a, const void *b)
{
    const Span *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

void
bodies_find(Arena *arena, const Bodies *bodies, const char *path, BodyText *out)
{
    uint32_t n = 0;

    out->span = ARENA_ARRAY(arena, Span, bodies->n + 1);
    out->nspan = 0;
    for (uint32_t i = 0; i < bodies->n; i++) {
        const Body *body = &bodies->at[i];

        if (text_equal(body->file, path) && body->end <= out->length) {
            out->span[out->nspan++] = (Span){body->start, body->end};
        }
    }
    if (out->nspan > 1) {
        qsort(out->span, out->nspan, sizeof(Span), compare_spans);
    }
    for (uint32_t i = 0; i < out->nspan; i++) {
        if (n == 0 || out->span[i].start >= out->span[n - 1].end) {
            out->span[n++] = out->span[i];
        }
    }
    out->nspan = n;
}

/* ---- following a change ------------------------------------------------------------- */

bool
bodies_follow(const BodyText *old, const char *text, uint32_t length, Span *spans)
{
    uint32_t shorter = old->length < length ? old->length : length;
    uint32_t first = 0, tail = 0, end;
    int64_t by = (int64_t)length - old->length;

    while (first < shorter && old->text[first] == text[first]) {
        first++;
    }
    while (tail < shorter - first
           && old->text[old->length - 1 - tail] == text[length - 1 - tail]) {
        tail++;
    }
    end = old->length - tail;
    for (uint32_t i = 0; i < old->nspan; i++) {
        Span span = old->span[i];

        if (span.start >= end && (span.start > first || end > first)) {
            spans[i] = (Span){(uint32_t)(span.start + by), (uint32_t)(span.end + by)};
        }
        else if (span.end <= first) {
            spans[i] = span;
        }
        else if (span.start < first && end < span.end) {
            spans[i] = (Span){span.start, (uint32_t)(span.end + by)};
        }
        else if (first == end && by == 0) {
            spans[i] = span; /* nothing has changed */
        }
        else {
            return false;
        }
    }
    return true;
}

/* ---- comparing ------------------------------------------------------------------------ */

static bool
same_text(const BodyText *a, Span x, const BodyText *b, Span y)
{
    return x.end - x.start == y.end - y.start
           && memcmp(a->text + x.start, b->text + y.start, x.end - x.start) == 0;
}

/* The text before body 'i', behind the last one for i == nspan. */
static Span
gap(const BodyText *text, uint32_t i)
{
    return (Span){i > 0 ? text->span[i - 1].end : 0,
                  i < text->nspan ? text->span[i].start : text->length};
}

bool
bodies_same_outside(const BodyText *a, const BodyText *b)
{
    for (uint32_t i = 0; i <= a->nspan; i++) {
        if (!same_text(a, gap(a, i), b, gap(b, i))) {
            return false;
        }
    }
    return true;
}

bool
bodies_same(const BodyText *a, const BodyText *b, uint32_t i)
{
    return same_text(a, a->span[i], b, b->span[i]);
}

/* ---- looking into a body ----------------------------------------------------------------- */

/* Behind the string or character literal that starts at 'at'. */
static uint32_t
skip_literal(const char *text, uint32_t at, uint32_t end)
{
    char quote = text[at++];

    while (at < end && text[at] != quote && text[at] != '\n') {
        at += text[at] == '\\' && at + 1 < end ? 2 : 1;
    }
    return at < end ? at + 1 : end;
}

/* Behind the comment that starts at 'at'; 'at' itself when there is none. */
static uint32_t
skip_comment(const char *text, uint32_t at, uint32_t end)
{
    if (at + 1 >= end || text[at] != '/') {
        return at;
    }
    if (text[at + 1] == '/') {
        while (at < end && (text[at] != '\n' || text[at - 1] == '\\')) {
            at++;
        }
    }
    else if (text[at + 1] == '*') {
        const char *close = memmem(text + at + 2, end - at - 2, "*/", 2);

        return close != NULL ? (uint32_t)(close + 2 - text) : end;
    }
    return at;
}

/* Behind the line, and those that it goes on in. */
static uint32_t
skip_directive(const char *text, uint32_t at, uint32_t end)
{
    while (at < end && (text[at] != '\n' || text[at - 1] == '\\')) {
        uint32_t behind = skip_comment(text, at, end);

        at = behind > at ? behind : at + 1;
    }
    return at;
}

/* What is in a body. */
typedef struct Inside {
    bool balanced;       /* its first brace is closed by its last character, and not before */
    uint64_t directives; /* all lines of the preprocessor as a number; 0: there are none */
    int open;            /* #if without #endif */
    bool lasting;        /* one of them counts for what follows: #define */
} Inside;

/* Notes the directive whose '#' stands at 'at'. */
static void
note_directive(Inside *inside, const char *text, uint32_t at, uint32_t end)
{
    inside->directives = hash_bytes(text + at, end - at, inside->directives + 1);
    do {
        at++;
    } while (at < end && (text[at] == ' ' || text[at] == '\t'));
    if (strncmp(text + at, "if", 2) == 0) {
        inside->open++;
    }
    else if (strncmp(text + at, "endif", 5) == 0) {
        inside->open--;
    }
    else if (strncmp(text + at, "el", 2) != 0) {
        inside->lasting = true;
    }
    inside->lasting = inside->lasting || inside->open < 0;
}

static bool
starts_line(const char *text, uint32_t at)
{
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) {
        at--;
    }
    return at == 0 || text[at - 1] == '\n';
}

static Inside
look_inside(const char *text, Span span)
{
    Inside inside = {0};
    int depth = 0;
    uint32_t at = span.start;

    while (at < span.end) {
        uint32_t behind = skip_comment(text, at, span.end);

        if (behind > at) {
            at = behind;
            continue;
        }
        if (text[at] == '#' && starts_line(text, at)) {
            behind = skip_directive(text, at, span.end);
            note_directive(&inside, text, at, behind);
            at = behind;
            continue;
        }
        if (text[at] == '"' || text[at] == '\'') {
            at = skip_literal(text, at, span.end);
            continue;
        }
        depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
        at++;
        if (depth == 0) {
            break;
        }
    }
    inside.balanced = depth == 0 && at == span.end;
    return inside;
}

static uint32_t
column(const char *text, uint32_t offset)
{
    uint32_t start = offset;

    while (start > 0 && text[start - 1] != '\n') {
        start--;
    }
    return offset - start;
}

/* True when nothing stands behind the offset in its line. */
static bool
ends_line(const BodyText *text, uint32_t offset)
{
    while (offset < text->length && strchr(" \t\r", text->text[offset]) != NULL) {
        offset++;
    }
    return offset >= text->length || text->text[offset] == '\n';
}

bool
bodies_fit(const BodyText *old, const BodyText *now, uint32_t i)
{
    Inside before = look_inside(old->text, old->span[i]);
    Inside after = look_inside(now->text, now->span[i]);

    return before.balanced && after.balanced && before.directives == after.directives
           && (ends_line(now, now->span[i].end)
               || column(old->text, old->span[i].end) == column(now->text, now->span[i].end));
}

/* The last character of the code before 'at', 0 when there is none. */
static char
code_before(const char *text, uint32_t at)
{
    while (at > 0) {
        if (strchr(" \t\r\n", text[at - 1]) != NULL) {
            at--;
        }
        else if (at > 3 && text[at - 1] == '/' && text[at - 2] == '*') {
            at -= 3;
            while (at > 1 && !(text[at - 1] == '*' && text[at - 2] == '/')) {
                at--;
            }
            at = at > 1 ? at - 2 : 0;
        }
        else {
            return text[at - 1];
        }
    }
    return 0;
}

bool
body_is_blankable(const char *text, Span span)
{
    Inside inside = look_inside(text, span);

    return inside.balanced && !inside.lasting && inside.open == 0 && code_before(text, span.start) == ')';
}

void
body_blank(char *text, Span span)
{
    if (!body_is_blankable(text, span)) {
        return;
    }
    for (uint32_t at = span.start; at < span.end; at++) {
        if (text[at] != '\n') {
            text[at] = at == span.start ? ';' : ' ';
        }
    }
}

/* ---- lines --------------------------------------------------------------------------------- */

static uint32_t
count_lines(const char *text, uint32_t from, uint32_t to)
{
    uint32_t n = 0;

    for (const char *at = text + from; (at = memchr(at, '\n', (size_t)(text + to - at))) != NULL;
         at++) {
        n++;
    }
    return n;
}

uint32_t
text_line(const char *text, uint32_t offset)
{
    return 1 + count_lines(text, 0, offset);
}

LineShift *
bodies_shift(Arena *arena, const BodyText *old, const BodyText *now, uint32_t *nshift)
{
    LineShift *shift = ARENA_ARRAY(arena, LineShift, old->nspan + 1);
    uint32_t line = 1, at = 0, n = 0;
    int32_t by = 0;

    for (uint32_t i = 0; i < old->nspan; i++) {
        Span a = old->span[i], b = now->span[i];
        uint32_t before = count_lines(old->text, a.start, a.end);
        uint32_t after = count_lines(now->text, b.start, b.end);

        line += count_lines(old->text, at, a.end);
        at = a.end;
        if (before != after) {
            by += (int32_t)after - (int32_t)before;
            shift[n++] = (LineShift){.from = line, .by = by};
        }
    }
    *nshift = n;
    return shift;
}

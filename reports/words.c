/* words.c: how names, messages, steps and gaps are worded, in all formats alike.
 *
 * Everything that comes from outside (names, messages, paths) passes report_clean or
 * report_lines, so that formats only see UTF-8 without control characters.
 */
#include "reports/report.h"

#include <inttypes.h>
#include <string.h>

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Appends the character at 's' as a screen can show it; returns its bytes. */
static size_t
put_shown(StrBuf *out, const char *s)
{
    size_t length = utf8_printable(s);
    if (length > 0) {
        strbuf_add(out, s, length);
        return length;
    }
    strbuf_puts(out, UTF8_REPLACEMENT);
    return 1;
}

const char *
report_clean(Arena *arena, const char *text)
{
    StrBuf out;
    strbuf_init(&out, arena);
    bool pending = false; /* white space before the next character */
    for (const char *s = text != NULL ? text : ""; *s != '\0';) {
        if (is_space(*s)) {
            pending = out.length > 0;
            s++;
            continue;
        }
        if (pending) {
            strbuf_putc(&out, ' ');
            pending = false;
        }
        s += put_shown(&out, s);
    }
    return out.text;
}

const char *
report_lines(Arena *arena, const char *text)
{
    StrBuf out;
    strbuf_init(&out, arena);
    for (const char *s = text != NULL ? text : ""; *s != '\0';) {
        if (*s == '\n' || *s == '\t') {
            strbuf_putc(&out, *s++);
        }
        else if (s[0] == '\r' && s[1] == '\n') {
            s++;
        }
        else {
            s += put_shown(&out, s);
        }
    }
    return out.text;
}

bool
report_has(const char *text)
{
    return text != NULL && text[strspn(text, " \t\n\v\f\r")] != '\0';
}

const char *
report_capital(Arena *arena, const char *text)
{
    const char *clean = report_clean(arena, text);
    size_t n = strspn(clean, "abcdefghijklmnopqrstuvwxyz");
    if (n == 0 || clean[n] != ' ') {
        return clean; /* a name of C stays as it is */
    }
    char *sentence = arena_strndup(arena, clean, strlen(clean));
    sentence[0] = (char)(sentence[0] - 'a' + 'A');
    return sentence;
}

const char *
report_message(Arena *arena, const Finding *finding)
{
    const char *message = report_clean(arena, finding->message);
    const char *object = report_clean(arena, finding->object);
    if (strstr(message, object) == NULL) {
        message = arena_printf(arena, "%s ('%s')", message, object);
    }
    if (report_has(finding->only_on)) {
        message = arena_printf(arena, "%s (%s only)", message,
                               report_clean(arena, finding->only_on));
    }
    return message;
}

const char *
report_link_word(const RuleInfo *rule)
{
    static const char *const deeds[] = {"leak", "decref", "release"};

    for (size_t i = 0; i < COUNT_OF(deeds); i++) {
        if (text_ends(rule->id, deeds[i])) {
            return " of ";
        }
    }
    return ": ";
}

const char *
report_title(Arena *arena, const Finding *finding)
{
    const char *object = report_clean(arena, finding->object);
    const char *function = report_clean(arena, finding->function);
    bool named = *object != '\0';
    bool placed = *function != '\0';
    return arena_printf(arena, "%s%s%s%s%s%s%s%s", finding->rule->id,
                        named ? report_link_word(finding->rule) : "", named ? "'" : "", object,
                        named ? "'" : "", placed ? " in " : "", function, placed ? "()" : "");
}

const char *
report_step(Arena *arena, const Step *step)
{
    const char *text = report_clean(arena, step->text);
    if (!report_has(step->loc.macro)) {
        return text;
    }
    return arena_printf(arena, "%s (in macro '%s')", text, report_clean(arena, step->loc.macro));
}

const char *
report_step_kind(StepKind kind)
{
    switch (kind) {
    case STEP_MADE:
        return "made";
    case STEP_BRANCH:
        return "branch";
    case STEP_FAILS:
        return "fails";
    case STEP_CHANGE:
        return "change";
    case STEP_LOST:
        break;
    }
    return "lost";
}

const char *
report_gap(Arena *arena, const char *base, const Gap *gap)
{
    const char *path = report_path(arena, base, gap->loc.file);
    if (gap->loc.line > 0) {
        path = arena_printf(arena, "%s:%" PRIu32, path, gap->loc.line);
    }
    if (!report_has(gap->function)) {
        return path;
    }
    return arena_printf(arena, "%s: %s()", path, report_clean(arena, gap->function));
}

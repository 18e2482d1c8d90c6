/* place.c: paths, links and escapes: places of the source in the forms that readers and
 * machines take.
 */
#include "reports/report.h"

#include <inttypes.h>
#include <string.h>

#define PLAIN_CHARS                                                                                \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~"

const char *
report_path(Arena *arena, const char *base, const char *file)
{
    if (file == NULL) {
        return "<unknown>";
    }
    const char *path = base != NULL ? path_relative(arena, base, file) : file;
    const char *clean = report_clean(arena, path);
    return *clean != '\0' ? clean : "<unnamed>"; /* nothing but white space */
}

const char *
report_uri(Arena *arena, const char *path)
{
    StrBuf out;
    strbuf_init(&out, arena);
    for (const char *s = path; *s != '\0'; s++) {
        if (strchr(PLAIN_CHARS, *s) != NULL) {
            strbuf_putc(&out, *s);
        }
        else {
            strbuf_printf(&out, "%%%02X", (unsigned)(unsigned char)*s);
        }
    }
    return out.text;
}

const char *
report_link(Arena *arena, const RunResult *run, const char *link, Loc loc)
{
    if (link == NULL || loc.file == NULL || run->root == NULL ||
        !path_is_below(loc.file, run->root)) {
        return NULL;
    }
    StrBuf out;
    strbuf_init(&out, arena);
    for (const char *s = report_clean(arena, link); *s != '\0';) {
        if (text_starts(s, "{path}")) {
            strbuf_puts(&out, report_uri(arena, path_relative(arena, run->root, loc.file)));
            s += strlen("{path}");
        }
        else if (text_starts(s, "{line}")) {
            strbuf_printf(&out, "%" PRIu32, loc.line);
            s += strlen("{line}");
        }
        else {
            strbuf_putc(&out, *s++);
        }
    }
    return out.text;
}

const char *
report_link_problem(const char *link)
{
    if (!text_starts(link, "https://") && !text_starts(link, "http://")) {
        return "it must begin with https:// or http://";
    }
    if (strstr(link, "{path}") == NULL) {
        return "it must have {path} in it, such as https://host/blob/main/{path}#L{line}";
    }
    return link[strcspn(link, " \t\r\n<>\"'")] != '\0' ? "it must have no spaces, quotes, < or >"
                                                       : NULL;
}

void
report_put_escaped(StrBuf *out, const char *text)
{
    for (const char *s = text; *s != '\0'; s++) {
        switch (*s) {
        case '<':
            strbuf_puts(out, "&lt;");
            break;
        case '>':
            strbuf_puts(out, "&gt;");
            break;
        case '&':
            strbuf_puts(out, "&amp;");
            break;
        case '"':
            strbuf_puts(out, "&quot;");
            break;
        case '\'':
            strbuf_puts(out, "&#39;");
            break;
        default:
            strbuf_putc(out, *s);
        }
    }
}

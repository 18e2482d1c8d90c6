/* page_code.c: excerpts and diffs as HTML, with the marks that the page's script works on.
 *
 * Everything from the source is escaped here, since these elements come out as they are.
 */
#include "reports/tree.h"

#include <inttypes.h>
#include <string.h>

/* ---- C in colours ----------------------------------------------------------------------- */

static bool
is_name_char(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c & 0x80) != 0;
}

static bool
is_keyword(const char *word, size_t length)
{
    static const char *const keywords[] = {
        "auto",   "break",  "case",     "char",   "const",    "continue", "default", "do",
        "double", "else",   "enum",     "extern", "float",    "for",      "goto",    "if",
        "inline", "int",    "long",     "return", "short",    "signed",   "sizeof",  "static",
        "struct", "switch", "typedef",  "union",  "unsigned", "void",     "volatile", "while",
        "NULL",   "size_t", "Py_ssize_t",
    };
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (strlen(keywords[i]) == length && memcmp(keywords[i], word, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Bytes of the literal at 's' with its quotes, up to the end of the line when it is open. */
static size_t
literal_length(const char *s)
{
    size_t n = 1;
    while (s[n] != '\0' && s[n] != s[0]) {
        n += s[n] == '\\' && s[n + 1] != '\0' ? 2 : 1;
    }
    return s[n] == '\0' ? n : n + 1;
}

/* The token at 's': its length, and the class it is shown in ("" for none).  A comment that
 * began on a line above isn't seen. */
static size_t
token_length(const char *s, const char **class_name)
{
    *class_name = "";
    if (*s == '"' || *s == '\'') {
        *class_name = "str";
        return literal_length(s);
    }
    if (s[0] == '/' && s[1] == '/') {
        *class_name = "com";
        return strlen(s);
    }
    if (s[0] == '/' && s[1] == '*') {
        const char *end = strstr(s + 2, "*/");
        *class_name = "com";
        return end != NULL ? (size_t)(end + 2 - s) : strlen(s);
    }
    size_t n = 0;
    while (is_name_char(s[n])) {
        n++;
    }
    if (n > 0) {
        *class_name = is_keyword(s, n) ? "key" : text_starts(s, "Py") || text_starts(s, "_Py")
                                                     ? "api" : "";
        return n;
    }
    return 1;
}

static void
put_c(TreeReport *t, StrBuf *out, const char *line)
{
    for (const char *s = line; *s != '\0';) {
        const char *class_name;
        size_t length = token_length(s, &class_name);
        if (*class_name != '\0') {
            strbuf_printf(out, "<span class=\"%s\">", class_name);
        }
        report_put_escaped(out, arena_strndup(t->arena, s, length));
        if (*class_name != '\0') {
            strbuf_puts(out, "</span>");
        }
        s += length;
    }
}

/* ---- excerpts --------------------------------------------------------------------------- */

/* The number of the file among those of the path, which makes ids unique. */
static uint32_t
file_number(const Finding *finding, const char *file)
{
    uint32_t i = 0;
    while (i < finding->nsteps && !text_equal(finding->steps[i].loc.file, file)) {
        i++;
    }
    return i;
}

const char *
page_line_id(TreeReport *t, const Finding *finding, Loc loc)
{
    return arena_printf(t->arena, "f%" PRIu32 "-%" PRIu32 "-%" PRIu32, finding->number,
                        file_number(finding, loc.file), loc.line);
}

/* Appends the numbers of the steps that are on the line. */
static void
put_step_numbers(StrBuf *out, const Finding *finding, const char *file, uint32_t line)
{
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        if (finding->steps[i].loc.line == line && text_equal(finding->steps[i].loc.file, file)) {
            strbuf_printf(out, "<i>%" PRIu32 "</i>", i + 1);
        }
    }
}

const char *
page_excerpt(TreeReport *t, const Finding *finding, const char *file, const Excerpt *excerpt)
{
    StrBuf out;
    strbuf_init(&out, t->arena);
    strbuf_puts(&out, "<pre tabindex=\"0\"><code>");
    for (uint32_t i = 0; i < excerpt->lines.n; i++) {
        const ExcerptLine *line = &excerpt->lines.at[i];
        if (line->number == 0) {
            strbuf_puts(&out, "<span class=\"gap\">...</span>\n");
            continue;
        }
        if (line->marked) {
            Loc loc = {.file = file, .line = line->number};
            strbuf_printf(&out, "<span class=\"line mark\" id=\"%s\">",
                          page_line_id(t, finding, loc));
        }
        else {
            strbuf_puts(&out, "<span class=\"line\">");
        }
        strbuf_printf(&out, "<span class=\"no\">%*" PRIu32 "</span><em>", excerpt->digits,
                      line->number);
        put_step_numbers(&out, finding, file, line->number);
        strbuf_puts(&out, "</em>");
        put_c(t, &out, line->text);
        strbuf_puts(&out, "</span>\n");
    }
    strbuf_puts(&out, "</code></pre>");
    return out.text;
}

/* ---- diffs ----------------------------------------------------------------------------------- */

static const char *
diff_class(const char *line)
{
    if (text_starts(line, "--- a/") || text_starts(line, "+++ b/")) {
        return "name";
    }
    return *line == '+' ? "add" : *line == '-' ? "del" : *line == '@' ? "hunk" : "same";
}

const char *
page_diff(TreeReport *t, const char *diff)
{
    StrBuf out;
    strbuf_init(&out, t->arena);
    strbuf_puts(&out, "<pre class=\"diff\" tabindex=\"0\"><code>");
    for (const char *line = diff; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *text = arena_strndup(t->arena, line, length);
        strbuf_printf(&out, "<span class=\"%s\">", diff_class(text));
        report_put_escaped(&out, text);
        strbuf_puts(&out, "</span>\n");
        line += length + (line[length] == '\n');
    }
    strbuf_puts(&out, "</code></pre>");
    return out.text;
}

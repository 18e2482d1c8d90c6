/* manual.c: the pages of the manual, written in Markdown, in the language of man(1).
 *
 * cmark renders them; what it has no word for is written by two rules:
 *   - each bullet item is a term, on its first line, and what is said of it;
 *   - "(commands)" alone in a paragraph stands for all commands with their options.
 */
#include "driver/options.h"

#include <cmark.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"

typedef struct Page {
    const char *name;
    int section;
    const char *kind; /* what the section holds */
    const char *text; /* Markdown */
} Page;

static const Page pages[] = {
    {"strayref", 1, "User Commands", page_strayref},
    {"strayref.yaml", 5, "File Formats", page_strayref_yaml},
};

/* ---- the commands, as Markdown -------------------------------------------------------------- */

/* Adds 'text' on one line, with a backslash before whatever Markdown may understand. */
static void
put_text(StrBuf *out, const char *text)
{
    for (const char *at = report_clean(out->arena, text); *at != '\0'; at++) {
        if (ispunct((unsigned char)*at)) {
            strbuf_putc(out, '\\');
        }
        strbuf_putc(out, *at);
    }
}

static void
put_formats(StrBuf *out)
{
    strbuf_puts(out, "how the report is written (default: by the suffix of its file, else text):");
    for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
        strbuf_printf(out, "%s **%s** (", format == report_formats ? "" : ",", format->name);
        put_text(out, format->title);
        strbuf_putc(out, ')');
    }
}

static void
put_option(StrBuf *out, const OptionHelp *option)
{
    strbuf_puts(out, "- ");
    if (option->id < 256) {
        strbuf_printf(out, "**\\-%c**, ", option->id);
    }
    strbuf_puts(out, "**");
    put_text(out, arena_printf(out->arena, "--%s", option->name));
    strbuf_puts(out, "**");
    if (option->arg != NULL) {
        strbuf_puts(out, " *");
        put_text(out, option->arg);
        strbuf_puts(out, "*");
    }
    strbuf_puts(out, "\n  ");
    if (option->help != NULL) {
        put_text(out, option->help);
    }
    else {
        put_formats(out);
    }
    strbuf_putc(out, '\n');
}

/* What --help says of the command besides its options: indented lines stay as they are,
 * the others are prose.  The exit status of a scan has a section of its own. */
static void
put_details(StrBuf *out, const CommandHelp *command)
{
    const char *end = strstr(command->text, EXIT_STATUS_TEXT);
    bool verbatim = false;

    for (const char *at = command->text; *at != '\0' && at != end;) {
        size_t length = strcspn(at, "\n");
        bool indented = at[0] == ' ';

        if (indented != verbatim) {
            strbuf_puts(out, indented ? "\n```\n" : "```\n\n");
            verbatim = indented;
        }
        if (indented) {
            strbuf_add(out, at + 2, length - 2);
        }
        else {
            put_text(out, arena_strndup(out->arena, at, length));
        }
        strbuf_putc(out, '\n');
        at += length + (at[length] == '\n' ? 1 : 0);
    }
    strbuf_puts(out, verbatim ? "```\n\n" : "\n");
}

static void
put_command(StrBuf *out, const CommandHelp *command)
{
    strbuf_printf(out, "## strayref %s ", command->name);
    put_text(out, command->usage);
    strbuf_printf(out, "\n\n%c", toupper((unsigned char)command->summary[0]));
    put_text(out, command->summary + 1);
    strbuf_puts(out, ".\n\n");
    for (const OptionHelp *option = option_help; option->name != NULL; option++) {
        if (option->commands & command->bit) {
            put_option(out, option);
        }
    }
    strbuf_puts(out, "\n");
    put_details(out, command);
}

/* The page's Markdown with all commands in the place of "(commands)". */
static const char *
with_commands(Arena *arena, const char *text)
{
    static const char mark[] = "\n(commands)\n";
    const char *at = strstr(text, mark);
    StrBuf out;

    if (at == NULL) {
        return text;
    }
    strbuf_init(&out, arena);
    strbuf_add(&out, text, (size_t)(at - text) + 1);
    for (const CommandHelp *command = command_help; command->name != NULL; command++) {
        put_command(&out, command);
    }
    strbuf_puts(&out, at + strlen(mark));
    return out.text;
}

/* ---- man ------------------------------------------------------------------------------------------ */

/* What cmark writes, and what it becomes: items are terms, code stands a little to the
 * right wherever it comes, and no formatter has anything to complain about. */
static const struct {
    const char *from;
    const char *to;
} replacements[] = {
    {".IP \\[bu] 2\n", ".TP\n"},
    {".IP\n.nf\n\\f[C]\n", ".PP\n.RS 4\n.nf\n"},
    {"\\f[]\n.fi\n", ".fi\n.RE\n"},
    {"\\f[C]", "\\f[CR]"},
};

/* Bytes of the line at 'at' with its end. */
static size_t
line_length(const char *at)
{
    size_t length = strcspn(at, "\n");

    return length + (at[length] == '\n' ? 1 : 0);
}

/* Adds what stands at 'at', a line or what is replaced; returns what comes after it. */
static const char *
put_line(StrBuf *out, const char *at)
{
    bool heading = text_starts(at, ".SH\n") || text_starts(at, ".SS\n");
    size_t length = line_length(at);

    for (size_t i = 0; i < COUNT_OF(replacements); i++) {
        if (text_starts(at, replacements[i].from)) {
            strbuf_puts(out, replacements[i].to);
            return at + strlen(replacements[i].from);
        }
    }
    length += heading ? line_length(at + length) : 0; /* its words stand on the next line */
    strbuf_add(out, at, length);
    if (heading && text_starts(at + length, ".PP\n")) {
        length += strlen(".PP\n"); /* a heading begins a paragraph as it is */
    }
    return at + length;
}

static const char *
render_page(Arena *arena, const Page *page)
{
    const char *text = with_commands(arena, page->text);
    char *rendered;
    StrBuf out;
    cmark_node *tree = cmark_parse_document(text, strlen(text), CMARK_OPT_DEFAULT);

    strbuf_init(&out, arena);
    strbuf_puts(&out, ".TH ");
    for (const char *at = page->name; *at != '\0'; at++) {
        strbuf_putc(&out, (char)toupper((unsigned char)*at));
    }
    strbuf_printf(&out, " %d \"\" \"strayref %s\" \"%s\"\n", page->section, STRAYREF_VERSION,
                  page->kind);
    rendered = cmark_render_man(tree, CMARK_OPT_DEFAULT, 0);
    for (const char *at = rendered; *at != '\0';) {
        at = put_line(&out, at);
    }
    free(rendered);
    cmark_node_free(tree);
    return out.text;
}

int
command_man(Arena *arena, const Options *options)
{
    const char *name = options->npaths > 0 ? options->paths[0] : pages[0].name;
    Error error;

    for (size_t i = 0; options->npaths < 2 && i < COUNT_OF(pages); i++) {
        if (text_equal(name, pages[i].name)) {
            fputs(render_page(arena, &pages[i]), stdout);
            return EXIT_CLEAN;
        }
    }
    error_set(&error, ERROR_USAGE, "man shows one page: strayref or strayref.yaml");
    return say_error(&error);
}

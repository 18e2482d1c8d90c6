/* html.c: the report tree rendered as HTML by cmark, in one self-contained page.
 *
 * No script, no network; light or dark as the reader's system has it.
 */
#include "reports/report.h"

#include <cmark.h>
#include <stdlib.h>

static const char page_head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n";

static const char page_style[] =
    "<style>\n"
    ":root { --text: #1f2328; --soft: #59636e; --page: #ffffff; --code: #f3f5f7;\n"
    "        --line: #d1d9e0; --link: #0860ca; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  :root { --text: #e6e9ec; --soft: #9ba4ae; --page: #14171b; --code: #1f242a;\n"
    "          --line: #3a424b; --link: #6cb0ff; }\n"
    "}\n"
    "body { margin: 0 auto; max-width: 52rem; padding: 1.5rem 1rem 4rem;\n"
    "       color: var(--text); background: var(--page);\n"
    "       font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }\n"
    "h1, h2, h3, h4 { line-height: 1.25; margin: 2rem 0 .6rem; }\n"
    "h1 { margin-top: 0; }\n"
    "h2 { border-bottom: 1px solid var(--line); padding-bottom: .3rem; margin-top: 3rem; }\n"
    "h3, h4 { font-size: 1.15rem; margin-top: 2.5rem; }\n"
    "h4 { font-size: 1.05rem; margin-top: 2rem; }\n"
    "ol, ul { padding-left: 1.6rem; }\n"
    "li { margin: .2rem 0; }\n"
    "code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; }\n"
    "code { background: var(--code); border-radius: .3rem; padding: .1em .3em;\n"
    "       font-size: .9em; }\n"
    "pre { background: var(--code); border: 1px solid var(--line); border-radius: .4rem;\n"
    "      padding: .7rem .9rem; overflow-x: auto; line-height: 1.4;\n"
    "      overflow-wrap: normal; }\n"
    "pre code { background: none; padding: 0; font-size: .85rem; }\n"
    "a { color: var(--link); }\n"
    "</style>\n";

/* Appends what cmark makes of the node, and frees it. */
static void
put_rendered(StrBuf *out, cmark_node *node)
{
    char *html = cmark_render_html(node, CMARK_OPT_DEFAULT);
    strbuf_puts(out, html);
    free(html);
    cmark_node_free(node);
}

static void
put_title(const RunResult *run, StrBuf *out)
{
    cmark_node *title = cmark_node_new(CMARK_NODE_TEXT);
    const char *name = run->root != NULL ? path_basename(run->root) : "";
    cmark_node_set_literal(title, report_clean(out->arena, name));
    strbuf_puts(out, "<title>strayref: ");
    put_rendered(out, title);
    strbuf_puts(out, "</title>\n");
}

void
report_html(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    (void)options;
    strbuf_puts(out, page_head);
    put_title(run, out);
    strbuf_puts(out, page_style);
    strbuf_puts(out, "</head>\n<body>\n");
    put_rendered(out, report_tree(run));
    strbuf_puts(out, "</body>\n</html>\n");
}

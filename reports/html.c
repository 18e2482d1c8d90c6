/* html.c: the report as one self-contained page: the tree rendered by cmark, between a style
 * (page.css) and a script (page.js).
 *
 * Nothing is loaded from anywhere, and the page forbids it; without scripts all of it can
 * still be read.
 */
#include "reports/report.h"

#include "base/embedded.h"

#include <cmark.h>
#include <stdlib.h>

static const char page_head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\" class=\"no-script\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'\">\n";

static void
put_title(const RunResult *run, StrBuf *out)
{
    const char *name = run->root != NULL ? path_basename(run->root) : "";
    strbuf_puts(out, "<title>strayref: ");
    report_put_escaped(out, report_clean(out->arena, name));
    strbuf_puts(out, "</title>\n");
}

void
report_html(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    cmark_node *tree = report_tree(run, options, true);
    char *body = cmark_render_html(tree, CMARK_OPT_DEFAULT);
    strbuf_puts(out, page_head);
    put_title(run, out);
    strbuf_puts(out, "<style>\n");
    strbuf_puts(out, embedded_page_css);
    strbuf_puts(out, "</style>\n</head>\n<body>\n<main>\n");
    strbuf_puts(out, body);
    strbuf_puts(out, "</main>\n<script>\n");
    strbuf_puts(out, embedded_page_js);
    strbuf_puts(out, "</script>\n</body>\n</html>\n");
    free(body);
    cmark_node_free(tree);
}

/* markdown.c: the report tree rendered as CommonMark by cmark. */
#include "reports/report.h"

#include <cmark.h>
#include <stdlib.h>

void
report_markdown(const RunResult *run, const ReportOptions *options, StrBuf *out)
{
    cmark_node *document = report_tree(run, options, false);
    char *text = cmark_render_commonmark(document, CMARK_OPT_DEFAULT, 0);
    strbuf_puts(out, text);
    free(text);
    cmark_node_free(document);
}

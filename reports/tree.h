/* tree.h: what the files that build the report's tree share (private to reports). */
#ifndef STRAYREF_TREE_H
#define STRAYREF_TREE_H

#include "reports/nodes.h"
#include "reports/report.h"

typedef struct TreeReport {
    Arena *arena; /* for this report only */
    Sources *sources;
    const RunResult *run;
    const ReportOptions *options;
    ReportCounts counts;
    bool page;            /* for HTML: with elements for its style and script */
    cmark_node *document; /* what is appended to */
} TreeReport;

/* ---- tree.c ------------------------------------------------------------------------- */

/* Puts the place as code, "src/pair.c:12", linked when there is a template. */
void tree_put_place(TreeReport *t, cmark_node *parent, Loc loc);
/* 'text' escaped for HTML. */
const char *tree_escaped(TreeReport *t, const char *text);
/* Opens an element on a page: what is appended to the document from now on is in it.
 * Returns what tree_close needs; nothing happens when it is not for a page. */
cmark_node *tree_open(TreeReport *t, const char *open, const char *close);
void tree_close(TreeReport *t, cmark_node *outer);

/* ---- tree_front.c: all that stands before the findings -------------------------------- */

void tree_add_front(TreeReport *t);

/* ---- tree_finding.c --------------------------------------------------------------------- */

/* One finding under a heading of 'level'. */
void tree_add_finding(TreeReport *t, const Finding *finding, int level);

/* ---- page_code.c: code on a page --------------------------------------------------------- */

/* The excerpt as <pre>: lines of the path are linked to the steps that are there; their ids
 * begin with 'prefix'. */
const char *page_excerpt(TreeReport *t, const Finding *finding, const char *file,
                         const Excerpt *excerpt);
/* The id of the line in the excerpt for a step. */
const char *page_line_id(TreeReport *t, const Finding *finding, Loc loc);
/* The diff as <pre>, its lines coloured. */
const char *page_diff(TreeReport *t, const char *diff);

#endif

/* report.h: one run, written in one format.
 *
 * One file per format, registered in reports.def.  Formats see RunResult and
 * nothing behind it.
 */
#ifndef STRAYREF_REPORT_H
#define STRAYREF_REPORT_H

#include "base/base.h"
#include "engine/finding.h"

typedef struct ReportOptions {
    bool color;      /* text: use terminal colours */
    const char *cwd; /* text: paths below it are shown relative to it */
} ReportOptions;

/* Writes the whole report into 'out'. */
typedef void (*ReportFn)(const RunResult *run, const ReportOptions *options, StrBuf *out);

typedef struct ReportFormat {
    const char *name;   /* "markdown" */
    const char *suffix; /* ".md": chosen by --output when --format is not given */
    const char *title;  /* one line for --help */
    ReportFn write;
} ReportFormat;

/* reports.def: each format writes through report_<name>. */
#define REPORT(name, suffix, title)                                                                \
    void report_##name(const RunResult *run, const ReportOptions *options, StrBuf *out);
#include "reports/reports.def"
#undef REPORT

/* ---- formats.c ----------------------------------------------------------------- */

/* All formats, ended by one without a name. */
extern const ReportFormat report_formats[];

/* The format with this name, or NULL. */
const ReportFormat *report_format_find(const char *name);
/* The format for an output file's suffix, or NULL. */
const ReportFormat *report_format_for(const char *path);

/* ---- order.c: what all formats agree on ---------------------------------------- */

/* Sorts the findings into the order of reports (most urgent reach first, then
 * severity, rule, cause and place) and numbers them from 1. */
void report_order(RunResult *run);
/* The last line of a scan: "strayref: 36 files (0 failed), ...; 12 findings". */
const char *report_summary(Arena *arena, const RunResult *run);
/* 'file' as readers see it: relative to 'base' when below it (NULL: as it is). */
const char *report_path(Arena *arena, const char *base, const char *file);
/* 'text' on one line and in valid UTF-8: runs of white space become one space,
 * bytes that no screen can show become U+FFFD.  NULL gives "". */
const char *report_clean(Arena *arena, const char *text);
/* True when the text is there: not NULL and not empty. */
bool report_has(const char *text);
/* What a step says, with the macro it happens in. */
const char *report_step(Arena *arena, const Step *step);
/* Who and where a gap is: "src/pair.c" or "src/pair.c:12: pair()". */
const char *report_gap(Arena *arena, const char *base, const Gap *gap);

/* ---- tree.c: the report as a CommonMark document --------------------------------- */

struct cmark_node;
/* The whole report as a cmark document; the caller frees it with cmark_node_free. */
struct cmark_node *report_tree(const RunResult *run);

/* ---- source.c: lines of source for excerpts ----------------------------------- */

typedef struct Sources Sources;
/* An empty cache of files. */
Sources *sources_new(Arena *arena);
/* Line 'line' (from 1) of 'file' without newline, or NULL.  Owned by the cache. */
const char *source_line(Sources *sources, const char *file, uint32_t line);

/* A line of source as a screen shows it. */
typedef struct SourceView {
    const char *text; /* tabs expanded, valid UTF-8, cut around the caret when long */
    uint32_t caret;   /* columns before the caret */
} SourceView;

/* The line at 'loc' with the caret under its column; false when there is none. */
bool source_view(Sources *sources, Loc loc, SourceView *view);
/* The lines of 'file' that the steps pass, numbered and marked with '>', with
 * some context, "..." for what is left out.  NULL when there are none. */
const char *source_excerpt(Sources *sources, const char *file, const Step *steps, uint32_t nsteps);

/* ---- utf8.c ----------------------------------------------------------------------- */

#define UTF8_REPLACEMENT "\xEF\xBF\xBD"
/* Bytes of the printable character at 's' (UTF-8, NUL-terminated), 0 when there
 * is none: malformed, a control character, or the end. */
size_t utf8_printable(const char *s);

#endif

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
    const char *link; /* markdown, html: "https://host/{path}#L{line}", or NULL */
} ReportOptions;

/* Writes the whole report into 'out'. */
typedef void (*ReportFn)(const RunResult *run, const ReportOptions *options, StrBuf *out);

typedef struct ReportFormat {
    const char *name;   /* "markdown" */
    const char *suffix; /* ".md .markdown": files that can hold it, "" = none by itself; a file
                           is written in the format that is the first to name the longest
                           suffix it has */
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
/* True when the file's suffix is one of the format's. */
bool report_format_fits(const ReportFormat *format, const char *path);

/* ---- order.c: order, numbers and counts ------------------------------------------ */

/* True when the finding counts in the verdict: neither suppressed nor known. */
bool report_counted(const Finding *finding);
/* Sorts the findings into the order of reports (those that count first, then most urgent
 * reach, severity, rule, cause and place) and numbers them from 1. */
void report_order(RunResult *run);

/* What the verdict is made of. */
typedef struct ReportCounts {
    uint32_t findings;             /* those that count; they come first in the run */
    uint32_t by_reach[REACH_COUNT]; /* the same by reach */
    uint32_t suppressed, known;    /* those that don't (suppressed ones aren't counted as known) */
    uint32_t hidden;               /* the sum of nhidden and nunsure */
} ReportCounts;

ReportCounts report_counts(const RunResult *run);
/* The last line of a scan: "strayref: 36 files (0 failed), ...; 12 findings". */
const char *report_closing(Arena *arena, const RunResult *run);
/* "1 file", "2 files". */
const char *report_number_of(Arena *arena, uint32_t n, const char *noun);
/* "No findings", "1 finding", "5 findings". */
const char *report_verdict(Arena *arena, uint32_t findings);
/* The findings below the thresholds: "12 need a failed allocation, 3 a misused protocol ('--reach
 * all' shows them), 4 are less sure (...)"; NULL when there are none. */
const char *report_hidden(Arena *arena, const RunResult *run);
/* "2 suppressed in the source, 3 known from the baseline"; NULL when there are none. */
const char *report_set_aside(Arena *arena, const RunResult *run);
/* Completes "found ...": "on the ordinary path", "only when an allocation fails". */
const char *report_reach_phrase(Reach reach);
/* True for findings of one rule. */
bool report_same_rule(const Finding *a, const Finding *b);
/* The rules that the findings are of, sorted by id, and how many.  A rule may
 * be there as several RuleInfos; its id says which it is. */
const RuleInfo **report_rules(Arena *arena, const RunResult *run, uint32_t *n);
/* For each finding a key that no other of the run has: the fingerprint, with "-2" and so on
 * after it when others before have the same. */
const char **report_keys(Arena *arena, const RunResult *run);

/* ---- words.c: how names, messages, steps and gaps are worded --------------------- */

/* 'text' on one line and in valid UTF-8: runs of white space become one space,
 * bytes that no screen can show become U+FFFD.  NULL gives "". */
const char *report_clean(Arena *arena, const char *text);
/* 'text' in valid UTF-8 with its lines and tabs kept. */
const char *report_lines(Arena *arena, const char *text);
/* 'text' clean, its first word with a capital letter unless it is a name of C. */
const char *report_capital(Arena *arena, const char *text);
/* True when the text is there: not NULL, and more than white space. */
bool report_has(const char *text);
/* What a finding says, clean: the message, which always names the object, and the versions of
 * Python that have it. */
const char *report_message(Arena *arena, const Finding *finding);
/* "leak of 'l' in pair()", clean. */
const char *report_title(Arena *arena, const Finding *finding);
/* What stands between a rule and the object in a title: "leak of 'x'", "null-reference: 'x'". */
const char *report_link_word(const RuleInfo *rule);
/* What a step says, with the macro it happens in. */
const char *report_step(Arena *arena, const Step *step);
/* "made", "branch", "fails", "change", "lost". */
const char *report_step_kind(StepKind kind);
/* Who and where a gap is: "src/pair.c" or "src/pair.c:12: pair()". */
const char *report_gap(Arena *arena, const char *base, const Gap *gap);

/* ---- place.c: paths, links, escapes ------------------------------------------------ */

/* 'file' as readers see it: relative to 'base' when below it (NULL: as it is). */
const char *report_path(Arena *arena, const char *base, const char *file);
/* The bytes of 'path' as part of a URI: everything but letters, digits and "/-._~" encoded. */
const char *report_uri(Arena *arena, const char *path);
/* The link to a place by the template: {path} becomes the path from the project's root,
 * {line} the line.  NULL without a template, and for places outside the project. */
const char *report_link(Arena *arena, const RunResult *run, const char *link, Loc loc);
/* What is wrong with a template, or NULL. */
const char *report_link_problem(const char *link);
/* Appends 'text' with what HTML and XML read as markup escaped. */
void report_put_escaped(StrBuf *out, const char *text);

/* ---- diff.c: patches as text --------------------------------------------------------- */

typedef struct Sources Sources;
/* The patch as a unified diff with paths below the project's root; NULL when the source it
 * changes is not there.  Owned by the sources' arena. */
const char *report_diff(Sources *sources, const RunResult *run, const Patch *patch);

/* ---- ring.c: rings of references as drawings ------------------------------------------ */

/* The text of a Mermaid graph. */
const char *ring_mermaid(Arena *arena, const Ring *ring);
/* The ring in words: "A --field--> B (not visited by ...)", one edge a line. */
const char *ring_words(Arena *arena, const Ring *ring);
/* Appends an <svg> element; 'number' makes the ids in it unique in a page. */
void ring_svg(Arena *arena, const Ring *ring, uint32_t number, StrBuf *out);

/* ---- tree.c: the report as a CommonMark document --------------------------------- */

struct cmark_node;
/* The whole report as a cmark document; the caller frees it with cmark_node_free.  'page':
 * with the elements that the HTML page's style and script work on. */
struct cmark_node *report_tree(const RunResult *run, const ReportOptions *options, bool page);

/* ---- source.c: lines of source for excerpts ----------------------------------- */

/* An empty cache of files. */
Sources *sources_new(Arena *arena);
/* The arena of the cache. */
Arena *sources_arena(const Sources *sources);
/* Line 'line' (from 1) of 'file' without newline, or NULL.  Owned by the cache. */
const char *source_line(Sources *sources, const char *file, uint32_t line);

/* True when 'line' is the last of 'file' and has no line end. */
bool source_is_open(Sources *sources, const char *file, uint32_t line);

/* Where a place begins and its line ends, in characters from 1, the end exclusive. */
typedef struct SourceRegion {
    uint32_t col, end_col;
} SourceRegion;

SourceRegion source_region(Sources *sources, Loc loc);
/* The column 'col' of bytes as a column of characters. */
uint32_t source_column(Sources *sources, const char *file, uint32_t line, uint32_t col);

/* A line of source as a screen shows it. */
typedef struct SourceView {
    const char *text; /* tabs expanded, valid UTF-8, cut around the caret when long */
    uint32_t caret;   /* columns before the caret */
} SourceView;

/* The line at 'loc' with the caret under its column; false when there is none. */
bool source_view(Sources *sources, Loc loc, SourceView *view);
/* The whole line as a screen shows it, or NULL. */
const char *source_shown(Sources *sources, const char *file, uint32_t line);

/* ---- excerpt.c: the lines of a path ------------------------------------------------- */

typedef struct ExcerptLine {
    uint32_t number; /* 0: lines are left out here */
    bool marked;     /* the path passes it */
    const char *text;
} ExcerptLine;

typedef struct Excerpt {
    VEC(ExcerptLine) lines;
    int digits; /* of the highest number */
} Excerpt;

/* The lines of 'file' that the steps pass, with some context; empty when none exists. */
Excerpt source_excerpt(Sources *sources, const char *file, const Step *steps, uint32_t nsteps);
/* The excerpt as text: lines numbered, those of the path marked with '>', "..." for what
 * is left out. */
const char *excerpt_text(Arena *arena, const Excerpt *excerpt);

/* ---- utf8.c ----------------------------------------------------------------------- */

#define UTF8_REPLACEMENT "\xEF\xBF\xBD"
/* Bytes of the printable character at 's' (UTF-8, NUL-terminated), 0 when there
 * is none: malformed, a control character, or the end. */
size_t utf8_printable(const char *s);

#endif

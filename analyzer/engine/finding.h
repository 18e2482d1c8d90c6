/* finding.h: what a scan found, as reports see it.
 *
 * Plain values, no engine and no IR behind them; all strings live as long as
 * the RunResult's arena.
 */
#ifndef STRAYREF_FINDING_H
#define STRAYREF_FINDING_H

#include "base/base.h"

typedef enum Severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE } Severity;
typedef enum Precision { PRECISION_VERY_HIGH, PRECISION_HIGH, PRECISION_MEDIUM, PRECISION_LOW } Precision;

/* How a path is reached, most urgent first. */
typedef enum Reach {
    REACH_ORDINARY, /* on the ordinary path */
    REACH_ERROR,    /* only after a call failed */
    REACH_INIT,     /* once per process: module initialisation */
    REACH_OOM,      /* only when an allocation fails */
    REACH_PROTOCOL, /* only when Python's protocols are used in unusual ways: tp_init never
                       or twice, an attribute deleted, a keyword argument left out */
    REACH_COUNT
} Reach;

/* How a finding was concluded. */
typedef enum Confidence {
    CONFIDENCE_HIGH,   /* all callees on the path are known by facts or whole summaries */
    CONFIDENCE_MEDIUM, /* a callee's summary was joined or cut, or a convention was assumed */
    CONFIDENCE_LOW,    /* an unknown callee or an uncertain alias stands on the path */
    CONFIDENCE_COUNT
} Confidence;

/* What every rule says of itself. */
typedef struct RuleInfo {
    const char *id;       /* "leak" */
    const char *title;    /* "Reference leak", for headings */
    const char *summary;  /* one sentence */
    Severity severity;
    Precision precision;
    int cwe;              /* CWE number, 0 = none */
    const char *page;     /* the Markdown page (rules/<id>.md), embedded */
    bool on_request;      /* told of when asked for, and in modules that say they need no GIL */
} RuleInfo;

typedef enum StepKind {
    STEP_MADE,     /* the object comes into being, or the reference is taken */
    STEP_BRANCH,   /* a condition decides the path */
    STEP_FAILS,    /* a call fails here */
    STEP_CHANGE,   /* ownership changes: stolen, released, stored */
    STEP_LOST,     /* the defect shows: the last step */
} StepKind;

/* One step of the story, in order. */
typedef struct Step {
    Loc loc;
    StepKind kind;
    const char *text; /* "new reference from PyList_New, held by 'l'" */
} Step;

/* A change of source text: what stands from line:col up to end_line:end_col (from 1, bytes,
 * end exclusive) becomes 'text'. */
typedef struct Edit {
    const char *file;
    uint32_t line, col, end_line, end_col;
    const char *text;
} Edit;

/* Edits that mend a finding: applied in memory, analysed again, and seen to work. */
typedef struct Patch {
    const char *title; /* "release 'item' before the return" */
    Edit *edits;       /* in the order of the source, not overlapping */
    uint32_t nedits;
} Patch;

/* One edge of a ring of references: 'from' keeps 'to' alive through 'field'. */
typedef struct RingEdge {
    const char *from, *field, *to; /* "NodeObject", "next", "NodeObject" */
    Loc store;                     /* where the reference is stored */
    const char *broken;            /* what the collector is not told, "not visited by
                                      node_traverse"; NULL when the edge keeps its promise */
} RingEdge;

/* Objects that keep each other alive; the last edge leads back to the first class. */
typedef struct Ring {
    RingEdge *edges;
    uint32_t nedges;
} Ring;

typedef struct Finding Finding;
struct Finding {
    const RuleInfo *rule;
    Loc loc;                 /* where the author changes something */
    const char *function;    /* name */
    const char *object;      /* variable or expression that names the object, "" if none */
    const char *message;     /* one sentence without final stop */
    const char *fact;        /* ownership fact used, as text, or NULL */
    const char *fact_doc;    /* its manual section, or NULL */
    const char *fix;         /* what to change, in words, one sentence */
    Reach reach;
    Confidence confidence;
    Step *steps;             /* at least one; the last is STEP_LOST at 'loc' */
    uint32_t nsteps;
    const char *fingerprint; /* stable id, 16 hex digits, no line numbers in it */
    const char *cause;       /* findings with equal cause belong in one group */
    uint32_t number;         /* running number through the whole report, from 1 */
    const Ring *ring;        /* rules about cycles: the ring, else NULL */
    const Patch *patch;      /* verified fix, or NULL */
    const char *only_on;     /* "Python 3.9, 3.13" when not all that were asked for, else NULL */
    const char *suppressed;  /* in the source, and why ("" without a reason); NULL: it is not */
    bool known;              /* it is in the baseline */
    Finding *const *others; /* that this one stands for: one change mends all */
    uint32_t nothers;
};

/* Something that was not analysed, and why. */
typedef struct Gap {
    Loc loc;              /* of the function, or line 0 for a whole file */
    const char *function; /* NULL for a file */
    const char *why;
} Gap;

typedef struct RunResult {
    Arena *arena;
    const char *root;           /* project root: paths are shown relative to it */
    Finding **findings;         /* sorted, numbered */
    uint32_t nfindings;
    uint32_t nhidden[REACH_COUNT]; /* found, sure enough, but below the threshold of reach */
    uint32_t nunsure[REACH_COUNT]; /* found, but below the threshold of confidence */
    uint32_t nfiles, nfailed;   /* translation units */
    uint32_t nfunctions, nanalysed, ndamaged, ngaveup; /* nfunctions is the sum of the others */
    uint32_t npartial;          /* of the analysed: with a construct that was not lowered */
    Gap *gaps;                  /* failed files, damaged, given-up and partial functions */
    uint32_t ngaps;
    const char **notes;         /* for the user: flags guessed and so on */
    uint32_t nnotes;
    const char *version;        /* of strayref */
    const char *python;         /* "3.11", version the facts were chosen for */
    const char *clang;          /* "19.1.7" */
} RunResult;

/* "ordinary path", "error path", "once per process", "allocation failure", "protocol". */
const char *reach_text(Reach reach);
/* One word for options and machine formats: "ordinary", "error", "init", "oom", "protocol". */
const char *reach_word(Reach reach);
/* "high", "medium", "low". */
const char *confidence_text(Confidence confidence);
/* "error", "warning", "note". */
const char *severity_text(Severity severity);
/* "very-high", "high", "medium", "low". */
const char *precision_text(Precision precision);

#endif

/* driver.h: the command line, the pipeline, and the processes around it.
 *
 * The top layer: it alone knows all others.
 */
#ifndef STRAYREF_DRIVER_H
#define STRAYREF_DRIVER_H

#include <signal.h>

#include "capture/capture.h"
#include "engine/engine.h"
#include "reports/report.h"

typedef enum ExitCode {
    EXIT_CLEAN = 0,      /* nothing found */
    EXIT_FINDINGS = 1,   /* findings */
    EXIT_USAGE = 2,      /* usage or configuration error */
    EXIT_INCOMPLETE = 3, /* some input could not be analysed, and no findings */
} ExitCode;

/* What a configuration file may set: for each the place where its value comes from. */
typedef enum Setting {
    SETTING_DATABASE,
    SETTING_PATHS,
    SETTING_SKIP,
    SETTING_SKIP_GENERATED,
    SETTING_RULES,
    SETTING_PROFILE,
    SETTING_REACH,
    SETTING_CONFIDENCE,
    SETTING_FAIL_ON,
    SETTING_REQUIRE_REASON,
    SETTING_BASELINE,
    SETTING_MODELS,
    SETTING_PYTHON,
    SETTING_LINK,
    SETTING_COUNT
} Setting;

/* A rule that the configuration file turns off or gives another level. */
typedef struct RuleLevel {
    const char *id;
    int level; /* a Severity, or LEVEL_OFF */
} RuleLevel;
#define LEVEL_OFF (-1)

/* ---- options.c ------------------------------------------------------------- */

/* The command line of any subcommand, after parsing. */
typedef struct Options {
    const char *command;       /* "scan", "verify", "dump", "explain", "rules", "facts" */
    const char *database;      /* -p DIR or file, NULL = look for it */
    const char **paths;        /* PATH..., as given */
    uint32_t npaths;
    const char **flags;        /* after "--"; has_flags even when empty */
    uint32_t nflags;
    bool has_flags;
    const char *format;        /* --format NAME, NULL = by suffix of output, else text */
    const char **outputs;      /* --output FILE or FORMAT=FILE; empty = standard output */
    uint32_t noutputs;
    const char *summary;       /* --summary FILE, or NULL */
    const char *link;          /* --link TEMPLATE, or NULL */
    const char **rules;        /* --rule ID...: only these; empty = all */
    uint32_t nrules;
    const char **models;       /* --model FILE: facts of the user */
    uint32_t nmodels;
    Version python;            /* --python VERSION; 0 = that of the headers */
    const Version *pythons;    /* --python 3.9,3.13: all of them, the first is 'python' */
    uint32_t npythons;
    uint32_t workers;          /* -j N; 0 = number of cores, bounded by memory */
    uint32_t timeout;          /* seconds a file may take to parse; default 120 */
    bool no_overlay;           /* --no-overlay */
    bool no_preamble;          /* --no-preamble */
    const char *dump;          /* dump: "ir", "cfg" or "summary" */
    bool unknown;              /* facts --unknown: the callees that nobody knows */
    bool bless;                /* verify --bless: rewrite expectations */
    bool verbose;
    bool quiet;                /* what was said of files and notes is not said again */
    const char *color;         /* auto, always, never */
    const char **excluded;     /* --exclude-rule ID... */
    uint32_t nexcluded;
    const char *profile;       /* --profile NAME, NULL = default */
    int reach;                 /* --reach WORD: a Reach, -1 = that of the profile */
    int confidence;            /* --confidence WORD: a Confidence, -1 = that of the profile */
    const char **fail_on;      /* --fail-on SPEC...; empty = any finding */
    uint32_t nfail_on;
    bool require_reason;       /* --require-reason: of suppressions in the source */
    const char *baseline;      /* --baseline FILE, or NULL */
    const char *base;          /* --base REF: a revision of git, or NULL */
    const struct Rebase *rebase; /* the tree is read in another place (gate.h), or NULL */
    const char *diff;          /* --diff FILE, "-" is standard input, or NULL */
    const char *config;        /* --config FILE, NULL = look for it */
    bool no_config;            /* --no-config */
    const char **only;         /* configuration file: scan only what is below these ... */
    uint32_t nonly;
    const char **skip;         /* ... and nothing that one of these patterns matches */
    uint32_t nskip;
    const char *config_root;   /* the folder that these are relative to, or NULL */
    bool keep_generated;       /* scan generated and vendored files as well */
    const RuleLevel *levels;
    uint32_t nlevels;
    bool fixes;                /* scan --fixes: look for fixes that hold */
    bool stats;                /* scan --stats: tell what the stages cost */
    bool dry_run;              /* fix --dry-run: show them, write nothing */
    const char *cache;         /* --cache DIR; NULL = beside the database */
    bool no_cache;             /* --no-cache */
    const char *store;         /* --store DIR, or NULL */
    EngineShare share;         /* --shard, --round */
    const char *scheduler;     /* plan: "ninja" or "slurm" */
    uint32_t tasks;            /* plan --tasks N */
    void (*on_progress)(void *payload, uint32_t done, uint32_t total); /* files; may be NULL */
    void *progress_payload;
    const char *source[SETTING_COUNT]; /* "command line", "FILE:LINE"; NULL = default */
} Options;

/* Parses the command line.  False with 'error' set (code USAGE) when it is
 * wrong.  '--help' and '--version' print and set *done. */
bool options_parse(Arena *arena, int argc, char **argv, Options *options, bool *done, Error *error);

/* ---- names.c ---------------------------------------------------------------------- */

/* The one of 'names' (ended by NULL) that 'word' was probably meant to be, or NULL. */
const char *name_closest(const char *word, const char *const *names);
/* " (did you mean X?)" for that name, "" when none is close. */
const char *name_hint(Arena *arena, const char *word, const char *const *names);
/* "text, markdown, html" */
const char *name_list(Arena *arena, const char *const *names);
/* The ids of all rules, ended by NULL; and whether this is one. */
bool rule_known(const char *id);
const char *const *rule_names(Arena *arena);

/* ---- progress.c: what goes to standard error --------------------------------- */

/* One line "strayref: ..." on standard error. */
void say(const char *format, ...) PRINTF_LIKE(1, 2);
/* Says the error; returns the exit code for it. */
int say_error(const Error *error);
/* 'path' as the user would write it: relative to the current directory. */
const char *path_shown(Arena *arena, const char *path);

/* Terminal colours on standard output: as asked for with --color, else on a
 * terminal unless NO_COLOR is set. */
bool color_wanted(const Options *options);

/* A line on the terminal that shows how far the run is; nothing elsewhere. */
typedef struct Progress {
    bool on;
    const Jobs *jobs;
} Progress;

void progress_start(Progress *progress, const Options *options, const Jobs *jobs);
/* A ProgressFn; the payload is the Progress. */
void progress_files(void *payload, uint32_t done, uint32_t total);
/* Shows what happens after the files. */
void progress_phase(const Progress *progress, const char *what);
/* Takes the line away. */
void progress_end(Progress *progress);

/* ---- scan.c: the pipeline ---------------------------------------------------- */

/* Which files are read but not reported on. */
typedef struct SkipRules {
    const char *const *only, *const *skip, *const *paths; /* as in Options */
    uint32_t nonly, nskip, npaths;
    const char *root;            /* that 'only' and 'skip' are relative to; NULL: the scan's */
    const struct Rebase *rebase;
    bool keep_generated;
    bool named_only;             /* what lies below none of 'paths' does not count */
} SkipRules;

/* A file that was asked about, and why it is skipped (NULL: it is not). */
typedef struct SkippedFile {
    const char *file, *why;
} SkippedFile;

/* Which findings fixes are looked for. */
typedef struct FixChoice {
    const char *path;
    const char *rule;     /* NULL: any */
    uint32_t first, last; /* lines; last 0: any */
} FixChoice;

/* ---- stats.c: what the stages of a scan cost ---------------------------------------- */

typedef struct StageCost {
    const char *name;
    double own, others; /* seconds of CPU in this process, and in its children */
} StageCost;

typedef struct Stats {
    StageCost stage[8];
    uint32_t n;
    double own, others; /* up to the last stage */
} Stats;

/* A stage is done: what was spent since the one before, or since the process began, is its. */
void stats_stage(Stats *stats, const char *name);
/* Says what they have cost, in their order. */
void stats_tell(const Stats *stats);

/* Everything one scan makes. */
typedef struct Scan {
    Arena *arena;
    Strings *strings;
    Model *model;
    Jobs jobs;
    bool quiet;         /* as in Options */
    const char *database; /* that was used, or NULL */
    int interrupted;    /* the signal that ended it early, or 0 */
    Stats stats;
    bool replayed;      /* the result is that of an earlier scan: no units, no program */
    bool whole;         /* replayed: all input was analysed ... */
    Words read;         /* ... and these are the files that were read */
    VEC(const char *) told; /* what was said of files and notes */
    bool cache_failed;  /* it was said that the cache cannot be used */
    bool named_only;      /* some jobs are there for a file only that they include */
    SkipRules skip;
    Map *skipped;       /* interned file -> SkippedFile * */
    VEC(Gap) gaps;      /* inputs that never became a job, and why */
    Unit **units;       /* one per job */
    Program *program;
    EngineResult engine;
    RunResult result;
    VEC(Finding *) hidden; /* below the thresholds of reach or confidence, with those known */
    VEC(const Finding *) wrong_comments; /* meant to be suppressions, and none */
    const EditedFile *edited; /* files that are other than on the disk */
    uint32_t nedited;
    const FixChoice *choice;  /* of findings to be mended, NULL: all */
} Scan;

/* The text of a file as the scan is to see it: edited, else from the disk.  As file_read. */
char *scan_read(const Scan *scan, Arena *arena, const char *path, size_t *length, Error *error);

/* The first half, up to the units: for what needs no analysis.  False with
 * 'error' set when it cannot even start. */
bool scan_capture(Arena *arena, const Options *options, Scan *scan, Error *error);

/* The second half up to the summaries of the functions in options->share. */
void scan_follow(Scan *scan, const Options *options);

/* Runs the pipeline: jobs, capture in worker processes, link, analyse, collect
 * into scan->result.  False with 'error' set when it cannot even start. */
bool scan_run(Arena *arena, const Options *options, Scan *scan, Error *error);

/* scan_run in steps, for what keeps a scan and changes it.  A new scan->model, from the facts;
 * then, after program and engine are there, the findings that the user wants, in scan->result. */
bool scan_model(Scan *scan, const Options *options, Error *error);
void scan_engine(Scan *scan, const Options *options); /* scan->program -> scan->engine */
bool scan_judge(Scan *scan, const Options *options, Error *error);
/* The result as reports show it: what a macro repeats is one finding. */
RunResult scan_shown(const Scan *scan);

/* The same for all versions of --python (scan_versions), and then what the user wants of the
 * findings: suppressions, rules and thresholds, baseline, changed lines. */
bool scan_gated(Arena *arena, const Options *options, Scan *scan, Error *error);

#define INCLUDES_MOST 16
/* includes.c: marks up to INCLUDES_MOST jobs of the scan that read 'file' (an absolute path) by
 * #include, directly or not, as far as their text tells; gives their number. */
uint32_t includes_find(Scan *scan, const char *file, bool *reading);

/* skip.c: sets the scan's rules. */
void skip_start(Scan *scan, const Options *options);
/* True when the unit is no part of what is scanned; one that is read for a header is. */
bool skip_unit(const Scan *scan, const Unit *unit);
/* Why the functions of the file do not count, NULL when they do. */
const char *skip_reason(const Scan *scan, const char *file);
/* Notes how many files are skipped because they were generated or vendored. */
void skip_note(Scan *scan);
/* False with 'error' set when the 'paths' of the configuration file match nothing that was
 * read. */
bool skip_check(const Scan *scan, const Options *options, Error *error);

/* config.c: fills in what the command line leaves open from --config or the nearest
 * .strayref.yaml.  False with 'error' set when that file is wrong. */
bool config_apply(Arena *arena, Options *options, Error *error);

/* What the findings of a gated scan make of the exit code: those that --fail-on means and that
 * are neither suppressed nor known, and comments for strayref that are wrong. */
int scan_exit_code(const Scan *scan, const Options *options);
/* True when all files that count were read without an error and all functions analysed. */
bool scan_is_whole(const Scan *scan);

/* True for files whose functions count: those of the project, and those that the user
 * or the database names, unless they are skipped. */
bool scan_in_scope(const Scan *scan, const char *file);

/* suppress.c: marks the findings that comments in the source suppress, adds the findings
 * about such comments; 'aloud' says what is wrong with them. */
void suppress_apply(Scan *scan, bool require_reason, bool aloud);

/* select.c: takes out the findings of rules that are not wanted, and those below the
 * thresholds of reach and confidence, which go to scan->hidden; gives rules their levels. */
void select_apply(Scan *scan, const Options *options);
/* Counts scan->hidden for reports, what a macro repeats once, as it would be shown. */
void select_count(Scan *scan, const Options *options);
/* True when the finding makes the scan fail. */
bool select_fails(const Options *options, const Finding *finding);
/* What --reach takes for the last of its words. */
#define REACH_ALL "all"
/* Number of the word in the list (of reach_word, confidence_text, severity_text), or -1; REACH_ALL
 * is a reach as well. */
int reach_parse(const char *word);
int confidence_parse(const char *word);
int severity_parse(const char *word);
/* False with 'error' set when it is no profile, or no condition of --fail-on; 'where'
 * stands before the message. */
bool profile_check(Arena *arena, const char *where, const char *name, Error *error);
bool fail_on_check(Arena *arena, const char *where, const char *spec, Error *error);

/* annotated.c: gives the model what the declarations of the linked program say about
 * themselves; what is wrong with them becomes notes. */
void annotations_apply(Scan *scan);
/* After the analysis: what bodies do otherwise than annotations say becomes notes. */
void annotations_compare(Scan *scan);

/* versions.c: the same for each version of --python; the findings are one list, and
 * say which versions have them where not all do. */
bool scan_versions(Arena *arena, const Options *options, Scan *scan, Error *error);

/* fix.c: looks for a fix of each finding that makes it go away and brings nothing new; gives
 * it to the finding as its patch. */
void fixes_attach(Arena *arena, const Options *options, Scan *scan);
/* fix.c: the text of scan->choice->path with all fixes that go together; NULL when there are none. */
const char *fixes_text(Arena *arena, const Options *options, const Scan *scan, size_t *length);

/* output.c: false with 'error' set when what is wanted where is not clear: better known
 * before the scan. */
bool outputs_check(Arena *arena, const Options *options, Error *error);
/* After the scan: false with 'error' set when the file that 'option' wants written is one that
 * the scan has read; for the reports, when one of theirs is. */
bool output_is_safe(const Scan *scan, const char *option, const char *path, Error *error);
bool outputs_are_safe(const Scan *scan, const Options *options, Error *error);
/* Writes all reports.  One whose place refuses it goes elsewhere, and a message says where;
 * then the result is false. */
bool outputs_write(Arena *arena, const Options *options, const RunResult *run);

/* jobs.c: fills scan->jobs and scan->gaps from the database, the paths and the
 * flags of the command line.  False with 'error' set when there is nothing to do. */
bool scan_find_jobs(Scan *scan, const Options *options, Error *error);
/* What is said when no Python.h was found. */
#define PYTHON_H_REMEDY                                                            \
    "install Python's headers (Debian, Ubuntu: apt install python3-dev; Fedora: "  \
    "dnf install python3-devel) or add their folder with -I"

/* ---- worker.c ----------------------------------------------------------------- */

/* As many workers as processors, memory permitting, or as asked for, and not more than tasks. */
uint32_t workers_wanted(const Options *options, uint32_t ntasks);

/* ---- interrupt.c ---- */

typedef struct Interrupt {
    int fd; /* has something to read when somebody asks to end; -1 when that can't be told */
    sigset_t awaited, before;
} Interrupt;

/* From now on SIGINT and SIGTERM, unless they are ignored, wait to be asked for. */
Interrupt interrupt_watch(void);
/* They end the process again; the signal that came meanwhile, or 0. */
int interrupt_end(Interrupt *watch);

/* Captures all jobs in up to 'workers' child processes, so that a crash or
 * hang of libclang costs only the file at hand; results in the order of the jobs,
 * never NULL (a failed unit says why).  Those that 'known' has are not captured again.
 * 'on_progress' (may be NULL) is told done / total.  The signal that ended it early, when
 * somebody interrupted: the units that were not ready have failed; else 0. */
typedef void (*ProgressFn)(void *payload, uint32_t done, uint32_t total);
struct UnitCache; /* cache.h */
int capture_all(Arena *arena, Strings *strings, const Jobs *jobs, const char *overlay,
                 const Options *options, struct UnitCache *known, ProgressFn on_progress,
                 void *payload, Unit **units);

/* ---- subcommands ----------------------------------------------------------------- */

int command_scan(Arena *arena, const Options *options);    /* scan.c */
int command_fix(Arena *arena, const Options *options);     /* fix.c: applies verified fixes */
int command_baseline(Arena *arena, const Options *options); /* baseline.c: baseline write */
int command_config(Arena *arena, const Options *options);  /* config_show.c: what is in force */
int command_verify(Arena *arena, const Options *options);  /* verify.c: fixtures' expectations */
int command_dump(Arena *arena, const Options *options);    /* dump.c: --ir, --cfg, --summary */
int command_explain(Arena *arena, const Options *options); /* explain.c: a rule's page in the terminal */
int command_rules(Arena *arena, const Options *options);   /* explain.c: the list of rules */
int command_classes(Arena *arena, const Options *options); /* classes.c: the table of extension types */
int command_facts(Arena *arena, const Options *options);   /* facts.c: what is known of a function; facts check */
int command_completion(Arena *arena, const Options *options); /* completion.c: scripts for shells */
int command_capture(Arena *arena, const Options *options); /* stages.c: the units of a shard */
int command_analyze(Arena *arena, const Options *options); /* stages.c: the functions of a shard */
int command_merge(Arena *arena, const Options *options);   /* stages.c: what a scan reports */
int command_plan(Arena *arena, const Options *options);    /* plan.c: all of these for a scheduler */
int command_cache(Arena *arena, const Options *options);   /* cache_command.c: info, prune */
int command_man(Arena *arena, const Options *options);     /* manual.c: the manual, for man */

/* facts_check.c: reads all facts, built-in and of --model, compares them with each
 * other and with the headers of Python, prints what is wrong and a closing line.
 * False when something is wrong; false with 'error' set when it cannot be checked. */
bool facts_check(Arena *arena, const Options *options, Error *error);

/* facts_unknown.c: prints the callees of the project (as for a scan) that take or
 * return objects and that nobody knows, most called first, and their share of all
 * such calls.  Returns the exit code. */
int facts_unknown(Arena *arena, const Options *options);

/* facts_headers.c: compares the parameters and results of the built-in facts with the
 * headers of Python (those of the flags, else of the installed one), prints what does
 * not fit and adds it to *nproblems.  False with 'error' set when it cannot. */
bool facts_compare(Arena *arena, Strings *strings, const Options *options,
                   uint32_t *nproblems, Error *error);

/* facts_cover.c: looks for public names of the headers in 'folder' (with Python.h in
 * it) that 'model' has no fact for, and the list of internals no line, and for
 * facts about what is not there; prints each and the count, and adds to
 * *nproblems.  False with 'error' set when the headers
 * cannot be read. */
bool facts_cover(Arena *arena, Strings *strings, const Model *model, const char *folder,
                 uint32_t *nproblems, Error *error);

#endif

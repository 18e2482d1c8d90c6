/* fix.h: verified fixes: edits of the source that make a finding go away (private to the
 * driver).
 *
 * fix_source.c and fix_shape.c read source as tokens and statements; the fix_*.c of
 * the rules propose changes; fix_check.c analyses the changed source; fix_try.c finds out
 * which proposal holds; fix_work.c does it file by file in child processes.
 */
#ifndef STRAYREF_FIX_H
#define STRAYREF_FIX_H

#include "driver/driver.h"

/* ---- fix_source.c: the text of a file as tokens ---------------------------------- */

typedef enum TokenKind {
    TOKEN_NAME,      /* identifiers and keywords */
    TOKEN_LITERAL,   /* numbers, strings, characters */
    TOKEN_SIGN,      /* one character of punctuation */
    TOKEN_DIRECTIVE, /* a whole line of the preprocessor */
} TokenKind;

typedef struct Token {
    uint32_t start, end; /* offsets into the text */
    TokenKind kind;
} Token;

typedef struct Source {
    Arena *arena;
    const char *path;
    const char *text;    /* NUL-terminated */
    uint32_t length;
    VEC(uint32_t) lines; /* offset at which each line starts */
    VEC(Token) tokens;   /* without comments */
    const char *newline; /* "\n" or "\r\n" */
    const char *unit;    /* one step of indentation */
    bool own_line_brace; /* "if (x)" and "{" stand on two lines */
    bool own_line_else;  /* "}" and "else" do */
    bool in_macro;       /* the tokens are a macro's: its lines go on behind a backslash */
} Source;

/* 'text' as tokens; it must live as long as the result, which 'arena' owns. */
Source *source_new(Arena *arena, const char *path, const char *text, size_t length);
/* The same text, of which each #if ... #endif has one part only: that with 'focus' in it, or
 * the most likely one. */
const Source *source_focus(const Source *source, uint32_t focus);
/* The same text, with the tokens of a macro's definition between two offsets only. */
const Source *source_macro(const Source *source, uint32_t start, uint32_t end);
/* True for #if, #elif, #else, #endif at token 't'. */
bool source_conditional(const Source *source, uint32_t t);
/* The offset of a place (both from 1); the text's length when it has no such place. */
uint32_t source_offset(const Source *source, uint32_t line, uint32_t col);
/* The place of an offset. */
void source_place(const Source *source, uint32_t offset, uint32_t *line, uint32_t *col);
/* The first token that ends behind 'offset'; tokens.n when there is none. */
uint32_t source_token(const Source *source, uint32_t offset);
/* True when token 't' exists and reads 'word'. */
bool token_is(const Source *source, uint32_t t, const char *word);
/* The text from the start of token 'first' to the end of token 'last'; owned by the arena. */
char *token_text(const Source *source, uint32_t first, uint32_t last);
/* The partner of the bracket at token 't' ("(", "[" or "{"), searched before token 'end';
 * 'end' when it is missing. */
uint32_t token_partner(const Source *source, uint32_t t, uint32_t end);
/* True when the name stands as a token in first..last. */
bool tokens_mention(const Source *source, uint32_t first, uint32_t last, const char *name);
/* The white space at the start of the line that holds 'offset'. */
char *source_indent(const Source *source, uint32_t offset);
/* True when only white space stands before 'offset' in its line. */
bool source_starts_line(const Source *source, uint32_t offset);
/* The end of the line that holds 'offset': where its line break stands, or the backslash and
 * the space before it in a macro. */
uint32_t source_line_end(const Source *source, uint32_t offset);

/* ---- fix_shape.c: the statements of a function -------------------------------------- */

typedef enum StmtKind {
    STMT_SIMPLE, /* up to the semicolon; declarations too */
    STMT_BLOCK,
    STMT_IF,
    STMT_LOOP,   /* while, for, do */
    STMT_SWITCH,
    STMT_LABEL,  /* "name:", "case 1:", "default:" */
} StmtKind;

#define NO_STMT UINT32_MAX

typedef struct Stmt {
    StmtKind kind;
    uint32_t first, last;      /* tokens */
    uint32_t parent;           /* statement, NO_STMT for the function's body */
    uint32_t open, close;      /* IF, LOOP, SWITCH: parentheses of the condition */
    uint32_t body, other;      /* IF, LOOP, SWITCH: statements; 'other' is that of else */
} Stmt;

/* A function's definition. */
typedef struct Shape {
    const Source *source;
    const char *name;
    uint32_t first;            /* token: where the definition starts */
    uint32_t name_token;
    uint32_t open, close;      /* tokens: braces of the body */
    VEC(Stmt) stmts;           /* the body is the first; parents before their parts */
} Shape;

/* The function whose definition (from its type on) holds 'offset', or NULL when there is none or its text
 * cannot be made out. */
Shape *shape_at(const Source *source, uint32_t offset);
/* All tokens of 'source' as the body of a function; NULL when they cannot be made out. */
Shape *shape_of_body(const Source *source, const char *name);
/* The innermost statement that holds token 't'. */
uint32_t shape_stmt(const Shape *shape, uint32_t t);
/* The statement before / after 's' in the same block, NO_STMT at its ends. */
uint32_t stmt_before(const Shape *shape, uint32_t s);
uint32_t stmt_after(const Shape *shape, uint32_t s);
/* True when 's' is the body of if, else or a loop, without braces. */
bool stmt_is_bare(const Shape *shape, uint32_t s);
/* The innermost loop around 's', or NO_STMT. */
uint32_t stmt_loop(const Shape *shape, uint32_t s);
/* The first token of 's' reads 'word'. */
bool stmt_starts(const Shape *shape, uint32_t s, const char *word);
/* True for return, goto, break and continue, and what ends a function by a macro
 * (Py_RETURN_NONE). */
bool stmt_leaves(const Shape *shape, uint32_t s);
/* True for a declaration, as far as text can tell. */
bool stmt_declares(const Shape *shape, uint32_t s);
/* True when 's' is a call of one of the functions (names ended by NULL) whose first
 * argument ends with 'operand' ("(PyObject *)x" for "x"); *argument (may be NULL) gets that
 * argument's text. */
bool stmt_calls(const Shape *shape, uint32_t s, const char *const *names, const char *operand,
                const char **argument);
/* The functions and macros that release a reference. */
extern const char *const release_names[];

/* A call in the text. */
typedef struct Call {
    uint32_t name, open, close; /* tokens */
    uint32_t narg;
    uint32_t arg[16][2];        /* first and last token of each argument */
} Call;
/* Takes apart the call whose name is token 't'; false when there is none. */
bool call_at(const Source *source, uint32_t t, Call *call);
/* The text of an argument without parentheses and casts around it, and its tokens. */
const char *strip_casts(const Source *source, uint32_t first, uint32_t last,
                        uint32_t *kept_first, uint32_t *kept_last);
/* A name for a new variable, declared before or within statement 's', that nothing around
 * it uses yet. */
const char *shape_fresh(const Shape *shape, uint32_t s);
/* The function's result type as written ("PyObject *"). */
const char *shape_result(const Shape *shape);
/* True when variable 'name' certainly has a value wherever statement 's' is reached:
 * it is a parameter, has an initialiser, or is assigned before in a block around. */
bool shape_is_set(const Shape *shape, const char *name, uint32_t s);
/* True for a parameter that the function nowhere asks whether it is NULL. */
bool shape_trusts(const Shape *shape, const char *name);
/* The token of the variable's name in its declaration without an initialiser, tokens.n
 * when there is none. */
uint32_t shape_declared(const Shape *shape, const char *name);

/* ---- fix_edit.c: changes of a text --------------------------------------------------- */

/* Replaces the bytes start..end. */
typedef struct Change {
    uint32_t start, end;
    const char *text;
    const char *probe;    /* put into it to ask whether it may meet NULL, or NULL */
    uint32_t probe_at;    /* ... so many bytes from the start of 'text' */
    const char *nullable; /* the text to use if it may; NULL: no other */
    const char *leave;    /* a statement of 'text' by which the function is left, or NULL: what
                           * is held there has to be released before it */
    const char *first_text; /* as it was proposed; set by changes_add */
    uint32_t landed, landed_end; /* where it stands in the changed text; set by changes_apply */
} Change;

typedef struct Changes {
    VEC(Change) list; /* sorted by start, not overlapping */
} Changes;

/* Adds a change; false when it overlaps one that is there, or does the same. */
bool changes_add(Arena *arena, Changes *changes, Change change);
/* Adds all of 'more', or none and false. */
bool changes_merge(Arena *arena, Changes *changes, const Changes *more);
/* The changed text; with 'probing' the probes stand in it. */
char *changes_apply(Arena *arena, const Source *source, Changes *changes, bool probing,
                    size_t *length);
/* The offset in the old text for one in the changed text. */
uint32_t changes_back(const Changes *changes, uint32_t offset);
/* The changes as the edits of a patch. */
Patch *changes_patch(Arena *arena, const Source *source, const Changes *changes,
                     const char *title);

/* ---- proposals ------------------------------------------------------------------------- */

/* What a proposal is made for. */
typedef struct FixCase {
    Arena *arena;
    const Source *source;   /* the text to change */
    const Finding *finding; /* its places are those of 'source' */
    Version python;         /* oldest Python to serve; 0: unknown */
    Shape *shape;           /* the function around the finding's place */
    uint32_t offset;        /* of that place */
    uint32_t token, stmt;   /* what stands there */
} FixCase;

/* What is proposed. */
typedef struct Proposal {
    Changes changes;
    const char *title; /* "release 'item' before the return" */
    const char *macro; /* whose definition is changed, NULL: the function */
} Proposal;

/* One way to mend a finding; false when it does not apply. */
typedef bool (*FixWay)(FixCase *fix, Proposal *out);
/* Prepares 'fix' (arena, source, finding and python are set); false when the finding's
 * place cannot be changed. */
bool fix_open(FixCase *fix);
/* True when a comment beside a step says that it is meant so. */
bool fix_is_meant(const FixCase *fix);
/* The ways that may mend a rule's findings, in the order in which they are tried, ended
 * by NULL. */
const FixWay *fix_ways(const char *rule);

/* Helpers of the fix_*.c. */

/* How the author would name the object in a release: "x", "(PyObject *)x", "&Type"; NULL
 * when it has no name. */
const char *fix_operand(const FixCase *fix);
/* The variable's plain name when the operand is one, else NULL. */
const char *fix_variable(const FixCase *fix);
/* The last step of which 'kind' and a part of the text are given, or NULL. */
const Step *fix_step(const FixCase *fix, StepKind kind, const char *part);
/* The statement at a step, NO_STMT when it is elsewhere. */
uint32_t fix_step_stmt(const FixCase *fix, const Step *step);
/* Puts "Py_DECREF(operand);" (or Py_XDECREF, decided by a probe) before statement 's',
 * with braces where they are needed. */
bool fix_release_before(FixCase *fix, Proposal *out, uint32_t s, const char *operand);
/* Puts a change of that kind before 's'; takes care that the variable has a value there. */
bool fix_change_before(FixCase *fix, Proposal *out, uint32_t s, Change change);
/* Puts statements, one a line, before 's' / before the closing brace of block 's' / behind
 * 's'.  'probe' and 'nullable' as in Change, may be NULL. */
bool fix_put_before(FixCase *fix, Proposal *out, uint32_t s, Change lines);
bool fix_put_at_end(FixCase *fix, Proposal *out, uint32_t block, Change lines);
bool fix_put_behind(FixCase *fix, Proposal *out, uint32_t s, const char *line);
bool fix_put_change_behind(FixCase *fix, Proposal *out, uint32_t s, Change change);
/* Replaces statement 's' by several, in braces when it is the body of if, else or a loop. */
bool fix_replace_by_several(FixCase *fix, Proposal *out, uint32_t s, Change change);
/* Where 's' is "if (y) { ...; Py_DECREF(operand); }" without else, adds an else that releases
 * the operand. */
bool fix_put_else(FixCase *fix, Proposal *out, uint32_t s, const char *operand);
/* Takes statement 's' out, with its line if nothing else stands on it. */
bool fix_remove(FixCase *fix, Proposal *out, uint32_t s, const char *probe);
/* Replaces statement 's'; each line of the text is indented like it. */
bool fix_replace(FixCase *fix, Proposal *out, uint32_t s, const char *text);
bool fix_replace_probing(FixCase *fix, Proposal *out, uint32_t s, Change change);
/* Probes: whether the operand may be NULL; that, and whether the function owns it for sure;
 * and whether all is known of who owns it. */
const char *fix_probe_null(const FixCase *fix, const char *operand);
const char *fix_probe(const FixCase *fix, const char *operand);
const char *fix_probe_known(const FixCase *fix, const char *operand);
/* How the function is left before statement 's' when something fails: by the label to which
 * it goes before that, or by its failure value; NULL when that is not certain.  fix_null.c */
const char *fix_leave_by_goto(const FixCase *fix, uint32_t s);
const char *fix_leave_by_return(const FixCase *fix);
/* A Change that takes a reference: Py_INCREF, with a probe that makes it Py_XINCREF; no
 * probe for a parameter that the function never compares with NULL. */
Change fix_retain(const FixCase *fix, const char *operand);
/* Tokens first..last for use in such a text: their own line breaks are kept as they are. */
char *fix_quote(const FixCase *fix, uint32_t first, uint32_t last);
/* 'text' with the file's line breaks, the lines behind the first one indented. */
char *fix_lines(const FixCase *fix, const char *text, const char *indent);
/* A Change that releases the operand: Py_DECREF, with a probe that makes it Py_XDECREF. */
Change fix_release(const FixCase *fix, const char *operand);

/* The ways, by rule: ended by NULL. */
extern const FixWay fix_leak_ways[];     /* fix_leak.c, fix_unnamed.c, fix_module.c */
extern const FixWay fix_release_ways[];  /* fix_excess.c: double-decref */
extern const FixWay fix_stolen_ways[];   /* fix_excess.c */
extern const FixWay fix_use_ways[];      /* fix_excess.c */
extern const FixWay fix_borrowed_ways[]; /* fix_excess.c */
extern const FixWay fix_store_ways[];    /* fix_excess.c */
extern const FixWay fix_overwrite_ways[]; /* fix_leak.c: overwrite-owned */
extern const FixWay fix_null_ways[];     /* fix_null.c: null-reference */
extern const FixWay fix_visit_ways[];    /* fix_gc.c: a field for tp_traverse */
extern const FixWay fix_clear_ways[];    /* fix_gc.c: a field for tp_clear, tp_dealloc */
extern const FixWay fix_memory_ways[];   /* fix_memory.c: memory-leak */
/* "return f(x);" -> "T value = f(x); Py_DECREF(x); return value;" (fix_leak.c) */
bool fix_release_after_result(FixCase *fix, Proposal *out);
/* fix_macro.c: the same within the macro that the finding stands in */
bool fix_macro_before_exit(FixCase *fix, Proposal *out);
bool fix_macro_before_first_exit(FixCase *fix, Proposal *out);
bool fix_macro_otherwise(FixCase *fix, Proposal *out);
bool fix_macro_at_end(FixCase *fix, Proposal *out);
/* fix_unnamed.c */
bool fix_leak_ignored(FixCase *fix, Proposal *out);
bool fix_leak_argument(FixCase *fix, Proposal *out);
bool fix_leak_argument_goto(FixCase *fix, Proposal *out);
bool fix_leak_argument_return(FixCase *fix, Proposal *out);
/* fix_format.c: a text that is printed with %s */
bool fix_null_printed(FixCase *fix, Proposal *out);
/* fix_module.c */
bool fix_leak_module_ref(FixCase *fix, Proposal *out);
bool fix_leak_module_check(FixCase *fix, Proposal *out);

/* ---- fix_check.c: what the analysis says of a changed text ------------------------------- */

/* What all runs of one child have in common. */
typedef struct FixLab {
    Arena *arena;
    const Scan *scan;      /* of the files as they are on the disk */
    const char *overlay;   /* as for capture_unit, may be NULL */
    const char *path;      /* of the file that is changed */
    const uint32_t *jobs;  /* numbers of the jobs whose units include it */
    uint32_t njobs;
} FixLab;

/* What is looked at in one run. */
typedef struct FixText {
    const char *text;
    size_t length;
    const char *const *functions; /* names of those to analyse again; NULL: all of the file */
    uint32_t nfunctions;
} FixText;

typedef struct FixRun {
    VEC(const Message *) errors;  /* of the parser, that the file on the disk does not have */
    const Finding **findings;     /* in the functions analysed, of all rules */
    uint32_t nfindings;
    const Program *program;
    const bool *analysed;         /* by function of the program */
} FixRun;

/* Analyses the changed text together with the rest of the program; false when the units
 * cannot be captured at all. */
bool fix_analyse(const FixLab *lab, const FixText *text, FixRun *out);
/* True when the finding stands in a function that the run has analysed. */
bool fix_run_covers(const FixRun *run, const Finding *finding);

/* ---- fix_known.c: findings before and after ------------------------------------------------ */

/* A finding of the text at hand. */
typedef struct Known {
    const Finding *finding;  /* its places are those of the text at hand */
    uint32_t origin;         /* index in the scan's result; UINT32_MAX: not one of these */
    bool given_up;           /* no way mends it */
    bool tried_again;        /* ... nor after another of its function was mended */
    bool matched;            /* used by known_match */
} Known;

typedef struct KnownList {
    VEC(Known) list;
} KnownList;

/* The findings of the scan. */
void known_init(Arena *arena, KnownList *known, const Scan *scan);
/* Forgets what known_match found so far. */
void known_start(KnownList *known);
/* The finding (places as in the text at hand) among the known ones, each once; NO_STMT when it
 * is new.  'but' is not looked at. */
uint32_t known_match(KnownList *known, const Finding *finding, uint32_t but);
/* True when 'now' is what is left of 'target': the same object goes astray elsewhere, or
 * one of those that the finding mentions. */
bool known_remains(const Finding *target, const Finding *now);
/* A copy of the finding with the places of the old text. */
Finding *known_back(Arena *arena, const Finding *finding, const Source *changed,
                    const Source *old, const Changes *changes);

/* ---- fix_try.c: finding a proposal that holds ------------------------------------------------ */

typedef enum AttemptState { ATTEMPT_OPEN, ATTEMPT_HOLDS, ATTEMPT_FAILED } AttemptState;

/* The attempt to mend one finding. */
typedef struct Attempt {
    uint32_t target;      /* index into the known findings */
    const char *function; /* its name in the text */
    uint32_t first, last; /* offsets of its definition */
    uint32_t way;
    Changes changes;
    const char *title;
    const char *macro;    /* whose definition is changed, NULL: the function */
    const char *why;      /* what was wrong with the last proposal */
    AttemptState state;
    /* of one run */
    const Finding *trouble, *left;
    const char *doubt;    /* what a probe has found out */
    bool altered;
} Attempt;

/* A text, what is known of it, and what is tried. */
typedef struct Bench {
    FixLab lab;
    Source *source;
    KnownList known;
    Version python;
    bool together;        /* fixes are made one upon the other */
    /* what the last confirmed run of all attempts found, for attempts_keep */
    const FixRun *kept;
    Source *kept_text;
    Changes kept_changes;
} Bench;

/* Prepares an attempt; false (with 'why' set) when no way applies. */
bool attempt_open(Bench *bench, Attempt *attempt, uint32_t target);
/* Tries attempts in different functions together until each holds or has failed. */
void attempts_run(Bench *bench, Attempt *attempts, uint32_t n);
/* fix_keep.c: makes the changes of the attempts that hold the bench's text, and looks at it again. */
bool attempts_keep(Bench *bench, Attempt *attempts, uint32_t n);

/* fix_exit.c: when 'trouble' says that an object leaks at an exit that one of the changes makes,
 * the object is released there; false when it says something else. */
bool exit_release(const Bench *bench, Changes *changes, const Finding *trouble);

/* ---- fix_work.c: all files ------------------------------------------------------------------- */

/* What became of one finding. */
typedef struct Fixed {
    const Patch *patch;   /* NULL when it is not mended, or only the file's text is wanted */
    const char *title;    /* NULL: not mended */
    const char *why;      /* why not */
} Fixed;

/* What became of one file. */
typedef struct FixedFile {
    const char *path;
    const char *before;   /* its text */
    size_t before_length;
    const char *after;    /* with all fixes that go together; NULL: none */
    size_t after_length;
} FixedFile;

typedef struct Fixes {
    Fixed *fixed;         /* by finding of the scan's result */
    VEC(FixedFile) files;
} Fixes;

/* Looks for fixes of the scan's findings, each file in a child process.  With 'together'
 * the fixes of a file are made one upon the other, and its text is given; else each finding
 * gets a patch of its own. */
void fixes_find(Arena *arena, const Options *options, const Scan *scan, bool together,
                Fixes *out);

/* fix_diff.c: the difference of two texts in the unified format, under a name. */
void diff_print(StrBuf *out, const char *name, const char *before, const char *after);

#endif

/* model.h: what functions do to references: facts, summaries and their text.
 *
 * A built-in fact, a user's fact and a computed summary are the same Summary,
 * read by facts_read.c and printed by facts_print.c.  See rules/api/README.md
 * for the language.  Knows nothing of paths and states.
 */
#ifndef STRAYREF_MODEL_H
#define STRAYREF_MODEL_H

#include "base/base.h"
#include "ir/ir.h"

/* A Python version as major * 100 + minor: 3.11 is 311.  0 = no bound. */
typedef uint16_t Version;

/* "3.11" -> 311; 0 when the text is no version. */
Version version_parse(const char *text);
/* 311 -> "3.11", owned by the arena. */
const char *version_text(Arena *arena, Version version);

/* ---- one outcome of a call --------------------------------------------------- */

typedef enum ResultKind {
    RESULT_VOID,     /* nothing */
    RESULT_ANY,      /* nothing is known */
    RESULT_NEW,      /* a new reference, not NULL: the caller owns it */
    RESULT_SHARED,   /* the same, to an object that others hold as well (a module, a context) */
    RESULT_BORROWED, /* a reference, not NULL, kept alive by parameter 'from' (-1: by something that lives on) */
    RESULT_SAME,     /* parameter 'from' itself */
    RESULT_NULL,     /* the null pointer */
    RESULT_INT,      /* an integer in lo..hi */
    RESULT_PTR,      /* a non-NULL pointer that is no object; 'from' >= 0: into memory of that parameter */
    RESULT_FIELD,    /* what field 'path' of the memory that parameter 'from' points to holds */
} ResultKind;

typedef struct Result {
    ResultKind kind;
    int8_t from;    /* parameter index or -1 */
    int64_t lo, hi; /* RESULT_INT, inclusive; INT64_MIN / INT64_MAX = open */
    Str path;       /* RESULT_FIELD: "field" or "a.b" */
    Str record;     /* RESULT_FIELD: tag of the record the last field is in, NULL when not known */
} Result;

typedef enum EffectKind {
    EFFECT_STEAL,   /* the callee takes over one reference of the caller */
    EFFECT_RELEASE, /* the callee drops one reference (Py_DECREF): may destroy the object here and now */
    EFFECT_RETAIN,  /* the callee adds one reference for the caller (Py_INCREF) */
    EFFECT_KEEP,    /* the callee takes a reference of its own: 'result.from' >= 0 says which parameter
                       holds it from now on, -1: nobody in particular, KEEPER_OBJECT:
                       some object, so that nobody has a place to release it from */
    EFFECT_ESCAPE,  /* anything may happen to it: ownership is unknown from here on */
    EFFECT_OUT,     /* *param becomes 'result'; the old value is forgotten without release */
    EFFECT_RESET,   /* *param becomes 'result'; the old value (may be NULL) is released */
    EFFECT_FREE,    /* memory is given back, without regard to reference counts */
    EFFECT_FINISH,  /* a buffer or writer is finished: what was borrowed from it dies */
    EFFECT_FILL,    /* what it points to holds memory of the callee's family, until it is finished */
} EffectKind;

/* One thing that happens to a parameter in one outcome.  A parameter without
 * effect is borrowed for the call. */
typedef struct Effect {
    EffectKind kind;
    uint8_t param;  /* index; PARAM_REST = each of the variadic arguments */
    Str path;       /* NULL: the parameter itself (OUT, RESET: what it points to);
                       else a field path below what it points to: "field" or "a.b" */
    Result result;  /* OUT, RESET, KEEP */
} Effect;

#define KEEPER_OBJECT (-2)
#define PARAM_REST 255
#define PARAM_MAX 32

typedef enum ErrorEffect {
    ERR_SAME,    /* the exception state stays as it was */
    ERR_RAISES,  /* an exception is set */
    ERR_NOMEM,   /* an exception is set, and only because memory ran out */
    ERR_CLEARS,  /* any exception is gone */
    ERR_UNKNOWN, /* may be either */
} ErrorEffect;

typedef enum Guard {
    GUARD_ANY,
    GUARD_NULL,    /* NULL or zero on entry */
    GUARD_NOTNULL, /* not NULL, not zero on entry */
    GUARD_HELD_NULL,    /* a pointer to what is NULL on entry */
    GUARD_HELD_NOTNULL, /* a pointer to what is not NULL on entry */
    GUARD_UNCACHED, /* no constant whose object Python always has: -5 to 256, "" */
    GUARD_NEGATIVE, /* a number below zero */
    GUARD_NOTNEGATIVE,
    GUARD_POSITIVE, /* above zero */
} Guard;

/* Kinds of objects, one bit each: see kinds.c. */
typedef uint32_t Kinds;

typedef enum Asked { ASKED_NOTHING, ASKED_CLEAR, ASKED_SET } Asked;

/* Where a function leaves its callers with an exception that its result does not tell of, or
 * reports a failure without one. */
typedef struct Fault {
    const struct Fault *next; /* another one with the same outcome */
    Str fn, usr;         /* the function */
    bool gives_object;   /* its result is one */
    Loc at;              /* where it returns */
    Loc cause;           /* the call or the condition behind it; line 0: nobody knows */
    const char *culprit; /* the callee of that call, "" if there is none */
    bool unread;         /* ... whose result nobody looks at: it may have failed */
    bool nomem;          /* ... which can only run out of memory */
    bool memory;         /* ... which gave no memory, and sets no exception */
    bool misused;        /* ... which fails only when misused */
    bool tristate;       /* ... whose answer is yes, no, or a failure */
    bool plain;          /* ... and fails only for objects of types of the user's: there are none */
    bool missing;        /* a failure without an exception; else an exception is left */
    bool ambiguous;      /* callers cannot know: the result is also that of other outcomes */
} Fault;

typedef struct Case {
    Result ret;
    ErrorEffect err;
    bool misused;             /* comes only from an argument of the wrong kind or range */
    Effect *effect;
    uint32_t neffect;
    bool silent;              /* computed: a failure that the result alone tells of */
    uint8_t asked;            /* Asked, computed: only when none, or one, was set on entry */
    const Fault *fault;       /* computed: who is to blame when 'err' does not fit, or NULL */
    uint8_t guard[PARAM_MAX]; /* Guard per parameter: the case applies only then */
    const Kinds *unlike; /* per parameter: ... and not to arguments of these kinds; NULL: to all */
} Case;

/* ---- one function --------------------------------------------------------------- */

typedef enum ParamKind {
    PARAM_OBJ,  /* an object (default) */
    PARAM_OBJP, /* the address of an object variable; in a macro: the variable itself */
    PARAM_INT, PARAM_STR, PARAM_PTR,
} ParamKind;

typedef struct Param {
    Str name;
    ParamKind kind;
    bool nullable; /* NULL is accepted ("x?") */
    const Instr *used; /* computed: where it is used without a test for NULL, or NULL */
    const Instr *left; /* computed: a failure that leaves memory alone which success takes over */
    bool refused;  /* NULL is refused with an exception, not with a crash ("x~") */
} Param;

/* What a function does with an argument after it has run code that may take it away. */
typedef struct Crossing {
    const Instr *at;   /* the use; NULL: none */
    const Instr *call; /* what runs the code */
    uint8_t chance;    /* 1 low to 3 high */
} Crossing;

typedef enum Origin { /* in order of trust, strongest last */
    ORIGIN_BUILTIN,
    ORIGIN_COMPUTED,
    ORIGIN_ANNOTATION,
    ORIGIN_USER,
} Origin;

typedef enum FormatKind {
    FORMAT_NONE,
    FORMAT_PARSE, /* PyArg_ParseTuple: '&' arguments are filled, borrowed */
    FORMAT_BUILD, /* Py_BuildValue: 'N' steals, 'O' keeps */
} FormatKind;

typedef struct Summary {
    Str name;          /* function, or ".field" for a call through that field */
    Param *param;
    uint8_t nparam;
    bool variadic;
    Case *cases;
    uint32_t ncases;
    bool is_macro;     /* part of the overlay */
    bool calls;        /* may run arbitrary Python code */
    bool nogil;        /* may be called without the GIL */
    bool noreturn;
    bool pure;         /* same arguments, same result, no effect (type checks) */
    bool lvalue;       /* of a macro: used where an address is taken */
    bool opens, closes; /* of a macro: opens a block that another one closes */
    bool writes;       /* may change memory outside that its arguments do not name */
    bool counts;       /* may change numbers in global variables, and nothing else of that kind */
    bool partial;      /* computed, and some path was cut: missing cases are possible */
    uint8_t runs;      /* computed: how likely it runs such code, 0 never to 3 */
    bool lends;        /* computed: may give an object whose last known reference it released */
    int8_t runs_by;    /* ... parameter + 1 when only its methods run; else 0 or -1 */
    const Instr *runs_at; /* ... and where */
    Crossing *crossed; /* computed: by parameter; or NULL */
    FormatKind format;
    int8_t format_param; /* index of the format string */
    Str alloc;         /* family of memory it hands out or takes back ("mem", "object", "gc"), or NULL */
    Str gives;         /* its object results are of this kind ("PyLong"), or NULL */
    Str ctype;         /* macro: C type of the result when the outcomes do not say it ("char *"), or NULL */
    Version since, until; /* since <= python < until; 0 = open */
    Origin origin;
    Str doc;           /* manual section ("c-api/list"), or NULL */
    Str text;          /* the fact as one line, for reports; NULL for computed ones until printed */
} Summary;

/* What a global of the C-API is. */
typedef struct GlobalFact {
    Str name;            /* "_Py_NoneStruct", or a prefix ending in '*' */
    bool immortal;       /* its count never matters ... */
    Version immortal_since; /* ... from this version on (0: always) */
    Str doc;
} GlobalFact;

/* ---- model.c: all that is known ---------------------------------------------------- */

typedef struct Model Model;

/* A model for one Python version ('python' 0: unbounded), holding the built-in
 * facts that apply to it.  NULL with 'error' set when the built-in facts do
 * not parse (our bug, caught by a test). */
Model *model_new(Arena *arena, Strings *strings, Version python, Error *error);

Version model_python(const Model *model);

/* Adds the facts in 'text' (a user's file called 'name').  Lines that are wrong
 * are reported to 'on_error' and skipped; the rest counts. */
typedef void (*FactErrorFn)(void *payload, const char *message);
void model_add_text(Model *model, const char *name, const char *text, Origin origin,
                    FactErrorFn on_error, void *payload);

/* Reads the annotations of a declaration (__attribute__((annotate("strayref:...")))),
 * if it has any.  Where the program has no body for the function they become a fact;
 * else they correct its computed summary.  What is wrong with them is told to
 * 'on_error' ("file:line:col: ...; expected ...") and left out. */
void model_annotate(Model *model, const Decl *decl, bool has_body, FactErrorFn on_error,
                    void *payload);

/* What the bodies do otherwise than the annotations say, one line each. */
const Str *model_conflicts(const Model *model, uint32_t *count);

/* Adds or replaces one computed summary for the function with this USR; the
 * function's annotations are applied to '*summary'. */
void model_put_computed(Model *model, Str usr, Summary *summary);

/* What is known of a function: user > annotation > computed > built-in.
 * 'name' is the plain name (a leading "strayref_overlay_" is ignored) or
 * ".field"; 'usr' may be NULL.  NULL when nobody knows. */
const Summary *model_find(const Model *model, const char *name, Str usr);

/* The same by name alone; when nobody knows it under this Python, a built-in fact for
 * another version: for a project's own copy of a newer function. */
const Summary *model_find_any_version(const Model *model, const char *name);

/* The fact about a global, or NULL. */
const GlobalFact *model_global(const Model *model, const char *name);

/* True when the object of this global is immortal under the model's Python. */
bool model_immortal(const Model *model, const char *name);

/* All built-in and user facts in the order read, for checks and listings. */
const Summary *const *model_facts(const Model *model, uint32_t *count);

/* ---- facts_read.c, facts_print.c ----------------------------------------------------- */

/* Reads facts; calls 'on_fact' / 'on_global' for each, 'on_error' for each wrong
 * line ("name:line:col: message; expected ...") and goes on.  Everything is
 * owned by 'arena' / 'strings'. */
typedef struct FactSink {
    void (*on_fact)(void *payload, Summary *summary);
    void (*on_global)(void *payload, GlobalFact *fact);
    FactErrorFn on_error;
    void *payload;
} FactSink;
void facts_read(Arena *arena, Strings *strings, const char *name, const char *text,
                const FactSink *sink);

/* Writes a summary in the language of facts_read, ending with a newline;
 * reading it back gives an equal one. */
void facts_print(const Summary *summary, StrBuf *out);
/* Writes one outcome on one line, for a report's "fact used". */
void case_print(const Summary *summary, const Case *c, StrBuf *out);

/* ---- summary.c ------------------------------------------------------------------------ */

/* True when both say the same (names and origins apart). */
bool summary_equal(const Summary *a, const Summary *b);
bool case_equal(const Case *a, const Case *b, uint8_t nparam);
/* True when both results, or the effects of both outcomes in any order, say the same. */
bool result_equal(const Result *a, const Result *b);
bool effects_equal(const Case *a, const Case *b);
/* Sorts the cases into a canonical order and drops equal ones. */
void summary_normalise(Summary *summary);

/* ---- format.c: PyArg_Parse* and Py_BuildValue formats ------------------------------------ */

typedef enum FormatArgKind {
    FORMAT_ARG_VALUE,     /* a plain value, or a place for one that is no object */
    FORMAT_ARG_OBJECT,    /* parse: PyObject ** filled with a borrowed reference; build: kept */
    FORMAT_ARG_STEAL,     /* build 'N' */
    FORMAT_ARG_TYPE,      /* parse 'O!': the type object before the place */
    FORMAT_ARG_CONVERTER, /* 'O&': the function; the place (parse) or value (build) follows */
    FORMAT_ARG_CONVERTED, /* what the converter fills or reads */
    FORMAT_ARG_MEMORY,    /* parse 'es': place for memory the caller must free */
    FORMAT_ARG_BUFFER,    /* parse 'y*': Py_buffer the caller must release */
} FormatArgKind;

typedef struct FormatArg {
    FormatArgKind kind;
    bool optional; /* parse: after '|' */
    bool text;     /* parse: a pointer to text that is not NULL after success */
    char unit;     /* the letter that asks for it, '#' for a length, 'e' for an encoding */
    uint16_t item; /* parse: which of the units outside of parentheses it belongs to, from 0 */
} FormatArg;

/* Splits a format into the variadic arguments it consumes, in order.  'parse'
 * chooses the language.  At most 'max' are written; returns the count, or -1
 * when the format is malformed.  'text_end' as for C strings. */
int format_args(const char *format, bool parse, FormatArg *out, int max);
/* How many units stand outside of parentheses: the arguments that Python code passes; -1 as
 * above. */
int format_items(const char *format);
/* Where a malformed format stops to make sense; NULL when it is well-formed. */
const char *format_problem(const char *format, bool parse);

/* ---- kinds.c: kinds of objects, as the type checks of the C-API tell them apart ------------- */

/* The kind called so ("PyLong", "PySetExact"), 0 for other words. */
Kinds kind_find(const char *name, size_t length);
/* The name of one kind. */
const char *kind_name(Kinds one);
/* These kinds, and all that an object of one of them is as well: PyBool is PyLong too. */
Kinds kind_and_more(Kinds some);
/* The kind that a function asks for, PyLong_Check or PySet_CheckExact; 0: it is no such check. */
Kinds kind_asked(const char *function);
/* The kind of the instances of a type object, PyFloat_Type; 0: not known. */
Kinds kind_of_type_object(const char *global);

/* ---- overlay.c ------------------------------------------------------------------------- */

/* The text of the header that stands before the real Python.h: includes it with
 * #include_next, then turns every 'macro' fact of the model's version into a
 * call of strayref_overlay_NAME.  Owned by the arena. */
const char *overlay_text(const Model *model, Arena *arena);
#define OVERLAY_PREFIX "strayref_overlay_"

#endif

/* rule.h: what a rule sees.
 *
 * A rule is one file in rules/ with one Rule, one line in rules.def, one page
 * beside it, and fixtures.  The engine tells it about events on a path; the
 * rule decides whether to report.  It sees the event only, cannot change a
 * path, and never influences another rule.
 */
#ifndef STRAYREF_RULE_H
#define STRAYREF_RULE_H

#include "engine/finding.h"

typedef struct RuleCtx RuleCtx; /* the engine's side of one event */
typedef struct Object Object;   /* the object the event is about */

/* How a reference was lost. */
typedef enum LostHow {
    LOST_RETURN,     /* the function ends */
    LOST_OVERWRITE,  /* its variable gets another value */
    LOST_SCOPE,      /* its variable goes out of scope */
    LOST_FIELD,      /* the field or global that owned it gets another value */
    LOST_UNNAMED,    /* a result nobody holds: ignored, or passed to a callee that takes its own */
} LostHow;

/* The last holder is gone while this function still owes 'owed' references. */
typedef struct LostEvent {
    const Object *object;
    LostHow how;
    int owed;
    const char *holder;  /* the variable, "" if none */
    const char *taker;   /* LOST_UNNAMED: callee it was passed to; LOST_OVERWRITE: callee that
                            overwrites the variable; or NULL */
    const char *grower;  /* memory: what failed to make it larger ("realloc"), or NULL */
} LostEvent;

/* A reference goes down, or is taken, that this function does not own. */
typedef struct ReleaseEvent {
    const Object *object;
    const char *callee;   /* "Py_DECREF" */
    bool by_steal;        /* the callee takes it over */
    bool was_released;    /* this function released the object before on this path */
    bool was_stolen;      /* a callee took the reference before */
    const char *stealer;  /* that callee */
    bool stolen_on_failure; /* ... although it failed */
} ReleaseEvent;

/* An object is touched after its last known reference is gone. */
typedef struct UseEvent {
    const Object *object;
    const char *use;      /* "passed to PyList_Append", "read", "returned" */
    bool was_stolen;      /* the last reference went to a callee that has dropped it */
    const char *stealer;
} UseEvent;

/* The function returns an object. */
typedef struct ReturnEvent {
    const Object *object;
    bool owes_new;        /* callers take the result as a new reference */
    bool sure;            /* ... because of its role (method, slot); else because other paths do */
} ReturnEvent;

/* A field or global that releases what it holds keeps a reference that nobody took. */
typedef struct StoreEvent {
    const Object *object;
    const char *place;    /* "self->x" */
} StoreEvent;

/* Memory is given back, or grown, by a function of another allocator family. */
typedef struct FreeEvent {
    const Object *object;
    const char *family;   /* "mem", "raw", "object", "gc", "c": whose memory it is */
    const char *given_to; /* whose function gets it */
    const char *callee;   /* that function */
    const char *maker;    /* where the memory came from */
    bool grows;           /* the callee gives other memory in its place */
} FreeEvent;

typedef enum StaleKind { /* why the value may be gone */
    STALE_ITEM,   /* of a container that others can change */
    STALE_FIELD,  /* what a field held, GLOBAL: a variable, before somebody replaced it */
    STALE_GLOBAL,
    STALE_MEMORY, /* points into memory that somebody frees or moves */
    STALE_WEAK,   /* what a weak reference gave */
    STALE_LENT,   /* the result of a helper that released its reference */
    STALE_SYSTEM, /* what the interpreter holds: sys.stdout */
    STALE_INSIDE, /* points into an object that was released: for use-after-release */
    STALE_LEFT,   /* still in the field or variable that is replaced only after its release */
    STALE_SIZE,   /* a list whose size was taken before */
    STALE_PARAM,  /* the engine's own: an argument */
    STALE_MOVED,  /* the engine's own: no danger, the field that it was read from gave it up */
} StaleKind;

/* A value is used that was read before a call which may have taken it away. */
typedef struct StaleEvent {
    const Object *object;
    StaleKind kind;
    const char *use;     /* "passed to PyList_Append", "read"; NULL with 'inside' */
    const char *call;    /* the callee that may run other code */
    const struct Instr *at; /* ... where it is called */
    bool inside;         /* the value is passed to 'call', which uses it after that */
    const char *owner;   /* "self->items": the container, field or variable; "" if unnamed */
    const char *changer; /* a function of the program that replaces or frees it, or NULL */
} StaleEvent;

/* Python is used, or returned to, on a path that does not hold the GIL. */
typedef struct GilEvent {
    const Object *object;
    const char *callee;   /* what is called: of the C-API, or a function that uses it */
    const char *user;     /* the function of the C-API that 'callee' calls, or NULL */
    bool releases;        /* that one gives away the GIL, which is away already */
    bool behind_pointer;  /* 'callee' is one of those that the pointer can lead to */
    bool returns;         /* nothing is called: the function returns to Python */
} GilEvent;

/* Something is borrowed from a container that other threads may change at once. */
typedef struct ThreadEvent {
    const Object *object; /* the container */
    const char *getter;   /* "PyList_GetItem" */
} ThreadEvent;

/* An exit leaves an argument to the caller, and another one with the same result does not. */
typedef struct InconsistentEvent {
    const Object *object; /* the argument */
    const char *taker;    /* the callee that releases it, or takes it over, on the other way */
    bool steals;          /* ... takes it over */
} InconsistentEvent;

typedef enum ExceptionKind {
    EXCEPTION_MISSING,  /* the function reports a failure, and none is set */
    EXCEPTION_LEFT,     /* it returns a value, and one is set */
    EXCEPTION_REPLACED, /* one that nobody had noticed is replaced by another */
    EXCEPTION_TRISTATE, /* as the two before: -1 was taken for yes or no */
    EXCEPTION_TRANSLATED, /* one that was noticed is replaced by another */
    EXCEPTION_DISTURBED,  /* Python code may run while one is set */
} ExceptionKind;

/* The exception state does not fit what the function does. */
typedef struct ExceptionEvent {
    const Object *object;
    ExceptionKind kind;
    const char *source;   /* the callee that failed, "" when none */
    const char *failure;  /* "NULL", "-1": what it gave */
    const char *user;     /* REPLACED, DISTURBED: the callee that is called then; else "" */
    const char *result;   /* MISSING: what the function returns; else "" */
    bool unread;          /* nobody looks at the result of 'source' */
    bool noticed;         /* its failure was tested for */
    bool inside;          /* it happens in a helper, and the helper's callers cannot know */
} ExceptionEvent;

struct Class;    /* classes/view.h: an extension type */
struct ClassCtx;
struct Mismatch; /* contracts/mismatch.h: what is not as the C-API asks for it */
struct MismatchCtx;

/* NULL is used where an object or memory is needed. */
typedef struct NullEvent {
    const Object *object;
    const char *source;   /* the callee whose result it is, "" when none */
    const char *user;     /* the callee that it is passed to, "" when it is dereferenced here */
    bool in_format;       /* ... as the argument of a '%s' */
    bool settled;         /* the path has asked, or has set the variable to NULL itself */
    bool left;            /* the object is a field that is left NULL when 'source' fails; 'user' is
                             the helper whose failure nobody looks at, "" for the function itself */
    bool inside;          /* the object is a container, and NULL an item of it; with no user it is
                             returned */
} NullEvent;

typedef struct Rule {
    RuleInfo info;
    void (*on_lost)(RuleCtx *rx, const LostEvent *event);
    void (*on_release)(RuleCtx *rx, const ReleaseEvent *event);
    void (*on_use)(RuleCtx *rx, const UseEvent *event);
    void (*on_free)(RuleCtx *rx, const FreeEvent *event);
    void (*on_unset)(RuleCtx *rx, const UseEvent *event); /* nothing has set the variable */
    void (*on_return)(RuleCtx *rx, const ReturnEvent *event);
    void (*on_store)(RuleCtx *rx, const StoreEvent *event);
    void (*on_null)(RuleCtx *rx, const NullEvent *event);
    void (*on_stale)(RuleCtx *rx, const StaleEvent *event);
    void (*on_gil)(RuleCtx *rx, const GilEvent *event);
    void (*on_thread)(RuleCtx *rx, const ThreadEvent *event);
    void (*on_inconsistent)(RuleCtx *rx, const InconsistentEvent *event);
    void (*on_exception)(RuleCtx *rx, const ExceptionEvent *event);
    void (*on_class)(struct ClassCtx *cx, const struct Class *cls); /* once per type, at the end */
    void (*on_mismatch)(struct MismatchCtx *cx, const struct Mismatch *mismatch);
} Rule;

/* rules/rules.def has one line RULE(file_name) per rule, in the order of reports.
 * Each rule is rule_<file_name>, its embedded page page_<file_name>. */
#define RULE(name)                                                             \
    extern const Rule rule_##name;                                             \
    extern const char page_##name[];
#include "rules/rules.def"
#undef RULE

/* All rules in that order, ended by NULL (rules/rules.c). */
extern const Rule *const all_rules[];
/* The rule with this id, or NULL. */
const Rule *rule_find(const char *id);

/* ---- questions a rule may ask ------------------------------------------------------- */

/* References the function still owes for the object (may be negative). */
int object_owned(const Object *object);
/* True when the count of the object never matters (None from 3.12 on). */
bool object_immortal(const Object *object);
/* True for objects the function got from its caller. */
bool object_is_param(const Object *object);
/* True for an object the callee is known to have given as borrowed. */
bool object_is_borrowed(const Object *object);
/* True for an object with static storage (a type object, None). */
bool object_is_static(const Object *object);
/* True for a block of memory or a filled Py_buffer, and for the latter alone. */
bool object_is_memory(const Object *object);
bool object_is_view(const Object *object);
/* True for that and for any struct that a library has filled with memory. */
bool object_is_filled(const Object *object);
/* Memory: its family ("mem") or NULL, and the function that gave it. */
const char *object_family(const Object *object);
const char *object_maker(const Object *object);
/* The name a reader knows it by: variable, field, or "result of f". Never NULL. */
const char *object_name(const Object *object);
/* The callee that took the object's reference on this path, or NULL; whether
 * it had failed; and whether that fact holds on success only. */
const char *object_stealer(const Object *object);
/* Callee on this path that takes a reference only when it succeeds, and failed; or NULL. */
const char *object_refuser(const Object *object);

/* ---- reporting ------------------------------------------------------------------------ */

/* Reports at the event's place.  'message' and 'fix' are printf-formatted by the
 * rule with arena_printf(rule_arena(rx), ...). */
void rule_report(RuleCtx *rx, const Object *object, const char *message, const char *fix);
Arena *rule_arena(RuleCtx *rx);
/* The Python whose facts hold, 309 for 3.9; 0 when it is not known. */
unsigned rule_python(const RuleCtx *rx);

#endif

/* state.h: what is true at one point of one path, and the explorer around it.
 *
 * Private to the engine.  A symbol names a value, a place names memory; both
 * are interned per function, so equal means the same pointer.  A State maps
 * places to symbols, symbols to what the function owes for them, and symbols
 * to the numbers they can be.  Ownership belongs to the symbol, never to the
 * variable: aliases need no care.
 */
#ifndef STRAYREF_STATE_H
#define STRAYREF_STATE_H

#include "engine/engine.h"
#include "engine/rule.h"

/* ---- sym.c: values and places ------------------------------------------------ */

typedef struct Stale Stale; /* across.h */
typedef struct Sym Sym;
typedef struct Place Place;

typedef enum SymKind {
    SYM_INT,  /* num; NULL is 0 */
    SYM_STR,  /* text: a string literal */
    SYM_FUNC, /* decl */
    SYM_ADDR, /* place: its address */
    SYM_INIT, /* place: what it held when the function began, or when 'site' last
                 made all outside memory unknown */
    SYM_CALL, /* site, num: result number 'num' of an instruction */
    SYM_PURE, /* text, a, b, c: result of a function of its arguments, in memory of epoch 'site' */
    SYM_CMP,  /* a text b, text is "==" or "<" */
    SYM_NOT,  /* !a */
    SYM_BIN,  /* a text b */
} SymKind;

struct Sym {
    SymKind kind;
    uint32_t id;      /* dense, in order of creation */
    uint32_t depth;   /* of nesting, bounded */
    int64_t num;
    Str text;
    const Decl *decl;
    const Place *place;
    const Instr *site;
    const Sym *a, *b, *c;
    const Type *type; /* may be NULL */
    uint64_t parts;   /* a bit for every symbol that it is made of, itself included */
    uint64_t sites;   /* a bit for the site of every SYM_CALL among these */
    int64_t lo, hi;   /* the numbers of its type */
    const Place *target; /* what it points to, once somebody has asked */
};

typedef enum PlaceKind {
    PLACE_LOCAL,  /* index */
    PLACE_GLOBAL, /* decl */
    PLACE_DEREF,  /* what 'sym' points to */
    PLACE_FIELD,  /* field 'name' of 'base' */
    PLACE_ELEM,   /* element 'sym' counted from 'base' */
} PlaceKind;

struct Place {
    PlaceKind kind;
    uint32_t id;
    uint32_t index;
    const Decl *decl;
    const Sym *sym;
    const Place *base;
    Str name;
    Str record;       /* FIELD: tag of the record, no part of the identity */
    bool fixed;       /* FIELD: it never changes once the record has been made */
    const Type *type; /* ELEM: pointer to the element */
    uint64_t parts, sites; /* as in Sym, of all symbols in it */
};

/* ---- state ----------------------------------------------------------------------- */

typedef enum Kept { /* who else keeps an object alive */
    KEPT_NONE,    /* nobody: dead when we own nothing */
    KEPT_CALLER,  /* a parameter */
    KEPT_BY,      /* 'keeper', as long as that one lives */
    KEPT_FIELD,   /* memory outside this function holds it */
    KEPT_STATIC,  /* static storage, or something that lives on */
    KEPT_UNKNOWN, /* somebody, perhaps */
} Kept;

typedef enum RefFlag {
    REF_ESCAPED = 1,  /* ownership unknown from here on: never report */
    REF_RELEASED = 2, /* this function dropped a reference to it */
    REF_STOLEN = 4,   /* a callee took a reference to it */
    REF_STOLEN_FAILED = 8, /* ... although it failed */
    REF_NAMED = 16,   /* a variable held it */
    REF_GIVEN = 64,   /* stored in an owning field while nothing was owned */
    REF_BORN = 32,    /* made on this path: all its references are known */
    REF_MOVED = 128,  /* taken out of a field that owned it */
    REF_KEPT = 256,   /* a parameter that something outside holds by now */
    REF_OPTIONAL = 8192, /* an argument that may be left out: NULL then */
    REF_HELD = 1024,  /* from a field, and something else took a reference of its own */
    REF_CONST = 512,  /* found equal to None or another constant of Python */
    REF_MEMORY = 2048, /* no object: a block of memory, of 'family' */
    REF_VIEW = 4096,   /* ... or a filled Py_buffer */
    REF_LEFT = 32768,  /* a parameter: memory, if it is such, may have been kept by somebody */
    REF_FREED = 16384, /* memory from elsewhere that this function gave back */
} RefFlag;

typedef struct Ref {
    const Sym *sym;
    int16_t own;          /* references this function must still hand on or drop */
    int16_t stored;       /* references held by memory outside */
    int16_t lent;         /* times it was stored outside while nothing was owned */
    uint16_t flags;       /* RefFlag */
    uint8_t kept;         /* Kept */
    uint8_t none[7];      /* always 0: the arrays of states are compared as bytes (arrays.c) */
    const Sym *keeper;
    const Summary *born;      /* callee that gave it, or NULL */
    const Case *born_case;
    const Instr *site;        /* where it was made or first taken */
    const Summary *taker;     /* REF_STOLEN: the callee */
    const Case *taker_case;
    const Summary *refuser;   /* success-only taker that failed */
    const Case *refuser_case;
    Str family;               /* of memory: its allocator's, or NULL */
} Ref;

typedef struct Bind {
    const Place *place;
    const Sym *sym;
} Bind;

typedef struct TempBind {
    uint32_t temp;
    uint32_t none; /* always 0 */
    const Sym *sym;
} TempBind;

typedef struct Range {
    const Sym *sym;
    int64_t lo, hi;
    bool not_zero;
    uint8_t none[3]; /* always 0 */
    uint32_t id;  /* in states: of 'sym' */
} Range;

typedef enum ErrState { /* the exception of the path */
    ERRSTATE_ENTRY,   /* as it was when the function was called */
    ERRSTATE_CLEAR,
    ERRSTATE_SET,     /* set, and this function knows it */
    ERRSTATE_UNKNOWN,
    ERRSTATE_PENDING, /* set by a call whose failure nobody has noticed yet */
    ERRSTATE_MAYBE,   /* clear, or set by a call whose result nobody looks at */
} ErrState;

/* One thing that happened on the path; a list linked backwards. */
typedef enum NodeKind {
    NODE_MADE,     /* sym came into being with a reference */
    NODE_BORROWED, /* sym was given as borrowed */
    NODE_RETAIN,   /* a reference was taken */
    NODE_RELEASE,  /* one was dropped */
    NODE_STEAL,    /* a callee took one */
    NODE_STORE,    /* sym was stored outside */
    NODE_HOLD,     /* sym was stored into a local variable */
    NODE_KEEP,     /* a callee took a reference of its own */
    NODE_BURY,     /* what kept sym alive was released */
    NODE_REFUSE,   /* a success-only taker failed */
    NODE_FAIL,     /* a call failed; sym is its result if that is a pointer */
    NODE_NOTHING,  /* a call gave NULL, sym, without failing */
    NODE_USED,     /* the callee uses sym here without a test */
    NODE_BRANCH,   /* a condition decided; sym is the condition */
    NODE_TOLD,     /* something else that concerns sym: 'text' */
    NODE_RAISE,    /* a call whose purpose is to set an exception */
    NODE_LEFT,     /* a call that may fail, and whose result nobody looks at */
} NodeKind;

typedef struct Node Node;
struct Node {
    const Node *pred;
    NodeKind kind;
    const Instr *at;
    const Sym *sym;
    const Summary *summary; /* the callee, if any */
    const Case *outcome;
    const Place *place;     /* STORE, HOLD */
    bool truth;             /* BRANCH */
    const char *text;       /* TOLD */
    uint32_t length;        /* nodes up to here */
};

/* What set the exception of a path.  Never changed once made. */
typedef struct Raised Raised;
struct Raised {
    const Node *node;     /* where the path tells of it */
    const Instr *at;      /* the call */
    const Summary *summary;
    const Case *outcome;
    const Sym *value;     /* what the call gave when it failed, NULL when nobody has it */
    int64_t lo, hi;       /* numbers that the call might have given without an exception, as */
    bool not_zero;        /* ... far as the path has not excluded them */
    bool unread;          /* nobody looks at what the call gives */
    bool looked;          /* somebody asked what it is, or whether there is one */
    bool plain;           /* a question about objects that are nobody's but Python's own */
    const Raised *over;   /* an exception that nobody had noticed when this one came */
};

/* The exception state that was there when PyErr_GetRaisedException or PyErr_Fetch took it out. */
typedef struct Saved {
    const Sym *sym; /* what the call gave: the exception, or its type; NULL until that is known */
    uint8_t err, asked;
    const Raised *raised, *mute;
} Saved;

typedef struct State {
    Bind *bind;      /* sorted by place id */
    uint32_t nbind, cbind;
    TempBind *temp;  /* sorted by temp */
    uint32_t ntemp, ctemp;
    Ref *ref;        /* sorted by sym id */
    uint32_t nref, cref;
    Range *range;    /* sorted by sym id */
    uint32_t nrange, crange;
    const Instr *epoch; /* last call that may have changed all outside memory */
    uint8_t err;        /* ErrState */
    uint8_t asked;      /* Asked: of the exception that was there on entry */
    bool answered;      /* PyErr_Occurred has said that none is set */
    const Raised *raised; /* what set the exception; NULL when nobody knows */
    const struct Saved *saved; /* the exception that was taken out to be put back, or NULL */
    const Raised *mute; /* the last call that reported a failure without an exception, or NULL */
    bool failed;        /* a call on this path failed */
    bool oom;           /* ... for lack of memory */
    bool ignored;       /* ... and nobody looked */
    bool protocol;      /* Python's protocols were used in an unusual way */
    const Node *trace;
    Stale *stale;       /* sorted by key: across.h */
    uint32_t nstale;
    uint32_t gil;       /* who holds the GIL: gil.c */
    uint64_t hash;      /* once frozen */
    uint64_t owes;      /* hash of what is owed to whom, once frozen */
} State;

/* ---- the explorer: everything about one function ------------------------------------ */

typedef enum SelfRole { /* as what a function gets an instance as its first argument */
    SELF_METHOD = 1,  /* a method or slot: an object in use */
    SELF_INIT = 2,    /* tp_init: an object after tp_new, or in use when called twice */
    SELF_SETTER = 4,  /* a setter: as a method, its value NULL when the attribute is deleted */
    SELF_DEALLOC = 8, /* tp_dealloc, tp_free, tp_clear, tp_traverse: an object that goes */
} SelfRole;

typedef enum Contract { /* how a function tells Python of an exception */
    CONTRACT_NONE,
    CONTRACT_NULL,     /* NULL */
    CONTRACT_NEXT,     /* NULL, which may come without one as well: tp_iternext */
    CONTRACT_NEGATIVE, /* a number below zero */
    CONTRACT_NOT_ZERO, /* a number that is not zero: Py_mod_exec */
    CONTRACT_MINUS_ONE, /* -1, and no other number: tp_hash */
    CONTRACT_OBJECT,   /* NULL, as far as one can tell from the type: nobody is seen to call it */
} Contract;

typedef struct FnInfo { /* by function of the program, across explorations */
    bool is_entry;   /* called by Python: arguments are borrowed, an object result is new */
    bool is_init;    /* runs once per process */
    bool is_dealloc; /* its first argument is being destroyed */
    uint8_t self;    /* SelfRole bits: its own role, and those of callers that pass on theirs */
    uint8_t contract; /* Contract */
    uint8_t deleted; /* parameter that is NULL when something is deleted; 0 none */
    uint8_t in_use;  /* runs while objects are in use, not only to make or destroy them: 1 as
                        a callback, 2 as a method or setter */
    uint8_t compared; /* parameters that every caller compares with the result, one bit each */
    uint8_t given;   /* parameters that Python never leaves NULL, one bit each */
    bool compares;   /* parameter 2 is one of the six comparisons of tp_richcompare */
    bool has_kwds;   /* parameter 2 holds keyword arguments, or NULL */
    bool guarded;    /* only called in critical sections, or with a lock held */
    const Instr **unset; /* fields of the first argument that only tp_init sets, which Python */
    uint32_t nunset; /* ... may never call: NULL or zero until then */
} FnInfo;

typedef struct PendingReport PendingReport;
typedef struct Gil Gil; /* gil.h */

/* ---- owners.c: which fields and globals own what they hold ------------------------------ */

typedef struct Owners Owners;
typedef enum Owning { OWNING_UNKNOWN, OWNING_YES } Owning;

/* Looks through all functions for releases of what fields and globals hold.  Owned by
 * 'arena'. */
Owners *owners_find(Arena *arena, Strings *strings, const Program *program, const Model *model,
                    const FnInfo *info);
/* Stands for all that was found. */
Digest owners_digest(const Owners *owners);
/* All that is known of the field, the global, as a number that changes with it. */
uint64_t owners_field(Owners *owners, Str record, Str name);
uint64_t owners_global(Owners *owners, Str usr);
/* True when the field never changes once its struct has been made: fixed.h. */
bool owners_is_fixed(const Owners *owners, Str record, Str name);

/* False when the program never puts anything but constants, such as NULL, into the field at
 * 'place'. */
bool owners_is_ever_set(Owners *owners, const Place *place);
/* True when all that is stored in the field at 'place' is text of which its UTF-8 form has been
 * asked for before. */
bool owners_is_encoded(Owners *owners, const Place *place);

/* ---- encoded.c -------------------------------------------------------------------------- */

typedef enum Stored { STORED_NOTHING, STORED_OTHER, STORED_ENCODED } Stored;

/* What an instruction of 'fn' stores at '*address', which it sets; 'def' by temporary. */
Stored encoded_store(const Fn *fn, const Instr *const *def, const Instr *ins, Val *address);

/* ---- premise.c ------------------------------------------------------------------------- */

/* What the program around a function says that counts for its analysis, but for the summaries
 * of its callees: its role, whether it is called, which functions its calls reach, who owns the
 * fields it names, what it and what it calls need of the GIL; and 'all': what premise_of_all and
 * given.c say. */
uint64_t premise_of(const Program *program, Owners *owners, const Gil *gil, const FnInfo *info,
                    uint64_t all, uint32_t index);
/* What counts for all functions: the annotations of declarations. */
uint64_t premise_of_all(const Program *program);

typedef struct Exit { /* one way out, for the summary */
    const State *state;
    const Sym *value; /* NULL for void */
    int own;          /* references the caller gets with the value */
    const Instr *at;
} Exit;

typedef struct Watch { /* a question about one variable at one line */
    Arena *arena;
    const Point *point;
    Facings *out;
} Watch;

enum { ARRAY_SIZES = 26 }; /* from 64 bytes to 2 GiB */
enum { SMALL_INTS = 3 };

typedef struct Explorer {
    Arena *arena;     /* of this function's exploration */
    Arena *out;       /* findings live here */
    Strings *strings;
    const Program *program;
    Model *model;
    Owners *owners;
    const Gil *gil;
    const uint32_t *given; /* given.c */
    Summary *const *computed; /* by function of the program; NULL while unknown */
    const Fn *fn;
    const Flow *flow;
    const FnInfo *info;
    uint32_t fn_index;
    /* sym.c */
    Map syms, places; /* hash -> first of chain */
    uint32_t nsyms, nplaces;
    const Sym *small[SMALL_INTS]; /* the numbers -1, 0, 1, on demand */
    Str equal, less, plus; /* operators, on demand */
    const Place **local;  /* by index, filled on demand */
    const Sym **param;    /* what each parameter held at first */
    uint32_t *mark;       /* collect.c, by symbol: the last round that met it */
    uint32_t nmark, round;
    void *spare[ARRAY_SIZES]; /* arrays.c, by size */
    Map shared;           /* ... arrays of states that stay, by their content */
    size_t held;          /* bytes in the arrays of states that are still there */
    /* explore.c */
    uint32_t block, ins;  /* where the engine stands */
    uint32_t steps;
    uint32_t emptied;     /* parameters (one bit each) whose elements were released, or copied out */
    const Instr *needed[PARAM_MAX]; /* by parameter: where it is first used without a test */
    uint8_t runs;         /* Chance that the function runs code that changes what others hold */
    bool lends;           /* a result whose reference the function released itself */
    int8_t runs_by;       /* ... the only parameter + 1 whose methods these are, or -1 */
    const Instr *runs_at; /* ... and where */
    Crossing crossed[PARAM_MAX]; /* by parameter: used after that without a reference */
    const Place *counted; /* by_hand.c: the variable of a container whose items are counted, or */
    bool sought_counted;  /* ... NULL; once it has been looked for */
    uint32_t result;      /* alike.c: 1 + the number variable that is returned; 0: none */
    uint64_t *indexed;    /* locals that hold lists which are indexed without a check; or NULL */
    bool has_holes;       /* hole.c: some container here gets the NULL of a call that failed */
    bool cut;             /* a budget was exceeded */
    const char *cut_why;
    uint8_t **inductive;  /* by loop head, by local: 0 no, 1 counts up, 2 down, 3 somehow */
    VEC(Exit) exits;
    /* event.c */
    bool first_pass;      /* over a recursion: calls inside it are not known yet */
    bool silent;          /* do not report (first pass over a recursion) */
    VEC(PendingReport *) reports;
    Watch *watch;         /* inspect.c: who looks on, or NULL */
} Explorer;

/* inspect.c: the state is about to run the instruction where the explorer stands. */
void watch_state(Explorer *ex, const State *state, const Instr *ins);

/* ---- sym.c -------------------------------------------------------------------------- */

const Sym *sym_int(Explorer *ex, int64_t num);
const Sym *sym_str(Explorer *ex, Str text);
const Sym *sym_func(Explorer *ex, const Decl *decl);
const Sym *sym_addr(Explorer *ex, const Place *place);
const Sym *sym_init(Explorer *ex, const Place *place, const Instr *epoch, const Type *type);
const Sym *sym_call(Explorer *ex, const Instr *site, uint32_t number, const Type *type);
const Sym *sym_pure(Explorer *ex, Str callee, const Instr *epoch, const Sym *a, const Sym *b,
                    const Sym *c, const Type *type);
const Sym *sym_cmp(Explorer *ex, const char *op, const Sym *a, const Sym *b);
const Sym *sym_not(Explorer *ex, const Sym *a);
const Sym *sym_bin(Explorer *ex, const char *op, const Sym *a, const Sym *b, const Type *type);

const Place *place_local(Explorer *ex, uint32_t index);
/* What the memory held that parameter 'index' pointed to when the function began. */
const Sym *sym_held(Explorer *ex, uint32_t index);
/* What parameter 'index' held when the function began. */
const Sym *sym_param(Explorer *ex, uint32_t index);
const Place *place_global(Explorer *ex, const Decl *decl);
/* What the pointer 'sym' points to. */
const Place *place_deref(Explorer *ex, const Sym *sym);
/* 'record' is the tag of the record the field is in, NULL when unknown. */
const Place *place_field(Explorer *ex, const Place *base, Str name, Str record);
const Place *place_elem(Explorer *ex, const Place *base, const Sym *index, const Type *type);

/* The place it all hangs from: LOCAL, GLOBAL or DEREF. */
const Place *place_root(const Place *place);
/* True when the place is memory of this function alone. */
bool place_is_local(const Place *place);
/* True for the variable that a parameter leads to, PyObject **: who does not get its address
 * hardly changes it. */
bool place_is_callers(const Place *place);
/* True when 'place' is 'prefix' or lies inside it. */
bool place_is_inside(const Place *place, const Place *prefix);
/* The bit that stands for a thing in a set of 64; others may have the same. */
static inline uint64_t
bit_of(uint64_t hash)
{
    return UINT64_C(1) << (hash & 63);
}
/* The bit of a call in Sym.sites. */
static inline uint64_t
site_bit(const Instr *site)
{
    return bit_of((uint64_t)(uintptr_t)site / sizeof(Instr));
}
/* True when the symbol's value is built from 'part'. */
bool sym_mentions(const Sym *sym, const Sym *part);
bool place_mentions(const Place *place, const Sym *part);
/* The instruction before 'from' in the block that loads the operand from a local variable, through
 * conversions; NULL when the operand is something else. */
const Instr *local_load(const Block *block, const Instr *from, Val val);
/* Name of the function called, ".field" or variable for a pointer, "" if unknown. */
const char *callee_name(const Instr *call);
/* "self->x", "l", "result of PyList_New"; owned by ex->out. */
const char *sym_text(Explorer *ex, const Sym *sym);
const char *place_text(Explorer *ex, const Place *place);

/* A function that changes what the field or global 'place' owns while it is in use; NULL: none. */
typedef struct Changer {
    const char *name;
    bool by_python; /* a method or setter, or a function that these call: no mere callback */
} Changer;
const Changer *owners_changer(Owners *owners, const Place *place);
/* True when the container in the field is, or may be, one that others have or change. */
bool owners_is_exposed(Owners *owners, const Place *place);
/* What stands in the field or global may be: bits of ForeignKind (foreign.h). */
uint8_t owners_foreign(Owners *owners, const Place *place);
/* Where objects of the user's types turn up in the program. */
const struct Foreign *owners_values(const Owners *owners);
/* True for a field or global that may hold objects of any type, but for instances of the type whose
 * method has stored them: it knows what they do. */
bool owners_is_foreign(Owners *owners, const Place *place);
/* Whether memory at 'place' owns what is stored there. */
Owning owners_ask(Owners *owners, const Place *place);
/* The family that memory in the field or global at 'place' is given back to, NULL when
 * nobody frees what it holds. */
Str owners_frees(Owners *owners, const Place *place);
/* True when the function itself gives back what is in the field or global at 'place'. */
bool owners_frees_in(Owners *owners, const Place *place, const Decl *fn);
/* True when 'place' is a field or global, and releases say that it owns. */
bool owners_evident(Owners *owners, const Place *place);

/* ---- state.c ---------------------------------------------------------------------------- */

State *state_new(Explorer *ex);
State *state_copy(Explorer *ex, const State *state);
/* Nobody looks at it any more: its memory serves for other states (arrays.c). */
void state_free(Explorer *ex, State *state);
/* It is not changed from now on: what it has in common with others is kept once. */
void state_share(Explorer *ex, State *state);
/* Room for at least 'n' items in an array of a state, of undefined content; 'cap' is how many
 * there are. */
void *array_new(Explorer *ex, uint32_t n, size_t item, uint32_t *cap);
/* What the place holds, NULL when nothing is recorded. */
const Sym *state_get(const State *state, const Place *place);
void state_bind(Explorer *ex, State *state, const Place *place, const Sym *sym);
/* Forgets the place and everything inside it. */
void state_forget(State *state, const Place *place);
const Sym *state_temp(const State *state, uint32_t temp);
/* Whatever holds 'old' holds 'sym' from now on. */
void state_replace(State *state, const Sym *old, const Sym *sym);
void state_set_temp(Explorer *ex, State *state, uint32_t temp, const Sym *sym);
void state_drop_temp(State *state, uint32_t temp);
/* The ledger's entry for a symbol, NULL when there is none. */
Ref *state_ref(const State *state, const Sym *sym);
/* The same, created from what the symbol is when missing; NULL for symbols that are no
 * objects (numbers, strings). */
Ref *state_ref_make(Explorer *ex, State *state, const Sym *sym);
/* True when nothing is owed for it, or nobody will ask any more. */
bool ref_is_plain(const Ref *ref);
Ref *state_add_ref(Explorer *ex, State *state, const Sym *sym);
void state_drop_ref(State *state, const Sym *sym);
const Range *state_range(const State *state, const Sym *sym);
void state_set_range(Explorer *ex, State *state, const Sym *sym, Range range);
/* Forgets what was assumed of everything that the symbol is part of. */
void state_forget_ranges(State *state, const Sym *sym);
/* Adds a step to the story. */
void state_note(Explorer *ex, State *state, NodeKind kind, const Instr *at, const Sym *sym,
                const Summary *summary, const Case *outcome);
/* True when some variable, live temporary or outside memory leads to the symbol. */
bool state_holds(const State *state, const Sym *sym);
/* A number in base..base+3 for a fresh result of 'site' that nothing in the state
 * uses (base + 3: too many are alive); forgets what was assumed of it before. */
uint32_t state_fresh(State *state, const Instr *site, uint32_t base);

/* ---- alike.c ---------------------------------------------------------------------------- */

typedef enum Closeness {
    CLOSE_ANY,    /* they owe the same for the same holders */
    CLOSE_RESULT, /* ... have failed in the same way, and show the same objects that are gone */
    CLOSE_ALL,    /* ... know the same of the exception, and of what the caller finds in its
                     variables */
} Closeness;

/* True when 'a' and 'b' are so close to each other. */
bool may_join(Explorer *ex, const State *a, const State *b, Closeness closely);
/* 1 + the number variable that the function returns, 0 when there is none. */
uint32_t find_result(const Fn *fn);

/* ---- collect.c, join.c -------------------------------------------------------------------- */

#define EITHER "(either)" /* field name of what two paths left different */

/* Drops what can never be looked at again, at the start of 'block'. */
void state_collect(Explorer *ex, State *state, uint32_t block);
/* Fills state->hash; the state does not change afterwards. */
void state_freeze(State *state);
/* Equal but for how the path came here (failed, oom, ignored). */
bool state_alike(const State *a, const State *b);
static inline bool
state_equal(const State *a, const State *b)
{
    return a->hash == b->hash && state_alike(a, b);
}
/* True when 'a' came here with no more failures than 'b'. */
bool state_not_worse(const State *a, const State *b);
/* True when both owe the same for the same held objects, and came here in ways of one kind:
 * what only a misused protocol leads to stays apart. */
bool state_same_ownership(const State *a, const State *b);
/* True when the same variables show the same objects that are gone: released, and held by nobody
 * that is known. */
bool state_dangles_alike(const State *a, const State *b);
/* Weakens 'into' to what holds in both; 'widen': bounds that differ are given up. */
void state_join(Explorer *ex, State *into, const State *other, uint32_t block, bool widen);

/* ---- assume.c ----------------------------------------------------------------------------- */

/* The numbers a symbol can be. */
Range range_of(const State *state, const Sym *sym);
/* The numbers that its kind and its type leave, whatever the path. */
Range range_whole(const Sym *sym);
/* The numbers that a value of the type can be; 'type' may be NULL. */
Range range_by_type(const Type *type);
/* Adds the assumption that 'sym' is zero or not; false when that cannot be. */
bool assume(Explorer *ex, State *state, const Sym *sym, bool truth);
/* True when the symbol is certainly zero / certainly not. */
bool is_zero(const State *state, const Sym *sym);
bool is_not_zero(const State *state, const Sym *sym);
/* The symbol for its only possible number, or itself. */
const Sym *simplify(Explorer *ex, const State *state, const Sym *sym);

/* ---- step.c, call.c ------------------------------------------------------------------------- */

typedef struct States {
    VEC(State *) list;
} States;

const Sym *eval(Explorer *ex, State *state, Val val);
/* Reports an argument that is used without a test and NULL when the caller leaves it out. */
void check_optional(Explorer *ex, State *state, const Sym *sym, const Instr *at,
                    const char *user);
/* Remembers that a parameter must not be NULL: it is used without a test. */
void note_needed(Explorer *ex, const State *state, const Sym *sym, const Instr *at);
const Sym *read_place(Explorer *ex, State *state, const Place *place, const Type *type);
/* Stores and takes care of handing over and losing references. */
void write_place(Explorer *ex, State *state, const Instr *at, const Place *place, const Sym *sym);
/* The same where the caller has taken care of what the place held. */
void put_place(Explorer *ex, State *state, const Instr *at, const Place *place, const Sym *sym);
/* A callee gets the address of some element of a local array: what the elements hold is no longer
 * told apart. */
void escape_around(Explorer *ex, State *state, const Sym *address);
/* A struct leaves by value: what its fields hold is no longer followed. */
void escape_record(Explorer *ex, State *state, const Sym *value);
/* Executes one instruction that is no terminator; appends the states that follow to 'out'. */
void step(Explorer *ex, State *state, const Instr *ins, States *out);
void step_call(Explorer *ex, State *state, const Instr *ins, States *out);

/* ---- ledger.c: what happens to references ------------------------------------------------------ */

typedef struct By { /* who does it */
    const Instr *at;
    const Summary *summary;
    const Case *outcome;
} By;

void ledger_retain(Explorer *ex, State *state, const Sym *sym, By by);
void ledger_release(Explorer *ex, State *state, const Sym *sym, By by);
/* The memory at 'from' was copied to memory that outlives the function: where a parameter points
 * there, its caller no longer answers alone for what is in it. */
void ledger_copied(Explorer *ex, const Place *from);
void ledger_steal(Explorer *ex, State *state, const Sym *sym, const Sym *into, By by);
void ledger_keep(Explorer *ex, State *state, const Sym *sym, const Sym *into, By by);
void ledger_escape(Explorer *ex, State *state, const Sym *sym);
/* The reference that memory outside held belongs to the function from here on. */
void ledger_take_out(Ref *ref);
/* A callee stored a reference of its own somewhere: one may be released on its behalf. */
void ledger_lend(Explorer *ex, State *state, const Sym *sym);
void ledger_store(Explorer *ex, State *state, const Sym *sym, const Place *place, const Instr *at);
/* The object is looked into or passed on: reports when it is dead. */
void ledger_use(Explorer *ex, State *state, const Sym *sym, const Instr *at, const char *use);
/* Reports every owned object that nothing holds any more. */
void ledger_check_lost(Explorer *ex, State *state, const Instr *at, LostHow how,
                       const char *holder);
/* True for the object in a field that was counted where it is, without a variable, in a
 * helper: the field's user gets the reference. */
bool is_counted_in_place(Explorer *ex, const State *state, const Ref *ref);
/* The function returns 'value' (NULL for none). */
void ledger_return(Explorer *ex, State *state, const Sym *value, const Instr *at);
/* True when the object's count never matters. */
bool ledger_immortal(Explorer *ex, const Sym *sym);
/* True when no reference to it is left as far as anyone knows. */
bool ledger_dead(const Ref *ref);
/* The object just died: so do those it alone kept alive. */
void ledger_bury(Explorer *ex, State *state, const Sym *sym, By by);

/* ---- by_hand.c: items of containers that are counted by hand ------------------------------------ */

/* True when the very next call, or that behind the test of this one's result, takes a reference
 * to 'sym': PyList_SET_ITEM(l, i, o); Py_INCREF(o). */
bool is_paid_next(Explorer *ex, const State *state, const Sym *sym);
/* True for an item of a slot that the function fills again: PyTuple_SET_ITEM and its like
 * leave the old item to whoever releases it by hand. */
bool is_slot_refilled(Explorer *ex, const State *state, const Sym *sym);
/* True when the call puts something into a slot that the same block fills again. */
bool is_slot_borrowed(const Explorer *ex, const Instr *at);
/* True when the function fills the slots of 'container', which it made, with what it need not
 * own, and gives each item a reference in the end. */
bool is_counted_by_hand(Explorer *ex, const State *state, const Sym *container);

/* ---- turns.c: references that are counted in loops ---------------------------------------------- */

/* True when 'at' takes or drops a reference in each turn of a loop, and another loop of the
 * function does the opposite to the same object. */
bool is_counted_in_turns(const Explorer *ex, const Instr *at);

/* ---- memory.c: blocks of memory and filled views ------------------------------------------------ */

#define FAMILY_ANY "any"       /* memory of several families */
#define FAMILY_BUFFER "buffer" /* what a filled Py_buffer holds */

/* The entry of the block that 'sym' is, or points into; NULL when it is none. */
Ref *memory_block(const State *state, const Sym *sym);
/* True for a block that only this function knows. */
bool memory_is_private(const Ref *ref);
/* The block that 'sym' leads to, or blocks that memory at 'place' holds, are no longer followed. */
void memory_escape(const State *state, const Sym *sym);
/* The same, and callers hear of it when it is a parameter's memory. */
void memory_leave(Explorer *ex, State *state, const Sym *sym);
void memory_escape_inside(const State *state, const Place *place);
/* Somebody uses the block as an object: its references count from here on. */
void memory_becomes_object(Ref *ref);
/* True when memory of family 'a' must not be given back to family 'b'. */
bool families_differ(Str a, Str b);
/* Gives 'sym' back; false when it is no block of this function. */
bool memory_free(Explorer *ex, State *state, const Sym *sym, By by);
/* A parameter, or what it leads to, is given back: callers hear of it. */
void memory_free_foreign(Explorer *ex, State *state, const Sym *sym, By by);
/* True for what a parameter that is no object held when the function began. */
bool memory_is_param(Explorer *ex, const Sym *sym);
/* True for the families of libraries, whose facts name all that take their memory back. */
bool family_is_library(Str family);
/* The family of what is of family 'a' or 'b'; NULL says nothing. */
Str memory_family_join(Explorer *ex, Str a, Str b);

/* ---- remembered.c: what was read before a call, compared with what is there now ---------------- */

/* True when the comparison 'cmp' asks whether outside memory still holds 'sym', which a variable
 * remembers, and code has run that may have changed that. */
bool is_remembered(const Explorer *ex, const Instr *cmp, const Sym *sym);

/* ---- filled.c: structs that hold memory -------------------------------------------------------- */

/* What the struct at 'pointer' holds is given back: PyBuffer_Release and its like; or the
 * block that it points to. */
void memory_empty(Explorer *ex, State *state, const Sym *pointer, By by);
/* The field that stands for what a library's struct at 'place' holds. */
const Place *memory_filling(Explorer *ex, const Place *place);
/* What was read from a filled struct goes elsewhere: the struct need not be emptied any more. */
void memory_empty_around(Explorer *ex, const State *state, const Sym *sym);
/* True when the path depends on what a library put into the memory: nobody here knows whether
 * it is possible. */
bool memory_content_decides(const State *state, const Ref *ref);
/* The struct that was filled, as its author calls it, or NULL. */
const char *memory_view_name(Explorer *ex, const State *state, const Sym *sym);

/* ---- memory_given.c ---- */

/* After the exploration: an exit that fails and leaves alone the memory that parameter 'i' points
 * to, which successful ones take over; NULL when there is none. */
const Instr *given_left_at(Explorer *ex, uint32_t i);
/* After the exploration: reports failures that leave a block to nobody, which other failures of
 * the function give back. */
void given_check(Explorer *ex);

/* ---- hole.c ---- */

/* The function returns 'value' (NULL for none): reports a NULL that is left in it. */
void hole_returned(Explorer *ex, State *state, const Sym *value, const Instr *at);

/* ---- left_null.c ---- */

/* The function returns 'value' (NULL for none): reports fields that an allocation left NULL. */
void left_null_returned(Explorer *ex, State *state, const Sym *value, const Instr *at);

/* ---- inconsistent.c ---- */

/* Reports arguments that one exit consumes and another, which callers cannot tell from it, does
 * not. */
void inconsistent_check(Explorer *ex);

/* ---- field.c: what owning fields and globals lose, and what is left in them ------------------- */

/* 'place' is about to hold something else: what it owned belongs to this function now, and is
 * lost unless a variable holds it. */
void field_overwrite(Explorer *ex, State *state, const Instr *at, const Place *place);
/* The same for memory: 'place' is about to hold 'sym', and the block that it holds is lost when
 * the program frees it from there and nobody has done so. */
void field_overwrite_memory(Explorer *ex, State *state, const Instr *at, const Place *place,
                            const Sym *sym);
/* The same for a struct inside outside memory, 'place', that is filled: 'filling' stands for what
 * it holds. */
void field_refill(Explorer *ex, State *state, const Instr *at, const Place *place,
                  const Place *filling);
/* replaced.c: 'place' is about to hold something else: reports when the last known reference to
 * what it holds was released before that. */
void replaced_check(Explorer *ex, State *state, const Place *place);
/* The function returns: reports borrowed and dead objects in owning fields. */
void field_check_return(Explorer *ex, State *state, const Instr *at);

/* ---- stale.c: marks on what is borrowed, across calls; see across.h ------------------------- */

/* The variable or temporary gets another value. */
void stale_forget_local(Explorer *ex, State *state, uint32_t local);
void stale_forget_temp(Explorer *ex, State *state, uint32_t temp);
/* The object died: so did what points into it. */
void stale_bury(Explorer *ex, State *state, const Sym *sym, By by);
/* Drops marks of what nobody reads any more, at the start of 'block'. */
void stale_collect(Explorer *ex, State *state, uint32_t block);
uint64_t stale_hash(const State *state, uint64_t hash);
bool stale_equal(const State *a, const State *b);
/* Keeps what either state has, where both hold the same. */
void stale_join(Explorer *ex, State *into, const State *other);
/* Finds lists that the function indexes without a check. */
uint64_t *stale_find_indexed(Arena *arena, const Fn *fn);

/* ---- given.c ---------------------------------------------------------------------------------- */

/* By function, a bit per parameter that may get what others have as well.  Owned by 'arena'. */
uint32_t *given_find(Arena *arena, const Program *program, const FnInfo *info);

/* ---- unset.c ------------------------------------------------------------------------------ */

/* True for the content of an object variable that nothing has set. */
bool is_unset_variable(Explorer *ex, const Sym *sym);
/* Reports the use of such a variable; false when it is one, and the path ends. */
bool check_unset(Explorer *ex, State *state, const Sym *sym, const Instr *at, const char *use);

/* ---- exception.c, exception_event.c: the exception state of a path --------------------------- */

/* True when an exception is set for sure. */
bool exception_is_set(const State *state);
/* True for an outcome that sets one. */
bool exception_is_raised(const Case *c);
/* True for a function that answers yes, no, or that it failed. */
bool exception_is_tristate(const Summary *summary);
/* True when both know the same of it. */
bool exception_is_same(const State *a, const State *b);
/* What holds in both. */
void exception_join(State *into, const State *other);
/* A condition has been decided, or ('cond' is then a value) a switch: is it a test for the
 * failure that set the exception? */
void exception_branch(Explorer *ex, State *state, const Sym *cond, bool truth);
void exception_switch(Explorer *ex, State *state, const Sym *value);
/* The function returns 'value' (NULL for none): does that fit the exception state? */
void exception_return(Explorer *ex, State *state, const Sym *value, const Instr *at);
/* After the exploration: reports failures without an exception of a function that nobody is seen to
 * call, and that fails in the same way with one. */
void exception_check_unseen(Explorer *ex);
/* What callers need to know of an exit: the exception, what was asked of the one that they had
 * set, who is to blame when it does not fit the result. */
void exception_summarize(Explorer *ex, const Exit *e, Case *c);
/* True when both are the same mistake in the same function. */
bool exception_is_same_fault(const Fault *a, const Fault *b);
/* The first fault of an outcome that is a failure without an exception ('missing'), or one that
 * is an exception left behind; NULL: none is. */
const Fault *exception_fault(const Case *c, bool missing);
/* The faults of two outcomes that fall together. */
const Fault *exception_join_faults(Arena *arena, const Fault *a, const Fault *b);
/* Marks outcomes that callers cannot tell apart, once all are known. */
void exception_settle(Explorer *ex, Summary *summary);
/* One of those findings that several callers came to. */
void exception_group(EngineResult *out);

/* What is wrong with an exception. */
void event_exception(Explorer *ex, State *state, ExceptionKind kind, const Raised *raised,
                     const Instr *at, const char *user);

/* ---- exception_saved.c: exceptions that are taken out and put back --------------------------- */

/* The same saved exception, or none. */
bool exception_is_same_saved(const State *a, const State *b);

/* ---- repeated.c ------------------------------------------------------------------------- */

/* True when the call is the argument of a macro that evaluates it twice: what it gives the second
 * time decides. */
bool is_repeated(const Explorer *ex, const Instr *call);
/* 'call' gives 'result' the second time: what conditions of the path said of the first result
 * holds for it. */
void repeat_answer(Explorer *ex, State *state, const Instr *call, const Sym *result);

/* ---- widen.c ------------------------------------------------------------------------------ */

/* For each loop head and local: 0 = not inductive, 1 = counts up, 2 = down, 3 = somehow. */
uint8_t **find_inductive(Explorer *ex);
/* Gives up what counts along, on the way back to the loop head 'head'. */
void widen(Explorer *ex, State *state, uint32_t head);

/* ---- entry.c ---- */

/* Adds the usual state at entry, and before it those of the ways that authors forget: the
 * attribute is deleted, there are no keyword arguments, tp_init never ran. */
void entries_add(Explorer *ex, States *out);

/* ---- explore.c ------------------------------------------------------------------------------------ */

/* Follows all paths of ex->fn; fills exits and reports. */
void explore(Explorer *ex);

/* ---- summarize.c ------------------------------------------------------------------------------------ */

/* What callers need to know, from the exits.  Owned by ex->out. */
Summary *summarize(Explorer *ex);

/* ---- event.c, choose.c, trace.c ---------------------------------------------------------------------------------- */

struct Object {
    Explorer *ex;
    State *state;
    const Sym *sym;
    Ref ref;            /* as it was when the event came */
    const Instr *at;
    const char *name;   /* see object_name */
};

struct RuleCtx {
    Explorer *ex;
    const Rule *rule;
    const Object *object;
    const Instr *at;
    bool deferred;      /* keep until all exits are known */
    LostHow how;
    const Summary *fact;
    const Case *fact_case;
    Confidence confidence;
    const StaleEvent *stale;
    const Node *raised; /* see PendingReport */
    const Fault *fault;
    bool unread;
    const Loc *place;
};

/* A report before the best path for it is chosen. */
struct PendingReport {
    const Rule *rule;
    const Sym *sym;
    const Instr *birth;   /* identity: where the object was made */
    const Instr *at;
    Reach reach;
    const char *object, *message, *fix, *cause;
    const Summary *fact;
    const Case *fact_case;
    Ref ref;
    const Node *trace;
    bool is_param_excess; /* a parameter is owed at the return: perhaps the contract */
    bool is_return;       /* return-borrowed of a function that is no entry point */
    bool is_stale;        /* told of by event_stale */
    bool is_size;         /* the size of a list, not an item */
    bool on_failure;      /* the path has a failure */
    Confidence confidence;
    const Node *raised;   /* exceptions: the call that it is about, or NULL */
    const Fault *fault;   /* exceptions: the callee that is to blame, or NULL */
    Loc place;            /* where its author changes something: 'at', or in the callee */
    bool unread;          /* exceptions: nobody looks at the result of that call */
    PendingReport *same;  /* the next object with the same mistake in this function */
};

void event_lost(Explorer *ex, State *state, const Ref *ref, const Instr *at, LostHow how,
                const char *holder);
void event_release(Explorer *ex, State *state, const Ref *ref, bool by_steal, By by);
void event_use(Explorer *ex, State *state, const Ref *ref, const Instr *at, const char *use);
/* A variable is used that nothing has set. */
void event_unset(Explorer *ex, State *state, const Sym *sym, const Instr *at, const char *use);
/* Memory is given back to another family than its own. */
void event_free(Explorer *ex, State *state, const Ref *ref, By by);
void event_return(Explorer *ex, State *state, const Ref *ref, const Instr *at, bool sure);
/* 'place', which owns what it holds, is left with a reference that is not its own. */
void event_store(Explorer *ex, State *state, const Ref *ref, const Instr *at, const Place *place);
/* The object of an event, under the name that the reader knows it by. */
Object object_for(Explorer *ex, State *state, const Ref *ref, const Instr *at);
/* NULL, which 'sym' is, is dereferenced, or passed to 'user' (NULL: none). */
void event_null(Explorer *ex, State *state, const Sym *sym, const Instr *at, const char *user,
                bool in_format);
/* The variable, which is NULL on this path as the path knows, is passed to 'user', where NULL is
 * not accepted; 'counts' says that it changes the reference count, as labels do that clean up:
 * what only reads stands more often under a condition that the path has lost. */
void event_null_variable(Explorer *ex, State *state, const Place *variable, const Instr *at,
                         const char *user, bool counts);
/* 'container' is passed to 'user' (NULL: returned) with 'item' in it, the NULL of a call that has
 * failed. */
void event_hole(Explorer *ex, State *state, const Sym *item, const Sym *container,
                const Instr *at, const char *user);
/* The field at 'place' is left NULL: by 'sym', what an allocation gave, while the function returns
 * as if nothing had happened; or by 'callee', whose failure nobody looks at (NULL: none). */
void event_left_null(Explorer *ex, State *state, const Place *place, const Sym *sym,
                     const Instr *at, const char *callee);
/* A value is used that may be gone since the call named in 'event'. */
void event_stale(Explorer *ex, State *state, const Sym *sym, const Instr *at, StaleEvent event,
                 const Sym *owner, const Place *place, int chance);
/* 'ref' is a container that other threads have, from which 'getter' borrows; 'name' or NULL. */
void event_thread(Explorer *ex, State *state, const Ref *ref, const Instr *at, ThreadEvent event,
                  const char *name, const Summary *fact, Confidence confidence);
/* The argument 'ref' is left to the caller at an exit, and taken over at another one like it. */
void event_inconsistent(Explorer *ex, State *state, const Ref *ref, const Instr *at,
                        InconsistentEvent event);
/* The GIL is needed and not held. */
void event_gil(Explorer *ex, State *state, const Instr *at, GilEvent event);
/* Ask-the-engine functions of fixtures; true when the call was one. */
bool event_ask(Explorer *ex, State *state, const Instr *ins, const char *name);
/* True when every exit leaves the parameter with the same excess of references: then it
 * is what the function is for (a wrapper around Py_INCREF). */
bool exits_agree(const Explorer *ex, const Sym *sym);
/* The same, or the result tells which exits have it: 'if (try_get(o)) ...; Py_DECREF(o);'. */
bool excess_is_contract(const Explorer *ex, const Sym *sym);
/* Chooses one report per rule, object and function and appends the findings. */
void events_finish(Explorer *ex, EngineResult *out);

/* Stands for the questions that fixtures ask; no rule of its own. */
extern const Rule engine_rule;
/* The callee's name for people, "" for none. */
const char *callee_text(Explorer *ex, const Summary *summary);
/* The name of a callee as its users write it; owned by ex->out or 'name' itself. */
const char *display_name(Explorer *ex, const char *name);
/* Where a success-only taker refused the object, else where it was lost. */
const Loc *taken_at(const PendingReport *report);

/* The story that leads to 'pending', for people. */
void trace_steps(Explorer *ex, const PendingReport *pending, Finding *finding);

/* ---- doubt.c ---- */

/* True when NULL, which 'sym' is on this path, is more than a possibility that some test
 * opens: this function has reason to think of it. */
bool null_is_evident(Explorer *ex, const State *state, const Sym *sym);
/* True when the code says, right after the instruction where the explorer stands, that an
 * exception is set: assert(PyErr_Occurred()). */
bool exception_is_asserted(const Explorer *ex);
/* True when what the instruction gives where the explorer stands is the condition of an assertion,
 * which says that there is an answer. */
bool is_asserted_answer(const Explorer *ex);

/* ---- self.c: which values are the first argument of a function ----------------------------- */

typedef struct SelfUse {
    const Fn *fn;
    const Instr **def;   /* by temporary: the instruction that sets it */
    const uint8_t *alias; /* by local: 1 when it is set once, from the first parameter */
} SelfUse;

SelfUse self_use(Arena *arena, const Fn *fn);
/* True when 'val' is what parameter 0 held when the function began. */
bool self_is(const SelfUse *use, Val val);
/* True when 'val' is the address of a field of that. */
bool self_is_inside(const SelfUse *use, Val val);

/* ---- fresh.c ---- */

/* Finds, for each method, the fields that are still unset after tp_new alone. */
void fresh_find(Arena *arena, Strings *strings, const Program *program, FnInfo *info);

/* ---- compared.c ---- */

/* Finds the parameters that all callers of a static function compare with its result. */
void compared_find(const Program *program, FnInfo *info);

/* ---- role.c ------------------------------------------------------------------------------------------------ */

/* What the program's tables, slots and names say of each function. */
FnInfo *roles_find(Arena *arena, const Program *program);

#endif

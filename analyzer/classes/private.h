/* private.h: how the layer finds out: values traced back, actions on fields, slots. */
#ifndef STRAYREF_CLASSES_PRIVATE_H
#define STRAYREF_CLASSES_PRIVATE_H

#include "classes/classes.h"

/* ---- reach of a value inside a function: value.c ----------------------------- */

/* Where a value comes from. */
typedef enum SourceKind {
    FROM_NULL,    /* NULL or a number */
    FROM_PARAM,   /* parameter 'index' of the function */
    FROM_CALL,    /* the result of 'call' */
    FROM_OUT,     /* filled in by 'call' through its argument 'index' */
    FROM_MEMBER,  /* read from 'member' */
    FROM_GLOBAL,  /* read from the variable 'decl' */
    FROM_ADDRESS, /* the address of the variable 'decl' (a static type, None) */
    FROM_UNKNOWN,
} SourceKind;

typedef struct Member Member;
typedef struct Build Build;

typedef struct Source {
    SourceKind kind;
    uint32_t index;
    const Instr *call;
    Member *member;
    const Decl *decl;
    const Type *type; /* of the value as it stands, or NULL */
} Source;

#define SOURCES_MAX 12

typedef struct Sources {
    Source at[SOURCES_MAX];
    uint32_t n;
    bool cut; /* there were more */
} Sources;

/* A variable of a function: what is stored there, and the calls that get its address. */
typedef struct LocalUse {
    VEC(Val) values;
    VEC(const Instr *) calls;
    VEC(uint32_t) args;
    bool busy; /* being traced: keeps the search from going round */
} LocalUse;

typedef enum ActionKind {
    DOES_STORE,    /* 'value' is stored in the member */
    DOES_FILL,     /* 'ins' fills it through its argument 'arg' */
    DOES_RELEASE,  /* what it holds is released, the pointer stays */
    DOES_RESET,    /* released and overwritten, by 'value' */
    DOES_VISIT,    /* handed to the visit function */
    DOES_INSERT,   /* 'value' is put into the container it holds */
    DOES_CALL,     /* what it holds is called */
    DOES_FREE,     /* the memory it points to is given back */
    DOES_SHARE,    /* returned, or handed to a callee that may keep it */
    DOES_RETAIN,   /* what it holds gets one more reference */
} ActionKind;

/* What one instruction does to a member. */
typedef struct Action {
    ActionKind kind;
    Member *member;
    uint32_t fn;
    uint32_t block, at; /* of the instruction */
    const Instr *ins;
    uint32_t arg;
    Val value;
    bool via_local;     /* read into a variable first */
    bool twice;         /* an array or a node: may stand for several objects */
} Action;

/* A function being looked at. */
typedef struct FnView {
    const Fn *fn;
    uint32_t index;
    const Instr **def; /* by temporary */
    uint32_t *def_block; /* by temporary: where it is set */
    uint32_t *pred;    /* by block: its only predecessor, UINT32_MAX when there are several */
    LocalUse *local;   /* by local */
    VEC(Action) actions; /* in the order of the instructions */
    VEC(Val) retained;   /* what gets one more reference: arguments of Py_INCREF */
    VEC(const Instr *) calls;
    VEC(uint32_t) call_block; /* of each call */
    bool is_maker;       /* it allocates objects */
    VEC(Build *) owners; /* classes whose instance is its first parameter */
    bool is_exported;    /* its address stands in a table of the program's own: a C-API */
    bool is_entry;       /* Python calls it: it stands in a table, or is assigned to a slot */
} FnView;

/* A field of a record, over the whole program. */
struct Member {
    Str record, name;
    const Type *type;       /* of the field */
    bool busy;              /* its content is being looked at */
    VEC(Action *) actions;  /* all of them, in the order of functions */
};

typedef struct Members {
    VEC(Member *) at;
} Members;

/* One PyMemberDef. */
typedef struct MemberDef {
    Str name;
    Member *member; /* the field whose offset it names, NULL when not known */
    bool is_object, readonly;
    Loc loc;
} MemberDef;

/* A class under construction, with what rules need not know. */
struct Build {
    Class cls;                    /* first: ring.c goes back from it */
    const Decl *decl;             /* of the PyTypeObject or the spec */
    const Fn *fn[SLOT_COUNT];     /* NULL when not set or without a body */
    const Decl *slot_decl[SLOT_COUNT];
    const Decl *base_decl;        /* of the base, a type's or a spec's variable */
    Build *base;                  /* in this program, or NULL */
    bool base_unknown, inherited;
    uint32_t hazard_room;
    int64_t flags;
    bool flags_known;
    VEC(uint32_t) methods;        /* functions in its other slots and tables */
    VEC(MemberDef) members;
    const Member *weaklist, *dict; /* the fields at tp_weaklistoffset and tp_dictoffset, or NULL */
    uint64_t *closure[SLOT_COUNT]; /* bit set of functions that the slot reaches, made on demand */
    Members own;                  /* of its record */
    Member **member;              /* by field of cls */
};

typedef struct Finder {
    Arena *arena;
    Strings *strings;
    const Program *program;
    const Model *model;
    FnView *view;            /* by function of the program */
    Map members;             /* hash of record and field -> Member * */
    Map by_record;           /* Str -> Members * */
    VEC(Build *) classes;
    Map by_decl;             /* USR of a type's or spec's variable -> Build * */
    Map by_sequence;         /* USR of a variable -> Build * of the struct sequence it stands for */
    Map table_of;            /* USR -> const Table * */
} Finder;

/* views.c: looks at every function once: definitions, variables, then actions (gather.c). */
void views_make(Finder *finder);

/* Appends where 'val' of a function comes from. */
void sources_find(Finder *finder, const FnView *view, Val val, Sources *out);
/* The member that an address leads to, through elements and pointers; NULL for other memory.
 * '*steps' (may be NULL) is set when an element or a pointer was followed. */
Member *member_of_address(Finder *finder, const FnView *view, Val address, bool *steps);
/* The member that a value was read from; '*via_local' when through a variable. */
Member *member_of_value(Finder *finder, const FnView *view, Val value, bool *via_local,
                        bool *steps);
/* The member that the variable at this address was read from. */
Member *member_of_variable(Finder *finder, const FnView *view, Val address);
/* True when 'source' is one of those that the value comes from. */
bool has_source(Finder *finder, const FnView *view, Val val, const Source *source);
/* True when 'val' is parameter 'index', possibly cast or kept in a variable. */
bool is_param(Finder *finder, const FnView *view, Val val, uint32_t index);
/* The variable whose address 'val' is (a static type object), or NULL. */
const Decl *global_of(const FnView *view, Val val);
/* The store that a load of a variable reads, when it stands on the only way there; or NULL. */
const Instr *reaching_store(const FnView *view, const Instr *load);
/* The member of a record, created when new. */
Member *member_get(Finder *finder, Str record, Str name, const Type *type);
/* The instruction that sets a temporary, NULL for other values. */
const Instr *def_of(const FnView *view, Val val);
/* The callee's name, or ".field", "" when there is none. */
const char *called_name(const Instr *call);
/* The function of the program that a call reaches, or -1. */
int64_t callee_index(const Finder *finder, const Instr *call);
/* The struct that the result of a call is taken for, or NULL. */
Str record_of_result(const FnView *view, const Instr *call);
/* What is known of the callee, or NULL. */
const Summary *callee_summary(const Finder *finder, const Instr *call);
/* True for the call of a function that is one of 'names' (ended by NULL). */
bool calls_one_of(const Instr *call, const char *const *names);
/* True for Py_NewRef and its like. */
bool gives_its_argument(const Instr *call);
/* True for a call that hands its first argument to a visitproc. */
bool is_visit(const FnView *view, const Instr *call);

/* ---- gather.c ---------------------------------------------------------------- */

/* buffer.c: the object that the Py_buffer at this address keeps alive, as a member of the struct
 * that the buffer is in or that points to it; NULL when it is in neither. */
Member *member_of_view(Finder *finder, const FnView *view, Val address);
/* The variable whose address a value is, UINT32_MAX for others; the member of a field
 * instruction, or NULL. */
uint32_t local_address(const FnView *view, Val val);
Member *member_of_field(Finder *finder, const Instr *field);
/* Fills the actions of one function, whose view is made. */
void actions_gather(Finder *finder, FnView *view);

/* ---- find.c, slots.c: the types ---------------------------------------------- */

/* Finds all types and their slots. */
void builds_find(Finder *finder);
/* The class of a type's, a spec's or a description's variable, made when new. */
Build *build_get(Finder *finder, const Decl *decl);
/* Gives a class the slot or field of this name ("tp_new", "flags"), set at 'loc'. */
void set_slot(Finder *finder, Build *build, const char *name, Val val, Loc loc);
/* assign.c: what code does to types: slots that are assigned, bases that specs are given. */
void code_read(Finder *finder);
/* True for the type of a variable that is a PyType_Spec. */
bool is_spec_record(const Type *type);
/* The initialiser of the variable that a value is the address of, or NULL. */
const Table *table_at(const Finder *finder, Val val);
/* sequence.c: a PyStructSequence_Desc into a class; the class that PyStructSequence_New makes an
 * instance of, NULL for other calls; which variables are their types; what their items hold. */
void sequence_read(Finder *finder, const Table *table);
Build *sequence_of(Finder *finder, const FnView *view, const Instr *call);
void sequences_name(Finder *finder);
void sequences_fill(Finder *finder);
/* The spec of the type that is stored in a field of a struct (a module's state), or NULL. */
const Decl *type_in_member(Finder *finder, const Member *member);
/* record.c: finds the struct of its instances, and whose instance functions get. */
void record_find(Finder *finder, Build *build);
/* The number of a PyType_Slot -> "tp_dealloc"; NULL for unknown ones. */
const char *slot_name(int64_t number);
/* "tp_dealloc" -> SLOT_DEALLOC, SLOT_COUNT for those no rule asks about. */
SlotId slot_id(const char *name);
/* A type of the C-API, as far as inheritance needs it. */
typedef struct KnownType {
    const char *name; /* "PyList_Type" */
    bool gc;
    unsigned holds;   /* what a reference to an instance can lead to */
} KnownType;
const KnownType *known_type(const char *name);
/* What instances of a C struct of the C-API lead to ("PyListObject"), 0 when unknown. */
unsigned known_record(const char *tag);

/* ---- closure.c: what a slot function does, with the functions it calls ------- */

/* The functions that 'slot' of the class (and of bases it delegates to) reaches. */
const uint64_t *closure_of(Finder *finder, Build *build, SlotId slot);
/* The first action of one of the kinds (a set of bits) on the member in a closure, or NULL. */
const Action *closure_finds(const uint64_t *closure, const Member *member, unsigned kinds);
/* True when a method releases what the member holds, and none puts anything there. */
bool closure_drops_on_demand(Finder *finder, const Build *build, const Member *member);
/* True when a function of the closure calls the slot through a type ("type->tp_clear(self)"). */
bool closure_delegates(Finder *finder, const uint64_t *closure, SlotId slot);
/* The first call of one of the names in a closure, or NULL. */
const Instr *closure_calls(Finder *finder, const uint64_t *closure, const char *const *names,
                           const FnView **where);

/* ---- hold.c ------------------------------------------------------------------ */

typedef VEC(Build *) Builds;

/* A question on its way through callers and callees. */
typedef struct Holds {
    Finder *finder;
    const Build *of; /* the class whose field is asked for, or NULL */
    Builds *classes;
    int depth;
} Holds;

/* guard.c: what the checks before 'block' leave of an object; 0: there are none. */
unsigned checked_holds(Holds *h, const FnView *view, const Source *source, uint32_t block);
/* What an instance of the type at this variable leads to. */
unsigned instance_holds(Holds *h, const Decl *type);
/* results.c: what a callee's result leads to, what passes a type check; 0 when not known. */
unsigned result_holds(const char *callee);
unsigned check_holds(const char *callee);
/* What an object stored in the member of a class can lead to; classes are added to 'classes'. */
unsigned member_holds(Finder *finder, const Build *build, Member *member, Builds *classes);
/* What a value leads to; classes are added to 'classes'. */
unsigned value_leads(Finder *finder, const FnView *view, Val val, Builds *classes);
/* True when the value itself is the result of a call that adds a reference. */
bool is_new_reference(Finder *finder, const FnView *view, Val val, int depth);
/* True when the action stores an object that a caller in Python passes, and that is no atom. */
bool action_passes(Finder *finder, const Action *action);
/* Whether all, or some, stores there take a reference of their own. */
typedef struct Ownership {
    const Action *owning, *borrowing, *first;
    bool unknown;
} Ownership;
Ownership member_ownership(Finder *finder, const Build *build, const Member *member);

/* unwinding.c: destructors that lose an exception. */
void unwinding_check(Finder *finder, Build *build);

/* given_away.c: true when the function releases what it stores, or hands it to somebody who takes
 * it over, on the same way. */
bool is_given_away(Finder *finder, const FnView *view, const Action *store);

/* ---- whose.c ----------------------------------------------------------------- */

/* The pointer to the struct that a value is read from, or that an address leads into: self of
 * self->x. */
Val owner_of(const FnView *view, Val val);
/* False when the action surely works on an instance of another class with the same struct. */
bool action_concerns(Finder *finder, const Build *build, const Action *action);
/* True when a function other than the class's own tp_dealloc and tp_clear empties the field and
 * lets go of the instance: a library's hold that ends rings when it ends. */
bool is_taken_apart(Finder *finder, Build *build, const Member *member);

/* duties.c: whether a value is the type of the instance; whether tp_traverse visits it. */
bool is_own_type(Finder *finder, const FnView *view, Val val);
bool type_is_visited(Finder *finder, Build *build);

/* ---- layout.c ---------------------------------------------------------------- */

/* What frees a field, and what shows it to the collector: sets of ActionKind. */
enum {
    RELEASES = 1 << DOES_RELEASE | 1 << DOES_RESET | 1 << DOES_FILL,
    VISITS = 1 << DOES_VISIT,
};

/* A member that is a field of a class. */
typedef struct Found {
    Member *member;
    const char *name;     /* "head.next", "items[]" */
    bool through_pointer; /* in memory that the instance points to */
} Found;

typedef VEC(Found) FoundFields;

/* The fields of the class that hold objects, each once. */
FoundFields found_fields(Finder *finder, Build *build);
/* True for NodeObject *, false for PyObject *. */
bool names_struct(const Type *type);

/* ---- fields.c, ring.c, order.c, inherit.c ------------------------------------ */

void inherit_all(Finder *finder);
void fields_find(Finder *finder, Build *build);
/* What its slots do besides its fields; needs the fields of all classes. */
void slots_check(Finder *finder, Build *build);
void rings_find(Finder *finder);
/* Where instances are made: looks at all functions once. */
void makers_check(Finder *finder);
/* What tp_dealloc does out of order; visits and releases too few or too many. */
void dealloc_check(Finder *finder, Build *build);
void promises_check(Finder *finder, Build *build);
/* blocks.c: memory, buffers and the instance itself: what tp_dealloc leaves, and gives to the
 * wrong allocator. */
void blocks_check(Finder *finder, Build *build);
/* promise.c: true when 'after' may run once 'before' has, in the same call of the function. */
bool action_follows(Finder *finder, const FnView *view, const Action *before, const Action *after);
/* References that no tp_traverse could show: looks at all functions once. */
void hidden_check(Finder *finder);
void hazard_add(Finder *finder, Build *build, Hazard hazard);
/* The view of a slot's function when the class sets it itself and its body is known. */
const FnView *view_of_slot(Finder *finder, const Build *build, SlotId slot);
/* True for a field that holds objects: a pointer to one, an array of such. */
bool holds_object(const Type *type);
/* True for the type of a variable that is a type object. */
bool is_type_object(const Type *type);
/* A Site for an instruction of a function. */
Site site_of(const FnView *view, const Instr *ins, const char *text);

#endif

/* view.h: the extension types of a program, as rules and printers see them.
 *
 * A Class joins what a program says of one type in many places: its static
 * PyTypeObject or PyType_Spec, the slots assigned in code, the struct of its
 * instances, and for each field of that struct that holds an object: who owns
 * it, what it can hold, and what tp_traverse, tp_clear and tp_dealloc do with
 * it.  All of it is read-only and lives as long as the scan's arena.
 */
#ifndef STRAYREF_CLASSES_VIEW_H
#define STRAYREF_CLASSES_VIEW_H

#include "engine/finding.h"

/* What a reference can lead to; a set of bits. */
enum {
    HOLD_ATOM = 1,          /* objects that hold no others: exact str, int, bytes, None */
    HOLD_ATOM_SUBCLASS = 2, /* str and its like, and subclasses of them, which have a __dict__ */
    HOLD_SYSTEM = 4,        /* modules and types: not part of users' rings */
    HOLD_CLASS = 8,         /* types of this program, see ClassField.classes */
    HOLD_CONTAINER = 16,    /* a container whose content is not known to be harmless */
    HOLD_ANY = 32,          /* any object: an argument, a call's result */
    HOLD_UNKNOWN = 64,      /* nothing is known; no ring is concluded from it */
    HOLD_GIVEN = 128,       /* with HOLD_CONTAINER: Python code passed it in and may change it */
};

/* Slots that the rules ask about. */
typedef enum SlotId {
    SLOT_DEALLOC, SLOT_TRAVERSE, SLOT_CLEAR, SLOT_FREE, SLOT_ALLOC, SLOT_NEW, SLOT_INIT,
    SLOT_FINALIZE, SLOT_IS_GC, SLOT_DEL,
    SLOT_COUNT
} SlotId;

typedef struct Class Class;

/* A place with what happens there, for the story of a finding. */
typedef struct Site {
    Loc loc;
    const char *function; /* the function it is in */
    const char *text;     /* "'self->x' is stored" */
} Site;

/* A field of the instances that holds objects. */
typedef struct ClassField {
    const char *name;       /* as written behind "self->": "head->value", "items[]" */
    unsigned holds;         /* HOLD_... */
    const Class **classes;  /* HOLD_CLASS: which */
    uint32_t nclasses;
    bool owned;             /* the instance owns what the field holds */
    bool borrowed;          /* it is stored without a reference of its own, everywhere */
    bool stored;            /* an object is stored there somewhere */
    bool mutable;           /* it can be set after the instance was made */
    bool settable;          /* ... to what Python code passes in */
    bool settable_late;     /* ... by more than tp_init */
    bool called;            /* the program calls it: a callback */
    bool pointed;           /* it lies in memory that the instance points to */
    bool buffer;            /* the exporter that a Py_buffer in the struct keeps alive */
    bool elsewhere;         /* another type's tp_traverse visits it */
    bool weaklist;          /* the list of weak references, or the instance's __dict__ slot */
    bool visited, cleared, released;
    bool on_demand;         /* of a module: nothing above, but one of its methods releases it */
    bool unlinked;          /* some function takes what it holds out, and leaves NULL */
    bool dropped;           /* tp_clear releases it, not only forgets it */
    bool typed;             /* the C type of the field names the struct of what it holds */
    bool early_exit;        /* tp_traverse leaves before it, although nothing stopped the visit */
    bool may_close;         /* what it holds can lead back to the instance */
    bool surely_closes;     /* ... by types known here or by a callback: 'ring' says how */
    const Ring *ring;       /* how it can lead back, the field's own edge first; or NULL */
    Site store, visit, clear, release, owning; /* loc.line 0 when there is none */
} ClassField;

typedef struct ClassSlot {
    Loc loc;                /* of the function, or of where the slot is set when it is not known */
    const char *function;   /* NULL when the slot is not set */
    bool own;               /* this program has the function's body */
} ClassSlot;

/* Something that tp_dealloc, or the function that makes instances, does out of order. */
typedef enum HazardKind {
    HAZARD_UNTRACK_MISSING,  /* fields are released while the collector may still look */
    HAZARD_TRACK_EARLY,      /* tracked, then a field is set for the first time */
    HAZARD_ALLOC_PLAIN,      /* made without the collector's header, the type has the flag */
    HAZARD_ALLOC_GC,         /* made with it, the type has not */
    HAZARD_FREE_PLAIN,       /* freed as if it had no header */
    HAZARD_FREE_GC,          /* freed as if it had one */
    HAZARD_TYPE_NOT_RELEASED, /* the heap type's reference stays */
    HAZARD_TYPE_BEFORE_FREE, /* the type is released, then used to free the instance */
    HAZARD_VISITED_TWICE,    /* a field is visited twice for one reference */
    HAZARD_DANGLING,         /* released, not replaced, and released again by tp_dealloc */
    HAZARD_BASE_RELEASES,    /* released, and again by the base's tp_dealloc */
    HAZARD_HIDDEN,           /* the instance is owned where the collector cannot look: 'ring' */
    HAZARD_BLOCK_LEAK,       /* a field's memory that tp_dealloc does not give back */
    HAZARD_BLOCK_FAMILY,     /* ... or that is given back to another allocator: at.text */
    HAZARD_BUFFER_LEAK,      /* a Py_buffer that tp_dealloc does not release */
    HAZARD_SELF_LEAK,        /* tp_dealloc does not free the instance */
    HAZARD_SELF_PASSED,      /* tp_dealloc hands the dead instance to code that may run Python */
    HAZARD_EXCEPTION_LOST,   /* a destructor clears or prints the exception it was called with */
} HazardKind;

typedef struct Hazard {
    HazardKind kind;
    Site at;                /* where it shows */
    Site because;           /* what makes it wrong; loc.line 0 when there is none */
    const char *what;       /* the field, callee or allocator it is about */
    const Ring *ring;
} Hazard;

struct Class {
    const char *name;       /* tp_name or the spec's name, else the variable's */
    const char *symbol;     /* the variable that holds the type or the spec */
    const char *record;     /* struct of the instances, "" when not known */
    bool own_record;        /* no other type has this struct */
    bool is_heap;           /* made from a spec: instances own their type */
    bool is_module;         /* a module and its state, not a type */
    bool has_state;         /* ... which Python allocates: m_size > 0 */
    bool is_sequence;       /* a struct sequence: a tuple with names for its items */
    bool is_opaque;         /* its base is not known: nothing is concluded from what is absent */
    bool has_gc;            /* it has the flag, itself or inherited */
    bool own_gc_flag;
    bool basetype;          /* Python code can make subclasses */
    bool has_dict;          /* instances have a __dict__ the collector knows nothing else about */
    bool managed_dict, managed_weakref, weaklist;
    bool immutable_type, no_instances;
    /* ... and whether accessors hide which fields are visited or released */
    bool visits_type, visits_dict, clears_weakrefs, has_trashcan, calls_base_dealloc,
        calls_base_traverse, calls_base_clear, has_members, visits_base_fields,
        visits_unseen, releases_unseen;
    const Class *base;      /* in this program, or NULL */
    const char *base_name;  /* of the C-API ("PyList_Type"), or NULL */
    bool base_gc, base_visits; /* a base outside: has the flag; has fields of its own to visit */
    Loc loc;                /* of the table */
    Loc flags_loc;          /* of its flags, else of the table */
    ClassSlot slot[SLOT_COUNT];
    ClassField *field;
    uint32_t nfields;
    Hazard *hazard;
    uint32_t nhazards;
    int python;             /* version the scan is for: 311; 0 when not known */
};

/* ---- what a rule does with it ------------------------------------------------ */

typedef struct ClassCtx ClassCtx;

typedef struct ClassReport {
    Loc loc;                /* where the author changes something */
    const char *function;   /* there, or the type's name */
    const char *object;     /* field or type that names the matter */
    const char *message;    /* one sentence without final stop */
    const char *fix;
    const char *last;       /* text of the last step, at 'loc' */
    const Site *steps[8];   /* what comes before; those without a place are left out */
    uint32_t nsteps;
    Confidence confidence;
    const Ring *ring;
} ClassReport;

/* Reports once per rule, place and object. */
void class_report(ClassCtx *cx, const Class *cls, const ClassReport *report);
/* For messages that live as long as the findings. */
Arena *class_arena(ClassCtx *cx);
/* Names of the fields for which 'wanted' is true, as "'self->a', 'self->b' and 2 more". */
const char *class_field_list(ClassCtx *cx, const Class *cls, bool (*wanted)(const ClassField *));
/* "str or int", "any object", "instances of Node": what a field can hold, for people. */
const char *hold_text(Arena *arena, const ClassField *field);

#endif

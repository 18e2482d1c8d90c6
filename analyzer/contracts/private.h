/* private.h: what the files of the folder share: wants, shapes, and where to tell. */
#ifndef STRAYREF_CONTRACTS_PRIVATE_H
#define STRAYREF_CONTRACTS_PRIVATE_H

#include "contracts/contracts.h"
#include "contracts/mismatch.h"

/* What a module says of itself. */
typedef struct Claim {
    const char *module, *file;
    Loc loc;              /* where it says so */
    bool own_gil;         /* interpreters with a GIL of their own may share the process */
    bool no_gil;          /* it needs none */
    bool several;         /* several interpreters may have it, by its initialisation in phases */
} Claim;

typedef struct Contracts {
    Arena *arena;
    const Program *program;
    const Model *model;
    EngineResult *out;
    Map tables;           /* USR -> const Table * */
    Map ended;            /* USR of an array that C code reads up to its empty entry */
    VEC(Claim) claims;    /* one for each module */
    Map wrappers;         /* USR of a function -> Wrapper * */
} Contracts;

/* ---- shape.c: C types as they stand in calls ------------------------------------ */

/* A function whose calls are looked at. */
typedef struct Body {
    const Fn *fn;
    const Unit *unit;
    const Instr **def;    /* by temporary */
} Body;

typedef enum WantKind {
    WANT_ANY,
    WANT_INT, WANT_FLOAT, /* of 'bits' */
    WANT_OBJECT,
    WANT_TEXT,
    WANT_POINTER,
    WANT_FUNCTION,
    WANT_STRUCT,          /* the address of one: Py_buffer, Py_complex */
} WantKind;

/* What an argument has to be. */
typedef struct Want {
    WantKind kind;
    uint8_t bits;
    bool place;           /* the address of such a value, to be filled */
    const char *words;    /* "an int" */
} Want;

typedef enum Fit { FITS, OTHER_WIDTH, OTHER_TYPE } Fit;

/* An argument: its C type as far as it is known. */
typedef struct Shape {
    ValKind kind;
    const Type *type;     /* of the value, or of what 'address' leads to; NULL: not known */
    bool address;         /* it is the address of a variable or of a part of one */
    int64_t num;          /* VAL_INT */
} Shape;

Body body_of(Arena *arena, const Fn *fn, const Unit *unit);
Shape shape_of(const Body *body, Val val);
/* What a reader calls the value: "n", "self->x", "3"; "" when it has no name. */
const char *shape_name(Arena *arena, const Body *body, Val val);
/* Does a value of this shape do?  '*bits' gets its own width when only that differs. */
Fit shape_fits(const Shape *shape, const Want *want, uint8_t *bits);
/* "an object", "a 64-bit integer": what it is, or what lies at the place. */
const char *shape_words(Arena *arena, const Shape *shape, bool place);
/* The same of a C type. */
const char *type_words(Arena *arena, const Type *type);

/* ---- call_formats.c, printf_formats.c, keywords.c ------------------------------- */

/* A call whose format governs arguments. */
typedef struct Governed {
    const Body *body;
    const Instr *call;
    const char *callee;   /* without the suffix that PY_SSIZE_T_CLEAN gives it */
    const char *api;      /* the function of the C-API that reads the format */
    bool sized;           /* ... which was compiled with PY_SSIZE_T_CLEAN */
    const char *format;
    uint32_t first;       /* the first argument that the format governs */
    uint32_t keywords;    /* the argument with the names of keywords, UINT32_MAX: none */
    bool on_error;
} Governed;

/* wrappers.c: a variadic function of the program that passes format and arguments on. */
typedef struct Wrapper {
    const char *api;      /* the function of the C-API that reads the format */
    FormatKind kind;
    bool sized;
    uint32_t format, keywords; /* parameters; UINT32_MAX: none */
    uint32_t first;
} Wrapper;

/* Finds all of them. */
void wrappers_find(Contracts *cx);
/* The name that is written in the source: without what PY_SSIZE_T_CLEAN adds. */
const char *written_name(Arena *arena, const char *name);

/* Looks at all calls of a function. */
void calls_check(Contracts *cx, const Fn *fn, const Unit *unit);
/* Checks argument 'i' of the call. */
void argument_check(Contracts *cx, const Governed *g, uint32_t i, const Want *want,
                    const char *unit);
/* Checks how many arguments are given. */
void count_check(Contracts *cx, const Governed *g, uint32_t wanted);
/* PyErr_Format and its like. */
void printf_check(Contracts *cx, const Governed *g);
/* The keywords of PyArg_ParseTupleAndKeywords against its format. */
void keywords_check(Contracts *cx, const Governed *g, Val keywords);

/* ---- tables.c, methods.c, signature.c, members.c -------------------------------- */

/* The number of an entry of an array ("[3].ml_meth" -> 3), -1 for no array; 'field' gets what
 * follows it. */
int64_t entry_index(const char *path, const char **field);
/* Checks the end of an array that is given to the C-API, which reads it up to there. */
void end_check(Contracts *cx, const Decl *decl);
/* Looks at one static table. */
void table_check(Contracts *cx, const Table *table);
void methods_check(Contracts *cx, const Table *table);
void members_check(Contracts *cx, const Table *table);
/* Says what a function that the C-API calls has to look like: the result, then the parameters,
 * one letter each (signature.c); and checks that it does. */
void signature_check(Contracts *cx, const char *table, const TableEntry *entry,
                     const char *caller, const char *signature);
/* What a slot or field asks for, "" for those that hold no functions. */
const char *signature_of(const char *slot);
/* The name of a PyType_Slot, "" for unknown ones. */
const char *slot_called(int64_t number);

/* ---- claims.c, statics.c --------------------------------------------------------- */

/* Reads the claims of all modules. */
void claims_find(Contracts *cx);
/* The module that a file belongs to: the one it defines, else the only one; or NULL. */
const Claim *claim_of(const Contracts *cx, const char *file);
/* Looks for objects that exist once per process. */
void statics_check(Contracts *cx);

/* ---- contracts.c ----------------------------------------------------------------- */

/* Tells all rules. */
void tell(Contracts *cx, const Mismatch *mismatch);

#endif

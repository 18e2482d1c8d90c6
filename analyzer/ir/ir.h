/* ir.h: the intermediate representation: what one translation unit says, with
 * all of C's syntax spent.
 *
 * Locals are memory: a VAL_LOCAL operand is the *address* of the local; its
 * value is read with 'load' and written with 'store' (no SSA, no phi).  The
 * same holds for VAL_GLOBAL.  Temporaries are assigned exactly once; they may
 * be used in blocks that follow (an argument evaluated before a '?:').
 * Parameters are the first 'nparam' locals and hold the arguments on entry.
 * Block 0 is the entry.  The text form (print.c, read.c) is complete: reading
 * what was printed gives an equal unit.  Knows neither Python nor clang.
 */
#ifndef STRAYREF_IR_H
#define STRAYREF_IR_H

#include "base/base.h"

typedef enum Op {
#define OP(id, name, result, terminator) OP_##id,
#include "ir/ops.def"
#undef OP
    OP_COUNT
} Op;

/* ---- types ------------------------------------------------------------- */

typedef enum TypeKind {
    TYPE_VOID,
    TYPE_INT,    /* bits, is_unsigned; _Bool is 1 bit unsigned; enums too */
    TYPE_FLOAT,  /* bits */
    TYPE_PTR,    /* to */
    TYPE_ARRAY,  /* to, count (0 when unknown) */
    TYPE_RECORD, /* tag, is_object; struct, union or class */
    TYPE_FUNC,   /* to = the result type */
    TYPE_OTHER,  /* anything else (complex, vector, dependent) */
} TypeKind;

typedef struct Type Type;
struct Type {
    TypeKind kind;
    uint8_t bits;     /* width of INT and FLOAT */
    bool is_unsigned; /* of INT */
    bool is_object;   /* RECORD that starts with the reference-count header */
    bool is_union;    /* of RECORD */
    Str tag;          /* RECORD: typedef name if it has one, else tag, else "" */
    const Type *to;   /* PTR, ARRAY, FUNC; NULL for pointers to incomplete unknowns */
    uint64_t count;   /* ARRAY: elements */
};

/* True for a pointer to a reference-counted record (PyObject *). */
bool type_is_object(const Type *type);
/* True for a pointer to such a pointer (PyObject **). */
bool type_is_object_ptr(const Type *type);

/* ---- values ------------------------------------------------------------ */

/* A function or variable that lives outside any function, or a local static. */
typedef struct Decl {
    Str name;          /* as written; a local static is "function.name" */
    Str usr;           /* clang's unified symbol resolution: one name in the whole program */
    const Type *type;  /* of the variable, or TYPE_FUNC */
    bool is_func;
    bool is_static;    /* internal linkage */
    bool is_const;     /* a const-qualified variable */
    bool is_noreturn;  /* function that never comes back */
    bool is_system;    /* declared in a system header */
    bool is_variadic;
    Str *annotation;   /* texts of __attribute__((annotate("..."))); then the prototype
                          ("strayref:prototype(list, n:int) obj") of a function that has any */
    uint32_t nannotation;
    Loc loc;           /* where first declared */
    Digest digest;     /* of its text form but for the place; 0 unless it was read from there */
} Decl;

typedef enum ValKind {
    VAL_NONE,   /* no operand */
    VAL_TEMP,   /* index: the temporary, from 1 */
    VAL_LOCAL,  /* index: address of Fn.local[index] */
    VAL_GLOBAL, /* decl: address of a variable */
    VAL_FUNC,   /* decl: a function */
    VAL_INT,    /* num; characters and enum constants too */
    VAL_FLOAT,  /* num unused: no arithmetic is done on floats */
    VAL_NULL,   /* the null pointer */
    VAL_STR,    /* str: a string literal, as bytes up to the first NUL */
    VAL_UNDEF,  /* an unknown value without a name */
} ValKind;

typedef struct Val {
    ValKind kind;
    union {
        uint32_t index;
        int64_t num;
        const Decl *decl;
        Str str;
    };
} Val;

#define VAL_NOTHING ((Val){.kind = VAL_NONE})

/* ---- functions --------------------------------------------------------- */

typedef struct Local {
    Str name;         /* "" for a hidden one (value of ?:, &&, statement expression) */
    const Type *type;
    bool is_param;
    Loc loc;
} Local;

typedef struct SwitchCase {
    int64_t lo, hi; /* inclusive; equal but for GNU ranges */
    uint32_t to;
} SwitchCase;

typedef struct Instr {
    Op op;
    uint32_t dst;       /* temporary set, 0 = none */
    const Type *type;   /* of the result; of the value for STORE, the record for MOVE; may be NULL for terminators */
    Val a, b;           /* fixed operands, see ops.def */
    Val *args;          /* CALL, HAVOC */
    uint32_t nargs;
    Str name;           /* operator, field, callee hint, reason */
    Str record;         /* FIELD: tag of the record the field is in */
    uint32_t to[2];     /* JMP, BR, SWITCH: target blocks */
    SwitchCase *cases;  /* SWITCH */
    uint32_t ncases;
    Loc loc;
} Instr;
/* CALL: 'a' is VAL_FUNC for a direct call; else a temporary, and 'name' is
 * ".field" when the pointer was just read from that field (".tp_alloc"), the
 * variable's name when it was read from a variable, the macro's name when an object-like
 * macro took it from a table (NumPy's PyArray_API), else "". */

typedef struct Block {
    Instr *ins; /* the last one is the only terminator */
    uint32_t nins;
} Block;

typedef enum FnStatus {
    FN_OK,
    FN_DAMAGED, /* a parse error touches it: never report on it */
} FnStatus;

typedef struct Fn {
    const Decl *decl;
    Loc loc;           /* of the name in the definition */
    uint32_t last_line; /* of the closing brace */
    const Type *ret;
    Local *local;
    uint32_t nlocal, nparam;
    Block *block;
    uint32_t nblock;
    uint32_t ntemp;    /* highest temporary */
    FnStatus status;
    Str reason;        /* why damaged, or NULL */
    uint32_t nhavoc;   /* havoc instructions inside */
    bool imprecise;    /* a for header was guessed */
    Digest digest;     /* of its text form; 0 unless it was read from there */
} Fn;

/* ---- static tables ------------------------------------------------------ */

/* One scalar of a static initialiser: "[2].ml_meth" = @func. */
typedef struct TableEntry {
    Str path; /* field names and indices from the variable on */
    Val val;  /* FUNC, GLOBAL (an address), INT, STR, NULL, or UNDEF */
    Str record, field; /* of offsetof(record, field), else NULL */
    const Type *type;  /* of that field */
    Loc loc;
} TableEntry;

/* A file-scope (or local static) variable with its initialiser. */
typedef struct Table {
    const Decl *decl;
    TableEntry *entry;
    uint32_t nentry;
    Loc loc;           /* of the definition; decl->loc may be an announcement */
} Table;

/* ---- units -------------------------------------------------------------- */

typedef enum UnitStatus {
    UNIT_OK,
    UNIT_ERRORS, /* parsed with errors; the functions they touch are damaged */
    UNIT_FAILED, /* nothing usable; 'message' says why */
} UnitStatus;

typedef struct Message {
    Loc loc;
    Str text; /* an error of the parser, one line */
} Message;

typedef struct Unit {
    Arena *arena;      /* owns everything in the unit but the strings */
    Strings *strings;
    Str path;          /* absolute path of the main file */
    Str python;        /* version of the headers, "3.11", or "" when Python.h was not seen */
    UnitStatus status;
    VEC(Decl *) decls;
    VEC(Fn *) fns;       /* in source order */
    VEC(Table *) tables;
    VEC(Message) messages;
    VEC(Str) includes;   /* absolute paths of all files read, main file first */
    Map decl_by_usr;     /* Str usr -> Decl * */
    Map types;           /* interning, private to build.c */
} Unit;

/* ---- build.c: the only way to make IR ------------------------------------ */

/* A new empty unit in 'arena' with strings in 'strings'; both must outlive it. */
Unit *unit_new(Arena *arena, Strings *strings, const char *path);

/* The interned copy of 'type' in the unit ('to' must be interned already). */
const Type *type_intern(Unit *unit, Type type);
/* Shorthands for common types. */
const Type *type_int(Unit *unit, unsigned bits, bool is_unsigned);
const Type *type_ptr(Unit *unit, const Type *to);
const Type *type_void(Unit *unit);

/* The declaration with this USR, created with the given name when new. */
Decl *unit_decl(Unit *unit, const char *usr, const char *name, bool is_func);

/* A function under construction.  One block is current; instructions go to
 * its end.  After a terminator there is no current block until
 * build_start; instructions added meanwhile (dead code) go to a fresh
 * unreachable block. */
typedef struct Builder Builder;

/* Starts a function; memory comes from the unit's arena. */
Builder *build_fn(Unit *unit, Decl *decl, const Type *ret, Loc loc);
/* Adds a local (parameters first) and returns its index. */
uint32_t build_local(Builder *b, const char *name, const Type *type, bool is_param, Loc loc);
/* A new block, not yet current.  Returns its number. */
uint32_t build_block(Builder *b);
/* Makes a block current; jumps there from the current one when that is open. */
void build_start(Builder *b, uint32_t block);
/* True while instructions would be reachable (the current block is open). */
bool build_open(const Builder *b);
/* Sets the place given to all instructions that follow. */
void build_at(Builder *b, Loc loc);
/* The place last set. */
Loc build_loc(const Builder *b);

/* One function per kind of instruction; each asserts its operands and returns
 * the temporary that holds the result. */
Val build_load(Builder *b, Val address, const Type *type);
void build_store(Builder *b, Val address, Val value, const Type *type);
void build_move(Builder *b, Val to, Val from, const Type *record);
Val build_field(Builder *b, Val address, const char *record, const char *name, const Type *field_type);
Val build_index(Builder *b, Val address, Val index, const Type *element_type);
Val build_copy(Builder *b, Val value, const Type *type);
Val build_bin(Builder *b, const char *op, Val left, Val right, const Type *type);
Val build_cmp(Builder *b, const char *op, Val left, Val right);
Val build_not(Builder *b, Val value);
Val build_neg(Builder *b, Val value, const Type *type);
Val build_inv(Builder *b, Val value, const Type *type);
Val build_cast(Builder *b, Val value, const Type *type);
/* 'hint' as Instr.name; 'type' the result type (void: returns VAL_NOTHING). */
Val build_call(Builder *b, Val callee, const char *hint, const Val *args, uint32_t nargs, const Type *type);
void build_dead(Builder *b, uint32_t local);
/* Counts; 'type' NULL or void for no result. */
Val build_havoc(Builder *b, const char *why, const Val *args, uint32_t nargs, const Type *type);
void build_jmp(Builder *b, uint32_t to);
void build_br(Builder *b, Val cond, uint32_t yes, uint32_t no);
void build_switch(Builder *b, Val value, const SwitchCase *cases, uint32_t ncases, uint32_t otherwise);
void build_ret(Builder *b, Val value);
void build_unreachable(Builder *b);

/* The type of a field/index result is a pointer to the field/element type. */

/* Closes the function: an open end becomes 'ret' (void) or 'unreachable',
 * empty unreferenced blocks are dropped, blocks renumbered; appends it to
 * unit->fns and returns it. */
Fn *build_end(Builder *b, uint32_t last_line);
/* The function under construction (to mark it damaged or imprecise). */
Fn *build_peek(Builder *b);

const char *op_name(Op op);
bool op_is_terminator(Op op);
/* Number of successors of a terminator and the i-th one. */
uint32_t instr_successors(const Instr *ins);
uint32_t instr_successor(const Instr *ins, uint32_t i);
/* Number of operands (a, b, then args; absent ones are VAL_NONE) and the i-th one. */
static inline uint32_t
instr_operands(const Instr *ins)
{
    return 2 + ins->nargs;
}
static inline Val
instr_operand(const Instr *ins, uint32_t i)
{
    return i == 0 ? ins->a : i == 1 ? ins->b : ins->args[i - 2];
}

/* ---- compare.c, adopt.c: units that change --------------------------------- */

/* True when two functions (units may differ, strings are shared) say the same, seen from the
 * line each begins at. */
bool fn_same(const Fn *a, const Fn *b);
/* The same for tables, wherever they stand. */
bool table_same(const Table *a, const Table *b);

/* Lines behind 'from' have moved by 'by'. */
typedef struct LineShift {
    uint32_t from;
    int32_t by;
} LineShift;

/* Where a line is now; 'shift' rises by 'from', each entry counts up to the next. */
uint32_t line_shifted(const LineShift *shift, uint32_t nshift, uint32_t line);
/* Moves every place of the unit that lies in 'file'. */
void unit_shift(Unit *unit, const char *file, const LineShift *shift, uint32_t nshift);
/* Takes the functions and tables of 'part' over into 'unit': in place of those with the same
 * name and file, else behind them.  'part' shares the strings and must live as long. */
void unit_adopt(Unit *unit, const Unit *part);

/* ---- print.c, read.c, verify.c ------------------------------------------- */

/* Writes the unit's text form (complete: unit_read gives an equal unit). */
void unit_print(const Unit *unit, StrBuf *out);
/* Writes one function as it stands in the text form; what `dump --ir` shows. */
void fn_print(const Fn *fn, StrBuf *out);
/* Writes a type, a value or an instruction in the text form. */
void type_print(const Type *type, StrBuf *out);
void val_print(const Fn *fn, Val val, StrBuf *out);
void instr_print(const Fn *fn, const Instr *ins, StrBuf *out);

/* Reads the text form.  'name' is used in messages.  NULL with 'error' set
 * (file:line:col, what was expected) on malformed text; survives any bytes. */
Unit *unit_read(Arena *arena, Strings *strings, const char *name,
                const char *text, size_t length, Error *error);

/* Checks the invariants (every temporary set once before use on every path's
 * text order, targets in range, one terminator at each block's end, operand
 * kinds).  False with 'error' set to the first violation. */
bool unit_verify(const Unit *unit, Error *error);
bool fn_verify(const Fn *fn, Error *error);

#endif

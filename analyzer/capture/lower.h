/* lower.h: what the lowering files share: the state of one function being
 * lowered, and the one door into each file.
 *
 * Private to capture/.
 */
#ifndef STRAYREF_CAPTURE_LOWER_H
#define STRAYREF_CAPTURE_LOWER_H

#include "capture/clang.h"

/* Nesting of statements and expressions that is followed; what lies deeper is
 * given up. */
enum { LOWER_DEPTH = 400 };
/* Bytes kept of string literals: whole format strings, the start of others. */
enum { STRING_LIMIT = 1000 };

/* A pair of braces (or a for header) and what was declared in it so far. */
typedef struct Scope Scope;
struct Scope {
    Scope *up;
    uint64_t key;         /* of the statement that opens it */
    VEC(uint32_t) locals; /* in order of declaration */
};

/* Where 'break' or 'continue' goes. */
typedef struct Target {
    uint32_t block;
    Scope *scope; /* the one that stays; inner ones are left */
} Target;

/* The switch being lowered. */
typedef struct Switch {
    VEC(SwitchCase) cases;
    bool has_default;
    uint32_t otherwise; /* block of 'default:' */
} Switch;

/* One function being lowered. */
typedef struct Lower {
    Tu *tu;
    Unit *unit;
    Builder *b;
    Arena *scratch;  /* gone when the function ends */
    CXCursor body;
    Str name;        /* of the function */
    Map locals;      /* declaration -> index + 1 */
    Map labels;      /* label statement -> Label *, private to lower_stmt.c */
    bool labels_known;
    Scope *scope;
    Target on_break, on_continue;
    Switch *in_switch;
    unsigned depth;
} Lower;

/* The parts of a for statement; the missing ones are null cursors. */
typedef struct ForParts {
    CXCursor init, cond, step, body;
    bool guessed; /* which part is which could not be made out */
} ForParts;

/* ---- lower.c -------------------------------------------------------------- */

/* Lowers a function definition and appends it to the unit.  NULL when it has
 * no body. */
Fn *lower_fn(Tu *tu, CXCursor cursor);
/* Marks the function damaged; the first reason stays. */
void lower_damage(Lower *lo, const char *reason);
/* Goes one level down; false, with the function damaged, when that is too
 * deep.  lower_leave comes back. */
bool lower_enter(Lower *lo);
void lower_leave(Lower *lo);
/* Opens a scope; closes it, with its locals dead when control gets there. */
void scope_open(Lower *lo, Scope *scope, CXCursor opener);
void scope_close(Lower *lo);
/* Ends the locals of all scopes inside 'stays' (NULL: of all). */
void scope_leave(Lower *lo, const Scope *stays);
/* A new local in the current scope. */
uint32_t lower_new_local(Lower *lo, const char *name, const Type *type);
/* The address of a fresh local without a name. */
Val lower_hidden(Lower *lo, const Type *type);
/* An instruction for something that is not lowered, named by its kind. */
Val lower_havoc(Lower *lo, CXCursor cursor, const Type *type);
/* Places what follows where the cursor is. */
void lower_at(Lower *lo, CXCursor cursor);

/* ---- lower_stmt.c ----------------------------------------------------------- */

void lower_stmt(Lower *lo, CXCursor stmt);
/* The statements of a block, in its own scope.  With 'type' not void the last
 * one is an expression whose value is returned. */
Val lower_block(Lower *lo, CXCursor block, const Type *type);

/* ---- lower_for.c -------------------------------------------------------------- */

ForParts lower_for_parts(Tu *tu, CXCursor stmt);

/* ---- lower_expr.c --------------------------------------------------------------- */

/* The value of an expression; an address for arrays. */
Val lower_expr(Lower *lo, CXCursor expr);
/* 'left = right'; its value when that is wanted. */
Val lower_assignment(Lower *lo, CXCursor expr, bool wanted);
/* A value of type 'from' as one of type 'to'. */
Val lower_convert(Lower *lo, Val val, const Type *from, const Type *to);

/* ---- lower_place.c ---------------------------------------------------------------- */

/* The address of what an expression denotes; records that are no lvalues are
 * put into a hidden local first. */
Val lower_addr(Lower *lo, CXCursor expr);
/* The address becomes the value of the expression. */
void lower_assign(Lower *lo, Val address, CXCursor expr, const Type *type);

/* ---- lower_cond.c ----------------------------------------------------------------- */

/* A condition: ends the current block with a jump to one of the two. */
void lower_cond(Lower *lo, CXCursor expr, uint32_t yes, uint32_t no);
/* An expression for its effects only. */
void lower_effect(Lower *lo, CXCursor expr);

/* ---- lower_call.c ----------------------------------------------------------------- */

/* The value of a call as one of 'type'; VAL_NOTHING when it has none. */
Val lower_call(Lower *lo, CXCursor expr, const Type *type);
/* True for a call of a function that the overlay declares.  Where the macro it
 * stands for is an lvalue the overlay writes *call(...); that is lowered to the
 * call itself, giving the value of the lvalue. */
bool call_is_overlay(Lower *lo, CXCursor expr);
/* What libclang does not name: builtins that look like calls but are none. */
Val lower_builtin(Lower *lo, CXCursor expr, Cursors operands);
/* The argument of __builtin_expect(x, c), through which conditions are seen;
 * a null cursor for anything else. */
CXCursor call_expected(Lower *lo, CXCursor expr);

/* ---- lower_init.c ----------------------------------------------------------------- */

/* Gives the object at 'address' the value of an initialiser. */
void lower_init(Lower *lo, Val address, CXType type, CXCursor init);
/* The static initialiser of a variable as a table of the unit. */
void lower_table(Tu *tu, Decl *decl, CXType type, CXCursor init);

#endif

/* lower.h: what the lowering files share: the state of one function being
 * lowered, and the one door into each file.
 *
 * Private to capture/.
 */
#ifndef STRAYREF_CAPTURE_LOWER_H
#define STRAYREF_CAPTURE_LOWER_H

#include "capture/class.h"

/* Nesting of statements and expressions that is followed; what lies deeper is
 * given up. */
enum { LOWER_DEPTH = 400 };
/* Bytes kept of string literals: whole format strings, the start of others. */
enum { STRING_LIMIT = 1000 };

/* A local and what happens when it ends. */
typedef struct Held {
    uint32_t local;
    const Class *klass; /* its destructor runs; NULL for none */
    CXCursor cleanup;   /* this function is called with its address; may be null */
    bool is_part;       /* no local but a part, at 'address', of an object under
                           construction: ends only when something is thrown */
    Val address;
} Held;

/* A pair of braces (or a for header) and what was declared in it so far; in C++
 * a full expression and its temporaries too. */
typedef struct Scope Scope;
struct Scope {
    Scope *up;
    uint64_t key;      /* of the statement that opens it, 0 for none */
    uint32_t serial;   /* no two scopes of a function have the same */
    VEC(Held) locals;  /* in order of declaration */
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

/* The try block being lowered. */
typedef struct Try Try;
struct Try {
    Try *up;
    Scope *scope;      /* the one that stays when something is thrown */
    uint32_t handlers; /* block where they begin */
    uint32_t pad;      /* block that unwinds to there ... */
    uint32_t pad_scope, pad_locals; /* ... from this scope, with so many locals */
};

/* A function whose body is lowered into that of its caller. */
typedef struct Frame Frame;
struct Frame {
    Frame *up;
    CXCursor function;
    Scope scope;  /* its parameters; stays open around the body */
    uint32_t end; /* block behind the body, UINT32_MAX until something jumps there */
    Val result;   /* address of what it returns */
    bool is_plain; /* the body is one return: its value is 'value' */
    Val value;
    bool pinned;   /* all of the body stands at 'loc', where the call is */
    Loc loc;
};

/* One function being lowered. */
typedef struct Lower {
    Tu *tu;
    Unit *unit;
    Builder *b;
    Arena *scratch;  /* gone when the function ends */
    CXCursor function, body;
    Str name;        /* of the function */
    Map locals;      /* declaration -> index + 1 */
    Map values;      /* parameter of a frame that is only read -> Val *: its value */
    Map aliases;     /* declaration -> Val *: the address of what it stands for */
    Map labels;      /* label statement -> Label *, private to lower_jump.c */
    bool labels_known;
    Scope *scope;
    Scope *root;     /* around the body: by-value parameters; NULL in C */
    uint32_t nscope;
    Val self;        /* the object of a method, else VAL_NOTHING */
    const Class *klass; /* its class */
    bool is_destructor;
    uint32_t kept;   /* a local that is being returned itself and does not end, + 1 */
    Frame *frame;    /* the innermost function lowered into this one */
    uint32_t ninlined; /* size of all those */
    Try *in_try;
    bool is_thrown;  /* scopes are being left because something is thrown */
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
 * no body, or one that the compiler makes. */
Fn *lower_fn(Tu *tu, CXCursor cursor);
/* Notes a function that is called: one that a template was turned into is lowered as
 * well, later. */
void lower_want(Tu *tu, CXCursor function);
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
/* Does what the ends of locals in all scopes inside 'stays' do; the function ends here,
 * so that they need not be declared dead. */
void scope_unwind(Lower *lo, const Scope *stays);
/* A scope for the temporaries of a full expression.  Nothing happens in C. */
void full_open(Lower *lo, Scope *scope);
void full_close(Lower *lo);
/* Closes the scope of an expression that is evaluated on some ways only, such as an arm
 * of '?:'.  Its temporaries end here, earlier than they do in C++: when the value may
 * point to one ('keeps'), what becomes of them is left open. */
void full_close_arm(Lower *lo, bool keeps);
/* From now on a throw in the current scope ends this part of an object. */
void scope_guards(Lower *lo, Val address, const Class *klass);
/* No longer so for what was guarded since the scope had 'n' locals. */
void scope_unguard(Lower *lo, uint32_t n);
/* From now on a local of the current scope ends with its destructor. */
void scope_ends_with(Lower *lo, uint32_t local, const Class *klass);
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

/* ---- lower_branch.c --------------------------------------------------------- */

/* Each lowers one statement of its kind. */
void lower_if(Lower *lo, CXCursor stmt);
void lower_while(Lower *lo, CXCursor stmt);
void lower_do(Lower *lo, CXCursor stmt);
void lower_for(Lower *lo, CXCursor stmt);
void lower_switch(Lower *lo, CXCursor stmt);
/* 'case' and 'default', wherever they stand. */
void lower_case(Lower *lo, CXCursor stmt);

/* ---- lower_jump.c ----------------------------------------------------------- */

/* Each lowers one statement of its kind; a label with what it stands at. */
void lower_goto(Lower *lo, CXCursor stmt);
void lower_label(Lower *lo, CXCursor stmt);
/* 'break' and 'continue'. */
void lower_jump(Lower *lo, const Target *target);
/* Ends the locals, too, as far as their end does something. */
void lower_return(Lower *lo, CXCursor stmt);
/* The local of a class that 'return' names: it is not copied but becomes the result.
 * UINT32_MAX for anything else. */
uint32_t lower_returned_local(Lower *lo, CXCursor expr, const Type *type);

/* ---- lower_for.c -------------------------------------------------------------- */

ForParts lower_for_parts(Tu *tu, CXCursor stmt);

/* ---- lower_expr.c --------------------------------------------------------------- */

/* The value of an expression; an address for arrays. */
Val lower_expr(Lower *lo, CXCursor expr);
/* The value of '*pointer'. */
Val lower_deref(Lower *lo, CXCursor expr, CXCursor operand);

/* ---- lower_arith.c -------------------------------------------------------------- */

/* 'left = right'; its value when that is wanted. */
Val lower_assignment(Lower *lo, CXCursor expr, bool wanted);
/* 'left += right' and its like. */
Val lower_compound_assign(Lower *lo, CXCursor expr);
/* A binary operator that always evaluates both of its operands. */
Val lower_arithmetic(Lower *lo, CXCursor expr, Cursors operands);
/* A unary operator: increments, '&', '*', '!' and the rest. */
Val lower_unary(Lower *lo, CXCursor expr);
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
/* The same for a full expression, with whose end its temporaries end. */
void lower_full_effect(Lower *lo, CXCursor expr);

/* ---- lower_call.c ----------------------------------------------------------------- */

/* The value of a call as one of 'type'; VAL_NOTHING when it has none. */
Val lower_call(Lower *lo, CXCursor expr, const Type *type);
/* The value of an argument without a parameter, an integer in the size that it is passed in. */
Val lower_variadic(Lower *lo, CXCursor expr);
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

/* ---- lower_table.c ------------------------------------------------------------------ */

/* The static initialiser of a variable as a table of the unit. */
void lower_table(Tu *tu, Decl *decl, CXType type, CXCursor init, Loc loc);

/* ---- C++: lower_object.c ------------------------------------------------------------ */

/* Gives the new object of a class at 'address' the value of an expression, without
 * a copy where C++ needs none. */
void lower_construct(Lower *lo, Val address, CXType type, CXCursor expr);
/* The same for an element of a list, which may be of another type: a constructor takes it. */
void lower_construct_part(Lower *lo, Val address, CXType type, CXCursor expr);
/* The address of a temporary with the value of an expression; it ends with the
 * current scope. */
Val lower_temporary(Lower *lo, CXCursor expr);
/* A new object without an initialiser. */
void lower_default(Lower *lo, Val address, CXType type);
/* Copies or moves an object: into a new one, or over another. */
void lower_copy(Lower *lo, Val to, Val from, const Class *klass, bool moves, bool assigns);
/* Ends an object. */
void lower_destroy(Lower *lo, Val address, const Class *klass);
/* Ends a variable of this type: an object, or an array of them. */
void lower_destroy_all(Lower *lo, Val address, const Type *type, const Class *klass);
/* Ends what the object consists of, after its destructor's own body. */
void lower_destroy_parts(Lower *lo, Val address, const Class *klass);
/* The address of a field, and of what a reference that is a field refers to. */
Val lower_field(Lower *lo, Val object, const Class *klass, CXCursor field);
/* The initialisers of a constructor's definition, for the object lo->self. */
void lower_ctor_init(Lower *lo, CXCursor constructor);

/* ---- C++: lower_method.c -------------------------------------------------------------- */

/* What is called, and with which object. */
typedef struct Callee {
    CXCursor function;
    Val self;           /* VAL_NOTHING for none */
    const Class *klass; /* of self; NULL for none and for lambdas */
    bool is_cleanup;    /* what it does at the end of a local matters, object or not */
} Callee;

/* Calls with arguments that are values, or addresses of what references and
 * parameters of a class refer to.  A result of a class goes to 'into'; else it is
 * returned, of a reference its address. */
Val lower_call_values(Lower *lo, const Callee *callee, const Val *args, uint32_t nargs,
                      Val into);
/* The same for a call expression. */
Val lower_call_cxx(Lower *lo, CXCursor expr, Val into);
/* True when the call needs more than its callee's name and plain arguments. */
bool call_is_cxx(Lower *lo, CXCursor expr);
/* The function called, a null cursor when it is computed. */
CXCursor call_function(Lower *lo, CXCursor expr);
/* The constructor's arguments from an expression that calls it. */
void lower_construct_call(Lower *lo, Val address, const Class *klass, CXCursor expr);

/* ---- C++: lower_args.c ---------------------------------------------------------------- */

/* The arguments of a call expression from the i-th on, in the scratch arena: values, or
 * addresses of what references and parameters of a class refer to. */
Val *lower_written_args(Lower *lo, CXCursor function, CXCursor expr, unsigned from,
                        uint32_t *nargs);
/* These arguments, and those that are left to their defaults. */
const Val *lower_all_args(Lower *lo, CXCursor function, const Val *args, uint32_t *nargs);

/* ---- C++: lower_std.c ----------------------------------------------------------------- */

/* Calls something that is not shown, and of which only the name is known. */
Val lower_call_named(Lower *lo, const char *name, const Val *args, uint32_t nargs,
                     const Type *type);
/* Goes one way or the other, which nobody can tell; 'what' says in words what is true of
 * the first ("check throws"). */
void lower_either(Lower *lo, const char *what, uint32_t yes, uint32_t no);
/* std::move, forward, swap, exchange and their like: true when the call is one of these,
 * with its result in 'val': for move and forward the address of what they are given. */
bool lower_std_call(Lower *lo, CXCursor function, CXCursor expr, Val *val);

/* ---- C++: lower_holder.c -------------------------------------------------------------- */

/* std::unique_ptr, whose members are those of a system header.  The end of one, the
 * pointer a new one starts with, a move, and the members by name: true when 'method'
 * is one of them, with its result in 'result'. */
void lower_holder_end(Lower *lo, Val address, const Class *klass);
void lower_holder_set(Lower *lo, Val address, Val pointer, const Class *klass);
void lower_holder_move(Lower *lo, Val to, Val from, const Class *klass, bool assigns);
bool lower_holder_call(Lower *lo, Val address, const Class *klass, CXCursor method,
                       CXCursor expr, Val *result);

/* ---- C++: lower_inline.c -------------------------------------------------------------- */

/* Lowers the function's body here instead of a call.  False, with nothing done, when
 * that cannot be or would be too much. */
bool lower_inline(Lower *lo, const Callee *callee, const Val *args, uint32_t nargs, Val into,
                  Val *result);
/* 'return' inside such a body. */
void lower_inline_return(Lower *lo, CXCursor stmt);

/* ---- C++: lower_try.c ----------------------------------------------------------------- */

/* A try block with its handlers. */
void lower_try(Lower *lo, CXCursor stmt);
/* 'throw x' and 'throw': ends the current block. */
void lower_throw(Lower *lo, CXCursor expr);
/* Before a call: it may not come back but throw into a handler around it. */
void lower_may_throw(Lower *lo, CXCursor function);

/* ---- C++: lower_range.c --------------------------------------------------------------- */

/* 'for (x : range)'. */
void lower_range_for(Lower *lo, CXCursor stmt);
/* 'auto [a, b] = x'. */
void lower_bindings(Lower *lo, CXCursor decl);

/* ---- C++: lower_cxx.c ------------------------------------------------------------------- */

/* The value of an expression that only C++ has; false for all others. */
bool lower_cxx_value(Lower *lo, CXCursor expr, Val *val);
/* The same for its address. */
bool lower_cxx_addr(Lower *lo, CXCursor expr, Val *addr);
/* The object of a method; in a lambda on its own, an unknown one. */
Val lower_self(Lower *lo);
/* The address of a variable that is not declared in this function: it is captured by a
 * lambda, or its declaration is not shown. */
Val lower_undeclared(Lower *lo, CXCursor decl);
/* Has the body of a lambda lowered as a function of its own, later. */
void lower_lambda(Lower *lo, CXCursor expr);
/* What a lambda's body names may change, now that it is called elsewhere. */
void lower_lambda_escapes(Lower *lo, CXType closure);
/* A reference becomes what it is initialised with. */
void lower_reference(Lower *lo, Val address, CXType type, CXCursor init);

#endif

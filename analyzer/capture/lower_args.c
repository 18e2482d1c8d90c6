/* lower_args.c: turns the arguments of C++ calls into values: addresses for references,
 * objects of their own for parameters of a class, defaults for what is left out.
 */
#include "capture/lower.h"

/* The expression that a parameter has without an argument. */
static CXCursor
default_argument(Lower *lo, CXCursor function, unsigned i)
{
    CXCursor param = clang_Cursor_getArgument(clang_getCanonicalCursor(function), i);
    Cursors operands = cursor_operands(lo->tu, param);

    if (operands.n == 0) {
        operands = cursor_operands(lo->tu, clang_Cursor_getArgument(function, i));
    }
    return operands.n > 0 ? operands.at[operands.n - 1] : clang_getNullCursor();
}

static bool
is_default_argument(Lower *lo, CXCursor arg)
{
    return clang_getCursorKind(arg) == CXCursor_UnexposedExpr
        && cursor_children(lo->tu, arg).n == 0;
}

/* An argument by value of a class gets an object of its own; its address. */
static Val
object_argument(Lower *lo, CXType type, CXCursor arg)
{
    const Type *into = clang_type(lo->tu, type);
    Val address = {.kind = VAL_LOCAL};

    address.index = build_local(lo->b, into->kind == TYPE_RECORD ? into->tag : "", into, false,
                                build_loc(lo->b));
    lower_construct(lo, address, type, arg);
    return address;
}

/* 'const T &' of a number or a pointer: the callee cannot change what it refers to. */
static bool
is_const_scalar(CXType type)
{
    CXType to = clang_getCanonicalType(clang_getPointeeType(clang_getCanonicalType(type)));

    return clang_isConstQualifiedType(to)
        && (to.kind == CXType_Pointer || (to.kind >= CXType_Bool && to.kind <= CXType_LongDouble));
}

/* For such a parameter the address of a copy does. */
static Val
value_argument(Lower *lo, CXType type, CXCursor arg)
{
    const Type *into = clang_type(lo->tu, clang_getPointeeType(clang_getCanonicalType(type)));
    Val place = lower_hidden(lo, into);

    build_store(lo->b, place, lower_expr(lo, arg), into);
    return place;
}

static Val
lower_argument(Lower *lo, CXCursor function, unsigned i, CXCursor arg)
{
    int nparam = clang_Cursor_getNumArguments(function);
    CXType type;

    if ((int)i >= nparam) {
        return lower_variadic(lo, arg);
    }
    if (is_default_argument(lo, arg)) {
        arg = default_argument(lo, function, i);
        if (clang_Cursor_isNull(arg)) {
            return (Val){.kind = VAL_UNDEF};
        }
    }
    type = clang_getCursorType(clang_Cursor_getArgument(function, i));
    if (class_is_lambda(clang_getCursorType(arg))) {
        lower_lambda_escapes(lo, clang_getCursorType(arg));
    }
    if (type_is_reference(type)) {
        return is_const_scalar(type) ? value_argument(lo, type, arg) : lower_addr(lo, arg);
    }
    return class_of(lo->tu, type) != NULL ? object_argument(lo, type, arg)
                                          : lower_expr(lo, arg);
}

Val *
lower_written_args(Lower *lo, CXCursor function, CXCursor expr, unsigned from, uint32_t *nargs)
{
    int n = clang_Cursor_getNumArguments(expr);
    Val *args = ARENA_ARRAY(lo->scratch, Val, (n > 0 ? (unsigned)n : 0) + 1);

    *nargs = 0;
    for (unsigned i = from; (int)i < n; i++) {
        args[*nargs] = lower_argument(lo, function, *nargs, clang_Cursor_getArgument(expr, i));
        ++*nargs;
    }
    return args;
}

const Val *
lower_all_args(Lower *lo, CXCursor function, const Val *args, uint32_t *nargs)
{
    int nparam = clang_Cursor_getNumArguments(function);
    Val *all;

    if (nparam <= (int)*nargs) {
        return args;
    }
    all = ARENA_ARRAY(lo->scratch, Val, (unsigned)nparam);
    for (uint32_t i = 0; i < (unsigned)nparam; i++) {
        CXCursor value = i < *nargs ? clang_getNullCursor() : default_argument(lo, function, i);

        all[i] = i < *nargs                  ? args[i]
            : clang_Cursor_isNull(value) ? (Val){.kind = VAL_UNDEF}
                                         : lower_argument(lo, function, i, value);
    }
    *nargs = (unsigned)nparam;
    return all;
}

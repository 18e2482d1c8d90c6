/* lower_call.c: turns calls, and the compiler's builtins that look like calls,
 * into call instructions.
 *
 * A call of a function that never comes back ends its block.
 */
#include <string.h>

#include "capture/lower.h"

/* ---- the callee ---------------------------------------------------------------- */

/* The cursor below everything that does not change which function is meant:
 * parentheses, conversions, '*' and '&'. */
static CXCursor
peel_callee(Lower *lo, CXCursor expr)
{
    for (;;) {
        enum CXCursorKind kind;
        Cursors operands;

        expr = cursor_peel(lo->tu, expr);
        kind = clang_getCursorKind(expr);
        if (kind == CXCursor_UnaryOperator) {
            enum CXUnaryOperatorKind op = clang_getCursorUnaryOperatorKind(expr);

            if (op != CXUnaryOperator_Deref && op != CXUnaryOperator_AddrOf) {
                return expr;
            }
        }
        else if (kind != CXCursor_CStyleCastExpr) {
            return expr;
        }
        operands = cursor_operands(lo->tu, expr);
        if (operands.n != 1) {
            return expr;
        }
        expr = operands.at[0];
    }
}

/* The function named by a peeled callee; a null cursor when it is computed. */
static CXCursor
called_function(CXCursor callee)
{
    CXCursor decl;

    if (clang_getCursorKind(callee) != CXCursor_DeclRefExpr) {
        return clang_getNullCursor();
    }
    decl = clang_getCursorReferenced(callee);
    return clang_getCursorKind(decl) == CXCursor_FunctionDecl ? decl : clang_getNullCursor();
}

/* Where a function pointer was read from: ".field" or a variable.  One that a
 * macro takes from a table, as the C-APIs of extensions do
 * ("#define PyArray_FromAny (*(...)PyArray_API[69])"), goes by the macro's name;
 * 'written' is the callee with all that is around it. */
static const char *
callee_hint(Lower *lo, CXCursor callee, CXCursor written)
{
    switch (clang_getCursorKind(callee)) {
    case CXCursor_MemberRefExpr:
        return arena_printf(lo->scratch, ".%s", cursor_name(lo->tu, callee));
    case CXCursor_DeclRefExpr:
        return cursor_name(lo->tu, callee);
    case CXCursor_ArraySubscriptExpr:
        return cursor_macro(lo->tu, written);
    default:
        return "";
    }
}

/* ---- builtin functions ------------------------------------------------------------ */

/* Builtins that just give their first argument. */
static bool
gives_first_argument(Str name)
{
    return text_equal(name, "__builtin_expect")
        || text_equal(name, "__builtin_expect_with_probability")
        || text_equal(name, "__builtin_assume_aligned");
}

CXCursor
call_expected(Lower *lo, CXCursor expr)
{
    Cursors children;
    CXCursor function;

    if (clang_getCursorKind(expr) != CXCursor_CallExpr) {
        return clang_getNullCursor();
    }
    children = cursor_operands(lo->tu, expr);
    if (children.n < 2) {
        return clang_getNullCursor();
    }
    function = called_function(peel_callee(lo, children.at[0]));
    if (clang_Cursor_isNull(function)
        || !gives_first_argument(cursor_name(lo->tu, function))) {
        return clang_getNullCursor();
    }
    return children.at[1];
}

/* Calls that are no calls: true when 'val' is what the call gives. */
static bool
call_builtin(Lower *lo, CXCursor expr, Str name, Cursors children, Val *val)
{
    *val = VAL_NOTHING;
    if (!text_starts(name, "__builtin_")) {
        return false;
    }
    if (gives_first_argument(name) && children.n > 1) {
        *val = lower_convert(lo, lower_expr(lo, children.at[1]),
                             cursor_type(lo->tu, children.at[1]), cursor_type(lo->tu, expr));
        return true;
    }
    if (text_equal(name, "__builtin_unreachable") || text_equal(name, "__builtin_trap")) {
        build_unreachable(lo->b);
        return true;
    }
    if (text_equal(name, "__builtin_assume")) {
        return true;
    }
    if (text_equal(name, "__builtin_constant_p")) { /* unknown: as without optimisation */
        *val = (Val){.kind = VAL_INT};
        cursor_constant(expr, &val->num);
        return true;
    }
    if (text_equal(name, "__builtin_object_size")
        || text_equal(name, "__builtin_dynamic_object_size")) {
        *val = (Val){.kind = VAL_INT, .num = -1};
        cursor_constant(expr, &val->num);
        return true;
    }
    return false;
}

/* ---- calls -------------------------------------------------------------------------- */

/* True for a conversion between integers of different sizes that was written down. */
static bool
is_resized(Lower *lo, CXCursor expr, const Type *type)
{
    Cursors operands;
    const Type *from;

    expr = cursor_peel(lo->tu, expr);
    if (clang_getCursorKind(expr) != CXCursor_CStyleCastExpr
        && clang_getCursorKind(expr) != CXCursor_CXXStaticCastExpr
        && clang_getCursorKind(expr) != CXCursor_CXXFunctionalCastExpr) {
        return false;
    }
    operands = cursor_operands(lo->tu, expr);
    from = operands.n > 0 ? cursor_type(lo->tu, cursor_peel(lo->tu, operands.at[operands.n - 1]))
                          : type;
    return from->kind == TYPE_INT && from->bits != type->bits;
}

Val
lower_variadic(Lower *lo, CXCursor expr)
{
    const Type *type = cursor_type(lo->tu, expr);
    Val val = lower_expr(lo, expr);

    if (type->kind == TYPE_INT
        && ((val.kind == VAL_INT && type->bits > 32)
            || (val.kind == VAL_TEMP && is_resized(lo, expr, type)))) {
        return build_cast(lo->b, val, type);
    }
    return val;
}

/* The arguments, of which the first 'named' have parameters. */
static Val *
lower_call_args(Lower *lo, const CXCursor *expr, uint32_t n, uint32_t named)
{
    Val *args = ARENA_ARRAY(lo->scratch, Val, n + 1);

    for (uint32_t i = 0; i < n; i++) {
        args[i] = i < named ? lower_expr(lo, expr[i]) : lower_variadic(lo, expr[i]);
    }
    return args;
}

static Val *
lower_args(Lower *lo, const CXCursor *expr, uint32_t n)
{
    return lower_call_args(lo, expr, n, n);
}

/* Emits the call at the place of 'expr'; what follows stays where it was. */
static Val
emit_call(Lower *lo, CXCursor expr, Val callee, const char *hint, const Val *args,
          uint32_t nargs, const Type *type)
{
    Loc loc = build_loc(lo->b);
    Val val;

    lower_at(lo, expr);
    val = build_call(lo->b, callee, hint, args, nargs, type);
    build_at(lo->b, loc);
    return val;
}

static Val
call_direct(Lower *lo, CXCursor expr, CXCursor function, Cursors children,
            const Type *type)
{
    Val callee = {.kind = VAL_FUNC}, val;
    uint32_t named = children.n;
    Val *args;

    if (call_builtin(lo, expr, cursor_name(lo->tu, function), children, &val)) {
        return val;
    }
    callee.decl = clang_decl(lo->tu, function, NULL);
    if (callee.decl->is_variadic) {
        named = (uint32_t)clang_Cursor_getNumArguments(function);
    }
    args = lower_call_args(lo, children.at + 1, children.n - 1, named);
    lower_may_throw(lo, function);
    val = emit_call(lo, expr, callee, "", args, children.n - 1, type);
    if (callee.decl->is_noreturn) {
        build_unreachable(lo->b);
    }
    return val;
}

bool
call_is_overlay(Lower *lo, CXCursor expr)
{
    Cursors children;
    CXCursor function;

    if (lo->tu->overlay_prefix[0] == '\0'
        || clang_getCursorKind(expr) != CXCursor_CallExpr) {
        return false;
    }
    children = cursor_operands(lo->tu, expr);
    if (children.n == 0) {
        return false;
    }
    function = called_function(peel_callee(lo, children.at[0]));
    return !clang_Cursor_isNull(function)
        && text_starts(cursor_name(lo->tu, function), lo->tu->overlay_prefix);
}

Val
lower_call(Lower *lo, CXCursor expr, const Type *type)
{
    Cursors children = cursor_operands(lo->tu, expr);
    CXCursor callee, function;
    Val *args;
    Val target;

    if (children.n == 0) {
        return lower_havoc(lo, expr, type);
    }
    callee = peel_callee(lo, children.at[0]);
    function = called_function(callee);
    if (!clang_Cursor_isNull(function)) {
        return call_direct(lo, expr, function, children, type);
    }
    if (cursor_type(lo->tu, children.at[0])->kind != TYPE_PTR) { /* C++ members, operators */
        args = lower_args(lo, children.at + 1, children.n - 1);
        return build_havoc(lo->b, cursor_kind_name(lo->tu, expr), args, children.n - 1, type);
    }
    target = lower_expr(lo, children.at[0]);
    args = lower_args(lo, children.at + 1, children.n - 1);
    return emit_call(lo, expr, target, callee_hint(lo, callee, children.at[0]), args, children.n - 1, type);
}

/* ---- builtins that libclang leaves unexposed ------------------------------------------- */

/* A call of a function that exists in the compiler only. */
static Val
call_by_name(Lower *lo, CXCursor expr, Str name, const Val *args, uint32_t nargs)
{
    const char *usr = arena_printf(lo->scratch, "c:@F@%s", name);
    Decl *decl = unit_decl(lo->unit, usr, name, true);
    const Type *type = cursor_type(lo->tu, expr);

    if (decl->type == NULL) {
        decl->type = type_intern(lo->unit, (Type){.kind = TYPE_FUNC, .to = type});
        decl->is_system = decl->is_variadic = true;
    }
    return emit_call(lo, expr, (Val){.kind = VAL_FUNC, .decl = decl}, "", args, nargs,
                     type);
}

/* The compiler keeps the operands of an atomic operation as: pointer, order,
 * value, order on failure, second value, weak.  Puts the values first. */
static Val
lower_atomic(Lower *lo, CXCursor expr, Str name, Cursors operands)
{
    static const uint32_t compare[] = {0, 2, 4, 5, 1, 3};
    CXCursor *ordered = ARENA_ARRAY(lo->scratch, CXCursor, operands.n + 1);
    uint32_t n = operands.n;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = i == 0 ? 0 : i + 1 < n ? i + 1 : 1;

        ordered[i] = operands.at[n == COUNT_OF(compare) ? compare[i] : from];
    }
    return call_by_name(lo, expr, name, lower_args(lo, ordered, n), n);
}

static Val
lower_choose(Lower *lo, Cursors operands)
{
    int64_t which;

    if (operands.n != 3 || !cursor_constant(operands.at[0], &which)) {
        return (Val){.kind = VAL_UNDEF};
    }
    return lower_expr(lo, operands.at[which != 0 ? 1 : 2]);
}

Val
lower_builtin(Lower *lo, CXCursor expr, Cursors operands)
{
    const Type *type = cursor_type(lo->tu, expr);
    Val val = {.kind = VAL_INT};
    Str word;

    if (operands.n == 1 && cursor_is_va_arg(lo->tu, expr, operands.at[0])) {
        return call_by_name(lo, expr, str_intern(lo->unit->strings, "__builtin_va_arg"),
                            lower_args(lo, operands.at, 1), 1);
    }
    word = cursor_word(lo->tu, expr);
    if (text_equal(word, "__builtin_choose_expr")) {
        return lower_choose(lo, operands);
    }
    if (strstr(word, "atomic_") != NULL && operands.n > 0) {
        return lower_atomic(lo, expr, word, operands);
    }
    if (cursor_constant(expr, &val.num)) { /* offsetof, type traits, source lines */
        return val;
    }
    if (operands.n == 0 && type->kind == TYPE_PTR) { /* __builtin_FILE and its like */
        return (Val){.kind = VAL_UNDEF};
    }
    if (lo->tu->is_cxx) { /* of a template: what it is depends on the parameters */
        return lower_call_named(lo, "unknown", lower_args(lo, operands.at, operands.n),
                                operands.n, type);
    }
    return build_havoc(lo->b, cursor_kind_name(lo->tu, expr),
                       lower_args(lo, operands.at, operands.n), operands.n, type);
}

/* lower_method.c: turns C++ calls into call instructions: methods and operators
 * with their object, references, default arguments, constructors.
 *
 * The object's address is the first argument.  Small functions are lowered in
 * place of the call (lower_inline.c), so that what an owner holds stays in sight.
 */
#include <string.h>

#include "capture/lower.h"

/* ---- who is called ---------------------------------------------------------------- */

/* What an overloaded name in a template stands for: the only one, or the first
 * that takes so many arguments. */
static CXCursor
overload(CXCursor ref, int nargs)
{
    unsigned n = clang_getNumOverloadedDecls(ref);

    for (unsigned i = 0; i < n; i++) {
        CXCursor one = clang_getOverloadedDecl(ref, i);

        if (n == 1 || clang_Cursor_getNumArguments(one) == nargs) {
            return one;
        }
    }
    return clang_getNullCursor();
}

static bool
is_function(CXCursor decl)
{
    switch (clang_getCursorKind(decl)) {
    case CXCursor_FunctionDecl:
    case CXCursor_CXXMethod:
    case CXCursor_Constructor:
    case CXCursor_Destructor:
    case CXCursor_ConversionFunction:
        return true;
    default:
        return false;
    }
}

CXCursor
call_function(Lower *lo, CXCursor expr)
{
    CXCursor decl = clang_getCursorReferenced(expr);
    Cursors children;

    if (is_function(decl)) {
        return decl;
    }
    children = cursor_children(lo->tu, expr);
    if (children.n > 0) { /* in a template: an overloaded name */
        CXCursor callee = cursor_peel(lo->tu, children.at[0]);
        CXCursor ref = clang_getCursorReferenced(callee);

        if (clang_getCursorKind(ref) == CXCursor_OverloadedDeclRef) {
            ref = overload(ref, clang_Cursor_getNumArguments(expr));
        }
        if (is_function(ref)) {
            return ref;
        }
    }
    return clang_getNullCursor();
}

static bool
is_method(CXCursor function)
{
    return clang_getCursorKind(function) != CXCursor_FunctionDecl
        && clang_getCursorKind(function) != CXCursor_Constructor
        && !clang_CXXMethod_isStatic(function);
}

/* True for 'a = b', 'a * b', 'a->': the object is the first argument. */
static bool
is_operator_call(Lower *lo, CXCursor expr)
{
    Cursors children = cursor_children(lo->tu, expr);

    return children.n == 0
        || clang_getCursorKind(cursor_peel(lo->tu, children.at[0])) != CXCursor_MemberRefExpr
        || !is_function(clang_getCursorReferenced(cursor_peel(lo->tu, children.at[0])));
}

/* The address of the object that an expression names or points to. */
static Val
object_addr(Lower *lo, CXCursor expr)
{
    return cursor_type(lo->tu, expr)->kind == TYPE_PTR ? lower_expr(lo, expr)
                                                       : lower_addr(lo, expr);
}

/* The object of 'object.method()' as written, a null cursor for this. */
static CXCursor
member_object_cursor(Lower *lo, CXCursor expr)
{
    Cursors children = cursor_children(lo->tu, expr), operands = {0};

    if (children.n > 0) {
        operands = cursor_operands(lo->tu, cursor_peel(lo->tu, children.at[0]));
    }
    return operands.n > 0 ? operands.at[0] : clang_getNullCursor();
}

/* Its address. */
static Val
member_object(Lower *lo, CXCursor expr)
{
    CXCursor object = member_object_cursor(lo, expr);

    if (clang_Cursor_isNull(object)) {
        return lower_self(lo);
    }
    return object_addr(lo, object);
}

/* ---- calls ------------------------------------------------------------------------------ */

/* A method that derived classes may replace is called through the object. */
static Val
virtual_callee(Lower *lo, const Callee *callee, Val self)
{
    const Type *type = type_ptr(lo->unit, clang_type(lo->tu,
                                                     clang_getCursorType(callee->function)));
    Val slot = build_field(lo->b, self, callee->klass != NULL ? callee->klass->tag : "",
                           cursor_name(lo->tu, callee->function), type);

    return build_load(lo->b, slot, type);
}

static bool
is_virtual(const Callee *callee)
{
    return clang_getCursorKind(callee->function) == CXCursor_CXXMethod
        && clang_CXXMethod_isVirtual(callee->function) && callee->self.kind != VAL_LOCAL;
}

/* The arguments as the instruction has them: the object first, objects by value. */
static Val *
plain_args(Lower *lo, const Callee *callee, const Val *args, uint32_t *nargs)
{
    Val *all = ARENA_ARRAY(lo->scratch, Val, *nargs + 1);
    int nparam = clang_Cursor_getNumArguments(callee->function);
    uint32_t n = 0;

    if (callee->self.kind != VAL_NONE) {
        all[n++] = callee->self;
    }
    for (uint32_t i = 0; i < *nargs; i++) {
        CXType type = (int)i < nparam
            ? clang_getCursorType(clang_Cursor_getArgument(callee->function, i))
            : (CXType){.kind = CXType_Invalid};
        bool by_value = (int)i < nparam && !type_is_reference(type)
            && class_of(lo->tu, type) != NULL;

        all[n++] = by_value ? build_load(lo->b, args[i], clang_type(lo->tu, type)) : args[i];
    }
    *nargs = n;
    return all;
}

/* The call may throw; that ends the objects it is given by value. */
static void
may_throw_with(Lower *lo, CXCursor function, const Val *args, uint32_t nargs)
{
    int nparam = clang_Cursor_getNumArguments(function);
    uint32_t before;

    if (lo->in_try == NULL) {
        return;
    }
    before = lo->scope->locals.n;
    for (uint32_t i = 0; i < nargs && (int)i < nparam; i++) {
        CXType type = clang_getCursorType(clang_Cursor_getArgument(function, i));

        if (!type_is_reference(type)) {
            scope_guards(lo, args[i], class_of(lo->tu, type));
        }
    }
    if (lo->scope->locals.n > before) {
        lo->in_try->pad_scope = 0;
    }
    lower_may_throw(lo, function);
    scope_unguard(lo, before);
}

/* The call as an instruction. */
static Val
emit_plain(Lower *lo, const Callee *callee, const Val *args, uint32_t nargs, Val into)
{
    CXType result = clang_getResultType(clang_getCursorType(callee->function));
    const Type *type = clang_type(lo->tu, result);
    Val target = {.kind = VAL_FUNC}, val;
    const char *hint = "";

    may_throw_with(lo, callee->function, args, nargs);
    args = plain_args(lo, callee, args, &nargs);
    if (is_virtual(callee)) {
        target = virtual_callee(lo, callee, callee->self);
        hint = arena_printf(lo->scratch, ".%s", cursor_name(lo->tu, callee->function));
    }
    else {
        target.decl = clang_decl(lo->tu, callee->function, NULL);
    }
    if (clang_getCursorKind(callee->function) == CXCursor_Constructor) {
        type = type_void(lo->unit);
    }
    val = build_call(lo->b, target, hint, args, nargs, type);
    if (target.kind == VAL_FUNC && target.decl->is_noreturn) {
        build_unreachable(lo->b);
    }
    if (into.kind != VAL_NONE && type->kind == TYPE_RECORD) {
        build_store(lo->b, into, val, type);
        return VAL_NOTHING;
    }
    return val;
}

Val
lower_call_values(Lower *lo, const Callee *called, const Val *args, uint32_t nargs, Val into)
{
    Callee copy = *called, *callee = &copy;
    Val result = VAL_NOTHING;

    copy.function = class_specialised(lo->tu, called->function);
    lower_want(lo->tu, callee->function);
    args = lower_all_args(lo, callee->function, args, &nargs);

    if (!is_virtual(callee) && lower_inline(lo, callee, args, nargs, into, &result)) {
        return result;
    }
    return emit_plain(lo, callee, args, nargs, into);
}

/* ---- call expressions ----------------------------------------------------------------------- */

/* Callees that are not shown, as in a template, or reached through a pointer to a member:
 * what they are given may be changed. */
static Val
call_unknown(Lower *lo, CXCursor expr, Val into)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = cursor_type(lo->tu, expr);
    Val *args = ARENA_ARRAY(lo->scratch, Val, operands.n + 2);
    CXCursor object = member_object_cursor(lo, expr);
    uint32_t n = 0;

    if (!clang_Cursor_isNull(object)) {
        args[n++] = object_addr(lo, object);
    }
    for (uint32_t i = 1; i < operands.n; i++) {
        args[n++] = cursor_type(lo->tu, operands.at[i])->kind == TYPE_RECORD
            ? lower_addr(lo, operands.at[i]) : lower_expr(lo, operands.at[i]);
    }
    if (into.kind != VAL_NONE) {
        args[n++] = into;
        type = type_void(lo->unit);
    }
    return lower_call_named(lo, "unknown", args, n, type);
}

static bool
is_lambda_method(CXCursor function)
{
    return clang_getCursorKind(function) != CXCursor_FunctionDecl
        && class_is_lambda(clang_getCursorType(clang_getCursorSemanticParent(function)));
}

/* A lambda called, or turned into a pointer to a function. */
static Val
call_lambda(Lower *lo, Callee *callee, CXCursor expr, Val into)
{
    CXType closure = clang_getCursorType(clang_getCursorSemanticParent(callee->function));
    CXCursor body = class_method(lo->tu, closure, "operator()");
    uint32_t nargs;
    Val *args, result = VAL_NOTHING;

    if (clang_Cursor_getNumArguments(expr) > 0) {
        lower_effect(lo, clang_Cursor_getArgument(expr, 0)); /* the lambda itself */
    }
    else {
        lower_effect(lo, member_object_cursor(lo, expr));
    }
    if (clang_getCursorKind(callee->function) == CXCursor_ConversionFunction) {
        return clang_Cursor_isNull(body)
            ? (Val){.kind = VAL_UNDEF}
            : (Val){.kind = VAL_FUNC, .decl = clang_decl(lo->tu, body, lo->name)};
    }
    args = lower_written_args(lo, callee->function, expr, 1, &nargs);
    if (lower_inline(lo, callee, args, nargs, into, &result)) {
        return result;
    }
    lower_lambda_escapes(lo, closure);
    return emit_plain(lo, callee, args, nargs, into);
}

Val
lower_call_cxx(Lower *lo, CXCursor expr, Val into)
{
    Callee callee = {.function = call_function(lo, expr), .self = VAL_NOTHING};
    Val *args, val;
    uint32_t nargs;
    unsigned from = 0;

    if (clang_Cursor_isNull(callee.function)) {
        return call_unknown(lo, expr, into);
    }
    if (lower_std_call(lo, callee.function, expr, &val)) {
        return val;
    }
    if (is_lambda_method(callee.function)) {
        return call_lambda(lo, &callee, expr, into);
    }
    if (is_method(callee.function)) {
        callee.klass = class_of_method(lo->tu, callee.function);
        if (callee.klass == NULL && method_is_pattern(callee.function)) {
            callee.klass = lo->klass;
        }
        if (!is_operator_call(lo, expr)) {
            callee.self = member_object(lo, expr);
        }
        else if (clang_Cursor_getNumArguments(expr) > 0) {
            callee.self = object_addr(lo, clang_Cursor_getArgument(expr, 0));
            from = 1;
        }
        if (callee.klass != NULL && callee.klass->is_holder
            && lower_holder_call(lo, callee.self, callee.klass, callee.function, expr, &val)) {
            return val;
        }
    }
    args = lower_written_args(lo, callee.function, expr, from, &nargs);
    if (clang_getCursorKind(callee.function) == CXCursor_CXXMethod && from == 1 && nargs == 1
        && method_is_defaulted(callee.function) && callee.klass != NULL) {
        CXType param = clang_getCursorType(clang_Cursor_getArgument(callee.function, 0));

        lower_copy(lo, callee.self, args[0], callee.klass,
                   clang_getCanonicalType(param).kind == CXType_RValueReference, true);
        return callee.self;
    }
    return lower_call_values(lo, &callee, args, nargs, into);
}

/* True for a callee that is a pointer in a variable, a field, a result. */
static bool
is_pointer(Tu *tu, CXCursor callee)
{
    const Type *type = cursor_type(tu, callee);

    return type->kind == TYPE_PTR && type->to != NULL && type->to->kind == TYPE_FUNC;
}

bool
call_is_cxx(Lower *lo, CXCursor expr)
{
    CXCursor function;
    Cursors children;
    int n;

    if (!lo->tu->is_cxx) {
        return false;
    }
    function = call_function(lo, expr);
    children = cursor_operands(lo->tu, expr);
    if (clang_getCursorKind(function) != CXCursor_FunctionDecl) {
        return !clang_Cursor_isNull(function) || cursor_type(lo->tu, expr)->kind == TYPE_RECORD
            || children.n == 0 || !is_pointer(lo->tu, children.at[0]);
    }
    if (text_starts(cursor_name(lo->tu, function), "__builtin_") || call_is_overlay(lo, expr)) {
        return false;
    }
    n = clang_Cursor_getNumArguments(expr);
    return children.n != (uint32_t)(n + 1) || !is_function(clang_getCursorReferenced(expr))
        || text_starts(cursor_name(lo->tu, function), "operator")
        || !cursor_is_system(lo->tu, function) || cursor_is_std(lo->tu, function);
}

/* ---- constructors ------------------------------------------------------------------------------ */

void
lower_construct_call(Lower *lo, Val address, const Class *klass, CXCursor expr)
{
    CXCursor function = clang_getCursorReferenced(expr);
    Callee callee = {.function = function, .self = address, .klass = klass};
    uint32_t nargs;
    Val *args;

    if (klass == NULL) {
        call_unknown(lo, expr, address);
        return;
    }
    if (klass->is_holder && lower_holder_call(lo, address, klass, function, expr, &callee.self)) {
        return;
    }
    class_learn_bases(lo->tu, klass, function);
    args = lower_written_args(lo, function, expr, 0, &nargs);
    if (method_is_defaulted(function) && nargs == 0) {
        lower_default(lo, address, klass->type);
    }
    else if (method_is_defaulted(function) && nargs == 1) {
        lower_copy(lo, address, args[0], klass,
                   clang_CXXConstructor_isMoveConstructor(function) != 0, false);
    }
    else {
        lower_call_values(lo, &callee, args, nargs, VAL_NOTHING);
    }
}

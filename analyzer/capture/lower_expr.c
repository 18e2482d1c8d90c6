/* lower_expr.c: turns expressions into values.
 *
 * The value of a place is loaded from its address; arrays and functions are
 * their address.  The value of '&&', '||' and '?:' comes out of its blocks
 * through a hidden local.  What is unknown becomes 'havoc', named by its kind.
 */
#include "capture/lower.h"

static const Val undef = {.kind = VAL_UNDEF};

static Val
int_val(int64_t num)
{
    return (Val){.kind = VAL_INT, .num = num};
}

/* ---- places ------------------------------------------------------------------------ */

static Val
load_place(Lower *lo, CXCursor expr)
{
    const Type *type = cursor_type(lo->tu, expr);
    Val addr = lower_addr(lo, expr);

    if (type->kind == TYPE_ARRAY || type->kind == TYPE_FUNC || addr.kind == VAL_FUNC) {
        return addr;
    }
    return build_load(lo->b, addr, type);
}

static Val
name_val(Lower *lo, CXCursor expr)
{
    CXCursor decl = clang_getCursorReferenced(expr);

    if (clang_getCursorKind(decl) == CXCursor_EnumConstantDecl) {
        return int_val(clang_getEnumConstantDeclValue(decl));
    }
    if (lo->frame != NULL && map_get(&lo->values, cursor_key(decl)) != NULL) {
        return *(const Val *)map_get(&lo->values, cursor_key(decl));
    }
    return load_place(lo, expr);
}

Val
lower_deref(Lower *lo, CXCursor expr, CXCursor operand)
{
    CXCursor inner = cursor_peel(lo->tu, operand);

    return call_is_overlay(lo, inner) ? lower_call(lo, inner, cursor_type(lo->tu, expr))
                                      : load_place(lo, expr);
}

/* ---- operators with jumps ------------------------------------------------------------- */

/* A local that only carries a value out of blocks that join. */
static Val
join_local(Lower *lo, const Type *type)
{
    return (Val){.kind = VAL_LOCAL,
                 .index = build_local(lo->b, "", type, false, build_loc(lo->b))};
}

static Val
take_joined(Lower *lo, Val addr, const Type *type)
{
    Val val = build_load(lo->b, addr, type);

    build_dead(lo->b, addr.index);
    return val;
}

/* The value of '&&', '||': 1 or 0. */
static Val
lower_logical(Lower *lo, CXCursor expr)
{
    const Type *type = cursor_type(lo->tu, expr);
    Val addr = join_local(lo, type);
    uint32_t yes = build_block(lo->b), no = build_block(lo->b), end = build_block(lo->b);

    lower_cond(lo, expr, yes, no);
    build_start(lo->b, yes);
    build_store(lo->b, addr, int_val(1), type);
    build_jmp(lo->b, end);
    build_start(lo->b, no);
    build_store(lo->b, addr, int_val(0), type);
    build_start(lo->b, end);
    return take_joined(lo, addr, type);
}

static Val
lower_binary(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);

    if (operands.n != 2) {
        return lower_havoc(lo, expr, cursor_type(lo->tu, expr));
    }
    switch (clang_getCursorBinaryOperatorKind(expr)) {
    case CXBinaryOperator_Assign:
        return lower_assignment(lo, expr, true);
    case CXBinaryOperator_Comma:
        lower_effect(lo, operands.at[0]);
        return lower_expr(lo, operands.at[1]);
    case CXBinaryOperator_LAnd:
    case CXBinaryOperator_LOr:
        return lower_logical(lo, expr);
    default:
        return lower_arithmetic(lo, expr, operands);
    }
}

/* ---- conditional expressions ---------------------------------------------------------------- */

/* Both arms of '?:' go to the place at 'addr'. */
static void
choose_into(Lower *lo, Cursors operands, Val addr, const Type *type)
{
    uint32_t yes = build_block(lo->b), no = build_block(lo->b), end = build_block(lo->b);
    Scope arm;

    lower_cond(lo, operands.at[0], yes, no);
    build_start(lo->b, yes);
    full_open(lo, &arm);
    lower_assign(lo, addr, operands.at[1], type);
    full_close_arm(lo, type->kind == TYPE_PTR);
    build_jmp(lo->b, end);
    build_start(lo->b, no);
    full_open(lo, &arm);
    lower_assign(lo, addr, operands.at[2], type);
    full_close_arm(lo, type->kind == TYPE_PTR);
    build_start(lo->b, end);
}

static Val
lower_choice(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = cursor_type(lo->tu, expr);
    Val addr;

    if (operands.n != 3) {
        return lower_havoc(lo, expr, type);
    }
    if (type->kind == TYPE_VOID) {
        lower_effect(lo, expr);
        return VAL_NOTHING;
    }
    addr = join_local(lo, type);
    choose_into(lo, operands, addr, type);
    return take_joined(lo, addr, type);
}

/* GNU 'a ?: b' shows 'a' three times, then 'b'. */
static bool
is_elvis(Tu *tu, Cursors operands)
{
    return operands.n == 4
        && clang_equalCursors(cursor_peel(tu, operands.at[0]), cursor_peel(tu, operands.at[1]))
        && clang_equalCursors(cursor_peel(tu, operands.at[1]), cursor_peel(tu, operands.at[2]));
}

static Val
lower_elvis(Lower *lo, CXCursor expr, Cursors operands)
{
    const Type *type = cursor_type(lo->tu, expr);
    uint32_t no = build_block(lo->b), end = build_block(lo->b);
    Val addr = join_local(lo, type);
    Val val = lower_expr(lo, operands.at[0]);
    Scope arm;

    build_store(lo->b, addr,
                lower_convert(lo, val, cursor_type(lo->tu, operands.at[0]), type), type);
    build_br(lo->b, val, end, no);
    build_start(lo->b, no);
    full_open(lo, &arm);
    build_store(lo->b, addr, lower_expr(lo, operands.at[3]), type);
    full_close_arm(lo, type->kind == TYPE_PTR);
    build_start(lo->b, end);
    return take_joined(lo, addr, type);
}

/* The association whose type is that of the whole, when only one is. */
static Val
lower_generic(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    CXType type = clang_getCanonicalType(clang_getCursorType(expr));
    uint32_t found = 0, nfound = 0;

    for (uint32_t i = 1; i < operands.n; i++) {
        CXType one = clang_getCanonicalType(clang_getCursorType(operands.at[i]));

        if (clang_equalTypes(one, type)) {
            found = i;
            nfound++;
        }
    }
    return nfound == 1 ? lower_expr(lo, operands.at[found])
                       : lower_havoc(lo, expr, cursor_type(lo->tu, expr));
}

/* ---- values ------------------------------------------------------------------------------------- */

static Val
lower_cast(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = cursor_type(lo->tu, expr);
    CXCursor operand;

    if (operands.n == 0) {
        return lower_havoc(lo, expr, type);
    }
    operand = operands.at[operands.n - 1];
    if (type->kind == TYPE_VOID) {
        lower_effect(lo, operand);
        return VAL_NOTHING;
    }
    return lower_convert(lo, lower_expr(lo, operand), cursor_type(lo->tu, operand), type);
}

/* What libclang gives no kind of its own: implicit conversions (one operand),
 * 'a ?: b', and builtins. */
static Val
lower_unexposed(Lower *lo, CXCursor expr)
{
    Cursors children = cursor_children(lo->tu, expr);
    Cursors operands;

    if (children.n == 1 && clang_isExpression(clang_getCursorKind(children.at[0]))
        && !cursor_is_va_arg(lo->tu, expr, children.at[0])) {
        return lower_convert(lo, lower_expr(lo, children.at[0]),
                             cursor_type(lo->tu, children.at[0]), cursor_type(lo->tu, expr));
    }
    operands = cursor_operands(lo->tu, expr);
    return is_elvis(lo->tu, operands) ? lower_elvis(lo, expr, operands)
                                      : lower_builtin(lo, expr, operands);
}

static Val
lower_constant(CXCursor expr)
{
    Val val = int_val(0);

    return cursor_constant(expr, &val.num) ? val : undef;
}

static Val
lower_string(Lower *lo, CXCursor expr)
{
    Str text = cursor_string(lo->tu, expr, STRING_LIMIT);

    return (Val){.kind = VAL_STR,
                 .str = text != NULL ? text : str_intern(lo->unit->strings, "")};
}

static Val
lower_stmt_expr(Lower *lo, CXCursor expr)
{
    Cursors children = cursor_children(lo->tu, expr);

    if (children.n != 1) {
        return lower_havoc(lo, expr, cursor_type(lo->tu, expr));
    }
    return lower_block(lo, children.at[0], cursor_type(lo->tu, expr));
}

static Val
val_of_kind(Lower *lo, CXCursor expr)
{
    Val val;

    if (lo->tu->is_cxx && lower_cxx_value(lo, expr, &val)) {
        return val;
    }
    switch (clang_getCursorKind(expr)) {
    case CXCursor_UnexposedExpr: return lower_unexposed(lo, expr);
    case CXCursor_ParenExpr: {
        Cursors operands = cursor_operands(lo->tu, expr);

        return operands.n == 1 ? lower_expr(lo, operands.at[0]) : undef;
    }
    case CXCursor_DeclRefExpr: return name_val(lo, expr);
    case CXCursor_MemberRefExpr:
    case CXCursor_ArraySubscriptExpr:
    case CXCursor_CompoundLiteralExpr:
    case CXCursor_InitListExpr: return load_place(lo, expr);
    case CXCursor_CallExpr: return lower_call(lo, expr, cursor_type(lo->tu, expr));
    case CXCursor_UnaryOperator: return lower_unary(lo, expr);
    case CXCursor_BinaryOperator: return lower_binary(lo, expr);
    case CXCursor_CompoundAssignOperator: return lower_compound_assign(lo, expr);
    case CXCursor_ConditionalOperator: return lower_choice(lo, expr);
    case CXCursor_CStyleCastExpr:
    case CXCursor_CXXStaticCastExpr:
    case CXCursor_CXXReinterpretCastExpr:
    case CXCursor_CXXConstCastExpr:
    case CXCursor_CXXFunctionalCastExpr: return lower_cast(lo, expr);
    case CXCursor_IntegerLiteral:
    case CXCursor_CharacterLiteral:
    case CXCursor_CXXBoolLiteralExpr:
    case CXCursor_UnaryExpr: return lower_constant(expr);
    case CXCursor_FloatingLiteral:
    case CXCursor_ImaginaryLiteral: return (Val){.kind = VAL_FLOAT};
    case CXCursor_StringLiteral: return lower_string(lo, expr);
    case CXCursor_StmtExpr: return lower_stmt_expr(lo, expr);
    case CXCursor_GenericSelectionExpr: return lower_generic(lo, expr);
    case CXCursor_AddrLabelExpr: return undef;
    case CXCursor_GNUNullExpr:
    case CXCursor_CXXNullPtrLiteralExpr: return (Val){.kind = VAL_NULL};
    default: return lower_havoc(lo, expr, cursor_type(lo->tu, expr));
    }
}

Val
lower_expr(Lower *lo, CXCursor expr)
{
    Val val;

    if (lo->tu->has_errors && !lo->tu->is_pattern && clang_getCursorType(expr).kind == CXType_Dependent) {
        lower_damage(lo, "uses a declaration that did not parse");
    }
    if (!lower_enter(lo)) {
        return lower_havoc(lo, expr, cursor_type(lo->tu, expr));
    }
    val = val_of_kind(lo, expr);
    lower_leave(lo);
    return val.kind == VAL_NONE ? undef : val;
}

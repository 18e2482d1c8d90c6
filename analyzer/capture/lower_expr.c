/* lower_expr.c: turns expressions into values.
 *
 * The value of a place is loaded from its address; arrays and functions are
 * their address.  The value of '&&', '||' and '?:' comes out of its blocks
 * through a hidden local.  Integer constants are folded.  What is unknown
 * becomes 'havoc', named by its kind.
 */
#include "capture/lower.h"

static const Val undef = {.kind = VAL_UNDEF};

static Val
int_val(int64_t num)
{
    return (Val){.kind = VAL_INT, .num = num};
}

/* ---- integers ------------------------------------------------------------------ */

/* The number as the type holds it. */
static int64_t
wrap(int64_t num, const Type *type)
{
    uint64_t mask;

    if (type->kind != TYPE_INT || type->bits >= 64 || type->bits == 0) {
        return num;
    }
    if (type->bits == 1) {
        return num != 0;
    }
    mask = (UINT64_C(1) << type->bits) - 1;
    if (!type->is_unsigned && ((uint64_t)num >> (type->bits - 1) & 1) != 0) {
        return (int64_t)((uint64_t)num | ~mask);
    }
    return (int64_t)((uint64_t)num & mask);
}

static bool
fold_compare(enum CXBinaryOperatorKind op, int64_t a, int64_t b, bool is_unsigned,
             int64_t *result)
{
    bool less = is_unsigned ? (uint64_t)a < (uint64_t)b : a < b;

    switch (op) {
    case CXBinaryOperator_EQ: *result = a == b; return true;
    case CXBinaryOperator_NE: *result = a != b; return true;
    case CXBinaryOperator_LT: *result = less; return true;
    case CXBinaryOperator_GE: *result = !less; return true;
    case CXBinaryOperator_LE: *result = less || a == b; return true;
    case CXBinaryOperator_GT: *result = !less && a != b; return true;
    default: return false;
    }
}

static bool
fold_arithmetic(enum CXBinaryOperatorKind op, int64_t a, int64_t b, int64_t *result)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b;

    switch (op) {
    case CXBinaryOperator_Add: *result = (int64_t)(x + y); return true;
    case CXBinaryOperator_Sub: *result = (int64_t)(x - y); return true;
    case CXBinaryOperator_Mul: *result = (int64_t)(x * y); return true;
    case CXBinaryOperator_And: *result = a & b; return true;
    case CXBinaryOperator_Or: *result = a | b; return true;
    case CXBinaryOperator_Xor: *result = a ^ b; return true;
    case CXBinaryOperator_Shl: *result = (int64_t)(x << (y & 63)); return true;
    case CXBinaryOperator_Shr: *result = a >> (y & 63); return a >= 0;
    case CXBinaryOperator_Div: *result = b > 0 ? a / b : 0; return a >= 0 && b > 0;
    case CXBinaryOperator_Rem: *result = b > 0 ? a % b : 0; return a >= 0 && b > 0;
    default: return false;
    }
}

/* ---- conversions ------------------------------------------------------------------ */

static Val
convert_const(int64_t num, const Type *to)
{
    switch (to->kind) {
    case TYPE_INT: return int_val(wrap(num, to));
    case TYPE_FLOAT: return (Val){.kind = VAL_FLOAT};
    default: return int_val(num);
    }
}

/* True when a pointer is seen in a new way: as an object, as the place of
 * one, or no longer so. */
static bool
changes_object(const Type *from, const Type *to)
{
    return type_is_object(from) != type_is_object(to)
        || type_is_object_ptr(from) != type_is_object_ptr(to);
}

Val
lower_convert(Lower *lo, Val val, const Type *from, const Type *to)
{
    bool to_bool = to->kind == TYPE_INT && to->bits == 1;

    if (from == to || to->kind == TYPE_VOID || to->kind == TYPE_FUNC
        || to->kind == TYPE_ARRAY || val.kind == VAL_UNDEF || val.kind == VAL_NONE) {
        return val;
    }
    if (val.kind == VAL_INT && to->kind != TYPE_PTR) {
        return convert_const(val.num, to);
    }
    if (val.kind == VAL_INT && val.num == 0) {
        return (Val){.kind = VAL_NULL};
    }
    if (val.kind == VAL_NULL) {
        return to->kind == TYPE_INT ? int_val(0) : val;
    }
    if (to_bool && (from->kind == TYPE_INT || from->kind == TYPE_PTR)) {
        return build_cmp(lo->b, "!=", val,
                         from->kind == TYPE_PTR ? (Val){.kind = VAL_NULL} : int_val(0));
    }
    if (from->kind == to->kind && to->kind != TYPE_PTR) {
        return val;
    }
    if (to->kind == TYPE_PTR && (val.kind != VAL_TEMP || from->kind == TYPE_ARRAY
                                 || from->kind == TYPE_FUNC)) {
        return val.kind == VAL_INT ? build_cast(lo->b, val, to) : val;
    }
    if (from->kind == TYPE_PTR && to->kind == TYPE_PTR && !changes_object(from, to)) {
        return val;
    }
    return build_cast(lo->b, val, to);
}

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
    return load_place(lo, expr);
}

/* ---- assignment --------------------------------------------------------------------------- */

Val
lower_assignment(Lower *lo, CXCursor expr, bool wanted)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = cursor_type(lo->tu, expr);
    Val addr, val;

    if (operands.n != 2) {
        return lower_havoc(lo, expr, type);
    }
    if (type->kind == TYPE_RECORD) {
        addr = lower_addr(lo, operands.at[0]);
        lower_assign(lo, addr, operands.at[1], type);
        return wanted ? build_load(lo->b, addr, type) : VAL_NOTHING;
    }
    val = lower_expr(lo, operands.at[1]);
    addr = lower_addr(lo, operands.at[0]);
    build_store(lo->b, addr, val, type);
    return val;
}

/* The pointer moved by 'by' elements, forwards or backwards. */
static Val
move_pointer(Lower *lo, Val pointer, Val by, const Type *type, bool back)
{
    if (back) {
        by = by.kind == VAL_INT ? int_val(-by.num)
                                : build_neg(lo->b, by, type_int(lo->unit, 64, false));
    }
    return build_index(lo->b, pointer, by, type->to);
}

static Val
increment(Lower *lo, CXCursor operand, bool back, bool before)
{
    const Type *type = cursor_type(lo->tu, operand);
    Val addr = lower_addr(lo, operand);
    Val old = build_load(lo->b, addr, type), val;

    if (type->kind == TYPE_PTR) {
        val = move_pointer(lo, old, int_val(1), type, back);
    }
    else {
        val = build_bin(lo->b, back ? "-" : "+", old,
                        type->kind == TYPE_FLOAT ? (Val){.kind = VAL_FLOAT} : int_val(1), type);
    }
    build_store(lo->b, addr, val, type);
    return before ? val : old;
}

/* ---- operators ------------------------------------------------------------------------------ */

static const char *
operator_name(enum CXBinaryOperatorKind op)
{
    switch (op) {
    case CXBinaryOperator_Mul: case CXBinaryOperator_MulAssign: return "*";
    case CXBinaryOperator_Div: case CXBinaryOperator_DivAssign: return "/";
    case CXBinaryOperator_Rem: case CXBinaryOperator_RemAssign: return "%";
    case CXBinaryOperator_Add: case CXBinaryOperator_AddAssign: return "+";
    case CXBinaryOperator_Sub: case CXBinaryOperator_SubAssign: return "-";
    case CXBinaryOperator_Shl: case CXBinaryOperator_ShlAssign: return "<<";
    case CXBinaryOperator_Shr: case CXBinaryOperator_ShrAssign: return ">>";
    case CXBinaryOperator_And: case CXBinaryOperator_AndAssign: return "&";
    case CXBinaryOperator_Xor: case CXBinaryOperator_XorAssign: return "^";
    case CXBinaryOperator_Or: case CXBinaryOperator_OrAssign: return "|";
    case CXBinaryOperator_LT: return "<";
    case CXBinaryOperator_GT: return ">";
    case CXBinaryOperator_LE: return "<=";
    case CXBinaryOperator_GE: return ">=";
    case CXBinaryOperator_EQ: return "==";
    case CXBinaryOperator_NE: return "!=";
    default: return NULL;
    }
}

static bool
is_comparison(enum CXBinaryOperatorKind op)
{
    return op >= CXBinaryOperator_LT && op <= CXBinaryOperator_NE;
}

/* A comparison that constants decide. */
static bool
compare_const(enum CXBinaryOperatorKind op, Val left, Val right, const Type *type, Val *val)
{
    val->kind = VAL_INT;
    if (left.kind == VAL_NULL && right.kind == VAL_NULL) {
        return fold_compare(op, 0, 0, true, &val->num);
    }
    return left.kind == VAL_INT && right.kind == VAL_INT
        && fold_compare(op, left.num, right.num, type->is_unsigned, &val->num);
}

static Val
lower_arithmetic(Lower *lo, CXCursor expr, Cursors operands)
{
    enum CXBinaryOperatorKind op = clang_getCursorBinaryOperatorKind(expr);
    const Type *type = cursor_type(lo->tu, expr);
    const Type *left_type = cursor_type(lo->tu, operands.at[0]);
    const Type *right_type = cursor_type(lo->tu, operands.at[1]);
    Val left = lower_expr(lo, operands.at[0]);
    Val right = lower_expr(lo, operands.at[1]);
    Val val = int_val(0);

    if (operator_name(op) == NULL) {
        return lower_havoc(lo, expr, type);
    }
    if (is_comparison(op)) {
        return compare_const(op, left, right, left_type, &val)
            ? val
            : build_cmp(lo->b, operator_name(op), left, right);
    }
    if (type->kind == TYPE_PTR && left_type->kind == TYPE_PTR) {
        return move_pointer(lo, left, right, type, op == CXBinaryOperator_Sub);
    }
    if (type->kind == TYPE_PTR && right_type->kind == TYPE_PTR) {
        return move_pointer(lo, right, left, type, false);
    }
    if (type->kind == TYPE_INT && left.kind == VAL_INT && right.kind == VAL_INT
        && fold_arithmetic(op, left.num, right.num, &val.num)) {
        return int_val(wrap(val.num, type));
    }
    return build_bin(lo->b, operator_name(op), left, right, type);
}

static Val
lower_compound_assign(Lower *lo, CXCursor expr)
{
    enum CXBinaryOperatorKind op = clang_getCursorBinaryOperatorKind(expr);
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = cursor_type(lo->tu, expr);
    Val addr, old, val;

    if (operands.n != 2 || operator_name(op) == NULL) {
        return lower_havoc(lo, expr, type);
    }
    val = lower_expr(lo, operands.at[1]);
    addr = lower_addr(lo, operands.at[0]);
    old = build_load(lo->b, addr, type);
    val = type->kind == TYPE_PTR
        ? move_pointer(lo, old, val, type, op == CXBinaryOperator_SubAssign)
        : build_bin(lo->b, operator_name(op), old, val, type);
    build_store(lo->b, addr, val, type);
    return val;
}

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

static Val
lower_not(Lower *lo, CXCursor operand)
{
    Val val = lower_expr(lo, operand);

    if (val.kind == VAL_INT) {
        return int_val(val.num == 0);
    }
    return val.kind == VAL_NULL ? int_val(1) : build_not(lo->b, val);
}

static Val
lower_deref(Lower *lo, CXCursor expr, CXCursor operand)
{
    CXCursor inner = cursor_peel(lo->tu, operand);

    return call_is_overlay(lo, inner) ? lower_call(lo, inner, cursor_type(lo->tu, expr))
                                      : load_place(lo, expr);
}

static Val
lower_unary(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = cursor_type(lo->tu, expr);
    enum CXUnaryOperatorKind op = clang_getCursorUnaryOperatorKind(expr);
    Val val;

    if (operands.n != 1) {
        return lower_havoc(lo, expr, type);
    }
    switch (op) {
    case CXUnaryOperator_PostInc: return increment(lo, operands.at[0], false, false);
    case CXUnaryOperator_PostDec: return increment(lo, operands.at[0], true, false);
    case CXUnaryOperator_PreInc: return increment(lo, operands.at[0], false, true);
    case CXUnaryOperator_PreDec: return increment(lo, operands.at[0], true, true);
    case CXUnaryOperator_AddrOf: return lower_addr(lo, operands.at[0]);
    case CXUnaryOperator_Deref: return lower_deref(lo, expr, operands.at[0]);
    case CXUnaryOperator_LNot: return lower_not(lo, operands.at[0]);
    case CXUnaryOperator_Minus:
    case CXUnaryOperator_Not:
        break;
    case CXUnaryOperator_Plus:
    case CXUnaryOperator_Real:
    case CXUnaryOperator_Imag:
    case CXUnaryOperator_Extension:
        return lower_expr(lo, operands.at[0]);
    default:
        return lower_havoc(lo, expr, type);
    }
    val = lower_expr(lo, operands.at[0]);
    if (val.kind == VAL_FLOAT) {
        return val;
    }
    if (op == CXUnaryOperator_Minus) {
        return val.kind == VAL_INT ? int_val(wrap((int64_t)(0 - (uint64_t)val.num), type))
                                   : build_neg(lo->b, val, type);
    }
    return val.kind == VAL_INT ? int_val(wrap(~val.num, type)) : build_inv(lo->b, val, type);
}

/* ---- conditional expressions ---------------------------------------------------------------- */

/* Both arms of '?:' go to the place at 'addr'. */
static void
choose_into(Lower *lo, Cursors operands, Val addr, const Type *type)
{
    uint32_t yes = build_block(lo->b), no = build_block(lo->b), end = build_block(lo->b);

    lower_cond(lo, operands.at[0], yes, no);
    build_start(lo->b, yes);
    lower_assign(lo, addr, operands.at[1], type);
    build_jmp(lo->b, end);
    build_start(lo->b, no);
    lower_assign(lo, addr, operands.at[2], type);
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

    build_store(lo->b, addr,
                lower_convert(lo, val, cursor_type(lo->tu, operands.at[0]), type), type);
    build_br(lo->b, val, end, no);
    build_start(lo->b, no);
    build_store(lo->b, addr, lower_expr(lo, operands.at[3]), type);
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

    if (lo->tu->has_errors && clang_getCursorType(expr).kind == CXType_Dependent) {
        lower_damage(lo, "uses a declaration that did not parse");
    }
    if (!lower_enter(lo)) {
        return lower_havoc(lo, expr, cursor_type(lo->tu, expr));
    }
    val = val_of_kind(lo, expr);
    lower_leave(lo);
    return val.kind == VAL_NONE ? undef : val;
}

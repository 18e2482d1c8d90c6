/* lower_arith.c: turns operators and conversions into values: assignment,
 * arithmetic, comparison, increments.
 *
 * Integer constants are folded.
 */
#include "capture/lower.h"

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
fold_arithmetic(enum CXBinaryOperatorKind op, int64_t a, int64_t b, bool is_unsigned,
                int64_t *result)
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
    case CXBinaryOperator_Shr: *result = (int64_t)(x >> (y & 63)); return a >= 0 || is_unsigned;
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

/* What a floating number is compared with, when it is asked whether both are equal: as an
 * integer, if it is one. */
static Val
comparand(CXCursor operand, Val val, enum CXBinaryOperatorKind op)
{
    int64_t num;

    return (op == CXBinaryOperator_EQ || op == CXBinaryOperator_NE) && val.kind == VAL_FLOAT
            && cursor_whole_number(operand, &num)
        ? int_val(num)
        : val;
}

/* Whether numbers of the two types are compared as unsigned ones that fill 64 bits. */
static bool
compares_unsigned(const Type *a, const Type *b)
{
    return (a->kind == TYPE_INT && a->is_unsigned && a->bits == 64)
        || (b->kind == TYPE_INT && b->is_unsigned && b->bits == 64);
}

/* What stands in a comparison by size: nothing that is known where a number is too large to be
 * written as a signed one. */
static Val
ordered(Val val, enum CXBinaryOperatorKind op, bool is_unsigned)
{
    bool by_size = op != CXBinaryOperator_EQ && op != CXBinaryOperator_NE;

    return is_unsigned && by_size && val.kind == VAL_INT && val.num < 0
        ? (Val){.kind = VAL_UNDEF}
        : val;
}

/* Beside the greatest unsigned number, '>=' asks for equality, and '<' for the opposite. */
static enum CXBinaryOperatorKind
beside_greatest(enum CXBinaryOperatorKind op, Val right, bool is_unsigned)
{
    bool greatest = is_unsigned && right.kind == VAL_INT && right.num == -1;

    return greatest && op == CXBinaryOperator_GE   ? CXBinaryOperator_EQ
           : greatest && op == CXBinaryOperator_LT ? CXBinaryOperator_NE
                                                   : op;
}

Val
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
        if (compare_const(op, left, right, left_type, &val)) {
            return val;
        }
        bool is_unsigned = compares_unsigned(left_type, right_type);
        op = beside_greatest(op, right, is_unsigned);
        left = ordered(comparand(operands.at[0], left, op), op, is_unsigned);
        right = ordered(comparand(operands.at[1], right, op), op, is_unsigned);
        return build_cmp(lo->b, operator_name(op), left, right);
    }
    if (type->kind == TYPE_PTR && left_type->kind == TYPE_PTR) {
        return move_pointer(lo, left, right, type, op == CXBinaryOperator_Sub);
    }
    if (type->kind == TYPE_PTR && right_type->kind == TYPE_PTR) {
        return move_pointer(lo, right, left, type, false);
    }
    if (type->kind == TYPE_INT && left.kind == VAL_INT && right.kind == VAL_INT
        && fold_arithmetic(op, left.num, right.num, type->is_unsigned, &val.num)) {
        return int_val(wrap(val.num, type));
    }
    return build_bin(lo->b, operator_name(op), left, right, type);
}

Val
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

static Val
lower_not(Lower *lo, CXCursor operand)
{
    Val val = lower_expr(lo, operand);

    if (val.kind == VAL_INT) {
        return int_val(val.num == 0);
    }
    return val.kind == VAL_NULL ? int_val(1) : build_not(lo->b, val);
}

Val
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

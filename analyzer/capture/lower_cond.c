/* lower_cond.c: turns conditions into branches, and expressions whose value
 * nobody wants into their effects.
 *
 * '&&', '||', '!', ',' and '?:' in a condition become jumps, without a value;
 * what constants decide becomes a plain jump.
 */
#include "capture/lower.h"

/* ---- conditions ------------------------------------------------------------------------------- */

static void
branch(Lower *lo, Val val, uint32_t yes, uint32_t no)
{
    switch (val.kind) {
    case VAL_INT:
        build_jmp(lo->b, val.num != 0 ? yes : no);
        break;
    case VAL_NULL:
        build_jmp(lo->b, no);
        break;
    case VAL_LOCAL:
    case VAL_STR:
        build_jmp(lo->b, yes);
        break;
    default:
        build_br(lo->b, val, yes, no);
        break;
    }
}

static void
branch_on(Lower *lo, CXCursor expr, uint32_t yes, uint32_t no)
{
    Scope full;
    Val val;

    lower_at(lo, expr);
    full_open(lo, &full);
    val = lower_expr(lo, expr);
    full_close(lo);
    branch(lo, val, yes, no);
}

/* 'a && b', 'a || b', 'a, b'; false for other operators. */
static bool
cond_binary(Lower *lo, CXCursor expr, uint32_t yes, uint32_t no)
{
    enum CXBinaryOperatorKind op = clang_getCursorBinaryOperatorKind(expr);
    Cursors operands;
    uint32_t next;

    if (op != CXBinaryOperator_LAnd && op != CXBinaryOperator_LOr
        && op != CXBinaryOperator_Comma) {
        return false;
    }
    operands = cursor_operands(lo->tu, expr);
    if (operands.n != 2) {
        return false;
    }
    if (op == CXBinaryOperator_Comma) {
        lower_effect(lo, operands.at[0]);
    }
    else {
        next = build_block(lo->b);
        lower_cond(lo, operands.at[0], op == CXBinaryOperator_LAnd ? next : yes,
                   op == CXBinaryOperator_LAnd ? no : next);
        build_start(lo->b, next);
    }
    lower_cond(lo, operands.at[1], yes, no);
    return true;
}

static bool
cond_choice(Lower *lo, CXCursor expr, uint32_t yes, uint32_t no)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    uint32_t first, second;

    if (operands.n != 3) {
        return false;
    }
    first = build_block(lo->b);
    second = build_block(lo->b);
    lower_cond(lo, operands.at[0], first, second);
    build_start(lo->b, first);
    lower_cond(lo, operands.at[1], yes, no);
    build_start(lo->b, second);
    lower_cond(lo, operands.at[2], yes, no);
    return true;
}

static bool
cond_of_kind(Lower *lo, CXCursor expr, uint32_t yes, uint32_t no)
{
    CXCursor expected;
    Cursors operands;

    switch (clang_getCursorKind(expr)) {
    case CXCursor_UnaryOperator:
        operands = cursor_operands(lo->tu, expr);
        if (clang_getCursorUnaryOperatorKind(expr) != CXUnaryOperator_LNot || operands.n != 1) {
            return false;
        }
        lower_cond(lo, operands.at[0], no, yes);
        return true;
    case CXCursor_BinaryOperator:
        return cond_binary(lo, expr, yes, no);
    case CXCursor_ConditionalOperator:
        return cond_choice(lo, expr, yes, no);
    case CXCursor_CallExpr:
        expected = call_expected(lo, expr);
        if (clang_Cursor_isNull(expected)) {
            return false;
        }
        lower_cond(lo, expected, yes, no);
        return true;
    default:
        return false;
    }
}

void
lower_cond(Lower *lo, CXCursor expr, uint32_t yes, uint32_t no)
{
    if (!lower_enter(lo)) {
        build_br(lo->b, (Val){.kind = VAL_UNDEF}, yes, no);
        return;
    }
    expr = cursor_peel(lo->tu, expr);
    if (!cond_of_kind(lo, expr, yes, no)) {
        branch_on(lo, expr, yes, no);
    }
    lower_leave(lo);
}

/* ---- effects ------------------------------------------------------------------------------------ */

/* An expression that is evaluated on some ways only. */
static void
effect_of_arm(Lower *lo, CXCursor expr)
{
    Scope arm;

    full_open(lo, &arm);
    lower_effect(lo, expr);
    full_close_arm(lo, false);
}

/* 'a && b' as a statement: 'b' for its effects, when 'a' says so. */
static void
logical_effect(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    uint32_t more = build_block(lo->b), end = build_block(lo->b);
    bool is_and = clang_getCursorBinaryOperatorKind(expr) == CXBinaryOperator_LAnd;

    if (operands.n == 2) {
        lower_cond(lo, operands.at[0], is_and ? more : end, is_and ? end : more);
        build_start(lo->b, more);
        effect_of_arm(lo, operands.at[1]);
    }
    build_start(lo->b, end);
}

/* '?:' as a statement. */
static void
choose_effect(Lower *lo, Cursors operands)
{
    uint32_t yes = build_block(lo->b), no = build_block(lo->b), end = build_block(lo->b);

    lower_cond(lo, operands.at[0], yes, no);
    build_start(lo->b, yes);
    effect_of_arm(lo, operands.at[1]);
    build_jmp(lo->b, end);
    build_start(lo->b, no);
    effect_of_arm(lo, operands.at[2]);
    build_start(lo->b, end);
}

static void
effect_of_binary(Lower *lo, CXCursor expr)
{
    enum CXBinaryOperatorKind op = clang_getCursorBinaryOperatorKind(expr);
    Cursors operands;

    if (op == CXBinaryOperator_LAnd || op == CXBinaryOperator_LOr) {
        logical_effect(lo, expr);
    }
    else if (op == CXBinaryOperator_Comma) {
        operands = cursor_operands(lo->tu, expr);
        for (uint32_t i = 0; i < operands.n; i++) {
            lower_effect(lo, operands.at[i]);
        }
    }
    else if (op == CXBinaryOperator_Assign) {
        lower_assignment(lo, expr, false);
    }
    else {
        lower_expr(lo, expr);
    }
}

static void
effect_of_kind(Lower *lo, CXCursor expr)
{
    Cursors operands;

    switch (clang_getCursorKind(expr)) {
    case CXCursor_DeclRefExpr: /* naming a variable does nothing */
        break;
    case CXCursor_CStyleCastExpr:
        operands = cursor_operands(lo->tu, expr);
        if (operands.n > 0) {
            lower_effect(lo, operands.at[operands.n - 1]);
        }
        break;
    case CXCursor_BinaryOperator:
        effect_of_binary(lo, expr);
        break;
    case CXCursor_ConditionalOperator:
        operands = cursor_operands(lo->tu, expr);
        if (operands.n == 3) {
            choose_effect(lo, operands);
        }
        break;
    case CXCursor_StmtExpr:
        operands = cursor_children(lo->tu, expr);
        if (operands.n > 0) {
            lower_stmt(lo, operands.at[0]);
        }
        break;
    default:
        lower_expr(lo, expr);
        break;
    }
}

void
lower_effect(Lower *lo, CXCursor expr)
{
    if (!lower_enter(lo)) {
        lower_havoc(lo, expr, NULL);
        return;
    }
    effect_of_kind(lo, cursor_peel(lo->tu, expr));
    lower_leave(lo);
}

void
lower_full_effect(Lower *lo, CXCursor expr)
{
    Scope full;

    full_open(lo, &full);
    lower_effect(lo, expr);
    full_close(lo);
}

/* lower_jump.c: turns labels, goto, break, continue and return into jumps.
 *
 * A goto must know which scopes it leaves, also when its label comes later, so
 * the first goto looks for all labels of the function.
 */
#include "capture/lower.h"

/* ---- labels and jumps ------------------------------------------------------------------ */

/* The scopes around a label, innermost first. */
typedef struct Chain Chain;
struct Chain {
    const Chain *up;
    uint64_t key;
};

typedef struct Label {
    uint32_t block;
    bool placed;
    const Chain *in;
} Label;

static Label *
get_label(Lower *lo, CXCursor stmt)
{
    void **place = map_put(&lo->labels, cursor_key(stmt));

    if (*place == NULL) {
        Label *label = ARENA_NEW(lo->scratch, Label);

        label->block = build_block(lo->b);
        *place = label;
    }
    return *place;
}

static void
find_labels(Lower *lo, CXCursor stmt, const Chain *in)
{
    enum CXCursorKind kind = clang_getCursorKind(stmt);
    Cursors children;

    if (!clang_isStatement(kind) || kind == CXCursor_DeclStmt || !lower_enter(lo)) {
        return;
    }
    if (kind == CXCursor_LabelStmt) {
        get_label(lo, stmt)->in = in;
    }
    if (kind == CXCursor_CompoundStmt || kind == CXCursor_ForStmt || kind == CXCursor_IfStmt
        || kind == CXCursor_WhileStmt || kind == CXCursor_SwitchStmt
        || kind == CXCursor_CXXForRangeStmt) {
        Chain *inner = ARENA_NEW(lo->scratch, Chain);

        *inner = (Chain){.up = in, .key = cursor_key(stmt)};
        in = inner;
    }
    children = cursor_children(lo->tu, stmt);
    for (uint32_t i = 0; i < children.n; i++) {
        find_labels(lo, children.at[i], in);
    }
    lower_leave(lo);
}

static bool
chain_has(const Chain *chain, uint64_t key)
{
    while (chain != NULL && chain->key != key) {
        chain = chain->up;
    }
    return chain != NULL;
}

void
lower_goto(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);
    const Scope *stays = lo->scope;
    const Label *label;

    if (children.n != 1) {
        lower_damage(lo, "a goto did not parse");
        return;
    }
    if (!lo->labels_known) {
        unsigned depth = lo->depth;

        lo->depth = 0;
        find_labels(lo, lo->body, NULL);
        lo->depth = depth;
        lo->labels_known = true;
    }
    label = get_label(lo, clang_getCursorReferenced(children.at[0]));
    while (stays != NULL && !chain_has(label->in, stays->key)) {
        stays = stays->up;
    }
    scope_leave(lo, stays);
    build_jmp(lo->b, label->block);
}

void
lower_label(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);
    Label *label = get_label(lo, stmt);

    if (!label->placed) { /* code that is lowered twice has its labels once */
        label->placed = true;
        build_start(lo->b, label->block);
    }
    for (uint32_t i = 0; i < children.n; i++) {
        enum CXCursorKind kind = clang_getCursorKind(children.at[i]);

        if (clang_isStatement(kind) || clang_isExpression(kind)) {
            lower_stmt(lo, children.at[i]);
        }
    }
}

void
lower_jump(Lower *lo, const Target *target)
{
    if (target->scope == NULL) {
        lower_damage(lo, "a jump did not parse");
        return;
    }
    scope_leave(lo, target->scope);
    build_jmp(lo->b, target->block);
}

uint32_t
lower_returned_local(Lower *lo, CXCursor expr, const Type *type)
{
    Cursors operands;
    CXCursor decl;

    expr = cursor_peel(lo->tu, expr);
    while (clang_getCursorKind(expr) == CXCursor_CallExpr) { /* the copy left out */
        operands = cursor_operands(lo->tu, expr);
        if (operands.n != 1) {
            return UINT32_MAX;
        }
        expr = cursor_peel(lo->tu, operands.at[0]);
    }
    decl = clang_getCursorReferenced(expr);
    if (clang_getCursorKind(expr) != CXCursor_DeclRefExpr
        || clang_getCursorKind(decl) != CXCursor_VarDecl
        || type_is_reference(clang_getCursorType(decl))
        || cursor_type(lo->tu, decl) != type) {
        return UINT32_MAX;
    }
    return (uint32_t)((uintptr_t)map_get(&lo->locals, cursor_key(decl)) - 1);
}

/* What a function returns. */
static Val
returned_value(Lower *lo, CXCursor expr, const Type *type)
{
    CXType result = clang_getResultType(clang_getCursorType(lo->function));
    Val val;

    if (type_is_reference(result)) {
        return lower_addr(lo, expr);
    }
    if (type->kind != TYPE_RECORD || class_of(lo->tu, result) == NULL) {
        return lower_expr(lo, expr);
    }
    val = (Val){.kind = VAL_LOCAL, .index = lower_returned_local(lo, expr, type)};
    lo->kept = val.index + 1;
    if (val.index == UINT32_MAX) {
        val.index = build_local(lo->b, "", type, false, build_loc(lo->b));
        lower_construct(lo, val, result, expr);
    }
    return build_load(lo->b, val, type);
}

/* The parameters of a class end last. */
static void
unwind_parameters(Lower *lo)
{
    Scope *scope = lo->scope;

    lo->scope = lo->root;
    scope_unwind(lo, NULL);
    lo->scope = scope;
}

void
lower_return(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_operands(lo->tu, stmt);
    const Type *type = build_peek(lo->b)->ret;
    Loc loc = build_loc(lo->b);
    Val val = {.kind = VAL_UNDEF};
    Scope full;

    if (lo->frame != NULL) {
        lower_inline_return(lo, stmt);
        return;
    }
    full_open(lo, &full);
    if (type->kind == TYPE_VOID) {
        val = VAL_NOTHING;
        if (children.n > 0) {
            lower_effect(lo, children.at[0]);
        }
    }
    else if (children.n > 0) {
        val = returned_value(lo, children.at[0], type);
    }
    build_at(lo->b, loc);
    scope_unwind(lo, lo->root);
    if (lo->is_destructor) {
        lower_destroy_parts(lo, lo->self, lo->klass);
    }
    unwind_parameters(lo);
    lo->kept = 0;
    build_ret(lo->b, val);
    full_close(lo);
}

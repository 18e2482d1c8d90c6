/* lower_stmt.c: turns statements into blocks and the jumps between them.
 *
 * A 'case' just starts a block wherever it is met; the switch instruction,
 * which needs all cases, stands in a block of its own and is written last.
 * A goto must know which scopes it leaves, also when its label comes later, so
 * the first goto looks for all labels of the function.
 */
#include "capture/lower.h"

/* ---- declarations ----------------------------------------------------------- */

/* True for a variable with a clean-up function, which is called behind our
 * back. */
static bool
has_cleanup(Tu *tu, CXCursor var)
{
    Cursors children;

    if (!clang_Cursor_hasAttrs(var)) {
        return false;
    }
    children = cursor_children(tu, var);
    for (uint32_t i = 0; i < children.n; i++) {
        if (clang_getCursorKind(children.at[i]) == CXCursor_UnexposedAttr) {
            Str word = cursor_word(tu, children.at[i]);

            if (text_equal(word, "cleanup") || text_equal(word, "__cleanup__")) {
                return true;
            }
        }
    }
    return false;
}

static void
declare_local(Lower *lo, CXCursor var)
{
    Tu *tu = lo->tu;
    CXCursor init = clang_Cursor_getVarDeclInitializer(var);
    Val address = {.kind = VAL_LOCAL};

    lower_at(lo, var);
    address.index = lower_new_local(lo, cursor_name(tu, var), cursor_type(tu, var));
    *map_put(&lo->locals, cursor_key(var)) = (void *)(uintptr_t)(address.index + 1);
    if (!clang_Cursor_isNull(init)) {
        lower_init(lo, address, clang_getCursorType(var), init);
    }
    else if (build_open(lo->b)) {
        build_dead(lo->b, address.index);
    }
    if (has_cleanup(tu, var)) {
        build_havoc(lo->b, "cleanup attribute", &address, 1, NULL);
    }
}

static void
declare(Lower *lo, CXCursor var)
{
    Tu *tu = lo->tu;
    CXCursor init;
    Decl *decl;

    if (clang_getCursorKind(var) != CXCursor_VarDecl) {
        return;
    }
    if (!clang_Cursor_hasVarDeclGlobalStorage(var)) {
        declare_local(lo, var);
        return;
    }
    if (clang_Cursor_getStorageClass(var) == CX_SC_Extern) {
        clang_decl(tu, var, NULL);
        return;
    }
    decl = clang_decl(tu, var, lo->name);
    init = clang_Cursor_getVarDeclInitializer(var);
    if (!clang_Cursor_isNull(init)) {
        lower_table(tu, decl, clang_getCursorType(var), init);
    }
}

static void
lower_decls(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);

    for (uint32_t i = 0; i < children.n; i++) {
        declare(lo, children.at[i]);
    }
}

/* ---- blocks -------------------------------------------------------------------- */

Val
lower_block(Lower *lo, CXCursor block, const Type *type)
{
    Cursors children = cursor_children(lo->tu, block);
    bool wanted = type != NULL && type->kind != TYPE_VOID;
    Val val = VAL_NOTHING;
    Scope scope;

    scope_open(lo, &scope, block);
    for (uint32_t i = 0; i < children.n; i++) {
        CXCursor child = children.at[i];

        if (wanted && i + 1 == children.n && clang_isExpression(clang_getCursorKind(child))) {
            lower_at(lo, child);
            val = lower_expr(lo, child);
        }
        else {
            lower_stmt(lo, child);
        }
    }
    if (scope.up == NULL) { /* the end of the function ends all locals */
        lo->scope = NULL;
        return val;
    }
    if (scope.locals.n > 0 && !wanted) {
        build_at(lo->b, cursor_end_loc(lo->tu, block));
    }
    scope_close(lo);
    return val;
}

/* ---- if and loops ---------------------------------------------------------------- */

/* Lowers what stands before a condition (C++ only) and returns its index. */
static uint32_t
find_condition(Lower *lo, Cursors children)
{
    uint32_t i = 0;

    while (i + 1 < children.n && !clang_isExpression(clang_getCursorKind(children.at[i]))) {
        lower_stmt(lo, children.at[i++]);
    }
    return i;
}

/* A chain of 'else if' is walked, not descended: it may be long. */
static void
lower_if(Lower *lo, CXCursor stmt)
{
    uint32_t end = build_block(lo->b);

    for (;;) {
        Cursors children = cursor_children(lo->tu, stmt);
        uint32_t at = find_condition(lo, children);
        bool has_else = at + 2 < children.n;
        uint32_t yes = build_block(lo->b);
        uint32_t no = has_else ? build_block(lo->b) : end;

        if (at + 1 >= children.n) {
            lower_damage(lo, "a condition did not parse");
            break;
        }
        lower_cond(lo, children.at[at], yes, no);
        build_start(lo->b, yes);
        lower_stmt(lo, children.at[at + 1]);
        build_jmp(lo->b, end);
        if (!has_else) {
            break;
        }
        build_start(lo->b, no);
        stmt = children.at[at + 2];
        if (clang_getCursorKind(stmt) != CXCursor_IfStmt) {
            lower_stmt(lo, stmt);
            break;
        }
    }
    build_start(lo->b, end);
}

/* The body of a loop, in which 'break' and 'continue' go to the given blocks. */
static void
lower_loop_body(Lower *lo, CXCursor body, uint32_t on_break, uint32_t on_continue)
{
    Target old_break = lo->on_break, old_continue = lo->on_continue;

    lo->on_break = (Target){.block = on_break, .scope = lo->scope};
    lo->on_continue = (Target){.block = on_continue, .scope = lo->scope};
    lower_stmt(lo, body);
    lo->on_break = old_break;
    lo->on_continue = old_continue;
}

static void
lower_while(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);
    uint32_t head = build_block(lo->b), body = build_block(lo->b), end = build_block(lo->b);
    uint32_t at;

    build_start(lo->b, head);
    at = find_condition(lo, children);
    if (at + 1 >= children.n) {
        lower_damage(lo, "a condition did not parse");
        build_start(lo->b, end);
        return;
    }
    lower_cond(lo, children.at[at], body, end);
    build_start(lo->b, body);
    lower_loop_body(lo, children.at[at + 1], end, head);
    build_jmp(lo->b, head);
    build_start(lo->b, end);
}

static void
lower_do(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);
    uint32_t body = build_block(lo->b), check = build_block(lo->b), end = build_block(lo->b);

    if (children.n != 2) {
        lower_damage(lo, "a condition did not parse");
        return;
    }
    build_start(lo->b, body);
    lower_loop_body(lo, children.at[0], end, check);
    build_start(lo->b, check);
    lower_cond(lo, children.at[1], body, end);
    build_start(lo->b, end);
}

static void
lower_for(Lower *lo, CXCursor stmt)
{
    ForParts parts = lower_for_parts(lo->tu, stmt);
    bool has_step = !clang_Cursor_isNull(parts.step);
    uint32_t head = build_block(lo->b), body = build_block(lo->b);
    uint32_t step = has_step ? build_block(lo->b) : head, end = build_block(lo->b);
    Scope scope;

    if (clang_Cursor_isNull(parts.body)) {
        lower_damage(lo, "a loop did not parse");
        return;
    }
    build_peek(lo->b)->imprecise |= parts.guessed;
    scope_open(lo, &scope, stmt);
    if (!clang_Cursor_isNull(parts.init)) {
        lower_stmt(lo, parts.init);
    }
    build_start(lo->b, head);
    if (!clang_Cursor_isNull(parts.cond)) {
        lower_cond(lo, parts.cond, body, end);
    }
    build_start(lo->b, body);
    lower_loop_body(lo, parts.body, end, step);
    if (has_step) {
        build_start(lo->b, step);
        lower_at(lo, parts.step);
        lower_effect(lo, parts.step);
    }
    build_jmp(lo->b, head);
    build_start(lo->b, end);
    scope_close(lo);
}

/* ---- switch ------------------------------------------------------------------------ */

static void
lower_switch(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);
    Switch sw = {.has_default = false}, *outer = lo->in_switch;
    Target old_break = lo->on_break;
    uint32_t at = find_condition(lo, children);
    uint32_t dispatch = build_block(lo->b), end = build_block(lo->b);
    Loc loc = build_loc(lo->b);
    Val val;

    if (at + 1 >= children.n) {
        lower_damage(lo, "a switch did not parse");
        return;
    }
    val = lower_expr(lo, children.at[at]);
    build_jmp(lo->b, dispatch);
    lo->in_switch = &sw;
    lo->on_break = (Target){.block = end, .scope = lo->scope};
    lower_stmt(lo, children.at[at + 1]);
    build_jmp(lo->b, end);
    lo->on_break = old_break;
    lo->in_switch = outer;
    build_start(lo->b, dispatch);
    build_at(lo->b, loc);
    build_switch(lo->b, val, sw.cases.at, sw.cases.n, sw.has_default ? sw.otherwise : end);
    build_start(lo->b, end);
}

static void
add_case(Lower *lo, Cursors children, uint32_t block)
{
    SwitchCase one = {.to = block};

    if (lo->in_switch == NULL || children.n == 0 || !cursor_constant(children.at[0], &one.lo)) {
        lower_damage(lo, "a case label did not parse");
        return;
    }
    one.hi = one.lo;
    if (children.n == 3 && !cursor_constant(children.at[1], &one.hi)) {
        lower_damage(lo, "a case label did not parse");
        return;
    }
    if (one.lo <= one.hi) {
        VEC_PUSH(lo->scratch, &lo->in_switch->cases, one);
    }
}

static void
add_default(Lower *lo, uint32_t block)
{
    if (lo->in_switch != NULL) {
        lo->in_switch->has_default = true;
        lo->in_switch->otherwise = block;
    }
}

/* 'case 1: case 2: ...' nests; the whole stack of labels starts one block. */
static void
lower_case(Lower *lo, CXCursor stmt)
{
    uint32_t block = build_block(lo->b);

    build_start(lo->b, block);
    for (;;) {
        enum CXCursorKind kind = clang_getCursorKind(stmt);
        Cursors children;

        if (kind != CXCursor_CaseStmt && kind != CXCursor_DefaultStmt) {
            lower_stmt(lo, stmt);
            return;
        }
        children = cursor_children(lo->tu, stmt);
        if (kind == CXCursor_CaseStmt) {
            add_case(lo, children, block);
        }
        else {
            add_default(lo, block);
        }
        if (children.n < (kind == CXCursor_CaseStmt ? 2u : 1u)) {
            return;
        }
        stmt = children.at[children.n - 1];
    }
}

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
    if (kind == CXCursor_CompoundStmt || kind == CXCursor_ForStmt) {
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

static void
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

static void
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

static void
lower_jump(Lower *lo, const Target *target)
{
    if (target->scope == NULL) {
        lower_damage(lo, "a jump did not parse");
        return;
    }
    scope_leave(lo, target->scope);
    build_jmp(lo->b, target->block);
}

static void
lower_return(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_operands(lo->tu, stmt);
    const Type *type = build_peek(lo->b)->ret;
    Loc loc = build_loc(lo->b);
    Val val = {.kind = VAL_UNDEF};

    if (type->kind == TYPE_VOID) {
        val = VAL_NOTHING;
        if (children.n > 0) {
            lower_effect(lo, children.at[0]);
        }
    }
    else if (children.n > 0) {
        val = lower_expr(lo, children.at[0]);
    }
    build_at(lo->b, loc);
    build_ret(lo->b, val);
}

/* ---- what is opaque ---------------------------------------------------------------------- */

/* The operands of inline assembly: places for outputs, values for inputs. */
static void
lower_asm(Lower *lo, CXCursor stmt)
{
    Cursors operands = cursor_operands(lo->tu, stmt);
    Val *args = ARENA_ARRAY(lo->scratch, Val, operands.n + 1);

    for (uint32_t i = 0; i < operands.n; i++) {
        CXCursor operand = operands.at[i];
        enum CXCursorKind kind = clang_getCursorKind(operand);

        args[i] = kind == CXCursor_DeclRefExpr || kind == CXCursor_MemberRefExpr
                || kind == CXCursor_ArraySubscriptExpr
            ? lower_addr(lo, operand)
            : lower_expr(lo, operand);
    }
    build_havoc(lo->b, cursor_kind_name(lo->tu, stmt), args, operands.n, NULL);
}

static void
lower_computed_goto(Lower *lo, CXCursor stmt)
{
    Cursors operands = cursor_operands(lo->tu, stmt);

    if (operands.n > 0) {
        lower_effect(lo, operands.at[0]);
    }
    lower_havoc(lo, stmt, NULL);
    build_unreachable(lo->b);
}

/* A statement around others: attributes, try. */
static void
lower_wrapped(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);

    for (uint32_t i = 0; i < children.n; i++) {
        enum CXCursorKind kind = clang_getCursorKind(children.at[i]);

        if (clang_isStatement(kind) || clang_isExpression(kind)) {
            lower_stmt(lo, children.at[i]);
        }
    }
}

/* ---- one statement ------------------------------------------------------------------------- */

static void
lower_kind(Lower *lo, CXCursor stmt, enum CXCursorKind kind)
{
    switch (kind) {
    case CXCursor_NullStmt: break;
    case CXCursor_CompoundStmt: lower_block(lo, stmt, NULL); break;
    case CXCursor_DeclStmt: lower_decls(lo, stmt); break;
    case CXCursor_VarDecl: declare(lo, stmt); break;
    case CXCursor_IfStmt: lower_if(lo, stmt); break;
    case CXCursor_WhileStmt: lower_while(lo, stmt); break;
    case CXCursor_DoStmt: lower_do(lo, stmt); break;
    case CXCursor_ForStmt: lower_for(lo, stmt); break;
    case CXCursor_SwitchStmt: lower_switch(lo, stmt); break;
    case CXCursor_CaseStmt:
    case CXCursor_DefaultStmt: lower_case(lo, stmt); break;
    case CXCursor_LabelStmt: lower_label(lo, stmt); break;
    case CXCursor_GotoStmt: lower_goto(lo, stmt); break;
    case CXCursor_IndirectGotoStmt: lower_computed_goto(lo, stmt); break;
    case CXCursor_BreakStmt: lower_jump(lo, &lo->on_break); break;
    case CXCursor_ContinueStmt: lower_jump(lo, &lo->on_continue); break;
    case CXCursor_ReturnStmt: lower_return(lo, stmt); break;
    case CXCursor_GCCAsmStmt:
    case CXCursor_MSAsmStmt: lower_asm(lo, stmt); break;
    case CXCursor_UnexposedStmt: lower_wrapped(lo, stmt); break;
    default:
        if (clang_isExpression(kind)) {
            lower_effect(lo, stmt);
        }
        else {
            lower_havoc(lo, stmt, NULL);
        }
        break;
    }
}

void
lower_stmt(Lower *lo, CXCursor stmt)
{
    enum CXCursorKind kind = clang_getCursorKind(stmt);

    if (!lower_enter(lo)) {
        lower_havoc(lo, stmt, NULL);
        return;
    }
    if (kind != CXCursor_CompoundStmt) {
        lower_at(lo, stmt);
    }
    lower_kind(lo, stmt, kind);
    lower_leave(lo);
}

/* lower_branch.c: turns if, the loops and switch into blocks.
 *
 * A 'case' just starts a block wherever it is met; the switch instruction,
 * which needs all cases, stands in a block of its own and is written last.
 */
#include "capture/lower.h"

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

/* In C++ a condition may declare variables, whose scope is the statement. */
static void
cond_open(Lower *lo, Scope *scope, CXCursor stmt)
{
    if (lo->tu->is_cxx) {
        scope_open(lo, scope, stmt);
    }
}

static void
cond_close(Lower *lo)
{
    if (lo->tu->is_cxx) {
        scope_close(lo);
    }
}

/* True for an if statement with variables of its own. */
static bool
declares(Lower *lo, CXCursor stmt)
{
    Cursors children;

    if (!lo->tu->is_cxx) {
        return false;
    }
    children = cursor_children(lo->tu, stmt);
    return children.n > 0 && !clang_isExpression(clang_getCursorKind(children.at[0]));
}

/* A chain of 'else if' is walked, not descended: it may be long. */
void
lower_if(Lower *lo, CXCursor stmt)
{
    uint32_t end = build_block(lo->b);
    Scope scope;

    cond_open(lo, &scope, stmt);
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
        if (clang_getCursorKind(stmt) != CXCursor_IfStmt || declares(lo, stmt)) {
            lower_stmt(lo, stmt);
            break;
        }
    }
    build_start(lo->b, end);
    cond_close(lo);
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

/* 'while (T x = next())': the variable lives for one turn. */
static void
lower_while_declared(Lower *lo, CXCursor stmt, Cursors children, uint32_t head)
{
    uint32_t body = build_block(lo->b), leave = build_block(lo->b), end = build_block(lo->b);
    Target old_break = lo->on_break, old_continue = lo->on_continue;
    Scope scope;
    uint32_t at;

    lo->on_break = (Target){.block = end, .scope = lo->scope};
    lo->on_continue = (Target){.block = head, .scope = lo->scope};
    scope_open(lo, &scope, stmt);
    at = find_condition(lo, children);
    lower_cond(lo, children.at[at], body, leave);
    build_start(lo->b, body);
    if (at + 1 < children.n) {
        lower_stmt(lo, children.at[at + 1]);
    }
    scope_leave(lo, scope.up);
    build_jmp(lo->b, head);
    build_start(lo->b, leave);
    scope_close(lo);
    build_start(lo->b, end);
    lo->on_break = old_break;
    lo->on_continue = old_continue;
}

void
lower_while(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);
    uint32_t head = build_block(lo->b), body, end;

    build_start(lo->b, head);
    if (declares(lo, stmt)) {
        lower_while_declared(lo, stmt, children, head);
        return;
    }
    body = build_block(lo->b);
    end = build_block(lo->b);
    if (children.n < 2) {
        lower_damage(lo, "a condition did not parse");
        build_start(lo->b, end);
        return;
    }
    lower_cond(lo, children.at[0], body, end);
    build_start(lo->b, body);
    lower_loop_body(lo, children.at[1], end, head);
    build_jmp(lo->b, head);
    build_start(lo->b, end);
}

void
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

void
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
        lower_full_effect(lo, parts.step);
    }
    build_jmp(lo->b, head);
    build_start(lo->b, end);
    scope_close(lo);
}

/* ---- switch ------------------------------------------------------------------------ */

void
lower_switch(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);
    Switch sw = {.has_default = false}, *outer = lo->in_switch;
    Target old_break = lo->on_break;
    uint32_t at, dispatch, end;
    Loc loc;
    Scope scope, full;
    Val val;

    cond_open(lo, &scope, stmt);
    at = find_condition(lo, children);
    dispatch = build_block(lo->b);
    end = build_block(lo->b);
    loc = build_loc(lo->b);
    if (at + 1 >= children.n) {
        lower_damage(lo, "a switch did not parse");
        cond_close(lo);
        return;
    }
    full_open(lo, &full);
    val = lower_expr(lo, children.at[at]);
    full_close(lo);
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
    cond_close(lo);
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
void
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

/* fix_leak.c: ways to mend a leak of something that a variable holds: release it where the
 * path leaves, where the variable is overwritten, or where it goes out of scope.
 */
#include "driver/fix.h"

#include <string.h>

static bool
mentions(const FixCase *fix, uint32_t first, uint32_t last)
{
    const char *object = fix->finding->object;

    return tokens_mention(fix->source, first, last,
                          arena_strndup(fix->arena, object, strcspn(object, ".-[")));
}

/* True when a call stands in first..last. */
static bool
has_call(const FixCase *fix, uint32_t first, uint32_t last)
{
    for (uint32_t t = first; t < last; t++) {
        Call call;

        if (call_at(fix->source, t, &call) && !token_is(fix->source, t, "sizeof")) {
            return true;
        }
    }
    return false;
}

/* What the statement at the end of the path is called in a title. */
static const char *
exit_name(const FixCase *fix, uint32_t s)
{
    static const char *const words[] = {"goto", "break", "continue"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (stmt_starts(fix->shape, s, words[i])) {
            return words[i];
        }
    }
    return "return";
}

static const char *const incref_names[] = {"Py_INCREF", "Py_XINCREF", NULL};

/* Takes out a Py_INCREF that nothing needs: of a static object, or right before the object
 * is returned. */
static bool
remove_incref(FixCase *fix, Proposal *out)
{
    uint32_t s = fix_step_stmt(fix, fix_step(fix, STEP_CHANGE, "INCREF takes a reference to"));
    const char *operand = fix_operand(fix), *argument;
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    bool returns;

    if (s == NO_STMT || operand == NULL
        || !(stmt_calls(fix->shape, s, incref_names, fix->finding->object, &argument)
             || stmt_calls(fix->shape, s, incref_names, operand, &argument))) {
        return false;
    }
    returns = stmt_after(fix->shape, s) == fix->stmt
              && stmt_starts(fix->shape, fix->stmt, "return")
              && mentions(fix, stmt->first, stmt->last)
              && !has_call(fix, stmt->first + 1, stmt->last - 1);
    out->title = arena_printf(fix->arena, "do not take another reference to '%s'",
                              fix->finding->object);
    return (returns || operand[0] == '&') && fix_remove(fix, out, s, NULL);
}

/* "Py_DECREF(x);" before return, goto, break or continue. */
static bool
release_before_exit(FixCase *fix, Proposal *out)
{
    const char *operand = fix_operand(fix);
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];

    if (operand == NULL || !stmt_leaves(fix->shape, fix->stmt)
        || mentions(fix, stmt->first, stmt->last)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release '%s' before the %s", fix->finding->object,
                              exit_name(fix, fix->stmt));
    return fix_release_before(fix, out, fix->stmt, operand);
}

/* "return f(x);" -> "T value = f(x); Py_DECREF(x); return value;" */
bool
fix_release_after_result(FixCase *fix, Proposal *out)
{
    const char *operand = fix_operand(fix), *name = shape_fresh(fix->shape, fix->stmt);
    const char *type = shape_result(fix->shape), *head;
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    uint32_t before = stmt_before(fix->shape, fix->stmt);
    Change change;

    if (operand == NULL || !stmt_starts(fix->shape, fix->stmt, "return")
        || !has_call(fix, stmt->first + 1, stmt->last - 1)
        || (before != NO_STMT && fix->shape->stmts.at[before].kind == STMT_LABEL)) {
        return false;
    }
    head = arena_printf(fix->arena, "%s%s%s = %s;\n\n", type, text_ends(type, "*") ? "" : " ",
                        name, fix_quote(fix, stmt->first + 1, stmt->last - 1));
    change = fix_release(fix, operand);
    change.text = arena_printf(fix->arena, "%s%s", head, change.text);
    change.nullable = arena_printf(fix->arena, "%s%s", head, change.nullable);
    out->title = arena_printf(fix->arena, "release '%s' when the result is there",
                              fix->finding->object);
    return fix_change_before(fix, out, fix->stmt, change)
           && changes_add(fix->arena, &out->changes,
                          (Change){.start = fix->source->tokens.at[stmt->first + 1].start,
                                   .end = fix->source->tokens.at[stmt->last - 1].end,
                                   .text = name});
}

/* if (y) { ...; Py_DECREF(x); } return y;  ->  the release behind the if */
static bool
hoist_release(FixCase *fix, Proposal *out)
{
    const Shape *shape = fix->shape;
    uint32_t before = stmt_before(shape, fix->stmt), body, last = NO_STMT;
    const char *operand = fix_operand(fix);

    if (operand == NULL || before == NO_STMT || shape->stmts.at[before].kind != STMT_IF
        || shape->stmts.at[before].other != NO_STMT || stmt_is_bare(shape, fix->stmt)) {
        return false;
    }
    body = shape->stmts.at[before].body;
    for (uint32_t i = body + 1; i < shape->stmts.n; i++) {
        if (shape->stmts.at[i].parent == body) {
            last = i;
        }
    }
    if (last == NO_STMT || !stmt_calls(shape, last, release_names, fix->finding->object, NULL)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release '%s' on both ways", fix->finding->object);
    return fix_remove(fix, out, last, NULL) && fix_release_before(fix, out, fix->stmt, operand);
}

/* Where the variable is released elsewhere, it is set to NULL there, so that a release before
 * the exit serves all ways. */
static bool
clear_elsewhere(FixCase *fix, Proposal *out)
{
    static const char *const releases[] = {"Py_DECREF", "Py_XDECREF", NULL};
    const Shape *shape = fix->shape;
    const char *name = fix_variable(fix), *operand = fix_operand(fix);
    uint32_t n = 0;

    if (name == NULL || operand == NULL || !stmt_leaves(shape, fix->stmt)
        || mentions(fix, shape->stmts.at[fix->stmt].first, shape->stmts.at[fix->stmt].last)) {
        return false;
    }
    for (uint32_t s = 0; s < fix->stmt; s++) {
        if (stmt_calls(shape, s, releases, name, NULL)) {
            n += fix_replace(fix, out, s, arena_printf(fix->arena, "Py_CLEAR(%s);", name))
                     ? 1 : 0;
        }
    }
    out->title = arena_printf(fix->arena, "set '%s' to NULL where it is released, and release it "
                              "before the %s", name, exit_name(fix, fix->stmt));
    return n > 0 && fix_release_before(fix, out, fix->stmt, operand);
}

/* f(x);  ->  if (f(x) < 0) { Py_DECREF(x); } for a callee that takes x unless it fails. */
static bool
check_failing_call(FixCase *fix, Proposal *out)
{
    uint32_t s = fix_step_stmt(fix, fix_step(fix, STEP_FAILS, " fails and returns -"));
    const char *operand = fix_operand(fix);
    Change change = {0};
    const Stmt *stmt;
    Call call;

    if (s == NO_STMT || operand == NULL || fix->finding->loc.macro != NULL) {
        return false;
    }
    stmt = &fix->shape->stmts.at[s];
    if (stmt->kind != STMT_SIMPLE || !call_at(fix->source, stmt->first, &call)
        || call.close + 1 != stmt->last || !mentions(fix, call.open, call.close)) {
        return false;
    }
    change.text = arena_printf(fix->arena, "if (%s < 0)%s{\n%sPy_DECREF(%s);\n}",
                               fix_quote(fix, stmt->first, stmt->last - 1),
                               fix->source->own_line_brace ? "\n" : " ", fix->source->unit,
                               operand);
    out->title = arena_printf(fix->arena, "release '%s' when %s fails", fix->finding->object,
                              token_text(fix->source, call.name, call.name));
    return fix_replace(fix, out, s, change.text);
}

/* ---- overwritten ------------------------------------------------------------------------ */

/* True when the statement is "x = ..." for the finding's object; *value gets the first
 * token of what it becomes. */
static bool
overwrites(const FixCase *fix, uint32_t s, uint32_t *value)
{
    const Stmt *stmt = &fix->shape->stmts.at[s];
    uint32_t t = stmt->first;
    StrBuf text;

    strbuf_init(&text, fix->arena);
    while (t < stmt->last && !token_is(fix->source, t, "=")) {
        strbuf_puts(&text, token_text(fix->source, t, t));
        t++;
    }
    *value = t + 1;
    return stmt->kind == STMT_SIMPLE && t < stmt->last && !token_is(fix->source, t + 1, "=")
           && text_equal(text.text, fix->finding->object);
}

/* x = NULL; -> Py_CLEAR(x);   x = f(x); -> Py_SETREF(x, f(x)); */
static bool
replace_assignment(FixCase *fix, Proposal *out)
{
    uint32_t value, last = fix->shape->stmts.at[fix->stmt].last;
    const char *object = fix->finding->object;
    bool field = strstr(object, "->") != NULL || strchr(object, '.') != NULL;
    Change change = {0};

    if (fix_operand(fix) == NULL || !overwrites(fix, fix->stmt, &value)) {
        return false;
    }
    if (value + 1 == last
        && (token_is(fix->source, value, "NULL") || token_is(fix->source, value, "0"))) {
        out->title = arena_printf(fix->arena, "release '%s' with Py_CLEAR", object);
        change.text = arena_printf(fix->arena, "Py_CLEAR(%s);", object);
        change.probe = fix_probe(fix, object);
        return fix_replace_probing(fix, out, fix->stmt, change);
    }
    if (!mentions(fix, value, last) && !field) {
        return false;
    }
    change.nullable = arena_printf(fix->arena, "Py_XSETREF(%s, %s);", object,
                                   fix_quote(fix, value, last - 1));
    change.text = arena_printf(fix->arena, "Py_SETREF(%s, %s);", object,
                               fix_quote(fix, value, last - 1));
    change.probe = fix_probe(fix, object);
    out->title = arena_printf(fix->arena, "release the old '%s' with Py_SETREF", object);
    return fix_replace_probing(fix, out, fix->stmt, change);
}

/* self->x = y;  ->  Py_XSETREF(self->x, y); */
static bool
swap_field(FixCase *fix, Proposal *out)
{
    uint32_t value, last = fix->shape->stmts.at[fix->stmt].last;
    const char *object = fix->finding->object;

    if (!overwrites(fix, fix->stmt, &value) || has_call(fix, value, last)) {
        return false; /* the macro looks at the field before what is called changes it */
    }
    out->title = arena_printf(fix->arena, "release the old '%s' with Py_XSETREF", object);
    if (value + 1 == last && token_is(fix->source, value, "NULL")) {
        out->title = arena_printf(fix->arena, "release '%s' with Py_CLEAR", object);
        return fix_replace(fix, out, fix->stmt,
                           arena_printf(fix->arena, "Py_CLEAR(%s);", object));
    }
    return fix_replace(fix, out, fix->stmt,
                       arena_printf(fix->arena, "Py_XSETREF(%s, %s);", object,
                                    fix_quote(fix, value, last - 1)));
}

/* The loop around the place, or else the one in which the object is made. */
static uint32_t
loop_of(const FixCase *fix)
{
    uint32_t loop = stmt_loop(fix->shape, fix->stmt), made;

    if (loop != NO_STMT) {
        return loop;
    }
    made = fix_step_stmt(fix, fix_step(fix, STEP_MADE, ""));
    return made == NO_STMT ? NO_STMT : stmt_loop(fix->shape, made);
}

/* At the end of the loop's body, for what the next turn overwrites. */
static bool
release_at_loop_end(FixCase *fix, Proposal *out)
{
    uint32_t loop = loop_of(fix), body;
    const char *operand = fix_operand(fix);

    if (operand == NULL || loop == NO_STMT || stmt_leaves(fix->shape, fix->stmt)) {
        return false;
    }
    body = fix->shape->stmts.at[loop].body;
    if (fix->shape->stmts.at[body].kind != STMT_BLOCK) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release '%s' at the end of the loop's body",
                              fix->finding->object);
    return fix_put_at_end(fix, out, body, fix_release(fix, operand));
}

/* The same, and sets it to NULL, for what follows the loop. */
static bool
clear_at_loop_end(FixCase *fix, Proposal *out)
{
    const char *name = fix_variable(fix);
    Proposal release = {0};
    Change change;

    if (name == NULL || !release_at_loop_end(fix, &release)) {
        return false;
    }
    change = fix_release(fix, name);
    change.text = arena_printf(fix->arena, "Py_CLEAR(%s);", name);
    change.nullable = NULL;
    out->title = release.title;
    return fix_put_at_end(fix, out,
                          fix->shape->stmts.at[loop_of(fix)].body, change);
}

/* "Py_DECREF(x);" before the statement in which it is overwritten. */
static bool
release_before_statement(FixCase *fix, Proposal *out)
{
    const char *operand = fix_operand(fix);
    uint32_t s = fix->stmt;
    const Stmt *stmt = &fix->shape->stmts.at[s];
    bool whole = stmt->kind == STMT_SIMPLE || stmt->kind == STMT_IF;

    if (operand == NULL || !whole || stmt_leaves(fix->shape, s)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release '%s' before it is overwritten",
                              fix->finding->object);
    return fix_release_before(fix, out, s, operand);
}

/* ---- out of scope -------------------------------------------------------------------------- */

/* "Py_DECREF(x);" before the closing brace. */
static bool
release_at_end(FixCase *fix, Proposal *out)
{
    const char *operand = fix_operand(fix);

    if (operand == NULL || !token_is(fix->source, fix->token, "}")
        || fix->shape->stmts.at[fix->stmt].last != fix->token) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release '%s' at the end of the block",
                              fix->finding->object);
    return fix_put_at_end(fix, out, fix->stmt, fix_release(fix, operand));
}

const FixWay fix_overwrite_ways[] = {swap_field, NULL};

const FixWay fix_leak_ways[] = {
    fix_macro_before_exit,
    fix_macro_before_first_exit,
    fix_macro_otherwise,
    fix_macro_at_end,
    fix_leak_module_ref,
    fix_leak_module_check,
    fix_leak_ignored,
    fix_leak_argument_goto,
    fix_leak_argument_return,
    fix_leak_argument,
    remove_incref,
    release_before_exit,
    fix_release_after_result,
    hoist_release,
    replace_assignment,
    release_at_end,
    release_at_loop_end,
    clear_at_loop_end,
    release_before_statement,
    check_failing_call,
    clear_elsewhere,
    NULL,
};

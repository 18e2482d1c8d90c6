/* fix_excess.c: ways to mend what releases or hands on a reference too many: double-decref,
 * stolen-reference, use-after-release, return-borrowed.
 */
#include "driver/fix.h"

#include <string.h>

#define NEWREF_SINCE 310

static const char *const plain_releases[] = {"Py_DECREF", "Py_XDECREF", NULL};

/* ---- taking out a release ------------------------------------------------------------ */

static bool
remove_release(FixCase *fix, Proposal *out)
{
    const char *operand;

    if (!stmt_calls(fix->shape, fix->stmt, plain_releases, fix->finding->object, &operand)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "do not release '%s' here", fix->finding->object);
    return fix_remove(fix, out, fix->stmt, fix_probe_known(fix, operand));
}

/* Py_DECREF(x); ... Py_DECREF(x);  ->  Py_CLEAR(x); ... Py_XDECREF(x); */
static bool
clear_first(FixCase *fix, Proposal *out)
{
    uint32_t first = fix_step_stmt(fix, fix_step(fix, STEP_CHANGE, "releases a reference to"));
    const char *name = fix_variable(fix);
    const char *operand = fix_operand(fix);

    if (name == NULL || operand == NULL || first == NO_STMT || first == fix->stmt
        || !stmt_calls(fix->shape, first, plain_releases, name, NULL)
        || !stmt_calls(fix->shape, fix->stmt, plain_releases, name, NULL)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "set '%s' to NULL when it is released", name);
    return fix_replace(fix, out, first, arena_printf(fix->arena, "Py_CLEAR(%s);", name))
           && (stmt_starts(fix->shape, fix->stmt, "Py_XDECREF")
               || fix_replace(fix, out, fix->stmt,
                              arena_printf(fix->arena, "Py_XDECREF(%s);", operand)));
}

/* ---- taking a reference before it is given away ---------------------------------------- */

/* True when another statement of the function fills the same slot by the same function:
 * then the reference was lent for a while only. */
static bool
is_lent(const FixCase *fix)
{
    const Source *source = fix->source;
    Call call, other;

    if (!call_at(source, fix->token, &call) || call.narg < 3) {
        return false;
    }
    for (uint32_t t = fix->shape->open; t < fix->shape->close; t++) {
        bool same = t != fix->token && call_at(source, t, &other) && other.narg == call.narg
                    && token_is(source, t, token_text(source, fix->token, fix->token));

        for (uint32_t i = 0; same && i < 2; i++) {
            same = text_equal(token_text(source, call.arg[i][0], call.arg[i][1]),
                              token_text(source, other.arg[i][0], other.arg[i][1]));
        }
        if (same) {
            return true;
        }
    }
    return false;
}

/* The argument of the call at the place that the object is in, else its name. */
static const char *
given_operand(const FixCase *fix)
{
    uint32_t first, last;
    const char *operand = fix_operand(fix);
    Call call;

    for (uint32_t k = 0; call_at(fix->source, fix->token, &call) && k < call.narg; k++) {
        const char *text = strip_casts(fix->source, call.arg[k][0], call.arg[k][1], &first,
                                       &last);

        if (text[0] == '&' && text_equal(text + 1, fix->finding->object)) {
            return text;
        }
    }
    return operand;
}

static bool
retain_before(FixCase *fix, Proposal *out)
{
    const char *operand = given_operand(fix);

    if (operand == NULL || is_lent(fix)
        || stmt_calls(fix->shape, fix->stmt, release_names, operand, NULL)
        || fix->shape->stmts.at[fix->stmt].kind == STMT_LOOP) {
        return false;
    }
    out->title = arena_printf(fix->arena, "take a reference to '%s' before it is given away",
                              fix->finding->object);
    return fix_put_before(fix, out, fix->stmt, fix_retain(fix, operand));
}

/* ---- releasing after the last use --------------------------------------------------------- */

/* The statement of 'block' that 'use' is part of. */
static uint32_t
part_of(const Shape *shape, uint32_t block, uint32_t use)
{
    while (use != NO_STMT && shape->stmts.at[use].parent != block) {
        use = shape->stmts.at[use].parent;
    }
    return use;
}

static bool
release_later(FixCase *fix, Proposal *out)
{
    const Shape *shape = fix->shape;
    uint32_t release = fix_step_stmt(fix, fix_step(fix, STEP_CHANGE, "releases a reference to"));
    const char *object = fix->finding->object, *text;
    uint32_t use;

    if (release == NO_STMT || release >= fix->stmt || stmt_is_bare(shape, release)
        || !stmt_calls(shape, release, plain_releases, object, NULL)) {
        return false;
    }
    use = part_of(shape, shape->stmts.at[release].parent, fix->stmt);
    if (use == NO_STMT || !fix_remove(fix, out, release, NULL)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release '%s' only after its last use", object);
    if (stmt_starts(shape, use, "return")) {
        return use == fix->stmt && fix_release_after_result(fix, out);
    }
    text = token_text(fix->source, shape->stmts.at[release].first, shape->stmts.at[release].last);
    return !stmt_leaves(shape, use) && fix_put_behind(fix, out, use, text);
}

/* ---- returning a reference of one's own ----------------------------------------------------- */

/* The tokens of the expression that the statement returns. */
static bool
find_returned(const FixCase *fix, uint32_t *first, uint32_t *last)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];

    *first = stmt->first + 1;
    *last = stmt->last - 1;
    return stmt_starts(fix->shape, fix->stmt, "return") && stmt->last > stmt->first + 1;
}

/* return x;  ->  return Py_NewRef(x); */
static bool
return_newref(FixCase *fix, Proposal *out)
{
    const char *type = shape_result(fix->shape), *text, *cast = "";
    Change change = {0};
    uint32_t first, last;

    if (fix->python < NEWREF_SINCE || !find_returned(fix, &first, &last)) {
        return false;
    }
    text = token_text(fix->source, first, last);
    if (!text_equal(type, "PyObject *")) {
        cast = arena_printf(fix->arena, "(%s)", type);
    }
    change.start = fix->source->tokens.at[first].start;
    change.end = fix->source->tokens.at[last].end;
    change.text = arena_printf(fix->arena, "%sPy_XNewRef(%s)", cast, text);
    out->title = arena_printf(fix->arena, "return a reference of the caller's own to '%s'",
                              fix->finding->object);
    return changes_add(fix->arena, &out->changes, change);
}

/* return x;  ->  Py_INCREF(x); return x; */
static bool
return_incref(FixCase *fix, Proposal *out)
{
    const char *operand = fix_operand(fix);
    uint32_t first, last;

    if (operand == NULL || !find_returned(fix, &first, &last)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "take a reference to '%s' for the caller",
                              fix->finding->object);
    return fix_put_before(fix, out, fix->stmt, fix_retain(fix, operand));
}

const FixWay fix_release_ways[] = {remove_release, clear_first, NULL};
const FixWay fix_stolen_ways[] = {remove_release, retain_before, NULL};
const FixWay fix_store_ways[] = {retain_before, NULL};
const FixWay fix_use_ways[] = {release_later, NULL};
const FixWay fix_borrowed_ways[] = {return_incref, return_newref, NULL};

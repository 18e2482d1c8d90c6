/* fix_null.c: ways to mend a use of what a failed call gave: look at the result where it
 * comes, and leave when it is NULL, by the function's failure value.  A change that only
 * skips the use would trade the crash for a success returned with an exception set.
 */
#include "driver/fix.h"

#include <string.h>

/* True when the callee that failed has set an exception. */
static bool
raises(const FixCase *fix)
{
    static const char *const silent[] = {"PyDict_GetItem ", "PyDict_GetItemString ", "PyMem_",
                                         "PyObject_Malloc", "PyObject_Calloc",
                                         "PyObject_Realloc", "PySys_GetObject"};
    const char *callee = strstr(fix->finding->message, "is NULL when ");

    if (callee == NULL || !text_starts(callee + strlen("is NULL when "), "Py")) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(silent); i++) {
        if (text_starts(callee + strlen("is NULL when "), silent[i])) {
            return false;
        }
    }
    return true;
}

/* The statement that gives the variable the result of the call that fails. */
static uint32_t
find_assignment(const FixCase *fix, const char *name)
{
    uint32_t s = fix_step_stmt(fix, fix_step(fix, STEP_FAILS, " fails and returns NULL"));
    const Stmt *stmt;

    if (s == NO_STMT || fix->shape->stmts.at[s].kind != STMT_SIMPLE
        || stmt_is_bare(fix->shape, s)) {
        return NO_STMT;
    }
    stmt = &fix->shape->stmts.at[s];
    for (uint32_t t = stmt->first; t < stmt->last; t++) {
        if (token_is(fix->source, t, name) && token_is(fix->source, t + 1, "=")
            && !token_is(fix->source, t + 2, "=")
            && (t == stmt->first || stmt_declares(fix->shape, s))) {
            return s;
        }
    }
    return NO_STMT;
}

/* The last of the declarations that follow 's' and do not use the variable. */
static uint32_t
behind_declarations(const FixCase *fix, uint32_t s, const char *name)
{
    uint32_t next = stmt_after(fix->shape, s);

    while (stmt_declares(fix->shape, s) && next != NO_STMT && stmt_declares(fix->shape, next)
           && !tokens_mention(fix->source, fix->shape->stmts.at[next].first,
                              fix->shape->stmts.at[next].last, name)) {
        s = next;
        next = stmt_after(fix->shape, s);
    }
    return s;
}

/* True when the function has the statement "return -1;". */
static bool
returns_minus_one(const FixCase *fix)
{
    for (uint32_t t = fix->shape->open; t + 3 < fix->shape->close; t++) {
        if (token_is(fix->source, t, "return") && token_is(fix->source, t + 1, "-")
            && token_is(fix->source, t + 2, "1") && token_is(fix->source, t + 3, ";")) {
            return true;
        }
    }
    return false;
}

/* True when what is returned by tokens first.. is a failure: NULL, -1, or a variable to which
 * nothing else is given before token 'end'. */
static bool
is_failure(const FixCase *fix, uint32_t first, uint32_t end)
{
    const Source *source = fix->source;
    const char *name;
    bool failure = false;

    if (token_is(source, first, "NULL") && token_is(source, first + 1, ";")) {
        return true;
    }
    if (token_is(source, first, "-")) {
        return token_is(source, first + 1, "1") && token_is(source, first + 2, ";");
    }
    if (!token_is(source, first + 1, ";") || source->tokens.at[first].kind != TOKEN_NAME) {
        return false;
    }
    name = token_text(source, first, first);
    for (uint32_t t = fix->shape->open; t < end; t++) {
        if (!token_is(source, t, name)) {
            continue;
        }
        if (token_is(source, t - 1, "&")) {
            return false;
        }
        if (token_is(source, t + 1, "=") && !token_is(source, t + 2, "=")) {
            failure = token_is(source, t + 2, "NULL")
                      || (token_is(source, t + 2, "-") && token_is(source, t + 3, "1"));
            if (!failure) {
                return false;
            }
        }
    }
    return failure;
}

/* True when the first return behind the label gives a failure. */
static bool
label_fails(const FixCase *fix, const char *label, uint32_t end)
{
    const Source *source = fix->source;
    bool found = false;

    for (uint32_t t = fix->shape->open + 1; t < fix->shape->close; t++) {
        found = found || (token_is(source, t, label) && token_is(source, t + 1, ":")
                          && !token_is(source, t - 1, "?"));
        if (found && token_is(source, t, "return")) {
            return is_failure(fix, t + 1, end);
        }
        if (found && (token_is(source, t, "goto")
                      || text_starts(source->text + source->tokens.at[t].start, "Py_RETURN_"))) {
            return false;
        }
    }
    return false;
}

/* True when the statement behind 's' leaves by a failure. */
static bool
fails_behind(const FixCase *fix, uint32_t s)
{
    uint32_t next = stmt_after(fix->shape, s), first;

    if (next == NO_STMT || fix->shape->stmts.at[next].kind != STMT_SIMPLE) {
        return false;
    }
    first = fix->shape->stmts.at[next].first;
    if (token_is(fix->source, first, "goto")) {
        return label_fails(fix, token_text(fix->source, first + 1, first + 1), first);
    }
    return token_is(fix->source, first, "return") && is_failure(fix, first + 1, first);
}

/* What stands at a label to which a statement before already goes knows of variables that
 * have no value yet. */
const char *
fix_leave_by_goto(const FixCase *fix, uint32_t s)
{
    const char *label = NULL;
    uint32_t end = fix->shape->stmts.at[s].first;

    for (uint32_t t = fix->shape->open; t < end; t++) {
        if (token_is(fix->source, t, "goto")) {
            label = token_text(fix->source, t + 1, t + 1);
        }
    }
    return label != NULL && label_fails(fix, label, end)
               ? arena_printf(fix->arena, "goto %s;", label) : NULL;
}

const char *
fix_leave_by_return(const FixCase *fix)
{
    const char *type = shape_result(fix->shape);

    if (text_ends(type, "*") || text_equal(type, "PyMODINIT_FUNC")) {
        return "return NULL;";
    }
    return (text_equal(type, "int") || text_equal(type, "Py_ssize_t")) && returns_minus_one(fix)
               ? "return -1;" : NULL;
}

static bool
put_check(FixCase *fix, Proposal *out, const char *leave)
{
    const char *name = fix_variable(fix);
    uint32_t s = leave != NULL && name != NULL && raises(fix) ? find_assignment(fix, name)
                                                              : NO_STMT;
    const Source *source = fix->source;
    Change change = {.leave = leave};

    if (s == NO_STMT) {
        return false;
    }
    out->title = arena_printf(fix->arena, "leave when '%s' is NULL", name);
    change.text = arena_printf(fix->arena, "%sif (%s == NULL)%s{\n%s%s\n}",
                               stmt_declares(fix->shape, s) ? "\n" : "", name,
                               source->own_line_brace ? "\n" : " ", source->unit, leave);
    return fix_put_change_behind(fix, out, behind_declarations(fix, s, name), change);
}

static bool
check_and_goto(FixCase *fix, Proposal *out)
{
    const char *name = fix_variable(fix);
    uint32_t s = name != NULL ? find_assignment(fix, name) : NO_STMT;

    return s != NO_STMT && put_check(fix, out, fix_leave_by_goto(fix, s));
}

static bool
check_and_return(FixCase *fix, Proposal *out)
{
    return put_check(fix, out, fix_leave_by_return(fix));
}

/* Py_DECREF(x);  ->  Py_XDECREF(x);  where nothing else uses x and a failure is returned
 * next. */
static bool
release_if_any(FixCase *fix, Proposal *out)
{
    static const char *const releases[] = {"Py_DECREF", NULL};
    const char *name = fix_variable(fix), *operand;
    uint32_t s = name != NULL ? find_assignment(fix, name) : NO_STMT;

    if (s == NO_STMT || !stmt_calls(fix->shape, fix->stmt, releases, name, &operand)
        || !fails_behind(fix, fix->stmt)
        || tokens_mention(fix->source, fix->shape->stmts.at[s].last + 1,
                          fix->shape->stmts.at[fix->stmt].first - 1, name)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release '%s' only if it is there", name);
    return fix_replace(fix, out, fix->stmt,
                       arena_printf(fix->arena, "Py_XDECREF(%s);", operand));
}

const FixWay fix_null_ways[] = {fix_null_printed, check_and_goto, check_and_return, release_if_any, NULL};

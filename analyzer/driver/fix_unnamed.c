/* fix_unnamed.c: ways to mend a leak of a result that no variable holds: it is ignored,
 * or passed to a callee that takes a reference of its own.
 */
#include "driver/fix.h"

#include <string.h>

/* True when tokens first..last have no part that is evaluated only sometimes. */
static bool
is_unconditional(const Source *source, uint32_t first, uint32_t last)
{
    for (uint32_t t = first; t < last; t++) {
        if (token_is(source, t, "?")
            || (token_is(source, t, "&") && token_is(source, t + 1, "&"))
            || (token_is(source, t, "|") && token_is(source, t + 1, "|"))) {
            return false;
        }
    }
    return true;
}

static bool
behind_label(const FixCase *fix, uint32_t s)
{
    uint32_t before = stmt_before(fix->shape, s);

    return before != NO_STMT && fix->shape->stmts.at[before].kind == STMT_LABEL;
}

/* The last statement of 's', which may be a block; NO_STMT when that is empty. */
static uint32_t
last_of(const Shape *shape, uint32_t s)
{
    uint32_t last = NO_STMT;

    if (shape->stmts.at[s].kind != STMT_BLOCK) {
        return s;
    }
    for (uint32_t i = s + 1; i < shape->stmts.n; i++) {
        last = shape->stmts.at[i].parent == s ? i : last;
    }
    return last;
}

/* True when control leaves at the end of 's'. */
static bool
ends_by_leaving(const FixCase *fix, uint32_t s)
{
    uint32_t last = last_of(fix->shape, s);

    return last != NO_STMT && stmt_leaves(fix->shape, last);
}

/* True when 's' ends with "return NULL;" or "return -1;". */
static bool
ends_by_failing(const FixCase *fix, uint32_t s)
{
    uint32_t last = last_of(fix->shape, s), t;

    if (last == NO_STMT || !stmt_starts(fix->shape, last, "return")) {
        return false;
    }
    t = fix->shape->stmts.at[last].first + 1;
    return (token_is(fix->source, t, "NULL") && token_is(fix->source, t + 1, ";"))
           || (token_is(fix->source, t, "-") && token_is(fix->source, t + 1, "1")
               && token_is(fix->source, t + 2, ";"));
}

/* Puts 'line' before the first statement of the if statement's body. */
static bool
put_into_body(FixCase *fix, Proposal *out, uint32_t s, const char *line)
{
    uint32_t body = fix->shape->stmts.at[s].body;
    Change change = {.text = line};

    if (fix->shape->stmts.at[body].kind == STMT_BLOCK) {
        body++; /* its first statement comes next */
    }
    return body < fix->shape->stmts.n && body != NO_STMT
           && fix_put_before(fix, out, body, change);
}

/* ---- ignored ------------------------------------------------------------------------- */

/* f(x);  ->  Py_XDECREF(f(x)); */
static bool
wrap_statement(FixCase *fix, Proposal *out, const Call *call)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    uint32_t first = stmt->first;

    if (token_is(fix->source, first, "(") && token_is(fix->source, first + 1, "void")) {
        first += 3;
    }
    if (stmt->kind != STMT_SIMPLE || first != call->name || call->close + 1 != stmt->last) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release the %s", fix->finding->object);
    return fix_replace(fix, out, fix->stmt,
                       arena_printf(fix->arena, "Py_XDECREF(%s);",
                                    fix_quote(fix, call->name, call->close)));
}

/* if (!f(x)) return NULL;  ->  T *value = f(x); if (!value) return NULL; Py_DECREF(value); */
static bool
keep_checked(FixCase *fix, Proposal *out, const Call *call)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    const char *name = shape_fresh(fix->shape, fix->stmt);
    Change keep = {.text = arena_printf(fix->arena, "PyObject *%s = %s;", name,
                                        fix_quote(fix, call->name, call->close))};
    Change use = {.start = fix->source->tokens.at[call->name].start,
                  .end = fix->source->tokens.at[call->close].end, .text = name};
    bool negated = token_is(fix->source, stmt->open + 1, "!")
                   && call->name == stmt->open + 2 && call->close + 1 == stmt->close;
    bool compared = call->name == stmt->open + 1 && call->close + 4 == stmt->close
                    && token_is(fix->source, call->close + 1, "=")
                    && token_is(fix->source, call->close + 3, "NULL");

    if (stmt->kind != STMT_IF || stmt->other != NO_STMT || !(negated || compared)
        || behind_label(fix, fix->stmt) || !ends_by_leaving(fix, stmt->body)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "keep the %s and release it", fix->finding->object);
    return fix_put_before(fix, out, fix->stmt, keep)
           && changes_add(fix->arena, &out->changes, use)
           && fix_put_behind(fix, out, fix->stmt,
                             arena_printf(fix->arena, "Py_DECREF(%s);", name));
}

bool
fix_leak_ignored(FixCase *fix, Proposal *out)
{
    Call call;

    return text_starts(fix->finding->object, "result of")
           && strstr(fix->finding->message, "nothing holds") != NULL
           && call_at(fix->source, fix->token, &call)
           && (wrap_statement(fix, out, &call) || keep_checked(fix, out, &call));
}

/* ---- passed to a callee ----------------------------------------------------------------- */

/* The innermost call of the statement with an argument in which token 't' stands. */
static bool
call_around(const FixCase *fix, uint32_t t, Call *call, uint32_t *argument)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    bool found = false;
    Call one;

    for (uint32_t name = stmt->first; name < t && name < stmt->last; name++) {
        for (uint32_t k = 0; call_at(fix->source, name, &one) && k < one.narg; k++) {
            if (one.arg[k][0] <= t && t <= one.arg[k][1] && !token_is(fix->source, name, "if")) {
                *call = one;
                *argument = k;
                found = true;
            }
        }
    }
    return found;
}

/* The call, and its argument, to which the object is given as it is made. */
static bool
find_argument(const FixCase *fix, Call *call, uint32_t *first, uint32_t *last)
{
    const Finding *finding = fix->finding;
    uint32_t argument;

    for (uint32_t i = finding->nsteps; i-- > 0;) {
        const Step *step = &finding->steps[i];
        uint32_t t;

        if (!text_equal(step->loc.file, fix->source->path)
            || !(step->kind == STEP_MADE
                 || strstr(step->text, " takes a reference to '") != NULL)) {
            continue;
        }
        t = source_token(fix->source,
                         source_offset(fix->source, step->loc.line, step->loc.col));
        if (shape_stmt(fix->shape, t) == fix->stmt && call_around(fix, t, call, &argument)) {
            *first = call->arg[argument][0];
            *last = call->arg[argument][1];
            return true;
        }
    }
    return false;
}

/* The pieces that all shapes share. */
typedef struct Passed {
    Call call;
    uint32_t first, last; /* tokens of the argument */
    const char *name;     /* of the new variable */
    Change keep;          /* its declaration */
    Change use;           /* the argument becomes the variable */
} Passed;

/* True when the argument is a call that cannot fail. */
static bool
never_fails(const FixCase *fix, const Passed *passed)
{
    Call call;

    return token_is(fix->source, passed->first, "PyBool_FromLong")
           && call_at(fix->source, passed->first, &call) && call.close == passed->last;
}

/* f(d, g());  ->  T *value = g(); if (value != NULL) { f(d, value); Py_DECREF(value); }
 * Where g() can fail that would go on with its exception set. */
static bool
pass_guarded(FixCase *fix, Proposal *out, const Passed *passed)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    const Source *source = fix->source;
    const char *head = fix_quote(fix, stmt->first, passed->first - 1);
    const char *tail = fix_quote(fix, passed->last + 1, stmt->last);
    const char *gap = text_ends(head, ",") ? " " : "";
    Change change = {.text = passed->keep.text};

    if (stmt->first != passed->call.name || passed->call.close + 1 != stmt->last
        || !never_fails(fix, passed)) {
        return false;
    }
    return fix_put_before(fix, out, fix->stmt, change)
           && fix_replace(fix, out, fix->stmt,
                          arena_printf(fix->arena, "if (%s != NULL)%s{\n%s%s%s%s%s\n"
                                       "%sPy_DECREF(%s);\n}", passed->name,
                                       source->own_line_brace ? "\n" : " ", source->unit, head, gap,
                                       passed->name, tail, source->unit, passed->name));
}

/* x = f(g());  ->  T *value = g(); x = f(value); Py_XDECREF(value); */
static bool
pass_assigned(FixCase *fix, Proposal *out, const Passed *passed)
{
    return !stmt_is_bare(fix->shape, fix->stmt)
           && fix_put_before(fix, out, fix->stmt, passed->keep)
           && changes_add(fix->arena, &out->changes, passed->use)
           && fix_put_behind(fix, out, fix->stmt,
                             arena_printf(fix->arena, "Py_XDECREF(%s);", passed->name));
}

/* True for the functions of Python that say by their result only whether they failed. */
static bool
says_failure(const FixCase *fix, const Passed *passed)
{
    static const char *const parts[] = {"_Set", "_Append", "_Insert", "PyModule_Add"};
    const char *name = token_text(fix->source, passed->call.name, passed->call.name);

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (text_starts(name, "Py") && strstr(name, parts[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* if (f(d, g()) < 0) goto error;  ->  ... if (value == NULL || f(d, value) < 0) {
 * Py_XDECREF(value); goto error; } Py_DECREF(value);
 * Where g() can fail and f may but say yes or no, the body must return a failure. */
static bool
pass_checked(FixCase *fix, Proposal *out, const Passed *passed)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    const Source *source = fix->source;
    uint32_t rest = passed->call.close + 1;
    Change guard = {.start = source->tokens.at[stmt->open].end,
                    .end = source->tokens.at[stmt->open].end,
                    .text = arena_printf(fix->arena, "%s == NULL || ", passed->name)};
    bool failing = rest == stmt->close || token_is(source, rest, "<")
                   || token_is(source, rest, "!")
                   || (token_is(source, rest, "=") && token_is(source, rest + 2, "-"));

    if (stmt->other != NO_STMT || passed->call.name != stmt->open + 1 || !failing
        || stmt_is_bare(fix->shape, fix->stmt) || !ends_by_leaving(fix, stmt->body)) {
        return false;
    }
    if ((rest == stmt->close || token_is(source, rest, "!")) && !never_fails(fix, passed)
        && !says_failure(fix, passed)
        && !ends_by_failing(fix, stmt->body)) {
        return false;
    }
    return fix_put_before(fix, out, fix->stmt, passed->keep)
           && changes_add(fix->arena, &out->changes, guard)
           && changes_add(fix->arena, &out->changes, passed->use)
           && put_into_body(fix, out, fix->stmt,
                            arena_printf(fix->arena, "Py_XDECREF(%s);", passed->name))
           && fix_put_behind(fix, out, fix->stmt,
                             arena_printf(fix->arena, "Py_DECREF(%s);", passed->name));
}

/* return f(g());  ->  T *value = g(), *result; if (value == NULL) { return NULL; }
 * result = f(value); Py_DECREF(value); return result; */
static bool
pass_returned(FixCase *fix, Proposal *out, const Passed *passed)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    const char *type = shape_result(fix->shape), *unit = fix->source->unit;
    const char *result = tokens_mention(fix->source, fix->shape->first, fix->shape->close,
                                        "result") ? "returned" : "result";
    Change lines = {0};
    Change word = {.start = fix->source->tokens.at[stmt->first].start,
                   .end = fix->source->tokens.at[stmt->first].end};

    if (!text_ends(type, "*") || stmt_is_bare(fix->shape, fix->stmt)) {
        return false;
    }
    lines.text = arena_printf(fix->arena, "%s\n%s%s;\n\nif (%s == NULL)%s{\n%sreturn NULL;\n}",
                              passed->keep.text, type, result, passed->name,
                              fix->source->own_line_brace ? "\n" : " ", unit);
    word.text = arena_printf(fix->arena, "%s =", result);
    return fix_put_before(fix, out, fix->stmt, lines)
           && changes_add(fix->arena, &out->changes, word)
           && changes_add(fix->arena, &out->changes, passed->use)
           && fix_put_behind(fix, out, fix->stmt,
                             arena_printf(fix->arena, "Py_DECREF(%s);\nreturn %s;",
                                          passed->name, result));
}

/* Finds what is passed, and makes the declaration of a variable for it. */
static bool
open_passed(FixCase *fix, Proposal *out, Passed *passed)
{
    const Source *source = fix->source;
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];

    *passed = (Passed){.name = shape_fresh(fix->shape, fix->stmt)};
    if (fix_operand(fix) != NULL || behind_label(fix, fix->stmt)
        || !find_argument(fix, &passed->call, &passed->first, &passed->last)
        || !is_unconditional(source, stmt->first, passed->call.close)) {
        return false;
    }
    passed->keep.text = arena_printf(fix->arena, "PyObject *%s = %s;", passed->name,
                                     fix_quote(fix, passed->first, passed->last));
    passed->use = (Change){.start = source->tokens.at[passed->first].start,
                           .end = source->tokens.at[passed->last].end, .text = passed->name};
    out->title = arena_printf(fix->arena, "keep the %s in a variable and release it",
                              fix->finding->object);
    return true;
}

/* f(d, g());  ->  T *value = g(); if (value == NULL) { LEAVE } f(d, value); Py_DECREF(value); */
static bool
pass_or_leave(FixCase *fix, Proposal *out, const Passed *passed, const char *leave)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    const Source *source = fix->source;
    Change change = {.leave = leave};
    const char *head, *tail;

    if (leave == NULL || stmt->kind != STMT_SIMPLE || stmt->first != passed->call.name
        || passed->call.close + 1 != stmt->last) {
        return false;
    }
    head = fix_quote(fix, stmt->first, passed->first - 1);
    tail = fix_quote(fix, passed->last + 1, stmt->last);
    change.text = arena_printf(fix->arena, "%s\nif (%s == NULL)%s{\n%s%s\n}\n%s%s%s%s\n"
                               "Py_DECREF(%s);", passed->keep.text, passed->name,
                               source->own_line_brace ? "\n" : " ", source->unit, leave, head,
                               text_ends(head, ",") ? " " : "", passed->name, tail,
                               passed->name);
    return fix_replace_by_several(fix, out, fix->stmt, change);
}

bool
fix_leak_argument_goto(FixCase *fix, Proposal *out)
{
    Passed passed;

    return open_passed(fix, out, &passed) && !never_fails(fix, &passed)
           && pass_or_leave(fix, out, &passed, fix_leave_by_goto(fix, fix->stmt));
}

bool
fix_leak_argument_return(FixCase *fix, Proposal *out)
{
    Passed passed;

    return open_passed(fix, out, &passed) && !never_fails(fix, &passed)
           && pass_or_leave(fix, out, &passed, fix_leave_by_return(fix));
}

bool
fix_leak_argument(FixCase *fix, Proposal *out)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    Passed passed;

    if (!open_passed(fix, out, &passed)) {
        return false;
    }
    if (stmt->kind == STMT_IF) {
        return pass_checked(fix, out, &passed);
    }
    if (stmt->kind != STMT_SIMPLE) {
        return false;
    }
    if (stmt_starts(fix->shape, fix->stmt, "return")) {
        return pass_returned(fix, out, &passed);
    }
    return pass_guarded(fix, out, &passed) || pass_assigned(fix, out, &passed);
}

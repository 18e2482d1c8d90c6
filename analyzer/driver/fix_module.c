/* fix_module.c: ways to mend what PyModule_AddObject leaves behind when it fails: it takes
 * the reference over only when it succeeds.
 */
#include "driver/fix.h"

#include <string.h>

#define REF_SINCE 310 /* PyModule_AddObjectRef, which takes a reference of its own */
#define ADD_SINCE 313 /* PyModule_Add, which takes the reference in any case */

static const char *const incref_names[] = {"Py_INCREF", NULL};

/* One call of PyModule_AddObject and the statement that it stands in. */
typedef struct Adding {
    Call call;
    uint32_t stmt;
    const char *value; /* the object's operand without casts */
    uint32_t value_first, value_last;
} Adding;

/* The call at a place, if it is one of PyModule_AddObject in the function. */
static bool
adding_at(const FixCase *fix, const Loc *loc, Adding *adding)
{
    const Source *source = fix->source;
    uint32_t t, s;

    if (!text_equal(loc->file, source->path)) {
        return false;
    }
    t = source_token(source, source_offset(source, loc->line, loc->col));
    if (t <= fix->shape->open || t >= fix->shape->close
        || !token_is(source, t, "PyModule_AddObject") || !call_at(source, t, &adding->call)
        || adding->call.narg != 3) {
        return false;
    }
    s = shape_stmt(fix->shape, t);
    adding->stmt = s;
    adding->value = strip_casts(source, adding->call.arg[2][0], adding->call.arg[2][1],
                                &adding->value_first, &adding->value_last);
    return fix->shape->stmts.at[s].kind == STMT_IF
           || (fix->shape->stmts.at[s].kind == STMT_SIMPLE
               && fix->shape->stmts.at[s].first == t);
}

/* The Py_INCREF of the value that a statement before the call makes for it. */
static uint32_t
find_incref(const FixCase *fix, const Adding *adding)
{
    for (uint32_t s = stmt_before(fix->shape, adding->stmt); s != NO_STMT;
         s = stmt_before(fix->shape, s)) {
        if (stmt_calls(fix->shape, s, incref_names, adding->value, NULL)) {
            return s;
        }
    }
    return NO_STMT;
}

static bool
rename_call(FixCase *fix, Proposal *out, const Adding *adding, const char *name)
{
    const Token *token = &fix->source->tokens.at[adding->call.name];

    out->title = arena_printf(fix->arena, "add the object by %s", name);
    return changes_add(fix->arena, &out->changes,
                       (Change){.start = token->start, .end = token->end, .text = name});
}

/* Releases the variable at the start of what an if statement does on failure. */
static bool
release_on_failure(FixCase *fix, Proposal *out, const Adding *adding)
{
    const Stmt *stmt = &fix->shape->stmts.at[adding->stmt];
    Change change = fix_release(fix, adding->value);
    uint32_t body = stmt->body;

    if (fix->shape->stmts.at[body].kind == STMT_BLOCK) {
        body++;
    }
    return stmt->other == NO_STMT && body < fix->shape->stmts.n
           && fix_put_before(fix, out, body, change);
}

static bool
is_variable(const char *value)
{
    return strpbrk(value, " (),\"") == NULL;
}

/* One call by way of PyModule_AddObjectRef. */
static bool
use_ref(FixCase *fix, Proposal *out, const Adding *adding)
{
    const Source *source = fix->source;
    bool simple = fix->shape->stmts.at[adding->stmt].kind == STMT_SIMPLE;
    uint32_t incref = find_incref(fix, adding);

    if (incref != NO_STMT) {
        return fix_remove(fix, out, incref, NULL)
               && rename_call(fix, out, adding, "PyModule_AddObjectRef");
    }
    if (!is_variable(adding->value)) {
        const char *name = shape_fresh(fix->shape, adding->stmt);
        Change keep = {.text = arena_printf(fix->arena, "PyObject *%s = %s;", name,
                                            fix_quote(fix, adding->value_first,
                                                      adding->value_last))};
        Change use = {.start = source->tokens.at[adding->call.arg[2][0]].start,
                      .end = source->tokens.at[adding->call.arg[2][1]].end, .text = name};

        if (fix->python >= ADD_SINCE) {
            return rename_call(fix, out, adding, "PyModule_Add");
        }
        return simple && fix_put_before(fix, out, adding->stmt, keep)
               && rename_call(fix, out, adding, "PyModule_AddObjectRef")
               && changes_add(fix->arena, &out->changes, use)
               && fix_put_behind(fix, out, adding->stmt,
                                 arena_printf(fix->arena, "Py_XDECREF(%s);", name));
    }
    if (!simple) {
        return release_on_failure(fix, out, adding);
    }
    return rename_call(fix, out, adding, "PyModule_AddObjectRef")
           && fix_put_behind(fix, out, adding->stmt,
                             arena_printf(fix->arena, "Py_DECREF(%s);", adding->value));
}

/* One call with a look at its result. */
static bool
check_result(FixCase *fix, Proposal *out, const Adding *adding)
{
    const Stmt *stmt = &fix->shape->stmts.at[adding->stmt];
    const Source *source = fix->source;

    if (!is_variable(adding->value)) {
        return false;
    }
    if (stmt->kind == STMT_IF) {
        return release_on_failure(fix, out, adding);
    }
    return fix_replace(fix, out, adding->stmt,
                       arena_printf(fix->arena, "if (%s < 0)%s{\n%sPy_DECREF(%s);\n}",
                                    fix_quote(fix, stmt->first, stmt->last - 1),
                                    source->own_line_brace ? "\n" : " ", source->unit,
                                    adding->value));
}

/* Mends the finding's call and all of which it says that the same happens there. */
static bool
mend_all(FixCase *fix, Proposal *out, bool (*mend)(FixCase *, Proposal *, const Adding *))
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < fix->finding->nsteps; i++) {
        const Step *step = &fix->finding->steps[i];
        Proposal one = {0};
        Adding adding;

        if (step->kind != STEP_CHANGE
            || !(strstr(step->text, "does not take over") != NULL
                 || text_starts(step->text, "the same happens to"))
            || !adding_at(fix, &step->loc, &adding)) {
            continue;
        }
        if (mend(fix, &one, &adding) && changes_merge(fix->arena, &out->changes, &one.changes)) {
            out->title = one.title != NULL ? one.title : out->title;
            n++;
        }
    }
    return n > 0;
}

bool
fix_leak_module_ref(FixCase *fix, Proposal *out)
{
    out->title = "release the object when PyModule_AddObject fails";
    return fix->python >= REF_SINCE && mend_all(fix, out, use_ref);
}

bool
fix_leak_module_check(FixCase *fix, Proposal *out)
{
    out->title = "release the object when PyModule_AddObject fails";
    return mend_all(fix, out, check_result);
}

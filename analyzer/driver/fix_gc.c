/* fix_gc.c: ways to mend what the collector is not told, or a destructor forgets: one more
 * line for a field in tp_traverse, tp_clear or tp_dealloc.
 */
#include "driver/fix.h"

#include <string.h>

static const char *const visit_names[] = {"Py_VISIT", NULL};
static const char *const clear_names[] = {"Py_CLEAR", "Py_XDECREF", "Py_DECREF", NULL};
static const char *const free_names[] = {"tp_free", "PyObject_Del", "PyObject_DEL",
                                         "PyObject_GC_Del", "PyObject_Free", "PyMem_Free", NULL};

/* The field behind "self->", NULL when the finding is not about one. */
static const char *
field_of(const FixCase *fix)
{
    const char *arrow = strstr(fix->finding->object, "->");

    return arrow == NULL || strpbrk(arrow + 2, " ()[>") != NULL ? NULL : arrow + 2;
}

/* The name of the function's first parameter. */
static const char *
first_parameter(const FixCase *fix)
{
    Call call;

    if (!call_at(fix->source, fix->shape->name_token, &call) || call.narg < 1
        || fix->source->tokens.at[call.arg[0][1]].kind != TOKEN_NAME) {
        return NULL;
    }
    return token_text(fix->source, call.arg[0][1], call.arg[0][1]);
}

/* The last statement of the body that is "NAME(variable->...)"; *variable gets its name. */
static uint32_t
find_neighbour(const FixCase *fix, const char *const *names, const char **variable)
{
    uint32_t best = NO_STMT;
    Call call;

    for (uint32_t s = 1; s < fix->shape->stmts.n; s++) {
        const Stmt *stmt = &fix->shape->stmts.at[s];

        for (size_t i = 0; stmt->parent == 0 && stmt->kind == STMT_SIMPLE && names[i] != NULL;
             i++) {
            if (token_is(fix->source, stmt->first, names[i])
                && call_at(fix->source, stmt->first, &call) && call.narg == 1
                && token_is(fix->source, call.arg[0][0] + 1, "-")) {
                *variable = token_text(fix->source, call.arg[0][0], call.arg[0][0]);
                best = s;
            }
        }
    }
    return best;
}

/* The last statement of the body that mentions one of the names. */
static uint32_t
find_mention(const FixCase *fix, const char *const *names)
{
    uint32_t best = NO_STMT;

    for (uint32_t s = 1; s < fix->shape->stmts.n; s++) {
        const Stmt *stmt = &fix->shape->stmts.at[s];

        for (size_t i = 0; stmt->parent == 0 && names[i] != NULL; i++) {
            if (tokens_mention(fix->source, stmt->first, stmt->last, names[i])) {
                best = s;
            }
        }
    }
    return best;
}

/* The last statement of the body, if control leaves there. */
static uint32_t
find_return(const FixCase *fix)
{
    uint32_t last = NO_STMT;

    for (uint32_t s = 1; s < fix->shape->stmts.n; s++) {
        last = fix->shape->stmts.at[s].parent == 0 ? s : last;
    }
    return last != NO_STMT && stmt_leaves(fix->shape, last) ? last : NO_STMT;
}

/* "Py_VISIT(self->x);" behind another one. */
static bool
visit_behind(FixCase *fix, Proposal *out)
{
    const char *field = field_of(fix), *variable;
    uint32_t s = find_neighbour(fix, visit_names, &variable);

    if (field == NULL || s == NO_STMT) {
        return false;
    }
    out->title = arena_printf(fix->arena, "visit '%s'", fix->finding->object);
    return fix_put_behind(fix, out, s, arena_printf(fix->arena, "Py_VISIT(%s->%s);", variable,
                                                    field));
}

/* "Py_VISIT(self->x);" before the return. */
static bool
visit_before_return(FixCase *fix, Proposal *out)
{
    const char *field = field_of(fix), *variable = first_parameter(fix);
    uint32_t s = find_return(fix);

    if (field == NULL || s == NO_STMT || variable == NULL) {
        return false;
    }
    out->title = arena_printf(fix->arena, "visit '%s'", fix->finding->object);
    return fix_put_before(fix, out, s,
                          (Change){.text = arena_printf(fix->arena, "Py_VISIT(%s->%s);",
                                                        variable, field)});
}

/* "Py_VISIT(Py_TYPE(self));" before the return, for instances of heap types. */
static bool
visit_type(FixCase *fix, Proposal *out)
{
    const char *variable = first_parameter(fix);
    uint32_t s = find_return(fix);

    if (strstr(fix->finding->message, "own their type") == NULL || variable == NULL
        || s == NO_STMT) {
        return false;
    }
    out->title = "visit the type of the instance";
    return fix_put_before(fix, out, s,
                          (Change){.text = arena_printf(fix->arena, "Py_VISIT(Py_TYPE(%s));",
                                                        variable)});
}

/* "Py_CLEAR(self->x);" behind another release. */
static bool
clear_behind(FixCase *fix, Proposal *out)
{
    const char *field = field_of(fix), *variable;
    uint32_t s = find_neighbour(fix, clear_names, &variable);

    if (field == NULL || s == NO_STMT) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release '%s'", fix->finding->object);
    return fix_put_behind(fix, out, s, arena_printf(fix->arena, "Py_CLEAR(%s->%s);", variable,
                                                    field));
}

/* "Py_CLEAR(self->x);" before the memory is freed, or before the return. */
static bool
clear_before(FixCase *fix, Proposal *out)
{
    const char *field = field_of(fix), *variable = first_parameter(fix);
    uint32_t s = find_mention(fix, free_names);

    s = s != NO_STMT ? s : find_return(fix);
    if (field == NULL || s == NO_STMT || variable == NULL) {
        return false;
    }
    out->title = arena_printf(fix->arena, "release '%s'", fix->finding->object);
    return fix_put_before(fix, out, s,
                          (Change){.text = arena_printf(fix->arena, "Py_CLEAR(%s->%s);",
                                                        variable, field)});
}

const FixWay fix_visit_ways[] = {visit_behind, visit_before_return, visit_type, NULL};
const FixWay fix_clear_ways[] = {clear_behind, clear_before, NULL};

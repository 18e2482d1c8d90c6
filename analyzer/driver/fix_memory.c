/* fix_memory.c: ways to mend a leak of memory: free it where the path leaves, where its variable
 * ends, or before it is overwritten.
 *
 * By what it is freed must be certain: as it is freed elsewhere in the function, or by the
 * function that belongs to the allocator of the C library or of Python that gave it.
 */
#include "driver/fix.h"

#include <string.h>

/* True for "free_it", "ImagingDelete" and the like. */
static bool
sounds_like_free(const char *name)
{
    static const char *const words[] = {"free", "delete", "destroy", "dealloc"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcasestr(name, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* What another statement of the function frees the object with, or NULL. */
static const char *
freed_elsewhere(const FixCase *fix)
{
    for (uint32_t s = 0; s < fix->shape->stmts.n; s++) {
        const Stmt *stmt = &fix->shape->stmts.at[s];
        const char *name;
        Call call;

        if (stmt->kind != STMT_SIMPLE || !call_at(fix->source, stmt->first, &call)
            || call.narg != 1 || call.close + 1 != stmt->last) {
            continue;
        }
        name = token_text(fix->source, call.name, call.name);
        if (sounds_like_free(name)
            && stmt_calls(fix->shape, s, (const char *const[]){name, NULL},
                          fix->finding->object, NULL)) {
            return name;
        }
    }
    return NULL;
}

/* The function that the finding names, when the memory comes right from its allocator. */
static const char *
freed_by_family(const FixCase *fix)
{
    static const char *const makers[] = {"malloc,", "calloc,", "realloc,", "strdup,", "strndup,",
                                         "PyMem_", "PyObject_Malloc,", "PyObject_Calloc,",
                                         "PyUnicode_As"};
    const char *maker = strstr(fix->finding->message, "memory from ");

    for (size_t i = 0; maker != NULL && fix->finding->fix != NULL && i < COUNT_OF(makers); i++) {
        if (text_starts(maker + strlen("memory from "), makers[i])) {
            return arena_strndup(fix->arena, fix->finding->fix, strcspn(fix->finding->fix, "("));
        }
    }
    return NULL;
}

/* "free(x);", text NULL when nothing certain is known. */
static Change
free_change(const FixCase *fix)
{
    const char *object = fix->finding->object, *name = freed_elsewhere(fix);
    Change change = {.text = NULL};

    name = name != NULL ? name : freed_by_family(fix);
    if (name != NULL && strpbrk(object, " ()*&,\"") == NULL
        && tokens_mention(fix->source, fix->shape->first, fix->shape->close,
                          arena_strndup(fix->arena, object, strcspn(object, ".-[")))) {
        change.text = arena_printf(fix->arena, "%s(%s);", name, object);
    }
    return change;
}

/* Before return, goto, break or continue. */
static bool
free_before_exit(FixCase *fix, Proposal *out)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    Change change = free_change(fix);

    if (change.text == NULL || !stmt_leaves(fix->shape, fix->stmt)
        || tokens_mention(fix->source, stmt->first, stmt->last, fix->finding->object)) {
        return false;
    }
    out->title = arena_printf(fix->arena, "free '%s' before the function is left",
                              fix->finding->object);
    return fix_change_before(fix, out, fix->stmt, change);
}

/* Before the closing brace of the block that its variable lives in. */
static bool
free_at_end(FixCase *fix, Proposal *out)
{
    Change change = free_change(fix);

    if (change.text == NULL || !token_is(fix->source, fix->token, "}")
        || fix->shape->stmts.at[fix->stmt].last != fix->token) {
        return false;
    }
    out->title = arena_printf(fix->arena, "free '%s' at the end of the block",
                              fix->finding->object);
    return fix_put_at_end(fix, out, fix->stmt, change);
}

/* x = malloc(n);  ->  free(x); x = malloc(n);  unless what it gets is made from it. */
static bool
free_before_assignment(FixCase *fix, Proposal *out)
{
    const Stmt *stmt = &fix->shape->stmts.at[fix->stmt];
    const char *object = fix->finding->object;
    Change change = free_change(fix);
    uint32_t t = stmt->first;

    if (strstr(fix->finding->message, "overwritten while it may hold") == NULL
        || strpbrk(object, " ()*&,\"[") != NULL || stmt->kind != STMT_SIMPLE) {
        return false;
    }
    if (change.text == NULL && text_starts(fix->finding->fix, "free(")) {
        change.text = arena_printf(fix->arena, "free(%s);", object);
    }
    while (t < stmt->last && !token_is(fix->source, t, "=")) {
        t++;
    }
    if (change.text == NULL || t >= stmt->last
        || tokens_mention(fix->source, t, stmt->last,
                          arena_strndup(fix->arena, object, strcspn(object, ".-[")))) {
        return false;
    }
    out->title = arena_printf(fix->arena, "free the old '%s' first", object);
    return fix_put_before(fix, out, fix->stmt, change);
}

const FixWay fix_memory_ways[] = {free_before_exit, free_at_end, free_before_assignment, NULL};

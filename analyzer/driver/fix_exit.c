/* fix_exit.c: a change that leaves the function early has to release what the function holds
 * there; what that is, the analysis of the changed text says.
 */
#include "driver/fix.h"

#include <ctype.h>
#include <string.h>

/* True for a plain variable. */
static bool
is_variable(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && *at != '_') {
            return false;
        }
    }
    return name[0] != '\0';
}

/* The change that makes the exit at an offset, or NULL. */
static Change *
find_exit(Changes *changes, uint32_t offset)
{
    for (uint32_t i = 0; i < changes->list.n; i++) {
        Change *change = &changes->list.at[i];

        if (change->leave != NULL && change->start <= offset && offset <= change->end) {
            return change;
        }
    }
    return NULL;
}

/* Py_DECREF(x);  ->  Py_XDECREF(x);  in the change's text; false when it is not there. */
static bool
allow_null(Arena *arena, Change *change, const char *name)
{
    const char *release = arena_printf(arena, "Py_DECREF(%s);", name);
    const char *at = strstr(change->text, release);

    if (at == NULL) {
        return false;
    }
    change->text = arena_printf(arena, "%.*sPy_XDECREF(%s);%s", (int)(at - change->text),
                                change->text, name, at + strlen(release));
    return true;
}

/* "Py_DECREF(x);" on a line of its own before the leaving statement. */
static bool
put_release(Arena *arena, Change *change, const char *name)
{
    const char *leave = strstr(change->text, change->leave), *line = leave;

    if (leave == NULL || strstr(change->text, arena_printf(arena, "DECREF(%s);", name)) != NULL) {
        return false;
    }
    while (line > change->text && strchr("\r\n", line[-1]) == NULL) {
        line--;
    }
    while (line > change->text && strchr(" \\\r\n", line[-1]) != NULL) {
        line--; /* the break belongs to the line */
    }
    change->text = arena_printf(arena, "%.*sPy_DECREF(%s);%.*s%s", (int)(leave - change->text),
                                change->text, name, (int)(leave - line), line, leave);
    return true;
}

bool
exit_release(const Bench *bench, Changes *changes, const Finding *trouble)
{
    Arena *arena = bench->lab.arena;
    Change *change = trouble->rule == NULL || trouble->object == NULL
                             || !is_variable(trouble->object)
                         ? NULL
                         : find_exit(changes, source_offset(bench->source, trouble->loc.line,
                                                            trouble->loc.col));

    if (change == NULL) {
        return false;
    }
    if (text_equal(trouble->rule->id, "null-reference")) {
        return allow_null(arena, change, trouble->object);
    }
    return text_equal(trouble->rule->id, "leak") && put_release(arena, change, trouble->object);
}

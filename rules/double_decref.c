/* double_decref.c: a reference is released that the function does not own. */
#include "engine/rule.h"

static void
on_release(RuleCtx *rx, const ReleaseEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    if (event->by_steal || event->was_stolen || object_immortal(event->object)) {
        return; /* stolen-reference tells these */
    }
    const char *message;
    if (object_is_view(event->object)) {
        rule_report(rx, event->object,
                    arena_printf(arena, "%s releases a view that is released already",
                                 event->callee),
                    "release the view once: a copy of the struct is no second view");
        return;
    }
    if (event->was_released) {
        message = arena_printf(arena, "%s releases '%s' once more than it is owned",
                               event->callee, name);
    }
    else {
        message = arena_printf(arena, "%s releases '%s', which is only borrowed", event->callee,
                               name);
    }
    const char *fix = event->was_released
                          ? arena_printf(arena, "release '%s' once, or set it to NULL with "
                                                "Py_CLEAR the first time", name)
                          : arena_printf(arena, "do not release '%s', or take a reference with "
                                                "Py_INCREF first", name);
    rule_report(rx, event->object, message, fix);
}

const Rule rule_double_decref = {
    .info = {.id = "double-decref", .title = "Reference released too often",
             .summary = "A reference is released that the function does not own: the object is "
                        "freed while others still use it.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 415,
             .page = page_double_decref},
    .on_release = on_release,
};

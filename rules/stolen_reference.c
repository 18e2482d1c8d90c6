/* stolen_reference.c: a reference is released after a callee took it over, or a
 * borrowed one is given to a callee that takes it. */
#include "engine/rule.h"

static void
on_release(RuleCtx *rx, const ReleaseEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    if (object_immortal(event->object) || !(event->by_steal || event->was_stolen)) {
        return; /* double-decref tells these */
    }
    const char *message, *fix;
    if (event->was_stolen) {
        message = arena_printf(arena, "%s releases '%s', but %s already took over the reference%s",
                               event->callee, name, event->stealer,
                               event->stolen_on_failure ? ", also when it fails" : "");
        fix = arena_printf(arena, "do not release '%s' after %s", name, event->stealer);
    }
    else {
        message = arena_printf(arena, "%s takes over a reference to '%s' that the function does "
                                      "not own", event->callee, name);
        fix = arena_printf(arena, "Py_INCREF(%s) before %s", name, event->callee);
    }
    rule_report(rx, event->object, message, fix);
}

const Rule rule_stolen_reference = {
    .info = {.id = "stolen-reference", .title = "Stolen reference mishandled",
             .summary = "A callee takes over a reference that the function does not own, or that "
                        "it releases again afterwards.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 911,
             .page = page_stolen_reference},
    .on_release = on_release,
};

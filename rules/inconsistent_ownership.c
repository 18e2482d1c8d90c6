/* inconsistent_ownership.c: one way through a function takes an argument over, another one with the
 * same result does not. */
#include "engine/rule.h"

static void
on_inconsistent(RuleCtx *rx, const InconsistentEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    const char *message =
        arena_printf(arena, "the reference to '%s' stays with the caller here, while another way "
                            "to the same result %s it %s %s: no caller can tell", name,
                     event->steals ? "hands" : "releases", event->steals ? "to" : "by",
                     event->taker);
    rule_report(rx, event->object, message,
                arena_printf(arena, "let every way to this result take the reference to '%s', or "
                                    "none, or give them different results", name));
}

const Rule rule_inconsistent_ownership = {
    .info = {.id = "inconsistent-ownership", .title = "Argument taken over on some ways only",
             .summary = "A function takes over an argument on one way and not on another, with the "
                        "same result and exception: no caller can tell who has to release it.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_MEDIUM, .cwe = 911,
             .page = page_inconsistent_ownership},
    .on_inconsistent = on_inconsistent,
};

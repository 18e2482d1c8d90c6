/* uninitialized_reference.c: an object variable is used on a path that has not set it. */
#include "engine/rule.h"

static void
on_unset(RuleCtx *rx, const UseEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    rule_report(rx, event->object,
                arena_printf(arena, "'%s' is %s before it is set", name, event->use),
                arena_printf(arena, "set '%s' to NULL where it is declared", name));
}

const Rule rule_uninitialized_reference = {
    .info = {.id = "uninitialized-reference", .title = "Object variable used before it is set",
             .summary = "A path uses or releases an object variable that nothing has set.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 457,
             .page = page_uninitialized_reference},
    .on_unset = on_unset,
};

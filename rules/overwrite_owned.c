/* overwrite_owned.c: a field or global that owns what it holds gets another value,
 * and the reference in it is lost. */
#include "engine/rule.h"

static void
on_lost(RuleCtx *rx, const LostEvent *event)
{
    Arena *arena = rule_arena(rx);
    if (event->how != LOST_FIELD || object_is_memory(event->object)) {
        return;
    }
    rule_report(rx, event->object,
                arena_printf(arena, "'%s' is overwritten while it may own a reference, which is "
                                    "lost", object_name(event->object)),
                arena_printf(arena, "Py_XSETREF(%s, ...), or release the old value after the "
                                    "assignment", object_name(event->object)));
}

const Rule rule_overwrite_owned = {
    .info = {.id = "overwrite-owned", .title = "Owning field overwritten",
             .summary = "A field or global that owns a reference gets another value without "
                        "the old one being released.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 401,
             .page = page_overwrite_owned},
    .on_lost = on_lost,
};

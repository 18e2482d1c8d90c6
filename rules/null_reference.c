/* null_reference.c: the NULL that a call gave, and that nobody looked at, is used as an
 * object or as memory. */
#include "engine/rule.h"

static const char *
describe_hole(RuleCtx *rx, const NullEvent *event)
{
    Arena *arena = rule_arena(rx);
    return arena_printf(arena, "'%s' is %s%s with an item that is NULL when %s fails",
                        object_name(event->object), event->user[0] ? "passed to " : "returned",
                        event->user, event->source);
}

static const char *
describe_left(RuleCtx *rx, const NullEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    if (event->user[0]) {
        return arena_printf(arena, "'%s' is left NULL when %s fails, and nobody looks at its result",
                            name, event->user);
    }
    return arena_printf(arena, "'%s' is left NULL when %s fails, and the function returns as if "
                               "nothing had happened", name, event->source);
}

static const char *
describe(RuleCtx *rx, const NullEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    const char *use = event->in_format ? arena_printf(arena, "printed with %%s by %s", event->user)
                      : event->user[0] ? arena_printf(arena, "passed to %s", event->user)
                                       : "dereferenced";
    if (event->settled) {
        return arena_printf(arena, "'%s' is NULL on this path, and is %s", name, use);
    }
    if (event->source[0]) {
        return arena_printf(arena, "'%s' is NULL when %s fails, and is %s unchecked", name,
                            event->source, use);
    }
    return arena_printf(arena, "'%s' may be NULL here, and is %s unchecked", name, use);
}

static void
on_null(RuleCtx *rx, const NullEvent *event)
{
    if (event->inside) {
        rule_report(rx, event->object, describe_hole(rx, event),
                    arena_printf(rule_arena(rx), "test what %s gives before it is an item of '%s'",
                                 event->source, object_name(event->object)));
        return;
    }
    if (event->left) {
        rule_report(rx, event->object, describe_left(rx, event),
                    arena_printf(rule_arena(rx), "test what %s gives, and report the failure",
                                 event->user[0] ? event->user : event->source));
        return;
    }
    rule_report(rx, event->object, describe(rx, event),
                arena_printf(rule_arena(rx), "test '%s' for NULL before this point",
                             object_name(event->object)));
}

const Rule rule_null_reference = {
    .info = {.id = "null-reference", .title = "NULL used as an object",
             .summary = "The result of a call that can fail is used without a test for NULL.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 476,
             .page = page_null_reference},
    .on_null = on_null,
};

/* use_after_release.c: an object is used after the last reference known to this
 * function is gone. */
#include "engine/rule.h"

static void
on_use(RuleCtx *rx, const UseEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    const char *message =
        object_is_view(event->object)
            ? arena_printf(arena, "'%s' is %s after its view was released", name, event->use)
        : object_is_memory(event->object)
            ? arena_printf(arena, "'%s' is %s after its memory was freed", name, event->use)
        : event->was_stolen
            ? arena_printf(arena, "'%s' is %s after %s took the last reference and dropped it",
                           name, event->use, event->stealer)
            : arena_printf(arena, "'%s' is %s after its last known reference was released", name,
                           event->use);
    rule_report(rx, event->object, message,
                arena_printf(arena, "%s '%s' only after its last use",
                             object_is_memory(event->object) ? "free" : "release", name));
}

/* An address inside an object that is gone, or a field that still holds it. */
static void
on_stale(RuleCtx *rx, const StaleEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    if (event->kind == STALE_INSIDE) {
        rule_report(rx, event->object,
                    arena_printf(arena, "'%s' points into '%s' and is %s after %s released that",
                                 name, event->owner, event->use, event->call),
                    arena_printf(arena, "release '%s' only after the last use of '%s', or copy "
                                        "what is needed", event->owner, name));
    }
    else if (event->kind == STALE_LEFT) {
        const char *place = event->owner;
        rule_report(rx, event->object,
                    arena_printf(arena, "'%s' still holds the object while %s releases it, which "
                                        "may run code that uses or releases it once more", place,
                                 event->call),
                    arena_printf(arena, "use Py_XSETREF or Py_CLEAR, or set '%s' first and then "
                                        "release what it held", place));
    }
}

const Rule rule_use_after_release = {
    .info = {.id = "use-after-release", .title = "Object used after its release",
             .summary = "An object is used after the function gave up the last reference it "
                        "knows of: it may be freed memory.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 416,
             .page = page_use_after_release},
    .on_use = on_use,
    .on_stale = on_stale,
};

/* leak.c: the last holder of a reference is gone while the function still owes
 * it: the object can never be freed. */
#include "engine/rule.h"

static const char *
describe(RuleCtx *rx, const LostEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    const char *refuser = object_refuser(event->object);
    switch (event->how) {
    case LOST_RETURN:
        if (refuser) {
            return arena_printf(arena, "leak of '%s': %s takes the reference only when it "
                                       "succeeds, and returns without it being released",
                                name, refuser);
        }
        return arena_printf(arena, "leak of '%s': the function returns while it still owns %s",
                            name, event->owed > 1 ? "references" : "a reference");
    case LOST_OVERWRITE:
        if (event->taker) {
            return arena_printf(arena, "leak of '%s': %s overwrites it while it holds the last "
                                       "reference", name, event->taker);
        }
        return arena_printf(arena, "leak of '%s': '%s' is overwritten while it holds the last "
                                   "reference", name, event->holder);
    case LOST_SCOPE:
        return arena_printf(arena, "leak of '%s': its variable goes out of scope while it holds "
                                   "the last reference", name);
    case LOST_FIELD: case LOST_UNNAMED:
        break;
    }
    if (event->taker && refuser) {
        return arena_printf(arena, "leak of '%s': %s takes over the reference it is given only "
                                   "when it succeeds", name, event->taker);
    }
    if (event->taker) {
        return arena_printf(arena, "leak of '%s': %s does not take over the reference it is "
                                   "given", name, event->taker);
    }
    return arena_printf(arena, "leak of '%s': nothing holds the new reference", name);
}

static const char *
advise(RuleCtx *rx, const LostEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    if (event->how == LOST_UNNAMED && !(event->taker && object_refuser(event->object))) {
        return event->taker
                   ? arena_printf(arena, "keep the new reference in a variable and Py_DECREF it "
                                         "after %s", event->taker)
                   : "release the result with Py_DECREF, or use it";
    }
    if (object_refuser(event->object)) {
        return arena_printf(arena, "release '%s' with Py_DECREF when %s fails, or use "
                                   "PyModule_AddObjectRef (3.10) and always release", name,
                            object_refuser(event->object));
    }
    if (event->how == LOST_OVERWRITE && event->taker) {
        return arena_printf(arena, "Py_CLEAR(%s) before %s", event->holder, event->taker);
    }
    if (event->how == LOST_OVERWRITE) {
        return arena_printf(arena, "Py_DECREF(%s) before the assignment, or use Py_SETREF", name);
    }
    return arena_printf(arena, "Py_DECREF(%s) before this point", name);
}

static void
on_lost(RuleCtx *rx, const LostEvent *event)
{
    if (event->how == LOST_FIELD || object_is_memory(event->object)) {
        return; /* overwrite-owned and memory-leak tell these */
    }
    rule_report(rx, event->object, describe(rx, event), advise(rx, event));
}

const Rule rule_leak = {
    .info = {.id = "leak", .title = "Reference leak",
             .summary = "A reference is lost while the function still owns it: the object is "
                        "never freed.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 401,
             .page = page_leak},
    .on_lost = on_lost,
};

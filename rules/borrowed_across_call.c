/* borrowed_across_call.c: what was borrowed before a call is used after it, although the call
 * may run code that takes it away. */
#include "engine/rule.h"

/* "self->x", or words for what has no name. */
static const char *
owner_text(Arena *arena, const StaleEvent *event, const char *unnamed)
{
    return event->owner[0] ? arena_printf(arena, "'%s'", event->owner) : unnamed;
}

/* What the other code would do. */
static const char *
harm(Arena *arena, const StaleEvent *event)
{
    const char *owner;
    switch (event->kind) {
    case STALE_ITEM:
        owner = owner_text(arena, event, "its container");
        return arena_printf(arena, "may remove it from %s", owner);
    case STALE_FIELD: case STALE_GLOBAL:
        owner = owner_text(arena, event, "its field");
        return event->changer ? arena_printf(arena, "may replace %s (%s does)", owner,
                                             event->changer)
                              : arena_printf(arena, "may replace %s", owner);
    case STALE_MEMORY:
        owner = owner_text(arena, event, "the memory");
        return event->changer ? arena_printf(arena, "may free or move %s (%s does)", owner,
                                             event->changer)
                              : arena_printf(arena, "may free or move %s", owner);
    case STALE_WEAK:
        return "may drop the last reference to it";
    case STALE_LENT:
        return "may drop the last reference to it, as the helper that gave it kept none";
    case STALE_SYSTEM:
        return "may replace it in the module sys";
    default:
        return "may shrink it";
    }
}

static const char *
fix_text(Arena *arena, const StaleEvent *event, const char *name)
{
    switch (event->kind) {
    case STALE_SIZE:
        return arena_printf(arena, "take the size of '%s' again in each turn, or work on a tuple "
                                   "made with PySequence_Tuple", name);
    case STALE_MEMORY:
        return arena_printf(arena, "read what is needed before %s, or take '%s' again after it",
                            event->call, name);
    case STALE_ITEM:
        return arena_printf(arena, "hold '%s' by Py_INCREF before %s and Py_DECREF after the last "
                                   "use, or get it as a new reference (PyList_GetItemRef, "
                                   "PyDict_GetItemRef)", name, event->call);
    default:
        return arena_printf(arena, "hold '%s' by Py_INCREF before %s and Py_DECREF after the last "
                                   "use", name, event->call);
    }
}

static void
on_stale(RuleCtx *rx, const StaleEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object), *message;
    if (event->kind == STALE_INSIDE || event->kind == STALE_LEFT) {
        return;
    }
    if (event->inside) {
        message = arena_printf(arena, "'%s' is borrowed and passed to %s, which goes on using it "
                                      "after code has run that %s", name, event->call,
                               harm(arena, event));
    }
    else if (event->kind == STALE_SIZE) {
        message = arena_printf(arena, "'%s' is indexed by a size that is older than the call of "
                                      "%s, which may run code that shrinks it", name, event->call);
    }
    else {
        message = arena_printf(arena, "'%s' is borrowed and %s after %s, which may run code that "
                                      "%s", name, event->use, event->call, harm(arena, event));
    }
    rule_report(rx, event->object, message, fix_text(arena, event, name));
}

const Rule rule_borrowed_across_call = {
    .info = {.id = "borrowed-across-call", .title = "Borrowed reference used after other code ran",
             .summary = "A borrowed object is used after a call that may run code which takes it "
                        "out of the container or field that held it.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_MEDIUM, .cwe = 416,
             .page = page_borrowed_across_call},
    .on_stale = on_stale,
};

/* exception_overwritten.c: an exception is lost because another one takes its place. */
#include <string.h>

#include "classes/view.h"
#include "engine/rule.h"

static void
on_exception(RuleCtx *rx, const ExceptionEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *source = event->source, *user = event->user;
    switch (event->kind) {
    case EXCEPTION_REPLACED:
        rule_report(rx, event->object,
                    arena_printf(arena, "the failure of %s goes unnoticed, and %s replaces its "
                                 "exception", source, user),
                    arena_printf(arena, "test the result of %s before this call", source));
        break;
    case EXCEPTION_TRANSLATED:
        rule_report(rx, event->object,
                    arena_printf(arena, "%s replaces the exception that %s has set, whatever it "
                                 "is", user, source),
                    "keep the exception that is set, or look at it first with "
                    "PyErr_ExceptionMatches");
        break;
    case EXCEPTION_DISTURBED:
        rule_report(rx, event->object,
                    arena_printf(arena, "%s is called while the exception of %s is set, and may "
                                 "replace it", user, source),
                    "save the exception with PyErr_Fetch (PyErr_GetRaisedException) and restore "
                    "it afterwards");
        break;
    default:
        break;
    }
}

/* A destructor loses the exception with which it was called. */
static void
on_hazard(ClassCtx *cx, const Class *cls, const Hazard *hazard)
{
    Arena *arena = class_arena(cx);
    const char *slot = hazard->because.function;
    bool direct = strcmp(slot, hazard->at.function) == 0;
    ClassReport how = {
        .loc = hazard->at.loc,
        .function = hazard->at.function,
        .object = slot,
        .message = arena_printf(arena, "%s runs when an instance of %s dies, and %s loses the "
                                       "exception that is set then", slot, cls->name,
                                hazard->what),
        .fix = arena_printf(arena, "begin %s with PyErr_Fetch (PyErr_GetRaisedException), and end "
                                   "it with PyErr_Restore (PyErr_SetRaisedException)", slot),
        .last = "an exception that was set before is gone",
        .steps = {&hazard->because},
        .nsteps = 1,
        .confidence = direct ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW,
    };

    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        if (cls->hazard[i].kind == HAZARD_EXCEPTION_LOST) {
            on_hazard(cx, cls, &cls->hazard[i]);
        }
    }
}

const Rule rule_exception_overwritten = {
    .info = {.id = "exception-overwritten", .title = "Exception lost to another one",
             .summary = "An exception is replaced, or Python is called while it is set.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_LOW, .cwe = 755,
             .page = page_exception_overwritten},
    .on_exception = on_exception,
    .on_class = on_class,
};

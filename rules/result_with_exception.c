/* result_with_exception.c: a function returns a value although an exception is set. */
#include "engine/rule.h"

static const char *
describe(Arena *arena, const ExceptionEvent *event)
{
    if (event->unread) {
        return arena_printf(arena, "a value is returned although %s may have set an exception: "
                            "nobody looks at its result", event->source);
    }
    return arena_printf(arena, "a value is returned with the exception set that came from %s",
                        event->source);
}

static void
on_exception(RuleCtx *rx, const ExceptionEvent *event)
{
    Arena *arena = rule_arena(rx);
    if (event->kind != EXCEPTION_LEFT) {
        return;
    }
    const char *fix = event->noticed
        ? "return the failure, or clear the exception with PyErr_Clear"
        : arena_printf(arena, "test the result of %s, and PyErr_Occurred where that is not "
                       "enough, and report the failure", event->source);
    rule_report(rx, event->object, describe(arena, event), fix);
}

const Rule rule_result_with_exception = {
    .info = {.id = "result-with-exception", .title = "Value returned with an exception set",
             .summary = "A function returns a value to Python while an exception is set.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_LOW, .cwe = 755,
             .page = page_result_with_exception},
    .on_exception = on_exception,
};

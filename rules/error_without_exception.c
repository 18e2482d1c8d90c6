/* error_without_exception.c: a function tells Python that it failed, and no exception is set. */
#include "engine/rule.h"

static void
on_exception(RuleCtx *rx, const ExceptionEvent *event)
{
    Arena *arena = rule_arena(rx);
    if (event->kind != EXCEPTION_MISSING) {
        return;
    }
    const char *message =
        event->source[0]
            ? arena_printf(arena, "a failure is reported without an exception: %s sets none",
                           event->source)
            : "a failure is reported without an exception: none has been set on this path";
    rule_report(rx, event->object, message,
                event->source[0] ? "set an exception where the failure is noticed, with PyErr_SetString or PyErr_NoMemory"
                                 : "set an exception before this return, or return a value");
}

const Rule rule_error_without_exception = {
    .info = {.id = "error-without-exception", .title = "Failure without an exception",
             .summary = "A function reports a failure to Python, and no exception is set.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_LOW, .cwe = 755,
             .page = page_error_without_exception},
    .on_exception = on_exception,
};

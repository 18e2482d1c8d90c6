/* tristate_as_bool.c: the -1 of a question that could not be answered is taken for yes. */
#include "engine/rule.h"

static void
on_exception(RuleCtx *rx, const ExceptionEvent *event)
{
    Arena *arena = rule_arena(rx);
    if (event->kind != EXCEPTION_TRISTATE) {
        return;
    }
    rule_report(rx, event->object,
                arena_printf(arena, "%s gives -1 when it fails; that is taken for an answer, and "
                             "its exception stays set", event->source),
                arena_printf(arena, "test the result of %s for < 0 and report the failure",
                             event->source));
}

const Rule rule_tristate_as_bool = {
    .info = {.id = "tristate-as-bool", .title = "Failure taken for yes",
             .summary = "A function answers yes, no or -1 for a failure, and -1 counts as yes.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 253,
             .page = page_tristate_as_bool},
    .on_exception = on_exception,
};

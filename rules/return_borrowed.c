/* return_borrowed.c: a borrowed reference leaves the function as if it were new. */
#include "engine/rule.h"

static void
on_return(RuleCtx *rx, const ReturnEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    if (!event->owes_new || object_owned(event->object) > 0 || object_immortal(event->object)) {
        return;
    }
    const char *message =
        event->sure ? arena_printf(arena, "returns the borrowed reference '%s', but the caller "
                                          "takes it as a new one", name)
                    : arena_printf(arena, "returns the borrowed reference '%s', while other paths "
                                          "return a new one", name);
    rule_report(rx, event->object, message,
                arena_printf(arena, "return Py_NewRef(%s), or Py_INCREF it first", name));
}

const Rule rule_return_borrowed = {
    .info = {.id = "return-borrowed", .title = "Borrowed reference returned as new",
             .summary = "A function that owes its caller a new reference returns a borrowed one: "
                        "the object is released once too often.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 911,
             .page = page_return_borrowed},
    .on_return = on_return,
};

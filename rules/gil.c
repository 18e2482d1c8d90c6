/* gil.c: Python is used on a path that does not hold the GIL. */
#include "engine/rule.h"

static void
on_gil(RuleCtx *rx, const GilEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *message, *fix;
    if (event->returns) {
        message = "returns to Python without the GIL";
        fix = "call PyEval_RestoreThread (Py_BLOCK_THREADS, Py_END_ALLOW_THREADS) before the "
              "return";
    }
    else if (event->user) {
        message = arena_printf(arena, "%s%s is called without the GIL, and %s %s",
                               event->behind_pointer ? "through the pointer, " : "",
                               event->callee,
                               event->releases ? "releases it again with" : "calls",
                               event->user);
        fix = arena_printf(arena, "hold the GIL for the call, or let %s take it with "
                                  "PyGILState_Ensure before it uses Python", event->callee);
    }
    else {
        message = event->releases
                      ? arena_printf(arena, "%s is called although the GIL is released already",
                                     event->callee)
                      : arena_printf(arena, "%s is called without the GIL", event->callee);
        fix = arena_printf(arena, "move %s out of the part that runs without the GIL, or put "
                                  "Py_BLOCK_THREADS and Py_UNBLOCK_THREADS around it",
                           event->callee);
    }
    rule_report(rx, event->object, message, fix);
}

const Rule rule_gil = {
    .info = {.id = "gil", .title = "Python used without the GIL",
             .summary = "The C-API is called, or a reference count changed, on a path that has "
                        "released the GIL or never took it.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 662,
             .page = page_gil},
    .on_gil = on_gil,
};

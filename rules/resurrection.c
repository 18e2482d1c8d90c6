/* resurrection.c: tp_dealloc hands the dying instance to code that may run Python. */
#include "classes/view.h"
#include "engine/rule.h"

static void
report(ClassCtx *cx, const Class *cls, const Hazard *hazard)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = hazard->at.loc,
        .function = hazard->at.function,
        .object = "self",
        .steps = {&hazard->because},
        .nsteps = 1,
        .confidence = CONFIDENCE_HIGH,
    };

    how.message = arena_printf(arena, "%s passes the dying instance of %s to %s: the call takes and "
                                      "drops references to it, and tp_dealloc runs again",
                               hazard->at.function, cls->name, hazard->what);
    how.fix = "do this in tp_finalize, and call PyObject_CallFinalizerFromDealloc first in "
              "tp_dealloc";
    how.last = "the count goes from 0 to 1 and back to 0";
    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        HazardKind kind = cls->hazard[i].kind;

        if (kind == HAZARD_SELF_PASSED) {
            report(cx, cls, &cls->hazard[i]);
        }
    }
}

const Rule rule_resurrection = {
    .info = {.id = "resurrection", .title = "Dying instance handed out",
             .summary = "tp_dealloc passes the instance, whose count is zero, to a call that may run "
                        "Python code.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 825,
             .page = page_resurrection},
    .on_class = on_class,
};

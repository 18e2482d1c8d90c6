/* gc_untrack_missing.c: tp_dealloc releases fields while the collector may still look at the dying
 * instance. */
#include "classes/view.h"
#include "engine/rule.h"

static void
report(ClassCtx *cx, const Class *cls, const Hazard *hazard)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = hazard->at.loc,
        .function = hazard->at.function,
        .object = hazard->what,
        .steps = {&hazard->because},
        .nsteps = 1,
        .confidence = CONFIDENCE_HIGH,
    };

    how.message = arena_printf(arena, "%s releases '%s' before PyObject_GC_UnTrack: a collection "
                                      "that starts meanwhile visits the dying instance of %s",
                               hazard->at.function, hazard->what, cls->name);
    how.fix = arena_printf(arena, "call PyObject_GC_UnTrack(self) first in %s",
                           hazard->at.function);
    how.last = arena_printf(arena, "the release of '%s' may run any code, and the instance is still "
                                   "tracked", hazard->what);
    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        HazardKind kind = cls->hazard[i].kind;

        if (kind == HAZARD_UNTRACK_MISSING) {
            report(cx, cls, &cls->hazard[i]);
        }
    }
}

const Rule rule_gc_untrack_missing = {
    .info = {.id = "gc-untrack-missing", .title = "Dying instance still tracked",
             .summary = "tp_dealloc releases fields of a tracked instance before PyObject_GC_UnTrack.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 416,
             .page = page_gc_untrack_missing},
    .on_class = on_class,
};

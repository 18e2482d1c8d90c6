/* gc_track_too_early.c: an instance is shown to the collector before its fields are set. */
#include "classes/view.h"
#include "engine/rule.h"

static void
report(ClassCtx *cx, const Class *cls, const Hazard *hazard)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = hazard->at.loc,
        .function = hazard->at.function,
        .object = arena_printf(arena, "self->%s", hazard->what),
        .steps = {&hazard->because},
        .nsteps = 1,
        .confidence = CONFIDENCE_HIGH,
    };

    how.message = arena_printf(arena, "the new instance of %s is tracked before 'self->%s' is set: a "
                                      "collection in between visits what the memory happens to hold",
                               cls->name, hazard->what);
    how.fix = "move PyObject_GC_Track to the end, behind the last field that is set";
    how.last = "tp_traverse may run from here on";
    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        HazardKind kind = cls->hazard[i].kind;

        if (kind == HAZARD_TRACK_EARLY) {
            report(cx, cls, &cls->hazard[i]);
        }
    }
}

const Rule rule_gc_track_too_early = {
    .info = {.id = "gc-track-too-early", .title = "Tracked before its fields are set",
             .summary = "PyObject_GC_Track is called before the fields that tp_traverse visits are set.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 457,
             .page = page_gc_track_too_early},
    .on_class = on_class,
};

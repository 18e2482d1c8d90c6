/* dealloc_double_release.c: a field is released once by tp_dealloc and once more by another
 * function. */
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

    if (hazard->kind == HAZARD_DANGLING) {
        how.message = arena_printf(arena, "%s releases 'self->%s' and leaves the pointer: tp_dealloc "
                                          "releases it again", hazard->at.function, hazard->what);
        how.fix = arena_printf(arena, "use Py_CLEAR(self->%s) in %s", hazard->what,
                               hazard->at.function);
        how.last = "released, and still in the field";
    }
    else {
        how.message = arena_printf(arena, "%s releases '%s' of the base, whose tp_dealloc releases it "
                                          "again", hazard->at.function, hazard->what);
        how.fix = "leave the fields of the base to its tp_dealloc";
        how.last = "released here, and again by the base";
    }
    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        HazardKind kind = cls->hazard[i].kind;

        if (kind == HAZARD_DANGLING || kind == HAZARD_BASE_RELEASES) {
            report(cx, cls, &cls->hazard[i]);
        }
    }
}

const Rule rule_dealloc_double_release = {
    .info = {.id = "dealloc-double-release", .title = "Field released twice",
             .summary = "A field is released and left as it is, and tp_dealloc or the base's tp_dealloc "
                        "releases it again.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 415,
             .page = page_dealloc_double_release},
    .on_class = on_class,
};

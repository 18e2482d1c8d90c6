/* gc_allocation_mismatch.c: instances are allocated or freed as if the type had the
 * collector's header, or had not. */
#include "classes/view.h"
#include "engine/rule.h"

static void
report(ClassCtx *cx, const Class *cls, const Hazard *hazard)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = hazard->at.loc,
        .function = hazard->at.function,
        .object = cls->name,
        .steps = {&hazard->because},
        .nsteps = 1,
        .confidence = CONFIDENCE_HIGH,
    };

    switch (hazard->kind) {
    case HAZARD_ALLOC_PLAIN:
        how.message = arena_printf(arena, "%s makes an instance of %s without the header that the "
                                          "collector needs", hazard->what, cls->name);
        how.fix = "use PyObject_GC_New, or tp_alloc of the type";
        break;
    case HAZARD_ALLOC_GC:
        how.message = arena_printf(arena, "%s makes an instance of %s, which is not a type of the "
                                          "collector's", hazard->what, cls->name);
        how.fix = "add Py_TPFLAGS_HAVE_GC to the type, or use PyObject_New";
        break;
    case HAZARD_FREE_PLAIN:
        how.message = arena_printf(arena, "%s frees an instance of %s at the wrong address: it has "
                                          "the collector's header in front", hazard->what,
                                   cls->name);
        how.fix = "use PyObject_GC_Del, or tp_free of the type";
        break;
    default:
        how.message = arena_printf(arena, "%s frees an instance of %s, which has no header of the "
                                          "collector's", hazard->what, cls->name);
        how.fix = "use PyObject_Free, or tp_free of the type";
        break;
    }
    how.last = how.message;
    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        HazardKind kind = cls->hazard[i].kind;

        if (kind == HAZARD_ALLOC_PLAIN || kind == HAZARD_ALLOC_GC || kind == HAZARD_FREE_PLAIN ||
            kind == HAZARD_FREE_GC) {
            report(cx, cls, &cls->hazard[i]);
        }
    }
}

const Rule rule_gc_allocation_mismatch = {
    .info = {.id = "gc-allocation-mismatch", .title = "Allocation does not fit the GC flag",
             .summary = "An instance is allocated or freed by functions of the wrong family: with the "
                        "collector's header or without.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 762,
             .page = page_gc_allocation_mismatch},
    .on_class = on_class,
};

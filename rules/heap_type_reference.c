/* heap_type_reference.c: instances of heap types own their type: tp_dealloc does not give that
 * reference back, or does so too early. */
#include "classes/view.h"
#include "engine/rule.h"

static void
report(ClassCtx *cx, const Class *cls, const Hazard *hazard)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = hazard->at.loc,
        .function = hazard->at.function,
        .object = "Py_TYPE(self)",
        .steps = {&hazard->because},
        .nsteps = 1,
        .confidence = CONFIDENCE_HIGH,
    };

    if (hazard->kind == HAZARD_TYPE_NOT_RELEASED) {
        how.message = arena_printf(arena, "%s does not release the type: each instance of the heap "
                                          "type %s keeps one reference to it for ever",
                                   hazard->at.function, cls->name);
        how.fix = "keep PyTypeObject *tp = Py_TYPE(self), and end with tp->tp_free(self); "
                  "Py_DECREF(tp);";
        how.last = "the reference to the type is never released";
    }
    else {
        how.message = arena_printf(arena, "%s releases the type of the instance before the instance "
                                          "is freed by it", hazard->at.function);
        how.fix = "move Py_DECREF(tp) behind the call that frees the instance";
        how.last = "the type may be gone from here on";
    }
    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        HazardKind kind = cls->hazard[i].kind;

        if (kind == HAZARD_TYPE_NOT_RELEASED || kind == HAZARD_TYPE_BEFORE_FREE) {
            report(cx, cls, &cls->hazard[i]);
        }
    }
}

const Rule rule_heap_type_reference = {
    .info = {.id = "heap-type-reference", .title = "Reference to the heap type",
             .summary = "tp_dealloc of a heap type does not release the type, or releases it before it "
                        "frees the instance.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 911,
             .page = page_heap_type_reference},
    .on_class = on_class,
};

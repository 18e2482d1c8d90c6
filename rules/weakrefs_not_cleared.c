/* weakrefs_not_cleared.c: a type supports weak references, and tp_dealloc does not tell them. */
#include "classes/view.h"
#include "engine/rule.h"

static void
on_class(ClassCtx *cx, const Class *cls)
{
    Arena *arena = class_arena(cx);
    const ClassSlot *dealloc = &cls->slot[SLOT_DEALLOC];
    Site flags = {cls->flags_loc, cls->name, "instances of this type can be weakly referenced"};
    ClassReport how;

    if ((!cls->weaklist && !cls->managed_weakref) || cls->clears_weakrefs ||
        cls->calls_base_dealloc || !dealloc->own) {
        return;
    }
    how = (ClassReport){
        .loc = dealloc->loc,
        .function = dealloc->function,
        .object = cls->name,
        .message = arena_printf(arena, "%s does not clear the weak references to an instance of %s: "
                                       "they go on pointing to freed memory", dealloc->function,
                                cls->name),
        .fix = "call PyObject_ClearWeakRefs(self) when the list is not NULL, before the fields are "
               "released",
        .last = "weak references to the instance outlive it",
        .steps = {&flags},
        .nsteps = 1,
        .confidence = CONFIDENCE_HIGH,
    };
    class_report(cx, cls, &how);
}

const Rule rule_weakrefs_not_cleared = {
    .info = {.id = "weakrefs-not-cleared", .title = "Weak references left behind",
             .summary = "Instances can be weakly referenced, but tp_dealloc does not call "
                        "PyObject_ClearWeakRefs.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 416,
             .page = page_weakrefs_not_cleared},
    .on_class = on_class,
};

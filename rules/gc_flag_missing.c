/* gc_flag_missing.c: instances own objects that can lead back to them, but the collector is
 * not told of the type at all. */
#include "classes/view.h"
#include "engine/rule.h"

static bool
is_open(const ClassField *field)
{
    return field->owned && field->may_close && !field->weaklist;
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    Arena *arena = class_arena(cx);
    const ClassField *first = NULL;
    ClassReport how;

    if (cls->has_gc || cls->is_opaque || cls->is_module) {
        return;
    }
    for (uint32_t i = 0; i < cls->nfields; i++) {
        const ClassField *field = &cls->field[i];

        if (is_open(field) && field->surely_closes) {
            return; /* uncollectable-cycle tells the ring */
        }
        first = first == NULL && is_open(field) ? field : first;
    }
    if (first == NULL) {
        return;
    }
    how = (ClassReport){
        .loc = cls->flags_loc,
        .function = cls->name,
        .object = arena_printf(arena, "self->%s", first->name),
        .message = arena_printf(arena, "%s owns %s, which can hold %s, but has no "
                                       "Py_TPFLAGS_HAVE_GC: a ring of references through its "
                                       "instances is never freed", cls->name,
                                class_field_list(cx, cls, is_open), hold_text(arena, first)),
        .fix = "add Py_TPFLAGS_HAVE_GC, a tp_traverse that visits every field, a tp_clear, "
               "allocation with PyObject_GC_New or tp_alloc, and PyObject_GC_UnTrack in tp_dealloc",
        .last = "the collector does not know of this type",
        .steps = {&first->store, &first->release},
        .nsteps = 2,
        .ring = first->ring,
        .confidence = CONFIDENCE_MEDIUM,
    };
    class_report(cx, cls, &how);
}

const Rule rule_gc_flag_missing = {
    .info = {.id = "gc-flag-missing", .title = "Type unknown to the collector",
             .summary = "A type's instances own objects that can refer back to them, but the type "
                        "has no Py_TPFLAGS_HAVE_GC.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 401,
             .page = page_gc_flag_missing},
    .on_class = on_class,
};

/* dealloc_field_leak.c: instances own what a field holds, and tp_dealloc never releases it. */
#include "classes/view.h"
#include "engine/rule.h"

static void
check_field(ClassCtx *cx, const Class *cls, const ClassField *field)
{
    Arena *arena = class_arena(cx);
    const ClassSlot *slot = &cls->slot[SLOT_DEALLOC];
    const char *dealloc = slot->function != NULL ? slot->function : "tp_dealloc";
    ClassReport how = {
        .loc = slot->own ? slot->loc : cls->loc,
        .function = slot->function != NULL ? slot->function : cls->name,
        .object = arena_printf(arena, "self->%s", field->name),
        .message = arena_printf(arena, "%s owns 'self->%s', but %s never releases it", cls->name,
                                field->name,
                                slot->function != NULL ? slot->function : "it has no tp_dealloc "
                                                                          "that"),
        .fix = arena_printf(arena, "add Py_CLEAR(self->%s) to %s", field->name, dealloc),
        .last = arena_printf(arena, "the object in 'self->%s' is lost with the instance",
                             field->name),
        .steps = {&field->store, &field->owning, &field->clear},
        .nsteps = 3,
        .confidence = CONFIDENCE_MEDIUM,
    };

    if (slot->function == NULL) {
        how.message = arena_printf(arena, "%s owns 'self->%s', but has no tp_dealloc that "
                                          "releases it", cls->name, field->name);
    }
    if (field->owning.loc.line == field->store.loc.line) {
        how.steps[1] = &field->clear;
        how.nsteps = 2;
    }
    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    const ClassSlot *dealloc = &cls->slot[SLOT_DEALLOC];
    bool foreign = dealloc->function == NULL ? cls->base_name != NULL : !dealloc->own;

    if (cls->is_module || cls->releases_unseen || cls->is_opaque || foreign) {
        return;
    }
    for (uint32_t i = 0; i < cls->nfields; i++) {
        const ClassField *field = &cls->field[i];

        if (field->owned && field->stored && !field->released && !field->weaklist &&
            !field->buffer) { /* a buffer that is not released is leaked memory */
            check_field(cx, cls, field);
        }
    }
}

const Rule rule_dealloc_field_leak = {
    .info = {.id = "dealloc-field-leak", .title = "Field not released by tp_dealloc",
             .summary = "Instances own what a field holds, but tp_dealloc never releases it.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 401,
             .page = page_dealloc_field_leak},
    .on_class = on_class,
};

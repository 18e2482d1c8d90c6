/* traverse_extra.c: tp_traverse shows the collector a reference that the instance does not own, or
 * shows one twice. */
#include "classes/view.h"
#include "engine/rule.h"

static void
check_borrowed(ClassCtx *cx, const Class *cls, const ClassField *field)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = field->visit.loc,
        .function = field->visit.function,
        .object = arena_printf(arena, "self->%s", field->name),
        .message = arena_printf(arena, "%s visits 'self->%s', which instances of %s do not own: the "
                                       "collector subtracts a reference that nobody holds",
                                field->visit.function, field->name, cls->name),
        .fix = arena_printf(arena, "remove Py_VISIT(self->%s), or store it with Py_NewRef and "
                                   "release it", field->name),
        .last = "the collector may take the object for garbage while it is in use",
        .steps = {&field->store},
        .nsteps = 1,
        .confidence = CONFIDENCE_MEDIUM,
    };

    class_report(cx, cls, &how);
}

static void
check_twice(ClassCtx *cx, const Class *cls, const Hazard *hazard)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = hazard->at.loc,
        .function = hazard->at.function,
        .object = arena_printf(arena, "self->%s", hazard->what),
        .message = arena_printf(arena, "%s visits 'self->%s' a second time: the collector subtracts "
                                       "two references where there is one", hazard->at.function,
                                hazard->what),
        .fix = "remove one of the two visits",
        .last = "visited again",
        .steps = {&hazard->because},
        .nsteps = 1,
        .confidence = CONFIDENCE_HIGH,
    };

    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    for (uint32_t i = 0; i < cls->nfields; i++) {
        const ClassField *field = &cls->field[i];

        if (field->visited && field->borrowed && !field->owned && field->stored) {
            check_borrowed(cx, cls, field);
        }
    }
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        if (cls->hazard[i].kind == HAZARD_VISITED_TWICE) {
            check_twice(cx, cls, &cls->hazard[i]);
        }
    }
}

const Rule rule_traverse_extra = {
    .info = {.id = "traverse-extra", .title = "Visit of a reference that is not owned",
             .summary = "tp_traverse visits what the instance does not own: the collector may free an "
                        "object that is in use.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 416,
             .page = page_traverse_extra},
    .on_class = on_class,
};

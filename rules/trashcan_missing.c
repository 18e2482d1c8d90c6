/* trashcan_missing.c: tp_dealloc of a linked type recurses once for each instance of a chain. */
#include "classes/view.h"
#include "engine/rule.h"

/* A field that holds instances of the same type directly. */
static bool
is_link(const Class *cls, const ClassField *field)
{
    for (uint32_t i = 0; i < field->nclasses; i++) {
        if (field->classes[i] == cls && field->typed) {
            return field->owned && field->released;
        }
    }
    return false;
}

/* An abstract base: instances are of types that Python code makes from it, and their dealloc, which
 * runs first, has the trashcan. */
static bool
is_abstract(const Class *cls)
{
    return cls->no_instances && cls->basetype;
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    Arena *arena = class_arena(cx);
    const ClassSlot *dealloc = &cls->slot[SLOT_DEALLOC];

    for (uint32_t i = 0; i < cls->nfields; i++) {
        const ClassField *field = &cls->field[i];
        ClassReport how;

        if (!cls->has_gc || cls->is_module || !dealloc->own || cls->has_trashcan || is_abstract(cls) ||
            !is_link(cls, field)) {
            continue;
        }
        how = (ClassReport){
            .loc = dealloc->loc,
            .function = dealloc->function,
            .object = arena_printf(arena, "self->%s", field->name),
            .message = arena_printf(arena, "%s recurses along 'self->%s': a long chain of %s "
                                           "overflows the stack when it dies", dealloc->function,
                                    field->name, cls->name),
            .fix = arena_printf(arena, "put Py_TRASHCAN_BEGIN(self, %s) behind PyObject_GC_UnTrack "
                                       "and Py_TRASHCAN_END at the end", dealloc->function),
            .last = "the dealloc of the next instance runs inside this one",
            .steps = {&field->store, &field->release},
            .nsteps = 2,
            .confidence = field->unlinked ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM,
        };
        class_report(cx, cls, &how);
        return;
    }
}

const Rule rule_trashcan_missing = {
    .info = {.id = "trashcan-missing", .title = "Deep recursion in tp_dealloc",
             .summary = "Instances form chains of their own type, and tp_dealloc recurses through them.",
             .severity = SEVERITY_NOTE, .precision = PRECISION_MEDIUM, .cwe = 674,
             .page = page_trashcan_missing},
    .on_class = on_class,
};

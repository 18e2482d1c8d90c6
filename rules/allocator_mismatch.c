/* allocator_mismatch.c: memory is given back, or grown, by a function of another allocator
 * family than the one that made it. */
#include "classes/view.h"
#include "engine/rule.h"

static const char *
allocator(const char *family)
{
    static const char *const names[][2] = {
        {"mem", "PyMem_"}, {"raw", "PyMem_Raw"}, {"object", "PyObject_"},
        {"c", "the C library"}, {"gc", "PyObject_GC_"},
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (text_equal(family, names[i][0])) {
            return names[i][1];
        }
    }
    return family;
}

static void
on_free(RuleCtx *rx, const FreeEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    const char *message = arena_printf(
        arena, "'%s' comes from %s, of the family %s, and is %s by %s, of the family %s", name,
        event->maker, allocator(event->family), event->grows ? "grown" : "freed", event->callee,
        allocator(event->given_to));
    rule_report(rx, event->object, message,
                arena_printf(arena, "free '%s' with the function that belongs to %s", name,
                             event->maker));
}

/* A field whose memory one function allocates and another gives to the wrong allocator. */
static void
on_class(ClassCtx *cx, const Class *cls)
{
    Arena *arena = class_arena(cx);
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        const Hazard *hazard = &cls->hazard[i];
        ClassReport how = {
            .loc = hazard->at.loc, .function = hazard->at.function, .message = hazard->at.text,
            .last = hazard->at.text, .steps = {&hazard->because}, .nsteps = 1,
            .confidence = CONFIDENCE_HIGH,
        };
        if (hazard->kind == HAZARD_BLOCK_FAMILY) {
            how.object = arena_printf(arena, "self->%s", hazard->what);
            how.fix = arena_printf(arena, "free '%s' with the function that belongs to its "
                                          "allocator", how.object);
            class_report(cx, cls, &how);
        }
    }
}

const Rule rule_allocator_mismatch = {
    .info = {.id = "allocator-mismatch", .title = "Memory freed by another allocator",
             .summary = "Memory of one allocator family is freed or grown by another.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 762,
             .page = page_allocator_mismatch},
    .on_free = on_free,
    .on_class = on_class,
};

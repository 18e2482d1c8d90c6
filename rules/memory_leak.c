/* memory_leak.c: the last pointer to a block of memory is gone, or a filled Py_buffer is
 * left behind: nobody can give it back. */
#include "classes/view.h"
#include "engine/rule.h"

static const char *
describe_view(RuleCtx *rx, const LostEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    if (event->how == LOST_OVERWRITE || event->how == LOST_FIELD) {
        return arena_printf(arena, "the view '%s' is filled again before it is released", name);
    }
    return arena_printf(arena, "the view '%s' is not released: its object stays locked", name);
}

static const char *
describe_filled(RuleCtx *rx, const LostEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    const char *maker = object_maker(event->object);
    if (event->how == LOST_FIELD) {
        return arena_printf(arena, "memory leak: '%s' is filled again while it may hold memory, "
                                   "which is lost", name);
    }
    if (event->how == LOST_OVERWRITE) {
        return arena_printf(arena, "memory leak: '%s', which %s has filled, is filled again before "
                                   "it is cleared", name, maker);
    }
    return arena_printf(arena, "memory leak: '%s', which %s has filled, is not cleared", name,
                        maker);
}

static const char *
describe(RuleCtx *rx, const LostEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    const char *maker = object_maker(event->object);
    switch (event->how) {
    case LOST_OVERWRITE:
        if (event->grower) {
            return arena_printf(arena, "memory leak: when %s fails, '%s' is overwritten while it "
                                       "holds the last pointer to the old block", event->grower,
                                name);
        }
        return arena_printf(arena, "memory leak: '%s' is overwritten while it holds the last "
                                   "pointer to memory from %s", event->holder, maker);
    case LOST_SCOPE:
        return arena_printf(arena, "memory leak: '%s' goes out of scope while it holds the last "
                                   "pointer to memory from %s", name, maker);
    case LOST_UNNAMED:
        return arena_printf(arena, "memory leak: nothing holds the memory from %s", maker);
    case LOST_FIELD:
        return arena_printf(arena, "memory leak: '%s' is overwritten while it may hold memory, "
                                   "which is lost", name);
    case LOST_RETURN:
        if (maker[0] == '\0') {
            return arena_printf(arena, "memory leak: this failure leaves '%s' alone, which other "
                                       "failures of the function free", name);
        }
        break;
    }
    return arena_printf(arena, "memory leak: the function returns without '%s', memory from %s, "
                               "being freed", name, maker);
}

/* What to call, by family. */
static const char *
free_function(const char *family)
{
    static const char *const functions[][2] = {
        {"mem", "PyMem_Free"}, {"raw", "PyMem_RawFree"}, {"object", "PyObject_Free"},
        {"c", "free"}, {"gc", "PyObject_GC_Del"},
    };
    for (size_t i = 0; family && i < COUNT_OF(functions); i++) {
        if (text_equal(family, functions[i][0])) {
            return functions[i][1];
        }
    }
    return NULL;
}

static const char *
advise(RuleCtx *rx, const LostEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    const char *call = free_function(object_family(event->object));
    if (object_is_view(event->object)) {
        return arena_printf(arena, "PyBuffer_Release(&%s) before this point", name);
    }
    if (object_is_filled(event->object)) {
        return arena_printf(arena, "clear '%s' before this point", name);
    }
    if (event->how == LOST_FIELD) {
        return arena_printf(arena, "%s(%s) before the assignment", call ? call : "free", name);
    }
    if (event->how == LOST_OVERWRITE) {
        return arena_printf(arena, "keep the old pointer until the new one is known to be good, "
                                   "and free it with %s", call ? call : "its own function");
    }
    return call ? arena_printf(arena, "%s(%s) before this point", call, name)
                : arena_printf(arena, "free '%s' before this point", name);
}

static void
on_lost(RuleCtx *rx, const LostEvent *event)
{
    if (!object_is_memory(event->object)) {
        return; /* leak and overwrite-owned tell these */
    }
    const char *message = object_is_view(event->object)     ? describe_view(rx, event)
                          : object_is_filled(event->object) ? describe_filled(rx, event)
                                                            : describe(rx, event);
    rule_report(rx, event->object, message, advise(rx, event));
}

/* ---- what tp_dealloc leaves ------------------------------------------------------------ */

static const char *
describe_end(Arena *arena, const Class *cls, const Hazard *hazard)
{
    const char *dealloc = cls->slot[SLOT_DEALLOC].function;
    if (hazard->kind == HAZARD_SELF_LEAK) {
        return arena_printf(arena, "memory leak: %s never frees the instance of %s itself",
                            dealloc, cls->name);
    }
    if (!dealloc) {
        return arena_printf(arena, "memory leak: %s has no tp_dealloc that gives back what "
                                   "'self->%s' holds", cls->name, hazard->what);
    }
    if (hazard->kind == HAZARD_BUFFER_LEAK) {
        return arena_printf(arena, "%s does not release the view 'self->%s' of %s: its object "
                                   "stays locked", dealloc, hazard->what, cls->name);
    }
    return arena_printf(arena, "memory leak: %s does not free the memory in 'self->%s' of %s",
                        dealloc, hazard->what, cls->name);
}

static void
report_end(ClassCtx *cx, const Class *cls, const Hazard *hazard)
{
    Arena *arena = class_arena(cx);
    bool self = hazard->kind == HAZARD_SELF_LEAK;
    const char *place = self ? "self" : arena_printf(arena, "self->%s", hazard->what);
    const char *fix = hazard->kind == HAZARD_BUFFER_LEAK
                          ? arena_printf(arena, "PyBuffer_Release(&%s) in tp_dealloc", place)
                          : arena_printf(arena, "free '%s' in tp_dealloc", place);
    ClassReport how = {
        .loc = hazard->at.loc, .function = hazard->at.function, .object = place,
        .message = describe_end(arena, cls, hazard),
        .fix = self ? "end with Py_TYPE(self)->tp_free(self)" : fix,
        .last = arena_printf(arena, "'%s' is lost with each instance", place),
        .steps = {&hazard->because}, .nsteps = 1, .confidence = CONFIDENCE_MEDIUM,
    };

    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    for (uint32_t i = 0; i < cls->nhazards; i++) {
        const Hazard *hazard = &cls->hazard[i];
        if (hazard->kind == HAZARD_BLOCK_LEAK || hazard->kind == HAZARD_BUFFER_LEAK ||
            hazard->kind == HAZARD_SELF_LEAK) {
            report_end(cx, cls, hazard);
        }
    }
}

const Rule rule_memory_leak = {
    .info = {.id = "memory-leak", .title = "Memory leak",
             .summary = "Memory, or a filled Py_buffer, is lost before it is given back.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 401,
             .page = page_memory_leak},
    .on_lost = on_lost,
    .on_class = on_class,
};

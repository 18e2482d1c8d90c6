/* uncollectable_cycle.c: instances can form a ring by the program's own types or by a
 * callback, and the collector cannot see it. */
#include "classes/view.h"
#include "engine/rule.h"

static bool
is_open(const ClassField *field)
{
    return field->owned && field->may_close && !field->weaklist;
}

/* "Node.next -> Node". */
static const char *
ring_text(Arena *arena, const Ring *ring)
{
    StrBuf text;

    strbuf_init(&text, arena);
    for (uint32_t i = 0; i < ring->nedges; i++) {
        strbuf_printf(&text, "%s%s.%s", i > 0 ? " -> " : "", ring->edges[i].from,
                      ring->edges[i].field);
    }
    strbuf_printf(&text, " -> %s", ring->edges[0].from);
    return text.text;
}

/* A type that the collector does not know: one finding for all its fields. */
static void
report_type(ClassCtx *cx, const Class *cls, const ClassField *field)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = cls->flags_loc,
        .function = cls->name,
        .object = arena_printf(arena, "self->%s", field->name),
        .message = arena_printf(arena, "the ring %s can close and is never freed: %s owns %s and "
                                       "has no Py_TPFLAGS_HAVE_GC",
                                ring_text(arena, field->ring), cls->name,
                                class_field_list(cx, cls, is_open)),
        .fix = arena_printf(arena, "add Py_TPFLAGS_HAVE_GC, a tp_traverse with Py_VISIT(self->%s) "
                                   "and a tp_clear with Py_CLEAR(self->%s)", field->name,
                            field->name),
        .last = "the collector does not know of this type, so it cannot see the ring",
        .steps = {&field->store, &field->release},
        .nsteps = 2,
        .ring = field->ring,
        .confidence = field->called ? CONFIDENCE_MEDIUM : CONFIDENCE_HIGH,
    };

    class_report(cx, cls, &how);
}

/* A field that tp_traverse does not visit. */
static void
report_field(ClassCtx *cx, const Class *cls, const ClassField *field)
{
    Arena *arena = class_arena(cx);
    const ClassSlot *slot = &cls->slot[SLOT_TRAVERSE];
    const char *traverse = slot->function != NULL ? slot->function
                           : cls->is_module ? "m_traverse" : "tp_traverse";
    ClassReport how = {
        .loc = slot->own ? slot->loc : cls->flags_loc,
        .function = slot->function != NULL ? slot->function : cls->name,
        .object = arena_printf(arena, "self->%s", field->name),
        .message = arena_printf(arena, "the ring %s can close and is never freed: %s does not visit "
                                       "'self->%s'", ring_text(arena, field->ring), traverse,
                                field->name),
        .fix = arena_printf(arena, "add Py_VISIT(self->%s) to %s", field->name, traverse),
        .last = arena_printf(arena, "'self->%s' is not visited, so the collector cannot see the "
                                    "ring", field->name),
        .steps = {&field->store, &field->release},
        .nsteps = 2,
        .ring = field->ring,
        .confidence = field->called ? CONFIDENCE_MEDIUM : CONFIDENCE_HIGH,
    };

    class_report(cx, cls, &how);
}

/* A reference from where the collector cannot look. */
static void
report_hidden(ClassCtx *cx, const Class *cls, const Hazard *hazard)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = hazard->at.loc,
        .function = hazard->at.function,
        .object = hazard->what,
        .message = arena_printf(arena, "the ring %s is never freed: %s",
                                ring_text(arena, hazard->ring), hazard->ring->edges[0].broken),
        .fix = arena_printf(arena, "do not own the instance of %s there: store it without a "
                                   "reference, or a weak reference", cls->name),
        .last = "this reference cannot be shown to the collector",
        .steps = {&hazard->because},
        .nsteps = 1,
        .ring = hazard->ring,
        .confidence = CONFIDENCE_MEDIUM,
    };

    class_report(cx, cls, &how);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    const ClassSlot *traverse = &cls->slot[SLOT_TRAVERSE];

    for (uint32_t i = 0; i < cls->nhazards; i++) {
        if (cls->hazard[i].kind == HAZARD_HIDDEN) {
            report_hidden(cx, cls, &cls->hazard[i]);
        }
    }
    if (cls->is_sequence || (!cls->has_gc && cls->is_opaque) ||
        (cls->has_gc && traverse->function != NULL && !traverse->own)) {
        return;
    }
    for (uint32_t i = 0; i < cls->nfields; i++) {
        const ClassField *field = &cls->field[i];

        if (!is_open(field) || !field->surely_closes || field->ring == NULL) {
            continue;
        }
        if (!cls->has_gc) {
            report_type(cx, cls, field);
            return;
        }
        if (!field->visited) {
            report_field(cx, cls, field);
        }
    }
}

const Rule rule_uncollectable_cycle = {
    .info = {.id = "uncollectable-cycle", .title = "Ring of references that is never freed",
             .summary = "Objects can keep each other alive in a ring that neither reference "
                        "counting nor the collector can free.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 401,
             .page = page_uncollectable_cycle},
    .on_class = on_class,
};

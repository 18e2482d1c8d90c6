/* gc_traverse_missing.c: tp_traverse does not show the collector a reference that the
 * instance owns. */
#include "classes/view.h"
#include "engine/rule.h"

static void
report(ClassCtx *cx, const Class *cls, const ClassReport *how)
{
    const ClassSlot *slot = &cls->slot[SLOT_TRAVERSE];
    ClassReport full = *how;

    full.loc = slot->function != NULL && slot->own ? slot->loc : cls->flags_loc;
    full.function = slot->function != NULL ? slot->function : cls->name;
    class_report(cx, cls, &full);
}

static void
check_field(ClassCtx *cx, const Class *cls, const ClassField *field)
{
    Arena *arena = class_arena(cx);
    const char *traverse = cls->slot[SLOT_TRAVERSE].function;
    ClassReport how = {
        .object = arena_printf(arena, "self->%s", field->name),
        .fix = arena_printf(arena, "add Py_VISIT(self->%s) to %s", field->name,
                            traverse != NULL ? traverse : "a tp_traverse of the type"),
        .steps = {&field->store, &field->release},
        .nsteps = 2,
        .ring = field->ring,
        .confidence = field->surely_closes ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
    };

    if (field->early_exit) {
        how.message = arena_printf(arena, "'self->%s' is not visited: %s returns before it when "
                                          "an earlier visit goes well", field->name, traverse);
        how.fix = "use Py_VISIT, which returns only when visit gives something other than 0";
        how.last = how.message;
        report(cx, cls, &how);
        return;
    }
    how.message = arena_printf(arena, "%s owns 'self->%s', which can hold %s, but %s does not "
                                      "visit it", cls->name, field->name,
                               hold_text(arena, field), traverse != NULL ? traverse
                                                                         : "no tp_traverse");
    how.last = arena_printf(arena, "'self->%s' is not visited: a ring of references through it "
                                   "is never collected", field->name);
    report(cx, cls, &how);
}

static void
check_type(ClassCtx *cx, const Class *cls)
{
    Arena *arena = class_arena(cx);
    const char *traverse = cls->slot[SLOT_TRAVERSE].function;
    Site made = {cls->loc, cls->name, "the type is made from this spec: instances own their type"};
    ClassReport how = {
        .object = "Py_TYPE(self)",
        .message = arena_printf(arena, "instances of the heap type %s own their type, but %s does "
                                       "not visit it", cls->name, traverse),
        .fix = arena_printf(arena, "add Py_VISIT(Py_TYPE(self)) to %s (Python 3.9 and later)",
                            traverse),
        .last = "Py_TYPE(self) is not visited: the type and its module may never be collected",
        .steps = {&made},
        .nsteps = 1,
        .confidence = CONFIDENCE_HIGH,
    };

    report(cx, cls, &how);
}

static void
check_base(ClassCtx *cx, const Class *cls)
{
    Arena *arena = class_arena(cx);
    const char *traverse = cls->slot[SLOT_TRAVERSE].function;
    const char *base = cls->base != NULL ? cls->base->name : cls->base_name;
    Site made = {cls->loc, cls->name, arena_printf(arena, "the type derives from %s", base)};
    ClassReport how = {
        .object = base,
        .message = arena_printf(arena, "%s does not call the tp_traverse of %s, so what the base "
                                       "owns is not visited", traverse, base),
        .fix = arena_printf(arena, "end %s with: return base->tp_traverse(self, visit, arg), "
                                   "where base is %s", traverse, base),
        .last = "the base's fields are not visited",
        .steps = {&made},
        .nsteps = 1,
        .confidence = CONFIDENCE_MEDIUM,
    };

    report(cx, cls, &how);
}

static void
check_dict(ClassCtx *cx, const Class *cls)
{
    const char *traverse = cls->slot[SLOT_TRAVERSE].function;
    Site made = {cls->flags_loc, cls->name, "Py_TPFLAGS_MANAGED_DICT: instances have a __dict__"};
    ClassReport how = {
        .object = "__dict__",
        .message = arena_printf(class_arena(cx), "%s does not visit the managed __dict__ of %s",
                                traverse, cls->name),
        .fix = "call PyObject_VisitManagedDict (3.13; _PyObject_VisitManagedDict before)",
        .last = "the managed __dict__ is not visited",
        .steps = {&made},
        .nsteps = 1,
        .confidence = CONFIDENCE_HIGH,
    };

    report(cx, cls, &how);
}

/* A struct sequence: its traverse visits all items, but nobody has the collector track it. */
static void
check_sequence(ClassCtx *cx, const Class *cls, const ClassField *field)
{
    Arena *arena = class_arena(cx);
    ClassReport how = {
        .loc = field->owning.loc,
        .function = field->owning.function,
        .object = field->name,
        .message = arena_printf(arena, "the collector does not track this %s, whose item '%s' can "
                                       "hold %s: PyStructSequence_New leaves that to its caller",
                                cls->name, field->name, hold_text(arena, field)),
        .fix = "call PyObject_GC_Track on the sequence when all its items are set",
        .last = "not tracked: a ring of references through it is never collected",
        .steps = {&field->store},
        .nsteps = 1,
        .ring = field->ring,
        .confidence = CONFIDENCE_MEDIUM,
    };

    class_report(cx, cls, &how);
}

static bool
is_missing(const ClassField *field)
{
    return field->owned && field->may_close && !field->weaklist && field->released &&
           ((!field->visited && !field->surely_closes) || field->early_exit);
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    const ClassSlot *traverse = &cls->slot[SLOT_TRAVERSE];
    bool inherited = traverse->function == NULL;

    if (!cls->has_gc || (!inherited && !traverse->own) || cls->is_module ||
        (inherited && !cls->own_gc_flag && (cls->base == NULL || !cls->own_record))) {
        return;
    }
    for (uint32_t i = 0; i < cls->nfields && cls->is_sequence; i++) {
        if (cls->field[i].may_close && !cls->field[i].visited) {
            check_sequence(cx, cls, &cls->field[i]);
            return;
        }
    }
    for (uint32_t i = 0; i < cls->nfields && !cls->visits_unseen; i++) {
        if (is_missing(&cls->field[i])) {
            check_field(cx, cls, &cls->field[i]);
        }
    }
    if (inherited) {
        return;
    }
    if (cls->is_heap && !cls->visits_type && !cls->calls_base_traverse &&
        (cls->python == 0 || cls->python >= 309)) {
        check_type(cx, cls);
    }
    if (cls->base_visits && !cls->calls_base_traverse && !cls->visits_base_fields) {
        check_base(cx, cls);
    }
    if (cls->managed_dict && !cls->visits_dict && cls->python >= 312) {
        check_dict(cx, cls);
    }
}

const Rule rule_gc_traverse_missing = {
    .info = {.id = "gc-traverse-missing", .title = "Reference hidden from the collector",
             .summary = "A type takes part in garbage collection, but its tp_traverse does not "
                        "visit a reference that its instances own.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 401,
             .page = page_gc_traverse_missing},
    .on_class = on_class,
};

/* gc_clear_missing.c: the collector sees the ring, but nothing on it lets go:
 * there is no tp_clear, or it leaves a field.  */
#include "classes/view.h"
#include "engine/rule.h"

static bool
closes(const ClassField *field)
{
    return field->owned && field->may_close && field->visited && !field->weaklist &&
           (field->settable_late || (field->settable && field->called)) &&
           (field->holds & (HOLD_ANY | HOLD_CLASS)) != 0;
}

static const ClassField *
first_open(const Class *cls)
{
    for (uint32_t i = 0; i < cls->nfields; i++) {
        if (closes(&cls->field[i]) && !cls->field[i].cleared) {
            return &cls->field[i];
        }
    }
    return NULL;
}

static void
report_absent(ClassCtx *cx, const Class *cls, const ClassField *field)
{
    Arena *arena = class_arena(cx);
    bool inherits = cls->base_visits && cls->slot[SLOT_TRAVERSE].function != NULL;
    const char *why = inherits ? "; its own flag and tp_traverse stop it from inheriting one" : "";
    Site flags = {cls->flags_loc, cls->name, "Py_TPFLAGS_HAVE_GC is set here"};
    ClassReport how = {
        .loc = cls->slot[SLOT_CLEAR].loc.line > 0 ? cls->slot[SLOT_CLEAR].loc : cls->flags_loc,
        .function = cls->name,
        .object = cls->name,
        .message = arena_printf(arena, "%s has a tp_traverse but no tp_clear%s: the collector finds "
                                       "rings through its instances and cannot break them",
                                cls->name, why),
        .fix = field != NULL ? arena_printf(arena, "add a tp_clear with Py_CLEAR(self->%s)",
                                            field->name)
                             : "set tp_clear to that of the base",
        .last = "no tp_clear",
        .steps = {field != NULL ? &field->store : &flags, field != NULL ? &field->visit : &flags},
        .nsteps = field != NULL ? 2 : 0,
        .ring = field != NULL ? field->ring : NULL,
        .confidence = CONFIDENCE_MEDIUM,
    };

    class_report(cx, cls, &how);
}

static void
report_field(ClassCtx *cx, const Class *cls, const ClassField *field)
{
    Arena *arena = class_arena(cx);
    const char *clear = cls->slot[SLOT_CLEAR].function;
    ClassReport how = {
        .loc = cls->slot[SLOT_CLEAR].loc,
        .function = clear,
        .object = arena_printf(arena, "self->%s", field->name),
        .message = arena_printf(arena, "%s leaves 'self->%s', which can hold %s: a ring through it "
                                       "cannot be broken here", clear, field->name,
                                hold_text(arena, field)),
        .fix = arena_printf(arena, "add Py_CLEAR(self->%s) to %s", field->name, clear),
        .last = arena_printf(arena, "'self->%s' is not cleared", field->name),
        .steps = {&field->store, &field->visit},
        .nsteps = 2,
        .ring = field->ring,
        .confidence = CONFIDENCE_LOW,
    };

    class_report(cx, cls, &how);
}

/* A derived type with its own flag and tp_traverse has no tp_clear unless it sets one, while
 * its base needed one. */
static bool
loses_clear(const Class *cls)
{
    return cls->own_gc_flag && cls->base != NULL && cls->base->has_gc &&
           cls->base->slot[SLOT_CLEAR].function != NULL &&
           cls->slot[SLOT_TRAVERSE].function != NULL;
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    const ClassField *open = first_open(cls);
    bool finalizes = cls->slot[SLOT_FINALIZE].function != NULL;

    if (!cls->has_gc || cls->is_module || finalizes) {
        return;
    }
    if (cls->slot[SLOT_CLEAR].function == NULL) {
        bool inherits = !cls->own_gc_flag || cls->slot[SLOT_TRAVERSE].function == NULL;

        if (!inherits && (open != NULL || loses_clear(cls))) {
            report_absent(cx, cls, open);
        }
        return;
    }
    for (uint32_t i = 0; i < cls->nfields && cls->slot[SLOT_CLEAR].own; i++) {
        if (closes(&cls->field[i]) && cls->field[i].settable_late && !cls->field[i].cleared &&
            !cls->calls_base_clear) {
            report_field(cx, cls, &cls->field[i]);
        }
    }
}

const Rule rule_gc_clear_missing = {
    .info = {.id = "gc-clear-missing", .title = "Ring that the collector cannot break",
             .summary = "A type takes part in garbage collection, but no tp_clear drops the references "
                        "through which a ring can run.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_MEDIUM, .cwe = 401,
             .page = page_gc_clear_missing},
    .on_class = on_class,
};

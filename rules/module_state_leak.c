/* module_state_leak.c: a module's state owns what a field holds, and m_clear and m_free never
 * release it. */
#include <string.h>

#include "classes/view.h"
#include "engine/rule.h"

/* The module's functions that should know the field: "neither f nor g", "no m_clear or m_free". */
static const char *
releasers(Arena *arena, const Class *cls, const char *last)
{
    const char *clear = cls->slot[SLOT_CLEAR].function, *end = cls->slot[SLOT_DEALLOC].function;

    if (clear == NULL && end == NULL) {
        return arena_printf(arena, "it has no m_clear or m_free that %s", last);
    }
    if (clear == NULL || end == NULL || strcmp(clear, end) == 0) {
        return arena_printf(arena, "%s never %s", clear != NULL ? clear : end, last);
    }
    return arena_printf(arena, "neither %s nor %s %s", clear, end, last);
}

static void
check_field(ClassCtx *cx, const Class *cls, const ClassField *field)
{
    Arena *arena = class_arena(cx);
    const ClassSlot *clear = &cls->slot[SLOT_CLEAR], *end = &cls->slot[SLOT_DEALLOC];
    const ClassSlot *slot = clear->own ? clear : end;
    const char *traverse = cls->slot[SLOT_TRAVERSE].function;
    bool harmless = (field->holds & ~(unsigned)HOLD_ATOM) == 0;
    ClassReport how = {
        .loc = slot->own ? slot->loc : cls->loc,
        .function = slot->own ? slot->function : cls->symbol,
        .object = arena_printf(arena, "state->%s", field->name),
        .message = arena_printf(arena, "the state of module %s owns '%s', but %s%s", cls->name,
                                field->name, releasers(arena, cls, "releases it"),
                                field->visited || harmless ? ""
                                : traverse != NULL
                                    ? arena_printf(arena, ", and %s does not visit it", traverse)
                                    : ", and no m_traverse visits it"),
        .fix = arena_printf(arena, "add Py_CLEAR(state->%s) to %s, and call that from m_free%s",
                            field->name, clear->own ? clear->function : "an m_clear",
                            field->visited || harmless
                                ? "" : "; visit it in m_traverse with Py_VISIT"),
        .last = arena_printf(arena, "what '%s' holds is lost with the module", field->name),
        .steps = {&field->store},
        .nsteps = 1,
        .confidence = field->on_demand ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM,
    };

    class_report(cx, cls, &how);
}

/* Structs of several modules can have one name; then the file tells whose field it is. */
static bool
is_its_own(const Class *cls, const ClassField *field)
{
    return cls->own_record || (field->store.loc.file != NULL && cls->loc.file != NULL &&
                               strcmp(field->store.loc.file, cls->loc.file) == 0);
}

static bool
is_foreign(const ClassSlot *slot)
{
    return slot->function != NULL && !slot->own;
}

static void
on_class(ClassCtx *cx, const Class *cls)
{
    if (!cls->has_state || cls->releases_unseen || is_foreign(&cls->slot[SLOT_CLEAR]) ||
        is_foreign(&cls->slot[SLOT_DEALLOC])) {
        return;
    }
    for (uint32_t i = 0; i < cls->nfields; i++) {
        const ClassField *field = &cls->field[i];

        if (field->owned && field->stored && !field->released && !field->cleared &&
            !field->buffer && !field->weaklist && is_its_own(cls, field)) {
            check_field(cx, cls, field);
        }
    }
}

const Rule rule_module_state_leak = {
    .info = {.id = "module-state-leak", .title = "Field of a module's state that is not released",
             .summary = "A module's state owns what a field holds, but m_clear and m_free never "
                        "release it.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 401,
             .page = page_module_state_leak},
    .on_class = on_class,
};

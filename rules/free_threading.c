/* free_threading.c: something is borrowed from a container that other threads may change. */
#include "engine/rule.h"

typedef struct Twin { /* who gives a new reference instead */
    const char *getter, *twin;
    unsigned since;
    const char *loss; /* what another thread may do meanwhile */
} Twin;

#define REMOVE "may remove it at once"

static const Twin twins[] = {
    {"PyList_GetItem", "PyList_GetItemRef", 313, REMOVE},
    {"PyList_GET_ITEM", "PyList_GetItemRef", 313, REMOVE},
    {"PyDict_GetItem", "PyDict_GetItemRef", 313, REMOVE},
    {"PyDict_GetItemWithError", "PyDict_GetItemRef", 313, REMOVE},
    {"PyDict_GetItemString", "PyDict_GetItemStringRef", 313, REMOVE},
    {"PyDict_SetDefault", "PyDict_SetDefaultRef", 313, REMOVE},
    {"PyCell_GET", "PyCell_Get", 0, "may set the cell anew"},
    {"PyWeakref_GetObject", "PyWeakref_GetRef", 313, "may drop the last reference to it"},
    {"PyWeakref_GET_OBJECT", "PyWeakref_GetRef", 313, "may drop the last reference to it"},
    {"PyImport_AddModule", "PyImport_AddModuleRef", 313, REMOVE},
};

static const Twin *
find_twin(const char *getter)
{
    for (size_t i = 0; i < COUNT_OF(twins); i++) {
        if (text_equal(twins[i].getter, getter)) {
            return &twins[i];
        }
    }
    return NULL;
}

static void
on_thread(RuleCtx *rx, const ThreadEvent *event)
{
    Arena *arena = rule_arena(rx);
    const Twin *twin = find_twin(event->getter);
    const char *name = object_name(event->object), *message, *fix;
    if (twin) {
        const char *help = rule_python(rx) >= twin->since
                               ? ""
                               : " (Python 3.13; pythoncapi_compat.h has it for older ones)";
        message = arena_printf(arena, "%s borrows from '%s', and without the GIL another thread %s",
                               event->getter, name, twin->loss);
        fix = arena_printf(arena, "take a reference of your own with %s%s, and release it after "
                                  "the last use", twin->twin, help);
    }
    else {
        message = arena_printf(arena, "%s goes over '%s', and without the GIL another thread may "
                                      "change it meanwhile", event->getter, name);
        fix = arena_printf(arena, "go over '%s' within Py_BEGIN_CRITICAL_SECTION(%s) and "
                                  "Py_END_CRITICAL_SECTION() (Python 3.13), or over a copy", name,
                           name);
    }
    rule_report(rx, event->object, message, fix);
}

const Rule rule_free_threading = {
    .info = {.id = "free-threading", .title = "Borrowed from what other threads may change",
             .summary = "Without the GIL, what is borrowed from a list, dict or weak reference "
                        "that other threads have may be gone before it is used.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_MEDIUM, .cwe = 362,
             .page = page_free_threading, .on_request = true},
    .on_thread = on_thread,
};

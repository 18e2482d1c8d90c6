/* store_borrowed.c: a field or global that releases what it holds is left with a
 * reference that nobody took. */
#include "engine/rule.h"

static void
on_store(RuleCtx *rx, const StoreEvent *event)
{
    Arena *arena = rule_arena(rx);
    const char *name = object_name(event->object);
    rule_report(rx, event->object,
                arena_printf(arena, "'%s' keeps a borrowed reference to '%s', and releases it "
                                    "later", event->place, name),
                arena_printf(arena, "store Py_NewRef(%s), or Py_INCREF(%s) before the store",
                             name, name));
}

const Rule rule_store_borrowed = {
    .info = {.id = "store-borrowed", .title = "Borrowed reference stored",
             .summary = "A borrowed reference is stored in a field or global that releases "
                        "what it holds: it is released once too often.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 911,
             .page = page_store_borrowed},
    .on_store = on_store,
};

/* classes.c: strayref classes: the extension types of a project and what becomes of the
 * objects that their instances hold.
 */
#include "classes/classes.h"

#include <jansson.h>
#include <string.h>

#include "driver/driver.h"

static bool
is_named(const Class *cls, const Options *options, const Scan *scan)
{
    for (uint32_t i = 0; i < options->npaths; i++) {
        const char *path = path_absolute(scan->arena, NULL, options->paths[i]);

        if (cls->loc.file != NULL && path_is_below(cls->loc.file, path)) {
            return true;
        }
    }
    return options->npaths == 0 &&
           (cls->loc.file == NULL || path_is_below(cls->loc.file, scan->jobs.root));
}

static const char *
owner_text(const ClassField *field)
{
    return field->weaklist ? "weak references" : field->owned ? "owner"
           : field->borrowed ? "borrower" : "unknown";
}

static const char *
yes_no(bool yes)
{
    return yes ? "yes" : "no";
}

/* "heap type, HAVE_GC, BASETYPE, base PyList_Type". */
static const char *
kind_text(Arena *arena, const Class *cls)
{
    const char *base = cls->base != NULL ? cls->base->name : cls->base_name;
    const char *kind = cls->is_module ? "module" : cls->is_sequence ? "struct sequence" : cls->is_heap ? "heap type" : "static type";
    const char *gc = cls->is_module       ? ""
                     : cls->own_gc_flag ? ", HAVE_GC"
                     : cls->has_gc      ? ", HAVE_GC inherited" : "";

    return arena_printf(arena, "%s%s%s%s%s%s%s%s", kind, gc,
                        cls->basetype ? ", BASETYPE" : "",
                        cls->managed_dict ? ", MANAGED_DICT" : "",
                        cls->managed_weakref ? ", MANAGED_WEAKREF" : "",
                        cls->weaklist ? ", weak references" : "",
                        base != NULL ? ", base " : cls->is_opaque ? ", base not known" : "",
                        base != NULL ? base : "");
}

/* ---- text --------------------------------------------------------------------------- */

static void
put_text_class(Arena *arena, const Class *cls)
{
    printf("%s  %s:%u\n    %s%s%s\n", cls->name,
           cls->loc.file != NULL ? path_shown(arena, cls->loc.file) : "?", cls->loc.line,
           cls->record[0] != '\0' ? "struct " : "", cls->record,
           arena_printf(arena, "%s%s", cls->record[0] != '\0' ? ", " : "",
                        kind_text(arena, cls)));
    printf(cls->is_module ? "    m_free %s, m_traverse %s, m_clear %s\n"
                          : "    tp_dealloc %s, tp_traverse %s, tp_clear %s\n",
           cls->slot[SLOT_DEALLOC].function != NULL ? cls->slot[SLOT_DEALLOC].function : "-",
           cls->slot[SLOT_TRAVERSE].function != NULL ? cls->slot[SLOT_TRAVERSE].function : "-",
           cls->slot[SLOT_CLEAR].function != NULL ? cls->slot[SLOT_CLEAR].function : "-");
    if (cls->nfields > 0) {
        printf("    %-24s %-15s %-8s %-8s %-8s  %s\n", "field", "owner", "visited", "cleared",
               "released", "can hold");
    }
    for (uint32_t i = 0; i < cls->nfields; i++) {
        const ClassField *field = &cls->field[i];

        printf("    %-24s %-15s %-8s %-8s %-8s  %s\n", field->name, owner_text(field),
               yes_no(field->visited && !field->early_exit), yes_no(field->cleared), yes_no(field->released),
               hold_text(arena, field));
    }
    printf("\n");
}

/* ---- JSON --------------------------------------------------------------------------- */

static json_t *
field_json(Arena *arena, const ClassField *field)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:b, s:b}", "name", field->name, "owner",
                     owner_text(field), "can_hold", hold_text(arena, field), "visited",
                     field->visited && !field->early_exit, "cleared", field->cleared, "released", field->released);
}

static json_t *
class_json(const Scan *scan, const Class *cls)
{
    json_t *fields = json_array(), *slots = json_object();
    static const struct {
        const char *name;
        SlotId id;
    } shown[] = {{"tp_dealloc", SLOT_DEALLOC}, {"tp_traverse", SLOT_TRAVERSE},
                 {"tp_clear", SLOT_CLEAR},     {"tp_new", SLOT_NEW},
                 {"tp_init", SLOT_INIT},       {"tp_free", SLOT_FREE},
                 {"tp_finalize", SLOT_FINALIZE}};

    for (uint32_t i = 0; i < cls->nfields; i++) {
        json_array_append_new(fields, field_json(scan->arena, &cls->field[i]));
    }
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        if (cls->slot[shown[i].id].function != NULL) {
            json_object_set_new(slots, shown[i].name,
                                json_string(cls->slot[shown[i].id].function));
        }
    }
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:b, s:b, s:s?, s:o, s:o}", "name", cls->name,
                     "symbol", cls->symbol, "file",
                     cls->loc.file != NULL
                         ? path_relative(scan->arena, scan->jobs.root, cls->loc.file) : "",
                     "line", (int)cls->loc.line, "struct", cls->record, "heap", cls->is_heap, "gc",
                     cls->has_gc, "basetype", cls->basetype, "base",
                     cls->base != NULL ? cls->base->name : cls->base_name, "slots", slots, "fields",
                     fields);
}

/* ---- the command -------------------------------------------------------------------------- */

static void
put_classes(const Scan *scan, const Options *options, const ClassTable *table)
{
    bool json = text_equal(options->format, "json");
    json_t *list = json ? json_array() : NULL;

    for (uint32_t i = 0; i < table->n; i++) {
        if (is_named(table->at[i], options, scan) &&
            (!table->at[i]->is_module || table->at[i]->nfields > 0)) {
            if (json) {
                json_array_append_new(list, class_json(scan, table->at[i]));
            }
            else {
                put_text_class(scan->arena, table->at[i]);
            }
        }
    }
    if (json) {
        json_dumpf(list, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(list);
    }
}

int
command_classes(Arena *arena, const Options *options)
{
    Options whole = *options;
    Error error = {0};
    ClassTable table;
    Scan scan;

    if (options->format != NULL && !text_equal(options->format, "json") &&
        !text_equal(options->format, "text")) {
        error_set(&error, ERROR_USAGE, "--format %s: classes are written as text or json",
                  options->format);
        return say_error(&error);
    }
    if (options->database != NULL) {
        whole.npaths = 0; /* what one file says of a type may stand in another */
    }
    if (!scan_run(arena, &whole, &scan, &error)) {
        return say_error(&error);
    }
    table = classes_find(arena, scan.strings, scan.program, scan.model);
    put_classes(&scan, options, &table);
    return scan.result.nfailed > 0 ? EXIT_INCOMPLETE : EXIT_CLEAN;
}

/* tables.c: static tables that the C-API reads: methods, members, slots, types, and the empty
 * entries that end them.
 */
#include <stdlib.h>
#include <string.h>

#include "contracts/private.h"

int64_t
entry_index(const char *path, const char **field)
{
    char *end;
    int64_t index;

    *field = path;
    if (path[0] != '[') {
        return -1;
    }
    index = (int64_t)strtoul(path + 1, &end, 10);
    *field = *end == ']' ? end + 1 : end;
    *field += **field == '.';
    return index;
}

/* Arrays that end with an empty entry: the struct, and the field that is 0 there. */
static const struct {
    const char *record, *field;
} arrays[] = {
    {"PyMethodDef", "ml_name"}, {"PyMemberDef", "name"}, {"PyGetSetDef", "name"},
    {"PyModuleDef_Slot", "slot"}, {"PyType_Slot", "slot"}, {"PyStructSequence_Field", "name"},
};

/* The index of the struct above that a variable is an array of, or -1. */
static int
array_kind(const Type *type)
{
    if (type == NULL || type->kind != TYPE_ARRAY || type->count == 0 || type->to == NULL ||
        type->to->kind != TYPE_RECORD) {
        return -1;
    }
    for (size_t i = 0; i < COUNT_OF(arrays); i++) {
        if (text_equal(type->to->tag, arrays[i].record)) {
            return (int)i;
        }
    }
    return -1;
}

void
end_check(Contracts *cx, const Decl *decl)
{
    int kind = array_kind(decl->type);
    const Table *table = kind >= 0 ? map_get_ptr(&cx->tables, decl->usr) : NULL;
    void **seen = table != NULL ? map_put_ptr(&cx->ended, decl->usr) : NULL;

    if (seen == NULL || *seen != NULL) {
        return;
    }
    *seen = (void *)(uintptr_t)table;
    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];
        const char *field;
        int64_t index = entry_index(entry->path, &field);

        if (index == (int64_t)decl->type->count - 1 && text_equal(field, arrays[kind].field) &&
            (entry->val.kind == VAL_STR || (entry->val.kind == VAL_INT && entry->val.num != 0))) {
            tell(cx, &(Mismatch){.kind = MISMATCH_SENTINEL, .loc = entry->loc,
                                 .function = decl->name, .callee = arrays[kind].record,
                                 .name = decl->name, .wants = "{0}"});
        }
    }
}

/* One entry of a type, of the tables that it points to, of a module, or of a spec. */
static void
entry_check(Contracts *cx, const Table *table, const TableEntry *entry, const char *slot)
{
    if (entry->val.kind == VAL_FUNC) {
        signature_check(cx, table->decl->name, entry, slot, signature_of(slot));
    }
    else if (entry->val.kind == VAL_GLOBAL &&
             (text_equal(slot, "tp_methods") || text_equal(slot, "tp_members") ||
              text_equal(slot, "tp_getset") || text_equal(slot, "m_methods") ||
              text_equal(slot, "m_slots") || text_equal(slot, "slots") ||
              text_equal(slot, "fields"))) {
        end_check(cx, entry->val.decl);
    }
}

static void
slots_check(Contracts *cx, const Table *table)
{
    const char *slot = "";

    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];

        if (text_ends(entry->path, ".slot")) {
            slot = entry->val.kind == VAL_INT ? slot_called(entry->val.num) : "";
        }
        else if (text_ends(entry->path, ".pfunc")) {
            entry_check(cx, table, entry, slot);
        }
    }
}

static void
getset_check(Contracts *cx, const Table *table)
{
    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];
        const char *field;

        entry_index(entry->path, &field);
        if (entry->val.kind == VAL_FUNC) {
            signature_check(cx, table->decl->name, entry,
                            text_equal(field, "set") ? "a setter" : "a getter",
                            text_equal(field, "set") ? "ioop" : "oop");
        }
    }
}

static void
plain_check(Contracts *cx, const Table *table)
{
    for (uint32_t e = 0; e < table->nentry; e++) {
        const char *dot = strrchr(table->entry[e].path, '.');

        entry_check(cx, table, &table->entry[e], dot != NULL ? dot + 1 : table->entry[e].path);
    }
}

void
table_check(Contracts *cx, const Table *table)
{
    static const char *const plain[] = {
        "PyTypeObject", "_typeobject", "PyNumberMethods", "PySequenceMethods", "PyMappingMethods",
        "PyAsyncMethods", "PyBufferProcs", "PyModuleDef", "PyType_Spec", "PyStructSequence_Desc",
    };
    const Type *type = table->decl->type;
    const Type *record = type != NULL && type->kind == TYPE_ARRAY ? type->to : type;

    if (record == NULL || record->kind != TYPE_RECORD) {
        return;
    }
    if (text_equal(record->tag, "PyMethodDef")) {
        methods_check(cx, table);
    }
    else if (text_equal(record->tag, "PyMemberDef")) {
        members_check(cx, table);
    }
    else if (text_equal(record->tag, "PyGetSetDef")) {
        getset_check(cx, table);
    }
    else if (text_equal(record->tag, "PyType_Slot")) {
        slots_check(cx, table);
    }
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        if (text_equal(record->tag, plain[i])) {
            plain_check(cx, table);
        }
    }
}

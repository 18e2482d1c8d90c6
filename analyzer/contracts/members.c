/* members.c: the type codes of PyMemberDef tables against the fields whose offsets they name. */
#include <string.h>

#include "contracts/private.h"

typedef enum Holds { IS_INT, IS_FLOAT, IS_OBJECT, IS_TEXT, IS_CHARS, IS_NOTHING } Holds;

/* By code, from structmember.h (since 3.12 Py_T_ in descrobject.h). */
static const struct {
    const char *name;
    Holds holds;
    uint8_t bits;
} codes[] = {
    [0] = {"T_SHORT", IS_INT, 16},    [1] = {"T_INT", IS_INT, 32},
    [2] = {"T_LONG", IS_INT, 64},     [3] = {"T_FLOAT", IS_FLOAT, 32},
    [4] = {"T_DOUBLE", IS_FLOAT, 64}, [5] = {"T_STRING", IS_TEXT, 0},
    [6] = {"T_OBJECT", IS_OBJECT, 0}, [7] = {"T_CHAR", IS_INT, 8},
    [8] = {"T_BYTE", IS_INT, 8},      [9] = {"T_UBYTE", IS_INT, 8},
    [10] = {"T_USHORT", IS_INT, 16},  [11] = {"T_UINT", IS_INT, 32},
    [12] = {"T_ULONG", IS_INT, 64},   [13] = {"T_STRING_INPLACE", IS_CHARS, 0},
    [14] = {"T_BOOL", IS_INT, 8},     [16] = {"T_OBJECT_EX", IS_OBJECT, 0},
    [17] = {"T_LONGLONG", IS_INT, 64}, [18] = {"T_ULONGLONG", IS_INT, 64},
    [19] = {"T_PYSSIZET", IS_INT, 64},
};

static bool
field_fits(const Type *type, Holds holds, uint8_t bits)
{
    const Type *element = type;

    while (element != NULL && element->kind == TYPE_ARRAY) {
        element = element->to;
    }
    if (element == NULL || element->kind == TYPE_RECORD || element->kind == TYPE_OTHER) {
        return true;
    }
    switch (holds) {
    case IS_INT:
        return element->kind == TYPE_INT ? (element->bits < 8 ? 8 : element->bits) == bits
                                         : element->kind == TYPE_PTR && bits == 64;
    case IS_FLOAT:
        return element->kind == TYPE_FLOAT && element->bits == bits;
    case IS_OBJECT:
        return element->kind == TYPE_PTR && type->kind != TYPE_ARRAY &&
               (element->to == NULL || element->to->kind == TYPE_RECORD ||
                element->to->kind == TYPE_VOID);
    case IS_TEXT:
        return element->kind == TYPE_PTR && !type_is_object(element);
    case IS_CHARS:
        return type->kind == TYPE_ARRAY && element->kind == TYPE_INT;
    default:
        return true;
    }
}

static void
member_check(Contracts *cx, const Table *table, Str name, int64_t code, const TableEntry *offset)
{
    bool special = name != NULL && text_starts(name, "__") && text_ends(name, "offset__");

    if (code < 0 || code >= (int64_t)COUNT_OF(codes) || codes[code].name == NULL || special ||
        offset->field == NULL || field_fits(offset->type, codes[code].holds, codes[code].bits)) {
        return;
    }
    tell(cx, &(Mismatch){.kind = MISMATCH_MEMBER, .loc = offset->loc,
                         .function = table->decl->name, .callee = "PyMemberDef",
                         .name = offset->field, .unit = codes[code].name,
                         .has = offset->type->kind == TYPE_ARRAY
                                    ? arena_printf(cx->arena, "an array of %llu",
                                                   (unsigned long long)offset->type->count)
                                    : type_words(cx->arena, offset->type)});
}

void
members_check(Contracts *cx, const Table *table)
{
    Str name = NULL;
    int64_t code = -1, at = -1;

    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];
        const char *field;
        int64_t index = entry_index(entry->path, &field);

        if (index != at) {
            name = NULL;
            code = -1;
            at = index;
        }
        if (text_equal(field, "name") && entry->val.kind == VAL_STR) {
            name = entry->val.str;
        }
        else if (text_equal(field, "type") && entry->val.kind == VAL_INT) {
            code = entry->val.num;
        }
        else if (text_equal(field, "offset")) {
            member_check(cx, table, name, code, entry);
        }
    }
}

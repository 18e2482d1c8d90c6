/* clang_type.c: turns libclang's types into Types.
 *
 * They are asked for at every step, so each is translated once and remembered by
 * clang's own pointer.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/clang.h"

/* ---- records ------------------------------------------------------------------------ */

void
clang_note_typedef(Tu *tu, CXCursor cursor)
{
    CXType type = clang_getCanonicalType(clang_getTypedefDeclUnderlyingType(cursor));
    void **place;

    if (type.kind != CXType_Record) {
        return;
    }
    place = map_put(&tu->typedefs,
                    cursor_key(clang_getCanonicalCursor(clang_getTypeDeclaration(type))));
    if (*place == NULL) {
        *place = (void *)cursor_name(tu, cursor);
        if (tu->noted != NULL) {
            const char *usr =
                clang_text(tu->scratch, clang_getCursorUSR(clang_getTypeDeclaration(type)));
            const char *name = *place;

            *map_put(tu->noted, hash_bytes(usr, strlen(usr), 0)) =
                arena_strndup(tu->noted_arena, name, strlen(name));
        }
    }
}

/* The typedef's name, else the tag, else "". */
static Str
record_tag(Tu *tu, CXCursor decl)
{
    Str name = map_get(&tu->typedefs, cursor_key(clang_getCanonicalCursor(decl)));

    if (name == NULL && tu->tags != NULL) {
        const char *usr = clang_text(tu->scratch, clang_getCursorUSR(decl));
        const char *tag = map_get(tu->tags, hash_bytes(usr, strlen(usr), 0));

        name = tag != NULL ? str_intern(tu->unit->strings, tag) : NULL;
    }
    if (name != NULL) {
        return name;
    }
    name = cursor_name(tu, decl);
    return strchr(name, ' ') != NULL ? str_intern(tu->unit->strings, "") : name;
}

static bool
is_unnamed_bit_field(CXCursor field, Str name)
{
    return name[0] == '\0' && clang_Cursor_isBitField(field);
}

static Members *
collect_members(Tu *tu, CXCursor decl)
{
    Members *members = ARENA_NEW(tu->arena, Members);
    Cursors children = cursor_children(tu, decl);

    members->at = ARENA_ARRAY(tu->arena, Member, children.n);
    for (uint32_t i = 0; i < children.n; i++) {
        CXCursor child = children.at[i];
        Member member = {.name = str_intern(tu->unit->strings, ""),
                         .type = clang_getCursorType(child), .decl = child};

        if (clang_getCursorKind(child) == CXCursor_FieldDecl) {
            member.name = cursor_name(tu, child);
            if (is_unnamed_bit_field(child, member.name)) {
                continue;
            }
        }
        else if (clang_getCursorKind(child) != CXCursor_CXXBaseSpecifier
                 && !clang_Cursor_isAnonymousRecordDecl(child)) {
            continue;
        }
        members->at[members->n++] = member;
    }
    return members;
}

typedef struct FieldList {
    Tu *tu;
    VEC(Member) fields;
} FieldList;

static enum CXVisitorResult
collect_field(CXCursor field, CXClientData data)
{
    FieldList *list = data;
    Member member = {.name = cursor_name(list->tu, field), .type = clang_getCursorType(field),
                     .decl = field};

    VEC_PUSH(list->tu->arena, &list->fields, member);
    return CXVisit_Continue;
}

/* Of a class that a template was turned into only the fields are shown. */
static Members *
collect_made_members(Tu *tu, CXType record)
{
    Members *members = ARENA_NEW(tu->arena, Members);
    FieldList list = {.tu = tu};

    clang_Type_visitFields(clang_getCanonicalType(record), collect_field, &list);
    members->at = list.fields.at;
    members->n = list.fields.n;
    return members;
}

const Members *
clang_members(Tu *tu, CXType record)
{
    CXCursor decl = clang_getTypeDeclaration(clang_getCanonicalType(record));
    CXCursor definition = clang_getCursorDefinition(decl);
    uint64_t key = cursor_key(clang_getCanonicalCursor(decl));
    Members *members = map_get(&tu->members, key);

    if (members == NULL) {
        members = clang_Cursor_isNull(clang_getSpecializedCursorTemplate(decl))
            ? collect_members(tu, clang_Cursor_isNull(definition) ? decl : definition)
            : collect_made_members(tu, record);
        *map_put(&tu->members, key) = members;
    }
    return members;
}

/* Python's records whose contents some versions or the limited interface hide. */
static bool
is_opaque_object(const char *tag)
{
    static const char *const tags[] = {"_object", "_typeobject", "_frame", "_longobject",
                                       "PyCodeObject", "_PyWeakReference"};

    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        if (text_equal(tag, tags[i])) {
            return true;
        }
    }
    return false;
}

static bool
record_is_object(Tu *tu, CXType type, CXCursor decl)
{
    const Members *members;
    const Type *first;

    if (is_opaque_object(cursor_name(tu, decl))) {
        return true;
    }
    members = clang_members(tu, type);
    if (members->n == 0 || clang_getCanonicalType(members->at[0].type).kind != CXType_Record) {
        return false;
    }
    first = clang_type(tu, members->at[0].type);
    return first->is_object;
}

static const Type *
record_type(Tu *tu, CXType type)
{
    CXCursor decl = clang_getTypeDeclaration(type);
    bool is_union = clang_getCursorKind(decl) == CXCursor_UnionDecl;

    return type_intern(tu->unit, (Type){.kind = TYPE_RECORD, .tag = record_tag(tu, decl),
                                        .is_union = is_union,
                                        .is_object = !is_union
                                            && record_is_object(tu, type, decl)});
}

/* ---- types ------------------------------------------------------------------------------ */

static unsigned
bits_of(CXType type)
{
    long long size = clang_Type_getSizeOf(type);

    return size <= 0 || size > 16 ? 0 : (unsigned)size * 8;
}

static const Type *
array_type(Tu *tu, CXType type)
{
    long long count = clang_getArraySize(type);

    return type_intern(tu->unit,
                       (Type){.kind = TYPE_ARRAY,
                              .to = clang_type(tu, clang_getArrayElementType(type)),
                              .count = count > 0 ? (uint64_t)count : 0});
}

static const Type *
enum_type(Tu *tu, CXType type)
{
    CXType base = clang_getEnumDeclIntegerType(clang_getTypeDeclaration(type));

    return base.kind == CXType_Invalid ? type_int(tu->unit, 32, true) : clang_type(tu, base);
}

/* A parameter of the template whose pattern is being lowered. */
static const Type *
dependent_type(Tu *tu, CXType type)
{
    static const char prefix[] = "type-parameter-0-";
    const char *name = clang_text(tu->scratch, clang_getTypeSpelling(type));
    CXType argument = {.kind = CXType_Invalid};

    if (tu->made_from.kind != CXType_Invalid && text_starts(name, prefix)) {
        argument = clang_Type_getTemplateArgumentAsType(
            tu->made_from, (unsigned)strtoul(name + strlen(prefix), NULL, 10));
    }
    if (argument.kind == CXType_Invalid) {
        return type_intern(tu->unit, (Type){.kind = TYPE_OTHER});
    }
    tu->is_dependent = true;
    return clang_type(tu, argument);
}

static const Type *
translate_type(Tu *tu, CXType type)
{
    switch (type.kind) {
    case CXType_Void:
        return type_void(tu->unit);
    case CXType_Bool:
        return type_int(tu->unit, 1, true);
    case CXType_Char_U:
    case CXType_UChar:
    case CXType_Char16:
    case CXType_Char32:
    case CXType_UShort:
    case CXType_UInt:
    case CXType_ULong:
    case CXType_ULongLong:
    case CXType_UInt128:
        return type_int(tu->unit, bits_of(type), true);
    case CXType_Char_S:
    case CXType_SChar:
    case CXType_WChar:
    case CXType_Short:
    case CXType_Int:
    case CXType_Long:
    case CXType_LongLong:
    case CXType_Int128:
        return type_int(tu->unit, bits_of(type), false);
    case CXType_Enum:
        return enum_type(tu, type);
    case CXType_Half:
    case CXType_Float16:
    case CXType_Float:
    case CXType_Double:
    case CXType_LongDouble:
    case CXType_Float128:
        return type_intern(tu->unit, (Type){.kind = TYPE_FLOAT,
                                            .bits = (uint8_t)bits_of(type)});
    case CXType_NullPtr:
        return type_ptr(tu->unit, type_void(tu->unit));
    case CXType_Pointer:
    case CXType_BlockPointer:
    case CXType_LValueReference:
    case CXType_RValueReference:
        return type_ptr(tu->unit, clang_type(tu, clang_getPointeeType(type)));
    case CXType_ConstantArray:
    case CXType_IncompleteArray:
    case CXType_VariableArray:
        return array_type(tu, type);
    case CXType_FunctionProto:
    case CXType_FunctionNoProto:
        return type_intern(tu->unit,
                           (Type){.kind = TYPE_FUNC,
                                  .to = clang_type(tu, clang_getResultType(type))});
    case CXType_Record:
        return record_type(tu, type);
    case CXType_Atomic:
        return clang_type(tu, clang_Type_getValueType(type));
    case CXType_Unexposed:
        return dependent_type(tu, type);
    default:
        return type_intern(tu->unit, (Type){.kind = TYPE_OTHER});
    }
}

const Type *
clang_type(Tu *tu, CXType type)
{
    const Type *known = map_get_ptr(&tu->types, type.data[0]);
    bool outer = tu->is_dependent;

    if (known == NULL) {
        tu->is_dependent = false;
        known = translate_type(tu, clang_getCanonicalType(type));
        if (!tu->is_dependent) { /* else another class may give another type */
            *map_put_ptr(&tu->types, type.data[0]) = (void *)known;
        }
        tu->is_dependent = tu->is_dependent || outer;
    }
    return known;
}

/* libclang shows parameters, and what is computed from them, with the array or
 * function type they were written with.  True when a pointer is meant: for all
 * but the places that arrays and functions have. */
static bool
is_decayed(Tu *tu, CXCursor cursor)
{
    CXCursor inner = cursor_peel(tu, cursor);

    switch (clang_getCursorKind(inner)) {
    case CXCursor_DeclRefExpr:
        return clang_getCursorKind(clang_getCursorReferenced(inner)) == CXCursor_ParmDecl;
    case CXCursor_UnaryOperator:
        return clang_getCursorUnaryOperatorKind(inner) != CXUnaryOperator_Deref;
    case CXCursor_ParmDecl:
    case CXCursor_BinaryOperator:
    case CXCursor_CompoundAssignOperator:
    case CXCursor_ConditionalOperator:
    case CXCursor_CStyleCastExpr:
    case CXCursor_StmtExpr:
    case CXCursor_CallExpr:
        return true;
    default:
        return false;
    }
}

const Type *
cursor_type(Tu *tu, CXCursor cursor)
{
    const Type *type = clang_type(tu, clang_getCursorType(cursor));

    if ((type->kind != TYPE_ARRAY && type->kind != TYPE_FUNC) || !is_decayed(tu, cursor)) {
        return type;
    }
    return type_ptr(tu->unit, type->kind == TYPE_ARRAY ? type->to : type);
}

/* clang_type.c: turns libclang's types and declarations into Types and Decls.
 *
 * Both are asked for at every step, so each is translated once and remembered
 * by clang's own pointer.
 */
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
    }
}

/* The typedef's name, else the tag, else "". */
static Str
record_tag(Tu *tu, CXCursor decl)
{
    Str name = map_get(&tu->typedefs, cursor_key(clang_getCanonicalCursor(decl)));

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

const Members *
clang_members(Tu *tu, CXType record)
{
    CXCursor decl = clang_getTypeDeclaration(clang_getCanonicalType(record));
    CXCursor definition = clang_getCursorDefinition(decl);
    uint64_t key = cursor_key(clang_getCanonicalCursor(decl));
    Members *members = map_get(&tu->members, key);

    if (members == NULL) {
        members = collect_members(tu, clang_Cursor_isNull(definition) ? decl : definition);
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
    default:
        return type_intern(tu->unit, (Type){.kind = TYPE_OTHER});
    }
}

const Type *
clang_type(Tu *tu, CXType type)
{
    const Type *known = map_get_ptr(&tu->types, type.data[0]);

    if (known == NULL) {
        known = translate_type(tu, clang_getCanonicalType(type));
        *map_put_ptr(&tu->types, type.data[0]) = (void *)known;
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

/* ---- declarations -------------------------------------------------------------------------- */

/* What a parameter is, in the words of the facts language. */
static const char *
param_kind(const Type *type)
{
    if (type_is_object(type)) {
        return "";
    }
    if (type_is_object_ptr(type)) {
        return ":objp";
    }
    if (type->kind != TYPE_PTR && type->kind != TYPE_ARRAY) {
        return ":int";
    }
    return type->to != NULL && type->to->kind == TYPE_INT && type->to->bits == 8 ? ":str"
                                                                                 : ":ptr";
}

/* "strayref:prototype(list, n:int, out:objp) obj": what an annotation that speaks of
 * parameters by number needs to know. */
static Str
prototype_text(Tu *tu, CXCursor function)
{
    const Type *result = clang_type(tu, clang_getCursorResultType(function));
    int n = clang_Cursor_getNumArguments(function);
    bool variadic = clang_isFunctionTypeVariadic(clang_getCursorType(function)) != 0;
    StrBuf out;

    strbuf_init(&out, tu->scratch);
    strbuf_puts(&out, "strayref:prototype(");
    for (int i = 0; i < n; i++) {
        CXCursor param = clang_Cursor_getArgument(function, (unsigned)i);
        Str name = cursor_name(tu, param);

        strbuf_puts(&out, i > 0 ? ", " : "");
        if (name[0] != '\0') {
            strbuf_puts(&out, name);
        }
        else {
            strbuf_printf(&out, "arg%d", i + 1);
        }
        strbuf_puts(&out, param_kind(clang_type(tu, clang_getCursorType(param))));
    }
    strbuf_printf(&out, "%s) %s", !variadic ? "" : n > 0 ? ", ..." : "...",
                  type_is_object(result)      ? "obj"
                  : result->kind == TYPE_VOID ? "void"
                  : result->kind == TYPE_PTR  ? "ptr"
                                              : "int");
    return str_intern(tu->unit->strings, out.text);
}

/* What attributes say that types do not: the unexposed ones are told apart
 * by the word they are written with. */
static void
read_attributes(Tu *tu, CXCursor cursor, Decl *decl)
{
    Cursors children = cursor_children(tu, cursor);
    VEC(Str) annotations = {0};

    for (uint32_t i = 0; i < children.n; i++) {
        enum CXCursorKind kind = clang_getCursorKind(children.at[i]);

        if (kind == CXCursor_AnnotateAttr) {
            VEC_PUSH(tu->unit->arena, &annotations, cursor_name(tu, children.at[i]));
        }
        else if (kind == CXCursor_UnexposedAttr && decl->is_func) {
            Str word = cursor_word(tu, children.at[i]);

            decl->is_noreturn = decl->is_noreturn || text_equal(word, "_Noreturn")
                || text_equal(word, "noreturn") || text_equal(word, "__noreturn__");
        }
    }
    if (annotations.n > 0 && decl->is_func) {
        VEC_PUSH(tu->unit->arena, &annotations, prototype_text(tu, cursor));
    }
    decl->annotation = annotations.at;
    decl->nannotation = annotations.n;
}

static bool
type_is_noreturn(Tu *tu, CXType type)
{
    return strstr(clang_text(tu->scratch, clang_getTypeSpelling(type)), "noreturn") != NULL;
}

/* True for what cannot be assigned; an array is const as its elements are. */
static bool
type_is_const(CXType type)
{
    return clang_isConstQualifiedType(clang_getCanonicalType(type)) != 0;
}

static void
describe_decl(Tu *tu, CXCursor cursor, Decl *decl)
{
    CXType type = clang_getCursorType(cursor);

    decl->type = clang_type(tu, type);
    decl->is_static = clang_getCursorLinkage(cursor) == CXLinkage_Internal
        || clang_getCursorLinkage(cursor) == CXLinkage_NoLinkage;
    decl->is_const = !decl->is_func && type_is_const(type);
    decl->is_system = cursor_is_system(tu, cursor);
    decl->is_variadic = decl->is_func && clang_isFunctionTypeVariadic(type);
    decl->is_noreturn = decl->is_func && type_is_noreturn(tu, type);
    decl->loc = cursor_loc(tu, clang_getCanonicalCursor(cursor));
    if (clang_Cursor_hasAttrs(cursor)) {
        read_attributes(tu, cursor, decl);
    }
}

static Str
decl_name(Tu *tu, CXCursor cursor, Str owner)
{
    Str name = cursor_name(tu, cursor);

    if (tu->overlay_prefix[0] != '\0' && text_starts(name, tu->overlay_prefix)) {
        return str_intern(tu->unit->strings, name + strlen(tu->overlay_prefix));
    }
    return owner == NULL ? name : str_internf(tu->unit->strings, "%s.%s", owner, name);
}

/* Clang's resolution names only the last part of the path for what is private
 * to a file; the folder, seen from where the compiler runs, is added. */
static const char *
decl_usr(Tu *tu, CXCursor cursor, Str name)
{
    const char *usr = clang_text(tu->scratch, clang_getCursorUSR(cursor));
    uint32_t offset;
    const SourceFile *file;
    const char *folder;

    if (usr[0] == '\0') {
        return name;
    }
    if (clang_getCursorLinkage(cursor) != CXLinkage_Internal) {
        return usr;
    }
    /* of the first declaration, which names the file in clang's resolution too */
    file = clang_place(tu, clang_getCursorLocation(clang_getCanonicalCursor(cursor)), &offset);
    if (file == NULL || file->is_system) {
        return usr;
    }
    folder = path_relative(tu->scratch, tu->directory,
                           path_dirname(tu->scratch, file->path));
    if (folder[0] == '/' || text_equal(folder, ".") || folder[0] == '\0') {
        return usr;
    }
    return arena_printf(tu->scratch, "%s@%s", usr, folder);
}

Decl *
clang_decl(Tu *tu, CXCursor cursor, Str owner)
{
    uint64_t key = cursor_key(cursor);
    Decl *decl = map_get(&tu->decls, key);
    bool is_func;
    Str name;

    if (decl != NULL) {
        return decl;
    }
    is_func = clang_getCursorKind(cursor) != CXCursor_VarDecl;
    name = decl_name(tu, cursor, owner);
    decl = unit_decl(tu->unit, decl_usr(tu, cursor, name), name, is_func);
    if (decl->type == NULL) {
        describe_decl(tu, cursor, decl);
    }
    else if (decl->nannotation == 0 && clang_Cursor_hasAttrs(cursor)) {
        read_attributes(tu, cursor, decl); /* a later declaration says more */
    }
    *map_put(&tu->decls, key) = decl;
    return decl;
}

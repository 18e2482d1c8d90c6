/* clang_decl.c: turns libclang's declarations of functions and variables into Decls.
 *
 * Each is translated once and remembered by clang's own pointer.
 */
#include <string.h>

#include "capture/class.h"

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

/* The name with those of the classes and namespaces around it: "Owner::reset". */
static Str
qualified_name(Tu *tu, CXCursor cursor, Str owner)
{
    Str name = cursor_name(tu, cursor);
    CXCursor parent = clang_getCursorSemanticParent(cursor);

    if (class_is_lambda(clang_getCursorType(parent))) {
        return str_internf(tu->unit->strings, "%s.lambda", owner != NULL ? owner : "");
    }
    for (;; parent = clang_getCursorSemanticParent(parent)) {
        enum CXCursorKind kind = clang_getCursorKind(parent);
        Str outer;

        if (kind != CXCursor_Namespace && kind != CXCursor_ClassDecl
            && kind != CXCursor_StructDecl && kind != CXCursor_UnionDecl
            && kind != CXCursor_ClassTemplate
            && kind != CXCursor_ClassTemplatePartialSpecialization) {
            return name;
        }
        outer = cursor_name(tu, parent);
        if (outer[0] != '\0' && strchr(outer, '(') == NULL) {
            name = str_internf(tu->unit->strings, "%s::%s", outer, name);
        }
    }
}

static Str
decl_name(Tu *tu, CXCursor cursor, Str owner)
{
    Str name = tu->is_cxx ? qualified_name(tu, cursor, owner) : cursor_name(tu, cursor);

    if (tu->overlay_prefix[0] != '\0' && text_starts(name, tu->overlay_prefix)) {
        return str_intern(tu->unit->strings, name + strlen(tu->overlay_prefix));
    }
    if (owner == NULL || clang_getCursorKind(cursor) != CXCursor_VarDecl) {
        return name;
    }
    return str_internf(tu->unit->strings, "%s.%s", owner, name);
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

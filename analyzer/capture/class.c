/* class.c: turns C++ class declarations into what making, copying and ending
 * their objects takes.
 *
 * libclang shows the members of a class that a template was turned into only
 * where something refers to them; its fields are always there, the rest is
 * taken from the template.
 */
#include <string.h>

#include "capture/class.h"

/* ---- questions ---------------------------------------------------------------- */

bool
type_is_reference(CXType type)
{
    enum CXTypeKind kind = clang_getCanonicalType(type).kind;

    return kind == CXType_LValueReference || kind == CXType_RValueReference;
}

bool
method_is_defaulted(CXCursor method)
{
    return clang_CXXMethod_isDefaulted(method) != 0 || clang_CXXMethod_isDeleted(method) != 0;
}

bool
cursor_is_std(Tu *tu, CXCursor cursor)
{
    return text_starts(clang_text(tu->scratch, clang_getCursorUSR(cursor)), "c:@N@std@");
}

bool
class_is_lambda(CXType type)
{
    CXString spelling;
    bool is_lambda;

    type = clang_getCanonicalType(type);
    if (type.kind != CXType_Record) {
        return false;
    }
    spelling = clang_getTypeSpelling(clang_getUnqualifiedType(type));
    is_lambda = text_starts(clang_getCString(spelling), "(lambda at ");
    clang_disposeString(spelling);
    return is_lambda;
}

/* The declaration that shows the methods: of the class, or of its template. */
static CXCursor
shown_decl(CXCursor decl, bool *is_pattern)
{
    CXCursor pattern = clang_getSpecializedCursorTemplate(decl), definition;

    *is_pattern = false;
    if (clang_Cursor_isNull(pattern)) {
        return decl;
    }
    definition = clang_getCursorDefinition(pattern);
    *is_pattern = true;
    return clang_Cursor_isNull(definition) ? pattern : definition;
}

CXCursor
class_method(Tu *tu, CXType type, const char *name)
{
    CXCursor decl = clang_getTypeDeclaration(clang_getCanonicalType(type));
    bool is_pattern;
    Cursors children = cursor_children(tu, shown_decl(decl, &is_pattern));

    for (uint32_t i = 0; i < children.n; i++) {
        if (clang_getCursorKind(children.at[i]) == CXCursor_CXXMethod
            && text_equal(cursor_name(tu, children.at[i]), name)) {
            return children.at[i];
        }
    }
    return clang_getNullCursor();
}

CXCursor
class_converter(Tu *tu, const Class *klass, const Type *from)
{
    bool is_pattern;
    CXType made_from = tu->made_from;
    Cursors children = cursor_children(
        tu, shown_decl(clang_getTypeDeclaration(klass->type), &is_pattern));
    CXCursor found = clang_getNullCursor();

    tu->made_from = is_pattern ? klass->type : made_from;
    for (uint32_t i = 0; i < children.n && clang_Cursor_isNull(found); i++) {
        if (clang_getCursorKind(children.at[i]) == CXCursor_Constructor
            && clang_Cursor_getNumArguments(children.at[i]) > 0
            && cursor_type(tu, clang_Cursor_getArgument(children.at[i], 0)) == from) {
            found = children.at[i];
        }
    }
    tu->made_from = made_from;
    return found;
}

CXCursor
class_field_init(Tu *tu, CXCursor field)
{
    Cursors operands = cursor_operands(tu, field);
    uint32_t skip = clang_Cursor_isBitField(field) ? 1 : 0;

    if (clang_getCanonicalType(clang_getCursorType(field)).kind == CXType_ConstantArray) {
        skip++; /* the bound */
    }
    return operands.n > skip ? operands.at[operands.n - 1] : clang_getNullCursor();
}

bool
method_is_pattern(CXCursor method)
{
    enum CXCursorKind kind = clang_getCursorKind(clang_getCursorSemanticParent(method));

    return kind == CXCursor_ClassTemplate || kind == CXCursor_ClassTemplatePartialSpecialization;
}

void
class_note_method(Tu *tu, CXCursor method)
{
    CXCursor parent = clang_getCursorSemanticParent(method);

    if (clang_Cursor_isNull(parent)
        || clang_Cursor_isNull(clang_getSpecializedCursorTemplate(parent))) {
        return;
    }
    *map_put_ptr(&tu->specialised, clang_intern(tu, clang_getCursorUSR(method))) =
        arena_copy(tu->arena, &method, sizeof(CXCursor));
}

CXCursor
class_specialised(Tu *tu, CXCursor method)
{
    CXCursor made = clang_getTypeDeclaration(tu->made_from);
    const char *whole, *outer, *usr;
    const CXCursor *found;

    if (tu->made_from.kind == CXType_Invalid || !method_is_pattern(method)) {
        return method;
    }
    whole = clang_text(tu->scratch, clang_getCursorUSR(method));
    outer = clang_text(tu->scratch, clang_getCursorUSR(clang_getCursorSemanticParent(method)));
    if (!text_starts(whole, outer)) {
        return method;
    }
    usr = arena_printf(tu->scratch, "%s%s", clang_text(tu->scratch, clang_getCursorUSR(made)),
                       whole + strlen(outer));
    found = map_get_ptr(&tu->specialised, str_intern(tu->unit->strings, usr));
    return found != NULL ? *found : method;
}

/* ---- members --------------------------------------------------------------------- */

typedef struct FieldList {
    Arena *arena;
    VEC(CXCursor) fields;
} FieldList;

static enum CXVisitorResult
collect_field(CXCursor field, CXClientData data)
{
    FieldList *list = data;

    VEC_PUSH(list->arena, &list->fields, field);
    return CXVisit_Continue;
}

static void
note_constructor(Class *klass, CXCursor method)
{
    if (clang_CXXConstructor_isCopyConstructor(method)) {
        klass->copy = method;
    }
    else if (clang_CXXConstructor_isMoveConstructor(method)) {
        klass->move = method;
    }
    else if (clang_CXXConstructor_isDefaultConstructor(method)) {
        klass->plain = method;
    }
}

static void
note_assignment(Class *klass, CXCursor method)
{
    CXType param;

    if (clang_Cursor_getNumArguments(method) != 1) {
        return;
    }
    param = clang_getCanonicalType(clang_getCursorType(clang_Cursor_getArgument(method, 0)));
    if (param.kind == CXType_RValueReference) {
        klass->move_assign = method;
    }
    else {
        klass->copy_assign = method;
    }
}

static void
note_member(Tu *tu, Class *klass, CXCursor member)
{
    enum CXCursorKind kind = clang_getCursorKind(member);

    if (kind == CXCursor_CXXBaseSpecifier) {
        CXCursor *bases = ARENA_ARRAY(tu->arena, CXCursor, klass->bases.n + 1);

        if (klass->bases.n > 0) {
            memcpy(bases, klass->bases.at, klass->bases.n * sizeof(CXCursor));
        }
        bases[klass->bases.n++] = member;
        klass->bases.at = bases;
        return; /* types follow when all are there */
    }
    if ((kind != CXCursor_Constructor && kind != CXCursor_CXXMethod
         && kind != CXCursor_Destructor)
        || method_is_defaulted(member)) {
        return;
    }
    if (kind == CXCursor_Constructor) {
        note_constructor(klass, member);
    }
    else if (kind == CXCursor_Destructor) {
        klass->destructor = member;
    }
    else if (text_equal(cursor_name(tu, member), "operator=")) {
        note_assignment(klass, member);
    }
}

/* What the members ask for. */
static void
ask_members(Tu *tu, Class *klass)
{
    klass->ends = !clang_Cursor_isNull(klass->destructor);
    klass->copies = !clang_Cursor_isNull(klass->copy) || !clang_Cursor_isNull(klass->move);
    klass->is_vague = false;
    for (uint32_t i = 0; !klass->is_union && i < klass->bases.n + klass->fields.n; i++) {
        bool is_base = i < klass->bases.n;
        const Class *inner = class_of(tu, is_base ? klass->base_type[i] : clang_getCursorType(
                                                        klass->fields.at[i - klass->bases.n]));

        klass->is_vague = klass->is_vague || (is_base && inner == NULL);
        klass->ends = klass->ends || (inner != NULL && inner->ends);
        klass->copies = klass->copies || (inner != NULL && inner->copies);
    }
    klass->ends = klass->ends || klass->is_vague;
}

static void
describe(Tu *tu, Class *klass, CXCursor decl)
{
    FieldList list = {.arena = tu->arena};
    Cursors members = cursor_children(tu, shown_decl(decl, &klass->is_pattern));

    clang_Type_visitFields(klass->type, collect_field, &list);
    klass->fields = (Cursors){.at = list.fields.at, .n = list.fields.n};
    for (uint32_t i = 0; i < members.n; i++) {
        note_member(tu, klass, members.at[i]);
    }
    klass->base_type = ARENA_ARRAY(tu->arena, CXType, klass->bases.n + 1);
    for (uint32_t i = 0; i < klass->bases.n; i++) {
        klass->base_type[i] = clang_getCursorType(klass->bases.at[i]);
    }
    ask_members(tu, klass);
}

void
class_learn_bases(Tu *tu, const Class *klass, CXCursor constructor)
{
    Class *known = map_get(&tu->classes, cursor_key(clang_getCanonicalCursor(
                                             clang_getTypeDeclaration(klass->type))));
    Cursors children = cursor_children(tu, clang_getCursorDefinition(constructor));
    uint32_t base = 0;

    if (!klass->is_vague || known == NULL) {
        return;
    }
    for (uint32_t i = 0; i < children.n && base < known->bases.n; i++) {
        bool of_field = i > 0 && clang_getCursorKind(children.at[i - 1]) == CXCursor_MemberRef;

        if (clang_getCursorKind(children.at[i]) == CXCursor_CallExpr && !of_field) {
            known->base_type[base++] = clang_getCursorType(children.at[i]);
        }
    }
    ask_members(tu, known);
}

static bool
is_unique_ptr(Tu *tu, CXCursor decl)
{
    return text_starts(clang_text(tu->scratch, clang_getCursorUSR(decl)),
                       "c:@N@std@S@unique_ptr>")
        && clang_Type_getNumTemplateArguments(clang_getCursorType(decl)) == 2;
}

/* True when the fields are all there is, as of std::array. */
static bool
is_plain(Tu *tu, CXCursor decl)
{
    bool is_pattern;
    Cursors children = cursor_children(tu, shown_decl(decl, &is_pattern));

    for (uint32_t i = 0; i < children.n; i++) {
        enum CXCursorKind kind = clang_getCursorKind(children.at[i]);

        if (kind == CXCursor_Constructor || kind == CXCursor_Destructor
            || kind == CXCursor_CXXBaseSpecifier || kind == CXCursor_FunctionTemplate) {
            return false;
        }
    }
    return true;
}

static Class *
make_class(Tu *tu, CXType type, CXCursor decl)
{
    Class *klass = ARENA_NEW(tu->arena, Class);
    CXCursor none = clang_getNullCursor();

    *klass = (Class){.type = type, .plain = none, .copy = none, .move = none,
                     .copy_assign = none, .move_assign = none, .destructor = none};
    klass->tag = clang_type(tu, type)->tag;
    klass->is_union = clang_getCursorKind(decl) == CXCursor_UnionDecl;
    if (is_unique_ptr(tu, decl)) {
        klass->is_holder = klass->ends = klass->copies = true;
    }
    klass->is_opaque = cursor_is_system(tu, decl) && !is_plain(tu, decl);
    return klass;
}

const Class *
class_of(Tu *tu, CXType type)
{
    CXCursor decl, definition;
    uint64_t key;
    Class *klass;

    type = clang_getCanonicalType(type);
    while (type.kind == CXType_ConstantArray) {
        type = clang_getCanonicalType(clang_getArrayElementType(type));
    }
    if (!tu->is_cxx || type.kind != CXType_Record) {
        return NULL;
    }
    type = clang_getUnqualifiedType(type);
    decl = clang_getTypeDeclaration(type);
    key = cursor_key(clang_getCanonicalCursor(decl));
    klass = map_get(&tu->classes, key);
    if (klass != NULL) {
        return klass;
    }
    definition = clang_getCursorDefinition(decl);
    if (clang_Cursor_isNull(definition)) {
        return NULL;
    }
    klass = make_class(tu, type, definition);
    *map_put(&tu->classes, key) = klass;
    if (!klass->is_opaque) {
        describe(tu, klass, definition);
    }
    return klass;
}

const Class *
class_of_method(Tu *tu, CXCursor method)
{
    CXType type = clang_getCursorType(clang_getCursorSemanticParent(method));

    return class_is_lambda(type) ? NULL : class_of(tu, type);
}

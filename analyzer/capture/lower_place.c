/* lower_place.c: turns expressions that denote places into addresses: names,
 * members, elements, what pointers point to.
 *
 * Anonymous records are transparent, and the header of an object is the object
 * itself.  What has no place of its own (a record that a call returns) gets a
 * hidden local.
 */
#include <string.h>

#include "capture/lower.h"

/* ---- places ------------------------------------------------------------------------- */

/* A parameter of which only the value is there gets a place to be read from. */
static Val
place_of_value(Lower *lo, CXCursor param)
{
    const Type *type = cursor_type(lo->tu, param);
    Val place = lower_hidden(lo, type);

    build_store(lo->b, place, *(const Val *)map_get(&lo->values, cursor_key(param)), type);
    return place;
}

/* What a name stands for that is no variable: an enumerator, a template's parameter. */
static Val
constant_addr(Lower *lo, CXCursor expr, CXCursor decl)
{
    const Type *type = cursor_type(lo->tu, expr);
    Val place = lower_hidden(lo, type), val = {.kind = VAL_UNDEF};

    if (clang_getCursorKind(decl) == CXCursor_EnumConstantDecl) {
        val = (Val){.kind = VAL_INT, .num = clang_getEnumConstantDeclValue(decl)};
    }
    build_store(lo->b, place, val, type);
    return place;
}

static Val
name_addr(Lower *lo, CXCursor expr)
{
    CXCursor decl = clang_getCursorReferenced(expr);
    enum CXCursorKind kind = clang_getCursorKind(decl);
    uintptr_t local;
    const Val *alias;
    Val addr = {.kind = VAL_GLOBAL};

    if (kind == CXCursor_FunctionDecl || kind == CXCursor_CXXMethod) {
        return (Val){.kind = VAL_FUNC, .decl = clang_decl(lo->tu, decl, NULL)};
    }
    if (lo->frame != NULL && map_get(&lo->values, cursor_key(decl)) != NULL) {
        return place_of_value(lo, decl);
    }
    alias = lo->tu->is_cxx ? map_get(&lo->aliases, cursor_key(decl)) : NULL;
    if (alias != NULL) {
        return *alias;
    }
    if (kind != CXCursor_VarDecl && kind != CXCursor_ParmDecl) {
        if (lo->tu->is_cxx) { /* a constant that a reference is bound to */
            return constant_addr(lo, expr, decl);
        }
        return lower_havoc(lo, expr, type_ptr(lo->unit, cursor_type(lo->tu, expr)));
    }
    local = (uintptr_t)map_get(&lo->locals, cursor_key(decl));
    if (local != 0) {
        addr = (Val){.kind = VAL_LOCAL, .index = (uint32_t)(local - 1)};
    }
    else if (clang_Cursor_hasVarDeclGlobalStorage(decl)) {
        addr.decl = clang_decl(lo->tu, decl, NULL);
    }
    else if (lo->tu->is_cxx) {
        addr = lower_undeclared(lo, decl);
    }
    else {
        return lower_havoc(lo, expr, type_ptr(lo->unit, cursor_type(lo->tu, expr)));
    }
    if (type_is_reference(clang_getCursorType(decl))) {
        return build_load(lo->b, addr, cursor_type(lo->tu, decl));
    }
    return addr;
}

/* True for the field that an anonymous struct or union is; its spelling is
 * empty or describes its type, "union (anonymous at ...)". */
static bool
is_anonymous_field(CXCursor expr)
{
    CXCursor field = clang_getCursorReferenced(expr);
    CXString spelling = clang_getCursorSpelling(field);
    const char *name = clang_getCString(spelling);
    bool anonymous = clang_getCursorKind(field) == CXCursor_FieldDecl
        && (name[0] == '\0' || strchr(name, '(') != NULL);

    clang_disposeString(spelling);
    return anonymous;
}

/* The record that a member expression reaches into, seen through '->' or
 * '.', with the anonymous records between taken away: its address. */
static Val
record_addr(Lower *lo, CXCursor base, const Type **record)
{
    CXCursor inner = cursor_peel(lo->tu, base);

    while (clang_getCursorKind(inner) == CXCursor_MemberRefExpr && is_anonymous_field(inner)) {
        Cursors operands = cursor_operands(lo->tu, inner);

        if (operands.n != 1) {
            break;
        }
        base = operands.at[0];
        inner = cursor_peel(lo->tu, base);
    }
    *record = cursor_type(lo->tu, base);
    if ((*record)->kind == TYPE_PTR) {
        *record = (*record)->to;
        return lower_expr(lo, base);
    }
    return lower_addr(lo, base);
}

/* A member of a class that is no field: a static one, or a method. */
static Val
static_member_addr(Lower *lo, CXCursor expr, Cursors operands)
{
    if (operands.n > 0) {
        lower_effect(lo, operands.at[0]);
    }
    return name_addr(lo, expr);
}

/* The object of a method, for a field without an object before it; 'record' gets the
 * class that the field belongs to. */
static Val
self_addr(Lower *lo, CXCursor field, const Type **record)
{
    *record = clang_type(lo->tu, clang_getCursorType(clang_getCursorSemanticParent(field)));
    if ((*record)->kind != TYPE_RECORD && lo->klass != NULL) {
        *record = clang_type(lo->tu, lo->klass->type); /* of a template's pattern */
    }
    return lower_self(lo);
}

static Val
member_addr(Lower *lo, CXCursor expr)
{
    CXCursor field = clang_getCursorReferenced(expr);
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = cursor_type(lo->tu, expr), *record;
    Val base, addr;

    if (lo->tu->is_cxx && clang_getCursorKind(field) != CXCursor_FieldDecl) {
        return static_member_addr(lo, expr, operands);
    }
    if ((operands.n != 1 && !lo->tu->is_cxx)
        || clang_getCursorKind(field) != CXCursor_FieldDecl) {
        return lower_havoc(lo, expr, type_ptr(lo->unit, type));
    }
    base = operands.n == 1 ? record_addr(lo, operands.at[0], &record)
                           : self_addr(lo, field, &record);
    if (is_anonymous_field(expr)) {
        return base;
    }
    if (type_is_reference(clang_getCursorType(field))) {
        const Type *pointer = cursor_type(lo->tu, field);

        addr = build_field(lo->b, base, record->kind == TYPE_RECORD ? record->tag : "",
                           cursor_name(lo->tu, field), pointer);
        return build_load(lo->b, addr, pointer);
    }
    if (type->kind == TYPE_RECORD && type->is_object && record->is_object
        && clang_Cursor_getOffsetOfField(field) == 0) {
        return build_copy(lo->b, base, type_ptr(lo->unit, type)); /* the object itself */
    }
    return build_field(lo->b, base, record->kind == TYPE_RECORD ? record->tag : "",
                       cursor_name(lo->tu, field), type);
}

static Val
element_addr(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    CXCursor base, index;
    Val addr, by;

    if (operands.n != 2) {
        return lower_havoc(lo, expr, type_ptr(lo->unit, cursor_type(lo->tu, expr)));
    }
    base = operands.at[0];
    index = operands.at[1];
    if (cursor_type(lo->tu, base)->kind == TYPE_INT) {
        base = operands.at[1];
        index = operands.at[0];
    }
    addr = cursor_type(lo->tu, base)->kind == TYPE_PTR ? lower_expr(lo, base)
                                                       : lower_addr(lo, base);
    by = lower_expr(lo, index);
    return build_index(lo->b, addr, by, cursor_type(lo->tu, expr));
}

/* The value of the lvalue that an overlay call stands for gets a place. */
static Val
overlay_addr(Lower *lo, CXCursor call, const Type *type)
{
    Val val = lower_call(lo, call, type);
    Val addr = lower_hidden(lo, type);

    build_store(lo->b, addr, val, type);
    return addr;
}

static Val materialise(Lower *lo, CXCursor expr);

static Val
unary_addr(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    CXCursor inner;

    if (operands.n == 1) {
        switch (clang_getCursorUnaryOperatorKind(expr)) {
        case CXUnaryOperator_Deref:
            inner = cursor_peel(lo->tu, operands.at[0]);
            return call_is_overlay(lo, inner)
                ? overlay_addr(lo, inner, cursor_type(lo->tu, expr))
                : lower_expr(lo, operands.at[0]);
        case CXUnaryOperator_Extension:
        case CXUnaryOperator_Real:
        case CXUnaryOperator_Imag:
            return lower_addr(lo, operands.at[0]);
        default:
            break;
        }
    }
    return lo->tu->is_cxx ? materialise(lo, expr)
                          : lower_havoc(lo, expr, type_ptr(lo->unit, cursor_type(lo->tu, expr)));
}

/* Something that has no address gets one. */
static Val
materialise(Lower *lo, CXCursor expr)
{
    const Type *type = cursor_type(lo->tu, expr);
    Val val = lower_expr(lo, expr), addr;

    if (type->kind == TYPE_ARRAY || type->kind == TYPE_FUNC) {
        return val;
    }
    addr = lower_hidden(lo, type);
    build_store(lo->b, addr, val, type);
    return addr;
}

static Val
literal_addr(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    Val addr = lower_hidden(lo, cursor_type(lo->tu, expr));

    if (operands.n > 0) {
        lower_init(lo, addr, clang_getCursorType(expr), operands.at[operands.n - 1]);
    }
    return addr;
}

static Val
addr_of_kind(Lower *lo, CXCursor expr)
{
    Val cxx;

    if (lo->tu->is_cxx && lower_cxx_addr(lo, expr, &cxx)) {
        return cxx;
    }
    switch (clang_getCursorKind(expr)) {
    case CXCursor_DeclRefExpr:
        return name_addr(lo, expr);
    case CXCursor_MemberRefExpr:
        return member_addr(lo, expr);
    case CXCursor_ArraySubscriptExpr:
        return element_addr(lo, expr);
    case CXCursor_UnaryOperator:
        return unary_addr(lo, expr);
    case CXCursor_CompoundLiteralExpr:
        return literal_addr(lo, expr);
    case CXCursor_InitListExpr: {
        Val addr = lower_hidden(lo, cursor_type(lo->tu, expr));

        lower_init(lo, addr, clang_getCursorType(expr), expr);
        return addr;
    }
    default:
        return materialise(lo, expr);
    }
}

Val
lower_addr(Lower *lo, CXCursor expr)
{
    Val addr;

    if (!lower_enter(lo)) {
        return lower_havoc(lo, expr, type_ptr(lo->unit, cursor_type(lo->tu, expr)));
    }
    addr = addr_of_kind(lo, cursor_peel(lo->tu, expr));
    lower_leave(lo);
    return addr;
}

/* ---- assignment --------------------------------------------------------------------------- */

/* True for an expression that denotes a place. */
static bool
is_place(CXCursor expr)
{
    switch (clang_getCursorKind(expr)) {
    case CXCursor_DeclRefExpr:
    case CXCursor_MemberRefExpr:
    case CXCursor_ArraySubscriptExpr:
    case CXCursor_CompoundLiteralExpr:
        return true;
    case CXCursor_UnaryOperator:
        return clang_getCursorUnaryOperatorKind(expr) == CXUnaryOperator_Deref;
    default:
        return false;
    }
}

void
lower_assign(Lower *lo, Val address, CXCursor expr, const Type *type)
{
    if (type->kind == TYPE_OTHER && cursor_type(lo->tu, expr)->kind == TYPE_RECORD) {
        Val object = lower_addr(lo, expr); /* in a template: what it holds is lost sight of */

        lower_call_named(lo, "unknown", &object, 1, type_void(lo->unit));
    }
    else if (type->kind == TYPE_RECORD && lo->tu->is_cxx) {
        lower_construct(lo, address, clang_getCursorType(expr), expr);
    }
    else if (type->kind == TYPE_RECORD && is_place(cursor_peel(lo->tu, expr))) {
        build_move(lo->b, address, lower_addr(lo, expr), type);
    }
    else {
        build_store(lo->b, address, lower_expr(lo, expr), type);
    }
}

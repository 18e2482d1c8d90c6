/* lower_cxx.c: turns expressions that only C++ has into values and addresses.
 *
 * A reference is a pointer that is followed without a word.
 */
#include "capture/lower.h"

/* ---- references ---------------------------------------------------------------------- */

void
lower_reference(Lower *lo, Val address, CXType type, CXCursor init)
{
    /* a temporary that it refers to lives as long as the reference */
    build_store(lo->b, address, lower_addr(lo, init), clang_type(lo->tu, type));
}

Val
lower_undeclared(Lower *lo, CXCursor decl)
{
    const Type *type = cursor_type(lo->tu, decl);
    CXCursor init = clang_Cursor_getVarDeclInitializer(decl);
    Val local = {.kind = VAL_LOCAL};

    local.index = lower_new_local(lo, cursor_name(lo->tu, decl), type);
    *map_put(&lo->locals, cursor_key(decl)) = (void *)(uintptr_t)(local.index + 1);
    if (clang_equalCursors(clang_getCursorSemanticParent(decl), lo->function)
        && !clang_Cursor_isNull(init)) {
        lower_init(lo, local, clang_getCursorType(decl), init); /* switch (int n = f(); n) */
    }
    else if (type->kind != TYPE_RECORD && type->kind != TYPE_ARRAY) {
        build_store(lo->b, local, (Val){.kind = VAL_UNDEF}, type); /* captured */
    }
    return local;
}

Val
lower_self(Lower *lo)
{
    const Type *type = type_ptr(lo->unit, type_void(lo->unit));
    Val hidden;

    if (lo->self.kind != VAL_NONE) {
        return lo->self;
    }
    hidden = lower_hidden(lo, type);
    build_store(lo->b, hidden, (Val){.kind = VAL_UNDEF}, type);
    return build_load(lo->b, hidden, type);
}

/* ---- lambdas ---------------------------------------------------------------------------- */

void
lower_lambda(Lower *lo, CXCursor expr)
{
    CXCursor method = class_method(lo->tu, clang_getCursorType(expr), "operator()");

    if (!clang_Cursor_isNull(method)) {
        MoreFunction more = {.cursor = method, .made_from = lo->tu->made_from};

        clang_decl(lo->tu, method, lo->name);
        VEC_PUSH(lo->tu->arena, &lo->tu->more, more);
    }
}

typedef VEC(Val) ValList;

/* The variables of this function that are named inside. */
static void
find_captured(Lower *lo, CXCursor cursor, ValList *found, unsigned depth)
{
    Cursors children = cursor_children(lo->tu, cursor);

    for (uint32_t i = 0; i < children.n && depth < 60; i++) {
        CXCursor child = children.at[i];

        if (clang_getCursorKind(child) == CXCursor_DeclRefExpr) {
            uint64_t key = cursor_key(clang_getCursorReferenced(child));
            uintptr_t local = (uintptr_t)map_get(&lo->locals, key);
            Val val = {.kind = VAL_LOCAL, .index = (uint32_t)(local - 1)};

            if (local != 0) {
                VEC_PUSH(lo->scratch, found, val);
            }
        }
        find_captured(lo, child, found, depth + 1);
    }
}

void
lower_lambda_escapes(Lower *lo, CXType closure)
{
    CXCursor method = class_method(lo->tu, closure, "operator()");
    ValList found = {0};

    find_captured(lo, method, &found, 0);
    if (found.n > 0) {
        lower_call_named(lo, "lambda", found.at, found.n, type_void(lo->unit));
    }
}

/* ---- new and delete ------------------------------------------------------------------------ */

/* True for 'new (place) T': the text after the word goes on with a parenthesis. */
static bool
has_placement(Lower *lo, CXCursor expr)
{
    uint32_t offset;
    const SourceFile *file = clang_spelling(lo->tu, clang_getCursorLocation(expr), &offset);

    if (file == NULL || file->text == NULL || !text_equal(cursor_word(lo->tu, expr), "new")) {
        return false;
    }
    for (offset += 3; offset < file->size && file->text[offset] == ' ';) {
        offset++;
    }
    return offset < file->size && file->text[offset] == '(';
}

/* The new object at an address gets the value of one of the operands. */
static void
init_new(Lower *lo, Val address, CXType type, CXCursor operand)
{
    const Type *into = clang_type(lo->tu, type);

    if (into->kind == TYPE_RECORD) {
        if (cursor_type(lo->tu, operand) == into) {
            lower_construct(lo, address, type, operand);
            return;
        }
    }
    else if (into->kind == TYPE_PTR && cursor_type(lo->tu, operand)->kind == TYPE_PTR) {
        build_store(lo->b, address, lower_expr(lo, operand), into);
        return;
    }
    if (clang_getCursorKind(operand) != CXCursor_CallExpr
        || clang_getCursorKind(clang_getCursorReferenced(operand)) != CXCursor_Constructor) {
        lower_effect(lo, operand); /* the length of an array */
    }
}

static Val
lower_new(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = cursor_type(lo->tu, expr);
    CXType to = clang_getPointeeType(clang_getCanonicalType(clang_getCursorType(expr)));
    uint32_t i = 0;
    Val address;

    if (operands.n > 0 && has_placement(lo, expr)) {
        address = lower_convert(lo, lower_expr(lo, operands.at[0]),
                                cursor_type(lo->tu, operands.at[0]), type);
        i = 1;
    }
    else {
        address = lower_call_named(lo, "operator new", NULL, 0, type);
    }
    for (; i < operands.n; i++) {
        init_new(lo, address, to, operands.at[i]);
    }
    return address;
}

static void
lower_delete(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    uint32_t some = build_block(lo->b), end = build_block(lo->b);
    const Class *klass;
    CXType to;
    Val pointer;

    if (operands.n != 1) {
        lower_havoc(lo, expr, NULL);
        build_start(lo->b, some);
        build_start(lo->b, end);
        return;
    }
    to = clang_getPointeeType(clang_getCanonicalType(clang_getCursorType(operands.at[0])));
    klass = class_of(lo->tu, to);
    pointer = lower_expr(lo, operands.at[0]);
    build_br(lo->b, build_cmp(lo->b, "!=", pointer, (Val){.kind = VAL_NULL}), some, end);
    build_start(lo->b, some);
    if (klass != NULL && (clang_Cursor_isNull(klass->destructor)
                          || !clang_CXXMethod_isVirtual(klass->destructor))) {
        lower_destroy(lo, pointer, klass);
    }
    lower_call_named(lo, "operator delete", &pointer, 1, type_void(lo->unit));
    build_start(lo->b, end);
}

/* ---- values --------------------------------------------------------------------------------- */

/* The object itself, or NULL when it is of another class. */
static Val
lower_dynamic_cast(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = cursor_type(lo->tu, expr);
    uint32_t yes = build_block(lo->b), no = build_block(lo->b), end = build_block(lo->b);
    Val hidden = lower_hidden(lo, type), val = {.kind = VAL_UNDEF};

    if (operands.n > 0) {
        val = lower_expr(lo, operands.at[operands.n - 1]);
    }
    lower_either(lo, "dynamic_cast succeeds", yes, no);
    build_start(lo->b, yes);
    build_store(lo->b, hidden, val, type);
    build_jmp(lo->b, end);
    build_start(lo->b, no);
    build_store(lo->b, hidden, (Val){.kind = VAL_NULL}, type);
    build_start(lo->b, end);
    return build_load(lo->b, hidden, type);
}

static bool
gives_reference(Lower *lo, CXCursor call)
{
    CXCursor function = call_function(lo, call);

    return !clang_Cursor_isNull(function)
        && clang_getCursorKind(function) != CXCursor_Constructor
        && type_is_reference(clang_getResultType(clang_getCursorType(function)));
}

static Val
call_value(Lower *lo, CXCursor expr)
{
    const Type *type = cursor_type(lo->tu, expr);
    CXCursor function = call_function(lo, expr);
    Val val;

    if (gives_reference(lo, expr)) {
        val = lower_call_cxx(lo, expr, VAL_NOTHING);
        return type->kind == TYPE_ARRAY || val.kind == VAL_NONE || val.kind == VAL_UNDEF
            ? val : build_load(lo->b, val, type);
    }
    if (type->kind == TYPE_RECORD) {
        return build_load(lo->b, lower_temporary(lo, expr), type);
    }
    if (clang_getCursorKind(function) == CXCursor_Constructor) { /* of a dependent type */
        return lower_havoc(lo, expr, type);
    }
    return lower_call_cxx(lo, expr, VAL_NOTHING);
}

/* 'a <=> b', 'a.*b', 'a->*b': what they give is unknown. */
static bool
is_only_cxx(CXCursor expr)
{
    enum CXBinaryOperatorKind op = clang_getCursorBinaryOperatorKind(expr);

    return op == CXBinaryOperator_Cmp || op == CXBinaryOperator_PtrMemD
        || op == CXBinaryOperator_PtrMemI;
}

static bool
lower_operands(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);

    for (uint32_t i = 0; i < operands.n; i++) {
        lower_effect(lo, operands.at[i]);
    }
    return true;
}

bool
lower_cxx_value(Lower *lo, CXCursor expr, Val *val)
{
    *val = (Val){.kind = VAL_UNDEF};
    switch (clang_getCursorKind(expr)) {
    case CXCursor_CallExpr:
        if (!call_is_cxx(lo, expr)) {
            return false;
        }
        *val = call_value(lo, expr);
        return true;
    case CXCursor_BinaryOperator:
        return is_only_cxx(expr) && lower_operands(lo, expr);
    case CXCursor_MemberRefExpr: {
        CXCursor constant = clang_getCursorReferenced(expr);

        *val = (Val){.kind = VAL_INT, .num = clang_getEnumConstantDeclValue(constant)};
        return clang_getCursorKind(constant) == CXCursor_EnumConstantDecl;
    }
    case CXCursor_CXXThisExpr:
        *val = lower_self(lo);
        return true;
    case CXCursor_CXXNewExpr:
        *val = lower_new(lo, expr);
        return true;
    case CXCursor_CXXDeleteExpr:
        lower_delete(lo, expr);
        return true;
    case CXCursor_CXXThrowExpr:
        lower_throw(lo, expr);
        return true;
    case CXCursor_CXXDynamicCastExpr:
        *val = lower_dynamic_cast(lo, expr);
        return true;
    case CXCursor_LambdaExpr:
        *val = build_load(lo->b, lower_temporary(lo, expr), cursor_type(lo->tu, expr));
        return true;
    case CXCursor_SizeOfPackExpr:
    case CXCursor_CXXTypeidExpr:
    case CXCursor_PackExpansionExpr:
        return true;
    default:
        return false;
    }
}

/* ---- addresses -------------------------------------------------------------------------------- */

/* 'c ? a : b' of objects: the address of one of the two. */
static Val
choice_addr(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    const Type *type = type_ptr(lo->unit, cursor_type(lo->tu, expr));
    uint32_t yes = build_block(lo->b), no = build_block(lo->b), end = build_block(lo->b);
    Val hidden = lower_hidden(lo, type);
    Scope arm;

    if (operands.n == 3) {
        lower_cond(lo, operands.at[0], yes, no);
        build_start(lo->b, yes);
        full_open(lo, &arm);
        build_store(lo->b, hidden, lower_addr(lo, operands.at[1]), type);
        full_close_arm(lo, true);
        build_jmp(lo->b, end);
        build_start(lo->b, no);
        full_open(lo, &arm);
        build_store(lo->b, hidden, lower_addr(lo, operands.at[2]), type);
        full_close_arm(lo, true);
    }
    else {
        build_start(lo->b, yes);
        build_start(lo->b, no);
    }
    build_start(lo->b, end);
    return build_load(lo->b, hidden, type);
}

static bool
is_object(CXCursor expr, Lower *lo)
{
    switch (clang_getCursorKind(expr)) {
    case CXCursor_DeclRefExpr:
    case CXCursor_MemberRefExpr:
    case CXCursor_ArraySubscriptExpr:
    case CXCursor_CXXStaticCastExpr:
    case CXCursor_CXXConstCastExpr:
        return true;
    case CXCursor_UnaryOperator:
        return clang_getCursorUnaryOperatorKind(expr) == CXUnaryOperator_Deref;
    case CXCursor_CallExpr:
        return gives_reference(lo, expr);
    default:
        return false;
    }
}

/* A cast: to a reference it is the same place, else a new object. */
static bool
cast_addr(Lower *lo, CXCursor expr, Val *addr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    CXCursor operand;

    if (operands.n == 0) {
        return false;
    }
    operand = cursor_peel(lo->tu, operands.at[operands.n - 1]);
    if (cursor_type(lo->tu, expr)->kind == TYPE_RECORD) {
        *addr = is_object(operand, lo) ? lower_addr(lo, operand) : lower_temporary(lo, expr);
        return true;
    }
    if (cursor_type(lo->tu, expr) == cursor_type(lo->tu, operand) && is_object(operand, lo)) {
        *addr = lower_addr(lo, operand);
        return true;
    }
    return false;
}

/* 'a = b', '++a', 'a, b' are places in C++. */
static bool
operator_addr(Lower *lo, CXCursor expr, Val *addr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    enum CXBinaryOperatorKind op = clang_getCursorBinaryOperatorKind(expr);

    if (operands.n != 2) {
        return false;
    }
    if (op == CXBinaryOperator_Comma) {
        lower_effect(lo, operands.at[0]);
        *addr = lower_addr(lo, operands.at[1]);
        return true;
    }
    if (op == CXBinaryOperator_Assign) {
        lower_effect(lo, expr);
        *addr = lower_addr(lo, operands.at[0]);
        return true;
    }
    return false;
}

bool
lower_cxx_addr(Lower *lo, CXCursor expr, Val *addr)
{
    bool is_record = cursor_type(lo->tu, expr)->kind == TYPE_RECORD;

    switch (clang_getCursorKind(expr)) {
    case CXCursor_CallExpr:
        if (gives_reference(lo, expr) && call_is_cxx(lo, expr)) {
            *addr = lower_call_cxx(lo, expr, VAL_NOTHING);
            return addr->kind != VAL_NONE;
        }
        break;
    case CXCursor_CXXStaticCastExpr:
    case CXCursor_CXXConstCastExpr:
    case CXCursor_CXXReinterpretCastExpr:
    case CXCursor_CXXFunctionalCastExpr:
    case CXCursor_CXXDynamicCastExpr:
    case CXCursor_CStyleCastExpr:
        return cast_addr(lo, expr, addr);
    case CXCursor_BinaryOperator:
        return operator_addr(lo, expr, addr);
    case CXCursor_ConditionalOperator:
        if (is_record) {
            *addr = choice_addr(lo, expr);
            return true;
        }
        return false;
    case CXCursor_LambdaExpr:
    case CXCursor_InitListExpr:
    case CXCursor_UnexposedExpr:
        break;
    default:
        return false;
    }
    if (is_record) {
        *addr = lower_temporary(lo, expr);
    }
    return is_record;
}

/* lower_object.c: makes, copies and ends objects of C++ classes.
 *
 * An object is made right where it is needed: what a function returns, and a
 * temporary that initialises something, are never copied.  Special members that
 * the compiler makes are spelled out here, member by member.
 */
#include "capture/lower.h"

/* Elements of an array of a class that are made and ended one by one. */
enum { ELEMENT_LIMIT = 8 };
/* Fields of a class that are copied one by one although all memory could be. */
enum { FIELD_LIMIT = 8 };

/* ---- parts --------------------------------------------------------------------- */

Val
lower_field(Lower *lo, Val object, const Class *klass, CXCursor field)
{
    CXType type = clang_getCursorType(field);
    const Type *into = clang_type(lo->tu, type);
    Str name = cursor_name(lo->tu, field);
    Val addr;

    if (name[0] == '\0') {
        return object; /* an anonymous record: the same place */
    }
    addr = build_field(lo->b, object, klass->tag, name, into);
    return type_is_reference(type) ? build_load(lo->b, addr, into) : addr;
}

/* Calls a special member with the address of another object, or without. */
static void
call_special(Lower *lo, const Class *klass, CXCursor function, Val self, const Val *args,
             uint32_t nargs)
{
    Callee callee = {.function = function, .self = self, .klass = klass};
    CXType made_from = lo->tu->made_from;
    bool is_pattern = lo->tu->is_pattern;

    if (klass->is_pattern) {
        lo->tu->made_from = klass->type;
        lo->tu->is_pattern = true;
    }
    lower_call_values(lo, &callee, args, nargs, VAL_NOTHING);
    lo->tu->made_from = made_from;
    lo->tu->is_pattern = is_pattern;
}

/* The number of elements of an array of a class that are followed, 1 for a single
 * object; 'element' gets what each is. */
static uint32_t
count_elements(CXType type, CXType *element)
{
    long long count;

    *element = clang_getCanonicalType(type);
    if (element->kind != CXType_ConstantArray) {
        return 1;
    }
    count = clang_getArraySize(*element);
    *element = clang_getArrayElementType(*element);
    return count < 0 ? 0 : count > ELEMENT_LIMIT ? ELEMENT_LIMIT : (uint32_t)count;
}

static Val
element_at(Lower *lo, Val address, CXType type, uint32_t i)
{
    CXType element;

    count_elements(type, &element);
    if (clang_getCanonicalType(type).kind != CXType_ConstantArray) {
        return address;
    }
    return build_index(lo->b, address, (Val){.kind = VAL_INT, .num = i},
                       clang_type(lo->tu, element));
}

/* ---- the end --------------------------------------------------------------------- */

static void
destroy_part(Lower *lo, Val address, const Class *klass, CXType type, CXCursor field)
{
    CXType element;
    const Class *inner = type_is_reference(type) ? NULL : class_of(lo->tu, type);
    Val place;

    if (inner == NULL || !inner->ends) {
        return;
    }
    place = clang_Cursor_isNull(field) ? address : lower_field(lo, address, klass, field);
    for (uint32_t i = count_elements(type, &element); i-- > 0;) {
        lower_destroy(lo, element_at(lo, place, type, i), inner);
    }
}

void
lower_destroy_parts(Lower *lo, Val address, const Class *klass)
{
    if (klass->is_union) {
        return;
    }
    for (uint32_t i = klass->fields.n; i-- > 0;) {
        destroy_part(lo, address, klass, clang_getCursorType(klass->fields.at[i]),
                     klass->fields.at[i]);
    }
    for (uint32_t i = klass->bases.n; i-- > 0;) {
        destroy_part(lo, address, klass, klass->base_type[i], clang_getNullCursor());
    }
    if (klass->is_vague) { /* what its base does is not known */
        lower_call_named(lo, "unknown base", &address, 1, type_void(lo->unit));
    }
}

void
lower_destroy(Lower *lo, Val address, const Class *klass)
{
    if (!klass->ends || !lower_enter(lo)) {
        return;
    }
    if (klass->is_holder) {
        lower_holder_end(lo, address, klass);
    }
    else if (!clang_Cursor_isNull(klass->destructor)) {
        call_special(lo, klass, klass->destructor, address, NULL, 0);
    }
    else {
        lower_destroy_parts(lo, address, klass);
    }
    lower_leave(lo);
}

void
lower_destroy_all(Lower *lo, Val address, const Type *type, const Class *klass)
{
    uint64_t n = type->kind == TYPE_ARRAY ? type->count : 1;

    for (uint64_t i = n < ELEMENT_LIMIT ? n : ELEMENT_LIMIT; i-- > 0;) {
        Val element = type->kind == TYPE_ARRAY
            ? build_index(lo->b, address, (Val){.kind = VAL_INT, .num = (int64_t)i}, type->to)
            : address;

        lower_destroy(lo, element, klass);
    }
}

/* ---- the beginning ------------------------------------------------------------------ */

static void
default_part(Lower *lo, Val address, const Class *klass, CXType type, CXCursor field)
{
    bool is_base = clang_Cursor_isNull(field);
    CXCursor init = is_base ? field : class_field_init(lo->tu, field);
    Val place;

    if (clang_Cursor_isNull(init) && class_of(lo->tu, type) == NULL) {
        return; /* it stays as it is */
    }
    place = is_base ? address : lower_field(lo, address, klass, field);
    if (!clang_Cursor_isNull(init)) {
        lower_init(lo, place, type, init);
    }
    else {
        lower_default(lo, place, type);
    }
}

static void
default_object(Lower *lo, Val address, const Class *klass)
{
    if (klass->is_holder) {
        lower_holder_set(lo, address, (Val){.kind = VAL_NULL}, klass);
        return;
    }
    if (!clang_Cursor_isNull(klass->plain)) {
        call_special(lo, klass, klass->plain, address, NULL, 0);
        return;
    }
    for (uint32_t i = 0; i < klass->bases.n; i++) {
        default_part(lo, address, klass, klass->base_type[i], clang_getNullCursor());
    }
    for (uint32_t i = 0; i < klass->fields.n && !klass->is_union; i++) {
        default_part(lo, address, klass, clang_getCursorType(klass->fields.at[i]),
                     klass->fields.at[i]);
    }
}

void
lower_default(Lower *lo, Val address, CXType type)
{
    const Class *klass = class_of(lo->tu, type);
    CXType element;
    uint32_t n;

    if (klass == NULL || (klass->is_opaque && !klass->is_holder) || !lower_enter(lo)) {
        return;
    }
    n = count_elements(type, &element);
    for (uint32_t i = 0; i < n; i++) {
        default_object(lo, element_at(lo, address, type, i), klass);
    }
    lower_leave(lo);
}

/* ---- copies --------------------------------------------------------------------------- */

/* The special member that copies or moves; moving falls back on copying. */
static CXCursor
copier(const Class *klass, bool moves, bool assigns)
{
    CXCursor mover = assigns ? klass->move_assign : klass->move;

    if (moves && !clang_Cursor_isNull(mover)) {
        return mover;
    }
    return assigns ? klass->copy_assign : klass->copy;
}

static void
copy_part(Lower *lo, Val to, Val from, const Class *klass, CXType type, CXCursor part,
          bool moves, bool assigns)
{
    const Type *into = clang_type(lo->tu, type);
    const Class *inner = type_is_reference(type) ? NULL : class_of(lo->tu, type);
    Str name = cursor_name(lo->tu, part);

    if (clang_getCursorKind(part) == CXCursor_FieldDecl && name[0] != '\0') {
        to = build_field(lo->b, to, klass->tag, name, into);
        from = build_field(lo->b, from, klass->tag, name, into);
    }
    if (inner != NULL && into->kind == TYPE_RECORD) {
        lower_copy(lo, to, from, inner, moves, assigns);
    }
    else if (into->kind == TYPE_ARRAY || into->kind == TYPE_OTHER) {
        build_move(lo->b, to, from, into);
    }
    else {
        build_store(lo->b, to, build_load(lo->b, from, into), into);
    }
}

/* The argument of a special member: 'operator=(T other)' takes a copy. */
static Val
special_argument(Lower *lo, const Class *klass, CXCursor member, Val from, bool moves)
{
    CXType param = clang_getCursorType(clang_Cursor_getArgument(member, 0));
    Val copy = {.kind = VAL_LOCAL};

    if (type_is_reference(param)) {
        return from;
    }
    copy.index = build_local(lo->b, "", clang_type(lo->tu, klass->type), false,
                             build_loc(lo->b));
    lower_copy(lo, copy, from, klass, moves, false);
    return copy;
}

void
lower_copy(Lower *lo, Val to, Val from, const Class *klass, bool moves, bool assigns)
{
    CXCursor member = copier(klass, moves, assigns);

    if (!lower_enter(lo)) {
        return;
    }
    if (klass->is_holder) {
        lower_holder_move(lo, to, from, klass, assigns);
    }
    else if (!clang_Cursor_isNull(member)) {
        from = special_argument(lo, klass, member, from, moves);
        call_special(lo, klass, member, to, &from, 1);
    }
    else if (klass->is_opaque || klass->is_union || klass->is_vague
             || (!klass->copies && klass->fields.n > FIELD_LIMIT)) {
        build_move(lo->b, to, from, clang_type(lo->tu, klass->type));
    }
    else {
        for (uint32_t i = 0; i < klass->bases.n; i++) {
            copy_part(lo, to, from, klass, klass->base_type[i], klass->bases.at[i], moves,
                      assigns);
        }
        for (uint32_t i = 0; i < klass->fields.n; i++) {
            copy_part(lo, to, from, klass, clang_getCursorType(klass->fields.at[i]),
                      klass->fields.at[i], moves, assigns);
        }
    }
    lower_leave(lo);
}

/* ---- expressions into objects ------------------------------------------------------------- */

/* The expression below casts to the class it already has. */
static CXCursor
peel_value(Tu *tu, CXCursor expr)
{
    for (;;) {
        Cursors operands;
        enum CXCursorKind kind;

        expr = cursor_peel(tu, expr);
        kind = clang_getCursorKind(expr);
        if (kind != CXCursor_CXXFunctionalCastExpr && kind != CXCursor_CStyleCastExpr
            && kind != CXCursor_CXXStaticCastExpr) {
            return expr;
        }
        operands = cursor_operands(tu, expr);
        if (operands.n == 0
            || cursor_type(tu, operands.at[operands.n - 1]) != cursor_type(tu, expr)) {
            return expr;
        }
        expr = operands.at[operands.n - 1];
    }
}

static void
construct_choice(Lower *lo, Val address, CXType type, Cursors operands)
{
    uint32_t yes = build_block(lo->b), no = build_block(lo->b), end = build_block(lo->b);
    Scope arm;

    lower_cond(lo, operands.at[0], yes, no);
    build_start(lo->b, yes);
    full_open(lo, &arm);
    lower_construct(lo, address, type, operands.at[1]);
    full_close_arm(lo, false);
    build_jmp(lo->b, end);
    build_start(lo->b, no);
    full_open(lo, &arm);
    lower_construct(lo, address, type, operands.at[2]);
    full_close_arm(lo, false);
    build_start(lo->b, end);
}

/* A call that gives an object, a constructor's among them. */
static void
construct_from_call(Lower *lo, Val address, CXType type, CXCursor expr)
{
    CXCursor function = call_function(lo, expr);
    Cursors operands;

    if (clang_Cursor_isNull(function)) {
        operands = cursor_operands(lo->tu, expr);
        if (operands.n == 1
            && cursor_type(lo->tu, operands.at[0]) == cursor_type(lo->tu, expr)) {
            lower_construct(lo, address, type, operands.at[0]); /* a copy left out */
            return;
        }
    }
    if (clang_getCursorKind(function) == CXCursor_Constructor) {
        const Class *klass = class_of(lo->tu, type);
        CXType element;
        uint32_t n = count_elements(type, &element);

        for (uint32_t i = 0; i < n; i++) {
            lower_construct_call(lo, element_at(lo, address, type, i), klass, expr);
        }
        return;
    }
    if (!type_is_reference(clang_getResultType(clang_getCursorType(function)))) {
        lower_call_cxx(lo, expr, address);
        return;
    }
    build_move(lo->b, address, lower_addr(lo, expr), clang_type(lo->tu, type));
}

/* True for what makes an object rather than naming one. */
static bool
has_place(Lower *lo, CXCursor expr)
{
    switch (clang_getCursorKind(expr)) {
    case CXCursor_DeclRefExpr:
    case CXCursor_MemberRefExpr:
    case CXCursor_ArraySubscriptExpr:
    case CXCursor_UnaryOperator:
    case CXCursor_BinaryOperator:
    case CXCursor_CompoundLiteralExpr:
    case CXCursor_CXXStaticCastExpr:
    case CXCursor_CStyleCastExpr:
        return cursor_type(lo->tu, expr)->kind == TYPE_RECORD;
    default:
        return false;
    }
}

void
lower_construct(Lower *lo, Val address, CXType type, CXCursor expr)
{
    Cursors operands;

    if (!lower_enter(lo)) {
        return;
    }
    expr = peel_value(lo->tu, expr);
    switch (clang_getCursorKind(expr)) {
    case CXCursor_CallExpr:
        construct_from_call(lo, address, type, expr);
        break;
    case CXCursor_InitListExpr:
        lower_init(lo, address, type, expr);
        break;
    case CXCursor_ConditionalOperator:
        operands = cursor_operands(lo->tu, expr);
        if (operands.n == 3) {
            construct_choice(lo, address, type, operands);
        }
        break;
    case CXCursor_LambdaExpr:
        lower_lambda(lo, expr);
        if (address.kind != VAL_LOCAL) { /* kept in an object that may call it later */
            lower_lambda_escapes(lo, clang_getCursorType(expr));
        }
        break;
    default:
        if (has_place(lo, expr)) {
            build_move(lo->b, address, lower_addr(lo, expr), clang_type(lo->tu, type));
        }
        else if (clang_getCursorKind(expr) == CXCursor_UnexposedExpr
                 && cursor_operands(lo->tu, expr).n == 0) { /* T() */
            lower_default(lo, address, type);
        }
        else {
            lower_effect(lo, expr);
            lower_call_named(lo, "unknown", &address, 1, type_void(lo->unit));
        }
        break;
    }
    lower_leave(lo);
}

void
lower_construct_part(Lower *lo, Val address, CXType type, CXCursor expr)
{
    const Class *klass = class_of(lo->tu, type);
    const Type *into = clang_type(lo->tu, type), *from = cursor_type(lo->tu, expr);
    CXCursor function;
    Val val;

    if (klass == NULL || into->kind != TYPE_RECORD || from->kind == TYPE_RECORD) {
        lower_assign(lo, address, expr, into);
        return;
    }
    val = lower_expr(lo, expr);
    function = class_converter(lo->tu, klass, from);
    if (clang_Cursor_isNull(function)) {
        Val args[] = {address, val};

        lower_call_named(lo, "unknown", args, COUNT_OF(args), type_void(lo->unit));
        return;
    }
    call_special(lo, klass, function, address, &val, 1);
}

Val
lower_temporary(Lower *lo, CXCursor expr)
{
    CXType type = clang_getCursorType(expr);
    const Class *klass = class_of(lo->tu, type);
    Val address = {.kind = VAL_LOCAL};

    address.index = build_local(lo->b, klass != NULL ? klass->tag : "",
                                cursor_type(lo->tu, expr), false, build_loc(lo->b));
    lower_construct(lo, address, type, expr);
    scope_ends_with(lo, address.index, klass != NULL && klass->ends ? klass : NULL);
    return address;
}

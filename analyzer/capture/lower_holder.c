/* lower_holder.c: std::unique_ptr, whose members stand in a system header: one
 * pointer, given to the deleter when the holder ends or gets another.
 */
#include "capture/lower.h"

/* ---- the pointer and its deleter -------------------------------------------------------- */

static const Type *
pointer_type(Lower *lo, const Class *klass)
{
    CXType to = clang_Type_getTemplateArgumentAsType(klass->type, 0);

    return type_ptr(lo->unit, clang_type(lo->tu, to));
}

static Val
pointer_place(Lower *lo, Val address, const Class *klass)
{
    return build_field(lo->b, address, klass->tag, "pointer", pointer_type(lo, klass));
}

static Val
deleter_place(Lower *lo, Val address, const Class *klass, const Type *type)
{
    return build_field(lo->b, address, klass->tag, "deleter", type);
}

/* Calls the deleter, which may be a function pointer, with a pointer that is not NULL. */
static void
delete_pointer(Lower *lo, Val address, const Class *klass, Val pointer)
{
    CXType deleter = clang_getCanonicalType(
        clang_Type_getTemplateArgumentAsType(klass->type, 1));
    CXCursor function = class_method(lo->tu, deleter, "operator()");
    const Type *type = clang_type(lo->tu, deleter);
    const Class *own = class_of(lo->tu, deleter);

    if (type->kind == TYPE_PTR) {
        Val target = build_load(lo->b, deleter_place(lo, address, klass, type), type);

        build_call(lo->b, target, ".deleter", &pointer, 1, type_void(lo->unit));
    }
    else if (!clang_Cursor_isNull(function) && own != NULL && !own->is_opaque) {
        Callee callee = {.function = function, .klass = own, .self = address};

        lower_call_values(lo, &callee, &pointer, 1, VAL_NOTHING);
    }
    else {
        const Class *held = class_of(lo->tu,
                                     clang_Type_getTemplateArgumentAsType(klass->type, 0));

        if (held != NULL) {
            lower_destroy(lo, pointer, held);
        }
        lower_call_named(lo, "operator delete", &pointer, 1, type_void(lo->unit));
    }
}

static void
delete_if_any(Lower *lo, Val address, const Class *klass, Val pointer)
{
    uint32_t some = build_block(lo->b), end = build_block(lo->b);

    build_br(lo->b, build_cmp(lo->b, "!=", pointer, (Val){.kind = VAL_NULL}), some, end);
    build_start(lo->b, some);
    delete_pointer(lo, address, klass, pointer);
    build_start(lo->b, end);
}

void
lower_holder_end(Lower *lo, Val address, const Class *klass)
{
    Val place = pointer_place(lo, address, klass);

    delete_if_any(lo, address, klass, build_load(lo->b, place, pointer_type(lo, klass)));
}

void
lower_holder_set(Lower *lo, Val address, Val pointer, const Class *klass)
{
    build_store(lo->b, pointer_place(lo, address, klass), pointer, pointer_type(lo, klass));
}

/* The pointer is taken out. */
static Val
take_pointer(Lower *lo, Val address, const Class *klass)
{
    Val place = pointer_place(lo, address, klass);
    Val old = build_load(lo->b, place, pointer_type(lo, klass));

    build_store(lo->b, place, (Val){.kind = VAL_NULL}, pointer_type(lo, klass));
    return old;
}

static void
replace_pointer(Lower *lo, Val address, const Class *klass, Val pointer)
{
    Val place = pointer_place(lo, address, klass);
    Val old = build_load(lo->b, place, pointer_type(lo, klass));

    build_store(lo->b, place, pointer, pointer_type(lo, klass));
    delete_if_any(lo, address, klass, old);
}

void
lower_holder_move(Lower *lo, Val to, Val from, const Class *klass, bool assigns)
{
    Val pointer = take_pointer(lo, from, klass);

    if (assigns) {
        replace_pointer(lo, to, klass, pointer);
    }
    else {
        lower_holder_set(lo, to, pointer, klass);
    }
}

/* ---- the members ------------------------------------------------------------------------- */

/* True for a holder, or a reference to one, as argument. */
static bool
is_holder(Lower *lo, CXCursor arg)
{
    const Class *klass = class_of(lo->tu, clang_getCursorType(arg));

    return klass != NULL && klass->is_holder;
}

/* The constructors: empty, of a pointer, of a pointer and a deleter, of another. */
static void
construct(Lower *lo, Val address, const Class *klass, CXCursor expr, int nargs)
{
    CXType deleter = clang_Type_getTemplateArgumentAsType(klass->type, 1);
    const Type *type = clang_type(lo->tu, deleter);
    Val pointer = {.kind = VAL_NULL};

    if (nargs > 0 && is_holder(lo, clang_Cursor_getArgument(expr, 0))) {
        lower_holder_move(lo, address, lower_addr(lo, clang_Cursor_getArgument(expr, 0)), klass,
                          false);
        return;
    }
    if (nargs > 0) {
        pointer = lower_expr(lo, clang_Cursor_getArgument(expr, 0));
    }
    if (nargs > 1 && type->kind == TYPE_PTR) {
        build_store(lo->b, deleter_place(lo, address, klass, type),
                    lower_expr(lo, clang_Cursor_getArgument(expr, 1)), type);
    }
    lower_holder_set(lo, address, pointer, klass);
}

/* 'expr' is of an operator: its first argument is the holder itself. */
static void
assign(Lower *lo, Val address, const Class *klass, CXCursor expr)
{
    CXCursor arg = clang_Cursor_getArgument(expr, 1);

    if (is_holder(lo, arg)) {
        lower_holder_move(lo, address, lower_addr(lo, arg), klass, true);
    }
    else {
        replace_pointer(lo, address, klass, (Val){.kind = VAL_NULL});
    }
}

static Val
first_argument(Lower *lo, CXCursor expr)
{
    CXCursor arg;

    if (clang_Cursor_getNumArguments(expr) < 1) {
        return (Val){.kind = VAL_NULL};
    }
    arg = clang_Cursor_getArgument(expr, 0);
    if (clang_getCursorKind(arg) == CXCursor_UnexposedExpr
        && cursor_children(lo->tu, arg).n == 0) {
        return (Val){.kind = VAL_NULL};
    }
    return lower_expr(lo, arg);
}

bool
lower_holder_call(Lower *lo, Val address, const Class *klass, CXCursor method, CXCursor expr,
                  Val *result)
{
    Str name = cursor_name(lo->tu, method);
    const Type *type = pointer_type(lo, klass);

    *result = VAL_NOTHING;
    if (clang_getCursorKind(method) == CXCursor_Constructor) {
        construct(lo, address, klass, expr, clang_Cursor_getNumArguments(expr));
    }
    else if (text_equal(name, "release")) {
        *result = take_pointer(lo, address, klass);
    }
    else if (text_equal(name, "reset")) {
        replace_pointer(lo, address, klass, first_argument(lo, expr));
    }
    else if (text_equal(name, "get") || text_equal(name, "operator->")
             || text_equal(name, "operator*")) {
        *result = build_load(lo->b, pointer_place(lo, address, klass), type);
    }
    else if (text_equal(name, "operator bool")) {
        Val now = build_load(lo->b, pointer_place(lo, address, klass), type);

        *result = build_cmp(lo->b, "!=", now, (Val){.kind = VAL_NULL});
    }
    else if (text_equal(name, "operator=")) {
        assign(lo, address, klass, expr);
        *result = address;
    }
    else {
        return false;
    }
    return true;
}

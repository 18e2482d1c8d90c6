/* lower_std.c: calls of the C++ library that only pass on or move values, and calls
 * of what is not shown.
 */
#include "capture/lower.h"

/* ---- what is not shown ---------------------------------------------------------------- */

Val
lower_call_named(Lower *lo, const char *name, const Val *args, uint32_t nargs, const Type *type)
{
    Decl *decl = unit_decl(lo->unit, arena_printf(lo->scratch, "c:@F@%s#", name), name, true);

    if (decl->type == NULL) {
        decl->type = type_intern(lo->unit, (Type){.kind = TYPE_FUNC, .to = type});
        decl->is_system = true;
    }
    return build_call(lo->b, (Val){.kind = VAL_FUNC, .decl = decl}, "", args, nargs, type);
}

void
lower_either(Lower *lo, const char *what, uint32_t yes, uint32_t no)
{
    const Type *type = type_int(lo->unit, 1, true);
    Val unset = {.kind = VAL_LOCAL};

    unset.index = build_local(lo->b, arena_printf(lo->scratch, "'%s'", what), type, false,
                              build_loc(lo->b));
    build_br(lo->b, build_load(lo->b, unset, type), yes, no);
}

/* ---- functions of namespace std that only pass on or move values -------------------------- */

static Val
std_exchange(Lower *lo, CXCursor expr)
{
    CXCursor place = clang_Cursor_getArgument(expr, 0);
    const Type *type = cursor_type(lo->tu, place);
    Val addr = lower_addr(lo, place);
    Val value = lower_convert(lo, lower_expr(lo, clang_Cursor_getArgument(expr, 1)),
                              cursor_type(lo->tu, clang_Cursor_getArgument(expr, 1)), type);
    Val old = build_load(lo->b, addr, type);

    build_store(lo->b, addr, value, type);
    return old;
}

static void
std_swap(Lower *lo, CXCursor expr)
{
    const Type *type = cursor_type(lo->tu, clang_Cursor_getArgument(expr, 0));
    Val a = lower_addr(lo, clang_Cursor_getArgument(expr, 0));
    Val b = lower_addr(lo, clang_Cursor_getArgument(expr, 1));
    Val hidden = lower_hidden(lo, type), one, other;

    if (type->kind == TYPE_RECORD) {
        build_move(lo->b, hidden, a, type);
        build_move(lo->b, a, b, type);
        build_move(lo->b, b, hidden, type);
        return;
    }
    one = build_load(lo->b, a, type);
    other = build_load(lo->b, b, type);
    build_store(lo->b, a, other, type);
    build_store(lo->b, b, one, type);
}

bool
lower_std_call(Lower *lo, CXCursor function, CXCursor expr, Val *val)
{
    int n = clang_Cursor_getNumArguments(expr);
    Str name = cursor_name(lo->tu, function);

    *val = VAL_NOTHING;
    if (clang_getCursorKind(function) != CXCursor_FunctionDecl
        || !cursor_is_std(lo->tu, function)) {
        return false;
    }
    if (n == 1 && (text_equal(name, "move") || text_equal(name, "forward")
                   || text_equal(name, "as_const") || text_equal(name, "addressof"))) {
        *val = lower_addr(lo, clang_Cursor_getArgument(expr, 0));
        return true;
    }
    if (n == 2 && text_equal(name, "swap")) {
        std_swap(lo, expr);
        return true;
    }
    if (n == 2 && text_equal(name, "exchange")
        && class_of(lo->tu, clang_getCursorType(clang_Cursor_getArgument(expr, 0))) == NULL) {
        *val = std_exchange(lo, expr);
        return true;
    }
    return false;
}

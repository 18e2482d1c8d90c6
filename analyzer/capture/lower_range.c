/* lower_range.c: turns what C++ declares by taking something apart: the variable
 * of a range-based for, structured bindings.
 *
 * An array is walked by index.  What other ranges hold is unknown, and so is how
 * much it is.
 */
#include "capture/lower.h"

/* ---- for (x : range) --------------------------------------------------------------------- */

typedef struct Range {
    CXCursor var, range, body;
} Range;

static bool
read_range(Lower *lo, CXCursor stmt, Range *range)
{
    Cursors children = cursor_children(lo->tu, stmt);
    uint32_t i = 0;

    *range = (Range){clang_getNullCursor(), clang_getNullCursor(), clang_getNullCursor()};
    while (i < children.n && clang_getCursorKind(children.at[i]) != CXCursor_VarDecl
           && clang_getCursorKind(children.at[i]) != CXCursor_UnexposedDecl) {
        lower_stmt(lo, children.at[i++]);
    }
    if (i + 3 != children.n) {
        return false;
    }
    *range = (Range){children.at[i], children.at[i + 1], children.at[i + 2]};
    return true;
}

/* The loop's variable becomes the element at an address. */
static void
bind_element(Lower *lo, CXCursor var, Val element, const Type *type)
{
    CXType declared = clang_getCursorType(var);
    const Type *into = clang_type(lo->tu, declared);
    const Class *klass = type_is_reference(declared) ? NULL : class_of(lo->tu, declared);
    Val local = {.kind = VAL_LOCAL};

    if (clang_getCursorKind(var) != CXCursor_VarDecl) {
        return; /* its names are declared where they are used */
    }
    local.index = lower_new_local(lo, cursor_name(lo->tu, var), into);
    *map_put(&lo->locals, cursor_key(var)) = (void *)(uintptr_t)(local.index + 1);
    if (type_is_reference(declared)) {
        build_store(lo->b, local, element, into);
    }
    else if (klass != NULL && into->kind == TYPE_RECORD) {
        lower_copy(lo, local, element, klass, false, false);
        scope_ends_with(lo, local.index, klass->ends ? klass : NULL);
    }
    else {
        build_store(lo->b, local,
                    lower_convert(lo, build_load(lo->b, element, type), type, into), into);
    }
}

/* Of an array: for (i = 0; i < n; i++). */
typedef struct Counter {
    Val place;
    const Type *type;
} Counter;

static void
check_count(Lower *lo, const Counter *counter, uint64_t n, uint32_t body, uint32_t end)
{
    Val now = build_load(lo->b, counter->place, counter->type);
    Val more = build_cmp(lo->b, "<", now, (Val){.kind = VAL_INT, .num = (int64_t)n});

    build_br(lo->b, more, body, end);
}

static void
count_on(Lower *lo, const Counter *counter)
{
    Val now = build_load(lo->b, counter->place, counter->type);

    build_store(lo->b, counter->place,
                build_bin(lo->b, "+", now, (Val){.kind = VAL_INT, .num = 1}, counter->type),
                counter->type);
}

/* The type of the elements: of an array, else as the variable says. */
static const Type *
element_type(Lower *lo, const Type *range, CXCursor var)
{
    CXType type = clang_getCursorType(var);

    if (range->kind == TYPE_ARRAY) {
        return range->to;
    }
    return clang_type(lo->tu, type_is_reference(type) ? clang_getPointeeType(type) : type);
}

static void
lower_turns(Lower *lo, const Range *range, Val addr, const Type *type)
{
    const Type *element = element_type(lo, type, range->var);
    bool counted = type->kind == TYPE_ARRAY && type->count > 0;
    Counter counter = {.type = type_int(lo->unit, 64, true)};
    uint32_t head = build_block(lo->b), body = build_block(lo->b);
    uint32_t step = build_block(lo->b), end = build_block(lo->b);
    Target old_break = lo->on_break, old_continue = lo->on_continue;
    Scope scope;
    Val at;

    counter.place = lower_hidden(lo, counter.type);
    build_store(lo->b, counter.place, (Val){.kind = VAL_INT}, counter.type);
    lo->on_break = (Target){.block = end, .scope = lo->scope};
    lo->on_continue = (Target){.block = step, .scope = lo->scope};
    build_start(lo->b, head);
    if (counted) {
        check_count(lo, &counter, type->count, body, end);
    }
    else {
        lower_either(lo, "there is one more", body, end);
    }
    build_start(lo->b, body);
    scope_open(lo, &scope, clang_getNullCursor());
    at = counted
        ? build_index(lo->b, addr, build_load(lo->b, counter.place, counter.type), element)
        : lower_call_named(lo, "std::next", &addr, 1, type_ptr(lo->unit, element));
    bind_element(lo, range->var, at, element);
    lower_stmt(lo, range->body);
    scope_close(lo);
    build_start(lo->b, step);
    count_on(lo, &counter);
    build_jmp(lo->b, head);
    build_start(lo->b, end);
    lo->on_break = old_break;
    lo->on_continue = old_continue;
}

void
lower_range_for(Lower *lo, CXCursor stmt)
{
    Range range;
    Scope scope;

    scope_open(lo, &scope, stmt);
    if (read_range(lo, stmt, &range)) {
        lower_turns(lo, &range, lower_addr(lo, range.range), cursor_type(lo->tu, range.range));
    }
    else {
        lower_damage(lo, "a loop did not parse");
    }
    scope_close(lo);
}

/* ---- auto [a, b] = x ------------------------------------------------------------------------ */

/* The address of the i-th part of an object; nothing for what library code takes apart. */
static bool
part_addr(Lower *lo, Val object, CXType type, uint32_t i, Val *addr)
{
    const Type *whole = clang_type(lo->tu, type);
    const Class *klass = class_of(lo->tu, type);

    if (whole->kind == TYPE_ARRAY) {
        *addr = build_index(lo->b, object, (Val){.kind = VAL_INT, .num = i}, whole->to);
        return true;
    }
    if (klass == NULL || klass->is_opaque || i >= klass->fields.n) {
        return false;
    }
    *addr = lower_field(lo, object, klass, klass->fields.at[i]);
    return true;
}

void
lower_bindings(Lower *lo, CXCursor decl)
{
    Cursors children = cursor_children(lo->tu, decl);
    CXType type = clang_getCursorType(decl);
    const Class *klass;
    bool by_reference = type_is_reference(type);
    Val object;
    uint32_t n = 0;

    while (n < children.n && clang_getCursorKind(children.at[n]) == CXCursor_UnexposedDecl) {
        n++;
    }
    if (n == 0 || n >= children.n || !clang_isExpression(clang_getCursorKind(children.at[n]))) {
        return;
    }
    type = by_reference ? clang_getPointeeType(type) : type;
    if (by_reference) {
        object = lower_addr(lo, children.at[n]);
    }
    else {
        object = lower_hidden(lo, clang_type(lo->tu, type));
        lower_init(lo, object, type, children.at[n]);
        klass = class_of(lo->tu, type);
        scope_ends_with(lo, object.index, klass != NULL && klass->ends ? klass : NULL);
    }
    for (uint32_t i = 0; i < n; i++) {
        Val addr;

        if (!part_addr(lo, object, type, i, &addr)) {
            addr = lower_hidden(lo, cursor_type(lo->tu, children.at[i]));
            build_store(lo->b, addr, (Val){.kind = VAL_UNDEF},
                        cursor_type(lo->tu, children.at[i]));
        }
        *map_put(&lo->aliases, cursor_key(children.at[i])) =
            arena_copy(lo->scratch, &addr, sizeof(Val));
    }
}

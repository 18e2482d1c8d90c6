/* init_tree.c: turns initialisers into trees in the shape of the object, by the
 * rules of C11 6.7.9.
 *
 * libclang shows initialiser lists as written: with designators, with inner
 * braces left out, with members left out.
 */
#include "capture/class.h"
#include "capture/init.h"

#include <string.h>

/* Elements of a static array of anything but numbers. */
enum { TABLE_LIMIT = 1 << 16 };

/* ---- the tree ---------------------------------------------------------------------- */

/* Long arrays of numbers say nothing that is asked for. */
static uint32_t
array_limit(CXType array)
{
    switch (clang_getCanonicalType(clang_getArrayElementType(array)).kind) {
    case CXType_Record:
    case CXType_Pointer:
    case CXType_ConstantArray:
        return TABLE_LIMIT;
    default:
        return INIT_ARRAY_LIMIT;
    }
}

Init *
init_new(Tu *tu, CXType type)
{
    Init *init = ARENA_NEW(tu->scratch, Init);

    init->type = clang_getCanonicalType(type);
    init->value = clang_getNullCursor();
    switch (init->type.kind) {
    case CXType_Record:
        init->is_record = true;
        init->members = clang_members(tu, init->type);
        init->limit = init->members->n;
        init->is_union = clang_getCursorKind(clang_getTypeDeclaration(init->type))
            == CXCursor_UnionDecl;
        break;
    case CXType_ConstantArray:
    case CXType_IncompleteArray:
    case CXType_VariableArray:
        init->is_array = true;
        init->limit = array_limit(init->type);
        break;
    default:
        break;
    }
    return init;
}

uint64_t
init_room(const Init *init)
{
    long long count;

    if (init->is_record) {
        return init->is_union && init->members->n > 0 ? 1 : init->members->n;
    }
    count = clang_getArraySize(init->type);
    return count < 0 ? TABLE_LIMIT : (uint64_t)count;
}

static CXType
part_type(const Init *init, uint64_t index)
{
    return init->is_array ? clang_getArrayElementType(init->type)
                          : init->members->at[index].type;
}

/* The part with this index, made on first use. */
static Init *
init_part(Tu *tu, Init *init, uint64_t index)
{
    assert(init->is_array || index < init->limit);
    if (index >= init->limit) {
        return init_new(tu, part_type(init, index)); /* filled, not kept */
    }
    if (index >= init->cap) {
        uint32_t cap = init->is_record ? init->members->n : (uint32_t)index * 2 + 8;
        Init **part = ARENA_ARRAY(tu->scratch, Init *, cap);

        if (init->nparts > 0) {
            memcpy(part, init->part, sizeof(Init *) * init->nparts);
        }
        init->part = part;
        init->cap = cap;
    }
    if (index >= init->nparts) {
        init->nparts = (uint32_t)index + 1;
    }
    if (init->part[index] == NULL) {
        init->part[index] = init_new(tu, part_type(init, index));
    }
    return init->part[index];
}

/* ---- lists into trees ------------------------------------------------------------------ */

static void init_fill(Tu *tu, Init *init, Cursors list, uint32_t *at, uint64_t next,
                      bool braced);

/* True for '.field = x' and '[n] = x': an unexposed node without a type. */
static bool
is_designated(CXCursor cursor)
{
    return clang_getCursorKind(cursor) == CXCursor_UnexposedExpr
        && clang_getCursorType(cursor).kind == CXType_Void;
}

static bool
is_string_array(Tu *tu, const Init *init, CXCursor value)
{
    return init->is_array
        && clang_getCursorKind(cursor_peel(tu, value)) == CXCursor_StringLiteral;
}

/* True when the expression gives the whole record or array at once. */
static bool
is_whole(Tu *tu, const Init *init, CXCursor value)
{
    return is_string_array(tu, init, value)
        || (init->is_record
            && clang_equalTypes(clang_getUnqualifiedType(init->type),
                                clang_getUnqualifiedType(clang_getCanonicalType(
                                    clang_getCursorType(value)))));
}

static void
init_set(Tu *tu, Init *init, CXCursor value)
{
    Cursors list;
    uint32_t at = 0;

    init->nparts = 0; /* a later initialiser overrides an earlier one */
    if (init->cap > 0) {
        memset(init->part, 0, sizeof(Init *) * init->cap);
    }
    init->has_value = false;
    if (clang_getCursorKind(value) != CXCursor_InitListExpr) {
        init->has_value = true;
        init->value = value;
        return;
    }
    list = cursor_children(tu, value);
    if (list.n == 1 && ((!init->is_record && !init->is_array)
                        || is_string_array(tu, init, list.at[0]))) {
        init_set(tu, init, list.at[0]);
    }
    else if (init->is_record || init->is_array) {
        init_fill(tu, init, list, &at, 0, true);
    }
}

/* True for a class in C++ that has constructors, or is given an object to be made of: no
 * braces of its own are left out. */
static bool
is_object(Tu *tu, const Init *part, CXCursor item)
{
    const Class *klass = class_of(tu, part->type);

    return klass != NULL
        && (klass->is_opaque || klass->copies || !clang_Cursor_isNull(klass->plain)
            || clang_getCanonicalType(clang_getCursorType(item)).kind == CXType_Record);
}

/* Takes from the list what the part needs: one item, or several where its
 * braces were left out. */
static void
init_take(Tu *tu, Init *part, Cursors list, uint32_t *at)
{
    CXCursor item = list.at[*at];

    if ((!part->is_record && !part->is_array) || is_whole(tu, part, item)
        || (part->is_record && is_object(tu, part, item))
        || clang_getCursorKind(item) == CXCursor_InitListExpr) {
        init_set(tu, part, item);
        ++*at;
        return;
    }
    init_fill(tu, part, list, at, 0, false);
}

/* The index of the member that a designator names. */
static bool
find_member(const Init *init, CXCursor ref, uint64_t *index)
{
    CXCursor field = clang_getCursorReferenced(ref);
    CXCursor record = clang_getTypeDeclaration(
        clang_getCanonicalType(clang_getCursorType(field)));

    for (uint32_t i = 0; init->is_record && i < init->members->n; i++) {
        CXCursor decl = init->members->at[i].decl;

        if (clang_equalCursors(decl, field) || clang_equalCursors(decl, record)) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* '[a ... b] = x' shows two indices as '[a][b] = x' does; the latter needs an
 * array of arrays and a value that is no list for a whole element. */
static bool
is_range(const Init *init, Cursors steps, uint32_t i)
{
    CXType element = clang_getCanonicalType(clang_getArrayElementType(init->type));

    if (i + 2 >= steps.n || clang_getCursorKind(steps.at[i + 1]) == CXCursor_MemberRef) {
        return false;
    }
    return element.kind != CXType_ConstantArray
        || clang_getCursorKind(steps.at[steps.n - 1]) == CXCursor_InitListExpr;
}

/* Follows the designators of an item from the i-th on and gives the part its
 * value.  The items behind it go on from there.  Returns the index in 'init'. */
static uint64_t
init_designate(Tu *tu, Init *init, Cursors steps, uint32_t i, Cursors list, uint32_t *at)
{
    int64_t low = 0, high;
    uint64_t index = 0, inner;
    Init *part;

    if (init->is_array ? !cursor_constant(steps.at[i], &low)
                       : !find_member(init, steps.at[i], &index)) {
        return 0;
    }
    if (init->is_array) {
        index = (uint64_t)low;
        if (is_range(init, steps, i) && cursor_constant(steps.at[i + 1], &high)) {
            for (; low < high && low < INIT_ARRAY_LIMIT; low++) {
                init_set(tu, init_part(tu, init, (uint64_t)low), steps.at[steps.n - 1]);
            }
            index = (uint64_t)high;
            i++;
        }
    }
    if (init->is_union && init->nparts > 0) {
        memset(init->part, 0, sizeof(Init *) * init->cap);
        init->nparts = 0;
    }
    part = init_part(tu, init, index);
    if (i + 2 >= steps.n) {
        init_set(tu, part, steps.at[steps.n - 1]);
        return index;
    }
    part->has_value = false;
    inner = init_designate(tu, part, steps, i + 1, list, at);
    init_fill(tu, part, list, at, inner + 1, false);
    return index;
}

/* Fills the parts from 'next' on with items of the list; without braces of
 * its own the object takes only what it has room for, up to a designator. */
static void
init_fill(Tu *tu, Init *init, Cursors list, uint32_t *at, uint64_t next, bool braced)
{
    uint64_t room = init_room(init);

    while (*at < list.n) {
        CXCursor item = list.at[*at];

        if (is_designated(item)) {
            Cursors steps = cursor_children(tu, item);

            if (!braced) {
                return;
            }
            ++*at;
            if (steps.n >= 2) {
                next = init_designate(tu, init, steps, 0, list, at) + 1;
            }
        }
        else if (init->is_array && next >= init->limit && next < room) {
            next++;
            ++*at;
        }
        else if (next < room) {
            init_take(tu, init_part(tu, init, next++), list, at);
        }
        else if (braced) {
            ++*at; /* one too many */
        }
        else {
            return;
        }
    }
}

Init *
init_tree(Tu *tu, CXType type, CXCursor value)
{
    Init *init = init_new(tu, type);

    init_set(tu, init, value);
    return init;
}

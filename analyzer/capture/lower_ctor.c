/* lower_ctor.c: turns the initialisers of a constructor, written or not, into
 * what they do to the object.
 *
 * libclang shows only the written ones, in the order of the source; they run in
 * the order of the bases and fields.
 */
#include "capture/lower.h"

/* What a definition says: a value for some bases and fields. */
typedef struct Written {
    CXCursor field; /* the member named, null for a base */
    CXCursor value;
} Written;

typedef VEC(Written) WrittenList;

static void
read_written(Lower *lo, CXCursor constructor, WrittenList *list)
{
    Cursors children = cursor_children(lo->tu, constructor);
    CXCursor field = clang_getNullCursor();

    for (uint32_t i = 0; i < children.n; i++) {
        enum CXCursorKind kind = clang_getCursorKind(children.at[i]);

        if (kind == CXCursor_MemberRef) {
            field = children.at[i];
        }
        else if (clang_isExpression(kind)) {
            Written one = {.field = field, .value = children.at[i]};

            VEC_PUSH(lo->scratch, list, one);
            field = clang_getNullCursor();
        }
        else if (clang_isStatement(kind)) {
            return;
        }
    }
}

/* The value given to a field, a null cursor for none. */
static CXCursor
written_field(Lower *lo, const WrittenList *list, CXCursor field)
{
    Str name = cursor_name(lo->tu, field);

    for (uint32_t i = 0; i < list->n; i++) {
        if (!clang_Cursor_isNull(list->at[i].field)
            && cursor_name(lo->tu, list->at[i].field) == name) {
            return list->at[i].value;
        }
    }
    return clang_getNullCursor();
}

/* The value given to the base or, with the object's own class, to a constructor that
 * does everything. */
static CXCursor
written_base(Lower *lo, const WrittenList *list, CXType type)
{
    const Type *wanted = clang_type(lo->tu, type);

    for (uint32_t i = 0; i < list->n; i++) {
        if (clang_Cursor_isNull(list->at[i].field)
            && cursor_type(lo->tu, list->at[i].value) == wanted) {
            return list->at[i].value;
        }
    }
    return clang_getNullCursor();
}

/* What is made ends again when the constructor goes on to throw. */
static void
guard_part(Lower *lo, Val place, CXType type)
{
    if (clang_type(lo->tu, type)->kind == TYPE_RECORD) {
        scope_guards(lo, place, class_of(lo->tu, type));
    }
}

static void
init_part(Lower *lo, CXCursor part, CXType type, CXCursor value, bool is_base)
{
    const Type *into = clang_type(lo->tu, type);
    Val place = lo->self;
    Scope full;

    full_open(lo, &full);
    if (!is_base && cursor_name(lo->tu, part)[0] != '\0') {
        place = build_field(lo->b, lo->self, lo->klass->tag, cursor_name(lo->tu, part), into);
    }
    if (type_is_reference(type)) {
        build_store(lo->b, place, lower_addr(lo, value), into);
    }
    else {
        lower_init(lo, place, type, value);
    }
    full_close(lo);
    guard_part(lo, place, type);
}

/* A part that the definition does not mention. */
static void
init_unwritten(Lower *lo, CXCursor part, CXType type, bool is_base)
{
    CXCursor value = is_base ? clang_getNullCursor() : class_field_init(lo->tu, part);

    if (!clang_Cursor_isNull(value)) {
        init_part(lo, part, type, value, is_base);
    }
    else if (class_of(lo->tu, type) != NULL) {
        Val place = is_base ? lo->self : lower_field(lo, lo->self, lo->klass, part);

        lower_default(lo, place, type);
        guard_part(lo, place, type);
    }
}

void
lower_ctor_init(Lower *lo, CXCursor constructor)
{
    const Class *klass = lo->klass;
    WrittenList list = {0};
    CXCursor value;

    class_learn_bases(lo->tu, klass, constructor);
    read_written(lo, constructor, &list);
    value = written_base(lo, &list, klass->type);
    if (!clang_Cursor_isNull(value)) { /* delegates */
        lower_construct(lo, lo->self, klass->type, value);
        scope_guards(lo, lo->self, klass);
        return;
    }
    for (uint32_t i = 0; i < klass->bases.n; i++) {
        value = written_base(lo, &list, klass->base_type[i]);
        if (clang_Cursor_isNull(value)) {
            init_unwritten(lo, klass->bases.at[i], klass->base_type[i], true);
        }
        else {
            init_part(lo, klass->bases.at[i], klass->base_type[i], value, true);
        }
    }
    for (uint32_t i = 0; i < klass->fields.n; i++) {
        CXType type = clang_getCursorType(klass->fields.at[i]);

        value = written_field(lo, &list, klass->fields.at[i]);
        if (!clang_Cursor_isNull(value)) {
            init_part(lo, klass->fields.at[i], type, value, false);
        }
        else if (!klass->is_union) {
            init_unwritten(lo, klass->fields.at[i], type, false);
        }
    }
}

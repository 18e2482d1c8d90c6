/* lower_init.c: turns the initialisers of locals into stores, with zero for what
 * was left out.
 */
#include "capture/init.h"
#include "capture/lower.h"

/* ---- trees into stores ------------------------------------------------------------------- */

static void
store_zero(Lower *lo, Val address, const Type *type)
{
    Val zero = {.kind = type->kind == TYPE_PTR     ? VAL_NULL
                        : type->kind == TYPE_FLOAT ? VAL_FLOAT
                                                   : VAL_INT};

    build_store(lo->b, address, zero, type);
}

static void store_tree(Lower *lo, const Init *init, Val address, const char *record);

static const Init *
part_or_empty(Tu *tu, const Init *init, uint32_t index, CXType type)
{
    return index < init->nparts && init->part[index] != NULL ? init->part[index]
                                                             : init_new(tu, type);
}

/* In C++ a member that the list leaves out may have an initialiser of its own, or a
 * constructor without arguments. */
static bool
store_default(Lower *lo, Val address, const char *record, const Member *member)
{
    const Class *klass = class_of(lo->tu, member->type);
    CXCursor init;
    Val field;

    if (!lo->tu->is_cxx || member->name[0] == '\0') {
        return false;
    }
    init = class_field_init(lo->tu, member->decl);
    if (clang_Cursor_isNull(init)
        && (klass == NULL || (clang_Cursor_isNull(klass->plain) && !klass->is_opaque))) {
        return false; /* zero */
    }
    field = build_field(lo->b, address, record, member->name, clang_type(lo->tu, member->type));
    if (clang_Cursor_isNull(init)) {
        lower_default(lo, field, member->type);
    }
    else {
        lower_init(lo, field, member->type, init);
    }
    return true;
}

static void
store_record(Lower *lo, const Init *init, Val address, const char *record)
{
    for (uint32_t i = 0; i < init->members->n; i++) {
        const Member *member = &init->members->at[i];
        bool given = i < init->nparts && init->part[i] != NULL;
        const Init *part;

        if (init->is_union && !given && (i > 0 || init->nparts > 0)) {
            continue;
        }
        if (!given && !init->is_union && store_default(lo, address, record, member)) {
            continue;
        }
        part = part_or_empty(lo->tu, init, i, member->type);
        if (member->name[0] == '\0') { /* anonymous: the same place, the same record */
            store_tree(lo, part, address, record);
        }
        else if (given || !part->is_array) {
            Val field = build_field(lo->b, address, record, member->name,
                                    clang_type(lo->tu, member->type));

            store_tree(lo, part, field, NULL);
        }
    }
}

/* True when elements that are left out matter: they may hold pointers. */
static bool
holds_pointers(const Type *element)
{
    while (element->kind == TYPE_ARRAY) {
        element = element->to;
    }
    return element->kind == TYPE_PTR || element->kind == TYPE_RECORD;
}

static void
store_array(Lower *lo, const Init *init, Val address)
{
    CXType element = clang_getArrayElementType(init->type);
    const Type *type = clang_type(lo->tu, element);
    uint64_t count = init_room(init);

    if (!holds_pointers(type) && count > init->nparts) {
        count = init->nparts;
    }
    for (uint32_t i = 0; i < count && i < INIT_ARRAY_LIMIT; i++) {
        Val place = build_index(lo->b, address, (Val){.kind = VAL_INT, .num = i}, type);

        store_tree(lo, part_or_empty(lo->tu, init, i, element), place, NULL);
    }
}

/* 'record' names the record around an anonymous one. */
static void
store_tree(Lower *lo, const Init *init, Val address, const char *record)
{
    const Type *type = clang_type(lo->tu, init->type);

    if (!lower_enter(lo)) {
        return;
    }
    if (init->has_value) {
        if (!init->is_array) {
            lower_construct_part(lo, address, init->type, init->value);
            scope_guards(lo, address, class_of(lo->tu, init->type));
        }
    }
    else if (init->is_record) {
        store_record(lo, init, address, record != NULL ? record : type->tag);
    }
    else if (init->is_array) {
        store_array(lo, init, address);
    }
    else {
        store_zero(lo, address, type);
    }
    lower_leave(lo);
}

void
lower_init(Lower *lo, Val address, CXType type, CXCursor init)
{
    const Type *into = clang_type(lo->tu, type);
    bool is_list = clang_getCursorKind(init) == CXCursor_InitListExpr;
    uint32_t n = lo->scope->locals.n; /* parts that are made end when a later one throws */

    if (into->kind == TYPE_ARRAY && !is_list && class_of(lo->tu, type) != NULL) {
        lower_construct(lo, address, type, init);
        return;
    }
    if (is_list && (into->kind == TYPE_RECORD || into->kind == TYPE_ARRAY)) {
        if (address.kind == VAL_LOCAL && build_open(lo->b)) {
            build_dead(lo->b, address.index);
        }
        store_tree(lo, init_tree(lo->tu, type, init), address, NULL);
    }
    else if (into->kind == TYPE_ARRAY) {
        if (address.kind == VAL_LOCAL && build_open(lo->b)) {
            build_dead(lo->b, address.index); /* a string: its bytes are not followed */
        }
    }
    else {
        store_tree(lo, init_tree(lo->tu, type, init), address, NULL);
    }
    scope_unguard(lo, n);
}

/* lower_init.c: turns initialisers into stores (locals) and tables (statics).
 *
 * libclang shows initialiser lists as written: with designators, with inner
 * braces left out, with members left out.  They are first put into the shape
 * of the object (an Init tree, by the rules of C11 6.7.9); the tree is then
 * stored, with zero for what was left out, or listed.
 */
#include <string.h>

#include "capture/lower.h"

/* Elements of a local array that are followed; numbers of a static one. */
enum { ARRAY_LIMIT = 64 };
/* Elements of a static array of anything else. */
enum { TABLE_LIMIT = 1 << 16 };

/* One subobject and what it is initialised with. */
typedef struct Init Init;
struct Init {
    CXType type;
    bool is_record, is_array, is_union;
    uint32_t limit;         /* parts that are kept */
    const Members *members; /* of a record */
    Init **part;            /* members or elements, NULL where nothing is written */
    uint32_t nparts, cap;
    bool has_value;
    CXCursor value; /* of a scalar, a string, a record given whole */
};

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
        return ARRAY_LIMIT;
    }
}

static Init *
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

/* How many parts a list without designators may give. */
static uint64_t
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

/* Takes from the list what the part needs: one item, or several where its
 * braces were left out. */
static void
init_take(Tu *tu, Init *part, Cursors list, uint32_t *at)
{
    CXCursor item = list.at[*at];

    if ((!part->is_record && !part->is_array) || is_whole(tu, part, item)
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
            for (; low < high && low < ARRAY_LIMIT; low++) {
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

static Init *
init_tree(Tu *tu, CXType type, CXCursor value)
{
    Init *init = init_new(tu, type);

    init_set(tu, init, value);
    return init;
}

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
    for (uint32_t i = 0; i < count && i < ARRAY_LIMIT; i++) {
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
            lower_assign(lo, address, init->value, type);
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
}

/* ---- trees into tables --------------------------------------------------------------------- */

typedef struct Listing {
    Tu *tu;
    Table *table;
    VEC(TableEntry) entries;
    StrBuf path;
} Listing;

/* A variable without a name for a compound literal at file scope. */
static Val
literal_table(Tu *tu, Decl *owner, CXCursor literal)
{
    Cursors operands = cursor_operands(tu, literal);
    Loc loc = cursor_loc(tu, literal);
    const char *usr = arena_printf(tu->scratch, "%s@literal@%u@%u", owner->usr, loc.line,
                                   loc.col);
    Decl *decl = unit_decl(tu->unit, usr, arena_printf(tu->scratch, "%s.literal", owner->name),
                           false);

    if (decl->type == NULL && operands.n > 0) {
        decl->type = cursor_type(tu, literal);
        decl->is_static = true;
        decl->is_system = owner->is_system;
        decl->loc = loc;
        lower_table(tu, decl, clang_getCursorType(literal), operands.at[operands.n - 1]);
    }
    return (Val){.kind = VAL_GLOBAL, .decl = decl};
}

static Val
name_entry(Tu *tu, CXCursor name)
{
    CXCursor decl = clang_getCursorReferenced(name);

    switch (clang_getCursorKind(decl)) {
    case CXCursor_FunctionDecl:
        return (Val){.kind = VAL_FUNC, .decl = clang_decl(tu, decl, NULL)};
    case CXCursor_VarDecl:
        if (clang_Cursor_hasVarDeclGlobalStorage(decl)) {
            return (Val){.kind = VAL_GLOBAL, .decl = clang_decl(tu, decl, NULL)};
        }
        return (Val){.kind = VAL_UNDEF};
    case CXCursor_EnumConstantDecl:
        return (Val){.kind = VAL_INT, .num = clang_getEnumConstantDeclValue(decl)};
    default:
        return (Val){.kind = VAL_UNDEF};
    }
}

/* The cursor below casts and '&', as far as they name the same thing. */
static CXCursor
peel_constant(Tu *tu, CXCursor value)
{
    for (;;) {
        enum CXCursorKind kind;
        Cursors operands;

        value = cursor_peel(tu, value);
        kind = clang_getCursorKind(value);
        if (kind != CXCursor_CStyleCastExpr
            && (kind != CXCursor_UnaryOperator
                || clang_getCursorUnaryOperatorKind(value) != CXUnaryOperator_AddrOf)) {
            return value;
        }
        operands = cursor_operands(tu, value);
        if (operands.n == 0) {
            return value;
        }
        value = operands.at[operands.n - 1];
    }
}

/* True when a variable's value (not its address) is meant, as in '= other'. */
static bool
is_read(Tu *tu, CXCursor name, const Type *into)
{
    const Type *type = cursor_type(tu, name);

    return type == into && type->kind != TYPE_ARRAY && type->kind != TYPE_FUNC;
}

static Val
entry_value(Tu *tu, Decl *owner, const Type *type, CXCursor value)
{
    CXCursor inner = peel_constant(tu, value);
    Val val = {.kind = VAL_INT};
    Str text;

    switch (clang_getCursorKind(inner)) {
    case CXCursor_DeclRefExpr:
        val = name_entry(tu, inner);
        return val.kind == VAL_GLOBAL && is_read(tu, inner, type) ? (Val){.kind = VAL_UNDEF}
                                                                  : val;
    case CXCursor_StringLiteral:
        text = cursor_string(tu, inner, STRING_LIMIT);
        return text != NULL ? (Val){.kind = VAL_STR, .str = text} : (Val){.kind = VAL_UNDEF};
    case CXCursor_CompoundLiteralExpr:
        return literal_table(tu, owner, inner);
    default:
        break;
    }
    if (type->kind == TYPE_FLOAT) {
        return (Val){.kind = VAL_UNDEF};
    }
    if (!cursor_constant(type->kind == TYPE_PTR ? inner : value, &val.num)) {
        return (Val){.kind = VAL_UNDEF};
    }
    return type->kind == TYPE_PTR && val.num == 0 ? (Val){.kind = VAL_NULL} : val;
}

static void
add_entry(Listing *list, const Init *init)
{
    Tu *tu = list->tu;
    TableEntry entry = {
        .path = str_intern(tu->unit->strings, list->path.text),
        .val = entry_value(tu, (Decl *)list->table->decl, clang_type(tu, init->type),
                           init->value),
        .loc = cursor_loc(tu, init->value),
    };

    VEC_PUSH(tu->unit->arena, &list->entries, entry);
}

static void list_tree(Listing *list, const Init *init);

/* Lists one part under its name or index. */
static void
list_part(Listing *list, const Init *init, uint32_t index)
{
    size_t length = list->path.length;

    if (init->is_array) {
        strbuf_printf(&list->path, "[%u]", (unsigned)index);
    }
    else if (init->members->at[index].name[0] != '\0') {
        strbuf_printf(&list->path, "%s%s", length > 0 ? "." : "",
                      init->members->at[index].name);
    }
    list_tree(list, init->part[index]);
    list->path.length = length;
    list->path.text[length] = '\0';
}

static void
list_tree(Listing *list, const Init *init)
{
    if (init->has_value) {
        add_entry(list, init);
        return;
    }
    for (uint32_t i = 0; i < init->nparts; i++) {
        if (init->part[i] != NULL) {
            list_part(list, init, i);
        }
    }
}

void
lower_table(Tu *tu, Decl *decl, CXType type, CXCursor init)
{
    Listing list = {.tu = tu, .table = ARENA_NEW(tu->unit->arena, Table)};

    list.table->decl = decl;
    list.table->loc = decl->loc;
    strbuf_init(&list.path, tu->scratch);
    VEC_PUSH(tu->unit->arena, &tu->unit->tables, list.table);
    list_tree(&list, init_tree(tu, type, init));
    list.table->entry = list.entries.at;
    list.table->nentry = list.entries.n;
}

/* lower_table.c: turns the initialisers of static variables into tables: every
 * scalar that is written, by its path.
 */
#include "capture/init.h"
#include "capture/lower.h"

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
        lower_table(tu, decl, clang_getCursorType(literal), operands.at[operands.n - 1], loc);
    }
    return (Val){.kind = VAL_GLOBAL, .decl = decl};
}

static Val
name_entry(Tu *tu, CXCursor name)
{
    CXCursor decl = clang_getCursorReferenced(name);

    switch (clang_getCursorKind(decl)) {
    case CXCursor_FunctionDecl:
    case CXCursor_CXXMethod:
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
        if (kind != CXCursor_CStyleCastExpr && kind != CXCursor_CXXStaticCastExpr
            && kind != CXCursor_CXXReinterpretCastExpr && kind != CXCursor_CXXConstCastExpr
            && kind != CXCursor_CXXFunctionalCastExpr
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
    case CXCursor_CXXNullPtrLiteralExpr:
    case CXCursor_GNUNullExpr:
        return (Val){.kind = VAL_NULL};
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

/* Names the field when the value is offsetof(type, field). */
static void
add_offset(Tu *tu, TableEntry *entry, CXCursor value)
{
    CXCursor inner = cursor_peel(tu, value), field;
    Cursors parts = cursor_children(tu, inner);
    const Type *record;

    if (clang_getCursorKind(inner) != CXCursor_UnexposedExpr || parts.n == 0 ||
        clang_getCursorKind(parts.at[parts.n - 1]) != CXCursor_MemberRef) {
        return;
    }
    field = clang_getCursorReferenced(parts.at[parts.n - 1]);
    record = clang_type(tu, clang_getCursorType(clang_getCursorSemanticParent(field)));
    if (record->kind == TYPE_RECORD && record->tag[0] != '\0') {
        entry->record = record->tag;
        entry->field = cursor_name(tu, field);
        entry->type = clang_type(tu, clang_getCursorType(field));
    }
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

    if (entry.val.kind == VAL_INT && entry.val.num > 0) {
        add_offset(tu, &entry, init->value);
    }
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
lower_table(Tu *tu, Decl *decl, CXType type, CXCursor init, Loc loc)
{
    Listing list = {.tu = tu, .table = ARENA_NEW(tu->unit->arena, Table)};

    list.table->decl = decl;
    list.table->loc = loc;
    strbuf_init(&list.path, tu->scratch);
    VEC_PUSH(tu->unit->arena, &tu->unit->tables, list.table);
    list_tree(&list, init_tree(tu, type, init));
    list.table->entry = list.entries.at;
    list.table->nentry = list.entries.n;
}

/* find.c: the tables of static types, specs and modules into classes under construction. */
#include <string.h>

#include "classes/private.h"

/* Bits of tp_flags. */
enum {
    FLAG_MANAGED_WEAKREF = 1 << 3,
    FLAG_MANAGED_DICT = 1 << 4,
    FLAG_NO_INSTANCES = 1 << 7,
    FLAG_IMMUTABLE = 1 << 8,
    FLAG_BASETYPE = 1 << 10,
    FLAG_GC = 1 << 14,
};

bool
is_type_object(const Type *type)
{
    return type != NULL && type->kind == TYPE_RECORD &&
           (text_equal(type->tag, "PyTypeObject") || text_equal(type->tag, "_typeobject"));
}

bool
is_spec_record(const Type *type)
{
    return type != NULL && type->kind == TYPE_RECORD && text_equal(type->tag, "PyType_Spec");
}

static bool
is_sequence_record(const Type *type)
{
    return type != NULL && type->kind == TYPE_RECORD &&
           text_equal(type->tag, "PyStructSequence_Desc");
}

const Table *
table_at(const Finder *finder, Val val)
{
    return val.kind == VAL_GLOBAL ? map_get_ptr(&finder->table_of, val.decl->usr) : NULL;
}

Build *
build_get(Finder *finder, const Decl *decl)
{
    void **place = map_put_ptr(&finder->by_decl, decl->usr);
    Build *build = *place;

    if (build == NULL) {
        build = ARENA_NEW(finder->arena, Build);
        build->decl = decl;
        build->cls = (Class){.name = decl->name, .symbol = decl->name, .record = "",
                             .loc = decl->loc, .flags_loc = decl->loc,
                             .is_heap = is_spec_record(decl->type),
                             .python = model_python(finder->model)};
        *place = build;
        VEC_PUSH(finder->arena, &finder->classes, build);
    }
    return build;
}

/* ---- slots ------------------------------------------------------------------- */

static void
add_method(Finder *finder, Build *build, const Decl *decl)
{
    int64_t index = program_callee(finder->program, decl);

    if (index >= 0) {
        VEC_PUSH(finder->arena, &build->methods, (uint32_t)index);
    }
}

static void
add_methods_of(Finder *finder, Build *build, const Table *table)
{
    for (uint32_t e = 0; table != NULL && e < table->nentry; e++) {
        if (table->entry[e].val.kind == VAL_FUNC) {
            add_method(finder, build, table->entry[e].val.decl);
        }
    }
}

static void
set_function(Finder *finder, Build *build, SlotId id, const Decl *decl, Loc loc)
{
    int64_t index = program_callee(finder->program, decl);
    ClassSlot *slot = &build->cls.slot[id];

    build->slot_decl[id] = decl;
    slot->function = decl->name;
    slot->loc = loc;
    slot->own = index >= 0;
    build->fn[id] = NULL;
    if (index >= 0) {
        build->fn[id] = finder->program->fns[index];
        slot->loc = build->fn[id]->loc;
    }
}

/* The field that an entry is the offset of, or NULL. */
static Member *
member_at(Finder *finder, const TableEntry *entry)
{
    return entry->field != NULL
               ? member_get(finder, entry->record, entry->field, entry->type) : NULL;
}

/* __weaklistoffset__ and __dictoffset__ stand for what static types have slots for. */
static void
add_offset(Build *build, const MemberDef *def)
{
    if (text_equal(def->name, "__weaklistoffset__")) {
        build->cls.weaklist = true;
        build->weaklist = def->member;
    }
    else if (text_equal(def->name, "__dictoffset__")) {
        build->cls.has_dict = true;
        build->dict = def->member;
    }
}

/* One PyMemberDef of a type. */
static void
add_member(Finder *finder, Build *build, const Table *table, uint32_t first)
{
    MemberDef def = {0};

    for (uint32_t e = first; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];
        const char *field = strchr(entry->path, '.');

        if (field == NULL || (e > first && text_equal(field, ".name"))) {
            break;
        }
        if (text_equal(field, ".name") && entry->val.kind == VAL_STR) {
            def.name = entry->val.str;
        }
        else if (text_equal(field, ".type") && entry->val.kind == VAL_INT) {
            def.is_object = entry->val.num == 6 || entry->val.num == 16;
        }
        else if (text_equal(field, ".flags") && entry->val.kind == VAL_INT) {
            def.readonly = (entry->val.num & 1) != 0;
        }
        else if (text_equal(field, ".offset")) {
            def.member = member_at(finder, entry);
        }
    }
    if (def.name == NULL) {
        return;
    }
    def.loc = table->entry[first].loc;
    add_offset(build, &def);
    VEC_PUSH(finder->arena, &build->members, def);
}

static void
add_members(Finder *finder, Build *build, const Table *table)
{
    for (uint32_t e = 0; table != NULL && e < table->nentry; e++) {
        if (text_ends(table->entry[e].path, ".name")) {
            add_member(finder, build, table, e);
        }
    }
}

static void
set_flags(Build *build, Val val, Loc loc)
{
    Class *cls = &build->cls;

    cls->flags_loc = loc;
    build->flags_known = val.kind == VAL_INT;
    build->flags = val.kind == VAL_INT ? val.num : 0;
    cls->own_gc_flag = (build->flags & FLAG_GC) != 0;
    cls->basetype = (build->flags & FLAG_BASETYPE) != 0;
    cls->managed_dict = (build->flags & FLAG_MANAGED_DICT) != 0 && cls->python >= 311;
    cls->managed_weakref = (build->flags & FLAG_MANAGED_WEAKREF) != 0 && cls->python >= 312;
    cls->immutable_type = (build->flags & FLAG_IMMUTABLE) != 0;
    cls->no_instances = (build->flags & FLAG_NO_INSTANCES) != 0;
}

void
set_slot(Finder *finder, Build *build, const char *name, Val val, Loc loc)
{
    SlotId id = slot_id(name);

    if (val.kind == VAL_NULL && id < SLOT_COUNT) {
        build->cls.slot[id].loc = loc;
    }
    else if (val.kind == VAL_FUNC && id < SLOT_COUNT) {
        set_function(finder, build, id, val.decl, loc);
    }
    else if (val.kind == VAL_FUNC) {
        add_method(finder, build, val.decl);
    }
    else if (text_equal(name, "tp_name") || text_equal(name, "name")) {
        build->cls.name = val.kind == VAL_STR ? val.str : build->cls.name;
    }
    else if (text_equal(name, "tp_flags") || text_equal(name, "flags")) {
        set_flags(build, val, loc);
    }
    else if (text_equal(name, "tp_base")) {
        build->base_decl = val.kind == VAL_GLOBAL ? val.decl : NULL;
        build->base_unknown = val.kind != VAL_GLOBAL && val.kind != VAL_NULL;
    }
    else if (text_equal(name, "tp_members")) {
        add_members(finder, build, table_at(finder, val));
        build->cls.has_members = true;
    }
    else if (text_equal(name, "tp_weaklistoffset")) {
        build->cls.weaklist = val.kind == VAL_INT ? val.num > 0 : val.kind == VAL_UNDEF;
    }
    else if (text_equal(name, "tp_dictoffset")) {
        build->cls.has_dict = val.kind == VAL_INT ? val.num != 0 : val.kind == VAL_UNDEF;
    }
    else if (val.kind == VAL_GLOBAL) {
        add_methods_of(finder, build, table_at(finder, val));
    }
}

/* ---- tables ------------------------------------------------------------------ */

static void
read_slots(Finder *finder, Build *build, const Table *slots)
{
    const char *name = NULL;

    for (uint32_t e = 0; slots != NULL && e < slots->nentry; e++) {
        const TableEntry *entry = &slots->entry[e];

        if (text_ends(entry->path, ".slot")) {
            name = entry->val.kind == VAL_INT ? slot_name(entry->val.num) : NULL;
            name = name == NULL ? "other" : name;
        }
        else if (text_ends(entry->path, ".pfunc") && name != NULL) {
            set_slot(finder, build, name, entry->val, entry->loc);
        }
    }
}

/* PyModuleDef: the module is treated like a type whose struct is the module's state. */
static void
read_module(Finder *finder, const Table *table)
{
    static const struct {
        const char *field;
        SlotId slot;
    } slots[] = {{"m_traverse", SLOT_TRAVERSE}, {"m_clear", SLOT_CLEAR}, {"m_free", SLOT_DEALLOC}};
    Build *build = build_get(finder, table->decl);

    build->cls.is_module = true;
    build->cls.own_gc_flag = true;
    build->cls.loc = build->cls.flags_loc = table->loc;
    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];

        if (text_equal(entry->path, "m_name") && entry->val.kind == VAL_STR) {
            build->cls.name = entry->val.str;
        }
        else if (text_equal(entry->path, "m_size")) {
            build->cls.has_state = entry->val.kind != VAL_INT || entry->val.num > 0;
        }
        else if (text_equal(entry->path, "m_methods") || text_equal(entry->path, "m_slots")) {
            add_methods_of(finder, build, table_at(finder, entry->val));
        }
        for (size_t i = 0; i < COUNT_OF(slots); i++) {
            if (text_equal(entry->path, slots[i].field) && entry->val.kind == VAL_FUNC) {
                set_function(finder, build, slots[i].slot, entry->val.decl, entry->loc);
            }
        }
    }
}

static void
read_table(Finder *finder, const Table *table)
{
    Build *build = build_get(finder, table->decl);

    build->cls.loc = build->cls.flags_loc = table->loc;
    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];

        if (build->cls.is_heap && text_equal(entry->path, "slots")) {
            read_slots(finder, build, table_at(finder, entry->val));
        }
        else {
            set_slot(finder, build, entry->path, entry->val, entry->loc);
        }
        if (text_equal(entry->path, "tp_weaklistoffset")) {
            build->weaklist = member_at(finder, entry);
        }
        else if (text_equal(entry->path, "tp_dictoffset")) {
            build->dict = member_at(finder, entry);
        }
    }
}

static void
read_tables(Finder *finder)
{
    const Program *program = finder->program;

    for (uint32_t u = 0; u < program->nunits; u++) {
        for (uint32_t t = 0; t < program->units[u]->tables.n; t++) {
            const Table *table = program->units[u]->tables.at[t];

            if (map_get_ptr(&finder->table_of, table->decl->usr) == NULL) {
                *map_put_ptr(&finder->table_of, table->decl->usr) = (void *)(uintptr_t)table;
            }
        }
    }
    for (uint32_t i = 0; i < finder->table_of.n; i++) {
        const Table *table = finder->table_of.at[i].value;

        if (is_type_object(table->decl->type) || is_spec_record(table->decl->type)) {
            read_table(finder, table);
        }
        else if (is_sequence_record(table->decl->type)) {
            sequence_read(finder, table);
        }
        else if (table->decl->type != NULL && table->decl->type->kind == TYPE_RECORD &&
                 text_equal(table->decl->type->tag, "PyModuleDef")) {
            read_module(finder, table);
        }
    }
}

void
builds_find(Finder *finder)
{
    read_tables(finder);
    code_read(finder);
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        record_find(finder, finder->classes.at[i]);
    }
}

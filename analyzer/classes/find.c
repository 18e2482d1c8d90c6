/* find.c: static types, specs and slots assigned in code into classes under construction. */
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

static bool
is_spec_record(const Type *type)
{
    return type != NULL && type->kind == TYPE_RECORD && text_equal(type->tag, "PyType_Spec");
}

static const Table *
table_of(const Finder *finder, Val val)
{
    return val.kind == VAL_GLOBAL ? map_get_ptr(&finder->table_of, val.decl->usr) : NULL;
}

static Build *
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

static void
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
        add_members(finder, build, table_of(finder, val));
        build->cls.has_members = true;
    }
    else if (text_equal(name, "tp_weaklistoffset")) {
        build->cls.weaklist = val.kind == VAL_INT ? val.num > 0 : val.kind == VAL_UNDEF;
    }
    else if (text_equal(name, "tp_dictoffset")) {
        build->cls.has_dict = val.kind == VAL_INT ? val.num != 0 : val.kind == VAL_UNDEF;
    }
    else if (val.kind == VAL_GLOBAL) {
        add_methods_of(finder, build, table_of(finder, val));
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
        else if (text_equal(entry->path, "m_methods") || text_equal(entry->path, "m_slots")) {
            add_methods_of(finder, build, table_of(finder, entry->val));
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
            read_slots(finder, build, table_of(finder, entry->val));
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
        else if (table->decl->type != NULL && table->decl->type->kind == TYPE_RECORD &&
                 text_equal(table->decl->type->tag, "PyModuleDef")) {
            read_module(finder, table);
        }
    }
}

/* ---- code -------------------------------------------------------------------- */

/* Foo_Type.tp_new = foo_new; the value may go through a variable or be another's address. */
static void
read_store(Finder *finder, const FnView *view, const Instr *store)
{
    const Instr *field = def_of(view, store->a);
    Sources sources = {0};
    Build *build;
    Val val = store->b;

    if (field == NULL || field->op != OP_FIELD || field->a.kind != VAL_GLOBAL ||
        !is_type_object(field->a.decl->type)) {
        return;
    }
    build = build_get(finder, field->a.decl);
    if (val.kind == VAL_TEMP) {
        const Instr *cast = def_of(view, val);

        val = cast != NULL && cast->op == OP_CAST ? cast->a : val;
        sources_find(finder, view, store->b, &sources);
        if (sources.n == 1 && (sources.at[0].kind == FROM_ADDRESS ||
                               sources.at[0].kind == FROM_GLOBAL)) {
            val = (Val){.kind = VAL_GLOBAL, .decl = sources.at[0].decl};
        }
    }
    if (val.kind == VAL_TEMP) {
        val = (Val){.kind = VAL_UNDEF};
    }
    set_slot(finder, build, field->name, val, store->loc);
}

const Decl *
type_in_member(Finder *finder, const Member *member)
{
    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];
        const FnView *view = &finder->view[action->fn];
        Sources sources = {0};

        if (action->kind != DOES_STORE) {
            continue;
        }
        sources_find(finder, view, action->value, &sources);
        for (uint32_t s = 0; s < sources.n; s++) {
            const Instr *call = sources.at[s].kind == FROM_CALL ? sources.at[s].call : NULL;

            for (uint32_t a = 0; call != NULL && a < call->nargs; a++) {
                const Decl *decl = global_of(view, call->args[a]);

                if (decl != NULL && is_spec_record(decl->type)) {
                    return decl;
                }
            }
        }
    }
    return NULL;
}

/* The base in the bases argument: a type's address, or a tuple made of one. */
static void
read_base(Finder *finder, const FnView *view, Build *build, Val bases)
{
    Sources sources = {0};
    const Decl *decl = NULL;

    sources_find(finder, view, bases, &sources);
    for (uint32_t i = 0; i < sources.n && decl == NULL; i++) {
        const Source *from = &sources.at[i];

        if (from->kind == FROM_NULL) {
            continue;
        }
        if (from->kind == FROM_ADDRESS || from->kind == FROM_GLOBAL) {
            decl = from->decl;
        }
        if (from->kind == FROM_MEMBER) {
            decl = type_in_member(finder, from->member);
        }
        for (uint32_t a = 0; from->kind == FROM_CALL && a < from->call->nargs; a++) {
            Sources inner = {0};

            sources_find(finder, view, from->call->args[a], &inner);
            if (inner.n > 0 && (inner.at[0].kind == FROM_ADDRESS ||
                                inner.at[0].kind == FROM_GLOBAL)) {
                decl = inner.at[0].decl;
                break;
            }
            if (inner.n > 0 && inner.at[0].kind == FROM_MEMBER) {
                decl = type_in_member(finder, inner.at[0].member);
                break;
            }
        }
        build->base_unknown = build->base_unknown || decl == NULL;
    }
    if (decl != NULL && build->base_decl == NULL) {
        build->base_decl = decl;
    }
}

/* The parameter that a value is, UINT32_MAX for others. */
static uint32_t
param_of(Finder *finder, const FnView *view, Val val)
{
    Sources sources = {0};

    sources_find(finder, view, val, &sources);
    return sources.n == 1 && sources.at[0].kind == FROM_PARAM ? sources.at[0].index : UINT32_MAX;
}

static void read_creation(Finder *finder, const FnView *view, Val spec, Val bases, int depth);

/* A helper that makes a type from its parameters: all its calls are looked at. */
static void
read_callers(Finder *finder, const FnView *view, uint32_t spec, Val bases, int depth)
{
    const CallGraph *graph = finder->program->graph;
    uint32_t param = param_of(finder, view, bases);

    for (uint32_t c = 0; c < graph->ncaller[view->index]; c++) {
        const FnView *caller = &finder->view[graph->caller[view->index][c]];

        for (uint32_t b = 0; b < caller->fn->nblock; b++) {
            for (uint32_t i = 0; i < caller->fn->block[b].nins; i++) {
                const Instr *call = &caller->fn->block[b].ins[i];

                if (call->op == OP_CALL && callee_index(finder, call) == view->index &&
                    spec < call->nargs) {
                    read_creation(finder, caller, call->args[spec],
                                  param < call->nargs ? call->args[param] : VAL_NOTHING,
                                  depth - 1);
                }
            }
        }
    }
}

/* PyType_FromModuleAndSpec(module, &spec, bases) and its like. */
static void
read_creation(Finder *finder, const FnView *view, Val spec, Val bases, int depth)
{
    const Decl *decl = global_of(view, spec);
    Build *build = decl != NULL ? map_get_ptr(&finder->by_decl, decl->usr) : NULL;
    uint32_t param = build == NULL ? param_of(finder, view, spec) : UINT32_MAX;

    if (build != NULL && bases.kind != VAL_NOTHING.kind) {
        read_base(finder, view, build, bases);
    }
    else if (param != UINT32_MAX && depth > 0) {
        read_callers(finder, view, param, bases, depth);
    }
}

static void
read_call(Finder *finder, const FnView *view, const Instr *call)
{
    static const struct {
        const char *name;
        uint32_t spec;
        int bases;
    } makers[] = {
        {"PyType_FromSpec", 0, -1},          {"PyType_FromSpecWithBases", 0, 1},
        {"PyType_FromModuleAndSpec", 1, 2},  {"PyType_FromMetaclass", 2, 3},
        {"_PyType_FromMetaclass_impl", 2, 3},
    };
    const char *name = called_name(call);

    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        if (strcmp(makers[i].name, name) == 0 && makers[i].spec < call->nargs) {
            bool based = makers[i].bases >= 0 && (uint32_t)makers[i].bases < call->nargs;

            read_creation(finder, view, call->args[makers[i].spec],
                          based ? call->args[makers[i].bases] : VAL_NOTHING, 3);
        }
    }
}

static void
read_code(Finder *finder)
{
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t b = 0; b < view->fn->nblock; b++) {
            for (uint32_t i = 0; i < view->fn->block[b].nins; i++) {
                const Instr *ins = &view->fn->block[b].ins[i];

                if (ins->op == OP_STORE && ins->a.kind == VAL_TEMP) {
                    read_store(finder, view, ins);
                }
                else if (ins->op == OP_CALL) {
                    read_call(finder, view, ins);
                }
            }
        }
    }
}

void
builds_find(Finder *finder)
{
    read_tables(finder);
    read_code(finder);
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        record_find(finder, finder->classes.at[i]);
    }
}

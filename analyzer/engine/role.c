/* role.c: what the program's tables, slots and names say of each function.
 *
 * A function in a method table or a type slot is called by Python: its
 * arguments are borrowed, an object it returns must be a new reference.
 */
#include <string.h>

#include "engine/threads.h"

static const char *const python_tables[] = {
    "PyMethodDef",      "PyTypeObject",      "_typeobject",   "PyGetSetDef",
    "PyNumberMethods",  "PySequenceMethods", "PyMappingMethods", "PyAsyncMethods",
    "PyBufferProcs",    "PyType_Slot",       "PyModuleDef",   "PyModuleDef_Slot",
    "PyHeapTypeObject",
};

static bool
is_python_table(const char *tag)
{
    for (size_t i = 0; tag && i < COUNT_OF(python_tables); i++) {
        if (strcmp(tag, python_tables[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const Type *
element_type(const Type *type)
{
    while (type && (type->kind == TYPE_ARRAY || type->kind == TYPE_PTR)) {
        type = type->to;
    }
    return type;
}

typedef struct Roles {
    const Program *program;
    FnInfo *info;
} Roles;

/* A type slot with the number that typeslots.h gives it. */
static const char *
slot_name(int64_t number)
{
    switch (number) {
    case 3: return "mp_ass_subscript";
    case 39: return "sq_ass_item";
    case 50: return "tp_call";
    case 51: return "tp_clear";
    case 52: return "tp_dealloc";
    case 53: return "tp_del";
    case 55: return "tp_descr_set";
    case 59: return "tp_hash";
    case 60: return "tp_init";
    case 61: return "tp_is_gc";
    case 63: return "tp_iternext";
    case 65: return "tp_new";
    case 67: return "tp_richcompare";
    case 68: return "tp_setattr";
    case 69: return "tp_setattro";
    case 71: return "tp_traverse";
    case 74: return "tp_free";
    case 80: return "tp_finalize";
    case 81: return "am_send";
    default: return "";
    }
}

/* As what a function in this slot gets its first argument. */
static uint8_t
self_role(const char *slot)
{
    static const char *const none[] = {"tp_new", "tp_alloc", "m_slots", "m_free", "m_clear",
                                       "m_traverse"};
    static const char *const going[] = {"tp_dealloc", "tp_free", "tp_clear", "tp_traverse",
                                        "tp_del", "tp_finalize"};
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        if (text_ends(slot, none[i])) {
            return 0;
        }
    }
    for (size_t i = 0; i < COUNT_OF(going); i++) {
        if (text_ends(slot, going[i])) {
            return SELF_DEALLOC;
        }
    }
    return text_ends(slot, "tp_init") ? SELF_INIT : text_ends(slot, ".set") ? SELF_SETTER
                                                                            : SELF_METHOD;
}

/* Notes which parameter may come as NULL: the new value, when something is deleted, or the
 * keyword arguments, when there are none. */
static void
find_null_param(FnInfo *info, const Fn *fn, const char *slot)
{
    static const char *const deleting[] = {"tp_setattro", "tp_setattr", "tp_descr_set",
                                           "mp_ass_subscript", "sq_ass_item"};
    static const char *const calling[] = {"tp_init", "tp_new", "tp_call"};
    for (size_t i = 0; i < COUNT_OF(deleting); i++) {
        if (text_ends(slot, deleting[i]) && fn->nparam == 3) {
            info->deleted = 2;
        }
    }
    if (text_ends(slot, ".set") && fn->nparam >= 2) {
        info->deleted = 1;
    }
    for (size_t i = 0; i < COUNT_OF(calling); i++) {
        info->has_kwds = info->has_kwds || (text_ends(slot, calling[i]) && fn->nparam == 3);
    }
}

/* How a function in this slot tells Python that it failed. */
static Contract
contract_of(const char *slot, const Type *ret, bool is_exec)
{
    static const char *const none[] = {"tp_dealloc", "tp_free", "tp_clear", "tp_traverse",
                                       "tp_del", "tp_finalize", "tp_is_gc", "am_send", "m_free",
                                       "m_clear", "m_traverse", "bf_releasebuffer"};
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        if (text_ends(slot, none[i])) {
            return CONTRACT_NONE;
        }
    }
    if (text_ends(slot, "tp_iternext")) {
        return CONTRACT_NEXT;
    }
    if (text_ends(slot, "tp_hash")) {
        return CONTRACT_MINUS_ONE;
    }
    return type_is_object(ret)                ? CONTRACT_NULL
           : ret->kind == TYPE_INT && is_exec ? CONTRACT_NOT_ZERO
           : ret->kind == TYPE_INT            ? CONTRACT_NEGATIVE
                                              : CONTRACT_NONE;
}

static void
give_role(Roles *roles, const Decl *decl, const char *slot, bool is_exec)
{
    int64_t index = program_callee(roles->program, decl);
    if (index < 0) {
        return;
    }
    FnInfo *info = &roles->info[index];
    info->is_entry = true;
    info->is_init = info->is_init || is_exec;
    info->is_dealloc = info->is_dealloc || text_ends(slot, "tp_dealloc") ||
                       text_ends(slot, "tp_free");
    info->self |= is_exec ? 0 : self_role(slot);
    bool power = text_ends(slot, "nb_power") || text_ends(slot, "nb_inplace_power");
    info->given |= power ? 1 | 2 | 4 : is_exec || text_ends(slot, "tp_descr_get") ? 0 : 1;
    find_null_param(info, roles->program->fns[index], slot);
    info->compares = info->compares || (text_ends(slot, "tp_richcompare") &&
                                        roles->program->fns[index]->nparam == 3);
    info->contract = (uint8_t)contract_of(slot, roles->program->fns[index]->ret,
                                          is_exec);
}

/* The slot that a function in a table stands for: its path, or the name of the slot number
 * beside it. */
static const char *
slot_of(const Table *table, uint32_t entry, bool numbered)
{
    const char *path = table->entry[entry].path;
    size_t length = strcspn(path, ".");
    for (uint32_t e = 0; numbered && e < table->nentry; e++) {
        const TableEntry *other = &table->entry[e];
        if (strncmp(other->path, path, length) == 0 && other->val.kind == VAL_INT &&
            text_equal(other->path + length, ".slot")) {
            return slot_name(other->val.num);
        }
    }
    return path;
}

#define METH_VARARGS 1
#define METH_O 8

/* Python never leaves out the object or the tuple that a method with these flags gets; what calls
 * it directly may. */
static void
note_argument(Roles *roles, const Table *table, uint32_t entry)
{
    int64_t index = program_callee(roles->program, table->entry[entry].val.decl);
    const char *path = table->entry[entry].path;
    size_t length = strcspn(path, ".");
    for (uint32_t e = 0; index >= 0 && e < table->nentry; e++) {
        const TableEntry *other = &table->entry[e];
        if (strncmp(other->path, path, length) == 0 && other->val.kind == VAL_INT &&
            text_equal(other->path + length, ".ml_flags") &&
            (other->val.num & (METH_VARARGS | METH_O)) != 0 &&
            roles->program->graph->ncaller[index] == 0) {
            roles->info[index].given |= 1 << 1;
        }
    }
}

static void
roles_from_tables(Roles *roles, const Unit *unit)
{
    for (uint32_t t = 0; t < unit->tables.n; t++) {
        const Table *table = unit->tables.at[t];
        const Type *type = element_type(table->decl->type);
        if (!type || type->kind != TYPE_RECORD || !is_python_table(type->tag)) {
            continue;
        }
        bool exec = text_equal(type->tag, "PyModuleDef_Slot");
        bool numbered = text_equal(type->tag, "PyType_Slot");
        for (uint32_t e = 0; e < table->nentry; e++) {
            if (table->entry[e].val.kind == VAL_FUNC) {
                give_role(roles, table->entry[e].val.decl, slot_of(table, e, numbered), exec);
                note_argument(roles, table, e);
            }
        }
    }
}

/* Slots set by assignment: Foo_Type.tp_new = foo_new. */
static void
roles_from_code(Roles *roles, const Fn *fn)
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        const Block *block = &fn->block[b];
        for (uint32_t i = 1; i < block->nins; i++) {
            const Instr *store = &block->ins[i];
            if (store->op != OP_STORE || store->b.kind != VAL_FUNC ||
                store->a.kind != VAL_TEMP) {
                continue;
            }
            for (uint32_t j = i; j-- > 0;) {
                const Instr *field = &block->ins[j];
                if (field->dst == store->a.index) {
                    if (field->op == OP_FIELD && is_python_table(field->record)) {
                        give_role(roles, store->b.decl, field->name, false);
                    }
                    break;
                }
            }
        }
    }
}

/* A function that only initialisation calls runs once per process too. */
static void
spread_init(Roles *roles)
{
    const CallGraph *graph = roles->program->graph;
    for (uint32_t n = graph->nfns; n-- > 0;) { /* callers first */
        uint32_t f = graph->order[n];
        if (graph->ncaller[f] == 0 || roles->info[f].is_entry) {
            continue;
        }
        bool all = true;
        for (uint32_t c = 0; c < graph->ncaller[f]; c++) {
            uint32_t caller = graph->caller[f][c];
            all = all && (roles->info[caller].is_init || caller == f);
        }
        roles->info[f].is_init = roles->info[f].is_init || all;
    }
}

/* ---- who passes on its first argument -------------------------------------------------- */

/* Gives the callees that get the first argument of 'fn' as theirs the roles of it. */
static bool
pass_self(Roles *roles, Arena *arena, uint32_t f)
{
    const Fn *fn = roles->program->fns[f];
    uint8_t self = roles->info[f].self;
    bool changed = false;
    if (self == 0 || fn->nparam == 0) {
        return false;
    }
    SelfUse use = self_use(arena, fn);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *call = &fn->block[b].ins[i];
            int64_t callee = call->op == OP_CALL && call->a.kind == VAL_FUNC && call->nargs > 0 &&
                                     (self_is(&use, call->args[0]) ||
                                      self_is_inside(&use, call->args[0]))
                                 ? program_callee(roles->program, call->a.decl) : -1;
            if (callee >= 0 && (roles->info[callee].self & self) != self) {
                roles->info[callee].self |= self;
                changed = true;
            }
        }
    }
    return changed;
}

static void
spread_self(Roles *roles)
{
    const CallGraph *graph = roles->program->graph;
    Arena *scratch = arena_new();
    bool changed = true;
    for (int pass = 0; changed && pass < 3; pass++) { /* callers first; again for recursion */
        changed = false;
        for (uint32_t n = graph->nfns; n-- > 0;) {
            changed = pass_self(roles, scratch, graph->order[n]) || changed;
            arena_reset(scratch);
        }
    }
    arena_free(scratch);
}

/* ---- who runs while objects are in use ----------------------------------------------------- */

static uint8_t
own_use(const FnInfo *info, const CallGraph *graph, uint32_t f)
{
    if (info->is_entry) {
        return !info->is_init && (info->self & (SELF_METHOD | SELF_SETTER)) ? 2 : 0;
    }
    return graph->ncaller[f] == 0 && !info->is_init; /* a callback */
}

/* True for what starts or ends an interpreter: none of its objects is in use meanwhile. */
static bool
is_start_or_end(const Fn *fn)
{
    static const char *const starts[] = {"Py_Initialize", "Py_Finalize", "Py_EndInterpreter",
                                         "Py_NewInterpreter", "Py_RunMain", "Py_Main",
                                         "Py_BytesMain"};
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (text_starts(fn->decl->name, starts[i])) {
            return true;
        }
    }
    return false;
}

/* Methods and setters, callbacks, and all that they call. */
static void
spread_use(Roles *roles)
{
    const CallGraph *graph = roles->program->graph;
    bool changed = true;
    for (uint32_t f = 0; f < graph->nfns; f++) {
        roles->info[f].in_use = own_use(&roles->info[f], graph, f);
    }
    while (changed) {
        changed = false;
        for (uint32_t n = graph->nfns; n-- > 0;) { /* callers first; again for recursion */
            uint32_t f = graph->order[n];
            if (is_start_or_end(roles->program->fns[f])) {
                continue;
            }
            for (uint32_t i = 0; roles->info[f].in_use && i < graph->ncallee[f]; i++) {
                uint8_t *callee = &roles->info[graph->callee[f][i]].in_use;
                changed = changed || *callee < roles->info[f].in_use;
                *callee = *callee < roles->info[f].in_use ? roles->info[f].in_use : *callee;
            }
        }
    }
}

FnInfo *
roles_find(Arena *arena, const Program *program)
{
    Roles roles = {program, ARENA_ARRAY(arena, FnInfo, program->nfns + 1)};
    for (uint32_t u = 0; u < program->nunits; u++) {
        roles_from_tables(&roles, program->units[u]);
    }
    for (uint32_t f = 0; f < program->nfns; f++) {
        roles_from_code(&roles, program->fns[f]);
        if (text_starts(program->fns[f]->decl->name, "PyInit_")) {
            roles.info[f].is_entry = true;
            roles.info[f].is_init = true;
            roles.info[f].contract = CONTRACT_NULL;
        }
    }
    for (uint32_t f = 0; f < program->nfns; f++) {
        FnInfo *info = &roles.info[f];
        if (program->graph->ncaller[f] == 0 && !info->is_entry &&
            type_is_object(program->fns[f]->ret)) {
            info->contract = CONTRACT_OBJECT;
        }
    }
    spread_init(&roles);
    spread_self(&roles);
    spread_use(&roles);
    threads_find_guarded(arena, program, roles.info);
    return roles.info;
}

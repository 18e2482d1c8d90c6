/* role.c: what the program's tables, slots and names say of each function.
 *
 * A function in a method table or a type slot is called by Python: its
 * arguments are borrowed, an object it returns must be a new reference.
 */
#include <string.h>

#include "engine/state.h"

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

static void
give_role(Roles *roles, const Decl *decl, const char *slot, bool is_exec)
{
    int64_t index = program_callee(roles->program, decl);
    if (index < 0) {
        return;
    }
    FnInfo *info = &roles->info[index];
    info->is_entry = true;
    if (is_exec) {
        info->is_init = true;
    }
    if (text_ends(slot, "tp_dealloc") || text_ends(slot, "tp_free")) {
        info->is_dealloc = true;
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
        for (uint32_t e = 0; e < table->nentry; e++) {
            if (table->entry[e].val.kind == VAL_FUNC) {
                give_role(roles, table->entry[e].val.decl, table->entry[e].path, exec);
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
        }
    }
    spread_init(&roles);
    return roles.info;
}

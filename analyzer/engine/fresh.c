/* fresh.c: which fields of an object are still NULL or zero when tp_new alone has run.
 *
 * Python calls tp_init after tp_new, but nobody has to: Type.__new__(Type), a subclass whose
 * __init__ forgets its base, copy and pickle come without it.  A field that tp_init sets and
 * tp_new does not is then as the allocator left it.
 */
#include <string.h>

#include "engine/state.h"

typedef struct Fresh {
    Arena *arena;
    Strings *strings;
    const Program *program;
    FnInfo *info;
    Map set;       /* "record.field" that a tp_init stores to -> itself */
    Map by_new;    /* the same for what tp_new and its callees store to */
    Map records;   /* record whose tp_init may be left out -> itself */
    bool *reads;   /* by function: it reads such a field of its first argument */
} Fresh;

static void
put(Map *map, Str key)
{
    *map_put_ptr(map, key) = (void *)(uintptr_t)key;
}

static Str
key_of(Fresh *fresh, const Instr *field)
{
    return str_internf(fresh->strings, "%s.%s", field->record, field->name);
}

/* The field that a store writes to directly, or NULL. */
static const Instr *
stored_field(const SelfUse *use, const Instr *ins)
{
    const Instr *field = ins->op == OP_STORE && ins->a.kind == VAL_TEMP ? use->def[ins->a.index]
                                                                       : NULL;
    return field && field->op == OP_FIELD && field->record ? field : NULL;
}

/* The field whose address is passed, or NULL. */
static const Instr *
passed_field(const SelfUse *use, Val val)
{
    const Instr *field = val.kind == VAL_TEMP ? use->def[val.index] : NULL;
    while (field && (field->op == OP_CAST || field->op == OP_COPY) &&
           field->a.kind == VAL_TEMP) {
        field = use->def[field->a.index];
    }
    return field && field->op == OP_FIELD && field->record ? field : NULL;
}

static void
note_field(Fresh *fresh, const SelfUse *use, const Instr *field, bool self, Map *into)
{
    if (field && (!self || self_is(use, field->a))) {
        put(into, key_of(fresh, field));
    }
}

/* Notes the fields that 'fn' stores to; 'self': only those of its first argument. */
static void
note_stores(Fresh *fresh, Arena *scratch, const Fn *fn, bool self, Map *into)
{
    SelfUse use = self_use(scratch, fn);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            note_field(fresh, &use, stored_field(&use, ins), self, into);
            for (uint32_t k = 0; ins->op == OP_CALL && k < ins->nargs; k++) {
                note_field(fresh, &use, passed_field(&use, ins->args[k]), self, into);
            }
        }
    }
}

/* The same for a function and all that it calls. */
static void
note_reached(Fresh *fresh, Arena *scratch, uint32_t f, bool *seen)
{
    const CallGraph *graph = fresh->program->graph;
    if (seen[f]) {
        return;
    }
    seen[f] = true;
    note_stores(fresh, scratch, fresh->program->fns[f], false, &fresh->by_new);
    for (uint32_t i = 0; i < graph->ncallee[f]; i++) {
        note_reached(fresh, scratch, graph->callee[f][i], seen);
    }
}

#define HELPERS 3 /* levels of helpers that pass on their first argument */

/* The function of the program that an instruction passes its own first argument to as such,
 * or NULL. */
static const Fn *
helper_of_self(const Fresh *fresh, const SelfUse *use, const Instr *ins)
{
    if (ins->op != OP_CALL || ins->a.kind != VAL_FUNC || ins->nargs == 0 ||
        !self_is(use, ins->args[0])) {
        return NULL;
    }
    int64_t index = program_callee(fresh->program, ins->a.decl);
    return index >= 0 ? fresh->program->fns[index] : NULL;
}

/* The record that a function, or a helper of it, takes its first argument for, or NULL. */
static Str
self_record(const Fresh *fresh, Arena *scratch, const Fn *fn, int levels)
{
    SelfUse use = self_use(scratch, fn);
    Str found = NULL;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            if (ins->op == OP_FIELD && ins->record && self_is(&use, ins->a) &&
                !text_starts(ins->name, "ob_") && !text_equal(ins->record, "_object")) {
                return ins->record;
            }
            const Fn *helper = !found && levels > 0 ? helper_of_self(fresh, &use, ins) : NULL;
            found = helper ? self_record(fresh, scratch, helper, levels - 1) : found;
        }
    }
    return found;
}

static int64_t
entry_function(const Fresh *fresh, const Table *table, const char *slot)
{
    for (uint32_t e = 0; e < table->nentry; e++) {
        if (table->entry[e].val.kind == VAL_FUNC && text_equal(table->entry[e].path, slot)) {
            int64_t index = program_callee(fresh->program, table->entry[e].val.decl);
            return index >= 0 ? index : -2; /* -2: a function of Python or a library */
        }
    }
    return -1;
}

/* One static type that can be made without tp_init. */
static void
look_at_type(Fresh *fresh, Arena *scratch, const Table *table)
{
    int64_t make = entry_function(fresh, table, "tp_new");
    int64_t init = entry_function(fresh, table, "tp_init");
    if (make == -1 || init < 0) {
        return;
    }
    Str record = self_record(fresh, scratch, fresh->program->fns[init], HELPERS);
    if (!record) {
        return;
    }
    put(&fresh->records, record);
    if (make >= 0) {
        note_reached(fresh, scratch, (uint32_t)make,
                     ARENA_ARRAY(scratch, bool, fresh->program->nfns + 1));
    }
}

/* Fields that the method reads, and only tp_init sets. */
static void
find_unset(Fresh *fresh, Arena *scratch, uint32_t f)
{
    const Fn *fn = fresh->program->fns[f];
    FnInfo *info = &fresh->info[f];
    VEC(const Instr *) unset = {0};
    SelfUse use = self_use(scratch, fn);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            if (ins->op != OP_FIELD || !ins->record || !self_is(&use, ins->a) ||
                !map_get_ptr(&fresh->records, ins->record)) {
                continue;
            }
            Str key = key_of(fresh, ins);
            if (map_get_ptr(&fresh->set, key) && !map_get_ptr(&fresh->by_new, key)) {
                VEC_PUSH(fresh->arena, &unset, ins);
            }
        }
    }
    info->unset = unset.at;
    info->nunset = unset.n;
}

static bool
is_plain_method(const FnInfo *info)
{
    return info->is_entry && (info->self & (SELF_METHOD | SELF_SETTER)) &&
           !(info->self & (SELF_INIT | SELF_DEALLOC));
}

/* True when 'fn' calls 'callee' with its own first argument as the first. */
static bool
passes_self(const Fresh *fresh, Arena *scratch, const Fn *fn, const Fn *callee)
{
    SelfUse use = self_use(scratch, fn);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            if (helper_of_self(fresh, &use, &fn->block[b].ins[i]) == callee) {
                return true;
            }
        }
    }
    return false;
}

/* True for a helper that gets the object of some method which has not looked into it. */
static bool
is_unguarded_helper(const Fresh *fresh, Arena *scratch, uint32_t f, int levels)
{
    const CallGraph *graph = fresh->program->graph;
    for (uint32_t i = 0; levels > 0 && i < graph->ncaller[f]; i++) {
        uint32_t caller = graph->caller[f][i];
        const FnInfo *info = &fresh->info[caller];
        if (!fresh->reads[caller] &&
            (is_plain_method(info) ||
             (!info->is_entry && is_unguarded_helper(fresh, scratch, caller, levels - 1))) &&
            passes_self(fresh, scratch, fresh->program->fns[caller], fresh->program->fns[f])) {
            return true;
        }
    }
    return false;
}

static void
each_type(Fresh *fresh, Arena *scratch)
{
    for (uint32_t u = 0; u < fresh->program->nunits; u++) {
        const Unit *unit = fresh->program->units[u];
        for (uint32_t t = 0; t < unit->tables.n; t++) {
            const Type *type = unit->tables.at[t]->decl->type;
            if (type->kind == TYPE_RECORD && type->tag &&
                (text_equal(type->tag, "_typeobject") || text_equal(type->tag, "PyTypeObject"))) {
                look_at_type(fresh, scratch, unit->tables.at[t]);
            }
        }
    }
}

void
fresh_find(Arena *arena, Strings *strings, const Program *program, FnInfo *info)
{
    Arena *scratch = arena_new();
    Fresh fresh = {.arena = arena, .strings = strings, .program = program, .info = info};
    map_init(&fresh.set, arena);
    map_init(&fresh.by_new, arena);
    map_init(&fresh.records, arena);
    each_type(&fresh, scratch);
    for (uint32_t f = 0; f < program->nfns; f++) {
        if (info[f].self & SELF_INIT) {
            note_stores(&fresh, scratch, program->fns[f], true, &fresh.set);
        }
    }
    fresh.reads = ARENA_ARRAY(arena, bool, program->nfns + 1);
    for (uint32_t f = 0; f < program->nfns; f++) {
        if (info[f].self & (SELF_METHOD | SELF_SETTER)) {
            find_unset(&fresh, scratch, f);
            fresh.reads[f] = info[f].nunset > 0;
        }
        arena_reset(scratch);
    }
    for (uint32_t f = 0; f < program->nfns; f++) {
        if (fresh.reads[f] && !is_plain_method(&info[f]) &&
            (info[f].is_entry || !is_unguarded_helper(&fresh, scratch, f, HELPERS))) {
            info[f].nunset = 0;
        }
        arena_reset(scratch);
    }
    arena_free(scratch);
}

/* owners.c: which fields and globals own what they hold.
 *
 * A field is owning when its content is released anywhere in the program:
 * Py_CLEAR(self->x), Py_XDECREF(self->x), or a variable read from it and
 * released later in the same function.  A reference stored there is handed
 * over; one stored where nothing is ever released may or may not be.
 */
#include <string.h>

#include "engine/state.h"

struct Owners {
    Arena *arena;
    Strings *strings;
    const Model *model;
    Map owning;  /* key -> itself */
    Map freeing; /* key of memory that is given back -> its family */
};

static Str
field_key(Owners *owners, Str record, Str name)
{
    return str_internf(owners->strings, "%s.%s", record ? record : "", name);
}

/* One function being looked through. */
typedef struct Look {
    Owners *owners;
    const Fn *fn;
    const Instr **def; /* by temporary */
    Map from;          /* local index + 1 -> first key it was read from */
} Look;

/* The key of the memory that an address operand leads to, NULL for locals and unknowns. */
static Str
key_of_address(Look *look, Val val)
{
    for (int depth = 0; depth < 12; depth++) {
        if (val.kind == VAL_GLOBAL) {
            return val.decl->usr;
        }
        if (val.kind != VAL_TEMP || !look->def[val.index]) {
            return NULL;
        }
        const Instr *ins = look->def[val.index];
        switch (ins->op) {
        case OP_FIELD:
            return field_key(look->owners, ins->record, ins->name);
        case OP_INDEX: case OP_CAST: case OP_COPY: case OP_LOAD:
            val = ins->a;
            break;
        default:
            return NULL;
        }
    }
    return NULL;
}

/* The key of the memory a value was read from, directly or through a variable. */
static Str
key_of_value(Look *look, Val val)
{
    for (int depth = 0; depth < 12; depth++) {
        if (val.kind != VAL_TEMP || !look->def[val.index]) {
            return NULL;
        }
        const Instr *ins = look->def[val.index];
        if (ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL) {
            return map_get(&look->from, (uint64_t)ins->a.index + 1);
        }
        if (ins->op == OP_LOAD) {
            return key_of_address(look, ins->a);
        }
        if (ins->op != OP_CAST && ins->op != OP_COPY) {
            return NULL;
        }
        val = ins->a;
    }
    return NULL;
}

/* Memory whose address the program read from a field or global is given back. */
static void
note_freed(Look *look, const Instr *call, const Summary *summary, const Effect *effect)
{
    Val arg = call->args[effect->param];
    Str key = !summary->alloc                 ? NULL
              : effect->kind == EFFECT_FREE   ? key_of_value(look, arg)
              : effect->kind == EFFECT_FINISH ? key_of_address(look, arg)
                                              : NULL;
    if (key) {
        *map_put_ptr(&look->owners->freeing, key) = (void *)(uintptr_t)summary->alloc;
    }
}

static void
look_at_call(Look *look, const Instr *call)
{
    const Summary *summary = model_find(look->owners->model, callee_name(call), NULL);
    for (uint32_t c = 0; summary && c < summary->ncases; c++) {
        for (uint32_t e = 0; e < summary->cases[c].neffect; e++) {
            const Effect *effect = &summary->cases[c].effect[e];
            if (effect->param >= call->nargs || effect->path) {
                continue;
            }
            note_freed(look, call, summary, effect);
            Str key = effect->kind == EFFECT_RELEASE
                          ? key_of_value(look, call->args[effect->param])
                      : effect->kind == EFFECT_RESET
                          ? key_of_address(look, call->args[effect->param])
                          : NULL;
            if (key) {
                *map_put_ptr(&look->owners->owning, key) = (void *)(uintptr_t)key;
            }
        }
    }
}

static void
look_through(Owners *owners, const Fn *fn)
{
    Look look = {.owners = owners, .fn = fn,
                 .def = ARENA_ARRAY(owners->arena, const Instr *, fn->ntemp + 1)};
    map_init(&look.from, owners->arena);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            look.def[fn->block[b].ins[i].dst] = &fn->block[b].ins[i];
        }
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            Str key = ins->op == OP_STORE && ins->a.kind == VAL_LOCAL
                          ? key_of_value(&look, ins->b) : NULL;
            if (key) {
                *map_put(&look.from, (uint64_t)ins->a.index + 1) = (void *)(uintptr_t)key;
            }
        }
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            if (fn->block[b].ins[i].op == OP_CALL) {
                look_at_call(&look, &fn->block[b].ins[i]);
            }
        }
    }
}

Owners *
owners_find(Arena *arena, Strings *strings, const Program *program, const Model *model)
{
    Owners *owners = ARENA_NEW(arena, Owners);
    owners->arena = arena;
    owners->strings = strings;
    owners->model = model;
    map_init(&owners->owning, arena);
    map_init(&owners->freeing, arena);
    for (uint32_t f = 0; f < program->nfns; f++) {
        look_through(owners, program->fns[f]);
    }
    return owners;
}

bool
owners_field(Owners *owners, Str record, Str name)
{
    return map_get_ptr(&owners->owning, field_key(owners, record, name)) != NULL;
}

bool
owners_global(Owners *owners, Str usr)
{
    return map_get_ptr(&owners->owning, usr) != NULL;
}

/* Mixes one thing into a digest that does not depend on the order of things. */
static void
add_unordered(Digest *sum, const char *text, const char *more)
{
    uint64_t hash = hash_bytes(text, strlen(text), 0);
    hash = more ? hash_bytes(more, strlen(more), hash) : hash;
    sum->high += hash_mix(hash, 1);
    sum->low += hash_mix(hash, 2);
}

Digest
owners_digest(const Owners *owners)
{
    Digest sum = {0};
    for (uint32_t i = 0; i < owners->owning.n; i++) {
        add_unordered(&sum, owners->owning.at[i].value, NULL);
    }
    for (uint32_t i = 0; i < owners->freeing.n; i++) {
        add_unordered(&sum, (const char *)(uintptr_t)owners->freeing.at[i].key,
                      owners->freeing.at[i].value);
    }
    return sum;
}

/* The key of the innermost field or global around the place, or NULL. */
static Str
key_of_place(Owners *owners, const Place *place)
{
    for (const Place *p = place; p; p = p->base) {
        if (p->kind == PLACE_FIELD) {
            return field_key(owners, p->record, p->name);
        }
        if (p->kind == PLACE_GLOBAL) {
            return p->decl->usr;
        }
    }
    return NULL;
}

bool
owners_evident(Owners *owners, const Place *place)
{
    Str key = place->kind == PLACE_FIELD || place->kind == PLACE_GLOBAL
                  ? key_of_place(owners, place) : NULL;
    return key && map_get_ptr(&owners->owning, key);
}

Owning
owners_ask(Owners *owners, const Place *place)
{
    Str key = key_of_place(owners, place);
    if (!key) {
        return OWNING_YES; /* *out, array elements: handed over by custom */
    }
    return map_get_ptr(&owners->owning, key) ? OWNING_YES : OWNING_UNKNOWN;
}

Str
owners_frees(Owners *owners, const Place *place)
{
    Str key = place->kind == PLACE_FIELD || place->kind == PLACE_GLOBAL
                  ? key_of_place(owners, place) : NULL;
    return key ? map_get_ptr(&owners->freeing, key) : NULL;
}

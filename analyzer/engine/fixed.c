/* fixed.c: which fields never change once the struct that they are in has been made.
 *
 * All stores of the program to such a field stand where the struct was allocated just before, or
 * where objects are taken apart; nobody gets its address.  Whatever else a call does, it finds
 * the field as it was.
 */
#include <string.h>

#include "engine/fixed.h"

struct Fixed {
    Arena *arena;
    Strings *strings;
    Map set;     /* "record.field" -> itself: gets its value where the struct is made */
    Map changed; /* the same, and "record.*" for all fields: stored elsewhere as well */
};

typedef struct Look { /* one function being looked through */
    Fixed *fixed;
    const Fn *fn;
    const Instr **def; /* by temporary */
    uint8_t *made;     /* by local: 1 no, 2 holds what was allocated here */
} Look;

static Str
key_of(const Fixed *fixed, Str record, const char *name)
{
    return str_internf(fixed->strings, "%s.%s", record ? record : "", name);
}

static void
note(Map *map, Str key)
{
    *map_put_ptr(map, key) = (void *)(uintptr_t)key;
}

static bool
allocates(const char *name)
{
    return strstr(name, "alloc") != NULL || strstr(name, "Alloc") != NULL ||
           text_ends(name, "_New") || text_ends(name, "_NewVar") ||
           text_ends(name, "GenericNew");
}

/* The instruction behind casts and copies that sets the value, or NULL. */
static const Instr *
source(const Look *look, Val val)
{
    const Instr *ins = val.kind == VAL_TEMP ? look->def[val.index] : NULL;
    while (ins && (ins->op == OP_CAST || ins->op == OP_COPY)) {
        ins = ins->a.kind == VAL_TEMP ? look->def[ins->a.index] : NULL;
    }
    return ins;
}

/* True when every value that the variable gets was allocated here. */
static bool
is_made(const Look *look, uint32_t local)
{
    bool made = local >= look->fn->nparam, any = false;
    if (look->made[local] != 0) {
        return look->made[local] == 2;
    }
    look->made[local] = 1; /* of itself: no */
    for (uint32_t b = 0; b < look->fn->nblock && made; b++) {
        for (uint32_t i = 0; i < look->fn->block[b].nins && made; i++) {
            const Instr *ins = &look->fn->block[b].ins[i];
            if (ins->op != OP_STORE || ins->a.kind != VAL_LOCAL || ins->a.index != local) {
                continue;
            }
            const Instr *from = source(look, ins->b);
            bool copied = from && from->op == OP_LOAD && from->a.kind == VAL_LOCAL &&
                          is_made(look, (uint32_t)from->a.index);
            bool null = ins->b.kind == VAL_NULL || ins->b.kind == VAL_INT;
            made = null || copied || (from && from->op == OP_CALL &&
                                      allocates(callee_name(from)));
            any = any || (made && !null);
        }
    }
    look->made[local] = made && any ? 2 : 1;
    return made && any;
}

/* The field whose memory the address leads into, or NULL. */
static const Instr *
field_at(const Look *look, Val address)
{
    const Instr *ins = source(look, address);
    while (ins && ins->op == OP_INDEX) {
        ins = source(look, ins->a);
    }
    return ins && ins->op == OP_FIELD ? ins : NULL;
}

/* True when the field is one of a struct that was allocated in this function. */
static bool
is_of_new(const Look *look, const Instr *field)
{
    const Instr *base = field;
    while (base && base->op == OP_FIELD) { /* structs inside structs */
        base = source(look, base->a);
    }
    return base && base->op == OP_LOAD && base->a.kind == VAL_LOCAL &&
           is_made(look, (uint32_t)base->a.index);
}

static void
note_change(Look *look, Val address, bool stored)
{
    for (const Instr *field = field_at(look, address); field && field->op == OP_FIELD;
         field = source(look, field->a)) {
        Str key = key_of(look->fixed, field->record, field->name);
        bool fresh = stored && is_of_new(look, field);
        note(fresh ? &look->fixed->set : &look->fixed->changed, key);
    }
}

static void
look_at(Look *look, const Instr *ins)
{
    switch (ins->op) {
    case OP_STORE:
        note_change(look, ins->a, true);
        break;
    case OP_MOVE: case OP_HAVOC:
        note_change(look, ins->a, false);
        if (ins->type && ins->type->kind == TYPE_RECORD) {
            note(&look->fixed->changed, key_of(look->fixed, ins->type->tag, "*"));
        }
        break;
    default:
        break;
    }
    for (uint32_t a = 0; a < ins->nargs; a++) {
        note_change(look, ins->args[a], false);
    }
}

static void
look_through(Fixed *fixed, const Fn *fn)
{
    Arena *scratch = arena_new();
    Look look = {.fixed = fixed, .fn = fn,
                 .def = ARENA_ARRAY(scratch, const Instr *, fn->ntemp + 1),
                 .made = ARENA_ARRAY(scratch, uint8_t, fn->nlocal + 1)};
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            look.def[fn->block[b].ins[i].dst] = &fn->block[b].ins[i];
        }
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            look_at(&look, &fn->block[b].ins[i]);
        }
    }
    arena_free(scratch);
}

/* True for functions that only take objects apart: nobody asks their fields afterwards. */
static bool
takes_apart(const FnInfo *info)
{
    return info->self == SELF_DEALLOC && info->in_use == 0;
}

Fixed *
fixed_find(Arena *arena, Strings *strings, const Program *program, const FnInfo *info)
{
    Fixed *fixed = ARENA_NEW(arena, Fixed);
    fixed->arena = arena;
    fixed->strings = strings;
    map_init(&fixed->set, arena);
    map_init(&fixed->changed, arena);
    for (uint32_t f = 0; f < program->nfns; f++) {
        if (!takes_apart(&info[f])) {
            look_through(fixed, program->fns[f]);
        }
    }
    return fixed;
}

bool
fixed_is(const Fixed *fixed, Str record, Str name)
{
    Str key = key_of(fixed, record, name);
    return record && map_get_ptr(&fixed->set, key) && !map_get_ptr(&fixed->changed, key) &&
           !map_get_ptr(&fixed->changed, key_of(fixed, record, "*"));
}

uint64_t
fixed_digest(const Fixed *fixed)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < fixed->set.n; i++) {
        Str key = fixed->set.at[i].value;
        if (!map_get_ptr(&fixed->changed, key)) {
            sum += hash_bytes(key, strlen(key), 0);
        }
    }
    for (uint32_t i = 0; i < fixed->changed.n; i++) {
        Str key = fixed->changed.at[i].value;
        sum += text_ends(key, ".*") ? hash_bytes(key, strlen(key), 1) : 0;
    }
    return sum;
}

/* unit.c: the ground that IR stands on: names of operations, interned types,
 * declarations and empty units.
 */
#include "ir/private.h"

/* ---- operations ---------------------------------------------------------- */

typedef struct OpInfo {
    const char *name;
    bool terminator;
} OpInfo;

static const OpInfo op_info[] = {
#define OP(id, name, result, terminator) {name, terminator},
#include "ir/ops.def"
#undef OP
};

const char *
op_name(Op op)
{
    assert(op < OP_COUNT);
    return op_info[op].name;
}

bool
op_is_terminator(Op op)
{
    assert(op < OP_COUNT);
    return op_info[op].terminator;
}

uint32_t
instr_successors(const Instr *ins)
{
    switch (ins->op) {
    case OP_JMP: return 1;
    case OP_BR: return 2;
    case OP_SWITCH: return 1 + ins->ncases;
    default: return 0;
    }
}

uint32_t
instr_successor(const Instr *ins, uint32_t i)
{
    assert(i < instr_successors(ins));
    if (ins->op == OP_SWITCH && i > 0) {
        return ins->cases[i - 1].to;
    }
    return ins->to[i];
}

/* ---- types --------------------------------------------------------------- */

bool
type_is_object(const Type *type)
{
    return type != NULL && type->kind == TYPE_PTR && type->to != NULL
        && type->to->kind == TYPE_RECORD && type->to->is_object;
}

bool
type_is_object_ptr(const Type *type)
{
    return type != NULL && type->kind == TYPE_PTR && type_is_object(type->to);
}

/* The type without what means nothing for its kind. */
static Type
type_canonical(Type type)
{
    switch (type.kind) {
    case TYPE_INT:
        return (Type){.kind = TYPE_INT, .bits = type.bits,
                      .is_unsigned = type.is_unsigned};
    case TYPE_FLOAT:
        return (Type){.kind = TYPE_FLOAT, .bits = type.bits};
    case TYPE_PTR:
    case TYPE_FUNC:
        return (Type){.kind = type.kind, .to = type.to};
    case TYPE_ARRAY:
        return (Type){.kind = TYPE_ARRAY, .to = type.to, .count = type.count};
    case TYPE_RECORD:
        return (Type){.kind = TYPE_RECORD, .is_object = type.is_object,
                      .is_union = type.is_union, .tag = type.tag};
    case TYPE_VOID:
    case TYPE_OTHER:
        break;
    }
    return (Type){.kind = type.kind};
}

static bool
type_same(const Type *a, const Type *b)
{
    return a->kind == b->kind && a->bits == b->bits && a->is_unsigned == b->is_unsigned
        && a->is_object == b->is_object && a->is_union == b->is_union && a->tag == b->tag
        && a->to == b->to && a->count == b->count;
}

static uint64_t
type_hash(const Type *type)
{
    uint64_t flags = (uint64_t)type->kind | (uint64_t)type->bits << 8
        | (uint64_t)type->is_unsigned << 16 | (uint64_t)type->is_object << 17
        | (uint64_t)type->is_union << 18;
    uint64_t hash = hash_mix(flags, (uint64_t)(uintptr_t)type->tag);

    hash = hash_mix(hash, (uint64_t)(uintptr_t)type->to);
    return hash_mix(hash, type->count);
}

const Type *
type_intern(Unit *unit, Type type)
{
    uint64_t hash;
    Type *found;

    type = type_canonical(type);
    if (type.kind == TYPE_RECORD) {
        type.tag = str_intern(unit->strings, type.tag == NULL ? "" : type.tag);
    }
    hash = type_hash(&type);
    while ((found = map_get(&unit->types, hash)) != NULL) {
        if (type_same(found, &type)) {
            return found;
        }
        hash = hash_mix(hash, 1);
    }
    found = ARENA_NEW(unit->arena, Type);
    *found = type;
    *map_put(&unit->types, hash) = found;
    return found;
}

const Type *
type_int(Unit *unit, unsigned bits, bool is_unsigned)
{
    assert(bits <= UINT8_MAX);
    return type_intern(unit, (Type){.kind = TYPE_INT, .bits = (uint8_t)bits,
                                    .is_unsigned = is_unsigned});
}

const Type *
type_ptr(Unit *unit, const Type *to)
{
    return type_intern(unit, (Type){.kind = TYPE_PTR, .to = to});
}

const Type *
type_void(Unit *unit)
{
    return type_intern(unit, (Type){.kind = TYPE_VOID});
}

/* ---- units --------------------------------------------------------------- */

Unit *
unit_new(Arena *arena, Strings *strings, const char *path)
{
    Unit *unit = ARENA_NEW(arena, Unit);

    unit->arena = arena;
    unit->strings = strings;
    unit->path = str_intern(strings, path);
    unit->python = str_intern(strings, "");
    map_init(&unit->decl_by_usr, arena);
    map_init(&unit->types, arena);
    return unit;
}

Decl *
unit_decl(Unit *unit, const char *usr, const char *name, bool is_func)
{
    Str key = str_intern(unit->strings, usr);
    void **place = map_put_ptr(&unit->decl_by_usr, key);
    Decl *decl = *place;

    if (decl == NULL) {
        decl = ARENA_NEW(unit->arena, Decl);
        decl->usr = key;
        decl->name = str_intern(unit->strings, name);
        decl->is_func = is_func;
        *place = decl;
        VEC_PUSH(unit->arena, &unit->decls, decl);
    }
    return decl;
}

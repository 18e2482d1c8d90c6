/* owners.c: which fields and globals own what they hold.
 *
 * A field is owning when its content is released anywhere in the program:
 * Py_CLEAR(self->x), Py_XDECREF(self->x), or a variable read from it and
 * released later in the same function.  A reference stored there is handed
 * over; one stored where nothing is ever released may or may not be.
 */
#include <string.h>

#include "engine/fixed.h"
#include "engine/foreign.h"

struct Owners {
    Arena *arena;
    Strings *strings;
    const Model *model;
    Map owning;  /* key -> itself */
    Map changing; /* key -> Changer */
    Map given;    /* key of a container that comes from outside -> itself */
    Map any;      /* key of what may be an object of any type -> itself */
    Map made;     /* key of a container that the program makes -> itself */
    Map shrunk;   /* key of a container that the program takes from -> itself */
    const Fixed *fixed;
    const Foreign *foreign;
    Map encoded;  /* key that gets text whose UTF-8 form is there -> itself */
    Map other;    /* key that gets something else -> itself */
    Map passed;   /* key whose address a callee gets -> itself */
    Map freeing; /* key of memory that is given back -> its family */
    Map freers;  /* key of memory that is given back -> Freers */
};

typedef struct Freers { /* functions that give back what is in a field or global, and empty it */
    VEC(Str) usr;
    uint64_t sum; /* stands for them, in any order */
} Freers;

static Str
field_key(Owners *owners, Str record, Str name)
{
    return str_internf(owners->strings, "%s.%s", record ? record : "", name);
}

/* One function being looked through. */
typedef struct Look {
    Owners *owners;
    const Fn *fn;
    uint8_t in_use;    /* the function runs while its objects are in use */
    bool takes_down;   /* the function only empties its first argument, a plain struct */
    bool own_self;     /* ... but not on its first argument */
    bool has_self;     /* its first argument is an instance of the type that it belongs to */
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

/* The local that an operand leads to by loads and fields, -1 for none. */
static int64_t
local_of(const Look *look, Val val)
{
    for (int depth = 0; depth < 16; depth++) {
        if (val.kind == VAL_LOCAL) {
            return val.index;
        }
        const Instr *ins = val.kind == VAL_TEMP ? look->def[val.index] : NULL;
        if (!ins || ins->op == OP_CALL) {
            return -1;
        }
        val = ins->a;
    }
    return -1;
}

/* True when the variable gets what a call gives: the object is being made. */
static bool
is_made_here(const Look *look, int64_t local)
{
    for (uint32_t b = 0; b < look->fn->nblock; b++) {
        for (uint32_t i = 0; i < look->fn->block[b].nins; i++) {
            const Instr *ins = &look->fn->block[b].ins[i];
            const Instr *from = ins->op == OP_STORE && ins->a.kind == VAL_LOCAL &&
                                        ins->a.index == (uint64_t)local &&
                                        ins->b.kind == VAL_TEMP
                                    ? look->def[ins->b.index] : NULL;
            while (from && (from->op == OP_CAST || from->op == OP_COPY) &&
                   from->a.kind == VAL_TEMP) {
                from = look->def[from->a.index];
            }
            bool hidden = from && from->op == OP_LOAD && from->a.kind == VAL_LOCAL &&
                          look->fn->local[from->a.index].name[0] == '\0';
            if ((from && from->op == OP_CALL) ||
                (hidden && from->a.index != (uint64_t)local &&
                 is_made_here(look, from->a.index))) { /* the value of ?: */
                return true;
            }
        }
    }
    return false;
}

/* True for the value of a variable whose address some call gets, which may put something of its
 * own there. */
static bool
is_filled_here(const Look *look, Val val)
{
    const Instr *load = val.kind == VAL_TEMP ? look->def[val.index] : NULL;
    while (load && (load->op == OP_CAST || load->op == OP_COPY) && load->a.kind == VAL_TEMP) {
        load = look->def[load->a.index];
    }
    if (!load || load->op != OP_LOAD || load->a.kind != VAL_LOCAL) {
        return false;
    }
    uint64_t local = load->a.index;
    for (uint32_t b = 0; b < look->fn->nblock; b++) {
        for (uint32_t i = 0; i < look->fn->block[b].nins; i++) {
            const Instr *call = &look->fn->block[b].ins[i];
            for (uint32_t a = 0; call->op == OP_CALL && a < call->nargs; a++) {
                const char *name = callee_name(call);
                bool empties = text_ends(name, "CLEAR") || text_ends(name, "SETREF");
                if (call->args[a].kind == VAL_LOCAL && call->args[a].index == local && !empties) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* The local that the object is in from whose field the operand was read, directly or through a
 * variable; -1 for none. */
static int64_t
holder_of(Look *look, Val val)
{
    int64_t local = local_of(look, val);
    const Instr *load = val.kind == VAL_TEMP ? look->def[val.index] : NULL;
    if (local < look->fn->nparam || !load || load->op != OP_LOAD || load->a.kind != VAL_LOCAL) {
        return local;
    }
    for (uint32_t b = 0; b < look->fn->nblock; b++) {
        for (uint32_t i = 0; i < look->fn->block[b].nins; i++) {
            const Instr *ins = &look->fn->block[b].ins[i];
            bool set = ins->op == OP_STORE && ins->a.kind == VAL_LOCAL &&
                       ins->a.index == (uint64_t)local && key_of_value(look, ins->b) != NULL;
            int64_t holder = set ? local_of(look, ins->b) : -1;
            if (holder >= 0 && holder != local) {
                return holder;
            }
        }
    }
    return local;
}

/* The function gives up what the key's memory holds; 'val' leads there. */
static void
note_changed(Look *look, Str key, Val val)
{
    int64_t value = look->in_use ? local_of(look, val) : -1;
    int64_t local = look->in_use ? holder_of(look, val) : -1;
    bool self = local == 0 && look->fn->nparam > 0;
    bool made = (local >= look->fn->nparam && is_made_here(look, local)) ||
                (value >= look->fn->nparam &&
                 (is_made_here(look, value) || is_filled_here(look, val)));
    if (!look->in_use || (self && look->own_self) || made) {
        return;
    }
    void **slot = map_put_ptr(&look->owners->changing, key);
    Changer *changer = *slot ? *slot : ARENA_NEW(look->owners->arena, Changer);
    bool by_python = look->in_use == 2 && !look->takes_down;
    if (!changer->name || (by_python && !changer->by_python)) {
        *changer = (Changer){look->fn->decl->name, by_python};
    }
    *slot = changer;
}

/* True when calls of 'name' may remove something from their first argument. */
static bool
exposes(const char *name)
{
    static const char *const starts[] = {
        "PyDict_DelItem", "PyDict_Clear", "PyDict_Pop", "PyDict_Update",
        "PyDict_Merge", "PyList_SetItem", "PyList_SetSlice", "PyList_Clear", "PyList_Sort",
        "PySet_Discard", "PySet_Clear", "PySet_Pop", "PySequence_DelItem", "PySequence_SetItem",
        "PyObject_DelItem", "PyObject_SetItem", "PyObject_CallMethod",
    };
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (text_starts(name, starts[i])) {
            return true;
        }
    }
    return false;
}

static void
note_key(Map *map, Str key)
{
    if (key) {
        *map_put_ptr(map, key) = (void *)(uintptr_t)key;
    }
}

/* True for a container made by this function. */
static bool
is_made(const Look *look, Val val)
{
    const Instr *from = val.kind == VAL_TEMP ? look->def[val.index] : NULL;
    if (from && from->op == OP_LOAD && from->a.kind == VAL_LOCAL) {
        return is_made_here(look, from->a.index);
    }
    return from && from->op == OP_CALL;
}

/* The local of an object that the caller passed: a parameter, or what a parser filled; -1. */
static int64_t
given_local(const Look *look, Val val)
{
    const Instr *load = val.kind == VAL_TEMP ? look->def[val.index] : NULL;
    while (load && load->op != OP_LOAD) {
        bool taken = load->op == OP_CALL && load->nargs == 1 && text_ends(callee_name(load), "NewRef");
        Val from = taken ? load->args[0] : load->a;
        bool same = taken || load->op == OP_CAST || load->op == OP_COPY;
        load = same && from.kind == VAL_TEMP ? look->def[from.index] : NULL;
    }
    if (!load || load->a.kind != VAL_LOCAL) {
        return -1;
    }
    uint32_t local = load->a.index;
    if (look->fn->local[local].is_param) {
        return type_is_object(look->fn->local[local].type) ? (int64_t)local : -1;
    }
    for (uint32_t b = 0; b < look->fn->nblock; b++) {
        for (uint32_t i = 0; i < look->fn->block[b].nins; i++) {
            const Instr *call = &look->fn->block[b].ins[i];
            bool parse = call->op == OP_CALL && strstr(callee_name(call), "PyArg_");
            for (uint32_t a = 0; parse && a < call->nargs; a++) {
                if (call->args[a].kind == VAL_LOCAL && call->args[a].index == local) {
                    return local;
                }
            }
        }
    }
    return -1;
}

static bool
is_given(const Look *look, Val val)
{
    return given_local(look, val) >= 0;
}

static void
note_freer(Owners *owners, Str key, const Fn *fn)
{
    void **slot = map_put_ptr(&owners->freers, key);
    Freers *freers = *slot ? *slot : ARENA_NEW(owners->arena, Freers);
    Str usr = fn->decl->usr;
    *slot = freers;
    if (freers->usr.n == 0 || freers->usr.at[freers->usr.n - 1] != usr) {
        VEC_PUSH(owners->arena, &freers->usr, usr);
        freers->sum += hash_bytes(usr, strlen(usr), 1);
    }
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
        note_freer(look->owners, key, look->fn);
        note_changed(look, key, call->args[effect->param]);
    }
}

/* A callee gets the address of the memory, and may put something there. */
static void
note_passed(Look *look, const Instr *call)
{
    for (uint32_t a = 0; !text_ends(callee_name(call), "CLEAR") && a < call->nargs; a++) {
        const Instr *def = call->args[a].kind == VAL_TEMP ? look->def[call->args[a].index] : NULL;
        while (def && (def->op == OP_CAST || def->op == OP_COPY) && def->a.kind == VAL_TEMP) {
            def = look->def[def->a.index];
        }
        if (def && def->op == OP_FIELD) {
            note_key(&look->owners->passed, field_key(look->owners, def->record, def->name));
        }
    }
}

static void
look_at_call(Look *look, const Instr *call)
{
    const Summary *summary = model_find(look->owners->model, callee_name(call), NULL);
    note_passed(look, call);
    if (look->in_use && call->nargs > 0 && exposes(callee_name(call))) {
        note_key(&look->owners->shrunk, key_of_value(look, call->args[0]));
    }
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
                note_changed(look, key, call->args[effect->param]);
            }
        }
    }
}

/* True for a function that gets a plain struct and stores nothing but NULL and zero in it. */
static bool
takes_down(const Look *look)
{
    const Fn *fn = look->fn;
    const Type *type = fn->nparam > 0 ? fn->local[0].type : NULL;
    if (!type || type->kind != TYPE_PTR || type_is_object(type)) {
        return false;
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            bool empty = ins->b.kind == VAL_NULL || (ins->b.kind == VAL_INT && ins->b.num <= 0);
            if (ins->op == OP_STORE && ins->a.kind == VAL_TEMP && !empty) {
                return false;
            }
        }
    }
    return true;
}

/* What the instruction stores has its UTF-8 form, or perhaps not. */
static void
note_stored(Look *look, const Instr *ins)
{
    Val address = {0};
    Stored stored = encoded_store(look->fn, look->def, ins, &address);
    if (stored != STORED_NOTHING) {
        note_key(stored == STORED_ENCODED ? &look->owners->encoded : &look->owners->other,
                 key_of_address(look, address));
    }
}

static void
look_through(Owners *owners, const Fn *fn, const FnInfo *info)
{
    Look look = {.owners = owners, .fn = fn, .in_use = info->in_use,
                 .has_self = info->self != 0,
                 .own_self = info->self && !(info->self & (SELF_METHOD | SELF_SETTER)),
                 .def = ARENA_ARRAY(owners->arena, const Instr *, fn->ntemp + 1)};
    map_init(&look.from, owners->arena);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            look.def[fn->block[b].ins[i].dst] = &fn->block[b].ins[i];
        }
    }
    look.takes_down = look.in_use && takes_down(&look);
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
            const Instr *ins = &fn->block[b].ins[i];
            note_stored(&look, ins);
            if (ins->op == OP_CALL) {
                look_at_call(&look, ins);
            }
            else if (ins->op == OP_STORE && ins->a.kind != VAL_LOCAL && is_given(&look, ins->b)) {
                note_key(&owners->given, key_of_address(&look, ins->a));
                if (given_local(&look, ins->b) > 0 || !look.has_self) {
                    note_key(&owners->any, key_of_address(&look, ins->a));
                }
            }
            else if (ins->op == OP_STORE && ins->a.kind == VAL_TEMP && is_made(&look, ins->b)) {
                note_key(&owners->made, key_of_address(&look, ins->a));
            }
        }
    }
}

Owners *
owners_find(Arena *arena, Strings *strings, const Program *program, const Model *model,
            const FnInfo *info)
{
    Owners *owners = ARENA_NEW(arena, Owners);
    owners->arena = arena;
    owners->strings = strings;
    owners->model = model;
    map_init(&owners->owning, arena);
    map_init(&owners->changing, arena);
    map_init(&owners->given, arena);
    map_init(&owners->any, arena);
    map_init(&owners->made, arena);
    map_init(&owners->shrunk, arena);
    map_init(&owners->encoded, arena);
    map_init(&owners->other, arena);
    map_init(&owners->passed, arena);
    map_init(&owners->freeing, arena);
    map_init(&owners->freers, arena);
    for (uint32_t f = 0; f < program->nfns; f++) {
        look_through(owners, program->fns[f], &info[f]);
    }
    owners->fixed = fixed_find(arena, strings, program, info);
    owners->foreign = foreign_find(arena, strings, program, model, info);
    return owners;
}

/* True for containers that others may have, or that the program takes from. */
static bool
is_exposed(const Owners *owners, Str key)
{
    return map_get_ptr(&owners->shrunk, key) ||
           (map_get_ptr(&owners->given, key) && !map_get_ptr(&owners->made, key));
}

static bool
is_encoded(const Owners *owners, Str key)
{
    return map_get_ptr(&owners->encoded, key) && !map_get_ptr(&owners->other, key);
}

/* True when some instruction puts more than a constant there, or may. */
static bool
is_ever_set(const Owners *owners, Str key)
{
    return map_get_ptr(&owners->encoded, key) || map_get_ptr(&owners->other, key) ||
           map_get_ptr(&owners->passed, key);
}

/* All that is known of the key, as a number. */
static uint64_t
known_of(const Owners *owners, Str key)
{
    const Changer *changer = map_get_ptr(&owners->changing, key);
    Str family = map_get_ptr(&owners->freeing, key);
    uint64_t hash = map_get_ptr(&owners->owning, key) != NULL;
    hash |= (uint64_t)is_exposed(owners, key) << 1 | (uint64_t)(changer && changer->by_python) << 2;
    hash |= (uint64_t)is_encoded(owners, key) << 3;
    hash |= (uint64_t)is_ever_set(owners, key) << 4;
    hash |= (uint64_t)foreign_held(owners->foreign, key) << 5;
    hash |= (uint64_t)(map_get_ptr(&owners->any, key) != NULL) << 9;
    hash = family ? hash_bytes(family, strlen(family), hash) : hash;
    const Freers *freers = map_get_ptr(&owners->freers, key);
    hash = freers ? hash_mix(hash, freers->sum) : hash;
    return changer ? hash_bytes(changer->name, strlen(changer->name), hash) : hash;
}

uint64_t
owners_field(Owners *owners, Str record, Str name)
{
    return known_of(owners, field_key(owners, record, name)) ^
           (uint64_t)fixed_is(owners->fixed, record, name) << 8;
}

bool
owners_is_fixed(const Owners *owners, Str record, Str name)
{
    return fixed_is(owners->fixed, record, name);
}

uint64_t
owners_global(Owners *owners, Str usr)
{
    return known_of(owners, usr);
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
    Digest sum = {.low = fixed_digest(owners->fixed), .high = foreign_digest(owners->foreign)};
    for (uint32_t i = 0; i < owners->owning.n; i++) {
        Str key = owners->owning.at[i].value;
        add_unordered(&sum, key, is_ever_set(owners, key) ? NULL : "never set");
    }
    for (uint32_t i = 0; i < owners->freeing.n; i++) {
        add_unordered(&sum, (const char *)(uintptr_t)owners->freeing.at[i].key,
                      owners->freeing.at[i].value);
    }
    for (uint32_t i = 0; i < owners->freers.n; i++) {
        const Freers *freers = owners->freers.at[i].value;
        for (uint32_t k = 0; k < freers->usr.n; k++) {
            add_unordered(&sum, (const char *)(uintptr_t)owners->freers.at[i].key,
                          freers->usr.at[k]);
        }
    }
    for (uint32_t i = 0; i < owners->changing.n; i++) {
        const Changer *changer = owners->changing.at[i].value;
        add_unordered(&sum, (const char *)(uintptr_t)owners->changing.at[i].key, changer->name);
    }
    for (uint32_t i = 0; i < owners->encoded.n; i++) {
        Str key = owners->encoded.at[i].value;
        add_unordered(&sum, key, is_encoded(owners, key) ? "encoded" : "other");
    }
    const Map *others[] = {&owners->given, &owners->made, &owners->shrunk, &owners->any};
    static const char *const words[] = {"given", "made", "shrunk", "any"};
    for (size_t m = 0; m < COUNT_OF(others); m++) {
        for (uint32_t i = 0; i < others[m]->n; i++) {
            add_unordered(&sum, others[m]->at[i].value, words[m]);
        }
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

bool
owners_frees_in(Owners *owners, const Place *place, const Decl *fn)
{
    Str key = key_of_place(owners, place);
    const Freers *freers = key ? map_get_ptr(&owners->freers, key) : NULL;
    for (uint32_t i = 0; freers && i < freers->usr.n; i++) {
        if (freers->usr.at[i] == fn->usr || text_equal(freers->usr.at[i], fn->usr)) {
            return true;
        }
    }
    return false;
}

const Changer *
owners_changer(Owners *owners, const Place *place)
{
    Str key = key_of_place(owners, place);
    return key ? map_get_ptr(&owners->changing, key) : NULL;
}

uint8_t
owners_foreign(Owners *owners, const Place *place)
{
    Str key = key_of_place(owners, place);
    return key ? foreign_held(owners->foreign, key) : 0;
}

const Foreign *
owners_values(const Owners *owners)
{
    return owners->foreign;
}

bool
owners_is_foreign(Owners *owners, const Place *place)
{
    Str key = key_of_place(owners, place);
    uint8_t kinds = key ? foreign_held(owners->foreign, key) : 0;
    return key && (map_get_ptr(&owners->any, key) || (kinds && !(kinds & FOREIGN_SELF)));
}

bool
owners_is_exposed(Owners *owners, const Place *place)
{
    Str key = key_of_place(owners, place);
    return key && is_exposed(owners, key);
}

bool
owners_is_ever_set(Owners *owners, const Place *place)
{
    Str key = place->kind == PLACE_FIELD ? key_of_place(owners, place) : NULL;
    return !key || is_ever_set(owners, key);
}

bool
owners_is_encoded(Owners *owners, const Place *place)
{
    Str key = place->kind == PLACE_FIELD ? key_of_place(owners, place) : NULL;
    return key && is_encoded(owners, key);
}

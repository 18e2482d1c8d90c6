/* value.c: where the values of a function come from, without regard to paths. */
#include <string.h>

#include "classes/private.h"

#define DEPTH 16

const Instr *
def_of(const FnView *view, Val val)
{
    return val.kind == VAL_TEMP ? view->def[val.index] : NULL;
}

const char *
called_name(const Instr *call)
{
    const char *name = call->a.kind == VAL_FUNC ? call->a.decl->name : call->name;

    if (name == NULL) {
        return "";
    }
    return text_starts(name, OVERLAY_PREFIX) ? name + strlen(OVERLAY_PREFIX) : name;
}

int64_t
callee_index(const Finder *finder, const Instr *call)
{
    return call->a.kind == VAL_FUNC ? program_callee(finder->program, call->a.decl) : -1;
}

const Summary *
callee_summary(const Finder *finder, const Instr *call)
{
    Str usr = call->a.kind == VAL_FUNC ? call->a.decl->usr : NULL;

    return model_find(finder->model, called_name(call), usr);
}

bool
calls_one_of(const Instr *call, const char *const *names)
{
    const char *name = call->op == OP_CALL ? called_name(call) : "";

    for (uint32_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

Member *
member_get(Finder *finder, Str record, Str name, const Type *type)
{
    uint64_t key = hash_mix((uint64_t)(uintptr_t)record, (uint64_t)(uintptr_t)name);
    void **place = map_put(&finder->members, key);
    Members *fields;

    if (*place == NULL) {
        Member *member = ARENA_NEW(finder->arena, Member);

        member->record = record;
        member->name = name;
        member->type = type;
        *place = member;
        fields = map_get_ptr(&finder->by_record, record);
        if (fields == NULL) {
            fields = ARENA_NEW(finder->arena, Members);
            *map_put_ptr(&finder->by_record, record) = fields;
        }
        VEC_PUSH(finder->arena, &fields->at, member);
    }
    return *map_put(&finder->members, key);
}

Member *
member_of_field(Finder *finder, const Instr *field)
{
    if (field->record == NULL || field->record[0] == '\0') {
        return NULL;
    }
    return member_get(finder, field->record, field->name,
                      field->type != NULL ? field->type->to : NULL);
}

/* The variable whose address 'val' is, UINT32_MAX for others. */
uint32_t
local_address(const FnView *view, Val val)
{
    const Instr *ins;

    while ((ins = def_of(view, val)) != NULL && (ins->op == OP_CAST || ins->op == OP_COPY)) {
        val = ins->a;
    }
    return val.kind == VAL_LOCAL ? val.index : UINT32_MAX;
}

static bool
takes_address(const FnView *view, const Instr *ins, uint32_t local)
{
    for (uint32_t i = 0; ins->op == OP_CALL && i < ins->nargs; i++) {
        if (local_address(view, ins->args[i]) == local) {
            return true;
        }
    }
    return false;
}

/* The store that a load of a variable reads, when it stands on the only way there. */
const Instr *
reaching_store(const FnView *view, const Instr *load)
{
    uint32_t block = view->def_block[load->dst];
    const Instr *ins = load;

    for (int blocks = 0; blocks < 200; blocks++) {
        const Block *b = &view->fn->block[block];

        ins = ins == NULL ? b->ins + b->nins : ins;
        while (ins > b->ins) {
            ins--;
            if (ins->op == OP_STORE && ins->a.kind == VAL_LOCAL &&
                ins->a.index == load->a.index) {
                return ins;
            }
            if (takes_address(view, ins, load->a.index)) {
                return NULL;
            }
        }
        block = view->pred[block];
        ins = NULL;
        if (block == UINT32_MAX) {
            return NULL;
        }
    }
    return NULL;
}

/* The first value of a variable that leads to a member, by 'of'; 'load' may be NULL. */
static Member *
through_local(Finder *finder, const FnView *view, uint32_t index, const Instr *load, bool *steps,
              int depth, Member *(*of)(Finder *, const FnView *, Val, bool *, bool *, int))
{
    LocalUse *use = &view->local[index];
    const Instr *store = load != NULL ? reaching_store(view, load) : NULL;
    Member *member = NULL;

    if (use->busy) {
        return NULL;
    }
    if (store != NULL) {
        use->busy = true;
        member = of(finder, view, store->b, NULL, steps, depth - 1);
        use->busy = false;
        return member;
    }
    use->busy = true;
    for (uint32_t i = 0; i < use->values.n && member == NULL; i++) {
        member = of(finder, view, use->values.at[i], NULL, steps, depth - 1);
    }
    use->busy = false;
    return member;
}

static Member *find_value(Finder *finder, const FnView *view, Val val, bool *via_local,
                          bool *steps, int depth);
static Member *returned_member(Finder *finder, const Instr *call, bool *steps, int depth);

static Member *
find_address(Finder *finder, const FnView *view, Val val, bool *via_local, bool *steps, int depth)
{
    const Instr *ins;

    (void)via_local;
    while (depth-- > 0 && (ins = def_of(view, val)) != NULL) {
        switch (ins->op) {
        case OP_FIELD:
            if (text_equal(ins->record, "Py_buffer") && text_equal(ins->name, "obj") &&
                member_of_view(finder, view, ins->a) != NULL) {
                return member_of_view(finder, view, ins->a);
            }
            return member_of_field(finder, ins);
        case OP_INDEX:
            if (steps != NULL) {
                *steps = true;
            }
            val = ins->a;
            break;
        case OP_LOAD:
            if (ins->a.kind == VAL_LOCAL) {
                return through_local(finder, view, ins->a.index, ins, steps, depth,
                                     find_address);
            }
            if (steps != NULL) {
                *steps = true;
            }
            val = ins->a;
            break;
        case OP_CAST: case OP_COPY:
            val = ins->a;
            break;
        default:
            return NULL;
        }
    }
    return NULL;
}

Member *
member_of_address(Finder *finder, const FnView *view, Val address, bool *steps)
{
    return find_address(finder, view, address, NULL, steps, DEPTH);
}

bool
gives_its_argument(const Instr *call)
{
    static const char *const names[] = {"Py_NewRef", "Py_XNewRef", "_Py_NewRef", "_Py_XNewRef",
                                        "_PyObject_CAST", NULL};

    return calls_one_of(call, names) && call->nargs > 0;
}

/* (uintptr_t)self->x & ~1: a pointer whose low bits are set or taken away. */
static bool
is_mask(const Instr *ins)
{
    return ins->op == OP_BIN && ins->type != NULL && ins->type->kind == TYPE_INT &&
           ins->type->bits >= 32 && (text_equal(ins->name, "&") || text_equal(ins->name, "|"));
}

static Member *
find_value(Finder *finder, const FnView *view, Val val, bool *via_local, bool *steps, int depth)
{
    const Instr *ins;

    while (depth-- > 0 && (ins = def_of(view, val)) != NULL) {
        if (ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL) {
            if (via_local != NULL) {
                *via_local = true;
            }
            return through_local(finder, view, ins->a.index, ins, steps, depth, find_value);
        }
        if (ins->op == OP_LOAD) {
            return find_address(finder, view, ins->a, NULL, steps, depth);
        }
        if (ins->op == OP_CALL && gives_its_argument(ins)) {
            val = ins->args[0];
            continue;
        }
        if (ins->op == OP_CALL) {
            return returned_member(finder, ins, steps, depth);
        }
        if (is_mask(ins)) {
            Member *member = find_value(finder, view, ins->a, via_local, steps, depth);

            if (member != NULL) {
                return member;
            }
            val = ins->b;
            continue;
        }
        if (ins->op != OP_CAST && ins->op != OP_COPY) {
            return NULL;
        }
        val = ins->a;
    }
    return NULL;
}

/* The member that a function of the program reads and returns. */
static Member *
returned_member(Finder *finder, const Instr *call, bool *steps, int depth)
{
    int64_t index = callee_index(finder, call);
    const FnView *view = index >= 0 ? &finder->view[index] : NULL;

    for (uint32_t b = 0; view != NULL && view->def != NULL && view->fn->nblock < 8 &&
                         b < view->fn->nblock; b++) {
        const Block *block = &view->fn->block[b];
        const Instr *ret = &block->ins[block->nins - 1];
        Member *member = ret->op == OP_RET && ret->a.kind == VAL_TEMP
                             ? find_value(finder, view, ret->a, NULL, steps, depth / 2) : NULL;

        if (member != NULL) {
            return member;
        }
    }
    return NULL;
}

Member *
member_of_value(Finder *finder, const FnView *view, Val value, bool *via_local, bool *steps)
{
    return find_value(finder, view, value, via_local, steps, DEPTH);
}

Member *
member_of_variable(Finder *finder, const FnView *view, Val address)
{
    bool steps = false;
    const Instr *ins;

    while ((ins = def_of(view, address)) != NULL && (ins->op == OP_CAST || ins->op == OP_COPY)) {
        address = ins->a;
    }
    return address.kind == VAL_LOCAL
               ? through_local(finder, view, address.index, NULL, &steps, DEPTH, find_value) : NULL;
}

const Decl *
global_of(const FnView *view, Val val)
{
    for (int depth = 0; depth < DEPTH; depth++) {
        const Instr *ins = def_of(view, val);

        if (val.kind == VAL_GLOBAL) {
            return val.decl;
        }
        if (ins == NULL || (ins->op != OP_CAST && ins->op != OP_COPY && ins->op != OP_FIELD &&
                            !(ins->op == OP_CALL && gives_its_argument(ins)))) {
            return NULL;
        }
        val = ins->op == OP_CALL ? ins->args[0] : ins->a;
    }
    return NULL;
}

bool
is_visit(const FnView *view, const Instr *call)
{
    const Instr *load;

    if (call->op != OP_CALL || call->nargs == 0) {
        return false;
    }
    if (text_equal(called_name(call), "Py_VISIT")) {
        return true;
    }
    load = def_of(view, call->a);
    return call->nargs == 2 && load != NULL && load->op == OP_LOAD &&
           load->a.kind == VAL_LOCAL && load->a.index < view->fn->nparam;
}

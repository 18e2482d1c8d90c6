/* sources.c: the sources of a value: parameters, calls, fields, variables. */
#include "classes/private.h"

#define DEPTH 16

static void
add_source(Sources *out, Source source)
{
    for (uint32_t i = 0; i < out->n; i++) {
        const Source *o = &out->at[i];

        if (o->kind == source.kind && o->index == source.index && o->call == source.call &&
            o->member == source.member && o->decl == source.decl) {
            return;
        }
    }
    if (out->n == SOURCES_MAX) {
        out->cut = true;
        return;
    }
    out->at[out->n++] = source;
}

static void trace_value(Finder *finder, const FnView *view, Val val, Sources *out, int depth);

/* True when no way leads from the entry to the load without a store to the variable. */
static bool
is_overwritten(const FnView *view, const Instr *load)
{
    enum { MANY = 512 };
    const Fn *fn = view->fn;
    uint64_t seen[MANY / 64] = {0};
    uint32_t work[MANY * 2], n = 0;

    if (view->local[load->a.index].values.n == 0 || fn->nblock > MANY) {
        return false;
    }
    work[n++] = 0;
    while (n > 0) {
        uint32_t b = work[--n];
        const Block *block = &fn->block[b];
        bool stored = false;

        if (bit_test(seen, b)) {
            continue;
        }
        seen[b / 64] |= UINT64_C(1) << (b % 64);
        for (uint32_t i = 0; i < block->nins && !stored; i++) {
            if (&block->ins[i] == load) {
                return false;
            }
            stored = block->ins[i].op == OP_STORE && block->ins[i].a.kind == VAL_LOCAL &&
                     block->ins[i].a.index == load->a.index;
        }
        for (uint32_t s = 0; !stored && s < instr_successors(&block->ins[block->nins - 1]); s++) {
            if (n == COUNT_OF(work)) {
                return false;
            }
            work[n++] = instr_successor(&block->ins[block->nins - 1], s);
        }
    }
    return true;
}

static void
trace_local(Finder *finder, const FnView *view, const Instr *load, Sources *out, int depth)
{
    uint32_t index = load->a.index;
    LocalUse *use = &view->local[index];
    const Instr *store;

    if (use->busy) {
        return;
    }
    use->busy = true;
    store = reaching_store(view, load);
    if (store != NULL) {
        trace_value(finder, view, store->b, out, depth - 1);
        use->busy = false;
        return;
    }
    if (view->fn->local[index].is_param && index < view->fn->nparam &&
        !is_overwritten(view, load)) {
        add_source(out, (Source){.kind = FROM_PARAM, .index = index,
                                 .type = view->fn->local[index].type});
    }
    for (uint32_t i = 0; i < use->values.n; i++) {
        trace_value(finder, view, use->values.at[i], out, depth - 1);
    }
    for (uint32_t i = 0; i < use->calls.n; i++) {
        add_source(out, (Source){.kind = FROM_OUT, .index = use->args.at[i],
                                 .call = use->calls.at[i],
                                 .type = view->fn->local[index].type});
    }
    use->busy = false;
}

/* True for args[i] of a METH_FASTCALL method. */
static bool
is_fastcall_argument(const FnView *view, const Instr *element)
{
    const Instr *base = element != NULL && element->op == OP_INDEX ? def_of(view, element->a)
                                                                   : NULL;
    uint32_t index = base != NULL && base->op == OP_LOAD && base->a.kind == VAL_LOCAL
                         ? base->a.index : UINT32_MAX;
    const Type *count;

    if (!view->is_entry || index < 1 || index > 2 || view->fn->nparam < index + 2 ||
        !type_is_object_ptr(view->fn->local[index].type)) {
        return false; /* the second parameter, or the third behind the defining class */
    }
    count = view->fn->local[index + 1].type;
    return count != NULL && count->kind == TYPE_INT;
}

static void
trace_load(Finder *finder, const FnView *view, const Instr *load, Sources *out, int depth)
{
    const Instr *element = def_of(view, load->a);
    Member *member;

    if (load->a.kind == VAL_LOCAL) {
        trace_local(finder, view, load, out, depth);
        return;
    }
    if (load->a.kind == VAL_GLOBAL) {
        add_source(out, (Source){.kind = FROM_GLOBAL, .decl = load->a.decl, .type = load->type});
        return;
    }
    if (is_fastcall_argument(view, element)) {
        bool fixed = element->b.kind == VAL_INT && element->b.num >= 0 && element->b.num < 64;

        /* the elements count on from the last parameter */
        add_source(out, (Source){.kind = FROM_PARAM, .type = load->type,
                                 .index = view->fn->nparam +
                                          (fixed ? 1 + (uint32_t)element->b.num : 0)});
        return;
    }
    member = member_of_address(finder, view, load->a, NULL);
    add_source(out, (Source){.kind = member != NULL ? FROM_MEMBER : FROM_UNKNOWN,
                             .member = member, .type = load->type});
}

static void
trace_value(Finder *finder, const FnView *view, Val val, Sources *out, int depth)
{
    const Instr *ins = def_of(view, val);

    if (depth <= 0) {
        out->cut = true;
    }
    else if (val.kind == VAL_NULL || val.kind == VAL_INT || val.kind == VAL_FLOAT) {
        add_source(out, (Source){.kind = FROM_NULL});
    }
    else if (val.kind == VAL_GLOBAL) {
        add_source(out, (Source){.kind = FROM_ADDRESS, .decl = val.decl});
    }
    else if (ins == NULL) {
        add_source(out, (Source){.kind = FROM_UNKNOWN});
    }
    else if (ins->op == OP_LOAD) {
        trace_load(finder, view, ins, out, depth);
    }
    else if (ins->op == OP_CAST || ins->op == OP_COPY) {
        trace_value(finder, view, ins->a, out, depth - 1);
    }
    else if (ins->op == OP_CALL && gives_its_argument(ins)) {
        trace_value(finder, view, ins->args[0], out, depth - 1);
    }
    else if (ins->op == OP_CALL) {
        add_source(out, (Source){.kind = FROM_CALL, .call = ins, .type = ins->type});
    }
    else if (ins->op == OP_FIELD && global_of(view, val) != NULL) {
        add_source(out, (Source){.kind = FROM_ADDRESS, .decl = global_of(view, val)});
    }
    else {
        add_source(out, (Source){.kind = FROM_UNKNOWN, .type = ins->type});
    }
}

void
sources_find(Finder *finder, const FnView *view, Val val, Sources *out)
{
    trace_value(finder, view, val, out, DEPTH);
}

bool
is_param(Finder *finder, const FnView *view, Val val, uint32_t index)
{
    Sources sources = {0};

    sources_find(finder, view, val, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (sources.at[i].kind == FROM_PARAM && sources.at[i].index == index) {
            return true;
        }
    }
    return false;
}

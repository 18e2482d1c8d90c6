/* assign.c: what code does to types: slots that are assigned, bases that specs are given. */
#include <string.h>

#include "classes/private.h"

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

void
code_read(Finder *finder)
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

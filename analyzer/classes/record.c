/* record.c: which struct the instances of a type are, by how its functions use them. */
#include <string.h>

#include "classes/private.h"

/* The record that the result of a call is taken for. */
Str
record_of_result(const FnView *view, const Instr *call)
{
    for (uint32_t i = 0; i < view->fn->nlocal; i++) {
        const LocalUse *use = &view->local[i];
        const Type *type = view->fn->local[i].type;

        for (uint32_t v = 0; v < use->values.n; v++) {
            const Instr *def = def_of(view, use->values.at[v]);

            while (def != NULL && def->op == OP_CAST) {
                def = def_of(view, def->a);
            }
            if (def == call && type != NULL && type->kind == TYPE_PTR && type->to != NULL) {
                return type->to->tag;
            }
        }
    }
    return NULL;
}

typedef struct Vote {
    Str tag;
    uint32_t count;
} Vote;

typedef struct Votes {
    Vote at[24];
    uint32_t n;
} Votes;

static void
vote(Votes *votes, Str tag, uint32_t weight)
{
    uint32_t i = 0;

    if (tag == NULL || tag[0] == '\0' || text_equal(tag, "PyObject") ||
        text_equal(tag, "PyVarObject") || text_equal(tag, "_object") ||
        known_record(tag) != 0) {
        return;
    }
    while (i < votes->n && votes->at[i].tag != tag) {
        i++;
    }
    if (i == COUNT_OF(votes->at)) {
        return;
    }
    votes->n = i == votes->n ? i + 1 : votes->n;
    votes->at[i].tag = tag;
    votes->at[i].count += weight;
}

/* The struct of objects that a pointer points to, or NULL. */
static Str
object_tag(const Type *pointer)
{
    return type_is_object(pointer) ? pointer->to->tag : NULL;
}

/* True for what PyModule_GetState gives, directly or through a helper. */
static bool
is_state(Finder *finder, const FnView *view, Val val, int depth)
{
    static const char *const getters[] = {"PyModule_GetState", "_PyModule_GetState", NULL};
    Sources sources = {0};

    sources_find(finder, view, val, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        const Instr *call = sources.at[i].kind == FROM_CALL ? sources.at[i].call : NULL;
        int64_t index = call != NULL ? callee_index(finder, call) : -1;

        if (call != NULL && calls_one_of(call, getters)) {
            return true;
        }
        for (uint32_t b = 0; index >= 0 && depth > 0 && b < finder->view[index].fn->nblock; b++) {
            const Block *block = &finder->view[index].fn->block[b];
            const Instr *ret = &block->ins[block->nins - 1];

            if (ret->op == OP_RET && ret->a.kind == VAL_TEMP &&
                is_state(finder, &finder->view[index], ret->a, depth - 1)) {
                return true;
            }
        }
    }
    return false;
}

/* The same for a function of a module, which reads fields of the module's state. */
static void
vote_state(Finder *finder, Votes *votes, const FnView *view)
{
    for (uint32_t b = 0; b < view->fn->nblock; b++) {
        for (uint32_t i = 0; i < view->fn->block[b].nins; i++) {
            const Instr *ins = &view->fn->block[b].ins[i];

            if (ins->op == OP_FIELD && is_state(finder, view, ins->a, 2)) {
                vote(votes, ins->record, 1);
            }
        }
    }
}

/* Pointers that a function reads fields through, when they are its first parameter, or
 * (for tp_new) what it has allocated. */
static void
vote_function(Finder *finder, Votes *votes, uint32_t index, bool module, bool makes,
              uint32_t weight)
{
    const FnView *view = &finder->view[index];
    const Fn *fn = view->fn;

    if (module) {
        vote_state(finder, votes, view);
        return;
    }
    if (fn->nparam > 0 && !makes) {
        vote(votes, object_tag(fn->local[0].type), 4 * weight);
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            const Instr *base = ins->op == OP_FIELD ? def_of(view, ins->a) : NULL;

            if (base == NULL || !type_is_object(base->type)) {
                continue;
            }
            if (makes || is_param(finder, view, ins->a, 0)) {
                vote(votes, ins->record, weight); /* casts between objects are not in the IR */
            }
        }
    }
}

/* The struct that the result of an allocation of the very type is taken for. */
static Str
made_record(Finder *finder, const Build *build)
{
    static const char *const makers[] = {"_PyObject_New", "_PyObject_NewVar", "_PyObject_GC_New",
                                         "_PyObject_GC_NewVar", ".tp_alloc",
                                         "PyType_GenericAlloc", NULL};

    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t i = 0; view->is_maker && i < view->calls.n; i++) {
            const Instr *call = view->calls.at[i];

            if (calls_one_of(call, makers) && call->nargs > 0 &&
                global_of(view, call->args[0]) == build->decl) {
                return record_of_result(view, call);
            }
        }
    }
    return NULL;
}

/* Remembers that the function's first parameter is an instance of the class. */
static void
own_function(Finder *finder, Build *build, const Decl *decl, bool makes)
{
    int64_t index = decl != NULL && !makes ? program_callee(finder->program, decl) : -1;

    if (index >= 0) {
        VEC_PUSH(finder->arena, &finder->view[index].owners, build);
    }
}

void
record_find(Finder *finder, Build *build)
{
    static const uint32_t weight[SLOT_COUNT] = {
        [SLOT_DEALLOC] = 8, [SLOT_TRAVERSE] = 8, [SLOT_CLEAR] = 8, [SLOT_INIT] = 4, [SLOT_NEW] = 1,
    };
    Votes votes = {0};
    uint32_t best = 0;

    for (int s = 0; s < SLOT_COUNT; s++) {
        int64_t index = build->fn[s] != NULL
                            ? program_callee(finder->program, build->fn[s]->decl) : -1;

        if (index >= 0 && weight[s] > 0) {
            vote_function(finder, &votes, (uint32_t)index, build->cls.is_module,
                          s == SLOT_NEW, weight[s]);
        }
    }
    for (uint32_t m = 0; m < build->methods.n; m++) {
        VEC_PUSH(finder->arena, &finder->view[build->methods.at[m]].owners, build);
        vote_function(finder, &votes, build->methods.at[m], build->cls.is_module, false, 1);
    }
    vote(&votes, made_record(finder, build), 100);
    for (uint32_t i = 1; i < votes.n; i++) {
        best = votes.at[i].count > votes.at[best].count ? i : best;
    }
    for (uint32_t s = 0; s < SLOT_COUNT; s++) {
        own_function(finder, build, build->fn[s] != NULL ? build->fn[s]->decl : NULL,
                     s == SLOT_NEW);
    }
    if (votes.n > 0) {
        Members *own = map_get_ptr(&finder->by_record, votes.at[best].tag);

        build->cls.record = votes.at[best].tag;
        build->own = own != NULL ? *own : (Members){0};
    }
}

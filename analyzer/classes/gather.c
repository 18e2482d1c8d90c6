/* gather.c: what each instruction does to the fields that it touches. */
#include <string.h>

#include "classes/private.h"

/* Functions that put an object into a container: which arguments. */
typedef struct Inserter {
    const char *name;
    uint32_t container, value;
} Inserter;

static const Inserter inserters[] = {
    {"PyList_Append", 0, 1},        {"PyList_Insert", 0, 2},      {"PyList_SetItem", 0, 2},
    {"PyList_SET_ITEM", 0, 2},      {"PyTuple_SetItem", 0, 2},    {"PyTuple_SET_ITEM", 0, 2},
    {"PyDict_SetItem", 0, 2},       {"PyDict_SetItem", 0, 1},     {"PyDict_SetItemString", 0, 2},
    {"PySet_Add", 0, 1},            {"PyDict_SetDefault", 0, 2},  {"PyDict_SetDefault", 0, 1},
    {"PyObject_SetItem", 0, 2},     {"PyObject_SetItem", 0, 1},
};

/* Callees that only look at a container: its content stays what this program puts there. */
static const char *const lookers[] = {
    "PyList_Append", "PyList_Insert", "PyList_SetItem", "PyList_SET_ITEM", "PyTuple_SetItem",
    "PyTuple_SET_ITEM", "PyDict_SetItem", "PyDict_SetItemString", "PySet_Add",
    "PyDict_SetDefault", "PyDict_GetItem", "PyDict_GetItemWithError", "PyDict_GetItemString",
    "PyDict_GetItemRef", "PyDict_DelItem", "PyDict_DelItemString", "PyDict_Next", "PyDict_Clear",
    "PyDict_Size", "PyDict_Contains", "PyDict_Pop", "PyDict_PopString", "PyList_Size",
    "PyList_GET_SIZE", "PyList_GetItem", "PyList_GetItemRef", "PyList_GET_ITEM", "PyList_SetSlice",
    "PyTuple_Size", "PyTuple_GET_SIZE", "PyTuple_GetItem", "PyTuple_GET_ITEM", "PySet_Contains",
    "PySet_Discard", "PySet_Size", "PyObject_SetItem", "PyObject_GetItem", "PyObject_DelItem",
    "PyObject_Size", "PySequence_Size", "PyErr_Format", "PyUnicode_FromFormat", "PyDict_Keys",
    "PyDict_Values", "PyDict_Items", "PyList_Reverse", "PyList_Sort", "Py_TYPE", "Py_INCREF",
    "Py_XINCREF", "Py_NewRef", "Py_XNewRef", "Py_DECREF", "Py_XDECREF", "Py_CLEAR", "Py_VISIT",
    "Py_SETREF", "Py_XSETREF", "PyDict_CheckExact", "PyDict_Check", "PyList_Check",
    "PyTuple_Check", "PySet_Check", "PyUnicode_Join", "PyUnicode_Concat", "PySequence_Contains",
    "Py_SIZE", "Py_IS_TYPE", "Py_REFCNT", "PyObject_TypeCheck", "_PyDict_GetItem_KnownHash",
    "_PyDict_SetItem_KnownHash", "PyDict_GET_SIZE", NULL,
};

typedef struct Gather {
    Finder *finder;
    FnView *view;
    uint32_t block, at;
    const Instr *ins;
} Gather;

static bool
is_pointer_to_pointer(const Type *type)
{
    return type != NULL && type->kind == TYPE_PTR && type->to != NULL &&
           type->to->kind == TYPE_PTR;
}

static void
act(Gather *g, ActionKind kind, Member *member, uint32_t arg, Val value, bool via_local, bool steps)
{
    Action action = {.kind = kind, .member = member, .fn = g->view->index, .block = g->block,
                     .at = g->at, .ins = g->ins, .arg = arg, .value = value,
                     .via_local = via_local, .twice = steps};

    if (member != NULL && !steps && (kind == DOES_STORE || kind == DOES_FILL) &&
        is_pointer_to_pointer(member->type)) {
        return; /* the array is stored, not an object */
    }
    if (member != NULL) {
        VEC_PUSH(g->finder->arena, &g->view->actions, action);
    }
}

static void
act_on_value(Gather *g, ActionKind kind, uint32_t arg, Val value)
{
    bool via_local = false, steps = false;
    Member *member = member_of_value(g->finder, g->view, g->ins->args[arg], &via_local, &steps);

    act(g, kind, member, arg, value, via_local, steps);
}

static void
act_on_address(Gather *g, ActionKind kind, uint32_t arg, Val value)
{
    bool steps = false;
    Member *member = member_of_address(g->finder, g->view, g->ins->args[arg], &steps);

    act(g, kind, member, arg, value, false, steps);
}

/* Py_SETREF and its like: the new value is an argument as well. */
static bool
gather_setref(Gather *g)
{
    static const char *const names[] = {"Py_SETREF", "Py_XSETREF", NULL};

    if (!calls_one_of(g->ins, names) || g->ins->nargs < 2) {
        return false;
    }
    act_on_address(g, DOES_RESET, 0, g->ins->args[1]);
    return true;
}

/* The effect of the callee's first outcome that has one of that parameter. */
static const Effect *
effect_on(const Summary *summary, uint32_t param, bool *both)
{
    const Effect *found = NULL;

    for (uint32_t c = 0; c < summary->ncases; c++) {
        for (uint32_t e = 0; e < summary->cases[c].neffect; e++) {
            const Effect *effect = &summary->cases[c].effect[e];

            if (effect->param != param || effect->path != NULL || effect->kind == EFFECT_KEEP ||
                effect->kind == EFFECT_ESCAPE) {
                continue;
            }
            *both = *both || (found != NULL && found->kind != effect->kind);
            found = found == NULL || effect->kind == EFFECT_RESET ? effect : found;
        }
    }
    return found;
}

static void
gather_effect(Gather *g, const Effect *effect, uint32_t arg)
{
    Val null = {.kind = VAL_NULL}, unknown = {.kind = VAL_UNDEF};

    switch (effect->kind) {
    case EFFECT_RELEASE: case EFFECT_STEAL:
        if (is_new_reference(g->finder, g->view, g->ins->args[arg], 8)) {
            break; /* a reference of its own, not the one that the field holds */
        }
        act_on_value(g, DOES_RELEASE, arg, VAL_NOTHING);
        break;
    case EFFECT_RETAIN:
        if (g->ins->dst == 0) { /* else the reference belongs to the result */
            VEC_PUSH(g->finder->arena, &g->view->retained, g->ins->args[arg]);
        }
        act_on_value(g, DOES_RETAIN, arg, VAL_NOTHING);
        break;
    case EFFECT_FREE:
        act_on_value(g, DOES_FREE, arg, VAL_NOTHING);
        break;
    case EFFECT_RESET:
        act(g, DOES_RELEASE, member_of_variable(g->finder, g->view, g->ins->args[arg]), arg,
            VAL_NOTHING, true, false);
        act_on_address(g, DOES_RESET, arg,
                       effect->result.kind == RESULT_NULL ? null
                       : effect->result.kind == RESULT_SAME && effect->result.from >= 0 &&
                               (uint32_t)effect->result.from < g->ins->nargs
                           ? g->ins->args[effect->result.from] : unknown);
        break;
    case EFFECT_OUT:
        act_on_address(g, DOES_FILL, arg, VAL_NOTHING);
        break;
    default:
        break;
    }
}

/* True when the argument is the address of a field that holds an object. */
static bool
is_object_address(const Gather *g, Val arg)
{
    const Instr *ins = def_of(g->view, arg);

    while (ins != NULL && (ins->op == OP_CAST || ins->op == OP_COPY)) {
        ins = def_of(g->view, ins->a);
    }
    return ins != NULL && (ins->op == OP_FIELD || ins->op == OP_INDEX) &&
           type_is_object_ptr(ins->type);
}

static void
gather_inserts(Gather *g, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(inserters); i++) {
        const Inserter *in = &inserters[i];

        if (strcmp(in->name, name) == 0 && in->value < g->ins->nargs) {
            act_on_value(g, DOES_INSERT, in->container, g->ins->args[in->value]);
        }
    }
}

/* PyObject_GetBuffer(x, &self->view, ...) and PyBuffer_Release(&self->view). */
static void
gather_view(Gather *g, const char *name)
{
    if (text_equal(name, "PyBuffer_Release") && g->ins->nargs > 0) {
        act(g, DOES_RESET, member_of_view(g->finder, g->view, g->ins->args[0]), 0,
            (Val){.kind = VAL_NULL}, false, false);
    }
    else if (text_equal(name, "PyObject_GetBuffer") && g->ins->nargs > 1) {
        act(g, DOES_RESET, member_of_view(g->finder, g->view, g->ins->args[1]), 1,
            g->ins->args[0], false, false);
    }
}

static void
gather_call(Gather *g)
{
    const Instr *call = g->ins;
    const char *name = called_name(call);
    const Summary *summary = callee_summary(g->finder, call);
    bool looks = calls_one_of(call, lookers);

    if (is_visit(g->view, call)) {
        act_on_value(g, DOES_VISIT, 0, VAL_NOTHING);
        return;
    }
    gather_inserts(g, name);
    gather_view(g, name);
    if (gather_setref(g)) {
        return;
    }
    for (uint32_t i = 0; i < call->nargs; i++) {
        bool both = false;
        const Effect *effect = summary != NULL ? effect_on(summary, i, &both) : NULL;

        if (effect != NULL) {
            gather_effect(g, effect, i);
        }
        else if (is_object_address(g, call->args[i])) {
            act_on_address(g, DOES_FILL, i, VAL_NOTHING);
        }
        else if (!looks && call->args[i].kind == VAL_TEMP) {
            act_on_value(g, i == 0 && text_starts(name, "PyObject_Call") ? DOES_CALL : DOES_SHARE,
                         i, VAL_NOTHING);
        }
    }
}

static void
gather_instr(Gather *g)
{
    bool steps = false, via_local = false;
    Member *member;

    switch (g->ins->op) {
    case OP_STORE:
        if (g->ins->a.kind == VAL_TEMP) {
            member = member_of_address(g->finder, g->view, g->ins->a, &steps);
            act(g, DOES_STORE, member, 0, g->ins->b, false, steps);
        }
        break;
    case OP_RET:
        if (g->ins->a.kind == VAL_TEMP) {
            member = member_of_value(g->finder, g->view, g->ins->a, &via_local, &steps);
            act(g, DOES_SHARE, member, 0, VAL_NOTHING, via_local, steps);
        }
        break;
    case OP_CALL:
        gather_call(g);
        break;
    default:
        break;
    }
}

void
actions_gather(Finder *finder, FnView *view)
{
    Gather g = {.finder = finder, .view = view};
    const Fn *fn = view->fn;

    for (g.block = 0; g.block < fn->nblock; g.block++) {
        for (g.at = 0; g.at < fn->block[g.block].nins; g.at++) {
            g.ins = &fn->block[g.block].ins[g.at];
            gather_instr(&g);
        }
    }
    for (uint32_t i = 0; i < view->actions.n; i++) {
        Action *action = &view->actions.at[i];

        VEC_PUSH(finder->arena, &action->member->actions, action);
    }
}

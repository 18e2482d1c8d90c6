/* hold.c: what the objects that are stored in a field can lead to. */
#include <string.h>

#include "classes/private.h"

#define DEPTH 4

static unsigned value_holds(Holds *h, const FnView *view, Val val, uint32_t block);
static unsigned holds_of(Holds *h, Member *member);

static void
add_class(Holds *h, Build *build)
{
    for (uint32_t i = 0; i < h->classes->n; i++) {
        if (h->classes->at[i] == build) {
            return;
        }
    }
    VEC_PUSH(h->finder->arena, h->classes, build);
}

/* True for a type whose instances have this struct, or begin with it. */
static bool
has_record(const Build *build, Str tag)
{
    for (int depth = 0; build != NULL && depth < 8; build = build->base, depth++) {
        if (build->cls.record == tag) {
            return true;
        }
    }
    return false;
}

/* What a pointer to this struct leads to; 0 when the type says nothing. */
static unsigned
type_holds(Holds *h, const Type *pointer)
{
    const Type *record = pointer != NULL && pointer->kind == TYPE_PTR ? pointer->to : NULL;
    unsigned found = 0;

    if (record == NULL || record->kind != TYPE_RECORD || text_equal(record->tag, "PyObject") ||
        text_equal(record->tag, "_object") || text_equal(record->tag, "PyVarObject")) {
        return 0;
    }
    if (known_record(record->tag) != 0) {
        return known_record(record->tag);
    }
    for (uint32_t i = 0; i < h->finder->classes.n; i++) {
        Build *build = h->finder->classes.at[i];

        if (has_record(build, record->tag)) {
            add_class(h, build);
            found = HOLD_CLASS;
        }
    }
    return found != 0 || !record->is_object ? found : HOLD_UNKNOWN;
}

/* What an instance of the type at this variable leads to. */
unsigned
instance_holds(Holds *h, const Decl *type)
{
    Build *build = type != NULL ? map_get_ptr(&h->finder->by_decl, type->usr) : NULL;
    const KnownType *known = type != NULL ? known_type(type->name) : NULL;

    if (build != NULL && known == NULL) {
        add_class(h, build);
        return HOLD_CLASS;
    }
    if (known != NULL && (known->holds & HOLD_CONTAINER) != 0) {
        return known->holds | HOLD_GIVEN;
    }
    return known != NULL ? known->holds : HOLD_ANY;
}

/* ---- sources ----------------------------------------------------------------- */

/* The letter of a format that consumes this variadic argument. */
static char
format_letter(const char *format, uint32_t index)
{
    FormatArg args[64];
    char prefix[128];
    size_t length = strlen(format);

    for (size_t n = 1; n <= length && n < sizeof(prefix); n++) {
        int count;

        memcpy(prefix, format, n);
        prefix[n] = '\0';
        count = format_args(prefix, true, args, COUNT_OF(args));
        if (count > (int)index) {
            return format[n - 1];
        }
    }
    return 'O';
}

/* What a PyArg_Parse... fills into its argument 'index'. */
static unsigned
parsed_holds(Holds *h, const FnView *view, const Instr *call, uint32_t index,
             const Summary *summary)
{
    FormatArg args[64];
    uint32_t first;
    Val format = call->args[summary->format_param];
    int n;

    first = summary->nparam;
    n = format.kind == VAL_STR ? format_args(format.str, true, args, COUNT_OF(args)) : -1;
    if (n < 0 || index < first || index - first >= (uint32_t)n) {
        return HOLD_ANY;
    }
    index -= first;
    if (index > 0 && args[index - 1].kind == FORMAT_ARG_TYPE) {
        return instance_holds(h, global_of(view, call->args[first + index - 1]));
    }
    if (strchr("USY", format_letter(format.str, index)) != NULL) {
        return HOLD_ATOM_SUBCLASS;
    }
    return args[index].kind == FORMAT_ARG_CONVERTED ? HOLD_UNKNOWN : HOLD_ANY;
}

static unsigned
filled_holds(Holds *h, const FnView *view, const Instr *call, uint32_t index)
{
    static const char *const clearers[] = {"Py_CLEAR", "PyErr_Clear", NULL};
    const Summary *summary = callee_summary(h->finder, call);

    if (summary == NULL || summary->origin == ORIGIN_COMPUTED) {
        const Summary *fact = model_find(h->finder->model, called_name(call), NULL);

        /* a function of the C-API, also when Python itself is read */
        summary = fact != NULL && fact->origin == ORIGIN_BUILTIN ? fact : summary;
    }
    if (summary == NULL) {
        return HOLD_UNKNOWN;
    }
    if (calls_one_of(call, clearers)) {
        return 0;
    }
    if (summary->format == FORMAT_PARSE && (uint32_t)summary->format_param < call->nargs) {
        return parsed_holds(h, view, call, index, summary);
    }
    if (text_starts(called_name(call), "PyUnicode_FS")) {
        return HOLD_ATOM_SUBCLASS;
    }
    return summary->origin == ORIGIN_BUILTIN ? HOLD_ANY : HOLD_UNKNOWN;
}

/* What the function of the program that a call reaches can return. */
static unsigned
returned_holds(Holds *h, uint32_t index)
{
    const FnView *view = &h->finder->view[index];
    unsigned holds = 0;

    if (h->depth == 0) {
        return HOLD_UNKNOWN;
    }
    h->depth--;
    for (uint32_t b = 0; b < view->fn->nblock; b++) {
        const Block *block = &view->fn->block[b];
        const Instr *ret = block->nins > 0 ? &block->ins[block->nins - 1] : NULL;

        if (ret != NULL && ret->op == OP_RET && ret->a.kind != VAL_NONE) {
            holds |= value_holds(h, view, ret->a, b);
        }
    }
    h->depth++;
    return holds;
}

/* True when an argument is the container that 'made' gives, directly or in a field. */
static bool
is_container(Holds *h, const FnView *view, Val val, const Source *made)
{
    const Member *member = member_of_value(h->finder, view, val, NULL, NULL);

    if (has_source(h->finder, view, val, made)) {
        return true;
    }
    for (uint32_t i = 0; member != NULL && i < view->actions.n; i++) {
        const Action *action = &view->actions.at[i];

        if (action->member == member && action->kind == DOES_STORE &&
            has_source(h->finder, view, action->value, made)) {
            return true;
        }
    }
    return false;
}

/* What a function puts into a container that it makes.  A tuple cannot change once it is
 * filled; others remain containers. */
static unsigned
filled_container(Holds *h, const FnView *view, const Instr *made, bool tuple)
{
    static const char *const fillers[] = {
        "PyTuple_SET_ITEM", "PyTuple_SetItem", "PyList_SET_ITEM", "PyList_SetItem",
        "PyDict_SetItem",   "PyDict_SetItemString", NULL};
    static const char *const adders[] = {"PyList_Append", "PySet_Add", NULL};
    Source container = {.kind = FROM_CALL, .call = made};
    unsigned holds = 0;

    if (h->depth == 0) {
        return HOLD_CONTAINER;
    }
    h->depth--;
    for (uint32_t i = 0; i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];
        uint32_t value = calls_one_of(call, fillers) ? 2 : calls_one_of(call, adders) ? 1 : 0;

        if (value > 0 && value < call->nargs && is_container(h, view, call->args[0], &container)) {
            holds |= value_holds(h, view, call->args[value], view->call_block.at[i]);
        }
    }
    h->depth++;
    return tuple && holds != 0 ? holds : holds | HOLD_CONTAINER;
}

static unsigned
packed_holds(Holds *h, const FnView *view, const Instr *call)
{
    unsigned holds = HOLD_ATOM;

    for (uint32_t i = 1; i < call->nargs && h->depth > 0; i++) {
        h->depth--;
        holds |= value_holds(h, view, call->args[i], UINT32_MAX);
        h->depth++;
    }
    return h->depth > 0 ? holds : HOLD_CONTAINER;
}

static unsigned
call_holds(Holds *h, const FnView *view, const Instr *call)
{
    static const char *const makers[] = {"_PyObject_New", "_PyObject_GC_New", "_PyObject_NewVar",
                                         "_PyObject_GC_NewVar", "PyType_GenericAlloc",
                                         ".tp_alloc", NULL};
    static const char *const containers[] = {"PyDict_New", "PyList_New", "PySet_New", NULL};
    static const char *const binders[] = {"PyCFunction_New", "PyCFunction_NewEx", "PyCMethod_New",
                                          NULL};
    const char *name = called_name(call);
    unsigned typed = type_holds(h, call->type);
    int64_t index = callee_index(h->finder, call);

    if (typed != 0) {
        return typed;
    }
    if (text_equal(name, "PyType_FromModuleAndSpec") && call->nargs > 0) {
        return HOLD_SYSTEM | (value_holds(h, view, call->args[0], UINT32_MAX) & HOLD_CLASS);
    }
    if (calls_one_of(call, binders) && call->nargs > 1) {
        return value_holds(h, view, call->args[1], UINT32_MAX) | HOLD_ATOM;
    }
    if (text_equal(name, "PyTuple_New") || calls_one_of(call, containers)) {
        return filled_container(h, view, call, name[2] == 'T');
    }
    if (text_equal(name, "PyTuple_Pack")) {
        return packed_holds(h, view, call);
    }
    if (sequence_of(h->finder, view, call) != NULL) {
        add_class(h, sequence_of(h->finder, view, call));
        return HOLD_CLASS;
    }
    if (calls_one_of(call, makers) && call->nargs > 0) {
        const Decl *type = global_of(view, call->args[0]);

        return type != NULL ? instance_holds(h, type) : HOLD_UNKNOWN;
    }
    if (result_holds(name) != 0) {
        return result_holds(name);
    }
    if (index >= 0) {
        return returned_holds(h, (uint32_t)index);
    }
    return callee_summary(h->finder, call) != NULL ? HOLD_ANY : HOLD_UNKNOWN;
}

/* What callers pass for a parameter of a helper. */
static unsigned
passed_holds(Holds *h, const FnView *view, uint32_t param)
{
    const CallGraph *graph = h->finder->program->graph;
    unsigned holds = view->is_entry || graph->ncaller[view->index] == 0 ? HOLD_ANY : 0;
    unsigned others = view->is_exported ? HOLD_UNKNOWN : 0; /* passed by other extensions */

    if (param == 0 && view->owners.n > 0) {
        for (uint32_t i = 0; i < view->owners.n; i++) {
            add_class(h, view->owners.at[i]);
        }
        return HOLD_CLASS;
    }
    if (h->depth == 0 || holds != 0) {
        return holds != 0 ? holds : HOLD_UNKNOWN;
    }
    h->depth--;
    for (uint32_t c = 0; c < graph->ncaller[view->index]; c++) {
        const FnView *caller = &h->finder->view[graph->caller[view->index][c]];

        for (uint32_t i = 0; i < caller->calls.n; i++) {
            const Instr *call = caller->calls.at[i];

            if (callee_index(h->finder, call) == view->index && param < call->nargs) {
                holds |= value_holds(h, caller, call->args[param], caller->call_block.at[i]);
            }
        }
    }
    h->depth++;
    return holds | others;
}

/* What is read from another field, and from the same one: nothing new. */
static unsigned
copied_holds(Holds *h, Member *member)
{
    unsigned holds;

    if (member->busy) {
        return 0;
    }
    if (h->depth == 0) {
        return HOLD_ANY;
    }
    h->depth--;
    holds = holds_of(h, member);
    h->depth++;
    return holds != 0 ? holds : HOLD_UNKNOWN;
}

static unsigned
source_holds(Holds *h, const FnView *view, const Source *source, uint32_t block)
{
    unsigned holds = source->kind == FROM_NULL || source->kind == FROM_CALL
                         ? 0 : type_holds(h, source->type);

    if (holds == 0 && source->kind != FROM_NULL) {
        holds = checked_holds(h, view, source, block);
    }
    if (holds != 0) {
        return holds;
    }
    switch (source->kind) {
    case FROM_NULL:
        return 0;
    case FROM_PARAM:
        return passed_holds(h, view, source->index);
    case FROM_CALL:
        return call_holds(h, view, source->call);
    case FROM_OUT:
        return filled_holds(h, view, source->call, source->index);
    case FROM_MEMBER:
        return copied_holds(h, source->member);
    case FROM_GLOBAL:
        return known_type(source->decl->name) != NULL ? HOLD_SYSTEM : HOLD_UNKNOWN;
    case FROM_ADDRESS:
        return text_ends(source->decl->name, "Struct") ? HOLD_ATOM : HOLD_SYSTEM;
    case FROM_UNKNOWN:
        return HOLD_UNKNOWN;
    }
    return HOLD_UNKNOWN;
}

/* What the C type of the variable says that the value is read from. */
static unsigned
variable_holds(Holds *h, const FnView *view, Val val)
{
    const Instr *ins = def_of(view, val);

    while (ins != NULL && (ins->op == OP_CAST || ins->op == OP_COPY)) {
        ins = def_of(view, ins->a);
    }
    return ins != NULL && ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL
               ? type_holds(h, view->fn->local[ins->a.index].type) : 0;
}

static unsigned
value_holds(Holds *h, const FnView *view, Val val, uint32_t block)
{
    Sources sources = {0};
    unsigned holds = variable_holds(h, view, val);

    if (holds != 0 && holds != HOLD_SYSTEM) {
        return holds;
    }
    sources_find(h->finder, view, val, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        holds |= source_holds(h, view, &sources.at[i], block);
    }
    return sources.cut ? holds | HOLD_UNKNOWN : holds;
}

/* ---- members ----------------------------------------------------------------- */

/* Arrays and pointers to pointers stand for what their elements point to. */
static const Type *
element_of(const Type *type)
{
    while (type != NULL && (type->kind == TYPE_ARRAY ||
                            (type->kind == TYPE_PTR && type->to != NULL &&
                             type->to->kind == TYPE_PTR))) {
        type = type->to;
    }
    return type;
}

/* A container of which only this program's code knows: what it puts there. */
static unsigned
content_holds(Holds *h, const Member *member, unsigned holds)
{
    unsigned content = 0;

    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];

        if (action->kind == DOES_SHARE) {
            return holds;
        }
        if (action->kind == DOES_INSERT) {
            content |= value_holds(h, &h->finder->view[action->fn], action->value, action->block);
        }
    }
    content |= holds & ~(unsigned)(HOLD_CONTAINER | HOLD_ATOM);
    return content == 0 ? holds : (holds & ~(unsigned)HOLD_CONTAINER) | content;
}

static unsigned
holds_of(Holds *h, Member *member)
{
    unsigned holds = type_holds(h, element_of(member->type));

    if (holds != 0 && holds != HOLD_SYSTEM) {
        return holds;
    }
    member->busy = true;
    for (uint32_t a = 0; a < member->actions.n; a++) {
        const Action *action = member->actions.at[a];
        const FnView *view = &h->finder->view[action->fn];
        bool asked = action->kind == DOES_STORE || action->kind == DOES_RESET ||
                     action->kind == DOES_FILL;

        if (asked && h->of != NULL && !action_concerns(h->finder, h->of, action)) {
            continue;
        }
        if (action->kind == DOES_STORE || action->kind == DOES_RESET) {
            holds |= value_holds(h, view, action->value, action->block);
        }
        else if (action->kind == DOES_FILL) {
            holds |= filled_holds(h, view, action->ins, action->arg);
        }
    }
    holds = (holds & (HOLD_CONTAINER | HOLD_GIVEN | HOLD_ANY)) == HOLD_CONTAINER
                ? content_holds(h, member, holds) : holds;
    member->busy = false;
    return holds;
}

unsigned
member_holds(Finder *finder, const Build *build, Member *member, Builds *classes)
{
    Holds h = {.finder = finder, .classes = classes, .depth = DEPTH, .of = build};

    return holds_of(&h, member);
}

unsigned
value_leads(Finder *finder, const FnView *view, Val val, Builds *classes)
{
    Holds h = {.finder = finder, .classes = classes, .depth = DEPTH};

    return value_holds(&h, view, val, UINT32_MAX);
}

bool
action_passes(Finder *finder, const Action *action)
{
    Builds classes = {0};
    Holds h = {.finder = finder, .classes = &classes, .depth = DEPTH};
    const FnView *view = &finder->view[action->fn];
    Sources sources = {0};

    if (action->kind == DOES_FILL) {
        return (filled_holds(&h, view, action->ins, action->arg) & HOLD_ANY) != 0;
    }
    if (action->kind != DOES_STORE && action->kind != DOES_RESET) {
        return false;
    }
    sources_find(finder, view, action->value, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        bool passed = sources.at[i].kind == FROM_PARAM || sources.at[i].kind == FROM_OUT;

        if (passed && (source_holds(&h, view, &sources.at[i], action->block) &
                       (HOLD_ANY | HOLD_CLASS | HOLD_CONTAINER)) != 0) {
            return true;
        }
    }
    return false;
}

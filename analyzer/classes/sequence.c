/* sequence.c: struct sequences: tuples with named fields, made from a PyStructSequence_Desc.
 *
 * They have no struct and no slots of their own.  Their items are set once, when the sequence is
 * made; their tp_traverse visits every item, but only if somebody has the collector track the
 * sequence: PyStructSequence_New does not.
 */
#include <string.h>

#include "classes/private.h"

/* The functions that make such a type: which arguments are the type and its description. */
static const struct {
    const char *name;
    int type, desc; /* type -1: the result */
} makers[] = {
    {"PyStructSequence_InitType", 0, 1},        {"PyStructSequence_InitType2", 0, 1},
    {"_PyStructSequence_InitBuiltin", 1, 2},    {"_PyStructSequence_InitBuiltinWithFlags", 1, 2},
    {"PyStructSequence_NewType", -1, 0},        {"_PyStructSequence_NewType", -1, 0},
};

/* ---- the description --------------------------------------------------------- */

static void
add_fields(Finder *finder, Build *build, const Table *fields)
{
    Class *cls = &build->cls;

    cls->field = ARENA_ARRAY(finder->arena, ClassField, fields->nentry + 1);
    for (uint32_t e = 0; e < fields->nentry; e++) {
        const TableEntry *entry = &fields->entry[e];

        if (text_ends(entry->path, "].name") && entry->val.kind == VAL_STR) {
            cls->field[cls->nfields++] = (ClassField){
                .name = entry->val.str, .owned = true, .visited = true, .released = true};
        }
    }
    build->member = ARENA_ARRAY(finder->arena, Member *, cls->nfields + 1);
    for (uint32_t i = 0; i < cls->nfields; i++) {
        build->member[i] = ARENA_NEW(finder->arena, Member); /* nothing is done to it by name */
    }
}

void
sequence_read(Finder *finder, const Table *table)
{
    Build *build = build_get(finder, table->decl);

    build->cls.is_sequence = true;
    build->cls.own_gc_flag = true;
    build->cls.is_heap = false;
    build->cls.base_name = "PyTuple_Type";
    build->cls.loc = build->cls.flags_loc = table->loc;
    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];

        if (text_equal(entry->path, "name") && entry->val.kind == VAL_STR) {
            build->cls.name = entry->val.str;
        }
        else if (text_equal(entry->path, "fields") && table_at(finder, entry->val) != NULL) {
            add_fields(finder, build, table_at(finder, entry->val));
        }
    }
}

/* ---- which type is which ----------------------------------------------------- */

/* The class that a call makes the type of, NULL for other calls; '*type' is the argument. */
static Build *
made_by(Finder *finder, const FnView *view, const Instr *call, int *type)
{
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        const Decl *desc = strcmp(makers[i].name, called_name(call)) == 0 &&
                                   (uint32_t)makers[i].desc < call->nargs
                               ? global_of(view, call->args[makers[i].desc]) : NULL;

        if (desc != NULL) {
            *type = makers[i].type;
            return map_get_ptr(&finder->by_decl, desc->usr);
        }
    }
    return NULL;
}

/* The class whose type is the result of a call that the value comes from. */
static Build *
made_value(Finder *finder, const FnView *view, Val val)
{
    Sources sources = {0};
    Build *build = NULL;
    int type;

    sources_find(finder, view, val, &sources);
    for (uint32_t i = 0; i < sources.n && build == NULL; i++) {
        build = sources.at[i].kind == FROM_CALL ? made_by(finder, view, sources.at[i].call, &type)
                                                : NULL;
    }
    return build;
}

/* Remembers the variables that hold, or are, types of struct sequences. */
static void
look_for_types(Finder *finder, const FnView *view)
{
    for (uint32_t b = 0; b < view->fn->nblock; b++) {
        for (uint32_t i = 0; i < view->fn->block[b].nins; i++) {
            const Instr *ins = &view->fn->block[b].ins[i];
            Build *build = NULL;
            const Decl *decl = NULL;
            int type = -1;

            if (ins->op == OP_CALL) {
                build = made_by(finder, view, ins, &type);
                decl = build != NULL && type >= 0 ? global_of(view, ins->args[type]) : NULL;
            }
            else if (ins->op == OP_STORE && ins->a.kind == VAL_GLOBAL) {
                build = made_value(finder, view, ins->b);
                decl = ins->a.decl;
            }
            if (build != NULL && decl != NULL) {
                *map_put_ptr(&finder->by_sequence, decl->usr) = build;
            }
        }
    }
}

Build *
sequence_of(Finder *finder, const FnView *view, const Instr *call)
{
    Sources sources = {0};

    if (!text_equal(called_name(call), "PyStructSequence_New") || call->nargs == 0) {
        return NULL;
    }
    sources_find(finder, view, call->args[0], &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        const Source *from = &sources.at[i];
        Build *build = from->kind == FROM_ADDRESS || from->kind == FROM_GLOBAL
                           ? map_get_ptr(&finder->by_sequence, from->decl->usr) : NULL;

        for (uint32_t a = 0; from->kind == FROM_MEMBER && build == NULL &&
                             a < from->member->actions.n; a++) {
            const Action *store = from->member->actions.at[a];

            build = store->kind == DOES_STORE
                        ? made_value(finder, &finder->view[store->fn], store->value) : NULL;
        }
        if (build != NULL) {
            return build;
        }
    }
    return NULL;
}

/* ---- what the items hold ----------------------------------------------------- */

static void
add_classes(Finder *finder, ClassField *field, const Builds *classes)
{
    const Class **list = ARENA_ARRAY(finder->arena, const Class *,
                                     field->nclasses + classes->n + 1);

    for (uint32_t i = 0; i < field->nclasses; i++) {
        list[i] = field->classes[i];
    }
    for (uint32_t i = 0; i < classes->n; i++) {
        bool known = false;

        for (uint32_t k = 0; k < field->nclasses; k++) {
            known = known || list[k] == &classes->at[i]->cls;
        }
        if (!known) {
            list[field->nclasses++] = &classes->at[i]->cls;
        }
    }
    field->classes = list;
}

/* PyStructSequence_SET_ITEM(sequence, 2, value); all items when the number is not known. */
static void
look_for_items(Finder *finder, const FnView *view, const Instr *call)
{
    static const char *const setters[] = {"PyStructSequence_SET_ITEM", "PyStructSequence_SetItem",
                                          NULL};
    Sources sources = {0};
    Builds classes = {0};
    Build *build = NULL;
    unsigned holds;

    if (!calls_one_of(call, setters) || call->nargs < 3) {
        return;
    }
    sources_find(finder, view, call->args[0], &sources);
    for (uint32_t i = 0; i < sources.n && build == NULL; i++) {
        build = sources.at[i].kind == FROM_CALL
                    ? sequence_of(finder, view, sources.at[i].call) : NULL;
    }
    holds = build != NULL ? value_leads(finder, view, call->args[2], &classes) : 0;
    for (uint32_t f = 0; build != NULL && f < build->cls.nfields; f++) {
        ClassField *field = &build->cls.field[f];

        if (call->args[1].kind != VAL_INT || call->args[1].num == f) {
            field->holds |= holds;
            field->store = field->stored ? field->store
                                         : site_of(view, call, "the item is set");
            field->stored = true;
            add_classes(finder, field, &classes);
        }
    }
}

/* Marks the class when the function makes an instance that it does not let the collector track. */
static void
look_for_tracking(Finder *finder, const FnView *view, const Instr *call)
{
    static const char *const trackers[] = {"PyObject_GC_Track", "_PyObject_GC_TRACK", NULL};
    Build *build = sequence_of(finder, view, call);
    Source made = {.kind = FROM_CALL, .call = call};

    for (uint32_t i = 0; build != NULL && i < view->calls.n; i++) {
        const Instr *track = view->calls.at[i];

        if (calls_one_of(track, trackers) && track->nargs > 0 &&
            has_source(finder, view, track->args[0], &made)) {
            return;
        }
    }
    for (uint32_t f = 0; build != NULL && f < build->cls.nfields; f++) {
        ClassField *field = &build->cls.field[f];

        field->owning = field->visited ? site_of(view, call, "the sequence is made here")
                                       : field->owning;
        field->visited = false;
    }
}

static bool
has_sequences(const Finder *finder)
{
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        if (finder->classes.at[i]->cls.is_sequence) {
            return true;
        }
    }
    return false;
}

void
sequences_name(Finder *finder)
{
    if (!has_sequences(finder)) {
        return;
    }
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        look_for_types(finder, &finder->view[f]);
    }
}

void
sequences_fill(Finder *finder)
{
    if (!has_sequences(finder)) {
        return;
    }
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        for (uint32_t i = 0; i < finder->view[f].calls.n; i++) {
            look_for_items(finder, &finder->view[f], finder->view[f].calls.at[i]);
            look_for_tracking(finder, &finder->view[f], finder->view[f].calls.at[i]);
        }
    }
}

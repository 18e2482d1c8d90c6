/* fields.c: the fields of a class that hold objects, and what its slots do with them. */
#include <string.h>

#include "classes/private.h"

#define DEPTH 3

enum {
    RELEASES = 1 << DOES_RELEASE | 1 << DOES_RESET | 1 << DOES_FILL,
    VISITS = 1 << DOES_VISIT,
};

Site
site_of(const FnView *view, const Instr *ins, const char *text)
{
    return (Site){.loc = ins->loc, .function = view->fn->decl->name, .text = text};
}

static Site
site_for(Finder *finder, const Action *action, const char *text)
{
    return action != NULL ? site_of(&finder->view[action->fn], action->ins, text)
                          : (Site){.loc = {0}};
}

/* ---- which members are fields of the class ----------------------------------- */

typedef struct Found {
    Member *member;
    const char *name;
    bool through_pointer; /* in memory that the instance points to */
} Found;

typedef struct Search {
    Finder *finder;
    Build *build;
    VEC(Found) found;
    Str seen[DEPTH + 1]; /* records on the way */
} Search;

static const Type *
peel_arrays(const Type *type)
{
    while (type != NULL && type->kind == TYPE_ARRAY) {
        type = type->to;
    }
    return type;
}

/* True for NodeObject *, false for PyObject *. */
static bool
names_struct(const Type *type)
{
    type = peel_arrays(type);
    while (type != NULL && type->kind == TYPE_PTR) {
        type = type->to;
    }
    return type != NULL && type->kind == TYPE_RECORD && !text_equal(type->tag, "PyObject") &&
           !text_equal(type->tag, "_object");
}

bool
holds_object(const Type *type)
{
    type = peel_arrays(type);
    while (type != NULL && type->kind == TYPE_PTR && type->to != NULL &&
           type->to->kind == TYPE_PTR) {
        type = type->to;
    }
    return type_is_object(type);
}

/* Structs of the C-API and of libraries that have owners of their own. */
static bool
is_foreign(const char *tag)
{
    static const char *const tags[] = {"Py_buffer", "PyThreadState", "PyInterpreterState", "_ts",
                                       "_is", "FILE", "PyMethodDef", "PyModuleDef",
                                       "_PyInterpreterFrame", "PyTypeObject", "_PyUnicodeWriter",
                                       "_PyBytesWriter", NULL};

    for (uint32_t i = 0; tags[i] != NULL; i++) {
        if (text_equal(tags[i], tag)) {
            return true;
        }
    }
    return tag == NULL || tag[0] == '\0';
}

static void search(Search *s, Str record, const char *prefix, bool pointed, int depth);

static void
search_member(Search *s, Member *member, const char *prefix, bool pointed, int depth)
{
    const Type *type = peel_arrays(member->type);
    bool array = type != member->type;
    const char *name = arena_printf(s->finder->arena, "%s%s%s", prefix, member->name,
                                    array ? "[]" : "");
    Found found = {member, name, pointed};

    if (holds_object(member->type) || text_ends(member->name, ".obj")) {
        VEC_PUSH(s->finder->arena, &s->found, found);
    }
    else if (type != NULL && type->kind == TYPE_RECORD && !type->is_object &&
             !is_foreign(type->tag)) {
        search(s, type->tag, arena_printf(s->finder->arena, "%s.", name), pointed, depth);
    }
    else if (type != NULL && type->kind == TYPE_PTR && type->to != NULL &&
             type->to->kind == TYPE_RECORD && !type->to->is_object &&
             !is_foreign(type->to->tag)) {
        search(s, type->to->tag, arena_printf(s->finder->arena, "%s->", name), true, depth);
    }
}

static void
search(Search *s, Str record, const char *prefix, bool pointed, int depth)
{
    const Members *members = map_get_ptr(&s->finder->by_record, record);

    for (int i = depth + 1; i <= DEPTH; i++) {
        if (s->seen[i] == record) {
            return;
        }
    }
    if (depth < 0) {
        return;
    }
    s->seen[depth] = record;
    for (uint32_t i = 0; members != NULL && i < members->at.n; i++) {
        search_member(s, members->at.at[i], prefix, pointed, depth - 1);
    }
    s->seen[depth] = NULL;
}

/* ---- what the slots do with a field ------------------------------------------ */

static bool
member_called(const Member *member)
{
    for (uint32_t i = 0; i < member->actions.n; i++) {
        if (member->actions.at[i]->kind == DOES_CALL) {
            return true;
        }
    }
    return false;
}

/* The only PyMemberDef that is about an object, when 'member' is the only field that can be
 * meant, whatever it is called there. */
static const MemberDef *
only_member(const Build *build, const Member *member)
{
    const MemberDef *only = NULL;
    uint32_t defs = 0, fields = 0;

    for (uint32_t i = 0; i < build->members.n; i++) {
        only = build->members.at[i].is_object ? &build->members.at[i] : only;
        defs += build->members.at[i].is_object;
    }
    for (uint32_t i = 0; i < build->own.at.n; i++) {
        const Type *type = build->own.at.at[i]->type;

        if (type == NULL || (type->kind == TYPE_RECORD &&
                             !text_equal(build->own.at.at[i]->name, "ob_base"))) {
            return NULL;
        }
        fields += holds_object(type);
    }
    return defs == 1 && fields == 1 && build->base == NULL && !build->base_unknown &&
                   member->record == build->cls.record && member->type != NULL &&
                   type_is_object(member->type) && !names_struct(member->type)
               ? only : NULL;
}

static const MemberDef *
exposed(const Build *build, const Member *member)
{
    for (uint32_t i = 0; i < build->members.n; i++) {
        const MemberDef *def = &build->members.at[i];

        if (def->is_object && text_equal(def->name, member->name)) {
            return def;
        }
    }
    return only_member(build, member);
}

/* True when the memory that is stored to was made in the same function. */
static bool
is_fresh(Finder *finder, const FnView *view, const Action *action)
{
    Val address = action->kind == DOES_STORE ? action->ins->a
                  : action->arg < action->ins->nargs ? action->ins->args[action->arg]
                                                     : VAL_NOTHING;
    const Instr *field = def_of(view, address);
    Sources sources = {0};

    while (field != NULL && (field->op == OP_INDEX || field->op == OP_CAST)) {
        field = def_of(view, field->a);
    }
    if (field == NULL || field->op != OP_FIELD) {
        return false;
    }
    sources_find(finder, view, field->a, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (sources.at[i].kind != FROM_CALL && sources.at[i].kind != FROM_NULL) {
            return false;
        }
    }
    return sources.n > 0;
}

/* True when a function object is stored, which is younger than what it is bound to. */
static bool
is_bound(Finder *finder, const FnView *view, const Action *action)
{
    static const char *const binders[] = {"PyCFunction_New", "PyCFunction_NewEx", "PyCMethod_New",
                                          NULL};
    Sources sources = {0};

    if (action->kind != DOES_STORE) {
        return false;
    }
    sources_find(finder, view, action->value, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (sources.at[i].kind == FROM_CALL && calls_one_of(sources.at[i].call, binders)) {
            return true;
        }
    }
    return false;
}

/* The pointer to the struct that a value is read from: self of self->x. */
static Val
owner_of(const FnView *view, Val val)
{
    const Instr *ins = def_of(view, val);

    while (ins != NULL && (ins->op == OP_CAST || ins->op == OP_COPY ||
                           (ins->op == OP_LOAD && ins->a.kind == VAL_TEMP))) {
        ins = def_of(view, ins->a);
    }
    return ins != NULL && ins->op == OP_FIELD ? ins->a : VAL_NOTHING;
}

/* True when what is put into the container was just made by a call: it is younger than the
 * owner of the container, and cannot lead back to it, unless it is the owner. */
static bool
inserts_new(Finder *finder, const FnView *view, const Action *action)
{
    Sources sources = {0};

    sources_find(finder, view, action->value, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (sources.at[i].kind != FROM_CALL ||
            has_source(finder, view, owner_of(view, action->ins->args[action->arg]),
                       &sources.at[i])) {
            return false;
        }
    }
    return sources.n > 0;
}

static bool
is_mutable(Finder *finder, Build *build, const Member *member)
{
    const MemberDef *def = exposed(build, member);

    if (build->cls.is_module || (def != NULL && !def->readonly)) {
        return true;
    }
    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];
        const FnView *view = &finder->view[action->fn];

        if (action->kind == DOES_INSERT && !inserts_new(finder, view, action)) {
            return true;
        }
        if (action->kind != DOES_STORE && action->kind != DOES_FILL && action->kind != DOES_RESET) {
            continue;
        }
        if (action->kind != DOES_FILL && action->value.kind == VAL_NULL) {
            continue;
        }
        if (!is_fresh(finder, view, action) || is_bound(finder, view, action)) {
            return true;
        }
    }
    return false;
}

/* True when a method, setter or tp_init stores what its caller passes. */
static bool
is_settable(Finder *finder, Build *build, Member *member, bool late)
{
    const MemberDef *def = exposed(build, member);
    const uint64_t *init = closure_of(finder, build, SLOT_INIT);

    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];
        const FnView *view = &finder->view[action->fn];
        bool inside = !late && bit_test(init, action->fn);

        for (uint32_t m = 0; m < build->methods.n && !inside; m++) {
            inside = build->methods.at[m] == action->fn;
        }
        if (inside && strstr(view->fn->decl->name, "setstate") == NULL &&
            !is_fresh(finder, view, action) && action_passes(finder, action)) {
            return true;
        }
    }
    return def != NULL && !def->readonly;
}

static bool
looks_like_weaklist(const Member *member, const Ownership *own)
{
    return own->first == NULL && strstr(member->name, "weak") != NULL;
}

/* True when the store is to the neighbour in a list of instances: self->next->prev. */
static bool
stores_in_neighbour(Finder *finder, const Action *store)
{
    const FnView *view = &finder->view[store->fn];
    const Instr *field = def_of(view, store->ins->a);
    Sources sources = {0};

    if (field == NULL || field->op != OP_FIELD) {
        return false;
    }
    sources_find(finder, view, field->a, &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (sources.at[i].kind != FROM_MEMBER ||
            sources.at[i].member->record != store->member->record) {
            return false;
        }
    }
    return sources.n > 0 && !sources.cut;
}

/* The first store to the instance's own field in a closure, or NULL. */
static const Action *
own_store(Finder *finder, const uint64_t *closure, const Member *member)
{
    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];

        if (action->kind == DOES_STORE && bit_test(closure, action->fn) &&
            !stores_in_neighbour(finder, action)) {
            return action;
        }
    }
    return NULL;
}

static void
fill_promises(Finder *finder, Build *build, ClassField *field, const Member *member)
{
    Arena *arena = finder->arena;
    const Action *act = closure_finds(closure_of(finder, build, SLOT_DEALLOC), member, RELEASES);

    act = act != NULL ? act : own_store(finder, closure_of(finder, build, SLOT_DEALLOC),
                                        member); /* taken out first */
    field->released = act != NULL;
    field->release = site_for(finder, act, arena_printf(arena, "'self->%s' is released here",
                                                        field->name));
    act = closure_finds(closure_of(finder, build, SLOT_CLEAR), member, RELEASES);
    act = act == NULL ? closure_finds(closure_of(finder, build, SLOT_CLEAR), member,
                                      1 << DOES_STORE) : act;
    field->cleared = act != NULL;
    field->dropped = act != NULL && act->kind != DOES_STORE;
    field->clear = site_for(finder, act, arena_printf(arena, "'self->%s' is cleared here",
                                                      field->name));
    act = closure_finds(closure_of(finder, build, SLOT_TRAVERSE), member, VISITS);
    field->visited = act != NULL;
    field->visit = site_for(finder, act, arena_printf(arena, "'self->%s' is visited here",
                                                      field->name));
}

static const Action *
first_of(const Member *member, ActionKind kind, bool direct)
{
    for (uint32_t i = 0; i < member->actions.n; i++) {
        if (member->actions.at[i]->kind == kind && !(direct && member->actions.at[i]->via_local)) {
            return member->actions.at[i];
        }
    }
    return NULL;
}

static void
fill_owner(Finder *finder, Build *build, ClassField *field, const Member *member,
           const Ownership *own)
{
    Arena *arena = finder->arena;
    const Action *reset = first_of(member, DOES_RESET, false);
    bool drops = closure_finds(closure_of(finder, build, SLOT_DEALLOC), member,
                               RELEASES) != NULL;

    field->stored = own->first != NULL;
    field->store = site_for(finder, own->owning != NULL ? own->owning : own->first,
                            arena_printf(arena, "an object is stored in 'self->%s'%s", field->name,
                                         own->owning != NULL ? ", with a reference of its own"
                                                             : ""));
    field->owned = field->dropped || drops || reset != NULL ||
                   (own->owning != NULL && own->borrowing == NULL);
    field->borrowed = own->borrowing != NULL && own->owning == NULL && !own->unknown &&
                      reset == NULL && first_of(member, DOES_RELEASE, false) == NULL;
    field->owning = reset != NULL
                        ? site_for(finder, reset, arena_printf(arena, "'self->%s' is replaced and "
                                                               "released here", field->name))
                        : site_for(finder, own->owning, field->store.text);
}

/* True when Python code can set a field by a name that is none of the struct's. */
static bool
has_unmatched(Finder *finder, const Build *build)
{
    const Members *own = map_get_ptr(&finder->by_record, build->cls.record);

    for (uint32_t d = 0; d < build->members.n; d++) {
        const MemberDef *def = &build->members.at[d];
        bool matched = !def->is_object || def->readonly;

        for (uint32_t i = 0; own != NULL && !matched && i < own->at.n; i++) {
            matched = text_equal(own->at.at[i]->name, def->name);
        }
        if (!matched) {
            return true;
        }
    }
    return false;
}

static void
fill_field(Finder *finder, Build *build, ClassField *field, const Found *found)
{
    Member *member = found->member;
    const MemberDef *def = exposed(build, member);
    Ownership own = member_ownership(finder, member);
    Builds classes = {0};

    field->name = found->name;
    field->typed = names_struct(member->type);
    field->buffer = member->type == NULL;
    field->pointed = found->through_pointer;
    field->weaklist = looks_like_weaklist(member, &own);
    fill_promises(finder, build, field, member);
    fill_owner(finder, build, field, member, &own);
    field->holds = member_holds(finder, member, &classes);
    if (def != NULL && !def->readonly) {
        field->holds |= HOLD_ANY;
        field->owned = true;
        if (!field->stored) {
            field->store = (Site){def->loc, build->cls.name,
                                  arena_printf(finder->arena, "Python code can set '%s'",
                                               def->name)};
        }
        field->stored = true;
    }
    if (build->cls.has_dict && own.first == NULL && strstr(member->name, "dict") != NULL) {
        field->holds |= HOLD_ANY;
        field->store = (Site){build->cls.loc, build->cls.name,
                              "tp_dictoffset: Python code sets attributes"};
    }
    if ((field->holds & ~(unsigned)HOLD_ATOM) == 0 && has_unmatched(finder, build)) {
        field->holds |= HOLD_UNKNOWN; /* a PyMemberDef of another name may be about it */
    }
    field->called = member_called(member);
    field->mutable = is_mutable(finder, build, member);
    field->settable = is_settable(finder, build, member, false);
    field->settable_late = is_settable(finder, build, member, true);
    field->elsewhere = !field->visited && first_of(member, DOES_VISIT, false) != NULL;
    field->nclasses = classes.n;
    field->classes = ARENA_ARRAY(finder->arena, const Class *, classes.n + 1);
    for (uint32_t i = 0; i < classes.n; i++) {
        field->classes[i] = &classes.at[i]->cls;
    }
}

/* ---- the class --------------------------------------------------------------- */

/* True when the base's struct has the same field under the same name, or under one that
 * differs in a prefix only: the structs begin with the same macro. */
static bool
is_base_field(Finder *finder, const Build *build, const Member *member)
{
    const char *tail = strchr(member->name, '_');

    for (const Build *base = build->base; base != NULL; base = base->base) {
        const Members *own = map_get_ptr(&finder->by_record, base->cls.record);

        for (uint32_t i = 0; own != NULL && base->cls.record != build->cls.record &&
                             i < own->at.n; i++) {
            const char *other = own->at.at[i]->name;
            const char *rest = strchr(other, '_');

            if (text_equal(other, member->name) ||
                (tail != NULL && rest != NULL && tail != member->name && rest != other &&
                 strcmp(tail, rest) == 0)) {
                return true;
            }
        }
    }
    return false;
}

/* Fields behind a pointer are the instance's only if its slots handle them. */
static bool
counts(Finder *finder, Build *build, const Found *found)
{
    if (found->member->record == build->cls.record &&
        is_base_field(finder, build, found->member)) {
        return false;
    }
    if (!found->through_pointer) {
        return true;
    }
    return closure_finds(closure_of(finder, build, SLOT_DEALLOC), found->member, RELEASES) ||
           closure_finds(closure_of(finder, build, SLOT_CLEAR), found->member, RELEASES) ||
           closure_finds(closure_of(finder, build, SLOT_TRAVERSE), found->member, VISITS);
}

void
fields_find(Finder *finder, Build *build)
{
    Search s = {.finder = finder, .build = build};
    Class *cls = &build->cls;

    if (cls->record[0] == '\0') {
        return;
    }
    cls->own_record = true;
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        const Build *other = finder->classes.at[i];

        cls->own_record = cls->own_record && (other == build || other->cls.record != cls->record);
    }
    search(&s, cls->record, "", false, DEPTH);
    cls->field = ARENA_ARRAY(finder->arena, ClassField, s.found.n + 1);
    build->member = ARENA_ARRAY(finder->arena, Member *, s.found.n + 1);
    for (uint32_t i = 0; i < s.found.n; i++) {
        bool again = false;

        for (uint32_t k = 0; k < cls->nfields; k++) {
            again = again || build->member[k] == s.found.at[i].member;
        }
        if (!again && counts(finder, build, &s.found.at[i])) {
            build->member[cls->nfields] = s.found.at[i].member;
            fill_field(finder, build, &cls->field[cls->nfields++], &s.found.at[i]);
        }
    }
}

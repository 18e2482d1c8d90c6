/* fields.c: the fields of a class that hold objects, and what its slots do with them. */
#include <string.h>

#include "classes/private.h"

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

static const MemberDef *
exposed(const Build *build, const Member *member)
{
    for (uint32_t i = 0; i < build->members.n; i++) {
        const MemberDef *def = &build->members.at[i];

        if (def->is_object && (def->member == member ||
                               (def->member == NULL && text_equal(def->name, member->name)))) {
            return def;
        }
    }
    return NULL;
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

        if (!action_concerns(finder, build, action)) {
            continue;
        }
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

/* True when a function, which neither makes nor destroys the instance, moves out what the member
 * holds: it stores NULL without a release. */
static bool
is_unlinked(Finder *finder, Build *build, const Member *member)
{
    const uint64_t *ends = closure_of(finder, build, SLOT_DEALLOC);
    const uint64_t *clear = closure_of(finder, build, SLOT_CLEAR);

    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];
        bool null = action->value.kind == VAL_NULL ||
                    (action->value.kind == VAL_INT && action->value.num == 0);

        if (action->kind == DOES_STORE && null && !bit_test(ends, action->fn) &&
            !bit_test(clear, action->fn) && !is_fresh(finder, &finder->view[action->fn], action)) {
            return true;
        }
    }
    return false;
}

static bool
is_weaklist(const Build *build, const Member *member, const Ownership *own)
{
    return build->weaklist != NULL ? member == build->weaklist
                                   : own->first == NULL && strstr(member->name, "weak") != NULL;
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
    field->on_demand = build->cls.is_module && !field->released && !field->cleared &&
                       closure_drops_on_demand(finder, build, member);
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
        bool matched = !def->is_object || def->readonly || def->member != NULL;

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
    Ownership own = member_ownership(finder, build, member);
    Builds classes = {0};

    field->name = found->name;
    field->typed = names_struct(member->type);
    field->buffer = member->type == NULL;
    field->pointed = found->through_pointer;
    field->weaklist = is_weaklist(build, member, &own);
    fill_promises(finder, build, field, member);
    fill_owner(finder, build, field, member, &own);
    field->holds = member_holds(finder, build, member, &classes);
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
    if (build->dict != NULL ? member == build->dict
                            : build->cls.has_dict && own.first == NULL &&
                                  strstr(member->name, "dict") != NULL) {
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
    field->unlinked = is_unlinked(finder, build, member);
    field->settable_late = is_settable(finder, build, member, true);
    field->elsewhere = !field->visited && first_of(member, DOES_VISIT, false) != NULL;
    field->nclasses = classes.n;
    field->classes = ARENA_ARRAY(finder->arena, const Class *, classes.n + 1);
    for (uint32_t i = 0; i < classes.n; i++) {
        field->classes[i] = &classes.at[i]->cls;
    }
}

/* ---- the class --------------------------------------------------------------- */

void
fields_find(Finder *finder, Build *build)
{
    Class *cls = &build->cls;
    FoundFields found;

    if (cls->record[0] == '\0') {
        return;
    }
    cls->own_record = true;
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        const Build *other = finder->classes.at[i];

        cls->own_record = cls->own_record && (other == build || other->cls.record != cls->record);
    }
    found = found_fields(finder, build);
    cls->field = ARENA_ARRAY(finder->arena, ClassField, found.n + 1);
    build->member = ARENA_ARRAY(finder->arena, Member *, found.n + 1);
    for (uint32_t i = 0; i < found.n; i++) {
        build->member[cls->nfields] = found.at[i].member;
        fill_field(finder, build, &cls->field[cls->nfields++], &found.at[i]);
    }
}

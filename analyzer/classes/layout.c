/* layout.c: which members are fields of a class: its struct's, those of structs inside and behind
 * pointers, and those of larger structs that its slots take an instance for. */
#include <string.h>

#include "classes/private.h"

#define DEPTH 3

typedef struct Search {
    Finder *finder;
    Build *build;
    FoundFields found;
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

bool
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
    bool view = member->type == NULL; /* the exporter of a buffer */
    Found found = {member, name, pointed || (view && strstr(name, "->") != NULL)};

    if (holds_object(member->type) || view) {
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

/* ---- which of them count ----------------------------------------------------- */

static uint32_t
brackets(const char *name)
{
    uint32_t n = 0;

    for (; *name != '\0'; name++) {
        n += *name == '[';
    }
    return n;
}

/* True when the member is found on a plainer way as well: not through an array. */
static bool
has_plainer(const Search *s, uint32_t found)
{
    const Found *one = &s->found.at[found];

    for (uint32_t i = 0; i < s->found.n; i++) {
        const Found *other = &s->found.at[i];
        uint32_t there = brackets(other->name), here = brackets(one->name);

        if (i != found && other->member == one->member &&
            (there < here || (there == here && i < found))) {
            return true;
        }
    }
    return false;
}

/* True for the struct of a type's instances. */
static bool
is_instance(const Finder *finder, Str record)
{
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        if (finder->classes.at[i]->cls.record == record) {
            return true;
        }
    }
    return false;
}

/* Adds what a slot function finds in its first parameter, which it takes for a larger struct:
 * types that share functions tell their instances apart by a flag. */
static void
search_casts(Search *s, SlotId slot)
{
    const FnView *view = view_of_slot(s->finder, s->build, slot);

    for (uint32_t b = 0; view != NULL && b < view->fn->nblock; b++) {
        for (uint32_t i = 0; i < view->fn->block[b].nins; i++) {
            const Instr *ins = &view->fn->block[b].ins[i];
            Member *member;

            if (ins->op != OP_FIELD || is_instance(s->finder, ins->record) ||
                known_record(ins->record) != 0 || !is_param(s->finder, view, ins->a, 0)) {
                continue;
            }
            member = member_of_field(s->finder, ins);
            if (member != NULL && holds_object(member->type)) {
                VEC_PUSH(s->finder->arena, &s->found,
                         ((Found){member, member->name, true}));
            }
        }
    }
}

/* True when the base's struct has the same field under the same name, or under one that
 * differs in a prefix only: the structs begin with the same macro. */
static bool
is_base_field(Finder *finder, const Build *build, const Member *member)
{
    const char *tail = strchr(member->name, '_');

    if (member == build->dict || member == build->weaklist) {
        return false; /* at an offset of its own */
    }
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

FoundFields
found_fields(Finder *finder, Build *build)
{
    Search s = {.finder = finder, .build = build};
    FoundFields kept = {0};

    search(&s, build->cls.record, "", false, DEPTH);
    search_casts(&s, SLOT_TRAVERSE);
    search_casts(&s, SLOT_CLEAR);
    search_casts(&s, SLOT_DEALLOC);
    for (uint32_t i = 0; i < s.found.n; i++) {
        if (!has_plainer(&s, i) && counts(finder, build, &s.found.at[i])) {
            VEC_PUSH(finder->arena, &kept, s.found.at[i]);
        }
    }
    return kept;
}

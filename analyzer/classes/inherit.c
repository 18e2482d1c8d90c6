/* inherit.c: what types get from their bases, as PyType_Ready does it. */
#include "classes/private.h"

static void
find_base(Finder *finder, Build *build)
{
    const KnownType *known;

    if (build->base_decl == NULL) {
        build->cls.is_opaque = build->base_unknown;
        return;
    }
    build->base = map_get_ptr(&finder->by_decl, build->base_decl->usr);
    if (build->base == build) {
        build->base = NULL;
    }
    if (build->base != NULL) {
        build->cls.base = &build->base->cls;
        return;
    }
    known = known_type(build->base_decl->name);
    build->cls.base_name = build->base_decl->name;
    build->cls.base_gc = known != NULL && known->gc;
    build->cls.base_visits = build->cls.base_gc;
    build->cls.is_opaque = known == NULL;
}

static void
inherit_slot(Build *build, SlotId slot)
{
    if (build->cls.slot[slot].function == NULL) {
        build->fn[slot] = build->base->fn[slot];
        build->slot_decl[slot] = build->base->slot_decl[slot];
    }
}

static void
inherit_from(Build *build)
{
    Class *cls = &build->cls;
    const Class *base = cls->base;
    bool plain = !cls->own_gc_flag && cls->slot[SLOT_TRAVERSE].function == NULL &&
                 cls->slot[SLOT_CLEAR].function == NULL;

    cls->has_gc = cls->own_gc_flag;
    if (base == NULL) {
        cls->has_gc = cls->has_gc || (cls->base_gc && plain);
        return;
    }
    cls->is_opaque = cls->is_opaque || base->is_opaque;
    cls->base_gc = base->has_gc;
    cls->base_visits = base->has_gc && build->base->fn[SLOT_TRAVERSE] != NULL;
    cls->has_dict = cls->has_dict || base->has_dict;
    inherit_slot(build, SLOT_DEALLOC);
    inherit_slot(build, SLOT_NEW);
    inherit_slot(build, SLOT_INIT);
    inherit_slot(build, SLOT_FREE);
    inherit_slot(build, SLOT_ALLOC);
    inherit_slot(build, SLOT_FINALIZE);
    if (plain && base->has_gc) {
        cls->has_gc = true;
        inherit_slot(build, SLOT_TRAVERSE);
        inherit_slot(build, SLOT_CLEAR);
    }
}

static void
inherit(Build *build, int depth)
{
    if (build->inherited) {
        return;
    }
    build->inherited = true;
    if (build->base != NULL && depth > 0) {
        inherit(build->base, depth - 1);
    }
    inherit_from(build);
}

void
inherit_all(Finder *finder)
{
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        find_base(finder, finder->classes.at[i]);
    }
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        inherit(finder->classes.at[i], 32);
    }
}

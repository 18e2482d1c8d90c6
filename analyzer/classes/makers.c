/* makers.c: how instances are made: with which allocator, and tracked when. */
#include "classes/private.h"

static const char *const trackers[] = {"PyObject_GC_Track", "_PyObject_GC_TRACK",
                                       "_PyObject_GC_Track", NULL};

/* ---- where instances are made ------------------------------------------------ */

static const char *const plain_makers[] = {"_PyObject_New", "_PyObject_NewVar", "PyObject_New",
                                           NULL};
static const char *const gc_makers[] = {"_PyObject_GC_New", "_PyObject_GC_NewVar",
                                        "PyObject_GC_New", "PyUnstable_Object_GC_NewWithExtraData",
                                        NULL};

/* True when a call makes an instance of the class, and of no other with another flag. */
static bool
makes(Finder *finder, const FnView *view, const Instr *call, const Build *build)
{
    const Decl *type = call->nargs > 0 ? global_of(view, call->args[0]) : NULL;
    Str record;

    if (type != NULL && is_type_object(type->type)) {
        return map_get_ptr(&finder->by_decl, type->usr) == build;
    }
    record = record_of_result(view, call);
    if (record == NULL || record != build->cls.record) {
        return false;
    }
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        const Build *other = finder->classes.at[i];

        if (other->cls.record == record && other->cls.has_gc != build->cls.has_gc) {
            return false;
        }
    }
    return true;
}

static void
find_mismatch(Finder *finder, Build *build, const FnView *view)
{
    for (uint32_t i = 0; i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];
        bool plain = calls_one_of(call, plain_makers), gc = calls_one_of(call, gc_makers);

        if ((!plain && !gc) || !makes(finder, view, call, build)) {
            continue;
        }
        if (build->cls.has_gc ? plain : gc) {
            hazard_add(finder, build, (Hazard){plain ? HAZARD_ALLOC_PLAIN : HAZARD_ALLOC_GC,
                       site_of(view, call, NULL),
                       (Site){build->cls.flags_loc, build->cls.name,
                              build->cls.has_gc ? "the type has Py_TPFLAGS_HAVE_GC"
                                                : "the type has no Py_TPFLAGS_HAVE_GC"},
                       plain ? "PyObject_New" : "PyObject_GC_New", NULL});
        }
    }
}

/* ---- tracked before its fields are set --------------------------------------- */

static const Action *
store_at(const FnView *view, uint32_t block, uint32_t at, const Member *member)
{
    for (uint32_t i = 0; i < view->actions.n; i++) {
        const Action *action = &view->actions.at[i];

        if (action->block == block && action->at == at && action->kind == DOES_STORE &&
            (member == NULL || action->member == member)) {
            return action;
        }
    }
    return NULL;
}

static bool
stores_in(const FnView *view, uint32_t block, uint32_t from, uint32_t to, const Member *member)
{
    for (uint32_t i = from; i < to; i++) {
        if (store_at(view, block, i, member) != NULL) {
            return true;
        }
    }
    return false;
}

/* True when control can come from the start to the place without a store to the member. */
static bool
unset_before(Finder *finder, const FnView *view, uint32_t block, uint32_t at, const Member *member)
{
    const Fn *fn = view->fn;
    uint64_t *seen = ARENA_ARRAY(finder->arena, uint64_t, fn->nblock / 64 + 1);
    VEC(uint32_t) work = {0};

    VEC_PUSH(finder->arena, &work, 0);
    while (work.n > 0) {
        uint32_t b = work.at[--work.n];
        const Block *now = &fn->block[b];

        if (bit_test(seen, b) || stores_in(view, b, 0, b == block ? at : now->nins, member)) {
            continue;
        }
        if (b == block) {
            return true;
        }
        seen[b / 64] |= UINT64_C(1) << (b % 64);
        for (uint32_t s = 0; s < instr_successors(&now->ins[now->nins - 1]); s++) {
            VEC_PUSH(finder->arena, &work, instr_successor(&now->ins[now->nins - 1], s));
        }
    }
    return false;
}

/* A call that may allocate, so that the collector can run. */
static bool
may_collect(const Instr *ins)
{
    static const char *const harmless[] = {"Py_INCREF", "Py_XINCREF", "Py_NewRef", "Py_XNewRef",
                                           "Py_TYPE", "PyObject_GC_Track", "_PyObject_GC_TRACK",
                                           "Py_SET_SIZE", "Py_SIZE", NULL};

    return ins->op == OP_CALL && !calls_one_of(ins, harmless);
}

/* The first store to a field of the class behind the call that tracks, with a call between. */
static const Action *
store_after(Finder *finder, const FnView *view, uint32_t block, uint32_t at, const Build *build)
{
    const Fn *fn = view->fn;
    uint64_t *seen[2];
    VEC(uint32_t) work = {0}; /* block * 2 + whether a call has come */
    uint32_t from = at + 1;

    seen[0] = ARENA_ARRAY(finder->arena, uint64_t, fn->nblock / 64 + 1);
    seen[1] = ARENA_ARRAY(finder->arena, uint64_t, fn->nblock / 64 + 1);
    VEC_PUSH(finder->arena, &work, block * 2);
    while (work.n > 0) {
        uint32_t item = work.at[--work.n], b = item / 2;
        bool called = item % 2 != 0;
        const Block *now = &fn->block[b];

        if (from == 0 && bit_test(seen[called], b)) {
            continue;
        }
        if (from == 0) {
            seen[called][b / 64] |= UINT64_C(1) << (b % 64);
        }
        for (uint32_t i = from; i < now->nins; i++) {
            const Action *store = called ? store_at(view, b, i, NULL) : NULL;

            called = called || may_collect(&now->ins[i]);
            if (store != NULL && store->member->record == build->cls.record &&
                holds_object(store->member->type) &&
                unset_before(finder, view, block, at, store->member)) {
                return store;
            }
        }
        from = 0;
        for (uint32_t s = 0; s < instr_successors(&now->ins[now->nins - 1]); s++) {
            VEC_PUSH(finder->arena, &work,
                     instr_successor(&now->ins[now->nins - 1], s) * 2 + called);
        }
    }
    return NULL;
}

static const Instr *
made_by(Finder *finder, const FnView *view, const Instr *track, const Build *build)
{
    Sources sources = {0};

    if (track->nargs == 0) {
        return NULL;
    }
    sources_find(finder, view, track->args[0], &sources);
    for (uint32_t i = 0; i < sources.n; i++) {
        if (sources.at[i].kind == FROM_CALL && calls_one_of(sources.at[i].call, gc_makers) &&
            makes(finder, view, sources.at[i].call, build)) {
            return sources.at[i].call;
        }
    }
    return NULL;
}

static void
find_early(Finder *finder, Build *build, const FnView *view)
{
    for (uint32_t b = 0; b < view->fn->nblock; b++) {
        for (uint32_t i = 0; i < view->fn->block[b].nins; i++) {
            const Instr *track = &view->fn->block[b].ins[i];
            const Instr *maker = calls_one_of(track, trackers)
                                     ? made_by(finder, view, track, build) : NULL;
            const Action *store = maker != NULL ? store_after(finder, view, b, i, build) : NULL;

            if (store != NULL) {
                hazard_add(finder, build, (Hazard){HAZARD_TRACK_EARLY, site_of(view, track, NULL),
                           site_of(view, store->ins, "the field is set for the first time"),
                           store->member->name, NULL});
            }
        }
    }
}

/* ---- all functions ----------------------------------------------------------- */

void
makers_check(Finder *finder)
{
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t c = 0; view->is_maker && c < finder->classes.n; c++) {
            Build *build = finder->classes.at[c];

            if (build->cls.is_module || (build->cls.is_opaque && !build->cls.own_gc_flag)) {
                continue;
            }
            find_mismatch(finder, build, view);
            if (build->cls.has_gc) {
                find_early(finder, build, view);
            }
        }
    }
}

/* order.c: what tp_dealloc does too early, too late, or in the wrong way. */
#include "classes/private.h"

#define DEPTH 4

static const char *const untrackers[] = {"PyObject_GC_UnTrack", "_PyObject_GC_UNTRACK",
                                         "PyObject_GC_Del", "_PyObject_GC_UnTrack", NULL};
static const char *const weak_clearers[] = {"PyObject_ClearWeakRefs", NULL};

static void
add_hazard(Finder *finder, Build *build, HazardKind kind, Site at, Site because, const char *what)
{
    hazard_add(finder, build, (Hazard){kind, at, because, what, NULL});
}

/* ---- tracked while fields are released --------------------------------------- */

typedef struct Release {
    const FnView *view;
    const Instr *ins;
    const char *what;
} Release;

static bool
is_field_of(const Build *build, const Member *member)
{
    for (; build != NULL; build = build->base) {
        for (uint32_t f = 0; f < build->cls.nfields; f++) {
            if (build->member[f] == member) {
                return true;
            }
        }
    }
    return false;
}

/* What an instruction releases that may run code: a member's name, or NULL. */
static const char *
risky_release(Finder *finder, const Build *build, const FnView *view, uint32_t block, uint32_t at)
{
    for (uint32_t i = 0; i < view->actions.n; i++) {
        const Action *action = &view->actions.at[i];
        Builds classes = {0};

        if (action->block != block || action->at != at ||
            (action->kind != DOES_RELEASE && action->kind != DOES_RESET)) {
            continue;
        }
        if (!is_field_of(build, action->member) ||
            (member_holds(finder, build, action->member, &classes) &
             (HOLD_ANY | HOLD_CONTAINER | HOLD_CLASS)) == 0) {
            continue;
        }
        return action->member->name;
    }
    return NULL;
}

static bool
asks_tracked(const FnView *view, const Instr *br)
{
    static const char *const names[] = {"_PyObject_GC_IS_TRACKED", "PyObject_GC_IsTracked", NULL};
    const Instr *cond = br->op == OP_BR ? def_of(view, br->a) : NULL;

    return cond != NULL && calls_one_of(cond, names);
}

/* Follows the function until something is released while the object is tracked.  Returns
 * whether the object is still tracked at the end of some path. */
static bool
follow(Finder *finder, const Build *build, const FnView *view, Release *found, int depth)
{
    const Fn *fn = view->fn;
    uint64_t *seen = ARENA_ARRAY(finder->arena, uint64_t, fn->nblock / 64 + 1);
    VEC(uint32_t) work = {0};
    bool tracked_at_end = false;

    VEC_PUSH(finder->arena, &work, 0);
    while (work.n > 0) {
        uint32_t b = work.at[--work.n];
        bool tracked = true;

        if (bit_test(seen, b)) {
            continue;
        }
        seen[b / 64] |= UINT64_C(1) << (b % 64);
        for (uint32_t i = 0; i < fn->block[b].nins && tracked; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            int64_t callee = ins->op == OP_CALL ? callee_index(finder, ins) : -1;
            Release inner = {0};

            if (ins->op == OP_RET) {
                tracked_at_end = true;
            }
            if (ins->op != OP_CALL) {
                continue;
            }
            if (calls_one_of(ins, untrackers) ||
                text_equal(called_name(ins), ".tp_dealloc")) {
                tracked = false;
                continue;
            }
            if (found->ins == NULL && calls_one_of(ins, weak_clearers)) {
                *found = (Release){view, ins, "weak references"};
            }
            if (found->ins == NULL && risky_release(finder, build, view, b, i) != NULL) {
                *found = (Release){view, ins, risky_release(finder, build, view, b, i)};
            }
            if (callee >= 0 && depth > 0) {
                tracked = follow(finder, build, &finder->view[callee], &inner,
                                 depth - 1);
                if (inner.ins != NULL && found->ins == NULL) {
                    *found = (Release){view, ins, inner.what};
                }
            }
        }
        for (uint32_t s = 0; tracked &&
                             s < instr_successors(&fn->block[b].ins[fn->block[b].nins - 1]); s++) {
            if (s == 1 && asks_tracked(view, &fn->block[b].ins[fn->block[b].nins - 1])) {
                continue; /* it is not tracked any more */
            }
            VEC_PUSH(finder->arena, &work,
                     instr_successor(&fn->block[b].ins[fn->block[b].nins - 1], s));
        }
    }
    return tracked_at_end;
}

static void
find_untrack(Finder *finder, Build *build, const FnView *dealloc)
{
    Release found = {0};

    if (!build->cls.has_gc) {
        return;
    }
    follow(finder, build, dealloc, &found, DEPTH);
    if (found.ins != NULL) {
        add_hazard(finder, build, HAZARD_UNTRACK_MISSING, site_of(found.view, found.ins, NULL),
                   (Site){build->cls.flags_loc, build->cls.name,
                          "the collector tracks instances of this type"}, found.what);
    }
}

/* ---- the instance's memory and its type -------------------------------------- */

static void
find_free(Finder *finder, Build *build, const FnView *view)
{
    static const char *const plain[] = {"PyObject_Free", "PyObject_Del", "PyMem_Free",
                                        "_PyObject_Del", "PyObject_FREE", NULL};
    static const char *const gc[] = {"PyObject_GC_Del", NULL};
    const Decl *slot = build->slot_decl[SLOT_FREE];

    for (uint32_t i = 0; view != NULL && i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];
        bool wrong = calls_one_of(call, build->cls.has_gc ? plain : gc);

        if (wrong && call->nargs == 1 && is_param(finder, view, call->args[0], 0)) {
            add_hazard(finder, build, build->cls.has_gc ? HAZARD_FREE_PLAIN : HAZARD_FREE_GC,
                       site_of(view, call, NULL),
                       (Site){build->cls.flags_loc, build->cls.name,
                              build->cls.has_gc ? "the type has Py_TPFLAGS_HAVE_GC"
                                                : "the type has no Py_TPFLAGS_HAVE_GC"},
                       called_name(call));
        }
    }
    for (uint32_t i = 0; build->cls.slot[SLOT_FREE].function != NULL && slot != NULL && i < 5;
         i++) {
        const char *name = (build->cls.has_gc ? plain[i] : i == 0 ? gc[0] : NULL);

        if (text_equal(name, slot->name)) {
            add_hazard(finder, build, build->cls.has_gc ? HAZARD_FREE_PLAIN : HAZARD_FREE_GC,
                       (Site){build->cls.slot[SLOT_FREE].loc, build->cls.name, NULL},
                       (Site){build->cls.flags_loc, build->cls.name,
                              build->cls.has_gc ? "the type has Py_TPFLAGS_HAVE_GC"
                                                : "the type has no Py_TPFLAGS_HAVE_GC"}, name);
        }
    }
}

static bool
releases_type(Finder *finder, const FnView *view, const Instr *call)
{
    const Summary *summary = callee_summary(finder, call);

    for (uint32_t c = 0; summary != NULL && c < summary->ncases; c++) {
        for (uint32_t e = 0; e < summary->cases[c].neffect; e++) {
            const Effect *effect = &summary->cases[c].effect[e];

            if ((effect->kind == EFFECT_RELEASE || effect->kind == EFFECT_STEAL) &&
                effect->path == NULL && effect->param < call->nargs &&
                is_own_type(finder, view, call->args[effect->param])) {
                return true;
            }
        }
    }
    return false;
}

static const Instr *
type_release(Finder *finder, const uint64_t *closure)
{
    for (uint32_t f = 0; f < finder->program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t i = 0; bit_test(closure, f) && i < view->calls.n; i++) {
            if (releases_type(finder, view, view->calls.at[i])) {
                return view->calls.at[i];
            }
        }
    }
    return NULL;
}

/* The call behind the release of the type that frees the instance by that type. */
static const Instr *
free_after(const FnView *view, const Instr *release)
{
    static const char *const frees[] = {"PyObject_GC_Del", ".tp_dealloc", NULL};
    bool after = false;

    for (uint32_t i = 0; i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];

        after = after || call == release;
        if (after && call != release && calls_one_of(call, frees)) {
            return call;
        }
        if (after && text_equal(called_name(call), ".tp_free") && call->a.kind == VAL_TEMP &&
            def_of(view, call->a) < release && def_of(view, call->a) != NULL &&
            def_of(view, call->a)->loc.line < release->loc.line) {
            return call;
        }
    }
    return NULL;
}

static void
find_heap(Finder *finder, Build *build, const FnView *dealloc)
{
    Class *cls = &build->cls;
    const uint64_t *closure = closure_of(finder, build, SLOT_DEALLOC);
    const Instr *release = type_release(finder, closure), *use;
    Site made = {cls->loc, cls->name, "the type is made from this spec: instances own their type"};

    if (!cls->is_heap || cls->is_opaque) {
        return;
    }
    if (release == NULL) {
        if (!cls->calls_base_dealloc || cls->base == NULL || !cls->base->is_heap) {
            add_hazard(finder, build, HAZARD_TYPE_NOT_RELEASED,
                       (Site){dealloc->fn->loc, dealloc->fn->decl->name, NULL}, made, cls->name);
        }
        return;
    }
    use = free_after(dealloc, release);
    if (use != NULL) {
        add_hazard(finder, build, HAZARD_TYPE_BEFORE_FREE, site_of(dealloc, release, NULL),
                   site_of(dealloc, use, "the instance is freed here, which needs the type"),
                   called_name(use));
    }
}

/* ---- the dead instance handed out -------------------------------------------- */

static void
find_passed(Finder *finder, Build *build, const FnView *view)
{
    static const char *const allowed[] = {
        "PyObject_ClearWeakRefs", "PyObject_CallFinalizerFromDealloc", "PyObject_CallFinalizer",
        "PyObject_GC_UnTrack", "PyObject_GC_Del", "_PyObject_ClearManagedDict",
        "PyObject_ClearManagedDict", "PyUnstable_Object_ClearWeakRefsNoCallbacks",
        "PyErr_WriteUnraisable", "PyErr_FormatUnraisable", NULL};
    static const char *const revived[] = {"Py_SET_REFCNT", "Py_INCREF", "_Py_NewReference",
                                          "Py_NewRef", "_PyObject_ResurrectStart", NULL};

    for (uint32_t i = 0; i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];

        if (calls_one_of(call, revived) && call->nargs > 0 &&
            is_param(finder, view, call->args[0], 0)) {
            return;
        }
    }
    for (uint32_t i = 0; i < view->calls.n; i++) {
        const Instr *call = view->calls.at[i];
        const Summary *summary = callee_summary(finder, call);
        bool runs = summary != NULL && summary->calls && summary->origin == ORIGIN_BUILTIN &&
                    called_name(call)[0] != '.' && !calls_one_of(call, allowed);

        for (uint32_t a = 0; runs && a < call->nargs; a++) {
            if (is_param(finder, view, call->args[a], 0)) {
                add_hazard(finder, build, HAZARD_SELF_PASSED, site_of(view, call, NULL),
                           (Site){view->fn->loc, view->fn->decl->name,
                                  "the reference count of the instance is 0 here"},
                           called_name(call));
                return;
            }
        }
    }
}

void
dealloc_check(Finder *finder, Build *build)
{
    const FnView *dealloc = view_of_slot(finder, build, SLOT_DEALLOC);

    if (build->cls.is_module || (build->cls.is_opaque && !build->cls.own_gc_flag)) {
        return;
    }
    find_free(finder, build, dealloc);
    if (dealloc != NULL) {
        find_untrack(finder, build, dealloc);
        find_heap(finder, build, dealloc);
        find_passed(finder, build, dealloc);
    }
}

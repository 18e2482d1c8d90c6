/* promise.c: promises half kept: visits that are skipped or repeated, fields that are
 * released and left dangling, or released by two functions. */
#include <string.h>

#include "classes/private.h"

void
hazard_add(Finder *finder, Build *build, Hazard hazard)
{
    Class *cls = &build->cls;

    if (cls->nhazards == build->hazard_room) {
        Hazard *list = ARENA_ARRAY(finder->arena, Hazard, cls->nhazards * 2 + 4);

        for (uint32_t i = 0; i < cls->nhazards; i++) {
            list[i] = cls->hazard[i];
        }
        build->hazard_room = cls->nhazards * 2 + 4;
        cls->hazard = list;
    }
    cls->hazard[cls->nhazards++] = hazard;
}

const FnView *
view_of_slot(Finder *finder, const Build *build, SlotId slot)
{
    int64_t index = build->cls.slot[slot].own && build->fn[slot] != NULL
                        ? program_callee(finder->program, build->fn[slot]->decl) : -1;

    return index >= 0 ? &finder->view[index] : NULL;
}

/* ---- where control goes ------------------------------------------------------ */

/* What a condition is when every visit goes well and every field is set; -1: not known. */
static int
expected(Finder *finder, const FnView *view, Val cond, int depth)
{
    const Instr *ins = def_of(view, cond);
    const LocalUse *use;
    int inner;

    if (ins == NULL || depth == 0) {
        return -1;
    }
    switch (ins->op) {
    case OP_NOT:
        inner = expected(finder, view, ins->a, depth - 1);
        return inner < 0 ? -1 : !inner;
    case OP_CMP:
        inner = ins->b.kind == VAL_NULL || (ins->b.kind == VAL_INT && ins->b.num == 0)
                    ? expected(finder, view, ins->a, depth - 1) : -1;
        return inner < 0 ? -1 : ins->name[0] == '=' ? !inner : ins->name[0] == '!' ? inner : -1;
    case OP_CAST: case OP_COPY:
        return expected(finder, view, ins->a, depth - 1);
    case OP_CALL:
        return is_visit(view, ins) ? 0 : -1;
    case OP_LOAD:
        if (ins->a.kind != VAL_LOCAL) {
            return type_is_object(ins->type) ? 1 : -1;
        }
        use = &view->local[ins->a.index];
        inner = -1;
        for (uint32_t i = 0; i < use->values.n; i++) {
            int value = expected(finder, view, use->values.at[i], depth - 1);

            if (value < 0 || (inner >= 0 && inner != value)) {
                return -1;
            }
            inner = value;
        }
        return inner;
    default:
        return -1;
    }
}

/* The blocks that control comes to from 'start'; 'well' as for expected(). */
static uint64_t *
reachable(Finder *finder, const FnView *view, uint32_t start, bool well)
{
    const Fn *fn = view->fn;
    uint64_t *seen = ARENA_ARRAY(finder->arena, uint64_t, fn->nblock / 64 + 1);
    VEC(uint32_t) work = {0};

    VEC_PUSH(finder->arena, &work, start);
    while (work.n > 0) {
        uint32_t b = work.at[--work.n];
        const Instr *last = &fn->block[b].ins[fn->block[b].nins - 1];
        int value = well && last->op == OP_BR ? expected(finder, view, last->a, 6) : -1;

        if (bit_test(seen, b)) {
            continue;
        }
        seen[b / 64] |= UINT64_C(1) << (b % 64);
        for (uint32_t s = 0; s < instr_successors(last); s++) {
            if (value < 0 || (s == 0) == (value != 0)) {
                VEC_PUSH(finder->arena, &work, instr_successor(last, s));
            }
        }
    }
    return seen;
}

bool
action_follows(Finder *finder, const FnView *view, const Action *before, const Action *after)
{
    const Block *block = &view->fn->block[before->block];
    const Instr *last = &block->ins[block->nins - 1];

    if (before->block == after->block && after->at > before->at) {
        return true;
    }
    for (uint32_t s = 0; s < instr_successors(last); s++) {
        if (bit_test(reachable(finder, view, instr_successor(last, s), false), after->block)) {
            return true;
        }
    }
    return false;
}

/* ---- visits ------------------------------------------------------------------ */

static bool
is_visit_of(const Action *action, const Member *member)
{
    return action->kind == DOES_VISIT && action->member == member;
}

/* A visit that is left out although the visits before it went well. */
static void
check_skipped(Finder *finder, Build *build, const FnView *view)
{
    const uint64_t *well = reachable(finder, view, 0, true);

    for (uint32_t f = 0; f < build->cls.nfields; f++) {
        bool direct = false, reached = false;

        for (uint32_t i = 0; i < view->actions.n; i++) {
            if (is_visit_of(&view->actions.at[i], build->member[f])) {
                direct = true;
                reached = reached || bit_test(well, view->actions.at[i].block);
            }
        }
        build->cls.field[f].early_exit = direct && !reached;
    }
}

/* The second visit of a field on one way through the function. */
static const Action *
second_visit(Finder *finder, const FnView *view, const Member *member)
{
    for (uint32_t i = 0; i < view->actions.n; i++) {
        for (uint32_t k = i + 1; k < view->actions.n; k++) {
            const Action *a = &view->actions.at[i], *b = &view->actions.at[k];

            if (is_visit_of(a, member) && is_visit_of(b, member) && !a->twice &&
                !b->twice && !a->via_local && !b->via_local && action_follows(finder, view, a, b)) {
                return b;
            }
        }
    }
    return NULL;
}

static void
check_visits(Finder *finder, Build *build, const FnView *view)
{
    check_skipped(finder, build, view);
    for (uint32_t f = 0; f < build->cls.nfields; f++) {
        const Action *again = second_visit(finder, view, build->member[f]);

        if (again != NULL && !build->cls.field[f].pointed) {
            hazard_add(finder, build, (Hazard){HAZARD_VISITED_TWICE,
                                               site_of(view, again->ins, NULL),
                                               build->cls.field[f].visit,
                                               build->cls.field[f].name, NULL});
        }
    }
}

/* ---- releases ---------------------------------------------------------------- */

/* True when the function gives the field another value after the release. */
static bool
is_replaced(Finder *finder, const FnView *view, const Action *release)
{
    for (uint32_t i = 0; i < view->actions.n; i++) {
        const Action *action = &view->actions.at[i];

        if (action->member == release->member &&
            (action->kind == DOES_STORE || action->kind == DOES_FILL ||
             action->kind == DOES_RESET) && action_follows(finder, view, release, action)) {
            return true;
        }
    }
    return false;
}

/* True when the field is set to another value before the release (through a variable). */
static bool
is_taken(Finder *finder, const FnView *view, const Action *release)
{
    for (uint32_t i = 0; release->via_local && i < view->actions.n; i++) {
        const Action *action = &view->actions.at[i];

        if (action->member == release->member && action->kind == DOES_STORE &&
            action_follows(finder, view, action, release)) {
            return true;
        }
    }
    return false;
}

/* True when the function, or one that it calls, is only part of the end of instances. */
static bool
is_dealloc_only(Finder *finder, Build *build, uint32_t fn)
{
    const CallGraph *graph = finder->program->graph;
    const uint64_t *dealloc = closure_of(finder, build, SLOT_DEALLOC);

    if (build->cls.slot[SLOT_DEALLOC].own && build->fn[SLOT_DEALLOC] == finder->program->fns[fn]) {
        return true;
    }
    if (finder->view[fn].is_entry || graph->ncaller[fn] == 0) {
        return false;
    }
    for (uint32_t c = 0; c < graph->ncaller[fn]; c++) {
        if (!bit_test(dealloc, graph->caller[fn][c]) || graph->caller[fn][c] == fn) {
            return false;
        }
    }
    return true;
}

/* True when the function works on an instance: a slot or method of the class. */
static bool
is_method(Finder *finder, Build *build, uint32_t fn)
{
    if (bit_test(closure_of(finder, build, SLOT_CLEAR), fn)) {
        return true;
    }
    for (uint32_t m = 0; m < build->methods.n; m++) {
        if (build->methods.at[m] == fn) {
            return true;
        }
    }
    return false;
}

/* True when the function takes a reference of its own to what the field holds. */
static bool
adds_reference(Finder *finder, const FnView *view, const Member *member)
{
    for (uint32_t i = 0; i < view->calls.n; i++) {
        if (gives_its_argument(view->calls.at[i]) &&
            member_of_value(finder, view, view->calls.at[i]->args[0], NULL, NULL) == member) {
            return true;
        }
    }
    return view->retained.n > 0;
}

/* A field that a method or tp_clear releases and leaves, so that dealloc does it again. */
static void
check_dangling(Finder *finder, Build *build, uint32_t f)
{
    const Member *member = build->member[f];

    for (uint32_t i = 0; i < member->actions.n; i++) {
        const Action *action = member->actions.at[i];
        const FnView *view = &finder->view[action->fn];

        if (action->kind != DOES_RELEASE || action->twice || action->via_local ||
            !is_method(finder, build, action->fn) ||
            is_dealloc_only(finder, build, action->fn) || adds_reference(finder, view, member) ||
            is_replaced(finder, view, action) || is_taken(finder, view, action)) {
            continue;
        }
        hazard_add(finder, build, (Hazard){HAZARD_DANGLING, site_of(view, action->ins, NULL),
                                           build->cls.field[f].release, build->cls.field[f].name,
                                           NULL});
        return;
    }
}

/* A field of the base that the derived dealloc releases before it calls the base's. */
static void
check_base_release(Finder *finder, Build *build, const FnView *dealloc)
{
    const uint64_t *base = build->base != NULL ? closure_of(finder, build->base, SLOT_DEALLOC)
                                               : NULL;

    if (base == NULL || !bit_test(closure_of(finder, build, SLOT_DEALLOC),
                                  view_of_slot(finder, build->base, SLOT_DEALLOC) != NULL
                                      ? view_of_slot(finder, build->base, SLOT_DEALLOC)->index
                                      : 0)) {
        return;
    }
    for (uint32_t f = 0; f < build->base->cls.nfields; f++) {
        const Member *member = build->base->member[f];

        for (uint32_t i = 0; i < dealloc->actions.n; i++) {
            const Action *action = &dealloc->actions.at[i];

            if (action->member == member && action->kind == DOES_RELEASE &&
                !bit_test(base, dealloc->index) && !is_replaced(finder, dealloc, action) &&
                build->base->cls.field[f].released) {
                hazard_add(finder, build, (Hazard){HAZARD_BASE_RELEASES,
                                                   site_of(dealloc, action->ins, NULL),
                                                   build->base->cls.field[f].release,
                                                   build->base->cls.field[f].name, NULL});
            }
        }
    }
}

void
promises_check(Finder *finder, Build *build)
{
    const FnView *traverse = view_of_slot(finder, build, SLOT_TRAVERSE);
    const FnView *dealloc = view_of_slot(finder, build, SLOT_DEALLOC);

    if (traverse != NULL) {
        check_visits(finder, build, traverse);
    }
    for (uint32_t f = 0; f < build->cls.nfields && !build->cls.is_module; f++) {
        if (build->cls.field[f].released && !build->cls.field[f].pointed &&
            strchr(build->cls.field[f].name, '[') == NULL) {
            check_dangling(finder, build, f);
        }
    }
    if (dealloc != NULL && build->base != NULL &&
        view_of_slot(finder, build->base, SLOT_DEALLOC) != NULL) {
        check_base_release(finder, build, dealloc);
    }
}

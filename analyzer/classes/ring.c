/* ring.c: can an object that a field holds lead back to the instance?
 *
 * The graph has the classes as nodes, their owned fields as edges, and one node for all
 * that users make: whoever can hold any object can hold one that leads to any instance.
 * The collector's own question, asked of classes: an edge that it cannot see keeps a
 * count that it cannot subtract, so a ring through it is never freed.
 */
#include "classes/private.h"

typedef struct WayStep {
    Build *build;          /* NULL: users' objects */
    uint32_t from;         /* index of the step before */
    const ClassField *field; /* that led here */
} WayStep;

typedef struct Way {
    VEC(WayStep) step;
} Way;

static bool
leads_anywhere(const ClassField *field)
{
    return (field->holds & (HOLD_ANY | HOLD_CONTAINER)) != 0;
}

/* True when Python code can hang anything on an instance. */
static bool
is_open(const Class *cls)
{
    return cls->basetype || cls->has_dict || cls->managed_dict;
}

static void
way_add(Finder *finder, Way *way, Build *build, uint32_t from, const ClassField *field)
{
    WayStep step = {build, from, field};

    for (uint32_t i = 0; i < way->step.n; i++) {
        if (way->step.at[i].build == build) {
            return;
        }
    }
    VEC_PUSH(finder->arena, &way->step, step);
}

/* The class under construction that a class lies in: it is its first member. */
static Build *
build_of(const Class *cls)
{
    return (Build *)(uintptr_t)cls;
}

static void
add_targets(Finder *finder, Way *way, const ClassField *field, uint32_t from, bool anything)
{
    for (uint32_t c = 0; c < field->nclasses; c++) {
        way_add(finder, way, build_of(field->classes[c]), from, field);
    }
    if (anything && leads_anywhere(field)) {
        way_add(finder, way, NULL, from, field);
    }
}

/* A ring whose references are all set when their owner is made cannot close: each would have
 * to be older than the next. */
static bool
is_changeable(const Way *way, const ClassField *field)
{
    bool changeable = field->mutable;

    for (uint32_t i = way->step.n - 1; i != UINT32_MAX; i = way->step.at[i].from) {
        changeable = changeable || (way->step.at[i].field != NULL &&
                                    way->step.at[i].field->mutable);
    }
    return changeable;
}

/* The way from what the field holds back to the class; its last step is the class. False
 * when there is none.  Without 'anything' only ways through known types count. */
static bool
find_way(Finder *finder, Way *way, Build *to, const ClassField *field, bool anything)
{
    way->step.n = 0;
    add_targets(finder, way, field, UINT32_MAX, anything);
    for (uint32_t i = 0; i < way->step.n; i++) {
        Build *build = way->step.at[i].build;

        if (build == to) {
            uint32_t n = way->step.n;

            way->step.n = i + 1;
            if (is_changeable(way, field)) {
                return true;
            }
            way->step.n = n;
        }
        if (build == NULL) {
            WayStep last = {to, i, NULL};

            way->step.n = i + 1;
            VEC_PUSH(finder->arena, &way->step, last);
            return true;
        }
        for (uint32_t f = 0; f < build->cls.nfields; f++) {
            if (build->cls.field[f].owned && !build->cls.field[f].weaklist) {
                add_targets(finder, way, &build->cls.field[f], i, anything);
            }
        }
        if (anything && is_open(&build->cls)) {
            way_add(finder, way, NULL, i, NULL);
        }
    }
    return false;
}

static const char *
edge_broken(Arena *arena, const Class *cls, const ClassField *field)
{
    if (!cls->has_gc) {
        return arena_printf(arena, "%s has no Py_TPFLAGS_HAVE_GC", cls->name);
    }
    if (!field->visited && cls->is_sequence) {
        return "not tracked by the collector";
    }
    if (!field->visited) {
        return arena_printf(arena, "not visited by %s",
                            cls->slot[SLOT_TRAVERSE].function != NULL
                                ? cls->slot[SLOT_TRAVERSE].function : "tp_traverse");
    }
    return NULL;
}

static RingEdge
edge(Finder *finder, const Class *from, const ClassField *field, const Class *to)
{
    RingEdge e = {.from = from != NULL ? from->name : "any object",
                  .to = to != NULL ? to->name : "any object",
                  .field = field != NULL ? field->name : "an attribute or item"};

    if (field != NULL && from != NULL) {
        e.store = field->store.loc;
        e.broken = edge_broken(finder->arena, from, field);
    }
    return e;
}

static const Ring *
make_ring(Finder *finder, const Way *way, const Class *cls, const ClassField *field)
{
    Ring *ring = ARENA_NEW(finder->arena, Ring);
    uint32_t order[64], n = 0;
    const Class *from = cls;

    for (uint32_t i = way->step.n - 1; i != UINT32_MAX && n < COUNT_OF(order);
         i = way->step.at[i].from) {
        order[n++] = i;
    }
    ring->edges = ARENA_ARRAY(finder->arena, RingEdge, n);
    ring->nedges = n;
    for (uint32_t i = 0; i < n; i++) {
        const WayStep *step = &way->step.at[order[n - 1 - i]];
        const Class *to = step->build != NULL ? &step->build->cls : NULL;

        ring->edges[i] = edge(finder, from, i == 0 ? field : step->field, to);
        from = to;
    }
    return ring;
}

static const Member *
field_member(const Build *build, const ClassField *field)
{
    return build->member[field - build->cls.field];
}

static void
close_field(Finder *finder, Build *build, ClassField *field)
{
    Way way = {0};

    bool shared = !build->cls.own_record && !field->mutable &&
                  (field->holds & ~(unsigned)(HOLD_CLASS | HOLD_ATOM | HOLD_UNKNOWN)) == 0;

    if (!field->owned || field->weaklist || field->elsewhere || shared ||
        (!field->mutable && is_taken_apart(finder, build, field_member(build, field)))) {
        return; /* 'shared': of the types with this struct, another may be the one that sets it */
    }
    if (find_way(finder, &way, build, field, false)) {
        field->surely_closes = field->may_close = true;
    }
    else if (find_way(finder, &way, build, field, true)) {
        field->may_close = true;
        field->surely_closes = field->called && !build->cls.is_module;
    }
    if (field->may_close) {
        field->ring = make_ring(finder, &way, &build->cls, field);
    }
}

void
rings_find(Finder *finder)
{
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        Build *build = finder->classes.at[i];

        for (uint32_t f = 0; f < build->cls.nfields; f++) {
            close_field(finder, build, &build->cls.field[f]);
        }
    }
}

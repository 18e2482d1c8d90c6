/* summary_effect.c: what became of the arguments at one exit, as the effects of an outcome. */
#include <string.h>

#include "engine/summarize.h"

#define MAX_FIELDS 6

void
add_effect(Maker *maker, Case *c, Effect effect)
{
    for (uint32_t i = 0; i < c->neffect; i++) {
        if (c->effect[i].kind == effect.kind && c->effect[i].param == effect.param &&
            c->effect[i].path == effect.path && (effect.kind == EFFECT_ESCAPE || effect.kind == EFFECT_FREE ||
             effect.kind == EFFECT_FINISH || effect.kind == EFFECT_FILL)) {
            return;
        }
    }
    Effect *grown = ARENA_ARRAY(maker->ex->out, Effect, c->neffect + 1);
    if (c->neffect) {
        memcpy(grown, c->effect, c->neffect * sizeof(Effect));
    }
    grown[c->neffect++] = effect;
    c->effect = grown;
}

/* True when the caller gets the object through an out-parameter: *place = Py_NewRef(o). */
static bool
is_handed_out(Explorer *ex, const State *state, const Sym *object)
{
    for (uint32_t i = 0; i < ex->fn->nparam && i < PARAM_MAX; i++) {
        if (state_get(state, place_deref(ex, sym_param(ex, i))) == object) {
            return true;
        }
    }
    return false;
}

void
note_family(Maker *maker, const Ref *ref)
{
    Str family = ref->family ? ref->family : str_intern(maker->ex->strings, FAMILY_ANY);
    maker->summary->alloc = memory_family_join(maker->ex, maker->summary->alloc, family);
}

/* Memory behind the argument that was given back. */
void
freed_fields(Maker *maker, Case *c, const Exit *e, uint8_t i)
{
    const Place *target = place_deref(maker->ex, sym_param(maker->ex, i));
    for (uint32_t r = 0; r < e->state->nref; r++) {
        const Ref *ref = &e->state->ref[r];
        const Place *place = (ref->flags & REF_FREED) ? ref->sym->place : NULL;
        if (place && place_is_inside(place, target)) {
            bool field = place->kind == PLACE_FIELD && place->base == target;
            Effect effect = {.kind = EFFECT_FREE, .param = i, .result = {.from = -1},
                             .path = field ? place->name
                                           : str_intern(maker->ex->strings, "*")};
            note_family(maker, ref);
            add_effect(maker, c, effect);
        }
    }
}

/* What became of the argument itself. */
void
argument_effects(Maker *maker, Case *c, const Exit *e, uint8_t i)
{
    const State *state = e->state;
    const Sym *param = sym_param(maker->ex, i);
    const Ref *ref = state_ref(state, param);
    Effect effect = {.param = i, .result = {.from = -1}};
    bool constant = ref && (ref->flags & REF_CONST);
    if (e->value == param && e->own > 0 && !constant) { /* a new reference to the argument itself */
        effect.kind = EFFECT_RETAIN;
        add_effect(maker, c, effect);
    }
    if (!ref) {
        return;
    }
    if (ref->flags & REF_FREED) {
        note_family(maker, ref);
        effect.kind = EFFECT_FREE;
        add_effect(maker, c, effect);
        return;
    }
    if (ref->flags & REF_LEFT) {
        effect.kind = EFFECT_FINISH;
        add_effect(maker, c, effect);
    }
    bool lent = ref->lent > 0 && ref->own < ref->lent && ref->stored == 0;
    if (!(ref->flags & REF_ESCAPED) && lent && (ref->flags & REF_GIVEN) && ref->own == 0) {
        bool handed = is_handed_out(maker->ex, state, param);
        if (!handed && ref->lent == 1) {
            effect.kind = EFFECT_STEAL; /* an owning field took the caller's reference */
            add_effect(maker, c, effect);
        }
        if (handed || ref->lent == 1) { /* the caller's variable has it as well */
            return;
        }
    }
    if ((ref->flags & REF_ESCAPED) && constant && e->value != param) {
        return; /* the count of a constant is nobody's business */
    }
    if ((ref->flags & REF_ESCAPED) || lent) {
        effect.kind = EFFECT_ESCAPE;
        add_effect(maker, c, effect);
        return;
    }
    int own = ref->own > 0 ? ref->own - ref->lent : ref->own;
    if (own > 0 && !excess_is_contract(maker->ex, param)) {
        own = 0; /* a leak, told where it happens */
    }
    effect.kind = own > 0                     ? EFFECT_RETAIN
                  : (ref->flags & (REF_STOLEN | REF_KEPT)) ? EFFECT_STEAL
                                                           : EFFECT_RELEASE;
    for (int n = own < 0 ? -own : own; n > 0; n--) {
        add_effect(maker, c, effect);
    }
    if (ref->stored + ref->lent > 0 || ((ref->flags & REF_KEPT) && own == 0)) {
        effect.kind = is_handed_out(maker->ex, state, param) ? EFFECT_RETAIN : EFFECT_KEEP;
        if (effect.kind == EFFECT_KEEP && ref->stored + ref->lent == 0) {
            effect.result.from = KEEPER_OBJECT;
        }
        add_effect(maker, c, effect);
    }
}

/* True for what a field held before the last call that may have changed it. */
static bool
is_past(const State *state, const Sym *value)
{
    return value->kind == SYM_INIT && value->place && value->place->kind == PLACE_FIELD &&
           !value->place->fixed && !place_is_local(value->place) && value->site != state->epoch;
}

static Result
held_result(Maker *maker, const State *state, const Sym *value)
{
    const Ref *ref = state_ref(state, value);
    int before = ref && ref->kept == KEPT_FIELD ? 1 : 0; /* what memory held from the start */
    int taken = ref && ref->own > 0 && ref->lent > 0 ? 1 : 0; /* counted after the store */
    bool made = ref && ref->stored + taken > before && !(ref->flags & REF_ESCAPED);
    if (made && (ref->flags & REF_MEMORY)) {
        if (maker->ex->fn->ret->kind == TYPE_RECORD) { /* nobody can tell the outcomes apart */
            return (Result){.kind = RESULT_ANY, .from = -1};
        }
        note_family(maker, ref);
    }
    if (!made && is_past(state, value)) {
        return (Result){.kind = RESULT_ANY, .from = -1}; /* perhaps the field's reference as well */
    }
    bool number = value->kind == SYM_INT && value->num != 0;
    if (number || (value->type && value->type->kind == TYPE_INT)) {
        return integer_result(state, value);
    }
    return pointer_result(maker->ex, state, value, made ? 1 : 0, ref != NULL);
}

static Str
field_path(Maker *maker, const Place *place, const Place *root)
{
    if (place->base == root && place->kind == PLACE_FIELD) {
        return place->name;
    }
    return str_intern(maker->ex->strings, "*");
}

/* How many more references to 'sym' were dropped than taken on the way. */
static int
net_releases(const State *state, const Sym *sym)
{
    int released = 0;
    for (const Node *n = state->trace; n; n = n->pred) {
        released += n->sym != sym ? 0 : n->kind == NODE_RELEASE ? 1 : n->kind == NODE_RETAIN ? -1 : 0;
    }
    return released;
}

/* True when the function released what the place held before. */
static bool
old_was_released(Explorer *ex, const State *state, const Place *place)
{
    if (is_zero(state, sym_init(ex, place, NULL, NULL))) {
        return true; /* there was nothing */
    }
    for (uint32_t i = 0; i < state->nref; i++) {
        const Ref *ref = &state->ref[i];
        if (ref->sym->kind == SYM_INIT && ref->sym->place == place &&
            (ref->flags & REF_RELEASED) &&
            (ref->stored == 0 || net_releases(state, ref->sym) > 0)) {
            return true;
        }
    }
    return false;
}

/* True when what the place held at first is now returned or held elsewhere: swap, move. */
static bool
was_moved(Explorer *ex, const Exit *e, const Place *place)
{
    const Sym *old = sym_init(ex, place, NULL, NULL);
    if (e->value == old) {
        return true;
    }
    for (uint32_t b = 0; b < e->state->nbind; b++) {
        const Bind *bind = &e->state->bind[b];
        if (bind->sym == old && bind->place != place && !place_is_local(bind->place)) {
            return true;
        }
    }
    return false;
}

/* True when a field was given what it held at first, with a reference that was taken for it:
 * x->f = Py_NewRef(x->f). */
static bool
is_stored_again(const State *state, const Ref *ref)
{
    bool taken = ref->own > 0 ? ref->lent > 0 : ref->stored > 1;
    const Sym *now = state_get(state, ref->sym->place);
    return now == ref->sym && (taken || (ref->flags & REF_ESCAPED));
}

/* What became of the memory the argument points to. */
void
memory_effects(Maker *maker, Case *c, const Exit *e, uint8_t i)
{
    Explorer *ex = maker->ex;
    const State *state = e->state;
    const Sym *param = sym_param(ex, i);
    const Place *target = place_deref(ex, param);
    uint32_t fields = 0;
    if (ex->emptied >> i & 1) {
        Effect effect = {.kind = EFFECT_ESCAPE, .param = i, .result = {.from = -1},
                         .path = str_intern(ex->strings, "*")};
        add_effect(maker, c, effect);
    }
    const Ref *held = state_ref(state, sym_held(ex, i));
    if (held && is_stored_again(state, held)) { /* nobody can tell how often it is owned now */
        Effect effect = {.kind = EFFECT_OUT, .param = i, .result = {.kind = RESULT_ANY,
                                                                   .from = -1}};
        add_effect(maker, c, effect);
    }
    for (uint32_t b = 0; b < state->nbind; b++) {
        const Place *place = state->bind[b].place;
        const Sym *value = state->bind[b].sym;
        if (place_root(place) != target ||
            value == sym_init(ex, place, state->epoch, value->type) ||
            value == sym_init(ex, place, NULL, value->type)) {
            continue;
        }
        if (place != target && is_zero(state, value) &&
            is_zero(state, sym_init(ex, place, NULL, NULL))) {
            continue; /* nothing before, and nothing now */
        }
        Effect effect = {.param = i, .result = {.from = -1}};
        const Ref *view = state_ref(state, value);
        if (view && (view->flags & REF_VIEW) && !(view->flags & REF_ESCAPED) && view->own > 0) {
            effect.kind = EFFECT_FILL;
            note_family(maker, view);
            add_effect(maker, c, effect);
            continue;
        }
        bool unclear = held && held->sym->place == place && (held->flags & REF_ESCAPED);
        if (place == target && (unclear || was_moved(ex, e, place))) {
            effect.kind = EFFECT_ESCAPE; /* the caller's reference lives on elsewhere */
            effect.path = str_intern(ex->strings, "*");
            add_effect(maker, c, effect);
            effect.path = NULL;
        }
        if (place == target) {
            effect.kind = old_was_released(ex, state, place) ? EFFECT_RESET : EFFECT_OUT;
            effect.result = held_result(maker, state, value);
        }
        else {
            effect.kind = EFFECT_ESCAPE;
            effect.path = fields++ < MAX_FIELDS ? field_path(maker, place, target)
                                                : str_intern(ex->strings, "*");
            if (is_zero(state, value) && effect.path[0] != '*' && value->kind == SYM_INT &&
                !was_moved(ex, e, place)) {
                effect.kind = old_was_released(ex, state, place) ? EFFECT_RESET : EFFECT_OUT;
                effect.result.kind = RESULT_NULL;
            }
        }
        add_effect(maker, c, effect);
    }
}

/* True when a field lost the reference that it held at first, and still shows the object. */
static bool
is_released_in_place(Explorer *ex, const State *state, const Ref *ref)
{
    const Place *place = ref->sym->place;
    const Sym *now = state_get(state, place);
    return !(ref->flags & (REF_ESCAPED | REF_MOVED)) && (ref->flags & REF_RELEASED) &&
           ref->own == 0 && ref->stored == 0 && ref->lent == 0 && (!now || now == ref->sym) &&
           ref->sym == sym_init(ex, place, state->epoch, NULL);
}

/* Fields of the argument's memory whose objects got a reference more, or lost theirs:
 * Py_INCREF(self->x).  What is released where the argument itself points, Py_DECREF(*p), leaves
 * there nothing that anybody may use. */
void
retained_fields(Maker *maker, Case *c, const Exit *e, uint8_t i)
{
    const State *state = e->state;
    const Place *target = place_deref(maker->ex, sym_param(maker->ex, i));
    for (uint32_t r = 0; r < state->nref; r++) {
        const Ref *ref = &state->ref[r];
        const Place *place = ref->sym->kind == SYM_INIT ? ref->sym->place : NULL;
        if (place == target && is_released_in_place(maker->ex, state, ref)) {
            Effect effect = {.kind = EFFECT_RESET, .param = i,
                             .result = {.kind = RESULT_ANY, .from = -1}};
            add_effect(maker, c, effect);
        }
        if (!place || place->kind != PLACE_FIELD || place->base != target) {
            continue;
        }
        bool taken = is_counted_in_place(maker->ex, state, ref) ||
                     (!(ref->flags & REF_ESCAPED) && is_stored_again(state, ref));
        if (taken || is_released_in_place(maker->ex, state, ref)) {
            Effect effect = {.kind = taken ? EFFECT_RETAIN : EFFECT_RELEASE, .param = i, .result = {.from = -1},
                             .path = place->name};
            add_effect(maker, c, effect);
        }
    }
}

/* Notes memory that changed and that no argument points to directly. */
void
note_writes(Maker *maker, const State *state)
{
    Summary *summary = maker->summary;
    summary->writes = summary->writes || state->epoch;
    for (uint32_t b = 0; b < state->nbind; b++) {
        const Place *place = state->bind[b].place, *root = place_root(place);
        const Sym *value = state->bind[b].sym;
        if (root->kind == PLACE_LOCAL || (root->kind == PLACE_DEREF &&
                                          (param_of(maker->ex, root->sym) >= 0 ||
                                           root->sym->kind == SYM_CALL))) {
            continue;
        }
        if (value->kind == SYM_INIT && value->place == place) {
            continue;
        }
        if (place->kind == PLACE_GLOBAL && place->decl->type->kind == TYPE_INT) {
            summary->counts = true;
        }
        else {
            summary->writes = true;
        }
    }
}

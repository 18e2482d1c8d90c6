/* inconsistent.c: exits that a caller cannot tell apart, of which one consumes an argument.
 *
 * Same result, same exception, nothing left behind that would tell: whoever calls such a
 * function loses the object or releases it once too often.  Where anything that the caller knows
 * decides which exit is taken (its arguments, what they lead to, globals) nothing is said.
 */
#include "engine/state.h"

/* ---- what the caller sees of an exit -------------------------------------------------- */

typedef enum Told { TOLD_UNKNOWN, TOLD_SET, TOLD_NOT_SET } Told;

static Told
exception_told(const State *state)
{
    switch (state->err) {
    case ERRSTATE_SET: case ERRSTATE_PENDING:
        return TOLD_SET;
    case ERRSTATE_ENTRY: case ERRSTATE_CLEAR:
        return TOLD_NOT_SET;
    default:
        return TOLD_UNKNOWN;
    }
}

/* True when both exits give the same number, or NULL, or nothing. */
static bool
same_result(const Explorer *ex, const Exit *a, const Exit *b)
{
    switch (ex->fn->ret->kind) {
    case TYPE_VOID:
        return true;
    case TYPE_PTR:
        return a->value && b->value && is_zero(a->state, a->value) && is_zero(b->state, b->value);
    case TYPE_INT: {
        Range x = a->value ? range_of(a->state, a->value) : (Range){.lo = 0, .hi = 1};
        Range y = b->value ? range_of(b->state, b->value) : (Range){.lo = 0, .hi = 1};
        return x.lo == x.hi && y.lo == y.hi && x.lo == y.lo;
    }
    default:
        return false;
    }
}

/* True for what the caller knows: its arguments, memory, what functions of these alone say. */
static bool
is_known_outside(const Sym *sym)
{
    if (!sym || sym->kind == SYM_CALL) {
        return false;
    }
    if (sym->kind == SYM_INIT) {
        return sym->place != NULL;
    }
    return is_known_outside(sym->a) || is_known_outside(sym->b);
}

static bool
has_branch(const State *state, const Sym *cond, bool truth)
{
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_BRANCH && n->sym == cond && n->truth == truth) {
            return true;
        }
    }
    return false;
}

/* True when a condition on what the caller knows holds on the way to 'a' and not to 'b'. */
static bool
decided_outside(const State *a, const State *b)
{
    for (const Node *n = a->trace; n; n = n->pred) {
        if (n->kind == NODE_BRANCH && is_known_outside(n->sym) &&
            !has_branch(b, n->sym, n->truth)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < a->nrange; i++) {
        const Sym *sym = a->range[i].sym;
        const Range other = range_of(b, sym);
        bool apart = a->range[i].lo > other.hi || a->range[i].hi < other.lo ||
                     (is_zero(a, sym) && is_not_zero(b, sym)) ||
                     (is_not_zero(a, sym) && is_zero(b, sym));
        if (is_known_outside(sym) && apart) {
            return true;
        }
    }
    return false;
}

/* True when memory outside holds something at one exit that it does not hold at the other. */
static bool
left_differently(const State *a, const State *b)
{
    for (uint32_t i = 0; i < a->nbind; i++) {
        const Place *place = a->bind[i].place;
        bool outside = place_root(place)->kind != PLACE_LOCAL;
        if (outside && state_get(b, place) != a->bind[i].sym) {
            return true;
        }
    }
    return false;
}

static bool
look_alike(const Explorer *ex, const Exit *a, const Exit *b)
{
    Told told = exception_told(a->state);
    return told != TOLD_UNKNOWN && told == exception_told(b->state) && same_result(ex, a, b) &&
           !decided_outside(a->state, b->state) && !decided_outside(b->state, a->state) &&
           !left_differently(a->state, b->state) && !left_differently(b->state, a->state);
}

/* ---- what happens to the argument ------------------------------------------------------ */

static bool
takes(const Case *c, uint32_t param)
{
    for (uint32_t i = 0; i < c->neffect; i++) {
        bool down = c->effect[i].kind == EFFECT_STEAL || c->effect[i].kind == EFFECT_RELEASE;
        if (down && !c->effect[i].path && c->effect[i].param == param) {
            return true;
        }
    }
    return false;
}

/* True for the C-API, and for a function of the program that takes one of its arguments over
 * however it ends: one that does so only sometimes is the one to be told of. */
static bool
is_steady(const Summary *summary)
{
    if (!summary || summary->origin != ORIGIN_COMPUTED) {
        return true;
    }
    for (uint32_t p = 0; p < summary->nparam; p++) {
        uint32_t n = 0;
        while (n < summary->ncases && takes(&summary->cases[n], p)) {
            n++;
        }
        if (n > 0 && n == summary->ncases) {
            return true;
        }
    }
    return false;
}

/* Where the path drops or hands over a reference to the argument that is not its own, by a function
 * that surely does so; NULL when it does not, or is not sure. */
static const Node *
consumed(const Exit *e, const Sym *param)
{
    const Ref *ref = state_ref(e->state, param);
    if (!ref || ref->own >= 0 || ref->lent > 0 || (ref->flags & (REF_ESCAPED | REF_GIVEN))) {
        return NULL;
    }
    for (const Node *n = e->state->trace; n; n = n->pred) {
        if ((n->kind == NODE_RELEASE || n->kind == NODE_STEAL) && n->sym == param) {
            return is_steady(n->summary) ? n : NULL;
        }
    }
    return NULL;
}

/* True when the path leaves the argument as it was. */
static bool
is_left_alone(const Exit *e, const Sym *param)
{
    const Ref *ref = state_ref(e->state, param);
    bool touched = ref && (ref->own != 0 || ref->stored > 0 || ref->lent > 0 ||
                           (ref->flags & (REF_ESCAPED | REF_STOLEN | REF_GIVEN | REF_KEPT |
                                          REF_CONST | REF_RELEASED)));
    return !touched && !is_zero(e->state, param);
}

static void
check_pair(Explorer *ex, const Sym *param, const Exit *consuming, const Exit *leaving)
{
    const Node *node = consumed(consuming, param);
    if (!node || !is_left_alone(leaving, param) || !look_alike(ex, consuming, leaving)) {
        return;
    }
    State *state = state_copy(ex, leaving->state);
    const Ref *known = state_ref(state, param);
    Ref ref = known ? *known : (Ref){.sym = param, .kept = KEPT_CALLER};
    state_note(ex, state, NODE_TOLD, node->at, param, NULL, NULL);
    ((Node *)(uintptr_t)state->trace)->text = "another way to the same result takes the reference "
                                              "here";
    event_inconsistent(ex, state, &ref, leaving->at,
                       (InconsistentEvent){.taker = callee_text(ex, node->summary),
                                           .steals = node->kind == NODE_STEAL});
}

void
inconsistent_check(Explorer *ex)
{
    const Summary *fact = model_find_any_version(ex->model, ex->fn->decl->name);
    if (ex->info->is_entry || ex->silent || (fact && fact->origin != ORIGIN_COMPUTED) ||
        ex->fn->decl->nannotation > 0) {
        return;
    }
    for (uint32_t p = 0; p < ex->fn->nparam && p < PARAM_MAX; p++) {
        const Sym *param = sym_param(ex, p);
        for (uint32_t i = 0; type_is_object(ex->fn->local[p].type) && i < ex->exits.n; i++) {
            for (uint32_t j = 0; consumed(&ex->exits.at[i], param) && j < ex->exits.n; j++) {
                check_pair(ex, param, &ex->exits.at[i], &ex->exits.at[j]);
            }
        }
    }
}

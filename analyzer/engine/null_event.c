/* null_event.c: NULL is used as an object, a text or memory: what a call gave and nobody looked at,
 * or a variable of which the path itself knows that it is NULL, as it was tested or set so.
 */
#include "engine/state.h"

static void
tell(RuleCtx *rx, const NullEvent *event)
{
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx->rule = all_rules[i];
        if (rx->rule->on_null) {
            rx->rule->on_null(rx, event);
        }
    }
}

/* How sure it is that the callee gives NULL in a run that matters. */
static Confidence
null_confidence(const Summary *source, const Case *c)
{
    if (!source || !c || c->misused) {
        return CONFIDENCE_LOW; /* a test somewhere is all that speaks for it */
    }
    if (c->err == ERR_RAISES || c->err == ERR_NOMEM ||
        (source->alloc && source->origin != ORIGIN_COMPUTED)) {
        return source->partial ? CONFIDENCE_LOW : CONFIDENCE_HIGH;
    }
    bool lookup = source->origin != ORIGIN_COMPUTED && source->nparam > 1;
    return lookup ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW; /* NULL is an answer here, no failure */
}

void
event_null(Explorer *ex, State *state, const Sym *sym, const Instr *at, const char *user,
           bool in_format)
{
    if (!null_is_evident(ex, state, sym)) {
        return;
    }
    bool called = sym->kind == SYM_CALL && sym->site && sym->site->op == OP_CALL;
    const Ref *known = state_ref(state, sym);
    bool optional = known && (known->flags & REF_OPTIONAL);
    const char *source = called && !optional ? display_name(ex, callee_name(sym->site)) : "";
    Ref ref = {.sym = sym, .site = called ? sym->site : NULL};
    for (const Node *n = state->trace; n && !ref.born; n = n->pred) {
        if ((n->kind == NODE_FAIL || n->kind == NODE_NOTHING) && n->sym == sym) {
            ref.born = n->summary;
            ref.born_case = n->outcome;
        }
    }
    Object object = object_for(ex, state, &ref, at);
    NullEvent event = {.object = &object, .source = source,
                       .user = user ? display_name(ex, user) : "", .in_format = in_format};
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, .fact = ref.born,
                  .fact_case = ref.born_case,
                  .confidence = null_confidence(ref.born, ref.born_case)};
    tell(&rx, &event);
}

/* True when the path rests on a parameter being NULL, which nothing in the function says. */
static bool
rests_on_null_parameter(Explorer *ex, const State *state)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *sym = state->range[i].sym;
        if (sym->kind == SYM_INIT && sym->place && sym->place->kind == PLACE_LOCAL &&
            sym->type && sym->type->kind == TYPE_PTR && is_zero(state, sym) &&
            !null_is_evident(ex, state, sym)) {
            return true;
        }
    }
    return false;
}

/* True when a call on the path failed in a way that comes only from a wrong argument. */
static bool
rests_on_misuse(const State *state)
{
    for (const Node *n = state->trace; n; n = n->pred) {
        if (n->kind == NODE_FAIL && n->outcome && n->outcome->misused) {
            return true;
        }
    }
    return false;
}

void
event_null_variable(Explorer *ex, State *state, const Place *variable, const Instr *at,
                    const char *user, bool counts)
{
    Object object = {.ex = ex, .state = state, .sym = sym_int(ex, 0), .at = at,
                     .ref = {.sym = sym_int(ex, 0)}, .name = place_text(ex, variable)};
    NullEvent event = {.object = &object, .source = "", .user = display_name(ex, user),
                       .settled = true};
    RuleCtx rx = {.ex = ex, .object = &object, .at = at,
                  .confidence = counts && !rests_on_misuse(state) ? CONFIDENCE_MEDIUM
                                                                  : CONFIDENCE_LOW};
    if (rests_on_null_parameter(ex, state)) {
        return;
    }
    tell(&rx, &event);
}

void
event_hole(Explorer *ex, State *state, const Sym *item, const Sym *container, const Instr *at,
           const char *user)
{
    const Ref *held = state_ref(state, container);
    Object named = object_for(ex, state, held ? held : &(Ref){.sym = container}, at);
    Object object = {.ex = ex, .state = state, .sym = item, .at = at, .name = named.name,
                     .ref = {.sym = item, .site = item->site}};
    NullEvent event = {.object = &object, .source = display_name(ex, callee_name(item->site)),
                       .user = user ? display_name(ex, user) : "", .inside = true};
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, .confidence = CONFIDENCE_LOW};
    tell(&rx, &event);
}

void
event_left_null(Explorer *ex, State *state, const Place *place, const Sym *sym, const Instr *at,
                const char *callee)
{
    const Sym *zero = sym ? sym : sym_int(ex, 0);
    Object object = {.ex = ex, .state = state, .sym = zero, .at = at,
                     .name = place_text(ex, place),
                     .ref = {.sym = zero, .site = sym ? sym->site : NULL}};
    NullEvent event = {.object = &object, .left = true,
                       .source = sym ? display_name(ex, callee_name(sym->site)) : "",
                       .user = callee ? display_name(ex, callee) : ""};
    RuleCtx rx = {.ex = ex, .object = &object, .at = sym ? sym->site : at,
                  .confidence = CONFIDENCE_LOW};
    tell(&rx, &event);
}

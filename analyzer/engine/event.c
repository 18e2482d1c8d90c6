/* event.c: tells the rules what happened, and keeps what they report. */
#include <string.h>

#include "engine/state.h"

/* ---- naming -------------------------------------------------------------------- */

static const char *
pretty_global(const char *name)
{
    static const char *const pretty[][2] = {
        {"_Py_NoneStruct", "Py_None"},         {"_Py_TrueStruct", "Py_True"},
        {"_Py_FalseStruct", "Py_False"},       {"_Py_EllipsisObject", "Py_Ellipsis"},
        {"_Py_NotImplementedStruct", "Py_NotImplemented"},
    };
    for (size_t i = 0; i < COUNT_OF(pretty); i++) {
        if (text_equal(name, pretty[i][0])) {
            return pretty[i][1];
        }
    }
    return name;
}

/* The variable that holds the symbol now, or held it last. */
static const char *
holder_name(Explorer *ex, const State *state, const Sym *sym)
{
    const Place *last = NULL; /* the variable declared last: the one in use */
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *place = state->bind[i].place;
        if (state->bind[i].sym == sym && place->kind == PLACE_LOCAL &&
            ex->fn->local[place->index].name[0] != '\0' &&
            (!last || place->index > last->index)) {
            last = place;
        }
    }
    if (last) {
        return place_text(ex, last);
    }
    for (const Node *n = state->trace; n; n = n->pred) {
        bool holds = (n->kind == NODE_HOLD || n->kind == NODE_STORE) && n->sym == sym && n->place;
        const char *text = holds ? place_text(ex, n->place) : "";
        if (text[0]) { /* not a local without a name */
            return text;
        }
    }
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (state->bind[i].sym == sym) {
            const char *text = place_text(ex, state->bind[i].place);
            if (text[0]) {
                return text;
            }
        }
    }
    return NULL;
}

/* "self->x" for a field, with the variable that the author uses; NULL for other places. */
static const char *
field_name(Explorer *ex, const State *state, const Place *place)
{
    if (!place || place->kind != PLACE_FIELD || place->base->kind != PLACE_DEREF) {
        return NULL;
    }
    const char *owner = NULL;
    uint32_t last = 0;
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *local = state->bind[i].place;
        if (state->bind[i].sym == place->base->sym && local->kind == PLACE_LOCAL &&
            ex->fn->local[local->index].name[0] != '\0' && local->index >= last) {
            last = local->index;
            owner = ex->fn->local[last].name;
        }
    }
    return owner ? arena_printf(ex->out, "%s->%s", owner, place->name) : NULL;
}

static const char *
name_of(Explorer *ex, const State *state, const Sym *sym)
{
    if (sym->kind == SYM_ADDR && sym->place->kind == PLACE_GLOBAL) {
        return pretty_global(sym->place->decl->name);
    }
    const char *name = holder_name(ex, state, sym);
    if (name && name[0]) {
        return name;
    }
    name = sym->kind == SYM_INIT ? field_name(ex, state, sym->place) : NULL;
    return name ? name : sym_text(ex, sym);
}

/* ---- what a rule may ask ----------------------------------------------------------- */

int
object_owned(const Object *object)
{
    return object->ref.own;
}

bool
object_immortal(const Object *object)
{
    return ledger_immortal(object->ex, object->sym);
}

bool
object_is_param(const Object *object)
{
    return object->ref.kept == KEPT_CALLER;
}

bool
object_is_borrowed(const Object *object)
{
    return !(object->ref.flags & REF_BORN) && object->ref.kept != KEPT_UNKNOWN;
}

bool
object_is_static(const Object *object)
{
    return object->ref.kept == KEPT_STATIC;
}

const char *
object_name(const Object *object)
{
    return object->name;
}

bool
object_is_memory(const Object *object)
{
    return (object->ref.flags & REF_MEMORY) != 0;
}

bool
object_is_view(const Object *object)
{
    return (object->ref.flags & REF_VIEW) && text_equal(object->ref.family, FAMILY_BUFFER);
}

bool
object_is_filled(const Object *object)
{
    return (object->ref.flags & REF_VIEW) != 0;
}

const char *
object_family(const Object *object)
{
    return object->ref.family;
}

const char *
object_maker(const Object *object)
{
    return callee_text(object->ex, object->ref.born);
}

const char *
object_stealer(const Object *object)
{
    return (object->ref.flags & REF_STOLEN) && object->ref.taker ? object->ref.taker->name : NULL;
}

const char *
object_refuser(const Object *object)
{
    return object->ref.refuser ? object->ref.refuser->name : NULL;
}

unsigned
rule_python(const RuleCtx *rx)
{
    return model_python(rx->ex->model);
}

Arena *
rule_arena(RuleCtx *rx)
{
    return rx->ex->out;
}

/* ---- pending reports -------------------------------------------------------------------- */

/* True at a return of NULL or of a negative number: the function reports a failure. */
static bool
returns_failure(Explorer *ex, State *state, const Instr *at)
{
    if (at->op != OP_RET || at->a.kind == VAL_NONE) {
        return false;
    }
    const Sym *value = eval(ex, state, at->a);
    if (type_is_object(ex->fn->ret)) {
        return is_zero(state, value);
    }
    return ex->fn->ret->kind == TYPE_INT && range_of(state, value).hi < 0;
}

static bool
fails(Explorer *ex, State *state, const Instr *at)
{
    return state->failed || state->oom || exception_is_set(state) ||
           returns_failure(ex, state, at);
}

static Reach
reach_of(Explorer *ex, State *state, const Instr *at)
{
    if (ex->info->is_init) {
        return REACH_INIT;
    }
    if (state->protocol) {
        return REACH_PROTOCOL;
    }
    if (state->oom) {
        return REACH_OOM;
    }
    return fails(ex, state, at) ? REACH_ERROR : REACH_ORDINARY;
}

const char *
display_name(Explorer *ex, const char *name)
{
    if (text_starts(name, "_Py") && text_ends(name, "_SizeT")) { /* PY_SSIZE_T_CLEAN */
        return arena_printf(ex->out, "%.*s", (int)(strlen(name) - 7), name + 1);
    }
    return name;
}

const char *
callee_text(Explorer *ex, const Summary *summary)
{
    return summary && summary->name ? display_name(ex, summary->name) : "";
}

/* What several findings may have in common, in words. */
static const char *
cause_of(Explorer *ex, const Ref *ref, const Summary *fact)
{
    const char *born = callee_text(ex, ref->born), *other = callee_text(ex, fact);
    if (ref->flags & REF_MEMORY) {
        return born[0] ? arena_printf(ex->out, "memory from %s", born) : "memory in a field";
    }
    if (!ref->site && !born[0]) {
        return ""; /* no reference of its own */
    }
    if (fact && fact != ref->born && born[0]) {
        return arena_printf(ex->out, "a reference from %s and %s", born, other);
    }
    if (born[0]) {
        return arena_printf(ex->out, "a reference from %s", born);
    }
    return other[0] ? arena_printf(ex->out, "what %s does to a reference", other)
                    : "a reference taken by hand";
}

void
rule_report(RuleCtx *rx, const Object *object, const char *message, const char *fix)
{
    Explorer *ex = rx->ex;
    if (ex->silent) {
        return;
    }
    PendingReport *report = ARENA_NEW(ex->arena, PendingReport);
    report->rule = rx->rule;
    report->sym = object->sym;
    report->birth = object->ref.site;
    report->at = rx->at;
    report->on_failure = fails(ex, object->state, rx->at);
    report->reach = reach_of(ex, object->state, rx->at);
    report->object = object->name;
    report->message = message;
    report->fix = fix;
    report->fact = rx->fact;
    report->fact_case = rx->fact_case;
    report->ref = object->ref;
    report->trace = object->state->trace;
    report->is_param_excess = rx->deferred && object->ref.kept == KEPT_CALLER;
    report->is_return = rx->deferred && object->ref.kept != KEPT_CALLER;
    report->cause = cause_of(ex, &object->ref, rx->fact);
    report->confidence = rx->confidence;
    if (rx->stale) {
        report->cause = arena_printf(ex->out, "%s and %s",
                                     rx->stale->inside ? "what is passed" : rx->stale->owner,
                                     rx->stale->call);
        report->is_stale = true;
        report->is_size = rx->stale->kind == STALE_SIZE;
    }
    report->raised = rx->raised;
    report->fault = rx->fault;
    report->place = rx->place ? *rx->place : rx->at->loc;
    report->unread = rx->unread;
    VEC_PUSH(ex->arena, &ex->reports, report);
}

Object
object_for(Explorer *ex, State *state, const Ref *ref, const Instr *at)
{
    const char *name = NULL;
    for (uint32_t i = 0; (ref->flags & REF_VIEW) && i < state->nbind; i++) {
        const Place *place = state->bind[i].place;
        if (state->bind[i].sym == ref->sym && (!name || place->kind == PLACE_LOCAL)) {
            name = place_text(ex, place);
        }
    }
    return (Object){.ex = ex, .state = state, .sym = ref->sym, .ref = *ref, .at = at,
                    .name = name ? name : name_of(ex, state, ref->sym)};
}

/* realloc or its like that failed and left the block with us, or NULL. */
static const char *
failed_grower(Explorer *ex, const State *state, const Ref *ref)
{
    for (const Node *n = state->trace; n && (ref->flags & REF_MEMORY); n = n->pred) {
        if (n->kind == NODE_REFUSE && n->sym == ref->sym) {
            return callee_text(ex, n->summary);
        }
    }
    return NULL;
}

void
event_lost(Explorer *ex, State *state, const Ref *ref, const Instr *at, LostHow how,
           const char *holder)
{
    Object object = object_for(ex, state, ref, at);
    bool given = how == LOST_UNNAMED && at->op == OP_CALL && ref->site != at;
    bool overwritten = how == LOST_OVERWRITE && at->op == OP_CALL;
    if (ref->flags & REF_VIEW) {
        const char *name = memory_view_name(ex, state, ref->sym);
        object.name = name ? name : object.name;
    }
    LostEvent event = {.object = &object, .how = how, .owed = ref->own, .holder = holder,
                       .taker = given || overwritten ? display_name(ex, callee_name(at)) : NULL,
                       .grower = failed_grower(ex, state, ref)};
    const Summary *taker = given ? model_find(ex->model, callee_name(at), NULL) : NULL;
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, .how = how};
    bool memory = (ref->flags & REF_MEMORY) != 0;
    const Result *gave = memory && ref->born && ref->born->origin == ORIGIN_COMPUTED && ref->born_case
                             ? &ref->born_case->ret : NULL;
    if (gave && (how == LOST_UNNAMED || (gave->kind == RESULT_INT && gave->lo < gave->hi))) {
        rx.confidence = CONFIDENCE_LOW; /* perhaps it gave none, or what it was given */
    }
    if (how == LOST_UNNAMED && !given && ref->site) {
        rx.at = ref->site; /* the call whose result nobody holds */
    }
    rx.fact = taker ? taker : ref->refuser ? ref->refuser : ref->born;
    rx.fact_case = taker ? NULL : ref->refuser ? ref->refuser_case : ref->born_case;
    rx.deferred = ref->kept == KEPT_CALLER && !ex->info->is_entry && how == LOST_RETURN;
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_lost) {
            rx.rule->on_lost(&rx, &event);
        }
    }
}

void
event_release(Explorer *ex, State *state, const Ref *ref, bool by_steal, By by)
{
    Object object = object_for(ex, state, ref, by.at);
    ReleaseEvent event = {
        .object = &object,
        .callee = callee_text(ex, by.summary),
        .by_steal = by_steal,
        .was_released = (ref->flags & REF_RELEASED) != 0,
        .was_stolen = (ref->flags & REF_STOLEN) != 0,
        .stealer = callee_text(ex, ref->taker),
        .stolen_on_failure = (ref->flags & REF_STOLEN_FAILED) != 0,
    };
    RuleCtx rx = {.ex = ex, .object = &object, .at = by.at};
    bool stolen = (ref->flags & REF_STOLEN) != 0;
    rx.fact = stolen ? ref->taker : by_steal ? by.summary : ref->born ? ref->born : by.summary;
    rx.fact_case = stolen ? ref->taker_case
                          : by_steal ? by.outcome : ref->born ? ref->born_case : by.outcome;
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_release) {
            rx.rule->on_release(&rx, &event);
        }
    }
}

void
event_use(Explorer *ex, State *state, const Ref *ref, const Instr *at, const char *use)
{
    Object object = object_for(ex, state, ref, at);
    UseEvent event = {.object = &object, .use = use,
                      .was_stolen = (ref->flags & REF_STOLEN) != 0,
                      .stealer = callee_text(ex, ref->taker)};
    RuleCtx rx = {.ex = ex, .object = &object, .at = at};
    rx.fact = event.was_stolen ? ref->taker : ref->born;
    rx.fact_case = event.was_stolen ? ref->taker_case : ref->born_case;
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_use) {
            rx.rule->on_use(&rx, &event);
        }
    }
}

void
event_unset(Explorer *ex, State *state, const Sym *sym, const Instr *at, const char *use)
{
    Ref ref = {.sym = sym};
    Object object = object_for(ex, state, &ref, at);
    UseEvent event = {.object = &object, .use = use, .stealer = ""};
    RuleCtx rx = {.ex = ex, .object = &object, .at = at};
    object.name = ex->fn->local[sym->place->index].name;
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_unset) {
            rx.rule->on_unset(&rx, &event);
        }
    }
}

void
event_free(Explorer *ex, State *state, const Ref *ref, By by)
{
    Object object = object_for(ex, state, ref, by.at);
    FreeEvent event = {.object = &object, .family = ref->family, .given_to = by.summary->alloc,
                       .callee = callee_text(ex, by.summary), .maker = callee_text(ex, ref->born),
                       .grows = by.outcome->ret.kind != RESULT_VOID};
    RuleCtx rx = {.ex = ex, .object = &object, .at = by.at, .fact = by.summary,
                  .fact_case = by.outcome};
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_free) {
            rx.rule->on_free(&rx, &event);
        }
    }
}

/* True for a function of the program whose result is sometimes borrowed and sometimes not. */
static bool
gives_both(const Summary *summary)
{
    bool gives = false, lends = false;
    for (uint32_t i = 0; summary && i < summary->ncases; i++) {
        ResultKind kind = summary->cases[i].ret.kind;
        gives = gives || kind == RESULT_NEW || kind == RESULT_SHARED;
        lends = lends || kind == RESULT_BORROWED;
    }
    return gives && lends && summary->origin == ORIGIN_COMPUTED;
}

void
event_return(Explorer *ex, State *state, const Ref *ref, const Instr *at, bool sure)
{
    if (gives_both(ref->born)) {
        return; /* told in the callee */
    }
    Object object = object_for(ex, state, ref, at);
    ReturnEvent event = {.object = &object, .owes_new = true, .sure = sure};
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, .fact = ref->born,
                  .fact_case = ref->born_case, .deferred = !sure};
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_return) {
            rx.rule->on_return(&rx, &event);
        }
    }
}

void
event_store(Explorer *ex, State *state, const Ref *ref, const Instr *at, const Place *place)
{
    Object object = object_for(ex, state, ref, at);
    const char *name = field_name(ex, state, place);
    StoreEvent event = {.object = &object, .place = name ? name : place_text(ex, place)};
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, .fact = ref->born,
                  .fact_case = ref->born_case};
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_store) {
            rx.rule->on_store(&rx, &event);
        }
    }
}

void
event_stale(Explorer *ex, State *state, const Sym *sym, const Instr *at, StaleEvent event,
            const Sym *owner, const Place *place, int chance)
{
    const Ref *known = state_ref(state, sym);
    Ref ref = known ? *known : (Ref){.sym = sym};
    Object object = object_for(ex, state, &ref, at);
    const char *field = place ? field_name(ex, state, place) : NULL;
    object.ref.site = event.at;
    event.object = &object;
    event.owner = owner ? name_of(ex, state, owner)
                  : place ? (field ? field : place_text(ex, place)) : "";
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, .fact = ref.born,
                  .fact_case = ref.born_case,
                  .confidence = chance >= 3   ? CONFIDENCE_HIGH
                                : chance == 2 ? CONFIDENCE_MEDIUM
                                              : CONFIDENCE_LOW};
    rx.stale = &event;
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_stale) {
            rx.rule->on_stale(&rx, &event);
        }
    }
}

void
event_thread(Explorer *ex, State *state, const Ref *ref, const Instr *at, ThreadEvent event,
             const char *name, const Summary *fact, Confidence confidence)
{
    Object object = object_for(ex, state, ref, at);
    object.name = name ? name : object.name;
    event.object = &object;
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, .fact = fact, .confidence = confidence};
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_thread) {
            rx.rule->on_thread(&rx, &event);
        }
    }
}

void
event_inconsistent(Explorer *ex, State *state, const Ref *ref, const Instr *at,
                   InconsistentEvent event)
{
    Object object = object_for(ex, state, ref, at);
    event.object = &object;
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, .confidence = CONFIDENCE_MEDIUM};
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_inconsistent) {
            rx.rule->on_inconsistent(&rx, &event);
        }
    }
}

void
event_gil(Explorer *ex, State *state, const Instr *at, GilEvent event)
{
    Ref ref = {.sym = sym_str(ex, str_intern(ex->strings, "the GIL")), .site = at};
    Object object = object_for(ex, state, &ref, at);
    object.name = event.callee ? event.callee : "GIL";
    event.object = &object;
    RuleCtx rx = {.ex = ex, .object = &object, .at = at,
                  .confidence = event.user ? CONFIDENCE_MEDIUM : CONFIDENCE_HIGH};
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_gil) {
            rx.rule->on_gil(&rx, &event);
        }
    }
}

/* ---- ask the engine -------------------------------------------------------------------------- */

const Rule engine_rule = {
    .info = {.id = "engine", .title = "Engine question", .summary = "a fixture asks the engine",
             .severity = SEVERITY_NOTE, .precision = PRECISION_VERY_HIGH, .page = ""},
};

static void
answer(Explorer *ex, State *state, const Instr *at, const char *object, const char *message)
{
    if (ex->silent) {
        return;
    }
    PendingReport *report = ARENA_NEW(ex->arena, PendingReport);
    report->rule = &engine_rule;
    report->birth = at;
    report->at = at;
    report->object = object;
    report->message = message;
    report->fix = "";
    report->cause = "engine";
    report->trace = state->trace;
    report->place = at->loc;
    VEC_PUSH(ex->arena, &ex->reports, report);
}

bool
event_ask(Explorer *ex, State *state, const Instr *ins, const char *name)
{
    if (!text_starts(name, "strayref_") || text_starts(name, OVERLAY_PREFIX)) {
        return false;
    }
    if (text_equal(name, "strayref_reachable")) {
        answer(ex, state, ins, "reachable", "control comes here");
        return true;
    }
    if (ins->nargs == 0) {
        return false;
    }
    const Sym *sym = eval(ex, state, ins->args[0]);
    const Ref *ref = state_ref(state, sym);
    const char *object = name_of(ex, state, sym);
    if (text_equal(name, "strayref_owned") && ins->nargs == 2) {
        const Sym *want = simplify(ex, state, eval(ex, state, ins->args[1]));
        int owned = ref ? ref->own : 0;
        if (want->kind != SYM_INT || want->num != owned) {
            answer(ex, state, ins, object,
                   arena_printf(ex->out, "'%s' is owned %d times here", object, owned));
        }
        return true;
    }
    if (text_equal(name, "strayref_mine")) {
        bool mine = ref && ref->own > ref->lent && !(ref->flags & REF_ESCAPED);
        if (!mine && !is_zero(state, simplify(ex, state, sym))) {
            answer(ex, state, ins, object, arena_printf(ex->out, "'%s' may be another's", object));
        }
        return true;
    }
    if (text_equal(name, "strayref_known")) {
        if (ref && (ref->flags & REF_ESCAPED)) {
            answer(ex, state, ins, object,
                   arena_printf(ex->out, "'%s' may have another owner", object));
        }
        return true;
    }
    if (text_equal(name, "strayref_alive")) {
        if (ref && ledger_dead(ref)) {
            answer(ex, state, ins, object, arena_printf(ex->out, "'%s' is dead here", object));
        }
        return true;
    }
    return false;
}

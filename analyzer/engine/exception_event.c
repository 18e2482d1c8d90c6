/* exception_event.c: tells the rules what is wrong with an exception, and makes one finding of
 * what several callers of one helper come to. */
#include <string.h>

#include "engine/state.h"

/* "NULL" or "-1": what the call gave that failed. */
static const char *
failure_text(Explorer *ex, const Raised *raised)
{
    const Result *ret = raised ? &raised->outcome->ret : NULL;
    if (ret && ret->kind == RESULT_INT && ret->lo == ret->hi) {
        return arena_printf(ex->out, "%lld", (long long)ret->lo);
    }
    return ret && ret->kind == RESULT_NULL ? "NULL" : "";
}

/* The variable that holds what the call gave, else the callee. */
static const char *
object_text(Explorer *ex, const State *state, const Raised *raised)
{
    if (!raised) {
        return "";
    }
    for (uint32_t i = state->nbind; raised->value && i-- > 0;) {
        const Place *place = state->bind[i].place;
        if (state->bind[i].sym == raised->value && place->kind == PLACE_LOCAL &&
            ex->fn->local[place->index].name[0] != '\0') {
            return ex->fn->local[place->index].name;
        }
    }
    return callee_text(ex, raised->summary);
}

static const char *
result_text(Explorer *ex, const Instr *at)
{
    if (at->op != OP_RET || at->a.kind == VAL_NONE) {
        return "";
    }
    return type_is_object(ex->fn->ret) || ex->fn->ret->kind == TYPE_PTR ? "NULL" : "-1";
}

static Confidence
confidence_of(const Explorer *ex, ExceptionKind kind, const Raised *raised, const Fault *fault)
{
    bool on_purpose = kind == EXCEPTION_TRANSLATED || kind == EXCEPTION_DISTURBED ||
                      kind == EXCEPTION_REPLACED; /* perhaps */
    const Fault *inner = raised && !fault ? raised->outcome->fault : NULL;
    bool idle = fault ? fault->misused || fault->plain : raised && raised->plain;
    if (on_purpose || idle || (raised && (raised->outcome->misused || raised->summary->partial)) ||
        (inner && inner->misused)) {
        return CONFIDENCE_LOW;
    }
    bool computed = raised && raised->summary->origin == ORIGIN_COMPUTED;
    return fault || computed || ex->info->contract == CONTRACT_OBJECT ? CONFIDENCE_MEDIUM
                                                                      : CONFIDENCE_HIGH;
}

/* True when the callee whose fault it is should have done otherwise. */
static bool
is_blamed(const Explorer *ex, ExceptionKind kind, const Raised *raised, const Fault *fault, const Instr *at)
{
    if (fault->missing != (kind == EXCEPTION_MISSING)) {
        return false;
    }
    bool same_kind = fault->gives_object == type_is_object(ex->fn->ret);
    bool at_return = kind == EXCEPTION_MISSING || kind == EXCEPTION_LEFT ||
                     kind == EXCEPTION_TRISTATE;
    bool direct = at->op == OP_RET && at->a.kind == VAL_TEMP && at->a.index == raised->at->dst;
    bool passed_on = kind == EXCEPTION_MISSING && (direct || same_kind);
    return at_return && (fault->ambiguous || fault->memory || passed_on);
}

/* The state in which the rules see it: after a failure. */
static State *
failed_state(Explorer *ex, const State *state, bool fails, bool nomem)
{
    State *told = state_copy(ex, state);
    told->failed = told->failed || (fails && !nomem);
    told->oom = told->oom || nomem;
    return told;
}

/* Where the author changes something: where a failure should have been noticed, else where the
 * function does what does not fit. */
static const Loc *
place_of(const State *state, ExceptionKind kind, const Raised *raised, const Instr *at)
{
    bool unnoticed = state->err == ERRSTATE_PENDING || state->err == ERRSTATE_MAYBE;
    return raised && unnoticed && (kind == EXCEPTION_LEFT || kind == EXCEPTION_TRISTATE)
               ? &raised->at->loc : &at->loc;
}

static void
tell(Explorer *ex, State *state, ExceptionKind kind, const Raised *raised, const Fault *fault,
     const Instr *at, const char *user)
{
    bool nomem = fault ? fault->nomem : raised && raised->outcome->err == ERR_NOMEM;
    State *told = failed_state(ex, state, raised && kind != EXCEPTION_MISSING, nomem);
    Ref ref = {.sym = raised && raised->value ? raised->value : sym_int(ex, 0),
               .site = raised ? raised->at : NULL, .born = raised ? raised->summary : NULL};
    Object object = {.ex = ex, .state = told, .sym = ref.sym, .ref = ref, .at = at,
                     .name = fault ? fault->culprit : object_text(ex, state, raised)};
    ExceptionEvent event = {
        .object = &object, .kind = kind, .user = user ? display_name(ex, user) : "",
        .source = fault ? fault->culprit : raised ? callee_text(ex, raised->summary) : "",
        .failure = fault ? "" : failure_text(ex, raised),
        .result = kind == EXCEPTION_MISSING ? result_text(ex, at) : "",
        .unread = fault ? fault->unread : raised && raised->unread,
        .noticed = state->err == ERRSTATE_SET, .inside = fault != NULL,
    };
    RuleCtx rx = {.ex = ex, .object = &object, .at = at, .fact = ref.born,
                  .fact_case = raised ? raised->outcome : NULL, .fault = fault,
                  .place = !fault                      ? place_of(state, kind, raised, at)
                           : kind == EXCEPTION_MISSING ? &fault->at
                                                       : &fault->cause,
                  .raised = raised ? raised->node : NULL, .unread = event.unread,
                  .confidence = confidence_of(ex, kind, raised, fault)};
    for (uint32_t i = 0; all_rules[i]; i++) {
        rx.rule = all_rules[i];
        if (rx.rule->on_exception) {
            rx.rule->on_exception(&rx, &event);
        }
    }
}

void
event_exception(Explorer *ex, State *state, ExceptionKind kind, const Raised *raised,
                const Instr *at, const char *user)
{
    bool told = false;
    for (const Fault *f = raised ? raised->outcome->fault : NULL; f; f = f->next) {
        bool noticed = state->err == ERRSTATE_SET && kind != EXCEPTION_MISSING;
        if (!noticed && is_blamed(ex, kind, raised, f, at)) {
            ExceptionKind own = kind == EXCEPTION_MISSING ? kind
                                : f->tristate             ? EXCEPTION_TRISTATE
                                                          : EXCEPTION_LEFT;
            tell(ex, state, own, raised, f, at, user);
            told = true;
        }
    }
    if (!told) {
        tell(ex, state, kind, raised, NULL, at, user);
    }
}

/* True when both tell of the same place in the same helper. */
static bool
same_finding(const Finding *a, const Finding *b)
{
    const Rule *rule = a->rule == b->rule ? rule_find(a->rule->id) : NULL;
    return rule && rule->on_exception && loc_compare(a->loc, b->loc) == 0 &&
           (text_equal(a->object, b->object) || a->rule == &rule_error_without_exception.info) &&
           text_equal(a->function, b->function);
}

void
exception_group(EngineResult *out)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->findings.n; i++) {
        Finding *finding = out->findings.at[i];
        uint32_t j = kept;
        while (j > 0 && loc_compare(out->findings.at[j - 1]->loc, finding->loc) == 0 &&
               !same_finding(out->findings.at[j - 1], finding)) {
            j--;
        }
        bool again = j > 0 && same_finding(out->findings.at[j - 1], finding);
        Reach told = again ? out->findings.at[j - 1]->reach : REACH_COUNT;
        bool memory = again && told == REACH_OOM && text_equal(finding->object, "");
        if (again && (finding->reach < told ? !memory : finding->reach == REACH_OOM)) {
            out->findings.at[j - 1] = finding;
        }
        else if (!again) {
            out->findings.at[kept++] = finding;
        }
    }
    out->findings.n = kept;
}

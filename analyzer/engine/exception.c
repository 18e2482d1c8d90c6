/* exception.c: the exception state of a path: which call set one, who has noticed, and whether
 * it fits what the function tells its caller.
 *
 * A failure is noticed when a condition could not have come out so without it: 'n < 0' after
 * PySequence_Size, but neither 'n != 2', nor anything less than PyErr_Occurred after
 * PyLong_AsLong.  Until then the exception is pending, and the path goes on as if nothing had
 * happened.
 */
#include <string.h>

#include "engine/across.h"
#include "engine/call.h"

#define FAILURE 2000000 /* number of what a failed call gave */

bool
exception_is_set(const State *state)
{
    return state->err == ERRSTATE_SET || state->err == ERRSTATE_PENDING;
}

bool
exception_is_raised(const Case *c)
{
    return (c->err == ERR_RAISES || c->err == ERR_NOMEM) && !c->silent;
}

bool
exception_is_purpose(const Summary *summary)
{
    for (uint32_t i = 0; i < summary->ncases; i++) {
        if (!exception_is_raised(&summary->cases[i])) {
            return false;
        }
    }
    return true;
}

/* ---- what is remembered of a failure ------------------------------------------------------- */

/* True for a function of the program that gives zero when it fails, and greater numbers else. */
static bool
zero_fails(const Summary *summary)
{
    bool fails = false, more = false;
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Case *c = &summary->cases[i];
        bool zero = c->ret.kind == RESULT_INT && c->ret.lo == 0 && c->ret.hi == 0;
        fails = fails || (zero && exception_is_raised(c));
        more = more || (!zero && !exception_is_raised(c));
        if (c->ret.kind != RESULT_INT || c->ret.lo < 0 || (!zero && exception_is_raised(c))) {
            return false;
        }
    }
    return fails && more && summary->origin != ORIGIN_BUILTIN;
}

/* The numbers that the call gives when it does not fail.  Of a function of the program of which
 * nobody knows what it gives, those below zero mean failures. */
static void
note_successes(Raised *raised)
{
    const Summary *summary = raised->summary;
    raised->lo = INT64_MAX;
    raised->hi = INT64_MIN;
    raised->not_zero = true;
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Result *ret = &summary->cases[i].ret;
        bool number = ret->kind == RESULT_INT;
        bool zero = number && ret->lo == 0 && ret->hi == 0 && zero_fails(summary);
        bool fails = zero || ret->kind == RESULT_NULL || (number && ret->hi < 0);
        bool mute = fails && summary->origin != ORIGIN_BUILTIN;
        if (exception_is_raised(&summary->cases[i]) || mute) {
            continue;
        }
        bool open = number && ret->lo < -1 && summary->origin != ORIGIN_BUILTIN && ret->hi >= 0;
        int64_t lo = open ? 0 : number ? ret->lo : ret->kind != RESULT_NULL;
        int64_t hi = number ? ret->hi : ret->kind != RESULT_NULL ? INT64_MAX : 0;
        raised->lo = lo < raised->lo ? lo : raised->lo;
        raised->hi = hi > raised->hi ? hi : raised->hi;
        raised->not_zero = raised->not_zero && (lo > 0 || hi < 0);
    }
}

/* True for a question that no code of the user's answers: the objects are of types that Python or
 * the program itself brings along, and so is what they hold. */
static bool
is_plain_question(Explorer *ex, const State *state, const Call *call)
{
    bool question = call->summary->origin == ORIGIN_BUILTIN && exception_is_tristate(call->summary);
    for (uint32_t i = 0; question && i < call->nargs; i++) {
        if (across_asked(ex, state, call->name, call->arg[i]) > CHANCE_LOW) {
            return false;
        }
    }
    return question;
}

static Raised *
raised_new(Explorer *ex, const State *state, const Call *call, const Case *c, const Sym *value)
{
    Raised *raised = ARENA_NEW(ex->arena, Raised);
    raised->node = state->trace;
    raised->at = call->ins;
    raised->summary = call->summary;
    raised->outcome = c;
    raised->unread = call->ignored && !exception_is_purpose(call->summary);
    raised->plain = is_plain_question(ex, state, call);
    raised->value = value && (value->kind == SYM_CALL || value->kind == SYM_PURE) ? value : NULL;
    note_successes(raised);
    return raised;
}

const Sym *
exception_value(Explorer *ex, State *state, const Call *call, int64_t num)
{
    const Sym *sym = sym_call(ex, call->ins, FAILURE + (uint32_t)(num & 7), NULL);
    state_set_range(ex, state, sym, (Range){.sym = sym, .lo = num, .hi = num,
                                            .not_zero = num != 0});
    return sym;
}

const Sym *
exception_compared(Explorer *ex, const State *state, const Sym *value, const Sym *num)
{
    bool ones = num->kind == SYM_INT && (num->num == UINT16_MAX || num->num == UINT32_MAX);
    bool failure = ones && value->kind == SYM_CALL && value->num >= FAILURE;
    Range range = failure ? range_of(state, value) : (Range){0};
    return failure && range.lo == -1 && range.hi == -1 ? sym_int(ex, -1) : num;
}

/* Somebody knows of the exception from here on; 'looked': asks what it is. */
static void
notice(Explorer *ex, State *state, bool looked)
{
    const Raised *raised = state->raised;
    if (raised && state->err == ERRSTATE_PENDING && raised->value &&
        (!raised->value->type || raised->value->type->kind != TYPE_PTR)) {
        Range range = range_of(state, raised->value);
        if (range.lo == range.hi) {
            state_replace(state, raised->value, sym_int(ex, range.lo));
        }
    }
    state->err = ERRSTATE_SET;
    if (raised && looked && (!raised->looked || raised->over)) {
        Raised *known = ARENA_NEW(ex->arena, Raised);
        *known = *raised;
        known->looked = true;
        known->over = NULL;
        state->raised = known;
    }
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* The exception that was replaced is tested for after all, later. */
static void
forgive(Explorer *ex, State *state)
{
    Raised *raised = ARENA_NEW(ex->arena, Raised);
    *raised = *state->raised;
    raised->over = NULL;
    state->raised = raised;
}

/* True when the path takes the number that a failed call gave to be the same as another one, which
 * is not known: nor is then, whether that can be. */
static bool
meets_unknown(const State *state, const Sym *cond, bool truth)
{
    while (cond->kind == SYM_NOT) {
        cond = cond->a;
        truth = !truth;
    }
    const Sym *failed = state->raised->value;
    const Sym *other = cond->kind != SYM_CMP ? NULL : cond->a == failed ? cond->b : cond->a;
    bool compared = other && (cond->a == failed || cond->b == failed) && cond->text[0] == '=';
    return compared && truth && other->kind != SYM_INT &&
           state->raised->outcome->ret.kind == RESULT_INT;
}

void
exception_branch(Explorer *ex, State *state, const Sym *cond, bool truth)
{
    const Raised *raised = state->raised;
    bool clear = state->err == ERRSTATE_CLEAR || state->err == ERRSTATE_ENTRY;
    if (clear && exception_is_doubtful(ex, state, cond)) {
        exception_unknown(state);
    }
    if (raised && raised->over && raised->over->value &&
        sym_mentions(cond, raised->over->value)) {
        forgive(ex, state);
    }
    if (state->err != ERRSTATE_PENDING || !raised || !raised->value ||
        !sym_mentions(cond, raised->value)) {
        return;
    }
    if (meets_unknown(state, cond, truth)) {
        exception_unknown(state);
        return;
    }
    State *success = state_copy(ex, state);
    state_forget_ranges(success, raised->value);
    state_set_range(ex, success, raised->value,
                    (Range){.sym = raised->value, .lo = raised->lo, .hi = raised->hi,
                            .not_zero = raised->not_zero});
    if (raised->lo > raised->hi || !assume(ex, success, cond, truth)) {
        notice(ex, state, false);
        return;
    }
    Range range = range_of(success, raised->value);
    if (range.lo != raised->lo || range.hi != raised->hi || range.not_zero != raised->not_zero) {
        Raised *narrowed = ARENA_NEW(ex->arena, Raised);
        *narrowed = *raised;
        narrowed->lo = range.lo;
        narrowed->hi = range.hi;
        narrowed->not_zero = range.not_zero;
        state->raised = narrowed;
    }
}

void
exception_switch(Explorer *ex, State *state, const Sym *value)
{
    if (state->err == ERRSTATE_PENDING && state->raised && state->raised->value &&
        sym_mentions(value, state->raised->value)) {
        notice(ex, state, false);
    }
}

/* ---- calls --------------------------------------------------------------------------------------- */

/* What the outcome of a question about the exception says of it. */
static Asked
answer_of(const Call *call, const Case *c)
{
    if (!exception_is_taken(call)) {
        return (Asked)c->asked;
    }
    const Result *given = c->ret.kind == RESULT_VOID && c->neffect > 0 ? &c->effect[0].result
                                                                       : &c->ret;
    return given->kind == RESULT_NULL ? ASKED_CLEAR : ASKED_SET;
}

/* True when an argument was seen to be of the kind that the callee is for: then it is not
 * misused. */
static bool
is_checked(const State *state, const Call *call, bool misused)
{
    for (uint32_t i = 0; misused && i < state->nrange && call->nargs > 0; i++) {
        const Sym *sym = state->range[i].sym;
        if (sym->kind == SYM_PURE && sym->a == call->arg[0] &&
            strstr(sym->text, "_Check") && is_not_zero(state, sym)) {
            return true;
        }
    }
    return false;
}

bool
exception_allows(Explorer *ex, State *state, const Call *call, const Case *c)
{
    if (exception_is_raised(c) && is_checked(state, call, c->misused)) {
        return false;
    }
    Asked answer = answer_of(call, c);
    if (answer == ASKED_NOTHING) {
        return true;
    }
    if (answer == ASKED_CLEAR ? exception_is_set(state) : state->err == ERRSTATE_CLEAR) {
        return false;
    }
    bool taken = exception_is_taken(call);
    if (taken) {
        exception_save(ex, state);
    }
    if (state->err == ERRSTATE_ENTRY) {
        state->asked = (uint8_t)answer;
        state->err = answer == ASKED_CLEAR ? ERRSTATE_CLEAR : ERRSTATE_SET;
    }
    else if ((state->err == ERRSTATE_UNKNOWN && (!taken || answer == ASKED_SET)) ||
             state->err == ERRSTATE_MAYBE) {
        state->err = answer == ASKED_CLEAR ? ERRSTATE_CLEAR : ERRSTATE_SET;
    }
    return true;
}

static bool
is_argument(const Call *call, const Sym *sym)
{
    for (uint32_t i = 0; sym && i < call->nargs; i++) {
        if (call->arg[i] == sym) {
            return true;
        }
    }
    return false;
}

/* True for a result that nobody takes for a failure. */
static bool
is_success(const Result *ret)
{
    return ret->kind == RESULT_INT ? ret->lo >= 0 && ret->hi > 0
                                   : ret->kind != RESULT_NULL && ret->kind != RESULT_ANY;
}

/* An exception comes while another one is set. */
static void
replace(Explorer *ex, State *state, const Call *call, Raised *raised, bool purpose)
{
    const Raised *old = state->raised;
    bool passed = old && is_argument(call, old->value);
    bool pending = state->err == ERRSTATE_PENDING;
    bool memory = old && old->outcome->err == ERR_NOMEM && raised->outcome->err == ERR_NOMEM;
    bool inside = old && pending && is_success(&old->outcome->ret) &&
                  exception_fault(old->outcome, false); /* told of there */
    if (!exception_is_set(state) || !old || (memory && pending) || inside) {
        return;
    }
    passed = passed && (!pending || call->summary->origin == ORIGIN_BUILTIN);
    if (pending && !purpose) {
        bool late = old->value && state_holds(state, old->value); /* it may still be tested */
        raised->over = passed || late || raised->outcome->err == ERR_NOMEM ? old->over : old;
    }
    else if (pending) {
        event_exception(ex, state, EXCEPTION_REPLACED, old, call->ins, call->name);
    }
    else if (!old->looked && !passed && (purpose || call->summary->calls)) {
        event_exception(ex, state, purpose ? EXCEPTION_TRANSLATED : EXCEPTION_DISTURBED, old,
                        call->ins, call->name);
    }
}

static void
raise_exception(Explorer *ex, State *state, const Call *call, const Case *c, const Sym *result)
{
    bool purpose = exception_is_purpose(call->summary);
    state->oom = state->oom || c->err == ERR_NOMEM;
    if (call->summary->ncases > 1 && case_fails(c)) {
        state->failed = state->failed || c->err == ERR_RAISES;
        state->ignored = state->ignored || call->ignored;
        state_note(ex, state, NODE_FAIL, call->ins, result, call->summary, c);
    }
    else if (!c->silent) {
        state_note(ex, state, NODE_RAISE, call->ins, NULL, call->summary, c);
    }
    if (c->silent) {
        return;
    }
    bool number = c->ret.kind == RESULT_INT && c->ret.lo < 0 && c->ret.hi >= 0;
    if (c->ret.kind == RESULT_ANY || number) { /* joined of a failure and others */
        exception_unknown(state);
        return;
    }
    Raised *raised = raised_new(ex, state, call, c, result);
    replace(ex, state, call, raised, purpose);
    state->raised = raised;
    state->mute = NULL;
    state->answered = false;
    state->err = purpose ? ERRSTATE_SET : ERRSTATE_PENDING;
}

/* The callee may be another one of its name: what it does to the exception is not known. */
static void
raise_nothing(State *state, const Case *c)
{
    state->oom = state->oom || c->err == ERR_NOMEM;
    state->failed = state->failed || (c->err == ERR_RAISES && case_fails(c));
    exception_unknown(state);
}

static void
note_mute(Explorer *ex, State *state, const Call *call, const Case *c, const Sym *result)
{
    bool number = c->ret.kind == RESULT_INT && (c->ret.hi < 0 || c->fault);
    if ((c->ret.kind == RESULT_NULL || number) && exception_passes_on(ex, state, call, c)) {
        exception_unknown(state);
    }
    else if (c->ret.kind == RESULT_NULL || number) {
        if (number) {
            state_note(ex, state, NODE_NOTHING, call->ins, NULL, call->summary, c);
        }
        state->mute = raised_new(ex, state, call, c, result);
    }
}

/* True when the callee gives NULL when it fails. */
static bool
tells_by_null(const Summary *summary)
{
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Case *c = &summary->cases[i];
        if (c->ret.kind == RESULT_NULL && exception_is_raised(c)) {
            return true;
        }
    }
    return false;
}

void
exception_apply(Explorer *ex, State *state, const Call *call, const Case *c, const Sym *result)
{
    if (call->ins->a.kind == VAL_FUNC && call->summary->origin == ORIGIN_COMPUTED &&
        program_is_guess(ex->program, call->ins->a.decl)) {
        raise_nothing(state, c);
        return;
    }
    if (state->err == ERRSTATE_PENDING && call->summary->origin == ORIGIN_COMPUTED &&
        state->raised && state->raised->outcome->ret.kind == RESULT_NULL &&
        !exception_is_purpose(call->summary) && exception_may_look(call, c, state->raised->value)) {
        exception_unknown(state); /* the callee may keep what came of the failure, for later */
    }
    if (c->ret.kind == RESULT_FIELD && result && tells_by_null(call->summary)) {
        assume(ex, state, result, true); /* NULL there would be taken for a failure */
    }
    if (exception_put_back(ex, state, call)) {
        return;
    }
    switch (c->err) {
    case ERR_SAME:
        if (!exception_is_taken(call)) {
            note_mute(ex, state, call, c, result);
        }
        if (exception_is_set(state) && is_exception_call(call, "PyErr_ExceptionMatches")) {
            notice(ex, state, true);
        }
        break;
    case ERR_RAISES: case ERR_NOMEM:
        raise_exception(ex, state, call, c, result);
        if (c->silent) {
            note_mute(ex, state, call, c, result);
        }
        break;
    case ERR_CLEARS:
        note_mute(ex, state, call, c, result);
        state->err = ERRSTATE_CLEAR;
        state->raised = NULL;
        state->failed = false;
        break;
    case ERR_UNKNOWN:
        if (!exception_fault(c, false)) {
            state->err = ERRSTATE_UNKNOWN;
            state->raised = NULL;
        }
        else {
            exception_unread(ex, state, call, c);
        }
        break;
    }
    exception_name_saved(ex, state, call, result);
}

void
exception_unread(Explorer *ex, State *state, const Call *call, const Case *c)
{
    for (uint32_t i = 0; i < PARAM_MAX; i++) {
        if (c->guard[i] != GUARD_ANY && c->err != ERR_UNKNOWN) {
            return;
        }
    }
    if (!kinds_hold(ex, state, call, c, false)) {
        return;
    }
    if ((state->err == ERRSTATE_CLEAR || state->err == ERRSTATE_ENTRY) && !c->silent) {
        state_note(ex, state, NODE_LEFT, call->ins, NULL, call->summary, c);
        state->raised = raised_new(ex, state, call, c, NULL);
        state->err = ERRSTATE_MAYBE;
    }
}

void
exception_occurred(Explorer *ex, State *state, const Call *call, States *out)
{
    if (state->err != ERRSTATE_CLEAR) {
        State *yes = state_copy(ex, state);
        const Sym *sym = fresh_at(ex, yes, call, 0, call->ins->type);
        set_not_zero(ex, yes, sym);
        *state_add_ref(ex, yes, sym) = (Ref){.sym = sym, .kept = KEPT_STATIC,
                                             .born = call->summary, .site = call->ins};
        yes->asked = yes->err == ERRSTATE_ENTRY ? ASKED_SET : yes->asked;
        notice(ex, yes, true);
        if (call->ins->dst) {
            state_set_temp(ex, yes, call->ins->dst, sym);
        }
        VEC_PUSH(ex->arena, &out->list, yes);
    }
    if (!exception_is_set(state)) {
        state->asked = state->err == ERRSTATE_ENTRY ? ASKED_CLEAR : state->asked;
        state->err = ERRSTATE_CLEAR;
        state->raised = NULL;
        state->mute = NULL;
        state->answered = true;
        if (call->ins->dst) {
            state_set_temp(ex, state, call->ins->dst, sym_int(ex, 0));
        }
        VEC_PUSH(ex->arena, &out->list, state);
    }
}

void
exception_unknown(State *state)
{
    state->err = ERRSTATE_UNKNOWN;
    state->raised = NULL;
    state->mute = NULL;
}

bool
exception_is_same(const State *a, const State *b)
{
    bool pending = a->err == ERRSTATE_PENDING && a->raised && b->raised;
    return a->err == b->err && a->asked == b->asked &&
           (!pending || a->raised->at == b->raised->at) && exception_is_same_saved(a, b);
}

void
exception_join(State *into, const State *other)
{
    bool maybe = (into->err == ERRSTATE_MAYBE || other->err == ERRSTATE_MAYBE) &&
                 !exception_is_set(into) && !exception_is_set(other) &&
                 into->err != ERRSTATE_UNKNOWN && other->err != ERRSTATE_UNKNOWN;
    if (maybe && into->err != ERRSTATE_MAYBE) {
        into->raised = other->raised;
    }
    bool pending = into->err == ERRSTATE_PENDING || other->err == ERRSTATE_PENDING;
    if (pending && !exception_is_same(into, other)) {
        exception_unknown(into);
    }
    else if (into->err != other->err || into->asked != other->asked) {
        bool set = exception_is_set(into) && exception_is_set(other);
        into->err = maybe ? ERRSTATE_MAYBE : set ? ERRSTATE_SET : ERRSTATE_UNKNOWN;
    }
    into->raised = into->err == ERRSTATE_UNKNOWN ? NULL : into->raised;
    into->asked = into->asked == other->asked ? into->asked : ASKED_NOTHING;
    into->saved = exception_is_same_saved(into, other) ? into->saved : NULL;
    if (!into->mute || (other->mute && !into->mute->outcome->fault)) {
        into->mute = other->mute;
    }
}

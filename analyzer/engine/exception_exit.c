/* exception_exit.c: the end of a path: does the exception fit the result, and what do callers
 * need to know of it.
 *
 * A method or slot owes Python a failure with an exception, or a value without one.  A helper
 * owes its callers nothing; when one of its outcomes does not fit, the summary carries where
 * that is, and the method that passes it on reports it there.
 */
#include "engine/call.h"

bool
exception_is_tristate(const Summary *summary)
{
    int64_t lo = INT64_MAX, hi = INT64_MIN;
    bool fails = false;
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Case *c = &summary->cases[i];
        if (c->ret.kind != RESULT_INT) {
            return false;
        }
        if (exception_is_raised(c)) {
            fails = fails || (c->ret.lo == -1 && c->ret.hi == -1);
            continue;
        }
        lo = c->ret.lo < lo ? c->ret.lo : lo;
        hi = c->ret.hi > hi ? c->ret.hi : hi;
    }
    return fails && lo == 0 && hi == 1;
}

const Fault *
exception_fault(const Case *c, bool missing)
{
    const Fault *fault = c->fault;
    while (fault && fault->missing != missing) {
        fault = fault->next;
    }
    return fault;
}

/* What callers cannot tell of the exits of a function. */
static const Fault *
blamed(const Raised *raised, const Sym *value, bool missing)
{
    const Fault *fault = raised ? exception_fault(raised->outcome, missing) : NULL;
    bool passed_on = value && raised && raised->value == value;
    return fault && (fault->ambiguous || fault->memory || passed_on) ? fault : NULL;
}

static void
check_value(Explorer *ex, State *state, const Instr *at)
{
    const Raised *raised = state->raised;
    if (raised && (exception_is_set(state) || state->err == ERRSTATE_MAYBE)) {
        const Fault *fault = blamed(raised, NULL, false);
        bool tristate = state->err != ERRSTATE_MAYBE && !raised->looked &&
                        (fault ? fault->tristate : exception_is_tristate(raised->summary));
        event_exception(ex, state, tristate ? EXCEPTION_TRISTATE : EXCEPTION_LEFT, raised, at,
                        NULL);
    }
}

void
exception_return(Explorer *ex, State *state, const Sym *value, const Instr *at)
{
    uint8_t contract = ex->info->contract;
    if (!value || contract == CONTRACT_NONE) {
        return;
    }
    Range range = range_of(state, value);
    bool failure = contract == CONTRACT_NEGATIVE    ? range.hi < 0
                   : contract == CONTRACT_NOT_ZERO  ? is_not_zero(state, value)
                   : contract == CONTRACT_MINUS_ONE ? range.lo == -1 && range.hi == -1
                                                    : is_zero(state, value);
    bool success = contract == CONTRACT_NEGATIVE    ? range.lo >= 0
                   : contract == CONTRACT_NOT_ZERO  ? is_zero(state, value)
                   : contract == CONTRACT_MINUS_ONE ? range.lo > -1 || range.hi < -1
                                                    : is_not_zero(state, value);
    if (success) {
        check_value(ex, state, at);
    }
    bool memory = state->mute && state->oom && !state->failed;
    if (failure && contract != CONTRACT_NEXT &&
        (contract == CONTRACT_OBJECT ? !exception_is_set(state) && memory &&
                                           state->err != ERRSTATE_UNKNOWN
                                     : state->err == ERRSTATE_CLEAR)) {
        event_exception(ex, state, EXCEPTION_MISSING, state->mute, at, NULL);
    }
    if (failure && exception_is_set(state) && state->raised && state->raised->over) {
        const Raised *raised = state->raised;
        event_exception(ex, state, EXCEPTION_REPLACED, raised->over, raised->at,
                        callee_name(raised->at));
    }
}

/* The number below zero that the exit gives, or 0. */
static int64_t
failure_of(const Exit *e)
{
    Range range = e->value ? range_of(e->state, e->value) : (Range){.lo = 0};
    return range.lo == range.hi && range.lo < 0 ? range.lo : 0;
}

/* True when the function fails with this number, and an exception, elsewhere. */
static bool
raises_elsewhere(const Explorer *ex, int64_t failure)
{
    for (uint32_t i = 0; i < ex->exits.n; i++) {
        const Exit *e = &ex->exits.at[i];
        if (failure_of(e) == failure && exception_is_set(e->state)) {
            return true;
        }
    }
    return false;
}

void
exception_check_unseen(Explorer *ex)
{
    bool unseen = ex->info->contract == CONTRACT_NONE && !ex->info->is_entry &&
                  ex->program->graph->ncaller[ex->fn_index] == 0;
    for (uint32_t i = 0; unseen && ex->fn->ret->kind == TYPE_INT && i < ex->exits.n; i++) {
        const Exit *e = &ex->exits.at[i];
        bool clear = e->state->err == ERRSTATE_ENTRY || e->state->err == ERRSTATE_CLEAR;
        int64_t failure = failure_of(e);
        if (clear && failure < 0 && e->state->mute && raises_elsewhere(ex, failure)) {
            event_exception(ex, state_copy(ex, e->state), EXCEPTION_MISSING, e->state->mute,
                            e->at, NULL);
        }
    }
}

/* ---- what callers need to know -------------------------------------------------------------- */

static ErrorEffect
exit_error(const Explorer *ex, const State *state)
{
    switch (state->err) {
    case ERRSTATE_SET: case ERRSTATE_PENDING:
        return state->oom && !state->failed ? ERR_NOMEM : ERR_RAISES;
    case ERRSTATE_CLEAR:
        return ex->info->is_entry || state->asked == ASKED_CLEAR ? ERR_SAME : ERR_CLEARS;
    case ERRSTATE_UNKNOWN: case ERRSTATE_MAYBE:
        return ERR_UNKNOWN;
    default:
        return ERR_SAME;
    }
}

/* The last decision of the path. */
static const Instr *
last_branch(const State *state)
{
    const Node *node = state->trace;
    while (node && node->kind != NODE_BRANCH) {
        node = node->pred;
    }
    return node ? node->at : NULL;
}

static const Fault *
fault_of(Explorer *ex, const Exit *e, const Raised *raised, bool missing)
{
    const Fault *inner = blamed(raised, e->value, missing);
    const Fault *first = raised && missing ? exception_fault(raised->outcome, true) : NULL;
    if (!inner && first && first->gives_object == type_is_object(ex->fn->ret)) {
        inner = first; /* who reports a failure in the same way should have set an exception */
    }
    if (inner) {
        return inner;
    }
    Fault *fault = ARENA_NEW(ex->out, Fault);
    const Instr *cause = raised ? raised->at : last_branch(e->state);
    fault->fn = ex->fn->decl->name;
    fault->usr = ex->fn->decl->usr;
    fault->gives_object = type_is_object(ex->fn->ret);
    fault->missing = missing;
    fault->at = e->at->loc;
    fault->cause = cause ? cause->loc : (Loc){0};
    fault->culprit = raised ? callee_text(ex, raised->summary) : "";
    fault->memory = e->state->oom && !exception_is_set(e->state) &&
                    e->state->err != ERRSTATE_MAYBE;
    fault->nomem = fault->memory;
    if (raised && !fault->memory) {
        fault->nomem = raised->outcome->err == ERR_NOMEM;
        fault->misused = raised->outcome->misused;
        fault->tristate = e->state->err == ERRSTATE_PENDING &&
                          exception_is_tristate(raised->summary);
        fault->plain = raised->plain;
        fault->unread = raised->unread;
    }
    return fault;
}

static bool
looks_failed(const Result *ret)
{
    return ret->kind == RESULT_NULL || (ret->kind == RESULT_INT && ret->hi < 0);
}

void
exception_summarize(Explorer *ex, const Exit *e, Case *c)
{
    const State *state = e->state;
    c->err = exit_error(ex, state);
    c->asked = ex->info->is_entry ? ASKED_NOTHING : state->asked;
    if (ex->info->is_entry && ex->info->contract != CONTRACT_NONE) {
        bool end = ex->info->contract == CONTRACT_NEXT && c->ret.kind == RESULT_NULL;
        bool fits = end || looks_failed(&c->ret) == exception_is_raised(c);
        c->err = fits ? c->err : ERR_UNKNOWN; /* a finding of its own, none of its callers */
        return;
    }
    bool left = (exception_is_set(state) || state->err == ERRSTATE_MAYBE) && state->raised;
    if (left && !looks_failed(&c->ret)) {
        c->fault = fault_of(ex, e, state->raised, false);
    }
    bool positive = c->ret.kind == RESULT_INT && c->ret.lo >= 0 && c->ret.hi > 0;
    if (exception_is_raised(c) && !state->raised &&
        (positive || (c->ret.kind != RESULT_INT && c->ret.kind != RESULT_VOID &&
                      c->ret.kind != RESULT_NULL && c->ret.kind != RESULT_ANY))) {
        c->err = ERR_UNKNOWN; /* nobody knows who set it, nor whether it is the caller's */
    }
    bool zero = c->ret.kind == RESULT_INT && c->ret.lo == 0 && c->ret.hi == 0;
    bool fails = looks_failed(&c->ret) || zero; /* zero: if it stands for a failure elsewhere */
    if (!left && fails && c->err != ERR_UNKNOWN && !exception_is_raised(c) &&
        (c->ret.kind == RESULT_NULL || !state->answered)) {
        c->fault = fault_of(ex, e, state->mute, true);
    }
}

static bool
results_meet(const Result *a, const Result *b)
{
    if (a->kind == RESULT_INT && b->kind == RESULT_INT) {
        return a->lo <= b->hi && b->lo <= a->hi;
    }
    return (a->kind == RESULT_NULL) == (b->kind == RESULT_NULL);
}

/* True when another outcome gives the same result, and does otherwise with the exception. */
static bool
is_ambiguous(const Summary *summary, const Case *c)
{
    bool set = exception_is_raised(c) || c->err == ERR_UNKNOWN;
    if (c->err == ERR_UNKNOWN && exception_fault(c, false)) {
        return true; /* set, perhaps */
    }
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Case *other = &summary->cases[i];
        bool known = other->err != ERR_UNKNOWN && exception_is_raised(other) != set;
        bool maybe = other->err == ERR_UNKNOWN && exception_fault(other, false) && set;
        bool fails = set && looks_failed(&other->ret) && exception_is_raised(other);
        if (other != c && ((known && results_meet(&c->ret, &other->ret)) ||
                           (maybe && results_meet(&c->ret, &other->ret)) ||
                           (fails && !looks_failed(&c->ret)))) {
            return true;
        }
    }
    return false;
}

/* True when another outcome is the same for want of memory: then this one comes from a check of
 * the size that was asked for. */
static bool
lacks_memory(const Summary *summary, const Case *c)
{
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Case *other = &summary->cases[i];
        if (other != c && other->silent && result_equal(&c->ret, &other->ret)) {
            return c->err == ERR_SAME && effects_equal(c, other);
        }
    }
    return false;
}

void
exception_settle(Explorer *ex, Summary *summary)
{
    for (uint32_t i = 0; i < summary->ncases; i++) {
        Case *c = &summary->cases[i];
        if (c->fault && !c->fault->memory && lacks_memory(summary, c)) {
            Fault *fault = ARENA_NEW(ex->out, Fault);
            *fault = *c->fault;
            fault->memory = true;
            fault->nomem = true;
            c->fault = fault;
        }
        bool ambiguous = c->fault && is_ambiguous(summary, c);
        bool zero = c->ret.kind == RESULT_INT && c->ret.lo == 0 && c->ret.hi == 0;
        if (zero && !ambiguous && !exception_is_raised(c) && c->err != ERR_UNKNOWN) {
            c->fault = NULL; /* zero is no failure here */
        }
        const Fault *old = ambiguous ? c->fault : NULL;
        c->fault = ambiguous ? NULL : c->fault;
        for (; old; old = old->next) {
            Fault *fault = ARENA_NEW(ex->out, Fault);
            *fault = *old;
            fault->ambiguous = true;
            fault->next = c->fault;
            c->fault = fault;
        }
    }
}

#define MAX_FAULTS 12 /* told of one outcome of a helper */

bool
exception_is_same_fault(const Fault *a, const Fault *b)
{
    return text_equal(a->usr, b->usr) && a->missing == b->missing && loc_compare(a->cause, b->cause) == 0 &&
           text_equal(a->culprit, b->culprit);
}

const Fault *
exception_join_faults(Arena *arena, const Fault *a, const Fault *b)
{
    for (; b; b = b->next) {
        uint32_t n = 0;
        const Fault *known = a;
        for (; known && !exception_is_same_fault(known, b); known = known->next) {
            n++;
        }
        if (!known && n < MAX_FAULTS) {
            Fault *fault = ARENA_NEW(arena, Fault);
            *fault = *b;
            fault->next = a;
            a = fault;
        }
    }
    return a;
}

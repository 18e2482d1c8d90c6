/* exception_doubt.c: conditions that take a result for a failure although nobody knows what the
 * callee gave: then it may have set an exception as well.
 *
 * A failure is a literal -1 or NULL, or what another failing callee gave.  A number that was
 * computed, or a pointer that was read somewhere, is a failure only because its user says so.
 */
#include "engine/call.h"

#define RESULTS 4     /* numbers of one call's symbols for each thing that it gives */
#define LAST_SLOT 100 /* numbers beyond that mean something else */

/* The value of a call, or of what it puts out, that the condition asks about, or NULL. */
static const Sym *
asked_result(const Sym *cond)
{
    while (cond && (cond->kind == SYM_NOT || cond->kind == SYM_CMP || cond->kind == SYM_BIN)) {
        cond = cond->kind != SYM_NOT && cond->a->kind == SYM_INT ? cond->b : cond->a;
    }
    bool called = cond && cond->kind == SYM_CALL && cond->site && cond->site->op == OP_CALL;
    return called && cond->site->a.kind == VAL_FUNC ? cond : NULL;
}

/* What the outcome gives as its result (slot 0), or puts where parameter 'slot' - 1 points to;
 * NULL when it says nothing of that. */
static const Result *
given_in(const Case *c, uint32_t slot)
{
    if (slot == 0) {
        return &c->ret;
    }
    for (uint32_t i = 0; i < c->neffect; i++) {
        const Effect *e = &c->effect[i];
        bool out = e->kind == EFFECT_OUT || e->kind == EFFECT_RESET;
        if (out && e->param == slot - 1 && !e->path) {
            return &e->result;
        }
    }
    return NULL;
}

static bool
meets(const Result *ret, Range range)
{
    bool number = ret->kind == RESULT_INT;
    int64_t lo = number ? ret->lo : 0, hi = number ? ret->hi : 0;
    bool tells = number || ret->kind == RESULT_NULL || ret->kind == RESULT_ANY;
    return tells && lo <= range.hi && range.lo <= hi &&
           !(range.not_zero && lo == 0 && hi == 0);
}

/* True for a value that the callee does not know to be a failure, but 'range' is one. */
static bool
is_guess(const Result *ret, Range range)
{
    return ret->kind == RESULT_ANY ? range.lo == 0 && range.hi == 0
                                   : ret->kind == RESULT_INT && ret->lo < -1 && ret->hi >= 0 &&
                                         range.hi < 0;
}

bool
exception_is_doubtful(Explorer *ex, const State *state, const Sym *cond)
{
    const Sym *result = asked_result(cond);
    const Decl *decl = result ? result->site->a.decl : NULL;
    const Summary *summary = decl ? find_summary(ex, decl, decl->name) : NULL;
    if (!summary && decl) {
        return is_repeated(ex, result->site);
    }
    if (!summary || summary->origin == ORIGIN_BUILTIN || exception_is_purpose(summary) ||
        result->num >= RESULTS * LAST_SLOT) {
        return false;
    }
    Range range = range_of(state, result);
    bool guess = false, plain = false; /* plain: fails so, and sets nothing */
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Case *c = &summary->cases[i];
        const Result *ret = given_in(c, (uint32_t)result->num / RESULTS);
        bool may_raise = exception_is_raised(c) ||
                         (c->err == ERR_UNKNOWN && !exception_fault(c, false));
        if (!ret || !meets(ret, range)) {
            continue;
        }
        if (may_raise) {
            return true;
        }
        guess = guess || is_guess(ret, range);
        plain = plain || !is_guess(ret, range);
    }
    return guess && !plain;
}

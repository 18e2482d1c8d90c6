/* watch.c: one call of a function, and what it does to the count of one object.
 *
 * The object that is looked at (the focus) gets a thousand references more, so that
 * nothing can destroy it; everything else is released as the fact demands.  In the end
 * the count must be what it was, or zero for an object that the call has made.
 */
#include "refcheck.h"

#include <unistd.h>

#define GUARD 1000
#define FOCUS_ALL (-1)
#define FOCUS_RESULT MAX_PARAMS

/* ---- guarding ----------------------------------------------------------- */

static void
guard(PyObject *o)
{
    if (o != NULL) {
        Py_SET_REFCNT(o, Py_REFCNT(o) + GUARD);
    }
}

static void
unguard(PyObject *o)
{
    Py_ssize_t count = Py_REFCNT(o) - GUARD;

    if (count <= 0) {
        Py_SET_REFCNT(o, 1);
        Py_DECREF(o);
    }
    else {
        Py_SET_REFCNT(o, count);
    }
}

/* ---- the arguments ------------------------------------------------------ */

static PyObject *
make(Check *check, char letter)
{
    char name[2] = {letter, '\0'};
    PyObject *maker = letter == '-' ? NULL : PyDict_GetItemString(check->makers, name);
    PyObject *o;

    if (maker == NULL) {
        return NULL;
    }
    o = PyObject_CallNoArgs(maker);
    if (o == NULL) {
        PyErr_Print();
        _exit(3);
    }
    return o;
}

/* How many references there are to an object of that kind before it is an argument:
 * none, or those of an object that is always there. */
static Py_ssize_t
count_others(Check *check, int i)
{
    PyObject *o = make(check, check->choice.letters[i]);
    Py_ssize_t count;

    if (o == NULL) {
        return 0;
    }
    count = Py_REFCNT(o) - 1;
    Py_DECREF(o);
    return count;
}

static void
make_arguments(Check *check, int focus)
{
    const Function *f = check->function;

    memset(check->memory, 0, sizeof(check->memory));
    check->others = focus >= 0 && focus < f->nparams ? count_others(check, focus) : 0;
    check->call = (Call){.number = check->choice.number, .text = check->choice.text,
                         .memory = check->memory};
    for (int i = 0; i < f->nparams; i++) {
        PyObject *o = NULL;
        if (f->kinds[i] == 'o' || f->kinds[i] == 'O') {
            o = make(check, check->choice.letters[i]);
        }
        check->call.object[i] = check->old[i] = o;
        /* A tuple can be written to only while it has one reference. */
        if (o != NULL && (focus == i || (focus == FOCUS_ALL && !PyTuple_Check(o)))) {
            guard(o);
        }
        check->before[i] = o != NULL ? Py_REFCNT(o) : 0;
    }
    if (check->choice.raise) {
        PyErr_SetString(PyExc_ValueError, "set before the call");
    }
}

/* ---- the outcome -------------------------------------------------------- */

static bool
result_fits(const Check *check, const Outcome *outcome)
{
    const Call *call = &check->call;

    switch (outcome->result) {
    case 'n':
    case 'b':
        return call->result != NULL;
    case 's':
        return call->result != NULL && call->result == check->old[outcome->same];
    case '0':
        return call->result == NULL;
    case 'i':
        return call->returned >= outcome->low && call->returned <= outcome->high;
    default:
        return true;
    }
}

static bool
guards_fit(const Check *check, const Outcome *outcome)
{
    for (int i = 0; i < check->function->nparams; i++) {
        bool null = check->old[i] == NULL;
        if (check->function->kinds[i] == 'o' && outcome->guards[i] != '-'
            && null != (outcome->guards[i] == '0')) {
            return false;
        }
    }
    return true;
}

/* The outcome of the fact that has come, or NULL. */
static const Outcome *
find_outcome(const Check *check)
{
    bool raised = PyErr_Occurred() != NULL && !check->choice.raise;
    const Outcome *found = NULL;

    for (int i = 0; i < check->function->noutcomes; i++) {
        const Outcome *outcome = &check->function->outcomes[i];
        bool error_fits = outcome->error == 'u' || check->choice.raise
                          || raised == (outcome->error == 'r');
        if (error_fits && result_fits(check, outcome) && guards_fit(check, outcome)
            && (found == NULL || outcome->result == 's')) {
            found = outcome;
        }
    }
    return found;
}

/* Arguments of a wrong type are outside of what a fact speaks about. */
static bool
is_misuse(void)
{
    return PyErr_Occurred() != NULL
           && (PyErr_ExceptionMatches(PyExc_SystemError)
               || PyErr_ExceptionMatches(PyExc_TypeError));
}

/* ---- doing what the fact says ------------------------------------------- */

/* What is in a place after the call belongs to nobody or to us. */
static void
settle_place(Check *check, int i, char effect, int focus)
{
    PyObject *now = check->call.object[i], *old = check->old[i];
    bool replaced = effect == 'N' || effect == 'Z';

    if (focus == FOCUS_RESULT + 1 + i && now != NULL && (now != old || replaced)) {
        guard(now);
        check->watched = now;
    }
    if (effect == 'n' || effect == 'N') {
        Py_XDECREF(now);
    }
    if (!replaced && effect != 'n' && effect != 'b' && effect != '0') {
        Py_XDECREF(now);
    }
}

static void
settle(Check *check, int focus)
{
    const Function *f = check->function;
    const Outcome *outcome = check->outcome;

    if (outcome->result == 'n') {
        Py_DECREF(check->call.result);
    }
    for (int i = 0; i < f->nparams; i++) {
        char effect = outcome->effects[i];
        PyObject *o = check->call.object[i];
        if (f->kinds[i] == 'O') {
            settle_place(check, i, effect, focus);
        }
        else if (o != NULL && effect != 's' && effect != 'r') {
            if (effect == 't') {
                Py_DECREF(o);
            }
            Py_DECREF(o);
        }
    }
    PyErr_Clear();
}

/* Objects that others hold as well, caches among them. */
static bool
is_common(char letter)
{
    return strchr("1Ntanz3", letter) != NULL;
}

/* A kept object has one reference more, right after the call; not every object that is
 * written to keeps what it gets (an array of bytes does not), but some must.  One that
 * the fact does not speak about has no more, unless a new result holds it. */
static void
count_kept(Check *check)
{
    for (int i = 0; i < check->function->nparams; i++) {
        PyObject *o = check->old[i];
        char effect = check->outcome->effects[i];
        if (check->function->kinds[i] != 'o' || o == NULL || check->outcome->error != '-') {
            continue;
        }
        bool kept = Py_REFCNT(o) > check->before[i];
        if (effect == 'k') {
            check->progress->successes[i]++;
            check->progress->kept[i] += kept;
        }
        else if (effect == '-' && kept && check->call.result == NULL
                 && strpbrk(check->outcome->effects, "nN") == NULL
                 && !is_common(check->choice.letters[i])) {
            contradiction(check, "is kept, change of its count", "an argument",
                          Py_REFCNT(o) - check->before[i]);
        }
    }
}

/* ---- one call ----------------------------------------------------------- */

typedef enum Verdict { UNUSABLE, GOOD, WRONG } Verdict;

/* Calls once with everything protected; notes the outcome. */
bool
call_protected(Check *check)
{
    make_arguments(check, FOCUS_ALL);
    check->function->call(&check->call);
    check->outcome = find_outcome(check);
    if (check->outcome == NULL) {
        bool misuse = is_misuse();
        PyErr_Clear();
        if (!misuse) {
            contradiction(check, "which no outcome of the fact allows", "returned",
                          check->call.result != NULL ? 1 : check->call.returned);
        }
        return false;
    }
    count_kept(check);
    PyErr_Clear();
    return true;
}

/* Calls once and watches one object.  UNUSABLE when there is nothing to see. */
static Verdict
call_watched(Check *check, int focus)
{
    const Outcome *expected = check->outcome;
    Py_ssize_t count;

    make_arguments(check, focus);
    check->watched = focus < FOCUS_RESULT ? check->old[focus] : NULL;
    check->function->call(&check->call);
    check->outcome = find_outcome(check);
    if (check->outcome != expected) {
        PyErr_Clear();
        check->outcome = expected;
        return UNUSABLE;
    }
    if (focus == FOCUS_RESULT && (expected->result == 'n' || expected->result == 'b')) {
        guard(check->call.result);
        check->watched = check->call.result;
    }
    settle(check, focus);
    if (check->watched == NULL) {
        return UNUSABLE;
    }
    if (check->collect) {
        PyGC_Collect();
    }
    count = Py_REFCNT(check->watched) - GUARD - check->others;
    check->surplus = count;
    unguard(check->watched);
    return count == 0 ? GOOD : WRONG;
}

/* True when the object stands for another parameter as well: then the one cannot be
 * told from the other. */
static bool
is_twice(const Check *check, int focus)
{
    for (int i = 0; i < check->function->nparams; i++) {
        if (focus < FOCUS_RESULT && i != focus
            && check->choice.letters[i] == check->choice.letters[focus]
            && is_common(check->choice.letters[i])) {
            return true;
        }
    }
    return false;
}

/* True when two calls in a row say the same: each has left no reference, or as many to
 * one object that was there before. */
static bool
agree(const Check *check, int focus, Verdict verdict, const PyObject *last, Py_ssize_t surplus)
{
    if (surplus == 0 || focus < FOCUS_RESULT) {
        return verdict == GOOD && surplus == 0;
    }
    return last == check->watched && surplus > 0 && surplus == check->surplus;
}

/* An object that was there before the call has references of its own, and caches may
 * keep one for a while: two calls in a row must agree. */
static Verdict
watch(Check *check, int focus)
{
    Verdict verdict = is_twice(check, focus) ? UNUSABLE : call_watched(check, focus);

    for (int i = 0; i < 4 && verdict != UNUSABLE; i++) {
        PyObject *last = check->watched;
        Py_ssize_t surplus = check->surplus;
        check->collect = verdict == WRONG && i > 0;
        verdict = call_watched(check, focus);
        if (agree(check, focus, verdict, last, surplus)) {
            verdict = GOOD;
            break;
        }
        verdict = verdict == UNUSABLE ? UNUSABLE : WRONG;
    }
    check->collect = false;
    return verdict;
}

/* Results that refer to themselves keep counts of their own. */
static bool
is_exempt(const Check *check, int focus)
{
    if (focus < FOCUS_RESULT) {
        return check->function->kinds[focus] == 'O' && check->outcome->effects[focus] == 'x';
    }
    return check->watched != NULL && PyType_Check(check->watched);
}

void
watch_all(Check *check)
{
    bool good = true, seen = false;
    int nparams = check->function->nparams;

    for (int focus = 0; focus <= FOCUS_RESULT + nparams; focus++) {
        bool argument = focus < nparams;
        if (!argument && focus < FOCUS_RESULT) {
            continue;
        }
        if (argument && check->outcome->effects[focus] == 'K') {
            continue;
        }
        Verdict verdict = watch(check, focus);
        if (verdict == WRONG && !is_exempt(check, focus)) {
            char which[32];
            snprintf(which, sizeof(which), argument ? "argument %d" : "the result", focus + 1);
            contradiction(check, "has references too many (or too few)", which,
                          (long long)check->surplus);
            good = false;
        }
        seen |= verdict == GOOD;
    }
    if (good && seen) {
        check->progress->verified[check->outcome - check->function->outcomes]++;
    }
}

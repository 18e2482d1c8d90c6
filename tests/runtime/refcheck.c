/* refcheck.c: a module that calls functions of the C-API and compares what happens to
 * reference counts with what the facts say.
 *
 * An object that is looked at (the focus) gets a thousand references more, so that
 * nothing can destroy it; everything else is released as the fact demands.  In the end
 * the count must be what it was, or zero for an object that the call has made.  First
 * all objects are protected, to see which outcome comes; a crash then means only that
 * the arguments do not fit.  Each function runs in a process of its own.
 */
#include "refcheck.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUARD 1000
#define ENOUGH 3 /* verified calls for one outcome */
#define MAX_OUTCOMES 8
#define FOCUS_ALL (-1)
#define FOCUS_RESULT MAX_PARAMS

/* What a child tells its parent, in shared memory. */
typedef struct Progress {
    int combination;     /* being tried */
    bool focused;        /* a focus is being watched: a crash is a contradiction */
    int verified[MAX_OUTCOMES];
    int successes[MAX_PARAMS]; /* of calls that should keep the argument */
    int kept[MAX_PARAMS];      /* and did */
    int contradictions;
} Progress;

/* One choice of arguments. */
typedef struct Choice {
    char letters[MAX_PARAMS];
    Py_ssize_t number;
    const char *text;
    bool raise;
} Choice;

typedef struct Check {
    const Function *function;
    PyObject *makers; /* letter -> callable */
    Progress *progress;
    Choice choice;
    Call call;
    Py_ssize_t before[MAX_PARAMS];
    Py_ssize_t others;  /* references to the focus that have nothing to do with the call */
    PyObject *old[MAX_PARAMS]; /* what stood in places */
    const Outcome *outcome;
    PyObject *watched; /* the focus */
    Py_ssize_t surplus; /* its count in the end, beyond what it should be */
    bool collect;       /* cycles are collected before the count is read */
    char memory[4096];
} Check;

/* ---- reporting ---------------------------------------------------------- */

static void
contradiction(Check *check, const char *what, const char *which, long long found)
{
    printf("%s(", check->function->name);
    for (int i = 0; i < check->function->nparams; i++) {
        char letter = check->choice.letters[i];
        printf("%s%c", i > 0 ? ", " : "", letter != '\0' ? letter : '*');
    }
    printf("; %zd, \"%s\"): %s %s: %lld\n", check->choice.number,
           check->choice.text != NULL ? check->choice.text : "NULL", which, what, found);
    fflush(stdout);
    check->progress->contradictions++;
}

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
        if (o != NULL && (focus == FOCUS_ALL || focus == i)) {
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
static Verdict
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
        return misuse ? UNUSABLE : WRONG;
    }
    count_kept(check);
    PyErr_Clear();
    return GOOD;
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

static void
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

/* ---- all calls of a function -------------------------------------------- */

/* Takes one digit of a number in mixed radix. */
static int
take_digit(int *number, int radix)
{
    int value = *number % radix;

    *number /= radix;
    return value;
}

/* Fills the choice with the given number; false after the last.  The first object is
 * tried with all that its pool has, the others go through theirs together. */
static bool
choose(Check *check, int number)
{
    static const Py_ssize_t numbers[] = {1, 0, -1};
    const Function *f = check->function;
    size_t sizes[MAX_PARAMS] = {0}, most = 1;
    int first = -1, all, one = 0;

    for (int i = 0; i < f->nparams; i++) {
        sizes[i] = f->pools[i] != NULL ? strlen(f->pools[i]) : 0;
        if (sizes[i] > 0 && first < 0) {
            first = i;
        }
        else if (sizes[i] > most) {
            most = sizes[i];
        }
    }
    if (first >= 0) {
        one = take_digit(&number, (int)sizes[first]);
    }
    all = take_digit(&number, (int)most);
    for (int i = 0; i < f->nparams; i++) {
        if (sizes[i] > 0) {
            check->choice.letters[i] = f->pools[i][i == first ? (size_t)one
                                                              : (size_t)all % sizes[i]];
        }
    }
    check->choice.number = numbers[take_digit(&number, strchr(f->kinds, 'i') != NULL ? 3 : 1)];
    check->choice.text = f->texts[take_digit(&number, strchr(f->kinds, 's') != NULL ? 3 : 1)];
    check->choice.raise = take_digit(&number, f->raise_first ? 2 : 1) == 1;
    return number == 0;
}

static void
try_choice(Check *check)
{
    check->progress->focused = false;
    if (call_protected(check) != GOOD) {
        return;
    }
    if (check->progress->verified[check->outcome - check->function->outcomes] < ENOUGH) {
        check->progress->focused = true;
        watch_all(check);
    }
}

/* In a child: tries the choices from the given number on. */
static void
try_choices(Check *check, int from)
{
    alarm(5);
    for (int number = from; choose(check, number); number++) {
        check->progress->combination = number;
        try_choice(check);
    }
}

/* True when an outcome was verified that is no failure (or there are only such). */
static bool
is_verified(const Check *check)
{
    const Outcome *outcomes = check->function->outcomes;
    bool verified = false, succeeds = false, success = false;

    for (int i = 0; i < check->function->noutcomes; i++) {
        verified |= check->progress->verified[i] > 0;
        succeeds |= outcomes[i].error != 'r';
        success |= outcomes[i].error != 'r' && check->progress->verified[i] > 0;
    }
    return succeeds ? success : verified;
}

/* True when the function was seen to do what its fact says at least once. */
static bool
check_function(Check *check)
{
    bool done = false;

    memset(check->progress, 0, sizeof(*check->progress));
    for (int from = 0; !done; from = check->progress->combination + 1) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            try_choices(check, from);
            fflush(stdout);
            _exit(0);
        }
        waitpid(child, &status, 0);
        done = WIFEXITED(status) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
        if (!done && check->progress->focused) {
            choose(check, check->progress->combination);
            contradiction(check, "crashes when the fact is followed, signal", "it",
                          WTERMSIG(status));
        }
    }
    for (int i = 0; i < check->function->nparams; i++) {
        if (check->progress->successes[i] > 0 && check->progress->kept[i] == 0) {
            contradiction(check, "was never kept in so many calls", "an argument",
                          check->progress->successes[i]);
        }
    }
    return is_verified(check) && check->progress->contradictions == 0;
}

/* run(makers, verbose) -> (functions verified, outcomes verified, contradictions, tried) */
static PyObject *
run(PyObject *self, PyObject *args)
{
    Check check = {0};
    int verbose, nfunctions = 0, noutcomes = 0, ncontradictions = 0, ntried = 0;

    (void)self;
    if (!PyArg_ParseTuple(args, "O!p", &PyDict_Type, &check.makers, &verbose)) {
        return NULL;
    }
    check.progress = mmap(NULL, sizeof(Progress), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (check.progress == MAP_FAILED) {
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    for (check.function = functions; check.function->name != NULL; check.function++) {
        bool good = check_function(&check);
        ntried++;
        nfunctions += good;
        ncontradictions += check.progress->contradictions;
        for (int i = 0; i < check.function->noutcomes; i++) {
            noutcomes += check.progress->verified[i] > 0;
        }
        if (!good && verbose) {
            printf("not verified: %s\n", check.function->name);
        }
    }
    munmap(check.progress, sizeof(Progress));
    return Py_BuildValue("(iiii)", nfunctions, noutcomes, ncontradictions, ntried);
}

static PyMethodDef methods[] = {
    {"run", run, METH_VARARGS, "Checks all facts."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "refcheck", .m_size = -1,
                                 .m_methods = methods};

PyMODINIT_FUNC
PyInit_refcheck(void)
{
    return prepare_calls() < 0 ? NULL : PyModule_Create(&definition);
}

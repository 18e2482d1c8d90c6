/* refcheck.c: a module that calls functions of the C-API and compares what happens to
 * reference counts with what the facts say.
 *
 * Each function runs in a process of its own, with one choice of arguments after the
 * other.  First all objects are protected, to see which outcome comes; a crash then
 * means only that the arguments do not fit.  Then one object after the other is watched
 * while the fact is followed (watch.c), and a crash is a contradiction.
 */
#include "refcheck.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENOUGH 3 /* verified calls for one outcome */

/* ---- reporting ---------------------------------------------------------- */

void
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
    if (!call_protected(check)) {
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

PyMODINIT_FUNC PyInit_refcheck(void);

PyMODINIT_FUNC
PyInit_refcheck(void)
{
    return prepare_calls() < 0 ? NULL : PyModule_Create(&definition);
}

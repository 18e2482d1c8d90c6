/* worker.c: jobs -> units, each parsed in a child process of its own.
 *
 * The child sends the text form of its unit through an unlinked temporary
 * file; a crash, a hang or nonsense costs that file only.  The parent itself
 * never calls libclang before the children, which keeps fork cheap.
 */
#include "driver/cache.h"
#include "driver/preambles.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifndef HAS_ASAN
#define HAS_ASAN 0 /* with it address space is taken in terabytes */
#endif

#define CHILD_MEMORY ((rlim_t)4 << 30)
#define WORKER_MEMORY ((uint64_t)300 << 20) /* what one usually needs */
#define EXIT_NOT_WRITTEN 9                  /* the child could not write its unit */
#define EXIT_UNSTABLE 10                    /* all is well, but files changed meanwhile */

/* One running child. */
typedef struct Worker {
    pid_t pid;      /* 0: idle */
    uint32_t job;
    SharedPreamble *preamble; /* that it compiles; NULL: it parses the job's file */
    FILE *unit;     /* receives the unit's text */
    FILE *messages; /* receives what libclang prints */
} Worker;

typedef struct Pool {
    Arena *arena;
    Arena *scratch;
    Strings *strings;
    const Jobs *jobs;
    const char *overlay;
    const Options *options;
    UnitCache *known;
    Worker *workers;
    uint32_t nworkers, nrunning, nknown, ndone, nshared;
    sigset_t before;   /* the signals that were blocked */
    sigset_t awaited;  /* SIGCHLD, and those that ask to end */
    int interrupted;   /* the signal that did, or 0 */
    Preambles preambles;
    uint32_t first;    /* all jobs before it are done or being done */
    bool *begun;       /* job -> it is done or being done */
    Unit **units;
} Pool;

/* ---- in the child ----------------------------------------------------------------- */

/* The processor's time limits the work, an alarm limits waiting. */
static void
limit_child(uint32_t timeout)
{
    struct rlimit time = {timeout, timeout + 5};
    struct rlimit memory = {CHILD_MEMORY, CHILD_MEMORY};
    struct rlimit core = {0, 0};

    setrlimit(RLIMIT_CPU, &time);
    setrlimit(RLIMIT_CORE, &core);
    if (!HAS_ASAN) {
        setrlimit(RLIMIT_AS, &memory);
    }
    alarm(2 * timeout);
}

static Unit *
failed_unit(Arena *arena, Strings *strings, const Job *job, const char *why)
{
    Unit *unit = unit_new(arena, strings, job->file);
    Message message = {.loc.file = job->file, .text = str_intern(strings, why)};

    unit->status = UNIT_FAILED;
    VEC_PUSH(arena, &unit->messages, message);
    return unit;
}

/* The unit itself, or a failed one when its IR is not well formed. */
static Unit *
checked(Pool *pool, const Job *job, Unit *unit)
{
#ifdef STRAYREF_VERIFY
    Error error = {0};

    if (!unit_verify(unit, &error)) {
        return failed_unit(pool->arena, pool->strings, job,
                           arena_printf(pool->arena, "malformed IR: %s", error.text));
    }
#else
    (void)pool;
    (void)job;
#endif
    return unit;
}

/* Parses the job's file. */
static Unit *
parse_job(Pool *pool, uint32_t number)
{
    const Job *job = &pool->jobs->jobs.at[number];
    uint32_t shared = pool->preambles.of[number];

    if (shared > 0 && pool->preambles.all.at[shared - 1].state == PREAMBLE_READY) {
        return capture_unit_from(pool->arena, pool->strings, job, pool->overlay, OVERLAY_PREFIX,
                                 &pool->preambles.all.at[shared - 1].preamble);
    }
    return capture_unit(pool->arena, pool->strings, job, pool->overlay, OVERLAY_PREFIX);
}

static _Noreturn void
run_child(Pool *pool, const Worker *worker)
{
    const Job *job = &pool->jobs->jobs.at[worker->job];
    StrBuf text;
    Unit *unit;
    bool ok;

    sigprocmask(SIG_SETMASK, &pool->before, NULL);
    limit_child(pool->options->timeout);
    dup2(fileno(worker->messages), STDERR_FILENO);
    if (worker->preamble != NULL) {
        ok = preamble_compile(pool->arena, pool->strings, job, pool->overlay,
                              &worker->preamble->preamble);
        _exit(ok ? 0 : EXIT_NOT_WRITTEN);
    }
    unit = parse_job(pool, worker->job);
    strbuf_init(&text, pool->arena);
    unit_print(checked(pool, job, unit), &text);
    ok = fwrite(text.text, 1, text.length, worker->unit) == text.length;
    ok = fflush(worker->unit) == 0 && ok;
    _exit(!ok ? EXIT_NOT_WRITTEN : unit_cache_is_stable(pool->known, unit) ? 0 : EXIT_UNSTABLE);
}

/* ---- in the parent: one child ---------------------------------------------------------- */

/* The whole of a temporary file, in 'scratch'. */
static char *
read_back(Arena *scratch, FILE *file, size_t *length)
{
    StrBuf out;
    char chunk[8192];
    size_t got;

    strbuf_init(&out, scratch);
    rewind(file);
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        strbuf_add(&out, chunk, got);
    }
    *length = out.length;
    return out.text;
}

/* Why a child that did not end well did so; NULL when it ended well. */
static const char *
death(Pool *pool, int status)
{
    if (pool->interrupted != 0 && status != 0) {
        return "the scan was interrupted";
    }
    if (WIFSIGNALED(status)) {
        int number = WTERMSIG(status);

        if (number == SIGXCPU || number == SIGALRM) {
            return arena_printf(pool->scratch, "the parser took longer than %u seconds; "
                                "give it more with --timeout", pool->options->timeout);
        }
        return arena_printf(pool->scratch, "parser crashed (signal %d)", number);
    }
    if (WEXITSTATUS(status) == EXIT_NOT_WRITTEN) {
        return "what was parsed could not be written to the temporary folder; make room "
               "there, or set TMPDIR";
    }
    if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != EXIT_UNSTABLE) {
        return arena_printf(pool->scratch, "parser crashed (exit status %d)",
                            WEXITSTATUS(status));
    }
    return NULL;
}

/* The unit that a finished child has left. */
static Unit *
read_unit(Pool *pool, const Worker *worker, int status)
{
    const Job *job = &pool->jobs->jobs.at[worker->job];
    const char *why = death(pool, status);
    Error error = {0};
    Unit *unit = NULL;

    if (why == NULL) {
        size_t length;
        const char *text = read_back(pool->scratch, worker->unit, &length);

        unit = unit_read(pool->arena, pool->strings, job->file, text, length, &error);
        why = error.text;
        if (unit != NULL && WEXITSTATUS(status) == 0) {
            unit_cache_keep(pool->known, pool->scratch, job, unit, text, length);
        }
    }
    return unit != NULL ? unit : failed_unit(pool->arena, pool->strings, job, why);
}

static void
show_messages(Pool *pool, const Worker *worker)
{
    size_t length;
    const char *text = read_back(pool->scratch, worker->messages, &length);

    if (pool->options->verbose && length > 0) {
        fwrite(text, 1, length, stderr);
    }
}

static void
close_files(Worker *worker)
{
    if (worker->unit != NULL) {
        fclose(worker->unit);
    }
    if (worker->messages != NULL) {
        fclose(worker->messages);
    }
    *worker = (Worker){0};
}

/* Starts a child for the job, or for the preamble of several; false with errno set when that
 * fails. */
static bool
start(Pool *pool, Worker *worker, uint32_t job, SharedPreamble *preamble)
{
    *worker = (Worker){.job = job, .preamble = preamble, .unit = tmpfile(), .messages = tmpfile()};
    if (worker->unit != NULL && worker->messages != NULL) {
        fflush(NULL);
        worker->pid = fork();
        if (worker->pid == 0) {
            run_child(pool, worker);
        }
        if (worker->pid > 0) {
            pool->nrunning++;
            return true;
        }
    }
    int code = errno;
    close_files(worker);
    errno = code;
    return false;
}

static void
finish(Pool *pool, Worker *worker, int status)
{
    if (worker->preamble != NULL) {
        worker->preamble->state = status == 0 ? PREAMBLE_READY : PREAMBLE_FAILED;
    }
    else {
        pool->units[worker->job] = read_unit(pool, worker, status);
        pool->ndone++;
        show_messages(pool, worker);
    }
    close_files(worker);
    arena_reset(pool->scratch);
    pool->nrunning--;
}

/* ---- in the parent: all of them ----------------------------------------------------------- */

uint32_t
workers_wanted(const Options *options, uint32_t ntasks)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t n = options->workers;

    if (n == 0) {
        n = cores > 0 ? (uint64_t)cores : 1;
        n = n < memory / WORKER_MEMORY ? n : memory / WORKER_MEMORY;
    }
    n = n < ntasks ? n : ntasks;
    return n > 0 ? (uint32_t)n : 1;
}

static Worker *
find_worker(Pool *pool, pid_t pid)
{
    for (uint32_t i = 0; i < pool->nworkers; i++) {
        if (pool->workers[i].pid == pid) {
            return &pool->workers[i];
        }
    }
    return NULL;
}

/* From now on signals wait until somebody asks for them; those that are ignored stay so. */
static void
hold_signals(Pool *pool)
{
    const int ending[] = {SIGINT, SIGTERM};

    signal(SIGCHLD, SIG_DFL); /* whoever started us may have left it ignored */
    sigemptyset(&pool->awaited);
    sigaddset(&pool->awaited, SIGCHLD);
    for (size_t i = 0; i < COUNT_OF(ending); i++) {
        struct sigaction action;

        if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(&pool->awaited, ending[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &pool->awaited, &pool->before);
}

/* Waits for a signal; one that asks to end stops all children. */
static void
wait_for_signal(Pool *pool)
{
    int number = sigwaitinfo(&pool->awaited, NULL);

    if (number == SIGINT || number == SIGTERM) {
        pool->interrupted = number;
        for (uint32_t i = 0; i < pool->nworkers; i++) {
            if (pool->workers[i].pid > 0) {
                kill(pool->workers[i].pid, SIGKILL);
            }
        }
    }
}

/* Waits until one child has ended and takes its unit. */
static void
wait_for_one(Pool *pool)
{
    Worker *worker = NULL;

    while (worker == NULL) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, WNOHANG);

        worker = pid > 0 ? find_worker(pool, pid) : NULL;
        if (worker != NULL) {
            finish(pool, worker, status);
        }
        else if (pid == 0) {
            wait_for_signal(pool);
        }
        assert(pid >= 0 || errno == EINTR);
    }
}

/* True when the unit is known from an earlier scan. */
static bool
take_known(Pool *pool, uint32_t job)
{
    const Job *at = &pool->jobs->jobs.at[job];
    size_t length;
    const char *text = unit_cache_find(pool->known, pool->scratch, at, &length);

    if (text != NULL) {
        pool->units[job] = unit_read(pool->arena, pool->strings, at->file, text, length, NULL);
        pool->nknown += pool->units[job] != NULL;
    }
    arena_reset(pool->scratch);
    return pool->units[job] != NULL;
}

/* Gives the job to an idle worker; when no process can be had, waits for one
 * of ours to end and tries again. */
static void
assign(Pool *pool, uint32_t job)
{
    const Job *at = &pool->jobs->jobs.at[job];

    while (!start(pool, find_worker(pool, 0), job, NULL)) {
        if (pool->nrunning == 0) {
            pool->units[job] = failed_unit(
                pool->arena, pool->strings, at,
                arena_printf(pool->scratch, "no process for the parser: %s", strerror(errno)));
            pool->ndone++;
            return;
        }
        wait_for_one(pool);
    }
}

/* Has the next preamble compiled; false when there is none left. */
static bool
begin_preamble(Pool *pool)
{
    for (uint32_t i = 0; i < pool->preambles.all.n; i++) {
        SharedPreamble *shared = &pool->preambles.all.at[i];

        if (shared->state == PREAMBLE_WAITING) {
            shared->state = start(pool, find_worker(pool, 0), shared->job, shared)
                                ? PREAMBLE_RUNNING : PREAMBLE_FAILED;
            return true;
        }
    }
    return false;
}

/* True when the job need not wait for what it shares. */
static bool
is_ready(const Pool *pool, uint32_t job)
{
    uint32_t shared = pool->preambles.of[job];

    return shared == 0 || pool->preambles.all.at[shared - 1].state >= PREAMBLE_READY;
}

/* Begins the next thing that can be done; false when there is none. */
static bool
begin_next(Pool *pool)
{
    uint32_t njobs = pool->jobs->jobs.n;

    if (begin_preamble(pool)) {
        return true;
    }
    while (pool->first < njobs && pool->begun[pool->first]) {
        pool->first++;
    }
    for (uint32_t job = pool->first; job < njobs; job++) {
        if (!pool->begun[job] && is_ready(pool, job)) {
            uint32_t shared = pool->preambles.of[job];

            pool->begun[job] = true;
            pool->nshared += shared > 0
                             && pool->preambles.all.at[shared - 1].state == PREAMBLE_READY;
            assign(pool, job);
            return true;
        }
    }
    return false;
}

/* Nothing more is begun: what is left was not read. */
static void
give_up(Pool *pool)
{
    for (uint32_t job = pool->first; job < pool->jobs->jobs.n; job++) {
        if (!pool->begun[job]) {
            pool->begun[job] = true;
            pool->units[job] = failed_unit(pool->arena, pool->strings, &pool->jobs->jobs.at[job],
                                           "the scan was interrupted before it was read");
            pool->ndone++;
        }
    }
}

/* Takes what is known, and looks for what the rest has in common. */
static void
prepare(Pool *pool)
{
    uint32_t njobs = pool->jobs->jobs.n;

    pool->workers = ARENA_ARRAY(pool->arena, Worker, pool->nworkers);
    pool->begun = ARENA_ARRAY(pool->arena, bool, njobs + 1);
    for (uint32_t job = 0; job < njobs; job++) {
        pool->begun[job] = take_known(pool, job);
        pool->ndone += pool->begun[job] ? 1 : 0;
    }
    if (pool->options->no_preamble) {
        pool->preambles = (Preambles){.of = ARENA_ARRAY(pool->arena, uint32_t, njobs + 1)};
    }
    else {
        preambles_plan(pool->arena, pool->strings, pool->jobs, pool->units, &pool->preambles);
    }
}

int
capture_all(Arena *arena, Strings *strings, const Jobs *jobs, const char *overlay,
            const Options *options, struct UnitCache *known, ProgressFn on_progress, void *payload,
            Unit **units)
{
    uint32_t njobs = jobs->jobs.n;
    Pool pool = {.arena = arena, .scratch = arena_new(), .strings = strings, .jobs = jobs,
                 .overlay = overlay, .options = options, .known = known, .units = units,
                 .nworkers = workers_wanted(options, njobs)};

    hold_signals(&pool);
    prepare(&pool);
    while (pool.ndone < njobs || pool.nrunning > 0) {
        while (pool.interrupted == 0 && pool.nrunning < pool.nworkers && begin_next(&pool)) {
            /* another one */
        }
        if (pool.interrupted != 0) {
            give_up(&pool);
        }
        if (pool.nrunning > 0) {
            wait_for_one(&pool);
        }
        if (on_progress != NULL) {
            on_progress(payload, pool.ndone, njobs);
        }
    }
    preambles_end(&pool.preambles);
    arena_free(pool.scratch);
    sigprocmask(SIG_SETMASK, &pool.before, NULL);
    if (options->verbose) {
        say("%u of %u files known from the cache", pool.nknown, njobs);
        say("%u files begin with what was compiled once for several", pool.nshared);
    }
    return pool.interrupted;
}

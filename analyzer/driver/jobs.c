/* jobs.c: what the user named -> the files to parse, each with its flags.
 *
 * Flags come from after "--", else from the compilation database, else from
 * the installed python3.  What cannot be scanned becomes a gap, so that it
 * shows in the report and in the exit code.
 */
#include "driver/driver.h"

#include <stdlib.h>
#include <string.h>

typedef struct Finder {
    Arena *arena;
    Scan *scan;
    const Options *options;
    const char *database; /* path of the database in use, or NULL */
    Words python;         /* flags of the installed python3, once asked for */
    Str python_version;
    uint32_t nloose;      /* files read with those flags ... */
    const char *loose;    /* ... and the first of them */
    uint32_t nrefused;    /* paths of the user that cannot be scanned */
} Finder;

static void
add_gap(Scan *scan, const char *file, const char *why)
{
    Gap gap = {.loc.file = str_intern(scan->strings, file), .why = why};

    VEC_PUSH(scan->arena, &scan->gaps, gap);
}

/* A ProblemFn: an entry of the database that cannot be used. */
static void
on_problem(void *payload, const char *file, const char *message)
{
    Scan *scan = payload;

    add_gap(scan, file, arena_strndup(scan->arena, message, strlen(message)));
}

/* ---- files that no database knows ---------------------------------------------------- */

static bool
ask_python(Finder *f, Error *error)
{
    Str *flags;
    uint32_t nflags;

    if (f->python_version != NULL) {
        return true;
    }
    if (!python_flags(f->arena, f->scan->strings, &flags, &nflags, &f->python_version, error)) {
        return false;
    }
    for (uint32_t i = 0; i < nflags; i++) {
        VEC_PUSH(f->arena, &f->python, flags[i]);
    }
    return true;
}

/* Tells the user once whose flags were used, and why. */
static void
note_python(Finder *f)
{
    const char *more = "", *why = "there is no compile_commands.json";

    if (f->nloose == 0) {
        return;
    }
    if (f->nloose > 1) {
        more = arena_printf(f->arena, " and %u more", f->nloose - 1);
    }
    if (f->database != NULL) {
        why = arena_printf(f->arena, "%s does not name it", path_shown(f->arena, f->database));
    }
    VEC_PUSH(f->arena, &f->scan->jobs.notes,
             str_internf(f->scan->strings,
                         "%s%s: read with the include flags of the installed python3 (%s), "
                         "because %s", f->loose, more, f->python_version, why));
}

/* Tells the user once which flags were left out because they would run somebody's code. */
static void
note_unsafe(Scan *scan)
{
    const Job *first = NULL;
    uint32_t n = 0;

    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        if (scan->jobs.jobs.at[i].unsafe != NULL) {
            first = n++ == 0 ? &scan->jobs.jobs.at[i] : first;
        }
    }
    if (n > 0) {
        VEC_PUSH(scan->arena, &scan->jobs.notes,
                 str_internf(scan->strings, "flags that load code into a compiler are left out: %s "
                             "of %s%s", first->unsafe, path_basename(first->file),
                             n > 1 ? " and others" : ""));
    }
}

/* Adds one file, with the flags given or those of python3. */
static bool
add_file(Finder *f, const char *path, Error *error)
{
    const Options *options = f->options;
    Jobs *jobs = &f->scan->jobs;
    const char *const *flags = options->flags;
    uint32_t nflags = options->nflags;
    Job job;

    if (!options->has_flags) {
        if (!ask_python(f, error)) {
            return false;
        }
        f->loose = f->nloose++ == 0 ? path : f->loose;
        flags = f->python.at;
        nflags = f->python.n;
    }
    job = job_for_file(f->arena, f->scan->strings, path, flags, (int)nflags);
    VEC_PUSH(f->arena, &jobs->jobs, job);
    if (jobs->root == NULL) {
        jobs->root = str_intern(f->scan->strings, path_dirname(f->arena, job.file));
    }
    return true;
}

/* Why a path that is not in the database cannot be scanned; NULL when it can. */
static const char *
refuse_path(Finder *f, const char *path)
{
    if (path_is_dir(path)) {
        if (f->options->has_flags) {
            return "this is a folder; with flags after --, name its files";
        }
        return arena_printf(f->arena, "%s names no file below this folder; name its files, "
                            "or make the database anew", path_shown(f->arena, f->database));
    }
    if (!path_is_file(path)) {
        return "no such file or folder";
    }
    return source_is_c(path) ? NULL : "this is not a C source file, by its suffix";
}

/* Adds what the user named, when it is no part of the database. */
static bool
add_path(Finder *f, const char *path, Error *error)
{
    const char *why = refuse_path(f, path);

    if (why != NULL) {
        add_gap(f->scan, path_absolute(f->arena, NULL, path), why);
        f->nrefused++;
        return true;
    }
    return add_file(f, path, error);
}

/* ---- narrowing a database ---------------------------------------------------------------- */

/* One path of the user: as written, and with symbolic links resolved. */
typedef struct Target {
    const char *path;
    const char *real;
    bool matched;
} Target;

static Target
make_target(Arena *arena, const char *given)
{
    Target target = {.path = path_absolute(arena, NULL, given)};
    char *real = realpath(given, NULL);

    target.real = real != NULL ? arena_strndup(arena, real, strlen(real)) : target.path;
    free(real);
    return target;
}

/* True when some target is the file or a folder above it; marks all that are. */
static bool
is_wanted(const char *file, Target *targets, uint32_t ntargets)
{
    bool wanted = ntargets == 0;

    for (uint32_t i = 0; i < ntargets; i++) {
        if (path_is_below(file, targets[i].path) || path_is_below(file, targets[i].real)) {
            targets[i].matched = true;
            wanted = true;
        }
    }
    return wanted;
}

/* Keeps jobs for what the user named and the database does not: those that include it. */
static void
keep_includers(Scan *scan, Target *targets, uint32_t ntargets, bool *kept)
{
    for (uint32_t i = 0; i < ntargets; i++) {
        if (!targets[i].matched && path_is_file(targets[i].real)
            && includes_find(scan, targets[i].real, kept) > 0) {
            targets[i].matched = true;
            scan->named_only = true;
        }
    }
}

/* Keeps the jobs and gaps that lie below the targets. */
static void
narrow(Scan *scan, Target *targets, uint32_t ntargets)
{
    Jobs *jobs = &scan->jobs;
    uint32_t njobs = 0, ngaps = 0;
    bool *kept = ARENA_ARRAY(scan->arena, bool, jobs->jobs.n + 1);

    for (uint32_t i = 0; i < jobs->jobs.n; i++) {
        kept[i] = is_wanted(jobs->jobs.at[i].file, targets, ntargets);
    }
    keep_includers(scan, targets, ntargets, kept);
    for (uint32_t i = 0; i < jobs->jobs.n; i++) {
        if (kept[i]) {
            jobs->jobs.at[njobs++] = jobs->jobs.at[i];
        }
    }
    for (uint32_t i = 0; i < scan->gaps.n; i++) {
        if (is_wanted(scan->gaps.at[i].loc.file, targets, ntargets)) {
            scan->gaps.at[ngaps++] = scan->gaps.at[i];
        }
    }
    jobs->jobs.n = njobs;
    scan->gaps.n = ngaps;
}

/* ---- one order for every database -------------------------------------------------------- */

/* By file, then by flags. */
static int
compare_jobs(const void *a, const void *b)
{
    const Job *x = a, *y = b;
    int order = strcmp(x->file, y->file);

    for (uint32_t i = 0; order == 0 && i < x->nargs && i < y->nargs; i++) {
        order = strcmp(x->args[i], y->args[i]);
    }
    return order != 0 ? order : (x->nargs > y->nargs) - (x->nargs < y->nargs);
}

static int
compare_gaps(const void *a, const void *b)
{
    const Gap *x = a, *y = b;
    int order = strcmp(x->loc.file, y->loc.file);

    return order != 0 ? order : strcmp(x->why, y->why);
}

/* A parallel build writes its database in another order each time; what is reported
 * must not depend on that. */
static void
put_in_order(Scan *scan)
{
    Jobs *jobs = &scan->jobs;

    if (jobs->jobs.n > 1) {
        qsort(jobs->jobs.at, jobs->jobs.n, sizeof(Job), compare_jobs);
    }
    if (scan->gaps.n > 1) {
        qsort(scan->gaps.at, scan->gaps.n, sizeof(Gap), compare_gaps);
    }
}

/* ---- the three sources of flags ------------------------------------------------------------- */

static bool
add_paths(Finder *f, const Target *targets, Error *error)
{
    for (uint32_t i = 0; i < f->options->npaths; i++) {
        if ((targets == NULL || !targets[i].matched) &&
            !add_path(f, f->options->paths[i], error)) {
            return false;
        }
    }
    return true;
}

static bool
use_database(Finder *f, Error *error)
{
    uint32_t n = f->options->npaths;
    Target *targets = ARENA_ARRAY(f->arena, Target, n + 1);

    for (uint32_t i = 0; i < n; i++) {
        targets[i] = make_target(f->arena, f->options->paths[i]);
    }
    if (!compdb_read(f->arena, f->scan->strings, f->database, &f->scan->jobs, on_problem,
                     f->scan, error)) {
        return false;
    }
    narrow(f->scan, targets, n);
    put_in_order(f->scan);
    return add_paths(f, targets, error);
}

/* Without a database only files can be scanned. */
static bool
use_python(Finder *f, const char *tried, Error *error)
{
    bool has_folder = f->options->npaths == 0;

    for (uint32_t i = 0; i < f->options->npaths; i++) {
        has_folder = has_folder || path_is_dir(f->options->paths[i]);
    }
    if (has_folder) {
        return error_set(error, ERROR_INPUT, "no compile_commands.json found; " COMPDB_REMEDY
                         "\nlooked for:\n%.*s", (int)(strlen(tried) - 1), tried);
    }
    return add_paths(f, NULL, error);
}

static bool
use_flags(Finder *f, Error *error)
{
    if (f->options->npaths == 0) {
        return error_set(error, ERROR_USAGE, "flags after -- need a file to go with: "
                         "strayref %s FILE.c -- FLAGS", f->options->command);
    }
    return add_paths(f, NULL, error);
}

/* The error of a scan without a file: each path was refused, or there was none. */
static bool
nothing_to_do(Scan *scan, Error *error)
{
    uint32_t last = scan->gaps.n - 1;

    if (scan->gaps.n == 0) {
        return error_set(error, ERROR_INPUT, "the database names no C or C++ file; "
                         "make it anew with the build of the extension");
    }
    for (uint32_t i = 0; i < last; i++) {
        say("%s: %s", path_shown(scan->arena, scan->gaps.at[i].loc.file), scan->gaps.at[i].why);
    }
    return error_set(error, ERROR_INPUT, "%s: %s",
                     path_shown(scan->arena, scan->gaps.at[last].loc.file),
                     scan->gaps.at[last].why);
}

bool
scan_find_jobs(Scan *scan, const Options *options, Error *error)
{
    Finder f = {.arena = scan->arena, .scan = scan, .options = options};
    const char *start = options->npaths > 0 ? options->paths[0] : ".";
    StrBuf tried;
    bool ok;

    strbuf_init(&tried, scan->arena);
    if (options->has_flags) {
        ok = use_flags(&f, error);
    }
    else {
        f.database = options->database != NULL ? options->database
                                               : compdb_find(scan->arena, start, &tried);
        scan->database = f.database;
        ok = f.database != NULL ? use_database(&f, error) : use_python(&f, tried.text, error);
    }
    if (ok && scan->jobs.jobs.n == 0 && scan->gaps.n == f.nrefused) {
        return nothing_to_do(scan, error);
    }
    note_python(&f);
    note_unsafe(scan);
    return ok;
}

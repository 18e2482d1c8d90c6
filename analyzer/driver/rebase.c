/* rebase.c: the jobs of one tree of source -> the same jobs in a copy of the tree elsewhere.
 *
 * What the copy lacks (generated headers, installed ones) is read where it was.
 */
#include <string.h>

#include "driver/gate.h"

static bool
exists(const char *path)
{
    return path_is_file(path) || path_is_dir(path);
}

/* The place of an absolute path in the copy, were it there. */
static const char *
counterpart(Arena *arena, const struct Rebase *rebase, const char *path)
{
    const char *rest = path_relative(arena, rebase->from, path);

    return text_equal(path, rebase->from) ? rebase->to : path_absolute(arena, rebase->to, rest);
}

/* The path in the copy when it is there, else as it is. */
static const char *
map_path(Arena *arena, const struct Rebase *rebase, const char *path)
{
    const char *copy;

    if (!path_is_below(path, rebase->from)) {
        return path;
    }
    copy = counterpart(arena, rebase, path);
    return exists(copy) ? copy : path;
}

/* The name that the file had in the copy. */
static const char *
old_name(Arena *arena, const struct Rebase *rebase, const char *file)
{
    const char *name = path_relative(arena, rebase->from, file);

    for (uint32_t i = 0; i < rebase->renames.n; i++) {
        if (text_equal(rebase->renames.at[i].to, name)) {
            return path_absolute(arena, rebase->from, rebase->renames.at[i].from);
        }
    }
    return file;
}

static bool
is_ignored(Arena *arena, const struct Rebase *rebase, const char *file)
{
    const char *const args[] = {"check-ignore", "--quiet", "--", file, NULL};

    return git_run(arena, rebase->from, NULL, args, NULL, NULL) != NULL;
}

/* The job's file in the copy; NULL when there is none. */
static const char *
map_file(Arena *arena, const struct Rebase *rebase, const char *file)
{
    const char *copy;

    if (!path_is_below(file, rebase->from)) {
        return file;
    }
    copy = counterpart(arena, rebase, old_name(arena, rebase, file));
    if (path_is_file(copy)) {
        return copy;
    }
    return is_ignored(arena, rebase, file) ? file : NULL;
}

/* ---- arguments ---------------------------------------------------------------------------- */

/* The option that takes a path and begins the argument; NULL when it is none. */
static const char *
path_option(const char *arg)
{
    static const char *const options[] = {"-include", "-imacros", "-isystem", "-iquote",
                                          "-idirafter", "-Wp,-I", "-I", "-F"};

    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (text_starts(arg, options[i])) {
            return options[i];
        }
    }
    return NULL;
}

/* The path of an argument, in the copy when it is there.  "-include stdio.h" names no path
 * that is there: it stays. */
static const char *
map_argument(Arena *arena, const struct Rebase *rebase, const char *directory, const char *path)
{
    const char *whole = path_absolute(arena, directory, path);

    return exists(whole) ? map_path(arena, rebase, whole) : path;
}

static void
map_arguments(Scan *scan, const struct Rebase *rebase, Job *job)
{
    Str *args = ARENA_ARRAY(scan->arena, Str, job->nargs + 1);

    for (uint32_t i = 0; i < job->nargs; i++) {
        const char *option = path_option(job->args[i]);
        size_t length = option != NULL ? strlen(option) : 0;
        bool joined = option != NULL && job->args[i][length] != '\0';

        args[i] = job->args[i];
        if (joined) {
            args[i] = str_internf(scan->strings, "%s%s", option,
                                  map_argument(scan->arena, rebase, job->directory,
                                               job->args[i] + length));
        }
        else if (option != NULL && i + 1 < job->nargs) {
            i++;
            args[i] = str_intern(scan->strings, map_argument(scan->arena, rebase, job->directory,
                                                             job->args[i]));
        }
    }
    job->args = args;
}

void
rebase_jobs(Scan *scan, const struct Rebase *rebase)
{
    Jobs *jobs = &scan->jobs;
    uint32_t n = 0;

    for (uint32_t i = 0; i < jobs->jobs.n; i++) {
        Job job = jobs->jobs.at[i];
        const char *file = map_file(scan->arena, rebase, job.file);

        if (file == NULL) {
            continue;
        }
        map_arguments(scan, rebase, &job);
        if (!text_equal(file, job.file)) {
            job.file = str_intern(scan->strings, file);
            job.directory = str_intern(scan->strings,
                                       map_path(scan->arena, rebase, job.directory));
        }
        jobs->jobs.at[n++] = job;
    }
    jobs->jobs.n = n;
    scan->gaps.n = 0;
    jobs->root = str_intern(scan->strings, counterpart(scan->arena, rebase, jobs->root));
}

/* gate_check.c: what the options say of baselines, diffs and revisions, before a scan. */
#include <string.h>

#include "driver/gate.h"

/* A folder of the project, as far as the options show it. */
static const char *
project_folder(Arena *arena, const Options *options)
{
    const char *start = options->database != NULL ? options->database
                        : options->npaths > 0 ? options->paths[0] : ".";
    const char *path = path_absolute(arena, NULL, start);

    return path_is_dir(path) ? path : path_dirname(arena, path);
}

/* Where there is no repository, base_apply finds out later. */
static bool
check_base(Arena *arena, const Options *options, Error *error)
{
    const char *folder = project_folder(arena, options);
    const char *const where[] = {"rev-parse", "--git-dir", NULL};
    const char *const which[] = {"rev-parse", "--verify", "--quiet", "--end-of-options",
                                 arena_printf(arena, "%s^{commit}", options->base), NULL};

    return git_run(arena, folder, NULL, where, NULL, NULL) == NULL
           || git_run(arena, folder, NULL, which, NULL, NULL) != NULL
           || error_set(error, ERROR_USAGE, "--base %s: git knows no such revision here; fetch it "
                        "(a shallow clone lacks it)", options->base);
}

static bool
check_diff(Arena *arena, const char *path, Error *error)
{
    const char *text = file_read(arena, path, NULL, error);
    Changes changes;

    return text != NULL && diff_parse(arena, path, text, &changes, error);
}

bool
gate_check(Arena *arena, const Options *options, Error *error)
{
    Baseline baseline;

    if (options->baseline != NULL && !baseline_read(arena, options->baseline, &baseline, error)) {
        return false;
    }
    if (options->diff != NULL && !text_equal(options->diff, "-")
        && !check_diff(arena, options->diff, error)) {
        return false;
    }
    return options->base == NULL || check_base(arena, options, error);
}

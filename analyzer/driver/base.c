/* base.c: --base: the findings of a revision of git, to tell the new ones from those.
 *
 * The revision is the commit where the work at hand left REF (git merge-base).  Its files
 * are written into a temporary folder with an index of their own, so that the repository
 * stays as it is, and the jobs of the scan are run on them.
 */
#include <string.h>

#include "driver/cache.h"
#include "driver/gate.h"

typedef struct Base {
    Scan *scan;           /* of the files as they are */
    const char *ref;      /* as the user wrote it */
    const char *top;      /* of the repository */
    const char *commit;
    const char *cache;    /* folder of the cache, NULL: none */
    const char *folder;   /* for the files of the revision, and git's indexes */
    uint32_t nindexes;
    struct Rebase rebase;
} Base;

/* Finds the repository and the commit. */
static bool
find_commit(Base *base, Error *error)
{
    Arena *arena = base->scan->arena;
    const char *root = base->scan->jobs.root;
    const char *const where[] = {"rev-parse", "--show-cdup", NULL};
    const char *const which[] = {"rev-parse", "--verify", "--quiet", "--end-of-options",
                                 arena_printf(arena, "%s^{commit}", base->ref), NULL};
    const char *up = git_line(arena, root, where, error), *left;

    if (up == NULL) {
        return false;
    }
    base->top = path_absolute(arena, root, up[0] != '\0' ? up : ".");
    base->commit = git_line(arena, root, which, NULL);
    if (base->commit == NULL) {
        return error_set(error, ERROR_USAGE, "--base %s: git knows no such revision here; fetch it "
                         "(a shallow clone lacks it)", base->ref);
    }
    left = git_line(arena, root, (const char *const[]){"merge-base", base->commit, "HEAD", NULL},
                    NULL);
    if (left != NULL && left[0] != '\0') {
        base->commit = left;
    }
    return true;
}

static bool write_tree(Base *base, const char *top, const char *commit, const char *folder,
                       Error *error);

/* Writes the submodules that the index names ("160000 COMMIT 0<tab>NAME"), as they were then;
 * those that are not checked out today are not needed. */
static bool
write_submodules(Base *base, const char *top, const char *index, const char *folder,
                 Error *error)
{
    Arena *arena = base->scan->arena;
    const char *const list[] = {"ls-files", "--stage", "-z", NULL};
    size_t length = 0;
    const char *at = git_run(arena, top, index, list, &length, error);
    const char *end = at != NULL ? at + length : NULL;

    for (; at != NULL && at < end; at += strlen(at) + 1) {
        const char *name = strchr(at, '\t'), *commit = at + strlen("160000 ");
        const char *there;

        if (!text_starts(at, "160000 ") || name == NULL) {
            continue;
        }
        there = path_absolute(arena, top, name + 1);
        if (!path_is_file(path_absolute(arena, there, ".git"))
            && !path_is_dir(path_absolute(arena, there, ".git"))) {
            continue;
        }
        if (!write_tree(base, there, arena_strndup(arena, commit, strcspn(commit, " ")),
                        path_absolute(arena, folder, name + 1), error)) {
            return error_set(error, ERROR_INPUT, "--base %s: the submodule %s lacks the commit of "
                             "that revision; fetch it there", base->ref, name + 1);
        }
    }
    return at != NULL;
}

/* Writes the files of the commit, in the repository 'top', into 'folder'. */
static bool
write_tree(Base *base, const char *top, const char *commit, const char *folder, Error *error)
{
    Arena *arena = base->scan->arena;
    const char *index = path_absolute(arena, base->folder,
                                      arena_printf(arena, "index%u", base->nindexes++));
    const char *const read[] = {"read-tree", commit, NULL};
    const char *const write[] = {"checkout-index", "--all", "--force",
                                 arena_printf(arena, "--prefix=%s/", folder), NULL};

    return git_run(arena, top, index, read, NULL, error) != NULL
           && git_run(arena, top, index, write, NULL, error) != NULL
           && write_submodules(base, top, index, folder, error);
}

/* Writes the files of the commit below 'folder'. */
static bool
check_out(Base *base, const char *folder, Error *error)
{
    base->folder = folder;
    base->rebase.from = base->top;
    base->rebase.to = path_absolute(base->scan->arena, folder, "tree");
    return write_tree(base, base->top, base->commit, base->rebase.to, error)
           && git_renames(base->scan->arena, base->top, base->commit, &base->rebase.renames,
                          error);
}

/* True when the file of the same name parses well as it is now. */
static bool
is_well_now(const Base *base, const char *name)
{
    const Scan *scan = base->scan;

    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const char *file = path_relative(scan->arena, scan->jobs.root, scan->jobs.jobs.at[i].file);

        if (text_equal(file, name) && scan->units[i]->status == UNIT_OK) {
            return true;
        }
    }
    return false;
}

/* False with 'error' set when some file of the revision does not parse, but does now: what
 * is found in it would all look new. */
static bool
check_built(const Base *base, const Scan *old, Error *error)
{
    for (uint32_t i = 0; i < old->jobs.jobs.n; i++) {
        const Unit *unit = old->units[i];
        const char *name = path_relative(old->arena, old->jobs.root, unit->path);

        if (unit->status != UNIT_OK && is_well_now(base, name)) {
            const char *why = unit->messages.n > 0 ? unit->messages.at[0].text : "it is not parsed";
            uint32_t line = unit->messages.n > 0 ? unit->messages.at[0].loc.line : 0;

            return error_set(error, ERROR_INPUT, "--base %s: this revision does not build: %s:%u: "
                             "%s", base->ref, name, line, why);
        }
    }
    return true;
}

/* Scans the revision and gives its findings the form of a baseline, as text. */
static const char *
scan_old(Base *base, const Options *options, Error *error)
{
    Arena *arena = arena_new();
    Options own = *options;
    Baseline baseline = {.name = base->ref};
    const char *result = NULL;
    StrBuf out;
    Scan old;

    own.quiet = true;
    own.rebase = &base->rebase;
    own.cache = base->cache;
    if (scan_versions(arena, &own, &old, error) && check_built(base, &old, error)) {
        suppress_apply(&old, false, false);
        strbuf_init(&out, base->scan->arena);
        VEC_PUSH(arena, &baseline.commits, base->commit);
        baseline_add(arena, &baseline, &old.result);
        baseline_print(arena, &baseline, &out);
        result = out.text;
    }
    arena_free(arena);
    return result;
}

/* True when some finding could be known to the revision. */
static bool
has_new(const RunResult *run)
{
    for (uint32_t i = 0; i < run->nfindings; i++) {
        if (run->findings[i]->suppressed == NULL && !run->findings[i]->known) {
            return true;
        }
    }
    return false;
}

/* Makes the folder for the revision: one of the same name each time, beside the cache, so that
 * the cache knows its files again; a temporary one when there is no cache, or another scan
 * has it. */
static bool
make_folder(Base *base, const Options *options, TempDir *folder, Error *error)
{
    Arena *arena = base->scan->arena;

    base->cache = cache_folder(arena, options, base->scan);
    if (base->cache != NULL && path_is_dir(base->cache)
        && tempdir_make_at(arena, arena_printf(arena, "%s/base-%s", base->cache, base->commit),
                           folder)) {
        return true;
    }
    base->cache = NULL;
    return tempdir_make(arena, folder, error);
}

bool
base_apply(Scan *scan, const Options *options, Error *error)
{
    Base base = {.scan = scan, .ref = options->base};
    Baseline baseline;
    TempDir folder;
    const char *text = NULL;

    if (options->base == NULL) {
        return true;
    }
    if (!find_commit(&base, error)) {
        return false;
    }
    if (!has_new(&scan->result)) {
        return true;
    }
    if (!make_folder(&base, options, &folder, error)) {
        return false;
    }
    if (check_out(&base, folder.path, error)) {
        text = scan_old(&base, options, error);
    }
    tempdir_remove(&folder);
    if (text == NULL || !baseline_parse(scan->arena, base.ref, text, &baseline, error)) {
        return false;
    }
    baseline_match(scan->arena, &baseline, &scan->result);
    return true;
}

/* cache_command.c: strayref cache: what is in the cache, and what is too old for it; and where
 * the cache is.
 */
#include "driver/cache.h"

#include <inttypes.h>
#include <unistd.h>

#define DAYS_KEPT 30

const char *
cache_folder(Arena *arena, const Options *options, const Scan *scan)
{
    if (options->no_cache || (options->rebase != NULL && options->cache == NULL)) {
        return NULL; /* the files of a revision have no place of their own, unless one is given */
    }
    if (options->cache != NULL) {
        return options->cache;
    }
    return scan->database == NULL ? NULL
                                  : arena_printf(arena, "%s/" CACHE_FOLDER, scan->jobs.root);
}

static bool
is_link(const char *path)
{
    char first;

    return readlink(path, &first, 1) >= 0;
}

Cache *
cache_wanted(Arena *arena, const Options *options, const Scan *scan)
{
    const char *folder = options->store == NULL ? cache_folder(arena, options, scan) : NULL;

    if (scan->cache_failed || options->rebase != NULL) {
        return NULL;
    }
    if (options->store != NULL) {
        return cache_open_store(arena, options->store);
    }
    if (folder != NULL && options->cache == NULL && is_link(folder)) { /* the project's, not ours */
        say("the cache %s is a link, and where it leads nobody said; the scan goes on without it "
            "(--cache DIR names a folder)", folder);
        return NULL;
    }
    return folder != NULL ? cache_open(arena, folder) : NULL;
}

/* The folder for the command: that of --cache, or beside the database. */
static const char *
find_folder(Arena *arena, const Options *options, Error *error)
{
    const char *database = options->database;

    if (options->cache != NULL) {
        return options->cache;
    }
    if (database == NULL) {
        database = compdb_find(arena, ".", NULL);
    }
    if (database == NULL) {
        error_set(error, ERROR_USAGE, "no compile_commands.json found; say where the cache is "
                  "with -p DIR or --cache DIR");
        return NULL;
    }
    if (!path_is_dir(database)) {
        database = path_dirname(arena, database);
    }
    return arena_printf(arena, "%s/" CACHE_FOLDER, path_absolute(arena, NULL, database));
}

static void
print_info(const char *folder, const CacheInfo *info)
{
    static const char *const kinds[] = {"lists of files", "units", "results"};

    printf("%s/" CACHE_FILE ": %.1f MB\n", folder, (double)info->size / 1e6);
    for (int kind = 0; kind < CACHE_KINDS; kind++) {
        printf("  %-15s %8" PRIu64 "  %10.1f MB\n", kinds[kind], info->entries[kind],
               (double)info->bytes[kind] / 1e6);
    }
    printf("  %" PRIu64 " made by other versions of strayref\n", info->foreign);
}

int
command_cache(Arena *arena, const Options *options)
{
    Error error = {0};
    const char *folder = find_folder(arena, options, &error);
    CacheInfo info;
    bool ok;

    if (folder == NULL) {
        return say_error(&error);
    }
    ok = text_equal(options->paths[0], "prune")
             ? cache_prune(arena, folder, DAYS_KEPT, &info, &error)
             : cache_info(arena, folder, &info, &error);
    if (!ok) {
        return say_error(&error);
    }
    print_info(folder, &info);
    return EXIT_CLEAN;
}

/* cache_unit.c: units by what they were made of: the program, the arguments that decide
 * what a file says, and every file that was read.
 *
 * What a job reads is known only once it has been parsed.  So there are two steps: the job
 * leads to the lists of files that it consisted of before, each with its digest; the list
 * whose files are all as they were leads to the unit.  The list has the folders as well in
 * which a new file could come before one that was read.
 */
#include "driver/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/embedded.h"

#define MAX_LISTS 4 /* that are tried for one job */

/* A file or a folder, as it is now. */
typedef struct Content {
    bool known, there;
    Digest digest;
} Content;

struct UnitCache {
    Arena *arena;
    Strings *strings;
    Cache *cache;
    Digest maker;          /* the program, libclang, and the overlay */
    struct timespec start; /* what changes later is not to be trusted */
    Map files, folders;    /* interned path -> Content * */
};

UnitCache *
unit_cache_new(Arena *arena, Strings *strings, Cache *cache, const char *overlay)
{
    UnitCache *units = ARENA_NEW(arena, UnitCache);
    static const char *const variables[] = {"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"};
    StrBuf text;

    units->arena = arena;
    units->strings = strings;
    units->cache = cache;
    map_init(&units->files, arena);
    map_init(&units->folders, arena);
    strbuf_init(&text, arena);
    strbuf_printf(&text, "%s\n%s\n%s", build_capture_id, capture_clang_version(arena),
                  overlay != NULL ? overlay : "-");
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        const char *value = getenv(variables[i]);

        strbuf_printf(&text, "\n%s", value != NULL ? value : "");
    }
    units->maker = digest_bytes(text.text, text.length);
    clock_gettime(CLOCK_REALTIME_COARSE, &units->start);
    return units;
}

/* ---- what is on the disk now ------------------------------------------------------------- */

static bool
is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* Names that no #include has: what builds and editors leave. */
static bool
is_output(const char *name)
{
    static const char *const suffixes[] = {".o", ".obj", ".so", ".a", ".d", ".pyc", ".pyd", ".py",
                                           ".log", ".tmp", "~", ".gcda", ".gcno", ".json", ".txt",
                                           ".md", ".html", ".sarif", ".whl", ".lo", ".la"};

    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        if (text_ends(name, suffixes[i])) {
            return true;
        }
    }
    return name[0] == '.';
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The digest of the names in a folder; of those that could be included. */
static void
read_folder(Arena *scratch, const char *path, Content *content)
{
    DIR *folder = opendir(path);
    VEC(const char *) names = {0};
    StrBuf text;

    content->there = folder != NULL;
    for (const struct dirent *entry = content->there ? readdir(folder) : NULL; entry != NULL;
         entry = readdir(folder)) {
        if (!is_output(entry->d_name)) {
            VEC_PUSH(scratch, &names, arena_strndup(scratch, entry->d_name, strlen(entry->d_name)));
        }
    }
    if (content->there) {
        closedir(folder);
    }
    if (names.n > 1) {
        qsort(names.at, names.n, sizeof(char *), compare_names);
    }
    strbuf_init(&text, scratch);
    for (uint32_t i = 0; i < names.n; i++) {
        strbuf_add(&text, names.at[i], strlen(names.at[i]) + 1);
    }
    content->digest = digest_bytes(text.text, text.length);
}

static void
read_file(Arena *scratch, const char *path, Content *content)
{
    size_t length = 0;
    const char *text = path_is_file(path) ? file_read(scratch, path, &length, NULL) : NULL;

    content->there = text != NULL;
    content->digest = digest_bytes(text != NULL ? text : "", length);
}

/* What is at the path; each is read once in a run. */
static const Content *
content_of(UnitCache *units, const char *path, bool is_folder)
{
    void **place = map_put_ptr(is_folder ? &units->folders : &units->files,
                               str_intern(units->strings, path));
    Content *content = *place;

    if (content == NULL) {
        Arena *own = arena_new();

        content = *place = ARENA_NEW(units->arena, Content);
        (is_folder ? read_folder : read_file)(own, path, content);
        arena_free(own);
    }
    return content;
}

/* True when the path has not changed since the cache was opened. */
static bool
is_older(const UnitCache *units, const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && is_before(status.st_mtim, units->start)
           && is_before(status.st_ctim, units->start);
}

bool
unit_cache_is_stable(const UnitCache *units, const Unit *unit)
{
    for (uint32_t i = 0; i < unit->includes.n; i++) {
        if (!is_older(units, unit->includes.at[i])) {
            return false;
        }
    }
    return true;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static Digest
job_key(const UnitCache *units, Arena *scratch, const Job *job)
{
    StrBuf text;

    strbuf_init(&text, scratch);
    strbuf_add(&text, (const char *)&units->maker, sizeof(units->maker));
    strbuf_add(&text, job->file, strlen(job->file) + 1);
    strbuf_add(&text, job->directory, strlen(job->directory) + 1);
    for (uint32_t i = 0; i < job->nargs; i++) {
        strbuf_add(&text, job->args[i], strlen(job->args[i]) + 1);
    }
    return digest_bytes(text.text, text.length);
}

/* ---- lists: for each path its kind ('f', 'd', or '-' for none there), digest and name ----- */

static void
put_path(UnitCache *units, StrBuf *list, const char *path, bool is_folder)
{
    const Content *content = content_of(units, path, is_folder);

    strbuf_putc(list, is_folder ? 'd' : 'f');
    strbuf_putc(list, content->there ? '+' : '-');
    strbuf_add(list, (const char *)&content->digest, sizeof(content->digest));
    strbuf_add(list, path, strlen(path) + 1);
}

bool
unit_cache_holds(UnitCache *units, const char *list, size_t length)
{
    const size_t head = 2 + sizeof(Digest);
    const char *end = list + length;

    while (list < end) {
        const Content *content;
        Digest digest;

        if ((size_t)(end - list) <= head) {
            return false;
        }
        content = content_of(units, list + head, list[0] == 'd');
        memcpy(&digest, list + 2, sizeof(digest));
        if (content->there != (list[1] == '+') || !digest_equal(content->digest, digest)) {
            return false;
        }
        list += head + strlen(list + head) + 1;
    }
    return true;
}

void
unit_cache_files(Arena *arena, const char *list, size_t length, Words *out)
{
    const size_t head = 2 + sizeof(Digest);
    const char *end = list + length;

    while (list < end) {
        if (list[0] == 'f') {
            VEC_PUSH(arena, out, list + head);
        }
        list += head + strlen(list + head) + 1;
    }
}

/* The folders to look into for names in #include. */
static void
include_folders(Arena *scratch, const Job *job, Words *out)
{
    static const char *const options[] = {"-I", "-isystem", "-iquote", "-idirafter"};

    VEC_PUSH(scratch, out, "/usr/local/include");
    for (uint32_t i = 0; i < job->nargs; i++) {
        for (size_t k = 0; k < COUNT_OF(options); k++) {
            const char *arg = job->args[i];

            if (!text_starts(arg, options[k])) {
                continue;
            }
            arg += strlen(options[k]);
            if (*arg == '\0') {
                arg = i + 1 < job->nargs ? job->args[++i] : ".";
            }
            VEC_PUSH(scratch, out, path_absolute(scratch, job->directory, arg));
            break;
        }
    }
}

/* Appends the folder unless it was. */
static void
put_folder(UnitCache *units, Map *seen, StrBuf *list, const char *path)
{
    void **place = map_put_ptr(seen, str_intern(units->strings, path));

    if (*place == NULL) {
        *place = units;
        put_path(units, list, path, true);
    }
}

/* All folders in which a new file might come before one that was read: those of the files,
 * the include folders, and below these what leads to the files from another of them. */
static void
put_folders(UnitCache *units, Arena *scratch, Map *seen, StrBuf *list, const Job *job,
            const Unit *unit)
{
    Words folders = {0};
    Map below;

    map_init(&below, scratch);
    include_folders(scratch, job, &folders);
    for (uint32_t i = 0; i < folders.n; i++) {
        put_folder(units, seen, list, folders.at[i]);
    }
    for (uint32_t i = 0; i < unit->includes.n; i++) {
        const char *folder = path_dirname(scratch, unit->includes.at[i]);
        void **place = map_put_ptr(&below, str_intern(units->strings, folder));

        if (*place != NULL) {
            continue;
        }
        *place = units;
        put_folder(units, seen, list, folder);
        for (uint32_t k = 0; k < folders.n; k++) {
            const char *rest = path_relative(scratch, folders.at[k], folder);

            for (uint32_t m = 0; rest[0] != '/' && m < folders.n; m++) {
                put_folder(units, seen, list, path_absolute(scratch, folders.at[m], rest));
            }
        }
    }
}

/* Two jobs may consist of the same files. */
static Digest
unit_key(Digest job, const char *list, size_t length)
{
    Digest parts[2] = {job, digest_bytes(list, length)};

    return digest_bytes(parts, sizeof(parts));
}

/* ---- finding and keeping ---------- */

const char *
unit_cache_find(UnitCache *units, Arena *scratch, const Job *job, size_t *length)
{
    Digest key = job_key(units, scratch, job);

    for (uint32_t i = 0; i < MAX_LISTS; i++) {
        size_t size;
        const char *list = cache_get(units->cache, scratch, CACHE_FILES, key, i, &size);

        if (list == NULL) {
            return NULL;
        }
        if (unit_cache_holds(units, list, size)) {
            return cache_get(units->cache, scratch, CACHE_UNIT, unit_key(key, list, size), 0,
                             length);
        }
    }
    return NULL;
}

bool
unit_cache_is_lasting(const Unit *unit)
{
    for (uint32_t i = 0; i < unit->messages.n; i++) {
        if (strstr(unit->messages.at[i].text, "not found") != NULL) {
            return false;
        }
    }
    return unit->status != UNIT_FAILED;
}

void
unit_cache_keep(UnitCache *units, Arena *scratch, const Job *job, const Unit *unit,
                const char *text, size_t length)
{
    Digest key = job_key(units, scratch, job), id;
    StrBuf list;
    Map seen;

    if (units->cache == NULL || !unit_cache_is_lasting(unit)) {
        return;
    }
    strbuf_init(&list, scratch);
    for (uint32_t i = 0; i < unit->includes.n; i++) {
        put_path(units, &list, unit->includes.at[i], false);
    }
    map_init(&seen, scratch);
    put_folders(units, scratch, &seen, &list, job, unit);
    id = unit_key(key, list.text, list.length);
    cache_put(units->cache, CACHE_FILES, key, id, list.text, list.length);
    cache_put(units->cache, CACHE_UNIT, id, (Digest){0}, text, length);
}

/* ---- all units ---------- */

Digest
unit_cache_maker(const UnitCache *units)
{
    return units->maker;
}

bool
unit_cache_list(UnitCache *units, Arena *scratch, const Jobs *jobs, Unit *const *made,
                StrBuf *list)
{
    Map files, folders;

    map_init(&files, scratch);
    map_init(&folders, scratch);
    for (uint32_t i = 0; i < jobs->jobs.n; i++) {
        for (uint32_t k = 0; k < made[i]->includes.n; k++) {
            const char *path = made[i]->includes.at[k];
            void **place = map_put_ptr(&files, str_intern(units->strings, path));

            if (*place != NULL) {
                continue;
            }
            *place = units;
            if (!is_older(units, path)) {
                return false;
            }
            put_path(units, list, path, false);
        }
        put_folders(units, scratch, &folders, list, &jobs->jobs.at[i], made[i]);
    }
    return true;
}

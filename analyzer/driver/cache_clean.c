/* cache_clean.c: what is in the cache, and what nobody will ask for. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/embedded.h"
#include "driver/cache_db.h"

static bool
explain(const Cache *cache, int code, Error *error)
{
    return error_set(error, ERROR_INPUT, "the cache %s cannot be used: %s; %s", cache->path,
                     sqlite3_errstr(code & 0xff), cache_db_remedy(code));
}

/* Counts what is in an open cache. */
static int
count_entries(Cache *cache, CacheInfo *info)
{
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(cache->db, "SELECT kind, count(*), sum(length(bytes)), "
                                  "sum(maker<>?1 AND maker<>?2) FROM entry GROUP BY kind", -1,
                                  &query, NULL);

    if (code == SQLITE_OK) {
        sqlite3_bind_text(query, 1, build_id, -1, SQLITE_STATIC);
        sqlite3_bind_text(query, 2, build_capture_id, -1, SQLITE_STATIC);
        while ((code = sqlite3_step(query)) == SQLITE_ROW) {
            int64_t kind = sqlite3_column_int64(query, 0);

            if (kind >= 0 && kind < CACHE_KINDS) {
                info->entries[kind] = (uint64_t)sqlite3_column_int64(query, 1);
                info->bytes[kind] = (uint64_t)sqlite3_column_int64(query, 2);
            }
            info->foreign += (uint64_t)sqlite3_column_int64(query, 3);
        }
        code = code == SQLITE_DONE ? SQLITE_OK : code;
    }
    sqlite3_finalize(query);
    return code;
}

static uint64_t
size_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

bool
cache_info(Arena *arena, const char *folder, CacheInfo *info, Error *error)
{
    Cache *cache = cache_db_new(arena, folder);
    int code = SQLITE_OK;
    bool there = path_is_file(cache->path);

    *info = (CacheInfo){0};
    if (there) {
        code = cache_db_open(cache, SQLITE_OPEN_READONLY);
        code = code == SQLITE_OK ? count_entries(cache, info) : code;
        info->size = size_of(cache->path);
    }
    cache_db_end(cache);
    return code == SQLITE_OK || explain(cache, code, error);
}

/* True when the file says in its head that it is ours, whatever follows. */
static bool
was_ours(const char *path)
{
    unsigned char head[72] = {0};
    FILE *file = fopen(path, "rb");
    size_t got = file != NULL ? fread(head, 1, sizeof(head), file) : 0;
    uint32_t application = (uint32_t)head[68] << 24 | (uint32_t)head[69] << 16
                           | (uint32_t)head[70] << 8 | head[71];

    if (file != NULL) {
        fclose(file);
    }
    return got == sizeof(head) && memcmp(head, "SQLite format 3", 16) == 0
           && application == CACHE_APPLICATION_ID;
}

/* Drops from an open cache what nobody will ask for. */
static int
drop_old(Cache *cache, int days, CacheInfo *info)
{
    char text[300];
    int code;

    snprintf(text, sizeof(text), "DELETE FROM entry WHERE maker NOT IN ('%s', '%s') OR used < %lld",
             build_id, build_capture_id, (long long)(cache->now - (int64_t)days * CACHE_DAY));
    code = cache_db_run(cache, text);
    code = code == SQLITE_OK ? cache_db_run(cache, "VACUUM") : code;
    return code == SQLITE_OK ? count_entries(cache, info) : code;
}

bool
cache_prune(Arena *arena, const char *folder, int days, CacheInfo *info, Error *error)
{
    Cache *cache = cache_db_new(arena, folder);
    int code = SQLITE_OK;

    *info = (CacheInfo){0};
    if (path_is_file(cache->path)) {
        code = cache_db_open(cache, SQLITE_OPEN_READWRITE);
        code = code == SQLITE_OK ? drop_old(cache, days, info) : code;
        if ((code == SQLITE_CORRUPT || code == SQLITE_NOTADB) && was_ours(cache->path)) {
            code = unlink(cache->path) == 0 ? SQLITE_OK : SQLITE_PERM;
        }
        info->size = size_of(cache->path);
    }
    cache_db_end(cache);
    return code == SQLITE_OK || explain(cache, code, error);
}

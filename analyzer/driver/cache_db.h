/* cache_db.h: what the files of the cache's database share (private to cache_db.c and
 * cache_clean.c).
 */
#ifndef STRAYREF_CACHE_DB_H
#define STRAYREF_CACHE_DB_H

#include <sqlite3.h>

#include "driver/cache.h"

#define CACHE_APPLICATION_ID 0x73747279 /* "stry" */
#define CACHE_DAY 86400                 /* seconds */

typedef struct Pending {
    CacheKind kind;
    Digest key, id;
    void *bytes;
    size_t length;
} Pending;

struct Cache {
    Arena *arena;
    Arena *waiting; /* of what is pending */
    const char *path;
    const char *store; /* the folder, when it is one of files; then there is no database */
    sqlite3 *db;
    sqlite3_stmt *get, *put, *touch;
    bool read_only, broken;
    int64_t now;
    VEC(Pending) pending;
    size_t pending_bytes;
    VEC(int64_t) touched; /* rows that were used, and not today before */
};

/* A cache that is not open yet. */
Cache *cache_db_new(Arena *arena, const char *folder);
/* Opens the file with flags of SQLite and checks that it is ours; a code of SQLite. */
int cache_db_open(Cache *cache, int flags);
/* Frees what SQLite holds. */
void cache_db_end(Cache *cache);
/* Runs statements without a result. */
int cache_db_run(Cache *cache, const char *sql);
/* What the user can do about an error of SQLite. */
const char *cache_db_remedy(int code);

#endif

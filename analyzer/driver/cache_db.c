/* cache_db.c: the file of the cache: one SQLite database, one table.
 *
 * Writes are collected and made in few short transactions, so that scans that run at once
 * do not wait for each other; one that is killed leaves whole transactions only.  Every
 * entry carries a digest of its bytes.
 */
#include "driver/cache_db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/embedded.h"

#define SCHEMA 1                  /* of the table below */
#define BUSY_MILLISECONDS 2000    /* another scan's transaction takes less */
#define PENDING_BYTES ((size_t)32 << 20)
#define LARGEST_FILE ((int64_t)2 << 30)


/* ---- what goes wrong ------------------------------------------------------------------ */

/* What the user can do about an error of SQLite. */
const char *
cache_db_remedy(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another process holds it";
    case SQLITE_NOTADB:
        return "it is not a cache of strayref; remove it, or choose another folder with --cache";
    case SQLITE_CORRUPT:
        return "strayref cache prune makes it anew";
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return "make room on the disk";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return "check its permissions";
    default:
        return "choose another folder with --cache, or none with --no-cache";
    }
}

/* The cache is not used any more. */
static void
give_up(Cache *cache, int code)
{
    if (!cache->broken) {
        say("the cache %s cannot be used (%s; %s); the scan goes on without it", cache->path,
            sqlite3_errstr(code & 0xff), cache_db_remedy(code));
    }
    cache->broken = true;
}

/* Runs statements without a result. */
int
cache_db_run(Cache *cache, const char *sql)
{
    return sqlite3_exec(cache->db, sql, NULL, NULL, NULL);
}

/* The number that a query gives; -1 when it fails, with its code in *code. */
static int64_t
number(Cache *cache, const char *sql, int *code)
{
    sqlite3_stmt *query = NULL;
    int64_t value = -1;

    *code = sqlite3_prepare_v2(cache->db, sql, -1, &query, NULL);
    if (*code == SQLITE_OK) {
        *code = sqlite3_step(query);
        if (*code == SQLITE_ROW) {
            value = sqlite3_column_int64(query, 0);
            *code = SQLITE_OK;
        }
    }
    sqlite3_finalize(query);
    return value;
}

/* ---- opening ---------------------------------------------------------------------------- */

#define TABLES                                                                              \
    "CREATE TABLE entry(id INTEGER PRIMARY KEY, kind INTEGER, key BLOB, name BLOB,"         \
    " maker TEXT, used INTEGER, digest BLOB, bytes BLOB);"                                  \
    "CREATE UNIQUE INDEX entry_key ON entry(kind, key, name);"

/* Makes the table in a database that is still empty; two processes may try at once. */
static int
make_tables(Cache *cache)
{
    char text[600];
    int code = cache_db_run(cache, "BEGIN IMMEDIATE");

    if (code != SQLITE_OK) {
        return code;
    }
    if (number(cache, "PRAGMA user_version", &code) == 0 && code == SQLITE_OK) {
        snprintf(text, sizeof(text), "PRAGMA application_id=%d; PRAGMA user_version=%d; " TABLES,
                 CACHE_APPLICATION_ID, SCHEMA);
        code = cache_db_run(cache, text);
    }
    if (code != SQLITE_OK) {
        cache_db_run(cache, "ROLLBACK");
        return code;
    }
    return cache_db_run(cache, "COMMIT");
}

/* Checks that the file is ours; makes it so when it is new. */
static int
check_tables(Cache *cache)
{
    int code = cache_db_run(cache, "BEGIN"); /* one view of the file: another scan may make it */
    int64_t application = code == SQLITE_OK ? number(cache, "PRAGMA application_id", &code) : -1;
    int64_t schema = code == SQLITE_OK ? number(cache, "PRAGMA user_version", &code) : -1;
    int64_t tables = code == SQLITE_OK
                         ? number(cache, "SELECT count(*) FROM sqlite_master", &code) : -1;

    cache_db_run(cache, "COMMIT");
    if (code != SQLITE_OK) {
        return code;
    }
    if (tables == 0 && application == 0 && schema == 0) {
        return cache->read_only ? SQLITE_READONLY : make_tables(cache);
    }
    return application == CACHE_APPLICATION_ID && schema == SCHEMA ? SQLITE_OK : SQLITE_NOTADB;
}

/* A cache lies in the tree of somebody else's project: nothing in it may run. */
static void
distrust(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

/* Opens the file; links are not followed, so that nothing is written elsewhere. */
int
cache_db_open(Cache *cache, int flags)
{
    int code = sqlite3_open_v2(cache->path, &cache->db,
                               flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL);

    if (code != SQLITE_OK) {
        return code;
    }
    distrust(cache->db);
    sqlite3_busy_timeout(cache->db, BUSY_MILLISECONDS);
    cache->read_only = sqlite3_db_readonly(cache->db, "main") == 1;
    cache_db_run(cache, "PRAGMA synchronous=OFF; PRAGMA cell_size_check=ON; "
                 "PRAGMA mmap_size=268435456");
    return check_tables(cache);
}

static int
prepare(Cache *cache)
{
    int code = sqlite3_prepare_v2(cache->db, "SELECT id, used, digest, bytes FROM entry WHERE "
                                  "kind=? AND key=? ORDER BY id DESC LIMIT 1 OFFSET ?", -1,
                                  &cache->get, NULL);

    if (code == SQLITE_OK && !cache->read_only) {
        code = sqlite3_prepare_v2(cache->db, "INSERT OR REPLACE INTO entry(kind, key, name, "
                                  "maker, used, digest, bytes) VALUES(?,?,?,?,?,?,?)", -1,
                                  &cache->put, NULL);
    }
    if (code == SQLITE_OK && !cache->read_only) {
        code = sqlite3_prepare_v2(cache->db, "UPDATE entry SET used=? WHERE id=?", -1,
                                  &cache->touch, NULL);
    }
    return code;
}

/* Makes the folder, with a file that keeps it out of git. */
static bool
make_folder(Arena *arena, const char *folder)
{
    const char *ignore = arena_printf(arena, "%s/.gitignore", folder);

    if (mkdir(folder, 0777) == 0) {
        file_write(ignore, "*\n", 2, NULL);
        return true;
    }
    return errno == EEXIST && path_is_dir(folder);
}

/* A cache that is not open yet. */
Cache *
cache_db_new(Arena *arena, const char *folder)
{
    Cache *cache = ARENA_NEW(arena, Cache);
    char *real = realpath(folder, NULL);

    cache->arena = arena;
    cache->waiting = arena_new();
    cache->now = (int64_t)time(NULL);
    cache->path = arena_printf(arena, "%s/" CACHE_FILE, real != NULL ? real : folder);
    free(real);
    return cache;
}

void
cache_db_end(Cache *cache)
{
    sqlite3_finalize(cache->get);
    sqlite3_finalize(cache->put);
    sqlite3_finalize(cache->touch);
    sqlite3_close(cache->db);
    arena_free(cache->waiting);
}

Cache *
cache_open(Arena *arena, const char *folder)
{
    Cache *cache;
    int code;

    if (!make_folder(arena, folder)) {
        say("the cache %s cannot be made (%s); the scan goes on without it", folder,
            strerror(errno));
        return NULL;
    }
    cache = cache_db_new(arena, folder);
    code = cache_db_open(cache, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    code = code == SQLITE_OK ? prepare(cache) : code;
    if (code != SQLITE_OK) {
        give_up(cache, code);
        cache_db_end(cache);
        return NULL;
    }
    return cache;
}

Cache *
cache_open_store(Arena *arena, const char *folder)
{
    Cache *cache = cache_db_new(arena, folder);

    cache->store = path_absolute(arena, NULL, folder);
    if (mkdir(folder, 0777) != 0 && (errno != EEXIST || !path_is_dir(folder))) {
        say("the store %s cannot be made (%s); the scan goes on without it", folder,
            strerror(errno));
        cache_db_end(cache);
        return NULL;
    }
    return cache;
}

/* ---- reading --------------------------------------------------------------------------- */

static void
bind_digest(sqlite3_stmt *query, int at, const Digest *digest)
{
    sqlite3_bind_blob(query, at, digest, sizeof(*digest), SQLITE_STATIC);
}

/* The bytes of the row that the query stands on; NULL when they are not what was put there. */
static const char *
take_row(Cache *cache, Arena *arena, size_t *length)
{
    const void *bytes = sqlite3_column_blob(cache->get, 3);
    size_t size = (size_t)sqlite3_column_bytes(cache->get, 3);
    Digest digest = digest_bytes(bytes != NULL ? bytes : "", size);

    if (sqlite3_column_bytes(cache->get, 2) != (int)sizeof(digest)
        || memcmp(sqlite3_column_blob(cache->get, 2), &digest, sizeof(digest)) != 0) {
        give_up(cache, SQLITE_CORRUPT);
        return NULL;
    }
    if (sqlite3_column_int64(cache->get, 1) < cache->now - CACHE_DAY) {
        VEC_PUSH(cache->arena, &cache->touched, sqlite3_column_int64(cache->get, 0));
    }
    *length = size;
    return arena_strndup(arena, bytes != NULL ? bytes : "", size);
}

const char *
cache_get(Cache *cache, Arena *arena, CacheKind kind, Digest key, uint32_t nth, size_t *length)
{
    const char *bytes = NULL;
    int code;

    if (cache == NULL || cache->broken) {
        return NULL;
    }
    if (cache->store != NULL) {
        return nth == 0 ? cache_files_get(arena, cache->store, kind, key, length) : NULL;
    }
    sqlite3_bind_int(cache->get, 1, (int)kind);
    bind_digest(cache->get, 2, &key);
    sqlite3_bind_int64(cache->get, 3, nth);
    code = sqlite3_step(cache->get);
    if (code == SQLITE_ROW) {
        bytes = take_row(cache, arena, length);
    }
    else if (code != SQLITE_DONE) {
        give_up(cache, code);
    }
    sqlite3_reset(cache->get);
    return bytes;
}

/* ---- writing ---------------------------------------------------------------------------- */

static int
put_one(Cache *cache, const Pending *one)
{
    Digest digest = digest_bytes(one->bytes, one->length);
    int code;

    sqlite3_bind_int(cache->put, 1, (int)one->kind);
    bind_digest(cache->put, 2, &one->key);
    bind_digest(cache->put, 3, &one->id);
    sqlite3_bind_text(cache->put, 4, one->kind == CACHE_RESULT ? build_id : build_capture_id, -1,
                      SQLITE_STATIC);
    sqlite3_bind_int64(cache->put, 5, cache->now);
    bind_digest(cache->put, 6, &digest);
    sqlite3_bind_blob64(cache->put, 7, one->bytes, one->length, SQLITE_STATIC);
    code = sqlite3_step(cache->put);
    sqlite3_reset(cache->put);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
touch_one(Cache *cache, int64_t id)
{
    int code;

    sqlite3_bind_int64(cache->touch, 1, cache->now);
    sqlite3_bind_int64(cache->touch, 2, id);
    code = sqlite3_step(cache->touch);
    sqlite3_reset(cache->touch);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Writes all that is pending in one transaction. */
static void
flush(Cache *cache)
{
    int code = SQLITE_OK;

    if (!cache->broken && !cache->read_only && cache->pending.n + cache->touched.n > 0) {
        code = cache_db_run(cache, "BEGIN IMMEDIATE");
        for (uint32_t i = 0; i < cache->pending.n && code == SQLITE_OK; i++) {
            code = put_one(cache, &cache->pending.at[i]);
        }
        for (uint32_t i = 0; i < cache->touched.n && code == SQLITE_OK; i++) {
            code = touch_one(cache, cache->touched.at[i]);
        }
        code = code == SQLITE_OK ? cache_db_run(cache, "COMMIT") : code;
    }
    if (code != SQLITE_OK) {
        cache_db_run(cache, "ROLLBACK");
        give_up(cache, code);
    }
    cache->pending.n = cache->pending.cap = 0;
    cache->pending_bytes = 0;
    cache->touched.n = 0;
    arena_reset(cache->waiting);
}

/* Writes an entry of a store at once. */
static void
put_file(Cache *cache, const Pending *one)
{
    Error error = {0};

    if (!cache_files_put(cache->waiting, cache->store, one->kind, one->key, one->bytes,
                         one->length, &error)) {
        say("%s; the scan goes on without the store", error.text);
        cache->broken = true;
    }
    arena_reset(cache->waiting);
}

void
cache_put(Cache *cache, CacheKind kind, Digest key, Digest id, const void *bytes, size_t length)
{
    Pending one = {.kind = kind, .key = key, .id = id, .length = length};

    if (cache == NULL || cache->broken || cache->read_only) {
        return;
    }
    one.bytes = arena_copy(cache->waiting, bytes, length);
    if (cache->store != NULL) {
        put_file(cache, &one);
        return;
    }
    VEC_PUSH(cache->waiting, &cache->pending, one);
    cache->pending_bytes += length;
    if (cache->pending_bytes > PENDING_BYTES) {
        flush(cache);
    }
}

/* Drops the quarter that was not used for the longest time when the file is too large. */
static void
shrink(Cache *cache)
{
    int code;
    int64_t pages = number(cache, "PRAGMA page_count", &code);
    int64_t size = code == SQLITE_OK ? number(cache, "PRAGMA page_size", &code) : 0;
    int64_t unused = code == SQLITE_OK ? number(cache, "PRAGMA freelist_count", &code) : 0;

    if (code == SQLITE_OK && (pages - unused) * size > LARGEST_FILE) {
        cache_db_run(cache, "DELETE FROM entry WHERE id IN "
                     "(SELECT id FROM entry ORDER BY used LIMIT "
                   "(SELECT count(*) / 4 FROM entry))");
    }
}

bool
cache_close(Cache *cache)
{
    bool wrote;

    if (cache == NULL) {
        return true;
    }
    wrote = cache->pending.n > 0;
    if (cache->store == NULL) {
        flush(cache);
    }
    if (wrote && !cache->broken && !cache->read_only) {
        shrink(cache);
    }
    cache_db_end(cache);
    return !cache->broken;
}

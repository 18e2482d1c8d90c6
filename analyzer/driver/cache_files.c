/* cache_files.c: the cache as a folder of files, one per entry, for machines that share a
 * file system or pass files on.
 *
 * A file appears whole or not at all, under a name that its contents decide: whoever writes
 * it again writes the same.
 */
#include "driver/cache.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* FOLDER/KIND/KEY; the folder of the kind is made when 'make' is set. */
static const char *
entry_path(Arena *arena, const char *folder, CacheKind kind, Digest key, bool make)
{
    static const char *const names[] = {"files", "units", "results"};
    const char *below = arena_printf(arena, "%s/%s", folder, names[kind]);

    if (make) {
        mkdir(below, 0777);
    }
    return arena_printf(arena, "%s/%016" PRIx64 "%016" PRIx64, below, key.high, key.low);
}

const char *
cache_files_get(Arena *arena, const char *folder, CacheKind kind, Digest key, size_t *length)
{
    const char *path = entry_path(arena, folder, kind, key, false);
    size_t size;
    const char *text = path_is_file(path) ? file_read(arena, path, &size, NULL) : NULL;
    Digest digest;

    if (text == NULL || size < sizeof(digest)) {
        return NULL;
    }
    *length = size - sizeof(digest);
    digest = digest_bytes(text + sizeof(digest), *length);
    return memcmp(text, &digest, sizeof(digest)) == 0 ? text + sizeof(digest) : NULL;
}

bool
cache_files_put(Arena *scratch, const char *folder, CacheKind kind, Digest key, const void *bytes,
                size_t length, Error *error)
{
    const char *path = entry_path(scratch, folder, kind, key, true);
    Digest digest = digest_bytes(bytes, length);
    StrBuf text;

    strbuf_init(&text, scratch);
    strbuf_add(&text, (const char *)&digest, sizeof(digest));
    strbuf_add(&text, bytes, length);
    return file_write(path, text.text, text.length, error);
}

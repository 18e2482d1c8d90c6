/* cache.h: what earlier scans found out, in one file (private to the driver).
 *
 * Whatever is wrong with the file, a scan goes on without it: the functions below say so
 * once and do nothing from then on.
 */
#ifndef STRAYREF_CACHE_H
#define STRAYREF_CACHE_H

#include <time.h>

#include "driver/driver.h"

#define CACHE_FOLDER ".strayref-cache"
#define CACHE_FILE "cache.db"

typedef struct Cache Cache;

/* ---- cache_db.c: the file ----------------------------------------------------------- */

/* Opens the cache in 'folder', which is made when missing.  NULL when it cannot be used: then
 * why was said.  What is owned lives in 'arena'. */
Cache *cache_open(Arena *arena, const char *folder);
/* Writes what is pending, drops what was long not used when the file has grown too large, and
 * closes it; false when something was wrong with it.  NULL is ignored. */
bool cache_close(Cache *cache);

/* The same as a folder of files (cache_files.c), for machines that work on one program. */
Cache *cache_open_store(Arena *arena, const char *folder);

/* The bytes kept under the key in the table of 'kind', in 'arena'; NULL when there are none.
 * Several may stand under one key: 'nth' counts them, the newest first. */
typedef enum CacheKind {
    CACHE_FILES,  /* job -> the files that its unit was made of, and the unit's key */
    CACHE_UNIT,   /* -> the text of a unit */
    CACHE_RESULT, /* -> what was found in a component of the call graph, or in a whole run */
    CACHE_KINDS
} CacheKind;
const char *cache_get(Cache *cache, Arena *arena, CacheKind kind, Digest key, uint32_t nth,
                      size_t *length);
/* Keeps the bytes; 'id' tells them from others under the same key. */
void cache_put(Cache *cache, CacheKind kind, Digest key, Digest id, const void *bytes,
               size_t length);

/* ---- cache_files.c: the same in a folder of files -------------------------------------- */

/* The bytes of an entry, in 'arena'; NULL when it is not there or not whole. */
const char *cache_files_get(Arena *arena, const char *folder, CacheKind kind, Digest key,
                            size_t *length);
/* Writes an entry.  False with 'error' set when that fails. */
bool cache_files_put(Arena *scratch, const char *folder, CacheKind kind, Digest key,
                     const void *bytes, size_t length, Error *error);

/* ---- cache_clean.c: what is in the file, by kind ------------------------------------------- */

typedef struct CacheInfo {
    uint64_t entries[CACHE_KINDS], bytes[CACHE_KINDS];
    uint64_t foreign; /* entries that another build of strayref made */
    uint64_t size;    /* of the file */
} CacheInfo;

/* False with 'error' set when the file cannot be read.  A cache that is not there is empty. */
bool cache_info(Arena *arena, const char *folder, CacheInfo *info, Error *error);
/* Drops what other builds made and what was not used for 'days' days, gives the room back, and
 * makes a damaged file anew; '*info' is what is left. */
bool cache_prune(Arena *arena, const char *folder, int days, CacheInfo *info, Error *error);

/* ---- cache_unit.c: units by what they were made of ----------------------------------- */

typedef struct UnitCache UnitCache;

/* Units of this program, read with the overlay.  'cache' may be NULL: then nothing is known
 * and nothing kept.  Owned by 'arena'. */
UnitCache *unit_cache_new(Arena *arena, Strings *strings, Cache *cache, const char *overlay);
/* The text of the job's unit, in 'scratch', when all files are as they were; else NULL. */
const char *unit_cache_find(UnitCache *units, Arena *scratch, const Job *job, size_t *length);
/* Keeps the text of a unit that was just made. */
void unit_cache_keep(UnitCache *units, Arena *scratch, const Job *job, const Unit *unit,
                     const char *text, size_t length);
/* In the process that has parsed: true when none of the unit's files has changed since the
 * unit cache was made, so that what the disk holds is what was read. */
bool unit_cache_is_stable(const UnitCache *units, const Unit *unit);
/* False for a unit that a file more might mend, or that is nothing. */
bool unit_cache_is_lasting(const Unit *unit);
/* What stands for this program, its parser, and the environment that these look at. */
Digest unit_cache_maker(const UnitCache *units);
/* Appends a list of all files that the units were made of, and of the folders in which a new file
 * might come before one of them.  False when one has changed since the unit cache was made. */
bool unit_cache_list(UnitCache *units, Arena *scratch, const Jobs *jobs, Unit *const *made,
                     StrBuf *list);
/* The files that such a list names. */
void unit_cache_files(Arena *arena, const char *list, size_t length, Words *out);
/* True when all that such a list names is as it says. */
bool unit_cache_holds(UnitCache *units, const char *list, size_t length);

/* ---- cache_command.c ------------------------------------------------------------------ */

/* The folder of the cache that the options ask for, --cache or CACHE_FOLDER beside the
 * database; NULL when there is to be none.  Owned by the arena or the options. */
const char *cache_folder(Arena *arena, const Options *options, const Scan *scan);
/* The cache that the options ask for, open: --store, --cache, else CACHE_FOLDER beside the
 * database; NULL when there is to be none or it cannot be used.  Files of a revision
 * (Options.rebase) are kept only when --cache is given. */
Cache *cache_wanted(Arena *arena, const Options *options, const Scan *scan);

#endif

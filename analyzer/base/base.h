/* base.h: memory, strings, containers, places, paths and errors.
 *
 * The lowest layer: knows libc only.  Everything is allocated from an Arena
 * and freed with it; nothing is freed singly.  Running out of memory aborts
 * inside the arena; bad input is reported through Error and never aborts.
 */
#ifndef STRAYREF_BASE_H
#define STRAYREF_BASE_H

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* ---- arena.c ---------------------------------------------------------- */

typedef struct Arena Arena;

/* A new, empty arena.  The caller frees it with arena_free. */
Arena *arena_new(void);

/* Frees the arena and everything allocated from it.  NULL is ignored. */
void arena_free(Arena *arena);

/* Forgets all allocations but keeps (some of) the memory for reuse. */
void arena_reset(Arena *arena);

/* Zeroed memory of 'size' bytes, aligned for any type, owned by the arena.
 * Never NULL: aborts when the machine is out of memory. */
void *arena_alloc(Arena *arena, size_t size);
/* The same with anything in it. */
void *arena_room(Arena *arena, size_t size);

/* A copy of the first 'size' bytes of 'bytes', owned by the arena. */
void *arena_copy(Arena *arena, const void *bytes, size_t size);

/* A NUL-terminated copy of 'length' bytes of 'text', owned by the arena. */
char *arena_strndup(Arena *arena, const char *text, size_t length);

/* printf into a fresh NUL-terminated string owned by the arena. */
char *arena_printf(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Bytes handed out since creation or the last reset. */
size_t arena_used(const Arena *arena);

#define ARENA_NEW(arena, T) ((T *)arena_alloc((arena), sizeof(T)))
#define ARENA_ARRAY(arena, T, n) ((T *)arena_alloc((arena), sizeof(T) * (size_t)(n)))

/* A growable array: VEC(Instr) ins;  zero-initialise before use.  The old
 * storage stays in the arena when it grows. */
#define VEC(T)                                                                 \
    struct {                                                                   \
        T *at;                                                                 \
        uint32_t n, cap;                                                       \
    }
/* Appends one value. */
#define VEC_PUSH(arena, vec, ...)                                              \
    (vec_reserve_((arena), (void **)&(vec)->at, (vec)->n, &(vec)->cap,         \
                  sizeof(*(vec)->at)),                                         \
     (void)((vec)->at[(vec)->n++] = (__VA_ARGS__)))

/* Used by VEC_PUSH only: makes room for one more element. */
void vec_reserve_(Arena *arena, void **at, uint32_t n, uint32_t *cap,
                  size_t size);

/* ---- str.c ------------------------------------------------------------ */

/* An interned NUL-terminated string: equal text in one Strings table means
 * equal pointer.  Valid as long as the table's arena. */
typedef const char *Str;

typedef struct Strings Strings;

/* A new intern table whose memory belongs to 'arena'. */
Strings *strings_new(Arena *arena);

/* The interned copy of 'text' (must not be NULL). */
Str str_intern(Strings *strings, const char *text);

/* The interned copy of the first 'length' bytes of 'text'. */
Str str_intern_n(Strings *strings, const char *text, size_t length);

/* The interned result of printf. */
Str str_internf(Strings *strings, const char *format, ...) PRINTF_LIKE(2, 3);

/* A string under construction.  'text' is always NUL-terminated once
 * strbuf_init ran; the memory belongs to the arena. */
typedef struct StrBuf {
    Arena *arena;
    char *text;      /* NUL-terminated */
    size_t length;   /* bytes without the NUL */
    size_t capacity; /* bytes allocated */
} StrBuf;

/* An empty buffer whose memory comes from 'arena'. */
void strbuf_init(StrBuf *buf, Arena *arena);
/* Append 'length' bytes / a NUL-terminated string / a char / printf output. */
void strbuf_add(StrBuf *buf, const char *text, size_t length);
void strbuf_puts(StrBuf *buf, const char *text);
void strbuf_putc(StrBuf *buf, char c);
void strbuf_printf(StrBuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* Empties the buffer and keeps its memory. */
void strbuf_clear(StrBuf *buf);

/* True when both are non-NULL and equal. */
bool text_equal(const char *a, const char *b);
/* True when 'text' starts / ends with the given part. */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

/* ---- map.c ------------------------------------------------------------ */

/* A hash map from 64-bit keys (pointers, interned strings, small structs
 * packed by the caller) to pointers.  Iteration is in insertion order: the
 * entries stand in at[0..n).  Nothing is ever removed. */
typedef struct MapEntry {
    uint64_t key;
    void *value;
} MapEntry;

typedef struct Map {
    Arena *arena;
    MapEntry *at;         /* entries in insertion order */
    uint32_t n, cap;      /* entries used, allocated */
    uint32_t *slot;       /* index + 1 into 'at', 0 = free */
    uint32_t slots;       /* power of two */
} Map;

/* An empty map whose memory comes from 'arena'. */
void map_init(Map *map, Arena *arena);
/* The value stored for 'key', NULL when there is none. */
void *map_get(const Map *map, uint64_t key);
/* The place of the value for 'key', created as NULL when missing.  Valid
 * until the next map_put. */
void **map_put(Map *map, uint64_t key);
/* The same with a pointer (an interned Str, for example) as the key. */
void *map_get_ptr(const Map *map, const void *key);
void **map_put_ptr(Map *map, const void *key);

/* A 64-bit hash of 'size' bytes, mixed with 'seed'; the same on every run. */
uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed);
/* Mixes one more 64-bit value into a hash. */
static inline uint64_t
hash_mix(uint64_t hash, uint64_t value)
{
    uint64_t h = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15) + value;

    h ^= h >> 32;
    h *= UINT64_C(0xD6E8FEB86659FD93);
    h ^= h >> 32;
    return h;
}

/* ---- digest.c --------------------------------------------------------- */

/* Stands for some bytes: equal for equal ones, and for no others (XXH3, 128 bits; not
 * meant against somebody who looks for two texts with the same digest). */
typedef struct Digest {
    uint64_t high, low;
} Digest;

Digest digest_bytes(const void *bytes, size_t size);
bool digest_equal(Digest a, Digest b);

/* ---- places in source -------------------------------------------------- */

/* A place in a source file as a reader sees it: for code that comes from a
 * macro, the place where the macro is used. */
typedef struct Loc {
    Str file;      /* absolute, normalised path; NULL = nowhere */
    uint32_t line; /* from 1 */
    uint32_t col;  /* from 1, in bytes */
    Str macro;     /* outermost macro the code comes from, or NULL */
} Loc;

/* Orders by file, line, column: <0, 0, >0. */
int loc_compare(Loc a, Loc b);

/* ---- path.c ------------------------------------------------------------ */

/* Absolute form of 'path' seen from directory 'base' (NULL: the current
 * directory), "." and ".." removed textually.  Owned by the arena. */
char *path_absolute(Arena *arena, const char *base, const char *path);
/* 'path' relative to directory 'root' when it lies below it, else 'path'
 * itself.  Both must be absolute and normalised.  Owned by the arena. */
const char *path_relative(Arena *arena, const char *root, const char *path);
/* The directory part ("/a/b" for "/a/b/c", "/" at the root, "." without a
 * slash).  Owned by the arena. */
char *path_dirname(Arena *arena, const char *path);
/* The last component, inside 'path' itself. */
const char *path_basename(const char *path);
/* True when 'path' equals 'dir' or lies below it (both normalised). */
bool path_is_below(const char *path, const char *dir);
bool path_is_file(const char *path);
bool path_is_dir(const char *path);

/* ---- error.c ----------------------------------------------------------- */

typedef enum ErrorCode {
    ERROR_NONE,
    ERROR_USAGE,  /* the command line or configuration is wrong */
    ERROR_INPUT,  /* a file is missing, unreadable or malformed */
    ERROR_FAILED, /* something else went wrong while working */
} ErrorCode;

/* One error, built where it happens and printed once, by main. */
typedef struct Error {
    ErrorCode code;
    char text[1024]; /* one line or a few, says the remedy; no newline at the end */
} Error;

/* Fills 'error' (may be NULL) and returns false, so that a failing function
 * can end with: return error_set(error, ERROR_INPUT, "...", ...); */
bool error_set(Error *error, ErrorCode code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Reads a whole file.  Returns NUL-terminated text owned by the arena and its
 * length in *length (may be NULL); NULL with 'error' set when it can't. */
char *file_read(Arena *arena, const char *path, size_t *length, Error *error);
/* Writes a file whole or not at all (temporary name, then rename).  False
 * with 'error' set when it can't. */
bool file_write(const char *path, const char *text, size_t length, Error *error);

#endif

/* arena.c: bump allocation from chunks that are freed together.
 *
 * Chunks double in size up to a limit; a request that fits nowhere gets a
 * chunk of its own.  Compiled with STRAYREF_DEBUG_ARENA every request gets a
 * chunk of exactly its size, so that AddressSanitizer sees an overrun and,
 * after a reset, a stale pointer.  The one place that aborts when memory runs
 * out.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#ifdef STRAYREF_DEBUG_ARENA
enum { DEBUG_ARENA = 1 };
#else
enum { DEBUG_ARENA = 0 };
#endif

enum {
    CHUNK_MIN = 16 * 1024,
    CHUNK_MAX = 1024 * 1024,
    SPARE_MAX = 64 * 1024 * 1024, /* that a reset keeps */
};

typedef struct Chunk {
    struct Chunk *next;
    size_t size; /* bytes in 'data' */
    size_t used;
    max_align_t data[]; /* first byte handed out */
} Chunk;

struct Arena {
    Chunk *chunk;      /* the one requests are served from, then the full ones */
    Chunk *spare;      /* empty ones of CHUNK_MAX, kept by a reset */
    size_t chunk_size; /* of the next regular chunk */
    size_t used;       /* bytes handed out */
};

static void
out_of_memory(size_t size)
{
    fprintf(stderr, "strayref: out of memory (%zu bytes requested)\n", size);
    abort();
}

static Chunk *
chunk_new(size_t size)
{
    Chunk *chunk = size <= SIZE_MAX - sizeof(Chunk) ? malloc(sizeof(Chunk) + size) : NULL;

    if (chunk == NULL) {
        out_of_memory(size);
        return NULL; /* not reached */
    }
    chunk->next = NULL;
    chunk->size = size;
    chunk->used = 0;
    return chunk;
}

static void
chunks_free(Chunk *chunk)
{
    while (chunk != NULL) {
        Chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
}

Arena *
arena_new(void)
{
    Arena *arena = malloc(sizeof(Arena));

    if (arena == NULL) {
        out_of_memory(sizeof(Arena));
        return NULL; /* not reached */
    }
    *arena = (Arena){.chunk_size = CHUNK_MIN};
    return arena;
}

void
arena_free(Arena *arena)
{
    if (arena != NULL) {
        chunks_free(arena->chunk);
        chunks_free(arena->spare);
        free(arena);
    }
}

/* Keeps the large chunks for the next round: taking them from the system each time costs more
 * than what they are used for. */
static void
keep_chunks(Arena *arena, Chunk *chunk)
{
    size_t kept = 0;

    for (const Chunk *spare = arena->spare; spare != NULL; spare = spare->next) {
        kept += spare->size;
    }
    while (chunk != NULL) {
        Chunk *next = chunk->next;

        if (chunk->size == CHUNK_MAX && kept < SPARE_MAX) {
            kept += chunk->size;
            chunk->used = 0;
            chunk->next = arena->spare;
            arena->spare = chunk;
        }
        else {
            free(chunk);
        }
        chunk = next;
    }
}

void
arena_reset(Arena *arena)
{
    arena->used = 0;
    if (DEBUG_ARENA) {
        chunks_free(arena->chunk);
        arena->chunk = NULL;
    }
    else if (arena->chunk != NULL) {
        keep_chunks(arena, arena->chunk->next);
        arena->chunk->next = NULL;
        arena->chunk->used = 0;
    }
}

/* Makes a chunk the one that requests are served from. */
static Chunk *
arena_push_chunk(Arena *arena, size_t size)
{
    Chunk *chunk = arena->spare;

    if (chunk != NULL && size == CHUNK_MAX) {
        arena->spare = chunk->next;
    }
    else {
        chunk = chunk_new(size);
    }
    chunk->next = arena->chunk;
    arena->chunk = chunk;
    return chunk;
}

/* A full chunk of exactly 'size' bytes behind the current one. */
static Chunk *
arena_own_chunk(Arena *arena, size_t size)
{
    Chunk *chunk = chunk_new(size);

    if (arena->chunk == NULL) {
        arena->chunk = chunk;
    }
    else {
        chunk->next = arena->chunk->next;
        arena->chunk->next = chunk;
    }
    return chunk;
}

/* A chunk with room for 'size' bytes. */
static Chunk *
arena_chunk_for(Arena *arena, size_t size)
{
    Chunk *chunk = arena->chunk;

    if (DEBUG_ARENA || size > CHUNK_MAX / 4) {
        return arena_own_chunk(arena, size);
    }
    if (chunk == NULL || chunk->size - chunk->used < size) {
        chunk = arena_push_chunk(arena, arena->chunk_size < size ? size : arena->chunk_size);
        if (arena->chunk_size < CHUNK_MAX) {
            arena->chunk_size *= 2;
        }
    }
    return chunk;
}

/* 'size' rounded up so that the next request is aligned for any type. */
static size_t
align_size(size_t size)
{
    const size_t unit = _Alignof(max_align_t);

    if (DEBUG_ARENA || size > SIZE_MAX - unit) {
        return size;
    }
    return (size + unit - 1) / unit * unit;
}

void *
arena_room(Arena *arena, size_t size)
{
    size_t aligned = align_size(size == 0 ? 1 : size);
    Chunk *chunk = arena_chunk_for(arena, aligned);
    char *bytes = (char *)chunk->data + chunk->used;

    assert(chunk->size - chunk->used >= aligned);
    chunk->used += aligned;
    arena->used += aligned;
    return bytes;
}

void *
arena_alloc(Arena *arena, size_t size)
{
    return memset(arena_room(arena, size), 0, align_size(size == 0 ? 1 : size));
}

void *
arena_copy(Arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_room(arena, size);

    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

char *
arena_strndup(Arena *arena, const char *text, size_t length)
{
    char *copy = arena_room(arena, length + 1);

    if (length > 0) {
        memcpy(copy, text, length);
    }
    copy[length] = '\0';
    return copy;
}

char *
arena_printf(Arena *arena, const char *format, ...)
{
    va_list args;
    int length;
    char *text;

    assert(format != NULL);
    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);

    text = arena_alloc(arena, (size_t)length + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

size_t
arena_used(const Arena *arena)
{
    return arena->used;
}

void
vec_reserve_(Arena *arena, void **at, uint32_t n, uint32_t *cap, size_t size)
{
    void *grown;

    assert(n <= *cap);
    if (n < *cap) {
        return;
    }
    assert(*cap <= UINT32_MAX / 2);
    *cap = *cap == 0 ? 8 : *cap * 2;
    grown = arena_alloc(arena, *cap * size);
    if (n > 0) {
        memcpy(grown, *at, n * size);
    }
    *at = grown;
}

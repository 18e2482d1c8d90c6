/* arrays.c: the arrays that states are made of, and states that are gone.
 *
 * Arrays come in sizes that are powers of two.  Those of a state that nobody needs any more
 * serve for later ones, so that a function costs the memory of the states that wait at one
 * time, not of all that ever were.  States that stay, to be compared with later ones, have their
 * arrays in common where these are equal: most differ in few things from another one.
 */
#include <string.h>

#include "engine/state.h"

enum { SMALLEST = 64 }; /* bytes */

#ifdef STRAYREF_DEBUG_ARENA
enum { DEBUG_ARRAYS = 1 };
#else
enum { DEBUG_ARRAYS = 0 };
#endif

typedef struct Spare Spare;
struct Spare {
    Spare *next;
};

/* The number of the size that holds so many bytes. */
static uint32_t
size_of(size_t bytes)
{
    uint32_t size = 0;
    while (((size_t)SMALLEST << size) < bytes) {
        size++;
    }
    return size;
}

void *
array_new(Explorer *ex, uint32_t n, size_t item, uint32_t *cap)
{
    uint32_t size = size_of(n * item);
    assert(size < ARRAY_SIZES);
    Spare *spare = ex->spare[size];
    ex->held += (size_t)SMALLEST << size;
    *cap = (uint32_t)(((size_t)SMALLEST << size) / item);
    if (!spare) {
        return arena_room(ex->arena, (size_t)SMALLEST << size);
    }
    ex->spare[size] = spare->next;
    return spare;
}

/* Whoever still looks at it in a debug build finds nonsense. */
static void
array_free(Explorer *ex, void *array, uint32_t cap, size_t item)
{
    if (!array || cap == 0) {
        return;
    }
    Spare *spare = array;
    uint32_t size = size_of(cap * item);
    ex->held -= (size_t)SMALLEST << size;
    if (DEBUG_ARRAYS) {
        memset(array, 0xA5, cap * item);
        return;
    }
    spare->next = ex->spare[size];
    ex->spare[size] = spare;
}

void
state_free(Explorer *ex, State *state)
{
    array_free(ex, state->bind, state->cbind, sizeof(Bind));
    array_free(ex, state->temp, state->ctemp, sizeof(TempBind));
    array_free(ex, state->ref, state->cref, sizeof(Ref));
    array_free(ex, state->range, state->crange, sizeof(Range));
    array_free(ex, state, 1, sizeof(State));
}

/* ---- states that stay ------------------------------------------------------------------ */

/* An array that is never changed, with others of the same hash. */
typedef struct Shared Shared;
struct Shared {
    Shared *next;
    size_t size;
    void *array;
};

/* The array with these bytes that all states share. */
static void *
shared_array(Explorer *ex, const void *bytes, size_t size)
{
    void **slot = map_put(&ex->shared, hash_bytes(bytes, size, 0));
    for (const Shared *one = *slot; one; one = one->next) {
        if (one->size == size && memcmp(one->array, bytes, size) == 0) {
            return one->array;
        }
    }
    Shared *made = ARENA_NEW(ex->arena, Shared);
    *made = (Shared){*slot, size, arena_copy(ex->arena, bytes, size)};
    ex->held += size;
    *slot = made;
    return made->array;
}

static void
share(Explorer *ex, void **array, uint32_t n, uint32_t *cap, size_t item)
{
    void *own = *array;
    *array = n > 0 ? shared_array(ex, own, n * item) : NULL;
    array_free(ex, own, *cap, item);
    *cap = 0;
}

void
state_share(Explorer *ex, State *state)
{
    share(ex, (void **)&state->bind, state->nbind, &state->cbind, sizeof(Bind));
    share(ex, (void **)&state->temp, state->ntemp, &state->ctemp, sizeof(TempBind));
    share(ex, (void **)&state->ref, state->nref, &state->cref, sizeof(Ref));
    share(ex, (void **)&state->range, state->nrange, &state->crange, sizeof(Range));
}

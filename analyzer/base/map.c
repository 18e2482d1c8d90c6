/* map.c: hashing, and an open-addressing map that iterates in insertion order.
 *
 * Entries stand in one array in the order they came; the slots hold indices
 * into it.  Iteration never follows the hash, so results are the same on every
 * run even with pointers as keys.
 */
#include "base/base.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t
hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}

void
map_init(Map *map, Arena *arena)
{
    *map = (Map){.arena = arena};
}

/* The slot that holds 'key', or the free one where it belongs. */
static uint32_t *
map_slot(const Map *map, uint64_t key)
{
    uint32_t mask = map->slots - 1;
    uint32_t i = (uint32_t)hash_mix(0, key) & mask;

    assert(map->slots > map->n);
    while (map->slot[i] != 0 && map->at[map->slot[i] - 1].key != key) {
        i = (i + 1) & mask;
    }
    return &map->slot[i];
}

static void
map_grow(Map *map)
{
    map->slots = map->slots == 0 ? 16 : map->slots * 2;
    map->slot = ARENA_ARRAY(map->arena, uint32_t, map->slots);
    for (uint32_t i = 0; i < map->n; i++) {
        *map_slot(map, map->at[i].key) = i + 1;
    }
}

void *
map_get(const Map *map, uint64_t key)
{
    uint32_t index = map->n == 0 ? 0 : *map_slot(map, key);

    return index == 0 ? NULL : map->at[index - 1].value;
}

void **
map_put(Map *map, uint64_t key)
{
    uint32_t *slot;

    if (map->n >= map->slots / 2) {
        map_grow(map);
    }
    slot = map_slot(map, key);
    if (*slot == 0) {
        VEC_PUSH(map->arena, map, (MapEntry){.key = key});
        *slot = map->n;
    }
    return &map->at[*slot - 1].value;
}

void *
map_get_ptr(const Map *map, const void *key)
{
    return map_get(map, (uint64_t)(uintptr_t)key);
}

void **
map_put_ptr(Map *map, const void *key)
{
    return map_put(map, (uint64_t)(uintptr_t)key);
}

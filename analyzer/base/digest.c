/* digest.c: bytes -> 128 bits that stand for them, by XXH3. */
#include "base/base.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

Digest
digest_bytes(const void *bytes, size_t size)
{
    XXH128_hash_t hash = XXH3_128bits(bytes, size);

    return (Digest){.high = hash.high64, .low = hash.low64};
}

bool
digest_equal(Digest a, Digest b)
{
    return a.high == b.high && a.low == b.low;
}

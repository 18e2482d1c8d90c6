/* private.h: what the files of flow/ share and nobody else sees. */
#ifndef STRAYREF_FLOW_PRIVATE_H
#define STRAYREF_FLOW_PRIVATE_H

#include "flow/flow.h"

static inline uint32_t
bit_words(uint32_t nbits)
{
    return nbits / 64 + 1;
}

static inline BitSet
bit_new(Arena *arena, uint32_t nbits)
{
    return ARENA_ARRAY(arena, uint64_t, bit_words(nbits));
}

static inline void
bit_add(BitSet set, uint32_t i)
{
    set[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void
bit_drop(BitSet set, uint32_t i)
{
    set[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static inline const Instr *
block_terminator(const Block *block)
{
    return &block->ins[block->nins - 1];
}

/* ---- live.c -------------------------------------------------------------- */

/* Fills live_locals, live_temps, addressed, use_block and use_ins; needs
 * predecessors and order. */
void live_build(Arena *arena, Flow *flow);

#endif

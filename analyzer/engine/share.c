/* share.c: the part of a program that one of several processes analyses.
 *
 * A component's level is the length of the longest way down to one that needs nothing.  The
 * levels are cut into rounds with about as many components each; within a round the names
 * of the functions decide whose a component is.
 */
#include <string.h>

#include "engine/run.h"

static uint32_t *
find_levels(Engine *engine, uint32_t *nlevels)
{
    uint32_t *level = ARENA_ARRAY(engine->out, uint32_t, engine->ncomponents + 1);
    *nlevels = 1;
    for (uint32_t c = 0; c < engine->ncomponents; c++) {
        for (uint32_t i = 0; i < engine->component[c].nneeds; i++) {
            uint32_t below = level[engine->component[c].needs[i]] + 1;
            level[c] = below > level[c] ? below : level[c];
        }
        *nlevels = level[c] + 1 > *nlevels ? level[c] + 1 : *nlevels;
    }
    return level;
}

/* The round of each level: as many components in each round as can be, the last take the rest. */
static uint32_t *
find_rounds(Engine *engine, const uint32_t *level, uint32_t nlevels, uint32_t rounds)
{
    uint32_t *count = ARENA_ARRAY(engine->out, uint32_t, nlevels);
    uint32_t *round = ARENA_ARRAY(engine->out, uint32_t, nlevels);
    uint64_t before = 0;
    for (uint32_t c = 0; c < engine->ncomponents; c++) {
        count[level[c]]++;
    }
    for (uint32_t i = 0; i < nlevels; i++) {
        round[i] = (uint32_t)(before * rounds / (engine->ncomponents + 1));
        before += count[i];
    }
    return round;
}

static uint32_t
shard_of(const Engine *engine, const Component *component, uint32_t shards)
{
    const Program *program = engine->program;
    const Fn *fn = program->fns[program->graph->order[component->first]];
    uint64_t hash = hash_bytes(fn->decl->usr, strlen(fn->decl->usr), 0);
    return (uint32_t)(hash_mix(hash, 0) % shards);
}

void
share_mark(Engine *engine)
{
    const EngineShare *share = &engine->help->share;
    if (share->shards == 0 || share->rounds == 0) {
        return;
    }
    uint32_t nlevels;
    const uint32_t *level = find_levels(engine, &nlevels);
    const uint32_t *round = find_rounds(engine, level, nlevels, share->rounds);
    for (uint32_t c = 0; c < engine->ncomponents; c++) {
        Component *component = &engine->component[c];
        component->left_out = round[level[c]] != share->round ||
                              shard_of(engine, component, share->shards) != share->shard;
    }
    for (uint32_t c = engine->ncomponents; c-- > 0;) { /* those that need others come later */
        const Component *component = &engine->component[c];
        for (uint32_t i = 0; i < component->nneeds && !component->left_out; i++) {
            engine->component[component->needs[i]].left_out = false;
        }
    }
}

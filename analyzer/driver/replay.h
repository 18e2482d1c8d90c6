/* replay.h: what a whole scan found, kept for the next one (private to the driver). */
#ifndef STRAYREF_REPLAY_H
#define STRAYREF_REPLAY_H

#include "driver/cache.h"

typedef struct Replay {
    Options options;  /* for the scan, when nothing is known: without a cache that is no use */
    Cache *cache;     /* while it is open */
    UnitCache *units; /* NULL: this scan is not to be kept */
    Digest key;
} Replay;

/* True when an earlier scan of the same input is known: then 'scan' has its jobs and its result,
 * as scan_gated leaves them, but neither units nor program, and what it told of files and notes
 * has been said again.  Else scan_gated is to follow, with replay->options.  What is owned lives
 * in 'arena'. */
bool replay_find(Arena *arena, const Options *options, Replay *replay, Scan *scan);
/* Keeps the result of scan_gated for the next scan, unless something speaks against it. */
void replay_keep(Replay *replay, Scan *scan);

#endif

/* pack.h: summaries and findings as bytes, to be kept and to be sent to other processes
 * (private to the engine).
 *
 * The bytes hold no addresses and are the same in every run.
 */
#ifndef STRAYREF_ENGINE_PACK_H
#define STRAYREF_ENGINE_PACK_H

#include "engine/engine.h"

/* Bytes under construction; a string that comes again is a number. */
typedef struct Packer {
    StrBuf out;
    Map strings;
} Packer;

/* Bytes being read.  After the first nonsense 'failed' is set and everything is 0. */
typedef struct Unpacker {
    Arena *arena;
    Strings *strings;
    const char *at, *end;
    VEC(Str) known;
    bool failed;
} Unpacker;

void pack_start(Packer *pack, Arena *arena);
void pack_number(Packer *pack, uint64_t number);
void pack_text(Packer *pack, const char *text); /* or NULL */
void pack_loc(Packer *pack, Loc loc);
/* The summary of 'fn' (NULL for none). */
void pack_summary(Packer *pack, const Fn *fn, const Summary *summary);
/* What callers are told by a summary, with places but without a function to find them in. */
void pack_told(Packer *pack, const Summary *summary);
/* A finding as events_finish leaves it: without ring and patch. */
void pack_finding(Packer *pack, const Finding *finding);

void unpack_start(Unpacker *from, Arena *arena, Strings *strings, const char *bytes,
                  size_t length);
uint64_t unpack_number(Unpacker *from);
Str unpack_text(Unpacker *from);
Loc unpack_loc(Unpacker *from);
Summary *unpack_summary(Unpacker *from, const Fn *fn);
Finding *unpack_finding(Unpacker *from);

#endif

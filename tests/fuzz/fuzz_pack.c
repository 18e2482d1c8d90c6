/* fuzz_pack.c: any bytes as what processes send each other and the cache keeps: a summary,
 * then a finding.  A summary that is accepted must pack to bytes that read and pack the same.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static StrBuf
pack(Arena *arena, const Fn *fn, const Summary *summary)
{
    Packer packer;

    pack_start(&packer, arena);
    pack_summary(&packer, fn, summary);
    return packer.out;
}

static void
check_round_trip(Arena *arena, Strings *strings, const Fn *fn, const Summary *summary)
{
    StrBuf first = pack(arena, fn, summary), second;
    Unpacker from;
    Summary *again;

    unpack_start(&from, arena, strings, first.text, first.length);
    again = unpack_summary(&from, fn);
    if (from.failed || from.at != from.end) {
        abort();
    }
    second = pack(arena, fn, again);
    if (first.length != second.length || memcmp(first.text, second.text, first.length) != 0) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new();
    Strings *strings = strings_new(arena);
    Instr ins[2] = {{.op = OP_CALL}, {.op = OP_RET}};
    Block block = {.ins = ins, .nins = 2};
    Fn fn = {.block = &block, .nblock = 1};
    Unpacker from;
    Summary *summary;

    unpack_start(&from, arena, strings, (const char *)bytes, size);
    summary = unpack_summary(&from, &fn);
    if (!from.failed) {
        check_round_trip(arena, strings, &fn, summary);
        unpack_finding(&from);
    }
    arena_free(arena);
    return 0;
}

/* pack_run.c: the result of a run into bytes and back, for a later run over the same input. */
#include "engine/pack.h"

/* ---- what rules about types and the gate have added to a finding --------------------------- */

static void
pack_ring(Packer *pack, const Ring *ring)
{
    pack_number(pack, ring ? ring->nedges + 1 : 0);
    for (uint32_t i = 0; ring && i < ring->nedges; i++) {
        const RingEdge *edge = &ring->edges[i];
        pack_text(pack, edge->from);
        pack_text(pack, edge->field);
        pack_text(pack, edge->to);
        pack_loc(pack, edge->store);
        pack_text(pack, edge->broken);
    }
}

static const Ring *
unpack_ring(Unpacker *from)
{
    uint64_t n = unpack_number(from);
    if (n == 0 || n - 1 > (uint64_t)(from->end - from->at)) {
        from->failed = from->failed || n != 0;
        return NULL;
    }
    Ring *ring = ARENA_NEW(from->arena, Ring);
    ring->nedges = (uint32_t)n - 1;
    ring->edges = ARENA_ARRAY(from->arena, RingEdge, n);
    for (uint32_t i = 0; i < ring->nedges && !from->failed; i++) {
        RingEdge *edge = &ring->edges[i];
        edge->from = unpack_text(from);
        edge->field = unpack_text(from);
        edge->to = unpack_text(from);
        edge->store = unpack_loc(from);
        edge->broken = unpack_text(from);
        from->failed = from->failed || !edge->from || !edge->field || !edge->to;
    }
    return ring;
}

static void
pack_whole_finding(Packer *pack, const Finding *finding)
{
    Finding plain = *finding;
    plain.ring = NULL;
    plain.only_on = NULL;
    plain.suppressed = NULL;
    assert(!finding->patch && finding->nothers == 0);
    pack_finding(pack, &plain);
    pack_ring(pack, finding->ring);
    pack_text(pack, finding->only_on);
    pack_text(pack, finding->suppressed);
    pack_number(pack, finding->rule->severity); /* a configuration gives it another one */
    pack_number(pack, finding->known);
    pack_number(pack, finding->number);
}

/* Gives the finding's rule the severity. */
static void
set_severity(Arena *arena, Finding *finding, uint64_t severity)
{
    if (severity != finding->rule->severity && severity <= SEVERITY_NOTE) {
        RuleInfo *info = arena_copy(arena, finding->rule, sizeof(RuleInfo));
        info->severity = (Severity)severity;
        finding->rule = info;
    }
}

static Finding *
unpack_whole_finding(Unpacker *from)
{
    Finding *finding = unpack_finding(from);
    finding->ring = unpack_ring(from);
    finding->only_on = unpack_text(from);
    finding->suppressed = unpack_text(from);
    set_severity(from->arena, finding, unpack_number(from));
    finding->known = unpack_number(from) != 0;
    finding->number = (uint32_t)unpack_number(from);
    return finding;
}

/* ---- the run ------------------------------------------------------------------------------- */

/* The counters of a run, in the order in which they are kept. */
enum { NCOUNTERS = 7 + 2 * REACH_COUNT };

static void
list_counters(RunResult *run, uint32_t *counter[NCOUNTERS])
{
    uint32_t *const single[] = {&run->nfiles, &run->nfailed, &run->nfunctions, &run->nanalysed,
                                &run->ndamaged, &run->ngaveup, &run->npartial};
    uint32_t n = 0;
    for (size_t i = 0; i < COUNT_OF(single); i++) {
        counter[n++] = single[i];
    }
    for (int i = 0; i < REACH_COUNT; i++) {
        counter[n++] = &run->nhidden[i];
        counter[n++] = &run->nunsure[i];
    }
}

static void
pack_gap(Packer *pack, const Gap *gap)
{
    pack_loc(pack, gap->loc);
    pack_text(pack, gap->function);
    pack_text(pack, gap->why);
}

const char *
run_pack(Arena *arena, const RunResult *run, size_t *length)
{
    Packer pack;
    RunResult copy = *run;
    uint32_t *counter[NCOUNTERS];
    pack_start(&pack, arena);
    list_counters(&copy, counter);
    for (int i = 0; i < NCOUNTERS; i++) {
        pack_number(&pack, *counter[i]);
    }
    pack_text(&pack, run->python);
    pack_text(&pack, run->clang);
    pack_number(&pack, run->nnotes);
    for (uint32_t i = 0; i < run->nnotes; i++) {
        pack_text(&pack, run->notes[i]);
    }
    pack_number(&pack, run->ngaps);
    for (uint32_t i = 0; i < run->ngaps; i++) {
        pack_gap(&pack, &run->gaps[i]);
    }
    pack_number(&pack, run->nfindings);
    for (uint32_t i = 0; i < run->nfindings; i++) {
        pack_whole_finding(&pack, run->findings[i]);
    }
    *length = pack.out.length;
    return pack.out.text;
}

/* A number of things of which each takes a byte at least. */
static uint32_t
unpack_many(Unpacker *from)
{
    uint64_t n = unpack_number(from);
    from->failed = from->failed || n > (uint64_t)(from->end - from->at);
    return from->failed ? 0 : (uint32_t)n;
}

static void
unpack_lists(Unpacker *from, RunResult *run)
{
    run->nnotes = unpack_many(from);
    run->notes = ARENA_ARRAY(from->arena, const char *, run->nnotes + 1);
    for (uint32_t i = 0; i < run->nnotes && !from->failed; i++) {
        run->notes[i] = unpack_text(from);
        from->failed = from->failed || !run->notes[i];
    }
    run->ngaps = unpack_many(from);
    run->gaps = ARENA_ARRAY(from->arena, Gap, run->ngaps + 1);
    for (uint32_t i = 0; i < run->ngaps && !from->failed; i++) {
        Gap *gap = &run->gaps[i];
        gap->loc = unpack_loc(from);
        gap->function = unpack_text(from);
        gap->why = unpack_text(from);
        from->failed = from->failed || !gap->why;
    }
    run->nfindings = unpack_many(from);
    run->findings = ARENA_ARRAY(from->arena, Finding *, run->nfindings + 1);
    for (uint32_t i = 0; i < run->nfindings && !from->failed; i++) {
        run->findings[i] = unpack_whole_finding(from);
    }
}

bool
run_unpack(Arena *arena, Strings *strings, const char *bytes, size_t length, RunResult *out)
{
    Unpacker from;
    uint32_t *counter[NCOUNTERS];
    *out = (RunResult){.arena = arena};
    unpack_start(&from, arena, strings, bytes, length);
    list_counters(out, counter);
    for (int i = 0; i < NCOUNTERS; i++) {
        *counter[i] = (uint32_t)unpack_number(&from);
    }
    out->python = unpack_text(&from);
    out->clang = unpack_text(&from);
    unpack_lists(&from, out);
    return !from.failed && out->python && out->clang && from.at == from.end;
}

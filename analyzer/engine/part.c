/* part.c: what came out of a component of the call graph, as bytes; what decides about it.
 *
 * The key of a component is made of the text of its functions, the roles they have, what is
 * declared of what they name, and what came out of the components they need.
 */
#include <string.h>

#include "engine/gil.h"
#include "engine/run.h"

/* ---- what a component needs ---------------------------------------------------------- */

/* Calls 'visit' for each declaration that an instruction of the function names. */
static void
each_decl(const Fn *fn, void (*visit)(void *payload, const Decl *decl), void *payload)
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            for (uint32_t k = 0; k < instr_operands(ins); k++) {
                Val val = instr_operand(ins, k);
                if (val.kind == VAL_FUNC || val.kind == VAL_GLOBAL) {
                    visit(payload, val.decl);
                }
            }
        }
    }
}

typedef struct Needs {
    const Engine *engine;
    uint32_t self;  /* number of the component */
    uint32_t *seen; /* by component: self + 1 when it is listed */
    VEC(uint32_t) list;
} Needs;

static void
add_need(void *payload, const Decl *decl)
{
    Needs *needs = payload;
    int64_t index = program_callee(needs->engine->program, decl);
    uint32_t other = index < 0 ? 0 : needs->engine->program->graph->component[index];
    if (index >= 0 && other < needs->self && needs->seen[other] != needs->self + 1) {
        needs->seen[other] = needs->self + 1;
        VEC_PUSH(needs->engine->out, &needs->list, other);
    }
}

void
components_link(Engine *engine)
{
    const uint32_t *order = engine->program->graph->order;
    uint32_t *seen = ARENA_ARRAY(engine->out, uint32_t, engine->ncomponents + 1);
    for (uint32_t c = 0; c < engine->ncomponents; c++) {
        Component *component = &engine->component[c];
        Needs needs = {.engine = engine, .self = c, .seen = seen};
        for (uint32_t i = 0; i < component->count; i++) {
            each_decl(engine->program->fns[order[component->first + i]], add_need, &needs);
        }
        component->needs = needs.list.at;
        component->nneeds = needs.list.n;
    }
}

/* ---- keys -------------------------------------------------------------------------------- */

/* Two sums that everything is mixed into, one after the other. */
static void
mix(Digest *sum, uint64_t value)
{
    sum->high = hash_mix(sum->high, value);
    sum->low = hash_mix(sum->low + 1, value);
}

static void
mix_digest(Digest *sum, Digest digest)
{
    mix(sum, digest.high);
    mix(sum, digest.low);
}

static void
mix_text(Digest *sum, const char *text)
{
    mix_digest(sum, text ? digest_bytes(text, strlen(text)) : (Digest){0});
}

static void
mix_loc(Digest *sum, Loc loc)
{
    mix_text(sum, loc.file);
    mix(sum, (uint64_t)loc.line << 32 | loc.col);
    mix_text(sum, loc.macro);
}

void
parts_start(Engine *engine)
{
    engine->base = engine->help->base;
    mix_digest(&engine->base, owners_digest(engine->owners));
    for (uint32_t u = 0; u < engine->program->nunits; u++) {
        const Unit *unit = engine->program->units[u];
        for (uint32_t i = 0; i < unit->decls.n; i++) {
            const Decl *decl = unit->decls.at[i];
            for (uint32_t k = 0; k < decl->nannotation; k++) {
                mix_text(&engine->base, decl->usr);
                mix_text(&engine->base, decl->annotation[k]);
            }
        }
    }
}

/* Stories tell of places in other functions. */
static void
mix_places(Digest *sum, const Gil *gil, const Fn *fn, const FnInfo *info)
{
    for (uint32_t i = 0; i < info->nunset; i++) {
        mix_loc(sum, info->unset[i]->loc);
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            Str key = ins->op == OP_FIELD ? gil_key(gil, ins->record, ins->name) : NULL;
            const Behind *behind = key ? map_get_ptr(&gil->behind, key) : NULL;
            for (; behind; behind = behind->next) {
                const GilUse *use = &gil->use[behind->fn];
                mix_loc(sum, use->at ? use->at->loc : (Loc){0});
            }
        }
    }
}

typedef struct Key {
    const Engine *engine;
    uint32_t self;
    Digest sum;
} Key;

static void
mix_decl(void *payload, const Decl *decl)
{
    Key *key = payload;
    const Program *program = key->engine->program;
    int64_t index = program_callee(program, decl);
    mix_digest(&key->sum, decl->digest);
    if (index < 0 || program->graph->component[index] > key->self) {
        mix(&key->sum, 0);
        return;
    }
    const GilUse *use = &key->engine->gil->use[index];
    mix(&key->sum, 1 + (uint64_t)program->fns[index]->nparam);
    mix(&key->sum, program_is_guess(program, decl));
    mix_loc(&key->sum, use->at ? use->at->loc : (Loc){0});
    if (program->graph->component[index] < key->self) {
        const Slice *raw = &key->engine->raw[index];
        mix_digest(&key->sum, digest_bytes(raw->bytes ? raw->bytes : "", raw->length));
    }
}

Digest
part_key(Engine *engine, const Component *component)
{
    Key key = {.engine = engine, .sum = engine->base};
    key.self = engine->program->graph->component[engine->program->graph->order[component->first]];
    for (uint32_t i = 0; i < component->count; i++) {
        uint32_t f = engine->program->graph->order[component->first + i];
        const Fn *fn = engine->program->fns[f];
        mix_digest(&key.sum, fn->digest);
        mix_digest(&key.sum, fn->decl->digest);
        mix_loc(&key.sum, fn->loc);
        mix(&key.sum, engine->result->premise[f]);
        mix_places(&key.sum, engine->gil, fn, &engine->info[f]);
        each_decl(fn, mix_decl, &key);
    }
    return key.sum;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

Slice
part_pack(Engine *engine, Arena *arena, const Component *component)
{
    Packer pack;
    pack_start(&pack, arena);
    pack_number(&pack, component->count);
    for (uint32_t i = 0; i < component->count; i++) {
        uint32_t f = engine->program->graph->order[component->first + i];
        const Slice *raw = &engine->raw[f];
        const FnFindings *own = &engine->result->own[f];
        pack_number(&pack, raw->length);
        strbuf_add(&pack.out, raw->bytes ? raw->bytes : "", raw->length);
        pack_number(&pack, engine->result->outcome[f]);
        pack_text(&pack, engine->result->why[f]);
        pack_number(&pack, own->n);
        for (uint32_t k = 0; k < own->n; k++) {
            pack_finding(&pack, own->at[k]);
        }
    }
    return (Slice){pack.out.text, pack.out.length};
}

Slice
part_of_failure(Engine *engine, Arena *arena, const Component *component, const char *why)
{
    for (uint32_t i = 0; i < component->count; i++) {
        uint32_t f = engine->program->graph->order[component->first + i];
        engine->result->outcome[f] = OUTCOME_GAVE_UP;
        engine->result->why[f] = why;
        engine->result->own[f] = (FnFindings){0};
        engine->raw[f] = (Slice){0};
    }
    return part_pack(engine, arena, component);
}

/* The summary that comes next, as bytes. */
static Slice
unpack_slice(Unpacker *from)
{
    uint64_t length = unpack_number(from);
    if (from->failed || length > (uint64_t)(from->end - from->at)) {
        from->failed = true;
        return (Slice){0};
    }
    Slice slice = {from->at, (size_t)length};
    from->at += length;
    return slice;
}

/* Passes over what stands behind a function's summary. */
static void
skip_rest(Unpacker *from)
{
    unpack_number(from);
    unpack_text(from);
    uint64_t n = unpack_number(from);
    for (uint64_t k = 0; k < n && !from->failed; k++) {
        unpack_finding(from);
    }
}

bool
part_split(Engine *engine, const Component *component, Slice part)
{
    Unpacker from;
    Arena *arena = arena_new();
    unpack_start(&from, arena, engine->strings, part.bytes, part.length);
    bool good = unpack_number(&from) == component->count;
    for (uint32_t i = 0; i < component->count && good && !from.failed; i++) {
        uint32_t f = engine->program->graph->order[component->first + i];
        engine->raw[f] = unpack_slice(&from);
        if (i + 1 < component->count) {
            skip_rest(&from);
        }
    }
    arena_free(arena);
    return good && !from.failed;
}

bool
part_take_summary(Engine *engine, uint32_t index, Slice bytes)
{
    const Fn *fn = engine->program->fns[index];
    Unpacker from;
    unpack_start(&from, engine->out, engine->strings, bytes.bytes, bytes.length);
    Summary *summary = bytes.length > 0 ? unpack_summary(&from, fn) : NULL;
    if (from.failed || (summary && summary->nparam > fn->nparam)) {
        return false;
    }
    engine->computed[index] = summary;
    if (summary) {
        model_put_computed(engine->model, fn->decl->usr, summary);
    }
    return true;
}

/* What stands behind a function's summary: how it went, and its findings. */
static void
take_rest(Engine *engine, Unpacker *from, uint32_t f)
{
    uint32_t first = engine->result->findings.n;
    uint64_t outcome = unpack_number(from);
    engine->result->why[f] = unpack_text(from);
    uint64_t n = unpack_number(from);
    for (uint64_t k = 0; k < n && !from->failed; k++) {
        VEC_PUSH(engine->out, &engine->result->findings, unpack_finding(from));
    }
    from->failed = from->failed || outcome > OUTCOME_GAVE_UP;
    engine->result->outcome[f] = from->failed ? OUTCOME_GAVE_UP : (FnOutcome)outcome;
    note_own(engine, f, first);
}

bool
part_take(Engine *engine, const Component *component, Slice part)
{
    Unpacker from;
    uint32_t before = engine->result->findings.n;
    unpack_start(&from, engine->out, engine->strings, part.bytes, part.length);
    bool good = unpack_number(&from) == component->count;
    for (uint32_t i = 0; i < component->count && good; i++) {
        uint32_t f = engine->program->graph->order[component->first + i];
        Slice summary = unpack_slice(&from);
        good = !from.failed && part_take_summary(engine, f, summary);
        if (good) {
            take_rest(engine, &from, f);
            good = !from.failed;
        }
    }
    if (!good) {
        engine->result->findings.n = before;
    }
    return good;
}

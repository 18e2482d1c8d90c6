/* before.c: what an earlier run found out about a program, taken over for functions on which
 * nothing has changed that they depend on.
 */
#include <string.h>

#include "engine/run.h"

uint64_t
engine_identity(const Fn *fn)
{
    const char *file = fn->decl->is_static && fn->loc.file ? fn->loc.file : "";
    uint64_t hash = hash_bytes(fn->decl->usr, strlen(fn->decl->usr), 0);
    return hash_bytes(file, strlen(file), hash);
}

void
before_start(Engine *engine)
{
    uint32_t nfns = engine->program->nfns;
    engine->altered = ARENA_ARRAY(engine->out, uint8_t, nfns + 1);
    engine->analysed = ARENA_ARRAY(engine->out, bool, nfns + 1);
    map_init(&engine->known, engine->out);
    for (uint32_t i = 0; engine->before && i < engine->before->program->nfns; i++) {
        *map_put(&engine->known, engine_identity(engine->before->program->fns[i])) =
            (void *)(uintptr_t)(i + 1);
    }
    engine->moving = moving_start(engine);
}

/* The function's index in the earlier run, or -1. */
static int64_t
index_before(const Engine *engine, uint32_t f)
{
    return (int64_t)(uintptr_t)map_get(&engine->known, engine_identity(engine->program->fns[f])) - 1;
}

/* ---- what has changed ------------------------------------------------------------------ */

/* What the functions that an instruction names are seen to do otherwise, all of it. */
static uint8_t
altered_by(const Engine *engine, const Instr *ins)
{
    uint8_t altered = 0;
    for (uint32_t k = 0; k < instr_operands(ins); k++) {
        Val val = instr_operand(ins, k);
        int64_t callee = val.kind == VAL_FUNC ? program_callee(engine->program, val.decl) : -1;
        altered |= callee >= 0 ? engine->altered[callee] : 0;
    }
    return altered;
}

static uint8_t
altered_below(const Engine *engine, uint32_t f)
{
    const Fn *fn = engine->program->fns[f];
    uint8_t altered = 0;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            altered |= altered_by(engine, &fn->block[b].ins[i]);
        }
    }
    return altered;
}

static bool
has_other_premise(const Engine *engine, uint32_t f, int64_t k)
{
    return k < 0 ||
           (engine->moving && engine->before->result->premise[k] != engine->result->premise[f]);
}

/* True when nobody can tell where some place is now that a finding of function 'k' tells of. */
static bool
tells_of_lost(const Engine *engine, int64_t k)
{
    const FnFindings *own = &engine->before->result->own[k];
    for (uint32_t i = 0; engine->moving && i < own->n; i++) {
        Loc loc = own->at[i]->loc;
        bool lost = !moving_place(engine->moving, &loc);
        for (uint32_t s = 0; s < own->at[i]->nsteps && !lost; s++) {
            loc = own->at[i]->steps[s].loc;
            lost = !moving_place(engine->moving, &loc);
        }
        if (lost) {
            return true;
        }
    }
    return false;
}

static bool
must_analyse(const Engine *engine, uint32_t f)
{
    const EngineBefore *before = engine->before;
    int64_t k = index_before(engine, f);
    return has_other_premise(engine, f, k) ||
           before->is_changed(before->payload, engine->program->fns[f]) ||
           altered_below(engine, f) != 0 || tells_of_lost(engine, k);
}

/* ---- places ------------------------------------------------------------------------------- */

static const Fault *
moved_faults(const Moving *moving, Arena *arena, const Fault *first)
{
    const Fault *copies = NULL, **end = &copies;
    for (const Fault *f = first; f; f = f->next) {
        Fault *copy = arena_copy(arena, f, sizeof(Fault));
        moving_place(moving, &copy->at);
        if (f->cause.line) {
            moving_place(moving, &copy->cause);
        }
        *end = copy;
        end = &copy->next;
    }
    return copies;
}

/* What the earlier run computed for function 'k', with all places where they are now; NULL for
 * nothing. */
static Summary *
summary_before(const Engine *engine, int64_t k)
{
    const Moving *moving = engine->moving;
    Summary *old = engine->before->result->computed[k];
    if (!old || !moving) {
        return old;
    }
    Arena *arena = engine->out;
    Summary *now = arena_copy(arena, old, sizeof(Summary));
    now->param = arena_copy(arena, old->param, old->nparam * sizeof(Param));
    for (uint32_t i = 0; i < old->nparam; i++) {
        now->param[i].used = moving_instr(moving, k, old->param[i].used);
        now->param[i].left = moving_instr(moving, k, old->param[i].left);
    }
    now->cases = arena_copy(arena, old->cases, old->ncases * sizeof(Case));
    for (uint32_t i = 0; i < old->ncases; i++) {
        now->cases[i].fault = moved_faults(moving, arena, old->cases[i].fault);
    }
    now->runs_at = moving_instr(moving, k, old->runs_at);
    now->crossed = old->crossed ? arena_copy(arena, old->crossed, PARAM_MAX * sizeof(Crossing))
                                : NULL;
    for (uint32_t i = 0; old->crossed && i < PARAM_MAX; i++) {
        now->crossed[i].at = moving_instr(moving, k, old->crossed[i].at);
        now->crossed[i].call = moving_instr(moving, k, old->crossed[i].call);
    }
    return now;
}

/* ---- what is taken over ----------------------------------------------------------------- */

/* Takes over the findings of function 'k', which is 'f' now. */
static void
keep_findings(Engine *engine, uint32_t f, int64_t k)
{
    const FnFindings *old = &engine->before->result->own[k];
    uint32_t first = engine->result->findings.n;
    for (uint32_t i = 0; i < old->n; i++) {
        Finding *copy = arena_copy(engine->out, old->at[i], sizeof(Finding));
        moving_place(engine->moving, &copy->loc);
        copy->steps = arena_copy(engine->out, copy->steps, copy->nsteps * sizeof(Step));
        for (uint32_t s = 0; s < copy->nsteps; s++) {
            moving_place(engine->moving, &copy->steps[s].loc);
        }
        VEC_PUSH(engine->out, &engine->result->findings, copy);
    }
    note_own(engine, f, first);
}

static void
keep(Engine *engine, uint32_t f)
{
    const EngineResult *old = engine->before->result;
    int64_t k = index_before(engine, f);
    Summary *summary = summary_before(engine, k);
    engine->computed[f] = summary;
    engine->result->outcome[f] = old->outcome[k];
    engine->result->why[f] = old->why[k];
    if (engine->moving) {
        if (summary) {
            model_put_computed(engine->model, engine->program->fns[f]->decl->usr, summary);
        }
        keep_findings(engine, f, k);
    }
}

bool
before_keep(Engine *engine, const Component *component)
{
    const uint32_t *order = &engine->program->graph->order[component->first];
    for (uint32_t i = 0; i < component->count; i++) {
        if (!engine->before || must_analyse(engine, order[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < component->count; i++) {
        keep(engine, order[i]);
    }
    return true;
}

/* ---- what callers see -------------------------------------------------------------------- */

/* True when callers would tell the same of both, and of the same places. */
static bool
says_same(const Engine *engine, const Summary *a, const Summary *b)
{
    if (!a || !b || !engine->moving) {
        return !a || !b ? a == b : summary_equal(a, b);
    }
    Packer first, second;
    pack_start(&first, engine->scratch);
    pack_start(&second, engine->scratch);
    pack_told(&first, a);
    pack_told(&second, b);
    return first.out.length == second.out.length &&
           memcmp(first.out.text, second.out.text, first.out.length) == 0;
}

/* True when the summary names fields. */
static bool
has_path(const Summary *summary)
{
    for (uint32_t i = 0; summary && i < summary->ncases; i++) {
        const Case *c = &summary->cases[i];
        if (c->ret.kind == RESULT_FIELD) {
            return true;
        }
        for (uint32_t e = 0; e < c->neffect; e++) {
            if (c->effect[e].path || c->effect[e].result.kind == RESULT_FIELD) {
                return true;
            }
        }
    }
    return false;
}

void
before_note(Engine *engine, const Component *component)
{
    const uint32_t *order = &engine->program->graph->order[component->first];
    for (uint32_t i = 0; engine->before && i < component->count; i++) {
        uint32_t f = order[i];
        int64_t k = index_before(engine, f);
        const Summary *old = k < 0 ? NULL : summary_before(engine, k);
        bool fields = has_other_premise(engine, f, k) ||
                      (altered_below(engine, f) & ALTERED_FIELDS) != 0;
        engine->analysed[f] = true;
        engine->altered[f] = says_same(engine, old, engine->computed[f]) ? 0 : ALTERED_SUMMARY;
        engine->altered[f] |= fields && has_path(engine->computed[f]) ? ALTERED_FIELDS : 0;
        arena_reset(engine->scratch);
    }
}

/* contracts.c: every call and every static table once, and what rules say of it. */
#include <string.h>

#include "contracts/private.h"
#include "engine/rule.h"

struct MismatchCtx {
    Arena *arena;
    const Rule *rule;
    EngineResult *out;
};

Arena *
mismatch_arena(MismatchCtx *cx)
{
    return cx->arena;
}

static bool
is_known(const MismatchCtx *cx, const Mismatch *mismatch)
{
    for (uint32_t i = cx->out->findings.n; i-- > 0;) {
        const Finding *f = cx->out->findings.at[i];

        if (f->rule == &cx->rule->info && loc_compare(f->loc, mismatch->loc) == 0 &&
            strcmp(f->object, mismatch->name) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_taken(const MismatchCtx *cx, const char *fingerprint)
{
    for (uint32_t i = 0; i < cx->out->findings.n; i++) {
        if (strcmp(cx->out->findings.at[i]->fingerprint, fingerprint) == 0) {
            return true;
        }
    }
    return false;
}

/* Without lines; those of equal findings are numbered. */
static const char *
fingerprint(const MismatchCtx *cx, const Mismatch *mismatch)
{
    const char *file = mismatch->loc.file != NULL ? path_basename(mismatch->loc.file) : "";
    const char *text = arena_printf(cx->arena, "%s|%s|%s|%s|%s|%s|%s|%d", cx->rule->info.id,
                                    file, mismatch->function, mismatch->callee, mismatch->format,
                                    mismatch->unit, mismatch->name, (int)mismatch->kind);

    for (uint64_t n = 0;; n++) {
        const char *made = arena_printf(cx->arena, "%016llx", (unsigned long long)
                                        hash_bytes(text, strlen(text), 5 + n));

        if (!is_taken(cx, made)) {
            return made;
        }
    }
}

void
mismatch_report(MismatchCtx *cx, const Mismatch *mismatch, Confidence confidence,
                const char *message, const char *fix)
{
    Finding *finding;

    if (is_known(cx, mismatch)) {
        return;
    }
    finding = ARENA_NEW(cx->arena, Finding);
    *finding = (Finding){.rule = &cx->rule->info, .loc = mismatch->loc,
                         .function = mismatch->function, .object = mismatch->name,
                         .message = message, .fix = fix, .confidence = confidence,
                         .reach = mismatch->on_error ? REACH_ERROR : REACH_ORDINARY};
    finding->steps = ARENA_ARRAY(cx->arena, Step, COUNT_OF(mismatch->because) + 1);
    for (size_t i = 0; i < COUNT_OF(mismatch->because); i++) {
        if (mismatch->because[i].loc.line > 0) {
            finding->steps[finding->nsteps++] = (Step){mismatch->because[i].loc, STEP_CHANGE,
                                                       mismatch->because[i].text};
        }
    }
    finding->steps[finding->nsteps++] = (Step){mismatch->loc, STEP_LOST, message};
    finding->fingerprint = fingerprint(cx, mismatch);
    finding->cause = *mismatch->callee != '\0' ? arena_printf(cx->arena, "%s in %s",
                                                             mismatch->callee, mismatch->function)
                                                : mismatch->function;
    VEC_PUSH(cx->arena, &cx->out->findings, finding);
}

void
tell(Contracts *contracts, const Mismatch *mismatch)
{
    Mismatch full = *mismatch;

    full.callee = full.callee != NULL ? full.callee : "";
    full.name = full.name != NULL ? full.name : "";
    full.format = full.format != NULL ? full.format : "";
    full.unit = full.unit != NULL ? full.unit : "";
    for (uint32_t i = 0; all_rules[i] != NULL; i++) {
        MismatchCtx cx = {contracts->arena, all_rules[i], contracts->out};

        if (all_rules[i]->on_mismatch != NULL) {
            all_rules[i]->on_mismatch(&cx, &full);
        }
    }
}

static void
tables_find(Contracts *cx)
{
    for (uint32_t u = 0; u < cx->program->nunits; u++) {
        const Unit *unit = cx->program->units[u];

        for (uint32_t t = 0; t < unit->tables.n; t++) {
            void **place = map_put_ptr(&cx->tables, unit->tables.at[t]->decl->usr);

            if (*place == NULL) {
                *place = unit->tables.at[t];
            }
        }
    }
}

void
contracts_run(Arena *arena, const Program *program, const Model *model, EngineResult *out)
{
    Contracts cx = {.arena = arena, .program = program, .model = model, .out = out};

    map_init(&cx.tables, arena);
    map_init(&cx.ended, arena);
    map_init(&cx.wrappers, arena);
    tables_find(&cx);
    wrappers_find(&cx);
    for (uint32_t i = 0; i < program->nfns; i++) {
        if (program->fns[i]->status == FN_OK) {
            calls_check(&cx, program->fns[i], program->fn_unit[i]);
        }
    }
    for (uint32_t i = 0; i < cx.tables.n; i++) {
        table_check(&cx, cx.tables.at[i].value);
    }
    claims_find(&cx);
    statics_check(&cx);
    findings_sort(out);
}

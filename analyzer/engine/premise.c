/* premise.c: what a function's analysis takes for granted of the program around it, as a number
 * that changes when some of it does.
 *
 * Summaries of callees are not part of it: they are compared by themselves.
 */
#include <string.h>

#include "engine/foreign.h"
#include "engine/gil.h"

static uint64_t
mix_text(uint64_t hash, const char *text)
{
    return text != NULL ? hash_bytes(text, strlen(text), hash) : hash_mix(hash, 1);
}

static uint64_t
mix_role(uint64_t hash, const FnInfo *info)
{
    hash = hash_mix(hash, (uint64_t)info->is_entry | (uint64_t)info->is_init << 1
                              | (uint64_t)info->is_dealloc << 2 | (uint64_t)info->has_kwds << 3
                              | (uint64_t)info->guarded << 4
                              | (uint64_t)info->self << 8 | (uint64_t)info->deleted << 16
                              | (uint64_t)info->contract << 24 | (uint64_t)info->compares << 32
                              | (uint64_t)info->in_use << 40 | (uint64_t)info->given << 48
                              | (uint64_t)info->compared << 56);
    for (uint32_t i = 0; i < info->nunset; i++) {
        hash = mix_text(mix_text(hash, info->unset[i]->record), info->unset[i]->name);
    }
    return hash;
}

/* The first use of the C-API in a function that is called without the GIL, perhaps. */
static uint64_t
mix_use(uint64_t hash, const Gil *gil, uint32_t fn)
{
    const GilUse *use = &gil->use[fn];

    if (use->at == NULL) {
        return hash_mix(hash, 3);
    }
    hash = mix_text(mix_text(hash, gil->program->fns[use->in]->decl->usr), use->callee);
    return hash_mix(hash, use->calls + use->releases);
}

/* Which function of the program the operand means, and whether its summary is known before that
 * of 'index'. */
static uint64_t
mix_function(uint64_t hash, const Program *program, const Decl *decl, uint32_t index)
{
    int64_t callee = program_callee(program, decl);
    const uint32_t *component = program->graph->component;

    if (callee < 0) {
        return hash_mix(hash, 2);
    }
    hash = mix_text(hash, program->fns[callee]->decl->usr);
    hash = mix_text(hash, program->fns[callee]->loc.file);
    return hash_mix(hash, (uint64_t)(component[callee] == component[index])
                              | (uint64_t)(component[callee] < component[index]) << 1
                              | (uint64_t)program_is_guess(program, decl) << 2);
}

/* What the call changes. */
static Change
change_by(const Gil *gil, const Instr *call)
{
    return gil_change_by(gil, call->a.kind == VAL_FUNC ? call->a.decl : NULL, callee_name(call));
}

/* What functions that an instruction names, or that a field points to, do without the GIL. */
static uint64_t
mix_uses(uint64_t hash, const Gil *gil, const Instr *ins)
{
    Str key = ins->op == OP_FIELD ? gil_key(gil, ins->record, ins->name) : NULL;
    const Behind *behind = key != NULL ? map_get_ptr(&gil->behind, key) : NULL;

    for (; behind != NULL; behind = behind->next) {
        hash = mix_text(hash, gil->program->fns[behind->fn]->decl->usr);
        hash = mix_use(hash, gil, behind->fn);
    }
    for (uint32_t k = 0; k < instr_operands(ins); k++) {
        Val val = instr_operand(ins, k);
        int64_t callee = val.kind == VAL_FUNC ? program_callee(gil->program, val.decl) : -1;

        hash = callee >= 0 ? mix_use(hash, gil, (uint32_t)callee) : hash;
    }
    return hash;
}

/* Who holds the GIL in the function: what others do without it counts where it gives it away. */
static uint64_t
mix_gil(uint64_t hash, const Gil *gil, uint32_t index)
{
    const Fn *fn = gil->program->fns[index];
    bool changes = gil->foreign[index];

    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            if (fn->block[b].ins[i].op == OP_CALL) {
                Change change = change_by(gil, &fn->block[b].ins[i]);

                changes = changes || change != CHANGE_NONE;
                hash = hash_mix(hash, change);
            }
        }
    }
    for (uint32_t b = 0; b < fn->nblock && changes; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            hash = mix_uses(hash, gil, &fn->block[b].ins[i]);
        }
    }
    return hash_mix(hash, gil->foreign[index]);
}

uint64_t
premise_of_all(const Program *program)
{
    uint64_t hash = 0;

    for (uint32_t u = 0; u < program->nunits; u++) {
        const Unit *unit = program->units[u];

        for (uint32_t i = 0; i < unit->decls.n; i++) {
            const Decl *decl = unit->decls.at[i];

            for (uint32_t k = 0; k < decl->nannotation; k++) {
                hash = mix_text(mix_text(hash, decl->usr), decl->annotation[k]);
            }
        }
    }
    return hash;
}

uint64_t
premise_of(const Program *program, Owners *owners, const Gil *gil, const FnInfo *info,
           uint64_t all, uint32_t index)
{
    const Fn *fn = program->fns[index];
    uint64_t hash = mix_gil(mix_role(all, info), gil, index);

    hash = hash_mix(hash, program->graph->ncaller[index] > 0);
    hash = hash_mix(hash, foreign_of(owners_values(owners), index));

    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];

            if (ins->op == OP_FIELD) {
                hash = hash_mix(hash, owners_field(owners, ins->record, ins->name));
            }
            for (uint32_t k = 0; k < instr_operands(ins); k++) {
                Val val = instr_operand(ins, k);

                if (val.kind == VAL_FUNC) {
                    hash = mix_function(hash, program, val.decl, index);
                }
                else if (val.kind == VAL_GLOBAL) {
                    hash = hash_mix(hash, owners_global(owners, val.decl->usr));
                }
            }
        }
    }
    return hash;
}

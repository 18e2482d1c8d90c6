/* self.c: which values are the first argument of a function: read straight from the
 * parameter, or from the one variable that authors give it a better type in. */
#include "engine/state.h"

bool
self_is(const SelfUse *use, Val val)
{
    for (int depth = 0; depth < 8 && val.kind == VAL_TEMP && use->def[val.index]; depth++) {
        const Instr *ins = use->def[val.index];
        if (ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL) {
            return use->alias[ins->a.index] == 1;
        }
        if (ins->op != OP_CAST && ins->op != OP_COPY) {
            return false;
        }
        val = ins->a;
    }
    return false;
}

SelfUse
self_use(Arena *arena, const Fn *fn)
{
    uint8_t *alias = ARENA_ARRAY(arena, uint8_t, fn->nlocal + 1);
    SelfUse use = {.fn = fn, .def = ARENA_ARRAY(arena, const Instr *, fn->ntemp + 1),
                   .alias = alias};
    alias[0] = fn->nparam > 0 ? 1 : 0;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            use.def[fn->block[b].ins[i].dst] = &fn->block[b].ins[i];
        }
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            if (ins->op == OP_STORE && ins->a.kind == VAL_LOCAL && ins->a.index < fn->nlocal) {
                bool first = alias[ins->a.index] == 0 && self_is(&use, ins->b);
                alias[ins->a.index] = first ? 1 : 2;
            }
        }
    }
    return use;
}

bool
self_is_inside(const SelfUse *use, Val val)
{
    const Instr *ins = val.kind == VAL_TEMP ? use->def[val.index] : NULL;
    return ins && ins->op == OP_FIELD && self_is(use, ins->a);
}

/* inspect.c: what a variable holds at a line, in words: the ledger for somebody who asks. */
#include <string.h>

#include "engine/state.h"

/* The variable of that name that is declared last before the line; nlocal when none is. */
static uint32_t
find_local(const Fn *fn, const Point *point)
{
    uint32_t best = fn->nlocal;
    for (uint32_t i = 0; i < fn->nlocal; i++) {
        if (text_equal(fn->local[i].name, point->name) && fn->local[i].loc.line <= point->line &&
            (best == fn->nlocal || fn->local[i].loc.line >= fn->local[best].loc.line)) {
            best = i;
        }
    }
    return best;
}

/* True for the first instruction of its block on the line. */
static bool
is_first_there(const Explorer *ex, const Instr *ins, const Point *point)
{
    const Instr *start = ex->fn->block[ex->block].ins;
    if (ins->loc.line != point->line || !text_equal(ins->loc.file, point->file)) {
        return false;
    }
    return ins == start || ins[-1].loc.line != point->line;
}

static const char *
keeper_text(Explorer *ex, const Ref *ref)
{
    switch ((Kept)ref->kept) {
    case KEPT_CALLER:
        return "borrowed from the caller";
    case KEPT_BY:
        return ref->keeper ? arena_printf(ex->watch->arena, "borrowed from %s",
                                          sym_text(ex, ref->keeper))
                           : "borrowed";
    case KEPT_FIELD:
        return "borrowed: memory outside this function holds it";
    case KEPT_STATIC:
        return "borrowed from something that lives on";
    case KEPT_UNKNOWN:
        return "not owned; somebody else may keep it alive";
    case KEPT_NONE:
        break;
    }
    return ref->flags & REF_STOLEN     ? "not owned: its reference was handed over"
           : ref->flags & REF_RELEASED ? "not owned: its reference was released"
                                       : "not owned";
}

static const char *
ref_text(Explorer *ex, const Ref *ref)
{
    Arena *arena = ex->watch->arena;
    if (ref->flags & REF_ESCAPED) {
        return "ownership is not followed from here on";
    }
    if (ref->own <= 0) {
        return keeper_text(ex, ref);
    }
    const char *born = ref->born ? arena_printf(arena, " from %s", ref->born->name) : "";
    if (ref->flags & REF_MEMORY) {
        return arena_printf(arena, "memory%s that this function must free or hand on", born);
    }
    return ref->own == 1
               ? arena_printf(arena, "owned: one reference%s, to be released or handed on", born)
               : arena_printf(arena, "owned: %d references%s", ref->own, born);
}

static const char *
holding_text(Explorer *ex, const State *state, const Sym *sym)
{
    const Ref *ref = sym ? state_ref(state, sym) : NULL;
    if (sym && !ref && type_is_object(sym->type)) { /* nothing has happened to it so far */
        ref = state_ref_make(ex, state_copy(ex, state), sym);
    }
    if (!sym) {
        return "not set";
    }
    if (is_zero(state, sym)) {
        return sym->type && sym->type->kind != TYPE_PTR ? "0" : "NULL";
    }
    if (!ref) {
        return "nothing is owed for it";
    }
    return is_not_zero(state, sym)
               ? ref_text(ex, ref)
               : arena_printf(ex->watch->arena, "NULL, or %s", ref_text(ex, ref));
}

void
watch_state(Explorer *ex, const State *state, const Instr *ins)
{
    Watch *watch = ex->watch;
    uint32_t local = find_local(ex->fn, watch->point);
    if (!is_first_there(ex, ins, watch->point) || local == ex->fn->nlocal) {
        return;
    }
    const char *text = holding_text(ex, state, state_get(state, place_local(ex, local)));
    for (uint32_t i = 0; i < watch->out->n; i++) {
        if (text_equal(watch->out->at[i].text, text)) {
            watch->out->at[i].paths++;
            return;
        }
    }
    VEC_PUSH(watch->arena, watch->out,
             (Facing){arena_strndup(watch->arena, text, strlen(text)), 1});
}

/* explore.c: follows every path of one function, block by block.
 *
 * Blocks are taken in reverse post-order, so that a join sees all states that
 * come to it.  A state seen before at a block is dropped; when too many stand
 * at one block, those with the same ownership are joined.  At a back edge
 * variables that count along become unknown, so that loops come to an end.
 * All budgets are counts, never time: what was cut is said.
 */
#include <string.h>

#include "engine/across.h"
#include "engine/gil.h"

#define MAX_SEPARATE 12   /* states at one block before equal owners are joined */
#define MAX_CLOSE 24      /* ... and then those that know different things of the exception */
#define MAX_AT_BLOCK 64   /* states at one block at one time */
#define MAX_FRESH 40      /* states run from one block before new ones are joined to them */
#define MAX_VISITS 600    /* states that ever start one block */
#define MAX_INSIDE 24     /* states inside one block before equal owners are joined */
#define MAX_STEPS 400000  /* instructions executed in one function */
#define USUAL_SIZE 512    /* entries of a state that costs no more than one step */
#define MAX_BYTES (128U << 20) /* in the states that are kept at one time */

typedef struct Waiting {
    VEC(State *) list; /* to be run */
    VEC(State *) seen; /* were run */
} Waiting;

typedef struct Run {
    Explorer *ex;
    Waiting *at;      /* by block */
    uint32_t next;    /* lowest position in flow->order that may have work */
} Run;

static void
cut(Explorer *ex, const char *why)
{
    if (!ex->cut) {
        ex->cut = true;
        ex->cut_why = why;
    }
}

/* ---- scheduling ---------------------------------------------------------------------- */

static bool
was_seen(const Waiting *waiting, const State *state)
{
    for (uint32_t i = 0; i < waiting->seen.n; i++) {
        if (state_equal(waiting->seen.at[i], state) &&
            state_not_worse(waiting->seen.at[i], state)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < waiting->list.n; i++) {
        if (state_equal(waiting->list.at[i], state) &&
            state_not_worse(waiting->list.at[i], state)) {
            return true;
        }
    }
    return false;
}

/* Joins states that owe the same for the same holders. */
static void
merge(Explorer *ex, Waiting *waiting, uint32_t block, Closeness closely)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < waiting->list.n; i++) {
        State *state = waiting->list.at[i];
        uint32_t j = 0;
        while (j < kept && !may_join(ex, waiting->list.at[j], state, closely)) {
            j++;
        }
        if (j == kept) {
            waiting->list.at[kept++] = state;
            continue;
        }
        State *joined = waiting->list.at[j];
        state_join(ex, joined, state, block, false);
        state_collect(ex, joined, block);
        state_freeze(joined);
        state_free(ex, state);
    }
    waiting->list.n = kept;
}

/* The same, and only if that does not help with different knowledge of the exception. */
static void
merge_closely(Explorer *ex, Waiting *waiting, uint32_t block)
{
    merge(ex, waiting, block, CLOSE_ALL);
    if (waiting->list.n > MAX_CLOSE) {
        merge(ex, waiting, block, CLOSE_RESULT);
    }
    if (waiting->list.n > MAX_CLOSE) {
        merge(ex, waiting, block, CLOSE_ANY);
    }
}

static void
enqueue(Run *run, State *state, uint32_t from, uint32_t to)
{
    Explorer *ex = run->ex;
    if (flow_is_back_edge(ex->flow, from, to)) {
        widen(ex, state, to);
    }
    state_collect(ex, state, to);
    state_freeze(state);
    Waiting *waiting = &run->at[to];
    if (was_seen(waiting, state)) {
        state_free(ex, state);
        return;
    }
    if (waiting->list.n >= MAX_AT_BLOCK * 4) {
        merge_closely(ex, waiting, to);
    }
    if (waiting->list.n >= MAX_AT_BLOCK * 4 || waiting->seen.n >= MAX_VISITS) {
        cut(ex, "too many states");
        state_free(ex, state);
        return;
    }
    VEC_PUSH(ex->arena, &waiting->list, state);
    uint32_t rpo = ex->flow->block[to].rpo;
    if (rpo < run->next) {
        run->next = rpo;
    }
}

static uint32_t
failures(const State *state)
{
    return (uint32_t)state->failed + state->oom + state->ignored + state->protocol;
}

/* Keeps the most ordinary paths when there are too many. */
static void
limit(Explorer *ex, Waiting *waiting)
{
    if (waiting->list.n <= MAX_AT_BLOCK) {
        return;
    }
    cut(ex, "too many states");
    uint32_t kept = 0;
    for (uint32_t rank = 0; rank <= 3 && kept < MAX_AT_BLOCK; rank++) {
        for (uint32_t i = kept; i < waiting->list.n && kept < MAX_AT_BLOCK; i++) {
            if (failures(waiting->list.at[i]) == rank) {
                State *state = waiting->list.at[i];
                memmove(&waiting->list.at[kept + 1], &waiting->list.at[kept],
                        (i - kept) * sizeof(State *));
                waiting->list.at[kept++] = state;
            }
        }
    }
    for (uint32_t i = kept; i < waiting->list.n; i++) {
        state_free(ex, waiting->list.at[i]);
    }
    waiting->list.n = kept;
}

/* ---- running one block ------------------------------------------------------------------ */

/* Drops temporaries nobody reads any more, and looks for what was lost with them. */
static void
after(Explorer *ex, State *state, const Instr *ins)
{
    bool lost = ins->op == OP_CALL;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->ntemp; i++) {
        TempBind bind = state->temp[i];
        if (flow_temp_dies(ex->flow, ex->block, ex->ins, bind.temp)) {
            lost = true;
        }
        else {
            state->temp[kept++] = bind;
        }
    }
    state->ntemp = kept;
    if (lost) {
        bool any = false;
        for (uint32_t i = 0; i < state->nref; i++) {
            any = any || state->ref[i].own > 0;
        }
        if (any) {
            ledger_check_lost(ex, state, ins, LOST_UNNAMED, "");
        }
    }
}

/* Somebody looked at a NULL: from here on it is as good as any other. */
static void
settle_nulls(Explorer *ex, State *state, const Sym *cond)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *sym = state->range[i].sym;
        if (sym->kind == SYM_CALL && sym->type && sym->type->kind == TYPE_PTR &&
            state->range[i].lo == 0 && state->range[i].hi == 0 && sym_mentions(cond, sym)) {
            state_replace(state, sym, sym_int(ex, 0));
        }
    }
}

/* What a condition compares with a constant, or is itself. */
static const Sym *
tested(const Sym *cond)
{
    while (cond->kind == SYM_NOT || (cond->kind == SYM_CMP && cond->b->kind == SYM_INT)) {
        cond = cond->a;
    }
    return cond;
}

static void
branch(Run *run, State *state, const Instr *ins, uint32_t block)
{
    Explorer *ex = run->ex;
    const Sym *cond = eval(ex, state, ins->a);
    bool can[2] = {false, false};
    State *next[2];
    if (!check_unset(ex, state, tested(cond), ins, "tested")) {
        return;
    }
    for (int way = 0; way < 2; way++) {
        next[way] = way == 0 ? state_copy(ex, state) : state;
        can[way] = assume(ex, next[way], cond, way == 0);
    }
    for (int way = 0; way < 2; way++) {
        if (can[way]) {
            exception_branch(ex, next[way], cond, way == 0);
            settle_nulls(ex, next[way], cond);
            after(ex, next[way], ins);
            if (can[0] && can[1]) {
                state_note(ex, next[way], NODE_BRANCH, ins, cond, NULL, NULL);
                ((Node *)(uintptr_t)next[way]->trace)->truth = way == 0;
            }
            enqueue(run, next[way], block, ins->to[way]);
        }
        else {
            state_free(ex, next[way]);
        }
    }
}

static bool
assume_case(Explorer *ex, State *state, const Sym *value, const SwitchCase *c, bool truth)
{
    if (c->lo == c->hi) {
        return assume(ex, state, sym_cmp(ex, "==", value, sym_int(ex, c->lo)), truth);
    }
    const Sym *below = sym_cmp(ex, "<", value, sym_int(ex, c->lo));
    const Sym *above = sym_cmp(ex, "<", sym_int(ex, c->hi), value);
    if (truth) {
        return assume(ex, state, below, false) && assume(ex, state, above, false);
    }
    Range range = range_of(state, value);
    return range.lo < c->lo || range.hi > c->hi;
}

/* True when the cases leave no number that the value could be. */
static bool
are_all(const State *state, const Sym *value, const Instr *ins)
{
    Range range = range_of(state, value);
    if (range.lo < -64 || range.hi > 64) {
        return false;
    }
    for (int64_t num = range.lo; num <= range.hi; num++) {
        bool found = num == 0 && range.not_zero;
        for (uint32_t i = 0; i < ins->ncases && !found; i++) {
            found = ins->cases[i].lo <= num && num <= ins->cases[i].hi;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static void
switch_on(Run *run, State *state, const Instr *ins, uint32_t block)
{
    Explorer *ex = run->ex;
    exception_switch(ex, state, eval(ex, state, ins->a));
    const Sym *value = simplify(ex, state, eval(ex, state, ins->a));
    bool all = are_all(state, value, ins);
    for (uint32_t i = 0; i < ins->ncases; i++) {
        State *next = state_copy(ex, state);
        if (assume_case(ex, next, value, &ins->cases[i], true)) {
            enqueue(run, next, block, ins->cases[i].to);
        }
        else {
            state_free(ex, next);
        }
        if (!assume_case(ex, state, value, &ins->cases[i], false)) {
            state_free(ex, state);
            return;
        }
    }
    if (!all) {
        enqueue(run, state, block, ins->to[0]);
    }
    else {
        state_free(ex, state);
    }
}

static void
terminate(Run *run, State *state, const Instr *ins, uint32_t block)
{
    Explorer *ex = run->ex;
    switch (ins->op) {
    case OP_JMP:
        enqueue(run, state, block, ins->to[0]);
        break;
    case OP_BR:
        branch(run, state, ins, block);
        break;
    case OP_SWITCH:
        switch_on(run, state, ins, block);
        break;
    case OP_RET:
        across_before(ex, state, ins);
        ledger_return(ex, state, ins->a.kind == VAL_NONE ? NULL : eval(ex, state, ins->a), ins);
        state_free(ex, state);
        break;
    default:
        state_free(ex, state); /* unreachable: the path ends */
        break;
    }
}

/* Of two equal states the one on the more ordinary path stays. */
static void
keep_better(Explorer *ex, State **kept, State *state)
{
    bool better = state_not_worse(state, *kept);
    state_free(ex, better ? *kept : state);
    *kept = better ? state : *kept;
}

/* Inside a block: equal states are one, and too many of the same ownership are joined. */
static void
thin(Explorer *ex, States *states, uint32_t block)
{
    if (states->list.n <= MAX_INSIDE) {
        return;
    }
    for (int pass = 0; pass < 4 && states->list.n > MAX_INSIDE; pass++) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < states->list.n; i++) {
            State *state = states->list.at[i];
            uint32_t j = 0;
            if (pass == 0) { /* later ones find it frozen */
                state_freeze(state);
            }
            while (j < kept && !(pass == 0 ? state_equal(states->list.at[j], state)
                                           : may_join(ex, states->list.at[j], state,
                                                      (Closeness)(CLOSE_ALL - pass + 1)))) {
                j++;
            }
            if (j == kept) {
                states->list.at[kept++] = state;
            }
            else if (pass > 0) {
                state_join(ex, states->list.at[j], state, block, false);
                state_freeze(states->list.at[j]);
                state_free(ex, state);
            }
            else {
                keep_better(ex, &states->list.at[j], state);
            }
        }
        states->list.n = kept;
    }
    if (states->list.n > MAX_AT_BLOCK * 2) {
        cut(ex, "too many outcomes");
        states->list.n = MAX_AT_BLOCK * 2;
    }
}

/* What a state costs beyond a usual one, in steps. */
static uint32_t
cost(const State *state)
{
    return (state->nbind + state->nref + state->nrange) / USUAL_SIZE;
}

static void
run_block(Run *run, uint32_t block, State *start)
{
    Explorer *ex = run->ex;
    const Block *b = &ex->fn->block[block];
    States now = {0};
    State *first = ex->flow->block[block].once ? start : state_copy(ex, start);
    VEC_PUSH(ex->arena, &now.list, first);
    ex->block = block;
    for (ex->ins = 0; ex->ins + 1 < b->nins; ex->ins++) {
        const Instr *ins = &b->ins[ex->ins];
        States next = {0};
        for (uint32_t i = 0; i < now.list.n; i++) {
            uint32_t before = next.list.n;
            if (ex->watch) {
                watch_state(ex, now.list.at[i], ins);
            }
            ex->steps += 1 + cost(now.list.at[i]);
            step(ex, now.list.at[i], ins, &next);
            for (uint32_t j = before; j < next.list.n; j++) {
                after(ex, next.list.at[j], ins);
            }
        }
        thin(ex, &next, block);
        now = next;
    }
    for (uint32_t i = 0; i < now.list.n; i++) {
        if (ex->watch) {
            watch_state(ex, now.list.at[i], &b->ins[b->nins - 1]);
        }
        terminate(run, now.list.at[i], &b->ins[b->nins - 1], block);
    }
}

/* A block that was run often: the new state is joined to an old one with the same
 * ownership, so that loops settle. */
static State *
settle(Explorer *ex, const Waiting *waiting, State *state, uint32_t block)
{
    if (waiting->seen.n < MAX_FRESH) {
        return state;
    }
    for (uint32_t k = 0; k < 3 * waiting->seen.n; k++) { /* the latest first */
        uint32_t i = waiting->seen.n - 1 - k % waiting->seen.n;
        Closeness close = (Closeness)(CLOSE_ALL - k / waiting->seen.n);
        if (may_join(ex, waiting->seen.at[i], state, close)) {
            State *joined = state_copy(ex, state);
            state_join(ex, joined, waiting->seen.at[i], block, true);
            state_collect(ex, joined, block);
            state_freeze(joined);
            state_free(ex, state);
            return joined;
        }
    }
    return state;
}

/* Moves what waits into 'list' and marks it as seen; returns how many are new. */
static uint32_t
take(Explorer *ex, Waiting *waiting, State **list, uint32_t block)
{
    uint32_t n = 0, waits = waiting->list.n;
    waiting->list.n = 0;
    for (uint32_t i = 0; i < waits; i++) {
        State *state = settle(ex, waiting, waiting->list.at[i], block);
        if (!was_seen(waiting, state)) { /* a joined state may be an old one */
            list[n++] = state;
            VEC_PUSH(ex->arena, &waiting->seen, state);
            if (!ex->flow->block[block].once) {
                state_share(ex, state);
            }
        }
        else {
            state_free(ex, state);
        }
    }
    return n;
}

void
explore(Explorer *ex)
{
    Run run = {.ex = ex, .at = ARENA_ARRAY(ex->arena, Waiting, ex->fn->nblock)};
    ex->inductive = find_inductive(ex);
    ex->result = find_result(ex->fn);
    ex->indexed = stale_find_indexed(ex->arena, ex->fn);
    States entries = {0};
    entries_add(ex, &entries);
    for (uint32_t i = 0; i < entries.list.n; i++) {
        VEC_PUSH(ex->arena, &run.at[0].list, entries.list.at[i]);
    }
    while (run.next < ex->flow->norder) {
        uint32_t block = ex->flow->order[run.next];
        Waiting *waiting = &run.at[block];
        if (waiting->list.n == 0) {
            run.next++;
            continue;
        }
        if (waiting->list.n > MAX_SEPARATE) {
            merge_closely(ex, waiting, block);
            limit(ex, waiting);
        }
        State **list = ARENA_ARRAY(ex->arena, State *, waiting->list.n + 1);
        uint32_t n = take(ex, waiting, list, block);
        for (uint32_t i = 0; i < n; i++) {
            if (ex->steps > MAX_STEPS || ex->held > MAX_BYTES) {
                cut(ex, ex->steps > MAX_STEPS ? "too many steps" : "too many states");
                return;
            }
            run_block(&run, block, list[i]);
        }
    }
}

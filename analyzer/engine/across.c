/* across.c: marks what variables hold across calls that may take it away, and reports uses.
 *
 * A mark belongs to the variable or temporary, not to the value: who reads the field or the
 * container again gets what is there now.  A copy of a marked value is marked; a store of
 * something else ends the mark.
 */
#include "engine/across.h"

/* ---- making marks ---------------------------------------------------------------- */

static Chance
lower(Chance a, Chance b)
{
    return a < b ? a : b;
}

/* The parameter that a value is, in a function whose callers are known; -1 for none. */
static int
crossing_param(Explorer *ex, const Sym *sym)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    bool param = place && place->kind == PLACE_LOCAL && place->index < ex->fn->nparam &&
                 place->index < PARAM_MAX && sym == sym_param(ex, place->index);
    return param && !ex->info->is_entry && ex->program->graph->ncaller[ex->fn_index] > 0 &&
                   ex->fn->local[place->index].type->kind == TYPE_PTR
               ? (int)place->index : -1;
}

/* True when the mark that is there says as much. */
static bool
is_marked(const State *state, uint32_t key, Chance chance)
{
    const Stale *mark = stale_find(state, key);
    return mark && mark->danger.chance >= chance;
}

static void
consider(Explorer *ex, const State *state, const Call *call, Chance runs, uint32_t key,
         const Sym *sym, Marks *marks)
{
    bool number = sym->type && (sym->type->kind == TYPE_INT || sym->type->kind == TYPE_FLOAT);
    if (number || sym->kind == SYM_INT || sym->kind == SYM_STR || sym->kind == SYM_FUNC ||
        is_marked(state, key, runs)) {
        return;
    }
    Danger danger = across_danger(ex, state, sym);
    if (danger.chance == CHANCE_NONE) {
        const Ref *ref = state_ref(state, sym);
        int param = ref && ref->own > 0 ? -1 : crossing_param(ex, sym);
        if (param < 0 || (ex->crossed[param].at && ex->crossed[param].chance >= runs)) {
            return;
        }
        danger = (Danger){.chance = CHANCE_HIGH, .kind = STALE_PARAM};
    }
    danger.chance = lower(danger.chance, runs);
    Stale mark = {.key = key, .at = call->ins, .by = call->summary, .sym = sym,
                  .danger = danger};
    VEC_PUSH(ex->arena, &marks->list, mark);
}

static bool
takes_size(const char *name)
{
    return text_ends(name, "_GET_SIZE") || text_ends(name, "Py_SIZE") ||
           text_ends(name, "_Size") || text_ends(name, "_Length");
}

/* Lists in variables that the function indexes without a check; a list itself runs no code when
 * it is asked for its size. */
static void
consider_sizes(Explorer *ex, const State *state, const Call *call, Chance runs, Marks *marks)
{
    for (uint32_t i = 0; i < ex->fn->nlocal; i++) {
        const Sym *sym = bit_test(ex->indexed, i) ? state_get(state, place_local(ex, i)) : NULL;
        uint32_t key = sym ? stale_key(sym->id, KEY_SIZE) : 0;
        bool itself = call->nargs > 0 && call->arg[0] == sym &&
                      (text_starts(call->name, "PySequence_") || takes_size(call->name));
        if (!sym || sym->kind == SYM_INT || itself || stale_find(state, key)) {
            continue;
        }
        Chance chance = across_is_list(state, sym) ? across_shared(ex, state, sym)
                                                       : CHANCE_NONE;
        if (chance != CHANCE_NONE) {
            Stale mark = {.key = key, .at = call->ins, .by = call->summary, .sym = sym,
                          .danger = {.chance = lower(chance, runs), .kind = STALE_SIZE,
                                     .owner = sym}};
            VEC_PUSH(ex->arena, &marks->list, mark);
        }
    }
}

static void
note_runs(Explorer *ex, const State *state, const Call *call, Chance runs)
{
    int by = across_runs_by(ex, state, call);
    ex->runs_by = (int8_t)(ex->runs_by == 0 || ex->runs_by == by ? by : -1);
    if (runs > ex->runs) {
        ex->runs = (uint8_t)runs;
        ex->runs_at = call->ins;
    }
}

static Marks
find_marks(Explorer *ex, const State *state, const Call *call, Chance runs)
{
    Marks marks = {0};
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *place = state->bind[i].place;
        if (place->kind == PLACE_LOCAL) {
            consider(ex, state, call, runs, stale_key(place->index, KEY_LOCAL), state->bind[i].sym,
                     &marks);
        }
    }
    for (uint32_t i = 0; i < state->ntemp; i++) {
        uint32_t temp = state->temp[i].temp;
        if (!flow_temp_dies(ex->flow, ex->block, ex->ins, temp)) {
            consider(ex, state, call, runs, stale_key(temp, KEY_TEMP), state->temp[i].sym, &marks);
        }
    }
    if (ex->indexed) {
        consider_sizes(ex, state, call, runs, &marks);
    }
    return marks;
}

/* ---- uses ------------------------------------------------------------------------------ */

static void
tell(Explorer *ex, State *state, const Instr *at, const Sym *sym, const char *text)
{
    state_note(ex, state, NODE_TOLD, at, sym, NULL, NULL);
    ((Node *)(uintptr_t)state->trace)->text = text;
}

static const char *
callee_of(Explorer *ex, const Stale *mark)
{
    const char *name = mark->by && mark->by->name ? mark->by->name : callee_name(mark->at);
    return name[0] ? display_name(ex, name) : "a call";
}

static void
report(Explorer *ex, State *state, const Stale *mark, const Instr *at, const char *use)
{
    const Stale copy = *mark;
    if (copy.danger.kind == STALE_MOVED) {
        return;
    }
    stale_filter(ex, state, stale_is_other_sym, copy.sym);
    const Ref *ref = state_ref(state, copy.sym);
    bool held = ref && (ref->own > 0 || (ref->flags & REF_ESCAPED));
    if (held && copy.danger.kind != STALE_SIZE) {
        return;
    }
    if (copy.danger.kind == STALE_PARAM) {
        int param = crossing_param(ex, copy.sym);
        if (param >= 0 && (!ex->crossed[param].at ||
                           ex->crossed[param].chance < copy.danger.chance)) {
            ex->crossed[param] = (Crossing){at, copy.at, (uint8_t)copy.danger.chance};
        }
        return;
    }
    const Node *trace = state->trace;
    const char *callee = callee_of(ex, &copy);
    bool gone = copy.danger.kind == STALE_INSIDE;
    tell(ex, state, copy.at, copy.sym,
         arena_printf(ex->out, gone ? "%s releases the object" : "%s may run other code", callee));
    if (copy.by && copy.by->runs_at && !gone) {
        tell(ex, state, copy.by->runs_at, copy.sym,
             arena_printf(ex->out, "%s calls %s here", callee,
                          display_name(ex, callee_name(copy.by->runs_at))));
    }
    event_stale(ex, state, copy.sym, at,
                (StaleEvent){.kind = copy.danger.kind, .use = use, .call = callee, .at = copy.at,
                             .changer = copy.danger.changer},
                copy.danger.owner, copy.danger.place, (int)copy.danger.chance);
    state->trace = trace;
}

static const Stale *
mark_of(const State *state, Val val)
{
    bool temp = state->nstale > 0 && val.kind == VAL_TEMP;
    return temp ? stale_find(state, stale_key(val.index, KEY_TEMP)) : NULL;
}

/* The hidden variable that stands for what a macro's lvalue led to, when it is marked. */
static const Stale *
mark_behind(Explorer *ex, State *state, Val address)
{
    const Sym *sym = state->nstale > 0 && address.kind == VAL_TEMP ? eval(ex, state, address)
                                                                   : NULL;
    const Place *root = sym && sym->kind == SYM_ADDR ? place_root(sym->place) : NULL;
    bool hidden = root && root->kind == PLACE_LOCAL && !ex->fn->local[root->index].name[0];
    return hidden ? stale_find(state, stale_key(root->index, KEY_LOCAL)) : NULL;
}

void
across_before(Explorer *ex, State *state, const Instr *ins)
{
    const Stale *mark = NULL;
    if (ins->op == OP_LOAD || ins->op == OP_STORE) {
        mark = mark_of(state, ins->a);
        mark = mark ? mark : mark_behind(ex, state, ins->a);
        if (mark) {
            report(ex, state, mark, ins, ins->op == OP_LOAD ? "read" : "written to");
        }
    }
    else if (ins->op == OP_RET && (mark = mark_of(state, ins->a)) != NULL) {
        report(ex, state, mark, ins, "returned");
    }
}

void
across_after(Explorer *ex, State *state, const Instr *ins)
{
    const Stale *mark = NULL;
    uint32_t key = ins->dst ? stale_key(ins->dst, KEY_TEMP) : 0;
    switch (ins->op) {
    case OP_LOAD:
        if (ins->a.kind == VAL_LOCAL) {
            mark = stale_find(state, stale_key(ins->a.index, KEY_LOCAL));
        }
        break;
    case OP_STORE:
        mark = ins->a.kind == VAL_LOCAL ? mark_of(state, ins->b) : NULL;
        key = stale_key(ins->a.index, KEY_LOCAL);
        break;
    case OP_FIELD: case OP_INDEX: case OP_CAST: case OP_COPY: case OP_BIN:
        mark = mark_of(state, ins->a);
        break;
    default:
        break;
    }
    if (mark) {
        Stale copy = *mark;
        copy.key = key;
        stale_add(ex, state, copy);
    }
}

/* A list is indexed without a check, or its size is taken again. */
static void
look_at_size(Explorer *ex, State *state, const Call *call)
{
    const Stale *mark = state->nstale > 0 && call->nargs > 0
                            ? stale_find(state, stale_key(call->arg[0]->id, KEY_SIZE)) : NULL;
    if (!mark) {
        return;
    }
    if (text_ends(call->name, "_GET_ITEM")) {
        report(ex, state, mark, call->ins, "indexed");
    }
    else if (takes_size(call->name)) {
        stale_drop(ex, state, mark->key);
    }
}

/* True for a function that goes on using its argument after it has run code. */
static bool
uses_after(const Call *call, uint32_t arg)
{
    return (text_starts(call->name, "PyObject_RichCompare") && arg < 2) ||
           (text_starts(call->name, "PySequence_Contains") && arg == 1);
}

/* A value in danger goes to a callee that runs code and uses it after that. */
static void
check_crossing(Explorer *ex, State *state, const Call *call, uint32_t arg, Chance runs)
{
    const Summary *summary = call->summary;
    const Crossing *crossing = summary && summary->crossed && arg < summary->nparam
                                   ? &summary->crossed[arg] : NULL;
    bool during = !crossing && uses_after(call, arg) && runs != CHANCE_NONE;
    if (!during && (!crossing || !crossing->at)) {
        return;
    }
    const Sym *sym = call->arg[arg];
    const Stale *mark = mark_of(state, call->ins->args[arg]);
    int param = crossing_param(ex, sym);
    const Ref *ref = state_ref(state, sym);
    if (mark && mark->danger.kind == STALE_MOVED) {
        return;
    }
    if (param >= 0 && crossing && !(ref && ref->own > 0) &&
        (!ex->crossed[param].at || ex->crossed[param].chance < crossing->chance)) {
        ex->crossed[param] = (Crossing){call->ins, call->ins, crossing->chance};
    }
    Danger danger = across_danger(ex, state, sym);
    if (danger.chance == CHANCE_NONE) {
        return;
    }
    Chance ran = lower(runs, crossing ? (Chance)crossing->chance : CHANCE_MEDIUM);
    Chance chance = lower(danger.chance, ran);
    const Node *trace = state->trace;
    const char *callee = display_name(ex, call->name);
    if (crossing) {
        tell(ex, state, crossing->call, sym,
             arena_printf(ex->out, "%s, called by %s, may run other code",
                          display_name(ex, callee_name(crossing->call)), callee));
        tell(ex, state, crossing->at, sym, arena_printf(ex->out, "%s uses it here", callee));
    }
    event_stale(ex, state, sym, call->ins,
                (StaleEvent){.kind = danger.kind, .call = callee, .at = call->ins,
                             .changer = danger.changer, .inside = true},
                danger.owner, danger.place, (int)chance);
    state->trace = trace;
}

Marks
across_before_call(Explorer *ex, State *state, const Call *call)
{
    bool releases = text_ends(call->name, "DECREF") || text_ends(call->name, "CLEAR");
    look_at_size(ex, state, call);
    for (uint32_t i = 0; i < call->nargs && state->nstale > 0 && !releases; i++) {
        const Stale *mark = mark_of(state, call->ins->args[i]);
        if (mark) {
            bool counts = text_ends(call->name, "INCREF") || text_ends(call->name, "NewRef");
            report(ex, state, mark, call->ins,
                   counts ? "given a new reference"
                          : arena_printf(ex->out, "passed to %s", display_name(ex, call->name)));
        }
    }
    Chance runs = across_runs(ex, state, call);
    for (uint32_t i = 0; i < call->nargs; i++) {
        check_crossing(ex, state, call, i, runs);
    }
    if (runs == CHANCE_NONE) {
        return (Marks){0};
    }
    note_runs(ex, state, call, runs);
    return find_marks(ex, state, call, runs);
}

void
across_after_call(Explorer *ex, State *state, const Marks *marks)
{
    for (uint32_t i = 0; i < marks->list.n; i++) {
        if (stale_still_there(ex, state, &marks->list.at[i])) {
            stale_add(ex, state, marks->list.at[i]);
        }
    }
}

void
across_kept(Explorer *ex, State *state, const Sym *sym)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    Ref *ref = place && !place_is_local(place) ? state_ref_make(ex, state, sym) : NULL;
    if (ref) {
        ref->flags |= REF_HELD;
    }
}

/* step.c: what one instruction does to a state. */
#include "engine/across.h"

static const Sym *
fresh(Explorer *ex, State *state, const Instr *ins)
{
    return sym_call(ex, ins, state_fresh(state, ins, 0), ins->type);
}

const Sym *
eval(Explorer *ex, State *state, Val val)
{
    switch (val.kind) {
    case VAL_TEMP: {
        const Sym *sym = state_temp(state, val.index);
        /* Not set on this path: dead code joined in; nothing is known of it. */
        return sym ? sym : sym_call(ex, NULL, val.index, NULL);
    }
    case VAL_LOCAL:
        return sym_addr(ex, place_local(ex, val.index));
    case VAL_GLOBAL:
        return sym_addr(ex, place_global(ex, val.decl));
    case VAL_FUNC:
        return sym_func(ex, val.decl);
    case VAL_INT:
        return sym_int(ex, val.num);
    case VAL_NULL:
        return sym_int(ex, 0);
    case VAL_STR:
        return sym_str(ex, val.str);
    case VAL_NONE: case VAL_FLOAT: case VAL_UNDEF:
        break;
    }
    const Instr *here = &ex->fn->block[ex->block].ins[ex->ins];
    return sym_call(ex, here, 7, NULL);
}

/* ---- memory ----------------------------------------------------------------------- */

void
escape_record(Explorer *ex, State *state, const Sym *value)
{
    if (value->kind != SYM_INIT || !value->place || !value->type ||
        value->type->kind != TYPE_RECORD) {
        return;
    }
    for (uint32_t i = 0; i < state->nbind; i++) {
        if (place_is_inside(state->bind[i].place, value->place)) {
            ledger_escape(ex, state, state->bind[i].sym);
        }
    }
}

/* Any element may be meant: what the array holds is no longer told apart. */
static void
escape_elements(Explorer *ex, State *state, const Place *array)
{
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *place = state->bind[i].place;
        if (place == array || (place->kind == PLACE_ELEM && place->base == array)) {
            ledger_escape(ex, state, state->bind[i].sym);
        }
    }
}

void
escape_around(Explorer *ex, State *state, const Sym *address)
{
    const Place *place = address->kind == SYM_ADDR ? address->place : NULL;
    bool any = place && place->kind == PLACE_ELEM && place->sym->kind != SYM_INT &&
               place_is_local(place);
    for (uint32_t i = 0; any && i < state->nbind; i++) {
        if (place_is_inside(state->bind[i].place, place->base)) {
            ledger_escape(ex, state, state->bind[i].sym);
        }
    }
}

/* True for what Python passes in an array: an argument, which is never NULL. */
static bool
is_passed(Explorer *ex, const Place *place)
{
    const Place *array = place->kind == PLACE_ELEM ? place->base : place;
    return ex->info->is_entry && ex->fn->nparam > 2 && array->kind == PLACE_DEREF &&
           type_is_object_ptr(ex->fn->local[1].type) && array->sym == sym_param(ex, 1);
}

const Sym *
read_place(Explorer *ex, State *state, const Place *place, const Type *type)
{
    const Sym *sym = state_get(state, place);
    if (sym) {
        return sym;
    }
    if (place->kind == PLACE_GLOBAL && place->decl->is_func) {
        return sym_func(ex, place->decl);
    }
    if (type && type->kind == TYPE_ARRAY) {
        return sym_addr(ex, place);
    }
    if (place->kind == PLACE_ELEM && place->sym->kind != SYM_INT && place_is_local(place)) {
        escape_elements(ex, state, place->base);
    }
    bool ours = place_is_local(place) || place_is_callers(place) || place->fixed;
    const Sym *held = sym_init(ex, place, ours ? NULL : state->epoch, type);
    if (is_passed(ex, place)) {
        assume(ex, state, held, true);
    }
    return held;
}

/* Elements whose index is not the same number may be the same element. */
static void
forget_aliases(Explorer *ex, State *state, const Place *place)
{
    if (place->kind != PLACE_ELEM) {
        return;
    }
    if (place->sym->kind != SYM_INT && place_is_local(place)) {
        escape_elements(ex, state, place->base);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *other = state->bind[i].place;
        bool alias = other != place && other->kind == PLACE_ELEM && other->base == place->base &&
                     (other->sym->kind != SYM_INT || place->sym->kind != SYM_INT);
        if (!alias) {
            state->bind[kept++] = state->bind[i];
        }
    }
    state->nbind = kept;
}

/* Memory whose content other code can see, or an array element we cannot tell apart. */
static bool
is_outside(const Place *place)
{
    if (!place_is_local(place)) {
        return true;
    }
    for (const Place *p = place; p; p = p->base) {
        if (p->kind == PLACE_ELEM && p->sym->kind != SYM_INT) {
            return true;
        }
    }
    return false;
}

/* True for what a parameter held when the function began. */
static bool
is_param_value(Explorer *ex, const Sym *sym)
{
    const Place *place = sym && sym->kind == SYM_INIT ? sym->place : NULL;
    return place && place->kind == PLACE_LOCAL && ex->fn->local[place->index].is_param;
}

/* A reference goes to outside memory, if it is stored as an object; as raw memory nobody
 * knows what it means there. */
static void
hand_over(Explorer *ex, State *state, const Instr *at, const Place *place, const Sym *sym)
{
    const Place *root = place_root(place);
    if (root->kind == PLACE_DEREF && root->sym == sym) {
        return; /* into itself */
    }
    Ref *block = memory_block(state, sym);
    if (block && root == place && is_param_value(ex, root->sym)) {
        block->lent++; /* handed out: *result = block */
        return;
    }
    memory_leave(ex, state, sym);
    if (at->op == OP_STORE && at->type && !type_is_object(at->type)) {
        state_ref_make(ex, state, sym);
        ledger_escape(ex, state, sym);
        return;
    }
    ledger_store(ex, state, sym, place, at);
}

void
put_place(Explorer *ex, State *state, const Instr *at, const Place *place, const Sym *sym)
{
    const Sym *old = state_get(state, place);
    if (old == sym) {
        if (is_outside(place)) { /* stored again after a reference was taken */
            hand_over(ex, state, at, place, sym);
        }
        return;
    }
    bool had_owner = false;
    if (old) {
        const Ref *ref = state_ref(state, old);
        had_owner = ref && ref->own > 0;
    }
    if (is_outside(place)) {
        hand_over(ex, state, at, place, sym);
        if (is_zero(state, sym) && owners_evident(ex->owners, place)) {
            state_note(ex, state, NODE_STORE, at, sym, NULL, NULL);
            ((Node *)(uintptr_t)state->trace)->place = place;
        }
    }
    else if (state_ref(state, sym)) {
        state_ref(state, sym)->flags |= REF_NAMED;
        state_note(ex, state, NODE_HOLD, at, sym, NULL, NULL);
        ((Node *)(uintptr_t)state->trace)->place = place;
    }
    forget_aliases(ex, state, place);
    state_bind(ex, state, place, sym);
    if (had_owner) {
        ledger_check_lost(ex, state, at, LOST_OVERWRITE, place_text(ex, place));
    }
}

void
write_place(Explorer *ex, State *state, const Instr *at, const Place *place, const Sym *sym)
{
    if (state_get(state, place) != sym) {
        replaced_check(ex, state, place);
        field_overwrite(ex, state, at, place);
        field_overwrite_memory(ex, state, at, place, sym);
    }
    put_place(ex, state, at, place, sym);
}

void
check_optional(Explorer *ex, State *state, const Sym *sym, const Instr *at, const char *user)
{
    const Ref *ref = state_ref(state, sym);
    if (ref && (ref->flags & REF_OPTIONAL) && !is_not_zero(state, sym)) {
        event_null(ex, state, sym, at, user, false);
    }
}

void
note_needed(Explorer *ex, const State *state, const Sym *sym, const Instr *at)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    if (place && place->kind == PLACE_LOCAL && place->index < PARAM_MAX &&
        !ex->needed[place->index] && !is_not_zero(state, sym)) {
        ex->needed[place->index] = at;
    }
}

/* Using memory behind a pointer proves that it is not NULL, and looks into the object. */
static bool
touch(Explorer *ex, State *state, const Place *place, const Instr *at)
{
    const Place *root = place_root(place);
    if (root->kind != PLACE_DEREF) {
        return true;
    }
    if (is_zero(state, root->sym)) {
        if (root->sym->kind != SYM_INT) {
            event_null(ex, state, root->sym, at, NULL, false);
        }
        return false;
    }
    check_optional(ex, state, root->sym, at, NULL);
    note_needed(ex, state, root->sym, at);
    if (!assume(ex, state, root->sym, true)) {
        return false;
    }
    ledger_use(ex, state, root->sym, at, "read");
    return true;
}

static bool
is_refcount_field(const Place *place)
{
    return place->kind == PLACE_FIELD &&
           (text_starts(place->name, "ob_refcnt") || text_equal(place->name, "ob_ref_local"));
}

/* Copies what is known inside 'from' to 'to'; both hold the same afterwards. */
static const Place *
rebase(Explorer *ex, const Place *place, const Place *from, const Place *to)
{
    if (place == from) {
        return to;
    }
    const Place *base = rebase(ex, place->base, from, to);
    return place->kind == PLACE_FIELD ? place_field(ex, base, place->name, place->record)
                                      : place_elem(ex, base, place->sym, place->type);
}

/* What is known of the memory at 'to' is known of what it held before: from here on each of its
 * fields holds something else, with a name of its own. */
static void
rename_inside(Explorer *ex, State *state, const Instr *ins, const Place *to)
{
    VEC(const Place *) old = {0};
    for (uint32_t i = 0; i < state->nref + state->nrange; i++) {
        const Sym *sym = i < state->nref ? state->ref[i].sym : state->range[i - state->nref].sym;
        if (sym->kind == SYM_INIT && sym->place && sym->place != to &&
            place_is_inside(sym->place, to)) {
            VEC_PUSH(ex->arena, &old, sym->place);
        }
    }
    for (uint32_t i = 0; i < old.n; i++) {
        state_bind(ex, state, old.at[i], sym_init(ex, old.at[i], ins, NULL));
    }
}

static void
move_record(Explorer *ex, State *state, const Instr *ins, const Place *to, const Place *from)
{
    VEC(Bind) copied = {0};
    for (uint32_t i = 0; i < state->nbind; i++) {
        const Place *place = state->bind[i].place;
        if (place != from && place_is_inside(place, from)) {
            Bind bind = {rebase(ex, place, from, to), state->bind[i].sym};
            VEC_PUSH(ex->arena, &copied, bind);
        }
    }
    if (is_outside(to)) {
        ledger_copied(ex, from);
    }
    state_forget(state, to);
    rename_inside(ex, state, ins, to);
    for (uint32_t i = 0; i < copied.n; i++) {
        if (is_outside(to)) {
            ledger_store(ex, state, copied.at[i].sym, copied.at[i].place, ins);
        }
        state_bind(ex, state, copied.at[i].place, copied.at[i].sym);
    }
    ledger_check_lost(ex, state, ins, LOST_OVERWRITE, place_text(ex, to));
}

/* ---- instructions -------------------------------------------------------------------- */

/* A pointer with a flag in its bits: who looks at it then, only its users know. */
static void
escape_tagged(Explorer *ex, State *state, const Sym *sym)
{
    if (sym->kind == SYM_BIN) {
        escape_tagged(ex, state, sym->a);
        escape_tagged(ex, state, sym->b);
    }
    ledger_escape(ex, state, sym);
}

static const Sym *
compute(Explorer *ex, State *state, const Instr *ins)
{
    switch (ins->op) {
    case OP_FIELD: {
        const Sym *base = eval(ex, state, ins->a);
        return sym_addr(ex, place_field(ex, place_deref(ex, base), ins->name, ins->record));
    }
    case OP_INDEX: {
        const Sym *base = eval(ex, state, ins->a);
        const Sym *index = simplify(ex, state, eval(ex, state, ins->b));
        if (base->kind == SYM_INT) {
            return fresh(ex, state, ins);
        }
        return sym_addr(ex, place_elem(ex, place_deref(ex, base), index, ins->type));
    }
    case OP_COPY: case OP_CAST:
        return eval(ex, state, ins->a);
    case OP_BIN: {
        const Sym *a = simplify(ex, state, eval(ex, state, ins->a));
        const Sym *b = simplify(ex, state, eval(ex, state, ins->b));
        if (ins->name[0] == '|' && state->nref > 0) {
            escape_tagged(ex, state, a);
            escape_tagged(ex, state, b);
        }
        return sym_bin(ex, ins->name, a, b, ins->type);
    }
    case OP_CMP: {
        const Sym *a = eval(ex, state, ins->a), *b = eval(ex, state, ins->b);
        if (a == b && is_remembered(ex, ins, a)) {
            return NULL;
        }
        return sym_cmp(ex, ins->name, exception_compared(ex, state, b, a),
                       exception_compared(ex, state, a, b));
    }
    case OP_NOT:
        return sym_not(ex, eval(ex, state, ins->a));
    case OP_NEG:
        return sym_bin(ex, "-", sym_int(ex, 0), simplify(ex, state, eval(ex, state, ins->a)),
                       ins->type);
    default:
        return NULL;
    }
}

static void
havoc(Explorer *ex, State *state, const Instr *ins)
{
    for (uint32_t i = 0; i < ins->nargs; i++) {
        const Sym *sym = eval(ex, state, ins->args[i]);
        ledger_escape(ex, state, sym);
        if (sym->kind == SYM_ADDR) {
            const Sym *held = state_get(state, sym->place);
            if (held) {
                ledger_escape(ex, state, held);
            }
            state_forget(state, sym->place);
            state_bind(ex, state, sym->place, fresh(ex, state, ins));
        }
    }
}

static bool
store(Explorer *ex, State *state, const Instr *ins)
{
    const Place *place = place_deref(ex, eval(ex, state, ins->a));
    const Sym *value = eval(ex, state, ins->b);
    if (!touch(ex, state, place, ins)) {
        return false;
    }
    if (is_refcount_field(place)) { /* counted by hand: hands off */
        const Place *root = place_root(place);
        if (root->kind == PLACE_DEREF) {
            state_ref_make(ex, state, root->sym);
            ledger_escape(ex, state, root->sym);
        }
        return true;
    }
    across_moved(ex, state, ins, place, value);
    write_place(ex, state, ins, place, value);
    return true;
}

void
step(Explorer *ex, State *state, const Instr *ins, States *out)
{
    const Sym *result = NULL;
    bool goes_on = true;
    if (state->nstale > 0) {
        across_before(ex, state, ins);
    }
    switch (ins->op) {
    case OP_CALL:
        step_call(ex, state, ins, out);
        return;
    case OP_LOAD: {
        const Place *place = place_deref(ex, eval(ex, state, ins->a));
        goes_on = touch(ex, state, place, ins);
        result = read_place(ex, state, place, ins->type);
        break;
    }
    case OP_STORE:
        goes_on = store(ex, state, ins);
        break;
    case OP_MOVE:
        move_record(ex, state, ins, place_deref(ex, eval(ex, state, ins->a)),
                    place_deref(ex, eval(ex, state, ins->b)));
        break;
    case OP_DEAD: {
        const Place *place = place_local(ex, ins->a.index);
        state_forget(state, place);
        ledger_check_lost(ex, state, ins, LOST_SCOPE, ex->fn->local[ins->a.index].name);
        break;
    }
    case OP_HAVOC:
        havoc(ex, state, ins);
        break;
    default:
        result = compute(ex, state, ins);
        break;
    }
    if (!goes_on) {
        return; /* NULL would have been followed: the path ends */
    }
    if (ins->dst) {
        state_set_temp(ex, state, ins->dst, result ? result : fresh(ex, state, ins));
    }
    if (state->nstale > 0) {
        across_after(ex, state, ins);
    }
    VEC_PUSH(ex->arena, &out->list, state);
}

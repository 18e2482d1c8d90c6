/* call.c: applies what is known of a callee: one state for each outcome.
 *
 * The summary comes from facts, from the user, or from the callee's own body.
 * Where nobody knows the callee, what it gets escapes and what it gives is
 * untracked: silence over guessing.
 */
#include <string.h>

#include "engine/across.h"
#include "engine/gil.h"
#include "engine/threads.h"

/* A call whose purpose is to raise, and that has no result to tell, does not fail. */
bool
case_fails(const Case *c)
{
    return (c->err == ERR_RAISES || c->err == ERR_NOMEM) && c->ret.kind != RESULT_VOID;
}

const Case *
first_success(const Summary *summary)
{
    for (uint32_t i = 0; i < summary->ncases; i++) {
        if (!case_fails(&summary->cases[i])) {
            return &summary->cases[i];
        }
    }
    return NULL;
}

static const Case *
first_failure(const Summary *summary)
{
    for (uint32_t i = 0; i < summary->ncases; i++) {
        if (case_fails(&summary->cases[i])) {
            return &summary->cases[i];
        }
    }
    return NULL;
}

/* ---- who is called ---------------------------------------------------------------- */

static const Decl *
callee_decl(Explorer *ex, State *state, const Instr *ins)
{
    if (ins->a.kind == VAL_FUNC) {
        return ins->a.decl;
    }
    const Sym *sym = eval(ex, state, ins->a);
    return sym->kind == SYM_FUNC ? sym->decl : NULL;
}

/* The name that facts have for the callee; that of a slot whose function a variable holds is the
 * slot's: next = Py_TYPE(it)->tp_iternext. */
static Str
fact_name(Explorer *ex, State *state, const Instr *ins, const Decl *decl)
{
    const Sym *sym = decl || ins->a.kind != VAL_TEMP ? NULL : eval(ex, state, ins->a);
    const Place *place = sym && sym->kind == SYM_INIT ? sym->place : NULL;
    bool slot = place && place->kind == PLACE_FIELD && text_equal(place->record, "PyTypeObject");
    return slot ? str_internf(ex->strings, ".%s", place->name)
                : decl ? decl->name : callee_name(ins);
}

/* The fact about a function of which the project carries its own copy, as
 * pythoncapi_compat.h and Cython do: it says more than the copy's body. */
static const Summary *
find_copied(Explorer *ex, const Decl *decl, const Fn *body)
{
    bool is_api = text_starts(decl->name, "Py") || text_starts(decl->name, "_Py") ||
                  text_starts(decl->name, "__Pyx_");
    const Summary *known =
        is_api && decl->is_static ? model_find_any_version(ex->model, decl->name) : NULL;
    return known && known->ncases > 0 && known->nparam == body->nparam ? known : NULL;
}

/* What comes later in the order is not known, whoever has analysed it already. */
static bool
is_earlier(const Explorer *ex, int64_t index)
{
    const uint32_t *component = ex->program->graph->component;
    return component[index] <= component[ex->fn_index];
}

const Summary *
find_summary(Explorer *ex, const Decl *decl, const char *name)
{
    const Summary *known = name[0] ? model_find(ex->model, name, NULL) : NULL;
    if (known && known->origin >= ORIGIN_ANNOTATION) {
        return known;
    }
    int64_t index = decl ? program_callee(ex->program, decl) : -1;
    if (index >= 0 && (decl->is_static || !known)) {
        const Summary *copied = find_copied(ex, decl, ex->program->fns[index]);
        return copied ? copied : is_earlier(ex, index) ? ex->computed[index] : NULL;
    }
    return known;
}

/* ---- one outcome ---------------------------------------------------------------------------------- */

/* True when Python has an object for the constant from the start and for ever. */
static bool
is_cached_constant(const State *state, const Sym *sym)
{
    Range range = range_of(state, sym);
    return sym->kind == SYM_STR ? text_equal(sym->text, "")
                                : range.lo >= -5 && range.hi <= 256 && sym->kind != SYM_ADDR;
}

/* Assumes a condition on the sign of a number; false when that cannot be. */
static bool
assume_sign(Explorer *ex, State *state, const Sym *sym, uint8_t guard)
{
    const Sym *zero = sym_int(ex, 0);
    return guard == GUARD_POSITIVE ? assume(ex, state, sym_cmp(ex, "<", zero, sym), true)
                                   : assume(ex, state, sym_cmp(ex, "<", sym, zero),
                                            guard == GUARD_NEGATIVE);
}

static bool
guards_hold(Explorer *ex, State *state, const Call *call, const Case *c)
{
    for (uint32_t i = 0; i < call->nargs && i < PARAM_MAX; i++) {
        uint8_t guard = c->guard[i];
        const Sym *sym = call->arg[i];
        if (guard == GUARD_UNCACHED) {
            if (is_cached_constant(state, sym)) {
                return false;
            }
            continue;
        }
        if (guard == GUARD_HELD_NULL || guard == GUARD_HELD_NOTNULL) {
            if (sym->kind == SYM_INT) {
                continue;
            }
            sym = read_place(ex, state, place_deref(ex, sym), NULL);
        }
        if (guard >= GUARD_NEGATIVE) {
            if (!assume_sign(ex, state, sym, guard)) {
                return false;
            }
            continue;
        }
        if (guard != GUARD_ANY && !assume(ex, state, sym, guard == GUARD_NOTNULL ||
                                                              guard == GUARD_HELD_NOTNULL)) {
            return false;
        }
    }
    return kinds_hold(ex, state, call, c, true);
}

/* True when the argument is NULL for sure: not only by an assumption about a parameter. */
static bool
is_null_argument(const State *state, const Param *param, const Sym *sym)
{
    bool found = sym->kind == SYM_CALL || sym->kind == SYM_INIT;
    return is_zero(state, sym) && (found || param->kind == PARAM_OBJ);
}

static bool
touches(const Case *c, uint32_t param)
{
    for (uint32_t e = 0; e < c->neffect; e++) {
        if (c->effect[e].param == param && (c->effect[e].kind == EFFECT_RETAIN ||
                                            c->effect[e].kind == EFFECT_RELEASE)) {
            return true;
        }
    }
    return false;
}

/* The variable whose value the argument is, NULL when it is something else. */
static const Place *
argument_variable(Explorer *ex, const Instr *call, uint32_t i)
{
    const Block *block = &ex->fn->block[ex->block];
    const Instr *load = i < call->nargs ? local_load(block, call, call->args[i]) : NULL;
    return load ? place_local(ex, load->a.index) : NULL;
}

/* What is passed where NULL is not accepted is not NULL; false when it certainly is, and the
 * callee crashes or does not come to this outcome. */
static bool
assume_accepted(Explorer *ex, State *state, const Call *call, const Case *c)
{
    const Summary *summary = call->summary;
    for (uint32_t i = 0; i < summary->nparam && i < call->nargs; i++) {
        const Param *param = &summary->param[i];
        const Sym *sym = call->arg[i];
        bool found = sym->kind == SYM_CALL;
        bool pointer = param->kind == PARAM_OBJ || (param->kind == PARAM_STR && found) ||
                       (param->kind == PARAM_PTR && found && is_zero(state, sym));
        if (param->nullable || !pointer || summary->origin == ORIGIN_COMPUTED) {
            continue;
        }
        if (!is_null_argument(state, param, sym)) {
            if (param->refused && !case_fails(c) && first_failure(summary) &&
                !assume(ex, state, sym, true)) {
                return false; /* it would have failed */
            }
            if (!param->refused) {
                check_optional(ex, state, sym, call->ins, call->name);
                note_needed(ex, state, sym, call->ins);
                assume(ex, state, sym, true);
            }
            continue;
        }
        if (param->refused) {
            if (!case_fails(c) && first_failure(summary)) {
                return false;
            }
            continue;
        }
        if (sym->kind != SYM_INT) {
            event_null(ex, state, sym, call->ins, call->name, false);
            return false;
        }
        const Place *variable = param->kind == PARAM_OBJ
                                    ? argument_variable(ex, call->ins, i)
                                    : NULL;
        if (variable) {
            event_null_variable(ex, state, variable, call->ins, call->name, touches(c, i));
        }
        if (variable || touches(c, i)) {
            return false;
        }
    }
    return true;
}

static void
check_uses(Explorer *ex, State *state, const Call *call, const Case *c)
{
    for (uint32_t i = 0; i < call->nargs; i++) {
        bool released = false;
        for (uint32_t e = 0; e < c->neffect; e++) {
            released = released || (c->effect[e].param == i && !c->effect[e].path &&
                                    c->effect[e].kind == EFFECT_RELEASE);
        }
        if (!released) {
            ledger_use(ex, state, call->arg[i], call->ins,
                       arena_printf(ex->out, "passed to %s", call->name));
        }
    }
}

/* realloc fails: the block that it would have given back is still there. */
static void
note_kept_blocks(Explorer *ex, State *state, const Call *call)
{
    const Case *success = first_success(call->summary);
    for (uint32_t e = 0; success && e < success->neffect; e++) {
        const Effect *effect = &success->effect[e];
        if (effect->kind == EFFECT_FREE && effect->param < call->nargs && !effect->path) {
            state_note(ex, state, NODE_REFUSE, call->ins, call->arg[effect->param],
                       call->summary, success);
        }
    }
}

static bool
apply_case(Explorer *ex, State *state, const Call *call, const Case *c)
{
    if (!exception_allows(ex, state, call, c) || !guards_hold(ex, state, call, c) || !assume_accepted(ex, state, call, c) ||
        !check_printed(ex, state, call) || !build_succeeds(state, call, c) ||
        !check_unset_arguments(ex, state, call)) {
        return false;
    }
    check_uses(ex, state, call, c);
    hole_handed(ex, state, call, c);
    memory_pass(state, call);
    if (call->summary->format == FORMAT_PARSE) {
        apply_parse(ex, state, call, c);
    }
    if (call->summary->writes) {
        forget_outside(state, call->ins);
    }
    else if (call->summary->counts) {
        forget_numbers(state);
    }
    for (uint32_t i = 0; i < call->nargs; i++) {
        escape_around(ex, state, call->arg[i]);
    }
    apply_effects(ex, state, call, c);
    copy_memory(state, call);
    hole_note(ex, state, call);
    if (case_fails(c)) {
        note_refusals(ex, state, call, c);
    }
    const Sym *result = make_value(ex, state, call, c, &c->ret, 0, call->ins->type);
    if (call->summary->format == FORMAT_BUILD) {
        apply_build(ex, state, call, c, result);
    }
    if (!module_answers(ex, state, call, result)) {
        return false;
    }
    exception_apply(ex, state, call, c, result);
    if (call->summary->alloc && call->summary->origin != ORIGIN_COMPUTED &&
        c->ret.kind == RESULT_NULL && c->err == ERR_SAME &&
        !family_is_library(call->summary->alloc)) {
        state->oom = true;
        note_kept_blocks(ex, state, call);
    }
    if (call->ins->dst) {
        state_set_temp(ex, state, call->ins->dst,
                       result ? result : fresh_at(ex, state, call, 0, call->ins->type));
    }
    return true;
}

static bool
gives_object(const Case *c)
{
    return c->ret.kind == RESULT_NEW || c->ret.kind == RESULT_SHARED;
}

/* A container that fails to take an object does not keep it alive. */
static bool
keeps_something(const Case *c)
{
    for (uint32_t i = 0; i < c->neffect; i++) {
        if (c->effect[i].kind == EFFECT_KEEP) {
            return true;
        }
    }
    return false;
}

/* Outcomes that teach nothing: a second allocation failure on one path, a second
 * failure nobody looks at, or an ignored one that changes nothing for references. */
static bool
skip_case(const Explorer *ex, const State *state, const Call *call, const Case *c)
{
    const Case *success = first_success(call->summary);
    if (call->asserted && first_failure(call->summary)) {
        return !case_fails(c);
    }
    if (!case_fails(c) || !success || !build_succeeds(state, call, success)) {
        return false;
    }
    if ((c->err == ERR_NOMEM && state->oom) || is_asserted_answer(ex)) {
        return true;
    }
    if (!call->ignored) {
        return false;
    }
    return state->ignored || (effects_equal(c, success) && !gives_object(success) &&
                              !keeps_something(success) &&
                              call->summary->format != FORMAT_PARSE);
}

/* True when every outcome of the callee needs the argument. */
static bool
all_need(const Summary *summary, uint32_t param)
{
    for (uint32_t k = 0; k < summary->ncases; k++) {
        uint8_t guard = summary->cases[k].guard[param];
        if (guard != GUARD_NOTNULL && guard != GUARD_HELD_NULL && guard != GUARD_HELD_NOTNULL) {
            return false;
        }
    }
    return summary->ncases > 0;
}

/* True for the result of a call that nobody looked at, and for the value of a deletion: where
 * the callee uses it at all it will meet NULL one day. */
static bool
is_plain_null(const Explorer *ex, const Sym *sym)
{
    const Place *place = sym->kind == SYM_INIT ? sym->place : NULL;
    return (sym->kind == SYM_CALL && sym->site && sym->site->op == OP_CALL) ||
           (place && place->kind == PLACE_LOCAL && ex->info->deleted > 0 &&
            place->index == ex->info->deleted);
}

/* True when NULL goes to a function of the program that uses it without a test. */
static bool
check_null_arguments(Explorer *ex, State *state, const Call *call)
{
    const Summary *summary = call->summary;
    for (uint32_t i = 0; i < summary->nparam && i < call->nargs; i++) {
        const Sym *sym = call->arg[i];
        if (summary->param[i].nullable || summary->param[i].kind == PARAM_INT) {
            continue;
        }
        if (sym->kind != SYM_INT && is_zero(state, sym) &&
            (is_plain_null(ex, sym) || all_need(summary, i))) {
            if (summary->param[i].used) {
                state_note(ex, state, NODE_USED, summary->param[i].used, sym, summary, NULL);
            }
            event_null(ex, state, sym, call->ins, call->name, false);
            return true;
        }
        note_needed(ex, state, sym, call->ins);
    }
    return false;
}

/* Reports text or memory among the arguments of a variadic function of the program that is the
 * NULL of a call that failed: whoever reads it there expects what was asked for. */
static void
check_variadic(Explorer *ex, State *state, const Call *call)
{
    const Summary *summary = call->summary;
    for (uint32_t i = summary->nparam; summary->variadic && i < call->nargs; i++) {
        const Sym *sym = call->arg[i];
        if (sym->kind == SYM_CALL && !type_is_object(sym->type) && is_plain_null(ex, sym) &&
            is_zero(state, sym) && call_has_failed(state, sym)) {
            event_null(ex, state, sym, call->ins, call->name, false);
        }
    }
}

static void
step_known(Explorer *ex, State *state, const Call *call, States *out)
{
    const Summary *summary = call->summary;
    if (summary->noreturn) {
        return;
    }
    if (summary->origin == ORIGIN_COMPUTED) {
        check_variadic(ex, state, call);
    }
    if (summary->origin == ORIGIN_COMPUTED && check_null_arguments(ex, state, call)) {
        return;
    }
    uint32_t last = summary->ncases, first = out->list.n;
    const Case *unread = NULL; /* a failure that is not followed because nobody looks at it */
    for (uint32_t i = 0; i < summary->ncases; i++) {
        bool skipped = skip_case(ex, state, call, &summary->cases[i]);
        left_null_called(ex, state, call, &summary->cases[i]);
        last = skipped ? last : i;
        unread = skipped && call->ignored && !call->asserted && !unread ? &summary->cases[i] : unread;
    }
    for (uint32_t i = 0; i <= last && i < summary->ncases; i++) {
        const Case *c = &summary->cases[i];
        if (i != last && skip_case(ex, state, call, c)) {
            continue;
        }
        State *next = i == last ? state : state_copy(ex, state);
        if (leaves_unset(ex, next, call, c)) {
            Call less = *call;
            less.left_out = true;
            State *other = state_copy(ex, next);
            if (apply_case(ex, other, &less, c)) {
                VEC_PUSH(ex->arena, &out->list, other);
            }
            else {
                state_free(ex, other);
            }
        }
        if (apply_case(ex, next, call, c)) {
            VEC_PUSH(ex->arena, &out->list, next);
        }
        else {
            state_free(ex, next);
        }
    }
    for (uint32_t i = first; unread && i < out->list.n; i++) {
        exception_unread(ex, out->list.at[i], call, unread);
    }
}

/* True when the outcome is for arguments that these are not. */
static bool
is_excluded(const State *state, const Call *call, const Case *c)
{
    for (uint32_t i = 0; i < call->nargs && i < PARAM_MAX; i++) {
        if ((c->guard[i] == GUARD_NOTNULL && is_zero(state, call->arg[i])) ||
            (c->guard[i] == GUARD_NULL && is_not_zero(state, call->arg[i]))) {
            return true;
        }
    }
    return false;
}

/* A function of its arguments alone: the same question, the same answer. */
static bool
step_pure(Explorer *ex, State *state, const Call *call, States *out)
{
    const Summary *summary = call->summary;
    int64_t lo = INT64_MAX, hi = INT64_MIN;
    for (uint32_t i = 0; i < summary->ncases; i++) {
        if (summary->cases[i].ret.kind != RESULT_INT) {
            return false;
        }
        if (is_excluded(state, call, &summary->cases[i])) {
            continue;
        }
        lo = summary->cases[i].ret.lo < lo ? summary->cases[i].ret.lo : lo;
        hi = summary->cases[i].ret.hi > hi ? summary->cases[i].ret.hi : hi;
    }
    if (lo > hi) {
        return false;
    }
    int answer = kind_answer(state, call);
    lo = answer < 0 ? lo : answer;
    hi = answer < 0 ? hi : answer;
    if (!assume_accepted(ex, state, call, &summary->cases[0])) {
        return true; /* NULL would have been followed: the path ends */
    }
    check_uses(ex, state, call, &summary->cases[0]);
    const Sym *sym = sym_pure(ex, summary->name, NULL, call->nargs > 0 ? call->arg[0] : NULL,
                              call->nargs > 1 ? call->arg[1] : NULL,
                              call->nargs > 2 ? call->arg[2] : NULL, call->ins->type);
    if (!sym) {
        return false;
    }
    if (!state_range(state, sym)) {
        Range range = range_of(state, sym);
        range.lo = lo > range.lo ? lo : range.lo;
        range.hi = hi < range.hi ? hi : range.hi;
        state_set_range(ex, state, sym, range);
    }
    if (call->ins->dst) {
        state_set_temp(ex, state, call->ins->dst, sym);
    }
    VEC_PUSH(ex->arena, &out->list, state);
    return true;
}

/* ---- unknown callees and special ones ----------------------------------------------------------------- */

/* True for memory that an unknown function of a library does not take over: the facts name all
 * functions that do. */
static bool
stays_ours(const State *state, const Sym *sym)
{
    const Ref *block = sym ? memory_block(state, sym) : NULL;
    return block && family_is_library(block->family);
}

/* True for a callee that gets a function of the program together with a variable of this one:
 * it calls that function here and now. */
static bool
calls_back(Explorer *ex, const Call *call)
{
    bool function = false, variable = false;
    for (uint32_t i = 0; i < call->nargs; i++) {
        const Sym *sym = call->arg[i];
        function = function || (sym->kind == SYM_FUNC &&
                                program_callee(ex->program, sym->decl) >= 0);
        variable = variable || (sym->kind == SYM_ADDR && place_is_local(sym->place));
    }
    return function && variable;
}

static void
step_unknown(Explorer *ex, State *state, const Call *call, const Decl *decl, States *out)
{
    bool harmless = decl && (decl->is_system || text_starts(decl->name, "__builtin_")); /* libc and libraries: no objects, no callbacks */
    if (decl && decl->is_noreturn) {
        return;
    }
    for (uint32_t i = 0; i < call->nargs; i++) {
        const Sym *sym = call->arg[i];
        ledger_use(ex, state, sym, call->ins, arena_printf(ex->out, "passed to %s", call->name));
        if (sym->type && type_is_object(sym->type)) {
            state_ref_make(ex, state, sym); /* so that a later Py_INCREF counts for the callee */
        }
        if (!harmless || !stays_ours(state, sym)) {
            ledger_escape(ex, state, sym); /* a library may keep an object as its user's data */
            memory_leave(ex, state, sym);
        }
        if (!harmless && sym->kind == SYM_INIT) {
            forget_callers(ex, state, sym, call->ins);
        }
        if (sym->kind != SYM_ADDR) {
            continue;
        }
        const Place *root = place_root(sym->place);
        if (root->kind == PLACE_DEREF && !harmless) {
            ledger_escape(ex, state, root->sym);
        }
        if (root->kind == PLACE_LOCAL) {
            const Place *filling = memory_filling(ex, sym->place);
            const Sym *held = harmless ? state_get(state, filling) : NULL;
            for (uint32_t b = 0; b < state->nbind; b++) {
                if (place_is_inside(state->bind[b].place, sym->place) &&
                    state->bind[b].sym != held) {
                    ledger_escape(ex, state, state->bind[b].sym);
                }
            }
            state_forget(state, sym->place);
            state_bind(ex, state, sym->place, fresh_at(ex, state, call, i + 1, NULL));
            if (held) {
                state_bind(ex, state, filling, held);
            }
        }
    }
    if (!harmless) {
        forget_outside(state, call->ins);
    }
    if (!harmless || calls_back(ex, call)) {
        exception_unknown(state);
    }
    if (call->ins->dst) {
        const Sym *result = fresh_at(ex, state, call, 0, call->ins->type);
        repeat_answer(ex, state, call->ins, result);
        state_set_temp(ex, state, call->ins->dst, result);
    }
    VEC_PUSH(ex->arena, &out->list, state);
}

/* True for a call of a function that calls this one. */
static bool
is_recursion(Explorer *ex, const Decl *decl)
{
    const uint32_t *component = ex->program->graph->component;
    int64_t index = decl ? program_callee(ex->program, decl) : -1;
    return index >= 0 && component[index] == component[ex->fn_index];
}

void
step_call(Explorer *ex, State *state, const Instr *ins, States *out)
{
    const Decl *decl = callee_decl(ex, state, ins);
    Call call = {.ins = ins, .name = fact_name(ex, state, ins, decl), .nargs = ins->nargs};
    if (event_ask(ex, state, ins, call.name)) {
        VEC_PUSH(ex->arena, &out->list, state);
        return;
    }
    call.arg = ARENA_ARRAY(ex->arena, const Sym *, ins->nargs + 1);
    for (uint32_t i = 0; i < ins->nargs; i++) {
        call.arg[i] = eval(ex, state, ins->args[i]);
        escape_record(ex, state, call.arg[i]);
    }
    call.ignored = ins->dst == 0 || flow_temp_dies(ex->flow, ex->block, ex->ins, ins->dst);
    call.asserted = call.ignored && exception_is_asserted(ex);
    call.summary = find_summary(ex, decl, call.name);
    if (!call.summary && ex->first_pass && is_recursion(ex, decl)) {
        return; /* what comes back is found along the ways that do not go down here */
    }
    gil_call(ex, state, &call, decl);
    threads_call(ex, state, &call);
    Marks marks = across_before_call(ex, state, &call);
    uint32_t first = out->list.n;
    if (is_exception_call(&call, "PyErr_Occurred")) {
        exception_occurred(ex, state, &call, out);
    }
    else if (!call.summary || call.summary->ncases == 0) {
        if (!call.summary || !call.summary->noreturn) {
            step_unknown(ex, state, &call, decl, out);
        }
    }
    else if (!call.summary->pure || !step_pure(ex, state, &call, out)) {
        step_known(ex, state, &call, out);
    }
    for (uint32_t i = first; i < out->list.n && marks.list.n > 0; i++) {
        across_after_call(ex, out->list.at[i], &marks);
    }
}

/* call.c: applies what is known of a callee: one state for each outcome.
 *
 * The summary comes from facts, from the user, or from the callee's own body.
 * Where nobody knows the callee, what it gets escapes and what it gives is
 * untracked: silence over guessing.
 */
#include <string.h>

#include "engine/state.h"

#define MAX_FORMAT_ARGS 64

/* One call being applied. */
typedef struct Call {
    const Instr *ins;
    const char *name;
    const Summary *summary;
    const Sym **arg;
    uint32_t nargs;
    bool ignored; /* nobody looks at the result */
} Call;

/* A call whose purpose is to raise, and that has no result to tell, does not fail. */
static bool
case_fails(const Case *c)
{
    return (c->err == ERR_RAISES || c->err == ERR_NOMEM) && c->ret.kind != RESULT_VOID;
}

static const Case *
first_success(const Summary *summary)
{
    for (uint32_t i = 0; i < summary->ncases; i++) {
        if (!case_fails(&summary->cases[i])) {
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

static const Summary *
find_summary(Explorer *ex, const Decl *decl, const char *name)
{
    const Summary *known = name[0] ? model_find(ex->model, name, NULL) : NULL;
    if (known && known->origin >= ORIGIN_ANNOTATION) {
        return known;
    }
    int64_t index = decl ? program_callee(ex->program, decl) : -1;
    if (index >= 0 && (decl->is_static || !known)) {
        return ex->computed[index];
    }
    return known;
}

/* ---- results -------------------------------------------------------------------------- */

static const Sym *
fresh_at(Explorer *ex, State *state, const Call *call, uint32_t slot, const Type *type)
{
    uint32_t number = state_fresh(state, call->ins, slot * 4);
    return sym_call(ex, call->ins, number, type);
}

static void
set_not_zero(Explorer *ex, State *state, const Sym *sym)
{
    assume(ex, state, sym, true);
}

static const Sym *
new_object(Explorer *ex, State *state, const Call *call, const Case *c, const Result *result,
           uint32_t slot, const Type *type)
{
    uint32_t number = state_fresh(state, call->ins, slot * 4);
    const Sym *sym = sym_call(ex, call->ins, number, type);
    set_not_zero(ex, state, sym);
    if (number == slot * 4 + 3) {
        return sym; /* too many alive at once: untracked */
    }
    Ref *ref = state_add_ref(ex, state, sym);
    Kept kept = result->kind == RESULT_SHARED ? KEPT_UNKNOWN : KEPT_NONE;
    *ref = (Ref){.sym = sym, .own = 1, .kept = (uint8_t)kept, .flags = REF_BORN,
                 .born = call->summary, .born_case = c, .site = call->ins};
    state_note(ex, state, NODE_MADE, call->ins, sym, call->summary, c);
    return sym;
}

/* True when the object owns what was read from it and this function may release that: its
 * type, and in a destructor whatever an accessor gives. */
static bool
is_part_of(Explorer *ex, const Call *call, const Sym *from)
{
    if (text_equal(call->summary->name, "Py_TYPE")) {
        return true;
    }
    return from && ex->info->is_dealloc && from->kind == SYM_INIT && from->place &&
           from->place->kind == PLACE_LOCAL && from->place->index == 0;
}

static const Sym *
borrowed_object(Explorer *ex, State *state, const Call *call, const Case *c,
                const Result *result, uint32_t slot, const Type *type)
{
    const Sym *from = NULL;
    if (result->from >= 0 && (uint32_t)result->from < call->nargs) {
        from = call->arg[result->from];
    }
    const Sym *sym = NULL;
    if (slot == 0) { /* asked twice, the same answer */
        sym = sym_pure(ex, str_intern(ex->strings, call->name), state->epoch,
                       call->nargs > 0 ? call->arg[0] : NULL,
                       call->nargs > 1 ? simplify(ex, state, call->arg[1]) : NULL,
                       call->nargs > 2 ? call->arg[2] : NULL, type);
    }
    if (!sym) {
        sym = fresh_at(ex, state, call, slot, type);
    }
    set_not_zero(ex, state, sym);
    if (!state_ref(state, sym)) {
        Ref *ref = state_add_ref(ex, state, sym);
        *ref = (Ref){.sym = sym, .kept = from ? KEPT_BY : KEPT_STATIC, .keeper = from,
                     .born = call->summary, .born_case = c, .site = call->ins};
        if (is_part_of(ex, call, from)) {
            ref->kept = KEPT_FIELD;
            ref->keeper = NULL;
            ref->stored = 1;
        }
    }
    state_note(ex, state, NODE_BORROWED, call->ins, sym, call->summary, c);
    return sym;
}

static const Sym *
integer(Explorer *ex, State *state, const Call *call, const Result *result, uint32_t slot,
        const Type *type)
{
    if (result->lo == result->hi) {
        return sym_int(ex, result->lo);
    }
    const Sym *sym = fresh_at(ex, state, call, slot, type);
    Range range = range_of(state, sym);
    range.lo = result->lo > range.lo ? result->lo : range.lo;
    range.hi = result->hi < range.hi ? result->hi : range.hi;
    state_set_range(ex, state, sym, range);
    return sym;
}

/* The value of a result or of what an out-parameter holds; NULL for void. */
static const Sym *
make_value(Explorer *ex, State *state, const Call *call, const Case *c, const Result *result,
           uint32_t slot, const Type *type)
{
    switch (result->kind) {
    case RESULT_VOID:
        return NULL;
    case RESULT_NEW: case RESULT_SHARED:
        return new_object(ex, state, call, c, result, slot, type);
    case RESULT_BORROWED:
        return borrowed_object(ex, state, call, c, result, slot, type);
    case RESULT_SAME:
        if ((uint32_t)result->from < call->nargs) {
            return call->arg[result->from];
        }
        break;
    case RESULT_NULL:
        return sym_int(ex, 0);
    case RESULT_INT:
        return integer(ex, state, call, result, slot, type);
    case RESULT_PTR: {
        const Sym *sym = fresh_at(ex, state, call, slot, type);
        set_not_zero(ex, state, sym);
        return sym;
    }
    case RESULT_ANY:
        break;
    }
    return fresh_at(ex, state, call, slot, type);
}

/* ---- effects ----------------------------------------------------------------------------- */

static const Sym *
container_of(const Call *call, uint32_t param)
{
    for (uint32_t i = 0; i < call->summary->nparam && i < call->nargs; i++) {
        if (i != param && call->summary->param[i].kind == PARAM_OBJ) {
            return call->arg[i];
        }
    }
    return NULL;
}

/* What stands at a field path below a pointer. */
static const Place *
place_at(Explorer *ex, const Sym *pointer, Str path)
{
    const Place *place = place_deref(ex, pointer);
    while (path && *path) {
        const char *dot = strchr(path, '.');
        size_t length = dot ? (size_t)(dot - path) : strlen(path);
        place = place_field(ex, place, str_intern_n(ex->strings, path, length), NULL);
        path = dot ? dot + 1 : NULL;
    }
    return place;
}

static void
set_out(Explorer *ex, State *state, const Call *call, const Case *c, const Effect *effect,
        const Sym *arg, uint32_t slot)
{
    if (arg->kind == SYM_INT) {
        return; /* NULL: the caller does not want it */
    }
    const Place *place = place_at(ex, arg, effect->path);
    By by = {call->ins, call->summary, c};
    if (effect->kind == EFFECT_RESET) {
        const Sym *old = read_place(ex, state, place, NULL);
        const Sym *value = make_value(ex, state, call, c, &effect->result, slot, NULL);
        Ref *ref = state_ref(state, old);
        bool covered = ref && ref->own > 0;
        if (covered) {
            ledger_release(ex, state, old, by);
        }
        write_place(ex, state, call->ins, place, value);
        if (!covered) {
            ledger_release(ex, state, old, by);
        }
        return;
    }
    const Sym *value = make_value(ex, state, call, c, &effect->result, slot, NULL);
    write_place(ex, state, call->ins, place, value);
}

/* All memory outside the function may have changed. */
static void
forget_outside(State *state, const Instr *at)
{
    uint32_t kept = 0;
    state->epoch = at;
    for (uint32_t b = 0; b < state->nbind; b++) {
        if (place_is_local(state->bind[b].place)) {
            state->bind[kept++] = state->bind[b];
        }
    }
    state->nbind = kept;
}

static void
forget_memory(Explorer *ex, State *state, const Call *call, const Sym *arg, Str path)
{
    if (text_equal(path, "*")) {
        const Place *place = place_deref(ex, arg);
        state_forget(state, place);
        if (!place_is_local(place)) {
            state->epoch = call->ins;
        }
        return;
    }
    const Place *place = place_at(ex, arg, path);
    const Sym *held = state_get(state, place);
    if (held) {
        ledger_escape(ex, state, held);
    }
    state_forget(state, place);
    state_bind(ex, state, place, sym_init(ex, place, call->ins, NULL));
}

static void
apply_effect(Explorer *ex, State *state, const Call *call, const Case *c, const Effect *effect,
             const Sym *arg, uint32_t index)
{
    By by = {call->ins, call->summary, c};
    bool outside = effect->path && effect->kind != EFFECT_OUT && effect->kind != EFFECT_RESET &&
                   effect->kind != EFFECT_ESCAPE;
    const Sym *object = outside && arg->kind != SYM_INT
                            ? read_place(ex, state, place_at(ex, arg, effect->path), NULL)
                            : arg;
    switch (effect->kind) {
    case EFFECT_STEAL:
        ledger_steal(ex, state, object, container_of(call, index), by);
        break;
    case EFFECT_RELEASE:
        ledger_release(ex, state, object, by);
        break;
    case EFFECT_RETAIN:
        ledger_retain(ex, state, object, by);
        break;
    case EFFECT_KEEP:
        if (!case_fails(c) || !first_success(call->summary)) {
            int8_t from = effect->result.from;
            const Sym *into = from >= 0 && (uint32_t)from < call->nargs ? call->arg[from] : NULL;
            ledger_keep(ex, state, object, into, by);
            if (call->summary->origin == ORIGIN_COMPUTED && from < 0) {
                ledger_lend(ex, state, object);
            }
        }
        break;
    case EFFECT_ESCAPE:
        if (effect->path) {
            forget_memory(ex, state, call, arg, effect->path);
        }
        else {
            ledger_escape(ex, state, object);
        }
        break;
    case EFFECT_OUT: case EFFECT_RESET:
        set_out(ex, state, call, c, effect, arg, index + 1);
        break;
    case EFFECT_FREE: case EFFECT_FINISH:
        if (effect->kind == EFFECT_FREE) {
            ledger_escape(ex, state, object);
        }
        break;
    }
}

static void
apply_effects(Explorer *ex, State *state, const Call *call, const Case *c)
{
    for (uint32_t e = 0; e < c->neffect; e++) {
        const Effect *effect = &c->effect[e];
        if (effect->param != PARAM_REST) {
            if (effect->param < call->nargs) {
                apply_effect(ex, state, call, c, effect, call->arg[effect->param],
                             effect->param);
            }
            continue;
        }
        for (uint32_t i = call->summary->nparam; i < call->nargs; i++) {
            apply_effect(ex, state, call, c, effect, call->arg[i], i);
        }
    }
}

/* A success-only taker that fails leaves the reference with us: worth telling. */
static void
note_refusals(Explorer *ex, State *state, const Call *call, const Case *c)
{
    for (uint32_t k = 0; k < call->summary->ncases; k++) {
        const Case *other = &call->summary->cases[k];
        for (uint32_t e = 0; !case_fails(other) && e < other->neffect; e++) {
            const Effect *effect = &other->effect[e];
            if (effect->kind != EFFECT_STEAL || effect->param >= call->nargs || effect->path) {
                continue;
            }
            bool also = false;
            for (uint32_t i = 0; i < c->neffect; i++) {
                also = also || c->effect[i].param == effect->param;
            }
            Ref *ref = also ? NULL : state_ref(state, call->arg[effect->param]);
            if (ref && ref->own > 0) {
                ref->refuser = call->summary;
                ref->refuser_case = c;
                state_note(ex, state, NODE_REFUSE, call->ins, ref->sym, call->summary, c);
            }
        }
    }
}

/* ---- formats -------------------------------------------------------------------------------- */

static const char *
format_text(const Call *call)
{
    int param = call->summary->format_param;
    if (param < 0 || (uint32_t)param >= call->nargs || call->arg[param]->kind != SYM_STR) {
        return NULL;
    }
    return call->arg[param]->text;
}

static void
escape_rest(Explorer *ex, State *state, const Call *call)
{
    for (uint32_t i = call->summary->nparam; i < call->nargs; i++) {
        const Sym *sym = call->arg[i];
        ledger_escape(ex, state, sym);
        if (sym->kind == SYM_ADDR && place_is_local(sym->place)) {
            write_place(ex, state, call->ins, sym->place, fresh_at(ex, state, call, i + 1, NULL));
        }
    }
}

static void
fill_borrowed(Explorer *ex, State *state, const Call *call, const Case *c, uint32_t i,
              bool optional)
{
    const Sym *pointer = call->arg[i];
    if (pointer->kind == SYM_INT) {
        return;
    }
    const Place *place = place_deref(ex, pointer);
    const Sym *old = read_place(ex, state, place, NULL);
    bool may_be_null = optional && !is_not_zero(state, old);
    const Sym *sym = fresh_at(ex, state, call, i + 1, NULL);
    if (!may_be_null) {
        set_not_zero(ex, state, sym);
    }
    Ref *ref = state_add_ref(ex, state, sym);
    *ref = (Ref){.sym = sym, .kept = KEPT_BY, .keeper = call->arg[0], .born = call->summary,
                 .born_case = c, .site = call->ins};
    state_note(ex, state, NODE_BORROWED, call->ins, sym, call->summary, c);
    write_place(ex, state, call->ins, place, sym);
}

/* What a converter ("O&") leaves in its place, from what is known of the converter. */
static void
fill_converted(Explorer *ex, State *state, const Call *call, const Case *c, uint32_t i)
{
    const Sym *pointer = call->arg[i], *converter = call->arg[i - 1];
    if (pointer->kind == SYM_INT) {
        return;
    }
    const Place *place = place_deref(ex, pointer);
    const Summary *known = converter->kind == SYM_FUNC
                               ? find_summary(ex, converter->decl, converter->decl->name)
                               : NULL;
    for (uint32_t k = 0; known && k < known->ncases; k++) {
        const Case *other = &known->cases[k];
        for (uint32_t e = 0; !case_fails(other) && e < other->neffect; e++) {
            const Effect *effect = &other->effect[e];
            if (effect->kind == EFFECT_OUT && effect->param == 1 && !effect->path &&
                (effect->result.kind == RESULT_NEW || effect->result.kind == RESULT_SHARED)) {
                Call inner = *call;
                inner.summary = known;
                write_place(ex, state, call->ins, place,
                            new_object(ex, state, &inner, c, &effect->result, i + 1, NULL));
                return;
            }
        }
    }
    ledger_escape(ex, state, read_place(ex, state, place, NULL));
    write_place(ex, state, call->ins, place, fresh_at(ex, state, call, i + 1, NULL));
}

static void
apply_parse(Explorer *ex, State *state, const Call *call, const Case *c)
{
    FormatArg args[MAX_FORMAT_ARGS];
    const char *format = format_text(call);
    int n = format ? format_args(format, true, args, MAX_FORMAT_ARGS) : -1;
    if (n < 0) {
        escape_rest(ex, state, call);
        return;
    }
    if (case_fails(c)) {
        return;
    }
    uint32_t first = call->summary->nparam;
    for (uint32_t i = first; i < call->nargs && (int)(i - first) < n; i++) {
        const FormatArg *arg = &args[i - first];
        const Sym *pointer = call->arg[i];
        switch (arg->kind) {
        case FORMAT_ARG_OBJECT:
            fill_borrowed(ex, state, call, c, i, arg->optional);
            break;
        case FORMAT_ARG_CONVERTED:
            fill_converted(ex, state, call, c, i);
            break;
        case FORMAT_ARG_VALUE: case FORMAT_ARG_MEMORY: case FORMAT_ARG_BUFFER:
            if (pointer->kind != SYM_INT) {
                const Place *place = place_deref(ex, pointer);
                state_forget(state, place);
                state_bind(ex, state, place, fresh_at(ex, state, call, i + 1, NULL));
            }
            break;
        case FORMAT_ARG_TYPE: case FORMAT_ARG_CONVERTER: case FORMAT_ARG_STEAL:
            break;
        }
    }
}

static void
apply_build(Explorer *ex, State *state, const Call *call, const Case *c, const Sym *result)
{
    FormatArg args[MAX_FORMAT_ARGS];
    const char *format = format_text(call);
    int n = format ? format_args(format, false, args, MAX_FORMAT_ARGS) : -1;
    if (n < 0) {
        escape_rest(ex, state, call);
        return;
    }
    By by = {call->ins, call->summary, c};
    uint32_t first = call->summary->nparam;
    for (uint32_t i = first; i < call->nargs && (int)(i - first) < n; i++) {
        FormatArgKind kind = args[i - first].kind;
        if (kind == FORMAT_ARG_STEAL) {
            ledger_steal(ex, state, call->arg[i], result, by);
        }
        else if (kind == FORMAT_ARG_OBJECT) {
            ledger_use(ex, state, call->arg[i], call->ins,
                       arena_printf(ex->out, "passed to %s", call->name));
            if (!case_fails(c)) {
                ledger_keep(ex, state, call->arg[i], result, by);
            }
        }
        else if (kind == FORMAT_ARG_CONVERTED) {
            ledger_escape(ex, state, call->arg[i]);
        }
    }
}

/* ---- one outcome ---------------------------------------------------------------------------------- */

static bool
guards_hold(Explorer *ex, State *state, const Call *call, const Case *c)
{
    for (uint32_t i = 0; i < call->nargs && i < PARAM_MAX; i++) {
        if (c->guard[i] != GUARD_ANY &&
            !assume(ex, state, call->arg[i], c->guard[i] == GUARD_NOTNULL)) {
            return false;
        }
    }
    return true;
}

/* What is passed where NULL is not accepted is not NULL; false when it certainly is and
 * the callee would have crashed. */
static bool
assume_accepted(Explorer *ex, State *state, const Call *call, const Case *c)
{
    for (uint32_t i = 0; i < call->summary->nparam && i < call->nargs; i++) {
        const Param *param = &call->summary->param[i];
        if (param->nullable || param->kind != PARAM_OBJ ||
            assume(ex, state, call->arg[i], true)) {
            continue;
        }
        for (uint32_t e = 0; e < c->neffect; e++) {
            if (c->effect[e].param == i && (c->effect[e].kind == EFFECT_RETAIN ||
                                            c->effect[e].kind == EFFECT_RELEASE)) {
                return false;
            }
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

static void
apply_error(Explorer *ex, State *state, const Call *call, const Case *c)
{
    switch (c->err) {
    case ERR_SAME:
        break;
    case ERR_RAISES: case ERR_NOMEM:
        state->err = ERRSTATE_SET;
        state->oom = state->oom || c->err == ERR_NOMEM;
        if (call->summary->ncases > 1 && case_fails(c)) {
            state->failed = state->failed || c->err == ERR_RAISES;
            state->ignored = state->ignored || call->ignored;
            state_note(ex, state, NODE_FAIL, call->ins, NULL, call->summary, c);
        }
        break;
    case ERR_CLEARS:
        state->err = ERRSTATE_CLEAR;
        state->failed = false;
        break;
    case ERR_UNKNOWN:
        state->err = ERRSTATE_UNKNOWN;
        break;
    }
}

static bool
apply_case(Explorer *ex, State *state, const Call *call, const Case *c)
{
    if (!guards_hold(ex, state, call, c) || !assume_accepted(ex, state, call, c)) {
        return false;
    }
    check_uses(ex, state, call, c);
    if (call->summary->format == FORMAT_PARSE) {
        apply_parse(ex, state, call, c);
    }
    if (call->summary->writes) {
        forget_outside(state, call->ins);
    }
    apply_effects(ex, state, call, c);
    if (case_fails(c)) {
        note_refusals(ex, state, call, c);
    }
    const Sym *result = make_value(ex, state, call, c, &c->ret, 0, call->ins->type);
    if (call->summary->format == FORMAT_BUILD) {
        apply_build(ex, state, call, c, result);
    }
    apply_error(ex, state, call, c);
    if (call->summary->alloc && c->ret.kind == RESULT_NULL) {
        state->oom = true;
    }
    if (call->ins->dst) {
        state_set_temp(ex, state, call->ins->dst,
                       result ? result : fresh_at(ex, state, call, 0, call->ins->type));
    }
    return true;
}

static bool
effects_equal(const Case *a, const Case *b)
{
    if (a->neffect != b->neffect) {
        return false;
    }
    for (uint32_t i = 0; i < a->neffect; i++) {
        const Effect *x = &a->effect[i], *y = &b->effect[i];
        if (x->kind != y->kind || x->param != y->param || x->path != y->path ||
            x->result.kind != y->result.kind || x->result.from != y->result.from) {
            return false;
        }
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
skip_case(const State *state, const Call *call, const Case *c)
{
    const Case *success = first_success(call->summary);
    if (!case_fails(c) || !success) {
        return false;
    }
    if (c->err == ERR_NOMEM && state->oom) {
        return true;
    }
    if (!call->ignored) {
        return false;
    }
    return state->ignored || (effects_equal(c, success) && !gives_object(success) &&
                              !keeps_something(success) &&
                              call->summary->format != FORMAT_PARSE);
}

static void
step_known(Explorer *ex, State *state, const Call *call, States *out)
{
    const Summary *summary = call->summary;
    if (summary->noreturn) {
        return;
    }
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Case *c = &summary->cases[i];
        if (skip_case(state, call, c)) {
            continue;
        }
        State *next = state_copy(ex, state);
        if (apply_case(ex, next, call, c)) {
            VEC_PUSH(ex->arena, &out->list, next);
        }
    }
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
        lo = summary->cases[i].ret.lo < lo ? summary->cases[i].ret.lo : lo;
        hi = summary->cases[i].ret.hi > hi ? summary->cases[i].ret.hi : hi;
    }
    if (summary->ncases == 0) {
        return false;
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

static void
step_unknown(Explorer *ex, State *state, const Call *call, const Decl *decl, States *out)
{
    bool harmless = decl && decl->is_system; /* libc and libraries: no objects, no callbacks */
    if (decl && decl->is_noreturn) {
        return;
    }
    for (uint32_t i = 0; i < call->nargs; i++) {
        const Sym *sym = call->arg[i];
        ledger_use(ex, state, sym, call->ins, arena_printf(ex->out, "passed to %s", call->name));
        ledger_escape(ex, state, sym); /* a library may keep an object as its user's data */
        if (sym->kind != SYM_ADDR) {
            continue;
        }
        const Place *root = place_root(sym->place);
        if (root->kind == PLACE_DEREF && !harmless) {
            ledger_escape(ex, state, root->sym);
        }
        if (root->kind == PLACE_LOCAL) {
            for (uint32_t b = 0; b < state->nbind; b++) {
                if (place_is_inside(state->bind[b].place, sym->place)) {
                    ledger_escape(ex, state, state->bind[b].sym);
                }
            }
            state_forget(state, sym->place);
            state_bind(ex, state, sym->place, fresh_at(ex, state, call, i + 1, NULL));
        }
    }
    if (!harmless) {
        forget_outside(state, call->ins);
        state->err = ERRSTATE_UNKNOWN;
    }
    if (call->ins->dst) {
        state_set_temp(ex, state, call->ins->dst,
                       fresh_at(ex, state, call, 0, call->ins->type));
    }
    VEC_PUSH(ex->arena, &out->list, state);
}

/* PyErr_Occurred answers from the exception state of the path. */
static void
step_occurred(Explorer *ex, State *state, const Call *call, States *out)
{
    if (state->err != ERRSTATE_CLEAR) {
        State *yes = state_copy(ex, state);
        const Sym *sym = fresh_at(ex, yes, call, 0, call->ins->type);
        set_not_zero(ex, yes, sym);
        *state_add_ref(ex, yes, sym) = (Ref){.sym = sym, .kept = KEPT_STATIC,
                                             .born = call->summary, .site = call->ins};
        yes->err = ERRSTATE_SET;
        if (call->ins->dst) {
            state_set_temp(ex, yes, call->ins->dst, sym);
        }
        VEC_PUSH(ex->arena, &out->list, yes);
    }
    if (state->err != ERRSTATE_SET) {
        state->err = ERRSTATE_CLEAR;
        if (call->ins->dst) {
            state_set_temp(ex, state, call->ins->dst, sym_int(ex, 0));
        }
        VEC_PUSH(ex->arena, &out->list, state);
    }
}

void
step_call(Explorer *ex, State *state, const Instr *ins, States *out)
{
    const Decl *decl = callee_decl(ex, state, ins);
    Call call = {.ins = ins, .name = decl ? decl->name : callee_name(ins), .nargs = ins->nargs};
    if (event_ask(ex, state, ins, call.name)) {
        VEC_PUSH(ex->arena, &out->list, state);
        return;
    }
    call.arg = ARENA_ARRAY(ex->arena, const Sym *, ins->nargs + 1);
    for (uint32_t i = 0; i < ins->nargs; i++) {
        call.arg[i] = eval(ex, state, ins->args[i]);
    }
    call.ignored = ins->dst == 0 || flow_temp_dies(ex->flow, ex->block, ex->ins, ins->dst);
    call.summary = find_summary(ex, decl, call.name);
    if (text_equal(call.name, "PyErr_Occurred")) {
        step_occurred(ex, state, &call, out);
    }
    else if (!call.summary || call.summary->ncases == 0) {
        if (!call.summary || !call.summary->noreturn) {
            step_unknown(ex, state, &call, decl, out);
        }
    }
    else if (!call.summary->pure || !step_pure(ex, state, &call, out)) {
        step_known(ex, state, &call, out);
    }
}

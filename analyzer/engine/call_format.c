/* call_format.c: the arguments that a PyArg_Parse or Py_BuildValue format governs. */
#include <string.h>

#include "engine/call.h"

#define MAX_FORMAT_ARGS 64

/* The arguments that the call's format governs, MAX_FORMAT_ARGS at most, and how many there are;
 * -1 when the format is not known or malformed. */
static int
governed_args(const Call *call, FormatArg *args)
{
    int param = call->summary->format_param;
    if (param < 0 || (uint32_t)param >= call->nargs || call->arg[param]->kind != SYM_STR) {
        return -1;
    }
    return format_args(call->arg[param]->text, call->summary->format == FORMAT_PARSE, args,
                       MAX_FORMAT_ARGS);
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

/* The kind of the objects that a parse format lets through for argument 'i'. */
static Kinds
parsed_kind(const Call *call, uint32_t i, const FormatArg *args)
{
    uint32_t k = i - call->summary->nparam;
    const char *kind = args[k].unit == 'S'   ? "PyBytes"
                       : args[k].unit == 'U' ? "PyUnicode"
                       : args[k].unit == 'Y' ? "PyByteArray"
                                             : "";
    const Sym *type = k > 0 && args[k - 1].kind == FORMAT_ARG_TYPE ? call->arg[i - 1] : NULL;
    bool named = type && type->kind == SYM_ADDR && type->place->kind == PLACE_GLOBAL;
    return named ? kind_of_type_object(type->place->decl->name) : kind_find(kind, strlen(kind));
}

static void
fill_borrowed(Explorer *ex, State *state, const Call *call, const Case *c, uint32_t i,
              bool optional, Kinds kind)
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
    const Ref *tuple = state_ref(state, call->arg[0]);
    bool made_here = tuple && (tuple->flags & REF_BORN) && call->summary->nparam > 3;
    Ref *ref = state_add_ref(ex, state, sym);
    *ref = (Ref){.sym = sym, .kept = KEPT_BY, .keeper = call->arg[made_here ? 1 : 0], .born = call->summary,
                 .born_case = c, .site = call->ins};
    if (optional && is_zero(state, old)) {
        state_ref(state, sym)->flags |= REF_OPTIONAL;
    }
    state_note(ex, state, NODE_BORROWED, call->ins, sym, call->summary, c);
    kind_learn(ex, state, sym, kind);
    write_place(ex, state, call->ins, place, sym);
}

bool
leaves_unset(Explorer *ex, State *state, const Call *call, const Case *c)
{
    FormatArg args[MAX_FORMAT_ARGS];
    bool fills = call->summary->format == FORMAT_PARSE && !case_fails(c);
    int n = fills ? governed_args(call, args) : 0;
    uint32_t first = call->summary->nparam;
    for (uint32_t i = first; i < call->nargs && (int)(i - first) < n; i++) {
        const Sym *pointer = call->arg[i];
        if (args[i - first].optional && args[i - first].kind == FORMAT_ARG_VALUE &&
            pointer->kind != SYM_INT &&
            is_unset_variable(ex, read_place(ex, state, place_deref(ex, pointer), NULL))) {
            return true;
        }
    }
    return false;
}

/* A value that is no object. */
static void
fill_value(Explorer *ex, State *state, const Call *call, uint32_t i, const FormatArg *arg)
{
    const Sym *pointer = call->arg[i];
    if (pointer->kind == SYM_INT) {
        return;
    }
    const Place *place = place_deref(ex, pointer);
    const Sym *value = fresh_at(ex, state, call, i + 1, NULL);
    state_forget(state, place);
    state_bind(ex, state, place, value);
    if (arg->text && !arg->optional) {
        set_not_zero(ex, state, value);
    }
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
            if (effect->kind == EFFECT_OUT && effect->param == 1 && !effect->path &&
                (effect->result.kind == RESULT_BORROWED || effect->result.kind == RESULT_SAME)) {
                fill_borrowed(ex, state, call, c, i, false, 0);
                return;
            }
        }
    }
    ledger_escape(ex, state, read_place(ex, state, place, NULL));
    write_place(ex, state, call->ins, place, fresh_at(ex, state, call, i + 1, NULL));
}

/* The conversion that stands at '%': its letter, and how many arguments go before it ('*'). */
static const char *
read_conversion(const char *at, char *letter, uint32_t *stars)
{
    *stars = 0;
    at++;
    while (*at && strchr("-+ #0123456789.*hlzjtTq", *at)) {
        *stars += *at == '*';
        at++;
    }
    *letter = *at;
    return *at ? at + 1 : at;
}

bool
check_printed(Explorer *ex, State *state, const Call *call)
{
    const Summary *summary = call->summary;
    uint32_t last = summary->nparam;
    if (!summary->variadic || summary->format != FORMAT_NONE || last == 0 ||
        last > call->nargs || call->arg[last - 1]->kind != SYM_STR ||
        !text_equal(summary->param[last - 1].name, "format")) {
        return true;
    }
    uint32_t arg = last;
    for (const char *at = call->arg[last - 1]->text; *at;) {
        char letter = '%';
        uint32_t stars = 0;
        if (*at != '%') {
            at++;
            continue;
        }
        at = read_conversion(at, &letter, &stars);
        if (letter == '%') {
            continue;
        }
        arg += stars;
        if (arg < call->nargs && (letter == 's' || letter == 'U') &&
            call->arg[arg]->kind != SYM_INT && is_zero(state, call->arg[arg])) {
            event_null(ex, state, call->arg[arg], call->ins, call->name, letter == 's');
            return false;
        }
        arg++;
    }
    return true;
}

void
apply_parse(Explorer *ex, State *state, const Call *call, const Case *c)
{
    FormatArg args[MAX_FORMAT_ARGS];
    int n = governed_args(call, args);
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
        if (arg->optional && call->left_out) {
            continue;
        }
        switch (arg->kind) {
        case FORMAT_ARG_OBJECT:
            fill_borrowed(ex, state, call, c, i, arg->optional,
                          parsed_kind(call, i, args));
            break;
        case FORMAT_ARG_CONVERTED:
            fill_converted(ex, state, call, c, i);
            break;
        case FORMAT_ARG_BUFFER:
            memory_fill(ex, state, call, c, i, str_intern(ex->strings, FAMILY_BUFFER));
            break;
        case FORMAT_ARG_MEMORY:
            memory_fill_text(ex, state, call, c, i, arg->optional);
            break;
        case FORMAT_ARG_VALUE:
            fill_value(ex, state, call, i, arg);
            break;
        case FORMAT_ARG_TYPE: case FORMAT_ARG_CONVERTER: case FORMAT_ARG_STEAL:
            break;
        }
    }
}

bool
build_succeeds(const State *state, const Call *call, const Case *c)
{
    FormatArg args[MAX_FORMAT_ARGS];
    bool builds = call->summary->format == FORMAT_BUILD && !case_fails(c);
    int n = builds ? governed_args(call, args) : 0;
    uint32_t first = call->summary->nparam;
    for (uint32_t i = first; i < call->nargs && (int)(i - first) < n; i++) {
        FormatArgKind kind = args[i - first].kind;
        if ((kind == FORMAT_ARG_STEAL || kind == FORMAT_ARG_OBJECT) &&
            is_zero(state, call->arg[i])) {
            return false;
        }
    }
    return true;
}

void
apply_build(Explorer *ex, State *state, const Call *call, const Case *c, const Sym *result)
{
    FormatArg args[MAX_FORMAT_ARGS];
    int n = governed_args(call, args);
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

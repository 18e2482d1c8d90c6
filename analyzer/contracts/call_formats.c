/* call_formats.c: the arguments that PyArg_Parse... and Py_BuildValue formats govern. */
#include <string.h>

#include "contracts/private.h"

enum { ARGS_MAX = 64, SINCE_REFUSED = 310, SINCE_ALWAYS_CLEAN = 313, UNICODE_GONE = 312 };

/* ---- wants ------------------------------------------------------------------------- */

typedef struct UnitWant {
    char unit;
    WantKind kind;
    uint8_t bits;
    const char *words;
} UnitWant;

/* What PyArg_Parse... fills. */
static const UnitWant parse_wants[] = {
    {'b', WANT_INT, 8, "an unsigned char"}, {'B', WANT_INT, 8, "an unsigned char"},
    {'h', WANT_INT, 16, "a short"}, {'H', WANT_INT, 16, "an unsigned short"},
    {'i', WANT_INT, 32, "an int"}, {'I', WANT_INT, 32, "an unsigned int"},
    {'l', WANT_INT, 64, "a long"}, {'k', WANT_INT, 64, "an unsigned long"},
    {'L', WANT_INT, 64, "a long long"}, {'K', WANT_INT, 64, "an unsigned long long"},
    {'n', WANT_INT, 64, "a Py_ssize_t"}, {'c', WANT_INT, 8, "a char"},
    {'C', WANT_INT, 32, "an int"}, {'p', WANT_INT, 32, "an int"},
    {'f', WANT_FLOAT, 32, "a float"}, {'d', WANT_FLOAT, 64, "a double"},
    {'D', WANT_STRUCT, 0, "a Py_complex"}, {'s', WANT_TEXT, 0, "a const char *"},
    {'z', WANT_TEXT, 0, "a const char *"}, {'y', WANT_TEXT, 0, "a const char *"},
    {'u', WANT_TEXT, 0, "a Py_UNICODE *"}, {'Z', WANT_TEXT, 0, "a Py_UNICODE *"},
};

/* What Py_BuildValue reads. */
static const UnitWant build_wants[] = {
    {'b', WANT_INT, 32, "an int"}, {'B', WANT_INT, 32, "an int"}, {'h', WANT_INT, 32, "an int"},
    {'H', WANT_INT, 32, "an int"}, {'i', WANT_INT, 32, "an int"},
    {'I', WANT_INT, 32, "an unsigned int"}, {'l', WANT_INT, 64, "a long"},
    {'k', WANT_INT, 64, "an unsigned long"}, {'L', WANT_INT, 64, "a long long"},
    {'K', WANT_INT, 64, "an unsigned long long"}, {'n', WANT_INT, 64, "a Py_ssize_t"},
    {'c', WANT_INT, 32, "an int"}, {'C', WANT_INT, 32, "an int"}, {'p', WANT_INT, 32, "an int"},
    {'f', WANT_FLOAT, 64, "a double"}, {'d', WANT_FLOAT, 64, "a double"},
    {'D', WANT_STRUCT, 0, "a pointer to a Py_complex"}, {'s', WANT_TEXT, 0, "a C string"},
    {'z', WANT_TEXT, 0, "a C string"}, {'y', WANT_TEXT, 0, "a pointer to bytes"},
    {'U', WANT_TEXT, 0, "a C string"}, {'u', WANT_TEXT, 0, "a pointer to wchar_t"},
};

static Want
value_want(char unit, bool parse)
{
    const UnitWant *wants = parse ? parse_wants : build_wants;
    size_t n = parse ? COUNT_OF(parse_wants) : COUNT_OF(build_wants);

    for (size_t i = 0; i < n; i++) {
        if (wants[i].unit == unit) {
            return (Want){wants[i].kind, wants[i].bits, parse, wants[i].words};
        }
    }
    return (Want){.kind = unit == 'e' ? WANT_TEXT : WANT_ANY, .words = "the name of an encoding"};
}

static Want
want_of(const FormatArg *arg, bool parse, bool clean)
{
    if (arg->unit == '#') {
        return clean ? (Want){WANT_INT, 64, parse, "a Py_ssize_t"}
                     : (Want){WANT_INT, 32, parse, "an int (without PY_SSIZE_T_CLEAN)"};
    }
    switch (arg->kind) {
    case FORMAT_ARG_VALUE:
        return value_want(arg->unit, parse);
    case FORMAT_ARG_OBJECT: case FORMAT_ARG_STEAL:
        return (Want){WANT_OBJECT, 0, parse, parse ? "a PyObject *" : "an object"};
    case FORMAT_ARG_TYPE:
        return (Want){WANT_OBJECT, 0, false, "a type object"};
    case FORMAT_ARG_CONVERTER:
        return (Want){WANT_FUNCTION, 0, false, "a converter function"};
    case FORMAT_ARG_MEMORY:
        return (Want){WANT_TEXT, 0, true, "a char *"};
    case FORMAT_ARG_BUFFER:
        return (Want){WANT_STRUCT, 0, true, "a Py_buffer"};
    default:
        return (Want){.kind = WANT_ANY};
    }
}

/* ---- checks ------------------------------------------------------------------------ */

static void
problem(Contracts *cx, const Governed *g, MismatchKind kind, const char *unit, int given,
        int wanted)
{
    tell(cx, &(Mismatch){.kind = kind, .loc = g->call->loc, .function = g->body->fn->decl->name,
                         .callee = g->callee, .format = g->format, .unit = unit,
                         .given = given, .wanted = wanted, .on_error = g->on_error});
}

void
argument_check(Contracts *cx, const Governed *g, uint32_t i, const Want *want, const char *unit)
{
    Shape shape = shape_of(g->body, g->call->args[i]);
    uint8_t bits = 0;
    Fit fit = shape_fits(&shape, want, &bits);
    const char *name = shape_name(cx->arena, g->body, g->call->args[i]);

    if (fit == FITS) {
        return;
    }
    if (*name == '\0' || name[0] == '[') {
        name = arena_printf(cx->arena, "argument %u", i + 1);
    }
    tell(cx, &(Mismatch){.kind = fit == OTHER_WIDTH ? MISMATCH_WIDTH : MISMATCH_TYPE,
                         .loc = g->call->loc, .function = g->body->fn->decl->name,
                         .callee = g->callee, .name = name, .format = g->format,
                         .unit = unit, .wants = want->words,
                         .has = shape_words(cx->arena, &shape, want->place),
                         .wants_bits = want->bits, .has_bits = bits, .place = want->place,
                         .constant = shape.kind == VAL_INT, .on_error = g->on_error});
}

void
count_check(Contracts *cx, const Governed *g, uint32_t wanted)
{
    uint32_t given = g->call->nargs - g->first;

    while (given > wanted && (g->call->args[g->first + given - 1].kind == VAL_NULL ||
                              g->call->args[g->first + given - 1].kind == VAL_INT)) {
        given--; /* an end mark that nobody asked for */
    }
    if (given != wanted) {
        problem(cx, g, given < wanted ? MISMATCH_FEW : MISMATCH_MANY, g->format, (int)given,
                (int)wanted);
    }
}

/* True when lengths are a Py_ssize_t; '*refused' when this Python refuses them. */
static bool
lengths_are_clean(const Contracts *cx, const Governed *g, bool *refused)
{
    Version python = model_python(cx->model), headers = version_parse(g->body->unit->python);

    *refused = false;
    if (g->sized || text_equal(g->api, "PySys_Audit") ||
        headers >= SINCE_ALWAYS_CLEAN || python == 0 || python >= SINCE_ALWAYS_CLEAN) {
        return true;
    }
    *refused = python >= SINCE_REFUSED;
    return *refused; /* what is wrong then is the missing definition */
}

/* "s#" for the length of an "s". */
static const char *
unit_text(const Contracts *cx, const FormatArg *args, int i)
{
    const char *text = args[i].kind == FORMAT_ARG_CONVERTER || args[i].kind == FORMAT_ARG_CONVERTED
                           ? "O&"
                       : args[i].kind == FORMAT_ARG_TYPE   ? "O!"
                       : args[i].kind == FORMAT_ARG_BUFFER ? "*"
                                                           : NULL;

    if (text != NULL) {
        return text;
    }
    return args[i].unit == '#' && i > 0 ? arena_printf(cx->arena, "%c#", args[i - 1].unit)
                                        : arena_printf(cx->arena, "%c", args[i].unit);
}

static void
arguments_check(Contracts *cx, const Governed *g, const FormatArg *args, int n, bool parse)
{
    bool refused, told = false, clean = lengths_are_clean(cx, g, &refused);

    for (int i = 0; i < n && g->first + (uint32_t)i < g->call->nargs; i++) {
        Want want = want_of(&args[i], parse, clean);

        if (args[i].unit == '#' && refused) {
            if (!told) {
                problem(cx, g, MISMATCH_CLEAN, unit_text(cx, args, i), 0, 0);
            }
            told = true;
            continue;
        }
        if (parse && (args[i].unit == 'u' || args[i].unit == 'Z') &&
            model_python(cx->model) >= UNICODE_GONE) {
            problem(cx, g, MISMATCH_GONE, unit_text(cx, args, i), 0, 0);
            continue;
        }
        argument_check(cx, g, g->first + (uint32_t)i, &want, unit_text(cx, args, i));
    }
}

static void
format_check(Contracts *cx, const Governed *g, bool parse)
{
    FormatArg args[ARGS_MAX];
    const char *bad = format_problem(g->format, parse);
    int n = format_args(g->format, parse, args, ARGS_MAX);

    if (bad != NULL) {
        problem(cx, g, MISMATCH_UNIT,
                *bad != '\0' ? arena_printf(cx->arena, "%c", *bad) : "", 0, 0);
        return;
    }
    if (n > ARGS_MAX) {
        return;
    }
    count_check(cx, g, (uint32_t)n);
    arguments_check(cx, g, args, n, parse);
    if (parse && g->keywords < g->call->nargs) {
        keywords_check(cx, g, g->call->args[g->keywords]);
    }
}

/* ---- calls ------------------------------------------------------------------------- */

const char *
written_name(Arena *arena, const char *name)
{
    if (text_starts(name, "_Py") && text_ends(name, "_SizeT")) {
        return arena_printf(arena, "%.*s", (int)strlen(name) - 7, name + 1);
    }
    return name;
}

/* The parameter that is the format, -1 when there is none. */
static int
format_param(const Summary *summary)
{
    if (summary->format != FORMAT_NONE) {
        return summary->format_param;
    }
    return summary->nparam > 0 && text_equal(summary->param[summary->nparam - 1].name, "format")
               ? summary->nparam - 1 : -1;
}

/* What governs the arguments of a call: what the facts say of the callee, or what it does with
 * its own. */
static bool
governor_of(const Contracts *cx, const Decl *decl, Wrapper *out)
{
    const Wrapper *wrapper = map_get_ptr(&cx->wrappers, decl->usr);
    const Summary *summary = wrapper == NULL ? model_find(cx->model, decl->name, decl->usr) : NULL;
    int param = summary != NULL && summary->variadic ? format_param(summary) : -1;

    if (wrapper != NULL) {
        *out = *wrapper;
        return true;
    }
    if (param < 0) {
        return false;
    }
    *out = (Wrapper){.api = written_name(cx->arena, decl->name), .kind = summary->format,
                     .sized = text_ends(decl->name, "_SizeT"), .format = (uint32_t)param,
                     .first = summary->nparam, .keywords = UINT32_MAX};
    if (summary->nparam > 0 && text_equal(summary->param[summary->nparam - 1].name, "keywords")) {
        out->keywords = summary->nparam - 1u;
    }
    return true;
}

static void
call_check(Contracts *cx, Body *body, const Instr *call)
{
    const Decl *decl = call->a.decl;
    Wrapper by;
    Governed g;

    if (!governor_of(cx, decl, &by) || by.first > call->nargs ||
        call->args[by.format].kind != VAL_STR) {
        return;
    }
    if (body->def == NULL) {
        *body = body_of(cx->arena, body->fn, body->unit);
    }
    g = (Governed){.body = body, .call = call, .callee = written_name(cx->arena, decl->name),
                   .api = by.api, .sized = by.sized, .format = call->args[by.format].str,
                   .first = by.first, .keywords = by.keywords,
                   .on_error = text_starts(by.api, "PyErr_") || text_starts(by.api, "_PyErr_")};
    if (by.kind != FORMAT_NONE) {
        format_check(cx, &g, by.kind == FORMAT_PARSE);
    }
    else {
        printf_check(cx, &g);
    }
}

void
calls_check(Contracts *cx, const Fn *fn, const Unit *unit)
{
    Body body = {.fn = fn, .unit = unit};

    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];

            if (ins->op != OP_CALL || ins->a.kind != VAL_FUNC) {
                continue;
            }
            if (ins->a.decl->is_variadic) {
                call_check(cx, &body, ins);
            }
            else if (ins->nargs == 2 && ins->args[1].kind == VAL_GLOBAL &&
                     text_equal(ins->a.decl->name, "PyModule_AddFunctions")) {
                end_check(cx, ins->args[1].decl);
            }
        }
    }
}

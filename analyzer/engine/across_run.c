/* across_run.c: a call into how likely it runs code that changes what others hold.
 *
 * Facts say which functions of the C-API may run Python code (`calls`).  Which of them do so
 * depends on the arguments: what is known to be a str or int runs none, what the program keeps
 * for itself hardly does, and a release runs some only when it is the last one of an object of
 * unknown type.
 */
#include <string.h>

#include "engine/across.h"

static bool
starts_with_any(const char *name, const char *const *starts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strncmp(name, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Calls of whatever the user gave. */
static const char *const direct[] = {
    "PyObject_Call", "_PyObject_Call", "PyObject_Vectorcall", "_PyObject_Vectorcall",
    "_PyObject_FastCall", "PyEval_Call", "PyEval_Eval", "PyRun_", ".tp_call",
    "PyVectorcall_Call",
};

/* What runs code in theory, or only of such as will not touch our objects. */
static const char *const rare[] = {
    "PyImport_", "PyCodec_", "PyUnicode_Decode", "PyUnicode_Encode", "PyUnicode_AsEncoded",
    "PyUnicode_FSConverter", "PyUnicode_FSDecoder", "PyErr_NewException", "PyModule_",
    "PyType_From", "PyGC_Collect", "PyBuffer_Release", "PyCapsule_Import", "Py_Finalize",
    "PyOS_", "PyMonitoring_", "PyThreadState_", "PyInterpreterState_", "_PyTrash_", "PyContext",
    "PyFrame_", "PyException_", "PyErr_CheckSignals", "PyErr_Print", "PyErr_Display",
    "PyErr_WriteUnraisable", "PyErr_Warn", "PyErr_ResourceWarning", "PyErr_FormatUnraisable",
    "PyErr_NormalizeException", "PyEval_RestoreThread", "PyObject_IsInstance",
    "PyObject_IsSubclass", "PySys_", "PyFile_", ".tp_dealloc", ".tp_clear", ".tp_finalize",
    "PyObject_ClearWeakRefs", "PyObject_GetBuffer", "PyEval_AcquireThread",
};

/* What runs none unless something is badly wrong. */
static const char *const quiet[] = {
    "PyErr_", "_PyErr_", "PySys_Audit", "PyMutex_Lock", "PyCriticalSection", "PyGILState_Ensure",
    "PyConfig_", "PyArena_", "PyUnicode_AsUTF8String", "PyUnicode_AsLatin1", "PyUnicode_AsASCII",
};

/* True when the object was asked whether it is a tuple, and no more. */
static bool
is_any_tuple(const State *state, const Sym *sym)
{
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *check = state->range[i].sym;
        if (check->kind == SYM_PURE && check->a == sym && is_not_zero(state, check) &&
            text_starts(check->text, "PyTuple_Check")) {
            return true;
        }
    }
    return false;
}

bool
across_is_simple(Explorer *ex, const State *state, const Sym *sym)
{
    static const char *const makers[] = {
        "PyLong_From", "PyFloat_From", "PyUnicode_", "PyBytes_From", "PyBool_From",
        "PyComplex_From", "PyCapsule_New", "PyByteArray_From", "PyObject_Str", "PyObject_Repr",
        "PyMemoryView_From", "PyObject_Bytes", "PyLong_As", "PyNumber_Index",
    };
    static const char *const checks[] = {
        "PyLong_Check", "PyLong_CheckExact", "PyUnicode_Check", "PyUnicode_CheckExact",
        "PyFloat_Check", "PyFloat_CheckExact", "PyBytes_Check", "PyBytes_CheckExact",
        "PyBool_Check",
    };
    const Ref *ref = state_ref(state, sym);
    if (sym->kind == SYM_INT || sym->kind == SYM_STR || sym->kind == SYM_ADDR ||
        ledger_immortal(ex, sym) || (ref && (ref->flags & REF_CONST))) {
        return true;
    }
    if (sym->kind == SYM_CALL && sym->site && sym->site->op == OP_CALL &&
        starts_with_any(callee_name(sym->site), makers, COUNT_OF(makers))) {
        return true;
    }
    bool item = sym->kind == SYM_PURE && text_ends(sym->text, "_GET_ITEM");
    if (item && sym->a && !across_is_list(state, sym->a) && !is_any_tuple(state, sym->a)) {
        return true; /* of a type that fills its items itself: a named tuple */
    }
    if (sym->kind == SYM_PURE && text_equal(sym->text, "Py_TYPE")) {
        return true;
    }
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *check = state->range[i].sym;
        if (check->kind != SYM_PURE || check->a != sym || !is_not_zero(state, check)) {
            continue;
        }
        for (size_t k = 0; k < COUNT_OF(checks); k++) {
            if (text_equal(check->text, checks[k])) {
                return true;
            }
        }
    }
    return false;
}

/* True when a release of the object leaves it alive, or frees nothing that runs code. */
static bool
release_is_quiet(Explorer *ex, const State *state, const Sym *sym)
{
    const Ref *ref = state_ref(state, sym);
    static const char *const containers[] = {
        "PyTuple_New", "PyTuple_Pack", "PyList_New", "PyDict_New", "PySet_New", "Py_BuildValue",
    }; /* made here: what is in them has other owners, or is new */
    bool made = ref && (ref->flags & REF_BORN) && ref->born &&
                starts_with_any(ref->born->name, containers, COUNT_OF(containers));
    if (made || is_zero(state, sym) || across_is_simple(ex, state, sym)) {
        return true;
    }
    return ref && (ref->own > 1 || ref->kept == KEPT_CALLER || ref->kept == KEPT_BY ||
                   ref->kept == KEPT_STATIC || (ref->own > 0 && ref->stored > 0));
}

static Chance
release_runs(Explorer *ex, const State *state, const Call *call)
{
    const Case *c = &call->summary->cases[0];
    for (uint32_t e = 0; e < c->neffect; e++) {
        const Effect *effect = &c->effect[e];
        if (effect->param >= call->nargs || effect->path) {
            continue;
        }
        const Sym *sym = call->arg[effect->param];
        if (effect->kind == EFFECT_RESET && sym->kind == SYM_ADDR) {
            const Sym *held = state_get(state, sym->place);
            return held && release_is_quiet(ex, state, held) ? CHANCE_NONE : CHANCE_LOW;
        }
        if (effect->kind == EFFECT_RELEASE) {
            return release_is_quiet(ex, state, sym) ? CHANCE_NONE : CHANCE_LOW;
        }
    }
    return CHANCE_LOW;
}

/* True for a parse format that converts objects by their own methods. */
static bool
format_converts(const Call *call)
{
    const Sym *format = (uint32_t)call->summary->format_param < call->nargs
                            ? call->arg[call->summary->format_param] : NULL;
    for (const char *at = format && format->kind == SYM_STR ? format->text : ""; *at; at++) {
        if (*at == ':' || *at == ';') {
            break;
        }
        if (strchr("bBhHiIlkLKnfdDp&", *at)) {
            return true;
        }
    }
    return false;
}

/* True when '%R' or its like calls a method of an argument. */
static bool
format_prints(const Call *call)
{
    for (uint32_t i = 0; i < call->nargs; i++) {
        const char *text = call->arg[i]->kind == SYM_STR ? call->arg[i]->text : "";
        if (strstr(text, "%R") || strstr(text, "%S") || strstr(text, "%A")) {
            return true;
        }
    }
    return false;
}

/* The first argument that a method could belong to: not a container of Python's own. */
static uint32_t
first_object(const Summary *fact)
{
    return text_starts(fact->name, "PyDict_") || text_starts(fact->name, "PyList_") ||
           text_starts(fact->name, "PySet_") || text_starts(fact->name, "_PyDict_");
}

/* True when all arguments that a method could belong to are known to be harmless. */
static bool
args_are_simple(Explorer *ex, const State *state, const Call *call)
{
    const Summary *fact = call->summary;
    for (uint32_t i = first_object(fact); i < fact->nparam && i < call->nargs; i++) {
        if (fact->param[i].kind == PARAM_OBJ && !across_is_simple(ex, state, call->arg[i])) {
            return false;
        }
    }
    return true;
}

/* How likely an argument that a method could belong to is of a type of the user's. */
static Chance
args_are_foreign(Explorer *ex, const State *state, const Call *call)
{
    const Summary *fact = call->summary;
    Chance most = CHANCE_LOW;
    for (uint32_t i = first_object(fact); i < fact->nparam && i < call->nargs; i++) {
        if (fact->param[i].kind == PARAM_OBJ && !across_is_simple(ex, state, call->arg[i])) {
            Chance chance = across_foreign(ex, state, call->arg[i]);
            most = chance > most ? chance : most;
        }
    }
    return most;
}

/* True when the type that is asked about is one of C: no __instancecheck__. */
static bool
asks_for_static_type(const Call *call)
{
    return text_starts(call->name, "PyObject_Is") && call->nargs == 2 &&
           (call->arg[1]->kind == SYM_ADDR ||
            (call->arg[1]->kind == SYM_INIT && call->arg[1]->place &&
             call->arg[1]->place->kind == PLACE_GLOBAL));
}

/* True for a look-up with a key that no caller got from outside. */
static bool
key_is_own(Explorer *ex, const Call *call)
{
    const Sym *key = text_starts(call->name, "PyDict_") && call->nargs > 1 ? call->arg[1] : NULL;
    const Place *place = key && key->kind == SYM_INIT ? key->place : NULL;
    return place && place->kind == PLACE_LOCAL && place->index < 32 &&
           ex->fn->local[place->index].is_param && !ex->info->is_entry &&
           !((ex->given[ex->fn_index] >> place->index) & 1);
}

static Chance
fact_runs(Explorer *ex, const State *state, const Call *call)
{
    const char *name = call->summary->name;
    if (!call->summary->calls || call->summary->ncases == 0) {
        return CHANCE_NONE;
    }
    bool releases = text_ends(name, "DECREF") || text_ends(name, "DecRef") ||
                    text_ends(name, "Py_CLEAR") || text_ends(name, "SETREF");
    if (releases) {
        return release_runs(ex, state, call);
    }
    if (call->summary->format == FORMAT_PARSE) {
        return format_converts(call) ? CHANCE_MEDIUM : CHANCE_NONE;
    }
    if (text_starts(name, "PyUnicode_FromFormat") || text_starts(name, "PyErr_Format")) {
        return format_prints(call) ? CHANCE_LOW : CHANCE_NONE;
    }
    if (starts_with_any(name, rare, COUNT_OF(rare))) {
        return CHANCE_LOW;
    }
    if (starts_with_any(name, quiet, COUNT_OF(quiet)) || asks_for_static_type(call) ||
        args_are_simple(ex, state, call)) {
        return CHANCE_NONE;
    }
    if (key_is_own(ex, call)) {
        return CHANCE_LOW;
    }
    if (text_starts(name, "PyList_") || text_starts(name, "PyCell_") ||
        text_ends(name, "ItemString")) {
        return CHANCE_LOW; /* only what is released by it */
    }
    if (starts_with_any(name, direct, COUNT_OF(direct))) {
        return CHANCE_HIGH;
    }
    bool slot = name[0] == '.'; /* of whatever type */
    return slot || args_are_foreign(ex, state, call) > CHANCE_LOW ? CHANCE_MEDIUM : CHANCE_LOW;
}

int
across_runs_by(Explorer *ex, const State *state, const Call *call)
{
    const Summary *summary = call->summary;
    const Sym *sym = NULL;
    if (summary->origin == ORIGIN_COMPUTED) {
        int by = summary->runs_by;
        sym = by > 0 && (uint32_t)by <= call->nargs ? call->arg[by - 1] : NULL;
    }
    else {
        for (uint32_t i = first_object(summary); i < summary->nparam && i < call->nargs; i++) {
            if (summary->param[i].kind != PARAM_OBJ || across_is_simple(ex, state, call->arg[i])) {
                continue;
            }
            if (sym) {
                return -1;
            }
            sym = call->arg[i];
        }
    }
    const Place *place = sym && sym->kind == SYM_INIT ? sym->place : NULL;
    return place && place->kind == PLACE_LOCAL && place->index < ex->fn->nparam &&
                   place->index < PARAM_MAX
               ? (int)place->index + 1 : -1;
}

/* True when the helper runs code of one argument only, and that is harmless. */
static bool
is_quiet_for(Explorer *ex, const State *state, const Call *call)
{
    int by = call->summary->runs_by;
    return by > 0 && (uint32_t)by <= call->nargs && across_is_simple(ex, state, call->arg[by - 1]);
}

Chance
across_runs(Explorer *ex, const State *state, const Call *call)
{
    if (!call->summary) {
        return CHANCE_NONE; /* a library, or a pointer that nobody knows */
    }
    if (call->summary->origin == ORIGIN_COMPUTED && is_quiet_for(ex, state, call)) {
        return CHANCE_NONE;
    }
    if (call->summary->origin != ORIGIN_COMPUTED) {
        return fact_runs(ex, state, call);
    }
    Chance runs = (Chance)call->summary->runs;
    int by = call->summary->runs_by;
    bool own = runs > CHANCE_LOW && by > 0 && (uint32_t)by <= call->nargs &&
               across_foreign(ex, state, call->arg[by - 1]) == CHANCE_LOW;
    return own ? CHANCE_LOW : runs;
}

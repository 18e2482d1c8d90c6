/* foreign_call.c: calls of the C-API into what they pass on of one argument to another or to the
 * result: containers and their items, attributes, results of calls.
 */
#include <string.h>

#include "engine/foreign.h"

typedef struct Told { /* to whom it is told */
    TransferFn fn;
    void *payload;
    uint32_t nargs;
} Told;

static const CallPlace result = {CALL_RESULT, 0};

static CallPlace
arg_at(uint32_t arg)
{
    return (CallPlace){CALL_ARG, arg};
}

static void
tell(const Told *told, Transfer transfer, CallPlace from, CallPlace to)
{
    if ((from.kind == CALL_RESULT || from.arg < told->nargs) &&
        (to.kind == CALL_RESULT || to.arg < told->nargs)) {
        told->fn(told->payload, transfer, from, to);
    }
}

static bool
starts_with_any(const char *name, const char *const *starts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text_starts(name, starts[i])) {
            return true;
        }
    }
    return false;
}

/* True for numbers and text, of Python's own type whatever they are made of. */
static bool
makes_plain(const char *name)
{
    static const char *const starts[] = {
        "PyLong_", "PyFloat_From", "PyUnicode_", "PyBytes_", "PyBool_", "PyComplex_",
        "PyObject_Str",
        "PyObject_Repr", "PyObject_ASCII", "PyNumber_Index", "PyNumber_Long", "PyNumber_Float",
        "PyImport_", "PyErr_", "PyModule_", "PyType_", "PyCapsule_", "PyWeakref_New",
    };
    return starts_with_any(name, starts, COUNT_OF(starts));
}

/* What a result that is a new reference holds, or is. */
static void
tell_made(const Told *told, const char *name, CallPlace to)
{
    static const char *const gets[] = { /* something out of the first argument */
        "PyObject_GetAttr", "_PyObject_GetAttr", "PyObject_GetOptionalAttr", "_PyObject_LookupAttr",
        "PyObject_GetItem", "PySequence_GetItem", "PySequence_ITEM", "PyMapping_Get", "PyIter_Next",
        "PyDict_Get", "PyDict_Pop", "_PyDict_Pop", "PyDict_SetDefault", "PyList_GetItemRef",
        "PySet_Pop", "_PySet_Next", "PyWeakref_GetRef", "PyObject_GenericGet",
    };
    static const char *const calls[] = {
        "PyObject_Call", "_PyObject_Call", "PyObject_Vectorcall", "_PyObject_Vectorcall",
        "PyEval_Call", "_PyObject_FastCall", "PyVectorcall_Call",
    };
    bool called = starts_with_any(name, calls, COUNT_OF(calls));
    bool number = text_starts(name, "PyNumber_");
    if (makes_plain(name)) {
        return;
    }
    if (called || starts_with_any(name, gets, COUNT_OF(gets))) {
        tell(told, TRANSFER_ITEM, arg_at(0), to);
    }
    bool copied = text_ends(name, "_Copy");
    for (uint32_t a = 0; a < told->nargs; a++) {
        tell(told, number   ? TRANSFER_VALUE
                   : copied ? TRANSFER_COPY
                            : TRANSFER_CONTENT, arg_at(a), to);
    }
}

/* What the first argument gets of the others. */
static void
tell_merged(const Told *told, const char *name)
{
    static const char *const merges[] = {
        "PyDict_Update", "PyDict_Merge", "_PyDict_Merge", "PyList_Extend", "_PyList_Extend",
        "_PySet_Update", "PyNumber_InPlace", "PySequence_InPlace", "PyList_SetSlice",
        "PySequence_SetSlice",
    };
    static const char *const puts[] = {
        "PyObject_SetItem", "PySequence_SetItem", "PyMapping_SetItem", "_PySet_Add",
    };
    bool merged = starts_with_any(name, merges, COUNT_OF(merges)), dict = strstr(name, "PyDict_");
    if (merged || starts_with_any(name, puts, COUNT_OF(puts))) {
        for (uint32_t a = 1; a < told->nargs; a++) {
            tell(told, !merged  ? TRANSFER_PUT
                       : dict   ? TRANSFER_COPY
                                : TRANSFER_CONTENT, arg_at(a), arg_at(0));
        }
    }
}

/* True for the parameter that is a key, or gets one, in a call about a dict. */
static bool
is_key(const Summary *fact, uint32_t param)
{
    return strstr(fact->name, "PyDict_") && param < fact->nparam &&
           text_equal(fact->param[param].name, "key");
}

/* What is kept or taken over: by another argument, or by the result. */
static void
tell_kept(const Told *told, const Summary *fact, const Case *c, const Effect *effect)
{
    bool rest = effect->param == PARAM_REST;
    int from = effect->kind == EFFECT_KEEP ? effect->result.from : -1;
    bool stored = from >= 0 || (effect->kind == EFFECT_STEAL && effect->param > 0 && !rest &&
                                fact->nparam > 0 && fact->param[0].kind == PARAM_OBJ);
    CallPlace to = stored ? arg_at(from >= 0 ? (uint32_t)from : 0) : result;
    bool made = c->ret.kind == RESULT_NEW || c->ret.kind == RESULT_SHARED;
    uint32_t first = rest ? fact->nparam : effect->param;
    for (uint32_t a = first; (stored || made) && a < told->nargs && (rest || a == first); a++) {
        tell(told, is_key(fact, a) ? TRANSFER_PUT_KEY : TRANSFER_PUT, arg_at(a), to);
    }
}

/* What '*to' or the result becomes. */
static void
tell_result(const Told *told, const Summary *fact, const Result *ret, CallPlace to)
{
    switch (ret->kind) {
    case RESULT_SAME:
        tell(told, TRANSFER_VALUE, arg_at((uint32_t)ret->from), to);
        break;
    case RESULT_BORROWED:
        if (ret->from >= 0 && !text_equal(fact->name, "Py_TYPE")) {
            bool key = to.kind == CALL_POINTEE && is_key(fact, to.arg);
            tell(told, key ? TRANSFER_KEY : TRANSFER_ITEM, arg_at((uint32_t)ret->from), to);
        }
        break;
    case RESULT_PTR: /* an array of items, as far as objects are concerned */
        if (ret->from >= 0 && text_ends(fact->name, "_ITEMS")) {
            tell(told, TRANSFER_ITEM, arg_at((uint32_t)ret->from), to);
        }
        break;
    case RESULT_NEW: case RESULT_SHARED:
        tell_made(told, fact->name, to);
        break;
    default:
        break;
    }
}

static bool
parses(const char *name, const Summary *fact)
{
    return (fact && fact->format == FORMAT_PARSE) || strstr(name, "PyArg_");
}

void
foreign_call(const char *name, const Summary *fact, uint32_t nargs, TransferFn told_to,
             void *payload)
{
    const Told told = {told_to, payload, nargs};
    if (parses(name, fact)) {
        for (uint32_t a = 0; a < nargs; a++) {
            tell(&told, TRANSFER_ANY, result, (CallPlace){CALL_POINTEE, a});
        }
        tell(&told, TRANSFER_ANY, result, result);
        return;
    }
    for (uint32_t a = 0; fact && fact->format == FORMAT_BUILD && a < nargs; a++) {
        tell(&told, TRANSFER_PUT, arg_at(a), result);
    }
    tell_merged(&told, name);
    for (uint32_t i = 0; fact && i < fact->ncases; i++) {
        const Case *c = &fact->cases[i];
        tell_result(&told, fact, &c->ret, result);
        for (uint32_t e = 0; e < c->neffect; e++) {
            const Effect *effect = &c->effect[e];
            if (effect->path) {
                continue;
            }
            if (effect->kind == EFFECT_KEEP || effect->kind == EFFECT_STEAL) {
                tell_kept(&told, fact, c, effect);
            }
            else if (effect->kind == EFFECT_OUT || effect->kind == EFFECT_RESET) {
                tell_result(&told, fact, &effect->result,
                            (CallPlace){CALL_POINTEE, effect->param});
            }
        }
    }
}

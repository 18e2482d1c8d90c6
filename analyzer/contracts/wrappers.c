/* wrappers.c: variadic functions of the program that pass their format and their arguments on to a
 * function of the C-API that takes a va_list.
 */
#include <string.h>

#include "contracts/private.h"

/* The functions that take a va_list, and which of their parameters is the format. */
static const struct {
    const char *name;
    uint32_t format;
    FormatKind kind; /* FORMAT_NONE: a '%' language */
} readers[] = {
    {"PyErr_FormatV", 1, FORMAT_NONE},
    {"PyUnicode_FromFormatV", 0, FORMAT_NONE},
    {"PyBytes_FromFormatV", 0, FORMAT_NONE},
    {"PyArg_VaParse", 1, FORMAT_PARSE},
    {"PyArg_VaParseTupleAndKeywords", 2, FORMAT_PARSE},
    {"Py_VaBuildValue", 0, FORMAT_BUILD},
};

/* The parameter whose value this is, UINT32_MAX for others. */
static uint32_t
param_of(const Body *body, Val val)
{
    const Instr *def = val.kind == VAL_TEMP ? body->def[val.index] : NULL;

    return def != NULL && def->op == OP_LOAD && def->a.kind == VAL_LOCAL &&
                   def->a.index < body->fn->nparam
               ? def->a.index : UINT32_MAX;
}

static void
read_call(Contracts *cx, const Body *body, const Instr *call)
{
    const char *name = written_name(cx->arena, call->a.decl->name);

    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        uint32_t format = readers[i].format;
        uint32_t param = text_equal(name, readers[i].name) && call->nargs > format
                             ? param_of(body, call->args[format]) : UINT32_MAX;
        Wrapper *wrapper;

        if (param == UINT32_MAX) {
            continue;
        }
        wrapper = ARENA_NEW(cx->arena, Wrapper);
        *wrapper = (Wrapper){.api = name, .kind = readers[i].kind, .format = param,
                             .first = body->fn->nparam,
                             .sized = text_ends(call->a.decl->name, "_SizeT"),
                             .keywords = UINT32_MAX};
        if (readers[i].kind == FORMAT_PARSE && call->nargs > format + 2) {
            wrapper->keywords = param_of(body, call->args[format + 1]);
        }
        *map_put_ptr(&cx->wrappers, body->fn->decl->usr) = wrapper;
    }
}

void
wrappers_find(Contracts *cx)
{
    for (uint32_t f = 0; f < cx->program->nfns; f++) {
        const Fn *fn = cx->program->fns[f];
        Body body;

        if (!fn->decl->is_variadic || fn->status != FN_OK) {
            continue;
        }
        body = body_of(cx->arena, fn, cx->program->fn_unit[f]);
        for (uint32_t b = 0; b < fn->nblock; b++) {
            for (uint32_t i = 0; i < fn->block[b].nins; i++) {
                const Instr *ins = &fn->block[b].ins[i];

                if (ins->op == OP_CALL && ins->a.kind == VAL_FUNC) {
                    read_call(cx, &body, ins);
                }
            }
        }
    }
}

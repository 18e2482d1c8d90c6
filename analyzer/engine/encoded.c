/* encoded.c: stores into those that keep a text of which the function has asked the UTF-8 form.
 *
 * Python keeps that form with the text: who asks again, for what the field holds, cannot fail.
 */
#include "engine/state.h"

/* The local that a value was read from, through casts and new references; -1 for none. */
static int64_t
read_from(const Instr *const *def, Val val)
{
    for (int depth = 0; depth < 8 && val.kind == VAL_TEMP && def[val.index]; depth++) {
        const Instr *ins = def[val.index];
        if (ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL) {
            return ins->a.index;
        }
        bool counted = ins->op == OP_CALL && ins->nargs == 1 &&
                       (text_equal(callee_name(ins), "Py_NewRef") ||
                        text_equal(callee_name(ins), "Py_XNewRef"));
        if (!counted && ins->op != OP_CAST && ins->op != OP_COPY) {
            return -1;
        }
        val = counted ? ins->args[0] : ins->a;
    }
    return -1;
}

/* True when the function asks for the UTF-8 form of what the local holds. */
static bool
asks_for_utf8(const Fn *fn, const Instr *const *def, int64_t local)
{
    for (uint32_t b = 0; local >= 0 && b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            if (ins->op == OP_CALL && ins->nargs > 0 &&
                (text_starts(callee_name(ins), "PyUnicode_AsUTF8") ||
                 text_equal(callee_name(ins), "_PyUnicode_AsUTF8NoNUL")) &&
                !text_equal(callee_name(ins), "PyUnicode_AsUTF8String") &&
                read_from(def, ins->args[0]) == local) {
                return true;
            }
        }
    }
    return false;
}

Stored
encoded_store(const Fn *fn, const Instr *const *def, const Instr *ins, Val *address)
{
    bool set = ins->op == OP_CALL && ins->nargs == 2 &&
               (text_equal(callee_name(ins), "Py_SETREF") ||
                text_equal(callee_name(ins), "Py_XSETREF"));
    if (!set && ins->op != OP_STORE) {
        return STORED_NOTHING;
    }
    const Val value = set ? ins->args[1] : ins->b;
    *address = set ? ins->args[0] : ins->a;
    if (address->kind != VAL_TEMP || value.kind != VAL_TEMP) {
        return STORED_NOTHING;
    }
    return asks_for_utf8(fn, def, read_from(def, value)) ? STORED_ENCODED : STORED_OTHER;
}

/* signature.c: functions in tables against the parameters and results that the C-API takes them
 * to have; casts in the tables hide a difference from the compiler.
 *
 * A signature is a string: the result, then the parameters.  'o' an object, 'a' an array of
 * objects, 'p' any other pointer, 'i' an int, 'n' a Py_ssize_t or Py_hash_t, 'v' nothing.
 */
#include <string.h>

#include "contracts/private.h"

typedef struct Slot {
    const char *name, *signature;
    int number; /* of the PyType_Slot, 0 when there is none */
} Slot;

static const Slot slots[] = {
    {"bf_getbuffer", "iopi", 1}, {"bf_releasebuffer", "vop", 2}, {"mp_ass_subscript", "iooo", 3},
    {"mp_length", "no", 4}, {"mp_subscript", "ooo", 5}, {"nb_absolute", "oo", 6},
    {"nb_add", "ooo", 7}, {"nb_and", "ooo", 8}, {"nb_bool", "io", 9}, {"nb_divmod", "ooo", 10},
    {"nb_float", "oo", 11}, {"nb_floor_divide", "ooo", 12}, {"nb_index", "oo", 13},
    {"nb_inplace_add", "ooo", 14}, {"nb_inplace_and", "ooo", 15},
    {"nb_inplace_floor_divide", "ooo", 16}, {"nb_inplace_lshift", "ooo", 17},
    {"nb_inplace_multiply", "ooo", 18}, {"nb_inplace_or", "ooo", 19},
    {"nb_inplace_power", "oooo", 20}, {"nb_inplace_remainder", "ooo", 21},
    {"nb_inplace_rshift", "ooo", 22}, {"nb_inplace_subtract", "ooo", 23},
    {"nb_inplace_true_divide", "ooo", 24}, {"nb_inplace_xor", "ooo", 25}, {"nb_int", "oo", 26},
    {"nb_invert", "oo", 27}, {"nb_lshift", "ooo", 28}, {"nb_multiply", "ooo", 29},
    {"nb_negative", "oo", 30}, {"nb_or", "ooo", 31}, {"nb_positive", "oo", 32},
    {"nb_power", "oooo", 33}, {"nb_remainder", "ooo", 34}, {"nb_rshift", "ooo", 35},
    {"nb_subtract", "ooo", 36}, {"nb_true_divide", "ooo", 37}, {"nb_xor", "ooo", 38},
    {"sq_ass_item", "iono", 39}, {"sq_concat", "ooo", 40}, {"sq_contains", "ioo", 41},
    {"sq_inplace_concat", "ooo", 42}, {"sq_inplace_repeat", "oon", 43}, {"sq_item", "oon", 44},
    {"sq_length", "no", 45}, {"sq_repeat", "oon", 46}, {"tp_alloc", "oon", 47},
    {"tp_base", "", 48}, {"tp_bases", "", 49}, {"tp_call", "oooo", 50}, {"tp_clear", "io", 51},
    {"tp_dealloc", "vo", 52}, {"tp_del", "vo", 53}, {"tp_descr_get", "oooo", 54},
    {"tp_descr_set", "iooo", 55}, {"tp_doc", "", 56}, {"tp_getattr", "oop", 57},
    {"tp_getattro", "ooo", 58}, {"tp_hash", "no", 59}, {"tp_init", "iooo", 60},
    {"tp_is_gc", "io", 61}, {"tp_iter", "oo", 62}, {"tp_iternext", "oo", 63},
    {"tp_methods", "", 64}, {"tp_new", "oooo", 65}, {"tp_repr", "oo", 66},
    {"tp_richcompare", "oooi", 67}, {"tp_setattr", "iopo", 68}, {"tp_setattro", "iooo", 69},
    {"tp_str", "oo", 70}, {"tp_traverse", "iopp", 71}, {"tp_members", "", 72},
    {"tp_getset", "", 73}, {"tp_free", "vp", 74}, {"nb_matrix_multiply", "ooo", 75},
    {"nb_inplace_matrix_multiply", "ooo", 76}, {"am_await", "oo", 77}, {"am_aiter", "oo", 78},
    {"am_anext", "oo", 79}, {"tp_finalize", "vo", 80}, {"am_send", "ioop", 81},
    {"tp_vectorcall", "ooano", 82},
};

const char *
signature_of(const char *slot)
{
    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        if (text_equal(slots[i].name, slot)) {
            return slots[i].signature;
        }
    }
    return "";
}

const char *
slot_called(int64_t number)
{
    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        if (slots[i].number == number) {
            return slots[i].name;
        }
    }
    return "";
}

static const char *
letter_words(char letter)
{
    switch (letter) {
    case 'o': return "an object";
    case 'a': return "an array of objects";
    case 'p': return "a pointer";
    case 'i': return "an int";
    case 'n': return "a Py_ssize_t";
    default: return "nothing";
    }
}

/* True when the C type is what the letter says. */
static bool
type_fits(const Type *type, char letter, bool result)
{
    if (type == NULL || type->kind == TYPE_OTHER || type->kind == TYPE_RECORD || letter == 'v') {
        return true;
    }
    switch (letter) {
    case 'o':
        return type->kind == TYPE_PTR && (type->to == NULL || type->to->kind != TYPE_PTR);
    case 'a':
        return type->kind == TYPE_PTR && (type->to == NULL || type->to->kind == TYPE_PTR ||
                                          type->to->kind == TYPE_VOID);
    case 'p':
        return type->kind == TYPE_PTR;
    case 'i':
        return type->kind == TYPE_INT && (type->bits == 32 || (!result && type->bits < 32));
    default:
        return type->kind == TYPE_INT && type->bits == 64;
    }
}

/* True when the function reads the parameter. */
static bool
is_used(const Fn *fn, uint32_t param)
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];

            for (uint32_t k = 0; k < instr_operands(ins); k++) {
                Val val = instr_operand(ins, k);

                if (val.kind == VAL_LOCAL && val.index == param && ins->op != OP_DEAD) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* The first parameter that is not passed is looked at, although nobody sets it. */
static bool
uses_rest(const Fn *fn, uint32_t from)
{
    for (uint32_t i = from; i < fn->nparam; i++) {
        if (is_used(fn, i)) {
            return true;
        }
    }
    return false;
}

void
signature_check(Contracts *cx, const char *table, const TableEntry *entry, const char *caller,
                const char *signature)
{
    int64_t index = *signature != '\0' ? program_callee(cx->program, entry->val.decl) : -1;
    const Fn *fn = index >= 0 ? cx->program->fns[index] : NULL;
    uint32_t passed = (uint32_t)strlen(signature) - 1;
    Mismatch mismatch = {.loc = entry->loc, .function = table, .callee = caller,
                         .name = entry->val.decl->name, .wanted = (int)passed};

    if (fn == NULL || fn->status != FN_OK || fn->decl->is_variadic ||
        program_is_guess(cx->program, entry->val.decl)) {
        return;
    }
    mismatch.given = (int)fn->nparam;
    if (fn->nparam != passed) {
        mismatch.kind = MISMATCH_PARAMS;
        mismatch.unused = fn->nparam < passed || !uses_rest(fn, passed);
        tell(cx, &mismatch);
        return;
    }
    for (uint32_t i = 0; i < passed; i++) {
        if (!type_fits(fn->local[i].type, signature[i + 1], false)) {
            mismatch.kind = MISMATCH_PARAM;
            mismatch.given = (int)i + 1;
            mismatch.unused = !is_used(fn, i);
            mismatch.wants = letter_words(signature[i + 1]);
            mismatch.has = type_words(cx->arena, fn->local[i].type);
            tell(cx, &mismatch);
            return;
        }
    }
    if (!type_fits(fn->ret, signature[0], true)) {
        mismatch.kind = MISMATCH_RESULT;
        mismatch.wants = letter_words(signature[0]);
        mismatch.has = type_words(cx->arena, fn->ret);
        tell(cx, &mismatch);
    }
}

/* methods.c: the METH_ flags of method tables against the functions beside them. */
#include <string.h>

#include "contracts/private.h"

enum {
    METH_VARARGS = 0x1, METH_KEYWORDS = 0x2, METH_NOARGS = 0x4, METH_O = 0x8,
    METH_CLASS = 0x10, METH_STATIC = 0x20, METH_COEXIST = 0x40, METH_FASTCALL = 0x80,
    METH_METHOD = 0x200,
};

typedef struct Convention {
    int flags;
    const char *name, *signature;
} Convention;

static const Convention conventions[] = {
    {METH_VARARGS, "METH_VARARGS", "ooo"},
    {METH_VARARGS | METH_KEYWORDS, "METH_VARARGS | METH_KEYWORDS", "oooo"},
    {METH_NOARGS, "METH_NOARGS", "ooo"},
    {METH_O, "METH_O", "ooo"},
    {METH_FASTCALL, "METH_FASTCALL", "ooan"},
    {METH_FASTCALL | METH_KEYWORDS, "METH_FASTCALL | METH_KEYWORDS", "ooano"},
    {METH_METHOD | METH_FASTCALL | METH_KEYWORDS, "METH_METHOD | METH_FASTCALL | METH_KEYWORDS",
     "oooano"},
};

static const Convention *
convention_of(int64_t flags)
{
    flags &= ~(int64_t)(METH_CLASS | METH_STATIC | METH_COEXIST);
    for (size_t i = 0; i < COUNT_OF(conventions); i++) {
        if (conventions[i].flags == flags) {
            return &conventions[i];
        }
    }
    return NULL;
}

static void
method_check(Contracts *cx, const Table *table, const TableEntry *method, const TableEntry *flags)
{
    const Convention *convention = convention_of(flags->val.num);

    if (convention == NULL) {
        tell(cx, &(Mismatch){.kind = MISMATCH_FLAGS, .loc = flags->loc,
                             .function = table->decl->name, .name = method->val.decl->name,
                             .unit = arena_printf(cx->arena, "0x%llx",
                                                  (unsigned long long)flags->val.num)});
        return;
    }
    signature_check(cx, table->decl->name, method, convention->name, convention->signature);
}

void
methods_check(Contracts *cx, const Table *table)
{
    const TableEntry *method = NULL;
    int64_t at = -1;

    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];
        const char *field;
        int64_t index = entry_index(entry->path, &field);

        if (text_equal(field, "ml_meth")) {
            method = entry->val.kind == VAL_FUNC ? entry : NULL;
            at = index;
        }
        else if (text_equal(field, "ml_flags") && entry->val.kind == VAL_INT && method != NULL &&
                 at == index) {
            method_check(cx, table, method, entry);
        }
    }
}

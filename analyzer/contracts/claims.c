/* claims.c: what the modules of a program say of themselves: that several interpreters may have
 * them, each with a GIL of its own, or that they need no GIL at all.
 */
#include <string.h>

#include "contracts/private.h"

enum { MOD_INTERPRETERS = 3, MOD_GIL = 4 };
enum { OWN_GIL_SUPPORTED = 2 };

static int64_t
number_of(Val val)
{
    return val.kind == VAL_INT ? val.num : 0;
}

static void
read_slots(Claim *claim, const Table *slots)
{
    int64_t slot = 0;

    claim->several = true;
    for (uint32_t e = 0; e < slots->nentry; e++) {
        const TableEntry *entry = &slots->entry[e];

        if (text_ends(entry->path, ".slot")) {
            slot = number_of(entry->val);
        }
        else if (slot == MOD_INTERPRETERS) {
            claim->own_gil = number_of(entry->val) == OWN_GIL_SUPPORTED;
            claim->several = number_of(entry->val) != 0;
            claim->loc = claim->several ? entry->loc : claim->loc;
        }
        else if (slot == MOD_GIL && !claim->own_gil) {
            claim->loc = entry->loc;
        }
    }
}

static void
read_module(Contracts *cx, const Table *table)
{
    Claim claim = {.module = table->decl->name, .loc = table->loc, .file = table->loc.file};

    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];
        const Table *slots = entry->val.kind == VAL_GLOBAL && text_equal(entry->path, "m_slots")
                                 ? map_get_ptr(&cx->tables, entry->val.decl->usr) : NULL;

        if (text_equal(entry->path, "m_name") && entry->val.kind == VAL_STR) {
            claim.module = entry->val.str;
        }
        if (slots != NULL) {
            read_slots(&claim, slots);
        }
    }
    VEC_PUSH(cx->arena, &cx->claims, claim);
}

void
claims_find(Contracts *cx)
{
    NoGil nogil;

    for (uint32_t i = 0; i < cx->tables.n; i++) {
        const Table *table = cx->tables.at[i].value;

        if (table->decl->type != NULL && table->decl->type->kind == TYPE_RECORD &&
            text_equal(table->decl->type->tag, "PyModuleDef")) {
            read_module(cx, table);
        }
    }
    nogil = threads_declared(cx->arena, cx->program);
    for (uint32_t i = 0; i < cx->claims.n; i++) {
        cx->claims.at[i].no_gil = threads_is_declared(&nogil, cx->claims.at[i].file);
    }
}

const Claim *
claim_of(const Contracts *cx, const char *file)
{
    const Claim *only = cx->claims.n == 1 ? &cx->claims.at[0] : NULL;

    for (uint32_t i = 0; i < cx->claims.n; i++) {
        if (text_equal(cx->claims.at[i].file, file)) {
            return &cx->claims.at[i];
        }
    }
    return only;
}

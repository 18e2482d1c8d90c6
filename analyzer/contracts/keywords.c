/* keywords.c: the names of keyword arguments against the format that stands beside them. */
#include <string.h>

#include "contracts/private.h"

enum { NAMES_MAX = 256 };

/* An array of names: how many stand before the NULL. */
typedef struct Names {
    bool set[NAMES_MAX];  /* the element is a name */
    bool known[NAMES_MAX];
    uint64_t count;       /* elements of the array */
} Names;

static void
put_name(Names *names, int64_t index, Val val)
{
    if (index < 0 || index >= NAMES_MAX) {
        return;
    }
    names->known[index] = !names->known[index] && (val.kind == VAL_STR || val.kind == VAL_NULL);
    names->set[index] = val.kind == VAL_STR;
}

/* A static array; what its initialiser leaves out is NULL. */
static bool
static_names(const Contracts *cx, const Decl *decl, Names *names)
{
    const Table *table = map_get_ptr(&cx->tables, decl->usr);
    const char *field;

    if (table == NULL || decl->type == NULL || decl->type->kind != TYPE_ARRAY ||
        decl->type->count == 0 || decl->type->count > NAMES_MAX) {
        return false;
    }
    names->count = decl->type->count;
    for (uint32_t e = 0; e < table->nentry; e++) {
        put_name(names, entry_index(table->entry[e].path, &field), table->entry[e].val);
    }
    for (uint64_t i = 0; i < names->count; i++) {
        bool written = names->known[i];

        for (uint32_t e = 0; e < table->nentry && !written; e++) {
            written = entry_index(table->entry[e].path, &field) == (int64_t)i;
        }
        names->known[i] = names->known[i] || !written;
    }
    return true;
}

/* A local array: every element must be written once, by a store of a constant. */
static bool
local_names(const Body *body, uint32_t local, Names *names)
{
    const Type *type = body->fn->local[local].type;

    if (type == NULL || type->kind != TYPE_ARRAY || type->count > NAMES_MAX) {
        return false;
    }
    names->count = type->count;
    for (uint32_t b = 0; b < body->fn->nblock; b++) {
        for (uint32_t i = 0; i < body->fn->block[b].nins; i++) {
            const Instr *ins = &body->fn->block[b].ins[i];
            const Instr *at = ins->op == OP_STORE && ins->a.kind == VAL_TEMP
                                  ? body->def[ins->a.index] : NULL;

            if (at != NULL && at->op == OP_INDEX && at->a.kind == VAL_LOCAL &&
                at->a.index == local) {
                if (at->b.kind != VAL_INT) {
                    return false;
                }
                put_name(names, at->b.num, ins->b);
            }
        }
    }
    return true;
}

void
keywords_check(Contracts *cx, const Governed *g, Val keywords)
{
    Names names = {.count = 0};
    Mismatch mismatch = {.loc = g->call->loc, .function = g->body->fn->decl->name,
                         .callee = g->callee, .format = g->format, .unit = g->format,
                         .name = shape_name(cx->arena, g->body, keywords), .wants = "NULL",
                         .wanted = format_items(g->format)};
    bool found = keywords.kind == VAL_GLOBAL  ? static_names(cx, keywords.decl, &names)
                 : keywords.kind == VAL_LOCAL ? local_names(g->body, keywords.index, &names)
                                              : false;
    uint64_t n = 0;
    const char *dot = strchr(mismatch.name, '.');

    while (n < names.count && names.known[n] && names.set[n]) {
        n++;
    }
    if (!found || (n < names.count && !names.known[n])) {
        return;
    }
    mismatch.name = dot != NULL ? dot + 1 : mismatch.name;
    mismatch.given = (int)n;
    mismatch.kind = n == names.count ? MISMATCH_SENTINEL : MISMATCH_KEYWORDS;
    if (n == names.count || mismatch.given != mismatch.wanted) {
        tell(cx, &mismatch);
    }
}

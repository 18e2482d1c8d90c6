/* compare.c: whether two functions, or tables, of different units say the same.
 *
 * Places count relative to the line the function begins at: one that has only moved
 * is the same.
 */
#include "ir/ir.h"

#include <string.h>

static bool
type_equal(const Type *a, const Type *b)
{
    for (int depth = 0; a != b; depth++) {
        if (a == NULL || b == NULL || depth > 32 || a->kind != b->kind || a->bits != b->bits
            || a->is_unsigned != b->is_unsigned || a->is_object != b->is_object
            || a->is_union != b->is_union || a->count != b->count
            || !text_equal(a->tag != NULL ? a->tag : "", b->tag != NULL ? b->tag : "")) {
            return false;
        }
        a = a->to;
        b = b->to;
    }
    return true;
}

static bool
text_same(const char *a, const char *b)
{
    return a == b || text_equal(a != NULL ? a : "", b != NULL ? b : "");
}

/* Behind the offset in the file that the symbol of a function's own variable begins with:
 * "c:file.c@1234@F@function@variable". */
static const char *
behind_offset(const Decl *decl)
{
    const char *at = !decl->is_func && strchr(decl->name, '.') != NULL ? strchr(decl->usr, '@')
                                                                       : NULL;

    return at == NULL ? decl->usr : at + 1 + strspn(at + 1, "0123456789");
}

static bool
decl_same(const Decl *a, const Decl *b)
{
    bool same = text_same(behind_offset(a), behind_offset(b)) && text_same(a->name, b->name)
                && a->is_func == b->is_func && a->is_static == b->is_static
                && a->is_const == b->is_const && a->is_noreturn == b->is_noreturn
                && a->is_system == b->is_system && a->is_variadic == b->is_variadic
                && a->nannotation == b->nannotation && type_equal(a->type, b->type);

    for (uint32_t i = 0; same && i < a->nannotation; i++) {
        same = text_same(a->annotation[i], b->annotation[i]);
    }
    return same;
}

static bool
val_same(Val a, Val b)
{
    if (a.kind != b.kind) {
        return false;
    }
    switch (a.kind) {
    case VAL_TEMP:
    case VAL_LOCAL:
        return a.index == b.index;
    case VAL_GLOBAL:
    case VAL_FUNC:
        return a.decl == b.decl || decl_same(a.decl, b.decl);
    case VAL_INT:
        return a.num == b.num;
    case VAL_STR:
        return text_same(a.str, b.str);
    case VAL_NONE:
    case VAL_FLOAT:
    case VAL_NULL:
    case VAL_UNDEF:
        break;
    }
    return true;
}

/* Two functions, and the lines they begin at. */
typedef struct Pair {
    const Fn *a, *b;
} Pair;

static bool
loc_same(const Pair *pair, Loc x, Loc y)
{
    bool inside = text_same(x.file, pair->a->loc.file);
    uint32_t a = inside ? pair->a->loc.line : 0, b = inside ? pair->b->loc.line : 0;

    return text_same(x.file, y.file) && x.line - a == y.line - b && x.col == y.col
           && text_same(x.macro, y.macro);
}

static bool
instr_same(const Pair *pair, const Instr *x, const Instr *y)
{
    bool same = x->op == y->op && x->dst == y->dst && x->nargs == y->nargs
                && x->ncases == y->ncases && x->to[0] == y->to[0] && x->to[1] == y->to[1]
                && text_same(x->name, y->name) && text_same(x->record, y->record)
                && type_equal(x->type, y->type) && loc_same(pair, x->loc, y->loc);

    for (uint32_t i = 0; same && i < instr_operands(x); i++) {
        same = val_same(instr_operand(x, i), instr_operand(y, i));
    }
    for (uint32_t i = 0; same && i < x->ncases; i++) {
        same = x->cases[i].lo == y->cases[i].lo && x->cases[i].hi == y->cases[i].hi
               && x->cases[i].to == y->cases[i].to;
    }
    return same;
}

static bool
blocks_same(const Pair *pair)
{
    for (uint32_t i = 0; i < pair->a->nblock; i++) {
        const Block *x = &pair->a->block[i], *y = &pair->b->block[i];

        if (x->nins != y->nins) {
            return false;
        }
        for (uint32_t k = 0; k < x->nins; k++) {
            if (!instr_same(pair, &x->ins[k], &y->ins[k])) {
                return false;
            }
        }
    }
    return true;
}

bool
fn_same(const Fn *a, const Fn *b)
{
    Pair pair = {a, b};
    bool same = a == b
                || (a->status == b->status && a->nlocal == b->nlocal && a->nparam == b->nparam
                    && a->nblock == b->nblock && a->ntemp == b->ntemp && a->nhavoc == b->nhavoc
                    && a->imprecise == b->imprecise && text_same(a->loc.file, b->loc.file)
                    && a->loc.col == b->loc.col
                    && a->last_line - a->loc.line == b->last_line - b->loc.line
                    && type_equal(a->ret, b->ret) && decl_same(a->decl, b->decl));

    for (uint32_t i = 0; same && a != b && i < a->nlocal; i++) {
        const Local *x = &a->local[i], *y = &b->local[i];

        same = text_same(x->name, y->name) && x->is_param == y->is_param
               && type_equal(x->type, y->type) && loc_same(&pair, x->loc, y->loc);
    }
    return same && (a == b || blocks_same(&pair));
}

bool
table_same(const Table *a, const Table *b)
{
    bool same = a->nentry == b->nentry && decl_same(a->decl, b->decl);

    for (uint32_t i = 0; same && i < a->nentry; i++) {
        same = text_same(a->entry[i].path, b->entry[i].path)
               && val_same(a->entry[i].val, b->entry[i].val);
    }
    return same;
}

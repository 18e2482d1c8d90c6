/* adopt.c: a unit with some functions replaced, and with its lines moved. */
#include "ir/ir.h"

#include <string.h>

/* ---- lines ------------------------------------------------------------------------ */

uint32_t
line_shifted(const LineShift *shift, uint32_t nshift, uint32_t line)
{
    int64_t by = 0;

    for (uint32_t i = 0; i < nshift && line > shift[i].from; i++) {
        by = shift[i].by;
    }
    return (uint32_t)(line + by);
}

/* What is to be moved. */
typedef struct Mover {
    const char *file;
    const LineShift *shift;
    uint32_t nshift;
} Mover;

static void
move(const Mover *mover, Loc *loc)
{
    if (loc->file != NULL && (loc->file == mover->file || text_equal(loc->file, mover->file))) {
        loc->line = line_shifted(mover->shift, mover->nshift, loc->line);
    }
}

static void
move_fn(const Mover *mover, Fn *fn)
{
    Loc last = {.file = fn->loc.file, .line = fn->last_line};

    move(mover, &fn->loc);
    move(mover, &last);
    fn->last_line = last.line;
    for (uint32_t i = 0; i < fn->nlocal; i++) {
        move(mover, &fn->local[i].loc);
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            move(mover, &fn->block[b].ins[i].loc);
        }
    }
}

void
unit_shift(Unit *unit, const char *file, const LineShift *shift, uint32_t nshift)
{
    Mover mover = {.file = file, .shift = shift, .nshift = nshift};

    for (uint32_t i = 0; i < unit->decls.n && nshift > 0; i++) {
        move(&mover, &unit->decls.at[i]->loc);
    }
    for (uint32_t i = 0; i < unit->fns.n && nshift > 0; i++) {
        move_fn(&mover, unit->fns.at[i]);
    }
    for (uint32_t i = 0; i < unit->tables.n && nshift > 0; i++) {
        Table *table = unit->tables.at[i];

        move(&mover, &table->loc);
        for (uint32_t k = 0; k < table->nentry; k++) {
            move(&mover, &table->entry[k].loc);
        }
    }
    for (uint32_t i = 0; i < unit->messages.n && nshift > 0; i++) {
        move(&mover, &unit->messages.at[i].loc);
    }
}

/* ---- functions -------------------------------------------------------------------- */

/* The unit's own declaration for one of the part's, which becomes the unit's when it is new. */
static const Decl *
own_decl(Unit *unit, const Decl *decl)
{
    Decl *known = map_get_ptr(&unit->decl_by_usr, decl->usr);

    if (known != NULL) {
        return known;
    }
    VEC_PUSH(unit->arena, &unit->decls, (Decl *)decl);
    *map_put_ptr(&unit->decl_by_usr, decl->usr) = (void *)decl;
    return decl;
}

static Val
own_val(Unit *unit, Val val)
{
    if (val.kind == VAL_FUNC || val.kind == VAL_GLOBAL) {
        val.decl = own_decl(unit, val.decl);
    }
    return val;
}

static void
own_instr(Unit *unit, Instr *ins)
{
    ins->a = own_val(unit, ins->a);
    ins->b = own_val(unit, ins->b);
    for (uint32_t i = 0; i < ins->nargs; i++) {
        ins->args[i] = own_val(unit, ins->args[i]);
    }
}

/* Takes out the tables of the function's own static variables, named "function.variable". */
static void
drop_tables(Unit *unit, const Fn *fn)
{
    size_t length = strlen(fn->decl->name);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < unit->tables.n; i++) {
        const Table *table = unit->tables.at[i];

        if (strncmp(table->decl->name, fn->decl->name, length) != 0
            || table->decl->name[length] != '.' || !text_equal(table->loc.file, fn->loc.file)) {
            unit->tables.at[kept++] = unit->tables.at[i];
        }
    }
    unit->tables.n = kept;
}

static void
adopt_fn(Unit *unit, Fn *fn)
{
    drop_tables(unit, fn);
    fn->decl = own_decl(unit, fn->decl);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            own_instr(unit, &fn->block[b].ins[i]);
        }
    }
    for (uint32_t i = 0; i < unit->fns.n; i++) {
        if (unit->fns.at[i]->decl == fn->decl
            && text_equal(unit->fns.at[i]->loc.file, fn->loc.file)) {
            unit->fns.at[i] = fn;
            return;
        }
    }
    VEC_PUSH(unit->arena, &unit->fns, fn);
}

static void
adopt_table(Unit *unit, Table *table)
{
    table->decl = own_decl(unit, table->decl);
    for (uint32_t k = 0; k < table->nentry; k++) {
        table->entry[k].val = own_val(unit, table->entry[k].val);
    }
    for (uint32_t i = 0; i < unit->tables.n; i++) {
        if (unit->tables.at[i]->decl == table->decl) {
            unit->tables.at[i] = table;
            return;
        }
    }
    VEC_PUSH(unit->arena, &unit->tables, table);
}

void
unit_adopt(Unit *unit, const Unit *part)
{
    for (uint32_t i = 0; i < part->fns.n; i++) {
        adopt_fn(unit, part->fns.at[i]);
    }
    for (uint32_t i = 0; i < part->tables.n; i++) {
        adopt_table(unit, part->tables.at[i]);
    }
}

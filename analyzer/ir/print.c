/* print.c: writes IR in its text form, the one that read.c reads back.
 *
 * README.md describes the language.  A name that stands for two things is told
 * apart by a number ("@f#2", "$i#7").  Places are relative to the first line
 * of the function or table, so that an edit above it changes nothing.
 */
#include "ir/private.h"

typedef struct Printer {
    StrBuf *out;
    const Unit *unit;     /* NULL when a part is shown by itself */
    Map ordinal;          /* Decl * -> its number among those of its name, from 2 */
    const Fn *fn;         /* whose locals are named, may be NULL */
    const bool *repeated; /* by local: an earlier one has its name; NULL: not known */
    Loc base;             /* places are told relative to this one */
} Printer;

/* ---- names, values, places ----------------------------------------------- */

static void
put_decl(const Printer *p, const Decl *decl)
{
    uintptr_t ordinal = p->ordinal.n == 0 ? 0 : (uintptr_t)map_get_ptr(&p->ordinal, decl);

    strbuf_putc(p->out, '@');
    put_name(p->out, decl->name, IN_DECL);
    if (ordinal > 1) {
        strbuf_putc(p->out, '#');
        put_unsigned(p->out, ordinal);
    }
}

/* True when an earlier local has the same name. */
static bool
is_repeated(const Printer *p, uint32_t local)
{
    if (p->repeated != NULL) {
        return p->repeated[local];
    }
    for (uint32_t i = 0; i < local; i++) {
        if (p->fn->local[i].name == p->fn->local[local].name) {
            return true;
        }
    }
    return false;
}

static void
put_local(const Printer *p, uint32_t index)
{
    bool known = p->fn != NULL && index < p->fn->nlocal;
    Str name = known ? p->fn->local[index].name : "";

    strbuf_putc(p->out, '$');
    if (*name != '\0') {
        put_name(p->out, name, "");
    }
    if (*name == '\0' || is_repeated(p, index)) {
        strbuf_putc(p->out, '#');
        put_unsigned(p->out, index);
    }
}

static void
put_val(const Printer *p, Val val)
{
    switch (val.kind) {
    case VAL_NONE:
        break;
    case VAL_TEMP:
        strbuf_putc(p->out, '%');
        put_unsigned(p->out, val.index);
        break;
    case VAL_LOCAL:
        put_local(p, val.index);
        break;
    case VAL_GLOBAL:
    case VAL_FUNC:
        put_decl(p, val.decl);
        break;
    case VAL_INT:
        put_int(p->out, val.num);
        break;
    case VAL_STR:
        put_string(p->out, val.str);
        break;
    case VAL_FLOAT:
        strbuf_puts(p->out, "float");
        break;
    case VAL_NULL:
        strbuf_puts(p->out, "null");
        break;
    case VAL_UNDEF:
        strbuf_puts(p->out, "undef");
        break;
    }
}

static void
put_loc(const Printer *p, Loc loc)
{
    bool near = loc.file == p->base.file;

    if (loc.file == NULL) {
        return;
    }
    strbuf_puts(p->out, " @");
    put_int(p->out, near ? (int64_t)loc.line - p->base.line : loc.line);
    strbuf_putc(p->out, ':');
    put_unsigned(p->out, loc.col);
    if (!near) {
        strbuf_puts(p->out, " of ");
        put_string(p->out, loc.file);
    }
    if (loc.macro != NULL) {
        strbuf_puts(p->out, " in ");
        put_name(p->out, loc.macro, "");
    }
}

/* ---- instructions -------------------------------------------------------- */

static void
put_args(const Printer *p, const Instr *ins)
{
    strbuf_putc(p->out, '(');
    for (uint32_t i = 0; i < ins->nargs; i++) {
        strbuf_puts(p->out, i > 0 ? ", " : "");
        put_val(p, ins->args[i]);
    }
    strbuf_putc(p->out, ')');
}

static void
put_block_name(const Printer *p, const char *before, uint32_t block)
{
    strbuf_puts(p->out, before);
    strbuf_putc(p->out, 'b');
    put_unsigned(p->out, block);
}

static void
put_cases(const Printer *p, const Instr *ins)
{
    strbuf_puts(p->out, " [");
    for (uint32_t i = 0; i < ins->ncases; i++) {
        strbuf_puts(p->out, i > 0 ? ", " : "");
        put_int(p->out, ins->cases[i].lo);
        if (ins->cases[i].hi != ins->cases[i].lo) {
            strbuf_puts(p->out, "..");
            put_int(p->out, ins->cases[i].hi);
        }
        put_block_name(p, ": ", ins->cases[i].to);
    }
    strbuf_putc(p->out, ']');
}

/* What follows the operands a and b, and stands between them. */
static void
put_operands(const Printer *p, const Instr *ins)
{
    if (ins->a.kind != VAL_NONE) {
        strbuf_putc(p->out, ' ');
        put_val(p, ins->a);
    }
    if (ins->op == OP_BIN || ins->op == OP_CMP) {
        strbuf_putc(p->out, ' ');
        strbuf_puts(p->out, ins->name);
        strbuf_putc(p->out, ' ');
    }
    else if (ins->b.kind != VAL_NONE) {
        strbuf_puts(p->out, ", ");
    }
    put_val(p, ins->b);
}

static void
put_rest(const Printer *p, const Instr *ins)
{
    switch (ins->op) {
    case OP_FIELD:
        strbuf_puts(p->out, ", ");
        put_name(p->out, ins->record, "");
        strbuf_putc(p->out, '.');
        put_name(p->out, ins->name, "");
        break;
    case OP_CALL:
        if (ins->name != NULL && *ins->name != '\0') {
            strbuf_puts(p->out, " as ");
            put_string(p->out, ins->name);
            strbuf_putc(p->out, ' ');
        }
        put_args(p, ins);
        break;
    case OP_HAVOC:
        strbuf_putc(p->out, ' ');
        put_string(p->out, ins->name);
        strbuf_putc(p->out, ' ');
        put_args(p, ins);
        break;
    case OP_JMP:
        put_block_name(p, " ", ins->to[0]);
        break;
    case OP_BR:
        put_block_name(p, ", ", ins->to[0]);
        put_block_name(p, ", ", ins->to[1]);
        break;
    case OP_SWITCH:
        put_block_name(p, ", ", ins->to[0]);
        put_cases(p, ins);
        break;
    default:
        break;
    }
}

static void
put_instr(const Printer *p, const Instr *ins)
{
    if (ins->dst != 0) {
        strbuf_putc(p->out, '%');
        put_unsigned(p->out, ins->dst);
        strbuf_puts(p->out, " = ");
    }
    strbuf_puts(p->out, op_name(ins->op));
    if (ins->type != NULL) {
        strbuf_putc(p->out, ' ');
        type_print(ins->type, p->out);
    }
    put_operands(p, ins);
    put_rest(p, ins);
    put_loc(p, ins->loc);
}

/* ---- functions ----------------------------------------------------------- */

/* Tells for each local whether an earlier one has its name. */
static bool *
find_repeated(const Fn *fn, Arena *arena)
{
    bool *repeated = ARENA_ARRAY(arena, bool, fn->nlocal);
    Map seen;

    map_init(&seen, arena);
    for (uint32_t i = 0; i < fn->nlocal; i++) {
        void **place = map_put_ptr(&seen, fn->local[i].name);

        repeated[i] = *place != NULL;
        *place = fn->local;
    }
    return repeated;
}

static void
put_fn_head(const Printer *p, const Fn *fn)
{
    strbuf_puts(p->out, "fn ");
    put_decl(p, fn->decl);
    strbuf_putc(p->out, ' ');
    type_print(fn->ret, p->out);
    if (fn->last_line != 0) {
        strbuf_puts(p->out, " to ");
        put_unsigned(p->out, fn->last_line);
    }
    if (fn->imprecise) {
        strbuf_puts(p->out, " imprecise");
    }
    if (fn->status == FN_DAMAGED) {
        strbuf_puts(p->out, " damaged");
    }
    if (fn->reason != NULL) {
        strbuf_puts(p->out, " because ");
        put_string(p->out, fn->reason);
    }
    put_loc(p, fn->loc);
    strbuf_puts(p->out, " {\n");
}

static void
put_locals(const Printer *p, const Fn *fn)
{
    for (uint32_t i = 0; i < fn->nlocal; i++) {
        strbuf_puts(p->out, fn->local[i].is_param ? "    param " : "    local ");
        put_local(p, i);
        strbuf_putc(p->out, ' ');
        type_print(fn->local[i].type, p->out);
        put_loc(p, fn->local[i].loc);
        strbuf_putc(p->out, '\n');
    }
}

static void
put_fn(const Printer *outer, const Fn *fn)
{
    Printer inner = *outer;
    Printer *p = &inner;

    put_fn_head(p, fn);
    p->base = fn->loc;
    p->fn = fn;
    p->repeated = find_repeated(fn, p->out->arena);
    put_locals(p, fn);
    for (uint32_t i = 0; i < fn->nblock; i++) {
        put_block_name(p, "", i);
        strbuf_puts(p->out, ":\n");
        for (uint32_t k = 0; k < fn->block[i].nins; k++) {
            strbuf_puts(p->out, "    ");
            put_instr(p, &fn->block[i].ins[k]);
            strbuf_putc(p->out, '\n');
        }
    }
    strbuf_puts(p->out, "}\n");
}

/* ---- units --------------------------------------------------------------- */

static void
put_flag(const Printer *p, bool set, const char *word)
{
    if (set) {
        strbuf_putc(p->out, ' ');
        strbuf_puts(p->out, word);
    }
}

static void
put_decl_line(const Printer *p, const Decl *decl)
{
    strbuf_puts(p->out, decl->is_func ? "func " : "var ");
    put_decl(p, decl);
    strbuf_putc(p->out, ' ');
    put_string(p->out, decl->usr);
    strbuf_putc(p->out, ' ');
    type_print(decl->type, p->out);
    put_flag(p, decl->is_static, "static");
    put_flag(p, decl->is_const, "const");
    put_flag(p, decl->is_noreturn, "noreturn");
    put_flag(p, decl->is_system, "system");
    put_flag(p, decl->is_variadic, "variadic");
    for (uint32_t i = 0; i < decl->nannotation; i++) {
        strbuf_puts(p->out, " note ");
        put_string(p->out, decl->annotation[i]);
    }
    put_loc(p, decl->loc);
    strbuf_putc(p->out, '\n');
}

/* The field that the number is the offset of. */
static void
put_offset(const Printer *p, const TableEntry *entry)
{
    if (entry->field == NULL) {
        return;
    }
    strbuf_puts(p->out, " of ");
    put_name(p->out, entry->record, "");
    strbuf_putc(p->out, '.');
    put_name(p->out, entry->field, "");
    strbuf_putc(p->out, ' ');
    type_print(entry->type, p->out);
}

static void
put_table(const Printer *outer, const Table *table)
{
    Printer inner = *outer;
    Printer *p = &inner;

    strbuf_puts(p->out, "table ");
    put_decl(p, table->decl);
    put_loc(p, table->loc);
    strbuf_puts(p->out, " {\n");
    p->base = table->loc;
    for (uint32_t i = 0; i < table->nentry; i++) {
        strbuf_puts(p->out, "    ");
        put_name(p->out, table->entry[i].path, IN_PATH);
        strbuf_puts(p->out, " = ");
        put_val(p, table->entry[i].val);
        put_offset(p, &table->entry[i]);
        put_loc(p, table->entry[i].loc);
        strbuf_putc(p->out, '\n');
    }
    strbuf_puts(p->out, "}\n");
}

/* Numbers the declarations that share a name. */
static void
number_decls(Printer *p)
{
    Map count;

    map_init(&count, p->out->arena);
    map_init(&p->ordinal, p->out->arena);
    for (uint32_t i = 0; i < p->unit->decls.n; i++) {
        const Decl *decl = p->unit->decls.at[i];
        void **place = map_put_ptr(&count, decl->name);
        uintptr_t ordinal = (uintptr_t)*place + 1;

        *place = (void *)ordinal;
        if (ordinal > 1) {
            *map_put_ptr(&p->ordinal, decl) = (void *)ordinal;
        }
    }
}

static void
put_head_line(const Printer *p, const char *word, const char *text)
{
    strbuf_puts(p->out, word);
    strbuf_putc(p->out, ' ');
    put_string(p->out, text);
    strbuf_putc(p->out, '\n');
}

static void
put_unit_head(const Printer *p, const Unit *unit)
{
    static const char *const status[] = {
        [UNIT_OK] = "ok", [UNIT_ERRORS] = "errors", [UNIT_FAILED] = "failed"};

    strbuf_puts(p->out, IR_HEADER "\n");
    put_head_line(p, "unit", unit->path);
    put_head_line(p, "python", unit->python);
    strbuf_printf(p->out, "status %s\n", status[unit->status]);
    for (uint32_t i = 0; i < unit->messages.n; i++) {
        strbuf_puts(p->out, "message ");
        put_string(p->out, unit->messages.at[i].text);
        put_loc(p, unit->messages.at[i].loc);
        strbuf_putc(p->out, '\n');
    }
    for (uint32_t i = 0; i < unit->includes.n; i++) {
        put_head_line(p, "include", unit->includes.at[i]);
    }
}

void
unit_print(const Unit *unit, StrBuf *out)
{
    Printer p = {.out = out, .unit = unit, .base = {.file = unit->path}};

    number_decls(&p);
    put_unit_head(&p, unit);
    for (uint32_t i = 0; i < unit->decls.n; i++) {
        put_decl_line(&p, unit->decls.at[i]);
    }
    for (uint32_t i = 0; i < unit->tables.n; i++) {
        put_table(&p, unit->tables.at[i]);
    }
    for (uint32_t i = 0; i < unit->fns.n; i++) {
        strbuf_putc(out, '\n');
        put_fn(&p, unit->fns.at[i]);
    }
}

/* ---- parts, for people --------------------------------------------------- */

void
fn_print(const Fn *fn, StrBuf *out)
{
    put_fn(&(Printer){.out = out}, fn);
}

void
val_print(const Fn *fn, Val val, StrBuf *out)
{
    put_val(&(Printer){.out = out, .fn = fn}, val);
}

void
instr_print(const Fn *fn, const Instr *ins, StrBuf *out)
{
    put_instr(&(Printer){.out = out, .fn = fn, .base = fn->loc}, ins);
}

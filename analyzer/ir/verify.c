/* verify.c: checks a function or a unit against the invariants that ir.h
 * states, and words the first violation.  Runs after every producer: lowering
 * in debug builds, and the reader always, so that what comes from a file can be
 * trusted by all that follows.
 */
#include "ir/private.h"

/* ---- one instruction ----------------------------------------------------- */

/* Temporaries are numbered from 1, nearly without holes, so that tables
 * by temporary stay as small as the function. */
enum { TEMPS_FREE = 64, TEMPS_PER_INSTR = 8 };

static bool
val_is_sound(const Fn *fn, Val val)
{
    switch (val.kind) {
    case VAL_TEMP: return val.index >= 1 && val.index <= fn->ntemp;
    case VAL_LOCAL: return val.index < fn->nlocal;
    case VAL_GLOBAL: return val.decl != NULL && !val.decl->is_func;
    case VAL_FUNC: return val.decl != NULL && val.decl->is_func;
    case VAL_STR: return val.str != NULL;
    case VAL_NONE:
    case VAL_INT:
    case VAL_FLOAT:
    case VAL_NULL:
    case VAL_UNDEF: return true;
    }
    return false;
}

static bool
is_one_of(Str name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text_equal(name, names[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_bin_operator(Str name)
{
    static const char *const names[] = {"+", "-", "*", "/",  "%",
                                        "&", "|", "^", "<<", ">>"};

    return is_one_of(name, names, COUNT_OF(names));
}

static bool
is_cmp_operator(Str name)
{
    static const char *const names[] = {"==", "!=", "<", "<=", ">", ">="};

    return is_one_of(name, names, COUNT_OF(names));
}

/* Which of the fixed operands an operation has. */
static void
operands_of(const Instr *ins, bool *a, bool *b)
{
    switch (ins->op) {
    case OP_STORE:
    case OP_MOVE:
    case OP_INDEX:
    case OP_BIN:
    case OP_CMP:
        *a = *b = true;
        break;
    case OP_HAVOC:
    case OP_JMP:
    case OP_UNREACHABLE:
        *a = *b = false;
        break;
    case OP_RET:
        *a = ins->a.kind != VAL_NONE;
        *b = false;
        break;
    default:
        *a = true;
        *b = false;
        break;
    }
}

static const char *
check_operands(const Fn *fn, const Instr *ins)
{
    bool a, b;

    operands_of(ins, &a, &b);
    if ((ins->a.kind != VAL_NONE) != a || (ins->b.kind != VAL_NONE) != b) {
        return "wrong number of operands";
    }
    if (ins->nargs > 0 && ins->op != OP_CALL && ins->op != OP_HAVOC) {
        return "arguments where none belong";
    }
    for (uint32_t i = 0; i < instr_operands(ins); i++) {
        if (!val_is_sound(fn, instr_operand(ins, i))) {
            return "an operand that the function does not have";
        }
        if (i >= 2 && instr_operand(ins, i).kind == VAL_NONE) {
            return "an argument without a value";
        }
    }
    return NULL;
}

static const char *
check_result(const Fn *fn, const Instr *ins)
{
    static const bool has_result[] = {
#define OP(id, name, result, terminator) result,
#include "ir/ops.def"
#undef OP
    };
    bool optional = ins->op == OP_CALL || ins->op == OP_HAVOC;
    bool typed = !op_is_terminator(ins->op) && ins->op != OP_DEAD;
    bool expected = has_result[ins->op];

    if (typed != (ins->type != NULL)) {
        return typed ? "no type" : "a type where none belongs";
    }
    if (optional) {
        expected = ins->type->kind != TYPE_VOID;
    }
    if ((ins->dst != 0) != expected) {
        return expected ? "no temporary for the result" : "a temporary without a result";
    }
    return ins->dst > fn->ntemp ? "a temporary that the function does not have" : NULL;
}

static const char *
check_targets(const Fn *fn, const Instr *ins)
{
    for (uint32_t i = 0; i < instr_successors(ins); i++) {
        if (instr_successor(ins, i) >= fn->nblock) {
            return "a target block that does not exist";
        }
    }
    for (uint32_t i = 0; i < ins->ncases; i++) {
        if (ins->op != OP_SWITCH || ins->cases[i].lo > ins->cases[i].hi) {
            return "an empty range of cases";
        }
    }
    return NULL;
}

/* What is particular to one operation. */
static const char *
check_op(const Instr *ins)
{
    switch (ins->op) {
    case OP_LOAD:
    case OP_STORE:
    case OP_MOVE:
    case OP_INDEX:
        return ins->a.kind == VAL_FLOAT ? "a number as address" : NULL;
    case OP_FIELD:
        if (ins->name == NULL || ins->record == NULL) {
            return "no field name";
        }
        return ins->a.kind == VAL_FLOAT ? "a number as address" : NULL;
    case OP_BIN:
        return is_bin_operator(ins->name) ? NULL : "an unknown operator";
    case OP_CMP:
        return is_cmp_operator(ins->name) ? NULL : "an unknown comparison";
    case OP_CALL:
    case OP_HAVOC:
        return ins->name == NULL ? "no name" : NULL;
    case OP_DEAD:
        return ins->a.kind != VAL_LOCAL ? "something else than a local" : NULL;
    default:
        return NULL;
    }
}

const char *
instr_check(const Fn *fn, const Instr *ins)
{
    const char *wrong = check_operands(fn, ins);

    if (wrong == NULL) {
        wrong = check_result(fn, ins);
    }
    if (wrong == NULL) {
        wrong = check_targets(fn, ins);
    }
    return wrong != NULL ? wrong : check_op(ins);
}

/* ---- functions and units ------------------------------------------------- */

static bool
check_header(const Fn *fn, const char **wrong)
{
    if (fn->decl == NULL || !fn->decl->is_func) {
        *wrong = "is no function";
    }
    else if (fn->nblock == 0) {
        *wrong = "has no block";
    }
    else if (fn->nparam > fn->nlocal) {
        *wrong = "has more parameters than locals";
    }
    for (uint32_t i = 0; *wrong == NULL && i < fn->nlocal; i++) {
        if (fn->local[i].is_param != (i < fn->nparam)) {
            *wrong = "has a parameter after a local";
        }
        else if (fn->local[i].name == NULL || fn->local[i].type == NULL) {
            *wrong = "has a local without a name or type";
        }
    }
    return *wrong == NULL;
}

/* Checks each instruction by itself and the place of the terminators. */
static const char *
check_block(const Fn *fn, const Block *block, uint32_t *nhavoc)
{
    if (block->nins == 0) {
        return "empty block";
    }
    for (uint32_t i = 0; i < block->nins; i++) {
        const Instr *ins = &block->ins[i];
        const char *wrong = "unknown operation";

        if (ins->op < OP_COUNT) {
            wrong = instr_check(fn, ins);
        }
        if (wrong != NULL) {
            return wrong;
        }
        if (op_is_terminator(ins->op) != (i + 1 == block->nins)) {
            return "terminator missing or not at the end";
        }
        *nhavoc += ins->op == OP_HAVOC;
    }
    return NULL;
}

static bool
fn_verify_in(Arena *arena, const Fn *fn, Error *error)
{
    const char *name = fn->decl != NULL ? fn->decl->name : "?";
    const char *file = fn->loc.file != NULL ? fn->loc.file : "unit";
    const char *wrong = NULL;
    uint64_t nins = 0;
    uint32_t nhavoc = 0;

    if (!check_header(fn, &wrong)) {
        return error_set(error, ERROR_INPUT, "%s: function %s %s", file, name, wrong);
    }
    for (uint32_t i = 0; i < fn->nblock; i++) {
        wrong = check_block(fn, &fn->block[i], &nhavoc);
        if (wrong != NULL) {
            return error_set(error, ERROR_INPUT, "%s: function %s, b%u: %s", file, name,
                             i, wrong);
        }
        nins += fn->block[i].nins;
    }
    if (nhavoc != fn->nhavoc) {
        return error_set(error, ERROR_INPUT, "%s: function %s: havoc miscounted", file,
                         name);
    }
    if (fn->ntemp > TEMPS_FREE + TEMPS_PER_INSTR * nins) {
        return error_set(error, ERROR_INPUT,
                         "%s: function %s: temporary %%%u is too high, "
                         "number them from 1", file, name, fn->ntemp);
    }
    return temps_check(arena, fn, error);
}

bool
fn_verify(const Fn *fn, Error *error)
{
    Arena *arena = arena_new();
    bool sound = fn_verify_in(arena, fn, error);

    arena_free(arena);
    return sound;
}

/* True when the declaration is one of the unit's own. */
static bool
unit_has(const Unit *unit, const Decl *decl)
{
    return decl != NULL && decl->usr != NULL
        && map_get_ptr(&unit->decl_by_usr, decl->usr) == decl;
}

static bool
val_is_known(const Unit *unit, Val val)
{
    return (val.kind != VAL_FUNC && val.kind != VAL_GLOBAL) || unit_has(unit, val.decl);
}

/* Everything the function names must be declared in the unit. */
static bool
check_names(const Unit *unit, const Fn *fn, Error *error)
{
    bool known = unit_has(unit, fn->decl);

    for (uint32_t i = 0; i < fn->nblock; i++) {
        for (uint32_t k = 0; k < fn->block[i].nins; k++) {
            const Instr *ins = &fn->block[i].ins[k];

            for (uint32_t n = 0; n < instr_operands(ins); n++) {
                known = known && val_is_known(unit, instr_operand(ins, n));
            }
        }
    }
    return known || error_set(error, ERROR_INPUT,
                              "%s: function %s uses something the unit does not declare",
                              unit->path, fn->decl->name);
}

static bool
check_table(const Unit *unit, const Table *table, Error *error)
{
    const Fn nothing = {.decl = NULL};
    bool sound = unit_has(unit, table->decl) && !table->decl->is_func;

    for (uint32_t i = 0; sound && i < table->nentry; i++) {
        Val val = table->entry[i].val;

        sound = val.kind != VAL_NONE && val_is_sound(&nothing, val)
            && val_is_known(unit, val);
    }
    return sound || error_set(error, ERROR_INPUT, "%s: table %s is malformed", unit->path,
                              table->decl != NULL ? table->decl->name : "?");
}

bool
unit_verify(const Unit *unit, Error *error)
{
    Arena *arena = arena_new();
    bool sound = true;

    for (uint32_t i = 0; sound && i < unit->fns.n; i++) {
        sound = fn_verify_in(arena, unit->fns.at[i], error)
            && check_names(unit, unit->fns.at[i], error);
        arena_reset(arena);
    }
    for (uint32_t i = 0; sound && i < unit->tables.n; i++) {
        sound = check_table(unit, unit->tables.at[i], error);
    }
    arena_free(arena);
    return sound;
}

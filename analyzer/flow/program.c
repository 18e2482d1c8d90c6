/* program.c: links units into one program: each function once, each direct
 * call to the function it reaches.
 *
 * A function with external linkage is known by its USR.  A static one is known
 * by its USR and the file that defines it, because the USR of a static function
 * carries no more than the base name of the file; a static function of a header
 * is thus one function, however many units include it.  A call through a table of
 * functions is resolved where the macro that hides the table names the function.
 */
#include "flow/flow.h"

typedef struct Linker {
    Strings *strings; /* units need not share theirs */
    Program *program;
    Map chosen;       /* Str identity -> Fn * */
    Map index;        /* Str identity -> index + 1 */
} Linker;

static Str
fn_identity(Linker *linker, const Fn *fn)
{
    const Decl *decl = fn->decl;

    if (decl->is_static) {
        return str_internf(linker->strings, "%s\n%s", decl->usr,
                           fn->loc.file != NULL ? fn->loc.file : "");
    }
    return str_intern(linker->strings, decl->usr);
}

/* Chooses for each identity the first undamaged definition, else the first. */
static void
choose(Linker *linker, const Unit *unit)
{
    for (uint32_t i = 0; i < unit->fns.n; i++) {
        Fn *fn = unit->fns.at[i];
        void **place = map_put_ptr(&linker->chosen, fn_identity(linker, fn));
        const Fn *known = *place;

        if (known == NULL || (known->status == FN_DAMAGED && fn->status != FN_DAMAGED)) {
            *place = fn;
        }
    }
}

/* Lists the functions chosen from this unit. */
static void
list(Linker *linker, Unit *unit)
{
    Program *program = linker->program;

    for (uint32_t i = 0; i < unit->fns.n; i++) {
        Fn *fn = unit->fns.at[i];
        Str identity = fn_identity(linker, fn);

        if (map_get_ptr(&linker->chosen, identity) == fn) {
            program->fns[program->nfns] = fn;
            program->fn_unit[program->nfns] = unit;
            program->nfns++;
            *map_put_ptr(&linker->index, identity) = (void *)(uintptr_t)program->nfns;
        }
    }
}

/* Points the unit's declarations to the functions they reach. */
static void
resolve(Linker *linker, const Unit *unit)
{
    Map *index_of_decl = &linker->program->index_of_decl;

    for (uint32_t i = 0; i < unit->fns.n; i++) {
        const Fn *fn = unit->fns.at[i];

        *map_put_ptr(index_of_decl, fn->decl) =
            map_get_ptr(&linker->index, fn_identity(linker, fn));
    }
    for (uint32_t i = 0; i < unit->decls.n; i++) {
        const Decl *decl = unit->decls.at[i];
        void *index;

        if (!decl->is_func || decl->is_static) {
            continue;
        }
        index = map_get_ptr(&linker->index, str_intern(linker->strings, decl->usr));
        if (index != NULL) {
            *map_put_ptr(index_of_decl, decl) = index;
        }
    }
}

/* ---- functions behind tables ------------------------------------------------ */

/* The instruction that sets a temporary; NULL for another value. */
static const Instr *
definition(const Fn *fn, Val val)
{
    for (uint32_t b = 0; val.kind == VAL_TEMP && b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            if (fn->block[b].ins[i].dst == val.index) {
                return &fn->block[b].ins[i];
            }
        }
    }
    return NULL;
}

/* True for a call through an element of a table that goes by a macro's name. */
static bool
is_table_call(const Fn *fn, const Instr *call)
{
    const Instr *load;

    if (call->op != OP_CALL || call->a.kind != VAL_TEMP || call->name[0] == '\0'
        || call->name[0] == '.') {
        return false;
    }
    load = definition(fn, call->a);
    if (load != NULL && load->op == OP_CAST) {
        load = definition(fn, load->a);
    }
    if (load == NULL || load->op != OP_LOAD) {
        return false;
    }
    load = definition(fn, load->a);
    return load != NULL && load->op == OP_INDEX;
}

/* The functions by name; the place of a name that several bear holds NULL. */
static void
map_names(Linker *linker, Map *names)
{
    for (uint32_t i = 0; i < linker->program->nfns; i++) {
        Fn *fn = linker->program->fns[i];
        Str name = str_intern(linker->strings, fn->decl->name);
        uint32_t before = names->n;
        void **place = map_put_ptr(names, name);

        *place = names->n > before ? fn : NULL;
    }
}

/* An extension that offers functions to others puts them into a table, and its header
 * has a macro for each that is called like the function: where the program holds the
 * only function of that name and it takes as many arguments, that is the callee. */
static void
resolve_tables(Linker *linker, Arena *scratch)
{
    Map names;

    map_init(&names, scratch);
    map_names(linker, &names);
    for (uint32_t f = 0; f < linker->program->nfns; f++) {
        const Fn *fn = linker->program->fns[f];

        for (uint32_t b = 0; b < fn->nblock; b++) {
            for (uint32_t i = 0; i < fn->block[b].nins; i++) {
                Instr *ins = &fn->block[b].ins[i];
                const Fn *callee;

                if (!is_table_call(fn, ins)) {
                    continue;
                }
                callee = map_get_ptr(&names, str_intern(linker->strings, ins->name));
                if (callee != NULL && callee->nparam == ins->nargs) {
                    ins->a = (Val){.kind = VAL_FUNC, .decl = callee->decl};
                }
            }
        }
    }
}

/* ---- the program ------------------------------------------------------------- */

int64_t
program_callee(const Program *program, const Decl *decl)
{
    return (int64_t)(uintptr_t)map_get_ptr(&program->index_of_decl, decl) - 1;
}

static int64_t
callee_in_program(void *payload, const Decl *decl)
{
    return program_callee(payload, decl);
}

Program *
program_link(Arena *arena, Unit *const *units, uint32_t nunits)
{
    Program *program = ARENA_NEW(arena, Program);
    Arena *scratch = arena_new();
    Linker linker = {.strings = strings_new(scratch), .program = program};
    uint32_t most = 0;

    *program = (Program){.units = units, .nunits = nunits};
    map_init(&program->index_of_decl, arena);
    map_init(&linker.chosen, scratch);
    map_init(&linker.index, scratch);
    for (uint32_t i = 0; i < nunits; i++) {
        if (units[i]->status != UNIT_FAILED) {
            choose(&linker, units[i]);
            most += units[i]->fns.n;
        }
    }
    program->fns = ARENA_ARRAY(arena, Fn *, most);
    program->fn_unit = ARENA_ARRAY(arena, Unit *, most);
    for (uint32_t i = 0; i < nunits; i++) {
        if (units[i]->status != UNIT_FAILED) {
            list(&linker, units[i]);
        }
    }
    for (uint32_t i = 0; i < nunits; i++) {
        if (units[i]->status != UNIT_FAILED) {
            resolve(&linker, units[i]);
        }
    }
    resolve_tables(&linker, scratch);
    arena_free(scratch);
    program->graph = callgraph_build(arena, program->fns, program->nfns,
                                     callee_in_program, program);
    return program;
}

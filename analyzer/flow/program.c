/* program.c: links units into one program: each function once, each direct
 * call to the function it reaches.
 *
 * A function with external linkage is known by its USR.  A static one is known
 * by its USR and the file that defines it, because the USR of a static function
 * carries no more than the base name of the file; a static function of a header
 * is thus one function, however many units include it.
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
    arena_free(scratch);
    program->graph = callgraph_build(arena, program->fns, program->nfns,
                                     callee_in_program, program);
    return program;
}

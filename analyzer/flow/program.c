/* program.c: links units into one program: each function once, each direct
 * call to the function it reaches.
 *
 * A function is known by its USR and the file that defines it: a function of a header
 * is thus one, however many units include it, and two modules of a project may each have
 * their own function of one name.  A call reaches the definition in its own unit, else
 * the only one there is, else the one that lies nearest; where none is nearest, nobody
 * knows the callee.  A call through a table of functions is resolved where the macro
 * that hides the table names the function.
 */
#include <string.h>

#include "flow/flow.h"

typedef struct Linker {
    Strings *strings; /* units need not share theirs */
    Program *program;
    Map chosen;       /* Str identity -> Fn * */
    Map index;        /* Str identity -> index + 1 */
    Map by_usr;       /* Str USR of functions that others see -> index + 1 of the last */
    uint32_t *before; /* by index: index + 1 of another function with the same USR, or 0 */
} Linker;

static Str
fn_identity(Linker *linker, const Fn *fn)
{
    return str_internf(linker->strings, "%s\n%s", fn->decl->usr,
                       fn->loc.file != NULL ? fn->loc.file : "");
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
            if (!fn->decl->is_static) {
                void **last = map_put_ptr(&linker->by_usr,
                                          str_intern(linker->strings, fn->decl->usr));

                linker->before[program->nfns - 1] = (uint32_t)(uintptr_t)*last;
                *last = (void *)(uintptr_t)program->nfns;
            }
        }
    }
}

/* How many leading bytes two paths share, up to their last common folder. */
static size_t
common_folder(const char *a, const char *b)
{
    size_t shared = 0;

    for (size_t i = 0; a != NULL && b != NULL && a[i] != '\0' && a[i] == b[i]; i++) {
        shared = a[i] == '/' ? i + 1 : shared;
    }
    return shared;
}

static bool
is_in_folder(const Unit *unit, const char *file)
{
    const char *slash = strrchr(unit->path, '/');
    size_t length = slash != NULL ? (size_t)(slash - unit->path) + 1 : 0;

    return file != NULL && common_folder(unit->path, file) == length &&
           strchr(file + length, '/') == NULL;
}

/* True for the unit of a module that calls what only the folder of 'unit' defines. */
static bool
is_module_with(const Linker *linker, const Unit *module, const Unit *unit)
{
    bool starts = false;

    for (uint32_t i = 0; i < module->fns.n && !starts; i++) {
        starts = text_starts(module->fns.at[i]->decl->name, "PyInit_");
    }
    for (uint32_t i = 0; i < module->decls.n && starts; i++) {
        const Decl *decl = module->decls.at[i];
        uint32_t at = !decl->is_func || decl->is_static
                          ? 0
                          : (uint32_t)(uintptr_t)map_get_ptr(
                                &linker->by_usr, str_intern(linker->strings, decl->usr));

        if (at != 0 && linker->before[at - 1] == 0 &&
            is_in_folder(unit, linker->program->fns[at - 1]->loc.file)) {
            return true;
        }
    }
    return false;
}

/* The same for the one definition, of those from 'at' on, in a module that 'unit' is linked into
 * as part of a library: what the module defines comes before a stand-in of the library's. */
static uint32_t
defined_by_module(const Linker *linker, const Unit *unit, uint32_t at)
{
    uint32_t found = 0;

    for (; at != 0; at = linker->before[at - 1]) {
        const Unit *module = linker->program->fn_unit[at - 1];

        if (module != unit && is_module_with(linker, module, unit)) {
            if (found != 0) {
                return 0;
            }
            found = at;
        }
    }
    return found;
}

/* The index + 1 of the function that a declaration in this unit reaches, 0 for none; 'guess':
 * whether it may be another one of its name. */
static uint32_t
reached(Linker *linker, const Unit *unit, const Decl *decl, bool *guess)
{
    uint32_t at = (uint32_t)(uintptr_t)map_get_ptr(&linker->by_usr,
                                                   str_intern(linker->strings, decl->usr));
    uint32_t best = at == 0 || linker->before[at - 1] == 0
                        ? at : defined_by_module(linker, unit, at);
    size_t nearest = 0;

    *guess = at != 0 && best == 0;
    if (!*guess) {
        return best;
    }
    for (; at != 0; at = linker->before[at - 1]) {
        size_t shared = common_folder(unit->path, linker->program->fns[at - 1]->loc.file);

        best = shared > nearest ? at : shared == nearest ? 0 : best;
        nearest = shared > nearest ? shared : nearest;
    }
    return best;
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
        uint32_t index;
        bool guess;

        if (!decl->is_func || decl->is_static || map_get_ptr(index_of_decl, decl) != NULL) {
            continue;
        }
        index = reached(linker, unit, decl, &guess);
        if (index != 0) {
            *map_put_ptr(index_of_decl, decl) = (void *)(uintptr_t)index;
        }
        if (guess) {
            *map_put_ptr(&linker->program->guessed, decl) = linker;
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

bool
program_is_guess(const Program *program, const Decl *decl)
{
    return map_get_ptr(&program->guessed, decl) != NULL;
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
    map_init(&program->guessed, arena);
    map_init(&linker.chosen, scratch);
    map_init(&linker.index, scratch);
    map_init(&linker.by_usr, scratch);
    for (uint32_t i = 0; i < nunits; i++) {
        if (units[i]->status != UNIT_FAILED) {
            choose(&linker, units[i]);
            most += units[i]->fns.n;
        }
    }
    program->fns = ARENA_ARRAY(arena, Fn *, most);
    program->fn_unit = ARENA_ARRAY(arena, Unit *, most);
    linker.before = ARENA_ARRAY(scratch, uint32_t, most + 1);
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

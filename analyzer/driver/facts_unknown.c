/* facts_unknown.c: the callees of a project that nobody knows: no fact, no body
 * to compute a summary from, no annotation.  What such a callee gets escapes
 * and what it gives is untracked, so each is a blind spot that one fact heals.
 *
 * Counts calls that take or return objects or pointers to them; others cannot
 * matter to references.
 */
#include "driver/driver.h"

#include <stdlib.h>
#include <string.h>

/* A callee that nobody knows. */
typedef struct Blind {
    const char *name;
    Loc first;
    uint32_t calls;
} Blind;

typedef struct Census {
    const Scan *scan;
    Map by_name; /* Str -> Blind * */
    VEC(Blind *) blind;
    uint32_t calls;   /* that take or return objects */
    uint32_t unknown; /* of these: nobody knows the callee */
} Census;

/* ---- what a call touches ---------------------------------------------------- */

static bool
touches_objects(const Type *type)
{
    return type != NULL && (type_is_object(type) || type_is_object_ptr(type));
}

/* True when what is found at an address of this type is an object, or holds one. */
static bool
address_touches(const Type *type)
{
    return type != NULL && (touches_objects(type) ||
                            (type->kind == TYPE_RECORD && type->is_object) ||
                            (type->kind == TYPE_ARRAY && touches_objects(type->to)));
}

/* 'temp' holds the types of the function's temporaries. */
static bool
value_touches(const Fn *fn, const Type *const *temp, Val val)
{
    switch (val.kind) {
    case VAL_TEMP:
        return touches_objects(temp[val.index]);
    case VAL_LOCAL:
        return address_touches(fn->local[val.index].type);
    case VAL_GLOBAL:
        return address_touches(val.decl->type);
    default:
        return false;
    }
}

static bool
call_touches(const Fn *fn, const Type *const *temp, const Instr *call)
{
    for (uint32_t i = 0; i < call->nargs; i++) {
        if (value_touches(fn, temp, call->args[i])) {
            return true;
        }
    }
    return touches_objects(call->type);
}

/* ---- who is known ------------------------------------------------------------- */

static bool
is_known(const Scan *scan, const Instr *call)
{
    const Decl *decl = call->a.kind == VAL_FUNC ? call->a.decl : NULL;
    const char *name = decl != NULL ? decl->name : call->name;
    int64_t index = decl != NULL ? program_callee(scan->program, decl) : -1;

    if (name[0] != '\0' && model_find(scan->model, name, NULL) != NULL) {
        return true;
    }
    if (index >= 0) {
        return scan->program->fns[index]->status == FN_OK;
    }
    return decl != NULL && decl->is_noreturn;
}

static void
count_blind(Census *census, const Instr *call)
{
    Arena *arena = census->scan->arena;
    const char *name = call->a.kind == VAL_FUNC ? call->a.decl->name
                       : call->name[0] == '\0'  ? "(computed pointer)"
                       : call->name[0] == '.'   ? call->name
                                                : arena_printf(arena, "(*%s)", call->name);
    void **place = map_put_ptr(&census->by_name, str_intern(census->scan->strings, name));
    Blind *blind = *place;

    if (blind == NULL) {
        blind = ARENA_NEW(arena, Blind);
        *blind = (Blind){.name = name, .first = call->loc};
        *place = blind;
        VEC_PUSH(arena, &census->blind, blind);
    }
    blind->calls++;
    census->unknown++;
}

static void
count_function(Census *census, const Fn *fn)
{
    Arena *scratch = arena_new();
    const Type **temp = ARENA_ARRAY(scratch, const Type *, fn->ntemp + 1);

    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            temp[fn->block[b].ins[i].dst] = fn->block[b].ins[i].type;
        }
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            if (ins->op != OP_CALL || !call_touches(fn, temp, ins)) {
                continue;
            }
            census->calls++;
            if (!is_known(census->scan, ins)) {
                count_blind(census, ins);
            }
        }
    }
    arena_free(scratch);
}

/* ---- the list -------------------------------------------------------------------- */

/* Most called first, then by name. */
static int
compare_blind(const void *a, const void *b)
{
    const Blind *left = *(Blind *const *)a, *right = *(Blind *const *)b;

    if (left->calls != right->calls) {
        return left->calls > right->calls ? -1 : 1;
    }
    return strcmp(left->name, right->name);
}

static void
print_census(const Census *census)
{
    double share = census->calls == 0 ? 0 : 100.0 * census->unknown / census->calls;

    for (uint32_t i = 0; i < census->blind.n; i++) {
        const Blind *blind = census->blind.at[i];
        printf("%6u  %s  %s:%u\n", blind->calls, blind->name,
               path_shown(census->scan->arena, blind->first.file), blind->first.line);
    }
    printf("%u of %u calls (%.1f %%) that take or return objects go to a callee that nobody "
           "knows\n", census->unknown, census->calls, share);
}

int
facts_unknown(Arena *arena, const Options *options)
{
    Error error = {.code = ERROR_NONE};
    Scan scan;
    Census census = {.scan = &scan};

    if (!scan_capture(arena, options, &scan, &error)) {
        return say_error(&error);
    }
    scan.program = program_link(arena, scan.units, scan.jobs.jobs.n);
    annotations_apply(&scan);
    map_init(&census.by_name, arena);
    for (uint32_t i = 0; i < scan.program->nfns; i++) {
        if (scan.program->fns[i]->status == FN_OK) {
            count_function(&census, scan.program->fns[i]);
        }
    }
    if (census.blind.n > 0) {
        qsort(census.blind.at, census.blind.n, sizeof(Blind *), compare_blind);
    }
    print_census(&census);
    return scan.gaps.n > 0 ? EXIT_INCOMPLETE : EXIT_CLEAN;
}

/* statics.c: objects and types that exist once per process, in modules that claim to work in
 * several interpreters or without the GIL.
 */
#include <stdlib.h>
#include <string.h>

#include "contracts/private.h"

/* ---- when functions run ----------------------------------------------------------------- */

/* By function of the program. */
typedef struct Phases {
    bool *init;  /* runs while the module is made */
    bool *later; /* may run after that */
    bool *locks; /* takes a lock, or uses atomic operations */
    bool *main;  /* asks whether it runs in the main interpreter */
} Phases;

static bool
is_init(const Fn *fn)
{
    return text_starts(fn->decl->name, "PyInit_");
}

static void
mark(const Contracts *cx, bool *marks, uint32_t fn)
{
    const CallGraph *graph = cx->program->graph;

    if (marks[fn]) {
        return;
    }
    marks[fn] = true;
    for (uint32_t i = 0; i < graph->ncallee[fn]; i++) {
        mark(cx, marks, graph->callee[fn][i]);
    }
}

/* Functions in the slots of modules run while the module is made. */
static void
mark_execs(const Contracts *cx, Phases *phases, const Table *table)
{
    const Type *type = table->decl->type;
    bool slots = type != NULL && type->kind == TYPE_ARRAY && type->to != NULL &&
                 type->to->kind == TYPE_RECORD && text_equal(type->to->tag, "PyModuleDef_Slot");

    for (uint32_t e = 0; e < table->nentry; e++) {
        int64_t fn = table->entry[e].val.kind == VAL_FUNC
                         ? program_callee(cx->program, table->entry[e].val.decl) : -1;

        if (fn >= 0) {
            mark(cx, slots ? phases->init : phases->later, (uint32_t)fn);
        }
    }
}

static bool
is_lock(const char *callee)
{
    static const char *const parts[] = {"Lock", "_lock", "CriticalSection", "CRITICAL_SECTION",
                                        "atomic", "OnceFlag", "call_once", "pthread_once"};

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (strstr(callee, parts[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool
is_main_check(const char *callee)
{
    return strstr(callee, "InterpreterState_Main") != NULL ||
           strstr(callee, "IsMainInterpreter") != NULL;
}

/* True when the function calls one with such a name. */
static bool
calls(const Fn *fn, bool (*is_one)(const char *callee))
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];

            if (ins->op == OP_CALL && ins->a.kind == VAL_FUNC && is_one(ins->a.decl->name)) {
                return true;
            }
        }
    }
    return false;
}

static Phases
phases_find(const Contracts *cx)
{
    const Program *program = cx->program;
    Phases phases = {ARENA_ARRAY(cx->arena, bool, program->nfns + 1),
                     ARENA_ARRAY(cx->arena, bool, program->nfns + 1),
                     ARENA_ARRAY(cx->arena, bool, program->nfns + 1),
                     ARENA_ARRAY(cx->arena, bool, program->nfns + 1)};

    for (uint32_t i = 0; i < cx->tables.n; i++) {
        mark_execs(cx, &phases, cx->tables.at[i].value);
    }
    for (uint32_t i = 0; i < program->nfns; i++) {
        phases.locks[i] = calls(program->fns[i], is_lock);
        phases.main[i] = calls(program->fns[i], is_main_check);
        if (is_init(program->fns[i])) {
            mark(cx, phases.init, i);
        }
    }
    for (uint32_t i = 0; i < program->nfns; i++) {
        if (program->graph->ncaller[i] == 0 && !phases.init[i]) {
            mark(cx, phases.later, i);
        }
    }
    return phases;
}

/* True when the function, or a helper that it calls, asks which interpreter it runs in. */
static bool
knows_interpreter(const Contracts *cx, const Phases *phases, uint32_t fn)
{
    const CallGraph *graph = cx->program->graph;
    bool knows = phases->main[fn];

    for (uint32_t i = 0; i < graph->ncallee[fn] && !knows; i++) {
        knows = phases->main[graph->callee[fn][i]];
    }
    return knows;
}

/* ---- who sets which variable -------------------------------------------------------------- */

/* The variable that an address lies in. */
static const Decl *
variable_of(const Body *body, Val address)
{
    while (address.kind == VAL_TEMP) {
        const Instr *def = body->def[address.index];

        if (def == NULL || (def->op != OP_FIELD && def->op != OP_INDEX && def->op != OP_CAST)) {
            return NULL;
        }
        address = def->a;
    }
    return address.kind == VAL_GLOBAL ? address.decl : NULL;
}

/* An object that somebody made: not NULL, and not static itself. */
static bool
is_made(const Body *body, Val val)
{
    const Instr *def = val.kind == VAL_TEMP ? body->def[val.index] : NULL;

    while (def != NULL && def->op == OP_CAST && def->a.kind == VAL_TEMP) {
        def = body->def[def->a.index];
    }
    return def != NULL && (def->op == OP_CALL || (def->op == OP_LOAD &&
                                                  !(def->a.kind == VAL_GLOBAL &&
                                                    def->a.decl->is_system)));
}

/* The variable of the program that an instruction puts an object into, or NULL. */
static const Decl *
variable_set(const Body *body, const Instr *ins)
{
    const Decl *decl = NULL;

    if (ins->op == OP_STORE && type_is_object(ins->type) && is_made(body, ins->b)) {
        decl = variable_of(body, ins->a);
    }
    else if (ins->op == OP_CALL && ins->a.kind == VAL_FUNC && ins->nargs == 2 &&
             (text_equal(ins->a.decl->name, "Py_SETREF") ||
              text_equal(ins->a.decl->name, "Py_XSETREF")) && is_made(body, ins->args[1])) {
        decl = variable_of(body, ins->args[0]);
    }
    return decl != NULL && !decl->is_system && !decl->is_func ? decl : NULL;
}

/* How one variable gets its object. */
typedef struct Setting {
    const Decl *decl;
    const Instr *at;
    const Fn *fn;
    bool later;    /* after the module was made ... */
    bool unlocked; /* ... by a function that takes no lock */
} Setting;

typedef VEC(Setting) Settings;

static void
note(Contracts *cx, Settings *settings, Map *by_decl, const Setting *now)
{
    void **place = map_put_ptr(by_decl, now->decl->usr);
    uintptr_t index = (uintptr_t)*place;

    if (index == 0) {
        VEC_PUSH(cx->arena, settings, *now);
        *place = (void *)(uintptr_t)settings->n;
    }
    else if (now->unlocked && !settings->at[index - 1].unlocked) {
        settings->at[index - 1] = *now;
    }
}

/* True when the function changes something at the address of a variable of the program. */
static bool
names_variable(const Fn *fn)
{
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            Val address = ins->op == OP_CALL ? (ins->nargs > 0 ? ins->args[0] : VAL_NOTHING)
                                             : ins->a;

            if (address.kind == VAL_GLOBAL && !address.decl->is_system && ins->op != OP_LOAD) {
                return true;
            }
        }
    }
    return false;
}

static void
settings_of(Contracts *cx, const Phases *phases, uint32_t fn, Settings *settings, Map *by_decl)
{
    Body body = {.fn = cx->program->fns[fn]};

    if (!names_variable(body.fn)) {
        return;
    }
    body = body_of(cx->arena, body.fn, cx->program->fn_unit[fn]);
    for (uint32_t b = 0; b < body.fn->nblock; b++) {
        for (uint32_t i = 0; i < body.fn->block[b].nins; i++) {
            const Instr *ins = &body.fn->block[b].ins[i];
            const Decl *decl = variable_set(&body, ins);

            if (decl != NULL && !knows_interpreter(cx, phases, fn)) {
                note(cx, settings, by_decl,
                     &(Setting){decl, ins, body.fn, phases->later[fn],
                                phases->later[fn] && !phases->locks[fn]});
            }
        }
    }
}

/* ---- what is told -------------------------------------------------------------------------- */

static const char *
claim_words(const Claim *claim, bool gil)
{
    return gil                ? "Py_MOD_GIL_NOT_USED"
           : claim->own_gil   ? "Py_MOD_PER_INTERPRETER_GIL_SUPPORTED"
                              : "multi-phase initialisation";
}

static void
tell_setting(Contracts *cx, const Setting *set)
{
    const Claim *claim = claim_of(cx, set->decl->loc.file);
    const char *dot = strchr(set->decl->name, '.');
    bool race = claim != NULL && claim->no_gil && !claim->own_gil;

    if (claim == NULL || !(claim->own_gil || claim->no_gil || claim->several) ||
        (race && !set->unlocked)) {
        return;
    }
    tell(cx, &(Mismatch){
                 .kind = race ? MISMATCH_SHARED_UNLOCKED : MISMATCH_SHARED_OBJECT,
                 .loc = set->decl->loc, .function = set->fn->decl->name, .callee = claim->module,
                 .name = dot != NULL ? dot + 1 : set->decl->name,
                 .unit = claim_words(claim, race), .implied = !claim->own_gil && !race,
                 .because = {{claim->loc, arena_printf(cx->arena, "the module %s claims: %s",
                                                       claim->module, claim_words(claim, race))},
                             {set->at->loc, arena_printf(cx->arena, "%s puts an object into it",
                                                         set->fn->decl->name)}}});
}

/* The functions by which the interpreter itself gives every interpreter its share of a type. */
static bool
is_managed(const char *callee)
{
    return text_starts(callee, "_PyStaticType_Init");
}

/* True when the file makes its static types so. */
static bool
manages_types(const Contracts *cx, const char *file)
{
    for (uint32_t i = 0; i < cx->program->nfns; i++) {
        if (text_equal(cx->program->fns[i]->loc.file, file) &&
            calls(cx->program->fns[i], is_managed)) {
            return true;
        }
    }
    return false;
}

/* A static type, which all interpreters of a process share. */
static void
tell_type(Contracts *cx, const Table *table)
{
    const Type *type = table->decl->type;
    const Claim *claim = claim_of(cx, table->loc.file);

    if (type == NULL || type->kind != TYPE_RECORD || table->decl->is_system || claim == NULL ||
        !claim->own_gil || manages_types(cx, table->loc.file) ||
        !(text_equal(type->tag, "PyTypeObject") || text_equal(type->tag, "_typeobject"))) {
        return;
    }
    tell(cx, &(Mismatch){.kind = MISMATCH_SHARED_TYPE, .loc = table->loc,
                         .function = table->decl->name, .callee = claim->module,
                         .name = table->decl->name, .unit = claim_words(claim, false),
                         .because = {{claim->loc,
                                      arena_printf(cx->arena, "the module %s claims: %s",
                                                   claim->module,
                                                   claim_words(claim, false))}}});
}

static bool
is_claimed(const Contracts *cx)
{
    for (uint32_t i = 0; i < cx->claims.n; i++) {
        const Claim *claim = &cx->claims.at[i];

        if (claim->own_gil || claim->no_gil || claim->several) {
            return true;
        }
    }
    return false;
}

void
statics_check(Contracts *cx)
{
    Settings settings = {0};
    Phases phases;
    Map by_decl;

    if (!is_claimed(cx)) {
        return;
    }
    phases = phases_find(cx);
    map_init(&by_decl, cx->arena);
    for (uint32_t i = 0; i < cx->program->nfns; i++) {
        if (cx->program->fns[i]->status == FN_OK) {
            settings_of(cx, &phases, i, &settings, &by_decl);
        }
    }
    for (uint32_t i = 0; i < settings.n; i++) {
        tell_setting(cx, &settings.at[i]);
    }
    for (uint32_t i = 0; i < cx->tables.n; i++) {
        tell_type(cx, cx->tables.at[i].value);
    }
}

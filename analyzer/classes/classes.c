/* classes.c: the layer's door: the table of types, and the rules' turn on each of them. */
#include <stdlib.h>
#include <string.h>

#include "classes/private.h"
#include "engine/rule.h"

/* ---- the table --------------------------------------------------------------- */

static bool
is_python_table(const Type *type)
{
    static const char *const tags[] = {
        "PyMethodDef",     "PyTypeObject",     "_typeobject",       "PyGetSetDef",
        "PyNumberMethods", "PySequenceMethods", "PyMappingMethods", "PyAsyncMethods",
        "PyBufferProcs",   "PyType_Slot",      "PyModuleDef",       "PyModuleDef_Slot", NULL};

    while (type != NULL && (type->kind == TYPE_ARRAY || type->kind == TYPE_PTR)) {
        type = type->to;
    }
    for (uint32_t i = 0; type != NULL && type->kind == TYPE_RECORD && tags[i] != NULL; i++) {
        if (text_equal(tags[i], type->tag)) {
            return true;
        }
    }
    return false;
}

static void
mark_entry(Finder *finder, Val val, bool of_python)
{
    int64_t index = val.kind == VAL_FUNC ? program_callee(finder->program, val.decl) : -1;

    if (index >= 0 && of_python) {
        finder->view[index].is_entry = true;
    }
    else if (index >= 0) {
        finder->view[index].is_exported = true;
    }
}

/* Functions that Python calls: in its tables, or assigned to slots. */
static void
mark_entries(Finder *finder)
{
    const Program *program = finder->program;

    for (uint32_t u = 0; u < program->nunits; u++) {
        for (uint32_t t = 0; t < program->units[u]->tables.n; t++) {
            const Table *table = program->units[u]->tables.at[t];

            for (uint32_t e = 0; e < table->nentry; e++) {
                mark_entry(finder, table->entry[e].val, is_python_table(table->decl->type));
            }
        }
    }
    for (uint32_t f = 0; f < program->nfns; f++) {
        const FnView *view = &finder->view[f];

        for (uint32_t b = 0; b < view->fn->nblock; b++) {
            for (uint32_t i = 0; i < view->fn->block[b].nins; i++) {
                const Instr *ins = &view->fn->block[b].ins[i];
                const Instr *field = ins->op == OP_STORE ? def_of(view, ins->a) : NULL;

                if (field != NULL && field->op == OP_FIELD &&
                    text_starts(field->name, "tp_")) {
                    mark_entry(finder, ins->b, true);
                }
            }
        }
    }
}

static int
compare_builds(const void *a, const void *b)
{
    const Class *x = &(*(Build *const *)a)->cls, *y = &(*(Build *const *)b)->cls;
    int order = loc_compare(x->loc, y->loc);

    return order != 0 ? order : strcmp(x->symbol, y->symbol);
}

static Finder *
find(Arena *arena, Strings *strings, const Program *program, const Model *model)
{
    Finder *finder = ARENA_NEW(arena, Finder);

    *finder = (Finder){.arena = arena, .strings = strings, .program = program, .model = model};
    map_init(&finder->members, arena);
    map_init(&finder->by_record, arena);
    map_init(&finder->by_decl, arena);
    map_init(&finder->by_sequence, arena);
    map_init(&finder->table_of, arena);
    views_make(finder);
    mark_entries(finder);
    builds_find(finder);
    if (finder->classes.n > 1) {
        qsort(finder->classes.at, finder->classes.n, sizeof(Build *), compare_builds);
    }
    inherit_all(finder);
    sequences_name(finder);
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        fields_find(finder, finder->classes.at[i]);
    }
    sequences_fill(finder);
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        slots_check(finder, finder->classes.at[i]);
    }
    rings_find(finder);
    for (uint32_t i = 0; i < finder->classes.n; i++) {
        promises_check(finder, finder->classes.at[i]);
        dealloc_check(finder, finder->classes.at[i]);
        blocks_check(finder, finder->classes.at[i]);
        unwinding_check(finder, finder->classes.at[i]);
    }
    makers_check(finder);
    hidden_check(finder);
    return finder;
}

static ClassTable
table_of(const Finder *finder, Arena *arena)
{
    ClassTable table = {ARENA_ARRAY(arena, const Class *, finder->classes.n + 1),
                        finder->classes.n};

    for (uint32_t i = 0; i < table.n; i++) {
        table.at[i] = &finder->classes.at[i]->cls;
    }
    return table;
}

ClassTable
classes_find(Arena *arena, Strings *strings, const Program *program, const Model *model)
{
    return table_of(find(arena, strings, program, model), arena);
}

/* ---- findings ---------------------------------------------------------------- */

struct ClassCtx {
    Arena *arena;
    const Rule *rule;
    EngineResult *out;
};

Arena *
class_arena(ClassCtx *cx)
{
    return cx->arena;
}

const char *
class_field_list(ClassCtx *cx, const Class *cls, bool (*wanted)(const ClassField *))
{
    StrBuf text;
    uint32_t n = 0, shown = 0;

    strbuf_init(&text, cx->arena);
    for (uint32_t i = 0; i < cls->nfields; i++) {
        n += wanted(&cls->field[i]);
    }
    for (uint32_t i = 0; i < cls->nfields && shown < 3; i++) {
        if (wanted(&cls->field[i])) {
            const char *between = shown == 0 ? "" : shown + 1 == n ? " and " : ", ";

            strbuf_printf(&text, "%s'self->%s'", between, cls->field[i].name);
            shown++;
        }
    }
    if (n > shown) {
        strbuf_printf(&text, " and %u more", n - shown);
    }
    return text.text;
}

static const char *
fingerprint(const ClassCtx *cx, const Class *cls, const ClassReport *report)
{
    const char *file = report->loc.file != NULL ? path_basename(report->loc.file) : "";
    const char *text = arena_printf(cx->arena, "%s|%s|%s|%s|%s", cx->rule->info.id, file,
                                    cls->symbol, report->function, report->object);

    return arena_printf(cx->arena, "%016llx",
                        (unsigned long long)hash_bytes(text, strlen(text), 5));
}

static bool
is_known(const ClassCtx *cx, const ClassReport *report)
{
    for (uint32_t i = 0; i < cx->out->findings.n; i++) {
        const Finding *f = cx->out->findings.at[i];

        if (f->rule == &cx->rule->info && loc_compare(f->loc, report->loc) == 0 &&
            strcmp(f->object, report->object) == 0) {
            return true;
        }
    }
    return false;
}

void
class_report(ClassCtx *cx, const Class *cls, const ClassReport *report)
{
    Finding *finding;
    Step *step;

    if (is_known(cx, report)) {
        return;
    }
    finding = ARENA_NEW(cx->arena, Finding);
    *finding = (Finding){.rule = &cx->rule->info, .loc = report->loc,
                         .function = report->function, .object = report->object,
                         .message = report->message, .fix = report->fix,
                         .reach = REACH_ORDINARY, .confidence = report->confidence,
                         .ring = report->ring};
    finding->steps = ARENA_ARRAY(cx->arena, Step, report->nsteps + 1);
    for (uint32_t i = 0; i < report->nsteps; i++) {
        if (report->steps[i]->loc.line > 0) {
            step = &finding->steps[finding->nsteps++];
            *step = (Step){report->steps[i]->loc,
                           finding->nsteps == 1 ? STEP_MADE : STEP_CHANGE,
                           report->steps[i]->text};
        }
    }
    finding->steps[finding->nsteps++] = (Step){report->loc, STEP_LOST, report->last};
    finding->fingerprint = fingerprint(cx, cls, report);
    finding->cause = arena_printf(cx->arena, "the type %s", cls->symbol);
    VEC_PUSH(cx->arena, &cx->out->findings, finding);
}

void
classes_run(Arena *arena, Strings *strings, const Program *program, const Model *model,
            EngineResult *out)
{
    ClassTable table = classes_find(arena, strings, program, model);

    for (uint32_t c = 0; c < table.n; c++) {
        for (uint32_t i = 0; all_rules[i] != NULL; i++) {
            ClassCtx cx = {arena, all_rules[i], out};

            if (all_rules[i]->on_class != NULL) {
                all_rules[i]->on_class(&cx, table.at[c]);
            }
        }
    }
    findings_sort(out);
}

const char *
hold_text(Arena *arena, const ClassField *field)
{
    StrBuf text;

    if ((field->holds & HOLD_ANY) != 0) {
        return "any object";
    }
    strbuf_init(&text, arena);
    for (uint32_t i = 0; i < field->nclasses; i++) {
        strbuf_printf(&text, "%s%s", text.length > 0 ? ", " : "", field->classes[i]->name);
    }
    if ((field->holds & HOLD_CONTAINER) != 0) {
        strbuf_printf(&text, "%sa container", text.length > 0 ? ", " : "");
    }
    if ((field->holds & HOLD_ATOM_SUBCLASS) != 0) {
        strbuf_printf(&text, "%sstr and its like", text.length > 0 ? ", " : "");
    }
    else if ((field->holds & HOLD_ATOM) != 0) {
        strbuf_printf(&text, "%satoms", text.length > 0 ? ", " : "");
    }
    if ((field->holds & HOLD_SYSTEM) != 0) {
        strbuf_printf(&text, "%stypes and modules", text.length > 0 ? ", " : "");
    }
    if ((field->holds & HOLD_UNKNOWN) != 0) {
        strbuf_printf(&text, "%snot known", text.length > 0 ? ", " : "");
    }
    return text.length > 0 ? text.text : "nothing";
}

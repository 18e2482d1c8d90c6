/* facts.c: what the model knows of a function or variable of the C-API, where
 * it comes from, and where the manual speaks of it. */
#include "driver/driver.h"

#include <string.h>

/* Says which line of a user's file is wrong. */
static void
on_fact_error(void *payload, const char *message)
{
    bool *failed = payload;

    say("%s", message);
    *failed = true;
}

/* The model for --python (else for all versions at once) with the files of
 * --model; NULL with 'error' set when a file cannot be read. */
static Model *
load_model(Arena *arena, const Options *options, Error *error)
{
    Model *model = model_new(arena, strings_new(arena), options->python, error);
    bool failed = false;

    for (uint32_t i = 0; model != NULL && i < options->nmodels; i++) {
        const char *text = file_read(arena, options->models[i], NULL, error);
        if (text == NULL) {
            return NULL;
        }
        model_add_text(model, options->models[i], text, ORIGIN_USER, on_fact_error,
                       &failed);
    }
    if (failed) {
        error_set(error, ERROR_USAGE, "correct these lines of the --model file");
        return NULL;
    }
    return model;
}

/* ---- one name ----------------------------------------------------------- */

/* "built in; manual: c-api/list, https://..." */
static void
print_source(const char *name, Origin origin, const char *doc)
{
    static const char *const sources[] = {
        [ORIGIN_BUILTIN] = "built in",
        [ORIGIN_COMPUTED] = "computed from the body",
        [ORIGIN_ANNOTATION] = "from the annotations of its declaration",
        [ORIGIN_USER] = "from your --model file",
    };

    printf("    # %s", sources[origin]);
    if (doc != NULL && text_starts(doc, "c-api/")) {
        printf("; manual: https://docs.python.org/3/%s.html", doc);
        if (name[0] != '.' && strchr(name, '*') == NULL) {
            printf("#c.%s", name);
        }
    }
    else if (doc != NULL) {
        printf("; see %s", doc);
    }
    printf("\n");
}

static bool
print_functions(Arena *arena, const Model *model, const char *name)
{
    uint32_t count;
    const Summary *const *facts = model_facts(model, &count);
    bool found = false;

    for (uint32_t i = 0; i < count; i++) {
        const char *known = facts[i]->name;
        if (text_equal(known, name) || (known[0] == '.' && text_equal(known + 1, name))) {
            StrBuf text;
            strbuf_init(&text, arena);
            facts_print(facts[i], &text);
            printf("%s", text.text);
            print_source(known, facts[i]->origin, facts[i]->doc);
            found = true;
        }
    }
    return found;
}

/* What was computed for the functions of that name in the project. */
static bool
print_computed(const Scan *scan, const char *name)
{
    bool found = false;

    for (uint32_t i = 0; scan != NULL && i < scan->program->nfns; i++) {
        const Fn *fn = scan->program->fns[i];
        const Summary *summary = model_find(scan->model, "", fn->decl->usr);
        StrBuf text;

        if (!text_equal(fn->decl->name, name) || summary == NULL) {
            continue;
        }
        strbuf_init(&text, scan->arena);
        facts_print(summary, &text);
        printf("%s    # computed from the body at %s:%u\n", text.text,
               path_shown(scan->arena, fn->loc.file), fn->loc.line);
        found = true;
    }
    return found;
}

static bool
print_global(Arena *arena, const Model *model, const char *name)
{
    const GlobalFact *fact = model_global(model, name);

    if (fact == NULL) {
        return false;
    }
    printf("global %s", fact->name);
    if (fact->immortal) {
        printf(" immortal");
        if (fact->immortal_since != 0) {
            printf(" since %s", version_text(arena, fact->immortal_since));
        }
    }
    printf("\n");
    print_source(fact->name, ORIGIN_BUILTIN, fact->doc);
    return true;
}

/* All names with facts, ended by NULL. */
static const char *const *
known_names(Arena *arena, const Model *model)
{
    uint32_t count;
    const Summary *const *facts = model_facts(model, &count);
    const char **names = ARENA_ARRAY(arena, const char *, count + 1);

    for (uint32_t i = 0; i < count; i++) {
        names[i] = facts[i]->name;
    }
    return names;
}

/* 'scan' is the project that was asked for with -p, or NULL. */
static int
show_names(Arena *arena, const Options *options, const Model *model, const Scan *scan)
{
    int code = EXIT_CLEAN;

    for (uint32_t i = 0; i < options->npaths; i++) {
        const char *name = options->paths[i];
        bool found = print_functions(arena, model, name);

        found = print_computed(scan, name) || found;
        if (!found && !print_global(arena, model, name)) {
            say("nothing is known of %s%s", name,
                name_hint(arena, name, known_names(arena, model)));
            code = EXIT_USAGE;
        }
    }
    return code;
}

/* ---- the command -------------------------------------------------------- */

static int
check(Arena *arena, const Options *options)
{
    Error error = {.code = ERROR_NONE};

    if (facts_check(arena, options, &error)) {
        return EXIT_CLEAN;
    }
    return error.code == ERROR_NONE ? EXIT_FINDINGS : say_error(&error);
}

/* Shows what is known of names within a project, annotations and bodies included. */
static int
show_in_project(Arena *arena, const Options *options)
{
    Options whole = *options;
    Error error = {.code = ERROR_NONE};
    Scan scan;

    whole.npaths = 0;
    if (!scan_run(arena, &whole, &scan, &error)) {
        return say_error(&error);
    }
    return show_names(arena, options, scan.model, &scan);
}

/* Checks ("check"), prints the overlay header ("overlay"), or shows names. */
int
command_facts(Arena *arena, const Options *options)
{
    Error error = {.code = ERROR_NONE};
    const Model *model;

    if (options->unknown) {
        return facts_unknown(arena, options);
    }
    if (options->npaths == 0) {
        error_set(&error, ERROR_USAGE,
                  "facts: nothing named; give a function such as "
                  "PyList_SetItem, or 'check'");
        return say_error(&error);
    }
    if (options->npaths == 1 && text_equal(options->paths[0], "check")) {
        return check(arena, options);
    }
    if (options->database != NULL) {
        return show_in_project(arena, options);
    }
    model = load_model(arena, options, &error);
    if (model == NULL) {
        return say_error(&error);
    }
    if (options->npaths == 1 && text_equal(options->paths[0], "overlay")) {
        printf("%s", overlay_text(model, arena));
        return EXIT_CLEAN;
    }
    return show_names(arena, options, model, NULL);
}

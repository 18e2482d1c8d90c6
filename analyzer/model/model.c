/* model.c: all that is known of functions and globals, by name.
 *
 * Facts that do not apply to the model's Python are left out when they are
 * read, so that a lookup finds at most one per source.  Computed summaries
 * are kept by USR: two static functions may share a name.
 */
#include "model/annotation.h"
#include "base/embedded.h"

#include <string.h>

struct Model {
    Arena *arena;
    Strings *strings;
    Version python;
    Map by_name[ORIGIN_USER + 1]; /* Str -> Summary * */
    Map computed;                 /* Str usr -> Summary * */
    Map other_version;            /* Str -> Summary *: built in, not for this Python */
    Map annotated;                /* Str usr -> Annotation * of a function with a body */
    VEC(Str) conflicts;           /* between annotations and bodies */
    Map globals;                  /* Str -> GlobalFact * */
    VEC(const GlobalFact *) prefixes;
    VEC(const Summary *) facts;
};

/* What the sink of facts_read needs. */
typedef struct Adding {
    Model *model;
    Origin origin;
    FactErrorFn on_error;
    void *payload;
} Adding;

static bool
applies(const Model *model, const Summary *summary)
{
    Version python = model->python;

    return python == 0
           || (summary->since <= python
               && (summary->until == 0 || python < summary->until));
}

/* A later fact replaces an earlier one; without a Python, the newest wins. */
static void
add_fact(void *payload, Summary *summary)
{
    Adding *adding = payload;
    Model *model = adding->model;
    const Summary *builtin = map_get_ptr(&model->by_name[ORIGIN_BUILTIN], summary->name);
    void **place;

    summary->origin = adding->origin;
    if (!applies(model, summary)) {
        if (adding->origin == ORIGIN_BUILTIN) {
            *map_put_ptr(&model->other_version, summary->name) = summary;
        }
        return;
    }
    if (builtin != NULL && builtin->is_macro) {
        summary->is_macro = true; /* else the user's fact would never be met */
    }
    VEC_PUSH(model->arena, &model->facts, summary);
    place = map_put_ptr(&model->by_name[adding->origin], summary->name);
    if (*place == NULL || summary->since >= ((const Summary *)*place)->since) {
        *place = summary;
    }
}

static void
add_global(void *payload, GlobalFact *fact)
{
    Adding *adding = payload;
    Model *model = adding->model;

    if (text_ends(fact->name, "*")) {
        VEC_PUSH(model->arena, &model->prefixes, fact);
    }
    else {
        *map_put_ptr(&model->globals, fact->name) = fact;
    }
}

static void
pass_error(void *payload, const char *message)
{
    Adding *adding = payload;

    if (adding->on_error != NULL) {
        adding->on_error(adding->payload, message);
    }
}

void
model_add_text(Model *model, const char *name, const char *text, Origin origin,
               FactErrorFn on_error, void *payload)
{
    Adding adding = {model, origin, on_error, payload};
    FactSink sink = {add_fact, add_global, pass_error, &adding};

    facts_read(model->arena, model->strings, name, text, &sink);
}

/* Keeps the first error. */
static void
keep_error(void *payload, const char *message)
{
    Error *error = payload;

    if (error->code == ERROR_NONE) {
        error_set(error, ERROR_FAILED, "%s", message);
    }
}

Model *
model_new(Arena *arena, Strings *strings, Version python, Error *error)
{
    Model *model = ARENA_NEW(arena, Model);
    Error first = {.code = ERROR_NONE};

    model->arena = arena;
    model->strings = strings;
    model->python = python;
    for (size_t i = 0; i < COUNT_OF(model->by_name); i++) {
        map_init(&model->by_name[i], arena);
    }
    map_init(&model->computed, arena);
    map_init(&model->other_version, arena);
    map_init(&model->annotated, arena);
    map_init(&model->globals, arena);
    for (const EmbeddedFile *file = embedded_facts; file->name != NULL; file++) {
        model_add_text(model, file->name, file->text, ORIGIN_BUILTIN, keep_error, &first);
    }
    if (first.code != ERROR_NONE) {
        error_set(error, first.code, "built-in facts: %s", first.text);
        return NULL;
    }
    return model;
}

Version
model_python(const Model *model)
{
    return model->python;
}

/* A FactErrorFn: keeps the message, once. */
static void
add_conflict(void *payload, const char *message)
{
    Model *model = payload;
    Str text = str_intern(model->strings, message);

    for (uint32_t i = 0; i < model->conflicts.n; i++) {
        if (model->conflicts.at[i] == text) {
            return;
        }
    }
    VEC_PUSH(model->arena, &model->conflicts, text);
}

void
model_annotate(Model *model, const Decl *decl, bool has_body, FactErrorFn on_error,
               void *payload)
{
    const Annotation *note =
        annotation_read(model->arena, model->strings, decl, on_error, payload);
    Summary *fact;

    if (note == NULL) {
        return;
    }
    if (has_body) {
        *map_put_ptr(&model->annotated, decl->usr) = (void *)note;
        return;
    }
    fact = annotation_fact(model->arena, model->strings, note);
    if (fact != NULL) {
        *map_put_ptr(&model->by_name[ORIGIN_ANNOTATION], fact->name) = fact;
        VEC_PUSH(model->arena, &model->facts, fact);
    }
}

const Str *
model_conflicts(const Model *model, uint32_t *count)
{
    *count = model->conflicts.n;
    return model->conflicts.at;
}

void
model_put_computed(Model *model, Str usr, Summary *summary)
{
    const Annotation *note = map_get_ptr(&model->annotated, usr);

    assert(usr != NULL);
    if (note != NULL) {
        annotation_merge(model->arena, note, summary, add_conflict, model);
    }
    summary->origin = ORIGIN_COMPUTED;
    *map_put_ptr(&model->computed, usr) = summary;
}

const Summary *
model_find(const Model *model, const char *name, Str usr)
{
    const Summary *found;
    Str key;

    if (text_starts(name, OVERLAY_PREFIX)) {
        name += strlen(OVERLAY_PREFIX);
    }
    key = str_intern(model->strings, name);
    found = map_get_ptr(&model->by_name[ORIGIN_USER], key);
    if (found == NULL) {
        found = map_get_ptr(&model->by_name[ORIGIN_ANNOTATION], key);
    }
    if (found == NULL && usr != NULL) {
        found = map_get_ptr(&model->computed, usr);
    }
    if (found == NULL) {
        found = map_get_ptr(&model->by_name[ORIGIN_BUILTIN], key);
    }
    return found;
}

const Summary *
model_find_any_version(const Model *model, const char *name)
{
    const Summary *found = model_find(model, name, NULL);

    return found != NULL
        ? found
        : map_get_ptr(&model->other_version, str_intern(model->strings, name));
}

const GlobalFact *
model_global(const Model *model, const char *name)
{
    const GlobalFact *exact =
        map_get_ptr(&model->globals, str_intern(model->strings, name));
    const GlobalFact *best = NULL;
    size_t longest = 0;

    for (uint32_t i = 0; i < model->prefixes.n; i++) {
        const GlobalFact *fact = model->prefixes.at[i];
        size_t length = strlen(fact->name) - 1;
        if (length >= longest && strncmp(fact->name, name, length) == 0) {
            longest = length;
            best = fact;
        }
    }
    return exact != NULL ? exact : best;
}

bool
model_immortal(const Model *model, const char *name)
{
    const GlobalFact *fact = model_global(model, name);

    return fact != NULL && fact->immortal
           && (model->python == 0 || fact->immortal_since <= model->python);
}

const Summary *const *
model_facts(const Model *model, uint32_t *count)
{
    *count = model->facts.n;
    return model->facts.at;
}

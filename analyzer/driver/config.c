/* config.c: the configuration file that counts, and its values -> Options.
 *
 * It comes with the source that is scanned, so it names nothing that would be written or
 * run: no outputs, no commands, and a baseline only in its own folder.  What stands on the
 * command line counts more.
 */
#include "driver/config.h"

#include <string.h>

#include "driver/options.h"

/* ---- finding it --------------------------------------------------------------------------- */

/* The file in the folder or the nearest one above, or NULL. */
static const char *
find_above(Arena *arena, const char *folder)
{
    for (;;) {
        const char *path = path_absolute(arena, folder, CONFIG_NAME);

        if (path_is_file(path)) {
            return path;
        }
        if (text_equal(folder, "/")) {
            return NULL;
        }
        folder = path_dirname(arena, folder);
    }
}

static const char *
folder_of(Arena *arena, const char *path)
{
    const char *whole = path_absolute(arena, NULL, path);

    return path_is_dir(whole) ? whole : path_dirname(arena, whole);
}

const char *
config_find(Arena *arena, const Options *options)
{
    uint32_t skip = text_equal(options->command, "baseline") ? 1 : 0; /* 'write' is no path */
    const char *start = options->npaths > skip ? options->paths[skip] : ".";
    const char *database = options->database, *found = NULL;

    if (options->no_config || options->config != NULL) {
        return options->no_config ? NULL : path_absolute(arena, NULL, options->config);
    }
    if (database == NULL && !options->has_flags) {
        database = compdb_find(arena, start, NULL);
    }
    if (database != NULL) {
        found = find_above(arena, folder_of(arena, database));
    }
    return found != NULL ? found : find_above(arena, folder_of(arena, start));
}

/* ---- values ------------------------------------------------------------------------------ */

typedef struct Applier {
    Arena *arena;
    const ConfigFile *file;
    const char *folder;   /* that its paths are relative to */
    Options *options;
    Error *error;
} Applier;

/* True when the file's value of the setting counts; then it is remembered from where. */
static bool
counts(Applier *a, Setting setting, bool given)
{
    uint32_t line, col;

    if (!given || a->options->source[setting] != NULL) {
        return false;
    }
    config_place(a->file->text, config_keys[setting], &line, &col);
    a->options->source[setting] = arena_printf(a->arena, "%s:%u", a->file->name, line);
    return true;
}

/* "FILE:LINE:COLUMN: key:" of a setting, for messages. */
static const char *
place_text(Applier *a, Setting setting)
{
    uint32_t line, col;

    config_place(a->file->text, config_keys[setting], &line, &col);
    return arena_printf(a->arena, "%s:%u:%u: %s:", a->file->name, line, col,
                        config_keys[setting]);
}

/* A path of the file -> one that can be opened from here. */
static const char *
resolve(Applier *a, const char *path)
{
    return path_absolute(a->arena, a->folder, path);
}

static bool
apply_fail_on(Applier *a)
{
    Options *o = a->options;

    if (!counts(a, SETTING_FAIL_ON, a->file->fail_on.at != NULL)) {
        return true;
    }
    o->fail_on = a->file->fail_on.at;
    o->nfail_on = a->file->fail_on.n;
    for (uint32_t i = 0; i < o->nfail_on; i++) {
        if (!fail_on_check(a->arena, place_text(a, SETTING_FAIL_ON), o->fail_on[i], a->error)) {
            return false;
        }
    }
    return true;
}

static bool
apply_python(Applier *a)
{
    StrBuf text;

    if (a->file->python.at == NULL || a->file->python.n == 0
        || !counts(a, SETTING_PYTHON, true)) {
        return true;
    }
    strbuf_init(&text, a->arena);
    for (uint32_t i = 0; i < a->file->python.n; i++) {
        strbuf_printf(&text, "%s%s", i > 0 ? "," : "", a->file->python.at[i]);
    }
    return pythons_set(a->arena, place_text(a, SETTING_PYTHON), text.text, a->options, a->error);
}

static bool
apply_models(Applier *a)
{
    Options *o = a->options;

    if (!counts(a, SETTING_MODELS, a->file->models.at != NULL)) {
        return true;
    }
    o->models = ARENA_ARRAY(a->arena, const char *, a->file->models.n + 1);
    o->nmodels = a->file->models.n;
    for (uint32_t i = 0; i < o->nmodels; i++) {
        o->models[i] = resolve(a, a->file->models.at[i]);
        if (!path_is_file(o->models[i])) {
            return error_set(a->error, ERROR_USAGE, "%s there is no file %s",
                             place_text(a, SETTING_MODELS), a->file->models.at[i]);
        }
    }
    return true;
}

/* The places; a baseline is written by 'baseline write', so it stays inside. */
static bool
apply_places(Applier *a)
{
    const ConfigFile *file = a->file;
    Options *o = a->options;

    if (file->database != NULL && !o->has_flags && counts(a, SETTING_DATABASE, true)) {
        o->database = resolve(a, file->database);
    }
    if (counts(a, SETTING_BASELINE, file->baseline != NULL)) {
        o->baseline = resolve(a, file->baseline);
        if (!path_is_below(o->baseline, a->folder)) {
            return error_set(a->error, ERROR_USAGE, "%s %s is outside the folder of this file",
                             place_text(a, SETTING_BASELINE), file->baseline);
        }
    }
    if (counts(a, SETTING_LINK, file->link != NULL)) {
        o->link = file->link;
        if (!text_starts(o->link, "https://") && !text_starts(o->link, "http://")) {
            return error_set(a->error, ERROR_USAGE, "%s %s: expected a template that begins with "
                             "https://", place_text(a, SETTING_LINK), o->link);
        }
    }
    return true;
}

/* What is one word or truth value, which the schema has checked. */
static void
apply_words(Applier *a)
{
    const ConfigFile *file = a->file;
    Options *o = a->options;

    if (counts(a, SETTING_PROFILE, file->profile != NULL)) {
        o->profile = file->profile;
    }
    if (counts(a, SETTING_REACH, file->reach != NULL)) {
        o->reach = reach_parse(file->reach);
    }
    if (counts(a, SETTING_CONFIDENCE, file->confidence != NULL)) {
        o->confidence = confidence_parse(file->confidence);
    }
    if (counts(a, SETTING_REQUIRE_REASON, file->require_reason >= 0)) {
        o->require_reason = file->require_reason == 1;
    }
    if (counts(a, SETTING_SKIP_GENERATED, file->skip_generated >= 0)) {
        o->keep_generated = file->skip_generated == 0;
    }
}

/* Patterns without "./" before and "/" behind. */
static ConfigList
tidy_paths(Arena *arena, const ConfigList *list)
{
    ConfigList tidy = {.n = list->n};

    tidy.at = ARENA_ARRAY(arena, const char *, list->n + 1);
    for (uint32_t i = 0; i < list->n; i++) {
        const char *at = list->at[i];
        size_t length;

        while (text_starts(at, "./")) {
            at += 2;
        }
        length = strlen(at);
        length -= length > 1 && at[length - 1] == '/' ? 1 : 0;
        tidy.at[i] = length > 0 ? arena_strndup(arena, at, length) : ".";
    }
    return tidy;
}

static void
apply_lists(Applier *a)
{
    Options *o = a->options;

    if (counts(a, SETTING_PATHS, a->file->paths.at != NULL)) {
        ConfigList paths = tidy_paths(a->arena, &a->file->paths);

        o->only = paths.at;
        o->nonly = paths.n;
    }
    if (counts(a, SETTING_SKIP, a->file->skip.at != NULL)) {
        ConfigList skip = tidy_paths(a->arena, &a->file->skip);

        o->skip = skip.at;
        o->nskip = skip.n;
    }
    if (a->file->nlevels > 0) { /* --rule chooses rules, and leaves the levels of the others */
        counts(a, SETTING_RULES, true);
        o->levels = a->file->levels;
        o->nlevels = a->file->nlevels;
    }
}

bool
config_apply(Arena *arena, Options *options, Error *error)
{
    const char *path = config_find(arena, options), *text;
    ConfigFile file;
    Applier a = {.arena = arena, .file = &file, .options = options, .error = error};

    if (path == NULL) {
        return true;
    }
    text = file_read(arena, path, NULL, error);
    if (text == NULL || !config_read(arena, path_shown(arena, path), text, &file, error)) {
        return false;
    }
    a.folder = path_dirname(arena, path);
    options->config = path;
    options->config_root = a.folder;
    apply_words(&a);
    apply_lists(&a);
    return apply_places(&a) && apply_fail_on(&a) && apply_models(&a) && apply_python(&a);
}

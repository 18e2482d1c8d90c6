/* settings.c: what the client sets, over the command line's options. */
#include "lsp/server.h"

#include <string.h>

static const char *
text_setting(const Server *server, Arena *arena, const char *name)
{
    const char *text = json_string_value(json_object_get(server->settings, name));

    return text != NULL && text[0] != '\0' ? arena_strndup(arena, text, strlen(text)) : NULL;
}

/* The words of a list setting; *n is 0 when it is not set. */
static const char **
list_setting(const Server *server, Arena *arena, const char *name, uint32_t *n)
{
    const json_t *list = json_object_get(server->settings, name);
    const char **words = ARENA_ARRAY(arena, const char *, json_array_size(list) + 1);

    *n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));

        if (word != NULL) {
            words[(*n)++] = arena_strndup(arena, word, strlen(word));
        }
    }
    return words;
}

/* The rules that are asked for and exist. */
static void
set_rules(Server *server, Arena *arena, const char *name, const char ***rules, uint32_t *nrules)
{
    uint32_t n, kept = 0;
    const char **words = list_setting(server, arena, name, &n);

    for (uint32_t i = 0; i < n; i++) {
        if (rule_known(words[i])) {
            words[kept++] = words[i];
        }
        else {
            rpc_message(server, 2, "setting %s: there is no rule '%s'%s", name, words[i],
                        name_hint(arena, words[i], rule_names(arena)));
        }
    }
    if (kept > 0) {
        *rules = words;
        *nrules = kept;
    }
}

/* Which of the words a setting says, as the parser numbers them; 'otherwise' when none. */
static int
word_setting(Server *server, Arena *arena, const char *name, int (*parse)(const char *word),
             int otherwise)
{
    const char *word = text_setting(server, arena, name);
    int value = word != NULL ? parse(word) : otherwise;

    if (word != NULL && value < 0) {
        rpc_message(server, 2, "setting %s: '%s' is none of its values", name, word);
        return otherwise;
    }
    return value;
}

void
settings_apply(Server *server, Options *options, Arena *arena)
{
    const char *database = text_setting(server, arena, "database");
    const char *profile = text_setting(server, arena, "profile");
    const char *config = text_setting(server, arena, "config");
    const char *python = text_setting(server, arena, "python");
    Error error = {0};

    options->database = database != NULL ? database : options->database;
    options->config = config != NULL ? config : options->config;
    if (profile != NULL && !profile_check(arena, "setting profile:", profile, &error)) {
        rpc_message(server, 2, "%s", error.text);
    }
    else if (profile != NULL) {
        options->profile = profile;
    }
    if (python != NULL && version_parse(python) == 0) {
        rpc_message(server, 2, "setting python: '%s' is no version", python);
    }
    else if (python != NULL) {
        options->python = version_parse(python);
    }
    options->reach = word_setting(server, arena, "reach", reach_parse, options->reach);
    options->confidence = word_setting(server, arena, "confidence", confidence_parse,
                                       options->confidence);
    set_rules(server, arena, "rules", &options->rules, &options->nrules);
    set_rules(server, arena, "excludeRules", &options->excluded, &options->nexcluded);
}

static void
set_bool(bool *value, const json_t *settings, const char *name)
{
    const json_t *set = json_object_get(settings, name);

    if (json_is_boolean(set)) {
        *value = json_is_true(set);
    }
}

void
settings_take(Server *server, const json_t *settings)
{
    const json_t *own = json_object_get(settings, "strayref");
    const json_t *debounce;

    own = json_is_object(own) ? own : settings;
    if (!json_is_object(own)) {
        return;
    }
    debounce = json_object_get(own, "debounce");
    set_bool(&server->inlay_hints, own, "inlayHints");
    set_bool(&server->code_lens, own, "codeLens");
    if (json_is_integer(debounce) && json_integer_value(debounce) >= 0
        && json_integer_value(debounce) <= 10000) {
        server->debounce = json_integer_value(debounce);
    }
    json_decref(server->settings);
    server->settings = json_deep_copy(own);
}

/* config_schema.c: .strayref.yaml -> ConfigFile, through libcyaml and its schema.
 *
 * libcyaml says what is wrong in a log; its lines are put together to one error with the
 * place, and with the name that was probably meant.
 */
#include <cyaml/cyaml.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "driver/config.h"
#include "engine/rule.h"

/* ---- the schema --------------------------------------------------------------------------- */

/* What libcyaml fills; 0 and NULL mean absent. */
typedef struct RawConfig {
    char *database, *baseline, *link;
    int profile, reach, confidence, skip_generated, require_reason;
    char **paths, **skip, **fail_on, **models, **python;
    uint32_t paths_count, skip_count, fail_on_count, models_count, python_count;
    int *rules; /* by number of the rule */
} RawConfig;

const char *const config_keys[] = {
    [SETTING_DATABASE] = "database",
    [SETTING_PATHS] = "paths",
    [SETTING_SKIP] = "skip",
    [SETTING_SKIP_GENERATED] = "skip-generated",
    [SETTING_RULES] = "rules",
    [SETTING_PROFILE] = "profile",
    [SETTING_REACH] = "reach",
    [SETTING_CONFIDENCE] = "confidence",
    [SETTING_FAIL_ON] = "fail-on",
    [SETTING_REQUIRE_REASON] = "require-reason",
    [SETTING_BASELINE] = "baseline",
    [SETTING_MODELS] = "models",
    [SETTING_PYTHON] = "python",
    [SETTING_LINK] = "link",
    [SETTING_COUNT] = NULL,
};

static const cyaml_strval_t truths[] = {{"true", 2}, {"yes", 2}, {"on", 2},
                                        {"false", 1}, {"no", 1}, {"off", 1}};
static const cyaml_strval_t profiles[] = {{"default", 1}, {"strict", 2}, {"crash-only", 3},
                                          {"free-threading", 4}};
static const cyaml_strval_t reaches[] = {{"ordinary", 1}, {"error", 2}, {"init", 3}, {"oom", 4},
                                         {"protocol", 5}, {REACH_ALL, 6}};
static const cyaml_strval_t confidences[] = {{"high", 1}, {"medium", 2}, {"low", 3}};
static const cyaml_strval_t levels[] = {{"off", 1}, {"error", 2}, {"warning", 3}, {"note", 4}};

static const cyaml_schema_value_t word_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};
static const cyaml_schema_field_t no_rules[] = {CYAML_FIELD_END};

#define OPTIONAL (CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT)
#define POINTER (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)
#define STRING(key, member) \
    CYAML_FIELD_STRING_PTR(key, POINTER, RawConfig, member, 1, CYAML_UNLIMITED)
#define WORD(key, member, words) \
    CYAML_FIELD_ENUM(key, OPTIONAL, RawConfig, member, words, CYAML_ARRAY_LEN(words))
#define LIST(key, member) \
    CYAML_FIELD_SEQUENCE(key, POINTER, RawConfig, member, &word_schema, 1, CYAML_UNLIMITED)

static const cyaml_schema_field_t fields[] = {
    STRING("database", database),
    LIST("paths", paths),
    LIST("skip", skip),
    WORD("skip-generated", skip_generated, truths),
    CYAML_FIELD_MAPPING_PTR("rules", POINTER, RawConfig, rules, no_rules),
    WORD("profile", profile, profiles),
    WORD("reach", reach, reaches),
    WORD("confidence", confidence, confidences),
    LIST("fail-on", fail_on),
    WORD("require-reason", require_reason, truths),
    STRING("baseline", baseline),
    LIST("models", models),
    LIST("python", python),
    STRING("link", link),
    CYAML_FIELD_END,
};

#define RULES_FIELD SETTING_RULES

/* The schema with a field for each rule, which only the list of rules knows. */
static cyaml_schema_value_t
make_schema(Arena *arena, cyaml_schema_field_t *top)
{
    const char *const *names = rule_names(arena);
    VEC(cyaml_schema_field_t) rules = {0};
    cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, RawConfig, top)};

    for (uint32_t i = 0; names[i] != NULL; i++) {
        cyaml_schema_field_t field =
            CYAML_FIELD_ENUM("", OPTIONAL, RawConfig, profile, levels, CYAML_ARRAY_LEN(levels));

        field.key = names[i];
        field.data_offset = i * (uint32_t)sizeof(int);
        VEC_PUSH(arena, &rules, field);
        top[RULES_FIELD].value.data_size = (i + 1) * (uint32_t)sizeof(int);
    }
    VEC_PUSH(arena, &rules, (cyaml_schema_field_t){.key = NULL});
    top[RULES_FIELD].value.mapping.fields = rules.at;
    return schema;
}

#define SEEN_MARK "Mapping field already seen: "
#define ENUM_MARK "Invalid ENUM value: "

/* ---- what libcyaml says -------------------------------------------------------------------- */

/* The lines of its log that count. */
typedef struct Complaints {
    Arena *arena;
    const char *what;   /* the first line */
    const char *field;  /* the innermost field, or NULL */
    uint32_t line, col;
    bool more_documents;
    const char *list;   /* a field that could be a list, and is none */
} Complaints;

/* A cyaml_log_fn_t. */
static void
on_log(cyaml_log_t level, void *payload, const char *format, va_list args)
{
    Complaints *c = payload;
    char text[512];
    const char *place;

    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\n")] = '\0';
    place = strstr(text, "(line: ");
    if (level == CYAML_LOG_WARNING) {
        c->more_documents = c->more_documents || strstr(text, "after first") != NULL;
    }
    else if (place == NULL) {
        const char *what = text_starts(text, "Load: ") ? text + strlen("Load: ") : text;

        c->what = c->what != NULL || text_equal(what, "Backtrace:")
                      ? c->what : arena_strndup(c->arena, what, strlen(what));
    }
    else {
        const char *field = strstr(text, "field '");

        if (c->line == 0) {
            sscanf(place, "(line: %" SCNu32 ", column: %" SCNu32, &c->line, &c->col);
        }
        if (c->field == NULL && field != NULL) {
            field += strlen("field '");
            c->field = arena_strndup(c->arena, field, strcspn(field, "'"));
        }
    }
}

/* Finds "key:" at the start of a line, from line 'first' on, 'depth' any; false when it
 * is not there. */
static bool
find_key(const char *text, const char *key, uint32_t first, bool outermost, uint32_t *line,
         uint32_t *col)
{
    uint32_t number = 1;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n"), margin = strspn(text, " -");
        const char *at = text + margin + (text[margin] == '"' || text[margin] == '\'' ? 1 : 0);

        if (number >= first && text_starts(at, key) && (!outermost || margin == 0)
            && strchr(":\"' ", at[strlen(key)]) != NULL && at[strlen(key)] != '\0') {
            *line = number;
            *col = (uint32_t)(margin + 1);
            return true;
        }
        number++;
        text += length + (text[length] == '\n' ? 1 : 0);
    }
    return false;
}

void
config_place(const char *text, const char *key, uint32_t *line, uint32_t *col)
{
    if (!find_key(text, key, 1, true, line, col)) {
        *line = *col = 1;
    }
}

/* The words that a field takes, or NULL. */
static const char *const *
words_of(Arena *arena, const char *field)
{
    VEC(const char *) words = {0};
    const cyaml_strval_t *list = levels;
    size_t n = COUNT_OF(levels);

    for (const cyaml_schema_field_t *f = fields; f->key != NULL; f++) {
        if (text_equal(f->key, field) && f->value.type == CYAML_ENUM) {
            list = f->value.enumeration.strings;
            n = f->value.enumeration.count;
        }
    }
    for (size_t i = 0; i < n; i++) {
        VEC_PUSH(arena, &words, list[i].str);
    }
    VEC_PUSH(arena, &words, NULL);
    return words.at;
}

static bool
complain_key(Arena *arena, Complaints *c, const char *name, const char *text, Error *error)
{
    const char *key = c->what + strlen("Unexpected key: ");
    bool in_rules = text_equal(c->field, "rules");
    const char *const *names = in_rules ? rule_names(arena) : config_keys;

    find_key(text, key, c->line, false, &c->line, &c->col);
    return error_set(error, ERROR_USAGE, "%s:%u:%u: unknown %s '%s'%s; there are: %s", name, c->line,
                     c->col, in_rules ? "rule" : "key", key, name_hint(arena, key, names),
                     name_list(arena, names));
}

static bool
complain_word(Arena *arena, const Complaints *c, const char *name, Error *error)
{
    const char *word = c->what + strlen(ENUM_MARK);
    const char *const *words = words_of(arena, c->field);

    return error_set(error, ERROR_USAGE, "%s:%u:%u: %s: '%s' is no value for it%s; there are: %s",
                     name, c->line, c->col, c->field, word, name_hint(arena, word, words),
                     name_list(arena, words));
}

/* Turns the log into one error. */
static bool
complain(Arena *arena, Complaints *c, const char *name, const char *text, cyaml_err_t code,
         Error *error)
{
    const char *what = c->what != NULL ? c->what : cyaml_strerror(code);
    const char *in = c->field != NULL ? c->field : "", *colon = c->field != NULL ? ": " : "";

    c->line = c->line > 0 ? c->line : 1;
    c->col = c->col > 0 ? c->col : 1;
    if (text_starts(what, "Unexpected key: ")) {
        return complain_key(arena, c, name, text, error);
    }
    if (text_starts(what, ENUM_MARK) && c->field != NULL) {
        return complain_word(arena, c, name, error);
    }
    if (text_starts(what, "Expecting SEQUENCE")) {
        return error_set(error, ERROR_USAGE, "%s:%u:%u: %s%sexpected a list, such as [a, b]", name,
                         c->line, c->col, in, colon);
    }
    if (text_starts(what, "Expecting MAPPING")) {
        return error_set(error, ERROR_USAGE, "%s:%u:%u: %s%sexpected lines of the form 'key: value'",
                         name, c->line, c->col, in, colon);
    }
    if (text_starts(what, "Insufficient entries")) {
        return error_set(error, ERROR_USAGE, "%s:%u:%u: %s%sthe list is empty", name, c->line,
                         c->col, in, colon);
    }
    if (text_starts(what, "Expecting STRING") || text_starts(what, "Expecting ENUM")
        || text_starts(what, "STRING length < 1")) {
        return error_set(error, ERROR_USAGE, "%s:%u:%u: %s%sexpected one word%s", name, c->line,
                         c->col, in, colon,
                         text_equal(c->list, in) ? " or a list, such as [a, b]" : "");
    }
    if (text_starts(what, SEEN_MARK)) {
        find_key(text, what + strlen(SEEN_MARK), c->line + 1, false, &c->line, &c->col);
        return error_set(error, ERROR_USAGE, "%s:%u:%u: %s%sthe second of its name", name, c->line,
                         c->col, in, colon);
    }
    return error_set(error, ERROR_USAGE, "%s:%u:%u: %s%sthis is not YAML as it is read here: %s",
                     name, c->line, c->col, in, colon,
                     text_starts(what, "libyaml: ") ? what + strlen("libyaml: ") : what);
}

/* ---- the values ----------------------------------------------------------------------------- */

static const char *
copy_text(Arena *arena, const char *text)
{
    return text != NULL ? arena_strndup(arena, text, strlen(text)) : NULL;
}

/* 'n' is 0 where a single word stands in place of the list. */
static ConfigList
copy_list(Arena *arena, char *const *list, uint32_t n)
{
    ConfigList copy = {.n = n};
    const char *word;

    if (list != NULL && n == 0) {
        memcpy(&word, &list, sizeof(word));
        copy.at = ARENA_ARRAY(arena, const char *, 1);
        copy.at[copy.n++] = copy_text(arena, word);
    }
    else if (list != NULL) {
        copy.at = ARENA_ARRAY(arena, const char *, n + 1);
        for (uint32_t i = 0; i < n; i++) {
            copy.at[i] = copy_text(arena, list[i]);
        }
    }
    return copy;
}

/* The word that the number stands for; NULL for 0. */
static const char *
word_for(const cyaml_strval_t *words, size_t n, int number)
{
    for (size_t i = 0; i < n; i++) {
        if (words[i].val == number) {
            return words[i].str;
        }
    }
    return NULL;
}

static void
copy_levels(Arena *arena, const int *rules, ConfigFile *out)
{
    const char *const *names = rule_names(arena);
    VEC(RuleLevel) list = {0};

    for (uint32_t i = 0; rules != NULL && names[i] != NULL; i++) {
        if (rules[i] != 0) {
            VEC_PUSH(arena, &list, (RuleLevel){.id = names[i], .level = rules[i] - 2});
        }
    }
    out->levels = list.at;
    out->nlevels = list.n;
}

static void
copy_config(Arena *arena, const RawConfig *raw, ConfigFile *out)
{
    out->database = copy_text(arena, raw->database);
    out->baseline = copy_text(arena, raw->baseline);
    out->link = copy_text(arena, raw->link);
    out->profile = word_for(profiles, COUNT_OF(profiles), raw->profile);
    out->reach = word_for(reaches, COUNT_OF(reaches), raw->reach);
    out->confidence = word_for(confidences, COUNT_OF(confidences), raw->confidence);
    out->skip_generated = raw->skip_generated - 1;
    out->require_reason = raw->require_reason - 1;
    out->paths = copy_list(arena, raw->paths, raw->paths_count);
    out->skip = copy_list(arena, raw->skip, raw->skip_count);
    out->fail_on = copy_list(arena, raw->fail_on, raw->fail_on_count);
    out->models = copy_list(arena, raw->models, raw->models_count);
    out->python = copy_list(arena, raw->python, raw->python_count);
    copy_levels(arena, raw->rules, out);
}

/* Where the list that is complained about is, one word is read next time; false when there
 * is no such list. */
static bool
take_one_word(cyaml_schema_field_t *top, Complaints *c)
{
    static const cyaml_schema_field_t word = STRING("", link);

    for (size_t i = 0; c->what != NULL && c->field != NULL && top[i].key != NULL; i++) {
        if (text_starts(c->what, "Expecting SEQUENCE") && text_equal(top[i].key, c->field)
            && top[i].value.type == CYAML_SEQUENCE) {
            const char *key = top[i].key;
            uint32_t offset = top[i].data_offset;

            top[i] = word;
            top[i].key = key;
            top[i].data_offset = offset;
            *c = (Complaints){.arena = c->arena, .list = key};
            return true;
        }
    }
    return false;
}

bool
config_read(Arena *arena, const char *name, const char *text, ConfigFile *out, Error *error)
{
    cyaml_schema_field_t top[COUNT_OF(fields)];
    cyaml_schema_value_t schema;
    Complaints complaints = {.arena = arena};
    cyaml_config_t config = {.log_fn = on_log, .log_ctx = &complaints, .mem_fn = cyaml_mem,
                             .log_level = CYAML_LOG_WARNING, .flags = CYAML_CFG_NO_ALIAS};
    RawConfig *raw = NULL;
    cyaml_err_t code;

    memcpy(top, fields, sizeof(fields));
    schema = make_schema(arena, top);
    *out = (ConfigFile){.name = name, .text = text, .skip_generated = -1, .require_reason = -1};
    do {
        code = cyaml_load_data((const uint8_t *)text, strlen(text), &config, &schema,
                               (cyaml_data_t **)&raw, NULL);
    } while (code != CYAML_OK && take_one_word(top, &complaints));
    if (code != CYAML_OK) {
        return complain(arena, &complaints, name, text, code, error);
    }
    if (raw != NULL) {
        copy_config(arena, raw, out);
        cyaml_free(&config, &schema, raw, 0);
    }
    return !complaints.more_documents
           || error_set(error, ERROR_USAGE, "%s:1:1: more than one YAML document; only one is read",
                        name);
}

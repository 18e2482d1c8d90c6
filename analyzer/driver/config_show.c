/* config_show.c: strayref config: the configuration in force, key by key, and where each value
 * comes from.
 */
#include "driver/config.h"

#include <string.h>

static const char *
or_default(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

/* "[a, b]"; paths as the user would write them. */
static const char *
list_text(Arena *arena, const char *const *list, uint32_t n, bool paths)
{
    StrBuf out;

    strbuf_init(&out, arena);
    strbuf_putc(&out, '[');
    for (uint32_t i = 0; i < n; i++) {
        const char *word = paths ? path_shown(arena, list[i]) : list[i];
        const char *quote = strpbrk(word, "*&!|>%@`\"{}[],#:?") != NULL ? "'" : "";

        strbuf_printf(&out, "%s%s%s%s", i > 0 ? ", " : "", quote, word, quote);
    }
    strbuf_putc(&out, ']');
    return out.text;
}

static const char *
pythons_text(Arena *arena, const Options *o)
{
    StrBuf out;

    if (o->npythons == 0) {
        return "that of the headers";
    }
    strbuf_init(&out, arena);
    for (uint32_t i = 0; i < o->npythons; i++) {
        strbuf_printf(&out, "%s%s", i > 0 ? ", " : "[", version_text(arena, o->pythons[i]));
    }
    strbuf_putc(&out, ']');
    return out.text;
}

/* "{leak: error}"; with --rule the rules that it names. */
static const char *
rules_text(Arena *arena, const Options *o)
{
    StrBuf out;

    strbuf_init(&out, arena);
    for (uint32_t i = 0; i < o->nlevels; i++) {
        int level = o->levels[i].level;

        strbuf_printf(&out, "%s%s: %s", i > 0 ? ", " : "{", o->levels[i].id,
                      level == LEVEL_OFF ? "off" : severity_text((Severity)level));
    }
    return o->nlevels > 0 ? arena_printf(arena, "%s}", out.text) : "each at its own level";
}

/* The value of a setting as text. */
static const char *
value_text(Arena *arena, const Options *o, Setting setting)
{
    switch (setting) {
    case SETTING_DATABASE:
        return o->database != NULL ? path_shown(arena, o->database) : "looked for";
    case SETTING_PATHS:
        return list_text(arena, o->only, o->nonly, false);
    case SETTING_SKIP:
        return list_text(arena, o->skip, o->nskip, false);
    case SETTING_SKIP_GENERATED:
        return o->keep_generated ? "false" : "true";
    case SETTING_RULES:
        return rules_text(arena, o);
    case SETTING_PROFILE:
        return or_default(o->profile, "default");
    case SETTING_REACH:
        return o->reach < 0 ? "that of the profile" : reach_word((Reach)o->reach);
    case SETTING_CONFIDENCE:
        return o->confidence < 0 ? "that of the profile"
                                 : confidence_text((Confidence)o->confidence);
    case SETTING_FAIL_ON:
        return o->nfail_on == 0 ? "any finding" : list_text(arena, o->fail_on, o->nfail_on, false);
    case SETTING_REQUIRE_REASON:
        return o->require_reason ? "true" : "false";
    case SETTING_BASELINE:
        return o->baseline != NULL ? path_shown(arena, o->baseline) : "none";
    case SETTING_MODELS:
        return list_text(arena, o->models, o->nmodels, true);
    case SETTING_PYTHON:
        return pythons_text(arena, o);
    case SETTING_LINK:
        return or_default(o->link, "none");
    case SETTING_COUNT:
        break;
    }
    return "";
}

int
command_config(Arena *arena, const Options *options)
{
    printf("# %s\n", options->config != NULL && !options->no_config ? path_shown(arena, options->config)
                                                          : "no configuration file");
    for (int i = 0; i < SETTING_COUNT; i++) {
        const char *left = arena_printf(arena, "%s: %s", config_keys[i],
                                        value_text(arena, options, (Setting)i));

        printf("%-40s  # %s\n", left, or_default(options->source[i], "default"));
    }
    return EXIT_CLEAN;
}

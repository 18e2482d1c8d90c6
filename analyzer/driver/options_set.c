/* options_set.c: one option of the command line, its value checked -> Options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/options.h"
#include "engine/rule.h"

#define MAX_PYTHONS 16
/* The versions that the facts are written for. */
#define FIRST_PYTHON 308
#define LAST_PYTHON 315

/* A whole number in 1..max, for the option called 'name'. */
static bool
parse_number(const char *text, uint32_t max, const char *name, uint32_t *out, Error *error)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 1 || value > max) {
        return error_set(error, ERROR_USAGE, "%s %s: expected a whole number from 1 to %u",
                         name, text, max);
    }
    *out = (uint32_t)value;
    return true;
}

static bool
check_format(Arena *arena, const char *name, Error *error)
{
    const char *const *names = format_names(arena);

    return report_format_find(name) != NULL ||
           error_set(error, ERROR_USAGE, "--format %s: no such format%s; there are: %s", name,
                     name_hint(arena, name, names), name_list(arena, names));
}

static bool
check_rule(Arena *arena, const char *option, const char *name, Error *error)
{
    const char *const *names = rule_names(arena);

    return rule_find(name) != NULL ||
           error_set(error, ERROR_USAGE, "%s %s: no such rule%s; there are: %s", option, name,
                     name_hint(arena, name, names), name_list(arena, names));
}

static bool
check_color(const char *when, Error *error)
{
    return text_equal(when, "auto") || text_equal(when, "always") ||
           text_equal(when, "never") ||
           error_set(error, ERROR_USAGE, "--color %s: expected auto, always or never", when);
}

bool
pythons_set(Arena *arena, const char *where, const char *text, Options *options, Error *error)
{
    VEC(Version) versions = {0};

    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        Version version = version_parse(arena_strndup(arena, at, length));

        if (version == 0) {
            return error_set(error, ERROR_USAGE, "%s %s: not a version of Python; write "
                             "it as 3.12, several as 3.9,3.12", where, text);
        }
        if (version < FIRST_PYTHON || version > LAST_PYTHON) {
            return error_set(error, ERROR_USAGE, "%s %s: nothing is known of Python %s; expected "
                             "%s to %s", where, text, version_text(arena, version),
                             version_text(arena, FIRST_PYTHON), version_text(arena, LAST_PYTHON));
        }
        for (uint32_t i = 0; i < versions.n; i++) {
            if (versions.at[i] == version) {
                return error_set(error, ERROR_USAGE, "%s %s: the same version twice", where,
                                 text);
            }
        }
        VEC_PUSH(arena, &versions, version);
        at += length;
        if (*at == '\0') {
            break;
        }
    }
    options->python = versions.at[0];
    options->pythons = versions.at;
    options->npythons = versions.n;
    return versions.n <= MAX_PYTHONS
           || error_set(error, ERROR_USAGE, "%s %s: expected %d versions at most", where,
                        text, MAX_PYTHONS);
}

static bool
set_dump(const char *what, Options *options, Error *error)
{
    if (options->dump != NULL && !text_equal(options->dump, what)) {
        return error_set(error, ERROR_USAGE, "dump shows one thing at a time: "
                         "--%s or --%s", options->dump, what);
    }
    options->dump = what;
    return true;
}

/* One of a few words that stand for numbers. */
static bool
set_word(const char *option, const char *value, int (*parse)(const char *), const char *words,
         int *out, Error *error)
{
    *out = parse(value);
    return *out >= 0 || error_set(error, ERROR_USAGE, "%s %s: expected %s", option, value, words);
}

/* "2/4": part 2 of 4, the first is 1. */
static bool
set_part(const char *option, const char *value, uint32_t *part, uint32_t *parts, Error *error)
{
    unsigned first = 0, n = 0;
    int length = 0;

    if (sscanf(value, "%6u/%6u%n", &first, &n, &length) != 2 || value[length] != '\0'
        || first < 1 || first > n) {
        return error_set(error, ERROR_USAGE, "%s %s: expected I/N, such as 1/4", option, value);
    }
    *part = first - 1;
    *parts = n;
    return true;
}

/* The setting of the configuration file that the option overrides, or SETTING_COUNT. */
static Setting
setting_of(int id)
{
    switch (id) {
    case 'p':
        return SETTING_DATABASE;
    case OPT_PROFILE:
        return SETTING_PROFILE;
    case OPT_REACH:
        return SETTING_REACH;
    case OPT_CONFIDENCE:
        return SETTING_CONFIDENCE;
    case OPT_FAIL_ON:
        return SETTING_FAIL_ON;
    case OPT_REQUIRE_REASON:
        return SETTING_REQUIRE_REASON;
    case OPT_BASELINE:
        return SETTING_BASELINE;
    case OPT_MODEL:
        return SETTING_MODELS;
    case OPT_PYTHON:
        return SETTING_PYTHON;
    case OPT_LINK:
        return SETTING_LINK;
    case OPT_RULE:
        return SETTING_RULES;
    default:
        return SETTING_COUNT;
    }
}

/* The options that say what dump shows. */
static bool
set_dump_option(int id, Options *options, Error *error)
{
    switch (id) {
    case OPT_IR:
        return set_dump("ir", options, error);
    case OPT_CFG:
        return set_dump("cfg", options, error);
    default:
        assert(id == OPT_SUMMARY);
        return set_dump("summary", options, error);
    }
}

/* The options that decide what is shown and what makes a scan fail. */
static bool
set_gate_option(Arena *arena, int id, const char *value, Options *options, Error *error)
{
    switch (id) {
    case OPT_EXCLUDE_RULE:
        options->excluded[options->nexcluded++] = value;
        return check_rule(arena, "--exclude-rule", value, error);
    case OPT_PROFILE:
        options->profile = value;
        return profile_check(arena, "--profile", value, error);
    case OPT_REACH:
        return set_word("--reach", value, reach_parse,
                        "ordinary, error, init, oom, protocol or all", &options->reach, error);
    case OPT_CONFIDENCE:
        return set_word("--confidence", value, confidence_parse, "high, medium or low",
                        &options->confidence, error);
    case OPT_FAIL_ON:
        options->fail_on[options->nfail_on++] = value;
        return fail_on_check(arena, "--fail-on", value, error);
    case OPT_REQUIRE_REASON:
        options->require_reason = true;
        return true;
    case OPT_BASELINE:
        options->baseline = value;
        return true;
    case OPT_BASE:
        options->base = value;
        return true;
    case OPT_DIFF:
        options->diff = value;
        return true;
    case OPT_CONFIG:
        options->config = value;
        return true;
    case OPT_NO_CONFIG:
        options->no_config = true;
        return true;
    case OPT_CACHE:
        options->cache = value;
        return true;
    case OPT_NO_CACHE:
        options->no_cache = true;
        return true;
    case OPT_STORE:
        options->store = value;
        return true;
    case OPT_SHARD:
        return set_part("--shard", value, &options->share.shard, &options->share.shards, error);
    case OPT_ROUND:
        return set_part("--round", value, &options->share.round, &options->share.rounds, error);
    case OPT_NINJA:
        options->scheduler = "ninja";
        return true;
    case OPT_SLURM:
        options->scheduler = "slurm";
        return true;
    case OPT_TASKS:
        return parse_number(value, 100000, "--tasks", &options->tasks, error);
    default:
        return set_dump_option(id, options, error);
    }
}

bool
option_set(Arena *arena, int id, const char *value, Options *options, Error *error)
{
    Setting setting = setting_of(id);

    if (setting != SETTING_COUNT) {
        options->source[setting] = "command line";
    }
    switch (id) {
    case 'p':
        options->database = value;
        return true;
    case 'o':
        options->outputs[options->noutputs++] = value;
        return true;
    case 'j':
        return parse_number(value, 1024, "--jobs", &options->workers, error);
    case 'v':
        options->verbose = true;
        return true;
    case OPT_FORMAT:
        options->format = value;
        return check_format(arena, value, error);
    case OPT_LINK:
        options->link = value;
        return true;
    case OPT_SUMMARY_FILE:
        options->summary = value;
        return true;
    case OPT_RULE:
        options->rules[options->nrules++] = value;
        return check_rule(arena, "--rule", value, error);
    case OPT_MODEL:
        options->models[options->nmodels++] = value;
        return true;
    case OPT_PYTHON:
        return pythons_set(arena, "--python", value, options, error);
    case OPT_TIMEOUT:
        return parse_number(value, 86400, "--timeout", &options->timeout, error);
    case OPT_UNKNOWN:
        options->unknown = true;
        return true;
    case OPT_NO_OVERLAY:
        options->no_overlay = true;
        return true;
    case OPT_NO_PREAMBLE:
        options->no_preamble = true;
        return true;
    case OPT_COLOR:
        options->color = value;
        return check_color(value, error);
    case OPT_BLESS:
        options->bless = true;
        return true;
    case OPT_STATS:
        options->stats = true;
        return true;
    case OPT_FIXES:
        options->fixes = true;
        return true;
    case OPT_DRY_RUN:
        options->dry_run = true;
        return true;
    default:
        return set_gate_option(arena, id, value, options, error);
    }
}

/* select.c: which of the findings are shown, at which level, and which make a scan fail.
 *
 * What the user asked not to see by the name of its rule is gone; what is below a threshold
 * is set aside and counted, so that reports can say how much there is.
 */
#include <string.h>

#include "driver/gate.h"
#include "engine/engine.h"

/* What a profile shows. */
typedef struct Profile {
    const char *name;
    Reach reach;           /* and what is reached more easily */
    Confidence confidence; /* and what is concluded more surely */
    Severity severity;     /* and what is worse */
    bool on_request;       /* also the rules that speak on request */
} Profile;

static const Profile profiles[] = {
    {"default", REACH_INIT, CONFIDENCE_MEDIUM, SEVERITY_NOTE, false},
    {"strict", REACH_PROTOCOL, CONFIDENCE_LOW, SEVERITY_NOTE, false},
    {"crash-only", REACH_INIT, CONFIDENCE_MEDIUM, SEVERITY_ERROR, false},
    {"free-threading", REACH_INIT, CONFIDENCE_MEDIUM, SEVERITY_NOTE, true},
};

/* ---- words -------------------------------------------------------------------------- */

int
reach_parse(const char *word)
{
    for (int i = 0; i < REACH_COUNT; i++) {
        if (text_equal(word, reach_word((Reach)i))) {
            return i;
        }
    }
    return text_equal(word, REACH_ALL) ? REACH_COUNT - 1 : -1;
}

int
confidence_parse(const char *word)
{
    for (int i = 0; i < CONFIDENCE_COUNT; i++) {
        if (text_equal(word, confidence_text((Confidence)i))) {
            return i;
        }
    }
    return -1;
}

int
severity_parse(const char *word)
{
    for (int i = SEVERITY_ERROR; i <= SEVERITY_NOTE; i++) {
        if (text_equal(word, severity_text((Severity)i))) {
            return i;
        }
    }
    return -1;
}

static const Profile *
find_profile(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        if (text_equal(profiles[i].name, name)) {
            return &profiles[i];
        }
    }
    return NULL;
}

static const Profile *
profile_of(const Options *options)
{
    return find_profile(options->profile != NULL ? options->profile : "default");
}

bool
profile_check(Arena *arena, const char *where, const char *name, Error *error)
{
    static const char *const names[] = {"default", "strict", "crash-only",
                                        "free-threading", NULL};

    return find_profile(name) != NULL
           || error_set(error, ERROR_USAGE, "%s %s: no such profile%s; there are: %s", where, name,
                        name_hint(arena, name, names), name_list(arena, names));
}

/* ---- what makes a scan fail ----------------------------------------------------------- */

/* One condition of --fail-on, such as "reach=error". */
typedef struct Condition {
    const char *key;   /* "rule", "reach", "confidence", "level" or "never" */
    const char *value;
    int limit;         /* for the latter three: the highest number that fulfils it */
} Condition;

/* Reads one condition up to a comma or the end; its key is NULL when it is none. */
static Condition
read_condition(Arena *arena, const char **at)
{
    size_t length = strcspn(*at, ",");
    char *text = arena_strndup(arena, *at, length);
    char *equals = strchr(text, '=');
    Condition c = {.key = text, .value = equals != NULL ? equals + 1 : text};

    *at += length + ((*at)[length] == ',' ? 1 : 0);
    if (equals == NULL) {
        c.limit = severity_parse(text);
        c.key = text_equal(text, "never") ? text : c.limit >= 0 ? "level" : NULL;
        return c;
    }
    *equals = '\0';
    c.limit = text_equal(text, "reach") ? reach_parse(c.value)
              : text_equal(text, "confidence") ? confidence_parse(c.value)
              : text_equal(text, "rule") && rule_known(c.value) ? 0 : -1;
    c.key = c.limit >= 0 ? text : NULL;
    return c;
}

bool
fail_on_check(Arena *arena, const char *where, const char *spec, Error *error)
{
    const char *at = spec;

    do {
        const char *start = at;
        Condition c = read_condition(arena, &at);

        if (c.key == NULL) {
            const char *hint = text_starts(start, "rule=")
                                   ? name_hint(arena, c.value, rule_names(arena)) : "";

            return error_set(error, ERROR_USAGE, "%s %s: expected error, warning, note, rule=ID, "
                             "reach=WORD, confidence=WORD or never, several joined by commas%s",
                             where, spec, hint);
        }
    } while (*at != '\0');
    return true;
}

static bool
holds(const Condition *c, const Finding *finding)
{
    if (text_equal(c->key, "level")) {
        return (int)finding->rule->severity <= c->limit;
    }
    if (text_equal(c->key, "reach")) {
        return (int)finding->reach <= c->limit;
    }
    if (text_equal(c->key, "confidence")) {
        return (int)finding->confidence <= c->limit;
    }
    return text_equal(c->key, "rule") && text_equal(c->value, finding->rule->id);
}

/* True when all conditions of the specification hold. */
static bool
fulfils(Arena *arena, const char *spec, const Finding *finding)
{
    bool all = true;

    do {
        Condition c = read_condition(arena, &spec);

        all = all && holds(&c, finding);
    } while (*spec != '\0');
    return all;
}

bool
select_fails(const Options *options, const Finding *finding)
{
    bool fails = options->nfail_on == 0;
    Arena *arena;

    if (finding->suppressed != NULL || finding->known) {
        return false;
    }
    arena = arena_new();
    for (uint32_t i = 0; i < options->nfail_on && !fails; i++) {
        fails = fulfils(arena, options->fail_on[i], finding);
    }
    arena_free(arena);
    return fails;
}

/* ---- what is shown ---------------------------------------------------------------------- */

static bool
is_among(const char *id, const char *const *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (text_equal(list[i], id)) {
            return true;
        }
    }
    return false;
}

static const RuleLevel *
level_of(const Options *options, const char *id)
{
    for (uint32_t i = 0; i < options->nlevels; i++) {
        if (text_equal(options->levels[i].id, id)) {
            return &options->levels[i];
        }
    }
    return NULL;
}

/* True when the finding's rule is wanted: a rule named on the command line counts before
 * the configuration file. */
static bool
rule_wanted(const Options *options, const char *id)
{
    const RuleLevel *level = level_of(options, id);

    if (is_among(id, options->excluded, options->nexcluded)) {
        return false;
    }
    if (options->nrules > 0) {
        return is_among(id, options->rules, options->nrules);
    }
    return level == NULL || level->level != LEVEL_OFF;
}

/* True when the user has named the rule: to see it alone, or to give it a level. */
static bool
is_asked_for(const Options *options, const char *id)
{
    return is_among(id, options->rules, options->nrules) || level_of(options, id) != NULL;
}

/* True unless the rule speaks on request, nobody has asked for it, and no module says that it
 * needs no GIL. */
static bool
rule_is_due(const Options *options, const Finding *finding, const NoGil *nogil)
{
    return !finding->rule->on_request || is_asked_for(options, finding->rule->id)
           || profile_of(options)->on_request
           || threads_is_declared(nogil, finding->loc.file);
}

/* Gives the finding's rule the level of the configuration file. */
static void
set_level(Arena *arena, const Options *options, Finding *finding)
{
    const RuleLevel *level = level_of(options, finding->rule->id);

    if (level != NULL && level->level != LEVEL_OFF
        && (int)finding->rule->severity != level->level) {
        RuleInfo *info = arena_copy(arena, finding->rule, sizeof(RuleInfo));

        info->severity = (Severity)level->level;
        finding->rule = info;
    }
}

static int
least_confidence(const Options *options)
{
    return options->confidence >= 0 ? options->confidence : (int)profile_of(options)->confidence;
}

/* How surely the finding is concluded: not at all surely where its rule is often wrong, unless it is
 * that rule that was asked for. */
static Confidence
sureness(const Options *options, const Finding *finding)
{
    bool often_wrong = finding->rule->precision == PRECISION_LOW;

    return often_wrong && !is_asked_for(options, finding->rule->id) ? CONFIDENCE_LOW
                                                                    : finding->confidence;
}

void
select_apply(Scan *scan, const Options *options)
{
    const Profile *profile = profile_of(options);
    int reach = options->reach >= 0 ? options->reach : (int)profile->reach;
    int confidence = least_confidence(options);
    NoGil nogil = threads_declared(scan->arena, scan->program);
    RunResult *run = &scan->result;
    uint32_t n = 0;

    scan->hidden.n = 0;
    for (uint32_t i = 0; i < run->nfindings; i++) {
        Finding *finding = run->findings[i];

        if (!rule_wanted(options, finding->rule->id) || !rule_is_due(options, finding, &nogil)) {
            continue;
        }
        set_level(scan->arena, options, finding);
        if (finding->rule->severity > profile->severity) {
            continue;
        }
        if ((int)finding->reach > reach || (int)sureness(options, finding) > confidence) {
            VEC_PUSH(scan->arena, &scan->hidden, finding);
            continue;
        }
        run->findings[n++] = finding;
    }
    run->nfindings = n;
}

void
select_count(Scan *scan, const Options *options)
{
    int confidence = least_confidence(options);
    RunResult *run = &scan->result, hidden = {.arena = scan->arena};

    hidden.findings = scan->hidden.at;
    hidden.nfindings = scan->hidden.n;
    group_findings(&hidden, !options->fixes);
    memset(run->nhidden, 0, sizeof(run->nhidden));
    memset(run->nunsure, 0, sizeof(run->nunsure));
    for (uint32_t i = 0; i < hidden.nfindings; i++) {
        const Finding *finding = hidden.findings[i];

        if (finding->suppressed == NULL && !finding->known) {
            ++*((int)sureness(options, finding) > confidence ? &run->nunsure[finding->reach]
                                                      : &run->nhidden[finding->reach]);
        }
    }
}

/* fix_try.c: finds out which proposals hold: each is made in memory, the file is analysed
 * again, and only when its finding is gone and nothing new has come it is taken.
 *
 * Attempts in different functions are tried in one run.  A probe in front of a release asks
 * the engine whether the variable can be NULL there.
 */
#include "driver/fix.h"

#include <string.h>

enum { MAX_ROUNDS = 24 };

/* One run over all attempts. */
typedef struct Trial {
    Bench *bench;
    Attempt *attempts;
    uint32_t n;
    Changes all;          /* of all attempts that have not failed */
    Source *changed;      /* the text with them */
    FixRun run;
    bool whole;           /* all functions of the file are looked at */
    bool stray;           /* trouble in a function that no attempt is about */
} Trial;

/* ---- proposals ------------------------------------------------------------------------- */

static bool
propose(Bench *bench, const Finding *finding, uint32_t way, Proposal *out)
{
    FixCase fix = {.arena = bench->lab.arena, .source = bench->source, .finding = finding,
                   .python = bench->python};

    *out = (Proposal){0};
    return fix_open(&fix) && fix_ways(finding->rule->id)[way](&fix, out)
           && out->changes.list.n > 0;
}

/* Goes on to the next way that applies. */
static void
next_way(Bench *bench, Attempt *attempt)
{
    const Finding *finding = bench->known.list.at[attempt->target].finding;
    const FixWay *ways = fix_ways(finding->rule->id);
    Proposal proposal;

    while (ways[attempt->way] != NULL) {
        if (propose(bench, finding, attempt->way++, &proposal)) {
            attempt->changes = proposal.changes;
            attempt->title = proposal.title;
            attempt->macro = proposal.macro;
            attempt->state = ATTEMPT_OPEN;
            return;
        }
    }
    attempt->changes = (Changes){0};
    attempt->state = ATTEMPT_FAILED;
}

/* Adds changes for what is left of the finding; false when there is no way. */
static bool
extend(Bench *bench, Attempt *attempt)
{
    const FixWay *ways = fix_ways(attempt->left->rule->id);
    Proposal proposal;

    if (propose(bench, attempt->left, attempt->way - 1, &proposal)
        && changes_merge(bench->lab.arena, &attempt->changes, &proposal.changes)) {
        return true;
    }
    for (uint32_t way = 0; ways[way] != NULL; way++) {
        if (propose(bench, attempt->left, way, &proposal)
            && changes_merge(bench->lab.arena, &attempt->changes, &proposal.changes)) {
            return true;
        }
    }
    return false;
}

bool
attempt_open(Bench *bench, Attempt *attempt, uint32_t target)
{
    const Finding *finding = bench->known.list.at[target].finding;
    FixCase fix = {.arena = bench->lab.arena, .source = bench->source, .finding = finding};

    *attempt = (Attempt){.target = target, .state = ATTEMPT_FAILED,
                         .why = "there is no local change for it"};
    if (text_equal(finding->rule->id, "null-reference")) {
        attempt->why = "no way out by a failure value is certain, and to skip the use would "
                       "go on with an exception set";
    }
    if (!fix_open(&fix)) {
        attempt->why = finding->loc.macro != NULL ? "it stands in a macro"
                                                  : "its place in the text is not clear";
        return false;
    }
    if (fix_is_meant(&fix)) {
        attempt->why = "a comment says that it is meant so";
        return false;
    }
    attempt->function = fix.shape->name;
    attempt->first = fix.source->tokens.at[fix.shape->first].start;
    attempt->last = fix.source->tokens.at[fix.shape->close].end;
    next_way(bench, attempt);
    return attempt->state == ATTEMPT_OPEN;
}

/* ---- one run ----------------------------------------------------------------------------- */

/* Analyses the text with the changes of all attempts that have not failed. */
static bool
look(Trial *trial, bool probing)
{
    Bench *bench = trial->bench;
    const char **names = ARENA_ARRAY(bench->lab.arena, const char *, trial->n + 1);
    FixText text = {.functions = names};
    bool whole = trial->whole;

    trial->all = (Changes){0};
    trial->stray = false;
    for (uint32_t i = 0; i < trial->n; i++) {
        Attempt *attempt = &trial->attempts[i];

        attempt->trouble = attempt->left = NULL;
        attempt->doubt = NULL;
        attempt->altered = false;
        if (attempt->state == ATTEMPT_FAILED) {
            continue;
        }
        if (!changes_merge(bench->lab.arena, &trial->all, &attempt->changes)) {
            attempt->why = "it collides with another";
            attempt->state = ATTEMPT_FAILED;
            continue;
        }
        names[text.nfunctions++] = attempt->function;
        whole = whole || attempt->macro != NULL;
    }
    if (whole) {
        text.functions = NULL;
        text.nfunctions = 0;
    }
    text.text = changes_apply(bench->lab.arena, bench->source, &trial->all, probing,
                              &text.length);
    trial->changed = source_new(bench->lab.arena, bench->lab.path, text.text, text.length);
    return fix_analyse(&bench->lab, &text, &trial->run);
}

/* The attempt whose function holds the offset of the old text. */
static Attempt *
attempt_at(const Trial *trial, uint32_t offset)
{
    for (uint32_t i = 0; i < trial->n; i++) {
        Attempt *attempt = &trial->attempts[i];

        if (attempt->state != ATTEMPT_FAILED && attempt->first <= offset
            && offset <= attempt->last) {
            return attempt;
        }
    }
    return NULL;
}

/* Makes the change, and those that go with it, serve for NULL. */
static void
alter(Attempt *attempt, const Change *change)
{
    for (uint32_t i = 0; i < attempt->changes.list.n; i++) {
        Change *one = &attempt->changes.list.at[i];
        bool hit = one->start == change->start && text_equal(one->text, change->text);

        if ((hit || one->text[0] == '\0') && one->nullable != NULL) {
            one->text = one->nullable;
            one->nullable = NULL;
            one->probe = NULL;
            attempt->altered = true;
        }
    }
}

static void
hear_answer(Attempt *attempt, const Change *change, const Finding *answer)
{
    if (text_equal(answer->object, "reachable")) {
        alter(attempt, change);
    }
    else {
        attempt->doubt = answer->message;
    }
}

/* A probe in a macro answers where the macro is used.  Whether an object is owned is asked
 * where the finding is; what the macro does elsewhere brings a finding if it is wrong. */
static void
hear_macro(Trial *trial, const Finding *answer)
{
    for (uint32_t i = 0; i < trial->n; i++) {
        Attempt *attempt = &trial->attempts[i];
        bool heard = attempt->state != ATTEMPT_FAILED
                     && text_equal(attempt->macro, answer->loc.macro)
                     && (text_equal(answer->object, "reachable")
                         || text_equal(attempt->function, answer->function));

        for (uint32_t k = 0; heard && k < attempt->changes.list.n; k++) {
            Change change = attempt->changes.list.at[k];

            if (change.probe != NULL) {
                hear_answer(attempt, &change, answer);
            }
        }
    }
}

/* A probe has an answer: the variable may be NULL, or not the function's to release. */
static void
hear_probe(Trial *trial, const Finding *answer)
{
    uint32_t at = source_offset(trial->changed, answer->loc.line, answer->loc.col);

    if (answer->loc.macro != NULL) {
        hear_macro(trial, answer);
    }
    for (uint32_t i = 0; i < trial->all.list.n; i++) {
        const Change *change = &trial->all.list.at[i];
        Attempt *attempt = attempt_at(trial, change->start);

        if (change->probe != NULL && change->landed <= at && at < change->landed_end
            && attempt != NULL) {
            hear_answer(attempt, change, answer);
        }
    }
}

static void
hear_errors(Trial *trial)
{
    for (uint32_t i = 0; i < trial->run.errors.n; i++) {
        const Message *message = trial->run.errors.at[i];
        Attempt *attempt = NULL;
        Finding *trouble = ARENA_NEW(trial->bench->lab.arena, Finding);

        if (text_equal(message->loc.file, trial->bench->lab.path)) {
            attempt = attempt_at(trial, changes_back(&trial->all,
                                 source_offset(trial->changed, message->loc.line,
                                               message->loc.col)));
        }
        trouble->message = message->text;
        if (attempt != NULL) {
            attempt->trouble = trouble;
        }
        else {
            trial->stray = true;
        }
    }
}

/* A finding that is not among the known ones. */
static void
hear_new(Trial *trial, Finding *finding)
{
    const Bench *bench = trial->bench;
    Attempt *attempt = NULL;

    if (text_equal(finding->loc.file, bench->lab.path)) {
        attempt = attempt_at(trial, source_offset(bench->source, finding->loc.line,
                                                  finding->loc.col));
    }
    if (attempt == NULL) {
        trial->stray = true;
    }
    else if (known_remains(bench->known.list.at[attempt->target].finding, finding)) {
        attempt->left = finding;
    }
    else {
        attempt->trouble = finding;
    }
}

/* The finding that the attempt in its function is about, NO_STMT when there is none. */
static uint32_t
target_near(const Trial *trial, const Finding *finding)
{
    Attempt *attempt = attempt_at(trial, source_offset(trial->bench->source, finding->loc.line,
                                                       finding->loc.col));

    return attempt == NULL ? NO_STMT : attempt->target;
}

static void
hear(Trial *trial)
{
    Bench *bench = trial->bench;

    hear_errors(trial);
    known_start(&bench->known);
    for (uint32_t i = 0; i < trial->run.nfindings; i++) {
        const Finding *now = trial->run.findings[i];
        Finding *finding;

        if (text_equal(now->rule->id, "engine")) {
            hear_probe(trial, now);
            continue;
        }
        finding = known_back(bench->lab.arena, now, trial->changed, bench->source, &trial->all);
        if (known_match(&bench->known, finding, target_near(trial, finding)) == NO_STMT) {
            hear_new(trial, finding);
        }
    }
}

/* ---- rounds -------------------------------------------------------------------------------- */

static void
judge(Bench *bench, Attempt *attempt, bool spoilt)
{
    if (attempt->state == ATTEMPT_FAILED) {
        return;
    }

    bool doubtful = attempt->doubt != NULL;

    if (attempt->altered) {
        attempt->state = ATTEMPT_OPEN; /* first see what that does */
    }
    else if (attempt->trouble != NULL && !doubtful && !spoilt
             && exit_release(bench, &attempt->changes, attempt->trouble)) {
        attempt->state = ATTEMPT_OPEN;
        attempt->why = "what is held at the new exit cannot be released";
    }
    else if (attempt->trouble != NULL || doubtful || spoilt) {
        attempt->why = attempt->trouble != NULL
                           ? arena_printf(bench->lab.arena, "what was tried brings: %s",
                                          attempt->trouble->message)
                       : doubtful
                           ? arena_printf(bench->lab.arena, "where it could be changed, %s "
                                          "on some path", attempt->doubt)
                           : "what was tried brings findings in other functions";
        next_way(bench, attempt);
    }
    else if (attempt->left != NULL) {
        attempt->state = ATTEMPT_OPEN;
        attempt->why = "it is left on some path";
        if (!extend(bench, attempt)) {
            next_way(bench, attempt);
        }
    }
    else {
        attempt->state = ATTEMPT_HOLDS;
    }
}

static bool
any(const Attempt *attempts, uint32_t n, AttemptState state)
{
    for (uint32_t i = 0; i < n; i++) {
        if (attempts[i].state == state) {
            return true;
        }
    }
    return false;
}

static void
fail_all(Attempt *attempts, uint32_t n, const char *why)
{
    for (uint32_t i = 0; i < n; i++) {
        if (attempts[i].state != ATTEMPT_FAILED) {
            attempts[i].state = ATTEMPT_FAILED;
            attempts[i].why = why;
        }
    }
}

/* Runs until each attempt holds or has failed, with probes. */
static void
run_rounds(Bench *bench, Attempt *attempts, uint32_t n)
{
    Trial trial = {.bench = bench, .attempts = attempts, .n = n};

    for (int round = 0; round < MAX_ROUNDS && any(attempts, n, ATTEMPT_OPEN); round++) {
        if (!look(&trial, true)) {
            fail_all(attempts, n, "the changed file cannot be parsed");
            return;
        }
        hear(&trial);
        if (trial.stray && n > 1) {
            for (uint32_t i = 0; i < n; i++) {
                run_rounds(bench, &attempts[i], 1); /* one by one */
            }
            return;
        }
        for (uint32_t i = 0; i < n; i++) {
            judge(bench, &attempts[i], trial.stray);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        if (attempts[i].state == ATTEMPT_OPEN) {
            attempts[i].state = ATTEMPT_FAILED;
        }
    }
}

/* Runs without probes; what does not hold then has failed.  True when all hold together. */
static bool
confirm(Bench *bench, Attempt *attempts, uint32_t n)
{
    Trial trial = {.bench = bench, .attempts = attempts, .n = n, .whole = bench->together};
    bool good = true;

    if (!look(&trial, false)) {
        fail_all(attempts, n, "the changed file cannot be parsed");
        return false;
    }
    hear(&trial);
    for (uint32_t i = 0; i < n; i++) {
        bool bad = attempts[i].trouble != NULL || attempts[i].left != NULL
                   || (trial.stray && n == 1);

        if (attempts[i].state != ATTEMPT_FAILED && bad) {
            attempts[i].state = ATTEMPT_FAILED;
            good = false;
        }
    }
    good = good && !trial.stray;
    if (good && bench->together) {
        FixRun *kept = ARENA_NEW(bench->lab.arena, FixRun);

        *kept = trial.run;
        bench->kept = kept;
        bench->kept_text = trial.changed;
        bench->kept_changes = trial.all;
    }
    return good;
}

void
attempts_run(Bench *bench, Attempt *attempts, uint32_t n)
{
    bench->kept = NULL;
    for (uint32_t i = 0; n > 1 && i < n; i++) {
        if (attempts[i].macro != NULL) {
            run_rounds(bench, &attempts[i], 1); /* other functions use it as well */
        }
    }
    run_rounds(bench, attempts, n);
    if (any(attempts, n, ATTEMPT_HOLDS) && !confirm(bench, attempts, n)) {
        for (uint32_t i = 0; i < n; i++) {
            if (attempts[i].state == ATTEMPT_HOLDS) {
                confirm(bench, &attempts[i], 1);
            }
        }
        bench->kept = NULL;
    }
}

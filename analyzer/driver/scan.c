/* scan.c: the pipeline: jobs -> units -> program -> findings -> report. */
#include "driver/gate.h"

#include <string.h>

#include "driver/replay.h"

#include "base/embedded.h"
#include "classes/classes.h"
#include "contracts/contracts.h"
#include "engine/rule.h"

/* ---- the model ------------------------------------------------------------------------ */

/* The Python whose headers the jobs use, 0 when they show none. */
static Version
headers_python(Scan *scan)
{
    Str first = NULL;
    bool mixed = false;

    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        Str version = job_python(scan->arena, scan->strings, &scan->jobs.jobs.at[i]);

        first = first == NULL ? version : first;
        mixed = mixed || (version != NULL && version != first);
    }
    if (mixed) {
        VEC_PUSH(scan->arena, &scan->jobs.notes,
                 str_internf(scan->strings, "the files use headers of several Pythons; the "
                             "facts are those of %s (choose with --python)", first));
    }
    return first == NULL ? 0 : version_parse(first);
}

/* The Python to choose facts for: the one asked for, that of the headers, the
 * installed one, or 0. */
static Version
choose_python(Scan *scan, const Options *options)
{
    Version version = options->python != 0 ? options->python : headers_python(scan);
    Str *flags;
    uint32_t nflags;
    Str installed;

    if (version == 0 &&
        python_flags(scan->arena, scan->strings, &flags, &nflags, &installed, NULL)) {
        version = version_parse(installed);
    }
    return version;
}

/* A FactErrorFn: says it and counts. */
static void
on_fact_error(void *payload, const char *message)
{
    uint32_t *nerrors = payload;

    say("%s", message);
    ++*nerrors;
}

bool
scan_model(Scan *scan, const Options *options, Error *error)
{
    scan->model = model_new(scan->arena, scan->strings, choose_python(scan, options), error);
    if (scan->model == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < options->nmodels; i++) {
        const char *name = options->models[i];
        const char *text = file_read(scan->arena, name, NULL, error);
        uint32_t nerrors = 0;

        if (text == NULL) {
            return false;
        }
        model_add_text(scan->model, name, text, ORIGIN_USER, on_fact_error, &nerrors);
        if (nerrors > 0) {
            return error_set(error, ERROR_INPUT, "%s: %u wrong lines, see above; the language "
                             "is described in rules/api/README.md", name, nerrors);
        }
    }
    return true;
}

/* ---- telling what went wrong with files ------------------------------------------------- */

/* The reason a unit is not whole, as "LINE: text"; NULL when it is. */
static const char *
unit_trouble(Arena *arena, const Unit *unit)
{
    const Message *first = unit->messages.at;
    const char *remedy = "", *more = "", *place = "";

    if (unit->status == UNIT_OK) {
        return NULL;
    }
    if (unit->messages.n == 0) {
        return "it could not be parsed";
    }
    if (strstr(first->text, "Python.h") != NULL && strstr(first->text, "not found") != NULL) {
        remedy = "; " PYTHON_H_REMEDY;
    }
    if (unit->messages.n > 1) {
        more = arena_printf(arena, " (and %u more errors)", unit->messages.n - 1);
    }
    if (first->loc.line > 0) {
        place = first->loc.file == unit->path || first->loc.file == NULL
                    ? arena_printf(arena, "line %u: ", first->loc.line)
                    : arena_printf(arena, "%s:%u: ", path_shown(arena, first->loc.file),
                                   first->loc.line);
    }
    return arena_printf(arena, "%s%s%s%s", place, first->text, more, remedy);
}

/* Every message of the parser, one a line. */
static void
tell_messages(const Scan *scan, const Unit *unit)
{
    for (uint32_t i = 0; i < unit->messages.n; i++) {
        const Message *message = &unit->messages.at[i];
        const char *file = message->loc.file != NULL ? message->loc.file : unit->path;

        say("%s:%u:%u: %s", path_shown(scan->arena, file), message->loc.line,
            message->loc.col, message->text);
    }
}

void
scan_tell(Scan *scan, const char *what, const char *more)
{
    const char *line = arena_printf(scan->arena, "%s: %s", what, more);

    VEC_PUSH(scan->arena, &scan->told, line);
    say("%s", line);
}

/* One line for each input that is missing or not whole. */
static void
tell_troubles(Scan *scan, const Options *options)
{
    for (uint32_t i = 0; i < scan->jobs.notes.n; i++) {
        scan_tell(scan, "note", scan->jobs.notes.at[i]);
    }
    for (uint32_t i = 0; i < scan->gaps.n; i++) {
        scan_tell(scan, path_shown(scan->arena, scan->gaps.at[i].loc.file), scan->gaps.at[i].why);
    }
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const char *trouble = unit_trouble(scan->arena, scan->units[i]);

        if (trouble != NULL && !skip_unit(scan, scan->units[i])) {
            scan_tell(scan, path_shown(scan->arena, scan->units[i]->path), trouble);
        }
        if (options->verbose) {
            tell_messages(scan, scan->units[i]);
        }
    }
}

/* ---- the result -------------------------------------------------------------------------- */

bool
scan_in_scope(const Scan *scan, const char *file)
{
    if (file == NULL) {
        return true;
    }
    if (path_is_below(file, scan->jobs.root)) {
        return skip_reason(scan, file) == NULL;
    }
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        if (text_equal(scan->jobs.jobs.at[i].file, file)) {
            return skip_reason(scan, file) == NULL;
        }
    }
    return false;
}

typedef VEC(Gap) Gaps;

static void
collect_files(Scan *scan, Gaps *gaps)
{
    RunResult *run = &scan->result;

    run->nfiles = scan->gaps.n;
    run->nfailed = scan->gaps.n;
    for (uint32_t i = 0; i < scan->gaps.n; i++) {
        VEC_PUSH(scan->arena, gaps, scan->gaps.at[i]);
    }
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Unit *unit = scan->units[i];
        Gap gap = {.loc.file = unit->path, .why = unit_trouble(scan->arena, unit)};

        if (skip_unit(scan, unit)) {
            continue;
        }
        run->nfiles++;
        if (unit->status == UNIT_FAILED) {
            run->nfailed++;
        }
        if (gap.why != NULL) {
            VEC_PUSH(scan->arena, gaps, gap);
        }
    }
}

/* Counts one function; returns why it is a gap, or NULL. */
static const char *
count_function(RunResult *run, FnOutcome outcome, const char *why)
{
    run->nfunctions++;
    switch (outcome) {
    case OUTCOME_ANALYSED:
        run->nanalysed++;
        return NULL;
    case OUTCOME_PARTIAL:
        run->nanalysed++;
        run->npartial++;
        return why != NULL ? why : "in part only: it has constructs that are not understood";
    case OUTCOME_DAMAGED:
        run->ndamaged++;
        return why != NULL ? why : "a parse error touches it";
    case OUTCOME_GAVE_UP:
        run->ngaveup++;
        return why != NULL ? why : "it has too many paths";
    }
    return why;
}

static void
collect_functions(Scan *scan, Gaps *gaps)
{
    const Program *program = scan->program;

    for (uint32_t i = 0; i < program->nfns; i++) {
        const Fn *fn = program->fns[i];
        Gap gap = {.loc = fn->loc, .function = fn->decl->name};

        if (!scan_in_scope(scan, fn->loc.file)) {
            continue;
        }
        gap.why = count_function(&scan->result, scan->engine.outcome[i], scan->engine.why[i]);
        if (gap.why != NULL) {
            VEC_PUSH(scan->arena, gaps, gap);
        }
    }
}

static void
collect_findings(Scan *scan)
{
    RunResult *run = &scan->result;

    run->findings = ARENA_ARRAY(scan->arena, Finding *, scan->engine.findings.n + 1);
    for (uint32_t i = 0; i < scan->engine.findings.n; i++) {
        Finding *finding = scan->engine.findings.at[i];

        if (scan_in_scope(scan, finding->loc.file)) {
            run->findings[run->nfindings++] = finding;
        }
    }
}

/* Everything a report needs, from everything known. */
static void
collect_result(Scan *scan)
{
    Version python = model_python(scan->model);
    Gaps gaps = {0};

    scan->result = (RunResult){
        .arena = scan->arena,
        .root = scan->jobs.root,
        .notes = scan->jobs.notes.at,
        .nnotes = scan->jobs.notes.n,
        .version = STRAYREF_VERSION,
        .python = python != 0 ? version_text(scan->arena, python) : "unknown",
        .clang = capture_clang_version(scan->arena),
    };
    collect_files(scan, &gaps);
    collect_functions(scan, &gaps);
    collect_findings(scan);
    scan->result.gaps = gaps.at;
    scan->result.ngaps = gaps.n;
    report_order(&scan->result);
}

/* ---- the pipeline ----------------------------------------------------------------------- */

/* The cache, open; NULL when there is to be none or it cannot be used. */
static Cache *
open_cache(Scan *scan, const Options *options)
{
    Cache *cache = cache_wanted(scan->arena, options, scan);
    bool wanted = options->store != NULL
                  || (!options->no_cache && (options->cache != NULL || scan->database != NULL));

    scan->cache_failed = scan->cache_failed
                         || (cache == NULL && wanted && options->rebase == NULL);
    return cache;
}

/* All jobs into units, those that are known from the cache. */
static void
capture_jobs(Scan *scan, const Options *options, const char *overlay)
{
    Cache *cache = open_cache(scan, options);
    UnitCache *known = unit_cache_new(scan->arena, scan->strings, cache, overlay);
    Progress progress;

    scan->units = ARENA_ARRAY(scan->arena, Unit *, scan->jobs.jobs.n + 1);
    progress_start(&progress, options, &scan->jobs);
    progress_files(&progress, 0, scan->jobs.jobs.n);
    scan->interrupted =
        capture_all(scan->arena, scan->strings, &scan->jobs, overlay, options, known,
                    options->on_progress != NULL ? options->on_progress : progress_files,
                    options->on_progress != NULL ? options->progress_payload : &progress,
                    scan->units);
    progress_end(&progress);
    scan->cache_failed = !cache_close(cache) || scan->cache_failed;
}

/* Keeps the jobs that are this process's share of capturing. */
static void
take_share(Scan *scan, const EngineShare *share)
{
    Jobs *jobs = &scan->jobs;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < jobs->jobs.n && share->shards > 0; i++) {
        if (i % share->shards == share->shard) {
            jobs->jobs.at[kept++] = jobs->jobs.at[i];
        }
    }
    jobs->jobs.n = share->shards > 0 ? kept : jobs->jobs.n;
}

bool
scan_capture(Arena *arena, const Options *options, Scan *scan, Error *error)
{
    const char *overlay = NULL;

    *scan = (Scan){.arena = arena, .strings = strings_new(arena), .quiet = options->quiet};
    if (!scan_find_jobs(scan, options, error)) {
        return false;
    }
    skip_start(scan, options);
    if (text_equal(options->command, "capture")) {
        take_share(scan, &options->share);
    }
    if (options->rebase != NULL) {
        rebase_jobs(scan, options->rebase);
    }
    if (!scan_model(scan, options, error)) {
        return false;
    }
    if (!options->no_overlay) {
        overlay = overlay_text(scan->model, arena);
    }
    stats_stage(&scan->stats, "start");
    capture_jobs(scan, options, overlay);
    stats_stage(&scan->stats, "parse");
    if (scan->interrupted != 0 && !text_equal(options->command, "scan")) {
        return error_set(error, ERROR_FAILED, "interrupted");
    }
    if (!skip_check(scan, options, error)) {
        return false;
    }
    skip_note(scan);
    if (!options->quiet) {
        tell_troubles(scan, options);
    }
    return true;
}

/* Stands for all that results depend on beside the units: this program, and the facts. */
static Digest
facts_digest(Scan *scan, const Options *options)
{
    StrBuf text;

    strbuf_init(&text, scan->arena);
    strbuf_printf(&text, "%s %u", build_id, model_python(scan->model));
    for (uint32_t i = 0; i < options->nmodels; i++) {
        const char *facts = file_read(scan->arena, options->models[i], NULL, NULL);

        strbuf_printf(&text, "\n%s", facts != NULL ? facts : "");
    }
    return digest_bytes(text.text, text.length);
}

static const char *
find_result(void *payload, Arena *arena, Digest key, size_t *length)
{
    return cache_get(payload, arena, CACHE_RESULT, key, 0, length);
}

static void
keep_result(void *payload, Digest key, const char *bytes, size_t length)
{
    cache_put(payload, CACHE_RESULT, key, (Digest){0}, bytes, length);
}

/* Runs the engine with what is known from before, in as many processes as wanted. */
void
scan_engine(Scan *scan, const Options *options)
{
    bool watched = text_equal(options->command, "scan");
    Interrupt watch = {.fd = -1};
    Cache *cache = open_cache(scan, options);
    EngineHelp help = {.workers = workers_wanted(options, UINT32_MAX),
                       .base = facts_digest(scan, options), .share = options->share,
                       .payload = cache};

    if (cache != NULL) {
        help.find = find_result;
        help.keep = keep_result;
    }
    if (watched) {
        watch = interrupt_watch();
        help.stop = watch.fd >= 0 ? &watch.fd : NULL;
    }
    engine_run(scan->arena, scan->strings, scan->program, scan->model, &help, &scan->engine);
    if (watched) {
        int number = interrupt_end(&watch);

        scan->interrupted = number != 0 ? number : scan->interrupted;
    }
    scan->cache_failed = !cache_close(cache) || scan->cache_failed;
}

/* Follows all paths of the program that the units make. */
static void
follow(Scan *scan, const Options *options)
{
    Progress progress;

    scan->program = program_link(scan->arena, scan->units, scan->jobs.jobs.n);
    annotations_apply(scan);
    progress_start(&progress, options, &scan->jobs);
    progress_phase(&progress, "following paths");
    stats_stage(&scan->stats, "link");
    scan_engine(scan, options);
    stats_stage(&scan->stats, "engine");
    contracts_run(scan->arena, scan->program, scan->model, &scan->engine);
    classes_run(scan->arena, scan->strings, scan->program, scan->model, &scan->engine);
    stats_stage(&scan->stats, "types");
    progress_end(&progress);
}

void
scan_follow(Scan *scan, const Options *options)
{
    scan->program = program_link(scan->arena, scan->units, scan->jobs.jobs.n);
    annotations_apply(scan);
    scan_engine(scan, options);
}

bool
scan_analyse(Scan *scan, const Options *options, Error *error)
{
    if (!scan_model(scan, options, error)) {
        return false;
    }
    follow(scan, options);
    return true;
}

bool
scan_run(Arena *arena, const Options *options, Scan *scan, Error *error)
{
    if (!scan_capture(arena, options, scan, error)) {
        return false;
    }
    follow(scan, options);
    annotations_compare(scan);
    collect_result(scan);
    return variants_add(scan, options, error);
}

char *
scan_read(const Scan *scan, Arena *arena, const char *path, size_t *length, Error *error)
{
    for (uint32_t i = 0; i < scan->nedited; i++) {
        const EditedFile *file = &scan->edited[i];

        if (text_equal(file->path, path)) {
            if (length != NULL) {
                *length = file->length;
            }
            return arena_strndup(arena, file->text, file->length);
        }
    }
    return file_read(arena, path, length, error);
}

bool
scan_judge(Scan *scan, const Options *options, Error *error)
{
    collect_result(scan);
    if (!variants_add(scan, options, error)) {
        return false;
    }
    suppress_apply(scan, options->require_reason, false);
    if (!baseline_apply(scan, options, error)) {
        return false;
    }
    select_apply(scan, options);
    report_order(&scan->result);
    return true;
}

RunResult
scan_shown(const Scan *scan)
{
    RunResult run = scan->result;

    run.findings = ARENA_ARRAY(scan->arena, Finding *, run.nfindings + 1);
    if (run.nfindings > 0) {
        memcpy(run.findings, scan->result.findings, run.nfindings * sizeof(Finding *));
    }
    group_findings(&run, false);
    return run;
}

/* ---- the command ------------------------------------------------------------------------ */

void
scan_note(Scan *scan, const char *format, ...)
{
    RunResult *run = &scan->result;
    const char **notes = ARENA_ARRAY(scan->arena, const char *, run->nnotes + 1);
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (run->nnotes > 0) {
        memcpy(notes, run->notes, run->nnotes * sizeof(char *));
    }
    notes[run->nnotes++] = arena_strndup(scan->arena, text, strlen(text));
    run->notes = notes;
    scan_tell(scan, "note", text);
}

bool
scan_gated(Arena *arena, const Options *options, Scan *scan, Error *error)
{
    if (!gate_check(arena, options, error) || !scan_versions(arena, options, scan, error)) {
        return false;
    }
    suppress_apply(scan, options->require_reason, true);
    if (!baseline_apply(scan, options, error) || !base_apply(scan, options, error)) {
        return false;
    }
    select_apply(scan, options);
    if (!diff_apply(scan, options, error)) {
        return false;
    }
    select_count(scan, options);
    report_order(&scan->result);
    return true;
}

static bool
is_wrong_comment(const Scan *scan, const Finding *finding)
{
    for (uint32_t i = 0; i < scan->wrong_comments.n; i++) {
        if (scan->wrong_comments.at[i] == finding) {
            return true;
        }
    }
    return false;
}

bool
scan_is_whole(const Scan *scan)
{
    bool whole = scan->result.nfailed == 0 && scan->result.ndamaged == 0;

    if (scan->replayed) {
        return scan->whole;
    }
    for (uint32_t i = 0; i < scan->jobs.jobs.n && whole; i++) {
        const Unit *unit = scan->units[i];

        whole = unit->status == UNIT_OK || skip_reason(scan, unit->path) != NULL;
    }
    return whole;
}

int
scan_exit_code(const Scan *scan, const Options *options)
{
    const RunResult *run = &scan->result;
    int code = scan_is_whole(scan) ? EXIT_CLEAN : EXIT_INCOMPLETE;

    for (uint32_t i = 0; i < run->nfindings; i++) {
        const Finding *finding = run->findings[i];

        if (finding->suppressed == NULL && !finding->known && is_wrong_comment(scan, finding)) {
            return EXIT_USAGE;
        }
        code = select_fails(options, finding) ? EXIT_FINDINGS : code;
    }
    return code;
}

int
command_scan(Arena *arena, const Options *options)
{
    Error error = {0};
    Replay replay;
    Scan scan;
    Interrupt watch;
    bool written;
    int number;

    if (!outputs_check(arena, options, &error)) {
        return say_error(&error);
    }
    if (!replay_find(arena, options, &replay, &scan)) {
        if (!scan_gated(arena, &replay.options, &scan, &error)) {
            return say_error(&error);
        }
        replay_keep(&replay, &scan);
    }
    if (!outputs_are_safe(&scan, options, &error)) {
        return say_error(&error);
    }
    group_findings(&scan.result, !options->fixes);
    if (options->fixes && scan.interrupted == 0) {
        fixes_attach(arena, options, &scan);
    }
    watch = interrupt_watch(); /* a report is written whole */
    written = outputs_write(arena, options, &scan.result);
    fprintf(stderr, "%s\n", report_closing(arena, &scan.result));
    if (options->stats) {
        stats_stage(&scan.stats, "report");
        stats_tell(&scan.stats);
    }
    number = interrupt_end(&watch);
    scan.interrupted = number != 0 ? number : scan.interrupted;
    if (scan.interrupted != 0) {
        return 128 + scan.interrupted;
    }
    return written ? scan_exit_code(&scan, options) : EXIT_USAGE;
}

/* replay.c: what a whole scan found, kept for the next one over the same input: then neither
 * the units are read nor the analysis is run.
 *
 * The command line, the configuration, the jobs and this program lead to what is kept; it holds
 * as long as every file and folder that the scan has looked at is as it was.  Only ordinary
 * scans are kept: those that ask git, name a baseline or look for fixes have more to look at.
 */
#include "driver/replay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embedded.h"

/* True for scans whose outcome follows from what the key and the list of files cover. */
static bool
is_plain(const Options *options)
{
    return !options->no_cache && options->store == NULL && !options->verbose && !options->fixes
           && options->baseline == NULL && options->base == NULL && options->diff == NULL
           && options->rebase == NULL && !options->has_flags && options->share.shards == 0;
}

/* ---- the key --------------------------------------------------------------------------------- */

static void
add_words(StrBuf *text, const char *const *words, uint32_t n)
{
    strbuf_printf(text, "%u", n);
    for (uint32_t i = 0; i < n; i++) {
        strbuf_add(text, words[i], strlen(words[i]) + 1);
    }
}

/* The content of a file that the options name, or that it is not there. */
static void
add_file(StrBuf *text, Arena *scratch, const char *path)
{
    size_t length = 0;
    const char *content = path != NULL ? file_read(scratch, path, &length, NULL) : NULL;
    Digest digest = digest_bytes(content != NULL ? content : "", length);

    strbuf_putc(text, content != NULL ? '+' : '-');
    strbuf_add(text, (const char *)&digest, sizeof(digest));
}

static void
add_word(StrBuf *text, const char *word)
{
    add_words(text, &word, word != NULL ? 1 : 0);
}

/* All options but those that decide only how the result is shown, or that the jobs and the
 * configuration file stand for.  Whatever is new in Options counts by itself; when it is a
 * pointer, nothing will be found until it is named here. */
static void
add_options(StrBuf *text, const Options *options)
{
    Options rest = *options;

    add_words(text, options->paths, options->npaths);
    add_words(text, options->rules, options->nrules);
    add_words(text, options->excluded, options->nexcluded);
    add_words(text, options->only, options->nonly);
    add_words(text, options->skip, options->nskip);
    add_word(text, options->profile);
    add_word(text, options->config_root);
    for (uint32_t i = 0; i < options->nlevels; i++) {
        strbuf_printf(text, "%s=%d ", options->levels[i].id, options->levels[i].level);
    }
    for (uint32_t i = 0; i < options->npythons; i++) {
        strbuf_printf(text, "%u ", options->pythons[i]);
    }
    rest.command = rest.database = rest.format = rest.summary = rest.link = rest.color = NULL;
    rest.profile = rest.config_root = rest.config = rest.cache = rest.dump = NULL;
    rest.scheduler = NULL;
    rest.paths = rest.flags = rest.outputs = rest.rules = rest.models = rest.excluded = NULL;
    rest.fail_on = rest.only = rest.skip = NULL;
    rest.pythons = NULL;
    rest.levels = NULL;
    rest.stats = false;
    rest.noutputs = rest.nfail_on = rest.workers = 0;
    memset(rest.source, 0, sizeof(rest.source));
    strbuf_add(text, (const char *)&rest, sizeof(rest));
}

static Digest
make_key(Arena *scratch, const Options *options, const Scan *scan, Digest maker)
{
    const char *here = path_absolute(scratch, NULL, ".");
    StrBuf text;

    strbuf_init(&text, scratch);
    strbuf_printf(&text, "scan %s %s\n", build_id, here);
    strbuf_add(&text, (const char *)&maker, sizeof(maker));
    add_options(&text, options);
    add_words(&text, &scan->jobs.root, 1);
    add_file(&text, scratch, options->no_config ? NULL : options->config);
    for (uint32_t i = 0; i < options->nmodels; i++) {
        add_file(&text, scratch, options->models[i]);
    }
    for (uint32_t i = 0; i < scan->jobs.notes.n; i++) {
        add_words(&text, &scan->jobs.notes.at[i], 1);
    }
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Job *job = &scan->jobs.jobs.at[i];

        add_words(&text, &job->file, 1);
        add_words(&text, &job->directory, 1);
        add_words(&text, job->args, job->nargs);
    }
    return digest_bytes(text.text, text.length);
}

/* ---- what is kept: the length of the list of files, the list, what was told, the run ------- */

typedef struct Kept {
    const char *list, *told, *run;
    size_t nlist, ntold, nrun;
    bool whole;
} Kept;

static void
put_part(StrBuf *out, const char *bytes, size_t length)
{
    uint64_t size = length;

    strbuf_add(out, (const char *)&size, sizeof(size));
    strbuf_add(out, bytes, length);
}

/* Takes the next part off; false when there is none. */
static bool
take_part(const char **at, const char *end, const char **part, size_t *length)
{
    uint64_t size;

    if ((size_t)(end - *at) < sizeof(size)) {
        return false;
    }
    memcpy(&size, *at, sizeof(size));
    *at += sizeof(size);
    if (size > (uint64_t)(end - *at)) {
        return false;
    }
    *part = *at;
    *length = (size_t)size;
    *at += size;
    return true;
}

static bool
split(const char *bytes, size_t length, Kept *kept)
{
    const char *at = bytes, *end = bytes + length;

    if (length == 0) {
        return false;
    }
    kept->whole = *at++ == '+';
    return take_part(&at, end, &kept->list, &kept->nlist)
           && take_part(&at, end, &kept->told, &kept->ntold)
           && take_part(&at, end, &kept->run, &kept->nrun) && at == end
           && (kept->ntold == 0 || kept->told[kept->ntold - 1] == '\0');
}

/* ---- finding --------------------------------------------------------------------------------- */

/* Nothing that steers a terminal: a cache may lie in somebody else's tree. */
static bool
is_printable(const char *text)
{
    while (*text != '\0' && (unsigned char)*text >= ' ' && *text != 0x7f) {
        text++;
    }
    return *text == '\0';
}

/* Says again what the scan has said of files and notes. */
static void
tell_again(const Kept *kept)
{
    for (const char *at = kept->told; at < kept->told + kept->ntold; at += strlen(at) + 1) {
        if (is_printable(at)) {
            say("%s", at);
        }
    }
}

/* The outcome that is kept for the key, if it still holds. */
static bool
take_kept(Replay *replay, Scan *scan)
{
    size_t length;
    const char *bytes = cache_get(replay->cache, scan->arena, CACHE_RESULT, replay->key, 0,
                                  &length);
    Kept kept;

    if (bytes == NULL || !split(bytes, length, &kept)
        || !unit_cache_holds(replay->units, kept.list, kept.nlist)
        || !run_unpack(scan->arena, scan->strings, kept.run, kept.nrun, &scan->result)) {
        return false;
    }
    scan->result.root = scan->jobs.root;
    scan->result.version = STRAYREF_VERSION;
    scan->whole = kept.whole;
    unit_cache_files(scan->arena, kept.list, kept.nlist, &scan->read);
    if (!scan->quiet) {
        tell_again(&kept);
    }
    return true;
}

bool
replay_find(Arena *arena, const Options *options, Replay *replay, Scan *scan)
{
    Error error = {0};

    *replay = (Replay){.options = *options};
    *scan = (Scan){.arena = arena, .strings = strings_new(arena), .quiet = options->quiet};
    if (!is_plain(options) || !scan_find_jobs(scan, options, &error) || scan->database == NULL) {
        return false;
    }
    replay->cache = cache_wanted(arena, options, scan);
    if (replay->cache == NULL) {
        replay->options.no_cache = true; /* why was said */
        return false;
    }
    replay->units = unit_cache_new(arena, scan->strings, replay->cache, NULL);
    replay->key = make_key(arena, options, scan, unit_cache_maker(replay->units));
    scan->replayed = take_kept(replay, scan);
    stats_stage(&scan->stats, "replay");
    replay->options.no_cache = !cache_close(replay->cache);
    replay->cache = NULL;
    return scan->replayed;
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* True when some header says which Python it is for: else the installed one was asked. */
static bool
is_python_known(const Scan *scan, const Options *options)
{
    bool known = options->python != 0;

    for (uint32_t i = 0; i < scan->jobs.jobs.n && !known; i++) {
        known = job_python(scan->arena, scan->strings, &scan->jobs.jobs.at[i]) != NULL;
    }
    return known;
}

/* True when nothing but the input has decided on the outcome. */
static bool
is_lasting(const Scan *scan, const Options *options)
{
    bool lasting = scan->interrupted == 0 && !scan->cache_failed && scan->wrong_comments.n == 0
                   && scan->gaps.n == 0 && is_python_known(scan, options);

    for (uint32_t i = 0; i < scan->jobs.jobs.n && lasting; i++) {
        lasting = unit_cache_is_lasting(scan->units[i]);
    }
    for (uint32_t i = 0; i < scan->result.nfindings && lasting; i++) {
        lasting = scan->result.findings[i]->patch == NULL;
    }
    return lasting;
}

/* True when a process of the analysis died: the next one may do better. */
static bool
has_failed_function(const Scan *scan)
{
    for (uint32_t i = 0; i < scan->result.ngaps; i++) {
        const char *why = scan->result.gaps[i].why;

        if (strstr(why, "crashed") != NULL || strstr(why, "interrupted") != NULL) {
            return true;
        }
    }
    return false;
}

void
replay_keep(Replay *replay, Scan *scan)
{
    const Options *options = &replay->options;
    StrBuf list, told, out;
    size_t length;
    const char *run;

    if (replay->units == NULL || options->no_cache || !is_lasting(scan, options)
        || has_failed_function(scan)) {
        return;
    }
    strbuf_init(&list, scan->arena);
    if (!unit_cache_list(replay->units, scan->arena, &scan->jobs, scan->units, &list)) {
        return; /* something has changed meanwhile */
    }
    strbuf_init(&told, scan->arena);
    for (uint32_t i = 0; i < scan->told.n; i++) {
        strbuf_add(&told, scan->told.at[i], strlen(scan->told.at[i]) + 1);
    }
    run = run_pack(scan->arena, &scan->result, &length);
    strbuf_init(&out, scan->arena);
    strbuf_putc(&out, scan_is_whole(scan) ? '+' : '-');
    put_part(&out, list.text, list.length);
    put_part(&out, told.text, told.length);
    put_part(&out, run, length);
    replay->cache = cache_wanted(scan->arena, options, scan);
    cache_put(replay->cache, CACHE_RESULT, replay->key, (Digest){0}, out.text, out.length);
    cache_close(replay->cache);
    replay->cache = NULL;
}

/* compdb.c: compile_commands.json -> the jobs in it.
 *
 * Finds the database as clangd does, reads it with jansson, resolves relative
 * names and strips the command lines down to what a parser needs.  A wrong
 * entry costs only itself.
 */
#include "capture/capture.h"

#include <jansson.h>
#include <string.h>

#define COMPDB_NAME "compile_commands.json"

/* ---- finding it ------------------------------------------------------------------ */

static const char *
try_path(Arena *arena, const char *dir, const char *name, StrBuf *tried)
{
    const char *path = path_absolute(arena, dir, name);

    if (path_is_file(path)) {
        return path;
    }
    if (tried != NULL) {
        strbuf_printf(tried, "%s\n", path);
    }
    return NULL;
}

static const char *
try_folder(Arena *arena, const char *dir, StrBuf *tried)
{
    const char *path = try_path(arena, dir, COMPDB_NAME, tried);

    return path != NULL ? path : try_path(arena, dir, "build/" COMPDB_NAME, tried);
}

const char *
compdb_find(Arena *arena, const char *start, StrBuf *tried)
{
    const char *dir = path_absolute(arena, NULL, start);

    if (!path_is_dir(dir)) {
        dir = path_dirname(arena, dir);
    }
    for (;;) {
        const char *path = try_folder(arena, dir, tried);

        if (path != NULL || text_equal(dir, "/")) {
            return path;
        }
        dir = path_dirname(arena, dir);
    }
}

/* ---- reading it -------------------------------------------------------------------- */

bool
source_is_c(const char *path)
{
    static const char *const suffixes[] = {".c",  ".h",   ".cc", ".cpp", ".cxx", ".c++",
                                           ".hh", ".hpp", ".C",  ".i",   ".ii",  ".inc"};

    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        if (text_ends(path, suffixes[i])) {
            return true;
        }
    }
    return false;
}

typedef struct Reader {
    Arena *arena;
    Strings *strings;
    const char *path;     /* of the database */
    const char *base;     /* its folder */
    Jobs *jobs;
    Map seen;             /* interned file and arguments -> not NULL */
    uint32_t nforeign;    /* entries in other languages ... */
    const char *foreign;  /* ... and the first of them */
    ProblemFn on_problem;
    void *payload;
} Reader;

static void
tell(Reader *r, const char *file, const char *message)
{
    if (r->on_problem != NULL) {
        r->on_problem(r->payload, file, message);
    }
}

/* Tells of something wrong with the entry's form. */
static void
tell_entry(Reader *r, size_t index, const char *what)
{
    tell(r, r->path, arena_printf(r->arena, "entry %zu of the database %s; "
                                  "left out (make the database anew)", index + 1, what));
}

/* The words of the entry's command; false (told) when there are none. */
static bool
read_words(Reader *r, const json_t *entry, size_t index, Words *words)
{
    const json_t *list = json_object_get(entry, "arguments");
    const char *command = json_string_value(json_object_get(entry, "command"));
    size_t i;
    json_t *word;

    if (json_is_array(list)) {
        json_array_foreach(list, i, word) {
            if (!json_is_string(word)) {
                tell_entry(r, index, "has an argument that is no string");
                return false;
            }
            VEC_PUSH(r->arena, words, str_intern(r->strings, json_string_value(word)));
        }
    }
    else if (command != NULL && !words_split(r->arena, r->strings, command, words)) {
        tell_entry(r, index, "has a \"command\" with an open quote");
        return false;
    }
    if (words->n == 0) {
        tell_entry(r, index, "has neither \"arguments\" nor \"command\"");
        return false;
    }
    return true;
}

/* True when the job was not there yet. */
static bool
is_new(Reader *r, const Job *job)
{
    StrBuf key;
    void **seen;

    strbuf_init(&key, r->arena);
    strbuf_printf(&key, "%s\n%s", job->file, job->directory);
    for (uint32_t i = 0; i < job->nargs; i++) {
        strbuf_printf(&key, "\n%s", job->args[i]);
    }
    seen = map_put_ptr(&r->seen, str_intern_n(r->strings, key.text, key.length));
    if (*seen != NULL) {
        return false;
    }
    *seen = r;
    return true;
}

/* The first response file left in the arguments, or NULL. */
static const char *
lost_response(const Job *job)
{
    for (uint32_t i = 0; i < job->nargs; i++) {
        if (job->args[i][0] == '@') {
            return job->args[i] + 1;
        }
    }
    return NULL;
}

/* Fills file and directory; false (told) when one of them is not there. */
static bool
read_place(Reader *r, const json_t *entry, size_t index, Job *job)
{
    const char *directory = json_string_value(json_object_get(entry, "directory"));
    const char *file = json_string_value(json_object_get(entry, "file"));
    const char *message = NULL;

    if (file == NULL || file[0] == '\0') {
        tell_entry(r, index, "has no \"file\"");
        return false;
    }
    directory = directory == NULL ? r->base : path_absolute(r->arena, r->base, directory);
    job->directory = str_intern(r->strings, directory);
    job->file = str_intern(r->strings, path_absolute(r->arena, directory, file));
    if (!source_is_c(job->file)) {
        r->foreign = r->nforeign++ == 0 ? job->file : r->foreign;
        return false;
    }
    if (!path_is_dir(job->directory)) {
        message = arena_printf(r->arena, "its directory in the database, %s, is gone; build "
                               "again in a folder that stays (pip: --no-build-isolation)",
                               job->directory);
    }
    else if (!path_is_file(job->file)) {
        message = "no such file, but the database names it; build the project again to "
                  "make it, or make the database anew";
    }
    if (message != NULL) {
        tell(r, job->file, message);
    }
    return message == NULL;
}

static void
read_entry(Reader *r, const json_t *entry, size_t index)
{
    Job job = {0};
    Words words = {0};
    const char *lost;

    if (!json_is_object(entry)) {
        tell_entry(r, index, "is no object");
        return;
    }
    if (!read_place(r, entry, index, &job) || !read_words(r, entry, index, &words)) {
        return;
    }
    job.args = words.at + 1; /* without the compiler */
    job.nargs = words.n - 1;
    job_clean_args(r->arena, r->strings, &job);
    lost = lost_response(&job);
    if (lost != NULL) {
        tell(r, job.file, arena_printf(r->arena, "its response file %s cannot be read; "
                                       "build the project again", lost));
        return;
    }
    if (is_new(r, &job)) {
        VEC_PUSH(r->arena, &r->jobs->jobs, job);
    }
}

/* ---- the database as a whole --------------------------------------------------------- */

/* The project's root: the nearest folder from the database upwards (it may
 * lie in a build folder) below which more than half of the files are. */
static Str
find_root(Arena *arena, Strings *strings, const char *base, const Jobs *jobs)
{
    const char *dir = base;

    while (!text_equal(dir, "/")) {
        uint32_t below = 0;

        for (uint32_t i = 0; i < jobs->jobs.n; i++) {
            below += path_is_below(jobs->jobs.at[i].file, dir) ? 1 : 0;
        }
        if (below * 2 > jobs->jobs.n) {
            return str_intern(strings, dir);
        }
        dir = path_dirname(arena, dir);
    }
    return str_intern(strings, base);
}

/* The path of the .json file for what the user named; NULL with 'error' set. */
static const char *
locate(Arena *arena, const char *path, Error *error)
{
    const char *given = path_absolute(arena, NULL, path);
    const char *found;
    StrBuf tried;

    if (path_is_file(given)) {
        return given;
    }
    if (!path_is_dir(given)) {
        error_set(error, ERROR_INPUT, "no such file or folder: %s; -p takes the folder of "
                  COMPDB_NAME " or the file itself", path);
        return NULL;
    }
    strbuf_init(&tried, arena);
    found = try_folder(arena, given, &tried);
    if (found == NULL) {
        error_set(error, ERROR_INPUT, "no " COMPDB_NAME " in %s or its build folder; "
                  COMPDB_REMEDY, given);
    }
    return found;
}

/* The parsed file, an array with something in it; NULL with 'error' set. */
static json_t *
load(Arena *arena, const char *path, Error *error)
{
    size_t length = 0;
    char *text = file_read(arena, path, &length, error);
    json_error_t wrong;
    json_t *root;

    if (text == NULL) {
        return NULL;
    }
    if (text_starts(text, "\xEF\xBB\xBF")) {
        text += 3;
        length -= 3;
    }
    root = json_loadb(text, length, 0, &wrong);
    if (root == NULL) {
        error_set(error, ERROR_INPUT, "%s:%d:%d: this is not JSON: %s; make the database "
                  "anew, its writer may have been interrupted", path,
                  wrong.line > 0 ? wrong.line : 1, wrong.column > 0 ? wrong.column : 1,
                  wrong.text);
    }
    else if (!json_is_array(root)) {
        error_set(error, ERROR_INPUT, "%s:1:1: this is no compilation database: it must be "
                  "a JSON array of entries; make it anew", path);
    }
    else if (json_array_size(root) == 0) {
        error_set(error, ERROR_INPUT, "%s: the database is empty: a build in which nothing is "
                  "compiled leaves no commands; force a full one: "
                  "bear -- python3 setup.py build_ext --force", path);
    }
    else {
        return root;
    }
    json_decref(root);
    return NULL;
}

/* Adds a note when entries in other languages were left out. */
static void
note_foreign(const Reader *r)
{
    if (r->nforeign > 0) {
        VEC_PUSH(r->arena, &r->jobs->notes,
                 str_internf(r->strings, "%u entries of the database are not C or C++ and "
                             "were left out, the first is %s", r->nforeign, r->foreign));
    }
}

bool
compdb_read(Arena *arena, Strings *strings, const char *path, Jobs *jobs,
            ProblemFn on_problem, void *payload, Error *error)
{
    Reader r = {.arena = arena, .strings = strings, .jobs = jobs,
                .on_problem = on_problem, .payload = payload};
    size_t index;
    json_t *entry, *root;

    r.path = locate(arena, path, error);
    if (r.path == NULL) {
        return false;
    }
    root = load(arena, r.path, error);
    if (root == NULL) {
        return false;
    }
    r.base = path_dirname(arena, r.path);
    map_init(&r.seen, arena);
    json_array_foreach(root, index, entry) {
        read_entry(&r, entry, index);
    }
    json_decref(root);
    note_foreign(&r);
    jobs->root = find_root(arena, strings, r.base, jobs);
    return true;
}

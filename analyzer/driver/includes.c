/* includes.c: which jobs read a file by #include, from the text of the sources: a header
 * has no flags of its own, and often cannot be read without what comes before it.
 *
 * Conditions and macros are not looked at; what a job really reads, the parser finds out.
 */
#include <string.h>

#include "driver/driver.h"

enum { MAX_DEPTH = 64 };

typedef VEC(const char *) Names;

/* What one file names. */
typedef struct Directives {
    Names names;
} Directives;

typedef struct Search {
    Arena *arena;
    Strings *strings;
    Map texts;           /* interned path -> Directives * */
    Map seen;            /* interned path: asked about in this job */
    const char *wanted;
    Names folders;       /* of the job's -I flags */
} Search;

/* The name in a line '#include "name"' or <name>, or NULL. */
static const char *
included_name(Arena *arena, const char *line)
{
    size_t length;

    line += strspn(line, " \t");
    if (*line != '#') {
        return NULL;
    }
    line += 1 + strspn(line + 1, " \t");
    if (!text_starts(line, "include")) {
        return NULL;
    }
    line += strlen("include");
    line += strspn(line, " \t");
    if (*line != '"' && *line != '<') {
        return NULL;
    }
    length = strcspn(line + 1, "\">\r\n");
    return line[1 + length] == '"' || line[1 + length] == '>'
               ? arena_strndup(arena, line + 1, length) : NULL;
}

static const Directives *
directives_of(Search *search, const char *path)
{
    void **place = map_put_ptr(&search->texts, str_intern(search->strings, path));

    if (*place == NULL) {
        Directives *directives = ARENA_NEW(search->arena, Directives);
        Arena *scratch = arena_new();
        const char *text = file_read(scratch, path, NULL, NULL);

        while (text != NULL && *text != '\0') {
            const char *name = included_name(search->arena, text);

            if (name != NULL) {
                VEC_PUSH(search->arena, &directives->names, name);
            }
            text += strcspn(text, "\n");
            text += *text == '\n' ? 1 : 0;
        }
        arena_free(scratch);
        *place = directives;
    }
    return *place;
}

/* The folders of the job's -I and -iquote flags, but for those of the system. */
static void
find_folders(Search *search, const Job *job)
{
    static const char *const flags[] = {"-I", "-iquote", "-isystem"};

    search->folders.n = 0;
    for (uint32_t i = 0; i < job->nargs; i++) {
        for (size_t k = 0; k < COUNT_OF(flags); k++) {
            const char *folder = job->args[i] + strlen(flags[k]);

            if (!text_starts(job->args[i], flags[k])) {
                continue;
            }
            if (*folder == '\0' && i + 1 < job->nargs) {
                folder = job->args[i + 1];
            }
            folder = path_absolute(search->arena, job->directory, folder);
            if (!text_starts(folder, "/usr/")) {
                VEC_PUSH(search->arena, &search->folders, folder);
            }
        }
    }
}

static bool reads(Search *search, const char *path, uint32_t depth);

/* True when the file that 'name' means in 'path' is the wanted one or reads it. */
static bool
leads_there(Search *search, const char *path, const char *name, uint32_t depth)
{
    const char *file = path_absolute(search->arena, path_dirname(search->arena, path), name);

    for (uint32_t i = 0; !path_is_file(file) && i < search->folders.n; i++) {
        file = path_absolute(search->arena, search->folders.at[i], name);
    }
    return text_equal(file, search->wanted)
           || (path_is_file(file) && reads(search, file, depth + 1));
}

static bool
reads(Search *search, const char *path, uint32_t depth)
{
    const Directives *directives;
    void **seen = map_put_ptr(&search->seen, str_intern(search->strings, path));

    if (*seen != NULL || depth > MAX_DEPTH) {
        return false;
    }
    *seen = search;
    directives = directives_of(search, path);
    for (uint32_t i = 0; i < directives->names.n; i++) {
        if (leads_there(search, path, directives->names.at[i], depth)) {
            return true;
        }
    }
    return false;
}

uint32_t
includes_find(Scan *scan, const char *file, bool *reading)
{
    Search search = {.arena = arena_new(), .strings = scan->strings, .wanted = file};
    uint32_t n = 0;

    map_init(&search.texts, search.arena);
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Job *job = &scan->jobs.jobs.at[i];

        map_init(&search.seen, search.arena);
        find_folders(&search, job);
        if (n < INCLUDES_MOST && !text_equal(job->file, file) && reads(&search, job->file, 0)) {
            reading[i] = true;
            n++;
        }
    }
    arena_free(search.arena);
    return n;
}

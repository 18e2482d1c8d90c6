/* facts_cover.c: does every public function and macro of Python's headers have a fact,
 * and is every fact about the manual's functions about one that is there?
 *
 * The names are read from the text of the headers, whatever the preprocessor would
 * make of them on this machine: "#define NAME(" unless it begins with an underscore,
 * and every name that begins with "Py" and stands before a parenthesis.  What is
 * meant to have no fact stands in rules/api/internals.txt.
 */
#include "driver/driver.h"

#include "base/embedded.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

typedef struct Cover {
    Arena *arena;
    Strings *strings;
    const Model *model;
    Str header;      /* being read */
    bool internal;   /* the whole header is */
    Map words;       /* Str -> Str: what stands in the headers, comments apart */
    Map seen;        /* Str -> Str: names counted already */
    Map internals;   /* Str -> Str: names and headers of internals.txt */
    uint32_t nfacts, ninternals, nmissing, nproblems;
} Cover;

/* ---- the names ---------------------------------------------------------- */

static void
count_name(Cover *cover, const char *start, size_t length)
{
    Str name = str_intern_n(cover->strings, start, length);
    void **place = map_put_ptr(&cover->seen, name);

    if (*place != NULL) {
        return;
    }
    *place = (void *)name;
    if (model_find(cover->model, name, NULL) != NULL) {
        cover->nfacts++;
    }
    else if (cover->internal || map_get_ptr(&cover->internals, name) != NULL) {
        cover->ninternals++;
    }
    else {
        printf("%s: nothing is known of %s; expected a fact, or a line in "
               "internals.txt\n",
               cover->header, name);
        cover->nmissing++;
    }
}

static void
add_word(Cover *cover, const char *start, size_t length)
{
    Str word = str_intern_n(cover->strings, start, length);

    *map_put_ptr(&cover->words, word) = (void *)word;
}

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static const char *
skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n') {
        at++;
    }
    return at;
}

/* The end of the directive at 'at', continued lines included. */
static const char *
skip_directive(const char *at)
{
    while (*at != '\0' && *at != '\n') {
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return at;
}

/* Counts what the directive at 'at' (a '#') defines, if it is a macro with
 * parameters. */
static void
read_directive(Cover *cover, const char *at)
{
    const char *name = skip_blanks(at + 1), *end;

    if (!text_starts(name, "define")) {
        return;
    }
    name = skip_blanks(name + strlen("define"));
    for (end = name; is_word(*end); end++) {
    }
    add_word(cover, name, (size_t)(end - name));
    if (*end == '(' && *name != '_') {
        count_name(cover, name, (size_t)(end - name));
    }
}

/* A function is declared or called by the name; "Py_ssize_t (*f)" is no function. */
static bool
is_function(const char *name, const char *end)
{
    const char *next = skip_blanks(end);

    return text_starts(name, "Py") && *next == '(' && *skip_blanks(next + 1) != '*';
}

static void
read_names(Cover *cover, const char *at)
{
    while (*at != '\0') {
        const char *end = at;
        while (is_word(*end)) {
            end++;
        }
        if (end > at) {
            add_word(cover, at, (size_t)(end - at));
            if (is_function(at, end)) {
                count_name(cover, at, (size_t)(end - at));
            }
            at = end;
        }
        else if (*at == '#') {
            read_directive(cover, at);
            at = skip_directive(at);
        }
        else {
            at++;
        }
    }
}

/* ---- the headers -------------------------------------------------------- */

/* The end of the comment, string or character at 'at'; 'at' itself when there is
 * none. */
static char *
comment_end(char *at)
{
    char *end;

    if (text_starts(at, "/*")) {
        end = strstr(at + 2, "*/");
        return end != NULL ? end + 2 : at + strlen(at);
    }
    if (text_starts(at, "//")) {
        return at + strcspn(at, "\n");
    }
    if (*at != '"' && *at != '\'') {
        return at;
    }
    for (end = at + 1; *end != *at && *end != '\n' && *end != '\0'; end++) {
        end += end[0] == '\\' && end[1] != '\0';
    }
    return *end == *at ? end + 1 : end;
}

/* Comments and strings become blanks. */
static void
blank_comments(char *text)
{
    while (*text != '\0') {
        char *end = comment_end(text);
        if (end == text) {
            text++;
            continue;
        }
        memset(text, ' ', (size_t)(end - text));
        text = end;
    }
}

static int
is_header(const struct dirent *entry)
{
    return text_ends(entry->d_name, ".h");
}

/* Reads the headers of one folder; 'prefix' stands before their names. */
static bool
read_folder(Cover *cover, const char *folder, const char *prefix, Error *error)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_header, alphasort);
    bool ok = count >= 0
              || error_set(error, ERROR_INPUT,
                           "facts check: cannot list the headers in %s; %s", folder,
                           PYTHON_H_REMEDY);

    for (int i = 0; i < count; i++) {
        const char *path = arena_printf(cover->arena, "%s/%s", folder, entries[i]->d_name);
        char *text = ok ? file_read(cover->arena, path, NULL, error) : NULL;
        ok = text != NULL;
        if (ok) {
            cover->header =
                str_internf(cover->strings, "%s%s", prefix, entries[i]->d_name);
            cover->internal = map_get_ptr(&cover->internals, cover->header) != NULL;
            blank_comments(text);
            read_names(cover, text);
        }
        free(entries[i]);
    }
    free(entries);
    return ok;
}

/* The first word of every line that is no comment. */
static void
read_internals(Cover *cover)
{
    const char *at = embedded_internals;

    while (*at != '\0') {
        size_t length = strcspn(at, " #\n");
        if (length > 0) {
            Str name = str_intern_n(cover->strings, at, length);
            *map_put_ptr(&cover->internals, name) = (void *)name;
        }
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
}

/* A public name of the manual's C-API part must stand in the headers of the versions
 * that the fact claims. */
static void
check_claims(Cover *cover)
{
    uint32_t count;
    const Summary *const *facts = model_facts(cover->model, &count);

    for (uint32_t i = 0; i < count; i++) {
        const Summary *fact = facts[i];
        if (text_starts(fact->name, "Py") && fact->doc != NULL
            && text_starts(fact->doc, "c-api/")
            && map_get_ptr(&cover->words, fact->name) == NULL) {
            printf("%s: the headers do not have it; expected [since] or [until] to say "
                   "that it is not in %s\n",
                   fact->name, version_text(cover->arena, model_python(cover->model)));
            cover->nproblems++;
        }
    }
}

bool
facts_cover(Arena *arena, Strings *strings, const Model *model, const char *folder,
            uint32_t *nproblems, Error *error)
{
    Cover cover = {.arena = arena, .strings = strings, .model = model};
    uint32_t covered;

    map_init(&cover.words, arena);
    map_init(&cover.seen, arena);
    map_init(&cover.internals, arena);
    read_internals(&cover);
    if (!read_folder(&cover, folder, "", error)
        || !read_folder(&cover, arena_printf(arena, "%s/cpython", folder), "cpython/",
                        error)) {
        return false;
    }
    check_claims(&cover);
    covered = cover.nfacts + cover.ninternals;
    printf("Python %s: %u of %u public functions and macros are covered: %u by facts, "
           "%u are internal\n",
           version_text(arena, model_python(model)), covered, covered + cover.nmissing,
           cover.nfacts, cover.ninternals);
    *nproblems += cover.nmissing + cover.nproblems;
    return true;
}

/* python.c: which Python the headers belong to, and the include flags of the
 * one that is installed.
 *
 * Asks python3-config, then python3 itself; trusts neither before it has seen
 * Python.h.
 */
#include "capture/capture.h"

#include <stdlib.h>
#include <string.h>

/* ---- the version in the headers ------------------------------------------------------ */

/* The number that "NAME NUMBER" gives in the text, or -1. */
static long
read_define(const char *text, const char *name)
{
    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
        const char *value = at + strlen(name);
        char *end;
        long number = strtol(value, &end, 10);

        if ((*value == ' ' || *value == '\t') && end != value && number >= 0) {
            return number;
        }
    }
    return -1;
}

/* "3.11" when the folder holds Python's headers, else NULL. */
static Str
folder_python(Arena *arena, Strings *strings, const char *dir)
{
    const char *path = path_absolute(arena, dir, "patchlevel.h");
    const char *text;
    long major, minor;

    if (!path_is_file(path) || !path_is_file(path_absolute(arena, dir, "Python.h"))) {
        return NULL;
    }
    text = file_read(arena, path, NULL, NULL);
    if (text == NULL) {
        return NULL;
    }
    major = read_define(text, "PY_MAJOR_VERSION");
    minor = read_define(text, "PY_MINOR_VERSION");
    return major < 0 || minor < 0 ? NULL : str_internf(strings, "%ld.%ld", major, minor);
}

/* The include folder that args[i] names, or NULL. */
static const char *
include_folder(const Job *job, uint32_t i)
{
    static const char *const options[] = {"-I", "-isystem", "-iquote", "-idirafter"};
    const char *arg = job->args[i];

    for (size_t k = 0; k < COUNT_OF(options); k++) {
        if (text_equal(arg, options[k])) {
            return i + 1 < job->nargs ? job->args[i + 1] : NULL;
        }
        if (text_starts(arg, options[k])) {
            return arg + strlen(options[k]);
        }
    }
    return NULL;
}

Str
job_python(Arena *arena, Strings *strings, const Job *job)
{
    Str version = NULL;

    for (uint32_t i = 0; i < job->nargs && version == NULL; i++) {
        const char *dir = include_folder(job, i);

        if (dir != NULL) {
            version = folder_python(arena, strings,
                                    path_absolute(arena, job->directory, dir));
        }
    }
    return version;
}

/* ---- the installed python3 ------------------------------------------------------------- */

/* Fixed texts: nothing of the user's goes through the shell. */
#define ASK_SYSCONFIG                                                             \
    " -c 'import sysconfig as s; print(*[\"\\x27-I\" + s.get_path(n) + \"\\x27\"" \
    " for n in (\"include\", \"platinclude\")])' 2>/dev/null"

static const char *const questions[] = {
    "python3-config --includes 2>/dev/null",
    "python3" ASK_SYSCONFIG,
    "/usr/bin/python3-config --includes 2>/dev/null",
    "/usr/bin/python3" ASK_SYSCONFIG,
};

/* What the command prints, "" when it fails. */
static const char *
ask(Arena *arena, const char *command)
{
    FILE *pipe = popen(command, "r");
    StrBuf out;
    char chunk[512];
    size_t got;

    strbuf_init(&out, arena);
    if (pipe == NULL) {
        return "";
    }
    while ((got = fread(chunk, 1, sizeof(chunk), pipe)) > 0) {
        strbuf_add(&out, chunk, got);
    }
    return pclose(pipe) == 0 ? out.text : "";
}

static bool
has_word(const Words *words, Str word)
{
    for (uint32_t i = 0; i < words->n; i++) {
        if (words->at[i] == word) {
            return true;
        }
    }
    return false;
}

/* The -I words of an answer, each once. */
static void
take_flags(Arena *arena, Strings *strings, const char *answer, Words *flags)
{
    Words words = {0};

    if (!words_split(arena, strings, answer, &words)) {
        return;
    }
    for (uint32_t i = 0; i < words.n; i++) {
        if (text_starts(words.at[i], "-I") && !has_word(flags, words.at[i])) {
            VEC_PUSH(arena, flags, words.at[i]);
        }
    }
}

bool
python_flags(Arena *arena, Strings *strings, Str **flags, uint32_t *nflags, Str *version,
             Error *error)
{
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        Words words = {0};
        Job job = {.directory = "/"};

        take_flags(arena, strings, ask(arena, questions[i]), &words);
        job.args = words.at;
        job.nargs = words.n;
        *version = job_python(arena, strings, &job);
        if (*version != NULL) {
            *flags = words.at;
            *nflags = words.n;
            return true;
        }
    }
    return error_set(error, ERROR_INPUT, "no Python.h: neither python3-config nor python3 names "
                     "a folder that holds it; install Python's headers (Debian, Ubuntu: "
                     "apt install python3-dev; Fedora: dnf install python3-devel), or give "
                     "the flags after --");
}

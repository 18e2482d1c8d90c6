/* fuzz_compdb.c: any bytes as compile_commands.json, and as the words of one command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
take_problem(void *payload, const char *file, const char *message)
{
    (void)payload;
    if (file == NULL || message[0] == '\0') {
        abort();
    }
}

/* True for an option that has the next word as its value, whatever that looks like. */
static bool
takes_next(const char *word)
{
    static const char *const names[] = {
        "-include", "-imacros", "-isystem", "-isysroot", "-iquote", "-idirafter", "-iprefix",
        "-iwithprefixbefore", "-iwithprefix", "-I", "-D", "-U", "-F", "-x", "--sysroot", "-target",
    };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (text_equal(word, names[i])) {
            return true;
        }
    }
    return false;
}

static void
check_command(Arena *arena, Strings *strings, const char *text)
{
    Words words = {0};

    if (words_split(arena, strings, text, &words)) {
        Job job = {.file = str_intern(strings, "/tmp/a.c"),
                   .directory = str_intern(strings, "/nowhere"), .args = words.at,
                   .nargs = words.n};

        job_clean_args(arena, strings, &job);
        for (uint32_t i = 0; i < job.nargs; i++) {
            if (takes_next(job.args[i])) {
                i++;
            }
            else if (text_starts(job.args[i], "-fplugin") || text_starts(job.args[i], "-Xclang")) {
                abort();
            }
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new();
    Strings *strings = strings_new(arena);
    char *path = arena_printf(arena, "/tmp/strayref-fuzz-%ld.json", (long)getpid());
    Error error = {.code = ERROR_NONE};
    Jobs jobs = {0};

    if (!file_write(path, (const char *)bytes, size, &error)) {
        fprintf(stderr, "%s\n", error.text);
        exit(EXIT_FAILURE);
    }
    if (!compdb_read(arena, strings, path, &jobs, take_problem, NULL, &error)
        && error.code == ERROR_NONE) {
        abort();
    }
    unlink(path);
    check_command(arena, strings, arena_strndup(arena, (const char *)bytes, size));
    arena_free(arena);
    return 0;
}

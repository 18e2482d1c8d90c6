/* test_compdb.c: compilation databases, command lines, and Python's headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/capture.h"

/* A temporary folder, and what was told of the database in it. */
typedef struct Place {
    Arena *arena;
    Strings *strings;
    char *dir;
    Jobs jobs;
    Error error;
    StrBuf told; /* "file: message" lines */
} Place;

static int
setup(void **state)
{
    Arena *arena = arena_new();
    Place *place = ARENA_NEW(arena, Place);
    char *name = arena_printf(arena, "%s", "/tmp/strayref-compdb-XXXXXX");

    place->arena = arena;
    place->strings = strings_new(arena);
    place->dir = mkdtemp(name);
    strbuf_init(&place->told, arena);
    *state = place;
    return place->dir != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    Place *place = *state;
    char *command = arena_printf(place->arena, "rm -rf '%s'", place->dir);
    int status = system(command);

    arena_free(place->arena);
    return status;
}

/* Writes a file below the folder, with the folders above it. */
static const char *
put(Place *place, const char *name, const char *text)
{
    const char *path = path_absolute(place->arena, place->dir, name);
    char *dir = path_dirname(place->arena, path);
    Error error = {0};

    for (char *at = dir + strlen(place->dir); *at != '\0'; at++) {
        if (*at == '/' && at[1] != '\0') {
            char *end = strchr(at + 1, '/');
            size_t length = end != NULL ? (size_t)(end - dir) : strlen(dir);

            mkdir(arena_strndup(place->arena, dir, length), 0777);
        }
    }
    if (!file_write(path, text, strlen(text), &error)) {
        fail_msg("%s", error.text);
    }
    return path;
}

static void
on_problem(void *payload, const char *file, const char *message)
{
    Place *place = payload;

    strbuf_printf(&place->told, "%s: %s\n", path_relative(place->arena, place->dir, file),
                  message);
}

static bool
read_database(Place *place, const char *path)
{
    return compdb_read(place->arena, place->strings, path, &place->jobs, on_problem, place,
                       &place->error);
}

/* The words joined by '|'. */
static const char *
joined(Place *place, const Str *words, uint32_t n)
{
    StrBuf out;

    strbuf_init(&out, place->arena);
    for (uint32_t i = 0; i < n; i++) {
        strbuf_printf(&out, "%s%s", i > 0 ? "|" : "", words[i]);
    }
    return out.text;
}

/* ---- command lines ------------------------------------------------------------------ */

static const char *
split(Place *place, const char *text)
{
    Words words = {0};

    if (!words_split(place->arena, place->strings, text, &words)) {
        return NULL;
    }
    return joined(place, words.at, words.n);
}

static void
test_words_are_split_as_a_shell_does(void **state)
{
    Place *place = *state;

    assert_string_equal(split(place, ""), "");
    assert_string_equal(split(place, " cc  -c\ta.c \n"), "cc|-c|a.c");
    assert_string_equal(split(place, "'a b' \"c d\" e\\ f"), "a b|c d|e f");
    assert_string_equal(split(place, "-DV='\"1.0\"' -DW=\"\\\"2\\\"\" -DX=\\\"3\\\""),
                        "-DV=\"1.0\"|-DW=\"2\"|-DX=\"3\"");
    assert_string_equal(split(place, "\"a\\nb\" 'a\\nb' a\\\nb"), "a\\nb|a\\nb|ab");
    assert_string_equal(split(place, "'' \"\" x"), "||x");
    assert_string_equal(split(place, "back\\"), "back\\");
    assert_null(split(place, "cc 'open"));
    assert_null(split(place, "cc \"open\\"));
}

static const char *
cleaned(Place *place, const char *command)
{
    Words words = {0};
    Job job = {.file = "/x.c", .directory = place->dir};

    assert_true(words_split(place->arena, place->strings, command, &words));
    job.args = words.at;
    job.nargs = words.n;
    job_clean_args(place->arena, place->strings, &job);
    return joined(place, job.args, job.nargs);
}

static void
test_what_decides_the_source_is_kept(void **state)
{
    const char *kept = "-Iinc|-I|inc|-isystem|sys|-isystemsys|-iquote|q|-idirafter|d|"
                       "-include|a.h|-imacros|b.h|-DA|-D|B=1|-UC|-U|D|-std=gnu11|-ansi|-x|c|"
                       "-m32|-pthread|-nostdinc|--sysroot=/r|--sysroot|/r|-isysroot|/r|"
                       "-funsigned-char|-fshort-enums|-fms-extensions|-fopenmp|-trigraphs";
    Place *place = *state;
    char *command = arena_printf(place->arena, "%s", kept);

    for (char *at = command; *at != '\0'; at++) {
        *at = *at == '|' ? ' ' : *at;
    }
    assert_string_equal(cleaned(place, command), kept);
}

static void
test_the_rest_is_dropped(void **state)
{
    Place *place = *state;

    assert_string_equal(cleaned(place, "-c x.c -o x.o -MD -MMD -MP -MF x.d -MT x.o -MQ x.o"), "");
    assert_string_equal(cleaned(place, "-g -O2 -Wall -Wno-unused -fPIC -fwrapv -march=native "
                                       "-fno-semantic-interposition -flto=auto -pipe "
                                       "-ffat-lto-objects -fstack-protector-strong "
                                       "--param ssp-buffer-size=4 -Wp,-MD,x.d -specs=x -Lx -lm"),
                        "");
    assert_string_equal(cleaned(place, "-D_FORTIFY_SOURCE=2 -U_FORTIFY_SOURCE -DA "
                                       "-D _FORTIFY_SOURCE=3 -Wp,-D_FORTIFY_SOURCE=2 -Wp,-DB"),
                        "-DA|-DB");
    assert_string_equal(cleaned(place, "-Xclang -load gcc x.c -I"), "");
    assert_string_equal(cleaned(place, "-Xclang -include-pch -Xclang p -Xclang -include -Xclang h.h"),
                        "-include|h.h");
    assert_string_equal(cleaned(place, "-x ast -xir -x c -xc++ -x pcm"), "-x|c|-xc++");
    assert_string_equal(cleaned(place, "-Xclang -load -Xclang x.so -fplugin=x.so -DA"), "-DA");
    assert_string_equal(cleaned(place, "-Wp,-DA,-load,x.so,-D_FORTIFY_SOURCE=2 -Wp,-IB"), "-DA|-IB");
}

static void
test_response_files_are_expanded(void **state)
{
    Place *place = *state;

    put(place, "flags.rsp", "-DA=1 '-Iwith space'\n@more.rsp -O2");
    put(place, "more.rsp", "-DB");
    put(place, "loop.rsp", "-DC @loop.rsp");
    assert_string_equal(cleaned(place, "-DX @flags.rsp -DY"), "-DX|-DA=1|-Iwith space|-DB|-DY");
    assert_string_equal(cleaned(place, "@none.rsp"), "@none.rsp");
    assert_non_null(strstr(cleaned(place, "@loop.rsp"), "-DC|-DC"));
}

static void
test_job_for_one_file(void **state)
{
    static const char *const flags[] = {"-DA", "-c", "-O2", "-Iinc"};
    Place *place = *state;
    Job job = job_for_file(place->arena, place->strings, "some/../x.c", flags, 4);

    assert_string_equal(path_basename(job.file), "x.c");
    assert_int_equal(job.file[0], '/');
    assert_string_equal(path_dirname(place->arena, job.file), job.directory);
    assert_string_equal(joined(place, job.args, job.nargs), "-DA|-Iinc");
}

/* ---- databases ------------------------------------------------------------------------ */

static void
test_database_is_found_upwards(void **state)
{
    Place *place = *state;
    StrBuf tried;
    const char *deep = put(place, "src/deep/x.c", "");

    strbuf_init(&tried, place->arena);
    put(place, "build/compile_commands.json", "[]");
    assert_string_equal(compdb_find(place->arena, deep, &tried),
                        path_absolute(place->arena, place->dir, "build/compile_commands.json"));
    assert_non_null(strstr(tried.text, "/src/deep/build/compile_commands.json\n"));
    put(place, "src/compile_commands.json", "[]");
    assert_string_equal(compdb_find(place->arena, path_dirname(place->arena, deep), NULL),
                        path_absolute(place->arena, place->dir, "src/compile_commands.json"));
}

static void
test_both_forms_of_entries(void **state)
{
    Place *place = *state;

    put(place, "src/a.c", "");
    put(place, "src/b.c", "");
    put(place, "build/compile_commands.json",
        "[{\"directory\": \"..\", \"file\": \"src/a.c\","
        "  \"command\": \"ccache gcc -DV='\\\"1\\\"' -Iinc -O2 -c src/a.c -o a.o\"},"
        " {\"directory\": \"../src\", \"file\": \"b.c\","
        "  \"arguments\": [\"cc\", \"-DB\", \"b.c\"]},"
        " {\"directory\": \"../src\", \"file\": \"./b.c\","
        "  \"arguments\": [\"gcc\", \"-O3\", \"-DB\"]},"
        " {\"directory\": \"../src\", \"file\": \"b.c\", \"arguments\": [\"cc\", \"-DC\"]}]");
    assert_true(read_database(place, place->dir));
    assert_string_equal(place->told.text, "");
    assert_int_equal(place->jobs.jobs.n, 3);
    assert_string_equal(place->jobs.root, place->dir);
    assert_string_equal(place->jobs.jobs.at[0].directory, place->dir);
    assert_string_equal(joined(place, place->jobs.jobs.at[0].args, place->jobs.jobs.at[0].nargs),
                        "-DV=\"1\"|-Iinc");
    assert_string_equal(path_relative(place->arena, place->dir, place->jobs.jobs.at[1].file),
                        "src/b.c");
    assert_string_equal(place->jobs.jobs.at[2].args[0], "-DC");
}

static void
test_wrong_entries_cost_only_themselves(void **state)
{
    Place *place = *state;
    const char *path;

    put(place, "a.c", "");
    path = put(place, "compile_commands.json",
               "[7, {}, {\"file\": \"a.c\"}, {\"file\": \"a.c\", \"arguments\": [1]},"
               " {\"file\": \"a.c\", \"command\": \"cc 'open\"},"
               " {\"file\": \"gone.c\", \"command\": \"cc\"},"
               " {\"file\": \"a.c\", \"directory\": \"gone\", \"command\": \"cc\"},"
               " {\"file\": \"x.S\", \"command\": \"cc\"},"
               " {\"file\": \"y.f90\", \"command\": \"f\"},"
               " {\"file\": \"a.c\", \"command\": \"cc @gone.rsp\"},"
               " {\"file\": \"a.c\", \"command\": \"cc\"}]");
    assert_true(read_database(place, path));
    assert_int_equal(place->jobs.jobs.n, 1);
    assert_non_null(strstr(place->told.text, "entry 1 of the database is no object"));
    assert_non_null(strstr(place->told.text, "entry 2 of the database has no \"file\""));
    assert_non_null(strstr(place->told.text, "entry 3 of the database has neither"));
    assert_non_null(strstr(place->told.text, "entry 4 of the database has an argument"));
    assert_non_null(strstr(place->told.text, "entry 5 of the database has a \"command\""));
    assert_non_null(strstr(place->told.text, "gone.c: no such file"));
    assert_non_null(strstr(place->told.text, "gone/a.c: its directory"));
    assert_non_null(strstr(place->told.text, "a.c: its response file gone.rsp"));
    assert_null(strstr(place->told.text, "x.S"));
    assert_int_equal(place->jobs.notes.n, 1);
    assert_non_null(strstr(place->jobs.notes.at[0], "2 entries"));
}

/* Reads a database with this text; what the error says. */
static const char *
refusal(Place *place, const char *text)
{
    put(place, "compile_commands.json", text);
    place->error = (Error){0};
    assert_false(read_database(place, place->dir));
    assert_int_equal(place->error.code, ERROR_INPUT);
    return place->error.text;
}

static void
test_unusable_databases_are_refused(void **state)
{
    Place *place = *state;

    assert_false(read_database(place, place->dir));
    assert_non_null(strstr(place->error.text, "bear -- "));
    assert_non_null(strstr(place->error.text, "CMAKE_EXPORT_COMPILE_COMMANDS"));
    assert_non_null(strstr(place->error.text, "meson setup"));
    assert_false(read_database(place, "/nowhere/at/all"));
    assert_non_null(strstr(place->error.text, "/nowhere/at/all"));
    assert_non_null(strstr(refusal(place, "[\n {\"file\": }]"), "compile_commands.json:2:"));
    assert_non_null(strstr(refusal(place, ""), "not JSON"));
    assert_non_null(strstr(refusal(place, "{}"), "array"));
    assert_non_null(strstr(refusal(place, "[]"), "--force"));
}

static void
test_byte_order_mark_is_ignored(void **state)
{
    Place *place = *state;

    put(place, "a.c", "");
    put(place, "compile_commands.json",
        "\xEF\xBB\xBF[{\"file\": \"a.c\", \"command\": \"cc -c a.c\"}]");
    assert_true(read_database(place, place->dir));
    assert_int_equal(place->jobs.jobs.n, 1);
}

static void
test_c_is_known_by_suffix(void **state)
{
    (void)state;
    assert_true(source_is_c("x.c"));
    assert_true(source_is_c("x.cpp"));
    assert_true(source_is_c("x.h"));
    assert_false(source_is_c("x.py"));
    assert_false(source_is_c("x.S"));
    assert_false(source_is_c("c"));
}

/* ---- Python's headers -------------------------------------------------------------------- */

static void
test_python_version_of_headers(void **state)
{
    Place *place = *state;
    Str args[] = {"-DA", "-Inone", "-isystem", "inc"};
    Job job = {.file = "/x.c", .directory = place->dir, .args = args, .nargs = 4};

    assert_null(job_python(place->arena, place->strings, &job));
    put(place, "inc/patchlevel.h", "/* PY_MINOR_VERSION */\n#define PY_MAJOR_VERSION        3\n"
        "#define PY_MINOR_VERSION\t12\n#define PY_MICRO_VERSION 4\n");
    assert_null(job_python(place->arena, place->strings, &job));
    put(place, "inc/Python.h", "");
    assert_string_equal(job_python(place->arena, place->strings, &job), "3.12");
}

static void
test_flags_of_the_installed_python(void **state)
{
    Place *place = *state;
    Str *flags = NULL, version = NULL;
    uint32_t nflags = 0;

    if (python_flags(place->arena, place->strings, &flags, &nflags, &version, &place->error)) {
        assert_true(nflags >= 1);
        assert_true(text_starts(flags[0], "-I/"));
        assert_true(text_starts(version, "3."));
    }
    else {
        assert_non_null(strstr(place->error.text, "python3-dev"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words_are_split_as_a_shell_does),
        TEST(test_what_decides_the_source_is_kept),
        TEST(test_the_rest_is_dropped),
        TEST(test_response_files_are_expanded),
        TEST(test_job_for_one_file),
        TEST(test_database_is_found_upwards),
        TEST(test_both_forms_of_entries),
        TEST(test_wrong_entries_cost_only_themselves),
        TEST(test_unusable_databases_are_refused),
        TEST(test_byte_order_mark_is_ignored),
        TEST(test_c_is_known_by_suffix),
        TEST(test_python_version_of_headers),
        TEST(test_flags_of_the_installed_python),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

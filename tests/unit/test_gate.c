/* test_gate.c: baselines, diffs and configuration files as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/config.h"
#include "driver/gate.h"

#define HEAD "# strayref baseline 1\n"
#define HASH "0123456789abcdef"

static int
setup(void **state)
{
    *state = arena_new();
    return 0;
}

static int
teardown(void **state)
{
    arena_free(*state);
    return 0;
}

/* ---- baselines ------------------------------------------------------------------------- */

static void
test_baseline_round_trip(void **state)
{
    Arena *arena = *state;
    Error error = {.code = ERROR_NONE};
    const char *text = HEAD "# commit abc\n# a remark\n"
                       "src/b.c\tf\tleak\ta \\\\ b\\t\\n\t" HASH "\n"
                       "\n"
                       "src/a.c\tg\tleak\t\t" HASH "\n"
                       "src/b.c\tf\tleak\ta \\\\ b\\t\\n\t" HASH "\n";
    Baseline baseline, again;
    StrBuf out, twice;

    assert_true(baseline_parse(arena, "x", text, &baseline, &error));
    assert_int_equal(baseline.entries.n, 3);
    assert_string_equal(baseline.entries.at[0].object, "a \\ b\t\n");
    assert_string_equal(baseline.entries.at[1].object, "");
    assert_string_equal(baseline.commits.at[0], "abc");
    strbuf_init(&out, arena);
    baseline_print(arena, &baseline, &out);
    assert_string_equal(out.text, HEAD "# commit abc\n"
                        "src/a.c\tg\tleak\t\t" HASH "\n"
                        "src/b.c\tf\tleak\ta \\\\ b\\t\\n\t" HASH "\n");
    assert_true(baseline_parse(arena, "x", out.text, &again, &error));
    strbuf_init(&twice, arena);
    baseline_print(arena, &again, &twice);
    assert_string_equal(out.text, twice.text);
}

static void
test_bad_baselines(void **state)
{
    static const char *const texts[][2] = {
        {"", "x:1: this is no baseline"},
        {"# strayref baseline 2\n", "x:1: this is no baseline"},
        {HEAD "a\n", "x:2: no line of a baseline"},
        {HEAD "a\tb\tc\td\n", "x:2: no line"},
        {HEAD "a\tb\tc\td\t0123\n", "x:2: no line"},
        {HEAD "a\tb\tc\td\t" HASH "\te\n", "x:2: no line"},
        {HEAD "# ok\n>>>>>>> theirs\n", "x:3: a merge conflict"},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        Error error = {.code = ERROR_NONE};
        Baseline baseline;

        assert_false(baseline_parse(*state, "x", texts[i][0], &baseline, &error));
        assert_true(text_starts(error.text, texts[i][1]));
    }
}

/* ---- diffs ------------------------------------------------------------------------------- */

/* "1-3 7-7" for the lines of a file. */
static const char *
spans_text(Arena *arena, const ChangedFile *file)
{
    StrBuf out;

    strbuf_init(&out, arena);
    for (uint32_t i = 0; i < file->spans.n; i++) {
        strbuf_printf(&out, "%s%u-%u", i > 0 ? " " : "", file->spans.at[i].first,
                      file->spans.at[i].last);
    }
    return out.text;
}

static void
test_diff(void **state)
{
    static const char *const texts[][3] = {
        {"--- a/x.c\n+++ b/x.c\n@@ -1,3 +1,4 @@ f()\n a\n+b\n+c\n-d\n e\n", "b/x.c", "2-4"},
        {"+++ b/x.c\n@@ -2 +2 @@\n-a\n+b\n", "b/x.c", "1-2"},
        {"+++ b/x.c\n@@ -2,0 +3,2 @@\n+a\n+b\n", "b/x.c", "3-4"},
        {"+++ b/x.c\n@@ -2,2 +1,0 @@\n-a\n-b\n", "b/x.c", "1-2"},
        {"+++ b/x.c\n@@ -1 +0,0 @@\n-a\n", "b/x.c", "1-1"},
        {"+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n@@ -9 +9 @@\n-a\n+b\n", "b/x.c",
         "1-1 8-9"},
        {"+++ b/x.c\n@@ -1,2 +1,3 @@\n a\n\n+--- b\n", "b/x.c", "3-3"},
        {"+++ x.c\t2020-01-01 00:00\r\n@@ -1 +1,2 @@\r\n a\r\n+b\r\n", "x.c", "2-2"},
        {"+++ \"b/\\303\\251 \\\"\\\\.c\"\n@@ -1 +1,2 @@\n a\n+b\n", "b/\303\251 \"\\.c", "2-2"},
        {"diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", NULL, NULL},
        {"--- a/x.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", NULL, NULL},
        {"", NULL, NULL}, {"\n \n", NULL, NULL},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        Error error = {.code = ERROR_NONE};
        Changes changes;

        assert_true(diff_parse(*state, "x", texts[i][0], &changes, &error));
        assert_int_equal(changes.files.n, texts[i][1] != NULL ? 1 : 0);
        if (texts[i][1] != NULL) {
            assert_string_equal(changes.files.at[0].name, texts[i][1]);
            assert_string_equal(spans_text(*state, &changes.files.at[0]), texts[i][2]);
        }
    }
}

static void
test_bad_diffs(void **state)
{
    static const char *const texts[][2] = {
        {"hello\n", "x:1: this is no unified diff"},
        {"+++ b/x\n@@ -1,2 +1,2 @@\n a\n", "x:4: the diff ends inside a hunk"},
        {"+++ b/x\n@@ -1 +1 @@\n+a\n+b\n", "x:4: the hunk is shorter"},
        {"+++ b/x\n@@ 1 1 @@\n", "x:2: this is no head of a hunk"},
        {"+++ b/x\n@@ -1, +1 @@\n", "x:2: this is no head of a hunk"},
        {"@@ -1 +1 @@\n-a\n+b\n", "x:1: a hunk before any"},
        {"diff --cc x\n@@@ -1 -1 +1 @@@\n", "x:2: this is the diff of a merge"},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        Error error = {.code = ERROR_NONE};
        Changes changes;

        assert_false(diff_parse(*state, "x", texts[i][0], &changes, &error));
        assert_true(text_starts(error.text, texts[i][1]));
    }
}

/* Whatever the text, the readers end, and say why when they refuse it. */
static void
test_any_bytes(void **state)
{
    static const char alphabet[] = "+-@ ,1\n\t#\\\"a0 ";
    static const char *const heads[] = {"", "+++ b/x\n@@ -1,9 +1,9 @@\n", HEAD, "+++ \""};
    uint64_t seed = 7;

    (void)state;
    for (uint32_t round = 0; round < 20000; round++) {
        Arena *arena = arena_new();
        StrBuf text;
        Error error = {.code = ERROR_NONE};
        Baseline baseline;
        Changes changes;

        strbuf_init(&text, arena);
        strbuf_puts(&text, heads[round % COUNT_OF(heads)]);
        for (uint32_t i = 0; i < round % 50; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            strbuf_putc(&text, alphabet[(seed >> 33) % (sizeof(alphabet) - 1)]);
        }
        assert_true(diff_parse(arena, "x", text.text, &changes, &error)
                    || error.code == ERROR_INPUT);
        assert_true(baseline_parse(arena, "x", text.text, &baseline, &error)
                    || error.code == ERROR_INPUT);
        arena_free(arena);
    }
}

/* ---- configuration files ------------------------------------------------------------------- */

static void
test_config(void **state)
{
    const char *text = "# a remark\ndatabase: build\npaths: [a, 'b c']\n\"skip-generated\": no\n"
                       "rules:\n  leak: off\n  double-decref: note\npython:\n- 3.10\n- 3.13\n"
                       "require-reason: TRUE\n";
    Error error = {.code = ERROR_NONE};
    uint32_t line, col;
    ConfigFile file;

    assert_false(config_read(*state, "x", text, &file, &error));
    assert_true(text_starts(error.text, "x:11:17: require-reason: 'TRUE' is no value"));
    text = arena_strndup(*state, text, strlen(text) - strlen("require-reason: TRUE\n"));
    assert_true(config_read(*state, "x", text, &file, &error));
    assert_string_equal(file.database, "build");
    assert_int_equal(file.paths.n, 2);
    assert_string_equal(file.paths.at[1], "b c");
    assert_int_equal(file.skip_generated, 0);
    assert_int_equal(file.require_reason, -1);
    assert_null(file.skip.at);
    assert_int_equal(file.nlevels, 2);
    assert_string_equal(file.levels[0].id, "leak");
    assert_int_equal(file.levels[0].level, LEVEL_OFF);
    assert_int_equal(file.levels[1].level, SEVERITY_NOTE);
    assert_string_equal(file.python.at[0], "3.10");
    config_place(text, "skip-generated", &line, &col);
    assert_int_equal(line, 4);
    config_place(text, "skip", &line, &col);
    assert_int_equal(line, 1);
}

/* ---- temporary folders ----------------------------------------------------------------------- */

/* Waits for the folder to be gone. */
static bool
is_removed(const char *path)
{
    for (int i = 0; i < 1000 && access(path, F_OK) == 0; i++) {
        usleep(10000);
    }
    return access(path, F_OK) != 0;
}

static void
test_tempdir(void **state)
{
    Arena *arena = *state;
    Error error = {.code = ERROR_NONE};
    TempDir dir;

    assert_true(tempdir_make(arena, &dir, &error));
    assert_int_equal(mkdir(arena_printf(arena, "%s/inner", dir.path), 0700), 0);
    assert_true(file_write(arena_printf(arena, "%s/inner/x", dir.path), "x", 1, &error));
    tempdir_remove(&dir);
    assert_true(access(dir.path, F_OK) != 0);
}

/* The folder goes even when its maker is killed. */
static void
test_tempdir_of_the_dead(void **state)
{
    Arena *arena = *state;
    int ends[2];
    char path[512] = "";
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        TempDir dir;

        if (tempdir_make(arena, &dir, NULL) && write(ends[1], dir.path, strlen(dir.path)) > 0) {
            pause();
        }
        _exit(1);
    }
    assert_true(read(ends[0], path, sizeof(path) - 1) > 0);
    assert_int_equal(access(path, F_OK), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_true(is_removed(path));
    close(ends[0]);
    close(ends[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_baseline_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_baselines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_diff, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_diffs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_config, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tempdir, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tempdir_of_the_dead, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

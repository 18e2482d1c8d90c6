/* test_base.c: arena, vectors, strings, maps, paths, errors and files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/embedded.h"

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

/* ---- arena ------------------------------------------------------------------- */

static void
test_arena_zeroes_and_aligns(void **state)
{
    Arena *arena = *state;

    for (size_t size = 0; size < 300; size++) {
        unsigned char *bytes = arena_alloc(arena, size);

        assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(bytes[i], 0);
        }
        memset(bytes, 0xff, size);
    }
}

static void
test_arena_serves_any_size(void **state)
{
    Arena *arena = *state;
    char *small = arena_strndup(arena, "kept", 4);
    const size_t sizes[] = {1, 5000, 20000, 300000, 5000000, 3};

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        memset(arena_alloc(arena, sizes[i]), 0xff, sizes[i]);
    }
    assert_string_equal(small, "kept");
    assert_true(arena_used(arena) >= 5325004);
}

static void
test_arena_is_zeroed_again_after_reset(void **state)
{
    Arena *arena = *state;
    unsigned char *bytes;

    memset(arena_alloc(arena, 1000), 0xff, 1000);
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    bytes = arena_alloc(arena, 1000);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(bytes[i], 0);
    }
}

static void
test_arena_copies(void **state)
{
    Arena *arena = *state;
    const int numbers[] = {1, 2, 3};
    int *copy = arena_copy(arena, numbers, sizeof(numbers));

    assert_memory_equal(copy, numbers, sizeof(numbers));
    assert_non_null(arena_copy(arena, NULL, 0));
    assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
    assert_string_equal(arena_printf(arena, "%s-%d", "x", 42), "x-42");
}

static void
test_vec_grows(void **state)
{
    Arena *arena = *state;
    VEC(uint32_t) numbers = {0};

    for (uint32_t i = 0; i < 10000; i++) {
        VEC_PUSH(arena, &numbers, i * 3);
    }
    assert_int_equal(numbers.n, 10000);
    for (uint32_t i = 0; i < numbers.n; i++) {
        assert_int_equal(numbers.at[i], i * 3);
    }
}

/* ---- strings -------------------------------------------------------------------- */

static void
test_interned_text_is_one_pointer(void **state)
{
    Arena *arena = *state;
    Strings *strings = strings_new(arena);
    char buffer[] = "PyList_New(";
    Str name = str_intern(strings, "PyList_New");

    assert_string_equal(name, "PyList_New");
    assert_ptr_equal(name, str_intern_n(strings, buffer, 10));
    assert_ptr_equal(name, str_internf(strings, "Py%s_%s", "List", "New"));
    assert_ptr_not_equal(name, str_intern(strings, "PyList_new"));
    assert_ptr_equal(str_intern(strings, ""), str_intern_n(strings, "abc", 0));
    assert_ptr_equal(str_intern(strings, "a"), str_intern_n(strings, "a\0b", 3));
}

static void
test_many_interned_texts(void **state)
{
    Arena *arena = *state;
    Strings *strings = strings_new(arena);
    Str seen[2000];

    for (int i = 0; i < 2000; i++) {
        seen[i] = str_internf(strings, "name_%d", i);
    }
    for (int i = 0; i < 2000; i++) {
        assert_ptr_equal(seen[i], str_internf(strings, "name_%d", i));
    }
}

static void
test_internf_of_long_text(void **state)
{
    Arena *arena = *state;
    Strings *strings = strings_new(arena);
    char text[1000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_string_equal(str_internf(strings, "%s", text), text);
}

static void
test_strbuf(void **state)
{
    Arena *arena = *state;
    StrBuf buf;

    strbuf_init(&buf, arena);
    assert_string_equal(buf.text, "");
    for (int i = 0; i < 100; i++) {
        strbuf_puts(&buf, "ab");
        strbuf_putc(&buf, 'c');
        strbuf_add(&buf, "defg", 1);
        strbuf_printf(&buf, "%03d", i);
    }
    assert_int_equal(buf.length, 700);
    assert_int_equal(strlen(buf.text), 700);
    assert_memory_equal(buf.text + 693, "abcd099", 8);
    strbuf_clear(&buf);
    assert_string_equal(buf.text, "");
    strbuf_puts(&buf, "again");
    assert_string_equal(buf.text, "again");
}

static void
test_text_comparisons(void **state)
{
    (void)state;
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "b"));
    assert_false(text_equal(NULL, NULL));
    assert_true(text_starts("Py_DECREF", "Py_"));
    assert_false(text_starts("Py", "Py_"));
    assert_true(text_ends("list.facts", ".facts"));
    assert_false(text_ends("facts", ".facts"));
}

/* ---- maps ------------------------------------------------------------------------- */

static void
test_map_finds_what_was_put(void **state)
{
    Arena *arena = *state;
    Map map;
    static int values[1000];

    map_init(&map, arena);
    assert_null(map_get(&map, 0));
    for (uint64_t i = 0; i < 1000; i++) {
        *map_put(&map, i << 32) = &values[i];
    }
    assert_int_equal(map.n, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_ptr_equal(map_get(&map, i << 32), &values[i]);
        assert_int_equal(map.at[i].key, i << 32);
    }
    assert_null(map_get(&map, 1));
}

static void
test_map_keeps_one_value_per_key(void **state)
{
    Arena *arena = *state;
    Map map;
    int one, two;

    map_init(&map, arena);
    *map_put_ptr(&map, &map) = &one;
    *map_put_ptr(&map, &map) = &two;
    assert_int_equal(map.n, 1);
    assert_ptr_equal(map_get_ptr(&map, &map), &two);
    assert_null(map_get_ptr(&map, &one));
    assert_null(*map_put_ptr(&map, &one));
}

static void
test_hashes_are_the_same_on_every_run(void **state)
{
    (void)state;
    assert_true(hash_bytes("strayref", 8, 7) == hash_bytes("strayref", 8, 7));
    assert_true(hash_bytes("", 0, 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(hash_bytes("a", 1, 0) != hash_bytes("a", 1, 1));
    assert_true(hash_mix(hash_mix(1, 2), 3) != hash_mix(hash_mix(1, 3), 2));
}

/* ---- paths and places ---------------------------------------------------------------- */

static void
test_path_absolute(void **state)
{
    Arena *arena = *state;
    char *cwd = getcwd(NULL, 0);

    assert_string_equal(path_absolute(arena, "/a/b", "c.c"), "/a/b/c.c");
    assert_string_equal(path_absolute(arena, "/a/b/", "./../c//d/."), "/a/c/d");
    assert_string_equal(path_absolute(arena, "/a", "../../.."), "/");
    assert_string_equal(path_absolute(arena, "/a", "/x/./y/"), "/x/y");
    assert_string_equal(path_absolute(arena, "/a", ""), "/a");
    assert_string_equal(path_absolute(arena, NULL, "."), cwd);
    assert_string_equal(path_absolute(arena, "sub", "x"), arena_printf(arena, "%s/sub/x", cwd));
    free(cwd);
}

static void
test_path_relative(void **state)
{
    Arena *arena = *state;

    assert_string_equal(path_relative(arena, "/a/b", "/a/b/c/d"), "c/d");
    assert_string_equal(path_relative(arena, "/a/b", "/a/bc/d"), "/a/bc/d");
    assert_string_equal(path_relative(arena, "/a/b", "/a/b"), ".");
    assert_string_equal(path_relative(arena, "/", "/a"), "a");
    assert_true(path_is_below("/a/b", "/a"));
    assert_true(path_is_below("/a", "/a"));
    assert_true(path_is_below("/a", "/"));
    assert_false(path_is_below("/ab", "/a"));
}

static void
test_path_parts(void **state)
{
    Arena *arena = *state;

    assert_string_equal(path_dirname(arena, "/a/b/c"), "/a/b");
    assert_string_equal(path_dirname(arena, "/a"), "/");
    assert_string_equal(path_dirname(arena, "a"), ".");
    assert_string_equal(path_basename("/a/b.c"), "b.c");
    assert_string_equal(path_basename("b.c"), "b.c");
}

static void
test_loc_order(void **state)
{
    (void)state;
    const Loc a = {.file = "a.c", .line = 2, .col = 9};
    const Loc b = {.file = "a.c", .line = 10, .col = 1};
    const Loc c = {.file = "b.c", .line = 1, .col = 1};
    const Loc nowhere = {.file = NULL};

    assert_true(loc_compare(a, b) < 0);
    assert_true(loc_compare(c, b) > 0);
    assert_true(loc_compare(nowhere, a) < 0);
    assert_int_equal(loc_compare(b, b), 0);
}

/* ---- errors and files ----------------------------------------------------------------- */

static void
test_error_set(void **state)
{
    (void)state;
    Error error = {0};
    char text[3000];

    assert_false(error_set(NULL, ERROR_INPUT, "ignored"));
    assert_false(error_set(&error, ERROR_USAGE, "no rule '%s'", "lek"));
    assert_int_equal(error.code, ERROR_USAGE);
    assert_string_equal(error.text, "no rule 'lek'");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    error_set(&error, ERROR_INPUT, "%s", text);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

/* A fresh folder below the temporary one. */
static const char *
fresh_folder(Arena *arena)
{
    const char *top = getenv("TMPDIR");
    char *folder = arena_printf(arena, "%s/strayref-XXXXXX", top != NULL ? top : "/tmp");

    assert_non_null(mkdtemp(folder));
    return folder;
}

static void
test_file_round_trip(void **state)
{
    Arena *arena = *state;
    const char *folder = fresh_folder(arena);
    const char *file = arena_printf(arena, "%s/file", folder);
    const char *link = arena_printf(arena, "%s/link", folder);
    Error error = {0};
    size_t length = 0;
    char *big = arena_alloc(arena, 100000);

    assert_true(file_write(file, "one\0two", 7, &error));
    assert_memory_equal(file_read(arena, file, &length, &error), "one\0two", 8);
    assert_int_equal(length, 7);

    memset(big, 'x', 100000);
    assert_int_equal(symlink(file, link), 0);
    assert_true(file_write(link, big, 100000, &error));
    assert_memory_equal(file_read(arena, file, &length, &error), big, 100000);
    assert_int_equal(length, 100000);

    assert_true(file_write(file, "", 0, &error));
    assert_string_equal(file_read(arena, link, NULL, &error), "");
    assert_true(path_is_file(file));
    assert_true(path_is_dir(folder));
    assert_false(path_is_file(folder));

    unlink(link);
    unlink(file);
    assert_int_equal(rmdir(folder), 0); /* nothing temporary is left */
}

static void
test_file_errors(void **state)
{
    Arena *arena = *state;
    const char *folder = fresh_folder(arena);
    const char *inside = arena_printf(arena, "%s/no/file", folder);
    Error error = {0};

    assert_null(file_read(arena, inside, NULL, &error));
    assert_int_equal(error.code, ERROR_INPUT);
    assert_non_null(strstr(error.text, inside));
    assert_non_null(strstr(error.text, "No such file"));
    assert_null(file_read(arena, folder, NULL, &error));
    assert_non_null(strstr(error.text, "name a file instead"));
    assert_false(file_write(inside, "x", 1, &error));
    assert_non_null(strstr(error.text, "check the path"));
    assert_false(file_write(folder, "x", 1, &error));
    assert_true(file_write("/dev/null", "x", 1, &error));
    rmdir(folder);
}

/* ---- embedded files --------------------------------------------------------------------- */

static void
test_embedded_facts_are_whole_and_sorted(void **state)
{
    (void)state;
    assert_non_null(embedded_facts[0].name);
    for (const EmbeddedFile *file = embedded_facts; file->name != NULL; file++) {
        assert_true(text_ends(file->name, ".facts"));
        assert_int_equal(strlen(file->text), file->length);
        if (file != embedded_facts) {
            assert_true(strcmp(file[-1].name, file->name) < 0);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arena_zeroes_and_aligns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_serves_any_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_is_zeroed_again_after_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_copies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vec_grows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interned_text_is_one_pointer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_interned_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_internf_of_long_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strbuf, setup, teardown),
        cmocka_unit_test(test_text_comparisons),
        cmocka_unit_test_setup_teardown(test_map_finds_what_was_put, setup, teardown),
        cmocka_unit_test_setup_teardown(test_map_keeps_one_value_per_key, setup, teardown),
        cmocka_unit_test(test_hashes_are_the_same_on_every_run),
        cmocka_unit_test_setup_teardown(test_path_absolute, setup, teardown),
        cmocka_unit_test_setup_teardown(test_path_relative, setup, teardown),
        cmocka_unit_test_setup_teardown(test_path_parts, setup, teardown),
        cmocka_unit_test(test_loc_order),
        cmocka_unit_test(test_error_set),
        cmocka_unit_test_setup_teardown(test_file_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_errors, setup, teardown),
        cmocka_unit_test(test_embedded_facts_are_whole_and_sorted),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}

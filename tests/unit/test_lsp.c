/* test_lsp.c: positions and edits of the protocol; a file as bodies and the text between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lsp/alone.h"
#include "lsp/text.h"

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

/* ---- positions ------------------------------------------------------------------------- */

static Lines
lines_of(Arena *arena, const char *text)
{
    Lines lines;

    lines_find(arena, text, strlen(text), &lines);
    return lines;
}

static void
test_offsets(void **state)
{
    Lines lines = lines_of(*state, "ab\r\n\xc3\xa9x\n\xf0\x9f\x90\x8dy\rz");

    assert_int_equal(lines.start.n, 4); /* CRLF is one end of a line, CR alone is one, too */
    assert_int_equal(lines_offset(&lines, 0, 1, false), 1);
    assert_int_equal(lines_offset(&lines, 0, 99, false), 2);  /* not behind the line's end */
    assert_int_equal(lines_offset(&lines, 1, 1, false), 6);   /* one unit, two bytes */
    assert_int_equal(lines_offset(&lines, 1, 2, true), 6);
    assert_int_equal(lines_offset(&lines, 2, 2, false), 12);  /* two units, four bytes */
    assert_int_equal(lines_offset(&lines, 3, 0, false), 14);
    assert_int_equal(lines_offset(&lines, 99, 0, false), 15); /* behind the text: its end */
    assert_int_equal(lines_offset(&lines, -1, 0, false), 0);
}

static void
check_position(const Lines *lines, uint32_t line, uint32_t col, bool utf8, int want)
{
    json_t *at = lines_position(lines, line, col, utf8);

    assert_int_equal(json_integer_value(json_object_get(at, "line")), line - 1);
    assert_int_equal(json_integer_value(json_object_get(at, "character")), want);
    json_decref(at);
}

static void
test_positions(void **state)
{
    Lines lines = lines_of(*state, "\xc3\xa9x\n\xf0\x9f\x90\x8dy\n");

    check_position(&lines, 1, 3, false, 1);
    check_position(&lines, 1, 3, true, 2);
    check_position(&lines, 2, 5, false, 2);
    check_position(&lines, 2, 5, true, 4);
}

static json_t *
edit(int line, int from, int to, const char *text)
{
    return json_pack("{s:{s:{s:i, s:i}, s:{s:i, s:i}}, s:s}", "range", "start", "line", line,
                     "character", from, "end", "line", line, "character", to, "text", text);
}

static void
test_edits(void **state)
{
    Bytes text = {0};
    json_t *edits = json_pack("[o, o]", edit(0, 1, 2, "XY"), edit(0, 3, 3, "!"));
    json_t *wrong = json_pack("[{s:s}]", "range", "none");

    (void)state;
    bytes_add(&text, "abc\n", 4);
    assert_true(text_change(&text, edits, false)); /* the second is about what the first made */
    assert_string_equal(text.at, "aXY!c\n");
    assert_false(text_change(&text, wrong, false));
    json_decref(edits);
    edits = json_pack("[{s:s}]", "text", "all of it");
    assert_true(text_change(&text, edits, false));
    assert_string_equal(text.at, "all of it");
    json_decref(edits);
    json_decref(wrong);
    bytes_free(&text);
}

static void
test_uris(void **state)
{
    Arena *arena = *state;

    assert_string_equal(uri_path(arena, "file:///a%20b/c.c"), "/a b/c.c");
    assert_string_equal(uri_path(arena, "file:///a/../b.c"), "/b.c");
    assert_null(uri_path(arena, "untitled:one"));
    assert_string_equal(uri_path(arena, path_uri(arena, "/x y/%/\xc3\xa9.c")),
                        "/x y/%/\xc3\xa9.c");
}

/* ---- bodies ------------------------------------------------------------------------------- */

/* A text whose bodies are what stands between braces in column 1. */
static BodyText
bodies_in(Arena *arena, const char *text)
{
    BodyText out = {.text = text, .length = (uint32_t)strlen(text)};
    uint32_t start = 0;

    out.span = ARENA_ARRAY(arena, Span, 16);
    for (uint32_t i = 0; i < out.length; i++) {
        bool first = i == 0 || text[i - 1] == '\n';

        if (first && text[i] == '{') {
            start = i;
        }
        else if (first && text[i] == '}') {
            out.span[out.nspan++] = (Span){start, i + 1};
        }
    }
    return out;
}

#define TWO "int f(void)\n{\n    a();\n}\nint g(void)\n{\n    b();\n}\n"

/* The bodies of 'now' as they follow from those of TWO; text NULL when they do not. */
static BodyText
follow(Arena *arena, const char *now)
{
    BodyText old = bodies_in(arena, TWO);
    BodyText out = {.text = now, .length = (uint32_t)strlen(now), .nspan = old.nspan};

    out.span = ARENA_ARRAY(arena, Span, old.nspan);
    if (!bodies_follow(&old, now, out.length, out.span)) {
        out.text = NULL;
    }
    return out;
}

static void
test_change_inside(void **state)
{
    BodyText old = bodies_in(*state, TWO);
    BodyText now = follow(*state, "int f(void)\n{\n    a();\n    c();\n}\n"
                                  "int g(void)\n{\n    b();\n}\n");
    uint32_t nshift;
    LineShift *shift;

    assert_non_null(now.text);
    assert_true(bodies_same_outside(&old, &now));
    assert_false(bodies_same(&old, &now, 0));
    assert_true(bodies_same(&old, &now, 1));
    assert_true(bodies_fit(&old, &now, 0));
    shift = bodies_shift(*state, &old, &now, &nshift);
    assert_int_equal(nshift, 1);
    assert_int_equal(line_shifted(shift, nshift, 3), 3);
    assert_int_equal(line_shifted(shift, nshift, 7), 8);
}

static void
test_change_between(void **state)
{
    BodyText old = bodies_in(*state, TWO);
    BodyText now = follow(*state, "int f(void)\n{\n    a();\n}\n\nint g(void)\n{\n    b();\n}\n");

    assert_non_null(now.text);
    assert_false(bodies_same_outside(&old, &now));
    assert_true(bodies_same(&old, &now, 0) && bodies_same(&old, &now, 1));
    now = follow(*state, "int f(void)\n{\n    a();\n    b();\n}\n"); /* across the border */
    assert_null(now.text);
}

static void
test_misfits(void **state)
{
    static const char *const bodies[] = {
        "    if (x) {\n",            /* a brace too many */
        "    a(); }\n    {\n",       /* closed and opened again */
        "#define A 1\n",             /* counts for what follows */
        "    a(\"}\n\");\n}\n",
    };

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        BodyText old = bodies_in(*state, TWO);
        BodyText now = follow(*state, arena_printf(*state, "int f(void)\n{\n%s}\n"
                                                   "int g(void)\n{\n    b();\n}\n", bodies[i]));

        assert_true(now.text == NULL || !bodies_fit(&old, &now, 0));
    }
}

static void
test_blanking(void **state)
{
    const char *text = "int f(void)\n{\n    a(\"}\"); /* } */\n}\nint x;\n";
    BodyText whole = bodies_in(*state, text);
    char *copy = arena_strndup(*state, text, strlen(text));

    body_blank(copy, whole.span[0]);
    assert_string_equal(copy, "int f(void)\n;\n" "                   " "\n \nint x;\n");
    text = "int f(a)\nint a;\n{\n}\n"; /* the old style: what stands there is no declaration */
    whole = bodies_in(*state, text);
    assert_false(body_is_blankable(text, whole.span[0]));
    text = "int f(void)\n{\n#define A 1\n}\n";
    whole = bodies_in(*state, text);
    assert_false(body_is_blankable(text, whole.span[0]));
}

/* ---- a function behind its file --------------------------------------------------------------- */

#define LATE "int f(void)\n{\n    a();\n}\nint late;\n#define LATER 1\nint g(void)\n{\n    b();\n}\n"

static bool
is_safe_with(Arena *arena, const char *statement)
{
    BodyText old = bodies_in(arena, LATE), now;
    const char *text = arena_printf(arena, "int f(void)\n{\n    %s\n}\n%s", statement,
                                    strstr(LATE, "int late"));
    Alone alone;

    alone_start(&alone, arena, &old);
    alone_add_file(&alone, "#define ELSEWHERE 1\n", 20);
    alone_add_function(&alone, "theirs");
    now = bodies_in(arena, text);
    return alone_is_safe(&alone, 0, &now);
}

static void
test_alone(void **state)
{
    assert_true(is_safe_with(*state, "a(); c(1);"));
    assert_false(is_safe_with(*state, "late = 1;"));      /* not declared yet */
    assert_false(is_safe_with(*state, "g();"));
    assert_false(is_safe_with(*state, "a(LATER);"));      /* no macro yet */
    assert_false(is_safe_with(*state, "a(ELSEWHERE);"));
    assert_false(is_safe_with(*state, "theirs();"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_offsets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_positions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_uris, setup, teardown),
        cmocka_unit_test_setup_teardown(test_change_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_change_between, setup, teardown),
        cmocka_unit_test_setup_teardown(test_misfits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blanking, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alone, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

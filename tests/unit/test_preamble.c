/* test_preamble.c: what source files begin with, as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture/preamble.h"

typedef struct Place {
    Arena *arena;
    Strings *strings;
} Place;

static int
setup(void **state)
{
    Arena *arena = arena_new();
    Place *place = ARENA_NEW(arena, Place);

    *place = (Place){.arena = arena, .strings = strings_new(arena)};
    *state = place;
    return 0;
}

static int
teardown(void **state)
{
    arena_free(((Place *)*state)->arena);
    return 0;
}

/* The directives, one a line, with "(" before those that stand in a conditional. */
static const char *
beginning(const Place *place, const char *text, size_t length, uint32_t *end)
{
    LeadingDirectives found = {0};
    StrBuf out;

    strbuf_init(&out, place->arena);
    preamble_read(place->arena, place->strings, text, length, &found);
    *end = 0;
    for (uint32_t i = 0; i < found.n; i++) {
        strbuf_printf(&out, "%s%s\n", found.at[i].is_closed ? "" : "(", found.at[i].text);
        *end = found.at[i].end;
    }
    return out.text;
}

/* Checks what the text begins with, and what stands behind that. */
static void
check(const Place *place, const char *text, const char *expected, const char *rest)
{
    uint32_t end;

    assert_string_equal(beginning(place, text, strlen(text), &end), expected);
    assert_string_equal(text + end, rest);
}

static void
test_plain(void **state)
{
    const Place *place = *state;

    check(place, "", "", "");
    check(place, "int x;\n", "", "int x;\n");
    check(place, "#include <a.h>\nint x;\n", "#include <a.h>\n", "int x;\n");
    check(place, "/* c */\n\n#define A 1 /* d\n */ 2\n#include \"b.h\" // e\nint x;",
          "#define A 1 2\n#include \"b.h\"\n", "int x;");
    check(place, "  #  include   <a.h>", "#include <a.h>\n", "");
    check(place, "#include<a.h>\n#undef X\n", "#include<a.h>\n#undef X\n", "");
    check(place, "#define TEXT \"/* no // comment\"\n#define C '\"'\n",
          "#define TEXT \"/* no // comment\"\n#define C '\"'\n", "");
}

static void
test_lines(void **state)
{
    const Place *place = *state;

    check(place, "#include <a.h>\r\n#include <b.h>\r\nint x;\r\n",
          "#include <a.h>\n#include <b.h>\n", "int x;\r\n");
    check(place, "#include <a.h>\r#include <b.h>\rint x;\r",
          "#include <a.h>\n#include <b.h>\n", "int x;\r");
    check(place, "#define A \\\n  1\n#inc\\\nlude <a.h>\nx", "#define A 1\n#include <a.h>\n", "x");
    check(place, "#define A \\  \r\n 1\r\nx", "#define A 1\n", "x");
    check(place, "// one \\\n#include <no.h>\n#include <a.h>\n", "#include <a.h>\n", "");
    check(place, "\xEF\xBB\xBF#include <a.h>\n", "#include <a.h>\n", "");
}

static void
test_conditionals(void **state)
{
    const Place *place = *state;

    check(place, "#ifndef A\n# define A 1\n#endif\n#include <a.h>\nx",
          "(#ifndef A\n(#define A 1\n#endif\n#include <a.h>\n", "x");
    check(place, "#if 1\n#include <a.h>\n#elif 2\n#else\n#endif\n",
          "(#if 1\n(#include <a.h>\n(#elif 2\n(#else\n#endif\n", "");
    check(place, "#include <a.h>\n#ifdef X\nint x;\n#endif\n", "#include <a.h>\n(#ifdef X\n",
          "int x;\n#endif\n");
    check(place, "#endif\n", "", "#endif\n");
    check(place, "#else\n", "", "#else\n");
}

static void
test_ends(void **state)
{
    const Place *place = *state;
    static const char *const ends[] = {
        "#include NAME\n", "#include \"a.h\" more\n", "#include <a.h\n", "#include \"\"\n",
        "#include_next <a.h>\n", "#import <a.h>\n", "#pragma once\n", "#line 7\n", "#error no\n",
        "#define A __LINE__\n", "#if __COUNTER__ == 0\n", "#define A '\n", "#define A \"b\n",
        "#define A /* open\n", "/* open\n", "#define A ?\?/\n", "#define A R\"(b)\"\n", "#\n",
        "%:include <a.h>\n", "#if __FILE_NAME__\n", "#averyveryverylongword\n", "extern \"C\" {\n",
    };

    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        const char *text = arena_printf(place->arena, "#include <a.h>\n%s#include <b.h>\n", ends[i]);
        uint32_t end;

        assert_string_equal(beginning(place, text, strlen(text), &end), "#include <a.h>\n");
    }
    check(place, "#define A_LINE __LINE__x\n", "#define A_LINE __LINE__x\n", "");
}

static void
test_bytes(void **state)
{
    const Place *place = *state;
    static const char nul[] = "#include <a.h>\n#define A \0 1\n#include <b.h>\n";
    uint32_t end;

    assert_string_equal(beginning(place, nul, sizeof(nul) - 1, &end), "#include <a.h>\n");
    assert_string_equal(beginning(place, "#include <a.h>\n#", 16, &end), "#include <a.h>\n");
    assert_string_equal(beginning(place, "#define A /", 11, &end), "#define A /\n");
    assert_string_equal(beginning(place, "#define A \\", 11, &end), "#define A \\\n");
}

static void
test_blank(void **state)
{
    const Place *place = *state;
    const char *text = "#include <a.h>\r\n\n/* b */ x\n";

    assert_string_equal(preamble_blank(place->arena, text, strlen(text), 18),
                        "              \r\n\n * b */ x\n");
    assert_string_equal(preamble_blank(place->arena, text, strlen(text), 0), text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_conditionals),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_blank),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

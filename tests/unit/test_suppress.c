/* test_suppress.c: the scanner of comments, and what it makes of suppressions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/suppress.h"

typedef struct Read {
    Arena *arena;
    SourceComments source;
    Suppressions found;
} Read;

static Read
read_text(const char *text, bool cxx)
{
    Read r = {.arena = arena_new()};

    comments_read(r.arena, text, strlen(text), cxx, &r.source);
    for (uint32_t i = 0; i < r.source.comments.n; i++) {
        suppressions_read(r.arena, &r.source.comments.at[i], &r.found);
    }
    return r;
}

/* The comment's text must be this. */
static void
expect_comment(const Read *r, uint32_t i, const char *text)
{
    assert_true(i < r->source.comments.n);
    assert_int_equal(r->source.comments.at[i].length, strlen(text));
    assert_memory_equal(r->source.comments.at[i].text, text, strlen(text));
}

/* ---- the scanner ---------------------------------------------------------------------- */

static void
test_comments(void **state)
{
    Read r = read_text("a /* one */ b // two\n/* three\n lines */ c\n", false);

    (void)state;
    assert_int_equal(r.source.comments.n, 3);
    expect_comment(&r, 0, " one ");
    expect_comment(&r, 1, " two");
    expect_comment(&r, 2, " three\n lines ");
    assert_int_equal(r.source.comments.at[0].line, 1);
    assert_int_equal(r.source.comments.at[0].col, 3);
    assert_int_equal(r.source.comments.at[0].code_line, 3);
    assert_false(r.source.comments.at[1].alone);
    assert_true(r.source.comments.at[2].alone);
    assert_int_equal(r.source.comments.at[2].line, 2);
    assert_int_equal(r.source.comments.at[2].last_line, 3);
    assert_int_equal(r.source.comments.at[2].code_line, 0);
    arena_free(r.arena);
}

static void
test_literals(void **state)
{
    static const char *const texts[] = {
        "char *s = \"/* no */ // no\";", "char c = '\"'; char d = '\\''; /*yes*/ char *s = \"\";",
        "char *s = \"a\\\"/*no*/\";", "int n = 1'000'000; /*yes*/ int m = 0x1'F;",
        "#include <sys/*no*/x.h>\n", "char *s = \"open /*no*/\n/*yes*/;", "int x = 'don /*no*/\n",
        "f(1 /2); a = b/ *c; /*yes*/", "char *s = \"a\\\n/*no*/\";",
        "#error don't /*no*/\n/*yes*/", "x = 1e+5; y = 'a'; /*yes*/",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        Read r = read_text(texts[i], false);
        uint32_t n = strstr(texts[i], "/*yes*/") != NULL ? 1 : 0;

        assert_int_equal(r.source.comments.n, n);
        if (n == 1) {
            expect_comment(&r, 0, "yes");
        }
        arena_free(r.arena);
    }
}

static void
test_raw_strings(void **state)
{
    const char *text = "s = R\"x(\" /*no*/ )\" )x\"; /*yes*/ t = u8R\"(\\)\"; //yes";
    Read r = read_text(text, true);

    (void)state;
    assert_int_equal(r.source.comments.n, 2);
    expect_comment(&r, 0, "yes");
    expect_comment(&r, 1, "yes");
    arena_free(r.arena);
    r = read_text("s = R\"(never closed /*no*/\n", true);
    assert_int_equal(r.source.comments.n, 0);
    arena_free(r.arena);
}

static void
test_splices(void **state)
{
    Read r = read_text("/\\\n/ one \\\ntwo\n/\\\r\n* three *\\\n/ x\n", false);

    (void)state;
    assert_int_equal(r.source.comments.n, 2);
    expect_comment(&r, 0, " one \\\ntwo");
    assert_int_equal(r.source.comments.at[0].line, 1);
    assert_int_equal(r.source.comments.at[0].last_line, 3);
    assert_int_equal(r.source.comments.at[1].line, 4);
    assert_int_equal(r.source.comments.at[1].last_line, 6);
    arena_free(r.arena);
}

static void
test_macros(void **state)
{
    Read r = read_text("#define ONE(x) /* in */ two(x) \\\n    /* in */ three\n/* out */\n"
                       "  # /* x */ define FOUR one\nint five;\n", false);

    (void)state;
    assert_int_equal(r.source.macros.n, 2);
    assert_string_equal(r.source.macros.at[0].name, "ONE");
    assert_int_equal(r.source.macros.at[0].nwords, 4);
    assert_string_equal(r.source.macros.at[0].words[3], "three");
    assert_string_equal(r.source.macros.at[1].name, "FOUR");
    assert_int_equal(r.source.macros.at[1].nwords, 1);
    assert_int_equal(r.source.comments.at[0].macro, 0);
    assert_int_equal(r.source.comments.at[1].macro, 0);
    assert_true(r.source.comments.at[2].macro == NO_INDEX);
    arena_free(r.arena);
}

static void
test_regions(void **state)
{
    Read r = read_text("#if A\n/* a */\n# ifdef B\n/* b */\n# else\n/* c */\n# endif\n/* d */\n"
                       "#endif\n/* e */\n#endif\n#if X\n/* f */", false);
    static const uint32_t first[] = {1, 3, 5, 1, 0, 12}, last[] = {9, 5, 7, 9, 0, UINT32_MAX};

    (void)state;
    assert_int_equal(r.source.comments.n, 6);
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t region = r.source.comments.at[i].region;

        if (first[i] == 0) {
            assert_true(region == NO_INDEX);
            continue;
        }
        assert_int_equal(r.source.regions.at[region].first, first[i]);
        assert_int_equal(r.source.regions.at[region].last, last[i]);
    }
    arena_free(r.arena);
}

/* Whatever the bytes, the scanner ends and stays inside. */
static void
test_any_bytes(void **state)
{
    static const char alphabet[] = "/*\"'\\\n\r#R(x)1.<e \0";
    uint64_t seed = 1;
    char text[65];

    (void)state;
    for (uint32_t round = 0; round < 20000; round++) {
        Arena *arena = arena_new();
        size_t length = (size_t)(seed % 64);
        SourceComments source;

        for (size_t i = 0; i < length; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[i] = alphabet[(seed >> 33) % (sizeof(alphabet) - 1)];
        }
        text[length] = '\0';
        seed = seed * 3 + round;
        comments_read(arena, text, length, round % 2 == 0, &source);
        for (uint32_t i = 0; i < source.comments.n; i++) {
            const Comment *c = &source.comments.at[i];

            assert_true(c->text >= text && c->text + c->length <= text + length);
        }
        arena_free(arena);
    }
}

/* ---- suppressions ----------------------------------------------------------------------- */

/* One form, its rule and reason, and the lines it covers. */
typedef struct Form {
    const char *text;
    SuppressForm form;
    const char *rule, *reason;
    uint32_t first, last;
} Form;

static void
test_forms(void **state)
{
    static const Form forms[] = {
        {"x; /* strayref: ignore[leak] -- why not */", SUPPRESS_LINE, "leak", "why not", 1, 1},
        {"x; //strayref:ignore[leak]--why", SUPPRESS_LINE, "leak", "why", 1, 1},
        {"x; /** strayref: ignore[leak] */", SUPPRESS_LINE, "leak", "", 1, 1},
        {"/* strayref: ignore-next-line[leak] -- a\n * b */\n// c\n\nx;", SUPPRESS_NEXT_LINE, "leak",
         "a b", 5, 5},
        {"/* text\n * strayref: ignore-file[double-*] -- r\n */", SUPPRESS_FILE, "double-*", "r", 0,
         UINT32_MAX},
        {"// strayref: ignore-function[leak] -- r", SUPPRESS_FUNCTION, "leak", "r", 1, 1},
        {"x; // NOLINT(strayref-leak): r", SUPPRESS_LINE, "leak", "r", 1, 1},
        {"x; // NOLINT(a, strayref-leak , b) r", SUPPRESS_LINE, "leak", "r", 1, 1},
        {"// NOLINTNEXTLINE(strayref-*)\nx;", SUPPRESS_NEXT_LINE, "*", "", 2, 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        Read r = read_text(forms[i].text, false);
        const Suppression *s = r.found.all.at;

        assert_int_equal(r.found.all.n, 1);
        assert_int_equal(r.found.problems.n, 0);
        assert_int_equal(s->form, forms[i].form);
        assert_int_equal(s->nnames, 1);
        assert_string_equal(s->names[0].rule, forms[i].rule);
        assert_string_equal(s->reason, forms[i].reason);
        assert_int_equal(s->first, forms[i].first);
        assert_int_equal(s->last, forms[i].last);
        arena_free(r.arena);
    }
}

static void
test_no_suppressions(void **state)
{
    static const char *const texts[] = {
        "/* a strayref: ignore[leak] */", "\"strayref: ignore[leak]\"", "// NOLINT", "// NOLINT(x)",
        "// NOLINT(*)", "// NOLINTBEGIN(strayref-leak)", "// XNOLINT(strayref-leak)",
        "// strayref: --python 3.12", "// strayref: it sees nothing here", "// NOLINT(strayref-",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        Read r = read_text(texts[i], false);

        assert_int_equal(r.found.all.n, 0);
        assert_int_equal(r.found.problems.n, 0);
        arena_free(r.arena);
    }
}

static void
test_problems(void **state)
{
    static const char *const texts[][2] = {
        {"x; /* strayref: ignore[leek] */", "unknown rule 'leek'"},
        {"x; /* strayref: ignored[leak] */", "unknown word 'ignored'"},
        {"x; /* strayref: ignore[leak */", "suppression without ']'"},
        {"x; /* strayref: ignore[,] */", "suppression that names no rule"},
        {"x; /* strayref: ignore[leak] why */", "suppression with words that belong to nothing"},
        {"x; // NOLINT(strayref-leek)", "unknown rule 'leek'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        Read r = read_text(texts[i][0], false);

        assert_int_equal(r.found.problems.n, 1);
        assert_string_equal(r.found.problems.at[0].what, texts[i][1]);
        assert_int_equal(r.found.problems.at[0].loc.line, 1);
        assert_true(r.found.problems.at[0].loc.col > 4);
        arena_free(r.arena);
    }
}

static void
test_patterns(void **state)
{
    (void)state;
    assert_true(suppress_matches("leak", "leak"));
    assert_true(suppress_matches("*", "leak"));
    assert_true(suppress_matches("gc-*-missing", "gc-flag-missing"));
    assert_true(suppress_matches("*k", "leak"));
    assert_false(suppress_matches("lea", "leak"));
    assert_false(suppress_matches("leak*s", "leak"));
    assert_false(suppress_matches("", "leak"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comments),        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_raw_strings),     cmocka_unit_test(test_splices),
        cmocka_unit_test(test_macros),          cmocka_unit_test(test_regions),
        cmocka_unit_test(test_any_bytes),       cmocka_unit_test(test_forms),
        cmocka_unit_test(test_no_suppressions), cmocka_unit_test(test_problems),
        cmocka_unit_test(test_patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

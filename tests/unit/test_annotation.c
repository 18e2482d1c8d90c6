/* test_annotation.c: annotations become facts, correct what was computed, and are
 * refused with a place and what was expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/model.h"

#include <string.h>

typedef struct Fixture {
    Arena *arena;
    Strings *strings;
    Model *model;
    Decl decl;
    VEC(const char *) errors;
} Fixture;

static void
on_error(void *payload, const char *message)
{
    Fixture *f = payload;

    VEC_PUSH(f->arena, &f->errors, arena_strndup(f->arena, message, strlen(message)));
}

static int
setup(void **state)
{
    Arena *arena = arena_new();
    Fixture *f = ARENA_NEW(arena, Fixture);
    Error error = {.code = ERROR_NONE};

    f->arena = arena;
    f->strings = strings_new(arena);
    f->model = model_new(arena, f->strings, 311, &error);
    assert_non_null(f->model);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    arena_free(f->arena);
    return 0;
}

/* Declares 'name' with the given annotations (ended by NULL), the prototype last. */
static void
annotate(Fixture *f, const char *name, bool has_body, const char *const *notes)
{
    VEC(Str) texts = {0};

    for (; *notes != NULL; notes++) {
        VEC_PUSH(f->arena, &texts, str_internf(f->strings, "strayref:%s", *notes));
    }
    f->decl = (Decl){.name = str_intern(f->strings, name), .is_func = true,
                     .usr = str_internf(f->strings, "c:@F@%s", name),
                     .loc = {.file = str_intern(f->strings, "a.c"), .line = 7, .col = 3},
                     .annotation = texts.at, .nannotation = texts.n};
    model_annotate(f->model, &f->decl, has_body, on_error, f);
}

#define ANNOTATE(f, name, ...)                                                         \
    annotate(f, name, false, (const char *const[]){__VA_ARGS__, NULL})

/* The fact about 'name' as text, "" when there is none. */
static const char *
fact_text(Fixture *f, const char *name)
{
    const Summary *fact = model_find(f->model, name, NULL);
    StrBuf out;

    strbuf_init(&out, f->arena);
    if (fact != NULL) {
        facts_print(fact, &out);
    }
    return out.text == NULL ? "" : out.text;
}

static void
assert_one_error(const Fixture *f, const char *part)
{
    assert_int_equal(f->errors.n, 1);
    if (strstr(f->errors.at[0], part) == NULL || !text_starts(f->errors.at[0], "a.c:7:3: ")) {
        fail_msg("'%s' does not say '%s'", f->errors.at[0], part);
    }
}

/* ---- facts --------------------------------------------------------------- */

static void
test_result_words(void **state)
{
    Fixture *f = *state;

    ANNOTATE(f, "make", "returns_new", "prototype(n:int) obj");
    ANNOTATE(f, "find", "returns_borrowed(1)", "prototype(table, name:str) obj");
    assert_int_equal(f->errors.n, 0);
    assert_string_equal(fact_text(f, "make"),
                        "make(n:int) -> new | NULL raises [calls] [writes]\n");
    assert_non_null(strstr(fact_text(f, "find"), "borrowed table"));
    assert_int_equal(model_find(f->model, "make", NULL)->origin, ORIGIN_ANNOTATION);
}

static void
test_effect_words(void **state)
{
    Fixture *f = *state;
    const Summary *fact;

    ANNOTATE(f, "put", "steals(2)", "negative_result_sets_exception",
             "prototype(table, item) int");
    fact = model_find(f->model, "put", NULL);
    assert_int_equal(f->errors.n, 0);
    assert_int_equal(fact->ncases, 2);
    for (uint32_t i = 0; i < fact->ncases; i++) {
        assert_int_equal(fact->cases[i].neffect, 1);
        assert_int_equal(fact->cases[i].effect[0].kind, EFFECT_STEAL);
        assert_int_equal(fact->cases[i].effect[0].param, 1);
    }
    assert_int_equal(fact->cases[1].err, ERR_RAISES);
}

static void
test_parameters_without_usable_names(void **state)
{
    Fixture *f = *state;

    ANNOTATE(f, "f", "steals(3)", "prototype(arg1, raises:int, nobody, x, x) void");
    assert_int_equal(f->errors.n, 0);
    assert_non_null(strstr(fact_text(f, "f"), "f(arg1, arg2:int, steal arg3, x, arg5)"));
}

static void
test_whole_fact(void **state)
{
    Fixture *f = *state;

    ANNOTATE(f, "f", "(a, steal b?) -> 0 | -1 raises", "prototype(x, y) int");
    assert_int_equal(f->errors.n, 0);
    assert_string_equal(fact_text(f, "f"), "f(a, steal b?) -> 0 | -1 raises\n");
}

static void
test_others_are_ignored(void **state)
{
    Fixture *f = *state;

    ANNOTATE(f, "f", "prototype(x) obj");
    assert_int_equal(f->errors.n, 0);
    assert_string_equal(fact_text(f, "f"), "");
}

/* The user's word counts more, that of the declaration more than a built-in one. */
static void
test_precedence(void **state)
{
    Fixture *f = *state;

    ANNOTATE(f, "PyList_New", "returns_borrowed", "prototype(n:int) obj");
    assert_non_null(strstr(fact_text(f, "PyList_New"), "borrowed"));
    model_add_text(f->model, "user", "PyList_New(n:int) -> same n\n", ORIGIN_USER, on_error, f);
    assert_non_null(strstr(fact_text(f, "PyList_New"), "same n"));
}

/* ---- what is wrong --------------------------------------------------------- */

static void
test_unknown_word(void **state)
{
    Fixture *f = *state;

    ANNOTATE(f, "f", "retuns_new", "steals(1)", "prototype(x) obj");
    assert_one_error(f, "annotation 'retuns_new' of f: unknown word; expected returns_new, ");
    assert_non_null(strstr(fact_text(f, "f"), "steal x"));
}

static void
test_wrong_arity(void **state)
{
    static const struct {
        const char *note, *says;
    } rows[] = {
        {"steals", "expected steals(n)"},
        {"steals()", "expected steals(n)"},
        {"steals(0)", "expected a number from 1 to 2"},
        {"steals(3)", "expected a number from 1 to 2"},
        {"steals(x)", "expected a number from 1 to 2"},
        {"steals(1", "expected ')'"},
        {"returns_new(1)", "takes no number"},
        {"returns_same(1, 1)", "too many numbers; expected 1 at most"},
        {"steals(2)", "parameter 2, 'n', is no object"},
        {"out_new(1)", "is no address of an object"},
        {"negative_result_sets_exception", "returns no number"},
        {"(x) -> new", "it has 1 parameters; expected 2"},
        {"(x, n:int -> new", "expected ',' or ')'"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Fixture *f = *state;

        f->errors.n = 0;
        ANNOTATE(f, "f", rows[i].note, "prototype(x, n:int) obj");
        assert_one_error(f, rows[i].says);
    }
}

static void
test_contradictions(void **state)
{
    Fixture *f = *state;

    ANNOTATE(f, "f", "returns_new", "returns_borrowed", "prototype(x) obj");
    assert_one_error(f, "contradicts 'returns_new'");
    f->errors.n = 0;
    ANNOTATE(f, "f", "steals(1)", "keeps(1)", "prototype(x) obj");
    assert_one_error(f, "contradicts 'steals'");
    f->errors.n = 0;
    ANNOTATE(f, "f", "steals(1)", "steals(1)", "prototype(x) obj");
    assert_int_equal(f->errors.n, 0);
}

/* ---- bodies ------------------------------------------------------------------ */

static void
keep_fact(void *payload, Summary *summary)
{
    *(Summary **)payload = summary;
}

/* Annotates 'f' and gives it the summary 'computed'; returns what counts then. */
static const char *
merged(Fixture *f, const char *computed, const char *note, const char *prototype)
{
    Summary *summary = NULL;
    FactSink sink = {.on_fact = keep_fact, .payload = &summary};
    StrBuf out;

    annotate(f, "f", true, (const char *const[]){note, prototype, NULL});
    facts_read(f->arena, f->strings, "computed", computed, &sink);
    assert_non_null(summary);
    model_put_computed(f->model, f->decl.usr, summary);
    strbuf_init(&out, f->arena);
    facts_print(model_find(f->model, "f", f->decl.usr), &out);
    return out.text;
}

static void
assert_conflict(const Fixture *f, const char *part)
{
    uint32_t n;
    const Str *conflicts = model_conflicts(f->model, &n);

    assert_int_equal(n, part == NULL ? 0 : 1);
    if (part != NULL) {
        assert_non_null(strstr(conflicts[0], part));
        assert_true(text_starts(conflicts[0], "a.c:7:3: f is annotated "));
    }
}

static void
test_body_agrees(void **state)
{
    Fixture *f = *state;
    const char *text = merged(f, "f(x, out:objp) -> any: out = new | NULL raises\n",
                              "returns_borrowed(1)", "prototype(x, out:objp) obj");

    assert_non_null(strstr(text, "borrowed x: out = new"));
    assert_conflict(f, NULL);
}

static void
test_body_returns_new(void **state)
{
    Fixture *f = *state;

    merged(f, "f() -> new | NULL nomem\n", "returns_borrowed", "prototype() obj");
    assert_conflict(f, "'returns_borrowed', but its body returns a new reference");
}

static void
test_body_returns_borrowed(void **state)
{
    Fixture *f = *state;
    const char *text = merged(f, "f(x) -> same x\n", "returns_new", "prototype(x) obj");

    assert_non_null(strstr(text, "-> new"));
    assert_conflict(f, "'returns_new', but its body returns a borrowed reference");
}

static void
test_body_does_not_steal(void **state)
{
    Fixture *f = *state;
    const char *text = merged(f, "f(x) -> 0: steal x | -1 raises\n", "steals(1)",
                              "prototype(x) int");

    assert_string_equal(text, "f(steal x) -> 0 | -1 raises\n");
    assert_conflict(f, "leaves the reference with the caller");
}

static void
test_body_steals_on_success(void **state)
{
    Fixture *f = *state;

    merged(f, "f(x) -> 0: steal x | -1 raises\n", "steals_on_success(1)", "prototype(x) int");
    assert_conflict(f, NULL);
}

static void
test_body_sets_no_exception(void **state)
{
    Fixture *f = *state;
    const char *text = merged(f, "f(n:int) -> 0 | -1\n", "negative_result_sets_exception",
                              "prototype(n:int) int");

    assert_string_equal(text, "f(n:int) -> 0 | -1 raises\n");
    assert_conflict(f, "but its body has a path that sets none");
}

static void
test_body_against_fact(void **state)
{
    Fixture *f = *state;
    const char *text = merged(f, "f(x) -> new\n", "(x) -> borrowed x", "prototype(x) obj");

    assert_string_equal(text, "f(x) -> borrowed x\n");
    assert_conflict(f, "with a fact, but its body returns a new reference");
}

/* ---- other versions ------------------------------------------------------------ */

static void
test_any_version(void **state)
{
    Fixture *f = *state;

    assert_null(model_find(f->model, "PyDict_GetItemRef", NULL));
    assert_non_null(model_find_any_version(f->model, "PyDict_GetItemRef"));
    assert_ptr_equal(model_find_any_version(f->model, "PyList_New"),
                     model_find(f->model, "PyList_New", NULL));
    assert_null(model_find_any_version(f->model, "no_such_function"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_result_words),
        TEST(test_effect_words),
        TEST(test_parameters_without_usable_names),
        TEST(test_whole_fact),
        TEST(test_others_are_ignored),
        TEST(test_precedence),
        TEST(test_unknown_word),
        TEST(test_wrong_arity),
        TEST(test_contradictions),
        TEST(test_body_agrees),
        TEST(test_body_returns_new),
        TEST(test_body_returns_borrowed),
        TEST(test_body_does_not_steal),
        TEST(test_body_steals_on_success),
        TEST(test_body_sets_no_exception),
        TEST(test_body_against_fact),
        TEST(test_any_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

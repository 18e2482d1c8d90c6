/* test_model.c: the facts language, summaries, lookup and the overlay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/embedded.h"
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

typedef struct Fixture {
    Arena *arena;
    Strings *strings;
    VEC(Summary *) facts;
    VEC(GlobalFact *) globals;
    VEC(const char *) errors;
} Fixture;

static void
on_fact(void *payload, Summary *summary)
{
    Fixture *f = payload;
    VEC_PUSH(f->arena, &f->facts, summary);
}

static void
on_global(void *payload, GlobalFact *fact)
{
    Fixture *f = payload;
    VEC_PUSH(f->arena, &f->globals, fact);
}

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

    f->arena = arena;
    f->strings = strings_new(arena);
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

static void
read_text(Fixture *f, const char *text)
{
    FactSink sink = {on_fact, on_global, on_error, f};

    f->facts.n = f->globals.n = f->errors.n = 0;
    facts_read(f->arena, f->strings, "t.facts", text, &sink);
}

static Summary *
read_one(Fixture *f, const char *text)
{
    read_text(f, text);
    if (f->errors.n > 0) {
        fail_msg("%s", f->errors.at[0]);
    }
    assert_int_equal(f->facts.n, 1);
    return f->facts.at[0];
}

static const char *
printed(Fixture *f, const Summary *summary)
{
    StrBuf out;

    strbuf_init(&out, f->arena);
    facts_print(summary, &out);
    return out.text;
}

/* ---- reading ------------------------------------------------------------ */

static void
test_read_simple(void **state)
{
    Fixture *f = *state;
    Summary *s =
        read_one(f, "doc c-api/list\n"
                    "# comment\n"
                    "\n"
                    "PyList_GetItem(list, i:int)  -> borrowed list | NULL raises # x\n");

    assert_string_equal(s->name, "PyList_GetItem");
    assert_string_equal(s->doc, "c-api/list");
    assert_string_equal(s->text,
                        "PyList_GetItem(list, i:int) -> borrowed list | NULL raises");
    assert_int_equal(s->nparam, 2);
    assert_int_equal(s->param[0].kind, PARAM_OBJ);
    assert_int_equal(s->param[1].kind, PARAM_INT);
    assert_int_equal(s->ncases, 2);
    assert_int_equal(s->cases[0].ret.kind, RESULT_BORROWED);
    assert_int_equal(s->cases[0].ret.from, 0);
    assert_int_equal(s->cases[0].err, ERR_SAME);
    assert_int_equal(s->cases[1].ret.kind, RESULT_NULL);
    assert_int_equal(s->cases[1].err, ERR_RAISES);
}

static void
test_read_effects(void **state)
{
    Fixture *f = *state;
    Summary *s = read_one(f, "PyModule_AddObject(module, name:str, value?)\n"
                             "    -> 0: steal value\n"
                             "    # between\n"
                             "    -> -1 raises\n");

    assert_true(s->param[2].nullable);
    assert_int_equal(s->ncases, 2);
    assert_int_equal(s->cases[0].neffect, 1);
    assert_int_equal(s->cases[0].effect[0].kind, EFFECT_STEAL);
    assert_int_equal(s->cases[0].effect[0].param, 2);
    assert_int_equal(s->cases[1].neffect, 0);
    assert_int_equal(s->cases[1].ret.lo, -1);

    s = read_one(f,
                 "PyList_SetItem(list, i:int, steal item?) -> 0 | -1 raises [calls]\n");
    assert_true(s->calls);
    for (uint32_t i = 0; i < 2; i++) { /* a prefix holds in every outcome */
        assert_int_equal(s->cases[i].neffect, 1);
        assert_int_equal(s->cases[i].effect[0].kind, EFFECT_STEAL);
    }
}

static void
test_read_keep(void **state)
{
    Fixture *f = *state;
    Summary *s = read_one(f, "f(n:int, keep a, b, keep c in b, keep d in nobody) -> 0\n");
    const Effect *effect = s->cases[0].effect;

    assert_int_equal(s->cases[0].neffect, 3);
    assert_int_equal(effect[0].result.from, 2); /* first object other than itself */
    assert_int_equal(effect[1].result.from, 2);
    assert_int_equal(effect[2].result.from, -1);

    s = read_one(f, "PyTuple_Pack(n:int, keep ...) -> new | NULL nomem\n");
    assert_true(s->variadic);
    assert_int_equal(s->cases[0].effect[0].param, PARAM_REST);
    assert_int_equal(s->cases[0].effect[0].result.from, -1);

    s = read_one(f, "g(keep only) -> 0: keep only in only\n");
    assert_int_equal(s->cases[0].effect[0].result.from, -1);
    assert_int_equal(s->cases[0].effect[1].result.from, 0);
}

static void
test_read_out(void **state)
{
    Fixture *f = *state;
    Summary *s =
        read_one(f, "macro Py_SETREF(op:objp, value?) -> void: reset op = same value\n");

    assert_true(s->is_macro);
    assert_int_equal(s->cases[0].effect[0].kind, EFFECT_RESET);
    assert_int_equal(s->cases[0].effect[0].result.kind, RESULT_SAME);
    assert_int_equal(s->cases[0].effect[0].result.from, 1);

    s = read_one(f, "macro Py_CLEAR(reset op:objp) -> void [calls]\n");
    assert_int_equal(s->cases[0].effect[0].result.kind, RESULT_NULL);

    s = read_one(f, "PyArg_UnpackTuple(args, name:str, min:int, max:int, ...)\n"
                    "    -> 1: ... = borrowed args\n"
                    "    -> 0 raises\n");
    assert_int_equal(s->cases[0].effect[0].param, PARAM_REST);
    assert_int_equal(s->cases[0].effect[0].kind, EFFECT_OUT);
    assert_int_equal(s->cases[0].effect[0].result.from, 0);

    s = read_one(f, "helper(self, x)\n -> 0: self->x = same x, release self->a.b[0]\n");
    assert_string_equal(s->cases[0].effect[0].path, "x");
    assert_string_equal(s->cases[0].effect[1].path, "a.b[0]");
    assert_int_equal(s->cases[0].effect[1].kind, EFFECT_RELEASE);
}

static void
test_read_results(void **state)
{
    Fixture *f = *state;
    Summary *s =
        read_one(f, "f(x) -> 0..1 | 1.. | ..-1 | int | -5..-2 | any | void | ptr | ptr x"
                    " | same x | new clears | borrowed unknown | NULL nomem\n");
    static const int64_t ranges[][2] = {
        {0, 1}, {1, INT64_MAX}, {INT64_MIN, -1}, {INT64_MIN, INT64_MAX}, {-5, -2}};

    assert_int_equal(s->ncases, 13);
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        assert_int_equal(s->cases[i].ret.kind, RESULT_INT);
        assert_true(s->cases[i].ret.lo == ranges[i][0]
                    && s->cases[i].ret.hi == ranges[i][1]);
    }
    assert_int_equal(s->cases[5].ret.kind, RESULT_ANY);
    assert_int_equal(s->cases[7].ret.from, -1);
    assert_int_equal(s->cases[8].ret.from, 0);
    assert_int_equal(s->cases[10].err, ERR_CLEARS);
    assert_int_equal(s->cases[11].ret.from, -1);
    assert_int_equal(s->cases[11].err, ERR_UNKNOWN);
    assert_int_equal(s->cases[12].err, ERR_NOMEM);
}

static void
test_read_guards(void **state)
{
    Fixture *f = *state;
    Summary *s = read_one(f, "f(x?, y?)\n"
                             "    -> when x NULL: 0\n"
                             "    -> when x notnull, y NULL: -1 raises: steal x\n");

    assert_int_equal(s->cases[0].guard[0], GUARD_NULL);
    assert_int_equal(s->cases[0].guard[1], GUARD_ANY);
    assert_int_equal(s->cases[1].guard[0], GUARD_NOTNULL);
    assert_int_equal(s->cases[1].guard[1], GUARD_NULL);
    assert_int_equal(s->cases[1].effect[0].kind, EFFECT_STEAL);
}

static void
test_read_kinds(void **state)
{
    Fixture *f = *state;
    Summary *s = read_one(f, "f(x, n:int)\n"
                             "    -> when n negative, x not PyBool, x not PySetExact: 0\n"
                             "    -> when n positive: 1\n");
    Kinds bool_or_set = kind_find("PyBool", 6) | kind_find("PySetExact", 10);

    assert_int_equal(s->cases[0].guard[1], GUARD_NEGATIVE);
    assert_int_equal(s->cases[0].unlike[0], bool_or_set);
    assert_int_equal(s->cases[0].unlike[1], 0);
    assert_int_equal(s->cases[1].guard[1], GUARD_POSITIVE);
    assert_null(s->cases[1].unlike);
    assert_int_equal(kind_asked("PySet_CheckExact"), kind_find("PySetExact", 10));
    assert_int_equal(kind_asked("PyFoo_Check"), 0);
    assert_int_equal(kind_and_more(kind_find("PySetExact", 10)) & kind_find("PyAnySet", 8),
                     kind_find("PyAnySet", 8));
    assert_int_equal(kind_of_type_object("PyFloat_Type"), kind_find("PyFloat", 7));
}

static void
test_read_flags(void **state)
{
    Fixture *f = *state;
    Summary *s =
        read_one(f, "f(fmt:str, ...) -> new [build fmt] [nogil] [pure] [partial] "
                    "[alloc mem] [type unsigned char *] [since 3.9] [until 3.13]\n");

    assert_int_equal(s->format, FORMAT_BUILD);
    assert_int_equal(s->format_param, 0);
    assert_true(s->nogil && s->pure && s->partial && !s->calls);
    assert_string_equal(s->alloc, "mem");
    assert_string_equal(s->ctype, "unsigned char *");
    assert_int_equal(s->since, 309);
    assert_int_equal(s->until, 313);

    s = read_one(f, "abort() [noreturn]\n");
    assert_true(s->noreturn);
    assert_int_equal(s->ncases, 0);
    s = read_one(f, "f(args, fmt:str, ...) [parse fmt]\n -> 1\n -> 0 raises\n");
    assert_int_equal(s->format, FORMAT_PARSE);
    assert_int_equal(s->format_param, 1);
}

static void
test_read_globals(void **state)
{
    Fixture *f = *state;

    read_text(f, "global PyExc_*\nglobal _Py_NoneStruct immortal since 3.12\n"
                 "global X immortal\n");
    assert_int_equal(f->errors.n, 0);
    assert_int_equal(f->globals.n, 3);
    assert_string_equal(f->globals.at[0]->name, "PyExc_*");
    assert_false(f->globals.at[0]->immortal);
    assert_int_equal(f->globals.at[1]->immortal_since, 312);
    assert_true(f->globals.at[2]->immortal);
}

/* Words of the language are good names too. */
static void
test_read_names(void **state)
{
    Fixture *f = *state;
    Summary *s = read_one(f, ".free(steal, keep steal2, free free:ptr, when, in)\n"
                             "    -> when when NULL: 0: keep in in in, release steal\n");

    assert_string_equal(s->name, ".free");
    assert_int_equal(s->nparam, 5);
    assert_string_equal(s->param[0].name, "steal");
    assert_string_equal(s->param[2].name, "free");
    assert_int_equal(s->cases[0].neffect, 4);
    assert_int_equal(s->cases[0].effect[2].result.from, 4);
}

typedef struct Wrong {
    const char *text;
    const char *message; /* how it begins */
} Wrong;

static const Wrong wrong[] = {
    {"f", "t.facts:1:2: no parameters; expected '('"},
    {"f(", "t.facts:1:3: no parameter name; expected a name"},
    {"f(x", "t.facts:1:4: parameters do not end; expected ',' or ')'"},
    {"f(x,) -> 0", "t.facts:1:5: no parameter name"},
    {"f(..., x) -> 0", "t.facts:1:6: '...' is not last"},
    {"f(x, x) -> 0", "t.facts:1:6: 'x' cannot be a parameter here"},
    {"f(raises) -> 0", "t.facts:1:3: 'raises' cannot be a parameter here"},
    {"f(x:object) -> 0", "t.facts:1:5: unknown kind of parameter; expected objp"},
    {"f(x)", "t.facts:1:1: the fact has no outcome; expected '-> RESULT'"},
    {"f(x) ->", "t.facts:1:8: unknown result; expected void"},
    {"f(x) -> nothing", "t.facts:1:9: unknown result"},
    {"f(x) -> same", "t.facts:1:13: 'same' names no parameter"},
    {"f(x) -> borrowed y", "t.facts:1:18: no parameter called 'y'"},
    {"f(x) -> 1..0", "t.facts:1:13: empty range"},
    {"f(x) -> 99999999999999999999", "t.facts:1:27: number too large"},
    {"f(x) -> 0 raise", "t.facts:1:11: unexpected 'raise'; expected an exception"},
    {"f(x) -> 0: steal y", "t.facts:1:18: no parameter called 'y'"},
    {"f(x) -> 0: x", "t.facts:1:13: no effect; expected '= RESULT'"},
    {"f(x) -> 0: steal x = new", "t.facts:1:21: 'steal' sets nothing"},
    {"f(x) -> 0: x = new", "t.facts:1:12: only what an address points to changes"},
    {"f(steal n:int) -> 0", "t.facts:1:3: nothing happens to a number"},
    {"f(x) -> 0: keep x in", "t.facts:1:21: no holder named"},
    {"f(x) -> 0: keep x in z", "t.facts:1:23: no parameter called 'z'"},
    {"f(x) -> 0: steal ...", "t.facts:1:21: the fact is not variadic"},
    {"f(x) -> 0 [fast]", "t.facts:1:12: unknown flag; expected calls"},
    {"f(x) -> 0 [calls", "t.facts:1:17: flag does not end; expected ']'"},
    {"f(x) -> 0 [since x]", "t.facts:1:18: no version; expected one like 3.12"},
    {"f(x) -> 0 [since 3.12] [until 3.9]", "t.facts:1:35: no version is left"},
    {"f(x) -> 0 [parse x]", "t.facts:1:18: a format is a string"},
    {"f(x) -> 0 [type ]", "t.facts:1:17: no type; expected a C type"},
    {"f(x) -> when x not Long: 0", "t.facts:1:20: unknown kind; expected one such as PyLong or PySetExact"},
    {"f(x) -> when x: 0", "t.facts:1:15: unknown condition; expected NULL, notnull, uncached, negative, notnegative, positive or not KIND"},
    {"    -> 0", "t.facts:1:5: indented line without a fact above"},
    {"f(x) -> 0\n    -> 1",
     "t.facts:2:5: the fact's first line has its outcomes already"},
    {"f(x)\n    0", "t.facts:2:5: indented line is no outcome; expected '->'"},
    {"f(x)\n    -> 0 | 1", "t.facts:2:10: unexpected '|'"},
    {"doc", "t.facts:1:4: no section"},
    {"global", "t.facts:1:7: no name"},
    {"global x mortal", "t.facts:1:10: unexpected 'mortal'"},
    {"->", "t.facts:1:1: no name; expected a function"},
};

static void
test_errors(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        read_text(f, wrong[i].text);
        assert_int_equal(f->facts.n, 0);
        assert_int_equal(f->errors.n, 1);
        if (!text_starts(f->errors.at[0], wrong[i].message)) {
            fail_msg("for '%s':\n  got      %s\n  expected %s", wrong[i].text,
                     f->errors.at[0], wrong[i].message);
        }
    }
}

/* A wrong fact is left out whole, everything else is read. */
static void
test_errors_go_on(void **state)
{
    Fixture *f = *state;

    read_text(f, "a(x) -> 0\n"
                 "b(x) -> what\n"
                 "    -> 0\n"
                 "c(x)\n"
                 "    -> bad\n"
                 "    -> 0\n"
                 "d(x)\r\n"
                 "\t-> 0\r\n"
                 "e(x) -> 0 [huh]\n"
                 "f(x) -> 0");
    assert_int_equal(f->errors.n, 3);
    assert_int_equal(f->facts.n, 3);
    assert_string_equal(f->facts.at[0]->name, "a");
    assert_string_equal(f->facts.at[1]->name, "d");
    assert_string_equal(f->facts.at[2]->name, "f");
}

/* Cuts and flips bytes of facts: the reader survives and says so. */
static void
test_errors_survive(void **state)
{
    Fixture *f = *state;
    static const char text[] =
        "macro f(steal a?, b:objp, keep ...) [since 3.9]\n"
        "    -> when a NULL: 0..9 raises: reset b = borrowed a, ... = new\n"
        "global X* immortal since 3.12\n";
    char changed[sizeof(text)];

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        for (int c = 1; c < 256; c += 7) {
            memcpy(changed, text, sizeof(text));
            changed[i] = (char)c;
            read_text(f, changed);
        }
        memcpy(changed, text, sizeof(text));
        changed[i] = '\0';
        read_text(f, changed);
    }
}

/* ---- printing ----------------------------------------------------------- */

/* Facts in canonical form print as they stand. */
static const char *const canonical[] = {
    "PyList_New(n:int) -> new | NULL nomem\n",
    "PyList_SetItem(list, i:int, steal item?) -> 0 | -1 raises [calls]\n",
    "PyModule_AddObject(module, name:str, value?)\n    -> 0: steal value\n    -> -1 "
    "raises\n",
    "PyDict_GetItemRef(dict, key, value:objp) [since 3.13] [calls]\n"
    "    -> 1: value = new\n    -> 0: value = NULL\n    -> -1 raises: value = NULL\n",
    "macro Py_CLEAR(reset op:objp) -> void [calls]\n",
    "macro Py_SETREF(op:objp, value?) -> void: reset op = same value [calls]\n",
    "macro PyBytes_AS_STRING(bytes) -> ptr bytes [type char *]\n",
    "PyTuple_Pack(n:int, keep ...) -> new | NULL nomem\n",
    "Py_BuildValue(format:str, ...) -> new | NULL raises [build format]\n",
    ".tp_alloc(type, n:int) -> new | NULL nomem\n",
    "f(a, keep b, keep c in nobody, keep d in b) -> 0.. | ..-2 unknown | int clears\n",
    "f(a?, b)\n    -> when a NULL, b notnull: 0: release b\n    -> 1 raises\n",
    "f(a, b, ...)\n    -> 0: keep a->x in nobody, a->y = new, ... = borrowed a, reset "
    "a->z = NULL\n"
    "    -> -1\n",
    "f(free p:ptr) -> void [alloc c] [until 3.12] [nogil]\n",
    "f(x) -> same x: retain x\n",
    "abort() [noreturn]\n",
};

static void
test_print_canonical(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(canonical); i++) {
        Summary *s = read_one(f, canonical[i]);
        const char *text = printed(f, s);
        if (strcmp(canonical[i], "f(x) -> same x: retain x\n") == 0) {
            assert_string_equal(text, "f(retain x) -> same x\n");
        }
        else {
            assert_string_equal(text, canonical[i]);
        }
        assert_true(summary_equal(s, read_one(f, text)));
    }
}

/* Names that the language cannot hold are replaced. */
static void
test_print_names(void **state)
{
    Fixture *f = *state;
    Summary *s = read_one(f, "f(a, b, c, d) -> borrowed a | same b | NULL\n");

    s->param[0].name = str_intern(f->strings, "raises");
    s->param[1].name = str_intern(f->strings, "");
    s->param[2].name = str_intern(f->strings, "nobody");
    s->param[3].name = str_intern(f->strings, "arg1");
    assert_string_equal(
        printed(f, s),
        "f(arg1, arg2, arg3, arg1_) -> borrowed arg1 | same arg2 | NULL\n");
    assert_true(summary_equal(s, read_one(f, printed(f, s))));
}

static void
test_print_case(void **state)
{
    Fixture *f = *state;
    Summary *s = read_one(f, "PyModule_AddObject(module, name:str, value?)\n"
                             "    -> 0: steal value\n    -> -1 raises\n");
    StrBuf out;

    strbuf_init(&out, f->arena);
    case_print(s, &s->cases[1], &out);
    assert_string_equal(out.text, "PyModule_AddObject(module, name, value) -> -1 raises");
    strbuf_clear(&out);
    case_print(s, &s->cases[0], &out);
    assert_string_equal(out.text,
                        "PyModule_AddObject(module, name, value) -> 0: steal value");
}

static void
round_trip(void *payload, Summary *summary)
{
    Fixture *f = payload;
    Fixture again = {.arena = f->arena, .strings = f->strings};
    const char *text = printed(f, summary);
    Summary *copy = read_one(&again, text);

    if (!summary_equal(summary, copy)) {
        fail_msg("not equal when read back: %s", text);
    }
    assert_string_equal(printed(f, copy), text);
    summary_normalise(copy);
    assert_true(summary_equal(summary, copy));
}

/* Every built-in fact parses, and survives being printed. */
static void
test_round_trip_builtin(void **state)
{
    Fixture *f = *state;
    FactSink sink = {round_trip, on_global, on_error, f};

    for (const EmbeddedFile *file = embedded_facts; file->name != NULL; file++) {
        facts_read(f->arena, f->strings, file->name, file->text, &sink);
    }
    if (f->errors.n > 0) {
        fail_msg("%u errors, the first: %s", f->errors.n, f->errors.at[0]);
    }
}

/* ---- equality ----------------------------------------------------------- */

static void
test_equal(void **state)
{
    Fixture *f = *state;
    Summary *a = read_one(f, "f(x, y)\n -> 0: steal x, release y\n -> -1 raises\n");

    assert_true(summary_equal(a, read_one(f, "g(a, b)\n -> -1 raises\n -> 0: release b, "
                                             "steal a\n")));
    assert_false(
        summary_equal(a, read_one(f, "f(x, y)\n -> 0: steal x\n -> -1 raises\n")));
    assert_false(
        summary_equal(a, read_one(f, "f(x, y)\n -> 0: steal x, release y, release y\n"
                                     " -> -1 raises\n")));
    assert_false(
        summary_equal(a, read_one(f, "f(x, y)\n -> 0: steal x, release y\n -> -1\n")));
    assert_false(summary_equal(a, read_one(f, "f(x, y?)\n -> 0: steal x, release y\n"
                                              " -> -1 raises\n")));
    assert_false(
        summary_equal(a, read_one(f, "f(x, y) [calls]\n -> 0: steal x, release y\n"
                                     " -> -1 raises\n")));
}

static void
test_normalise(void **state)
{
    Fixture *f = *state;
    Summary *s =
        read_one(f, "f(x, y)\n -> NULL raises\n -> new: release y, retain y, steal x\n"
                    " -> NULL raises\n -> new: steal x, retain y, release y\n");

    summary_normalise(s);
    assert_string_equal(printed(f, s),
                        "f(x, y)\n    -> new: steal x, retain y, release y\n"
                        "    -> NULL raises\n");
}

/* ---- the model ---------------------------------------------------------- */

static Model *
new_model(Fixture *f, Version python, const char *builtin)
{
    Error error = {.code = ERROR_NONE};
    Model *model = model_new(f->arena, f->strings, python, &error);

    if (model == NULL) {
        fail_msg("%s", error.text);
    }
    f->errors.n = 0;
    model_add_text(model, "more.facts", builtin, ORIGIN_BUILTIN, on_error, f);
    assert_int_equal(f->errors.n, 0);
    return model;
}

static void
test_find_order(void **state)
{
    Fixture *f = *state;
    Model *model = new_model(f, 311, "macro test_f(x) -> new\ntest_g(x) -> 0\n");
    Str usr = str_intern(f->strings, "c:@F@test_f");
    Summary *computed = read_one(f, "test_f(x) -> NULL\n");

    assert_int_equal(model_find(model, "test_f", usr)->origin, ORIGIN_BUILTIN);
    assert_ptr_equal(model_find(model, OVERLAY_PREFIX "test_f", NULL),
                     model_find(model, "test_f", NULL));
    assert_null(model_find(model, "test_unknown", usr));

    model_put_computed(model, usr, computed);
    assert_ptr_equal(model_find(model, "test_f", usr), computed);
    assert_int_equal(computed->origin, ORIGIN_COMPUTED);
    assert_int_equal(model_find(model, "test_f", NULL)->origin, ORIGIN_BUILTIN);

    model_add_text(model, "a", "test_f(x) -> borrowed x\n", ORIGIN_ANNOTATION, NULL,
                   NULL);
    assert_int_equal(model_find(model, "test_f", usr)->origin, ORIGIN_ANNOTATION);
    model_add_text(model, "u", "test_f(x) -> same x\nbad\n", ORIGIN_USER, on_error, f);
    assert_int_equal(model_find(model, "test_f", usr)->origin, ORIGIN_USER);
    assert_true(model_find(model, "test_f", NULL)->is_macro);
    assert_int_equal(f->errors.n, 1);
}

static void
test_find_version(void **state)
{
    Fixture *f = *state;
    static const char text[] =
        "test_f(x) -> 0 [until 3.12]\ntest_f(x) -> 1 [since 3.12]\n"
        "test_g(x) -> 1 [since 3.13]\n";

    assert_int_equal(model_find(new_model(f, 311, text), "test_f", NULL)->cases[0].ret.lo,
                     0);
    assert_int_equal(model_find(new_model(f, 312, text), "test_f", NULL)->cases[0].ret.lo,
                     1);
    assert_int_equal(model_find(new_model(f, 0, text), "test_f", NULL)->cases[0].ret.lo,
                     1);
    assert_null(model_find(new_model(f, 312, text), "test_g", NULL));
    assert_non_null(model_find(new_model(f, 0, text), "test_g", NULL));
    assert_int_equal(model_python(new_model(f, 312, text)), 312);
}

static void
test_globals(void **state)
{
    Fixture *f = *state;
    static const char text[] = "global Test_*\nglobal Test_One immortal\n"
                               "global Test_Two* immortal since 3.12\n";
    Model *model = new_model(f, 311, text);

    assert_string_equal(model_global(model, "Test_One")->name, "Test_One");
    assert_string_equal(model_global(model, "Test_Twofold")->name, "Test_Two*");
    assert_string_equal(model_global(model, "Test_Three")->name, "Test_*");
    assert_null(model_global(model, "Testing"));
    assert_true(model_immortal(model, "Test_One"));
    assert_false(model_immortal(model, "Test_Twofold"));
    assert_false(model_immortal(model, "Test_Three"));
    assert_true(model_immortal(new_model(f, 312, text), "Test_Twofold"));
}

static void
test_version(void **state)
{
    Fixture *f = *state;

    assert_int_equal(version_parse("3.11"), 311);
    assert_int_equal(version_parse("3.9"), 309);
    assert_int_equal(version_parse("3.13.1"), 313);
    assert_string_equal(version_text(f->arena, 309), "3.9");
    static const char *const bad[] = {"",        "3",   "3.",     ".9",    "3.x", "3.9.",
                                      "3.9.1.2", "0.1", "3.1000", "py3.9", "3.9 "};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(version_parse(bad[i]), 0);
    }
}

/* ---- the overlay -------------------------------------------------------- */

static void
test_overlay(void **state)
{
    Fixture *f = *state;
    const char *text = overlay_text(
        new_model(f, 311,
                  "macro test_f(x, y:objp, n:int, s:str, p:ptr) -> new | NULL\n"
                  "macro test_g() -> int\n"
                  "macro test_h(x, ...) -> ptr x [type char *]\n"
                  "macro test_later(x) -> void [since 3.12]\n"
                  "test_function(x) -> void\n"),
        f->arena);

    assert_non_null(strstr(text, "#include_next <Python.h>\n"));
    assert_non_null(strstr(
        text,
        "#ifdef test_f\n#undef test_f\n"
        "PyObject * strayref_overlay_test_f(PyObject *, PyObject **, long long, "
        "const char *, const void *);\n"
        "#define test_f(a1, a2, a3, a4, a5) strayref_overlay_test_f((PyObject *)(a1), "
        "(PyObject **)&(a2), (long long)(a3), (const char *)(a4), (const void *)(a5))\n"
        "#endif\n"));
    assert_non_null(strstr(text, "Py_ssize_t strayref_overlay_test_g(void);\n"));
    assert_non_null(strstr(text, "char * strayref_overlay_test_h(PyObject *, ...);\n"));
    assert_non_null(strstr(text, "((PyObject *)(a1), ##__VA_ARGS__)\n"));
    assert_null(strstr(text, "test_later"));
    assert_null(strstr(text, "test_function"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read_simple, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_effects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_keep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_results, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_guards, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_globals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_print_canonical, setup, teardown),
        cmocka_unit_test_setup_teardown(test_print_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_print_case, setup, teardown),
        cmocka_unit_test_setup_teardown(test_round_trip_builtin, setup, teardown),
        cmocka_unit_test_setup_teardown(test_equal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_normalise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_globals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overlay, setup, teardown),
    };

    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}

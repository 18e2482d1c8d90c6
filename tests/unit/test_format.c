/* test_format.c: PyArg_Parse* and Py_BuildValue formats -> kinds of arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/model.h"

#include <string.h>

/* One letter per argument: v value, o object, s steal, t type, c converter,
 * x converted, m memory, b buffer; '|' before the first optional one. */
static const char letters[] = {
    [FORMAT_ARG_VALUE] = 'v',     [FORMAT_ARG_OBJECT] = 'o',    [FORMAT_ARG_STEAL] = 's',
    [FORMAT_ARG_TYPE] = 't',      [FORMAT_ARG_CONVERTER] = 'c', [FORMAT_ARG_CONVERTED] = 'x',
    [FORMAT_ARG_MEMORY] = 'm',    [FORMAT_ARG_BUFFER] = 'b',
};

static void
expect(const char *format, bool parse, const char *expected)
{
    FormatArg args[64];
    char text[80] = "";
    size_t n = 0;
    bool optional = false;
    int count = format_args(format, parse, args, 64);

    if (expected == NULL) {
        assert_int_equal(count, -1);
        return;
    }
    assert_in_range(count, 0, 64);
    for (int i = 0; i < count; i++) {
        if (args[i].optional && !optional) {
            optional = true;
            text[n++] = '|';
        }
        assert_int_equal(args[i].optional, optional);
        text[n++] = letters[args[i].kind];
    }
    text[n] = '\0';
    assert_string_equal(text, expected);
}

static void
test_parse_units(void **state)
{
    (void)state;
    expect("", true, "");
    for (const char *unit = "bBhHiIlkLKncCfdDpszyuZ"; *unit != '\0'; unit++) {
        char format[2] = {*unit, '\0'};
        expect(format, true, "v");
    }
    expect("s#z#y#u#Z#", true, "vvvvvvvvvv");
    expect("s*z*y*w*", true, "bbbb");
    expect("SUYO", true, "oooo");
    expect("O!", true, "to");
    expect("O&", true, "cx");
    expect("es", true, "vm");
    expect("et", true, "vm");
    expect("es#et#i", true, "vmvvmvv");
}

static void
test_parse_structure(void **state)
{
    (void)state;
    expect("O|O:name", true, "o|o");
    expect("|OO", true, "|oo");
    expect("O|$iO!;message with O", true, "o|vto");
    expect("(ii)O", true, "vvo");
    expect("((O)(s#))|d:f", true, "ovv|v");
    expect(":noargs", true, "");
    expect("|:none", true, "");
}

static void
test_parse_malformed(void **state)
{
    (void)state;
    expect("?", true, NULL);
    expect("O i", true, NULL);
    expect("w", true, NULL);
    expect("w#", true, NULL);
    expect("e", true, NULL);
    expect("ei", true, NULL);
    expect("(O", true, NULL);
    expect("O)", true, NULL);
    expect("(O:f)", true, NULL);
    expect("O||O", true, NULL);
    expect("|$O$O", true, NULL);
    expect("N", true, NULL);
    expect("[O]", true, NULL);
    expect("((((((((((((((((((((((((((((((((O", true, NULL);
}

static void
test_build_units(void **state)
{
    (void)state;
    expect("", false, "");
    for (const char *unit = "bBhHiIlkLKncCfdDpszyuU"; *unit != '\0'; unit++) {
        char format[2] = {*unit, '\0'};
        expect(format, false, "v");
    }
    expect("s#z#y#u#U#", false, "vvvvvvvvvv");
    expect("OSN", false, "oos");
    expect("O&N&", false, "cxcx");
}

static void
test_build_structure(void **state)
{
    (void)state;
    expect("(OO)", false, "oo");
    expect("[i,N, s#]", false, "vsvv");
    expect("{s:i, s:N}", false, "vvvs");
    expect("{s:(ii)s:{}}", false, "vvvv");
    expect("((OO)[N]{OO})", false, "oosoo");
    expect("()", false, "");
}

static void
test_build_malformed(void **state)
{
    (void)state;
    expect("(O", false, NULL);
    expect("O)", false, NULL);
    expect("(O]", false, NULL);
    expect("{s}", false, NULL);
    expect("O|O", false, NULL);
    expect("O!", false, NULL);
    expect("es", false, NULL);
    expect("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[O", false, NULL);
}

/* Only 'max' are written, all are counted. */
static void
test_maximum(void **state)
{
    FormatArg args[2] = {{.kind = FORMAT_ARG_VALUE}, {.kind = FORMAT_ARG_STEAL, .optional = true}};

    (void)state;
    assert_int_equal(format_args("OO!O", true, args, 1), 4);
    assert_int_equal(args[0].kind, FORMAT_ARG_OBJECT);
    assert_int_equal(args[1].kind, FORMAT_ARG_STEAL);
    assert_int_equal(format_args("OOO", false, NULL, 0), 3);
}

/* The unit that asks for each argument, and the argument of Python code that it belongs to. */
static void
test_units(void **state)
{
    FormatArg args[8];

    (void)state;
    assert_int_equal(format_args("i(sy#)|O!", true, args, 8), 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(args[i].unit, "isy#!O"[i]);
        assert_int_equal(args[i].item, "011122"[i] - '0');
    }
    assert_int_equal(format_items("i(sy#)|O!:name"), 3);
    assert_int_equal(format_items(""), 0);
    assert_int_equal(format_items("i)"), -1);
}

static void
test_problem(void **state)
{
    (void)state;
    assert_null(format_problem("O|i$i:name", true));
    assert_string_equal(format_problem("i, i", true), ", i");
    assert_string_equal(format_problem("O|b_x", true), "_x");
    assert_string_equal(format_problem("(i", false), "");
    assert_string_equal(format_problem("i!", false), "!");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_units),     cmocka_unit_test(test_parse_structure),
        cmocka_unit_test(test_parse_malformed), cmocka_unit_test(test_build_units),
        cmocka_unit_test(test_build_structure), cmocka_unit_test(test_build_malformed),
        cmocka_unit_test(test_maximum),         cmocka_unit_test(test_units),
        cmocka_unit_test(test_problem),
    };

    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}

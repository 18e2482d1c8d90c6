/* test_ir.c: building, printing, reading and verifying IR. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ir/ir.h"

typedef struct Fixture {
    Arena *arena;
    Strings *strings;
    Unit *unit;
    Error error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    f->arena = arena_new();
    f->strings = strings_new(f->arena);
    f->unit = unit_new(f->arena, f->strings, "/src/x.c");
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    arena_free(f->arena);
    free(f);
    return 0;
}

/* ---- helpers ------------------------------------------------------------- */

#define HEAD "strayref-ir 1\nunit \"/src/x.c\"\npython \"3.11\"\nstatus ok\n"

static Unit *
read_text(Fixture *f, const char *text)
{
    f->error = (Error){.code = ERROR_NONE};
    return unit_read(f->arena, f->strings, "x.unit", text, strlen(text), &f->error);
}

static const char *
unit_text(Fixture *f, const Unit *unit)
{
    StrBuf out;

    strbuf_init(&out, f->arena);
    unit_print(unit, &out);
    return out.text;
}

/* Reading and printing the text gives the text. */
static void
assert_round_trip(Fixture *f, const char *text)
{
    Unit *unit = read_text(f, text);

    if (unit == NULL) {
        fail_msg("%s", f->error.text);
    }
    assert_string_equal(unit_text(f, unit), text);
}

/* Reading fails with exactly this message. */
static void
assert_read_error(Fixture *f, const char *text, const char *message)
{
    assert_null(read_text(f, text));
    assert_int_equal(f->error.code, ERROR_INPUT);
    assert_string_equal(f->error.text, message);
}

static Loc
at(Fixture *f, uint32_t line, uint32_t col)
{
    return (Loc){.file = str_intern(f->strings, "/src/x.c"), .line = line, .col = col};
}

static const Type *
object(Fixture *f)
{
    return type_ptr(f->unit, type_intern(f->unit, (Type){.kind = TYPE_RECORD, .is_object = true,
                                                         .tag = "PyObject"}));
}

static Builder *
begin(Fixture *f, const char *name)
{
    Decl *decl = unit_decl(f->unit, name, name, true);

    decl->type = type_intern(f->unit, (Type){.kind = TYPE_FUNC, .to = type_void(f->unit)});
    return build_fn(f->unit, decl, type_void(f->unit), at(f, 10, 1));
}

static Val
number(int64_t num)
{
    return (Val){.kind = VAL_INT, .num = num};
}

static Val
local(uint32_t index)
{
    return (Val){.kind = VAL_LOCAL, .index = index};
}

static const char *
fn_text(Fixture *f, const Fn *fn)
{
    StrBuf out;

    strbuf_init(&out, f->arena);
    fn_print(fn, &out);
    return out.text;
}

/* ---- types --------------------------------------------------------------- */

static void
test_types_are_interned(void **state)
{
    Fixture *f = *state;

    assert_ptr_equal(object(f), object(f));
    assert_ptr_equal(type_int(f->unit, 32, false), type_int(f->unit, 32, false));
    assert_ptr_not_equal(type_int(f->unit, 32, false), type_int(f->unit, 32, true));
    /* what means nothing for the kind makes no difference */
    assert_ptr_equal(type_void(f->unit),
                     type_intern(f->unit, (Type){.kind = TYPE_VOID, .bits = 3, .count = 4}));
}

static void
test_object_pointers(void **state)
{
    Fixture *f = *state;
    const Type *obj = object(f);

    assert_true(type_is_object(obj));
    assert_false(type_is_object(obj->to));
    assert_false(type_is_object(type_ptr(f->unit, obj)));
    assert_true(type_is_object_ptr(type_ptr(f->unit, obj)));
    assert_false(type_is_object_ptr(obj));
    assert_false(type_is_object(NULL));
    assert_false(type_is_object_ptr(type_ptr(f->unit, NULL)));
}

static void
test_types_round_trip(void **state)
{
    Fixture *f = *state;

    assert_round_trip(f, HEAD
                      "var @a \"a\" *?\n"
                      "var @b \"b\" [][10]*o{PyObject}\n"
                      "var @c \"c\" *fn(*fn(void))\n"
                      "var @d \"d\" ou{a \\} b\\n\\\\}\n"
                      "var @e \"e\" u{}\n"
                      "var @f \"f\" u1\n"
                      "var @g \"g\" f128\n"
                      "var @h \"h\" other\n"
                      "var @i \"i\" ?\n"
                      "var @j \"j\" {struct point}\n"
                      "var @k \"k\" [18446744073709551615]i64\n");
}

static void
test_deep_type_is_refused(void **state)
{
    Fixture *f = *state;
    StrBuf text;

    strbuf_init(&text, f->arena);
    strbuf_puts(&text, HEAD "var @a \"a\" ");
    for (int i = 0; i < 100000; i++) {
        strbuf_putc(&text, '*');
    }
    strbuf_puts(&text, "void\n");
    assert_read_error(f, text.text, "x.unit:5:268: type nested too deeply");
}

/* ---- building ------------------------------------------------------------ */

static void
test_build_branch(void **state)
{
    Fixture *f = *state;
    Builder *b = begin(f, "g");
    uint32_t x = build_local(b, "x", object(f), true, at(f, 10, 5));
    uint32_t yes, join;
    Val value, cond;

    build_at(b, at(f, 12, 9));
    value = build_load(b, local(x), object(f));
    cond = build_cmp(b, "==", value, (Val){.kind = VAL_NULL});
    join = build_block(b); /* created first, started last */
    yes = build_block(b);
    build_br(b, cond, yes, join);
    assert_false(build_open(b));
    build_start(b, yes);
    build_store(b, local(x), (Val){.kind = VAL_UNDEF}, object(f));
    assert_true(build_open(b));
    build_start(b, join);
    assert_string_equal(fn_text(f, build_end(b, 20)),
                        "fn @g void to 20 @10:1 of \"/src/x.c\" {\n"
                        "    param $x *o{PyObject} @0:5\n"
                        "b0:\n"
                        "    %1 = load *o{PyObject} $x @2:9\n"
                        "    %2 = cmp i32 %1 == null @2:9\n"
                        "    br %2, b1, b2 @2:9\n"
                        "b1:\n"
                        "    store *o{PyObject} $x, undef @2:9\n"
                        "    jmp b2 @2:9\n"
                        "b2:\n"
                        "    ret @2:9\n"
                        "}\n");
    assert_true(unit_verify(f->unit, &f->error));
}

static void
test_build_dead_code(void **state)
{
    Fixture *f = *state;
    Builder *b = begin(f, "g");
    uint32_t x = build_local(b, "x", type_int(f->unit, 32, false), false, at(f, 11, 1));
    uint32_t unused = build_block(b), idle = build_block(b);
    Fn *fn;

    build_ret(b, VAL_NOTHING);
    build_jmp(b, unused); /* says nothing: there is no block to end */
    build_store(b, local(x), number(1), type_int(f->unit, 32, false));
    assert_false(build_open(b));
    build_ret(b, VAL_NOTHING);
    build_start(b, idle);
    build_jmp(b, unused);
    fn = build_end(b, 12);
    /* entry and the dead store stay; 'idle' and 'unused' do nothing and go */
    assert_int_equal(fn->nblock, 2);
    assert_int_equal(fn->block[1].ins[0].op, OP_STORE);
    assert_true(fn_verify(fn, &f->error));
}

static void
test_build_open_end(void **state)
{
    Fixture *f = *state;
    Builder *b = begin(f, "g");
    const Instr *last;
    Fn *fn;

    build_peek(b)->ret = type_int(f->unit, 32, false);
    fn = build_end(b, 12);
    last = &fn->block[0].ins[0];
    assert_int_equal(last->op, OP_UNREACHABLE);
    assert_int_equal(instr_successors(last), 0);
}

static void
test_build_every_op(void **state)
{
    Fixture *f = *state;
    Builder *b = begin(f, "g");
    const Type *i32 = type_int(f->unit, 32, false);
    Decl *callee = unit_decl(f->unit, "c:@F@h", "h", true);
    Decl *global = unit_decl(f->unit, "c:@v", "v", false);
    uint32_t x = build_local(b, "x", i32, false, at(f, 11, 1));
    uint32_t end = build_block(b), other = build_block(b);
    Val v, args[2];
    Fn *fn;

    build_dead(b, x);
    v = build_field(b, (Val){.kind = VAL_GLOBAL, .decl = global}, NULL, "a b", i32);
    v = build_load(b, build_index(b, v, number(-1), i32), i32);
    args[0] = build_copy(b, v, i32);
    v = build_bin(b, "<<", args[0], build_neg(b, v, i32), i32);
    v = build_not(b, build_inv(b, build_cast(b, v, i32), i32));
    build_move(b, local(x), v, i32);
    args[0] = v;
    args[1] = (Val){.kind = VAL_STR, .str = str_intern(f->strings, "a\n\"\\\x01")};
    assert_int_equal(build_call(b, (Val){.kind = VAL_FUNC, .decl = callee}, NULL, args, 2,
                                type_void(f->unit)).kind, VAL_NONE);
    v = build_call(b, v, ".tp_alloc", NULL, 0, i32);
    build_havoc(b, "asm", &v, 1, NULL);
    v = build_havoc(b, "vector", NULL, 0, i32);
    build_switch(b, v, (SwitchCase[]){{-3, -1, end}, {7, 7, other}}, 2, end);
    build_start(b, end);
    build_ret(b, (Val){.kind = VAL_FLOAT});
    build_start(b, other);
    build_unreachable(b);
    fn = build_end(b, 20);
    assert_int_equal(fn->nhavoc, 2);
    assert_true(unit_verify(f->unit, &f->error));
    assert_round_trip(f, unit_text(f, f->unit));
    assert_non_null(strstr(fn_text(f, fn), "switch %11, b1 [-3..-1: b1, 7: b2] @"));
    assert_non_null(strstr(fn_text(f, fn), "%1 = field *i32 @v, \"\".\"a b\" @"));
    assert_non_null(strstr(fn_text(f, fn), "call void @h(%9, \"a\\n\\\"\\\\\\x01\") @"));
    assert_non_null(strstr(fn_text(f, fn), "%10 = call i32 %9 as \".tp_alloc\" () @"));
}

/* ---- printing and reading ------------------------------------------------ */

static void
test_unit_round_trip(void **state)
{
    assert_round_trip(
        *state,
        "strayref-ir 1\n"
        "unit \"/src/a \\\"b\\\".c\"\n"
        "python \"\"\n"
        "status errors\n"
        "message \"no \\\\ such\\tthing\" @3:4\n"
        "message \"elsewhere\" @3:4 of \"/x.h\" in M\n"
        "include \"/src/a \\\"b\\\".c\"\n"
        "include \"/x.h\"\n"
        "func @f \"c:a.c@F@f\" fn(void) static @1:1\n"
        "func @g \"c:@F@g\" fn(*o{PyObject}) noreturn system variadic note \"new\" note \"x y\"\n"
        "func @g#2 \"c:@F@g#I#\" fn(?)\n"
        "func @\"operator+\" \"c:@F@+\" fn(void)\n"
        "var @f.cache \"c:f.cache\" [2]{PyMethodDef} static const\n"
        "table @f.cache @30:3 {\n"
        "    [0].ml_name = \"f\" @0:10\n"
        "    [0].ml_meth = @g#2 @1:10 in DEF\n"
        "    [0].flags = -9223372036854775808 @-1:1\n"
        "    [0].doc = @f.cache\n"
        "    [0].x = float\n"
        "    [1].ml_name = null @9:9 of \"/x.h\"\n"
        "    \"\" = undef\n"
        "}\n"
        "\n"
        "fn @f i32 to 9 imprecise damaged because \"no such type\" @3:5 {\n"
        "    param $x *o{PyObject} @0:7\n"
        "    local $x#1 i32 @-2:1 in M\n"
        "    local $#2 i32\n"
        "    local $\"1 y\" i32\n"
        "b0:\n"
        "    %1 = load i32 $x#1 @1:1 of \"/x.h\"\n"
        "    store i32 $#2, %1\n"
        "    store i32 $\"1 y\", %1\n"
        "    %2 = call *o{PyObject} @g#2($x, $x#1, -5, \"\", float, undef, @f.cache)\n"
        "    br %1, b0, b1 @1:2 in \"1M\"\n"
        "b1:\n"
        "    ret %1 @2:3\n"
        "}\n"
        "\n"
        "fn @g ? {\n"
        "b0:\n"
        "    ret\n"
        "}\n");
}

static void
test_reader_takes_comments(void **state)
{
    Fixture *f = *state;
    Unit *unit = read_text(f, "; made by hand\n\nstrayref-ir 1\nunit \"/x.c\"   ; the file\n"
                              "func @f \"f\" fn(void)\r\n"
                              "fn @f void @3:1 { ; body\n"
                              "\n  local   $x   i32\n\n"
                              "b0: ; entry\n"
                              "store i32 $x , 3 @1:2 ; why not\n"
                              "ret ; done\n"
                              "} ; end\n; no more");

    assert_non_null(unit);
    assert_int_equal(unit->fns.n, 1);
    assert_int_equal(unit->fns.at[0]->block[0].ins[0].loc.line, 4);
    assert_string_equal(unit->fns.at[0]->block[0].ins[0].loc.file, "/x.c");
    assert_int_equal(unit->status, UNIT_OK);
}

static void
test_read_errors(void **state)
{
    Fixture *f = *state;

    assert_read_error(f, "", "x.unit:1:1: expected \"strayref-ir 1\": "
                             "the file is of another kind or version");
    assert_read_error(f, "strayref-ir 2\n", "x.unit:1:1: expected \"strayref-ir 1\": "
                                            "the file is of another kind or version");
    assert_read_error(f, HEAD "hello\n", "x.unit:5:1: expected func, var, table, fn, include, "
                                         "message, python or status");
    assert_read_error(f, HEAD "include \"abc\n",
                      "x.unit:5:13: expected '\"' before the end of the line");
    assert_read_error(f, HEAD "include \"a\\qc\"\n",
                      "x.unit:5:11: expected \\n, \\t, \\r, \\\\, \\\", \\} or \\x01 to \\xff");
    assert_read_error(f, HEAD "fn @f void {\n",
                      "x.unit:5:6: expected the name of a declaration above");
    assert_read_error(f, HEAD "var @f \"f\" i32\nvar @f \"g\" i32\n",
                      "x.unit:6:11: declared twice");
    assert_read_error(f, HEAD "var @f \"f\" i999\n", "x.unit:5:15: number too large");
    assert_read_error(f, HEAD "var @f \"f\" x\n", "x.unit:5:12: expected a type");
    assert_read_error(f, HEAD "var @f \"f\" i32 @1:1 @2:2\n",
                      "x.unit:5:21: expected the end of the line");
}

#define FN HEAD "func @f \"f\" fn(void)\nfn @f void @1:1 {\n"

static void
test_read_errors_in_functions(void **state)
{
    Fixture *f = *state;

    assert_read_error(f, FN "b1:\n", "x.unit:7:3: expected b0: blocks are numbered in order");
    assert_read_error(f, FN "b0:\n  frob i32 3\n",
                      "x.unit:8:3: expected an instruction, a block or '}'");
    assert_read_error(f, FN "b0:\n  store i32 $x, 3\n",
                      "x.unit:8:15: expected the name of a local above");
    assert_read_error(f, FN "b0:\n  jmp 3\n", "x.unit:8:7: expected 'b'");
    assert_read_error(f, FN "b0:\n  ret what\n", "x.unit:8:7: expected a value");
    assert_read_error(f, FN "b0:\n  dead $#0\n}\n",
                      "x.unit:9:1: expected an instruction, a block or '}'");
    assert_read_error(f, FN "b0:\n  ret @-5:1\n", "x.unit:8:12: line out of range");
}

/* The text is well formed but breaks an invariant. */
static void
test_verify(void **state)
{
    Fixture *f = *state;
    const char *where = "/src/x.c: function f, b0: ";
    static const struct {
        const char *body, *what;
    } bad[] = {
        {"jmp b7", "a target block that does not exist"},
        {"%1 = load i32 $#3\n ret", "an operand that the function does not have"},
        {"store i32 3, %2\n %2 = copy i32 1\n ret", "temporary %2 is used before it is set"},
        {"store i32 3, %1\n ret", "an operand that the function does not have"},
        {"%2 = copy i32 %1\n ret", "temporary %1 is used but never set"},
        {"%1 = copy i32 1\n %1 = copy i32 2\n ret", "temporary %1 is set twice"},
        {"%1 = bin i32 1 == 2\n ret", "an unknown operator"},
        {"%1 = cmp i32 1 + 2\n ret", "an unknown comparison"},
        {"%1 = call void @f()\n ret", "a temporary without a result"},
        {"call i32 @f()\n ret", "no temporary for the result"},
        {"dead @f\n ret", "something else than a local"},
        {"switch 1, b0 [5..3: b0]", "an empty range of cases"},
        {"%4000000000 = copy i32 1\n ret",
         "temporary %4000000000 is too high, number them from 1"},
    };

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_null(read_text(f, arena_printf(f->arena, FN "b0:\n %s\n}\n", bad[i].body)));
        assert_true(text_starts(f->error.text, "/src/x.c: function f"));
        assert_true(text_ends(f->error.text, bad[i].what));
        assert_true(i == COUNT_OF(bad) - 1 || text_starts(f->error.text, where));
    }
    assert_read_error(f, FN "}\n", "/src/x.c: function f has no block");
}

static void
test_verify_ways(void **state)
{
    Fixture *f = *state;

    /* set before the branch: fine on both ways, also round a loop */
    assert_non_null(read_text(f, FN "b0:\n%1 = copy i32 1\nbr 1, b1, b2\n"
                                 "b1:\njmp b2\nb2:\nstore i32 3, %1\njmp b1\n}\n"));
    /* set on one way only */
    assert_read_error(f, FN "b0:\nbr 1, b1, b2\nb1:\n%1 = copy i32 1\njmp b2\n"
                         "b2:\nret %1\n}\n",
                      "/src/x.c: function f, b2: temporary %1 is not set on every way to its use");
    /* nothing leads to the use */
    assert_non_null(read_text(f, FN "b0:\nret\nb1:\n%1 = copy i32 1\nret\nb2:\nret %1\n}\n"));
}

static void
test_verify_names(void **state)
{
    Fixture *f = *state;
    Unit *other = unit_new(f->arena, f->strings, "/src/y.c");
    Builder *b = begin(f, "g");
    Val strange = {.kind = VAL_FUNC, .decl = unit_decl(other, "h", "h", true)};

    build_call(b, strange, NULL, NULL, 0, type_void(f->unit));
    build_end(b, 12);
    assert_false(unit_verify(f->unit, &f->error));
    assert_string_equal(f->error.text,
                        "/src/x.c: function g uses something the unit does not declare");
}

/* Every prefix and many damaged copies are refused or read, never worse. */
static void
test_reader_survives_damage(void **state)
{
    Fixture *f = *state;
    Builder *b = begin(f, "g");
    uint32_t x = build_local(b, "x", object(f), true, at(f, 10, 5));
    char *text;
    size_t length;
    uint32_t random = 1;

    build_store(b, local(x), (Val){.kind = VAL_STR, .str = "a\x01"}, object(f));
    build_switch(b, number(1), (SwitchCase[]){{1, 2, 0}}, 1, 0);
    build_end(b, 12);
    text = arena_copy(f->arena, unit_text(f, f->unit), strlen(unit_text(f, f->unit)));
    length = strlen(unit_text(f, f->unit));
    for (size_t i = 0; i < length; i++) {
        char *prefix = malloc(i + 1); /* exactly as long, for the sanitizer */

        memcpy(prefix, text, i);
        unit_read(f->arena, f->strings, "x", prefix, i, NULL);
        free(prefix);
    }
    for (int i = 0; i < 5000; i++) {
        char old;

        random = random * 1664525 + 1013904223;
        old = text[random % length];
        text[random % length] = (char)(random >> 16);
        unit_read(f->arena, f->strings, "x", text, length, NULL);
        text[random % length] = old;
    }
}

/* A function with many blocks and locals of one name is no problem. */
static void
test_large_function(void **state)
{
    Fixture *f = *state;
    Builder *b = begin(f, "g");
    const Type *i32 = type_int(f->unit, 32, false);
    Val first = build_copy(b, number(1), i32);
    const char *text;

    for (uint32_t i = 0; i < 10000; i++) {
        uint32_t x = build_local(b, "x", i32, false, at(f, i + 1, 1));
        uint32_t yes = build_block(b), no = build_block(b);

        build_br(b, build_cmp(b, "<", first, number(i)), yes, no);
        build_start(b, yes);
        build_store(b, local(x), first, i32);
        build_start(b, no);
    }
    build_end(b, 12);
    text = unit_text(f, f->unit);
    assert_round_trip(f, text);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(types_are_interned),
        TEST(object_pointers),
        TEST(types_round_trip),
        TEST(deep_type_is_refused),
        TEST(build_branch),
        TEST(build_dead_code),
        TEST(build_open_end),
        TEST(build_every_op),
        TEST(unit_round_trip),
        TEST(reader_takes_comments),
        TEST(read_errors),
        TEST(read_errors_in_functions),
        TEST(verify),
        TEST(verify_ways),
        TEST(verify_names),
        TEST(reader_survives_damage),
        TEST(large_function),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

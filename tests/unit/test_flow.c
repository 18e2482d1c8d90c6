/* test_flow.c: control-flow facts, liveness, call graph, linking, drawing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow/flow.h"

enum { NONE = UINT32_MAX };

typedef struct Fixture {
    Arena *arena;
    Strings *strings;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    f->arena = arena_new();
    f->strings = strings_new(f->arena);
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

/* A unit of the given path from the lines below its head. */
static Unit *
read_unit(Fixture *f, const char *path, const char *lines)
{
    Error error;
    const char *text = arena_printf(f->arena, "strayref-ir 1\nunit \"%s\"\n%s", path, lines);
    Unit *unit = unit_read(f->arena, f->strings, "test", text, strlen(text), &error);

    if (unit == NULL) {
        fail_msg("%s", error.text);
    }
    return unit;
}

/* The flow of one function with the given locals and blocks. */
static Flow *
flow_of(Fixture *f, const char *body)
{
    const char *lines = arena_printf(
        f->arena, "func @f \"f\" fn(void)\nfn @f void {\n%s}\n", body);

    return flow_build(f->arena, read_unit(f, "/x.c", lines)->fns.at[0]);
}

static void
assert_order(const Flow *flow, const uint32_t *expected, uint32_t n)
{
    assert_int_equal(flow->norder, n);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(flow->order[i], expected[i]);
        assert_int_equal(flow->block[expected[i]].rpo, i);
    }
}

static bool
live(const Flow *flow, uint32_t block, uint32_t local)
{
    return bit_test(flow->block[block].live_locals, local);
}

static bool
live_temp(const Flow *flow, uint32_t block, uint32_t temp)
{
    return bit_test(flow->block[block].live_temps, temp);
}

/* ---- order, predecessors, loops ------------------------------------------ */

static void
test_diamond(void **state)
{
    Flow *flow = flow_of(*state, "b0:\nbr 1, b1, b2\nb1:\njmp b3\nb2:\njmp b3\nb3:\nret\n"
                                 "b4:\njmp b3\n");

    assert_order(flow, (uint32_t[]){0, 2, 1, 3}, 4);
    assert_int_equal(flow->block[3].npred, 2); /* not the unreachable b4 */
    assert_int_equal(flow->block[3].pred[0], 2);
    assert_int_equal(flow->block[3].pred[1], 1);
    assert_int_equal(flow->block[4].rpo, NONE);
    for (uint32_t i = 0; i < 5; i++) {
        assert_false(flow->block[i].loop_head);
        assert_int_equal(flow->block[i].loop, NONE);
        assert_null(flow->modified[i]);
    }
    assert_false(flow_is_back_edge(flow, 1, 3));
    assert_false(flow_is_back_edge(flow, 4, 3));
}

static void
test_switch_edges_count_once(void **state)
{
    Flow *flow = flow_of(*state, "b0:\nswitch 1, b2 [1: b1, 2: b1, 3: b2]\nb1:\njmp b2\n"
                                 "b2:\nret\n");

    assert_int_equal(flow->block[1].npred, 1);
    assert_int_equal(flow->block[2].npred, 2);
}

static void
test_nested_loops(void **state)
{
    /* for (;;) { while (1) { $y = } $x = ; if (1) continue; break; } */
    Flow *flow = flow_of(*state, "local $x i32\nlocal $y i32\nlocal $z i32\n"
                                 "b0:\nstore i32 $z, 1\njmp b1\n"
                                 "b1:\njmp b2\n"
                                 "b2:\nbr 1, b3, b4\n"
                                 "b3:\nstore i32 $y, 1\njmp b2\n"
                                 "b4:\nmove i32 $x, $y\nbr 1, b1, b5\n"
                                 "b5:\nret\n");

    assert_true(flow->block[1].loop_head);
    assert_true(flow->block[2].loop_head);
    assert_int_equal(flow->block[0].loop, NONE);
    assert_int_equal(flow->block[1].loop, 1);
    assert_int_equal(flow->block[2].loop, 2);
    assert_int_equal(flow->block[3].loop, 2);
    assert_int_equal(flow->block[4].loop, 1);
    assert_int_equal(flow->block[5].loop, NONE);
    assert_int_equal(flow->modified[1][0], 3); /* x, and y from inside */
    assert_int_equal(flow->modified[2][0], 2);
    assert_true(flow_is_back_edge(flow, 3, 2));
    assert_true(flow_is_back_edge(flow, 4, 1));
    assert_false(flow_is_back_edge(flow, 1, 2));
    assert_false(flow_is_back_edge(flow, 4, 5));
}

static void
test_self_loop(void **state)
{
    Flow *flow = flow_of(*state, "local $x i32\nb0:\nstore i32 $x, 1\nbr 1, b0, b1\nb1:\nret\n");

    assert_true(flow->block[0].loop_head);
    assert_int_equal(flow->block[0].loop, 0);
    assert_true(flow_is_back_edge(flow, 0, 0));
    assert_int_equal(flow->modified[0][0], 1);
}

/* goto into the middle of a loop: two entries, still one head */
static void
test_loop_with_two_entries(void **state)
{
    Flow *flow = flow_of(*state, "b0:\nbr 1, b1, b2\nb1:\njmp b2\nb2:\nbr 1, b1, b3\nb3:\nret\n");
    uint32_t heads = 0;

    for (uint32_t i = 0; i < 4; i++) {
        heads += flow->block[i].loop_head;
    }
    assert_int_equal(heads, 1);
    assert_true(flow_is_back_edge(flow, 1, 2) != flow_is_back_edge(flow, 2, 1));
    assert_int_equal(flow->block[1].loop, flow->block[2].loop);
    assert_int_equal(flow->block[0].loop, NONE);
    assert_int_equal(flow->block[3].loop, NONE);
}

/* ---- liveness ------------------------------------------------------------ */

static void
test_live_locals(void **state)
{
    Flow *flow = flow_of(*state, "param $p i32\nlocal $x i32\n"
                                 "b0:\n%1 = load i32 $p\nstore i32 $x, %1\nbr 1, b1, b2\n"
                                 "b1:\nstore i32 $x, 2\njmp b2\n"
                                 "b2:\n%2 = load i32 $x\ndead $x\njmp b3\n"
                                 "b3:\nret\n");

    assert_true(live(flow, 0, 0));
    assert_false(live(flow, 0, 1));
    assert_false(live(flow, 1, 0));
    assert_false(live(flow, 1, 1)); /* overwritten before it is read */
    assert_true(live(flow, 2, 1));
    assert_false(live(flow, 3, 1));
    assert_int_equal(flow->addressed[0], 0);
}

static void
test_live_round_a_loop(void **state)
{
    Flow *flow = flow_of(*state, "local $x i32\n"
                                 "b0:\nstore i32 $x, 1\njmp b1\n"
                                 "b1:\nbr 1, b2, b3\n"
                                 "b2:\n%1 = load i32 $x\njmp b1\n"
                                 "b3:\nret\n");

    assert_true(live(flow, 1, 0));
    assert_true(live(flow, 2, 0));
    assert_false(live(flow, 3, 0));
}

static void
test_addressed_locals(void **state)
{
    Flow *flow = flow_of(*state, "param $p i32\nlocal $x i32\nlocal $y i32\nlocal $z i32\n"
                                 "b0:\ndead $x\nmove i32 $y, $z\nstore i32 $z, $p\njmp b1\n"
                                 "b1:\ncall void @f($x)\njmp b2\n"
                                 "b2:\njmp b3\n"
                                 "b3:\ndead $x\nstore i32 $x, 1\ndead $x\njmp b4\n"
                                 "b4:\nret\n");

    assert_int_equal(flow->addressed[0], 3); /* p is stored, x is passed */
    assert_true(live(flow, 0, 0));
    assert_true(live(flow, 4, 0));
    assert_false(live(flow, 1, 1)); /* nothing in it yet */
    assert_true(live(flow, 2, 1));  /* never read, but somebody has its address */
    assert_true(live(flow, 3, 1));
    assert_false(live(flow, 4, 1)); /* ended */
    assert_true(live(flow, 0, 3));
    assert_false(live(flow, 1, 2));
}

static void
test_temporaries(void **state)
{
    Flow *flow = flow_of(*state, "local $x i32\n"
                                 "b0:\n%1 = copy i32 1\n%2 = copy i32 %1\n%3 = copy i32 %1\n"
                                 "br %3, b1, b2\n"
                                 "b1:\nstore i32 $x, %2\nstore i32 $x, %2\njmp b2\n"
                                 "b2:\nbr %2, b2, b3\n"
                                 "b3:\nret\n");

    assert_false(flow_temp_dies(flow, 0, 1, 1));
    assert_true(flow_temp_dies(flow, 0, 2, 1));
    assert_true(flow_temp_dies(flow, 0, 3, 3));
    assert_false(flow_temp_dies(flow, 0, 3, 2));
    assert_false(flow_temp_dies(flow, 1, 1, 2)); /* still used in b2 */
    assert_false(flow_temp_dies(flow, 2, 0, 2)); /* and there once more */
    assert_true(live_temp(flow, 1, 2));
    assert_true(live_temp(flow, 2, 2));
    assert_false(live_temp(flow, 3, 2));
    assert_false(live_temp(flow, 0, 2));
    assert_false(live_temp(flow, 1, 1));
}

static void
test_temporary_used_in_one_loop_block(void **state)
{
    Flow *flow = flow_of(*state, "b0:\n%1 = copy i32 1\njmp b1\n"
                                 "b1:\n%2 = copy i32 %1\n%3 = copy i32 2\nbr %2, b1, b2\n"
                                 "b2:\nret\n");

    assert_false(flow_temp_dies(flow, 1, 0, 1)); /* the next turn uses it */
    assert_true(flow_temp_dies(flow, 1, 2, 2));
    assert_true(flow_temp_dies(flow, 1, 1, 3)); /* nobody uses it */
}

/* ---- a large function ---------------------------------------------------- */

static void
test_ten_thousand_blocks(void **state)
{
    Fixture *f = *state;
    StrBuf body;
    Flow *flow;

    strbuf_init(&body, f->arena);
    strbuf_puts(&body, "local $x i32\nb0:\n%1 = copy i32 1\nstore i32 $x, 1\njmp b1\n");
    for (uint32_t i = 1; i < 10000; i++) {
        /* each block is the head of a loop over all that follow */
        strbuf_printf(&body, "b%u:\n%%%u = load i32 $x\nbr %%1, b%u, b%u\n", i, i + 1, i + 1,
                      i % 2 ? i : 1);
    }
    strbuf_puts(&body, "b10000:\nret %1\n");
    flow = flow_of(f, body.text);
    assert_int_equal(flow->norder, 10001);
    assert_true(live(flow, 9999, 0));
    assert_true(live_temp(flow, 10000, 1));
    assert_int_equal(flow->block[9998].loop, 1);
    assert_int_equal(flow->block[9999].loop, 9999);
}

static void
test_deep_nest(void **state)
{
    Fixture *f = *state;
    StrBuf body;
    Flow *flow;

    strbuf_init(&body, f->arena);
    strbuf_puts(&body, "local $x i32\n");
    for (uint32_t i = 0; i < 2000; i++) {
        strbuf_printf(&body, "b%u:\njmp b%u\n", i, i + 1);
    }
    for (uint32_t i = 2000; i < 4000; i++) {
        strbuf_printf(&body, "b%u:\nstore i32 $x, 1\nbr 1, b%u, b%u\n", i, 3999 - i, i + 1);
    }
    strbuf_puts(&body, "b4000:\nret\n");
    flow = flow_of(f, body.text);
    for (uint32_t i = 0; i < 2000; i++) {
        assert_true(flow->block[i].loop_head);
        assert_int_equal(flow->block[3999 - i].loop, i);
        assert_int_equal(flow->modified[i][0], 1);
    }
}

/* ---- call graph and linking ---------------------------------------------- */

static const char *
name_of(const Program *program, uint32_t index)
{
    return program->fns[index]->decl->name;
}

#define BODY(name, calls) "fn @" name " void @1:1 {\nb0:\n" calls "ret\n}\n"

static void
test_components(void **state)
{
    /* main calls a; a and b call each other and leaf; lone calls itself */
    Unit *unit = read_unit(*state, "/x.c",
                           "func @main \"main\" fn(void)\nfunc @a \"a\" fn(void)\n"
                           "func @b \"b\" fn(void)\nfunc @leaf \"leaf\" fn(void)\n"
                           "func @lone \"lone\" fn(void)\nfunc @out \"out\" fn(void)\n"
                           BODY("main", "call void @a()\ncall void @out()\n")
                           BODY("a", "call void @b()\ncall void @leaf()\ncall void @b()\n")
                           BODY("b", "call void @a()\n%1 = copy i32 @main\n")
                           BODY("leaf", "")
                           BODY("lone", "call void @lone()\n"));
    Fixture *f = *state;
    Program *program = program_link(f->arena, &unit, 1);
    const CallGraph *graph = program->graph;

    assert_int_equal(program->nfns, 5);
    assert_int_equal(graph->ncomponents, 4);
    assert_int_equal(graph->ncallee[0], 1); /* 'out' has no body */
    assert_int_equal(graph->ncallee[1], 2); /* b once */
    assert_int_equal(graph->callee[1][0], 2);
    assert_int_equal(graph->callee[1][1], 3);
    assert_int_equal(graph->ncallee[2], 1); /* no call of main */
    assert_int_equal(graph->ncaller[1], 2);
    assert_int_equal(graph->caller[1][0], 0);
    assert_int_equal(graph->caller[1][1], 2);
    assert_int_equal(graph->component[1], graph->component[2]);
    assert_true(graph->component[3] < graph->component[1]);
    assert_true(graph->component[1] < graph->component[0]);
    for (uint32_t i = 1; i < 5; i++) {
        assert_true(graph->component[graph->order[i - 1]] <= graph->component[graph->order[i]]);
    }
    assert_int_equal(graph->callee[4][0], 4);
}

/* Of a header: one function, however many units include it. */
#define BODY_X(name, calls) "fn @" name " void @1:1 of \"/x.h\" {\nb0:\n" calls "ret\n}\n"

static void
test_link_external(void **state)
{
    Fixture *f = *state;
    Unit *units[3] = {
        read_unit(f, "/a.c", "func @f \"c:@F@f\" fn(void)\nfunc @g \"c:@F@g\" fn(void)\n"
                             "fn @f void damaged @1:1 of \"/x.h\" {\nb0:\nret\n}\n"
                             BODY_X("g", "call void @f()\n")),
        read_unit(f, "/b.c", "status failed\nfunc @f \"c:@F@f\" fn(void)\n" BODY("f", "")),
        read_unit(f, "/c.c", "func @f \"c:@F@f\" fn(void)\nfunc @g \"c:@F@g\" fn(void)\n"
                             "func @h \"c:@F@h\" fn(void)\n"
                             BODY_X("f", "") BODY_X("g", "")),
    };
    Program *program = program_link(f->arena, units, 3);

    assert_int_equal(program->nfns, 2);
    assert_string_equal(name_of(program, 0), "g");
    assert_ptr_equal(program->fn_unit[0], units[0]);
    assert_string_equal(name_of(program, 1), "f"); /* the undamaged one */
    assert_ptr_equal(program->fn_unit[1], units[2]);
    assert_int_equal(program_callee(program, units[0]->decls.at[0]), 1);
    assert_int_equal(program_callee(program, units[2]->decls.at[1]), 0);
    assert_int_equal(program_callee(program, units[2]->decls.at[2]), -1);
    assert_int_equal(program->graph->callee[0][0], 1);
}

#define STATIC_F "func @f \"c:x.c@F@f\" fn(void) static\nfunc @main \"c:@F@main\" fn(void)\n"
#define STATIC_H "func @h \"c:x.h@F@h\" fn(void) static\n"
#define BODY_H "fn @h void @1:1 of \"/x.h\" {\nb0:\nret\n}\n"

static void
test_link_static(void **state)
{
    Fixture *f = *state;
    /* two files of one name with their own f, and a header's h in both */
    Unit *units[2] = {
        read_unit(f, "/one/x.c", STATIC_F STATIC_H BODY("f", "") BODY_H),
        read_unit(f, "/two/x.c", STATIC_F STATIC_H BODY_H BODY("f", "call void @h()\n")
                                 BODY("main", "call void @f()\ncall void @h()\n")),
    };
    Program *program = program_link(f->arena, units, 2);

    assert_int_equal(program->nfns, 4); /* f, h, the other f, main */
    assert_int_equal(program_callee(program, units[0]->decls.at[0]), 0);
    assert_int_equal(program_callee(program, units[0]->decls.at[2]), 1);
    assert_int_equal(program_callee(program, units[1]->decls.at[0]), 2);
    assert_int_equal(program_callee(program, units[1]->decls.at[2]), 1);
    assert_int_equal(program_callee(program, units[0]->decls.at[1]), 3);
    assert_int_equal(program->graph->ncallee[3], 2);
    assert_int_equal(program->graph->callee[3][0], 1);
    assert_int_equal(program->graph->callee[3][1], 2);
}

#define EXTERN_G "func @g \"c:@F@g\" fn(void)\nfunc @main \"c:@F@main\" fn(void)\n"

/* Two modules of one project, each with its own g. */
static void
test_link_same_name(void **state)
{
    Fixture *f = *state;
    Unit *units[4] = {
        read_unit(f, "/one/g.c", EXTERN_G "fn @g void @1:1 of \"/one/g.c\" {\nb0:\nret\n}\n"),
        read_unit(f, "/two/g.c", EXTERN_G "fn @g void @1:1 of \"/two/g.c\" {\nb0:\nret\n}\n"),
        read_unit(f, "/two/user.c", EXTERN_G),
        read_unit(f, "/other/user.c", EXTERN_G),
    };
    Program *program = program_link(f->arena, units, 4);

    assert_int_equal(program->nfns, 2);
    assert_int_equal(program_callee(program, units[0]->decls.at[0]), 0);
    assert_int_equal(program_callee(program, units[1]->decls.at[0]), 1);
    assert_int_equal(program_callee(program, units[2]->decls.at[0]), 1);
    assert_int_equal(program_callee(program, units[3]->decls.at[0]), -1); /* which one? */
}

static void
test_link_nothing(void **state)
{
    Fixture *f = *state;
    Program *program = program_link(f->arena, NULL, 0);

    assert_int_equal(program->nfns, 0);
    assert_int_equal(program->graph->ncomponents, 0);
}

static void
test_long_call_chain(void **state)
{
    Fixture *f = *state;
    StrBuf text;
    Unit *unit;
    Program *program;

    strbuf_init(&text, f->arena);
    for (uint32_t i = 0; i < 20000; i++) {
        strbuf_printf(&text, "func @f%u \"f%u\" fn(void)\n", i, i);
    }
    for (uint32_t i = 0; i + 1 < 20000; i++) {
        strbuf_printf(&text, "fn @f%u void {\nb0:\ncall void @f%u()\nret\n}\n", i, i + 1);
    }
    unit = read_unit(f, "/x.c", text.text);
    program = program_link(f->arena, &unit, 1);
    assert_int_equal(program->graph->ncomponents, 19999);
    assert_int_equal(program->graph->order[0], 19998);
    assert_int_equal(program->graph->order[19998], 0);
}

/* ---- drawing ------------------------------------------------------------- */

static void
test_dot(void **state)
{
    Fixture *f = *state;
    Unit *unit = read_unit(f, "/x.c",
                           "func @f \"f\" fn(void)\nfn @f void {\n"
                           "b0:\n%1 = call i32 @f(\"a\\n\")\nbr %1, b0, b1\n"
                           "b1:\nswitch %1, b2 [1..3: b2]\nb2:\nret\nb3:\nunreachable\n}\n");
    StrBuf out;

    strbuf_init(&out, f->arena);
    cfg_print_dot(unit->fns.at[0], &out);
    assert_string_equal(out.text,
                        "digraph \"f\" {\n"
                        "    node [shape=box, fontname=monospace];\n"
                        "    b0 [label=\"b0:\\l  %1 = call i32 @f(\\\"a\\\\n\\\")\\l"
                        "  br %1, b0, b1\\l\"];\n"
                        "    b1 [label=\"b1:\\l  switch %1, b2 [1..3: b2]\\l\"];\n"
                        "    b2 [label=\"b2:\\l  ret\\l\"];\n"
                        "    b3 [style=dashed, label=\"b3:\\l  unreachable\\l\"];\n"
                        "    b0 -> b0 [label=\"yes\", style=bold];\n"
                        "    b0 -> b1 [label=\"no\"];\n"
                        "    b1 -> b2 [label=\"default\"];\n"
                        "    b1 -> b2 [label=\"1..3\"];\n"
                        "}\n");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(diamond),
        TEST(switch_edges_count_once),
        TEST(nested_loops),
        TEST(self_loop),
        TEST(loop_with_two_entries),
        TEST(live_locals),
        TEST(live_round_a_loop),
        TEST(addressed_locals),
        TEST(temporaries),
        TEST(temporary_used_in_one_loop_block),
        TEST(ten_thousand_blocks),
        TEST(deep_nest),
        TEST(components),
        TEST(link_external),
        TEST(link_static),
        TEST(link_same_name),
        TEST(link_nothing),
        TEST(long_call_chain),
        TEST(dot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

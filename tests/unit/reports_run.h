/* reports_run.h: a hand-made RunResult over a small source in a temporary folder, for the
 * tests of the reports.
 */
#ifndef STRAYREF_REPORTS_RUN_H
#define STRAYREF_REPORTS_RUN_H

#include "reports/report.h"

#include <cmark.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char source_text[] = "/* pair.c: makes lists of two. */\n"
                                  "#include <Python.h>\n"
                                  "\n"
                                  "static PyObject *\n"
                                  "pair(PyObject *self, PyObject *args)\n"
                                  "{\n"
                                  "\tPyObject *l = PyList_New(0);\n"
                                  "\tif (l == NULL) {\n"
                                  "\t\treturn NULL;\n"
                                  "\t}\n"
                                  "\tPyObject *one = PyLong_FromLong(1);\n"
                                  "\tif (one == NULL) {\n"
                                  "\t\tPy_DECREF(l);\n"
                                  "\t\treturn NULL;\n"
                                  "\t}\n"
                                  "\n"
                                  "\n"
                                  "\n"
                                  "\n"
                                  "\n"
                                  "\n"
                                  "\tif (PyList_Append(l, one) < 0) {\n"
                                  "\t\treturn NULL;\n"
                                  "\t}\n"
                                  "\tPy_DECREF(one);\n"
                                  "\treturn l;\n"
                                  "}\n"
                                  "\n"
                                  "static PyObject *\n"
                                  "first(PyObject *self, PyObject *list)\n"
                                  "{\n"
                                  "    return PyList_GetItem(list, 0);\n"
                                  "}\n";

static const RuleInfo leak = {
    .id = "leak",
    .title = "Reference leak",
    .summary = "A reference that the function owns is lost before anybody releases it.",
    .severity = SEVERITY_WARNING,
    .precision = PRECISION_HIGH,
};
static const RuleInfo return_borrowed = {
    .id = "return-borrowed",
    .title = "Borrowed reference returned as new",
    .summary = "The caller releases a reference that nobody gave it",
    .severity = SEVERITY_ERROR,
    .precision = PRECISION_HIGH,
};
static const RuleInfo advice = {
    .id = "advice",
    .title = "Advice",
    .summary = "Not a defect.",
    .severity = SEVERITY_NOTE,
    .precision = PRECISION_LOW,
};

typedef struct Fixture {
    Arena *arena;
    const char *top;  /* temporary folder, holds everything */
    const char *root; /* the project in it */
    const char *file; /* its source */
} Fixture;

static void
write_text(const char *path, const char *text, size_t length)
{
    Error error;
    assert_true(file_write(path, text, length, &error));
}

static __attribute__((unused)) int
set_up(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));
    char top[] = "/tmp/strayref-reports-XXXXXX";
    assert_non_null(mkdtemp(top));
    f->arena = arena_new();
    f->top = arena_printf(f->arena, "%s", top);
    f->root = arena_printf(f->arena, "%s/pairs", top);
    f->file = arena_printf(f->arena, "%s/src/pair.c", f->root);
    assert_int_equal(mkdir(f->root, 0700), 0);
    assert_int_equal(mkdir(arena_printf(f->arena, "%s/src", f->root), 0700), 0);
    write_text(f->file, source_text, strlen(source_text));
    *state = f;
    return 0;
}

static __attribute__((unused)) int
tear_down(void **state)
{
    Fixture *f = *state;
    (void)unlink(f->file);
    (void)rmdir(path_dirname(f->arena, f->file));
    (void)rmdir(f->root);
    (void)rmdir(f->top);
    arena_free(f->arena);
    free(f);
    return 0;
}

/* ---- a run by hand ----------------------------------------------------------------- */

static Loc
at(const Fixture *f, uint32_t line, uint32_t col)
{
    return (Loc){.file = f->file, .line = line, .col = col};
}

static Finding *
new_finding(Fixture *f, const RuleInfo *rule, Loc loc, Reach reach, const char *message)
{
    Finding *finding = ARENA_NEW(f->arena, Finding);
    finding->rule = rule;
    finding->loc = loc;
    finding->function = "pair";
    finding->object = "l";
    finding->message = message;
    finding->fix = "release 'l' before the return";
    finding->reach = reach;
    finding->fingerprint = "00c0ffee00c0ffee";
    finding->cause = "";
    return finding;
}

static void
add_step(Fixture *f, Finding *finding, Loc loc, StepKind kind, const char *text)
{
    Step *steps = ARENA_ARRAY(f->arena, Step, finding->nsteps + 1);
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        steps[i] = finding->steps[i];
    }
    steps[finding->nsteps++] = (Step){loc, kind, text};
    finding->steps = steps;
}

static Finding *
append_leak(Fixture *f, const char *object, Loc made, const char *maker, const char *fingerprint)
{
    Finding *finding = new_finding(f, &leak, at(f, 23, 3), REACH_ERROR, "");
    finding->object = object;
    finding->message = arena_printf(f->arena,
                                    "the reference to '%s' is lost when the function "
                                    "returns",
                                    object);
    finding->fix = arena_printf(f->arena, "call Py_DECREF(%s) before the return", object);
    finding->cause = "what PyList_Append leaves behind when it fails";
    finding->fact = arena_printf(f->arena, "%s -> new | NULL nomem", maker);
    finding->fact_doc = text_starts(maker, "PyList") ? "c-api/list" : "c-api/long";
    finding->fingerprint = fingerprint;
    add_step(f, finding, made, STEP_MADE,
             arena_printf(f->arena, "new reference from %.*s, held by '%s'",
                          (int)strcspn(maker, "("), maker, object));
    add_step(f, finding, at(f, 22, 13), STEP_FAILS, "PyList_Append() fails and returns -1");
    add_step(f, finding, finding->loc, STEP_LOST,
             arena_printf(f->arena, "'%s' goes out of scope, 1 reference is still owned", object));
    return finding;
}

static Finding *
borrowed_finding(Fixture *f)
{
    Finding *finding = new_finding(f, &return_borrowed, at(f, 32, 5), REACH_ORDINARY,
                                   "returns a borrowed reference");
    finding->function = "first";
    finding->object = "result of PyList_GetItem";
    finding->fact = "PyList_GetItem(list, i:int) -> borrowed list | NULL raises";
    finding->fact_doc = "c-api/list";
    finding->fix = "return Py_XNewRef(PyList_GetItem(list, 0));";
    finding->fingerprint = "0123456789abcdef";
    Loc made = at(f, 32, 12);
    made.macro = "FIRST_OF";
    add_step(f, finding, made, STEP_MADE, "borrowed reference from PyList_GetItem");
    add_step(f, finding, finding->loc, STEP_LOST, "returned to a caller that takes it as new");
    return finding;
}

static Finding *
oom_finding(Fixture *f)
{
    Finding *finding = new_finding(f, &leak, at(f, 14, 3), REACH_OOM,
                                   "the reference to 'self->list[0]' is lost, see __init__");
    finding->object = "self->list[0]";
    Loc header = {.file = "/nonexistent/gone.h", .line = 3, .col = 1};
    add_step(f, finding, header, STEP_MADE, "new reference from make_list()");
    add_step(f, finding, finding->loc, STEP_LOST, "the function doesn't release it");
    return finding;
}

static __attribute__((unused)) RunResult *
make_run(Fixture *f)
{
    RunResult *run = ARENA_NEW(f->arena, RunResult);
    Finding **findings = ARENA_ARRAY(f->arena, Finding *, 5);
    findings[0] = oom_finding(f);
    findings[1] =
        append_leak(f, "one", at(f, 11, 18), "PyLong_FromLong(v:int)", "2222222222222222");
    findings[2] = new_finding(f, &advice, at(f, 5, 1), REACH_INIT, "nothing is wrong");
    add_step(f, findings[2], at(f, 5, 1), STEP_LOST, "here");
    findings[3] = append_leak(f, "l", at(f, 7, 16), "PyList_New(n:int)", "1111111111111111");
    findings[4] = borrowed_finding(f);
    Gap *gaps = ARENA_ARRAY(f->arena, Gap, 60);
    gaps[0] = (Gap){{.file = arena_printf(f->arena, "%s/src/broken.c", f->root)},
                    NULL,
                    "the parser crashed (signal 11)"};
    for (uint32_t i = 1; i < 60; i++) {
        gaps[i] = (Gap){at(f, i, 1), arena_printf(f->arena, "f%u", i), "too many paths"};
    }
    *run = (RunResult){
        .arena = f->arena,
        .root = f->root,
        .findings = findings,
        .nfindings = 5,
        .nfiles = 3,
        .nfailed = 1,
        .nfunctions = 70,
        .nanalysed = 11,
        .ndamaged = 0,
        .ngaveup = 59,
        .npartial = 1,
        .gaps = gaps,
        .ngaps = 60,
        .version = "0.1.0",
        .python = "3.11",
        .clang = "19.1.7",
        .nnotes = 1,
    };
    run->notes = ARENA_ARRAY(f->arena, const char *, 1);
    run->notes[0] = "no compile_commands.json: the flags of python3 are used";
    report_order(run);
    return run;
}

static __attribute__((unused)) const char *
render(Fixture *f, const RunResult *run, const char *format, bool color)
{
    StrBuf out;
    strbuf_init(&out, f->arena);
    ReportOptions options = {.color = color, .cwd = run->root};
    report_format_find(format)->write(run, &options, &out);
    return out.text;
}

static __attribute__((unused)) void
check_golden(Fixture *f, const char *name, const char *text)
{
    const char *tests = path_dirname(f->arena, path_dirname(f->arena, __FILE__));
    const char *path = arena_printf(f->arena, "%s/golden/%s", tests, name);
    if (getenv("BLESS") != NULL) {
        write_text(path, text, strlen(text));
    }
    const char *golden = file_read(f->arena, path, NULL, NULL);
    assert_non_null(golden);
    assert_string_equal(text, golden);
}

/* Markdown read back by cmark gives the HTML that the tree gives. */
static __attribute__((unused)) void
check_round_trip(Fixture *f, const RunResult *run)
{
    const char *text = render(f, run, "markdown", false);
    char *again = cmark_markdown_to_html(text, strlen(text), CMARK_OPT_DEFAULT);
    cmark_node *tree = report_tree(run, &(ReportOptions){.cwd = run->root}, false);
    char *direct = cmark_render_html(tree, CMARK_OPT_DEFAULT);
    size_t line = 0; /* where the first line that differs begins */
    for (size_t i = 0; again[i] != '\0' && again[i] == direct[i]; i++) {
        line = again[i] == '\n' ? i + 1 : line;
    }
    assert_string_equal(again + line, direct + line);
    free(again);
    free(direct);
    cmark_node_free(tree);
}

/* ---- the same run with all that a finding can have ------------------------------------- */

/* Releases 'l' before line 23: a line is put in, and another is changed. */
static Patch *
release_patch(Fixture *f)
{
    Patch *patch = ARENA_NEW(f->arena, Patch);
    Edit *edits = ARENA_ARRAY(f->arena, Edit, 2);
    edits[0] = (Edit){f->file, 11, 12, 11, 15, "two"};
    edits[1] = (Edit){f->file, 23, 1, 23, 1, "\t\tPy_DECREF(l);\n"};
    *patch = (Patch){"release 'l' before the return", edits, 2};
    return patch;
}

static Ring *
node_ring(Fixture *f)
{
    Ring *ring = ARENA_NEW(f->arena, Ring);
    RingEdge *edges = ARENA_ARRAY(f->arena, RingEdge, 3);
    edges[0] = (RingEdge){"NodeObject", "owner", "TreeObject", at(f, 7, 2), NULL};
    edges[1] = (RingEdge){"TreeObject", "callbacks", "list", at(f, 11, 2), NULL};
    edges[2] = (RingEdge){"list", "items", "NodeObject", at(f, 22, 2),
                          "not visited by node_traverse"};
    *ring = (Ring){edges, 3};
    return ring;
}

/* The run with a patch, a ring, a known and a suppressed finding, versions and hidden ones. */
static __attribute__((unused)) RunResult *
full_run(Fixture *f)
{
    RunResult *run = make_run(f);
    run->findings[1]->patch = release_patch(f);
    run->findings[1]->only_on = "Python 3.9, 3.13";
    run->findings[1]->confidence = CONFIDENCE_MEDIUM;
    run->findings[2]->known = true;
    run->findings[3]->ring = node_ring(f);
    run->findings[4]->suppressed = "checked by hand";
    run->nhidden[REACH_OOM] = 12;
    run->nhidden[REACH_PROTOCOL] = 1;
    run->nunsure[REACH_ORDINARY] = 2;
    report_order(run);
    return run;
}

#endif

/* test_reports.c: the formats against goldens, and against names and files that hurt.
 *
 * A hand-made RunResult over a small source in a temporary folder.  The goldens
 * are in tests/golden; BLESS=1 in the environment rewrites them.
 */
#include "reports/report.h"

#include <cmark.h>
#include <regex.h>
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

static int
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

static int
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

static RunResult *
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

static const char *
render(Fixture *f, const RunResult *run, const char *format, bool color)
{
    StrBuf out;
    strbuf_init(&out, f->arena);
    ReportOptions options = {.color = color, .cwd = run->root};
    report_format_find(format)->write(run, &options, &out);
    return out.text;
}

/* ---- goldens -------------------------------------------------------------------------- */

static void
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

static void
test_golden_text(void **state)
{
    check_golden(*state, "report.txt", render(*state, make_run(*state), "text", false));
}

static void
test_golden_markdown(void **state)
{
    check_golden(*state, "report.md", render(*state, make_run(*state), "markdown", false));
}

static void
test_golden_html(void **state)
{
    check_golden(*state, "report.html", render(*state, make_run(*state), "html", false));
}

static void
test_golden_clean_run(void **state)
{
    Fixture *f = *state;
    RunResult run = {.arena = f->arena,
                     .root = f->root,
                     .nfiles = 1,
                     .nfunctions = 2,
                     .nanalysed = 2,
                     .version = "0.1.0",
                     .python = "3.11"};
    report_order(&run);
    assert_string_equal(render(f, &run, "text", false), "");
    check_golden(f, "clean.md", render(f, &run, "markdown", false));
}

/* ---- order, numbers, closing line -------------------------------------------------------- */

static void
test_order(void **state)
{
    RunResult *run = make_run(*state);
    const char *expected[] = {"return-borrowed", "leak", "leak", "leak", "advice"};
    for (uint32_t i = 0; i < run->nfindings; i++) {
        assert_string_equal(run->findings[i]->rule->id, expected[i]);
        assert_int_equal(run->findings[i]->number, i + 1);
    }
    assert_string_equal(run->findings[1]->object, "l");
    assert_string_equal(run->findings[2]->object, "one");
}

static void
test_summary(void **state)
{
    Fixture *f = *state;
    RunResult run = {.nfiles = 36,
                     .nfunctions = 914,
                     .nanalysed = 905,
                     .ndamaged = 6,
                     .ngaveup = 3,
                     .nfindings = 12};
    assert_string_equal(report_summary(f->arena, &run),
                        "strayref: 36 files (0 failed), 914 functions: 905 analysed, "
                        "6 damaged, 3 given up; 12 findings");
}

static void
test_formats(void **state)
{
    (void)state;
    assert_string_equal(report_format_find("markdown")->suffix, ".md");
    assert_null(report_format_find("sarif5"));
    assert_string_equal(report_format_for("build/report.html")->name, "html");
    assert_string_equal(report_format_for("a.txt")->name, "text");
    assert_null(report_format_for("report"));
}

static void
test_words(void **state)
{
    (void)state;
    assert_string_equal(reach_text(REACH_OOM), "allocation failure");
    assert_string_equal(severity_text(SEVERITY_NOTE), "note");
    assert_string_equal(precision_text(PRECISION_VERY_HIGH), "very-high");
}

/* ---- the text format for machines ----------------------------------------------------------- */

static const char line_pattern[] = "^[^:[:space:]][^:]*:[0-9]+:[0-9]+: (error|warning|note): .*$";

static uint32_t
count_lines(Fixture *f, const char *text, const char *pattern)
{
    regex_t regex;
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    uint32_t n = 0;
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *one = arena_strndup(f->arena, line, length);
        n += regexec(&regex, one, 0, NULL, 0) == 0;
        line += length + (line[length] == '\n');
    }
    regfree(&regex);
    return n;
}

static void
test_text_is_parseable(void **state)
{
    Fixture *f = *state;
    const char *text = render(f, make_run(f), "text", false);
    assert_int_equal(count_lines(f, text, "^[^: ]+:[0-9]+:[0-9]+: error: .* \\[[a-z-]+\\]$"), 1);
    assert_int_equal(count_lines(f, text, "^[^: ]+:[0-9]+:[0-9]+: warning: .* \\[[a-z-]+\\]$"), 4);
    /* heads, steps, facts, reaches, fixes */
    assert_int_equal(count_lines(f, text, line_pattern), 5 + 11 + 3 + 5 + 5);
}

static void
test_text_colors(void **state)
{
    Fixture *f = *state;
    const char *text = render(f, make_run(f), "text", true);
    assert_non_null(strstr(text, "\33[1;31merror:\33[0m"));
    assert_null(strchr(render(f, make_run(f), "text", false), '\33'));
}

/* A path outside the current directory stays absolute. */
static void
test_text_paths(void **state)
{
    Fixture *f = *state;
    RunResult *run = make_run(f);
    StrBuf out;
    strbuf_init(&out, f->arena);
    ReportOptions options = {.cwd = "/nowhere"};
    report_text(run, &options, &out);
    assert_true(text_starts(out.text, f->file));
}

/* ---- lines of source ---------------------------------------------------------------------------- */

static SourceView
view_of(Fixture *f, const char *text, size_t length, uint32_t line, uint32_t col)
{
    SourceView view = {NULL, 0};
    write_text(f->file, text, length);
    bool found = source_view(sources_new(f->arena), at(f, line, col), &view);
    assert_true(found == (view.text != NULL));
    return view;
}

static void
check_view(Fixture *f, const char *text, uint32_t line, uint32_t col, const char *expected,
           uint32_t caret)
{
    SourceView view = view_of(f, text, strlen(text), line, col);
    assert_non_null(view.text);
    assert_string_equal(view.text, expected);
    assert_int_equal(view.caret, caret);
}

static void
test_view(void **state)
{
    Fixture *f = *state;
    check_view(f, "a\tb\n", 1, 3, "a       b", 8);
    check_view(f, "one\r\ntwo\rthree", 2, 2, "two", 1);
    check_view(f, "one\r\ntwo\rthree", 3, 1, "three", 0);
    check_view(f, "\n\nx\n", 3, 9, "x", 1);
    check_view(f,
               "\xC3\xA9"
               "x\n",
               1, 3, "\xC3\xA9x", 1);
    check_view(f, "a\xFF\xC3 \x1B[0m\n", 1, 4,
               "a" UTF8_REPLACEMENT UTF8_REPLACEMENT " " UTF8_REPLACEMENT "[0m", 3);
    assert_null(view_of(f, "x\n", 2, 2, 1).text);
    assert_null(view_of(f, "x\n", 2, UINT32_MAX, 1).text);
    assert_null(view_of(f, "x\n", 2, 0, 1).text);
    assert_null(view_of(f, "", 0, 1, 1).text);
    assert_string_equal(view_of(f, "a\0b\n", 4, 1, 1).text, "a" UTF8_REPLACEMENT "b");
}

/* A long line is cut around the caret, which still stands under its character. */
static void
test_view_long_line(void **state)
{
    Fixture *f = *state;
    static const uint32_t columns[] = {1, 100, 120, 300, 5000, 9000, UINT32_MAX};
    char *line = arena_alloc(f->arena, 9001);
    for (size_t i = 0; i < 9000; i++) {
        line[i] = (char)('a' + i % 26);
    }
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        SourceView view = view_of(f, line, 9000, 1, columns[i]);
        assert_true(strlen(view.text) <= 150);
        char expected = columns[i] <= 9000 ? line[columns[i] - 1] : '\0';
        assert_int_equal(view.text[view.caret], expected);
    }
}

static const char *
excerpt_of(Fixture *f, const uint32_t *lines, uint32_t n)
{
    Step *steps = ARENA_ARRAY(f->arena, Step, n);
    for (uint32_t i = 0; i < n; i++) {
        steps[i].loc = at(f, lines[i], 1);
    }
    return source_excerpt(sources_new(f->arena), f->file, steps, n);
}

static void
test_excerpt(void **state)
{
    Fixture *f = *state;
    static const char text[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n\n12\n";
    write_text(f->file, text, sizeof(text) - 1);
    assert_string_equal(excerpt_of(f, (uint32_t[]){2, 1, 2}, 3),
                        "> 1 | 1\n> 2 | 2\n  3 | 3\n  4 | 4\n");
    assert_string_equal(
        excerpt_of(f, (uint32_t[]){11, 1}, 2),
        ">  1 | 1\n   2 | 2\n   3 | 3\n...\n   9 | 9\n  10 | 10\n> 11 |\n  12 | 12\n");
    /* a single line between is shown, not left out */
    assert_string_equal(excerpt_of(f, (uint32_t[]){1, 7}, 2),
                        "> 1 | 1\n  2 | 2\n  3 | 3\n  4 | 4\n  5 | 5\n  6 | 6\n> 7 | 7\n"
                        "  8 | 8\n  9 | 9\n");
    assert_null(excerpt_of(f, (uint32_t[]){13, UINT32_MAX, 0}, 3));
    assert_null(excerpt_of(f, NULL, 0));
}

static void
test_clean(void **state)
{
    Fixture *f = *state;
    assert_string_equal(report_clean(f->arena, NULL), "");
    assert_string_equal(report_clean(f->arena, "  a \n\t b  "), "a b");
    assert_string_equal(report_clean(f->arena, "\xE2\x82\xAC \xE2\x82"),
                        "\xE2\x82\xAC " UTF8_REPLACEMENT UTF8_REPLACEMENT);
    static const char *const malformed[] = {
        "\xC0\x80",         "\xC2\x85", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\x80",     "\x7F",         "\x01",         "\xF0\x9F\x98",
    };
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        assert_int_equal(utf8_printable(malformed[i]), 0);
    }
    assert_int_equal(utf8_printable("\xF0\x9F\x98\x80"), 4);
    assert_int_equal(utf8_printable(""), 0);
}

/* ---- Markdown and HTML say the same ------------------------------------------------------------- */

/* Markdown read back by cmark gives the HTML that the tree gives. */
static void
check_round_trip(Fixture *f, const RunResult *run)
{
    const char *text = render(f, run, "markdown", false);
    char *again = cmark_markdown_to_html(text, strlen(text), CMARK_OPT_DEFAULT);
    cmark_node *tree = report_tree(run);
    char *direct = cmark_render_html(tree, CMARK_OPT_DEFAULT);
    assert_string_equal(again, direct);
    free(again);
    free(direct);
    cmark_node_free(tree);
}

static void
test_round_trip(void **state)
{
    check_round_trip(*state, make_run(*state));
}

static const char *const nasty[] = {
    "*_<>&[]()`",
    "``` ~~~ # - + 1. 2)",
    "&amp; &#35; <b>bold</b> <!-- c -->",
    "![x](javascript:y)",
    "https://example.org/a_b",
    "\\*\\_ \\",
    "a\nb\r\nc\td",
    "\xFF\xFE \xC3",
    "'x' 'y''z' ''",
    "'",
    "don't own 'x'",
    "`",
    "a`b``c",
    " lead and trail ",
    "x'",
    "a_b()()->c->",
    "->",
    "|a|b|",
    "",
};

static RunResult *
nasty_run(Fixture *f, const char *name)
{
    RunResult *run = make_run(f);
    for (uint32_t i = 0; i < run->nfindings; i++) {
        Finding *finding = run->findings[i];
        finding->function = finding->object = finding->cause = name;
        finding->fix = finding->fingerprint = name;
        finding->message = arena_printf(f->arena, "has %s in it", name);
        finding->fact = name;
        finding->fact_doc = name;
        for (uint32_t k = 0; k < finding->nsteps; k++) {
            finding->steps[k].text = *name != '\0' ? name : "-";
            finding->steps[k].loc.macro = name;
        }
    }
    run->notes[0] = *name != '\0' ? name : "-";
    for (uint32_t i = 0; i < run->ngaps; i++) {
        run->gaps[i].function = name;
        run->gaps[i].why = *name != '\0' ? name : "-";
    }
    return run;
}

static bool
is_one_line_utf8(const char *text)
{
    while (*text == '\n' || utf8_printable(text) > 0) {
        text += *text == '\n' ? 1 : utf8_printable(text);
    }
    return *text == '\0';
}

static void
test_nasty_names(void **state)
{
    Fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(nasty); i++) {
        RunResult *run = nasty_run(f, nasty[i]);
        check_round_trip(f, run);
        for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
            assert_true(is_one_line_utf8(render(f, run, format->name, false)));
        }
        const char *html = render(f, run, "html", false);
        assert_null(strstr(html, "<b>"));
        assert_null(strstr(html, "raw HTML omitted"));
        uint32_t notes = count_lines(f, render(f, run, "text", false), line_pattern);
        assert_int_equal(notes, 5 + 11 + 5 + (*nasty[i] != '\0' ? 5 + 5 : 0));
    }
}

/* Sources that are gone, short, or no text at all. */
static void
test_nasty_sources(void **state)
{
    Fixture *f = *state;
    static const char code[] = "x = \"```\";\r\n\xE4\xF6 ```` \t\r\n\0\0\x07\n~~~\n    indented\n";
    RunResult *run = make_run(f);
    write_text(f->file, code, sizeof(code) - 1);
    for (uint32_t i = 0; i < run->nfindings; i++) {
        for (uint32_t k = 0; k < run->findings[i]->nsteps; k++) {
            run->findings[i]->steps[k].loc.line = i + k;
        }
    }
    check_round_trip(f, run);
    assert_true(is_one_line_utf8(render(f, run, "markdown", false)));
    (void)unlink(f->file);
    check_round_trip(f, run);
    assert_non_null(strstr(render(f, run, "markdown", false), "no source to show"));
    run->findings[0]->loc = (Loc){0};
    run->findings[0]->steps[0].loc = (Loc){0};
    run->root = "/a/*_<b>`#";
    check_round_trip(f, run);
    run->root = NULL;
    check_round_trip(f, run);
    assert_non_null(strstr(render(f, run, "text", false), "<unknown>:0:0: error: "));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_golden_markdown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_golden_html, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_golden_clean_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_summary, set_up, tear_down),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_words),
        cmocka_unit_test_setup_teardown(test_text_is_parseable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_colors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_view, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_view_long_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_excerpt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clean, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nasty_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nasty_sources, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

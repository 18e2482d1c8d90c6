/* test_reports.c: the formats against goldens, and against names and files that hurt.
 *
 * The goldens are in tests/golden; BLESS=1 in the environment rewrites them.
 */
#include "reports_run.h"

#include "reports/nodes.h"

#include <regex.h>

/* ---- goldens -------------------------------------------------------------------------- */

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
    const char *expected[] = {"return-borrowed", "leak", "leak", "advice", "leak"};
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
    RunResult *run = make_run(f);
    run->nfiles = 36;
    run->nfailed = 0;
    run->nfunctions = 914;
    run->nanalysed = 905;
    run->ndamaged = 6;
    run->ngaveup = 3;
    assert_string_equal(report_closing(f->arena, run),
                        "strayref: 36 files (0 failed), 914 functions: 905 analysed, "
                        "6 damaged, 3 given up; 5 findings");
    run->findings[0]->suppressed = "";
    run->findings[1]->known = true;
    run->findings[2]->known = true;
    assert_true(text_ends(report_closing(f->arena, run),
                          "2 findings (1 suppressed in the source, 2 known from the baseline)"));
}

static void
test_formats(void **state)
{
    (void)state;
    assert_string_equal(report_format_find("markdown")->suffix, ".md .markdown");
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

/* ---- lines of source -------------------------------------------------------------------- */

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
    Excerpt excerpt = source_excerpt(sources_new(f->arena), f->file, steps, n);
    return excerpt.lines.n > 0 ? excerpt_text(f->arena, &excerpt) : NULL;
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

/* ---- Markdown and HTML say the same ----------------------------------------------------- */

static void
test_round_trip(void **state)
{
    check_round_trip(*state, make_run(*state));
}

static void
check_prose(Fixture *f, const char *text, const char *expected)
{
    cmark_node *document = cmark_node_new(CMARK_NODE_DOCUMENT);
    node_sentence(f->arena, node_paragraph(document), text);
    char *html = cmark_render_html(document, CMARK_OPT_DEFAULT);
    assert_string_equal(html, arena_printf(f->arena, "<p>%s</p>\n", expected));
    free(html);
    cmark_node_free(document);
}

/* What only C is spelled like becomes code, a sentence begins and ends as one. */
static void
test_prose(void **state)
{
    check_prose(*state, "releases 'l' in f()", "Releases <code>l</code> in <code>f()</code>.");
    check_prose(*state, "when .tp_repr fails", "When <code>.tp_repr</code> fails.");
    check_prose(*state, "self->list is Py_None; see below.",
                "<code>self-&gt;list</code> is <code>Py_None</code>; see below.");
    check_prose(*state, "it isn't there. Nothing is", "It isn't there. Nothing is.");
}

static const char *const nasty[] = {
    "*_<>&[]()`",
    "``` ~~~ # - + 1. 2)",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "::error::x %0A::warning::y",
    "]]></failure>",
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
    ". .x ..y .a.b(c) z.",
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
    for (size_t length; (length = utf8_printable(text)) > 0 || *text == '\n' || *text == '\r';) {
        if (*text == '\r' && text[1] != '\n') {
            return false;
        }
        text += length > 0 ? length : 1;
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
        assert_null(strstr(html, "<b>bold"));
        assert_null(strstr(html, "<script>alert"));
        assert_null(strstr(html, "onerror=alert(1)>"));
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
        cmocka_unit_test_setup_teardown(test_prose, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nasty_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nasty_sources, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

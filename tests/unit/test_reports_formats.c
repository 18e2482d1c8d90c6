/* test_reports_formats.c: the machine formats, patches, rings, links and counts.
 *
 * The goldens are in tests/golden; BLESS=1 in the environment rewrites them.  What the
 * formats' own schemas say is checked by tests/checks/reports-*.
 */
#include "reports_run.h"

#include <jansson.h>

/* ---- goldens ------------------------------------------------------------------------------ */

/* The text with the project's folder, which is another one each time, as /ROOT. */
static const char *
without_root(Fixture *f, const char *text)
{
    StrBuf out;
    strbuf_init(&out, f->arena);
    while (*text != '\0') {
        if (text_starts(text, f->root)) {
            strbuf_puts(&out, "/ROOT");
            text += strlen(f->root);
        }
        else {
            strbuf_putc(&out, *text++);
        }
    }
    return out.text;
}

static void
test_goldens(void **state)
{
    Fixture *f = *state;
    static const char *const names[][2] = {
        {"text", "full.txt"},       {"markdown", "full.md"},    {"html", "full.html"},
        {"json", "full.json"},      {"sarif", "full.sarif"},    {"github", "full.github"},
        {"gitlab", "full.gitlab"},  {"junit", "full.xml"},      {"rdjsonl", "full.rdjsonl"},
        {"csv", "full.csv"},        {"summary", "full.summary.md"},
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *text = render(f, full_run(f), names[i][0], false);
        check_golden(f, names[i][1], without_root(f, text));
    }
}

/* ---- what counts --------------------------------------------------------------------------- */

static uint32_t
occurrences(const char *text, const char *part)
{
    uint32_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part)) {
        n++;
    }
    return n;
}

static void
test_counts(void **state)
{
    Fixture *f = *state;
    RunResult *run = full_run(f);
    ReportCounts counts = report_counts(run);
    assert_int_equal(counts.findings, 3);
    assert_int_equal(counts.suppressed, 1);
    assert_int_equal(counts.known, 1);
    assert_int_equal(counts.hidden, 15);
    assert_true(report_counted(run->findings[2]));
    assert_false(report_counted(run->findings[3]));
    assert_false(report_counted(run->findings[4]));
    /* what does not count is in none of those that a reader acts on, and in both of those
     * for other programs */
    static const char *const shown[] = {"text", "markdown", "html", "github", "gitlab", "rdjsonl"};
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        assert_null(strstr(render(f, run, shown[i], false), "self->list[0]"));
    }
    assert_non_null(strstr(render(f, run, "json", false), "checked by hand"));
    assert_non_null(strstr(render(f, run, "sarif", false), "checked by hand"));
    assert_int_equal(occurrences(render(f, run, "junit", false), "<skipped "), 2);
}

static void
test_hidden(void **state)
{
    Fixture *f = *state;
    static const char *const line = "12 need a failed allocation, 1 needs a misused protocol (";
    static const char *const formats[] = {"text", "markdown", "html", "summary", "sarif"};
    RunResult *run = make_run(f);
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        assert_int_equal(occurrences(render(f, full_run(f), formats[i], false), line), 1);
    }
    assert_string_equal(report_hidden(f->arena, full_run(f)),
                        "12 need a failed allocation, 1 needs a misused protocol ('--reach all' "
                        "shows them), 2 are less sure ('--reach all --confidence low' shows all)");
    assert_null(report_hidden(f->arena, run));
    run->nunsure[REACH_OOM] = 1;
    assert_string_equal(report_hidden(f->arena, run),
                        "1 is less sure ('--reach all --confidence low' shows all)");
    run->nunsure[REACH_OOM] = 0;
    run->nhidden[REACH_INIT] = 1;
    assert_string_equal(report_hidden(f->arena, run),
                        "1 happens once per process ('--reach all' shows it)");
}

/* ---- diffs ------------------------------------------------------------------------------ */

static const char *
diff_of(Fixture *f, const char *source, const Edit *edits, uint32_t nedits)
{
    Edit *copies = arena_copy(f->arena, edits, sizeof(*edits) * nedits);
    RunResult run = {.arena = f->arena, .root = f->root};
    for (uint32_t i = 0; i < nedits; i++) {
        copies[i].file = f->file;
    }
    write_text(f->file, source, strlen(source));
    Patch patch = {"", copies, nedits};
    return report_diff(sources_new(f->arena), &run, &patch);
}

static void
check_diff(Fixture *f, const char *source, const Edit *edits, uint32_t nedits, const char *expected)
{
    const char *diff = diff_of(f, source, edits, nedits);
    assert_non_null(diff);
    assert_string_equal(diff, arena_printf(f->arena, "--- a/src/pair.c\n+++ b/src/pair.c\n%s",
                                           expected));
}

static void
test_diff(void **state)
{
    Fixture *f = *state;
    /* a line put in, in the middle and at both ends */
    check_diff(f, "a\nb\nc\n", (Edit[]){{"", 2, 1, 2, 1, "x\n"}}, 1,
               "@@ -1,3 +1,4 @@\n a\n+x\n b\n c\n");
    check_diff(f, "a\nb\n", (Edit[]){{"", 1, 1, 1, 1, "x\n"}}, 1,
               "@@ -1,2 +1,3 @@\n+x\n a\n b\n");
    check_diff(f, "a\nb\n", (Edit[]){{"", 3, 1, 3, 1, "x\n"}}, 1,
               "@@ -1,2 +1,3 @@\n a\n b\n+x\n");
    /* lines taken out and changed, two edits on one line, a line end in the text */
    check_diff(f, "a\nb\nc\n", (Edit[]){{"", 2, 1, 3, 1, ""}}, 1, "@@ -1,3 +1,2 @@\n a\n-b\n c\n");
    check_diff(f, "f(a, b);\n", (Edit[]){{"", 1, 3, 1, 4, "x"}, {"", 1, 6, 1, 7, "y"}}, 2,
               "@@ -1,1 +1,1 @@\n-f(a, b);\n+f(x, y);\n");
    check_diff(f, "a\r\nb\r\n", (Edit[]){{"", 2, 1, 2, 1, "x\r\n"}}, 1,
               "@@ -1,2 +1,3 @@\n a\n+x\n b\n");
    check_diff(f, "a\nb", (Edit[]){{"", 2, 1, 2, 2, "c"}}, 1,
               "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n"
               "\\ No newline at end of file\n");
}

static void
test_diff_hunks(void **state)
{
    Fixture *f = *state;
    static const char text[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n";
    check_diff(f, text, (Edit[]){{"", 2, 1, 2, 2, "b"}, {"", 17, 1, 17, 1, "x\n"}}, 2,
               "@@ -1,5 +1,5 @@\n 1\n-2\n+b\n 3\n 4\n 5\n"
               "@@ -14,5 +14,6 @@\n 14\n 15\n 16\n+x\n 17\n 18\n");
    check_diff(f, text, (Edit[]){{"", 4, 1, 5, 1, ""}, {"", 9, 1, 9, 1, "x\n"}}, 2,
               "@@ -1,11 +1,11 @@\n 1\n 2\n 3\n-4\n 5\n 6\n 7\n 8\n+x\n 9\n 10\n 11\n");
    assert_null(diff_of(f, "a\n", (Edit[]){{"", 9, 1, 9, 1, "x\n"}}, 1));
    (void)unlink(f->file);
    RunResult run = {.arena = f->arena, .root = f->root};
    Edit edit = {f->file, 1, 1, 1, 1, "x\n"};
    assert_null(report_diff(sources_new(f->arena), &run, &(Patch){"", &edit, 1}));
}

/* ---- rings ------------------------------------------------------------------------------ */

static void
test_ring(void **state)
{
    Fixture *f = *state;
    assert_string_equal(ring_mermaid(f->arena, node_ring(f)),
                        "graph LR\n"
                        "    c0[\"NodeObject\"] -->|\"owner\"| c1[\"TreeObject\"]\n"
                        "    c1[\"TreeObject\"] -->|\"callbacks\"| c2[\"list\"]\n"
                        "    c2[\"list\"] -.->|\"items: not visited by node_traverse\"|"
                        " c0[\"NodeObject\"]\n"
                        "    linkStyle 2 stroke:#cf222e,stroke-width:3px\n");
    RingEdge edge = {"A\"];x[<script>", "a|b", "A\"];x[<script>", {0}, NULL};
    const char *text = ring_mermaid(f->arena, &(Ring){&edge, 1});
    assert_string_equal(text, "graph LR\n"
                              "    c0[\"A#34;#93;#59;x#91;#60;script#62;\"] -->|\"a#124;b\"|"
                              " c0[\"A#34;#93;#59;x#91;#60;script#62;\"]\n");
    StrBuf svg;
    strbuf_init(&svg, f->arena);
    ring_svg(f->arena, &(Ring){&edge, 1}, 1, &svg);
    assert_null(strstr(svg.text, "<script>"));
    assert_null(strstr(svg.text, "nan"));
    strbuf_clear(&svg);
    ring_svg(f->arena, &(Ring){NULL, 0}, 1, &svg);
    assert_string_equal(svg.text, "");
}

/* ---- places ----------------------------------------------------------------------------- */

static void
test_links(void **state)
{
    Fixture *f = *state;
    static const char link[] = "https://host/a/{path}#L{line}";
    RunResult run = {.arena = f->arena, .root = f->root};
    Loc odd = at(f, 7, 1);
    odd.file = arena_printf(f->arena, "%s/a b/\xE9%%\n[x](y).c", f->root);
    assert_string_equal(report_link(f->arena, &run, link, at(f, 7, 1)),
                        "https://host/a/src/pair.c#L7");
    assert_string_equal(report_link(f->arena, &run, link, odd),
                        "https://host/a/a%20b/%E9%25%0A%5Bx%5D%28y%29.c#L7");
    assert_null(report_link(f->arena, &run, NULL, at(f, 7, 1)));
    assert_null(report_link(f->arena, &run, link, (Loc){.file = "/usr/include/x.h", .line = 1}));
    assert_null(report_link(f->arena, &run, link, (Loc){0}));
    assert_null(report_link_problem(link));
    assert_non_null(report_link_problem("javascript:alert({path})"));
    assert_non_null(report_link_problem("https://host/"));
    assert_non_null(report_link_problem("https://host/{path}\" onclick=\"x"));

    StrBuf out;
    strbuf_init(&out, f->arena);
    report_markdown(full_run(f), &(ReportOptions){.link = link}, &out);
    assert_non_null(strstr(out.text, "[`src/pair.c:23`](https://host/a/src/pair.c#L23)"));
}

static void
test_columns(void **state)
{
    Fixture *f = *state;
    write_text(f->file, "\xC3\xA9\tx = 1;  \n\n", 12);
    Sources *sources = sources_new(f->arena);
    SourceRegion region = source_region(sources, at(f, 1, 4));
    assert_int_equal(region.col, 3);
    assert_int_equal(region.end_col, 9);
    assert_int_equal(source_column(sources, f->file, 1, 4), 3);
    region = source_region(sources, at(f, 2, 1)); /* an empty line still has a place */
    assert_int_equal(region.col, 1);
    assert_int_equal(region.end_col, 2);
    region = source_region(sources, at(f, 99, 7));
    assert_int_equal(region.col, 7);
}

static void
test_suffixes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a.json", "json"},        {"a.sarif", "sarif"},     {"a.sarif.json", "sarif"},
        {"a.xml", "junit"},        {"a.csv", "csv"},         {"a.rdjsonl", "rdjsonl"},
        {"a.summary.md", "summary"}, {"a.md", "markdown"},   {"a.htm", "html"},
        {"build/gl-code-quality-report.json", "gitlab"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_string_equal(report_format_for(cases[i][0])->name, cases[i][1]);
    }
    assert_true(report_format_fits(report_format_find("sarif"), "x.json"));
    assert_false(report_format_fits(report_format_find("github"), "x.json"));
    assert_false(report_format_fits(report_format_find("markdown"), "md"));
}

/* ---- summaries and keys ----------------------------------------------------------------- */

/* A run with many findings, rules, gaps and notes; fingerprints repeat. */
static RunResult *
big_run(Fixture *f, uint32_t n)
{
    RunResult *run = make_run(f);
    Finding **findings = ARENA_ARRAY(f->arena, Finding *, n);
    RuleInfo *rules = ARENA_ARRAY(f->arena, RuleInfo, 30);
    for (uint32_t i = 0; i < 30; i++) {
        rules[i] = leak;
        rules[i].id = arena_printf(f->arena, "rule-%02u", i);
    }
    for (uint32_t i = 0; i < n; i++) {
        findings[i] = append_leak(f, "l", at(f, 7, 16), "PyList_New(n:int)", "abcdefabcdefabcd");
        findings[i]->rule = &rules[i % 30];
        findings[i]->reach = (Reach)(i % REACH_COUNT);
    }
    run->findings = findings;
    run->nfindings = n;
    run->nhidden[REACH_OOM] = 7;
    report_order(run);
    return run;
}

static void
test_summary_is_short(void **state)
{
    Fixture *f = *state;
    static const uint32_t sizes[] = {0, 1, 5, 30, 31, 40, 41, 42, 43, 44, 45, 60, 2000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        const char *text = render(f, big_run(f, sizes[i]), "summary", false);
        assert_true(occurrences(text, "\n") < 60);
        assert_true(sizes[i] < 100 || strstr(text, "more") != NULL);
    }
}

static void
test_keys_differ(void **state)
{
    Fixture *f = *state;
    RunResult *run = big_run(f, 3);
    const char **keys = report_keys(f->arena, run);
    assert_string_equal(keys[0], "abcdefabcdefabcd");
    assert_string_equal(keys[1], "abcdefabcdefabcd-2");
    assert_string_equal(keys[2], "abcdefabcdefabcd-3");
    const char *sarif = render(f, run, "sarif", false);
    assert_non_null(strstr(sarif, "\"primaryLocationLineHash\": \"abcdefabcdefabcd:1\""));
    assert_non_null(strstr(sarif, "\"primaryLocationLineHash\": \"abcdefabcdefabcd:3\""));
}

/* GitHub refuses more than 25000 results; what is cut is told of.  So many take too long with
 * sanitizers. */
static void
test_sarif_limit(void **state)
{
    Fixture *f = *state;
#ifdef STRAYREF_DEBUG_ARENA
    skip();
#endif
    const char *sarif = render(f, big_run(f, 25003), "sarif", false);
    assert_int_equal(occurrences(sarif, "\"ruleId\": "), 25000);
    assert_non_null(strstr(sarif, "3 results are left out"));
}

/* A long path keeps its beginning and its end. */
static void
test_sarif_long_path(void **state)
{
    Fixture *f = *state;
    RunResult *run = make_run(f);
    for (uint32_t i = 0; i < 1500; i++) {
        add_step(f, run->findings[0], at(f, 5, 1), STEP_BRANCH, "goes on");
    }
    add_step(f, run->findings[0], at(f, 23, 1), STEP_LOST, "the very end");
    run->nfindings = 1;
    const char *sarif = render(f, run, "sarif", false);
    assert_int_equal(occurrences(sarif, "\"executionOrder\": "), 1000);
    assert_int_equal(occurrences(strstr(sarif, "\"relatedLocations\""), "\"id\": "), 100);
    assert_int_equal(occurrences(sarif, "\"text\": \"the very end\""), 2);
    assert_non_null(strstr(sarif, "[the very end](12)"));
}

/* ---- hostile names ---------------------------------------------------------------------- */

/* A file whose name has all that formats trip over, text that is no UTF-8 in the patch. */
static RunResult *
hostile_run(Fixture *f)
{
    RunResult *run = full_run(f);
    const char *file = arena_printf(f->arena, "%s/a\n::error::b,c%%\xFF\"<script>|`.c", f->root);
    for (uint32_t i = 0; i < run->nfindings; i++) {
        run->findings[i]->loc.file = file;
        run->findings[i]->function = "=1+1";
        for (uint32_t k = 0; k < run->findings[i]->nsteps; k++) {
            run->findings[i]->steps[k].loc.file = file;
        }
    }
    run->findings[1]->patch->edits[0].text = "\xFF";
    return run;
}

static void
test_hostile_names(void **state)
{
    Fixture *f = *state;
    RunResult *run = hostile_run(f);
    const char *github = render(f, run, "github", false);
    assert_int_equal(occurrences(github, "\n"), 3);
    assert_int_equal(occurrences(github, "\n::"), 2);
    assert_non_null(strstr(github, "b%2Cc%25"));
    assert_null(strstr(render(f, run, "html", false), "<script>|"));
    assert_null(strstr(render(f, run, "junit", false), "<script>"));
    assert_non_null(strstr(render(f, run, "csv", false), "\"'=1+1\""));
    const char *sarif = render(f, run, "sarif", false);
    assert_non_null(strstr(sarif, "a%0A%3A%3Aerror%3A%3Ab%2Cc%25%FF%22%3Cscript%3E%7C%60.c"));
    assert_null(strstr(sarif, "\"fixes\"")); /* a fix that could not be told byte by byte */
    static const char *const json[] = {"json", "sarif", "gitlab"};
    for (size_t i = 0; i < COUNT_OF(json); i++) {
        json_t *value = json_loads(render(f, run, json[i], false), 0, NULL);
        assert_non_null(value);
        json_decref(value);
    }
}

/* The next of a fixed row of pseudo-random numbers. */
static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Text of bytes that formats trip over most. */
static const char *
random_text(Fixture *f, uint32_t *state)
{
    static const char bytes[] = "<>&\"'`|[](){}\\%#;:,=+-@*_!?/ \t\r\n\x01\x7F\x80\xC3\xA9"
                                "\xE2\x80\xAE\xFF"
                                "aZ09";
    uint32_t length = 1 + next_random(state) % 24;
    char *text = arena_alloc(f->arena, length + 1);
    for (uint32_t i = 0; i < length; i++) {
        text[i] = bytes[next_random(state) % (sizeof(bytes) - 1)];
    }
    return text;
}

static RunResult *
random_run(Fixture *f, uint32_t *state)
{
    RunResult *run = full_run(f);
    for (uint32_t i = 0; i < run->nfindings; i++) {
        Finding *finding = run->findings[i];
        finding->function = random_text(f, state);
        finding->object = random_text(f, state);
        finding->message = random_text(f, state);
        finding->fact = random_text(f, state);
        finding->fact_doc = random_text(f, state);
        finding->fix = random_text(f, state);
        finding->cause = random_text(f, state);
        finding->only_on = random_text(f, state);
        finding->loc.file = arena_printf(f->arena, "%s/%s", f->root, random_text(f, state));
        for (uint32_t k = 0; k < finding->nsteps; k++) {
            finding->steps[k].text = random_text(f, state);
            finding->steps[k].loc.macro = random_text(f, state);
        }
    }
    Patch *patch = release_patch(f);
    patch->title = random_text(f, state);
    patch->edits[0].text = random_text(f, state);
    run->findings[1]->patch = patch;
    run->findings[2]->ring->edges[0].field = random_text(f, state);
    run->findings[2]->ring->edges[2].broken = random_text(f, state);
    return run;
}

/* Whatever stands in names and messages, lines stay lines and JSON stays JSON. */
static void
test_random_text(void **state)
{
    Fixture *f = *state;
    uint32_t random = 7;
    for (int i = 0; i < 60; i++) {
        RunResult *run = random_run(f, &random);
        check_round_trip(f, run);
        static const char *const json[] = {"json", "sarif", "gitlab"};
        for (size_t k = 0; k < COUNT_OF(json); k++) {
            json_t *value = json_loads(render(f, run, json[k], false), 0, NULL);
            assert_non_null(value);
            json_decref(value);
        }
        assert_int_equal(occurrences(render(f, run, "rdjsonl", false), "\n"), 3);
        assert_int_equal(occurrences(render(f, run, "github", false), "\n"), 3);
        assert_int_equal(occurrences(render(f, run, "csv", false), "\r\n"), 6);
        assert_int_equal(occurrences(render(f, run, "junit", false), "<testcase "), 7);
        assert_int_equal(occurrences(render(f, run, "html", false), "<article "), 3);
        assert_int_equal(occurrences(render(f, run, "html", false), "<script"), 1);
        assert_true(occurrences(render(f, run, "summary", false), "\n") < 60);
    }
}

/* Marks that turn text around, and what XML has no place for, are never shown. */
static void
test_treacherous_characters(void **state)
{
    Fixture *f = *state;
    static const char *const marks[] = {"\xE2\x80\xAE", "\xE2\x81\xA6", "\xEF\xBF\xBF",
                                        "\xE2\x80\xA8"};
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        assert_int_equal(utf8_printable(marks[i]), 0);
        assert_null(strstr(report_clean(f->arena, marks[i]), marks[i]));
    }
    assert_int_equal(utf8_printable("\xE2\x80\xA7"), 3);
    assert_int_equal(utf8_printable("\xE2\x81\xAA"), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_goldens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hidden, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_diff, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_diff_hunks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ring, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_columns, set_up, tear_down),
        cmocka_unit_test(test_suffixes),
        cmocka_unit_test_setup_teardown(test_summary_is_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_differ, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sarif_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sarif_long_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_treacherous_characters, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

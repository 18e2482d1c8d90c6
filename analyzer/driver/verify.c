/* verify.c: strayref verify: scans fixtures one by one and counts what is wrong.
 *
 * A fixture is a C file, or a C example of a Markdown page, that says in comments
 * what must be found in it.  Each is scanned alone, against the stub Python.h near
 * it.  In folders called 'lower' the IR is compared instead of the findings.  See
 * fixtures/README.md.
 */
#include "driver/fixture.h"
#include "driver/gate.h"

#include <cmark.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- scanning --------------------------------------------------------------------- */

/* The folder of the stub headers: fixtures/include or include, in the fixture's
 * folder or one above it; NULL when there is none. */
static const char *
stub_folder(const Fixture *fx)
{
    const char *dir = fx->folder;

    for (;;) {
        static const char *const places[] = {"fixtures/include", "include"};

        for (size_t i = 0; i < COUNT_OF(places); i++) {
            const char *folder = path_absolute(fx->arena, dir, places[i]);

            if (path_is_file(path_absolute(fx->arena, folder, "Python.h")) &&
                path_is_file(path_absolute(fx->arena, folder, "strayref.h"))) {
                return folder;
            }
        }
        if (text_equal(dir, "/")) {
            return NULL;
        }
        dir = path_dirname(fx->arena, dir);
    }
}

static void
add_flag(Fixture *fx, const char *flag)
{
    VEC_PUSH(fx->arena, &fx->flags, flag);
}

/* The flags of the installed Python; 'stub' adds the questions to the engine. */
static bool
add_real_flags(Fixture *fx, const char *stub, Error *error)
{
    Strings *strings = strings_new(fx->arena);
    Str *flags, version;
    uint32_t nflags;

    if (!python_flags(fx->arena, strings, &flags, &nflags, &version, error)) {
        return false;
    }
    for (uint32_t i = 0; i < nflags; i++) {
        add_flag(fx, flags[i]);
    }
    if (stub != NULL) {
        add_flag(fx, "-include");
        add_flag(fx, path_absolute(fx->arena, stub, "strayref.h"));
    }
    return true;
}

static bool
add_flags(Fixture *fx, Error *error)
{
    const char *stub = stub_folder(fx);

    if (fx->real_headers) {
        return add_real_flags(fx, stub, error);
    }
    if (stub == NULL) {
        return error_set(error, ERROR_INPUT, "%s: no include/Python.h with strayref.h beside "
                         "it, in this folder or one above; for the installed headers put "
                         "// strayref: --real-headers into the file", fx->shown);
    }
    add_flag(fx, arena_printf(fx->arena, "-I%s", stub));
    if (fx->python != 0) {
        add_flag(fx, arena_printf(fx->arena, "-DSTRAYREF_PYTHON=0x%02X%02X0000",
                                  fx->python / 100u, fx->python % 100u));
    }
    return true;
}

/* The files that are scanned for a fixture. */
static const char **
fixture_paths(const Fixture *fx)
{
    const char **paths = ARENA_ARRAY(fx->arena, const char *, 1 + fx->with.n);

    paths[0] = fx->file;
    for (uint32_t i = 0; i < fx->with.n; i++) {
        paths[1 + i] = fx->with.at[i];
    }
    return paths;
}

/* Scans the fixture, whose flags are complete, and what it names to go with it. */
static bool
scan_fixture(Fixture *fx, const Options *options, Scan *scan, Error *error)
{
    Options own = *options;

    own.python = fx->python;
    own.command = "scan";
    own.database = NULL;
    own.npaths = 1 + fx->with.n;
    own.paths = fixture_paths(fx);
    own.flags = fx->flags.at;
    own.nflags = fx->flags.n;
    own.has_flags = true;
    own.workers = 1;
    return scan_run(fx->arena, &own, scan, error);
}

/* ---- one fixture ------------------------------------------------------------------ */

static int
compare_complaints(const void *a, const void *b)
{
    const Complaint *left = a, *right = b;

    return left->line != right->line ? (left->line < right->line ? -1 : 1)
                                     : strcmp(left->text, right->text);
}

static void
print_complaints(Fixture *fx, Tally *tally)
{
    if (fx->complaints.n > 0) {
        qsort(fx->complaints.at, fx->complaints.n, sizeof(Complaint), compare_complaints);
    }
    for (uint32_t i = 0; i < fx->complaints.n; i++) {
        printf("%s:%u: %s\n", fx->shown, fx->complaints.at[i].line, fx->complaints.at[i].text);
    }
    tally->failed += fx->complaints.n;
}

static bool
is_lowering(const Fixture *fx)
{
    return text_equal(path_basename(fx->folder), "lower");
}

/* Scans and compares. */
static bool
run_fixture(Fixture *fx, Tally *tally, const char *text, Error *error)
{
    Scan scan = {0};

    if (!scan_fixture(fx, tally->options, &scan, error)) {
        return false;
    }
    judge_gaps(fx, &scan);
    if (is_lowering(fx)) {
        return judge_ir(fx, tally, &scan, text, error);
    }
    suppress_apply(&scan, false, false);
    judge_findings(fx, tally, &scan);
    return true;
}

/* Runs the fixture whose text is known and prints what is wrong with it. */
static void
verify_text(Fixture *fx, Tally *tally, const char *text)
{
    Error error = {0};

    fixture_read(fx, text);
    if (fx->python == 0) {
        fx->python = tally->options->python;
    }
    if (!add_flags(fx, &error)) {
        if (fx->real_headers) {
            printf("%s: skipped: %s\n", fx->shown, error.text);
            return;
        }
        fixture_complain(fx, 1, "%s", error.text);
    }
    else if (!run_fixture(fx, tally, text, &error)) {
        fixture_complain(fx, 1, "%s", error.text);
    }
    print_complaints(fx, tally);
}

static void
verify_c(Tally *tally, const char *path)
{
    Arena *arena = arena_new();
    char *real = realpath(path, NULL);
    Error error = {0};
    const char *text = file_read(arena, path, NULL, &error);

    tally->files++;
    if (text == NULL || real == NULL) {
        printf("%s:1: %s\n", path, text == NULL ? error.text : "cannot be resolved");
        tally->failed++;
    }
    else {
        const char *file = arena_strndup(arena, real, strlen(real));
        Fixture fx = {.arena = arena, .file = file, .shown = path,
                      .folder = path_dirname(arena, file)};

        verify_text(&fx, tally, text);
    }
    free(real);
    arena_free(arena);
}

/* ---- pages: every C example is a fixture of its own ------------------------------- */

/* Scans one example from a temporary file whose lines count as in the page. */
static void
verify_example(Tally *tally, const char *page, const char *folder, const char *dir,
               cmark_node *block)
{
    Arena *arena = arena_new();
    Fixture fx = {.arena = arena, .shown = page, .folder = folder,
                  .file = path_absolute(arena, dir, "example.c")};
    Error error = {0};
    StrBuf text;

    strbuf_init(&text, arena);
    for (int line = 0; line < cmark_node_get_start_line(block); line++) {
        strbuf_putc(&text, '\n');
    }
    strbuf_puts(&text, cmark_node_get_literal(block));
    if (file_write(fx.file, text.text, text.length, &error)) {
        verify_text(&fx, tally, text.text);
        unlink(fx.file);
    }
    else {
        fixture_complain(&fx, 1, "%s", error.text);
        print_complaints(&fx, tally);
    }
    arena_free(arena);
}

static void
verify_examples(Tally *tally, const char *page, const char *folder, const char *dir,
                cmark_node *document)
{
    cmark_iter *iter = cmark_iter_new(document);
    cmark_event_type event;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);

        if (event == CMARK_EVENT_ENTER &&
            cmark_node_get_type(node) == CMARK_NODE_CODE_BLOCK &&
            text_equal(cmark_node_get_fence_info(node), "c")) {
            verify_example(tally, page, folder, dir, node);
        }
    }
    cmark_iter_free(iter);
}

static void
verify_page(Tally *tally, const char *path)
{
    Arena *arena = arena_new();
    Error error = {0};
    size_t length;
    const char *text = file_read(arena, path, &length, &error);
    char *real = realpath(path, NULL);
    TempDir dir;

    tally->files++;
    if (text == NULL || real == NULL || !tempdir_make(arena, &dir, &error)) {
        printf("%s:1: %s\n", path, error.text);
        tally->failed++;
    }
    else {
        cmark_node *document = cmark_parse_document(text, length, CMARK_OPT_DEFAULT);

        verify_examples(tally, path, path_dirname(arena, real), dir.path, document);
        cmark_node_free(document);
        tempdir_remove(&dir);
    }
    free(real);
    arena_free(arena);
}

/* ---- the command ------------------------------------------------------------------ */

static void
verify_file(Tally *tally, const char *path)
{
    if (text_ends(path, ".md")) {
        verify_page(tally, path);
    }
    else {
        verify_c(tally, path);
    }
}

/* Inside a folder only these count: no hidden names, no README, and neither the stub
 * headers nor the example extension. */
static int
is_wanted(const struct dirent *entry)
{
    const char *name = entry->d_name;

    return name[0] != '.' && !text_equal(name, "README.md") &&
           !text_equal(name, "include") && !text_equal(name, "extension");
}

/* True when the folder holds pages: C files beside them are no fixtures. */
static bool
has_pages(struct dirent *const *entry, int n)
{
    for (int i = 0; i < n; i++) {
        if (text_ends(entry[i]->d_name, ".md")) {
            return true;
        }
    }
    return false;
}

static void
verify_folder(Tally *tally, const char *path)
{
    struct dirent **entry;
    int n = scandir(path, &entry, is_wanted, alphasort);
    bool pages;

    if (n < 0) {
        printf("%s:1: the folder cannot be read\n", path);
        tally->failed++;
        return;
    }
    pages = has_pages(entry, n);
    for (int i = 0; i < n; i++) {
        Arena *arena = arena_new();
        const char *inner = arena_printf(arena, "%s/%s", path, entry[i]->d_name);

        if (path_is_dir(inner)) {
            verify_folder(tally, inner);
        }
        else if (pages ? text_ends(inner, ".md")
                       : text_ends(inner, ".c") || text_ends(inner, ".cpp")) {
            verify_file(tally, inner);
        }
        free(entry[i]);
        arena_free(arena);
    }
    free(entry);
}

static void
verify_path(Tally *tally, const char *path)
{
    if (path_is_dir(path)) {
        verify_folder(tally, path);
    }
    else {
        verify_file(tally, path);
    }
}

int
command_verify(Arena *arena, const Options *options)
{
    Tally tally = {.options = options};

    (void)arena;
    if (options->npaths == 0) {
        fprintf(stderr, "strayref: verify needs a fixture, a page or a folder of them: "
                        "strayref verify fixtures rules\n");
        return EXIT_USAGE;
    }
    for (uint32_t i = 0; i < options->npaths; i++) {
        if (!path_is_file(options->paths[i]) && !path_is_dir(options->paths[i])) {
            fprintf(stderr, "strayref: %s: no such file or folder\n", options->paths[i]);
            return EXIT_USAGE;
        }
    }
    for (uint32_t i = 0; i < options->npaths; i++) {
        verify_path(&tally, options->paths[i]);
    }
    printf("%u files, %u expectations: %u failed, %u known misses, %u known false\n",
           tally.files, tally.expectations, tally.failed, tally.misses, tally.falses);
    return tally.failed == 0 ? EXIT_CLEAN : EXIT_FINDINGS;
}

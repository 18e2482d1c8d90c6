/* verify.c: fixtures: C files, and the C examples of Markdown pages, that say in
 * comments what must be found in them.
 *
 * Scans each one alone against the stub Python.h and compares, strict both ways:
 * a missing finding fails, an unexpected one fails, and so does a known wrong
 * answer that has healed.  In folders called 'lower' the IR of the file is compared
 * with the comment at its end instead.  See fixtures/README.md.
 */
#include "driver/driver.h"
#include "engine/rule.h"

#include <cmark.h>
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum MarkKind {
    MARK_EXPECT, /* must be found */
    MARK_MISS,   /* should be found, is not: counted */
    MARK_FALSE,  /* is found, should not be: counted */
} MarkKind;

typedef struct Mark {
    MarkKind kind;
    uint32_t line;
    const char *rule;
    const char *name; /* of the object, NULL = any */
    bool met;
} Mark;

/* One line for the author of a fixture. */
typedef struct Complaint {
    uint32_t line;
    const char *text;
} Complaint;

/* One C file and what its comments ask for. */
typedef struct Fixture {
    Arena *arena;
    const char *file;   /* scanned, absolute */
    const char *shown;  /* its name in messages: for an example, the page */
    const char *folder; /* where the search for the stub headers starts */
    Version python;     /* --python, 0 = default */
    bool real_headers;  /* --real-headers: those of the installed Python */
    bool with_gaps;     /* --with-gaps: some function may stay without analysis */
    VEC(const char *) flags;
    VEC(Mark) marks;
    VEC(Complaint) complaints;
} Fixture;

/* Sums over all fixtures of one run. */
typedef struct Tally {
    const Options *options;
    uint32_t files, expectations, failed, misses, falses;
} Tally;

static void complain(Fixture *fx, uint32_t line, const char *format, ...) PRINTF_LIKE(3, 4);

static void
complain(Fixture *fx, uint32_t line, const char *format, ...)
{
    Complaint complaint = {.line = line};
    va_list args;
    char *text;

    va_start(args, format);
    if (vasprintf(&text, format, args) >= 0) {
        complaint.text = arena_strndup(fx->arena, text, strlen(text));
        free(text);
        VEC_PUSH(fx->arena, &fx->complaints, complaint);
    }
    va_end(args);
}

static const char *
mark_text(Fixture *fx, const Mark *mark)
{
    return mark->name == NULL ? mark->rule
                              : arena_printf(fx->arena, "%s(%s)", mark->rule, mark->name);
}

/* ---- comments ---------------------------------------------------------------------- */

static const char *
skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    return at;
}

static bool
accept(const char **at, const char *word)
{
    if (!text_starts(*at, word)) {
        return false;
    }
    *at = skip_blanks(*at + strlen(word));
    return true;
}

static void
read_option(Fixture *fx, uint32_t line, const char *word, const char *value)
{
    if (text_equal(word, "--python")) {
        fx->python = value == NULL ? 0 : version_parse(value);
        if (fx->python == 0) {
            complain(fx, line, "--python needs a version such as 3.12");
        }
    }
    else if (text_equal(word, "--real-headers")) {
        fx->real_headers = true;
    }
    else if (text_equal(word, "--with-gaps")) {
        fx->with_gaps = true;
    }
    else if (text_starts(word, "-D")) {
        VEC_PUSH(fx->arena, &fx->flags, word);
    }
    else {
        complain(fx, line, "unknown fixture option '%s'", word);
    }
}

/* "--python 3.12 -DX": the options of the whole file. */
static void
read_options(Fixture *fx, uint32_t line, const char *at)
{
    char *rest = arena_strndup(fx->arena, at, strlen(at));
    char *save = NULL;

    for (char *word = strtok_r(rest, " \t", &save); word != NULL;
         word = strtok_r(NULL, " \t", &save)) {
        char *value = text_equal(word, "--python") ? strtok_r(NULL, " \t", &save) : NULL;

        read_option(fx, line, word, value);
    }
}

/* The length of "(name)", parentheses inside counted; 0 when it stays open. */
static size_t
parenthesis_length(const char *at)
{
    int depth = 0;

    for (size_t i = 0; at[i] != '\0'; i++) {
        depth += at[i] == '(' ? 1 : at[i] == ')' ? -1 : 0;
        if (depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* "rule" or "rule(name)". */
static bool
read_mark(Fixture *fx, MarkKind kind, uint32_t line, const char **at)
{
    Mark mark = {.kind = kind, .line = line};
    size_t length = 0;

    while (isalnum((unsigned char)(*at)[length]) || (*at)[length] == '-') {
        length++;
    }
    mark.rule = arena_strndup(fx->arena, *at, length);
    if (rule_find(mark.rule) == NULL && !text_equal(mark.rule, "engine")) {
        complain(fx, line, "expectation names the unknown rule '%s'", mark.rule);
        return false;
    }
    *at += length;
    if (**at == '(') {
        length = parenthesis_length(*at);
        if (length == 0) {
            complain(fx, line, "expectation without closing parenthesis");
            return false;
        }
        mark.name = arena_strndup(fx->arena, *at + 1, length - 2);
        *at += length;
    }
    *at = skip_blanks(*at);
    VEC_PUSH(fx->arena, &fx->marks, mark);
    return true;
}

/* Takes the word that opens a list of marks. */
static bool
read_mark_kind(const char **at, MarkKind *kind, uint32_t *line)
{
    static const char *const words[] = {"expect", "miss", "false"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t length = strlen(words[i]);
        bool next = text_starts(*at, words[i]) && text_starts(*at + length, "-next:");

        if (next || (text_starts(*at, words[i]) && (*at)[length] == ':')) {
            *kind = (MarkKind)i;
            *line += next;
            *at = skip_blanks(strchr(*at, ':') + 1);
            return true;
        }
    }
    return false;
}

/* One line of a comment: "expect: leak(a), leak(b); miss: leak(c) -- reason". */
static void
read_comment_line(Fixture *fx, uint32_t line, const char *text)
{
    const char *at = skip_blanks(text);
    bool started = false;

    if (accept(&at, "strayref:")) {
        read_options(fx, line, at);
        return;
    }
    do {
        uint32_t where = line;
        MarkKind kind;

        if (!read_mark_kind(&at, &kind, &where)) {
            break;
        }
        started = true;
        do {
            if (!read_mark(fx, kind, where, &at)) {
                return;
            }
        } while (accept(&at, ","));
    } while (accept(&at, ";"));
    if (started && *at != '\0' && !text_starts(at, "--")) {
        complain(fx, line, "after an expectation comes ',' ';' or '-- reason', not '%s'", at);
    }
}

/* The lines of one comment without its delimiters. */
static uint32_t
read_comment(Fixture *fx, uint32_t line, const char *start, const char *end)
{
    while (start < end) {
        const char *stop = memchr(start, '\n', (size_t)(end - start));
        size_t length = (size_t)((stop == NULL ? end : stop) - start);

        while (length > 0 && isspace((unsigned char)start[length - 1])) {
            length--;
        }
        read_comment_line(fx, line, arena_strndup(fx->arena, start, length));
        line += stop != NULL;
        start = stop == NULL ? end : stop + 1;
    }
    return line;
}

/* The end of the string or character literal that starts at 'at'. */
static const char *
literal_end(const char *at)
{
    char quote = *at++;

    while (*at != '\0' && *at != quote && *at != '\n') {
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return *at == quote ? at + 1 : at;
}

/* Finds the comments of a C file. */
static void
read_comments(Fixture *fx, const char *text)
{
    uint32_t line = 1;

    for (const char *at = text; *at != '\0';) {
        if (*at == '"' || *at == '\'') {
            at = literal_end(at);
        }
        else if (text_starts(at, "//")) {
            const char *end = at + strcspn(at, "\n");

            read_comment(fx, line, at + 2, end);
            at = end;
        }
        else if (text_starts(at, "/*")) {
            const char *end = strstr(at + 2, "*/");
            bool closed = end != NULL;

            end = closed ? end : at + strlen(at);
            line = read_comment(fx, line, at + 2, end);
            at = closed ? end + 2 : end;
        }
        else {
            line += *at++ == '\n';
        }
    }
}

/* ---- scanning ------------------------------------------------------------------------ */

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

static bool
scan_fixture(Fixture *fx, const Options *options, Scan *scan, Error *error)
{
    Options own = *options;

    if (own.python == 0 || fx->python != 0) {
        own.python = fx->python;
    }
    else {
        fx->python = own.python;
    }
    if (!add_flags(fx, error)) {
        return false;
    }
    own.command = "scan";
    own.database = NULL;
    own.paths = &fx->file;
    own.npaths = 1;
    own.flags = fx->flags.at;
    own.nflags = fx->flags.n;
    own.has_flags = true;
    own.workers = 1;
    return scan_run(fx->arena, &own, scan, error);
}

/* ---- comparing findings ---------------------------------------------------------------- */

static bool
in_fixture(const Fixture *fx, const char *file)
{
    return file == NULL || text_equal(file, fx->file);
}

/* The mark that a finding answers: one that names its object before one that
 * names none. */
static Mark *
find_mark(Fixture *fx, const Finding *finding)
{
    Mark *any = NULL;

    for (uint32_t i = 0; i < fx->marks.n; i++) {
        Mark *mark = &fx->marks.at[i];

        if (mark->met || mark->line != finding->loc.line ||
            !text_equal(mark->rule, finding->rule->id)) {
            continue;
        }
        if (mark->name == NULL) {
            any = any == NULL ? mark : any;
        }
        else if (text_equal(mark->name, finding->object)) {
            return mark;
        }
    }
    return any;
}

static void
take_finding(Fixture *fx, const Finding *finding)
{
    Mark *mark = in_fixture(fx, finding->loc.file) ? find_mark(fx, finding) : NULL;

    if (mark == NULL) {
        complain(fx, finding->loc.line, "unexpected %s(%s): %s%s%s", finding->rule->id,
                 finding->object, finding->message,
                 in_fixture(fx, finding->loc.file) ? "" : ", in ",
                 in_fixture(fx, finding->loc.file) ? "" : finding->loc.file);
        return;
    }
    mark->met = true;
    if (mark->kind == MARK_MISS) {
        complain(fx, mark->line, "known miss %s is found now: turn 'miss' into 'expect'",
                 mark_text(fx, mark));
    }
}

static void
settle_marks(Fixture *fx, Tally *tally)
{
    for (uint32_t i = 0; i < fx->marks.n; i++) {
        const Mark *mark = &fx->marks.at[i];

        tally->expectations += mark->kind == MARK_EXPECT;
        tally->misses += mark->kind == MARK_MISS && !mark->met;
        tally->falses += mark->kind == MARK_FALSE && mark->met;
        if (mark->kind == MARK_EXPECT && !mark->met) {
            complain(fx, mark->line, "expected %s, not found", mark_text(fx, mark));
        }
        if (mark->kind == MARK_FALSE && !mark->met) {
            complain(fx, mark->line, "known false %s is gone: remove the mark",
                     mark_text(fx, mark));
        }
    }
}

/* What was not analysed would pass for silence. */
static void
check_gaps(Fixture *fx, const Scan *scan)
{
    if (fx->with_gaps) {
        return;
    }
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Unit *unit = scan->units[i];

        for (uint32_t k = 0; k < unit->messages.n; k++) {
            complain(fx, unit->messages.at[k].loc.line, "%s", unit->messages.at[k].text);
        }
    }
    for (uint32_t i = 0; i < scan->result.ngaps; i++) {
        const Gap *gap = &scan->result.gaps[i];

        complain(fx, gap->loc.line, "%s was not analysed: %s",
                 gap->function == NULL ? "the file" : gap->function, gap->why);
    }
}

/* ---- comparing IR ------------------------------------------------------------------------ */

#define IR_START "/* ir:\n"
#define IR_END "*/\n"

/* The last IR comment of the file, or NULL. */
static const char *
ir_comment(const char *text)
{
    const char *found = NULL;

    for (const char *at = text; (at = strstr(at, IR_START)) != NULL; at++) {
        found = at == text || at[-1] == '\n' ? at : found;
    }
    return found;
}

/* The IR of the file's own functions as the comment would hold it. */
static const char *
ir_text(Fixture *fx, const Scan *scan)
{
    StrBuf out;

    strbuf_init(&out, fx->arena);
    strbuf_puts(&out, IR_START);
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Unit *unit = scan->units[i];

        for (uint32_t k = 0; k < unit->fns.n; k++) {
            if (in_fixture(fx, unit->fns.at[k]->loc.file)) {
                fn_print(unit->fns.at[k], &out);
            }
        }
    }
    for (char *at = out.text + strlen(IR_START); (at = strstr(at, "*/")) != NULL;) {
        at[1] = '|'; /* would end the comment */
    }
    strbuf_puts(&out, IR_END);
    return out.text;
}

/* Lines before 'at'. */
static uint32_t
line_of(const char *text, const char *at)
{
    uint32_t line = 1;

    for (; text < at; text++) {
        line += *text == '\n';
    }
    return line;
}

static bool
bless(const Fixture *fx, const char *text, const char *comment, const char *actual,
      Error *error)
{
    StrBuf out;

    strbuf_init(&out, fx->arena);
    strbuf_add(&out, text, comment == NULL ? strlen(text) : (size_t)(comment - text));
    if (comment == NULL) {
        strbuf_putc(&out, '\n');
    }
    strbuf_puts(&out, actual);
    return file_write(fx->file, out.text, out.length, error);
}

/* Compares the IR, or rewrites the comment. */
static bool
check_ir(Fixture *fx, Tally *tally, const Scan *scan, const char *text, Error *error)
{
    const char *comment = ir_comment(text);
    const char *actual = ir_text(fx, scan);
    size_t same = 0;

    tally->expectations++;
    if (tally->options->bless) {
        return bless(fx, text, comment, actual, error);
    }
    if (comment == NULL) {
        complain(fx, 1, "no IR comment at the end; strayref verify --bless writes it");
        return true;
    }
    while (comment[same] != '\0' && comment[same] == actual[same]) {
        same++;
    }
    if (comment[same] != '\0' || actual[same] != '\0') {
        while (same > 0 && comment[same - 1] != '\n') {
            same--;
        }
        complain(fx, line_of(text, comment + same), "IR differs: expected '%.*s', is '%.*s'",
                 (int)strcspn(comment + same, "\n"), comment + same,
                 (int)strcspn(actual + same, "\n"), actual + same);
    }
    return true;
}

/* ---- one fixture --------------------------------------------------------------------------- */

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

/* Scans the fixture whose text is known and prints what is wrong with it. */
static void
verify_text(Fixture *fx, Tally *tally, const char *text)
{
    Scan scan = {0};
    Error error = {0};
    bool done;

    read_comments(fx, text);
    done = scan_fixture(fx, tally->options, &scan, &error);
    if (done && is_lowering(fx)) {
        done = check_ir(fx, tally, &scan, text, &error);
    }
    else if (done) {
        for (uint32_t i = 0; i < scan.result.nfindings; i++) {
            take_finding(fx, scan.result.findings[i]);
        }
        settle_marks(fx, tally);
    }
    if (done) {
        check_gaps(fx, &scan);
    }
    else {
        complain(fx, 1, "%s", error.text);
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

/* ---- pages: every C example is a fixture of its own ------------------------------------------ */

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
        complain(&fx, 1, "%s", error.text);
        print_complaints(&fx, tally);
    }
    arena_free(arena);
}

/* A new temporary folder with its real name, or NULL. */
static const char *
make_folder(Arena *arena)
{
    const char *parent = getenv("TMPDIR");
    char *name = arena_printf(arena, "%s/strayref-XXXXXX",
                              parent != NULL && *parent != '\0' ? parent : "/tmp");
    char *real = mkdtemp(name) == NULL ? NULL : realpath(name, NULL);
    const char *result = real == NULL ? NULL : arena_strndup(arena, real, strlen(real));

    free(real);
    return result;
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
    const char *dir = make_folder(arena);
    char *real = realpath(path, NULL);

    tally->files++;
    if (text == NULL || dir == NULL || real == NULL) {
        printf("%s:1: %s\n", path, text == NULL ? error.text : "no temporary folder");
        tally->failed++;
    }
    else {
        cmark_node *document = cmark_parse_document(text, length, CMARK_OPT_DEFAULT);

        verify_examples(tally, path, path_dirname(arena, real), dir, document);
        cmark_node_free(document);
        rmdir(dir);
    }
    free(real);
    arena_free(arena);
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Inside a folder only these count: no hidden names, no README, and neither the stub
 * headers nor the example extension. */
static int
is_wanted(const struct dirent *entry)
{
    const char *name = entry->d_name;

    return name[0] != '.' && !text_equal(name, "README.md") &&
           !text_equal(name, "include") && !text_equal(name, "extension");
}

static void
verify_folder(Tally *tally, const char *path)
{
    struct dirent **entry;
    int n = scandir(path, &entry, is_wanted, alphasort);

    if (n < 0) {
        printf("%s:1: the folder cannot be read\n", path);
        tally->failed++;
        return;
    }
    for (int i = 0; i < n; i++) {
        Arena *arena = arena_new();
        const char *inner = arena_printf(arena, "%s/%s", path, entry[i]->d_name);

        if (path_is_dir(inner)) {
            verify_folder(tally, inner);
        }
        else if (text_ends(inner, ".c")) {
            verify_c(tally, inner);
        }
        else if (text_ends(inner, ".md")) {
            verify_page(tally, inner);
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
    else if (text_ends(path, ".md")) {
        verify_page(tally, path);
    }
    else {
        verify_c(tally, path);
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

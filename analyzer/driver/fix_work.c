/* fix_work.c: looks for fixes file by file, each file in a child process of its own, which
 * shares with its parent all that the scan knows, and sends back edits and texts through an
 * unlinked temporary file; what happens to it costs that file only.
 */
#include "driver/fix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_UNITS = 4, MAX_PASSES = 50, MAX_CHILDREN = 64 };

/* One file with findings. */
typedef struct FileTask {
    const char *path;
    VEC(uint32_t) jobs; /* whose units include it */
    char *text;
    size_t length;
    pid_t pid;
    FILE *answer;
} FileTask;

typedef struct Work {
    Arena *arena;
    const Options *options;
    const Scan *scan;
    bool together;
    const char *overlay;
    VEC(FileTask) tasks;
    Fixes *fixes;
} Work;

/* ---- in the child ----------------------------------------------------------------------- */

static void
put_text(FILE *out, const char *text, size_t length)
{
    fprintf(out, "%zu:", length);
    fwrite(text, 1, length, out);
    fputc('\n', out);
}

static void
put_patch(FILE *out, const Patch *patch)
{
    fprintf(out, "%u\n", patch->nedits);
    for (uint32_t i = 0; i < patch->nedits; i++) {
        const Edit *edit = &patch->edits[i];

        fprintf(out, "%u %u %u %u ", edit->line, edit->col, edit->end_line, edit->end_col);
        put_text(out, edit->text, strlen(edit->text));
    }
}

/* "good ORIGIN TITLE [PATCH]" or "bad ORIGIN WHY" */
static void
tell(const Work *work, const FileTask *task, const Bench *bench, const Attempt *attempt)
{
    uint32_t origin = bench->known.list.at[attempt->target].origin;
    bool holds = attempt->state == ATTEMPT_HOLDS;
    const char *text = holds ? attempt->title : attempt->why;

    fprintf(task->answer, "%s %u ", holds ? "good" : "bad", origin);
    put_text(task->answer, text, strlen(text));
    if (holds && !work->together) {
        put_patch(task->answer, changes_patch(bench->lab.arena, bench->source,
                                              &attempt->changes, attempt->title));
    }
}

/* True when it is to be mended. */
static bool
is_chosen(const Scan *scan, const Finding *finding)
{
    const FixChoice *choice = scan->choice;

    return choice == NULL
           || (text_equal(finding->loc.file, choice->path)
               && (choice->rule == NULL || text_equal(choice->rule, finding->rule->id))
               && (choice->last == 0
                   || (finding->loc.line >= choice->first && finding->loc.line <= choice->last)));
}

/* True when an attempt in the same function or macro is there already. */
static bool
is_taken(const Attempt *attempts, uint32_t n, const Attempt *attempt)
{
    for (uint32_t i = 0; i < n; i++) {
        if (attempts[i].first == attempt->first
            || text_equal(attempts[i].macro, attempt->macro)) {
            return true;
        }
    }
    return false;
}

/* Opens attempts for findings in different functions; says which ones have no chance. */
static uint32_t
open_attempts(const Work *work, const FileTask *task, Bench *bench, Attempt *attempts)
{
    uint32_t n = 0;

    for (uint32_t k = 0; k < bench->known.list.n; k++) {
        Known *known = &bench->known.list.at[k];
        Attempt *attempt = &attempts[n];

        if (known->given_up || known->origin == UINT32_MAX
            || !text_equal(known->finding->loc.file, task->path)
            || !is_chosen(work->scan, work->scan->result.findings[known->origin])) {
            continue;
        }
        if (!attempt_open(bench, attempt, k)) {
            known->given_up = true;
            tell(work, task, bench, attempt);
        }
        else if (!is_taken(attempts, n, attempt)) {
            n++;
        }
    }
    return n;
}

/* Says of findings that are in the text no more that they went with others. */
static void
tell_gone(const Work *work, const FileTask *task, const Bench *bench)
{
    static const char gone[] = "mended together with another";

    for (uint32_t i = 0; i < work->scan->result.nfindings; i++) {
        const Finding *finding = work->scan->result.findings[i];
        bool there = !text_equal(finding->loc.file, task->path);

        for (uint32_t k = 0; k < bench->known.list.n && !there; k++) {
            there = bench->known.list.at[k].origin == i;
        }
        if (!there) {
            fprintf(task->answer, "gone %u ", i);
            put_text(task->answer, gone, sizeof(gone) - 1);
        }
    }
}

/* Gives those another chance in whose function something was mended. */
static void
try_again(const FileTask *task, Bench *bench, const char *function)
{
    for (uint32_t k = 0; k < bench->known.list.n; k++) {
        Known *known = &bench->known.list.at[k];

        if (known->given_up && !known->tried_again
            && text_equal(known->finding->function, function)
            && text_equal(known->finding->loc.file, task->path)) {
            known->given_up = false;
            known->tried_again = true;
        }
    }
}

/* What the change of a macro has mended elsewhere gets the same patch. */
static void
share_patch(const Work *work, const FileTask *task, Bench *bench, const Attempt *attempt)
{
    for (uint32_t k = 0; k < bench->known.list.n; k++) {
        Known *known = &bench->known.list.at[k];
        Attempt same = *attempt;

        if (!known->matched && !known->given_up && known->origin != UINT32_MAX
            && text_equal(known->finding->loc.macro, attempt->macro)
            && text_equal(known->finding->loc.file, task->path)) {
            known->given_up = true;
            same.target = k;
            tell(work, task, bench, &same);
        }
    }
}

/* One pass: a finding of each function.  False when there was nothing to try. */
static bool
pass(const Work *work, const FileTask *task, Bench *bench)
{
    Attempt *attempts = ARENA_ARRAY(bench->lab.arena, Attempt, bench->known.list.n + 1);
    uint32_t n = open_attempts(work, task, bench, attempts);
    bool good = false;

    if (n == 0) {
        return false;
    }
    attempts_run(bench, attempts, n);
    for (uint32_t i = 0; i < n; i++) {
        Known *known = &bench->known.list.at[attempts[i].target];

        known->given_up = attempts[i].state != ATTEMPT_HOLDS || !work->together;
        good = good || attempts[i].state == ATTEMPT_HOLDS;
        tell(work, task, bench, &attempts[i]);
        if (attempts[i].state == ATTEMPT_HOLDS && !work->together) {
            share_patch(work, task, bench, &attempts[i]);
        }
    }
    if (!work->together || !good) {
        return true;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (attempts[i].state == ATTEMPT_HOLDS) {
            try_again(task, bench,
                      bench->known.list.at[attempts[i].target].finding->function);
        }
    }
    return attempts_keep(bench, attempts, n);
}

static _Noreturn void
run_child(const Work *work, const FileTask *task)
{
    Bench bench = {.lab = {.arena = work->arena, .scan = work->scan, .overlay = work->overlay,
                           .path = task->path, .jobs = task->jobs.at, .njobs = task->jobs.n},
                   .python = model_python(work->scan->model), .together = work->together};
    int nothing = open("/dev/null", O_WRONLY);

    alarm(20 * work->options->timeout);
    if (nothing >= 0) {
        dup2(nothing, STDERR_FILENO);
    }
    for (uint32_t i = 0; i < work->options->npythons; i++) {
        if (work->options->pythons[i] < bench.python) {
            bench.python = work->options->pythons[i];
        }
    }
    bench.source = source_new(work->arena, task->path, task->text, task->length);
    known_init(work->arena, &bench.known, work->scan);
    for (int i = 0; i < MAX_PASSES && pass(work, task, &bench); i++) {
    }
    if (work->together && bench.source->text != task->text) {
        tell_gone(work, task, &bench);
        fputs("text ", task->answer);
        put_text(task->answer, bench.source->text, bench.source->length);
    }
    fputs("end\n", task->answer);
    _exit(fflush(task->answer) == 0 ? 0 : 1);
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* Reads a child's answer; 'at' is NULL when it is not well formed. */
typedef struct Reader {
    Arena *arena;
    char *at;
    const char *end;
} Reader;

static uint32_t
get_number(Reader *reader)
{
    char *end;
    unsigned long value;

    if (reader->at == NULL) {
        return 0;
    }
    value = strtoul(reader->at, &end, 10);
    reader->at = end == reader->at ? NULL : end;
    return (uint32_t)value;
}

static const char *
get_text(Reader *reader, size_t *length)
{
    size_t n = get_number(reader);
    const char *text;

    if (reader->at == NULL || *reader->at != ':'
        || n + 2 > (size_t)(reader->end - reader->at)) {
        reader->at = NULL;
        return "";
    }
    text = arena_strndup(reader->arena, reader->at + 1, n);
    reader->at += n + 2;
    if (length != NULL) {
        *length = n;
    }
    return text;
}

static const Patch *
get_patch(Reader *reader, const char *path, const char *title)
{
    Patch *patch = ARENA_NEW(reader->arena, Patch);
    uint32_t n = get_number(reader);

    patch->title = title;
    patch->edits = ARENA_ARRAY(reader->arena, Edit, n + 1);
    for (uint32_t i = 0; i < n && reader->at != NULL; i++) {
        Edit *edit = &patch->edits[i];

        edit->file = path;
        edit->line = get_number(reader);
        edit->col = get_number(reader);
        edit->end_line = get_number(reader);
        edit->end_col = get_number(reader);
        edit->text = get_text(reader, NULL);
        patch->nedits++;
    }
    return patch;
}

static bool
get_word(Reader *reader, const char *word)
{
    size_t length = strlen(word);

    while (reader->at != NULL && (*reader->at == '\n' || *reader->at == ' ')) {
        reader->at++;
    }
    if (reader->at == NULL || strncmp(reader->at, word, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

static void
read_answer(Work *work, const FileTask *task, Reader *reader)
{
    while (!get_word(reader, "end") && reader->at != NULL) {
        bool good = get_word(reader, "good ");
        FixedFile file = {.path = task->path, .before = task->text,
                          .before_length = task->length};

        bool gone = !good && get_word(reader, "gone ");

        if (good || gone || get_word(reader, "bad ")) {
            uint32_t origin = get_number(reader);
            const char *text;
            Fixed *fixed;

            reader->at += reader->at != NULL && *reader->at == ' ' ? 1 : 0;
            text = get_text(reader, NULL);
            if (reader->at == NULL || origin >= work->scan->result.nfindings) {
                return;
            }
            fixed = &work->fixes->fixed[origin];
            if (gone) {
                fixed->title = fixed->title != NULL ? fixed->title : text;
                continue;
            }
            fixed->title = good ? text : NULL;
            fixed->why = good ? NULL : text;
            fixed->patch = good && !work->together ? get_patch(reader, task->path, text) : NULL;
        }
        else if (get_word(reader, "text ")) {
            file.after = get_text(reader, &file.after_length);
            VEC_PUSH(work->arena, &work->fixes->files, file);
        }
        else {
            return;
        }
    }
}

static void
take_answer(Work *work, FileTask *task)
{
    Reader reader = {.arena = work->arena};
    StrBuf text;
    char chunk[8192];
    size_t got;

    strbuf_init(&text, work->arena);
    rewind(task->answer);
    while ((got = fread(chunk, 1, sizeof(chunk), task->answer)) > 0) {
        strbuf_add(&text, chunk, got);
    }
    fclose(task->answer);
    reader.at = text.text;
    reader.end = text.text + text.length;
    read_answer(work, task, &reader);
}

/* ---- in the parent ---------------------------------------------------------------------- */

static void
set_why(Work *work, const char *path, const char *why)
{
    for (uint32_t i = 0; i < work->scan->result.nfindings; i++) {
        if (text_equal(work->scan->result.findings[i]->loc.file, path)) {
            work->fixes->fixed[i].why = why;
        }
    }
}

static void
add_task(Work *work, const char *path)
{
    FileTask task = {.path = path};
    const Scan *scan = work->scan;

    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Unit *unit = scan->units[i];

        for (uint32_t k = 0; k < unit->includes.n; k++) {
            if (text_equal(unit->includes.at[k], path)) {
                VEC_PUSH(work->arena, &task.jobs, i);
                break;
            }
        }
    }
    task.text = scan_read(work->scan, work->arena, path, &task.length, NULL);
    if (task.text == NULL || task.jobs.n == 0) {
        set_why(work, path, "its file cannot be read");
    }
    else if (task.jobs.n > MAX_UNITS) {
        set_why(work, path, arena_printf(work->arena, "%u files include its header",
                                         task.jobs.n));
    }
    else {
        set_why(work, path, "the search for it did not come to an end");
        VEC_PUSH(work->arena, &work->tasks, task);
    }
}

static void
find_tasks(Work *work)
{
    Map seen;

    map_init(&seen, work->arena);
    for (uint32_t i = 0; i < work->scan->result.nfindings; i++) {
        const Finding *finding = work->scan->result.findings[i];
        void **place;

        if (finding->loc.file == NULL || finding->suppressed != NULL
            || !is_chosen(work->scan, finding)) {
            continue;
        }
        place = map_put_ptr(&seen, str_intern(work->scan->strings, finding->loc.file));
        if (*place == NULL) {
            *place = work;
            add_task(work, finding->loc.file);
        }
    }
}

static bool
start(Work *work, FileTask *task)
{
    task->answer = tmpfile();
    if (task->answer == NULL) {
        return false;
    }
    fflush(NULL);
    task->pid = fork();
    if (task->pid == 0) {
        run_child(work, task);
    }
    if (task->pid < 0) {
        fclose(task->answer);
        return false;
    }
    return true;
}

/* Waits for one child to end and takes its answer. */
static void
wait_for_one(Work *work)
{
    pid_t pid;

    do {
        pid = waitpid(-1, NULL, 0);
    } while (pid < 0 && errno == EINTR);
    for (uint32_t i = 0; i < work->tasks.n; i++) {
        if (pid > 0 && work->tasks.at[i].pid == pid) {
            work->tasks.at[i].pid = 0;
            take_answer(work, &work->tasks.at[i]);
        }
    }
}

static uint32_t
count_children(const Options *options)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t n = options->workers != 0 ? options->workers : (uint32_t)(cores > 0 ? cores : 1);

    return n < MAX_CHILDREN ? n : MAX_CHILDREN;
}

void
fixes_find(Arena *arena, const Options *options, const Scan *scan, bool together, Fixes *out)
{
    uint32_t most = count_children(options), running = 0;
    Work work = {.arena = arena, .options = options, .scan = scan, .together = together,
                 .fixes = out};

    *out = (Fixes){.fixed = ARENA_ARRAY(arena, Fixed, scan->result.nfindings + 1)};
    if (!options->no_overlay) {
        work.overlay = overlay_text(scan->model, arena);
    }
    find_tasks(&work);
    signal(SIGCHLD, SIG_DFL);
    for (uint32_t i = 0; i < work.tasks.n; i++) {
        if (running == most) {
            wait_for_one(&work);
            running--;
        }
        running += start(&work, &work.tasks.at[i]) ? 1 : 0;
    }
    while (running > 0) {
        wait_for_one(&work);
        running--;
    }
}

/* fix.c: strayref fix: applies the fixes that hold, or shows them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "driver/fix.h"

/* True when 'a' comes before 'b'. */
static bool
is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* True when the file is as it was when it was read, and older than the scan. */
static bool
is_unchanged(Arena *arena, const FixedFile *file, struct timespec started)
{
    struct stat status;
    size_t length;
    const char *now = file_read(arena, file->path, &length, NULL);

    return now != NULL && stat(file->path, &status) == 0 && is_before(status.st_mtim, started)
           && length == file->before_length && memcmp(now, file->before, length) == 0;
}

/* Says file by file what was mended and what was not, in the order of the findings. */
static void
tell_fixes(Arena *arena, FILE *out, const Scan *scan, const Fixes *fixes)
{
    uint32_t mended = 0;

    for (uint32_t i = 0; i < scan->result.nfindings; i++) {
        const Finding *finding = scan->result.findings[i];
        const Fixed *fixed = &fixes->fixed[i];

        if (finding->suppressed != NULL || finding->loc.file == NULL) {
            continue;
        }
        mended += fixed->title != NULL ? 1 : 0;
        fprintf(out, "%s:%u: %s: %s [%s]\n", path_shown(arena, finding->loc.file),
                finding->loc.line, fixed->title != NULL ? "fixed" : "not fixed",
                fixed->title != NULL ? fixed->title : finding->message, finding->rule->id);
        if (fixed->title == NULL && fixed->why != NULL) {
            fprintf(out, "    because %s\n", fixed->why);
        }
    }
    fprintf(out, "%u of %s fixed, %s changed\n", mended,
            report_number_of(arena, scan->result.nfindings, "finding"),
            report_number_of(arena, fixes->files.n, "file"));
}

static int
show(Arena *arena, const Scan *scan, const Fixes *fixes)
{
    StrBuf out;

    strbuf_init(&out, arena);
    for (uint32_t i = 0; i < fixes->files.n; i++) {
        const FixedFile *file = &fixes->files.at[i];

        diff_print(&out, path_relative(arena, scan->result.root, file->path), file->before,
                   file->after);
    }
    fwrite(out.text, 1, out.length, stdout);
    tell_fixes(arena, stderr, scan, fixes);
    return scan->result.nfindings > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}

/* Writes a file, which keeps its permissions. */
static bool
write_file(const FixedFile *file, Error *error)
{
    struct stat status;
    bool exists = stat(file->path, &status) == 0;

    if (!file_write(file->path, file->after, file->after_length, error)) {
        return false;
    }
    return !exists || chmod(file->path, status.st_mode & 07777) == 0
           || error_set(error, ERROR_FAILED, "%s: cannot give it back its permissions: %s",
                        file->path, strerror(errno));
}

/* Writes the files; all are looked at before the first is written. */
static bool
apply(Arena *arena, const Fixes *fixes, struct timespec started, Error *error)
{
    for (uint32_t i = 0; i < fixes->files.n; i++) {
        const FixedFile *file = &fixes->files.at[i];

        if (!is_unchanged(arena, file, started)) {
            return error_set(error, ERROR_INPUT, "%s was changed while it was being analysed; "
                             "nothing was written, start again", path_shown(arena, file->path));
        }
    }
    for (uint32_t i = 0; i < fixes->files.n; i++) {
        if (!write_file(&fixes->files.at[i], error)) {
            return false;
        }
    }
    return true;
}

/* Scans what was written; the exit code is that of this scan. */
static int
look_again(Arena *arena, const Options *options, uint32_t before)
{
    Options quiet = *options;
    Error error = {0};
    Scan scan;

    quiet.quiet = true;
    if (!scan_gated(arena, &quiet, &scan, &error)) {
        return say_error(&error);
    }
    printf("%s before, %u left\n", report_number_of(arena, before, "finding"),
           scan.result.nfindings);
    if (scan.result.nfindings > 0) {
        return EXIT_FINDINGS;
    }
    return scan.result.nfailed > 0 || scan.result.ndamaged > 0 ? EXIT_INCOMPLETE : EXIT_CLEAN;
}

int
command_fix(Arena *arena, const Options *options)
{
    struct timespec started;
    Error error = {0};
    Fixes fixes;
    Scan scan;

    clock_gettime(CLOCK_REALTIME, &started);
    if (!scan_gated(arena, options, &scan, &error)) {
        return say_error(&error);
    }
    fixes_find(arena, options, &scan, true, &fixes);
    if (options->dry_run) {
        return show(arena, &scan, &fixes);
    }
    if (!apply(arena, &fixes, started, &error)) {
        return say_error(&error);
    }
    tell_fixes(arena, stdout, &scan, &fixes);
    if (fixes.files.n == 0) {
        return scan.result.nfindings > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
    }
    return look_again(arena, options, scan.result.nfindings);
}

void
fixes_attach(Arena *arena, const Options *options, Scan *scan)
{
    Fixes fixes;

    fixes_find(arena, options, scan, false, &fixes);
    for (uint32_t i = 0; i < scan->result.nfindings; i++) {
        scan->result.findings[i]->patch = fixes.fixed[i].patch;
    }
}

const char *
fixes_text(Arena *arena, const Options *options, const Scan *scan, size_t *length)
{
    Fixes fixes;

    fixes_find(arena, options, scan, true, &fixes);
    for (uint32_t i = 0; i < fixes.files.n; i++) {
        const FixedFile *file = &fixes.files.at[i];

        if (file->after != NULL && text_equal(file->path, scan->choice->path)) {
            *length = file->after_length;
            return file->after;
        }
    }
    return NULL;
}

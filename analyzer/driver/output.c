/* output.c: the result of a scan -> reports where they are wanted.
 *
 * Each report has a format and a place.  A scan takes long, so a report that cannot be
 * written where it was asked for is not lost: it goes to standard output, or else to a
 * file that can be written, and a message says where.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "driver/gate.h"

typedef struct Output {
    const ReportFormat *format;
    const char *option; /* "--output" or "--summary" */
    const char *path;   /* NULL: standard output */
} Output;

typedef struct Outputs {
    VEC(Output) all;
    bool on_stdout; /* one of them goes to standard output */
} Outputs;

/* ---- what goes where ------------------------------------------------------------------ */

static bool
add_output(Arena *arena, Outputs *outputs, const ReportFormat *format, const char *option,
           const char *path, Error *error)
{
    bool is_stdout = text_equal(path, "-");

    if (is_stdout && outputs->on_stdout) {
        return error_set(error, ERROR_USAGE, "two reports for standard output; write one of "
                         "them to a file with --output");
    }
    for (uint32_t i = 0; i < outputs->all.n; i++) {
        const char *other = outputs->all.at[i].path;

        if (!is_stdout && other != NULL &&
            text_equal(path_absolute(arena, NULL, other), path_absolute(arena, NULL, path))) {
            return error_set(error, ERROR_USAGE, "%s %s: two reports for the same file",
                             option, path);
        }
    }
    if (!is_stdout && path_is_dir(path)) {
        return error_set(error, ERROR_USAGE, "%s %s: this is a folder; name a file in it",
                         option, path);
    }
    VEC_PUSH(arena, &outputs->all, (Output){format, option, is_stdout ? NULL : path});
    outputs->on_stdout = outputs->on_stdout || is_stdout;
    return true;
}

/* The format that "FORMAT=FILE" names, with *path moved to FILE; NULL when 'value' is a
 * file, and NULL with 'error' set when there is no such format. */
static const ReportFormat *
named_format(Arena *arena, const char *value, const char **path, Error *error)
{
    size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789");
    const char *name = arena_strndup(arena, value, length);
    const ReportFormat *format;

    *path = value;
    if (length == 0 || value[length] != '=') {
        return NULL;
    }
    format = report_format_find(name);
    if (format == NULL) {
        error_set(error, ERROR_USAGE, "--output %s: no such format: %s (write ./%s for a file of "
                  "that name)", value, name, value);
    }
    else {
        *path = value + length + 1;
    }
    return format;
}

/* True for what has no suffix that could say the format: "-" and devices. */
static bool
is_stream(const char *path)
{
    struct stat info;

    return text_equal(path, "-") || (stat(path, &info) == 0 && !S_ISREG(info.st_mode));
}

/* ".txt, .md, .markdown, ..." */
static const char *
all_suffixes(Arena *arena)
{
    StrBuf out;

    strbuf_init(&out, arena);
    for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
        for (const char *s = format->suffix; *s == '.'; s += strspn(s, " ")) {
            size_t length = strcspn(s, " ");
            const char *one = arena_strndup(arena, s, length);

            if (strstr(out.text, one) == NULL) {
                strbuf_printf(&out, "%s%s", out.length > 0 ? ", " : "", one);
            }
            s += length;
        }
    }
    return out.text;
}

/* The format for a file that no FORMAT= stands before: that of --format when the file can
 * hold it, else the one of the suffix; NULL with 'error' set when nothing says it. */
static const ReportFormat *
format_for(Arena *arena, const char *path, const ReportFormat *wanted, Error *error)
{
    const ReportFormat *format = report_format_for(path);
    bool fits = wanted != NULL && report_format_fits(wanted, path);

    if (wanted != NULL && (fits || format == NULL || text_equal(path, "-"))) {
        return wanted;
    }
    if (format == NULL && is_stream(path)) {
        return report_format_find("text");
    }
    if (format == NULL) {
        error_set(error, ERROR_USAGE, "--output %s: the suffix says no format; there are %s; or "
                  "name the format: --output text=%s", path, all_suffixes(arena), path);
    }
    return format;
}

/* Finds out which reports go where; false with 'error' set when that is not clear. */
static bool
plan_outputs(Arena *arena, const Options *options, Outputs *outputs, Error *error)
{
    const ReportFormat *wanted = options->format != NULL ? report_format_find(options->format)
                                                         : NULL;
    bool wanted_placed = false;

    *outputs = (Outputs){0};
    *error = (Error){0};
    for (uint32_t i = 0; i < options->noutputs; i++) {
        const char *path;
        const ReportFormat *format = named_format(arena, options->outputs[i], &path, error);

        if (format == NULL && error->code != ERROR_NONE) {
            return false;
        }
        if (*path == '\0') {
            return error_set(error, ERROR_USAGE, "--output %s: no file is named",
                             options->outputs[i]);
        }
        if (format == NULL) {
            format = format_for(arena, path, wanted, error);
            wanted_placed = wanted_placed || format == wanted;
        }
        if (format == NULL || !add_output(arena, outputs, format, "--output", path, error)) {
            return false;
        }
    }
    if (options->summary != NULL &&
        !add_output(arena, outputs, report_format_find("summary"), "--summary", options->summary,
                    error)) {
        return false;
    }
    if (options->noutputs == 0 || (wanted != NULL && !wanted_placed)) {
        return add_output(arena, outputs,
                          wanted != NULL ? wanted : report_format_find("text"), "--format", "-",
                          error);
    }
    return true;
}

/* ---- what must not be overwritten --------------------------------------------------------- */

/* True when both names are of one file that is there. */
static bool
is_same_file(const struct stat *written, const char *path)
{
    struct stat read;

    return path != NULL && stat(path, &read) == 0 && read.st_dev == written->st_dev
           && read.st_ino == written->st_ino;
}

/* Only what is there and a file can be lost. */
static bool
is_there(const char *path, struct stat *out)
{
    return path != NULL && stat(path, out) == 0 && S_ISREG(out->st_mode);
}

/* True when the options name the file as something to read. */
static bool
is_named_input(const Options *options, const struct stat *written)
{
    const char *const single[] = {options->database, options->baseline, options->diff,
                                  options->config};
    bool named = false;

    for (size_t i = 0; i < COUNT_OF(single); i++) {
        named = named || is_same_file(written, single[i]);
    }
    for (uint32_t i = 0; i < options->npaths; i++) {
        named = named || is_same_file(written, options->paths[i]);
    }
    for (uint32_t i = 0; i < options->nmodels; i++) {
        named = named || is_same_file(written, options->models[i]);
    }
    return named;
}

static bool
refuse_input(const char *option, const char *path, Error *error)
{
    return error_set(error, ERROR_USAGE, "%s %s: this file is read as input; name another one",
                     option, path);
}

bool
output_is_safe(const Scan *scan, const char *option, const char *path, Error *error)
{
    struct stat written;

    if (!is_there(path, &written)) {
        return true;
    }
    for (uint32_t i = 0; i < scan->read.n; i++) {
        if (is_same_file(&written, scan->read.at[i])) {
            return refuse_input(option, path, error);
        }
    }
    for (uint32_t i = 0; i < scan->jobs.jobs.n && !scan->replayed; i++) {
        const Unit *unit = scan->units[i];

        if (is_same_file(&written, unit->path)) {
            return refuse_input(option, path, error);
        }
        for (uint32_t k = 0; k < unit->includes.n; k++) {
            if (is_same_file(&written, unit->includes.at[k])) {
                return refuse_input(option, path, error);
            }
        }
    }
    return true;
}

bool
outputs_are_safe(const Scan *scan, const Options *options, Error *error)
{
    Outputs outputs;

    if (!plan_outputs(scan->arena, options, &outputs, error)) {
        return false;
    }
    for (uint32_t i = 0; i < outputs.all.n; i++) {
        const Output *output = &outputs.all.at[i];

        if (!output_is_safe(scan, output->option, output->path, error)) {
            return false;
        }
    }
    return true;
}

bool
outputs_check(Arena *arena, const Options *options, Error *error)
{
    const char *problem = options->link != NULL ? report_link_problem(options->link) : NULL;
    Outputs outputs;

    if (problem != NULL) {
        return error_set(error, ERROR_USAGE, "--link %s: %s", options->link, problem);
    }
    if (!plan_outputs(arena, options, &outputs, error)) {
        return false;
    }
    for (uint32_t i = 0; i < outputs.all.n; i++) {
        const char *path = outputs.all.at[i].path;
        struct stat written;

        if (is_there(path, &written) && is_named_input(options, &written)) {
            return refuse_input(outputs.all.at[i].option, path, error);
        }
    }
    return true;
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool
write_stdout(const StrBuf *text, Error *error)
{
    if (fwrite(text->text, 1, text->length, stdout) != text->length || fflush(stdout) != 0) {
        int code = errno;

        clearerr(stdout);
        return error_set(error, ERROR_FAILED, "cannot write the report to standard output: %s; "
                         "check the disk or the pipe", strerror(code));
    }
    return true;
}

/* The file that the steps of a job on GitHub share is added to, all others are replaced. */
static bool
write_file(Arena *arena, const char *path, const StrBuf *text, Error *error)
{
    StrBuf whole;
    size_t length = 0;
    const char *before;

    if (!text_equal(getenv("GITHUB_STEP_SUMMARY"), path) || !path_is_file(path)) {
        return file_write(path, text->text, text->length, error);
    }
    before = file_read(arena, path, &length, error);
    if (before == NULL) {
        return false;
    }
    strbuf_init(&whole, arena);
    strbuf_add(&whole, before, length);
    strbuf_add(&whole, text->text, text->length);
    return file_write(path, whole.text, whole.length, error);
}

/* Writes a report that its own place refused into a file that takes it: in the current
 * folder or in a new temporary one.  The file's name, or NULL. */
static const char *
write_elsewhere(Arena *arena, const Output *output, const StrBuf *text)
{
    const char *suffix = output->format->suffix;
    const char *name = output->path != NULL
                           ? path_basename(output->path)
                           : arena_printf(arena, "report%.*s", (int)strcspn(suffix, " "), suffix);
    const char *here = arena_printf(arena, "strayref-%s", name);
    const char *folder;

    if (!path_is_file(here) && file_write(here, text->text, text->length, NULL)) {
        return here;
    }
    folder = tempdir_keep(arena, NULL);
    if (folder == NULL) {
        return NULL;
    }
    here = arena_printf(arena, "%s/%s", folder, name);
    return file_write(here, text->text, text->length, NULL) ? here : NULL;
}

/* Saves a report whose place refused it for the reason in 'error'. */
static void
save_report(Arena *arena, Outputs *outputs, const Output *output, const StrBuf *text,
            const Error *error)
{
    const char *option = output->path != NULL
                             ? arena_printf(arena, "%s %s: ", output->option, output->path) : "";
    const char *place;

    if (output->path != NULL && !outputs->on_stdout && write_stdout(text, NULL)) {
        outputs->on_stdout = true;
        say("%s%s; the report is on standard output instead", option, error->text);
        return;
    }
    place = write_elsewhere(arena, output, text);
    if (place != NULL) {
        say("%s%s; the report is in %s instead", option, error->text, place);
        return;
    }
    say("%s%s; no other place takes the report either", option, error->text);
}

bool
outputs_write(Arena *arena, const Options *options, const RunResult *run)
{
    bool all_written = true;
    Outputs outputs;
    Error error = {0};

    if (!plan_outputs(arena, options, &outputs, &error)) {
        say_error(&error);
        return false;
    }
    for (uint32_t i = 0; i < outputs.all.n; i++) {
        const Output *output = &outputs.all.at[i];
        ReportOptions how = {
            .color = output->path == NULL && color_wanted(options),
            .cwd = path_absolute(arena, NULL, "."),
            .link = options->link,
        };
        StrBuf text;

        strbuf_init(&text, arena);
        output->format->write(run, &how, &text);
        if (!(output->path == NULL ? write_stdout(&text, &error)
                                   : write_file(arena, output->path, &text, &error))) {
            all_written = false;
            save_report(arena, &outputs, output, &text, &error);
        }
    }
    return all_written;
}

/* progress.c: what the user sees on standard error: messages, errors, and on a
 * terminal one line that shows how far the run is.
 */
#include "driver/driver.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_CELLS 24

void
say(const char *format, ...)
{
    va_list args;

    fputs("strayref: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

int
say_error(const Error *error)
{
    assert(error->code != ERROR_NONE);
    say("%s", error->text);
    return EXIT_USAGE;
}

const char *
path_shown(Arena *arena, const char *path)
{
    const char *here = path_absolute(arena, NULL, ".");

    return text_equal(here, "/") ? path : path_relative(arena, here, path);
}

static bool
terminal_is_dumb(void)
{
    const char *term = getenv("TERM");

    return term == NULL || text_equal(term, "dumb");
}

bool
color_wanted(const Options *options)
{
    const char *never = getenv("NO_COLOR");

    if (!text_equal(options->color, "auto")) {
        return text_equal(options->color, "always");
    }
    return isatty(STDOUT_FILENO) && !terminal_is_dumb() && (never == NULL || never[0] == '\0');
}

/* ---- the line ---------------------------------------------------------------------- */

void
progress_start(Progress *progress, const Options *options, const Jobs *jobs)
{
    progress->jobs = jobs;
    progress->on = text_equal(options->command, "scan") && isatty(STDERR_FILENO) &&
                   !terminal_is_dumb();
}

static int
terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return size.ws_col;
}

/* Replaces the line by a bar with what follows it, cut at the terminal's edge. */
static void
show(uint32_t done, uint32_t total, const char *what)
{
    int cells = total == 0 ? BAR_CELLS : (int)((uint64_t)done * BAR_CELLS / total);
    char bar[BAR_CELLS + 1];
    int room;

    memset(bar, '.', BAR_CELLS);
    memset(bar, '#', (size_t)cells);
    bar[BAR_CELLS] = '\0';
    room = terminal_width() - BAR_CELLS - 16;
    fprintf(stderr, "\r\033[K[%s] %u/%u %.*s", bar, done, total, room > 0 ? room : 0, what);
    fflush(stderr);
}

void
progress_files(void *payload, uint32_t done, uint32_t total)
{
    const Progress *progress = payload;

    if (progress->on) {
        show(done, total,
             done < total ? path_basename(progress->jobs->jobs.at[done].file) : "");
    }
}

void
progress_phase(const Progress *progress, const char *what)
{
    if (progress->on) {
        show(progress->jobs->jobs.n, progress->jobs->jobs.n, what);
    }
}

void
progress_end(Progress *progress)
{
    if (progress->on) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    progress->on = false;
}

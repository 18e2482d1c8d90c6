/* preambles.c: jobs -> the directives that several of them begin with, where these are compiled
 * alike: with the same arguments in the same folder, and with the same files behind their
 * names.
 */
#include "driver/preambles.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_FILES 3 /* that pay for compiling what they share */

/* A job by what it begins with. */
typedef struct Beginning {
    uint32_t job;
    Str flags;
    LeadingDirectives directives; /* their text says as well which folder matters */
} Beginning;

typedef struct Planner {
    Arena *arena;
    Strings *strings;
    const Jobs *jobs;
    Beginning *at;
    uint32_t n;
    Preambles *out;
} Planner;

/* ---- what a job begins with ---------------------------------------------------------------- */

/* Arguments whose effect comes before that of the file's text, and which a precompiled header
 * would take part in. */
static bool
is_simple(const Job *job)
{
    for (uint32_t i = 0; i < job->nargs; i++) {
        if (text_starts(job->args[i], "-include") || text_starts(job->args[i], "-imacros")) {
            return false;
        }
    }
    return true;
}

/* All but the file that decides what its text means. */
static Str
job_flags(const Planner *planner, const Job *job)
{
    const char *suffix = strrchr(path_basename(job->file), '.');
    StrBuf text;

    strbuf_init(&text, planner->arena);
    strbuf_printf(&text, "%s\n%s", job->directory, suffix != NULL ? suffix : "");
    for (uint32_t i = 0; i < job->nargs; i++) {
        strbuf_printf(&text, "\n%s", job->args[i]);
    }
    return str_intern_n(planner->strings, text.text, text.length);
}

/* True for an include that finds its file in the folder of the file that has it. */
static bool
is_beside(Arena *arena, const char *folder, const Directive *directive)
{
    const char *name = strchr(directive->text, '"');
    size_t length = name != NULL && directive->is_include ? strcspn(name + 1, "\"") : 0;

    return length > 0
           && path_is_file(path_absolute(arena, folder, arena_strndup(arena, name + 1, length)));
}

/* True for a condition that may depend on the folder. */
static bool
asks_for_files(const Directive *directive)
{
    return strstr(directive->text, "__has_include") != NULL;
}

/* Reads the beginning of the job's file; false when it has none. */
static bool
read_beginning(const Planner *planner, Arena *scratch, uint32_t number, Beginning *out)
{
    const Job *job = &planner->jobs->jobs.at[number];
    const char *folder = path_dirname(planner->arena, job->file);
    size_t length;
    const char *text = is_simple(job) ? file_read(scratch, job->file, &length, NULL) : NULL;

    *out = (Beginning){.job = number};
    if (text == NULL) {
        return false;
    }
    preamble_read(planner->arena, planner->strings, text, length, &out->directives);
    out->flags = job_flags(planner, job);
    for (uint32_t i = 0; i < out->directives.n; i++) {
        Directive *directive = &out->directives.at[i];

        if (is_beside(scratch, folder, directive) || asks_for_files(directive)) {
            directive->text = str_internf(planner->strings, "%s\n%s", directive->text, folder);
        }
    }
    return out->directives.n > 0;
}

/* ---- what jobs have in common ---------------------------------------------------------------- */

static int
compare_beginnings(const void *a, const void *b)
{
    const Beginning *x = a, *y = b;
    int order = strcmp(x->flags, y->flags);

    for (uint32_t i = 0; order == 0 && i < x->directives.n && i < y->directives.n; i++) {
        order = strcmp(x->directives.at[i].text, y->directives.at[i].text);
    }
    if (order == 0 && x->directives.n != y->directives.n) {
        return x->directives.n < y->directives.n ? -1 : 1;
    }
    return order != 0 ? order : (x->job > y->job) - (x->job < y->job);
}

/* How many directives both begin with. */
static uint32_t
in_common(const Beginning *a, const Beginning *b)
{
    uint32_t n = 0;

    while (a->flags == b->flags && n < a->directives.n && n < b->directives.n
           && a->directives.at[n].text == b->directives.at[n].text) {
        n++;
    }
    return n;
}

/* How many of the first 'n' directives are worth compiling: up to the last include, or the end
 * of the conditional around it. */
static uint32_t
worth(const Beginning *beginning, uint32_t n)
{
    uint32_t kept = 0;
    bool has_include = false;

    for (uint32_t i = 0; i < n; i++) {
        const Directive *directive = &beginning->directives.at[i];

        has_include = has_include || directive->is_include;
        if (has_include && directive->is_closed) {
            kept = i + 1;
            has_include = false;
        }
    }
    return kept;
}

/* The first 'n' directives, as the text of a file. */
static Str
preamble_text(const Planner *planner, const Beginning *beginning, uint32_t n)
{
    StrBuf text;

    strbuf_init(&text, planner->arena);
    for (uint32_t i = 0; i < n; i++) {
        const char *line = beginning->directives.at[i].text;

        strbuf_add(&text, line, strcspn(line, "\n"));
        strbuf_putc(&text, '\n');
    }
    return str_intern_n(planner->strings, text.text, text.length);
}

/* Lets the beginnings from 'first' to before 'last' share their first 'n' directives. */
static void
share(Planner *planner, uint32_t first, uint32_t last, uint32_t n)
{
    SharedPreamble shared = {
        .preamble = {.text = preamble_text(planner, &planner->at[first], n), .n = n},
        .job = planner->at[first].job,
    };

    VEC_PUSH(planner->arena, &planner->out->all, shared);
    for (uint32_t i = first; i < last; i++) {
        planner->out->of[planner->at[i].job] = planner->out->all.n;
    }
}

/* The beginnings from 'first' to before 'last' have 'depth' directives in common. */
static void
plan_range(Planner *planner, uint32_t first, uint32_t last, uint32_t depth)
{
    uint32_t common, kept;

    if (last - first < LEAST_FILES) {
        return;
    }
    common = in_common(&planner->at[first], &planner->at[last - 1]);
    kept = worth(&planner->at[first], common);
    if (kept > depth) {
        share(planner, first, last, kept);
        return;
    }
    for (uint32_t i = first, next; i < last; i = next) {
        for (next = i + 1; next < last
             && in_common(&planner->at[i], &planner->at[next]) > common; next++) {
        }
        if (next - i < last - first) {
            plan_range(planner, i, next, depth);
        }
    }
}

/* Makes the folder, and names the files in it. */
static void
name_files(Arena *arena, Preambles *out)
{
    if (out->all.n > 0 && !tempdir_make(arena, &out->dir, NULL)) {
        out->all.n = 0;
        out->dir.path = NULL;
    }
    for (uint32_t i = 0; i < out->all.n; i++) {
        out->all.at[i].preamble.file = arena_printf(arena, "%s/%u.pch", out->dir.path, i);
    }
}

void
preambles_plan(Arena *arena, Strings *strings, const Jobs *jobs, Unit *const *units,
               Preambles *out)
{
    Planner planner = {.arena = arena, .strings = strings, .jobs = jobs, .out = out,
                       .at = ARENA_ARRAY(arena, Beginning, jobs->jobs.n + 1)};
    Arena *scratch = arena_new();

    *out = (Preambles){.of = ARENA_ARRAY(arena, uint32_t, jobs->jobs.n + 1)};
    for (uint32_t i = 0; i < jobs->jobs.n; i++) {
        if (units[i] == NULL && read_beginning(&planner, scratch, i, &planner.at[planner.n])) {
            planner.n++;
        }
        arena_reset(scratch);
    }
    arena_free(scratch);
    qsort(planner.at, planner.n, sizeof(Beginning), compare_beginnings);
    plan_range(&planner, 0, planner.n, 0);
    name_files(arena, out);
    for (uint32_t i = 0; i < jobs->jobs.n && out->all.n == 0; i++) {
        out->of[i] = 0;
    }
}

void
preambles_end(Preambles *preambles)
{
    if (preambles->dir.path != NULL) {
        tempdir_remove(&preambles->dir);
    }
}

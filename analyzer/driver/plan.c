/* plan.c: strayref plan: the stages of a scan, written down for somebody else's scheduler. */
#include "driver/driver.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 3 /* of analysis: callees mostly come in an earlier one */

typedef struct Plan {
    Arena *arena;
    const char *program, *database, *store;
    uint32_t tasks;
    StrBuf out;
} Plan;

/* The word for a shell, in quotes. */
static const char *
quoted(Plan *plan, const char *word)
{
    StrBuf out;

    strbuf_init(&out, plan->arena);
    strbuf_putc(&out, '\'');
    for (; *word != '\0'; word++) {
        strbuf_puts(&out, *word == '\'' ? "'\\''" : (char[2]){*word, '\0'});
    }
    strbuf_putc(&out, '\'');
    return out.text;
}

/* The same inside a build.ninja, where '$' begins an escape. */
static const char *
for_ninja(Plan *plan, const char *word)
{
    StrBuf out;

    strbuf_init(&out, plan->arena);
    for (word = quoted(plan, word); *word != '\0'; word++) {
        strbuf_puts(&out, *word == '$' ? "$$" : (char[2]){*word, '\0'});
    }
    return out.text;
}

/* ---- ninja --------------------------------------------------------------------------------- */

static void
ninja_rules(Plan *plan)
{
    const char *command = arena_printf(plan->arena, "%s $stage -j1 -p %s --store %s",
                                       for_ninja(plan, plan->program),
                                       for_ninja(plan, plan->database),
                                       for_ninja(plan, plan->store));

    strbuf_printf(&plan->out, "# written by strayref plan --ninja\n"
                  "rule stage\n  command = { %s $share || [ $$? -eq 3 ]; } && touch $out\n"
                  "  description = $stage $share\n"
                  "rule report\n  command = %s --output json=$out --fail-on never "
                  "|| [ $$? -eq 3 ]\n"
                  "  description = report\n", command, command);
    strbuf_puts(&plan->out, "rule always\n  command = true\nbuild always: always\n");
}

/* One round of a stage: all its tasks after all of the round before. */
static void
ninja_round(Plan *plan, const char *stage, uint32_t round, const char *before)
{
    StrBuf all;

    strbuf_init(&all, plan->arena);
    for (uint32_t i = 1; i <= plan->tasks; i++) {
        strbuf_printf(&plan->out,
                      "build %s%u.%u: stage | %s\n  stage = %s\n  share = --shard %u/%u",
                      stage, round, i, before, stage, i, plan->tasks);
        if (round > 0) {
            strbuf_printf(&plan->out, " --round %u/%u", round, (unsigned)ROUNDS);
        }
        strbuf_putc(&plan->out, '\n');
        strbuf_printf(&all, " %s%u.%u", stage, round, i);
    }
    strbuf_printf(&plan->out, "build %s%u: phony%s\n", stage, round, all.text);
}

static void
write_ninja(Plan *plan)
{
    const char *before = "always";

    ninja_rules(plan);
    ninja_round(plan, "capture", 0, before);
    before = "capture0";
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        ninja_round(plan, "analyze", round, before);
        before = arena_printf(plan->arena, "analyze%u", round);
    }
    strbuf_printf(&plan->out, "build report.json: report | %s\n  stage = merge\n"
                  "default report.json\n", before);
}

/* ---- slurm ---------- */

/* One job array, after the job before. */
static void
slurm_array(Plan *plan, const char *stage, uint32_t round, const char *before)
{
    const char *share = round > 0 ? arena_printf(plan->arena, " --round %u/%u", round,
                                                 (unsigned)ROUNDS) : "";
    const char *command = arena_printf(
        plan->arena, "%s %s -j1 -p %s --store %s --shard \"$SLURM_ARRAY_TASK_ID\"/%u%s",
        quoted(plan, plan->program), stage, quoted(plan, plan->database),
        quoted(plan, plan->store), plan->tasks, share);

    strbuf_printf(&plan->out, "%s%u=$(sbatch --parsable --requeue --job-name=strayref-%s%u "
                  "--array=1-%u%s \"$@\" --wrap=%s)\n", stage, round, stage, round, plan->tasks,
                  before, quoted(plan, command));
}

static void
write_slurm(Plan *plan)
{
    const char *before = "", *report, *merge;

    strbuf_puts(&plan->out,
                "#!/bin/sh\n"
                "# Written by strayref plan --slurm; options for sbatch may follow.  Tasks that\n"
                "# are run again find their work done; what was never done the last job does.\n"
                "set -eu\n");
    slurm_array(plan, "capture", 0, before);
    before = " --dependency=afterany:$capture0";
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        slurm_array(plan, "analyze", round, before);
        before = arena_printf(plan->arena, " --dependency=afterany:$analyze%u", round);
    }
    report = arena_printf(plan->arena, "%s/report.json", plan->store);
    merge = arena_printf(plan->arena,
                         "%s merge -j1 -p %s --store %s --output json=%s --fail-on never",
                         quoted(plan, plan->program), quoted(plan, plan->database),
                         quoted(plan, plan->store), quoted(plan, report));
    strbuf_printf(&plan->out, "sbatch --parsable --requeue --job-name=strayref-merge%s \"$@\" "
                  "--wrap=%s\n", before, quoted(plan, merge));
}

/* ---- the command ---------- */

/* The program that runs now, as others can run it. */
static const char *
own_path(Arena *arena)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path));

    return length > 0 && (size_t)length < sizeof(path)
               ? arena_strndup(arena, path, (size_t)length) : "strayref";
}

int
command_plan(Arena *arena, const Options *options)
{
    const char *database = options->database != NULL ? options->database
                                                     : compdb_find(arena, ".", NULL);
    Plan plan = {.arena = arena, .program = own_path(arena), .tasks = options->tasks};

    if (database == NULL) {
        Error error = {0};

        error_set(&error, ERROR_INPUT, "no compile_commands.json found; " COMPDB_REMEDY);
        return say_error(&error);
    }
    plan.database = path_absolute(arena, NULL, database);
    plan.store = path_absolute(arena, NULL, options->store);
    strbuf_init(&plan.out, arena);
    (text_equal(options->scheduler, "ninja") ? write_ninja : write_slurm)(&plan);
    fputs(plan.out.text, stdout);
    return EXIT_CLEAN;
}

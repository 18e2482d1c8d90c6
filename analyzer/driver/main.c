/* main.c: the command line to one of the subcommands, and its exit code. */
#include "driver/driver.h"
#include "lsp/lsp.h"

typedef struct Command {
    const char *name;
    int (*run)(Arena *arena, const Options *options);
    bool configured; /* the configuration file fills in what its options leave open */
} Command;

static const Command commands[] = {
    {"scan", command_scan, true},
    {"fix", command_fix, true},
    {"baseline", command_baseline, true},
    {"config", command_config, true},
    {"verify", command_verify, false},
    {"dump", command_dump, false},
    {"explain", command_explain, false},
    {"rules", command_rules, false},
    {"facts", command_facts, false},
    {"classes", command_classes, false},
    {"capture", command_capture, true},
    {"analyze", command_analyze, true},
    {"merge", command_merge, true},
    {"plan", command_plan, false},
    {"cache", command_cache, false},
    {"lsp", command_lsp, false},
    {"completion", command_completion, false},
    {"man", command_man, false},
};

static int
run(Arena *arena, int argc, char **argv)
{
    Options options = {0};
    Error error = {0};
    bool done = false;

    if (!options_parse(arena, argc, argv, &options, &done, &error)) {
        return say_error(&error);
    }
    for (size_t i = 0; i < COUNT_OF(commands) && !done; i++) {
        if (!text_equal(commands[i].name, options.command)) {
            continue;
        }
        if (commands[i].configured && !config_apply(arena, &options, &error)) {
            return say_error(&error);
        }
        return commands[i].run(arena, &options);
    }
    assert(done);
    return EXIT_CLEAN;
}

int
main(int argc, char **argv)
{
    Arena *arena = arena_new();
    int code = run(arena, argc, argv);

    arena_free(arena);
    if (fflush(stdout) != 0 && code != EXIT_USAGE) {
        say("cannot write to standard output; check the disk or the pipe");
        code = EXIT_USAGE;
    }
    return code;
}

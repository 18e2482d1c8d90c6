/* main.c: the command line to one of the subcommands, and its exit code. */
#include "driver/driver.h"

typedef struct Command {
    const char *name;
    int (*run)(Arena *arena, const Options *options);
} Command;

static const Command commands[] = {
    {"scan", command_scan},       {"verify", command_verify}, {"dump", command_dump},
    {"explain", command_explain}, {"rules", command_rules},   {"facts", command_facts},
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
        if (text_equal(commands[i].name, options.command)) {
            return commands[i].run(arena, &options);
        }
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

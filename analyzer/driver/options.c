/* options.c: the command line -> Options.
 *
 * Two tables say everything (options_table.c).  Parsing is getopt_long's; '--' is taken
 * out before, because what follows belongs to the compiler.
 */
#include "driver/options.h"

#include <getopt.h>
#include <string.h>

#include "base/embedded.h"

#define MAX_OPTIONS 100

/* The tables in the form that getopt_long takes. */
typedef struct GetoptForm {
    struct option longs[MAX_OPTIONS + 1];
    char shorts[2 * MAX_OPTIONS + 2];
} GetoptForm;

static void
fill_form(GetoptForm *form, unsigned command)
{
    char *letter = form->shorts;
    size_t n = 0;

    *letter++ = ':'; /* a missing value is told apart from an unknown option */
    for (const OptionHelp *option = option_help; option->name != NULL; option++) {
        if (!(option->commands & command)) {
            continue;
        }
        assert(n < MAX_OPTIONS);
        form->longs[n++] = (struct option){
            option->name, option->arg != NULL ? required_argument : no_argument, NULL,
            option->id};
        if (option->id < 256) {
            *letter++ = (char)option->id;
            *letter = ':';
            letter += option->arg != NULL ? 1 : 0;
        }
    }
    *letter = '\0';
    form->longs[n] = (struct option){0};
}

/* Says what is wrong with the option that getopt_long has just refused. */
static bool
refuse_option(Arena *arena, const CommandHelp *command, const char *word, bool no_value,
              Error *error)
{
    const char *name = word;

    if (text_starts(word, "--")) {
        name = arena_strndup(arena, word, strcspn(word, "="));
    }
    else if (optopt > 0 && optopt < 256) {
        name = arena_printf(arena, "-%c", optopt);
    }
    if (no_value) {
        return error_set(error, ERROR_USAGE, "%s needs a value; see strayref %s --help", name,
                         command->name);
    }
    if (optopt != 0 && text_starts(word, "--") && strchr(word, '=') != NULL) {
        return error_set(error, ERROR_USAGE, "%s takes no value", name);
    }
    return error_set(error, ERROR_USAGE, "unknown option %s%s; see strayref %s --help", name,
                     name_hint(arena, name, option_names(arena, command->bit)),
                     command->name);
}

/* Parses the words after the command's name (argv[0] is that name). */
static bool
parse_options(Arena *arena, const CommandHelp *command, int argc, char **argv,
              Options *options, bool *done, Error *error)
{
    GetoptForm form;
    int id;

    fill_form(&form, command->bit);
    opterr = 0;
    optind = 0; /* start over */
    while ((id = getopt_long(argc, argv, form.shorts, form.longs, NULL)) != -1) {
        if (id == '?' || id == ':') {
            return refuse_option(arena, command, argv[optind - 1], id == ':', error);
        }
        if (id == 'h') {
            print_command_help(command);
            *done = true;
            return true;
        }
        if (!option_set(arena, id, optarg, options, error)) {
            return false;
        }
    }
    while (optind < argc) {
        options->paths[options->npaths++] = argv[optind++];
    }
    return true;
}

/* The error for a first word that is no command. */
static bool
refuse_command(Arena *arena, const char *word, Error *error)
{
    static const char *const globals[] = {"--help", "--version", NULL};
    bool is_option = word[0] == '-';

    return error_set(error, ERROR_USAGE, "unknown %s %s%s; see strayref --help",
                     is_option ? "option" : "command", word,
                     name_hint(arena, word, is_option ? globals : command_names(arena)));
}

/* Takes what follows "--" out of the command line; returns the new argc. */
static int
split_flags(Arena *arena, int argc, char **argv, Options *options)
{
    for (int i = 1; i < argc; i++) {
        if (text_equal(argv[i], "--")) {
            options->has_flags = true;
            options->nflags = (uint32_t)(argc - i - 1);
            options->flags = ARENA_ARRAY(arena, const char *, options->nflags + 1);
            memcpy(options->flags, argv + i + 1, options->nflags * sizeof(char *));
            return i;
        }
    }
    return argc;
}

/* Handles what may stand in the command's place; false when it is a command. */
static bool
parse_global(const char *word, bool *done)
{
    if (text_equal(word, "--help") || text_equal(word, "-h") || text_equal(word, "help")) {
        print_help();
        *done = true;
    }
    else if (text_equal(word, "--version") || text_equal(word, "-V")) {
        printf("strayref %s\n", STRAYREF_VERSION);
        *done = true;
    }
    return *done;
}

bool
options_parse(Arena *arena, int argc, char **argv, Options *options, bool *done, Error *error)
{
    const CommandHelp *command;
    size_t room = (size_t)argc + 1;

    *done = false;
    *options = (Options){.timeout = 120, .tasks = 8, .color = "auto", .reach = -1, .confidence = -1};
    if (argc < 2) {
        return error_set(error, ERROR_USAGE, "no command; there are: %s; see strayref --help",
                         name_list(arena, command_names(arena)));
    }
    if (parse_global(argv[1], done)) {
        return true;
    }
    command = command_find(argv[1]);
    if (command == NULL) {
        return refuse_command(arena, argv[1], error);
    }
    options->command = command->name;
    options->paths = ARENA_ARRAY(arena, const char *, room);
    options->rules = ARENA_ARRAY(arena, const char *, room);
    options->excluded = ARENA_ARRAY(arena, const char *, room);
    options->fail_on = ARENA_ARRAY(arena, const char *, room);
    options->models = ARENA_ARRAY(arena, const char *, room);
    options->outputs = ARENA_ARRAY(arena, const char *, room);
    argc = split_flags(arena, argc, argv, options);
    return parse_options(arena, command, argc - 1, argv + 1, options, done, error) &&
           (*done || options_check(command, options, error));
}

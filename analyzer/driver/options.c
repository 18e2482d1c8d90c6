/* options.c: the command line -> Options, and all help texts.
 *
 * Two tables say everything: the commands, and the options with the commands
 * that know them.  Parsing is getopt_long's; '--' is taken out before, because
 * what follows belongs to the compiler.
 */
#include "driver/driver.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "engine/rule.h"

/* ---- the tables --------------------------------------------------------------------- */

enum { SCAN = 1, VERIFY = 2, DUMP = 4, EXPLAIN = 8, RULES = 16, FACTS = 32, ALL = 63 };

typedef struct CommandHelp {
    const char *name;
    unsigned bit;
    const char *usage;
    const char *summary;
    const char *text; /* what --help adds: details and examples */
} CommandHelp;

#define EXIT_STATUS_TEXT                                                             \
    "Exit status:\n"                                                                 \
    "  0  nothing found\n"                                                           \
    "  1  findings\n"                                                                \
    "  2  usage or configuration error, the scan did not take place\n"               \
    "  3  nothing found, but some file or function could not be analysed\n"

static const CommandHelp command_help[] = {
    {"scan", SCAN, "[-p DIR] [PATH...] [--format NAME] [--output FILE] [-- FLAGS]",
     "find reference-count errors in C files",
     "Without PATH the whole compilation database is scanned; it is looked for in the\n"
     "current folder, its build/ folder, and the same in each parent.  PATH, a file or a\n"
     "folder, narrows the scan.  A file that the database does not know is read with the\n"
     "include flags of the installed python3.  Flags after -- go to the C parser instead.\n"
     "\n"
     "Examples:\n"
     "  strayref scan\n"
     "  strayref scan -p build src/list.c\n"
     "  strayref scan --output report.html\n"
     "  strayref scan pair.c -- -I/usr/include/python3.11 -DDEBUG\n"
     "\n" EXIT_STATUS_TEXT},
    {"verify", VERIFY, "[--bless] PATH... [-- FLAGS]",
     "compare findings with the '// expect: RULE' comments in files",
     "PATH is a C file, a Markdown page with C examples, or a folder of them.  Each line\n"
     "that says '// expect: leak(x)' must have that finding, every other line none.\n"
     "\n"
     "Examples:\n"
     "  strayref verify fixtures/leak\n"
     "  strayref verify rules/leak.md\n"
     "\n"
     "Exit status: 0 all as expected, 1 some not, 2 usage error.\n"},
    {"dump", DUMP, "--ir|--cfg|--summary [-p DIR] [FILE...] [-- FLAGS]",
     "print what strayref sees in a file",
     "Examples:\n"
     "  strayref dump --ir pair.c\n"
     "  strayref dump --cfg pair.c | dot -Tsvg > pair.svg\n"
     "  strayref dump --summary pair.c > pair.facts    edit it, then scan --model\n"
     "\n"
     "Exit status: 0 printed, 2 usage error, 3 some file could not be read.\n"},
    {"explain", EXPLAIN, "RULE", "show the page of a rule",
     "Example:\n"
     "  strayref explain stolen-reference\n"},
    {"rules", RULES, "", "list the rules",
     "One line each: name, severity, precision, title.\n"},
    {"facts", FACTS, "[-p DIR] NAME... | check [-- FLAGS] | --unknown [-p DIR] [PATH...]",
     "show what is known of a C-API function, or check all facts",
     "Examples:\n"
     "  strayref facts PyList_SetItem\n"
     "  strayref facts -p build my_helper    what its annotations and its body say\n"
     "  strayref facts check\n"
     "  strayref facts --unknown -p build    callees of a project that nobody knows\n"},
};

enum {
    OPT_RULE = 256,
    OPT_FORMAT,
    OPT_MODEL,
    OPT_PYTHON,
    OPT_TIMEOUT,
    OPT_NO_OVERLAY,
    OPT_COLOR,
    OPT_IR,
    OPT_CFG,
    OPT_SUMMARY,
    OPT_BLESS,
    OPT_UNKNOWN,
};

typedef struct OptionHelp {
    const char *name;
    int id;          /* the letter of its short form, or OPT_... */
    const char *arg; /* NULL: takes none */
    unsigned commands;
    const char *help;
} OptionHelp;

static const OptionHelp option_help[] = {
    {"ir", OPT_IR, NULL, DUMP, "the intermediate representation of each function"},
    {"cfg", OPT_CFG, NULL, DUMP, "its control-flow graph, for Graphviz dot"},
    {"summary", OPT_SUMMARY, NULL, DUMP, "what it does to references, as facts"},
    {"unknown", OPT_UNKNOWN, NULL, FACTS,
     "callees of a project that take or return objects and that nobody knows"},
    {"database", 'p', "DIR", SCAN | DUMP | FACTS, "folder of compile_commands.json, or that file"},
    {"format", OPT_FORMAT, "NAME", SCAN, NULL},
    {"output", 'o', "FILE", SCAN, "write the report to FILE; '-' is standard output"},
    {"rule", OPT_RULE, "ID", SCAN, "report only this rule; may be repeated"},
    {"model", OPT_MODEL, "FILE", SCAN | VERIFY | DUMP | FACTS,
     "ownership facts of your own functions; may be repeated"},
    {"python", OPT_PYTHON, "VERSION", SCAN | VERIFY | DUMP | FACTS,
     "facts for this Python, such as 3.12 (default: that of the headers);\n"
     "                          scan takes several: 3.9,3.13"},
    {"jobs", 'j', "N", SCAN | VERIFY | DUMP, "files parsed at a time (default: one per core)"},
    {"timeout", OPT_TIMEOUT, "SECONDS", SCAN | VERIFY | DUMP,
     "longest time for parsing one file (default: 120)"},
    {"no-overlay", OPT_NO_OVERLAY, NULL, SCAN | VERIFY | DUMP,
     "see macros such as Py_CLEAR expanded, not as calls"},
    {"bless", OPT_BLESS, NULL, VERIFY, "rewrite expected output that is kept in the files"},
    {"color", OPT_COLOR, "WHEN", SCAN | EXPLAIN, "auto, always or never (default: auto)"},
    {"verbose", 'v', NULL, SCAN | VERIFY | DUMP | FACTS,
     "tell more, such as every message of the parser"},
    {"help", 'h', NULL, ALL, "show this text"},
};

/* ---- names ----------------------------------------------------------------------------- */

#define NAME_MAX_LENGTH 40
#define MAX_PYTHONS 16

/* Edits (one letter added, dropped or changed) that turn 'a' into 'b'. */
static size_t
edit_distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LENGTH + 1];
    size_t nb = strlen(b);

    if (strlen(a) > NAME_MAX_LENGTH || nb > NAME_MAX_LENGTH) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= nb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            size_t add = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = change < add ? change : add;
        }
    }
    return row[nb];
}

const char *
name_closest(const char *word, const char *const *names)
{
    size_t best = strlen(word) / 3 + 2; /* fewer edits than this count as close */
    const char *closest = NULL;

    for (; *names != NULL; names++) {
        size_t distance = edit_distance(word, *names);

        if (distance < best) {
            best = distance;
            closest = *names;
        }
    }
    return closest;
}

const char *
name_hint(Arena *arena, const char *word, const char *const *names)
{
    const char *name = name_closest(word, names);

    return name == NULL ? "" : arena_printf(arena, " (did you mean %s?)", name);
}

static const char *const *
command_names(Arena *arena)
{
    VEC(const char *) names = {0};

    for (size_t i = 0; i < COUNT_OF(command_help); i++) {
        VEC_PUSH(arena, &names, command_help[i].name);
    }
    VEC_PUSH(arena, &names, NULL);
    return names.at;
}

static const char *const *
format_names(Arena *arena)
{
    VEC(const char *) names = {0};

    for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
        VEC_PUSH(arena, &names, format->name);
    }
    VEC_PUSH(arena, &names, NULL);
    return names.at;
}

static const char *const *
option_names(Arena *arena, unsigned command)
{
    VEC(const char *) names = {0};

    for (size_t i = 0; i < COUNT_OF(option_help); i++) {
        if (option_help[i].commands & command) {
            VEC_PUSH(arena, &names, arena_printf(arena, "--%s", option_help[i].name));
        }
    }
    VEC_PUSH(arena, &names, NULL);
    return names.at;
}

/* "text, markdown, html" */
static const char *
name_list(Arena *arena, const char *const *names)
{
    StrBuf out;

    strbuf_init(&out, arena);
    for (; *names != NULL; names++) {
        strbuf_printf(&out, "%s%s", out.length > 0 ? ", " : "", *names);
    }
    return out.text;
}

/* ---- help --------------------------------------------------------------------------------- */

static void
print_help(void)
{
    printf("strayref %s: finds reference-count errors in C extensions for Python\n\n"
           "Usage: strayref COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n",
           STRAYREF_VERSION);
    for (size_t i = 0; i < COUNT_OF(command_help); i++) {
        printf("  %-8s  %s\n", command_help[i].name, command_help[i].summary);
    }
    puts("\nExamples:\n"
         "  strayref scan                          the project in this folder\n"
         "  strayref scan -p build --output r.md   with a Markdown report\n"
         "  strayref scan pair.c                   one file, flags of python3\n"
         "  strayref explain leak                  what a rule means\n"
         "\n" EXIT_STATUS_TEXT
         "\n'strayref COMMAND --help' tells more.  'strayref --version' shows the version.");
}

static void
print_option(const OptionHelp *option)
{
    char left[40];
    bool has_letter = option->id < 256;

    snprintf(left, sizeof(left), "%s%c%s--%s%s%s", has_letter ? "-" : "",
             has_letter ? option->id : ' ', has_letter ? ", " : "   ", option->name,
             option->arg != NULL ? " " : "", option->arg != NULL ? option->arg : "");
    if (option->id != OPT_FORMAT) {
        printf("  %-22s  %s\n", left, option->help);
        return;
    }
    printf("  %-22s  how the report is written (default: by FILE's suffix, else text):\n",
           left);
    for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
        printf("  %-22s    %-9s %s\n", "", format->name, format->title);
    }
}

static void
print_command_help(const CommandHelp *command)
{
    printf("strayref %s: %s\n\nUsage: strayref %s%s%s\n\nOptions:\n", command->name,
           command->summary, command->name, command->usage[0] != '\0' ? " " : "",
           command->usage);
    for (size_t i = 0; i < COUNT_OF(option_help); i++) {
        if (option_help[i].commands & command->bit) {
            print_option(&option_help[i]);
        }
    }
    printf("\n%s", command->text);
}

/* ---- values -------------------------------------------------------------------------------- */

/* A whole number in 1..max, for the option called 'name'. */
static bool
parse_number(const char *text, uint32_t max, const char *name, uint32_t *out, Error *error)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 1 || value > max) {
        return error_set(error, ERROR_USAGE, "%s %s: expected a whole number from 1 to %u",
                         name, text, max);
    }
    *out = (uint32_t)value;
    return true;
}

static bool
check_format(Arena *arena, const char *name, Error *error)
{
    const char *const *names = format_names(arena);

    return report_format_find(name) != NULL ||
           error_set(error, ERROR_USAGE, "--format %s: no such format%s; there are: %s", name,
                     name_hint(arena, name, names), name_list(arena, names));
}

static bool
check_rule(Arena *arena, const char *name, Error *error)
{
    const char *const *names = rule_names(arena);

    return rule_find(name) != NULL ||
           error_set(error, ERROR_USAGE, "--rule %s: no such rule%s; there are: %s", name,
                     name_hint(arena, name, names), name_list(arena, names));
}

static bool
check_color(const char *when, Error *error)
{
    return text_equal(when, "auto") || text_equal(when, "always") ||
           text_equal(when, "never") ||
           error_set(error, ERROR_USAGE, "--color %s: expected auto, always or never", when);
}

/* "3.12" or "3.9,3.13" */
static bool
set_pythons(Arena *arena, const char *text, Options *options, Error *error)
{
    VEC(Version) versions = {0};

    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        Version version = version_parse(arena_strndup(arena, at, length));

        if (version == 0) {
            return error_set(error, ERROR_USAGE, "--python %s: not a version of Python; write "
                             "it as 3.12, several as 3.9,3.12", text);
        }
        for (uint32_t i = 0; i < versions.n; i++) {
            if (versions.at[i] == version) {
                return error_set(error, ERROR_USAGE, "--python %s: the same version twice",
                                 text);
            }
        }
        VEC_PUSH(arena, &versions, version);
        at += length;
        if (*at == '\0') {
            break;
        }
    }
    options->python = versions.at[0];
    options->pythons = versions.at;
    options->npythons = versions.n;
    return versions.n <= MAX_PYTHONS
           || error_set(error, ERROR_USAGE, "--python %s: expected %d versions at most", text,
                        MAX_PYTHONS);
}

static bool
set_dump(const char *what, Options *options, Error *error)
{
    if (options->dump != NULL && !text_equal(options->dump, what)) {
        return error_set(error, ERROR_USAGE, "dump shows one thing at a time: "
                         "--%s or --%s", options->dump, what);
    }
    options->dump = what;
    return true;
}

/* Applies one option; the switch is the whole list of them. */
static bool
set_option(Arena *arena, int id, const char *value, Options *options, Error *error)
{
    switch (id) {
    case 'p':
        options->database = value;
        return true;
    case 'o':
        options->output = value;
        return true;
    case 'j':
        return parse_number(value, 1024, "--jobs", &options->workers, error);
    case 'v':
        options->verbose = true;
        return true;
    case OPT_FORMAT:
        options->format = value;
        return check_format(arena, value, error);
    case OPT_RULE:
        options->rules[options->nrules++] = value;
        return check_rule(arena, value, error);
    case OPT_MODEL:
        options->models[options->nmodels++] = value;
        return true;
    case OPT_PYTHON:
        return set_pythons(arena, value, options, error);
    case OPT_TIMEOUT:
        return parse_number(value, 86400, "--timeout", &options->timeout, error);
    case OPT_UNKNOWN:
        options->unknown = true;
        return true;
    case OPT_NO_OVERLAY:
        options->no_overlay = true;
        return true;
    case OPT_COLOR:
        options->color = value;
        return check_color(value, error);
    case OPT_IR:
        return set_dump("ir", options, error);
    case OPT_CFG:
        return set_dump("cfg", options, error);
    case OPT_SUMMARY:
        return set_dump("summary", options, error);
    default:
        assert(id == OPT_BLESS);
        options->bless = true;
        return true;
    }
}

/* ---- parsing --------------------------------------------------------------------------------- */

/* The tables in the form that getopt_long takes. */
typedef struct GetoptForm {
    struct option longs[COUNT_OF(option_help) + 1];
    char shorts[2 * COUNT_OF(option_help) + 2];
} GetoptForm;

static void
fill_form(GetoptForm *form, unsigned command)
{
    char *letter = form->shorts;
    size_t n = 0;

    *letter++ = ':'; /* a missing value is told apart from an unknown option */
    for (size_t i = 0; i < COUNT_OF(option_help); i++) {
        const OptionHelp *option = &option_help[i];

        if (!(option->commands & command)) {
            continue;
        }
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
        if (!set_option(arena, id, optarg, options, error)) {
            return false;
        }
    }
    while (optind < argc) {
        options->paths[options->npaths++] = argv[optind++];
    }
    return true;
}

/* What no single option shows to be wrong. */
static bool
check_whole(const CommandHelp *command, const Options *options, Error *error)
{
    if (command->bit == DUMP && options->dump == NULL) {
        return error_set(error, ERROR_USAGE, "dump needs --ir, --cfg or --summary; "
                         "see strayref dump --help");
    }
    if (command->bit != SCAN && options->npythons > 1) {
        return error_set(error, ERROR_USAGE, "%s takes one version of Python; scan takes "
                         "several", command->name);
    }
    if (command->bit == RULES && options->npaths > 0) {
        return error_set(error, ERROR_USAGE, "rules takes no argument; "
                         "'strayref explain %s' shows a rule", options->paths[0]);
    }
    if (options->has_flags && options->database != NULL) {
        return error_set(error, ERROR_USAGE, "-p %s and flags after -- exclude each other: "
                         "the flags come from one of them", options->database);
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

static const CommandHelp *
find_command(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(command_help); i++) {
        if (text_equal(command_help[i].name, name)) {
            return &command_help[i];
        }
    }
    return NULL;
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
    *options = (Options){.timeout = 120, .color = "auto"};
    if (argc < 2) {
        return error_set(error, ERROR_USAGE, "no command; there are: %s; see strayref --help",
                         name_list(arena, command_names(arena)));
    }
    if (parse_global(argv[1], done)) {
        return true;
    }
    command = find_command(argv[1]);
    if (command == NULL) {
        return refuse_command(arena, argv[1], error);
    }
    options->command = command->name;
    options->paths = ARENA_ARRAY(arena, const char *, room);
    options->rules = ARENA_ARRAY(arena, const char *, room);
    options->models = ARENA_ARRAY(arena, const char *, room);
    argc = split_flags(arena, argc, argv, options);
    return parse_options(arena, command, argc - 1, argv + 1, options, done, error) &&
           (*done || check_whole(command, options, error));
}

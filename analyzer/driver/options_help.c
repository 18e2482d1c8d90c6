/* options_help.c: what --help prints, from the tables of options_table.c. */
#include "base/embedded.h"
#include "driver/options.h"

void
print_help(void)
{
    printf("strayref %s: finds reference-count errors in C extensions for Python\n\n"
           "Usage: strayref COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n",
           STRAYREF_VERSION);
    for (const CommandHelp *command = command_help; command->name != NULL; command++) {
        printf("  %-10s  %s\n", command->name, command->summary);
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
    if (option->help != NULL) {
        printf("  %-22s  %s\n", left, option->help);
        return;
    }
    printf("  %-22s  how the report is written (default: by FILE's suffix, else text):\n",
           left);
    for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
        printf("  %-22s    %-9s %s\n", "", format->name, format->title);
    }
}

void
print_command_help(const CommandHelp *command)
{
    printf("strayref %s: %s\n\nUsage: strayref %s%s%s\n\nOptions:\n", command->name,
           command->summary, command->name, command->usage[0] != '\0' ? " " : "",
           command->usage);
    for (const OptionHelp *option = option_help; option->name != NULL; option++) {
        if (option->commands & command->bit) {
            print_option(option);
        }
    }
    printf("\n%s", command->text);
}

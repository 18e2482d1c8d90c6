/* options.h: the tables that the command line is parsed by (private to the driver).
 *
 * A new option is one line in option_help, one OPT_ here unless it has a letter, one case
 * in options_set.c.  A new command is one bit here, one entry in command_help and
 * one line in main.c.
 */
#ifndef STRAYREF_OPTIONS_H
#define STRAYREF_OPTIONS_H

#include "driver/driver.h"

/* One bit per command. */
enum { SCAN = 1, VERIFY = 2, DUMP = 4, EXPLAIN = 8, RULES = 16, FACTS = 32,
       BASELINE = 64, CONFIG = 128, FIX = 256, CACHE = 512, CAPTURE = 0x400, ANALYZE = 0x800, MERGE = 0x1000, CLASSES = 0x2000, COMPLETION = 0x4000,
       MAN = 0x8000, LSP = 0x10000, PLAN = 0x20000, ALL = 0x3ffff };

typedef struct CommandHelp {
    const char *name;
    unsigned bit;
    const char *usage;
    const char *summary;
    const char *text; /* what --help adds: details and examples */
} CommandHelp;

enum {
    OPT_RULE = 256,
    OPT_FORMAT,
    OPT_LINK,
    OPT_MODEL,
    OPT_PYTHON,
    OPT_TIMEOUT,
    OPT_NO_OVERLAY,
    OPT_NO_PREAMBLE,
    OPT_COLOR,
    OPT_IR,
    OPT_CFG,
    OPT_SUMMARY,
    OPT_SUMMARY_FILE,
    OPT_BLESS,
    OPT_FIXES,
    OPT_STATS,
    OPT_DRY_RUN,
    OPT_UNKNOWN,
    OPT_EXCLUDE_RULE,
    OPT_PROFILE,
    OPT_REACH,
    OPT_CONFIDENCE,
    OPT_FAIL_ON,
    OPT_REQUIRE_REASON,
    OPT_BASELINE,
    OPT_BASE,
    OPT_DIFF,
    OPT_CONFIG,
    OPT_NO_CONFIG,
    OPT_CACHE,
    OPT_NO_CACHE,
    OPT_STORE,
    OPT_SHARD,
    OPT_ROUND,
    OPT_NINJA,
    OPT_SLURM,
    OPT_TASKS,
};

typedef struct OptionHelp {
    const char *name;
    int id;          /* the letter of its short form, or OPT_... */
    const char *arg; /* NULL: takes none */
    unsigned commands;
    const char *help;
} OptionHelp;

#define EXIT_STATUS_TEXT                                                             \
    "Exit status:\n"                                                                 \
    "  0  nothing found\n"                                                           \
    "  1  findings (with --fail-on: such that it names)\n"                                                          \
    "  2  usage or configuration error\n"               \
    "  3  nothing found, but some file or function could not be analysed\n"

/* ---- options_table.c: all commands and all options, each ended by one without a name ---- */

extern const CommandHelp command_help[];
extern const OptionHelp option_help[];

/* The command with this name, or NULL. */
const CommandHelp *command_find(const char *name);
/* Names ended by NULL, for hints: of all commands; of all formats; of the options of a
 * command (a bit), with their dashes. */
const char *const *command_names(Arena *arena);
const char *const *format_names(Arena *arena);
const char *const *option_names(Arena *arena, unsigned command);

/* ---- options_help.c: the help texts, on standard output ---------------------------------- */

void print_help(void);
void print_command_help(const CommandHelp *command);

/* ---- options_set.c: one option into Options ---------------------------------------------- */

/* Applies the option 'id' (a letter or OPT_...) with its value.  False with 'error' set
 * when the value is wrong. */
bool option_set(Arena *arena, int id, const char *value, Options *options, Error *error);
/* "3.12" or "3.9,3.13" into Options; 'where' stands before the error. */
bool pythons_set(Arena *arena, const char *where, const char *text, Options *options, Error *error);

/* ---- options_check.c ---------------------------------------------------------------------- */

/* What no single option shows to be wrong: false with 'error' set. */
bool options_check(const CommandHelp *command, const Options *options, Error *error);

#endif

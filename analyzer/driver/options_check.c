/* options_check.c: what no single option shows to be wrong, command by command. */
#include "driver/options.h"

bool
options_check(const CommandHelp *command, const Options *options, Error *error)
{
    if (command->bit == DUMP && options->dump == NULL) {
        return error_set(error, ERROR_USAGE, "dump needs --ir, --cfg or --summary; "
                         "see strayref dump --help");
    }
    if ((command->bit & (SCAN | MERGE | BASELINE | CONFIG | FIX | LSP)) == 0 && options->npythons > 1) {
        return error_set(error, ERROR_USAGE, "%s takes one version of Python; scan takes "
                         "several", command->name);
    }
    if (command->bit == RULES && options->npaths > 0) {
        return error_set(error, ERROR_USAGE, "rules takes no argument; "
                         "'strayref explain %s' shows a rule", options->paths[0]);
    }
    if (command->bit == CACHE
        && (options->npaths != 1 || (!text_equal(options->paths[0], "info")
                                     && !text_equal(options->paths[0], "prune")))) {
        return error_set(error, ERROR_USAGE, "cache takes info or prune; see strayref cache --help");
    }
    if ((command->bit & (CAPTURE | ANALYZE | MERGE | PLAN)) != 0 && options->store == NULL) {
        return error_set(error, ERROR_USAGE, "%s needs --store DIR; see strayref %s --help",
                         command->name, command->name);
    }
    if (command->bit == PLAN && options->scheduler == NULL) {
        return error_set(error, ERROR_USAGE, "plan needs --ninja or --slurm; see strayref plan "
                         "--help");
    }
    if (options->cache != NULL && options->no_cache) {
        return error_set(error, ERROR_USAGE, "--cache and --no-cache exclude each other");
    }
    if (options->has_flags && options->database != NULL) {
        return error_set(error, ERROR_USAGE, "-p %s and flags after -- exclude each other: "
                         "the flags come from one of them", options->database);
    }
    return true;
}

/* options_table.c: all commands and all options, and the names in these tables. */
#include "driver/cache.h"
#include "driver/options.h"

const CommandHelp command_help[] = {
    {"scan", SCAN, "[-p DIR] [PATH...] [--format NAME] [--output FILE] [-- FLAGS]",
     "find reference-count errors in C files",
     "Without PATH the whole compilation database is scanned; it is looked for in the\n"
     "current folder, its build/ folder, and the same in each parent.  PATH, a file or a\n"
     "folder, narrows the scan.  A header is read through the files that include it.  A file\n"
     "that the database does not know is read with the include flags of the installed python3.\n"
     "Flags after -- go to the C parser instead.\n"
     "\n"
     "Examples:\n"
     "  strayref scan\n"
     "  strayref scan -p build src/list.c\n"
     "  strayref scan --output report.html\n"
     "  strayref scan pair.c -- -I/usr/include/python3.11 -DDEBUG\n"
     "  strayref scan --baseline strayref.baseline --fail-on error\n"
     "  git diff -U0 main... | strayref scan --diff -\n"
     "\n" EXIT_STATUS_TEXT},
    {"fix", FIX, "[--dry-run] [-p DIR] [PATH...] [-- FLAGS]",
     "apply the fixes that are verified",
     "A fix is applied only after the changed text was analysed again in memory, the\n"
     "finding was gone and nothing new had come.  Files that change meanwhile are not\n"
     "touched.  What is not fixed is said, with the reason.\n"
     "\n"
     "Examples:\n"
     "  strayref fix --dry-run                 show all fixes as a diff\n"
     "  strayref fix --rule leak src/list.c\n"
     "\n"
     "Exit status: 0 no finding is left, 1 some are, 2 usage error, 3 no finding is left, but\n"
     "some file could not be analysed.\n"},
    {"baseline", BASELINE, "write [--baseline FILE] [-p DIR] [PATH...]",
     "write the findings of today into a file of known ones",
     "A scan with --baseline FILE then reports and fails on new findings only, and names the\n"
     "entries that have become stale.  The file holds no line numbers and is sorted: commit it,\n"
     "and write it anew when findings are mended.  With PATH only what is found there is\n"
     "written anew.\n"
     "\n"
     "Examples:\n"
     "  strayref baseline write -p build\n"
     "  strayref scan -p build --baseline strayref.baseline\n"
     "\n"
     "Exit status: 0 written, 2 usage error, 3 written, but some file or function could not be\n"
     "analysed.\n"},
    {"config", CONFIG, "[-p DIR] [PATH...]",
     "print the configuration in force, and where each value comes from",
     "The nearest .strayref.yaml counts: in the folder of the compilation database or of PATH, or\n"
     "one above it.  What stands on the command line counts more.\n"},
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
    {"classes", CLASSES, "[-p DIR] [PATH...] [--format text|json] [-- FLAGS]",
     "list the extension types and what their fields hold",
     "For each type: its struct, flags and slots; for each field that holds an object:\n"
     "whether the instance owns it, what it can hold, and whether it is visited by\n"
     "tp_traverse, cleared by tp_clear and released by tp_dealloc.\n"
     "\n"
     "Examples:\n"
     "  strayref classes -p build\n"
     "  strayref classes -p build src/cursor.c --format json\n"},
    {"cache", CACHE, "info|prune [-p DIR] [--cache DIR]",
     "look at what earlier scans left, or drop what is old",
     "A scan keeps what it read in " CACHE_FOLDER " beside the database, and what has not changed\n"
     "is not read again.  prune drops what another version of strayref made and what was not\n"
     "used for 30 days.\n"
     "\n"
     "Examples:\n"
     "  strayref cache info -p build\n"
     "  strayref cache prune --cache ~/.cache/strayref\n"},
    {"lsp", LSP, "[-p DIR] [OPTIONS]", "serve an editor: findings while you type",
     "Speaks the Language Server Protocol on standard input and output; an editor starts it.\n"
     "Without -p each file's compile_commands.json is looked for as a scan does it.  Recipes\n"
     "for editors: reports/editors/README.md in the source of strayref.\n"},
    {"capture", CAPTURE, "--store DIR [--shard I/N] [-p DIR] [PATH...]",
     "read files into a store: the first stage of a scan",
     "The stages of a scan as commands of their own, for several machines or jobs of a pipeline:\n"
     "capture, analyze, merge.  Each takes what is in the store and makes what is missing, so that\n"
     "any may be repeated or left out.  Stores may be put together by copying.\n"
     "\n"
     "Examples:\n"
     "  strayref capture --store store --shard 1/4\n"
     "  strayref merge --store store --output report.md\n"
     "\n"
     "Exit status: 0 captured, 2 usage error, 3 some file could not be read.\n"},
    {"analyze", ANALYZE, "--store DIR [--shard I/N] [--round I/N] [-p DIR]",
     "analyse functions into a store: the second stage",
     "All files are read from the store; the functions of one shard of one round are analysed,\n"
     "and what they need that is not there.\n"
     "\n"
     "Example:\n"
     "  strayref analyze --store store --round 1/3 --shard 1/4\n"
     "\n"
     "Exit status: 0 analysed, 2 usage error, 3 the store could not be written.\n"},
    {"merge", MERGE, "--store DIR [-p DIR] [PATH...] [--output FILE]",
     "report what the stages have found: the last stage",
     "The report is that of strayref scan, to the byte.\n"
     "\n" EXIT_STATUS_TEXT},
    {"plan", PLAN, "--ninja|--slurm --store DIR [--tasks N] [-p DIR]",
     "write the stages down for a scheduler",
     "Examples:\n"
     "  strayref plan --ninja --store store > build.ninja && ninja report.json\n"
     "  strayref plan --slurm --store /shared/store --tasks 64 | sh -s -- --time=10\n"},
    {"completion", COMPLETION, "bash|zsh|fish", "print a script that completes command lines",
     "Examples:\n"
     "  eval \"$(strayref completion bash)\"            in ~/.bashrc\n"
     "  eval \"$(strayref completion zsh)\"             in ~/.zshrc, after compinit\n"
     "  strayref completion fish | source             in config.fish\n"},
    {"man", MAN, "[strayref | strayref.yaml]", "print a page of the manual in the language of man",
     "Example:\n"
     "  strayref man | man -l -\n"},
    {0},
};

/* Commands that show findings as a scan does, and those that read and analyse files. */
enum {
    STAGES = CAPTURE | ANALYZE | MERGE,
    GATED = SCAN | STAGES | BASELINE | CONFIG | FIX | LSP,
    CACHED = SCAN | DUMP | CLASSES | FIX | BASELINE | FACTS | LSP,
    ANALYSING = SCAN | STAGES | VERIFY | DUMP | CLASSES | FIX | BASELINE | LSP,
};

const OptionHelp option_help[] = {
    {"ir", OPT_IR, NULL, DUMP, "the intermediate representation of each function"},
    {"cfg", OPT_CFG, NULL, DUMP, "its control-flow graph, for Graphviz dot"},
    {"summary", OPT_SUMMARY, NULL, DUMP, "what it does to references, as facts"},
    {"unknown", OPT_UNKNOWN, NULL, FACTS,
     "callees of a project that take or return objects and that nobody knows"},
    {"database", 'p', "DIR", GATED | DUMP | FACTS | CLASSES | CACHE | PLAN,
     "folder of compile_commands.json, or that file"},
    {"format", OPT_FORMAT, "NAME", SCAN | MERGE, NULL},
    {"format", OPT_FORMAT, "NAME", CLASSES, "text (default) or json"},
    {"output", 'o', "FILE", SCAN | MERGE,
     "write a report to FILE, in the format of its suffix or as\n"
     "                          FORMAT=FILE; '-' is standard output; may be repeated"},
    {"summary", OPT_SUMMARY_FILE, "FILE", SCAN | MERGE,
     "write a summary of less than 60 lines of Markdown to FILE"},
    {"link", OPT_LINK, "TEMPLATE", SCAN | MERGE | CONFIG,
     "link places in Markdown and HTML reports, for example\n"
     "                          https://host/{path}#L{line}"},
    {"rule", OPT_RULE, "ID", SCAN | MERGE | FIX | LSP, "report only this rule; may be repeated"},
    {"exclude-rule", OPT_EXCLUDE_RULE, "ID", SCAN | MERGE | FIX | LSP,
     "do not report this rule; may be repeated"},
    {"profile", OPT_PROFILE, "NAME", GATED,
     "what is shown: default (nothing that needs a failed allocation, a\n"
     "                          misused protocol or low confidence), strict (all of it),\n"
     "                          crash-only (errors of the default) or free-threading (the default\n"
     "                          and what is wrong without the GIL)"},
    {"reach", OPT_REACH, "WORD", GATED,
     "show what is reached so or more easily: ordinary, error, init, oom,\n"
     "                          protocol or all"},
    {"confidence", OPT_CONFIDENCE, "WORD", GATED,
     "show what is concluded so or more surely: high, medium, low"},
    {"fail-on", OPT_FAIL_ON, "SPEC", SCAN | MERGE | CONFIG,
     "which findings give exit status 1: error, warning, note, rule=ID,\n"
     "                          reach=WORD, confidence=WORD; with commas all must hold; may be\n"
     "                          repeated, then one suffices; never"},
    {"baseline", OPT_BASELINE, "FILE", GATED,
     "findings listed there are known; strayref baseline write makes it"},
    {"base", OPT_BASE, "REF", SCAN | MERGE,
     "findings that this revision of git has already are known"},
    {"diff", OPT_DIFF, "FILE", SCAN | MERGE,
     "only findings on lines that this unified diff changes; '-' reads it\n"
     "                          from standard input"},
    {"require-reason", OPT_REQUIRE_REASON, NULL, SCAN | MERGE | CONFIG | LSP,
     "report suppressions in the source that give no reason"},
    {"config", OPT_CONFIG, "FILE", GATED,
     "the configuration file (default: the nearest .strayref.yaml)"},
    {"no-config", OPT_NO_CONFIG, NULL, GATED, "read no configuration file"},
    {"model", OPT_MODEL, "FILE", ANALYSING | FACTS | CONFIG,
     "ownership facts of your own functions; may be repeated"},
    {"python", OPT_PYTHON, "VERSION", ANALYSING | FACTS | CONFIG,
     "facts for this Python, such as 3.12 (default: that of the headers);\n"
     "                          scan takes several: 3.9,3.13"},
    {"jobs", 'j', "N", ANALYSING,
     "files parsed at a time (default: one per core)"},
    {"timeout", OPT_TIMEOUT, "SECONDS", ANALYSING,
     "longest time for parsing one file (default: 120)"},
    {"cache", OPT_CACHE, "DIR", CACHED | CACHE,
     "keep what was read in DIR, for the next scan (default:\n"
     "                          " CACHE_FOLDER " beside the database)"},
    {"store", OPT_STORE, "DIR", SCAN | STAGES | PLAN,
     "keep what was read and found as files in DIR, for other machines to go\n"
     "                          on with, instead of in the cache"},
    {"shard", OPT_SHARD, "I/N", CAPTURE | ANALYZE, "do only part I of N, from 1"},
    {"round", OPT_ROUND, "I/N", ANALYZE,
     "do only round I of N: callees come in earlier rounds"},
    {"ninja", OPT_NINJA, NULL, PLAN, "as a build.ninja"},
    {"slurm", OPT_SLURM, NULL, PLAN, "as a script that submits job arrays to Slurm"},
    {"tasks", OPT_TASKS, "N", PLAN, "tasks at a time (default: 8)"},
    {"no-cache", OPT_NO_CACHE, NULL, CACHED, "read all files anew, and keep nothing"},
    {"no-overlay", OPT_NO_OVERLAY, NULL, SCAN | STAGES | VERIFY | DUMP | FIX | BASELINE,
     "see macros such as Py_CLEAR expanded, not as calls"},
    {"no-preamble", OPT_NO_PREAMBLE, NULL, SCAN | STAGES | DUMP | FIX | BASELINE,
     "do not compile once what several files begin with"},
    {"fixes", OPT_FIXES, NULL, SCAN | MERGE, "look for verified fixes and report them as diffs; takes longer"},
    {"stats", OPT_STATS, NULL, SCAN, "say at the end what each stage has cost in CPU time"},
    {"dry-run", OPT_DRY_RUN, NULL, FIX, "print the fixes as a diff, write nothing"},
    {"bless", OPT_BLESS, NULL, VERIFY, "rewrite expected output that is kept in the files"},
    {"color", OPT_COLOR, "WHEN", SCAN | MERGE | EXPLAIN, "auto, always or never (default: auto)"},
    {"verbose", 'v', NULL, SCAN | MERGE | VERIFY | DUMP | FACTS | FIX | BASELINE,
     "tell more, such as every message of the parser"},
    {"help", 'h', NULL, ALL, "show this text"},
    {0},
};

const CommandHelp *
command_find(const char *name)
{
    for (const CommandHelp *command = command_help; command->name != NULL; command++) {
        if (text_equal(command->name, name)) {
            return command;
        }
    }
    return NULL;
}

const char *const *
command_names(Arena *arena)
{
    VEC(const char *) names = {0};

    for (const CommandHelp *command = command_help; command->name != NULL; command++) {
        VEC_PUSH(arena, &names, command->name);
    }
    VEC_PUSH(arena, &names, NULL);
    return names.at;
}

const char *const *
format_names(Arena *arena)
{
    VEC(const char *) names = {0};

    for (const ReportFormat *format = report_formats; format->name != NULL; format++) {
        VEC_PUSH(arena, &names, format->name);
    }
    VEC_PUSH(arena, &names, NULL);
    return names.at;
}

const char *const *
option_names(Arena *arena, unsigned command)
{
    VEC(const char *) names = {0};

    for (const OptionHelp *option = option_help; option->name != NULL; option++) {
        if (option->commands & command) {
            VEC_PUSH(arena, &names, arena_printf(arena, "--%s", option->name));
        }
    }
    VEC_PUSH(arena, &names, NULL);
    return names.at;
}

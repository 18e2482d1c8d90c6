/* dump.c: what strayref sees in a file: its IR, its control-flow graphs, or
 * the summaries computed for its functions, in the language of facts.
 */
#include "driver/driver.h"

#include <string.h>

/* Prints every function of every unit through 'print'. */
static void
dump_functions(const Scan *scan, void (*print)(const Fn *fn, StrBuf *out), StrBuf *out)
{
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Unit *unit = scan->units[i];

        for (uint32_t k = 0; k < unit->fns.n; k++) {
            print(unit->fns.at[k], out);
        }
    }
}

static void
dump_summaries(const Scan *scan, StrBuf *out)
{
    const Program *program = scan->program;

    for (uint32_t i = 0; i < program->nfns; i++) {
        const Decl *decl = program->fns[i]->decl;
        const Summary *summary = model_find(scan->model, decl->name, decl->usr);

        if (summary != NULL && summary->origin == ORIGIN_COMPUTED) {
            facts_print(summary, out);
        }
    }
}

static int
exit_code(const Scan *scan)
{
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        if (scan->units[i]->status == UNIT_FAILED) {
            return EXIT_INCOMPLETE;
        }
    }
    return scan->gaps.n > 0 ? EXIT_INCOMPLETE : EXIT_CLEAN;
}

int
command_dump(Arena *arena, const Options *options)
{
    bool summaries = text_equal(options->dump, "summary");
    Error error = {0};
    Scan scan;
    StrBuf out;

    if (!(summaries ? scan_run : scan_capture)(arena, options, &scan, &error)) {
        return say_error(&error);
    }
    strbuf_init(&out, arena);
    if (summaries) {
        dump_summaries(&scan, &out);
    }
    else {
        dump_functions(&scan, text_equal(options->dump, "cfg") ? cfg_print_dot : fn_print, &out);
    }
    fwrite(out.text, 1, out.length, stdout);
    return exit_code(&scan);
}

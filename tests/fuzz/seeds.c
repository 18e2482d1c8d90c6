/* seeds.c: what the fuzzers start from: seeds [--packed] FOLDER FILE... writes to FOLDER, for
 * each FILE.c its unit in text form, for each FILE.facts one text per fact, or the bytes that
 * processes send each other.  All of them are accepted by the readers, else this program fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"
#include "engine/pack.h"
#include "model/model.h"

typedef struct Seeds {
    Arena *arena;
    Strings *strings;
    const char *folder;
    const char *source; /* the file at hand */
    unsigned number;    /* of the next seed */
    bool packed;
    bool failed;
} Seeds;

static void
fail(Seeds *seeds, const char *why)
{
    fprintf(stderr, "seeds: %s: %s\n", seeds->source, why);
    seeds->failed = true;
}

static void
write_seed(Seeds *seeds, const StrBuf *text)
{
    const char *path = arena_printf(seeds->arena, "%s/%u", seeds->folder, seeds->number++);
    Error error = {.code = ERROR_NONE};

    if (!file_write(path, text->text, text->length, &error)) {
        fail(seeds, error.text);
    }
}

static void
seed_unit(Seeds *seeds)
{
    static const char *const flags[] = {"-Ifixtures/include"};
    Job job = job_for_file(seeds->arena, seeds->strings, seeds->source, flags, 1);
    Error error = {.code = ERROR_NONE};
    StrBuf text;

    strbuf_init(&text, seeds->arena);
    unit_print(capture_unit(seeds->arena, seeds->strings, &job, NULL, NULL), &text);
    if (unit_read(seeds->arena, seeds->strings, seeds->source, text.text, text.length, &error)
        == NULL) {
        fail(seeds, error.text);
    }
    write_seed(seeds, &text);
}

static void
seed_fact(void *payload, Summary *summary)
{
    Seeds *seeds = payload;
    StrBuf text;

    if (seeds->packed) {
        Packer pack;

        pack_start(&pack, seeds->arena);
        pack_told(&pack, summary);
        write_seed(seeds, &pack.out);
        return;
    }
    strbuf_init(&text, seeds->arena);
    facts_print(summary, &text);
    write_seed(seeds, &text);
}

static void
skip_global(void *payload, GlobalFact *fact)
{
    (void)payload;
    (void)fact;
}

static void
fail_fact(void *payload, const char *message)
{
    fail(payload, message);
}

static void
seed_facts(Seeds *seeds)
{
    FactSink sink = {seed_fact, skip_global, fail_fact, seeds};
    Error error = {.code = ERROR_NONE};
    char *text = file_read(seeds->arena, seeds->source, NULL, &error);

    if (text == NULL) {
        fail(seeds, error.text);
        return;
    }
    facts_read(seeds->arena, seeds->strings, seeds->source, text, &sink);
}

int
main(int argc, char **argv)
{
    bool packed = argc > 1 && strcmp(argv[1], "--packed") == 0;
    int first = packed ? 2 : 1;
    Seeds seeds = {.arena = arena_new(), .folder = argc > first ? argv[first] : ".",
                   .packed = packed};

    seeds.strings = strings_new(seeds.arena);
    for (int i = first + 1; i < argc; i++) {
        const char *suffix = strrchr(argv[i], '.');

        seeds.source = argv[i];
        (suffix != NULL && strcmp(suffix, ".facts") == 0 ? seed_facts : seed_unit)(&seeds);
    }
    arena_free(seeds.arena);
    return seeds.failed || seeds.number == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

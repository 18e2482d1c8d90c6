/* seeds.c: what fuzz_ir_read starts from: seeds FOLDER FILE.c... writes the unit of
 * each file, in its text form, to FOLDER/N.ir.
 */
#include <stdio.h>
#include <stdlib.h>

#include "capture/capture.h"

static bool
write_file(const char *path, const StrBuf *text)
{
    FILE *file = fopen(path, "w");
    bool good;

    if (file == NULL) {
        return false;
    }
    good = fwrite(text->text, 1, text->length, file) == text->length;
    return fclose(file) == 0 && good;
}

static bool
write_seed(const char *folder, int number, const char *source)
{
    static const char *const flags[] = {"-Ifixtures/include"};
    Arena *arena = arena_new();
    Strings *strings = strings_new(arena);
    Job job = job_for_file(arena, strings, source, flags, 1);
    StrBuf text;
    bool good;

    strbuf_init(&text, arena);
    unit_print(capture_unit(arena, strings, &job, NULL, NULL), &text);
    good = write_file(arena_printf(arena, "%s/%d.ir", folder, number), &text);
    arena_free(arena);
    return good;
}

int
main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (!write_seed(argv[1], i - 1, argv[i])) {
            fprintf(stderr, "seeds: cannot write the seed of %s\n", argv[i]);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

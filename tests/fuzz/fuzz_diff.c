/* fuzz_diff.c: any bytes as a unified diff; the lines that it gives stand in order. */
#include <stdlib.h>
#include <string.h>

#include "driver/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new();
    const char *text = arena_strndup(arena, (const char *)bytes, size);
    Error error = {.code = ERROR_NONE};
    Changes changes;

    if (!diff_parse(arena, "fuzz", text, &changes, &error)) {
        if (!text_starts(error.text, "fuzz:")) {
            abort();
        }
        changes.files.n = 0;
    }
    for (uint32_t i = 0; i < changes.files.n; i++) {
        const ChangedFile *file = &changes.files.at[i];

        for (uint32_t k = 0; k < file->spans.n; k++) {
            if (file->spans.at[k].first > file->spans.at[k].last) {
                abort();
            }
        }
    }
    arena_free(arena);
    return 0;
}

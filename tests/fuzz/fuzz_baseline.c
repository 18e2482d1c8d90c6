/* fuzz_baseline.c: any bytes as a baseline; what is one must print to a text that reads and
 * prints the same.
 */
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
    Baseline baseline, again;
    StrBuf first, second;

    if (baseline_parse(arena, "fuzz", text, &baseline, &error)) {
        strbuf_init(&first, arena);
        baseline_print(arena, &baseline, &first);
        if (!baseline_parse(arena, "printed", first.text, &again, &error)) {
            abort();
        }
        strbuf_init(&second, arena);
        baseline_print(arena, &again, &second);
        if (!text_equal(first.text, second.text)) {
            abort();
        }
    }
    else if (!text_starts(error.text, "fuzz:")) {
        abort();
    }
    arena_free(arena);
    return 0;
}

/* fuzz_config.c: any bytes as .strayref.yaml; it is read, or an error says where it is wrong. */
#include <stdlib.h>
#include <string.h>

#include "driver/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new();
    const char *text = arena_strndup(arena, (const char *)bytes, size);
    Error error = {.code = ERROR_NONE};
    ConfigFile file;
    uint32_t line, col;

    if (!config_read(arena, "fuzz", text, &file, &error)
        && (error.code == ERROR_NONE || !text_starts(error.text, "fuzz:"))) {
        abort();
    }
    for (size_t i = 0; config_keys[i] != NULL; i++) {
        config_place(text, config_keys[i], &line, &col);
        if (line == 0 || col == 0) {
            abort();
        }
    }
    arena_free(arena);
    return 0;
}

/* fuzz_comments.c: any bytes as C or C++ source: its comments stand inside it, in order, and
 * what they suppress is read.
 */
#include <stdlib.h>
#include <string.h>

#include "driver/suppress.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check(Arena *arena, const char *text, size_t size, bool cxx)
{
    SourceComments source = {0};
    Suppressions found = {0};
    const char *end = text;

    comments_read(arena, text, size, cxx, &source);
    for (uint32_t i = 0; i < source.comments.n; i++) {
        const Comment *comment = &source.comments.at[i];

        if (comment->text < end || comment->text + comment->length > text + size
            || comment->line == 0 || comment->last_line < comment->line) {
            abort();
        }
        end = comment->text + comment->length;
        suppressions_read(arena, comment, &found);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new();
    const char *text = arena_strndup(arena, (const char *)bytes, size);

    check(arena, text, size, false);
    check(arena, text, size, true);
    arena_free(arena);
    return 0;
}

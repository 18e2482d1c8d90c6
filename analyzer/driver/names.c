/* names.c: words that were meant to be names of ours: which one is the closest. */
#include <string.h>

#include "driver/driver.h"

#define NAME_MAX_LENGTH 40

/* Edits (one letter added, dropped or changed) that turn 'a' into 'b'. */
static size_t
edit_distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LENGTH + 1];
    size_t nb = strlen(b);

    if (strlen(a) > NAME_MAX_LENGTH || nb > NAME_MAX_LENGTH) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= nb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            size_t add = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = change < add ? change : add;
        }
    }
    return row[nb];
}

const char *
name_closest(const char *word, const char *const *names)
{
    size_t best = strlen(word) / 3 + 2; /* fewer edits than this count as close */
    const char *closest = NULL;

    for (; *names != NULL; names++) {
        size_t distance = edit_distance(word, *names);

        if (distance < best) {
            best = distance;
            closest = *names;
        }
    }
    return closest;
}

const char *
name_hint(Arena *arena, const char *word, const char *const *names)
{
    const char *name = name_closest(word, names);

    return name == NULL ? "" : arena_printf(arena, " (did you mean %s?)", name);
}

const char *
name_list(Arena *arena, const char *const *names)
{
    StrBuf out;

    strbuf_init(&out, arena);
    for (; *names != NULL; names++) {
        strbuf_printf(&out, "%s%s", out.length > 0 ? ", " : "", *names);
    }
    return out.text;
}

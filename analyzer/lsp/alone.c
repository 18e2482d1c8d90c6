/* alone.c: the words of a function against those around it. */
#include "lsp/alone.h"

#include <ctype.h>
#include <string.h>

/* ---- words --------------------------------------------------------------------------- */

static bool
is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The next word at or behind *at; false when there is none before 'end'. */
static bool
next_word(const char *text, uint32_t *at, uint32_t end, uint64_t *hash)
{
    uint32_t start;

    for (;;) {
        while (*at < end && !is_letter(text[*at])) {
            ++*at;
        }
        start = *at;
        while (*at < end && is_letter(text[*at])) {
            ++*at;
        }
        if (start == *at) {
            return false;
        }
        if (!isdigit((unsigned char)text[start])) {
            *hash = hash_bytes(text + start, *at - start, 0);
            return true;
        }
    }
}

static void
put(Map *map, uint64_t hash)
{
    *map_put(map, hash) = map;
}

static void
put_words(Map *map, const char *text, uint32_t start, uint32_t end)
{
    uint64_t hash;

    while (next_word(text, &start, end, &hash)) {
        put(map, hash);
    }
}

/* Notes the names in lines '#define NAME' and '#undef NAME'. */
static void
put_macros(Map *map, const char *text, uint32_t start, uint32_t end)
{
    uint64_t define = hash_bytes("define", 6, 0), undef = hash_bytes("undef", 5, 0);

    while (start < end) {
        const char *sign = memchr(text + start, '#', end - start);
        uint64_t word, name;

        if (sign == NULL) {
            return;
        }
        start = (uint32_t)(sign - text) + 1;
        if (next_word(text, &start, end, &word) && (word == define || word == undef)
            && next_word(text, &start, end, &name)) {
            put(map, name);
        }
    }
}

/* ---- a file ------------------------------------------------------------------------------- */

void
alone_start(Alone *alone, Arena *arena, const BodyText *whole)
{
    *alone = (Alone){.arena = arena, .whole = whole, .at = whole->nspan};
    map_init(&alone->macros, arena);
    map_init(&alone->functions, arena);
}

void
alone_add_file(Alone *alone, const char *text, size_t length)
{
    put_macros(&alone->macros, text, 0, (uint32_t)length);
}

void
alone_add_function(Alone *alone, const char *name)
{
    put(&alone->functions, hash_bytes(name, strlen(name), 0));
}

/* ---- a function --------------------------------------------------------------------------- */

/* Looks at the text around body 'i'. */
static void
look_around(Alone *alone, uint32_t i)
{
    const BodyText *whole = alone->whole;

    alone->at = i;
    map_init(&alone->before, alone->arena);
    map_init(&alone->after, alone->arena);
    map_init(&alone->macros_after, alone->arena);
    map_init(&alone->own, alone->arena);
    for (uint32_t k = 0; k <= whole->nspan; k++) {
        uint32_t start = k > 0 ? whole->span[k - 1].end : 0;
        uint32_t end = k < whole->nspan ? whole->span[k].start : whole->length;

        put_words(k <= i ? &alone->before : &alone->after, whole->text, start, end);
    }
    put_macros(&alone->macros_after, whole->text, whole->span[i].end, whole->length);
    put_words(&alone->own, whole->text, whole->span[i].start, whole->span[i].end);
}

bool
alone_is_safe(Alone *alone, uint32_t i, const BodyText *now)
{
    uint32_t at = now->span[i].start;
    uint64_t word;

    if (alone->at != i) {
        look_around(alone, i);
    }
    while (next_word(now->text, &at, now->span[i].end, &word)) {
        bool is_new = map_get(&alone->own, word) == NULL;
        bool is_late = map_get(&alone->after, word) != NULL
                       || map_get(&alone->functions, word) != NULL;

        if (map_get(&alone->macros_after, word) != NULL || map_get(&alone->macros, word) != NULL
            || (is_new && is_late && map_get(&alone->before, word) == NULL)) {
            return false;
        }
    }
    return true;
}

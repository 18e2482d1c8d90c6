/* str.c: interned strings, strings under construction, and small comparisons.
 *
 * The intern table is an open-addressing hash over arena memory: equal text
 * gives the same pointer for as long as the arena lives.
 */
#include "base/base.h"

#include <string.h>

typedef struct Entry {
    uint64_t hash;
    size_t length;
    char *text; /* NULL = free */
} Entry;

struct Strings {
    Arena *arena;
    Entry *at;
    uint32_t n, slots; /* entries used; slots: power of two */
};

/* ---- interning ---------------------------------------------------------- */

Strings *
strings_new(Arena *arena)
{
    Strings *strings = ARENA_NEW(arena, Strings);

    strings->arena = arena;
    strings->slots = 256;
    strings->at = ARENA_ARRAY(arena, Entry, strings->slots);
    return strings;
}

/* The entry that holds this text, or the free one where it belongs. */
static Entry *
strings_find(const Strings *strings, const char *text, size_t length, uint64_t hash)
{
    uint32_t mask = strings->slots - 1;
    uint32_t i = (uint32_t)hash & mask;

    for (;; i = (i + 1) & mask) {
        Entry *entry = &strings->at[i];

        if (entry->text == NULL
            || (entry->hash == hash && entry->length == length
                && memcmp(entry->text, text, length) == 0)) {
            return entry;
        }
    }
}

static void
strings_grow(Strings *strings)
{
    Entry *old = strings->at;
    uint32_t slots = strings->slots;

    strings->slots = slots * 2;
    strings->at = ARENA_ARRAY(strings->arena, Entry, strings->slots);
    for (uint32_t i = 0; i < slots; i++) {
        if (old[i].text != NULL) {
            *strings_find(strings, old[i].text, old[i].length, old[i].hash) = old[i];
        }
    }
}

Str
str_intern_n(Strings *strings, const char *text, size_t length)
{
    uint64_t hash;
    Entry *entry;

    length = strnlen(text, length);
    hash = hash_bytes(text, length, 0);
    entry = strings_find(strings, text, length, hash);
    if (entry->text == NULL) {
        char *copy = arena_strndup(strings->arena, text, length);

        *entry = (Entry){.hash = hash, .length = length, .text = copy};
        if (++strings->n > strings->slots / 2) {
            strings_grow(strings);
        }
        return copy;
    }
    return entry->text;
}

Str
str_intern(Strings *strings, const char *text)
{
    assert(text != NULL);
    return str_intern_n(strings, text, strlen(text));
}

/* Formats into 'small' when it fits, else into the arena. */
static const char *
format_text(Arena *arena, char *small, size_t size, const char *format, va_list args)
{
    va_list again;
    int length;
    char *text = small;

    va_copy(again, args);
    length = vsnprintf(small, size, format, args);
    assert(length >= 0);
    if ((size_t)length >= size) {
        text = arena_alloc(arena, (size_t)length + 1);
        vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}

Str
str_internf(Strings *strings, const char *format, ...)
{
    char small[256];
    va_list args;
    const char *text;

    va_start(args, format);
    text = format_text(strings->arena, small, sizeof(small), format, args);
    va_end(args);
    return str_intern(strings, text);
}

/* ---- strings under construction ------------------------------------------- */

void
strbuf_init(StrBuf *buf, Arena *arena)
{
    buf->arena = arena;
    buf->length = 0;
    buf->capacity = 64;
    buf->text = arena_alloc(arena, buf->capacity);
}

/* Makes room for 'more' bytes and the NUL. */
static void
strbuf_reserve(StrBuf *buf, size_t more)
{
    size_t needed = buf->length + more + 1;
    char *grown;

    assert(needed > more);
    if (needed <= buf->capacity) {
        return;
    }
    while (buf->capacity < needed) {
        buf->capacity = buf->capacity <= SIZE_MAX / 2 ? buf->capacity * 2 : needed;
    }
    grown = arena_alloc(buf->arena, buf->capacity);
    memcpy(grown, buf->text, buf->length);
    buf->text = grown;
}

void
strbuf_add(StrBuf *buf, const char *text, size_t length)
{
    if (length == 0) {
        return;
    }
    strbuf_reserve(buf, length);
    memcpy(buf->text + buf->length, text, length);
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void
strbuf_puts(StrBuf *buf, const char *text)
{
    strbuf_add(buf, text, strlen(text));
}

void
strbuf_putc(StrBuf *buf, char c)
{
    strbuf_add(buf, &c, 1);
}

void
strbuf_printf(StrBuf *buf, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);

    strbuf_reserve(buf, (size_t)length);
    va_start(args, format);
    vsnprintf(buf->text + buf->length, (size_t)length + 1, format, args);
    va_end(args);
    buf->length += (size_t)length;
}

void
strbuf_clear(StrBuf *buf)
{
    buf->length = 0;
    buf->text[0] = '\0';
}

/* ---- comparisons ------------------------------------------------------------ */

bool
text_equal(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
text_ends(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t tail = strlen(suffix);

    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

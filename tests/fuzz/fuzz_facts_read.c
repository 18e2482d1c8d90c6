/* fuzz_facts_read.c: any bytes through the facts reader; what it accepts must
 * print to a text that reads without complaint and prints the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What one reading prints to, and how much of it there was. */
typedef struct Reading {
    StrBuf out;
    uint32_t facts;
    uint32_t errors;
} Reading;

static void
print_fact(void *payload, Summary *summary)
{
    Reading *reading = payload;

    reading->facts++;
    facts_print(summary, &reading->out);
}

static void
ignore_global(void *payload, GlobalFact *fact)
{
    (void)payload;
    (void)fact;
}

static void
count_error(void *payload, const char *message)
{
    Reading *reading = payload;

    if (message[0] == '\0') {
        abort();
    }
    reading->errors++;
}

static Reading
read_and_print(Arena *arena, Strings *strings, const char *text)
{
    Reading reading = {.facts = 0};
    FactSink sink = {print_fact, ignore_global, count_error, &reading};

    strbuf_init(&reading.out, arena);
    sink.payload = &reading;
    facts_read(arena, strings, "fuzz", text, &sink);
    return reading;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new();
    Strings *strings = strings_new(arena);
    char *text = arena_strndup(arena, (const char *)bytes, size);
    Reading first = read_and_print(arena, strings, text);

    if (first.facts > 0) {
        Reading again;

        text = arena_strndup(arena, first.out.text, first.out.length);
        again = read_and_print(arena, strings, text);
        if (again.errors > 0 || again.facts != first.facts
            || again.out.length != first.out.length
            || memcmp(again.out.text, first.out.text, first.out.length) != 0) {
            fprintf(stderr, "printed:\n%.*s\nand again:\n%.*s\n", (int)first.out.length,
                    first.out.text, (int)again.out.length, again.out.text);
            abort();
        }
    }
    arena_free(arena);
    return 0;
}

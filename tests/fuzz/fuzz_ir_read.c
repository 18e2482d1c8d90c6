/* fuzz_ir_read.c: any bytes through the IR reader; what it accepts must print
 * to a text that reads and prints the same, and must have a flow and a drawing.
 */
#include <stdlib.h>
#include <string.h>

#include "flow/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check_round_trip(Arena *arena, Strings *strings, const Unit *unit)
{
    StrBuf first, second;
    Unit *again;

    strbuf_init(&first, arena);
    unit_print(unit, &first);
    again = unit_read(arena, strings, "printed", first.text, first.length, NULL);
    if (again == NULL) {
        abort();
    }
    strbuf_init(&second, arena);
    unit_print(again, &second);
    if (first.length != second.length || memcmp(first.text, second.text, first.length) != 0) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new();
    Strings *strings = strings_new(arena);
    Unit *unit = unit_read(arena, strings, "fuzz", (const char *)bytes, size, NULL);

    if (unit != NULL) {
        StrBuf out;

        check_round_trip(arena, strings, unit);
        program_link(arena, &unit, 1);
        strbuf_init(&out, arena);
        for (uint32_t i = 0; i < unit->fns.n; i++) {
            cfg_print_dot(unit->fns.at[i], &out);
        }
    }
    arena_free(arena);
    return 0;
}

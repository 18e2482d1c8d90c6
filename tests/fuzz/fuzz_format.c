/* fuzz_format.c: any text as the format of PyArg_Parse* and Py_BuildValue: what is malformed has
 * a place, and what is not has its arguments.
 */
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check(const char *format, bool parse)
{
    FormatArg args[PARAM_MAX];
    const char *problem = format_problem(format, parse);
    int n = format_args(format, parse, args, PARAM_MAX);

    if (problem != NULL && (problem < format || problem > format + strlen(format))) {
        abort();
    }
    if ((problem == NULL) != (n >= 0)) {
        abort();
    }
    format_items(format);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Arena *arena = arena_new();
    const char *format = arena_strndup(arena, (const char *)bytes, size);

    check(format, true);
    check(format, false);
    arena_free(arena);
    return 0;
}

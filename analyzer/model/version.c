/* version.c: Python versions between text ("3.11") and number (311). */

#include "model/model.h"

/* Reads up to three digits; -1 when there is none or too many. */
static int
read_number(const char **at)
{
    int value = 0, digits = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        value = value * 10 + (**at - '0');
        if (++digits > 3) {
            return -1;
        }
    }
    return digits > 0 ? value : -1;
}

Version
version_parse(const char *text)
{
    int major = read_number(&text);
    if (major < 1 || major > 99 || *text++ != '.') {
        return 0;
    }
    int minor = read_number(&text);
    if (minor < 0 || minor > 99) {
        return 0;
    }
    if (*text == '.') { /* "3.11.2": the last part decides nothing */
        text++;
        if (read_number(&text) < 0) {
            return 0;
        }
    }
    return *text == '\0' ? (Version)(major * 100 + minor) : 0;
}

const char *
version_text(Arena *arena, Version version)
{
    return arena_printf(arena, "%d.%d", version / 100, version % 100);
}

/* format.c: the format strings of PyArg_Parse* and Py_BuildValue -> the kinds
 * of the variadic arguments they consume, in order.
 *
 * The units are those of the manual (c-api/arg), for all Pythons: a unit that
 * only some versions know is still read.
 */
#include "model/model.h"

#include <string.h>

#define NESTING_MAX 30 /* that of CPython */

typedef struct Format {
    const char *at;
    FormatArg *out;
    int max, n;
    bool optional;
    uint16_t item;
} Format;

static bool
push(Format *f, FormatArgKind kind, char unit)
{
    if (f->n < f->max) {
        f->out[f->n] = (FormatArg){.kind = kind, .optional = f->optional, .unit = unit,
                                   .item = f->item};
    }
    f->n++;
    return true;
}

static bool
accept(Format *f, char c)
{
    if (*f->at != c) {
        return false;
    }
    f->at++;
    return true;
}

/* A pointer to text, NULL for None when 'unit' says so; with '#' its length follows. */
static bool
push_sized(Format *f, char unit)
{
    push(f, FORMAT_ARG_VALUE, unit);
    if (f->n <= f->max) {
        f->out[f->n - 1].text = unit == 's' || unit == 'y' || unit == 'u';
    }
    return !accept(f, '#') || push(f, FORMAT_ARG_VALUE, '#');
}

static bool
push_converter(Format *f)
{
    return push(f, FORMAT_ARG_CONVERTER, '&') && push(f, FORMAT_ARG_CONVERTED, '&');
}

/* ---- PyArg_Parse* ------------------------------------------------------- */

/* es, et, es#, et#: encoding, memory, length. */
static bool
parse_encoded(Format *f)
{
    if (!accept(f, 's') && !accept(f, 't')) {
        return false;
    }
    push(f, FORMAT_ARG_VALUE, 'e');
    push(f, FORMAT_ARG_MEMORY, 'e');
    return !accept(f, '#') || push(f, FORMAT_ARG_VALUE, '#');
}

static bool
parse_unit(Format *f, char unit)
{
    switch (unit) {
    case 's': case 'z': case 'y':
        return accept(f, '*') ? push(f, FORMAT_ARG_BUFFER, '*') : push_sized(f, unit);
    case 'w':
        return accept(f, '*') && push(f, FORMAT_ARG_BUFFER, '*');
    case 'u': case 'Z':
        return push_sized(f, unit);
    case 'e':
        return parse_encoded(f);
    case 'S': case 'U': case 'Y':
        return push(f, FORMAT_ARG_OBJECT, unit);
    case 'O':
        if (accept(f, '!')) {
            return push(f, FORMAT_ARG_TYPE, '!') && push(f, FORMAT_ARG_OBJECT, unit);
        }
        return accept(f, '&') ? push_converter(f) : push(f, FORMAT_ARG_OBJECT, unit);
    case 'b': case 'B': case 'h': case 'H': case 'i': case 'I': case 'l': case 'k':
    case 'L': case 'K': case 'n': case 'c': case 'C': case 'f': case 'd': case 'D':
    case 'p':
        return push(f, FORMAT_ARG_VALUE, unit);
    default:
        return false;
    }
}

/* Units up to the end, or inside parentheses to the closing one. */
static bool
parse_units(Format *f, int depth)
{
    bool keyword_only = false;

    for (;;) {
        char c = *f->at++;
        if (c == '\0' || ((c == ':' || c == ';') && depth == 0)) {
            return depth == 0;
        }
        if (c == ')') {
            return depth > 0;
        }
        if (c == '(') {
            if (depth == NESTING_MAX || !parse_units(f, depth + 1)) {
                return false;
            }
        }
        else if (c == '|' && depth == 0 && !f->optional) {
            f->optional = true;
        }
        else if (c == '$' && depth == 0 && !keyword_only) {
            keyword_only = true;
        }
        else if (!parse_unit(f, c)) {
            return false;
        }
        if (depth == 0 && c != '|' && c != '$') {
            f->item++;
        }
    }
}

/* ---- Py_BuildValue ------------------------------------------------------ */

static bool
build_unit(Format *f, char unit)
{
    switch (unit) {
    case 's': case 'z': case 'u': case 'y': case 'U':
        return push_sized(f, unit);
    case 'O':
        return accept(f, '&') ? push_converter(f) : push(f, FORMAT_ARG_OBJECT, unit);
    case 'S':
        return push(f, FORMAT_ARG_OBJECT, unit);
    case 'N':
        return accept(f, '&') ? push_converter(f) : push(f, FORMAT_ARG_STEAL, unit);
    case 'b': case 'B': case 'h': case 'H': case 'i': case 'I': case 'l': case 'k':
    case 'L': case 'K': case 'n': case 'c': case 'C': case 'f': case 'd': case 'D':
    case 'p':
        return push(f, FORMAT_ARG_VALUE, unit);
    default:
        return false;
    }
}

/* The bracket that closes 'open', '\0' when it is none. */
static char
closing(char open)
{
    return open == '(' ? ')' : open == '[' ? ']' : open == '{' ? '}' : '\0';
}

/* Units up to 'end', which is a closing bracket or the end of the format. */
static bool
build_units(Format *f, char end, int depth)
{
    for (int count = 0;;) {
        char c = *f->at++;
        if (c == end) {
            return c != '}' || count % 2 == 0; /* keys have values */
        }
        if (c == '\0') {
            return false;
        }
        if (strchr(" \t,:", c) != NULL) {
            continue;
        }
        count++;
        if (closing(c) != '\0') {
            if (depth == NESTING_MAX || !build_units(f, closing(c), depth + 1)) {
                return false;
            }
        }
        else if (!build_unit(f, c)) {
            return false;
        }
    }
}

int
format_items(const char *format)
{
    Format f = {.at = format};

    return parse_units(&f, 0) ? f.item : -1;
}

const char *
format_problem(const char *format, bool parse)
{
    Format f = {.at = format};

    if (parse ? parse_units(&f, 0) : build_units(&f, '\0', 0)) {
        return NULL;
    }
    return f.at > format ? f.at - 1 : format;
}

int
format_args(const char *format, bool parse, FormatArg *out, int max)
{
    Format f = {.at = format, .out = out, .max = max};
    bool ok = parse ? parse_units(&f, 0) : build_units(&f, '\0', 0);

    return ok ? f.n : -1;
}

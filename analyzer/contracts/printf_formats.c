/* printf_formats.c: the arguments of PyErr_Format, PyUnicode_FromFormat and their like.
 *
 * Their '%' language is their own: Python objects have conversions, floating numbers have none.
 * It grew in Python 3.12 and 3.13.
 */
#include <string.h>

#include "contracts/private.h"

enum { SINCE_WHOLE = 312, SINCE_NAMES = 313 };

typedef enum Dialect { NO_DIALECT, FOR_TEXT, FOR_BYTES } Dialect;

static Dialect
dialect_of(const char *callee)
{
    static const char *const texts[] = {
        "PyErr_Format", "PyErr_FormatUnraisable", "PyErr_WarnFormat", "PyErr_WarnExplicitFormat",
        "PyErr_ResourceWarning", "PyUnicode_FromFormat", "PyUnicodeWriter_Format",
        "PySys_FormatStderr", "PySys_FormatStdout", "_PyErr_Format", "_PyErr_FormatFromCause",
        "PyErr_FormatV", "PyUnicode_FromFormatV",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (text_equal(callee, texts[i])) {
            return FOR_TEXT;
        }
    }
    return text_equal(callee, "PyBytes_FromFormat") || text_equal(callee, "PyBytes_FromFormatV")
               ? FOR_BYTES : NO_DIALECT;
}

/* One conversion: "%-5.*lld" has letter 'd', length "ll", one star. */
typedef struct Conversion {
    const char *text;     /* all of it */
    char letter;
    char length[3];
    uint32_t stars;
    bool left, alternate; /* the flags '-' and '#' */
} Conversion;

static Conversion
read_conversion(Arena *arena, const char **at)
{
    const char *from = *at, *p = from + 1;
    Conversion c = {.text = "", .stars = 0};
    size_t n = 0;

    for (; *p != '\0' && strchr("0-#", *p) != NULL; p++) {
        c.left = c.left || *p == '-';
        c.alternate = c.alternate || *p == '#';
    }
    for (; *p != '\0' && strchr("0123456789.*", *p) != NULL; p++) {
        c.stars += *p == '*';
    }
    for (; *p != '\0' && strchr("lzjt", *p) != NULL; p++) {
        if (n < 2) {
            c.length[n++] = *p;
        }
    }
    c.letter = *p;
    p += *p != '\0';
    c.text = arena_printf(arena, "%.*s", (int)(p - from), from);
    *at = p;
    return c;
}

/* Whether this Python knows the conversion. */
static bool
is_conversion(const Conversion *c, Dialect dialect, Version python)
{
    bool newest = python == 0, whole = newest || python >= SINCE_WHOLE;
    bool plain = c->length[0] == '\0';

    if (dialect == FOR_BYTES) {
        return !c->left && c->stars == 0 && c->letter != '\0' &&
               (strchr("du", c->letter) != NULL
                    ? text_equal(c->length, "") || text_equal(c->length, "l") ||
                          text_equal(c->length, "z")
                    : plain && strchr("cixsp", c->letter) != NULL);
    }
    if (c->letter == '\0' || (c->stars > 0 && !whole) || (c->left && !whole)) {
        return false;
    }
    if (strchr("TN", c->letter) != NULL) {
        return plain && (newest || python >= SINCE_NAMES);
    }
    if (c->alternate) {
        return false;
    }
    if (strchr("diu", c->letter) != NULL) {
        return whole || plain || (c->length[0] != 'j' && c->length[0] != 't');
    }
    if (strchr("oxX", c->letter) != NULL) {
        return whole || (c->letter == 'x' && plain);
    }
    if (strchr("sV", c->letter) != NULL) {
        return plain || (whole && text_equal(c->length, "l"));
    }
    return plain && strchr("cpAUSR", c->letter) != NULL;
}

static Want
want_of(const Conversion *c)
{
    if (strchr("AUSRTNV", c->letter) != NULL) {
        return (Want){.kind = WANT_OBJECT, .words = "an object"};
    }
    if (c->letter == 's') {
        return (Want){.kind = WANT_TEXT, .words = "a C string"};
    }
    if (c->letter == 'p') {
        return (Want){.kind = WANT_POINTER, .words = "a pointer"};
    }
    switch (c->length[0]) {
    case 'l':
        return (Want){.kind = WANT_INT, .bits = 64,
                      .words = c->length[1] == 'l' ? "a long long" : "a long"};
    case 'z': return (Want){.kind = WANT_INT, .bits = 64, .words = "a Py_ssize_t"};
    case 'j': return (Want){.kind = WANT_INT, .bits = 64, .words = "an intmax_t"};
    case 't': return (Want){.kind = WANT_INT, .bits = 64, .words = "a ptrdiff_t"};
    default: return (Want){.kind = WANT_INT, .bits = 32, .words = "an int"};
    }
}

/* Checks argument 'i' if there is one. */
static void
check_next(Contracts *cx, const Governed *g, uint32_t i, const Want *want, const char *text)
{
    if (i < g->call->nargs) {
        argument_check(cx, g, i, want, text);
    }
}

static void
unknown_conversion(Contracts *cx, const Governed *g, const Conversion *c)
{
    tell(cx, &(Mismatch){.kind = MISMATCH_UNIT, .loc = g->call->loc,
                         .function = g->body->fn->decl->name, .callee = g->callee,
                         .format = g->format, .unit = c->text, .on_error = g->on_error});
}

void
printf_check(Contracts *cx, const Governed *g)
{
    Dialect dialect = dialect_of(g->api);
    Version python = model_python(cx->model);
    uint32_t arg = g->first;

    for (const char *at = g->format; dialect != NO_DIALECT && *at != '\0';) {
        static const Want number = {.kind = WANT_INT, .bits = 32, .words = "an int"};
        static const Want text = {.kind = WANT_TEXT, .words = "a C string"};
        Conversion c;
        Want want;

        if (*at != '%' || at[1] == '%') {
            at += *at == '%' ? 2 : 1;
            continue;
        }
        c = read_conversion(cx->arena, &at);
        if (!is_conversion(&c, dialect, python)) {
            if (c.text[1] != '\0' || python == 0 || python >= SINCE_WHOLE) {
                unknown_conversion(cx, g, &c); /* a '%' at the end once stood for itself */
            }
            return; /* the arguments behind it are not read as they were meant */
        }
        for (uint32_t i = 0; i < c.stars; i++) {
            check_next(cx, g, arg++, &number, c.text);
        }
        want = want_of(&c);
        check_next(cx, g, arg++, &want, c.text);
        if (c.letter == 'V') {
            check_next(cx, g, arg++, &text, c.text);
        }
    }
    if (dialect != NO_DIALECT) {
        count_check(cx, g, arg - g->first);
    }
}

/* put.c: writes the tokens of the text form: numbers, strings, names, types.
 * The counterpart of lex.c.
 */
#include <string.h>

#include "ir/private.h"

void
put_unsigned(StrBuf *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    strbuf_add(out, digits + at, sizeof(digits) - at);
}

void
put_int(StrBuf *out, int64_t number)
{
    if (number < 0) {
        strbuf_putc(out, '-');
        put_unsigned(out, -(uint64_t)number);
    }
    else {
        put_unsigned(out, (uint64_t)number);
    }
}

static bool
is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static void
put_escape(StrBuf *out, char c)
{
    switch (c) {
    case '\n': strbuf_puts(out, "\\n"); break;
    case '\t': strbuf_puts(out, "\\t"); break;
    case '\r': strbuf_puts(out, "\\r"); break;
    default:
        if (is_control(c)) {
            strbuf_printf(out, "\\x%02x", (unsigned char)c);
        }
        else {
            strbuf_putc(out, '\\');
            strbuf_putc(out, c);
        }
    }
}

void
put_quoted(StrBuf *out, const char *text, char close)
{
    const char *run = text;

    for (; *text != '\0'; text++) {
        if (is_control(*text) || *text == '\\' || *text == close) {
            strbuf_add(out, run, (size_t)(text - run));
            put_escape(out, *text);
            run = text + 1;
        }
    }
    strbuf_add(out, run, (size_t)(text - run));
    strbuf_putc(out, close);
}

void
put_string(StrBuf *out, const char *text)
{
    strbuf_putc(out, '"');
    put_quoted(out, text, '"');
}

void
put_name(StrBuf *out, const char *name, const char *extra)
{
    const char *end = name;

    if (!char_is_digit(*end)) {
        while (char_is_plain(*end) || (*end != '\0' && strchr(extra, *end) != NULL)) {
            end++;
        }
    }
    if (*end == '\0' && end > name) {
        strbuf_add(out, name, (size_t)(end - name));
    }
    else {
        put_string(out, name);
    }
}

static void
put_leaf(StrBuf *out, const Type *type)
{
    if (type == NULL) {
        strbuf_putc(out, '?');
        return;
    }
    switch (type->kind) {
    case TYPE_VOID:
        strbuf_puts(out, "void");
        break;
    case TYPE_INT:
        strbuf_putc(out, type->is_unsigned ? 'u' : 'i');
        put_unsigned(out, type->bits);
        break;
    case TYPE_FLOAT:
        strbuf_putc(out, 'f');
        put_unsigned(out, type->bits);
        break;
    case TYPE_RECORD:
        strbuf_puts(out, type->is_object ? "o" : "");
        strbuf_puts(out, type->is_union ? "u{" : "{");
        put_quoted(out, type->tag, '}');
        break;
    default:
        strbuf_puts(out, "other");
        break;
    }
}

void
type_print(const Type *type, StrBuf *out)
{
    uint32_t open = 0;

    for (; type != NULL; type = type->to) {
        if (type->kind == TYPE_PTR) {
            strbuf_putc(out, '*');
        }
        else if (type->kind == TYPE_ARRAY) {
            strbuf_putc(out, '[');
            if (type->count > 0) {
                put_unsigned(out, type->count);
            }
            strbuf_putc(out, ']');
        }
        else if (type->kind == TYPE_FUNC) {
            strbuf_puts(out, "fn(");
            open++;
        }
        else {
            break;
        }
    }
    put_leaf(out, type);
    for (; open > 0; open--) {
        strbuf_putc(out, ')');
    }
}

/* utf8.c: tells printable UTF-8 characters from bytes that no screen can show.
 *
 * Source files and names come in any encoding; reports are always UTF-8.
 */
#include "reports/report.h"

static bool
is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Bytes that a sequence starting with 'lead' has, 0 for a byte that starts none. */
static size_t
sequence_length(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/* True when the second byte is in the range that the first one allows: no
 * overlong forms, no surrogates, nothing above U+10FFFF, no C1 controls. */
static bool
second_byte_fits(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xC2:
    case 0xE0:
        return second >= 0xA0;
    case 0xED:
        return second <= 0x9F;
    case 0xF0:
        return second >= 0x90;
    case 0xF4:
        return second <= 0x8F;
    default:
        return true;
    }
}

/* True for characters of three bytes that reports never show: line separators, marks that turn
 * the direction of text around (code could look like what it isn't), and U+FFFE, U+FFFF,
 * which XML has no place for. */
static bool
is_treacherous(const unsigned char *u)
{
    unsigned code = (u[0] & 0x0Fu) << 12 | (u[1] & 0x3Fu) << 6 | (u[2] & 0x3Fu);
    return (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           code >= 0xFFFE;
}

size_t
utf8_printable(const char *s)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t length = sequence_length(u[0]);
    if (length == 1) {
        return u[0] >= 0x20 && u[0] != 0x7F ? 1 : 0;
    }
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(u[i])) {
            return 0;
        }
    }
    if (length == 0 || !second_byte_fits(u[0], u[1]) || (length == 3 && is_treacherous(u))) {
        return 0;
    }
    return length;
}

/* lower_for.c: makes out which parts of a for statement are there.
 *
 * libclang shows only the parts that exist: for (;;i++) and for (;i;) both have
 * one expression and a body.  The two semicolons of the header are found in
 * the source text, where the loop is written (that may be in a macro), and the
 * parts are told apart by the side on which they stand.  A part that is not
 * written there (a macro's argument) is guessed by what it is.
 */
#include "capture/lower.h"

#include <ctype.h>
#include <string.h>

/* The places of a for header in a file. */
typedef struct Header {
    const SourceFile *file;
    uint32_t start, end;     /* just after '(' and at ')' */
    uint32_t semicolon[2];
} Header;

/* ---- the text of the header --------------------------------------------------- */

/* The offset after a comment, a string or a character at 'at'; 'at' itself
 * when there is none. */
static size_t
skip_token(const char *text, size_t size, size_t at)
{
    char quote = text[at];
    const char *end;

    if (quote == '/' && at + 1 < size && text[at + 1] == '*') {
        end = strstr(text + at + 2, "*/");
        return end == NULL ? size : (size_t)(end - text) + 2;
    }
    if (quote == '/' && at + 1 < size && text[at + 1] == '/') {
        end = strchr(text + at, '\n');
        return end == NULL ? size : (size_t)(end - text);
    }
    if (quote != '"' && quote != '\'') {
        return at;
    }
    for (at++; at < size && text[at] != quote && text[at] != '\n'; at++) {
        at += text[at] == '\\';
    }
    return at + 1;
}

/* The offset of the next character that is neither blank nor comment. */
static size_t
skip_blank(const char *text, size_t size, size_t at)
{
    while (at < size) {
        size_t next = text[at] == '/' ? skip_token(text, size, at) : at;

        if (next == at && !isspace((unsigned char)text[at]) && text[at] != '\\') {
            break;
        }
        at = next == at ? at + 1 : next;
    }
    return at;
}

/* Finds the semicolons at the outermost level and the closing parenthesis. */
static bool
scan_header(const char *text, size_t size, size_t at, Header *header)
{
    unsigned depth = 0, found = 0;

    for (size_t next; at < size; at = next == at ? at + 1 : next) {
        next = skip_token(text, size, at);
        if (next != at) {
            continue;
        }
        if (text[at] == '(' || text[at] == '[' || text[at] == '{') {
            depth++;
        }
        else if (text[at] == ')' && depth == 0) {
            header->end = (uint32_t)at;
            return found == 2;
        }
        else if ((text[at] == ')' || text[at] == ']' || text[at] == '}') && depth > 0) {
            depth--;
        }
        else if (text[at] == ';' && depth == 0) {
            if (found == 2) {
                return false;
            }
            header->semicolon[found++] = (uint32_t)at;
        }
    }
    return false;
}

static bool
find_header(Tu *tu, CXCursor stmt, Header *header)
{
    uint32_t offset;
    size_t at;

    header->file = clang_spelling(tu, clang_getCursorLocation(stmt), &offset);
    if (header->file == NULL || header->file->text == NULL
        || !text_equal(cursor_word(tu, stmt), "for")) {
        return false;
    }
    at = skip_blank(header->file->text, header->file->size, offset + strlen("for"));
    if (at >= header->file->size || header->file->text[at] != '(') {
        return false;
    }
    header->start = (uint32_t)at + 1;
    return scan_header(header->file->text, header->file->size, at + 1, header);
}

/* ---- which part is which -------------------------------------------------------- */

static bool
is_step(CXCursor part)
{
    enum CXUnaryOperatorKind op;

    if (clang_getCursorKind(part) == CXCursor_CompoundAssignOperator) {
        return true;
    }
    if (clang_getCursorKind(part) != CXCursor_UnaryOperator) {
        return false;
    }
    op = clang_getCursorUnaryOperatorKind(part);
    return op == CXUnaryOperator_PostInc || op == CXUnaryOperator_PreInc
        || op == CXUnaryOperator_PostDec || op == CXUnaryOperator_PreDec;
}

static bool
is_assignment(CXCursor part)
{
    return clang_getCursorKind(part) == CXCursor_BinaryOperator
        && clang_getCursorBinaryOperatorKind(part) == CXBinaryOperator_Assign;
}

/* A comparison, '&&' or '||'. */
static bool
is_condition(CXCursor part)
{
    enum CXBinaryOperatorKind op;

    if (clang_getCursorKind(part) != CXCursor_BinaryOperator) {
        return false;
    }
    op = clang_getCursorBinaryOperatorKind(part);
    return (op >= CXBinaryOperator_LT && op <= CXBinaryOperator_NE)
        || op == CXBinaryOperator_LAnd || op == CXBinaryOperator_LOr;
}

/* The place of a part that is written elsewhere, by what it is; what has no
 * such sign is only guessed. */
static CXCursor *
place_by_kind(CXCursor part, ForParts *parts)
{
    bool cond_taken = !clang_Cursor_isNull(parts->cond);

    if (clang_getCursorKind(part) == CXCursor_DeclStmt) {
        return &parts->init;
    }
    if (is_condition(part) && !cond_taken) {
        return &parts->cond;
    }
    if (is_step(part) || cond_taken) {
        return &parts->step;
    }
    parts->guessed = true;
    return is_assignment(part) && clang_Cursor_isNull(parts->init) ? &parts->init
                                                                   : &parts->cond;
}

/* True when the place, as written or as used, lies in the header; its offset. */
static bool
is_inside(Tu *tu, const Header *header, CXSourceLocation at, uint32_t *offset)
{
    const SourceFile *file = clang_spelling(tu, at, offset);

    if (file != header->file || *offset < header->start || *offset >= header->end) {
        file = clang_place(tu, at, offset);
    }
    return file == header->file && *offset >= header->start && *offset < header->end;
}

/* The offset in the header at which the part, or the first piece of it that is
 * not a macro's argument, is written. */
static bool
find_offset(Tu *tu, const Header *header, CXCursor part, unsigned depth, uint32_t *offset)
{
    CXSourceLocation at = clang_getRangeStart(clang_getCursorExtent(part));
    Cursors children;

    if (is_inside(tu, header, at, offset)) {
        return true;
    }
    if (depth == 0) {
        return false;
    }
    children = cursor_children(tu, part);
    for (uint32_t i = 0; i < children.n; i++) {
        if (find_offset(tu, header, children.at[i], depth - 1, offset)) {
            return true;
        }
    }
    return false;
}

static CXCursor *
place_of(Tu *tu, const Header *header, CXCursor part, ForParts *parts)
{
    uint32_t offset;

    if (!find_offset(tu, header, part, 3, &offset)) {
        return place_by_kind(part, parts);
    }
    if (offset < header->semicolon[0]) {
        return &parts->init;
    }
    return offset < header->semicolon[1] ? &parts->cond : &parts->step;
}

/* The parts by position: all three are there. */
static ForParts
all_parts(Cursors children)
{
    return (ForParts){.init = children.at[0], .cond = children.at[1], .step = children.at[2],
                      .body = children.at[3]};
}

ForParts
lower_for_parts(Tu *tu, CXCursor stmt)
{
    Cursors children = cursor_children(tu, stmt);
    CXCursor none = clang_getNullCursor();
    ForParts parts = {.init = none, .cond = none, .step = none, .body = none};
    Header header;
    bool readable;

    if (children.n == 4) {
        return all_parts(children);
    }
    if (children.n == 0) {
        return parts;
    }
    parts.body = children.at[children.n - 1];
    if (children.n == 1) {
        return parts;
    }
    readable = find_header(tu, stmt, &header);
    for (uint32_t i = 0; i + 1 < children.n; i++) {
        CXCursor *place = readable ? place_of(tu, &header, children.at[i], &parts)
                                   : place_by_kind(children.at[i], &parts);

        *place = children.at[i];
    }
    return parts;
}

/* clang.c: turns libclang's cursors, strings, files and places into arrays,
 * interned text, SourceFiles and Locs.
 *
 * Files are remembered by clang's own pointers, which are unique within a
 * translation unit.  The one visitor callback of the code base is here; it only
 * collects.
 */
#include "capture/clang.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

/* ---- text ------------------------------------------------------------------ */

const char *
clang_text(Arena *arena, CXString string)
{
    const char *text = clang_getCString(string);
    char *copy = arena_strndup(arena, text == NULL ? "" : text,
                               text == NULL ? 0 : strlen(text));

    clang_disposeString(string);
    return copy;
}

Str
clang_intern(Tu *tu, CXString string)
{
    const char *text = clang_getCString(string);
    Str copy = str_intern(tu->unit->strings, text == NULL ? "" : text);

    clang_disposeString(string);
    return copy;
}

static bool
is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The identifier at an offset of a file, "" when there is none. */
static Str
word_at(Tu *tu, const SourceFile *file, uint32_t offset)
{
    size_t end = offset;

    if (file == NULL || file->text == NULL || offset >= file->size
        || isdigit((unsigned char)file->text[offset])) {
        return str_intern(tu->unit->strings, "");
    }
    while (end < file->size && is_word_char(file->text[end])) {
        end++;
    }
    return str_intern_n(tu->unit->strings, file->text + offset, end - offset);
}

/* ---- cursors ----------------------------------------------------------------- */

typedef struct Collector {
    Arena *arena;
    VEC(CXCursor) found;
} Collector;

static enum CXChildVisitResult
collect(CXCursor cursor, CXCursor parent, CXClientData data)
{
    Collector *collector = data;

    (void)parent;
    VEC_PUSH(collector->arena, &collector->found, cursor);
    return CXChildVisit_Continue;
}

Cursors
cursor_children(Tu *tu, CXCursor cursor)
{
    Collector collector = {.arena = tu->scratch};

    clang_visitChildren(cursor, collect, &collector);
    return (Cursors){.at = collector.found.at, .n = collector.found.n};
}

Cursors
cursor_operands(Tu *tu, CXCursor cursor)
{
    Cursors all = cursor_children(tu, cursor);
    uint32_t n = 0;

    for (uint32_t i = 0; i < all.n; i++) {
        if (clang_isExpression(clang_getCursorKind(all.at[i]))) {
            all.at[n++] = all.at[i];
        }
    }
    all.n = n;
    return all;
}

static bool
is_va_list(const Tu *tu, const Type *type)
{
    if (type->kind == TYPE_PTR || type->kind == TYPE_ARRAY) {
        type = type->to;
    }
    return type->kind == TYPE_RECORD && type->tag == tu->va_list_tag;
}

bool
cursor_is_va_arg(Tu *tu, CXCursor cursor, CXCursor operand)
{
    return clang_getCursorKind(cursor) == CXCursor_UnexposedExpr
        && is_va_list(tu, clang_type(tu, clang_getCursorType(operand)))
        && !is_va_list(tu, clang_type(tu, clang_getCursorType(cursor)));
}

CXCursor
cursor_peel(Tu *tu, CXCursor cursor)
{
    for (;;) {
        enum CXCursorKind kind = clang_getCursorKind(cursor);
        Cursors inner;

        if (kind == CXCursor_UnaryOperator) {
            if (clang_getCursorUnaryOperatorKind(cursor) != CXUnaryOperator_Extension) {
                return cursor;
            }
        }
        else if (kind != CXCursor_UnexposedExpr && kind != CXCursor_ParenExpr) {
            return cursor;
        }
        inner = cursor_children(tu, cursor);
        if (inner.n != 1 || cursor_is_va_arg(tu, cursor, inner.at[0])) {
            return cursor;
        }
        cursor = inner.at[0];
    }
}

uint64_t
cursor_key(CXCursor cursor)
{
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    bool in_body = clang_isExpression(kind) || clang_isStatement(kind);

    return (uint64_t)(uintptr_t)cursor.data[in_body ? 1 : 0];
}

Str
cursor_name(Tu *tu, CXCursor cursor)
{
    return clang_intern(tu, clang_getCursorSpelling(cursor));
}

Str
cursor_kind_name(Tu *tu, CXCursor cursor)
{
    return clang_intern(tu, clang_getCursorKindSpelling(clang_getCursorKind(cursor)));
}

static CXSourceLocation
start_of(CXCursor cursor)
{
    return clang_getRangeStart(clang_getCursorExtent(cursor));
}

Str
cursor_word(Tu *tu, CXCursor cursor)
{
    uint32_t offset;
    const SourceFile *file = clang_spelling(tu, start_of(cursor), &offset);

    return word_at(tu, file, offset);
}

/* Lists the functions by name, those in extern "C" blocks too. */
static void
list_functions(Tu *tu, CXCursor parent)
{
    Cursors top = cursor_children(tu, parent);

    for (uint32_t i = 0; i < top.n; i++) {
        switch (clang_getCursorKind(top.at[i])) {
        case CXCursor_FunctionDecl:
            *map_put_ptr(&tu->functions, cursor_name(tu, top.at[i])) =
                arena_copy(tu->arena, &top.at[i], sizeof(CXCursor));
            break;
        case CXCursor_LinkageSpec:
        case CXCursor_UnexposedDecl:
            list_functions(tu, top.at[i]);
            break;
        default:
            break;
        }
    }
}

CXCursor
cursor_function(Tu *tu, Str name)
{
    const CXCursor *found;

    if (map_get_ptr(&tu->functions, tu) == NULL) {
        *map_put_ptr(&tu->functions, tu) = tu; /* looked at once */
        list_functions(tu, clang_getTranslationUnitCursor(tu->handle));
    }
    found = map_get_ptr(&tu->functions, name);
    return name[0] != '\0' && found != NULL ? *found : clang_getNullCursor();
}

/* The start of the line around 'at'; a line that ends in a backslash goes on. */
static const char *
whole_line_start(const char *text, const char *at)
{
    for (; at > text; at--) {
        const char *before = at - 1;

        if (*before != '\n') {
            continue;
        }
        before -= before > text && before[-1] == '\r' ? 1 : 0;
        if (before == text || before[-1] != '\\') {
            return at;
        }
    }
    return text;
}

Str
cursor_macro(Tu *tu, CXCursor cursor)
{
    uint32_t offset;
    const SourceFile *file = clang_spelling(tu, start_of(cursor), &offset);
    const char *at;
    Str none = str_intern(tu->unit->strings, ""), name;

    if (file == NULL || file->text == NULL || offset >= file->size) {
        return none;
    }
    at = whole_line_start(file->text, file->text + offset);
    at += strspn(at, " \t");
    if (*at != '#') {
        return none;
    }
    at += 1 + strspn(at + 1, " \t");
    if (!text_starts(at, "define")) {
        return none;
    }
    at += strlen("define");
    at += strspn(at, " \t");
    name = word_at(tu, file, (uint32_t)(at - file->text));
    return at[strlen(name)] == '(' ? none : name;
}

bool
cursor_constant(CXCursor cursor, int64_t *value)
{
    CXEvalResult result = clang_Cursor_Evaluate(cursor);
    bool is_int;

    if (result == NULL) {
        return false;
    }
    is_int = clang_EvalResult_getKind(result) == CXEval_Int;
    if (is_int) {
        *value = clang_EvalResult_isUnsignedInt(result)
            ? (int64_t)clang_EvalResult_getAsUnsigned(result)
            : (int64_t)clang_EvalResult_getAsLongLong(result);
    }
    clang_EvalResult_dispose(result);
    return is_int;
}

bool
cursor_whole_number(CXCursor cursor, int64_t *value)
{
    CXEvalResult result = clang_Cursor_Evaluate(cursor);
    double number = 0.5;

    if (result == NULL) {
        return false;
    }
    if (clang_EvalResult_getKind(result) == CXEval_Float) {
        number = clang_EvalResult_getAsDouble(result);
    }
    clang_EvalResult_dispose(result);
    if (!(number > -2147483648.0 && number < 2147483648.0)) {
        return false;
    }
    *value = (int64_t)number;
    return !((double)*value < number) && !((double)*value > number);
}

/* The byte that an escape sequence stands for; 'text' is behind the backslash
 * and is moved behind the sequence. */
static char
unescape(const char **text)
{
    static const char names[] = "abtnvfr", bytes[] = "\a\b\t\n\v\f\r";
    const char *found = **text != '\0' ? strchr(names, **text) : NULL;
    unsigned byte = 0;

    if (**text < '0' || **text > '7') {
        ++*text;
        return found != NULL ? bytes[found - names] : (*text)[-1];
    }
    for (int i = 0; i < 3 && **text >= '0' && **text <= '7'; i++) {
        byte = byte * 8 + (unsigned)(*(*text)++ - '0');
    }
    return (char)byte;
}

Str
cursor_string(Tu *tu, CXCursor cursor, size_t limit)
{
    CXString spelling = clang_getCursorSpelling(cursor);
    const char *text = clang_getCString(spelling);
    StrBuf bytes;
    Str copy = NULL;

    if (text_starts(text, "u8")) {
        text += 2;
    }
    if (*text == '"') {
        strbuf_init(&bytes, tu->scratch);
        for (text++; *text != '\0' && *text != '"' && bytes.length < limit;) {
            char c = *text++;

            c = c == '\\' && *text != '\0' ? unescape(&text) : c;
            if (c == '\0') {
                break;
            }
            strbuf_putc(&bytes, c);
        }
        copy = str_intern_n(tu->unit->strings, bytes.text, bytes.length);
    }
    clang_disposeString(spelling);
    return copy;
}

/* ---- files --------------------------------------------------------------------- */

static bool
is_system_path(const Tu *tu, const char *path)
{
    return path_is_below(path, "/usr/include") || path_is_below(path, "/usr/lib")
        || (tu->python_dir != NULL && path_is_below(path, tu->python_dir));
}

/* Stands for a file whatever its names are. */
static uint64_t
identity(uint64_t device, uint64_t number)
{
    return hash_mix(hash_mix(1, device), number);
}

/* Its path, absolute and normalised; of several names that of the first that was met. */
static Str
file_path(Tu *tu, CXFile handle)
{
    const char *name = clang_text(tu->arena, clang_getFileName(handle));
    Str path = str_intern(tu->unit->strings, path_absolute(tu->arena, tu->directory, name));
    CXFileUniqueID id;
    void **first;

    if (tu->identities.n == 0 || clang_getFileUniqueID(handle, &id) != 0) {
        return path;
    }
    first = map_put(&tu->identities, identity(id.data[0], id.data[1]));
    if (*first == NULL) {
        *first = (void *)path;
    }
    return *first;
}

void
clang_note_file(Tu *tu, Str path)
{
    struct stat status;
    void **first;

    if (stat(path, &status) == 0) {
        first = map_put(&tu->identities, identity(status.st_dev, status.st_ino));
        *first = *first != NULL ? *first : (void *)path;
    }
}

typedef struct FilesRead {
    Tu *tu;
    Files *files;
} FilesRead;

static void
collect_inclusion(CXFile file, CXSourceLocation *stack, unsigned depth, CXClientData data)
{
    const FilesRead *read = data;

    (void)stack;
    (void)depth;
    VEC_PUSH(read->tu->arena, read->files, file_path(read->tu, file));
}

void
clang_files_read(Tu *tu, Files *out)
{
    clang_getInclusions(tu->handle, collect_inclusion, &(FilesRead){.tu = tu, .files = out});
}

SourceFile *
clang_file(Tu *tu, CXFile handle)
{
    void **place = map_put_ptr(&tu->files, handle);
    SourceFile *file = *place, *known;
    Str path;

    if (file != NULL) {
        return file;
    }
    path = file_path(tu, handle);
    known = map_get_ptr(&tu->paths, path);
    if (known != NULL) {
        *place = known;
        return known;
    }
    file = ARENA_NEW(tu->arena, SourceFile);
    *place = file;
    *map_put_ptr(&tu->paths, path) = file;
    file->path = path;
    if (file->path == tu->part_path) {
        file->path = tu->part_of;
    }
    file->is_overlay = file->path == tu->overlay_path
        || path_is_below(file->path, tu->overlay_dir);
    file->is_system = file->is_overlay || is_system_path(tu, file->path);
    file->text = clang_getFileContents(tu->handle, handle, &file->size);
    return file;
}

/* ---- places ---------------------------------------------------------------------- */

SourceFile *
clang_place(Tu *tu, CXSourceLocation at, uint32_t *offset)
{
    CXFile handle;

    clang_getExpansionLocation(at, &handle, NULL, NULL, offset);
    return handle == NULL ? NULL : clang_file(tu, handle);
}

SourceFile *
clang_spelling(Tu *tu, CXSourceLocation at, uint32_t *offset)
{
    CXFile handle;

    clang_getSpellingLocation(at, &handle, NULL, NULL, offset);
    return handle == NULL ? NULL : clang_file(tu, handle);
}

/* True when the code at 'offset' of the overlay is the definition of the macro
 * 'name': the reader then sees a call, not a macro. */
static bool
is_overlay_call(const SourceFile *file, uint32_t offset, Str name)
{
    static const char define[] = "#define ";
    size_t length = strlen(name);
    const char *line;

    if (!file->is_overlay || file->text == NULL || offset >= file->size) {
        return false;
    }
    for (line = file->text + offset; line > file->text && line[-1] != '\n'; line--) {
    }
    return text_starts(line, define) && strncmp(line + strlen(define), name, length) == 0
        && !is_word_char(line[strlen(define) + length]);
}

/* A macro's argument is where the reader wrote it; the rest of a macro is
 * where the macro is used. */
Loc
clang_loc(Tu *tu, CXSourceLocation at)
{
    Loc loc = {.file = NULL};
    CXFile handle, written_handle;
    uint32_t offset, written_offset;
    SourceFile *file;
    Str macro;

    clang_getFileLocation(at, &handle, &loc.line, &loc.col, &offset);
    if (handle == NULL) {
        return (Loc){.file = NULL};
    }
    file = clang_file(tu, handle);
    loc.file = file->path;
    clang_getSpellingLocation(at, &written_handle, NULL, NULL, &written_offset);
    if (written_handle != handle || written_offset != offset) {
        macro = word_at(tu, file, offset);
        if (macro[0] != '\0'
            && (written_handle == NULL
                || !is_overlay_call(clang_file(tu, written_handle), written_offset, macro))) {
            loc.macro = macro;
        }
    }
    return loc;
}

Loc
cursor_loc(Tu *tu, CXCursor cursor)
{
    return clang_loc(tu, clang_getCursorLocation(cursor));
}

/* True when the text from 'start' to 'end' is the use of one macro: NAME or NAME(...). */
static bool
is_macro_use(const SourceFile *file, uint32_t start, uint32_t end)
{
    uint32_t at = start, depth = 0;

    if (file->text == NULL || end > file->size) {
        return false;
    }
    while (at < end && is_word_char(file->text[at])) {
        at++;
    }
    while (at < end && strchr(" \t\r\n", file->text[at]) != NULL) {
        at++;
    }
    for (; at < end; at++) {
        depth += file->text[at] == '(' ? 1 : 0;
        if (depth == 0) {
            return false; /* something follows the name or the parentheses */
        }
        depth -= file->text[at] == ')' ? 1 : 0;
    }
    return depth == 0;
}

/* libclang gives the end of a cursor that a macro wrote behind the use of the macro; it is
 * where the macro is used, as its start is. */
Loc
cursor_end_loc(Tu *tu, CXCursor cursor)
{
    CXSourceRange range = clang_getCursorExtent(cursor);
    Loc loc = clang_loc(tu, clang_getRangeEnd(range));
    Loc start = clang_loc(tu, clang_getRangeStart(range));
    uint32_t first, last;
    const SourceFile *file = clang_place(tu, clang_getRangeStart(range), &first);

    if (start.macro != NULL && loc.macro == NULL
        && clang_place(tu, clang_getRangeEnd(range), &last) == file && file != NULL
        && is_macro_use(file, first, last)) {
        return start;
    }
    if (loc.col > 1 && loc.macro == NULL) {
        loc.col--;
    }
    return loc;
}

bool
cursor_is_system(Tu *tu, CXCursor cursor)
{
    CXSourceLocation at = clang_getCursorLocation(cursor);
    uint32_t offset;
    const SourceFile *file = clang_place(tu, at, &offset);

    return file == NULL || file->is_system || clang_Location_isInSystemHeader(at);
}

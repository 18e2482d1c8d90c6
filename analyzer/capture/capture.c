/* capture.c: parses one translation unit and turns it into an IR unit: its
 * functions, its static tables, the files it read and what went wrong.
 *
 * libclang drops what did not parse without a word, so every
 * function that an error touches is marked damaged.
 */
#include <string.h>

#include "capture/parse.h"
#include "capture/preamble.h"
#include "capture/unit.h"

/* Errors that are kept as messages; all of them mark functions. */
enum { MESSAGE_LIMIT = 100 };

/* ---- what went wrong ----------------------------------------------------------------- */

static void
add_message(Unit *unit, Loc loc, const char *text)
{
    VEC_PUSH(unit->arena, &unit->messages,
             (Message){.loc = loc, .text = str_intern(unit->strings, text)});
}

void
capture_fail(Capture *cap, const char *text)
{
    cap->unit->status = UNIT_FAILED;
    add_message(cap->unit, (Loc){.file = cap->unit->path, .line = 1, .col = 1}, text);
}

/* ---- the files read ---------------------------------------------------------------- */

/* The folder of Python's headers counts as system; it must be known before
 * the first SourceFile is made.  The overlay leads from one Python.h to the
 * next, the last is the real one. */
static void
find_python(Capture *cap, const Files *files)
{
    Tu *tu = &cap->tu;

    for (uint32_t i = 0; i < files->n; i++) {
        const char *path = files->at[i];

        if (text_equal(path_basename(path), "Python.h") && !text_equal(path, PARSE_OVERLAY_FILE)) {
            tu->python_dir = str_intern(cap->unit->strings, path_dirname(tu->arena, path));
        }
    }
    if (tu->python_dir != NULL && path_is_below(cap->unit->path, tu->python_dir)) {
        tu->python_dir = NULL;
    }
}

static void
list_includes(Capture *cap)
{
    Files files = {0};
    Unit *unit = cap->unit;
    Map seen;

    for (uint32_t i = 0; i < cap->nread; i++) {
        VEC_PUSH(cap->tu.arena, &files, str_intern(unit->strings, cap->read[i]));
        clang_note_file(&cap->tu, files.at[i]);
    }
    clang_files_read(&cap->tu, &files);
    find_python(cap, &files);
    map_init(&seen, cap->tu.arena);
    VEC_PUSH(unit->arena, &unit->includes, unit->path);
    *map_put_ptr(&seen, unit->path) = unit;
    for (uint32_t i = 0; i < files.n; i++) {
        void **known = map_put_ptr(&seen, files.at[i]);

        if (*known == NULL && !path_is_below(files.at[i], cap->tu.overlay_dir)) {
            *known = unit;
            VEC_PUSH(unit->arena, &unit->includes, files.at[i]);
        }
    }
}

/* ---- declarations --------------------------------------------------------------------- */

/* Collects the functions of a class template. */
static void
collect_patterns(Capture *cap, CXCursor parent)
{
    Cursors children = cursor_children(&cap->tu, parent);

    for (uint32_t i = 0; i < children.n; i++) {
        switch (clang_getCursorKind(children.at[i])) {
        case CXCursor_FunctionTemplate:
        case CXCursor_CXXMethod:
        case CXCursor_Constructor:
        case CXCursor_Destructor:
        case CXCursor_ConversionFunction:
            VEC_PUSH(cap->tu.arena, &cap->patterns, children.at[i]);
            break;
        default:
            break;
        }
    }
}

/* Collects what stands at the top, or in extern "C", namespaces and classes there. */
static void
collect_top(Capture *cap, CXCursor parent)
{
    Cursors children = cursor_children(&cap->tu, parent);

    for (uint32_t i = 0; i < children.n; i++) {
        switch (clang_getCursorKind(children.at[i])) {
        case CXCursor_LinkageSpec:
        case CXCursor_UnexposedDecl:
        case CXCursor_Namespace:
            collect_top(cap, children.at[i]);
            break;
        case CXCursor_ClassDecl:
        case CXCursor_StructDecl:
        case CXCursor_UnionDecl:
            if (cap->tu.is_cxx) {
                collect_top(cap, children.at[i]);
            }
            break;
        case CXCursor_FunctionDecl:
        case CXCursor_CXXMethod:
        case CXCursor_Constructor:
        case CXCursor_Destructor:
        case CXCursor_ConversionFunction:
            if (cap->tu.is_cxx) {
                class_note_method(&cap->tu, children.at[i]);
            }
            VEC_PUSH(cap->tu.arena, &cap->top, children.at[i]);
            break;
        case CXCursor_FunctionTemplate:
            VEC_PUSH(cap->tu.arena, &cap->patterns, children.at[i]);
            break;
        case CXCursor_ClassTemplate:
        case CXCursor_ClassTemplatePartialSpecialization:
            collect_patterns(cap, children.at[i]);
            break;
        case CXCursor_VarDecl:
        case CXCursor_TypedefDecl:
        case CXCursor_EnumDecl:
            VEC_PUSH(cap->tu.arena, &cap->top, children.at[i]);
            break;
        default:
            break;
        }
    }
}

static void
read_version(Capture *cap, CXCursor enumeration)
{
    Cursors constants;
    long long version;
    uint32_t offset;
    const SourceFile *file = clang_place(&cap->tu, clang_getCursorLocation(enumeration),
                                         &offset);

    if (file == NULL || !file->is_overlay) {
        return;
    }
    constants = cursor_children(&cap->tu, enumeration);
    if (constants.n == 1
        && text_equal(cursor_name(&cap->tu, constants.at[0]), PARSE_VERSION_NAME)) {
        version = clang_getEnumConstantDeclValue(constants.at[0]);
        cap->unit->python = str_internf(cap->unit->strings, "%d.%d", (int)(version / 256),
                                        (int)(version % 256));
    }
}

/* What must be known before the first type or function is looked at. */
static void
read_names(Capture *cap)
{
    for (uint32_t i = 0; i < cap->top.n; i++) {
        CXCursor cursor = cap->top.at[i];

        if (clang_getCursorKind(cursor) == CXCursor_TypedefDecl) {
            clang_note_typedef(&cap->tu, cursor);
        }
        else if (clang_getCursorKind(cursor) == CXCursor_EnumDecl) {
            read_version(cap, cursor);
        }
    }
}

/* Where the body of a definition stands; false when it has none that is written in one piece. */
static bool
find_body(Capture *cap, CXCursor cursor, Body *out)
{
    Cursors children = cursor_children(&cap->tu, cursor);
    CXCursor last = children.n > 0 ? children.at[children.n - 1] : clang_getNullCursor();
    CXSourceRange range = clang_getCursorExtent(last);
    uint32_t start, end;
    const SourceFile *file = clang_place(&cap->tu, clang_getRangeStart(range), &out->start);
    const SourceFile *end_file = clang_place(&cap->tu, clang_getRangeEnd(range), &out->end);

    if (clang_getCursorKind(last) != CXCursor_CompoundStmt || file == NULL || file != end_file
        || clang_spelling(&cap->tu, clang_getRangeStart(range), &start) != file
        || clang_spelling(&cap->tu, clang_getRangeEnd(range), &end) != file
        || start != out->start || end != out->end) {
        return false;
    }
    clang_place(&cap->tu, clang_getRangeStart(clang_getCursorExtent(cursor)), &out->definition);
    out->name = cursor_name(&cap->tu, cursor);
    out->file = file->path;
    out->usr = clang_intern(&cap->tu, clang_getCursorUSR(cursor));
    return true;
}

/* True when the function is to be lowered; notes its body. */
static bool
is_wanted(Capture *cap, CXCursor cursor)
{
    Body body = {.start = 0};
    bool found;

    if (cap->wish == NULL && cap->bodies == NULL) {
        return true;
    }
    found = find_body(cap, cursor, &body);
    if (found && cap->bodies != NULL) {
        VEC_PUSH(cap->unit->arena, cap->bodies, body);
    }
    return cap->wish == NULL
           || (found && cap->wish->wants(cap->wish->payload, &body));
}

void
capture_function(Capture *cap, CXCursor cursor)
{
    CXSourceRange range = clang_getCursorExtent(cursor);
    Extent extent = {.has_error = false};

    if (!clang_isCursorDefinition(cursor) || cursor_is_system(&cap->tu, cursor)
        || !is_wanted(cap, cursor)) {
        return;
    }
    extent.fn = lower_fn(&cap->tu, cursor);
    if (extent.fn == NULL) {
        return;
    }
    extent.file = clang_place(&cap->tu, clang_getRangeStart(range), &extent.start);
    clang_place(&cap->tu, clang_getRangeEnd(range), &extent.end);
    VEC_PUSH(cap->tu.arena, &cap->extents, extent);
}

static void
capture_variable(Capture *cap, CXCursor cursor)
{
    CXCursor init = clang_Cursor_getVarDeclInitializer(cursor);

    if (!clang_Cursor_isNull(init) && cap->wish == NULL && !cursor_is_system(&cap->tu, cursor)) {
        lower_table(&cap->tu, clang_decl(&cap->tu, cursor, NULL), clang_getCursorType(cursor),
                    init, cursor_loc(&cap->tu, cursor));
    }
}

/* What was met on the way: lambdas, and what templates were turned into.  More may turn
 * up meanwhile. */
static void
capture_more(Capture *cap)
{
    while (cap->nmore < cap->tu.more.n) {
        MoreFunction more = cap->tu.more.at[cap->nmore++];
        bool is_lambda = class_is_lambda(
            clang_getCursorType(clang_getCursorSemanticParent(more.cursor)));

        if (is_lambda && map_get(&cap->tu.wanted, cursor_key(more.cursor)) != NULL) {
            continue; /* reported on where it is called */
        }
        *map_put(&cap->tu.wanted, cursor_key(more.cursor)) = &cap->tu;
        cap->tu.made_from = more.made_from;
        cap->tu.is_pattern = more.made_from.kind != CXType_Invalid;
        capture_function(cap, more.cursor);
        cap->tu.is_pattern = false;
        cap->tu.made_from = (CXType){.kind = CXType_Invalid};
        arena_reset(cap->tu.scratch);
    }
}

/* Functions of templates that no function was made from: types that depend on the
 * parameters are unknown there. */
static void
capture_patterns(Capture *cap)
{
    for (uint32_t i = 0; i < cap->patterns.n; i++) {
        CXCursor cursor = cap->patterns.at[i];

        if (map_get(&cap->tu.made, cursor_key(cursor)) == NULL) {
            cap->tu.is_pattern = true;
            capture_function(cap, cursor);
            cap->tu.is_pattern = false;
            arena_reset(cap->tu.scratch);
        }
    }
    capture_more(cap); /* lambdas in them */
}

static void
capture_all(Capture *cap)
{
    for (uint32_t i = 0; i < cap->top.n; i++) {
        CXCursor cursor = cap->top.at[i];

        switch (clang_getCursorKind(cursor)) {
        case CXCursor_FunctionDecl:
        case CXCursor_CXXMethod:
        case CXCursor_Constructor:
        case CXCursor_Destructor:
        case CXCursor_ConversionFunction:
            capture_function(cap, cursor);
            break;
        case CXCursor_VarDecl:
            capture_variable(cap, cursor);
            break;
        default:
            break;
        }
        arena_reset(cap->tu.scratch);
    }
    capture_more(cap);
    capture_patterns(cap);
}

/* ---- errors ------------------------------------------------------------------------------ */

static void
damage_at(Capture *cap, CXSourceLocation at, Str text)
{
    uint32_t offset;
    const SourceFile *file = clang_place(&cap->tu, at, &offset);

    for (uint32_t i = 0; i < cap->extents.n; i++) {
        Extent *extent = &cap->extents.at[i];

        if (extent->file == file && offset >= extent->start && offset <= extent->end
            && !extent->has_error) {
            extent->has_error = true;
            extent->fn->status = FN_DAMAGED;
            extent->fn->reason = text;
        }
    }
}

void
capture_read_errors(Capture *cap)
{
    unsigned n = clang_getNumDiagnostics(cap->tu.handle);

    for (unsigned i = 0; i < n; i++) {
        CXDiagnostic diagnostic = clang_getDiagnostic(cap->tu.handle, i);
        CXSourceLocation at = clang_getDiagnosticLocation(diagnostic);

        if (clang_getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error) {
            Str text = clang_intern(&cap->tu, clang_getDiagnosticSpelling(diagnostic));

            cap->unit->status = UNIT_ERRORS;
            damage_at(cap, at, text);
            if (cap->unit->messages.n < MESSAGE_LIMIT) {
                add_message(cap->unit, clang_loc(&cap->tu, at), text);
            }
        }
        clang_disposeDiagnostic(diagnostic);
    }
}

/* Looks through the errors before lowering: true when there are any;
 * *no_python when Python.h is missing. */
bool
capture_look_for_errors(Capture *cap, bool *no_python)
{
    unsigned n = clang_getNumDiagnostics(cap->tu.handle);
    bool found = false;

    *no_python = false;
    for (unsigned i = 0; i < n; i++) {
        CXDiagnostic diagnostic = clang_getDiagnostic(cap->tu.handle, i);

        if (clang_getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error) {
            const char *text = clang_text(cap->tu.arena,
                                          clang_getDiagnosticSpelling(diagnostic));

            found = true;
            *no_python = *no_python || text_equal(text, "'Python.h' file not found");
        }
        clang_disposeDiagnostic(diagnostic);
    }
    return found;
}

/* ---- the unit ------------------------------------------------------------------------------- */

static void
capture_parsed(Capture *cap)
{
    bool no_python;

    cap->tu.has_errors = capture_look_for_errors(cap, &no_python)
                         || (cap->wish != NULL && cap->wish->had_errors);
    if (no_python) {
        capture_fail(cap, "Python.h was not found: install python3-dev (Debian) or "
                          "python3-devel (Fedora), or add -I with the folder that "
                          "'python3-config --includes' prints");
        return;
    }
    list_includes(cap);
    collect_top(cap, clang_getTranslationUnitCursor(cap->tu.handle));
    read_names(cap);
    capture_all(cap);
    capture_read_errors(cap);
}

void
capture_init(Capture *cap, const char *overlay_prefix)
{
    Strings *strings = cap->unit->strings;
    Tu *tu = &cap->tu;

    tu->unit = cap->unit;
    tu->is_cxx = parse_is_cxx(cap->job);
    tu->made_from = (CXType){.kind = CXType_Invalid};
    tu->arena = arena_new();
    tu->scratch = arena_new();
    tu->directory = cap->job->directory;
    tu->overlay_path = str_intern(strings, PARSE_OVERLAY_FILE);
    tu->overlay_dir = str_intern(strings, PARSE_OVERLAY_DIR);
    tu->overlay_prefix = str_intern(strings, overlay_prefix != NULL ? overlay_prefix : "");
    tu->va_list_tag = str_intern(strings, "__va_list_tag");
    map_init(&tu->files, tu->arena);
    map_init(&tu->paths, tu->arena);
    map_init(&tu->identities, tu->arena);
    map_init(&tu->types, tu->arena);
    map_init(&tu->typedefs, tu->arena);
    map_init(&tu->members, tu->arena);
    map_init(&tu->decls, tu->arena);
    map_init(&tu->functions, tu->arena);
    map_init(&tu->specialised, tu->arena);
    map_init(&tu->classes, tu->arena);
    map_init(&tu->sizes, tu->arena);
    map_init(&tu->throws, tu->arena);
    map_init(&tu->made, tu->arena);
    map_init(&tu->wanted, tu->arena);
}

Unit *
capture_unit(Arena *arena, Strings *strings, const Job *job, const char *overlay,
             const char *overlay_prefix)
{
    return capture_unit_edited(arena, strings, job, overlay, overlay_prefix, NULL, 0);
}

/* Turns the parsed file into 'cap->unit'; a handle of NULL is one that failed. */
void
capture_handle(Capture *cap)
{
    if (cap->tu.handle == NULL) {
        capture_fail(cap, path_is_file(cap->job->file)
                              ? "libclang could not parse this file; look at its compiler flags"
                              : "the file does not exist or cannot be read");
    }
    else {
        capture_parsed(cap);
    }
    arena_free(cap->tu.scratch);
    arena_free(cap->tu.arena);
}

Unit *
capture_unit_edited(Arena *arena, Strings *strings, const Job *job, const char *overlay,
                    const char *overlay_prefix, const EditedFile *edited, uint32_t nedited)
{
    Capture cap = {.job = job, .unit = unit_new(arena, strings, job->file)};
    CXIndex index = clang_createIndex(0, 0);
    CXTranslationUnit handle;

    capture_init(&cap, overlay_prefix);
    handle = parse_unit(cap.tu.arena, index, job, overlay, edited, nedited);
    cap.tu.handle = handle;
    capture_handle(&cap);
    capture_drop(&handle);
    clang_disposeIndex(index);
    return cap.unit;
}

void
capture_drop(CXTranslationUnit *handle)
{
    if (*handle != NULL) {
        clang_disposeTranslationUnit(*handle);
    }
    *handle = NULL;
}

/* ---- files that begin alike ------------------------------------------------------------ */

/* Where the text of the file goes on behind the preamble, 0 when it does not begin so. */
static uint32_t
preamble_end(Arena *arena, Strings *strings, const Preamble *preamble, const char *text,
             size_t length)
{
    LeadingDirectives directives = {0};
    const char *rest = preamble->text;

    preamble_read(arena, strings, text, length, &directives);
    for (uint32_t i = 0; i < directives.n && i < preamble->n; i++) {
        const Directive *directive = &directives.at[i];

        if (!text_starts(rest, directive->text) || rest[strlen(directive->text)] != '\n') {
            return 0;
        }
        rest += strlen(directive->text) + 1;
    }
    return directives.n >= preamble->n ? directives.at[preamble->n - 1].end : 0;
}

/* Parses what follows the preamble; NULL when that does not do. */
static CXTranslationUnit
parse_rest(Capture *cap, CXIndex index, const char *overlay, const Preamble *preamble)
{
    Arena *arena = cap->tu.arena;
    EditedFile edited = {.path = cap->job->file};
    const char *text = file_read(arena, cap->job->file, &edited.length, NULL);
    uint32_t end;
    CXTranslationUnit handle;
    bool found, no_python;

    if (text == NULL) {
        return NULL;
    }
    end = preamble_end(arena, cap->unit->strings, preamble, text, edited.length);
    edited.text = preamble_blank(arena, text, edited.length, end);
    handle = end > 0 ? parse_unit_with(arena, index, cap->job, overlay, &edited, preamble->file)
                     : NULL;
    cap->tu.handle = handle;
    found = handle != NULL && capture_look_for_errors(cap, &no_python);
    if (found || !preamble_files(arena, preamble, &cap->read, &cap->nread)) {
        capture_drop(&handle);
    }
    return handle;
}

Unit *
capture_unit_from(Arena *arena, Strings *strings, const Job *job, const char *overlay,
                  const char *overlay_prefix, const Preamble *preamble)
{
    Capture cap = {.job = job, .unit = unit_new(arena, strings, job->file)};
    CXIndex index = clang_createIndex(0, 0);
    CXTranslationUnit handle;

    capture_init(&cap, overlay_prefix);
    handle = parse_rest(&cap, index, overlay, preamble);
    if (handle == NULL) {
        cap.read = NULL;
        cap.nread = 0;
        handle = parse_unit(cap.tu.arena, index, job, overlay, NULL, 0);
    }
    cap.tu.handle = handle;
    capture_handle(&cap);
    capture_drop(&handle);
    clang_disposeIndex(index);
    return cap.unit;
}

const char *
capture_clang_version(Arena *arena)
{
    const char *text = clang_text(arena, clang_getClangVersion());
    const char *number = strstr(text, "version ");

    if (number == NULL) {
        return text;
    }
    number += strlen("version ");
    return arena_strndup(arena, number, strspn(number, "0123456789."));
}

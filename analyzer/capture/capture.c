/* capture.c: parses one translation unit and turns it into an IR unit: its
 * functions, its static tables, the files it read and what went wrong.
 *
 * A header of ours stands in front of Python.h on the include path; it exists
 * in memory only.  libclang drops what did not parse without a word, so every
 * function that an error touches is marked damaged.
 */
#include <string.h>

#include "capture/lower.h"

#define OVERLAY_DIR "/strayref-overlay"
#define OVERLAY_FILE OVERLAY_DIR "/Python.h"
#define VERSION_NAME "strayref_python_version"

/* Errors that are kept as messages; all of them mark functions. */
enum { MESSAGE_LIMIT = 100 };

/* Where a function stands, to find those that an error touches. */
typedef struct Extent {
    Fn *fn;
    const SourceFile *file;
    uint32_t start, end;
    bool has_error; /* one of the parser's */
} Extent;

typedef struct Capture {
    Tu tu;
    Unit *unit;
    const Job *job;
    VEC(CXCursor) top; /* declarations outside functions */
    VEC(Extent) extents;
} Capture;

/* ---- parsing -------------------------------------------------------------------- */

/* The attributes that cpychecker introduced and the macros that say that the
 * compiler knows them, as annotations in our words. */
static const char *const gate_args[] = {
    "-DWITH_CPYCHECKER_RETURNS_BORROWED_REF_ATTRIBUTE=1",
    "-DWITH_CPYCHECKER_STEALS_REFERENCE_TO_ARG_ATTRIBUTE=1",
    "-DWITH_CPYCHECKER_NEGATIVE_RESULT_SETS_EXCEPTION_ATTRIBUTE=1",
    "-DWITH_CPYCHECKER_SETS_EXCEPTION_ATTRIBUTE=1",
    "-DWITH_CPYCHECKER_TYPE_OBJECT_FOR_TYPEDEF_ATTRIBUTE=1",
    "-Dstrayref_text_(x)=#x",
    "-Dcpychecker_returns_borrowed_ref=annotate(\"strayref:returns_borrowed\")",
    "-Dcpychecker_steals_reference_to_arg(n)="
    "annotate(\"strayref:steals(\" strayref_text_(n) \")\")",
    "-Dcpychecker_negative_result_sets_exception="
    "annotate(\"strayref:negative_result_sets_exception\")",
    "-Dcpychecker_sets_exception=annotate(\"strayref:sets_exception\")",
    "-Dcpychecker_type_object_for_typedef(name)="
    "annotate(\"strayref:type_object_for_typedef(\" name \")\")",
};

/* With one of these macros NumPy's headers declare functions that exist within
 * NumPy only, and no import_array(): these headers must not see it. */
#define NUMPY_HEADER(name)                                                         \
    "#pragma push_macro(\"" STEALS_GATE "\")\n"                                    \
    "#undef " STEALS_GATE "\n"                                                     \
    "#include_next <numpy/" name ">\n"                                             \
    "#pragma pop_macro(\"" STEALS_GATE "\")\n"
#define STEALS_GATE "WITH_CPYCHECKER_STEALS_REFERENCE_TO_ARG_ATTRIBUTE"

static const char *const numpy_headers[][2] = {
    {OVERLAY_DIR "/numpy/arrayobject.h", NUMPY_HEADER("arrayobject.h")},
    {OVERLAY_DIR "/numpy/ndarrayobject.h", NUMPY_HEADER("ndarrayobject.h")},
};

/* The overlay, and after it the version of Python as a constant. */
static const char *
overlay_source(Arena *arena, const char *overlay)
{
    return arena_printf(arena,
                        "%s\n"
                        "#if defined(PY_MAJOR_VERSION) && !defined(STRAYREF_PYTHON_VERSION)\n"
                        "#define STRAYREF_PYTHON_VERSION\n"
                        "enum { " VERSION_NAME
                        " = PY_MAJOR_VERSION * 256 + PY_MINOR_VERSION };\n"
                        "#endif\n",
                        overlay != NULL ? overlay : "#include_next <Python.h>");
}

/* The job's arguments between ours: the overlay must be found first; no
 * warning counts; the optimiser's header tricks only hide calls. */
static const char **
build_args(Arena *arena, const Job *job, int *nargs)
{
    const char *const last[] = {"-Wno-everything", "-w", "-ferror-limit=0", "-O0"};
    const char **args = ARENA_ARRAY(arena, const char *, job->nargs + 2 + COUNT_OF(gate_args)
                                                             + COUNT_OF(last));
    int n = 0;

    args[n++] = "-I" OVERLAY_DIR;
    args[n++] = arena_printf(arena, "-working-directory=%s", job->directory);
    for (size_t i = 0; i < COUNT_OF(gate_args); i++) {
        args[n++] = gate_args[i];
    }
    for (uint32_t i = 0; i < job->nargs; i++) {
        args[n++] = job->args[i];
    }
    for (size_t i = 0; i < COUNT_OF(last); i++) {
        args[n++] = last[i];
    }
    *nargs = n;
    return args;
}

static CXTranslationUnit
parse(Capture *cap, CXIndex index, const char *overlay)
{
    const char *source = overlay_source(cap->tu.arena, overlay);
    struct CXUnsavedFile files[1 + COUNT_OF(numpy_headers)] = {
        {.Filename = OVERLAY_FILE, .Contents = source, .Length = strlen(source)}};
    CXTranslationUnit handle = NULL;
    int nargs;
    const char **args = build_args(cap->tu.arena, cap->job, &nargs);

    for (size_t i = 0; i < COUNT_OF(numpy_headers); i++) {
        const char *text = numpy_headers[i][1];

        files[1 + i] = (struct CXUnsavedFile){.Filename = numpy_headers[i][0],
                                              .Contents = text, .Length = strlen(text)};
    }
    if (clang_parseTranslationUnit2(index, cap->job->file, args, nargs, files, COUNT_OF(files),
                                    CXTranslationUnit_KeepGoing, &handle)
        != CXError_Success) {
        return NULL;
    }
    return handle;
}

static void
add_message(Unit *unit, Loc loc, const char *text)
{
    VEC_PUSH(unit->arena, &unit->messages,
             (Message){.loc = loc, .text = str_intern(unit->strings, text)});
}

static void
fail_unit(Capture *cap, const char *text)
{
    cap->unit->status = UNIT_FAILED;
    add_message(cap->unit, (Loc){.file = cap->unit->path, .line = 1, .col = 1}, text);
}

/* ---- the files read ---------------------------------------------------------------- */

typedef struct Inclusions {
    Arena *arena;
    VEC(CXFile) files;
} Inclusions;

static void
collect_inclusion(CXFile file, CXSourceLocation *stack, unsigned depth, CXClientData data)
{
    Inclusions *inclusions = data;

    (void)stack;
    (void)depth;
    VEC_PUSH(inclusions->arena, &inclusions->files, file);
}

/* The folder of Python's headers counts as system; it must be known before
 * the first SourceFile is made.  The overlay leads from one Python.h to the
 * next, the last is the real one. */
static void
find_python(Capture *cap, const Inclusions *inclusions)
{
    Tu *tu = &cap->tu;

    for (uint32_t i = 0; i < inclusions->files.n; i++) {
        const char *name = clang_text(tu->arena, clang_getFileName(inclusions->files.at[i]));
        const char *path = path_absolute(tu->arena, tu->directory, name);

        if (text_equal(path_basename(path), "Python.h") && !text_equal(path, OVERLAY_FILE)) {
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
    Inclusions inclusions = {.arena = cap->tu.arena};
    Unit *unit = cap->unit;
    Map seen;

    clang_getInclusions(cap->tu.handle, collect_inclusion, &inclusions);
    find_python(cap, &inclusions);
    map_init(&seen, cap->tu.arena);
    VEC_PUSH(unit->arena, &unit->includes, unit->path);
    *map_put_ptr(&seen, unit->path) = unit;
    for (uint32_t i = 0; i < inclusions.files.n; i++) {
        const SourceFile *file = clang_file(&cap->tu, inclusions.files.at[i]);
        void **known = map_put_ptr(&seen, file->path);

        if (*known == NULL && !file->is_overlay) {
            *known = unit;
            VEC_PUSH(unit->arena, &unit->includes, file->path);
        }
    }
}

/* ---- declarations --------------------------------------------------------------------- */

/* Collects what stands at the top, or in extern "C" and namespaces there. */
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
        case CXCursor_FunctionDecl:
        case CXCursor_CXXMethod:
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
    if (constants.n == 1 && text_equal(cursor_name(&cap->tu, constants.at[0]), VERSION_NAME)) {
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

static void
capture_function(Capture *cap, CXCursor cursor)
{
    CXSourceRange range = clang_getCursorExtent(cursor);
    Extent extent = {.has_error = false};

    if (!clang_isCursorDefinition(cursor) || cursor_is_system(&cap->tu, cursor)) {
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

    if (!clang_Cursor_isNull(init) && !cursor_is_system(&cap->tu, cursor)) {
        lower_table(&cap->tu, clang_decl(&cap->tu, cursor, NULL), clang_getCursorType(cursor),
                    init);
    }
}

static void
capture_all(Capture *cap)
{
    for (uint32_t i = 0; i < cap->top.n; i++) {
        CXCursor cursor = cap->top.at[i];

        switch (clang_getCursorKind(cursor)) {
        case CXCursor_FunctionDecl:
        case CXCursor_CXXMethod:
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

static void
read_errors(Capture *cap)
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
static bool
look_for_errors(Capture *cap, bool *no_python)
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

    cap->tu.has_errors = look_for_errors(cap, &no_python);
    if (no_python) {
        fail_unit(cap, "Python.h was not found: install python3-dev (Debian) or "
                       "python3-devel (Fedora), or add -I with the folder that "
                       "'python3-config --includes' prints");
        return;
    }
    list_includes(cap);
    collect_top(cap, clang_getTranslationUnitCursor(cap->tu.handle));
    read_names(cap);
    capture_all(cap);
    read_errors(cap);
}

static void
init_tu(Capture *cap, const char *overlay_prefix)
{
    Strings *strings = cap->unit->strings;
    Tu *tu = &cap->tu;

    tu->unit = cap->unit;
    tu->arena = arena_new();
    tu->scratch = arena_new();
    tu->directory = cap->job->directory;
    tu->overlay_path = str_intern(strings, OVERLAY_FILE);
    tu->overlay_dir = str_intern(strings, OVERLAY_DIR);
    tu->overlay_prefix = str_intern(strings, overlay_prefix != NULL ? overlay_prefix : "");
    tu->va_list_tag = str_intern(strings, "__va_list_tag");
    map_init(&tu->files, tu->arena);
    map_init(&tu->types, tu->arena);
    map_init(&tu->typedefs, tu->arena);
    map_init(&tu->members, tu->arena);
    map_init(&tu->decls, tu->arena);
}

Unit *
capture_unit(Arena *arena, Strings *strings, const Job *job, const char *overlay,
             const char *overlay_prefix)
{
    Capture cap = {.job = job, .unit = unit_new(arena, strings, job->file)};
    CXIndex index = clang_createIndex(0, 0);

    init_tu(&cap, overlay_prefix);
    cap.tu.handle = parse(&cap, index, overlay);
    if (cap.tu.handle == NULL) {
        fail_unit(&cap, path_is_file(job->file)
                            ? "libclang could not parse this file; look at its compiler flags"
                            : "the file does not exist or cannot be read");
    }
    else {
        capture_parsed(&cap);
        clang_disposeTranslationUnit(cap.tu.handle);
    }
    clang_disposeIndex(index);
    arena_free(cap.tu.scratch);
    arena_free(cap.tu.arena);
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

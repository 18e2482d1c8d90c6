/* parse.c: has libclang parse a job's file, with headers of ours and with the
 * arguments that suit us.
 *
 * A header of ours stands in front of Python.h on the include path; it exists in
 * memory only.
 */
#include "capture/parse.h"

#include <string.h>

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
    {PARSE_OVERLAY_DIR "/numpy/arrayobject.h", NUMPY_HEADER("arrayobject.h")},
    {PARSE_OVERLAY_DIR "/numpy/ndarrayobject.h", NUMPY_HEADER("ndarrayobject.h")},
};

/* The overlay, and after it the version of Python as a constant. */
static const char *
overlay_source(Arena *arena, const char *overlay)
{
    return arena_printf(arena,
                        "%s\n"
                        "#if defined(PY_MAJOR_VERSION) && !defined(STRAYREF_PYTHON_VERSION)\n"
                        "#define STRAYREF_PYTHON_VERSION\n"
                        "enum { " PARSE_VERSION_NAME
                        " = PY_MAJOR_VERSION * 256 + PY_MINOR_VERSION };\n"
                        "#endif\n",
                        overlay != NULL ? overlay : "#include_next <Python.h>");
}

/* Appends one of the job's arguments, and returns how many words it was.  "-include" goes past the
 * compiler's driver, which would read a precompiled header that lies beside the file instead: that
 * may be another compiler's, old, or made to do harm. */
static uint32_t
add_arg(const Job *job, uint32_t i, const char **args, int *n)
{
    const char *arg = job->args[i];
    bool include = text_starts(arg, "-include"), joined = include && arg[8] != '\0';

    if (!include || (!joined && i + 1 == job->nargs)) {
        args[(*n)++] = arg;
        return 1;
    }
    args[(*n)++] = "-Xclang";
    args[(*n)++] = "-include";
    args[(*n)++] = "-Xclang";
    args[(*n)++] = joined ? arg + 8 : job->args[i + 1];
    return joined ? 1 : 2;
}

/* The job's arguments between ours: the overlay must be found first; no
 * warning counts; the optimiser's header tricks only hide calls. */
static const char **
build_args(Arena *arena, const Job *job, const char *pch, int *nargs)
{
    const char *const last[] = {"-Wno-everything", "-w", "-ferror-limit=0", "-O0"};
    const char **args = ARENA_ARRAY(arena, const char *, 4 * job->nargs + 4 + COUNT_OF(gate_args)
                                                             + COUNT_OF(last));
    int n = 0;

    args[n++] = "-I" PARSE_OVERLAY_DIR;
    args[n++] = arena_printf(arena, "-working-directory=%s", job->directory);
    for (size_t i = 0; i < COUNT_OF(gate_args); i++) {
        args[n++] = gate_args[i];
    }
    for (uint32_t i = 0; i < job->nargs;) {
        i += add_arg(job, i, args, &n);
    }
    for (size_t i = 0; i < COUNT_OF(last); i++) {
        args[n++] = last[i];
    }
    if (pch != NULL) {
        args[n++] = "-include-pch";
        args[n++] = pch;
    }
    *nargs = n;
    return args;
}

/* Our headers and the edited files, as libclang wants them. */
static struct CXUnsavedFile *
unsaved_files(Arena *arena, const char *overlay, const EditedFile *edited, uint32_t nedited,
              unsigned *nfiles)
{
    const char *source = overlay_source(arena, overlay);
    const unsigned first = 1 + COUNT_OF(numpy_headers);
    struct CXUnsavedFile *files = ARENA_ARRAY(arena, struct CXUnsavedFile, first + nedited);

    files[0] = (struct CXUnsavedFile){.Filename = PARSE_OVERLAY_FILE, .Contents = source,
                                      .Length = strlen(source)};
    for (size_t i = 0; i < COUNT_OF(numpy_headers); i++) {
        const char *text = numpy_headers[i][1];

        files[1 + i] = (struct CXUnsavedFile){.Filename = numpy_headers[i][0],
                                              .Contents = text, .Length = strlen(text)};
    }
    for (uint32_t i = 0; i < nedited; i++) {
        files[first + i] = (struct CXUnsavedFile){.Filename = edited[i].path,
                                                  .Contents = edited[i].text,
                                                  .Length = edited[i].length};
    }
    *nfiles = first + nedited;
    return files;
}

static CXTranslationUnit
parse(Arena *arena, CXIndex index, const Job *job, struct CXUnsavedFile *files, unsigned nfiles,
      unsigned options, const char *pch)
{
    CXTranslationUnit handle = NULL;
    int nargs;
    const char **args = build_args(arena, job, pch, &nargs);

    if (clang_parseTranslationUnit2(index, job->file, args, nargs, files, nfiles,
                                    options | CXTranslationUnit_KeepGoing, &handle)
        != CXError_Success) {
        return NULL;
    }
    return handle;
}

CXTranslationUnit
parse_unit(Arena *arena, CXIndex index, const Job *job, const char *overlay,
           const EditedFile *edited, uint32_t nedited)
{
    unsigned nfiles;
    struct CXUnsavedFile *files = unsaved_files(arena, overlay, edited, nedited, &nfiles);

    return parse(arena, index, job, files, nfiles, 0, NULL);
}

CXTranslationUnit
parse_unit_with(Arena *arena, CXIndex index, const Job *job, const char *overlay,
                const EditedFile *edited, const char *pch)
{
    unsigned nfiles;
    struct CXUnsavedFile *files = unsaved_files(arena, overlay, edited, 1, &nfiles);

    return parse(arena, index, job, files, nfiles, 0, pch);
}

CXTranslationUnit
parse_beginning(Arena *arena, CXIndex index, const Job *job, const char *overlay,
                const EditedFile *edited)
{
    unsigned nfiles;
    struct CXUnsavedFile *files = unsaved_files(arena, overlay, edited, 1, &nfiles);

    return parse(arena, index, job, files, nfiles,
                 CXTranslationUnit_Incomplete | CXTranslationUnit_ForSerialization, NULL);
}

void
parse_again(Arena *arena, CXIndex index, const Job *job, const char *overlay,
            const EditedFile *edited, uint32_t nedited, CXTranslationUnit *handle)
{
    unsigned nfiles;
    struct CXUnsavedFile *files = unsaved_files(arena, overlay, edited, nedited, &nfiles);

    if (*handle != NULL
        && clang_reparseTranslationUnit(*handle, nfiles, files,
                                        clang_defaultReparseOptions(*handle)) != 0) {
        clang_disposeTranslationUnit(*handle);
        *handle = NULL;
    }
    else if (*handle != NULL) {
        return;
    }
    *handle = parse(arena, index, job, files, nfiles,
                    CXTranslationUnit_PrecompiledPreamble
                        | CXTranslationUnit_CreatePreambleOnFirstParse, NULL);
}

bool
parse_is_cxx(const Job *job)
{
    static const char *const suffixes[] = {".cpp", ".cc", ".cxx", ".C", ".c++", ".hpp", ".hh",
                                           ".hxx", ".ixx", ".cppm", ".mm"};

    for (uint32_t i = 0; i < job->nargs; i++) {
        const char *language = text_equal(job->args[i], "-x") && i + 1 < job->nargs
            ? job->args[i + 1] : text_starts(job->args[i], "-x") ? job->args[i] + 2 : "";

        if (language[0] != '\0') {
            return text_starts(language, "c++") || text_starts(language, "objective-c++");
        }
    }
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        if (text_ends(job->file, suffixes[i])) {
            return true;
        }
    }
    return false;
}

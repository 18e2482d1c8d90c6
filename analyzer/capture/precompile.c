/* precompile.c: directives that several files begin with -> a precompiled header that stands for
 * them, and beside it the list of the files that it was made of.
 *
 * The text is that of a file which exists in memory only, in the folder of one of those files,
 * so that what they include is found where it was.  With any error there is no header: then
 * each file is to be told of it as if there were no others.
 */
#include "capture/parse.h"
#include "capture/preamble.h"

#include <string.h>

/* The name of the file in memory, without its suffix. */
#define BEGINNING_NAME ".strayref-preamble"

static const char *
list_name(Arena *arena, const Preamble *preamble)
{
    return arena_printf(arena, "%s.files", preamble->file);
}

bool
preamble_files(Arena *arena, const Preamble *preamble, const char *const **files,
               uint32_t *nfiles)
{
    size_t length;
    char *text = file_read(arena, list_name(arena, preamble), &length, NULL);
    VEC(const char *) found = {0};

    for (size_t at = 0; text != NULL && at < length; at += strlen(text + at) + 1) {
        VEC_PUSH(arena, &found, text + at);
    }
    *files = found.at;
    *nfiles = found.n;
    return found.n > 0;
}

/* Writes the names of the files that were read, each with a NUL behind it. */
static bool
write_files(Tu *tu, const Preamble *preamble, const Job *job)
{
    Files files = {0};
    StrBuf text;

    strbuf_init(&text, tu->arena);
    clang_files_read(tu, &files);
    for (uint32_t i = 0; i < files.n; i++) {
        if (!text_equal(files.at[i], job->file)) {
            strbuf_add(&text, files.at[i], strlen(files.at[i]) + 1);
        }
    }
    return file_write(list_name(tu->arena, preamble), text.text, text.length, NULL);
}

typedef struct Search {
    CXTranslationUnit handle;
    bool found;
} Search;

/* Looks for the macro by which a header learns which file is compiled. */
static void
search_file(CXFile file, CXSourceLocation *stack, unsigned depth, CXClientData data)
{
    static const char word[] = "__BASE_FILE__";
    Search *search = data;
    size_t length;
    const char *text = clang_getFileContents(search->handle, file, &length);

    (void)stack;
    (void)depth;
    search->found = search->found
                    || (text != NULL && memmem(text, length, word, strlen(word)) != NULL);
}

/* True when there is an error, or a header that is not the same in all files. */
static bool
is_unfit(const Tu *tu)
{
    Search search = {.handle = tu->handle};
    unsigned n = clang_getNumDiagnostics(tu->handle);

    clang_getInclusions(tu->handle, search_file, &search);
    for (unsigned i = 0; i < n && !search.found; i++) {
        CXDiagnostic diagnostic = clang_getDiagnostic(tu->handle, i);

        search.found = clang_getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error;
        clang_disposeDiagnostic(diagnostic);
    }
    return search.found;
}

/* The job of compiling the file in memory. */
static Job
beginning_job(Arena *arena, Strings *strings, const Job *job)
{
    const char *suffix = strrchr(path_basename(job->file), '.');
    Job beginning = *job;

    beginning.file = str_internf(strings, "%s/" BEGINNING_NAME "%s",
                                 path_dirname(arena, job->file), suffix != NULL ? suffix : "");
    return beginning;
}

bool
preamble_compile(Arena *arena, Strings *strings, const Job *job, const char *overlay,
                 const Preamble *preamble)
{
    Job beginning = beginning_job(arena, strings, job);
    EditedFile edited = {.path = beginning.file, .text = preamble->text,
                         .length = strlen(preamble->text)};
    CXIndex index = clang_createIndex(0, 0);
    Tu tu = {.arena = arena, .directory = job->directory,
             .unit = unit_new(arena, strings, beginning.file)};
    bool ok;

    tu.handle = parse_beginning(arena, index, &beginning, overlay, &edited);
    ok = tu.handle != NULL && !is_unfit(&tu) && write_files(&tu, preamble, &beginning)
         && clang_saveTranslationUnit(tu.handle, preamble->file, clang_defaultSaveOptions(tu.handle))
                == CXSaveError_None;
    if (tu.handle != NULL) {
        clang_disposeTranslationUnit(tu.handle);
    }
    clang_disposeIndex(index);
    return ok;
}

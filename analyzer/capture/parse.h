/* parse.h: a job's file as libclang's translation unit.
 *
 * Private to capture/.
 */
#ifndef STRAYREF_CAPTURE_PARSE_H
#define STRAYREF_CAPTURE_PARSE_H

#include "capture/clang.h"

/* Where our own headers are; they exist in memory only. */
#define PARSE_OVERLAY_DIR "/strayref-overlay"
#define PARSE_OVERLAY_FILE PARSE_OVERLAY_DIR "/Python.h"
/* The constant by which the overlay tells the version of Python: major * 256 + minor. */
#define PARSE_VERSION_NAME "strayref_python_version"

/* Parses the job's file, with 'overlay' (NULL for none) in front of Python.h and other
 * contents for the edited files.  NULL when libclang cannot; else the caller disposes of
 * it.  What is needed meanwhile is in 'arena', which must live as long. */
CXTranslationUnit parse_unit(Arena *arena, CXIndex index, const Job *job, const char *overlay,
                             const EditedFile *edited, uint32_t nedited);
/* The same with the compiled header 'pch' before it. */
CXTranslationUnit parse_unit_with(Arena *arena, CXIndex index, const Job *job,
                                  const char *overlay, const EditedFile *edited,
                                  const char *pch);
/* The same for a file that is the beginning of others: what is made of it can be saved. */
CXTranslationUnit parse_beginning(Arena *arena, CXIndex index, const Job *job,
                                  const char *overlay, const EditedFile *edited);
/* The same for a file that stays open: parses it anew when *handle is NULL, else again.  Without
 * success *handle is NULL. */
void parse_again(Arena *arena, CXIndex index, const Job *job, const char *overlay,
                 const EditedFile *edited, uint32_t nedited, CXTranslationUnit *handle);
/* True when the compiler takes the file as C++: by '-x', else by its name. */
bool parse_is_cxx(const Job *job);

#endif

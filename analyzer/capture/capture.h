/* capture.h: from C source to IR units through libclang.
 *
 * The only layer that sees libclang, and only through clang.h.  Knows nothing
 * of ownership.
 */
#ifndef STRAYREF_CAPTURE_H
#define STRAYREF_CAPTURE_H

#include "ir/ir.h"

/* One translation unit to parse. */
typedef struct Job {
    Str file;      /* absolute path */
    Str directory; /* where the compiler would run */
    Str *args;     /* cleaned arguments, without compiler name, -c, -o and file */
    uint32_t nargs;
    Str unsafe;    /* a flag that would have run other people's code in the parser, left out;
                      or NULL */
} Job;

typedef struct Jobs {
    VEC(Job) jobs;
    VEC(Str) notes; /* things to tell the user: "no database: flags of python3 3.11 used" */
    Str root;       /* project root: directory of the database, or of the first file */
} Jobs;

/* ---- compdb.c ----------------------------------------------------------------- */

/* Looks for compile_commands.json as clangd does: in 'start' (a file or a
 * directory) and each parent, and in their build/ folders.  The path found,
 * or NULL.  'tried' (may be NULL) receives the paths looked at, one a line. */
const char *compdb_find(Arena *arena, const char *start, StrBuf *tried);

/* Reads a database (path of the .json file or its directory) into jobs, in
 * the order of the file, the same file with the same arguments once.  Entries
 * that are wrong (no such file or directory, not C or C++, malformed) are
 * told to 'on_problem' (one clear line with the remedy) and left out.  False
 * with 'error' set when the database as a whole is missing, unreadable,
 * malformed JSON, or empty. */
typedef void (*ProblemFn)(void *payload, const char *file, const char *message);
bool compdb_read(Arena *arena, Strings *strings, const char *path, Jobs *jobs,
                 ProblemFn on_problem, void *payload, Error *error);

/* How to make a database: a few lines for the end of a message. */
#define COMPDB_REMEDY                                                              \
    "make one with your build:\n"                                                  \
    "  setuptools:  bear -- python3 setup.py build_ext --force\n"                  \
    "  pip:         bear -- pip install --no-build-isolation .\n"                  \
    "  CMake:       cmake -S . -B build -DCMAKE_EXPORT_COMPILE_COMMANDS=ON\n"      \
    "  Meson:       meson setup build\n"                                           \
    "or name the file and its flags: strayref scan FILE.c -- FLAGS"

/* True when the name's suffix is one of C or C++ (headers too). */
bool source_is_c(const char *path);

/* ---- args.c ------------------------------------------------------------------- */

typedef VEC(Str) Words;

/* Splits 'text' into words as a POSIX shell does (quotes and escapes, nothing
 * is expanded) and appends them to 'out'.  False when a quote stays open. */
bool words_split(Arena *arena, Strings *strings, const char *text, Words *out);

/* A job for one file with the given compiler flags. */
Job job_for_file(Arena *arena, Strings *strings, const char *file,
                 const char *const *flags, int nflags);

/* Removes what only GCC understands or what concerns output, expands response
 * files, keeps -I -D -U -std -include -isystem and the like.  In place.  A
 * response file that cannot be read stays as "@FILE". */
void job_clean_args(Arena *arena, Strings *strings, Job *job);

/* ---- python.c ------------------------------------------------------------------ */

/* The include flags of the installed python3 (from python3-config, else
 * sysconfig), as words owned by the arena; false with 'error' set when there
 * is none.  'version' gets "3.11". */
bool python_flags(Arena *arena, Strings *strings, Str **flags, uint32_t *nflags,
                  Str *version, Error *error);

/* The version ("3.11") of the Python whose headers the job's include folders
 * hold, or NULL when none of them does. */
Str job_python(Arena *arena, Strings *strings, const Job *job);

/* ---- capture.c ------------------------------------------------------------------ */

/* Parses and lowers one translation unit.  'overlay' is the text of a header
 * found before the real Python.h, or NULL for none; functions that it declares carry
 * the given prefix, which is removed from names and hints.  Always gives a unit;
 * when nothing could be used its status is UNIT_FAILED and it carries the reason as a message. */
Unit *capture_unit(Arena *arena, Strings *strings, const Job *job,
                   const char *overlay, const char *overlay_prefix);

/* ---- preamble.c: what source files begin with ------------------------------------------- */

/* One directive of the preprocessor at the start of a file. */
typedef struct Directive {
    Str text;        /* without comments, spacing as short as can be */
    uint32_t end;    /* offset behind its line */
    bool is_include;
    bool is_closed;  /* no conditional is open behind it */
} Directive;
typedef VEC(Directive) LeadingDirectives;

/* Appends the directives before anything else in the text of a file, as far as they mean the
 * same in all files of a folder that begin so and are compiled alike. */
void preamble_read(Arena *arena, Strings *strings, const char *text, size_t length,
                   LeadingDirectives *out);

/* LeadingDirectives that files begin with, compiled. */
typedef struct Preamble {
    Str text;         /* a line each */
    uint32_t n;       /* how many */
    const char *file; /* what preamble_compile writes; beside it a list of the files read */
} Preamble;

/* Compiles the preamble with the job's command line, as if it stood in the folder of its file.
 * False when that gives errors, or something that other files cannot share. */
bool preamble_compile(Arena *arena, Strings *strings, const Job *job, const char *overlay,
                      const Preamble *preamble);

/* ---- capture.c -------------------------------------------------------------------------- */

/* The same as capture_unit, of a file that begins with a preamble that is compiled.  When it
 * does not any more, or when there is any error, it is parsed from its first line. */
Unit *capture_unit_from(Arena *arena, Strings *strings, const Job *job, const char *overlay,
                        const char *overlay_prefix, const Preamble *preamble);

/* A file whose contents are to be other than what the disk holds. */
typedef struct EditedFile {
    const char *path; /* absolute */
    const char *text;
    size_t length;
} EditedFile;

/* The same, with other contents for some of the files that the unit consists of. */
Unit *capture_unit_edited(Arena *arena, Strings *strings, const Job *job,
                          const char *overlay, const char *overlay_prefix,
                          const EditedFile *edited, uint32_t nedited);

/* The braces of a function's body. */
typedef struct Body {
    Str file;            /* where they are written */
    Str usr;
    uint32_t start, end; /* offsets: of the first, behind the last */
    uint32_t definition; /* offset: where the definition begins */
    Str name;            /* of the function */
} Body;
typedef VEC(Body) Bodies;

/* Which functions are wanted of a file. */
typedef struct CaptureWish {
    bool (*wants)(void *payload, const Body *body);
    void *payload;
    bool had_errors; /* the whole file has errors, wherever they are */
} CaptureWish;

/* A file that is parsed again and again, what stands before its first declaration but once. */
typedef struct LiveUnit LiveUnit;

/* 'job', 'overlay' and 'overlay_prefix' as for capture_unit; they must live as long. */
LiveUnit *live_new(Arena *arena, const Job *job, const char *overlay, const char *overlay_prefix);
/* Parses with these contents of edited files.  With 'wish' only the functions that it wants
 * are lowered, and no variables.  'bodies' (may be NULL) gets those of all functions, in
 * 'arena'. */
Unit *live_capture(LiveUnit *live, Arena *arena, Strings *strings, const EditedFile *edited,
                   uint32_t nedited, const CaptureWish *wish, Bodies *bodies);

/* A file in memory that includes the rest of the file at 'path' and has some functions. */
typedef struct LivePart {
    const char *path;  /* whose lines these are */
    const char *text;
    size_t length;
    const uint32_t *body; /* offsets of the opening braces */
    uint32_t nbody;
    bool had_errors;   /* the whole file has errors, wherever they are */
} LivePart;

/* Lowers these functions; the unit has fewer when that cannot be.  What the text includes first,
 * with 'rest' in place of files on the disk, is parsed once as long as it stays the same.  A
 * whole capture must have been before. */
Unit *live_capture_part(LiveUnit *live, Arena *arena, Strings *strings, const EditedFile *rest,
                        uint32_t nrest, const LivePart *part);
void live_free(LiveUnit *live);
/* True when what a function is lowered to depends on the bodies of no others. */
bool live_is_separable(const LiveUnit *live);

/* The version of libclang in use, "19.1.7". Owned by the arena. */
const char *capture_clang_version(Arena *arena);

#endif

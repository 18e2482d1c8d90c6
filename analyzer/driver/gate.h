/* gate.h: which findings are new: baselines, revisions, changed lines (private to the driver).
 */
#ifndef STRAYREF_GATE_H
#define STRAYREF_GATE_H

#include "driver/driver.h"

/* ---- git.c ---------------------------------------------------------------------------- */

/* Runs git with the arguments (ended by NULL) in a folder, with the environment variable
 * 'index' as GIT_INDEX_FILE unless NULL.  What it prints, owned by the arena and ended with
 * a NUL, its length in *length (may be NULL); NULL with 'error' set when git is missing or
 * fails, with the first line of what it says. */
char *git_run(Arena *arena, const char *folder, const char *index, const char *const *args,
              size_t *length, Error *error);
/* The same without the white space at its end. */
char *git_line(Arena *arena, const char *folder, const char *const *args, Error *error);

/* A file that has another name now. */
typedef struct Rename {
    const char *from, *to; /* relative to the folder asked about */
} Rename;
typedef VEC(Rename) Renames;
/* Appends what was renamed below 'folder' between the commit and the files that are
 * there now.  False with 'error' set when git does not know the commit. */
bool git_renames(Arena *arena, const char *folder, const char *commit, Renames *out,
                 Error *error);

/* ---- baseline.c: the file of known findings --------------------------------------------- */

/* One known finding; no line numbers, so that it survives code moving. */
typedef struct BaselineEntry {
    const char *path; /* relative to the project's root */
    const char *function, *rule, *object, *fingerprint;
    const Finding *met; /* the finding that it stands for, or NULL */
} BaselineEntry;

typedef struct Baseline {
    const char *name;         /* as the user calls it */
    VEC(BaselineEntry) entries;
    VEC(const char *) commits; /* that it was written at */
} Baseline;

/* Reads the file.  False with 'error' set when it is missing or no baseline. */
bool baseline_read(Arena *arena, const char *path, Baseline *out, Error *error);
/* Reads its text; 'name' stands before errors. */
bool baseline_parse(Arena *arena, const char *name, const char *text, Baseline *out,
                    Error *error);
/* Adds the findings of a run that are neither suppressed nor below a threshold. */
void baseline_add(Arena *arena, Baseline *baseline, const RunResult *run);
/* Writes it as text: sorted, one entry a line, no entry twice. */
void baseline_print(Arena *arena, Baseline *baseline, StrBuf *out);

/* ---- group.c ---------------------------------------------------------------------------- */

/* Makes one finding of those that are shown and that one change mends: it names the others.
 * 'exits': also of what one exit of a function forgets, where each object takes a release of its
 * own.  Numbers the findings of the run anew. */
void group_findings(RunResult *run, bool exits);

/* ---- baseline_match.c ------------------------------------------------------------------- */

/* Marks the findings of the run that stand in the baseline as known, and the entries. */
void baseline_match(Arena *arena, Baseline *baseline, RunResult *run);
/* True when the scan would have found the entry again: its file was read, and its function
 * analysed; or the file is gone. */
bool baseline_covered(const Scan *scan, const Options *options, const BaselineEntry *entry);
/* --baseline: reads, matches, and says which entries have become useless. */
bool baseline_apply(Scan *scan, const Options *options, Error *error);

/* ---- changed.c: unified diffs ------------------------------------------------------------- */

/* Lines of a file that a diff touches, from 'first' to 'last'. */
typedef struct LineSpan {
    uint32_t first, last;
} LineSpan;

typedef struct ChangedFile {
    const char *name;   /* as the diff has it */
    const char *path;   /* absolute; NULL until it is found */
    VEC(LineSpan) spans;
} ChangedFile;

typedef struct Changes {
    VEC(ChangedFile) files; /* without those that the diff deletes */
} Changes;

/* Reads a unified diff; next to lines that it removes, the lines before and after
 * count as touched.  False with 'error' set ("NAME:LINE: ...") when it is none. */
bool diff_parse(Arena *arena, const char *name, const char *text, Changes *out, Error *error);
/* --diff: takes out the findings that neither end nor begin on a changed line. */
bool diff_apply(Scan *scan, const Options *options, Error *error);

/* ---- base.c: a revision of git to compare with -------------------------------------------- */

/* --base: analyses the revision as well; what it has already is known. */
bool base_apply(Scan *scan, const Options *options, Error *error);

/* ---- rebase.c ------------------------------------------------------------------------------- */

/* A tree of source in another place: what lies below 'from' is read below 'to' where it
 * is there. */
struct Rebase {
    const char *from, *to;
    Renames renames;  /* from the name in 'to' to the one in 'from' */
};
/* Moves jobs and root; jobs whose file has no counterpart are dropped, unless git ignores
 * it (it was generated): then it stays where it is. */
void rebase_jobs(Scan *scan, const struct Rebase *rebase);

/* ---- tempdir.c -------------------------------------------------------------------------------- */

/* A folder that is removed with all that is in it, whatever happens to this process. */
typedef struct TempDir {
    const char *path;
    int pipe;  /* its closing ends the guard */
    int guard; /* the process that removes the folder */
} TempDir;

/* A new folder below TMPDIR or /tmp that stays, by its real name, which 'arena' owns; NULL
 * with 'error' (may be NULL) set when there can be none. */
const char *tempdir_keep(Arena *arena, Error *error);
/* Makes one that goes.  False with 'error' set when it cannot. */
bool tempdir_make(Arena *arena, TempDir *dir, Error *error);
/* The same under a name of one's own; false when that is taken or cannot be made. */
bool tempdir_make_at(Arena *arena, const char *path, TempDir *dir);
/* Removes it and waits until it is gone. */
void tempdir_remove(TempDir *dir);

/* gate_check.c: false with 'error' set when a baseline, diff or revision that the options name
 * is wrong: better known before the scan. */
bool gate_check(Arena *arena, const Options *options, Error *error);

/* ---- versions.c, variants.c, scan.c: one result from several runs ---------------------------- */

/* True when two runs mean the same by it. */
bool finding_same(const Finding *a, const Finding *b);
/* Links and analyses the captured units with a model of its own. */
bool scan_analyse(Scan *scan, const Options *options, Error *error);
/* Adds to the result what the other variants of files show that are compiled several times. */
bool variants_add(Scan *scan, const Options *options, Error *error);

/* ---- notes ---------------------------------------------------------------------------------- */

/* scan.c: says a note and adds it to those of the reports. */
void scan_note(Scan *scan, const char *format, ...) PRINTF_LIKE(2, 3);
/* Says "WHAT: MORE" of the input, and notes that it was said. */
void scan_tell(Scan *scan, const char *what, const char *more);

#endif

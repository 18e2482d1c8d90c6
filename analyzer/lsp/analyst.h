/* analyst.h: the processes that know a whole program (private to lsp/).
 *
 * The analyst scans a project once and keeps what it knows.  For each state of the open files
 * it starts an evaluator, which shares all of that, analyses what differs, answers questions
 * about that state, and ends when the next one is there.
 *
 * The analyst gets   {"type": "job", "path"}            which job shows the file?
 *                    {"type": "text", "path"} + text    the buffer
 *                    {"type": "unit", "path", "kind", "shift"} + unit    from the reader
 *                    {"type": "close", "path"}
 *                    {"type": "absorb"}                 whole units are from now on its own
 *                    {"type": "evaluate", "seq"}
 *                    {"type": "ask", "id", "method", ...}    passed to the evaluator
 * and gives          {"type": "progress", "done", "total"}, {"type": "ready", ...},
 *                    {"type": "failed", "why"}, {"type": "job", "path", "job"} + overlay,
 *                    {"type": "result", "seq", "files", "functions"}, {"type": "crashed"},
 *                    {"type": "answer", "id", "result"}
 */
#ifndef STRAYREF_LSP_ANALYST_H
#define STRAYREF_LSP_ANALYST_H

#include "driver/driver.h"
#include "lsp/channel.h"
#include "lsp/text.h"

/* A file that is open in the editor. */
typedef struct OpenFile {
    char *path;
    uint32_t job;          /* whose unit shows it */
    Bytes text;            /* the buffer */
    Bytes whole, part;     /* units in text form; empty: none */
    LineShift *shift;      /* how lines have moved since the whole one */
    uint32_t nshift;
} OpenFile;

/* What is known of the program as it was last taken in. */
typedef struct Base {
    Arena *arena;
    const Options *options;
    Scan scan;             /* without findings that were judged */
    const char *overlay;
    Map known;             /* identity of a function -> index + 1 */
    uint32_t *lines;       /* by function: the line it begins at */
    OpenFile *files;
    uint32_t nfiles;
} Base;

/* A ChildFn; the payload is the Options of the project's scan. */
void analyst_run(Channel *channel, void *payload);

/* ---- evaluate.c -------------------------------------------------------------------------- */

/* Fills in what follows from scan->program and scan->engine. */
void base_index(Base *base);
/* Takes the whole units of open files into the program, and analyses what differs. */
bool base_absorb(Base *base);
/* Analyses the program with all open files as they are, into 'scan'.  The base is used up. */
bool base_evaluate(Base *base, Arena *arena, Scan *scan, Error *error);

/* ---- finding_json.c ---------------------------------------------------------------------- */

/* A finding with all that a client may want to be told; places in bytes from 1. */
json_t *finding_json(const Scan *scan, const Finding *finding);

/* ---- answer.c ------------------------------------------------------------------------------ */

/* What the evaluated scan says to a question; NULL for nothing. */
json_t *answer_question(Arena *arena, const Options *options, Scan *scan, const Packet *question);

#endif

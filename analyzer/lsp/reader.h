/* reader.h: the process that keeps one open file parsed (private to lsp/).
 *
 * Gets  {"version", "whole", "length", "buffers": [[path, length]...]} + texts
 *                                   the buffer, and those of other files that are open, one behind
 *                                   the other; "whole": it is to be parsed whole
 * gives {"version", "kind": "whole", "includes": [path...]} + unit
 *                                   everything, and what follows starts from it
 *       {"version", "kind": "part", "shift": [[from, by]...]} + unit   changed functions only
 *       {"version", "kind": "broken"}              has errors that the last whole one has not
 */
#ifndef STRAYREF_LSP_READER_H
#define STRAYREF_LSP_READER_H

#include "lsp/channel.h"
#include "capture/capture.h"

/* What the process is to do; copied by starting it. */
typedef struct ReaderTask {
    const Job *job;
    const char *path;    /* of the file that is edited: the job's, or one that it includes */
    const char *overlay; /* as for capture_unit */
} ReaderTask;

/* A ChildFn; the payload is a ReaderTask. */
void reader_run(Channel *channel, void *payload);

#endif

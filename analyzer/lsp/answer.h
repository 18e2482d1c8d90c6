/* answer.h: one question to the evaluator (private to lsp/). */
#ifndef STRAYREF_LSP_ANSWER_H
#define STRAYREF_LSP_ANSWER_H

#include "lsp/analyst.h"

typedef struct Question {
    Arena *arena;
    const Options *options;
    Scan *scan;            /* of the program as it is in the editor */
    const json_t *params;
    const char *path;      /* of the file asked about */
} Question;

/* A function's declaration by its name, as the file sees it; NULL when nobody declares it. */
const Decl *question_function(const Question *q, const char *name);

/* hover.c: {"line", "col"} (from 1, bytes) -> Markdown. */
json_t *answer_hover(const Question *q);
/* hints.c: {"first", "last"} lines -> [{"line", "col", "label"}] behind calls. */
json_t *answer_hints(const Question *q);
/* hints.c: -> [{"line", "title"}], one for each extension type of the file. */
json_t *answer_lens(const Question *q);

#endif

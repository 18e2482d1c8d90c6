/* answer.c: questions about the program as it is in the editor. */
#include "lsp/analyst.h"

json_t *
answer_question(Arena *arena, const Options *options, Scan *scan, const Packet *question)
{
    (void)arena;
    (void)options;
    (void)scan;
    (void)question;
    return NULL;
}

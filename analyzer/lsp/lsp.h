/* lsp.h: strayref in an editor: the Language Server Protocol over standard input and output. */
#ifndef STRAYREF_LSP_H
#define STRAYREF_LSP_H

#include "driver/driver.h"

/* Serves until the client is gone or says exit.  Returns the exit code. */
int command_lsp(Arena *arena, const Options *options);

#endif

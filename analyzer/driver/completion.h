/* completion.h: scripts that complete command lines (private to the driver). */
#ifndef STRAYREF_COMPLETION_H
#define STRAYREF_COMPLETION_H

#include "driver/options.h"

/* What may stand at a place of the command line. */
typedef struct Choice {
    const char *const *words; /* these words, ended by NULL; may be empty */
    bool files;               /* and any file */
    bool folders;             /* and any folder */
} Choice;

/* ---- completion.c: what may stand where; the memory belongs to the arena ---------------- */

/* The values of an option that takes one. */
Choice value_choice(Arena *arena, const OptionHelp *option);
/* The arguments of a command. */
Choice argument_choice(Arena *arena, const CommandHelp *command);

/* ---- completion_shell.c: appends the script for a shell ----------------------------------- */

void write_bash(Arena *arena, StrBuf *out);
void write_zsh(Arena *arena, StrBuf *out);
void write_fish(Arena *arena, StrBuf *out);

#endif

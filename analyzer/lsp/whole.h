/* whole.h: what is kept of a file that was parsed whole (private to lsp/). */
#ifndef STRAYREF_LSP_WHOLE_H
#define STRAYREF_LSP_WHOLE_H

#include <jansson.h>

#include "lsp/alone.h"

/* The text that was last parsed whole, and what came out. */
typedef struct Whole {
    Arena *arena;
    BodyText text;
    const Unit *unit;
    EditedFile *open;   /* files of the unit that are open as well */
    uint32_t nopen;
    EditedFile *others; /* the same and other files of the unit, those in C without bodies */
    uint32_t nothers;
    uint32_t *definition; /* by body: where the function's definition begins */
    Alone alone;
    bool warm;          /* all but one function is parsed already */
} Whole;

/* Fills in what follows from text, unit and bodies.  'edited' is the path of the text, 'files' are
 * others that are open in the editor. */
void whole_note(Whole *whole, const char *edited, const EditedFile *files, uint32_t nfiles,
                const Bodies *bodies);
/* True when what the unit is made of beside the text is open, or not, as it was. */
bool whole_has_same_open(const Whole *whole, const EditedFile *files, uint32_t nfiles);
/* The paths of what a unit is made of, but for system headers; the caller owns the array. */
json_t *whole_includes(const Unit *unit);

#endif

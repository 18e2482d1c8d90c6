/* preamble.h: what files begin with, and what was compiled of it.
 *
 * Private to capture/; capture.h has the rest.
 */
#ifndef STRAYREF_CAPTURE_PREAMBLE_H
#define STRAYREF_CAPTURE_PREAMBLE_H

#include "capture/capture.h"

/* The text with all before 'end' made blank, but for the ends of lines: what stands behind
 * keeps its place.  Owned by 'arena'. */
char *preamble_blank(Arena *arena, const char *text, size_t length, uint32_t end);

/* The files that were read for the preamble, in order; in 'arena'.  False when nothing tells. */
bool preamble_files(Arena *arena, const Preamble *preamble, const char *const **files,
                    uint32_t *nfiles);

#endif

/* jsontree.h: JSON values with the checks that all our formats want (private to reports).
 *
 * Text is cleaned here, so that every string is valid UTF-8 on one line.  Members keep the
 * order they are put in.
 */
#ifndef STRAYREF_JSONTREE_H
#define STRAYREF_JSONTREE_H

#include "reports/report.h"

#include <jansson.h>

/* Puts a member; text that is NULL or empty is left out.  put_lines keeps the lines. */
void put_text(Arena *arena, json_t *object, const char *key, const char *text);
void put_lines(Arena *arena, json_t *object, const char *key, const char *text);
void put_number(json_t *object, const char *key, uint64_t value);
void put_bool(json_t *object, const char *key, bool value);
/* Puts an empty object or array under 'key' and returns it. */
json_t *put_object(json_t *object, const char *key);
json_t *put_array(json_t *object, const char *key);
/* Appends an empty object to an array and returns it. */
json_t *add_object(json_t *array);
/* Appends text, cleaned, to an array. */
void add_text(Arena *arena, json_t *array, const char *text);

/* Appends the value as text, in many lines or (compact) in one, and frees it. */
void put_json(StrBuf *out, json_t *value, bool compact);

/* True when the patch's text and the files it names can be told in JSON byte by byte. */
bool patch_is_text(Arena *arena, const Patch *patch);

#endif

/* config.h: the project's .strayref.yaml (private to the driver). */
#ifndef STRAYREF_CONFIG_H
#define STRAYREF_CONFIG_H

#include "driver/driver.h"

#define CONFIG_NAME ".strayref.yaml"

/* A list of words; 'at' is NULL when the file does not have it. */
typedef struct ConfigList {
    const char **at;
    uint32_t n;
} ConfigList;

/* What a file says.  Absent: NULL, or -1 for the words. */
typedef struct ConfigFile {
    const char *name; /* as the user sees it */
    const char *text; /* of the whole file */
    const char *database, *baseline, *link;
    const char *profile, *reach, *confidence;
    int skip_generated, require_reason; /* 0, 1 */
    ConfigList paths, skip, fail_on, models, python;
    RuleLevel *levels;
    uint32_t nlevels;
} ConfigFile;

/* config_schema.c: the keys, in the order of Setting, ended by NULL. */
extern const char *const config_keys[];

/* Reads the text against the schema.  False with 'error' set ("NAME:LINE:COLUMN: ...", with
 * the key that was probably meant). */
bool config_read(Arena *arena, const char *name, const char *text, ConfigFile *out, Error *error);

/* The line and column of a key of the outermost mapping; 1 and 1 when it cannot be seen. */
void config_place(const char *text, const char *key, uint32_t *line, uint32_t *col);

/* config.c: the file that counts for the options, or NULL. */
const char *config_find(Arena *arena, const Options *options);

#endif

/* embedded.h: files put into the binary at build time (CMakeLists.txt).
 *
 * Each rule page is also a symbol of its own, page_<file name>, declared in
 * engine/rule.h through rules.def.
 */
#ifndef STRAYREF_EMBEDDED_H
#define STRAYREF_EMBEDDED_H

#include <stddef.h>

typedef struct EmbeddedFile {
    const char *name; /* "list.facts"; NULL ends an array */
    const char *text; /* NUL-terminated */
    size_t length;
} EmbeddedFile;

extern const EmbeddedFile embedded_facts[]; /* rules/api, all .facts files, sorted by name */
extern const char embedded_internals[];     /* rules/api/internals.txt */
extern const char embedded_page_css[];      /* reports/page.css */
extern const char embedded_page_js[];       /* reports/page.js */

extern const char page_strayref[];      /* reports/man: pages of the manual, as Markdown */
extern const char page_strayref_yaml[];

/* 32 hex digits that stand for the source this program was made from: for the part that
 * decides what a unit says (base/, ir/, capture/), and for all of it (build_id.cmake). */
extern const char build_capture_id[];
extern const char build_id[];

#define STRAYREF_VERSION "0.1.0"

#endif

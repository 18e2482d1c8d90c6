/* sarif.h: what the files that write SARIF share (private to reports). */
#ifndef STRAYREF_SARIF_H
#define STRAYREF_SARIF_H

#include "reports/jsontree.h"

typedef struct SarifReport {
    Arena *arena; /* for this report only */
    Sources *sources;
    const RunResult *run;
    const RuleInfo **rules; /* in the order of tool.driver.rules */
    uint32_t nrules;
    const char **keys; /* one per finding */
} SarifReport;

/* ---- sarif_place.c ------------------------------------------------------------------ */

/* Puts uri and uriBaseId under 'artifactLocation': relative to the project when below it. */
void sarif_put_artifact(SarifReport *s, json_t *object, const char *file);
/* Puts 'physicalLocation' with the place up to the end of its line; nothing for no file. */
void sarif_put_place(SarifReport *s, json_t *object, Loc loc);
/* Puts {"text": ...} under 'key'; the text must be clean and not empty. */
void sarif_put_message(json_t *object, const char *key, const char *text);
/* The URI of the project's folder, with a slash at the end. */
const char *sarif_root_uri(SarifReport *s);

/* ---- sarif_result.c ------------------------------------------------------------------- */

/* Fills the result for the finding at 'index' of the run. */
void sarif_fill_result(SarifReport *s, json_t *result, uint32_t index);

#endif

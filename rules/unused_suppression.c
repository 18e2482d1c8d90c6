/* unused_suppression.c: a comment suppresses findings that are not there.
 *
 * No path leads to it: the reader of comments makes its findings.
 */
#include "engine/rule.h"

const Rule rule_unused_suppression = {
    .info = {.id = "unused-suppression", .title = "Suppression without effect",
             .summary = "A comment suppresses findings of a rule that has none here.",
             .severity = SEVERITY_NOTE, .precision = PRECISION_VERY_HIGH,
             .page = page_unused_suppression},
};

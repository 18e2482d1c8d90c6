/* unknown_suppression.c: a comment was meant to suppress findings, and strayref cannot make
 * out which.
 *
 * No path leads to it: the reader of comments makes its findings.
 */
#include "engine/rule.h"

const Rule rule_unknown_suppression = {
    .info = {.id = "unknown-suppression", .title = "Suppression that cannot be understood",
             .summary = "A comment for strayref names an unknown rule, is malformed, or gives no "
                        "reason where one is required.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_VERY_HIGH,
             .page = page_unknown_suppression},
};

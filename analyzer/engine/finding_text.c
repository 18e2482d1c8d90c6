/* finding_text.c: the words for the enums of finding.h. */
#include "engine/finding.h"

const char *
reach_text(Reach reach)
{
    static const char *const words[REACH_COUNT] = {
        [REACH_ORDINARY] = "ordinary path",
        [REACH_ERROR] = "error path",
        [REACH_INIT] = "once per process",
        [REACH_OOM] = "allocation failure",
        [REACH_PROTOCOL] = "protocol",
    };
    assert(reach < REACH_COUNT);
    return words[reach];
}

const char *
reach_word(Reach reach)
{
    static const char *const words[REACH_COUNT] = {
        [REACH_ORDINARY] = "ordinary",
        [REACH_ERROR] = "error",
        [REACH_INIT] = "init",
        [REACH_OOM] = "oom",
        [REACH_PROTOCOL] = "protocol",
    };
    assert(reach < REACH_COUNT);
    return words[reach];
}

const char *
confidence_text(Confidence confidence)
{
    static const char *const words[CONFIDENCE_COUNT] = {
        [CONFIDENCE_HIGH] = "high",
        [CONFIDENCE_MEDIUM] = "medium",
        [CONFIDENCE_LOW] = "low",
    };
    assert(confidence < CONFIDENCE_COUNT);
    return words[confidence];
}

const char *
severity_text(Severity severity)
{
    static const char *const words[] = {
        [SEVERITY_ERROR] = "error",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_NOTE] = "note",
    };
    assert(severity < COUNT_OF(words));
    return words[severity];
}

const char *
precision_text(Precision precision)
{
    static const char *const words[] = {
        [PRECISION_VERY_HIGH] = "very-high",
        [PRECISION_HIGH] = "high",
        [PRECISION_MEDIUM] = "medium",
        [PRECISION_LOW] = "low",
    };
    assert(precision < COUNT_OF(words));
    return words[precision];
}

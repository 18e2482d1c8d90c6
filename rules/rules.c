/* rules.c: the list of all rules, from rules.def. */
#include "engine/rule.h"

#include <string.h>

const Rule *const all_rules[] = {
#define RULE(name) &rule_##name,
#include "rules/rules.def"
#undef RULE
    NULL,
};

const Rule *
rule_find(const char *id)
{
    for (uint32_t i = 0; all_rules[i]; i++) {
        if (strcmp(all_rules[i]->info.id, id) == 0) {
            return all_rules[i];
        }
    }
    return NULL;
}

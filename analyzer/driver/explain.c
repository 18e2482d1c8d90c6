/* explain.c: the rules as a reader sees them: the list, and the page of one.
 *
 * A page is Markdown made to be read as it is; on a terminal its headings
 * stand out and code is indented, elsewhere it goes out unchanged.
 */
#include "driver/driver.h"

#include <string.h>

#include "engine/rule.h"

const char *const *
rule_names(Arena *arena)
{
    VEC(const char *) names = {0};

    for (const Rule *const *rule = all_rules; *rule != NULL; rule++) {
        VEC_PUSH(arena, &names, (*rule)->info.id);
    }
    VEC_PUSH(arena, &names, NULL);
    return names.at;
}

bool
rule_known(const char *id)
{
    return rule_find(id) != NULL;
}

int
command_rules(Arena *arena, const Options *options)
{
    (void)arena;
    (void)options;
    for (const Rule *const *rule = all_rules; *rule != NULL; rule++) {
        const RuleInfo *info = &(*rule)->info;

        printf("%-18s  %-7s  %-9s  %s\n", info->id, severity_text(info->severity),
               precision_text(info->precision), info->title);
    }
    return EXIT_CLEAN;
}

/* ---- a page ------------------------------------------------------------------------- */

/* Prints one line of a page for a terminal; returns whether code follows. */
static bool
print_line(const char *line, int length, bool in_code)
{
    if (text_starts(line, "```")) {
        return !in_code;
    }
    if (in_code) {
        printf("    %.*s\n", length, line);
    }
    else if (line[0] == '#') {
        int marks = (int)strspn(line, "# ");

        printf("\033[1m%.*s\033[0m\n", length - marks, line + marks);
    }
    else {
        printf("%.*s\n", length, line);
    }
    return in_code;
}

static void
print_page(const char *page)
{
    bool in_code = false;

    while (*page != '\0') {
        size_t length = strcspn(page, "\n");

        in_code = print_line(page, (int)length, in_code);
        page += length + (page[length] == '\n' ? 1 : 0);
    }
}

int
command_explain(Arena *arena, const Options *options)
{
    Error error = {0};
    const Rule *rule;

    if (options->npaths != 1) {
        error_set(&error, ERROR_USAGE, "explain takes the name of one rule; "
                  "'strayref rules' lists them");
        return say_error(&error);
    }
    rule = rule_find(options->paths[0]);
    if (rule == NULL) {
        error_set(&error, ERROR_USAGE, "no rule '%s'%s; 'strayref rules' lists them",
                  options->paths[0],
                  name_hint(arena, options->paths[0], rule_names(arena)));
        return say_error(&error);
    }
    if (color_wanted(options)) {
        print_page(rule->info.page);
    }
    else {
        fputs(rule->info.page, stdout);
    }
    return EXIT_CLEAN;
}

/* facts_check.c: are the facts well made?
 *
 * They must parse and, built in, be sorted within a file; no two facts about one name may
 * hold for one version; and they must fit Python's headers (facts_headers.c).
 */
#include "driver/driver.h"

#include "base/embedded.h"

#include <strings.h>

/* Facts about one name, in the order read. */
typedef struct Same {
    const Summary *fact;
    const struct Same *next;
} Same;

typedef struct Check {
    Arena *arena;
    Strings *strings;
    const char *file;      /* being read */
    bool builtin;          /* which must be sorted */
    const Summary *before; /* the fact before, in the file */
    Map by_name;           /* Str -> Same * */
    uint32_t nfacts, nglobals, nfiles, nproblems;
} Check;

static void PRINTF_LIKE(2, 3)
problem(Check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    check->nproblems++;
}

/* ---- the facts among themselves ----------------------------------------- */

static bool
overlap(const Summary *a, const Summary *b)
{
    return (a->until == 0 || b->since < a->until)
           && (b->until == 0 || a->since < b->until);
}

static void
on_fact(void *payload, Summary *fact)
{
    Check *check = payload;
    void **place = map_put_ptr(&check->by_name, fact->name);
    Same *same = ARENA_NEW(check->arena, Same);

    if (check->builtin && check->before != NULL
        && strcasecmp(check->before->name, fact->name) > 0) {
        problem(check, "%s: %s is not sorted; expected it before %s", check->file,
                fact->name, check->before->name);
    }
    for (const Same *s = *place; s != NULL; s = s->next) {
        if (overlap(s->fact, fact)) {
            problem(check,
                    "%s: %s has two facts for one version; expected [since] and "
                    "[until] that part them",
                    check->file, fact->name);
        }
    }
    *same = (Same){fact, *place};
    *place = same;
    check->before = fact;
    check->nfacts++;
}

static void
on_global(void *payload, GlobalFact *fact)
{
    Check *check = payload;

    (void)fact;
    check->nglobals++;
}

static void
on_error(void *payload, const char *message)
{
    problem(payload, "%s", message);
}

static void
check_text(Check *check, const char *name, const char *text)
{
    FactSink sink = {on_fact, on_global, on_error, check};

    check->file = name;
    check->before = NULL;
    check->nfiles++;
    facts_read(check->arena, check->strings, name, text, &sink);
}

static bool
check_texts(Check *check, const Options *options, Error *error)
{
    check->builtin = true;
    for (const EmbeddedFile *file = embedded_facts; file->name != NULL; file++) {
        check_text(check, file->name, file->text);
    }
    check->builtin = false;
    map_init(&check->by_name,
             check->arena); /* a user's fact may stand over a built-in one */
    for (uint32_t i = 0; i < options->nmodels; i++) {
        const char *text = file_read(check->arena, options->models[i], NULL, error);
        if (text == NULL) {
            return false;
        }
        check_text(check, options->models[i], text);
    }
    return true;
}

bool
facts_check(Arena *arena, const Options *options, Error *error)
{
    Check check = {.arena = arena, .strings = strings_new(arena)};

    map_init(&check.by_name, arena);
    if (!check_texts(&check, options, error)
        || !facts_compare(arena, check.strings, options, &check.nproblems, error)) {
        return false;
    }
    printf("%u facts and %u globals in %u files: %u problems\n", check.nfacts,
           check.nglobals, check.nfiles, check.nproblems);
    return check.nproblems == 0;
}

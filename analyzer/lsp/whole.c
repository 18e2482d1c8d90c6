/* whole.c: a file that was parsed whole -> what parsing some of its functions needs to know. */
#include "lsp/whole.h"

#include <string.h>

/* True when the text includes the file before its first declaration. */
static bool
is_in_preamble(const BodyText *text, const char *path)
{
    const char *name = path_basename(path);
    const char *found = memmem(text->text, text->length, name, strlen(name));

    return found == NULL || text->nspan == 0
           || (uint32_t)(found - text->text) < text->span[0].start;
}

/* Notes where definitions begin, and which functions other files have. */
static void
note_functions(Whole *whole, const char *edited, const Bodies *bodies)
{
    whole->definition = ARENA_ARRAY(whole->arena, uint32_t, whole->text.nspan + 1);
    for (uint32_t i = 0; i < bodies->n; i++) {
        const Body *body = &bodies->at[i];

        if (!text_equal(body->file, edited)) {
            alone_add_function(&whole->alone, body->name);
        }
        for (uint32_t k = 0; k < whole->text.nspan; k++) {
            if (whole->text.span[k].start == body->start
                && text_equal(body->file, edited)) {
                whole->definition[k] = body->definition;
            }
        }
    }
}

static const EditedFile *
find_open(const EditedFile *open, uint32_t nopen, const char *path)
{
    for (uint32_t i = 0; i < nopen; i++) {
        if (text_equal(open[i].path, path)) {
            return &open[i];
        }
    }
    return NULL;
}

/* Keeps the open files that the unit is made of. */
static void
keep_open(Whole *whole, const EditedFile *files, uint32_t nfiles)
{
    const Unit *unit = whole->unit;

    whole->open = ARENA_ARRAY(whole->arena, EditedFile, unit->includes.n + 1);
    for (uint32_t i = 0; i < unit->includes.n; i++) {
        const char *path = unit->includes.at[i];
        const EditedFile *open = find_open(files, nfiles, path);

        if (open != NULL && find_open(whole->open, whole->nopen, path) == NULL) {
            whole->open[whole->nopen++] =
                (EditedFile){path, arena_strndup(whole->arena, open->text, open->length),
                             open->length};
        }
    }
}

bool
whole_has_same_open(const Whole *whole, const EditedFile *files, uint32_t nfiles)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < whole->unit->includes.n; i++) {
        n += find_open(files, nfiles, whole->unit->includes.at[i]) != NULL;
    }
    for (uint32_t i = 0; i < whole->nopen; i++) {
        const EditedFile *old = &whole->open[i];
        const EditedFile *now = find_open(files, nfiles, old->path);

        if (now == NULL || now->length != old->length
            || memcmp(now->text, old->text, old->length) != 0) {
            return false;
        }
    }
    return n == whole->nopen;
}

/* The text of a file without its bodies, NULL when there is none. */
static char *
blank_file(Whole *whole, const Bodies *bodies, const char *path, const EditedFile *open,
           size_t *length)
{
    BodyText text = {0};
    char *blank = open != NULL ? arena_strndup(whole->arena, open->text, open->length)
                               : file_read(whole->arena, path, length, NULL);

    if (blank == NULL) {
        return NULL;
    }
    *length = open != NULL ? open->length : *length;
    alone_add_file(&whole->alone, blank, *length);
    text = (BodyText){.text = blank, .length = (uint32_t)*length};
    bodies_find(whole->arena, bodies, path, &text);
    for (uint32_t k = 0; k < text.nspan; k++) {
        body_blank(blank, text.span[k]);
    }
    return blank;
}

/* Notes the unit's .c files without their bodies, but for the edited one, and its open ones. */
static void
note_others(Whole *whole, const char *edited, const Bodies *bodies)
{
    const Unit *unit = whole->unit;

    whole->others = ARENA_ARRAY(whole->arena, EditedFile, unit->includes.n + 1);
    for (uint32_t i = 0; i < unit->includes.n; i++) {
        const char *path = unit->includes.at[i];
        const EditedFile *open = find_open(whole->open, whole->nopen, path);
        bool plain = !text_ends(path, ".c")
                     || (i > 0 && text_equal(unit->path, edited)
                         && is_in_preamble(&whole->text, path));
        size_t length = 0;
        char *blank;

        if (text_equal(path, edited) || (plain && open == NULL)) {
            continue;
        }
        if (plain) {
            whole->others[whole->nothers++] = *open;
            continue;
        }
        blank = blank_file(whole, bodies, path, open, &length);
        if (blank != NULL) {
            whole->others[whole->nothers++] = (EditedFile){path, blank, length};
        }
    }
}

json_t *
whole_includes(const Unit *unit)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < unit->includes.n; i++) {
        if (!path_is_below(unit->includes.at[i], "/usr")) {
            json_array_append_new(list, json_string(unit->includes.at[i]));
        }
    }
    return list;
}

void
whole_note(Whole *whole, const char *edited, const EditedFile *files, uint32_t nfiles,
           const Bodies *bodies)
{
    alone_start(&whole->alone, whole->arena, &whole->text);
    note_functions(whole, edited, bodies);
    keep_open(whole, files, nfiles);
    note_others(whole, edited, bodies);
}

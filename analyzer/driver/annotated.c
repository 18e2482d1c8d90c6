/* annotated.c: the annotations of a project's declarations -> the model, and what
 * contradicts them -> notes.
 */
#include "driver/gate.h"

#include <string.h>

/* Says it and remembers it for the report; the path is shown as the user writes it. */
static void
add_note(Scan *scan, const char *message)
{
    const char *colon = strchr(message, ':');
    const char *path = colon == NULL
                           ? ""
                           : arena_strndup(scan->arena, message, (size_t)(colon - message));
    Str text = str_internf(scan->strings, "%s%s", path_shown(scan->arena, path),
                           colon == NULL ? message : colon);

    for (uint32_t i = 0; i < scan->jobs.notes.n; i++) {
        if (scan->jobs.notes.at[i] == text) {
            return; /* a header that several files include */
        }
    }
    if (!scan->quiet) {
        scan_tell(scan, "note", text);
    }
    VEC_PUSH(scan->arena, &scan->jobs.notes, text);
}

/* A FactErrorFn. */
static void
on_wrong_annotation(void *payload, const char *message)
{
    add_note(payload, message);
}

/* The functions that have an undamaged body, by USR: a declaration in one file
 * may speak of a body in another. */
static void
find_bodies(const Scan *scan, Map *bodies)
{
    for (uint32_t i = 0; i < scan->program->nfns; i++) {
        Fn *fn = scan->program->fns[i];

        if (fn->status == FN_OK) {
            *map_put_ptr(bodies, fn->decl->usr) = fn;
        }
    }
}

void
annotations_apply(Scan *scan)
{
    Map bodies;

    map_init(&bodies, scan->arena);
    find_bodies(scan, &bodies);
    for (uint32_t i = 0; i < scan->jobs.jobs.n; i++) {
        const Unit *unit = scan->units[i];

        for (uint32_t k = 0; k < unit->decls.n; k++) {
            const Decl *decl = unit->decls.at[k];

            if (decl->nannotation > 0) {
                model_annotate(scan->model, decl, map_get_ptr(&bodies, decl->usr) != NULL,
                               on_wrong_annotation, scan);
            }
        }
    }
}

void
annotations_compare(Scan *scan)
{
    uint32_t n;
    const Str *conflicts = model_conflicts(scan->model, &n);

    for (uint32_t i = 0; i < n; i++) {
        add_note(scan, conflicts[i]);
    }
}

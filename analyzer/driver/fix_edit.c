/* fix_edit.c: changes of a text: collected, applied, and places taken back through them. */
#include "driver/fix.h"

#include <string.h>

static bool
collides(const Change *a, const Change *b)
{
    if (a->start == b->start && a->end == b->end && text_equal(a->first_text, b->first_text)) {
        return true;
    }
    return (a->start < b->end && b->start < a->end)
           || (a->start == b->start && a->end > a->start && b->end > b->start);
}

bool
changes_add(Arena *arena, Changes *changes, Change change)
{
    uint32_t at = changes->list.n;

    change.first_text = change.first_text != NULL ? change.first_text : change.text;
    for (uint32_t i = 0; i < changes->list.n; i++) {
        if (collides(&changes->list.at[i], &change)) {
            return false;
        }
    }
    VEC_PUSH(arena, &changes->list, change);
    while (at > 0 && (changes->list.at[at - 1].start > change.start
                      || (changes->list.at[at - 1].start == change.start
                          && change.end == change.start
                          && changes->list.at[at - 1].end > change.start))) {
        changes->list.at[at] = changes->list.at[at - 1];
        at--;
    }
    changes->list.at[at] = change;
    return true;
}

bool
changes_merge(Arena *arena, Changes *changes, const Changes *more)
{
    Changes both = {0};

    for (uint32_t i = 0; i < changes->list.n; i++) {
        VEC_PUSH(arena, &both.list, changes->list.at[i]);
    }
    for (uint32_t i = 0; i < more->list.n; i++) {
        if (!changes_add(arena, &both, more->list.at[i])) {
            return false;
        }
    }
    *changes = both;
    return true;
}

char *
changes_apply(Arena *arena, const Source *source, Changes *changes, bool probing,
              size_t *length)
{
    StrBuf out;
    uint32_t at = 0;

    strbuf_init(&out, arena);
    for (uint32_t i = 0; i < changes->list.n; i++) {
        Change *change = &changes->list.at[i];

        strbuf_add(&out, source->text + at, change->start - at);
        change->landed = (uint32_t)out.length;
        strbuf_add(&out, change->text, change->probe_at);
        if (probing && change->probe != NULL) {
            strbuf_puts(&out, change->probe);
        }
        strbuf_puts(&out, change->text + change->probe_at);
        change->landed_end = (uint32_t)out.length;
        at = change->end;
    }
    strbuf_add(&out, source->text + at, source->length - at);
    *length = out.length;
    return out.text;
}

uint32_t
changes_back(const Changes *changes, uint32_t offset)
{
    uint32_t at = offset;

    for (uint32_t i = 0; i < changes->list.n; i++) {
        const Change *change = &changes->list.at[i];

        if (offset < change->landed) {
            break;
        }
        if (offset < change->landed_end) {
            return change->start;
        }
        at = offset - change->landed_end + change->end;
    }
    return at;
}

Patch *
changes_patch(Arena *arena, const Source *source, const Changes *changes, const char *title)
{
    Patch *patch = ARENA_NEW(arena, Patch);

    patch->title = title;
    patch->edits = ARENA_ARRAY(arena, Edit, changes->list.n + 1);
    for (uint32_t i = 0; i < changes->list.n; i++) {
        const Change *change = &changes->list.at[i];
        Edit *edit = &patch->edits[patch->nedits];

        if (change->start == change->end && change->text[0] == '\0') {
            continue; /* was not needed */
        }
        edit->file = source->path;
        edit->text = change->text;
        source_place(source, change->start, &edit->line, &edit->col);
        source_place(source, change->end, &edit->end_line, &edit->end_col);
        patch->nedits++;
    }
    return patch;
}

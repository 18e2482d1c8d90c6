/* reader.c: an open file -> units: the whole of it, then the functions that have changed.
 *
 * While edits stay inside bodies of functions, all other bodies are taken out before the text
 * is parsed again, which is what costs most of the time.
 */
#include "lsp/reader.h"

#include <string.h>

#include "lsp/whole.h"
#include "model/model.h"

enum {
    MANY_BODIES = 24,   /* changed ones, before all is parsed again */
    MOST_ALONE = 6,     /* ... that are parsed behind their file */
    WARM_DELAY = 150,   /* milliseconds without a new text, before all but one is parsed ahead */
    WHOLE_DELAY = 1500, /* ... before a text that differs in several bodies is parsed whole */
};

typedef struct Reader {
    Channel *channel;
    const ReaderTask *task;
    LiveUnit *live;
    Whole whole;       /* arena NULL: nothing yet */
    Arena *arena;      /* of the text at hand */
    BodyText now;      /* ... with the bodies that were found in it; text NULL: lost */
    EditedFile *open;  /* other files that are open, as they are at hand */
    uint32_t nopen;
    Arena *previous;   /* the same of the text before it */
    BodyText before;
    bool wants_whole;
    uint32_t ndiffering; /* bodies that the last text differed in */
    json_int_t version;  /* of that text */
} Reader;

/* ---- the file as a whole -------------------------------------------------------------- */

static bool
has_message(const Unit *unit, const Message *message)
{
    for (uint32_t i = 0; unit != NULL && i < unit->messages.n; i++) {
        if (text_equal(unit->messages.at[i].text, message->text)) {
            return true;
        }
    }
    return false;
}

/* True when the unit has an error that the last whole one has not. */
static bool
is_broken(const Reader *reader, const Unit *unit)
{
    for (uint32_t i = 0; reader->whole.arena != NULL && i < unit->messages.n; i++) {
        if (!has_message(reader->whole.unit, &unit->messages.at[i])) {
            return true;
        }
    }
    return false;
}

static void
reply(Reader *reader, json_int_t version, const char *kind, const Unit *unit, json_t *shift)
{
    json_t *head = json_pack("{s:I, s:s}", "version", version, "kind", kind);
    Arena *arena = arena_new();
    StrBuf text;

    strbuf_init(&text, arena);
    if (unit != NULL) {
        unit_print(unit, &text);
    }
    if (shift != NULL) {
        json_object_set_new(head, "shift", shift);
    }
    else if (unit != NULL) {
        json_object_set_new(head, "includes", whole_includes(unit));
    }
    channel_send(reader->channel, head, text.text, text.length);
    channel_flush(reader->channel, true);
    arena_free(arena);
}

static void
read_whole(Reader *reader, json_int_t version)
{
    Whole whole = {.arena = arena_new(), .text = reader->now};
    EditedFile *edited = ARENA_ARRAY(reader->arena, EditedFile, reader->nopen + 1);
    Bodies bodies = {0};

    edited[0] = (EditedFile){reader->task->path, reader->now.text, reader->now.length};
    if (reader->nopen > 0) {
        memcpy(edited + 1, reader->open, reader->nopen * sizeof(EditedFile));
    }
    whole.unit = live_capture(reader->live, whole.arena, strings_new(whole.arena), edited,
                              reader->nopen + 1, NULL, &bodies);
    if (is_broken(reader, whole.unit)) {
        reply(reader, version, "broken", NULL, NULL);
        arena_free(whole.arena);
        return;
    }
    whole.text.text = arena_strndup(whole.arena, reader->now.text, reader->now.length);
    bodies_find(whole.arena, &bodies, reader->task->path, &whole.text);
    whole_note(&whole, reader->task->path, reader->open, reader->nopen, &bodies);
    if (reader->whole.arena != NULL) {
        arena_free(reader->whole.arena);
    }
    reader->whole = whole;
    reader->whole.alone.whole = &reader->whole.text;
    reader->ndiffering = 0;
    reader->now.span = ARENA_ARRAY(reader->arena, Span, whole.text.nspan + 1);
    reader->now.nspan = whole.text.nspan;
    memcpy(reader->now.span, whole.text.span, whole.text.nspan * sizeof(Span));
    reader->wants_whole = false;
    reply(reader, version, "whole", whole.unit, NULL);
}

/* ---- changed functions ------------------------------------------------------------------- */

/* The bodies that differ. */
typedef struct Differing {
    const Reader *reader;
    uint32_t at[MANY_BODIES];
    uint32_t n;
} Differing;

static bool
wants(void *payload, const Body *body)
{
    const Differing *differing = payload;
    const BodyText *now = &differing->reader->now;

    for (uint32_t i = 0; i < differing->n; i++) {
        if (now->span[differing->at[i]].start == body->start
            && text_equal(body->file, differing->reader->task->path)) {
            return true;
        }
    }
    return false;
}

/* Finds the bodies in the text at hand, from the text before it or the last whole one. */
static bool
find_bodies(Reader *reader)
{
    const BodyText *whole = &reader->whole.text;
    BodyText *now = &reader->now;

    now->span = ARENA_ARRAY(reader->arena, Span, whole->nspan + 1);
    now->nspan = whole->nspan;
    return (reader->before.text != NULL && reader->before.span != NULL
            && bodies_follow(&reader->before, now->text, now->length, now->span))
           || bodies_follow(whole, now->text, now->length, now->span);
}

/* True when only bodies differ from the last whole text, few, and all as they can be taken for
 * themselves. */
static bool
find_differing(Reader *reader, Differing *out)
{
    const BodyText *whole = &reader->whole.text, *now = &reader->now;

    *out = (Differing){.reader = reader};
    if (reader->whole.arena == NULL || reader->wants_whole || !find_bodies(reader)) {
        reader->now.span = NULL;
        return false;
    }
    if (!live_is_separable(reader->live) || reader->whole.unit->status == UNIT_FAILED
        || !whole_has_same_open(&reader->whole, reader->open, reader->nopen) || !bodies_same_outside(whole, now)) {
        return false;
    }
    for (uint32_t i = 0; i < whole->nspan; i++) {
        if (bodies_same(whole, now, i)) {
            continue;
        }
        if (out->n == MANY_BODIES || !bodies_fit(whole, now, i)) {
            return false;
        }
        out->at[out->n++] = i;
    }
    return true;
}

/* All files to be parsed in place of those on the disk; with 'differing' NULL, the edited one
 * as it was when it was parsed whole, without any body. */
static EditedFile *
edited_files(Reader *reader, const Differing *differing)
{
    const Whole *whole = &reader->whole;
    const BodyText *source = differing != NULL ? &reader->now : &whole->text;
    EditedFile *edited = ARENA_ARRAY(reader->arena, EditedFile, whole->nothers + 1);
    char *text = arena_strndup(reader->arena, source->text, source->length);
    uint32_t next = 0;

    for (uint32_t i = 0; i < source->nspan; i++) {
        if (differing != NULL && next < differing->n && differing->at[next] == i) {
            next++;
        }
        else {
            body_blank(text, source->span[i]);
        }
    }
    edited[0] = (EditedFile){reader->task->path, text, source->length};
    memcpy(edited + 1, whole->others, whole->nothers * sizeof(EditedFile));
    return edited;
}

/* Puts the definition of body 'i' on its line and column of a part; gives the place of the body. */
static uint32_t
put_definition(Reader *reader, const BodyText *now, uint32_t i, StrBuf *text, uint32_t *line)
{
    const Whole *whole = &reader->whole;
    uint32_t start = now->span[i].start - (whole->text.span[i].start - whole->definition[i]);
    uint32_t wanted = text_line(now->text, start), column = 0, body;

    while (column < start && now->text[start - column - 1] != '\n') {
        column++;
    }
    for (; *line < wanted; ++*line) {
        strbuf_putc(text, '\n');
    }
    for (uint32_t n = 0; n < column; n++) {
        strbuf_putc(text, ' ');
    }
    body = (uint32_t)text->length + (now->span[i].start - start);
    strbuf_add(text, now->text + start, now->span[i].end - start);
    strbuf_putc(text, '\n');
    *line = text_line(now->text, now->span[i].end) + 1;
    return body;
}

/* These functions as a file: the rest of its unit included, then each definition on its line. */
static const Unit *
capture_alone(Reader *reader, const BodyText *now, const uint32_t *bodies, uint32_t n)
{
    const Whole *whole = &reader->whole;
    LivePart part = {.path = reader->task->path, .nbody = n,
                     .had_errors = whole->unit->messages.n > 0};
    uint32_t *body = ARENA_ARRAY(reader->arena, uint32_t, n + 1), line = 2;
    StrBuf text;

    strbuf_init(&text, reader->arena);
    strbuf_printf(&text, "#include \"%s\"\n;", whole->unit->path); /* ';': it always ends here */
    for (uint32_t i = 0; i < n; i++) {
        body[i] = put_definition(reader, now, bodies[i], &text, &line);
    }
    part.body = body;
    part.text = text.text;
    part.length = text.length;
    return live_capture_part(reader->live, reader->arena, strings_new(reader->arena),
                             edited_files(reader, NULL), whole->nothers + 1, &part);
}

/* True when body 'i' can be parsed so. */
static bool
can_be_alone(Reader *reader, const BodyText *now, uint32_t i)
{
    Whole *whole = &reader->whole;
    const BodyText *text = &whole->text;
    uint32_t start = whole->definition[i];

    return text_line(text->text, start) > 2 && start < text->span[i].start
           && (i == 0 || start >= text->span[i - 1].end)
           && body_is_blankable(text->text, text->span[i]) && alone_is_safe(&whole->alone, i, now);
}

/* True when the bodies that differ, each on lines of its own, can. */
static bool
can_be_apart(Reader *reader, const Differing *differing)
{
    const BodyText *now = &reader->now;

    if (differing->n > MOST_ALONE || !reader->whole.warm) {
        return false;
    }
    for (uint32_t i = 0; i < differing->n; i++) {
        uint32_t at = differing->at[i];

        if (!can_be_alone(reader, now, at)
            || (i > 0 && memchr(now->text + now->span[differing->at[i - 1]].end, '\n',
                                now->span[at].start - now->span[differing->at[i - 1]].end)
                             == NULL)) {
            return false;
        }
    }
    return true;
}

/* Parses the bodies that differ; NULL when the text must be parsed whole. */
static const Unit *
capture_differing(Reader *reader, Differing *differing)
{
    CaptureWish wish = {.wants = wants, .payload = differing,
                        .had_errors = reader->whole.unit->messages.n > 0};
    const Unit *unit = NULL;

    if (differing->n == 0) {
        return unit_new(reader->arena, strings_new(reader->arena), reader->task->path);
    }
    if (can_be_apart(reader, differing)) {
        unit = capture_alone(reader, &reader->now, differing->at, differing->n);
        if (unit->status != UNIT_FAILED && !is_broken(reader, unit)
            && unit->fns.n == differing->n) {
            return unit;
        }
    }
    unit = live_capture(reader->live, reader->arena, strings_new(reader->arena),
                        edited_files(reader, differing), reader->whole.nothers + 1, &wish, NULL);
    return unit->status == UNIT_FAILED || is_broken(reader, unit) || unit->fns.n != differing->n
               ? NULL : unit;
}

/* False when the text must be parsed whole. */
static bool
read_part(Reader *reader, json_int_t version)
{
    Differing differing;
    json_t *lines;
    LineShift *shift;
    uint32_t nshift;
    const Unit *unit = NULL;

    if (find_differing(reader, &differing)) {
        unit = capture_differing(reader, &differing);
    }
    if (unit == NULL) {
        return false;
    }
    reader->ndiffering = differing.n;
    shift = bodies_shift(reader->arena, &reader->whole.text, &reader->now, &nshift);
    lines = json_array();
    for (uint32_t i = 0; i < nshift; i++) {
        json_array_append_new(lines, json_pack("[i, i]", (int)shift[i].from, (int)shift[i].by));
    }
    reply(reader, version, "part", unit, lines);
    return true;
}

/* Parses all but one function, so that the next edit finds that done. */
static void
warm_up(Reader *reader)
{
    Whole *whole = &reader->whole;

    for (uint32_t i = 0; i < whole->text.nspan && !whole->warm; i++) {
        if (can_be_alone(reader, &whole->text, i)) {
            capture_alone(reader, &whole->text, &i, 1); /* the first parse includes it ... */
            capture_alone(reader, &whole->text, &i, 1); /* ... and this one sees that it is good */
            whole->warm = true;
        }
    }
    whole->warm = true;
}

/* ---- the process ------------------------------------------------------------------------- */

/* Takes the edited file's text, and those of other files that are open. */
static void
take_buffers(Reader *reader, const Packet *packet)
{
    const json_t *buffers = json_object_get(packet->head, "buffers");
    size_t at = (size_t)json_integer_value(json_object_get(packet->head, "length")), i;
    json_t *one;

    reader->now = (BodyText){.text = arena_strndup(reader->arena, packet->blob, at),
                             .length = (uint32_t)at};
    reader->open = ARENA_ARRAY(reader->arena, EditedFile, json_array_size(buffers) + 1);
    reader->nopen = 0;
    json_array_foreach(buffers, i, one) {
        const char *path = json_string_value(json_array_get(one, 0));
        size_t length = (size_t)json_integer_value(json_array_get(one, 1));

        reader->open[reader->nopen++] =
            (EditedFile){arena_strndup(reader->arena, path, strlen(path)),
                         arena_strndup(reader->arena, packet->blob + at, length), length};
        at += length;
    }
}

static void
take_text(Reader *reader, const Packet *packet)
{
    json_int_t version = json_integer_value(json_object_get(packet->head, "version"));

    if (reader->previous != NULL) {
        arena_free(reader->previous);
    }
    reader->previous = reader->arena;
    reader->before = reader->now;
    reader->arena = arena_new();
    take_buffers(reader, packet);
    reader->version = version;
    if (!read_part(reader, version)) {
        read_whole(reader, version);
    }
}

/* Waits for the next text; meanwhile does what makes it faster.  False when the server is gone. */
static bool
next_text(Reader *reader, Packet *packet)
{
    bool cold = reader->whole.arena != NULL && !reader->whole.warm
                && live_is_separable(reader->live) && reader->whole.unit->status != UNIT_FAILED;
    bool stale = reader->whole.arena != NULL && reader->ndiffering > MOST_ALONE / 2;

    if (cold && !channel_wait_some(reader->channel, packet, WARM_DELAY)) {
        warm_up(reader);
    }
    else if (cold) {
        return true;
    }
    if (stale && !channel_wait_some(reader->channel, packet, WHOLE_DELAY)) {
        read_whole(reader, reader->version);
        return next_text(reader, packet);
    }
    return (stale && packet->head != NULL) || channel_wait(reader->channel, packet);
}

void
reader_run(Channel *channel, void *payload)
{
    Arena *arena = arena_new();
    const ReaderTask *task = payload;
    Reader reader = {.channel = channel, .task = task};
    Packet packet, next;

    reader.live = live_new(arena, task->job, task->overlay, OVERLAY_PREFIX);
    while (packet = (Packet){0}, next_text(&reader, &packet)) {
        channel_read(channel);
        while (channel_next(channel, &next)) { /* only the newest text counts */
            reader.wants_whole = reader.wants_whole
                                 || json_is_true(json_object_get(packet.head, "whole"));
            packet_free(&packet);
            packet = next;
        }
        reader.wants_whole = reader.wants_whole
                             || json_is_true(json_object_get(packet.head, "whole"));
        take_text(&reader, &packet);
        packet_free(&packet);
    }
    live_free(reader.live);
    arena_free(arena);
}

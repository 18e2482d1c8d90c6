/* documents.c: what the editor has open: texts, their readers, what is known of them. */
#include "lsp/server.h"

#include <stdlib.h>
#include <string.h>

#include "lsp/reader.h"

enum { MOST_CRASHES = 3 };

Doc *
doc_find(const Server *server, const char *uri)
{
    for (uint32_t i = 0; uri != NULL && i < server->ndocs; i++) {
        if (server->docs[i]->of == NULL && text_equal(server->docs[i]->uri, uri)) {
            return server->docs[i];
        }
    }
    return NULL;
}

bool
doc_is_fresh(const Doc *doc)
{
    bool fresh = true;

    for (const Doc *one = doc; one != NULL; one = one->next) {
        fresh = fresh && one->good_tick == one->tick && one->own != NULL;
    }
    return fresh;
}

bool
doc_is_broken(const Doc *doc)
{
    bool broken = false;

    for (const Doc *one = doc; one != NULL; one = one->next) {
        broken = broken || (one->is_broken && one->read_tick == one->tick);
    }
    return broken;
}

/* The client's document. */
static Doc *
client_doc(Doc *doc)
{
    return doc->of != NULL ? doc->of : doc;
}

/* ---- the reader --------------------------------------------------------------------- */

/* The job that the analyst has told of. */
static Job
job_of(Arena *arena, const json_t *told)
{
    const json_t *args = json_object_get(told, "args");
    Strings *strings = strings_new(arena);
    Job job = {.file = str_intern(strings, json_string_value(json_object_get(told, "file"))),
               .directory = str_intern(strings,
                                       json_string_value(json_object_get(told, "directory"))),
               .nargs = (uint32_t)json_array_size(args)};

    job.args = ARENA_ARRAY(arena, Str, job.nargs + 1);
    for (uint32_t i = 0; i < job.nargs; i++) {
        job.args[i] = str_intern(strings, json_string_value(json_array_get(args, i)));
    }
    return job;
}

void
doc_take_job(Server *server, Doc *doc, const Packet *packet)
{
    const json_t *told = json_object_get(packet->head, "job");
    Arena *arena;
    Job job;
    ReaderTask task;

    if (!json_is_object(told)) {
        Project *alone = project_alone(server, doc->path, doc->python);

        if (alone == doc->project && doc->of == NULL) {
            rpc_message(server, 2, "%s cannot be read as C", doc->path);
            return;
        }
        doc->project = alone;
        return;
    }
    arena = arena_new();
    job = job_of(arena, told);
    task = (ReaderTask){.job = &job, .path = doc->path,
                        .overlay = packet->length > 0 ? packet->blob : NULL};
    doc->is_shared = !text_equal(job.file, doc->path);
    free(doc->job);
    doc->job = strdup(job.file);
    doc->leads = false;
    child_kill(&doc->reader);
    if (!child_start(reader_run, &task, &doc->reader)) {
        rpc_message(server, 1, "no process can be had to read %s", doc->path);
    }
    doc->reading = false;
    doc->due = now_ms();
    arena_free(arena);
}

/* The reader has ended: libclang has crashed, most likely. */
static void
reader_gone(Server *server, Doc *doc)
{
    child_kill(&doc->reader);
    doc->reading = false;
    if (doc->ncrashes++ == 0 && doc->of == NULL) {
        rpc_message(server, 2, "the parser crashed on %s; what it found before stays",
                    path_basename(doc->path));
    }
    if (doc->ncrashes <= MOST_CRASHES && doc->project->state == PROJECT_READY) {
        channel_send(&doc->project->analyst, json_pack("{s:s, s:s}", "type", "job", "path",
                                                       doc->path), NULL, 0);
    }
}

/* True when one unit shows both documents. */
static bool
shares_job(const Doc *a, const Doc *b)
{
    return a != b && a->project == b->project && a->job != NULL && b->job != NULL
           && text_equal(a->job, b->job);
}

/* The document's reader takes the lead among those of its job; true when it did not have it. */
static bool
take_lead(Server *server, Doc *doc)
{
    bool others = false, had = doc->leads;

    for (uint32_t i = 0; i < server->ndocs; i++) {
        Doc *other = server->docs[i];

        if (shares_job(doc, other)) {
            others = true;
            other->leads = false;
            other->lead_tick = other->tick;
            other->due = 0;
            other->read_tick = other->reading ? other->read_tick : other->tick;
        }
    }
    doc->leads = true;
    return others && !had;
}

/* Sends the reader the text, and those of the other documents. */
static void
send_texts(Server *server, Doc *doc, bool whole)
{
    json_t *buffers = json_array();
    Bytes texts = {0};

    bytes_add(&texts, doc->text.at, doc->text.n);
    for (uint32_t i = 0; i < server->ndocs; i++) {
        const Doc *other = server->docs[i];

        if (other->of == NULL && !text_equal(other->path, doc->path)) {
            json_array_append_new(buffers, json_pack("[s, I]", other->path,
                                                     (json_int_t)other->text.n));
            bytes_add(&texts, other->text.at, other->text.n);
        }
    }
    channel_send(&doc->reader,
                 json_pack("{s:I, s:b, s:I, s:o}", "version", doc->tick, "whole", whole, "length",
                           (json_int_t)doc->text.n, "buffers", buffers), texts.at, texts.n);
    bytes_free(&texts);
}

void
doc_run(Server *server, Doc *doc)
{
    if (doc->due == 0 || doc->due > now_ms() || doc->reader.fd < 0 || doc->reading) {
        return;
    }
    doc->due = 0;
    doc->reading = true;
    doc->read_tick = doc->tick;
    send_texts(server, doc, take_lead(server, doc));
}

/* What the analyst has now is the document as it is in the editor. */
static void
note_unit(Doc *doc)
{
    doc->is_broken = false;
    doc->unit_tick = doc->tick;
    channel_send(&doc->project->analyst, json_pack("{s:s, s:s}", "type", "text", "path",
                                                   doc->path), doc->text.at, doc->text.n);
}

/* Gives the analyst a unit; the evaluation follows when it is of the newest text. */
static void
pass_unit(Server *server, Doc *doc, const Packet *packet)
{
    Channel *analyst = &doc->project->analyst;
    json_t *head = json_deep_copy(packet->head);
    bool whole = text_equal(json_string_value(json_object_get(head, "kind")), "whole");
    bool newest = doc->read_tick == doc->tick;

    if (!doc->leads || (!newest && !whole)) {
        json_decref(head);
        return;
    }
    json_object_set_new(head, "type", json_string("unit"));
    json_object_set_new(head, "path", json_string(doc->path));
    channel_send(analyst, head, packet->blob, packet->length);
    if (whole) {
        doc->project->wants_absorb = true;
        json_decref(doc->includes);
        doc->includes = json_incref(json_object_get(packet->head, "includes"));
    }
    if (newest) {
        note_unit(doc);
        for (uint32_t i = 0; i < server->ndocs; i++) {
            Doc *other = server->docs[i];

            if (shares_job(doc, other) && other->lead_tick == other->tick) {
                note_unit(other);
            }
        }
        project_evaluate(server, doc->project);
    }
}

void
doc_read(Server *server, Doc *doc)
{
    bool alive = channel_read(&doc->reader);
    Packet packet;

    while (channel_next(&doc->reader, &packet)) {
        const char *kind = json_string_value(json_object_get(packet.head, "kind"));

        doc->reading = false;
        if (!text_equal(kind, "broken")) {
            pass_unit(server, doc, &packet);
        }
        else if (doc->read_tick == doc->tick) {
            doc->is_broken = true;
            diagnostics_publish(server, client_doc(doc));
        }
        packet_free(&packet);
    }
    if (!alive) {
        reader_gone(server, doc);
    }
}

/* ---- what the client says ----------------------------------------------------------------- */

static void
ask_for_job(const Doc *doc)
{
    if (doc->project != NULL && doc->project->state == PROJECT_READY) {
        channel_send(&doc->project->analyst, json_pack("{s:s, s:s}", "type", "job", "path",
                                                       doc->path), NULL, 0);
    }
}

/* True when the document's unit was made of that file as well. */
static bool
is_made_of(const Doc *doc, const char *path)
{
    size_t i;
    json_t *one;

    json_array_foreach(doc->includes, i, one) {
        if (text_equal(json_string_value(one), path)) {
            return true;
        }
    }
    return false;
}

/* The text has changed; so have the units of other documents that include it. */
static void
touch(Server *server, Doc *doc)
{
    doc->tick++;
    doc->due = now_ms() + server->debounce;
    for (uint32_t i = 0; i < server->ndocs; i++) {
        Doc *other = server->docs[i];

        if (other->python == doc->python && !text_equal(other->path, doc->path)
            && !shares_job(doc, other) && is_made_of(other, doc->path)) {
            other->tick++;
            other->due = doc->due;
        }
    }
}

/* A document for one of the Pythons asked for; 'of' is the client's, NULL for itself. */
static Doc *
add_doc(Server *server, const char *uri, const char *path, Doc *of, uint32_t python)
{
    Doc *doc = calloc(1, sizeof(Doc));
    Doc **docs = realloc(server->docs, (server->ndocs + 1) * sizeof(Doc *));

    if (doc == NULL || docs == NULL) {
        abort();
    }
    server->docs = docs;
    docs[server->ndocs++] = doc;
    *doc = (Doc){.of = of, .python = python, .uri = strdup(uri), .path = strdup(path),
                 .reader.fd = -1};
    return doc;
}

/* Brings the document into its project, and others for other Pythons. */
static void
join(Server *server, Doc *doc)
{
    uint32_t pythons;
    Doc *last = doc;

    doc->project = project_of(server, doc->path, 0, &pythons);
    for (uint32_t i = 1; i < pythons; i++) {
        Doc *one = add_doc(server, doc->uri, doc->path, doc, i);

        one->version = doc->version;
        bytes_add(&one->text, doc->text.at, doc->text.n);
        one->project = project_of(server, doc->path, i, NULL);
        last->next = one;
        last = one;
    }
    for (Doc *one = doc; one != NULL; one = one->next) {
        touch(server, one);
        ask_for_job(one);
    }
}

void
doc_open(Server *server, const json_t *params)
{
    const json_t *item = json_object_get(params, "textDocument");
    const char *uri = json_string_value(json_object_get(item, "uri"));
    const json_t *text = json_object_get(item, "text");
    char *path = uri_path(server->arena, uri);
    Doc *doc;

    if (path == NULL || !json_is_string(text) || doc_find(server, uri) != NULL) {
        return;
    }
    doc = add_doc(server, uri, path, NULL, 0);
    doc->version = json_integer_value(json_object_get(item, "version"));
    bytes_add(&doc->text, json_string_value(text), json_string_length(text));
    join(server, doc);
}

/* Frees the documents behind one. */
static void
free_next(Server *server, Doc *doc)
{
    Doc *next = doc->next;

    doc->next = NULL;
    if (next != NULL) {
        doc_free(server, next);
    }
}

void
docs_join(Server *server)
{
    for (uint32_t i = 0; i < server->ndocs;) {
        if (server->docs[i]->next != NULL) {
            free_next(server, server->docs[i]);
            i = 0;
        }
        else {
            i++;
        }
    }
    for (uint32_t i = 0, n = server->ndocs; i < n; i++) {
        Doc *doc = server->docs[i];

        child_kill(&doc->reader);
        doc->reading = false;
        doc->good_tick = 0;
        join(server, doc);
    }
}

void
doc_change(Server *server, const json_t *params)
{
    const json_t *item = json_object_get(params, "textDocument");
    Doc *doc = doc_find(server, json_string_value(json_object_get(item, "uri")));
    const json_t *version = json_object_get(item, "version");

    if (doc == NULL) {
        return;
    }
    if (!text_change(&doc->text, json_object_get(params, "contentChanges"), server->utf8)) {
        rpc_message(server, 2, "an edit of %s was malformed", path_basename(doc->path));
    }
    doc->version = json_is_integer(version) ? json_integer_value(version) : doc->version;
    touch(server, doc);
    for (Doc *one = doc->next; one != NULL; one = one->next) {
        bytes_free(&one->text);
        bytes_add(&one->text, doc->text.at, doc->text.n);
        touch(server, one);
    }
}

void
doc_save(Server *server, const json_t *params)
{
    const json_t *item = json_object_get(params, "textDocument");
    Doc *doc = doc_find(server, json_string_value(json_object_get(item, "uri")));

    (void)server;
    for (; doc != NULL; doc = doc->next) {
        if (doc->is_shared && doc->project != NULL) {
            project_rescan(doc->project, 0); /* other files read it as well */
        }
    }
}

/* True when what was analysed of the document may be other than what is on the disk. */
static bool
is_edited(const Doc *doc)
{
    Arena *arena = arena_new();
    size_t length;
    const char *disk = file_read(arena, doc->path, &length, NULL);
    bool same = doc->tick == 1 && disk != NULL && length == doc->text.n
                && memcmp(disk, doc->text.at, length) == 0;

    arena_free(arena);
    return !same;
}

/* The project goes on without the document. */
static void
leave(const Doc *doc)
{
    Project *project = doc->project;

    if (project != NULL && is_edited(doc)) {
        project_rescan(project, 0); /* until that is done the analyst keeps the buffer */
    }
    else if (project != NULL && project->state == PROJECT_READY) {
        channel_send(&project->analyst, json_pack("{s:s, s:s}", "type", "close", "path",
                                                  doc->path), NULL, 0);
    }
}

void
doc_close(Server *server, const json_t *params)
{
    const json_t *item = json_object_get(params, "textDocument");
    Doc *doc = doc_find(server, json_string_value(json_object_get(item, "uri")));

    if (doc == NULL) {
        return;
    }
    for (const Doc *one = doc; one != NULL; one = one->next) {
        leave(one);
    }
    if (!server->pull && doc->shown != NULL && json_array_size(doc->shown) > 0) {
        rpc_notify(server, "textDocument/publishDiagnostics",
                   json_pack("{s:s, s:[]}", "uri", doc->uri, "diagnostics"));
    }
    doc_free(server, doc);
}

void
doc_free(Server *server, Doc *doc)
{
    free_next(server, doc);
    pending_drop(server, doc);
    for (uint32_t i = 0; i < server->ndocs; i++) {
        if (server->docs[i] == doc) {
            server->docs[i] = server->docs[--server->ndocs];
        }
    }
    child_kill(&doc->reader);
    json_decref(doc->own);
    json_decref(doc->findings);
    json_decref(doc->shown);
    json_decref(doc->includes);
    free(doc->job);
    bytes_free(&doc->text);
    bytes_free(&doc->good);
    free(doc->uri);
    free(doc->path);
    free(doc);
}

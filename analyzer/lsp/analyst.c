/* analyst.c: the process that has scanned a project, and starts one for each state of the open
 * files that tells what the analysis says of it.
 */
#include "lsp/analyst.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "classes/classes.h"

typedef struct Analyst {
    Channel *server;
    Base base;
    Channel running; /* the evaluator at work, fd -1: none */
    Channel current; /* the one that has given its result and answers questions */
    json_int_t seq;  /* of the one at work */
} Analyst;

/* ---- the evaluator -------------------------------------------------------------------- */

typedef struct Evaluation {
    Analyst *analyst;
    json_int_t seq;
} Evaluation;

/* The findings of each open file. */
static json_t *
open_findings(const Base *base, const Scan *scan)
{
    json_t *files = json_object();
    RunResult run = scan_shown(scan);

    for (uint32_t i = 0; i < base->nfiles; i++) {
        json_object_set_new(files, base->files[i].path, json_array());
    }
    for (uint32_t i = 0; i < run.nfindings; i++) {
        const Finding *finding = run.findings[i];
        json_t *list = finding->loc.file != NULL ? json_object_get(files, finding->loc.file)
                                                 : NULL;

        if (list != NULL && report_counted(finding)) {
            json_array_append_new(list, finding_json(scan, finding));
        }
    }
    return files;
}

static void
run_evaluator(Channel *channel, void *payload)
{
    Evaluation *evaluation = payload;
    Base *base = &evaluation->analyst->base;
    Arena *arena = arena_new();
    Error error = {0};
    Packet question;
    Scan scan;

    if (!base_evaluate(base, arena, &scan, &error)) {
        channel_send(channel, json_pack("{s:s, s:I, s:s}", "type", "crashed", "seq",
                                        evaluation->seq, "why", error.text), NULL, 0);
        return;
    }
    channel_send(channel, json_pack("{s:s, s:I, s:o}", "type", "result", "seq", evaluation->seq,
                                    "files", open_findings(base, &scan)), NULL, 0);
    channel_flush(channel, true);
    while (channel_wait(channel, &question)) {
        json_t *answer = answer_question(arena, base->options, &scan, &question);

        channel_send(channel, json_pack("{s:s, s:O, s:o}", "type", "answer", "id",
                                        json_object_get(question.head, "id"), "result",
                                        answer != NULL ? answer : json_null()), NULL, 0);
        channel_flush(channel, true);
        packet_free(&question);
    }
}

static void
start_evaluator(Analyst *analyst, json_int_t seq)
{
    Evaluation evaluation = {analyst, seq};

    if (analyst->running.fd >= 0) {
        child_kill(&analyst->running);
    }
    analyst->seq = seq;
    if (!child_start(run_evaluator, &evaluation, &analyst->running)) {
        channel_send(analyst->server, json_pack("{s:s, s:I, s:s}", "type", "crashed", "seq", seq,
                                                "why", "no process can be had"), NULL, 0);
    }
}

/* Passes on what an evaluator says. */
static void
take_results(Analyst *analyst, Channel *from)
{
    bool alive = channel_read(from), has_result = false;
    Packet packet;

    while (channel_next(from, &packet)) {
        const char *type = json_string_value(json_object_get(packet.head, "type"));

        has_result = has_result || text_equal(type, "result");
        channel_send(analyst->server, json_incref(packet.head), packet.blob, packet.length);
        packet_free(&packet);
    }
    if (from == &analyst->running && has_result) {
        if (analyst->current.fd >= 0) {
            child_kill(&analyst->current);
        }
        analyst->current = analyst->running;
        analyst->running = (Channel){.fd = -1};
    }
    else if (!alive) {
        if (from == &analyst->running) {
            channel_send(analyst->server, json_pack("{s:s, s:I, s:s}", "type", "crashed", "seq",
                                                    analyst->seq, "why", "it ended"), NULL, 0);
        }
        child_kill(from);
    }
}

/* ---- open files ------------------------------------------------------------------------- */

static OpenFile *
find_file(Base *base, const char *path)
{
    for (uint32_t i = 0; i < base->nfiles; i++) {
        if (text_equal(base->files[i].path, path)) {
            return &base->files[i];
        }
    }
    return NULL;
}

/* The first job that reads the file; jobs.n when none does. */
static uint32_t
job_of(const Base *base, const char *path)
{
    const Scan *scan = &base->scan;
    uint32_t n = scan->jobs.jobs.n;

    for (uint32_t i = 0; i < n; i++) {
        if (text_equal(scan->jobs.jobs.at[i].file, path)) {
            return i;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < scan->units[i]->includes.n; k++) {
            if (text_equal(scan->units[i]->includes.at[k], path)) {
                return i;
            }
        }
    }
    return n;
}

static void
free_file(OpenFile *file)
{
    free(file->path);
    free(file->shift);
    bytes_free(&file->text);
    bytes_free(&file->whole);
    bytes_free(&file->part);
}

static void
close_file(Base *base, const char *path)
{
    OpenFile *file = find_file(base, path);

    if (file != NULL) {
        free_file(file);
        *file = base->files[--base->nfiles];
    }
}

static OpenFile *
open_file(Base *base, const char *path, uint32_t job)
{
    OpenFile *files = realloc(base->files, (base->nfiles + 1) * sizeof(OpenFile));

    if (files == NULL) {
        abort();
    }
    base->files = files;
    files[base->nfiles] = (OpenFile){.path = strdup(path), .job = job};
    return &files[base->nfiles++];
}

static json_t *
job_json(const Job *job)
{
    json_t *args = json_array();

    for (uint32_t i = 0; i < job->nargs; i++) {
        json_array_append_new(args, json_string(job->args[i]));
    }
    return json_pack("{s:s, s:s, s:o}", "file", job->file, "directory",
                     job->directory != NULL ? job->directory : "", "args", args);
}

/* Tells which job shows the file, and opens it. */
static void
tell_job(Analyst *analyst, const char *path)
{
    Base *base = &analyst->base;
    uint32_t job = job_of(base, path);
    bool known = job < base->scan.jobs.jobs.n;
    const char *overlay = known && base->overlay != NULL ? base->overlay : "";

    if (known && find_file(base, path) == NULL) {
        open_file(base, path, job);
    }
    channel_send(analyst->server,
                 json_pack("{s:s, s:s, s:o}", "type", "job", "path", path, "job",
                           known ? job_json(&base->scan.jobs.jobs.at[job]) : json_null()),
                 overlay, strlen(overlay));
}

static void
set_shift(OpenFile *file, const json_t *shift)
{
    size_t i;
    json_t *one;

    free(file->shift);
    file->shift = calloc(json_array_size(shift) + 1, sizeof(LineShift));
    if (file->shift == NULL) {
        abort();
    }
    file->nshift = (uint32_t)json_array_size(shift);
    json_array_foreach(shift, i, one) {
        file->shift[i].from = (uint32_t)json_integer_value(json_array_get(one, 0));
        file->shift[i].by = (int32_t)json_integer_value(json_array_get(one, 1));
    }
}

/* Takes a unit of the file; it counts from now on for all files that its job shows. */
static void
put_unit(Base *base, OpenFile *file, const Packet *packet)
{
    bool whole = text_equal(json_string_value(json_object_get(packet->head, "kind")), "whole");
    Bytes *unit = whole ? &file->whole : &file->part;

    for (uint32_t i = 0; i < base->nfiles; i++) {
        OpenFile *other = &base->files[i];

        if (other != file && other->job == file->job) {
            bytes_free(&other->part);
            bytes_free(&other->whole);
            other->nshift = 0;
        }
    }
    bytes_free(&file->part);
    if (whole) {
        bytes_free(&file->whole);
    }
    bytes_add(unit, packet->blob, packet->length);
    set_shift(file, json_object_get(packet->head, "shift"));
}

static void
absorb(Base *base)
{
    bool any = false;

    for (uint32_t i = 0; i < base->nfiles; i++) {
        any = any || base->files[i].whole.n > 0;
    }
    if (any && base_absorb(base)) {
        for (uint32_t i = 0; i < base->nfiles; i++) {
            bytes_free(&base->files[i].whole);
        }
    }
}

/* ---- messages ------------------------------------------------------------------------------- */

static void
take_message(Analyst *analyst, const Packet *packet)
{
    const char *type = json_string_value(json_object_get(packet->head, "type"));
    const char *path = json_string_value(json_object_get(packet->head, "path"));
    OpenFile *file = path != NULL ? find_file(&analyst->base, path) : NULL;

    if (text_equal(type, "job")) {
        tell_job(analyst, path);
    }
    else if (text_equal(type, "text") && file != NULL) {
        bytes_free(&file->text);
        bytes_add(&file->text, packet->blob, packet->length);
    }
    else if (text_equal(type, "unit") && file != NULL) {
        put_unit(&analyst->base, file, packet);
    }
    else if (text_equal(type, "close")) {
        close_file(&analyst->base, path);
    }
    else if (text_equal(type, "absorb")) {
        absorb(&analyst->base);
    }
    else if (text_equal(type, "evaluate")) {
        start_evaluator(analyst, json_integer_value(json_object_get(packet->head, "seq")));
    }
    else if (text_equal(type, "ask")) {
        if (analyst->current.fd >= 0) {
            channel_send(&analyst->current, json_incref(packet->head), packet->blob,
                         packet->length);
        }
        else {
            channel_send(analyst->server, json_pack("{s:s, s:O, s:n}", "type", "answer", "id",
                                                    json_object_get(packet->head, "id"),
                                                    "result"), NULL, 0);
        }
    }
}

static void
serve(Analyst *analyst)
{
    for (;;) {
        Channel *channels[] = {analyst->server, &analyst->running, &analyst->current};
        struct pollfd polls[COUNT_OF(channels)];
        Packet packet;

        for (size_t i = 0; i < COUNT_OF(channels); i++) {
            polls[i] = (struct pollfd){.fd = channels[i]->fd, .events = POLLIN};
            polls[i].events |= channels[i]->out.n > 0 ? POLLOUT : 0;
        }
        poll(polls, COUNT_OF(polls), -1);
        for (size_t i = 0; i < COUNT_OF(channels); i++) {
            if (channels[i]->fd >= 0 && channels[i]->out.n > 0) {
                channel_flush(channels[i], false);
            }
        }
        for (size_t i = COUNT_OF(channels); i-- > 1;) {
            if (polls[i].revents != 0 && channels[i]->fd == polls[i].fd) {
                take_results(analyst, channels[i]);
            }
        }
        if (polls[0].revents != 0 && !channel_read(analyst->server)) {
            return;
        }
        while (channel_next(analyst->server, &packet)) {
            take_message(analyst, &packet);
            packet_free(&packet);
        }
    }
}

/* ---- the scan of the project ------------------------------------------------------------------- */

static void
tell_progress(void *payload, uint32_t done, uint32_t total)
{
    Channel *channel = payload;

    channel_send(channel, json_pack("{s:s, s:i, s:i}", "type", "progress", "done", (int)done,
                                    "total", (int)total), NULL, 0);
    channel_flush(channel, true);
}

static bool
scan_project(Base *base, Error *error)
{
    Scan *scan = &base->scan;

    if (!scan_capture(base->arena, base->options, scan, error)) {
        return false;
    }
    base->overlay = base->options->no_overlay ? NULL : overlay_text(scan->model, base->arena);
    scan->program = program_link(base->arena, scan->units, scan->jobs.jobs.n);
    annotations_apply(scan);
    scan_engine(scan, base->options);
    base_index(base);
    return true;
}

static void
tell_ready(Analyst *analyst)
{
    const Scan *scan = &analyst->base.scan;
    json_t *notes = json_array();

    for (uint32_t i = 0; i < scan->jobs.notes.n; i++) {
        json_array_append_new(notes, json_string(scan->jobs.notes.at[i]));
    }
    channel_send(analyst->server,
                 json_pack("{s:s, s:s, s:i, s:i, s:o}", "type", "ready", "root", scan->jobs.root,
                           "units", (int)scan->jobs.jobs.n, "functions",
                           (int)scan->program->nfns, "notes", notes), NULL, 0);
}

void
analyst_run(Channel *channel, void *payload)
{
    Options options = *(const Options *)payload;
    Analyst analyst = {.server = channel, .running.fd = -1, .current.fd = -1};
    Error error = {0};

    options.quiet = true;
    options.on_progress = tell_progress;
    options.progress_payload = channel;
    analyst.base = (Base){.arena = arena_new(), .options = &options};
    if (!scan_project(&analyst.base, &error)) {
        channel_send(channel, json_pack("{s:s, s:s}", "type", "failed", "why", error.text),
                     NULL, 0);
        channel_flush(channel, true);
        return;
    }
    tell_ready(&analyst);
    serve(&analyst);
    if (analyst.running.fd >= 0) {
        child_kill(&analyst.running);
    }
    if (analyst.current.fd >= 0) {
        child_kill(&analyst.current);
    }
}

/* projects.c: what is analysed together, and the processes that know it. */
#include "lsp/server.h"

#include <stdlib.h>
#include <string.h>

#include "lsp/analyst.h"
#include "model/model.h"

enum {
    ABSORB_DELAY = 1500, /* milliseconds without an edit before whole units are taken in */
    MOST_ABSORBED = 150, /* ... as often, before the project is scanned anew to free memory */
    MOST_CRASHES = 3,
};

/* ---- progress ----------------------------------------------------------------------- */

static void
send_progress(Server *server, const Project *project, json_t *value)
{
    if (project->token != 0) {
        rpc_notify(server, "$/progress", json_pack("{s:i, s:o}", "token", project->token,
                                                   "value", value));
    }
    else {
        json_decref(value);
    }
}

static void
begin_progress(Server *server, Project *project)
{
    if (!server->progress || project->token != 0) {
        return;
    }
    project->token = ++server->ntokens;
    rpc_request(server, "window/workDoneProgress/create",
                json_pack("{s:i}", "token", project->token));
    send_progress(server, project, json_pack("{s:s, s:s, s:i}", "kind", "begin", "title",
                                             "strayref: scanning", "percentage", 0));
}

static void
end_progress(Server *server, Project *project, const char *message)
{
    send_progress(server, project, json_pack("{s:s, s:s}", "kind", "end", "message", message));
    project->token = 0;
}

/* ---- making them ------------------------------------------------------------------------ */

static Project *
project_named(const Server *server, const char *key)
{
    for (uint32_t i = 0; i < server->nprojects; i++) {
        if (text_equal(server->projects[i]->key, key)) {
            return server->projects[i];
        }
    }
    return NULL;
}

static void
start_scan(Server *server, Project *project, Channel *channel)
{
    if (!child_start(analyst_run, &project->options, channel)) {
        rpc_message(server, 1, "no process can be had for the analysis");
        project->state = PROJECT_FAILED;
        return;
    }
    begin_progress(server, project);
}

static Project *
add_project(Server *server, Arena *arena, const char *key, const Options *options)
{
    Project *project = ARENA_NEW(arena, Project);
    Project **projects = realloc(server->projects, (server->nprojects + 1) * sizeof(Project *));

    if (projects == NULL) {
        abort();
    }
    server->projects = projects;
    projects[server->nprojects++] = project;
    *project = (Project){.arena = arena, .key = arena_strndup(arena, key, strlen(key)),
                         .options = *options, .analyst.fd = -1, .coming.fd = -1};
    start_scan(server, project, &project->analyst);
    return project;
}

/* The options for a file: the command line's, the client's, the configuration file's. */
static Options
options_for(Server *server, Arena *arena, const char *path)
{
    Options options = *server->options;
    const char **paths = ARENA_ARRAY(arena, const char *, 2);
    Error error = {0};

    paths[0] = arena_strndup(arena, path, strlen(path));
    options.command = "scan";
    options.paths = paths;
    options.npaths = 1;
    options.quiet = true;
    settings_apply(server, &options, arena);
    if (!options.no_config && !config_apply(arena, &options, &error)) {
        rpc_message(server, 1, "%s", error.text);
    }
    return options;
}

/* The project with that key for the Python; makes it.  Takes over the arena. */
static Project *
project_for(Server *server, Arena *arena, const char *key, Options *options, uint32_t python)
{
    Project *known;

    if (python > 0 && python < options->npythons) {
        options->python = options->pythons[python];
        key = arena_printf(arena, "%s for Python %s", key, version_text(arena, options->python));
    }
    known = project_named(server, key);
    if (known != NULL) {
        arena_free(arena);
        return known;
    }
    known = add_project(server, arena, key, options);
    known->python = python;
    return known;
}

Project *
project_of(Server *server, const char *path, uint32_t python, uint32_t *pythons)
{
    Arena *arena = arena_new();
    Options options = options_for(server, arena, path);
    const char *database = options.database != NULL ? path_absolute(arena, NULL, options.database)
                                                    : compdb_find(arena, path, NULL);

    options.database = database;
    if (database != NULL) {
        options.paths = NULL;
        options.npaths = 0;
    }
    if (pythons != NULL) {
        *pythons = options.npythons > 1 ? options.npythons : 1;
    }
    return project_for(server, arena, database != NULL ? database : path, &options, python);
}

Project *
project_alone(Server *server, const char *path, uint32_t python)
{
    Arena *arena = arena_new();
    Options options = options_for(server, arena, path);

    if (options.database == NULL) {
        options.database = compdb_find(arena, path, NULL);
    }
    return project_for(server, arena, path, &options, python);
}

void
project_free(Server *server, Project *project)
{
    if (project->token != 0) {
        end_progress(server, project, "given up");
    }
    child_kill(&project->analyst);
    child_kill(&project->coming);
    pending_again(server, project); /* nobody answers what it was asked */
    for (uint32_t i = 0; i < server->nprojects; i++) {
        if (server->projects[i] == project) {
            server->projects[i] = server->projects[--server->nprojects];
        }
    }
    arena_free(project->arena);
}

void
projects_restart(Server *server)
{
    while (server->nprojects > 0) {
        project_free(server, server->projects[0]);
    }
    docs_join(server);
}

/* ---- what the analyst says ----------------------------------------------------------------- */

/* The scan is done: open files are read with the flags that it found. */
static void
take_ready(Server *server, Project *project, const json_t *head)
{
    const json_t *notes = json_object_get(head, "notes");
    Arena *arena = arena_new();

    project->state = PROJECT_READY;
    project->nabsorbed = 0;
    end_progress(server, project,
                 arena_printf(arena, "%d files, %d functions",
                              (int)json_integer_value(json_object_get(head, "units")),
                              (int)json_integer_value(json_object_get(head, "functions"))));
    for (size_t i = 0; i < json_array_size(notes) && !project->told && project->python == 0;
         i++) {
        rpc_message(server, 3, "%s", json_string_value(json_array_get(notes, i)));
    }
    project->told = true;
    arena_free(arena);
    for (uint32_t i = 0; i < server->ndocs; i++) {
        if (server->docs[i]->project == project) {
            channel_send(&project->analyst, json_pack("{s:s, s:s}", "type", "job", "path",
                                                      server->docs[i]->path), NULL, 0);
        }
    }
}

/* The document of the project with that path. */
static Doc *
doc_of(const Server *server, const Project *project, const char *path)
{
    for (uint32_t i = 0; path != NULL && i < server->ndocs; i++) {
        if (server->docs[i]->project == project && text_equal(server->docs[i]->path, path)) {
            return server->docs[i];
        }
    }
    return NULL;
}

static void
take_result(Server *server, Project *project, const json_t *head)
{
    json_t *files = json_object_get(head, "files"), *findings;
    const char *path;

    if (json_integer_value(json_object_get(head, "seq")) != project->seq) {
        return;
    }
    project->evaluating = false;
    pending_again(server, project);
    json_object_foreach(files, path, findings) {
        Doc *doc = doc_of(server, project, path);

        if (doc == NULL || doc->unit_tick != doc->tick || doc->asked_tick != doc->tick) {
            continue; /* it has changed meanwhile */
        }
        doc_take_findings(server, doc, findings);
    }
    if (project->wants_absorb) {
        project->absorb_due = now_ms() + ABSORB_DELAY;
    }
    pending_run(server);
}

static void
take_failure(Server *server, Project *project, const char *why)
{
    project->state = PROJECT_FAILED;
    end_progress(server, project, "failed");
    rpc_message(server, 1, "%s", why != NULL ? why : "the analysis ended");
}

static void
take_packet(Server *server, Project *project, const Packet *packet)
{
    const json_t *head = packet->head;
    const char *type = json_string_value(json_object_get(head, "type"));
    const char *path = json_string_value(json_object_get(head, "path"));

    if (text_equal(type, "ready")) {
        take_ready(server, project, head);
    }
    else if (text_equal(type, "progress")) {
        json_int_t total = json_integer_value(json_object_get(head, "total"));
        json_int_t done = json_integer_value(json_object_get(head, "done"));

        send_progress(server, project,
                      json_pack("{s:s, s:I}", "kind", "report", "percentage",
                                total > 0 ? done * 100 / total : 0));
    }
    else if (text_equal(type, "failed")) {
        take_failure(server, project, json_string_value(json_object_get(head, "why")));
    }
    else if (text_equal(type, "job")) {
        Doc *doc = doc_of(server, project, path);

        if (doc != NULL) {
            doc_take_job(server, doc, packet);
        }
    }
    else if (text_equal(type, "result")) {
        take_result(server, project, head);
    }
    else if (text_equal(type, "crashed")) {
        project->evaluating = false;
    }
    else if (text_equal(type, "answer")) {
        pending_answer(server, json_integer_value(json_object_get(head, "id")),
                       json_object_get(head, "result"));
    }
}

/* The analyst has ended without being asked to. */
static void
analyst_gone(Server *server, Project *project)
{
    child_kill(&project->analyst);
    project->evaluating = false;
    if (project->state == PROJECT_FAILED) {
        return;
    }
    if (project->ncrashes++ >= MOST_CRASHES) {
        take_failure(server, project, "the analysis crashes again and again on this project");
        return;
    }
    rpc_message(server, 2, "the analysis crashed; it starts anew");
    project->state = PROJECT_SCANNING;
    start_scan(server, project, &project->analyst);
}

/* The new scan takes the place of the old one. */
static void
read_coming(Server *server, Project *project)
{
    bool alive = channel_read(&project->coming);
    Packet packet;

    while (project->coming.fd >= 0 && channel_next(&project->coming, &packet)) {
        if (text_equal(json_string_value(json_object_get(packet.head, "type")), "ready")) {
            child_kill(&project->analyst);
            project->analyst = project->coming;
            project->coming = (Channel){.fd = -1};
            project->evaluating = false;
        }
        take_packet(server, project, &packet);
        packet_free(&packet);
    }
    if (!alive && project->coming.fd >= 0) {
        child_kill(&project->coming);
        end_progress(server, project, "failed");
    }
}

void
project_read(Server *server, Project *project)
{
    bool alive = project->analyst.fd < 0 || channel_read(&project->analyst);
    Packet packet;

    while (project->analyst.fd >= 0 && channel_next(&project->analyst, &packet)) {
        take_packet(server, project, &packet);
        packet_free(&packet);
    }
    if (!alive) {
        analyst_gone(server, project);
    }
    if (project->coming.fd >= 0) {
        read_coming(server, project);
    }
}

/* ---- what is due ------------------------------------------------------------------------------ */

void
project_evaluate(Server *server, Project *project)
{
    project->evaluating = true;
    project->absorb_due = 0;
    for (uint32_t i = 0; i < server->ndocs; i++) {
        if (server->docs[i]->project == project) {
            server->docs[i]->asked_tick = server->docs[i]->unit_tick;
        }
    }
    channel_send(&project->analyst, json_pack("{s:s, s:I}", "type", "evaluate", "seq",
                                              ++project->seq), NULL, 0);
}

void
project_rescan(Project *project, int64_t delay)
{
    project->rescan_due = now_ms() + delay;
}

void
project_run(Server *server, Project *project)
{
    int64_t now = now_ms();

    if (project->state == PROJECT_READY && project->absorb_due != 0 && !project->evaluating
        && project->absorb_due <= now) {
        project->absorb_due = 0;
        project->wants_absorb = false;
        channel_send(&project->analyst, json_pack("{s:s}", "type", "absorb"), NULL, 0);
        if (++project->nabsorbed >= MOST_ABSORBED) {
            project_rescan(project, 0);
        }
    }
    if (project->rescan_due != 0 && project->rescan_due <= now && project->coming.fd < 0
        && project->state != PROJECT_SCANNING) {
        project->rescan_due = 0;
        start_scan(server, project, project->state == PROJECT_READY ? &project->coming
                                                                    : &project->analyst);
        if (project->state == PROJECT_FAILED && project->analyst.fd >= 0) {
            project->state = PROJECT_SCANNING;
        }
    }
}

/* handlers.c: the protocol's methods. */
#include "lsp/server.h"

#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"

/* ---- who we are ------------------------------------------------------------------------- */

/* The value below the names (ended by NULL), or NULL. */
static const json_t *
below(const json_t *value, const char *const *names)
{
    for (; *names != NULL && value != NULL; names++) {
        value = json_object_get(value, *names);
    }
    return value;
}

#define BELOW(value, ...) below((value), (const char *const[]){__VA_ARGS__, NULL})

static bool
has_word(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (text_equal(json_string_value(json_array_get(list, i)), word)) {
            return true;
        }
    }
    return false;
}

static void
read_client(Server *server, const json_t *can)
{
    const json_t *publish = BELOW(can, "textDocument", "publishDiagnostics");

    server->utf8 = has_word(BELOW(can, "general", "positionEncodings"), "utf-8");
    server->related = json_is_true(json_object_get(publish, "relatedInformation"));
    server->code_descriptions = json_is_true(json_object_get(publish, "codeDescriptionSupport"));
    server->versions = json_is_true(json_object_get(publish, "versionSupport"));
    server->data = json_is_true(json_object_get(publish, "dataSupport"));
    server->progress = json_is_true(BELOW(can, "window", "workDoneProgress"));
    server->show_document = json_is_true(BELOW(can, "window", "showDocument", "support"));
    server->watch = json_is_true(BELOW(can, "workspace", "didChangeWatchedFiles",
                                       "dynamicRegistration"));
    server->refresh = json_is_true(BELOW(can, "workspace", "diagnostics", "refreshSupport"));
    server->pull = server->refresh
                   && json_is_object(BELOW(can, "textDocument", "diagnostic"));
    server->inlay_refresh = json_is_true(BELOW(can, "workspace", "inlayHint", "refreshSupport"));
    server->lens_refresh = json_is_true(BELOW(can, "workspace", "codeLens", "refreshSupport"));
    server->resolve_edit = has_word(BELOW(can, "textDocument", "codeAction", "resolveSupport",
                                          "properties"), "edit");
}

static json_t *
capabilities(const Server *server)
{
    json_t *can = json_pack("{s:s, s:{s:b, s:i, s:{s:b}}, s:b, s:b, s:{s:b}}", "positionEncoding",
                            server->utf8 ? "utf-8" : "utf-16", "textDocumentSync", "openClose", 1,
                            "change", 2, "save", "includeText", 0, "hoverProvider", 1,
                            "inlayHintProvider", 1, "codeLensProvider", "resolveProvider", 0);

    json_object_set_new(can, "codeActionProvider",
                        json_pack("{s:[s], s:b}", "codeActionKinds", "quickfix",
                                  "resolveProvider", server->resolve_edit));
    json_object_set_new(can, "executeCommandProvider",
                        json_pack("{s:[s, s]}", "commands", COMMAND_FIX_ALL, COMMAND_OPEN_PAGE));

    if (server->pull) {
        json_object_set_new(can, "diagnosticProvider",
                            json_pack("{s:s, s:b, s:b}", "identifier", "strayref",
                                      "interFileDependencies", 1, "workspaceDiagnostics", 1));
    }
    return can;
}

static void
do_initialize(Server *server, const json_t *id, const json_t *params)
{
    read_client(server, json_object_get(params, "capabilities"));
    settings_take(server, json_object_get(params, "initializationOptions"));
    server->initialized = true;
    rpc_result(server, id,
               json_pack("{s:o, s:{s:s, s:s}}", "capabilities", capabilities(server),
                         "serverInfo", "name", "strayref", "version", STRAYREF_VERSION));
}

/* Asks to be told when files change that decide what is found. */
static void
do_initialized(Server *server)
{
    static const char *const globs[] = {"**/compile_commands.json", "**/.strayref.yaml",
                                        "**/*.{c,h,cc,cpp,cxx,hpp}"};
    json_t *watchers = json_array();

    if (!server->watch) {
        json_decref(watchers);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(globs); i++) {
        json_array_append_new(watchers, json_pack("{s:s}", "globPattern", globs[i]));
    }
    rpc_request(server, "client/registerCapability",
                json_pack("{s:[{s:s, s:s, s:{s:o}}]}", "registrations", "id", "watch", "method",
                          "workspace/didChangeWatchedFiles", "registerOptions", "watchers",
                          watchers));
}

/* ---- notifications ------------------------------------------------------------------------------ */

/* Files have changed on the disk: those that are open do not count. */
static void
do_watched(Server *server, const json_t *params)
{
    const json_t *changes = json_object_get(params, "changes");

    for (size_t i = 0; i < json_array_size(changes); i++) {
        const char *uri = json_string_value(json_object_get(json_array_get(changes, i), "uri"));
        const char *name = uri != NULL ? path_basename(uri) : "";

        if (text_equal(name, ".strayref.yaml") || text_equal(name, "compile_commands.json")) {
            projects_restart(server);
            return;
        }
        for (uint32_t k = 0; k < server->nprojects && doc_find(server, uri) == NULL; k++) {
            project_rescan(server->projects[k], 300);
        }
    }
}

static void
do_configuration(Server *server, const json_t *params)
{
    const json_t *settings = json_object_get(params, "settings");

    if (json_is_object(settings)) {
        settings_take(server, settings);
        projects_restart(server);
    }
}

static void
do_exit(Server *server, const json_t *params)
{
    (void)params;
    server->done = true;
    server->code = server->shut_down ? EXIT_CLEAN : EXIT_FINDINGS;
}

typedef struct Notification {
    const char *method;
    void (*run)(Server *server, const json_t *params);
} Notification;

static const Notification notifications[] = {
    {"textDocument/didOpen", doc_open},
    {"textDocument/didChange", doc_change},
    {"textDocument/didSave", doc_save},
    {"textDocument/didClose", doc_close},
    {"workspace/didChangeWatchedFiles", do_watched},
    {"workspace/didChangeConfiguration", do_configuration},
    {"$/cancelRequest", request_cancel},
    {"exit", do_exit},
};

static void
handle_notification(Server *server, const char *method, const json_t *params)
{
    if (text_equal(method, "initialized")) {
        do_initialized(server);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(notifications); i++) {
        if (text_equal(method, notifications[i].method)
            && (server->initialized || notifications[i].run == do_exit)) {
            notifications[i].run(server, params);
        }
    }
}

/* ---- requests ------------------------------------------------------------------------------------ */

static void
handle_request(Server *server, const json_t *id, const char *method, const json_t *params)
{
    if (text_equal(method, "initialize") && !server->initialized) {
        do_initialize(server, id, params);
    }
    else if (!server->initialized) {
        rpc_error(server, id, RPC_NOT_INITIALIZED, "initialize comes first");
    }
    else if (server->shut_down || text_equal(method, "initialize")) {
        rpc_error(server, id, RPC_INVALID_REQUEST, "not now");
    }
    else if (text_equal(method, "shutdown")) {
        server->shut_down = true;
        rpc_result(server, id, NULL);
    }
    else if (!request_take(server, id, method, params)) {
        rpc_error(server, id, RPC_METHOD_NOT_FOUND, method);
    }
}

void
handle_message(Server *server, const json_t *message)
{
    const json_t *id = json_object_get(message, "id");
    const json_t *method = json_object_get(message, "method");
    const json_t *params = json_object_get(message, "params");

    if (!json_is_string(method)) {
        if (id == NULL || (json_object_get(message, "result") == NULL
                           && json_object_get(message, "error") == NULL)) {
            rpc_error(server, id, RPC_INVALID_REQUEST, "a request names its method");
        }
        return; /* the answer to a request of ours */
    }
    if (id == NULL) {
        handle_notification(server, json_string_value(method), params);
    }
    else {
        handle_request(server, id, json_string_value(method), params);
    }
}

/* requests.c: requests that wait until the analysis has come to the text they are about. */
#include "lsp/server.h"

#include <stdlib.h>
#include <string.h>

/* Where a request names its document. */
typedef enum About { ABOUT_DOCUMENT, ABOUT_DATA, ABOUT_ARGUMENT, ABOUT_ALL } About;

typedef struct Method {
    const char *name;
    About about;
} Method;

static const Method methods[] = {
    {"textDocument/diagnostic", ABOUT_DOCUMENT}, {"textDocument/hover", ABOUT_DOCUMENT},
    {"textDocument/inlayHint", ABOUT_DOCUMENT},  {"textDocument/codeLens", ABOUT_DOCUMENT},
    {"textDocument/codeAction", ABOUT_DOCUMENT}, {"codeAction/resolve", ABOUT_DATA},
    {"workspace/executeCommand", ABOUT_ARGUMENT}, {"workspace/diagnostic", ABOUT_ALL},
};

/* ---- the list ---------------------------------------------------------------------------- */

static Pending *
pending_add(Server *server, const json_t *id, const char *method, const json_t *params, Doc *doc)
{
    Pending *list = realloc(server->pending, (server->npending + 1) * sizeof(Pending));

    if (list == NULL) {
        abort();
    }
    server->pending = list;
    list[server->npending] = (Pending){.id = json_deep_copy(id), .method = strdup(method),
                                       .params = json_deep_copy(params), .doc = doc,
                                       .project = doc != NULL ? doc->project : NULL};
    return &list[server->npending++];
}

static void
pending_remove(Server *server, uint32_t i)
{
    Pending *one = &server->pending[i];

    json_decref(one->id);
    json_decref(one->params);
    json_decref(one->items);
    free(one->method);
    memmove(one, one + 1, (--server->npending - i) * sizeof(Pending));
}

void
pending_drop(Server *server, const Doc *doc)
{
    for (uint32_t i = server->npending; i-- > 0;) {
        if (server->pending[i].doc == doc) {
            rpc_error(server, server->pending[i].id, RPC_CONTENT_MODIFIED, "it was closed");
            pending_remove(server, i);
        }
    }
}

void
request_cancel(Server *server, const json_t *params)
{
    const json_t *id = json_object_get(params, "id");

    for (uint32_t i = server->npending; i-- > 0;) {
        if (json_equal(server->pending[i].id, id)) {
            rpc_error(server, id, RPC_CANCELLED, "cancelled");
            pending_remove(server, i);
        }
    }
}

/* ---- asking -------------------------------------------------------------------------------- */

/* True when nothing better than what is there will come. */
static bool
is_settled(const Doc *doc)
{
    return doc_is_fresh(doc) || doc_is_broken(doc)
           || doc->project == NULL || doc->project->state == PROJECT_FAILED;
}

/* Gives the client the reply, and forgets the request. */
static void
finish(Server *server, uint32_t i, const json_t *answer)
{
    json_t *reply = reply_make(server, &server->pending[i], answer);

    rpc_result(server, server->pending[i].id, reply);
    pending_remove(server, i);
}

static void
ask(Server *server, Pending *one, Project *project, json_t *question)
{
    one->asked = ++server->nquestions;
    one->project = project;
    one->tick = one->doc != NULL ? one->doc->tick : 0;
    json_object_set_new(question, "type", json_string("ask"));
    json_object_set_new(question, "id", json_integer(one->asked));
    channel_send(&project->analyst, question, NULL, 0);
}

/* Asks the next project for all that it has found; false when there is none. */
static bool
ask_next(Server *server, Pending *one)
{
    while (one->next < server->nprojects) {
        Project *project = server->projects[one->next];

        if (project->state == PROJECT_SCANNING) {
            return true; /* later */
        }
        one->next++;
        if (project->state == PROJECT_READY && project->python == 0) {
            ask(server, one, project, json_pack("{s:s}", "method", "all"));
            return true;
        }
    }
    return false;
}

/* One request's turn; true when it is gone. */
static bool
run(Server *server, uint32_t i)
{
    Pending *one = &server->pending[i];
    json_t *question;

    if (one->asked != 0) {
        return false;
    }
    if (text_equal(one->method, "workspace/diagnostic")) {
        if (!ask_next(server, one)) {
            finish(server, i, NULL);
            return true;
        }
        return false;
    }
    if (one->doc != NULL && !is_settled(one->doc)) {
        return false;
    }
    question = one->doc != NULL && doc_is_fresh(one->doc) ? reply_question(server, one) : NULL;
    if (question == NULL) {
        finish(server, i, NULL);
        return true;
    }
    ask(server, one, one->doc->project, question);
    return false;
}

void
pending_run(Server *server)
{
    for (uint32_t i = 0; i < server->npending;) {
        i += run(server, i) ? 0 : 1;
    }
}

void
pending_again(Server *server, const Project *project)
{
    for (uint32_t i = 0; i < server->npending; i++) {
        Pending *one = &server->pending[i];

        if (one->asked != 0 && one->project == project) {
            one->asked = 0;
            one->next -= one->doc == NULL && one->next > 0 ? 1 : 0;
        }
    }
}

/* Adds what one project has found. */
static void
collect(Pending *one, const json_t *answer)
{
    if (one->items == NULL) {
        one->items = json_object();
    }
    if (json_is_object(answer)) {
        json_object_update(one->items, (json_t *)(uintptr_t)answer);
    }
}

void
pending_answer(Server *server, json_int_t question, const json_t *result)
{
    for (uint32_t i = 0; i < server->npending; i++) {
        Pending *one = &server->pending[i];

        if (one->asked != question) {
            continue;
        }
        one->asked = 0;
        if (one->doc == NULL) {
            collect(one, result);
        }
        else if (one->doc->tick == one->tick) {
            finish(server, i, result);
        }
        break;
    }
    pending_run(server);
}

/* ---- taking ---------------------------------------------------------------------------------- */

static const char *
uri_of(About about, const json_t *params)
{
    const json_t *holder = about == ABOUT_DOCUMENT ? json_object_get(params, "textDocument")
                           : about == ABOUT_DATA   ? json_object_get(params, "data")
                                                   : NULL;

    return about == ABOUT_ARGUMENT
               ? json_string_value(json_array_get(json_object_get(params, "arguments"), 0))
               : json_string_value(json_object_get(holder, "uri"));
}

/* Opens a rule's page. */
static void
open_page(Server *server, const json_t *params)
{
    const char *rule = json_string_value(json_array_get(json_object_get(params, "arguments"), 0));
    Arena *arena = arena_new();
    const char *uri = rule != NULL ? page_uri(server, arena, rule) : NULL;

    if (uri == NULL) {
        rpc_message(server, 2, "there is no page of rule '%s'", rule != NULL ? rule : "");
    }
    else if (server->show_document) {
        rpc_request(server, "window/showDocument", json_pack("{s:s}", "uri", uri));
    }
    else {
        rpc_message(server, 3, "the page of %s is %s", rule, uri);
    }
    arena_free(arena);
}

bool
request_take(Server *server, const json_t *id, const char *method, const json_t *params)
{
    const char *command = json_string_value(json_object_get(params, "command"));
    const Method *known = NULL;
    Doc *doc;

    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        known = text_equal(methods[i].name, method) ? &methods[i] : known;
    }
    if (known == NULL) {
        return false;
    }
    if (known->about == ABOUT_ARGUMENT && text_equal(command, COMMAND_OPEN_PAGE)) {
        open_page(server, params);
        rpc_result(server, id, NULL);
        return true;
    }
    doc = doc_find(server, uri_of(known->about, params));
    if (doc == NULL && known->about != ABOUT_ALL) {
        rpc_error(server, id, RPC_INVALID_PARAMS, "this document is not open");
        return true;
    }
    pending_add(server, id, method, params, doc);
    pending_run(server);
    return true;
}

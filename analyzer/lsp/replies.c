/* replies.c: requests -> questions to the evaluator, and its answers -> what the protocol wants. */
#include "lsp/server.h"

#include <stdlib.h>
#include <string.h>

/* ---- questions ----------------------------------------------------------------------------- */

/* The place of the request's position, from 1 and in bytes. */
static void
put_place(const Server *server, const Pending *pending, json_t *question)
{
    const json_t *at = json_object_get(pending->params, "position");
    json_int_t line = json_integer_value(json_object_get(at, "line"));
    Arena *arena = arena_new();
    Lines lines;
    size_t offset;

    lines_find(arena, pending->doc->text.at, pending->doc->text.n, &lines);
    offset = lines_offset(&lines, line, json_integer_value(json_object_get(at, "character")),
                          server->utf8);
    line = line < 0 ? 0 : line < (json_int_t)lines.start.n ? line : (json_int_t)lines.start.n - 1;
    json_object_set_new(question, "line", json_integer(line + 1));
    json_object_set_new(question, "col",
                        json_integer((json_int_t)(offset - lines.start.at[line]) + 1));
    arena_free(arena);
}

static json_int_t
line_of(const json_t *range, const char *end)
{
    return json_integer_value(json_object_get(json_object_get(range, end), "line")) + 1;
}

static void
put_lines(const Pending *pending, json_t *question)
{
    const json_t *range = json_object_get(pending->params, "range");

    json_object_set_new(question, "first", json_integer(line_of(range, "start")));
    json_object_set_new(question, "last", json_integer(line_of(range, "end")));
}

/* True when the client wants actions of our kind, and there is one of ours to act upon. */
static bool
wants_fixes(const Pending *pending)
{
    const json_t *context = json_object_get(pending->params, "context");
    const json_t *only = json_object_get(context, "only");
    const json_t *diagnostics = json_object_get(context, "diagnostics");
    bool wanted = !json_is_array(only), any = false;

    for (size_t i = 0; i < json_array_size(only); i++) {
        const char *kind = json_string_value(json_array_get(only, i));

        wanted = wanted || text_equal(kind, "quickfix") || text_equal(kind, "");
    }
    for (size_t i = 0; i < json_array_size(diagnostics); i++) {
        any = any || text_equal(json_string_value(json_object_get(json_array_get(diagnostics, i),
                                                                  "source")), "strayref");
    }
    return wanted && any;
}

static const char *
rule_asked(const Pending *pending)
{
    return text_equal(pending->method, "codeAction/resolve")
               ? json_string_value(json_object_get(json_object_get(pending->params, "data"),
                                                   "rule"))
               : json_string_value(json_array_get(json_object_get(pending->params, "arguments"),
                                                  1));
}

json_t *
reply_question(const Server *server, const Pending *pending)
{
    json_t *question = json_pack("{s:s}", "path", pending->doc->path);
    const char *method = NULL;

    if (text_equal(pending->method, "textDocument/hover")) {
        method = "hover";
        put_place(server, pending, question);
    }
    else if (text_equal(pending->method, "textDocument/inlayHint") && server->inlay_hints) {
        method = "hints";
        put_lines(pending, question);
    }
    else if (text_equal(pending->method, "textDocument/codeLens") && server->code_lens) {
        method = "lens";
    }
    else if (text_equal(pending->method, "textDocument/codeAction") && wants_fixes(pending)) {
        method = "fixes";
        put_lines(pending, question);
    }
    else if ((text_equal(pending->method, "codeAction/resolve")
              || text_equal(pending->method, "workspace/executeCommand"))
             && rule_asked(pending) != NULL) {
        method = "fix-all";
        json_object_set_new(question, "rule", json_string(rule_asked(pending)));
    }
    if (method == NULL) {
        json_decref(question);
        return NULL;
    }
    json_object_set_new(question, "method", json_string(method));
    return question;
}

/* ---- replies -------------------------------------------------------------------------------------- */

/* Diagnostics as a report, "unchanged" when the client has them. */
static json_t *
report_of(json_t *list, const char *before)
{
    char *text = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
    size_t length = text != NULL ? strlen(text) : 0;
    char id[32];
    json_t *report;

    snprintf(id, sizeof(id), "%016llx",
             (unsigned long long)hash_bytes(text != NULL ? text : "", length, 0));
    free(text);
    report = text_equal(before, id)
                 ? json_pack("{s:s, s:s}", "kind", "unchanged", "resultId", id)
                 : json_pack("{s:s, s:s, s:O}", "kind", "full", "resultId", id, "items", list);
    json_decref(list);
    return report;
}

static json_t *
reply_diagnostic(Server *server, const Pending *pending)
{
    const json_t *before = json_object_get(pending->params, "previousResultId");

    return report_of(diagnostics_of(server, pending->doc), json_string_value(before));
}

/* The id of the report that the client has of the file. */
static const char *
before_of(const Pending *pending, const char *uri)
{
    const json_t *ids = json_object_get(pending->params, "previousResultIds");

    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *one = json_array_get(ids, i);

        if (text_equal(json_string_value(json_object_get(one, "uri")), uri)) {
            return json_string_value(json_object_get(one, "value"));
        }
    }
    return NULL;
}

static json_t *
reply_workspace(Server *server, const Pending *pending)
{
    json_t *items = json_array(), *findings;
    Arena *arena = arena_new();
    const char *path;

    json_object_foreach(pending->items, path, findings) {
        const char *uri = path_uri(arena, path);
        const Doc *doc = doc_find(server, uri);
        json_t *list = doc != NULL ? diagnostics_of(server, doc)
                                   : diagnostics_closed(server, path, findings);
        json_t *report = report_of(list, before_of(pending, uri));

        json_object_set_new(report, "uri", json_string(uri));
        json_object_set_new(report, "version", doc != NULL ? json_integer(doc->version)
                                                           : json_null());
        json_array_append_new(items, report);
    }
    arena_free(arena);
    return json_pack("{s:o}", "items", items);
}

static json_t *
reply_hover(const json_t *answer)
{
    return json_is_string(answer)
               ? json_pack("{s:{s:s, s:s}}", "contents", "kind", "markdown", "value",
                           json_string_value(answer))
               : NULL;
}

/* A position for each thing of the answer, made by 'put'. */
static json_t *
reply_list(Server *server, const Pending *pending, const json_t *answer,
           json_t *(*put)(const Server *server, const Lines *lines, const json_t *one))
{
    json_t *list = json_array();
    Arena *arena = arena_new();
    Lines lines;

    lines_find(arena, pending->doc->text.at, pending->doc->text.n, &lines);
    for (size_t i = 0; i < json_array_size(answer); i++) {
        json_array_append_new(list, put(server, &lines, json_array_get(answer, i)));
    }
    arena_free(arena);
    return list;
}

static uint32_t
number_of(const json_t *one, const char *key)
{
    return (uint32_t)json_integer_value(json_object_get(one, key));
}

static json_t *
put_hint(const Server *server, const Lines *lines, const json_t *one)
{
    return json_pack("{s:o, s:O, s:b}", "position",
                     lines_position(lines, number_of(one, "line"), number_of(one, "col"),
                                    server->utf8), "label", json_object_get(one, "label"),
                     "paddingLeft", 1);
}

static json_t *
put_lens(const Server *server, const Lines *lines, const json_t *one)
{
    uint32_t line = number_of(one, "line");

    return json_pack("{s:o, s:{s:O, s:s}}", "range",
                     lines_range(lines, line, 1, line, 1, server->utf8), "command", "title",
                     json_object_get(one, "title"), "command", "");
}

/* The edit with all fixes of a rule; NULL when there are none. */
static json_t *
fix_all_edit(Server *server, const Pending *pending, const json_t *answer)
{
    const json_t *text = json_object_get(answer, "text");

    return json_is_string(text) ? edit_to_text(server, pending->doc, json_string_value(text),
                                               json_string_length(text)) : NULL;
}

static json_t *
reply_resolve(Server *server, const Pending *pending, const json_t *answer)
{
    json_t *action = json_deep_copy(pending->params);
    json_t *edit = fix_all_edit(server, pending, answer);

    if (edit != NULL) {
        json_object_set_new(action, "edit", edit);
    }
    else {
        rpc_message(server, 3, "no finding of %s in this file has a fix that holds",
                    rule_asked(pending));
    }
    return action;
}

static json_t *
reply_command(Server *server, const Pending *pending, const json_t *answer)
{
    json_t *edit = fix_all_edit(server, pending, answer);

    if (edit != NULL) {
        rpc_request(server, "workspace/applyEdit", json_pack("{s:s, s:o}", "label",
                                                             "strayref: fixes", "edit", edit));
    }
    return NULL;
}

json_t *
reply_make(Server *server, Pending *pending, const json_t *answer)
{
    const char *method = pending->method;

    if (text_equal(method, "textDocument/diagnostic")) {
        return reply_diagnostic(server, pending);
    }
    if (text_equal(method, "workspace/diagnostic")) {
        return reply_workspace(server, pending);
    }
    if (text_equal(method, "textDocument/hover")) {
        return reply_hover(answer);
    }
    if (text_equal(method, "textDocument/inlayHint")) {
        return reply_list(server, pending, answer, put_hint);
    }
    if (text_equal(method, "textDocument/codeLens")) {
        return reply_list(server, pending, answer, put_lens);
    }
    if (text_equal(method, "textDocument/codeAction")) {
        return actions_of(server, pending->doc, pending->params, answer);
    }
    return text_equal(method, "codeAction/resolve") ? reply_resolve(server, pending, answer)
                                                    : reply_command(server, pending, answer);
}

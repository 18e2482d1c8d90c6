/* actions.c: what can be done about a diagnostic: mend it, mend all of its kind, say that it is
 * meant so, read about the rule.
 */
#include "lsp/server.h"

#include <string.h>

/* What actions are made from. */
typedef struct Actions {
    Server *server;
    Arena *arena;
    const Doc *doc;
    Lines lines;
    json_t *list;
} Actions;

/* ---- edits ------------------------------------------------------------------------------ */

/* An edit of the document alone. */
static json_t *
workspace_edit(const Doc *doc, json_t *edits)
{
    json_t *changes = json_object();

    json_object_set_new(changes, doc->uri, edits);
    return json_pack("{s:o}", "changes", changes);
}

static json_t *
text_edit(json_t *range, const char *text)
{
    return json_pack("{s:o, s:s}", "range", range, "newText", text);
}

/* The place (from 1) of an offset. */
static void
place_of(const Lines *lines, size_t offset, uint32_t *line, uint32_t *col)
{
    uint32_t low = 0, high = lines->start.n;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (lines->start.at[middle] <= offset) {
            low = middle;
        }
        else {
            high = middle;
        }
    }
    *line = low + 1;
    *col = (uint32_t)(offset - lines->start.at[low]) + 1;
}

json_t *
edit_to_text(Server *server, const Doc *doc, const char *text, size_t length)
{
    Arena *arena = arena_new();
    size_t first = 0, tail = 0, shorter = length < doc->text.n ? length : doc->text.n;
    uint32_t line, col, end_line, end_col;
    Lines lines;
    json_t *edit;

    while (first < shorter && text[first] == doc->text.at[first]) {
        first++;
    }
    while (first > 0 && text[first - 1] != '\n') {
        first--; /* whole lines: no character is cut */
    }
    while (tail < shorter - first
           && text[length - 1 - tail] == doc->text.at[doc->text.n - 1 - tail]) {
        tail++;
    }
    while (tail > 0 && text[length - tail - 1] != '\n') {
        tail--;
    }
    lines_find(arena, doc->text.at, doc->text.n, &lines);
    place_of(&lines, first, &line, &col);
    place_of(&lines, doc->text.n - tail, &end_line, &end_col);
    edit = text_edit(lines_range(&lines, line, col, end_line, end_col, server->utf8),
                     arena_strndup(arena, text + first, length - tail - first));
    arena_free(arena);
    return workspace_edit(doc, json_pack("[o]", edit));
}

/* ---- actions ------------------------------------------------------------------------------- */

static json_t *
add_action(Actions *actions, const char *title, const json_t *diagnostic)
{
    json_t *action = json_pack("{s:s, s:s, s:[O]}", "title", title, "kind", "quickfix",
                               "diagnostics", diagnostic);

    json_array_append_new(actions->list, action);
    return action;
}

static json_t *
patch_edit(const Actions *actions, const json_t *patch)
{
    json_t *edits = json_array();
    size_t i;
    json_t *edit;

    json_array_foreach(json_object_get(patch, "edits"), i, edit) {
        json_t *range = lines_range(
            &actions->lines, (uint32_t)json_integer_value(json_object_get(edit, "line")),
            (uint32_t)json_integer_value(json_object_get(edit, "col")),
            (uint32_t)json_integer_value(json_object_get(edit, "end_line")),
            (uint32_t)json_integer_value(json_object_get(edit, "end_col")),
            actions->server->utf8);

        json_array_append_new(
            edits, text_edit(range, json_string_value(json_object_get(edit, "text"))));
    }
    return workspace_edit(actions->doc, edits);
}

/* The fix that was verified for the finding. */
static void
add_fix(Actions *actions, const json_t *diagnostic, const json_t *fixes)
{
    const char *wanted = json_string_value(
        json_object_get(json_object_get(diagnostic, "data"), "fingerprint"));

    for (size_t i = 0; i < json_array_size(fixes); i++) {
        const json_t *fix = json_array_get(fixes, i);
        const char *title = json_string_value(json_object_get(fix, "title"));

        if (text_equal(json_string_value(json_object_get(fix, "fingerprint")), wanted)) {
            json_t *action = add_action(actions, arena_printf(actions->arena, "%s (verified)",
                                                              title), diagnostic);

            json_object_set_new(action, "isPreferred", json_true());
            json_object_set_new(action, "edit", patch_edit(actions, fix));
            return;
        }
    }
}

static void
add_fix_all(Actions *actions, const json_t *diagnostic, const char *rule)
{
    const char *title = arena_printf(actions->arena, "All verified fixes of %s in this file",
                                     rule);
    json_t *action = add_action(actions, title, diagnostic);

    if (actions->server->resolve_edit) {
        json_object_set_new(action, "data", json_pack("{s:s, s:s}", "uri", actions->doc->uri,
                                                      "rule", rule));
    }
    else {
        json_object_set_new(action, "command",
                            json_pack("{s:s, s:s, s:[s, s]}", "title", title, "command",
                                      COMMAND_FIX_ALL, "arguments", actions->doc->uri, rule));
    }
}

static const char *
line_text(const Actions *actions, uint32_t line, size_t *length)
{
    const Lines *lines = &actions->lines;
    size_t start = lines->start.at[line - 1];
    size_t end = line < lines->start.n ? lines->start.at[line] : lines->length;

    *length = end - start;
    return lines->text + start;
}

/* The white space that the line starts with. */
static const char *
indent_of(const Actions *actions, uint32_t line)
{
    size_t length, n = 0;
    const char *text = line_text(actions, line, &length);

    while (n < length && (text[n] == ' ' || text[n] == '\t')) {
        n++;
    }
    return arena_strndup(actions->arena, text, n);
}

/* True for a line that belongs to what follows: the type before a function's name. */
static bool
goes_on(const Actions *actions, uint32_t line)
{
    size_t length;
    const char *text = line_text(actions, line, &length);

    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL) {
        length--;
    }
    return length > 0 && strchr(";}/#\\", text[length - 1]) == NULL && text[0] != '#';
}

static void
add_comment(Actions *actions, const char *title, const json_t *diagnostic, uint32_t line,
            const char *form, const char *rule)
{
    const char *text = arena_printf(actions->arena, "%s/* strayref: %s[%s] -- reason */\n",
                                    indent_of(actions, line), form, rule);
    json_t *action = add_action(actions, title, diagnostic);
    json_t *range = lines_range(&actions->lines, line, 1, line, 1, actions->server->utf8);

    json_object_set_new(action, "edit",
                        workspace_edit(actions->doc, json_pack("[o]", text_edit(range, text))));
}

/* The first line of the function around the diagnostic, as its finding tells it. */
static uint32_t
function_line(const Actions *actions, const json_t *diagnostic)
{
    const json_t *findings = actions->doc->findings;
    const char *wanted = json_string_value(
        json_object_get(json_object_get(diagnostic, "data"), "fingerprint"));
    uint32_t line = 0;

    for (size_t i = 0; i < json_array_size(findings) && line == 0; i++) {
        const json_t *one = json_array_get(findings, i);

        if (text_equal(json_string_value(json_object_get(one, "fingerprint")), wanted)) {
            line = (uint32_t)json_integer_value(json_object_get(one, "first"));
        }
    }
    while (line > 1 && line <= actions->lines.start.n && goes_on(actions, line - 1)) {
        line--;
    }
    return line <= actions->lines.start.n ? line : 0;
}

static void
add_suppressions(Actions *actions, const json_t *diagnostic, const char *rule)
{
    const json_t *start = json_object_get(json_object_get(diagnostic, "range"), "start");
    uint32_t line = (uint32_t)json_integer_value(json_object_get(start, "line")) + 1;
    uint32_t function = doc_is_fresh(actions->doc) ? function_line(actions, diagnostic) : 0;

    if (line <= actions->lines.start.n) {
        add_comment(actions, arena_printf(actions->arena, "Suppress %s here", rule), diagnostic,
                    line, "ignore-next-line", rule);
    }
    if (function != 0) {
        add_comment(actions, arena_printf(actions->arena, "Suppress %s in this function", rule),
                    diagnostic, function, "ignore-function", rule);
    }
}

static void
add_page(Actions *actions, const json_t *diagnostic, const char *rule)
{
    const char *title = arena_printf(actions->arena, "Open the page of %s", rule);
    json_t *action = add_action(actions, title, diagnostic);

    json_object_set_new(action, "command",
                        json_pack("{s:s, s:s, s:[s]}", "title", title, "command",
                                  COMMAND_OPEN_PAGE, "arguments", rule));
}

json_t *
actions_of(Server *server, const Doc *doc, const json_t *params, const json_t *fixes)
{
    const json_t *context = json_object_get(params, "context");
    const json_t *diagnostics = json_object_get(context, "diagnostics");
    Actions actions = {.server = server, .arena = arena_new(), .doc = doc, .list = json_array()};

    lines_find(actions.arena, doc->text.at, doc->text.n, &actions.lines);
    for (size_t i = 0; i < json_array_size(diagnostics); i++) {
        const json_t *one = json_array_get(diagnostics, i);
        const char *rule = json_string_value(json_object_get(one, "code"));

        if (rule == NULL || !rule_known(rule)
            || !text_equal(json_string_value(json_object_get(one, "source")), "strayref")) {
            continue;
        }
        add_fix(&actions, one, fixes);
        add_suppressions(&actions, one, rule);
        if (json_array_size(fixes) > 0) {
            add_fix_all(&actions, one, rule);
        }
        add_page(&actions, one, rule);
    }
    arena_free(actions.arena);
    return actions.list;
}

/* diagnostics.c: findings -> the protocol's diagnostics.
 *
 * While a buffer is broken, the findings of functions that were not touched since it was whole
 * move with their lines; the others are left out.
 */
#include "lsp/server.h"

#include <string.h>

enum { MOST_RELATED = 60 };

/* Texts of files that places lie in, and how lines have moved in one of them. */
typedef struct Places {
    Server *server;
    Arena *arena;
    const Doc *doc;        /* NULL: a file that is not open */
    Map lines;             /* path -> Lines * */
    uint32_t first, last;  /* lines of the good text that were touched; 0: none */
    int32_t by;            /* how far those behind them have moved */
} Places;

/* ---- lines that have moved ------------------------------------------------------------- */

static uint32_t
count_lines(const char *text, size_t n)
{
    uint32_t lines = 0;

    for (size_t i = 0; i < n; i++) {
        lines += text[i] == '\n';
    }
    return lines;
}

/* Finds out which lines of the good text were touched since. */
static void
find_touched(Places *places)
{
    const Bytes *old = &places->doc->good, *now = &places->doc->text;
    size_t shorter = old->n < now->n ? old->n : now->n, first = 0, tail = 0;

    while (first < shorter && old->at[first] == now->at[first]) {
        first++;
    }
    while (tail < shorter - first && old->at[old->n - 1 - tail] == now->at[now->n - 1 - tail]) {
        tail++;
    }
    if (first == old->n && first == now->n) {
        return;
    }
    places->first = 1 + count_lines(old->at, first);
    places->last = 1 + count_lines(old->at, old->n - tail);
    places->by = (int32_t)count_lines(now->at, now->n) - (int32_t)count_lines(old->at, old->n);
}

/* Where the line is now; 0 when it was touched. */
static uint32_t
line_now(const Places *places, uint32_t line)
{
    if (places->first == 0 || line < places->first) {
        return line;
    }
    return line > places->last ? (uint32_t)((int64_t)line + places->by) : 0;
}

/* True when the function around the finding was touched. */
static bool
is_touched(const Places *places, const json_t *finding)
{
    const json_t *first = json_object_get(finding, "first");
    json_int_t line = json_integer_value(json_object_get(finding, "line"));
    json_int_t from = first != NULL ? json_integer_value(first) : line;
    json_int_t to = first != NULL ? json_integer_value(json_object_get(finding, "last")) : line;

    return places->first != 0 && from <= places->last && to >= places->first;
}

/* ---- places ------------------------------------------------------------------------------ */

static const Lines *
lines_of(Places *places, const char *path)
{
    void **known = map_put(&places->lines, hash_bytes(path, strlen(path), 0));

    if (*known == NULL) {
        Lines *lines = ARENA_NEW(places->arena, Lines);
        const char *text = "";
        size_t length = 0;

        for (uint32_t i = 0; i < places->server->ndocs && length == 0; i++) {
            const Doc *doc = places->server->docs[i];

            if (text_equal(doc->path, path)) {
                text = doc->text.at;
                length = doc->text.n;
            }
        }
        if (length == 0) {
            const char *disk = file_read(places->arena, path, &length, NULL);

            text = disk != NULL ? disk : "";
            length = disk != NULL ? length : 0;
        }
        lines_find(places->arena, text, length, lines);
        *known = lines;
    }
    return *known;
}

/* The range of what stands at the place, NULL when it was touched. */
static json_t *
range_at(Places *places, const char *path, const json_t *at)
{
    uint32_t line = (uint32_t)json_integer_value(json_object_get(at, "line"));
    uint32_t col = (uint32_t)json_integer_value(json_object_get(at, "col"));

    if (places->doc != NULL && text_equal(path, places->doc->path)) {
        line = line_now(places, line);
    }
    return line == 0 ? NULL : lines_word(lines_of(places, path), line, col, places->server->utf8);
}

/* ---- one diagnostic ------------------------------------------------------------------------ */

static const char *
text_of(const json_t *finding, const char *key)
{
    const char *text = json_string_value(json_object_get(finding, key));

    return text != NULL ? text : "";
}

static json_t *
related(Places *places, const json_t *finding)
{
    const json_t *steps = json_object_get(finding, "steps");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(steps) && i < MOST_RELATED; i++) {
        const json_t *step = json_array_get(steps, i);
        const char *path = text_of(step, "file");
        json_t *range = path[0] != '\0' ? range_at(places, path, step) : NULL;

        if (range != NULL) {
            json_array_append_new(
                list, json_pack("{s:{s:s, s:o}, s:s}", "location", "uri",
                                path_uri(places->arena, path), "range", range, "message",
                                text_of(step, "text")));
        }
    }
    return list;
}

/* The sentence, what to do, and on which paths. */
static const char *
message_of(const Places *places, const json_t *finding)
{
    StrBuf out;
    Reach reach = (Reach)reach_parse(text_of(finding, "reach"));

    strbuf_init(&out, places->arena);
    strbuf_puts(&out, text_of(finding, "message"));
    if (text_of(finding, "fix")[0] != '\0') {
        strbuf_printf(&out, "; fix: %s", text_of(finding, "fix"));
    }
    if (reach != REACH_ORDINARY) {
        strbuf_printf(&out, " (%s)", reach_text(reach));
    }
    if (text_of(finding, "only_on")[0] != '\0') {
        strbuf_printf(&out, " (only on %s)", text_of(finding, "only_on"));
    }
    return out.text;
}

static int
severity_of(const json_t *finding)
{
    const char *severity = text_of(finding, "severity");

    return text_equal(severity, "error") ? 1 : text_equal(severity, "warning") ? 2 : 3;
}

/* NULL when its place was touched. */
static json_t *
diagnostic(Places *places, const char *path, const json_t *finding)
{
    const char *rule = text_of(finding, "rule");
    const char *page = places->server->code_descriptions
                           ? page_uri(places->server, places->arena, rule) : NULL;
    json_t *range = is_touched(places, finding) ? NULL : range_at(places, path, finding);
    json_t *out;

    if (range == NULL) {
        return NULL;
    }
    out = json_pack("{s:o, s:i, s:s, s:s, s:s}", "range", range, "severity",
                    severity_of(finding), "code", rule, "source", "strayref", "message",
                    message_of(places, finding));
    if (page != NULL) {
        json_object_set_new(out, "codeDescription", json_pack("{s:s}", "href", page));
    }
    if (places->server->related) {
        json_object_set_new(out, "relatedInformation", related(places, finding));
    }
    if (text_equal(rule, "unused-suppression")) {
        json_object_set_new(out, "tags", json_pack("[i]", 1)); /* unnecessary */
    }
    json_object_set_new(out, "data",
                        json_pack("{s:s, s:s, s:s, s:s}", "fingerprint",
                                  text_of(finding, "fingerprint"), "rule", rule, "function",
                                  text_of(finding, "function"), "object",
                                  text_of(finding, "object")));
    return out;
}

static json_t *
all_diagnostics(Places *places, const char *path, const json_t *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(findings); i++) {
        json_t *one = diagnostic(places, path, json_array_get(findings, i));

        if (one != NULL) {
            json_array_append_new(list, one);
        }
    }
    return list;
}

/* ---- all of a file --------------------------------------------------------------------------- */

json_t *
diagnostics_of(Server *server, const Doc *doc)
{
    Arena *arena = arena_new();
    Places places = {.server = server, .arena = arena, .doc = doc};
    json_t *list;

    map_init(&places.lines, arena);
    if (doc->findings != NULL) {
        find_touched(&places);
    }
    list = all_diagnostics(&places, doc->path, doc->findings);
    arena_free(arena);
    return list;
}

json_t *
diagnostics_closed(Server *server, const char *path, const json_t *findings)
{
    Arena *arena = arena_new();
    Places places = {.server = server, .arena = arena};
    json_t *list;

    map_init(&places.lines, arena);
    list = all_diagnostics(&places, path, findings);
    arena_free(arena);
    return list;
}

void
diagnostics_publish(Server *server, Doc *doc)
{
    json_t *list = diagnostics_of(server, doc);
    json_t *params;

    json_decref(doc->shown);
    doc->shown = list;
    if (server->pull) {
        return; /* who waits for them is answered by pending_run */
    }
    params = json_pack("{s:s, s:O}", "uri", doc->uri, "diagnostics", list);
    if (server->versions) {
        json_object_set_new(params, "version", json_integer(doc->version));
    }
    rpc_notify(server, "textDocument/publishDiagnostics", params);
}

/* pythons.c: what was found in a document for one Python after the other -> one list. */
#include "lsp/server.h"

#include "model/model.h"

/* True when both are the same finding, for two Pythons. */
static bool
is_same(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"rule", "fingerprint", "line", "col"};

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i]))) {
            return false;
        }
    }
    return true;
}

static bool
has_finding(const json_t *findings, const json_t *finding)
{
    size_t i;
    json_t *one;

    json_array_foreach(findings, i, one) {
        if (is_same(one, finding)) {
            return true;
        }
    }
    return false;
}

/* "Python 3.9, 3.13" for those that have the finding; NULL when all have. */
static const char *
only_on(Arena *arena, const Doc *doc, const json_t *finding)
{
    StrBuf out;
    bool all = true;

    strbuf_init(&out, arena);
    for (const Doc *one = doc; one != NULL; one = one->next) {
        if (has_finding(one->own, finding)) {
            strbuf_printf(&out, "%s%s", out.length > 0 ? ", " : "Python ",
                          version_text(arena, one->project->options.python));
        }
        else {
            all = false;
        }
    }
    return all ? NULL : out.text;
}

/* The findings for all Pythons. */
static json_t *
merged(const Doc *doc)
{
    json_t *all = json_array(), *finding;
    Arena *arena = arena_new();
    size_t i;

    for (const Doc *one = doc; one != NULL; one = one->next) {
        json_array_foreach(one->own, i, finding) {
            if (!has_finding(all, finding)) {
                const char *only = only_on(arena, doc, finding);
                json_t *copy = json_copy(finding);

                if (only != NULL) {
                    json_object_set_new(copy, "only_on", json_string(only));
                }
                json_array_append_new(all, copy);
            }
        }
    }
    arena_free(arena);
    return all;
}

void
doc_take_findings(Server *server, Doc *doc, json_t *findings)
{
    Doc *client = doc->of != NULL ? doc->of : doc;

    json_decref(doc->own);
    doc->own = json_incref(findings);
    doc->good_tick = doc->tick;
    if (!doc_is_fresh(client)) {
        return;
    }
    json_decref(client->findings);
    client->findings = client->next != NULL ? merged(client) : json_incref(findings);
    bytes_free(&client->good);
    bytes_add(&client->good, client->text.at, client->text.n);
    diagnostics_publish(server, client);
}

/* sarif_place.c: places of the source as SARIF locations.
 *
 * Columns are characters (the run says so in columnKind), URIs are relative to the
 * project's root, so that they are the same on every machine.
 */
#include "reports/sarif.h"

#include <string.h>

void
sarif_put_message(json_t *object, const char *key, const char *text)
{
    json_object_set_new(put_object(object, key), "text", json_string(text));
}

const char *
sarif_root_uri(SarifReport *s)
{
    const char *root = s->run->root != NULL ? s->run->root : "/";
    return arena_printf(s->arena, "file://%s%s", report_uri(s->arena, root),
                        text_ends(root, "/") ? "" : "/");
}

void
sarif_put_artifact(SarifReport *s, json_t *object, const char *file)
{
    json_t *artifact = put_object(object, "artifactLocation");
    if (s->run->root != NULL && path_is_below(file, s->run->root)) {
        const char *path = path_relative(s->arena, s->run->root, file);
        put_text(s->arena, artifact, "uri", report_uri(s->arena, path));
        put_text(s->arena, artifact, "uriBaseId", "%SRCROOT%");
        return;
    }
    put_text(s->arena, artifact, "uri",
             arena_printf(s->arena, "file://%s", report_uri(s->arena, file)));
}

void
sarif_put_place(SarifReport *s, json_t *object, Loc loc)
{
    if (loc.file == NULL) {
        return;
    }
    json_t *place = put_object(object, "physicalLocation");
    sarif_put_artifact(s, place, loc.file);
    if (loc.line == 0) {
        return;
    }
    SourceRegion source = source_region(s->sources, loc);
    json_t *region = put_object(place, "region");
    put_number(region, "startLine", loc.line);
    put_number(region, "startColumn", source.col);
    put_number(region, "endLine", loc.line);
    put_number(region, "endColumn", source.end_col);
}

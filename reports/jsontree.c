/* jsontree.c: builds JSON values and writes them down. */
#include "reports/jsontree.h"

#include <stdlib.h>
#include <string.h>

void
put_text(Arena *arena, json_t *object, const char *key, const char *text)
{
    const char *clean = report_clean(arena, text);
    if (*clean != '\0') {
        json_object_set_new(object, key, json_string(clean));
    }
}

void
put_lines(Arena *arena, json_t *object, const char *key, const char *text)
{
    const char *clean = report_lines(arena, text);
    if (*clean != '\0') {
        json_object_set_new(object, key, json_string(clean));
    }
}

void
put_number(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

void
put_bool(json_t *object, const char *key, bool value)
{
    json_object_set_new(object, key, json_boolean(value));
}

json_t *
put_object(json_t *object, const char *key)
{
    json_object_set_new(object, key, json_object());
    return json_object_get(object, key);
}

json_t *
put_array(json_t *object, const char *key)
{
    json_object_set_new(object, key, json_array());
    return json_object_get(object, key);
}

json_t *
add_object(json_t *array)
{
    json_array_append_new(array, json_object());
    return json_array_get(array, json_array_size(array) - 1);
}

void
add_text(Arena *arena, json_t *array, const char *text)
{
    json_array_append_new(array, json_string(report_clean(arena, text)));
}

void
put_json(StrBuf *out, json_t *value, bool compact)
{
    char *text = json_dumps(value, compact ? JSON_COMPACT : JSON_INDENT(2));
    assert(text != NULL);
    strbuf_puts(out, text);
    strbuf_putc(out, '\n');
    free(text);
    json_decref(value);
}

bool
patch_is_text(Arena *arena, const Patch *patch)
{
    for (uint32_t i = 0; i < patch->nedits; i++) {
        const Edit *edit = &patch->edits[i];
        if (strcmp(report_clean(arena, edit->file), edit->file) != 0) {
            return false;
        }
        for (const char *s = edit->text; *s != '\0';) {
            size_t length = *s == '\n' || *s == '\t' || *s == '\r' ? 1 : utf8_printable(s);
            if (length == 0) {
                return false;
            }
            s += length;
        }
    }
    return true;
}

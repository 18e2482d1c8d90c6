/* path.c: file names as text, and the order of places in source.
 *
 * Paths are normalised without asking the file system, so that symbolic links
 * stay what the user wrote.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Removes the last component from an absolute path; "/a" becomes "". */
static void
drop_component(StrBuf *path)
{
    while (path->length > 0 && path->text[path->length - 1] != '/') {
        path->length--;
    }
    if (path->length > 0) {
        path->length--;
    }
    path->text[path->length] = '\0';
}

/* Appends the components of 'path' to an absolute path without final slash. */
static void
append_components(StrBuf *out, const char *path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, "/");

        if (length == 2 && memcmp(path, "..", 2) == 0) {
            drop_component(out);
        }
        else if (length > 0 && !(length == 1 && *path == '.')) {
            strbuf_putc(out, '/');
            strbuf_add(out, path, length);
        }
        path += length;
        path += strspn(path, "/");
    }
}

/* Appends the current directory, or nothing ("the root") when it is gone. */
static void
append_current(StrBuf *out)
{
    char *cwd = getcwd(NULL, 0);

    if (cwd != NULL) {
        append_components(out, cwd);
        free(cwd);
    }
}

char *
path_absolute(Arena *arena, const char *base, const char *path)
{
    StrBuf out;

    strbuf_init(&out, arena);
    if (path[0] != '/') {
        if (base == NULL || base[0] != '/') {
            append_current(&out);
        }
        if (base != NULL) {
            append_components(&out, base);
        }
    }
    append_components(&out, path);
    if (out.length == 0) {
        strbuf_putc(&out, '/');
    }
    return out.text;
}

bool
path_is_below(const char *path, const char *dir)
{
    size_t length = strlen(dir);

    if (length == 1 && dir[0] == '/') {
        return path[0] == '/';
    }
    return strncmp(path, dir, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

const char *
path_relative(Arena *arena, const char *root, const char *path)
{
    const char *rest;

    if (!path_is_below(path, root)) {
        return path;
    }
    rest = path + strlen(root);
    rest += strspn(rest, "/");
    return arena_strndup(arena, *rest == '\0' ? "." : rest, *rest == '\0' ? 1 : strlen(rest));
}

char *
path_dirname(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        return arena_strndup(arena, ".", 1);
    }
    return arena_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

const char *
path_basename(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

bool
path_is_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool
path_is_dir(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* ---- places in source -------------------------------------------------------- */

static int
compare_numbers(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int
loc_compare(Loc a, Loc b)
{
    int order = 0;

    if (a.file != b.file) {
        order = strcmp(a.file == NULL ? "" : a.file, b.file == NULL ? "" : b.file);
    }
    if (order == 0) {
        order = compare_numbers(a.line, b.line);
    }
    return order != 0 ? order : compare_numbers(a.col, b.col);
}

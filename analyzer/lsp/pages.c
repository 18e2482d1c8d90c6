/* pages.c: the rules' pages as files, for editors that open them. */
#include "lsp/server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/embedded.h"
#include "engine/rule.h"

/* Makes the folder for the pages below the user's cache; NULL when that cannot be. */
static char *
make_folder(Arena *arena)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *base = cache != NULL && cache[0] == '/' ? arena_printf(arena, "%s", cache)
                 : home != NULL                   ? arena_printf(arena, "%s/.cache", home)
                                                  : NULL;
    char *own, *folder;

    if (base == NULL) {
        return NULL;
    }
    own = arena_printf(arena, "%s/strayref", base);
    folder = arena_printf(arena, "%s/rules-%s", own, STRAYREF_VERSION);
    mkdir(base, 0700);
    mkdir(own, 0700);
    mkdir(folder, 0700);
    return path_is_dir(folder) ? folder : NULL;
}

static const char *
page_text(const char *rule)
{
    for (const Rule *const *at = all_rules; *at != NULL; at++) {
        if (text_equal((*at)->info.id, rule)) {
            return (*at)->info.page;
        }
    }
    return NULL;
}

const char *
page_uri(Server *server, Arena *arena, const char *rule)
{
    const char *text = page_text(rule), *before;
    char *path;

    if (server->pages == NULL) {
        server->pages = make_folder(server->arena);
    }
    if (text == NULL || server->pages == NULL) {
        return NULL;
    }
    path = arena_printf(arena, "%s/%s.md", server->pages, rule);
    before = file_read(arena, path, NULL, NULL);
    if (!text_equal(before, text) && !file_write(path, text, strlen(text), NULL)) {
        return NULL;
    }
    return path_uri(arena, path);
}

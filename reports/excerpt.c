/* excerpt.c: the lines of source that a path passes, with some lines around them. */
#include "reports/report.h"

#include <inttypes.h>
#include <stdlib.h>

#define CONTEXT 2u /* lines around a line of the path */

static int
compare_lines(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* The lines of 'file' that the steps pass and that exist, sorted, each once. */
static uint32_t
path_lines(Sources *sources, const char *file, const Step *steps, uint32_t nsteps, uint32_t *lines)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < nsteps; i++) {
        Loc loc = steps[i].loc;
        if (text_equal(loc.file, file) && source_line(sources, file, loc.line) != NULL) {
            lines[n++] = loc.line;
        }
    }
    qsort(lines, n, sizeof(*lines), compare_lines);
    uint32_t unique = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (unique == 0 || lines[unique - 1] != lines[i]) {
            lines[unique++] = lines[i];
        }
    }
    return unique;
}

/* Adds lines 'from' to 'to' (or the end of the file), none of them marked but 'mark'. */
static void
add_lines(Sources *sources, Excerpt *excerpt, const char *file, uint32_t from, uint32_t to,
          uint32_t mark)
{
    for (uint32_t n = from; n <= to; n++) {
        const char *text = source_shown(sources, file, n);
        if (text == NULL) {
            return;
        }
        VEC_PUSH(sources_arena(sources), &excerpt->lines, (ExcerptLine){n, n == mark, text});
    }
}

Excerpt
source_excerpt(Sources *sources, const char *file, const Step *steps, uint32_t nsteps)
{
    Arena *arena = sources_arena(sources);
    Excerpt excerpt = {0};
    uint32_t *lines = ARENA_ARRAY(arena, uint32_t, nsteps + 1);
    uint32_t n = path_lines(sources, file, steps, nsteps, lines);
    uint32_t shown = 0; /* the last line that is there */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = lines[i] > CONTEXT ? lines[i] - CONTEXT : 1;
        if (shown > 0 && from > shown + 2) {
            VEC_PUSH(arena, &excerpt.lines, (ExcerptLine){0, false, "..."});
        }
        else if (shown > 0) {
            from = shown + 1;
        }
        uint32_t to = lines[i] + CONTEXT;
        if (i + 1 < n && to >= lines[i + 1]) {
            to = lines[i + 1] - 1;
        }
        add_lines(sources, &excerpt, file, from, to, lines[i]);
        shown = to;
    }
    excerpt.digits = n > 0 ? snprintf(NULL, 0, "%" PRIu32, lines[n - 1] + CONTEXT) : 0;
    return excerpt;
}

const char *
excerpt_text(Arena *arena, const Excerpt *excerpt)
{
    StrBuf out;
    strbuf_init(&out, arena);
    for (uint32_t i = 0; i < excerpt->lines.n; i++) {
        const ExcerptLine *line = &excerpt->lines.at[i];
        if (line->number == 0) {
            strbuf_puts(&out, "...\n");
            continue;
        }
        strbuf_printf(&out, "%c %*" PRIu32 " |%s%s\n", line->marked ? '>' : ' ', excerpt->digits,
                      line->number, *line->text != '\0' ? " " : "", line->text);
    }
    return out.text;
}

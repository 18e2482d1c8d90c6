/* fix_diff.c: the difference of two texts in the unified format. */
#include "driver/fix.h"

#include <string.h>

#define AROUND 3u /* lines of context */

typedef struct Line {
    const char *text;
    size_t length; /* with its line break */
} Line;

typedef struct Lines {
    VEC(Line) list;
} Lines;

/* Lines first..first+n of the old text become others. */
typedef struct Hunk {
    uint32_t old_first, old_n, new_first, new_n;
} Hunk;

typedef struct Hunks {
    VEC(Hunk) list;
} Hunks;

static void
split(Arena *arena, const char *text, Lines *lines)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        length += text[length] == '\n' ? 1 : 0;
        VEC_PUSH(arena, &lines->list, (Line){text, length});
        text += length;
    }
}

static bool
same(const Lines *a, uint32_t i, const Lines *b, uint32_t k)
{
    return i < a->list.n && k < b->list.n && a->list.at[i].length == b->list.at[k].length
           && memcmp(a->list.at[i].text, b->list.at[k].text, a->list.at[i].length) == 0;
}

/* ---- Myers: the shortest way from one text to the other -------------------------------- */

/* How far the ways with d edits reach: by diagonal k = x - y, the largest x. */
typedef struct Front {
    int64_t *x; /* from -d to d, the middle is x[d] */
} Front;

/* Follows the diagonal k with d edits, given how far d - 1 reach. */
static int64_t
follow(const Lines *old, const Lines *new, const Front *before, int64_t d, int64_t k)
{
    int64_t at = 0;

    if (d > 0) {
        const int64_t *x = before->x + d - 1; /* its middle */
        bool down = k == -d || (k != d && x[k - 1] < x[k + 1]);

        at = down ? x[k + 1] : x[k - 1] + 1;
    }
    while (at - k >= 0
           && same(old, (uint32_t)at, new, (uint32_t)(at - k))) {
        at++;
    }
    return at;
}

/* The edits backwards from the ends of both texts, as hunks of one line, last first. */
static void
walk_back(Arena *arena, const Front *front, int64_t d, int64_t x, int64_t y, Hunks *out)
{
    for (; d > 0; d--) {
        const int64_t *before = front[d - 1].x + d - 1;
        int64_t k = x - y;
        bool down = k == -d || (k != d && before[k - 1] < before[k + 1]);

        k += down ? 1 : -1;
        x = before[k];
        y = x - k;
        VEC_PUSH(arena, &out->list, (Hunk){(uint32_t)x, down ? 0 : 1, (uint32_t)y, down ? 1 : 0});
    }
}

/* Finds the differences as hunks of one line, last first. */
static void
find_edits(Arena *arena, const Lines *old, const Lines *new, Hunks *out)
{
    int64_t n = old->list.n, m = new->list.n;
    VEC(Front) front = {0};

    for (int64_t d = 0; d <= n + m; d++) {
        Front now = {.x = ARENA_ARRAY(arena, int64_t, 2 * d + 1)};

        for (int64_t k = -d; k <= d; k += 2) {
            now.x[d + k] = follow(old, new, d > 0 ? &front.at[d - 1] : &now, d, k);
            if (now.x[d + k] >= n && now.x[d + k] - k >= m) {
                VEC_PUSH(arena, &front, now);
                walk_back(arena, front.at, d, n, m, out);
                return;
            }
        }
        VEC_PUSH(arena, &front, now);
    }
}

/* Joins edits that touch. */
static void
join_edits(Arena *arena, const Hunks *edits, Hunks *out)
{
    for (uint32_t i = edits->list.n; i-- > 0;) {
        const Hunk *edit = &edits->list.at[i];
        Hunk *last = out->list.n > 0 ? &out->list.at[out->list.n - 1] : NULL;

        if (last != NULL && last->old_first + last->old_n == edit->old_first
            && last->new_first + last->new_n == edit->new_first) {
            last->old_n += edit->old_n;
            last->new_n += edit->new_n;
        }
        else {
            VEC_PUSH(arena, &out->list, *edit);
        }
    }
}

/* ---- the format ------------------------------------------------------------------------- */

static void
print_line(StrBuf *out, char sign, const Line *line)
{
    strbuf_putc(out, sign);
    strbuf_add(out, line->text, line->length);
    if (line->length == 0 || line->text[line->length - 1] != '\n') {
        strbuf_puts(out, "\n\\ No newline at end of file\n");
    }
}

/* "12,3", or "12" for one line; the line before for none. */
static void
print_range(StrBuf *out, uint32_t first, uint32_t n)
{
    strbuf_printf(out, n == 1 ? "%u" : "%u,%u", n == 0 ? first : first + 1, n);
}

/* Hunks first..last, which share their context. */
static void
print_hunks(StrBuf *out, const Lines *old, const Lines *new, const Hunk *first,
            const Hunk *last)
{
    uint32_t before = first->old_first < AROUND ? first->old_first : AROUND;
    uint32_t end = last->old_first + last->old_n;
    uint32_t behind = old->list.n - end < AROUND ? old->list.n - end : AROUND;
    uint32_t i = first->old_first - before;

    strbuf_puts(out, "@@ -");
    print_range(out, i, end + behind - i);
    strbuf_puts(out, " +");
    print_range(out, first->new_first - before, last->new_first + last->new_n + behind
                                                    - (first->new_first - before));
    strbuf_puts(out, " @@\n");
    for (const Hunk *hunk = first; hunk <= last; hunk++) {
        for (; i < hunk->old_first; i++) {
            print_line(out, ' ', &old->list.at[i]);
        }
        for (; i < hunk->old_first + hunk->old_n; i++) {
            print_line(out, '-', &old->list.at[i]);
        }
        for (uint32_t k = 0; k < hunk->new_n; k++) {
            print_line(out, '+', &new->list.at[hunk->new_first + k]);
        }
    }
    for (; i < end + behind; i++) {
        print_line(out, ' ', &old->list.at[i]);
    }
}

void
diff_print(StrBuf *out, const char *name, const char *before, const char *after)
{
    Lines old = {0}, new = {0};
    Hunks edits = {0}, hunks = {0};
    uint32_t first = 0;

    split(out->arena, before, &old);
    split(out->arena, after, &new);
    find_edits(out->arena, &old, &new, &edits);
    join_edits(out->arena, &edits, &hunks);
    if (hunks.list.n > 0) {
        strbuf_printf(out, "--- a/%s\n+++ b/%s\n", name, name);
    }
    for (uint32_t h = 1; h <= hunks.list.n; h++) {
        const Hunk *last = &hunks.list.at[h - 1];

        if (h == hunks.list.n
            || hunks.list.at[h].old_first - (last->old_first + last->old_n) > 2 * AROUND) {
            print_hunks(out, &old, &new, &hunks.list.at[first], last);
            first = h;
        }
    }
}

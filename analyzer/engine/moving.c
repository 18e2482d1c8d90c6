/* moving.c: places that an earlier run noted -> where they are now.
 *
 * A function that says the same moves as a whole.  In one that has changed, the lines of the
 * instructions before and behind the change still stand for themselves.
 */
#include "engine/run.h"

#include <string.h>

enum { LINE_LOST = UINT32_MAX };

/* Functions of the earlier run in one file, by line. */
typedef struct FileFns {
    uint32_t *fn;
    uint32_t n, room;
} FileFns;

struct Moving {
    Engine *engine;
    const EngineBefore *before;
    const Fn **now;   /* by function of the earlier run: what it is now, or NULL */
    uint8_t *same;    /* by such a function: 1 it says the same, 2 not, 0 nobody has looked */
    uint32_t **lines; /* by such a function that has changed: its lines, from 0, to those of now */
    Map files;        /* hash of a path -> FileFns */
};

/* ---- functions by place --------------------------------------------------------------- */

static FileFns *
file_fns(const Moving *moving, const char *path)
{
    return path ? map_get(&moving->files, hash_bytes(path, strlen(path), 0)) : NULL;
}

static void
add_function(Moving *moving, uint32_t k)
{
    const char *path = moving->before->program->fns[k]->loc.file;
    if (!path) {
        return;
    }
    void **slot = map_put(&moving->files, hash_bytes(path, strlen(path), 0));
    FileFns *file = *slot ? *slot : ARENA_NEW(moving->engine->out, FileFns);
    if (file->n == file->room) {
        uint32_t *more = ARENA_ARRAY(moving->engine->out, uint32_t, 2 * file->room + 8);
        if (file->n > 0) {
            memcpy(more, file->fn, file->n * sizeof(uint32_t));
        }
        file->fn = more;
        file->room = 2 * file->room + 8;
    }
    uint32_t at = file->n++;
    for (; at > 0 && moving->before->lines[file->fn[at - 1]] > moving->before->lines[k]; at--) {
        file->fn[at] = file->fn[at - 1];
    }
    file->fn[at] = k;
    *slot = file;
}

Moving *
moving_start(Engine *engine)
{
    const EngineBefore *before = engine->before;
    if (!before || !before->lines) {
        return NULL;
    }
    uint32_t nfns = before->program->nfns;
    Moving *moving = ARENA_NEW(engine->out, Moving);
    *moving = (Moving){.engine = engine, .before = before};
    moving->now = ARENA_ARRAY(engine->out, const Fn *, nfns + 1);
    moving->same = ARENA_ARRAY(engine->out, uint8_t, nfns + 1);
    moving->lines = ARENA_ARRAY(engine->out, uint32_t *, nfns + 1);
    map_init(&moving->files, engine->out);
    for (uint32_t k = 0; k < nfns; k++) {
        add_function(moving, k);
    }
    for (uint32_t f = 0; f < engine->program->nfns; f++) {
        const Fn *fn = engine->program->fns[f];
        uintptr_t k = (uintptr_t)map_get(&engine->known, engine_identity(fn));
        if (k > 0) {
            moving->now[k - 1] = fn;
        }
    }
    return moving;
}

/* The function of the earlier run that the place was in, or -1. */
static int64_t
function_around(const Moving *moving, Loc loc)
{
    const FileFns *file = file_fns(moving, loc.file);
    uint32_t low = 0, high = file ? file->n : 0;
    while (low < high) { /* the last one that begins before the place */
        uint32_t middle = low + (high - low) / 2;
        if (moving->before->lines[file->fn[middle]] <= loc.line + 1) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    for (; low > 0; low--) {
        uint32_t k = file->fn[low - 1];
        const Fn *fn = moving->before->program->fns[k];
        uint32_t first = moving->before->lines[k];
        if (loc.line <= first + (fn->last_line - fn->loc.line)) {
            return k;
        }
        if (low < file->n && moving->before->lines[file->fn[low]] <= loc.line) {
            break;
        }
    }
    return -1;
}

/* ---- lines of a function that has changed ---------------------------------------------- */

/* The instructions of a function, one after the other. */
typedef struct Flat {
    const Instr **at;
    uint32_t n;
} Flat;

static Flat
flatten(Arena *arena, const Fn *fn)
{
    Flat flat = {0};
    for (uint32_t b = 0; b < fn->nblock; b++) {
        flat.n += fn->block[b].nins;
    }
    flat.at = ARENA_ARRAY(arena, const Instr *, flat.n + 1);
    flat.n = 0;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            flat.at[flat.n++] = &fn->block[b].ins[i];
        }
    }
    return flat;
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || text_equal(a ? a : "", b ? b : "");
}

/* True when both may be the same instruction; temporaries, locals and blocks have other numbers
 * behind a change. */
static bool
alike(const Instr *a, const Instr *b)
{
    bool same = a->op == b->op && a->nargs == b->nargs && a->loc.col == b->loc.col &&
                same_text(a->name, b->name) && same_text(a->record, b->record) &&
                same_text(a->loc.file, b->loc.file) && same_text(a->loc.macro, b->loc.macro);
    for (uint32_t k = 0; same && k < instr_operands(a); k++) {
        Val x = instr_operand(a, k), y = instr_operand(b, k);
        same = x.kind == y.kind &&
               (x.kind != VAL_INT || x.num == y.num) &&
               (x.kind != VAL_STR || same_text(x.str, y.str)) &&
               ((x.kind != VAL_FUNC && x.kind != VAL_GLOBAL) ||
                same_text(x.decl->usr, y.decl->usr));
    }
    return same;
}

/* Notes that a line of the old function is one of the new; lost when it is two. */
static void
pair_lines(uint32_t *lines, const Fn *old, const Fn *now, const Instr *a, const Instr *b)
{
    uint32_t from = a->loc.line - old->loc.line, to = b->loc.line - now->loc.line;
    if (!text_equal(a->loc.file, old->loc.file) || a->loc.line < old->loc.line ||
        a->loc.line > old->last_line || b->loc.line < now->loc.line) {
        return;
    }
    lines[from] = lines[from] == LINE_LOST || lines[from] == to ? to : LINE_LOST - 1;
}

static uint32_t *
map_lines(Arena *arena, const Fn *old, const Fn *now)
{
    Arena *scratch = arena_new();
    Flat a = flatten(scratch, old), b = flatten(scratch, now);
    uint32_t n = old->last_line - old->loc.line + 1, first = 0, tail = 0;
    uint32_t fewer = a.n < b.n ? a.n : b.n;
    uint32_t *lines = ARENA_ARRAY(arena, uint32_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        lines[i] = i == 0 ? 0 : LINE_LOST;
    }
    for (; first < fewer && alike(a.at[first], b.at[first]); first++) {
        pair_lines(lines, old, now, a.at[first], b.at[first]);
    }
    for (; tail < fewer - first && alike(a.at[a.n - 1 - tail], b.at[b.n - 1 - tail]); tail++) {
        pair_lines(lines, old, now, a.at[a.n - 1 - tail], b.at[b.n - 1 - tail]);
    }
    arena_free(scratch);
    return lines;
}

/* ---- one place ---------------------------------------------------------------------------- */

/* True when the function says the same as before, wherever it is. */
static bool
is_same(const Moving *moving, int64_t k)
{
    const Fn *old = moving->before->program->fns[k], *now = moving->now[k];
    if (old == now || !now) {
        return now != NULL;
    }
    if (moving->same[k] == 0) {
        moving->same[k] = fn_same(old, now) ? 1 : 2;
    }
    return moving->same[k] == 1;
}

/* Where line 'from' of function 'k', counted from its own, is now. */
static uint32_t
line_now(const Moving *moving, int64_t k, uint32_t from)
{
    const Fn *old = moving->before->program->fns[k], *now = moving->now[k];
    if (!now || is_same(moving, k)) {
        return now ? now->loc.line + from : LINE_LOST;
    }
    if (!moving->lines[k]) {
        moving->lines[k] = map_lines(moving->engine->out, old, now);
    }
    uint32_t to = from <= old->last_line - old->loc.line ? moving->lines[k][from] : LINE_LOST;
    return to >= LINE_LOST - 1 ? LINE_LOST : now->loc.line + to;
}

bool
moving_place(const Moving *moving, Loc *loc)
{
    int64_t k = function_around(moving, *loc);
    if (k < 0) {
        return !loc->file || !moving->before->is_edited(moving->before->payload, loc->file);
    }
    uint32_t first = moving->before->lines[k];
    if (loc->line < first) { /* the line of the result's type */
        loc->line = moving->now[k] ? moving->now[k]->loc.line - 1 : LINE_LOST;
    }
    else {
        loc->line = line_now(moving, k, loc->line - first);
    }
    return loc->line != LINE_LOST;
}

/* The same instruction of the function as it is now, which says the same. */
static const Instr *
twin(const Fn *old, const Fn *now, const Instr *ins)
{
    for (uint32_t b = 0; b < old->nblock; b++) {
        const Block *block = &old->block[b];
        if (ins >= block->ins && ins < block->ins + block->nins) {
            return &now->block[b].ins[ins - block->ins];
        }
    }
    return ins;
}

const Instr *
moving_instr(const Moving *moving, int64_t k, const Instr *ins)
{
    const Fn *old = moving->before->program->fns[k], *now = moving->now[k];
    if (!ins || old == now) {
        return ins;
    }
    if (is_same(moving, k)) {
        return twin(old, now, ins);
    }
    Instr *copy = arena_copy(moving->engine->out, ins, sizeof(Instr));
    if (text_equal(ins->loc.file, old->loc.file) && ins->loc.line >= old->loc.line) {
        copy->loc.line = line_now(moving, k, ins->loc.line - old->loc.line);
    }
    return copy;
}

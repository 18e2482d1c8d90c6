/* suppress_find.c: the suppressions in the source of a project, and what each covers. */
#include "driver/suppress.h"

#include <string.h>

/* ---- the comments of the project ---------------------------------------------------- */

/* The files of the project that some unit has read. */
static void
list_files(Suppressor *s)
{
    Map seen;

    map_init(&seen, s->arena);
    for (uint32_t i = 0; i < s->scan->jobs.jobs.n; i++) {
        const Unit *unit = s->scan->units[i];

        for (uint32_t k = 0; k < unit->includes.n; k++) {
            Str file = str_intern(s->scan->strings, unit->includes.at[k]);
            void **known = map_put_ptr(&seen, file);

            if (*known == NULL && scan_in_scope(s->scan, file)) {
                VEC_PUSH(s->arena, &s->files, file);
            }
            *known = s;
        }
    }
}

static bool
has_mark(const char *text, size_t length)
{
    return memmem(text, length, "strayref", strlen("strayref")) != NULL;
}

static bool
is_cxx(const char *file)
{
    return !text_ends(file, ".c") && !text_ends(file, ".h");
}

/* Reads the file when it may hold a suppression ('any': in any case). */
static bool
read_comments(Suppressor *s, Str file, bool any, SourceComments *out)
{
    Arena *own = arena_new();
    size_t length = 0;
    const char *text = scan_read(s->scan, own, file, &length, NULL);
    bool wanted = text != NULL && (any || has_mark(text, length));

    if (wanted) {
        text = arena_strndup(s->arena, text, length);
        comments_read(s->arena, text, length, is_cxx(file), out);
    }
    arena_free(own);
    return wanted;
}

/* ---- functions around a comment ----------------------------------------------------- */

/* The index of the function that holds the line, or with 'next' of the first one behind
 * it; NO_INDEX when there is none. */
static uint32_t
function_at(const Scan *scan, Str file, uint32_t line, bool next)
{
    const Program *program = scan->program;
    uint32_t best = NO_INDEX;

    for (uint32_t i = 0; i < program->nfns; i++) {
        const Fn *fn = program->fns[i];

        if (!text_equal(fn->loc.file, file)) {
            continue;
        }
        if (line >= fn->loc.line && line <= fn->last_line) {
            return i;
        }
        if (next && fn->loc.line > line
            && (best == NO_INDEX || fn->loc.line < program->fns[best]->loc.line)) {
            best = i;
        }
    }
    return best;
}

/* True when some function of the file was not analysed in full. */
static bool
has_gap(const Scan *scan, Str file)
{
    for (uint32_t i = 0; i < scan->program->nfns; i++) {
        if (scan->engine.outcome[i] != OUTCOME_ANALYSED
            && text_equal(scan->program->fns[i]->loc.file, file)) {
            return true;
        }
    }
    return false;
}

typedef bool (*LocTest)(const Suppressor *s, Loc loc, const void *what);

/* True when some instruction of the program passes the test. */
static bool
any_instr(const Suppressor *s, LocTest test, const void *what)
{
    const Program *program = s->scan->program;

    for (uint32_t i = 0; i < program->nfns; i++) {
        const Fn *fn = program->fns[i];

        for (uint32_t b = 0; b < fn->nblock; b++) {
            for (uint32_t k = 0; k < fn->block[b].nins; k++) {
                if (test(s, fn->block[b].ins[k].loc, what)) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* Lines of a file. */
typedef struct Lines {
    Str file;
    Region region;
} Lines;

static bool
in_lines(const Suppressor *s, Loc loc, const void *what)
{
    const Lines *lines = what;

    (void)s;
    return loc.line >= lines->region.first && loc.line <= lines->region.last
           && text_equal(loc.file, lines->file);
}

/* Fills in what the comment alone does not show. */
static void
settle(Suppressor *s, Str file, const SourceComments *source, const Comment *comment,
       Suppression *one)
{
    const Scan *scan = s->scan;
    bool whole = one->form == SUPPRESS_FUNCTION;
    uint32_t fn = function_at(scan, file, comment->last_line, whole);

    one->loc.file = file;
    if (comment->macro != NO_INDEX) {
        one->macro = source->macros.at[comment->macro].name;
    }
    if (fn != NO_INDEX) {
        one->function = scan->program->fns[fn]->decl->name;
        one->quiet = scan->engine.outcome[fn] != OUTCOME_ANALYSED;
        if (whole) {
            uint32_t first = scan->program->fns[fn]->loc.line;

            one->first = first < comment->line ? first : comment->line;
            one->last = scan->program->fns[fn]->last_line;
        }
    }
    if (one->form == SUPPRESS_FILE) {
        one->quiet = has_gap(scan, file);
    }
    else if (comment->region != NO_INDEX && one->macro == NULL) {
        Lines lines = {.file = file, .region = source->regions.at[comment->region]};

        one->quiet = one->quiet || !any_instr(s, in_lines, &lines);
    }
}

static void
read_file(Suppressor *s, Str file)
{
    SourceComments source;

    if (!read_comments(s, file, false, &source)) {
        return;
    }
    for (uint32_t i = 0; i < source.comments.n; i++) {
        uint32_t first = s->found.all.n, problem = s->found.problems.n;

        suppressions_read(s->arena, &source.comments.at[i], &s->found);
        for (; first < s->found.all.n; first++) {
            settle(s, file, &source, &source.comments.at[i], &s->found.all.at[first]);
        }
        for (; problem < s->found.problems.n; problem++) {
            s->found.problems.at[problem].loc.file = file;
        }
    }
}

/* ---- macros ------------------------------------------------------------------------- */

static bool
is_user(const Suppressor *s, const MacroUsers *users, const char *name)
{
    return map_get_ptr(&users->names, str_intern(s->scan->strings, name)) != NULL;
}

/* Adds the macro when its body has a word that is there already. */
static bool
add_user(const Suppressor *s, MacroUsers *users, const MacroText *macro)
{
    for (uint32_t k = 0; k < macro->nwords; k++) {
        if (is_user(s, users, macro->words[k])) {
            void **known = map_put_ptr(&users->names, str_intern(s->scan->strings, macro->name));
            bool is_new = *known == NULL;

            *known = users;
            return is_new;
        }
    }
    return false;
}

/* The macros that bring in the body of 'macro', at any depth. */
static const MacroUsers *
users_of(Suppressor *s, const char *macro)
{
    MacroUsers *users;
    bool more = true;

    for (uint32_t i = 0; i < s->users.n; i++) {
        if (text_equal(s->users.at[i]->macro, macro)) {
            return s->users.at[i];
        }
    }
    users = ARENA_NEW(s->arena, MacroUsers);
    users->macro = macro;
    map_init(&users->names, s->arena);
    *map_put_ptr(&users->names, str_intern(s->scan->strings, macro)) = users;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < s->macros.n; i++) {
            more = add_user(s, users, &s->macros.at[i]) || more;
        }
    }
    VEC_PUSH(s->arena, &s->users, users);
    return users;
}

/* A LocTest: code that comes from one of the MacroUsers. */
static bool
in_users(const Suppressor *s, Loc loc, const void *users)
{
    return loc.macro != NULL && is_user(s, users, loc.macro);
}

/* Reads all definitions when some suppression stands in one. */
static void
read_macros(Suppressor *s)
{
    bool needed = false;

    for (uint32_t i = 0; i < s->found.all.n; i++) {
        needed = needed || s->found.all.at[i].macro != NULL;
    }
    for (uint32_t i = 0; needed && i < s->files.n; i++) {
        SourceComments source;

        if (read_comments(s, s->files.at[i], true, &source)) {
            for (uint32_t k = 0; k < source.macros.n; k++) {
                VEC_PUSH(s->arena, &s->macros, source.macros.at[k]);
            }
        }
    }
    for (uint32_t i = 0; i < s->found.all.n; i++) {
        Suppression *one = &s->found.all.at[i];

        if (one->macro != NULL && !any_instr(s, in_users, users_of(s, one->macro))) {
            one->quiet = true;
        }
    }
}

bool
suppress_in_macro(Suppressor *s, Loc loc, const char *macro)
{
    return in_users(s, loc, users_of(s, macro));
}

void
suppress_find(Suppressor *s)
{
    list_files(s);
    for (uint32_t i = 0; i < s->files.n; i++) {
        read_file(s, s->files.at[i]);
    }
    read_macros(s);
}

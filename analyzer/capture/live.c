/* live.c: a file that stays open, captured anew after each edit: whole, or one function at a
 * time.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/parse.h"
#include "capture/unit.h"

struct LiveUnit {
    Arena *arena;          /* of the LiveUnit itself */
    const Job *job;
    const char *overlay, *overlay_prefix;
    CXIndex index;
    CXTranslationUnit handle;
    bool has_inlined;
    /* one function at a time, the rest of the file as a header before it */
    Job part;              /* of the file that has it */
    int part_fd;           /* ... which must be there, or libclang keeps no preamble; -1: none */
    CXTranslationUnit part_handle;
    Arena *tags_arena;     /* of what the last whole capture has left: */
    Map tags;              /* as Tu.tags */
    const char *python_dir;
};

/* An index whose preambles leave no files behind when the process is killed. */
static CXIndex
new_index(void)
{
#if CINDEX_VERSION_MINOR >= 64
    CXIndexOptions options = {.Size = sizeof(CXIndexOptions), .StorePreamblesInMemory = 1};
    CXIndex index = clang_createIndexWithOptions(&options);

    if (index != NULL) {
        return index;
    }
#endif
    return clang_createIndex(0, 0);
}

LiveUnit *
live_new(Arena *arena, const Job *job, const char *overlay, const char *overlay_prefix)
{
    LiveUnit *live = ARENA_NEW(arena, LiveUnit);

    *live = (LiveUnit){.arena = arena, .part_fd = -1, .job = job, .overlay = overlay,
                       .overlay_prefix = overlay_prefix, .index = new_index()};
    return live;
}

void
live_free(LiveUnit *live)
{
    capture_drop(&live->handle);
    capture_drop(&live->part_handle);
    clang_disposeIndex(live->index);
    if (live->part_fd >= 0) {
        close(live->part_fd);
    }
    if (live->tags_arena != NULL) {
        arena_free(live->tags_arena);
    }
}

/* Makes room for what a whole capture leaves for parts. */
static void
start_tags(LiveUnit *live, Capture *cap)
{
    if (live->tags_arena != NULL) {
        arena_free(live->tags_arena);
    }
    live->tags_arena = arena_new();
    map_init(&live->tags, live->tags_arena);
    cap->tu.noted = &live->tags;
    cap->tu.noted_arena = live->tags_arena;
}

Unit *
live_capture(LiveUnit *live, Arena *arena, Strings *strings, const EditedFile *edited,
             uint32_t nedited, const CaptureWish *wish, Bodies *bodies)
{
    Capture cap = {.job = live->job, .unit = unit_new(arena, strings, live->job->file),
                   .wish = wish, .bodies = bodies};

    capture_init(&cap, live->overlay_prefix);
    if (wish == NULL) {
        start_tags(live, &cap);
    }
    parse_again(cap.tu.arena, live->index, live->job, live->overlay, edited, nedited,
                &live->handle);
    cap.tu.handle = live->handle;
    capture_handle(&cap);
    live->has_inlined = live->has_inlined || cap.tu.has_inlined;
    if (wish == NULL && cap.tu.python_dir != NULL) {
        live->python_dir = arena_strndup(live->tags_arena, cap.tu.python_dir,
                                         strlen(cap.tu.python_dir));
    }
    return cap.unit;
}

/* The definition around the offset of its body in the part's file. */
static CXCursor
definition_at(const LiveUnit *live, uint32_t offset)
{
    CXFile file = clang_getFile(live->part_handle, live->part.file);
    CXSourceLocation at = clang_getLocationForOffset(live->part_handle, file, offset);
    CXCursor body = clang_getCursor(live->part_handle, at);
    CXCursor parent = clang_getCursorKind(body) == CXCursor_CompoundStmt
                          ? clang_getCursorSemanticParent(body) : clang_getNullCursor();

    return clang_getCursorKind(parent) == CXCursor_FunctionDecl ? parent : clang_getNullCursor();
}

/* Lowers the functions of the part's file. */
static void
capture_part(Capture *cap, const LiveUnit *live, const LivePart *part)
{
    bool no_python;

    cap->tu.has_errors = capture_look_for_errors(cap, &no_python) || part->had_errors;
    cap->tu.python_dir = live->python_dir != NULL
                             ? str_intern(cap->unit->strings, live->python_dir) : NULL;
    for (uint32_t i = 0; i < part->nbody; i++) {
        CXCursor function = definition_at(live, part->body[i]);

        if (clang_Cursor_isNull(function)) {
            capture_fail(cap, "the function was not found");
            return;
        }
        capture_function(cap, function);
    }
    capture_read_errors(cap);
}

/* The job of a file in memory, in C, with the flags of the whole. */
static bool
start_part(LiveUnit *live)
{
    const Job *job = live->job;
    Str *args = ARENA_ARRAY(live->arena, Str, job->nargs + 1);

    if (live->part_fd >= 0) {
        return true;
    }
    live->part_fd = memfd_create("part", MFD_CLOEXEC);
    memcpy(args, job->args, job->nargs * sizeof(Str));
    args[job->nargs] = arena_strndup(live->arena, "-xc", 3);
    live->part = *job;
    live->part.args = args;
    live->part.nargs = job->nargs + 1;
    live->part.file = arena_printf(live->arena, "/proc/self/fd/%d", live->part_fd);
    return live->part_fd >= 0;
}

Unit *
live_capture_part(LiveUnit *live, Arena *arena, Strings *strings, const EditedFile *rest,
                  uint32_t nrest, const LivePart *part)
{
    Capture cap = {.job = live->job, .unit = unit_new(arena, strings, live->job->file)};
    EditedFile *edited = ARENA_ARRAY(arena, EditedFile, nrest + 1);

    if (!start_part(live)) {
        return cap.unit;
    }
    memcpy(edited, rest, nrest * sizeof(EditedFile));
    edited[nrest] = (EditedFile){live->part.file, part->text, part->length};
    capture_init(&cap, live->overlay_prefix);
    cap.tu.part_path = str_intern(strings, live->part.file);
    cap.tu.part_of = str_intern(strings, part->path);
    cap.tu.tags = &live->tags;
    parse_again(cap.tu.arena, live->index, &live->part, live->overlay, edited, nrest + 1,
                &live->part_handle);
    cap.tu.handle = live->part_handle;
    if (cap.tu.handle == NULL) {
        capture_fail(&cap, "the part could not be parsed");
    }
    else {
        capture_part(&cap, live, part);
    }
    arena_free(cap.tu.scratch);
    arena_free(cap.tu.arena);
    return cap.unit;
}

bool
live_is_separable(const LiveUnit *live)
{
    return !parse_is_cxx(live->job) && !live->has_inlined;
}

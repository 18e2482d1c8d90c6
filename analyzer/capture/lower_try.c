/* lower_try.c: turns exceptions of C++ into jumps.
 *
 * A throw, and inside a try block every call that may throw, ends the locals up to
 * the try block and goes to its handlers.  A throw that no block of the function
 * catches ends all locals and never comes back.
 */
#include "capture/lower.h"

/* ---- what may throw ------------------------------------------------------------------- */

typedef enum Throws { THROWS_UNASKED, THROWS_NEVER, THROWS_PERHAPS } Throws;

static Throws ask(Lower *lo, CXCursor function, unsigned depth);

/* True when a statement inside throws, or calls what may. */
static bool
body_throws(Lower *lo, CXCursor cursor, unsigned depth)
{
    Cursors children = cursor_children(lo->tu, cursor);

    for (uint32_t i = 0; i < children.n; i++) {
        enum CXCursorKind kind = clang_getCursorKind(children.at[i]);

        if (kind == CXCursor_CXXThrowExpr || depth > 100) {
            return true;
        }
        if (kind == CXCursor_LambdaExpr) {
            continue;
        }
        if (kind == CXCursor_CallExpr) {
            CXCursor function = call_function(lo, children.at[i]);

            if (!clang_Cursor_isNull(function)
                && ask(lo, function, depth + 1) == THROWS_PERHAPS) {
                return true;
            }
        }
        if (body_throws(lo, children.at[i], depth + 1)) {
            return true;
        }
    }
    return false;
}

static bool
is_noexcept(CXCursor function)
{
    switch (clang_getCursorExceptionSpecificationType(function)) {
    case CXCursor_ExceptionSpecificationKind_DynamicNone:
    case CXCursor_ExceptionSpecificationKind_BasicNoexcept:
    case CXCursor_ExceptionSpecificationKind_NoThrow:
        return true;
    default:
        return false;
    }
}

/* True for functions with the linkage of C: their symbol does not tell parameters. */
static bool
has_c_linkage(Tu *tu, CXCursor function)
{
    Str name = cursor_name(tu, function);
    const char *usr = clang_text(tu->scratch, clang_getCursorUSR(function));

    return text_starts(usr, "c:@F@") && text_equal(usr + 5, name);
}

static Throws
decide(Lower *lo, CXCursor function, unsigned depth)
{
    CXCursor definition = clang_getCursorDefinition(function);
    enum CXCursorKind kind = clang_getCursorKind(function);

    if (is_noexcept(function) || kind == CXCursor_Destructor
        || (kind != CXCursor_FunctionDecl && method_is_defaulted(function))) {
        return THROWS_NEVER;
    }
    if (kind == CXCursor_CXXMethod && clang_CXXMethod_isVirtual(function)) {
        return THROWS_PERHAPS;
    }
    if (cursor_is_system(lo->tu, function)) {
        return cursor_is_std(lo->tu, function) || kind != CXCursor_FunctionDecl
            ? THROWS_PERHAPS : THROWS_NEVER;
    }
    if (clang_Cursor_isNull(definition)) {
        return has_c_linkage(lo->tu, function) ? THROWS_NEVER : THROWS_PERHAPS;
    }
    return body_throws(lo, definition, depth) ? THROWS_PERHAPS : THROWS_NEVER;
}

static Throws
ask(Lower *lo, CXCursor function, unsigned depth)
{
    uint64_t key = cursor_key(function);
    Throws known = (Throws)(uintptr_t)map_get(&lo->tu->throws, key);

    if (known == THROWS_UNASKED) {
        /* one that calls itself throws if anything else in it does */
        *map_put(&lo->tu->throws, key) = (void *)(uintptr_t)THROWS_NEVER;
        known = decide(lo, function, depth);
        *map_put(&lo->tu->throws, key) = (void *)(uintptr_t)known;
    }
    return known;
}

/* ---- the way out --------------------------------------------------------------------------- */

/* From here to the handlers, or out of the function. */
static void
unwind(Lower *lo)
{
    lo->is_thrown = true;
    scope_leave(lo, lo->in_try != NULL ? lo->in_try->scope : NULL);
    lo->is_thrown = false;
    if (lo->in_try != NULL) {
        build_jmp(lo->b, lo->in_try->handlers);
    }
    else {
        build_unreachable(lo->b);
    }
}

static uint32_t
count_locals(const Lower *lo)
{
    uint32_t n = 0;

    for (const Scope *scope = lo->scope; scope != lo->in_try->scope; scope = scope->up) {
        n += scope->locals.n;
    }
    return n;
}

void
lower_may_throw(Lower *lo, CXCursor function)
{
    Try *in_try = lo->in_try;
    uint32_t goes_on, n;
    const char *what;

    if (in_try == NULL || !build_open(lo->b) || ask(lo, function, 0) != THROWS_PERHAPS) {
        return;
    }
    goes_on = build_block(lo->b);
    what = arena_printf(lo->scratch, "%s throws", cursor_name(lo->tu, function));
    n = count_locals(lo);
    if (in_try->pad_scope == lo->scope->serial && in_try->pad_locals == n) {
        lower_either(lo, what, in_try->pad, goes_on);
    }
    else {
        in_try->pad = build_block(lo->b);
        in_try->pad_scope = lo->scope->serial;
        in_try->pad_locals = n;
        lower_either(lo, what, in_try->pad, goes_on);
        build_start(lo->b, in_try->pad);
        unwind(lo);
    }
    build_start(lo->b, goes_on);
}

void
lower_throw(Lower *lo, CXCursor expr)
{
    Cursors operands = cursor_operands(lo->tu, expr);
    Loc loc = build_loc(lo->b);

    if (operands.n > 0) {
        lower_effect(lo, operands.at[0]);
    }
    build_at(lo->b, loc);
    if (build_open(lo->b)) {
        unwind(lo);
    }
}

/* ---- try and catch ----------------------------------------------------------------------------- */

/* What is caught: unknown, but a reference refers to something. */
static Val
caught(Lower *lo, CXType type)
{
    if (!type_is_reference(type)) {
        return (Val){.kind = VAL_UNDEF};
    }
    return lower_hidden(lo, clang_type(lo->tu, clang_getPointeeType(type)));
}

/* A handler: its variable, which is unknown, and its block. */
static void
lower_catch(Lower *lo, CXCursor handler)
{
    Cursors children = cursor_children(lo->tu, handler);
    Scope scope;

    scope_open(lo, &scope, handler);
    for (uint32_t i = 0; i < children.n; i++) {
        enum CXCursorKind kind = clang_getCursorKind(children.at[i]);

        if (kind == CXCursor_VarDecl) {
            Val local = {.kind = VAL_LOCAL};

            local.index = lower_new_local(lo, cursor_name(lo->tu, children.at[i]),
                                          cursor_type(lo->tu, children.at[i]));
            *map_put(&lo->locals, cursor_key(children.at[i])) =
                (void *)(uintptr_t)(local.index + 1);
            build_store(lo->b, local, caught(lo, clang_getCursorType(children.at[i])),
                        cursor_type(lo->tu, children.at[i]));
        }
        else if (clang_isStatement(kind)) {
            lower_stmt(lo, children.at[i]);
        }
    }
    scope_close(lo);
}

void
lower_try(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);
    Try in_try = {.up = lo->in_try, .scope = lo->scope, .handlers = build_block(lo->b)};
    uint32_t end = build_block(lo->b);

    lo->in_try = &in_try;
    if (children.n > 0) {
        lower_stmt(lo, children.at[0]);
    }
    lo->in_try = in_try.up;
    build_jmp(lo->b, end);
    build_start(lo->b, in_try.handlers);
    for (uint32_t i = 1; i < children.n; i++) {
        uint32_t next = i + 1 < children.n ? build_block(lo->b) : end;
        uint32_t here = build_block(lo->b);

        if (i + 1 < children.n) {
            lower_either(lo, "the handler fits", here, next);
        }
        build_start(lo->b, here);
        lower_at(lo, children.at[i]);
        lower_catch(lo, children.at[i]);
        build_jmp(lo->b, end);
        if (i + 1 < children.n) {
            build_start(lo->b, next);
        }
    }
    build_start(lo->b, end);
}

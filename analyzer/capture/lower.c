/* lower.c: turns a function definition into an IR function: parameters, scopes
 * and the end of locals, and the mark on functions that cannot be trusted.
 *
 * A local ends ('dead') where its scope ends or is left by a jump, and at a
 * declaration without a value, so that each turn of a loop starts afresh.
 * A return ends everything by itself.
 */
#include "capture/lower.h"

/* ---- the state of a function ------------------------------------------------ */

void
lower_damage(Lower *lo, const char *reason)
{
    Fn *fn = build_peek(lo->b);

    if (fn->status == FN_OK) {
        fn->status = FN_DAMAGED;
        fn->reason = str_intern(lo->unit->strings, reason);
    }
}

bool
lower_enter(Lower *lo)
{
    if (lo->depth >= LOWER_DEPTH) {
        lower_damage(lo, "nested too deeply");
        return false;
    }
    lo->depth++;
    return true;
}

void
lower_leave(Lower *lo)
{
    assert(lo->depth > 0);
    lo->depth--;
}

void
lower_at(Lower *lo, CXCursor cursor)
{
    build_at(lo->b, cursor_loc(lo->tu, cursor));
}

Val
lower_havoc(Lower *lo, CXCursor cursor, const Type *type)
{
    return build_havoc(lo->b, cursor_kind_name(lo->tu, cursor), NULL, 0, type);
}

/* ---- scopes ------------------------------------------------------------------- */

void
scope_open(Lower *lo, Scope *scope, CXCursor opener)
{
    *scope = (Scope){.up = lo->scope, .key = cursor_key(opener)};
    lo->scope = scope;
}

static void
end_locals(Lower *lo, const Scope *scope)
{
    for (uint32_t i = scope->locals.n; i-- > 0;) {
        build_dead(lo->b, scope->locals.at[i]);
    }
}

void
scope_close(Lower *lo)
{
    if (build_open(lo->b)) {
        end_locals(lo, lo->scope);
    }
    lo->scope = lo->scope->up;
}

void
scope_leave(Lower *lo, const Scope *stays)
{
    if (!build_open(lo->b)) {
        return;
    }
    for (const Scope *scope = lo->scope; scope != stays; scope = scope->up) {
        end_locals(lo, scope);
    }
}

uint32_t
lower_new_local(Lower *lo, const char *name, const Type *type)
{
    uint32_t local = build_local(lo->b, name, type, false, build_loc(lo->b));

    VEC_PUSH(lo->scratch, &lo->scope->locals, local);
    return local;
}

Val
lower_hidden(Lower *lo, const Type *type)
{
    return (Val){.kind = VAL_LOCAL, .index = lower_new_local(lo, "", type)};
}

/* ---- functions ------------------------------------------------------------------ */

/* The body of a definition; a null cursor when there is none. */
static CXCursor
find_body(Tu *tu, CXCursor cursor)
{
    Cursors children = cursor_children(tu, cursor);

    for (uint32_t i = children.n; i-- > 0;) {
        if (clang_getCursorKind(children.at[i]) == CXCursor_CompoundStmt) {
            return children.at[i];
        }
    }
    return clang_getNullCursor();
}

static void
add_param(Lower *lo, CXCursor param)
{
    Tu *tu = lo->tu;
    uint32_t local = build_local(lo->b, cursor_name(tu, param), cursor_type(tu, param), true,
                                 cursor_loc(tu, param));

    *map_put(&lo->locals, cursor_key(param)) = (void *)(uintptr_t)(local + 1);
}

static Fn *
lower_in(Lower *lo, CXCursor cursor, Decl *decl)
{
    Tu *tu = lo->tu;
    CXType type = clang_getCursorType(cursor);
    int nparam = clang_Cursor_getNumArguments(cursor);
    Loc end = cursor_end_loc(tu, lo->body);

    lo->b = build_fn(lo->unit, decl, clang_type(tu, clang_getResultType(type)),
                     cursor_loc(tu, cursor));
    for (int i = 0; i < nparam; i++) {
        add_param(lo, clang_Cursor_getArgument(cursor, (unsigned)i));
    }
    lower_block(lo, lo->body, NULL);
    build_at(lo->b, end);
    return build_end(lo->b, end.line);
}

Fn *
lower_fn(Tu *tu, CXCursor cursor)
{
    Decl *decl = clang_decl(tu, cursor, NULL);
    Lower lo = {.tu = tu, .unit = tu->unit, .scratch = tu->scratch, .name = decl->name,
                .body = find_body(tu, cursor)};

    if (clang_Cursor_isNull(lo.body)) {
        return NULL;
    }
    map_init(&lo.locals, tu->scratch);
    map_init(&lo.labels, tu->scratch);
    return lower_in(&lo, cursor, decl);
}

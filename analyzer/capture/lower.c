/* lower.c: turns a function definition into an IR function: parameters, scopes
 * and the end of locals, and the mark on functions that cannot be trusted.
 *
 * A local ends ('dead') where its scope ends or is left by a jump, and at a
 * declaration without a value, so that each turn of a loop starts afresh.
 * A return ends everything by itself, but for what destructors and clean-up
 * functions do.
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
    bool is_pinned = lo->frame != NULL && lo->frame->pinned;

    build_at(lo->b, is_pinned ? lo->frame->loc : cursor_loc(lo->tu, cursor));
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
    *scope = (Scope){.up = lo->scope, .key = cursor_key(opener), .serial = ++lo->nscope};
    lo->scope = scope;
}

/* What the end of a local does: __attribute__((cleanup(f))), a destructor. */
static void
end_local(Lower *lo, const Held *held)
{
    Val address = {.kind = VAL_LOCAL, .index = held->local};
    Try *in_try = lo->in_try;
    bool is_thrown = lo->is_thrown;

    if (held->is_part ? !lo->is_thrown : lo->kept == held->local + 1) {
        return;
    }
    lo->in_try = NULL; /* nothing is thrown from here */
    lo->is_thrown = false;
    if (held->is_part) {
        lower_destroy(lo, held->address, held->klass);
    }
    else if (held->klass != NULL) {
        lower_destroy_all(lo, address, build_peek(lo->b)->local[held->local].type, held->klass);
    }
    if (!clang_Cursor_isNull(held->cleanup)) {
        Callee callee = {.function = held->cleanup, .self = VAL_NOTHING, .is_cleanup = true};

        lower_call_values(lo, &callee, &address, 1, VAL_NOTHING);
    }
    lo->in_try = in_try;
    lo->is_thrown = is_thrown;
}

static void
end_locals(Lower *lo, const Scope *scope)
{
    for (uint32_t i = scope->locals.n; i-- > 0;) {
        end_local(lo, &scope->locals.at[i]);
        if (!scope->locals.at[i].is_part) {
            build_dead(lo->b, scope->locals.at[i].local);
        }
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

void
scope_unwind(Lower *lo, const Scope *stays)
{
    for (const Scope *scope = lo->scope; scope != stays && build_open(lo->b);
         scope = scope->up) {
        for (uint32_t i = scope->locals.n; i-- > 0;) {
            end_local(lo, &scope->locals.at[i]);
        }
    }
}

void
full_open(Lower *lo, Scope *scope)
{
    if (lo->tu->is_cxx) {
        scope_open(lo, scope, clang_getNullCursor());
        scope->key = 0;
    }
}

void
full_close(Lower *lo)
{
    if (lo->tu->is_cxx) {
        scope_close(lo);
    }
}

void
full_close_arm(Lower *lo, bool keeps)
{
    if (!lo->tu->is_cxx) {
        return;
    }
    for (uint32_t i = 0; keeps && i < lo->scope->locals.n && build_open(lo->b); i++) {
        Held *held = &lo->scope->locals.at[i];
        Val address = {.kind = VAL_LOCAL, .index = held->local};

        if (held->klass != NULL && !held->is_part) {
            lower_call_named(lo, "unknown", &address, 1, type_void(lo->unit));
            held->klass = NULL;
        }
    }
    scope_close(lo);
}

uint32_t
lower_new_local(Lower *lo, const char *name, const Type *type)
{
    bool is_foreign = lo->frame != NULL && lo->frame->pinned; /* no name that the reader sees */
    uint32_t local = build_local(lo->b, is_foreign ? "" : name, type, false, build_loc(lo->b));

    VEC_PUSH(lo->scratch, &lo->scope->locals,
             (Held){.local = local, .cleanup = clang_getNullCursor()});
    return local;
}

void
scope_guards(Lower *lo, Val address, const Class *klass)
{
    if (klass != NULL && klass->ends) {
        VEC_PUSH(lo->scratch, &lo->scope->locals,
                 (Held){.is_part = true, .address = address, .klass = klass,
                        .cleanup = clang_getNullCursor()});
    }
}

void
scope_unguard(Lower *lo, uint32_t n)
{
    Scope *scope = lo->scope;
    uint32_t kept = n;

    for (uint32_t i = n; i < scope->locals.n; i++) {
        if (!scope->locals.at[i].is_part) {
            scope->locals.at[kept++] = scope->locals.at[i];
        }
    }
    if (kept < scope->locals.n && lo->in_try != NULL) {
        lo->in_try->pad_scope = 0; /* what unwinds so far ends them */
    }
    scope->locals.n = kept;
}

void
scope_ends_with(Lower *lo, uint32_t local, const Class *klass)
{
    Scope *scope = lo->scope;

    for (uint32_t i = scope->locals.n; i-- > 0;) {
        if (!scope->locals.at[i].is_part && scope->locals.at[i].local == local) {
            scope->locals.at[i].klass = klass;
            return;
        }
    }
    VEC_PUSH(lo->scratch, &scope->locals,
             (Held){.local = local, .klass = klass, .cleanup = clang_getNullCursor()});
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
        enum CXCursorKind kind = clang_getCursorKind(children.at[i]);

        if (kind == CXCursor_CompoundStmt || kind == CXCursor_CXXTryStmt) {
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
    const Class *klass = type_is_reference(clang_getCursorType(param))
        ? NULL : class_of(tu, clang_getCursorType(param));

    *map_put(&lo->locals, cursor_key(param)) = (void *)(uintptr_t)(local + 1);
    if (klass != NULL && klass->ends) {
        scope_ends_with(lo, local, klass);
    }
}

/* The object of a method is its first parameter. */
static void
add_self(Lower *lo, CXCursor cursor)
{
    const Type *type;
    Val self = {.kind = VAL_LOCAL};

    lo->klass = class_of_method(lo->tu, cursor);
    if (lo->klass == NULL && lo->tu->made_from.kind != CXType_Invalid) {
        lo->klass = class_of(lo->tu, lo->tu->made_from);
    }
    if ((lo->klass == NULL && !method_is_pattern(cursor)) || clang_CXXMethod_isStatic(cursor)) {
        return;
    }
    type = type_ptr(lo->unit, lo->klass != NULL ? clang_type(lo->tu, lo->klass->type)
                                                : type_void(lo->unit));
    self.index = build_local(lo->b, "this", type, true, cursor_loc(lo->tu, cursor));
    lo->self = build_load(lo->b, self, type);
}

/* There always is an object. */
static void
assume_self(Lower *lo)
{
    uint32_t none = build_block(lo->b), body = build_block(lo->b);

    build_br(lo->b, build_cmp(lo->b, "!=", lo->self, (Val){.kind = VAL_NULL}), body, none);
    build_start(lo->b, none);
    build_unreachable(lo->b);
    build_start(lo->b, body);
}

static bool
is_method(CXCursor cursor)
{
    enum CXCursorKind kind = clang_getCursorKind(cursor);

    switch (kind == CXCursor_FunctionTemplate ? clang_getTemplateCursorKind(cursor) : kind) {
    case CXCursor_CXXMethod:
    case CXCursor_Constructor:
    case CXCursor_Destructor:
    case CXCursor_ConversionFunction:
        return true;
    default:
        return false;
    }
}

/* Of a template they are not told as arguments. */
static void
add_pattern_params(Lower *lo, CXCursor cursor)
{
    Cursors children = cursor_children(lo->tu, cursor);

    for (uint32_t i = 0; i < children.n; i++) {
        if (clang_getCursorKind(children.at[i]) == CXCursor_ParmDecl) {
            add_param(lo, children.at[i]);
        }
    }
}

/* The body, and what the compiler adds before and after it. */
static void
lower_whole_body(Lower *lo, CXCursor cursor)
{
    if (clang_getCursorKind(cursor) == CXCursor_Constructor && lo->klass != NULL) {
        lower_ctor_init(lo, cursor);
    }
    if (clang_getCursorKind(lo->body) == CXCursor_CompoundStmt) {
        lower_block(lo, lo->body, NULL);
    }
    else {
        lower_stmt(lo, lo->body);
    }
    if (lo->root != NULL && build_open(lo->b)) {
        build_at(lo->b, cursor_end_loc(lo->tu, lo->body));
        if (lo->is_destructor) {
            lower_destroy_parts(lo, lo->self, lo->klass);
        }
        scope_unwind(lo, NULL);
    }
}

static Fn *
lower_in(Lower *lo, CXCursor cursor, Decl *decl)
{
    Tu *tu = lo->tu;
    CXType type = clang_getCursorType(cursor);
    int nparam = clang_Cursor_getNumArguments(cursor);
    Loc end = cursor_end_loc(tu, lo->body);
    Scope params;

    lo->b = build_fn(lo->unit, decl, clang_type(tu, clang_getResultType(type)),
                     cursor_loc(tu, cursor));
    if (tu->is_cxx) {
        scope_open(lo, &params, cursor);
        lo->root = &params;
    }
    if (is_method(cursor)) {
        add_self(lo, cursor);
    }
    for (int i = 0; i < nparam; i++) {
        add_param(lo, clang_Cursor_getArgument(cursor, (unsigned)i));
    }
    if (clang_getCursorKind(cursor) == CXCursor_FunctionTemplate) {
        add_pattern_params(lo, cursor);
    }
    if (lo->self.kind != VAL_NONE) {
        assume_self(lo);
    }
    lo->is_destructor = clang_getCursorKind(cursor) == CXCursor_Destructor && lo->klass != NULL;
    lower_whole_body(lo, cursor);
    build_at(lo->b, end);
    return build_end(lo->b, end.line);
}

Fn *
lower_fn(Tu *tu, CXCursor cursor)
{
    Decl *decl = clang_decl(tu, cursor, NULL);
    Lower lo = {.tu = tu, .unit = tu->unit, .scratch = tu->scratch, .name = decl->name,
                .function = cursor, .body = find_body(tu, cursor), .self = VAL_NOTHING};

    if (clang_Cursor_isNull(lo.body) || (is_method(cursor) && method_is_defaulted(cursor))) {
        return NULL;
    }
    map_init(&lo.locals, tu->scratch);
    map_init(&lo.aliases, tu->scratch);
    map_init(&lo.values, tu->scratch);
    map_init(&lo.labels, tu->scratch);
    return lower_in(&lo, cursor, decl);
}

void
lower_want(Tu *tu, CXCursor function)
{
    CXCursor definition = clang_getCursorDefinition(function);
    MoreFunction more = {.cursor = definition, .made_from = tu->made_from};
    void **known;

    CXCursor pattern;

    if (!tu->is_cxx || clang_Cursor_isNull(definition) || cursor_is_system(tu, definition)) {
        return;
    }
    pattern = clang_getSpecializedCursorTemplate(definition);
    if (clang_Cursor_isNull(pattern)) {
        if (tu->made_from.kind == CXType_Invalid) {
            return;
        }
        pattern = definition;
    }
    *map_put(&tu->made, cursor_key(pattern)) = tu;
    known = map_put(&tu->wanted, cursor_key(definition));
    if (*known == NULL) {
        *known = tu;
        VEC_PUSH(tu->arena, &tu->more, more);
    }
}

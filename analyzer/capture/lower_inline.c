/* lower_inline.c: lowers small functions of C++ in place of their calls.
 *
 * An owner's constructor, accessors and destructor are a line each; what they do
 * to the object is exactly known only where the object is.  All of such a body
 * stands where the call is; a copy for reports on the function itself is lowered
 * as any other.
 */
#include "capture/lower.h"

/* Cursors in a function that is lowered in place, in all of them within one
 * function, and frames around each other. */
enum { SIZE_LIMIT = 100, TOTAL_LIMIT = 4000, FRAME_LIMIT = 12 };
/* Functions of this size are never too much, until there are a great many. */
enum { SMALL_SIZE = 24, GREAT_TOTAL = 40000 };

/* ---- which functions ----------------------------------------------------------------- */

/* The number of cursors, up to the limit; more than that when something inside
 * cannot stand in another function. */
static uint32_t
measure(Lower *lo, CXCursor cursor, unsigned depth)
{
    Cursors children = cursor_children(lo->tu, cursor);
    uint32_t size = 1;

    for (uint32_t i = 0; i < children.n && size <= SIZE_LIMIT; i++) {
        CXCursor child = children.at[i];
        enum CXCursorKind kind = clang_getCursorKind(child);
        bool is_static = kind == CXCursor_VarDecl && clang_Cursor_hasVarDeclGlobalStorage(child);

        if (depth > 40 || is_static || kind == CXCursor_GotoStmt || kind == CXCursor_LabelStmt
            || kind == CXCursor_IndirectGotoStmt || kind == CXCursor_StmtExpr) {
            return SIZE_LIMIT + 1;
        }
        size += measure(lo, child, depth + 1);
    }
    return size;
}

static uint32_t
size_of(Lower *lo, CXCursor definition)
{
    uint64_t key = cursor_key(definition);
    uintptr_t known = (uintptr_t)map_get(&lo->tu->sizes, key);

    if (known == 0) {
        known = (uintptr_t)measure(lo, definition, 0) + 1;
        *map_put(&lo->tu->sizes, key) = (void *)known;
    }
    return (uint32_t)known - 1;
}

static CXCursor
body_of(Tu *tu, CXCursor definition)
{
    Cursors children = cursor_children(tu, definition);

    for (uint32_t i = children.n; i-- > 0;) {
        if (clang_getCursorKind(children.at[i]) == CXCursor_CompoundStmt) {
            return children.at[i];
        }
    }
    return clang_getNullCursor();
}

/* True for functions that deal in objects of classes: a class's own, and those that
 * take or return one. */
static bool
deals_in_objects(Lower *lo, const Callee *callee)
{
    const Class *klass;
    int n = clang_Cursor_getNumArguments(callee->function);

    if (clang_getCursorKind(callee->function) != CXCursor_FunctionDecl) {
        return true;
    }
    klass = class_of(lo->tu, clang_getResultType(clang_getCursorType(callee->function)));
    for (int i = 0; i < n && (klass == NULL || !klass->ends); i++) {
        CXCursor param = clang_Cursor_getArgument(callee->function, (unsigned)i);
        CXType type = clang_getCursorType(param);

        klass = class_of(lo->tu, type_is_reference(type) ? clang_getPointeeType(type) : type);
    }
    return klass != NULL && klass->ends;
}

static bool
is_lambda(CXCursor method)
{
    return clang_getCursorKind(method) == CXCursor_CXXMethod
        && class_is_lambda(clang_getCursorType(clang_getCursorSemanticParent(method)));
}

static bool
is_running(const Lower *lo, CXCursor definition)
{
    unsigned depth = 0;

    if (clang_equalCursors(definition, lo->function)) {
        return true;
    }
    for (const Frame *frame = lo->frame; frame != NULL; frame = frame->up) {
        if (clang_equalCursors(frame->function, definition) || ++depth >= FRAME_LIMIT) {
            return true;
        }
    }
    return false;
}

/* The body to be lowered in place, a null cursor when there is none. */
static CXCursor
inline_body(Lower *lo, const Callee *callee, CXCursor definition)
{
    if (clang_Cursor_isNull(definition) || cursor_is_system(lo->tu, definition)
        || clang_Cursor_isVariadic(definition) || is_running(lo, definition)
        || (!callee->is_cleanup && !deals_in_objects(lo, callee))) {
        return clang_getNullCursor();
    }
    if (clang_getCursorKind(definition) == CXCursor_CXXMethod && callee->klass == NULL
        && !clang_CXXMethod_isStatic(definition) && !is_lambda(definition)) {
        return clang_getNullCursor();
    }
    if (size_of(lo, definition) > SIZE_LIMIT
        || lo->ninlined > (size_of(lo, definition) <= SMALL_SIZE ? GREAT_TOTAL : TOTAL_LIMIT)) {
        return clang_getNullCursor();
    }
    return body_of(lo->tu, definition);
}

/* ---- parameters -------------------------------------------------------------------------- */

/* True when the parameter is only read: libclang shows that as a conversion around
 * its name. */
static bool
is_only_read(Lower *lo, CXCursor cursor, CXCursor param)
{
    bool converts = clang_getCursorKind(cursor) == CXCursor_UnexposedExpr;
    Cursors children = cursor_children(lo->tu, cursor);

    for (uint32_t i = 0; i < children.n; i++) {
        CXCursor child = children.at[i];

        if (clang_getCursorKind(child) == CXCursor_DeclRefExpr
            && clang_equalCursors(clang_getCursorReferenced(child), param) && !converts) {
            return false;
        }
        if (!is_only_read(lo, child, param)) {
            return false;
        }
    }
    return true;
}

static void
bind_parameter(Lower *lo, CXCursor definition, CXCursor param, Val arg)
{
    CXType type = clang_getCursorType(param);
    const Type *into = clang_type(lo->tu, type);
    const Class *klass = type_is_reference(type) ? NULL : class_of(lo->tu, type);
    Val place = arg;

    *map_put(&lo->values, cursor_key(param)) = NULL;
    if (type_is_reference(type)) {
        *map_put(&lo->aliases, cursor_key(param)) = arena_copy(lo->scratch, &arg, sizeof(Val));
        return;
    }
    if (klass == NULL && into->kind != TYPE_RECORD && is_only_read(lo, definition, param)) {
        *map_put(&lo->values, cursor_key(param)) = arena_copy(lo->scratch, &arg, sizeof(Val));
        return;
    }
    if (klass == NULL || arg.kind != VAL_LOCAL) {
        place = lower_hidden(lo, into);
        build_store(lo->b, place, arg, into);
    }
    else {
        scope_ends_with(lo, place.index, klass->ends ? klass : NULL);
    }
    *map_put(&lo->locals, cursor_key(param)) = (void *)(uintptr_t)(place.index + 1);
}

static void
bind_parameters(Lower *lo, CXCursor definition, const Val *args, uint32_t nargs)
{
    int n = clang_Cursor_getNumArguments(definition);

    for (uint32_t i = 0; (int)i < n; i++) {
        bind_parameter(lo, definition, clang_Cursor_getArgument(definition, i),
                       i < nargs ? args[i] : (Val){.kind = VAL_UNDEF});
    }
}

/* ---- the body ------------------------------------------------------------------------------ */

/* What a frame changes in the state of the function around it. */
typedef struct Outer {
    Val self;
    const Class *klass;
    bool is_destructor;
    Target on_break, on_continue;
    Switch *in_switch;
    Loc loc;
} Outer;

static Outer
enter_frame(Lower *lo, Frame *frame, const Callee *callee, CXCursor definition)
{
    Outer outer = {lo->self, lo->klass, lo->is_destructor, lo->on_break, lo->on_continue,
                   lo->in_switch, build_loc(lo->b)};

    frame->up = lo->frame;
    frame->function = definition;
    frame->loc = build_loc(lo->b);
    frame->pinned = !is_lambda(definition) || (lo->frame != NULL && lo->frame->pinned);
    frame->end = UINT32_MAX;
    if (callee->klass != NULL) {
        lo->self = callee->self;
        lo->klass = callee->klass;
    }
    lo->on_break = lo->on_continue = (Target){.scope = NULL};
    lo->in_switch = NULL;
    lo->frame = frame;
    return outer;
}

static void
leave_frame(Lower *lo, const Outer *outer)
{
    lo->frame = lo->frame->up;
    lo->self = outer->self;
    lo->klass = outer->klass;
    lo->is_destructor = outer->is_destructor;
    lo->on_break = outer->on_break;
    lo->on_continue = outer->on_continue;
    lo->in_switch = outer->in_switch;
    build_at(lo->b, outer->loc);
}

static void
lower_body_in_place(Lower *lo, Frame *frame, CXCursor definition, CXCursor body)
{
    if (clang_getCursorKind(definition) == CXCursor_Constructor) {
        lower_ctor_init(lo, definition);
    }
    lower_block(lo, body, NULL);
    if (frame->end != UINT32_MAX) {
        build_start(lo->b, frame->end);
    }
    if (clang_getCursorKind(definition) == CXCursor_Destructor) {
        lower_destroy_parts(lo, lo->self, lo->klass);
    }
    scope_close(lo);
}

/* True for '{ return x; }' of a value that needs no place. */
static bool
is_plain(Lower *lo, CXCursor body, const Type *type)
{
    Cursors children = cursor_children(lo->tu, body);

    return children.n == 1 && clang_getCursorKind(children.at[0]) == CXCursor_ReturnStmt
        && type->kind != TYPE_RECORD;
}

bool
lower_inline(Lower *lo, const Callee *callee, const Val *args, uint32_t nargs, Val into,
             Val *result)
{
    CXCursor definition = clang_getCursorDefinition(callee->function);
    CXCursor body = inline_body(lo, callee, definition);
    CXType returned = clang_getResultType(clang_getCursorType(callee->function));
    const Type *type = clang_type(lo->tu, returned);
    bool gives = type->kind != TYPE_VOID && into.kind == VAL_NONE;
    Frame frame = {.result = into, .value = {.kind = VAL_UNDEF}};
    Outer outer;

    if (clang_Cursor_isNull(body) || !lower_enter(lo)) {
        return false;
    }
    lo->tu->has_inlined = true;
    frame.is_plain = gives && is_plain(lo, body, type);
    lo->ninlined += size_of(lo, definition);
    if (is_lambda(definition)) { /* reported on here, not once more */
        *map_put(&lo->tu->wanted, cursor_key(definition)) = lo->tu;
    }
    if (gives && !frame.is_plain) {
        frame.result = (Val){.kind = VAL_LOCAL,
                             .index = build_local(lo->b, "", type, false, build_loc(lo->b))};
    }
    outer = enter_frame(lo, &frame, callee, definition);
    scope_open(lo, &frame.scope, clang_getNullCursor());
    bind_parameters(lo, definition, args, nargs);
    lower_body_in_place(lo, &frame, definition, body);
    leave_frame(lo, &outer);
    if (frame.is_plain) {
        *result = frame.value;
    }
    else if (gives && type->kind == TYPE_RECORD) { /* where a template hides its class */
        lower_call_named(lo, "unknown", &frame.result, 1, type_void(lo->unit));
        *result = (Val){.kind = VAL_UNDEF};
    }
    else if (gives) {
        *result = build_load(lo->b, frame.result, type);
        build_dead(lo->b, frame.result.index);
    }
    lower_leave(lo);
    return true;
}

/* ---- return -------------------------------------------------------------------------------- */

/* What a return gives as a value: of a reference the address. */
static Val
returned_value(Lower *lo, CXCursor expr, bool is_reference)
{
    return is_reference ? lower_addr(lo, expr) : lower_expr(lo, expr);
}

/* An object is made in the place of the result, or was so from its beginning. */
static void
return_object(Lower *lo, CXType result, CXCursor expr)
{
    const Type *type = clang_type(lo->tu, result);
    Val local = {.kind = VAL_LOCAL, .index = lower_returned_local(lo, expr, type)};

    if (local.index == UINT32_MAX) {
        lower_construct(lo, lo->frame->result, result, expr);
        return;
    }
    build_move(lo->b, lo->frame->result, local, type);
    lo->kept = local.index + 1;
}

void
lower_inline_return(Lower *lo, CXCursor stmt)
{
    Frame *frame = lo->frame;
    Cursors operands = cursor_operands(lo->tu, stmt);
    CXType result = clang_getResultType(clang_getCursorType(frame->function));
    const Type *type = clang_type(lo->tu, result);
    bool is_reference = type_is_reference(result);
    Scope full;

    full_open(lo, &full);
    if (operands.n > 0 && frame->is_plain) {
        frame->value = returned_value(lo, operands.at[0], is_reference);
    }
    else if (operands.n > 0 && frame->result.kind == VAL_NONE) {
        lower_effect(lo, operands.at[0]);
    }
    else if (operands.n > 0 && type->kind == TYPE_RECORD && class_of(lo->tu, result) != NULL) {
        return_object(lo, result, operands.at[0]);
    }
    else if (operands.n > 0) {
        build_store(lo->b, frame->result, returned_value(lo, operands.at[0], is_reference),
                    type);
    }
    if (!frame->is_plain) {
        scope_leave(lo, &frame->scope);
        if (frame->end == UINT32_MAX) {
            frame->end = build_block(lo->b);
        }
        build_jmp(lo->b, frame->end);
    }
    lo->kept = 0;
    full_close(lo);
}

/* lower_stmt.c: turns declarations, blocks and statements in general into
 * instructions.
 */
#include <string.h>

#include "capture/lower.h"

/* ---- declarations ----------------------------------------------------------- */

/* The name of the function that an attribute has called at the end of a variable, NULL
 * when there is none.  libclang tells it only where it prints the declaration. */
static Str
cleanup_name(Tu *tu, CXCursor var)
{
    static const char attribute[] = "((cleanup(";
    const char *text, *name;
    size_t length = 0;

    if (!clang_Cursor_hasAttrs(var)) {
        return NULL;
    }
    text = clang_text(tu->scratch, clang_getCursorPrettyPrinted(var, NULL));
    name = strstr(text, attribute);
    if (name == NULL) {
        return NULL;
    }
    name += strlen(attribute);
    while (name[length] != '\0' && name[length] != ')') {
        length++;
    }
    return str_intern_n(tu->unit->strings, name, length);
}

/* The variable just declared ends with a call of its clean-up function. */
static void
note_cleanup(Lower *lo, CXCursor var, Val address)
{
    Str name = cleanup_name(lo->tu, var);
    CXCursor function;

    if (name == NULL) {
        return;
    }
    function = cursor_function(lo->tu, name);
    if (clang_Cursor_isNull(function)) { /* of a class or a namespace */
        build_havoc(lo->b, "cleanup attribute", &address, 1, NULL);
        return;
    }
    lo->scope->locals.at[lo->scope->locals.n - 1].cleanup = function;
}

/* The initial value of a new local.  One of a class ends with its destructor. */
static void
init_local(Lower *lo, CXCursor var, Val address, CXCursor init)
{
    CXType type = clang_getCursorType(var);
    const Class *klass;
    Scope full;

    if (type_is_reference(type)) {
        lower_reference(lo, address, type, init);
        return;
    }
    full_open(lo, &full);
    lower_init(lo, address, type, init);
    full_close(lo);
    klass = class_of(lo->tu, type);
    if (klass != NULL && klass->ends) {
        scope_ends_with(lo, address.index, klass);
    }
}

static void
declare_local(Lower *lo, CXCursor var)
{
    Tu *tu = lo->tu;
    CXCursor init = clang_Cursor_getVarDeclInitializer(var);
    Val address = {.kind = VAL_LOCAL};

    lower_at(lo, var);
    address.index = lower_new_local(lo, cursor_name(tu, var), cursor_type(tu, var));
    *map_put(&lo->locals, cursor_key(var)) = (void *)(uintptr_t)(address.index + 1);
    if (!clang_Cursor_isNull(init)) {
        init_local(lo, var, address, init);
    }
    else if (build_open(lo->b)) {
        build_dead(lo->b, address.index);
    }
    note_cleanup(lo, var, address);
}

static void
declare(Lower *lo, CXCursor var)
{
    Tu *tu = lo->tu;
    CXCursor init;
    Decl *decl;

    if (clang_getCursorKind(var) == CXCursor_UnexposedDecl && lo->tu->is_cxx) {
        lower_bindings(lo, var);
        return;
    }
    if (clang_getCursorKind(var) != CXCursor_VarDecl) {
        return;
    }
    if (!clang_Cursor_hasVarDeclGlobalStorage(var)) {
        declare_local(lo, var);
        return;
    }
    if (clang_Cursor_getStorageClass(var) == CX_SC_Extern) {
        clang_decl(tu, var, NULL);
        return;
    }
    decl = clang_decl(tu, var, lo->name);
    init = clang_Cursor_getVarDeclInitializer(var);
    if (!clang_Cursor_isNull(init)) {
        lower_table(tu, decl, clang_getCursorType(var), init, cursor_loc(tu, var));
    }
}

static void
lower_decls(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);

    for (uint32_t i = 0; i < children.n; i++) {
        declare(lo, children.at[i]);
    }
}

/* ---- blocks -------------------------------------------------------------------- */

/* The closing brace of a function, where control may get to. */
static void
end_function(Lower *lo, CXCursor block)
{
    if (build_open(lo->b)) {
        build_at(lo->b, cursor_end_loc(lo->tu, block));
        scope_unwind(lo, lo->root);
    }
    lo->scope = lo->root;
}

Val
lower_block(Lower *lo, CXCursor block, const Type *type)
{
    Cursors children = cursor_children(lo->tu, block);
    bool wanted = type != NULL && type->kind != TYPE_VOID;
    Val val = VAL_NOTHING;
    Scope scope;

    scope_open(lo, &scope, block);
    for (uint32_t i = 0; i < children.n; i++) {
        CXCursor child = children.at[i];

        if (wanted && i + 1 == children.n && clang_isExpression(clang_getCursorKind(child))) {
            lower_at(lo, child);
            val = lower_expr(lo, child);
        }
        else {
            lower_stmt(lo, child);
        }
    }
    if (scope.up == lo->root && lo->frame == NULL) { /* the end of the function ends all locals */
        end_function(lo, block);
        return val;
    }
    if (scope.locals.n > 0 && !wanted && lo->frame == NULL) {
        build_at(lo->b, cursor_end_loc(lo->tu, block));
    }
    scope_close(lo);
    return val;
}

/* ---- what is opaque ---------------------------------------------------------------------- */

/* The operands of inline assembly: places for outputs, values for inputs. */
static void
lower_asm(Lower *lo, CXCursor stmt)
{
    Cursors operands = cursor_operands(lo->tu, stmt);
    Val *args = ARENA_ARRAY(lo->scratch, Val, operands.n + 1);

    for (uint32_t i = 0; i < operands.n; i++) {
        CXCursor operand = operands.at[i];
        enum CXCursorKind kind = clang_getCursorKind(operand);

        args[i] = kind == CXCursor_DeclRefExpr || kind == CXCursor_MemberRefExpr
                || kind == CXCursor_ArraySubscriptExpr
            ? lower_addr(lo, operand)
            : lower_expr(lo, operand);
    }
    build_havoc(lo->b, cursor_kind_name(lo->tu, stmt), args, operands.n, NULL);
}

static void
lower_computed_goto(Lower *lo, CXCursor stmt)
{
    Cursors operands = cursor_operands(lo->tu, stmt);

    if (operands.n > 0) {
        lower_effect(lo, operands.at[0]);
    }
    lower_havoc(lo, stmt, NULL);
    build_unreachable(lo->b);
}

/* A statement around others: attributes. */
static void
lower_wrapped(Lower *lo, CXCursor stmt)
{
    Cursors children = cursor_children(lo->tu, stmt);

    for (uint32_t i = 0; i < children.n; i++) {
        enum CXCursorKind kind = clang_getCursorKind(children.at[i]);

        if (clang_isStatement(kind) || clang_isExpression(kind)) {
            lower_stmt(lo, children.at[i]);
        }
    }
}

/* ---- one statement ------------------------------------------------------------------------- */

static void
lower_kind(Lower *lo, CXCursor stmt, enum CXCursorKind kind)
{
    switch (kind) {
    case CXCursor_NullStmt: break;
    case CXCursor_CompoundStmt: lower_block(lo, stmt, NULL); break;
    case CXCursor_DeclStmt: lower_decls(lo, stmt); break;
    case CXCursor_VarDecl: declare(lo, stmt); break;
    case CXCursor_IfStmt: lower_if(lo, stmt); break;
    case CXCursor_WhileStmt: lower_while(lo, stmt); break;
    case CXCursor_DoStmt: lower_do(lo, stmt); break;
    case CXCursor_ForStmt: lower_for(lo, stmt); break;
    case CXCursor_SwitchStmt: lower_switch(lo, stmt); break;
    case CXCursor_CaseStmt:
    case CXCursor_DefaultStmt: lower_case(lo, stmt); break;
    case CXCursor_LabelStmt: lower_label(lo, stmt); break;
    case CXCursor_GotoStmt: lower_goto(lo, stmt); break;
    case CXCursor_IndirectGotoStmt: lower_computed_goto(lo, stmt); break;
    case CXCursor_BreakStmt: lower_jump(lo, &lo->on_break); break;
    case CXCursor_ContinueStmt: lower_jump(lo, &lo->on_continue); break;
    case CXCursor_ReturnStmt: lower_return(lo, stmt); break;
    case CXCursor_GCCAsmStmt:
    case CXCursor_MSAsmStmt: lower_asm(lo, stmt); break;
    case CXCursor_UnexposedStmt: lower_wrapped(lo, stmt); break;
    case CXCursor_CXXTryStmt: lower_try(lo, stmt); break;
    case CXCursor_CXXForRangeStmt: lower_range_for(lo, stmt); break;
    case CXCursor_UnexposedDecl: declare(lo, stmt); break;
    default:
        if (clang_isExpression(kind)) {
            lower_full_effect(lo, stmt);
        }
        else {
            lower_havoc(lo, stmt, NULL);
        }
        break;
    }
}

void
lower_stmt(Lower *lo, CXCursor stmt)
{
    enum CXCursorKind kind = clang_getCursorKind(stmt);

    if (!lower_enter(lo)) {
        lower_havoc(lo, stmt, NULL);
        return;
    }
    if (kind != CXCursor_CompoundStmt) {
        lower_at(lo, stmt);
    }
    lower_kind(lo, stmt, kind);
    lower_leave(lo);
}

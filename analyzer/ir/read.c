/* read.c: reads the text form of a unit, line by line, into IR.
 *
 * Accepts what print.c writes, blank lines, and comments from ';' to the end
 * of the line.  Survives any bytes: the first error is reported with its place
 * and nothing is returned.  What is returned has passed the verifier.
 */
#include <string.h>

#include "ir/private.h"

/* ---- functions ----------------------------------------------------------- */

static void
read_locals(Reader *r, Fn *fn)
{
    r->local.n = 0;
    map_init(&r->locals, r->scratch);
    for (;;) {
        Local local = {.is_param = lex_take_word(&r->lex, "param")};
        void **first;

        if (!local.is_param && !lex_take_word(&r->lex, "local")) {
            break;
        }
        lex_need(&r->lex, '$');
        local.name = lex_peek(&r->lex) == '#' ? str_intern(r->lex.strings, "")
                                              : lex_name(&r->lex, "");
        if (lex_take(&r->lex, '#') && lex_unsigned(&r->lex, UINT32_MAX) != r->local.n) {
            lex_fail(&r->lex, "expected the local's own number, %u", r->local.n);
        }
        first = map_put_ptr(&r->locals, local.name);
        *first = *first != NULL ? *first : (void *)(uintptr_t)(r->local.n + 1);
        local.type = read_type(r);
        local.loc = read_loc(r);
        lex_end_line(&r->lex);
        VEC_PUSH(r->scratch, &r->local, local);
        fn->nparam += local.is_param;
    }
    fn->local = KEEP(r, &r->local);
    fn->nlocal = r->local.n;
}

/* "b3:" and the instructions below it. */
static void
read_block(Reader *r, Fn *fn)
{
    Block block;

    if (read_block_ref(r) != r->blocks.n) {
        lex_fail(&r->lex, "expected b%u: blocks are numbered in order", r->blocks.n);
    }
    lex_need(&r->lex, ':');
    lex_end_line(&r->lex);
    r->ins.n = 0;
    do {
        Instr ins = read_instr(r);

        fn->ntemp = ins.dst > fn->ntemp ? ins.dst : fn->ntemp;
        fn->nhavoc += ins.op == OP_HAVOC;
        VEC_PUSH(r->scratch, &r->ins, ins);
    } while (!op_is_terminator(r->ins.at[r->ins.n - 1].op));
    block.ins = KEEP(r, &r->ins);
    block.nins = r->ins.n;
    VEC_PUSH(r->scratch, &r->blocks, block);
}

static void
read_fn_head(Reader *r, Fn *fn)
{
    fn->decl = read_decl_ref(r);
    fn->ret = read_type(r);
    if (lex_take_word(&r->lex, "to")) {
        fn->last_line = (uint32_t)lex_unsigned(&r->lex, UINT32_MAX);
    }
    fn->imprecise = lex_take_word(&r->lex, "imprecise");
    fn->status = lex_take_word(&r->lex, "damaged") ? FN_DAMAGED : FN_OK;
    if (lex_take_word(&r->lex, "because")) {
        fn->reason = lex_string(&r->lex);
    }
    fn->loc = read_loc(r);
    lex_need(&r->lex, '{');
    lex_end_line(&r->lex);
}

static void
read_fn(Reader *r)
{
    Fn *fn = ARENA_NEW(r->unit->arena, Fn);
    const char *text = r->lex.at;

    read_fn_head(r, fn);
    r->base = fn->loc;
    read_locals(r, fn);
    r->blocks.n = 0;
    while (!r->lex.failed && !lex_take(&r->lex, '}')) {
        read_block(r, fn);
    }
    lex_end_line(&r->lex);
    fn->block = KEEP(r, &r->blocks);
    fn->nblock = r->blocks.n;
    r->base = (Loc){.file = r->unit->path};
    fn->digest = digest_bytes(text, (size_t)(r->lex.at - text));
    VEC_PUSH(r->unit->arena, &r->unit->fns, fn);
}

/* ---- declarations and tables --------------------------------------------- */

static void
read_notes(Reader *r, Decl *decl)
{
    VEC(Str) notes = {0};

    while (lex_take_word(&r->lex, "note")) {
        VEC_PUSH(r->scratch, &notes, lex_string(&r->lex));
    }
    decl->annotation = KEEP(r, &notes);
    decl->nannotation = notes.n;
}

static void
read_decl(Reader *r, bool is_func)
{
    uint32_t count = r->unit->decls.n;
    const char *text = r->lex.at;
    Str name;
    void **place = read_decl_place(r, &name);
    Decl *decl = unit_decl(r->unit, lex_string(&r->lex), name, is_func);

    if (*place != NULL || r->unit->decls.n == count) {
        lex_fail(&r->lex, "declared twice");
        return;
    }
    *place = decl;
    decl->type = read_type(r);
    decl->is_static = lex_take_word(&r->lex, "static");
    decl->is_const = lex_take_word(&r->lex, "const");
    decl->is_noreturn = lex_take_word(&r->lex, "noreturn");
    decl->is_system = lex_take_word(&r->lex, "system");
    decl->is_variadic = lex_take_word(&r->lex, "variadic");
    read_notes(r, decl);
    decl->digest = digest_bytes(text, (size_t)(r->lex.at - text));
    decl->loc = read_loc(r);
    lex_end_line(&r->lex);
}

static void
read_table(Reader *r)
{
    Table *table = ARENA_NEW(r->unit->arena, Table);

    table->decl = read_decl_ref(r);
    table->loc = read_loc(r);
    lex_need(&r->lex, '{');
    lex_end_line(&r->lex);
    r->base = table->loc;
    r->entries.n = 0;
    while (!r->lex.failed && !lex_take(&r->lex, '}')) {
        TableEntry entry = {.path = lex_name(&r->lex, IN_PATH)};

        lex_need(&r->lex, '=');
        entry.val = read_val(r);
        if (lex_take_word(&r->lex, "of")) {
            entry.record = lex_name(&r->lex, "");
            lex_need(&r->lex, '.');
            entry.field = lex_name(&r->lex, "");
            entry.type = read_type(r);
        }
        entry.loc = read_loc(r);
        lex_end_line(&r->lex);
        VEC_PUSH(r->scratch, &r->entries, entry);
    }
    lex_end_line(&r->lex);
    table->entry = KEEP(r, &r->entries);
    table->nentry = r->entries.n;
    r->base = (Loc){.file = r->unit->path};
    VEC_PUSH(r->unit->arena, &r->unit->tables, table);
}

/* ---- units --------------------------------------------------------------- */

static UnitStatus
read_status(Reader *r)
{
    if (lex_take_word(&r->lex, "ok")) {
        return UNIT_OK;
    }
    if (lex_take_word(&r->lex, "errors")) {
        return UNIT_ERRORS;
    }
    if (!lex_take_word(&r->lex, "failed")) {
        lex_fail(&r->lex, "expected ok, errors or failed");
    }
    return UNIT_FAILED;
}

/* The lines that stand first and once each. */
static void
read_head(Reader *r)
{
    Lexer *lex = &r->lex;
    size_t length = strlen(IR_HEADER);

    lex_at_end(lex);
    if ((size_t)(lex->end - lex->at) < length
        || memcmp(lex->at, IR_HEADER, length) != 0) {
        lex_fail(lex, "expected \"%s\": the file is of another kind or version",
                 IR_HEADER);
        return;
    }
    lex->at += length;
    lex_end_line(lex);
    if (!lex_take_word(lex, "unit")) {
        lex_fail(lex, "expected unit \"PATH\"");
        return;
    }
    r->unit->path = lex_string(lex);
    r->base = (Loc){.file = r->unit->path};
    lex_end_line(lex);
}

/* One line, or one function or table. */
static void
read_item(Reader *r)
{
    Lexer *lex = &r->lex;

    if (lex_take_word(lex, "fn")) {
        read_fn(r);
    }
    else if (lex_take_word(lex, "func")) {
        read_decl(r, true);
    }
    else if (lex_take_word(lex, "var")) {
        read_decl(r, false);
    }
    else if (lex_take_word(lex, "table")) {
        read_table(r);
    }
    else if (lex_take_word(lex, "include")) {
        VEC_PUSH(r->unit->arena, &r->unit->includes, lex_string(lex));
        lex_end_line(lex);
    }
    else if (lex_take_word(lex, "message")) {
        Message message = {.text = lex_string(lex)};

        message.loc = read_loc(r);
        VEC_PUSH(r->unit->arena, &r->unit->messages, message);
        lex_end_line(lex);
    }
    else if (lex_take_word(lex, "python")) {
        r->unit->python = lex_string(lex);
        lex_end_line(lex);
    }
    else if (lex_take_word(lex, "status")) {
        r->unit->status = read_status(r);
        lex_end_line(lex);
    }
    else {
        lex_fail(lex, "expected func, var, table, fn, include, message, python or "
                      "status");
    }
}

Unit *
unit_read(Arena *arena, Strings *strings, const char *name, const char *text,
          size_t length, Error *error)
{
    Arena *scratch = arena_new();
    Reader r = {.scratch = scratch, .unit = unit_new(arena, strings, "")};
    bool sound;

    lex_init(&r.lex, scratch, strings, name, text, length, error);
    map_init(&r.decls, scratch);
    map_init(&r.more_decls, scratch);
    read_head(&r);
    while (!lex_at_end(&r.lex)) {
        read_item(&r);
    }
    sound = !r.lex.failed && unit_verify(r.unit, error);
    arena_free(scratch);
    return sound ? r.unit : NULL;
}

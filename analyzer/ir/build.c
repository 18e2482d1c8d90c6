/* build.c: turns requests ("load this address") into instructions, blocks and
 * functions; the only way to make them, but for the reader.
 *
 * A function is drafted in growing blocks; its end puts the blocks into the
 * order in which they were started, which is the order of the source, and
 * leaves out those that nothing reaches and that do nothing.
 */

#include "ir/private.h"

enum { NO_BLOCK = UINT32_MAX };

/* ---- functions under construction ---------------------------------------- */

typedef struct Draft { /* a block that grows */
    VEC(Instr) ins;
    bool closed;   /* has its terminator */
    bool started;  /* has its place in 'order' */
    uint32_t refs; /* edges to it */
} Draft;

struct Builder {
    Unit *unit;
    Fn *fn;
    VEC(Local) locals;
    VEC(Draft) drafts;
    VEC(uint32_t) order; /* drafts as they were started */
    uint32_t current;    /* NO_BLOCK after a terminator */
    bool dead;           /* the current block holds dead code */
    Loc loc;
};

Builder *
build_fn(Unit *unit, Decl *decl, const Type *ret, Loc loc)
{
    Builder *b = ARENA_NEW(unit->arena, Builder);

    assert(decl != NULL && decl->is_func);
    b->unit = unit;
    b->fn = ARENA_NEW(unit->arena, Fn);
    b->fn->decl = decl;
    b->fn->ret = ret;
    b->fn->loc = loc;
    b->loc = loc;
    b->current = NO_BLOCK;
    build_start(b, build_block(b));
    return b;
}

uint32_t
build_local(Builder *b, const char *name, const Type *type, bool is_param, Loc loc)
{
    assert(type != NULL);
    assert(!is_param || b->fn->nparam == b->locals.n);
    VEC_PUSH(b->unit->arena, &b->locals,
             (Local){.name = str_intern(b->unit->strings, name == NULL ? "" : name),
                     .type = type, .is_param = is_param, .loc = loc});
    b->fn->local = b->locals.at;
    b->fn->nlocal = b->locals.n;
    b->fn->nparam += is_param;
    return b->locals.n - 1;
}

uint32_t
build_block(Builder *b)
{
    VEC_PUSH(b->unit->arena, &b->drafts, (Draft){.closed = false});
    b->fn->nblock = b->drafts.n;
    return b->drafts.n - 1;
}

void
build_start(Builder *b, uint32_t block)
{
    assert(block < b->drafts.n && !b->drafts.at[block].started);
    if (b->current != NO_BLOCK) {
        build_jmp(b, block);
    }
    b->drafts.at[block].started = true;
    VEC_PUSH(b->unit->arena, &b->order, block);
    b->current = block;
    b->dead = false;
}

bool
build_open(const Builder *b)
{
    return b->current != NO_BLOCK && !b->dead;
}

void
build_at(Builder *b, Loc loc)
{
    b->loc = loc;
}

Loc
build_loc(const Builder *b)
{
    return b->loc;
}

Fn *
build_peek(Builder *b)
{
    return b->fn;
}

/* ---- instructions -------------------------------------------------------- */

/* Adds an instruction to the current block; with a result when 'result'. */
static Val
add(Builder *b, Instr ins, bool result)
{
    if (b->current == NO_BLOCK) {
        build_start(b, build_block(b));
        b->dead = true;
    }
    ins.loc = b->loc;
    if (result) {
        ins.dst = ++b->fn->ntemp;
    }
    assert(instr_check(b->fn, &ins) == NULL);
    VEC_PUSH(b->unit->arena, &b->drafts.at[b->current].ins, ins);
    return result ? (Val){.kind = VAL_TEMP, .index = ins.dst} : VAL_NOTHING;
}

/* Ends the current block.  In dead code without a block there is nothing to
 * end. */
static void
add_terminator(Builder *b, Instr ins)
{
    if (b->current == NO_BLOCK) {
        return;
    }
    add(b, ins, false);
    for (uint32_t i = 0; i < instr_successors(&ins); i++) {
        b->drafts.at[instr_successor(&ins, i)].refs++;
    }
    b->drafts.at[b->current].closed = true;
    b->current = NO_BLOCK;
    b->dead = false;
}

/* Instructions always have a type: what nobody knows is TYPE_OTHER. */
static const Type *
known(Builder *b, const Type *type)
{
    return type != NULL ? type : type_intern(b->unit, (Type){.kind = TYPE_OTHER});
}

static Str
intern(Builder *b, const char *text)
{
    return str_intern(b->unit->strings, text == NULL ? "" : text);
}

Val
build_load(Builder *b, Val address, const Type *type)
{
    return add(b, (Instr){.op = OP_LOAD, .type = known(b, type), .a = address}, true);
}

void
build_store(Builder *b, Val address, Val value, const Type *type)
{
    add(b, (Instr){.op = OP_STORE, .type = known(b, type), .a = address, .b = value},
        false);
}

void
build_move(Builder *b, Val to, Val from, const Type *record)
{
    add(b, (Instr){.op = OP_MOVE, .type = known(b, record), .a = to, .b = from}, false);
}

Val
build_field(Builder *b, Val address, const char *record, const char *name,
            const Type *field_type)
{
    return add(b, (Instr){.op = OP_FIELD, .type = type_ptr(b->unit, field_type),
                          .a = address, .record = intern(b, record),
                          .name = intern(b, name)}, true);
}

Val
build_index(Builder *b, Val address, Val index, const Type *element_type)
{
    return add(b, (Instr){.op = OP_INDEX, .type = type_ptr(b->unit, element_type),
                          .a = address, .b = index}, true);
}

/* An instruction with one operand. */
static Val
unary(Builder *b, Op op, Val value, const Type *type)
{
    return add(b, (Instr){.op = op, .type = known(b, type), .a = value}, true);
}

Val
build_copy(Builder *b, Val value, const Type *type)
{
    return unary(b, OP_COPY, value, type);
}

Val
build_bin(Builder *b, const char *op, Val left, Val right, const Type *type)
{
    return add(b, (Instr){.op = OP_BIN, .type = known(b, type), .a = left, .b = right,
                          .name = intern(b, op)}, true);
}

Val
build_cmp(Builder *b, const char *op, Val left, Val right)
{
    return add(b, (Instr){.op = OP_CMP, .type = type_int(b->unit, 32, false), .a = left,
                          .b = right, .name = intern(b, op)}, true);
}

Val
build_not(Builder *b, Val value)
{
    return unary(b, OP_NOT, value, type_int(b->unit, 32, false));
}

Val
build_neg(Builder *b, Val value, const Type *type)
{
    return unary(b, OP_NEG, value, type);
}

Val
build_inv(Builder *b, Val value, const Type *type)
{
    return unary(b, OP_INV, value, type);
}

Val
build_cast(Builder *b, Val value, const Type *type)
{
    return unary(b, OP_CAST, value, type);
}

/* An instruction with arguments, and a result when its type is not void. */
static Val
with_args(Builder *b, Instr ins, const Val *args, uint32_t nargs)
{
    if (nargs > 0) {
        ins.args = arena_copy(b->unit->arena, args, sizeof(Val) * nargs);
        ins.nargs = nargs;
    }
    return add(b, ins, ins.type->kind != TYPE_VOID);
}

Val
build_call(Builder *b, Val callee, const char *hint, const Val *args, uint32_t nargs,
           const Type *type)
{
    return with_args(b, (Instr){.op = OP_CALL, .type = known(b, type), .a = callee,
                                .name = intern(b, hint)}, args, nargs);
}

void
build_dead(Builder *b, uint32_t local)
{
    add(b, (Instr){.op = OP_DEAD, .a = {.kind = VAL_LOCAL, .index = local}}, false);
}

Val
build_havoc(Builder *b, const char *why, const Val *args, uint32_t nargs,
            const Type *type)
{
    if (type == NULL) {
        type = type_void(b->unit);
    }
    b->fn->nhavoc++;
    return with_args(b, (Instr){.op = OP_HAVOC, .type = type, .name = intern(b, why)},
                     args, nargs);
}

void
build_jmp(Builder *b, uint32_t to)
{
    add_terminator(b, (Instr){.op = OP_JMP, .to = {to}});
}

void
build_br(Builder *b, Val cond, uint32_t yes, uint32_t no)
{
    add_terminator(b, (Instr){.op = OP_BR, .a = cond, .to = {yes, no}});
}

void
build_switch(Builder *b, Val value, const SwitchCase *cases, uint32_t ncases,
             uint32_t otherwise)
{
    Instr ins = {.op = OP_SWITCH, .a = value, .to = {otherwise}, .ncases = ncases};

    if (ncases > 0) {
        ins.cases = arena_copy(b->unit->arena, cases, sizeof(SwitchCase) * ncases);
    }
    add_terminator(b, ins);
}

void
build_ret(Builder *b, Val value)
{
    add_terminator(b, (Instr){.op = OP_RET, .a = value});
}

void
build_unreachable(Builder *b)
{
    add_terminator(b, (Instr){.op = OP_UNREACHABLE});
}

/* ---- the end of a function ----------------------------------------------- */

/* Gives every block that is still open its terminator. */
static void
close_drafts(Builder *b)
{
    bool returns = b->fn->ret == NULL || b->fn->ret->kind == TYPE_VOID;

    if (b->current != NO_BLOCK && returns) {
        build_ret(b, VAL_NOTHING);
    }
    for (uint32_t i = 0; i < b->drafts.n; i++) {
        if (!b->drafts.at[i].started) {
            VEC_PUSH(b->unit->arena, &b->order, i);
        }
        if (!b->drafts.at[i].closed) {
            b->current = i;
            build_unreachable(b);
        }
    }
}

/* Marks in 'dropped' the blocks that no edge leads to and that hold nothing
 * but a terminator; their own edges go with them. */
static void
drop_drafts(Builder *b, bool *dropped)
{
    VEC(uint32_t) todo = {0};

    for (uint32_t i = 1; i < b->drafts.n; i++) {
        if (b->drafts.at[i].refs == 0) {
            VEC_PUSH(b->unit->arena, &todo, i);
        }
    }
    while (todo.n > 0) {
        uint32_t i = todo.at[--todo.n];
        const Instr *last = b->drafts.at[i].ins.at;

        if (b->drafts.at[i].ins.n > 1) {
            continue;
        }
        dropped[i] = true;
        for (uint32_t k = 0; k < instr_successors(last); k++) {
            uint32_t to = instr_successor(last, k);

            if (--b->drafts.at[to].refs == 0 && to != 0 && !dropped[to]) {
                VEC_PUSH(b->unit->arena, &todo, to);
            }
        }
    }
}

/* Changes the targets of a terminator to the new block numbers. */
static void
renumber(Instr *last, const uint32_t *number)
{
    uint32_t fixed = instr_successors(last) - last->ncases;

    for (uint32_t i = 0; i < fixed; i++) {
        last->to[i] = number[last->to[i]];
    }
    for (uint32_t i = 0; i < last->ncases; i++) {
        last->cases[i].to = number[last->cases[i].to];
    }
}

Fn *
build_end(Builder *b, uint32_t last_line)
{
    Arena *arena = b->unit->arena;
    Fn *fn = b->fn;
    uint32_t *number;
    bool *dropped;

    close_drafts(b);
    dropped = ARENA_ARRAY(arena, bool, b->drafts.n);
    number = ARENA_ARRAY(arena, uint32_t, b->drafts.n);
    drop_drafts(b, dropped);
    fn->block = ARENA_ARRAY(arena, Block, b->drafts.n);
    fn->nblock = 0;
    for (uint32_t i = 0; i < b->order.n; i++) {
        const Draft *draft = &b->drafts.at[b->order.at[i]];

        if (!dropped[b->order.at[i]]) {
            number[b->order.at[i]] = fn->nblock;
            fn->block[fn->nblock++] = (Block){.ins = draft->ins.at, .nins = draft->ins.n};
        }
    }
    for (uint32_t i = 0; i < fn->nblock; i++) {
        renumber(&fn->block[i].ins[fn->block[i].nins - 1], number);
    }
    fn->last_line = last_line;
    VEC_PUSH(arena, &b->unit->fns, fn);
    return fn;
}

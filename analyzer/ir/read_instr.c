/* read_instr.c: reads what stands inside the lines of the text form: types,
 * values, places and instructions.
 */
#include <string.h>

#include "ir/private.h"

enum { TYPE_DEPTH_MAX = 256 };

/* ---- types --------------------------------------------------------------- */

/* A record's tag; 'o' and 'u' before the brace are taken. */
static const Type *
read_record(Reader *r, bool is_object, bool is_union)
{
    lex_need(&r->lex, '{');
    return type_intern(r->unit, (Type){.kind = TYPE_RECORD, .is_object = is_object,
                                       .is_union = is_union,
                                       .tag = lex_quoted(&r->lex, '}')});
}

/* A type without prefixes that is written as a word: "i32", "void". */
static const Type *
read_word_type(Reader *r)
{
    char kind = lex_peek(&r->lex);

    if (lex_take_word(&r->lex, "void")) {
        return type_void(r->unit);
    }
    if (lex_take_word(&r->lex, "other")) {
        return type_intern(r->unit, (Type){.kind = TYPE_OTHER});
    }
    if (kind == 'i' || kind == 'u' || kind == 'f') {
        r->lex.at++;
        return type_intern(r->unit,
                           (Type){.kind = kind == 'f' ? TYPE_FLOAT : TYPE_INT,
                                  .is_unsigned = kind == 'u',
                                  .bits = (uint8_t)lex_unsigned(&r->lex, UINT8_MAX)});
    }
    lex_fail(&r->lex, "expected a type");
    return NULL;
}

static const Type *
read_leaf(Reader *r)
{
    char first = lex_peek(&r->lex);
    const char *at = r->lex.at;
    size_t left = (size_t)(r->lex.end - at);

    if (lex_take(&r->lex, '?')) {
        return NULL;
    }
    if (first == '{') {
        return read_record(r, false, false);
    }
    if (left >= 2 && (first == 'o' || first == 'u') && at[1] == '{') {
        r->lex.at += 1;
        return read_record(r, first == 'o', first == 'u');
    }
    if (left >= 3 && memcmp(at, "ou{", 3) == 0) {
        r->lex.at += 2;
        return read_record(r, true, true);
    }
    return read_word_type(r);
}

/* The part of a type before what it points to, contains or returns. */
static bool
read_prefix(Reader *r, Type *prefix)
{
    size_t left;

    *prefix = (Type){.kind = TYPE_PTR};
    if (lex_take(&r->lex, '*')) {
        return true;
    }
    if (lex_take(&r->lex, '[')) {
        prefix->kind = TYPE_ARRAY;
        if (!lex_take(&r->lex, ']')) {
            prefix->count = lex_unsigned(&r->lex, UINT64_MAX);
            lex_need(&r->lex, ']');
        }
        return true;
    }
    left = (size_t)(r->lex.end - r->lex.at);
    if (left >= 3 && memcmp(r->lex.at, "fn(", 3) == 0) {
        prefix->kind = TYPE_FUNC;
        r->lex.at += 3;
        return true;
    }
    return false;
}

const Type *
read_type(Reader *r)
{
    Type prefix[TYPE_DEPTH_MAX];
    uint32_t n = 0;
    const Type *type;

    while (read_prefix(r, &prefix[n])) {
        if (++n == TYPE_DEPTH_MAX) {
            lex_fail(&r->lex, "type nested too deeply");
            return NULL;
        }
    }
    type = read_leaf(r);
    while (n > 0) {
        n--;
        if (prefix[n].kind == TYPE_FUNC) {
            lex_need(&r->lex, ')');
        }
        prefix[n].to = type;
        type = type_intern(r->unit, prefix[n]);
    }
    return type;
}

/* ---- names, places, values ----------------------------------------------- */

/* A place, when one comes next: "@3:5 of "/x.c" in MACRO". */
Loc
read_loc(Reader *r)
{
    Loc loc = {0};
    int64_t line;

    if (!lex_take(&r->lex, '@')) {
        return loc;
    }
    line = lex_int(&r->lex);
    lex_need(&r->lex, ':');
    loc.col = (uint32_t)lex_unsigned(&r->lex, UINT32_MAX);
    if (lex_take_word(&r->lex, "of")) {
        loc.file = lex_string(&r->lex);
    }
    else {
        loc.file = r->base.file;
        line = line <= UINT32_MAX ? line + r->base.line : -1;
    }
    if (line < 0 || line > UINT32_MAX) {
        lex_fail(&r->lex, "line out of range");
    }
    loc.line = (uint32_t)line;
    if (lex_take_word(&r->lex, "in")) {
        loc.macro = lex_name(&r->lex, "");
    }
    return loc;
}

void **
read_decl_place(Reader *r, Str *plain)
{
    Str name;

    lex_need(&r->lex, '@');
    name = lex_name(&r->lex, IN_DECL);
    if (plain != NULL) {
        *plain = name;
    }
    if (r->lex.at < r->lex.end && *r->lex.at == '#') {
        r->lex.at++;
        name = str_internf(r->lex.strings, "%u:%s",
                           (unsigned)lex_unsigned(&r->lex, UINT32_MAX), name);
        return map_put_ptr(&r->more_decls, name);
    }
    return map_put_ptr(&r->decls, name);
}

Decl *
read_decl_ref(Reader *r)
{
    Decl *decl = *read_decl_place(r, NULL);

    if (decl == NULL) {
        lex_fail(&r->lex, "expected the name of a declaration above");
    }
    return decl;
}

/* "$name", "$name#3" or "$#3", after the dollar sign. */
static Val
read_local_ref(Reader *r)
{
    Val val = {.kind = VAL_LOCAL};
    uintptr_t first = 0;

    if (r->lex.at < r->lex.end && *r->lex.at != '#') {
        first = (uintptr_t)map_get_ptr(&r->locals, lex_name(&r->lex, ""));
    }
    if (r->lex.at < r->lex.end && *r->lex.at == '#') {
        r->lex.at++;
        val.index = (uint32_t)lex_unsigned(&r->lex, UINT32_MAX);
    }
    else if (first == 0) {
        lex_fail(&r->lex, "expected the name of a local above");
    }
    else {
        val.index = (uint32_t)(first - 1);
    }
    return val;
}

static Val
read_named_val(Reader *r)
{
    if (lex_take_word(&r->lex, "null")) {
        return (Val){.kind = VAL_NULL};
    }
    if (lex_take_word(&r->lex, "undef")) {
        return (Val){.kind = VAL_UNDEF};
    }
    if (lex_take_word(&r->lex, "float")) {
        return (Val){.kind = VAL_FLOAT};
    }
    lex_fail(&r->lex, "expected a value");
    return VAL_NOTHING;
}

Val
read_val(Reader *r)
{
    char first = lex_peek(&r->lex);
    const Decl *decl;

    switch (first) {
    case '%':
        r->lex.at++;
        return (Val){.kind = VAL_TEMP,
                     .index = (uint32_t)lex_unsigned(&r->lex, UINT32_MAX)};
    case '$':
        r->lex.at++;
        return read_local_ref(r);
    case '@':
        decl = read_decl_ref(r);
        return (Val){.kind = decl != NULL && decl->is_func ? VAL_FUNC : VAL_GLOBAL,
                     .decl = decl};
    case '"':
        return (Val){.kind = VAL_STR, .str = lex_string(&r->lex)};
    default:
        if (first == '-' || char_is_digit(first)) {
            return (Val){.kind = VAL_INT, .num = lex_int(&r->lex)};
        }
        return read_named_val(r);
    }
}

/* ---- instructions -------------------------------------------------------- */

static Op
read_op(Reader *r)
{
    size_t length;
    const char *word = lex_word(&r->lex, &length);

    for (Op op = 0; op < OP_COUNT; op++) {
        const char *name = op_name(op);

        if (length > 0 && strncmp(name, word, length) == 0 && name[length] == '\0') {
            return op;
        }
    }
    r->lex.at = r->lex.failed ? r->lex.at : word;
    lex_fail(&r->lex, "expected an instruction, a block or '}'");
    return OP_UNREACHABLE;
}

static Str
read_operator(Reader *r)
{
    const char *start;

    lex_peek(&r->lex);
    start = r->lex.at;
    while (r->lex.at < r->lex.end && *r->lex.at != '\0'
           && strchr("+-*/%&|^<>=!", *r->lex.at) != NULL) {
        r->lex.at++;
        if (*start != '<' && *start != '>' && *start != '=' && *start != '!') {
            break;
        }
    }
    if (r->lex.at == start) {
        lex_fail(&r->lex, "expected an operator");
    }
    return str_intern_n(r->lex.strings, start, (size_t)(r->lex.at - start));
}

static void
read_args(Reader *r, Instr *ins)
{
    r->args.n = 0;
    lex_need(&r->lex, '(');
    if (!lex_take(&r->lex, ')')) {
        do {
            VEC_PUSH(r->scratch, &r->args, read_val(r));
        } while (lex_take(&r->lex, ','));
        lex_need(&r->lex, ')');
    }
    ins->args = KEEP(r, &r->args);
    ins->nargs = r->args.n;
}

uint32_t
read_block_ref(Reader *r)
{
    lex_need(&r->lex, 'b');
    return (uint32_t)lex_unsigned(&r->lex, UINT32_MAX);
}

static void
read_cases(Reader *r, Instr *ins)
{
    r->cases.n = 0;
    lex_need(&r->lex, '[');
    if (!lex_take(&r->lex, ']')) {
        do {
            SwitchCase c = {.lo = lex_int(&r->lex)};

            c.hi = c.lo;
            if (lex_take(&r->lex, '.')) {
                lex_need(&r->lex, '.');
                c.hi = lex_int(&r->lex);
            }
            lex_need(&r->lex, ':');
            c.to = read_block_ref(r);
            VEC_PUSH(r->scratch, &r->cases, c);
        } while (lex_take(&r->lex, ','));
        lex_need(&r->lex, ']');
    }
    ins->cases = KEEP(r, &r->cases);
    ins->ncases = r->cases.n;
}

/* What follows the type of a plain operation. */
static void
read_operands(Reader *r, Instr *ins)
{
    ins->a = read_val(r);
    switch (ins->op) {
    case OP_BIN:
    case OP_CMP:
        ins->name = read_operator(r);
        ins->b = read_val(r);
        break;
    case OP_STORE:
    case OP_MOVE:
    case OP_INDEX:
        lex_need(&r->lex, ',');
        ins->b = read_val(r);
        break;
    case OP_FIELD:
        lex_need(&r->lex, ',');
        ins->record = lex_name(&r->lex, "");
        lex_need(&r->lex, '.');
        ins->name = lex_name(&r->lex, "");
        break;
    case OP_CALL:
        ins->name = lex_take_word(&r->lex, "as") ? lex_string(&r->lex)
                                                 : str_intern(r->lex.strings, "");
        read_args(r, ins);
        break;
    default:
        break;
    }
}

static void
read_terminator(Reader *r, Instr *ins)
{
    char next = lex_peek(&r->lex);

    if (ins->op == OP_BR || ins->op == OP_SWITCH) {
        ins->a = read_val(r);
        lex_need(&r->lex, ',');
    }
    else if (ins->op == OP_RET && r->lex.at < r->lex.end && next != '\n'
             && !(next == '@' && r->lex.end - r->lex.at > 1
                  && (char_is_digit(r->lex.at[1]) || r->lex.at[1] == '-'))) {
        ins->a = read_val(r);
    }
    if (ins->op == OP_JMP || ins->op == OP_BR || ins->op == OP_SWITCH) {
        ins->to[0] = read_block_ref(r);
    }
    if (ins->op == OP_BR) {
        lex_need(&r->lex, ',');
        ins->to[1] = read_block_ref(r);
    }
    else if (ins->op == OP_SWITCH) {
        read_cases(r, ins);
    }
}

Instr
read_instr(Reader *r)
{
    Instr ins = {.op = OP_UNREACHABLE};

    if (lex_take(&r->lex, '%')) {
        ins.dst = (uint32_t)lex_unsigned(&r->lex, UINT32_MAX);
        lex_need(&r->lex, '=');
    }
    ins.op = read_op(r);
    if (op_is_terminator(ins.op)) {
        read_terminator(r, &ins);
    }
    else if (ins.op == OP_DEAD) {
        ins.a = read_val(r);
    }
    else if (ins.op == OP_HAVOC) {
        ins.type = read_type(r);
        ins.name = lex_string(&r->lex);
        read_args(r, &ins);
    }
    else {
        ins.type = read_type(r);
        read_operands(r, &ins);
    }
    ins.loc = read_loc(r);
    lex_end_line(&r->lex);
    return ins;
}

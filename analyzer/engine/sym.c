/* sym.c: interned symbols and places of one function.
 *
 * Equal symbols are the same pointer.  Constructors simplify: the address of
 * what a pointer points to is that pointer, "!=" is not "==", constants fold.
 * Nesting is bounded, so that p = p->next ends.
 */
#include <string.h>

#include "engine/state.h"

#define MAX_DEPTH 10

typedef struct SymChain SymChain;
struct SymChain {
    SymChain *next;
    Sym sym;
};

typedef struct PlaceChain PlaceChain;
struct PlaceChain {
    PlaceChain *next;
    Place place;
};

static bool
sym_same(const Sym *a, const Sym *b)
{
    return a->kind == b->kind && a->num == b->num && a->text == b->text &&
           a->decl == b->decl && a->place == b->place && a->site == b->site &&
           a->a == b->a && a->b == b->b && a->c == b->c;
}

static uint64_t
sym_hash(const Sym *s)
{
    uint64_t h = hash_mix((uint64_t)s->kind, (uint64_t)s->num);
    h = hash_mix(h, (uint64_t)(uintptr_t)s->text);
    h = hash_mix(h, (uint64_t)(uintptr_t)s->decl);
    h = hash_mix(h, s->place ? s->place->id + 1U : 0);
    h = hash_mix(h, (uint64_t)(uintptr_t)s->site);
    h = hash_mix(h, s->a ? s->a->id + 1U : 0);
    h = hash_mix(h, s->b ? s->b->id + 1U : 0);
    return hash_mix(h, s->c ? s->c->id + 1U : 0);
}

/* Which symbols a new one is made of, as bits. */
static void
note_parts(Sym *sym)
{
    const Sym *const part[] = {sym->a, sym->b, sym->c};
    sym->parts = bit_of(sym->id) | (sym->place ? sym->place->parts : 0);
    sym->sites = (sym->kind == SYM_CALL ? site_bit(sym->site) : 0) |
                 (sym->place ? sym->place->sites : 0);
    for (size_t i = 0; i < COUNT_OF(part); i++) {
        sym->parts |= part[i] ? part[i]->parts : 0;
        sym->sites |= part[i] ? part[i]->sites : 0;
    }
}

static const Sym *
intern(Explorer *ex, const Sym *sym)
{
    uint64_t key = sym_hash(sym);
    void **slot = map_put(&ex->syms, key);
    for (SymChain *c = *slot; c; c = c->next) {
        if (sym_same(&c->sym, sym)) {
            return &c->sym;
        }
    }
    SymChain *c = ARENA_NEW(ex->arena, SymChain);
    c->next = *slot;
    c->sym = *sym;
    c->sym.id = ex->nsyms++;
    note_parts(&c->sym);
    Range numbers = range_by_type(sym->type);
    c->sym.lo = numbers.lo;
    c->sym.hi = numbers.hi;
    *slot = c;
    return &c->sym;
}

/* The operator as an interned string; those that come often are looked up once. */
static Str
operator_text(Explorer *ex, const char *op)
{
    Str *known = strcmp(op, "==") == 0  ? &ex->equal
                 : strcmp(op, "<") == 0 ? &ex->less
                 : strcmp(op, "+") == 0 ? &ex->plus
                                        : NULL;
    if (!known) {
        return str_intern(ex->strings, op);
    }
    *known = *known ? *known : str_intern(ex->strings, op);
    return *known;
}

static uint32_t
depth_of_place(const Place *place)
{
    uint32_t depth = 0;
    for (; place; place = place->base) {
        depth += 1;
        if (place->sym) {
            depth += place->sym->depth;
        }
    }
    return depth;
}

const Sym *
sym_int(Explorer *ex, int64_t num)
{
    const Sym **small = num >= -1 && num < SMALL_INTS - 1 ? &ex->small[num + 1] : NULL;
    if (small && *small) {
        return *small;
    }
    const Sym *sym = intern(ex, &(Sym){.kind = SYM_INT, .num = num});
    if (small) {
        *small = sym;
    }
    return sym;
}

const Sym *
sym_str(Explorer *ex, Str text)
{
    return intern(ex, &(Sym){.kind = SYM_STR, .text = text});
}

const Sym *
sym_func(Explorer *ex, const Decl *decl)
{
    return intern(ex, &(Sym){.kind = SYM_FUNC, .decl = decl});
}

const Sym *
sym_addr(Explorer *ex, const Place *place)
{
    if (place->kind == PLACE_DEREF) {
        return place->sym;
    }
    return intern(ex, &(Sym){.kind = SYM_ADDR, .place = place, .depth = depth_of_place(place)});
}

const Sym *
sym_init(Explorer *ex, const Place *place, const Instr *epoch, const Type *type)
{
    uint32_t depth = depth_of_place(place);
    if (depth > MAX_DEPTH) { /* too deep a chain: one symbol for all that follow */
        return intern(ex, &(Sym){.kind = SYM_INIT, .site = epoch, .text = place->name,
                                .depth = 1, .type = type});
    }
    return intern(ex, &(Sym){.kind = SYM_INIT, .place = place, .site = epoch, .depth = depth,
                            .type = type});
}

const Sym *
sym_call(Explorer *ex, const Instr *site, uint32_t number, const Type *type)
{
    return intern(ex, &(Sym){.kind = SYM_CALL, .site = site, .num = number, .depth = 1,
                            .type = type});
}

static uint32_t
depth_max(const Sym *a, const Sym *b, const Sym *c)
{
    uint32_t depth = a ? a->depth : 0;
    if (b && b->depth > depth) {
        depth = b->depth;
    }
    if (c && c->depth > depth) {
        depth = c->depth;
    }
    return depth + 1;
}

const Sym *
sym_pure(Explorer *ex, Str callee, const Instr *epoch, const Sym *a, const Sym *b, const Sym *c,
         const Type *type)
{
    uint32_t depth = depth_max(a, b, c);
    if (depth > MAX_DEPTH) {
        return NULL;
    }
    return intern(ex, &(Sym){.kind = SYM_PURE, .text = callee, .site = epoch, .a = a, .b = b,
                            .c = c, .depth = depth, .type = type});
}

const Sym *
sym_not(Explorer *ex, const Sym *a)
{
    if (a->kind == SYM_INT) {
        return sym_int(ex, a->num == 0);
    }
    if (a->kind == SYM_STR || a->kind == SYM_FUNC || a->kind == SYM_ADDR) {
        return sym_int(ex, 0);
    }
    if (a->kind == SYM_NOT && (a->a->kind == SYM_CMP || a->a->kind == SYM_NOT)) {
        return a->a;
    }
    return intern(ex, &(Sym){.kind = SYM_NOT, .a = a, .depth = a->depth});
}

static bool
compare_ints(const char *op, int64_t a, int64_t b)
{
    return op[0] == '=' ? a == b : a < b;
}

/* Moves a constant addend of the left side to the right: x + 1 < 5 is x < 4. */
static void
move_constant(Explorer *ex, const Sym **a, const Sym **b)
{
    const Sym *left = *a;
    if ((*b)->kind != SYM_INT || left->kind != SYM_BIN || left->b->kind != SYM_INT) {
        return;
    }
    int64_t addend = left->text[0] == '+' ? left->b->num : -left->b->num;
    int64_t moved;
    if ((left->text[0] == '+' || left->text[0] == '-') && left->text[1] == '\0' &&
        !__builtin_sub_overflow((*b)->num, addend, &moved)) {
        *a = left->a;
        *b = sym_int(ex, moved);
    }
}

static bool
is_address(const Sym *sym)
{
    return sym->kind == SYM_ADDR || sym->kind == SYM_STR || sym->kind == SYM_FUNC;
}

const Sym *
sym_cmp(Explorer *ex, const char *op, const Sym *a, const Sym *b)
{
    if (op[0] == '!') {
        return sym_not(ex, sym_cmp(ex, "==", a, b));
    }
    if (op[0] == '>') {
        return sym_cmp(ex, op[1] ? "<=" : "<", b, a);
    }
    if (op[0] == '<' && op[1] == '=') { /* a <= b is !(b < a) */
        return sym_not(ex, sym_cmp(ex, "<", b, a));
    }
    move_constant(ex, &a, &b);
    move_constant(ex, &b, &a);
    if (a->kind == SYM_INT && b->kind == SYM_INT) {
        return sym_int(ex, compare_ints(op, a->num, b->num));
    }
    if (a == b) {
        return sym_int(ex, op[0] == '=');
    }
    if (op[0] == '=') {
        if (is_address(a) && is_address(b)) {
            return sym_int(ex, 0);
        }
        if ((is_address(a) && b->kind == SYM_INT && b->num == 0) ||
            (is_address(b) && a->kind == SYM_INT && a->num == 0)) {
            return sym_int(ex, 0);
        }
        bool swap = a->kind == SYM_INT || (b->kind != SYM_INT && a->id > b->id);
        if (swap) {
            const Sym *t = a;
            a = b;
            b = t;
        }
        if (b->kind == SYM_INT && b->num == 0 && (a->kind == SYM_CMP || a->kind == SYM_NOT)) {
            return sym_not(ex, a);
        }
    }
    uint32_t depth = depth_max(a, b, NULL);
    return intern(ex, &(Sym){.kind = SYM_CMP, .text = operator_text(ex, op), .a = a, .b = b,
                            .depth = depth});
}

static bool
fold(const char *op, int64_t a, int64_t b, const Type *type, int64_t *out)
{
    if (type != NULL && type->is_unsigned && (a < 0 || b < 0) && strchr("/%>", op[0]) != NULL) {
        return false; /* the bits of a large number */
    }
    switch (op[0]) {
    case '+': return !__builtin_add_overflow(a, b, out);
    case '-': return !__builtin_sub_overflow(a, b, out);
    case '*': return !__builtin_mul_overflow(a, b, out);
    case '&': *out = a & b; return true;
    case '|': *out = a | b; return true;
    case '^': *out = a ^ b; return true;
    case '/': case '%':
        if (b == 0 || (a == INT64_MIN && b == -1)) {
            return false;
        }
        *out = op[0] == '/' ? a / b : a % b;
        return true;
    case '<':
        if (b < 0 || b > 62 || a < 0 || a > (INT64_MAX >> b)) {
            return false;
        }
        *out = a << b;
        return true;
    case '>':
        if (b < 0 || b > 63) {
            return false;
        }
        *out = a >> b;
        return true;
    default: return false;
    }
}

const Sym *
sym_bin(Explorer *ex, const char *op, const Sym *a, const Sym *b, const Type *type)
{
    int64_t num;
    if (a->kind == SYM_INT && b->kind == SYM_INT && fold(op, a->num, b->num, type, &num)) {
        return sym_int(ex, num);
    }
    bool additive = (op[0] == '+' || op[0] == '-') && op[1] == '\0';
    if (additive && b->kind == SYM_INT) {
        int64_t addend = op[0] == '+' ? b->num : (b->num == INT64_MIN ? 0 : -b->num);
        if (a->kind == SYM_BIN && a->text[0] == '+' && a->b->kind == SYM_INT &&
            !__builtin_add_overflow(addend, a->b->num, &addend)) {
            a = a->a;
        }
        if (addend == 0) {
            return a;
        }
        op = "+";
        b = sym_int(ex, addend);
    }
    uint32_t depth = depth_max(a, b, NULL);
    if (depth > MAX_DEPTH) {
        return NULL;
    }
    return intern(ex, &(Sym){.kind = SYM_BIN, .text = operator_text(ex, op), .a = a, .b = b,
                            .depth = depth, .type = type});
}

/* ---- places ---------------------------------------------------------------------- */

static const Place *
intern_place(Explorer *ex, Place place)
{
    uint64_t key = hash_mix((uint64_t)place.kind, place.index);
    key = hash_mix(key, (uint64_t)(uintptr_t)place.decl);
    key = hash_mix(key, place.sym ? place.sym->id + 1U : 0);
    key = hash_mix(key, place.base ? place.base->id + 1U : 0);
    key = hash_mix(key, (uint64_t)(uintptr_t)place.name);
    key = hash_mix(key, (uint64_t)(uintptr_t)place.type);
    void **slot = map_put(&ex->places, key);
    for (PlaceChain *c = *slot; c; c = c->next) {
        const Place *p = &c->place;
        if (p->kind == place.kind && p->index == place.index && p->decl == place.decl &&
            p->sym == place.sym && p->base == place.base && p->name == place.name &&
            p->type == place.type) {
            return p;
        }
    }
    PlaceChain *c = ARENA_NEW(ex->arena, PlaceChain);
    c->next = *slot;
    c->place = place;
    c->place.id = ex->nplaces++;
    c->place.fixed = place.kind == PLACE_FIELD && ex->owners &&
                     owners_is_fixed(ex->owners, place.record, place.name);
    c->place.parts = (place.base ? place.base->parts : 0) | (place.sym ? place.sym->parts : 0);
    c->place.sites = (place.base ? place.base->sites : 0) | (place.sym ? place.sym->sites : 0);
    *slot = c;
    return &c->place;
}

const Place *
place_local(Explorer *ex, uint32_t index)
{
    if (!ex->local[index]) {
        ex->local[index] = intern_place(ex, (Place){.kind = PLACE_LOCAL, .index = index});
    }
    return ex->local[index];
}

const Sym *
sym_param(Explorer *ex, uint32_t index)
{
    if (!ex->param[index]) {
        ex->param[index] = sym_init(ex, place_local(ex, index), NULL,
                                    ex->fn->local[index].type);
    }
    return ex->param[index];
}

const Sym *
sym_held(Explorer *ex, uint32_t index)
{
    const Type *type = ex->fn->local[index].type;
    const Type *held = type->kind == TYPE_PTR ? type->to : NULL;
    return sym_init(ex, place_deref(ex, sym_param(ex, index)), NULL, held);
}

const Place *
place_global(Explorer *ex, const Decl *decl)
{
    return intern_place(ex, (Place){.kind = PLACE_GLOBAL, .decl = decl});
}

const Place *
place_deref(Explorer *ex, const Sym *sym)
{
    if (sym->kind == SYM_ADDR) {
        return sym->place;
    }
    if (!sym->target) { /* interned symbols are ours */
        ((Sym *)(uintptr_t)sym)->target = intern_place(ex, (Place){.kind = PLACE_DEREF,
                                                                   .sym = sym});
    }
    return sym->target;
}

const Place *
place_field(Explorer *ex, const Place *base, Str name, Str record)
{
    return intern_place(ex, (Place){.kind = PLACE_FIELD, .base = base, .name = name,
                                    .record = record});
}

const Place *
place_elem(Explorer *ex, const Place *base, const Sym *index, const Type *type)
{
    if (base->kind == PLACE_ELEM && base->type == type) {
        const Sym *sum = sym_bin(ex, "+", base->sym, index, NULL);
        if (sum) {
            return place_elem(ex, base->base, sum, type);
        }
    }
    if (index->kind == SYM_INT && index->num == 0) {
        return base;
    }
    return intern_place(ex, (Place){.kind = PLACE_ELEM, .base = base, .sym = index,
                                    .type = type});
}

const Place *
place_root(const Place *place)
{
    while (place->base) {
        place = place->base;
    }
    return place;
}

bool
place_is_local(const Place *place)
{
    return place_root(place)->kind == PLACE_LOCAL;
}

bool
place_is_callers(const Place *place)
{
    const Sym *sym = place->kind == PLACE_DEREF ? place->sym : NULL;
    return sym && sym->kind == SYM_INIT && sym->place &&
           sym->place->kind == PLACE_LOCAL && type_is_object_ptr(sym->type);
}

bool
place_is_inside(const Place *place, const Place *prefix)
{
    for (; place; place = place->base) {
        if (place == prefix) {
            return true;
        }
    }
    return false;
}

bool
sym_mentions(const Sym *sym, const Sym *part)
{
    if (!sym || !part || !(sym->parts & bit_of(part->id))) {
        return false;
    }
    if (sym == part) {
        return true;
    }
    if (sym->place && place_mentions(sym->place, part)) {
        return true;
    }
    return sym_mentions(sym->a, part) || sym_mentions(sym->b, part) ||
           sym_mentions(sym->c, part);
}

bool
place_mentions(const Place *place, const Sym *part)
{
    if (!place || !part || !(place->parts & bit_of(part->id))) {
        return false;
    }
    for (; place; place = place->base) {
        if (place->sym && sym_mentions(place->sym, part)) {
            return true;
        }
    }
    return false;
}

const Instr *
local_load(const Block *block, const Instr *from, Val val)
{
    for (const Instr *ins = from; val.kind == VAL_TEMP && ins-- > block->ins;) {
        if (ins->dst != val.index) {
            continue;
        }
        if (ins->op == OP_LOAD && ins->a.kind == VAL_LOCAL) {
            return ins;
        }
        val = ins->op == OP_CAST || ins->op == OP_COPY ? ins->a : VAL_NOTHING;
    }
    return NULL;
}

const char *
callee_name(const Instr *call)
{
    if (call->a.kind == VAL_FUNC) {
        return call->a.decl->name;
    }
    return call->name ? call->name : "";
}

/* ---- text ---------------------------------------------------------------------------- */

const char *
place_text(Explorer *ex, const Place *place)
{
    switch (place->kind) {
    case PLACE_LOCAL: {
        const Local *local = &ex->fn->local[place->index];
        bool array = local->type && local->type->kind == TYPE_ARRAY && local->name[0] != '\0';
        return array ? arena_printf(ex->out, "%s[0]", local->name) : local->name;
    }
    case PLACE_GLOBAL:
        return place->decl->name;
    case PLACE_DEREF: {
        bool array = ex->info->is_entry && place->sym->type && type_is_object_ptr(place->sym->type);
        return arena_printf(ex->out, array ? "%s[0]" : "*%s", sym_text(ex, place->sym));
    }
    case PLACE_FIELD:
        if (place->base->kind == PLACE_DEREF) {
            return arena_printf(ex->out, "%s->%s", sym_text(ex, place->base->sym), place->name);
        }
        return arena_printf(ex->out, "%s.%s", place_text(ex, place->base), place->name);
    case PLACE_ELEM: {
        const char *base = place->base->kind == PLACE_DEREF ? sym_text(ex, place->base->sym)
                           : place->base->kind == PLACE_LOCAL
                               ? ex->fn->local[place->base->index].name
                               : place_text(ex, place->base);
        return place->sym->kind == SYM_INT
                   ? arena_printf(ex->out, "%s[%lld]", base, (long long)place->sym->num)
                   : arena_printf(ex->out, "%s[...]", base);
    }
    }
    return "";
}

const char *
sym_text(Explorer *ex, const Sym *sym)
{
    switch (sym->kind) {
    case SYM_INT:
        return sym->num == 0 ? "NULL" : arena_printf(ex->out, "%lld", (long long)sym->num);
    case SYM_FUNC:
        return sym->decl->name;
    case SYM_ADDR:
        return sym->place->kind == PLACE_LOCAL ? ex->fn->local[sym->place->index].name
                                               : place_text(ex, sym->place);
    case SYM_INIT:
        return sym->place ? place_text(ex, sym->place) : "a value";
    case SYM_CALL:
        if (sym->site && sym->site->op == OP_CALL && sym->num >= 4 && sym->num < 100 &&
            (uint64_t)sym->num / 4 - 1 < sym->site->nargs &&
            sym->site->args[sym->num / 4 - 1].kind == VAL_LOCAL) { /* what it filled */
            return ex->fn->local[sym->site->args[sym->num / 4 - 1].index].name;
        }
        if (sym->site && sym->site->op == OP_CALL && callee_name(sym->site)[0]) {
            return arena_printf(ex->out, "result of %s",
                                display_name(ex, callee_name(sym->site)));
        }
        return "a value";
    case SYM_PURE:
        return arena_printf(ex->out, "result of %s", display_name(ex, sym->text));
    default:
        return "a value";
    }
}

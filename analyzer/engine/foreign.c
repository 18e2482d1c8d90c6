/* foreign.c: all functions into a graph of values, and what Python passes through it.
 *
 * A node is a variable of a function, what it returns, what one of its calls gives, a field of
 * all instances of a struct, or a global; a pointer and what it points to are one.  An edge says
 * how one becomes foreign with another.  Order and paths do not count, but for type checks.
 */
#include <string.h>

#include "engine/foreign_graph.h"

struct Foreign {
    const Fn *const *fns;
    uint32_t *first;      /* by function: its first node; variables, the result, calls */
    const uint32_t *temp; /* by node: the temporary that a call sets, else 0 */
    const uint8_t *bits;  /* by node */
    Map held;             /* key of a field or global -> node */
};

/* ---- nodes -------------------------------------------------------------------------- */

static uint32_t
new_node(Graph *g, uint32_t temp)
{
    VEC_PUSH(g->arena, &g->temp, temp);
    VEC_PUSH(g->arena, &g->bits, 0);
    return g->bits.n - 1;
}

static uint32_t
held_node(Graph *g, Str key)
{
    void **slot = map_put_ptr(&g->foreign->held, key);
    if (!*slot) {
        uint32_t node = new_node(g, 0);
        *slot = (void *)(uintptr_t)node;
    }
    return (uint32_t)(uintptr_t)*slot;
}

static uint32_t
field_node(Graph *g, const char *record, const char *name)
{
    return record && record[0] ? held_node(g, str_internf(g->strings, "%s.%s", record, name))
                               : NO_NODE;
}

/* What stands at the address. */
static uint32_t
memory_node(Graph *g, Val address)
{
    for (int depth = 0; depth < 12; depth++) {
        if (address.kind == VAL_LOCAL) {
            return g->base + address.index;
        }
        if (address.kind == VAL_GLOBAL) {
            return held_node(g, address.decl->usr);
        }
        const Instr *ins = address.kind == VAL_TEMP ? g->def[address.index] : NULL;
        if (!ins) {
            return NO_NODE;
        }
        if (ins->op == OP_FIELD) {
            return field_node(g, ins->record, ins->name);
        }
        if (ins->op != OP_INDEX && ins->op != OP_CAST && ins->op != OP_COPY) {
            return graph_value(g, address);
        }
        address = ins->a;
    }
    return NO_NODE;
}

uint32_t
graph_value(Graph *g, Val val)
{
    for (int depth = 0; depth < 12 && val.kind == VAL_TEMP; depth++) {
        const Instr *ins = g->def[val.index];
        if (!ins || (g->checked && g->checked[val.index])) {
            return NO_NODE;
        }
        switch (ins->op) {
        case OP_CAST: case OP_COPY: case OP_INDEX:
            val = ins->a;
            break;
        case OP_LOAD:
            return memory_node(g, ins->a);
        case OP_CALL:
            return g->call[val.index];
        default:
            return NO_NODE;
        }
    }
    return NO_NODE;
}

/* The variable or field whose address the operand is; none for a mere value. */
static uint32_t
pointee_node(Graph *g, Val val)
{
    const Instr *ins = val.kind == VAL_TEMP ? g->def[val.index] : NULL;
    bool address = val.kind == VAL_LOCAL || val.kind == VAL_GLOBAL ||
                   (ins && (ins->op == OP_FIELD || ins->op == OP_INDEX));
    return address ? memory_node(g, val) : NO_NODE;
}

/* ---- edges ---------------------------------------------------------------------------- */

void
graph_edge(Graph *g, Transfer transfer, uint32_t from, uint32_t to)
{
    if (to != NO_NODE && transfer == TRANSFER_ANY) {
        g->bits.at[to] = FOREIGN_ALL;
    }
    else if (from != NO_NODE && to != NO_NODE && from != to) {
        Edge edge = {from, to, transfer};
        VEC_PUSH(g->arena, &g->edges, edge);
    }
}

typedef struct CallSite {
    Graph *graph;
    const Instr *call;
} CallSite;

static uint32_t
node_in_call(const CallSite *site, CallPlace place)
{
    Graph *g = site->graph;
    if (place.kind == CALL_RESULT) {
        return site->call->dst ? g->call[site->call->dst] : NO_NODE;
    }
    Val arg = site->call->args[place.arg];
    return place.kind == CALL_POINTEE ? pointee_node(g, arg) : graph_value(g, arg);
}

static void
transfer(void *payload, Transfer transfer, CallPlace from, CallPlace to)
{
    const CallSite *site = payload;
    graph_edge(site->graph, transfer,
             transfer == TRANSFER_ANY ? NO_NODE : node_in_call(site, from),
             node_in_call(site, to));
}

/* Arguments go into the parameters of a function of the program. */
static void
pass(Graph *g, const Instr *call, uint32_t callee)
{
    for (uint32_t a = 0; a < call->nargs && a < g->program->fns[callee]->nparam; a++) {
        graph_edge(g, TRANSFER_VALUE, graph_value(g, call->args[a]), g->first[callee] + a);
    }
}

/* What it gives comes back, through its result and through addresses. */
static void
come_back(Graph *g, const Instr *call, uint32_t callee)
{
    const Fn *fn = g->program->fns[callee];
    for (uint32_t a = 0; a < call->nargs && a < fn->nparam; a++) {
        graph_edge(g, TRANSFER_VALUE, g->first[callee] + a, pointee_node(g, call->args[a]));
    }
    uint32_t result = call->dst ? g->call[call->dst] : NO_NODE;
    graph_edge(g, TRANSFER_VALUE, g->first[callee] + fn->nlocal, result);
    for (uint32_t a = 0; a < call->nargs && a < 32; a++) {
        if ((g->gives[callee] >> a) & 1) {
            graph_edge(g, TRANSFER_VALUE, graph_value(g, call->args[a]), result);
        }
    }
    g->seen[callee] |= 1;
}

static int64_t
body_of(const Graph *g, const Instr *call)
{
    return call->a.kind == VAL_FUNC ? program_callee(g->program, call->a.decl) : -1;
}

int64_t
graph_callee(Graph *g, const Instr *call, const Summary *fact)
{
    int64_t body = body_of(g, call);
    bool copied = body >= 0 && call->a.decl->is_static && fact &&
                  fact->origin < ORIGIN_ANNOTATION;
    return !fact || copied ? body : -1;
}

static void
look_at_call(Graph *g, const Instr *call)
{
    const char *name = callee_name(call);
    const Summary *fact = name[0] ? model_find(g->model, name, NULL) : NULL;
    int64_t callee = graph_callee(g, call, fact), body = body_of(g, call);
    if (body >= 0) {
        pass(g, call, (uint32_t)body);
    }
    if (callee >= 0) {
        come_back(g, call, (uint32_t)callee);
        return;
    }
    CallSite site = {g, call};
    foreign_call(name, fact, call->nargs, transfer, &site);
}

static void
look_at(Graph *g, uint32_t index, const Instr *ins)
{
    switch (ins->op) {
    case OP_STORE:
        graph_edge(g, TRANSFER_VALUE, graph_value(g, ins->b), memory_node(g, ins->a));
        break;
    case OP_RET:
        graph_returns(g, index, ins->a);
        break;
    case OP_CALL:
        look_at_call(g, ins);
        break;
    default:
        break;
    }
}

static void
count_store(Graph *g, Val address, uint8_t times)
{
    if (address.kind == VAL_LOCAL) {
        uint8_t *stores = &g->stores[address.index];
        *stores = *stores + times < 2 ? (uint8_t)(*stores + times) : 2;
    }
}

/* Counts what the instruction stores in variables; whoever gets an address may do so often. */
static void
note_stores(Graph *g, const Instr *ins)
{
    if (ins->op == OP_STORE) {
        count_store(g, ins->a, 1);
        count_store(g, ins->b, 2);
    }
    else if (ins->op != OP_LOAD && ins->op != OP_DEAD) {
        count_store(g, ins->a, 2);
        count_store(g, ins->b, 2);
    }
    for (uint32_t a = 0; a < ins->nargs; a++) {
        count_store(g, ins->args[a], 2);
    }
}

static void
look_through(Graph *g, uint32_t index)
{
    const Fn *fn = g->program->fns[index];
    g->fn = fn;
    g->base = g->first[index];
    g->def = ARENA_ARRAY(g->scratch, const Instr *, fn->ntemp + 1);
    g->call = ARENA_ARRAY(g->scratch, uint32_t, fn->ntemp + 1);
    g->stores = ARENA_ARRAY(g->scratch, uint8_t, fn->nlocal + 1);
    uint32_t node = g->base + fn->nlocal + 1;
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            g->def[ins->dst] = ins;
            note_stores(g, ins);
            if (node < g->first[index + 1] && g->temp.at[node] == ins->dst && ins->op == OP_CALL) {
                g->call[ins->dst] = node++;
            }
        }
    }
    g->checked = foreign_checked(g->scratch, fn, g->def);
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            look_at(g, index, &fn->block[b].ins[i]);
        }
    }
    g->seen[index] |= 2;
    arena_reset(g->scratch);
}

/* ---- what comes from outside -------------------------------------------------------------- */

/* The nodes of a function: its variables, its result, its calls that give pointers. */
static void
add_function(Graph *g, uint32_t index, const FnInfo *info)
{
    const Fn *fn = g->program->fns[index];
    bool outside = info->is_entry || g->program->graph->ncaller[index] == 0;
    g->first[index] = g->bits.n;
    for (uint32_t l = 0; l <= fn->nlocal; l++) {
        uint32_t node = new_node(g, 0);
        g->bits.at[node] = outside && l < fn->nparam ? FOREIGN_ALL : 0;
    }
    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];
            if (ins->op == OP_CALL && ins->dst && ins->type && ins->type->kind == TYPE_PTR) {
                new_node(g, ins->dst);
            }
        }
    }
    g->first[index + 1] = g->bits.n;
}

/* True when the table says of the member at 'entry', "[2].offset", that nobody may set it. */
static bool
is_read_only(const Table *table, const TableEntry *entry, size_t prefix)
{
    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *other = &table->entry[e];
        if (strncmp(other->path, entry->path, prefix) == 0 &&
            text_equal(other->path + prefix, ".flags")) {
            return other->val.kind == VAL_INT && (other->val.num & 1);
        }
    }
    return false;
}

/* Members of objects that Python code sets: tables of PyMemberDef. */
static void
look_at_table(Graph *g, const Table *table)
{
    for (uint32_t e = 0; e < table->nentry; e++) {
        const TableEntry *entry = &table->entry[e];
        if (!entry->record || !entry->field || !text_ends(entry->path, ".offset") ||
            !type_is_object(entry->type) ||
            is_read_only(table, entry, strlen(entry->path) - strlen(".offset"))) {
            continue;
        }
        graph_edge(g, TRANSFER_ANY, NO_NODE, field_node(g, entry->record, entry->field));
    }
}

Foreign *
foreign_find(Arena *arena, Strings *strings, const Program *program, const Model *model,
             const FnInfo *info)
{
    Foreign *foreign = ARENA_NEW(arena, Foreign);
    Graph g = {.arena = arena_new(), .scratch = arena_new(), .strings = strings,
               .program = program, .model = model, .foreign = foreign};
    map_init(&foreign->held, arena);
    foreign->fns = (const Fn *const *)program->fns;
    foreign->first = g.first = ARENA_ARRAY(arena, uint32_t, program->nfns + 2);
    new_node(&g, 0); /* NO_NODE */
    for (uint32_t f = 0; f < program->nfns; f++) {
        add_function(&g, f, &info[f]);
    }
    g.gives = ARENA_ARRAY(g.arena, uint32_t, program->nfns + 1);
    g.seen = ARENA_ARRAY(g.arena, uint8_t, program->nfns + 1);
    for (uint32_t n = 0; n < program->graph->nfns; n++) { /* callees first */
        look_through(&g, program->graph->order[n]);
    }
    for (uint32_t u = 0; u < program->nunits; u++) {
        for (uint32_t t = 0; t < program->units[u]->tables.n; t++) {
            look_at_table(&g, program->units[u]->tables.at[t]);
        }
    }
    graph_solve(&g);
    foreign->temp = arena_copy(arena, g.temp.at, g.temp.n * sizeof(*g.temp.at));
    foreign->bits = arena_copy(arena, g.bits.at, g.bits.n);
    arena_free(g.scratch);
    arena_free(g.arena);
    return foreign;
}

/* ---- questions ------------------------------------------------------------------------ */

uint8_t
foreign_local(const Foreign *foreign, uint32_t fn, uint32_t index)
{
    return index < foreign->fns[fn]->nlocal ? foreign->bits[foreign->first[fn] + index] : 0;
}

uint8_t
foreign_result(const Foreign *foreign, uint32_t fn, uint32_t temp)
{
    for (uint32_t n = foreign->first[fn]; temp != 0 && n < foreign->first[fn + 1]; n++) {
        if (foreign->temp[n] == temp) {
            return foreign->bits[n];
        }
    }
    return 0;
}

uint8_t
foreign_held(const Foreign *foreign, Str key)
{
    uintptr_t node = (uintptr_t)map_get_ptr(&foreign->held, key);
    return node != NO_NODE ? foreign->bits[node] : 0;
}

uint64_t
foreign_of(const Foreign *foreign, uint32_t fn)
{
    uint32_t first = foreign->first[fn], end = foreign->first[fn + 1];
    return hash_bytes(&foreign->bits[first], end - first, 0);
}

uint64_t
foreign_digest(const Foreign *foreign)
{
    uint64_t sum = 0; /* does not depend on the order of keys */
    for (uint32_t i = 0; i < foreign->held.n; i++) {
        const char *key = (const char *)(uintptr_t)foreign->held.at[i].key;
        uint8_t bits = foreign->bits[(uintptr_t)foreign->held.at[i].value];
        sum += bits ? hash_bytes(key, strlen(key), bits) : 0;
    }
    return sum;
}

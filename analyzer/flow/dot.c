/* dot.c: the control-flow graph of a function as a Graphviz drawing: a box per
 * block with its instructions, an arrow per jump with what it is taken for.
 */
#include <inttypes.h>

#include "flow/flow.h"

/* Text inside a quoted label; each line flush left. */
static void
put_label(StrBuf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            strbuf_putc(out, '\\');
        }
        strbuf_putc(out, *text);
    }
}

static void
put_block(const Fn *fn, uint32_t number, const Flow *flow, StrBuf *line, StrBuf *out)
{
    const Block *block = &fn->block[number];
    bool reachable = flow->block[number].rpo != UINT32_MAX;

    strbuf_printf(out, "    b%u [%slabel=\"b%u:\\l", number,
                  reachable ? "" : "style=dashed, ", number);
    for (uint32_t i = 0; i < block->nins; i++) {
        strbuf_clear(line);
        instr_print(fn, &block->ins[i], line);
        strbuf_puts(out, "  ");
        put_label(out, line->text);
        strbuf_puts(out, "\\l");
    }
    strbuf_puts(out, "\"];\n");
}

/* What the i-th edge out of a block is taken for, "" when always. */
static void
put_condition(const Instr *last, uint32_t i, StrBuf *out)
{
    if (last->op == OP_BR) {
        strbuf_puts(out, i == 0 ? "yes" : "no");
    }
    else if (last->op == OP_SWITCH && i == 0) {
        strbuf_puts(out, "default");
    }
    else if (last->op == OP_SWITCH) {
        const SwitchCase *c = &last->cases[i - 1];

        strbuf_printf(out, "%" PRId64, c->lo);
        if (c->hi != c->lo) {
            strbuf_printf(out, "..%" PRId64, c->hi);
        }
    }
}

static void
put_edges(const Fn *fn, uint32_t from, const Flow *flow, StrBuf *out)
{
    const Block *block = &fn->block[from];
    const Instr *last = &block->ins[block->nins - 1];

    for (uint32_t i = 0; i < instr_successors(last); i++) {
        uint32_t to = instr_successor(last, i);

        strbuf_printf(out, "    b%u -> b%u [label=\"", from, to);
        put_condition(last, i, out);
        strbuf_printf(out, "\"%s];\n",
                      flow_is_back_edge(flow, from, to) ? ", style=bold" : "");
    }
}

void
cfg_print_dot(const Fn *fn, StrBuf *out)
{
    Arena *scratch = arena_new();
    const Flow *flow = flow_build(scratch, fn);
    StrBuf line;

    strbuf_init(&line, scratch);
    strbuf_puts(out, "digraph \"");
    put_label(out, fn->decl->name);
    strbuf_puts(out, "\" {\n    node [shape=box, fontname=monospace];\n");
    for (uint32_t i = 0; i < fn->nblock; i++) {
        put_block(fn, i, flow, &line, out);
    }
    for (uint32_t i = 0; i < fn->nblock; i++) {
        put_edges(fn, i, flow, out);
    }
    strbuf_puts(out, "}\n");
    arena_free(scratch);
}

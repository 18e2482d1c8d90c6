/* flow.h: facts about the control flow of one function, and the call graph.
 *
 * Computed from the IR alone, never changed afterwards.
 */
#ifndef STRAYREF_FLOW_H
#define STRAYREF_FLOW_H

#include "ir/ir.h"

/* A set of small numbers, one bit each. */
typedef uint64_t *BitSet;

static inline bool
bit_test(const uint64_t *set, uint32_t i)
{
    return (set[i / 64] >> (i % 64)) & 1;
}

typedef struct BlockFlow {
    uint32_t *pred;      /* predecessors, reachable ones only */
    uint32_t npred;
    uint32_t rpo;        /* position in reverse post-order, UINT32_MAX when unreachable */
    bool loop_head;      /* target of a back edge */
    bool once;           /* in reverse post-order no jump leads back to it or over it */
    uint32_t loop;       /* innermost loop head the block belongs to, UINT32_MAX = none */
    BitSet live_locals;  /* locals whose value may still be read at block start */
    BitSet live_temps;   /* temporaries used here or later but set before */
} BlockFlow;

typedef struct Flow {
    const Fn *fn;
    BlockFlow *block;    /* by block number */
    uint32_t *order;     /* reachable block numbers in reverse post-order */
    uint32_t norder;
    BitSet *modified;    /* by loop head: locals stored to inside the loop; NULL for other blocks */
    BitSet addressed;    /* locals whose address escapes a load / store (passed, stored, fielded, indexed) */
    uint32_t *use_block; /* private to live.c, by temporary: the only block that uses it, */
    uint32_t *use_ins;   /* and the last instruction there */
} Flow;

/* cfg.c, live.c: computes everything above.  Memory from 'arena'.  A local in
 * 'addressed' counts as live everywhere between its stores and 'dead'. */
Flow *flow_build(Arena *arena, const Fn *fn);

/* True when 'temp' is used neither after instruction 'ins' of 'block' in that
 * block nor in any block that follows. */
bool flow_temp_dies(const Flow *flow, uint32_t block, uint32_t ins, uint32_t temp);

/* True when the edge from->to goes back to a loop head. */
bool flow_is_back_edge(const Flow *flow, uint32_t from, uint32_t to);

/* ---- callgraph.c ---------------------------------------------------------- */

/* Given a call instruction's callee, the function of the program it reaches,
 * as an index into the functions passed to callgraph_build, or -1. */
typedef int64_t (*CalleeOf)(void *payload, const Decl *decl);

typedef struct CallGraph {
    uint32_t nfns;
    uint32_t **callee;    /* by function: indices called directly, sorted, no doubles */
    uint32_t *ncallee;
    uint32_t **caller;    /* the inverse */
    uint32_t *ncaller;
    uint32_t *order;      /* all functions, callees before callers */
    uint32_t *component;  /* by function: number of its strongly connected component,
                             rising along 'order' */
    uint32_t ncomponents;
} CallGraph;

/* Builds the graph of direct calls and its strongly connected components
 * (Tarjan, without recursion).  Deterministic. */
CallGraph *callgraph_build(Arena *arena, Fn *const *fns, uint32_t nfns,
                           CalleeOf callee_of, void *payload);

/* ---- program.c --------------------------------------------------------------- */

/* All units linked: every distinct function once, calls resolved. */
typedef struct Program {
    Unit *const *units;
    uint32_t nunits;
    Fn **fns;             /* distinct functions with a body, in unit and source order */
    Unit **fn_unit;       /* by function: the unit it was taken from */
    uint32_t nfns;
    CallGraph *graph;     /* over fns */
    Map index_of_decl;    /* private: Decl * -> index + 1 */
    Map guessed;          /* private: Decl * of which there are several definitions */
} Program;

/* Links units (failed ones are skipped).  A function with external linkage is
 * one per USR (the first undamaged definition counts); a static one belongs to the file
 * it is written in, so one from a header that several units include counts once.  A call
 * through a table that goes by a macro's name ("#define pg_New (*(...)table[3])") becomes
 * a direct one where a function of that name, with as many parameters, is unique. */
Program *program_link(Arena *arena, Unit *const *units, uint32_t nunits);

/* The function that a direct call to 'decl' (a Decl of some unit) reaches, as
 * an index into program->fns, or -1 when no unit defines it. */
int64_t program_callee(const Program *program, const Decl *decl);
/* True when that function is only the nearest of several with this name. */
bool program_is_guess(const Program *program, const Decl *decl);

/* ---- dot.c ------------------------------------------------------------------ */

/* Writes the function's control-flow graph as Graphviz dot. */
void cfg_print_dot(const Fn *fn, StrBuf *out);

#endif

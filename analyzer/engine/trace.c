/* trace.c: a path as a story: made here, this call fails here, lost here.
 *
 * Of everything that happened, only what concerns the object and the failures and
 * decisions after it was made are told.
 */
#include <string.h>

#include "engine/state.h"

#define MAX_BRANCHES 5
#define MAX_OTHERS 8

static const char *
called(Explorer *ex, const Node *node)
{
    return node->summary && node->summary->name ? display_name(ex, node->summary->name)
                                                : "a call";
}

static const char *
fail_value(Explorer *ex, const Case *outcome)
{
    if (outcome->ret.kind == RESULT_NULL) {
        return "returns NULL";
    }
    if (outcome->ret.kind == RESULT_INT && outcome->ret.lo == outcome->ret.hi) {
        return arena_printf(ex->out, "returns %lld", (long long)outcome->ret.lo);
    }
    return "reports an error";
}

static const char *
change_text(Explorer *ex, const PendingReport *report, const Node *node)
{
    const char *name = report->object;
    bool memory = (report->ref.flags & REF_MEMORY) != 0;
    switch (node->kind) {
    case NODE_TOLD:
        return node->text;
    case NODE_MADE:
        if (report->ref.flags & REF_VIEW) {
            return arena_printf(ex->out, "%s fills '%s'", called(ex, node), name);
        }
        return arena_printf(ex->out, "%s %s, '%s'", called(ex, node),
                            memory ? "gives memory" : "gives a new reference", name);
    case NODE_BORROWED:
        return arena_printf(ex->out, "%s gives a borrowed reference, '%s'", called(ex, node), name);
    case NODE_RETAIN:
        return arena_printf(ex->out, "%s takes a reference to '%s'", called(ex, node), name);
    case NODE_RELEASE:
        return arena_printf(ex->out, "%s %s '%s'", called(ex, node),
                            report->ref.flags & REF_VIEW ? "releases"
                            : memory                     ? "gives back"
                                                         : "releases a reference to", name);
    case NODE_STEAL:
        return arena_printf(ex->out, "%s takes over the reference to '%s'%s", called(ex, node), name,
                            node->outcome && (node->outcome->err == ERR_RAISES ||
                                              node->outcome->err == ERR_NOMEM)
                                ? ", although it fails" : "");
    case NODE_STORE:
        return arena_printf(ex->out, "'%s' is stored in %s", name,
                            node->place ? place_text(ex, node->place) : "memory outside");
    case NODE_KEEP:
        return arena_printf(ex->out, "%s takes a reference of its own to '%s'", called(ex, node),
                            name);
    case NODE_BURY:
        return arena_printf(ex->out, "%s releases what keeps '%s' alive", called(ex, node), name);
    case NODE_REFUSE:
        return arena_printf(ex->out, "%s fails and does not take over '%s'", called(ex, node), name);
    default:
        return "";
    }
}

/* What is assumed of a NULL check or a yes-or-no question; NULL when it is neither. */
static const char *
assumption_text(Explorer *ex, const Sym *sym, bool truth)
{
    while (sym->kind == SYM_NOT) {
        sym = sym->a;
        truth = !truth;
    }
    bool check = sym->kind == SYM_CMP && sym->text[0] == '=' && sym->b->kind == SYM_INT &&
                 sym->b->num == 0;
    const Sym *asked = check ? sym->a : sym;
    if (asked->kind != SYM_INIT && asked->kind != SYM_CALL && asked->kind != SYM_PURE) {
        return NULL;
    }
    const char *name = sym_text(ex, asked);
    if (text_equal(name, "a value")) {
        return NULL;
    }
    bool pointer = asked->type && asked->type->kind == TYPE_PTR;
    if (check || pointer) {
        bool zero = check ? truth : !truth;
        return arena_printf(ex->out, "assuming %s is %s%s", name, zero ? "" : "not ",
                            pointer || !asked->type ? "NULL" : "0");
    }
    return arena_printf(ex->out, "assuming %s is %s", name, truth ? "true" : "false");
}

static const char *
condition_text(Explorer *ex, const Node *node)
{
    const char *text = assumption_text(ex, node->sym, node->truth);
    if (text) {
        return text;
    }
    return node->truth ? "the condition is true" : "the condition is false";
}

/* Nodes of the path, oldest first. */
static uint32_t
unroll(Explorer *ex, const Node *tail, const Node ***nodes)
{
    uint32_t n = tail ? tail->length : 0;
    *nodes = ARENA_ARRAY(ex->arena, const Node *, n ? n : 1);
    for (uint32_t i = n; tail; tail = tail->pred) {
        (*nodes)[--i] = tail;
    }
    return n;
}

static bool
concerns(const Node *node, const PendingReport *report)
{
    if (report->rule->on_exception) {
        return node == report->raised;
    }
    switch (node->kind) {
    case NODE_MADE: case NODE_BORROWED: case NODE_RETAIN: case NODE_RELEASE:
    case NODE_STEAL: case NODE_STORE: case NODE_KEEP: case NODE_REFUSE: case NODE_BURY:
    case NODE_NOTHING: case NODE_FAIL: case NODE_TOLD:
        return node->sym == report->sym && report->sym;
    default:
        return false;
    }
}

static void
add(Explorer *ex, Finding *finding, uint32_t *cap, Loc loc, StepKind kind, const char *text)
{
    if (finding->nsteps > 0) {
        const Step *last = &finding->steps[finding->nsteps - 1];
        if (loc_compare(last->loc, loc) == 0 && text_equal(last->text, text)) {
            return;
        }
    }
    if (finding->nsteps == *cap) {
        *cap = *cap ? *cap * 2 : 8;
        Step *grown = ARENA_ARRAY(ex->out, Step, *cap);
        if (finding->nsteps) {
            memcpy(grown, finding->steps, finding->nsteps * sizeof(Step));
        }
        finding->steps = grown;
    }
    if (loc.macro && strstr(text, loc.macro)) {
        loc.macro = NULL; /* the call is the macro */
    }
    finding->steps[finding->nsteps++] = (Step){loc, kind, text};
}

/* Where the same mistake is made with other objects. */
static void
tell_others(Explorer *ex, const PendingReport *report, Finding *finding, uint32_t *cap)
{
    uint32_t told = 0, more = 0;
    for (const PendingReport *other = report->same; other; other = other->same) {
        if (told < MAX_OTHERS) {
            told++;
            add(ex, finding, cap, *taken_at(other), STEP_CHANGE,
                arena_printf(ex->out, "the same happens to '%s' here", other->object));
        }
        else {
            more++;
        }
    }
    if (more > 0) {
        add(ex, finding, cap, report->at->loc, STEP_CHANGE,
            arena_printf(ex->out, "and to %u more in this function", more));
    }
}

/* Where the story gets interesting: for a leak where the reference became ours, else where
 * the object is first met. */
static uint32_t
start_of(const Node *const *nodes, uint32_t n, const PendingReport *report)
{
    uint32_t met = n;
    for (uint32_t i = 0; i < n; i++) {
        if (!concerns(nodes[i], report)) {
            continue;
        }
        if (!report->rule->on_lost || nodes[i]->kind == NODE_MADE ||
            nodes[i]->kind == NODE_RETAIN) {
            return i;
        }
        met = met < n ? met : i;
    }
    if (met < n) {
        return met;
    }
    return n > 6 ? n - 6 : 0; /* nothing but decisions and failures: the last of them */
}

/* What the call did that set the exception, or that should have. */
static const char *
raised_text(Explorer *ex, const Node *node)
{
    switch (node->kind) {
    case NODE_RAISE:
        return arena_printf(ex->out, "%s sets an exception", called(ex, node));
    case NODE_LEFT:
        return arena_printf(ex->out, "%s may fail, and nobody looks at its result",
                            called(ex, node));
    case NODE_NOTHING:
        return arena_printf(ex->out, "%s %s and sets no exception", called(ex, node),
                            fail_value(ex, node->outcome));
    default:
        return arena_printf(ex->out, "%s fails and %s", called(ex, node),
                            fail_value(ex, node->outcome));
    }
}

/* The helper that is to blame, and its caller that shows it. */
static void
tell_fault(Explorer *ex, const PendingReport *report, Finding *finding, uint32_t *cap)
{
    const Fault *fault = report->fault;
    add(ex, finding, cap, report->at->loc, STEP_CHANGE,
        arena_printf(ex->out, "%s returns to Python here", ex->fn->decl->name));
    if (fault->cause.line > 0 && loc_compare(fault->cause, report->place) != 0) {
        add(ex, finding, cap, fault->cause, STEP_CHANGE,
            fault->culprit[0]
                ? arena_printf(ex->out, "in %s, %s fails", fault->fn, fault->culprit)
                : arena_printf(ex->out, "in %s, this condition decides", fault->fn));
    }
    if (loc_compare(fault->at, report->place) != 0) {
        add(ex, finding, cap, fault->at, STEP_CHANGE,
            arena_printf(ex->out, "%s returns as if nothing had happened", fault->fn));
    }
}

static void
tell(Explorer *ex, const PendingReport *report, const Node *node, Finding *finding,
     uint32_t *cap)
{
    if (node->kind == NODE_RAISE || node->kind == NODE_LEFT || node == report->raised) {
        if (node == report->raised) {
            add(ex, finding, cap, node->at->loc, STEP_FAILS, raised_text(ex, node));
        }
    }
    else if (node->kind == NODE_NOTHING && node->sym == report->sym && report->sym) {
        add(ex, finding, cap, node->at->loc, STEP_FAILS,
            arena_printf(ex->out, "%s returns NULL, '%s'", called(ex, node), report->object));
    }
    else if (node->kind == NODE_USED && node->sym == report->sym) {
        add(ex, finding, cap, node->at->loc, STEP_CHANGE,
            arena_printf(ex->out, "%s uses it here without a test", called(ex, node)));
    }
    else if (concerns(node, report) && node->kind != NODE_FAIL) {
        bool made = node->kind == NODE_MADE || node->kind == NODE_BORROWED;
        add(ex, finding, cap, node->at->loc, made ? STEP_MADE : STEP_CHANGE,
            change_text(ex, report, node));
    }
    else if (node->kind == NODE_FAIL && node->outcome) {
        add(ex, finding, cap, node->at->loc, STEP_FAILS,
            arena_printf(ex->out, "%s fails and %s", called(ex, node),
                         fail_value(ex, node->outcome)));
    }
    else if (node->kind == NODE_BRANCH) {
        add(ex, finding, cap, node->at->loc, STEP_BRANCH,
            condition_text(ex, node));
    }
}

void
trace_steps(Explorer *ex, const PendingReport *report, Finding *finding)
{
    const Node **nodes;
    uint32_t n = unroll(ex, report->trace, &nodes), cap = 0, branches = 0;
    uint32_t start = start_of(nodes, n, report);
    for (uint32_t i = 0; i < start; i++) { /* whom it was borrowed from */
        if (nodes[i]->kind == NODE_BORROWED && concerns(nodes[i], report)) {
            tell(ex, report, nodes[i], finding, &cap);
        }
    }
    for (uint32_t i = start; i < n; i++) {
        branches += nodes[i]->kind == NODE_BRANCH;
    }
    for (uint32_t i = start; i < n; i++) {
        if (nodes[i]->kind != NODE_BRANCH || branches-- <= MAX_BRANCHES) {
            tell(ex, report, nodes[i], finding, &cap);
        }
    }
    tell_others(ex, report, finding, &cap);
    if (report->fault) {
        tell_fault(ex, report, finding, &cap);
    }
    else if (report->rule->on_exception && report->at->op == OP_RET &&
             loc_compare(report->at->loc, report->place) != 0) {
        add(ex, finding, &cap, report->at->loc, STEP_CHANGE,
            arena_printf(ex->out, "%s returns here, with that exception",
                         ex->fn->decl->name));
    }
    add(ex, finding, &cap, report->place, STEP_LOST, report->message);
}

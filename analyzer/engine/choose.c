/* choose.c: chooses among what the rules reported of one function.
 *
 * The same object may go astray on many paths; one report per rule and object
 * remains: the one on the most ordinary, shortest path.
 */
#include <string.h>

#include "engine/call.h"

/* Which output of a call the object is: 0 the result, then the out-parameters. */
static int64_t
output_of(const PendingReport *report)
{
    const Sym *sym = report->sym;
    return sym->kind == SYM_CALL && sym->site == report->birth ? sym->num / 4 : 0;
}

static bool
same_defect(const PendingReport *a, const PendingReport *b)
{
    if (a->rule != b->rule) { /* one release too many, told by whoever sees it first */
        return a->rule->on_release && b->rule->on_release && a->at == b->at && a->birth &&
               a->birth == b->birth && text_equal(a->object, b->object);
    }
    if (a->is_stale && b->is_stale) { /* one call, one owner: one thing to mend */
        return (a->birth == b->birth && text_equal(a->cause, b->cause) &&
                a->is_size == b->is_size) ||
               (a->at == b->at && text_equal(a->object, b->object));
    }
    if (a->rule->on_inconsistent) { /* one function, one argument */
        return a->sym == b->sym;
    }
    if (a->rule->on_gil || a->rule->on_thread) {
        return a->at == b->at && text_equal(a->object, b->object);
    }
    if (a->rule->on_return) {
        return a->at == b->at;
    }
    if (a->fault || b->fault) {
        return a->fault && b->fault && exception_is_same_fault(a->fault, b->fault);
    }
    if (a->rule->on_exception && !a->unread && !b->unread && a->birth && b->birth &&
        a->birth != b->birth) {
        return false; /* two calls whose failures go unnoticed on the way to one return */
    }
    if (a->at == b->at && text_equal(a->object, b->object)) {
        return true; /* one variable, one place: one thing to mend */
    }
    if (a->rule == &engine_rule || !a->birth || !b->birth) {
        return a->at == b->at && a->sym == b->sym;
    }
    if (a->birth != b->birth) {
        return false;
    }
    if (a->sym->kind != SYM_CALL && b->sym->kind != SYM_CALL) {
        return a->sym == b->sym;
    }
    return output_of(a) == output_of(b);
}

static bool
better(const PendingReport *a, const PendingReport *b)
{
    if (a->reach != b->reach) {
        return a->reach < b->reach;
    }
    if (a->unread && b->unread && !a->fault && !b->fault) {
        return loc_compare(a->place, b->place) < 0;
    }
    uint32_t la = a->trace ? a->trace->length : 0, lb = b->trace ? b->trace->length : 0;
    if (la != lb) {
        return la < lb;
    }
    return loc_compare(a->at->loc, b->at->loc) < 0;
}

bool
exits_agree(const Explorer *ex, const Sym *sym)
{
    int first = 0;
    for (uint32_t i = 0; i < ex->exits.n; i++) {
        const Ref *ref = state_ref(ex->exits.at[i].state, sym);
        int own = ref && !(ref->flags & REF_ESCAPED) ? ref->own : 0;
        if (i == 0) {
            first = own;
        }
        if (own != first || own <= 0) {
            return false;
        }
    }
    return true;
}

static bool
ranges_meet(const Explorer *ex, const Exit *a, const Exit *b)
{
    if (!a->value || !b->value || ex->fn->ret->kind == TYPE_VOID) {
        return true;
    }
    const Range x = range_of(a->state, a->value), y = range_of(b->state, b->value);
    return x.lo <= y.hi && y.lo <= x.hi && !(x.lo == 0 && x.hi == 0 && y.not_zero) &&
           !(y.lo == 0 && y.hi == 0 && x.not_zero);
}

/* True when the exit gives what stands for a failure: a negative number, NULL. */
static bool
gives_failure(const Explorer *ex, const Exit *exit)
{
    Range range;

    if (!exit->value || ex->fn->ret->kind == TYPE_VOID) {
        return false;
    }
    range = range_of(exit->state, exit->value);
    return range.hi < 0 || (ex->fn->ret->kind == TYPE_PTR && range.lo == 0 && range.hi == 0);
}

bool
excess_is_contract(const Explorer *ex, const Sym *sym)
{
    if (exits_agree(ex, sym)) {
        return true;
    }
    for (uint32_t i = 0; i < ex->exits.n; i++) {
        const Exit *a = &ex->exits.at[i];
        const Ref *ra = state_ref(a->state, sym);
        if (!ra || (ra->flags & REF_ESCAPED) || ra->own <= 0) {
            continue;
        }
        if (ra->own != 1 || exception_is_set(a->state) || a->state->failed
            || gives_failure(ex, a)) {
            return false;
        }
        for (uint32_t j = 0; j < ex->exits.n; j++) {
            const Exit *b = &ex->exits.at[j];
            const Ref *rb = state_ref(b->state, sym);
            bool other = !rb || (rb->own <= 0 && !(rb->flags & REF_ESCAPED));
            if (other && ranges_meet(ex, a, b)) {
                return false;
            }
        }
    }
    return true;
}

/* True when some other exit consumes the parameter: then returning it hands on the
 * reference that the function took over. */
static bool
is_consumed(const Explorer *ex, const Sym *sym)
{
    for (uint32_t i = 0; i < ex->exits.n; i++) {
        const Ref *ref = state_ref(ex->exits.at[i].state, sym);
        if (ref && ref->own < 0) {
            return true;
        }
    }
    return false;
}

static bool
returns_new_elsewhere(const Explorer *ex)
{
    bool some_new = false, unknown = false;
    for (uint32_t i = 0; i < ex->exits.n; i++) {
        some_new = some_new || ex->exits.at[i].own == 1;
        unknown = unknown || ex->exits.at[i].own < 0;
    }
    return some_new && !unknown;
}

/* The function of the program whose result the instruction returns as it is, or NULL. */
static const Summary *
passed_on(Explorer *ex, const Instr *at)
{
    const Instr *call = NULL;
    Val val = at->op == OP_RET ? at->a : (Val){.kind = VAL_NONE};
    for (uint32_t b = 0; b < ex->fn->nblock && val.kind == VAL_TEMP && !call; b++) {
        const Block *block = &ex->fn->block[b];
        for (uint32_t i = block->nins; i-- > 0 && !call;) {
            const Instr *ins = &block->ins[i];
            if (ins->dst == val.index && ins->op == OP_CAST) {
                val = ins->a;
            }
            else if (ins->dst == val.index && ins->op == OP_CALL && val.kind == VAL_TEMP) {
                call = ins;
            }
        }
    }
    return call && call->a.kind == VAL_FUNC
               ? find_summary(ex, call->a.decl, callee_name(call)) : NULL;
}

/* A callee that gives new references as well was told of where it returns a borrowed one; who
 * only passes its result on is not to blame. */
static bool
told_in_callee(Explorer *ex, const PendingReport *report)
{
    const Summary *callee = report->ref.born ? report->ref.born : passed_on(ex, report->at);
    bool gives_new = false;
    if (!callee || callee->origin != ORIGIN_COMPUTED) {
        return false;
    }
    for (uint32_t i = 0; i < callee->ncases; i++) {
        ResultKind kind = callee->cases[i].ret.kind;
        gives_new = gives_new || kind == RESULT_NEW || kind == RESULT_SHARED;
    }
    return gives_new;
}

/* The extension's own static types are never freed: a count too high on a failing path,
 * where no callee refused it, harms nobody. */
static bool
is_harmless(const Explorer *ex, const PendingReport *report)
{
    const Sym *sym = report->sym;
    return report->rule->on_lost && sym && sym->kind == SYM_ADDR && report->on_failure &&
           !report->ref.refuser && sym->place->kind == PLACE_GLOBAL &&
           !model_global(ex->model, sym->place->decl->name);
}

/* True for an argument that every caller compares with the result: it knows what it got. */
static bool
is_compared(Explorer *ex, const Sym *sym)
{
    for (uint32_t i = 0; i < ex->fn->nparam && i < 8; i++) {
        if (sym_param(ex, i) == sym) {
            return ex->info->compared >> i & 1;
        }
    }
    return false;
}

static bool
withdrawn(Explorer *ex, const PendingReport *report)
{
    if (is_harmless(ex, report)) {
        return true;
    }
    if (report->is_param_excess && report->rule->on_lost) {
        return excess_is_contract(ex, report->sym);
    }
    if (report->rule->on_return && (told_in_callee(ex, report) || is_compared(ex, report->sym))) {
        return true;
    }
    if (report->rule->on_return && (report->is_return || report->is_param_excess)) {
        return !returns_new_elsewhere(ex) || is_consumed(ex, report->sym);
    }
    return false;
}

/* What the fingerprint is made from: engine.c numbers those that are equal. */
static const char *
fingerprint_key(Explorer *ex, const PendingReport *report)
{
    return arena_printf(ex->out, "%s|%s|%s|%s", report->rule->info.id, report->fault ? report->fault->usr : ex->fn->decl->usr,
                        callee_text(ex, report->ref.born), report->object);
}

/* A fact with one outcome a line, on one line: 'f(x) -> new | NULL raises'. */
static const char *
one_line(Explorer *ex, const char *text)
{
    StrBuf out;
    bool first = true;
    strbuf_init(&out, ex->out);
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, "\n"), blanks = strspn(at, " ");
        bool outcome = blanks < length && strncmp(at + blanks, "-> ", 3) == 0;
        if (outcome) {
            strbuf_puts(&out, first ? " -> " : " | ");
            strbuf_add(&out, at + blanks + 3, length - blanks - 3);
            first = false;
        }
        else {
            strbuf_add(&out, at, length);
        }
        at += length + (at[length] == '\n');
    }
    return out.text;
}

/* The text of a built-in fact under the name that its reader knows, outcomes after a bar. */
static const char *
shown_fact(Explorer *ex, const Summary *fact)
{
    const char *text = fact->text, *name = display_name(ex, fact->name), *arrow;
    StrBuf out;

    if (text_starts(text, fact->name)) {
        text = arena_printf(ex->out, "%s%s", name, text + strlen(fact->name));
    }
    strbuf_init(&out, ex->out);
    arrow = strstr(text, " -> ");
    while (arrow && strstr(arrow + 4, " -> ")) {
        const char *next = strstr(arrow + 4, " -> ");

        strbuf_add(&out, text, (size_t)(next - text));
        strbuf_puts(&out, " | ");
        text = next + 4;
        arrow = next;
    }
    strbuf_puts(&out, text);
    return out.text;
}

static const char *
fact_text(Explorer *ex, const PendingReport *report)
{
    if (!report->fact) {
        return NULL;
    }
    if (report->fact->text) {
        return shown_fact(ex, report->fact);
    }
    StrBuf buf;
    strbuf_init(&buf, ex->out);
    if (report->fact_case) {
        case_print(report->fact, report->fact_case, &buf);
    }
    else {
        facts_print(report->fact, &buf);
    }
    return one_line(ex, buf.text);
}

static void
append(Explorer *ex, const PendingReport *report, EngineResult *out)
{
    Finding *finding = ARENA_NEW(ex->out, Finding);
    finding->rule = &report->rule->info;
    finding->loc = report->place;
    finding->function = report->fault ? report->fault->fn : ex->fn->decl->name;
    finding->object = report->object;
    finding->message = report->message;
    finding->fact = fact_text(ex, report);
    finding->fact_doc = report->fact ? report->fact->doc : NULL;
    finding->fix = report->fix;
    finding->reach = report->reach;
    finding->confidence = report->confidence;
    finding->cause = report->cause;
    finding->fingerprint = fingerprint_key(ex, report);
    trace_steps(ex, report, finding);
    VEC_PUSH(ex->out, &out->findings, finding);
}

const Loc *
taken_at(const PendingReport *report)
{
    for (const Node *n = report->trace; n; n = n->pred) {
        if (n->kind == NODE_REFUSE && n->sym == report->sym) {
            return &n->at->loc;
        }
    }
    return report->unread && report->birth ? &report->birth->loc : &report->at->loc;
}

/* True when both are the same mistake: the failure of every PyModule_AddObject in a
 * module's initialisation, or every static type that one failure leaves behind. */
static bool
same_mistake(const PendingReport *a, const PendingReport *b)
{
    if (a->rule == b->rule && a->unread && b->unread && !a->fault && !b->fault) {
        return a->reach == b->reach; /* nobody looks at what any of these calls gives */
    }
    if (a->rule != b->rule || a->ref.refuser != b->ref.refuser || a->ref.born != b->ref.born ||
        a->reach != b->reach) {
        return false;
    }
    if (a->at->loc.macro && a->at->loc.macro == b->at->loc.macro && a->fact == b->fact &&
        a->birth && b->birth && a->birth->loc.macro == a->at->loc.macro) {
        return true; /* written once, in a macro */
    }
    if (a->ref.refuser) {
        return taken_at(a)->macro == taken_at(b)->macro;
    }
    return a->sym && b->sym && a->sym->kind == SYM_ADDR && b->sym->kind == SYM_ADDR &&
           a->on_failure && b->on_failure;
}

/* Of calls that nobody looks at, the first one in the source stands for all. */
static void
put_first(PendingReport **best, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = i + 1; best[i]->unread && j < n; j++) {
            if (best[j]->unread && same_mistake(best[i], best[j]) &&
                loc_compare(best[j]->place, best[i]->place) < 0) {
                PendingReport *first = best[j];
                best[j] = best[i];
                best[i] = first;
            }
        }
    }
}

static void
append_groups(Explorer *ex, PendingReport **best, uint32_t n, EngineResult *out)
{
    for (uint32_t i = 0; i < n; i++) {
        PendingReport *first = best[i];
        if (!first) {
            continue;
        }
        PendingReport **end = &first->same;
        for (uint32_t j = i + 1; j < n; j++) {
            if (best[j] && same_mistake(first, best[j])) {
                *end = best[j];
                end = &best[j]->same;
                best[j] = NULL;
            }
        }
        append(ex, first, out);
    }
}

void
events_finish(Explorer *ex, EngineResult *out)
{
    VEC(PendingReport *) best = {0};
    for (uint32_t i = 0; i < ex->reports.n; i++) {
        PendingReport *report = ex->reports.at[i];
        if (withdrawn(ex, report)) {
            continue;
        }
        uint32_t j = 0;
        while (j < best.n && !same_defect(best.at[j], report)) {
            j++;
        }
        if (j == best.n) {
            VEC_PUSH(ex->arena, &best, report);
        }
        else if (better(report, best.at[j])) {
            best.at[j] = report;
        }
    }
    put_first(best.at, best.n);
    append_groups(ex, best.at, best.n, out);
}

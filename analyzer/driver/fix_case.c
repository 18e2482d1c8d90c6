/* fix_case.c: what a proposal is made for: the place of a finding in the text, and the
 * name its author has for the object.
 */
#include "driver/fix.h"

#include <ctype.h>
#include <string.h>

static const char *const taking_names[] = {"Py_INCREF", "Py_XINCREF", NULL};

bool
fix_open(FixCase *fix)
{
    const Loc *loc = &fix->finding->loc;

    if (!text_equal(loc->file, fix->source->path)) {
        return false;
    }
    fix->offset = source_offset(fix->source, loc->line, loc->col);
    fix->source = source_focus(fix->source, fix->offset);
    fix->token = source_token(fix->source, fix->offset);
    fix->shape = shape_at(fix->source, fix->offset);
    if (fix->shape == NULL || fix->token >= fix->source->tokens.n) {
        return false;
    }
    fix->stmt = shape_stmt(fix->shape, fix->token);
    return true;
}

bool
fix_is_meant(const FixCase *fix)
{
    static const char *const words[] = {"immortal", "on purpose", "deliberate", "intentional",
                                        "never freed", "forever"};

    for (uint32_t i = 0; i < fix->finding->nsteps; i++) {
        const Loc *loc = &fix->finding->steps[i].loc;
        const char *line, *comment;
        uint32_t start;

        if (!text_equal(loc->file, fix->source->path) || loc->line < 1
            || loc->line > fix->source->lines.n) {
            continue;
        }
        start = fix->source->lines.at[loc->line - 1];
        line = arena_strndup(fix->arena, fix->source->text + start,
                             source_line_end(fix->source, start) - start);
        comment = strstr(line, "/*") != NULL ? strstr(line, "/*") : strstr(line, "//");
        for (size_t k = 0; comment != NULL && k < COUNT_OF(words); k++) {
            if (strcasestr(comment, words[k]) != NULL) {
                return true;
            }
        }
    }
    return false;
}

/* True for a variable, a field or an element as C writes it, without calls. */
static bool
is_place(const char *text)
{
    if (!isalpha((unsigned char)text[0]) && text[0] != '_') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (!isalnum((unsigned char)*text) && strchr("_.[]", *text) == NULL
            && !(text[0] == '-' && text[1] == '>') && !(text[0] == '>' && text[-1] == '-')) {
            return false;
        }
    }
    return true;
}

const Step *
fix_step(const FixCase *fix, StepKind kind, const char *part)
{
    for (uint32_t i = fix->finding->nsteps; i-- > 0;) {
        const Step *step = &fix->finding->steps[i];

        if (step->kind == kind && strstr(step->text, part) != NULL) {
            return step;
        }
    }
    return NULL;
}

uint32_t
fix_step_stmt(const FixCase *fix, const Step *step)
{
    uint32_t t;

    if (step == NULL || !text_equal(step->loc.file, fix->source->path)) {
        return NO_STMT;
    }
    t = source_token(fix->source, source_offset(fix->source, step->loc.line, step->loc.col));
    return t < fix->shape->open || t > fix->shape->close ? NO_STMT : shape_stmt(fix->shape, t);
}

/* True when a callee took the reference to the object and gave it back as its result, which
 * no variable of that name gets. */
static bool
is_result_unnamed(const FixCase *fix)
{
    const Step *step = fix_step(fix, STEP_CHANGE, " takes a reference to '");
    uint32_t s = fix_step_stmt(fix, step);
    const char *object = fix->finding->object;
    size_t length = strcspn(object, ".-[");
    const Stmt *stmt;

    if (s == NO_STMT || strstr(step->text, "INCREF ") != NULL
        || strstr(step->text, "NewRef ") != NULL) {
        return false;
    }
    stmt = &fix->shape->stmts.at[s];
    for (uint32_t t = stmt->first; t < stmt->last; t++) {
        if (token_is(fix->source, t, arena_strndup(fix->arena, object, length))
            && token_is(fix->source, t + 1, "=") && !token_is(fix->source, t + 2, "=")) {
            return false;
        }
    }
    return true;
}

/* The operand of the Py_INCREF that took the reference. */
static const char *
operand_taken(const FixCase *fix)
{
    const Step *step = fix_step(fix, STEP_CHANGE, "INCREF takes a reference to");
    uint32_t s = fix_step_stmt(fix, step);
    Call call;

    for (size_t i = 0; s != NO_STMT && taking_names[i] != NULL; i++) {
        uint32_t first = fix->shape->stmts.at[s].first;

        if (token_is(fix->source, first, taking_names[i])
            && call_at(fix->source, first, &call) && call.narg == 1) {
            return token_text(fix->source, call.arg[0][0], call.arg[0][1]);
        }
    }
    return NULL;
}

const char *
fix_operand(const FixCase *fix)
{
    const char *object = fix->finding->object, *argument;

    if (is_result_unnamed(fix)) {
        return NULL;
    }
    for (uint32_t s = 0; s < fix->shape->stmts.n; s++) {
        if (stmt_calls(fix->shape, s, release_names, object, &argument)
            && !stmt_starts(fix->shape, s, "Py_CLEAR")) {
            return argument; /* as released elsewhere, with its cast */
        }
    }
    if (is_place(object)
        && tokens_mention(fix->source, fix->shape->first, fix->shape->close,
                          arena_strndup(fix->arena, object, strcspn(object, ".-[")))) {
        argument = operand_taken(fix);
        return argument != NULL && argument[0] == '&' ? argument : object;
    }
    return NULL;
}

const char *
fix_variable(const FixCase *fix)
{
    const char *object = fix->finding->object;

    return is_place(object) && strpbrk(object, ".-[") == NULL ? object : NULL;
}

const char *
fix_probe_null(const FixCase *fix, const char *operand)
{
    return arena_printf(fix->arena, "{ extern void strayref_reachable(void); "
                        "if (!(%s)) strayref_reachable(); } ", operand);
}

const char *
fix_probe(const FixCase *fix, const char *operand)
{
    return arena_printf(fix->arena, "%s{ extern void strayref_mine(const void *); "
                        "strayref_mine(%s); } ", fix_probe_null(fix, operand), operand);
}

const char *
fix_probe_known(const FixCase *fix, const char *operand)
{
    return arena_printf(fix->arena, "{ extern void strayref_known(const void *); "
                        "strayref_known(%s); } ", operand);
}

Change
fix_retain(const FixCase *fix, const char *operand)
{
    if (shape_trusts(fix->shape, operand)) {
        return (Change){.text = arena_printf(fix->arena, "Py_INCREF(%s);", operand)};
    }
    return (Change){
        .text = arena_printf(fix->arena, "Py_INCREF(%s);", operand),
        .nullable = arena_printf(fix->arena, "Py_XINCREF(%s);", operand),
        .probe = fix_probe_null(fix, operand),
    };
}

Change
fix_release(const FixCase *fix, const char *operand)
{
    return (Change){
        .text = arena_printf(fix->arena, "Py_DECREF(%s);", operand),
        .nullable = arena_printf(fix->arena, "Py_XDECREF(%s);", operand),
        .probe = fix_probe(fix, operand),
    };
}

/* When the variable may be without a value at 's', an initialiser that is put in if the
 * probes say that its value matters. */
static bool
ensure_set(FixCase *fix, Proposal *out, uint32_t s)
{
    const char *name = fix_variable(fix);
    uint32_t t;
    Change change = {.text = "", .nullable = " = NULL"};

    if (name == NULL || shape_is_set(fix->shape, name, s)) {
        return true;
    }
    t = shape_declared(fix->shape, name);
    if (t >= fix->source->tokens.n) {
        return false;
    }
    change.start = change.end = fix->source->tokens.at[t].end;
    for (uint32_t i = 0; i < out->changes.list.n; i++) {
        if (out->changes.list.at[i].start == change.start) {
            return true;
        }
    }
    return changes_add(fix->arena, &out->changes, change);
}

bool
fix_change_before(FixCase *fix, Proposal *out, uint32_t s, Change change)
{
    return fix_put_before(fix, out, s, change) && ensure_set(fix, out, s);
}

bool
fix_release_before(FixCase *fix, Proposal *out, uint32_t s, const char *operand)
{
    return fix_change_before(fix, out, s, fix_release(fix, operand));
}

const FixWay *
fix_ways(const char *rule)
{
    static const FixWay none[] = {NULL};
    static const struct {
        const char *rule;
        const FixWay *ways;
    } table[] = {
        {"leak", fix_leak_ways},
        {"double-decref", fix_release_ways},
        {"stolen-reference", fix_stolen_ways},
        {"use-after-release", fix_use_ways},
        {"return-borrowed", fix_borrowed_ways},
        {"store-borrowed", fix_store_ways},
        {"memory-leak", fix_memory_ways},
        {"overwrite-owned", fix_overwrite_ways},
        {"null-reference", fix_null_ways},
        {"gc-traverse-missing", fix_visit_ways},
        {"gc-clear-missing", fix_clear_ways},
        {"dealloc-field-leak", fix_clear_ways},
    };

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (text_equal(rule, table[i].rule)) {
            return table[i].ways;
        }
    }
    return none;
}

/* suppress.c: the comments of the project's source, applied to the findings.
 *
 * A comment counts where the finding is reported and where its object was made; in a
 * macro's definition it counts wherever code of that macro is meant.  What a comment says
 * for nothing, or wrongly, becomes a finding of its own.
 */
#include "driver/suppress.h"

#include <string.h>

#include "engine/rule.h"

/* ---- applying ----------------------------------------------------------------------- */

static bool
covers(Suppressor *s, const Suppression *one, Loc loc)
{
    if (one->macro != NULL && suppress_in_macro(s, loc, one->macro)) {
        return true;
    }
    return loc.line >= one->first && loc.line <= one->last && text_equal(loc.file, one->loc.file);
}

static bool
covers_finding(Suppressor *s, const Suppression *one, const Finding *finding)
{
    if (covers(s, one, finding->loc)) {
        return true;
    }
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        if (finding->steps[i].kind == STEP_MADE) {
            return covers(s, one, finding->steps[i].loc);
        }
    }
    return false;
}

/* Marks the finding when a comment suppresses it, and the comment as used.  A finding about
 * comments must be meant by name, else no comment for all rules would ever be unused. */
static void
apply_to(Suppressor *s, Finding *finding)
{
    bool about_comments = finding->rule == &rule_unused_suppression.info
                          || finding->rule == &rule_unknown_suppression.info;

    for (uint32_t i = 0; i < s->found.all.n; i++) {
        Suppression *one = &s->found.all.at[i];
        bool meant = one->nnames == 0 && !about_comments;

        if (!covers_finding(s, one, finding)) {
            continue;
        }
        for (uint32_t k = 0; k < one->nnames; k++) {
            if (suppress_matches(one->names[k].rule, finding->rule->id)
                && (!about_comments || text_equal(one->names[k].rule, finding->rule->id))) {
                one->names[k].used = true;
                meant = true;
            }
        }
        one->quiet = one->quiet || (meant && one->nnames == 0);
        if (meant && finding->suppressed == NULL) {
            finding->suppressed = one->reason;
        }
    }
}

/* ---- findings about comments -------------------------------------------------------- */

static Finding *
add_finding(Suppressor *s, const RuleInfo *rule, Loc loc, const char *function,
            const char *message, const char *fix)
{
    RunResult *run = &s->scan->result;
    Arena *arena = s->arena;
    Finding *finding = ARENA_NEW(arena, Finding);
    Step *step = ARENA_NEW(arena, Step);
    Finding **all = ARENA_ARRAY(arena, Finding *, run->nfindings + 2);
    const char *path = path_relative(arena, run->root, loc.file);
    const char *key = arena_printf(arena, "%s|%s|%s|%s", rule->id, path,
                                   function != NULL ? function : "", message);

    *step = (Step){.loc = loc, .kind = STEP_LOST, .text = message};
    *finding = (Finding){
        .rule = rule, .loc = loc, .function = function != NULL ? function : "", .object = "",
        .message = message, .fix = fix, .steps = step, .nsteps = 1,
        .fingerprint = arena_printf(arena, "%016llx", (unsigned long long)
                                    hash_bytes(key, strlen(key), 0)),
        .cause = "a comment for strayref"};
    if (run->nfindings > 0) {
        memcpy(all, run->findings, run->nfindings * sizeof(Finding *));
    }
    run->findings = all;
    all[run->nfindings++] = finding;
    return finding;
}

static void
tell_problems(Suppressor *s, bool aloud)
{
    for (uint32_t i = 0; i < s->found.problems.n; i++) {
        const SuppressProblem *problem = &s->found.problems.at[i];
        const Finding *finding = add_finding(s, &rule_unknown_suppression.info, problem->loc, NULL,
                                             problem->what, problem->fix);

        if (aloud) {
            say("%s:%u:%u: %s in a comment for strayref: %s",
                path_shown(s->arena, problem->loc.file), problem->loc.line, problem->loc.col,
                problem->what, problem->fix);
        }
        VEC_PUSH(s->arena, &s->scan->wrong_comments, finding);
    }
}

/* "leak, double-decref"; "any rule" without names. */
static const char *
names_text(Arena *arena, const Suppression *one)
{
    StrBuf out;

    strbuf_init(&out, arena);
    for (uint32_t i = 0; i < one->nnames; i++) {
        strbuf_printf(&out, "%s%s", i > 0 ? ", " : "", one->names[i].rule);
    }
    return one->nnames > 0 ? out.text : "any rule";
}

static void
tell_reasons(Suppressor *s)
{
    for (uint32_t i = 0; i < s->found.all.n; i++) {
        const Suppression *one = &s->found.all.at[i];

        if (one->reason[0] == '\0') {
            add_finding(s, &rule_unknown_suppression.info, one->loc, one->function,
                        arena_printf(s->arena, "suppression of %s without a reason",
                                     names_text(s->arena, one)),
                        "write the reason after the rules: -- reason");
        }
    }
}

/* Where the author may have meant it to stand. */
static const char *
unused_fix(const Suppression *one)
{
    return one->form == SUPPRESS_LINE && one->macro == NULL && one->first > 0
               ? "remove it, or put it on the line of the finding ('ignore-next-line' stands "
                 "above that line)"
               : "remove it";
}

/* Tells of the name that has met nothing; NULL for a suppression of every rule. */
static void
tell_unused(Suppressor *s, const Suppression *one, const SuppressName *name)
{
    const RuleInfo *rule = &rule_unused_suppression.info;
    bool own = name != NULL && text_equal(name->rule, rule->id);
    Finding *finding = add_finding(s, rule, one->loc, one->function,
                                   arena_printf(s->arena, "suppression of %s meets no finding",
                                                name != NULL ? name->rule : "any rule"),
                                   unused_fix(one));

    if (!own) {
        apply_to(s, finding);
    }
}

/* Tells of what suppresses nothing; 'own': of the names that mean this very rule, which
 * may have been used by what was told before. */
static void
tell_all_unused(Suppressor *s, bool own)
{
    for (uint32_t i = 0; i < s->found.all.n; i++) {
        const Suppression *one = &s->found.all.at[i];

        if (one->quiet) {
            continue;
        }
        if (one->nnames == 0 && !own) {
            tell_unused(s, one, NULL);
        }
        for (uint32_t k = 0; k < one->nnames; k++) {
            const SuppressName *name = &one->names[k];
            bool is_own = text_equal(name->rule, rule_unused_suppression.info.id);

            if (name->known && !name->used && is_own == own) {
                tell_unused(s, one, name);
            }
        }
    }
}

void
suppress_apply(Scan *scan, bool require_reason, bool aloud)
{
    Suppressor s = {.arena = scan->arena, .scan = scan};

    suppress_find(&s);
    for (uint32_t i = 0; i < scan->result.nfindings; i++) {
        apply_to(&s, scan->result.findings[i]);
    }
    tell_problems(&s, aloud);
    if (require_reason) {
        tell_reasons(&s);
    }
    tell_all_unused(&s, false);
    tell_all_unused(&s, true);
}

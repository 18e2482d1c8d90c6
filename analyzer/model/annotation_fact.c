/* annotation_fact.c: claims -> a fact of their own where no body is known, or
 * corrections of the summary that was computed from the body.
 */
#include "model/annotation.h"

/* ---- a fact of their own ----------------------------------------------------- */

static void
put_params(const Annotation *note, StrBuf *out)
{
    strbuf_printf(out, "%s(", note->name);
    for (uint8_t i = 0; i < note->nparam; i++) {
        const Param *param = &note->param[i];
        bool nullable = annotation_claim(note, WORD_NULLABLE, i) != NULL;

        strbuf_printf(out, "%s%s%s%s%s", i > 0 ? ", " : "", param->name,
                      nullable ? "?" : "", param->kind == PARAM_OBJ ? "" : ":",
                      kind_words[param->kind]);
    }
    strbuf_printf(out, "%s) [calls] [writes]\n",
                  !note->variadic ? "" : note->nparam > 0 ? ", escape ..." : "escape ...");
}

/* " = new" for what an address points to, as claimed, else unknown. */
static void
put_out(const Annotation *note, uint8_t param, bool success, StrBuf *out)
{
    const Claim *claim = annotation_claim(note, WORD_OUT, param);
    ResultKind kind = claim != NULL && success ? claim->word->result : RESULT_ANY;

    strbuf_printf(out, "%s = %s", note->param[param].name, result_words[kind]);
}

/* What an outcome does to each parameter, ": ..." */
static void
put_effects(const Annotation *note, bool success, StrBuf *out)
{
    const char *before = ": ";

    for (uint8_t i = 0; i < note->nparam; i++) {
        const Claim *claim = annotation_claim(note, WORD_EFFECT, i);
        bool is_address = note->param[i].kind == PARAM_OBJP
                          || note->param[i].kind == PARAM_PTR;

        if (claim != NULL && (success || !claim->word->on_success)) {
            strbuf_printf(out, "%s%s %s", before, effect_words[claim->word->effect],
                          note->param[i].name);
        }
        else if (claim == NULL && is_address) {
            strbuf_puts(out, before);
            put_out(note, i, success, out);
        }
        else {
            continue;
        }
        before = ", ";
    }
}

static void
put_outcome(const Annotation *note, const char *result, const char *err, bool success,
            StrBuf *out)
{
    strbuf_printf(out, "    -> %s%s%s", result, *err != '\0' ? " " : "", err);
    put_effects(note, success, out);
    strbuf_putc(out, '\n');
}

/* "borrowed list" */
static const char *
claimed_result(Arena *arena, const Annotation *note)
{
    const Claim *claim = annotation_claim(note, WORD_RESULT, -1);

    if (claim == NULL) {
        return NULL;
    }
    return arena_printf(arena, "%s%s%s", result_words[claim->word->result],
                        claim->param >= 0 ? " " : "",
                        claim->param >= 0 ? note->param[claim->param].name : "");
}

static void
put_outcomes(Arena *arena, const Annotation *note, StrBuf *out)
{
    const char *result = claimed_result(arena, note);
    bool raises = annotation_claim(note, WORD_RAISES, -1) != NULL;
    bool is_pointer = text_equal(note->result, "obj") || text_equal(note->result, "ptr");

    if (text_equal(note->result, "int")) {
        bool negative = annotation_claim(note, WORD_NEGATIVE_RAISES, -1) != NULL;

        put_outcome(note, "0..", raises ? "raises" : "unknown", true, out);
        put_outcome(note, "..-1", raises || negative ? "raises" : "unknown", false, out);
    }
    else if (!is_pointer) {
        put_outcome(note, "void", raises ? "raises" : "unknown", true, out);
    }
    else if (result == NULL) {
        put_outcome(note, raises ? "NULL" : "any", raises ? "raises" : "unknown", !raises, out);
    }
    else {
        bool is_same = text_starts(result, result_words[RESULT_SAME]);

        if (!raises) {
            put_outcome(note, result, "", true, out);
        }
        if (raises || !is_same) {
            put_outcome(note, "NULL", "raises", false, out);
        }
    }
}

static void
keep_fact(void *payload, Summary *summary)
{
    *(Summary **)payload = summary;
}

Summary *
annotation_fact(Arena *arena, Strings *strings, const Annotation *note)
{
    Summary *fact = NULL;
    FactSink sink = {.on_fact = keep_fact, .payload = &fact};
    StrBuf text;

    if (note->whole != NULL) {
        fact = arena_copy(arena, note->whole, sizeof(Summary));
    }
    else {
        strbuf_init(&text, arena);
        put_params(note, &text);
        put_outcomes(arena, note, &text);
        facts_read(arena, strings, "annotation", text.text, &sink);
    }
    if (fact != NULL) {
        fact->origin = ORIGIN_ANNOTATION;
    }
    return fact;
}

/* ---- corrections of a computed summary ----------------------------------------- */

typedef struct Merge {
    Arena *arena;
    const Annotation *note;
    Summary *summary;
    FactErrorFn on_conflict;
    void *payload;
    uint32_t told; /* bits: each kind of conflict once */
} Merge;

enum { TOLD_RESULT = 1, TOLD_RAISES = 2, TOLD_PARAM = 4 }; /* TOLD_PARAM << parameter */

static void PRINTF_LIKE(3, 4)
tell(Merge *merge, uint32_t bit, const char *format, ...)
{
    char message[512];
    va_list args;

    if ((merge->told & bit) != 0 || merge->on_conflict == NULL) {
        return;
    }
    merge->told |= bit;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    merge->on_conflict(merge->payload, arena_printf(merge->arena, "%s: %s is annotated %s",
                                                    merge->note->place, merge->note->name,
                                                    message));
}

static bool
gives_new(ResultKind kind)
{
    return kind == RESULT_NEW || kind == RESULT_SHARED;
}

static bool
is_failure(const Case *c)
{
    return c->ret.kind == RESULT_NULL || c->err == ERR_RAISES || c->err == ERR_NOMEM
           || (c->ret.kind == RESULT_INT && c->ret.hi < 0);
}

/* The effect of an outcome on a parameter itself, or NULL. */
static const Effect *
effect_on(const Case *c, int param)
{
    for (uint32_t i = 0; i < c->neffect; i++) {
        if (c->effect[i].param == param && c->effect[i].path == NULL) {
            return &c->effect[i];
        }
    }
    return NULL;
}

static void
merge_result(Merge *merge, Case *c)
{
    const Claim *claim = annotation_claim(merge->note, WORD_RESULT, -1);
    ResultKind found = c->ret.kind;

    if (claim == NULL || found == RESULT_NULL || found == RESULT_INT || found == RESULT_VOID) {
        return;
    }
    if (found == RESULT_SAME) {
        const Effect *effect = effect_on(c, c->ret.from);
        found = effect != NULL && effect->kind == EFFECT_RETAIN ? RESULT_NEW : RESULT_BORROWED;
    }
    if (found != RESULT_ANY && found != RESULT_PTR
        && gives_new(found) != gives_new(claim->word->result)) {
        tell(merge, TOLD_RESULT, "'%s', but its body returns a %s reference",
             claim->word->name, gives_new(found) ? "new" : "borrowed");
    }
    if (c->ret.kind != RESULT_SAME || gives_new(found) != gives_new(claim->word->result)) {
        c->ret = (Result){.kind = claim->word->result, .from = (int8_t)claim->param};
    }
}

static void
merge_raises(Merge *merge, Case *c)
{
    const Claim *claim = annotation_claim(merge->note, WORD_RAISES, -1);

    if (claim == NULL && c->ret.kind == RESULT_INT && c->ret.hi < 0) {
        claim = annotation_claim(merge->note, WORD_NEGATIVE_RAISES, -1);
    }
    if (claim == NULL || c->err == ERR_RAISES || c->err == ERR_NOMEM) {
        return;
    }
    if (c->err != ERR_UNKNOWN) {
        tell(merge, TOLD_RAISES, "'%s', but its body has a path that sets none",
             claim->word->name);
    }
    c->err = ERR_RAISES;
}

/* What the body does to an argument, in words; NULL when it is what was claimed, or
 * when unknown code saw the argument. */
static const char *
deviation(const Summary *summary, const Case *c, const Claim *claim)
{
    const Effect *found = effect_on(c, claim->param);
    EffectKind wanted = claim->word->effect;
    bool gives_up = wanted == EFFECT_STEAL || wanted == EFFECT_RELEASE;

    if (summary->partial || summary->writes || c->guard[claim->param] == GUARD_NULL
        || (found != NULL && (found->kind == wanted || found->kind == EFFECT_ESCAPE))) {
        return NULL;
    }
    if (found == NULL) {
        return gives_up ? "leaves the reference with the caller" : NULL;
    }
    if (gives_up) {
        return found->kind == EFFECT_STEAL || found->kind == EFFECT_RELEASE
                   ? NULL
                   : "takes a reference of its own";
    }
    return found->kind == EFFECT_STEAL || found->kind == EFFECT_RELEASE
               ? "takes the caller's reference"
               : NULL;
}

/* Replaces what happens to one parameter. */
static void
set_effect(Merge *merge, Case *c, const Claim *claim)
{
    Effect *effect = ARENA_ARRAY(merge->arena, Effect, c->neffect + 1);
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->neffect; i++) {
        if (c->effect[i].param != claim->param || c->effect[i].path != NULL) {
            effect[n++] = c->effect[i];
        }
    }
    if (!claim->word->on_success || !is_failure(c)) {
        effect[n] = (Effect){.kind = claim->word->effect, .param = (uint8_t)claim->param,
                             .result = {.kind = RESULT_VOID, .from = -1}};
        if (claim->word->effect == EFFECT_KEEP) {
            effect[n].result.from = default_keeper(merge->summary, (unsigned)claim->param);
        }
        n++;
    }
    c->effect = effect;
    c->neffect = n;
}

/* True when the outcome takes the reference and returns it: nothing changes hands. */
static bool
hands_back(const Case *c, const Claim *claim)
{
    return (claim->word->effect == EFFECT_STEAL || claim->word->effect == EFFECT_RELEASE)
           && c->ret.kind == RESULT_SAME && c->ret.from == claim->param;
}

static void
merge_effects(Merge *merge, Case *c)
{
    for (uint32_t i = 0; i < merge->note->claims.n; i++) {
        const Claim *claim = &merge->note->claims.at[i];
        const char *other;

        if (claim->word->kind != WORD_EFFECT || claim->param >= merge->summary->nparam
            || hands_back(c, claim)) {
            continue;
        }
        other = claim->word->on_success && is_failure(c)
                    ? NULL
                    : deviation(merge->summary, c, claim);
        if (other != NULL) {
            tell(merge, (uint32_t)TOLD_PARAM << (claim->param % 29),
                 "'%s(%d)', but its body has a path that %s", claim->word->name,
                 claim->param + 1, other);
        }
        set_effect(merge, c, claim);
    }
}

/* An unknown result of a function that may return NULL becomes two outcomes. */
static void
split_unknown(Merge *merge)
{
    Summary *summary = merge->summary;
    Case *cases = ARENA_ARRAY(merge->arena, Case, 2 * summary->ncases + 1);
    uint32_t n = 0;

    for (uint32_t i = 0; i < summary->ncases; i++) {
        cases[n++] = summary->cases[i];
        if (summary->cases[i].ret.kind == RESULT_ANY) {
            cases[n] = summary->cases[i];
            cases[n].ret = (Result){.kind = RESULT_NULL, .from = -1};
            cases[n++].err = ERR_RAISES;
        }
    }
    summary->cases = cases;
    summary->ncases = n;
}

/* True when some outcome gives a new (or, if not 'fresh', a borrowed) reference. */
static bool
may_give(const Summary *summary, bool fresh)
{
    for (uint32_t i = 0; i < summary->ncases; i++) {
        ResultKind kind = summary->cases[i].ret.kind;

        if (fresh ? gives_new(kind) : kind == RESULT_BORROWED) {
            return true;
        }
    }
    return false;
}

/* The fact replaces all that was computed. */
static void
merge_whole(Merge *merge)
{
    Summary *computed = merge->summary;
    const Summary *whole = merge->note->whole;
    Str name = computed->name;

    for (int fresh = 0; fresh <= 1; fresh++) {
        if (may_give(computed, fresh) && !may_give(whole, fresh)
            && may_give(whole, !fresh)) {
            tell(merge, TOLD_RESULT, "with a fact, but its body returns a %s reference",
                 fresh ? "new" : "borrowed");
        }
    }
    *computed = *whole;
    computed->name = name;
}

void
annotation_merge(Arena *arena, const Annotation *note, Summary *computed,
                 FactErrorFn on_conflict, void *payload)
{
    Merge merge = {.arena = arena, .note = note, .summary = computed,
                   .on_conflict = on_conflict, .payload = payload};

    if (note->whole != NULL) {
        merge_whole(&merge);
        return;
    }
    if (annotation_claim(note, WORD_RESULT, -1) != NULL) {
        split_unknown(&merge);
    }
    for (uint32_t i = 0; i < computed->ncases; i++) {
        merge_result(&merge, &computed->cases[i]);
        merge_effects(&merge, &computed->cases[i]);
        merge_raises(&merge, &computed->cases[i]);
    }
    for (uint8_t i = 0; i < computed->nparam; i++) {
        if (annotation_claim(note, WORD_NULLABLE, i) != NULL) {
            computed->param[i].nullable = true;
        }
    }
    summary_normalise(computed);
}

/* facts_case.c: the right side of a fact: outcomes and their effects.
 *
 * Also what a parameter's own effect shares with them.
 */
#include "model/reader.h"

/* ---- effects ------------------------------------------------------------ */

int
find_param(const Reader *r, Str name)
{
    for (uint32_t i = 0; i < r->param.n; i++) {
        if (r->param.at[i].name == name) {
            return (int)i;
        }
    }
    return -1;
}

/* The index of the parameter named next. */
bool
read_param_name(Reader *r, int *index)
{
    const char *start;
    Str name;

    facts_lex_skip_blanks(r);
    start = r->at;
    name = facts_lex_take_word(r);
    if (name == NULL) {
        return facts_lex_fail(r, "no parameter named; expected the name of a parameter");
    }
    *index = find_param(r, name);
    if (*index < 0) {
        r->at = start;
        return facts_lex_fail(
            r, "no parameter called '%s'; expected the name of a parameter", name);
    }
    return true;
}

/* Takes an effect word, but only where it stands before the name of its
 * parameter: a parameter may be called "free" or "keep". */
bool
read_effect_word(Reader *r, EffectKind *kind)
{
    const char *start = r->at;
    int index = facts_lex_accept_from(r, effect_words, COUNT_OF(effect_words));

    if (index >= 0 && (facts_lex_peek_word(r) > 0 || facts_lex_next_is(r, "..."))) {
        *kind = (EffectKind)index;
        return true;
    }
    r->at = start;
    return false;
}

Effect
effect_make(EffectKind kind, uint8_t param)
{
    return (Effect){
        .kind = kind,
        .param = param,
        .result = {.kind = kind == EFFECT_RESET ? RESULT_NULL : RESULT_VOID, .from = -1}};
}

/* After "keep x": the rest of "keep x in y" as the name y. */
bool
read_keeper(Reader *r, Str *keeper)
{
    *keeper = NULL;
    if (!facts_lex_accept_word(r, "in")) {
        return true;
    }
    *keeper = facts_lex_take_word(r);
    return *keeper != NULL
           || facts_lex_fail(
               r, "no holder named; expected a parameter or 'nobody' after 'in'");
}

/* Fills in who holds what "keep" takes. */
bool
effect_set_keeper(Reader *r, Effect *effect, Str keeper)
{
    if (keeper == NULL) {
        effect->result.from = default_keeper(r->fact, effect->param);
    }
    else if (strcmp(keeper, "nobody") != 0) {
        int index = find_param(r, keeper);
        if (index < 0) {
            return facts_lex_fail(
                r, "no parameter called '%s'; expected a parameter or 'nobody'", keeper);
        }
        effect->result.from = (int8_t)index;
    }
    return true;
}

/* True when the effect makes sense for the kind of parameter it is about. */
bool
effect_check(Reader *r, const Effect *effect)
{
    ParamKind kind;

    if (effect->param == PARAM_REST || effect->path != NULL
        || effect->kind == EFFECT_ESCAPE) {
        return true;
    }
    kind = r->param.at[effect->param].kind;
    if (kind == PARAM_INT) {
        return facts_lex_fail(
            r, "nothing happens to a number; expected another kind of parameter");
    }
    if (kind == PARAM_OBJ
        && (effect->kind == EFFECT_OUT || effect->kind == EFFECT_RESET)) {
        return facts_lex_fail(
            r, "only what an address points to changes; expected ':objp' or ':ptr' "
               "for this parameter");
    }
    return true;
}

/* ---- results ------------------------------------------------------------ */

static bool
read_number(Reader *r, int64_t *number)
{
    bool negative = facts_lex_accept(r, "-");
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    uint64_t value = 0;
    const char *start = r->at;

    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        uint64_t digit = (uint64_t)(*r->at - '0');
        if (value > (limit - digit) / 10) {
            return facts_lex_fail(r, "number too large; expected one that fits 64 bits");
        }
        value = value * 10 + digit;
    }
    if (r->at == start) {
        return facts_lex_fail(r, "no number; expected digits");
    }
    *number = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static bool
next_is_number(Reader *r)
{
    facts_lex_skip_blanks(r);
    return r->at < r->end && (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'));
}

/* 3, 0..1, 1.., ..-1 */
static bool
read_range(Reader *r, Result *result)
{
    *result = (Result){.kind = RESULT_INT, .from = -1, .lo = INT64_MIN, .hi = INT64_MAX};
    if (!facts_lex_next_is(r, "..")) {
        if (!read_number(r, &result->lo)) {
            return false;
        }
        if (!facts_lex_next_is(r, "..")) {
            result->hi = result->lo;
            return true;
        }
    }
    r->at += 2;
    if (next_is_number(r) && !read_number(r, &result->hi)) {
        return false;
    }
    return result->lo <= result->hi
           || facts_lex_fail(r, "empty range; expected LOW..HIGH");
}

/* After a parameter: the path of "->path", or NULL when there is none; false on error. */
static bool
read_path(Reader *r, Str *path)
{
    const char *start;

    *path = NULL;
    if (r->end - r->at <= 2 || memcmp(r->at, "->", 2) != 0) {
        return true;
    }
    start = r->at += 2;
    while (r->at < r->end && (is_word_byte(*r->at) || strchr(".[]*", *r->at) != NULL)) {
        r->at++;
    }
    if (r->at == start) {
        return facts_lex_fail(r, "no field named; expected a field after '->'");
    }
    *path = str_intern_n(r->strings, start, (size_t)(r->at - start));
    return true;
}

/* The parameter after borrowed, same, ptr, and the field of it after field. */
static bool
read_from(Reader *r, Result *result)
{
    int index = -1;

    if (facts_lex_peek_word(r) == 0
        || facts_lex_find_word(r, error_words, COUNT_OF(error_words)) >= 0) {
        return (result->kind != RESULT_SAME && result->kind != RESULT_FIELD)
               || facts_lex_fail(r, "'%s' names no parameter; expected its name",
                                 result_words[result->kind]);
    }
    if (!read_param_name(r, &index)) {
        return false;
    }
    result->from = (int8_t)index;
    return result->kind != RESULT_FIELD
           || (read_path(r, &result->path)
               && (result->path != NULL
                   || facts_lex_fail(r, "'field' names no field; expected '->' and its name")));
}

static bool
read_result(Reader *r, Result *result)
{
    int kind;

    if (next_is_number(r) || facts_lex_next_is(r, "..")) {
        return read_range(r, result);
    }
    kind = facts_lex_accept_from(r, result_words, COUNT_OF(result_words));
    if (kind < 0) {
        return facts_lex_fail(
            r, "unknown result; expected void, new, borrowed [x], same x, NULL, "
               "ptr [x], field x->name, int, a number, a range or any");
    }
    *result = (Result){.kind = (ResultKind)kind, .from = -1};
    if (kind == RESULT_INT) {
        result->lo = INT64_MIN;
        result->hi = INT64_MAX;
    }
    return !result_has_from(result->kind) || read_from(r, result);
}

/* The parameter an effect is about, or a field path below it. */
static bool
read_target(Reader *r, Effect *effect)
{
    int index = 0;

    if (facts_lex_accept(r, "...")) {
        if (!r->fact->variadic) {
            return facts_lex_fail(
                r, "the fact is not variadic; expected '...' among the parameters");
        }
        effect->param = PARAM_REST;
        return true;
    }
    if (!read_param_name(r, &index)) {
        return false;
    }
    effect->param = (uint8_t)index;
    return read_path(r, &effect->path);
}

/* steal x, keep x in y, reset x = RESULT, x->field = RESULT */
static bool
read_effect(Reader *r)
{
    EffectKind kind = EFFECT_OUT;
    bool has_word = read_effect_word(r, &kind);
    Effect effect = effect_make(kind, 0);
    const char *start;
    Str keeper;

    facts_lex_skip_blanks(r);
    start = r->at;
    if (!read_target(r, &effect)) {
        return false;
    }
    if (kind == EFFECT_KEEP
        && (!read_keeper(r, &keeper) || !effect_set_keeper(r, &effect, keeper))) {
        return false;
    }
    if (facts_lex_accept(r, "=")) {
        if (kind != EFFECT_OUT && kind != EFFECT_RESET) {
            return facts_lex_fail(r, "'%s' sets nothing; expected ',' or the end",
                                  effect_words[kind]);
        }
        if (!read_result(r, &effect.result)) {
            return false;
        }
    }
    else if (!has_word) {
        return facts_lex_fail(
            r, "no effect; expected '= RESULT' here, or an effect before the name");
    }
    const char *after = r->at;
    r->at = start;
    if (!effect_check(r, &effect)) {
        return false;
    }
    r->at = after;
    VEC_PUSH(r->arena, &r->effect, effect);
    return true;
}

/* when x not PyLong: one more kind that parameter 'index' is not. */
static bool
read_kind(Reader *r, Case *c, int index)
{
    const char *start;
    Str word;
    Kinds kind, *grown = ARENA_ARRAY(r->arena, Kinds, PARAM_MAX);

    facts_lex_skip_blanks(r);
    start = r->at;
    word = facts_lex_take_word(r);
    kind = word != NULL ? kind_find(word, strlen(word)) : 0;
    if (kind == 0) {
        r->at = start;
        return facts_lex_fail(r, "unknown kind; expected one such as PyLong or PySetExact");
    }
    for (int i = 0; c->unlike != NULL && i < PARAM_MAX; i++) {
        grown[i] = c->unlike[i];
    }
    grown[index] |= kind;
    c->unlike = grown;
    return true;
}

/* x NULL, *y notnull, z not PyLong: one condition. */
static bool
read_guard(Reader *r, Case *c)
{
    bool held = facts_lex_accept(r, "*");
    int index = 0, sign;

    if (!read_param_name(r, &index)) {
        return false;
    }
    if (facts_lex_accept_word(r, "NULL")) {
        c->guard[index] = held ? GUARD_HELD_NULL : GUARD_NULL;
        return true;
    }
    if (facts_lex_accept_word(r, "notnull")) {
        c->guard[index] = held ? GUARD_HELD_NOTNULL : GUARD_NOTNULL;
        return true;
    }
    if (!held && facts_lex_accept_word(r, "uncached")) {
        c->guard[index] = GUARD_UNCACHED;
        return true;
    }
    if (!held && facts_lex_accept_word(r, "not")) {
        return read_kind(r, c, index);
    }
    sign = held ? -1 : facts_lex_accept_from(r, sign_words, COUNT_OF(sign_words));
    if (sign < 0) {
        return facts_lex_fail(r, "unknown condition; expected NULL, notnull, uncached, "
                                 "negative, notnegative, positive or not KIND");
    }
    c->guard[index] = (uint8_t)(GUARD_NEGATIVE + sign);
    return true;
}

/* when GUARD, ...: */
static bool
read_guards(Reader *r, Case *c)
{
    do {
        if (!read_guard(r, c)) {
            return false;
        }
    } while (facts_lex_accept(r, ","));
    return facts_lex_accept(r, ":")
           || facts_lex_fail(r, "condition does not end; expected ',' or ':'");
}

/* [when GUARDS:] RESULT [EXCEPTION] [: EFFECTS] */
bool
read_case(Reader *r)
{
    Case c = {0};
    int err;

    r->effect.n = 0;
    for (uint32_t i = 0; i < r->prefix.n; i++) {
        VEC_PUSH(r->arena, &r->effect, r->prefix.at[i].effect);
    }
    if (facts_lex_accept_word(r, "when") && !read_guards(r, &c)) {
        return false;
    }
    if (!read_result(r, &c.ret)) {
        return false;
    }
    err = facts_lex_accept_from(r, error_words, COUNT_OF(error_words));
    c.err = err > 0 ? (ErrorEffect)err : ERR_SAME;
    c.misused = facts_lex_accept_word(r, "misused");
    if (facts_lex_accept(r, ":")) {
        do {
            if (!read_effect(r)) {
                return false;
            }
        } while (facts_lex_accept(r, ","));
    }
    c.neffect = r->effect.n;
    c.effect = arena_copy(r->arena, r->effect.at, sizeof(Effect) * c.neffect);
    VEC_PUSH(r->arena, &r->cases, c);
    return true;
}

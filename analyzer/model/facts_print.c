/* facts_print.c: summaries -> the facts language.
 *
 * The form is canonical: effects that hold in every outcome stand before
 * their parameter, everything fits on one line unless outcomes differ in
 * their effects.  Reading the text gives an equal summary.
 */
#include "model/words.h"

/* A summary on its way out: readable parameter names, and the effect that
 * stands before each parameter. */
typedef struct Printer {
    const Summary *summary;
    StrBuf *out;
    const char *name[PARAM_MAX];
    const Effect *prefix[PARAM_MAX + 1]; /* the last for '...'; NULL for none */
} Printer;

static unsigned
prefix_slot(const Effect *effect)
{
    return effect->param == PARAM_REST ? PARAM_MAX : effect->param;
}

/* ---- names -------------------------------------------------------------- */

static bool
is_name(const char *text)
{
    if (text == NULL || *text == '\0' || is_reserved(text)) {
        return false;
    }
    while (is_word_byte(*text)) {
        text++;
    }
    return *text == '\0';
}

static bool
is_taken(const Printer *p, uint8_t n, const char *name)
{
    for (uint8_t i = 0; i < n; i++) {
        if (strcmp(p->name[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes the parameters' own names where the language can read them. */
static void
choose_names(Printer *p)
{
    assert(p->summary->nparam <= PARAM_MAX);
    for (uint8_t i = 0; i < p->summary->nparam; i++) {
        const char *name = p->summary->param[i].name;
        if (!is_name(name)) {
            name = arena_printf(p->out->arena, "arg%d", i + 1);
        }
        while (is_taken(p, i, name)) {
            name = arena_printf(p->out->arena, "%s_", name);
        }
        p->name[i] = name;
    }
}

/* ---- results ------------------------------------------------------------ */

static void
print_range(StrBuf *out, int64_t lo, int64_t hi)
{
    if (lo == INT64_MIN && hi == INT64_MAX) {
        strbuf_puts(out, "int");
        return;
    }
    if (lo != INT64_MIN) {
        strbuf_printf(out, "%lld", (long long)lo);
    }
    if (lo != hi) {
        strbuf_puts(out, "..");
        if (hi != INT64_MAX) {
            strbuf_printf(out, "%lld", (long long)hi);
        }
    }
}

static void
print_result(const Printer *p, const Result *result)
{
    if (result->kind == RESULT_INT) {
        print_range(p->out, result->lo, result->hi);
        return;
    }
    strbuf_puts(p->out, result_words[result->kind]);
    if (result_has_from(result->kind) && result->from >= 0) {
        strbuf_printf(p->out, " %s", p->name[result->from]);
    }
    if (result->kind == RESULT_FIELD) {
        strbuf_printf(p->out, "->%s", result->path);
    }
}

/* ---- effects ------------------------------------------------------------ */

static bool
same_effect(const Effect *a, const Effect *b)
{
    return a->kind == b->kind && a->param == b->param && a->path == b->path
           && (a->kind != EFFECT_KEEP || a->result.from == b->result.from);
}

static bool
has_effect(const Case *c, const Effect *effect)
{
    for (uint32_t i = 0; i < c->neffect; i++) {
        if (same_effect(&c->effect[i], effect)
            && (effect->kind != EFFECT_RESET
                || c->effect[i].result.kind == RESULT_NULL)) {
            return true;
        }
    }
    return false;
}

/* True when the effect can stand before its parameter: it is about the
 * parameter itself and holds in every outcome. */
static bool
is_common(const Summary *summary, const Effect *effect)
{
    if (effect->path != NULL || effect->kind == EFFECT_OUT
        || (effect->kind == EFFECT_RESET && effect->result.kind != RESULT_NULL)) {
        return false;
    }
    for (uint32_t i = 0; i < summary->ncases; i++) {
        if (!has_effect(&summary->cases[i], effect)) {
            return false;
        }
    }
    return true;
}

static void
choose_prefixes(Printer *p)
{
    const Summary *s = p->summary;

    for (uint32_t i = 0; s->ncases > 0 && i < s->cases[0].neffect; i++) {
        const Effect *effect = &s->cases[0].effect[i];
        unsigned slot = prefix_slot(effect);
        if (p->prefix[slot] == NULL && is_common(s, effect)) {
            p->prefix[slot] = effect;
        }
    }
}

/* " in y" after "keep x", when y is not who one would think. */
static void
print_keeper(const Printer *p, const Effect *effect)
{
    int8_t from = effect->result.from;

    if (effect->kind == EFFECT_KEEP
        && from != default_keeper(p->summary, effect->param)) {
        strbuf_printf(p->out, " in %s", from < 0 ? "nobody" : p->name[from]);
    }
}

static void
print_effect(const Printer *p, const Effect *effect)
{
    if (effect->kind != EFFECT_OUT) {
        strbuf_printf(p->out, "%s ", effect_words[effect->kind]);
    }
    strbuf_puts(p->out, effect->param == PARAM_REST ? "..." : p->name[effect->param]);
    if (effect->path != NULL) {
        strbuf_printf(p->out, "->%s", effect->path);
    }
    print_keeper(p, effect);
    if (effect->kind == EFFECT_OUT || effect->kind == EFFECT_RESET) {
        strbuf_puts(p->out, " = ");
        print_result(p, &effect->result);
    }
}

/* The effects of an outcome that are not written before their parameter. */
static const Effect **
own_effects(const Printer *p, const Case *c, uint32_t *count)
{
    const Effect **own = ARENA_ARRAY(p->out->arena, const Effect *, c->neffect + 1);
    bool seen[PARAM_MAX + 1] = {false};

    *count = 0;
    for (uint32_t i = 0; i < c->neffect; i++) {
        const Effect *effect = &c->effect[i];
        unsigned slot = prefix_slot(effect);
        const Effect *prefix = p->prefix[slot];
        if (prefix != NULL && !seen[slot] && same_effect(effect, prefix)
            && (effect->kind != EFFECT_RESET || effect->result.kind == RESULT_NULL)) {
            seen[slot] = true;
            continue;
        }
        own[(*count)++] = effect;
    }
    return own;
}

/* ---- outcomes ----------------------------------------------------------- */

static const char *
guard_word(uint8_t guard)
{
    return guard == GUARD_UNCACHED                                   ? "uncached"
           : guard == GUARD_NULL || guard == GUARD_HELD_NULL         ? "NULL"
           : guard >= GUARD_NEGATIVE ? sign_words[guard - GUARD_NEGATIVE] : "notnull";
}

static void
print_guards(const Printer *p, const Case *c)
{
    const char *before = "when";

    for (uint8_t i = 0; i < p->summary->nparam; i++) {
        uint8_t guard = c->guard[i];
        bool held = guard == GUARD_HELD_NULL || guard == GUARD_HELD_NOTNULL;
        if (guard != GUARD_ANY) {
            strbuf_printf(p->out, "%s %s%s %s", before, held ? "*" : "", p->name[i],
                          guard_word(guard));
            before = ",";
        }
        for (Kinds left = c->unlike ? c->unlike[i] : 0; left != 0; left &= left - 1) {
            Kinds lowest = left & ~(left - 1);
            strbuf_printf(p->out, "%s %s not %s", before, p->name[i], kind_name(lowest));
            before = ",";
        }
    }
    if (*before == ',') {
        strbuf_puts(p->out, ": ");
    }
}

static void
print_case(const Printer *p, const Case *c)
{
    uint32_t count;
    const Effect **own = own_effects(p, c, &count);

    print_guards(p, c);
    print_result(p, &c->ret);
    if (c->err != ERR_SAME) {
        strbuf_printf(p->out, " %s", error_words[c->err]);
    }
    strbuf_puts(p->out, c->misused ? " misused" : "");
    for (uint32_t i = 0; i < count; i++) {
        strbuf_puts(p->out, i == 0 ? ": " : ", ");
        print_effect(p, own[i]);
    }
}

/* ---- the fact ----------------------------------------------------------- */

static void
print_params(const Printer *p, bool full)
{
    const Summary *s = p->summary;

    strbuf_puts(p->out, "(");
    for (unsigned i = 0; i < (unsigned)s->nparam + s->variadic; i++) {
        bool rest = i == s->nparam;
        const Effect *prefix = full ? p->prefix[rest ? PARAM_MAX : i] : NULL;
        strbuf_puts(p->out, i > 0 ? ", " : "");
        if (prefix != NULL) {
            strbuf_printf(p->out, "%s ", effect_words[prefix->kind]);
        }
        strbuf_puts(p->out, rest ? "..." : p->name[i]);
        if (full && !rest) {
            strbuf_puts(p->out, s->param[i].nullable ? "?" : s->param[i].refused ? "~" : "");
            strbuf_printf(p->out, "%s%s", s->param[i].kind == PARAM_OBJ ? "" : ":",
                          kind_words[s->param[i].kind]);
        }
        if (prefix != NULL) {
            print_keeper(p, prefix);
        }
    }
    strbuf_puts(p->out, ")");
}

static void
print_version(StrBuf *out, const char *word, Version version)
{
    if (version != 0) {
        strbuf_printf(out, " [%s %s]", word, version_text(out->arena, version));
    }
}

static void
print_flags(const Printer *p)
{
    const Summary *s = p->summary;
    StrBuf *out = p->out;

    if (s->format != FORMAT_NONE) {
        strbuf_printf(out, " [%s %s]", s->format == FORMAT_PARSE ? "parse" : "build",
                      p->name[s->format_param]);
    }
    if (s->alloc != NULL) {
        strbuf_printf(out, " [alloc %s]", s->alloc);
    }
    if (s->gives != NULL) {
        strbuf_printf(out, " [gives %s]", s->gives);
    }
    if (s->ctype != NULL) {
        strbuf_printf(out, " [type %s]", s->ctype);
    }
    print_version(out, "since", s->since);
    print_version(out, "until", s->until);
    strbuf_puts(out, s->pure ? " [pure]" : "");
    strbuf_puts(out, s->calls ? " [calls]" : "");
    strbuf_puts(out, s->nogil ? " [nogil]" : "");
    strbuf_puts(out, s->noreturn ? " [noreturn]" : "");
    strbuf_puts(out, s->lvalue ? " [lvalue]" : "");
    strbuf_puts(out, s->opens ? " [opens]" : s->closes ? " [closes]" : "");
    strbuf_puts(out, s->writes ? " [writes]" : s->counts ? " [counts]" : "");
    strbuf_puts(out, s->partial ? " [partial]" : "");
}

/* True when an outcome says more than result and exception. */
static bool
is_detailed(const Printer *p, const Case *c)
{
    uint32_t count;

    own_effects(p, c, &count);
    for (uint8_t i = 0; i < p->summary->nparam; i++) {
        count += c->guard[i] != GUARD_ANY || (c->unlike && c->unlike[i] != 0);
    }
    return count > 0;
}

static bool
needs_lines(const Printer *p)
{
    const Summary *s = p->summary;

    for (uint32_t i = 0; s->ncases > 1 && i < s->ncases; i++) {
        if (is_detailed(p, &s->cases[i])) {
            return true;
        }
    }
    return false;
}

void
facts_print(const Summary *summary, StrBuf *out)
{
    Printer p = {.summary = summary, .out = out};

    choose_names(&p);
    choose_prefixes(&p);
    strbuf_printf(out, "%s%s", summary->is_macro ? "macro " : "", summary->name);
    print_params(&p, true);
    if (needs_lines(&p)) {
        print_flags(&p);
        for (uint32_t i = 0; i < summary->ncases; i++) {
            strbuf_puts(out, "\n    -> ");
            print_case(&p, &summary->cases[i]);
        }
    }
    else {
        for (uint32_t i = 0; i < summary->ncases; i++) {
            strbuf_puts(out, i == 0 ? " -> " : " | ");
            print_case(&p, &summary->cases[i]);
        }
        print_flags(&p);
    }
    strbuf_putc(out, '\n');
}

void
case_print(const Summary *summary, const Case *c, StrBuf *out)
{
    Printer p = {.summary = summary, .out = out};

    choose_names(&p);
    strbuf_puts(out, summary->name);
    print_params(&p, false);
    strbuf_puts(out, " -> ");
    print_case(&p, c);
}

/* facts_read.c: the facts language -> summaries.
 *
 * One pass over the lines, recursive descent within a line.  The first error
 * of a line is reported with its place and what was expected; the fact it
 * belongs to is left out and reading goes on with the next one.
 */
#include "model/reader.h"

/* ---- parameters --------------------------------------------------------- */

/* name[?][:kind] [in keeper] */
static bool
read_named_param(Reader *r)
{
    Param param = {.kind = PARAM_OBJ};
    const char *start;

    facts_lex_skip_blanks(r);
    start = r->at;
    param.name = facts_lex_take_word(r);
    if (param.name == NULL) {
        return facts_lex_fail(r, "no parameter name; expected a name, '...' or ')'");
    }
    if (is_reserved(param.name) || find_param(r, param.name) >= 0) {
        r->at = start;
        return facts_lex_fail(
            r, "'%s' cannot be a parameter here; expected a name that is not taken",
            param.name);
    }
    if (r->param.n == PARAM_MAX) {
        return facts_lex_fail(r, "too many parameters; expected at most %d", PARAM_MAX);
    }
    param.nullable = facts_lex_accept(r, "?");
    param.refused = !param.nullable && facts_lex_accept(r, "~");
    if (facts_lex_accept(r, ":")) {
        int kind = facts_lex_accept_from(r, kind_words, COUNT_OF(kind_words));
        if (kind < 0) {
            return facts_lex_fail(
                r, "unknown kind of parameter; expected objp, int, str or ptr");
        }
        param.kind = (ParamKind)kind;
    }
    VEC_PUSH(r->arena, &r->param, param);
    return true;
}

/* [effect] name... or [effect] ... */
static bool
read_param(Reader *r)
{
    Prefix prefix = {.keeper = NULL};
    EffectKind kind = EFFECT_STEAL;
    bool has_effect;

    facts_lex_skip_blanks(r);
    prefix.at = r->at;
    has_effect = read_effect_word(r, &kind);
    prefix.effect = effect_make(kind, (uint8_t)r->param.n);
    if (facts_lex_accept(r, "...")) {
        r->fact->variadic = true;
        prefix.effect.param = PARAM_REST;
    }
    else if (!read_named_param(r)) {
        return false;
    }
    if (has_effect) {
        if (kind == EFFECT_KEEP && !read_keeper(r, &prefix.keeper)) {
            return false;
        }
        VEC_PUSH(r->arena, &r->prefix, prefix);
    }
    return true;
}

static bool
read_params(Reader *r)
{
    if (!facts_lex_accept(r, "(")) {
        return facts_lex_fail(r, "no parameters; expected '(' after the name");
    }
    if (!facts_lex_next_is(r, ")")) {
        do {
            if (!read_param(r)) {
                return false;
            }
        } while (!r->fact->variadic && facts_lex_accept(r, ","));
    }
    if (!facts_lex_accept(r, ")")) {
        return facts_lex_fail(r, r->fact->variadic
                                     ? "'...' is not last; expected ')'"
                                     : "parameters do not end; expected ',' or ')'");
    }
    r->fact->param = arena_copy(r->arena, r->param.at, sizeof(Param) * r->param.n);
    r->fact->nparam = (uint8_t)r->param.n;
    const char *after = r->at;
    for (uint32_t i = 0; i < r->prefix.n; i++) {
        Prefix *p = &r->prefix.at[i];
        r->at = p->at;
        if (!effect_check(r, &p->effect)
            || (p->effect.kind == EFFECT_KEEP
                && !effect_set_keeper(r, &p->effect, p->keeper))) {
            return false;
        }
    }
    r->at = after;
    return true;
}

/* ---- flags -------------------------------------------------------------- */

static bool
read_version(Reader *r, Version *version)
{
    char text[16] = "";
    size_t n = 0;

    facts_lex_skip_blanks(r);
    while (r->at + n < r->end && n < sizeof(text) - 1
           && (r->at[n] == '.' || (r->at[n] >= '0' && r->at[n] <= '9'))) {
        text[n] = r->at[n];
        n++;
    }
    *version = version_parse(text);
    if (*version == 0) {
        return facts_lex_fail(r, "no version; expected one like 3.12");
    }
    r->at += n;
    return true;
}

static bool
read_format_flag(Reader *r, FormatKind format)
{
    int index = 0;
    const char *start;

    facts_lex_skip_blanks(r);
    start = r->at;
    if (!read_param_name(r, &index)) {
        return false;
    }
    if (r->param.at[index].kind != PARAM_STR) {
        r->at = start;
        return facts_lex_fail(r, "a format is a string; expected a ':str' parameter");
    }
    r->fact->format = format;
    r->fact->format_param = (int8_t)index;
    return true;
}

/* [type C TYPE]: everything up to the bracket. */
static bool
read_type_flag(Reader *r)
{
    const char *end;

    facts_lex_skip_blanks(r);
    end = memchr(r->at, ']', (size_t)(r->end - r->at));
    if (end == NULL || end == r->at) {
        return facts_lex_fail(r, "no type; expected a C type and ']'");
    }
    const char *start = r->at;
    r->at = end;
    while (is_blank(end[-1])) {
        end--;
    }
    r->fact->ctype = str_intern_n(r->strings, start, (size_t)(end - start));
    return true;
}

static bool
read_flag(Reader *r)
{
    Summary *s = r->fact;
    const struct {
        const char *word;
        bool *flag;
    } plain[] = {{"calls", &s->calls},
                 {"nogil", &s->nogil},
                 {"noreturn", &s->noreturn},
                 {"pure", &s->pure},
                 {"lvalue", &s->lvalue},
                 {"opens", &s->opens},       {"closes", &s->closes},
                 {"writes", &s->writes},     {"counts", &s->counts},
                 {"partial", &s->partial}};

    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        if (facts_lex_accept_word(r, plain[i].word)) {
            *plain[i].flag = true;
            return true;
        }
    }
    if (facts_lex_accept_word(r, "since")) {
        return read_version(r, &s->since);
    }
    if (facts_lex_accept_word(r, "until")) {
        return read_version(r, &s->until);
    }
    if (facts_lex_accept_word(r, "parse")) {
        return read_format_flag(r, FORMAT_PARSE);
    }
    if (facts_lex_accept_word(r, "build")) {
        return read_format_flag(r, FORMAT_BUILD);
    }
    if (facts_lex_accept_word(r, "type")) {
        return read_type_flag(r);
    }
    if (facts_lex_accept_word(r, "gives")) {
        s->gives = facts_lex_take_word(r);
        return s->gives != NULL
               || facts_lex_fail(r, "no kind of object; expected the prefix of its API: PyLong");
    }
    if (facts_lex_accept_word(r, "alloc")) {
        s->alloc = facts_lex_take_word(r);
        return s->alloc != NULL
               || facts_lex_fail(r, "no family; expected mem, raw, object, gc or c");
    }
    return facts_lex_fail(
        r, "unknown flag; expected calls, nogil, noreturn, pure, lvalue, opens, closes, writes, "
           "counts, partial, parse, build, alloc, gives, type, since or until");
}

static bool
read_flags(Reader *r)
{
    while (facts_lex_accept(r, "[")) {
        if (!read_flag(r)) {
            return false;
        }
        if (!facts_lex_accept(r, "]")) {
            return facts_lex_fail(r, "flag does not end; expected ']'");
        }
    }
    if (r->fact->until != 0 && r->fact->since >= r->fact->until) {
        return facts_lex_fail(r, "no version is left; expected 'since' below 'until'");
    }
    return true;
}

/* ---- lines -------------------------------------------------------------- */

/* Adds the line to the fact's text, blanks squeezed. */
static void
add_text(Reader *r, const char *at)
{
    while (at < r->end) {
        const char *start = at;
        while (at < r->end && !is_blank(*at)) {
            at++;
        }
        if (r->text.length > 0) {
            strbuf_putc(&r->text, ' ');
        }
        strbuf_add(&r->text, start, (size_t)(at - start));
        while (at < r->end && is_blank(*at)) {
            at++;
        }
    }
}

/* Hands the fact being read to the sink, if it is whole. */
static void
close_fact(Reader *r)
{
    Summary *s = r->fact;

    r->fact = NULL;
    if (s == NULL || r->dropped) {
        return;
    }
    if (r->cases.n == 0 && !s->noreturn) {
        facts_lex_report(r, r->fact_line, 1,
                         "the fact has no outcome; expected '-> RESULT' ('-> void' "
                         "when there is none)");
        return;
    }
    s->cases = arena_copy(r->arena, r->cases.at, sizeof(Case) * r->cases.n);
    s->ncases = r->cases.n;
    s->text = str_intern_n(r->strings, r->text.text, r->text.length);
    if (r->sink->on_fact != NULL) {
        r->sink->on_fact(r->sink->payload, s);
    }
}

static void
open_fact(Reader *r)
{
    r->fact = ARENA_NEW(r->arena, Summary);
    r->fact->doc = r->doc;
    r->fact->format_param = -1;
    r->fact_line = r->line;
    r->dropped = false;
    r->param.n = r->prefix.n = r->cases.n = 0;
    strbuf_clear(&r->text);
    add_text(r, r->at);
}

/* [macro] name(params) [-> CASE | CASE...] [flags] */
static bool
read_head(Reader *r)
{
    const char *start;

    r->fact->is_macro = facts_lex_accept_keyword(r, "macro");
    facts_lex_skip_blanks(r);
    start = r->at;
    r->at += r->at < r->end && *r->at == '.';
    size_t length = facts_lex_run_length(r, r->at);
    r->at += length;
    if (length == 0) {
        return facts_lex_fail(
            r, "no name; expected a function, '.field', 'macro', 'doc' or 'global'");
    }
    r->fact->name = str_intern_n(r->strings, start, (size_t)(r->at - start));
    if (!read_params(r)) {
        return false;
    }
    if (facts_lex_accept(r, "->")) {
        do {
            if (!read_case(r)) {
                return false;
            }
        } while (facts_lex_accept(r, "|"));
    }
    return read_flags(r)
           && facts_lex_at_end(
               r, r->cases.n == 0 ? "'->', '[' or the end of the line"
                                  : "an exception, ':', '|', '[' or the end of the line");
}

/* An indented line: one outcome of the fact above. */
static bool
read_outcome_line(Reader *r)
{
    facts_lex_skip_blanks(r);
    if (r->fact == NULL) {
        return facts_lex_fail(
            r, "indented line without a fact above; expected a fact at the margin");
    }
    add_text(r, r->at);
    if (r->complete) {
        return facts_lex_fail(
            r, "the fact's first line has its outcomes already; expected all there or "
               "none");
    }
    if (!facts_lex_accept(r, "->")) {
        return facts_lex_fail(r, "indented line is no outcome; expected '->'");
    }
    return read_case(r)
           && facts_lex_at_end(r, "an exception, ':', ',' or the end of the line");
}

/* doc SECTION */
static void
read_doc(Reader *r)
{
    facts_lex_skip_blanks(r);
    if (r->at == r->end) {
        facts_lex_fail(r, "no section; expected one like c-api/list");
        return;
    }
    r->doc = str_intern_n(r->strings, r->at, (size_t)(r->end - r->at));
}

/* global NAME[*] [immortal [since VERSION]] */
static void
read_global(Reader *r)
{
    GlobalFact *fact = ARENA_NEW(r->arena, GlobalFact);
    size_t length = facts_lex_peek_word(r);
    const char *start = r->at;

    r->at += length;
    if (length == 0) {
        facts_lex_fail(r, "no name; expected a variable of the C-API");
        return;
    }
    r->at += r->at < r->end && *r->at == '*';
    fact->name = str_intern_n(r->strings, start, (size_t)(r->at - start));
    fact->doc = r->doc;
    fact->immortal = facts_lex_accept_word(r, "immortal");
    if (fact->immortal && facts_lex_accept_word(r, "since")
        && !read_version(r, &fact->immortal_since)) {
        return;
    }
    if (facts_lex_at_end(r, "'immortal [since VERSION]' or the end of the line")
        && r->sink->on_global != NULL) {
        r->sink->on_global(r->sink->payload, fact);
    }
}

static void
read_line(Reader *r)
{
    if (is_blank(*r->at)) {
        if (r->fact == NULL || !r->dropped) {
            r->dropped = !read_outcome_line(r);
        }
        return;
    }
    close_fact(r);
    if (facts_lex_accept_keyword(r, "doc")) {
        read_doc(r);
    }
    else if (facts_lex_accept_keyword(r, "global")) {
        read_global(r);
    }
    else {
        open_fact(r);
        r->dropped = !read_head(r);
        r->complete = r->cases.n > 0;
    }
}

void
facts_read(Arena *arena, Strings *strings, const char *name, const char *text,
           const FactSink *sink)
{
    Reader r = {.arena = arena, .strings = strings, .name = name, .sink = sink};

    strbuf_init(&r.text, arena);
    while (*text != '\0') {
        const char *stop = text + strcspn(text, "\n");
        const char *hash = memchr(text, '#', (size_t)(stop - text));

        r.line++;
        r.failed = false;
        r.start = r.at = text;
        r.end = hash != NULL ? hash : stop;
        while (r.end > text && is_blank(r.end[-1])) {
            r.end--;
        }
        if (r.end > text) {
            read_line(&r);
        }
        text = *stop == '\n' ? stop + 1 : stop;
    }
    close_fact(&r);
}

/* pack.c: summaries and findings into bytes and back.
 *
 * Whoever adds a member to one of the structs is stopped by the assertions: it has to be
 * packed as well.
 */
#include <string.h>

#include "engine/pack.h"
#include "engine/rule.h"

_Static_assert(sizeof(Crossing) == 24, "pack the new member of Crossing, too");
_Static_assert(sizeof(Summary) == 128, "pack the new member of Summary, too");
_Static_assert(sizeof(Case) == 112, "pack the new member of Case, too");
_Static_assert(sizeof(Fault) == 96, "pack the new member of Fault, too");
_Static_assert(sizeof(Effect) == 56 && sizeof(Result) == 40, "pack the new member, too");
_Static_assert(sizeof(Param) == 40, "pack the new member of Param, too");
_Static_assert(sizeof(Finding) == 184, "pack the new member of Finding, too");
_Static_assert(sizeof(Step) == 40 && sizeof(Loc) == 24, "pack the new member, too");

/* All members of a fault that say yes or no. */
#define FAULT_FLAGS(f)                                                                     \
    {(f)->gives_object, (f)->unread, (f)->nomem, (f)->memory, (f)->misused, (f)->tristate, \
     (f)->plain, (f)->missing, (f)->ambiguous}

#define TEXT_NULL 0 /* then: a new text follows; then the number of a known one */
#define TEXT_NEW 1
#define TEXT_FIRST 2

/* ---- writing ------------------------------------------------------------------------- */

void
pack_start(Packer *pack, Arena *arena)
{
    strbuf_init(&pack->out, arena);
    map_init(&pack->strings, arena);
}

/* Seven bits a byte, the lowest first. */
void
pack_number(Packer *pack, uint64_t number)
{
    char bytes[10];
    size_t n = 0;
    do {
        bytes[n] = (char)(number & 0x7f);
        number >>= 7;
        bytes[n] = (char)(bytes[n] | (number ? 0x80 : 0));
        n++;
    } while (number);
    strbuf_add(&pack->out, bytes, n);
}

/* Small numbers of both signs stay short. */
static void
pack_signed(Packer *pack, int64_t number)
{
    pack_number(pack, ((uint64_t)number << 1) ^ (uint64_t)(number >> 63));
}

void
pack_text(Packer *pack, const char *text)
{
    if (!text) {
        pack_number(pack, TEXT_NULL);
        return;
    }
    size_t length = strlen(text);
    uint64_t key = hash_bytes(text, length, 0);
    void **place = map_put(&pack->strings, key);
    if (*place) {
        pack_number(pack, (uint64_t)(uintptr_t)*place - 1 + TEXT_FIRST);
        return;
    }
    *place = (void *)(uintptr_t)pack->strings.n;
    pack_number(pack, TEXT_NEW);
    pack_number(pack, length);
    strbuf_add(&pack->out, text, length);
}

void
pack_loc(Packer *pack, Loc loc)
{
    pack_text(pack, loc.file);
    pack_number(pack, loc.line);
    pack_number(pack, loc.col);
    pack_text(pack, loc.macro);
}

static void
pack_result(Packer *pack, const Result *result)
{
    pack_number(pack, result->kind);
    pack_signed(pack, result->from);
    pack_signed(pack, result->lo);
    pack_signed(pack, result->hi);
    pack_text(pack, result->path);
    pack_text(pack, result->record);
}

static void
pack_faults(Packer *pack, const Fault *first)
{
    uint32_t n = 0;
    for (const Fault *f = first; f; f = f->next) {
        n++;
    }
    pack_number(pack, n);
    for (const Fault *f = first; f; f = f->next) {
        const bool flags[] = FAULT_FLAGS(f);
        pack_text(pack, f->fn);
        pack_text(pack, f->usr);
        pack_loc(pack, f->at);
        pack_loc(pack, f->cause);
        pack_text(pack, f->culprit);
        for (size_t i = 0; i < COUNT_OF(flags); i++) {
            pack_number(pack, flags[i]);
        }
    }
}

static void
pack_case(Packer *pack, const Case *c, uint32_t nparam)
{
    pack_result(pack, &c->ret);
    pack_number(pack, c->err);
    pack_number(pack, c->misused);
    pack_number(pack, c->neffect);
    for (uint32_t i = 0; i < c->neffect; i++) {
        const Effect *effect = &c->effect[i];
        pack_number(pack, effect->kind);
        pack_number(pack, effect->param);
        pack_text(pack, effect->path);
        pack_result(pack, &effect->result);
    }
    for (uint32_t i = 0; i < nparam && i < PARAM_MAX; i++) {
        pack_number(pack, c->guard[i]);
        pack_number(pack, c->unlike ? c->unlike[i] : 0);
    }
    pack_number(pack, c->silent);
    pack_number(pack, c->asked);
    pack_faults(pack, c->fault);
}

/* Where an instruction stands in the function: its block + 1 and its number there; 0, 0 for
 * none, and without a function. */
static void
pack_instr(Packer *pack, const Fn *fn, const Instr *ins)
{
    for (uint32_t b = 0; ins && fn && b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            if (&fn->block[b].ins[i] == ins) {
                pack_number(pack, b + 1);
                pack_number(pack, i);
                return;
            }
        }
    }
    pack_number(pack, 0);
    pack_number(pack, 0);
}

static void
pack_param(Packer *pack, const Fn *fn, const Param *param)
{
    pack_text(pack, param->name);
    pack_number(pack, param->kind);
    pack_number(pack, param->nullable);
    pack_number(pack, param->refused);
    pack_instr(pack, fn, param->used);
    pack_loc(pack, param->used ? param->used->loc : (Loc){0}); /* callers tell of it */
    pack_instr(pack, fn, param->left);
    pack_loc(pack, param->left ? param->left->loc : (Loc){0});
}

/* The members of a summary that say yes or no. */
static uint64_t
flags_of(const Summary *s)
{
    const bool flags[] = {s->variadic, s->is_macro, s->calls, s->nogil, s->noreturn, s->pure,
                          s->lvalue, s->opens, s->closes, s->writes, s->counts, s->partial,
                          s->lends};
    uint64_t bits = 0;
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        bits |= (uint64_t)flags[i] << i;
    }
    return bits;
}

static void
pack_place(Packer *pack, const Fn *fn, const Instr *ins)
{
    pack_instr(pack, fn, ins);
    pack_loc(pack, ins ? ins->loc : (Loc){0}); /* callers tell of it */
}

/* Which code it runs, and what it uses after that. */
static void
pack_runs(Packer *pack, const Fn *fn, const Summary *summary)
{
    pack_number(pack, summary->runs);
    pack_signed(pack, summary->runs_by);
    pack_place(pack, fn, summary->runs_at);
    pack_number(pack, summary->crossed != NULL);
    for (uint32_t i = 0; summary->crossed && i < summary->nparam; i++) {
        pack_place(pack, fn, summary->crossed[i].at);
        pack_place(pack, fn, summary->crossed[i].call);
        pack_number(pack, summary->crossed[i].chance);
    }
}

void
pack_summary(Packer *pack, const Fn *fn, const Summary *summary)
{
    pack_number(pack, summary != NULL);
    if (!summary) {
        return;
    }
    pack_text(pack, summary->name);
    pack_number(pack, summary->nparam);
    for (uint32_t i = 0; i < summary->nparam; i++) {
        pack_param(pack, fn, &summary->param[i]);
    }
    pack_number(pack, summary->ncases);
    for (uint32_t i = 0; i < summary->ncases; i++) {
        pack_case(pack, &summary->cases[i], summary->nparam);
    }
    pack_number(pack, flags_of(summary));
    pack_number(pack, summary->format);
    pack_signed(pack, summary->format_param);
    pack_text(pack, summary->alloc);
    pack_text(pack, summary->gives);
    pack_text(pack, summary->ctype);
    pack_number(pack, summary->since);
    pack_number(pack, summary->until);
    pack_number(pack, summary->origin);
    pack_text(pack, summary->doc);
    pack_text(pack, summary->text);
    pack_runs(pack, fn, summary);
}

void
pack_told(Packer *pack, const Summary *summary)
{
    pack_summary(pack, NULL, summary);
}

void
pack_finding(Packer *pack, const Finding *finding)
{
    assert(!finding->ring && !finding->patch && !finding->only_on && !finding->suppressed);
    pack_text(pack, finding->rule->id);
    pack_loc(pack, finding->loc);
    pack_text(pack, finding->function);
    pack_text(pack, finding->object);
    pack_text(pack, finding->message);
    pack_text(pack, finding->fact);
    pack_text(pack, finding->fact_doc);
    pack_text(pack, finding->fix);
    pack_number(pack, finding->reach);
    pack_number(pack, finding->confidence);
    pack_text(pack, finding->fingerprint);
    pack_text(pack, finding->cause);
    pack_number(pack, finding->nsteps);
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        pack_loc(pack, finding->steps[i].loc);
        pack_number(pack, finding->steps[i].kind);
        pack_text(pack, finding->steps[i].text);
    }
}

/* ---- reading --------------------------------------------------------------------------- */

void
unpack_start(Unpacker *from, Arena *arena, Strings *strings, const char *bytes, size_t length)
{
    *from = (Unpacker){.arena = arena, .strings = strings, .at = bytes, .end = bytes + length};
}

static uint64_t
fail(Unpacker *from)
{
    from->failed = true;
    from->at = from->end;
    return 0;
}

uint64_t
unpack_number(Unpacker *from)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (from->at == from->end) {
            return fail(from);
        }
        unsigned char byte = (unsigned char)*from->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return number;
        }
    }
    return fail(from);
}

static int64_t
unpack_signed(Unpacker *from)
{
    uint64_t number = unpack_number(from);
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

/* A number that stands for one of 'count' things. */
static uint32_t
unpack_choice(Unpacker *from, uint32_t count)
{
    uint64_t number = unpack_number(from);
    return number < count ? (uint32_t)number : (uint32_t)fail(from);
}

/* How many things follow, each of at least one byte. */
static uint32_t
unpack_count(Unpacker *from)
{
    return unpack_choice(from, (uint32_t)(from->end - from->at));
}

Str
unpack_text(Unpacker *from)
{
    uint64_t number = unpack_number(from);
    if (number == TEXT_NULL) {
        return NULL;
    }
    if (number == TEXT_NEW) {
        uint64_t length = unpack_number(from);
        if (length > (uint64_t)(from->end - from->at)) {
            fail(from);
            return NULL;
        }
        VEC_PUSH(from->arena, &from->known, str_intern_n(from->strings, from->at, (size_t)length));
        from->at += length;
        return from->known.at[from->known.n - 1];
    }
    if (number - TEXT_FIRST >= from->known.n) {
        fail(from);
        return NULL;
    }
    return from->known.at[number - TEXT_FIRST];
}

/* A text that must be there. */
static Str
unpack_word(Unpacker *from)
{
    Str text = unpack_text(from);
    if (!text) {
        fail(from);
        return str_intern(from->strings, "");
    }
    return text;
}

Loc
unpack_loc(Unpacker *from)
{
    Loc loc = {.file = unpack_text(from)};
    loc.line = (uint32_t)unpack_number(from);
    loc.col = (uint32_t)unpack_number(from);
    loc.macro = unpack_text(from);
    return loc;
}

static Result
unpack_result(Unpacker *from)
{
    Result result = {.kind = unpack_choice(from, RESULT_FIELD + 1)};
    result.from = (int8_t)unpack_signed(from);
    result.lo = unpack_signed(from);
    result.hi = unpack_signed(from);
    result.path = result.kind == RESULT_FIELD ? unpack_word(from) : unpack_text(from);
    result.record = unpack_text(from);
    return result;
}

static const Fault *
unpack_faults(Unpacker *from)
{
    const Fault *first = NULL, **end = &first;
    uint32_t n = unpack_count(from);
    for (uint32_t i = 0; i < n; i++) {
        Fault *f = ARENA_NEW(from->arena, Fault);
        f->fn = unpack_word(from);
        f->usr = unpack_word(from);
        f->at = unpack_loc(from);
        f->cause = unpack_loc(from);
        f->culprit = unpack_word(from);
        f->gives_object = unpack_choice(from, 2) != 0;
        f->unread = unpack_choice(from, 2) != 0;
        f->nomem = unpack_choice(from, 2) != 0;
        f->memory = unpack_choice(from, 2) != 0;
        f->misused = unpack_choice(from, 2) != 0;
        f->tristate = unpack_choice(from, 2) != 0;
        f->plain = unpack_choice(from, 2) != 0;
        f->missing = unpack_choice(from, 2) != 0;
        f->ambiguous = unpack_choice(from, 2) != 0;
        *end = f;
        end = &f->next;
    }
    return first;
}

/* Kinds that an outcome is not for, among those of all parameters, 'known' or NULL. */
static const Kinds *
unpack_unlike(Unpacker *from, const Kinds *known, uint32_t param)
{
    Kinds unlike = (Kinds)unpack_number(from);
    if (unlike == 0) {
        return known;
    }
    Kinds *all = ARENA_ARRAY(from->arena, Kinds, PARAM_MAX);
    for (uint32_t i = 0; known && i < PARAM_MAX; i++) {
        all[i] = known[i];
    }
    all[param] = unlike;
    return all;
}

static Case
unpack_case(Unpacker *from, uint32_t nparam)
{
    Case c = {.ret = unpack_result(from)};
    c.err = unpack_choice(from, ERR_UNKNOWN + 1);
    c.misused = unpack_choice(from, 2) != 0;
    c.neffect = unpack_count(from);
    c.effect = ARENA_ARRAY(from->arena, Effect, c.neffect);
    for (uint32_t i = 0; i < c.neffect; i++) {
        c.effect[i].kind = unpack_choice(from, EFFECT_FILL + 1);
        c.effect[i].param = (uint8_t)unpack_choice(from, 256);
        c.effect[i].path = unpack_text(from);
        c.effect[i].result = unpack_result(from);
    }
    for (uint32_t i = 0; i < nparam && i < PARAM_MAX; i++) {
        c.guard[i] = (uint8_t)unpack_choice(from, GUARD_POSITIVE + 1);
        c.unlike = unpack_unlike(from, c.unlike, i);
    }
    c.silent = unpack_choice(from, 2) != 0;
    c.asked = (uint8_t)unpack_choice(from, ASKED_SET + 1);
    c.fault = unpack_faults(from);
    return c;
}

static const Instr *
unpack_instr(Unpacker *from, const Fn *fn)
{
    uint64_t block = unpack_number(from), ins = unpack_number(from);
    if (block == 0) {
        return NULL;
    }
    if (block > fn->nblock || ins >= fn->block[block - 1].nins) {
        fail(from);
        return NULL;
    }
    return &fn->block[block - 1].ins[ins];
}

static Param
unpack_param(Unpacker *from, const Fn *fn)
{
    Param param = {.name = unpack_word(from)};
    param.kind = unpack_choice(from, PARAM_PTR + 1);
    param.nullable = unpack_choice(from, 2) != 0;
    param.refused = unpack_choice(from, 2) != 0;
    param.used = unpack_instr(from, fn);
    unpack_loc(from);
    param.left = unpack_instr(from, fn);
    unpack_loc(from);
    return param;
}

static void
set_flags(Summary *s, uint64_t bits)
{
    bool *const flags[] = {&s->variadic, &s->is_macro, &s->calls, &s->nogil, &s->noreturn,
                           &s->pure, &s->lvalue, &s->opens, &s->closes, &s->writes,
                           &s->counts, &s->partial, &s->lends};
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        *flags[i] = bits >> i & 1;
    }
}

static const Instr *
unpack_place(Unpacker *from, const Fn *fn)
{
    const Instr *ins = unpack_instr(from, fn);
    unpack_loc(from);
    return ins;
}

static void
unpack_runs(Unpacker *from, const Fn *fn, Summary *summary)
{
    summary->runs = (uint8_t)unpack_choice(from, 4);
    summary->runs_by = (int8_t)unpack_signed(from);
    summary->runs_at = unpack_place(from, fn);
    summary->crossed = unpack_choice(from, 2)
                           ? ARENA_ARRAY(from->arena, Crossing, PARAM_MAX) : NULL;
    for (uint32_t i = 0; summary->crossed && i < summary->nparam; i++) {
        summary->crossed[i].at = unpack_place(from, fn);
        summary->crossed[i].call = unpack_place(from, fn);
        summary->crossed[i].chance = (uint8_t)unpack_choice(from, 4);
    }
}

Summary *
unpack_summary(Unpacker *from, const Fn *fn)
{
    if (!unpack_choice(from, 2)) {
        return NULL;
    }
    Summary *summary = ARENA_NEW(from->arena, Summary);
    summary->name = unpack_word(from);
    summary->nparam = (uint8_t)unpack_choice(from, PARAM_MAX + 1);
    summary->param = ARENA_ARRAY(from->arena, Param, summary->nparam + 1);
    for (uint32_t i = 0; i < summary->nparam; i++) {
        summary->param[i] = unpack_param(from, fn);
    }
    summary->ncases = unpack_count(from);
    summary->cases = ARENA_ARRAY(from->arena, Case, summary->ncases + 1);
    for (uint32_t i = 0; i < summary->ncases; i++) {
        summary->cases[i] = unpack_case(from, summary->nparam);
    }
    set_flags(summary, unpack_number(from));
    summary->format = unpack_choice(from, FORMAT_BUILD + 1);
    summary->format_param = (int8_t)unpack_signed(from);
    summary->alloc = unpack_text(from);
    summary->gives = unpack_text(from);
    summary->ctype = unpack_text(from);
    summary->since = (Version)unpack_number(from);
    summary->until = (Version)unpack_number(from);
    summary->origin = unpack_choice(from, ORIGIN_USER + 1);
    summary->doc = unpack_text(from);
    summary->text = unpack_text(from);
    unpack_runs(from, fn, summary);
    return summary;
}

Finding *
unpack_finding(Unpacker *from)
{
    Finding *finding = ARENA_NEW(from->arena, Finding);
    const Rule *rule = rule_find(unpack_word(from));
    finding->rule = rule ? &rule->info : (fail(from), &all_rules[0]->info);
    finding->loc = unpack_loc(from);
    finding->function = unpack_word(from);
    finding->object = unpack_text(from);
    finding->message = unpack_word(from);
    finding->fact = unpack_text(from);
    finding->fact_doc = unpack_text(from);
    finding->fix = unpack_text(from);
    finding->reach = unpack_choice(from, REACH_COUNT);
    finding->confidence = unpack_choice(from, CONFIDENCE_COUNT);
    finding->fingerprint = unpack_text(from);
    finding->cause = unpack_text(from);
    finding->nsteps = unpack_count(from);
    finding->steps = ARENA_ARRAY(from->arena, Step, finding->nsteps + 1);
    for (uint32_t i = 0; i < finding->nsteps; i++) {
        finding->steps[i].loc = unpack_loc(from);
        finding->steps[i].kind = unpack_choice(from, STEP_LOST + 1);
        finding->steps[i].text = unpack_word(from);
    }
    if (finding->nsteps == 0) {
        fail(from);
    }
    return finding;
}

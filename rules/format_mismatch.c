/* format_mismatch.c: what a format, a method flag or a code says, and what stands there in C. */
#include "contracts/mismatch.h"
#include "engine/rule.h"

static bool
is_printf(const Mismatch *m)
{
    return m->unit[0] == '%';
}

/* ---- arguments ----------------------------------------------------------------------- */

static Confidence
width_confidence(const Mismatch *m)
{
    if (m->place) {
        return CONFIDENCE_HIGH;
    }
    return m->constant ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM;
}

static const char *
width_effect(const Mismatch *m)
{
    if (m->place) {
        return m->has_bits < m->wants_bits ? "it writes past the variable"
                                           : "the rest of the variable stays as it was";
    }
    return m->has_bits < m->wants_bits ? "the upper half of what is read is left to chance"
                                       : "the upper half is lost";
}

static const char *
width_unit(const Mismatch *m)
{
    if (is_printf(m)) {
        return m->has_bits == 64 ? "%zd for a Py_ssize_t, %ld for a long, %lld for a long long"
                                 : "%d";
    }
    switch (m->has_bits) {
    case 8: return "'b' or 'c'";
    case 16: return "'h'";
    case 32: return "'i'";
    default: return "'n' for a Py_ssize_t, 'l' for a long, 'L' for a long long";
    }
}

static void
on_width(MismatchCtx *cx, const Mismatch *m)
{
    Arena *arena = mismatch_arena(cx);
    bool length = m->unit[0] != '\0' && m->unit[1] == '#';
    const char *message = arena_printf(
        arena, "'%s' of %s %s %s of %u bits, but '%s' has %u: %s", m->unit, m->callee,
        m->place ? "fills" : "reads", m->wants, m->wants_bits, m->name, m->has_bits,
        width_effect(m));
    const char *fix = length ? arena_printf(arena, "make '%s' %s", m->name, m->wants)
                      : m->place
                          ? arena_printf(arena, "make '%s' %s, or use %s", m->name, m->wants,
                                         width_unit(m))
                          : arena_printf(arena, "use %s, or cast '%s' to %s", width_unit(m),
                                         m->name, m->wants + (m->wants[1] == 'n' ? 3 : 2));

    mismatch_report(cx, m, width_confidence(m), message, fix);
}

static void
on_type(MismatchCtx *cx, const Mismatch *m)
{
    Arena *arena = mismatch_arena(cx);
    const char *message =
        m->place ? arena_printf(arena, "'%s' of %s fills %s, but '%s' is %s", m->unit, m->callee,
                                m->wants, m->name, m->has)
                 : arena_printf(arena, "'%s' of %s reads %s, but '%s' is %s", m->unit, m->callee,
                                m->wants, m->name, m->has);

    mismatch_report(cx, m, CONFIDENCE_HIGH, message,
                    m->place ? arena_printf(arena, "pass the address of %s here, or use the unit "
                                                   "for what '%s' is", m->wants, m->name)
                             : arena_printf(arena, "pass %s here, or use the %s for what '%s' is",
                                            m->wants, is_printf(m) ? "conversion" : "unit",
                                            m->name));
}

static void
on_count(MismatchCtx *cx, const Mismatch *m)
{
    Arena *arena = mismatch_arena(cx);
    bool few = m->kind == MISMATCH_FEW;

    mismatch_report(cx, m, few ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
                    arena_printf(arena, "the format \"%s\" of %s takes %d argument%s, but %d %s "
                                        "given: %s", m->unit, m->callee, m->wanted,
                                 m->wanted == 1 ? "" : "s", m->given, m->given == 1 ? "is" : "are",
                                 few ? "what is read beyond them is left to chance"
                                     : "the rest is ignored"),
                    few ? "pass the missing arguments, or remove their units from the format"
                        : "add units for the other arguments, or do not pass them");
}

/* ---- formats ------------------------------------------------------------------------- */

static void
on_unit(MismatchCtx *cx, const Mismatch *m)
{
    Arena *arena = mismatch_arena(cx);
    const char *message;

    if (is_printf(m)) {
        message = arena_printf(arena, "%s of this Python has no conversion '%s'", m->callee,
                               m->unit);
    }
    else if (m->kind == MISMATCH_GONE) {
        message = arena_printf(arena, "the unit '%s' of %s is gone since Python 3.12: SystemError "
                                      "at run time", m->unit, m->callee);
    }
    else if (m->unit[0] == '\0') {
        message = arena_printf(arena, "the format of %s ends too early: a bracket is not closed, "
                                      "or a unit is not complete", m->callee);
    }
    else {
        message = arena_printf(arena, "the format of %s makes no sense from '%s' on: SystemError "
                                      "when it is reached", m->callee, m->unit);
    }
    mismatch_report(cx, m, CONFIDENCE_HIGH, message,
                    is_printf(m) ? "use a conversion that the manual lists for this version; "
                                   "format floating numbers with PyOS_double_to_string"
                                 : "use the units that the manual lists, and ':' before the "
                                   "function's name");
}

static void
on_clean(MismatchCtx *cx, const Mismatch *m)
{
    mismatch_report(cx, m, CONFIDENCE_HIGH,
                    arena_printf(mismatch_arena(cx),
                                 "'%s' of %s without PY_SSIZE_T_CLEAN: Python 3.10 to 3.12 raise "
                                 "SystemError here", m->unit, m->callee),
                    "define PY_SSIZE_T_CLEAN before Python.h is included, and give lengths the "
                    "type Py_ssize_t");
}

static void
on_keywords(MismatchCtx *cx, const Mismatch *m)
{
    mismatch_report(cx, m, CONFIDENCE_HIGH,
                    arena_printf(mismatch_arena(cx),
                                 "'%s' names %d argument%s, but the format \"%s\" has %d unit%s: "
                                 "SystemError at run time", m->name, m->given,
                                 m->given == 1 ? "" : "s", m->unit, m->wanted,
                                 m->wanted == 1 ? "" : "s"),
                    "give every unit of the format one name, \"\" for arguments that have none");
}

static void
on_sentinel(MismatchCtx *cx, const Mismatch *m)
{
    mismatch_report(cx, m, CONFIDENCE_HIGH,
                    arena_printf(mismatch_arena(cx),
                                 "the array '%s' does not end with %s: %s reads past its end",
                                 m->name, m->wants,
                                 m->wants[0] == '{' ? "Python" : m->callee),
                    arena_printf(mismatch_arena(cx), "add %s as its last element", m->wants));
}

/* ---- functions and fields -------------------------------------------------------------- */

static void
on_flags(MismatchCtx *cx, const Mismatch *m)
{
    mismatch_report(cx, m, CONFIDENCE_HIGH,
                    arena_printf(mismatch_arena(cx),
                                 "the flags %s of '%s' are no calling convention: SystemError when "
                                 "the table is used", m->unit, m->name),
                    "use METH_VARARGS, METH_VARARGS | METH_KEYWORDS, METH_NOARGS, METH_O, or "
                    "METH_FASTCALL with or without METH_KEYWORDS");
}

static void
on_params(MismatchCtx *cx, const Mismatch *m)
{
    Arena *arena = mismatch_arena(cx);
    bool more = m->given > m->wanted;

    mismatch_report(cx, m, m->unused ? CONFIDENCE_LOW : CONFIDENCE_HIGH,
                    arena_printf(arena, "'%s' has %d parameter%s, but is called with %d as %s%s",
                                 m->name, m->given, m->given == 1 ? "" : "s", m->wanted, m->callee,
                                 more ? ": what it reads beyond them is left to chance" : ""),
                    arena_printf(arena, "give '%s' %d parameters, or name the convention that it "
                                        "follows", m->name, m->wanted));
}

static void
on_param(MismatchCtx *cx, const Mismatch *m)
{
    Arena *arena = mismatch_arena(cx);
    bool result = m->kind == MISMATCH_RESULT;
    const char *what = result ? "the result" : arena_printf(arena, "parameter %d", m->given);

    mismatch_report(cx, m, m->unused ? CONFIDENCE_LOW : CONFIDENCE_HIGH,
                    arena_printf(arena, "%s of '%s' is %s, but as %s it has to be %s", what,
                                 m->name, m->has, m->callee, m->wants),
                    arena_printf(arena, "make it %s, and drop the cast that hides this", m->wants));
}

static void
on_member(MismatchCtx *cx, const Mismatch *m)
{
    mismatch_report(cx, m, CONFIDENCE_HIGH,
                    arena_printf(mismatch_arena(cx),
                                 "the member is read as %s, but the field '%s' is %s", m->unit,
                                 m->name, m->has),
                    "use the code for the field's C type");
}

static void
on_mismatch(MismatchCtx *cx, const Mismatch *m)
{
    switch (m->kind) {
    case MISMATCH_WIDTH: on_width(cx, m); break;
    case MISMATCH_TYPE: on_type(cx, m); break;
    case MISMATCH_FEW: case MISMATCH_MANY: on_count(cx, m); break;
    case MISMATCH_UNIT: case MISMATCH_GONE: on_unit(cx, m); break;
    case MISMATCH_CLEAN: on_clean(cx, m); break;
    case MISMATCH_KEYWORDS: on_keywords(cx, m); break;
    case MISMATCH_SENTINEL: on_sentinel(cx, m); break;
    case MISMATCH_FLAGS: on_flags(cx, m); break;
    case MISMATCH_PARAMS: on_params(cx, m); break;
    case MISMATCH_PARAM: case MISMATCH_RESULT: on_param(cx, m); break;
    case MISMATCH_MEMBER: on_member(cx, m); break;
    default: break;
    }
}

const Rule rule_format_mismatch = {
    .info = {.id = "format-mismatch", .title = "Format or table that does not fit its C code",
             .summary = "A format string, method flag or slot says something else than the C types.",
             .severity = SEVERITY_ERROR, .precision = PRECISION_HIGH, .cwe = 686,
             .page = page_format_mismatch},
    .on_mismatch = on_mismatch,
};

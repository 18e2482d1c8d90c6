/* overlay.c: macro facts -> the header that stands before the real Python.h.
 *
 * The header includes the real one, then turns each macro of the C-API that
 * has a fact into a call of a function declared from the fact:
 *     PyObject *strayref_overlay_PyTuple_GET_ITEM(PyObject *, long long);
 *     #define PyTuple_GET_ITEM(a1, a2) \
 *         strayref_overlay_PyTuple_GET_ITEM((PyObject *)(a1), (long long)(a2))
 * so that a macro reaches the IR as a call under its own name.  Only names
 * that are macros in the headers at hand are touched: functions need no help.
 */
#include "model/model.h"

static const char *
param_type(ParamKind kind)
{
    switch (kind) {
    case PARAM_OBJ:
        return "PyObject *";
    case PARAM_OBJP:
        return "PyObject **";
    case PARAM_INT:
        return "long long";
    case PARAM_STR:
        return "const char *";
    case PARAM_PTR:
        return "const void *";
    }
    return "";
}

/* The C type that fits every outcome. */
static const char *
result_type(const Summary *summary)
{
    bool object = false, pointer = false, integer = false, nothing = false;

    if (summary->ctype != NULL) {
        return summary->ctype;
    }
    for (uint32_t i = 0; i < summary->ncases; i++) {
        const Result *ret = &summary->cases[i].ret;
        object |= ret->kind == RESULT_NEW || ret->kind == RESULT_SHARED ||
                  ret->kind == RESULT_BORROWED;
        object |= ret->kind == RESULT_SAME && summary->param[ret->from].kind == PARAM_OBJ;
        pointer |= ret->kind == RESULT_PTR || ret->kind == RESULT_SAME;
        integer |= ret->kind == RESULT_INT;
        nothing |= ret->kind == RESULT_VOID;
    }
    if (object) {
        return "PyObject *";
    }
    if (pointer) {
        return "void *";
    }
    return integer                           ? "Py_ssize_t"
           : nothing || summary->ncases == 0 ? "void"
                                             : "PyObject *";
}

static void
add_prototype(const Summary *s, StrBuf *out)
{
    strbuf_printf(out, "%s%s" OVERLAY_PREFIX "%s(", result_type(s), s->lvalue ? " *" : " ",
                  s->name);
    for (uint8_t i = 0; i < s->nparam; i++) {
        strbuf_printf(out, "%s%s", i > 0 ? ", " : "", param_type(s->param[i].kind));
    }
    strbuf_puts(out, s->variadic ? ", ..." : s->nparam == 0 ? "void" : "");
    strbuf_printf(out, ")%s;\n", s->noreturn ? " __attribute__((noreturn))" : "");
}

static void
add_define(const Summary *s, StrBuf *out)
{
    strbuf_printf(out, "#define %s(", s->name);
    for (int i = 1; i <= s->nparam; i++) {
        strbuf_printf(out, "%sa%d", i > 1 ? ", " : "", i);
    }
    /* What a pointer points to has an address, a call has none. */
    strbuf_printf(out, "%s) %s" OVERLAY_PREFIX "%s(", s->variadic ? ", ..." : "",
                  s->lvalue ? "(*" : s->opens ? "{ " : "", s->name);
    for (int i = 1; i <= s->nparam; i++) {
        ParamKind kind = s->param[i - 1].kind;
        strbuf_printf(out, "%s(%s)%s(a%d)", i > 1 ? ", " : "", param_type(kind),
                      kind == PARAM_OBJP ? "&" : "", i);
    }
    strbuf_printf(out, "%s)%s\n", s->variadic ? ", ##__VA_ARGS__" : "",
                  s->lvalue ? ")" : s->closes ? "; }" : "");
}

/* True when this is the fact about a macro that a lookup finds. */
static bool
is_in_force(const Model *model, const Summary *s)
{
    return s->is_macro && (s->nparam > 0 || !s->variadic)
           && model_find(model, s->name, NULL) == s;
}

const char *
overlay_text(const Model *model, Arena *arena)
{
    uint32_t count;
    const Summary *const *facts = model_facts(model, &count);
    StrBuf out;

    strbuf_init(&out, arena);
    strbuf_puts(&out, "#ifndef STRAYREF_OVERLAY_H\n"
                      "#define STRAYREF_OVERLAY_H\n"
                      "#pragma GCC system_header\n"
                      "#include_next <Python.h>\n"
                      "#ifdef __cplusplus\n"
                      "extern \"C\" {\n"
                      "#endif\n");
    for (uint32_t i = 0; i < count; i++) {
        if (is_in_force(model, facts[i])) {
            strbuf_printf(&out, "#ifdef %s\n#undef %s\n", facts[i]->name, facts[i]->name);
            add_prototype(facts[i], &out);
            add_define(facts[i], &out);
            strbuf_puts(&out, "#endif\n");
        }
    }
    strbuf_puts(&out, "#ifdef __cplusplus\n"
                      "}\n"
                      "#endif\n"
                      "#endif\n");
    return out.text;
}

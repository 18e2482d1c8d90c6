/* kind.c: which kinds of objects a value is known to be, or not to be, on a path.
 *
 * A type check and its answer are remembered like any other condition: as the range of the
 * symbol "PyLong_Check of x".  What a call's outcome tells about the kind of an argument is
 * remembered in the same form.
 */
#include <string.h>

#include "engine/call.h"

/* The kind that a check, 'sym', asks for. */
static Kinds
asked_kind(const Sym *sym)
{
    Kinds asked = kind_asked(sym->text);
    bool by_type = !asked && sym->b && sym->b->kind == SYM_ADDR &&
                   sym->b->place->kind == PLACE_GLOBAL &&
                   (text_equal(sym->text, "PyObject_TypeCheck") ||
                    text_equal(sym->text, "Py_IS_TYPE"));
    return by_type ? kind_of_type_object(sym->b->place->decl->name) : asked;
}

/* What its C type says: PyTupleObject *. */
static Kinds
declared_kind(const Sym *sym)
{
    const Type *to = sym->type && sym->type->kind == TYPE_PTR ? sym->type->to : NULL;
    Str tag = to && to->kind == TYPE_RECORD ? to->tag : NULL;
    size_t length = tag ? strlen(tag) : 0, tail = strlen("Object");
    if (length <= tail || !text_equal(tag + length - tail, "Object")) {
        return 0;
    }
    return text_equal(tag, "PySetObject") ? kind_find("PyAnySet", strlen("PyAnySet"))
                                          : kind_find(tag, length - tail);
}

/* What a callee's fact says of the objects that it gives. */
static Kinds
given_kind(const State *state, const Sym *sym)
{
    const Ref *ref = sym->kind == SYM_CALL ? state_ref(state, sym) : NULL;
    const char *gives = ref && ref->born ? ref->born->gives : NULL;
    return gives ? kind_find(gives, strlen(gives)) : 0;
}

Kinds
kinds_of(const State *state, const Sym *sym)
{
    Kinds found = declared_kind(sym) | given_kind(state, sym);
    if (sym->kind == SYM_ADDR && sym->place->kind == PLACE_GLOBAL &&
        (text_equal(sym->place->decl->name, "_Py_TrueStruct") ||
         text_equal(sym->place->decl->name, "_Py_FalseStruct"))) {
        found |= kind_find("PyBool", strlen("PyBool"));
    }
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *check = state->range[i].sym;
        if (check->kind == SYM_PURE && check->a == sym && is_not_zero(state, check)) {
            found |= asked_kind(check);
        }
    }
    return kind_and_more(found);
}

Kinds
kinds_excluded(const State *state, const Sym *sym)
{
    Kinds found = 0;
    for (uint32_t i = 0; i < state->nrange; i++) {
        const Sym *check = state->range[i].sym;
        if (check->kind == SYM_PURE && check->a == sym && is_zero(state, check)) {
            bool exact = text_equal(check->text, "Py_IS_TYPE"); /* may be of a subclass */
            found |= exact ? 0 : asked_kind(check);
        }
    }
    return found;
}

int
kind_answer(const State *state, const Call *call)
{
    Kinds asked = call->nargs > 0 ? kind_asked(call->name) : 0;
    const Sym *sym = asked ? call->arg[0] : NULL;
    if (!asked || sym->kind == SYM_INT) {
        return -1;
    }
    if (kinds_of(state, sym) & asked) {
        return 1;
    }
    bool other = given_kind(state, sym) != 0 && kind_and_more(asked) == asked;
    return other || (kind_and_more(asked) & kinds_excluded(state, sym)) ? 0 : -1;
}

/* Remembers the answer to the check for 'kind'. */
static void
put_answer(Explorer *ex, State *state, const Sym *sym, Kinds kind, int answer)
{
    const char *name = kind_name(kind);
    size_t length = strlen(name), tail = strlen("Exact");
    bool exact = length > tail && text_equal(name + length - tail, "Exact");
    Str check = str_internf(ex->strings, "%.*s_Check%s", (int)(exact ? length - tail : length),
                            name, exact ? "Exact" : "");
    const Sym *asked = sym_pure(ex, check, NULL, sym, NULL, NULL, NULL);
    if (asked) {
        state_set_range(ex, state, asked, (Range){.sym = asked, .lo = answer, .hi = answer,
                                                  .not_zero = answer != 0});
    }
}

void
kind_learn(Explorer *ex, State *state, const Sym *sym, Kinds some)
{
    Kinds left = sym->kind == SYM_INT ? 0 : some & ~kinds_of(state, sym);
    for (; left != 0; left &= left - 1) {
        put_answer(ex, state, sym, left & ~(left - 1), 1);
    }
}

/* What fields hold, whoever stores into them. */
static Kinds
stored_kind(Explorer *ex, const Sym *sym)
{
    bool encoded = sym->kind == SYM_INIT && sym->place &&
                   owners_is_encoded(ex->owners, sym->place);
    return encoded ? kind_and_more(kind_find("PyUTF8", strlen("PyUTF8"))) : 0;
}

bool
kinds_hold(Explorer *ex, State *state, const Call *call, const Case *c, bool learn)
{
    for (uint32_t i = 0; c->unlike && i < call->nargs && i < PARAM_MAX; i++) {
        const Sym *sym = call->arg[i];
        Kinds unlike = c->unlike[i];
        if (unlike == 0 || sym->kind == SYM_INT || is_zero(state, sym)) {
            continue;
        }
        if ((kinds_of(state, sym) | stored_kind(ex, sym)) & unlike) {
            return false;
        }
        Kinds left = learn ? unlike & ~kinds_excluded(state, sym) : 0;
        for (; left != 0; left &= left - 1) {
            put_answer(ex, state, sym, left & ~(left - 1), 0);
        }
    }
    return true;
}

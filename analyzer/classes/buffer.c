/* buffer.c: the object that a Py_buffer keeps alive, as a field of the struct that the buffer is
 * in ("view.obj") or that points to it ("view->obj").
 */
#include "classes/private.h"

static Member *
member_in(Finder *finder, const Instr *field, const char *between)
{
    if (field->record == NULL || field->record[0] == '\0') {
        return NULL;
    }
    return member_get(finder, field->record,
                      str_internf(finder->strings, "%s%sobj", field->name, between), NULL);
}

static bool
is_buffer(const Type *type)
{
    return type != NULL && type->kind == TYPE_RECORD && text_equal(type->tag, "Py_buffer");
}

/* A field that points to a buffer, or to a struct that is taken for one. */
static bool
is_buffer_pointer(const Type *type)
{
    return type != NULL && type->kind == TYPE_PTR &&
           (type->to == NULL || type->to->kind == TYPE_VOID || type->to->kind == TYPE_RECORD) &&
           !type_is_object(type);
}

static Member *find_view(Finder *finder, const FnView *view, Val address, int depth);

static Member *
view_in_local(Finder *finder, const FnView *view, const Instr *load, int depth)
{
    const Instr *store = reaching_store(view, load);
    const LocalUse *use = &view->local[load->a.index];
    Member *member = NULL;

    if (store != NULL) {
        return find_view(finder, view, store->b, depth);
    }
    for (uint32_t i = 0; i < use->values.n && member == NULL; i++) {
        member = find_view(finder, view, use->values.at[i], depth);
    }
    return member;
}

static Member *
find_view(Finder *finder, const FnView *view, Val address, int depth)
{
    const Instr *ins = def_of(view, address);

    while (ins != NULL && (ins->op == OP_CAST || ins->op == OP_COPY)) {
        ins = def_of(view, ins->a);
    }
    if (ins == NULL || ins->type == NULL || depth == 0) {
        return NULL;
    }
    if (ins->op == OP_FIELD) {
        return is_buffer(ins->type->to) ? member_in(finder, ins, ".") : NULL;
    }
    if (ins->op != OP_LOAD) {
        return NULL;
    }
    if (ins->a.kind == VAL_LOCAL) {
        return view_in_local(finder, view, ins, depth - 1);
    }
    address = ins->a;
    ins = def_of(view, address);
    return ins != NULL && ins->op == OP_FIELD && is_buffer_pointer(ins->type->to)
               ? member_in(finder, ins, "->") : NULL;
}

Member *
member_of_view(Finder *finder, const FnView *view, Val address)
{
    return find_view(finder, view, address, 4);
}

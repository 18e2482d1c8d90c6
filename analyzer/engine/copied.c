/* copied.c: memory that is copied as bytes: the references in it are then in two places, and
 * whose they are only the author knows.
 *
 * memmove(list->ob_item + i, list->ob_item + i + 1, ...) takes an item out of the list.
 */
#include "engine/call.h"

#define MAX_OWNERS 8

typedef struct Copied { /* who the memory of a copy belongs to */
    const Sym *owner[MAX_OWNERS];
    uint32_t n;
} Copied;

/* Adds the symbol and what leads to it: list->ob_item + i, list->ob_item, list. */
static void
add_owners(Copied *copied, const Sym *sym)
{
    while (sym && copied->n < MAX_OWNERS) {
        copied->owner[copied->n++] = sym;
        if (sym->kind == SYM_BIN) {
            sym = sym->a;
        }
        else {
            bool has_place = (sym->kind == SYM_ADDR || sym->kind == SYM_INIT) && sym->place;
            const Place *root = has_place ? place_root(sym->place) : NULL;
            sym = root && root->kind == PLACE_DEREF ? root->sym : NULL;
        }
    }
}

void
copy_memory(State *state, const Call *call)
{
    Copied copied = {0};
    if (call->nargs != 3 ||
        (!text_equal(call->name, "memcpy") && !text_equal(call->name, "memmove"))) {
        return;
    }
    add_owners(&copied, call->arg[0]);
    add_owners(&copied, call->arg[1]);
    for (uint32_t i = 0; i < state->nref; i++) {
        Ref *ref = &state->ref[i];
        bool inside = false;
        for (uint32_t k = 0; ref->kept == KEPT_BY && k < copied.n; k++) {
            inside = inside || copied.owner[k] == ref->keeper;
        }
        if (inside && ref->own > 0) {
            ref->flags |= REF_ESCAPED; /* taken for the copy */
        }
        else if (inside) {
            ref->kept = KEPT_UNKNOWN;
            ref->keeper = NULL;
        }
    }
}

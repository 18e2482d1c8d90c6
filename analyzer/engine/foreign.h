/* foreign.h: where objects of types that the user of a module has made may turn up.
 *
 * Private to the engine.  Hashing, comparing or converting an object runs code of the user's only
 * when the object is of such a type.  What Python passes to a function, what attributes of that
 * and calls of it give, and whatever the program stores of all that, is foreign; what the program
 * makes itself (numbers, text, containers of these) is not.
 */
#ifndef STRAYREF_ENGINE_FOREIGN_H
#define STRAYREF_ENGINE_FOREIGN_H

#include "engine/state.h"

typedef enum ForeignKind {
    FOREIGN_SELF = 1,  /* the object itself may be of any type */
    FOREIGN_ITEMS = 2, /* what it holds may be */
    FOREIGN_KEYS = 4,  /* the keys may be, of a dict */
    FOREIGN_ALL = 7,
} ForeignKind;

typedef struct Foreign Foreign;

/* Follows all values through all functions of the program.  Owned by 'arena'. */
Foreign *foreign_find(Arena *arena, Strings *strings, const Program *program, const Model *model,
                      const FnInfo *info);
/* What variable 'index' of function 'fn' may hold: bits of ForeignKind. */
uint8_t foreign_local(const Foreign *foreign, uint32_t fn, uint32_t index);
/* What the call that sets temporary 'temp' of function 'fn' may give. */
uint8_t foreign_result(const Foreign *foreign, uint32_t fn, uint32_t temp);
/* What the field ("record.field") or global (its USR) with this key may hold. */
uint8_t foreign_held(const Foreign *foreign, Str key);
/* All that is known of the variables and results of function 'fn', as a number. */
uint64_t foreign_of(const Foreign *foreign, uint32_t fn);
/* Stands for all that is known of fields and globals. */
uint64_t foreign_digest(const Foreign *foreign);

/* ---- foreign_check.c ---------------------------------------------------------------------- */

/* By temporary: 1 when it was loaded from a variable that a type check has found, on every way
 * there, to hold an object of a plain type of Python's; NULL when nothing is checked.  'def' by
 * temporary. */
const uint8_t *foreign_checked(Arena *arena, const Fn *fn, const Instr *const *def);

/* ---- foreign_call.c ----------------------------------------------------------------------- */

typedef enum Transfer { /* what becomes foreign with what */
    TRANSFER_VALUE,   /* both are the same object */
    TRANSFER_ITEM,    /* it was taken out of the other */
    TRANSFER_KEY,     /* it is a key of the other */
    TRANSFER_PUT,     /* it holds the other */
    TRANSFER_PUT_KEY, /* the other is a key of it */
    TRANSFER_COPY,    /* it is like the other: the same items, the same keys */
    TRANSFER_CONTENT, /* it holds what the other holds, or its keys */
    TRANSFER_ANY,     /* it is foreign in any case */
} Transfer;

/* A place in a call: an argument, the variable that it points to, or the result. */
typedef struct CallPlace {
    enum { CALL_ARG, CALL_POINTEE, CALL_RESULT } kind;
    uint32_t arg;
} CallPlace;

typedef void (*TransferFn)(void *payload, Transfer transfer, CallPlace from, CallPlace to);

/* Says what a call of the C-API passes on, by its name and its fact. */
void foreign_call(const char *name, const Summary *fact, uint32_t nargs, TransferFn told,
                  void *payload);

#endif

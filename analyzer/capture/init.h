/* init.h: initialisers in the shape of the object they initialise.
 *
 * Private to capture/.
 */
#ifndef STRAYREF_CAPTURE_INIT_H
#define STRAYREF_CAPTURE_INIT_H

#include "capture/clang.h"

/* Elements of a local array that are followed; numbers of a static one. */
enum { INIT_ARRAY_LIMIT = 64 };

/* One subobject and what it is initialised with. */
typedef struct Init Init;
struct Init {
    CXType type;
    bool is_record, is_array, is_union;
    uint32_t limit;         /* parts that are kept */
    const Members *members; /* of a record */
    Init **part;            /* members or elements, NULL where nothing is written */
    uint32_t nparts, cap;
    bool has_value;
    CXCursor value; /* of a scalar, a string, a record given whole */
};

/* An object of this type without any initialiser; in the scratch arena, as all trees. */
Init *init_new(Tu *tu, CXType type);
/* The object with the value of an initialiser, a list or not. */
Init *init_tree(Tu *tu, CXType type, CXCursor value);
/* How many parts a list without designators may give. */
uint64_t init_room(const Init *init);

#endif

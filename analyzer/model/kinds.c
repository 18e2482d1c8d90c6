/* kinds.c: the kinds of objects that the type checks of the C-API tell apart.
 *
 * A kind is called like its check without "_Check": PyLong for PyLong_Check, PySetExact for
 * PySet_CheckExact.
 */
#include "model/model.h"

#include <string.h>

/* A kind, and what an object of it is as well. */
typedef struct Kind {
    const char *name;
    const char *also; /* NULL: nothing but itself */
} Kind;

static const Kind kinds[] = {
    {"PyLong", NULL},
    {"PyLongExact", "PyLong"},
    {"PyBool", "PyLong"},
    {"PyFloat", NULL},
    {"PyFloatExact", "PyFloat"},
    {"PyComplex", NULL},
    {"PyComplexExact", "PyComplex"},
    {"PyUnicode", NULL},
    {"PyUnicodeExact", "PyUnicode"},
    {"PyUTF8", "PyUnicode"}, /* no check: text that has its UTF-8 form, or can have it */
    {"PyBytes", NULL},
    {"PyBytesExact", "PyBytes"},
    {"PyByteArray", NULL},
    {"PyByteArrayExact", "PyByteArray"},
    {"PyTuple", NULL},
    {"PyTupleExact", "PyTuple"},
    {"PyList", NULL},
    {"PyListExact", "PyList"},
    {"PyDict", NULL},
    {"PyDictExact", "PyDict"},
    {"PyAnySet", NULL},
    {"PyAnySetExact", "PyAnySet"},
    {"PySet", "PyAnySet"},
    {"PySetExact", "PySet"},
    {"PyFrozenSet", "PyAnySet"},
    {"PyFrozenSetExact", "PyFrozenSet"},
    {"PyType", NULL},
    {"PyTypeExact", "PyType"},
    {"PyTraceBack", NULL},
    {"PyCapsuleExact", NULL},
    {"PyModule", NULL},
};

Kinds
kind_find(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (strlen(kinds[i].name) == length && strncmp(kinds[i].name, name, length) == 0) {
            return (Kinds)1 << i;
        }
    }
    return 0;
}

const char *
kind_name(Kinds one)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (one == (Kinds)1 << i) {
            return kinds[i].name;
        }
    }
    return "";
}

Kinds
kind_and_more(Kinds some)
{
    Kinds all = some;
    for (size_t i = COUNT_OF(kinds); i-- > 0;) { /* what is implied stands before what implies it */
        if ((all & (Kinds)1 << i) && kinds[i].also) {
            all |= kind_find(kinds[i].also, strlen(kinds[i].also));
        }
    }
    return all;
}

Kinds
kind_asked(const char *function)
{
    const char *check = strstr(function, "_Check");
    size_t length = check ? (size_t)(check - function) : 0;
    char name[24] = "";
    if (!check || length + sizeof("Exact") > sizeof(name)) {
        return 0;
    }
    if (text_equal(check, "_Check")) {
        return kind_find(function, length);
    }
    if (!text_equal(check, "_CheckExact")) {
        return 0;
    }
    memcpy(name, function, length);
    memcpy(name + length, "Exact", sizeof("Exact"));
    return kind_find(name, length + strlen("Exact"));
}

Kinds
kind_of_type_object(const char *global)
{
    size_t length = strlen(global);
    size_t tail = strlen("_Type");
    bool is_type = length > tail && text_equal(global + length - tail, "_Type");
    return is_type ? kind_find(global, length - tail) : 0;
}

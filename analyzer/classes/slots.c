/* slots.c: the names of slots, and the types of the C-API that others derive from. */
#include <string.h>

#include "classes/private.h"

/* By number, from typeslots.h. */
static const char *const names[] = {
    [47] = "tp_alloc",   [48] = "tp_base",    [49] = "tp_bases",   [50] = "tp_call",
    [51] = "tp_clear",   [52] = "tp_dealloc", [53] = "tp_del",     [54] = "tp_descr_get",
    [55] = "tp_descr_set", [56] = "tp_doc",   [57] = "tp_getattr", [58] = "tp_getattro",
    [59] = "tp_hash",    [60] = "tp_init",    [61] = "tp_is_gc",   [62] = "tp_iter",
    [63] = "tp_iternext", [64] = "tp_methods", [65] = "tp_new",    [66] = "tp_repr",
    [67] = "tp_richcompare", [68] = "tp_setattr", [69] = "tp_setattro", [70] = "tp_str",
    [71] = "tp_traverse", [72] = "tp_members", [73] = "tp_getset", [74] = "tp_free",
    [80] = "tp_finalize",
};

const char *
slot_name(int64_t number)
{
    return number >= 0 && number < (int64_t)COUNT_OF(names) ? names[number] : NULL;
}

SlotId
slot_id(const char *name)
{
    static const char *const ids[SLOT_COUNT] = {
        [SLOT_DEALLOC] = "tp_dealloc", [SLOT_TRAVERSE] = "tp_traverse", [SLOT_CLEAR] = "tp_clear",
        [SLOT_FREE] = "tp_free", [SLOT_ALLOC] = "tp_alloc", [SLOT_NEW] = "tp_new",
        [SLOT_INIT] = "tp_init", [SLOT_FINALIZE] = "tp_finalize", [SLOT_IS_GC] = "tp_is_gc",
        [SLOT_DEL] = "tp_del",
    };

    for (int i = 0; name != NULL && i < SLOT_COUNT; i++) {
        if (strcmp(ids[i], name) == 0) {
            return (SlotId)i;
        }
    }
    return SLOT_COUNT;
}

static const KnownType known_types[] = {
    {"PyBaseObject_Type", false, HOLD_ANY},
    {"PyLong_Type", false, HOLD_ATOM_SUBCLASS},
    {"PyBool_Type", false, HOLD_ATOM},
    {"PyUnicode_Type", false, HOLD_ATOM_SUBCLASS},
    {"PyBytes_Type", false, HOLD_ATOM_SUBCLASS},
    {"PyByteArray_Type", false, HOLD_ATOM_SUBCLASS},
    {"PyFloat_Type", false, HOLD_ATOM_SUBCLASS},
    {"PyComplex_Type", false, HOLD_ATOM_SUBCLASS},
    {"PyCapsule_Type", false, HOLD_ATOM},
    {"PyCode_Type", false, HOLD_ATOM},
    {"PyRange_Type", false, HOLD_ATOM},
    {"PyModule_Type", true, HOLD_SYSTEM},
    {"PyType_Type", true, HOLD_SYSTEM},
    {"PyList_Type", true, HOLD_CONTAINER},
    {"PyDict_Type", true, HOLD_CONTAINER},
    {"PySet_Type", true, HOLD_CONTAINER},
    {"PyFrozenSet_Type", true, HOLD_CONTAINER},
    {"PyTuple_Type", true, HOLD_CONTAINER},
    {"PySlice_Type", true, HOLD_CONTAINER},
    {"PyFunction_Type", true, HOLD_ANY},
    {"PyCFunction_Type", true, HOLD_ANY},
    {"PyMethod_Type", true, HOLD_ANY},
    {"PyProperty_Type", true, HOLD_ANY},
    {"PyGen_Type", true, HOLD_ANY},
    {"PyCoro_Type", true, HOLD_ANY},
    {"PyODict_Type", true, HOLD_CONTAINER},
    {"PyMemoryView_Type", true, HOLD_ANY},
};

const KnownType *
known_type(const char *name)
{
    static const KnownType exception = {"PyExc_*", true, HOLD_ANY};

    if (text_starts(name, "PyExc_") || text_starts(name, "_PyExc_")) {
        return &exception;
    }
    for (size_t i = 0; i < COUNT_OF(known_types); i++) {
        if (text_equal(known_types[i].name, name)) {
            return &known_types[i];
        }
    }
    return NULL;
}

unsigned
known_record(const char *tag)
{
    static const struct {
        const char *tag;
        unsigned holds;
    } records[] = {
        {"PyTypeObject", HOLD_SYSTEM},   {"_typeobject", HOLD_SYSTEM},
        {"PyHeapTypeObject", HOLD_SYSTEM}, {"PyModuleObject", HOLD_SYSTEM},
        {"PyListObject", HOLD_CONTAINER}, {"PyDictObject", HOLD_CONTAINER},
        {"PyTupleObject", HOLD_CONTAINER}, {"PySetObject", HOLD_CONTAINER},
        {"PyUnicodeObject", HOLD_ATOM_SUBCLASS}, {"PyBytesObject", HOLD_ATOM_SUBCLASS},
        {"PyLongObject", HOLD_ATOM_SUBCLASS}, {"PyFloatObject", HOLD_ATOM_SUBCLASS},
        {"PyByteArrayObject", HOLD_ATOM_SUBCLASS}, {"PyComplexObject", HOLD_ATOM_SUBCLASS},
        {"PyCodeObject", HOLD_ATOM},     {"PyFrameObject", HOLD_ANY},
        {"PyFunctionObject", HOLD_ANY},  {"PyWeakReference", HOLD_ATOM},
        {"PyCapsule", HOLD_ATOM},        {"PyMemoryViewObject", HOLD_ANY},
    };

    for (size_t i = 0; i < COUNT_OF(records); i++) {
        if (text_equal(records[i].tag, tag)) {
            return records[i].holds;
        }
    }
    return 0;
}

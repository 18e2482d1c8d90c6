/* results.c: what objects lead to that functions of the C-API give, or let pass. */
#include "classes/private.h"

/* Results of the C-API, by the beginning of the callee's name; the first that fits counts. */
static const struct {
    const char *start;
    unsigned holds;
} results[] = {
    {"PyUnicode_FromObject", HOLD_ATOM},   {"PyUnicode_", HOLD_ATOM},
    {"PyLong_", HOLD_ATOM},                {"PyBytes_", HOLD_ATOM},
    {"PyFloat_", HOLD_ATOM},               {"PyBool_", HOLD_ATOM},
    {"PyComplex_", HOLD_ATOM},             {"PyByteArray_", HOLD_ATOM},
    {"PyCapsule_New", HOLD_ATOM},          {"PyNumber_Long", HOLD_ATOM_SUBCLASS},
    {"PyNumber_Index", HOLD_ATOM}, {"PyNumber_Float", HOLD_ATOM_SUBCLASS},
    {"PyNumber_", HOLD_UNKNOWN},
    {"PyObject_Str", HOLD_ATOM_SUBCLASS},  {"PyObject_Repr", HOLD_ATOM_SUBCLASS},
    {"PyObject_ASCII", HOLD_ATOM_SUBCLASS}, {"PyObject_Bytes", HOLD_ATOM_SUBCLASS},
    {"PyOS_FSPath", HOLD_ATOM_SUBCLASS},   {"PyWeakref_NewRef", HOLD_ATOM},
    {"PyObject_Hash", HOLD_ATOM},          {"PyImport_", HOLD_SYSTEM},
    {"PyModule_", HOLD_SYSTEM},            {"PyType_", HOLD_SYSTEM},
    {"PyErr_NewException", HOLD_SYSTEM},   {"Py_TYPE", HOLD_SYSTEM},
    {"PyObject_Type", HOLD_SYSTEM},        {"PyDict_New", HOLD_CONTAINER},
    {"PyList_New", HOLD_CONTAINER},        {"PySet_New", HOLD_CONTAINER},
    {"PyFrozenSet_New", HOLD_CONTAINER},   {"PyTuple_New", HOLD_CONTAINER},
    {"PySlice_New", HOLD_CONTAINER},       {"PyTime_", HOLD_ATOM},
    {"_PyUnicode_", HOLD_ATOM},            {"_PyLong_", HOLD_ATOM},
    {"PyDateTime", HOLD_ATOM},             {"PyThread", HOLD_ATOM},
    {"PyStructSequence_New", HOLD_UNKNOWN}, {"PyObject_CallMethod", HOLD_UNKNOWN},
    {"PyState_FindModule", HOLD_SYSTEM},   {"PySys_GetObject", HOLD_UNKNOWN},
    {"Py_GetConstant", HOLD_ATOM},
};

/* A container from outside. */
#define GIVEN (HOLD_CONTAINER | HOLD_GIVEN)

/* Type checks: what passes them. */
static const struct {
    const char *name;
    unsigned holds;
} checks[] = {
    {"PyUnicode_Check", HOLD_ATOM_SUBCLASS},  {"PyUnicode_CheckExact", HOLD_ATOM},
    {"PyLong_Check", HOLD_ATOM_SUBCLASS},     {"PyLong_CheckExact", HOLD_ATOM},
    {"PyBytes_Check", HOLD_ATOM_SUBCLASS},    {"PyBytes_CheckExact", HOLD_ATOM},
    {"PyFloat_Check", HOLD_ATOM_SUBCLASS},    {"PyFloat_CheckExact", HOLD_ATOM},
    {"PyBool_Check", HOLD_ATOM},              {"PyByteArray_Check", HOLD_ATOM_SUBCLASS},
    {"PyType_Check", HOLD_SYSTEM},            {"PyModule_Check", HOLD_SYSTEM},
    {"PyCode_Check", HOLD_ATOM},              {"PyCapsule_CheckExact", HOLD_ATOM},
    {"PyComplex_Check", HOLD_ATOM_SUBCLASS},  {"PyDict_Check", GIVEN},
    {"PyDict_CheckExact", GIVEN},    {"PyTuple_CheckExact", GIVEN},
    {"PyTuple_Check", GIVEN},        {"PyList_Check", GIVEN},
    {"PyList_CheckExact", GIVEN},
};

unsigned
result_holds(const char *callee)
{
    for (size_t i = 0; i < COUNT_OF(results); i++) {
        if (text_starts(callee, results[i].start)) {
            return results[i].holds;
        }
    }
    return 0;
}

unsigned
check_holds(const char *callee)
{
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        if (text_equal(checks[i].name, callee)) {
            return checks[i].holds;
        }
    }
    return 0;
}

/* refcheck.h: one fact and the function that it is about, as make-calls writes them. */
#ifndef REFCHECK_H
#define REFCHECK_H

#include <Python.h>
#include <stdbool.h>

#define MAX_PARAMS 12

/* The arguments and what came back. */
typedef struct Call {
    PyObject *object[MAX_PARAMS]; /* objects; for places: what stands in them */
    Py_ssize_t number;            /* for all numbers */
    const char *text;             /* for all strings */
    void *memory;                 /* for all pointers: zeros, 4096 bytes */
    PyObject *result;             /* when it is an object */
    long long returned;           /* when it is a number */
} Call;

/* One outcome.  In 'effects' one letter for each parameter: s taken over, r released,
 * t retained, k kept, K kept by nobody in particular; for a place n new, b borrowed,
 * 0 NULL, N and Z the same as n and 0 after a release; x is not checked. */
typedef struct Outcome {
    char result;          /* n new, b borrowed, s same, 0 NULL, i number, v none, p pointer */
    int same;             /* s: the parameter */
    long long low, high;  /* i */
    char error;           /* r raised, u unknown, - none */
    const char *effects;
    const char *guards;   /* 0 NULL, 1 not NULL, - any */
} Outcome;

typedef struct Function {
    const char *name;
    void (*call)(Call *call);
    int nparams;
    const char *kinds;               /* o object, O place, i number, s string, p pointer */
    const char *pools[MAX_PARAMS];   /* letters of the makers to try; - is NULL */
    const Outcome *outcomes;
    int noutcomes;
    const char *texts[3];            /* strings to try */
    bool raise_first;                /* try it with an exception set as well */
} Function;

extern const Function functions[]; /* ended by a name that is NULL */

/* Imports what the calls need; -1 with an exception when that fails. */
int prepare_calls(void);

#endif

/* refcheck.h: one fact and the function that it is about, as make-calls writes them. */
#ifndef REFCHECK_H
#define REFCHECK_H

#include <Python.h>
#include <stdbool.h>

#define MAX_PARAMS 12
#define MAX_OUTCOMES 8

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

/* What a child tells its parent, in shared memory. */
typedef struct Progress {
    int combination;     /* being tried */
    bool focused;        /* a focus is being watched: a crash is a contradiction */
    int verified[MAX_OUTCOMES];
    int successes[MAX_PARAMS]; /* of calls that should keep the argument */
    int kept[MAX_PARAMS];      /* and did */
    int contradictions;
} Progress;

/* One choice of arguments. */
typedef struct Choice {
    char letters[MAX_PARAMS];
    Py_ssize_t number;
    const char *text;
    bool raise;
} Choice;

/* What is known while a function is checked. */
typedef struct Check {
    const Function *function;
    PyObject *makers; /* letter -> callable */
    Progress *progress;
    Choice choice;
    Call call;
    Py_ssize_t before[MAX_PARAMS];
    Py_ssize_t others;  /* references to the focus that have nothing to do with the call */
    PyObject *old[MAX_PARAMS]; /* what stood in places */
    const Outcome *outcome;
    PyObject *watched; /* the focus */
    Py_ssize_t surplus; /* its count in the end, beyond what it should be */
    bool collect;       /* cycles are collected before the count is read */
    char memory[4096];
} Check;

/* refcheck.c: prints what contradicts the fact, after the arguments. */
void contradiction(Check *check, const char *what, const char *which, long long found);

/* watch.c: calls once with everything protected and notes the outcome; false when the
 * arguments do not fit, or the fact knows no such outcome (which is reported). */
bool call_protected(Check *check);

/* watch.c: calls again for each object that the noted outcome speaks about; reports
 * counts that are wrong, and counts the outcome as verified otherwise. */
void watch_all(Check *check);

/* The table that make-calls writes. */
extern const Function functions[]; /* ended by a name that is NULL */

/* Imports what the calls need; -1 with an exception when that fails. */
int prepare_calls(void);

#endif

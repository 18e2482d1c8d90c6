/* mismatch.h: where a program does not keep what the C-API asks for, as rules see it. */
#ifndef STRAYREF_CONTRACTS_MISMATCH_H
#define STRAYREF_CONTRACTS_MISMATCH_H

#include "engine/finding.h"

typedef enum MismatchKind {
    MISMATCH_WIDTH,    /* an integer of another size: has_bits, wants_bits */
    MISMATCH_TYPE,     /* something else than 'wants': 'has' */
    MISMATCH_FEW,      /* fewer arguments than the format asks for: 'given', 'wanted' */
    MISMATCH_MANY,     /* more */
    MISMATCH_UNIT,     /* 'unit' is no unit of a format */
    MISMATCH_GONE,     /* ... of this Python any more */
    MISMATCH_CLEAN,    /* '#' without PY_SSIZE_T_CLEAN, where Python refuses that */
    MISMATCH_KEYWORDS, /* 'given' names of keywords for 'wanted' units */
    MISMATCH_SENTINEL, /* the array 'name' does not end with the empty entry 'wants' */
    MISMATCH_FLAGS,    /* no such combination of METH_ flags: 'unit' */
    MISMATCH_PARAMS,   /* a function with 'given' parameters, 'wanted' are passed */
    MISMATCH_PARAM,    /* its parameter number 'given' is 'has' instead of 'wants' */
    MISMATCH_RESULT,   /* the same of its result */
    MISMATCH_MEMBER,   /* a PyMemberDef of type 'unit' for a field that is 'has' */
    MISMATCH_SHARED_OBJECT, /* a static variable holds an object, the module 'callee' claims to
                               work in several interpreters: 'unit' */
    MISMATCH_SHARED_TYPE,   /* a type is static, and the module claims that */
    MISMATCH_SHARED_UNLOCKED, /* a static variable gets an object while others may run, the module
                                 claims to need no GIL */
} MismatchKind;

typedef struct Mismatch {
    MismatchKind kind;
    Loc loc;
    const char *function; /* where it stands, or the table's name */
    const char *callee;   /* "PyArg_ParseTuple"; "METH_NOARGS", "tp_init": who calls the function */
    const char *name;     /* the argument, variable, function or field */
    const char *format;   /* the format string it is about, "" for tables */
    const char *unit;     /* "i", "%zd", "T_INT" */
    const char *wants, *has; /* in words */
    uint8_t wants_bits, has_bits;
    bool place;           /* the argument is where the value goes */
    bool constant;        /* the value is a constant */
    bool unused;          /* MISMATCH_PARAMS: the function does not look at what is not passed */
    bool on_error;        /* it happens only after something went wrong */
    bool implied;         /* the module does not say so, but what it says allows it */
    int given, wanted;
    struct {
        Loc loc;
        const char *text;
    } because[2];         /* earlier steps of the story; line 0: there is none */
} Mismatch;

typedef struct MismatchCtx MismatchCtx;

/* Reports once per rule and place and name. */
void mismatch_report(MismatchCtx *cx, const Mismatch *mismatch, Confidence confidence,
                     const char *message, const char *fix);
/* For messages that live as long as the findings. */
Arena *mismatch_arena(MismatchCtx *cx);

#endif

/* annotation.h: what declarations say about themselves in the source.
 *
 * Private to analyzer/model; the words are described in rules/api/README.md.
 */
#ifndef STRAYREF_ANNOTATION_H
#define STRAYREF_ANNOTATION_H

#include "model/words.h"

#define ANNOTATION_PREFIX "strayref:"
/* The capture adds the parameters and the result in this form:
 * "strayref:prototype(list, n:int, out:objp) obj". */
#define ANNOTATION_PROTOTYPE ANNOTATION_PREFIX "prototype"

typedef enum WordKind {
    WORD_RESULT, /* what is returned: 'result' */
    WORD_EFFECT, /* what happens to a parameter: 'effect' */
    WORD_OUT,    /* what an address points to afterwards: 'result' */
    WORD_NULLABLE,
    WORD_NEGATIVE_RAISES,
    WORD_RAISES,
    WORD_TYPE_OBJECT, /* accepted, and needed by nothing here */
} WordKind;

typedef struct AnnotationWord {
    const char *name;
    WordKind kind;
    uint8_t min, max;   /* arguments */
    ResultKind result;
    EffectKind effect;
    bool on_success;    /* EFFECT: only when the call succeeds */
} AnnotationWord;

/* One word that was found, about one parameter (-1: none). */
typedef struct Claim {
    const AnnotationWord *word;
    int param;
} Claim;

/* Everything that the annotations of one function say. */
typedef struct Annotation {
    Str name;
    const char *place;      /* "file:line:col" of the declaration */
    Param *param;
    uint8_t nparam;
    bool variadic;
    const char *result;     /* "obj", "int", "void", "ptr" */
    VEC(Claim) claims;
    const Summary *whole;   /* a fact in the facts language, which says it all, or NULL */
} Annotation;

/* annotation.c: reads the annotations of a function; NULL when it has none of ours.
 * Words that are wrong are reported to 'on_error' ("file:line:col: name: ...;
 * expected ...") and left out. */
Annotation *annotation_read(Arena *arena, Strings *strings, const Decl *decl,
                            FactErrorFn on_error, void *payload);

/* The claim of this kind (about this parameter when it is not negative), or NULL. */
const Claim *annotation_claim(const Annotation *note, WordKind kind, int param);

/* annotation_fact.c: the fact that the annotations make where no body is known: what
 * they do not mention is borrowed, and memory behind addresses unknown. */
Summary *annotation_fact(Arena *arena, Strings *strings, const Annotation *note);

/* Makes a computed summary say what the annotations say; the rest stays.  What the
 * body does otherwise is told to 'on_conflict', one line each. */
void annotation_merge(Arena *arena, const Annotation *note, Summary *computed,
                      FactErrorFn on_conflict, void *payload);

#endif

/* words.h: the words of the facts language, shared by its reader and printer.
 *
 * Private to analyzer/model; the language is described in rules/api/README.md.
 */
#ifndef STRAYREF_WORDS_H
#define STRAYREF_WORDS_H

#include "model/model.h"

#include <string.h>

/* "" : written otherwise (OUT is "x = RESULT"). */
static const char *const effect_words[] = {
    [EFFECT_STEAL] = "steal", [EFFECT_RELEASE] = "release", [EFFECT_RETAIN] = "retain",
    [EFFECT_KEEP] = "keep",   [EFFECT_ESCAPE] = "escape",   [EFFECT_OUT] = "",
    [EFFECT_RESET] = "reset", [EFFECT_FREE] = "free",       [EFFECT_FINISH] = "finish",
    [EFFECT_FILL] = "fill",
};

static const char *const result_words[] = {
    [RESULT_VOID] = "void",         [RESULT_ANY] = "any",   [RESULT_NEW] = "new",
    [RESULT_SHARED] = "shared",
    [RESULT_BORROWED] = "borrowed", [RESULT_SAME] = "same", [RESULT_NULL] = "NULL",
    [RESULT_INT] = "int",           [RESULT_PTR] = "ptr",   [RESULT_FIELD] = "field",
};

static const char *const error_words[] = {
    [ERR_SAME] = "",         [ERR_RAISES] = "raises",   [ERR_NOMEM] = "nomem",
    [ERR_CLEARS] = "clears", [ERR_UNKNOWN] = "unknown",
};

/* Conditions on numbers, from GUARD_NEGATIVE on. */
static const char *const sign_words[] = {"negative", "notnegative", "positive"};

static const char *const kind_words[] = {
    [PARAM_OBJ] = "",    [PARAM_OBJP] = "objp", [PARAM_INT] = "int",
    [PARAM_STR] = "str", [PARAM_PTR] = "ptr",
};

/* Bytes that names are made of. */
static inline bool
is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* True for words that cannot be parameter names: they would be taken for an
 * exception or for "keep x in nobody". */
static inline bool
is_reserved(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(error_words); i++) {
        if (strcmp(word, error_words[i]) == 0) {
            return true;
        }
    }
    return strcmp(word, "nobody") == 0 || strcmp(word, "misused") == 0;
}

/* The parameter that holds what "keep x" takes when no other is named: the
 * first object parameter other than x, -1 when there is none. */
static inline int8_t
default_keeper(const Summary *summary, unsigned param)
{
    for (uint8_t i = 0; i < summary->nparam; i++) {
        if (i != param && summary->param[i].kind == PARAM_OBJ) {
            return (int8_t)i;
        }
    }
    return -1;
}

/* True for results that name the parameter they come from. */
static inline bool
result_has_from(ResultKind kind)
{
    return kind == RESULT_BORROWED || kind == RESULT_SAME || kind == RESULT_PTR ||
           kind == RESULT_FIELD;
}

#endif

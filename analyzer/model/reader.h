/* reader.h: what the files that read the facts language share.
 *
 * Private to analyzer/model.
 */
#ifndef STRAYREF_READER_H
#define STRAYREF_READER_H

#include "model/words.h"

/* The effect written before a parameter, until all parameters are known. */
typedef struct Prefix {
    Effect effect;
    Str keeper; /* "keep x in y": y, NULL when not named */
    const char *at;
} Prefix;

typedef struct Reader {
    Arena *arena;
    Strings *strings;
    const char *name; /* of the text, for messages */
    const FactSink *sink;
    uint32_t line;
    const char *start;    /* of the line */
    const char *at, *end; /* what is left of it, without comment */
    bool failed;          /* this line was reported */
    Str doc;

    Summary *fact; /* being read; NULL between facts */
    uint32_t fact_line;
    bool dropped;     /* a line of it was wrong */
    bool complete;    /* its first line has outcomes: no more may follow */
    VEC(Param) param; /* its parts, copied out when it is complete */
    VEC(Prefix) prefix;
    VEC(Case) cases;
    VEC(Effect) effect; /* of the case being read */
    StrBuf text;
} Reader;

/* ---- facts_lex.c -------------------------------------------------------- */

static inline bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Tells the sink about an error at a place of the text. */
void facts_lex_report(Reader *r, uint32_t line, size_t col, const char *message);
/* Reports the first error of the line, at the reader's place; returns false. */
bool facts_lex_fail(Reader *r, const char *format, ...) PRINTF_LIKE(2, 3);
void facts_lex_skip_blanks(Reader *r);
/* Length of the run of name bytes at 'at'. */
size_t facts_lex_run_length(const Reader *r, const char *at);
/* The length of the word that comes next, 0 when there is none. */
size_t facts_lex_peek_word(Reader *r);
/* True when 'token' comes next; facts_lex_accept takes it then. */
bool facts_lex_next_is(Reader *r, const char *token);
bool facts_lex_accept(Reader *r, const char *token);
/* Takes the word when it comes next, whole. */
bool facts_lex_accept_word(Reader *r, const char *word);
/* The same at the start of a line, followed by a blank. */
bool facts_lex_accept_keyword(Reader *r, const char *word);
/* The next word, interned; NULL when there is none. */
Str facts_lex_take_word(Reader *r);
/* The index of the next word in a table, -1 when it is not in it;
 * facts_lex_accept_from takes the word when it is. */
int facts_lex_find_word(Reader *r, const char *const *table, size_t count);
int facts_lex_accept_from(Reader *r, const char *const *table, size_t count);
/* False, and reported, when something is left of the line. */
bool facts_lex_at_end(Reader *r, const char *expected);

/* ---- facts_case.c ------------------------------------------------------- */

/* The index of a parameter, -1 when there is none of that name. */
int find_param(const Reader *r, Str name);
/* Takes the name of a parameter. */
bool read_param_name(Reader *r, int *index);
/* Takes an effect word, but only where it stands before the name of its
 * parameter: a parameter may be called "free" or "keep". */
bool read_effect_word(Reader *r, EffectKind *kind);
/* After "keep x": the name y of "keep x in y", NULL when there is none. */
bool read_keeper(Reader *r, Str *keeper);
/* An effect without further details. */
Effect effect_make(EffectKind kind, uint8_t param);
/* Fills in who holds what "keep" takes. */
bool effect_set_keeper(Reader *r, Effect *effect, Str keeper);
/* False, and reported, when the effect makes no sense for its parameter. */
bool effect_check(Reader *r, const Effect *effect);
/* [when GUARDS:] RESULT [EXCEPTION] [: EFFECTS], into r->cases. */
bool read_case(Reader *r);

#endif

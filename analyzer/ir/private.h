/* private.h: what the files of ir/ share and nobody else sees: the operand
 * rules of an instruction, and the characters and tokens of the text form.
 */
#ifndef STRAYREF_IR_PRIVATE_H
#define STRAYREF_IR_PRIVATE_H

#include "ir/ir.h"

/* ---- verify.c ------------------------------------------------------------ */

/* What is wrong with the operands of one instruction, NULL when nothing is.
 * The builder asserts by it, the verifier reports it. */
const char *instr_check(const Fn *fn, const Instr *ins);

/* ---- temps.c ------------------------------------------------------------- */

/* Checks the temporaries of a function whose instructions are sound. */
bool temps_check(Arena *scratch, const Fn *fn, Error *error);

/* ---- the text form ------------------------------------------------------- */

/* The first line; the number changes when the language does. */
#define IR_HEADER "strayref-ir 1"

/* Characters of a name that needs no quotes.  What may come on top: */
#define IN_DECL "."    /* in the name of a declaration */
#define IN_PATH "[]."  /* in the path of a table entry */

static inline bool
char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool
char_is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || char_is_digit(c)
        || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* ---- put.c --------------------------------------------------------------- */

void put_unsigned(StrBuf *out, uint64_t number);
void put_int(StrBuf *out, int64_t number);
/* Text up to the closing character, which comes too. */
void put_quoted(StrBuf *out, const char *text, char close);
/* A string in double quotes. */
void put_string(StrBuf *out, const char *text);
/* A name, in quotes where it has other than plain characters and 'extra'. */
void put_name(StrBuf *out, const char *name, const char *extra);

/* ---- lex.c --------------------------------------------------------------- */

/* Reads tokens.  After the first error 'at' is the end and every function
 * returns an empty answer, so that callers need not look after each step. */
typedef struct Lexer {
    Strings *strings;
    const char *name;       /* for messages */
    const char *at, *end;   /* what is left to read */
    const char *line_start; /* of the current line */
    uint32_t line;          /* from 1 */
    StrBuf scratch;         /* a string being unescaped */
    bool failed;
    Error *error;           /* the first error, may be NULL */
} Lexer;

void lex_init(Lexer *lex, Arena *scratch, Strings *strings, const char *name,
              const char *text, size_t length, Error *error);
/* Reports "name:line:col: ..." at the current place, once.  Returns false. */
bool lex_fail(Lexer *lex, const char *format, ...) PRINTF_LIKE(2, 3);
/* The next character after blanks and comments, 0 at the end of the text. */
char lex_peek(Lexer *lex);
/* Takes 'c' when it comes next. */
bool lex_take(Lexer *lex, char c);
/* Takes 'c' or fails. */
void lex_need(Lexer *lex, char c);
/* Takes the whole word when it comes next. */
bool lex_take_word(Lexer *lex, const char *word);
/* Takes a run of plain characters; *length is 0 when there is none. */
const char *lex_word(Lexer *lex, size_t *length);
/* A name, quoted or made of plain characters and those in 'extra'. */
Str lex_name(Lexer *lex, const char *extra);
/* A string in double quotes. */
Str lex_string(Lexer *lex);
/* What stands before the closing character; the opening one is taken. */
Str lex_quoted(Lexer *lex, char close);
/* A number from 0 to 'max'; a number that may be negative. */
uint64_t lex_unsigned(Lexer *lex, uint64_t max);
int64_t lex_int(Lexer *lex);
/* Takes the end of the line and the blank lines that follow, or fails. */
void lex_end_line(Lexer *lex);
/* Takes blank lines; true when no text is left. */
bool lex_at_end(Lexer *lex);

/* ---- read.c, read_instr.c ------------------------------------------------ */

typedef struct Reader {
    Lexer lex;
    Arena *scratch;  /* dropped at the end */
    Unit *unit;
    Map decls;       /* Str name -> Decl *, the first of its name */
    Map more_decls;  /* Str "2:name" -> Decl * */
    Loc base;        /* places are relative to this one */
    /* the function being read */
    Map locals;      /* Str name -> index + 1 of the first of its name */
    VEC(Local) local;
    VEC(Block) blocks;
    VEC(Instr) ins;  /* of the current block */
    VEC(Val) args;
    VEC(SwitchCase) cases;
    VEC(TableEntry) entries;
} Reader;

/* A copy of a scratch vector in the unit's memory, NULL when empty. */
#define KEEP(r, vec)                                                           \
    ((vec)->n == 0 ? NULL                                                      \
                   : arena_copy((r)->unit->arena, (vec)->at,                   \
                                sizeof(*(vec)->at) * (vec)->n))

/* A type, a value, a place (nowhere when none comes next). */
const Type *read_type(Reader *r);
Val read_val(Reader *r);
Loc read_loc(Reader *r);
/* The place of the map that holds a declaration, "@name" or "@name#2"; *plain
 * (may be NULL) gets the name alone. */
void **read_decl_place(Reader *r, Str *plain);
/* The declaration of that name, NULL when it fails. */
Decl *read_decl_ref(Reader *r);
/* The number of "b3". */
uint32_t read_block_ref(Reader *r);
/* One instruction with the end of its line. */
Instr read_instr(Reader *r);

#endif

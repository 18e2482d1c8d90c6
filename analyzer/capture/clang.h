/* clang.h: the little of libclang that needs care, in our own terms: children
 * as arrays, strings copied and disposed at once, places, types and
 * declarations translated once and remembered.
 *
 * Private to capture/.  The lowering files also call libclang's own one-line
 * questions (kind, type, operator of a cursor) directly; nothing outside this
 * folder sees any of it.
 */
#ifndef STRAYREF_CAPTURE_CLANG_H
#define STRAYREF_CAPTURE_CLANG_H

#include <clang-c/Index.h>

#include "capture/capture.h"

/* A source file as libclang saw it. */
typedef struct SourceFile {
    Str path;         /* absolute, normalised */
    bool is_system;   /* of the C library, of Python, or ours */
    bool is_overlay;  /* the header put in front of Python.h */
    const char *text; /* contents, NULL when they cannot be had */
    size_t size;
} SourceFile;

/* A function to be lowered; 'made_from' as in Tu. */
typedef struct MoreFunction {
    CXCursor cursor;
    CXType made_from;
} MoreFunction;

/* One parsed translation unit and what was translated of it so far. */
typedef struct Tu {
    CXTranslationUnit handle;
    Unit *unit;         /* where everything goes to */
    Arena *arena;       /* lives as long as the Tu */
    Arena *scratch;     /* children arrays; reset between functions */
    Str directory;      /* relative file names start here */
    Str overlay_path;   /* of the header put in front of Python.h */
    Str overlay_dir;    /* where that header is; other headers of ours too */
    Str overlay_prefix; /* of the functions it declares, may be "" */
    Str python_dir;     /* where the real Python.h is, or NULL */
    Str part_path;      /* file that holds one function in place of 'part_of', or NULL */
    Str part_of;
    Map *noted;         /* where these are put as they are met, or NULL */
    Arena *noted_arena; /* ... and their names */
    const Map *tags;    /* resolution of a record -> the name that a typedef gives it; NULL: look
                           at 'typedefs' alone */
    Str va_list_tag;    /* of the record behind va_list */
    bool has_errors;    /* expressions without a type may turn up */
    bool is_cxx;        /* the source is C++ */
    bool has_inlined;   /* some function was lowered in place of its call */
    CXType made_from;   /* while a template's pattern is lowered: the class that was made of
                           it, whose arguments stand for the parameters; else invalid */
    bool is_pattern;    /* a template's pattern is being lowered: types may be unknown */
    bool is_dependent;  /* a type just translated was such a parameter */
    Map files;          /* CXFile -> SourceFile * */
    Map identities;     /* file -> the first of its names; empty without a preamble */
    Map paths;          /* path -> SourceFile *: a preamble has another CXFile for it */
    Map types;          /* clang's type -> const Type * */
    Map typedefs;       /* record declaration -> Str */
    Map members;        /* record declaration -> Members * */
    Map decls;          /* declaration -> Decl * */
    Map functions;      /* name -> its declaration, private to clang.c */
    Map specialised;    /* resolution of a method -> its declaration by 'template <>' */
    Map classes;        /* class declaration -> Class * */
    Map sizes;          /* function -> its size + 1, private to lower_inline.c */
    Map throws;         /* function -> what it throws, private to lower_try.c */
    Map made;           /* template of a function that some function was made from */
    Map wanted;         /* function -> not NULL once it is in the list below */
    VEC(MoreFunction) more; /* functions met that stand in no list of declarations */
} Tu;

typedef struct Cursors {
    CXCursor *at;
    uint32_t n;
} Cursors;

/* What a record consists of, in order.  An anonymous struct or union inside
 * is one member without a name; unnamed bit-fields are left out. */
typedef struct Member {
    Str name; /* "" for an anonymous record */
    CXType type;
    CXCursor decl; /* the field, or the anonymous record itself */
} Member;

typedef struct Members {
    Member *at;
    uint32_t n;
} Members;

/* ---- cursors ------------------------------------------------------------- */

/* The direct children; the array lives in the scratch arena. */
Cursors cursor_children(Tu *tu, CXCursor cursor);
/* The direct children that are expressions. */
Cursors cursor_operands(Tu *tu, CXCursor cursor);
/* The cursor below parentheses, casts without an effect on places, and
 * __extension__. */
CXCursor cursor_peel(Tu *tu, CXCursor cursor);
/* True when 'cursor' takes an argument from the va_list 'operand'; it looks
 * like an implicit conversion of it. */
bool cursor_is_va_arg(Tu *tu, CXCursor cursor, CXCursor operand);
/* One key per declaration or statement, for maps. */
uint64_t cursor_key(CXCursor cursor);
/* The spelling (a name) and the kind in words, interned. */
Str cursor_name(Tu *tu, CXCursor cursor);
Str cursor_kind_name(Tu *tu, CXCursor cursor);
/* The identifier written where the cursor starts, "" when there is none. */
Str cursor_word(Tu *tu, CXCursor cursor);
/* The function outside of others with this name, a null cursor when there is none. */
CXCursor cursor_function(Tu *tu, Str name);
/* The object-like macro whose definition holds the start of the cursor
 * ("#define NAME (*table[3])"), "" when there is none. */
Str cursor_macro(Tu *tu, CXCursor cursor);
/* The value of an integer constant expression.  Ask only for expressions
 * that cannot have effects: they would be lost. */
bool cursor_constant(CXCursor cursor, int64_t *value);
/* The same for a floating constant that is a whole number of at most 31 bits. */
bool cursor_whole_number(CXCursor cursor, int64_t *value);
/* The bytes of a string literal up to the first NUL, at most 'limit'; NULL
 * for wide strings. */
Str cursor_string(Tu *tu, CXCursor cursor, size_t limit);

/* ---- places -------------------------------------------------------------- */

Loc cursor_loc(Tu *tu, CXCursor cursor);
/* The last character of what the cursor covers: a closing brace. */
Loc cursor_end_loc(Tu *tu, CXCursor cursor);
Loc clang_loc(Tu *tu, CXSourceLocation at);
/* The file, NULL for none, and the place in it where something is used. */
SourceFile *clang_place(Tu *tu, CXSourceLocation at, uint32_t *offset);
/* The same for where it is written, which differs inside macros. */
SourceFile *clang_spelling(Tu *tu, CXSourceLocation at, uint32_t *offset);
/* True in system headers, Python's own among them. */
bool cursor_is_system(Tu *tu, CXCursor cursor);
/* What 'handle' stands for, made on first sight. */
SourceFile *clang_file(Tu *tu, CXFile handle);
/* Appends the paths of the files that were read, in order, as SourceFile has them; not those of
 * a compiled preamble. */
typedef VEC(Str) Files;
/* Tells that a compiled preamble has read the file under this name. */
void clang_note_file(Tu *tu, Str path);
void clang_files_read(Tu *tu, Files *out);

/* ---- types (clang_type.c) ------------------------------------------------- */

const Type *clang_type(Tu *tu, CXType type);
const Type *cursor_type(Tu *tu, CXCursor cursor);
/* Remembers that 'cursor', a typedef, names a record. */
void clang_note_typedef(Tu *tu, CXCursor cursor);
/* The members of a record type. */
const Members *clang_members(Tu *tu, CXType record);
/* ---- declarations (clang_decl.c) ------------------------------------------- */

/* The declaration of a function or of a variable outside functions; 'owner'
 * is the function around a static local, or NULL. */
Decl *clang_decl(Tu *tu, CXCursor cursor, Str owner);

/* ---- text ------------------------------------------------------------------ */

/* A copy of the string in the arena; the string itself is disposed of. */
const char *clang_text(Arena *arena, CXString string);
/* The same, interned. */
Str clang_intern(Tu *tu, CXString string);

#endif

/* class.h: what C++ classes consist of, and what making, copying and ending
 * their objects takes.
 *
 * Private to capture/.
 */
#ifndef STRAYREF_CAPTURE_CLASS_H
#define STRAYREF_CAPTURE_CLASS_H

#include "capture/clang.h"

/* A class, struct or union of C++.  Members that are not written, or defaulted
 * or deleted, are null cursors. */
typedef struct Class {
    CXType type;
    Str tag;
    bool is_pattern;  /* the members are those of the template it was made from */
    bool is_opaque;   /* of a system header: nothing is known of it */
    bool is_holder;   /* std::unique_ptr: one pointer and who releases it */
    bool is_union;
    Cursors bases;    /* base specifiers */
    CXType *base_type; /* of each; one that depends on a template's parameters is learned
                          from the constructors that are seen */
    bool is_vague;    /* one of them is not known */
    Cursors fields;
    CXCursor plain;   /* constructor without arguments */
    CXCursor copy, move;               /* constructors */
    CXCursor copy_assign, move_assign; /* operators */
    CXCursor destructor;
    bool ends;        /* the end of an object does something */
    bool copies;      /* copying is more than copying memory */
} Class;

/* The class behind a type, elements of arrays included; NULL when it is none or
 * only declared.  Owned by the Tu. */
const Class *class_of(Tu *tu, CXType type);
/* The class around a method; for a lambda's operator NULL. */
const Class *class_of_method(Tu *tu, CXCursor method);
/* Looks at a constructor of a class made from a template for the types of its bases. */
void class_learn_bases(Tu *tu, const Class *klass, CXCursor constructor);
/* The constructor that makes an object of a value of this type, a null cursor for none. */
CXCursor class_converter(Tu *tu, const Class *klass, const Type *from);
/* The initialiser written with a field, a null cursor when there is none. */
CXCursor class_field_init(Tu *tu, CXCursor field);
/* True for the closure class of a lambda. */
bool class_is_lambda(CXType type);
/* The method of a class with this name, a null cursor when there is none. */
CXCursor class_method(Tu *tu, CXType type, const char *name);
/* Notes a method declared outside of its class: it may be the specialisation of one for
 * some arguments of a template. */
void class_note_method(Tu *tu, CXCursor method);
/* What a template's own method is for the class whose pattern is being lowered: its
 * specialisation, else the method itself. */
CXCursor class_specialised(Tu *tu, CXCursor method);
/* True for a method of a template itself. */
bool method_is_pattern(CXCursor method);
/* True when the body of a special member comes from the compiler. */
bool method_is_defaulted(CXCursor method);
/* True for an entity in namespace std. */
bool cursor_is_std(Tu *tu, CXCursor cursor);
/* True for 'T &' and 'T &&'. */
bool type_is_reference(CXType type);

#endif

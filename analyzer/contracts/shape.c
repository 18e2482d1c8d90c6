/* shape.c: the C types of arguments, as they are after the promotions of variadic calls, against
 * what is wanted.
 *
 * Casts between pointers leave no trace in the IR: what a pointer leads to is what really lies
 * there.  So a type is refused only where no cast makes it right.
 */
#include <string.h>

#include "contracts/private.h"

Body
body_of(Arena *arena, const Fn *fn, const Unit *unit)
{
    Body body = {fn, unit, ARENA_ARRAY(arena, const Instr *, fn->ntemp + 1)};

    for (uint32_t b = 0; b < fn->nblock; b++) {
        for (uint32_t i = 0; i < fn->block[b].nins; i++) {
            const Instr *ins = &fn->block[b].ins[i];

            if (ins->dst != 0) {
                body.def[ins->dst] = ins;
            }
        }
    }
    return body;
}

static const Instr *
def_of(const Body *body, Val val)
{
    return val.kind == VAL_TEMP ? body->def[val.index] : NULL;
}

/* True for an integer constant that was given its size by a cast. */
static bool
is_constant_cast(const Instr *def)
{
    return def->op == OP_CAST && def->a.kind == VAL_INT && def->type->kind == TYPE_INT;
}

Shape
shape_of(const Body *body, Val val)
{
    const Instr *def = def_of(body, val);
    Shape shape = {.kind = val.kind};

    switch (val.kind) {
    case VAL_LOCAL:
        shape.type = body->fn->local[val.index].type;
        shape.address = true;
        break;
    case VAL_GLOBAL:
        shape.type = val.decl->type;
        shape.address = true;
        break;
    case VAL_INT:
        shape.num = val.num;
        break;
    case VAL_TEMP:
        shape.type = def != NULL ? def->type : NULL;
        if (def != NULL && (def->op == OP_FIELD || def->op == OP_INDEX) && shape.type != NULL &&
            shape.type->kind == TYPE_PTR) {
            shape.type = shape.type->to;
            shape.address = true;
        }
        if (def != NULL && is_constant_cast(def)) {
            shape.kind = VAL_INT;
            shape.num = def->a.num;
        }
        break;
    default:
        break;
    }
    return shape;
}

static const char *
field_name(Arena *arena, const Body *body, const Instr *field)
{
    const char *owner = shape_name(arena, body, field->a);

    if (*owner == '\0') {
        return field->name;
    }
    return arena_printf(arena, "%s%s%s", owner,
                        field->a.kind == VAL_LOCAL || field->a.kind == VAL_GLOBAL ? "." : "->",
                        field->name);
}

const char *
shape_name(Arena *arena, const Body *body, Val val)
{
    const Instr *def = def_of(body, val);

    if (val.kind == VAL_LOCAL) {
        return body->fn->local[val.index].name;
    }
    if (val.kind == VAL_GLOBAL || val.kind == VAL_FUNC) {
        return val.decl->name;
    }
    if (val.kind == VAL_INT) {
        return arena_printf(arena, "%lld", (long long)val.num);
    }
    if (def == NULL) {
        return "";
    }
    switch (def->op) {
    case OP_LOAD: case OP_CAST: case OP_COPY:
        return shape_name(arena, body, def->a);
    case OP_FIELD:
        return field_name(arena, body, def);
    case OP_INDEX:
        return arena_printf(arena, "%s[%s]", shape_name(arena, body, def->a),
                            shape_name(arena, body, def->b));
    case OP_CALL:
        return def->a.kind == VAL_FUNC ? arena_printf(arena, "%s()", def->a.decl->name) : "";
    default:
        return "";
    }
}

/* ---- fitting --------------------------------------------------------------------- */

/* Bits that a variable of the type takes up. */
static uint8_t
stored_bits(const Type *type)
{
    return type->bits < 8 ? 8 : type->bits;
}

/* Bits that are passed for a value of the type where there is no parameter. */
static uint8_t
promoted_bits(const Shape *shape)
{
    return shape->type == NULL || shape->type->bits < 32 ? 32 : shape->type->bits;
}

static bool
is_number(const Shape *shape)
{
    return shape->kind == VAL_FLOAT || shape->kind == VAL_INT ||
           (shape->type != NULL && !shape->address &&
            (shape->type->kind == TYPE_INT || shape->type->kind == TYPE_FLOAT));
}

/* What a pointer leads to, NULL when that is not known. */
static const Type *
target_of(const Shape *shape)
{
    return shape->address || shape->type == NULL ? shape->type : shape->type->to;
}

static const Type *
element_of(const Type *type)
{
    while (type != NULL && type->kind == TYPE_ARRAY) {
        type = type->to;
    }
    return type;
}

static bool
is_int(const Shape *shape)
{
    return shape->kind == VAL_INT ||
           (shape->kind == VAL_TEMP && !shape->address && shape->type != NULL &&
            shape->type->kind == TYPE_INT);
}

static bool
is_float(const Shape *shape)
{
    return shape->kind == VAL_FLOAT ||
           (shape->kind == VAL_TEMP && !shape->address && shape->type != NULL &&
            shape->type->kind == TYPE_FLOAT);
}

/* Nothing is known of it. */
static bool
is_open(const Shape *shape)
{
    return shape->kind == VAL_UNDEF || shape->kind == VAL_NONE ||
           (shape->kind == VAL_TEMP && (shape->type == NULL || shape->type->kind == TYPE_OTHER ||
                                        shape->type->kind == TYPE_RECORD) && !shape->address);
}

/* A pointer to something that is surely no object. */
static bool
leads_elsewhere(const Shape *shape)
{
    const Type *to = target_of(shape);

    return shape->kind == VAL_STR || shape->kind == VAL_FUNC ||
           (to != NULL && (to->kind == TYPE_INT || to->kind == TYPE_FLOAT ||
                           to->kind == TYPE_PTR || to->kind == TYPE_FUNC));
}

static bool
leads_to_object(const Shape *shape)
{
    const Type *to = target_of(shape);

    return shape->kind != VAL_NULL && to != NULL &&
           ((to->kind == TYPE_RECORD && to->is_object) || type_is_object(to));
}

static Fit
value_fits(const Shape *shape, const Want *want, uint8_t *bits)
{
    bool zero = shape->kind == VAL_NULL || (shape->kind == VAL_INT && shape->num == 0);

    switch (want->kind) {
    case WANT_INT:
        if (!is_int(shape)) {
            return OTHER_TYPE;
        }
        *bits = promoted_bits(shape);
        return *bits == want->bits ? FITS : OTHER_WIDTH;
    case WANT_FLOAT:
        return is_float(shape) && (shape->type == NULL || shape->type->bits <= 64) ? FITS
                                                                                   : OTHER_TYPE;
    case WANT_OBJECT:
        return !zero && (is_number(shape) || leads_elsewhere(shape)) ? OTHER_TYPE : FITS;
    case WANT_TEXT:
        return !zero && (is_number(shape) || leads_to_object(shape) || shape->kind == VAL_FUNC)
                   ? OTHER_TYPE : FITS;
    case WANT_FUNCTION:
        return !zero && (is_number(shape) || leads_to_object(shape) || shape->address ||
                         shape->kind == VAL_STR)
                   ? OTHER_TYPE : FITS;
    default:
        return !zero && is_number(shape) ? OTHER_TYPE : FITS;
    }
}

/* A place for a number: what lies there has its size. */
static Fit
number_fits(const Type *to, const Want *want, uint8_t *bits)
{
    const Type *element = element_of(to);
    TypeKind kind = want->kind == WANT_INT ? TYPE_INT : TYPE_FLOAT;

    if (element->kind == TYPE_RECORD) {
        return element->is_object ? OTHER_TYPE : FITS;
    }
    if (to->kind == TYPE_ARRAY && (element->kind == TYPE_INT || element->kind == TYPE_FLOAT) &&
        to->count * stored_bits(element) >= want->bits) {
        return FITS; /* bytes, seen as a number */
    }
    if (element->kind != kind) {
        return OTHER_TYPE;
    }
    *bits = stored_bits(element);
    return *bits == want->bits ? FITS : OTHER_WIDTH;
}

/* A place for a pointer. */
static Fit
pointer_fits(const Type *to, const Want *want)
{
    const Type *element = element_of(to), *held;

    if (element->kind == TYPE_RECORD) {
        return element->is_object ? OTHER_TYPE : FITS;
    }
    if (element->kind == TYPE_INT) {
        return element->bits == 64 && want->kind == WANT_TEXT ? FITS : OTHER_TYPE;
    }
    if (element->kind != TYPE_PTR) {
        return OTHER_TYPE;
    }
    held = element->to;
    if (held == NULL) {
        return FITS;
    }
    if (want->kind == WANT_OBJECT) {
        return held->kind == TYPE_INT || held->kind == TYPE_FLOAT ? OTHER_TYPE : FITS;
    }
    return held->kind == TYPE_RECORD && held->is_object ? OTHER_TYPE : FITS;
}

static Fit
place_fits(const Shape *shape, const Want *want, uint8_t *bits)
{
    const Type *to = target_of(shape), *element = element_of(to);

    if (shape->kind == VAL_NULL || (shape->kind == VAL_INT && shape->num == 0)) {
        return FITS;
    }
    if (is_number(shape) || shape->kind == VAL_STR || shape->kind == VAL_FUNC) {
        return OTHER_TYPE;
    }
    if (element == NULL || element->kind == TYPE_VOID || element->kind == TYPE_OTHER ||
        (element->kind == TYPE_RECORD && element->is_union)) {
        return FITS;
    }
    switch (want->kind) {
    case WANT_INT: case WANT_FLOAT:
        return number_fits(to, want, bits);
    case WANT_OBJECT: case WANT_TEXT:
        return pointer_fits(to, want);
    case WANT_STRUCT:
        return element->kind == TYPE_RECORD && !element->is_object ? FITS : OTHER_TYPE;
    default:
        return FITS;
    }
}

Fit
shape_fits(const Shape *shape, const Want *want, uint8_t *bits)
{
    if (want->kind == WANT_ANY || is_open(shape)) {
        return FITS;
    }
    return want->place ? place_fits(shape, want, bits) : value_fits(shape, want, bits);
}

/* ---- words ------------------------------------------------------------------------- */

const char *
type_words(Arena *arena, const Type *type)
{
    if (type == NULL) {
        return "something else";
    }
    switch (type->kind) {
    case TYPE_VOID: return "nothing";
    case TYPE_INT:
        return type->bits < 8 ? "a bool"
                              : arena_printf(arena, "an integer of %u bits", type->bits);
    case TYPE_FLOAT:
        return type->bits == 32 ? "a float" : type->bits == 64 ? "a double" : "a long double";
    case TYPE_PTR:
        if (type_is_object(type)) {
            return "a pointer to an object";
        }
        if (type->to != NULL && type->to->kind == TYPE_INT && type->to->bits == 8) {
            return "a char *";
        }
        return type->to != NULL && type->to->kind == TYPE_PTR ? "a pointer to a pointer"
                                                              : "a pointer";
    case TYPE_ARRAY:
        return arena_printf(arena, "an array of %llu", (unsigned long long)type->count);
    case TYPE_RECORD:
        return type->is_object ? "an object"
                               : arena_printf(arena, "the struct %s",
                                              *type->tag != '\0' ? type->tag : "without a name");
    default: return "a function";
    }
}

const char *
shape_words(Arena *arena, const Shape *shape, bool place)
{
    switch (shape->kind) {
    case VAL_FLOAT: return "a double";
    case VAL_STR: return "a string";
    case VAL_FUNC: return "a function";
    case VAL_NULL: return "NULL";
    case VAL_INT:
        return shape->type == NULL ? "an int" : type_words(arena, shape->type);
    default: break;
    }
    if (place) {
        return is_number(shape) ? arena_printf(arena, "%s, not an address",
                                               type_words(arena, shape->type))
                                : type_words(arena, target_of(shape));
    }
    if (shape->address) {
        return shape->type->kind == TYPE_RECORD && shape->type->is_object
                   ? "an object" : "the address of a variable";
    }
    return type_is_object(shape->type) ? "an object" : type_words(arena, shape->type);
}

/* annotation.c: __attribute__((annotate("strayref:..."))) -> claims.
 *
 * An annotation is a word with the numbers of parameters, or a whole fact
 * without its name ("strayref:(list, steal item) -> 0 | -1 raises").
 */
#include "model/annotation.h"

#include <ctype.h>
#include <stdlib.h>

static const AnnotationWord words[] = {
    {"returns_new", WORD_RESULT, 0, 0, .result = RESULT_NEW},
    {"returns_shared", WORD_RESULT, 0, 0, .result = RESULT_SHARED},
    {"returns_borrowed", WORD_RESULT, 0, 1, .result = RESULT_BORROWED},
    {"returns_same", WORD_RESULT, 1, 1, .result = RESULT_SAME},
    {"steals", WORD_EFFECT, 1, PARAM_MAX, .effect = EFFECT_STEAL},
    {"steals_on_success", WORD_EFFECT, 1, PARAM_MAX, .effect = EFFECT_STEAL,
     .on_success = true},
    {"releases", WORD_EFFECT, 1, PARAM_MAX, .effect = EFFECT_RELEASE},
    {"retains", WORD_EFFECT, 1, PARAM_MAX, .effect = EFFECT_RETAIN},
    {"keeps", WORD_EFFECT, 1, PARAM_MAX, .effect = EFFECT_KEEP, .on_success = true},
    {"out_new", WORD_OUT, 1, PARAM_MAX, .result = RESULT_NEW},
    {"out_borrowed", WORD_OUT, 1, PARAM_MAX, .result = RESULT_BORROWED},
    {"nullable", WORD_NULLABLE, 1, PARAM_MAX, .result = RESULT_VOID},
    {"negative_result_sets_exception", WORD_NEGATIVE_RAISES, 0, 0, .result = RESULT_VOID},
    {"sets_exception", WORD_RAISES, 0, 0, .result = RESULT_VOID},
    {"type_object_for_typedef", WORD_TYPE_OBJECT, 1, 1, .result = RESULT_VOID},
};

#define EXPECTED_WORDS                                                                 \
    "returns_new, returns_borrowed[(n)], returns_shared, returns_same(n), steals(n), "  \
    "steals_on_success(n), releases(n), retains(n), keeps(n), out_new(n), "             \
    "out_borrowed(n), nullable(n), negative_result_sets_exception, sets_exception or "  \
    "a fact '(parameters) -> outcomes'"

typedef struct Notes {
    Arena *arena;
    Strings *strings;
    Annotation *note;
    FactErrorFn on_error;
    void *payload;
    const char *text; /* of the annotation being read, without prefix */
} Notes;

/* Reports a wrong annotation; returns false. */
static bool PRINTF_LIKE(2, 3)
refuse(Notes *notes, const char *format, ...)
{
    char message[768];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (notes->on_error != NULL) {
        notes->on_error(notes->payload,
                        arena_printf(notes->arena, "%s: annotation '%s' of %s: %s",
                                     notes->note->place, notes->text, notes->note->name,
                                     message));
    }
    return false;
}

/* ---- the prototype -------------------------------------------------------- */

static ParamKind
kind_named(const char *word, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(kind_words); i++) {
        if (strlen(kind_words[i]) == length && strncmp(kind_words[i], word, length) == 0) {
            return (ParamKind)i;
        }
    }
    return PARAM_PTR;
}

/* True when the name can stand in a fact for the parameter to come. */
static bool
is_usable(const Annotation *note, Str name)
{
    for (uint8_t i = 0; i < note->nparam; i++) {
        if (note->param[i].name == name) {
            return false;
        }
    }
    return *name != '\0' && !is_reserved(name);
}

/* "list", "n:int" */
static void
add_param(Notes *notes, const char *text, size_t length)
{
    Annotation *note = notes->note;
    const char *colon = memchr(text, ':', length);
    size_t head = colon != NULL ? (size_t)(colon - text) : length;
    Param *param = &note->param[note->nparam];

    param->name = str_intern_n(notes->strings, text, head);
    if (!is_usable(note, param->name)) {
        param->name = str_internf(notes->strings, "arg%d", note->nparam + 1);
    }
    param->kind = colon != NULL ? kind_named(colon + 1, length - head - 1) : PARAM_OBJ;
    note->nparam++;
}

/* "(list, n:int, ...) obj" */
static void
read_prototype(Notes *notes, const char *text)
{
    Annotation *note = notes->note;
    const char *end = strrchr(text, ')');

    if (*text != '(' || end == NULL) {
        return;
    }
    note->result = end[1] == ' ' ? end + 2 : "void";
    for (const char *at = text + 1; at < end;) {
        size_t length = strcspn(at, ",)");

        if (strncmp(at, "...", length) == 0 && length == 3) {
            note->variadic = true;
        }
        else if (length > 0 && note->nparam < PARAM_MAX) {
            add_param(notes, at, length);
        }
        at += length + 1;
        at += *at == ' ';
    }
}

/* ---- words ---------------------------------------------------------------- */

static const AnnotationWord *
find_word(const char *text, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strlen(words[i].name) == length && strncmp(words[i].name, text, length) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

const Claim *
annotation_claim(const Annotation *note, WordKind kind, int param)
{
    for (uint32_t i = 0; i < note->claims.n; i++) {
        const Claim *claim = &note->claims.at[i];

        if (claim->word->kind == kind && (param < 0 || claim->param == param)) {
            return claim;
        }
    }
    return NULL;
}

/* False, and reported, when the word does not fit the result or the parameter. */
static bool
check_fit(Notes *notes, const AnnotationWord *word, int param)
{
    const Annotation *note = notes->note;
    ParamKind wanted = word->kind == WORD_OUT ? PARAM_OBJP : PARAM_OBJ;

    if (word->kind == WORD_RESULT && !text_equal(note->result, "obj")
        && !text_equal(note->result, "ptr")) {
        return refuse(notes, "the function returns no object; expected it on one that does");
    }
    if (word->kind == WORD_NEGATIVE_RAISES && !text_equal(note->result, "int")) {
        return refuse(notes, "the function returns no number; expected it on one that does");
    }
    if (param < 0 || word->kind == WORD_NULLABLE || note->param[param].kind == wanted
        || note->param[param].kind == PARAM_PTR) {
        return true;
    }
    return refuse(notes, "parameter %d, '%s', is no %s; expected one that is", param + 1,
                  note->param[param].name,
                  word->kind == WORD_OUT ? "address of an object" : "object");
}

/* Adds a claim unless it repeats or contradicts one that is there. */
static void
add_claim(Notes *notes, const AnnotationWord *word, int param)
{
    bool is_result = word->kind == WORD_RESULT;
    const Claim *other = annotation_claim(notes->note, word->kind, is_result ? -1 : param);
    bool whole_call = param < 0 && !is_result;

    if (other != NULL && !whole_call) {
        if (other->word != word || other->param != param) {
            refuse(notes, "contradicts '%s'; expected one of the two", other->word->name);
        }
        return;
    }
    if (other == NULL && check_fit(notes, word, param)) {
        VEC_PUSH(notes->arena, &notes->note->claims, (Claim){word, param});
    }
}

/* The number of a parameter, from 1; 0 when there is none of that number. */
static int
read_index(Notes *notes, const char *text, size_t length)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (length == 0 || end != text + length || number < 1
        || number > notes->note->nparam) {
        refuse(notes, "no parameter '%.*s'; expected a number from 1 to %d", (int)length, text,
               notes->note->nparam);
        return 0;
    }
    return (int)number;
}

/* The arguments of a word: "1, 3)". */
static void
read_arguments(Notes *notes, const AnnotationWord *word, const char *at)
{
    const char *end = strchr(at, ')');
    int count = 0;

    if (end == NULL || end[1] != '\0') {
        refuse(notes, "does not end; expected ')' as its last character");
        return;
    }
    while (at < end) {
        const char *stop = at + strcspn(at, ",)");
        const char *last = stop;
        int index;

        at += strspn(at, " ");
        while (last > at && last[-1] == ' ') {
            last--;
        }
        index = read_index(notes, at, (size_t)(last - at));
        if (index == 0) {
            return;
        }
        if (++count > word->max) {
            refuse(notes, "too many numbers; expected %d at most", word->max);
            return;
        }
        add_claim(notes, word, index - 1);
        at = stop + 1;
    }
    if (count < word->min) {
        refuse(notes, "no number; expected %s(n), n being a parameter from 1 on", word->name);
    }
}

static void
read_word(Notes *notes)
{
    const char *text = notes->text;
    size_t length = strcspn(text, "(");
    const AnnotationWord *word = find_word(text, length);

    if (word == NULL) {
        refuse(notes, "unknown word; expected " EXPECTED_WORDS);
    }
    else if (word->kind == WORD_TYPE_OBJECT) {
        return;
    }
    else if (text[length] == '(' && word->max > 0) {
        read_arguments(notes, word, text + length + 1);
    }
    else if (text[length] == '(') {
        refuse(notes, "takes no number; expected %s", word->name);
    }
    else if (word->min > 0) {
        refuse(notes, "no number; expected %s(n), n being a parameter from 1 on", word->name);
    }
    else {
        add_claim(notes, word, -1);
    }
}

/* ---- a whole fact ----------------------------------------------------------- */

static void
take_fact(void *payload, Summary *summary)
{
    Notes *notes = payload;

    if (summary->nparam != notes->note->nparam) {
        refuse(notes, "it has %d parameters; expected %d as declared", summary->nparam,
               notes->note->nparam);
        return;
    }
    notes->note->whole = summary;
}

/* The reader's message begins with "annotation:1:COL: ". */
static void
take_error(void *payload, const char *message)
{
    const char *text = strstr(message, ": ");

    refuse(payload, "%s", text != NULL ? text + 2 : message);
}

static void
read_whole(Notes *notes)
{
    const char *text = arena_printf(notes->arena, "%s%s", notes->note->name, notes->text);
    FactSink sink = {.on_fact = take_fact, .on_error = take_error, .payload = notes};

    if (notes->note->whole != NULL) {
        refuse(notes, "there are two facts; expected one");
        return;
    }
    facts_read(notes->arena, notes->strings, "annotation", text, &sink);
}

/* ---- all of a declaration ---------------------------------------------------- */

static const char *
decl_place(Arena *arena, const Decl *decl)
{
    return arena_printf(arena, "%s:%u:%u", decl->loc.file != NULL ? decl->loc.file : "?",
                        decl->loc.line, decl->loc.col);
}

Annotation *
annotation_read(Arena *arena, Strings *strings, const Decl *decl, FactErrorFn on_error,
                void *payload)
{
    Notes notes = {.arena = arena, .strings = strings, .on_error = on_error,
                   .payload = payload};
    uint32_t ours = 0;

    notes.note = ARENA_NEW(arena, Annotation);
    *notes.note = (Annotation){.name = decl->name, .place = decl_place(arena, decl),
                               .param = ARENA_ARRAY(arena, Param, PARAM_MAX + 1),
                               .result = "void"};
    for (uint32_t i = 0; i < decl->nannotation; i++) {
        if (text_starts(decl->annotation[i], ANNOTATION_PROTOTYPE)) {
            read_prototype(&notes, decl->annotation[i] + strlen(ANNOTATION_PROTOTYPE));
        }
    }
    for (uint32_t i = 0; i < decl->nannotation; i++) {
        if (text_starts(decl->annotation[i], ANNOTATION_PREFIX)
            && !text_starts(decl->annotation[i], ANNOTATION_PROTOTYPE)) {
            notes.text = decl->annotation[i] + strlen(ANNOTATION_PREFIX);
            ours++;
            (*notes.text == '(' ? read_whole : read_word)(&notes);
        }
    }
    return ours > 0 && decl->is_func ? notes.note : NULL;
}

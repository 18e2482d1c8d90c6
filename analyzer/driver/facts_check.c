/* facts_check.c: are the facts well made, and do they fit Python's headers?
 *
 * Within a file they must be sorted; nowhere may two facts about one name hold
 * for one version.  Parameters and results are compared with the headers by
 * making a C++ file of static assertions, one or more per fact, and parsing
 * it: the parser's errors, by line, are the facts that do not fit.
 */
#include "driver/driver.h"

#include "base/embedded.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CHECK_FILE "/facts.cc" /* in a folder of its own */

/* Facts about one name, in the order read. */
typedef struct Same {
    const Summary *fact;
    const struct Same *next;
} Same;

/* A line of the generated file. */
typedef struct Assertion {
    uint32_t line;
    const Summary *fact;
    const char *claim; /* "parameter 2, 'name', is a string" */
} Assertion;

typedef struct Check {
    Arena *arena;
    Strings *strings;
    const char *file;      /* being read */
    const Summary *before; /* the fact before, in the file */
    Map by_name;           /* Str -> Same * */
    uint32_t nfacts, nglobals, nfiles, nproblems;
    VEC(Assertion) assertions;
    StrBuf code;
    uint32_t line; /* of the end of 'code' */
} Check;

static void PRINTF_LIKE(2, 3)
problem(Check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    check->nproblems++;
}

/* ---- the facts among themselves ----------------------------------------- */

static bool
overlap(const Summary *a, const Summary *b)
{
    return (a->until == 0 || b->since < a->until)
           && (b->until == 0 || a->since < b->until);
}

static void
on_fact(void *payload, Summary *fact)
{
    Check *check = payload;
    void **place = map_put_ptr(&check->by_name, fact->name);
    Same *same = ARENA_NEW(check->arena, Same);

    if (check->before != NULL && strcasecmp(check->before->name, fact->name) > 0) {
        problem(check, "%s: %s is not sorted; expected it before %s", check->file,
                fact->name, check->before->name);
    }
    for (const Same *s = *place; s != NULL; s = s->next) {
        if (overlap(s->fact, fact)) {
            problem(check,
                    "%s: %s has two facts for one version; expected [since] and "
                    "[until] that part them",
                    check->file, fact->name);
        }
    }
    *same = (Same){fact, *place};
    *place = same;
    check->before = fact;
    check->nfacts++;
}

static void
on_global(void *payload, GlobalFact *fact)
{
    Check *check = payload;

    (void)fact;
    check->nglobals++;
}

static void
on_error(void *payload, const char *message)
{
    problem(payload, "%s", message);
}

static void
check_text(Check *check, const char *name, const char *text)
{
    FactSink sink = {on_fact, on_global, on_error, check};

    check->file = name;
    check->before = NULL;
    check->nfiles++;
    facts_read(check->arena, check->strings, name, text, &sink);
}

static bool
check_texts(Check *check, const Options *options, Error *error)
{
    for (const EmbeddedFile *file = embedded_facts; file->name != NULL; file++) {
        check_text(check, file->name, file->text);
    }
    map_init(&check->by_name,
             check->arena); /* a user's fact may stand over a built-in one */
    for (uint32_t i = 0; i < options->nmodels; i++) {
        const char *text = file_read(check->arena, options->models[i], NULL, error);
        if (text == NULL) {
            return false;
        }
        check_text(check, options->models[i], text);
    }
    return true;
}

/* ---- the facts and the headers: making the file ------------------------- */

/* OBJ, OBJP, ...: the kinds of parameter that a C type may be described by. */
static const char prelude[] =
    "#include <Python.h>\n"
    "#include <stdlib.h>\n"
    "#include <string.h>\n"
    "#include <stdio.h>\n"
    "#include <assert.h>\n"
    "#include <setjmp.h>\n"
    "#include <structmember.h>\n"
    "#include <frameobject.h>\n"
    "#include <marshal.h>\n"
    "#include <datetime.h>\n"
    "#include <pythread.h>\n"
    "#define TEXT_(x) #x\n"
    "#define TEXT(x) TEXT_(x)\n"
    "enum { OBJ = 1, OBJP = 2, INT = 4, STR = 8, PTR = 16, NONE = 32 };\n"
    "template <class> struct Void { typedef void type; };\n"
    "template <class T, class = void> struct Complete { enum { value = 0 }; };\n"
    "template <class T> struct Complete<T, typename Void<decltype(sizeof(T))>::type>\n"
    "{ enum { value = 1 }; };\n"
    "#define HAS(field) \\\n"
    "    template <class T, class = void> struct Has_##field { enum { value = 0 }; }; "
    "\\\n"
    "    template <class T> struct Has_##field<T, typename Void<decltype( \\\n"
    "        ((T *)0)->field)>::type> { enum { value = 1 }; };\n"
    "HAS(ob_type) HAS(ob_base) HAS(ht_type) HAS(m_base) HAS(_base)\n"
    "template <class T> struct To {\n"
    "    enum { object = Has_ob_type<T>::value || Has_ob_base<T>::value ||\n"
    "                    Has_ht_type<T>::value || Has_m_base<T>::value ||\n"
    "                    Has__base<T>::value,\n"
    "           kinds = object ? OBJ : Complete<T>::value ? PTR : OBJ | PTR };\n"
    "};\n"
    "template <class T> struct To<const T> : To<T> {};\n"
    "template <class T> struct To<volatile T> : To<T> {};\n"
    "template <> struct To<void> { enum { object = 0, kinds = OBJ | OBJP | PTR }; };\n"
    "template <> struct To<char> { enum { object = 0, kinds = STR | PTR }; };\n"
    "template <> struct To<unsigned char> : To<char> {};\n"
    "template <> struct To<wchar_t> : To<char> {};\n"
    "template <class T> struct To<T *> {\n"
    "    enum { object = 0, kinds = To<T>::object ? OBJP | PTR : PTR };\n"
    "};\n"
    "template <> struct To<void *> { enum { object = 0, kinds = OBJP | PTR }; };\n"
    "template <class R, class... A> struct To<R(A...)>\n"
    "{ enum { object = 0, kinds = PTR }; };\n"
    "template <class T> struct Kinds { enum { value = INT | PTR }; };\n"
    "template <class T> struct Kinds<T *> { enum { value = To<T>::kinds }; };\n"
    "template <> struct Kinds<void> { enum { value = NONE }; };\n"
    "template <int N, class T, class... A> struct Nth : Nth<N - 1, A...> {};\n"
    "template <class T, class... A> struct Nth<0, T, A...> : Kinds<T> {};\n"
    "template <class F> struct Fn;\n"
    "template <class R, class... A> struct Fn<R(A...)> {\n"
    "    enum { result = Kinds<R>::value, count = sizeof...(A), rest = 0 };\n"
    "    template <int N> struct Param : Nth<N, A...> {};\n"
    "};\n"
    "template <class R, class... A> struct Fn<R(A..., ...)> {\n"
    "    enum { result = Kinds<R>::value, count = sizeof...(A), rest = 1 };\n"
    "    template <int N> struct Param : Nth<N, A...> {};\n"
    "};\n"
    "template <class R, class... A> Fn<R(A...)> fn(R (*)(A...));\n"
    "template <class R, class... A> Fn<R(A..., ...)> fn(R (*)(A..., ...));\n";

/* How each ParamKind is called in the generated file, and by a person. */
static const char *const kind_names[][2] = {
    [PARAM_OBJ] = {"OBJ", "an object"},
    [PARAM_OBJP] = {"OBJP", "the address of an object"},
    [PARAM_INT] = {"INT", "a number"},
    [PARAM_STR] = {"STR", "a string"},
    [PARAM_PTR] = {"PTR", "a pointer"},
};

static void PRINTF_LIKE(2, 3)
add_code(Check *check, const char *format, ...)
{
    size_t start = check->code.length;
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    strbuf_puts(&check->code, text);
    for (const char *at = check->code.text + start; *at != '\0'; at++) {
        check->line += *at == '\n';
    }
}

/* Notes that the next line of code holds if the claim does. */
static void PRINTF_LIKE(3, 4)
claim(Check *check, const Summary *fact, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    VEC_PUSH(
        check->arena, &check->assertions,
        (Assertion){check->line, fact, arena_strndup(check->arena, text, strlen(text))});
}

/* The claim about the result, in both tongues; NULL when the fact makes none. */
static const char *
result_kind(const Summary *fact, const char **spoken)
{
    for (uint32_t i = 0; i < fact->ncases; i++) {
        switch (fact->cases[i].ret.kind) {
        case RESULT_NEW:
        case RESULT_BORROWED:
            *spoken = "an object";
            return "OBJ";
        case RESULT_INT:
            *spoken = "a number";
            return "INT";
        case RESULT_VOID:
            *spoken = "nothing";
            return "NONE";
        case RESULT_PTR:
            *spoken = "a pointer";
            return "PTR | STR | OBJP | OBJ";
        case RESULT_NULL:
            *spoken = "a pointer or object";
            return "OBJ | PTR";
        case RESULT_ANY:
        case RESULT_SAME:
            break;
        }
    }
    return NULL;
}

/* A macro has no types, but it can be called with so many arguments. */
static void
add_macro(Check *check, const Summary *fact)
{
    claim(check, fact, "it takes %d arguments as a macro", fact->nparam);
    add_code(check, "static const char m%u[] = TEXT(%s(", check->line, fact->name);
    for (uint32_t i = 0; i < (uint32_t)fact->nparam + fact->variadic; i++) {
        add_code(check, "%sx", i > 0 ? ", " : "");
    }
    add_code(check, "));\n");
}

static void
add_function(Check *check, const Summary *fact)
{
    const char *name = fact->name, *spoken = NULL;
    const char *result = result_kind(fact, &spoken);

    claim(check, fact, "it takes %d arguments%s", fact->nparam,
          fact->variadic ? " and more" : "");
    add_code(
        check,
        "static_assert(decltype(fn(%s))::count == %d && decltype(fn(%s))::rest == %d, "
        "\"\");\n",
        name, fact->nparam, name, fact->variadic);
    for (int i = 0; i < fact->nparam; i++) {
        const Param *param = &fact->param[i];
        claim(check, fact, "parameter %d, '%s', is %s", i + 1, param->name,
              kind_names[param->kind][1]);
        add_code(check, "static_assert(decltype(fn(%s))::Param<%d>::value & %s, \"\");\n",
                 name, i, kind_names[param->kind][0]);
    }
    if (result != NULL) {
        claim(check, fact, "it returns %s", spoken);
        add_code(check, "static_assert(decltype(fn(%s))::result & (%s), \"\");\n", name,
                 result);
    }
}

static void
add_facts(Check *check, const Model *model)
{
    uint32_t count;
    const Summary *const *facts = model_facts(model, &count);

    strbuf_puts(&check->code, prelude);
    check->line = 1;
    for (const char *at = prelude; *at != '\0'; at++) {
        check->line += *at == '\n';
    }
    for (uint32_t i = 0; i < count; i++) {
        const Summary *fact = facts[i];
        if (fact->name[0] == '.' || fact->origin != ORIGIN_BUILTIN) {
            continue;
        }
        add_code(check, "#ifdef %s\n", fact->name);
        add_macro(check, fact);
        add_code(check, "#else\n");
        add_function(check, fact);
        add_code(check, "#endif\n");
    }
}

/* ---- the facts and the headers: reading the answer ---------------------- */

/* The assertion on a line, or NULL. */
static const Assertion *
find_assertion(const Check *check, uint32_t line)
{
    uint32_t lo = 0, hi = check->assertions.n;

    while (lo < hi) {
        uint32_t middle = lo + (hi - lo) / 2;
        if (check->assertions.at[middle].line < line) {
            lo = middle + 1;
        }
        else {
            hi = middle;
        }
    }
    return lo < check->assertions.n && check->assertions.at[lo].line == line
               ? &check->assertions.at[lo]
               : NULL;
}

/* Reports the facts that the headers contradict; counts those that cannot be
 * compared: not declared there, or overloaded. */
static uint32_t
judge(Check *check, const Unit *unit, bool verbose)
{
    const Summary *missing = NULL;
    uint32_t nmissing = 0;

    for (uint32_t i = 0; i < unit->messages.n; i++) {
        const Message *message = &unit->messages.at[i];
        const Assertion *assertion = find_assertion(check, message->loc.line);
        bool ours = message->loc.file != NULL && text_ends(message->loc.file, CHECK_FILE);
        if (!ours || assertion == NULL || assertion->fact == missing) {
            continue;
        }
        if (strstr(message->text, "static assertion failed") != NULL
            || strstr(message->text, "macro invocation") != NULL) {
            problem(check, "%s: %s according to the fact, but not to the header",
                    assertion->fact->name, assertion->claim);
        }
        else {
            missing = assertion->fact;
            nmissing++;
            if (verbose) {
                printf("not compared: %s\n", missing->name);
            }
        }
    }
    return nmissing;
}

/* Flags of the command line, else those of the installed Python. */
static bool
make_job(Check *check, const Options *options, Job *job, Error *error)
{
    static const char *const own[] = {
        "-x", "c++", "-std=c++14", "-ferror-limit=0", "-fno-spell-checking", "-w"};
    VEC(Str) args = {0};
    Str *flags = NULL, version = NULL;
    uint32_t nflags = 0;

    if (!options->has_flags
        && !python_flags(check->arena, check->strings, &flags, &nflags, &version,
                         error)) {
        return false;
    }
    for (uint32_t i = 0; i < nflags; i++) {
        VEC_PUSH(check->arena, &args, flags[i]);
    }
    for (uint32_t i = 0; i < options->nflags; i++) {
        VEC_PUSH(check->arena, &args, str_intern(check->strings, options->flags[i]));
    }
    for (size_t i = 0; i < COUNT_OF(own); i++) {
        VEC_PUSH(check->arena, &args, str_intern(check->strings, own[i]));
    }
    job->directory = str_intern(check->strings, path_absolute(check->arena, NULL, "."));
    job->args = args.at;
    job->nargs = args.n;
    return true;
}

/* Compares with the headers that 'job' sees; its file is written in passing. */
static bool
compare(Check *check, const Options *options, const Job *job, Error *error)
{
    Str python = job_python(check->arena, check->strings, job);
    Model *model;
    const Unit *unit;
    uint32_t nmissing;

    if (python == NULL) {
        return error_set(error, ERROR_INPUT,
                         "facts check: no Python.h in the folders of -I; %s",
                         PYTHON_H_REMEDY);
    }
    model = model_new(check->arena, check->strings,
                      options->python != 0 ? options->python : version_parse(python),
                      error);
    if (model == NULL) {
        error->code = ERROR_NONE; /* its lines were reported above */
        return true;
    }
    add_facts(check, model);
    if (!file_write(job->file, check->code.text, check->code.length, error)) {
        return false;
    }
    unit = capture_unit(check->arena, check->strings, job, NULL, NULL);
    if (unit->status == UNIT_FAILED) {
        return error_set(
            error, ERROR_INPUT, "cannot compare with Python's headers: %s; %s",
            unit->messages.n > 0 ? unit->messages.at[0].text : "they do not parse",
            PYTHON_H_REMEDY);
    }
    nmissing = judge(check, unit, options->verbose);
    printf("compared with the headers of Python %s (%u facts are not about what these "
           "declare)\n",
           python, nmissing);
    return true;
}

static bool
check_headers(Check *check, const Options *options, Error *error)
{
    const char *tmp = getenv("TMPDIR");
    char *dir =
        arena_printf(check->arena, "%s/strayref-XXXXXX", tmp != NULL ? tmp : "/tmp");
    Job job = {0};
    bool ok;

    if (mkdtemp(dir) == NULL) {
        return error_set(error, ERROR_FAILED,
                         "cannot make a folder %s; set TMPDIR to one that "
                         "can be written",
                         dir);
    }
    job.file = str_internf(check->strings, "%s" CHECK_FILE, dir);
    ok = make_job(check, options, &job, error) && compare(check, options, &job, error);
    unlink(job.file);
    rmdir(dir);
    return ok;
}

bool
facts_check(Arena *arena, const Options *options, Error *error)
{
    Check check = {.arena = arena, .strings = strings_new(arena)};

    map_init(&check.by_name, arena);
    strbuf_init(&check.code, arena);
    if (!check_texts(&check, options, error) || !check_headers(&check, options, error)) {
        return false;
    }
    printf("%u facts and %u globals in %u files: %u problems\n", check.nfacts,
           check.nglobals, check.nfiles, check.nproblems);
    return check.nproblems == 0;
}

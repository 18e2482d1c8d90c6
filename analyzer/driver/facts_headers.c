/* facts_headers.c: do the facts fit the headers of Python?
 *
 * Makes a C++ file of static assertions, one for the number of parameters of
 * each fact, for each parameter and for the result, and parses it: the
 * parser's errors, by line, are what does not fit.  A name that the headers
 * do not declare is found by a qualified lookup in a namespace of stand-ins.
 */
#include "driver/gate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK_FILE "/facts.cc" /* in a folder of its own */

/* A line of the generated file. */
typedef struct Assertion {
    uint32_t line;
    const Summary *fact;
    const char *claim; /* "parameter 2, 'name', is a string" */
} Assertion;

typedef struct Comparison {
    Arena *arena;
    Strings *strings;
    const Options *options;
    VEC(const Summary *) facts; /* that are compared */
    VEC(Assertion) assertions;
    StrBuf code;
    uint32_t line; /* of the end of 'code' */
    uint32_t nproblems;
} Comparison;

/* ---- making the file ---------------------------------------------------- */

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
    "namespace fallback {}\n"
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
    "template <class R, class... A> struct Fn<R(A..., ...)> : Fn<R(A...)> {\n"
    "    enum { rest = 1 };\n"
    "};\n"
    "struct Undeclared {};\n"
    "template <> struct Fn<Undeclared> {\n"
    "    enum { result = -1, count = -1, rest = -1 };\n"
    "    template <int N> struct Param { enum { value = -1 }; };\n"
    "};\n"
    "template <class R, class... A> Fn<R(A...)> fn(R (*)(A...));\n"
    "template <class R, class... A> Fn<R(A..., ...)> fn(R (*)(A..., ...));\n"
    "Fn<Undeclared> fn(Undeclared *);\n"
    "#define COUNT(name, n, more) static_assert( \\\n"
    "    decltype(fn(::name))::count == -1 || (decltype(fn(::name))::count == n \\\n"
    "    && decltype(fn(::name))::rest == more), \"\");\n"
    "#define PARAM(name, i, kinds) \\\n"
    "    static_assert(decltype(fn(::name))::Param<i>::value & (kinds), \"\");\n"
    "#define RESULT(name, kinds) \\\n"
    "    static_assert(decltype(fn(::name))::result & (kinds), \"\");\n"
    "void *volatile sink;\n"
    "using namespace fallback;\n";

/* How each ParamKind is called in the generated file, and by a person. */
static const char *const kind_names[][2] = {
    [PARAM_OBJ] = {"OBJ", "an object"},
    [PARAM_OBJP] = {"OBJP", "the address of an object"},
    [PARAM_INT] = {"INT", "a number"},
    [PARAM_STR] = {"STR", "a string"},
    [PARAM_PTR] = {"PTR", "a pointer"},
};

static void PRINTF_LIKE(2, 3)
add_code(Comparison *cmp, const char *format, ...)
{
    size_t start = cmp->code.length;
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    strbuf_puts(&cmp->code, text);
    for (const char *at = cmp->code.text + start; *at != '\0'; at++) {
        cmp->line += *at == '\n';
    }
}

/* Notes that the next line of code holds if the claim does. */
static void PRINTF_LIKE(3, 4)
claim(Comparison *cmp, const Summary *fact, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    VEC_PUSH(cmp->arena, &cmp->assertions,
             (Assertion){cmp->line, fact, arena_strndup(cmp->arena, text, strlen(text))});
}

/* The claim about the result, in both tongues; NULL when the fact makes none. */
static const char *
result_kind(const Summary *fact, const char **spoken)
{
    for (uint32_t i = 0; i < fact->ncases; i++) {
        switch (fact->cases[i].ret.kind) {
        case RESULT_NEW:
        case RESULT_SHARED:
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
        case RESULT_FIELD:
            break;
        }
    }
    return NULL;
}

/* A macro has no types, but it can be called with so many arguments. */
static void
add_macro(Comparison *cmp, const Summary *fact)
{
    claim(cmp, fact, "it takes %d arguments as a macro", fact->nparam);
    add_code(cmp, "const char *text_%s = TEXT(%s(", fact->name, fact->name);
    for (uint32_t i = 0; i < (uint32_t)fact->nparam + fact->variadic; i++) {
        add_code(cmp, "%sx", i > 0 ? ", " : "");
    }
    add_code(cmp, "));\nvoid macro_%s() {}\n", fact->name);
}

static void
add_function(Comparison *cmp, const Summary *fact)
{
    const char *name = fact->name, *spoken = NULL;
    const char *result = result_kind(fact, &spoken);

    add_code(cmp, "namespace fallback { extern Undeclared *%s; }\n", name);
    add_code(cmp, "void use_%s() { sink = (void *)::%s; }\n", name, name);
    claim(cmp, fact, "it takes %d arguments%s", fact->nparam,
          fact->variadic ? " and more" : "");
    add_code(cmp, "COUNT(%s, %d, %d)\n", name, fact->nparam, fact->variadic);
    for (int i = 0; i < fact->nparam; i++) {
        const Param *param = &fact->param[i];
        claim(cmp, fact, "parameter %d, '%s', is %s", i + 1, param->name,
              kind_names[param->kind][1]);
        add_code(cmp, "PARAM(%s, %d, %s)\n", name, i, kind_names[param->kind][0]);
    }
    if (result != NULL) {
        claim(cmp, fact, "it returns %s", spoken);
        add_code(cmp, "RESULT(%s, %s)\n", name, result);
    }
}

/* The C library is not compared: C++ overloads it. */
static void
add_facts(Comparison *cmp, const Model *model)
{
    uint32_t count;
    const Summary *const *facts = model_facts(model, &count);

    strbuf_init(&cmp->code, cmp->arena);
    strbuf_puts(&cmp->code, prelude);
    cmp->line = 1;
    for (const char *at = prelude; *at != '\0'; at++) {
        cmp->line += *at == '\n';
    }
    for (uint32_t i = 0; i < count; i++) {
        const Summary *fact = facts[i];
        if (fact->name[0] == '.' || strstr(fact->name, "Py") == NULL) {
            continue;
        }
        VEC_PUSH(cmp->arena, &cmp->facts, fact);
        add_code(cmp, "#ifdef %s\n", fact->name);
        add_macro(cmp, fact);
        add_code(cmp, "#else\n");
        add_function(cmp, fact);
        add_code(cmp, "#endif\n");
    }
}

/* ---- reading the answer ------------------------------------------------- */

/* The assertion on a line, or NULL. */
static const Assertion *
find_assertion(const Comparison *cmp, uint32_t line)
{
    for (uint32_t i = 0; i < cmp->assertions.n; i++) {
        if (cmp->assertions.at[i].line == line) {
            return &cmp->assertions.at[i];
        }
    }
    return NULL;
}

/* Reports what the headers contradict. */
static void
report_problems(Comparison *cmp, const Unit *unit)
{
    const Assertion *last = NULL;

    for (uint32_t i = 0; i < unit->messages.n; i++) {
        const Loc *loc = &unit->messages.at[i].loc;
        if (loc->file == NULL || !text_ends(loc->file, CHECK_FILE)) {
            continue;
        }
        const Assertion *assertion = find_assertion(cmp, loc->line);
        if (assertion != NULL && assertion != last) {
            printf("%s: %s according to the fact, but not to the header\n",
                   assertion->fact->name, assertion->claim);
            cmp->nproblems++;
            last = assertion;
        }
    }
}

/* Counts the facts whose names are declared: their functions are used in the
 * file, their macros have a function "macro_NAME". */
static uint32_t
count_declared(Comparison *cmp, const Unit *unit)
{
    Map functions;
    uint32_t count = 0;

    map_init(&functions, cmp->arena);
    for (uint32_t i = 0; i < unit->decls.n; i++) {
        const Decl *decl = unit->decls.at[i];
        if (decl->is_func) {
            *map_put_ptr(&functions, decl->name) = (void *)decl->name;
        }
    }
    for (uint32_t i = 0; i < cmp->facts.n; i++) {
        Str name = cmp->facts.at[i]->name;
        if (map_get_ptr(&functions, name) != NULL
            || map_get_ptr(&functions, str_internf(cmp->strings, "macro_%s", name))
                   != NULL) {
            count++;
        }
        else if (cmp->options->verbose) {
            printf("not declared: %s\n", name);
        }
    }
    return count;
}

/* ---- the headers -------------------------------------------------------- */

/* Flags of the command line, else those of the installed Python. */
static bool
make_job(Comparison *cmp, Job *job, Error *error)
{
    static const char *const own[] = {"-x", "c++", "-std=c++14", "-ferror-limit=0"};
    VEC(Str) args = {0};
    Str *flags = NULL, version = NULL;
    uint32_t nflags = 0;

    if (!cmp->options->has_flags
        && !python_flags(cmp->arena, cmp->strings, &flags, &nflags, &version, error)) {
        return false;
    }
    for (uint32_t i = 0; i < nflags; i++) {
        VEC_PUSH(cmp->arena, &args, flags[i]);
    }
    for (uint32_t i = 0; i < cmp->options->nflags; i++) {
        VEC_PUSH(cmp->arena, &args, str_intern(cmp->strings, cmp->options->flags[i]));
    }
    for (size_t i = 0; i < COUNT_OF(own); i++) {
        VEC_PUSH(cmp->arena, &args, str_intern(cmp->strings, own[i]));
    }
    job->directory = str_intern(cmp->strings, path_absolute(cmp->arena, NULL, "."));
    job->args = args.at;
    job->nargs = args.n;
    return true;
}

/* Parses the generated file; NULL with 'error' set when that fails. */
static const Unit *
parse(Comparison *cmp, const Job *job, Error *error)
{
    const Unit *unit;

    if (!file_write(job->file, cmp->code.text, cmp->code.length, error)) {
        return NULL;
    }
    unit = capture_unit(cmp->arena, cmp->strings, job, NULL, NULL);
    if (unit->status == UNIT_FAILED) {
        error_set(error, ERROR_INPUT, "cannot compare with Python's headers: %s; %s",
                  unit->messages.n > 0 ? unit->messages.at[0].text : "they do not parse",
                  PYTHON_H_REMEDY);
        return NULL;
    }
    return unit;
}

/* The folder of the headers that were read: where PyList_New is declared.  NULL
 * with 'error' set when nothing declares it. */
static const char *
headers_folder(Comparison *cmp, const Unit *unit, Error *error)
{
    for (uint32_t i = 0; i < unit->decls.n; i++) {
        const Decl *decl = unit->decls.at[i];
        if (text_equal(decl->name, "PyList_New") && decl->loc.file != NULL) {
            return path_dirname(cmp->arena, path_absolute(cmp->arena, NULL, decl->loc.file));
        }
    }
    error_set(error, ERROR_INPUT, "facts check: Python.h declares no PyList_New; %s",
              PYTHON_H_REMEDY);
    return NULL;
}

/* Compares with the headers that 'job' sees; its file is written in passing. */
static bool
compare(Comparison *cmp, const Job *job, Error *error)
{
    Str python = job_python(cmp->arena, cmp->strings, job);
    Model *model;
    const Unit *unit;
    const char *folder;
    uint32_t declared;

    if (python == NULL) {
        return error_set(error, ERROR_INPUT,
                         "facts check: no Python.h in the folders of -I; %s",
                         PYTHON_H_REMEDY);
    }
    model = model_new(cmp->arena, cmp->strings, version_parse(python), error);
    if (model == NULL) {
        error->code = ERROR_NONE; /* facts that do not parse were reported before */
        return true;
    }
    add_facts(cmp, model);
    unit = parse(cmp, job, error);
    if (unit == NULL) {
        return false;
    }
    report_problems(cmp, unit);
    declared = count_declared(cmp, unit);
    printf(
        "%u facts compared with the headers of Python %s; %u more are about what these "
        "do not declare\n",
        declared, python, cmp->facts.n - declared);
    folder = headers_folder(cmp, unit, error);
    return folder != NULL
           && facts_cover(cmp->arena, cmp->strings, model, folder, &cmp->nproblems, error);
}

bool
facts_compare(Arena *arena, Strings *strings, const Options *options, uint32_t *nproblems,
              Error *error)
{
    Comparison cmp = {.arena = arena, .strings = strings, .options = options};
    TempDir dir;
    Job job = {0};
    bool ok;

    if (!tempdir_make(arena, &dir, error)) {
        return false;
    }
    job.file = str_internf(strings, "%s" CHECK_FILE, dir.path);
    ok = make_job(&cmp, &job, error) && compare(&cmp, &job, error);
    *nproblems += cmp.nproblems;
    tempdir_remove(&dir);
    return ok;
}

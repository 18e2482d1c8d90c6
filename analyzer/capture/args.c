/* args.c: a compiler's command line -> the part of it that decides what a
 * source file says.
 *
 * Kept are include folders, macros, the language and its dialect; dropped is
 * what concerns output, code generation and warnings, and all names of files.
 */
#include "capture/capture.h"

#include <string.h>

/* ---- words ---------------------------------------------------------------------- */

/* Reads a quoted part that starts after its quote; returns its end, on the
 * closing quote, or NULL when that is missing. */
static const char *
read_quoted(const char *text, char quote, StrBuf *word)
{
    for (; *text != quote; text++) {
        if (*text == '\\' && quote == '"' && text[1] != '\0' &&
            strchr("\\\"$`\n", text[1]) != NULL) {
            text++;
            if (*text == '\n') {
                continue;
            }
        }
        if (*text == '\0') {
            return NULL;
        }
        strbuf_putc(word, *text);
    }
    return text;
}

/* Reads one word; returns the place after it, or NULL when a quote stays open. */
static const char *
read_word(const char *text, StrBuf *word)
{
    for (; *text != '\0' && strchr(" \t\r\n", *text) == NULL; text++) {
        if (*text == '\'' || *text == '"') {
            text = read_quoted(text + 1, *text, word);
            if (text == NULL) {
                return NULL;
            }
        }
        else if (*text == '\\' && text[1] != '\0') {
            text++;
            if (*text != '\n') {
                strbuf_putc(word, *text);
            }
        }
        else {
            strbuf_putc(word, *text);
        }
    }
    return text;
}

bool
words_split(Arena *arena, Strings *strings, const char *text, Words *out)
{
    StrBuf word;

    strbuf_init(&word, arena);
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (*text == '\0') {
            return true;
        }
        strbuf_clear(&word);
        text = read_word(text, &word);
        if (text == NULL) {
            return false;
        }
        VEC_PUSH(arena, out, str_intern_n(strings, word.text, word.length));
    }
}

/* ---- response files ------------------------------------------------------------- */

#define RESPONSE_DEPTH 8 /* response files may name others */

static void expand_words(Arena *arena, Strings *strings, const char *directory,
                         const Str *words, uint32_t nwords, int depth, Words *out);

/* Appends the words of a response file; false when it can't be read. */
static bool
expand_response(Arena *arena, Strings *strings, const char *directory,
                const char *name, int depth, Words *out)
{
    const char *path = path_absolute(arena, directory, name);
    bool readable = depth > 0 && path_is_file(path); /* no device that never ends */
    const char *text = readable ? file_read(arena, path, NULL, NULL) : NULL;
    Words words = {0};

    if (text == NULL || !words_split(arena, strings, text, &words)) {
        return false;
    }
    expand_words(arena, strings, directory, words.at, words.n, depth - 1, out);
    return true;
}

/* Appends the options of "-Wp,A,B": each is one for itself. */
static void
expand_list(Arena *arena, Strings *strings, const char *list, Words *out)
{
    for (;;) {
        size_t length = strcspn(list, ",");

        VEC_PUSH(arena, out, str_intern_n(strings, list, length));
        if (list[length] == '\0') {
            return;
        }
        list += length + 1;
    }
}

/* Appends the words, with response files and lists replaced by what is in them. */
static void
expand_words(Arena *arena, Strings *strings, const char *directory, const Str *words,
             uint32_t nwords, int depth, Words *out)
{
    for (uint32_t i = 0; i < nwords; i++) {
        if (text_starts(words[i], "-Wp,")) {
            expand_list(arena, strings, words[i] + 4, out);
        }
        else if (words[i][0] != '@' || !expand_response(arena, strings, directory,
                                                        words[i] + 1, depth, out)) {
            VEC_PUSH(arena, out, words[i]);
        }
    }
}

/* ---- which options count ---------------------------------------------------------- */

typedef enum ArgKind {
    ARG_DROP,       /* exactly this word */
    ARG_DROP_VALUE, /* this word and the next */
    ARG_DROP_ALL,   /* every word that starts so */
    ARG_KEEP,       /* exactly this word */
    ARG_KEEP_VALUE, /* value joined to it, or the next word when nothing is joined */
    ARG_KEEP_ALL,   /* every word that starts so */
} ArgKind;

typedef struct ArgRule {
    const char *text;
    ArgKind kind;
} ArgRule;

/* The first rule that fits decides; an option without a rule is dropped. */
static const ArgRule arg_rules[] = {
    {"-include-pch", ARG_DROP_VALUE},
    {"-include", ARG_KEEP_VALUE},
    {"-imacros", ARG_KEEP_VALUE},
    {"-isystem", ARG_KEEP_VALUE},
    {"-isysroot", ARG_KEEP_VALUE},
    {"-iquote", ARG_KEEP_VALUE},
    {"-idirafter", ARG_KEEP_VALUE},
    {"-iprefix", ARG_KEEP_VALUE},
    {"-iwithprefixbefore", ARG_KEEP_VALUE},
    {"-iwithprefix", ARG_KEEP_VALUE},
    {"-D_FORTIFY_SOURCE", ARG_DROP_ALL},
    {"-U_FORTIFY_SOURCE", ARG_DROP_ALL},
    {"-I", ARG_KEEP_VALUE},
    {"-D", ARG_KEEP_VALUE},
    {"-U", ARG_KEEP_VALUE},
    {"-F", ARG_KEEP_VALUE},
    {"-x", ARG_KEEP_VALUE},
    {"--sysroot=", ARG_KEEP_ALL},
    {"--sysroot", ARG_KEEP_VALUE},
    {"--target=", ARG_KEEP_ALL},
    {"-target", ARG_KEEP_VALUE},
    {"-std=", ARG_KEEP_ALL},
    {"--std=", ARG_KEEP_ALL},
    {"-ansi", ARG_KEEP},
    {"-trigraphs", ARG_KEEP},
    {"-undef", ARG_KEEP},
    {"-pthread", ARG_KEEP},
    {"-nostdinc", ARG_KEEP},
    {"-nostdinc++", ARG_KEEP},
    {"-nostdlibinc", ARG_KEEP},
    {"-m32", ARG_KEEP},
    {"-m64", ARG_KEEP},
    {"-mx32", ARG_KEEP},
    {"-fshort-enums", ARG_KEEP},
    {"-fno-short-enums", ARG_KEEP},
    {"-fshort-wchar", ARG_KEEP},
    {"-fsigned-char", ARG_KEEP},
    {"-fno-signed-char", ARG_KEEP},
    {"-funsigned-char", ARG_KEEP},
    {"-fno-unsigned-char", ARG_KEEP},
    {"-fms-extensions", ARG_KEEP},
    {"-fgnu89-inline", ARG_KEEP},
    {"-ffreestanding", ARG_KEEP},
    {"-fdollars-in-identifiers", ARG_KEEP},
    {"-fblocks", ARG_KEEP},
    {"-fopenmp", ARG_KEEP},
    {"-o", ARG_DROP_VALUE},
    {"-MF", ARG_DROP_VALUE},
    {"-MT", ARG_DROP_VALUE},
    {"-MQ", ARG_DROP_VALUE},
    {"-MJ", ARG_DROP_VALUE},
    {"-L", ARG_DROP_VALUE},
    {"-l", ARG_DROP_VALUE},
    {"-B", ARG_DROP_VALUE},
    {"-T", ARG_DROP_VALUE},
    {"-A", ARG_DROP_VALUE},
    {"-e", ARG_DROP_VALUE},
    {"-u", ARG_DROP_VALUE},
    {"-z", ARG_DROP_VALUE},
    {"-G", ARG_DROP_VALUE},
    {"-arch", ARG_DROP_VALUE},
    {"-framework", ARG_DROP_VALUE},
    {"-aux-info", ARG_DROP_VALUE},
    {"-dumpbase", ARG_DROP_VALUE},
    {"-dumpbase-ext", ARG_DROP_VALUE},
    {"-dumpdir", ARG_DROP_VALUE},
    {"-mllvm", ARG_DROP_VALUE},
    {"-wrapper", ARG_DROP_VALUE},
    {"-specs", ARG_DROP_VALUE},
    {"--param", ARG_DROP_VALUE},
    {"--serialize-diagnostics", ARG_DROP_VALUE},
    {"-Xassembler", ARG_DROP_VALUE},
    {"-Xlinker", ARG_DROP_VALUE},
    {"-Xpreprocessor", ARG_DROP_VALUE},
    {"-Xclang", ARG_DROP_VALUE},
};

static bool
rule_fits(const ArgRule *rule, const char *arg)
{
    switch (rule->kind) {
    case ARG_DROP:
    case ARG_DROP_VALUE:
    case ARG_KEEP:
        return text_equal(arg, rule->text);
    case ARG_DROP_ALL:
    case ARG_KEEP_ALL:
    case ARG_KEEP_VALUE:
        return text_starts(arg, rule->text);
    }
    return false;
}

static const ArgRule *
find_rule(const char *arg)
{
    for (size_t i = 0; i < COUNT_OF(arg_rules); i++) {
        if (rule_fits(&arg_rules[i], arg)) {
            return &arg_rules[i];
        }
    }
    return NULL;
}

/* True for a macro that only means something to an optimising compiler. */
static bool
is_fortify(const char *macro)
{
    return text_starts(macro, "_FORTIFY_SOURCE");
}

/* True for a language of source text; what is compiled already is never read. */
static bool
is_language(const char *language)
{
    static const char *const starts[] = {"c", "objective-c", "none", "hip"};

    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (text_starts(language, starts[i])) {
            return true;
        }
    }
    return false;
}

/* True for a value that is left out, and the option "-x" or "-D" before it with it. */
static bool
is_dropped(const char *option, const char *value)
{
    return is_fortify(value) || (text_equal(option, "-x") && !is_language(value));
}

/* True for an option that makes a compiler load code or run programs. */
static bool
is_unsafe(const char *arg)
{
    static const char *const starts[] = {"-fplugin", "-fpass-plugin", "-load", "-plugin",
                                         "-add-plugin", "-wrapper", "-specs", "--specs",
                                         "-mllvm"};

    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (text_starts(arg, starts[i])) {
            return true;
        }
    }
    return false;
}

/* The first such option, also one that is meant for the compiler behind the driver; NULL when
 * there is none. */
static Str
find_unsafe(const Words *args)
{
    for (uint32_t i = 0; i < args->n; i++) {
        if (is_unsafe(args->at[i])) {
            return args->at[i];
        }
    }
    return NULL;
}

/* True for "-Xclang -include -Xclang FILE" at 'i', which is how CMake includes the header beside
 * one that it has compiled. */
static bool
is_passed_include(const Words *args, uint32_t i)
{
    return i + 3 < args->n && text_equal(args->at[i], "-Xclang") &&
           text_equal(args->at[i + 1], "-include") && text_equal(args->at[i + 2], "-Xclang");
}

/* Handles args[i]; returns how many words it used. */
static uint32_t
clean_one(Arena *arena, const Words *args, uint32_t i, Words *kept)
{
    const char *arg = args->at[i];
    const ArgRule *rule = arg[0] == '-' ? find_rule(arg) : NULL;
    bool separate = rule != NULL && text_equal(arg, rule->text) && i + 1 < args->n;

    if (is_passed_include(args, i)) {
        VEC_PUSH(arena, kept, args->at[i + 1]);
        VEC_PUSH(arena, kept, args->at[i + 3]);
        return 4;
    }
    if (rule == NULL) {
        if (arg[0] == '@') { /* a response file that could not be read */
            VEC_PUSH(arena, kept, arg);
        }
        return 1;
    }
    if (rule->kind == ARG_DROP_VALUE) {
        return 2;
    }
    if (rule->kind == ARG_KEEP_VALUE && separate) {
        if (!is_dropped(arg, args->at[i + 1])) {
            VEC_PUSH(arena, kept, arg);
            VEC_PUSH(arena, kept, args->at[i + 1]);
        }
        return 2;
    }
    if (rule->kind == ARG_KEEP || rule->kind == ARG_KEEP_ALL ||
        (rule->kind == ARG_KEEP_VALUE && !text_equal(arg, rule->text) &&
         !is_dropped(rule->text, arg + strlen(rule->text)))) {
        VEC_PUSH(arena, kept, arg);
    }
    return 1;
}

void
job_clean_args(Arena *arena, Strings *strings, Job *job)
{
    Words args = {0}, kept = {0};

    expand_words(arena, strings, job->directory, job->args, job->nargs, RESPONSE_DEPTH,
                 &args);
    job->unsafe = find_unsafe(&args);
    for (uint32_t i = 0; i < args.n;) {
        i += clean_one(arena, &args, i, &kept);
    }
    job->args = kept.at;
    job->nargs = kept.n;
}

Job
job_for_file(Arena *arena, Strings *strings, const char *file, const char *const *flags,
             int nflags)
{
    Job job = {
        .file = str_intern(strings, path_absolute(arena, NULL, file)),
        .directory = str_intern(strings, path_absolute(arena, NULL, ".")),
        .args = ARENA_ARRAY(arena, Str, nflags > 0 ? nflags : 1),
        .nargs = nflags > 0 ? (uint32_t)nflags : 0,
    };

    for (uint32_t i = 0; i < job.nargs; i++) {
        job.args[i] = str_intern(strings, flags[i]);
    }
    job_clean_args(arena, strings, &job);
    return job;
}

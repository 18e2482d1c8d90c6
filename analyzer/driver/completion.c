/* completion.c: the tables of the command line -> completion scripts for shells.
 *
 * What a command's argument or an option's value may be is read from the words that --help
 * shows for it ("FILE", "DIR", "bash|zsh|fish"); value_words knows the exceptions.
 */
#include "driver/completion.h"

#include <ctype.h>
#include <string.h>

/* ---- what may stand where -------------------------------------------------------------- */

/* True when 'text' holds 'word' as a word of its own (as FILE in "FORMAT=FILE"). */
static bool
has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        bool starts = at == text || !isalnum((unsigned char)at[-1]);

        if (starts && !isalnum((unsigned char)at[length])) {
            return true;
        }
    }
    return false;
}

/* True for a word that is typed as it stands, not a placeholder or an option. */
static bool
is_literal(const char *word)
{
    return islower((unsigned char)word[0]) && strpbrk(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ=") == NULL;
}

/* The literal words of a help text such as "check [-- FLAGS] | NAME...". */
static const char *const *
literal_words(Arena *arena, const char *usage)
{
    const char *separators = " |[]";
    VEC(const char *) words = {0};

    for (const char *at = usage + strspn(usage, separators); *at != '\0';
         at += strspn(at, separators)) {
        size_t length = strcspn(at, separators);
        const char *word = arena_strndup(arena, at, length);

        if (is_literal(word)) {
            VEC_PUSH(arena, &words, word);
        }
        at += length;
    }
    VEC_PUSH(arena, &words, NULL);
    return words.at;
}

static const char *const *
reach_words(Arena *arena)
{
    VEC(const char *) words = {0};

    for (int i = 0; i < REACH_COUNT; i++) {
        VEC_PUSH(arena, &words, reach_word((Reach)i));
    }
    VEC_PUSH(arena, &words, REACH_ALL);
    VEC_PUSH(arena, &words, NULL);
    return words.at;
}

static const char *const *
confidence_words(Arena *arena)
{
    VEC(const char *) words = {0};

    for (int i = 0; i < CONFIDENCE_COUNT; i++) {
        VEC_PUSH(arena, &words, confidence_text((Confidence)i));
    }
    VEC_PUSH(arena, &words, NULL);
    return words.at;
}

/* The words that an option takes as its value; none where it takes anything. */
static const char *const *
value_words(Arena *arena, const OptionHelp *option)
{
    switch (option->id) {
    case OPT_FORMAT:
        return option->help != NULL ? literal_words(arena, "text json") : format_names(arena);
    case OPT_RULE:
    case OPT_EXCLUDE_RULE:
        return rule_names(arena);
    case OPT_REACH:
        return reach_words(arena);
    case OPT_CONFIDENCE:
        return confidence_words(arena);
    case OPT_PROFILE:
        return literal_words(arena, "default strict crash-only free-threading");
    case OPT_FAIL_ON:
        return literal_words(arena, "error warning note never");
    case OPT_COLOR:
        return literal_words(arena, "auto always never");
    default:
        return literal_words(arena, option->arg);
    }
}

Choice
value_choice(Arena *arena, const OptionHelp *option)
{
    Choice choice = {.words = value_words(arena, option)};

    choice.files = has_word(option->arg, "FILE");
    choice.folders = has_word(option->arg, "DIR");
    return choice;
}

/* 'usage' without options and their values: "[-p DIR] check" -> "check". */
static const char *
without_options(Arena *arena, const char *usage)
{
    StrBuf out;
    bool value = false; /* the word before was an option */

    strbuf_init(&out, arena);
    for (const char *at = usage + strspn(usage, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        bool option = at[strspn(at, "[")] == '-';

        if (!option && !value) {
            strbuf_printf(&out, "%.*s ", (int)length, at);
        }
        value = option && at[length - 1] != ']';
        at += length;
    }
    return out.text;
}

Choice
argument_choice(Arena *arena, const CommandHelp *command)
{
    const char *usage = without_options(arena, command->usage);
    Choice choice = {.words = literal_words(arena, usage)};

    if (has_word(usage, "RULE")) {
        choice.words = rule_names(arena);
    }
    choice.files = has_word(usage, "FILE") || has_word(usage, "PATH");
    return choice;
}

/* ---- the command ---------------------------------------------------------------------------------- */

int
command_completion(Arena *arena, const Options *options)
{
    static const char *const shells[] = {"bash", "zsh", "fish", NULL};
    static void (*const writers[])(Arena *arena, StrBuf *out) = {
        write_bash, write_zsh, write_fish,
    };
    const char *shell = options->npaths > 0 ? options->paths[0] : "";
    StrBuf out;
    Error error;

    strbuf_init(&out, arena);
    for (size_t i = 0; options->npaths == 1 && shells[i] != NULL; i++) {
        if (text_equal(shell, shells[i])) {
            writers[i](arena, &out);
            fputs(out.text, stdout);
            return EXIT_CLEAN;
        }
    }
    error_set(&error, ERROR_USAGE, "completion needs one shell: bash, zsh or fish%s",
              name_hint(arena, shell, shells));
    return say_error(&error);
}

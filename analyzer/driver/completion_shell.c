/* completion_shell.c: what may be completed -> scripts for bash, zsh and fish. */
#include "driver/completion.h"

#include <string.h>

/* ---- text for shells ----------------------------------------------------------------------- */

static void
put_words(StrBuf *out, const char *const *words)
{
    for (const char *const *word = words; *word != NULL; word++) {
        strbuf_printf(out, "%s%s", word == words ? "" : " ", *word);
    }
}

/* A sentence for a list of candidates, with a backslash before each of 'special'; it is
 * one line and goes between single quotes, so it has none itself. */
static const char *
sentence(Arena *arena, const char *text, const char *special)
{
    const char *at = report_clean(arena, text);
    StrBuf out;

    strbuf_init(&out, arena);
    for (; *at != '\0'; at++) {
        if (strchr(special, *at) != NULL) {
            strbuf_putc(&out, '\\');
        }
        if (*at == '\'') {
            strbuf_puts(&out, "\xE2\x80\x99");
        }
        else {
            strbuf_putc(&out, *at);
        }
    }
    return out.text;
}

static const char *
option_sentence(Arena *arena, const OptionHelp *option, const char *special)
{
    return sentence(arena, option->help != NULL ? option->help : "how the report is written",
                    special);
}

static bool
has_letter(const OptionHelp *option)
{
    return option->id < 256;
}

/* ---- bash ------------------------------------------------------------------------------------- */

/* Sets the variables that the end of the function works with. */
static void
bash_choice(StrBuf *out, Choice choice)
{
    strbuf_puts(out, "words='");
    put_words(out, choice.words);
    strbuf_printf(out, "' kind='%s' ;;\n",
                  choice.files ? "file" : choice.folders ? "directory" : "");
}

static void
bash_values(Arena *arena, StrBuf *out, const CommandHelp *command)
{
    for (const OptionHelp *option = option_help; option->name != NULL; option++) {
        if (!(option->commands & command->bit) || option->arg == NULL) {
            continue;
        }
        strbuf_puts(out, "        ");
        if (has_letter(option)) {
            strbuf_printf(out, "%s:-%c | ", command->name, option->id);
        }
        strbuf_printf(out, "%s:--%s) ", command->name, option->name);
        bash_choice(out, value_choice(arena, option));
    }
}

static void
bash_arguments(Arena *arena, StrBuf *out, const CommandHelp *command)
{
    strbuf_printf(out, "        %s:*) options='", command->name);
    put_words(out, option_names(arena, command->bit));
    strbuf_puts(out, "' ");
    bash_choice(out, argument_choice(arena, command));
}

void
write_bash(Arena *arena, StrBuf *out)
{
    strbuf_puts(out,
        "# bash completion for strayref, written by: strayref completion bash\n"
        "_strayref()\n"
        "{\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    local options='' words='' kind=''\n"
        "\n"
        "    if [[ $current == '=' ]]; then\n"
        "        current=''\n"
        "    elif [[ $previous == '=' ]]; then\n"
        "        previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
        "    fi\n"
        "    if ((COMP_CWORD == 1)); then\n"
        "        options='--help --version' words='");
    put_words(out, command_names(arena));
    strbuf_puts(out,
        "'\n"
        "    elif [[ \" ${COMP_WORDS[*]:2:COMP_CWORD - 2} \" == *' -- '* ]]; then\n"
        "        kind='file'\n"
        "    else\n"
        "        case ${COMP_WORDS[1]}:$previous in\n");
    for (const CommandHelp *command = command_help; command->name != NULL; command++) {
        bash_values(arena, out, command);
        bash_arguments(arena, out, command);
    }
    strbuf_puts(out,
        "        esac\n"
        "    fi\n"
        "    [[ $current == -* ]] && words=$options kind=''\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
        "    if [[ -n $kind ]]; then\n"
        "        mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < "
        "<(compgen -A \"$kind\" -- \"$current\")\n"
        "        compopt -o filenames 2>/dev/null\n"
        "    fi\n"
        "}\n"
        "complete -F _strayref strayref\n");
}

/* ---- zsh -------------------------------------------------------------------------------------- */

#define ZSH_SPECIAL "[]:\\"

/* ":what:action" at the end of a specification. */
static void
zsh_choice(StrBuf *out, const char *what, Choice choice)
{
    if (choice.words[0] != NULL && choice.files) {
        strbuf_printf(out, ":%s:{ _alternative \"word:%s:(", what, what);
        put_words(out, choice.words);
        strbuf_puts(out, ")\" \"file:file:_files\" }");
        return;
    }
    strbuf_printf(out, ":%s:", what);
    if (choice.words[0] != NULL) {
        strbuf_putc(out, '(');
        put_words(out, choice.words);
        strbuf_putc(out, ')');
    }
    else if (choice.files) {
        strbuf_puts(out, "_files");
    }
    else if (choice.folders) {
        strbuf_puts(out, "_files -/");
    }
}

static void
zsh_option(Arena *arena, StrBuf *out, const OptionHelp *option)
{
    strbuf_puts(out, "            '*'");
    if (has_letter(option)) {
        strbuf_printf(out, "{-%c%s,--%s%s}", option->id,
                      option->arg != NULL ? "+" : "", option->name,
                      option->arg != NULL ? "=" : "");
    }
    else {
        strbuf_printf(out, "--%s%s", option->name, option->arg != NULL ? "=" : "");
    }
    strbuf_printf(out, "'[%s]", option_sentence(arena, option, ZSH_SPECIAL));
    if (option->arg != NULL) {
        zsh_choice(out, sentence(arena, option->arg, ZSH_SPECIAL),
                   value_choice(arena, option));
    }
    strbuf_puts(out, "' \\\n");
}

static void
zsh_command(Arena *arena, StrBuf *out, const CommandHelp *command)
{
    strbuf_printf(out, "    %s)\n        _arguments -s \\\n", command->name);
    for (const OptionHelp *option = option_help; option->name != NULL; option++) {
        if (option->commands & command->bit) {
            zsh_option(arena, out, option);
        }
    }
    strbuf_puts(out, "            '*");
    zsh_choice(out, "argument", argument_choice(arena, command));
    strbuf_puts(out, "' ;;\n");
}

void
write_zsh(Arena *arena, StrBuf *out)
{
    strbuf_puts(out,
        "#compdef strayref\n"
        "# zsh completion for strayref, written by: strayref completion zsh\n"
        "_strayref()\n"
        "{\n"
        "    local -a commands=(\n");
    for (const CommandHelp *command = command_help; command->name != NULL; command++) {
        strbuf_printf(out, "        '%s:%s'\n", command->name,
                      sentence(arena, command->summary, "\\"));
    }
    strbuf_puts(out,
        "    )\n"
        "    if ((CURRENT == 2)); then\n"
        "        _describe command commands\n"
        "        compadd -- --help --version\n"
        "        return\n"
        "    fi\n"
        "    shift words\n"
        "    ((CURRENT--))\n"
        "    if ((${words[(Ie)--]} && ${words[(Ie)--]} < CURRENT)); then\n"
        "        _files\n"
        "        return\n"
        "    fi\n"
        "    case $words[1] in\n");
    for (const CommandHelp *command = command_help; command->name != NULL; command++) {
        zsh_command(arena, out, command);
    }
    strbuf_puts(out,
        "    esac\n"
        "}\n"
        "if [[ $funcstack[1] == _strayref ]]; then\n"
        "    _strayref \"$@\"\n"
        "else\n"
        "    compdef _strayref strayref\n"
        "fi\n");
}

/* ---- fish ------------------------------------------------------------------------------------- */

#define FISH_SPECIAL "\\"

/* The end of a line: what may be completed, and what else. */
static void
fish_choice(StrBuf *out, Choice choice)
{
    if (choice.words[0] != NULL) {
        strbuf_puts(out, " -a '");
        put_words(out, choice.words);
        strbuf_putc(out, '\'');
    }
    if (choice.folders) {
        strbuf_puts(out, " -a '(__fish_complete_directories (commandline -ct))'");
    }
    strbuf_puts(out, choice.files ? " -F" : "");
}

static void
fish_command(Arena *arena, StrBuf *out, const CommandHelp *command)
{
    Choice arguments = argument_choice(arena, command);

    strbuf_printf(out, "complete -c strayref -n '__strayref_command' -a %s -d '%s'\n",
                  command->name, sentence(arena, command->summary, FISH_SPECIAL));
    if (arguments.words[0] != NULL || arguments.files) {
        strbuf_printf(out, "complete -c strayref -n '__strayref_command %s'", command->name);
        fish_choice(out, arguments);
        strbuf_putc(out, '\n');
    }
    for (const OptionHelp *option = option_help; option->name != NULL; option++) {
        if (!(option->commands & command->bit)) {
            continue;
        }
        strbuf_printf(out, "complete -c strayref -n '__strayref_command %s' -l %s",
                      command->name, option->name);
        if (has_letter(option)) {
            strbuf_printf(out, " -s %c", option->id);
        }
        strbuf_printf(out, " -d '%s'", option_sentence(arena, option, FISH_SPECIAL));
        if (option->arg != NULL) {
            strbuf_puts(out, " -r");
            fish_choice(out, value_choice(arena, option));
        }
        strbuf_putc(out, '\n');
    }
}

void
write_fish(Arena *arena, StrBuf *out)
{
    strbuf_puts(out,
        "# fish completion for strayref, written by: strayref completion fish\n"
        "\n"
        "# The command typed so far is one of these; without arguments: there is none yet.\n"
        "function __strayref_command\n"
        "    set -l words (commandline -opc)\n"
        "    if test (count $argv) -eq 0\n"
        "        test (count $words) -eq 1\n"
        "    else\n"
        "        test (count $words) -gt 1; and contains -- $words[2] $argv\n"
        "    end\n"
        "end\n"
        "\n"
        "complete -c strayref -f\n"
        "complete -c strayref -n '__strayref_command' -l help -d 'show the list of commands'\n"
        "complete -c strayref -n '__strayref_command' -l version -d 'show the version'\n");
    for (const CommandHelp *command = command_help; command->name != NULL; command++) {
        fish_command(arena, out, command);
    }
}

/* nodes.c: builds the nodes of a CommonMark document, and its prose.
 *
 * Text is only ever put into nodes: escaping is cmark's.  In prose, quoted names and
 * words that only C spells like that become code.
 */
#include "reports/nodes.h"
#include "reports/report.h"

#include <string.h>

/* ---- blocks ------------------------------------------------------------------------ */

cmark_node *
node_add(cmark_node *parent, cmark_node_type type)
{
    cmark_node *node = cmark_node_new(type);
    int added = cmark_node_append_child(parent, node);
    assert(added);
    (void)added;
    return node;
}

cmark_node *
node_heading(cmark_node *parent, int level)
{
    cmark_node *heading = node_add(parent, CMARK_NODE_HEADING);
    cmark_node_set_heading_level(heading, level);
    return heading;
}

void
node_title(cmark_node *parent, int level, const char *text)
{
    node_text(node_heading(parent, level), text);
}

cmark_node *
node_paragraph(cmark_node *parent)
{
    return node_add(parent, CMARK_NODE_PARAGRAPH);
}

cmark_node *
node_list(cmark_node *parent, cmark_list_type type)
{
    cmark_node *list = node_add(parent, CMARK_NODE_LIST);
    cmark_node_set_list_type(list, type);
    cmark_node_set_list_tight(list, 1);
    if (type == CMARK_ORDERED_LIST) {
        cmark_node_set_list_start(list, 1);
        cmark_node_set_list_delim(list, CMARK_PERIOD_DELIM);
    }
    return list;
}

cmark_node *
node_item(cmark_node *list)
{
    return node_paragraph(node_add(list, CMARK_NODE_ITEM));
}

void
node_code_block(cmark_node *parent, const char *language, const char *code)
{
    cmark_node *block = node_add(parent, CMARK_NODE_CODE_BLOCK);
    cmark_node_set_fence_info(block, language);
    cmark_node_set_literal(block, code);
}

cmark_node *
node_element(cmark_node *parent, const char *open, const char *close)
{
    cmark_node *element = node_add(parent, CMARK_NODE_CUSTOM_BLOCK);
    cmark_node_set_on_enter(element, open);
    cmark_node_set_on_exit(element, close);
    return element;
}

cmark_node *
node_span(cmark_node *parent, const char *open, const char *close)
{
    cmark_node *span = node_add(parent, CMARK_NODE_CUSTOM_INLINE);
    cmark_node_set_on_enter(span, open);
    cmark_node_set_on_exit(span, close);
    return span;
}

/* ---- inlines ------------------------------------------------------------------------- */

void
node_text(cmark_node *parent, const char *text)
{
    cmark_node_set_literal(node_add(parent, CMARK_NODE_TEXT), text);
}

void
node_code(cmark_node *parent, const char *code)
{
    cmark_node_set_literal(node_add(parent, CMARK_NODE_CODE), code);
}

void
node_strong(cmark_node *parent, const char *text)
{
    node_text(node_add(parent, CMARK_NODE_STRONG), text);
}

void
node_link(cmark_node *parent, const char *url, const char *text)
{
    cmark_node *link = node_add(parent, CMARK_NODE_LINK);
    cmark_node_set_url(link, url);
    node_text(link, text);
}

void
node_link_code(cmark_node *parent, const char *url, const char *code)
{
    cmark_node *link = node_add(parent, CMARK_NODE_LINK);
    cmark_node_set_url(link, url);
    node_code(link, code);
}

/* ---- prose: sentences with code in them -------------------------------------------- */

static bool
is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of the quoted name 's' begins with, quotes included, or 0. */
static size_t
quoted_length(const char *s)
{
    if (s[0] != '\'' || s[1] == ' ') {
        return 0;
    }
    for (const char *end = strchr(s + 1, '\''); end != NULL; end = strchr(end + 1, '\'')) {
        if (end > s + 1 && end[-1] != ' ' && !is_word(end[1])) {
            return (size_t)(end + 1 - s);
        }
    }
    return 0;
}

/* Bytes of the arguments at 's', "(l, 0)" with its parentheses, or 0. */
static size_t
arguments_length(const char *s)
{
    int depth = 0;
    for (size_t n = 0; s[n] != '\0'; n++) {
        depth += (s[n] == '(') - (s[n] == ')');
        if (depth == 0) {
            return s[n] == ')' ? n + 1 : 0;
        }
    }
    return 0;
}

/* Bytes at 's' that go on with a word of which 'n' bytes are read: "->" or "." before
 * a name, or the arguments of a call. */
static size_t
operator_length(const char *s, size_t n)
{
    if (n == 0) {
        return 0;
    }
    if (s[0] == '-' && s[1] == '>' && is_word(s[2])) {
        return 2;
    }
    return s[0] == '.' && is_word(s[1]) ? 1 : arguments_length(s);
}

/* The length of the word 's' begins with; *is_code when only C is spelled like that:
 * Py_None, self->list, pair(), Py_DECREF(l). */
static size_t
word_length(const char *s, bool *is_code)
{
    size_t n = 0;
    *is_code = false;
    for (;;) {
        size_t more = is_word(s[n]) ? 1 : operator_length(s + n, n);
        if (more == 0) {
            return n;
        }
        *is_code |= more > 1 || s[n] == '_';
        n += more;
    }
}

static void
add_part(Arena *arena, cmark_node *parent, cmark_node_type type, const char *text, size_t length)
{
    if (length > 0) {
        cmark_node_set_literal(node_add(parent, type), arena_strndup(arena, text, length));
    }
}

void
node_prose(Arena *arena, cmark_node *parent, const char *text)
{
    const char *start = report_clean(arena, text);
    const char *plain = start; /* text that is not added yet */
    const char *s = start;
    while (*s != '\0') {
        bool is_code = false;
        size_t quoted = s > start && is_word(s[-1]) ? 0 : quoted_length(s);
        size_t length = quoted > 0 ? quoted : word_length(s, &is_code);
        if (s[0] == '.' && is_word(s[1]) && (s == start || s[-1] == ' ')) { /* .tp_repr */
            length = 1 + word_length(s + 1, &is_code);
            is_code = true;
        }
        bool apart = s > plain || s == start; /* code can't stand right beside code */
        if (apart && (quoted > 0 || is_code)) {
            size_t quote = quoted > 0 ? 1 : 0;
            add_part(arena, parent, CMARK_NODE_TEXT, plain, (size_t)(s - plain));
            add_part(arena, parent, CMARK_NODE_CODE, s + quote, length - 2 * quote);
            plain = s + length;
        }
        s += length > 0 ? length : 1;
    }
    add_part(arena, parent, CMARK_NODE_TEXT, plain, (size_t)(s - plain));
}

void
node_sentence(Arena *arena, cmark_node *parent, const char *text)
{
    const char *sentence = report_capital(arena, text);
    size_t length = strlen(sentence);
    node_prose(arena, parent, sentence);
    if (length == 0 || strchr(".!?;:", sentence[length - 1]) == NULL) {
        node_text(parent, ".");
    }
}

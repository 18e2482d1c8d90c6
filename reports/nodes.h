/* nodes.h: the parts of a CommonMark document (private to reports).
 *
 * All take the node to append to and copy their text; the tree belongs to its root.
 */
#ifndef STRAYREF_NODES_H
#define STRAYREF_NODES_H

#include "base/base.h"

#include <cmark.h>

/* Appends an empty node. */
cmark_node *node_add(cmark_node *parent, cmark_node_type type);

/* Blocks: an empty heading, a heading with text, an empty paragraph, an empty tight
 * list, and the paragraph of a new item in a list. */
cmark_node *node_heading(cmark_node *parent, int level);
void node_title(cmark_node *parent, int level, const char *text);
cmark_node *node_paragraph(cmark_node *parent);
cmark_node *node_list(cmark_node *parent, cmark_list_type type);
cmark_node *node_item(cmark_node *list);
void node_code_block(cmark_node *parent, const char *language, const char *code);

/* An element of HTML around blocks, or around inlines: 'open' and 'close' come out as they are,
 * so only pages may have them, and what is in them must be escaped. */
cmark_node *node_element(cmark_node *parent, const char *open, const char *close);
cmark_node *node_span(cmark_node *parent, const char *open, const char *close);

/* Inline text as it is; it must be clean (report_clean). */
void node_text(cmark_node *parent, const char *text);
void node_code(cmark_node *parent, const char *code);
void node_strong(cmark_node *parent, const char *text);
void node_link(cmark_node *parent, const char *url, const char *text);
/* A link whose text is code. */
void node_link_code(cmark_node *parent, const char *url, const char *code);

/* Words from elsewhere, cleaned here; 'quoted' names and words such as Py_None,
 * self->list and pair() become code.  A sentence begins with a capital letter and
 * ends with a full stop. */
void node_prose(Arena *arena, cmark_node *parent, const char *text);
void node_sentence(Arena *arena, cmark_node *parent, const char *text);

#endif

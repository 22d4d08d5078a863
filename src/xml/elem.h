/* A parsed element: an immutable tree in one piece of memory, valid as long as its owner says.
 * Namespaces are resolved; prefixes are gone. Any thread. */
#ifndef XML_ELEM_H
#define XML_ELEM_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct xml_attr {
	const char *ns; /* "" for the usual attribute without a prefix */
	const char *name;
	const char *value;
};

struct xml_elem {
	const char *ns;   /* "" for none */
	const char *name; /* NULL: this node is text */
	const char *text; /* all character data directly inside, joined; never NULL */
	const struct xml_attr *attrs;
	size_t attr_count;
	const struct xml_elem *first; /* first child node, text nodes included */
	const struct xml_elem *next;  /* next sibling node */
};

bool xml_elem_is(const struct xml_elem *e, const char *ns, const char *name);

/* NULL if absent. */
const char *xml_elem_attr(const struct xml_elem *e, const char *name);
const char *xml_elem_attr_ns(const struct xml_elem *e, const char *ns, const char *name);

/* The first child element with this name; ns or name NULL: any. NULL if absent. */
const struct xml_elem *xml_elem_child(const struct xml_elem *e, const char *ns, const char *name);

/* The next element (not text) from node on, node included; NULL at the end. */
const struct xml_elem *xml_elem_skip_text(const struct xml_elem *node);

/* NOLINTBEGIN(bugprone-macro-parentheses): the macro declares the name it is given */
#define XML_FOREACH(child, e) \
	for (const struct xml_elem *child = xml_elem_skip_text((e)->first); child; \
	     child = xml_elem_skip_text(child->next))
/* NOLINTEND(bugprone-macro-parentheses) */

#endif

#include "xml/elem.h"

#include <string.h>

bool
xml_elem_is(const struct xml_elem *e, const char *ns, const char *name)
{
	return e->name && strcmp(e->name, name) == 0 && strcmp(e->ns, ns) == 0;
}

const char *
xml_elem_attr_ns(const struct xml_elem *e, const char *ns, const char *name)
{
	for (size_t i = 0; i < e->attr_count; i++) {
		const struct xml_attr *a = &e->attrs[i];
		if (strcmp(a->name, name) == 0 && strcmp(a->ns, ns) == 0)
			return a->value;
	}
	return NULL;
}

const char *
xml_elem_attr(const struct xml_elem *e, const char *name)
{
	return xml_elem_attr_ns(e, "", name);
}

const struct xml_elem *
xml_elem_skip_text(const struct xml_elem *node)
{
	while (node && !node->name)
		node = node->next;
	return node;
}

const struct xml_elem *
xml_elem_child(const struct xml_elem *e, const char *ns, const char *name)
{
	XML_FOREACH (child, e) {
		if ((!ns || strcmp(child->ns, ns) == 0) &&
		    (!name || strcmp(child->name, name) == 0))
			return child;
	}
	return NULL;
}

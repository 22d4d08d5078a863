/* Two readers of one document, to be compared (threat N15): ours and libxml2, which shares
 * nothing with expat. What they found is text, the same for the same tree. */
#ifndef TESTS_XML_LIBXML2_H
#define TESTS_XML_LIBXML2_H

#include "base/buf.h"
#include "base/limits.h"
#include "xml/elem.h"
#include "xml/reader.h"

#include <libxml/parser.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline void
dump_text(struct buf *b, char mark, const char *s)
{
	buf_char(b, mark);
	buf_add(b, s ? s : "", s ? strlen(s) + 1 : 1);
}

/* ---- ours ---- */

struct ours {
	struct buf tree;
	size_t stanzas; /* where they begin in it, behind the root's start tag */
	bool ended;
};

static inline void
dump_start(struct buf *b, const struct xml_elem *e)
{
	dump_text(b, '<', e->name);
	dump_text(b, 'n', e->ns);
	for (size_t i = 0; i < e->attr_count; i++) {
		dump_text(b, 'a', e->attrs[i].name);
		dump_text(b, 'n', e->attrs[i].ns);
		dump_text(b, 'v', e->attrs[i].value);
	}
}

static inline void
dump_elem(struct buf *b, const struct xml_elem *e)
{
	if (!e->name) {
		dump_text(b, 't', e->text);
		return;
	}
	dump_start(b, e);
	for (const struct xml_elem *n = e->first; n; n = n->next)
		dump_elem(b, n);
	buf_char(b, '>');
}

static inline int
ours_open(void *ctx, const struct xml_elem *root)
{
	struct ours *o = ctx;
	dump_start(&o->tree, root);
	o->stanzas = o->tree.len;
	return 0;
}

static inline int
ours_element(void *ctx, const struct xml_elem *e)
{
	dump_elem(&((struct ours *)ctx)->tree, e);
	return 0;
}

static inline int
ours_end(void *ctx)
{
	struct ours *o = ctx;
	buf_char(&o->tree, '>');
	o->ended = true;
	return 0;
}

/* Reads up to the root's end. True if there is one and nothing was wrong; *used is how much of
 * the data is the document. */
static inline bool
ours_read(struct ours *o, const char *data, size_t len, size_t *used)
{
	static const struct xml_reader_listener l = {ours_open, ours_element, ours_end};
	struct xml_reader *r;
	int err = 0;
	*o = (struct ours){.tree = BUF_INIT(SIZE_MAX / 4)};
	if (xml_reader_create(&l, o, &r))
		abort();
	xml_reader_set_limit(r, LIMIT_STANZA);
	/* cut wherever a root may end, so that its end is known */
	for (*used = 0; *used < len && !err && !o->ended;) {
		const char *end = memchr(data + *used, '>', len - *used);
		size_t n = end ? (size_t)(end - data) + 1 - *used : len - *used;
		err = xml_reader_feed(r, data + *used, n);
		*used += n;
	}
	xml_reader_destroy(r);
	return !err && o->ended;
}

/* ---- libxml2's ---- */

static inline const char *
plain(const xmlChar *s)
{
	return (const char *)s;
}

static inline void
dump_attributes(struct buf *b, const xmlNode *node)
{
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		xmlChar *value = xmlNodeListGetString(node->doc, a->children, 1);
		dump_text(b, 'a', plain(a->name));
		dump_text(b, 'n', a->ns ? plain(a->ns->href) : "");
		dump_text(b, 'v', plain(value));
		xmlFree(value);
	}
}

static inline void
dump_node(struct buf *b, const xmlNode *node, unsigned depth)
{
	dump_text(b, '<', plain(node->name));
	dump_text(b, 'n', node->ns ? plain(node->ns->href) : "");
	dump_attributes(b, node);
	bool in_text = false;
	for (const xmlNode *n = node->children; n; n = n->next) {
		if (n->type == XML_ELEMENT_NODE) {
			if (in_text)
				buf_char(b, '\0');
			in_text = false;
			dump_node(b, n, depth + 1);
		} else if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE) {
			/* between stanzas there is only white space, which is nobody's */
			if (depth == 0 || !n->content[0])
				continue;
			if (!in_text)
				buf_char(b, 't');
			in_text = true;
			buf_str(b, plain(n->content));
		} else {
			dump_text(b, '?', plain(n->name)); /* nothing else may be in a stream */
		}
	}
	if (in_text)
		buf_char(b, '\0');
	buf_char(b, '>');
}

/* Whether a namespace's name is a URI is no matter of being well-formed. */
static inline void
note_error(void *ctx, xmlError *e)
{
	bool *good = ctx;
	*good &= e->level < XML_ERR_ERROR || e->code == XML_WAR_NS_URI ||
		 e->code == XML_WAR_NS_URI_RELATIVE;
}

/* True if it is well-formed, with namespaces. */
static inline bool
libxml2_read(struct buf *tree, const char *data, size_t len)
{
	*tree = BUF_INIT(SIZE_MAX / 4);
	xmlParserCtxt *ctxt = xmlNewParserCtxt();
	if (!ctxt)
		abort();
	bool good = true;
	xmlSetStructuredErrorFunc(&good, note_error);
	xmlDoc *doc = xmlCtxtReadMemory(
	    ctxt, data, (int)len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_HUGE);
	xmlSetStructuredErrorFunc(NULL, NULL);
	good &= doc && ctxt->wellFormed;
	if (good)
		dump_node(tree, xmlDocGetRootElement(doc), 0);
	if (doc && doc->intSubset)
		dump_text(tree, '!', "DTD");
	xmlFreeDoc(doc);
	xmlFreeParserCtxt(ctxt);
	return good;
}

/* What we accept libxml2 accepts, and finds the same in it. */
static inline bool
both_agree(const char *data, size_t len, bool *accepted)
{
	struct ours o;
	struct buf tree = BUF_INIT(SIZE_MAX / 4);
	size_t used;
	*accepted = ours_read(&o, data, len, &used);
	bool agree = !*accepted || (libxml2_read(&tree, data, used) && o.tree.len == tree.len &&
				       memcmp(o.tree.data, tree.data, tree.len) == 0);
	buf_finish(&o.tree);
	buf_finish(&tree);
	return agree;
}

#endif
